"""A report as workflow commands of GitHub Actions, which show as annotations at the lines of a pull request.

The form is `::error file=…,line=…,col=…,title=…::message` (GitHub documentation, Workflow commands); GitHub shows ten errors
and ten warnings of a step, so what matters most comes first.
"""

from __future__ import annotations

from npverify.report.items import Item, Report, State
from npverify.report.places import Root

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
_RANK = {"error": 0, "warning": 1, "notice": 2}


def github(report: Report, root: Root) -> str:
    """One line for each item that somebody has to look at, and one for the headline."""
    lines = [(_command(item), _line(item, root)) for item in report.of(State.FAILED, State.OPEN)]
    lines.sort(key=lambda line: _RANK[line[0]])
    told = "".join(f"{line}\n" for _, line in lines)
    return f"{told}{_data(report.headline)}\n"


def _command(item: Item) -> str:
    return _COMMANDS[item.level]


def _line(item: Item, root: Root) -> str:
    properties = {}
    path = root.path(item.span.file) if item.span is not None else None
    if item.span is not None and path is not None:
        properties["file"] = path
        if item.span.line:
            properties |= {"line": str(item.span.line), "col": str(item.span.column)}
    properties["title"] = f"npverify: {item.title}"
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_command(item)} {told}::{_data(item.detail or item.message)}"


def _data(text: str) -> str:
    """A message as the runner reads it back (actions/toolkit packages/core/src/command.ts, escapeData)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
