"""Which policies are redundant or shadowed, where all policies only allow: by boxes of flows alone, without a formula.

What a policy *adds* are the boxes that it matches and no other policy for the same subjects does. A policy has no effect if it
adds nothing, or the other direction stops all that it adds, and it does not isolate alone; it has one if some flow is certainly
added, and passes. Both are asked for all readings together, and where that does not tell, for one after the other. Not trusted:
tests hold the answers against formulas, the solver and brute force.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from copy import copy
from functools import reduce
from itertools import product
from math import prod
from operator import and_, or_
from typing import Literal

from npverify.analyses.contributions import Contributions
from npverify.analyses.flow_boxes import (
    Box,
    FlowBoxes,
    Matched,
    compatible,
    follows,
    supported,
    switches_of,
    without,
)
from npverify.analyses.policy_cases import Cases
from npverify.analyses.policy_index import Part, PolicyIndex, certainly_selected
from npverify.analyses.sameness import of_family
from npverify.analyses.some_packet import Candidates
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL
from npverify.inventory.unknowns import Reading
from npverify.normal.policy import Action, Direction, PolicyId
from npverify.normal.predicates import FALSE, AddressIn, Const, Not, Pred, Side
from npverify.reduction.bitsets import bits
from npverify.reduction.partial import DIRECT, Circumstance
from npverify.reduction.readings import at_address
from npverify.reduction.residuals import Residuals

Effect = Literal["none", "some", "by reading"]
"""What a policy changes: nothing, something under every reading, or nothing under some and something under others."""

_TRIED = 3  # subjects that are looked at one by one before all of them are at once
_KEPT = 400  # boxes among which a flow that is added is looked for
_MOST = 5_000  # boxes into which what a policy adds may fall before formulas are asked instead
_READINGS = 64


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
        self._index = PolicyIndex(residuals, self._boxes)
        self._exempt: dict[tuple[Direction, Circumstance], list[Box]] = {}
        self._sizes: dict[int, int] = {}
        self._left_out = False  # boxes, when a flow was looked for last

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

    def beside(self, names: Iterable[PolicyId]) -> BoxSweep:
        """The same of worlds in which only these policies are, and the one that is looked at."""
        made = copy(self)
        made._index = self._index.only(names)
        return made

    def but(self, gone: Container[PolicyId]) -> BoxSweep:
        """The same of worlds in which these policies are not."""
        made = copy(self)
        made._index = self._index.but(gone)
        return made

    def effect(self, policy: PolicyId, *, of_rules: bool) -> Effect | None:
        """What a policy changes; `of_rules`: what its rules do, each direction by itself. None: boxes do not tell."""
        parts = self._index.of.get(policy, [])
        if len({part.direction for part in parts}) < len(parts):
            return None
        try:
            said = self._told(parts, None, of_rules=of_rules)
            return said if said else self._by_reading(parts, of_rules=of_rules)
        except _TooManyError:
            return None

    def _told(self, parts: Sequence[Part], reading: Reading | None, *, of_rules: bool) -> Effect | None:
        if any(self._matters(part, reading, of_rules=of_rules) for part in parts):
            return "some"
        if of_rules or all(self._isolated_anyway(part, reading) for part in parts):
            hows = ((part, how) for part in parts for how in self._cases.hows(part.direction))
            if not any(self._changed(part, how, reading, of_rules=of_rules) for part, how in hows):
                return "none"
        return None

    def _by_reading(self, parts: Sequence[Part], *, of_rules: bool) -> Effect | None:
        boxes: list[Box] = []
        for part in parts:
            boxes += part.selected
            for how in self._cases.hows(part.direction):
                for box in self._changed(part, how, None, of_rules=of_rules):
                    boxes += (box, *self._about(box, part, how, of_rules=of_rules))
        switches = switches_of(boxes)
        if not switches or prod(map(len, switches.values())) > _READINGS:
            return None
        said = set()
        for values in product(*switches.values()):
            said.add(self._told(parts, dict(zip(switches, values, strict=True)), of_rules=of_rules))
            if None in said:
                return None
        return said.pop() if len(said) == 1 else "by reading"

    def _about(self, box: Box, part: Part, how: Circumstance, *, of_rules: bool) -> Iterator[Box]:
        """What other policies match of some flows, in both directions unless it is about rules."""
        turned = Box(box.cells, box.subjects, box.peers, box.given)
        opposite = () if of_rules else self._index.selecting(part.direction.opposite, box.peers)
        beside = (other for other in self._index.beside(part.direction, box.subjects).parts if other is not part)
        for flows, others in ((box, beside), (turned, opposite)):
            for other in others:
                yield from (each for each in self._of(other, how, None).boxes if _meet(flows, each))

    # --- something is changed -----------------------------------------------------------------------------------------

    def _matters(self, part: Part, reading: Reading | None, *, of_rules: bool) -> bool:
        """Whether some flow between two pods is certainly judged otherwise. False: none was found."""
        must = part.certainly(reading) & self._index.pods
        few = sorted(bits(must), key=lambda c: len(self._residuals.signature(part.direction, c)))[:_TRIED]
        tried = [1 << c for c in few]
        if must & (must - 1):
            tried.append(must)
        self._left_out = False
        return any(
            matters(part, subjects, reading, of_rules=of_rules)
            for matters in (self._matters_for, self._matters_outside)
            for subjects in tried
        ) or (self._left_out and any(self._matters_for(part, 1 << c, reading, of_rules=of_rules) for c in bits(must)))

    def _matters_for(self, part: Part, subjects: int, reading: Reading | None, *, of_rules: bool) -> bool:
        beside = self._index.beside(part.direction, subjects)
        others = beside.parts
        own = self._of(part, DIRECT, reading).boxes
        isolated = subjects if of_rules else certainly_selected(others, subjects, reading, part)
        alone = subjects
        for other in others:
            if other is not part:
                alone &= ~other.may
                if not alone:
                    break
        added = [
            Box(cells, who, whose)
            for cells, peers, chosen, given in own
            if not given and (whose := chosen & isolated) and (who := peers & self._index.pods)
        ]
        # most have peers of whom no other policy speaks
        spoken_of = (
            beside.others_speak_of(part, lambda one: self._of(one, DIRECT, reading).peers, reading) if added else 0
        )
        only = list(_cut(added, ~spoken_of, -1))
        if any(
            of_rules or self._passes(box, part.direction, reading) for box in self._unless_exempt(only, part.direction)
        ):
            return True
        for other in beside.matching_most(self._size) if added else ():
            if not added:
                break
            if other is not part:
                added = self._less(added, self._of(other, DIRECT, reading))
        if any(
            of_rules or self._passes(box, part.direction, reading) for box in self._unless_exempt(added, part.direction)
        ):
            return True
        stopped = [Box(self._every_packet, self._index.pods, alone)] if alone and not of_rules else []
        for box in own:
            stopped = without(stopped, box, certainly=False)
        return any(
            self._passes(box, part.direction, reading, but=part.policy.id)
            for box in self._unless_exempt(stopped, part.direction)
        )

    def _size(self, part: Part) -> int:
        """About how many flows a policy matches for each of its subjects."""
        found = self._sizes.get(id(part))
        if found is None:
            matched = self._of(part, DIRECT, None)
            found = sum(box.peers.bit_count() * box.cells.bit_count() for box in matched.boxes)
            self._sizes[id(part)] = found  # the index keeps it
        return found

    def _matters_outside(self, part: Part, subjects: int, reading: Reading | None, *, of_rules: bool) -> bool:
        """Whether some flow of these subjects to or from an outside address is certainly judged otherwise, as far as the
        policy's rules are about it."""
        direction, outside = part.direction, self._outside
        others = self._index.beside(direction, subjects).parts
        if not of_rules:
            subjects = certainly_selected(others, subjects, reading, part)

        def about(matched: Matched) -> list[Box]:
            return list(_cut(matched.boxes, outside, subjects)) if matched.peers & outside and subjects else []

        own = about(self._of(part, DIRECT, reading))
        if not own or self._index.may(direction.opposite, outside):
            return False
        cells = reduce(or_, (box.cells for box in own))
        others = [other for other in others if other is not part]
        more = [b for other in others for b in about(self._of(other, DIRECT, reading)) if b.cells & cells]
        preds = tuple(dict.fromkeys(pred for box in (*own, *more) for pred in box.given))
        for family, having in self._index.having.items():
            for address in self._candidates(EXTERNAL, direction.peer, family, preds) if subjects & having else ():
                added = [
                    Box(b.cells, outside, both)
                    for b in own
                    if (both := b.subjects & having) and all(_at(p, direction.peer, address) is True for p in b.given)
                ]
                for box in more if added else ():
                    if not any(_at(pred, direction.peer, address) is False for pred in box.given):
                        added = without(added, box, certainly=False)
                if self._unless_exempt(added, direction):
                    return True
        return False

    def _less(self, boxes: list[Box], matched: Matched) -> list[Box]:
        if any(box.peers & matched.peers and box.cells & matched.cells for box in boxes):
            for box in matched.boxes:
                boxes = without(boxes, box, certainly=False)
        self._left_out |= len(boxes) > _KEPT
        return boxes[:_KEPT]  # one flow is enough, and the others are likely to be like these

    def _unless_exempt(self, boxes: list[Box], direction: Direction) -> list[Box]:
        """The flows that no exemption may be about, and that there are."""
        for box in self._let_through(direction, DIRECT) if boxes else ():
            boxes = without(boxes, box, certainly=False)
        return [box for box in boxes if self._index.is_flow(box.subjects, box.peers)]

    def _passes(self, box: Box, direction: Direction, reading: Reading | None, but: PolicyId | None = None) -> bool:
        """Whether the other direction certainly allows some of the flows, even without one policy."""
        opposite = direction.opposite
        if self._index.is_flow(box.subjects, box.peers & ~self._index.may(opposite, box.peers)):
            return True
        for other in self._index.judging(opposite, box.peers, box.subjects, DIRECT):
            matched = self._of(other, DIRECT, reading)
            if other.policy.id != but and matched.cells & box.cells and matched.peers & box.subjects:
                for cells, peers, subjects, given in matched.boxes:
                    if (
                        not given
                        and cells & box.cells
                        and self._index.is_flow(box.subjects & peers, box.peers & subjects)
                    ):
                        return True
        return False

    # --- nothing is changed -------------------------------------------------------------------------------------------

    def _isolated_anyway(self, part: Part, reading: Reading | None) -> bool:
        """Whether some other policy isolates wherever the policy does."""
        rest = part.chosen(reading)
        for other in self._index.beside(part.direction, part.may).widest:
            if not rest:
                break
            if other is not part and other.may & part.may:
                for box in other.chosen(reading):
                    rest = without(rest, box, certainly=True)
        return not rest

    def _changed(self, part: Part, how: Circumstance, reading: Reading | None, *, of_rules: bool) -> list[Box]:
        """All flows between ends that stand like this to each other that may be judged otherwise."""
        boxes = self._concerned(self._of(part, how, reading).boxes, part.direction, how)
        # what is taken away at once falls into no pieces
        for other in self._index.beside(part.direction, part.may).widest if boxes else ():
            matched = self._of(other, how, reading)
            if other is not part and any(box.peers & matched.peers and box.cells & matched.cells for box in boxes):
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
        return [
            box
            for box in boxes
            if self._may_be(box.subjects, box.peers, how)
            and (of_rules or self._may_pass(box, part.direction, how, reading))
        ]

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
            having = reduce(and_, (self._index.having[family] for family in families), -1)
            yield from _cut((box,), having, having) if families else (box,)

    def _may_pass(self, box: Box, direction: Direction, how: Circumstance, reading: Reading | None) -> bool:
        """Whether the other direction may allow some of the flows."""
        opposite = direction.opposite
        free = box.peers & ~self._index.must(opposite, box.peers)
        if box.given and free:  # perhaps what is given makes another policy select them
            for selected in (each for other in self._index.selecting(opposite, free) for each in other.selected):
                free &= ~selected.subjects if follows(selected.given, box.given) else -1
        if self._may_be(box.subjects, free, how):
            return True
        turned = Box(box.cells, box.subjects, box.peers, box.given)
        if any(_meet(turned, exempt) for exempt in self._let_through(opposite, how)):
            return True
        for other in self._index.judging(opposite, box.peers, box.subjects, how):
            matched = self._of(other, how, reading)
            if matched.cells & box.cells and matched.peers & box.subjects:
                for each in matched.boxes:
                    if _meet(turned, each) and self._may_be(box.subjects & each.peers, box.peers & each.subjects, how):
                        return True
        return False

    def _may_be(self, subjects: int, peers: int, how: Circumstance) -> bool:
        return bool(subjects & peers) if how.same else self._index.is_flow(subjects, peers)

    def _of(self, part: Part, how: Circumstance, reading: Reading | None) -> Matched:
        return self._boxes.of(part.policy, part.direction, how, reading)

    def _let_through(self, direction: Direction, how: Circumstance) -> list[Box]:
        found = self._exempt.get((direction, how))
        if found is None:
            found = self._exempt[direction, how] = self._boxes.exempt(direction, how)
        return found


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


def _at(given: Pred, side: Side, address: Address) -> bool | None:
    """What a condition says where one side has an address; None: that hangs on more."""
    if isinstance(given, Not):
        said = _at(given.body, side, address)
        return None if said is None else not said
    if isinstance(given, AddressIn) and given.side is side:
        return given.prefix.contains(address)
    left = at_address(of_family(given, address.family), side, address)
    return left.value if isinstance(left, Const) else None


def _cut(boxes: Iterable[Box], peers: int, subjects: int) -> Iterator[Box]:
    for box in boxes:
        if (who := box.peers & peers) and (whose := box.subjects & subjects):
            yield Box(box.cells, who, whose, box.given)


def _to_itself(boxes: Iterable[Box]) -> Iterator[Box]:
    """Those flows whose ends are one pod."""
    for box in boxes:
        if both := box.peers & box.subjects:
            yield Box(box.cells, both, both, box.given)
