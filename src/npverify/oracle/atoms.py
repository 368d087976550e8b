"""The truth of a predicate on one concrete flow under one reading: one function per atom of `normal.predicates`.

What an evaluation looked at beyond the flow itself (unknowns, addresses nobody knows) can be recorded. An unknown that was
not looked at cannot change the answer while everything else stays, so the record is all that a caller has to vary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from npverify.inventory.addresses import Address
from npverify.inventory.labels import pod_label
from npverify.inventory.model import METADATA_NAME, Endpoint, EndpointKind, Inventory
from npverify.inventory.placement import node_of
from npverify.inventory.unknowns import (
    ABSENT,
    Reading,
    Unknown,
    account_label,
    label_text,
    namespace_label,
    resolved_name,
)
from npverify.normal.flow import EPHEMERAL, PORT_PROTOCOLS, Flow
from npverify.normal.predicates import (
    AddressIn,
    AddressOwnedBy,
    And,
    Const,
    DnsIs,
    HttpIs,
    IcmpIs,
    KafkaIs,
    KindIs,
    LabelIn,
    LabelText,
    NamedPortIs,
    NamespaceIs,
    NodeIs,
    Not,
    Or,
    OwnNode,
    PortIn,
    Pred,
    ProtocolIs,
    SelfTraffic,
    ServiceAccountIs,
    Side,
    UnknownIn,
)
from npverify.normal.requests import request_fact
from npverify.oracle.requests import asks_for, asks_kafka, is_meant, is_name

Touched = dict[str, Unknown]
"""The unknowns that an evaluation looked at, by name, in the order of looking."""


@dataclass(slots=True)
class Seen:
    """One flow as one direction's policies see it, and what an evaluation of it looked at.

    `vip` says that the destination is seen under the virtual address of the Service that the flow went through, and
    `before_translation` that its port is seen as well.
    """

    flow: Flow
    reading: Reading
    inventory: Inventory
    vip: bool = False
    before_translation: bool = False
    touched: Touched = field(default_factory=dict)

    def end(self, side: Side) -> Endpoint:
        """The endpoint on a side."""
        return self.flow.src if side is Side.SRC else self.flow.dst

    def value(self, unknown: Unknown) -> str:
        """The value of an unknown; that it was asked for is recorded, unless the flow tells it."""
        if self.flow.name is not None:
            text = resolved_name(unknown, "destination")
            if text is not None and is_meant(self.flow.name, text):
                return "true"
        self.touched[unknown.name] = unknown
        return unknown.value_in(self.reading)

    def holds(self, pred: Pred) -> bool:
        """Whether a predicate is true of the flow."""
        return _MEANING[type(pred)](pred, self)


SOURCE_PORT = Unknown("source port", ("",))
"""What `Seen.touched` holds where a source port was looked at that the flow leaves open."""


def touched_address(end: Literal["src", "dst", "vip"]) -> Unknown:
    """What `Seen.touched` holds where a prefix was compared with an end's address."""
    return _ADDRESSES[end]


_ADDRESSES = {end: Unknown(f"address at {end}", ("",)) for end in ("src", "dst", "vip")}


def label_value(at: LabelIn | LabelText, seen: Seen) -> str | None:
    """The value of the label that the atom asks for, None if it is absent."""
    value = _label(at, seen)
    if isinstance(value, Unknown):
        known = seen.value(value)
        return None if known == ABSENT else known
    return value


def _label(at: LabelIn | LabelText, seen: Seen) -> str | Unknown | None:
    end = seen.end(at.side)
    if not end.is_pod:
        return None
    if at.of == "pod":
        return pod_label(end, at.key, Side.SRC if seen.flow.same else at.side)
    if at.of == "service account" and not end.service_account:
        return None
    if at.of == "service account":
        account = seen.inventory.service_accounts.get((end.namespace, end.service_account))
        return account.labels.get(at.key) if account else account_label(end.namespace, end.service_account, at.key)
    namespace = seen.inventory.namespaces.get(end.namespace)
    value = namespace.labels.get(at.key) if namespace else None
    if value is None and not (namespace and namespace.declared):
        # the server sets this one on every namespace: kubernetes core/v1 defaults.go SetDefaults_Namespace
        return end.namespace if at.key == METADATA_NAME else namespace_label(end.namespace, at.key)
    return value


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": str.__contains__,
    "starts with": str.startswith,
    "ends with": str.endswith,
}


def _label_text(at: LabelText, seen: Seen) -> bool:
    value = _label(at, seen)
    if isinstance(value, Unknown):
        # the text of such a label is unknown as well, so what it contains is a fact of its own
        return seen.value(value) != ABSENT and seen.value(label_text(value, at.test, at.text)) == "true"
    return value is not None and _TESTS[at.test](value, at.text)


def _label_in(at: LabelIn, seen: Seen) -> bool:
    value = label_value(at, seen)
    return value is not None and (at.values is None or value in at.values)


def address(side: Side, seen: Seen) -> tuple[Address | None, Literal["src", "dst", "vip"]]:
    """The address that the policies see on a side, and which one it is."""
    flow = seen.flow
    if side is Side.SRC:
        return flow.src_ip, "src"
    if seen.vip and flow.via is not None:
        return flow.via.vip, "vip"
    return flow.dst_ip, "dst"


def _node_is(at: NodeIs, seen: Seen) -> bool:
    end, other = seen.end(at.side), seen.end(at.side.other)
    if end.kind is EndpointKind.EXTERNAL:
        return False
    if end.node is not None:
        return end.node == at.name
    if seen.flow.own_node and other.node is not None:
        return other.node == at.name
    if seen.flow.own_node and at.side is Side.DST:
        return seen.value(node_of(other, Side.SRC, seen.inventory)) == at.name
    return seen.value(node_of(end, Side.SRC if seen.flow.same else at.side, seen.inventory)) == at.name


def _address_in(at: AddressIn, seen: Seen) -> bool:
    here, which = address(at.side, seen)
    seen.touched[_ADDRESSES[which].name] = _ADDRESSES[which]
    if here is not None:
        return at.prefix.contains(here)
    # of an unknown address only the family is known; IPv4 where not even that is
    known = seen.flow.src_ip or seen.flow.dst_ip
    return at.prefix.length == 0 and at.prefix.family == (known.family if known else 4)


_OWNER = {
    EndpointKind.POD: "pod",
    EndpointKind.HOST_POD: "node",  # it has the node's address
    EndpointKind.NODE: "node",
    EndpointKind.REMOTE: "external",
    EndpointKind.PROXY: "external",
    EndpointKind.EXTERNAL: "external",
}


def _address_owned_by(at: AddressOwnedBy, seen: Seen) -> bool:
    if at.side is Side.DST and seen.vip and seen.flow.via is not None:
        return "service" in at.owners
    return _OWNER[seen.end(at.side).kind] in at.owners


def _namespace_is(at: NamespaceIs, seen: Seen) -> bool:
    end = seen.end(at.side)
    return end.is_pod and end.namespace == at.name


def _service_account_is(at: ServiceAccountIs, seen: Seen) -> bool:
    end = seen.end(at.side)
    return end.is_pod and end.service_account == at.name


def port(side: Side, seen: Seen) -> int | None:
    """The port of one side; a source port that the flow leaves open is one that a client is given."""
    flow = seen.flow
    if flow.protocol not in PORT_PROTOCOLS:
        return None
    if side is Side.SRC:
        if flow.src_port is None:
            seen.touched[SOURCE_PORT.name] = SOURCE_PORT
        return EPHEMERAL if flow.src_port is None else flow.src_port
    return flow.via.port if seen.before_translation and flow.via is not None else flow.port


def _port_in(at: PortIn, seen: Seen) -> bool:
    number = port(at.side, seen)
    return number is not None and at.first <= number <= at.last


def named_numbers(at: NamedPortIs, end: Endpoint, protocol: str) -> tuple[int, ...]:
    """The numbers that a named port stands for at an end, for flows of a protocol; none unless it is a pod that
    declares the name."""
    if not end.is_pod or at.protocol not in (None, protocol):
        return ()
    found = tuple(
        p.number for p in end.ports if p.name == at.name and p.protocol == protocol and p.origin in at.origins
    )
    return found[:1] if at.first_only else found


def _named_port_is(at: NamedPortIs, seen: Seen) -> bool:
    if at.side is Side.DST and seen.before_translation and seen.flow.via is not None:
        return False
    return port(at.side, seen) in named_numbers(at, seen.end(at.side), seen.flow.protocol)


def _icmp_is(at: IcmpIs, seen: Seen) -> bool:
    icmp = seen.flow.icmp
    return seen.flow.protocol == "ICMP" and icmp is not None and icmp[0] == at.type and at.code in (None, icmp[1])


def _http_is(at: HttpIs, seen: Seen) -> bool:
    if seen.flow.protocol != "TCP" or seen.flow.kafka is not None:
        return False
    if seen.flow.http is None:
        return seen.value(request_fact(at)) == "true"
    found = asks_for(seen.flow.http, at)
    return seen.value(request_fact(at)) == "true" if found is None else found


def _dns_is(at: DnsIs, seen: Seen) -> bool:
    flow = seen.flow
    return flow.protocol in ("TCP", "UDP") and flow.http is None and flow.dns is not None and is_name(flow.dns, at)


def _kafka_is(at: KafkaIs, seen: Seen) -> bool:
    flow = seen.flow
    if flow.protocol != "TCP" or flow.kafka is None or (flow.http, flow.dns) != (None, None):
        return False
    found = asks_kafka(flow.kafka, at)
    return seen.value(request_fact(at)) == "true" if found is None else found


def _self_traffic(at: SelfTraffic, seen: Seen) -> bool:
    return seen.flow.same and (seen.flow.via is not None) == at.via_service


def _own_node(at: OwnNode, seen: Seen) -> bool:
    on_host = seen.end(at.side).kind in (EndpointKind.NODE, EndpointKind.HOST_POD)
    return seen.flow.own_node and on_host and seen.end(at.side.other).is_pod


def _every(at: And, seen: Seen) -> bool:
    for part in at.parts:  # noqa: SIM110  a generator costs half as much again, and most of the oracle's time is spent here
        if not _MEANING[type(part)](part, seen):
            return False
    return True


def _some(at: Or, seen: Seen) -> bool:
    for part in at.parts:  # noqa: SIM110
        if _MEANING[type(part)](part, seen):
            return True
    return False


_MEANING: dict[type[Pred], Callable[[Any, Seen], bool]] = {
    Const: lambda at, seen: at.value,
    Not: lambda at, seen: not seen.holds(at.body),
    And: _every,
    Or: _some,
    KindIs: lambda at, seen: seen.end(at.side).kind in at.kinds,
    NamespaceIs: _namespace_is,
    LabelIn: _label_in,
    LabelText: _label_text,
    NodeIs: _node_is,
    ServiceAccountIs: _service_account_is,
    AddressIn: _address_in,
    AddressOwnedBy: _address_owned_by,
    ProtocolIs: lambda at, seen: seen.flow.protocol in at.names,
    PortIn: _port_in,
    NamedPortIs: _named_port_is,
    IcmpIs: _icmp_is,
    HttpIs: _http_is,
    DnsIs: _dns_is,
    KafkaIs: _kafka_is,
    UnknownIn: lambda at, seen: seen.value(at.unknown) in at.values,
    SelfTraffic: _self_traffic,
    OwnNode: _own_node,
}
