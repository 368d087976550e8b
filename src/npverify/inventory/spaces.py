"""Where endpoints of unknown address can have one."""

from __future__ import annotations

import ipaddress
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
                first, last = (ipaddress.ip_address(n.to_bytes(BITS[family] // 8)) for n in (start, block.first - 1))
                for net in ipaddress.summarize_address_range(first, last):
                    yield Prefix(family, int(net.network_address), net.prefixlen)
            start = max(start, block.last + 1)


def merge(addresses: Iterable[Address]) -> dict[Family, list[Prefix]]:
    """The fewest blocks that hold exactly these addresses, ascending."""
    chosen = set(addresses)
    v4 = ipaddress.collapse_addresses(ipaddress.IPv4Network((a.value, 32)) for a in chosen if a.family == 4)
    v6 = ipaddress.collapse_addresses(ipaddress.IPv6Network((a.value, 128)) for a in chosen if a.family == 6)
    return {
        4: sorted(Prefix(4, int(n.network_address), n.prefixlen) for n in v4),
        6: sorted(Prefix(6, int(n.network_address), n.prefixlen) for n in v6),
    }
