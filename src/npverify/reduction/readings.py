"""Fills in what residuals leave open: unknowns by a reading, the packet by a cell of the packet space.

A residual compares the packet with constants only, so the packets fall into finitely many cells that it cannot tell apart.
One representative of each cell stands for all: that is how "there is a flow" becomes a disjunction without quantifiers.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

from npverify.inventory.addresses import BITS, FAMILIES, Address, Family
from npverify.inventory.unknowns import Reading, Unknown
from npverify.normal.flow import EPHEMERAL, ICMPV6, PORT_PROTOCOLS, protocol_name, protocol_number
from npverify.normal.predicates import (
    AddressIn,
    IcmpIs,
    PortIn,
    Pred,
    ProtocolIs,
    Side,
    UnknownIn,
    and_,
    atoms_of,
    const,
    substitute,
)

_SHOWN = (*PORT_PROTOCOLS, "ICMP")


class Packet(NamedTuple):
    """A representative of a cell: everything of a flow but its addresses."""

    family: Family
    protocol: str
    port: int | None = None
    icmp: tuple[int, int] | None = None
    src_port: int = EPHEMERAL


def under(pred: Pred, reading: Reading) -> Pred:
    """The predicate with every unknown at its value in the reading."""
    return substitute(
        pred, lambda atom: const(atom.unknown.value_in(reading) in atom.values) if isinstance(atom, UnknownIn) else atom
    )


def filled_in(pred: Pred, reading: Reading) -> Pred:
    """The predicate with the unknowns that a reading names at their values; the others stay open."""
    return substitute(
        pred,
        lambda atom: (
            const(reading[atom.unknown.name] in atom.values)
            if isinstance(atom, UnknownIn) and atom.unknown.name in reading
            else atom
        ),
    )


def of_every_flow(pred: Pred) -> Pred:
    """The predicate where it holds whatever is unknown of one flow alone: of other flows that may be something else."""
    for unknown in dict.fromkeys(a.unknown for a in atoms_of(pred) if isinstance(a, UnknownIn) and a.unknown.of_flow):
        pred = and_(*(_where(pred, unknown, value) for value in unknown.values))
    return pred


def _where(pred: Pred, unknown: Unknown, value: str) -> Pred:
    return substitute(
        pred,
        lambda atom: const(value in atom.values) if isinstance(atom, UnknownIn) and atom.unknown == unknown else atom,
    )


def at_packet(pred: Pred, packet: Packet) -> Pred:
    """The predicate for one packet; addresses of the packet's family and unknowns stay open."""

    def settle(atom: Pred) -> Pred:
        if isinstance(atom, ProtocolIs):
            return const(packet.protocol in atom.names)
        if isinstance(atom, PortIn):
            port = packet.src_port if atom.side is Side.SRC else packet.port
            return const(packet.port is not None and port is not None and atom.first <= port <= atom.last)
        if isinstance(atom, IcmpIs):
            right = packet.icmp is not None and packet.icmp[0] == atom.type
            return const(right and (atom.code is None or packet.icmp == (atom.type, atom.code)))
        if isinstance(atom, AddressIn) and atom.prefix.family != packet.family:
            return const(False)
        if isinstance(atom, AddressIn) and atom.prefix.length == 0:
            return const(True)
        return atom

    return substitute(pred, settle)


def at_address(pred: Pred, side: Side, address: Address) -> Pred:
    """The predicate with the address of one side filled in."""
    return substitute(
        pred,
        lambda atom: (
            const(atom.prefix.contains(address)) if isinstance(atom, AddressIn) and atom.side is side else atom
        ),
    )


def packets(preds: Iterable[Pred], also: Iterable[int] = ()) -> Iterator[Packet]:
    """One packet of each cell that the predicates tell apart, and the ports in `also`; TCP first, lowest first."""
    ports = {1, *also}
    src_ports = {EPHEMERAL}
    others: set[str] = set()
    codes: dict[int, set[int]] = {}
    for pred in preds:
        for atom in atoms_of(pred):
            if isinstance(atom, PortIn):
                (src_ports if atom.side is Side.SRC else ports).update((atom.first, atom.last + 1))
            elif isinstance(atom, ProtocolIs):
                others.update(name for name in atom.names if name not in _SHOWN)
            elif isinstance(atom, IcmpIs):
                codes.setdefault(atom.type, set()).update(() if atom.code is None else (atom.code,))
    codes.setdefault(_free(codes), set())
    icmp = [(kind, code) for kind, known in sorted(codes.items()) for code in (*sorted(known), _free(known))]
    sources = sorted((p for p in src_ports if 1 <= p <= 65535), key=lambda p: (p != EPHEMERAL, p))
    for family in FAMILIES:
        for protocol in PORT_PROTOCOLS:
            for port in sorted(p for p in ports if 1 <= p <= 65535):
                for source in sources:
                    yield Packet(family, protocol, port, src_port=source)
        for pair in icmp:
            yield Packet(family, "ICMP", icmp=pair)
        for name in _other_protocols(others):
            yield Packet(family, name)


def _other_protocols(named: Iterable[str]) -> Iterator[str]:
    """Of the protocols without ports and types: those that are named, and one that is not."""
    mentioned = sorted(named, key=protocol_number)
    yield from mentioned
    used = {protocol_number(name) for name in (*mentioned, *_SHOWN)} | {ICMPV6}
    yield protocol_name(next(n for n in range(256) if n not in used))


def _free(used: Container[int]) -> int:
    """The lowest ICMP type or code that is not used."""
    return next(n for n in range(256) if n not in used)


def cells(preds: Iterable[Pred], side: Side, family: Family) -> list[tuple[int, int]]:
    """The cells of addresses of one side that the predicates tell apart, as ranges with both ends included."""
    starts = {0}
    end = 1 << BITS[family]
    for pred in preds:
        for atom in atoms_of(pred):
            if isinstance(atom, AddressIn) and atom.side is side and atom.prefix.family == family:
                starts |= {atom.prefix.first, atom.prefix.last + 1}
    ordered = sorted(s for s in starts if s < end)
    return [(first, after - 1) for first, after in zip(ordered, [*ordered[1:], end], strict=True)]
