"""Where the flows of answers stand in a map: the counterexample of an assertion, the flow that shows a finding."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace

from npverify.analyses.results import Counterexample
from npverify.inventory.addresses import Address, Prefix
from npverify.inventory.model import Endpoint, EndpointKind
from npverify.report import words
from npverify.report.html.flow_map import NODES, OUTSIDE, FlowMap, Mark, Place

MOST_MARKS = 500
ANY_ADDRESS = "any outside address"


def with_marks(flows: FlowMap, shown: Iterable[tuple[int, Counterexample | None]]) -> FlowMap:
    """The map with a mark for each flow; `shown` gives the number of the answer and its flow, None for none.

    An end that the map does not list (a node, a pod of another cluster, an address in no block) becomes a place of its own.
    """
    if flows.left_out:
        return flows
    places = _Ends(flows)
    marks: list[Mark] = []
    for item, found in shown:
        if found is None or len(marks) == MOST_MARKS:
            continue
        source, destination = places.pair(found)
        flow = found.flow
        text = f"{words.traffic(flow, found.any)}{words.via(flow)}"
        allowed = found.side.allowed if found.side is not None else found.verdict.allowed
        marks.append(Mark(item, source, destination, text, allowed))
    return replace(flows, places=tuple(places.all), marks=tuple(marks))


class _Ends:
    """Finds the places of ends. Guards the list, which grows by ends that it does not have."""

    def __init__(self, flows: FlowMap) -> None:
        self.all = list(flows.places)
        self._groups = flows.groups
        self._number = {(place.namespace, place.name, place.kind): n for n, place in enumerate(self.all)}
        self._blocks = [
            (block, n)
            for n, place in enumerate(self.all)
            if place.namespace == OUTSIDE and place.kind == "block"
            for block in place.blocks or (Prefix.parse(place.name),)
        ]

    def pair(self, found: Counterexample) -> tuple[int, int]:
        """The places of the source and the destination of a flow."""
        flow = found.flow
        src, dst = (self._known(flow.src), self._known(flow.dst))
        if src is None:
            src = self._outside(flow.src_ip if "src_ip" not in found.any else None, dst, source=True)
        if dst is None:
            dst = self._outside(flow.dst_ip if "dst_ip" not in found.any else None, src, source=False)
        return src, dst

    def _known(self, end: Endpoint) -> int | None:
        """The place of a pod or a node; None for an outside address."""
        if end.kind is EndpointKind.EXTERNAL:
            return None
        cluster = f"{end.cluster}:" if end.cluster else ""
        if end.is_node:
            return self._place(Place(end.name, f"{cluster}{NODES}", "Node", True))
        namespace = f"{cluster}{end.namespace}"
        if end.workload is not None and (namespace, end.workload.name, end.workload.kind) in self._number:
            return self._number[namespace, end.workload.name, end.workload.kind]
        return self._place(Place(end.name, namespace, "Pod", not end.replicated))

    def _place(self, place: Place) -> int:
        key = (place.namespace, place.name, place.kind)
        if key not in self._number:
            self._number[key] = len(self.all)
            self.all.append(place)
        return self._number[key]

    def _outside(self, address: Address | None, other: int | None, *, source: bool) -> int:
        """The narrowest block around an address under which something is listed for the other end, else the narrowest."""
        around = [(block.length, n) for block, n in self._blocks if _holds(block, address)]
        listed = [(length, n) for length, n in around if other is not None and self._listed(n, other, source=source)]
        if around:
            return (max if address is not None else min)(listed or around)[1]
        return self._place(Place(str(address) if address is not None else ANY_ADDRESS, OUTSIDE, "address"))

    def _listed(self, block: int, other: int, *, source: bool) -> bool:
        sides = ((g.sources, g.destinations) if source else (g.destinations, g.sources) for g in self._groups)
        return any(_among(block, here) and _among(other, there) for here, there in sides)


def _holds(block: Prefix, address: Address | None) -> bool:
    return block.length == 0 if address is None else block.contains(address)


def _among(number: int, ascending: Sequence[int]) -> bool:
    at = bisect_left(ascending, number)
    return at < len(ascending) and ascending[at] == number
