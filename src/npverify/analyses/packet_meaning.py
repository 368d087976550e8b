"""What predicates, and the rules of policies, let through between a subject and everyone else: sets of packets with peers.

Under the default reading each predicate is settled but for the packet. Peers are the classes of pods and the cells that
mentioned blocks cut the outside addresses into. In: the residuals of a world. Out: parts, the same for every answer about that
world, so they are kept beside its reduction and worked out once for each policy. Not trusted: the tables that are made of them
are held against the formulas.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from npverify.analyses.blocks import Cell
from npverify.analyses.packet_given import TO_BE_ASKED, Asked, Looking, Own, Ruled, Run, Subject, Told
from npverify.analyses.packet_looks import AT_NOTHING, Looks, all_looks, asks_address, looks_at, looks_beyond
from npverify.analyses.packet_parts import ALL, NONE, PacketParts, Parts, gathered
from npverify.analyses.packets import PacketSets
from npverify.ingest.source import InternalError
from npverify.inventory.addresses import Address, Family, Prefix
from npverify.inventory.model import EXTERNAL
from npverify.normal.policy import Action, Direction, Rule
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    AddressIn,
    And,
    Const,
    IcmpIs,
    Not,
    Or,
    PortIn,
    Pred,
    ProtocolIs,
    Side,
    UnknownIn,
)
from npverify.reduction.bitsets import as_set
from npverify.reduction.judge import Entry, Signature
from npverify.reduction.partial import DIRECT, ends
from npverify.reduction.residuals import Residuals


class _Asking(NamedTuple):
    """Of which side the subject is, its address where predicates ask for it, and what they were found to mean then."""

    memo: dict[Pred, Parts]
    side: Side
    own: Own


class Meanings:
    """What predicates and policies mean where flows have addresses of one family. Guards the memos.

    `everyone`  every packet, for whoever may be met
    """

    def __init__(
        self,
        residuals: Residuals,
        packets: PacketSets,
        algebra: PacketParts,
        family: Family,
        addresses: Sequence[Mapping[Family, Address | None]],
        cells: Sequence[Cell],
        often: Container[int],
    ) -> None:
        """`addresses`: of each class, those that it may use. `cells`: what the outside addresses of the family are parted
        into. `often`: the ids of the entries that many signatures have."""
        self.family = family
        self._residuals = residuals
        self._packets = packets
        self.algebra = algebra
        self._often = often
        self._external = 1 << residuals.classes.of[EXTERNAL]
        self.size = size = len(residuals.classes)
        self.cells = cells
        using = {c: own[family] for c, own in enumerate(addresses) if family in own}
        self._all_known = None not in using.values()  # not so where no address is possible
        self._by_value = sorted((a.value, c) for c, a in using.items() if a is not None)
        self._starts = {cell.first: size + n for n, cell in enumerate(cells)}
        self._starts[cells[-1].last + 1] = size + len(cells)
        self._outside = (1 << size + len(cells)) - (1 << size)
        self.pods = as_set(using)
        self._met = self.pods | self._outside
        self.everyone: Parts = {ALL: self._met}
        self._inside: dict[Prefix, int] = {}
        self._tests: dict[tuple[Side, Own], dict[Pred, Parts]] = {(side, ()): {} for side in Side}
        self._known: dict[tuple[Pred, Direction, Hashable], Pred] = {}
        self._ruled: dict[Direction, dict[int, Ruled]] = {direction: {} for direction in Direction}
        self._looks: dict[Direction, dict[int, Looking]] = {direction: {} for direction in Direction}
        self._asked: dict[Direction, dict[int, Asked]] = {direction: {} for direction in Direction}
        self._staged: dict[Direction, Looks] = {}
        self._gates: dict[Hashable, list[tuple[Parts, Parts]]] = {}
        # the keys are ids of rules, which policies keep, and of entries and signatures, which `Residuals` keeps

    def unasked(self, side: Side) -> dict[Pred, Parts]:
        """What predicates were found to mean for subjects on a side that they do not look at."""
        return self._tests[side, ()]

    def looking(self, direction: Direction, signature: Signature) -> Looking:
        """What a signature of a direction is about."""
        known = self._looks[direction]
        found = known.get(id(signature))
        if found is None:
            asked_before = self._asked[direction]
            asked = [asked_before.get(id(entry)) or self._ask(entry, direction) for entry in signature]
            beyond = {id(one.looks): one.looks for one in asked if one.looks is not AT_NOTHING}
            looks = all_looks((self._at_stages(direction), *beyond.values()))
            found = known[id(signature)] = Looking(looks, asked, {})
        return found

    def _ask(self, entry: Entry, direction: Direction) -> Asked:
        ruled = self._ruled_by(entry.rules, direction)
        looks = all_looks((ruled.looks, Looks(address=asks_address(entry.selects, direction.subject))))
        asked = Asked(entry, ruled, looks, id(entry) in self._often, {})
        self._asked[direction][id(entry)] = asked
        return asked

    def _at_stages(self, direction: Direction) -> Looks:
        """At what of the subject the stages of a direction look."""
        found = self._staged.get(direction)
        if found is None:
            stages = self._residuals.policies.half(direction).stages
            preds = (pred for stage in stages for pred in (stage.applies, *(e.match for e in stage.exemptions)))
            found = self._staged[direction] = all_looks(looks_beyond(pred, direction.subject) for pred in preds)
        return found

    def _ruled_by(self, rules: tuple[Rule, ...], direction: Direction) -> Ruled:
        found = self._ruled[direction].get(id(rules))  # which policies keep
        if found is None:
            looks = all_looks(
                looks_beyond(pred, direction.subject) for rule in rules for pred in (rule.peer, rule.traffic)
            )
            found = self._ruled[direction][id(rules)] = Ruled(rules, looks, {})
        return found

    def gates(self, it: Subject) -> list[tuple[Parts, Parts]]:
        """Of each stage, where it applies and what it lets through unasked."""
        key = (it.direction, self._at_stages(it.direction).aspect(it.about.kind, it.about.ported, it.of_class))
        found = self._gates.get(key)
        if found is None:
            found = self._gates[key] = [
                (self.test(stage.applies, it), self.any(self.test(e.match, it) for e in stage.exemptions))
                for stage in self._residuals.policies.half(it.direction).stages
            ]
        return found

    def runs(self, it: Subject) -> Sequence[Run]:
        """The policies of a subject, tier by tier."""
        looking = it.looking
        aspect = looking.looks.aspect(it.about.kind, it.about.ported, it.of_class)
        found = looking.runs.get(aspect)
        if found is None:
            # they stand in the order in which they are asked
            tiers = (
                groupby(looking.asked, lambda one: one.entry[:2])
                if _in_tiers(looking.asked)
                else (((), looking.asked),)
            )
            found = looking.runs[aspect] = [self._run(list(asked), it) for _, asked in tiers if asked]
        return found

    def _run(self, each: Sequence[Asked], it: Subject) -> Run:
        """The policies of a tier: put together as far as they only allow, and select whatever the packet and the subject."""
        selected = False
        shared: list[Parts] = []
        others: list[Parts] = []
        kind = it.about.kind
        for one in each:
            looks = one.ruled.looks
            aspect = kind if looks is AT_NOTHING else looks.aspect(kind, it.about.ported, it.of_class)
            told = one.told.get(aspect)
            if told is None:
                told = one.told[aspect] = self._told_by(one, it)
            if told.asked:
                return Run(each[0].entry[:2], each, selected=False, settled={}, seen=0, more=())
            if told.selected:
                selected = True
                if told.allowed:
                    (shared if one.often else others).append(told.allowed)
        settled, seen = self.algebra.union_once(shared) if shared else ({}, 0)
        return Run(each[0].entry[:2], (), selected, settled, seen, others)

    def _told_by(self, one: Asked, it: Subject) -> Told:
        """What a policy comes to for a subject, and all who have the same aspect of what its rules look at."""
        if it.side in looks_at(one.entry.selects):
            return TO_BE_ASKED
        selects = self.test(one.entry.selects, it)
        if not selects:
            return Told(asked=False, selected=False, allowed={})  # an unknown is not what it would have to be
        rules = self.rules(one.ruled, it)
        if selects != self.everyone or any(action is not Action.ALLOW for action, _ in rules):
            return TO_BE_ASKED
        return Told(asked=False, selected=True, allowed=rules[0][1] if rules else {})

    def rules(self, ruled: Ruled, it: Subject) -> list[tuple[Action, Parts]]:
        """What the rules of a policy match, in order; neighbours of one action as one. Parts of what is allowed may overlap."""
        looks = ruled.looks
        aspect = looks.aspect(it.about.kind, it.about.ported, it.of_class)
        found = ruled.matches.get(aspect)
        if found is None:
            found = ruled.matches[aspect] = []
            for rule in ruled.rules:
                if rule.action is not Action.LOG:
                    match = self.common(self.test(rule.peer, it), self.test(rule.traffic, it))
                    if found and found[-1][0] is rule.action:
                        before = found.pop()[1]
                        match = gathered((before, match)) if rule.action is Action.ALLOW else self.any((before, match))
                    found.append((rule.action, match))
        return found

    def common(self, left: Parts, right: Parts) -> Parts:
        if left == self.everyone:
            return right
        return left if right == self.everyone else self.algebra.both(left, right)

    def any(self, some: Iterable[Parts]) -> Parts:
        there = [parts for parts in some if parts]
        if len(there) == 1:
            return there[0]
        return self.algebra.union(item for parts in there for item in parts.items())

    # --- predicates to parts -------------------------------------------------------------------------------------------

    def test(self, test: Pred, it: Subject) -> Parts:
        """The packets of a predicate for each peer of a subject."""
        if test is TRUE:
            return self.everyone
        if test is FALSE:
            return {}
        found = it.unasked.get(test)
        if found is None:
            test = self._filled(test, it)
            own = it.own if asks_address(test, it.side) else ()
            memo = it.unasked if not own else self._tests.setdefault((it.side, own), {})
            found = memo.get(test)
            if found is None:
                found = self._mean(test, _Asking(memo, it.side, own))
        return found

    def _filled(self, pred: Pred, it: Subject) -> Pred:
        """A predicate with the subject filled in."""
        if it.side not in looks_at(pred):
            return pred
        key = (pred, it.direction, looks_beyond(pred, it.side).aspect(it.about.kind, it.about.ported, it.of_class))
        found = self._known.get(key)
        if found is None:
            known = ends(it.direction, it.about.end)
            found = self._known[key] = self._residuals.partial.residual(pred, it.direction, DIRECT, **known)
        return found

    def _mean(self, test: Pred, asking: _Asking) -> Parts:
        """The packets of a predicate for each peer, from now on remembered."""
        if isinstance(test, And):
            found = self._all(test.parts, asking)
        elif isinstance(test, Or):
            found = self._some(test.parts, asking)
        elif isinstance(test, Not):
            body = asking.memo.get(test.body)
            found = self.algebra.but(self.everyone, self._mean(test.body, asking) if body is None else body)
        else:
            found = self._atom(test, asking)
        asking.memo[test] = found
        return found

    def _all(self, parts: Iterable[Pred], asking: _Asking) -> Parts:
        """What is in all of these. Most are about peers alone, and these need no algebra."""
        whom = self._met
        others: list[Parts] = []
        for part in parts:
            told = asking.memo.get(part)
            if told is None:
                told = self._mean(part, asking)
            if len(told) == 1 and ALL in told:
                whom &= told[ALL]
            elif told:
                others.append(told)
            else:
                return {}
            if not whom:
                return {}
        found: Parts = {ALL: whom}
        for more in others:
            found = self.algebra.both(found, more)
        return found

    def _some(self, parts: Iterable[Pred], asking: _Asking) -> Parts:
        """What is in any of these."""
        whom = 0
        others: list[Parts] = []
        for part in parts:
            told = asking.memo.get(part)
            if told is None:
                told = self._mean(part, asking)
            if len(told) == 1 and ALL in told:
                whom |= told[ALL]
            elif told:
                others.append(told)
        found: Parts = {ALL: whom} if whom else {}
        return self.algebra.union_with(found, whom, others) if others else found

    def _atom(self, atom: Pred, asking: _Asking) -> Parts:
        match atom:
            case Const() | ProtocolIs() | PortIn() | IcmpIs() | UnknownIn():
                packets = self.algebra.number(self._packets.of(atom))
                return {} if packets == NONE else {packets: self._met}
            case AddressIn(side, prefix) if side is asking.side:
                whom = self._met if any(a is not None and prefix.contains(a) for a in asking.own) else 0
                return {ALL: whom} if whom else {}
            case AddressIn(_, prefix) if self._all_known:
                whom = self._peers_inside(prefix)
                return {ALL: whom} if whom else {}
            case _:
                return self._told(atom, asking)

    def _told(self, atom: Pred, asking: _Asking) -> Parts:
        """The packets of an atom about the peer, which its classes settle but for the address."""
        found: list[tuple[int, int]] = []
        for classes, left in self._residuals.bitsets.parts(atom, asking.side.other, DIRECT):
            if left is FALSE:
                continue
            who = classes & self._met | (self._outside if classes & self._external else 0)
            if left is TRUE:
                found.append((ALL, who))
            elif isinstance(left, AddressIn) and left.side is not asking.side:
                found.append((ALL, who & self._peers_inside(left.prefix)))
            elif left is atom:
                raise InternalError(f"nothing is known about a peer that an atom asks about: {type(atom).__name__}")
            else:
                told = self._mean(left, asking)
                found += ((packets, who & whom) for packets, whom in told.items())
        return self.algebra.union((packets, who) for packets, who in found if who)

    def _peers_inside(self, prefix: Prefix) -> int:
        if prefix.family != self.family:
            return 0
        found = self._inside.get(prefix)
        if found is None:
            by_value = self._by_value
            first = bisect_left(by_value, (prefix.first, -1))
            last = bisect_left(by_value, (prefix.last + 1, -1))
            classes = as_set([c for _, c in by_value[first:last]])
            starts = self._starts
            found = self._inside[prefix] = classes | (1 << starts[prefix.last + 1]) - (1 << starts[prefix.first])
        return found


def _in_tiers(asked: Sequence[Asked]) -> bool:
    """Whether policies that stand in order stand in several tiers."""
    return bool(asked) and asked[0].entry[:2] != asked[-1].entry[:2]
