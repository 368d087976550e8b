"""Host endpoints: where on a node a flow meets their policy, and which policy that is.

Which endpoint an interface has: projectcalico/calico felix/dataplane/linux/endpoint_mgr.go resolveHostEndpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from npverify.dialects.calico.resources import Failsafe, Felix, HostEndpoint, Profile
from npverify.dialects.calico.selection import NAMESPACE, Value, label_of_host, of_labels
from npverify.dialects.calico.selector import Node
from npverify.inventory.model import EndpointKind
from npverify.inventory.unknowns import Unknown
from npverify.normal.policy import Direction, Exemption
from npverify.normal.predicates import (
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


Interface = tuple[Unknown, tuple[str, ...]]
"""The unknown that stands for the interface of a node which a flow passes, and the names that are meant."""


class Host(NamedTuple):
    """A host endpoint in force, with its labels; `interface` is what a flow of its node must pass to meet it, None: nothing."""

    endpoint: HostEndpoint
    interface: Interface | None
    label: Callable[[str], Value]

    @property
    def for_all(self) -> bool:
        """Whether it is for every interface that has none of its own, those of pods among them."""
        return self.endpoint.interface == ALL_INTERFACES

    def matches(self, selector: Node) -> Pred:
        """Whether a selector matches it."""
        return of_labels(selector, self.label)

    def is_at(self, side: Side) -> Pred:
        """The end on a side is on the node of the host endpoint, and the flow passes its interface there."""
        passes = TRUE if self.interface is None else unknown_in(self.interface[0], *self.interface[1])
        return and_(node_is(side, self.endpoint.node), passes)


@dataclass(frozen=True)
class Hosts:
    """The host endpoints that are in force, by node, and the profiles of the input. Guards the memo of where they are."""

    hosts: tuple[Host, ...]
    profiles: Mapping[str, Profile]

    @classmethod
    def of(cls, endpoints: Iterable[HostEndpoint], profiles: Mapping[str, Profile]) -> Hosts:
        """Those of an input."""
        by_node: dict[str, list[HostEndpoint]] = {}
        for endpoint in sorted(endpoints, key=lambda e: e.name.encode()):
            by_node.setdefault(endpoint.node, []).append(endpoint)
        in_force = (found for node, own in sorted(by_node.items()) for found in _in_force(node, own))
        return cls(tuple(Host(*found, label_of_host(found[0], profiles)) for found in in_force), profiles)

    @cached_property
    def _at(self) -> Mapping[Side, tuple[Pred, ...]]:
        """Where a flow must go to meet each host endpoint, in their order."""
        return {side: tuple(host.is_at(side) for host in self.hosts) for side in (Side.SRC, Side.DST)}

    def among(self, kept: Callable[[Host], bool], *, instead: bool = False) -> Hosts:
        """Some of them. `instead`: where one is left out, that of all interfaces stands at its interface."""
        dropped = [h.interface for h in self.hosts if not kept(h) and h.interface is not None]

        def widened(host: Host) -> Host:
            if not (instead and host.for_all) or host.interface is None:
                return host
            unknown, names = host.interface
            return host._replace(interface=(unknown, (*names, *(n for u, own in dropped if u == unknown for n in own))))

        return Hosts(tuple(widened(host) for host in self.hosts if kept(host)), self.profiles)

    @cached_property
    def namespaces(self) -> frozenset[Value]:
        """The namespaces whose policies may select one of them: "" (of none), and those that a label of theirs claims."""
        return frozenset(("", *(host.label(NAMESPACE) for host in self.hosts)))

    def selected(self, selector: Node, side: Side) -> Pred:
        """The flows that pass a host endpoint on a side which a selector matches."""
        return or_(*(and_(h.matches(selector), at) for h, at in zip(self.hosts, self._at[side], strict=True)))

    def selected_at_pods(self, selector: Node, side: Side) -> Pred:
        """The flows of the pods on a side where a selector matches the host endpoint of the interfaces of pods."""
        every = (host for host in self.hosts if host.for_all)
        return or_(*(and_(host.matches(selector), node_is(side, host.endpoint.node)) for host in every))

    def judge(self, side: Side) -> Pred:
        """What a node with a host endpoint sends (or receives) itself. Between a node and its own pods no policy of hosts
        is asked (felix/rules/static.go, the OUTPUT and INPUT chains)."""
        apart = (not_(own_node(side)), not_(own_node(side.other)), not_(self_traffic(via_service=False)))
        here = zip(self.hosts, self._at[side], strict=True)
        met = (and_(at, not_(_both_on(host.endpoint.node))) for host, at in here)
        return and_(_on_host(side), *apart, or_(*met))

    def loops(self, side: Side) -> Pred:
        """What two on the network of one node send each other, which passes its loopback interface."""
        nodes = dict.fromkeys(host.endpoint.node for host in self.hosts)
        together = or_(own_node(Side.SRC), own_node(Side.DST), self_traffic(via_service=False))
        met = (and_(node_is(side, node), or_(together, _both_on(node))) for node in nodes)
        return and_(_on_host(side), _on_host(side.other), or_(*met))

    @property
    def on_loopback(self) -> Hosts:
        """Those of all interfaces, as the loopback interface has no other: felix/rules/dispatch.go excepts none."""
        every = tuple(host._replace(interface=None) for host in self.hosts if host.for_all)
        return Hosts(every, self.profiles)

    def crossed(self, side: Side) -> Pred:
        """What the pods of a side exchange with others than those of their node: it crosses an interface of the node."""
        peer = side.other
        here = zip(self.hosts, self._at[side], strict=True)
        found = (and_(at, not_(node_is(peer, host.endpoint.node))) for host, at in here)
        return and_(_of_pods(side), not_(own_node(peer)), or_(*found))

    def at_pods(self, side: Side) -> Pred:
        """What passes the interface of a pod on a side, where the node's host endpoint is for all interfaces:
        felix/rules/dispatch.go (hostDispatchChains) has no exception for those of pods."""
        every = (host for host in self.hosts if host.for_all)
        return and_(_of_pods(side), or_(*(node_is(side, host.endpoint.node) for host in every)))


def _both_on(node: str) -> Pred:
    """Both ends are on the network of that node."""
    return and_(*(and_(_on_host(side), node_is(side, node)) for side in (Side.SRC, Side.DST)))


def _on_host(side: Side) -> Pred:
    return kind_is(side, EndpointKind.NODE, EndpointKind.HOST_POD)


def _of_pods(side: Side) -> Pred:
    """Flows of pods that leave them."""
    return and_(kind_is(side, EndpointKind.POD), not_(self_traffic(via_service=False)))


_ANOTHER = "another interface"


def _in_force(node: str, endpoints: Sequence[HostEndpoint]) -> Iterable[tuple[HostEndpoint, Interface | None]]:
    """The host endpoints of a node, each with the interface that makes it the one: the first by name has it, and one that
    names an interface goes before one for all of them."""
    named: dict[str, HostEndpoint] = {}
    every: HostEndpoint | None = None
    for endpoint in endpoints:
        if endpoint.interface == ALL_INTERFACES:
            every = every or endpoint
        else:
            own = f"the interface of {', '.join(map(str, sorted(endpoint.expected_ips)))}"
            key = f"interface {endpoint.interface}" if endpoint.interface else own
            named.setdefault(key, endpoint)
    if not named:
        return [(every, None)] if every else []
    phrase = f"the traffic of node {node} passes {{value}}"
    unknown = Unknown(f"interface of node {node}", (*named, _ANOTHER), "fact", phrase=phrase, of_flow=True)
    found: list[tuple[HostEndpoint, Interface | None]] = [(e, (unknown, (name,))) for name, e in named.items()]
    return [*found, (every, (unknown, (_ANOTHER,)))] if every else found


def failsafe(direction: Direction, given: Felix, *, replies: bool = False) -> Exemption:
    """The ports of hosts that policy cannot close; a net is that of the other end. `replies`: of those of the other
    direction too, which have the port as their source."""
    out = FAILSAFE_OUT if given.failsafe_out is None else given.failsafe_out
    into = FAILSAFE_IN if given.failsafe_in is None else given.failsafe_in
    own, others = (out, into) if direction is Direction.EGRESS else (into, out)
    found = [_failsafe(entry, direction, Side.DST) for entry in own]
    found += [_failsafe(entry, direction, Side.SRC) for entry in others if replies]
    return Exemption("failsafe", or_(*found), False, "the port is a failsafe port of host endpoints")


def _failsafe(entry: Failsafe, direction: Direction, side: Side) -> Pred:
    net = TRUE if entry.net is None else address_in(direction.peer, entry.net)
    return and_(protocol_is(entry.protocol), port_in(entry.port, entry.port, side), net)
