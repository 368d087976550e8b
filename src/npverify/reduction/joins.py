"""Obligations of whole blocks of sources and targets: what falls away of the residuals for the flows that are asked about
makes many pairs of groups alike, and alike pairs are one obligation.

Of one direction every group of subjects parts its peers into few sets, each with a residual; where two groups have the same
left for the same peers, they are joined. The blocks of the two directions are then cut with each other. What is said of a
block is said by its first pair, with the residuals of just that pair, so that it reads as if each pair were asked alone; a
test holds the two ways together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, auto
from functools import cached_property
from typing import NamedTuple

from npverify.inventory.model import Endpoint
from npverify.normal.policy import Direction
from npverify.normal.predicates import FALSE, Pred, and_
from npverify.reduction.bitsets import bits
from npverify.reduction.given import simplified
from npverify.reduction.judge import Signature
from npverify.reduction.members import Members

Residual = tuple[Pred, ...]
"""What is left of a direction under each variant of the policies."""

Row = Callable[[Direction, Members], Iterable[tuple[int, Residual]]]
"""The peers of a group of subjects, parted by what is left of a direction."""

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


class Ends:
    """Groups of one side that differ in their policies alone: one condition, one kind, one domain of addresses. Guards what
    is known of sets of their classes."""

    def __init__(self, groups: Sequence[Members]) -> None:
        self.groups = groups
        self.classes = 0
        for group in groups:
            self.classes |= group.classes
        self._lowest: dict[int, list[Endpoint]] = {}
        self._sizes: dict[int, int] = {}

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
        return self.of_class[c].by_class[c]

    def size(self, classes: int) -> int:
        """How many endpoints are in some classes."""
        found = self._sizes.get(classes)
        if found is None:
            found = self._sizes[classes] = sum(len(self.of(c)) for c in bits(classes))
        return found

    def lowest(self, classes: int) -> list[Endpoint]:
        """The two that come first by name in some classes; each class is in the order of names."""
        found = self._lowest.get(classes)
        if found is None:
            ends = sorted((end for c in bits(classes) for end in self.of(c)[:2]), key=lambda e: e.key)
            found = self._lowest[classes] = ends[:2]
        return found


class Block(NamedTuple):
    """Pairs of endpoints for which the same is left: the first one by name, and how many there are."""

    pair: Pair
    pairs: int


class Blocks:
    """The pairs of two sides. Guards the counts of pods that are on both."""

    def __init__(self, sources: Ends, targets: Ends) -> None:
        self.sources = sources
        self.targets = targets
        self._alone: dict[int, int] = {}

    def all(self) -> Block | None:
        """All pairs as one block; None: there is none."""
        return self.block([(self.sources.classes, self.targets.classes)])

    def block(self, parts: Iterable[tuple[int, int]]) -> Block | None:
        """Products of source and target classes as one block."""
        best: Pair | None = None
        count = 0
        for come, to in parts:
            lowest = ((s, t) for s in self.sources.lowest(come) for t in self.targets.lowest(to))
            low = [pair for pair in lowest if pair[0] is not pair[1] or pair[0].replicated]
            if low:
                best = min([*low, best] if best else low, key=lambda pair: (pair[0].key, pair[1].key))
            alone = sum(map(self._alone_in, bits(come & to)))
            count += self.sources.size(come) * self.targets.size(to) - alone
        return Block(best, count) if best else None

    def _alone_in(self, c: int) -> int:
        """How many pods of a class are on both sides without a second replica: what they send to themselves is left out."""
        found = self._alone.get(c)
        if found is None:
            to = set(self.targets.of(c))
            found = self._alone[c] = sum(end in to and not end.replicated for end in self.sources.of(c))
        return found

    def alike(self, first: Direction, given: Pred, row: Row, sought: Sought) -> Iterator[Block]:
        """Blocks of pairs of which the same may be said, all that may have a flow that is sought among them. `given` is what
        all flows that are asked about satisfy; `first` is the direction to look at first.
        """
        left = _Left(given)
        egress_first = first is Direction.EGRESS
        subjects, others = (self.sources, self.targets) if egress_first else (self.targets, self.sources)
        found: dict[tuple[Residual, Residual], list[tuple[int, int]]] = {}

        def note(key: tuple[Residual, Residual], own: int, peers: int) -> None:
            found.setdefault(key, []).append((own, peers) if egress_first else (peers, own))

        rows: dict[tuple[Residual, int], int] = {}
        for group in subjects.groups:
            _gather(rows, group, row(first, group), others.classes, left)
        changed = _union(group.classes for group in others.groups if sought.changed(group))
        live = []
        for (said, peers), own in rows.items():
            match sought.of_one(said):
                case Said.OPEN:
                    live.append((said, own, peers))
                case Said.ALREADY:
                    note((said, ()), own, peers)
                case Said.IF_CHANGED if peers & changed:
                    live.append((said, own, peers & changed))
        near, far = _union(own for _, own, _ in live), _union(peers for _, _, peers in live)
        columns: dict[tuple[Residual, int], int] = {}
        for group in others.groups:
            if group.classes & far:
                _gather(columns, group, row(first.opposite, group), near, left)
        for (said, own), peers in columns.items():
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


def _gather(
    rows: dict[tuple[Residual, int], int], group: Members, row: Iterable[tuple[int, Residual]], among: int, left: _Left
) -> None:
    """Add a group of subjects to those that have the same left for the same peers."""
    own: dict[Residual, int] = {}
    for peers, residual in row:
        if both := peers & among:
            said = left(residual)
            own[said] = own.get(said, 0) | both
    for said, both in own.items():
        rows[said, both] = rows.get((said, both), 0) | group.classes


def _union(sets: Iterable[int]) -> int:
    found = 0
    for each in sets:
        found |= each
    return found
