"""The shape of what NetworkPolicies become: tiers, names, positions, exemptions, switches."""

from __future__ import annotations

from dataclasses import fields
from itertools import permutations

import pytest

from dialects.edge_cases import joined, policies, policy
from helpers import documents
from npverify.dialects import Lowered, lower, profile
from npverify.ingest.source import Problems, Span
from npverify.inventory.build import build
from npverify.normal.policy import Action, Direction, PolicyId
from npverify.normal.predicates import TRUE, UnknownIn, atoms, protocol_is, unknown_in


def lowered(text: str, cni: str = "kubernetes", **assume: str) -> Lowered:
    """The normal form of legal policies."""
    problems = Problems()
    found = lower(documents(text), profile(cni, assume), problems, build(documents(text), Problems()))
    assert not problems.errors
    return found


def mentioned(found: Lowered) -> set[str]:
    """The switches that stand in the policies and exemptions."""
    halves = (found.policies.egress, found.policies.ingress)
    preds = [e.match for half in halves for e in half.exemptions]
    for p in (p for half in halves for tier in half.tiers for p in tier.policies):
        preds += [p.subject, *(rule.match for rule in p.rules)]
    preds.append(found.policies.vip_visible)
    rewriting = found.policies.rewriting
    preds += [getattr(rewriting, each.name) for each in fields(rewriting)]
    return {a.unknown.name for pred in preds for a in atoms(pred) if isinstance(a, UnknownIn)}


RICH = policy(
    "podSelector: {}, policyTypes: [Ingress, Egress], "
    "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: http}, {port: 1, endPort: 9}]}], egress: [{}]"
)


def test_a_policy_becomes_one_policy_in_each_of_its_directions() -> None:
    """There is one tier for each direction that some policy is about; who matches no rule is denied."""
    found = lowered(policy("policyTypes: [Egress], egress: [{}, {ports: [{}]}]")).policies
    assert not found.ingress.tiers
    (tier,) = found.egress.tiers
    (only,) = tier.policies
    assert (tier.name, tier.no_match) == ("NetworkPolicy", Action.DENY)
    assert only.id == PolicyId("kubernetes", "NetworkPolicy", "harbor", "rules")
    assert [(rule.action, rule.label) for rule in only.rules] == [
        (Action.ALLOW, "egress[0]"),
        (Action.ALLOW, "egress[1]"),
    ]
    assert only.rules[0].peer is TRUE


def test_positions_are_those_of_names_and_rules() -> None:
    """A policy stands where its name stands, a rule where its list item starts."""
    text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: rules\nspec:\n  ingress:\n  - from: []\n  -\n    ports: []\n"
    found = lowered(text)
    (only,) = found.policies.ingress.tiers[0].policies
    assert only.span == found.ids[only.id] == Span("<stdin>", 4, 9)
    assert [rule.span for rule in only.rules] == [Span("<stdin>", 7, 5), Span("<stdin>", 9, 5)]


def test_a_missing_namespace_is_default() -> None:
    """A policy without namespace is one of the namespace `default`."""
    found = lowered("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n")
    assert [str(policy_id) for policy_id in found.ids] == ["NetworkPolicy default/a"]


def test_the_order_of_documents_changes_nothing() -> None:
    """Policies are asked in the order of their names, whatever the order of the files."""
    texts = [policy("", name=name) for name in ("b", "a", "c")]
    orders = {
        tuple(p.id.name for p in lowered(joined(*chosen)).policies.ingress.tiers[0].policies)
        for chosen in permutations(texts)
    }
    assert orders == {("a", "b", "c")}


def test_a_plugin_that_enforces_nothing_has_no_tiers() -> None:
    """Under `flannel` policies are read and known, and judge nothing."""
    found = lowered(policies("", "policyTypes: [Egress]"), cni="flannel")
    assert len(found.ids) == 2
    assert not found.policies.egress.tiers + found.policies.ingress.tiers
    assert found.policies.profile == "flannel"


@pytest.mark.parametrize(
    ("cni", "direction", "names"),
    [
        ("kubernetes", Direction.INGRESS, ["self_pod_ip", "self_via_service", "icmp", "node_to_own_pod"]),
        ("kubernetes", Direction.EGRESS, ["self_pod_ip", "self_via_service", "icmp", "pod_to_own_node"]),
        ("calico", Direction.INGRESS, ["self_pod_ip", "node_to_own_pod"]),
        ("calico", Direction.EGRESS, ["self_pod_ip", "neighbours"]),
        ("cilium", Direction.EGRESS, ["self_pod_ip", "self_via_service", "icmp_frag_needed"]),
    ],
)
def test_what_no_policy_judges(cni: str, direction: Direction, names: list[str]) -> None:
    """Exemptions are those that the profile leaves possible, each with a reason in words."""
    exemptions = lowered(policy(""), cni=cni).policies.half(direction).exemptions
    assert [e.name for e in exemptions] == names
    assert all(e.reason and e.reason[0].islower() for e in exemptions)
    assert [e.name for e in exemptions if e.left_out] == [n for n in names if n.endswith(("_ip", "_pod", "_node"))]


def test_free_switches_are_those_of_the_predicates() -> None:
    """What the predicates mention is free, and every free switch but the one of other policy kinds is mentioned."""
    found = lowered(RICH)
    assert mentioned(found) | {"np_shadows_baseline"} == {s.name for s in found.policies.switches}
    assert found.policies.fixed == ()


def test_a_fixed_switch_is_in_no_predicate() -> None:
    """What the profile or the user fixed is folded away and listed with its value."""
    found = lowered(RICH, cni="calico")
    ways_in = {
        "node_port_snat",
        "load_balancer_source",
        "load_balancer_ranges",
        "host_port_snat",
    }  # a matter of the proxy more than of the plugin
    assert mentioned(found) == ways_in
    assert dict(found.policies.fixed)["icmp"] == "portless_rules_only"
    assert {s.name for s in found.policies.switches} == ways_in
    said = {"node_port_snat": "never", "load_balancer_source": "client", "host_port_snat": "never"}
    settled = lowered(RICH, cni="calico", load_balancer_ranges="ignored", **said)
    assert mentioned(settled) == set()


def test_the_address_of_a_service_is_seen_in_one_reading() -> None:
    """Egress policies see virtual addresses where translation comes after them."""
    found = lowered(policy("")).policies
    switch = next(s for s in found.switches if s.name == "service_translation")
    assert found.vip_visible is unknown_in(switch, "after_policy")
    assert lowered(policy(""), service_translation="after_policy").policies.vip_visible is TRUE


@pytest.mark.parametrize(
    ("value", "traffic"),
    [
        ("portless_rules_only", TRUE),
        ("always_allow", protocol_is("TCP", "UDP", "SCTP")),
        ("always_deny", protocol_is("TCP", "UDP", "SCTP")),
    ],
)
def test_a_rule_without_ports_covers_icmp_in_one_reading(value: str, traffic: object) -> None:
    """Under `always_allow` ICMP is exempt, under `always_deny` no rule covers it."""
    (only,) = lowered(policy("ingress: [{}]"), icmp=value).policies.ingress.tiers[0].policies
    assert only.rules[0].traffic is traffic


def test_equal_policies_have_equal_predicates() -> None:
    """The order of labels and values in the text does not make another predicate of equal selectors."""
    one, two = (
        lowered(
            policies(
                "podSelector: {matchExpressions: [{key: a, operator: In, values: [east, west]}]}",
                "podSelector: {matchExpressions: [{key: a, operator: In, values: [west, east, west]}]}",
            )
        )
        .policies.ingress.tiers[0]
        .policies
    )
    assert one.subject is two.subject
