"""Pairs of random worlds that differ a little, and flows as either of them sees them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from functools import lru_cache
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
from npverify.normal.flow import Flow, Via
from npverify.oracle import Oracle
from worlds import Made, document, random_manifests

Manifest = dict[str, Any]
USUAL, MANY = (0, 1, 1, 2), (4, 5, 6)
"""How many changes there may be, each as likely as the others."""


def remade(made: Made, objects: list[Manifest], profile_name: str = "") -> World:
    """The world of the same cluster with other objects, under the same profile unless another is named."""
    problems = Problems()
    documents = [document(value) for value in objects]
    inventory = build(documents, problems, pod_space=made.world.inventory.pod_space)
    chosen = profile(profile_name or made.profile, {})
    lowered = lower([d for d in documents if d.kind == "NetworkPolicy"], chosen, problems, inventory)
    problems.raise_errors()
    return World(inventory, lowered.policies, lowered.ids)


def random_pair(rng: Random, counts: tuple[int, ...] = USUAL) -> tuple[World, World]:
    """A random world, and what becomes of it by one change or a few: of policies, pods, Services, addresses, nodes or the
    plugin."""
    made = random_manifests(rng)
    objects = [*made.objects, *_services(rng)]
    made = replace(made, objects=objects, world=remade(made, objects))
    while True:
        name = rng.choice(("kubernetes", "calico", "cilium")) if rng.random() < 0.15 else ""
        try:
            return made.world, remade(made, _changed(rng, made.objects, counts), name)
        except InputError:
            continue  # such as a StatefulSet whose selector does not match any more


def _services(rng: Random) -> list[Manifest]:
    """Up to two Services of TCP in front of pods of an application."""
    made = []
    for number in range(rng.choice((0, 1, 2))):
        ports = [{"name": "a", "port": 80, "targetPort": rng.choice((80, 8080, "http"))}]
        ports += [{"name": "b", "port": 443}] * rng.randint(0, 1)
        spec: Manifest = {"selector": {"app": rng.choice(generate.APPS)}, "ports": ports}
        address = rng.choice(("", "10.1.0.1", "10.0.77.7", "192.168.0.1", "172.30.0.9"))
        if address:
            spec["clusterIP"] = address
        meta = {"name": f"s{number}", "namespace": rng.choice(generate.NAMESPACES)}
        made.append({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})
    return made


def _changed(rng: Random, objects: list[Manifest], counts: tuple[int, ...]) -> list[Manifest]:
    changed = deepcopy(objects)
    for _ in range(rng.choice(counts)):
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


def _other_services(rng: Random, objects: list[Manifest]) -> None:
    objects[:] = [one for one in objects if one["kind"] != "Service"] + _services(rng)


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
    _other_services,
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
    return replace(flow, src=src, dst=dst, src_ip=ips[0], dst_ip=ips[1], via=_own_service(flow, world))


def reachable(flow: Flow | None) -> bool:
    """Whether the Service of a flow, if it has one, has an address of the flow's family."""
    return flow is None or flow.via is None or flow.via.vip is not None


def _own_service(flow: Flow, world: World) -> Via | None:
    """The Service of a flow as another world has it; the very same where it has none of that name and port."""
    if flow.via is None:
        return None
    there = world.inventory.services.get((flow.via.namespace, flow.via.name))
    if there is None or (flow.protocol, flow.via.port) not in {(p.protocol, p.number) for p in there.ports}:
        return flow.via
    if not there.vip_known:
        return flow.via
    family = flow.src_ip.family if flow.src_ip else 4
    return flow.via._replace(vip=next((a for a in there.vips if a.family == family), None))


def via_services(rng: Random, world: World, flow: Flow) -> Flow | None:
    """A flow from the same source to some backend of a Service instead, if there is one."""
    ways = [
        (service, port, backend)
        for service in world.inventory.services.values()
        for index, port in enumerate(service.ports)
        for backend in service.backends.get(index, ())
        if backend.address is None and not service.headless
    ]
    if not ways or flow.src_ip is None:
        return None
    service, port, backend = rng.choice(ways)
    end, family = backend.endpoint, flow.src_ip.family
    same = end is flow.src
    known = [a for a in end.addresses if a.family == family]
    unknown = Address.parse("172.16.0.77" if family == 4 else "fd11::77")
    vips = (
        [a for a in service.vips if a.family == family]
        if service.vip_known
        else [unknown._replace(value=unknown.value + 1)]
    )
    if (
        (end.address_known and not known)
        or not vips
        or (not end.address_known and family not in world.inventory.families)
    ):
        return None
    address = flow.src_ip if same else rng.choice(known) if end.address_known else unknown
    via = Via(service.namespace, service.name, rng.choice(vips), port.number)
    return replace(
        flow, dst=end, protocol=port.protocol, port=backend.port, icmp=None, dst_ip=address, same=same, via=via
    )


def _own(end: Endpoint, address: Address | None, world: World, rng: Random) -> Address | None:
    if address is None or end is EXTERNAL or (end.address_known and address in end.addresses):
        return address
    if end.address_known:
        of_family = [a for a in end.addresses if a.family == address.family]
        return rng.choice(of_family) if of_family else None
    return address if address.family in world.inventory.families else None


def passes(world: World, flow: Flow | None, reading: Reading) -> bool:
    """Whether a flow gets through; one that does not exist does not."""
    return flow is not None and _oracle(world).decide(flow, reading).allowed


@lru_cache(maxsize=4)
def _oracle(world: World) -> Oracle:
    return Oracle(world.policies, world.inventory)
