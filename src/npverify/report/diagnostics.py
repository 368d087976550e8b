"""Messages about the input, in the form that editors and CI logs understand.

policies/db.yaml:14:12: error[NPV021]: port range ends before it starts: `endPort` 80, `port` 8080
   |
14 |   endPort: 80
   |            ^^
  fix: swap the two values, or drop `endPort` to match one port
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import combining, east_asian_width

from npverify.ingest.source import Diagnostic
from npverify.report.paint import PLAIN, Paint, printable

SHOWN = 50
"""How many messages of one run are shown in full."""

_WIDTH = 120
_WORD = re.compile(r"\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|[^\s,:\[\]{}]+:?|.")


def render_all(found: Sequence[Diagnostic], paint: Paint = PLAIN, *, limit: int = SHOWN) -> str:
    """All messages, the first `limit` in full; ends with a line break unless there are none."""
    parts = [render(d, paint) for d in found[:limit]]
    if len(found) > limit:
        parts.append(f"and {len(found) - limit} more\n")
    return "".join(parts)


def render(diagnostic: Diagnostic, paint: Paint = PLAIN) -> str:
    """One message with its position, the source line with a caret where there is one, and the fix."""
    d = diagnostic
    where = f"{printable(str(d.span)).removesuffix(':')}: " if d.span and d.span.file else ""  # `cluster:` has its own
    style = "bold red" if d.severity == "error" else "bold yellow"
    lines = [f"{paint('bold', where)}{paint(style, f'{d.severity}[{d.code}]')}: {printable(d.message)}"]
    if d.span and d.span.line and d.excerpt.strip():
        lines += gutter(d.span.line, d.span.column, d.excerpt, paint)
    if d.fix:
        lines.append(f"  {paint('cyan', 'fix:')} {printable(d.fix)}")
    return "\n".join(lines) + "\n"


def gutter(number: int, column: int, excerpt: str, paint: Paint = PLAIN) -> list[str]:
    """A source line with its number, and a caret below the word at a column."""
    text, at = _window(excerpt.rstrip("\r\n"), max(column - 1, 0))
    width = max(len(str(number)), 2)
    bar = paint("blue", f"{'':>{width}} |")
    shown = printable(text)
    lines = [bar, f"{paint('blue', f'{number:>{width}} |')} {shown}"]
    if column and at <= len(text):
        before = "".join(c if c == "\t" else " " * columns(c) for c in printable(text[:at]))
        word = _WORD.match(text, at)
        carets = "^" * (columns(word.group().rstrip(":")) or 1 if word else columns(text[at : at + 1]) or 1)
        lines.append(f"{bar} {before}{paint('red', carets)}")
    else:
        lines.append(bar)
    return lines


def columns(text: str) -> int:
    """How many columns of a terminal a text takes (Unicode Standard Annex 11): Korean letters take two, accents none."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _window(text: str, at: int) -> tuple[str, int]:
    """The part of a long line around `at`, and where `at` is in it."""
    if len(text) <= _WIDTH:
        return text, at
    start = max(0, min(at - _WIDTH // 3, len(text) - _WIDTH))
    part = text[start : start + _WIDTH]
    if start + _WIDTH < len(text):
        part += " …"
    return (f"… {part}", at - start + 2) if start else (part, at)
