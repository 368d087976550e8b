"""What cluster-wide policies are read as: the rows of cluster_rows.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dialects.cluster_rows import ANP, BANP, CNP, PEERS, PORTS, RULES, SUBJECTS, WARNED, Fact, rules
from helpers import documents
from npverify.dialects.cluster_read import read
from npverify.dialects.cluster_values import ClusterPolicy, ClusterRule
from npverify.ingest.source import Problems


def every_rule(policy: ClusterPolicy) -> list[ClusterRule]:
    """The rules of both directions."""
    return [rule for found in policy.rules.values() for rule in found]


VIEWS: dict[str, Callable[[ClusterPolicy], object]] = {
    "id": lambda policy: policy.id,
    "tier": lambda policy: policy.tier,
    "priority": lambda policy: policy.priority,
    "subject": lambda policy: (policy.namespaces, policy.pods),
    "directions": lambda policy: set(policy.rules),
    "actions": lambda policy: [rule.action for rule in every_rule(policy)],
    "names": lambda policy: [(rule.label, rule.name) for rule in every_rule(policy)],
    "peers": lambda policy: every_rule(policy)[0].peers,
    "ports": lambda policy: every_rule(policy)[0].ports,
}


def only(text: str, problems: Problems) -> ClusterPolicy:
    """The policy in a text that has one document."""
    (doc,) = documents(text)
    return read(doc, problems)


@pytest.mark.parametrize("row", [pytest.param(r, id=r.fact) for r in (*SUBJECTS, *RULES, *PEERS, *PORTS)])
def test_a_policy_is_read_as_the_api_means_it(row: Fact) -> None:
    """Each row gives its value, and there is nothing to say about it."""
    problems = Problems()
    assert VIEWS[row.view](only(row.text, problems)) == row.want
    assert (problems.errors, problems.warnings) == ((), ())


@pytest.mark.parametrize("row", [pytest.param(r, id=r.fact) for r in WARNED])
def test_what_the_server_takes_and_may_not_be_meant_is_a_warning(row: Fact) -> None:
    """Each row gives its value and one warning with a mend."""
    problems = Problems()
    found = VIEWS[row.view](only(row.text, problems))
    assert problems.errors == ()
    (warning,) = problems.warnings
    assert (warning.code, found) == row.want
    assert warning.span is not None
    assert warning.fix or "is usually written" in warning.message


@pytest.mark.parametrize("kind", [ANP, BANP, CNP])
def test_rules_and_policy_know_where_they_stand(kind: str) -> None:
    """The positions are those of the name and of each rule."""
    text = rules(kind, "\n ingress: [\n  {action: Deny, from: [{namespaces: {}}]}]")
    policy = only(text, Problems())
    assert (policy.span.line, policy.span.column) == (3, 18)
    (rule,) = every_rule(policy)
    assert (rule.span.line, rule.span.column) == (6, 3)
