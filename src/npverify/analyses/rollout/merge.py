"""All states of a change in one normal form, in which each policy says in which states it is there.

In: the world before, the world after, and for each step the worlds without and with it. Out: the policies of every state in
the order in which they are asked, each under a *guard*, a predicate over the steps that are done; so that what is said of one
concrete flow becomes a formula over steps (`Merged.allows`).

That is only so for steps which bring and take policies of their own and leave the rest as it is. The others are *entangled*:
no formula tells what they do together, and whoever asks keeps them as they are. Where any is, there are no formulas.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from npverify.analyses.world import World
from npverify.ingest.source import Span
from npverify.inventory.model import EndpointKind
from npverify.inventory.unknowns import Reading, fact
from npverify.normal.flow import Flow
from npverify.normal.policy import Direction, Half, Policy, PolicyId, PolicySet, Stage
from npverify.normal.predicates import TRUE, Pred, and_, const, not_, unknown_in
from npverify.oracle import Oracle
from npverify.reduction.judge import Entry, Gate, judge

Worlds = tuple[World, World]


def is_done(step: int) -> Pred:
    """The states in which a step is done."""
    return unknown_in(fact(f"step {step}"), "true")


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """`touched`: the policies that a step brings, takes or makes others; `policies` and `guards`: see above, None if a step
    is entangled."""

    touched: Mapping[int, frozenset[PolicyId]]
    entangled: frozenset[int]
    policies: PolicySet | None
    guards: Mapping[Policy, Pred]

    def allows(self, flow: Flow, reading: Reading, world: World) -> Pred | None:
        """In which states a flow passes under a reading, as a formula over steps; None where none tells."""
        if self.policies is None:
            return None
        oracle = Oracle(self.policies, world.inventory)
        return and_(*(self._side(oracle, direction, flow, reading) for direction in Direction))

    def _side(self, oracle: Oracle, direction: Direction, flow: Flow, reading: Reading) -> Pred:
        """The walk of the oracle over all policies that may be there: which select and match is known, who is there is not."""
        policies = oracle.policies
        end = flow.src if direction is Direction.EGRESS else flow.dst
        proxy = end.kind is EndpointKind.PROXY
        if not (end.is_pod or proxy or (end.kind is EndpointKind.NODE and policies.judges_hosts)):
            return TRUE
        seen = oracle.seen(flow, reading, direction)
        entries, gates, matched = [], [], []
        for number, stage in enumerate(policies.half(direction).stages):
            here = oracle.seen_by(stage, seen)
            exempt = any(here.holds(exemption.match) for exemption in stage.exemptions)
            gates.append(Gate(const(here.holds(stage.applies)), const(exempt)))
            for place, tier in enumerate(stage.tiers):
                for policy in tier.policies:
                    if here.holds(policy.subject):
                        entry = Entry(number, place, policy, self.guards[policy], policy.rules)
                        entries.append(entry)
                        matched += [
                            (entry, rule, TRUE)
                            for rule in policy.rules
                            if here.holds(rule.peer) and here.holds(rule.traffic)
                        ]
        return judge(policies.half(direction), tuple(entries), gates, matched)


class Content(NamedTuple):
    """What a policy says and where it stands: equal for one that is lowered twice."""

    direction: Direction
    stage: str
    tier: str
    id: PolicyId
    subject: Pred
    order: float | None
    span: Span | None
    rules: tuple[Hashable, ...]


def merged(first: World, last: World, alone: Mapping[int, Worlds | None]) -> Merged:
    """The states of a change. `alone`: for each step, the worlds before and after it, None where one cannot be used."""
    changes = {n: _difference(*worlds) for n, worlds in alone.items() if worlds is not None}
    touched = {n: frozenset(content.id for content in (*gone, *come)) for n, (gone, come) in changes.items()}
    entangled = frozenset(_entangled(first, last, alone, changes, touched))
    policies: PolicySet | None = None
    guards: dict[Policy, Pred] = {}
    if not entangled:
        policies, guards = _all_states(first, last, alone, changes)
    return Merged({n: touched.get(n, frozenset()) for n in alone}, entangled, policies, guards)


def _entangled(
    first: World,
    last: World,
    alone: Mapping[int, Worlds | None],
    changes: Mapping[int, tuple[Counter[Content], Counter[Content]]],
    touched: Mapping[int, frozenset[PolicyId]],
) -> set[int]:
    """The steps of which it cannot be said what they do in every state from what they do alone."""
    sets = [first.policies, last.policies, *(w.policies for worlds in alone.values() if worlds for w in worlds)]
    if any(stage.shifts for policies in sets for d in Direction for stage in policies.half(d).stages):
        return set(alone)
    found = {n for n, worlds in alone.items() if worlds is None or not _alike(*worlds)}
    by_policy = Counter(policy for ids in touched.values() for policy in ids)
    found |= {n for n, ids in touched.items() if any(by_policy[policy] > 1 for policy in ids)}
    together = _contents(first)
    for gone, come in changes.values():
        together.subtract(gone)
        together.update(come)
    if +together != _contents(last) or not _alike(first, last):
        return set(alone)
    return found


def _alike(one: World, other: World) -> bool:
    """Whether two worlds have one frame, and each tier that both have is the same in both."""
    ours, theirs = _tiers(one), _tiers(other)
    return _frame(one) == _frame(other) and all(ours[name] == theirs[name] for name in ours.keys() & theirs.keys())


def _contents(world: World) -> Counter[Content]:
    return Counter(
        _content(direction, stage.name, tier.name, policy)
        for direction in Direction
        for stage in world.policies.half(direction).stages
        for tier in stage.tiers
        for policy in tier.policies
    )


def _content(direction: Direction, stage: str, tier: str, policy: Policy) -> Content:
    rules = tuple((rule.action, rule.peer, rule.traffic, rule.label, rule.span) for rule in policy.rules)
    return Content(direction, stage, tier, policy.id, policy.subject, policy.order, policy.span, rules)


def _difference(before: World, after: World) -> tuple[Counter[Content], Counter[Content]]:
    """What goes and what comes."""
    old, new = _contents(before), _contents(after)
    return old - new, new - old


def _tiers(world: World) -> dict[str, Hashable]:
    """What each tier that has policies is."""
    found: dict[str, Hashable] = {}
    for direction in Direction:
        for stage in world.policies.half(direction).stages:
            for tier in stage.tiers:
                found[f"{direction} {stage.name} {tier.name}"] = (tier.no_match, tier.order)
    return found


def _frame(world: World) -> Hashable:
    """Everything that verdicts hang on beside the policies and their tiers."""
    policies = world.policies
    stages = tuple(
        (
            direction,
            stage.name,
            stage.applies,
            tuple((e.name, e.match) for e in stage.exemptions),
            stage.final,
            stage.skips,
            stage.after,
            stage.before_translation,
            stage.hosts,
        )
        for direction in Direction
        for stage in policies.half(direction).stages
    )
    return (stages, policies.vip_visible, policies.switches, policies.fixed, policies.settings, id(world.inventory))


def _all_states(
    first: World,
    last: World,
    alone: Mapping[int, Worlds | None],
    changes: Mapping[int, tuple[Counter[Content], Counter[Content]]],
) -> tuple[PolicySet | None, dict[Policy, Pred]]:
    """The policies of all states, and the guard of each; no policies where the states do not agree on an order."""
    guard_of: dict[Content, Pred] = {}
    for step, (gone, come) in changes.items():
        guard_of |= dict.fromkeys(gone, not_(is_done(step)))
        guard_of |= dict.fromkeys(come, is_done(step))
    # every two policies that are there at once are so before, after, or right behind a step
    worlds = [first, *(w[1] for n, w in alone.items() if w is not None and n in changes), last]
    guards: dict[Policy, Pred] = {}
    halves = {}
    for direction in Direction:
        stages = []
        for versions in zip(*(world.policies.half(direction).stages for world in worlds), strict=True):
            found = _stage(direction, versions, guard_of, guards)
            if found is None:
                return None, {}
            stages.append(found)
        halves[direction] = Half(tuple(stages))
    return replace(first.policies, egress=halves[Direction.EGRESS], ingress=halves[Direction.INGRESS]), guards


def _stage(
    direction: Direction, versions: Sequence[Stage], guard_of: Mapping[Content, Pred], guards: dict[Policy, Pred]
) -> Stage | None:
    """A stage with the tiers and policies of all its versions."""
    names = in_one_order([[tier.name for tier in stage.tiers] for stage in versions])
    if names is None:
        return None
    tiers = []
    for name in names:
        known: dict[Content, Policy] = {}
        rows = []
        for stage in versions:
            row = {
                _content(direction, stage.name, name, p): p for t in stage.tiers if t.name == name for p in t.policies
            }
            rows.append(list(row))
            known = row | known
        order = in_one_order(rows)
        if order is None:
            return None
        policies = tuple(known[content] for content in order)
        guards |= {known[content]: guard_of.get(content, TRUE) for content in order}
        like = next(tier for stage in versions for tier in stage.tiers if tier.name == name)
        tiers.append(replace(like, policies=policies))
    return replace(versions[0], tiers=tuple(tiers))


Item = TypeVar("Item", bound=Hashable)


def in_one_order(rows: Sequence[Sequence[Item]]) -> list[Item] | None:
    """Everything that stands in some row, once, in an order that every row agrees with; None if there is none."""
    waits: dict[Item, set[Item]] = {}
    for row in rows:
        for number, item in enumerate(row):
            waits.setdefault(item, set()).update(row[max(0, number - 1) : number])
    order: dict[Item, None] = {}
    while len(order) < len(waits):
        ready = [item for item, before in waits.items() if item not in order and before <= order.keys()]
        if not ready:
            return None
        order |= dict.fromkeys(ready)
    return list(order)
