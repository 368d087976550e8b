"""Which addresses belong to somebody, and addresses for those of whom none is known."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from npverify.inventory.addresses import NEVER_A_POD, Address, Family, Prefix
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind, Inventory
from npverify.inventory.spaces import address_space, merge
from npverify.normal.predicates import FALSE, Pred, Side
from npverify.reduction.readings import Packet, at_address, at_packet, cells
from npverify.smt.choose import INSIDE, OUTSIDE
from npverify.smt.solver import Taken


class KnownAddresses:
    """The addresses that belong to known endpoints and services, as merged blocks."""

    def __init__(self, inventories: Sequence[Inventory], hosts: str | None = None) -> None:
        """Of several inventories: what is known in any of them. `hosts` names a cluster whose nodes, and pods on their
        network, are left out ("": this one); None: none is."""
        self._spaces = {
            kind: tuple(dict.fromkeys(p for each in inventories for p in address_space(each, kind)))
            for kind in EndpointKind
        }
        ends = chain.from_iterable(each.endpoints for each in inventories)
        known = (e for e in ends if e.address_known)
        owned = chain.from_iterable(e.addresses for e in known if e.cluster != hosts or not _on_host(e))
        services = chain.from_iterable(each.services.values() for each in inventories)
        virtual = chain.from_iterable(s.vips for s in services)
        self._blocks: Mapping[Family, list[Prefix]] = merge((*owned, *virtual))

    def block(self, address: Address) -> Prefix | None:
        """The block that an address falls into; None if it belongs to nobody."""
        blocks = self._blocks[address.family]
        index = bisect_right(blocks, (address.family, address.value, 129)) - 1
        return blocks[index] if index >= 0 and blocks[index].contains(address) else None

    def free(self, end: Endpoint, family: Family, other: Address | None) -> Address:
        """An address that an endpoint of unknown address could have, not `other`: one that reads well, else the lowest."""
        space = [p for p in self._spaces[end.kind] if p.family == family]
        outside = [p for p in self._spaces[EndpointKind.POD] if end is EXTERNAL]
        starts = [a for a in (OUTSIDE if end is EXTERNAL else INSIDE) if a.family == family]
        if space:
            starts = starts if end.cluster else []  # the space of another cluster is all that is not this one's
            starts += [Address(family, min(p.first + 10, p.last)) for p in space]
            starts += [Address(family, p.first) for p in space]
        for start in starts:
            # a pod on the host network has an address that is its node's as well
            at = start if end.kind is EndpointKind.HOST_POD else self.next_free(start, other)
            never = end is not EXTERNAL and any(p.contains(at) for p in NEVER_A_POD)
            fits = any(p.contains(at) for p in space) if space else not any(p.contains(at) for p in outside)
            if fits and not never:
                return at
        # Known addresses fill the whole space. Which address it is does not matter where this is asked.
        return starts[0]

    def next_free(self, start: Address, other: Address | None = None) -> Address:
        """The first address from `start` on that belongs to nobody and is not `other`."""
        at = start
        while True:
            block = self.block(at)
            if block is not None:
                at = Address(at.family, block.last + 1)
            elif at == other:
                at = Address(at.family, at.value + 1)
            else:
                return at

    def in_cells(
        self,
        domain: Pred,
        side: Side,
        family: Family,
        preds: Iterable[Pred],
        other: Address | None = None,
        *,
        shared: bool = False,
    ) -> Iterator[Address]:
        """One address of each cell that the domain allows; with `shared` it may be somebody's already."""
        for first, last in cells((*preds, domain), side, family):
            start = Address(family, first)
            if at_address(at_packet(domain, Packet(family, "TCP", 1)), side, start) is not FALSE:
                at = start if shared else self.next_free(start, other)
                if at.value <= last:
                    yield at


class AddressBook:
    """What is known of the addresses in one inventory or several. Guards what is known to each kind of endpoint."""

    def __init__(self, *inventories: Inventory) -> None:
        self._inventories = inventories
        self._known: dict[str | None, KnownAddresses] = {}

    def taken(self, src: Endpoint, dst: Endpoint) -> Taken:
        """Sides whose address is open: it is none of the addresses that are known to be somebody else's.

        A pod on the host network shares the address of its node, so nothing is taken for it.
        """
        return {
            side: self.known_to(end).block
            for side, end in ((Side.SRC, src), (Side.DST, dst))
            if not end.address_known and end.kind is not EndpointKind.HOST_POD
        }

    def known_to(self, end: Endpoint) -> KnownAddresses:
        """The addresses that are somebody else's; a node shares its own with the pods on its network."""
        hosts = end.cluster if end.kind is EndpointKind.NODE or end.on_host else None
        if hosts not in self._known:
            self._known[hosts] = KnownAddresses(self._inventories, hosts)
        return self._known[hosts]

    def free(self, end: Endpoint, family: Family, other: Address | None) -> Address:
        """An address that an endpoint of unknown address could have, not `other`."""
        return self.known_to(end).free(end, family, other)

    def candidates(
        self,
        end: Endpoint,
        domain: Pred,
        side: Side,
        family: Family,
        preds: Iterable[Pred],
        other: Address | None = None,
    ) -> tuple[Address, ...]:
        """One address, not `other`, of each cell that the predicates tell apart and that the endpoint could have."""
        if end.address_known:
            return tuple(a for a in end.addresses if a.family == family)
        shared = end.kind is EndpointKind.HOST_POD
        return tuple(self.known_to(end).in_cells(domain, side, family, preds, other, shared=shared))


def _on_host(end: Endpoint) -> bool:
    """Whether the endpoint has a node's address: the node itself, or a pod on its network."""
    return end.kind is EndpointKind.NODE or end.shares_address
