"""A report as SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format), which code scanning services read.

The way of a counterexample is a code flow, a silenced finding a suppressed result, and a fingerprint has no line numbers. Paths
are relative to the root of the repository, under the base `%SRCROOT%` (3.14.14 there).
"""

from __future__ import annotations

from collections.abc import Sequence

from npverify.ingest.source import Span
from npverify.report.items import Item, Report, RuleText, State, Step, fingerprints
from npverify.report.json_values import Json
from npverify.report.paint import printable
from npverify.report.places import Root

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_BASE = "SRCROOT"
_KINDS = {State.PASSED: "pass", State.FAILED: "fail", State.OPEN: "open"}


def sarif(report: Report, root: Root, version: str) -> Json:
    """The log file as a JSON value: one run with one result for each item that did not pass, and those that passed behind.

    A result of kind `pass` or `open` has the level `none` (3.27.10 there).
    """
    used = {item.rule for item in report.items}
    rules = [rule for rule in report.rules if rule.id in used]
    index = {rule.id: number for number, rule in enumerate(rules)}
    marked = list(zip(report.items, fingerprints(report.items), strict=True))
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "npverify",
                        "semanticVersion": version,
                        "rules": [_rule(rule) for rule in rules],
                    }
                },
                "automationDetails": {"id": f"npverify/{report.command}/"},
                "invocations": [{"executionSuccessful": not report.interrupted}],
                "originalUriBaseIds": {
                    _BASE: {"description": {"text": "the root of the repository, or the working folder outside of one"}}
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(item, mark, index[item.rule], root) for item, mark in marked],
            }
        ],
    }


def _rule(rule: RuleText) -> Json:
    out: Json = {"id": rule.id, "name": _pascal(rule.name), "shortDescription": {"text": rule.sentence}}
    if rule.help:
        out["fullDescription"] = {"text": rule.help}
        out["help"] = {"text": rule.help}
    return out


def _pascal(name: str) -> str:
    """`shadowed-policy` as the name of a rule is written there: `ShadowedPolicy`."""
    return "".join(word[:1].upper() + word[1:] for word in name.replace(" ", "-").split("-"))


def _result(item: Item, mark: str, index: int, root: Root) -> Json:
    kind = _KINDS[item.state]
    out: Json = {
        "ruleId": item.rule,
        "ruleIndex": index,
        "kind": kind,
        "level": item.level if kind == "fail" else "none",
        "message": {"text": _message(item)},
        "partialFingerprints": {"npverify/v1": mark},
    }
    if item.span is not None and (place := _physical(item.span, root)):
        out["locations"] = [{"physicalLocation": place}]
    if item.steps:
        out["codeFlows"] = [{"threadFlows": [{"locations": [_step(step, root) for step in item.steps]}]}]
    if related := _related(item.steps, root):
        out["relatedLocations"] = related
    if item.silenced:
        out["suppressions"] = [
            {"kind": "external" if item.outside else "inSource", "justification": printable(item.silenced)}
        ]
    return out


def _message(item: Item) -> str:
    detail = "" if item.state is State.PASSED else item.detail
    return f"{printable(item.message)}\n\n{detail}" if detail else printable(item.message)


def _step(step: Step, root: Root) -> Json:
    location: Json = {"message": {"text": printable(step.text)}}
    if step.span is not None and (place := _physical(step.span, root)):
        location["physicalLocation"] = place
    return {"location": location}


def _related(steps: Sequence[Step], root: Root) -> list[Json]:
    placed = [(step, _physical(step.span, root)) for step in steps if step.span is not None]
    return [
        {"id": number, "message": {"text": printable(step.text)}, "physicalLocation": place}
        for number, (step, place) in enumerate(((s, p) for s, p in placed if p), 1)
    ]


def _physical(span: Span, root: Root) -> Json | None:
    """Where it is; None for standard input and what lies outside of the repository, which no reader could open."""
    uri = root.uri(span.file)
    if uri is None:
        return None
    out: Json = {"artifactLocation": {"uri": uri, "uriBaseId": _BASE}}
    if span.line:
        out["region"] = {"startLine": span.line, **({"startColumn": span.column} if span.column else {})}
    return out
