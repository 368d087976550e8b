"""`lint --write-baseline` and `--baseline`: findings that were there before somebody began to look, so that only new ones fail."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from npverify.analyses.lint.findings import Finding, LintResult, Silenced
from npverify.analyses.world import World
from npverify.ingest.source import InputError, Problems, Span
from npverify.report.items import fingerprints
from npverify.report.json_values import dumps
from npverify.report.lint_items import lint_items
from npverify.report.paint import count

SCHEMA = "npverify-baseline/1"
_FIX = "write it with `npverify lint … --write-baseline FILE`"


def baseline_text(result: LintResult, world: World) -> str:
    """The findings that stand, each with its fingerprint; the rest is for who reads the file."""
    found = [
        {"fingerprint": mark, "rule": finding.rule.code, "object": str(finding.policy), "message": finding.message}
        for finding, mark in _marked(result, world)
    ]
    found.sort(key=lambda one: (one["rule"], one["object"], one["message"], one["fingerprint"]))
    return dumps({"schema": SCHEMA, "findings": found})


def without_known(result: LintResult, world: World, file: str, problems: Problems) -> LintResult:
    """The result in which what the baseline has is accepted; a warning tells how much of it is gone."""
    known = _read(file)
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


def _read(file: str) -> frozenset[str]:
    try:
        value: Any = json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError.one("NPV336", f"cannot read the baseline `{file}`: {why}", Span(file), _FIX) from None
    except ValueError as error:
        raise InputError.one("NPV336", f"the baseline is no JSON: {error}", Span(file), _FIX) from None
    found = value.get("findings") if isinstance(value, dict) and value.get("schema") == SCHEMA else None
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and isinstance(one.get("fingerprint"), str) for one in found
    ):
        raise InputError.one("NPV336", f"this is no baseline (`{SCHEMA}`)", Span(file), _FIX)
    return frozenset(one["fingerprint"] for one in found)
