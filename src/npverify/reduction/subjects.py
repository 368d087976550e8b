"""Which classes the subject of a policy selects.

The subject of most policies names a namespace. In a large cluster a namespace has few of the classes, and a set of classes has
a bit for every one; so where few are in question each of them is asked, and the sets are for the others.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from npverify.normal.policy import Direction
from npverify.normal.predicates import (
    FALSE,
    TRUE,
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
    """Evaluates the subjects of a direction. Guards the classes of each namespace, and what is left of predicates for
    kinds and labels."""

    def __init__(self, classes: Classes, bitsets: Bitsets, partial: Partial, direction: Direction) -> None:
        self._classes = classes
        self._bitsets = bitsets
        self._partial = partial
        self._direction = direction
        self._side = direction.subject
        self._of: dict[str, list[int]] = {}
        self._known: dict[tuple[Pred, Hashable], Pred] = {}
        if len(classes) >= LARGE:
            for c, end in enumerate(classes.representatives):
                if end.is_pod:
                    self._of.setdefault(end.namespace, []).append(c)

    def selected(self, subject: Pred) -> Iterator[tuple[Iterable[int], Pred]]:
        """The classes that the subject of a policy may select, in parts, each with when it does."""
        few = self._few(subject)
        if few is None:
            for part, selects in self._bitsets.parts(subject, self._side, DIRECT):
                if selects is not FALSE:
                    yield bits(part), selects
            return
        found: dict[Pred, list[int]] = {}
        for c in few.classes:
            selects = self._left(few.others, c)
            if selects is not FALSE:
                found.setdefault(selects, []).append(c)
        yield from ((members, selects) for selects, members in found.items())

    def _left(self, parts: Sequence[Pred], c: int) -> Pred:
        """What is left of the conjunction of some predicates for a class."""
        end = self._classes.representative(c)
        of = (end.kind, id(end.labels), end.replicated)
        left = []
        for part in parts:
            found = self._known.get((part, of))
            if found is None:
                known = {self._side.value: end}
                found = self._partial.residual(part, self._direction, DIRECT, **known)
                if at_kind_and_labels(part):
                    self._known[part, of] = found
            if found is FALSE:
                return FALSE
            if found is not TRUE:
                left.append(found)
        return and_(*left)

    def _few(self, subject: Pred) -> _Few | None:
        """The classes in question, if they are few: nobody outside of the namespace that the subject names is selected."""
        if self._of and isinstance(subject, And):
            for part in subject.parts:
                if isinstance(part, NamespaceIs) and part.side is self._side:
                    of = self._of.get(part.name, [])
                    return _Few(of, [p for p in subject.parts if p is not part]) if len(of) <= FEW else None
        return None


class _Few(NamedTuple):
    """The classes of a namespace, and what a subject asks of them besides being there."""

    classes: Sequence[int]
    others: Sequence[Pred]


@cache
def at_kind_and_labels(pred: Pred) -> bool:
    """Whether a predicate looks at nothing of an end but its kind and the labels of its pod."""
    return all(
        isinstance(atom, KindIs | UnknownIn) or (isinstance(atom, LabelIn | LabelText) and atom.of == "pod")
        for atom in atoms_of(pred)
    )
