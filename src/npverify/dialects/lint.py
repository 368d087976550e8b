"""What lint has of a dialect beside the normal form, as neutral values: so it need not know the dialect.

A dialect has rules of its own (`DialectRule`); what they find are suspicions, some of which stand or fall with a question
to the solver. It also tells how other versions of the plugin break ties, and what the user wrote to silence a rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from npverify.ingest.source import Span
from npverify.normal.policy import PolicyId
from npverify.normal.predicates import FALSE, TRUE, Pred, Side

Severity = Literal["error", "warning", "info"]
"""error: a policy does not do what it says; warning: it probably does not do what was meant; info: good to know."""

IGNORE = "npverify.io/ignore"
"""The annotation by which an object silences rules: `CODE reason`, one a line."""


@dataclass(frozen=True, slots=True)
class About:
    """What a rule of lint tells of itself; ValueError if any of it is missing.

    `code`, `name`  stable: NPL101, and words with `-` between them
    `sentence`      what a finding says, in one sentence
    `why`           what comes of it, and how it is decided
    `fires`         manifests on which it has a finding, beside the inventory that all examples share
    `silent`        manifests that are nearly the same, on which it has none
    `needs_pods`    it cannot tell anything of input without pods
    `replaces`      codes of warnings that its findings make superfluous
    `options`       options of the command line that both examples need
    """

    code: str
    name: str
    severity: Severity
    sentence: str
    why: str
    fires: str
    silent: str
    needs_pods: bool = False
    replaces: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        texts = ("code", "name", "severity", "sentence", "why", "fires", "silent")
        missing = [text for text in texts if not getattr(self, text).strip()]
        if missing:
            raise ValueError(f"lint rule {self.code or self.name!r} lacks {', '.join(missing)}")


class Reason(NamedTuple):
    """Part of why a finding is one; `policy` and `span` where it is about an object."""

    text: str
    policy: PolicyId | None = None
    span: Span | None = None


class Suspicion(NamedTuple):
    """What a dialect's rule found. It stands if some flow satisfies `only_if`, and none satisfies `unless`.

    `side`  the end that the two predicates look at
    """

    policy: PolicyId
    span: Span
    message: str
    fix: str
    because: tuple[Reason, ...] = ()
    only_if: Pred = TRUE
    unless: Pred = FALSE
    side: Side = Side.DST


class TieBreak(NamedTuple):
    """How a version of the plugin orders policies of one order: the lower rank is asked first.

    Policies that the version does not enforce have no rank.
    """

    version: str
    rank: Mapping[PolicyId, int]


@dataclass(frozen=True, slots=True)
class LintFacts:
    """Everything that lint is told.

    `suspicions`  by the code of their rule
    `version`     of the plugin, in words; "" where it has none that matter
    `others`      the tie-breaks of versions that differ in them
    `tiers`       the tiers that the user defined, and where
    `ignores`     the texts of the annotation `IGNORE`, and where
    `no_order`    of policies of one order either may be asked first
    """

    suspicions: Mapping[str, tuple[Suspicion, ...]] = field(default_factory=dict)
    version: str = ""
    others: tuple[TieBreak, ...] = ()
    tiers: Mapping[str, tuple[PolicyId, Span]] = field(default_factory=dict)
    ignores: Mapping[PolicyId, tuple[str, Span]] = field(default_factory=dict)
    no_order: bool = False
