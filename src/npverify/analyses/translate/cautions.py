"""What a proof of equality does not say: where both sets mean the same, and perhaps not what their author had in mind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from npverify.dialects.kubernetes_read import NetworkPolicy, Peer, PortEntry, RuleText
from npverify.dialects.selectors import Requirement, Selector
from npverify.ingest.document import Document
from npverify.ingest.source import Problems
from npverify.inventory.model import EndpointKind, Inventory, Service
from npverify.inventory.unknowns import Unknown
from npverify.normal.policy import Direction, PolicySet

_SHOWN = 3
_ORDER = 1000
_RESERVED = ("projectcalico.org/", "pcns.", "pcsa.")
_OS = "kubernetes.io/os"

Labels = Mapping[str, "str | Unknown"]


def caution(policies: Sequence[NetworkPolicy], inventory: Inventory, problems: Problems) -> None:
    """One warning for each point that some of the policies meet, at the first of them."""
    _blocks(policies, problems)
    _names_outside(policies, problems)
    _host_pods(policies, inventory, problems)
    _windows(policies, inventory, problems)
    _source_addresses(policies, inventory, problems)
    _reserved_labels(policies, problems)


def _blocks(policies: Sequence[NetworkPolicy], problems: Problems) -> None:
    found = [p for p in policies if any(peer.block for _, _, peer in _peers(p))]
    message = "matched as Calico does it, pods and nodes with such an address included, before and after"
    fix = "if they come from a plugin that leaves pods out (Cilium), compare the two with --cni-left and --cni-right of `equiv`"
    _tell(found, "NPV315", "has an `ipBlock`, which is", "have `ipBlock`s, which are", message, fix, problems)


def _names_outside(policies: Sequence[NetworkPolicy], problems: Problems) -> None:
    found = [
        p
        for p in policies
        for direction, rule, peer in _peers(p)
        if direction is Direction.EGRESS and peer.block and any(isinstance(e.port, str) for e in rule.ports)
    ]
    message = "an address block: names are ports of pods, so no address outside is matched, before and after"
    _tell(
        found, "NPV318", "has a named port towards", "have named ports towards", message, "write the number", problems
    )


def _host_pods(policies: Sequence[NetworkPolicy], inventory: Inventory, problems: Problems) -> None:
    hosts = _HostPods(inventory)
    found = [p for p in policies if hosts.named_by(p)]
    message = "pods on the host network, which no policy selects or matches by labels, before and after"
    fix = "protect them with a HostEndpoint and a GlobalNetworkPolicy"
    _tell(found, "NPV316", "names", "name", message, fix, problems)


def _windows(policies: Sequence[NetworkPolicy], inventory: Inventory, problems: Problems) -> None:
    if not any(node.labels.get(_OS) == "windows" for node in inventory.nodes):
        return
    found = [
        p
        for p in policies
        if any(peer.excepts for _, _, peer in _peers(p)) or any(isinstance(e.port, str) for e in _entries(p))
    ]
    message = "exceptions or named ports, which Calico skips on Windows nodes, before and after"
    fix = "list the blocks that remain, and write numbers, in policies of pods on Windows"
    _tell(found, "NPV317", "has", "have", message, fix, problems)


def _source_addresses(policies: Sequence[NetworkPolicy], inventory: Inventory, problems: Problems) -> None:
    """Behind a NodePort the source may be a node's address: kubernetes.io, "Using Source IP"."""
    open_: dict[str, list[Service]] = {}
    for s in inventory.services.values():
        if s.type in ("NodePort", "LoadBalancer") and s.external_traffic_policy == "Cluster" and s.selector:
            open_.setdefault(s.namespace, []).append(s)
    found = [
        p
        for p in policies
        if any(d is Direction.INGRESS and peer.block for d, _, peer in _peers(p))
        and any(_shares_pods(p, s.selector) for s in open_.get(p.id.namespace, ()))
    ]
    message = "clients by address behind a Service with `externalTrafficPolicy: Cluster`, where the source may be a node, before and after"
    fix = "set `externalTrafficPolicy: Local`, so that policies see the client"
    _tell(found, "NPV319", "admits", "admit", message, fix, problems)


def _reserved_labels(policies: Sequence[NetworkPolicy], problems: Problems) -> None:
    """Sources: workloadendpointprocessor.go of libcalico-go/lib/backend/syncersv1/updateprocessors, and conversion.go."""
    found = [p for p in policies if any(key.startswith(_RESERVED) for key in _keys(p))]
    message = "labels that Calico gives to pods and namespaces itself, and looks at those, before and after"
    _tell(found, "NPV329", "asks for", "ask for", message, "ask for labels of your own", problems)


def _tell(
    found: Sequence[NetworkPolicy], code: str, one: str, many: str, message: str, fix: str, problems: Problems
) -> None:
    named = list({p.id: p for p in found}.values())
    if not named:
        return
    shown = ", ".join(str(p.id) for p in named[:_SHOWN])
    rest = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    problems.warn(code, f"{shown}{rest} {one if len(named) == 1 else many} {message}", named[0].span, fix)


def _peers(policy: NetworkPolicy) -> Iterator[tuple[Direction, RuleText, Peer]]:
    for direction, rules in policy.rules.items():
        for rule in rules:
            yield from ((direction, rule, peer) for peer in rule.peers)


def _entries(policy: NetworkPolicy) -> Iterator[PortEntry]:
    return (entry for rules in policy.rules.values() for rule in rules for entry in rule.ports)


def _keys(policy: NetworkPolicy) -> Iterator[str]:
    """The keys of the labels that the policy asks for."""
    yield from (r.key for r in policy.subject)
    for _, _, peer in _peers(policy):
        yield from (r.key for r in (*(peer.pods or ()), *(peer.namespaces or ())))


class _HostPods:
    """The pods on the host network. Guards which of them selectors would have, were they on the pod network: sets of pairs of
    a namespace and the labels of a pod there, as the bits of numbers."""

    def __init__(self, inventory: Inventory) -> None:
        self._namespaces = inventory.namespaces
        self._of_namespace: dict[str, int] = {}
        self._with_label: dict[tuple[str, str], int] = {}
        self._with_key: dict[str, int] = {}
        self._unknown: dict[str, int] = {}  # those with a key whose value is not known
        pairs: set[tuple[str, frozenset[tuple[str, str | Unknown]]]] = set()
        for end in inventory.endpoints:
            if end.kind is not EndpointKind.HOST_POD:
                continue
            pair = (end.namespace, frozenset(end.labels.items()))
            if pair in pairs:
                continue
            bit = 1 << len(pairs)
            pairs.add(pair)
            self._of_namespace[end.namespace] = self._of_namespace.get(end.namespace, 0) | bit
            for key, value in end.labels.items():
                self._with_key[key] = self._with_key.get(key, 0) | bit
                if isinstance(value, Unknown):
                    self._unknown[key] = self._unknown.get(key, 0) | bit
                else:
                    self._with_label[key, value] = self._with_label.get((key, value), 0) | bit
        self._all = (1 << len(pairs)) - 1
        self._met: dict[Requirement, int] = {}
        self._within: dict[Selector, int] = {}

    def named_by(self, policy: NetworkPolicy) -> bool:
        """Whether the policy's subject or a peer of it would have one."""
        if not self._all:
            return False
        here = self._of_namespace.get(policy.id.namespace, 0)
        return bool(here & self._meeting(policy.subject)) or any(
            (here if peer.namespaces is None else self._in(peer.namespaces)) & self._meeting(peer.pods or ())
            for _, _, peer in _peers(policy)
            if not peer.block
        )

    def _meeting(self, selector: Selector) -> int:
        """Those whose labels meet the selector, or might."""
        found = self._all
        for requirement in selector:
            met = self._met.get(requirement)
            if met is None:
                met = self._met[requirement] = self._asked(requirement)
            found &= met
        return found

    def _asked(self, requirement: Requirement) -> int:
        """`_may_meet` for all of them."""
        key, values = requirement.key, requirement.values
        present = 0 if values else self._with_key.get(key, 0)
        for value in values:
            present |= self._with_label.get((key, value), 0)
        wanted = present if requirement.operator in ("In", "Exists") else self._all & ~present
        return wanted | self._unknown.get(key, 0)

    def _in(self, selector: Selector) -> int:
        """Those in the namespaces that the selector has, or may have."""
        found = self._within.get(selector)
        if found is None:
            found = 0
            for name, there in self._of_namespace.items():
                namespace = self._namespaces[name]
                if not namespace.declared or may_match(selector, namespace.labels):
                    found |= there
            self._within[selector] = found
        return found


def _shares_pods(policy: NetworkPolicy, selector: Mapping[str, str]) -> bool:
    """Whether a Service of its namespace may send to pods that the policy selects."""
    wanted = {r.key: r.values for r in policy.subject if r.operator == "In"}
    return all(v in wanted.get(k, (v,)) for k, v in selector.items())


def may_match(selector: Selector, labels: Labels) -> bool:
    """Whether the labels meet the selector, or might where a value is not known."""
    return all(_may_meet(requirement, labels) for requirement in selector)


def _may_meet(requirement: Requirement, labels: Labels) -> bool:
    """Semantics: kubernetes/apimachinery pkg/labels/selector.go Requirement.Matches."""
    value = labels.get(requirement.key)
    if isinstance(value, Unknown):
        return True
    present = value is not None and (not requirement.values or value in requirement.values)
    return present is (requirement.operator in ("In", "Exists"))


def caution_about_neighbours(
    policies: Sequence[NetworkPolicy], others: PolicySet, documents: Sequence[Document], problems: Problems
) -> None:
    """What may meet the translated policies later, though it does not today."""
    beside = (p for d in Direction for t in others.half(d).tiers if t.name == "default" for p in t.policies)
    tied = {p.id: p.span for p in beside if p.id.dialect == "calico" and p.order == _ORDER}
    if tied:
        names = ", ".join(map(str, sorted(tied)[:_SHOWN])) + (" …" if len(tied) > _SHOWN else "")
        message = f"{names} in the tier `default` also have order 1000; among equal orders the names decide"
        fix = "give them another order, so that no new name comes between"
        problems.warn("NPV325", message, tied[min(tied)], fix)
    translated = {(p.id.namespace, p.id.name) for p in policies}
    for doc in documents:
        if doc.kind == "StagedKubernetesNetworkPolicy" and (doc.namespace or "default", doc.name) in translated:
            message = f"enforcing {doc.kind} `{doc.name}` would bring back the native policy that was translated"
            problems.warn("NPV326", message, doc.span("metadata", "name"), "write it as a StagedNetworkPolicy")
