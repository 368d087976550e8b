"""Where endpoints of unknown address can have one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from npverify.inventory.addresses import BITS, Address, Family, Prefix
from npverify.inventory.model import EndpointKind, Inventory


def address_space(inventory: Inventory, kind: EndpointKind) -> tuple[Prefix, ...]:
    """The blocks in which an endpoint of that kind and of unknown address has one; () if nothing tells.

    A pod on the host network has an address of its node, so it lives where the nodes are, if all of those are known. An
    endpoint of another cluster lives where no pod of this one does: two clusters are taken to share no addresses.
    """
    if kind is EndpointKind.POD:
        return inventory.pod_space
    if kind is EndpointKind.HOST_POD and all(node.addresses for node in inventory.nodes):
        merged = merge(a for node in inventory.nodes for a in node.addresses)
        return (*merged[4], *merged[6])
    if kind is EndpointKind.REMOTE:
        return tuple(_outside(inventory.pod_space))
    return ()


def _outside(blocks: Iterable[Prefix]) -> Iterator[Prefix]:
    """The fewest blocks that hold every other address of the families that there are blocks of, ascending."""
    of_family: dict[Family, list[Prefix]] = {}
    for block in sorted(blocks):
        of_family.setdefault(block.family, []).append(block)
    for family, taken in of_family.items():
        start, end = 0, 1 << BITS[family]
        for block in (*taken, Prefix(family, end, BITS[family])):
            if start < block.first:
                yield from _blocks(family, start, block.first - 1)
            start = max(start, block.last + 1)


def merge(addresses: Iterable[Address]) -> dict[Family, list[Prefix]]:
    """The fewest blocks that hold exactly these addresses, ascending."""
    values: dict[Family, set[int]] = {4: set(), 6: set()}
    for address in addresses:
        values[address.family].add(address.value)
    return {
        family: [block for first, last in _runs(sorted(of_family)) for block in _blocks(family, first, last)]
        for family, of_family in values.items()
    }


def _runs(values: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Ascending numbers as runs without a gap, first and last."""
    run: tuple[int, int] | None = None
    for value in values:
        if run is not None and value == run[1] + 1:
            run = (run[0], value)
        else:
            if run is not None:
                yield run
            run = (value, value)
    if run is not None:
        yield run


def _blocks(family: Family, first: int, last: int) -> Iterator[Prefix]:
    """The fewest blocks that hold exactly a range of addresses, ascending."""
    while first <= last:
        # as many as the lowest digit of the first allows, and as there are
        free = min((first & -first).bit_length() - 1 if first else BITS[family], (last - first + 1).bit_length() - 1)
        yield Prefix(family, first, BITS[family] - free)
        first += 1 << free
