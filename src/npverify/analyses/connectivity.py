"""Who may talk to whom: every pair of workloads, and outside blocks of addresses, with the exact ports.

Under the default reading, as `evaluate` has it. What classes of endpoints may exchange comes from `class_rows`; here classes
become workloads again. The answer is kept by classes: pairs are made while somebody goes through them. Not trusted: a property
test holds it against residual formulas, pair by pair, and samples of it against the oracle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import chain
from typing import overload

from npverify.analyses.class_rows import Allowed, ClassRows
from npverify.analyses.listed_units import Unit, units
from npverify.analyses.packet_parts import NONE, Parts
from npverify.analyses.results import Bundle, Connections, Connectivity, Destinations, End, Row, Target, To
from npverify.analyses.ways_in import clients_behind
from npverify.analyses.world import World
from npverify.ingest.collector import keep, without_gc
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import WorkloadRef
from npverify.normal.policy import Action, Direction
from npverify.normal.predicates import DnsIs, HttpIs, KafkaIs
from npverify.reduction.bitsets import as_set
from npverify.reduction.requests import clauses_among

NOTES = (
    "nodes are not listed as ends, and what a pod may always exchange with its own node is not counted",
    "a pod's traffic to itself is not listed; a workload that talks to itself means two of its pods",
    "only TCP, UDP and SCTP are listed",
    "blocks stand for outside addresses: known pods and nodes in them are judged as what they are",
)
_CLUSTERS_NOTE = "what may be exchanged with other clusters is listed by addresses, among the blocks"
_FAMILIES_NOTE = "what passes between two pods over IPv4 alone, or over IPv6 alone, is listed as well"
_SPLIT_NOTE = "pods of {} are listed one by one, because policies tell them apart"


_REMEMBERED = 8  # lists of destinations, each as long as the inventory


def connectivity(world: World) -> Connectivity:
    """Every connection that some policy does not deny, workloads first and then outside blocks, sources in order."""
    with without_gc():
        rows = ClassRows(world)
        ends, split = units(world, rows)
        listing = _Listing(rows, ends)
        keep(len(world.inventory.endpoints))
    notes = (*NOTES, _CLUSTERS_NOTE) if world.inventory.clusters else NOTES
    if rows.by_family:
        notes = (*notes, _FAMILIES_NOTE)
    notes = (*notes, *clients_behind(world))
    return Connectivity(listing, (*notes, *_audit(world), *_drops(world), *(_SPLIT_NOTE.format(ref) for ref in split)))


def _audit(world: World) -> Iterator[str]:
    if world.policies.audit is not None:
        yield "audit mode only reports some denials: connections that it lets pass are not listed"


def _drops(world: World) -> Iterator[str]:
    """What the plugin drops whatever policies say."""
    for stage in world.policies.egress.stages:
        if stage.final is Action.DENY and not stage.tiers and not stage.after:
            yield stage.reason
    clauses = world.policies.asked | clauses_among(world.reduced().atoms)
    if any(isinstance(at, DnsIs) for at in clauses):
        yield "which names DNS is asked for is not looked at: ask about them with `on dns` or `eval --dns`"
    if any(isinstance(at, KafkaIs) for at in clauses):
        yield "what is sent over connections to Kafka is not looked at: ask about it with `on kafka` or `eval --kafka`"
    if any(isinstance(at, HttpIs) for at in clauses):
        yield "what passes for some HTTP requests alone is not listed: ask about them with `on http` or `eval --http`"


class _Listing(Connections):
    """The connections of units, made from the rows of their classes while they are asked for."""

    def __init__(self, rows: ClassRows, units: list[Unit]) -> None:
        self._rows = rows
        self._units = units
        self._class_of = [unit.of_class for unit in units]
        times = Counter(self._class_of)
        most = max(times.values(), default=0).bit_length()
        self._counted = [as_set([c for c, n in times.items() if n >> i & 1]) for i in range(most)]

    @cached_property
    def _of_class(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for n, c in enumerate(self._class_of):
            found.setdefault(c, []).append(n)
        return found

    @cached_property
    def _of_namespace(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for n, unit in enumerate(self._units):
            found.setdefault(unit.ref.namespace, []).append(n)
        return found

    @property
    def ends(self) -> int:
        """How many workloads and pods are listed."""
        return len(self._units)

    def listed(self) -> list[tuple[WorkloadRef, bool]]:
        """All workloads and pods, in order; True for more than one pod."""
        return [(unit.ref, unit.several) for unit in self._units]

    def rows(self, of: Callable[[End], bool] | None = None) -> Iterator[Row]:
        """By source, in order: what it may send, by destination."""
        spread: dict[frozenset[tuple[int, int]], _Spread] = {}
        last: Parts = {}
        common = self._spread({})
        for n, unit in enumerate(self._units):
            if of is not None and not of(unit.ref):
                continue
            parts = self._rows.row(unit.of_class)
            if parts is not last:
                last, key = parts, frozenset(parts.items())
                if key not in spread:
                    while len(spread) >= _REMEMBERED:
                        del spread[next(iter(spread))]
                    spread[key] = self._spread(parts)
                common = spread[key]
            own = None if unit.several or not common.reaches(n) else partial(common.place, n)
            to = Destinations(common, own, list(self._rows.outside(Direction.EGRESS, unit.of_class).items()))
            if to:
                yield Row(unit.ref, to)
        for block in sorted(self._blocks):
            if of is None or of(block):
                units = sorted((n, allowed) for allowed, whose in self._into(block) for n in whose)
                yield Row(block, Destinations([(self._units[n].ref, allowed) for n, allowed in units]))

    def bundles(self) -> Iterator[Bundle]:
        """The same by sources of a namespace that fare alike, and by destinations to which the same may pass."""
        for of_namespace in self._of_namespace.values():
            alike: dict[object, list[int]] = {}
            for n in of_namespace:
                c = self._units[n].of_class
                outside = self._rows.outside(Direction.EGRESS, c)
                alike.setdefault((frozenset(self._rows.row(c).items()), tuple(outside.items())), []).append(n)
            for sources in alike.values():
                bundle = self._bundle(sources)
                if bundle.targets:
                    yield bundle
        for block in sorted(self._blocks):
            into = self._into(block)
            targets = tuple(self._target(allowed, whose) for allowed, whose in into)
            yield Bundle((block,), targets, sum(len(whose) for _, whose in into))

    def _bundle(self, sources: list[int]) -> Bundle:
        c = self._units[sources[0]].of_class
        alone = sources[0] if len(sources) == 1 and not self._units[sources[0]].several else None
        single = {n for n in sources if not self._units[n].several}
        connections = 0
        by: dict[Allowed, list[int]] = {}
        for number, classes in self._rows.row(c).items():
            whose = [n for d in members(classes) for n in self._of_class.get(d, ()) if n != alone]
            if whose:
                by[self._rows.allowed(number)] = sorted(whose)
                connections += len(sources) * len(whose) - len(single.intersection(whose))
        targets = [self._target(allowed, whose) for allowed, whose in sorted(by.items(), key=lambda item: item[1])]
        blocks: dict[Allowed, list[Prefix]] = {}
        for block, allowed in self._rows.outside(Direction.EGRESS, c).items():
            blocks.setdefault(allowed, []).append(block)
        targets += [Target(allowed, (), tuple(those)) for allowed, those in blocks.items()]
        connections += len(sources) * sum(map(len, blocks.values()))
        return Bundle(tuple(self._units[n].ref for n in sources), tuple(targets), connections)

    def _target(self, allowed: Allowed, units: list[int]) -> Target:
        """Units by namespace: those of which all are meant, and the others one by one."""
        by: dict[str, list[int]] = {}
        for n in units:
            by.setdefault(self._units[n].ref.namespace, []).append(n)
        whole = tuple((name, len(some)) for name, some in by.items() if 1 < len(some) == len(self._of_namespace[name]))
        names = {name for name, _ in whole}
        return Target(
            allowed, whole, tuple(self._units[n].ref for name, some in by.items() if name not in names for n in some)
        )

    @cached_property
    def _blocks(self) -> set[Prefix]:
        """The blocks of outside addresses that may send something."""
        return self._rows.blocks(Direction.INGRESS, set(self._class_of))

    @cached_property
    def _inbound(self) -> dict[Prefix, dict[Allowed, list[list[int]]]]:
        """By block of outside addresses: what it may send, with units that may get exactly that, in lists of those that fare
        alike."""
        alike: dict[int, tuple[Mapping[Prefix, Allowed], list[int]]] = {}
        for n, unit in enumerate(self._units):
            outside = self._rows.outside(Direction.INGRESS, unit.of_class)
            alike.setdefault(id(outside), (outside, []))[1].append(n)
        found: dict[Prefix, dict[Allowed, list[list[int]]]] = {}
        for outside, ends in alike.values():
            for block, allowed in outside.items():
                found.setdefault(block, {}).setdefault(allowed, []).append(ends)
        return found

    def _into(self, block: Prefix) -> list[tuple[Allowed, list[int]]]:
        """What a block may send, with the units that may get exactly that, by the first of them."""
        return [(allowed, sorted(chain.from_iterable(whose))) for allowed, whose in self._inbound[block].items()]

    def _spread(self, parts: Parts) -> _Spread:
        """The units in the classes of parts, in order, each with what those may get."""
        return _Spread(self._units, self._class_of, self._counted, parts, self._rows.allowed)


class _Spread(Sequence[To]):
    """The units that may get something, with what that is. The list is made once somebody reads it: most only count it."""

    def __init__(
        self,
        units: Sequence[Unit],
        class_of: Sequence[int],
        counted: Sequence[int],
        parts: Parts,
        allowed: Callable[[int], Allowed],
    ) -> None:
        """`class_of`: of each unit. `counted`: the classes of which the number of units has bit 0, bit 1 and so on."""
        self._units = units
        self._class_of = class_of
        self._parts = parts
        self._allowed = allowed
        self._reached = sum(parts.values())  # nobody is in two parts
        self._length = sum((self._reached & classes).bit_count() << i for i, classes in enumerate(counted))

    def reaches(self, n: int) -> bool:
        """Whether unit `n` may get something."""
        return bool(self._reached >> self._class_of[n] & 1)

    def place(self, n: int) -> int:
        """How many units before `n` may get something."""
        return n - self._numbers[:n].count(NONE)

    @cached_property
    def _numbers(self) -> list[int]:
        """Of each unit, the number of the set of packets which it may get."""
        found = [NONE] * (max(self._class_of, default=-1) + 1)
        for number, classes in self._parts.items():
            for d in members(classes):
                if d < len(found):
                    found[d] = number
        return list(map(found.__getitem__, self._class_of))

    @cached_property
    def _listed(self) -> list[To]:
        allowed = {number: self._allowed(number) for number in set(self._numbers) if number != NONE}
        each = zip(self._units, self._numbers, strict=True)
        return [(unit.ref, allowed[number]) for unit, number in each if number != NONE]

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[To]:
        return iter(self._listed)

    @overload
    def __getitem__(self, index: int) -> To: ...
    @overload
    def __getitem__(self, index: slice) -> list[To]: ...
    def __getitem__(self, index: int | slice) -> To | list[To]:
        return self._listed[index]


def members(classes: int) -> list[int]:
    """The members of a set, ascending; quick for large ones too."""
    if not classes:
        return []
    first = (classes & -classes).bit_length() - 1
    return [c for c, bit in enumerate(reversed(f"{classes >> first:b}"), first) if bit == "1"]
