"""The answer of `equiv` as JSON (`npverify/1`)."""

from __future__ import annotations

from collections.abc import Sequence

from npverify.analyses.equiv_results import Difference, Equivalence, EquivResult
from npverify.analyses.results import Counterexample
from npverify.analyses.world import World
from npverify.report import json_values as j
from npverify.report.assumed import only_if
from npverify.report.equiv_regions import region_json
from npverify.report.equiv_words import mend_either
from npverify.report.reproduce import reproduce
from npverify.report.way_changes import ways_json


def equiv_json(result: EquivResult, paths: tuple[Sequence[str], Sequence[str]] = ((), ())) -> j.Json:
    """The whole report. `equivalent` is true only where it is proved; `paths` are what each side was read from."""
    out: j.Json = {"schema": j.SCHEMA, "equivalent": result.status is Equivalence.EQUIVALENT}
    if result.status is Equivalence.UNDECIDED:
        out |= {"undecided": True, "because": result.because, "interrupted": result.interrupted}
    if result.witness is not None:
        out["witness"] = witness_json(result, result.witness)
        out["pairs"] = result.pairs
    if result.regions is not None:
        out["regions"] = [region_json(region) for region in result.regions]
    out["ways"] = ways_json(result.ways)
    out["world"] = "closed"
    out["left"], out["right"] = _side(result.left, paths[0]), _side(result.right, paths[1])
    out["only_left"] = [j.endpoint(end, None) for end in result.only_left]
    out["only_right"] = [j.endpoint(end, None) for end in result.only_right]
    out["notes"] = list(result.notes)
    return out


def _side(world: World, paths: Sequence[str]) -> j.Json:
    return {
        "paths": list(paths),
        "policies": len(world.defined),
        "workloads": len({e.workload or e for e in world.inventory.pods}),
        "profile": world.policies.profile,
        "settings": dict(world.policies.settings),
    }


def witness_json(result: EquivResult, shown: Difference) -> j.Json:
    """The flow with what both sides say of it."""
    return {
        "flow": j.flow(shown.flow, shown.any),
        "allowed_by": shown.allowed_by,
        "left": _seen(shown.left, result.left),
        "right": _seen(shown.right, result.right),
        "assumes": [
            {"name": a.name, "value": a.value, "phrase": only_if(a), "fix": mend_either(a, result)}
            for a in shown.reading
        ],
        "reproduce": reproduce(shown.flow),
    }


def _seen(seen: Counterexample | None, world: World) -> j.Json:
    """The flow and its verdict as one side sees it; without a flow where the side lacks one of the ends."""
    if seen is None:
        return {"verdict": "denied", "flow": None}
    return {
        "verdict": seen.verdict.word,
        "flow": j.flow(seen.flow, seen.any),
        "egress": j.side(seen.verdict.egress, world.policies),
        "ingress": j.side(seen.verdict.ingress, world.policies),
    }
