"""Whether a formula about two ends is true of some packet, found by trying and not by the solver."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from npverify.analyses.sameness import of_family, some_packet
from npverify.inventory.addresses import FAMILIES, Address, Family
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.normal.predicates import FALSE, AddressIn, Pred, Side, atoms_of
from npverify.reduction.readings import at_address

Candidates = Callable[[Endpoint, Side, Family, Iterable[Pred]], Iterable[Address]]
"""One address of each cell that predicates tell apart and that the endpoint could have on a side."""


def some_packet_meets(formula: Pred, outside: Side | None, candidates: Candidates) -> bool:
    """Whether some packet satisfies a formula under every reading, where the address on the side `outside` may be chosen.
    False: none was found."""
    if formula is FALSE:
        return False
    for family in FAMILIES:
        left = of_family(formula, family)
        if some_packet(left):
            return True
        if outside is not None and any(isinstance(a, AddressIn) and a.side is outside for a in atoms_of(left)):
            for address in candidates(EXTERNAL, outside, family, (formula,)):
                if some_packet(at_address(left, outside, address)):
                    return True
    return False
