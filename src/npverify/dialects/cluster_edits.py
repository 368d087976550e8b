"""Edits of cluster-wide policies (policy.networking.k8s.io) that let one more flow through.

A rule before the one that denies accepts the flow, or passes it on to the NetworkPolicies; so does a policy of a lower number. A
peer that denies can leave out pods by a label.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from npverify.dialects.cluster_fields import KINDS, Kind
from npverify.dialects.edit_values import Made, ObjectEdit, Wanted, created, rule_at
from npverify.ingest.document import Document
from npverify.inventory.model import METADATA_NAME
from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.policy import Direction

__all__ = ["is_cluster_wide", "narrow_edits", "new_policy", "peer_edit", "port_edit", "rule_edits"]

_HIGHEST = 1000  # priorities are 0 to 1000


def is_cluster_wide(doc: Document) -> bool:
    """Whether an object is a cluster-wide policy that is read."""
    kind = KINDS.get(doc.kind)
    return kind is not None and kind.version == doc.api_version


def port_edit(doc: Document, label: str, wanted: Wanted) -> ObjectEdit | None:
    """One more port in an accepting rule that lists ports."""
    kind, found = KINDS[doc.kind], rule_at(doc, label)
    if found is None or wanted.protocol not in PORT_PROTOCOLS:
        return None
    path, rule = found
    if rule.get("action") != kind.actions[0] or not rule.get(kind.ports):
        return None
    return ObjectEdit(doc, (*path, kind.ports), _port(kind, wanted))


def peer_edit(doc: Document, label: str, wanted: Wanted) -> ObjectEdit | None:
    """One more peer in an accepting rule."""
    found, peer = rule_at(doc, label), _peer(wanted)
    if found is None or peer is None or found[1].get("action") != KINDS[doc.kind].actions[0]:
        return None
    return ObjectEdit(doc, (*found[0], _side(wanted)), peer)


def rule_edits(doc: Document, wanted: Wanted, before: str) -> Iterator[Made]:
    """One more rule that accepts what is wanted, or passes it on, before the rule that denies."""
    found = rule_at(doc, before) if before else None
    if found is None or not isinstance(found[0][-1], int):
        return
    for what, rule in _rules(KINDS[doc.kind], doc.value.get("spec") or {}, wanted):
        yield Made(what, (ObjectEdit(doc, ("spec", str(wanted.direction)), rule, True, found[0][-1]),))


def narrow_edits(doc: Document, label: str, wanted: Wanted) -> Iterator[Made]:
    """Each peer of a denying rule that means pods by labels, without the pods of the flow."""
    found = rule_at(doc, label)
    if found is None or not wanted.labels:
        return
    path, rule = found
    side = _side(wanted)
    for n, peer in enumerate(rule.get(side) or ()):
        if not isinstance(peer, dict):
            continue
        if isinstance(peer.get("pods"), dict):
            selector: tuple[str | int, ...] = (*path, side, n, "pods", "podSelector")
            key, value = next(iter(wanted.labels.items()))
        elif "namespaces" in peer:
            selector = (*path, side, n, "namespaces")
            key, value = METADATA_NAME, wanted.namespace
        else:
            continue
        item = {"key": key, "operator": "NotIn", "values": [value]}
        yield Made(f"{side}[{n}]", (ObjectEdit(doc, (*selector, "matchExpressions"), item),), key == METADATA_NAME)


def new_policy(
    name: str, beside: Document, taken: Collection[float], subject: tuple[str, Mapping[str, str]], wanted: Wanted
) -> Iterator[Made]:
    """A policy that is asked before the one that denies, about some pods alone; where a priority for it is free."""
    kind = KINDS[beside.kind]
    spec = beside.value.get("spec") or {}
    priority = spec.get("priority")
    if "priority" not in _fields(kind) or not isinstance(priority, int):
        return
    free = [number for number in range(min(priority, _HIGHEST) - 1, -1, -1) if float(number) not in taken]
    if not free:
        return
    namespace, labels = subject
    head = {"tier": spec["tier"]} if "tier" in spec else {}
    for what, rule in _rules(kind, spec, wanted):
        value: dict[str, Any] = {
            "apiVersion": kind.version,
            "kind": kind.name,
            "metadata": {"name": name},
            "spec": {**head, "priority": free[0], "subject": _pods(namespace, labels), str(wanted.direction): [rule]},
        }
        yield Made(what, (created(value),))


def _fields(kind: Kind) -> tuple[str, ...]:
    return () if kind.tier == "baseline" else ("priority",)


def _rules(kind: Kind, spec: Mapping[str, Any], wanted: Wanted) -> Iterator[tuple[str, dict[str, Any]]]:
    peer = _peer(wanted)
    if peer is None:
        return
    ports = {kind.ports: [_port(kind, wanted)]} if wanted.protocol in PORT_PROTOCOLS else {}
    yield "a rule", {"action": kind.actions[0], _side(wanted): [peer], **ports}
    if "Pass" in kind.actions and spec.get("tier") != "Baseline":
        yield "a rule that passes it on", {"action": "Pass", _side(wanted): [peer], **ports}


def _side(wanted: Wanted) -> str:
    return "from" if wanted.direction is Direction.INGRESS else "to"


def _peer(wanted: Wanted) -> dict[str, Any] | None:
    if wanted.namespace:
        return _pods(wanted.namespace, wanted.labels)
    if wanted.block is not None and wanted.direction is Direction.EGRESS:
        return {"networks": [str(wanted.block)]}
    return None  # in ingress nothing but pods can be named


def _pods(namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
    selector = {"matchLabels": dict(labels)} if labels else {}
    return {"pods": {"namespaceSelector": {"matchLabels": {METADATA_NAME: namespace}}, "podSelector": selector}}


def _port(kind: Kind, wanted: Wanted) -> dict[str, Any]:
    if kind.first_version:
        return {"portNumber": {"protocol": wanted.protocol, "port": wanted.port}}
    return {wanted.protocol.lower(): {"destinationPort": {"number": wanted.port}}}
