"""A few lines of the user's file at a rule, beside the verdict that the rule gave."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from npverify.ingest.source import Span
from npverify.report.paint import PLAIN, Paint, printable

Lines = Callable[[str], Sequence[str]]
"""Gives the lines of an input file by its name in a `Span`; nothing where it cannot be read again."""

_MOST_LINES = 4
_WIDTH = 100
_LONG = 1000


def no_lines(file: str) -> Sequence[str]:
    """A `Lines` that knows no file."""
    return ()


def rule_excerpt(span: Span | None, lines: Lines, paint: Paint = PLAIN) -> list[str]:
    """The lines from `span` to the end of the block that begins there, at most four, numbered; common indent removed."""
    if span is None or not span.line:
        return []
    text = lines(span.file)[span.line - 1 : span.line - 1 + _MOST_LINES]
    if not text:
        return []
    block = [text[0], *_inside(text[1:], span.column - 1)]
    while block and not block[-1].strip():
        block.pop()
    margin = min((_indent(line) for line in block if line.strip()), default=0)
    width = len(str(span.line + len(block) - 1))
    return [
        f"{paint('blue', f'{span.line + n:>{width}} |')} {_short(line[margin:], 0 if n else span.column - 1)}".rstrip()
        for n, line in enumerate(block)
    ]


def _inside(lines: Sequence[str], column: int) -> list[str]:
    """The leading lines that are indented at least to `column`: those of the YAML block that begins there."""
    kept = []
    for line in lines:
        if line.strip() and _indent(line) < column:
            break
        kept.append(line)
    return kept


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _short(line: str, at: int = 0) -> str:
    """A line, of a very long one the part from `at`: a whole cluster may stand in one line of JSON."""
    shown = line.rstrip("\r\n")
    start = at if len(shown) > _LONG else 0
    end = start + _WIDTH
    cut = len(shown) > end
    return ("… " if start else "") + printable(shown[start : end - 1 if cut else end]) + ("…" if cut else "")
