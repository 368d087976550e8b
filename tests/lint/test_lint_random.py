"""On random Calico worlds, with host endpoints, Services and every field of a rule, lint keeps to what the oracle says."""

from __future__ import annotations

import json
from random import Random

import pytest

import npverify
from calico_generate import calico
from calico_worlds import random_calico_case
from npverify.analyses.lint.run import lint
from npverify.analyses.world import World
from npverify.normal.policy import Direction, PolicyId, Rule
from npverify.oracle import Oracle

WITHOUT_EFFECT = ("NPL122", "NPL123")


def made(seed: int) -> World:
    """A world, every other one with host endpoints."""
    objects = calico(Random(seed), hosts=seed % 2 == 1)
    text = "\n---\n".join(json.dumps(manifest) for manifest in objects)
    return npverify.load(["-"], cni="calico", stdin=text.encode, for_lint=True).world


def lowered(world: World, policy: PolicyId, label: str) -> list[tuple[Direction, Rule]]:
    """The rule of a policy as it stands in the normal form, in each stage."""
    return [
        (direction, rule)
        for direction in Direction
        for tier in world.policies.half(direction).tiers
        for found in tier.policies
        for rule in found.rules
        if found.id == policy and rule.label == label
    ]


@pytest.mark.parametrize("seed", [*range(17), *range(18, 24)])
def test_a_rule_that_is_said_to_have_no_effect_matches_no_flow(seed):
    """Of many flows, aimed at the rules, none satisfies one that lint calls without effect; and the run is not undecided."""
    world = made(seed)
    result = lint(world)
    assert result.undecided == ()
    silent = [
        pair
        for finding in result.findings
        if finding.rule.code in WITHOUT_EFFECT and ", " in finding.message
        for pair in lowered(world, finding.policy, finding.message.partition(", ")[2].partition(":")[0])
    ]
    oracle, rng = Oracle(world.policies, world.inventory), Random(seed)
    for case in (random_calico_case(rng, world) for _ in range(60 if silent else 0)):
        for direction, rule in silent:
            assert not oracle.holds(rule.match, case.flow, case.reading, direction)


def test_some_rules_are_said_to_have_no_effect():
    """So that the test above can fail."""
    codes = [finding.rule.code for seed in range(6) for finding in lint(made(seed), select=WITHOUT_EFFECT).findings]
    assert set(codes) == set(WITHOUT_EFFECT)
