"""Says in words why a predicate does not hold of a flow: the first thing that would have to be different."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from npverify.inventory.model import EndpointKind
from npverify.inventory.unknowns import ABSENT, OTHER, Reading
from npverify.normal.flow import PORT_PROTOCOLS, Flow
from npverify.normal.policy import Direction
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
from npverify.normal.requests import in_words, kafka_in_words, name_in_words, request_fact
from npverify.oracle import Oracle, Seen, address, label_value, named_numbers, port

_SHOWN = 3  # alternatives of a disjunction that are told; the rest is counted
_SIDE = {Side.SRC: "source", Side.DST: "destination"}
_KIND = {
    EndpointKind.POD: "a pod",
    EndpointKind.HOST_POD: "a pod on the host network",
    EndpointKind.NODE: "a node",
    EndpointKind.REMOTE: "an endpoint of another cluster",
    EndpointKind.PROXY: "the proxy of Cilium's Ingress",
    EndpointKind.EXTERNAL: "an outside address",
}


def why_not(
    pred: Pred, flow: Flow, oracle: Oracle, reading: Reading | None = None, direction: Direction = Direction.INGRESS
) -> str:
    """Why a predicate is false of a flow, as a phrase without a full stop ("port 5433 is not 5432"); "" if it is true."""
    seen = oracle.seen(flow, reading or {}, direction)
    return "" if seen.holds(pred) else reason(pred, seen)


def reason(pred: Pred, seen: Seen) -> str:
    """Why a predicate is false of what is seen; it must be false."""
    if isinstance(pred, And):
        return reason(next(part for part in pred.parts if not seen.holds(part)), seen)
    if isinstance(pred, Or):
        clauses = [part for part in pred.parts if isinstance(part, HttpIs)]
        told = {type(part) for part in pred.parts if isinstance(part, DnsIs | KafkaIs)}
        passed = (part for part in pred.parts if not (isinstance(part, Not) and type(part.body) in told))
        others = (reason(part, seen) for part in passed if not isinstance(part, HttpIs | KafkaIs))
        kafka = [part for part in pred.parts if isinstance(part, KafkaIs)]
        first = [_another_request(*clauses, seen=seen)] if clauses else []
        first += [_another_of_kafka(*kafka, seen=seen)] if kafka else []
        return _joined((*first, *others))
    if isinstance(pred, Not):
        return _holds(pred.body, seen)
    return _FALSE[type(pred)](pred, seen)


def _joined(reasons: Iterable[str]) -> str:
    told = list(dict.fromkeys(reasons))
    more = f", and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return ", ".join(told[:_SHOWN]) + more


def _holds(pred: Pred, seen: Seen) -> str:
    """Why a predicate that is negated is true."""
    if isinstance(pred, And):
        return " and ".join(dict.fromkeys(_holds(part, seen) for part in pred.parts))
    if isinstance(pred, Or):
        return _holds(next(part for part in pred.parts if seen.holds(part)), seen)
    if isinstance(pred, Not):
        return reason(pred.body, seen)
    return _TRUE[type(pred)](pred, seen)


def _a_kind(side: Side, seen: Seen) -> str:
    return f"the {_SIDE[side]} is {_KIND[seen.end(side).kind]}"


def _label(at: LabelIn | LabelText) -> str:
    if isinstance(at, LabelText):
        return f"`{at.key}` that {at.test} `{at.text}`"
    if at.values is None:
        return f"`{at.key}`"
    return f"`{at.key}={at.values[0]}`" if len(at.values) == 1 else f"`{at.key}` in ({', '.join(at.values)})"


def _owner_of_labels(at: LabelIn | LabelText, seen: Seen) -> str:
    who, end = f"the {_SIDE[at.side]}", seen.end(at.side)
    if at.of == "pod":
        return who
    return f"{at.of} `{end.namespace if at.of == 'namespace' else end.service_account}` of {who}"


def _no_label(at: LabelIn | LabelText, seen: Seen) -> str:
    if not seen.end(at.side).is_pod:
        return _a_kind(at.side, seen)
    value = label_value(at, seen)
    who = _owner_of_labels(at, seen)
    if value is None:
        return f"{who} has no label {_label(at)}"
    shown = f"a label `{at.key}` of which the value is not known" if value == OTHER else f"`{at.key}={value}`"
    return f"{who} has {shown}, not {_label(at)}"


def _label_there(at: LabelIn | LabelText, seen: Seen) -> str:
    value = label_value(at, seen)
    return f"{_owner_of_labels(at, seen)} has a label `{at.key}={value if value != OTHER else '…'}`"


def _not_in_namespace(at: NamespaceIs, seen: Seen) -> str:
    end = seen.end(at.side)
    if not end.is_pod:
        return _a_kind(at.side, seen)
    return f"the {_SIDE[at.side]} is in namespace `{end.namespace}`, not `{at.name}`"


def _another_account(at: ServiceAccountIs, seen: Seen) -> str:
    end = seen.end(at.side)
    if not end.is_pod:
        return _a_kind(at.side, seen)
    return f"the {_SIDE[at.side]} runs under service account `{end.service_account}`, not `{at.name}`"


def _address(side: Side, seen: Seen) -> str:
    here, which = address(side, seen)
    if which == "vip" and seen.flow.via is not None:
        return f"the address {here or ''} of service {seen.flow.via.namespace}/{seen.flow.via.name}".replace("  ", " ")
    end = seen.end(side)
    if here is None or (end.kind is not EndpointKind.EXTERNAL and not end.address_known):
        return f"the address of {end}, which is not known,"
    return f"{here}"


def _address_elsewhere(at: AddressIn, seen: Seen) -> str:
    here = _address(at.side, seen)
    return f"{here} {'counts as' if here.endswith(',') else 'is'} outside {at.prefix}"


def _address_inside(at: AddressIn, seen: Seen) -> str:
    here = _address(at.side, seen)
    return f"{here} {'counts as' if here.endswith(',') else 'is'} inside {at.prefix}"


def _owner(at: AddressOwnedBy, seen: Seen) -> str:
    return "a service" if address(at.side, seen)[1] == "vip" else _KIND[seen.end(at.side).kind]


def _range(at: PortIn) -> str:
    return str(at.first) if at.first == at.last else f"in {at.first}-{at.last}"


def _which_port(side: Side, seen: Seen) -> str:
    number = port(side, seen)
    if side is Side.SRC:
        return f"source port {number}"
    return f"port {number}"


def _another_port(at: PortIn, seen: Seen) -> str:
    if seen.flow.protocol not in PORT_PROTOCOLS:
        return f"{seen.flow.protocol} has no port"
    return f"{_which_port(at.side, seen)} is not {_range(at)}"


def _another_named_port(at: NamedPortIs, seen: Seen) -> str:
    end = seen.end(at.side)
    if at.protocol not in (None, seen.flow.protocol):
        return f"protocol {seen.flow.protocol} is not {at.protocol}"
    numbers = named_numbers(at, end, seen.flow.protocol)
    if not numbers:
        return f"{end} declares no {seen.flow.protocol} port `{at.name}`"
    wanted = " or ".join(map(str, numbers))
    return f"{_which_port(at.side, seen)} is not {wanted}, which is `{at.name}` of {end}"


def _elsewhere(at: NodeIs, seen: Seen) -> str:
    end = seen.end(at.side)
    if end.kind is EndpointKind.EXTERNAL:
        return _a_kind(at.side, seen)
    return f"the {_SIDE[at.side]} is not on node `{at.name}`"


def _another_request(*clauses: HttpIs, seen: Seen) -> str:
    if seen.flow.protocol != "TCP":
        return f"{seen.flow.protocol} carries no HTTP request"
    wanted = _few(map(in_words, clauses))
    if seen.flow.http is None:
        return f"the HTTP request is not known to be {wanted}"
    return f"the HTTP request is {seen.flow.http}, not {wanted}"


def _another_name(at: DnsIs, seen: Seen) -> str:
    if seen.flow.dns is None:
        return "no DNS query is looked at"
    return f"the DNS query is for {seen.flow.dns}, not {name_in_words(at)}"


def _another_of_kafka(*clauses: KafkaIs, seen: Seen) -> str:
    if seen.flow.kafka is None:
        return "no Kafka request is looked at"
    return f"the Kafka request is {seen.flow.kafka}, not {_few(map(kafka_in_words, clauses))}"


def _few(told: Iterable[str]) -> str:
    words = list(told)
    if len(words) > _SHOWN:
        words[_SHOWN:] = [f"one of {len(words) - _SHOWN} more"]
    return ", nor ".join(words)


def _unknown(at: UnknownIn, seen: Seen) -> str:
    value = seen.value(at.unknown)
    shown = {ABSENT: "absent", OTHER: "something else"}.get(value, f"`{value}`")
    return f"`{at.unknown.name}` is {shown}"


def _own_node(at: OwnNode, seen: Seen) -> str:
    return f"the {_SIDE[at.side]} is not the node that the {_SIDE[at.side.other]} runs on"


_FALSE: dict[type[Pred], Callable[[Any, Seen], str]] = {
    Const: lambda at, seen: "it matches nothing",
    KindIs: lambda at, seen: _a_kind(at.side, seen),
    NamespaceIs: _not_in_namespace,
    LabelIn: _no_label,
    LabelText: _no_label,
    NodeIs: _elsewhere,
    ServiceAccountIs: _another_account,
    AddressIn: _address_elsewhere,
    AddressOwnedBy: lambda at, seen: f"{_address(at.side, seen)} is not the address of {' or '.join(at.owners)}",
    ProtocolIs: lambda at, seen: f"protocol {seen.flow.protocol} is not {' or '.join(at.names)}",
    PortIn: _another_port,
    NamedPortIs: _another_named_port,
    IcmpIs: lambda at, seen: f"it is not ICMP type {at.type}" + ("" if at.code is None else f" code {at.code}"),
    HttpIs: lambda at, seen: _another_request(at, seen=seen),
    DnsIs: _another_name,
    KafkaIs: lambda at, seen: _another_of_kafka(at, seen=seen),
    UnknownIn: _unknown,
    SelfTraffic: lambda at, seen: "it is not a pod's traffic to itself" + (" through a service" * at.via_service),
    OwnNode: _own_node,
}

_TRUE: dict[type[Pred], Callable[[Any, Seen], str]] = {
    Const: lambda at, seen: "it excludes everything",
    KindIs: lambda at, seen: _a_kind(at.side, seen),
    NamespaceIs: lambda at, seen: f"the {_SIDE[at.side]} is in namespace `{at.name}`",
    LabelIn: _label_there,
    LabelText: _label_there,
    NodeIs: lambda at, seen: f"the {_SIDE[at.side]} is on node `{at.name}`",
    ServiceAccountIs: lambda at, seen: f"the {_SIDE[at.side]} runs under service account `{at.name}`",
    AddressIn: _address_inside,
    AddressOwnedBy: lambda at, seen: f"{_address(at.side, seen)} is the address of {_owner(at, seen)}",
    ProtocolIs: lambda at, seen: f"the protocol is {seen.flow.protocol}",
    PortIn: lambda at, seen: f"the {'source port' if at.side is Side.SRC else 'port'} is {port(at.side, seen)}",
    NamedPortIs: lambda at, seen: f"the port is `{at.name}` of {seen.end(at.side)}",
    IcmpIs: lambda at, seen: f"it is ICMP type {at.type}",
    HttpIs: lambda at, seen: request_fact(at).name,
    DnsIs: lambda at, seen: f"the DNS query is for {seen.flow.dns}",
    KafkaIs: lambda at, seen: f"the Kafka request is {seen.flow.kafka}",
    UnknownIn: _unknown,
    SelfTraffic: lambda at, seen: "it is a pod's traffic to itself",
    OwnNode: lambda at, seen: f"the {_SIDE[at.side]} is the node that the {_SIDE[at.side.other]} runs on",
}  # fmt: skip
