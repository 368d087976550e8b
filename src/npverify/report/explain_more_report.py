"""What stands beside an explanation, as text and as JSON: parts of a range, other replicas and backends, siblings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npverify.analyses.explain_more import ExplainedPart, Other, Siblings
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import Endpoint
from npverify.normal.policy import PolicySet
from npverify.normal.predicates import Side
from npverify.report import json_values as j
from npverify.report import words
from npverify.report.excerpt import Lines, no_lines
from npverify.report.explain_report import explain_json, explain_text
from npverify.report.paint import PLAIN, Paint, count, printable

_ENDS = 10  # known pods and nodes of a part that are named
_BLOCKS = 6  # blocks of a part that are named


def range_text(
    prefix: Prefix,
    parts: Sequence[ExplainedPart],
    policies: PolicySet,
    lines: Lines = no_lines,
    paint: Paint = PLAIN,
) -> str:
    """A range part by part: first how each fares, then why."""
    head = [paint("bold", f"{prefix}: {_counted(parts)}")]
    names = [printable(_part_name(each, prefix)) for each in parts]
    for number, (each, name) in enumerate(zip(parts, names, strict=True), 1):
        word = f"{each.explanation.verdict.word:<7}"
        style = "green" if each.explanation.verdict.allowed else "red"
        head.append(f"  {number}. {paint(style, word)}  {name}")
    text = "".join(f"{line}\n" for line in head)
    for number, (each, name) in enumerate(zip(parts, names, strict=True), 1):
        text += f"\n{number}. {name}, for example\n"
        text += explain_text(each.explanation, policies, lines, paint)
    return text


def _counted(parts: Sequence[ExplainedPart]) -> str:
    verdicts = {each.explanation.verdict.allowed for each in parts}
    if len(parts) == 1:
        return "all of it is " + ("allowed" if verdicts == {True} else "denied")
    same = ", all allowed" if verdicts == {True} else ", all denied" if verdicts == {False} else ""
    return f"{len(parts)} parts{same}"


def _part_name(each: ExplainedPart, prefix: Prefix) -> str:
    part = each.part
    if len(part.blocks) > _BLOCKS:
        return f"the rest of {prefix} (outside addresses, in {len(part.blocks)} blocks)"
    if part.blocks:
        return f"{', '.join(map(str, part.blocks))} (outside addresses)"
    names = list(dict.fromkeys(str(end.workload or end) for end in part.ends))
    more = f" and {len(names) - _ENDS} more" if len(names) > _ENDS else ""
    return f"{', '.join(names[:_ENDS])}{more} (known there)"


def range_json(prefix: Prefix, parts: Sequence[ExplainedPart], policies: PolicySet) -> j.Json:
    """A range part by part."""
    return {"schema": j.SCHEMA, "range": str(prefix), "parts": [_part_json(each, policies) for each in parts]}


def _part_json(each: ExplainedPart, policies: PolicySet) -> j.Json:
    why = explain_json(each.explanation, policies)
    del why["schema"]
    return {
        "blocks": [str(block) for block in each.part.blocks],
        "ends": [_end_json(end) for end in each.part.ends],
        **why,
    }


def _end_json(end: Endpoint) -> j.Json:
    return j.endpoint(end, None)


def beside_text(found: Sequence[Other], kin: Siblings, policies: PolicySet, paint: Paint = PLAIN) -> str:
    """The replicas and backends that fare otherwise, and the siblings; "" where there are none."""
    return "".join(f"{line}\n" for line in _beside(found, kin, policies, paint))


def _beside(found: Sequence[Other], kin: Siblings, policies: PolicySet, paint: Paint) -> Iterator[str]:
    for other in found:
        flow, verdict = other.evaluation.flow, other.evaluation.verdict
        side = next((s for s in (verdict.egress, verdict.ingress) if not s.allowed), verdict.ingress)
        word = paint("green" if verdict.allowed else "red", verdict.word)
        ends = f"{words.end_name(flow, Side.SRC)} -> {words.end_name(flow, Side.DST)}"
        number = "" if other.number == 1 else f" and {count(other.number - 1, 'more flow')}"
        yield f"Otherwise {word}: {printable(ends + number)}; {side.direction} {words.verdict(side, flow, policies)}"
    if kin.traffic:
        word = "Allowed" if kin.allowed else "Denied"
        yield f"{word} siblings: {', '.join(f'{protocol} {port}' for protocol, port in kin.traffic)}"


def beside_json(found: Sequence[Other], kin: Siblings) -> j.Json:
    """The same as JSON."""
    return {
        "others": [
            {
                "flow": j.flow(other.evaluation.flow),
                "verdict": other.evaluation.verdict.word,
                "count": other.number,
            }
            for other in found
        ],
        "siblings": {
            "verdict": "allowed" if kin.allowed else "denied",
            "traffic": [{"protocol": protocol, "port": port} for protocol, port in kin.traffic],
        },
    }
