"""What every answer about who may talk to whom in one world shares: made once, and kept with it.

It hangs on the policies and the inventory alone. What is kept is about single policies, predicates and packets; what the
policies of a class come to together is worked out for each answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from functools import cache, cached_property
from itertools import chain

from npverify.analyses.blocks import cells, representative
from npverify.analyses.flows import families_of, known_address
from npverify.analyses.packet_given import About
from npverify.analyses.packet_looks import mentioned_ports
from npverify.analyses.packet_meaning import Meanings
from npverify.analyses.packet_parts import PacketParts
from npverify.analyses.packets import PacketSets
from npverify.analyses.second_family import alike_over
from npverify.analyses.world import World
from npverify.inventory.addresses import FAMILIES, Address, Family
from npverify.inventory.model import EndpointKind
from npverify.inventory.spaces import address_space
from npverify.normal.policy import Direction
from npverify.reduction.bitsets import as_set

_OFTEN = 8  # signatures with a policy, so that it pays to put what it allows together once for all of them


class Ground:
    """Guards what is made on first use.

    `cells`      what the outside addresses of each family are parted into, IPv4 first
    `addresses`  of each class, those that it may use, by family; none unless it is one of pods
    `apart`      some class has addresses of both families
    """

    @classmethod
    def of(cls, world: World) -> Ground:
        """The one of a world."""
        return world.kept(cls, lambda: cls(world))

    def __init__(self, world: World) -> None:
        self.residuals = residuals = world.reduced()
        self.packets = PacketSets(mentioned_ports(residuals))
        self.algebra = PacketParts(self.packets)
        prefixes = residuals.classes.mentioned.prefixes
        self.cells = {family: cells(family, prefixes) for family in FAMILIES}

        @cache
        def supposed(family: Family, kind: EndpointKind) -> Address | None:
            return representative(family, prefixes, address_space(world.inventory, kind))

        self.addresses: list[Mapping[Family, Address | None]] = []
        ported: dict[object, int] = {}
        self.about: list[About] = []
        for end in residuals.classes.representatives:
            usable = families_of(end, world.inventory.families) if end.is_pod else set()
            self.addresses.append({f: known_address(end, f) or supposed(f, end.kind) for f in FAMILIES if f in usable})
            kind = end.kind.value  # the hash of a member of an enumeration is slow
            named = kind, tuple(p for p in end.ports if p.name)
            self.about.append(About(end, kind, ported.setdefault(named, len(ported))))
        self.apart = any(len(own) > 1 for own in self.addresses)
        self._meanings: dict[Family, Meanings] = {}
        self._alike: dict[Direction, Collection[int]] = {}

    def meanings(self, family: Family) -> Meanings:
        """What predicates and policies mean over a family."""
        found = self._meanings.get(family)
        if found is None:
            found = self._meanings[family] = Meanings(
                self.residuals, self.packets, self.algebra, family, self.addresses, self.cells[family], self._often
            )
        return found

    def alike_over(self, direction: Direction) -> Collection[int]:
        """The classes that fare over the second family as over the first one."""
        found = self._alike.get(direction)
        if found is None:
            found = self._alike[direction] = alike_over(self.residuals, direction, self.addresses)
        return found

    @cached_property
    def over_second(self) -> int:
        """The set of the classes that have an address of the second family."""
        return as_set([c for c, own in enumerate(self.addresses) if FAMILIES[1] in own])

    @cached_property
    def _often(self) -> frozenset[int]:
        """The ids of the entries that many signatures have."""
        every = (self.residuals.signature(d, c) for d in Direction for c in range(len(self.residuals.classes)))
        times = Counter(map(id, chain.from_iterable({id(s): s for s in every}.values())))
        return frozenset(entry for entry, number in times.items() if number >= _OFTEN)
