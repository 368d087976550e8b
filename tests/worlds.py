"""Random worlds for the laws: small clusters with NetworkPolicies, made as manifests and read by the program's own readers.

One source of randomness makes all of it, so that hypothesis (`st.randoms`) and the fuzz command share the generator. The
worlds are dense on purpose: few names, labels, ports and addresses, so that policies meet pods and each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

from npverify.analyses.world import World
from npverify.dialects import lower, profile
from npverify.ingest.document import Document, Path
from npverify.ingest.source import Problems, Span
from npverify.inventory.addresses import FAMILIES, NEVER_A_POD, Address, Prefix
from npverify.inventory.build import build
from npverify.inventory.labels import pod_label
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind
from npverify.inventory.unknowns import ABSENT, OTHER, Reading, Unknown
from npverify.normal.flow import PROTOCOLS, Flow, Via
from npverify.normal.predicates import AddressIn, LabelIn, PortIn, UnknownIn, atoms_of
from npverify.reduction.classes import predicates

NAMESPACES = ("red", "blue")
APPS = ("web", "api", "db")
PORTS = (53, 80, 81, 443, 8080)
NAMES = ("http", "dns", "alt")
CIDRS = (
    "0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/30", "10.1.0.1/32", "203.0.113.0/24", "::/0", "fd00::/8",
    "fd00::1/128", "192.168.0.0/24",
)  # fmt: skip


class _Nowhere:
    def locate(self, path: Path, *, key: bool = False) -> Span:
        return Span("generated.yaml", 1, 1)

    def excerpt(self, span: Span) -> str:
        return ""


def document(value: dict[str, Any]) -> Document:
    """A document without positions."""
    meta = value["metadata"]
    return Document(value["apiVersion"], value["kind"], meta.get("namespace"), meta["name"], value, _Nowhere())


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
    problems = Problems()
    objects = [*_inventory(rng), *_policies(rng)]
    documents = [document(value) for value in objects]
    space = rng.choice([(), (), ("10.1.0.0/16", "fd00::/64")])
    inventory = build(documents, problems, pod_space=tuple(Prefix.parse(p) for p in space))
    name = rng.choice(["kubernetes", "kubernetes", "kubernetes", "calico", "cilium"])
    lowered = lower([d for d in documents if d.kind == "NetworkPolicy"], profile(name, {}), problems)
    problems.raise_errors()
    return Made(objects, name, World(inventory, lowered.policies, lowered.ids))


def _inventory(rng: Random) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for name in NAMESPACES:
        if rng.random() < 0.7:
            labels = {"env": rng.choice(("prod", "dev"))} if rng.random() < 0.7 else {}
            made.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    for node in rng.sample(("n1", "n2"), rng.randint(0, 2)):
        status = (
            {"addresses": [{"type": "InternalIP", "address": f"192.168.0.{node[1]}"}]} if rng.random() < 0.6 else {}
        )
        made.append({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}, "status": status})
    for number in range(rng.randint(2, 5)):
        made.append(_workload(rng, number))
    return made


def _workload(rng: Random, number: int) -> dict[str, Any]:
    namespace, app = rng.choice(NAMESPACES), rng.choice(APPS)
    labels = {"app": app} if rng.random() < 0.9 else {}
    if rng.random() < 0.3:
        labels["tier"] = rng.choice(("a", "b", ""))
    containers = [{"name": "c", "ports": _container_ports(rng)}]
    spec: dict[str, Any] = {"containers": containers}
    if rng.random() < 0.3:
        spec["initContainers"] = [{"name": "i", "ports": _container_ports(rng)}]
        if rng.random() < 0.5:
            spec["initContainers"][0]["restartPolicy"] = "Always"
    if rng.random() < 0.15:
        spec["hostNetwork"] = True
    if rng.random() < 0.3:
        spec["nodeName"] = rng.choice(("n1", "n2"))
    meta = {"name": f"{app}-{number}", "namespace": namespace}
    kind = rng.choice(("Pod", "Pod", "Deployment", "StatefulSet", "DaemonSet"))
    if kind == "Pod":
        status = rng.choice(
            (
                {},
                {"phase": "Running", "podIPs": [{"ip": f"10.1.0.{number}"}]},
                {"phase": "Running", "podIPs": [{"ip": f"10.1.0.{number}"}, {"ip": f"fd00::{number}"}]},
            )
        )
        if spec.get("hostNetwork"):
            status = {}
        return {
            "apiVersion": "v1",
            "kind": kind,
            "metadata": {**meta, "labels": labels},
            "spec": spec,
            "status": status,
        }
    labels["app"] = app
    template = {"metadata": {"labels": labels}, "spec": spec}
    inner = {"selector": {"matchLabels": {"app": app}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": inner}


def _container_ports(rng: Random) -> list[dict[str, Any]]:
    return [
        {
            "containerPort": rng.choice(PORTS),
            "protocol": rng.choice(("TCP", "TCP", "UDP")),
            **({"name": name} if rng.random() < 0.8 else {}),
        }
        for name in rng.sample(NAMES, rng.randint(0, 2))
    ]


def _policies(rng: Random) -> list[dict[str, Any]]:
    return [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": f"p{number}", "namespace": rng.choice(NAMESPACES)},
            "spec": _spec(rng),
        }
        for number in range(rng.choice((0, 1, 3, 4, 5, 6)))
    ]


def _spec(rng: Random) -> dict[str, Any]:
    spec: dict[str, Any] = {"podSelector": _selector(rng)}
    if rng.random() < 0.6:
        spec["policyTypes"] = rng.sample(("Ingress", "Egress"), rng.randint(1, 2))
    for field, peers in (("ingress", "from"), ("egress", "to")):
        if rng.random() < 0.7:
            spec[field] = [_rule(rng, peers) for _ in range(rng.randint(0, 2))]
    return spec


def _rule(rng: Random, peers: str) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    if rng.random() < 0.8:
        rule[peers] = [_peer(rng) for _ in range(rng.randint(0, 2))]
    if rng.random() < 0.6:
        rule["ports"] = [_port(rng) for _ in range(rng.randint(0, 2))]
    return rule


def _peer(rng: Random) -> dict[str, Any]:
    kind = rng.random()
    if kind < 0.3:
        cidr = Prefix.parse(rng.choice(CIDRS))
        inside = [c for c in CIDRS if cidr.covers(Prefix.parse(c)) and Prefix.parse(c) != cidr]
        block: dict[str, Any] = {"cidr": str(cidr)}
        if inside and rng.random() < 0.5:
            block["except"] = rng.sample(inside, 1)
        return {"ipBlock": block}
    if kind < 0.6:
        return {"podSelector": _selector(rng)}
    namespaces = _selector(rng, namespace=True)
    return {"namespaceSelector": namespaces, **({"podSelector": _selector(rng)} if kind < 0.8 else {})}


def _selector(rng: Random, *, namespace: bool = False) -> dict[str, Any]:
    key = rng.choice(
        ("env", "kubernetes.io/metadata.name") if namespace else ("app", "app", "tier", "pod-template-hash")
    )
    values = {
        "env": ("prod", "dev"),
        "kubernetes.io/metadata.name": NAMESPACES,
        "app": APPS,
        "tier": ("a", ""),
        "pod-template-hash": ("abc",),
    }[key]
    kind = rng.random()
    if kind < 0.3:
        return {}
    if kind < 0.6:
        return {"matchLabels": {key: rng.choice(values)}}
    operator = rng.choice(("In", "NotIn", "Exists", "DoesNotExist"))
    expression: dict[str, Any] = {"key": key, "operator": operator}
    if operator in ("In", "NotIn"):
        expression["values"] = rng.sample(values, rng.randint(1, len(values)))
    return {"matchExpressions": [expression]}


def _port(rng: Random) -> dict[str, Any]:
    protocol = {"protocol": rng.choice(("TCP", "UDP", "SCTP"))} if rng.random() < 0.6 else {}
    kind = rng.random()
    if kind < 0.15:
        return protocol
    if kind < 0.4:
        return {**protocol, "port": rng.choice(NAMES)}
    if kind < 0.6:
        return {**protocol, "port": 80, "endPort": rng.choice((80, 81, 443))}
    return {**protocol, "port": rng.choice(PORTS)}


@dataclass(frozen=True)
class Case:
    """A flow with the reading under which it is judged."""

    flow: Flow
    reading: Reading


def random_case(rng: Random, world: World) -> Case:
    """A flow between two random ends with every field filled in, and a random reading."""
    ends = [*world.inventory.endpoints, EXTERNAL]
    src, dst = rng.choice(ends), rng.choice(ends)
    while not (src.is_pod or dst.is_pod):
        src, dst = rng.choice(ends), rng.choice(ends)
    prefixes = sorted({a.prefix for p in predicates(world.policies) for a in atoms_of(p) if isinstance(a, AddressIn)})
    common = [f for f in FAMILIES if f in _families(src, world) and f in _families(dst, world)] or [4]
    family = rng.choice(common)
    same = src is dst and (not src.replicated or rng.random() < 0.5)
    src_ip = _address(rng, src, family, prefixes, world)
    dst_ip = src_ip if same else _address(rng, dst, family, prefixes, world)
    hosts = (EndpointKind.HOST_POD, EndpointKind.NODE)
    may_share = (src.kind in hosts and dst.is_pod) or (dst.kind in hosts and src.is_pod)
    protocol = rng.choice((*PROTOCOLS, "TCP", "TCP"))
    icmp = (rng.choice((0, 8)), 0) if protocol == "ICMP" else None
    ports = {p.number for p in dst.ports} | set(PORTS) | {1, 65535} | _mentioned_ports(world)
    port = None if icmp else rng.choice(sorted(ports if rng.random() < 0.5 else _mentioned_ports(world) or ports))
    via = None
    if dst.is_pod and rng.random() < 0.3:
        via = Via("red", "service", _virtual(rng, family, prefixes), 80)
    flow = Flow(
        src, dst, protocol, port, src_ip, dst_ip, icmp, same=same, own_node=may_share and rng.random() < 0.5, via=via
    )
    return Case(flow, _reading(rng, world))


def _families(end: Endpoint, world: World) -> set[int]:
    if end is EXTERNAL:
        return {4, 6}
    return {a.family for a in end.addresses} if end.address_known else set(world.inventory.families)


def _address(rng: Random, end: Endpoint, family: int, prefixes: list[Prefix], world: World) -> Address:
    if end is not EXTERNAL and end.address_known:
        of_family = [a for a in end.addresses if a.family == family]
        return rng.choice(of_family or list(end.addresses))
    space = [p for p in world.inventory.pod_space if p.family == family]
    inside_space = bool(space) and end.kind is EndpointKind.POD
    blocks = [p for p in (space if inside_space else prefixes) if p.family == family] or [
        Prefix.parse("172.16.0.0/12" if family == 4 else "fd11::/16")
    ]
    taken = {a for e in world.inventory.endpoints if e.address_known for a in e.addresses}
    for _ in range(50):
        block = rng.choice(blocks)
        edge = rng.choice((block.first, block.last, block.first + rng.getrandbits(8), (block.first + block.last) // 2))
        at = Address(4 if family == 4 else 6, min(edge, block.last))
        wrong_space = not inside_space and end is EXTERNAL and any(p.contains(at) for p in space)
        if at not in taken and not wrong_space and not any(p.contains(at) for p in NEVER_A_POD):
            return at
    return Address.parse("172.31.0.1" if family == 4 else "fd11::1")


def _virtual(rng: Random, family: int, prefixes: list[Prefix]) -> Address:
    blocks = [p for p in prefixes if p.family == family and p.length > 0]
    if blocks and rng.random() < 0.5:
        return Address(4 if family == 4 else 6, rng.choice(blocks).first)
    return Address.parse("172.30.0.7" if family == 4 else "fd30::7")


def _mentioned_ports(world: World) -> set[int]:
    atoms = (a for p in predicates(world.policies) for a in atoms_of(p))
    return {n for a in atoms if isinstance(a, PortIn) for n in (a.first, a.last, min(a.last + 1, 65535))}


def _reading(rng: Random, world: World) -> dict[str, str]:
    reading = {s.name: rng.choice(s.values) for s in world.policies.switches if rng.random() < 0.5}
    mentioned: dict[str, set[str]] = {}
    for pred in predicates(world.policies):
        for atom in atoms_of(pred):
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
