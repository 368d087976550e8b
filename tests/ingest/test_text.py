"""Offsets become lines and columns, and lines become excerpts, as counting line breaks by hand has it."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from npverify.ingest import text
from npverify.ingest.source import Span
from npverify.ingest.text import Text

texts = st.lists(st.sampled_from(["\n", "\r\n", "a", "é", "", "x" * 30])).map("".join)


@given(texts, st.integers(1, 9), st.integers(0, 60))
def test_a_position_is_what_counting_line_breaks_gives(content: str, block: int, offset: int) -> None:
    """The index by blocks changes nothing, whatever the size of a block; behind the end is the end."""
    before = content[:offset].split("\n")
    with patch.object(text, "_BLOCK", block):
        assert Text("f", content).span(offset) == Span("f", len(before), len(before[-1]) + 1)


@given(texts, st.integers(1, 9), st.integers(-1, 20))
def test_an_excerpt_is_the_line(content: str, block: int, line: int) -> None:
    """The line without its line break; nothing where it is missing, or longer than is shown."""
    lines = dict(enumerate(content.split("\n"), 1))
    shown = lines.get(line, "").rstrip("\r")
    with patch.object(text, "_BLOCK", block), patch.object(text, "_LONGEST_EXCERPT", 20):
        length = len(lines.get(line, "")) + (line < len(lines))  # with its line break
        assert Text("f", content).excerpt(line) == (shown if length <= 20 else "")
