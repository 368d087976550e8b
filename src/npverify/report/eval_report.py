"""The verdict of concrete flows, as text and as JSON; a line that could not be read keeps its place as an error."""

from __future__ import annotations

from npverify.analyses.results import Evaluation
from npverify.normal.flow import SideVerdict, Verdict
from npverify.normal.policy import PolicySet
from npverify.normal.predicates import Side
from npverify.report import json_values as j
from npverify.report import words
from npverify.report.paint import PLAIN, Paint, printable


def evaluation_json(found: Evaluation, policies: PolicySet) -> j.Json:
    """One answer of `eval`, without the flow (its line tells) and without the schema."""
    return {
        "verdict": found.verdict.word,
        "egress": j.side(found.verdict.egress, policies),
        "ingress": j.side(found.verdict.ingress, policies),
        "depends": list(found.depends),
    }


def single_json(found: Evaluation, policies: PolicySet) -> j.Json:
    """The answer for one flow given by options."""
    return {"schema": j.SCHEMA, "flow": j.flow(found.flow), **evaluation_json(found, policies)}


def error_json(message: str) -> j.Json:
    """The answer to a line that cannot be read."""
    return {"error": message}


def evaluation_line(found: Evaluation, paint: Paint = PLAIN) -> str:
    """One answer on one line: the verdict, the flow, and what denied it."""
    flow = found.flow
    line = (
        f"{_word(found.verdict, paint)}  {words.end_name(flow, Side.SRC)} -> {words.end_name(flow, Side.DST)}"
        f"  {words.traffic(flow)}{words.via(flow)}"
    )
    denied = [str(side.direction) for side in (found.verdict.egress, found.verdict.ingress) if not side.allowed]
    if denied:
        line += f"  (by {' and '.join(denied)})"
    if found.depends:
        line += f"  (depends on {'; '.join(found.depends)})"
    return printable(line) if not paint.on else line


def evaluation_text(found: Evaluation, policies: PolicySet, paint: Paint = PLAIN) -> str:
    """One answer in full."""
    flow = found.flow
    head = (
        f"{_word(found.verdict, paint)}  {words.end_name(flow, Side.SRC)} -> {words.end_name(flow, Side.DST)}"
        f"  {words.traffic(flow)}{words.via(flow)}"
    )
    lines = [head, *(_side(side, found, policies, paint) for side in (found.verdict.egress, found.verdict.ingress))]
    lines += [printable(f"  depends   {name}") for name in found.depends]
    return "".join(f"{line}\n" for line in lines)


def _side(side: SideVerdict, found: Evaluation, policies: PolicySet, paint: Paint) -> str:
    text = words.verdict(side, found.flow, policies)
    rest = text.removeprefix(side.word)
    return f"  {side.direction:<9} {paint('green' if side.allowed else 'red', side.word)}{rest}"


def _word(verdict: Verdict, paint: Paint) -> str:
    return paint("bold green" if verdict.allowed else "bold red", f"{verdict.word:<7}")
