"""Edits that may let a denied flow through, smallest first; whether one does is for the oracle to say.

Labels are found in the normal form, so every dialect has them: those that make a rule match that does not. Ports, peers and
rules are written into the objects of the user, in their dialect (`dialects.rule_edits`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from npverify.analyses.mends.labels import LabelKey, Labels, labels_for
from npverify.dialects.rule_edits import (
    Made,
    ObjectEdit,
    Wanted,
    is_cilium,
    is_of,
    narrow_edits,
    new_cilium_policy,
    new_policy,
    peer_edit,
    policies_before,
    port_edit,
    rule_edits,
    tier_edit,
)
from npverify.ingest.document import Document
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import Endpoint, EndpointKind, Inventory
from npverify.inventory.workloads import WORKLOAD_KINDS, template_path
from npverify.normal.flow import Flow, SideVerdict
from npverify.normal.policy import Action, Direction, Policy, PolicySet, Rule
from npverify.normal.predicates import Side, and_
from npverify.oracle import Seen

_NAMING = ("app", "app.kubernetes.io/name", "k8s-app", "name", "role", "tier")
_GENERATED = ("pod-template-hash", "controller-revision-hash", "statefulset.kubernetes.io/pod-name")
_COUNTED = 2000  # pods that are looked at to tell which policy selects fewer
_LABEL, _RELABEL, _PORT, _PEER, _RULE, _POLICY, _TIER = 1, 2, 1, 2, 3, 4, 5
_OWN = "Calico's "


@dataclass(frozen=True, slots=True)
class Candidate:
    """An edit in words, with how much it changes."""

    kind: str
    text: str
    edits: tuple[ObjectEdit, ...]
    size: int


class Documents:
    """The objects of the input by what they are. Guards the indices."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._by_identity: dict[tuple[str, str, str], Document] = {}
        for doc in documents:
            self._by_identity.setdefault((doc.kind, doc.namespace or "default", doc.name), doc)
            if doc.namespace is None:
                self._by_identity.setdefault((doc.kind, "", doc.name), doc)
        self._policies = {
            (doc.group, doc.kind, doc.namespace or "default", doc.name): doc
            for doc in documents
            if doc.kind.endswith("NetworkPolicy")
        }

    def of_policy(self, policy: Policy) -> Document | None:
        """The object that a policy comes from."""
        id_ = policy.id
        found = (
            doc
            for key, doc in self._policies.items()
            if key[1:] == (id_.kind, id_.namespace or "default", id_.name) and is_of(doc, id_.dialect)
        )
        return next(found, None)

    def of_tier(self, name: str) -> Document | None:
        """The tier of Calico of a name."""
        doc = self._by_identity.get(("Tier", "", name))
        return doc if doc is not None and "projectcalico" in doc.group else None

    def of_namespace(self, name: str) -> Document | None:
        """The namespace of a name."""
        return self._by_identity.get(("Namespace", "", name))

    def of_pod(self, end: Endpoint) -> tuple[Document, tuple[str, ...]] | None:
        """The object that gives an endpoint its labels, with where they stand in it."""
        doc = self._by_identity.get(("Pod", end.namespace, end.name))
        if doc is not None and not end.replicated:
            return doc, ("metadata", "labels")
        owner = end.workload
        if owner is None or owner.kind not in WORKLOAD_KINDS:
            return None
        doc = self._by_identity.get((owner.kind, owner.namespace, owner.name))
        return (doc, (*template_path(owner.kind), "metadata", "labels")) if doc is not None else None


def candidates(
    policies: PolicySet, inventory: Inventory, documents: Documents, seen: Seen, verdict: SideVerdict
) -> list[Candidate]:
    """What may let a flow pass in a direction that denies it, smallest first."""
    direction = verdict.direction
    found = [
        *_label_candidates(policies, documents, seen, verdict),
        *_rule_candidates(policies, inventory, documents, seen, direction, verdict),
    ]
    unlike: dict[str, Candidate] = {}
    for candidate in found:
        unlike.setdefault(candidate.text, candidate)
    return sorted(unlike.values(), key=lambda c: c.size)


def _label_candidates(
    policies: PolicySet, documents: Documents, seen: Seen, verdict: SideVerdict
) -> Iterator[Candidate]:
    ways: list[Labels] = []
    for tier in policies.half(verdict.direction).tiers:
        for policy in tier.policies:
            for rule in policy.rules:
                if rule.action in (Action.ALLOW, Action.PASS):
                    ways += labels_for(and_(policy.subject, rule.match), seen)
    for by in verdict.by:
        if by.rule is not None and by.rule.action is Action.DENY:
            ways += labels_for(and_(by.policy.subject, by.rule.match), seen, want=False)
    for way in ways:
        if way and (candidate := _label_candidate(way, documents, seen)):
            yield candidate


def _label_candidate(way: Labels, documents: Documents, seen: Seen) -> Candidate | None:
    edits: list[ObjectEdit] = []
    texts: list[str] = []
    size = 0
    for key, value in sorted(way.items(), key=lambda item: item[0]):
        end = seen.end(key.side)
        place = _place(key, end, documents)
        if place is None:
            return None
        doc, path = place
        had = _value(doc, path).get(key.key)
        edits.append(ObjectEdit(doc, (*path, key.key), value, into_list=False))
        owner = f"{doc.kind} {doc.name}" if doc.kind == "Namespace" else f"{doc.kind} {end.namespace}/{doc.name}"
        what = "the pods of " if key.of == "pod" and doc.kind != "Pod" else ""
        if value is None:
            texts.append(f"take the label `{key.key}={had}` away from {what}{owner}")
        elif had is None:
            texts.append(f"give {what}{owner} the label `{key.key}={value}`")
        else:
            texts.append(f"change the label `{key.key}` of {what}{owner} from `{had}` to `{value}`")
        size += _LABEL if had is None else _RELABEL
        size += key.of == "namespace"
    return Candidate("label", " and ".join(texts), tuple(edits), size)


def _place(key: LabelKey, end: Endpoint, documents: Documents) -> tuple[Document, tuple[str, ...]] | None:
    if key.of == "pod":
        return documents.of_pod(end)
    doc = documents.of_namespace(end.namespace)
    return (doc, ("metadata", "labels")) if doc is not None else None


def _value(doc: Document, path: tuple[str, ...]) -> Mapping[str, object]:
    at: object = doc.value
    for step in path:
        at = at.get(step) if isinstance(at, dict) else None
    return at if isinstance(at, dict) else {}


def _rule_candidates(
    policies: PolicySet,
    inventory: Inventory,
    documents: Documents,
    seen: Seen,
    direction: Direction,
    verdict: SideVerdict,
) -> Iterator[Candidate]:
    wanted = _wanted(seen.flow, direction, inventory)
    if wanted is None:
        return
    deciding = {by.policy: by.rule for by in verdict.by}
    selecting = [
        (policy, doc)
        for tier in policies.half(direction).tiers
        for policy in tier.policies
        if seen.holds(policy.subject) and (doc := documents.of_policy(policy)) is not None
    ]
    for policy, doc in selecting:
        for rule in policy.rules:
            yield from _in_rule(policy, rule, doc, wanted, seen)
    # what is added to a policy of few pods opens less than in one of all
    for policy, doc in sorted(selecting, key=lambda item: (_selected(item[0], direction, seen), item[0].id)):
        before = deciding.get(policy)
        own = _own(policy, direction, seen, inventory)
        labels = [rule.label for rule in policy.rules]
        for made in rule_edits(doc, wanted._replace(own=own), before.label if before is not None else "", labels):
            first = made.edits[0].index is not None and before is not None
            place = f"before {before.label}" if first and before is not None else "one more"
            text = f"add {made.what} to {policy.id} ({direction}, {place})"
            yield Candidate(made.kind, text, made.edits, _RULE + made.size)
    for policy, doc in selecting:
        denies = deciding.get(policy)
        if denies is None or denies.action is not Action.DENY:
            continue
        parts = list(narrow_edits(doc, denies.label, wanted))
        if len(parts) > 1:  # more than one of its peers may mean the flow
            whole = tuple(edit for part in parts for edit in part.edits)
            parts.append(Made("every peer", whole, sum(part.size for part in parts) + 1))
        for made in parts:
            whom = wanted.block if wanted.where == "outside" else _short(seen, direction.peer)
            text = f"leave {whom} out of {made.what} of {policy.id}, {denies.label}"
            yield Candidate("narrow", text, made.edits, _RULE + made.size)
    yield from _tiers(policies, documents, verdict)
    if seen.end(direction.subject).kind is EndpointKind.POD:
        yield from _new_policies(selecting, deciding, inventory, wanted, seen)


def _tiers(policies: PolicySet, documents: Documents, verdict: SideVerdict) -> Iterator[Candidate]:
    """The tier of Calico that denies what none of its policies matches."""
    if verdict.because != "no rule" or verdict.allowed:
        return
    deciding = {by.policy for by in verdict.by}
    for tier in policies.half(verdict.direction).tiers:
        doc = documents.of_tier(tier.name)
        if doc is not None and not deciding.isdisjoint(tier.policies):
            text = f"let Tier {tier.name} pass on what none of its policies matches"
            yield Candidate("tier", text, (tier_edit(doc),), _TIER)


def _new_policies(
    selecting: Sequence[tuple[Policy, Document]],
    deciding: Mapping[Policy, Rule | None],
    inventory: Inventory,
    wanted: Wanted,
    seen: Seen,
) -> Iterator[Candidate]:
    """Policies of their own about the judged pod: in the language of those that decide, and a NetworkPolicy."""
    direction = wanted.direction
    subject = seen.end(direction.subject)
    labels = naming_labels(subject, inventory)
    name = f"allow-{_short(seen, Side.SRC)}-to-{_short(seen, Side.DST)}"
    taken = {policy.order for policy, _ in selecting if policy.order is not None}
    found: list[Made] = []
    for policy, doc in selecting:
        if policy in deciding:
            found += policies_before(name, doc, taken, (subject.namespace, labels), wanted)
    if any(is_cilium(doc) for _, doc in selecting) or (wanted.where and not wanted.named):
        found += new_cilium_policy(name, subject.namespace, labels, wanted)
    elif (native := new_policy(name, subject.namespace, labels, wanted)) is not None:
        found.append(Made("a rule", (native,)))
    for made in found:
        doc = made.edits[0].document
        what = "" if made.what in ("a rule", "an element") else f" with {made.what}"
        where = f"{doc.namespace}/{doc.name}" if doc.namespace else doc.name
        kind = f"{_OWN}{doc.kind}" if "projectcalico" in doc.group else doc.kind
        yield Candidate("policy", f"add {kind} {where} ({direction}){what}", made.edits, _POLICY + made.size)


def _selected(policy: Policy, direction: Direction, seen: Seen) -> int:
    """How many pods a policy selects, of the first ones."""
    pods = seen.inventory.pods[:_COUNTED]
    if direction is Direction.EGRESS:
        flows = (replace(seen.flow, src=pod) for pod in pods)
    else:
        flows = (replace(seen.flow, dst=pod) for pod in pods)
    return sum(Seen(flow, {}, seen.inventory).holds(policy.subject) for flow in flows)


def _own(policy: Policy, direction: Direction, seen: Seen, inventory: Inventory) -> tuple[str, Mapping[str, str]]:
    """The namespace and the labels of the judged pod, where a policy selects others as well."""
    end = seen.end(direction.subject)
    alike = sum(pod.workload == end.workload for pod in seen.inventory.pods[:_COUNTED])
    if end.kind is not EndpointKind.POD or _selected(policy, direction, seen) <= alike:
        return ("", {})
    return (end.namespace, naming_labels(end, inventory))


def _short(seen: Seen, side: Side) -> str:
    end = seen.end(side)
    if end.kind is EndpointKind.EXTERNAL:
        return "outside"
    return end.workload.name if end.workload else end.name


def _in_rule(policy: Policy, rule: Rule, doc: Document, wanted: Wanted, seen: Seen) -> Iterator[Candidate]:
    peer, traffic = seen.holds(rule.peer), seen.holds(rule.traffic)
    if peer and not traffic and (made := port_edit(doc, rule.label, wanted)):
        text = f"add {wanted.protocol} {wanted.port} to the ports of {policy.id}, {rule.label}"
        yield Candidate("port", text, (made,), _PORT)
    if traffic and not peer and (made := peer_edit(doc, rule.label, wanted)):
        yield Candidate("peer", f"add a peer to {policy.id}, {rule.label}", (made,), _PEER)


def _wanted(flow: Flow, direction: Direction, inventory: Inventory) -> Wanted | None:
    """The peer and traffic of a flow as a rule names them; None where no rule can name the peer."""
    end, address = (flow.src, flow.src_ip) if direction.peer is Side.SRC else (flow.dst, flow.dst_ip)
    family = next((a.family for a in (flow.src_ip, flow.dst_ip) if a is not None), 4)
    base = Wanted(direction, flow.protocol, flow.port, family, icmp=flow.icmp)
    if end.kind is EndpointKind.POD:
        return base._replace(namespace=end.namespace, labels=naming_labels(end, inventory))
    if end.kind is EndpointKind.EXTERNAL:
        base = base._replace(where="outside")
    elif end.kind in (EndpointKind.NODE, EndpointKind.HOST_POD):
        base = base._replace(where="own node" if flow.own_node else "node")
    elif end.kind is EndpointKind.PROXY:
        base = base._replace(where="proxy")
    if address is not None and (end.kind is EndpointKind.EXTERNAL or end.address_known):
        return base._replace(block=Prefix.host(address))
    return base if base.where else None


def naming_labels(end: Endpoint, inventory: Inventory) -> Mapping[str, str]:
    """The fewest labels that name a pod's workload and no other of its namespace; all of its labels where none do."""
    own = {k: v for k, v in sorted(end.labels.items()) if isinstance(v, str) and k not in _GENERATED}
    others = [p for p in inventory.pods if p.namespace == end.namespace and p.workload != end.workload]
    for key in dict.fromkeys(chain((k for k in _NAMING if k in own), own)):
        if not any(p.labels.get(key) == own[key] for p in others):
            return {key: own[key]}
    return own
