"""Which classes the subject of a policy selects.

The subject of most policies names a namespace. In a large cluster a namespace has few of the classes, and a set of classes has
a bit for every one; so where few are in question each of them is asked, and the sets are for the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from npverify.normal.policy import Direction
from npverify.normal.predicates import FALSE, And, NamespaceIs, Pred
from npverify.reduction.bitsets import Bitsets, bits
from npverify.reduction.classes import Classes
from npverify.reduction.meeting import FEW
from npverify.reduction.partial import DIRECT, Partial

LARGE = 2_000
"""Classes from which on sets take longer than asking few of them."""


class Subjects:
    """Evaluates the subjects of a direction. Guards the classes of each namespace."""

    def __init__(self, classes: Classes, bitsets: Bitsets, partial: Partial, direction: Direction) -> None:
        self._classes = classes
        self._bitsets = bitsets
        self._partial = partial
        self._direction = direction
        self._side = direction.subject
        self._of: dict[str, list[int]] = {}
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
        for c in few:
            end = {self._side.value: self._classes.representative(c)}
            selects = self._partial.residual(subject, self._direction, DIRECT, **end)
            if selects is not FALSE:
                found.setdefault(selects, []).append(c)
        yield from ((members, selects) for selects, members in found.items())

    def _few(self, subject: Pred) -> list[int] | None:
        """The classes in question, if they are few: nobody outside of the namespace that the subject names is selected."""
        if self._of and isinstance(subject, And):
            for part in subject.parts:
                if isinstance(part, NamespaceIs) and part.side is self._side:
                    of = self._of.get(part.name, [])
                    return of if len(of) <= FEW else None
        return None
