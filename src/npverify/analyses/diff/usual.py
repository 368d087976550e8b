"""What counts as usual of what nobody knows: the address that stands for an unknown one in both versions.

As `eval` has it, of all addresses that an endpoint may have, one in as few of the mentioned blocks as can be; here of the blocks
that either version mentions, because an address that both know nothing of is one and the same in both.
"""

from __future__ import annotations

from npverify.analyses.blocks import predicates, prefixes_of, representative
from npverify.analyses.equiv_formulas import SIDES, Formula
from npverify.analyses.equiv_rows import Blocks, Row
from npverify.analyses.equiv_search import Found, Search
from npverify.analyses.flows import known_address
from npverify.analyses.results import Assumed
from npverify.inventory.addresses import Address, Family, Prefix
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind
from npverify.inventory.spaces import address_space
from npverify.normal.predicates import Side

_NAMES = {Side.SRC: "address of the source", Side.DST: "address of the destination", Side.VIP: "address of the Service"}
_VERSIONS = ("old", "new")


class Usual:
    """The usual addresses of two worlds. Guards the memo."""

    def __init__(self, search: Search) -> None:
        self.worlds = search.worlds
        own = [prefixes_of(predicates(world.policies)) for world in search.worlds]
        self._prefixes = tuple(sorted({*own[0], *own[1]}))
        self._known: dict[tuple[int, EndpointKind | None, Family], Address | None] = {}

    def address(self, w: int, kind: EndpointKind | None, family: Family) -> Address | None:
        """The address that stands for that of an endpoint (None: of a Service) of one version, where it is not known."""
        key = (w, kind, family)
        if key not in self._known:
            space = () if kind is None else address_space(self.worlds[w].inventory, kind)
            self._known[key] = representative(family, self._prefixes, space)
        return self._known[key]

    def settle(
        self, found: Found, formula: Formula, row: Row, families: frozenset[Family]
    ) -> tuple[Row, tuple[Assumed, ...]]:
        """A row with the addresses left out that are usual, then named in `depends`; and those that it needs otherwise.
        `families` are those of the two ends."""
        needed: list[Assumed] = []
        depends: list[str] = list(row.depends)
        where = list(row.where)
        family: int = row.family
        for n, side in enumerate((Side.SRC, Side.DST, Side.VIP)):
            twin = None if side is Side.VIP else found.pair[n]
            if not where[n] or (twin is not None and twin.either is EXTERNAL):
                continue
            if twin is not None and any(end is not None and end.address_known for end in twin.sides):
                continue
            if self._is_usual(0 if twin is None or twin.left is not None else 1, twin and twin.either, where[n]):
                # the addresses told the family as well
                family = where[n][0].family if len(families) > 1 else family
                where[n] = ()
                depends.append(_NAMES[side])
            else:
                needed.append(Assumed(_NAMES[side], str(where[n][0]), f"the {_NAMES[side]} is one of these"))
        for (w, side), address in formula.own.items():
            end = None if side is Side.VIP else found.pair[0 if side is Side.SRC else 1].sides[w]
            if end is not None and end.address_known:
                if address == known_address(end, address.family):
                    continue
            elif end is None and found.through is not None and found.through.hops[w].service.vip_known:
                continue
            elif self._same(address, self.address(w, end.kind if end is not None else None, address.family)):
                depends.append(_NAMES[side])
                continue
            who = str(end) if end is not None else "the Service"
            phrase = f"{who} has an address like {address} in the {_VERSIONS[w]} version"
            needed.append(Assumed(f"address of {who} on the {SIDES[w]}", str(address), phrase))
        for _, address in formula.own.items():
            family = address.family if len(families) > 1 else family
        settled = row._replace(
            where=(where[0], where[1], where[2]), family=family, depends=tuple(dict.fromkeys(depends))
        )
        return settled, tuple(needed)

    def _is_usual(self, w: int, end: Endpoint | None, blocks: Blocks) -> bool:
        usual = self.address(w, end.kind if end is not None else None, blocks[0].family)
        return usual is not None and any(block.contains(usual) for block in blocks)

    def _same(self, one: Address, other: Address | None) -> bool:
        """Whether no policy can tell two addresses apart."""
        return other is not None and self._inside(one) == self._inside(other)

    def _inside(self, address: Address) -> list[Prefix]:
        return [p for p in self._prefixes if p.contains(address)]
