"""Where every policy of a set stands, and how that differs from the set before: what an incremental reduction goes by.

The *frame* of a half is everything in it but its policies: what its stages and tiers are. While it stays, residuals hang on
nothing but signatures and classes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from npverify.normal.policy import Action, Direction, Half, Policy, PolicySet, Tier
from npverify.normal.predicates import Clause, Pred
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


class Frame(NamedTuple):
    """Everything that is no policy; of each stage the tiers come last, and of each tier whether its rules only allow."""

    stages: tuple[tuple[Any, ...], ...]
    more: Hashable


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """A policy set with the places of its policies, its frame, how often its predicates mention what, and the clauses about
    requests among these."""

    policies: PolicySet
    places: Mapping[Direction, Mapping[Policy, Place]]
    frame: Frame
    counts: Counter[Mention]
    requests: frozenset[Clause]

    @classmethod
    def of(cls, policies: PolicySet) -> Standing:
        """Of a set without one before it."""
        counts = Counter(chain.from_iterable(map(mentions, _all(policies))))
        return cls(policies, _places(policies), _frame(policies), counts, _requests(counts))

    @property
    def only_allows(self) -> bool:
        """Whether no rule of any policy says anything else."""
        return all(tier[-1] for stage in self.frame.stages for tier in stage[-1])

    @property
    def mentioned(self) -> Mentioned:
        """What the predicates mention."""
        return Mentioned.of(self.counts)

    @property
    def by_node(self) -> bool:
        """Whether some predicate asks on which node an endpoint is."""
        return ("nodes", "") in self.counts

    @property
    def clauses(self) -> frozenset[Clause]:
        """The clauses about requests of the policies, and of the questions about them."""
        return self.policies.asked | self.requests

    def after(self, policies: PolicySet) -> Change:
        """The step to another set, in which equal policies are the same objects."""
        frame = _frame(policies, self)
        moved, in_order = {}, True
        for direction in Direction:
            moved[direction], kept = _step(
                self.policies.half(direction), policies.half(direction), self.places[direction]
            )
            in_order = in_order and kept
        if frame != self.frame:
            now = Standing.of(policies)
            return Change(self, now, moved, now.mentioned, frame_kept=False)
        counts = self.counts.copy()
        gone = Counter(_mentions(policy for each in moved.values() for policy in each.gone))
        come = Counter(_mentions(policy for each in moved.values() for policy in each.come))
        counts.subtract(gone)
        counts.update(come)
        for mention in gone:
            if not counts[mention]:
                del counts[mention]
        requests = (self.requests | _requests(come)) - {
            what for what in _requests(gone) if ("request", what) not in counts
        }
        now = Standing(policies, {d: each.places for d, each in moved.items()}, frame, counts, requests)
        return Change(self, now, moved, Mentioned.of(come), frame_kept=in_order and now.clauses == self.clauses)


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """The step from one set to the next. `frame_kept`: only policies came and went, and the others kept their order.
    `mentioned` is everything that predicates of the next mention and those of the first did not."""

    before: Standing
    now: Standing
    moved: Mapping[Direction, Moved]
    mentioned: Mentioned
    frame_kept: bool


def _step(before: Half, after: Half, old: Mapping[Policy, Place]) -> tuple[Moved, bool]:
    """The policies that moved, and whether the others kept their order and each stands once."""
    each = [[tier.policies for tier in half.tiers] for half in (before, after)]
    sizes = [[len(policies) for policies in tiers] for tiers in each]
    first, second = (list(chain.from_iterable(tiers)) for tiers in each)
    if sizes[0] == sizes[1] and _stages(before) == _stages(after) and len(old) == len(first):
        other = [(a, b) for a, b in zip(first, second, strict=True) if a is not b]  # in the place of one stands another
        gone, come = {a: old[a] for a, _ in other}, {b: old[a] for a, b in other}
        if len(come) == len(other) and come.keys().isdisjoint(old):
            places = {**old, **come}
            for policy in gone:
                del places[policy]
            return Moved(tuple(gone), tuple(come), places), True
    new = dict(_placed(after))
    without = frozenset(p for p in first if p not in new)
    more = frozenset(p for p in second if p not in old)
    moved = Moved(
        tuple(dict.fromkeys(p for p in first if p in without)),
        tuple(dict.fromkeys(p for p in second if p in more)),
        new,
    )
    in_order = [p for p in first if p not in without] == [p for p in second if p not in more]
    return moved, in_order and len(new) == len(second)


def _requests(mentioned: Iterable[Mention]) -> frozenset[Clause]:
    return frozenset(what for _, what in mentioned if isinstance(what, Clause))


def _stages(half: Half) -> list[int]:
    return [len(stage.tiers) for stage in half.stages]


def _mentions(policies: Iterable[Policy]) -> Iterator[Mention]:
    return chain.from_iterable(map(mentions, chain.from_iterable(map(_of_policy, policies))))


def _places(policies: PolicySet) -> dict[Direction, dict[Policy, Place]]:
    return {d: dict(_placed(policies.half(d))) for d in Direction}


def _placed(half: Half) -> Iterator[tuple[Policy, Place]]:
    rank = 0
    for stage_number, stage in enumerate(half.stages):
        for tier_number, tier in enumerate(stage.tiers):
            for policy in tier.policies:
                yield policy, Place(rank, stage_number, tier_number)
                rank += 1


def _frame(policies: PolicySet, before: Standing | None = None) -> Frame:
    """Everything that verdicts, and the reasons that the oracle names for them, hang on beside the policies."""
    known: Collection[Policy] = ()
    if before is not None and before.only_allows:
        known = frozenset(chain.from_iterable(before.places.values()))
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
            tuple((tier.name, tier.no_match, tier.order, _only_allows(tier, known)) for tier in stage.tiers),
        )
        for d in Direction
        for stage in policies.half(d).stages
    )
    counts = tuple(len(policies.half(d).stages) for d in Direction)
    switches = (policies.profile, policies.switches, policies.fixed)
    return Frame(
        stages, (counts, *switches, policies.vip_visible, policies.rewriting, policies.settings, policies.asked)
    )


def _only_allows(tier: Tier, known: Collection[Policy]) -> bool:
    """Whether no rule says anything else: the oracle then names every rule that lets a flow through, not the first alone.
    Of the `known` policies it is known that theirs do not."""
    return all(rule.action in _ALLOWING for policy in tier.policies if policy not in known for rule in policy.rules)


_ALLOWING = frozenset({Action.ALLOW, Action.LOG})


def _all(policies: PolicySet) -> Iterator[Pred]:
    return chain.from_iterable(policies.half(d).predicates for d in Direction)


def _of_policy(policy: Policy) -> Iterator[Pred]:
    """The predicates of a policy, as `Half.predicates` gives them."""
    yield policy.subject
    for rule in policy.rules:
        yield rule.peer
        yield rule.traffic
