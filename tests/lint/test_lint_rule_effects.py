"""NPL140 to NPL143 agree with the oracle on every flow of small worlds, and their reasons are as few as can be."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from lint.small_rules import Judge, calico, native, world_of
from npverify.analyses.elements import Effect
from npverify.analyses.lint.registry import RULES
from npverify.analyses.lint.rule import Context
from npverify.analyses.lint.rules.changes_nothing import redundant, shadowed, tied
from npverify.analyses.lint.rules.rule_effects import effects
from npverify.analyses.world import World
from npverify.normal.policy import Action, PolicyId
from npverify.smt.solver import BUDGETS

SETS = 250
"""Worlds of each dialect."""

ABOUT = RULES["NPL141"].about
PART = 10
"""Worlds of one test."""

ASKED = {"shadowed": "turned", "covered": "removed", "redundant": "removed", "unanswered": "answered"}
MAKE = {"kubernetes": native, "calico": calico}


def made(dialect: str, seed: int) -> World:
    """The world of a seed."""
    return world_of(MAKE[dialect](Random(seed)), dialect)


def found_in(world: World) -> tuple[Context, tuple[Effect, ...]]:
    """What lint says of the rules of a world, all of it decided."""
    assert world.lint is not None
    context = Context(world, world.lint, BUDGETS["normal"])
    found = effects(context, ABOUT)
    assert context.effects == (found, ())
    return context, found


def told(context: Context, found: tuple[Effect, ...]) -> set[PolicyId]:
    """Everything that is said to be superfluous: policies with their rules, the rules of policies, and rules."""
    whole = redundant(context, ABOUT)
    of_policies = {
        name
        for name, e in context.rules.elements.items()
        if e.owner in whole or (e.rule is not None and e.owner not in whole and shadowed(context, ABOUT, e.owner))
    }
    return of_policies | {effect.rule for effect in found}


@pytest.mark.parametrize("dialect", MAKE)
@pytest.mark.parametrize("first", range(0, SETS, PART))
def test_what_is_told_of_rules_is_what_brute_force_finds(dialect: str, first: int):
    """Each rule is as it is said to be, also among its reasons alone, and not among all but one of them; all that is told may
    go at once; and of what is left each rule changes something."""
    for seed in range(first, first + PART):
        world = made(dialect, seed)
        context, found = found_in(world)
        judge = Judge(world)
        gone = told(context, found)
        then = judge.said(lambda name, gone=gone: name not in gone)
        assert [e and i for e, i in judge.now] == [e and i for e, i in then], seed
        for effect in found:
            assert judge.holds(effect.rule, ASKED[effect.kind]), (seed, effect)
            assert_fewest(judge, effect)
        left = [name for name in judge.elements if name not in gone]
        for name in judge.rules:
            if name in gone or tied(context, judge.elements[name].owner):
                continue
            asked = "answered" if judge.elements[name].rule.action is Action.ALLOW else "removed"
            if judge.holds(name, asked) and judge.holds(name, asked, left):
                # by itself it matches nothing, or says what is said anyway
                assert judge.holds(name, "removed", ()), (seed, name)


def test_the_same_is_told_where_policies_are_found_by_their_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many subjects and few peers: small sets have no more than are found one by one."""
    before = [found_in(made("kubernetes", seed))[1] for seed in range(60)]
    monkeypatch.setattr("npverify.analyses.policy_index._FEW", 1)
    assert [found_in(made("kubernetes", seed))[1] for seed in range(60)] == before
    assert any(before)


def assert_fewest(judge: Judge, effect: Effect) -> None:
    """The reasons are enough, and none of them can be left out."""
    rule, kind, causes = effect
    if causes == (judge.elements[rule].owner,):  # the policy of the rule itself is its reason
        assert kind == "unanswered"
        causes = ()
    # what an earlier rule says may be the reason that a rule decides nothing, or a later one that it need not
    asks = ("removed", "turned") if kind in ("redundant", "covered") else (ASKED[kind],)
    assert any(
        judge.holds(rule, asked, causes)
        and not any(judge.holds(rule, asked, [other for other in causes if other != cause]) for cause in causes)
        for asked in asks
    ), effect


def test_the_generated_worlds_have_something_to_find():
    """Every kind is there on many of them, so that the tests above can fail."""
    counts: Counter[tuple[str, str]] = Counter()
    for dialect in MAKE:
        for seed in range(60):
            counts.update((dialect, effect.kind) for effect in found_in(made(dialect, seed))[1])
    assert counts["kubernetes", "shadowed"] == 0  # a policy of Kubernetes has no order
    assert min(n for key, n in counts.items() if key != ("kubernetes", "shadowed")) > 5
    assert len(counts) == 7
