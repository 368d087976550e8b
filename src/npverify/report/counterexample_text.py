"""A counterexample (or witness) for a person: the flow, both verdicts with what decided, and how to see it happen."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.analyses.results import Counterexample
from npverify.analyses.why import why_not
from npverify.analyses.world import World
from npverify.inventory.unknowns import Reading
from npverify.normal.flow import Flow, SideVerdict
from npverify.normal.policy import Policy
from npverify.normal.predicates import Side
from npverify.oracle import Oracle
from npverify.report import words
from npverify.report.assumed import mend, only_if
from npverify.report.excerpt import Lines, rule_excerpt
from npverify.report.paint import PLAIN, Paint, printable
from npverify.report.reproduce import reproduce

_INDENT = " " * 12
_MOST_POLICIES = 5
_MOST_RULES = 4


def counterexample_lines(found: Counterexample, world: World, lines: Lines, paint: Paint = PLAIN) -> Iterator[str]:
    """The lines of one flow, each with its heading in a column of its own."""
    flow, any_ = found.flow, found.any
    mattering = words.mattering_labels(world.policies)
    source, target = words.end_name(flow, Side.SRC), words.end_name(flow, Side.DST)
    yield f"  flow      {paint('bold', f'{source} -> {target}')}  {words.traffic(flow, any_)}{words.via(flow)}"
    yield f"  from      {words.end_line(flow, Side.SRC, mattering, any_)}"
    yield f"  to        {words.end_line(flow, Side.DST, mattering, any_)}"
    if flow.same:
        yield f"{_INDENT}(the very same pod)"
    elif flow.src is flow.dst:
        yield f"{_INDENT}(another replica)"
    reading = {needed.name: needed.value for needed in found.reading}
    oracle = Oracle(world.policies, world.inventory)
    for side in (found.side,) if found.side else (found.verdict.egress, found.verdict.ingress):
        yield from _side(side, flow, reading, world, oracle, lines, paint)
    for needed in found.reading:
        yield f"  {paint('yellow', 'only if')}   {printable(only_if(needed))}"
        yield f"{_INDENT}{paint('cyan', 'fix:')} {mend(needed, world)}"
    if found.side is None:
        yield f"  try       {printable(reproduce(flow))}"


def _side(
    side: SideVerdict, flow: Flow, reading: Reading, world: World, oracle: Oracle, lines: Lines, paint: Paint
) -> Iterator[str]:
    word = paint("green" if side.allowed else "red", "allowed" if side.allowed else "denied")
    text = words.verdict(side, flow, world.policies)
    yield f"  {side.direction:<9} {word}{text.removeprefix('allowed').removeprefix('denied')}"
    asked = tuple(p for tier in oracle.asked(side.direction, flow, reading) for p in tier)
    if side.because == "rule":
        spoke = side.by[0]
        for line in rule_excerpt(spoke.rule.span if spoke.rule else None, lines, paint):
            yield f"{_INDENT}{line}"
        yield from _others(side, asked)
    elif side.because == "no rule":
        yield from _silent_rules(side, asked, flow, reading, oracle)


def _silent_rules(
    side: SideVerdict, asked: tuple[Policy, ...], flow: Flow, reading: Reading, oracle: Oracle
) -> Iterator[str]:
    """Why no rule of the isolating policies lets the flow through."""
    for policy in asked[:_MOST_POLICIES]:
        yield printable(f"{_INDENT}{policy.span}  {policy.id}" if policy.span else f"{_INDENT}{policy.id}")
        if not policy.rules:
            yield f"{_INDENT}  no {side.direction} rules: nothing is let through"
        for rule in policy.rules[:_MOST_RULES]:
            why = why_not(rule.match, flow, oracle, reading, side.direction)
            yield printable(f"{_INDENT}  {rule.label}: {why}")
        if len(policy.rules) > _MOST_RULES:
            yield f"{_INDENT}  and {len(policy.rules) - _MOST_RULES} more rules that do not match"
    if len(asked) > _MOST_POLICIES:
        yield f"{_INDENT}and {len(asked) - _MOST_POLICIES} more policies without a rule that matches"


def _others(side: SideVerdict, asked: tuple[Policy, ...]) -> Iterator[str]:
    """Why nothing else stopped the flow: the other policies that were asked, and what they said."""
    deciders = {by.policy for by in side.by}
    silent = [str(p.id) for p in asked if p not in deciders]
    if side.allowed and silent:
        more = f" and {len(silent) - _MOST_POLICIES} more" if len(silent) > _MOST_POLICIES else ""
        verb = "selects it too and has" if len(silent) == 1 else "select it too and have"
        yield printable(f"{_INDENT}{', '.join(silent[:_MOST_POLICIES])}{more} {verb} no rule that denies the flow")
    for by in side.by[1:_MOST_POLICIES]:
        yield f"{_INDENT}also {words.decider(by)}"
