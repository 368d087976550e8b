"""At what predicates look, for tables of packets: so that what is the same for many subjects is worked out once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import cache
from typing import NamedTuple

from npverify.normal.predicates import (
    AddressIn,
    AddressOwnedBy,
    KindIs,
    NamedPortIs,
    OwnNode,
    PortIn,
    Pred,
    Side,
    atoms_of,
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


@cache
def looks_beyond(pred: Pred, side: Side) -> Looks:
    """At what of a side a predicate looks beyond its kind; its address counts as who it is."""
    at_its_kind_at_most = {KindIs, OwnNode, AddressOwnedBy, PortIn}
    asked = {type(a) for a in atoms_of(pred) if getattr(a, "side", None) is side} - at_its_kind_at_most
    return Looks(NamedPortIs in asked, bool(asked - {NamedPortIs})) if asked else AT_NOTHING


@cache
def looks_at(pred: Pred) -> frozenset[Side]:
    """The sides that a predicate looks at."""
    return frozenset(atom.side for atom in atoms_of(pred) if hasattr(atom, "side"))


@cache
def asks_any_address(pred: Pred) -> bool:
    """Whether a predicate asks for the address of anybody."""
    return any(isinstance(atom, AddressIn) for atom in atoms_of(pred))


@cache
def asks_address(pred: Pred, side: Side) -> bool:
    """Whether a predicate asks for the address of a side."""
    return any(isinstance(atom, AddressIn) and atom.side is side for atom in atoms_of(pred))
