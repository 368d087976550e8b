"""Assertions that do not speak of names are about connections: whatever a query asks for over them is none of their business.

So a Service of names is reached where its port is open, also where some names are refused; `on dns NAME` asks about a query.
"""

from __future__ import annotations

from dataclasses import replace

from npverify.assertions.claims import EndSet, Leg
from npverify.normal.predicates import DnsIs, Pred, and_, atoms_of, dns_query, not_

__all__ = ["Connections", "of_connections"]


class Connections:
    """Legs as they are where policies are about names. Guards what was made of each, which is one object then."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, object]] = {}  # the key is kept, so that no other can take its id

    def legs(self, legs: tuple[Leg, ...]) -> tuple[Leg, ...]:
        """The legs, of which those that do not speak of names are about connections over which none is looked at."""
        return tuple(map(self._leg, legs))

    def _leg(self, leg: Leg) -> Leg:
        known = self._known.get(id(leg))
        if known is None:
            dst = self._ends(leg.dst)
            known = self._known[id(leg)] = leg, leg if dst is leg.dst else replace(leg, dst=dst)
        made = known[1]
        assert isinstance(made, Leg)
        return made

    def _ends(self, ends: EndSet) -> EndSet:
        known = self._known.get(id(ends))
        if known is None:
            settled = {cond: of_connections(cond) for cond in set(ends.values())}
            same = all(cond is made for cond, made in settled.items())
            made = ends if same else {end: settled[cond] for end, cond in ends.items()}
            known = self._known[id(ends)] = ends, made
        found = known[1]
        assert isinstance(found, dict)
        return found


def of_connections(cond: Pred) -> Pred:
    """A condition on flows over which no name is asked for, unless it speaks of names itself."""
    if any(isinstance(atom, DnsIs) for atom in atoms_of(cond)):
        return cond
    return and_(cond, not_(dns_query()))
