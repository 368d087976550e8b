"""A report as GitLab's code quality format: a list of findings with a fingerprint, a severity and a place.

The keys are those that GitLab reads (GitLab documentation, Code Quality report format).
"""

from __future__ import annotations

from npverify.report.items import Report, State, fingerprints
from npverify.report.json_values import Json
from npverify.report.places import Root

_SEVERITY = {"error": "major", "warning": "minor", "note": "info"}


def gitlab(report: Report, root: Root) -> list[Json]:
    """The findings that somebody has to look at. One without a place is at the root of the repository."""
    return [
        {
            "description": item.message,
            "check_name": item.rule,
            "fingerprint": mark,
            "severity": _SEVERITY[item.level],
            "location": {
                "path": (root.path(item.span.file) if item.span is not None else None) or ".",
                "lines": {"begin": (item.span.line if item.span is not None else 0) or 1},
            },
        }
        for item, mark in zip(report.items, fingerprints(report.items), strict=True)
        if item.state in (State.FAILED, State.OPEN) and not item.silenced
    ]
