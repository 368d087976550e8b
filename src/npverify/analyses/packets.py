"""Sets of packets (protocol and destination port) as Python integers, and the set that a residual stands for.

Bit `i * 65536 + port` is the packet to `port` of the i-th protocol of `PORT_PROTOCOLS`; ports are 1 to 65535. ICMP is not
in these sets. Residuals come from `reduction`; what they leave open beyond the packet, unknowns and addresses, is filled in
here: unknowns by their default, addresses by the caller, the source port by the usual one.
"""

from __future__ import annotations

from npverify.analyses.results import Ports
from npverify.ingest.source import InternalError
from npverify.inventory.addresses import Address
from npverify.normal.flow import EPHEMERAL, PORT_PROTOCOLS
from npverify.normal.predicates import (
    TRUE,
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

_WIDTH = 1 << 16
_PORTS = (1 << _WIDTH) - 2


def _on_each(mask: int, protocols: tuple[str, ...] = PORT_PROTOCOLS) -> int:
    return sum(mask << (_WIDTH * i) for i, name in enumerate(PORT_PROTOCOLS) if name in protocols)


ALL_PACKETS = _on_each(_PORTS)


class PacketSets:
    """Turns residuals into sets of packets. Guards the memo."""

    def __init__(self) -> None:
        self._memo: dict[tuple[Pred, Address | None, Address | None], int] = {}
        self._sides: dict[Pred, tuple[bool, bool]] = {}
        self._ports: dict[int, tuple[Ports, ...]] = {}

    def of(self, pred: Pred, src: Address | None, dst: Address | None) -> int:
        """The packets for which a residual is true between two addresses, under the default reading."""
        if isinstance(pred, Const):
            return ALL_PACKETS if pred is TRUE else 0
        at_src, at_dst = self.sides(pred)
        key = (pred, src if at_src else None, dst if at_dst else None)
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = self._evaluate(pred, src, dst)
        return found

    def sides(self, pred: Pred) -> tuple[bool, bool]:
        """Whether a residual looks at the source's address, and at the destination's."""
        found = self._sides.get(pred)
        if found is None:
            sides = {a.side for a in atoms_of(pred) if isinstance(a, AddressIn)}
            found = self._sides[pred] = (Side.SRC in sides, Side.DST in sides)
        return found

    def ports(self, packets: int) -> tuple[Ports, ...]:
        """A set of packets as ranges of ports per protocol; protocols without a port are left out."""
        found = self._ports.get(packets)
        if found is None:
            each = ((name, _ranges(packets >> (_WIDTH * i) & _PORTS)) for i, name in enumerate(PORT_PROTOCOLS))
            found = self._ports[packets] = tuple(Ports(name, ranges) for name, ranges in each if ranges)
        return found

    def _evaluate(self, pred: Pred, src: Address | None, dst: Address | None) -> int:
        match pred:
            case Not(body):
                return ALL_PACKETS & ~self.of(body, src, dst)
            case And(parts):
                packets = ALL_PACKETS
                for part in parts:
                    packets &= self.of(part, src, dst)
                    if not packets:
                        break
                return packets
            case Or(parts):
                packets = 0
                for part in parts:
                    packets |= self.of(part, src, dst)
                return packets
            case AddressIn(side, prefix):
                address = src if side is Side.SRC else dst
                return ALL_PACKETS if address is not None and prefix.contains(address) else 0
            case UnknownIn(unknown, values):
                return ALL_PACKETS if unknown.default in values else 0
            case ProtocolIs(names):
                return _on_each(_PORTS, names)
            case PortIn(first, last, Side.SRC):
                return ALL_PACKETS if first <= EPHEMERAL <= last else 0
            case PortIn(first, last):
                return _on_each(((1 << (last + 1)) - (1 << first)) & _PORTS)
            case IcmpIs():
                return 0
            case _:
                raise InternalError(f"a residual still asks about an endpoint: {type(pred).__name__}")


def _ranges(mask: int) -> tuple[tuple[int, int], ...]:
    found = []
    at = 0
    while mask:
        gap = (mask & -mask).bit_length() - 1
        mask >>= gap
        run = (~mask & (mask + 1)).bit_length() - 1
        mask >>= run
        found.append((at + gap, at + gap + run - 1))
        at += gap + run
    return tuple(found)
