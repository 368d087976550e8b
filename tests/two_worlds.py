"""Pairs of random worlds that differ a little, and flows as either of them sees them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Any

import generate
from npverify.analyses.world import World
from npverify.dialects import lower, profile
from npverify.ingest.source import InputError, Problems
from npverify.inventory.addresses import Address
from npverify.inventory.build import build
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.inventory.unknowns import Reading
from npverify.normal.flow import Flow
from npverify.oracle import Oracle
from worlds import Made, document, random_manifests

Manifest = dict[str, Any]


def remade(made: Made, objects: list[Manifest], profile_name: str = "") -> World:
    """The world of the same cluster with other objects, under the same profile unless another is named."""
    problems = Problems()
    documents = [document(value) for value in objects]
    inventory = build(documents, problems, pod_space=made.world.inventory.pod_space)
    chosen = profile(profile_name or made.profile, {})
    lowered = lower([d for d in documents if d.kind == "NetworkPolicy"], chosen, problems, inventory)
    problems.raise_errors()
    return World(inventory, lowered.policies, lowered.ids)


def random_pair(rng: Random) -> tuple[World, World]:
    """A random world, and what becomes of it by one change or a few: of policies, pods, addresses, nodes or the plugin."""
    made = random_manifests(rng)
    while True:
        name = rng.choice(("kubernetes", "calico", "cilium")) if rng.random() < 0.15 else ""
        try:
            return made.world, remade(made, _changed(rng, made.objects), name)
        except InputError:
            continue  # such as a StatefulSet whose selector does not match any more


def _changed(rng: Random, objects: list[Manifest]) -> list[Manifest]:
    changed = deepcopy(objects)
    for _ in range(rng.choice((0, 1, 1, 2))):
        rng.choice(_CHANGES)(rng, changed)
    seen: dict[tuple[str, str, str], Manifest] = {}
    for one in changed:
        meta = one["metadata"]
        seen.setdefault((one["kind"], meta.get("namespace", ""), meta["name"]), one)
    return list(seen.values())


def _of_kind(objects: list[Manifest], *kinds: str) -> list[Manifest]:
    return [one for one in objects if one["kind"] in kinds]


def _drop_a_policy(rng: Random, objects: list[Manifest]) -> None:
    if found := _of_kind(objects, "NetworkPolicy"):
        objects.remove(rng.choice(found))


def _drop_a_pod(rng: Random, objects: list[Manifest]) -> None:
    if found := _of_kind(objects, "Pod", "Deployment", "DaemonSet", "Node"):
        objects.remove(rng.choice(found))


def _other_policies(rng: Random, objects: list[Manifest]) -> None:
    kept = [one for one in objects if one["kind"] != "NetworkPolicy"]
    new = generate.policies(rng)
    if rng.random() < 0.5:
        kept += [one for one in objects if one["kind"] == "NetworkPolicy"]
        new = new[:1]
    objects[:] = [*new, *kept]


def _other_rules(rng: Random, objects: list[Manifest]) -> None:
    if (found := _of_kind(objects, "NetworkPolicy")) and (new := generate.policies(rng)):
        rng.choice(found)["spec"] = new[0].get("spec")


def _other_labels(rng: Random, objects: list[Manifest]) -> None:
    if found := _of_kind(objects, "Pod", "Namespace"):
        one = rng.choice(found)
        key, values = ("app", generate.APPS) if one["kind"] == "Pod" else ("env", ("prod", "dev"))
        one["metadata"]["labels"] = {key: rng.choice(values)}


def _other_address(rng: Random, objects: list[Manifest]) -> None:
    pods = [p for p in _of_kind(objects, "Pod") if not p["spec"].get("hostNetwork")]
    if pods:
        ips = rng.choice((["10.1.0.99"], ["10.9.0.1"], ["fd00::99"], ["10.1.0.98", "fd00::98"], []))
        rng.choice(pods)["status"] = {"podIPs": [{"ip": ip} for ip in ips], "phase": "Running"}


def _other_node(rng: Random, objects: list[Manifest]) -> None:
    if found := _of_kind(objects, "Pod"):
        rng.choice(found)["spec"]["nodeName"] = rng.choice(("n1", "n2"))


def _shuffled(rng: Random, objects: list[Manifest]) -> None:
    rng.shuffle(objects)


_CHANGES = (
    _drop_a_policy,
    _drop_a_pod,
    _other_policies,
    _other_rules,
    _other_rules,
    _other_labels,
    _other_address,
    _other_node,
    _shuffled,
)


def counterpart(end: Endpoint, world: World) -> Endpoint | None:
    """The endpoint of the same name in another world."""
    if end is EXTERNAL:
        return end
    same = (e for e in world.inventory.endpoints if e.key == end.key and e.replicated == end.replicated)
    return next(same, None)


def as_seen(flow: Flow, world: World, rng: Random) -> Flow | None:
    """A flow as another world has it; None if it has none, because an end is missing or has no such address."""
    src, dst = counterpart(flow.src, world), counterpart(flow.dst, world)
    if src is None or dst is None:
        return None
    ips = [_own(src, flow.src_ip, world, rng), _own(dst, flow.dst_ip, world, rng)]
    if flow.same:
        ips[1] = ips[0]
    if None in ips:
        return None
    return replace(flow, src=src, dst=dst, src_ip=ips[0], dst_ip=ips[1])


def _own(end: Endpoint, address: Address | None, world: World, rng: Random) -> Address | None:
    if address is None or end is EXTERNAL or (end.address_known and address in end.addresses):
        return address
    if end.address_known:
        of_family = [a for a in end.addresses if a.family == address.family]
        return rng.choice(of_family) if of_family else None
    return address if address.family in world.inventory.families else None


def passes(world: World, flow: Flow | None, reading: Reading) -> bool:
    """Whether a flow gets through; one that does not exist does not."""
    return flow is not None and Oracle(world.policies, world.inventory).decide(flow, reading).allowed
