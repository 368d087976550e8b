"""The rules find what the tables of facts say, and nothing else."""

from __future__ import annotations

import pytest

from lint.lint_rows import ROWS, WEB_IN, Row, gnp, np
from lint.lint_worlds import run, the_one
from lint.manifest_rows import MANIFEST_ROWS
from npverify.analyses.lint.registry import RULES

ALL_ROWS = [*ROWS, *MANIFEST_ROWS]


@pytest.mark.parametrize("row", ALL_ROWS, ids=lambda row: row.fact)
def test_the_rules_find_what_the_row_says(row: Row):
    """All findings have the codes of the row, and say what it says."""
    result = run(row.manifests, *row.select, options=row.options, version=row.version)
    found = sorted(finding.rule.code for finding in result.findings)
    assert found == sorted(row.want), [f.message for f in result.findings]
    assert result.undecided == ()
    if row.says:
        first = next(f for f in result.findings if f.rule.code == row.want[0])
        assert row.says in f"{first.message} {first.fix} {first.because}"
    if row.reasons:
        because = next(f for f in result.findings if f.rule.code == row.want[0]).because
        assert tuple(r.text.partition(" is a rule with")[0] for r in because if r.policy) == row.reasons


def test_every_rule_has_rows_where_it_fires_and_rows_where_it_does_not():
    """No rule is left to its own examples alone."""
    fired = {code for row in ALL_ROWS for code in row.want}
    assert sorted(set(RULES) - fired) == ["NPL117"]  # what it finds is what the lowering warns of, tested there
    assert any(not row.want for row in ALL_ROWS)


@pytest.mark.parametrize(
    ("version", "first", "now", "other"),
    [
        (
            "3.32",
            "allow-dns",
            "denied",
            "Calico 3.31 asks NetworkPolicy shop/allow first, and the flow is allowed there",
        ),
        (
            "3.31",
            "allow",
            "allowed",
            "Calico 3.32 asks NetworkPolicy shop/allow-dns first, and the flow is denied there",
        ),
    ],
)
def test_a_tie_tells_who_wins_under_each_version(version, first, now, other):
    """The reasons name the policy that is asked first, the verdict, and what the other side of the change makes of it."""
    manifests = np(f"order: 10, {WEB_IN % 'Allow'}", "allow") + np(f"order: 10, {WEB_IN % 'Deny'}", "allow-dns")
    finding = the_one(manifests, "NPL101", version=version)
    texts = [reason.text for reason in finding.because]
    assert texts[0].startswith(f"Calico {version} asks NetworkPolicy shop/{first} first, so the flow below is {now};")
    assert texts[1].startswith(other)
    assert "changes the verdict" in texts[1]
    assert finding.shown is not None
    assert finding.shown.verdict.allowed is (now == "allowed")


def test_a_tie_that_no_version_breaks_otherwise_says_so():
    """Where the names compare alike under both orders, the other version is told to agree."""
    manifests = gnp(f"order: 10, {WEB_IN % 'Allow'}", "a") + gnp(f"order: 10, {WEB_IN % 'Deny'}", "b")
    finding = the_one(manifests, "NPL101")
    assert [reason.text for reason in finding.because][1:] == ["Calico 3.31 asks them in the same order"]
    assert finding.fix.startswith("give GlobalNetworkPolicy b an order below 10 if the flow is meant to be denied")
