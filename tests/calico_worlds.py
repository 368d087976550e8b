"""Random Calico worlds, read by the program's public interface, and random flows in them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import npverify
from calico_generate import OLD_VERSIONS, calico
from generate import PORTS
from npverify.analyses.world import World
from npverify.inventory.labels import pod_label
from npverify.inventory.model import Endpoint, EndpointKind
from npverify.inventory.placement import node_of
from npverify.inventory.unknowns import ABSENT, OTHER, Unknown, account_label, label_text, namespace_label
from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.predicates import IcmpIs, LabelIn, LabelText, NodeIs, PortIn, ProtocolIs, Side, atoms_of
from npverify.reduction.classes import predicates
from worlds import Case, random_case

_HOSTS = (EndpointKind.HOST_POD, EndpointKind.NODE)


@dataclass(frozen=True)
class MadeCalico:
    """A generated world with the manifests that it was read from, and the version of Calico."""

    objects: list[dict[str, Any]]
    version: str
    world: World


def random_calico(rng: Random, *, hosts: bool = False) -> MadeCalico:
    """A cluster with Calico policies; with `hosts` also with host endpoints."""
    version = rng.choice(OLD_VERSIONS) if rng.random() < 0.15 else "3.32"
    objects = calico(rng, hosts=hosts, old=version != "3.32")
    text = "\n---\n".join(json.dumps(manifest) for manifest in objects)
    space = rng.choice([(), (), ("10.1.0.0/16", "fd00::/64")])
    loaded = npverify.load(["-"], cni="calico", calico_version=version, pod_cidrs=space, stdin=text.encode)
    return MadeCalico(objects, version, loaded.world)


def random_calico_case(rng: Random, world: World) -> Case:
    """A flow between two random ends with every field filled in, and a reading that makes one cluster of it."""
    case = random_case(rng, world)
    atoms = [atom for pred in predicates(world.policies) for atom in atoms_of(pred)]
    flow = case.flow
    named = {name for atom in atoms if isinstance(atom, ProtocolIs) for name in atom.names}
    protocol = rng.choice(sorted({*named, "ICMP", "4", "50"})) if rng.random() < 0.25 else "TCP"
    if flow.protocol not in PORT_PROTOCOLS or rng.random() < 0.4:
        port = (flow.port or rng.choice(PORTS)) if protocol in PORT_PROTOCOLS else None
        flow = replace(flow, protocol=protocol, port=port)
    if flow.protocol in PORT_PROTOCOLS:
        edges = [
            n for a in atoms if isinstance(a, PortIn) and a.side is Side.SRC for n in (a.first, a.last, a.last + 1)
        ]
        flow = replace(flow, src_port=rng.choice([49152, *(n for n in edges if 1 <= n <= 65535)]), icmp=None)
    elif flow.protocol == "ICMP":
        kinds = {(a.type, code) for a in atoms if isinstance(a, IcmpIs) for code in (a.code or 0, 2)}
        flow = replace(flow, icmp=rng.choice(sorted({(8, 0), (135, 0), *kinds})))
    else:
        flow = replace(flow, icmp=None)
    case = Case(flow, dict(case.reading) | _labels(rng, world, atoms))
    return _placed(rng, case, world) if any(isinstance(atom, NodeIs) for atom in atoms) else case


def _labels(rng: Random, world: World, atoms: list[Any]) -> dict[str, str]:
    """Values for the labels of service accounts that are not declared, and what texts of unknown labels contain."""
    inventory = world.inventory
    values: dict[str, set[str]] = {}
    for atom in atoms:
        if isinstance(atom, LabelIn | LabelText):
            known = atom.values or () if isinstance(atom, LabelIn) else (atom.text,)
            values.setdefault(atom.key, set()).update(known)
    unknown: dict[Unknown, str] = {}
    for end in inventory.pods:
        for key in sorted(values):
            if (end.namespace, end.service_account) not in inventory.service_accounts:
                unknown[account_label(end.namespace, end.service_account, key)] = key
            for side in ("src", "dst"):
                label = pod_label(end, key, side)
                if isinstance(label, Unknown):
                    unknown[label] = key
    for name, namespace in inventory.namespaces.items():
        if not namespace.declared:
            unknown |= {namespace_label(name, key): key for key in sorted(values)}
    reading = {}
    for label, key in unknown.items():
        choices = [*label.values, *(sorted(values[key]) if label.open else ())]
        value = reading[label.name] = rng.choice(choices)
        for atom in atoms:
            if isinstance(atom, LabelText) and atom.key == key:
                true = {"contains": atom.text in value, "starts with": value.startswith(atom.text)}
                passes = true.get(atom.test, value.endswith(atom.text)) and value != ABSENT
                reading[label_text(label, atom.test, atom.text).name] = "true" if passes else "false"
    return reading


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
    one_host = (flow.src.kind in _HOSTS) != (flow.dst.kind in _HOSTS)
    both_known = {EndpointKind.EXTERNAL}.isdisjoint((flow.src.kind, flow.dst.kind))
    flow = replace(flow, own_node=one_host and both_known and src == dst)
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


def calico_world(rng: Random) -> World:
    """The world alone; half of them have host endpoints."""
    return random_calico(rng, hosts=rng.random() < 0.5).world
