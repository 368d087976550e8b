"""Questions about packets alone, answered by trying one packet of each cell that the formula tells apart.

Where a formula asks about no address, one packet that satisfies it shows that there is one, and the preferred packet is the
first in the order of preference that does. That is exact and needs no solver; whatever else a formula asks about, or if it
has too many cells, is left to the solver. A test holds the answers against the solver's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from npverify.inventory.addresses import FAMILIES, Address
from npverify.normal.flow import EPHEMERAL, PORT_PROTOCOLS
from npverify.normal.predicates import (
    AddressIn,
    And,
    Const,
    IcmpIs,
    Not,
    Or,
    PortIn,
    Pred,
    ProtocolIs,
    Side,
    UnknownIn,
    atoms_of,
)
from npverify.reduction.readings import Packet
from npverify.smt.choose import Chosen

_MOST = 64
"""Atoms beyond which the solver is quicker."""


def preferred_packet(pred: Pred, declared: Sequence[tuple[str, int]] = ()) -> Chosen | None:
    """The packet that `choose` prefers; None where this cannot tell: no packet of TCP, UDP or SCTP satisfies the formula
    under the default reading, or it asks about more than packets. So if there is one, the formula can be true."""
    atoms = atoms_of(pred)
    if len(atoms) > _MOST or not all(map(_about_packets, atoms)):
        return None
    starts = {1}
    sources = {1}
    for atom in atoms:
        if isinstance(atom, PortIn):
            (sources if atom.side is Side.SRC else starts).update((atom.first, atom.last + 1))
    looks = any(isinstance(atom, PortIn) and atom.side is Side.SRC for atom in atoms)
    src_ports = [EPHEMERAL, *sorted(p for p in sources if 1 <= p <= 65535)] if looks else [EPHEMERAL]
    lowest = sorted(p for p in starts if 1 <= p <= 65535)
    for protocol in PORT_PROTOCOLS:
        ports = [*(number for name, number in declared if name == protocol), *lowest]
        for family in FAMILIES:
            for port in ports:
                for source in src_ports:
                    if _holds(pred, Packet(family, protocol, port, src_port=source), {}):
                        return Chosen(protocol, port, None, family, src_port=source if looks else None)
    return None


def every_port(statement: Pred, chosen: Chosen) -> bool | None:
    """Whether a predicate is true of every port of the chosen protocol, with everything else as it was chosen; None where
    this cannot tell."""
    atoms = atoms_of(statement)
    if chosen.port is None or chosen.reading or len(atoms) > _MOST:
        return None
    if not all(_about_packets(atom) or _settled(atom, chosen) for atom in atoms):
        return None
    ports = {1}
    for atom in atoms:
        if isinstance(atom, PortIn):
            if atom.side is Side.SRC and chosen.src_port is None:
                return None
            if atom.side is not Side.SRC:
                ports.update((atom.first, atom.last + 1))
    return all(
        _holds(statement, packet, chosen.addresses)
        for packet in _of_ports(chosen, (p for p in sorted(ports) if 1 <= p <= 65535))
    )


def _of_ports(chosen: Chosen, ports: Iterator[int]) -> Iterator[Packet]:
    source = EPHEMERAL if chosen.src_port is None else chosen.src_port
    return (Packet(chosen.family, chosen.protocol, port, src_port=source) for port in ports)


def _about_packets(atom: Pred) -> bool:
    if isinstance(atom, AddressIn):
        return atom.prefix.length == 0
    return isinstance(atom, PortIn | ProtocolIs | IcmpIs | UnknownIn | Const)


def _settled(atom: Pred, chosen: Chosen) -> bool:
    return isinstance(atom, AddressIn) and (atom.prefix.family != chosen.family or atom.side in chosen.addresses)


def _holds(pred: Pred, packet: Packet, addresses: Mapping[Side, Address]) -> bool:
    """Whether a predicate is true of a packet of TCP, UDP or SCTP under the default reading."""
    match pred:
        case Const(value):
            return value
        case Not(body):
            return not _holds(body, packet, addresses)
        case And(parts):
            return all(_holds(part, packet, addresses) for part in parts)
        case Or(parts):
            return any(_holds(part, packet, addresses) for part in parts)
        case ProtocolIs():
            return packet.protocol in pred.names
        case PortIn():
            port = packet.src_port if pred.side is Side.SRC else packet.port
            return port is not None and pred.first <= port <= pred.last
        case AddressIn():
            if pred.prefix.family != packet.family or pred.prefix.length == 0:
                return pred.prefix.family == packet.family
            return pred.prefix.contains(addresses[pred.side])
        case UnknownIn():
            return pred.unknown.value_in({}) in pred.values
    return False  # ICMP
