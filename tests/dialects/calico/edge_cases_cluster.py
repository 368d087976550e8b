"""Edge cases E12–E16 and E26: cluster-wide policies of Kubernetes in their tiers, among those of Calico."""

from __future__ import annotations

from dialects.calico.edge_case import (
    APPLE,
    OTHER_APPLE,
    OUTSIDE,
    OX,
    PEAR,
    PLAIN,
    Case,
    allowed,
    cnp,
    denied,
    gnp,
    ingress,
    knp,
    tier,
)
from dialects.edge_cases import joined

_PEAR = "podSelector: {matchLabels: {app: pear}}"
_ALL = "action: Allow"
_SUBJECT = "subject: {pods: {namespaceSelector: {matchLabels: {env: prod}}, podSelector: {matchLabels: {app: pear}}}}"


def _cluster(tier_name: str, priority: int, rules: str) -> str:
    """The spec of a ClusterNetworkPolicy about orchard/pear."""
    return f"tier: {tier_name}, priority: {priority}, {_SUBJECT}, {rules}"


_ANYONE = "[{namespaces: {}}]"
_DROPPED = "egress: [{action: Allow, to: [{nodes: {}}]}]"  # nodes are no peers for Calico
_KEPT = f"ingress: [{{action: Allow, from: {_ANYONE}}}]"

CLUSTER = (
    Case(
        12,
        "Calico policies of the tier kube-admin mix with cluster policies by order and priority",
        "FV cluster_network_policy_test.go phase 6",
        joined(
            gnp(ingress("action: Deny", tier="kube-admin", order="0.5"), "first"),
            cnp(_cluster("Admin", 100, f"ingress: [{{action: Accept, from: {_ANYONE}}}]")),
        ),
        (denied(APPLE, PEAR),),
    ),
    Case(
        12,
        "a Calico policy of a greater order than the priority comes behind the cluster policy",
        "FV cluster_network_policy_test.go phase 6; FV phase 5",
        joined(
            gnp(ingress("action: Deny", tier="kube-admin", order="100.5"), "second"),
            cnp(_cluster("Admin", 100, f"ingress: [{{action: Accept, from: {_ANYONE}}}]")),
        ),
        (allowed(APPLE, PEAR), denied(OUTSIDE, PEAR)),
    ),
    Case(
        12,
        "of one order and name, the Calico policy comes before the cluster policy",
        "policy_sorter.go PolKVLess",
        joined(
            gnp(ingress("action: Deny", tier="kube-admin", order="100"), "p"),
            cnp(_cluster("Admin", 100, f"ingress: [{{action: Accept, from: {_ANYONE}}}]"), "p"),
        ),
        (denied(APPLE, PEAR),),
    ),
    *(
        Case(
            13,
            f"Calico {version} {does} admin policies of v1alpha1",
            "page 1.2, 1.5",
            joined(
                gnp(ingress("action: Deny", order="1"), "closes"),
                "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: admin}\n"
                f"spec: {{priority: 10, {_SUBJECT}, ingress: [{{action: Allow, from: {_ANYONE}}}]}}\n",
            ),
            (query(APPLE, PEAR), denied(OUTSIDE, PEAR)),
            version,
            warned=warned,
        )
        for version, does, query, warned in (
            ("3.28", "does not know", denied, ("NPV286",)),
            ("3.29", "enforces", allowed, ()),
            ("3.31", "enforces", allowed, ()),
            ("3.32", "no longer enforces", denied, ("NPV286",)),
        )
    ),
    *(
        Case(
            13,
            f"before a tier that denies, an admin policy {about} in Calico {version}",
            f"v{version}.0 conversion.go K8sAdminNetworkPolicyToCalico; policy_sorter.go ExtractPolicyMetadata",
            joined(
                tier("adminnetworkpolicy", "order: 1000, defaultAction: Deny"),
                "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: admin}\n"
                f"spec: {{priority: 10, {_SUBJECT}, {rules}}}\n",
            ),
            (into(APPLE, PEAR), out(PEAR, OUTSIDE)),
            version,
        )
        for version, about, rules, into, out in (
            ("3.29", "with a rule that is dropped is about its direction", _DROPPED, allowed, denied),
            ("3.31", "of which no rule is left is about both directions", _DROPPED, denied, denied),
            ("3.31", "is about the directions of the rules that are left", f"{_KEPT}, {_DROPPED}", allowed, allowed),
            ("3.29", "without rules is about both directions", "ingress: []", denied, denied),
        )
    ),
    Case(
        13,
        "an admin policy that accepts is final for the tier default",
        "FV cluster_network_policy_test.go phase 5",
        joined(
            gnp(ingress("action: Deny", order="1"), "closes"),
            cnp(_cluster("Admin", 100, f"ingress: [{{action: Accept, from: {_ANYONE}}}]")),
        ),
        (allowed(APPLE, PEAR), denied(OUTSIDE, PEAR)),
    ),
    Case(
        14,
        "an admin policy that passes leaves it to the native policies",
        "FV cluster_network_policy_test.go phase 7",
        joined(
            knp(f"{_PEAR}, policyTypes: [Ingress]"),
            cnp(_cluster("Admin", 100, f"ingress: [{{action: Pass, from: {_ANYONE}}}]")),
        ),
        (denied(APPLE, PEAR), denied(OUTSIDE, PEAR)),
    ),
    Case(
        15,
        "a baseline policy denies where nothing else decides",
        "FV cluster_network_policy_test.go phase 3",
        cnp(_cluster("Baseline", 100, f"egress: [{{action: Deny, to: {_ANYONE}}}]")),
        (denied(PEAR, APPLE), allowed(PEAR, OUTSIDE), allowed(APPLE, PEAR)),
    ),
    Case(
        15,
        "a native policy that allows comes before the baseline",
        "page 1.2, tiers of 3.32",
        joined(
            knp(
                f"{_PEAR}, policyTypes: [Egress], egress: [{{to: [{{podSelector: {{matchLabels: {{app: apple}}}}}}]}}]"
            ),
            cnp(_cluster("Baseline", 100, f"egress: [{{action: Deny, to: {_ANYONE}}}]")),
        ),
        (allowed(PEAR, APPLE), denied(PEAR, PLAIN)),
    ),
    Case(
        16,
        "the lower priority comes first",
        "FV cluster_network_policy_test.go phase 2",
        joined(
            cnp(_cluster("Admin", 100, f"ingress: [{{action: Deny, from: {_ANYONE}}}]"), "a-denies"),
            cnp(_cluster("Admin", 50, f"ingress: [{{action: Accept, from: {_ANYONE}}}]"), "b-accepts"),
        ),
        (allowed(APPLE, PEAR), allowed(OX, PEAR)),
    ),
    Case(
        26,
        "a tier without order comes behind the baseline",
        "policy_sorter.go TierLess",
        joined(
            tier("late", ""),
            gnp(ingress(_ALL, tier="late")),
            cnp(_cluster("Baseline", 100, f"ingress: [{{action: Deny, from: {_ANYONE}}}]")),
        ),
        (denied(APPLE, PEAR), denied(OTHER_APPLE, PEAR), allowed(OUTSIDE, PEAR)),
    ),
)

CASES: tuple[Case, ...] = CLUSTER
