"""Endpoints of two inventories, matched, and parted into classes that neither of two policy sets can tell apart.

In: two inventories with their policies. Out: `Twins`, whose classes number both worlds alike: a set of classes is one integer
for both. An endpoint that only one world has is in a class that the other lacks.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

from npverify.inventory.model import EXTERNAL, Endpoint, Inventory
from npverify.inventory.spaces import address_space
from npverify.normal.policy import PolicySet
from npverify.reduction.bitsets import bits
from npverify.reduction.classes import Classes
from npverify.reduction.premises import domain_key


class Twin(NamedTuple):
    """One endpoint as each of two inventories has it; None where it has it not.

    `one_address`  both know the same of its address, so it has one and the same in both worlds. Else each world judges it
    by its own address, whatever that is in the other.
    """

    left: Endpoint | None
    right: Endpoint | None
    one_address: bool = True

    @property
    def either(self) -> Endpoint:
        """The endpoint as the left world has it, or the right one."""
        found = self.left or self.right
        if found is None:
            raise ValueError("a twin of nobody")
        return found

    @property
    def sides(self) -> tuple[Endpoint | None, Endpoint | None]:
        """The endpoint on the left and on the right."""
        return self.left, self.right


class Twins:
    """The classes of two worlds. `members[c]` are the twins of class c in the order of their keys; the classes that both
    worlds have come first, then those of the left alone, then those of the right alone.

    `common`, `alone[0]`, `alone[1]`  these sets; `aspects` parts all classes by what premises look at
    `unlike`  classes of the first set that may have an address in one world which they cannot have in the other
    `classes`  for each world its own endpoints in the same classes, as its reduction numbers them
    """

    def __init__(
        self, left: tuple[Inventory, PolicySet], right: tuple[Inventory, PolicySet], *, by_workload: bool = False
    ) -> None:
        """`by_workload`: pods that only one world has are matched with such pods of the same workload in the other."""
        inventories = (left[0], right[0])
        one = left[0] is right[0]
        # what neither of two sets tells apart over one inventory is what both together do not
        of = [Classes(left[0], left[1], right[1]).of] * 2 if one else [Classes(*world).of for world in (left, right)]
        found: dict[Hashable, list[Twin]] = {}
        aspects: dict[Hashable, Hashable] = {}
        for twin in _matched(*inventories, by_workload=by_workload):
            aspect: Hashable = _aspect(twin.left)
            if twin.right is not twin.left:
                aspect = (twin.one_address, aspect, _aspect(twin.right))
            key = (*(None if end is None else n[end] for n, end in zip(of, twin.sides, strict=True)), aspect)
            found.setdefault(key, []).append(twin)
            aspects[key] = aspect
        order = sorted(found, key=lambda k: (found[k][0].left is None, found[k][0].right is None))
        self.members: tuple[tuple[Twin, ...], ...] = tuple(tuple(found[key]) for key in order)
        self.aspects = _parted(aspects[key] for key in order)
        counts = [sum(bool(ends[0].left) is a and bool(ends[0].right) is b for ends in self.members) for a, b in _WHERE]
        self._common, self._left = counts[0], counts[1]
        self.all = (1 << len(self.members)) - 1
        self.common = (1 << self._common) - 1
        left_only = ((1 << self._left) - 1) << self._common
        self.alone = (left_only, self.all & ~self.common & ~left_only)
        one_use = left[0].families == right[0].families
        self.unlike = sum(1 << c for c, twins in enumerate(self.members) if _unlike(twins[0], one_use=one_use))
        first = Classes.given(_of_side(self.members, 0))
        self.classes = (first, first if one else Classes.given(_of_side(self.members, 1)))
        self.of: dict[Endpoint, int] = {}
        self._twin: dict[Endpoint, Twin] = {}
        for c, twins in enumerate(self.members):
            for twin in twins:
                for end in twin.sides:
                    if end is not None:
                        self.of[end] = c
                        self._twin[end] = twin

    def __len__(self) -> int:
        return len(self.members)

    def present(self, side: int) -> int:
        """The classes that one world has."""
        return self.common | self.alone[side]

    def number(self, side: int, c: int) -> int:
        """The number of class `c` in the reduction of one world."""
        return c if side == 0 or c < self._common else c - self._left

    def joint(self, side: int, classes: int) -> int:
        """A set of classes of the reduction of one world, as a set of classes of both."""
        if side == 0 or not self._left:
            return classes
        return classes & self.common | (classes & ~self.common) << self._left

    def local(self, side: int, classes: int) -> int:
        """The classes of a set that one world has, as its reduction numbers them."""
        here = classes & self.present(side)
        if side == 0 or not self._left:
            return here
        return here & self.common | (here & ~self.common) >> self._left

    def twin(self, end: Endpoint) -> Twin:
        """An endpoint of one of the worlds with its counterpart."""
        return self._twin[end]

    def twins(self, classes: int) -> Iterator[Twin]:
        """The members of a set of classes."""
        for c in bits(classes):
            yield from self.members[c]

    def only(self, side: int) -> tuple[Endpoint, ...]:
        """The endpoints that only one world has, in the order of their keys."""
        ends = (end for twin in self.twins(self.alone[side]) if (end := twin.sides[side]) is not None)
        return tuple(sorted(ends, key=lambda e: e.key))


_WHERE = ((True, True), (True, False))


def _matched(left: Inventory, right: Inventory, *, by_workload: bool) -> Iterator[Twin]:
    """Every endpoint of the two, by key; the one that stands for the outside last. Replicas do not match a single pod."""
    if left is right:
        yield from (Twin(end, end) for end in (*left.endpoints, EXTERNAL))
        return
    there = {(end.key, end.replicated): end for end in right.endpoints}
    known = {(end.key, end.replicated) for end in left.endpoints}
    spare: dict[Hashable, list[Endpoint]] = {}
    if by_workload:
        for end in right.endpoints:
            if (end.key, end.replicated) not in known and _is_one_of_many(end):
                spare.setdefault(_group(end), []).append(end)
        for ends in spare.values():
            ends.sort(key=_in_workload, reverse=True)
    for end in sorted(left.endpoints, key=_in_workload) if spare else left.endpoints:
        other = there.pop((end.key, end.replicated), None)
        if other is None and _is_one_of_many(end) and spare.get(_group(end)):
            other = spare[_group(end)].pop()
            del there[other.key, other.replicated]
        yield Twin(end, other, other is None or _one_address(end, other, left, right))
    for end in there.values():
        yield Twin(None, end)
    yield Twin(EXTERNAL, EXTERNAL)


def _is_one_of_many(end: Endpoint) -> bool:
    """Whether the endpoint is a listed pod of a workload, which may have another name whenever it is started."""
    return end.is_pod and not end.replicated and end.workload is not None and end.workload.kind != "Pod"


def _group(end: Endpoint) -> Hashable:
    return end.kind, end.cluster, end.workload


def _in_workload(end: Endpoint) -> tuple[str, tuple[str, ...]]:
    """The order in which pods of one workload are matched: by node, then by name."""
    return end.node or "", end.key


def _one_address(one: Endpoint, other: Endpoint, left: Inventory, right: Inventory) -> bool:
    if one.address_known or other.address_known:
        return one.address_known and other.address_known and set(one.addresses) == set(other.addresses)
    return set(address_space(left, one.kind)) == set(address_space(right, other.kind))


def _unlike(twin: Twin, *, one_use: bool) -> bool:
    """Whether equal residuals may yet be different verdicts; `one_use`: both clusters use the same address families."""
    left, right = twin.sides
    if left is None or right is None or left is EXTERNAL:
        return False
    if not left.address_known and not right.address_known:
        return not (twin.one_address and one_use)
    # with one address of each family, and the same families, every address atom is a constant
    return not (left.address_known and domain_key(left) == domain_key(right))


def _aspect(end: Endpoint | None) -> Hashable:
    return None if end is None else (end.kind, end.cluster, *domain_key(end))


def _parted(keys: Iterable[Hashable]) -> tuple[int, ...]:
    """The numbers of keys, in sets of equal ones."""
    parts: dict[Hashable, int] = {}
    for c, key in enumerate(keys):
        parts[key] = parts.get(key, 0) | 1 << c
    return tuple(parts.values())


def _of_side(members: Iterable[Sequence[Twin]], side: int) -> Iterator[list[Endpoint]]:
    for twins in members:
        if twins[0].sides[side] is not None:
            yield [end for twin in twins if (end := twin.sides[side]) is not None]
