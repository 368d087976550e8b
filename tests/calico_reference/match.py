"""Whether a rule matches a packet: every criterion that is given must hold, and each looks at the packet, never at a sender.

Sources: libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go (the selector of a side), felix/calc/rule_scanner.go
(positive and negative selectors, named ports, services) and felix/rules/policy.go (FilterRuleToIPVersion).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from posixpath import normpath
from typing import Any
from urllib.parse import unquote

from calico_reference.flow import Flow
from calico_reference.nets import ip_network
from calico_reference.objects import NAMESPACE, NUMBERS, Found, Objects, Pod
from calico_reference.selectors import selects, with_prefix
from reference import Manifest

Address = IPv4Address | IPv6Address

_WITH_PORTS = (6, 17, 132)
_CATCH_ALL = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True)
class Packet:
    """A packet with everything in the cluster that a rule may compare it with."""

    src: Address
    dst: Address
    protocol: int
    src_port: int | None
    port: int | None
    icmp: tuple[int, int] | None
    found: Sequence[Found]
    pods: Sequence[Pod]
    objects: Objects
    flow: Flow

    @classmethod
    def of(cls, flow: Flow, objects: Objects) -> Packet:
        """The packet of a flow, as it is behind a Service."""
        src, dst = ip_address(flow.src.ip), ip_address(flow.dst.ip)
        number = NUMBERS.get(flow.protocol)
        if flow.protocol == "ICMP" and src.version == 6:
            number = NUMBERS["ICMPv6"]
        if number is None:
            number = int(flow.protocol)
        found, pods = objects.found(flow), objects.pods(flow)
        return cls(src, dst, number, flow.src_port, flow.port, flow.icmp, found, pods, objects, flow)


def matches(rule: Manifest, namespace: str, packet: Packet) -> bool:
    """Whether a v3 rule of a policy in `namespace` ("" for none) matches. `http` only counts where there is a proxy."""
    sides = [rule.get("source", {}), rule.get("destination", {})]
    if not _right_family(rule, sides, packet.src.version):
        return False
    if "protocol" in rule and _number(rule["protocol"]) != packet.protocol:
        return False
    if "notProtocol" in rule and _number(rule["notProtocol"]) == packet.protocol:
        return False
    if "icmp" in rule and not _icmp(rule["icmp"], packet):
        return False
    if "notICMP" in rule and rule["notICMP"] and _icmp(rule["notICMP"], packet):
        return False
    protocol = _number(rule["protocol"]) if "protocol" in rule else None
    ends = ((sides[0], packet.src, packet.src_port), (sides[1], packet.dst, packet.port))
    if not all(_side(side, namespace, address, port, protocol, packet) for side, address, port in ends):
        return False
    if (
        packet.flow.proxy
        and "http" in rule
        and packet.protocol == NUMBERS["TCP"]
        and not _asks(rule["http"], packet.flow)
    ):
        return False
    return _services(sides, packet)


def _asks(http: Manifest, flow: Flow) -> bool:
    """Whether a request is one of those that a rule is about: app-policy/checker/match.go matchHTTP."""
    method, path = flow.request or ("", "")
    if http.get("methods") and not {"*", method} & set(http["methods"]):
        return False
    here = path.split("?")[0]
    if flow.proxy == "as served":
        here = normpath(unquote(here))
    for test in http.get("paths", []) if path else []:
        there = test.get("exact") or test["prefix"]
        if here == there or ("prefix" in test and here.startswith(there if flow.proxy == "as sent" else there + "/")):
            return True
        if "prefix" in test and there == "/":
            return True
    return not http.get("paths")


def _number(protocol: Any) -> int:
    return NUMBERS[protocol] if protocol in NUMBERS else int(protocol)


def _icmp(written: Manifest, packet: Packet) -> bool:
    if packet.icmp is None:
        return False
    type_, code = packet.icmp
    return written.get("type", type_) == type_ and written.get("code", code) == code


def _right_family(rule: Manifest, sides: list[Manifest], version: int) -> bool:
    """Whether the rule is rendered at all for packets of this family."""
    implied = {"ICMP": 4, "ICMPv6": 6}.get(rule.get("protocol", ""))
    if rule.get("ipVersion", implied) not in (None, version):
        return False
    for side in sides:
        for key in ("nets", "notNets"):
            kept = [net for net in side.get(key, []) if ip_network(net).version == version]
            if side.get(key, []) and not kept:
                return False
            if key == "notNets" and any(net in _CATCH_ALL for net in kept):
                return False
    return True


def _side(
    side: Manifest, namespace: str, address: Address, port: int | None, protocol: int | None, packet: Packet
) -> bool:
    inside = [address in ip_network(net) for net in side.get("nets", [])]
    if inside and not any(inside):
        return False
    if any(address in ip_network(net) for net in side.get("notNets", [])):
        return False
    positive, negative = selector_of(side, namespace), side.get("notSelector", "")
    if positive and negative:  # one object has to satisfy both
        positive, negative = f"({positive}) && (!({negative}))", ""
    having_address = [o for o in packet.found if any(address in net for net in o.nets)]
    if negative and any(selects(negative, o.labels) for o in having_address):
        return False
    in_selector = not positive or any(selects(positive, o.labels) for o in having_address)
    named = {
        name
        for o in having_address
        if not positive or selects(positive, o.labels)
        for name, of, number in o.ports
        if of == packet.protocol and number == port and protocol in (None, of)
    }
    ports, not_ports = side.get("ports", []), side.get("notPorts", [])
    only_named = bool(ports) and all(_is_name(p) for p in ports)
    if not only_named and not in_selector:  # the selector of a named port is that of its IP set
        return False
    if ports and not any(_port(p, port, packet.protocol, named) for p in ports):
        return False
    return not any(_port(p, port, packet.protocol, named) for p in not_ports)


def _is_name(port: Any) -> bool:
    """Digits, and two numbers around a colon, are numbers also where they are written as text."""
    return isinstance(port, str) and not re.fullmatch(r"[0-9]+(:[0-9]+)?", port)


def _port(written: Any, port: int | None, protocol: int, named: set[str]) -> bool:
    if _is_name(written):
        return written in named
    if port is None or protocol not in _WITH_PORTS:
        return False
    first, _, last = str(written).partition(":")
    return int(first) <= port <= int(last or first)


def selector_of(side: Manifest, namespace: str) -> str:
    """The positive selector of a side as one text, "" for none: getEndpointSelector."""
    given, scope = side.get("selector", ""), side.get("namespaceSelector", "")
    parts = [text for text in (_accounts(side.get("serviceAccounts", {})), given) if text]
    own = parts[0] if len(parts) == 1 else " && ".join(f"({part})" for part in parts)
    within = ""
    if scope:
        within = with_prefix(scope, "pcns.")
        within = within.replace("all()", f"has({NAMESPACE})").replace("global()", f"!has({NAMESPACE})")
    elif namespace:
        within = f"{NAMESPACE} == '{namespace}'"
    if within and (own or scope or side.get("notSelector", "")):
        return f"({within}) && ({own})" if own else within
    return own


def _accounts(accounts: Manifest) -> str:
    selector = with_prefix(accounts["selector"], "pcsa.") if accounts.get("selector") else ""
    if not accounts.get("names"):
        return selector
    names = "', '".join(accounts["names"])
    listed = f"projectcalico.org/serviceaccount in {{ '{names}' }}"
    return f"({selector}) && ({listed})" if selector else listed


def _services(sides: list[Manifest], packet: Packet) -> bool:
    """A source has to be behind its Service, a destination also by protocol and port."""
    source, destination = (side.get("services") for side in sides)
    if source is not None and packet.src not in {address for address, _ in _behind(source, packet, "source")}:
        return False
    to = (packet.protocol, packet.port)
    return destination is None or any(
        at == packet.dst and to in ports for at, ports in _behind(destination, packet, "destination")
    )


def _behind(service: Manifest, packet: Packet, side: str) -> Iterator[tuple[Address, list[tuple[int, int]]]]:
    """The addresses in the EndpointSlices of a Service, each with its protocols and ports; a pod without the named port of
    the Service is there with none. Without a namespace no Service is found."""
    name, namespace = service["name"], service.get("namespace", "")
    end, address = (packet.flow.src, packet.src) if side == "source" else (packet.flow.dst, packet.dst)
    shared = (f"{namespace}/{name}", side) in packet.objects.facts.sharing and packet.objects.is_host(end)
    for manifest in packet.objects.of("Service"):
        meta, spec = manifest["metadata"], manifest["spec"]
        if (meta["name"], meta.get("namespace", "default")) != (name, namespace) or not spec.get("selector"):
            continue
        for pod in packet.pods:
            if pod.owner[1] == namespace and spec["selector"].items() <= pod.labels.items():
                ports = [target for port in spec["ports"] for target in _target(port, pod)]
                yield from ((net[0], ports) for net in pod.nets)
                if shared and pod.spec.get("hostNetwork") and not pod.nets:
                    yield address, ports
    for manifest in packet.objects.of("EndpointSlice"):
        meta = manifest["metadata"]
        of = meta.get("labels", {}).get("kubernetes.io/service-name")
        if (of, meta.get("namespace", "default")) == (name, namespace):
            ports = [(_number(p.get("protocol", "TCP")), p["port"]) for p in manifest.get("ports", []) if "port" in p]
            yield from ((ip_address(a), ports) for e in manifest["endpoints"] for a in e["addresses"])


def _target(port: Manifest, pod: Pod) -> list[tuple[int, int]]:
    """Protocol and number of a Service's port on a pod; none if the pod lacks the named port."""
    protocol, target = port.get("protocol", "TCP"), port.get("targetPort", port["port"])
    if isinstance(target, int):
        return [(_number(protocol), target)]
    sidecars = [c for c in pod.spec.get("initContainers", []) if c.get("restartPolicy") == "Always"]
    ports = [p for c in (*pod.spec["containers"], *sidecars) for p in c.get("ports", [])]
    numbers = [p["containerPort"] for p in ports if (p.get("name"), p.get("protocol", "TCP")) == (target, protocol)]
    return [(_number(protocol), number) for number in numbers[:1]]
