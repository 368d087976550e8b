"""A counterexample (or witness) for a person: the flow, both verdicts with what decided, and how to see it happen."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property

from npverify.analyses.results import Counterexample
from npverify.analyses.why import why_not
from npverify.analyses.world import World
from npverify.inventory.model import EndpointKind
from npverify.inventory.unknowns import Reading
from npverify.normal.flow import FRONTS, Flow, SideVerdict
from npverify.normal.policy import Action, Policy
from npverify.normal.predicates import Side
from npverify.oracle import Oracle
from npverify.report import words
from npverify.report.assumed import mend, only_if
from npverify.report.excerpt import Lines, no_lines, rule_excerpt
from npverify.report.paint import PLAIN, Paint, count, printable
from npverify.report.reproduce import reproduce

_INDENT = " " * 12
_MOST_POLICIES = 5
_MOST_RULES = 4


class Scene:
    """The world in which counterexamples are told. Guards what is worked out once for all of them."""

    def __init__(self, world: World, lines: Lines = no_lines, paint: Paint = PLAIN) -> None:
        self.world = world
        self.paint = paint
        self._lines = lines

    @cached_property
    def _oracle(self) -> Oracle:
        return Oracle(self.world.policies, self.world.inventory)

    @cached_property
    def _mattering(self) -> frozenset[str]:
        return words.mattering_labels(self.world.policies)

    def counterexample(self, found: Counterexample) -> Iterator[str]:
        """The lines of one flow, each with its heading in a column of its own."""
        flow, any_, paint = found.flow, found.any, self.paint
        source, target = words.end_name(flow, Side.SRC), words.end_name(flow, Side.DST)
        yield f"  flow      {paint('bold', f'{source} -> {target}')}  {words.traffic(flow, any_)}{words.via(flow)}"
        src, dst = self.ends(flow, any_)
        yield f"  from      {src}"
        yield f"  to        {dst}"
        if said := remark(flow):
            yield f"{_INDENT}({said})"
        reading = {needed.name: needed.value for needed in found.reading}
        for side in (found.side,) if found.side else (found.verdict.egress, found.verdict.ingress):
            said, *why = self.side(side, flow, reading)
            yield f"  {side.direction:<9} {said}"
            yield from (f"{_INDENT}{line}" for line in why)
        for needed in found.reading:
            yield f"  {paint('yellow', 'only if')}   {printable(only_if(needed))}"
            yield f"{_INDENT}{paint('cyan', 'fix:')} {mend(needed, self.world)}"
        if found.side is None:
            yield f"  try       {printable(reproduce(flow))}"

    def ends(self, flow: Flow, any_: Collection[str]) -> tuple[str, str]:
        """The source and the destination of a flow in full."""
        src, dst = (words.end_line(flow, side, self._mattering, any_) for side in (Side.SRC, Side.DST))
        return src, dst

    def side(self, side: SideVerdict, flow: Flow, reading: Reading) -> Iterator[str]:
        """The verdict of one direction on one line, and below it what decided and why nothing else did."""
        word = side.word
        text = words.verdict(side, flow, self.world.policies).removeprefix(word)
        yield f"{self.paint('green' if side.allowed else 'red', word)}{text}"
        asked = self._asked(side, flow, reading)
        if side.because == "rule":
            rule = side.by[0].rule
            yield from rule_excerpt(rule.span if rule else None, self._lines, self.paint)
            yield from _others(side, asked)
        elif side.because == "no rule":
            yield from self._silent_rules(side, tuple(by.policy for by in side.by), flow, reading)

    def _asked(self, side: SideVerdict, flow: Flow, reading: Reading) -> tuple[Policy, ...]:
        """The policies that select the judged end at the stage that decided."""
        stages = self.world.policies.half(side.direction).stages
        of_tier = [stage.name for stage in stages for _ in stage.tiers]
        asked = zip(of_tier, self._oracle.asked(side.direction, flow, reading), strict=True)
        return tuple(policy for name, tier in asked if name == side.stage for policy in tier)

    def _silent_rules(
        self, side: SideVerdict, asked: tuple[Policy, ...], flow: Flow, reading: Reading
    ) -> Iterator[str]:
        """Why no rule of the isolating policies lets the flow through."""
        for policy in asked[:_MOST_POLICIES]:
            yield printable(f"{policy.span}  {policy.id}" if policy.span else f"{policy.id}")
            if not policy.rules:
                yield f"  no {side.direction} rules: nothing is let through"
            for rule in policy.rules[:_MOST_RULES]:
                why = why_not(rule.match, flow, self._oracle, reading, side.direction)
                yield printable(f"  {rule.label}: {why or 'it matches, and does no more than log'}")
            if len(policy.rules) > _MOST_RULES:
                yield f"  and {count(len(policy.rules) - _MOST_RULES, 'more rule')} without a match"
        if len(asked) > _MOST_POLICIES:
            yield f"and {count(len(asked) - _MOST_POLICIES, 'more policy', 'more policies')} without a match"


def remark(flow: Flow) -> str:
    """How the two ends stand to each other, where that is not what a reader expects; else ""."""
    if flow.entry is not None and flow.entry.rewritten:
        proxy = "the proxy of the plugin" if flow.src.kind is EndpointKind.PROXY else "the controller"
        by_controller = proxy if flow.entry.way in FRONTS else "the load balancer"
        who = "the node that passed it on" if flow.src.is_node else by_controller
        own = ", which is the pod's own" if flow.own_node else ""
        return f"a client outside sent it; policies see {who}{own}"
    if flow.same:
        return "the very same pod"
    if flow.own_node:
        return "on one node"
    return "another replica" if flow.src is flow.dst else ""


def _others(side: SideVerdict, asked: tuple[Policy, ...]) -> Iterator[str]:
    """Why nothing else stopped the flow: the other policies that were asked, and what they said. Where some deny, the first
    rule that matches has decided, and those behind it do not matter."""
    deciders = {by.policy for by in side.by}
    silent = [str(p.id) for p in asked if p not in deciders]
    only_allow = all(rule.action in (Action.ALLOW, Action.LOG) for policy in asked for rule in policy.rules)
    if side.allowed and silent and only_allow:
        more = f" and {len(silent) - _MOST_POLICIES} more" if len(silent) > _MOST_POLICIES else ""
        verb = "selects it too and has" if len(silent) == 1 else "select it too and have"
        yield printable(f"{', '.join(silent[:_MOST_POLICIES])}{more} {verb} no rule that denies the flow")
    for by in side.by[1:_MOST_POLICIES]:
        yield f"also {words.decider(by)}"
