"""What lint found, as JSON (`npverify/1`)."""

from __future__ import annotations

from npverify.analyses.lint.findings import Finding, LintResult
from npverify.analyses.world import World
from npverify.dialects.lint import Reason
from npverify.report import json_values as j
from npverify.report.prove_json import counterexample_json


def lint_json(result: LintResult, world: World) -> j.Json:
    """The whole report."""
    return {
        "schema": j.SCHEMA,
        "findings": [_finding(finding, world) for finding in result.findings],
        "silenced": [
            {
                **_finding(s.finding, world),
                "silenced_by": j.policy(s.by) if s.by is not None else None,
                "silenced_how": s.how,
                "silenced_at": str(s.span) if s.span is not None else None,
                "reason": s.reason,
            }
            for s in result.silenced
        ],
        "undecided": [{"rule": u.rule.code, "because": u.because} for u in result.undecided],
        "rules": [about.code for about in result.rules],
        "not_asked": [about.code for about in result.not_asked],
        "summary": {
            "error": result.count("error"),
            "warning": result.count("warning"),
            "info": result.count("info"),
            "policies": len(world.defined),
            "workloads": len({e.workload or e for e in world.inventory.pods}),
            "profile": world.policies.profile,
            "settings": dict(world.policies.settings),
            "interrupted": result.interrupted,
        },
    }


def _finding(finding: Finding, world: World) -> j.Json:
    out: j.Json = {
        "rule": finding.rule.code,
        "name": finding.rule.name,
        "severity": finding.rule.severity,
        "policy": j.policy(finding.policy),
        "source": str(finding.span) if finding.span else None,
        "message": finding.message,
        "because": [_reason(reason) for reason in finding.because],
        "fix": finding.fix,
    }
    if finding.shown is not None:
        out["counterexample"] = counterexample_json(finding.shown, world)
    return out


def _reason(reason: Reason) -> j.Json:
    out: j.Json = {"text": reason.text}
    if reason.policy is not None:
        out["policy"] = j.policy(reason.policy)
    if reason.span is not None:
        out["source"] = str(reason.span)
    return out
