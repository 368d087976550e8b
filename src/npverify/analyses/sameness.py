"""Whether two residuals mean the same, and whether one can be true, by trying every case that they can tell apart.

A residual compares ports, addresses and unknowns with constants only, so there are finitely many cases: packets are held as a
set of cells (`packet_cells`), addresses as cells between the mentioned prefixes, unknowns as the mentioned values and one that
is not. Exact where it says that two are the same: no premise is used, and unknowns that hang together count as independent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, reduce
from itertools import chain
from math import prod
from operator import and_

from npverify.analyses.packet_cells import PacketCells
from npverify.ingest.source import InternalError
from npverify.inventory.addresses import FAMILIES, Address, Family, Prefix
from npverify.inventory.unknowns import Unknown
from npverify.normal.predicates import (
    AddressIn,
    And,
    Const,
    Not,
    Or,
    Pred,
    Side,
    UnknownIn,
    atoms_of,
    const,
    substitute,
)
from npverify.reduction.readings import cells
from npverify.smt.solver import NOTHING_TAKEN, Taken

_MOST = 512  # cases beyond which the solver is quicker

_MOST_ASKED = 100  # atoms about addresses and unknowns of a question that is tried
_MOST_TRIED = 8_192  # the same where one formula is looked at, and not a pair

_Case = dict[Pred, bool]
"""The value of each atom that is not about the packet."""


class Sameness:
    """Compares residuals. Guards the memo."""

    def __init__(self) -> None:
        self._memo: dict[tuple[Pred, Pred], bool] = {}

    def certain(self, one: Pred, other: Pred) -> bool:
        """Whether the two are true of the same flows under the same readings; False: they differ, or it was not tried."""
        if one is other:
            return True
        found = self._memo.get((one, other))
        if found is None:
            found = self._memo[one, other] = _same(one, other)
        return found


def values(pred: Pred, packets: PacketCells, known: dict[Pred, int | None] | None = None) -> set[int] | None:
    """The sets of cells for which a predicate about packets and unknowns is true, under one reading after the other; None
    if it asks about more, or there are too many. `known` remembers the cells of atoms."""
    atoms = atoms_of(pred)
    memo = {} if known is None else known
    for atom in atoms:
        if atom not in memo:
            memo[atom] = packets.of(atom)
    about = {atom: found for atom in atoms if (found := memo[atom]) is not None}
    ways = list(by_reading(atoms))
    count = prod(map(len, ways))
    if count > _MOST or any(a not in about and not isinstance(a, UnknownIn) for a in atoms):
        return None
    width = len(packets)
    whole = _value(pred, _table(about, width, [ways]), (1 << width * count) - 1)
    return {whole >> width * n & packets.all for n in range(count)}


def some_packet(pred: Pred) -> bool:
    """Whether some packet satisfies a predicate under every reading; False too where it asks about more."""
    if isinstance(pred, Const):
        return pred.value
    packets = PacketCells((pred,))
    found = values(pred, packets)
    return found is not None and reduce(and_, found, packets.all) != 0


def possible(pred: Pred, taken: Taken = NOTHING_TAKEN, *, one: bool | None = None) -> bool | None:
    """Whether some flow satisfies a predicate, as `smt.solver.satisfiable` says for the same arguments; None: it was not tried."""
    atoms = atoms_of(pred)
    packets = PacketCells((pred,))
    known = {atom: found for atom in atoms if (found := packets.of(atom)) is not None}
    if not all(isinstance(atom, AddressIn | UnknownIn) or atom in known for atom in atoms):
        return None
    if len(atoms) - len(known) > _MOST_ASKED:  # each is looked at in as many cases
        return None

    facts = dict(map(_fact, pred.parts)) if isinstance(pred, And) else {}

    def true_somewhere(families: Iterable[Family], taken: Taken | None) -> bool | None:
        each = ([_where(part, facts) for part in _parts(atoms, family, taken)] for family in families)
        ways = [parts for parts in each if all(parts)]
        count = sum(prod(map(len, parts)) for parts in ways)
        if not count or count > _MOST_TRIED:
            return None if count else False
        table, every = _table(known, len(packets), ways), (1 << len(packets) * count) - 1
        return _value(pred, table, every) != 0

    ends = (Side.SRC, Side.DST)
    free = (f for f in FAMILIES if one is None or not all(_mentions(atoms, side, f) for side in ends))
    said = true_somewhere(free, taken)
    if said is False:  # what is left out of these cases may be so all the same
        return False if true_somewhere(FAMILIES, None) is False else None
    return said


def _fact(part: Pred) -> tuple[Pred, bool]:
    """What a part of a conjunction says of the atom that it is, or denies; of no atom, if it is anything else."""
    return (part.body, False) if isinstance(part, Not) else (part, True)


def _where(part: list[_Case], facts: Mapping[Pred, bool]) -> list[_Case]:
    """The cases in which atoms are what is said of them."""
    said = [(atom, facts[atom]) for atom in part[0] if atom in facts] if part else []
    return [case for case in part if all(case[atom] is value for atom, value in said)]


def _mentions(atoms: Iterable[Pred], side: Side, family: Family) -> bool:
    """Whether an atom is about an address of a family, and not about the family alone."""
    return any(
        isinstance(a, AddressIn) and a.side is side and a.prefix.family == family and a.prefix.length for a in atoms
    )


def of_family(pred: Pred, family: Family) -> Pred:
    """The predicate for flows of one address family; addresses beyond that stay open."""

    def settle(atom: Pred) -> Pred:
        if isinstance(atom, AddressIn) and (atom.prefix.family != family or atom.prefix.length == 0):
            return const(atom.prefix.family == family)
        return atom

    return substitute(pred, settle)


def _same(one: Pred, other: Pred) -> bool:
    atoms = tuple(dict.fromkeys(chain(atoms_of(one), atoms_of(other))))
    packets = PacketCells((one, other))
    known = {atom: found for atom in atoms if (found := packets.of(atom)) is not None}
    ways = [list(_parts(atoms, family)) for family in FAMILIES]
    count = sum(prod(map(len, parts)) for parts in ways)
    if count > _MOST:
        return False
    table, every = _table(known, len(packets), ways), (1 << len(packets) * count) - 1
    return _value(one, table, every) == _value(other, table, every)


def _table(known: Mapping[Pred, int], width: int, ways: Iterable[list[list[_Case]]]) -> dict[Pred, int]:
    """For each atom where it is true: the cells of packets (`width` of them) once for each case, the cases of all `ways`, one
    of each part of them, side by side. The cases are tried all at once, since one number is as quickly looked at as another."""
    found = dict.fromkeys(known, 0)
    at = 0  # bits that are taken
    for parts in ways:
        end = at + width * prod(map(len, parts))
        for atom, where in known.items():
            found[atom] |= where * _repeated(width, end - at) << at
        size = width  # of a case of what was there before
        for part in parts:
            whole = _repeated(size * len(part), end - at) << at
            for atom in part[0]:
                true = (n for n, case in enumerate(part) if case[atom])
                found[atom] = found.get(atom, 0) | sum(((1 << size) - 1) << size * n for n in true) * whole
            size *= len(part)
        at = end
    return found


@lru_cache(maxsize=64)
def _repeated(size: int, end: int) -> int:
    """A bit at the start of each stretch of a size."""
    return ((1 << end) - 1) // ((1 << size) - 1)


def _parts(atoms: tuple[Pred, ...], family: Family, taken: Taken | None = None) -> Iterator[list[_Case]]:
    """For the addresses of each side, and for each unknown, the ways in which its atoms can be true together. With `taken`
    only those that there are: of an address that nobody else has, and of a value that the unknown may have."""
    for side in Side:
        of_side = [a for a in atoms if isinstance(a, AddressIn) and a.side is side]
        if of_side:
            each = cells(of_side, side, family)
            firsts = (_free(Address(family, first), last, (taken or {}).get(side)) for first, last in each)
            yield _distinct({a: a.prefix.contains(at) for a in of_side} for at in firsts if at is not None)
    yield from by_reading(atoms, existing=taken is not None)


def _free(at: Address, last: int, block_of: Callable[[Address], Prefix | None] | None) -> Address | None:
    """The first address, from one to a last one, that is in no block; None: there is none."""
    while block_of is not None and at.value <= last and (block := block_of(at)) is not None:
        at = Address(at.family, block.last + 1)
    return at if at.value <= last else None


def by_reading(atoms: Iterable[Pred], *, existing: bool = False) -> Iterator[list[_Case]]:
    """For each unknown the ways in which the atoms about it can be true together; only with values that it has, if `existing`."""
    by_unknown: dict[Unknown, list[UnknownIn]] = {}
    for atom in atoms:
        if isinstance(atom, UnknownIn):
            by_unknown.setdefault(atom.unknown, []).append(atom)
    for unknown, asked in by_unknown.items():
        values: dict[str, None] = dict.fromkeys(v for a in asked for v in a.values)
        if existing:
            values = {v: None for v in values if unknown.may_be(v)}
        rest = unknown.open or not set(unknown.values) <= set(values)
        yield _distinct({a: value in a.values for a in asked} for value in (*values, *([None] if rest else [])))


def _distinct(cases: Iterator[_Case]) -> list[_Case]:
    return list({tuple(case.values()): case for case in cases}.values())


def _value(pred: Pred, table: Mapping[Pred, int], every: int) -> int:
    """Where a predicate is true."""
    match pred:
        case Const(value):
            return every if value else 0
        case Not(body):
            return every & ~_value(body, table, every)
        case And(parts):
            found = every
            for part in parts:
                found &= _value(part, table, every)
                if not found:
                    break
            return found
        case Or(parts):
            found = 0
            for part in parts:
                found |= _value(part, table, every)
                if found == every:
                    break
            return found
    if pred in table:
        return table[pred]
    raise InternalError(f"a residual still asks about an endpoint: {type(pred).__name__}")
