"""Every flow that differs, as regions: workloads, blocks of outside addresses and traffic, in few readable groups.

The rows of all formulas are gathered by what they say; the pairs of endpoints of which a row holds are then cut into sets of
sources and sets of destinations. Exact: a region holds no flow that does not differ, and no flow that differs is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from npverify.analyses.engine import assumed
from npverify.analyses.equiv_formulas import SIDES, Formula
from npverify.analyses.equiv_results import Meeting, Region, RegionEnd
from npverify.analyses.equiv_rows import Blocks, Row, Rows
from npverify.analyses.equiv_search import Found, Search
from npverify.analyses.packet_cells import covers
from npverify.analyses.results import Assumed
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import EXTERNAL, Endpoint, WorkloadRef
from npverify.inventory.unknowns import Unknown
from npverify.normal.predicates import Side, UnknownIn, atoms_of
from npverify.reduction.bitsets import bits
from npverify.reduction.twin_pairs import Pairs, may_be_near
from npverify.reduction.twins import Twin


class Said(NamedTuple):
    """What is said of some pairs. `kind` parts them further where somebody asks for more."""

    row: Row
    meeting: Meeting
    service: tuple[str, str, int] | None
    reading: tuple[Assumed, ...]
    kind: str = ""


def regions(search: Search, found: Iterable[Found]) -> tuple[Region, ...]:
    """All that differs, what only the left side allows first; UndecidedError where it cannot all be told."""
    ends = Ends(search)
    pairs: dict[Said, dict[int, int]] = {}
    rows = Rows(search)
    for each in found:
        for formula in each.formulas:
            for row in rows.of(each, formula):
                said = Said(row, meeting_of(each), service_of(each), reading_for(each, formula, row))
                of_source = pairs.setdefault(said, {})
                for source, targets in ends.pairs(each):
                    of_source[source] = of_source.get(source, 0) | targets
    leave_out_implied(pairs)
    made = [
        _region(ends, said, *rectangle)
        for said, of_source in pairs.items()
        for rectangle in _rectangles(of_source, themselves=said.meeting is Meeting.ITSELF)
    ]
    return tuple(sorted(_wherever(made), key=_order))


def leave_out_implied(pairs: dict[Said, dict[int, int]]) -> None:
    """Takes away what is said of flows through a Service where the same is said of direct ones between the two ends."""
    direct: dict[Said, list[tuple[Said, dict[int, int]]]] = {}
    for said, of_source in pairs.items():
        if said.service is None and said.meeting is not Meeting.ITSELF:
            direct.setdefault(_whatever(said), []).append((said, of_source))
    for said, of_source in pairs.items():
        if said.service is None:
            continue
        for other, targets in direct.get(_whatever(said), ()):
            if covers(other.row.traffic, said.row.traffic):
                for source in of_source.keys() & targets.keys():
                    of_source[source] &= ~targets[source]


def _whatever(said: Said) -> Said:
    """What is said, whatever the traffic and the Service."""
    src, dst, _ = said.row.where
    return said._replace(row=said.row._replace(traffic=(), where=(src, dst, ()), depends=()), service=None, kind="")


class Ends:
    """Sets of endpoints as integers, bit n for the n-th by name, and their names in reports."""

    def __init__(self, search: Search) -> None:
        self._search = search
        twins = sorted((t for members in search.twins.members for t in members), key=lambda t: t.either.key)
        self._twins = twins
        self._number = {twin: n for n, twin in enumerate(twins)}
        self._outside = sum(1 << n for n, twin in enumerate(twins) if twin.left is EXTERNAL)
        self._classes: dict[int, int] = {}
        self._workloads: dict[tuple[str, WorkloadRef], int] = {}
        for n, twin in enumerate(twins):
            if twin.either.workload is not None:
                key = (twin.either.cluster, twin.either.workload)
                self._workloads[key] = self._workloads.get(key, 0) | 1 << n

    @property
    def both(self) -> int:
        """The endpoints that both worlds have."""
        return sum(1 << n for n, twin in enumerate(self._twins) if None not in twin.sides and twin.left is not EXTERNAL)

    def pairs(self, found: Found) -> Iterator[tuple[int, int]]:
        """Sources with the destinations of each."""
        if found.way.hows[0].same:
            yield from ((1 << n, 1 << n) for n in bits(self._reached(found)))
            return
        reached = self._reached(found)
        near = may_be_near(found.pair[0].either, found.pair[1].either)
        for c in bits(found.block.sources):
            targets = reached
            if near:
                sources = self._search.twins.members[c]
                targets = self._set(
                    t for t in self.twins(reached) if Pairs(sources, (t,), found.way.hows).first() is not None
                )
            if targets:
                yield self._class(c), targets

    def names(self, ends: int, blocks: Blocks) -> tuple[RegionEnd, ...]:
        """A set of endpoints as workloads where all of a workload is in it, else as pods."""
        found: dict[tuple[object, ...], RegionEnd] = {}
        for twin in self.twins(ends):
            end = twin.either
            if end is EXTERNAL:
                named = RegionEnd(None, blocks)
            else:
                whole = end.workload and self._workloads[end.cluster, end.workload]
                ref = end.workload if whole and whole & ends == whole else None
                named = RegionEnd(ref or _single(end), blocks, end.cluster)
            found.setdefault(tuple(named), named)
        return tuple(found.values())

    def single(self, twin: Twin) -> int:
        """The set of one endpoint."""
        return 1 << self._number[twin]

    def is_single(self, ends: int) -> bool:
        """Whether a set has one member, which is no workload of several."""
        return ends.bit_count() == 1 and not self.twins(ends)[0].either.replicated and ends & self._outside == 0

    def among(self, classes: int, ends: int, reached: frozenset[Twin] | None = None) -> list[Twin]:
        """The members of a set of classes that are in a set of endpoints, and among the backends, by name."""
        return [t for t in self.twins(self._union(classes) & ends) if reached is None or t in reached]

    def twins(self, ends: int) -> list[Twin]:
        """The members of a set of endpoints, by name."""
        return [self._twins[n] for n in bits(ends)]

    def _set(self, twins: Iterable[Twin]) -> int:
        return sum(1 << self._number[twin] for twin in twins)

    def _class(self, c: int) -> int:
        found = self._classes.get(c)
        if found is None:
            found = self._classes[c] = self._set(self._search.twins.members[c])
        return found

    def _union(self, classes: int) -> int:
        every = 0
        for c in bits(classes):
            every |= self._class(c)
        return every

    def _reached(self, found: Found) -> int:
        every = self._union(found.block.targets)
        return every if found.reached is None else every & self._set(found.reached)


def _single(end: Endpoint) -> WorkloadRef:
    return WorkloadRef("Node" if end.is_node else "Pod", end.namespace, end.name)


def meeting_of(found: Found) -> Meeting:
    left, right = found.way.hows
    if left.same:
        return Meeting.ITSELF
    if left.own_node is not right.own_node or not may_be_near(found.pair[0].either, found.pair[1].either):
        return Meeting.APART
    return Meeting.ONE_NODE if left.own_node else Meeting.OTHER_NODES


def service_of(found: Found) -> tuple[str, str, int] | None:
    if found.through is None:
        return None
    service, index = found.through.hops[0]
    return service.namespace, service.name, service.ports[index].number


def reading_for(found: Found, formula: Formula, row: Row) -> tuple[Assumed, ...]:
    """What the flows of a row need, in words."""
    unknowns: dict[str, Unknown] = {
        a.unknown.name: a.unknown
        for pred in (formula.differs, *formula.parts[0])
        for a in atoms_of(pred)
        if isinstance(a, UnknownIn)
    }
    needed = [assumed(unknowns[name], value) for name, value in row.reading]
    for (w, side), address in formula.own.items():
        if side is Side.VIP and found.through is not None:
            name = f"Service {found.through.hops[w].service}"
        else:
            name = str(found.pair[0 if side is Side.SRC else 1].either)
        phrase = f"{name} has an address like {address} on the {SIDES[w]}"
        needed.append(Assumed(f"address of {name} on the {SIDES[w]}", str(address), phrase))
    left, right = (how.own_node for how in found.way.hows)
    if left is not right:
        where = SIDES[0] if left else SIDES[1]
        needed.append(Assumed("node", where, f"the two run on one node on the {where} alone"))
    return tuple(needed)


def _rectangles(of_source: dict[int, int], *, themselves: bool) -> Iterator[tuple[int, int]]:
    """Pairs as sets of sources that have the same destinations; of pods that talk to themselves, one set twice."""
    if themselves:
        every = sum(of_source)
        yield every, every
        return
    sources: dict[int, int] = {}
    for source, targets in of_source.items():
        if targets:
            sources[targets] = sources.get(targets, 0) | source
    for targets, alike in sources.items():
        yield alike, targets


def _region(ends: Ends, said: Said, sources: int, targets: int) -> Region:
    src, dst, vips = said.row.where
    return Region(
        ends.names(sources, src),
        ends.names(targets, dst),
        said.row.traffic,
        said.row.allowed_by,
        said.meeting,
        said.row.family,
        said.service,
        vips,
        said.reading,
    )


def _wherever(made: Sequence[Region]) -> Iterator[Region]:
    """What holds of ends on one node and of ends on different nodes alike, as one region."""
    known = set(made)
    for region in made:
        if region.meeting is Meeting.ONE_NODE and replace(region, meeting=Meeting.OTHER_NODES) in known:
            yield replace(region, meeting=Meeting.APART)
        elif region.meeting is not Meeting.OTHER_NODES or replace(region, meeting=Meeting.ONE_NODE) not in known:
            yield region


def _order(region: Region) -> tuple[object, ...]:
    ends = tuple(tuple(_end_order(end) for end in some) for some in (region.sources, region.destinations))
    traffic = tuple(tuple(map(str, t)) for t in region.traffic)
    return (
        region.allowed_by,
        len(region.reading),
        *ends,
        region.meeting,
        str(region.service),
        str(region.reading),
        traffic,
    )


def _end_order(end: RegionEnd) -> tuple[object, ...]:
    if end.workload is None:
        return (1, "", "", "", "", tuple(map(_block_order, end.blocks)))
    ref = end.workload
    return (0, end.cluster, ref.namespace, ref.name, ref.kind, tuple(map(_block_order, end.blocks)))


def _block_order(block: Prefix) -> tuple[int, int, int]:
    return block.family, block.value, block.length
