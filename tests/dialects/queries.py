"""Turns the queries of `edge_cases` into flows and readings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dialects.edge_cases import Query
from npverify.inventory.addresses import Address, Family
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind, Inventory
from npverify.inventory.unknowns import Reading, Unknown
from npverify.normal.flow import Flow, Via


def flow_of(query: Query, inventory: Inventory) -> Flow:
    """The flow that a query is about; two ends of one name are one pod, unless that stands for several replicas."""
    src, src_address = _end(query.src, inventory)
    dst, dst_address = _end(query.dst, inventory)
    family = (src_address or dst_address or Address(4, 0)).family
    return Flow(
        src,
        dst,
        query.protocol,
        query.port,
        src_address or _address(src, family),
        dst_address or _address(dst, family),
        icmp=(8, 0) if query.protocol == "ICMP" else None,
        same=src is dst and not src.replicated,
        own_node=_own_node(src, dst) or _own_node(dst, src),
        via=_via(query, dst, inventory) if query.via else None,
    )


def readings_of(query: Query, switches: Sequence[Unknown]) -> Iterator[tuple[Reading, bool]]:
    """Each reading that a query speaks about, and whether the flow passes under it.

    For a plain verdict: the default reading, and every reading that differs from it in one switch.
    """
    if isinstance(query.want, str):
        yield {}, query.want == "A"
        for switch in switches:
            for value in switch.values[1:]:
                yield {switch.name: value}, query.want == "A"
        return
    for text, verdict in query.want.items():
        yield dict(part.rsplit("=", 1) for part in text.split(" & ") if part), verdict == "A"


def _end(text: str, inventory: Inventory) -> tuple[Endpoint, Address | None]:
    found = [e for e in inventory.endpoints if str(e) == text]
    if found:
        assert len(found) == 1, f"{text} is ambiguous"
        return found[0], None
    return EXTERNAL, Address.parse(text)


def _address(end: Endpoint, family: Family) -> Address | None:
    return next((a for a in end.addresses if a.family == family), None)


def _own_node(host: Endpoint, pod: Endpoint) -> bool:
    on_host = host.kind in (EndpointKind.NODE, EndpointKind.HOST_POD)
    return on_host and pod.kind is EndpointKind.POD and pod.node is not None and host.node == pod.node


def _via(query: Query, dst: Endpoint, inventory: Inventory) -> Via:
    name, _, number = query.via.rpartition(":")
    namespace, _, name = name.partition("/")
    service = inventory.services[namespace, name]
    index = next(i for i, p in enumerate(service.ports) if p.number == int(number))
    assert (dst, query.port) in [(b.endpoint, b.port) for b in service.backends[index]]
    return Via(namespace, name, service.vips[0] if service.vips else None, int(number))
