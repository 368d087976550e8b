"""Where every policy of a set stands, and how that differs from the set before: what an incremental reduction goes by.

The *frame* of a half is everything in it but its policies: what its stages and tiers are. While it stays, residuals hang on
nothing but signatures and classes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from npverify.normal.policy import Action, Direction, Half, Policy, PolicySet, Tier
from npverify.normal.predicates import HttpIs, Pred
from npverify.reduction.classes import Mention, Mentioned, mentions


class Place(NamedTuple):
    """A policy's place among all of its direction, and the numbers of its stage and of its tier in that."""

    rank: int
    stage: int
    tier: int


@dataclass(frozen=True, slots=True)
class Moved:
    """The policies of a direction that one set has and the other has not; `places` are those in the new set."""

    gone: tuple[Policy, ...]
    come: tuple[Policy, ...]
    places: Mapping[Policy, Place]


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """A policy set with the places of its policies, its frame, and how often its predicates mention what."""

    policies: PolicySet
    places: Mapping[Direction, dict[Policy, Place]]
    frame: Hashable
    counts: Counter[Mention]

    @classmethod
    def of(cls, policies: PolicySet) -> Standing:
        """Of a set without one before it."""
        counts = Counter(chain.from_iterable(map(mentions, _all(policies))))
        return cls(policies, _places(policies), _frame(policies), counts)

    @property
    def mentioned(self) -> Mentioned:
        """What the predicates mention."""
        return Mentioned.of(self.counts)

    @property
    def by_node(self) -> bool:
        """Whether some predicate asks on which node an endpoint is."""
        return ("nodes", "") in self.counts

    @property
    def clauses(self) -> frozenset[HttpIs]:
        """The clauses about requests of the policies, and of the questions about them."""
        return self.policies.asked.union(what for _, what in self.counts if isinstance(what, HttpIs))

    def after(self, policies: PolicySet) -> Change:
        """The step to another set, in which equal policies are the same objects."""
        places = _places(policies)
        frame = _frame(policies)
        counts = self.counts.copy()
        moved, in_order = {}, True
        for direction, new in places.items():
            old = self.places[direction]
            gone = tuple(p for p in old if p not in new)
            come = tuple(p for p in new if p not in old)
            counts.subtract(chain.from_iterable(map(mentions, chain.from_iterable(map(_of_policy, gone)))))
            counts.update(chain.from_iterable(map(mentions, chain.from_iterable(map(_of_policy, come)))))
            moved[direction] = Moved(gone, come, new)
            in_order = in_order and _in_order(old, new, gone, come)
        if frame != self.frame:
            return Change(self, Standing.of(policies), moved, frame_kept=False)
        now = Standing(policies, places, frame, +counts)  # without what is mentioned no more
        once = all(len(places[d]) == _count(policies.half(d)) for d in Direction)
        return Change(self, now, moved, frame_kept=in_order and once and now.clauses == self.clauses)


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """The step from one set to the next. `frame_kept`: only policies came and went, and the others kept their order."""

    before: Standing
    now: Standing
    moved: Mapping[Direction, Moved]
    frame_kept: bool


def _in_order(old: Iterable[Policy], new: Iterable[Policy], gone: tuple[Policy, ...], come: tuple[Policy, ...]) -> bool:
    """Whether the policies that both have stand in one order."""
    without, more = frozenset(gone), frozenset(come)
    return [p for p in old if p not in without] == [p for p in new if p not in more]


def _places(policies: PolicySet) -> dict[Direction, dict[Policy, Place]]:
    return {d: dict(_placed(policies.half(d))) for d in Direction}


def _placed(half: Half) -> Iterator[tuple[Policy, Place]]:
    rank = 0
    for stage_number, stage in enumerate(half.stages):
        for tier_number, tier in enumerate(stage.tiers):
            for policy in tier.policies:
                yield policy, Place(rank, stage_number, tier_number)
                rank += 1


def _count(half: Half) -> int:
    return sum(len(tier.policies) for tier in half.tiers)


def _frame(policies: PolicySet) -> Hashable:
    """Everything that verdicts, and the reasons that the oracle names for them, hang on beside the policies."""
    stages = tuple(
        (
            stage.name,
            stage.applies,
            tuple((e.name, e.match, e.left_out) for e in stage.exemptions),
            stage.final,
            stage.skips,
            stage.after,
            stage.before_translation,
            stage.hosts,
            stage.reason,
            stage.where,
            stage.shifts,
            tuple((tier.name, tier.no_match, tier.order, _only_allows(tier)) for tier in stage.tiers),
        )
        for d in Direction
        for stage in policies.half(d).stages
    )
    counts = tuple(len(policies.half(d).stages) for d in Direction)
    fixed = (policies.switches, policies.fixed, policies.vip_visible, policies.rewriting, policies.settings)
    return stages, counts, policies.profile, fixed, policies.asked


def _only_allows(tier: Tier) -> bool:
    """Whether no rule says anything else: the oracle then names every rule that lets a flow through, not the first alone."""
    return all(rule.action in _ALLOWING for policy in tier.policies for rule in policy.rules)


_ALLOWING = frozenset({Action.ALLOW, Action.LOG})


def _all(policies: PolicySet) -> Iterator[Pred]:
    return chain.from_iterable(policies.half(d).predicates for d in Direction)


def _of_policy(policy: Policy) -> Iterator[Pred]:
    """The predicates of a policy, as `Half.predicates` gives them."""
    yield policy.subject
    for rule in policy.rules:
        yield rule.peer
        yield rule.traffic
