"""Random worlds for the laws: small clusters with NetworkPolicies, made as manifests and read by the program's own readers.

One source of randomness makes all of it, so that hypothesis (`st.randoms`) and the fuzz command share the generator. The
worlds are dense on purpose: few names, labels, ports and addresses, so that policies meet pods and each other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from random import Random
from typing import Any, NamedTuple

import npverify
from generate import PORTS, cluster, fronts, policies, senders
from npverify.analyses.load import Given, Options, settle
from npverify.analyses.remotes import Remotes
from npverify.analyses.world import World
from npverify.dialects import is_policy
from npverify.ingest.document import Document, Path
from npverify.ingest.source import Problems, Span
from npverify.inventory.addresses import FAMILIES, NEVER_A_POD, Address, Prefix
from npverify.inventory.labels import pod_label
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind
from npverify.inventory.unknowns import ABSENT, OTHER, Reading, Unknown
from npverify.normal.flow import PORT_PROTOCOLS, PROTOCOLS, Flow, Via
from npverify.normal.predicates import AddressIn, LabelIn, PortIn, Pred, UnknownIn, atoms_of, protocol_is
from npverify.reduction.classes import predicates


class _Nowhere:
    def locate(self, path: Path, *, key: bool = False) -> Span:
        return Span("generated.yaml", 1, 1)

    def excerpt(self, span: Span) -> str:
        return ""


def document(value: dict[str, Any]) -> Document:
    """A document without positions."""
    meta = value["metadata"]
    return Document(value["apiVersion"], value["kind"], meta.get("namespace"), meta["name"], value, _Nowhere())


_AS_TEXT = 0.05


def read_world(rng: Random, objects: Sequence[dict[str, Any]], **options: Any) -> World:
    """The world of some manifests, with the options of `npverify.load`; InputError where they cannot be read.

    A few are written and read as text; most go without, since that parsers read what was written is told elsewhere.
    """
    if rng.random() < _AS_TEXT:
        text = "\n---\n".join(json.dumps(manifest) for manifest in objects)
        return npverify.load(["-"], stdin=text.encode, **options).world
    documents = [document(value) for value in objects]
    policies = [doc for doc in documents if is_policy(doc.api_version, doc.kind)]
    return settle(Given(documents, policies, (), {}, Remotes()), Options(**options), Problems()).loaded.world


@dataclass(frozen=True)
class Made:
    """A generated world with the manifests that it was read from."""

    objects: list[dict[str, Any]]
    profile: str
    world: World


def random_world(rng: Random) -> World:
    """An inventory of up to nine objects and up to six policies, under a random profile."""
    return random_manifests(rng).world


def random_manifests(rng: Random) -> Made:
    """The same, with the manifests and the name of the profile."""
    objects = [*cluster(rng), *policies(rng)]
    space = rng.choice([(), (), ("10.1.0.0/16", "fd00::/64")])
    name = rng.choice(["kubernetes", "kubernetes", "kubernetes", "calico", "cilium"])
    return Made(objects, name, read_world(rng, objects, cni=name, pod_cidrs=space))


@dataclass(frozen=True)
class Case:
    """A flow with the reading under which it is judged."""

    flow: Flow
    reading: Reading


def random_case(rng: Random, world: World) -> Case:
    """A flow between two random ends with every field filled in, and a random reading."""
    flow = random_flow(rng, world)
    return Case(flow, random_reading(rng, world))


@lru_cache(maxsize=4)
def atoms_in(world: World) -> tuple[Pred, ...]:
    """Every atom of the policies of a world, each once."""
    return tuple(dict.fromkeys(atom for pred in predicates(world.policies) for atom in atoms_of(pred)))


@lru_cache(maxsize=4)
def pairs(world: World) -> list[tuple[Endpoint, Endpoint]]:
    """The ends between which something may be said of a flow."""
    ends = [*world.inventory.endpoints, EXTERNAL]
    judged = [end for end in ends if end.is_pod or (end is not EXTERNAL and world.policies.judges_hosts)]
    return [
        (a, b)
        for a in ends
        for b in ends
        if (a in judged or b in judged) and (a.is_pod or a is not b) and _families(a, world) & _families(b, world)
    ]


class _Space(NamedTuple):
    """Of one family: the blocks that policies mention, those where pods live, and the addresses of nodes."""

    mentioned: tuple[Prefix, ...]
    pods: tuple[Prefix, ...]
    nodes: tuple[Address, ...]


@lru_cache(maxsize=4)
def _space(world: World, family: int) -> _Space:
    nodes = world.inventory.nodes
    known = nodes if all(n.addresses for n in nodes) else ()
    return _Space(
        tuple(sorted({a.prefix for a in atoms_in(world) if isinstance(a, AddressIn) and a.prefix.family == family})),
        tuple(p for p in world.inventory.pod_space if p.family == family),
        tuple(a for n in known for a in n.addresses if a.family == family),
    )


@lru_cache(maxsize=4)
def _ports(world: World) -> tuple[list[int], list[int]]:
    """The ports that policies mention, or some, and these with others."""
    mentioned = _mentioned_ports(world)
    return sorted(mentioned or PORTS), sorted({*PORTS, 1, 65535, *mentioned})


def random_flow(rng: Random, world: World, between: Sequence[tuple[Endpoint, Endpoint]] = ()) -> Flow:
    """A flow between two random ends, of some pairs or any, with every field filled in."""
    src, dst = rng.choice(between or pairs(world))
    both = _families(src, world) & _families(dst, world)
    family = rng.choice([f for f in FAMILIES if f in both])
    same = src is dst and (not src.replicated or rng.random() < 0.5)
    src_ip = _address(rng, src, family, world)
    dst_ip = src_ip if same else _address(rng, dst, family, world, src_ip)
    hosts = (EndpointKind.HOST_POD, EndpointKind.NODE)
    may_share = (src.kind in hosts and dst.is_pod) or (dst.kind in hosts and src.is_pod)
    protocol = rng.choice((*PROTOCOLS, "TCP", "TCP", "50"))
    port: int | None = rng.choice(_ports(world)[rng.random() < 0.5])
    if dst.ports and rng.random() < 0.5:
        declared = rng.choice(dst.ports)
        port = declared.number
        protocol = declared.protocol if rng.random() < 0.8 else protocol
    icmp = (rng.choice((0, 8)), 0) if protocol == "ICMP" else None
    if protocol not in PORT_PROTOCOLS:
        port = None
    via = None
    if dst.is_pod and rng.random() < 0.3:
        via = Via("red", "service", _virtual(rng, family, world, {src_ip, dst_ip}), 80)
    own_node = may_share and rng.random() < 0.5
    return Flow(src, dst, protocol, port, src_ip, dst_ip, icmp, same=same, own_node=own_node, via=via)


def _families(end: Endpoint, world: World) -> set[int]:
    if end is EXTERNAL:
        return {4, 6}
    return {a.family for a in end.addresses} if end.address_known else set(world.inventory.families)


def _address(rng: Random, end: Endpoint, family: int, world: World, other: Address | None = None) -> Address:
    """An address that the end may have, which is not that of the other end if it is free to choose."""
    if end is not EXTERNAL and end.address_known:
        of_family = [a for a in end.addresses if a.family == family]
        return rng.choice(of_family)
    space = _space(world, family)
    if end.kind is EndpointKind.HOST_POD and space.nodes:
        return rng.choice(space.nodes)
    inside_space = bool(space.pods) and end.kind is EndpointKind.POD
    blocks = _free(world, family, inside_space, end is EXTERNAL or bool(end.cluster))
    for _ in range(4):
        at = rng.choice(rng.choice(blocks)) if blocks else other
        if at is not None and at != other:
            return at
    spare = ("172.31.0.1", "172.31.0.2") if family == 4 else ("fd11::1", "fd11::2")
    return next(at for at in map(Address.parse, spare) if at != other)


@lru_cache(maxsize=16)
def _free(world: World, family: int, inside_space: bool, foreign: bool) -> list[list[Address]]:
    """Addresses at the edges of each block that may be an endpoint's: of one that lives in the space of pods, or may not."""
    space, taken = _space(world, family), _known(world)
    found = []
    for block in (space.pods if inside_space else space.mentioned) or _ELSEWHERE[family]:
        numbers = (block.first, block.last, (block.first + block.last) // 2, *(block.first + n for n in _NEXT))
        edges = (Address(4 if family == 4 else 6, number) for number in dict.fromkeys(numbers) if number <= block.last)
        free = [at for at in edges if at not in taken and not any(p.contains(at) for p in NEVER_A_POD)]
        if foreign and not inside_space:
            free = [at for at in free if not any(p.contains(at) for p in space.pods)]
        if free:
            found.append(free)
    return found


_NEXT = (1, 2, 5, 77, 200)
_ELSEWHERE = {4: (Prefix.parse("172.16.0.0/12"),), 6: (Prefix.parse("fd11::/16"),)}


@lru_cache(maxsize=4)
def _known(world: World) -> frozenset[Address]:
    """The addresses that are known to be somebody's."""
    return frozenset(a for e in world.inventory.endpoints if e.address_known for a in e.addresses)


def _virtual(rng: Random, family: int, world: World, ends: set[Address]) -> Address:
    """An address of a Service, which is nobody else's."""
    blocks = [p for p in _space(world, family).mentioned if p.length > 0]
    if blocks and rng.random() < 0.5:
        chosen = Address(4 if family == 4 else 6, rng.choice(blocks).first)
        if chosen not in ends and chosen not in _known(world):
            return chosen
    return Address.parse("172.30.0.7" if family == 4 else "fd30::7")


def _mentioned_ports(world: World) -> set[int]:
    return {n for a in atoms_in(world) if isinstance(a, PortIn) for n in (a.first, a.last, min(a.last + 1, 65535))}


def random_reading(rng: Random, world: World) -> dict[str, str]:
    """A value for everything that is not known, switches included."""
    reading = {s.name: rng.choice(s.values) for s in world.policies.switches if rng.random() < 0.8}
    mentioned: dict[str, set[str]] = {}
    for atom in atoms_in(world):
        if isinstance(atom, LabelIn):
            mentioned.setdefault(atom.key, set()).update(atom.values or ())
        elif isinstance(atom, UnknownIn) and atom.unknown.kind != "switch":
            reading[atom.unknown.name] = rng.choice(atom.unknown.values)
    for end, side in product(world.inventory.endpoints, ("src", "dst")):
        for key in sorted(end.labels):
            value = pod_label(end, key, side)
            if isinstance(value, Unknown):
                choices = [*value.values, *(sorted(mentioned.get(key, ())) if value.open else ())]
                reading[value.name] = rng.choice(choices)
    for name, namespace in world.inventory.namespaces.items():
        if not namespace.declared:
            for key in sorted(mentioned):
                choices = [ABSENT, OTHER, *sorted(mentioned[key])]
                reading[f"label {key} of namespace {name}"] = rng.choice(choices)
    return reading


ANY = protocol_is(*PORT_PROTOCOLS)


def random_fronts(rng: Random, assume: Mapping[str, str]) -> tuple[World, list[dict[str, Any]]]:
    """A random world with Services of every type before its pods, some of which have hostPorts; and the objects that send to
    these Services."""
    services = fronts(rng)
    sending = senders(rng, services)
    objects = [*cluster(rng), *policies(rng), *services, *sending]
    for one in objects:
        spec = one.get("spec") or {}
        spec = (spec.get("template") or {}).get("spec") or spec
        for container in spec.get("containers") or ():
            for port in container.get("ports") or ():
                if rng.random() < 0.3:
                    port["hostPort"] = rng.choice((8443, 9443))
                    if rng.random() < 0.4:
                        port["hostIP"] = rng.choice(("127.0.0.1", "::1", "192.0.2.9", "::", "0.0.0.0"))
    cni = rng.choice(["kubernetes", "kubernetes", "calico", "cilium"])
    return read_world(rng, objects, cni=cni, assume=assume), sending
