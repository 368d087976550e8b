"""What Cilium's policies say of a flow, told a second time.

It reads the manifests by itself, without the dialect, the normal form or the oracle: identities, elements, what denies before
what allows (cilium/cilium pkg/policy/repository.go, pkg/policy/mapstate.go). It knows what `cilium_worlds` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from itertools import permutations
from typing import Any, Literal

from cilium_worlds import ASKED, KEYS, NS, NS_LABELS, MadeCilium
from generate import Manifest
from npverify.inventory.labels import pod_label
from npverify.inventory.model import Endpoint, EndpointKind
from npverify.inventory.unknowns import ABSENT, Unknown
from npverify.normal.flow import Flow, KafkaRequest, Request
from npverify.normal.predicates import Side
from request_worlds import HEADERS, HOSTS, METHODS, PATHS
from worlds import Case


def said(made: MadeCilium, case: Case, direction: str) -> bool:
    """Whether the policies let a flow pass in `ingress` or `egress`."""
    return said_in_full(made, case, direction) != "denied"


def said_in_full(made: MadeCilium, case: Case, direction: str) -> Literal["allowed", "denied", "silent"]:
    """What the policies say of a flow in `ingress` or `egress`; they are silent where none closes the end and none allows."""
    flow = case.flow
    own, peer = (flow.src, flow.dst) if direction == "egress" else (flow.dst, flow.src)
    on_host = own.kind in (EndpointKind.NODE, EndpointKind.HOST_POD)
    if own.kind is not EndpointKind.POD and not (on_host and made.firewall):
        return "allowed"
    if own.kind is EndpointKind.POD and flow.same:
        return "allowed"
    hosts = (EndpointKind.NODE, EndpointKind.HOST_POD)
    if own.kind in hosts and peer.kind in hosts and flow.own_node:
        return "allowed"  # one node and what runs on it
    address = flow.src_ip if direction == "egress" else flow.dst_ip
    if flow.protocol == "ICMP" and flow.icmp == (3, 4) and address is not None and address.family == 4:
        return "allowed"
    view = _View(made, case, direction, own, peer)
    rules = [(p, r) for p in made.policies for r in _rules(p) if view.about(p, r)]
    view.rules.extend(rules)
    denied = any(view.matches(p, e) for p, r in rules for e in r.get(f"{direction}Deny", []))
    if denied:
        return "denied"
    if direction == "ingress" and own.kind is EndpointKind.POD and flow.own_node and peer.kind is not EndpointKind.POD:
        return "allowed"
    if any(view.judged_by_another(*pair) for pair in permutations(view.items(), 2)):
        return "denied"
    closed = False
    for _, rule in rules:
        if rule.get(direction) or rule.get(f"{direction}Deny"):
            closed |= rule.get("enableDefaultDeny", {}).get(direction, True)
    if any(view.matches(p, e) for p, r in rules for e in r.get(direction, [])):
        return "allowed"
    return "denied" if closed else "silent"


def _rules(policy: Manifest) -> list[Manifest]:
    """The rules of an object; those of a NetworkPolicy as Cilium understands it: a listed direction has an element, and what
    has rules is closed whether it is listed or not."""
    if policy["kind"] != "NetworkPolicy":
        return [policy["spec"]] if "spec" in policy else policy["specs"]
    spec = policy["spec"]
    rule: Manifest = {"endpointSelector": spec["podSelector"]}
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    for section, side in (("ingress", "from"), ("egress", "to")):
        elements = [_translated(element, side) for element in spec.get(section, [])]
        if elements or section.capitalize() in types:
            rule[section] = elements or [{}]
    return [rule]


def _translated(element: Manifest, side: str) -> Manifest:
    found: Manifest = {f"{side}Native": element[side]} if element.get(side) else {f"{side}Entities": ["all"]}
    if element.get("ports"):
        ports = [{"port": str(port["port"]), "protocol": port["protocol"]} for port in element["ports"]]
        found["toPorts"] = [{"ports": ports}]
    return found


@dataclass(frozen=True)
class _View:
    """One end that is judged, and the other. Guards the rules about it, with their policies."""

    made: MadeCilium
    case: Case
    direction: str
    own: Endpoint
    peer: Endpoint
    rules: list[tuple[Manifest, Manifest]] = field(default_factory=list)

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
        return self.carries(element) and self.meets_all(policy, element)

    def items(self) -> Iterator[tuple[Manifest, Manifest, Manifest]]:
        """What allows something at its ports: a policy, an element, and the item of `toPorts` of it."""
        for policy, rule in self.rules:
            for element in rule.get(self.direction, []):
                for item in element.get("toPorts", []):
                    yield policy, element, item
                if not element.get("toPorts") and not element.get("icmps"):
                    yield policy, element, {"ports": [{"port": "0"}], "whole": True}

    def judged_by_another(
        self, one: tuple[Manifest, Manifest, Manifest], two: tuple[Manifest, Manifest, Manifest]
    ) -> bool:
        """Whether of two items for ports that overlap without being the same, of which the first asks for requests, it is the
        one that refuses a request which judges it."""
        which = "of two rules for overlapping ports the stricter one judges the request"
        asked = one[2].get("rules", {})
        names = bool(asked.get("dns")) and {"matchPattern": "*"} not in asked["dns"]
        if self.case.reading.get(which) != "true" or not (asked.get("http") or asked.get("kafka") or names):
            return False
        if "whole" in two[2] and not names:  # of an element without ports Envoy is told, and the DNS proxy is not
            return False
        if not any(_overlap(p, q) for p in one[2]["ports"] for q in two[2]["ports"]):
            return False
        both = (one, two)
        at_both = all(any(map(self.at, item["ports"])) and self.meets_all(p, e) for p, e, item in both)
        return at_both and not all(self.asks(item) for _, _, item in both)

    def meets_all(self, policy: Manifest, element: Manifest) -> bool:
        """Whether an element means the peer, which is all that is required."""
        return self.meets(policy, element) and self.required(policy, element)

    def required(self, policy: Manifest, element: Manifest) -> bool:
        """Until 1.18: what the rules about this end ask of the selectors of each other, apart for what denies."""
        if not any(key.endswith(("Endpoints", "Native")) and value for key, value in element.items()):
            return True
        if any(key.endswith("Native") for key in element) and self.block_alone(policy, element):
            return True
        deny = any(element in rule.get(f"{self.direction}Deny", []) for _, rule in self.rules)
        section = f"{self.direction}Deny" if deny else self.direction
        return all(
            self.endpoint(selector, other["metadata"].get("namespace"), reserved=False)
            for other, rule in self.rules
            for each in rule.get(section, [])
            for key, selectors in each.items()
            if key.endswith("Requires")
            for selector in selectors
        )

    def block_alone(self, policy: Manifest, element: Manifest) -> bool:
        """Whether it is an ipBlock of a NetworkPolicy that means the peer, of which nothing is required."""
        items = next(value for key, value in element.items() if key.endswith("Native"))
        return any("ipBlock" in item and self.native(item, policy["metadata"]["namespace"]) for item in items)

    def native(self, peer: Manifest, namespace: str) -> bool:
        """A peer of a NetworkPolicy."""
        if "ipBlock" in peer:
            if self.block(peer["ipBlock"]["cidr"], peer["ipBlock"]["except"], in_set=True):
                return True
            beside = "an ipBlock of an ingress rule lets in the pods of the policy's namespace"
            local = self.peer.kind is EndpointKind.POD and self.peer.namespace == namespace
            open_ = self.made.version >= (1, 19) and self.direction == "ingress"
            return local and open_ and self.case.reading.get(beside) == "true"
        spaces = peer.get("namespaceSelector")
        if self.peer.kind is not EndpointKind.POD and (self.made.version >= (1, 19) or not spaces):
            return False  # until 1.18 nothing but a positive requirement asks that there is a namespace
        asked = [] if spaces is None else [(f"{NS_LABELS}{e['key']}", e) for e in spaces.get("matchExpressions", [])]
        asked += [(e["key"], e) for e in peer.get("podSelector", {}).get("matchExpressions", [])]
        if spaces is None and self.peer.namespace != namespace:
            return False
        return all(self.holds(self.peer, "peer", key, e["operator"], e["values"]) for key, e in asked)

    def meets(self, policy: Manifest, element: Manifest) -> bool:
        side = "to" if self.direction == "egress" else "from"
        lists = {
            key: value
            for key, value in element.items()
            if key.startswith(side) and key != "toPorts" and not key.endswith("Requires")
        }
        if any(value == [] for value in lists.values()):
            return False
        if not lists:
            return bool(element.get("toPorts") or element.get("icmps"))
        for key, items in lists.items():
            for item in items:
                if key.endswith("Endpoints") and self.endpoint(item, policy["metadata"].get("namespace")):
                    return True
                if key.endswith("Native") and self.native(item, policy["metadata"]["namespace"]):
                    return True
                if key.endswith("Entities") and self.entity(item):
                    return True
                if key == "toFQDNs" and self.resolves(item["matchName"]):
                    return True
                if key.endswith("CIDR") and self.block(item, []):
                    return True
                if key.endswith("CIDRSet") and self.block(item["cidr"], item["except"], in_set=True):
                    return True
        return False

    def resolves(self, name: str) -> bool:
        """Whether a name stands for the address outside, which is known only if some rule lets a pod ask for it."""
        rules = (rule for policy in self.made.policies for rule in _rules(policy))
        ports = (item for rule in rules for element in rule.get("egress", []) for item in element.get("toPorts", []))
        asked = (entry for item in ports for entry in item.get("rules", {}).get("dns", []))
        known = any(name in self.asked_by(entry) for entry in asked)
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
        """Whether one of the entries of `http` asks for the request, or one of `dns` for the name of the query, if there are any;
        of a node's own request nobody asks."""
        if (names := item.get("rules", {}).get("dns")) and self.flow.dns is not None:
            return any(self.flow.dns in self.asked_by(entry) for entry in names)
        if brokers := item.get("rules", {}).get("kafka"):
            sent, own = self.flow.kafka, self.direction == "ingress" and self.entity("host")
            return own or sent is None or any(_is_sent(entry, sent) for entry in brokers)
        entries = item.get("rules", {}).get("http", [])
        if not entries or {} in entries or (self.direction == "ingress" and self.entity("host")):
            return True
        request = self.flow.http
        return request is not None and any(self.asks_for(entry, request) for entry in entries)

    def asked_by(self, entry: Manifest) -> tuple[str, ...]:
        """The names that an entry of `dns` lets through."""
        ((kind, text),) = entry.items()
        return ASKED[kind, "*.a.com" if text == "**.a.com" and self.made.version < (1, 19) else text]

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

    def endpoint(self, selector: Manifest, namespace: str | None, *, reserved: bool = True) -> bool:
        for key in selector.get("matchLabels", {}):
            if key == "reserved:world":  # a label that the outside does not have where there are two families
                return reserved and self.entity("world") and self.one_family
            if key.startswith("reserved:"):
                return reserved and self.entity(key.removeprefix("reserved:"))
        keys = [*selector.get("matchLabels", {}), *(e["key"] for e in selector.get("matchExpressions", []))]
        by_labels = any(key.startswith(NS_LABELS) for key in keys)
        free = NS in keys or by_labels
        if self.peer.kind is not EndpointKind.POD:
            # every other selector asks for the own cluster since 1.19; before, only what asks for a namespace leaves them out
            if self.made.version >= (1, 19) or not (NS in keys or (namespace and by_labels)):
                return False
            return self.selects(selector, self.peer, "peer")
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

    def block(self, cidr: str, holes: list[str], *, in_set: bool = False) -> bool:
        address = self.flow.dst_ip if self.direction == "egress" else self.flow.src_ip
        if self.peer.kind is not EndpointKind.EXTERNAL or address is None:
            return False
        here = ip_address(str(address))
        whole = self.made.version < (1, 19) and in_set and cidr == "0.0.0.0/0"
        if whole and 4 not in self.made.world.inventory.families:
            return here.version == 6  # the /0 of a family that the cluster does not have was the whole world
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
        if end.kind is not EndpointKind.POD:
            return None
        if key == NS:
            return end.namespace
        if key == "pod-template-hash":
            return None
        if key.startswith(NS_LABELS):
            key = key.removeprefix(NS_LABELS)
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


def _overlap(one: Manifest, two: Manifest) -> bool:
    """Whether two entries of ports are about some of the same without being for the same numbers."""
    protocols = {port.get("protocol", "ANY") for port in (one, two)} - {"ANY"}
    (a, b), (c, d) = map(_numbers, (one, two))
    return len(protocols) < 2 and (a, b) != (c, d) and a <= d and c <= b


def _numbers(port: Manifest) -> tuple[int, int]:
    first = int(port["port"])
    return (first, max(first, port.get("endPort", first))) if first else (0, 65535)


def _is(known: Mapping[str, Callable[[str], bool]], entry: Manifest, key: str, sent: str) -> bool:
    return key not in entry or known[entry[key]](sent)


def _is_sent(entry: Manifest, sent: KafkaRequest) -> bool:
    """Whether an entry of `kafka` asks for a request (cilium/proxy proxylib/kafka/kafkalib): a topic only of requests that have
    one which the proxy reads, and version 0 carries no client."""
    keys = next((KEYS[one] for one in entry.items() if one in KEYS), None)
    if keys is not None and sent.key not in keys:
        return False
    if "apiVersion" in entry and int(entry["apiVersion"]) != sent.version:
        return False
    if "clientID" in entry and (sent.version == 0 or entry["clientID"] != sent.client):
        return False
    return "topic" not in entry or sent.key in ("heartbeat", "apiversions") or entry["topic"] == sent.topic
