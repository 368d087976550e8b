"""Which peers a predicate means, as numbers of `Forms`: worked out from its parts, addresses on their line and never one by one.

In: a predicate about the peers of one world, and how the two ends stand to each other. Out: the number of the peers for which it
holds. Rules that name blocks cut into many pieces cost as much as those that name the whole. Not trusted, as `Forms`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from npverify.inventory.addresses import BITS, FAMILIES, Family
from npverify.inventory.model import Endpoint, EndpointKind
from npverify.normal.policy import Direction
from npverify.normal.predicates import And, Const, Not, Or, Pred, Side, and_, or_
from npverify.reduction.bitsets import as_set
from npverify.reduction.classes import Classes
from npverify.reduction.forms import ALWAYS, Forms
from npverify.reduction.glance import depends_on_circumstance
from npverify.reduction.lines import START, Spans, addresses_of
from npverify.reduction.partial import DIRECT, Circumstance
from npverify.reduction.residuals import Residuals
from npverify.reduction.twins import Twins

CHUNK = 64
"""So many neighbouring addresses have the set of their classes ready."""


class Places(NamedTuple):
    """Classes by their one address of a family: places on the line, ascending, each with its class; and of each chunk of them
    the set of classes."""

    places: list[int]
    classes: list[int]
    chunks: list[int]

    def inside(self, spans: Spans) -> int:
        """The classes whose address is in some of the spans."""
        found, loose = 0, []
        for start, end in zip(spans[::2], spans[1::2], strict=True):
            first, last = bisect_left(self.places, start), bisect_left(self.places, end)
            if first == last:
                continue
            low, high = -(-first // CHUNK), last // CHUNK
            if low < high:
                for chunk in self.chunks[low:high]:
                    found |= chunk
                loose += [*self.classes[first : low * CHUNK], *self.classes[high * CHUNK : last]]
            else:
                loose += self.classes[first:last]
        return found | as_set(loose)


class PeerSets:
    """Guards the memo of one world's predicates, and the index of its addresses."""

    def __init__(self, w: int, twins: Twins, residuals: Residuals, forms: Forms) -> None:
        self._w = w
        self._twins = twins
        self._bitsets = residuals.bitsets
        self._partial = residuals.partial
        self.forms = forms
        self._memo: dict[tuple[Pred, Side, Circumstance], int] = {}
        self._by_spans: dict[tuple[Spans, Side], int] = {}
        self._index(residuals.classes)

    def number(self, pred: Pred, side: Side, view: Circumstance) -> int:
        """The number of the peers, on a side, for which a predicate holds."""
        if view is not DIRECT and not depends_on_circumstance(pred):
            view = DIRECT
        key = (pred, side, view)
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = self._evaluate(pred, side, view)
        return found

    def _evaluate(self, pred: Pred, side: Side, view: Circumstance) -> int:
        forms = self.forms
        if isinstance(pred, Const):
            return forms.everybody if pred.value else forms.nobody
        if isinstance(pred, Not):
            return forms.others(self.number(pred.body, side, view))
        by_line = view.via is None or side is Side.SRC  # else a Service may stand in for the destination
        if by_line and (spans := addresses_of(pred, side)) is not None:
            return self._at(pred, spans, side)
        if isinstance(pred, And):
            pure, rest = _parted(pred.parts, side) if by_line else ((), pred.parts)
            return forms.common([self.number(part, side, view) for part in (*([and_(*pure)] if pure else ()), *rest)])
        if isinstance(pred, Or):
            # blocks with the same conditions beside are one set of addresses with these conditions
            blocks: dict[tuple[Pred, ...], list[Pred]] = {}
            others: list[Pred] = []
            for part in pred.parts:
                pure, rest = _parted(part.parts if isinstance(part, And) else (part,), side) if by_line else ((), ())
                if pure:
                    blocks.setdefault(rest, []).append(and_(*pure))
                else:
                    others.append(part)
            whole = [
                forms.common([self.number(each, side, view) for each in (or_(*pures), *rest)])
                for rest, pures in blocks.items()
            ]
            return forms.union([*whole, *(self.number(part, side, view) for part in others)])
        parts = self._bitsets.parts(pred, side, view)
        return forms.peers((forms.line(left, side), self.joint(classes)) for classes, left in parts)

    def joint(self, classes: int) -> int:
        """Those of a set of classes of this world that count, as a set of classes of both."""
        return self._twins.joint(self._w, classes) & self.forms.among

    def _at(self, pred: Pred, spans: Spans, side: Side) -> int:
        """The peers whose address is in some spans, as `pred` says."""
        found = self._by_spans.get((spans, side))
        if found is None:
            line = self.forms.addresses(spans, side)
            inside = {family: self.joint(index.inside(spans)) for family, index in self._families.items()}
            said = [(line, self._outside)]
            for families, classes in self._alike.items():
                if len(families) == 1:
                    said.append((ALWAYS, classes & inside[families[0]]))
                    continue
                here, there = (classes & inside[family] for family in FAMILIES)
                said.append((ALWAYS, here & there))
                said += [
                    (self.forms.addresses((START[family], START[family] + (1 << BITS[family])), side), alone)
                    for family, alone in zip(FAMILIES, (here & ~there, there & ~here), strict=True)
                ]
            said += [(self.forms.line(self._left(pred, side, end), side), classes) for end, classes in self._open]
            found = self._by_spans[spans, side] = self.forms.peers(said)
        return found

    def _left(self, pred: Pred, side: Side, end: Endpoint) -> Pred:
        """What is left of a predicate about the address of an end that has none that is known, or several."""
        if side is Side.SRC:
            return self._partial.residual(pred, Direction.INGRESS, DIRECT, src=end)
        return self._partial.residual(pred, Direction.EGRESS, DIRECT, dst=end)

    def _index(self, classes: Classes) -> None:
        by_family: dict[Family, list[tuple[int, int]]] = {4: [], 6: []}
        alike: dict[tuple[Family, ...], list[int]] = {}
        open_: dict[object, tuple[Endpoint, list[int]]] = {}
        outside: list[int] = []
        for c, end in enumerate(classes.representatives):
            families = tuple(sorted({a.family for a in end.addresses}))
            if end.kind is EndpointKind.EXTERNAL:
                outside.append(c)
            elif end.address_known and families and len(families) == len(end.addresses):
                alike.setdefault(families, []).append(c)
                for address in end.addresses:
                    by_family[address.family].append((START[address.family] + address.value, c))
            else:
                # those of unknown address are alike by kind; one with several of a family is like no other
                key = c if end.address_known else end.kind
                open_.setdefault(key, (end, []))[1].append(c)
        self._outside = self.joint(as_set(outside))
        self._alike = {families: self.joint(as_set(some)) for families, some in alike.items()}
        self._open = [(end, self.joint(as_set(some))) for end, some in open_.values()]
        self._families: dict[Family, Places] = {}
        for family, entries in by_family.items():
            entries.sort()
            members = [c for _, c in entries]
            chunks = [as_set(members[n : n + CHUNK]) for n in range(0, len(members), CHUNK)]
            self._families[family] = Places([place for place, _ in entries], members, chunks)


def _parted(parts: Iterable[Pred], side: Side) -> tuple[tuple[Pred, ...], tuple[Pred, ...]]:
    """Predicates that look at nothing but the address of a side, and the others."""
    pure: list[Pred] = []
    rest: list[Pred] = []
    for part in parts:
        (rest if addresses_of(part, side) is None else pure).append(part)
    return tuple(pure), tuple(rest)
