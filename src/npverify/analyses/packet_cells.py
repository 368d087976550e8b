"""The packets of one family as cells that a set of predicates cannot tell apart, and sets of cells as traffic in words.

A set of cells is an integer, bit i for cell i. Together the cells are every packet: each protocol, port, source port, ICMP type
and code. Not trusted: a property test holds what is said of a set against the oracle.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from npverify.ingest.source import InternalError
from npverify.normal.flow import ICMPV6, PORT_PROTOCOLS, protocol_name, protocol_number
from npverify.normal.predicates import IcmpIs, PortIn, Pred, ProtocolIs, Side, atoms_of

Range = tuple[int, int]
Ranges = tuple[Range, ...]

_PORTS: Range = (1, 65535)
_BYTE: Range = (0, 255)


class Traffic(NamedTuple):
    """Packets of one protocol, or of some without a name; every range has both ends in it, and () stands for all.

    `protocol`  a name of `normal.flow`, or "other" for the protocols with these `numbers`
    `ports`, `src_ports`  of TCP, UDP and SCTP; `types` and `codes` of ICMP
    """

    protocol: str
    ports: Ranges = ()
    src_ports: Ranges = ()
    types: Ranges = ()
    codes: Ranges = ()
    numbers: Ranges = ()


def covers(some: Sequence[Traffic], others: Sequence[Traffic]) -> bool:
    """Whether every packet of each of the others is certainly one of some traffic."""
    return all(any(_covers(one, other) for one in some) for other in others)


def _covers(one: Traffic, other: Traffic) -> bool:
    return one.protocol == other.protocol and all(
        not wide or (narrow != () and all(any(a <= c and d <= b for a, b in wide) for c, d in narrow))
        for wide, narrow in zip(one[1:], other[1:], strict=True)
    )


class _Ported(NamedTuple):
    protocol: str
    ports: Range
    src_ports: Range


class _Icmp(NamedTuple):
    types: Ranges
    codes: Ranges


class _Other(NamedTuple):
    numbers: Ranges


class PacketCells:
    """The cells that some predicates tell apart."""

    def __init__(self, preds: Iterable[Pred]) -> None:
        atoms = list(dict.fromkeys(atom for pred in preds for atom in atoms_of(pred)))
        ports, src_ports = (
            _cut(_PORTS, ((a.first, a.last) for a in atoms if isinstance(a, PortIn) and a.side is side))
            for side in (Side.DST, Side.SRC)
        )
        self._ports, self._src_ports = ports, src_ports
        self.cells: list[_Ported | _Icmp | _Other] = [
            _Ported(protocol, port, src) for protocol in PORT_PROTOCOLS for src in src_ports for port in ports
        ]
        self.cells += _icmp_cells(frozenset((a.type, a.code) for a in atoms if isinstance(a, IcmpIs)))
        named = frozenset(name for atom in atoms if isinstance(atom, ProtocolIs) for name in atom.names)
        self.cells += _other_cells(named)

    def __len__(self) -> int:
        return len(self.cells)

    @cached_property
    def all(self) -> int:
        """Every cell."""
        return (1 << len(self.cells)) - 1

    def of(self, atom: Pred) -> int | None:
        """The cells for which an atom is true; None if it is not about the packet."""
        if not isinstance(atom, ProtocolIs | PortIn | IcmpIs):
            return None
        if isinstance(atom, PortIn):
            return self._with_port(atom)
        return sum(1 << i for i, cell in enumerate(self.cells) if _true_of(atom, cell))

    def _with_port(self, atom: PortIn) -> int:
        """The cells of protocols with ports, as they are numbered: by protocol, then source port, then port."""
        whole = self._src_ports if atom.side is Side.SRC else self._ports
        a = bisect_left(whole, (atom.first, 0))
        b = bisect_left(whole, (atom.last + 1, 0), a)
        b -= b > a and whole[b - 1][1] > atom.last
        row = (1 << b) - (1 << a)
        width = len(self._ports)
        if atom.side is Side.SRC:
            row = sum(((1 << width) - 1) << width * i for i in range(len(whole)) if row >> i & 1)
            width *= len(whole)
        return sum(
            row << width * i for i in range(len(PORT_PROTOCOLS) * len(self._ports) * len(self._src_ports) // width)
        )

    def traffic(self, cells: int) -> tuple[Traffic, ...]:
        """A set of cells in words: TCP, UDP, SCTP, ICMP, then the others."""
        chosen = [cell for i, cell in enumerate(self.cells) if cells >> i & 1]
        found: list[Traffic] = []
        for protocol in PORT_PROTOCOLS:
            found += self._ported([c for c in chosen if isinstance(c, _Ported) and c.protocol == protocol])
        found += _icmp([c for c in chosen if isinstance(c, _Icmp)])
        numbers = _merged(r for c in chosen if isinstance(c, _Other) for r in c.numbers)
        if numbers:
            every = _merged(r for c in self.cells if isinstance(c, _Other) for r in c.numbers)
            found.append(Traffic("other", numbers=() if numbers == every else numbers))
        return tuple(found)

    def _ported(self, cells: Sequence[_Ported]) -> Iterator[Traffic]:
        by_source: dict[Range, list[Range]] = {}
        for cell in cells:
            by_source.setdefault(cell.src_ports, []).append(cell.ports)
        by_ports: dict[Ranges, list[Range]] = {}
        for src, ports in by_source.items():
            by_ports.setdefault(_merged(ports), []).append(src)
        for merged, sources in by_ports.items():
            src_ports = _merged(sources)
            yield Traffic(
                cells[0].protocol, () if merged == (_PORTS,) else merged, () if src_ports == (_PORTS,) else src_ports
            )


def _cut(whole: Range, ranges: Iterable[Range]) -> list[Range]:
    """The whole, cut wherever one of the ranges begins or ends."""
    starts = {whole[0]}
    for first, last in ranges:
        starts |= {n for n in (first, last + 1) if whole[0] < n <= whole[1]}
    ordered = sorted(starts)
    return [(first, after - 1) for first, after in zip(ordered, [*ordered[1:], whole[1] + 1], strict=True)]


def _rest(whole: Range, taken: Iterable[int]) -> Ranges:
    return _merged((n, n) for n in set(range(whole[0], whole[1] + 1)) - set(taken))


def _merged(ranges: Iterable[Range]) -> Ranges:
    """The same numbers in the fewest ranges, ascending."""
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


@lru_cache(maxsize=64)
def _icmp_cells(asked: frozenset[tuple[int, int | None]]) -> tuple[_Icmp, ...]:
    """The cells that are told apart by these types, each with a code or (None) any."""
    codes: dict[int, set[int]] = {}
    for kind, code in asked:
        codes.setdefault(kind, set()).update(() if code is None else (code,))
    found: list[_Icmp] = []
    for kind, known in sorted(codes.items()):
        found += (_Icmp(((kind, kind),), ((code, code),)) for code in sorted(known))
        if rest := _rest(_BYTE, known):
            found.append(_Icmp(((kind, kind),), rest))
    if rest := _rest(_BYTE, codes):
        found.append(_Icmp(rest, (_BYTE,)))
    return tuple(found)


@lru_cache(maxsize=64)
def _other_cells(named: frozenset[str]) -> tuple[_Other, ...]:
    usual = {protocol_number(name) for name in (*PORT_PROTOCOLS, "ICMP")} | {ICMPV6}
    numbers = sorted({protocol_number(name) for name in named} - usual)
    found = [_Other(((n, n),)) for n in numbers]
    if rest := _rest(_BYTE, usual.union(numbers)):
        found.append(_Other(rest))
    return tuple(found)


def _icmp(cells: Sequence[_Icmp]) -> Iterator[Traffic]:
    """Types with the same codes together; all of ICMP at once."""
    by_type: dict[Range, list[Range]] = {}
    for cell in cells:
        for types in cell.types:
            by_type.setdefault(types, []).extend(cell.codes)
    by_codes: dict[Ranges, list[Range]] = {}
    for types, codes in by_type.items():
        by_codes.setdefault(_merged(codes), []).append(types)
    for codes_, ranges in by_codes.items():
        merged = _merged(ranges)
        yield Traffic("ICMP", types=() if merged == (_BYTE,) else merged, codes=() if codes_ == (_BYTE,) else codes_)


def _true_of(atom: ProtocolIs | IcmpIs, cell: _Ported | _Icmp | _Other) -> bool:
    match atom, cell:
        case ProtocolIs(names), _Ported(protocol):
            return protocol in names
        case ProtocolIs(names), _Icmp():
            return "ICMP" in names
        case ProtocolIs(names), _Other(numbers):
            return any(protocol_name(first) in names for first, _ in numbers)
        case IcmpIs(kind, code), _Icmp(types, codes):
            return types == ((kind, kind),) and (code is None or codes == ((code, code),))
        case IcmpIs(), _:
            return False
    raise InternalError(f"no meaning of {atom} for {cell}")
