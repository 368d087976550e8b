"""Tiers of many rules that alternate: the first that matches speaks, however many there are."""

from __future__ import annotations

from random import Random

import pytest

from npverify.analyses.engine import Engine
from npverify.analyses.equiv import equiv
from npverify.analyses.equiv_results import Equivalence
from npverify.analyses.prove import prove_one
from npverify.analyses.results import Status
from npverify.analyses.world import World
from npverify.assertions.claims import AllFlows, Assertion, Leg
from npverify.ingest.source import Span
from npverify.normal.flow import Flow
from npverify.normal.policy import Action, Direction, Rule
from npverify.normal.predicates import TRUE
from npverify.oracle import Oracle
from npverify.reduction import judge
from npverify.reduction.residuals import Residuals
from npverify.smt.solver import BUDGETS
from smallworld import DST, SRC, app, block, on, pod, policy, rule, tier, world

A, B = pod("a", ip="10.1.0.1"), pod("b", ip="10.1.0.2")
ACTIONS = (Action.ALLOW, Action.DENY, Action.PASS, Action.LOG)


def random_world(rng: Random, count: int) -> World:
    """Two tiers for the ingress of `b`, the first with rules of every action."""
    peers = (TRUE, app(SRC, "a"), app(SRC, "x"), block(SRC, "10.1.0.0/31"))
    rules = [
        rule(rng.choice(ACTIONS), rng.choice(peers), on("TCP", *sorted(rng.choices(range(1, 30), k=2))))
        for _ in range(count)
    ]
    behind = [rule(rng.choice(ACTIONS[:2]), TRUE, on("TCP", *sorted(rng.choices(range(1, 31), k=2))))]
    first = tier(policy("p", app(DST, "b"), *rules), no_match=rng.choice((Action.DENY, Action.PASS)), name="first")
    return world(A, B, ingress=[first, tier(policy("q", app(DST, "b"), *behind), name="behind")])


@pytest.mark.parametrize("nested", [0, 50])
@pytest.mark.parametrize("seed", range(30))
def test_in_halves_or_one_after_the_other(seed: int, nested: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of the tiers is true of exactly the flows that the oracle allows."""
    monkeypatch.setattr(judge, "_NESTED", nested)
    rng = Random(seed)
    it = random_world(rng, rng.randint(1, 12))
    oracle, reduced = Oracle(it.policies, it.inventory), Residuals(it.inventory, it.policies)
    c = reduced.classes.of
    signature = reduced.signature(Direction.INGRESS, c[B])
    left = next(g.residual for g in reduced.groups(Direction.INGRESS, signature, B) if g.peers >> c[A] & 1)
    for port in range(1, 31):
        flow = Flow(A, B, "TCP", port, A.addresses[0], B.addresses[0])
        assert oracle.holds(left, flow) is (oracle.decide(flow).ingress.action is Action.ALLOW)


def alternating(count: int) -> list[Rule]:
    """A rule for each port, to be allowed and denied in turn."""
    return [rule(ACTIONS[n % 2], TRUE, on("TCP", n + 1)) for n in range(count)]


def test_a_thousand_rules_that_alternate() -> None:
    """They are answered like a few: each odd port is open and no even one is."""
    it = world(A, B, ingress=[tier(policy("p", app(DST, "b"), *alternating(1_200)))])
    engine = Engine(it, BUDGETS["normal"])
    for port, status in ((1_199, Status.REFUTED), (1_200, Status.PROVED)):
        claim = AllFlows(False, (Leg({A: TRUE}, {B: on("TCP", port)}),))
        assert prove_one(engine, Assertion("t", "t", claim, "test", Span("t.npv", 1, 1))).status is status
    less = world(A, B, ingress=[tier(policy("p", app(DST, "b"), *alternating(1_199)))])
    assert equiv(it, less).status is Equivalence.EQUIVALENT  # the last one denies what is denied anyway
    other = world(A, B, ingress=[tier(policy("p", app(DST, "b"), *alternating(1_198)))])
    assert equiv(it, other).status is Equivalence.DIFFERENT
