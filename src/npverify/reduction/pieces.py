"""Numbers for what predicates say of the peers that two worlds share, and predicates in pieces of which any is enough."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import cache
from itertools import product

from npverify.inventory.addresses import FAMILIES, Family
from npverify.normal.policy import Action
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    And,
    Not,
    Or,
    Pred,
    ProtocolIs,
    and_,
    not_,
    or_,
    protocol_is,
)
from npverify.reduction.bitsets import Parts, bits
from npverify.reduction.regions import Memo, Region, Term, region
from npverify.reduction.shapes import Shapes
from npverify.reduction.twins import Twins

_MOST_PIECES = 256
"""A predicate that falls into more pieces stays whole."""

Piece = tuple[int, int]
"""Numbers of what a rule asks of the peer and of the packet, in all peers that count."""

Cover = frozenset[tuple[int, int]]
"""Numbers of regions with the peers whose packets may be of them."""

Run = tuple[Action, frozenset[tuple[int, frozenset[Piece]]] | frozenset[tuple[int, int]]]
"""Rules of one action: by the number of what selects the subject, the pieces of which any is enough, or the number of what
some of them match together (`Forms.whole`). None: always."""

CoveredRun = tuple[Action, frozenset[tuple[int, Cover]]]
"""The same with covers in the place of pieces."""

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
        self._covers: dict[tuple[frozenset[Piece], frozenset[Family]], Cover] = {}
        self._regions: dict[Region, int] = {frozenset(): 0}
        self._cuts: Memo = {}
        self._region_of: dict[tuple[frozenset[Term], frozenset[Family]], int] = {}

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
            if not by:  # it always matches
                yield action, frozenset()
                continue
            covers = ((selects, self.cover(_in_pieces(said), families)) for selects, said in by)
            if some := frozenset((selects, cover) for selects, cover in covers if cover):
                yield action, some

    def cover(self, pieces: frozenset[Piece], families: frozenset[Family]) -> Cover:
        """What pieces, of which any is enough, say together of flows of these families. Equal for pieces that are cut or
        repeated in another way."""
        key = (pieces, families)
        found = self._covers.get(key)
        if found is None:
            peers: dict[Term, int] = {}
            for piece in pieces:
                for term, classes in self._terms_of(piece):
                    peers[term] = peers.get(term, 0) | classes
            whole: dict[int, int] = {}
            for terms_of, classes in _parted(peers, self._peers):
                for used, both in self._by_families(classes, families):
                    number = self._region(terms_of, used)
                    if number:
                        whole[number] = whole.get(number, 0) | both
            found = self._covers[key] = frozenset(whole.items())
        return found

    def region(self, number: int) -> Region:
        """The region of a number in a cover."""
        return next(region for region, n in self._regions.items() if n == number)

    def _by_families(self, classes: int, families: frozenset[Family]) -> Iterator[tuple[frozenset[Family], int]]:
        """A set of peers by the families of their flows with somebody who has those; nothing of whom there are none with."""
        rest = classes
        for family in FAMILIES:
            rest &= ~self._alone[family]
            if family in families and (both := classes & self._alone[family]):
                yield frozenset({family}), both
        if rest and families:
            yield families, rest

    def _region(self, terms_of: frozenset[Term], families: frozenset[Family]) -> int:
        key = (terms_of, families)
        found = self._region_of.get(key)
        if found is None:
            found = self._region_of[key] = self._regions.setdefault(
                region(terms_of, families, self._cuts), len(self._regions)
            )
        return found

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


def _in_pieces(said: frozenset[Piece] | int) -> frozenset[Piece]:
    if isinstance(said, int):
        raise TypeError("what rules match together is in no pieces")
    return said


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
    """The terms of which any is enough for `pred`, with negations at the atoms."""
    pieces = (piece for piece in disjuncts(_negations_inside(pred)) if piece is not FALSE)
    return tuple(dict.fromkeys(frozenset(p.parts if isinstance(p, And) else () if p is TRUE else (p,)) for p in pieces))


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


def _parted(peers: Mapping[Term, int], among: int) -> Iterable[tuple[frozenset[Term], int]]:
    """A set of peers, parted by which terms are enough for them."""
    parts: list[tuple[frozenset[Term], int]] = [(frozenset(), among)]
    for term, classes in peers.items():
        split: list[tuple[frozenset[Term], int]] = []
        for some, part in parts:
            if both := part & classes:
                split.append((some | {term}, both))
            if rest := part & ~classes:
                split.append((some, rest))
        parts = split
    return parts
