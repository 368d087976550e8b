"""Edits of policy objects that let one more flow through: a port, a peer or a rule, written as a person would write it.

Each dialect has its own spelling, in a module of its own; that of NetworkPolicies is here. Kinds that no module knows get no
edit. Not trusted: whoever asks reads the edited object back and judges it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from npverify.dialects import cluster_edits
from npverify.dialects.calico import edits as calico
from npverify.dialects.cilium import edits as cilium
from npverify.dialects.edit_values import Made, ObjectEdit, Wanted, created, edited, name_of, rule_at
from npverify.dialects.kinds import NETWORKING
from npverify.ingest.document import Document
from npverify.inventory.model import METADATA_NAME
from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.policy import Direction

__all__ = [
    "Made",
    "ObjectEdit",
    "Wanted",
    "edited",
    "is_cilium",
    "is_of",
    "narrow_edits",
    "new_cilium_policy",
    "new_policy",
    "peer_edit",
    "policies_before",
    "port_edit",
    "rule_edits",
    "tier_edit",
]

is_cilium, new_cilium_policy, tier_edit = cilium.is_cilium, cilium.new_policy, calico.tier_edit


def _native(doc: Document) -> bool:
    return doc.group == NETWORKING and doc.kind == "NetworkPolicy"


def is_of(doc: Document, dialect: str) -> bool:
    """Whether an object is of a dialect as policies name it: `kubernetes` has the cluster-wide policies, too."""
    if calico.is_calico(doc):
        return dialect == "calico"
    if is_cilium(doc):
        return dialect == "cilium"
    return dialect == "kubernetes" and (_native(doc) or cluster_edits.is_cluster_wide(doc))


def port_edit(doc: Document, label: str, wanted: Wanted) -> ObjectEdit | None:
    """One more port in the list of ports of a rule; None where the rule has no such list or cannot name the port."""
    if calico.is_calico(doc):
        return calico.port_edit(doc, label, wanted)
    if is_cilium(doc):
        return cilium.port_edit(doc, label, wanted)
    if cluster_edits.is_cluster_wide(doc):
        return cluster_edits.port_edit(doc, label, wanted)
    found = rule_at(doc, label)
    if found is None or wanted.protocol not in PORT_PROTOCOLS or not _native(doc) or not found[1].get("ports"):
        return None
    return ObjectEdit(doc, (*found[0], "ports"), _native_port(wanted))


def peer_edit(doc: Document, label: str, wanted: Wanted) -> ObjectEdit | None:
    """One more peer in the list of peers of a rule; None where the rule has none, or the peer cannot be named."""
    if calico.is_calico(doc):
        return calico.peer_edit(doc, label, wanted)
    if is_cilium(doc):
        return cilium.peer_edit(doc, label, wanted)
    if cluster_edits.is_cluster_wide(doc):
        return cluster_edits.peer_edit(doc, label, wanted)
    found = rule_at(doc, label)
    if found is None or not _native(doc) or not wanted.named:
        return None
    path, rule = found
    key = "from" if wanted.direction is Direction.INGRESS else "to"
    return ObjectEdit(doc, (*path, key), _native_peer(doc, wanted)) if rule.get(key) else None


def rule_edits(doc: Document, wanted: Wanted, before: str = "", labels: Sequence[str] = ()) -> Iterator[Made]:
    """One more rule that allows what is wanted, before the rule that `before` names, or behind the others. `labels` are those
    of the rules that are there."""
    if calico.is_calico(doc):
        yield from calico.rule_edits(doc, wanted, before)
    elif is_cilium(doc):
        yield from cilium.rule_edits(doc, wanted, labels)
    elif cluster_edits.is_cluster_wide(doc):
        yield from cluster_edits.rule_edits(doc, wanted, before)
    elif _native(doc) and wanted.named and wanted.protocol in PORT_PROTOCOLS:
        key = "from" if wanted.direction is Direction.INGRESS else "to"
        rule: dict[str, Any] = {key: [_native_peer(doc, wanted)], "ports": [_native_port(wanted)]}
        yield Made("a rule", (ObjectEdit(doc, ("spec", str(wanted.direction)), rule),))


def narrow_edits(doc: Document, label: str, wanted: Wanted) -> Iterator[Made]:
    """The rule that `label` names, which denies, without the peer of the flow."""
    if calico.is_calico(doc):
        yield from calico.narrow_edits(doc, label, wanted)
    elif is_cilium(doc):
        yield from cilium.narrow_edits(doc, label, wanted)
    elif cluster_edits.is_cluster_wide(doc):
        yield from cluster_edits.narrow_edits(doc, label, wanted)


def new_policy(name: str, namespace: str, labels: Mapping[str, str], wanted: Wanted) -> ObjectEdit | None:
    """A NetworkPolicy of its own that selects pods by labels and allows what is wanted; None where it cannot."""
    if wanted.protocol not in PORT_PROTOCOLS or not wanted.named:
        return None
    section, key = ("ingress", "from") if wanted.direction is Direction.INGRESS else ("egress", "to")
    value: dict[str, Any] = {
        "apiVersion": f"{NETWORKING}/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name_of(name), "namespace": namespace},
    }
    made = created(value)
    value["spec"] = {
        "podSelector": {"matchLabels": dict(labels)} if labels else {},
        "policyTypes": [section.capitalize()],
        section: [{key: [_native_peer(made.document, wanted)], "ports": [_native_port(wanted)]}],
    }
    return made


def policies_before(
    name: str, beside: Document, taken: Collection[float], subject: tuple[str, Mapping[str, str]], wanted: Wanted
) -> Iterator[Made]:
    """Policies that are asked before one that denies, where its kind has an order; `taken` are the numbers in use there."""
    if calico.is_calico(beside):
        yield from calico.new_policy(name, beside, *subject, wanted)
    elif cluster_edits.is_cluster_wide(beside):
        yield from cluster_edits.new_policy(name_of(name), beside, taken, subject, wanted)


def _native_port(wanted: Wanted) -> dict[str, Any]:
    return {"protocol": wanted.protocol, "port": wanted.port}


def _native_peer(doc: Document, wanted: Wanted) -> dict[str, Any]:
    if wanted.block is not None:
        return {"ipBlock": {"cidr": str(wanted.block)}}
    peer: dict[str, Any] = {}
    if wanted.namespace != (doc.namespace or "default"):
        peer["namespaceSelector"] = {"matchLabels": {METADATA_NAME: wanted.namespace}}
    peer["podSelector"] = {"matchLabels": dict(wanted.labels)} if wanted.labels else {}
    return peer
