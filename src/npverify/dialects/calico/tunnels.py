"""What wraps the packets of pods on their way: only nodes may send it, and no policy of theirs can stop it.

Source: projectcalico/calico felix/rules/static.go (filterInputChain, filterOutputChain), felix/rules/endpoints.go.
"""

from __future__ import annotations

from npverify.dialects.calico.resources import Felix
from npverify.inventory.addresses import EVERYTHING
from npverify.inventory.model import EndpointKind
from npverify.inventory.unknowns import fact
from npverify.normal.policy import Action, Direction, Exemption, Stage
from npverify.normal.predicates import (
    Pred,
    Side,
    address_in,
    and_,
    const,
    kind_is,
    not_,
    or_,
    port_in,
    protocol_is,
    self_traffic,
    unknown_in,
)

VXLAN = 4789
"""The port of VXLAN packets: felix/config/config_params.go VXLANPort."""


def from_pods(felix: Felix, *, bpf: bool) -> Stage:
    """Pods must not send what looks like the cluster's own tunnels; to BPF that is IPIP, whatever Felix is told
    (felix/bpf-gpl/parsing.h)."""
    found = []
    if not felix.vxlan_from_pods and not bpf:
        found.append(_vxlan(felix))
    if not felix.ipip_from_pods or bpf:
        found.append(_IPIP)
    applies = and_(kind_is(Side.SRC, EndpointKind.POD), not_(self_traffic(via_service=False)), or_(*found))
    what = "IPIP" if bpf else "VXLAN (UDP 4789) or IPIP, unless its configuration allows it"
    reason = f"Felix drops what pods send as {what}"
    return Stage("encapsulation", applies, final=Action.DENY, reason=reason)


def between_nodes(felix: Felix, direction: Direction) -> Exemption:
    """What nodes send each other; whether they use VXLAN or IPIP depends on address pools, if nothing is configured."""
    node = kind_is(direction.peer, EndpointKind.NODE, EndpointKind.HOST_POD)
    wireguard = (
        and_(protocol_is("UDP"), port_in(port, port), address_in(direction.subject, EVERYTHING[family]))
        for family, port in felix.wireguard
    )
    of_ipv4 = address_in(direction.subject, EVERYTHING[4])  # IP in IP carries and is carried by IPv4 alone
    tunnels = or_(and_(_used("VXLAN", felix.vxlan), _vxlan(felix)), and_(_used("IPIP", felix.ipip), _IPIP, of_ipv4))
    match = or_(and_(node, tunnels), *wireguard)
    return Exemption("tunnels", match, False, "nodes may send each other the packets of pods, wrapped in their own")


def _used(name: str, told: bool | None) -> Pred:
    return unknown_in(fact(f"nodes use {name}"), "true") if told is None else const(told)


def _vxlan(felix: Felix) -> Pred:
    port = felix.vxlan_port or VXLAN
    return and_(protocol_is("UDP"), port_in(port, port))


_IPIP = protocol_is("4")
