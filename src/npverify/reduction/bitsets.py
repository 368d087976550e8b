"""Predicates about one end, evaluated over all classes at once: sets of classes as Python integers, bit c for class c.

Three-valued, because addresses and unknowns are not settled: `must` holds the classes where the predicate is true whatever
is left open, `may` those where it is not false. Where the two differ, `Partial` tells what is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from npverify.inventory.model import Inventory
from npverify.normal.policy import Direction
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    And,
    Const,
    KindIs,
    LabelIn,
    NamespaceIs,
    Not,
    Or,
    Pred,
    Side,
)
from npverify.reduction.classes import Classes
from npverify.reduction.partial import Circumstance, Partial, label_residual


def bits(classes: int) -> Iterator[int]:
    """The members of a set, ascending."""
    while classes:
        low = classes & -classes
        yield low.bit_length() - 1
        classes ^= low


class Bounds(NamedTuple):
    """Lower and upper bound of the classes where a predicate holds."""

    must: int
    may: int


class Bitsets:
    """Memoises the bounds of predicates about one side. Guards the memo and the indices of kinds, namespaces, labels."""

    def __init__(self, classes: Classes, inventory: Inventory, partial: Partial) -> None:
        self.all = (1 << len(classes)) - 1
        self._classes = classes
        self._namespaces = inventory.namespaces
        self._partial = partial
        self._memo: dict[tuple[Pred, Side, Circumstance], Bounds] = {}
        self._atoms: dict[Pred, Bounds] = {}
        self._by_kind: dict[str, int] = {}
        self._by_namespace: dict[str, int] = {}
        self._by_label: dict[str, int] = {}
        for c, end in enumerate(classes.representatives):
            bit = 1 << c
            self._by_kind[end.kind] = self._by_kind.get(end.kind, 0) | bit
            if end.is_pod:
                self._by_namespace[end.namespace] = self._by_namespace.get(end.namespace, 0) | bit
                for key in end.labels:
                    self._by_label[key] = self._by_label.get(key, 0) | bit

    def bounds(self, pred: Pred, side: Side, how: Circumstance) -> Bounds:
        """The bounds of `pred`, seen as a statement about the end on `side`; other atoms are left open."""
        key = (pred, side, how)
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = self._evaluate(pred, side, how)
        return found

    def _evaluate(self, pred: Pred, side: Side, how: Circumstance) -> Bounds:
        if isinstance(pred, Const):
            return Bounds(self.all, self.all) if pred is TRUE else Bounds(0, 0)
        if isinstance(pred, Not):
            must, may = self.bounds(pred.body, side, how)
            return Bounds(self.all & ~may, self.all & ~must)
        if isinstance(pred, And):
            must = may = self.all
            for part in pred.parts:
                inner = self.bounds(part, side, how)
                must &= inner.must
                may &= inner.may
                if not may:
                    break
            return Bounds(must & may, may)
        if isinstance(pred, Or):
            must = may = 0
            for part in pred.parts:
                inner = self.bounds(part, side, how)
                must |= inner.must
                may |= inner.may
            return Bounds(must, may)
        if isinstance(pred, KindIs | NamespaceIs | LabelIn):
            if pred.side is not side:
                return Bounds(0, self.all)
            found = self._atoms.get(pred)
            if found is None:
                found = self._atoms[pred] = self._indexed(pred)
            return found
        return self._one_by_one(pred, side, how)

    def _indexed(self, atom: KindIs | NamespaceIs | LabelIn) -> Bounds:
        if isinstance(atom, KindIs):
            exact = 0
            for kind in atom.kinds:
                exact |= self._by_kind.get(kind, 0)
            return Bounds(exact, exact)
        if isinstance(atom, NamespaceIs):
            exact = self._by_namespace.get(atom.name, 0)
            return Bounds(exact, exact)
        must = may = 0
        if atom.of == "pod":
            for c in bits(self._by_label.get(atom.key, 0)):
                left = label_residual(atom, self._classes.representative(c), self._namespaces)
                must |= (left is TRUE) << c
                may |= (left is not FALSE) << c
        else:
            for in_namespace in self._by_namespace.values():
                first = self._classes.representative(in_namespace.bit_length() - 1)
                left = label_residual(atom, first, self._namespaces)
                must |= in_namespace if left is TRUE else 0
                may |= in_namespace if left is not FALSE else 0
        return Bounds(must, may)

    def _one_by_one(self, atom: Pred, side: Side, how: Circumstance) -> Bounds:
        direction = Direction.EGRESS if side is Side.DST else Direction.INGRESS
        must = may = 0
        for c, end in enumerate(self._classes.representatives):
            ends = {"src": end} if side is Side.SRC else {"dst": end}
            left = self._partial.residual(atom, direction, how, **ends)
            must |= (left is TRUE) << c
            may |= (left is not FALSE) << c
        return Bounds(must, may)
