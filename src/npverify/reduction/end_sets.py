"""How the sets of endpoints that assertions name fall apart into groups, and what of that outlasts a change of policies."""

from __future__ import annotations

from typing import NamedTuple

from npverify.assertions.claims import EndSet
from npverify.inventory.model import Endpoint
from npverify.normal.policy import Direction
from npverify.normal.predicates import TRUE, Pred, Side
from npverify.reduction.bitsets import as_set
from npverify.reduction.ends import Parted
from npverify.reduction.glance import about_packets
from npverify.reduction.members import Kind, alike, kinds_of_each
from npverify.reduction.residuals import Residuals


class Shape(NamedTuple):
    """A set as its `condition`, which all members share, and what it falls into beside, whatever the policies are."""

    condition: Pred
    kinds: tuple[Kind, ...]


class EndSets:
    """Guards the memo of how sets fall apart, so that those that differ in a shared condition alone do so once."""

    def __init__(self, residuals: Residuals, before: EndSets | None = None) -> None:
        """`before` is of the same inventory, and of other policies over the same classes."""
        self._residuals = residuals
        # what has an id as its key is kept, so that no other can take the id
        self._shapes: dict[tuple[int, Side], tuple[EndSet, Shape]] = {}
        self._alike: dict[tuple[Endpoint, ...], tuple[Kind, ...]] = {}
        self._domains: dict[int, tuple[object, ...]] = {}
        self._classes_of: dict[int, tuple[EndSet, int]] = {}
        self._parted_of: dict[tuple[int, Side], tuple[tuple[Kind, ...], Parted]] = {}
        self._stale: dict[tuple[int, Side], tuple[tuple[Kind, ...], Parted, int]] = {}
        if before is not None and residuals.partial is before._residuals.partial:
            self._shapes, self._alike, self._classes_of = before._shapes, before._alike, before._classes_of
            self._domains = before._domains
        if before is not None and residuals.changed is not None:
            # nobody asked for the stale ones since they were touched, so they are still not right
            old = [(key, kinds, parted, 0) for key, (kinds, parted) in before._parted_of.items()]
            old += [(key, *stale) for key, stale in before._stale.items()]
            for key, kinds, parted, touched in old:
                direction = Direction.EGRESS if key[1] is Side.SRC else Direction.INGRESS
                touched |= residuals.changed[direction] & parted.classes
                if touched:
                    self._stale[key] = kinds, parted, touched
                else:
                    self._parted_of[key] = kinds, parted

    def parted(self, chosen: EndSet, direction: Direction) -> tuple[Pred, Parted]:
        """A set that other legs may have too, as the condition that its members share and its groups as subjects of a
        direction."""
        side = direction.subject
        condition, kinds = self._shape(chosen, side, direction)
        key = (id(kinds), side)
        found = self._parted_of.get(key)
        if found is None:
            if key in self._stale:
                _, old, touched = self._stale.pop(key)
                parted = old.after(touched, self._residuals)
            else:
                parted = Parted.of(kinds, direction, self._residuals)
            found = self._parted_of[key] = kinds, parted
        return condition, found[1]

    def classes_of(self, chosen: EndSet) -> int:
        """The set of classes that the endpoints of a set are in."""
        found = self._classes_of.get(id(chosen))
        if found is None:
            of = self._residuals.classes.of
            found = self._classes_of[id(chosen)] = (chosen, as_set({of[end] for end in chosen}))
        return found[1]

    def _shape(self, chosen: EndSet, side: Side, direction: Direction) -> Shape:
        remembered = self._shapes.get((id(chosen), side))
        if remembered is not None:
            return remembered[1]
        condition = next(iter(chosen.values()), TRUE)
        if about_packets(condition) and len(set(chosen.values())) < 2:
            shape = Shape(condition, self._kinds(tuple(chosen)))
            classes = (kind.c for kind in shape.kinds)
            self._classes_of.setdefault(id(chosen), (chosen, as_set(tuple(classes))))
        else:
            shape = Shape(TRUE, kinds_of_each(chosen, side, direction, self._residuals))
        self._shapes[id(chosen), side] = chosen, shape
        return shape

    def _kinds(self, chosen: tuple[Endpoint, ...]) -> tuple[Kind, ...]:
        """What endpoints fall into that other sets may have too, under other conditions on the packet."""
        found = self._alike.get(chosen)
        if found is None:
            each = alike(chosen, self._residuals.classes, self._domains)
            found = self._alike[chosen] = tuple(Kind(c, TRUE, domain, ends) for c, domain, ends in each)
        return found
