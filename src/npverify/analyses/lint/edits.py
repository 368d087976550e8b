"""Changes of a direction that a rule of lint makes in thought: policies in another order, with other rules, or joined by more.

An edit is made twice, on a policy set for the oracle and on signatures for the solver. It gives the same of some policies of
a tier as of all, those that are left out aside, so the two agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Protocol

from npverify.analyses.changes import (
    Change,
    ChangedFlow,
    first_changed_flow,
    legs_of_subjects,
    obligations_of,
    passes,
)
from npverify.analyses.engine import Engine
from npverify.normal.policy import Direction, Half, Policy, PolicySet, Stage
from npverify.normal.predicates import FALSE, Pred, and_
from npverify.reduction.bitsets import bits
from npverify.reduction.judge import Entry, Signature
from npverify.reduction.obligations import Variants
from npverify.reduction.partial import DIRECT, Circumstance


class Changed(Protocol):
    """An edit, made on either form of the policies."""

    def of_set(self, policies: PolicySet, direction: Direction) -> PolicySet:
        """The set with the edit made in one direction."""
        ...

    def of_signature(self, signature: Signature) -> Signature:
        """The signature as it is in the edited set."""
        ...


@dataclass(frozen=True, slots=True)
class Edit:
    """What becomes of the policies of a tier.

    `order`    the place of each policy of the tiers whose order changes
    `instead`  policies that others take the place of
    `behind`   policies that get another one with the same subject behind all of their tier
    """

    order: Mapping[Policy, int] = field(default_factory=dict)
    instead: Mapping[Policy, Policy] = field(default_factory=dict)
    behind: Mapping[Policy, Policy] = field(default_factory=dict)

    def pairs(self, policies: Sequence[Policy]) -> Iterator[tuple[Policy, Policy]]:
        """What stands in the tier, each with the policy that it comes from."""
        placed = sorted(policies, key=lambda p: self.order.get(p, -1)) if self.order else policies
        yield from ((policy, self.instead.get(policy, policy)) for policy in placed)
        yield from ((policy, self.behind[policy]) for policy in placed if policy in self.behind)

    def touches(self, policy: Policy) -> bool:
        """Whether it changes anything about a policy."""
        return policy in self.order or policy in self.instead or policy in self.behind

    def of_set(self, policies: PolicySet, direction: Direction) -> PolicySet:
        """The set with the edit made in one direction."""

        def stage(old: Stage) -> Stage:
            tiers = (replace(t, policies=tuple(new for _, new in self.pairs(t.policies))) for t in old.tiers)
            return replace(old, tiers=tuple(tiers))

        return policies.with_half(direction, Half(tuple(map(stage, policies.half(direction).stages))))

    def of_signature(self, signature: Signature) -> Signature:
        """The signature as it is in the edited set."""
        if not any(self.touches(entry.policy) for entry in signature):
            return signature
        found: list[Entry] = []
        for _, group in groupby(signature, key=lambda entry: (entry.stage, entry.tier)):
            entries = {entry.policy: entry for entry in group}
            found += (entries[old]._replace(policy=new, rules=new.rules) for old, new in self.pairs(list(entries)))
        return tuple(found)


Differs = Callable[[tuple[Pred, ...]], Pred]
"""Of what is left of the direction, as it is and after each edit, the flows that are looked for."""


def changed_flow(
    engine: Engine, direction: Direction, classes: int, edits: Sequence[Changed], differs: Differs, against: Changed
) -> ChangedFlow | None:
    """A flow of these subjects that the other direction allows and that the edits decide as `differs` says, confirmed by the
    oracle: with `against` made, its verdict is another one. None if there is none."""
    memo: dict[Signature, tuple[Signature, ...]] = {}

    def variants(signature: Signature) -> tuple[Signature, ...]:
        if signature not in memo:
            memo[signature] = (signature, *(edit.of_signature(signature) for edit in edits))
        return memo[signature]

    def breaks(egress: tuple[Pred, ...], ingress: tuple[Pred, ...]) -> Pred:
        judged, other = (egress, ingress) if direction is Direction.EGRESS else (ingress, egress)
        return and_(other[0], differs(judged))

    change = Change(variants, breaks, against.of_set(engine.world.policies, direction), passes)
    found = [
        obligation
        for subjects, peers in _concerned(engine, direction, classes, variants, differs)
        for leg in legs_of_subjects(engine, subjects, direction, peers)
        for obligation in obligations_of(engine, leg, change)
    ]
    return first_changed_flow(engine, found, change)


def _concerned(
    engine: Engine, direction: Direction, classes: int, variants: Variants, differs: Differs
) -> Iterator[tuple[int, int]]:
    """The subjects with the peers for which the direction by itself leaves something to look for. Most have none, and then
    the other direction need not be looked at."""
    residuals = engine.residuals
    if residuals.policies.vip_visible is not FALSE:
        yield classes, residuals.bitsets.all  # a Service may show the peers under another address
        return
    by_peers: dict[int, int] = {}
    for c in bits(classes):
        signatures = variants(residuals.signature(direction, c))
        peers = 0
        for how in (DIRECT, Circumstance(own_node=True)):
            subject = residuals.classes.representative(c)
            parts = residuals.parted(direction, signatures, subject, how, residuals.bitsets.all)
            peers |= sum(part for part, said in parts if differs(said) is not FALSE)
        by_peers[peers] = by_peers.get(peers, 0) | 1 << c
    yield from ((subjects, peers) for peers, subjects in by_peers.items())
