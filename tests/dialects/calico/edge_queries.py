"""Turns the queries of the edge cases of Calico into flows, and reads the worlds that they are asked of."""

from __future__ import annotations

from dataclasses import replace

import npverify
from dialects import queries
from dialects.calico.edge_case import Case, Query
from npverify.analyses.world import World
from npverify.inventory.addresses import Address
from npverify.inventory.model import Inventory
from npverify.normal.flow import Flow, KafkaRequest, Request
from npverify.normal.policy import Direction


def world_of(case: Case) -> World:
    """The world of a case; InputError where its manifests are refused."""
    return npverify.load(
        ["-"],
        cni="calico",
        calico_version=case.version,
        assume=case.assume,
        stdin=case.manifests.encode,
    ).world


def flow_of(query: Query, inventory: Inventory) -> Flow:
    """The flow that a query is about."""
    flow = queries.flow_of(query, inventory)  # type: ignore[arg-type]  # it has what is asked for there
    if query.family == 6:
        src, dst = (next(a for a in end.addresses if a.family == 6) for end in (flow.src, flow.dst))
        flow = replace(flow, src_ip=src, dst_ip=dst)
    if query.called and flow.via is not None:
        address, _, port = query.called.rpartition(":")
        flow = replace(flow, via=flow.via._replace(vip=Address.parse(address), port=int(port)))
    return replace(
        flow,
        icmp=query.icmp or flow.icmp,
        src_port=query.src_port,
        http=_request(query.http),
        dns=query.dns or None,
        kafka=KafkaRequest(*query.kafka.split()) if query.kafka else None,
    )


def _request(text: str) -> Request | None:
    if not text:
        return None
    method, path, *more = text.split(" ")
    if not more:
        return Request(method, path)
    headers = (header.partition("=") for header in more[1:])
    return Request(method, path, more[0], tuple((name, value) for name, _, value in headers))


def directions_of(query: Query) -> tuple[Direction, ...]:
    """The directions whose verdict is meant."""
    return tuple(Direction) if query.of == "both" else (Direction(query.of),)
