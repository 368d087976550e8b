"""Numbers for what predicates say of the peers that two worlds share, and predicates in pieces of which any is enough."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import cache
from itertools import product
from typing import TypeGuard

from npverify.inventory.addresses import EVERYTHING, FAMILIES, Family
from npverify.normal.policy import Action
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    AddressIn,
    And,
    Not,
    Or,
    PortIn,
    Pred,
    ProtocolIs,
    Side,
    address_in,
    and_,
    not_,
    or_,
    protocol_is,
)
from npverify.reduction.bitsets import Parts, bits
from npverify.reduction.shapes import Shapes
from npverify.reduction.twins import Twins

_MOST_PIECES = 256
"""A predicate that falls into more pieces stays whole."""

Piece = tuple[int, int]
"""Numbers of what a rule asks of the peer and of the packet, in all peers that count."""

Term = frozenset[Pred]
"""Predicates that must all hold."""

Run = tuple[Action, frozenset[tuple[int, frozenset[Piece]]]]
"""Rules of one action: by the number of what selects the subject, the pieces of which any is enough. None: always."""

CoveredRun = tuple[Action, frozenset[tuple[int, frozenset[tuple[Term, int]]]]]
"""The same with terms, and the peers for which they are enough."""

Tiers = tuple[tuple[tuple[tuple[Run, ...], frozenset[int] | None], ...], bool]
"""The runs of each tier, with the numbers of what selects if it denies the rest; and whether a flow passes behind them."""


class Pieces:
    """Numbers what predicates say of the peers that both worlds have. Guards the numbers, one table for both worlds."""

    def __init__(self, twins: Twins, shapes: Shapes) -> None:
        self._twins = twins
        self._shapes = shapes
        self._peers = twins.common & ~twins.unlike
        self._numbers: dict[frozenset[tuple[int, int]], int] = {}
        self._said: list[frozenset[tuple[int, int]]] = []
        self._wholes: dict[Hashable, int] = {}
        self._tiers: dict[int, Tiers] = {}
        self._covered: dict[tuple[int, frozenset[Family]], int] = {}
        self._of_parts: dict[tuple[int, int], int] = {}
        self.nothing = self._number(((self._peers, FALSE),), 0)
        self.everything = self._number(((self._peers, TRUE),), 0)
        self._alone = {family: self._with_families({family}) for family in FAMILIES}
        self._terms: dict[Piece, tuple[tuple[Term, int], ...]] = {}
        self._covers: dict[tuple[frozenset[Piece], frozenset[Family]], frozenset[tuple[Term, int]]] = {}

    def of(self, parts: Parts, side: int) -> int:
        """The number of a partition of one world, which must be kept by who made it."""
        key = (id(parts), side)
        found = self._of_parts.get(key)
        if found is None:
            found = self._of_parts[key] = self._number(parts, side)
        return found

    def shape(self, pred: Pred) -> int:
        """The number of a predicate that looks at no peer."""
        return self._shapes.number(pred)

    def whole(self, said: Tiers) -> int:
        """The number of what tiers say, one for both worlds."""
        found = self._wholes.setdefault(said, len(self._wholes))
        self._tiers[found] = said
        return found

    def covered(self, number: int, families: frozenset[Family]) -> int:
        """The number of what tiers say of flows of some families, with covers in the place of pieces."""
        key = (number, families)
        found = self._covered.get(key)
        if found is None:
            tiers, final = self._tiers[number]
            covers = ((tuple(self._runs(runs, families)), selects) for runs, selects in tiers)
            kept = tuple((runs, selects) for runs, selects in covers if runs or selects is not None)
            found = self._covered[key] = self._wholes.setdefault((kept, final), len(self._wholes))
        return found

    def _runs(self, runs: Iterable[Run], families: frozenset[Family]) -> Iterator[CoveredRun]:
        for action, by in runs:
            covers = ((selects, self.cover(said, families)) for selects, said in by)
            if some := frozenset((selects, cover) for selects, cover in covers if cover):
                yield action, some

    def cover(self, pieces: frozenset[Piece], families: frozenset[Family]) -> frozenset[tuple[Term, int]]:
        """What pieces, of which any is enough, say together of flows of these families: for each term the peers for which
        it is enough, where no weaker term is. Equal for pieces that are cut or repeated in another way."""
        key = (pieces, families)
        found = self._covers.get(key)
        if found is None:
            peers: dict[Term, int] = {}
            for piece in pieces:
                for term, classes in self._terms_of(piece):
                    for left, both in self._of_families(term, classes, families):
                        peers[left] = peers.get(left, 0) | both
            found = self._covers[key] = frozenset(_absorbed(peers))
        return found

    def _of_families(self, term: Term, classes: int, families: frozenset[Family]) -> Iterator[tuple[Term, int]]:
        """A term without asking for a family that the subject or the peers have alone; nothing where they lack it."""
        for lacking in set(FAMILIES) - families:
            classes &= ~self._alone[lacking]  # no flow comes from there
        family = next((part.prefix.family for part in term if isinstance(part, AddressIn)), None)
        if family is None:
            yield term, classes
        elif family in families:
            others = frozenset(part for part in term if not _is_family(part))
            sure = classes if families == {family} else classes & self._alone[family]
            if sure:
                yield others, sure
            if maybe := classes & ~sure & ~self._alone[6 if family == 4 else 4]:
                yield term, maybe

    def _with_families(self, families: set[Family]) -> int:
        """The peers whose flows are of exactly these address families."""
        return sum(
            1 << c
            for c in bits(self._peers)
            if (end := self._twins.members[c][0].either).address_known and {a.family for a in end.addresses} == families
        )

    def _terms_of(self, piece: Piece) -> tuple[tuple[Term, int], ...]:
        found = self._terms.get(piece)
        if found is None:
            peer, packet = (self._said[number] for number in piece)
            found = self._terms[piece] = tuple(
                (term, both)
                for here, classes in peer
                for there, others in packet
                if (both := classes & others)
                for term in terms(and_(self._shapes.pred(here), self._shapes.pred(there)))
            )
        return found

    def _number(self, parts: Parts, side: int) -> int:
        said: dict[int, int] = {}
        for classes, left in parts:
            if both := self._twins.joint(side, classes) & self._peers:
                shape = self._shapes.number(left)
                said[shape] = said.get(shape, 0) | both
        key = frozenset(said.items())
        found = self._numbers.setdefault(key, len(self._numbers))
        if found == len(self._said):
            self._said.append(key)
        return found


@cache
def disjuncts(pred: Pred) -> tuple[Pred, ...]:
    """Predicates of which any is enough for `pred`, as small as they are without growing beyond bounds."""
    if isinstance(pred, Or):
        return tuple(dict.fromkeys(piece for part in pred.parts for piece in disjuncts(part)))
    if isinstance(pred, And):
        parts = [disjuncts(part) for part in pred.parts]
        count = 1
        for pieces in parts:
            count *= len(pieces)
        if 1 < count <= _MOST_PIECES:
            return tuple(dict.fromkeys(and_(*choice) for choice in product(*parts)))
    return (pred,)


@cache
def terms(pred: Pred) -> tuple[Term, ...]:
    """The terms of which any is enough for `pred`, with negations at the atoms and without what follows from the rest."""
    pieces = (_without_families(piece) for piece in disjuncts(_negations_inside(pred)) if piece is not FALSE)
    return tuple(dict.fromkeys(_without_consequences(term) for term in pieces if term is not None))


@cache
def _negations_inside(pred: Pred) -> Pred:
    if isinstance(pred, And):
        return and_(*map(_negations_inside, pred.parts))
    if isinstance(pred, Or):
        return or_(*map(_negations_inside, pred.parts))
    if isinstance(pred, Not):
        if isinstance(pred.body, And):
            return or_(*(_negations_inside(not_(part)) for part in pred.body.parts))
        if isinstance(pred.body, Or):
            return and_(*(_negations_inside(not_(part)) for part in pred.body.parts))
    if isinstance(pred, ProtocolIs):
        return or_(*(protocol_is(name) for name in pred.names))
    return pred


def _without_families(conjunction: Pred) -> Term | None:
    """The parts of a conjunction, with at most one that asks for a family, and that on the side of the source: a flow has
    one family, on all sides, and a block fixes it. None where two parts ask for different ones."""
    parts = conjunction.parts if isinstance(conjunction, And) else () if conjunction is TRUE else (conjunction,)
    asked = {part.prefix.family for part in parts if isinstance(part, AddressIn)}
    if len(asked) > 1:
        return None
    others = frozenset(part for part in parts if not _is_family(part))
    if len(others) == len(parts) or any(isinstance(part, AddressIn) for part in others):
        return others
    return others | {address_in(Side.SRC, EVERYTHING[family]) for family in asked}


def _is_family(part: Pred) -> TypeGuard[AddressIn]:
    return isinstance(part, AddressIn) and part.prefix.length == 0


def _without_consequences(term: Term) -> Term:
    return frozenset(p for p in term if not any(_implies(known, p) for known in term if known is not p))


def _absorbed(peers: Mapping[Term, int]) -> Iterator[tuple[Term, int]]:
    """The terms with the peers for which no weaker term is enough."""
    for term, classes in peers.items():
        left = classes
        for other, others in peers.items():
            if left & others and _follows(term, other) and not _follows(other, term):
                left &= ~others
        if left:
            yield term, left


@cache
def _follows(term: Term, weaker: Term) -> bool:
    """Whether all of a term's flows satisfy another one, as far as single predicates tell."""
    return all(part in term or any(_implies(known, part) for known in term) for part in weaker)


def _implies(known: Pred, part: Pred) -> bool:
    if isinstance(known, PortIn) and isinstance(part, PortIn):
        return known.side is part.side and part.first <= known.first and known.last <= part.last
    if isinstance(part, AddressIn):
        return isinstance(known, AddressIn) and known.side is part.side and part.prefix.covers(known.prefix)
    if not isinstance(part, Not) or not isinstance(part.body, AddressIn):
        return False
    if isinstance(known, AddressIn):
        return known.side is part.body.side and not known.prefix.overlaps(part.body.prefix)
    return (
        isinstance(known, Not)
        and isinstance(known.body, AddressIn)
        and known.body.side is part.body.side
        and known.body.prefix.covers(part.body.prefix)
    )
