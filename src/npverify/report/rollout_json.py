"""The answer of `rollout` as JSON (`npverify/1`)."""

from __future__ import annotations

from collections.abc import Sequence

from npverify.analyses.results import AssertionResult
from npverify.analyses.rollout.edits import Edit
from npverify.analyses.rollout.results import BadStates, Broken, Outcome, RolloutResult, StepResult
from npverify.assertions.claims import Assertion
from npverify.report import json_values as j
from npverify.report.prove_json import counterexample_json
from npverify.report.rollout_text import ASSUMED, notes


def rollout_json(result: RolloutResult) -> j.Json:
    """The whole report."""
    found = result.outcome is Outcome.FOUND
    return {
        "schema": j.SCHEMA,
        "outcome": str(result.outcome),
        "order": [edit.object for step in result.steps for edit in step.edits] if found else None,
        "steps": [_step(number, step, result) for number, step in enumerate(result.steps, 1)],
        "refutation": _refutation(result),
        "kept": [_assertion(assertion) for assertion in result.kept],
        "reached": [
            {**_assertion(assertion), "before": None if before is None else str(before.status)}
            for assertion, before in zip(result.reached, result.why_not_kept, strict=True)
        ],
        "broken": [_broken(broken) for broken in result.broken],
        "left_out": [_assertion(assertion) for assertion in result.left_out],
        "summary": {
            "edits": len(result.edits),
            "kept": len(result.kept),
            "reached": len(result.reached),
            "broken": len(result.broken),
            "proposed": result.proposed,
            "profile": result.new.policies.profile,
            "settings": dict(result.new.policies.settings),
            "interrupted": result.interrupted,
        },
        "notes": list(notes(result)),
        "assumed": [ASSUMED],
    }


def _step(number: int, step: StepResult, result: RolloutResult) -> j.Json:
    return {
        "number": number,
        "edits": _edits(step.edits),
        "commands": list(step.commands),
        "proved": step.proved,
        "of": len(result.kept),
        "reached": [_assertion(assertion) for assertion in step.reached],
        "warnings": [_broken(broken) for broken in step.warned],
    }


def _refutation(result: RolloutResult) -> j.Json | None:
    if result.outcome is Outcome.FOUND:
        return None
    packet = result.packet
    return {
        "because": result.because,
        "packet": None if packet is None else j.flow(packet.flow, packet.any),
        "states": [_bad(bad) for bad in result.bad],
    }


def _bad(bad: BadStates) -> j.Json:
    out: j.Json = {"done": _edits(bad.done), "open": _edits(bad.open), "over": bad.over or None}
    if bad.broken is not None:
        out |= _broken(bad.broken)
    elif bad.refused:
        out["because"] = "; ".join(problem.message for problem in bad.refused)
    else:
        out["because"] = "what is done needs what is not yet there, or still there"
    return out


def _broken(broken: Broken) -> j.Json:
    answer: AssertionResult = broken.answer
    out: j.Json = {**_assertion(answer.assertion), "status": str(answer.status)}
    if answer.because:
        out["because"] = answer.because
    if answer.counterexample is not None:
        out["counterexample"] = counterexample_json(answer.counterexample, broken.world)
    return out


def _assertion(assertion: Assertion) -> j.Json:
    return {"title": assertion.title, "source": str(assertion.span)}


def _edits(edits: Sequence[Edit]) -> list[j.Json]:
    return [
        {
            "action": str(edit.action),
            "kind": edit.document.kind,
            "group": edit.document.group,
            "namespace": edit.namespace,
            "name": edit.document.name,
            "source": str(edit.span),
        }
        for edit in edits
    ]
