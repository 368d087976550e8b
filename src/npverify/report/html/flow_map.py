"""Flows between many ends as groups, for the matrix and the graph of the HTML report.

A `FlowMap` is to be read as: in each group, any of the sources may send (or may now, or may no longer send) `traffic` to any
other of the destinations. Groups keep a map of thousands of workloads small: 2,000 of them have four million pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from npverify.analyses.connectivity import connectivity
from npverify.analyses.diff.results import Change
from npverify.analyses.equiv_results import EquivResult, Meeting, Region, RegionEnd
from npverify.analyses.packet_cells import Traffic
from npverify.analyses.results import Bundle, Connections, Connectivity, End, Ports
from npverify.analyses.world import World
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import WorkloadRef
from npverify.normal.flow import PORT_PROTOCOLS
from npverify.report import diff_words
from npverify.report.connectivity_report import allowed_text
from npverify.report.equiv_regions import NOTES, blocks_text, region_text
from npverify.report.json_values import Json
from npverify.report.paint import printable

MOST_ENDS = 3000  # a page with more opens slowly, and nobody reads it
MOST_PLACES = 1_500_000  # ends of all groups together: what the browser has to keep

WHO = "Who may talk to whom"
OUTSIDE = "outside addresses"
NODES = "nodes"
NO_PODS = "there is no map of who may talk to whom: the input has no pods and no workloads"
TOO_LARGE = "the map of who may talk to whom is left out: {} ends are more than a page can show; `npverify connectivity` has them all"
VERDICTS: dict[str, tuple[tuple[str, str], ...]] = {
    "connectivity": (("everything", "●"), ("some ports", "◐"), ("nothing", "·")),
    "diff": (("opened", "+"), ("closed", "−"), ("changed", "~")),
    "equiv": (("only the left side", "◧"), ("only the right side", "◨")),
}
"""The verdicts of each kind of map, by their numbers in a group, with the sign that stands for each."""

Spans = tuple[tuple[str, int, int], ...]
"""Protocol, first and last port."""


class Place(NamedTuple):
    """One end. `single`: it is one pod, which is not meant where sources and destinations both have it. `blocks`: the outside
    addresses, where the name is not that of one block."""

    name: str
    namespace: str
    kind: str
    single: bool = False
    blocks: tuple[Prefix, ...] = ()


class Group(NamedTuple):
    """Flows from any of the sources to any other of the destinations; both are numbers of places, ascending.

    `spans`   the ports of the traffic, () for traffic without ports alone
    `item`    the number of the answer that tells more, 0 for none
    `itself`  what a pod sends to itself is meant
    """

    sources: tuple[int, ...]
    destinations: tuple[int, ...]
    traffic: str
    spans: Spans
    verdict: int
    item: int = 0
    itself: bool = False


class Mark(NamedTuple):
    """The flow that an answer shows, between two places; `item` is the number of the answer."""

    item: int
    source: int
    destination: int
    traffic: str
    allowed: bool


@dataclass(frozen=True, slots=True)
class FlowMap:
    """All of it; `left_out` is the sentence that stands in its place where it is too large."""

    kind: str
    title: str
    places: tuple[Place, ...] = ()
    groups: tuple[Group, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: str = ""
    marks: tuple[Mark, ...] = ()

    def value(self) -> Json:
        """As JSON for the page: numbers of ends as ranges, and each traffic once."""
        traffic: dict[tuple[str, Spans], int] = {}
        groups = [
            [
                _ranges(group.sources),
                _ranges(group.destinations),
                traffic.setdefault((group.traffic, group.spans), len(traffic)),
                group.verdict,
                group.item,
                int(group.itself),
            ]
            for group in self.groups
        ]
        return {
            "kind": self.kind,
            "verdicts": [list(pair) for pair in VERDICTS[self.kind]],
            "places": [[printable(p.name), printable(p.namespace), p.kind, int(p.single)] for p in self.places],
            "traffic": [[printable(text), [list(span) for span in spans]] for text, spans in traffic],
            "groups": groups,
            "marks": [[m.item, m.source, m.destination, printable(m.traffic), int(m.allowed)] for m in self.marks],
            "outside": OUTSIDE,
        }


def _ranges(numbers: Sequence[int]) -> list[int]:
    """Ascending numbers as first, last, first, last."""
    out: list[int] = []
    for number in numbers:
        if out and out[-1] == number - 1:
            out[-1] = number
        else:
            out += (number, number)
    return out


class _Places:
    """Gives each end its number; guards the table."""

    def __init__(self) -> None:
        self._number: dict[Place, int] = {}

    def number(self, place: Place) -> int:
        return self._number.setdefault(place, len(self._number))

    def settled(self, groups: Sequence[Group]) -> tuple[tuple[Place, ...], tuple[Group, ...]]:
        """Places in order, namespaces together and what is no workload last, and the groups with those numbers."""
        places = list(self._number)
        order = sorted(range(len(places)), key=lambda n: (_rank(places[n]), places[n].namespace, n))
        new = {old: at for at, old in enumerate(order)}
        return tuple(places[n] for n in order), tuple(
            group._replace(
                sources=tuple(sorted({new[n] for n in group.sources})),
                destinations=tuple(sorted({new[n] for n in group.destinations})),
            )
            for group in groups
        )


def _rank(place: Place) -> int:
    return (OUTSIDE, NODES).index(place.namespace) + 1 if place.namespace in (OUTSIDE, NODES) else 0


def world_map(world: World) -> FlowMap | None:
    """Who may talk to whom in a world; nothing of it is worked out where it would be too large, None without pods."""
    workloads = {pod.workload or pod for pod in world.inventory.pods}
    if len(workloads) > MOST_ENDS:
        return FlowMap("connectivity", WHO, left_out=TOO_LARGE.format(f"{len(workloads):,}"))
    return connectivity_map(connectivity(world)) if workloads else None


def connectivity_map(found: Connectivity) -> FlowMap:
    """Who may talk to whom, in the bundles that fare alike."""
    title, connections = WHO, found.connections
    if not isinstance(connections, Connections):
        raise TypeError("a map is made of the connections of `connectivity`")
    if connections.ends > MOST_ENDS:
        return FlowMap("connectivity", title, left_out=TOO_LARGE.format(f"{connections.ends:,}"))
    listed: dict[str, list[WorkloadRef]] = {}
    single: set[End] = {ref for ref, several in connections.listed() if not several}
    table = _Places()

    def numbers(ends: Iterable[End]) -> tuple[int, ...]:
        return tuple(table.number(_place(end, end in single)) for end in ends)

    for ref, _ in connections.listed():
        listed.setdefault(ref.namespace, []).append(ref)
        numbers((ref,))
    groups, size = [], 0
    for bundle in connections.bundles():
        sources = numbers(bundle.sources)
        for ends, allowed in _targets(bundle, listed):
            text = allowed_text(allowed)
            groups.append(Group(sources, numbers(ends), text, _spans(allowed), int(text != "everything")))
            size += len(sources) + len(ends)
        if size > MOST_PLACES:
            return FlowMap("connectivity", title, left_out=TOO_LARGE.format(f"{connections.ends:,}"))
    places, settled = table.settled(groups)
    return FlowMap("connectivity", title, places, settled, found.notes)


def _targets(
    bundle: Bundle, listed: dict[str, list[WorkloadRef]]
) -> Iterator[tuple[tuple[End, ...], tuple[Ports, ...]]]:
    """Whole namespaces written out: the source itself, if it is one pod, is left out by whoever reads the group."""
    for target in bundle.targets:
        whole = (ref for name, _ in target.whole for ref in listed[name])
        yield (*whole, *target.ends), target.allowed


def _place(end: End, single: bool = False) -> Place:
    if isinstance(end, Prefix):
        return Place(str(end), OUTSIDE, "block")
    if end.kind == "Node":
        return Place(end.name, NODES, "Node", True)
    return Place(end.name, end.namespace, end.kind, single)


def _spans(allowed: Iterable[Ports]) -> Spans:
    return tuple((p.protocol, first, last) for p in allowed for first, last in p.ranges)


def diff_map(changes: Sequence[Change]) -> FlowMap | None:
    """What a change opens and closes, if anything; `changes` are those that the report lists, its first items."""
    if not changes:
        return None
    table = _Places()
    groups = [
        Group(
            tuple(n for end in change.sources.ends for n in _numbers(table, end)),
            tuple(n for end in change.destinations.ends for n in _numbers(table, end)),
            _changed_text(change),
            _traffic_spans((*change.added, *change.removed)),
            [name for name, _ in VERDICTS["diff"]].index(str(change.opening)),
            number,
            change.meeting is Meeting.ITSELF,
        )
        for number, change in enumerate(changes, 1)
    ]
    return _two_sided("diff", "What opens and what closes", table, groups)


def _changed_text(change: Change) -> str:
    needs = f" (only if {diff_words.needed_text(change)})" if change.reading else ""
    return diff_words.change_traffic(change) + "".join(f", {mark}" for mark in diff_words.marks(change)) + needs


def equiv_map(result: EquivResult) -> FlowMap | None:
    """All that differs, where it was asked for (`--all`)."""
    if not result.regions:
        return None
    table = _Places()
    groups = [_region(region, table) for region in result.regions]
    return _two_sided("equiv", "What one side alone lets pass", table, groups, NOTES)


def _region(region: Region, table: _Places) -> Group:
    return Group(
        tuple(n for end in region.sources for n in _numbers(table, end)),
        tuple(n for end in region.destinations for n in _numbers(table, end)),
        region_text(region),
        _traffic_spans(region.traffic),
        int(region.allowed_by != "left"),
        itself=region.meeting is Meeting.ITSELF,
    )


def _two_sided(kind: str, title: str, table: _Places, groups: Sequence[Group], notes: tuple[str, ...] = ()) -> FlowMap:
    places, settled = table.settled([part for group in groups for part in _by_pod(group)])
    size = sum(len(group.sources) + len(group.destinations) for group in settled)
    if len(places) > MOST_ENDS or size > MOST_PLACES:
        return FlowMap(kind, title, left_out=f"the map is left out: {len(places):,} ends are more than a page can show")
    return FlowMap(kind, title, places, settled, notes)


def _by_pod(group: Group) -> Iterator[Group]:
    """What pods send to themselves, pod by pod: one does not mean that any may send it to any other."""
    if not group.itself:
        yield group
        return
    for end in dict.fromkeys(group.sources):
        yield group._replace(sources=(end,), destinations=(end,))


def _numbers(table: _Places, end: RegionEnd) -> Iterator[int]:
    """The places of an end: a workload is one, and so are the blocks of outside addresses that it stands for."""
    ref = end.workload
    if ref is None:
        yield table.number(Place(blocks_text(end.blocks), OUTSIDE, "block", blocks=end.blocks))
        return
    place = _place(ref, single=ref.kind == "Pod")
    at = f" at {blocks_text(end.blocks)}" if end.blocks else ""
    cluster = f"{end.cluster}:" if end.cluster else ""
    yield table.number(place._replace(name=place.name + at, namespace=cluster + place.namespace))


def _traffic_spans(traffic: Iterable[Traffic]) -> Spans:
    return tuple(
        dict.fromkeys(
            (one.protocol, first, last)
            for one in traffic
            if one.protocol in PORT_PROTOCOLS
            for first, last in one.ports or ((0, 65535),)
        )
    )
