"""docs/errors.md has a row for each code of this package, and no row for a code that is gone."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_lists_every_code() -> None:
    """The codes NPV050 to NPV089 in the source are those of the page."""
    source = "".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / "src/npverify/dialects").glob("*.py")))
    page = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
    pattern = r"NPV0[5-8]\d"
    assert set(re.findall(pattern, source)) == set(re.findall(rf"^\| ({pattern}) \|", page, re.M))
