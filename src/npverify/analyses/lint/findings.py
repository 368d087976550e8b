"""What lint gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from npverify.analyses.results import Counterexample
from npverify.dialects.lint import About, Reason, Severity
from npverify.ingest.source import Span
from npverify.normal.policy import PolicyId


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is probably wrong.

    `rule`     the rule that says so
    `policy`   the object that it is about, at `span`; `others` have a part in it
    `because`  why, each part with the object that it is about
    `fix`      what to do
    `shown`    a flow that shows it, confirmed by the oracle
    """

    rule: About
    policy: PolicyId
    span: Span | None
    message: str
    fix: str
    because: tuple[Reason, ...] = ()
    others: tuple[PolicyId, ...] = ()
    shown: Counterexample | None = None

    @property
    def order(self) -> tuple[Span, str, PolicyId, str]:
        """Where it stands among others: by file and line, then by code."""
        return (self.span or Span(""), self.rule.code, self.policy, self.message)


How = Literal["annotation", "comment", "config", "baseline"]
"""Where it is written that a finding is accepted."""


class Silenced(NamedTuple):
    """A finding that is accepted, with the reason; `by` is the object whose annotation says so, `span` where that stands."""

    finding: Finding
    by: PolicyId | None
    reason: str
    how: How = "annotation"
    span: Span | None = None


class Idle(NamedTuple):
    """What silences nothing, as messages call it, and whether that is because it has run out."""

    title: str
    code: str
    span: Span
    expired: bool = False


class Undecided(NamedTuple):
    """A question of a rule that the budget did not suffice for."""

    rule: About
    because: str


@dataclass(frozen=True, slots=True)
class LintResult:
    """Everything that the rules found, in the order of files and lines.

    `rules`      those that were asked
    `not_asked`  those that were left out because the input has no pods
    `unused`     what silences nothing
    """

    findings: tuple[Finding, ...]
    silenced: tuple[Silenced, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    rules: tuple[About, ...] = ()
    not_asked: tuple[About, ...] = ()
    unused: tuple[Idle, ...] = ()
    interrupted: bool = False

    def count(self, severity: Severity) -> int:
        """How many findings have that severity."""
        return sum(finding.rule.severity == severity for finding in self.findings)


def in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings by file and line, each once."""
    return tuple(sorted({finding.order: finding for finding in findings}.values(), key=lambda finding: finding.order))
