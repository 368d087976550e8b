"""NetworkPolicies that share what was read of equal parts are lowered as each would be alone; what is usual is told from what is not."""

from __future__ import annotations

import pytest

from dialects.edge_cases import joined, policy
from helpers import documents
from npverify.dialects.kubernetes import lowered, policy_set
from npverify.dialects.kubernetes_read import NetworkPolicy, Parts, Peer, read
from npverify.dialects.profiles import profile
from npverify.ingest.source import Problems
from npverify.normal.policy import Direction, Policy
from npverify.normal.predicates import protocol_is

RULE = "[{podSelector: {matchLabels: {app: mast}}}, {namespaceSelector: {}}], ports: [{port: web}, {port: 80}]"
SPEC = (
    f"podSelector: {{matchLabels: {{app: mast}}}}, ingress: [{{from: {RULE}}}], egress: [{{to: {RULE}}}],"
    " policyTypes: [Ingress, Egress]"
)


def alike() -> list[NetworkPolicy]:
    """Policies of the same text in two namespaces, read together."""
    problems, parts = Problems(), Parts()
    text = joined(*(policy(SPEC, namespace=namespace) for namespace in ("harbor", "sea")))
    found = [read(doc, problems, strict_cidr=True, parts=parts) for doc in documents(text)]
    assert not problems.count
    assert found[0].subject is found[1].subject
    return found


def taking_more() -> list[NetworkPolicy]:
    """The same, where the plugin takes more in than the peers say."""
    more: dict[Peer, Peer] = {}

    def also(peer: Peer) -> Peer:
        return more.setdefault(peer, peer._replace(also=protocol_is("SCTP")))

    return [
        each._replace(
            rules={
                d: tuple(rule._replace(peers=tuple(map(also, rule.peers))) for rule in rules)
                for d, rules in each.rules.items()
            }
        )
        for each in alike()
    ]


def meaning(policy: Policy) -> tuple[object, ...]:
    """What a policy says."""
    return policy.subject, tuple((rule.peer, rule.traffic) for rule in policy.rules)


@pytest.mark.parametrize("policies", [alike(), taking_more()], ids=["as the API has it", "with more than peers say"])
@pytest.mark.parametrize("direction", list(Direction))
def test_what_policies_share_is_lowered_as_if_each_stood_alone(
    policies: list[NetworkPolicy], direction: Direction
) -> None:
    """Selectors, peers and ports of equal text mean something else in another namespace, and in the other direction."""
    plugin = profile("kubernetes", {})
    (tier,) = policy_set(policies, plugin).half(direction).tiers
    alone = [meaning(*lowered([each], direction, plugin)) for each in policies]
    assert [meaning(each) for each in tier.policies] == alone
    assert alone[0] != alone[1]


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        pytest.param("{name: a, lables: {}}", "NPV021", id="an unknown field"),
        pytest.param("{name: a, labels: {x: 1}}", "NPV020", id="a number for a label"),
        pytest.param("{name: a, annotations: [x]}", "NPV020", id="a list for annotations"),
        pytest.param("{name: a, namespace: Shop}", "NPV051", id="no namespace"),
        pytest.param("{name: A}", "NPV050", id="no name"),
        pytest.param("{generateName: a}", "NPV050", id="a name that the server makes"),
        pytest.param("{}", "NPV050", id="nothing"),
    ],
)
def test_metadata_is_looked_at_all_the_same(metadata: str, code: str) -> None:
    """Everything outside of the rules is told of, once."""
    problems = Problems()
    text = f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {metadata}\nspec: {{podSelector: {{}}}}\n"
    (doc,) = documents(text)
    read(doc, problems, strict_cidr=True)
    assert [error.code for error in problems.errors] == [code]
