"""Why a flow is allowed or denied: for each direction every policy that could take part, rule by rule.

What is told is the walk of the oracle, which gives the verdict; the phrases for what does not match are those of `why`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from npverify.analyses.evaluate import evaluator
from npverify.analyses.results import Evaluation
from npverify.analyses.why import reason
from npverify.analyses.world import World
from npverify.inventory.model import Endpoint
from npverify.normal.flow import Flow, SideVerdict, Verdict
from npverify.normal.policy import Action, Direction, Exemption, Policy, Rule, Stage, Tier
from npverify.oracle import Seen

Outcome = Literal["allow", "deny", "pass", "no policy selects", "not asked"]
"""What a tier says; `pass`: it selects the endpoint and leaves the flow to the next tier."""


@dataclass(frozen=True, slots=True)
class RuleNote:
    """One rule of a policy that selects the endpoint. `why` says why it does not match, "" if it does.

    `decides` marks the rules that gave the verdict, `reached` is False for those behind the first of the tier that speaks.
    """

    rule: Rule
    matches: bool
    why: str
    decides: bool
    reached: bool = True


@dataclass(frozen=True, slots=True)
class PolicyNote:
    """One policy. `why` says why it does not select the endpoint, "" if it does; `rules` then are its rules.

    `isolates` marks the policies that deny the flow by selecting the endpoint without a rule that matches.
    """

    policy: Policy
    selects: bool
    why: str
    rules: tuple[RuleNote, ...]
    isolates: bool


@dataclass(frozen=True, slots=True)
class TierNote:
    """One tier, with the policies of it that could take part."""

    tier: Tier
    policies: tuple[PolicyNote, ...]
    outcome: Outcome
    stage: Stage


@dataclass(frozen=True, slots=True)
class ExemptionNote:
    """One exemption. `why` says why it does not apply, "" if it does."""

    exemption: Exemption
    applies: bool
    why: str


@dataclass(frozen=True, slots=True)
class SideNote:
    """One direction: its verdict and how it came about. `judged` is the endpoint whose policies were asked."""

    direction: Direction
    judged: Endpoint
    verdict: SideVerdict
    exemptions: tuple[ExemptionNote, ...]
    tiers: tuple[TierNote, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Both directions of one flow, under the default reading; `depends` as in `Evaluation`."""

    flow: Flow
    verdict: Verdict
    egress: SideNote
    ingress: SideNote
    depends: tuple[str, ...] = ()


def explain(world: World, flow: Flow) -> Explanation:
    """Why a flow is allowed or denied under the default reading."""
    return explain_evaluation(world, evaluator(world).evaluate(flow))


def explain_evaluation(world: World, evaluation: Evaluation) -> Explanation:
    """Why a flow that was evaluated before got its verdict."""
    flow, verdict = evaluation.flow, evaluation.verdict
    return Explanation(
        flow,
        verdict,
        _side(world, flow, verdict.egress),
        _side(world, flow, verdict.ingress),
        evaluation.depends,
    )


def _side(world: World, flow: Flow, verdict: SideVerdict) -> SideNote:
    direction = verdict.direction
    it = evaluator(world)
    seen = it.oracle.seen(it.settled(flow), {}, direction)
    judged = seen.end(direction.subject)
    if verdict.because == "no pod":
        return SideNote(direction, judged, verdict, (), ())
    exemptions: list[ExemptionNote] = []
    tiers: list[TierNote] = []
    skipped: set[str] = set()
    denied = False
    accepted = {""}
    for stage in world.policies.half(direction).stages:
        here = it.oracle.seen_by(stage, seen)
        if stage.name in skipped or stage.after not in accepted or not here.holds(stage.applies):
            continue
        notes = [_exemption(exemption, here) for exemption in stage.exemptions]
        exemptions += notes
        outcome: Outcome | None = "not asked" if denied else "allow" if any(n.applies for n in notes) else None
        for tier in stage.tiers:
            note = _tier(stage, tier, judged, here, verdict, asked=outcome is None)
            tiers.append(note)
            if outcome is None and note.outcome in ("allow", "deny"):
                outcome = note.outcome
        if outcome == "allow" and not any(n.applies for n in notes):
            skipped |= set(stage.skips)
            accepted.add(stage.name)
        denied = denied or outcome == "deny" or (outcome is None and stage.final is Action.DENY)
    return SideNote(direction, judged, verdict, tuple(exemptions), tuple(tiers))


def _exemption(exemption: Exemption, seen: Seen) -> ExemptionNote:
    applies = seen.holds(exemption.match)
    return ExemptionNote(exemption, applies, "" if applies else reason(exemption.match, seen))


def _tier(stage: Stage, tier: Tier, judged: Endpoint, seen: Seen, verdict: SideVerdict, *, asked: bool) -> TierNote:
    by_rule = {d.rule for d in verdict.by if d.rule is not None} if asked else set()
    isolates = asked and verdict.because == "no rule"
    by_policy = {d.policy for d in verdict.by if d.rule is None} if isolates else set()
    notes = []
    spoken = False
    for policy in tier.policies:
        selects = seen.holds(policy.subject)
        if selects:
            rules = []
            for rule in policy.rules:
                note = _rule(rule, seen, rule in by_rule)
                rules.append(replace(note, reached=not spoken or note.decides))
                spoken = spoken or (note.matches and rule.action is not Action.LOG)
            notes.append(PolicyNote(policy, True, "", tuple(rules), policy in by_policy))
        elif policy.id.namespace in ("", judged.namespace):
            notes.append(PolicyNote(policy, False, reason(policy.subject, seen), (), False))
    return TierNote(tier, tuple(notes), _outcome(tier, notes) if asked else "not asked", stage)


def _outcome(tier: Tier, notes: list[PolicyNote]) -> Outcome:
    if not any(note.selects for note in notes):
        return "no policy selects"
    said = (r.rule.action for note in notes for r in note.rules if r.matches and r.rule.action is not Action.LOG)
    match next(said, tier.no_match):
        case Action.ALLOW:
            return "allow"
        case Action.DENY:
            return "deny"
        case _:
            return "pass"


def _rule(rule: Rule, seen: Seen, decides: bool) -> RuleNote:
    failed = next((p for p in (rule.peer, rule.traffic) if not seen.holds(p)), None)
    return RuleNote(rule, failed is None, "" if failed is None else reason(failed, seen), decides)
