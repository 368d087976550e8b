"""Splits a range of addresses into the parts that fare differently, so that a flow from or to the range can be answered.

What stands in the range is judged as what it is: a known pod or node as that, every other address as an outside one. The
cells that the asked policies cannot tell apart inside give one verdict each, so one address of each is judged.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from npverify.analyses.blocks import blocks, cells
from npverify.analyses.ends import Ends
from npverify.analyses.evaluate import evaluate_query, evaluator
from npverify.analyses.flows import FlowReader, Query
from npverify.analyses.results import Evaluation
from npverify.analyses.world import World
from npverify.ingest.source import InputError
from npverify.inventory.addresses import FAMILIES, Address, Prefix
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.normal.flow import SideVerdict

Ask = Callable[[Ends], Query]
"""The query in which one end takes the place of the range."""


@dataclass(frozen=True, slots=True)
class Part:
    """What fares alike in a range. `evaluation` is that of its first address, or of its first endpoint.

    `blocks`  outside addresses; known ones in between are not meant
    `ends`    known pods and nodes that have an address there
    """

    evaluation: Evaluation
    blocks: tuple[Prefix, ...] = ()
    ends: tuple[Endpoint, ...] = ()


class Ranges:
    """Splits ranges over one world. Guards the sorted addresses that are somebody's."""

    def __init__(self, world: World, reader: FlowReader) -> None:
        self._world = world
        directory = reader.directory
        self._owners = directory.by_address
        self._taken = sorted({*directory.by_address, *directory.virtual})

    def split(self, prefix: Prefix, ask: Ask) -> tuple[Part, ...]:
        """The parts of a range, outside addresses first, each in the order of its first address.

        `ask` gives the query for one address or endpoint; what it cannot ask (no address of one family) is left out.
        InputError where nothing is left.
        """
        alike: dict[tuple[object, ...], tuple[Evaluation, list[tuple[int, int]]]] = {}
        for first, last in self._cells(prefix, ask):
            at = self._free(prefix, first, last)
            if at is not None:
                found = self._judge(ask(Ends(str(at), (EXTERNAL,), at)))
                alike.setdefault(outcome(found), (found, []))[1].append((first, last))
        parts = [Part(found, blocks(prefix.family, ranges)) for found, ranges in alike.values()]
        known: dict[tuple[object, ...], tuple[Evaluation, dict[Endpoint, None]]] = {}
        for address in self._known(prefix):
            end = self._owners[address]
            try:
                found = self._judge(ask(Ends(str(end), (end,), address)))
            except InputError:  # a pod that has no address of the family of the other end
                continue
            known.setdefault(outcome(found), (found, {}))[1][end] = None
        parts += [Part(found, (), tuple(ends)) for found, ends in known.values()]
        if not parts:
            raise InputError.one("NPV164", f"there is no address in `{prefix}` that a flow could have")
        return tuple(parts)

    def _judge(self, query: Query) -> Evaluation:
        return evaluate_query(self._world, query)

    def _known(self, prefix: Prefix) -> Iterator[Address]:
        start = bisect_left(self._taken, Address(prefix.family, prefix.first))
        for address in self._taken[start:]:
            if not prefix.contains(address):
                return
            if address in self._owners:
                yield address

    def _free(self, prefix: Prefix, first: int, last: int) -> Address | None:
        """The lowest address between two that is nobody's."""
        at = first
        start = bisect_left(self._taken, Address(prefix.family, first))
        for taken in self._taken[start:]:
            if taken.family != prefix.family or taken.value != at:
                break
            at += 1
        return Address(prefix.family, at) if at <= last else None

    def _cells(self, prefix: Prefix, ask: Ask) -> Iterator[tuple[int, int]]:
        """What the asked policies cannot tell apart in a range, by first and last address."""
        some = self._free(prefix, prefix.first, prefix.last)
        if some is None:
            return
        it = evaluator(self._world)
        query = ask(Ends(str(some), (EXTERNAL,), some))
        mentioned = {p for row in query.flows for flow in row for p in it.prefixes_for(flow)}
        inside = sorted(p for p in mentioned if p.overlaps(prefix))
        for cell in cells(prefix.family, inside, (prefix,)):
            if prefix.first <= cell.first and cell.last <= prefix.last:
                yield cell.first, cell.last


def outcome(found: Evaluation) -> tuple[object, ...]:
    """Equal for evaluations that say the same for the same reasons."""
    depends = tuple(name for name in found.depends if not name.startswith("address of"))
    return (*map(_said, (found.verdict.egress, found.verdict.ingress)), depends)


def _said(side: SideVerdict) -> tuple[object, ...]:
    return (side.action, side.because, side.by, side.exemption)


PRIVATE = tuple(Prefix.parse(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
"""Blocks of no public address: RFC 1918, RFC 4193."""


def public_blocks() -> tuple[Prefix, ...]:
    """The addresses outside of `PRIVATE`."""
    found: list[Prefix] = []
    for family in FAMILIES:
        apart = [p for p in PRIVATE if p.family == family]
        found += blocks(family, ((c.first, c.last) for c in cells(family, apart) if not c.inside))
    return tuple(found)
