"""Claims about what a pod sends to its own node, where Cilium's host firewall judges nodes."""

from __future__ import annotations

import pytest

from dialects.cilium.edge_case import ccnp, joined_world
from helpers import answer


@pytest.mark.parametrize(
    ("closed", "claim", "without", "with_it"),
    [
        ("west", "no pod x/x reaches hostnetwork pods", "refuted", "refuted"),
        ("west", "every pod x/x reaches pod a/hn", "proved", "proved"),
        ("west", "some pod x/x reaches pod a/hn", "proved", "proved"),
        ("east", "no pod x/x reaches pod a/hn", "refuted", "proved"),
        ("east", "every pod x/x reaches pod a/hn", "proved", "refuted"),
        ("east", "every pod a/hn reaches pod x/x", "vacuous", "vacuous"),
        ("east", "every node elm reaches pod a/hn", "proved", "proved"),
    ],
)
def test_what_a_pod_sends_to_its_own_node_is_judged(closed: str, claim: str, without: str, with_it: str) -> None:
    """x/x and a/hn are on elm, in the east: policies on nodes see what the one sends to the other where the firewall runs
    (Documentation/security/host.rst). What a node sends to its own pods, or to itself, passes anyway; the former is left out."""
    policies = ccnp(f"nodeSelector: {{matchLabels: {{zone: {closed}}}}}, ingress: [{{}}]")
    for firewall, status in (("off", without), ("on", with_it)):
        assume = {"host_firewall": firewall, "cilium_sctp": "on"}
        assert answer(joined_world(policies), claim, cni="cilium", assume=assume).status.value == status, firewall
