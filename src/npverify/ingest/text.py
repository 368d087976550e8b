"""The decoded content of one input file, with positions."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from dataclasses import dataclass

from npverify.ingest.source import Problems, Span

_BLANK = re.compile(r"[ \t\n\r]*")
_BLANK_BYTES = re.compile(_BLANK.pattern.encode())
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
        offset = min(offset, self._length())
        block = offset // _BLOCK
        line = self._before[block] + self._breaks(block * _BLOCK, offset) + 1
        return Span(self.name, line, offset - self._begin(offset) + 1)

    def excerpt(self, line: int) -> str:
        """The text of a line (counted from 1) without its line break; "" where it is missing or too long to be shown."""
        begin = self._line(line)
        if begin is None:
            return ""
        shown = self.part(begin, begin + _LONGEST_EXCERPT + 1)
        end = shown.find("\n", 0, _LONGEST_EXCERPT)
        if end < 0 and len(shown) > _LONGEST_EXCERPT:
            return ""
        return shown[: end if end >= 0 else len(shown)].rstrip("\r\n")

    def part(self, start: int, end: int) -> str:
        """The characters between two offsets."""
        return self.content[start:end]

    def blank_end(self, offset: int) -> int:
        """Where the white space that may stand at `offset` ends."""
        found = _BLANK.match(self.content, offset)
        return found.end() if found else offset

    def _length(self) -> int:
        return len(self.content)

    def _breaks(self, start: int, end: int) -> int:
        return self.content.count("\n", start, end)

    def _last_break(self, start: int, end: int) -> int:
        return self.content.rfind("\n", start, end)

    def _next_break(self, start: int) -> int:
        return self.content.find("\n", start)

    def _begin(self, offset: int) -> int:
        """Where the line of `offset` begins."""
        block = offset // _BLOCK
        found = self._last_break(block * _BLOCK, offset)
        return found + 1 if found >= 0 else self._begins[block]

    def _line(self, line: int) -> int | None:
        """Where a line begins; None if there is no such line."""
        if line <= 1:
            return 0 if line == 1 else None
        self._index()
        block = bisect_left(self._before, line - 1) - 1  # that with the line break that ends the line before
        at = block * _BLOCK
        for _ in range(line - 1 - self._before[block]):
            at = self._next_break(at) + 1
            if not at:
                return None
        return at

    def _index(self) -> None:
        if self._before:
            return
        count = begin = 0
        for start in range(0, self._length() + 1, _BLOCK):
            self._before.append(count)
            self._begins.append(begin)
            count += self._breaks(start, start + _BLOCK)
            last = self._last_break(start, start + _BLOCK)
            begin = last + 1 if last >= 0 else begin


class AsciiText(Text):
    """A file that holds nothing but ASCII, as its bytes. Guards its content, which takes as much again and is made when
    somebody asks for it."""

    __slots__ = ("_content", "_data")

    def __init__(self, name: str, data: bytes) -> None:
        self._data = data
        self._content: str | None = None
        super().__init__(name, "")

    @property
    def content(self) -> str:
        """The whole text."""
        if self._content is None:
            self._content = self._data.decode("ascii")
        return self._content

    @content.setter
    def content(self, _: str) -> None:
        """The bytes have it."""

    def part(self, start: int, end: int) -> str:
        """The characters between two offsets."""
        return self._data[start:end].decode("ascii")

    def blank_end(self, offset: int) -> int:
        """Where the white space that may stand at `offset` ends."""
        found = _BLANK_BYTES.match(self._data, offset)
        return found.end() if found else offset

    def _length(self) -> int:
        return len(self._data)

    def _breaks(self, start: int, end: int) -> int:
        return self._data.count(b"\n", start, end)

    def _last_break(self, start: int, end: int) -> int:
        return self._data.rfind(b"\n", start, end)

    def _next_break(self, start: int) -> int:
        return self._data.find(b"\n", start)


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
