"""The decoded content of one input file, with positions."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass

from npverify.ingest.source import Problems, Span

_LONGEST_EXCERPT = 500
_BLOCK = 4096


class Text:
    """One file: `name` as the user gave it, `content` decoded. Guards the index of lines, which is made on first use.

    The index holds two numbers for every block of characters, not one for every line: a list of all pods of a cluster has
    tens of millions of lines, and only few of them are ever named.
    """

    __slots__ = ("_before", "_begins", "content", "name")

    def __init__(self, name: str, content: str) -> None:
        self.name = name
        self.content = content
        self._before: array[int] = array("Q")  # line breaks before each block
        self._begins: array[int] = array("Q")  # where the line begins in which each block begins

    def span(self, offset: int) -> Span:
        """The position of the character at `offset`; an offset behind the end counts as the end."""
        self._index()
        offset = min(offset, len(self.content))
        block = offset // _BLOCK
        line = self._before[block] + self.content.count("\n", block * _BLOCK, offset) + 1
        return Span(self.name, line, offset - self._begin(offset) + 1)

    def excerpt(self, line: int) -> str:
        """The text of a line (counted from 1) without its line break; "" where it is missing or too long to be shown."""
        begin = self._line(line)
        if begin is None:
            return ""
        end = self.content.find("\n", begin, begin + _LONGEST_EXCERPT)
        if end < 0 and len(self.content) - begin > _LONGEST_EXCERPT:
            return ""
        return self.content[begin : end if end >= 0 else len(self.content)].rstrip("\r\n")

    def _begin(self, offset: int) -> int:
        """Where the line of `offset` begins."""
        block = offset // _BLOCK
        found = self.content.rfind("\n", block * _BLOCK, offset)
        return found + 1 if found >= 0 else self._begins[block]

    def _line(self, line: int) -> int | None:
        """Where a line begins; None if there is no such line."""
        if line <= 1:
            return 0 if line == 1 else None
        self._index()
        block = bisect_left(self._before, line - 1) - 1  # that with the line break that ends the line before
        at = block * _BLOCK
        for _ in range(line - 1 - self._before[block]):
            at = self.content.find("\n", at) + 1
            if not at:
                return None
        return at

    def _index(self) -> None:
        if self._before:
            return
        count = begin = 0
        for start in range(0, len(self.content) + 1, _BLOCK):
            self._before.append(count)
            self._begins.append(begin)
            count += self.content.count("\n", start, start + _BLOCK)
            last = self.content.rfind("\n", start, start + _BLOCK)
            begin = last + 1 if last >= 0 else begin


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
