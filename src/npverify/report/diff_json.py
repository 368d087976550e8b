"""The answer of `diff` as JSON (`npverify/1`); docs/json.md describes the keys."""

from __future__ import annotations

from collections.abc import Sequence

from npverify.analyses.diff.results import Cause, Change, ChangeClaimResult, ChangeEnds, DiffResult, Promise
from npverify.analyses.equiv_results import Equivalence, EquivResult
from npverify.analyses.results import Status
from npverify.analyses.world import World
from npverify.report import json_values as j
from npverify.report.assumed import only_if
from npverify.report.diff_words import ends_text
from npverify.report.equiv_json import witness_json
from npverify.report.equiv_regions import ends_json, traffic_json
from npverify.report.way_changes import ways_json


def diff_json(result: DiffResult, paths: tuple[Sequence[str], Sequence[str]] = ((), ())) -> j.Json:
    """The whole report; `paths` are what each version was read from."""
    out: j.Json = {
        "schema": j.SCHEMA,
        "changes": [_change(change, result) for change in (*result.changes, *result.one_sided)],
        "conditional": [_change(change, result) for change in result.conditional],
    }
    if result.claims or result.promises:
        out["assertions"] = {
            "on_change": [_claim(answer, result) for answer in result.claims],
            "promises": [_promise(promise) for promise in result.promises],
        }
    if result.undecided:
        out |= {"undecided": True, "because": result.undecided, "interrupted": result.interrupted}
    out["ways"] = ways_json(result.ways)
    out["world"] = "closed"
    out["old"], out["new"] = _version(result.old, paths[0]), _version(result.new, paths[1])
    out["only_old"] = [j.endpoint(end, None) for end in result.only_old]
    out["only_new"] = [j.endpoint(end, None) for end in result.only_new]
    out["summary"] = _summary(result)
    out["notes"] = list(result.notes)
    return out


def _change(change: Change, result: DiffResult) -> j.Json:
    out: j.Json = {
        "src": _ends(change.sources),
        "dst": _ends(change.destinations),
        "added": [traffic_json(one) for one in change.added],
        "removed": [traffic_json(one) for one in change.removed],
        "opening": str(change.opening),
        "connections": change.connections,
        "outside": change.from_outside or change.to_outside,
        "causes": [_cause(cause) for cause in change.causes],
        "depends": list(change.depends),
    }
    if change.only:
        out["only"] = change.only
    if change.one_node:
        out["one_node_in"] = change.one_node
    if change.meeting:
        out["meeting"] = str(change.meeting)
    if change.family:
        out["family"] = change.family
    if change.service is not None:
        namespace, name, port = change.service
        out["service"] = {"namespace": namespace, "name": name, "port": port}
        if change.vips:
            out["service"]["cidrs"] = list(map(str, change.vips))
    if change.reading:
        out["assumes"] = [{"name": a.name, "value": a.value, "phrase": only_if(a)} for a in change.reading]
    out["example"] = _example(change, result)
    return out


def _example(change: Change, result: DiffResult) -> j.Json:
    shown = witness_json(_sides(result), change.sample)
    return {"flow": shown["flow"], "old": shown["left"], "new": shown["right"], "reproduce": shown["reproduce"]}


def _sides(result: DiffResult) -> EquivResult:
    return EquivResult(
        Equivalence.DIFFERENT, result.old, result.new, only_left=result.only_old, only_right=result.only_new
    )


def _ends(ends: ChangeEnds) -> j.Json:
    return {"text": ends_text(ends), "ends": [end for one in ends.ends for end in ends_json(one)]}


def _cause(cause: Cause) -> j.Json:
    return {
        "policy": j.policy(cause.policy) if cause.policy is not None else None,
        "name": cause.name,
        "status": cause.status,
        "source": str(cause.span) if cause.span is not None else None,
        "before": str(cause.before) if cause.before is not None else None,
    }


def _claim(answer: ChangeClaimResult, result: DiffResult) -> j.Json:
    assertion = answer.assertion
    out: j.Json = {
        "title": assertion.title,
        "source": str(assertion.span),
        "status": str(answer.status),
        "severity": assertion.severity,
    }
    if answer.because:
        out["because"] = answer.because
    if answer.counterexample is not None:
        shown = witness_json(_sides(result), answer.counterexample)
        out["counterexample"] = {
            "flow": shown["flow"],
            "old": shown["left"],
            "new": shown["right"],
            "assumes": shown["assumes"],
            "reproduce": shown["reproduce"],
        }
    return out


def _promise(promise: Promise) -> j.Json:
    assertion = promise.after.assertion
    return {
        "title": assertion.title,
        "source": str(assertion.span),
        "severity": assertion.severity,
        "old": str(promise.before.status) if promise.before is not None else None,
        "new": str(promise.after.status),
        "broken": promise.broken,
    }


def _version(world: World, paths: Sequence[str]) -> j.Json:
    return {
        "paths": list(paths),
        "policies": len(world.defined),
        "workloads": len({e.workload or e for e in world.inventory.pods}),
        "profile": world.policies.profile,
        "settings": dict(world.policies.settings),
    }


def _summary(result: DiffResult) -> j.Json:
    count = {"opened": 0, "closed": 0, "changed": 0}
    for change in result.changes:
        count[str(change.opening)] += change.connections
    return {
        **count,
        "one_sided": sum(change.connections for change in result.one_sided),
        "conditional": len(result.conditional),
        "refuted": sum(answer.status is Status.REFUTED for answer in result.claims),
        "broken": sum(promise.broken for promise in result.promises),
    }
