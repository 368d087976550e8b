"""Who may talk to whom, class by class: the tables of both directions joined, without listing pairs.

Two classes that both have addresses of both families may exchange what passes over either; the families are judged apart then.
A row says what one class may send, as parts of the classes of pods: sets of packets, each with the classes that may get
exactly them. A column says the same of what it may receive. Neither is kept: rows are made a chunk of classes at a time, so
that nothing here grows with the square of the classes.
"""

from __future__ import annotations

import gc
import sys
from array import array
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from npverify.analyses.blocks import Cell, blocks
from npverify.analyses.packet_given import Numbered, Table
from npverify.analyses.packet_ground import Ground
from npverify.analyses.packet_parts import Parts, gathered
from npverify.analyses.packet_tables import Tables
from npverify.analyses.packets import spans
from npverify.analyses.results import Ports
from npverify.analyses.second_family import alike_over
from npverify.analyses.world import World
from npverify.inventory.addresses import FAMILIES, Family, Prefix
from npverify.normal.policy import Direction
from npverify.reduction.bitsets import as_set, bits

Allowed = tuple[Ports, ...]
_CHUNK = 64
_FORMAT = "Q"  # of the bits of a chunk
_REMEMBERED = 8
_TOGETHER = 8  # chunks in a line of the processor's cache


class ClassRows:
    """What may pass between classes. Guards the memos; every answer is a function of the world."""

    def __init__(self, world: World) -> None:
        self._sides: dict[Direction, list[_Side]] = {}  # one for each family, or one for all of them
        self._outside: dict[Direction, _Outside] = {}
        with collector_paused():
            ground = Ground.of(world)
            self.classes = ground.residuals.classes
            self._packets, self._algebra = ground.packets, ground.algebra
            it = _Judging(ground)
            judged = {direction: it.tables(direction) for direction in Direction}
            for direction, each in judged.items():
                self._outside[direction] = _Outside(each, ground.cells, self.allowed)
            for direction, each in (it.without_repeats(judged) if ground.apart else judged).items():
                self._sides[direction] = [_Side(tables, it.sets.sets) for tables in each]
        self.by_family = ground.apart
        self._chunks: dict[tuple[Direction, int], _Chunk] = {}

    def allowed(self, number: int) -> Allowed:
        """The ports of the set of packets with a number."""
        return self._packets.ports(self._algebra.packets(number))

    def row(self, c: int) -> Parts:
        """What class `c` may send; no part unless it is one of pods."""
        return self._joined(Direction.EGRESS, c)

    def column(self, c: int) -> Parts:
        """What class `c` may receive; no part unless it is one of pods."""
        return self._joined(Direction.INGRESS, c)

    def outside(self, direction: Direction, c: int) -> Mapping[Prefix, Allowed]:
        """What may pass between a class and outside addresses, by ascending blocks of each family."""
        return self._outside[direction].of(c)

    def alike(self, a: int, b: int) -> bool:
        """Whether two classes may exchange the same with every class, and with the outside."""
        return all(outside.alike(a, b) for outside in self._outside.values()) and all(
            self._places_alike(d, a, b) for d in Direction
        )

    def _places_alike(self, direction: Direction, a: int, b: int) -> bool:
        (chunk, key), (other, second) = self._place(direction, a), self._place(direction, b)
        if (chunk, key) == (other, second):
            return True
        if chunk == other and len(key) == 1 and key[0][0] == second[0][0]:
            # whoever says the same to both of them cannot tell them apart
            ((side, to, (table, peers), (_, others)),) = zip(
                self._sides[direction], self._chunk(direction, chunk)[0], key, second, strict=True
            )
            left, right = set(peers).difference(others), set(others).difference(peers)
            own = side.tables[table]
            return self._algebra.both(own, to.beyond(left)) == self._algebra.both(own, to.beyond(right))
        return self._joined(direction, a) == self._joined(direction, b)

    def _joined(self, direction: Direction, c: int) -> Parts:
        chunk, key = self._place(direction, c)
        said, rows = self._chunk(direction, chunk)
        found = rows.get(key)
        if found is None:
            sides = zip(self._sides[direction], said, key, strict=True)
            each = [self._algebra.both(side.tables[table], to.parts(peers)) for side, to, (table, peers) in sides]
            found = rows[key] = each[0] if len(each) == 1 else self._algebra.union(p for of in each for p in of.items())
        return found

    def _place(self, direction: Direction, c: int) -> tuple[int, _Key]:
        """Equal for classes of which the row is the same: the chunk, the own tables, and what tables of others say."""
        chunk = c // _CHUNK
        said = self._chunk(direction, chunk)[0]
        sides = zip(self._sides[direction], said, strict=True)
        return chunk, tuple((side.table_of[c], to.keys[c % _CHUNK]) for side, to in sides)

    def _chunk(self, direction: Direction, chunk: int) -> _Chunk:
        found = self._chunks.get((direction, chunk))
        if found is None:
            while len(self._chunks) >= _REMEMBERED:
                del self._chunks[next(iter(self._chunks))]
            size = min(_CHUNK, len(self.classes) - chunk * _CHUNK)
            said = [side.about(chunk, size) for side in self._sides[direction.opposite]]
            found = self._chunks[direction, chunk] = (said, {})
        return found


class _Judging:
    """Judges the classes of a world."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._algebra = ground.algebra
        self.sets = Numbered()

    def tables(self, direction: Direction) -> list[list[Table]]:
        """For each class, what the direction that is judged there lets through; nothing unless it is one of pods.

        Once for all families, or, where some class has addresses of both, once for each.
        """
        if not self._ground.apart:
            return [self._tables(direction, FAMILIES, {})]
        first, second = FAMILIES
        over_first = self._tables(direction, (first,), {})
        return [
            over_first,
            self._tables(
                direction,
                (second,),
                alike_over(self._ground.residuals, direction, self._ground.addresses, over_first, self._for_second),
            ),
        ]

    def without_repeats(self, judged: Mapping[Direction, list[list[Table]]]) -> dict[Direction, list[list[Table]]]:
        """The tables of both families, the second ones without what the first ones say anyway.

        Two classes may exchange what both let through over one family or over the other. Where neither lets more through
        over the second, that family adds nothing for the two of them: most policies do not look at addresses.
        """
        inside: dict[tuple[int, int], bool] = {}  # by the ids of tables, which `judged` keeps
        adding = 0
        for first, second in judged.values():
            more = []
            for c, (a, b) in enumerate(zip(first, second, strict=True)):
                found = inside.get((id(a), id(b)))
                if found is None:
                    found = inside[id(a), id(b)] = self._algebra.inside(b.pods, a.pods)
                if not found:
                    more.append(c)
            adding |= as_set(more)
        found_by: dict[Direction, list[list[Table]]] = {}
        for direction, (first, second) in judged.items():
            left: dict[int, Table] = {}
            rest = []
            for c, table in enumerate(second):
                if not adding >> c & 1:
                    if id(table) not in left:
                        left[id(table)] = self._among(table, adding)
                    table = left[id(table)]
                rest.append(table)
            found_by[direction] = [first, rest]
        if not adding:
            return {direction: each[:1] for direction, each in judged.items()}
        return found_by

    def _for_second(self, table: Table, peers: int) -> Table:
        """A table that no address matters to, over the second family: all outside addresses fare alike."""
        every = (1 << len(self._ground.cells[FAMILIES[1]])) - 1
        outside = tuple((FAMILIES[1], dict.fromkeys(parts, every)) for _, parts in table.outside)
        return self._among(table, peers)._replace(outside=outside)

    def _among(self, table: Table, peers: int) -> Table:
        """What a table says of some peers."""
        pods = {packets: here for packets, who in table.pods.items() if (here := who & peers)}
        return Table(pods, (), frozenset((packets, self.sets.keep(who)) for packets, who in pods.items()))

    def _tables(self, direction: Direction, families: Sequence[Family], known: Mapping[int, Table]) -> list[Table]:
        tables: dict[Family, Tables] = {}
        found = []
        for c, (about, addresses) in enumerate(zip(self._ground.about, self._ground.addresses, strict=True)):
            if c in known:
                found.append(known[c])
                continue
            for family in families:
                if family in addresses:
                    of = tables.get(family)
                    if of is None:
                        of = tables[family] = Tables(self._ground, family, direction, self.sets)
                    found.append(of.of(c, about, (addresses[family],)))
                    break
            else:
                found.append(_NO_TABLE)
        return found


_NO_TABLE = Table({}, (), frozenset())


class _Outside:
    """What one direction lets through between classes and outside addresses. Guards what was asked for."""

    def __init__(
        self, judged: list[list[Table]], cells: Mapping[Family, Sequence[Cell]], allowed: Callable[[int], Allowed]
    ) -> None:
        self._of_class = [
            tables[0].outside if len(tables) == 1 else tuple(chain.from_iterable(table.outside for table in tables))
            for tables in zip(*judged, strict=True)
        ]
        self._cells = cells
        self._allowed = allowed
        self._by_id: dict[int, Mapping[Prefix, Allowed]] = {}
        self._equal: dict[Hashable, Mapping[Prefix, Allowed]] = {}
        self._blocks: dict[tuple[Family, int], tuple[Prefix, ...]] = {}

    def of(self, c: int) -> Mapping[Prefix, Allowed]:
        """By ascending blocks, IPv4 first; equal ones are the same object."""
        outside = self._of_class[c]
        found = self._by_id.get(id(outside))  # which is kept here
        if found is None:
            key = tuple((family, frozenset(parts.items())) for family, parts in outside)
            found = self._equal.get(key)
            if found is None:
                found = self._equal[key] = {
                    block: allowed
                    for family, parts in outside
                    for block, allowed in sorted(
                        (block, self._allowed(n))
                        for n, which in parts.items()
                        for block in self._in_blocks(family, which)
                    )
                }
            self._by_id[id(outside)] = found
        return found

    def alike(self, a: int, b: int) -> bool:
        """Whether two classes fare alike."""
        return self._of_class[a] is self._of_class[b] or self._of_class[a] == self._of_class[b]

    def _in_blocks(self, family: Family, which: int) -> tuple[Prefix, ...]:
        found = self._blocks.get((family, which))
        if found is None:
            whole = self._cells[family]
            ranges = ((whole[a].first, whole[b].last) for a, b in spans(which))
            found = self._blocks[family, which] = blocks(family, ranges)
        return found


class _Group(NamedTuple):
    """What tables say to exactly these peers, who are given by chunks from `first` on: sets of packets with the subjects that
    let them through."""

    first: int
    peers: Sequence[int]
    said: Parts


class _Side:
    """The tables of one direction, equal ones once, and which of them speak about a peer."""

    def __init__(self, tables: Iterable[Table], sets: Sequence[int]) -> None:
        """`sets` are those that the tables number."""
        self.tables: list[Parts] = []
        self.table_of: list[int] = []
        numbers: dict[frozenset[tuple[int, int]], int] = {}
        subjects: list[list[int]] = []
        of_set: dict[
            int, dict[int, list[int]]
        ] = {}  # of a set of peers: by packets, the tables that let exactly them through
        for c, table in enumerate(tables):
            number = numbers.setdefault(table.numbers, len(numbers))
            if number == len(self.tables):
                self.tables.append(table.pods)
                subjects.append([])
                for packets, peers in table.numbers:
                    of_set.setdefault(peers, {}).setdefault(packets, []).append(number)
            self.table_of.append(number)
            subjects[number].append(c)
        self._columns: tuple[int, list[tuple[int, ...]]] = (-1, [])
        self._wide: list[Sequence[int]] = []
        self._said_wide: list[Parts] = []
        self._near: dict[int, list[_Group]] = {}
        for n in sorted(of_set):
            peers = sets[n]
            said = {
                packets: as_set([c for number in those for c in subjects[number]])
                for packets, those in sorted(of_set[n].items())
            }
            first = ((peers & -peers).bit_length() - 1) // _CHUNK
            last = (peers.bit_length() - 1) // _CHUNK
            wide = last - first >= 16
            if wide:
                first, last = 0, len(self.table_of) // _CHUNK
            chunks = array(_FORMAT, (peers >> first * _CHUNK).to_bytes((last - first + 1) * _CHUNK // 8, "little"))
            if sys.byteorder == "big":
                chunks.byteswap()
            if wide:
                self._wide.append(chunks)
                self._said_wide.append(said)
                continue
            for chunk in range(first, last + 1):
                self._near.setdefault(chunk, []).append(_Group(first, chunks, said))

    def about(self, chunk: int, size: int) -> _Said:
        """What the tables say about the peers of one chunk."""
        everyone = (1 << size) - 1
        by_peers: dict[int, list[Parts]] = {everyone: []}
        for here, said in zip(self._column(chunk), self._said_wide, strict=True):
            if here:
                by_peers.setdefault(here, []).append(said)
        for first, peers, said in self._near.get(chunk, ()):
            if here := peers[chunk - first]:
                by_peers.setdefault(here, []).append(said)
        common = by_peers.pop(everyone)
        keys: list[list[int]] = [[] for _ in range(size)]
        for n, here in enumerate(by_peers):
            for c in bits(here):
                keys[c].append(n)
        return _Said(common, list(by_peers.values()), [tuple(key) for key in keys])

    def _column(self, chunk: int) -> Sequence[int]:
        """The peers of one chunk in every set that is given whole. Neighbours are looked up together, since they lie together
        in memory."""
        block = chunk - chunk % _TOGETHER
        if self._columns[0] != block:
            self._columns = block, list(zip(*[peers[block : block + _TOGETHER] for peers in self._wide], strict=True))
        return self._columns[1][chunk - block] if self._wide else ()


class _Said:
    """What tables say about the peers of one chunk: to all of them, and more to each by its key."""

    def __init__(self, common: list[Parts], more: list[list[Parts]], keys: list[tuple[int, ...]]) -> None:
        self._for_all = common
        self._more = more
        self.keys = keys

    def parts(self, key: tuple[int, ...]) -> Parts:
        """Sets of packets, each with the subjects that let exactly them through."""
        return gathered((self._common, *(said for n in key for said in self._more[n])))

    def beyond(self, keys: Iterable[int]) -> Parts:
        """The same of what is not said to all."""
        return gathered(said for n in keys for said in self._more[n])

    @cached_property
    def _common(self) -> Parts:
        return gathered(self._for_all)


_Key = tuple[tuple[int, tuple[int, ...]], ...]
_Chunk = tuple[list[_Said], dict[_Key, Parts]]


@contextmanager
def collector_paused() -> Iterator[None]:
    """Nothing here refers to itself, and looking for what does takes a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
