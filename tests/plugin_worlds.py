"""Random worlds under random plugins, with cluster-wide policies beside NetworkPolicies, and what those say, told a second time.

`said` reads the cluster-wide manifests by itself and asks tier by tier, as the page of the API does; of the NetworkPolicies it
asks the oracle about a world that has them alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network
from random import Random

import npverify
from generate import APPS, CIDRS, NAMESPACES, PORTS, Manifest, cluster, policies
from npverify.analyses.world import World
from npverify.dialects.plugins import PLUGINS
from npverify.inventory.model import Endpoint, EndpointKind
from npverify.inventory.unknowns import Unknown
from npverify.normal.flow import Flow
from npverify.normal.policy import Direction
from npverify.oracle import Oracle
from worlds import read_world

NATIVE = tuple(name for name, plugin in PLUGINS.items() if plugin.engine == "kubernetes")
GATED = {"cilium": {"cluster_policies": "on"}, "antrea": {"cluster_policies": "on"}}
_API = "policy.networking.k8s.io/v1alpha2"


@dataclass(frozen=True)
class Made:
    """A world, the one with NetworkPolicies alone, and the cluster-wide manifests."""

    world: World
    native: World
    cluster: list[Manifest]


def random_plugin_world(rng: Random) -> World:
    """A small cluster with NetworkPolicies and perhaps cluster-wide ones, under a plugin that has ways of its own."""
    while True:
        objects = [*cluster(rng), *policies(rng)]
        plugin = rng.choice((*NATIVE, "cilium", "kube-network-policies@npa-v1alpha2"))
        if plugin in ("kubernetes", "cilium", "antrea", "kube-network-policies@npa-v1alpha2"):
            objects += random_cluster(rng, nodes=plugin != "antrea")
        try:
            return _load(rng, objects, plugin)
        except npverify.InputError as error:
            # what the plugin does is not known: there is nothing to hold together
            if {d.code for d in error.diagnostics if d.severity == "error"} != {"NPV572"}:
                raise


def random_cluster_world(rng: Random, *, admin: bool = False) -> Made:
    """Under the specification, with ties broken by name and every switch fixed, so that there is one reading.

    `admin`: what is told as ClusterNetworkPolicies is written as AdminNetworkPolicies and a BaselineAdminNetworkPolicy.
    """
    objects = [*cluster(rng), *policies(rng)]
    wide = random_cluster(rng)
    written = wide
    if admin:
        wide = _with_one_baseline(wide)
        written = [_as_admin(manifest) for manifest in wide]
    return Made(_load(rng, [*objects, *written], "spec"), _load(rng, objects, "spec"), wide)


def _with_one_baseline(wide: list[Manifest]) -> list[Manifest]:
    """The same with the first baseline policy alone, which cannot pass."""
    baseline = [m for m in wide if m["spec"]["tier"] == "Baseline"][:1]
    for section in ("ingress", "egress"):
        for rule in (rule for m in baseline for rule in m["spec"].get(section, [])):
            rule["action"] = {"Pass": "Deny"}.get(rule["action"], rule["action"])
    return [m for m in wide if m["spec"]["tier"] == "Admin"] + baseline


def _as_admin(manifest: Manifest) -> Manifest:
    """A policy in the words of v1alpha1."""
    spec = manifest["spec"]
    admin = spec["tier"] == "Admin"
    written: Manifest = {"subject": spec["subject"], **({"priority": spec["priority"]} if admin else {})}
    for section, side in (("ingress", "from"), ("egress", "to")):
        if section in spec:
            written[section] = [_as_admin_rule(rule, side) for rule in spec[section]]
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha1",
        "kind": "AdminNetworkPolicy" if admin else "BaselineAdminNetworkPolicy",
        "metadata": manifest["metadata"] if admin else {"name": "default"},
        "spec": written,
    }


def _as_admin_rule(rule: Manifest, side: str) -> Manifest:
    written: Manifest = {"action": {"Accept": "Allow"}.get(rule["action"], rule["action"]), side: rule[side]}
    if "protocols" in rule:
        written["ports"] = [_as_admin_port(port) for port in rule["protocols"]]
    return written


def _as_admin_port(port: Manifest) -> Manifest:
    ((kind, value),) = port.items()
    if kind == "destinationNamedPort":
        return {"namedPort": value}
    ports, protocol = value["destinationPort"], {"protocol": kind.upper()}
    if "range" in ports:
        return {"portRange": {**protocol, **ports["range"]}}
    return {"portNumber": {**protocol, "port": ports["number"]}}


def _load(rng: Random, objects: list[Manifest], plugin: str) -> World:
    assume = GATED.get(plugin, {})
    if plugin == "spec":
        assume = {"same_priority": "by_name", "np_shadows_baseline": "per_direction"}
    return read_world(rng, objects, cni=plugin, assume=assume)


def random_cluster(rng: Random, *, nodes: bool = True) -> list[Manifest]:
    """Up to four ClusterNetworkPolicies of few priorities."""
    return [_policy(rng, number, nodes) for number in range(rng.choice((1, 2, 3, 4)))]


def _policy(rng: Random, number: int, nodes: bool) -> Manifest:
    spec: Manifest = {
        "tier": rng.choice(("Admin", "Admin", "Baseline")),
        "priority": rng.choice((1, 1, 2)),
        "subject": _pods(rng),
    }
    for direction, side in (("ingress", "from"), ("egress", "to")):
        if rng.random() < 0.7:
            spec[direction] = [_rule(rng, side, nodes) for _ in range(rng.choice((1, 1, 2)))]
    return {"apiVersion": _API, "kind": "ClusterNetworkPolicy", "metadata": {"name": f"wide{number}"}, "spec": spec}


def _rule(rng: Random, side: str, nodes: bool) -> Manifest:
    rule: Manifest = {
        "action": rng.choice(("Accept", "Deny", "Pass")),
        side: [_peer(rng, side, nodes) for _ in range(rng.choice((1, 1, 2)))],
    }
    if rng.random() < 0.5:
        pods = all("nodes" not in peer and "networks" not in peer for peer in rule[side])
        rule["protocols"] = [_port(rng, named=pods) for _ in range(rng.choice((1, 2)))]
    return rule


def _pods(rng: Random) -> Manifest:
    namespaces = {"matchLabels": {"kubernetes.io/metadata.name": rng.choice(NAMESPACES)}} if rng.random() < 0.5 else {}
    if rng.random() < 0.5:
        return {"namespaces": namespaces}
    return {"pods": {"namespaceSelector": namespaces, "podSelector": {"matchLabels": {"app": rng.choice(APPS)}}}}


def _peer(rng: Random, side: str, nodes: bool) -> Manifest:
    chance = rng.random()
    if side == "to" and chance < 0.3:
        return {"networks": [rng.choice(CIDRS)]}
    if side == "to" and chance < 0.45 and nodes:
        return {"nodes": {}}
    return _pods(rng)


def _port(rng: Random, *, named: bool) -> Manifest:
    number = rng.choice(PORTS)
    if named and rng.random() < 0.3:
        return {"destinationNamedPort": rng.choice(("http", "dns"))}
    if rng.random() < 0.3:
        return {rng.choice(("tcp", "udp")): {"destinationPort": {"range": {"start": number, "end": number + 1}}}}
    return {rng.choice(("tcp", "udp", "sctp")): {"destinationPort": {"number": number}}}


# the second telling


def said(made: Made, flow: Flow) -> dict[Direction, bool] | None:
    """What each direction makes of a flow under the default reading; None where a label that nobody knows decides."""
    found = {}
    for direction, end, other in ((Direction.EGRESS, flow.src, flow.dst), (Direction.INGRESS, flow.dst, flow.src)):
        word = _direction(made, flow, direction, end, other)
        if word is None:
            return None
        found[direction] = word
    return found


def _direction(made: Made, flow: Flow, direction: Direction, end: Endpoint, other: Endpoint) -> bool | None:
    oracle = _oracle(made.native)
    of_native = oracle.side(direction, flow)
    if end.kind is not EndpointKind.POD or (flow.same and flow.via is None):
        return of_native.allowed
    for tier in ("Admin", "Baseline"):
        hidden = of_native.because != "not isolated" and not _only_exempt(made, flow, direction)
        if tier == "Baseline" and hidden:
            return of_native.allowed
        word = _tier(made, flow, direction, end, other, tier)
        if word in ("unknown", "Accept", "Deny"):
            return {"unknown": None, "Accept": True, "Deny": False}[word]
    return True


def _only_exempt(made: Made, flow: Flow, direction: Direction) -> bool:
    """Whether no NetworkPolicy selects the pod, and an exemption spoke."""
    return not any(_oracle(made.native).asked(direction, flow))


def _tier(made: Made, flow: Flow, direction: Direction, end: Endpoint, other: Endpoint, tier: str) -> str:
    chosen = [m for m in made.cluster if m["spec"]["tier"] == tier]
    for manifest in sorted(chosen, key=lambda m: (m["spec"]["priority"], m["metadata"]["name"])):
        spec = manifest["spec"]
        applies = selected(spec["subject"], end)
        if applies is None:
            return "unknown"
        for rule in spec.get(str(direction), []) if applies else []:
            side = "from" if direction is Direction.INGRESS else "to"
            words = [_meant(peer, other, flow) for peer in rule[side]]
            ports = rule.get("protocols")
            if ports is not None and not any(on_port(port, flow) for port in ports):
                continue
            if None in words and True not in words:
                return "unknown"
            if True in words:
                return str(rule["action"])
    return ""


def selected(peer: Manifest, end: Endpoint) -> bool | None:
    """Whether a subject or a peer means a pod; None where a label that nobody knows decides."""
    if end.kind is not EndpointKind.POD:
        return False
    pods = peer.get("pods", {"namespaceSelector": peer.get("namespaces", {}), "podSelector": {}})
    for name in pods["namespaceSelector"].get("matchLabels", {}).values():
        if end.namespace != name:
            return False
    for key, value in pods["podSelector"].get("matchLabels", {}).items():
        label = end.labels.get(key)
        if isinstance(label, Unknown):
            return None
        if label != value:
            return False
    return True


def _meant(peer: Manifest, end: Endpoint, flow: Flow) -> bool | None:
    if "networks" in peer:
        return flow.dst_ip is not None and any(
            ip_address(str(flow.dst_ip)) in ip_network(block) for block in peer["networks"]
        )
    if "nodes" in peer:
        return end.kind in (EndpointKind.NODE, EndpointKind.HOST_POD)
    return selected(peer, end)


def on_port(port: Manifest, flow: Flow) -> bool:
    """Whether a flow is for one of the ports of a rule."""
    ((kind, value),) = port.items()
    if kind == "destinationNamedPort":
        named = (p for p in flow.dst.ports if p.name == value and p.origin != "init")
        return flow.dst.kind is EndpointKind.POD and any(
            (p.number, p.protocol) == (flow.port, flow.protocol) for p in named
        )
    wanted = value["destinationPort"]
    span = wanted.get("range", {"start": wanted.get("number"), "end": wanted.get("number")})
    return flow.protocol == kind.upper() and flow.port is not None and span["start"] <= flow.port <= span["end"]


@lru_cache(maxsize=4)
def _oracle(world: World) -> Oracle:
    return Oracle(world.policies, world.inventory)
