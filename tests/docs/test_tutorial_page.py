"""docs/tutorial.md, followed literally: files are saved as it says, and each command prints what stands below it."""

from __future__ import annotations

from pathlib import Path

import pytest
from doc_pages import DOCS, Terminal, held, renewed


def test_the_tutorial_works_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """From an empty folder, step by step."""
    monkeypatch.chdir(tmp_path)
    page, terminal = DOCS / "tutorial.md", Terminal(capfd)
    held(page, renewed(page.read_text(encoding="utf-8"), terminal, {}))
    assert terminal.codes == [
        ("eval", 0),
        ("prove", 1),
        ("prove", 0),
        ("lint", 0),
        ("prove", 1),
        ("diff", 1),
        ("prove", 0),
        ("explain", 0),
        ("prove", 0),
    ]
