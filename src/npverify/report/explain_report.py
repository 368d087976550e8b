"""Why a flow is allowed or denied, as text and as JSON: each direction, tier by tier, policy by policy, rule by rule."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.analyses.explain import Explanation, PolicyNote, RuleNote, SideNote, TierNote
from npverify.ingest.source import Span
from npverify.normal.policy import PolicySet
from npverify.normal.predicates import Side
from npverify.report import json_values as j
from npverify.report import words
from npverify.report.excerpt import Lines, no_lines, rule_excerpt
from npverify.report.paint import PLAIN, Paint, printable


def explain_text(found: Explanation, policies: PolicySet, lines: Lines = no_lines, paint: Paint = PLAIN) -> str:
    """The whole explanation; ends with a line break."""
    flow = found.flow
    word = paint("bold green" if found.verdict.allowed else "bold red", found.verdict.word.upper())
    head = (
        f"{words.end_name(flow, Side.SRC)} -> {words.end_name(flow, Side.DST)}  {words.traffic(flow)}{words.via(flow)}"
    )
    text = [f"{word}  {head}"]
    mattering = words.mattering_labels(policies)
    text.append(f"  from      {words.end_line(flow, Side.SRC, mattering)}")
    text.append(f"  to        {words.end_line(flow, Side.DST, mattering)}")
    for side in (found.egress, found.ingress):
        verdict = words.verdict(side.verdict, flow, policies)
        text.append(f"  {paint('bold', f'{side.direction:<9}')} {verdict}")
        text += [f"    {line}" for line in _side(side, lines, paint)]
    text += [printable(f"  depends on {name}") for name in found.depends]
    return "".join(f"{line}\n" for line in text)


def _side(side: SideNote, lines: Lines, paint: Paint) -> Iterator[str]:
    for exemption in side.exemptions:
        if exemption.applies:
            yield printable(f"exempt: {exemption.exemption.reason}")
    for tier in side.tiers:
        if tier.policies:
            where = f", {tier.stage.where}" if tier.stage.where else ""
            yield f"tier {printable(tier.tier.name)}{where}: {tier.outcome}"
            for note in tier.policies:
                yield from (f"  {line}" for line in _policy(note, lines, paint))


def _policy(note: PolicyNote, lines: Lines, paint: Paint) -> Iterator[str]:
    where = f"  {note.policy.span}" if note.policy.span else ""
    name = printable(f"{note.policy.id}{where}")
    if not note.selects:
        yield paint("dim", f"{name}  does not select it: {printable(note.why)}")
        return
    yield f"{name}  selects it" + (" and no rule of it matches" if note.isolates else "")
    if not note.rules:
        yield "  no rules"
    for rule in note.rules:
        yield from (f"  {line}" for line in _rule(rule, lines, paint))


def _rule(note: RuleNote, lines: Lines, paint: Paint) -> Iterator[str]:
    rule = note.rule
    where = f"  {rule.span}" if rule.span else ""
    if not note.matches:
        yield paint("dim", printable(f"{rule.label}  does not match: {note.why}"))
        return
    if not note.reached:
        yield paint("dim", printable(f"{rule.label}  matches ({rule.action}), but a rule before it has spoken"))
        return
    decides = " and decides" if note.decides else ""
    yield paint(
        "green" if rule.action == "allow" else "yellow",
        printable(f"{rule.label}  matches{decides}: {rule.action}{where}"),
    )
    if note.decides:
        yield from (f"  {line}" for line in rule_excerpt(rule.span, lines, paint))


def explain_json(found: Explanation, policies: PolicySet) -> j.Json:
    """The explanation as JSON."""
    return {
        "schema": j.SCHEMA,
        "flow": j.flow(found.flow),
        "verdict": found.verdict.word,
        "egress": j.side(found.verdict.egress, policies),
        "ingress": j.side(found.verdict.ingress, policies),
        "depends": list(found.depends),
        "sides": [_side_json(side) for side in (found.egress, found.ingress)],
    }


def _side_json(side: SideNote) -> j.Json:
    return {
        "direction": str(side.direction),
        "exemptions": [
            {"name": e.exemption.name, "reason": e.exemption.reason, "applies": e.applies, "why": e.why}
            for e in side.exemptions
        ],
        "tiers": [_tier_json(tier) for tier in side.tiers],
    }


def _tier_json(tier: TierNote) -> j.Json:
    return {
        "name": tier.tier.name,
        "stage": tier.stage.name,
        "outcome": tier.outcome,
        "policies": [
            {
                "policy": j.policy(note.policy.id),
                "source": _source(note.policy.span),
                "selects": note.selects,
                "isolates": note.isolates,
                "why": note.why,
                "rules": [_rule_json(rule) for rule in note.rules],
            }
            for note in tier.policies
        ],
    }


def _rule_json(note: RuleNote) -> j.Json:
    return {
        "rule": note.rule.label,
        "action": str(note.rule.action),
        "source": _source(note.rule.span),
        "matches": note.matches,
        "decides": note.decides,
        "reached": note.reached,
        "why": note.why,
    }


def _source(span: Span | None) -> str | None:
    return str(span) if span else None
