"""No field of the NetworkPolicy API is without a row in the table of fields."""

from __future__ import annotations

import pytest

from npverify.dialects.kubernetes_fields import FIELDS, State, children

# The schema as published: kubernetes/api networking/v1/types.go (NetworkPolicy and the types that it holds), and
# kubernetes/apimachinery pkg/apis/meta/v1/types.go (TypeMeta, ObjectMeta, LabelSelector). Maps and lists of plain values
# and the parts of ObjectMeta that the server keeps for itself are leaves.
TYPES: dict[str, dict[str, str]] = {
    "NetworkPolicy": {"apiVersion": "", "kind": "", "metadata": "ObjectMeta", "spec": "NetworkPolicySpec"},
    "ObjectMeta": dict.fromkeys(
        [
            "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation",
            "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations",
            "ownerReferences", "finalizers", "managedFields",
        ],
        "",
    ),
    "NetworkPolicySpec": {
        "podSelector": "LabelSelector",
        "ingress": "[]NetworkPolicyIngressRule",
        "egress": "[]NetworkPolicyEgressRule",
        "policyTypes": "",
    },
    "NetworkPolicyIngressRule": {"ports": "[]NetworkPolicyPort", "from": "[]NetworkPolicyPeer"},
    "NetworkPolicyEgressRule": {"ports": "[]NetworkPolicyPort", "to": "[]NetworkPolicyPeer"},
    "NetworkPolicyPort": {"protocol": "", "port": "", "endPort": ""},
    "NetworkPolicyPeer": {"podSelector": "LabelSelector", "namespaceSelector": "LabelSelector", "ipBlock": "IPBlock"},
    "IPBlock": {"cidr": "", "except": ""},
    "LabelSelector": {"matchLabels": "", "matchExpressions": "[]LabelSelectorRequirement"},
    "LabelSelectorRequirement": {"key": "", "operator": "", "values": ""},
}  # fmt: skip


def published(kind: str = "NetworkPolicy", path: str = "") -> list[str]:
    """The path of every field of a type and of the types below it."""
    found = []
    for name, inner in TYPES[kind].items():
        here = f"{path}{name}"
        found.append(here)
        if inner.startswith("[]"):
            found += published(inner[2:], f"{here}[].")
        elif inner:
            found += published(inner, f"{here}.")
    return found


@pytest.mark.parametrize("path", published())
def test_every_published_field_has_a_row(path: str) -> None:
    """Each field of the published schema is in one of the four states."""
    assert isinstance(FIELDS[path], State)


def test_no_row_without_a_field() -> None:
    """The table names no field that the schema lacks, but for `status`, which older servers had."""
    assert set(FIELDS) - set(published()) == {"status"}


def test_what_can_decide_about_packets_is_modelled() -> None:
    """Only metadata and `status` are irrelevant; no part of `spec` is."""
    assert all(FIELDS[path] is State.MODELLED for path in FIELDS if path.startswith("spec"))


def test_children_are_the_fields_of_one_map() -> None:
    """The fields of a map are told without those further down."""
    assert children("spec") == ("podSelector", "policyTypes", "ingress", "egress")
    assert children("spec.egress[]") == ("ports", "to")
    assert children("spec.ingress[].from[].ipBlock") == ("cidr", "except")
