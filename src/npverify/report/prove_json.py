"""The answers of `prove` as JSON (`npverify/1`)."""

from __future__ import annotations

from npverify.analyses.results import AssertionResult, Counterexample, ProveResult, Status
from npverify.analyses.world import World
from npverify.report import json_values as j
from npverify.report.assumed import MESH_MARK, assumptions, mend, mesh_may_restrict, only_if
from npverify.report.reproduce import reproduce


def prove_json(result: ProveResult, world: World, *, timings: bool = False) -> j.Json:
    """The whole report; times only with `timings`, so that equal runs give equal bytes."""
    summary: j.Json = {str(status): result.count(status) for status in Status}
    summary |= {
        "policies": len(world.defined),
        "workloads": len({e.workload or e for e in world.inventory.pods}),
        "profile": world.policies.profile,
        "settings": dict(world.policies.settings),
        "interrupted": result.interrupted,
    }
    if timings:
        summary["seconds"] = round(sum(r.seconds for r in result.results), 3)
    return {
        "schema": j.SCHEMA,
        "assertions": [_assertion(r, world, timings) for r in result.results],
        "summary": summary,
        "assumed": list(assumptions(result, world)),
        **_baseline(result),
    }


def _baseline(result: ProveResult) -> j.Json:
    """What the baseline accepts and has in vain; nothing where there is none."""
    if result.stale is None:
        return {}
    unused: list[j.Json] = [
        {"title": one.title, "status": one.was, "source": str(one.span), "because": one.now} for one in result.stale
    ]
    return {"baseline": {"accepted": sum(bool(r.accepted) for r in result.results), "unused": unused}}


def _assertion(answer: AssertionResult, world: World, timings: bool) -> j.Json:
    assertion = answer.assertion
    out: j.Json = {
        "title": assertion.title,
        "text": assertion.text,
        "source": str(assertion.span),
        "kind": assertion.kind,
        "severity": assertion.severity,
        "tags": list(assertion.tags),
        "status": str(answer.status),
    }
    if answer.accepted:
        out["accepted"] = answer.accepted
    if answer.because:
        out["because"] = answer.because
    if mesh_may_restrict(answer, world):
        out["mark"] = MESH_MARK
    if answer.counterexample is not None:
        out["counterexample"] = counterexample_json(answer.counterexample, world)
    if answer.witness is not None:
        out["witness"] = counterexample_json(answer.witness, world)
    if answer.refuting_pairs:
        out["refuting_pairs"] = answer.refuting_pairs
    out["depends_on"] = [j.policy(id_) for id_ in answer.depends_on]
    if timings:
        out["seconds"] = round(answer.seconds, 3)
    return out


def counterexample_json(found: Counterexample, world: World) -> j.Json:
    """A flow with both verdicts, what it needs, and how to see it happen."""
    return {
        "flow": j.flow(found.flow, found.any),
        "egress": j.side(found.verdict.egress, world.policies),
        "ingress": j.side(found.verdict.ingress, world.policies),
        "assumes": [
            {"name": a.name, "value": a.value, "phrase": only_if(a), "fix": mend(a, world)} for a in found.reading
        ],
        "reproduce": reproduce(found.flow),
    }
