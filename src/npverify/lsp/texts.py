"""Lines, columns and words of a text that is being edited.

A `Span` counts characters from 1; the protocol counts from 0, in UTF-16 code units unless editor and server agree on another
encoding, which `server` leaves to pygls. Here everything counts characters.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import NamedTuple

from npverify.ingest.source import Span

_WORD = re.compile(r'"[^"\n]*"?|[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_.-]*)*')
_TOKEN = re.compile(r'"[^"]*"|[^\s,(){}\[\]#]+')
_END = re.compile(r"[ \t\r]*(?:[ \t]#.*)?$")


class Extent(NamedTuple):
    """A part of one line: the line, and the characters from `start` up to but not including `end`, all from 0."""

    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text and where it stands."""

    text: str
    at: Extent


def plain(file: str) -> str:
    """The name of a file without detours, so that names can be compared: `./a.npv` is `a.npv`."""
    return os.path.normpath(file).replace(os.sep, "/")


def lines_of(text: str) -> list[str]:
    """The lines of a text without their ends; at least one."""
    return text.split("\n") or [""]


def word_at(text: str, line: int, character: int) -> Word | None:
    """The word under the cursor, or right before it: a name with its namespace, or a text in quotes."""
    lines = lines_of(text)
    if line >= len(lines):
        return None
    for found in _WORD.finditer(lines[line]):
        if found.start() <= character <= found.end():
            return Word(found[0], Extent(line, found.start(), found.end()))
    return None


def begun(text: str, line: int, character: int) -> Word:
    """The part of a word that stands before the cursor; "" if none does."""
    before = (lines_of(text) + [""] * (line + 1))[line][:character]
    start = max((found.start() for found in _WORD.finditer(before) if found.end() == len(before)), default=len(before))
    return Word(before[start:], Extent(line, start, len(before)))


def extent_of(span: Span, text: str, *, whole_line: bool = False) -> Extent:
    """What a position points at: the word there, or everything from there to the end of the line."""
    lines = lines_of(text)
    line = min(max(span.line - 1, 0), len(lines) - 1)
    content = lines[line].rstrip("\r")
    start = min(max(span.column - 1, 0), len(content))
    end = len(content)
    if whole_line or not span.column:
        found = _END.search(content)
        end = found.start() if found and found.start() > start else end
    elif token := _TOKEN.match(content, start):
        end = token.end()
    if end <= start:  # nothing stands there any more: show the character before it
        start, end = max(start - 1, 0), max(end, min(start + 1, len(content)))
    return Extent(line, start, end)
