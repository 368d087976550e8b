"""Partial evaluation: a predicate with everything about *who* filled in, so that what is left is about the packet.

In: a predicate, and a `Case` that says who talks to whom. Out: a residual, an equivalent predicate over the packet, the
addresses that are not known and the unknowns. Not trusted: tests hold it against the oracle, and every counterexample that
comes of it is replayed.
"""

from __future__ import annotations

from dataclasses import dataclass

from npverify.inventory import labels
from npverify.inventory.addresses import EVERYTHING, NEVER_A_POD, Address, Prefix
from npverify.inventory.labels import of_replica, pod_label
from npverify.inventory.model import METADATA_NAME, Endpoint, EndpointKind, Inventory
from npverify.inventory.placement import node_of
from npverify.inventory.spaces import address_space
from npverify.inventory.unknowns import ABSENT, Unknown, account_label, label_text, namespace_label
from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.policy import Direction
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    AddressIn,
    AddressOwnedBy,
    And,
    Clause,
    Const,
    KindIs,
    LabelIn,
    LabelText,
    NamedPortIs,
    NamespaceIs,
    NodeIs,
    Not,
    Or,
    OwnNode,
    PortIn,
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
from npverify.reduction.requests import NO_REQUESTS, Requests

_ABOUT_AN_END = (
    KindIs,
    NamespaceIs,
    LabelIn,
    LabelText,
    ServiceAccountIs,
    NodeIs,
    AddressIn,
    AddressOwnedBy,
    OwnNode,
)
_HOST_NETWORK = (EndpointKind.HOST_POD, EndpointKind.NODE)
_OWNER = {
    EndpointKind.POD: "pod",
    EndpointKind.HOST_POD: "node",
    EndpointKind.NODE: "node",
    EndpointKind.REMOTE: "external",
    EndpointKind.PROXY: "external",
    EndpointKind.EXTERNAL: "external",
}


@dataclass(frozen=True, slots=True)
class Virtual:
    """The virtual addresses of the Service that a flow goes through (unknown where `known` is False), and its port."""

    addresses: tuple[Address, ...] = ()
    known: bool = False
    port: int = 0


@dataclass(frozen=True, slots=True)
class Circumstance:
    """How the two ends of a flow stand to each other; `via` is the Service between them, if there is one.

    `before_translation`  where the destination is seen under the address and port of that Service, as far as the ends tell
    """

    same: bool = False
    own_node: bool = False
    via: Virtual | None = None
    before_translation: Pred = FALSE


DIRECT = Circumstance()


class Partial:
    """Fills in the ends of flows over one inventory. Guards the facts that it looks up: namespaces and address spaces."""

    def __init__(self, inventory: Inventory, vip_visible: Pred = FALSE, requests: Requests = NO_REQUESTS) -> None:
        """`requests` are the kinds of requests that clauses tell apart."""
        self.requests = requests
        self._inventory = inventory
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
        if isinstance(atom, Clause):
            return self.requests.residual(atom)
        if isinstance(atom, PortIn | NamedPortIs):
            return self._port(atom, how, src, dst)
        if not isinstance(atom, _ABOUT_AN_END) or atom.side is Side.VIP:
            return atom
        end, other = (src, dst) if atom.side is Side.SRC else (dst, src)
        if isinstance(atom, NodeIs):
            return atom if end is None else self._node_is(atom, end, other, how)
        if end is None:
            return atom
        if isinstance(atom, AddressIn | AddressOwnedBy):
            return self._address(atom, direction, how, end, self._before(how, src, dst))
        if isinstance(atom, OwnNode):
            return const(how.own_node and end.kind in _HOST_NETWORK and (other is None or other.is_pod))
        if isinstance(atom, KindIs):
            return const(end.kind in atom.kinds)
        if isinstance(atom, NamespaceIs):
            return const(end.is_pod and end.namespace == atom.name)
        if isinstance(atom, ServiceAccountIs):
            return const(end.is_pod and end.service_account == atom.name)
        left = label_residual(atom, end, self._inventory)
        return of_one_pod(left) if how.same else left

    def _address(
        self, atom: AddressIn | AddressOwnedBy, direction: Direction, how: Circumstance, end: Endpoint, before: Pred
    ) -> Pred:
        if isinstance(atom, AddressIn):
            own = self.address_in(end, atom.side, atom.prefix)
        else:
            own = const(_OWNER[end.kind] in atom.owners)
        if how.via is None or atom.side is not Side.DST:
            return own
        virtual = (
            _virtual_address_in(how.via, atom.prefix)
            if isinstance(atom, AddressIn)
            else const("service" in atom.owners)
        )
        return ite(before, virtual, ite(self._vip_visible, virtual, own) if direction is Direction.EGRESS else own)

    def _before(self, how: Circumstance, src: Endpoint | None, dst: Endpoint | None) -> Pred:
        """Where the Service is still seen instead of the backend."""
        if how.via is None or isinstance(how.before_translation, Const):
            return how.before_translation if how.via is not None else FALSE
        return self.residual(how.before_translation, Direction.INGRESS, src=src, dst=dst)

    def _port(self, atom: PortIn | NamedPortIs, how: Circumstance, src: Endpoint | None, dst: Endpoint | None) -> Pred:
        """A port atom as far as it is known which port its side has, and whose it is."""
        end = src if atom.side is Side.SRC else dst
        own = atom if end is None or isinstance(atom, PortIn) else _named_port(atom, end)
        if how.via is None or atom.side is not Side.DST:
            return own
        virtual: Pred = FALSE  # a Service is no endpoint that could name its ports
        if isinstance(atom, PortIn) and atom.first <= how.via.port <= atom.last:
            virtual = protocol_is(*PORT_PROTOCOLS)
        return ite(self._before(how, src, dst), virtual, own)

    def _node_is(self, atom: NodeIs, end: Endpoint, other: Endpoint | None, how: Circumstance) -> Pred:
        if end.kind is EndpointKind.EXTERNAL:
            return FALSE
        if end.node is not None:
            return const(end.node == atom.name)
        if how.own_node:
            if other is None:
                return atom
            if other.node is not None:
                return const(other.node == atom.name)
            if atom.side is Side.DST:
                return unknown_in(node_of(other, Side.SRC, self._inventory), atom.name)
        side = Side.SRC if how.same else atom.side
        return unknown_in(node_of(end, side, self._inventory), atom.name)

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


def ends(direction: Direction, subject: Endpoint, peer: Endpoint | None = None) -> dict[str, Endpoint | None]:
    """The two ends by their side, for `Partial.residual`."""
    return {"src": subject, "dst": peer} if direction.subject is Side.SRC else {"src": peer, "dst": subject}


def label_residual(atom: LabelIn | LabelText, end: Endpoint, inventory: Inventory) -> Pred:
    """A label atom on a known endpoint: a constant, or a predicate over the unknown value of the label."""
    found = label_value(atom, end, inventory) if end.is_pod else None
    if found is None:
        return FALSE
    if isinstance(atom, LabelText):
        if isinstance(found, str):
            return const(_passes(found, atom))
        present = not_(unknown_in(found, ABSENT)) if ABSENT in found.values else TRUE
        return and_(present, unknown_in(label_text(found, atom.test, atom.text), "true"))
    if isinstance(found, str):
        return const(atom.values is None or found in atom.values)
    if atom.values is None:
        return not_(unknown_in(found, ABSENT)) if ABSENT in found.values else TRUE
    return unknown_in(found, *atom.values)


def label_value(atom: LabelIn | LabelText, end: Endpoint, inventory: Inventory) -> str | Unknown | None:
    """The label that an atom asks a pod for; None if it has none."""
    if atom.of == "pod":
        return pod_label(end, atom.key, atom.side)
    if atom.of == "service account" and not end.service_account:
        return None
    if atom.of == "service account":
        account = inventory.service_accounts.get((end.namespace, end.service_account))
        if account is None:
            return account_label(end.namespace, end.service_account, atom.key)
        return account.labels.get(atom.key)
    namespace = inventory.namespaces[end.namespace]
    found = namespace.labels.get(atom.key)
    if found is None and not namespace.declared and atom.key != METADATA_NAME:
        return namespace_label(namespace.name, atom.key)
    return found


def _passes(value: str, atom: LabelText) -> bool:
    if atom.test == "starts with":
        return value[: len(atom.text)] == atom.text
    if atom.test == "ends with":
        return value[-len(atom.text) :] == atom.text
    return atom.text in value


def seen_on(condition: Pred, end: Endpoint, side: Side) -> Pred:
    """A condition on the labels of an endpoint, as a statement about it on one side of a flow."""
    own = [u for u in end.labels.values() if isinstance(u, Unknown)]
    if not own:
        return condition
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


def _named_port(atom: NamedPortIs, end: Endpoint) -> Pred:
    if not end.is_pod:
        return FALSE
    protocols = PORT_PROTOCOLS if atom.protocol is None else (atom.protocol,)
    found = []
    for protocol in protocols:
        named = [p for p in end.ports if p.name == atom.name and p.protocol == protocol and p.origin in atom.origins]
        numbers = named[:1] if atom.first_only else named
        found.append(and_(protocol_is(protocol), or_(*(port_in(p.number, p.number, atom.side) for p in numbers))))
    return or_(*found)


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
