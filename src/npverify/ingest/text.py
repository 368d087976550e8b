"""The decoded content of one input file, with positions."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass

from npverify.ingest.source import Problems, Span

_LONGEST_EXCERPT = 500


class Text:
    """One file: `name` as the user gave it, `content` decoded. Guards the index of lines, which is made on first use."""

    __slots__ = ("_starts", "content", "name")

    def __init__(self, name: str, content: str) -> None:
        self.name = name
        self.content = content
        self._starts: array[int] | None = None

    def span(self, offset: int) -> Span:
        """The position of the character at `offset`; an offset behind the end counts as the end."""
        starts = self._lines()
        offset = min(offset, len(self.content))
        line = bisect_right(starts, offset)
        return Span(self.name, line, offset - starts[line - 1] + 1)

    def excerpt(self, line: int) -> str:
        """The text of a line (counted from 1) without its line break; "" where it is missing or too long to be shown."""
        starts = self._lines()
        if not 1 <= line <= len(starts):
            return ""
        end = starts[line] if line < len(starts) else len(self.content)
        if end - starts[line - 1] > _LONGEST_EXCERPT:
            return ""
        return self.content[starts[line - 1] : end].rstrip("\r\n")

    def _lines(self) -> array[int]:
        if self._starts is None:
            self._starts = array("Q", [0])
            self._starts.extend(match.end() for match in re.finditer("\n", self.content))
        return self._starts


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file that is parsed by itself; offsets are relative to its start."""

    text: Text
    start: int
    end: int
    problems: Problems

    @property
    def content(self) -> str:
        """The characters of the part."""
        return self.text.content[self.start : self.end]

    def span(self, offset: int) -> Span:
        """The position of the character at `offset`."""
        return self.text.span(self.start + offset)

    def error(self, code: str, message: str, offset: int, fix: str) -> None:
        """Report an error at `offset`."""
        span = self.span(offset)
        self.problems.error(code, message, span, fix, self.text.excerpt(span.line))
