"""Obligations of whole blocks of sources and targets: what falls away of the residuals for the flows that are asked about
makes many pairs of groups alike, and alike pairs are one obligation.

Of one direction every group of subjects parts its peers into few sets, each with a residual; where two groups have the same
left for the same peers, they are joined. The blocks of the two directions are then cut with each other. What is said of a
block is said by its first pair, with the residuals of just that pair, so that it reads as if each pair were asked alone; a
test holds the two ways together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum, auto
from functools import cached_property, partial
from typing import NamedTuple

from npverify.inventory.model import Endpoint
from npverify.normal.policy import Direction
from npverify.normal.predicates import FALSE, Pred, and_
from npverify.reduction.bitsets import bits
from npverify.reduction.ends import Counts, Crowd, Ends
from npverify.reduction.given import simplified
from npverify.reduction.judge import Signature
from npverify.reduction.meeting import Parts, Residual
from npverify.reduction.members import Members

Row = Callable[[Members], Parts]
"""The peers of a group of subjects, parted by what is left of their direction."""

Pair = tuple[Endpoint, Endpoint]


class Said(Enum):
    """What the direction that is looked at first tells of a sought flow: never there, there whatever the other direction
    says, or that it is up to that: always, or only where the other has changed."""

    NEVER = auto()
    ALREADY = auto()
    OPEN = auto()
    IF_CHANGED = auto()


class Sought:
    """A flow that passes."""

    def of_one(self, said: Residual) -> Said:
        """What the first direction tells, of which this is left."""
        return Said.NEVER if said[0] is FALSE else Said.OPEN

    def of_both(self, said: Residual, other: Residual) -> bool:
        """Whether there may be such a flow where this is left of both directions, and the first left it open."""
        return other[0] is not FALSE

    def changed(self, group: Members) -> bool:
        """Whether the variants tell policies of a group apart."""
        return False


class Stopped(Sought):
    """A flow that does not pass."""

    def of_one(self, said: Residual) -> Said:
        """See `Sought`."""
        return Said.ALREADY if said[0] is FALSE else Said.OPEN

    def of_both(self, said: Residual, other: Residual) -> bool:
        """See `Sought`."""
        return True


class Differing(Sought):
    """A flow that one variant of the policies lets through and the other does not."""

    def __init__(self, variants: Callable[[Signature], tuple[Signature, ...]]) -> None:
        self._variants = variants

    def of_one(self, said: Residual) -> Said:
        """See `Sought`."""
        return Said.IF_CHANGED if said[0] is said[1] else Said.OPEN

    def of_both(self, said: Residual, other: Residual) -> bool:
        """See `Sought`."""
        return said[0] is not said[1] or other[0] is not other[1]

    def changed(self, group: Members) -> bool:
        """See `Sought`."""
        now, then = self._variants(group.signature)
        return now != then


class DifferingFirst(Sought):
    """A flow of which the first direction itself is another in the other variant."""

    def of_one(self, said: Residual) -> Said:
        """See `Sought`."""
        return Said.NEVER if said[0] is said[1] else Said.ALREADY


class Block(NamedTuple):
    """Pairs of endpoints for which the same is left: the first one by name, and what tells how many there are."""

    pair: Pair
    number: Callable[[], int]


class Rows:
    """Groups of one side, joined where the same is left for the same peers. Guards which groups are in it."""

    def __init__(self, among: int) -> None:
        """`among` is the set of classes of peers that count."""
        self.among = among
        self.joined: dict[tuple[Residual, int], int] = {}
        self._keys: dict[tuple[Residual, int], tuple[Residual, int]] = {}
        self._of: dict[Members, tuple[tuple[Residual, int], ...]] = {}
        self._whole = True

    def take(self, groups: Iterable[Members], row: Row, left: _Left) -> None:
        """Have these groups in it and no others; those that are in it already are not asked again."""
        if not self._whole:  # the last time it was interrupted
            self.joined, self._keys, self._of = {}, {}, {}
        self._whole = False
        now = dict.fromkeys(groups)
        for group in [group for group in self._of if group not in now]:
            for key in self._of.pop(group):
                rest = self.joined[key] & ~group.classes
                if rest:
                    self.joined[key] = rest
                else:
                    del self.joined[key], self._keys[key]
        alike: dict[int, tuple[Parts, tuple[tuple[Residual, int], ...], list[int]]] = {}
        for group in now:
            if group not in self._of:
                parts = row(group)
                known = alike.get(id(parts))  # most are of a few, which are kept
                if known is None:
                    known = alike[id(parts)] = parts, self._said(parts, left), []
                self._of[group] = known[1]
                known[2].append(group.classes)
        for _, keys, classes in alike.values():
            together = union(classes)
            for key in keys:
                self.joined[key] = self.joined.get(key, 0) | together
        self._whole = True

    def _said(self, parts: Parts, left: _Left) -> tuple[tuple[Residual, int], ...]:
        own: dict[Residual, int] = {}
        for peers, residual in parts:
            if both := peers & self.among:
                said = left(residual)
                own[said] = own.get(said, 0) | both
        return tuple(self._keys.setdefault(each, each) for each in own.items())  # the sets are large


class Kept:
    """What is known of two crowds whose flows satisfy `given`, as long as residuals of equal groups stay the same. Guards
    how many pods are on both sides, and the rows that were asked for last."""

    def __init__(self, given: Pred, sources: Crowd, targets: Crowd) -> None:
        self.left = _Left(given)
        self._sources, self._targets = sources, targets
        self._rows: dict[Direction, Rows] = {}

    def rows(self, direction: Direction, among: int) -> Rows:
        """Of the subjects of a direction, for peers among some classes."""
        found = self._rows.get(direction)
        if found is None or found.among != among:
            found = self._rows[direction] = Rows(among)
        return found

    @cached_property
    def alone(self) -> Counts:
        """How many pods of a class are on both sides without a second replica: what they send to themselves is left out."""
        sources, targets = self._sources.by_class, self._targets.by_class
        counts = {}
        for c in bits(self._sources.classes & self._targets.classes):
            to = set(targets[c])
            counts[c] = sum(end in to and not end.replicated for end in sources[c])
        return Counts(counts)


class Blocks:
    """The pairs of two sides."""

    def __init__(self, sources: Ends, targets: Ends, kept: Kept) -> None:
        self.sources = sources
        self.targets = targets
        self._kept = kept

    def all(self) -> Block | None:
        """All pairs as one block; None: there is none."""
        return self.block([(self.sources.classes, self.targets.classes)])

    def block(self, parts: Iterable[tuple[int, int]]) -> Block | None:
        """Products of source and target classes as one block."""
        best: Pair | None = None
        sources, targets = self.sources.crowd, self.targets.crowd
        parts = tuple(parts)
        for come, to in parts:
            lowest = ((s, t) for s in sources.lowest(come) for t in targets.lowest(to))
            low = [pair for pair in lowest if pair[0] is not pair[1] or pair[0].replicated]
            if low:
                best = min([*low, best] if best else low, key=lambda pair: (pair[0].key, pair[1].key))
        return Block(best, partial(self._count, parts)) if best else None

    def _count(self, parts: Iterable[tuple[int, int]]) -> int:
        sources, targets, alone = self.sources.crowd, self.targets.crowd, self._kept.alone
        return sum(sources.size(come) * targets.size(to) - alone.of(come & to) for come, to in parts)

    def alike(self, first: Direction, row: Callable[[Direction], Row], sought: Sought) -> Iterator[Block]:
        """Blocks of pairs of which the same may be said, all that may have a flow that is sought among them; `first` is the
        direction to look at first."""
        egress_first = first is Direction.EGRESS
        subjects, others = (self.sources, self.targets) if egress_first else (self.targets, self.sources)
        found: dict[tuple[Residual, Residual], list[tuple[int, int]]] = {}

        def note(key: tuple[Residual, Residual], own: int, peers: int) -> None:
            found.setdefault(key, []).append((own, peers) if egress_first else (peers, own))

        rows = self._kept.rows(first, others.classes)
        rows.take(subjects.groups, row(first), self._kept.left)
        changed = union(group.classes for group in others.groups if sought.changed(group))
        live = []
        for (said, peers), own in rows.joined.items():
            match sought.of_one(said):
                case Said.OPEN:
                    live.append((said, own, peers))
                case Said.ALREADY:
                    note((said, ()), own, peers)
                case Said.IF_CHANGED if peers & changed:
                    live.append((said, own, peers & changed))
        near, far = union(own for _, own, _ in live), union(peers for _, _, peers in live)
        columns = self._kept.rows(first.opposite, near)
        met = (group for group in others.groups if group.classes & far)
        columns.take(met, row(first.opposite), self._kept.left)
        for (said, own), peers in columns.joined.items():
            for other, own_of_other, peers_of_other in live:
                if (both := own & own_of_other) and (common := peers & peers_of_other) and sought.of_both(other, said):
                    note((other, said), both, common)
        for parts in found.values():
            block = self.block(parts)
            if block is not None:
                yield block


class _Left:
    """What is left of residuals where something is given. Guards the memo."""

    def __init__(self, given: Pred) -> None:
        self._given = given
        self._memo: dict[Residual, Residual] = {}

    def __call__(self, residual: Residual) -> Residual:
        found = self._memo.get(residual)
        if found is None:
            found = self._memo[residual] = tuple(simplified(and_(self._given, part)) for part in residual)
        return found


def union(sets: Iterable[int]) -> int:
    """All that some sets have."""
    found = 0
    for each in sets:
        found |= each
    return found
