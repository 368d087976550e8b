"""The policies of a world by direction and place: whom each selects, which ones may select some endpoints, what is a flow.

For worlds in which each direction has one tier of policies that only allow (`box_sweep`).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from copy import copy
from functools import cached_property, reduce
from operator import or_
from typing import NamedTuple

from npverify.analyses.flow_boxes import Box, FlowBoxes, at_reading
from npverify.inventory.addresses import FAMILIES
from npverify.inventory.model import EndpointKind
from npverify.inventory.unknowns import Reading
from npverify.normal.policy import Direction, Policy, PolicyId
from npverify.normal.predicates import TRUE
from npverify.reduction.bitsets import bits, told_apart
from npverify.reduction.partial import DIRECT, Circumstance
from npverify.reduction.residuals import Residuals

_FEW = 16  # classes up to which policies are found by each of them


class Part(NamedTuple):
    """What an object says in one direction; the classes that it may select, and those that it certainly does; the namespace
    of all of these ("": there are others), and its place among all parts."""

    direction: Direction
    policy: Policy
    may: int
    must: int
    selected: tuple[Box, ...]
    home: str
    place: int

    def chosen(self, reading: Reading | None) -> list[Box]:
        """Whom the policy selects, as boxes of subjects."""
        return list(self.selected if reading is None else at_reading(self.selected, reading))

    def certainly(self, reading: Reading | None) -> int:
        """The classes that the policy certainly selects."""
        found = self.must
        if reading is not None and self.may != self.must:
            for box in self.chosen(reading):
                found |= box.subjects if not box.given else 0
        return found


class Beside:
    """Policies that may select some of the same subjects. Guards what is found out about them once."""

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts
        self._spoken_of: dict[frozenset[tuple[str, str]], tuple[int, int]] = {}
        self._matching_most: list[Part] | None = None

    def matching_most(self, size: Callable[[Part], int]) -> list[Part]:
        """Those first that match most: what others match is gone soon then, and falls into few pieces."""
        if self._matching_most is None:
            self._matching_most = sorted(self.parts, key=size, reverse=True)
        return self._matching_most

    def others_speak_of(self, part: Part, peers_of: Callable[[Part], int], reading: Reading | None) -> int:
        """Of the peers of whom a policy speaks, under a reading, those of whom others do too."""
        key = frozenset(() if reading is None else reading.items())
        found = self._spoken_of.get(key)
        if found is None:
            once = several = 0
            for other in self.parts:
                peers = peers_of(other)
                several |= once & peers
                once |= peers
            found = self._spoken_of[key] = once, several
        # a policy that is one of them speaks of its own peers itself; beside it are perhaps some of the others alone
        return found[1] if id(part) in self._ids else found[0]

    @cached_property
    def _ids(self) -> frozenset[int]:
        return frozenset(map(id, self.parts))

    @cached_property
    def widest(self) -> list[Part]:
        """Those first that may select most."""
        return sorted(self.parts, key=lambda part: -part.may.bit_count())


class PolicyIndex:
    """Finds policies by whom they select. Guards what it looks up once.

    `of`  every policy; those beside which one is looked at may be fewer
    `pods`, `having`  the classes of pods, and those that can use a family of addresses
    """

    def __init__(self, residuals: Residuals, boxes: FlowBoxes) -> None:
        self.of: dict[PolicyId, list[Part]] = {}
        self._may: dict[Direction, int] = {}
        self._must: dict[Direction, int] = {}
        self._few: dict[Direction, list[Part]] | None = None
        self._gone: Container[PolicyId] = ()
        self._residuals = residuals
        self._boxes = boxes
        self._at_home: dict[tuple[Direction, str], list[Part]] = {}
        self._selecting: dict[Direction, _ByClass] = {direction: _ByClass() for direction in Direction}
        self._naming: dict[tuple[Direction, Circumstance], _ByClass] = {}
        self._found: dict[tuple[Direction, tuple[int, int, int]], Beside] = {}
        self._at: dict[tuple[Direction, int], Beside] = {}
        self._count = 0
        self._look_at_classes()
        for direction in Direction:
            self._look_at_policies(direction)

    def only(self, names: Iterable[PolicyId]) -> PolicyIndex:
        """The index of some of the policies."""
        made = self._part()
        made._few = {direction: [] for direction in Direction}
        for part in sorted((part for name in names for part in self.of.get(name, ())), key=lambda part: part.place):
            made._few[part.direction].append(part)
        return made

    def but(self, gone: Container[PolicyId]) -> PolicyIndex:
        """The index of all policies but some."""
        made = self._part()
        made._gone = gone
        return made

    def _part(self) -> PolicyIndex:
        made = copy(self)
        made._found, made._at = {}, {}
        made._may, made._must = {}, {}  # of few classes they are found anew
        return made

    def may(self, direction: Direction, classes: int) -> int:
        """Those of some classes that some policy of a direction may select."""
        found = self._may.get(direction)
        return classes & (_union(p.may for p in self.selecting(direction, classes)) if found is None else found)

    def must(self, direction: Direction, classes: int) -> int:
        """Those of some classes that some policy of a direction certainly selects."""
        found = self._must.get(direction)
        return classes & (_union(p.must for p in self.selecting(direction, classes)) if found is None else found)

    def is_flow(self, subjects: int, peers: int) -> bool:
        """Whether two different endpoints, one of each, have an address family in common."""
        for having in self.having.values():
            ours, theirs = subjects & having, peers & having
            if ours and theirs and not (ours == theirs and ours & self._singles and ours & (ours - 1) == 0):
                return True
        return False

    def beside(self, direction: Direction, subjects: int) -> Beside:
        """The policies of a direction that may select some of the subjects."""
        if subjects & (subjects - 1) == 0:  # a large set takes long to look up
            at = (direction, subjects.bit_length())
            found = self._at.get(at)
            if found is None:
                found = self._at[at] = Beside(list(self.selecting(direction, subjects)))
            return found
        key = (direction, told_apart(subjects))
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = Beside(list(self.selecting(direction, subjects)))
        return found

    def selecting(self, direction: Direction, classes: int) -> Iterator[Part]:
        """The policies of a direction that may select some of these classes."""
        if self._few is not None:
            yield from (part for part in self._few[direction] if part.may & classes)
            return
        if classes.bit_count() <= _FEW:
            for part in self._selecting[direction].meeting(classes, self._homes(classes)):
                if part.policy.id not in self._gone:
                    yield part
            return
        for home in (*self._homes(classes), ""):
            for part in self._at_home.get((direction, home), ()):
                if part.may & classes and part.policy.id not in self._gone:
                    yield part

    def judging(self, direction: Direction, subjects: int, peers: int, how: Circumstance) -> Iterator[Part]:
        """The policies of a direction that may select some of the subjects; those that match none of the peers, who stand to
        them like this, may be left out."""
        if self._few is not None or subjects.bit_count() <= _FEW or peers.bit_count() > _FEW:
            yield from self.selecting(direction, subjects)
            return
        naming = self._naming.get((direction, how))
        if naming is None:
            naming = self._naming[direction, how] = _ByClass()
            for (of, home), parts in self._at_home.items():
                for part in parts if of is direction else ():
                    if about := self._boxes.of(part.policy, direction, how).peers:
                        naming.add(part, about, home)
        for part in naming.meeting(peers, self._homes(subjects)):
            if part.may & subjects and part.policy.id not in self._gone:
                yield part

    def _homes(self, classes: int) -> list[str]:
        """The namespaces of some classes."""
        if classes.bit_count() < len(self._members):
            return list(dict.fromkeys(name for c in bits(classes) if (name := self._namespace_of[c])))
        return [name for name, members in self._members.items() if name and members & classes]

    def _look_at_classes(self) -> None:
        self.pods = self._singles = 0
        self.having = dict.fromkeys(FAMILIES, 0)
        self._namespace_of: list[str] = []
        self._members: dict[str, int] = {}
        for c, ends in enumerate(self._residuals.classes.members):
            end, bit = ends[0], 1 << c
            name = end.namespace if end.is_pod else ""
            self._namespace_of.append(name)
            self._members[name] = self._members.get(name, 0) | bit
            if end.kind is EndpointKind.POD:
                self.pods |= bit
            if len(ends) == 1 and not end.replicated:
                self._singles |= bit
            families = {a.family for a in end.addresses} if end.address_known else self._residuals.families
            for family in FAMILIES if end.kind is EndpointKind.EXTERNAL else families:
                self.having[family] |= bit

    def _look_at_policies(self, direction: Direction) -> None:
        (stage,) = self._residuals.policies.half(direction).stages
        parts = self._residuals.bitsets.parts(stage.applies, direction.subject, DIRECT)
        applies = sum(who for who, left in parts if left is TRUE)
        self._may[direction] = self._must[direction] = 0
        for policy in (policy for tier in stage.tiers for policy in tier.policies):
            chosen = [Box(1, 1, who, given) for who, given in self._boxes.selected(policy, direction)]
            may = must = 0
            for box in chosen:
                may |= box.subjects
                must |= box.subjects & applies if not box.given else 0
            home = policy.id.namespace
            home = "" if may & ~self._members.get(home, 0) else home
            self._count += 1
            part = Part(direction, policy, may, must, tuple(chosen), home, self._count)
            self._may[direction] |= may
            self._must[direction] |= must
            self.of.setdefault(policy.id, []).append(part)
            self._at_home.setdefault((direction, home), []).append(part)
            self._selecting[direction].add(part, may, home)


def certainly_selected(parts: Iterable[Part], among: int, reading: Reading | None, but: Part) -> int:
    """Those of some classes that one of these policies, other than one of them, certainly selects."""
    rest = among
    for part in parts:
        if part is not but:
            rest &= ~part.certainly(reading)
            if not rest:
                break
    return among & ~rest


class _ByClass:
    """Policies by the classes that they are about: those about a few by each of them, the others by their home."""

    def __init__(self) -> None:
        self._few: dict[int, list[Part]] = {}
        self._many: dict[str, list[tuple[Part, int]]] = {}

    def add(self, part: Part, classes: int, home: str) -> None:
        """Put in a policy about some classes."""
        if classes.bit_count() <= _FEW:
            for c in bits(classes):
                self._few.setdefault(c, []).append(part)
        else:
            self._many.setdefault(home, []).append((part, classes))

    def meeting(self, classes: int, homes: Iterable[str]) -> Iterator[Part]:
        """The policies that are about some of a few classes; of those about many the ones of these homes, and of none."""
        for home in (*homes, ""):
            for part, about in self._many.get(home, ()):
                if about & classes:
                    yield part
        if classes & (classes - 1) == 0:
            yield from self._few.get(classes.bit_length() - 1, ())
            return
        told: set[int] = set()
        for c in bits(classes):
            for part in self._few.get(c, ()):
                if id(part) not in told:
                    told.add(id(part))
                    yield part


def _union(sets: Iterable[int]) -> int:
    return reduce(or_, sets, 0)
