"""Random worlds with Cilium's policies beside NetworkPolicies; `cilium_said` tells a second time what they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from generate import APPS, CIDRS, NAMESPACES, PORTS, Manifest, cluster
from npverify.analyses.world import World
from plugin_worlds import random_cluster
from request_worlds import CLIENTS, TOPICS, random_entry
from worlds import read_world

NS = "io.kubernetes.pod.namespace"
NS_LABELS = "io.cilium.k8s.namespace.labels."
NAMES = ("a.com", "www.a.com", "x.y.a.com", "b.net")
ASKED: dict[tuple[str, str], tuple[str, ...]] = {
    ("matchName", "a.com"): ("a.com",),
    ("matchPattern", "*"): NAMES,
    ("matchPattern", "*.a.com"): ("www.a.com",),
    ("matchPattern", "**.a.com"): ("www.a.com", "x.y.a.com"),  # until 1.18 of one label, as `*`
    ("matchPattern", "*.*"): ("a.com", "b.net"),
    ("matchPattern", "*a.com"): ("a.com",),
    ("matchName", "B.net."): ("b.net",),
}
"""What rules about DNS let through of these names."""
_About = Callable[[Random, bool, tuple[int, int]], Manifest]
BROKER = 443
"""The port of rules about Kafka, where no rule asks for requests of another kind."""
KEYS: dict[tuple[str, str], tuple[str, ...]] = {
    ("role", "produce"): ("produce", "metadata", "apiversions"),
    ("role", "Consume"): ("fetch", "metadata", "heartbeat", "apiversions"),
    ("apiKey", "fetch"): ("fetch",),
    ("apiKey", "Heartbeat"): ("heartbeat",),
    ("apiKey", "deletetopics"): ("deletetopics",),
}
"""What roles and keys of rules about Kafka let through of `request_worlds.KEYS`."""
ENTITIES = ("all", "world", "cluster", "host", "remote-node", "none")


@dataclass(frozen=True)
class MadeCilium:
    """A world with the manifests that it was read from."""

    policies: list[Manifest]
    world: World
    firewall: bool
    version: tuple[int, int]
    wide: list[Manifest] = field(default_factory=list)
    """Cluster-wide policies, which `cilium_said` does not look at."""


def random_cilium(rng: Random) -> MadeCilium:
    """A small cluster with up to five policies: namespaced and clusterwide ones of Cilium, and NetworkPolicies among them. Some
    worlds are about little but requests and names, so that these decide."""
    version = rng.choice(((1, 18), (1, 19), (1, 19), (1, 20)))
    return _read(rng, random_policies(rng, version), version)


def random_mixed(rng: Random) -> MadeCilium:
    """The same with policies of all three dialects, as 1.20 reads them together."""
    version = (1, 20)
    policies = [_native(rng, 0), _policy(rng, 1, version, _rule), *random_policies(rng, version, first=2, most=3)]
    return _read(rng, policies, version, random_cluster(rng, nodes=False))


def _read(rng: Random, policies: list[Manifest], version: tuple[int, int], wide: Sequence[Manifest] = ()) -> MadeCilium:
    firewall = rng.random() < 0.3
    assume = {
        "host_firewall": "on" if firewall else "off",
        "cilium_sctp": "on",
        "cilium_version": ".".join(map(str, version)),
        **({"cluster_policies": "on"} if wide else {}),
    }
    world = read_world(rng, [*cluster(rng), *policies, *wide], cni="cilium", assume=assume)
    return MadeCilium(policies, world, firewall, version, list(wide))


def random_policies(rng: Random, version: tuple[int, int], first: int = 0, most: int = 5) -> list[Manifest]:
    """Up to five policies, numbered from `first`."""
    draw = rng.random()
    about, native = (_asking, 0.1) if draw < 0.4 else (_rule, 0.3)
    if draw > 0.92 and version < (1, 20):
        about, native = _brokers, 0.1
    return [
        _native(rng, number) if rng.random() < native else _policy(rng, number, version, about)
        for number in range(first, first + rng.randint(1, most))
    ]


def _native(rng: Random, number: int) -> Manifest:
    """A NetworkPolicy, with what Cilium reads otherwise than the API: rules that `policyTypes` leaves out."""
    spec: Manifest = {"podSelector": _plain_selector(rng, ("app", "tier", "pod-template-hash"))}
    if rng.random() < 0.6:
        spec["policyTypes"] = rng.sample(("Ingress", "Egress"), rng.randint(1, 2))
    for section, side in (("ingress", "from"), ("egress", "to")):
        if rng.random() < 0.6:
            spec[section] = [_native_rule(rng, side) for _ in range(rng.randint(0, 2))]
    meta = {"name": f"p{number}", "namespace": rng.choice(NAMESPACES)}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def _native_rule(rng: Random, side: str) -> Manifest:
    rule: Manifest = {}
    if rng.random() < 0.8:
        rule[side] = [_native_peer(rng) for _ in range(rng.randint(0, 2))]
    if rng.random() < 0.5:
        rule["ports"] = [
            {"port": rng.choice(PORTS), "protocol": rng.choice(("TCP", "UDP"))} for _ in range(rng.randint(0, 2))
        ]
    return rule


def _native_peer(rng: Random) -> Manifest:
    if rng.random() < 0.25:
        cidr = rng.choice(("10.0.0.0/8", "0.0.0.0/0", "10.1.0.0/16"))
        return {"ipBlock": {"cidr": cidr, "except": ["10.1.0.0/30"] if rng.random() < 0.3 else []}}
    peer: Manifest = {}
    if rng.random() < 0.7:
        peer["podSelector"] = _plain_selector(rng, ("app", "tier", "pod-template-hash"))
    if not peer or rng.random() < 0.5:
        peer["namespaceSelector"] = _plain_selector(rng, ("env",))
    return peer


def _plain_selector(rng: Random, keys: tuple[str, ...]) -> Manifest:
    if rng.random() < 0.25:
        return {}
    key = rng.choice(keys)
    values = {"app": APPS, "tier": ("a", "b", "")}.get(key, ("prod", "dev", "abc"))
    operator = rng.choice(("In", "NotIn", "Exists", "DoesNotExist"))
    chosen = rng.sample(values, rng.randint(1, 2)) if operator in ("In", "NotIn") else []
    return {"matchExpressions": [{"key": key, "operator": operator, "values": chosen}]}


def _policy(rng: Random, number: int, version: tuple[int, int], about: _About) -> Manifest:
    wide = rng.random() < 0.3
    meta: Manifest = {"name": f"p{number}"}
    if not wide:
        meta["namespace"] = rng.choice(NAMESPACES)
    kind = "CiliumClusterwideNetworkPolicy" if wide else "CiliumNetworkPolicy"
    rules = [about(rng, wide, version) for _ in range(rng.choice((1, 1, 2)))]
    body = {"spec": rules[0]} if len(rules) == 1 else {"specs": rules}
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": meta, **body}


def _asking(rng: Random, wide: bool, version: tuple[int, int]) -> Manifest:
    """A rule about requests to one port."""
    if rng.random() < 0.15:
        return _rule(rng, wide, version)
    if rng.random() < 0.25:
        port = {"port": "53", "protocol": "UDP"}
        asked = [dict([rng.choice(list(ASKED))]) for _ in range(rng.randint(1, 2))]
        names = {"toFQDNs": [{"matchName": name} for name in rng.sample(NAMES, 2)]}
        return {"endpointSelector": {}, "egress": [names, {"toPorts": [{"ports": [port], "rules": {"dns": asked}}]}]}
    direction, side = rng.choice((("ingress", "from"), ("egress", "to")))
    elements: list[Manifest] = []
    for _ in range(rng.randint(1, 2)):
        peers: Manifest = rng.choice(({}, {f"{side}Entities": ["all"]}, {f"{side}Endpoints": [_selector(rng)]}))
        requests = [random_entry(rng) for _ in range(rng.choice((1, 1, 2, 3)))]
        port: Manifest = {"port": rng.choice(("80", "80", "8080")), "protocol": "TCP"}
        if rng.random() < 0.3:
            port |= {"port": "79", "endPort": 81}
        rules = {"rules": {"http": requests}} if rng.random() < 0.8 else {}
        elements.append({**peers, "toPorts": [{"ports": [port], **rules}]})
    selector = rng.choice(({}, {}, _selector(rng)))
    return {"endpointSelector": selector, direction: elements}


def _brokers(rng: Random, wide: bool, version: tuple[int, int]) -> Manifest:
    """A rule about requests of Kafka to one port."""
    direction, side = rng.choice((("ingress", "from"), ("egress", "to")))
    elements: list[Manifest] = []
    for _ in range(rng.randint(1, 2)):
        peers: Manifest = rng.choice(
            ({}, {f"{side}Entities": ["all"]}, {f"{side}Entities": ["host"]}, {f"{side}Endpoints": [_selector(rng)]})
        )
        port: Manifest = {"port": str(BROKER), "protocol": "TCP"}
        if rng.random() < 0.2:
            port |= {"port": str(BROKER - 1), "endPort": BROKER + 1}
        draw = rng.random()
        asked = [_broker_entry(rng) for _ in range(rng.choice((1, 1, 2)))]
        rules = {"rules": {"kafka": asked}} if draw < 0.8 else {}
        elements.append({**peers, **({"toPorts": [{"ports": [port], **rules}]} if draw < 0.95 or not peers else {})})
    rule: Manifest = {"endpointSelector": rng.choice(({}, {}, _selector(rng))), direction: elements}
    if rng.random() < 0.2:
        rule[f"{direction}Deny"] = [{f"{side}Endpoints": [_selector(rng)], "toPorts": [{"ports": [_port(rng)]}]}]
    return rule


def _broker_entry(rng: Random) -> Manifest:
    entry: Manifest = dict([rng.choice(list(KEYS))]) if rng.random() < 0.7 else {}
    for field_, values in (("topic", TOPICS), ("clientID", CLIENTS), ("apiVersion", ("0", "3"))):
        if rng.random() < 0.3:
            entry[field_] = rng.choice(values)
    return entry


def _rule(rng: Random, wide: bool, version: tuple[int, int]) -> Manifest:
    host = wide and rng.random() < 0.25
    rule: Manifest = {"nodeSelector" if host else "endpointSelector": {} if host else _selector(rng)}
    sections = rng.sample(("ingress", "ingressDeny", "egress", "egressDeny"), rng.randint(1, 3))
    for section in sections:
        http = not host and not section.endswith("Deny")
        rule[section] = [_element(rng, section, http=http) for _ in range(rng.randint(1, 2))]
        if version < (1, 19) and rng.random() < 0.2:
            side = "toRequires" if section.startswith("egress") else "fromRequires"
            rule[section][0][side] = [_selector(rng)]
    if rng.random() < 0.3:
        rule["enableDefaultDeny"] = {d: rng.random() < 0.5 for d in ("ingress", "egress") if rng.random() < 0.7}
    return rule


def _selector(rng: Random) -> Manifest:
    draw = rng.random()
    if draw < 0.25:
        return {}
    if draw < 0.7:
        return {"matchLabels": {rng.choice(("", "k8s:", "any:")) + "app": rng.choice(APPS)}}
    key = rng.choice(("app", "tier", NS, f"{NS_LABELS}env", "pod-template-hash"))
    values = {"app": APPS, "tier": ("a", "b", ""), NS: NAMESPACES}.get(key, ("prod", "dev", "abc"))
    operator = rng.choice(("In", "NotIn", "Exists", "DoesNotExist"))
    expression: Manifest = {"key": key, "operator": operator}
    if operator in ("In", "NotIn"):
        expression["values"] = rng.sample(values, rng.randint(1, 2))
    return {"matchExpressions": [expression]}


def _element(rng: Random, section: str, *, http: bool) -> Manifest:
    side = "to" if section.startswith("egress") else "from"
    element: Manifest = {}
    names = ("FQDNs", "FQDNs") if section == "egress" else ()
    kind = rng.choice(("Endpoints", "Endpoints", "Entities", "CIDR", "CIDRSet", "", "none", "reserved", *names))
    if kind == "Endpoints":
        element[f"{side}Endpoints"] = [_selector(rng) for _ in range(rng.randint(0, 2))]
    elif kind == "reserved":
        element[f"{side}Endpoints"] = [
            {"matchLabels": {f"reserved:{rng.choice(('host', 'remote-node', 'world'))}": ""}}
        ]
    elif kind == "Entities":
        element[f"{side}Entities"] = rng.sample(ENTITIES, rng.randint(1, 2))
    elif kind == "FQDNs":
        element["toFQDNs"] = [{"matchName": name} for name in rng.sample(NAMES, rng.randint(1, 2))]
    elif kind == "CIDR":
        element[f"{side}CIDR"] = rng.sample(CIDRS, rng.randint(1, 2))
    elif kind == "CIDRSet":
        holes = ["10.1.0.0/30"] if rng.random() < 0.5 else []
        element[f"{side}CIDRSet"] = [{"cidr": rng.choice(("10.0.0.0/8", "0.0.0.0/0", "10.1.0.0/16")), "except": holes}]
    draw = rng.random()
    if draw < 0.5 or not kind:
        element["toPorts"] = [
            {"ports": [_port(rng) for _ in range(rng.randint(0, 2))]} for _ in range(rng.randint(0, 2))
        ]
        if http and rng.random() < 0.8:
            ports = [{"port": str(rng.choice(PORTS)), "protocol": "TCP"} for _ in range(rng.randint(1, 2))]
            rules = {"http": [random_entry(rng) for _ in range(rng.randint(0, 3))]}
            element["toPorts"].append({"ports": ports, "rules": rules})
        if http and section == "egress" and rng.random() < 0.2:
            rules = {"dns": [dict([rng.choice(list(ASKED))]) for _ in range(rng.randint(0, 2))]}
            # not over TCP, where requests may be asked for too: what cannot be joined is not told here
            element["toPorts"].append({"ports": [{"port": "53", "protocol": "UDP"}], "rules": rules})
    elif draw < 0.7:
        element["icmps"] = [{"fields": [{"type": rng.choice((0, 3, 8, "EchoRequest")), "family": "IPv4"}]}]
    return element


def _port(rng: Random) -> Manifest:
    port: Manifest = {"port": str(rng.choice((*PORTS, 0)))}
    if rng.random() < 0.7:
        port["protocol"] = rng.choice(("TCP", "UDP", "ANY", "SCTP"))
    if rng.random() < 0.2:
        port["endPort"] = rng.choice((81, 443, 9000))
    return port
