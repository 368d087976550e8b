"""What one direction lets through between a class and everyone else: the same walk as `reduction.residuals`, over sets.

Under the default reading each predicate is settled but for the packet, so instead of a formula for each peer the walk keeps
*parts*: sets of packets, each with the peers that it is for. Peers are the classes of pods and the cells that mentioned blocks
cut the outside addresses into. In: the residuals of a world (its classes, bitsets and signatures). Out: tables. Not trusted:
a property test holds them against the formulas, and samples against the oracle.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Mapping
from functools import cache
from typing import NamedTuple

from npverify.analyses.blocks import Cell, cells
from npverify.analyses.packets import PacketSets
from npverify.inventory.addresses import Address, Family, Prefix
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.normal.policy import Action, Direction, Half, Rule, Stage
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    AddressIn,
    AddressOwnedBy,
    And,
    IcmpIs,
    KindIs,
    NamedPortIs,
    Not,
    Or,
    OwnNode,
    PortIn,
    Pred,
    ProtocolIs,
    Side,
    UnknownIn,
    atoms_of,
)
from npverify.reduction.classes import predicates
from npverify.reduction.judge import Signature
from npverify.reduction.partial import DIRECT
from npverify.reduction.residuals import Residuals, ends

Parts = Mapping[int, int]
"""Sets of packets, none of them empty, each with the peers for whom it is; peers that are in no part have no packet."""


class Table(NamedTuple):
    """What one direction lets through for one subject: parts of the other classes, and of the cells outside."""

    pods: Parts
    outside: Parts


class Tables:
    """Tables by class and direction for flows of one family of addresses, among some classes. Guards the memos."""

    def __init__(
        self,
        residuals: Residuals,
        packets: PacketSets,
        family: Family,
        among: int,
        addresses: Mapping[int, Address | None],
        prefixes: Iterable[Prefix],
    ) -> None:
        """`addresses`: those of the classes that have one of the family, by class; `among`: the peers to look at."""
        self._residuals = residuals
        self._packets = packets
        self._addresses = addresses
        self._external = 1 << residuals.classes.of[EXTERNAL]
        self._size = len(residuals.classes)
        self.family = family
        self.cells: tuple[Cell, ...] = cells(family, prefixes)
        self._outside = ((1 << len(self.cells)) - 1) << self._size
        self._among = among
        self._by_value = sorted((a.value, c) for c, a in addresses.items() if a is not None)
        self._starts = {cell.first: n for n, cell in enumerate(self.cells)}
        self._starts[self.cells[-1].last + 1] = len(self.cells)
        self._inside: dict[Prefix, int] = {}
        self._spread: dict[tuple[Pred, Side, Address | None], Parts] = {}
        self._tests: dict[tuple[Pred, Side, Address | None], Parts] = {}
        self._known: dict[tuple[Pred, Direction, Hashable], Pred] = {}
        self._of_rules: dict[Hashable, list[tuple[Action, Parts]]] = {}
        self._looked: dict[tuple[Side, tuple[Rule, ...]], bool] = {}
        self._judged: dict[Hashable, Table] = {}
        self._tables: dict[tuple[Direction, int], Table] = {}
        self._looks: dict[tuple[Direction, int], tuple[bool, bool]] = {}
        self._sets: dict[int, int] = {}
        self._everyone: Parts = {packets.all: self._among | self._outside}

    def of(self, direction: Direction, c: int) -> Table:
        """What the direction that is judged at class `c` lets through to and from everyone else."""
        found = self._tables.get((direction, c))
        if found is not None:
            return found
        subject = self._residuals.classes.representative(c)
        signature = self._residuals.signature(direction, c)
        aspect = self._aspect(direction, signature, c)
        own = self._addresses[c] if any(_asks_address(e.selects, direction.subject) for e in signature) else None
        key = (direction, id(signature), aspect, own)
        found = self._judged.get(key)
        if found is None:
            it = _Subject(direction, direction.subject, signature, aspect, subject, self._addresses[c])
            found = self._judged[key] = self._judge(it)
        self._tables[direction, c] = found
        return found

    def _aspect(self, direction: Direction, signature: Signature, c: int) -> Hashable:
        """Equal for classes of a signature of which the direction lets the same through, whatever their addresses."""
        key = (direction, id(signature))  # which `Residuals` keeps
        looks = self._looks.get(key)
        if looks is None:
            half = self._residuals.policies.half(direction)
            preds = [p for stage in half.stages for p in (stage.applies, *(e.match for e in stage.exemptions))]
            preds += [p for entry in signature for rule in entry.rules for p in (rule.peer, rule.traffic)]
            asked = frozenset().union(*(_asked(pred, direction.subject) for pred in preds))
            looks = self._looks[key] = (NamedPortIs in asked, bool(asked - {NamedPortIs}))
        ports, identity = looks
        subject = self._residuals.classes.representative(c)
        return subject.kind, tuple(p for p in subject.ports if p.name) if ports else (), c if identity else None

    # --- the walk of `reduction.residuals.judge` -----------------------------------------------------------------------

    def _judge(self, it: _Subject) -> Table:
        half = self._residuals.policies.half(it.direction)
        said = self._said(half, it)
        word = self._everyone
        skipped: dict[str, Parts] = {}
        accepted: dict[str, Parts] = {"": self._everyone}
        followed = {stage.after for stage in half.stages}
        for number, stage in enumerate(half.stages):
            applies = self._test(stage.applies, it)
            applies = _but(_both(applies, accepted.get(stage.after, {})), skipped.get(stage.name, {}))
            if not applies:
                continue
            exempt: Parts = {}
            for exemption in stage.exemptions:
                exempt = _either(exempt, self._test(exemption.match, it))
            if stage.skips or stage.name in followed:
                accepts = accepted[stage.name] = _but(_both(applies, self._tiers(number, stage, said, {})), exempt)
                for name in stage.skips:
                    skipped[name] = _either(skipped.get(name, {}), accepts)
            final = self._everyone if stage.final is Action.ALLOW else {}
            passes = _either(exempt, self._tiers(number, stage, said, final))
            word = _but(word, _but(applies, passes))
        inner = (1 << self._size) - 1
        return Table(
            self._kept((packets, who & inner) for packets, who in word.items()),
            self._kept((packets, who >> self._size) for packets, who in word.items()),
        )

    def _kept(self, parts: Iterable[tuple[int, int]]) -> Parts:
        """Parts with somebody in them, as they are remembered: most sets of peers are in several, and they are large."""
        one = self._sets.setdefault
        return {packets: one(who, who) for packets, who in parts if who}

    def _tiers(self, number: int, stage: Stage, said: _Said, final: Parts) -> Parts:
        word = final
        for index in range(len(stage.tiers) - 1, -1, -1):
            onward = word
            selected, rules = said.get((number, index), ({}, []))
            if stage.tiers[index].no_match is Action.DENY:
                word = _but(onward, selected)
            allowed: dict[int, int] = {}  # by packets, since many policies have the same ports
            for action, match in reversed(rules):
                if action is Action.ALLOW:
                    for packets, who in match.items():
                        allowed[packets] = allowed.get(packets, 0) | who
                    continue
                word, allowed = _either(word, allowed), {}
                if action is Action.DENY:
                    word = _but(word, match)
                else:
                    word = _either(_but(word, match), _both(match, onward))
            word = _either(word, allowed)
        return word

    def _said(self, half: Half, it: _Subject) -> _Said:
        """By the numbers of stage and tier: whom its policies select, and its rules with what they match."""
        found: dict[tuple[int, int], tuple[Parts, list[tuple[Action, Parts]]]] = {}
        for entry in it.signature:
            place = (entry.stage, entry.tier)
            selected, rules = found.get(place, ({}, []))
            if entry.selects is TRUE:
                found[place] = (self._everyone, rules)
                rules += self._rules(entry.rules, it)
                continue
            selects = self._test(entry.selects, it)
            found[place] = (_either(selected, selects), rules)
            rules += ((action, _both(selects, match)) for action, match in self._rules(entry.rules, it))
        return found

    def _rules(self, rules: tuple[Rule, ...], it: _Subject) -> list[tuple[Action, Parts]]:
        """What the rules of a policy match, in order; neighbours of one action as one."""
        looks = self._looked.get((it.side, rules))
        if looks is None:
            preds = (p for rule in rules for p in (rule.peer, rule.traffic))
            looks = self._looked[it.side, rules] = any(it.side in _looks_at(p) for p in preds)
        # where rules look at the subject's address, the aspect tells its class
        key = (it.side, rules, it.aspect if looks else None)
        found = self._of_rules.get(key)
        if found is None:
            found = self._of_rules[key] = []
            for rule in rules:
                if rule.action is not Action.LOG:
                    match = _both(self._test(rule.peer, it), self._test(rule.traffic, it))
                    if found and found[-1][0] is rule.action:
                        match = _either(found.pop()[1], match)
                    found.append((rule.action, self._kept(match.items())))
        return found

    # --- predicates to parts -------------------------------------------------------------------------------------------

    def _test(self, test: Pred, it: _Subject) -> Parts:
        """The packets of a predicate for each peer of a subject."""
        if test is TRUE:
            return self._everyone
        if test is FALSE:
            return {}
        test, side = self._filled(test, it), it.side
        if _is_about_the_packet(test):
            return self._meant(test, side, None)
        own = it.address if _asks_address(test, side) else None
        found = self._tests.get((test, side, own))
        if found is None:
            joined: dict[int, int] = {}
            for classes, left in self._residuals.bitsets.parts(test, side.other, DIRECT):
                who = classes & self._among | (self._outside if classes & self._external else 0)
                for packets, whom in self._meant(left, side, own).items():
                    if shared := who & whom:
                        joined[packets] = joined.get(packets, 0) | shared
            found = self._tests[test, side, own] = joined
        return found

    def _filled(self, pred: Pred, it: _Subject) -> Pred:
        """A predicate with the subject filled in."""
        if it.side not in _looks_at(pred):
            return pred
        key = (pred, it.direction, it.aspect)
        found = self._known.get(key)
        if found is None:
            known = ends(it.direction, it.subject)
            found = self._known[key] = self._residuals.partial.residual(pred, it.direction, DIRECT, **known)
        return found

    def _meant(self, left: Pred, subject: Side, own: Address | None) -> Parts:
        """The packets of a residual for each peer: what it still asks of addresses is told by those of this family."""
        key = (left, subject, own)
        found = self._spread.get(key)
        if found is None:
            found = self._spread[key] = self._mean(left, subject, own)
        return found

    def _mean(self, left: Pred, subject: Side, own: Address | None) -> Parts:
        if not any(isinstance(atom, AddressIn) for atom in atoms_of(left)):
            packets = self._packets.of(left)
            return {packets: self._everyone[self._packets.all]} if packets else {}
        match left:
            case Not(body):
                return _but(self._everyone, self._meant(body, subject, own))
            case And(parts):
                found = self._everyone
                for part in parts:
                    found = _both(found, self._meant(part, subject, own))
                return found
            case Or(parts):
                found = {}
                for part in parts:
                    found = _either(found, self._meant(part, subject, own))
                return found
            case AddressIn(side, prefix) if side is subject:
                return self._everyone if own is not None and prefix.contains(own) else {}
            case AddressIn(_, prefix):
                inside = self._peers_inside(prefix)
                return {self._packets.all: inside} if inside else {}
            case _:
                raise AssertionError("only connectives have an address below them")

    def _peers_inside(self, prefix: Prefix) -> int:
        if prefix.family != self.family:
            return 0
        found = self._inside.get(prefix)
        if found is None:
            first = bisect_left(self._by_value, (prefix.first, -1))
            last = bisect_left(self._by_value, (prefix.last + 1, -1))
            classes = 0
            for _, c in self._by_value[first:last]:
                classes |= 1 << c
            a, b = self._starts[prefix.first], self._starts[prefix.last + 1]
            found = classes & self._among | ((1 << b) - (1 << a)) << self._size
            self._inside[prefix] = found
        return found


_Said = Mapping[tuple[int, int], tuple[Parts, list[tuple[Action, Parts]]]]


class _Subject(NamedTuple):
    """At whom a direction is judged; `address`: the one of the family that it uses."""

    direction: Direction
    side: Side
    signature: Signature
    aspect: Hashable
    subject: Endpoint
    address: Address | None


def mentioned_ports(residuals: Residuals) -> set[tuple[int, int]]:
    """The ranges of destination ports that residuals can ask for."""
    found: set[tuple[int, int]] = set()
    names = False
    for atom in {atom for pred in set(predicates(residuals.policies)) for atom in atoms_of(pred)}:
        if isinstance(atom, PortIn) and atom.side is Side.DST:
            found.add((atom.first, atom.last))
        names |= isinstance(atom, NamedPortIs)
    if names:
        found |= {(p.number, p.number) for end in residuals.classes.representatives for p in end.ports if p.name}
    return found


@cache
def _asked(pred: Pred, side: Side) -> frozenset[type[Pred]]:
    """What a predicate asks about a side beyond its kind."""
    at_its_kind_at_most = {KindIs, OwnNode, AddressOwnedBy, PortIn}
    return frozenset(type(a) for a in atoms_of(pred) if getattr(a, "side", None) is side) - at_its_kind_at_most


@cache
def _looks_at(pred: Pred) -> frozenset[Side]:
    """The sides that a predicate looks at."""
    return frozenset(atom.side for atom in atoms_of(pred) if hasattr(atom, "side"))


@cache
def _is_about_the_packet(pred: Pred) -> bool:
    return all(isinstance(atom, ProtocolIs | PortIn | IcmpIs | UnknownIn) for atom in atoms_of(pred))


@cache
def _asks_address(pred: Pred, side: Side) -> bool:
    return any(isinstance(atom, AddressIn) and atom.side is side for atom in atoms_of(pred))


# --- parts as sets of flows -----------------------------------------------------------------------------------------------


def _either(left: Parts, right: Parts) -> Parts:
    """The union. A peer may be in several parts of `right`."""
    if not right:
        return left
    found = dict(left)
    for packets, who in right.items():
        met = [(before, whom, shared) for before, whom in found.items() if (shared := whom & who)]
        rest = who
        for before, whom, shared in met:
            rest ^= shared
            if whom == shared:
                del found[before]
            else:
                found[before] = whom ^ shared
        for before, _, shared in met:
            joined = before | packets
            found[joined] = found.get(joined, 0) | shared
        if rest:
            found[packets] = found.get(packets, 0) | rest
    return found


def _both(left: Parts, right: Parts) -> Parts:
    """The intersection."""
    found: dict[int, int] = {}
    for a, whom in left.items():
        for b, who in right.items():
            if (packets := a & b) and (shared := whom & who):
                found[packets] = found.get(packets, 0) | shared
    return found


def _but(left: Parts, right: Parts) -> Parts:
    """The flows of `left` that are not in `right`."""
    if not right:
        return left
    found: dict[int, int] = {}
    for a, whom in left.items():
        rest = whom
        for b, who in right.items():
            if shared := rest & who:
                rest ^= shared
                if packets := a & ~b:
                    found[packets] = found.get(packets, 0) | shared
        if rest:
            found[a] = found.get(a, 0) | rest
    return found
