"""Predicates about one end, evaluated over all classes at once: sets of classes as Python integers, bit c for class c.

The answer is a partition: the classes for which the predicate is TRUE, those for which it is FALSE, and a part for each
residual that is left where an address or an unknown keeps it open. Partitions of connectives are joined from those of their
parts, so the cost goes with the number of parts and not with the number of classes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import compress, count
from typing import TypeVar

from npverify.inventory.addresses import Family, Prefix
from npverify.inventory.model import ContainerPort, Endpoint, EndpointKind, Inventory
from npverify.inventory.unknowns import Unknown
from npverify.normal.policy import Direction
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    AddressIn,
    AddressOwnedBy,
    And,
    Clause,
    Const,
    KindIs,
    LabelIn,
    LabelText,
    NamedPortIs,
    NamespaceIs,
    NodeIs,
    Not,
    Or,
    OwnNode,
    PortIn,
    Pred,
    SelfTraffic,
    ServiceAccountIs,
    Side,
    and_,
    not_,
    or_,
)
from npverify.reduction.classes import Classes
from npverify.reduction.glance import depends_on_circumstance
from npverify.reduction.partial import DIRECT, Circumstance, Partial, label_residual, label_value

_ABOUT_AN_END = (
    KindIs,
    NamespaceIs,
    LabelIn,
    LabelText,
    ServiceAccountIs,
    NodeIs,
    NamedPortIs,
    AddressIn,
    AddressOwnedBy,
    OwnNode,
)
Parts = tuple[tuple[int, Pred], ...]
"""Disjoint sets of classes that are everything together, each with what is left of a predicate for them."""


def bits(classes: int) -> Iterator[int]:
    """The members of a set, ascending."""
    first = max((classes & -classes).bit_length() - 1, 0)
    near = classes >> first  # most sets have all their members close together
    text = bin(near)[:1:-1]
    if near.bit_count() * _DENSE > len(text):
        return compress(count(first), text.encode().translate(_BYTES))
    return _ones(first, text)


_DENSE = 8
"""Classes to one member up to which it is quicker to look at each than to search for the members."""
_BYTES = bytes.maketrans(b"01", b"\0\1")


def _ones(first: int, text: str) -> Iterator[int]:
    at = text.find("1")
    while at >= 0:
        yield first + at
        at = text.find("1", at + 1)


def as_set(classes: Collection[int]) -> int:
    """Classes as a set."""
    if len(classes) == 1:
        (only,) = classes
        return 1 << only
    found = bytearray(max(classes, default=-1) // 8 + 1)
    for c in classes:
        found[c >> 3] |= 1 << (c & 7)
    return int.from_bytes(found, "little")


def told_apart(classes: int) -> tuple[int, int, int]:
    """A set as a key, by its highest class and gap: Python has but 61 hashes for all sets of one class, or of all but one."""
    length = classes.bit_length()
    return length, (classes ^ (1 << length) - 1).bit_length(), classes


K = TypeVar("K", bound=Hashable)


class _Index(Mapping[K, int]):
    """Sets of classes by what they are given with. Guards those that were made: of a large cluster there are many, and each has
    a bit for every class, so one is made when somebody asks for it."""

    def __init__(self, classes: Iterable[tuple[K, int]]) -> None:
        self._members: dict[K, list[int]] = {}
        self._made: dict[K, int] = {}
        for key, c in classes:
            self._members.setdefault(key, []).append(c)

    def __getitem__(self, key: K) -> int:
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = as_set(self._members[key])
        return found

    def __iter__(self) -> Iterator[K]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


class Bitsets:
    """Memoises the partitions of predicates about one side. Guards the memo and the indices of kinds, labels, addresses."""

    def __init__(self, classes: Classes, inventory: Inventory, partial: Partial) -> None:
        self.all = (1 << len(classes)) - 1
        self._classes = classes
        self._inventory = inventory
        self._partial = partial
        self._memo: dict[tuple[Side, Circumstance], dict[Pred, Parts]] = {}
        self._direct: dict[Side, dict[Pred, Parts]] = {side: self._memo.setdefault((side, DIRECT), {}) for side in Side}
        self._bounds: dict[Side, dict[Pred, int]] = {side: {} for side in Side}
        self._sets: dict[tuple[int, int, int], int] = {}
        self._halves: dict[tuple[int, int, int], Parts] = {}
        ends = list(classes.representatives)
        pods = [(c, end) for c, end in enumerate(ends) if end.is_pod]
        self._by_kind = _Index((end.kind, c) for c, end in enumerate(ends))
        self._by_namespace = _Index((end.namespace, c) for c, end in pods)
        self._by_label: dict[str, tuple[Mapping[str | Unknown, int], dict[Unknown, int]]] = {}
        self._of_owner: dict[tuple[str, str], tuple[Mapping[str | Unknown, int], dict[Unknown, int]]] = {}
        self._pods = as_set([c for c, _ in pods])

    @cached_property
    def _by_account(self) -> Mapping[tuple[str, str], int]:
        ends = enumerate(self._classes.representatives)
        return _Index(((end.namespace, end.service_account), c) for c, end in ends if end.is_pod)

    @cached_property
    def _by_ports(self) -> Mapping[tuple[ContainerPort, ...], int]:
        ends = enumerate(self._classes.representatives)
        return _Index((tuple(p for p in end.ports if p.name) if end.is_pod else (), c) for c, end in ends)

    @cached_property
    def _addresses(self) -> _Addresses:
        return _Addresses(self._classes.representatives)

    @cached_property
    def _by_node(self) -> Mapping[str, int]:
        ends = self._classes.representatives
        return _Index((end.node, c) for c, end in enumerate(ends) if end.node is not None)

    def _labels(self, key: str) -> tuple[Mapping[str | Unknown, int], dict[Unknown, int]]:
        """The classes of pods by the value of a label, and those of which it is not known."""
        found = self._by_label.get(key)
        if found is None:
            ends = enumerate(self._classes.representatives)
            having = _Index((end.labels[key], c) for c, end in ends if end.is_pod and key in end.labels)
            open_ = {value: having[value] for value in having if isinstance(value, Unknown)}
            found = self._by_label[key] = having, open_
        return found

    def parts(self, pred: Pred, side: Side, how: Circumstance) -> Parts:
        """The partition by `pred`, seen as a statement about the end on `side`; atoms about others stay as they are."""
        if how is not DIRECT and not depends_on_circumstance(pred):
            how = DIRECT
        memo = self._direct[side] if how is DIRECT else self._memo.setdefault((side, how), {})
        found = memo.get(pred)
        if found is None:
            found = memo[pred] = self._once(tuple(self._evaluate(pred, side, how)))
        return found

    def bound(self, pred: Pred, side: Side) -> int:
        """A set in which all classes are for which `pred` may hold, made from what it says of kinds and namespaces alone."""
        found = self._bounds[side].get(pred)
        if found is None:
            found = self._bound(pred, side)
            self._bounds[side][pred] = found = self._sets.setdefault(told_apart(found), found)
        return found

    def _bound(self, pred: Pred, side: Side) -> int:
        if isinstance(pred, NamespaceIs) and pred.side is side:
            return self._by_namespace.get(pred.name, 0)
        if isinstance(pred, LabelIn) and pred.side is side and pred.of == "namespace":
            return sum(classes for classes, left in self.parts(pred, side, DIRECT) if left is not FALSE)
        if isinstance(pred, LabelIn | LabelText | ServiceAccountIs) and pred.side is side:
            return self._pods
        found = self.all
        if isinstance(pred, And):
            for part in pred.parts:
                found &= self.bound(part, side)
        elif isinstance(pred, Or):
            found = 0
            for part in pred.parts:
                found |= self.bound(part, side)
        return found

    def _once(self, parts: Parts) -> Parts:
        """A partition with its sets as they are kept: most are in several partitions, and they are large."""
        if len(parts) == 2 and isinstance(parts[0][1], Const) and isinstance(parts[1][1], Const):
            true, false = parts if parts[0][1] is TRUE else (parts[1], parts[0])
            return self._halves.setdefault(told_apart(true[0]), (true, false))
        one = self._sets.setdefault
        return tuple((one(told_apart(classes), classes), left) for classes, left in parts)

    def _evaluate(self, pred: Pred, side: Side, how: Circumstance) -> Parts:
        if isinstance(pred, Const):
            return ((self.all, pred),)
        if isinstance(pred, Not):
            return tuple((part, not_(left)) for part, left in self.parts(pred.body, side, how))
        if isinstance(pred, And):
            return self._join((self.parts(p, side, how) for p in pred.parts), and_, TRUE, FALSE)
        if isinstance(pred, Or):
            return self._join((self.parts(p, side, how) for p in pred.parts), or_, FALSE, TRUE)
        return self._atom(pred, side, how)

    def _join(
        self, parts: Iterable[Parts], connective: Callable[[Pred, Pred], Pred], neutral: Pred, absorbing: Pred
    ) -> Parts:
        settled, open_ = self.all, []
        for partition in parts:
            if any(not isinstance(left, Const) for _, left in partition):
                open_.append(partition)
                continue
            settled &= next((part for part, left in partition if left is neutral), 0)
            if not settled:
                return ((self.all, absorbing),)
        joined = {neutral: settled}
        if settled != self.all:
            joined[absorbing] = self.all & ~settled
        for partition in open_:
            refined: dict[Pred, int] = {}
            for before, classes in joined.items():
                if before is absorbing:
                    refined[absorbing] = refined.get(absorbing, 0) | classes
                    continue
                for part, left in partition:
                    if both := classes & part:
                        now = left if before is neutral else connective(before, left)
                        refined[now] = refined.get(now, 0) | both
            joined = refined
        return tuple((classes, left) for left, classes in joined.items())

    def _atom(self, atom: Pred, side: Side, how: Circumstance) -> Parts:
        if isinstance(atom, SelfTraffic | Clause):
            return ((self.all, self._partial.residual(atom, Direction.EGRESS, how)),)
        if isinstance(atom, PortIn):
            return self._port(atom, side, how)
        if not isinstance(atom, _ABOUT_AN_END) or atom.side is not side:
            return ((self.all, atom),)
        if isinstance(atom, KindIs):
            return self._exactly(sum(self._by_kind.get(kind, 0) for kind in atom.kinds))
        if isinstance(atom, NamespaceIs):
            return self._exactly(self._by_namespace.get(atom.name, 0))
        if isinstance(atom, LabelIn):
            return self._of_values(atom, *self._values(atom))
        if isinstance(atom, LabelText):
            return self._labelled(atom)
        return self._by_representatives(atom, side, how)

    def _port(self, atom: PortIn, side: Side, how: Circumstance) -> Parts:
        left = self._partial.residual(atom, _looking(side), how)
        if left is atom or isinstance(left, Const):
            return ((self.all, left),)
        # where it hangs on the source whether the Service or the backend is seen, its classes are told apart
        return self.parts(left, side, replace(how, before_translation=FALSE))

    def _exactly(self, classes: int) -> Parts:
        return tuple((part, left) for part, left in ((classes, TRUE), (self.all & ~classes, FALSE)) if part)

    def _values(self, atom: LabelIn) -> tuple[Mapping[str | Unknown, int], dict[Unknown, int]]:
        """The classes by what the label is that an atom asks for, and those of which it is not known."""
        if atom.of == "pod":
            return self._labels(atom.key)
        found = self._of_owner.get((atom.of, atom.key))
        if found is None:
            having: dict[str | Unknown, int] = {}
            for classes in (self._by_namespace if atom.of == "namespace" else self._by_account).values():
                end = self._classes.representative(classes.bit_length() - 1)
                value = label_value(atom, end, self._inventory)
                if value is not None:
                    having[value] = having.get(value, 0) | classes
            open_ = {value: classes for value, classes in having.items() if isinstance(value, Unknown)}
            found = self._of_owner[atom.of, atom.key] = having, open_
        return found

    def _of_values(self, atom: LabelIn, having: Mapping[str | Unknown, int], open_: dict[Unknown, int]) -> Parts:
        """As `_labelled`, without asking each of the many values that a label such as `app` has."""
        wanted = having if atom.values is None else atom.values
        found: dict[Pred, int] = {TRUE: 0, FALSE: self.all}
        for value in wanted:
            if isinstance(value, str):
                found[TRUE] |= having.get(value, 0)
        for classes in open_.values():
            left = label_residual(atom, self._classes.representative(classes.bit_length() - 1), self._inventory)
            found[left] = found.get(left, 0) | classes
        for left, classes in found.items():
            if left is not FALSE:
                found[FALSE] &= ~classes
        return tuple((classes, left) for left, classes in found.items() if classes)

    def _labelled(self, atom: LabelText) -> Parts:
        found: dict[Pred, int] = {}
        if atom.of == "pod":
            groups = list(self._labels(atom.key)[0].values())
        else:
            groups = list((self._by_namespace if atom.of == "namespace" else self._by_account).values())
        for classes in groups:
            end = self._classes.representative(classes.bit_length() - 1)
            left = label_residual(atom, end, self._inventory)
            found[left] = found.get(left, 0) | classes
        if without := self.all & ~sum(groups):
            found[FALSE] = found.get(FALSE, 0) | without
        return tuple((classes, left) for left, classes in found.items())

    def _by_representatives(self, atom: Pred, side: Side, how: Circumstance) -> Parts:
        """The partition by an atom that is evaluated once for every group of classes that it cannot tell apart."""
        direction = _looking(side)
        if isinstance(atom, AddressIn):
            groups = self._addresses.groups(atom.prefix)
        elif isinstance(atom, AddressOwnedBy | OwnNode):
            groups = list(self._by_kind.values())
        elif isinstance(atom, NamedPortIs):
            groups = list(self._by_ports.values())
        elif isinstance(atom, NodeIs):
            groups = list(self._by_place(atom.name))
        else:
            groups = [1 << c for c in range(len(self._classes))]
        found: dict[Pred, int] = {}
        for classes in groups:
            end = self._classes.representative((classes & -classes).bit_length() - 1)
            known = {"src": end} if side is Side.SRC else {"dst": end}
            left = self._partial.residual(atom, direction, how, **known)
            found[left] = found.get(left, 0) | classes
        return tuple((classes, left) for left, classes in found.items())

    def _by_place(self, node: str) -> Iterator[int]:
        """The classes on a node, those elsewhere, and one by one those of which the node is not known."""
        here = self._by_node.get(node, 0)
        elsewhere = self._by_kind.get(EndpointKind.EXTERNAL, 0) | sum(self._by_node.values()) & ~here
        yield from (classes for classes in (here, elsewhere) if classes)
        for c in bits(self.all & ~here & ~elsewhere):
            yield 1 << c


class _Addresses:
    """Classes by their addresses, so that a prefix finds its own without asking each of them."""

    def __init__(self, ends: Iterable[Endpoint]) -> None:
        self._by_value: dict[Family, list[tuple[int, int]]] = {4: [], 6: []}
        by_families: dict[tuple[Family, ...], list[int]] = {}
        self._others: dict[tuple[str, object], int] = {}
        for c, end in enumerate(ends):
            families = tuple(a.family for a in end.addresses)
            if end.address_known and len(set(families)) == len(families):
                by_families.setdefault(families, []).append(c)
                for address in end.addresses:
                    self._by_value[address.family].append((address.value, c))
            else:
                # a class of unknown address is like all of its kind; one with several of a family is like no other
                key = ("several", c) if end.address_known else ("unknown", end.kind)
                self._others[key] = self._others.get(key, 0) | 1 << c
        self._by_families = {families: as_set(those) for families, those in by_families.items()}
        for entries in self._by_value.values():
            entries.sort()

    def groups(self, prefix: Prefix) -> list[int]:
        """Disjoint sets of classes, everything together, of which a prefix cannot tell the members apart."""
        entries = self._by_value[prefix.family]
        first = bisect_left(entries, (prefix.first, -1))
        last = bisect_right(entries, (prefix.last, 1 << 62))
        inside = as_set([c for _, c in entries[first:last]])
        groups = list(self._others.values())
        for families, classes in self._by_families.items():
            groups += [classes & inside, classes & ~inside] if prefix.family in families else [classes]
        return [group for group in groups if group]


def _looking(side: Side) -> Direction:
    """The direction whose peers are on a side."""
    return Direction.EGRESS if side is Side.DST else Direction.INGRESS
