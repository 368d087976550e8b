"""Why an assertion speaks about no flow, as far as one cause can be told."""

from __future__ import annotations

from npverify.analyses.engine import NO_FLOW
from npverify.analyses.ways_in import legs_of
from npverify.analyses.world import World
from npverify.assertions.claims import Assertion
from npverify.normal.predicates import AddressIn, atoms


def why_no_flow(world: World, assertion: Assertion) -> str:
    """The sentence for a vacuous assertion: it names addresses of a family that the cluster does not use, or it is open why."""
    ways = dict.fromkeys(way for leg in legs_of(assertion) for way in leg.ways)
    if ways:
        ranged = "LoadBalancer" in ways and any(s.source_ranges for s in world.inventory.services.values())
        perhaps = ", or its source ranges leave out these sources" if ranged else ""
        return f"{NO_FLOW}: no {' and no '.join(ways)} leads there{perhaps}"
    conditions = [c for leg in legs_of(assertion) for ends in (leg.src, leg.dst) for c in ends.values()]
    named = {atom.prefix.family for c in conditions for atom in atoms(c) if isinstance(atom, AddressIn)}
    used = world.inventory.families
    if not named or named & used:
        return NO_FLOW
    there, here = (" and ".join(f"IPv{family}" for family in sorted(each)) for each in (named, used))
    return (
        f"{NO_FLOW}: it names {there} addresses, and the cluster has {here} alone; if it has both, say --ip-family dual"
    )
