"""Which policies are redundant or shadowed, where all policies only allow: by boxes of flows alone, without a formula.

What a policy *adds* are the boxes that it matches and no other policy for the same subjects does. A policy has no effect if it
adds nothing, or the other direction stops all that it adds, and it does not isolate alone; it has one if some flow is certainly
added, and passes. Both are asked for all readings together, and where that does not tell, for one after the other. Not trusted:
tests hold the answers against formulas, the solver and brute force.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from itertools import product
from math import prod
from operator import and_, or_
from typing import Literal, NamedTuple

from npverify.analyses.contributions import Contributions
from npverify.analyses.flow_boxes import (
    Box,
    FlowBoxes,
    Matched,
    at_reading,
    compatible,
    follows,
    supported,
    switches_of,
    without,
)
from npverify.analyses.policy_cases import Cases
from npverify.analyses.sameness import of_family
from npverify.inventory.addresses import FAMILIES, Address, Family
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind
from npverify.inventory.unknowns import Reading
from npverify.normal.policy import Action, Direction, Policy, PolicyId
from npverify.normal.predicates import FALSE, TRUE, AddressIn, Pred, Side
from npverify.reduction.bitsets import bits
from npverify.reduction.partial import DIRECT, Circumstance
from npverify.reduction.readings import at_address
from npverify.reduction.residuals import Residuals

Candidates = Callable[[Endpoint, Side, Family, Iterable[Pred]], Iterable[Address]]
"""One address of each cell that predicates tell apart and that the endpoint could have on a side."""

Effect = Literal["none", "some", "by reading"]
"""What a policy changes: nothing, something under every reading, or nothing under some and something under others."""

_TRIED = 3  # subjects that are looked at one by one before all of them are at once
_MOST = 400  # boxes into which what a policy adds may fall
_READINGS = 64


class _Part(NamedTuple):
    """What an object says in one direction; the classes that it may select, and those that it certainly does."""

    direction: Direction
    policy: Policy
    may: int
    must: int
    selected: tuple[Box, ...]


class BoxSweep:
    """Decides what policies change over one reduction. Guards the index of policies and the memos of their boxes."""

    def __init__(
        self, residuals: Residuals, cases: Cases, contributions: Contributions, candidates: Candidates
    ) -> None:
        self._candidates = candidates
        self._outside = 1 << residuals.classes.of[EXTERNAL]
        self._residuals = residuals
        self._cases = cases
        self._every_packet = contributions.all_packets
        self._boxes = FlowBoxes(residuals, contributions, {d: tuple(cases.hows(d)) for d in Direction})
        self._parts: dict[PolicyId, list[_Part]] = {}
        self._at_home: dict[tuple[Direction, str], list[_Part]] = {}
        self._may: dict[Direction, int] = {}
        self._must: dict[Direction, int] = {}
        self._exempt: dict[tuple[Direction, Circumstance], list[Box]] = {}
        self._look_at_classes()
        for direction in Direction:
            self._look_at_policies(direction)

    @staticmethod
    def can_tell(residuals: Residuals) -> bool:
        """Whether each direction has one tier of policies at most, which allows what any rule matches and denies the rest."""
        halves = [(d, residuals.policies.half(d).stages) for d in Direction]
        return not residuals.by_node and all(
            len(stages) == 1
            and stages[0].before_translation is FALSE
            and stages[0].final is Action.ALLOW
            and len(stages[0].tiers) <= 1
            and all(
                tier.no_match is Action.DENY
                and all(r.action is Action.ALLOW for p in tier.policies for r in p.rules)
                and all(supported(p, direction) for p in tier.policies)
                for tier in stages[0].tiers
            )
            for direction, stages in halves
        )

    def effect(self, policy: PolicyId, *, of_rules: bool) -> Effect | None:
        """What a policy changes; `of_rules`: what its rules do, each direction by itself. None: boxes do not tell."""
        parts = self._parts.get(policy, [])
        if len({part.direction for part in parts}) < len(parts):
            return None
        try:
            said = self._told(parts, None, of_rules=of_rules)
            return said if said else self._by_reading(parts, of_rules=of_rules)
        except _TooManyError:
            return None

    def _told(self, parts: Sequence[_Part], reading: Reading | None, *, of_rules: bool) -> Effect | None:
        if any(self._matters(part, reading, of_rules=of_rules) for part in parts):
            return "some"
        if of_rules or all(self._isolated_anyway(part, reading) for part in parts):
            hows = ((part, how) for part in parts for how in self._cases.hows(part.direction))
            if not any(self._changed(part, how, reading, of_rules=of_rules) for part, how in hows):
                return "none"
        return None

    def _by_reading(self, parts: Sequence[_Part], *, of_rules: bool) -> Effect | None:
        boxes: list[Box] = []
        for part in parts:
            boxes += part.selected
            for how in self._cases.hows(part.direction):
                left = self._changed(part, how, None, of_rules=of_rules)
                boxes += left
                others = [self._boxes.of(p.policy, p.direction, how) for p in self._others(part, part.may)]
                boxes += (taken for each in others for taken in each.boxes if any(_meet(b, taken) for b in left))
        switches = switches_of(boxes)
        if not switches or prod(map(len, switches.values())) > _READINGS:
            return None
        said = set()
        for values in product(*switches.values()):
            said.add(self._told(parts, dict(zip(switches, values, strict=True)), of_rules=of_rules))
            if None in said:
                return None
        return said.pop() if len(said) == 1 else "by reading"

    # --- something is changed -----------------------------------------------------------------------------------------

    def _matters(self, part: _Part, reading: Reading | None, *, of_rules: bool) -> bool:
        """Whether some flow between two pods is certainly judged otherwise. False: none was found."""
        must = self._certainly(part, reading) & self._pods
        few = sorted(bits(must), key=lambda c: len(self._residuals.signature(part.direction, c)))[:_TRIED]
        tried = [subjects for subjects in dict.fromkeys((*(1 << c for c in few), must)) if subjects]
        return any(
            matters(part, subjects, reading, of_rules=of_rules)
            for matters in (self._matters_for, self._matters_outside)
            for subjects in tried
        )

    def _matters_for(self, part: _Part, subjects: int, reading: Reading | None, *, of_rules: bool) -> bool:
        others = self._others(part, subjects)
        own = self._of(part, DIRECT, reading).boxes
        isolated = subjects if of_rules else subjects & self._isolated(others, reading)
        alone = subjects
        for other in others:
            alone &= ~other.may
        added = [
            Box(cells, who, whose)
            for cells, peers, chosen, given in own
            if not given and (whose := chosen & isolated) and (who := peers & self._pods)
        ]
        for other in others if added else ():
            added = self._less(added, self._of(other, DIRECT, reading))
        if any(of_rules or self._passes(box, part.direction) for box in self._unless_exempt(added, part.direction)):
            return True
        stopped = [Box(self._every_packet, self._pods, alone)] if alone and not of_rules else []
        for box in own:
            stopped = without(stopped, box, certainly=False)
        return any(
            self._passes(box, part.direction, but=part.policy.id)
            for box in self._unless_exempt(stopped, part.direction)
        )

    def _matters_outside(self, part: _Part, subjects: int, reading: Reading | None, *, of_rules: bool) -> bool:
        """Whether some flow of these subjects to or from an outside address is certainly judged otherwise, as far as the
        policy's rules are about it."""
        direction, outside = part.direction, self._outside
        others = self._others(part, subjects)
        if not of_rules:
            subjects &= self._isolated(others, reading)

        def about(matched: Matched) -> list[Box]:
            return list(_cut(matched.boxes, outside, subjects)) if matched.peers & outside and subjects else []

        own = about(self._of(part, DIRECT, reading))
        if not own or outside & self._may[direction.opposite]:
            return False
        cells = reduce(or_, (box.cells for box in own))
        more = [b for other in others for b in about(self._of(other, DIRECT, reading)) if b.cells & cells]
        preds = tuple(dict.fromkeys(pred for box in (*own, *more) for pred in box.given))
        for family, having in self._families.items():
            for address in self._candidates(EXTERNAL, direction.peer, family, preds) if subjects & having else ():
                said = {pred: at_address(of_family(pred, family), direction.peer, address) for pred in preds}
                added = [Box(b.cells, outside, both) for b in own
                         if (both := b.subjects & having) and all(said[pred] is TRUE for pred in b.given)]  # fmt: skip
                for box in more if added else ():
                    if not any(said[pred] is FALSE for pred in box.given):
                        added = without(added, box, certainly=False)
                if self._unless_exempt(added, direction):
                    return True
        return False

    def _isolated(self, others: Iterable[_Part], reading: Reading | None) -> int:
        """The classes that some of these policies certainly select."""
        found = 0
        for other in others:
            found |= self._certainly(other, reading)
        return found

    def _less(self, boxes: list[Box], matched: Matched) -> list[Box]:
        if any(box.peers & matched.peers and box.cells & matched.cells for box in boxes):
            for box in matched.boxes:
                boxes = without(boxes, box, certainly=False)
            if len(boxes) > _MOST:
                raise _TooManyError
        return boxes

    def _unless_exempt(self, boxes: list[Box], direction: Direction) -> list[Box]:
        """The flows that no exemption may be about, and that there are."""
        for box in self._let_through(direction, DIRECT) if boxes else ():
            boxes = without(boxes, box, certainly=False)
        return [box for box in boxes if self._is_flow(box.subjects, box.peers)]

    def _passes(self, box: Box, direction: Direction, but: PolicyId | None = None) -> bool:
        """Whether the other direction certainly allows some of the flows, even without one policy."""
        opposite = direction.opposite
        if self._is_flow(box.subjects, box.peers & ~self._may[opposite]):
            return True
        for other in self._selecting(opposite, box.peers):
            matched = self._boxes.of(other.policy, opposite, DIRECT)
            if other.policy.id != but and matched.cells & box.cells and matched.peers & box.subjects:
                for cells, peers, subjects, given in matched.boxes:
                    if (
                        not given
                        and cells & box.cells
                        and self._is_flow(box.subjects & peers, box.peers & subjects)
                    ):
                        return True
        return False

    def _is_flow(self, subjects: int, peers: int) -> bool:
        """Whether two different endpoints, one of each, have an address family in common."""
        for having in self._families.values():
            ours, theirs = subjects & having, peers & having
            if ours and theirs and not (ours == theirs and ours & self._singles and ours & (ours - 1) == 0):
                return True
        return False

    # --- nothing is changed -------------------------------------------------------------------------------------------

    def _isolated_anyway(self, part: _Part, reading: Reading | None) -> bool:
        """Whether some other policy isolates wherever the policy does."""
        rest = self._selected(part, reading)
        for other in self._others(part, part.may):
            for box in self._selected(other, reading) if rest else ():
                rest = without(rest, box, certainly=True)
        return not rest

    def _changed(self, part: _Part, how: Circumstance, reading: Reading | None, *, of_rules: bool) -> list[Box]:
        """All flows between ends that stand like this to each other that may be judged otherwise."""
        boxes = self._concerned(self._of(part, how, reading).boxes, part.direction, how)
        for other in self._others(part, part.may) if boxes else ():
            matched = self._of(other, how, reading)
            if any(box.peers & matched.peers and box.cells & matched.cells for box in boxes):
                for box in matched.boxes:
                    boxes = without(boxes, box, certainly=True)
                if how.same:
                    boxes = list(_to_itself(boxes))
                if not boxes:
                    break
                if len(boxes) > _MOST:
                    raise _TooManyError
        for box in self._let_through(part.direction, how) if boxes else ():
            boxes = without(boxes, box, certainly=True)
        if of_rules:
            return boxes
        return [box for box in boxes if self._may_pass(box, part.direction, how, reading)]

    def _concerned(self, boxes: Iterable[Box], direction: Direction, how: Circumstance) -> list[Box]:
        """Those of the flows whose ends can stand like this to each other."""
        found = list(self._with_families(boxes))
        if how.via is not None:
            behind = self._cases.behind_services
            found = list(_cut(found, *((behind, -1) if direction is Direction.EGRESS else (-1, behind))))
        if how.own_node:
            hosts = self._cases.on_hosts
            found = [*_cut(found, hosts, -1), *_cut(found, -1, hosts)]
        return list(_to_itself(found)) if how.same else found

    def _with_families(self, boxes: Iterable[Box]) -> Iterator[Box]:
        """Without ends that cannot use the family of an address that is given."""
        for box in boxes:
            families = {p.prefix.family for p in box.given if isinstance(p, AddressIn)}
            having = reduce(and_, (self._families[family] for family in families), -1)
            yield from _cut((box,), having, having) if families else (box,)

    def _may_pass(self, box: Box, direction: Direction, how: Circumstance, reading: Reading | None) -> bool:
        """Whether the other direction may allow some of the flows."""
        opposite = direction.opposite
        free = box.peers & ~self._must[opposite]
        if box.given and free:  # perhaps what is given makes another policy select them
            for selected in (each for other in self._selecting(opposite, free) for each in other.selected):
                free &= ~selected.subjects if follows(selected.given, box.given) else -1
        if self._may_be(box.subjects, free, how):
            return True
        turned = Box(box.cells, box.subjects, box.peers, box.given)
        if any(_meet(turned, exempt) for exempt in self._let_through(opposite, how)):
            return True
        for other in self._selecting(opposite, box.peers):
            matched = self._of(other, how, reading)
            if matched.cells & box.cells and matched.peers & box.subjects:
                for each in matched.boxes:
                    if _meet(turned, each) and self._may_be(box.subjects & each.peers, box.peers & each.subjects, how):
                        return True
        return False

    def _may_be(self, subjects: int, peers: int, how: Circumstance) -> bool:
        return bool(subjects & peers) if how.same else self._is_flow(subjects, peers)

    # --- what there is ------------------------------------------------------------------------------------------------

    def _of(self, part: _Part, how: Circumstance, reading: Reading | None) -> Matched:
        return self._boxes.of(part.policy, part.direction, how, reading)

    def _let_through(self, direction: Direction, how: Circumstance) -> list[Box]:
        found = self._exempt.get((direction, how))
        if found is None:
            found = self._exempt[direction, how] = self._boxes.exempt(direction, how)
        return found

    def _selected(self, part: _Part, reading: Reading | None) -> list[Box]:
        return list(part.selected if reading is None else at_reading(part.selected, reading))

    def _certainly(self, part: _Part, reading: Reading | None) -> int:
        """The classes that a policy certainly selects."""
        found = part.must
        if reading is not None and part.may != part.must:
            for box in self._selected(part, reading):
                found |= box.subjects if not box.given else 0
        return found

    def _others(self, part: _Part, subjects: int) -> list[_Part]:
        """The other policies of the direction that may select some of the subjects."""
        return [p for p in self._selecting(part.direction, subjects) if p.policy.id != part.policy.id]

    def _selecting(self, direction: Direction, classes: int) -> Iterator[_Part]:
        """The policies of a direction that may select some of these classes."""
        for home in self._homes(classes):
            for part in self._at_home.get((direction, home), ()):
                if part.may & classes:
                    yield part
        for part in self._at_home.get((direction, ""), ()):
            if part.may & classes:
                yield part

    def _homes(self, classes: int) -> list[str]:
        """The namespaces of some classes."""
        if classes.bit_count() < len(self._members):
            return list(dict.fromkeys(name for c in bits(classes) if (name := self._namespace_of[c])))
        return [name for name, members in self._members.items() if name and members & classes]

    def _look_at_classes(self) -> None:
        self._pods = self._singles = 0
        self._families = dict.fromkeys(FAMILIES, 0)
        self._namespace_of: list[str] = []
        self._members: dict[str, int] = {}
        for c, ends in enumerate(self._residuals.classes.members):
            end, bit = ends[0], 1 << c
            name = end.namespace if end.is_pod else ""
            self._namespace_of.append(name)
            self._members[name] = self._members.get(name, 0) | bit
            if end.kind is EndpointKind.POD:
                self._pods |= bit
            if len(ends) == 1 and not end.replicated:
                self._singles |= bit
            families = {a.family for a in end.addresses} if end.address_known else self._residuals.families
            for family in FAMILIES if end.kind is EndpointKind.EXTERNAL else families:
                self._families[family] |= bit

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
            part = _Part(direction, policy, may, must, tuple(chosen))
            self._may[direction] |= may
            self._must[direction] |= must
            self._parts.setdefault(policy.id, []).append(part)
            home = policy.id.namespace
            home = "" if may & ~self._members.get(home, 0) else home
            self._at_home.setdefault((direction, home), []).append(part)


class _TooManyError(Exception):
    """What a policy adds falls into more boxes than it is worth."""


def _meet(one: Box, other: Box) -> bool:
    """Whether two boxes may have a flow in common."""
    return bool(
        one.cells & other.cells
        and one.peers & other.peers
        and one.subjects & other.subjects
        and compatible(one.given, other.given)
    )


def _cut(boxes: Iterable[Box], peers: int, subjects: int) -> Iterator[Box]:
    for box in boxes:
        if (who := box.peers & peers) and (whose := box.subjects & subjects):
            yield Box(box.cells, who, whose, box.given)


def _to_itself(boxes: Iterable[Box]) -> Iterator[Box]:
    """Those flows whose ends are one pod."""
    for box in boxes:
        if both := box.peers & box.subjects:
            yield Box(box.cells, both, both, box.given)
