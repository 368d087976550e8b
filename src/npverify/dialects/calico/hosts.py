"""Host endpoints: where on a node a flow meets their policy, and which policy that is.

Which endpoint an interface has: projectcalico/calico felix/dataplane/linux/endpoint_mgr.go resolveHostEndpoints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from npverify.dialects.calico.resources import Failsafe, HostEndpoint, Profile
from npverify.dialects.calico.selection import label_of_host, of_labels
from npverify.dialects.calico.selector import Node
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import EndpointKind
from npverify.inventory.unknowns import OTHER, Unknown
from npverify.normal.policy import Direction, Exemption
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Pred,
    Side,
    address_in,
    and_,
    kind_is,
    node_is,
    not_,
    or_,
    own_node,
    port_in,
    protocol_is,
    self_traffic,
    unknown_in,
)

ALL_INTERFACES = "*"

FAILSAFE_IN: tuple[Failsafe, ...] = tuple(
    # felix/config/config_params.go FailsafeInboundHostPorts
    Failsafe(protocol, port, None)
    for protocol, port in (
        ("TCP", 22), ("UDP", 68), ("TCP", 179), ("TCP", 2379), ("TCP", 2380), ("TCP", 5473), ("TCP", 6443),
        ("TCP", 6666), ("TCP", 6667),
    )
)  # fmt: skip
FAILSAFE_OUT: tuple[Failsafe, ...] = tuple(
    # felix/config/config_params.go FailsafeOutboundHostPorts
    Failsafe(protocol, port, None)
    for protocol, port in (
        ("UDP", 53), ("UDP", 67), ("TCP", 179), ("TCP", 2379), ("TCP", 2380), ("TCP", 5473), ("TCP", 6443),
        ("TCP", 6666), ("TCP", 6667),
    )
)  # fmt: skip


class Host(NamedTuple):
    """A host endpoint in force. `interface` is the unknown of its node and the name that it must have; None: no matter."""

    endpoint: HostEndpoint
    interface: tuple[Unknown, tuple[str, ...]] | None

    def is_at(self, side: Side) -> Pred:
        """The end on a side is on the node of the host endpoint, and the flow passes its interface there."""
        return and_(node_is(side, self.endpoint.node), self.passes(side))

    def passes(self, side: Side) -> Pred:
        """A flow of the node passes the interface."""
        if self.interface is not None:
            unknown, names = self.interface
            return unknown_in(unknown, *names)
        if not self.endpoint.interface:
            return or_(*(address_in(side, Prefix.host(a)) for a in self.endpoint.expected_ips))
        return TRUE


class Hosts:
    """The host endpoints of an input, with their profiles. Guards nothing that changes."""

    def __init__(self, endpoints: Iterable[HostEndpoint], profiles: Mapping[str, Profile]) -> None:
        by_node: dict[str, list[HostEndpoint]] = {}
        for endpoint in sorted(endpoints, key=lambda e: e.name.encode()):
            by_node.setdefault(endpoint.node, []).append(endpoint)
        self.profiles = profiles
        self.hosts = tuple(host for node, own in sorted(by_node.items()) for host in _in_force(node, own))

    def selected(self, selector: Node, side: Side) -> Pred:
        """The flows that pass a host endpoint on a side which a selector matches."""
        return or_(*(host.is_at(side) for host in self._matching(selector)))

    def selected_at_pods(self, selector: Node, side: Side) -> Pred:
        """The flows of the pods on a side where a selector matches the host endpoint of the interfaces of pods."""
        matching = (h for h in self._matching(selector) if h.endpoint.interface == ALL_INTERFACES)
        return or_(*(node_is(side, host.endpoint.node) for host in matching))

    def _matching(self, selector: Node) -> Iterable[Host]:
        return (h for h in self.hosts if of_labels(selector, label_of_host(h.endpoint, self.profiles)) is not FALSE)

    def judge(self, side: Side) -> Pred:
        """What a node with a host endpoint sends (or receives) itself. Between a node and its own pods, or those that
        share its network, no policy of hosts is asked: felix/rules/static.go (the OUTPUT and INPUT chains)."""
        hosts = or_(*(host.is_at(side) for host in self.hosts))
        apart = (not_(own_node(side)), not_(own_node(side.other)))
        return and_(kind_is(side, EndpointKind.NODE, EndpointKind.HOST_POD), *apart, hosts)

    def crossed(self, side: Side) -> Pred:
        """What the pods of a side exchange with others than those of their node: it crosses an interface of the node."""
        peer = side.other
        found = (and_(host.is_at(side), not_(node_is(peer, host.endpoint.node))) for host in self.hosts)
        return and_(_of_pods(side), not_(own_node(peer)), or_(*found))

    def at_pods(self, side: Side) -> Pred:
        """What passes the interface of a pod on a side, where the node's host endpoint is for all interfaces:
        felix/rules/dispatch.go (hostDispatchChains) has no exception for those of pods."""
        every = (host for host in self.hosts if host.endpoint.interface == ALL_INTERFACES)
        return and_(_of_pods(side), or_(*(node_is(side, host.endpoint.node) for host in every)))


def _of_pods(side: Side) -> Pred:
    """Flows of pods that leave them."""
    return and_(kind_is(side, EndpointKind.POD), not_(self_traffic(via_service=False)))


def _in_force(node: str, endpoints: Sequence[HostEndpoint]) -> Iterable[Host]:
    """The host endpoints of a node, each with the interface that makes it the one: the first by name has it, and one that
    names an interface goes before one for all of them."""
    named: dict[str, HostEndpoint] = {}
    every: HostEndpoint | None = None
    for endpoint in endpoints:
        if endpoint.interface == ALL_INTERFACES:
            every = every or endpoint
        else:
            key = endpoint.interface or f"the interface of {', '.join(map(str, sorted(endpoint.expected_ips)))}"
            named.setdefault(key, endpoint)
    if not named:
        return [Host(every, None)] if every else []
    phrase = f"the traffic of node {node} passes interface {{value}}"
    unknown = Unknown(f"interface of node {node}", (*named, OTHER), "fact", phrase=phrase)
    found = [Host(endpoint, (unknown, (name,))) for name, endpoint in named.items()]
    return [*found, Host(every, (unknown, (OTHER,)))] if every else found


def failsafe(direction: Direction, given: tuple[Failsafe, ...] | None) -> Exemption:
    """The ports of hosts that policy cannot close; a net is that of the other end."""
    default = FAILSAFE_OUT if direction is Direction.EGRESS else FAILSAFE_IN
    matches = (
        and_(
            protocol_is(entry.protocol),
            port_in(entry.port, entry.port),
            TRUE if entry.net is None else address_in(direction.peer, entry.net),
        )
        for entry in (default if given is None else given)
    )
    return Exemption("failsafe", or_(*matches), False, "the port is a failsafe port of host endpoints")
