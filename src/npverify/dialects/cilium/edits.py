"""Edits of Cilium's policies that let one more flow through: a port, a peer or an element, and a policy of its own.

Nothing that allows goes before an element that denies (pkg/policy/mapstate.go), so such an element can only be narrowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from npverify.dialects.cilium.fields import GROUP
from npverify.dialects.cilium.values import NAMESPACE
from npverify.dialects.edit_values import Made, ObjectEdit, Wanted, created, name_of, rule_at
from npverify.ingest.document import Document, Path
from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.policy import Direction

__all__ = ["is_cilium", "narrow_edits", "new_policy", "peer_edit", "port_edit", "rule_edits"]

_NAMESPACED = "CiliumNetworkPolicy"
_ENTITIES = {"outside": "world", "node": "remote-node", "own node": "host", "proxy": "ingress"}
_ASKS_MORE = ("rules", "listener", "serverNames", "terminatingTLS", "originatingTLS")
_WIDER = 2  # what an entity costs where a block would do


def is_cilium(doc: Document) -> bool:
    """Whether an object is a policy of Cilium."""
    return doc.group == GROUP and doc.kind.endswith("NetworkPolicy")


def port_edit(doc: Document, label: str, wanted: Wanted) -> ObjectEdit | None:
    """One more port in an element that lists ports, in the first list of which nothing else is asked."""
    found = rule_at(doc, label)
    if found is None or "Deny" in label or wanted.protocol not in PORT_PROTOCOLS:
        return None
    path, element = found
    lists = element.get("toPorts")
    if not isinstance(lists, list) or not lists:
        return None
    for n, item in enumerate(lists):
        if isinstance(item, dict) and item.get("ports") and not any(item.get(key) for key in _ASKS_MORE):
            return ObjectEdit(doc, (*path, "toPorts", n, "ports"), _port(wanted))
    return ObjectEdit(doc, (*path, "toPorts"), {"ports": [_port(wanted)]})


def peer_edit(doc: Document, label: str, wanted: Wanted) -> ObjectEdit | None:
    """One more peer in the list of peers of its kind that an element has."""
    found = rule_at(doc, label)
    if found is None or "Deny" in label:
        return None
    path, element = found
    for key, item, _ in _peers(_space(doc), wanted):
        if element.get(key):
            return ObjectEdit(doc, (*path, key), item)
    return None


def rule_edits(doc: Document, wanted: Wanted, labels: Sequence[str]) -> Iterator[Made]:
    """One more element in a rule of the object: in one of those that `labels` name, or in each where they name none."""
    own = dict.fromkeys(label.rpartition(".")[0] for label in labels)
    listed = doc.value.get("specs") or ()
    rules = own or (["spec"] if doc.value.get("spec") else []) + [f"specs[{n}]" for n in range(len(listed))]
    for rule in rules:
        path: Path = ("spec",)
        if rule.startswith("specs["):
            path = ("specs", int(rule[6:-1]))
        for what, element, size in _elements(_space(doc), wanted):
            where = f" in {rule}" if len(path) > 1 else ""
            kind = "entity" if any(key.endswith("Entities") for key in element) else "rule"
            yield Made(what + where, (ObjectEdit(doc, (*path, str(wanted.direction)), element),), size, kind)


def new_policy(name: str, namespace: str, labels: Mapping[str, str], wanted: Wanted) -> Iterator[Made]:
    """A CiliumNetworkPolicy of its own about some pods."""
    for what, element, size in _elements(namespace, wanted):
        value: dict[str, Any] = {
            "apiVersion": f"{GROUP}/v2",
            "kind": _NAMESPACED,
            "metadata": {"name": name_of(name), "namespace": namespace},
            "spec": {
                "endpointSelector": {"matchLabels": dict(labels)} if labels else {},
                str(wanted.direction): [element],
            },
        }
        yield Made(what, (created(value),), size)


def narrow_edits(doc: Document, label: str, wanted: Wanted) -> Iterator[Made]:
    """Each peer of a denying element without the pods, or the address, of the flow."""
    found = rule_at(doc, label)
    if found is None:
        return
    path, element = found
    side = _side(wanted)
    if wanted.labels:
        key, value = next(iter(wanted.labels.items()))
        item: object = {"key": key, "operator": "NotIn", "values": [value]}
        for n, _ in enumerate(element.get(f"{side}Endpoints") or ()):
            at: Path = (*path, f"{side}Endpoints", n, "matchExpressions")
            yield Made(f"{side}Endpoints[{n}]", (ObjectEdit(doc, at, item),))
    if wanted.block is not None:
        hole = str(wanted.block)
        for n, _ in enumerate(element.get(f"{side}CIDRSet") or ()):
            at = (*path, f"{side}CIDRSet", n, "except")
            yield Made(f"{side}CIDRSet[{n}]", (ObjectEdit(doc, at, hole),))
        blocks = element.get(f"{side}CIDR") or []
        if blocks and not element.get(f"{side}CIDRSet"):
            whole = (
                ObjectEdit(doc, (*path, f"{side}CIDR"), None, into_list=False),
                ObjectEdit(doc, (*path, f"{side}CIDRSet"), _with_holes(blocks, hole), into_list=False),
            )
            yield Made(f"{side}CIDR", whole, 1)
    entities = element.get(f"{side}Entities") or []
    entity = _ENTITIES.get(wanted.where)
    if entity in entities and len(entities) > 1:
        rest = [name for name in entities if name != entity]
        yield Made(f"{side}Entities", (ObjectEdit(doc, (*path, f"{side}Entities"), rest, into_list=False),), 1)


def _with_holes(blocks: Sequence[str], hole: str) -> list[dict[str, Any]]:
    """The blocks as a list that can have exceptions; of those of the other family, and of the hole itself, none."""
    six = ":" in hole
    kept = [block for block in blocks if block not in (hole, hole.partition("/")[0])]
    return [{"cidr": block, **({"except": [hole]} if (":" in block) is six else {})} for block in kept]


def _space(doc: Document) -> str | None:
    return (doc.namespace or "default") if doc.kind == _NAMESPACED else None


def _side(wanted: Wanted) -> str:
    return "from" if wanted.direction is Direction.INGRESS else "to"


def _peers(namespace: str | None, wanted: Wanted) -> Iterator[tuple[str, object, int]]:
    """The field that names the peer, what stands in it, and what it costs; `namespace` is that of the object, if it has one."""
    side = _side(wanted)
    if wanted.namespace:
        labels = dict(wanted.labels)
        if wanted.namespace != (namespace or ""):
            labels = {f"k8s:{NAMESPACE}": wanted.namespace, **labels}
        yield f"{side}Endpoints", {"matchLabels": labels} if labels else {}, 0
        return
    if wanted.where in ("node", "own node"):
        # a CIDR does not mean nodes
        yield f"{side}Entities", _ENTITIES[wanted.where], 0
    if wanted.block is not None:
        yield f"{side}CIDR", str(wanted.block), 0
    if wanted.where == "outside":
        yield f"{side}Entities", _ENTITIES["outside"], _WIDER


def _elements(namespace: str | None, wanted: Wanted) -> Iterator[tuple[str, dict[str, Any], int]]:
    traffic = _traffic(wanted)
    if traffic is None:
        return
    for key, item, size in _peers(namespace, wanted):
        what = f"an element for the entity `{item}`" if key.endswith("Entities") else "an element"
        yield what, {key: [item], **traffic}, size


def _traffic(wanted: Wanted) -> dict[str, Any] | None:
    if wanted.protocol in PORT_PROTOCOLS:
        return {"toPorts": [{"ports": [_port(wanted)]}]}
    if wanted.protocol == "ICMP" and wanted.icmp is not None:
        return {"icmps": [{"fields": [{"family": f"IPv{wanted.family}", "type": wanted.icmp[0]}]}]}
    return None


def _port(wanted: Wanted) -> dict[str, Any]:
    return {"port": str(wanted.port), "protocol": wanted.protocol}
