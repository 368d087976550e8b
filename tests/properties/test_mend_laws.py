"""Every edit that is suggested works: made on the manifests and read from scratch, the oracle allows the flow.

The test makes the edits by itself and loads the whole input anew, so nothing is taken from the search but what it says.
"""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from calico_generate import calico
from cilium_worlds import random_policies
from generate import cluster, policies
from npverify.analyses.evaluate import Evaluator
from npverify.analyses.flows import families_of
from npverify.analyses.load import load
from npverify.analyses.mends.run import Mend, mends
from npverify.analyses.world import World
from npverify.ingest.files import File
from npverify.ingest.source import InputError
from npverify.inventory.model import EXTERNAL, WorkloadRef
from npverify.normal.flow import Flow
from npverify.oracle import Oracle
from plugin_worlds import random_cluster
from worlds import random_flow

Manifest = dict[str, Any]
ASSUME = {
    "spec": {"same_priority": "by_name", "np_shadows_baseline": "per_direction"},
    "cilium": {"host_firewall": "on", "cilium_version": "1.19"},
}


def _load(objects: list[Manifest], cni: str) -> World:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    file, assume = File("all.json", text, named=True), ASSUME.get(cni, {})
    return load([file], cni=cni, assume=assume, keep_documents=True, with_assertions=False).world


def _identity(value: Manifest) -> tuple[str, str, str, str]:
    meta = value["metadata"]
    return (value["apiVersion"].rpartition("/")[0], value["kind"], meta.get("namespace") or "", meta["name"])


def _made(objects: list[Manifest], mend: Mend) -> list[Manifest]:
    """The manifests after an edit."""
    found = copy.deepcopy(objects)
    by = {_identity(value): value for value in found}
    for edit in mend.edits:
        if not edit.path:
            found.append(copy.deepcopy(edit.document.value))
            continue
        doc = edit.document
        at: Any = by[doc.group, doc.kind, doc.namespace or "", doc.name]
        path = edit.path if edit.into_list else edit.path[:-1]
        for step, following in zip(path, [*path[1:], None], strict=True):
            if isinstance(step, str) and at.get(step) is None:
                at[step] = [] if edit.into_list and following is None else {}
            at = at[step]
        if edit.into_list:
            at[edit.index if edit.index is not None else len(at) : 0 if edit.index is None else edit.index] = [
                edit.item
            ]
        elif edit.item is None:
            del at[edit.path[-1]]
        else:
            at[edit.path[-1]] = edit.item
    return found


def _in(world: World, flow: Flow) -> Flow:
    """The flow between the endpoints of another world that have the same names."""
    ends = {end.key: end for end in world.inventory.endpoints} | {EXTERNAL.key: EXTERNAL}
    return replace(flow, src=ends[flow.src.key], dst=ends[flow.dst.key])


def _check(objects: list[Manifest], cni: str, rng: Random) -> int:
    """How many edits were suggested for some denied flows of an input; each must work."""
    try:
        world = _load(objects, cni)
    except InputError:  # the generator of Calico also makes what only newer versions take
        return 0
    it = Evaluator(world)
    suggested = 0
    for _ in range(12):
        flow = random_flow(rng, world)
        evaluation = it.evaluate(flow)
        if evaluation.verdict.allowed:
            assert mends(world, evaluation) == ()
            continue
        found = mends(world, evaluation)
        sizes = [mend.size for mend in found]
        assert sizes == sorted(sizes)
        for mend in found:
            after = _load(_made(objects, mend), cni)
            same = _in(after, flow)
            assert Oracle(after.policies, after.inventory).decide(Evaluator(after).settled(same)).allowed, mend.text
            told = {(warning.code, warning.message) for warning in world.warnings}
            assert {(warning.code, warning.message) for warning in after.warnings} <= told, mend.text
            _check_opened(world, after, flow, mend)
        suggested += len(found)
        if suggested > 6:
            break
    return suggested


def _check_opened(old: World, new: World, flow: Flow, mend: Mend) -> None:
    """What is opened between two workloads is told; the flow itself is not."""
    if mend.opened is None:
        return
    before, after = Evaluator(old), Evaluator(new)
    told = {(_own(s, new), _own(d, new)) for s, d in mend.opened.opened}
    for src in new.inventory.pods:
        for dst in new.inventory.pods:
            asked = (src.workload, dst.workload) == (flow.src.workload, flow.dst.workload)
            families = [families_of(end, new.inventory.families) for end in (src, dst)]
            if src is dst or asked or "host pod" in (src.kind, dst.kind) or not families[0] & families[1]:
                continue
            for protocol, port in (("TCP", 80), ("UDP", 53), (flow.protocol, flow.port)):
                if port is None:
                    continue
                then = Flow(src, dst, protocol, port)
                if _passes(after, then) and not _passes(before, _in(old, then)):
                    assert (src.workload, dst.workload) in told, (mend.text, str(src), str(dst), protocol, port)


def _passes(evaluator: Evaluator, flow: Flow) -> bool:
    """Whether a flow passes over some address family that both ends have."""
    families = [families_of(end, evaluator.world.inventory.families) for end in (flow.src, flow.dst)]
    ways = [flow, evaluator.over_ipv6(flow)] if 6 in families[0] & families[1] else [flow]
    return any(evaluator.evaluate(way).verdict.allowed for way in ways)


def _own(ref: WorkloadRef, world: World) -> WorkloadRef | None:
    """The workload of what is listed, which may be a single pod of one."""
    if any(pod.workload == ref for pod in world.inventory.pods):
        return ref
    return next(p.workload for p in world.inventory.pods if (p.namespace, p.name) == (ref.namespace, ref.name))


@settings(max_examples=40, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_native_edits_work(rng) -> None:
    """NetworkPolicies under some plugin."""
    objects = [*cluster(rng), *policies(rng)]
    _check(objects, rng.choice(("kubernetes", "kubernetes", "calico", "cilium")), rng)


@settings(max_examples=20, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_calico_edits_work(rng) -> None:
    """Tiers, global and namespaced policies of Calico beside native ones."""
    objects = [*cluster(rng), *policies(rng), *calico(rng)]
    _check(objects, "calico", rng)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32))
@example(seed=320)  # what is opened over IPv4 passed over IPv6 before
def test_cluster_wide_edits_work(seed) -> None:
    """Admin and baseline policies around native ones."""
    rng = Random(seed)
    _check([*cluster(rng), *policies(rng), *random_cluster(rng)], "spec", rng)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_cilium_edits_work(seed) -> None:
    """Policies of Cilium, namespaced and clusterwide, beside native ones, with the host firewall."""
    rng = Random(seed)
    _check([*cluster(rng), *random_policies(rng, (1, 19))], "cilium", rng)


def test_the_laws_are_about_something() -> None:
    """The generated inputs do get suggestions."""
    rngs = [Random(seed) for seed in range(12)]
    assert sum(_check([*cluster(rng), *policies(rng)], "kubernetes", rng) for rng in rngs) > 20
