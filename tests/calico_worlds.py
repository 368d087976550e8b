"""Random Calico worlds, read by the program's public interface, and random flows in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random
from typing import Any, cast

from calico_generate import OLD_VERSIONS, calico
from generate import PORTS
from npverify.analyses.world import World
from npverify.inventory.labels import pod_label
from npverify.inventory.model import Endpoint, EndpointKind
from npverify.inventory.placement import node_of
from npverify.inventory.unknowns import ABSENT, OTHER, Unknown, account_label, label_text, namespace_label
from npverify.normal.flow import PORT_PROTOCOLS, Flow
from npverify.normal.policy import Direction
from npverify.normal.predicates import (
    HttpIs,
    IcmpIs,
    KafkaIs,
    LabelIn,
    LabelText,
    NamedPortIs,
    NodeIs,
    PortIn,
    Pred,
    ProtocolIs,
    Side,
    TextTest,
    UnknownIn,
    and_,
    atoms_of,
)
from npverify.oracle import Oracle
from request_worlds import random_kafka, random_request
from worlds import Case, atoms_in, random_flow, random_reading, read_world

_TRIES = 8
_HOSTS = (EndpointKind.HOST_POD, EndpointKind.NODE)


@dataclass(frozen=True)
class MadeCalico:
    """A generated world with the manifests that it was read from, the version of Calico, and whether proxies stand before pods."""

    objects: list[dict[str, Any]]
    version: str
    world: World
    proxied: bool = False


def random_calico(rng: Random, *, hosts: bool = False, proxied: bool = False, mixed: bool = False) -> MadeCalico:
    """A cluster with Calico policies; with `hosts` also with host endpoints, `proxied` with Envoy before its pods, `mixed` with
    NetworkPolicies and cluster-wide policies in any case."""
    version = rng.choice(OLD_VERSIONS) if rng.random() < 0.15 and not mixed else "3.32"
    objects = calico(rng, hosts=hosts, old=version != "3.32", asking=proxied, mixed=mixed)
    space = rng.choice([(), (), ("10.1.0.0/16", "fd00::/64")])
    assume = {"l7": "on"} if proxied else {}
    world = read_world(rng, objects, cni="calico", calico_version=version, assume=assume, pod_cidrs=space)
    return MadeCalico(objects, version, world, proxied)


_TEXT_FACT = re.compile(r"(contains|starts with|ends with) `(.*)`: label (\S+) of .*")


def random_calico_case(rng: Random, world: World, between: Sequence[tuple[Endpoint, Endpoint]] = ()) -> Case:
    """A flow between two random ends, of some pairs or any, with every field filled in, and a reading that makes one cluster
    of it.

    Most cases aim at a rule: of a few that are tried it is the first that the rule matches and its policy selects, if any.
    """
    oracle, rules = _rules(world)
    reading = random_reading(rng, world) | _labels(rng, world)
    if not rules or rng.random() < 0.3:
        return _any_case(rng, world, atoms_in(world), reading, between)
    direction, aim = rng.choice(rules)
    aimed = tuple(atoms_of(aim))
    for _ in range(_TRIES):
        case = _any_case(rng, world, aimed, reading, between)
        if oracle.holds(aim, case.flow, case.reading, direction):
            break
    return case


@lru_cache(maxsize=4)
def _rules(world: World) -> tuple[Oracle, list[tuple[Direction, Pred]]]:
    """The rules of a world: the direction of each, and the flows that it is asked about and matches."""
    rules = [
        (direction, and_(policy.subject, rule.match))
        for direction in Direction
        for tier in world.policies.half(direction).tiers
        for policy in tier.policies
        for rule in policy.rules
    ]
    return Oracle(world.policies, world.inventory), rules


def _any_case(
    rng: Random,
    world: World,
    aim: Sequence[Any],
    reading: dict[str, str],
    between: Sequence[tuple[Endpoint, Endpoint]] = (),
) -> Case:
    flow = _with_traffic(rng, random_flow(rng, world, between), aim)
    case = Case(flow, reading)
    return _placed(rng, case, world) if _names_nodes(world) else case


@lru_cache(maxsize=4)
def _names_nodes(world: World) -> bool:
    return any(isinstance(atom, NodeIs) for atom in atoms_in(world))


def _with_traffic(rng: Random, flow: Flow, aim: Sequence[Any]) -> Flow:
    """The same flow with a protocol, ports and an ICMP type that meet what is aimed at, or just miss it."""
    named = {name for atom in aim if isinstance(atom, ProtocolIs) for name in atom.names}
    named |= {str(atom.protocol) for atom in aim if isinstance(atom, NamedPortIs) and atom.protocol}
    protocol = rng.choice(sorted(named or {"TCP"}) if rng.random() < 0.85 else ["TCP", "UDP", "ICMP", "4", "50"])
    if flow.port is not None and rng.random() < 0.3:
        protocol = flow.protocol  # it may be a port that the destination declares
    port: dict[Side, int] = {Side.SRC: 49152, Side.DST: flow.port or rng.choice(PORTS)}
    for atom in aim:
        if isinstance(atom, PortIn) and rng.random() < 0.6:
            port[atom.side] = min(max(rng.choice((atom.first, atom.last, atom.last + 1)), 1), 65535)
    asked = [atom for atom in aim if isinstance(atom, HttpIs)]
    if protocol == "TCP" and asked and rng.random() < 0.9:
        flow = replace(flow, http=random_request(rng, asked))
    if protocol == "TCP" and flow.http is None and any(isinstance(atom, KafkaIs) for atom in aim):
        flow = replace(flow, kafka=random_kafka(rng) if rng.random() < 0.9 else None)
    elif protocol in ("TCP", "UDP") and flow.http is None and port[Side.DST] == 53:
        flow = replace(flow, dns=rng.choice(("a.com", "www.a.com", "x.y.a.com", "b.net", None)))
    if protocol in PORT_PROTOCOLS:
        return replace(flow, protocol=protocol, port=port[Side.DST], src_port=port[Side.SRC], icmp=None)
    kinds = [(8, 0), (135, 0), *((a.type, code) for a in aim if isinstance(a, IcmpIs) for code in (a.code or 0, 2))]
    icmp = rng.choice(kinds) if protocol == "ICMP" else None
    return replace(flow, protocol=protocol, port=None, src_port=None, icmp=icmp, via=None)


def _labels(rng: Random, world: World) -> dict[str, str]:
    """Values for the labels that no manifest tells, and what their texts contain."""
    reading = {}
    for label, known, tests in _unknown_labels(world):
        value = reading[label.name] = rng.choice([*label.values, *(known if label.open else ())])
        for test, text in tests:
            passes = {
                "contains": text in value,
                "starts with": value.startswith(text),
                "ends with": value.endswith(text),
            }
            reading[label_text(label, test, text).name] = "true" if passes[test] and value != ABSENT else "false"
    return reading


@lru_cache(maxsize=4)
def _unknown_labels(world: World) -> list[tuple[Unknown, list[str], list[tuple[TextTest, str]]]]:
    """Labels of pods, namespaces and service accounts that are not known, with the values and texts that policies name."""
    inventory = world.inventory
    values: dict[str, dict[str, None]] = {}
    tests: dict[str, list[tuple[TextTest, str]]] = {}
    for atom in atoms_in(world):
        if isinstance(atom, LabelIn):
            values.setdefault(atom.key, {}).update(dict.fromkeys(atom.values or ()))
        elif isinstance(atom, LabelText):
            values.setdefault(atom.key, {})[atom.text] = None
            tests.setdefault(atom.key, []).append((atom.test, atom.text))
        elif isinstance(atom, UnknownIn) and (told := _TEXT_FACT.fullmatch(atom.unknown.name)):
            test, text, key = told.groups()  # at a host endpoint, of a namespace that only its profile names
            values.setdefault(key, {})[text] = None
            tests.setdefault(key, []).append((cast(TextTest, test), text))
    unknown: dict[Unknown, str] = {}
    for end in inventory.pods:
        for key in values:
            if (end.namespace, end.service_account) not in inventory.service_accounts:
                unknown[account_label(end.namespace, end.service_account, key)] = key
            labels = (pod_label(end, key, side) for side in ("src", "dst"))
            unknown |= {label: key for label in labels if isinstance(label, Unknown)}
    for name, namespace in inventory.namespaces.items():
        if not namespace.declared:
            unknown |= {namespace_label(name, key): key for key in values}
    labels = (atom.unknown for atom in atoms_in(world) if isinstance(atom, UnknownIn) and atom.unknown.open)
    # those of a namespace that only a profile names
    unknown |= {
        label: label.name.removeprefix("label ").partition(" of ")[0] for label in labels if label.kind == "label"
    }
    return [(label, sorted(values.get(key, ())), tests.get(key, [])) for label, key in unknown.items()]


def _placed(rng: Random, case: Case, world: World) -> Case:
    """The same where it is said on which nodes the ends are: two hosts are two, and a pod shares a node or does not."""
    flow, inventory = case.flow, world.inventory
    names = [node.name for node in inventory.nodes] or [OTHER]
    src = flow.src.node or rng.choice(names)
    dst = src if flow.same else flow.dst.node or rng.choice(names)
    reading = dict(case.reading)
    if flow.src.is_pod and flow.src.node is None:
        reading[node_of(flow.src, "src", inventory).name] = src
    if flow.dst.is_pod and flow.dst.node is None and not flow.same:
        reading[node_of(flow.dst, "dst", inventory).name] = dst
    hosts = flow.src.kind in _HOSTS or flow.dst.kind in _HOSTS
    outside = EndpointKind.EXTERNAL in (flow.src.kind, flow.dst.kind)
    own_node = hosts and not outside and not flow.same and src == dst and (flow.src.is_pod or flow.dst.is_pod)
    flow = replace(flow, own_node=own_node)
    return Case(
        replace(flow, src_ip=_at(flow.src, src, flow.src_ip, world), dst_ip=_at(flow.dst, dst, flow.dst_ip, world)),
        reading,
    )


def _at(end: Endpoint, node: str, ip: Any, world: World) -> Any:
    """The address of a host-network pod is that of its node."""
    if end.kind is not EndpointKind.HOST_POD or end.address_known:
        return ip
    of_node = [a for n in world.inventory.nodes if n.name == node for a in n.addresses if a.family == ip.family]
    return of_node[0] if of_node else ip
