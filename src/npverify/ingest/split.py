"""Cuts a YAML stream into documents before it is parsed, and sees the kind of a document without parsing it.

A line that starts with `---` and a blank ends a document wherever it stands (YAML 1.1, c-forbidden), so the cut is exact.
A `%` at the start of a line may be a directive, which belongs to the next document; such a stream stays whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from npverify.ingest.scalars import plain

_MARKER = re.compile(r"\n(?=---(?:[ \t\r\n]|\Z))")  # several times faster than `^---` with MULTILINE
_ODD_BREAKS = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
_BLANK = re.compile(r"(?:---)?(?:[ \t\r]*(?:#[^\n]*)?(?:\n|\Z))*\Z")
# The head of a block map at column 1: nothing but blank lines and comments before a plain key.
_PLAIN_HEAD = re.compile(r"(?:---)?[ \t\r]*(?:#[^\n]*)?(?:\n[ \t\r]*(?:#[^\n]*)?)*(?:(?<=\n)|\A)(?=[A-Za-z])")
# A line at column 1 that is no plain key, no comment, no list item and no rest of a flow collection:
# it may hold the kind in another spelling, so only the parser can tell.
_UNUSUAL_LINE = re.compile(r"^(?:[^A-Za-z#\s\-}\])]|-(?![ \t\r\n-]))", re.MULTILINE)
_FIELD = tuple(
    re.compile(rf"^{name}[ \t]*:(?:[ \t]+([^\r\n]*?))?[ \t]*\r?$", re.MULTILINE) for name in ("apiVersion", "kind")
)
_SIMPLE = re.compile(r"""(["']?)([A-Za-z][A-Za-z0-9./-]*)\1(?:[ \t]+#.*)?\Z""")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a file, as offsets into its text; one document, or several where the stream could not be cut."""

    start: int
    end: int


def chunks(content: str) -> list[Chunk]:
    """The documents of a YAML stream, without those that are empty or hold only comments."""
    if content.startswith("%") or "\n%" in content:
        return [Chunk(0, len(content))]
    cuts = [0, *(match.end() for match in _MARKER.finditer(content)), len(content)]
    found = [Chunk(a, b) for a, b in pairwise(cuts) if a < b]
    return [chunk for chunk in found if not _BLANK.match(content, chunk.start, chunk.end)]


def header(content: str, chunk: Chunk) -> tuple[str, str] | None:
    """The apiVersion and kind of a document, or None where only the parser can tell."""
    text = content[chunk.start : chunk.end]
    if (
        not _PLAIN_HEAD.match(text)
        or _UNUSUAL_LINE.search(text, 3 if text.startswith("---") else 0)
        or _ODD_BREAKS.search(text)
    ):
        return None
    found = []
    for pattern in _FIELD:
        lines = pattern.findall(text)
        value = _SIMPLE.match(lines[0]) if len(lines) == 1 else None
        if value is None or (not value[1] and not isinstance(plain(value[2]), str)):
            return None
        found.append(value[2])
    return found[0], found[1]
