"""Reads cluster-wide policies into plain values, with every check that the API server makes.

Checks: the schemas and CEL rules of kubernetes-sigs/network-policy-api (config/crd of branch release-0.1 for v1alpha1, of
main for v1alpha2), what its types say beyond them, and those that schemas never make of label selectors. Everything wrong
is reported; what is read is only meaningful where nothing was.
"""

from __future__ import annotations

from collections.abc import Sequence

from npverify.dialects.cluster_checks import bound, no_longer, require, require_items
from npverify.dialects.cluster_fields import ACTIONS, KINDS, TIERS, Kind, children
from npverify.dialects.cluster_peers import read_peer, read_subject
from npverify.dialects.cluster_ports import NAMED, read_port
from npverify.dialects.cluster_values import ClusterPeer, ClusterPolicy, ClusterPort, ClusterRule, Tier
from npverify.ingest.document import Document
from npverify.ingest.fields import Fields, nearest
from npverify.ingest.source import Problems
from npverify.inventory.syntax import is_subdomain
from npverify.normal.policy import Action, Direction, PolicyId

__all__ = ["read"]

_SIDES = {Direction.INGRESS: "from", Direction.EGRESS: "to"}
_EVERYBODY = {
    Direction.INGRESS: "for every pod write `from: [{namespaces: {}}]`",
    Direction.EGRESS: 'for every address write `to: [{networks: [0.0.0.0/0, "::/0"]}]`',
}
_NAME_LENGTH = 100
_NOT_PODS = ("nodes", "networks", "domains")


def read(doc: Document, problems: Problems) -> ClusterPolicy:
    """The policy that a document of one of the `KINDS` describes."""
    kind = KINDS[doc.kind]
    top = Fields.of(doc, problems)
    top.only(children(kind.name, ""), kind.name)
    if doc.api_version != kind.version:
        message = f"`{doc.api_version}` has no {kind.name} that npverify knows"
        top.error("NPV267", message, "apiVersion", fix=f"write `apiVersion: {kind.version}`")
    _check_metadata(top, kind)
    require(top, "spec", kind.name, "write `spec` with a `subject` and rules")
    spec = top.map("spec")
    span = doc.span("metadata", "name") if doc.name else doc.span()
    policy_id = PolicyId("kubernetes", kind.name, "", doc.name)
    if not spec:
        return ClusterPolicy(policy_id, span, "admin", 0, (), None, {})
    spec.only(children(kind.name, "spec"), f"spec of {kind.name}")
    tier, priority = _tier(spec, kind), _priority(spec, kind)
    subject = read_subject(spec, kind)
    rules = {direction: tuple(_rules(spec, direction, kind)) for direction in Direction}
    return ClusterPolicy(
        policy_id,
        span,
        tier,
        priority,
        subject.namespaces or (),
        subject.pods,
        {direction: found for direction, found in rules.items() if found},
    )


def _check_metadata(top: Fields, kind: Kind) -> None:
    fix = f"give the {kind.name} a name"
    require(top, "metadata", kind.name, fix, code="NPV050")
    meta = top.map("metadata")
    if not meta:
        return
    meta.only(children(kind.name, "metadata"), "metadata")
    meta.text_map("labels")
    meta.text_map("annotations")
    name, namespace = meta.text("name"), meta.text("namespace")
    if meta.has("generateName"):
        fix += "; `generateName` only gets its text from the server"
    require(meta, "name", "`metadata`", fix, code="NPV050")
    if name is not None and not is_subdomain(name):
        fix = "use at most 253 of `a-z`, `0-9`, `-` and `.`, with a letter or digit at both ends of each part"
        meta.error("NPV050", f"`{name}` is not a name of a policy", "name", fix=fix)
    elif name not in {None, "default"} and kind.name == "BaselineAdminNetworkPolicy":
        message = f"a {kind.name} cannot be called `{name}`: there is one in a cluster, called `default`"
        meta.error("NPV266", message, "name", fix="write `name: default`, and merge the rules if there are two")
    if namespace:
        message = f"`namespace` has no effect: a {kind.name} is about the whole cluster"
        meta.warn("NPV278", message, "namespace", fix="remove it; `spec.subject` selects namespaces", key=True)


def _tier(spec: Fields, kind: Kind) -> Tier:
    if kind.tier:
        return kind.tier
    require(spec, "tier", f"the spec of {kind.name}", "write `tier: Admin` or `tier: Baseline`")
    text = spec.text("tier")
    if text is not None and text not in TIERS:
        fix = nearest(text, TIERS) or "write `Admin` or `Baseline`"
        spec.error("NPV264", f"unknown tier `{text}`", "tier", fix=fix)
    return TIERS.get(text or "", "admin")


def _priority(spec: Fields, kind: Kind) -> int:
    if "priority" not in children(kind.name, "spec"):
        return 0
    fix = "use a number from 0 to 1000; a lower one is asked first"
    require(spec, "priority", f"the spec of {kind.name}", fix)
    priority = spec.integer("priority")
    if priority is not None and not 0 <= priority <= 1000:
        spec.error("NPV265", f"priority {priority} is not between 0 and 1000", "priority", fix=fix)
    return priority or 0


def _rules(spec: Fields, direction: Direction, kind: Kind) -> list[ClusterRule]:
    section = direction.value
    fix = "merge rules of one action"
    if kind.tier != "baseline":
        fix += ", or move the last ones to another policy with a higher `priority`"
    bound(spec, section, kind.limit, f"the spec of {kind.name}", fix)
    return [_rule(rule, f"{section}[{index}]", direction, kind) for index, rule in spec.maps(section)]


def _rule(rule: Fields, label: str, direction: Direction, kind: Kind) -> ClusterRule:
    side, path, where = _SIDES[direction], f"spec.{direction.value}[]", f"an {direction.value} rule"
    rule.only(children(kind.name, path), f"{direction.value} rule")
    name = rule.text("name") or ""
    no_longer(rule, name, _NAME_LENGTH, "the name of a rule", "name")
    action = _action(rule, kind)
    require(rule, side, where, _EVERYBODY[direction])
    require_items(rule, side, where, _EVERYBODY[direction])
    require_items(rule, kind.ports, where, f"for every port and protocol leave `{kind.ports}` away")
    for key in (side, kind.ports):
        bound(rule, key, kind.limit, where, "make two rules of it, one behind the other")
    peers = [(peer, read_peer(peer, kind, f"{path}.{side}[]")) for _, peer in rule.maps(side)]
    ports = [(port, read_port(port, kind, f"{path}.{kind.ports}[]")) for _, port in rule.maps(kind.ports)]
    _check_domains(peers, action, kind)
    _check_named_ports(peers, ports, kind)
    found = tuple(peer for _, peer in peers), tuple(port for _, port in ports)
    return ClusterRule(action or Action.DENY, *found, label, name, rule.span())


def _action(rule: Fields, kind: Kind) -> Action | None:
    words = f"{', '.join(kind.actions[:-1])} or {kind.actions[-1]}"
    require(rule, "action", f"a rule of {kind.name}", f"write {words}")
    text = rule.text("action")
    if text is None or text in kind.actions:
        return ACTIONS[text] if text else None
    meant = ACTIONS.get(text.capitalize())
    fix = nearest(text, kind.actions) or f"use {words}"
    if meant is Action.PASS and meant not in map(ACTIONS.get, kind.actions):
        fix = "write `Allow`: nothing is asked behind the baseline"
    elif meant:
        fix = f"write `{next(word for word in kind.actions if ACTIONS[word] is meant)}`"
    rule.error("NPV264", f"{kind.name} has no action `{text}`", "action", fix=fix)
    return None


def _check_domains(peers: Sequence[tuple[Fields, ClusterPeer]], action: Action | None, kind: Kind) -> None:
    """No schema checks it; the types support names in rules that accept only (DomainNames of the egress peers)."""
    if action in {None, Action.ALLOW}:
        return
    for fields, peer in peers:
        if peer.kind == "domains":
            message = f"`domainNames` can only stand in rules with the action {kind.actions[0]}"
            fix = "allow the names that are meant to be reached, and deny the rest by `networks` in a rule behind it"
            fields.error("NPV272", message, "domainNames", fix=fix, key=True)


def _check_named_ports(
    peers: Sequence[tuple[Fields, ClusterPeer]], ports: Sequence[tuple[Fields, ClusterPort]], kind: Kind
) -> None:
    """Only pods have named ports: the CEL rule of egress rules in the experimental channel, which the standard one of
    v1alpha2 does not have."""
    beside = sorted((peer.kind for _, peer in peers if peer.kind in _NOT_PODS), key=lambda kind: kind == "networks")
    named = [(fields, key) for fields, _ in ports for key in NAMED if fields.has(key)]
    if not beside or not named:
        return
    fields, key = named[0]
    other = "domainNames" if beside[0] == "domains" else beside[0]
    fix = "put it in a rule of its own whose peers are `namespaces` or `pods`"
    if kind.first_version or other != "networks":
        message = f"`{key}` cannot stand in one rule with `{other}`: only pods name ports"
        fields.error("NPV275", message, key, fix=fix, key=True)
    else:
        message = f"`{key}` stands in one rule with `networks`: it means pods in them, and some servers refuse it"
        fields.warn("NPV276", message, key, fix=fix, key=True)
