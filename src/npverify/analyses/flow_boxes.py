"""What the policies of a direction match, as boxes: packets × peers × subjects, and what has to be true besides.

For tiers that allow whatever a rule matches, and deny the rest. The boxes of a policy together are exactly the flows that its
rules match, of subjects that it selects; what no set can tell (a reading, an address that is not known) is a condition of a box.
Not trusted: tests hold what is made of boxes against formulas and against brute force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from math import prod
from typing import NamedTuple

from npverify.analyses.contributions import Contributions
from npverify.inventory.unknowns import Reading
from npverify.normal.policy import Direction, Policy
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    And,
    KindIs,
    NamedPortIs,
    Not,
    Or,
    PortIn,
    Pred,
    UnknownIn,
    atoms_of,
)
from npverify.reduction.bitsets import told_apart
from npverify.reduction.given import says
from npverify.reduction.partial import DIRECT, Circumstance
from npverify.reduction.readings import under
from npverify.reduction.residuals import Residuals

Given = frozenset[Pred]
"""Predicates, all of which are true."""

ALWAYS: Given = frozenset()
_MOST = 64  # boxes of one predicate, beyond which it is a condition as it stands


class Box(NamedTuple):
    """The flows with one of these packets, peers and subjects (sets of cells, and of classes) where all that is given is true."""

    cells: int
    peers: int
    subjects: int
    given: Given = ALWAYS


class Matched(NamedTuple):
    """What a policy matches, the union of all of its boxes, and whether they are the same however two ends meet."""

    boxes: tuple[Box, ...]
    cells: int
    peers: int
    everywhere: bool


class FlowBoxes:
    """Turns policies into boxes. Guards the memos."""

    def __init__(
        self, residuals: Residuals, contributions: Contributions, hows: Mapping[Direction, Sequence[Circumstance]]
    ) -> None:
        """`hows`: every way in which two ends can stand to each other, as far as a direction can tell."""
        self._residuals = residuals
        self._contributions = contributions
        self._hows = hows
        self._matched: dict[tuple[Direction, Circumstance], dict[Policy, Matched]] = {}
        self._direct: dict[Direction, dict[Policy, Matched]] = {direction: {} for direction in Direction}
        self._under: dict[tuple[int, frozenset[tuple[str, str]]], tuple[Matched, Matched]] = {}
        self._sets: dict[tuple[int, int, int], int] = {}
        self._pieces: dict[Pred, tuple[tuple[int, Given], ...]] = {}

    def of(self, policy: Policy, direction: Direction, how: Circumstance, reading: Reading | None = None) -> Matched:
        """What the rules of a policy match, of the subjects that it selects; under one reading, or as far as each may be."""
        memo = self._direct[direction] if how is DIRECT else self._matched.setdefault((direction, how), {})
        found = memo.get(policy)
        if found is None:
            seen = self._seen(policy, how)
            everywhere = all(self._seen(policy, other) is DIRECT for other in self._hows[direction])
            if seen is DIRECT and how is not DIRECT:
                found = self.of(policy, direction, DIRECT)
            else:
                found = self._merged(self._boxes(policy, direction, seen), everywhere)
            memo[policy] = found
        if reading is None:
            return found
        key = (id(found), frozenset(reading.items()))
        known = self._under.get(key)
        if known is None:  # what it is made of is kept, so that no other can take its id
            known = self._under[key] = (found, self._merged(at_reading(found.boxes, reading), found.everywhere))
        return known[1]

    def _merged(self, boxes: Iterable[Box], everywhere: bool) -> Matched:
        merged: dict[tuple[int, int, Given], int] = {}
        for cells, peers, subjects, given in boxes:
            key = (cells, subjects, given)
            merged[key] = merged.get(key, 0) | peers
        one = self._one
        found = tuple(
            Box(one(cells), one(peers), one(subjects), given) for (cells, subjects, given), peers in merged.items()
        )
        all_cells = all_peers = 0
        for box in found:
            all_cells |= box.cells
            all_peers |= box.peers
        return Matched(found, one(all_cells), one(all_peers), everywhere)

    def _one(self, those: int) -> int:
        """A set as it is kept: many are equal, and large."""
        return self._sets.setdefault(told_apart(those), those)

    def exempt(self, direction: Direction, how: Circumstance) -> list[Box]:
        """The flows that a direction lets through unasked."""
        found: list[Box] = []
        for stage in self._residuals.policies.half(direction).stages:
            for exemption in stage.exemptions:
                found += self._spread(exemption.match, direction, how)
        return found

    def selected(self, policy: Policy, direction: Direction) -> list[tuple[int, Given]]:
        """The classes that a policy selects, each set with what has to be true."""
        parts = self._residuals.bitsets.parts(policy.subject, direction.subject, DIRECT)
        return [(who, given) for who, left in parts for _, given in self.pieces(left)]

    def _seen(self, policy: Policy, how: Circumstance) -> Circumstance:
        """The circumstance as far as some rule of the policy looks at it."""
        seen = [self._contributions.seen(rule, how) for rule in policy.rules]
        return DIRECT if all(each is DIRECT for each in seen) else how

    def _boxes(self, policy: Policy, direction: Direction, how: Circumstance) -> Iterator[Box]:
        for who, selected in self.selected(policy, direction):
            for rule in policy.rules:
                for cells, peers, subjects, given in self._of_rule(rule.peer, rule.traffic, direction, how, who):
                    if (both := _together(selected, given)) is not None:
                        yield Box(cells, peers, subjects, both)

    def _of_rule(self, peer: Pred, traffic: Pred, direction: Direction, how: Circumstance, who: int) -> Iterator[Box]:
        bitsets = self._residuals.bitsets
        ends = [
            (classes, *piece)
            for classes, left in bitsets.parts(peer, direction.peer, how)
            for piece in self.pieces(left)
        ]
        by_subject = [(who, traffic)]
        if any(isinstance(a, KindIs | NamedPortIs) and a.side is direction.subject for a in atoms_of(traffic)):
            by_subject = list(bitsets.parts(traffic, direction.subject, DIRECT))
        for subjects, of_subject in by_subject:
            if not subjects & who or of_subject is FALSE:
                continue
            # a port by its name is another number for each peer
            for peers, left in bitsets.parts(of_subject, direction.peer, how):
                for cells, packets in self.pieces(left):
                    for classes, also, given in ends:
                        both = _together(packets, given) if classes & peers and cells & also else None
                        if both is not None:
                            yield Box(cells & also, classes & peers, subjects & who, both)

    def _spread(self, pred: Pred, direction: Direction, how: Circumstance) -> Iterator[Box]:
        """A predicate about both ends and the packet as boxes."""
        bitsets = self._residuals.bitsets
        for subjects, of_subject in bitsets.parts(pred, direction.subject, how):
            if of_subject is not FALSE:
                for peers, left in bitsets.parts(of_subject, direction.peer, how):
                    for cells, given in self.pieces(left):
                        yield Box(cells, peers, subjects, given)

    def pieces(self, left: Pred) -> tuple[tuple[int, Given], ...]:
        """A residual as sets of packets, each with what has to be true besides."""
        found = self._pieces.get(left)
        if found is None:
            found = self._pieces[left] = tuple(self._cut(left))
        return found

    def _cut(self, left: Pred) -> Iterator[tuple[int, Given]]:
        every = self._contributions.all_packets
        if left is TRUE or left is FALSE:
            if left is TRUE:
                yield every, ALWAYS
            return
        low, high = self._contributions.packets(left)
        if low:
            yield low, ALWAYS
        if rest := high & ~low:
            for cells, given in self._by_parts(left):
                if cells & rest:
                    yield cells & rest, given

    def _by_parts(self, left: Pred) -> Iterable[tuple[int, Given]]:
        whole = ((self._contributions.all_packets, frozenset((left,))),)
        if isinstance(left, Or):
            found = [piece for part in left.parts for piece in self.pieces(part)]
            return found if len(found) <= _MOST else whole
        if isinstance(left, And):
            parts = [self.pieces(part) for part in left.parts]
            if prod(map(len, parts)) > _MOST:
                return whole
            return [piece for chosen in product(*parts) if (piece := _meeting(chosen)) is not None]
        return whole


def at_reading(boxes: Iterable[Box], reading: Reading) -> Iterator[Box]:
    """The boxes under a reading; what it does not name stays a condition."""
    for cells, peers, subjects, given in boxes:
        settled = [settle(pred, reading) for pred in given]
        if FALSE not in settled:
            yield Box(cells, peers, subjects, frozenset(p for p in settled if p is not TRUE))


def settle(pred: Pred, reading: Reading) -> Pred:
    """A condition under a reading."""
    names = {a.unknown.name for a in atoms_of(pred) if isinstance(a, UnknownIn)}
    return under(pred, reading) if names <= reading.keys() else pred


def _meeting(pieces: Sequence[tuple[int, Given]]) -> tuple[int, Given] | None:
    cells, given = pieces[0]
    for more, also in pieces[1:]:
        cells &= more
        both = _together(given, also)
        if not cells or both is None:
            return None
        given = both
    return cells, given


def _together(one: Given, other: Given) -> Given | None:
    """Both; None where they cannot be true together."""
    if not one or not other:
        return one or other
    return one | other if compatible(one, other) else None


@cache
def compatible(one: Given, other: Given) -> bool:
    """Whether both may be true together; True too where that is not told."""
    return not any(_told(a, b) is False for a in one for b in other)


@cache
def follows(wanted: Given, given: Given) -> bool:
    """Whether all that is wanted is certainly true where all that is given is."""
    return all(pred in given or any(_told(fact, pred) is True for fact in given) for pred in wanted)


def _told(fact: Pred, pred: Pred) -> bool | None:
    """Whether a predicate is true, or false, where a fact is; None: either."""
    if isinstance(pred, Not):
        told = says(fact, pred.body)
        return None if told is None else not told
    return says(fact, pred)


def without(boxes: list[Box], taken: Box, *, certainly: bool) -> list[Box]:
    """What is left of boxes without another; the same list if that takes nothing away.

    certainly: only flows that are in the other whatever else is true; else all that may be in it.
    """
    cells, peers, subjects, given = taken
    found: list[Box] | None = None
    for n, box in enumerate(boxes):
        if (
            (whose := box.subjects & subjects)
            and (who := box.peers & peers)
            and (both := box.cells & cells)
            and (not given or not certainly or follows(given, box.given))
        ):
            if found is None:
                found = boxes[:n]
            if rest := box.subjects ^ whose:
                found.append(Box(box.cells, box.peers, rest, box.given))
            if rest := box.peers ^ who:
                found.append(Box(box.cells, rest, whose, box.given))
            if rest := box.cells ^ both:
                found.append(Box(rest, who, whose, box.given))
        elif found is not None:
            found.append(box)
    return boxes if found is None else found


def supported(policy: Policy, direction: Direction) -> bool:
    """Whether boxes can say what the rules of a policy match: of the subject they look at its kind and ports at most."""
    return all(
        isinstance(atom, allowed) or getattr(atom, "side", None) is not direction.subject
        for rule in policy.rules
        for pred, allowed in ((rule.peer, ()), (rule.traffic, (KindIs, NamedPortIs, PortIn)))
        for atom in atoms_of(pred)
    )


def switches_of(boxes: Iterable[Box]) -> Mapping[str, tuple[str, ...]]:
    """The switches in the conditions of boxes, each with its values."""
    atoms = dict.fromkeys(a for box in boxes for pred in box.given for a in atoms_of(pred))
    found = {a.unknown.name: a.unknown.values for a in atoms if isinstance(a, UnknownIn) and a.unknown.kind == "switch"}
    return {name: found[name] for name in sorted(found)}
