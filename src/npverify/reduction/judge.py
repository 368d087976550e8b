"""What a direction says of a flow, given which policies select and which rules match: tiers in order, first match first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from npverify.normal.policy import Action, Half, Policy, Rule, Stage
from npverify.normal.predicates import FALSE, TRUE, Pred, and_, const, ite, not_, or_


class Entry(NamedTuple):
    """A policy that may select an endpoint: where it stands (stage, and tier in it), when it does select (TRUE: always),
    and its rules in force."""

    stage: int
    tier: int
    policy: Policy
    selects: Pred
    rules: tuple[Rule, ...]


Signature = tuple[Entry, ...]


class Gate(NamedTuple):
    """What is left of a stage besides its tiers: where it applies, and what it lets through unasked."""

    applies: Pred
    exempt: Pred


def judge(half: Half, signature: Signature, gates: Sequence[Gate], matched: Iterable[tuple[Entry, Rule, Pred]]) -> Pred:
    """Where a direction allows, if its policies select as in `signature` and those rules that match at all, in order, do so
    as in `matched`.

    Every stage that applies must allow. In a stage, tier by tier, last one first: the first rule that matches speaks; with
    none, a tier that selects says `no_match`; after the last tier the stage has its final word (design: Stage).
    """
    said: dict[tuple[int, int], list[tuple[Entry, Rule, Pred]]] = {}
    for entry, rule, match in matched:
        said.setdefault((entry.stage, entry.tier), []).append((entry, rule, match))
    selected: dict[tuple[int, int], list[Pred]] = {}
    for entry in signature:
        selected.setdefault((entry.stage, entry.tier), []).append(entry.selects)
    word: Pred = TRUE
    skipped: dict[str, Pred] = {}
    accepted: dict[str, Pred] = {"": TRUE}
    followed = {stage.after for stage in half.stages}
    for number, (stage, gate) in enumerate(zip(half.stages, gates, strict=True)):

        def tiers(final: Pred, number: int = number, stage: Stage = stage) -> Pred:
            said_last = final
            for index in range(len(stage.tiers) - 1, -1, -1):
                onward = said_last
                if stage.tiers[index].no_match is Action.DENY:
                    said_last = ite(or_(*selected.get((number, index), ())), FALSE, onward)
                said_last = _first_match(said.get((number, index), []), said_last, onward)
            return said_last

        before = accepted.get(stage.after, FALSE)
        applies = and_(gate.applies, before, not_(skipped.get(stage.name, FALSE)))
        if applies is FALSE:
            continue
        if stage.skips or stage.name in followed:
            accepts = tiers(FALSE)
            accepted[stage.name] = and_(applies, not_(gate.exempt), accepts)
            for name in stage.skips:
                skipped[name] = or_(skipped.get(name, FALSE), accepted[stage.name])
        passes = or_(gate.exempt, tiers(const(stage.final is Action.ALLOW)))
        word = and_(word, or_(not_(applies), passes))
    return word


def _first_match(asked: list[tuple[Entry, Rule, Pred]], word: Pred, onward: Pred) -> Pred:
    """Runs of rules with one action are joined before they are put in front of the rest, so that formulas stay flat."""
    runs: list[tuple[Action, list[Pred]]] = []
    for entry, rule, match in asked:
        if rule.action is Action.LOG:
            continue
        if not runs or runs[-1][0] is not rule.action:
            runs.append((rule.action, []))
        runs[-1][1].append(and_(entry.selects, match))
    matches = [(action, or_(*run)) for action, run in runs]
    if len(matches) > _NESTED:
        said = _in_halves(matches)
        return or_(said.allowed, and_(said.passed, onward), and_(not_(said.matched), word))
    for action, match in reversed(matches):
        word = ite(match, _word(action, onward), word)
    return word


_NESTED = 50
"""Runs that are put in front of one another; formulas that are nested deeper could not be walked."""


class _Said(NamedTuple):
    """Where rules that are asked in order match, and where the first that does so allows or passes."""

    matched: Pred
    allowed: Pred
    passed: Pred


def _in_halves(matches: Sequence[tuple[Action, Pred]]) -> _Said:
    if len(matches) == 1:
        action, match = matches[0]
        return _Said(match, match if action is Action.ALLOW else FALSE, match if action is Action.PASS else FALSE)
    half = len(matches) // 2
    first, then = _in_halves(matches[:half]), _in_halves(matches[half:])
    rest = not_(first.matched)
    return _Said(
        or_(first.matched, then.matched),
        or_(first.allowed, and_(rest, then.allowed)),
        or_(first.passed, and_(rest, then.passed)),
    )


def _word(action: Action, onward: Pred) -> Pred:
    return {Action.ALLOW: TRUE, Action.DENY: FALSE, Action.PASS: onward}[action]
