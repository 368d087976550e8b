"""What `watch` tells of a change: the files and objects, the verdicts that are other ones now, and one line of summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from npverify.analyses.results import AssertionResult, ProveResult, Status
from npverify.analyses.world import World
from npverify.ingest.source import Diagnostic
from npverify.report import json_values as j
from npverify.report.counterexample_text import Scene
from npverify.report.paint import STATUS_SIGN, STATUS_STYLE, printable
from npverify.report.prove_json import prove_json
from npverify.report.prove_text import View, in_full, summary_line

_SHOWN = 5


class News(NamedTuple):
    """An answer that is another one than before; `was` is None where the assertion is new."""

    was: Status | None
    answer: AssertionResult


def news(before: ProveResult, after: ProveResult) -> list[News]:
    """The assertions whose status is another one, in order. An assertion is known by its file, title and text."""
    old = {_key(answer): answer.status for answer in before.results}
    found = (News(old.get(_key(answer)), answer) for answer in after.results)
    return [each for each in found if each.was is not each.answer.status]


def _key(answer: AssertionResult) -> tuple[str, str, str]:
    return (answer.assertion.span.file, answer.assertion.title, answer.assertion.text)


def render_change(
    head: str,
    files: Sequence[str],
    objects: Sequence[str],
    changed: Sequence[News],
    after: ProveResult,
    world: World,
    view: View,
) -> str:
    """The text for one change; `head` says when. Ends with a line break."""
    return "".join(f"{line}\n" for line in _lines(head, files, objects, changed, after, world, view))


def _lines(
    head: str,
    files: Sequence[str],
    objects: Sequence[str],
    changed: Sequence[News],
    after: ProveResult,
    world: World,
    view: View,
) -> Iterator[str]:
    scene = Scene(world, view.lines, view.paint)
    what = (_listed(files) or "as it was") + (f" ({_listed(objects)})" if objects else "")
    yield f"{view.paint('bold', head)}  {printable(what)}"
    for was, answer in changed:
        status = answer.status
        sign = view.paint(STATUS_STYLE[status], f"{STATUS_SIGN[status]} {status:<9}")
        where = view.paint("dim", printable(str(answer.assertion.span)))
        yield f"{sign}  {printable(answer.assertion.title)}  ({'new' if was is None else f'was {was}'})  {where}"
    for _, answer in changed:
        if answer.status is not Status.PROVED:
            yield ""
            yield from in_full(answer, scene, interrupted=after.interrupted)
    if changed:
        yield ""
    yield ("no verdict changed · " if not changed else "") + summary_line(after, world, view.paint)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def change_json(
    files: Sequence[str], objects: Sequence[str], changed: Sequence[News], after: ProveResult, world: World
) -> j.Json:
    """One line of `--format json`: the report of `prove`, with what changed."""
    verdicts = [
        {
            "title": n.answer.assertion.title,
            "source": str(n.answer.assertion.span),
            "was": n.was and str(n.was),
            "status": str(n.answer.status),
        }
        for n in changed
    ]
    event = {"event": "change", "files": list(files), "objects": list(objects), "changed": verdicts}
    return {**event, **prove_json(after, world)}


def problems_json(problems: Sequence[Diagnostic]) -> j.Json:
    """One line of `--format json` for a state that cannot be used."""
    found = [
        {"code": p.code, "message": p.message, "source": str(p.span) if p.span else None, "fix": p.fix}
        for p in problems
    ]
    return {"event": "error", "schema": j.SCHEMA, "errors": found}
