"""The rules that ask the solver agree with the oracle on every flow of small worlds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from lint.small_ties import every_flow, manifests, world_of
from npverify.analyses.lint.rules.equal_order import as_under
from npverify.analyses.lint.run import lint
from npverify.analyses.world import World
from npverify.normal.policy import Action, Direction, Half, Policy, PolicySet, Rule, Stage, Tier
from npverify.normal.predicates import TRUE
from npverify.oracle import Oracle

WORLDS = 60
"""Worlds for each rule."""


def made(seed: int) -> World:
    """The world of a seed."""
    return world_of(manifests(Random(seed)))


def with_tier(policies: PolicySet, direction: Direction, old: Tier, new: Tier) -> PolicySet:
    """The set with one tier of a direction in another form."""
    return with_tiers(policies, direction, lambda tiers: tuple(new if t is old else t for t in tiers))


def with_tiers(policies: PolicySet, direction: Direction, change) -> PolicySet:
    """The set with the tiers of every stage of a direction changed."""
    stages = tuple(replace(stage, tiers=change(stage.tiers)) for stage in policies.half(direction).stages)
    return policies.with_half(direction, Half(stages))


def stages(policies: PolicySet) -> Iterator[tuple[Direction, Stage]]:
    """Every stage with tiers."""
    for direction in Direction:
        yield from ((direction, stage) for stage in policies.half(direction).stages if stage.tiers)


def differs(world: World, one: PolicySet, other: PolicySet) -> bool:
    """Whether some flow has another verdict under the other set."""
    first, second = (Oracle(policies, world.inventory) for policies in (one, other))
    return any(first.decide(flow).allowed is not second.decide(flow).allowed for flow in every_flow(world))


def moved(sequence: tuple, first: object, second: object) -> tuple[tuple, tuple]:
    """A sequence with the second thing directly behind the first, and with it directly before."""
    rest = [each for each in sequence if each is not second]
    at = next(n for n, each in enumerate(rest) if each is first)
    return (*rest[: at + 1], second, *rest[at + 1 :]), (*rest[:at], second, *rest[at:])


def tied_policies(world: World) -> set[frozenset]:
    """The pairs of policies of one order for which the order matters, by brute force."""
    found = set()
    for direction, stage in stages(world.policies):
        for tier in stage.tiers:
            listed = tier.policies
            for n, first in enumerate(listed):
                for second in listed[n + 1 :]:
                    if first.order == second.order:
                        behind, before = (
                            with_tier(world.policies, direction, tier, replace(tier, policies=order))
                            for order in moved(listed, first, second)
                        )
                        if differs(world, behind, before):
                            found.add(frozenset((first.id, second.id)))
    return found


def tied_tiers(world: World) -> set[frozenset]:
    """The pairs of tiers of one order for which the order matters."""
    found = set()
    for direction, stage in stages(world.policies):
        for n, first in enumerate(stage.tiers):
            for second in stage.tiers[n + 1 :]:
                if first.order == second.order:
                    orders = moved(stage.tiers, first, second)
                    behind, before = (with_tiers(world.policies, direction, lambda _, o=order: o) for order in orders)
                    if differs(world, behind, before):
                        found.add(frozenset((first.name, second.name)))
    return found


def denying_tiers(world: World) -> set[str]:
    """The tiers of the user that deny, without a rule, what a rule of a later tier allows."""
    found = set()
    now = Oracle(world.policies, world.inventory)
    for direction, stage in stages(world.policies):
        for n, tier in enumerate(stage.tiers):
            if tier.name not in ("security", "platform") or tier.no_match is not Action.DENY:
                continue
            passing = with_tier(world.policies, direction, tier, replace(tier, no_match=Action.PASS))
            later = {policy.id for t in stage.tiers[n + 1 :] for policy in t.policies}
            then = Oracle(passing, world.inventory)
            for flow in every_flow(world):
                after = then.decide(flow)
                side = after.egress if direction is Direction.EGRESS else after.ingress
                by_rule = side.because == "rule" and side.by[0].policy.id in later
                if not now.decide(flow).allowed and after.allowed and by_rule:
                    found.add(tier.name)
    return found


def passing_rules(world: World) -> set[tuple]:
    """The rules that pass flows on which are then allowed because no later tier has a policy for the endpoints."""
    found = set()
    now = Oracle(world.policies, world.inventory)
    for direction, stage in stages(world.policies):
        for n, tier in enumerate(stage.tiers):
            later = [policy for t in stage.tiers[n + 1 :] for policy in t.policies]
            for policy in tier.policies:
                judged = {flow: flow.src if direction is Direction.EGRESS else flow.dst for flow in every_flow(world)}
                if any(_selects(now, [policy], f) and _selects(now, later, f) for f, e in judged.items() if e.is_pod):
                    continue
                for rule in policy.rules:
                    if rule.action is Action.PASS:
                        instead = [] if rule.match is TRUE else [replace(rule, action=Action.DENY)]
                        rules = tuple(new for r in policy.rules for new in (instead if r is rule else [r]))
                        edited = _with_rules(world.policies, direction, tier, policy, rules)
                        if _allowed_by(world, world.policies, edited):
                            found.add((policy.id, rule.label))
    return found


def undone(world: World) -> set[frozenset]:
    """The pairs of a policy without rules, and a later one of its tier that allows everything and decides about its flows."""
    found = set()
    now = Oracle(world.policies, world.inventory)
    for direction, stage in stages(world.policies):
        for tier in (tier for tier in stage.tiers if tier.no_match is Action.DENY):
            for policy in tier.policies:
                for rule in policy.rules:
                    if rule.action is Action.ALLOW and rule.match is TRUE:
                        rules = tuple(r for r in policy.rules if r is not rule)
                        without = Oracle(_with_rules(world.policies, direction, tier, policy, rules), world.inventory)
                        for bare in tier.policies:
                            if not bare.rules and bare.order < policy.order:
                                for f in every_flow(world):
                                    both = _selects(now, [bare], f) and _selects(now, [policy], f)
                                    if both and now.decide(f).allowed and not without.decide(f).allowed:
                                        found.add(frozenset((policy.id, bare.id)))
    return found


def _with_rules(
    policies: PolicySet, direction: Direction, tier: Tier, policy: Policy, rules: tuple[Rule, ...]
) -> PolicySet:
    listed = tuple(replace(p, rules=rules) if p is policy else p for p in tier.policies)
    return with_tier(policies, direction, tier, replace(tier, policies=listed))


def _selects(oracle: Oracle, policies: list[Policy], flow) -> bool:
    return any(oracle.holds(policy.subject, flow) for policy in policies)


def _allowed_by(world: World, one: PolicySet, other: PolicySet) -> bool:
    first, second = (Oracle(policies, world.inventory) for policies in (one, other))
    return any(first.decide(f).allowed and not second.decide(f).allowed for f in every_flow(world))


def found_by_lint(world: World, code: str) -> list:
    """The findings of a rule."""
    return [*lint(world, select=[code]).findings]


@pytest.mark.parametrize("seed", range(WORLDS))
def test_policies_of_one_order_are_in_conflict_exactly_where_some_flow_shows_it(seed):
    """NPL101 names the pairs that brute force finds, and no others."""
    world = made(seed)
    found = {frozenset((f.policy, *f.others)) for f in found_by_lint(world, "NPL101")}
    assert found == tied_policies(world)


@pytest.mark.parametrize("seed", range(WORLDS))
def test_tiers_of_one_order_are_in_conflict_exactly_where_some_flow_shows_it(seed):
    """NPL102 names the pairs that brute force finds, and no others."""
    world = made(seed)
    found = {frozenset(id_.name for id_ in (f.policy, *f.others)) for f in found_by_lint(world, "NPL102")}
    assert found == tied_tiers(world)


@pytest.mark.parametrize("seed", range(WORLDS))
def test_a_tier_denies_the_rest_exactly_where_some_flow_shows_it(seed):
    """NPL104 names the tiers that brute force finds, and no others."""
    world = made(seed)
    assert {f.policy.name for f in found_by_lint(world, "NPL104")} == denying_tiers(world)


@pytest.mark.parametrize("seed", range(WORLDS))
def test_a_rule_that_passes_allows_exactly_where_some_flow_shows_it(seed):
    """NPL106 names the rules that brute force finds, and no others."""
    world = made(seed)
    found = {(f.policy, f.message.partition(", ")[2].partition(":")[0]) for f in found_by_lint(world, "NPL106")}
    assert found == passing_rules(world)


@pytest.mark.parametrize("seed", range(WORLDS))
def test_a_default_deny_is_undone_exactly_where_some_flow_shows_it(seed):
    """NPL107 names the pairs that brute force finds, and no others."""
    world = made(seed)
    assert {frozenset((f.policy, *f.others)) for f in found_by_lint(world, "NPL107")} == undone(world)


def test_the_generated_worlds_have_something_to_find():
    """Each rule fires on some of them and not on others, so that the tests above can fail."""
    for code in ("NPL101", "NPL102", "NPL104", "NPL106", "NPL107"):
        counts = [len(found_by_lint(made(seed), code)) for seed in range(WORLDS)]
        assert 0 < sum(map(bool, counts)) < WORLDS, code


@pytest.mark.parametrize("seed", range(WORLDS))
def test_what_another_version_asks_first_is_what_it_asks_first(seed):
    """The order that lint tells of another version is that of the same manifests read for that version."""
    objects = manifests(Random(seed))
    world = world_of(objects)
    assert world.lint is not None
    (other,) = world.lint.others
    assert other.version == "Calico 3.31"
    told = as_under(world.policies, other)
    read = world_of(objects, "3.31")
    for direction in Direction:
        for mine, theirs in zip(told.half(direction).tiers, read.policies.half(direction).tiers, strict=True):
            assert [p.id for p in mine.policies] == [p.id for p in theirs.policies]
