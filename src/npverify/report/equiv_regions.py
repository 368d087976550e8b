"""Regions of `equiv` for a person and as JSON: who, to whom, by which traffic, and what it needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from npverify.analyses.blocks import blocks as fewest
from npverify.analyses.equiv_results import Meeting, Region, RegionEnd
from npverify.analyses.packet_cells import Ranges, Traffic
from npverify.inventory.addresses import BITS, EVERYTHING, FAMILIES, Family, Prefix
from npverify.normal.flow import PORT_PROTOCOLS, protocol_name
from npverify.report import json_values as j
from npverify.report.assumed import only_if
from npverify.report.paint import Paint, printable

_EVERY_PORT = ((1, 65535),)
_EVERYTHING = (*(Traffic(name) for name in PORT_PROTOCOLS), Traffic("ICMP"), Traffic("other"))
_MEETINGS = {
    Meeting.ITSELF: "a pod to itself",
    Meeting.ONE_NODE: "on one node",
    Meeting.OTHER_NODES: "on different nodes",
}
_MOST_BLOCKS = 4

NOTES = (
    "outside addresses are those of no known endpoint; a workload on both ends means two of its pods",
    "what passes through a Service is listed only where the same does not hold of direct flows",
)


def regions_text(regions: Sequence[Region], paint: Paint) -> Iterator[str]:
    """The regions, first what the left side alone lets pass."""
    for side in ("left", "right"):
        own = [region for region in regions if region.allowed_by == side]
        if own:
            yield paint("bold", f"only the {side} side lets pass")
        for region in own:
            sources, targets = (", ".join(map(end_text, ends)) for ends in (region.sources, region.destinations))
            yield printable(f"  {sources} -> {targets}")
            how = "".join(f", {part}" for part in _how(region))
            yield printable(f"      {traffic_text(region.traffic)}{how}")
            for needed in region.reading:
                yield f"      {paint('yellow', 'only if')} {printable(only_if(needed))}"


def region_text(region: Region) -> str:
    """What is sent, how, and what that needs, in one line: `TCP 5432, IPv4 (only if …)`."""
    needs = " and ".join(only_if(needed) for needed in region.reading)
    return ", ".join((traffic_text(region.traffic), *_how(region))) + (f" (only if {needs})" if needs else "")


def _how(region: Region) -> Iterator[str]:
    if region.family:
        yield f"IPv{region.family}"
    if region.meeting in _MEETINGS:
        yield _MEETINGS[region.meeting]
    if region.service is not None:
        namespace, name, port = region.service
        at = f" at {blocks_text(region.vips)}" if region.vips else ""
        yield f"through service {namespace}/{name} port {port}{at}"


def end_text(end: RegionEnd) -> str:
    """`shop/web (Deployment)`, `node n1`, `10.0.0.0/8`."""
    if end.workload is None:
        return blocks_text(end.blocks)
    cluster = f"{end.cluster}:" if end.cluster else ""
    ref = end.workload
    name = f"{cluster}node {ref.name}" if ref.kind == "Node" else f"{cluster}{ref} ({ref.kind})"
    return f"{name} at {blocks_text(end.blocks)}" if end.blocks else name


def blocks_text(blocks: Sequence[Prefix]) -> str:
    """Blocks of addresses, or what is left out of all addresses where that is shorter."""
    if set(blocks) == set(EVERYTHING.values()):
        return "any outside address"
    parts = []
    for family in FAMILIES:
        own = [block for block in blocks if block.family == family]
        others = _others(family, own)
        if own and not others:
            parts.append(f"any IPv{family} address")
        elif len(own) > _MOST_BLOCKS and len(others) < len(own):
            parts.append(f"any IPv{family} address except {', '.join(map(_block_text, others))}")
        else:
            parts += map(_block_text, own)
    return ", ".join(parts)


def _block_text(block: Prefix) -> str:
    return str(block).partition("/")[0] if block.length == BITS[block.family] else str(block)


def _others(family: Family, blocks: Iterable[Prefix]) -> tuple[Prefix, ...]:
    """The addresses that are in none of some disjoint blocks."""
    ranges, start = [], 0
    for block in sorted(blocks):
        if start < block.first:
            ranges.append((start, block.first - 1))
        start = block.last + 1
    end = 1 << BITS[family]
    return fewest(family, [*ranges, (start, end - 1)] if start < end else ranges)


def traffic_text(traffic: Sequence[Traffic]) -> str:
    """`TCP 80, 8000-9000; ICMP type 8`; `everything`."""
    if tuple(traffic) == _EVERYTHING:
        return "everything"
    return "; ".join(map(_one_text, traffic))


def _one_text(one: Traffic) -> str:
    if one.protocol == "ICMP":
        types = f" type {_ranges_text(one.types)}" if one.types else ""
        return f"ICMP{types}{f' code {_ranges_text(one.codes)}' if one.codes else ''}"
    if one.protocol == "other":
        if not one.numbers:
            return "every other protocol"
        few = [n for first, last in one.numbers for n in range(first, last + 1)]
        named = ", ".join(protocol_name(n) for n in few)
        return f"protocol {named}" if len(few) <= len(one.numbers) else f"protocols {_ranges_text(one.numbers)}"
    ports = f" {_ranges_text(one.ports)}" if one.ports else ""
    return f"{one.protocol}{ports}{f' from port {_ranges_text(one.src_ports)}' if one.src_ports else ''}"


def _ranges_text(ranges: Ranges) -> str:
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def region_json(region: Region) -> j.Json:
    """A region; docs/json.md describes the keys."""
    out: j.Json = {
        "src": [end for one in region.sources for end in ends_json(one)],
        "dst": [end for one in region.destinations for end in ends_json(one)],
        "traffic": [traffic_json(one) for one in region.traffic],
        "allowed_by": region.allowed_by,
    }
    if region.meeting:
        out["meeting"] = str(region.meeting)
    if region.family:
        out["family"] = region.family
    if region.service is not None:
        namespace, name, port = region.service
        out["service"] = {"namespace": namespace, "name": name, "port": port}
        if region.vips:
            out["service"]["cidrs"] = list(map(str, region.vips))
    if region.reading:
        out["assumes"] = [{"name": a.name, "value": a.value, "phrase": only_if(a)} for a in region.reading]
    return out


def ends_json(end: RegionEnd) -> Iterator[j.Json]:
    """One end of a region: a workload, or each of its outside blocks."""
    if end.workload is None:
        yield from (j.end(block) for block in end.blocks)
        return
    out = j.end(end.workload)
    if end.cluster:
        out["cluster"] = end.cluster
    if end.blocks:
        out["cidrs"] = list(map(str, end.blocks))
    yield out


def traffic_json(one: Traffic) -> j.Json:
    """Some traffic of one protocol."""
    out: j.Json = {"protocol": one.protocol}
    if one.protocol in PORT_PROTOCOLS:
        out["ports"] = [list(r) for r in one.ports or _EVERY_PORT]
    for key, ranges in (
        ("src_ports", one.src_ports),
        ("types", one.types),
        ("codes", one.codes),
        ("numbers", one.numbers),
    ):
        if ranges:
            out[key] = [list(r) for r in ranges]
    return out
