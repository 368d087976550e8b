"""Findings that an annotation of an object silences: `npverify.io/ignore: "CODE reason"`, one rule a line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from npverify.analyses.lint.findings import Finding, Silenced
from npverify.analyses.lint.registry import check_code
from npverify.dialects.lint import IGNORE
from npverify.ingest.source import Problems, Span
from npverify.normal.policy import PolicyId


class Ignore(NamedTuple):
    """One line of an annotation."""

    policy: PolicyId
    code: str
    reason: str
    span: Span


def read_ignores(ignores: Mapping[PolicyId, tuple[str, Span]], problems: Problems) -> tuple[Ignore, ...]:
    """Every line of the annotations; one without a reason, or about no rule, is reported."""
    found = []
    for policy, (text, span) in ignores.items():
        for line in filter(None, map(str.strip, text.splitlines())):
            word, _, reason = line.partition(" ")
            code = check_code(word.rstrip(":"), f"`{IGNORE}` of {policy}", problems, span)
            if not reason.strip():
                message = f"`{IGNORE}` of {policy} gives no reason for `{word}`"
                problems.error("NPV331", message, span, f'write the reason behind the code: "{word} why it is meant"')
            elif code is not None:
                found.append(Ignore(policy, code, reason.strip(), span))
    return tuple(found)


def parted(
    findings: Iterable[Finding], ignores: tuple[Ignore, ...]
) -> tuple[list[Finding], list[Silenced], list[Ignore]]:
    """The findings that stand, those that are silenced by an object that has a part in them, and what silences none."""
    by_object = {(ignore.policy, ignore.code): ignore for ignore in reversed(ignores)}
    kept: list[Finding] = []
    silenced: list[Silenced] = []
    for finding in findings:
        about = (finding.policy, *finding.others)
        ignore = next((i for p in about if (i := by_object.get((p, finding.rule.code)))), None)
        if ignore is None:
            kept.append(finding)
        else:
            silenced.append(Silenced(finding, ignore.policy, ignore.reason))
    used = {(silence.by, silence.finding.rule.code) for silence in silenced}
    return kept, silenced, [ignore for ignore in ignores if (ignore.policy, ignore.code) not in used]
