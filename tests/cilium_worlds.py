"""Random worlds with Cilium's policies beside NetworkPolicies, and what they say, told a second time.

`said` reads the manifests by itself, without the dialect, the normal form or the oracle: identities, elements, what denies
before what allows (cilium/cilium pkg/policy/repository.go, pkg/policy/mapstate.go). It knows what the generator writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from random import Random
from typing import Any

import npverify
from generate import APPS, CIDRS, NAMESPACES, PORTS, Manifest, cluster
from npverify.analyses.world import World
from npverify.inventory.labels import pod_label
from npverify.inventory.model import Endpoint, EndpointKind
from npverify.inventory.unknowns import ABSENT, Unknown
from npverify.normal.flow import Flow, Request
from npverify.normal.predicates import Side
from request_worlds import HEADERS, HOSTS, METHODS, PATHS, random_entry
from worlds import Case

_NS = "io.kubernetes.pod.namespace"
_NS_LABELS = "io.cilium.k8s.namespace.labels."
NAMES = ("a.com", "www.a.com", "x.y.a.com", "b.net")
ASKED: dict[tuple[str, str], tuple[str, ...]] = {
    ("matchName", "a.com"): ("a.com",),
    ("matchPattern", "*"): NAMES,
    ("matchPattern", "*.a.com"): ("www.a.com",),
    ("matchPattern", "**.a.com"): ("www.a.com", "x.y.a.com"),
    ("matchPattern", "*.*"): ("a.com", "b.net"),
    ("matchPattern", "*a.com"): ("a.com",),
    ("matchName", "B.net."): ("b.net",),
}
"""What rules about DNS let through of these names."""
ENTITIES = ("all", "world", "cluster", "host", "remote-node", "none")


@dataclass(frozen=True)
class MadeCilium:
    """A world with the manifests that it was read from."""

    policies: list[Manifest]
    world: World
    firewall: bool


def random_cilium(rng: Random) -> MadeCilium:
    """A small cluster with up to five policies of Cilium; some are about little but requests, so that these decide."""
    about = _asking if rng.random() < 0.4 else _rule
    policies = [_policy(rng, number, about) for number in range(rng.randint(1, 5))]
    text = "\n---\n".join(json.dumps(manifest) for manifest in [*cluster(rng), *policies])
    firewall = rng.random() < 0.3
    assume = {"host_firewall": "on" if firewall else "off", "cilium_sctp": "on", "cilium_version": "1.19"}
    world = npverify.load(["-"], cni="cilium", assume=assume, stdin=text.encode).world
    return MadeCilium(policies, world, firewall)


def _policy(rng: Random, number: int, about: Callable[[Random, bool], Manifest]) -> Manifest:
    wide = rng.random() < 0.3
    meta: Manifest = {"name": f"p{number}"}
    if not wide:
        meta["namespace"] = rng.choice(NAMESPACES)
    kind = "CiliumClusterwideNetworkPolicy" if wide else "CiliumNetworkPolicy"
    rules = [about(rng, wide) for _ in range(rng.choice((1, 1, 2)))]
    body = {"spec": rules[0]} if len(rules) == 1 else {"specs": rules}
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": meta, **body}


def _asking(rng: Random, wide: bool) -> Manifest:
    """A rule about requests to one port."""
    if rng.random() < 0.15:
        return _rule(rng, wide)
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
        port = {"port": rng.choice(("80", "80", "8080")), "protocol": "TCP"}
        elements.append({**peers, "toPorts": [{"ports": [port], "rules": {"http": requests}}]})
    selector = rng.choice(({}, {}, _selector(rng)))
    return {"endpointSelector": selector, direction: elements}


def _rule(rng: Random, wide: bool) -> Manifest:
    host = wide and rng.random() < 0.25
    rule: Manifest = {"nodeSelector" if host else "endpointSelector": {} if host else _selector(rng)}
    sections = rng.sample(("ingress", "ingressDeny", "egress", "egressDeny"), rng.randint(1, 3))
    for section in sections:
        http = not host and not section.endswith("Deny")
        rule[section] = [_element(rng, section, http=http) for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.3:
        rule["enableDefaultDeny"] = {d: rng.random() < 0.5 for d in ("ingress", "egress") if rng.random() < 0.7}
    return rule


def _selector(rng: Random) -> Manifest:
    draw = rng.random()
    if draw < 0.25:
        return {}
    if draw < 0.7:
        return {"matchLabels": {rng.choice(("", "k8s:", "any:")) + "app": rng.choice(APPS)}}
    key = rng.choice(("app", "tier", _NS, f"{_NS_LABELS}env", "pod-template-hash"))
    values = {"app": APPS, "tier": ("a", "b", ""), _NS: NAMESPACES}.get(key, ("prod", "dev", "abc"))
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
            element["toPorts"].append(
                {"ports": [{"port": "53", "protocol": rng.choice(("UDP", "ANY"))}], "rules": rules}
            )
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


def said(made: MadeCilium, case: Case, direction: str) -> bool:
    """Whether the policies let a flow pass in `ingress` or `egress`."""
    flow = case.flow
    own, peer = (flow.src, flow.dst) if direction == "egress" else (flow.dst, flow.src)
    on_host = own.kind in (EndpointKind.NODE, EndpointKind.HOST_POD)
    if own.kind is not EndpointKind.POD and not (on_host and made.firewall):
        return True
    if own.kind is EndpointKind.POD and flow.same:
        return True
    hosts = (EndpointKind.NODE, EndpointKind.HOST_POD)
    if own.kind in hosts and peer.kind in hosts and flow.own_node:
        return True  # one node and what runs on it
    address = flow.src_ip if direction == "egress" else flow.dst_ip
    if flow.protocol == "ICMP" and flow.icmp == (3, 4) and address is not None and address.family == 4:
        return True
    view = _View(made, case, direction, own, peer)
    rules = [(p, r) for p in made.policies for r in ([p["spec"]] if "spec" in p else p["specs"]) if view.about(p, r)]
    denied = any(view.matches(p, e) for p, r in rules for e in r.get(f"{direction}Deny", []))
    if denied:
        return False
    if direction == "ingress" and own.kind is EndpointKind.POD and flow.own_node and peer.kind is not EndpointKind.POD:
        return True
    closed = False
    for _, rule in rules:
        if rule.get(direction) or rule.get(f"{direction}Deny"):
            closed |= rule.get("enableDefaultDeny", {}).get(direction, True)
    return not closed or any(view.matches(p, e) for p, r in rules for e in r.get(direction, []))


@dataclass(frozen=True)
class _View:
    """One end that is judged, and the other."""

    made: MadeCilium
    case: Case
    direction: str
    own: Endpoint
    peer: Endpoint

    @property
    def flow(self) -> Flow:
        return self.case.flow

    def about(self, policy: Manifest, rule: Manifest) -> bool:
        host = "nodeSelector" in rule
        if host is not (self.own.kind in (EndpointKind.NODE, EndpointKind.HOST_POD)):
            return False
        namespace = policy["metadata"].get("namespace")
        if namespace and self.own.namespace != namespace:
            return False
        return host or self.selects(rule["endpointSelector"], self.own, "own")

    def matches(self, policy: Manifest, element: Manifest) -> bool:
        return self.meets(policy, element) and self.carries(element)

    def meets(self, policy: Manifest, element: Manifest) -> bool:
        side = "to" if self.direction == "egress" else "from"
        lists = {key: value for key, value in element.items() if key.startswith(side) and key not in ("toPorts",)}
        if any(value == [] for value in lists.values()):
            return False
        if not lists:
            return bool(element.get("toPorts") or element.get("icmps"))
        for key, items in lists.items():
            for item in items:
                if key.endswith("Endpoints") and self.endpoint(item, policy["metadata"].get("namespace")):
                    return True
                if key.endswith("Entities") and self.entity(item):
                    return True
                if key == "toFQDNs" and self.resolves(item["matchName"]):
                    return True
                if key.endswith("CIDR") and self.block(item, []):
                    return True
                if key.endswith("CIDRSet") and self.block(item["cidr"], item["except"]):
                    return True
        return False

    def resolves(self, name: str) -> bool:
        """Whether a name stands for the address outside, which is known only if some rule lets a pod ask for it."""
        rules = (r for p in self.made.policies for r in ([p["spec"]] if "spec" in p else p["specs"]))
        ports = (item for rule in rules for element in rule.get("egress", []) for item in element.get("toPorts", []))
        asked = (entry for item in ports for entry in item.get("rules", {}).get("dns", []))
        known = any(name in ASKED[next(iter(entry.items()))] for entry in asked)
        fact = self.case.reading.get(f"{name} resolves to the address of the destination")
        return known and self.peer.kind is EndpointKind.EXTERNAL and fact == "true"

    def carries(self, element: Manifest) -> bool:
        flow = self.flow
        if element.get("icmps"):
            address = flow.src_ip if self.direction == "egress" else flow.dst_ip
            types = {8 if f["type"] == "EchoRequest" else f["type"] for i in element["icmps"] for f in i["fields"]}
            if flow.protocol != "ICMP" or flow.icmp is None or address is None or address.family != 4:
                return False
            return 0 in types or flow.icmp[0] in types
        if not element.get("toPorts"):
            return True
        return any(self.at(port) and self.asks(item) for item in element["toPorts"] for port in item["ports"])

    def asks(self, item: Manifest) -> bool:
        """Whether one of the entries of `http` asks for the request, if there are any; of a node's own nobody asks."""
        entries = item.get("rules", {}).get("http", [])
        if not entries or {} in entries or (self.direction == "ingress" and self.entity("host")):
            return True
        sent = self.flow.http
        return sent is not None and any(self.asks_for(entry, sent) for entry in entries)

    def asks_for(self, entry: Manifest, sent: Request) -> bool:
        headers = {name.lower(): value for name, value in sent.headers or ()}
        return (
            _is(METHODS, entry, "method", sent.method)
            and _is(PATHS, entry, "path", sent.path)
            and _is(HOSTS, entry, "host", sent.host)
            and all(HEADERS[header](headers) for header in entry.get("headers", []))
        )

    def at(self, port: Manifest) -> bool:
        flow = self.flow
        protocol = port.get("protocol", "ANY")
        if flow.port is None or flow.protocol not in (("TCP", "UDP", "SCTP") if protocol == "ANY" else (protocol,)):
            return False
        first = int(port["port"])
        return first == 0 or first <= flow.port <= max(first, port.get("endPort", first))

    def endpoint(self, selector: Manifest, namespace: str | None) -> bool:
        for key in selector.get("matchLabels", {}):
            if key == "reserved:world":  # a label that the outside does not have where there are two families
                return self.entity("world") and self.one_family
            if key.startswith("reserved:"):
                return self.entity(key.removeprefix("reserved:"))
        if self.peer.kind is not EndpointKind.POD:
            return False  # every other selector asks for the own cluster
        keys = [*selector.get("matchLabels", {}), *(e["key"] for e in selector.get("matchExpressions", []))]
        free = _NS in keys or any(key.startswith(_NS_LABELS) for key in keys)
        if namespace and not free and self.peer.namespace != namespace:
            return False
        return self.selects(selector, self.peer, "peer")

    @property
    def one_family(self) -> bool:
        alone = self.case.reading.get("the agent knows one address family alone") == "true"
        return alone or len(self.made.world.inventory.families) == 1

    def entity(self, name: str) -> bool:
        kind = self.peer.kind
        on_host = kind in (EndpointKind.NODE, EndpointKind.HOST_POD)
        local = on_host and self.flow.own_node and self.own.kind is EndpointKind.POD
        api = "the API server has the address of the " + ("destination" if self.direction == "egress" else "source")
        return {
            "all": True,
            "world": kind is EndpointKind.EXTERNAL,
            "cluster": kind is EndpointKind.POD or on_host or self.case.reading.get(api) == "true",
            "host": local,
            "remote-node": on_host and not local,
            "none": False,
        }[name]

    def block(self, cidr: str, holes: list[str]) -> bool:
        address = self.flow.dst_ip if self.direction == "egress" else self.flow.src_ip
        if self.peer.kind is not EndpointKind.EXTERNAL or address is None:
            return False
        here = ip_address(str(address))
        return here in ip_network(cidr) and not any(here in ip_network(hole) for hole in holes)

    def selects(self, selector: Manifest, end: Endpoint, which: str) -> bool:
        asked = [(key.split(":")[-1], "In", [value]) for key, value in selector.get("matchLabels", {}).items()]
        asked += [(e["key"], e["operator"], e.get("values", [])) for e in selector.get("matchExpressions", [])]
        return all(self.holds(end, which, *one) for one in asked)

    def holds(self, end: Endpoint, which: str, key: str, operator: str, values: list[str]) -> bool:
        value = self.label(end, which, key)
        present = value is not None and (operator in ("Exists", "DoesNotExist") or value in values)
        return present is not (operator in ("NotIn", "DoesNotExist"))

    def label(self, end: Endpoint, which: str, key: str) -> str | None:
        found: Any
        if key == _NS:
            return end.namespace
        if key == "pod-template-hash":
            return None
        if key.startswith(_NS_LABELS):
            key = key.removeprefix(_NS_LABELS)
            space = self.made.world.inventory.namespaces.get(end.namespace)
            found = space.labels.get(key) if space else None
            if found is None and not (space and space.declared):
                found = self.case.reading.get(f"label {key} of namespace {end.namespace}", ABSENT)
        else:
            side = Side.SRC if (which == "own") is (self.direction == "egress") else Side.DST
            found = pod_label(end, key, side)
            if isinstance(found, Unknown):
                found = found.value_in(self.case.reading)
        return None if found == ABSENT else found


def _is(known: Mapping[str, Callable[[str], bool]], entry: Manifest, key: str, sent: str) -> bool:
    return key not in entry or known[entry[key]](sent)
