"""Edits of policy objects that let one more flow through: a port, a peer or a rule, written as a person would write it.

Each dialect has its own spelling; kinds that are not here get no edit. Not trusted: whoever asks reads the edited object
back and judges it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from npverify.dialects.kinds import CALICO_GROUPS, NETWORKING
from npverify.ingest.document import Document, Path
from npverify.ingest.source import Span
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import METADATA_NAME
from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.policy import Direction

_LONGEST_NAME = 63


class Wanted(NamedTuple):
    """What a rule is to allow: pods with these labels in a namespace, or a block of addresses; over a protocol and port.

    `own` are labels of the pods that it is for, with their namespace, where the policy selects others too.
    """

    direction: Direction
    protocol: str
    port: int | None
    family: int
    namespace: str = ""
    labels: Mapping[str, str] = {}
    block: Prefix | None = None
    own: tuple[str, Mapping[str, str]] = ("", {})


@dataclass(frozen=True, slots=True, eq=False)
class ObjectEdit:
    """A change of one object: at `path`, put `item` into a list (`index` None: at its end) or as the value of a key.

    `item` None takes the key away. With an empty path, `document` is new.
    """

    document: Document
    path: Path
    item: object
    into_list: bool = True
    index: int | None = None


def edited(value: dict[str, Any], edits: Iterable[ObjectEdit]) -> dict[str, Any]:
    """An object after some edits, one after the other; the object itself stays as it is."""
    value = copy.deepcopy(value)
    for edit in edits:
        if not edit.path:
            continue
        at: Any = value
        steps = edit.path if edit.into_list else edit.path[:-1]
        for n, step in enumerate(steps):
            if isinstance(step, str) and at.get(step) is None:
                at[step] = [] if edit.into_list and n == len(steps) - 1 else {}
            at = at[step]
        if edit.into_list:
            at.insert(len(at) if edit.index is None else edit.index, copy.deepcopy(edit.item))
        elif edit.item is None:
            at.pop(edit.path[-1], None)
        else:
            at[edit.path[-1]] = edit.item
    return value


def _native(doc: Document) -> bool:
    return doc.group == NETWORKING and doc.kind == "NetworkPolicy"


def _calico(doc: Document) -> bool:
    return doc.group in CALICO_GROUPS and doc.kind in ("NetworkPolicy", "GlobalNetworkPolicy")


def _rule_at(doc: Document, label: str) -> tuple[Path, Mapping[str, Any]] | None:
    """The rule that `label` names (`ingress[0]`), with its path."""
    section, _, rest = label.partition("[")
    number = rest.removesuffix("]")
    rules = (doc.value.get("spec") or {}).get(section)
    if not number.isdigit() or not isinstance(rules, list) or int(number) >= len(rules):
        return None
    rule = rules[int(number)]
    return (("spec", section, int(number)), rule) if isinstance(rule, dict) else None


def port_edit(doc: Document, label: str, wanted: Wanted) -> ObjectEdit | None:
    """One more port in the list of ports of a rule; None where the rule has no such list or cannot name the port."""
    found = _rule_at(doc, label)
    if found is None or wanted.protocol not in PORT_PROTOCOLS:
        return None
    path, rule = found
    if _native(doc) and rule.get("ports"):
        return ObjectEdit(doc, (*path, "ports"), _native_port(wanted))
    alike = _calico(doc) and rule.get("action") == "Allow" and rule.get("protocol") == wanted.protocol
    if alike and (rule.get("destination") or {}).get("ports"):
        return ObjectEdit(doc, (*path, "destination", "ports"), wanted.port)
    return None


def peer_edit(doc: Document, label: str, wanted: Wanted) -> ObjectEdit | None:
    """One more peer in the list of peers of a rule; None where rules have none."""
    found = _rule_at(doc, label)
    if found is None or not _native(doc):
        return None
    path, rule = found
    key = "from" if wanted.direction is Direction.INGRESS else "to"
    return ObjectEdit(doc, (*path, key), _native_peer(doc, wanted)) if rule.get(key) else None


def rule_edit(doc: Document, wanted: Wanted, before: str = "") -> ObjectEdit | None:
    """One more rule that allows what is wanted, before the rule that `before` names, or behind the others."""
    section = str(wanted.direction)
    if _native(doc):
        if wanted.protocol not in PORT_PROTOCOLS:
            return None
        key = "from" if wanted.direction is Direction.INGRESS else "to"
        rule: dict[str, Any] = {key: [_native_peer(doc, wanted)], "ports": [_native_port(wanted)]}
        return ObjectEdit(doc, ("spec", section), rule)
    if _calico(doc):
        found = _rule_at(doc, before) if before else None
        at = found[0][-1] if found else None
        return ObjectEdit(doc, ("spec", section), _calico_rule(doc, wanted), True, at if isinstance(at, int) else None)
    return None


class _New:
    """The place of an object that stands in no file yet."""

    def locate(self, path: Path, *, key: bool = False) -> Span:
        return Span("<new>")

    def excerpt(self, span: Span) -> str:
        return ""


def new_policy(name: str, namespace: str, labels: Mapping[str, str], wanted: Wanted) -> ObjectEdit | None:
    """A NetworkPolicy of its own that selects pods by labels and allows what is wanted; None where it cannot."""
    if wanted.protocol not in PORT_PROTOCOLS:
        return None
    name = name[:_LONGEST_NAME].strip("-.")
    section, key = ("ingress", "from") if wanted.direction is Direction.INGRESS else ("egress", "to")
    value: dict[str, Any] = {
        "apiVersion": f"{NETWORKING}/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
    }
    doc = Document(value["apiVersion"], value["kind"], namespace, name, value, _New())
    value["spec"] = {
        "podSelector": {"matchLabels": dict(labels)} if labels else {},
        "policyTypes": [section.capitalize()],
        section: [{key: [_native_peer(doc, wanted)], "ports": [_native_port(wanted)]}],
    }
    return ObjectEdit(doc, (), value)


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


def _calico_rule(doc: Document, wanted: Wanted) -> dict[str, Any]:
    rule: dict[str, Any] = {"action": "Allow", "protocol": _calico_protocol(wanted)}
    if wanted.block is not None:
        peer: dict[str, Any] = {"nets": [str(wanted.block)]}
    else:
        peer = _calico_pods(doc, wanted.namespace, wanted.labels)
    namespace, labels = wanted.own
    own = _calico_pods(doc, namespace, labels) if labels else {}
    ports: dict[str, Any] = {"ports": [wanted.port]} if wanted.port is not None else {}
    source, destination = (peer, own) if wanted.direction is Direction.INGRESS else (own, peer)
    return rule | {k: side for k, side in (("source", source), ("destination", destination | ports)) if side}


def _calico_pods(doc: Document, namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
    made = {"selector": " && ".join(f"{k} == '{v}'" for k, v in labels.items()) or "all()"}
    where = doc.namespace or "default" if doc.kind == "NetworkPolicy" else ""
    return made if namespace == where else made | {"namespaceSelector": f"projectcalico.org/name == '{namespace}'"}


def _calico_protocol(wanted: Wanted) -> str | int:
    if wanted.protocol == "ICMP":
        return "ICMP" if wanted.family == 4 else "ICMPv6"
    return int(wanted.protocol) if wanted.protocol.isdigit() else wanted.protocol
