"""Sets of places on a line, in one form for each set: the addresses of one end of a flow, or its protocol with the destination port.

What a predicate leaves open is such a set for each case of all else that it looks at: an unknown with its values, or an atom that
is about no place. Cases that do not matter are left out. Not trusted: tests hold it against the oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache
from itertools import product
from math import prod
from typing import NamedTuple

from npverify.inventory.addresses import BITS
from npverify.inventory.unknowns import Unknown
from npverify.normal.flow import PORT_PROTOCOLS, PROTOCOLS
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
from npverify.reduction.shapes import Shapes

Spans = tuple[int, ...]
"""A set of places on a line: where it begins and ends in turn, ascending; the ends are outside of it."""

_MOST_CASES = 64
"""A predicate that hangs on more cases besides its line has a number by its shape."""

START = {4: 0, 6: 1 << BITS[4]}
_ADDRESSES = START[6] + (1 << BITS[6])
_PORTS = 65535
_BARE = [name for name in PROTOCOLS if name not in PORT_PROTOCOLS]
_PORTLESS = len(PORT_PROTOCOLS) * _PORTS
_NUMBERED = _PORTLESS + len(_BARE)
_PACKETS = _NUMBERED + 256
_FACT = ("false", "true")
_REST = "\0"
"""Stands for every value of an open unknown that is not mentioned."""


class Case(NamedTuple):
    """What a predicate looks at besides its line: an unknown, or the shape of an atom; with the values that it may have."""

    about: Hashable
    values: tuple[str, ...]


class Form(NamedTuple):
    """The places of a line by the cases that they hang on, of which all matter."""

    cases: tuple[Case, ...]
    table: tuple[Spans, ...]


def form_of(pred: Pred, side: Side | None, shapes: Shapes) -> Form:
    """The one form of a predicate on a line; where it hangs on too many cases, it is one case itself."""
    cases = _cases(pred, side, shapes)
    if prod(len(case.values) for case in cases) > _MOST_CASES:
        return opaque(shapes.number(pred), side)
    return _table(cases, lambda given: _places(pred, side, given, shapes))


def joined(forms: Sequence[Form], side: Side | None, *, every: bool) -> Form:
    """The places of a line that are in all forms, or else in any."""
    mentioned: dict[Hashable, dict[str, None]] = {}
    for form in forms:
        for case in form.cases:
            mentioned.setdefault(case.about, {}).update(dict.fromkeys(case.values))
    cases = tuple(Case(about, _in_order(about, mentioned[about])) for about in sorted(mentioned, key=_rank))
    if prod(len(case.values) for case in cases) > _MOST_CASES:
        return opaque((every, *forms), side)

    def places(given: Mapping[Hashable, str]) -> Spans:
        chosen = [places_in(form, given) for form in forms]
        return _common(chosen, length(side)) if every else union(chosen)

    return _table(cases, places)


def opaque(about: Hashable, side: Side | None) -> Form:
    return Form((Case(about, _FACT),), ((), (0, length(side))))


def _table(cases: tuple[Case, ...], places: Callable[[Mapping[Hashable, str]], Spans]) -> Form:
    """The places in every case, without the cases that do not matter."""
    table = {
        values: places(dict(zip((case.about for case in cases), values, strict=True)))
        for values in product(*(case.values for case in cases))
    }
    for n in reversed(range(len(cases))):
        first = cases[n].values[0]
        if all(spans == table[(*values[:n], first, *values[n + 1 :])] for values, spans in table.items()):
            table = {(*v[:n], *v[n + 1 :]): spans for v, spans in table.items() if v[n] == first}
            cases = (*cases[:n], *cases[n + 1 :])
    return Form(cases, tuple(table.values()))


def places_in(form: Form, given: Mapping[Hashable, str]) -> Spans:
    """The places of a form in a case, which may name values that it does not know one by one."""
    n = 0
    for case in form.cases:
        value = given[case.about]
        n = n * len(case.values) + case.values.index(value if value in case.values else _REST)
    return form.table[n]


def _cases(pred: Pred, side: Side | None, shapes: Shapes) -> tuple[Case, ...]:
    """What a predicate looks at besides its line, in an order that does not hang on how it is written."""
    mentioned: dict[Hashable, dict[str, None]] = {}
    for atom in atoms_of(pred):
        if isinstance(atom, UnknownIn):
            values = (*atom.values, _REST) if atom.unknown.open else atom.unknown.values
            mentioned.setdefault(atom.unknown, {}).update(dict.fromkeys(values))
        elif isinstance(atom, IcmpIs) or on_line(atom, side) is None:
            mentioned[shapes.number(atom)] = dict.fromkeys(_FACT)
    return tuple(Case(about, _in_order(about, mentioned[about])) for about in sorted(mentioned, key=_rank))


def _rank(about: Hashable) -> tuple[bool, str]:
    return (isinstance(about, Unknown), repr(about))


def _in_order(about: Hashable, values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(values)) if isinstance(about, Unknown) and about.open else tuple(values)


def _places(pred: Pred, side: Side | None, given: Mapping[Hashable, str], shapes: Shapes) -> Spans:
    """The places of a line where a predicate holds in one case."""
    size = length(side)
    if isinstance(pred, Const):
        return (0, size) if pred.value else ()
    if isinstance(pred, Not):
        return complement(_places(pred.body, side, given, shapes), size)
    if isinstance(pred, Or):
        return union(_places(part, side, given, shapes) for part in pred.parts)
    if isinstance(pred, And):
        return _common((_places(part, side, given, shapes) for part in pred.parts), size)
    if isinstance(pred, UnknownIn):
        return (0, size) if given[pred.unknown] in pred.values else ()
    spans = on_line(pred, side)
    if spans is not None and not isinstance(pred, IcmpIs):
        return spans
    return (spans or (0, size)) if given[shapes.number(pred)] == _FACT[1] else ()


@cache
def addresses_of(pred: Pred, side: Side) -> Spans | None:
    """The addresses for which a predicate holds that looks at nothing but the address of a side; None of any other."""
    if isinstance(pred, AddressIn):
        return on_line(pred, side)
    if isinstance(pred, Not):
        spans = addresses_of(pred.body, side)
        return None if spans is None else complement(spans, _ADDRESSES)
    if isinstance(pred, And | Or):
        found = [spans for part in pred.parts if (spans := addresses_of(part, side)) is not None]
        if len(found) == len(pred.parts):
            return union(found) if isinstance(pred, Or) else _common(found, _ADDRESSES)
    return None


def on_line(atom: Pred, side: Side | None) -> Spans | None:
    """The places that an atom is about; None where it is about something else. Of an ICMP message not all of the place."""
    if isinstance(atom, AddressIn):
        if atom.side is not side:
            return None
        start = START[atom.prefix.family]
        return (start + atom.prefix.first, start + atom.prefix.last + 1)
    if side is not None:
        return None
    if isinstance(atom, PortIn) and atom.side is Side.DST:
        first = max(atom.first, 1) - 1
        return union((n * _PORTS + first, n * _PORTS + atom.last) for n in range(len(PORT_PROTOCOLS)))
    if isinstance(atom, ProtocolIs):
        places = [_of_protocol(name) for name in atom.names]
        return None if None in places else union(spans for spans in places if spans is not None)
    return _of_protocol("ICMP") if isinstance(atom, IcmpIs) else None


def _of_protocol(name: str) -> Spans | None:
    if name in PORT_PROTOCOLS:
        start = PORT_PROTOCOLS.index(name) * _PORTS
        return (start, start + _PORTS)
    if name in _BARE:
        start = _PORTLESS + _BARE.index(name)
        return (start, start + 1)
    if name.isascii() and name.isdigit() and str(int(name)) == name and int(name) < 256:
        return (_NUMBERED + int(name), _NUMBERED + int(name) + 1)
    return None


def length(side: Side | None) -> int:
    return _PACKETS if side is None else _ADDRESSES


def union(sets: Iterable[Spans]) -> Spans:
    """The places that are in any of some sets."""
    pairs = sorted((spans[n], spans[n + 1]) for spans in sets for n in range(0, len(spans), 2))
    found: list[int] = []
    for start, end in pairs:
        if start >= end:
            continue
        if found and start <= found[-1]:
            found[-1] = max(found[-1], end)
        else:
            found += (start, end)
    return tuple(found)


def _common(sets: Iterable[Spans], size: int) -> Spans:
    found: Spans = (0, size)
    for spans in sets:
        if found == (0, size):
            found = spans
        elif spans != (0, size):
            found = complement(union((complement(found, size), complement(spans, size))), size)
    return found


def complement(spans: Spans, size: int) -> Spans:
    edges = spans[1:] if spans[:1] == (0,) else (0, *spans)
    return edges[:-1] if edges[-1:] == (size,) else (*edges, size)
