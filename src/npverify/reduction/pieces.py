"""Numbers for what predicates say of the peers that two worlds share, and predicates in pieces of which any is enough."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from itertools import product

from npverify.normal.predicates import FALSE, TRUE, And, Or, Pred, and_
from npverify.reduction.bitsets import Parts
from npverify.reduction.shapes import Shapes
from npverify.reduction.twins import Twins

_MOST_PIECES = 256
"""A predicate that falls into more pieces stays whole."""


class Pieces:
    """Numbers what predicates say of the peers that both worlds have. Guards the numbers, one table for both worlds."""

    def __init__(self, twins: Twins, shapes: Shapes) -> None:
        self._twins = twins
        self._shapes = shapes
        self._peers = twins.common & ~twins.unlike
        self._numbers: dict[Hashable, int] = {}
        self._wholes: dict[Hashable, int] = {}
        self._of_parts: dict[tuple[int, int], int] = {}
        self.nothing = self._number(((self._peers, FALSE),), 0)
        self.everything = self._number(((self._peers, TRUE),), 0)

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

    def whole(self, said: Hashable) -> int:
        """The number of anything that is made of numbers, one for both worlds."""
        return self._wholes.setdefault(said, len(self._wholes))

    def _number(self, parts: Parts, side: int) -> int:
        said: dict[int, int] = {}
        for classes, left in parts:
            if both := self._twins.joint(side, classes) & self._peers:
                shape = self._shapes.number(left)
                said[shape] = said.get(shape, 0) | both
        return self._numbers.setdefault(frozenset(said.items()), len(self._numbers))


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
