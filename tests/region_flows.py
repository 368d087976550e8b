"""Regions of `equiv` against concrete flows: whether a flow is in a region, and flows out of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import NamedTuple

from npverify.analyses.equiv_results import Meeting, Region, RegionEnd
from npverify.analyses.packet_cells import Ranges, Traffic
from npverify.analyses.world import World
from npverify.inventory.addresses import NEVER_A_POD, Address, Prefix
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind, WorkloadRef
from npverify.normal.flow import (
    EPHEMERAL,
    ICMPV6,
    PORT_PROTOCOLS,
    Flow,
    Via,
    protocol_name,
    protocol_number,
)
from npverify.reduction.pairs import on_one_node
from two_worlds import as_seen, reachable

HOSTS = (EndpointKind.HOST_POD, EndpointKind.NODE)
MARKS = (" on the left", " on the right")


def near(src: Endpoint, dst: Endpoint) -> bool:
    """Whether it matters for two ends if they are on one node."""
    return (src.kind in HOSTS and dst.is_pod) or (dst.kind in HOSTS and src.is_pod)


def can_be(flow: Flow) -> bool:
    """Whether the ends of a flow can be on one node, or not be, as the flow says, and are two endpoints unless it says so."""
    if flow.src is flow.dst and not flow.same and not flow.src.replicated:
        return False
    if flow.same or not near(flow.src, flow.dst):
        return flow.own_node is (flow.same and flow.src.kind is EndpointKind.HOST_POD)
    known = on_one_node(flow.src, flow.dst)
    chosen = known is None or flow.src.on_every_node or flow.dst.on_every_node
    return chosen or flow.own_node is known


def clear(flow: Flow, *worlds: World) -> bool:
    """Whether no address that is open belongs to somebody else in one of the worlds, and two ends do not share one."""
    for end, address in ((flow.src, flow.src_ip), (flow.dst, flow.dst_ip)):
        if end.address_known or end.kind is EndpointKind.HOST_POD:
            continue
        for world in worlds:
            for other in world.inventory.endpoints:
                if other.key != end.key and other.address_known and address in other.addresses:
                    return False
            if end is EXTERNAL and any(address in block for block in world.inventory.pod_space):
                return False
            if end is EXTERNAL and any(address in service.vips for service in world.inventory.services.values()):
                return False
    both_hosts = flow.src.kind in HOSTS and flow.dst.kind in HOSTS
    return flow.same or both_hosts or flow.src_ip != flow.dst_ip


def inside(number: int, ranges: Ranges) -> bool:
    """Whether a number is in one of the ranges, or there are none."""
    return not ranges or any(first <= number <= last for first, last in ranges)


def in_traffic(flow: Flow, traffic: Traffic) -> bool:
    """Whether a flow is of some traffic."""
    if traffic.protocol == "other":
        plain = flow.protocol not in (*PORT_PROTOCOLS, "ICMP")
        return plain and inside(protocol_number(flow.protocol), traffic.numbers)
    if traffic.protocol != flow.protocol:
        return False
    if flow.icmp is not None:
        return inside(flow.icmp[0], traffic.types) and inside(flow.icmp[1], traffic.codes)
    src_port = EPHEMERAL if flow.src_port is None else flow.src_port
    return flow.port is not None and inside(flow.port, traffic.ports) and inside(src_port, traffic.src_ports)


def names(end: Endpoint) -> tuple[WorkloadRef | None, ...]:
    """What a region may call an endpoint."""
    if end is EXTERNAL:
        return (None,)
    single = WorkloadRef("Node" if end.is_node else "Pod", end.namespace, end.name)
    return (single, end.workload) if end.workload else (single,)


def is_at(end: Endpoint, address: Address | None, ends: tuple[RegionEnd, ...]) -> bool:
    """Whether an endpoint with an address is one of the ends of a region."""
    return any(
        one.workload in names(end) and (not one.blocks or any(address in block for block in one.blocks)) for one in ends
    )


def is_in(flow: Flow, region: Region) -> bool:
    """Whether a flow is in a region, under some reading. One through a Service that no policy could tell from a direct
    flow is where that flow is."""
    meets = {
        Meeting.APART: not flow.same,
        Meeting.ITSELF: flow.same,
        Meeting.ONE_NODE: not flow.same and flow.own_node,
        Meeting.OTHER_NODES: not flow.same and not flow.own_node,
    }[region.meeting]
    of_family = not region.family or (flow.src_ip is not None and flow.src_ip.family == region.family)
    via = flow.via
    through = region.service is None or (via is not None and region.service == (via.namespace, via.name, via.port))
    return (
        through
        and (region.service is not None or not flow.same or via is None)
        and (not region.vips or (via is not None and any(via.vip in block for block in region.vips)))
        and meets
        and of_family
        and is_at(flow.src, flow.src_ip, region.sources)
        and is_at(flow.dst, flow.dst_ip, region.destinations)
        and any(in_traffic(flow, traffic) for traffic in region.traffic)
    )


class Seen(NamedTuple):
    """One flow as each side has it (None: not at all), with the reading of that side."""

    flow: Flow | None
    reading: dict[str, str]


def flows_of(region: Region, left: World, right: World, rng: Random, tries: int = 12) -> Iterator[tuple[Seen, Seen]]:
    """Some flows of a region."""
    for _ in range(tries):
        found = _flow_of(region, left, right, rng)
        if found is not None:
            yield found


def _flow_of(region: Region, left: World, right: World, rng: Random) -> tuple[Seen, Seen] | None:
    base, other = rng.choice(((left, right), (right, left)))
    src = _end(rng.choice(region.sources), base, rng)
    dst = src if region.meeting is Meeting.ITSELF else _end(rng.choice(region.destinations), base, rng)
    if src is None or dst is None or (src is dst and region.meeting is not Meeting.ITSELF and not src.replicated):
        return None
    families = sorted(_families(src, base) & _families(dst, base) & ({region.family} if region.family else {4, 6}))
    if not families:
        return None
    family = rng.choice(families)
    same = region.meeting is Meeting.ITSELF
    src_ip = _address(src, region.sources, family, base, rng)
    dst_ip = src_ip if same else _address(dst, region.destinations, family, base, rng)
    if src_ip is None or dst_ip is None:
        return None
    apart = near(src, dst) and rng.random() < 0.5
    itself = src.kind is EndpointKind.HOST_POD
    known = {Meeting.ONE_NODE: True, Meeting.OTHER_NODES: False, Meeting.ITSELF: itself}
    own_node = known.get(region.meeting, apart)
    flow = Flow(src, dst, "TCP", None, src_ip, dst_ip, same=same, own_node=own_node)
    flow = _packet(flow, rng.choice(region.traffic), rng)
    if region.service is not None:
        via = _via(region, flow, base, rng)
        if via is None:
            return None
        flow = replace(flow, via=via)
    seen = as_seen(flow, other, rng)
    flows = [flow, seen] if base is left else [seen, flow]
    for needed in region.reading:
        flows = [_with(f, needed.name, needed.value, w) for w, f in enumerate(flows)]
    if any(f is not None and not (can_be(f) and clear(f, left, right) and reachable(f)) for f in flows):
        return None
    reading = {needed.name: needed.value for needed in region.reading}
    return Seen(flows[0], _of(reading, 0)), Seen(flows[1], _of(reading, 1))


def _via(region: Region, flow: Flow, world: World, rng: Random) -> Via | None:
    namespace, name, port = region.service or ("", "", 0)
    service = world.inventory.services.get((namespace, name))
    if service is None or flow.src_ip is None:
        return None
    family = flow.src_ip.family
    vips = [a for a in service.vips if a.family == family]
    if not service.vip_known:
        blocks = [b for b in region.vips if b.family == family] or [
            Prefix.parse("172.29.0.0/16" if family == 4 else "fd29::/64")
        ]
        if region.vips and not any(b.family == family for b in region.vips):
            return None
        vips = [Address(blocks[0].family, blocks[0].first)]
    return Via(namespace, name, rng.choice(vips), port) if vips else None


def _of(reading: dict[str, str], w: int) -> dict[str, str]:
    mine, other = MARKS[w], MARKS[1 - w]
    return {name.removesuffix(mine): value for name, value in reading.items() if not name.endswith(other)}


def _with(flow: Flow | None, name: str, value: str, w: int) -> Flow | None:
    """The flow of one side with what a region says of an address, or of the nodes, on that side."""
    if flow is None:
        return None
    if name == "node":
        return replace(flow, own_node=value == MARKS[w].split()[-1])
    for field, end in (("src_ip", flow.src), ("dst_ip", flow.dst)):
        if name == f"address of {end}{MARKS[w]}":
            flow = replace(flow, **{field: Address.parse(value)})  # type: ignore[arg-type]
    return flow


def _end(one: RegionEnd, world: World, rng: Random) -> Endpoint | None:
    if one.workload is None:
        return EXTERNAL
    ends = [end for end in world.inventory.endpoints if one.workload in names(end)]
    return rng.choice(ends) if ends else None


def _families(end: Endpoint, world: World) -> set[int]:
    if end is EXTERNAL:
        return {4, 6}
    return {a.family for a in end.addresses} if end.address_known else set(world.inventory.families)


def _address(end: Endpoint, ends: tuple[RegionEnd, ...], family: int, world: World, rng: Random) -> Address | None:
    wanted = [b for one in ends if one.workload in names(end) for b in one.blocks]
    blocks = [b for b in wanted if b.family == family]
    if wanted and not blocks:
        return None
    if end.address_known:
        chosen = [a for a in end.addresses if a.family == family and (not blocks or any(a in b for b in blocks))]
        return rng.choice(chosen) if chosen else None
    if not blocks:
        space = world.inventory.pod_space if end.kind is EndpointKind.POD else ()
        blocks = [p for p in space if p.family == family] or [
            Prefix.parse(text) for text in (("172.16.0.0/12", "10.0.0.0/8") if family == 4 else ("fd11::/16",))
        ]
    block = rng.choice(blocks)
    number = rng.choice((block.first, block.last, rng.randint(block.first, block.last)))
    address = Address(4 if family == 4 else 6, number)
    if end.kind is EndpointKind.HOST_POD:
        known = [a for node in world.inventory.nodes for a in node.addresses if a.family == family]
        if known and all(node.addresses for node in world.inventory.nodes):
            fits = [a for a in known if not blocks or any(a in b for b in blocks)]
            return rng.choice(fits) if fits else None
    never = end is not EXTERNAL and any(address in p for p in NEVER_A_POD)
    return None if never else address


def _packet(flow: Flow, traffic: Traffic, rng: Random) -> Flow:
    if traffic.protocol == "other":
        numbers = traffic.numbers or ((0, 255),)
        usual = {protocol_number(p) for p in (*PORT_PROTOCOLS, "ICMP")} | {ICMPV6}
        choices = [n for first, last in numbers for n in range(first, last + 1) if n not in usual]
        return replace(flow, protocol=protocol_name(rng.choice(choices)))
    if traffic.protocol == "ICMP":
        pair = (_number(traffic.types, (0, 255), rng), _number(traffic.codes, (0, 255), rng))
        return replace(flow, protocol="ICMP", icmp=pair)
    port = _number(traffic.ports, (1, 65535), rng)
    src_port = _number(traffic.src_ports, (1, 65535), rng)
    return replace(flow, protocol=traffic.protocol, port=port, src_port=src_port)


def _number(ranges: Ranges, every: tuple[int, int], rng: Random) -> int:
    first, last = rng.choice(ranges or (every,))
    return rng.choice((first, last, rng.randint(first, last)))
