"""NetworkPolicies as Cilium reads them: as rules of its own.

Source: cilium/cilium pkg/k8s/network_policy.go ParseNetworkPolicy. It departs from the API where `policyTypes` does not list a
direction that has rules: the rules count all the same (cilium/cilium#48703).
"""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.cilium.settings import Settings
from npverify.dialects.cilium.values import (
    NAMESPACE,
    NAMESPACE_LABELS,
    Block,
    CiliumPolicy,
    Element,
    Peers,
    Port,
    PortRule,
    RuleText,
    Selector,
    Term,
    is_overwritten,
)
from npverify.dialects.kubernetes_read import NetworkPolicy, Peer, PortEntry
from npverify.dialects.kubernetes_read import RuleText as NativeRule
from npverify.dialects.selectors import Selector as NativeSelector
from npverify.normal.policy import Direction

__all__ = ["as_cilium"]


def as_cilium(policy: NetworkPolicy, settings: Settings) -> CiliumPolicy:
    """The policy as a rule that closes whom it selects."""
    elements = {
        direction: tuple(
            _element(rule, direction, policy.id.namespace, settings) for rule in policy.sections[direction]
        )
        for direction in Direction
    }
    closes = {direction: direction in policy.rules or bool(elements[direction]) for direction in Direction}
    rule = RuleText(_terms(policy.subject), False, elements, closes, policy.span)
    return CiliumPolicy(policy.id, policy.span, (rule,))


def _element(rule: NativeRule, direction: Direction, namespace: str, settings: Settings) -> Element:
    # since 1.19 an ingress peer that is a block is read with a selector as well, which holds the namespace alone:
    # parseNetworkPolicyPeer; that it is enforced so was not seen
    unclear = direction is Direction.INGRESS and settings.local_cluster
    blocks = (peer for peer in rule.peers if peer.block is not None)
    peers = Peers(
        ("endpoints",) if rule.peers else ("entities",),
        endpoints=tuple(_selector(peer, namespace) for peer in rule.peers if peer.block is None),
        entities=() if rule.peers else ("all",),
        blocks=tuple(Block(peer.block, peer.excepts, in_set=True, with_namespace=unclear) for peer in blocks),
        scoped=True,
    )
    ports = (PortRule(tuple(_port(entry, settings) for entry in rule.ports)),) if rule.ports else None
    return Element(False, peers, ports, None, "", rule.label, rule.span)


def _port(entry: PortEntry, settings: Settings) -> Port:
    if entry.port is None:
        return Port(0, 65535, entry.protocol)
    if isinstance(entry.port, str):
        return Port(entry.port, 0, entry.protocol)
    # 1.15 did not know the field
    end = entry.end if entry.end is not None and settings.version >= (1, 16) else entry.port
    return Port(entry.port, end, entry.protocol)


def _selector(peer: Peer, namespace: str) -> Selector:
    """parseNetworkPolicyPeer: a namespaceSelector without requirements asks that there is a namespace at all; without one,
    the policy's namespace takes the place of what matchLabels say of it (parsePodSelector)."""
    pods = _terms(peer.pods or ())
    if peer.namespaces is not None:
        return (*_of_namespaces(peer.namespaces), *pods)
    return (Term("k8s", NAMESPACE, "Equals", (namespace,)), *(term for term in pods if not is_overwritten(term)))


def _of_namespaces(selector: NativeSelector) -> Iterator[Term]:
    if not selector:
        yield Term("k8s", NAMESPACE, "Exists")
    for requirement in selector:
        yield Term("k8s", f"{NAMESPACE_LABELS}.{requirement.key}", requirement.operator, requirement.values)


def _terms(selector: NativeSelector) -> Selector:
    """What matchLabels say is told apart by its operator, as in the selectors of Cilium."""
    return tuple(Term("k8s", r.key, "Equals" if r.in_labels else r.operator, r.values) for r in selector)
