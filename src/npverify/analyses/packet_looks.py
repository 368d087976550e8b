"""At what predicates look, for tables of packets: so that what is the same for many subjects is worked out once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import cache
from typing import NamedTuple

from npverify.normal.predicates import (
    AddressIn,
    AddressOwnedBy,
    And,
    Const,
    KindIs,
    NamedPortIs,
    Not,
    Or,
    OwnNode,
    PortIn,
    Pred,
    Side,
)
from npverify.reduction.residuals import Residuals


class Looks(NamedTuple):
    """At what of the subject something looks beyond its kind: at its named ports, at who it is, at its address alone."""

    ports: bool = False
    identity: bool = False
    address: bool = False

    def aspect(self, kind: Hashable, ported: Hashable, c: int) -> Hashable:
        """Equal for subjects of which it leaves the same; `ported`: kind and named ports of class `c`."""
        return c if self.identity else ported if self.ports else kind


AT_NOTHING = Looks()


def all_looks(each: Iterable[Looks]) -> Looks:
    """All of it together."""
    ports = identity = address = False
    for one in each:
        if one is not AT_NOTHING:
            ports, identity, address = ports or one.ports, identity or one.identity, address or one.address
    return Looks(ports, identity, address) if ports or identity or address else AT_NOTHING


def mentioned_ports(residuals: Residuals) -> set[tuple[int, int]]:
    """The ranges of destination ports that residuals can ask for."""
    found: set[tuple[int, int]] = set()
    names = False
    for atom in residuals.atoms:
        if isinstance(atom, PortIn) and atom.side is Side.DST:
            found.add((atom.first, atom.last))
        names |= isinstance(atom, NamedPortIs)
    if names:
        found |= {(p.number, p.number) for end in residuals.classes.representatives for p in end.ports if p.name}
    return found


_Kinds = frozenset[tuple[type[Pred], Side | None]]


@cache
def _kinds(pred: Pred) -> _Kinds:
    """The kinds of the atoms of a predicate, each with the side that it looks at; told from those of its parts, which many
    predicates share."""
    if isinstance(pred, And | Or):
        return _one(frozenset().union(*map(_kinds, pred.parts)))
    if isinstance(pred, Not):
        return _kinds(pred.body)
    return frozenset() if isinstance(pred, Const) else _one(frozenset({(type(pred), getattr(pred, "side", None))}))


@cache
def _one(kinds: _Kinds) -> _Kinds:
    """The same object for equal ones: there are few, and a set remembers its hash."""
    return kinds


@cache
def _looks(kinds: _Kinds, at_source: bool) -> Looks:
    side = Side.SRC if at_source else Side.DST
    asked = {kind for kind, of in kinds if of is side} - {KindIs, OwnNode, AddressOwnedBy, PortIn}
    return Looks(NamedPortIs in asked, bool(asked - {NamedPortIs})) if asked else AT_NOTHING


@cache
def _sides(kinds: _Kinds) -> frozenset[Side]:
    return frozenset(side for _, side in kinds if side is not None)


def looks_beyond(pred: Pred, side: Side) -> Looks:
    """At what of the source or the destination a predicate looks beyond its kind; its address counts as who it is."""
    return _looks(_kinds(pred), side is Side.SRC)  # a side takes longer to hash


def looks_at(pred: Pred) -> frozenset[Side]:
    """The sides that a predicate looks at."""
    return _sides(_kinds(pred))


def asks_address(pred: Pred, side: Side) -> bool:
    """Whether a predicate asks for the address of a side."""
    return (AddressIn, side) in _kinds(pred)


def asks_any_address(pred: Pred) -> bool:
    """Whether a predicate asks for the address of anybody."""
    return any(kind is AddressIn for kind, _ in _kinds(pred))
