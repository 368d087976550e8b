"""The line that tells how far a long run is."""

from __future__ import annotations

import io

import pytest

from npverify.cli import progress
from npverify.cli.progress import Progress


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "after", "wanted", "shown"),
    [
        pytest.param(Terminal(), -1.0, True, True, id="a terminal, after a while"),
        pytest.param(Terminal(), 60.0, True, False, id="a terminal, at once: nothing"),
        pytest.param(io.StringIO(), -1.0, True, False, id="a log: nothing"),
        pytest.param(Terminal(), -1.0, False, False, id="not wanted: nothing"),
    ],
)
def test_when_progress_is_shown(monkeypatch, stream, after, wanted, shown):
    """Only on a terminal, only after a second; a title is text and no markup."""
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(progress, "AFTER", after)
    monkeypatch.setenv("TERM", "xterm")
    with Progress(wanted=wanted) as line:
        line.step(3, 12, "first")
        line.step(4, 12, "db is [bold]safe")
    assert ("proving 4/12 · db is [bold]safe" in stream.getvalue()) is shown
