"""docs/errors.md has a row for each code of the readers, and no row for a code that is gone."""

from __future__ import annotations

import re
from pathlib import Path

from npverify.dialects.calico.way import Way

ROOT = Path(__file__).parents[3]
CODE = r"NPV2[0-5]\d"
PAGE = (ROOT / "docs/errors.md").read_text(encoding="utf-8")


def test_the_page_lists_every_code() -> None:
    """The codes NPV200 to NPV259 in the source are those of the page."""
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/npverify/dialects/calico").glob("*.py"))
    assert set(re.findall(CODE, source)) == set(re.findall(rf"^\| ({CODE}) \|", PAGE, re.M))


def test_the_page_says_which_messages_are_warnings() -> None:
    """A code that only ever warns is listed as a warning, every other as an error."""
    warnings = {
        "NPV204",
        "NPV209",
        "NPV233",
        "NPV234",
        "NPV235",
        "NPV236",
        "NPV238",
        "NPV247",
        "NPV248",
        "NPV249",
        "NPV254",
        "NPV255",
    }
    assert set(re.findall(rf"^\| ({CODE}) \| warning", PAGE, re.M)) == warnings
    assert not any(Way("raw").absent([code]) for code in warnings)
