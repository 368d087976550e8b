"""The answers of many clusters as one report: what needs attention of each, then a table; or the JSON of each by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from npverify.ingest.source import Diagnostic
from npverify.report import json_values as j
from npverify.report.diagnostics import render_all
from npverify.report.paint import PLAIN, Paint, count, printable

Word = Literal["ok", "failed", "bad input", "undecided", "internal error", "interrupted"]

_STYLE: Mapping[Word, str] = {
    "ok": "green",
    "failed": "red",
    "bad input": "bold red",
    "undecided": "yellow",
    "internal error": "bold red",
    "interrupted": "yellow",
}
_COLUMNS = {
    "prove": ("proved", "refuted", "vacuous", "undecided", "policies", "workloads"),
    "lint": ("error", "warning", "info", "policies", "workloads"),
}
_SAID: Mapping[str, Mapping[Word, str]] = {
    "prove": {"ok": "proved", "failed": "refuted"},
    "lint": {"ok": "clean", "failed": "findings"},
}


@dataclass(frozen=True, slots=True)
class ClusterReport:
    """What is reported of one cluster: the `report` and `text` of the command for one cluster, or the `errors`."""

    name: str
    word: Word
    report: j.Json
    text: str = ""
    errors: Sequence[Diagnostic] = ()


Command = Literal["prove", "lint"]


def fleet_json(command: Command, clusters: Sequence[ClusterReport]) -> j.Json:
    """The reports as they are for one cluster each, by name."""
    return {
        "schema": j.SCHEMA,
        "clusters": {
            c.name: c.report or {"schema": j.SCHEMA, "errors": [_error(error) for error in c.errors]} for c in clusters
        },
        "summary": {
            "clusters": len(clusters),
            **{_said(command, word).replace(" ", "_"): sum(c.word == word for c in clusters) for word in _STYLE},
        },
    }


def _error(error: Diagnostic) -> j.Json:
    return {
        "code": error.code,
        "message": error.message,
        "source": str(error.span) if error.span else None,
        "fix": error.fix,
    }


def render_fleet(
    command: Command,
    clusters: Sequence[ClusterReport],
    paint: Paint = PLAIN,
    *,
    verbose: bool = False,
    quiet: bool = False,
) -> str:
    """What needs attention (with `verbose` everything) of each cluster, then a row for each (with `quiet`: that is not well)."""
    return "".join(f"{line}\n" for line in _report(command, clusters, paint, verbose=verbose, quiet=quiet))


def _report(
    command: Command, clusters: Sequence[ClusterReport], paint: Paint, *, verbose: bool, quiet: bool
) -> Iterator[str]:
    for cluster in clusters:
        if verbose or cluster.word != "ok":
            yield paint("bold", f"cluster {printable(cluster.name)}")
            yield from (cluster.text or render_all(cluster.errors, paint)).splitlines()
            yield ""
    yield from _table(command, [c for c in clusters if not (quiet and c.word == "ok")], paint)
    yield _summary(command, clusters, paint)


def _table(command: Command, clusters: Sequence[ClusterReport], paint: Paint) -> Iterator[str]:
    columns = _COLUMNS[command]
    rows = [("cluster", "answer", *columns)]
    for cluster in clusters:
        counted = cluster.report.get("summary", {})
        numbers = (f"{counted[column]:,}" if column in counted else "-" for column in columns)
        rows.append((printable(cluster.name), _said(command, cluster.word), *numbers))
    if not clusters:
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for style, row in zip(("bold", *(_STYLE[cluster.word] for cluster in clusters)), rows, strict=True):
        name, answer = (f"{text:<{width}}" for text, width in zip(row[:2], widths[:2], strict=True))
        numbers = (f"{text:>{width}}" for text, width in zip(row[2:], widths[2:], strict=True))
        yield "  ".join((name, paint(style, answer), *numbers))
    yield ""


def _summary(command: Command, clusters: Sequence[ClusterReport], paint: Paint) -> str:
    """`3 clusters: 1 proved · 1 refuted · 1 bad input`."""
    numbers = {word: sum(c.word == word for c in clusters) for word in _STYLE}
    parts = [paint(_STYLE[word], f"{number:,} {_said(command, word)}") for word, number in numbers.items() if number]
    return f"{count(len(clusters), 'cluster')}: {' · '.join(parts)}"


def _said(command: Command, word: Word) -> str:
    return _SAID[command].get(word, word)
