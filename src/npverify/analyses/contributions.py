"""What a policy adds to the others that select the same endpoints, over all peers and packets at once.

A rule becomes two pairs of sets, peers (bit c for class c) and cells of packets: `certain` is inside of what the rule matches
under every reading, `possible` is outside of it. Flows through a Service, of an endpoint to itself and of an endpoint's own
node are left out here; who asks compares residuals for those.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cached_property, reduce
from operator import and_, or_
from typing import NamedTuple

from npverify.analyses.packet_cells import PacketCells
from npverify.analyses.sameness import values
from npverify.inventory.model import Endpoint
from npverify.normal.policy import Action, Direction, Policy, Rule
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    AddressIn,
    AddressOwnedBy,
    And,
    Const,
    NamedPortIs,
    NodeIs,
    Not,
    Or,
    OwnNode,
    Pred,
    SelfTraffic,
    Side,
    atoms_of,
    port_in,
)
from npverify.reduction.judge import Entry, Signature
from npverify.reduction.partial import DIRECT, Circumstance, ends
from npverify.reduction.residuals import Residuals

Part = tuple[int, int]
"""Cells of packets, and peers."""


class Matches(NamedTuple):
    """What a rule matches certainly, and what it matches possibly."""

    certain: Part
    possible: Part


class Case(NamedTuple):
    """Subjects (a set of classes) that the same policies select and that rules cannot tell apart; one of them speaks for all."""

    direction: Direction
    signature: Signature
    subject: Endpoint
    aspect: Hashable
    subjects: int


class Contributions:
    """Turns rules into sets. Guards the memos."""

    def __init__(self, residuals: Residuals) -> None:
        self._residuals = residuals
        self._rules: dict[tuple[Rule, object], tuple[Matches, ...]] = {}
        self._rules_in: dict[Circumstance, dict[tuple[Rule, object], tuple[Matches, ...]]] = {}
        self._looks: dict[Rule, tuple[bool, bool, bool]] = {}
        self._heard: dict[tuple[int, object, Circumstance], int] = {}
        self._peers: dict[tuple[Pred, Side, Circumstance], tuple[int, int]] = {}
        self._atoms: dict[Pred, int | None] = {}
        self._cells: dict[Pred, tuple[int, int]] = {}

    def allows_alone(self, case: Case, policy: Policy) -> bool:
        """Whether the policy is of a tier that allows what any rule of its policies matches and denies the rest, and no
        other stage has a say."""
        half = self._residuals.policies.half(case.direction)
        return policy in self._only_allow[case.direction] and len(half.stages) == 1

    def denies_the_rest(self, case: Case) -> bool:
        """Whether the direction allows what some rule of the signature matches, and exempt flows, and nothing else."""
        if not (
            any(entry.selects is TRUE for entry in case.signature)
            and all(self.allows_alone(case, entry.policy) for entry in case.signature)
        ):
            return False
        (stage,) = self._residuals.policies.half(case.direction).stages
        known = ends(case.direction, case.subject)
        return self._residuals.partial.residual(stage.applies, case.direction, DIRECT, **known) is TRUE

    def beside(self, case: Case, policy: Policy) -> list[Entry]:
        """The other policies of its tier that may select the subjects."""
        tiers = {(e.stage, e.tier) for e in case.signature if e.policy is policy}
        return [e for e in case.signature if e.policy is not policy and (e.stage, e.tier) in tiers]

    def selects_too(self, case: Case, policy: Policy, entry: Entry) -> bool:
        """Whether an entry selects the subjects wherever the policy does."""
        return entry.selects is TRUE or any(e.policy is policy and e.selects is entry.selects for e in case.signature)

    def certain(self, case: Case, policy: Policy, others: Iterable[Entry]) -> list[Part]:
        """What the policy matches under every reading, and none of the others under any."""
        parts = [m.certain for rule in policy.rules for m in self._of(rule, case)]
        for entry in others:
            for rule in entry.rules:
                for matches in self._of(rule, case):
                    parts = _without(parts, matches.possible)
        return [(cells, peers) for cells, peers in parts if cells and peers]

    def cover(
        self, case: Case, policy: Policy, others: Sequence[Entry], how: Circumstance = DIRECT
    ) -> tuple[list[Entry], list[Part]]:
        """Those of the others that together seem to match all that the policy matches, and what they do not for certain."""
        parts = [m.possible for rule in policy.rules for m in self._of(rule, case, how)]
        used: list[Entry] = []
        for entry in others:
            before = parts
            for rule in entry.rules if parts and self.selects_too(case, policy, entry) else ():
                for matches in self._of(rule, case, how):
                    parts = _without(parts, matches.certain)
            if parts is not before:
                used.append(entry)
        left = parts
        for entry in others:
            before = parts
            for rule in entry.rules if parts else ():
                for matches in self._of(rule, case, how):
                    parts = _without(parts, matches.possible)
            if parts is not before and entry not in used:
                used.append(entry)
        return used, left

    def possible(self, case: Case, policy: Policy, others: Iterable[Entry]) -> list[Part]:
        """What the policy may match, and none of the others does for certain."""
        parts = [m.possible for rule in policy.rules for m in self._of(rule, case)]
        for entry in others:
            for rule in entry.rules if self.selects_too(case, policy, entry) else ():
                for matches in self._of(rule, case):
                    parts = _without(parts, matches.certain)
        return parts

    def peers(self, case: Case, entries: Iterable[Entry], how: Circumstance = DIRECT) -> int:
        """Every peer that some rule of the entries may be about."""
        found = 0
        for entry in entries:
            for rule in entry.rules:
                for matches in self._of(rule, case, how):
                    found |= matches.possible[1]
        return found

    def cells(self, case: Case, peers: int, how: Circumstance = DIRECT) -> int:
        """The packets to or from these classes of peers that some rule may match."""
        heard = self._heard.get((id(case.signature), case.aspect, how))
        if heard is None:
            heard = self.peers(case, case.signature, how)
            self._heard[id(case.signature), case.aspect, how] = heard
        found = 0
        if heard & peers:
            for entry in case.signature:
                for rule in entry.rules:
                    for matches in self._of(rule, case, how):
                        if matches.possible[1] & peers:
                            found |= matches.possible[0]
        return found

    @property
    def all_packets(self) -> int:
        """Every cell."""
        return self._packet_cells.all

    def about(self, case: Case, peers: int, how: Circumstance = DIRECT) -> Signature:
        """The signature without the rules that are not about these classes of peers: what it says of them stays the same."""
        found = []
        for entry in case.signature:
            rules = tuple(r for r in entry.rules if any(m.possible[1] & peers for m in self._of(r, case, how)))
            found.append(entry if len(rules) == len(entry.rules) else entry._replace(rules=rules))
        return tuple(found)

    def _of(self, rule: Rule, case: Case, how: Circumstance = DIRECT) -> tuple[Matches, ...]:
        if how is not DIRECT:
            how = self.seen(rule, how)
        known = self._rules if how is DIRECT else self._rules_in.setdefault(how, {})
        found = known.get((rule, None))
        if found is None:
            found = known.get((rule, case.aspect))
        if found is None:
            side = case.direction.subject
            looks = any(getattr(a, "side", None) is side for p in (rule.peer, rule.traffic) for a in atoms_of(p))
            found = tuple(self._matches(rule, case.direction, case.subject, how))
            known[rule, case.aspect if looks else None] = found
        return found

    def seen(self, rule: Rule, how: Circumstance) -> Circumstance:
        """The circumstance as far as the rule looks at it."""
        looks = self._looks.get(rule)
        if looks is None:
            atoms = (*atoms_of(rule.peer), *atoms_of(rule.traffic))
            looks = self._looks[rule] = (
                any(isinstance(a, SelfTraffic) for a in atoms),
                any(isinstance(a, OwnNode | NodeIs) for a in atoms),
                any(isinstance(a, AddressIn | AddressOwnedBy) and a.side is Side.DST for a in atoms),
            )
        at_itself, at_nodes, at_addresses = looks
        same, own_node = how.same and at_itself, how.own_node and at_nodes
        via = how.via if same or at_addresses else None
        return Circumstance(same, own_node, via) if same or own_node or via else DIRECT

    def _matches(self, rule: Rule, direction: Direction, subject: Endpoint, how: Circumstance) -> Iterator[Matches]:
        bitsets = self._residuals.bitsets
        known = ends(direction, subject)
        peer, traffic = (
            self._residuals.partial.residual(p, direction, how, **known) for p in (rule.peer, rule.traffic)
        )
        certain, possible = self._endpoints(peer, direction.peer, how)
        # a port by its name is another number for each peer
        for classes, left in bitsets.parts(traffic, direction.peer, how):
            low, high = self.packets(left)
            if possible & classes and high:
                yield Matches((low, certain & classes), (high, possible & classes))

    def _endpoints(self, pred: Pred, side: Side, how: Circumstance) -> tuple[int, int]:
        """The classes for which a predicate is true under every reading, and those for which it may be."""
        key = (pred, side, how)
        found = self._peers.get(key)
        if found is None:
            parts = self._residuals.bitsets.parts(pred, side, how)
            certain = sum(classes for classes, left in parts if left is TRUE)
            found = self._peers[key] = certain, sum(classes for classes, left in parts if left is not FALSE)
        return found

    def packets(self, traffic: Pred) -> tuple[int, int]:
        """The cells for which it is true under every reading and for every peer, and those for which it may be true."""
        found = self._cells.get(traffic)
        if found is None:
            cells = self._packet_cells
            each = values(traffic, cells, self._atoms) if isinstance(traffic, And | Or) else None
            found = self._evaluate(traffic) if each is None else (reduce(and_, each, cells.all), reduce(or_, each, 0))
            self._cells[traffic] = found
        return found

    def _evaluate(self, traffic: Pred) -> tuple[int, int]:
        every = self._packet_cells.all
        match traffic:
            case Const(value):
                return (every, every) if value else (0, 0)
            case Not(body):
                low, high = self.packets(body)
                return every & ~high, every & ~low
            case And(parts):
                low, high = every, every
                for part in parts:
                    inside, outside = self.packets(part)
                    low, high = low & inside, high & outside
                return low, high
            case Or(parts):
                low, high = 0, 0
                for part in parts:
                    inside, outside = self.packets(part)
                    low, high = low | inside, high | outside
                return low, high
        if traffic not in self._atoms:
            self._atoms[traffic] = self._packet_cells.of(traffic)
        cells = self._atoms[traffic]
        return (0, every) if cells is None else (cells, cells)

    @cached_property
    def _packet_cells(self) -> PacketCells:
        """The cells that any rule tells apart, for any subject with ports of a name."""
        policies = self._residuals.policies
        traffic = dict.fromkeys(
            r.traffic for d in Direction for t in policies.half(d).tiers for p in t.policies for r in p.rules
        )
        named = any(isinstance(atom, NamedPortIs) for pred in traffic for atom in atoms_of(pred))
        numbers = {p.number for end in self._residuals.classes.representatives for p in end.ports if p.name and named}
        return PacketCells((*traffic, *(port_in(n, n) for n in sorted(numbers))))

    @cached_property
    def _only_allow(self) -> dict[Direction, frozenset[Policy]]:
        """The policies of tiers that deny what none of their rules allows, and have no other rules."""
        return {
            d: frozenset(
                policy
                for tier in self._residuals.policies.half(d).tiers
                if tier.no_match is Action.DENY
                and all(r.action is Action.ALLOW for p in tier.policies for r in p.rules)
                for policy in tier.policies
            )
            for d in Direction
        }


def _without(parts: list[Part], taken: Part) -> list[Part]:
    """What is left of disjoint or overlapping parts without one; the same list if that takes nothing away."""
    cells, peers = taken
    if not any(part & cells and who & peers for part, who in parts):
        return parts
    found: list[Part] = []
    for part, who in parts:
        both = part & cells
        if not both or not who & peers:
            found.append((part, who))
            continue
        if rest := part & ~both:
            found.append((rest, who))
        if left := who & ~peers:
            found.append((both, left))
    return found


def peers_of(parts: Iterable[Part]) -> int:
    """All peers of some parts."""
    found = 0
    for cells, peers in parts:
        found |= peers if cells else 0
    return found
