"""Which classes the subject of a policy selects.

The subject of most policies names a namespace. In a large cluster a namespace has few of the classes, and a set of classes has
a bit for every one; so where few are in question each of them is asked, and the sets are for the others.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import cache

from npverify.normal.policy import Direction
from npverify.normal.predicates import (
    FALSE,
    And,
    KindIs,
    LabelIn,
    LabelText,
    NamespaceIs,
    Pred,
    UnknownIn,
    and_,
    atoms_of,
)
from npverify.reduction.bitsets import Bitsets, bits
from npverify.reduction.classes import Classes
from npverify.reduction.meeting import FEW
from npverify.reduction.partial import DIRECT, Partial

LARGE = 2_000
"""Classes from which on sets take longer than asking few of them."""


class Subjects:
    """Evaluates the subjects of a direction. Guards the classes of each namespace, which classes are alike in kind and
    labels, and what is left of conjunctions for these."""

    def __init__(self, classes: Classes, bitsets: Bitsets, partial: Partial, direction: Direction) -> None:
        self._classes = classes
        self._bitsets = bitsets
        self._partial = partial
        self._direction = direction
        self._side = direction.subject
        self._of: dict[str, list[int]] = {}
        self._alike: list[int] = []
        self._known: dict[tuple[Pred, ...], dict[int, Pred]] = {}
        if len(classes) >= LARGE:
            numbers: dict[Hashable, int] = {}
            for c, end in enumerate(classes.representatives):
                self._alike.append(numbers.setdefault((end.kind, id(end.labels), end.replicated), len(numbers)))
                if end.is_pod:
                    self._of.setdefault(end.namespace, []).append(c)

    def selected(self, subject: Pred) -> Iterable[tuple[Iterable[int], Pred]]:
        """The classes that the subject of a policy may select, in parts, each with when it does."""
        few = self._few(subject)
        if few is None:
            parts = self._bitsets.parts(subject, self._side, DIRECT)
            return [(bits(part), selects) for part, selects in parts if selects is not FALSE]
        members, others = few
        known = self._known.get(others)
        if known is None:
            known = self._known[others] = {}
        found: dict[Pred, list[int]] = {}
        for c in members:
            selects = known.get(self._alike[c])
            if selects is None:
                selects = self._left(others, c)
                if all(map(at_kind_and_labels, others)):
                    known[self._alike[c]] = selects
            if selects is not FALSE:
                found.setdefault(selects, []).append(c)
        return [(those, selects) for selects, those in found.items()]

    def _left(self, parts: Iterable[Pred], c: int) -> Pred:
        """What is left of the conjunction of some predicates for a class."""
        end = {self._side.value: self._classes.representative(c)}
        left = []
        for part in parts:
            found = self._partial.residual(part, self._direction, DIRECT, **end)
            if found is FALSE:
                return FALSE
            left.append(found)
        return and_(*left)

    def _few(self, subject: Pred) -> tuple[Sequence[int], tuple[Pred, ...]] | None:
        """The classes in question and what the subject asks of them besides being in the namespace that it names, outside of which
        nobody is selected; None if they are not few."""
        if self._of and isinstance(subject, And):
            parts = subject.parts
            for at, part in enumerate(parts):
                if type(part) is NamespaceIs and part.side is self._side:
                    of = self._of.get(part.name, ())
                    return (of, parts[:at] + parts[at + 1 :]) if len(of) <= FEW else None
        return None


@cache
def at_kind_and_labels(pred: Pred) -> bool:
    """Whether a predicate looks at nothing of an end but its kind and the labels of its pod."""
    return all(
        isinstance(atom, KindIs | UnknownIn) or (isinstance(atom, LabelIn | LabelText) and atom.of == "pod")
        for atom in atoms_of(pred)
    )
