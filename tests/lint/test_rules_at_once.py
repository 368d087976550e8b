"""What is found of rules in one pass, or by smaller questions, is what asking each pair of them, or the solver, tells."""

from __future__ import annotations

from random import Random

import pytest

from lint.small_rules import calico, native, world_of
from npverify.analyses.lint.rule import Context
from npverify.analyses.open_world import _parted, implies, of_anybody
from npverify.analyses.rule_sweep import RuleSweep
from npverify.inventory.unknowns import fact
from npverify.normal.policy import PolicyId
from npverify.normal.predicates import FALSE, TRUE, Pred, and_, not_, or_, port_in, protocol_is, unknown_in
from npverify.smt.solver import BUDGETS, satisfiable

BUDGET = BUDGETS["normal"]
MAKE = {"kubernetes": native, "calico": calico}


def rules_of(dialect: str, seed: int) -> RuleSweep:
    world = world_of(MAKE[dialect](Random(seed)), dialect)
    assert world.lint is not None
    return Context(world, world.lint, BUDGET).rules


def covers(rules: RuleSweep, rule: PolicyId, other: PolicyId) -> bool:
    """Whether another rule matches, by sets alone, all that a rule does, wherever that is."""
    for case, how in rules._ways(rule):
        entry, *more = (e for e in case.signature if e.policy.id == rule)
        others = [e for e in rules._sets.beside(case, entry.policy) if e.policy.id == other]
        if more or not others or rules._sets.cover(case, entry.policy, others, how)[1]:
            return False
    return True


@pytest.mark.parametrize("dialect", MAKE)
def test_the_rules_that_cover_one_are_those_that_do_each_by_itself(dialect: str) -> None:
    """In the order in which they stand beside it, and none that is gone."""
    some = 0
    for seed in range(25):
        rules = rules_of(dialect, seed)
        for rule in (n for n, e in rules.elements.items() if e.rule is not None and rules.selects(n)):
            beside = [n for n in rules.beside(rule) if rules.elements[n].rule is not None]
            want = [other for other in beside if covers(rules, rule, other)]
            assert rules.covering(rule) == want, (seed, rule)
            assert rules.covering(rule, want[:1]) == want[1:], (seed, rule)
            some += len(want)
    assert some > 10


@pytest.mark.parametrize("dialect", MAKE)
def test_who_is_left_out_of_the_reasons_takes_nothing_away(dialect: str) -> None:
    """Elements about no peer of a rule are not among those that match what it does, in the order in which these are tried."""
    left_out = 0
    for seed in range(25):
        rules = rules_of(dialect, seed)
        for rule in filter(rules.selects, rules.elements):
            for case, how in rules._ways(rule):
                entry = next(e for e in case.signature if e.policy.id == rule)
                every = rules._sets.beside(case, entry.policy)
                few = list(rules._beside.about_peers(case, entry, how))
                cover = rules._sets.cover
                assert cover(case, entry.policy, few, how) == cover(case, entry.policy, every, how), (seed, rule)
                left_out += len(every) - len(few)
    assert left_out > 10


@pytest.mark.parametrize("dialect", MAKE)
def test_what_follows_for_any_pods_is_what_the_solver_says(dialect: str) -> None:
    """Of the flows of any two rules of small worlds."""
    said = set()
    for seed in range(4):
        elements = rules_of(dialect, seed).elements.values()
        flows = [and_(e.policy.subject, e.rule.match) for e in elements if e.rule is not None][:6]
        for one in flows:
            for other in flows:
                want = follows(one, other)
                assert implies(one, other, BUDGET) is want, (seed, one, other)
                said.add(want)
    assert said == {True, False}


def follows(one: Pred, other: Pred) -> bool:
    """What the solver says."""
    return not satisfiable(of_anybody(and_(one, not_(other))), budget=BUDGET)


HTTP, WEB, DNS = port_in(80, 80), port_in(80, 89), port_in(53, 53)
TCP, UDP = protocol_is("TCP"), protocol_is("UDP")


@pytest.mark.parametrize(
    ("one", "other", "want"),
    [
        pytest.param(FALSE, TCP, True, id="nothing implies everything"),
        pytest.param(TCP, TRUE, True, id="everything follows from anything"),
        pytest.param(TRUE, TCP, False, id="not every flow is of TCP"),
        pytest.param(or_(and_(TCP, HTTP), and_(UDP, DNS)), or_(WEB, DNS), True, id="each choice follows"),
        pytest.param(or_(and_(TCP, HTTP), and_(UDP, DNS)), WEB, False, id="one choice does not"),
        pytest.param(and_(TCP, HTTP), and_(TCP, WEB), True, id="each part follows"),
        pytest.param(and_(TCP, WEB), and_(TCP, HTTP), False, id="one part does not"),
    ],
)
def test_what_follows(one: Pred, other: Pred, want: bool) -> None:
    """Whether one predicate implies another."""
    assert implies(one, other, BUDGET) is want


A, B, C = (unknown_in(fact(name), "true") for name in "abc")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(A, and_(A, B), id="the second part does not follow"),
        pytest.param(B, and_(A, B), id="the first part does not follow"),
        pytest.param(and_(A, B), and_(A, B, or_(B, C)), id="every part follows"),
        pytest.param(or_(A, B), A, id="the second choice is another"),
        pytest.param(or_(B, A), A, id="the first choice is another"),
        pytest.param(and_(C, or_(A, B)), A, id="the second choice of a part is another"),
        pytest.param(and_(C, or_(B, A)), A, id="the first choice of a part is another"),
        pytest.param(and_(C, or_(A, B)), C, id="the choice does not matter"),
        pytest.param(and_(C, or_(and_(A, B), A)), A, id="both choices say so"),
    ],
)
def test_smaller_questions_mean_what_the_larger_one_does(one: Pred, other: Pred) -> None:
    """One predicate implies another exactly if that is so of each of the pairs into which the question falls."""
    smaller = _parted(one, other)
    assert smaller
    assert all(follows(*pair) for pair in smaller) is follows(one, other)


def test_a_question_that_falls_into_no_smaller_ones_has_none() -> None:
    """Then the solver is asked."""
    assert not _parted(A, B)
    assert not _parted(and_(A, not_(B)), or_(A, C))
