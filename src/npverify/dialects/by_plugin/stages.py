"""What a plugin does with flows whatever the policies say, as exemptions of the stage of pods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from npverify.dialects.profiles import Profile
from npverify.inventory.addresses import EVERYTHING, Family, Prefix
from npverify.inventory.model import EndpointKind, Inventory, Service
from npverify.inventory.unknowns import fact
from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.policy import Direction, Exemption, Half, PolicySet
from npverify.normal.predicates import (
    Pred,
    Side,
    address_in,
    and_,
    icmp_is,
    kind_is,
    label_in,
    namespace_is,
    not_,
    or_,
    own_node,
    port_in,
    protocol_is,
    self_traffic,
    unknown_in,
)

__all__ = ["shows_ipv6", "with_exemptions"]

_ICMP: dict[str, dict[Family, tuple[int, ...]]] = {
    # echo request, destination unreachable, time exceeded; of ICMPv6 also echo reply and neighbours: CommonICMPRules
    "some_types_always": {4: (8, 3, 11), 6: (128, 129, 1, 3, 135, 136)},
    # router and neighbour solicitation and advertisement, redirects: KNP pkg/dataplane/controller.go
    "neighbours_always": {6: (133, 134, 135, 136, 137)},
}
_NODE_PORTS = and_(protocol_is(*PORT_PROTOCOLS), port_in(30000, 32767))
"""The default of `--service-node-port-range`."""


def with_exemptions(policies: PolicySet, profile: Profile, inventory: Inventory) -> PolicySet:
    """The set with the exemptions that the plugin has beside those of the API, or instead of them."""

    def half(direction: Direction) -> Half:
        stages = policies.half(direction).stages
        return Half(
            tuple(
                replace(s, exemptions=tuple(_exemptions(s.exemptions, direction, profile, inventory)))
                if s.name == "pods"
                else s
                for s in stages
            )
        )

    return replace(policies, egress=half(Direction.EGRESS), ingress=half(Direction.INGRESS))


def _exemptions(
    given: tuple[Exemption, ...], direction: Direction, profile: Profile, inventory: Inventory
) -> Iterator[Exemption]:
    ways = profile.ways
    for exemption in given:
        if exemption.name in ("node_to_own_pod", "pod_to_own_node"):
            yield replace(
                exemption, match=and_(exemption.match, _counts_as_node(ways.node_to_own_pod, direction, inventory))
            )
        else:
            yield exemption
    if (
        ways.self_via_service == "ingress_allowed"
        and direction is Direction.INGRESS
        and not _is_open("self_via_service", profile)
    ):
        reason = "the plugin asks no ingress policy where a pod reaches itself through a Service"
        yield Exemption("self_via_service", self_traffic(via_service=True), False, reason)
    if ways.pod_to_own_node == "node_ports_pass" and direction is Direction.EGRESS:
        # NodePorts are let through in front of the chains of pods; whether a Service is behind them is not looked at
        node = and_(own_node(Side.DST), kind_is(Side.DST, EndpointKind.NODE, EndpointKind.HOST_POD))
        reason = "the plugin lets a pod reach the range of node ports of the node that it runs on"
        yield Exemption("node_port_range", and_(node, _NODE_PORTS), False, reason)
    if ways.icmp in _ICMP and not _is_open("icmp", profile):
        types = [
            and_(icmp_is(kind), address_in(direction.subject, EVERYTHING[family]))
            for family, kinds in _ICMP[ways.icmp].items()
            for kind in kinds
        ]
        yield Exemption("icmp_types", or_(*types), False, "the plugin always lets this ICMP message pass")
    if ways.ipv6 == "unpoliced" and shows_ipv6(inventory):
        match = address_in(direction.subject, EVERYTHING[6])
        yield Exemption("ipv6", match, False, "the plugin does not police IPv6")
    if ways.node_ports == "escapes" and direction is Direction.INGRESS:
        match = or_(*(_behind(service) for service in inventory.services.values() if _is_way_in(service)))
        through = fact("the connection comes through a node port or a load balancer", of_flow=True)
        reason = "the plugin does not police what comes through a node port or a load balancer"
        outside = kind_is(Side.SRC, EndpointKind.EXTERNAL, EndpointKind.REMOTE)
        yield Exemption("node_ports", and_(outside, unknown_in(through, "true"), match), False, reason)


def _is_open(switch: str, profile: Profile) -> bool:
    """Whether the user opened the switch again, or gave it a value of their own that is not the plugin's."""
    column = {"self_via_service": "policed", "icmp": "portless_rules_only"}
    return profile.fixed.get(switch) != column[switch]


def _counts_as_node(way: str, direction: Direction, inventory: Inventory) -> Pred:
    """What of a node's traffic is exempt as that of the own node."""
    if way == "primary_address_only":
        others = [
            Prefix.host(address)
            for node in inventory.nodes
            for family in (4, 6)
            for address in [a for a in node.addresses if a.family == family][1:]
        ]
        return not_(or_(*(address_in(direction.peer, other) for other in others)))
    if direction is Direction.EGRESS or way == "always_allow":
        return and_()
    if way == "root_only":
        other = fact("a process without root rights sends it from the node", of_flow=True)
        return not_(unknown_in(other, "true"))
    polices = fact("the plugin polices what a node sends to its own pods")
    return not_(unknown_in(polices, "true"))


def shows_ipv6(inventory: Inventory) -> bool:
    """Whether the cluster has IPv6 for certain."""
    if 4 not in inventory.families:
        return True
    known = [address.family for end in inventory.endpoints for address in end.addresses]
    return 6 in inventory.families and 6 in (*known, *(prefix.family for prefix in inventory.pod_space))


def _is_way_in(service: Service) -> bool:
    """What is known to rewrite the source: kubernetes/website tutorials/services/source-ip.md."""
    return service.type in ("NodePort", "LoadBalancer") and service.external_traffic_policy == "Cluster"


def _behind(service: Service) -> Pred:
    labels = (label_in(Side.DST, "pod", key, (value,)) for key, value in service.selector.items())
    ports = [
        and_(protocol_is(service.ports[n].protocol), port_in(backend.port, backend.port))
        for n, backends in service.backends.items()
        for backend in backends
    ]
    return and_(namespace_is(Side.DST, service.namespace), *labels, or_(*ports))
