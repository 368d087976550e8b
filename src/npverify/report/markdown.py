"""A report as one comment of a pull request: a title, a table of at most 50 rows with the rest folded, and the evidence folded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from npverify.report.items import Item, Report, State
from npverify.report.paint import count, printable
from npverify.report.places import Root

MOST_ROWS = 50
_MOST_DETAILS = 10
_SIGNS = {State.PASSED: "✓", State.FAILED: "✗", State.OPEN: "?"}
_WARNING = "⚠"
_ESCAPED = str.maketrans({c: f"\\{c}" for c in "\\|*_[]`~"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;", "\n": " "})


def markdown(report: Report, root: Root) -> str:
    """The comment; ends with a line break."""
    return "".join(f"{line}\n" for line in _report(report, root))


def _report(report: Report, root: Root) -> Iterator[str]:
    yield f"### npverify {report.command}: {text(report.headline)}"
    yield ""
    listed = report.of(State.FAILED, State.OPEN)
    if listed:
        yield from _table(listed[:MOST_ROWS], root)
        yield ""
    if listed[MOST_ROWS:]:
        yield from folded(count(len(listed) - MOST_ROWS, "more row"), _table(listed[MOST_ROWS:], root))
    for item in [item for item in listed if item.detail][:_MOST_DETAILS]:
        yield from folded(text(item.title), fenced(item.detail.split("\n"), "text"))
    passed = report.of(State.PASSED)
    if passed and report.command != "lint":
        yield from folded(f"{len(passed):,} passed", _table(passed, root))
    silenced = [item for item in report.items if item.silenced]
    if silenced:
        yield from folded(f"{len(silenced):,} silenced", (f"- {text(i.message)}: {text(i.silenced)}" for i in silenced))
    yield from (f"<sub>{text(note)}.</sub><br>" for note in report.notes)


def _table(items: Sequence[Item], root: Root) -> Iterator[str]:
    yield "| | what | where |"
    yield "| --- | --- | --- |"
    for item in items:
        sign = _SIGNS[item.state] if item.level == "error" or item.state is not State.FAILED else _WARNING
        path = root.path(item.span.file) if item.span is not None else None
        line = f":{item.span.line}" if item.span is not None and item.span.line else ""
        where = code(f"{path or item.span.file}{line}") if item.span is not None else ""
        what = text(item.message if item.state is not State.PASSED else item.title)
        yield f"| {sign} | {what} | {where} |"


def folded(head: str, lines: Iterable[str]) -> Iterator[str]:
    """Lines that show when a reader opens them; `head` is Markdown."""
    yield f"<details><summary>{head}</summary>"
    yield ""
    yield from lines
    yield ""
    yield "</details>"
    yield ""


def fenced(lines: Iterable[str], language: str = "") -> Iterator[str]:
    """Text as a block of code, whatever it holds: the fence is longer than every run of ticks in it."""
    some = list(lines)
    longest = max((len(run) for line in some for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}{language}"
    yield from some
    yield fence


def text(value: str) -> str:
    """Text that Markdown shows as it is."""
    return printable(value).translate(_ESCAPED)


def code(value: str) -> str:
    """Text as code; in a table a bar would end the cell even there (GitHub Flavored Markdown, tables)."""
    return f"`{printable(value).replace('`', chr(39)).replace('|', '/')}`"
