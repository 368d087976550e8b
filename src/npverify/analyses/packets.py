"""Sets of packets (protocol and destination port) as Python integers, and the set that a predicate about the packet stands for.

Ports that no predicate tells apart are one bit: bit `i * width + n` is the packet of the i-th protocol of `PORT_PROTOCOLS` to
the n-th run of ports; ports are 1 to 65535. ICMP is not in these sets. Under the default reading: unknowns have their default,
the source port is the usual one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from npverify.analyses.results import Ports
from npverify.ingest.source import InternalError
from npverify.normal.flow import EPHEMERAL, PORT_PROTOCOLS
from npverify.normal.predicates import And, Const, IcmpIs, Not, Or, PortIn, Pred, ProtocolIs, Side, UnknownIn

_BEHIND_THE_LAST = 65536


class PacketSets:
    """Turns predicates into sets of packets, and sets into ports. Guards the memos.

    `all`  every packet
    """

    def __init__(self, mentioned: Iterable[tuple[int, int]]) -> None:
        """`mentioned`: the ranges of destination ports (both ends included) that predicates may ask for."""
        cuts = {1, _BEHIND_THE_LAST}
        for first, last in mentioned:
            cuts |= {max(first, 1), last + 1}
        self._cuts = sorted(cuts)
        self._width = len(cuts) - 1
        self._of_one_protocol = (1 << self._width) - 1
        self.all = self._on(self._of_one_protocol, PORT_PROTOCOLS)
        self._memo: dict[Pred, int] = {}
        self._ports: dict[int, tuple[Ports, ...]] = {}

    def of(self, pred: Pred) -> int:
        """The packets for which a predicate about the packet alone is true; InternalError if it asks about an endpoint."""
        found = self._memo.get(pred)
        if found is None:
            found = self._memo[pred] = self._evaluate(pred)
        return found

    def ports(self, packets: int) -> tuple[Ports, ...]:
        """A set of packets as ranges of ports per protocol; protocols without a port are left out."""
        found = self._ports.get(packets)
        if found is None:
            each = (
                (name, self._ranges(packets >> (self._width * i) & self._of_one_protocol))
                for i, name in enumerate(PORT_PROTOCOLS)
            )
            found = self._ports[packets] = tuple(Ports(name, ranges) for name, ranges in each if ranges)
        return found

    def _on(self, mask: int, protocols: tuple[str, ...]) -> int:
        return sum(mask << (self._width * i) for i, name in enumerate(PORT_PROTOCOLS) if name in protocols)

    def _evaluate(self, pred: Pred) -> int:
        match pred:
            case Const(value):
                return self.all if value else 0
            case Not(body):
                return self.all & ~self.of(body)
            case And(parts):
                packets = self.all
                for part in parts:
                    packets &= self.of(part)
                return packets
            case Or(parts):
                packets = 0
                for part in parts:
                    packets |= self.of(part)
                return packets
            case UnknownIn(unknown, values):
                return self.all if unknown.default in values else 0
            case ProtocolIs(names):
                return self._on(self._of_one_protocol, names)
            case PortIn(first, last, Side.SRC):
                return self.all if first <= EPHEMERAL <= last else 0
            case PortIn(first, last):
                return self._on((1 << self._run(last + 1)) - (1 << self._run(max(first, 1))), PORT_PROTOCOLS)
            case IcmpIs():
                return 0
            case _:
                raise InternalError(f"a residual still asks about an endpoint: {type(pred).__name__}")

    def _run(self, port: int) -> int:
        """The number of the run that begins with a port."""
        n = bisect_left(self._cuts, port)
        if self._cuts[n] != port:
            raise InternalError(f"no predicate was known to mention port {port}")
        return n

    def _ranges(self, runs: int) -> tuple[tuple[int, int], ...]:
        return tuple((self._cuts[first], self._cuts[last + 1] - 1) for first, last in spans(runs))


def spans(bits: int) -> list[tuple[int, int]]:
    """The runs of members of a set, ascending, both ends included."""
    found = []
    at = 0
    while bits:
        gap = (bits & -bits).bit_length() - 1
        bits >>= gap
        length = (~bits & (bits + 1)).bit_length() - 1
        bits >>= length
        found.append((at + gap, at + gap + length - 1))
        at += gap + length
    return found
