"""Where two policy sets may judge differently: sets of sources and targets with what each set leaves of both directions.

In: `Twins` and the reductions of both worlds in the same classes. Out: `Block`s. A pair of classes that no block holds is
judged alike, whatever the packet, the addresses and the reading; in a block it has still to be asked whether the residuals
differ for a flow that exists.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import NamedTuple

from npverify.inventory.model import Endpoint
from npverify.normal.policy import Direction
from npverify.normal.predicates import FALSE, Pred
from npverify.reduction.agreement import Agreement
from npverify.reduction.bitsets import bits
from npverify.reduction.forms import Forms
from npverify.reduction.judge import Signature
from npverify.reduction.meaning import Meaning, Meanings
from npverify.reduction.partial import Circumstance
from npverify.reduction.peer_sets import PeerSets
from npverify.reduction.pieces import Pieces
from npverify.reduction.residuals import Residuals
from npverify.reduction.shapes import Shapes
from npverify.reduction.twins import Twins

Both = tuple[Pred, Pred]
"""What is left of one direction on the left and on the right; FALSE where a world lacks one of the two ends."""

Hows = tuple[Circumstance, Circumstance]
"""How the two ends stand to each other in each world."""


class Block(NamedTuple):
    """Flows from classes to classes that are all judged by the same residuals."""

    sources: int
    targets: int
    egress: Both
    ingress: Both


class _Part(NamedTuple):
    """Peers for which the same is left of a direction."""

    peers: int
    residuals: Both
    alike: bool


class _Row(NamedTuple):
    """Subjects of which a direction cannot tell one from the other, with the number of their kind."""

    subjects: int
    kind: int


class Comparison:
    """Compares two reductions. Guards the memos; every answer is a function of the two worlds."""

    def __init__(
        self,
        twins: Twins,
        residuals: tuple[Residuals, Residuals],
        shapes: Shapes,
        alike: Callable[[Pred, Pred], bool],
        go_on: Callable[[], None],
        before: Comparison | None = None,
        agreed: Agreement | None = None,
    ) -> None:
        """`alike` tells whether two residuals are certainly the same, whatever the flow; `go_on` is called now and then,
        and may raise to end the run. `before`, of the same twins, left reduction and shapes, shares what is known of them. `agreed`
        tells where the two policy sets say the same; it is there only for one inventory, with Services seen alike."""
        self.twins = twins
        self._residuals = residuals
        self._alike = alike
        self._go_on = go_on
        self._agreed = agreed
        self._rows = {d: self._sorted(d) for d in Direction}
        self._parts_of: dict[tuple[Direction, int, Hows, int], tuple[_Part, ...]] = {}
        self._one_meaning: dict[tuple[Direction, int, Hows], bool] = {}
        self._pieces: Pieces = before._pieces if before is not None else Pieces(twins, shapes)
        self._sets: PeerSets = (
            before._sets if before is not None else PeerSets(0, twins, residuals[0], Forms(twins, shapes))
        )
        first: Meanings = (
            before._meanings[0] if before is not None else Meanings(residuals[0], 0, self._pieces, self._sets)
        )
        if residuals[1].bitsets is residuals[0].bitsets:  # then classes are numbered alike, and what rules say is one
            second = Meanings(residuals[1], 1, self._pieces, self._sets, first.said)
        else:
            sets = PeerSets(1, twins, residuals[1], self._sets.forms)
            second = Meanings(residuals[1], 1, self._pieces, sets)
        self._meanings: tuple[Meanings, Meanings] = (first, second)

    def blocks(self, hows: Hows, sources: int, targets: int) -> Iterator[Block]:
        """Every pair of a source and a target that may be judged differently, each in one block."""
        egress = self._among(Direction.EGRESS, sources)
        ingress = self._among(Direction.INGRESS, targets)
        differ = [(row, part) for row in egress for part in self._differing(Direction.EGRESS, row, hows, targets)]
        peers = _union(row.subjects for row, _ in differ)
        for row, part in differ:
            for subjects, kind in ingress:
                if reached := subjects & part.peers:
                    for other in self._parts(Direction.INGRESS, kind, hows, peers):
                        if senders := row.subjects & other.peers:
                            yield Block(senders, reached, part.residuals, other.residuals)
        differ = [(row, part) for row in ingress for part in self._differing(Direction.INGRESS, row, hows, sources)]
        peers = _union(row.subjects for row, _ in differ)
        for row, part in differ:
            for subjects, kind in egress:
                if senders := subjects & part.peers:
                    for other in self._parts(Direction.EGRESS, kind, hows, peers):
                        if other.alike and (reached := row.subjects & other.peers):
                            yield Block(senders, reached, other.residuals, part.residuals)

    def diagonal(self, hows: Hows, among: int) -> Iterator[Block]:
        """Classes that may be judged differently when a member talks to itself; sources and targets are the same set."""
        chosen = among & self.twins.unlike | _union(
            row.subjects for d in Direction for row in self._among(d, among) if not self._means_one(d, row.kind, hows)
        )
        egress, ingress = (list(self._themselves(d, hows, chosen)) for d in Direction)
        for part in egress:
            for other in ingress:
                if (not part.alike or not other.alike) and (both := part.peers & other.peers):
                    yield Block(both, both, part.residuals, other.residuals)

    def _themselves(self, direction: Direction, hows: Hows, among: int) -> Iterator[_Part]:
        for subjects, kind in self._among(direction, among):
            for part in self._parts(direction, kind, hows, among):
                if both := subjects & part.peers:
                    yield part._replace(peers=both)

    def _among(self, direction: Direction, classes: int) -> list[_Row]:
        rows = (_Row(row.subjects & classes, row.kind) for row in self._rows[direction])
        return [row for row in rows if row.subjects]

    def _differing(self, direction: Direction, row: _Row, hows: Hows, peers: int) -> Iterator[_Part]:
        if self._means_one(direction, row.kind, hows):
            peers &= ~self.twins.common | self.twins.unlike
        if peers:
            for part in self._parts(direction, row.kind, hows, peers):
                if not part.alike and (both := part.peers & peers):
                    yield part._replace(peers=both)

    def _means_one(self, direction: Direction, kind: int, hows: Hows) -> bool:
        """Whether both worlds certainly leave the same of a direction for all peers that they share."""
        key = (direction, kind, hows)
        found = self._one_meaning.get(key)
        if found is None:
            self._go_on()
            subjects = self._rows[direction][kind].subjects
            certain = hows[0] == hows[1] and not subjects & ~self.twins.common and not subjects & self.twins.unlike
            found = self._one_meaning[key] = certain and self._mean_one(direction, kind, hows)
        return found

    def _mean_one(self, direction: Direction, kind: int, hows: Hows) -> bool:
        if self._agreed is not None and self._agreed.on(
            direction, *(self._signature(s, direction, kind) for s in (0, 1))
        ):
            return True
        left, right = (self._meaning(side, direction, kind, hows, in_pieces=False) for side in (0, 1))
        if left is None or right is None:
            return False
        if left == right:
            return True
        left, right = (self._meaning(side, direction, kind, hows, in_pieces=True) for side in (0, 1))
        if left is None or right is None or left == right:
            return left is not None
        here, there = self._meanings
        # the rules look at the family of nobody but the peer, so subjects of one kind may be of different ones
        families = {
            (here.families(self._end(0, c)), there.families(self._end(1, c)))
            for c in bits(self._rows[direction][kind].subjects)
        }
        return all(here.covered(left, one) == there.covered(right, other) for one, other in families)

    def _meaning(self, side: int, direction: Direction, kind: int, hows: Hows, *, in_pieces: bool) -> Meaning | None:
        signature, subject = self._signature(side, direction, kind), self._end(side, self._first(direction, kind))
        return self._meanings[side].of(direction, signature, subject, hows[side], in_pieces=in_pieces)

    def _signature(self, side: int, direction: Direction, kind: int) -> Signature:
        number = self.twins.number(side, self._first(direction, kind))
        return self._residuals[side].signature(direction, number)

    def _end(self, side: int, c: int) -> Endpoint:
        return self._residuals[side].classes.representative(self.twins.number(side, c))

    def _first(self, direction: Direction, kind: int) -> int:
        return next(bits(self._rows[direction][kind].subjects))

    def _sorted(self, direction: Direction) -> list[_Row]:
        """All classes, by what the direction looks at of a subject in each world."""
        found: dict[Hashable, int] = {}
        for c in range(len(self.twins)):
            key = (self._kind(0, direction, c), self._kind(1, direction, c))
            found[key] = found.get(key, 0) | 1 << c
        return [_Row(subjects, kind) for kind, subjects in enumerate(found.values())]

    def _kind(self, side: int, direction: Direction, c: int) -> Hashable:
        if not self.twins.present(side) >> c & 1:
            return None
        residuals, number = self._residuals[side], self.twins.number(side, c)
        signature = residuals.signature(direction, number)
        # signatures are interned and kept by the reduction
        return (id(signature), residuals.aspect_of(direction, number))

    def _parts(self, direction: Direction, kind: int, hows: Hows, among: int) -> tuple[_Part, ...]:
        """What both worlds leave of a direction for a kind of subjects, by peers."""
        key = (direction, kind, hows, among)
        found = self._parts_of.get(key)
        if found is None:
            left, right = (self._groups(side, direction, kind, hows[side], among) for side in (0, 1))
            own = hows[0].via != hows[1].via or self._rows[direction][kind].subjects & self.twins.unlike
            # with addresses of their own on each side, equal residuals do not make equal verdicts
            unlike = self.twins.all if own else self.twins.unlike
            given = self.twins.common & ~unlike if self._means_one(direction, kind, hows) else 0
            found = self._parts_of[key] = tuple(
                part
                for one, peers in left.items()
                for other, others in right.items()
                if (here := peers & others)
                for part in self._cut(here, (one, other), unlike=unlike, given=given)
            )
        return found

    def _groups(self, side: int, direction: Direction, kind: int, how: Circumstance, among: int) -> dict[Pred, int]:
        """What is left of a direction in one world, with the peers for which it is; FALSE where an end is missing."""
        present = self.twins.present(side)
        c = self._first(direction, kind)
        if not present >> c & 1:
            return {FALSE: among}
        residuals, number = self._residuals[side], self.twins.number(side, c)
        signature, subject = residuals.signature(direction, number), residuals.classes.representative(number)
        groups = residuals.groups(direction, signature, subject, how, self.twins.local(side, among))
        found = {group.residual: self.twins.joint(side, group.peers) for group in groups}
        if missing := among & ~present:
            found[FALSE] = found.get(FALSE, 0) | missing
        return found

    def _cut(self, peers: int, both: Both, *, unlike: int, given: int) -> Iterator[_Part]:
        """Peers for which the same two residuals are left, cut into those for which the two are alike and the others."""
        if sure := peers & given:
            yield _Part(sure, both, True)
        rest = peers & ~given
        if shared := rest & ~unlike:
            yield _Part(shared, both, both[0] is both[1] or self._alike(*both))
        if own := rest & unlike:
            yield _Part(own, both, False)


def _union(sets: Iterable[int]) -> int:
    whole = 0
    for one in sets:
        whole |= one
    return whole
