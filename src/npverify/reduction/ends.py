"""Groups of endpoints of one side, and how they change with the policies: only the touched classes move between groups.

In: the kinds that a set of endpoints falls into whatever the policies are (`members.Kind`). Out: `Parted`, its groups under
policies, and the same after a change of policies, where every group that no touched class left or joined is the same object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from heapq import nsmallest

from npverify.inventory.model import Endpoint, EndpointKind
from npverify.normal.policy import Direction
from npverify.normal.predicates import Pred
from npverify.reduction.bitsets import as_set, bits
from npverify.reduction.members import Kind, Members
from npverify.reduction.residuals import Residuals, host_network

_Look = tuple[EndpointKind, Pred, tuple[object, ...]]
"""What tells endpoints apart besides policies: kind, condition, domain."""

_REMEMBERED = 4_000  # sets of classes whose first endpoints are kept before the memory is given back


class Counts:
    """How many of something there are in any set of classes, from the number of each: one set for each binary digit."""

    def __init__(self, of: Mapping[int, int]) -> None:
        digits: list[list[int]] = []
        for c, count in of.items():
            for place in bits(count):
                digits += ([] for _ in range(len(digits), place + 1))
                digits[place].append(c)
        self._digits = [(place, as_set(classes)) for place, classes in enumerate(digits) if classes]

    def of(self, classes: int) -> int:
        """The sum over a set of classes."""
        return sum((digit & classes).bit_count() << place for place, digit in self._digits)


class Crowd:
    """Endpoints by class, whatever the policies are. Guards what is known of sets of their classes."""

    def __init__(self, by_class: Mapping[int, list[Endpoint]]) -> None:
        self.by_class = by_class
        self.classes = as_set(by_class)
        self._lowest: dict[int, list[Endpoint]] = {}

    @cached_property
    def _counts(self) -> Counts:
        return Counts({c: len(ends) for c, ends in self.by_class.items()})

    @cached_property
    def _ranked(self) -> list[tuple[int, Endpoint]]:
        """The first two of each class with the class, in the order of names; a class is in that order itself."""
        two = [(end.key, c, end) for c, ends in self.by_class.items() for end in ends[:2]]
        two.sort(key=lambda each: each[0])
        return [(c, end) for _, c, end in two]

    def size(self, classes: int) -> int:
        """How many endpoints are in some classes."""
        return self._counts.of(classes)

    def lowest(self, classes: int) -> list[Endpoint]:
        """The two that come first by name in some classes."""
        found = self._lowest.get(classes)
        if found is None:
            if len(self._lowest) >= _REMEMBERED:
                self._lowest.clear()
            found = self._lowest[classes] = self._find_lowest(classes)
        return found

    def _find_lowest(self, classes: int) -> list[Endpoint]:
        if classes.bit_count() ** 2 < len(self.by_class):  # so few that those before the first are many
            return nsmallest(2, (end for c in bits(classes) for end in self.by_class[c][:2]), key=lambda end: end.key)
        found = []
        for c, end in self._ranked:
            if classes >> c & 1:
                found.append(end)
                if len(found) == 2:
                    break
        return found


class Ends:
    """Groups of one side that differ in their policies alone: one condition, one kind, one domain of addresses."""

    def __init__(self, groups: Sequence[Members], crowd: Crowd) -> None:
        self.groups = groups
        self.crowd = crowd

    @property
    def classes(self) -> int:
        """The set of the classes of all."""
        return self.crowd.classes

    @property
    def first(self) -> Endpoint:
        """One of them."""
        return self.groups[0].first

    @property
    def condition(self) -> Pred:
        """When flows of theirs count."""
        return self.groups[0].condition

    @cached_property
    def of_class(self) -> dict[int, Members]:
        """The group of each class."""
        return {c: group for group in self.groups for c in group.by_class}

    def of(self, c: int) -> list[Endpoint]:
        """The endpoints of a class."""
        return self.crowd.by_class[c]


class Parted:
    """A set of endpoints as it falls apart under policies: its groups, and these apart into those on the network of their node
    (`hosts`) and the others (`plain`), and by what else than policies tells them apart (`looks`)."""

    def __init__(
        self, kinds: Sequence[Kind], places: Mapping[int, list[int]], crowds: dict[_Look, Crowd], side: Direction
    ) -> None:
        """`places` are those of each class in `kinds`; `side` is the direction in which they are subjects."""
        self._kinds, self._places, self._crowds, self._side = kinds, places, crowds, side
        self._keys: list[tuple[object, ...]] = []
        self._by_key: dict[tuple[object, ...], Members] = {}
        self._by_look: dict[_Look, dict[tuple[object, ...], Members]] = {}
        self._looks: dict[_Look, Ends] = {}

    @classmethod
    def of(cls, kinds: Sequence[Kind], direction: Direction, residuals: Residuals) -> Parted:
        """The kinds, joined where residuals cannot tell them apart."""
        places: dict[int, list[int]] = {}
        for place, kind in enumerate(kinds):
            places.setdefault(kind.c, []).append(place)
        made = cls(kinds, places, {}, direction)
        made._keys = [_join(made._by_key, kind, direction, residuals).key for kind in kinds]
        for key, group in made._by_key.items():
            group.classes = as_set(group.by_class)
            made._by_look.setdefault(_look(group), {})[key] = group
        return made

    def after(self, changed: int, residuals: Residuals) -> Parted:
        """The set under other policies, which select other classes than before among `changed` alone."""
        made = Parted(self._kinds, self._places, self._crowds, self._side)
        made._keys, made._by_key = self._keys.copy(), self._by_key.copy()
        left: dict[tuple[object, ...], set[int]] = {}
        come: dict[tuple[object, ...], Members] = {}
        for c in bits(changed & self.classes):
            for place in self._places[c]:
                key = self._keys[place]
                if self._by_key[key].signature is not residuals.signature(self._side, c):
                    left.setdefault(key, set()).add(c)
                    made._keys[place] = _join(come, self._kinds[place], self._side, residuals).key
        made._by_look, made._looks = self._by_look.copy(), self._looks.copy()
        for look in {_look(self._by_key[key]) for key in left}:  # who comes has the look that it had
            made._by_look[look] = made._by_look[look].copy()
            made._looks.pop(look, None)
        for key, without in left.items():
            group = self._by_key[key]
            by_class = {c: ends for c, ends in group.by_class.items() if c not in without}
            groups = made._by_look[_look(group)]
            del made._by_key[key], groups[key]
            if by_class:
                made._by_key[key] = groups[key] = group.of(by_class)
        for key, group in come.items():
            before = made._by_key.get(key)
            joined = group.of({**before.by_class, **group.by_class} if before else group.by_class)
            made._by_key[key] = made._by_look[_look(group)][key] = joined
        return made

    @cached_property
    def groups(self) -> list[Members]:
        """All groups."""
        return list(self._by_key.values())

    @cached_property
    def classes(self) -> int:
        """The set of the classes of all."""
        return as_set(self._places)

    @cached_property
    def hosts(self) -> list[Members]:
        """Groups on the network of their node."""
        return [group for ends in self.looks if host_network(ends.first) for group in ends.groups]

    @cached_property
    def plain(self) -> list[Members]:
        """The other groups."""
        return [group for ends in self.looks if not host_network(ends.first) for group in ends.groups]

    @cached_property
    def looks(self) -> list[Ends]:
        """The groups by what else than policies tells them apart."""
        for look, groups in self._by_look.items():
            if look not in self._looks:
                each = list(groups.values())
                self._looks[look] = Ends(each, self._crowd(look, each))
        return list(self._looks.values())

    def _crowd(self, look: _Look, groups: Iterable[Members]) -> Crowd:
        found = self._crowds.get(look)
        if found is None:
            found = self._crowds[look] = Crowd({c: ends for group in groups for c, ends in group.by_class.items()})
        return found


def _look(group: Members) -> _Look:
    return group.first.kind, group.condition, group.domain


def _join(groups: dict[tuple[object, ...], Members], kind: Kind, direction: Direction, residuals: Residuals) -> Members:
    """Put a kind into the group of those that residuals cannot tell it from; the group's classes are not set yet."""
    c, condition, domain, ends = kind
    signature = residuals.signature(direction, c)
    key = (id(signature) if signature else 0, condition, residuals.aspect_of(direction, c), domain)
    group = groups.get(key)
    if group is None:
        group = groups[key] = Members(key, signature, condition, domain, {}, ends[0])
    group.by_class[c] = ends
    return group
