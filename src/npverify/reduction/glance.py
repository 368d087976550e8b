"""At what a predicate looks, told from its parts, so that what policies share is walked through once."""

from __future__ import annotations

from functools import cache

from npverify.normal.predicates import (
    AddressIn,
    AddressOwnedBy,
    And,
    IcmpIs,
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
    ProtocolIs,
    SelfTraffic,
    ServiceAccountIs,
    Side,
    atoms_of,
)

_AT = {Side.SRC: 1, Side.DST: 2, Side.VIP: 4}
_IDENTITY = 8  # times the side
_PORT_BY_NAME = 64  # times the side
_NODE = 512
_CIRCUMSTANCE = 1024

_WHO = (NamespaceIs, LabelIn, LabelText, ServiceAccountIs, NodeIs, AddressIn)
_AT_A_SERVICE = (AddressIn, AddressOwnedBy, PortIn, NamedPortIs)


def looks_at(pred: Pred, side: Side) -> bool:
    """Whether a predicate asks about a side at all."""
    return bool(_seen(pred) & _AT[side])


def looks_at_identity(pred: Pred, side: Side) -> bool:
    """Whether a predicate asks about one side more than its kind, its ports and whether it is on the other's node."""
    return bool(_seen(pred) & _IDENTITY * _AT[side])


def asks_for_ports(pred: Pred, side: Side) -> bool:
    """Whether a predicate asks for a port of a side by its name."""
    return bool(_seen(pred) & _PORT_BY_NAME * _AT[side])


def mentions_node(pred: Pred) -> bool:
    """Whether a predicate asks for a node by its name."""
    return bool(_seen(pred) & _NODE)


def depends_on_circumstance(pred: Pred) -> bool:
    """Whether what is left of a predicate may hang on how the two ends stand to each other."""
    return bool(_seen(pred) & _CIRCUMSTANCE)


@cache
def _seen(pred: Pred) -> int:
    if isinstance(pred, And | Or):
        found = 0
        for part in pred.parts:
            found |= _seen(part)
        return found
    if isinstance(pred, Not):
        return _seen(pred.body)
    side: Side | None = getattr(pred, "side", None)
    at = _AT[side] if side is not None else 0
    found = at
    if isinstance(pred, _WHO):
        found |= _IDENTITY * at
    if isinstance(pred, NamedPortIs):
        found |= _PORT_BY_NAME * at
    if isinstance(pred, NodeIs):
        found |= _NODE
    if isinstance(pred, SelfTraffic | OwnNode | NodeIs) or (isinstance(pred, _AT_A_SERVICE) and side is Side.DST):
        found |= _CIRCUMSTANCE
    return found


@cache
def about_packets(pred: Pred) -> bool:
    """Whether a predicate is about the packet alone, so that no endpoint makes it smaller."""
    return all(isinstance(atom, PortIn | ProtocolIs | IcmpIs) for atom in atoms_of(pred))
