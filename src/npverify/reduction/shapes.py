"""Numbers for predicates, so that those which differ in nothing but the order of their parts have the same number."""

from __future__ import annotations

from collections.abc import Hashable

from npverify.normal.predicates import And, Not, Or, Pred


class Shapes:
    """Guards the memo of numbers."""

    def __init__(self) -> None:
        self._of: dict[Pred, int] = {}
        self._numbers: dict[Hashable, int] = {}
        self._first: list[Pred] = []

    def number(self, pred: Pred) -> int:
        """The number of a predicate's shape."""
        found = self._of.get(pred)
        if found is None:
            found = self._of[pred] = self._numbers.setdefault(self._shape(pred), len(self._numbers))
            if found == len(self._first):
                self._first.append(pred)
        return found

    def pred(self, number: int) -> Pred:
        """The first predicate that had a number; all others that have it mean the same."""
        return self._first[number]

    def _shape(self, pred: Pred) -> Hashable:
        if isinstance(pred, Not):
            return ("not", self.number(pred.body))
        if isinstance(pred, And | Or):
            return (type(pred), frozenset(self.number(part) for part in pred.parts))
        return pred
