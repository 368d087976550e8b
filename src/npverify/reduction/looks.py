"""What predicates look at of the subject of a direction and of how its flows come about, so that what they say is worked out once.

Also rules in one shape: the same two parts whatever dialect they come from.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from npverify.normal.policy import Direction
from npverify.normal.predicates import (
    AddressIn,
    AddressOwnedBy,
    And,
    DnsIs,
    HttpIs,
    IcmpIs,
    KafkaIs,
    KindIs,
    NamedPortIs,
    NodeIs,
    OwnNode,
    PortIn,
    Pred,
    ProtocolIs,
    SelfTraffic,
    Side,
    UnknownIn,
    address_in,
    and_,
    atoms_of,
    substitute,
)

_OF_PACKETS = (ProtocolIs, PortIn, NamedPortIs, IcmpIs, HttpIs, DnsIs, KafkaIs)


class Looks(NamedTuple):
    """What predicates look at of a subject: its named ports, its kind, who it is; and whether at a pod that talks to itself
    directly or through a Service, at two ends on one node, at which node, and at ports and addresses of the destination."""

    ports: bool = False
    kind: bool = False
    identity: bool = False
    itself: bool = False
    through: bool = False
    near: bool = False
    node: bool = False
    to_port: bool = False
    to_address: bool = False

    @classmethod
    def of_all(cls, looks: Iterable[Looks]) -> Looks:
        """What any of some looks at."""
        return cls(*(any(said) for said in zip(cls(), *looks, strict=True)))


EVERYTHING = Looks(*[True] * len(Looks._fields))


@cache
def looks_at(pred: Pred, side: Side) -> Looks:
    """What a predicate asks of the subject; that it asks for a port of the packet is not about the subject."""
    ports = kind = identity = itself = through = near = node = to_port = to_address = False
    for atom in atoms_of(pred):
        of_subject = getattr(atom, "side", None) is side and not isinstance(atom, PortIn)
        ports |= of_subject and isinstance(atom, NamedPortIs)
        kind |= of_subject and isinstance(atom, KindIs | AddressOwnedBy | OwnNode)
        identity |= of_subject and not isinstance(atom, NamedPortIs | KindIs | AddressOwnedBy | OwnNode)
        identity |= isinstance(atom, NodeIs)
        itself |= isinstance(atom, SelfTraffic) and not atom.via_service
        through |= isinstance(atom, SelfTraffic) and atom.via_service
        near |= isinstance(atom, OwnNode | NodeIs)
        node |= isinstance(atom, NodeIs)
        to_port |= isinstance(atom, PortIn | NamedPortIs) and atom.side is Side.DST
        to_address |= isinstance(atom, AddressIn | AddressOwnedBy) and atom.side is Side.DST
    return Looks(ports, kind, identity, itself, through, near, node, to_port, to_address)


@cache
def family_of_peer(pred: Pred, direction: Direction) -> Pred:
    """The predicate with the address family of the subject asked of the peer: both ends of a flow have one. Which class the
    subject is of does then not matter."""

    def settle(atom: Pred) -> Pred:
        if isinstance(atom, AddressIn) and atom.side is direction.subject and atom.prefix.length == 0:
            return address_in(direction.peer, atom.prefix)
        return atom

    return substitute(pred, settle)


@cache
def turned(peer: Pred, traffic: Pred, direction: Direction) -> tuple[Pred, Pred]:
    """A rule in the same two parts whatever dialect it comes from: what it asks of the packet alone is asked of the traffic,
    all else of the peer."""
    parts: tuple[list[Pred], list[Pred]] = ([], [])
    for n, whole in enumerate((peer, traffic)):
        seen = family_of_peer(whole, direction)
        for part in seen.parts if isinstance(seen, And) else (seen,):
            kinds = {isinstance(atom, _OF_PACKETS) for atom in atoms_of(part) if not isinstance(atom, UnknownIn)}
            parts[n if len(kinds) == 2 else kinds == {True}].append(part)
    return and_(*parts[0]), and_(*parts[1])


@cache
def about_packets(pred: Pred) -> bool:
    """Whether a predicate looks at nothing but the packet and the reading."""
    return all(isinstance(atom, ProtocolIs | PortIn | IcmpIs | UnknownIn) for atom in atoms_of(pred))
