"""`--write-baseline` and `--baseline` of `lint` and `prove`: what was there before somebody began to look, so that only news fails."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from npverify.analyses.lint.findings import Finding, LintResult, Silenced
from npverify.analyses.results import AssertionResult, ProveResult, Stale, Status
from npverify.analyses.world import World
from npverify.ingest.source import InputError, Problems, Span
from npverify.report.items import Item, State, fingerprints
from npverify.report.json_values import dumps
from npverify.report.lint_items import lint_items
from npverify.report.paint import count

SCHEMA = "npverify-baseline/1"
ACCEPTABLE = (Status.REFUTED, Status.UNDECIDED)
"""What a baseline accepts of assertions; one about nothing is mended, or accepted with `--allow-vacuous`."""

_COMMANDS = {"findings": "lint", "assertions": "prove"}
_FIX = "write it with `npverify {} … --write-baseline FILE`"


def baseline_text(result: LintResult, world: World) -> str:
    """The findings that stand, each with its fingerprint; the rest is for who reads the file."""
    found = [
        {"fingerprint": mark, "rule": finding.rule.code, "object": str(finding.policy), "message": finding.message}
        for finding, mark in _marked(result, world)
    ]
    found.sort(key=lambda one: (one["rule"], one["object"], one["message"], one["fingerprint"]))
    return dumps({"schema": SCHEMA, "findings": found})


class Baseline(NamedTuple):
    """A file that was read, and its entries, each with a `fingerprint`."""

    file: str
    entries: Sequence[Mapping[str, str]]


def read_baseline(
    file: str | None,
    write: str | None,
    key: Literal["findings", "assertions"],
    problems: Problems,
    *,
    part: bool = False,
) -> Baseline | None:
    """The baseline of `lint` (`findings`) or `prove` (`assertions`), before anything is asked; None where none is given, or after a
    report. `part`: not everything is asked, so nothing that is written would be whole."""
    if write is not None and file is not None:
        problems.error("NPV675", "`--baseline` and `--write-baseline` exclude each other", fix="drop one of them")
    elif write is not None and part:
        message = "`--write-baseline` would lose what `--only` leaves out"
        problems.error("NPV675", message, fix="drop `--only`")
    elif file is not None:
        try:
            return Baseline(file, _read(file, key))
        except InputError as error:
            problems.extend(error.diagnostics)
    return None


def without_known(result: LintResult, world: World, baseline: Baseline, problems: Problems) -> LintResult:
    """The result in which what the baseline has is accepted; a warning tells how much of it is gone."""
    file = baseline.file
    known = {one["fingerprint"] for one in baseline.entries}
    kept: list[Finding] = []
    silenced: list[Silenced] = []
    for finding, mark in _marked(result, world):
        if mark in known:
            silenced.append(Silenced(finding, None, "it was there before", "baseline", Span(file)))
        else:
            kept.append(finding)
    if gone := len(known) - len(silenced):
        problems.warn(
            "NPV337",
            f"{count(gone, 'finding')} of the baseline {'is' if gone == 1 else 'are'} not there any more",
            Span(file),
            "write it again with --write-baseline, so that they cannot come back unseen",
        )
    return replace(result, findings=tuple(kept), silenced=(*result.silenced, *silenced))


def _marked(result: LintResult, world: World) -> list[tuple[Finding, str]]:
    alone = replace(result, silenced=(), undecided=())
    return list(zip(result.findings, fingerprints(lint_items(alone, world).items), strict=True))


def proof_baseline_text(result: ProveResult) -> str:
    """The assertions that are refuted or undecided, each with its fingerprint; the rest is for who reads the file."""
    found = [
        {
            "fingerprint": mark,
            "status": str(answer.status),
            "title": answer.assertion.title,
            "text": answer.assertion.text,
        }
        for answer, mark in _marked_answers(result)
        if answer.status in ACCEPTABLE
    ]
    return dumps({"schema": SCHEMA, "assertions": found})


def without_known_answers(result: ProveResult, baseline: Baseline, *, all_asked: bool) -> ProveResult:
    """The result in which what the baseline has is accepted, and what it has in vain is told. An assertion that is in it and was
    not asked is only told where all were asked."""
    file, known = baseline
    at = Span(file)
    marked = _marked_answers(result)
    marks = {one["fingerprint"] for one in known}
    used = {mark for _, mark in marked if mark in marks}
    answers = tuple(replace(answer, accepted=file) if mark in used else answer for answer, mark in marked)
    now = {(answer.assertion.title, answer.assertion.text): answer.status for answer in answers}
    stale = []
    for one in known if not result.interrupted else ():
        name = (one.get("title"), one.get("text"))
        if one["fingerprint"] not in used and (all_asked or name in now):
            said = f"it is {now[name]}" if name in now else "there is no such assertion any more"
            stale.append(Stale(str(name[0]), str(one.get("status")), said, at))
    return replace(result, results=answers, stale=tuple(stale))


def _marked_answers(result: ProveResult) -> list[tuple[AssertionResult, str]]:
    """Each answer with a fingerprint of its assertion and its status: a refutation of what was undecided is news."""
    items = [
        Item(str(answer.status), State.OPEN, "error", "", "", (answer.assertion.title, answer.assertion.text))
        for answer in result.results
    ]
    return list(zip(result.results, fingerprints(items), strict=True))


def _read(file: str, key: Literal["findings", "assertions"]) -> list[dict[str, str]]:
    """The entries of a baseline of `lint` (`findings`) or `prove` (`assertions`), each with a fingerprint."""
    fix = _FIX.format(_COMMANDS[key])
    try:
        value: Any = json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError.one("NPV336", f"cannot read the baseline `{file}`: {why}", Span(file), fix) from None
    except ValueError as error:
        raise InputError.one("NPV336", f"the baseline is no JSON: {error}", Span(file), fix) from None
    ours = isinstance(value, dict) and value.get("schema") == SCHEMA
    other = next((each for each in _COMMANDS if each != key and ours and isinstance(value.get(each), list)), None)
    found = value.get(key) if ours else None
    if other is not None and found is None:
        raise InputError.one("NPV336", f"this is a baseline of `npverify {_COMMANDS[other]}`", Span(file), fix)
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and isinstance(one.get("fingerprint"), str) for one in found
    ):
        raise InputError.one("NPV336", f"this is no baseline (`{SCHEMA}`)", Span(file), fix)
    return found
