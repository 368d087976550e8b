"""Who may talk to whom, class by class: the tables of both directions joined, without listing pairs.

Two classes that both have addresses of both families may exchange what passes over either; the families are judged apart then.
A row says what one class may send, as parts of the classes of pods: sets of packets, each with the classes that may get
exactly them. A column says the same of what it may receive. Neither is kept: rows are made a chunk of classes at a time, so
that nothing here grows with the square of the classes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import islice

from npverify.analyses import class_sides
from npverify.analyses.blocks import Cell, blocks
from npverify.analyses.class_sides import Change, Said, TableSide
from npverify.analyses.packet_given import Numbered, Table
from npverify.analyses.packet_ground import Ground
from npverify.analyses.packet_parts import NONE, Parts, gathered
from npverify.analyses.packet_tables import Tables
from npverify.analyses.packets import spans
from npverify.analyses.results import Ports
from npverify.analyses.second_family import over_second
from npverify.analyses.world import World
from npverify.ingest.collector import without_gc
from npverify.inventory.addresses import FAMILIES, Family, Prefix
from npverify.normal.policy import Direction
from npverify.reduction.bitsets import as_set, bits

Allowed = tuple[Ports, ...]
_REMEMBERED = 8
_TRIED = 1_000  # peers that are looked at one by one before whole rows are


class ClassRows:
    """What may pass between classes. Guards the memos; every answer is a function of the world."""

    def __init__(self, world: World) -> None:
        self._sides: dict[Direction, list[TableSide]] = {}  # one for each family, or one for all of them
        self._outside: dict[Direction, _Outside] = {}
        with without_gc():
            ground = Ground.of(world)
            self.classes = ground.residuals.classes
            self._packets, self._algebra = ground.packets, ground.algebra
            it = _Judging(ground)
            judged = {direction: it.tables(direction) for direction in Direction}
            for direction, each in judged.items():
                self._outside[direction] = _Outside(each, ground.cells, self.allowed)
            for direction, each in (it.without_repeats(judged) if ground.apart else judged).items():
                self._sides[direction] = [TableSide(tables, it.sets.sets) for tables in each]
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

    def blocks(self, direction: Direction, classes: Iterable[int]) -> set[Prefix]:
        """The blocks in `outside` of any of these classes."""
        return self._outside[direction].blocks(classes)

    def alike(self, pairs: Sequence[tuple[int, int]]) -> list[bool]:
        """Of pairs of classes, the lower one first, whether both may exchange the same with every class and the outside."""
        found = [all(outside.alike(a, b) for outside in self._outside.values()) for a, b in pairs]
        near = as_set([a for (a, b), same in zip(pairs, found, strict=True) if same and b == a + 1])
        for direction in Direction:
            changes = [side.changes(near) for side in self._sides[direction.opposite]]
            for n, (a, b) in enumerate(pairs):
                if found[n]:
                    told = [change.get(a, _NO_CHANGE) for change in changes] if b == a + 1 else None
                    found[n] = self._fare_alike(direction, a, b, told)
        return found

    def _fare_alike(self, direction: Direction, a: int, b: int, told: Sequence[Change] | None) -> bool:
        """Whether the rows of two classes are equal; `told`: what others say to one of them alone, if that is known."""
        sides = self._sides[direction]
        same = all(side.table_of[a] == side.table_of[b] for side in sides)
        if same and told is not None and not any(map(any, told)):
            return True
        if len(sides) == 1:
            mine, others = (sides[0].tables[sides[0].table_of[c]] for c in (a, b))
            apart = 0 if same else _apart(mine, others)
            (side,) = self._sides[direction.opposite]
            for peer in islice(bits(apart), _TRIED):
                said = side.tables[side.table_of[peer]]
                left, right = (self._algebra.meet(_at(own, peer), _at(said, c)) for own, c in ((mine, a), (others, b)))
                if left != right:
                    return False
            if told is not None and apart.bit_count() <= _TRIED:
                # of the other peers, whoever says the same to both of them cannot tell them apart
                own = {packets: rest for packets, who in mine.items() if (rest := who & ~apart)}
                one, other = (self._algebra.both(own, gathered(each)) for each in told[0])
                return one == other
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
        chunk = c // class_sides.CHUNK
        said = self._chunk(direction, chunk)[0]
        sides = zip(self._sides[direction], said, strict=True)
        return chunk, tuple((side.table_of[c], to.keys[c % class_sides.CHUNK]) for side, to in sides)

    def _chunk(self, direction: Direction, chunk: int) -> _Chunk:
        found = self._chunks.get((direction, chunk))
        if found is None:
            while len(self._chunks) >= _REMEMBERED:
                del self._chunks[next(iter(self._chunks))]
            size = min(class_sides.CHUNK, len(self.classes) - chunk * class_sides.CHUNK)
            said = [side.about(chunk, size) for side in self._sides[direction.opposite]]
            found = self._chunks[direction, chunk] = (said, {})
        return found


def _apart(one: Parts, other: Parts) -> int:
    """The peers for whom two parts have not the same packets."""
    apart = 0
    for packets, who in one.items():
        apart |= who & ~other.get(packets, 0)
    for packets, who in other.items():
        apart |= who & ~one.get(packets, 0)
    return apart


def _at(parts: Parts, c: int) -> int:
    """The number of the set of packets that parts have for a class."""
    return next((packets for packets, who in parts.items() if who >> c & 1), NONE)


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
        known = over_second(self._ground.alike_over(direction), over_first, self._for_second, self._ground.over_second)
        return [over_first, self._tables(direction, (second,), known)]

    def without_repeats(self, judged: Mapping[Direction, list[list[Table]]]) -> dict[Direction, list[list[Table]]]:
        """The tables of both families, the second ones without what the first ones say anyway.

        Two classes may exchange what both let through over one family or over the other. Where neither lets more through
        over the second, that family adds nothing for the two of them: most policies do not look at addresses.
        """
        adding = 0
        for first, second in judged.values():
            keys = list(zip(map(id, first), map(id, second), strict=True))  # of tables that `judged` keeps
            each = dict(zip(keys, zip(first, second, strict=True), strict=True))
            more = {key for key, (a, b) in each.items() if not self._algebra.inside(b.pods, a.pods)}
            if more:
                adding |= as_set([c for c, key in enumerate(keys) if key in more])
        if not adding:
            return {direction: each[:1] for direction, each in judged.items()}
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


_NO_CHANGE: Change = ([], [])
_NO_TABLE = Table({}, (), frozenset())


_Parted = tuple[tuple[Family, Parts], ...]


class _Outside:
    """What one direction lets through between classes and outside addresses. Guards what was asked for."""

    def __init__(
        self, judged: list[list[Table]], cells: Mapping[Family, Sequence[Cell]], allowed: Callable[[int], Allowed]
    ) -> None:
        self._of_class = [table.outside for table in judged[0]]
        for more in judged[1:]:
            joined: dict[tuple[int, int], _Parted] = {}  # by the ids of what the lists that are gone through hold
            before = self._of_class
            for a, table in zip(before, more, strict=True):
                if (id(a), id(table.outside)) not in joined:
                    joined[id(a), id(table.outside)] = (*a, *table.outside)
            self._of_class = [joined[id(a), id(table.outside)] for a, table in zip(before, more, strict=True)]
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
                        (block, allowed)
                        for allowed, which in [(self._allowed(n), which) for n, which in parts.items()]
                        for block in self._in_blocks(family, which)
                    )
                }
            self._by_id[id(outside)] = found
        return found

    def blocks(self, classes: Iterable[int]) -> set[Prefix]:
        """The blocks in `of` of any of these classes."""
        outside = {id(self._of_class[c]): self._of_class[c] for c in classes}
        every = {(family, which) for each in outside.values() for family, parts in each for which in parts.values()}
        return {block for family, which in every for block in self._in_blocks(family, which)}

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


_Key = tuple[tuple[int, tuple[int, ...]], ...]
_Chunk = tuple[list[Said], dict[_Key, Parts]]
