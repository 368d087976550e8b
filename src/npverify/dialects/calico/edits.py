"""Edits of Calico's policies and tiers that let one more flow through, or leave it to the tiers behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from npverify.dialects.edit_values import Made, ObjectEdit, Wanted, created, name_of, rule_at
from npverify.dialects.kinds import CALICO_GROUPS
from npverify.ingest.document import Document
from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.policy import Direction

__all__ = ["is_calico", "narrow_edits", "new_policy", "peer_edit", "port_edit", "rule_edits", "tier_edit"]


def is_calico(doc: Document) -> bool:
    """Whether an object is a policy of Calico that is enforced."""
    return doc.group in CALICO_GROUPS and doc.kind in ("NetworkPolicy", "GlobalNetworkPolicy")


def port_edit(doc: Document, label: str, wanted: Wanted) -> ObjectEdit | None:
    """One more port in an allowing rule that lists ports."""
    found = rule_at(doc, label)
    if found is None or wanted.protocol not in PORT_PROTOCOLS:
        return None
    path, rule = found
    alike = rule.get("action") == "Allow" and rule.get("protocol") == wanted.protocol
    if alike and (rule.get("destination") or {}).get("ports"):
        return ObjectEdit(doc, (*path, "destination", "ports"), wanted.port)
    return None


def peer_edit(doc: Document, label: str, wanted: Wanted) -> ObjectEdit | None:
    """One more block in an allowing rule that lists blocks."""
    found = rule_at(doc, label)
    if found is None or wanted.block is None or found[1].get("action") != "Allow":
        return None
    side = _side(wanted)
    if not (found[1].get(side) or {}).get("nets"):
        return None
    return ObjectEdit(doc, (*found[0], side, "nets"), str(wanted.block))


def rule_edits(doc: Document, wanted: Wanted, before: str) -> Iterator[Made]:
    """One more rule that allows what is wanted, before the rule that `before` names, or behind the others; and one that leaves
    it to the next tier."""
    found = rule_at(doc, before) if before else None
    at = found[0][-1] if found else None
    index = at if isinstance(at, int) else None
    for what, action in (("a rule", "Allow"), ("a rule that passes it on", "Pass")):
        if wanted.named:
            edit = ObjectEdit(doc, ("spec", str(wanted.direction)), _rule(doc, wanted, action), True, index)
            yield Made(what, (edit,))


def narrow_edits(doc: Document, label: str, wanted: Wanted) -> Iterator[Made]:
    """A denying rule without the pods, or the address, of the flow."""
    found = rule_at(doc, label)
    if found is None:
        return
    path, rule = found
    side = _side(wanted)
    if wanted.block is not None:
        yield Made(side, (ObjectEdit(doc, (*path, side, "notNets"), str(wanted.block)),))
    if wanted.labels:
        where = "" if wanted.namespace == _space(doc) else f" && projectcalico.org/namespace == '{wanted.namespace}'"
        chosen = _selector(wanted.labels) + where
        had = (rule.get(side) or {}).get("notSelector")
        chosen = f"({had}) || ({chosen})" if had else chosen
        yield Made(side, (ObjectEdit(doc, (*path, side, "notSelector"), chosen, into_list=False),))


def new_policy(
    name: str, beside: Document, namespace: str, labels: Mapping[str, str], wanted: Wanted
) -> Iterator[Made]:
    """A policy about some pods alone, in the tier of the one that denies and right before it."""
    if not wanted.named:
        return
    spec = beside.value.get("spec") or {}
    tier, order = spec.get("tier") or "default", spec.get("order")
    if not isinstance(order, int | float):
        order = 1001  # those without an order come last
    prefix = "" if tier == "default" else f"{tier}."
    meta = {"name": name_of(prefix + name), "namespace": namespace}
    value: dict[str, Any] = {"apiVersion": "projectcalico.org/v3", "kind": "NetworkPolicy", "metadata": meta}
    edit = created(value)
    section = str(wanted.direction)
    value["spec"] = {
        "tier": tier,
        "order": order - 1,
        "selector": _selector(labels),
        "types": [section.capitalize()],
        section: [_rule(edit.document, wanted, "Allow")],
    }
    yield Made("a rule", (edit,))


def tier_edit(tier: Document) -> ObjectEdit:
    """A tier that leaves to the next ones what none of its policies matches, instead of denying it."""
    return ObjectEdit(tier, ("spec", "defaultAction"), "Pass", into_list=False)


def _space(doc: Document) -> str:
    """The namespace of a policy, "" where it has none."""
    return doc.namespace or "default" if doc.kind == "NetworkPolicy" else ""


def _side(wanted: Wanted) -> str:
    return "source" if wanted.direction is Direction.INGRESS else "destination"


def _rule(doc: Document, wanted: Wanted, action: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"action": action, "protocol": _protocol(wanted)}
    if wanted.block is not None:
        peer: dict[str, Any] = {"nets": [str(wanted.block)]}
    else:
        peer = _pods(doc, wanted.namespace, wanted.labels)
    namespace, labels = wanted.own
    own = _pods(doc, namespace, labels) if labels else {}
    ports: dict[str, Any] = {"ports": [wanted.port]} if wanted.port is not None else {}
    source, destination = (peer, own) if wanted.direction is Direction.INGRESS else (own, peer)
    return rule | {k: side for k, side in (("source", source), ("destination", destination | ports)) if side}


def _pods(doc: Document, namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
    made = {"selector": _selector(labels)}
    return (
        made if namespace == _space(doc) else made | {"namespaceSelector": f"projectcalico.org/name == '{namespace}'"}
    )


def _selector(labels: Mapping[str, str]) -> str:
    return " && ".join(f"{k} == '{v}'" for k, v in labels.items()) or "all()"


def _protocol(wanted: Wanted) -> str | int:
    if wanted.protocol == "ICMP":
        return "ICMP" if wanted.family == 4 else "ICMPv6"
    return int(wanted.protocol) if wanted.protocol.isdigit() else wanted.protocol
