"""NPL144 agrees with the oracle on small worlds that have a pod of every kind which their selectors can tell apart."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from random import Random

import pytest

from lint.lint_worlds import IDLE
from lint.small_rules import Manifest, calico, every_flow, native, world_of
from npverify.analyses.lint.findings import Finding
from npverify.analyses.lint.run import lint
from npverify.analyses.world import World
from npverify.normal.policy import Direction, Half, Policy, PolicyId, PolicySet
from npverify.oracle import Oracle

SETS = 100
PART = 10
"""Worlds of each dialect, and of one test."""

MAKE = {"kubernetes": native, "calico": calico}
OTHER = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "other", "namespace": "shop", "labels": {"app": "other"}},
    "spec": {"containers": [{"name": "c", "image": "c"}]},
    "status": {"phase": "Running", "podIPs": [{"ip": "10.244.0.99"}]},
}


def made(dialect: str, seed: int) -> World:
    """A world in which more policies than usual have no rules for one of their directions."""
    rng = Random(seed)
    objects = MAKE[dialect](rng)
    for each in objects:
        types = each["spec"].get("types") or each["spec"].get("policyTypes") or []
        if types == ["Ingress"] and rng.random() < 0.5:
            types.append("Egress")
    if rng.random() < 0.3:
        objects += [halves(name, operator) for name, operator in (("v", "In"), ("w", "NotIn"))]
    return world_of([*objects, OTHER], dialect)


def halves(name: str, operator: str) -> Manifest:
    """One of two policies for egress that select every pod between them."""
    selector = {"matchExpressions": [{"key": "app", "operator": operator, "values": ["web"]}]}
    spec = {
        "podSelector": selector,
        "policyTypes": ["Egress"],
        "egress": [{"ports": [{"port": 53, "protocol": "UDP"}]}],
    }
    meta = {"name": name, "namespace": "shop"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def parts(world: World, policy: PolicyId) -> dict[Direction, list[Policy]]:
    """What a policy says of each direction."""
    return {d: [p for t in world.policies.half(d).tiers for p in t.policies if p.id == policy] for d in Direction}


def among(world: World, kept: Callable[[Direction, PolicyId], bool]) -> PolicySet:
    """The set of some policies, by direction."""
    policies = world.policies
    for d in Direction:
        stages = (
            replace(s, tiers=tuple(replace(t, policies=tuple(p for p in t.policies if kept(d, p.id))) for t in s.tiers))
            for s in policies.half(d).stages
        )
        policies = policies.with_half(d, Half(tuple(stages)))
    return policies


def said(world: World, policies: PolicySet) -> list[tuple[bool, bool]]:
    """Egress and ingress of every flow."""
    oracle = Oracle(policies, world.inventory)
    verdicts = (oracle.decide(flow) for flow in every_flow(world))
    return [(v.egress.allowed, v.ingress.allowed) for v in verdicts]


def direction_of(finding: Finding) -> Direction:
    """The direction that a finding is about."""
    return next(d for d in Direction if f"no {d} rule" in finding.message)


def idle_in(world: World) -> Iterator[tuple[PolicyId, Direction, tuple[PolicyId, ...]]]:
    """What is told: a policy, its direction, and who isolates already."""
    yield from ((f.policy, direction_of(f), f.others) for f in lint(world, select=[IDLE]).findings)


def changes(world: World, direction: Direction, policy: PolicyId, beside: Collection[PolicyId]) -> bool:
    """Whether a policy changes a verdict of a direction beside some others alone."""
    without = among(world, lambda d, p: d is direction and p in beside)
    both = among(world, lambda d, p: d is direction and (p in beside or p == policy))
    return said(world, without) != said(world, both)


@pytest.mark.parametrize("dialect", MAKE)
@pytest.mark.parametrize("first", range(0, SETS, PART))
def test_a_direction_that_is_told_changes_nothing_and_every_reason_is_needed(dialect: str, first: int):
    """All that is told may go at once; beside its reasons alone the direction changes nothing, and beside all but one of
    them it does."""
    for seed in range(first, first + PART):
        world = made(dialect, seed)
        found = list(idle_in(world))
        gone = {(d, policy) for policy, d, _ in found}
        left = among(world, lambda d, policy, gone=gone: (d, policy) not in gone)
        assert said(world, left) == said(world, world.policies), seed
        for policy, direction, others in found:
            assert not any(part.rules for part in parts(world, policy)[direction])
            assert not changes(world, direction, policy, others), seed
            for other in others:
                assert changes(world, direction, policy, [o for o in others if o != other]), (seed, policy)


@pytest.mark.parametrize("first", range(0, SETS, PART))
def test_no_direction_without_effect_is_passed_over(first: int):
    """Once what is told has gone, with every policy that changes nothing, each direction of a policy of Kubernetes that has
    rules for the other one alone changes something."""
    for seed in range(first, first + PART):
        world = made("kubernetes", seed)
        gone = {(d, policy) for policy, d, _ in idle_in(world)}
        gone |= {(d, f.policy) for f in lint(world, select=["NPL133"]).findings for d in Direction}
        ids = {p.id for d in Direction for t in world.policies.half(d).tiers for p in t.policies}
        now = among(world, lambda d, p, gone=gone: (d, p) not in gone)
        for policy in ids:
            of = parts(world, policy)
            for direction in Direction:
                bare = of[direction] and not of[direction][0].rules and any(p.rules for p in of[direction.opposite])
                if bare and (direction, policy) not in gone:
                    without = among(world, lambda d, p, g=gone, own=(direction, policy): (d, p) not in g | {own})
                    assert said(world, now) != said(world, without), (seed, policy, direction)


def test_the_worlds_have_something_to_find():
    """So that the tests above can fail: one reason, and several."""
    counts = [len(others) for dialect in MAKE for seed in range(40) for *_, others in idle_in(made(dialect, seed))]
    assert counts.count(1) > 10
    assert sum(n > 1 for n in counts) > 0
