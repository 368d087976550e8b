"""No field of the cluster-wide policies is without a row in the table of fields."""

from __future__ import annotations

import pytest

from dialects.cluster_rows import ANP, BANP, CNP
from npverify.dialects.cluster_fields import FIELDS, KINDS, State, children
from npverify.ingest.fields import nearest

# The schemas as published: kubernetes-sigs/network-policy-api config/crd/experimental, branch release-0.1 (v0.1.7) for
# v1alpha1 and main for v1alpha2; `metadata` is ObjectMeta of kubernetes/apimachinery. Maps and lists of plain values,
# `status`, and the parts of ObjectMeta that the server keeps for itself are leaves.
SHARED: dict[str, dict[str, str]] = {
    "ObjectMeta": dict.fromkeys(
        [
            "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation",
            "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations",
            "ownerReferences", "finalizers", "managedFields",
        ],
        "",
    ),
    "Subject": {"namespaces": "LabelSelector", "pods": "NamespacedPod"},
    "NamespacedPod": {"namespaceSelector": "LabelSelector", "podSelector": "LabelSelector"},
    "IngressPeer": {"namespaces": "LabelSelector", "pods": "NamespacedPod"},
    "LabelSelector": {"matchLabels": "", "matchExpressions": "[]LabelSelectorRequirement"},
    "LabelSelectorRequirement": {"key": "", "operator": "", "values": ""},
}  # fmt: skip
EGRESS_PEER = {"namespaces": "LabelSelector", "pods": "NamespacedPod", "nodes": "LabelSelector", "networks": ""}
V1ALPHA1: dict[str, dict[str, str]] = {
    **SHARED,
    "Spec": {"subject": "Subject", "ingress": "[]IngressRule", "egress": "[]EgressRule"},
    "IngressRule": {"name": "", "action": "", "from": "[]IngressPeer", "ports": "[]Port"},
    "EgressRule": {"name": "", "action": "", "to": "[]EgressPeer", "ports": "[]Port"},
    "EgressPeer": EGRESS_PEER,
    "Port": {"portNumber": "Number", "namedPort": "", "portRange": "Range"},
    "Number": {"protocol": "", "port": ""},
    "Range": {"protocol": "", "start": "", "end": ""},
}
TYPES: dict[str, dict[str, dict[str, str]]] = {
    ANP: {
        **V1ALPHA1,
        "Spec": {"priority": "", **V1ALPHA1["Spec"]},
        "EgressPeer": {**EGRESS_PEER, "domainNames": ""},
    },
    BANP: V1ALPHA1,
    CNP: {
        **SHARED,
        "Spec": {
            "tier": "",
            "priority": "",
            "subject": "Subject",
            "ingress": "[]IngressRule",
            "egress": "[]EgressRule",
        },
        "IngressRule": {"name": "", "action": "", "from": "[]IngressPeer", "protocols": "[]Protocol"},
        "EgressRule": {"name": "", "action": "", "to": "[]EgressPeer", "protocols": "[]Protocol"},
        "EgressPeer": {**EGRESS_PEER, "domainNames": ""},
        "Protocol": {"tcp": "Ports", "udp": "Ports", "sctp": "Ports", "destinationNamedPort": ""},
        "Ports": {"destinationPort": "Port"},
        "Port": {"number": "", "range": "Range"},
        "Range": {"start": "", "end": ""},
    },
}
OBJECT = {"apiVersion": "", "kind": "", "metadata": "ObjectMeta", "spec": "Spec", "status": ""}


def published(kind: str, fields: dict[str, str] = OBJECT, path: str = "") -> list[str]:
    """The path of every field of a type and of the types below it."""
    found = []
    for name, inner in fields.items():
        here = f"{path}{name}"
        found.append(here)
        if inner:
            below = f"{here}[]." if inner.startswith("[]") else f"{here}."
            found += published(kind, TYPES[kind][inner.removeprefix("[]")], below)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_rows_are_the_published_fields(kind: str) -> None:
    """Each field of the published schema has a row, and each row a field."""
    assert sorted(FIELDS[kind]) == sorted(published(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_what_can_decide_about_packets_is_not_irrelevant(kind: str) -> None:
    """In `spec` only the name of a rule is irrelevant, and only what a domain name stands for is left open."""
    states = {path: state for path, state in FIELDS[kind].items() if path.startswith("spec")}
    others = {path.rpartition(".")[2]: state for path, state in states.items() if state is not State.MODELLED}
    names = {"name": State.IRRELEVANT}
    assert others == (names if kind == BANP else {**names, "domainNames": State.OPAQUE})


def test_children_are_the_fields_of_one_map() -> None:
    """The fields of a map are told without those further down."""
    assert children(CNP, "spec") == ("subject", "ingress", "egress", "tier", "priority")
    assert children(BANP, "spec.egress[].to[]") == ("namespaces", "pods", "nodes", "networks")
    assert children(ANP, "spec.ingress[].ports[].portRange") == ("protocol", "start", "end")


REQUIRED = {
    "metadata", "name", "spec", "tier", "priority", "subject", "action", "from", "to", "podSelector",
    "namespaceSelector", "port", "start", "end", "destinationPort",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_can_be_taken_for_a_required_one_misspelt(kind: str) -> None:
    """A missing field is not told where a key beside it resembles it, so no other field of its map may."""
    for path in {path.rpartition(".")[0] for path in FIELDS[kind]}:
        names = children(kind, path)
        assert [(a, b) for b in names if b in REQUIRED for a in names if a != b and nearest(a, (b,))] == []
