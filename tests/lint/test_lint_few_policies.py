"""The policies that NPL133 and NPL134 name are as few as can be: held against the oracle on every flow of small worlds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from random import Random

import pytest

from lint.small_rules import Judge, calico, native, world_of
from npverify.analyses import few_policies
from npverify.analyses.lint.findings import Finding
from npverify.analyses.lint.run import lint
from npverify.analyses.world import World
from npverify.normal.policy import PolicyId

SETS = 120
PART = 20
"""Worlds of each dialect, and of one test."""

MAKE = {"kubernetes": native, "calico": calico}
CODES = ("NPL133", "NPL134")
COVERED = "the same endpoints"


def made(dialect: str, seed: int) -> World:
    """The world of a seed."""
    return world_of(MAKE[dialect](Random(seed)), dialect)


def changes(judge: Judge, finding: Finding, beside: Collection[PolicyId]) -> bool:
    """Whether the policy of a finding does, beside some others alone, what the finding says that it does not."""
    owner = {name: element.owner for name, element in judge.elements.items()}
    bare = finding.rule.code == "NPL134"
    kept = {*beside, finding.policy}
    now = judge.said(lambda name: owner[name] in kept)
    then = judge.said(
        lambda name: (
            owner[name] in beside or (bare and owner[name] == finding.policy and judge.elements[name].rule is None)
        )
    )
    if bare:
        return now != then  # each direction by itself
    return [e and i for e, i in now] != [e and i for e, i in then]


@pytest.mark.parametrize("dialect", MAKE)
@pytest.mark.parametrize("first", range(0, SETS, PART))
def test_the_finding_holds_beside_its_reasons_and_not_without_any_one_of_them(dialect: str, first: int):
    """Every finding names its policies, and it is so beside them alone, and not beside all of them but one."""
    for seed in range(first, first + PART):
        world = made(dialect, seed)
        judge = Judge(world)
        for finding in lint(world, select=CODES).findings:
            assert not changes(judge, finding, finding.others), (seed, finding)
            for other in finding.others:
                fewer = [name for name in finding.others if name != other]
                assert changes(judge, finding, fewer), (seed, finding.policy, finding.others, other)
            named = tuple(dict.fromkeys(r.policy for r in finding.because if r.policy is not None))
            assert named == finding.others
            assert named or finding.because[0].text.startswith("it is so of the policy alone")


def test_the_worlds_have_every_kind_of_reason():
    """So that the test above can fail: none, one and several policies, of both rules and beside what covers."""
    counts: Counter[tuple[str, bool, int]] = Counter()
    for dialect in MAKE:
        for seed in range(SETS // 3):
            found = lint(made(dialect, seed), select=CODES).findings
            counts.update((f.rule.code, COVERED in f.message, min(2, len(f.others))) for f in found)
    missing = {
        ("NPL133", True, 1),
        ("NPL133", False, 0),
        ("NPL133", False, 1),
        ("NPL133", False, 2),
    }
    missing |= {("NPL134", False, 0), ("NPL134", False, 1)}
    assert missing <= counts.keys(), counts


@pytest.mark.parametrize("dialect", list(MAKE))
def test_findings_stay_where_their_reasons_are_too_dear(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an input that is too large for it the fewest reasons are not looked for; what is found and undecided is the same."""
    found = [lint(made(dialect, seed), select=CODES) for seed in range(PART)]
    monkeypatch.setattr(few_policies, "_PAIRS", 0)
    bounded = [lint(made(dialect, seed), select=CODES) for seed in range(PART)]
    assert any(result.findings for result in found)
    assert [f.order[:3] for r in bounded for f in r.findings] == [f.order[:3] for r in found for f in r.findings]
    assert [r.undecided for r in bounded] == [r.undecided for r in found]
