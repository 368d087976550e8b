"""Signatures and residuals: what is left of one direction's tiers for one group of subjects and one group of peers.

A *signature* is the list of policies that select an endpoint in a direction. For one signature all classes of peers fall
into few groups that its rules cannot tell apart; each group has one residual, a predicate over the packet that is true
exactly where the direction allows the flow.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from npverify.inventory.model import Endpoint, EndpointKind, Inventory
from npverify.normal.policy import Action, Direction, Half, Policy, PolicyId, PolicySet, Rule
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    NamedPortIs,
    Pred,
    Side,
    and_,
    atoms_of,
    ite,
    or_,
)
from npverify.reduction.bitsets import Bitsets, bits
from npverify.reduction.classes import Classes
from npverify.reduction.partial import DIRECT, Circumstance, Partial, of_one_pod


class Entry(NamedTuple):
    """A policy that may select an endpoint: where it stands, when it does select (TRUE: always), and its rules in force."""

    tier: int
    policy: Policy
    selects: Pred
    rules: tuple[Rule, ...]


Signature = tuple[Entry, ...]


class Group(NamedTuple):
    """Classes of peers (a set) that a signature cannot tell apart, and what is left of the direction for them."""

    peers: int
    residual: Pred


class Residuals:
    """The reduction of one policy set over one inventory. Guards the memos; every answer is a pure function of the two."""

    def __init__(self, inventory: Inventory, policies: PolicySet) -> None:
        self.policies = policies
        self.classes = Classes(inventory, policies)
        self.partial = Partial(inventory, policies.vip_visible)
        self.bitsets = Bitsets(self.classes, inventory, self.partial)
        self._signatures = {d: self._select(d) for d in Direction}
        self._groups: dict[Hashable, tuple[Group, ...]] = {}
        self._by_ports = self._partition(lambda end: tuple(p for p in end.ports if p.name))
        self._by_kind = self._partition(lambda end: end.kind)

    def signature(self, direction: Direction, c: int) -> Signature:
        """The policies that may select class `c`, in the order in which they are asked."""
        return self._signatures[direction].get(c, ())

    def selecting(self, direction: Direction, policy: PolicyId) -> int:
        """The set of classes that a policy may select."""
        return sum(1 << c for c, s in self._signatures[direction].items() if any(e.policy.id == policy for e in s))

    def groups(
        self,
        direction: Direction,
        signature: Signature,
        subject: Endpoint,
        how: Circumstance = DIRECT,
        among: int | None = None,
    ) -> tuple[Group, ...]:
        """Classes of peers, parted by what is left of the direction when `subject`, whose signature this is, meets them.

        `among` is the set of classes to part; None: all.
        """
        if direction is Direction.INGRESS and not how.same:
            how = replace(how, via=None)  # translation is over where ingress is judged
        if among is None:
            among = self.bitsets.all
        aspect = (subject.kind, tuple(p for p in subject.ports if p.name) if direction is Direction.INGRESS else ())
        key = (direction, signature, aspect, how, among)
        found = self._groups.get(key)
        if found is None:
            found = self._groups[key] = self._part(direction, signature, subject, how, among)
        return found

    def left_out(self, src: Endpoint, dst: Endpoint, how: Circumstance) -> Pred:
        """The flows that an exemption allows which assertions leave out; a residual."""
        return or_(
            *(
                self.partial.residual(exemption.match, direction, how, src=src, dst=dst)
                for direction in Direction
                for exemption in self.policies.half(direction).exemptions
                if exemption.left_out
            )
        )

    def _select(self, direction: Direction) -> dict[int, Signature]:
        side = direction.subject
        found: dict[int, list[Entry]] = {}
        for index, tier in enumerate(self.policies.half(direction).tiers):
            for policy in tier.policies:
                for part, selects in self.bitsets.parts(policy.subject, side, DIRECT):
                    if selects is not FALSE:
                        entry = Entry(index, policy, selects, policy.rules)
                        for c in bits(part):
                            found.setdefault(c, []).append(entry)
        interned: dict[Signature, Signature] = {}
        return {c: interned.setdefault(tuple(entries), tuple(entries)) for c, entries in found.items()}

    def _partition(self, key: Callable[[Endpoint], Hashable]) -> tuple[int, ...]:
        parts: dict[Hashable, int] = {}
        for c, end in enumerate(self.classes.representatives):
            k = key(end)
            parts[k] = parts.get(k, 0) | 1 << c
        return tuple(parts.values())

    def _part(
        self, direction: Direction, signature: Signature, subject: Endpoint, how: Circumstance, among: int
    ) -> tuple[Group, ...]:
        half = self.policies.half(direction)
        rules = [rule for entry in signature for rule in entry.rules]
        tests = [exemption.match for exemption in half.exemptions] + [rule.peer for rule in rules]
        about = direction.subject
        tests = [
            self.partial.residual(t, direction, how, **ends(direction, subject)) if _looks_at(t, about) else t
            for t in tests
        ]
        start: Iterable[int] = self._by_kind
        if direction is Direction.EGRESS and any(
            isinstance(atom, NamedPortIs) for rule in rules for atom in atoms_of(rule.traffic)
        ):
            start = [both for ports in self._by_ports for kind in self._by_kind if (both := ports & kind)]
        parts: dict[tuple[int, tuple[Pred, ...]], int] = {}
        for n, part in enumerate(start):
            if asked := part & among:
                parts[n, ()] = asked
        for test in tests:
            parts = self._split(parts, test, direction, how)
        groups: dict[Pred, int] = {}
        for (_, said), part in parts.items():
            peer = self.classes.representative((part & -part).bit_length() - 1)
            exempt, matches = said[: len(half.exemptions)], said[len(half.exemptions) :]
            known = ends(direction, subject, peer)
            traffic = [
                FALSE if m is FALSE else and_(m, self.partial.residual(r.traffic, direction, how, **known))
                for r, m in zip(rules, matches, strict=True)
            ]
            residual = or_(*exempt, judge(half, signature, traffic))
            if how.same:
                residual = of_one_pod(residual)
            groups[residual] = groups.get(residual, 0) | part
        return tuple(Group(part, residual) for residual, part in groups.items())

    def _split(
        self, parts: dict[tuple[int, tuple[Pred, ...]], int], test: Pred, direction: Direction, how: Circumstance
    ) -> dict[tuple[int, tuple[Pred, ...]], int]:
        partition = self.bitsets.parts(test, direction.peer, how)
        split: dict[tuple[int, tuple[Pred, ...]], int] = {}
        for (n, said), part in parts.items():
            for classes, left in partition:
                if both := part & classes:
                    split[n, (*said, left)] = both
        return split


@cache
def _looks_at(pred: Pred, side: Side) -> bool:
    return any(getattr(atom, "side", None) is side for atom in atoms_of(pred))


def ends(direction: Direction, subject: Endpoint, peer: Endpoint | None = None) -> dict[str, Endpoint | None]:
    """The two ends by their side, for `Partial.residual`."""
    if direction.subject is Side.SRC:
        return {"src": subject, "dst": peer}
    return {"src": peer, "dst": subject}


def judge(half: Half, signature: Signature, matches: Collection[Pred]) -> Pred:
    """Where a direction allows, if its policies select as in `signature` and its rules match as in `matches` (in order).

    Tier by tier, last one first: the first rule that matches speaks; with none, a tier that selects says `no_match`;
    after the last tier the flow is allowed (design: PolicySet).
    """
    queue = list(matches)
    word: Pred = TRUE
    for index in range(len(half.tiers) - 1, -1, -1):
        onward = word
        entries = [entry for entry in signature if entry.tier == index]
        if half.tiers[index].no_match is Action.DENY:
            word = ite(or_(*(entry.selects for entry in entries)), FALSE, onward)
        asked = [(entry, rule) for entry in entries for rule in entry.rules]
        said = queue[len(queue) - len(asked) :]
        del queue[len(queue) - len(asked) :]
        word = _first_match(asked, said, word, onward)
    return word


def _first_match(asked: list[tuple[Entry, Rule]], said: list[Pred], word: Pred, onward: Pred) -> Pred:
    """Runs of rules with one action are joined before they are put in front of the rest, so that formulas stay flat."""
    run: list[Pred] = []
    action: Action | None = None
    for (entry, rule), match in zip(reversed(asked), reversed(said), strict=True):
        if rule.action is Action.LOG:
            continue
        if rule.action is not action and action is not None:
            word = ite(or_(*reversed(run)), _word(action, onward), word)
            run = []
        action = rule.action
        run.append(and_(entry.selects, match))
    return word if action is None else ite(or_(*reversed(run)), _word(action, onward), word)


def _word(action: Action, onward: Pred) -> Pred:
    return {Action.ALLOW: TRUE, Action.DENY: FALSE, Action.PASS: onward}[action]


def host_network(end: Endpoint) -> bool:
    """Whether the endpoint sends and receives with its node's addresses."""
    return end.kind in (EndpointKind.HOST_POD, EndpointKind.NODE)
