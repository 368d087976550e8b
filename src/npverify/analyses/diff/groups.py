"""Every flow that is different, gathered into few groups of sources, destinations and traffic.

The rows of all formulas are gathered by what they say; the pairs of endpoints of which a row holds are then cut into sets of
sources and sets of destinations. Exact: a group holds no flow that is not different, and no flow that is different is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from npverify.analyses.diff.openings import Openings, knows_nodes, may_move, one_node, only
from npverify.analyses.diff.parting import Parting
from npverify.analyses.diff.results import Only, Opening
from npverify.analyses.diff.usual import Usual
from npverify.analyses.equiv_formulas import Formula
from npverify.analyses.equiv_regions import Ends, Said, leave_out_implied, meeting_of, reading_for, service_of
from npverify.analyses.equiv_results import Meeting
from npverify.analyses.equiv_rows import Row, Rows
from npverify.analyses.equiv_search import Found, Search
from npverify.reduction.twin_pairs import Pairs

OLD, NEW = "left", "right"
"""What the comparison calls the two versions."""


class Origin(NamedTuple):
    """Where a group comes from: a row, before what is usual was left out of it."""

    found: Found
    formula: Formula
    row: Row


class Group(NamedTuple):
    """What is said of the flows from a set of sources to a set of destinations. `depends` names the unknowns of which another
    value would make a difference to some of them."""

    said: Said
    sources: int
    targets: int
    origins: tuple[Origin, ...]
    depends: tuple[str, ...]

    @property
    def added(self) -> bool:
        """Whether the new version alone allows them."""
        return self.said.row.allowed_by == NEW

    @property
    def only(self) -> Only:
        """The version that alone has one of the ends."""
        return _version(self.said.kind.split(",")[1])

    @property
    def one_node(self) -> Only:
        """The version in which the two ends run on one node, where in the other they do not."""
        return _version(self.said.kind.split(",")[2])

    @property
    def opening(self) -> Opening:
        """What they mean to their ends."""
        return Opening(self.said.kind.split(",")[0])


def _version(text: str) -> Only:
    return "old" if text == "old" else "new" if text == "new" else ""


class Groups:
    """Makes the groups of one comparison.

    `more`  under other readings than the default there may be more that is different
    """

    def __init__(self, search: Search) -> None:
        self._search = search
        self._parting = Parting()
        self.rows = Rows(search, self._parting)
        self.ends = Ends(search)
        self.usual = Usual(search)
        self._openings = Openings(self.rows, self.usual)

    @property
    def more(self) -> bool:
        return self._parting.more

    def of(self, found: Iterable[Found]) -> list[Group]:
        """All groups; those under the default reading have no `reading`."""
        pairs: dict[Said, dict[int, int]] = {}
        origins: dict[Said, list[Origin]] = {}
        depends: dict[Said, dict[str, None]] = {}
        for each in found:
            version, moved = only(each), one_node(each)
            if version and moved:
                continue  # a version without one of the ends says nothing of nodes, so the ways without a move tell all
            for known, sources in self._pairs(each, moved):
                for formula in each.formulas:
                    for row in self.rows.of(each, formula):
                        kind = f"{self._openings.of(each, formula, row)},{version},{moved}"
                        said, unknowns = self._said(each, formula, row, kind, known)
                        depends.setdefault(said, {}).update(dict.fromkeys(unknowns))
                        origins.setdefault(said, []).append(Origin(each, formula, row))
                        of_source = pairs.setdefault(said, {})
                        for source, targets in sources.items():
                            of_source[source] = of_source.get(source, 0) | targets
        leave_out_implied(pairs)
        return [
            Group(said, sources, targets, tuple(origins[said]), tuple(sorted(depends[said])))
            for said, of_source in pairs.items()
            for sources, targets in self._rectangles(of_source, said)
        ]

    def _rectangles(self, of_source: dict[int, int], said: Said) -> Iterator[tuple[int, int]]:
        """Sets of sources and destinations; where one side is a single pod, it is not on the other side too."""
        if said.meeting is Meeting.ITSELF:
            yield from rectangles(of_source, themselves=True)
            return
        for sources, targets in rectangles(of_source, themselves=False):
            if self.ends.is_single(targets):
                sources &= ~targets
            elif self.ends.is_single(sources):
                targets &= ~sources
            yield sources, targets

    def _pairs(self, found: Found, moved: Only) -> Iterator[tuple[bool, dict[int, int]]]:
        """Sources of a block with the destinations of each; where an end moves, apart by whether the nodes are known."""
        if not moved:
            yield True, dict(self.ends.pairs(found))
            return
        hows, twins = found.way.hows, self._search.twins
        targets = [
            t for t in twins.twins(found.block.targets) if may_move(t) and (found.reached is None or t in found.reached)
        ]
        parts: dict[bool, dict[int, int]] = {True: {}, False: {}}
        for src in filter(may_move, twins.twins(found.block.sources)):
            for dst in targets:
                if Pairs((src,), (dst,), hows).first() is not None:
                    of_source = parts[knows_nodes(hows, src, dst)]
                    one = self.ends.single(src)
                    of_source[one] = of_source.get(one, 0) | self.ends.single(dst)
        yield from ((known, sources) for known, sources in parts.items() if sources)

    def _said(self, found: Found, formula: Formula, row: Row, kind: str, known: bool) -> tuple[Said, tuple[str, ...]]:
        """What is said of a row, and what it depends on; `known`: where its ends run is no assumption."""
        settled, addresses = self.usual.settle(found, formula, row, self.rows.families(found))
        own = {f"address of {end}" for twin in found.pair for end in twin.sides if end is not None}
        others = (
            needed
            for needed in reading_for(found, formula, row)
            if needed.name.rpartition(" on the ")[0] not in own
            and not needed.name.startswith("address of Service ")
            and not (needed.name == "node" and known)
        )
        reading = (*others, *addresses)
        said = Said(settled._replace(depends=()), meeting_of(found), service_of(found), reading, kind)
        return said, settled.depends


def rectangles(of_source: dict[int, int], *, themselves: bool) -> Iterator[tuple[int, int]]:
    """Pairs as few sets of sources with all of their destinations; of pods that talk to themselves, one set twice."""
    if themselves:
        every = sum(of_source)
        if every:
            yield every, every
        return
    by_targets: dict[int, int] = {}
    for source, targets in of_source.items():
        if targets:
            by_targets[targets] = by_targets.get(targets, 0) | source
    by_sources: dict[int, int] = {}
    for target, sources in _turned(by_targets).items():
        by_sources[sources] = by_sources.get(sources, 0) | target
    if len(by_sources) < len(by_targets):
        yield from by_sources.items()
    else:
        yield from ((sources, targets) for targets, sources in by_targets.items())


def _turned(by_targets: dict[int, int]) -> dict[int, int]:
    """The sets of destinations that always come together, disjoint, each with all of its sources."""
    parts: dict[int, int] = {}
    for targets, sources in by_targets.items():
        rest = targets
        for part, whose in list(parts.items()):
            if shared := part & rest:
                del parts[part]
                parts[shared] = whose | sources
                if part ^ shared:
                    parts[part ^ shared] = whose
                rest ^= shared
        if rest:
            parts[rest] = sources
    return parts
