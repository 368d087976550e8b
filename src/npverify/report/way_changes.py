"""Ways in from outside that were opened, closed or changed, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npverify.analyses.way_changes import WayChange
from npverify.normal.flow import FRONTS
from npverify.report import json_values as j
from npverify.report.markdown import code, text
from npverify.report.paint import PLAIN, Paint, printable

SIGNS = {"opened": "+", "closed": "-", "changed": "~"}
_STYLES = {"opened": "green", "closed": "red", "changed": "yellow"}
_MOST = 4  # workloads that a line names


def way_text(change: WayChange) -> str:
    """`NodePort 30080 of Service shop/web, to shop/web:8080 (TCP)`."""
    number = f" {', '.join(map(str, change.numbers))}" if change.number else ""
    port = "ports" if change.more else "port"
    if change.way in FRONTS:
        through = f"a Gateway{f', {port}{number},' if number else ''} by " if change.way == "Gateway" else ""
        name = f"{through}{change.owner}, through Service {change.service}"
    else:
        name = f"{change.way}{number} of {change.owner}"
    more = f" and {len(change.to) - _MOST} more" if len(change.to) > _MOST else ""
    to = f"{', '.join(change.to[:_MOST])}{more}" if change.to else "no pod"
    what = f"; {', '.join(change.what)}" if change.what else ""
    return f"{name}, to {to} ({change.protocol}){what}"


def ways_lines(ways: Sequence[WayChange], paint: Paint = PLAIN) -> Iterator[str]:
    """A heading, and a line for each; nothing where there are none."""
    if ways:
        yield paint("bold", "Ways in from outside:")
    for change in ways:
        sign = paint(f"bold {_STYLES[change.status]}", SIGNS[change.status])
        where = paint("dim", printable(f"  {change.span}")) if change.span is not None else ""
        yield f"  {sign} {printable(way_text(change))}{where}"


def ways_markdown(ways: Sequence[WayChange]) -> Iterator[str]:
    """The same as a list."""
    if ways:
        yield "Ways in from outside:"
        yield ""
    for change in ways:
        where = f" {code(str(change.span))}" if change.span is not None else ""
        yield f"- {change.status}: {text(way_text(change))}{where}"
    if ways:
        yield ""


def ways_json(ways: Sequence[WayChange]) -> list[j.Json]:
    """Each as a map."""
    return [
        {
            "status": change.status,
            "way": change.way,
            "of": change.owner,
            "service": change.service or None,
            "protocol": change.protocol,
            "port": change.number or None,
            "ports": list(change.numbers),
            "to": list(change.to),
            "what": list(change.what),
            "source": str(change.span) if change.span is not None else None,
        }
        for change in ways
    ]
