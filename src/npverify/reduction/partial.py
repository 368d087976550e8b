"""Partial evaluation: a predicate with everything about *who* filled in, so that what is left is about the packet.

In: a predicate, and a `Case` that says who talks to whom. Out: a residual, an equivalent predicate over the packet, the
addresses that are not known and the unknowns. Not trusted: tests hold it against the oracle, and every counterexample that
comes of it is replayed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from npverify.inventory import labels
from npverify.inventory.addresses import EVERYTHING, NEVER_A_POD, Address, Prefix
from npverify.inventory.labels import of_replica, pod_label
from npverify.inventory.model import METADATA_NAME, Endpoint, EndpointKind, Inventory, Namespace
from npverify.inventory.spaces import address_space
from npverify.inventory.unknowns import ABSENT, Unknown, namespace_label
from npverify.normal.policy import Direction
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    AddressIn,
    AddressOwnedBy,
    And,
    KindIs,
    LabelIn,
    NamedPortIs,
    NamespaceIs,
    Not,
    Or,
    OwnNode,
    Pred,
    SelfTraffic,
    ServiceAccountIs,
    Side,
    UnknownIn,
    address_in,
    and_,
    const,
    ite,
    not_,
    or_,
    port_in,
    protocol_is,
    substitute,
    unknown_in,
)

_HOST_NETWORK = (EndpointKind.HOST_POD, EndpointKind.NODE)
_OWNER = {
    EndpointKind.POD: "pod",
    EndpointKind.HOST_POD: "node",
    EndpointKind.NODE: "node",
    EndpointKind.EXTERNAL: "external",
}


@dataclass(frozen=True, slots=True)
class Virtual:
    """The virtual addresses of the Service that a flow goes through; unknown where `known` is False."""

    addresses: tuple[Address, ...] = ()
    known: bool = False


@dataclass(frozen=True, slots=True)
class Circumstance:
    """How the two ends of a flow stand to each other; `via` is the Service between them, if there is one."""

    same: bool = False
    own_node: bool = False
    via: Virtual | None = None


DIRECT = Circumstance()


class Partial:
    """Fills in the ends of flows over one inventory. Guards the facts that it looks up: namespaces and address spaces."""

    def __init__(self, inventory: Inventory, vip_visible: Pred = FALSE) -> None:
        self._namespaces = inventory.namespaces
        self._families = inventory.families
        self._spaces = {kind: address_space(inventory, kind) for kind in EndpointKind}
        self._vip_visible = vip_visible

    def residual(
        self,
        pred: Pred,
        direction: Direction,
        how: Circumstance = DIRECT,
        *,
        src: Endpoint | None = None,
        dst: Endpoint | None = None,
    ) -> Pred:
        """What is left of `pred` in that direction when these ends are known; an end of None stays as it is."""
        if isinstance(pred, And):
            parts = []
            for part in pred.parts:
                left = self.residual(part, direction, how, src=src, dst=dst)
                if left is FALSE:
                    return FALSE
                parts.append(left)
            return and_(*parts)
        if isinstance(pred, Or):
            parts = []
            for part in pred.parts:
                left = self.residual(part, direction, how, src=src, dst=dst)
                if left is TRUE:
                    return TRUE
                parts.append(left)
            return or_(*parts)
        if isinstance(pred, Not):
            return not_(self.residual(pred.body, direction, how, src=src, dst=dst))
        return self._atom(pred, direction, how, src, dst)

    def _atom(
        self, atom: Pred, direction: Direction, how: Circumstance, src: Endpoint | None, dst: Endpoint | None
    ) -> Pred:
        if isinstance(atom, SelfTraffic):
            return const(how.same and (how.via is not None) == atom.via_service)
        if isinstance(atom, NamedPortIs):
            return atom if dst is None else _named_port(atom, dst)
        if not isinstance(
            atom, KindIs | NamespaceIs | LabelIn | ServiceAccountIs | AddressIn | AddressOwnedBy | OwnNode
        ):
            return atom
        end = src if atom.side is Side.SRC else dst
        if end is None:
            return atom
        if isinstance(atom, AddressIn):
            own = self.address_in(end, atom.side, atom.prefix)
            if how.via is not None and direction is Direction.EGRESS and atom.side is Side.DST:
                return ite(self._vip_visible, _virtual_address_in(how.via, atom.prefix), own)
            return own
        if isinstance(atom, AddressOwnedBy):
            owned = const(_OWNER[end.kind] in atom.owners)
            if how.via is not None and direction is Direction.EGRESS and atom.side is Side.DST:
                return ite(self._vip_visible, const("service" in atom.owners), owned)
            return owned
        if isinstance(atom, OwnNode):
            return const(how.own_node and end.kind in _HOST_NETWORK)
        if isinstance(atom, KindIs):
            return const(end.kind in atom.kinds)
        if isinstance(atom, NamespaceIs):
            return const(end.is_pod and end.namespace == atom.name)
        if isinstance(atom, ServiceAccountIs):
            return const(end.is_pod and end.service_account == atom.name)
        left = label_residual(atom, end, self._namespaces)
        return of_one_pod(left) if how.same else left

    def address_in(self, end: Endpoint, side: Side, prefix: Prefix) -> Pred:
        """Whether the address of `end` lies in `prefix`, as far as the inventory tells."""
        if end.kind is EndpointKind.EXTERNAL:
            return address_in(side, prefix)
        if end.address_known:
            return _known_address_in(end.addresses, side, prefix)
        return self._unknown_address_in(end, side, prefix)

    def _unknown_address_in(self, end: Endpoint, side: Side, prefix: Prefix) -> Pred:
        if prefix.family not in self._families or any(never.covers(prefix) for never in NEVER_A_POD):
            return FALSE
        everywhere = TRUE if self._families == {prefix.family} else address_in(side, EVERYTHING[prefix.family])
        if prefix.length == 0:
            return everywhere
        space = [p for p in self._spaces[end.kind] if p.family == prefix.family]
        if space:
            if all(prefix.covers(p) for p in space):
                return everywhere
            if not any(prefix.overlaps(p) for p in space):
                return FALSE
        return address_in(side, prefix)


def label_residual(atom: LabelIn, end: Endpoint, namespaces: Mapping[str, Namespace]) -> Pred:
    """A label atom on a known endpoint: a constant, or a predicate over the unknown value of the label."""
    if not end.is_pod:
        return FALSE
    found: str | Unknown | None
    if atom.of == "pod":
        found = pod_label(end, atom.key, atom.side)
    else:
        namespace = namespaces[end.namespace]
        found = namespace.labels.get(atom.key)
        if found is None and not namespace.declared and atom.key != METADATA_NAME:
            found = namespace_label(namespace.name, atom.key)
    if found is None:
        return FALSE
    if isinstance(found, str):
        return const(atom.values is None or found in atom.values)
    if atom.values is None:
        return not_(unknown_in(found, ABSENT)) if ABSENT in found.values else TRUE
    return unknown_in(found, *atom.values)


def seen_on(condition: Pred, end: Endpoint, side: Side) -> Pred:
    """A condition on the labels of an endpoint, as a statement about it on one side of a flow."""
    own = [u for u in end.labels.values() if isinstance(u, Unknown)]
    return substitute(
        condition,
        lambda atom: (
            unknown_in(of_replica(atom.unknown, end, side), *atom.values)
            if isinstance(atom, UnknownIn) and atom.unknown in own
            else atom
        ),
    )


def of_one_pod(pred: Pred) -> Pred:
    """A residual about two replicas, as one about a pod that talks to itself."""
    return substitute(
        pred,
        lambda atom: unknown_in(labels.of_one_pod(atom.unknown), *atom.values) if isinstance(atom, UnknownIn) else atom,
    )


def _named_port(atom: NamedPortIs, dst: Endpoint) -> Pred:
    if not dst.is_pod:
        return FALSE
    named = [p for p in dst.ports if p.name == atom.name and p.protocol == atom.protocol and p.origin in atom.origins]
    if atom.first_only:
        named = named[:1]
    return and_(protocol_is(atom.protocol), or_(*(port_in(p.number, p.number) for p in named)))


def _known_address_in(addresses: tuple[Address, ...], side: Side, prefix: Prefix) -> Pred:
    """Whether the address that is used, one of `addresses`, lies in the prefix; open if they differ within its family."""
    of_family = [a for a in addresses if a.family == prefix.family]
    inside = sum(prefix.contains(a) for a in of_family)
    if inside == 0:
        return FALSE
    if inside < len(of_family):
        return address_in(side, prefix)
    return TRUE if len(of_family) == len(addresses) else address_in(side, EVERYTHING[prefix.family])


def _virtual_address_in(via: Virtual, prefix: Prefix) -> Pred:
    return _known_address_in(via.addresses, Side.VIP, prefix) if via.known else address_in(Side.VIP, prefix)
