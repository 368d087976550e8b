"""Every rule of lint, by its code: those about the normal form and those that a dialect has of its own.

A rule without a sentence, a reason or one of its two examples is refused here, at import.
"""

from __future__ import annotations

from collections.abc import Mapping

from npverify.analyses.lint import suspicions
from npverify.analyses.lint.rule import Rule
from npverify.analyses.lint.rules import (
    changes_nothing,
    default_deny_undone,
    equal_order,
    equal_tier_order,
    idle_direction,
    metadata_reachable,
    no_default_deny,
    pass_allows,
    rule_effects,
    tier_denies_the_rest,
    ways_in,
    without_dns,
)
from npverify.dialects import lint_rules
from npverify.ingest.fields import nearest
from npverify.ingest.source import Problems, Span

_MODULES = (
    equal_order,
    equal_tier_order,
    tier_denies_the_rest,
    pass_allows,
    default_deny_undone,
    metadata_reachable,
    idle_direction,
)

_ALL = (
    *(module.RULE for module in _MODULES),
    *changes_nothing.RULES,
    *rule_effects.RULES,
    *no_default_deny.RULES,
    *without_dns.RULES,
    *ways_in.RULES,
    *(Rule(about, suspicions.find) for about in lint_rules()),
)

RULES: Mapping[str, Rule] = {rule.about.code: rule for rule in sorted(_ALL, key=lambda rule: rule.about.code)}
"""Code to rule, by code."""

if len(RULES) != len(_ALL) or len({rule.about.name for rule in _ALL}) != len(_ALL):
    raise ValueError("two rules of lint have one code or one name")


def code_of(text: str) -> str | None:
    """The code of a rule that is named by its code or by its name; None if there is none."""
    if text.upper() in RULES:
        return text.upper()
    return next((code for code, rule in RULES.items() if rule.about.name == text), None)


def check_code(text: str, where: str, problems: Problems, span: Span | None = None, excerpt: str = "") -> str | None:
    """The code of a rule; if there is none it is reported. `where` is how messages call the place where it stands."""
    code = code_of(text)
    if code is None:
        names = (*RULES, *(rule.about.name for rule in RULES.values()))
        fix = nearest(text, names) or "docs/lint.md lists the rules"
        problems.error("NPV330", f"{where}: there is no rule `{text}` of lint", span, fix, excerpt)
    return code
