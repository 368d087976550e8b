"""Assertions that do not speak of names are about connections: whatever a query asks for over them is none of their business.

So a Service of names is reached where its port is open, also where some names are refused; `on dns NAME` asks about a query.
The same holds of Kafka, of which `on kafka` asks about a request.
"""

from __future__ import annotations

from dataclasses import replace

from npverify.assertions.claims import EndSet, Leg
from npverify.normal.predicates import DnsIs, KafkaIs, Pred, and_, atoms_of, dns_query, kafka_request, not_

__all__ = ["About", "Connections", "of_connections"]

About = tuple[type[DnsIs | KafkaIs], ...]
"""What policies are about beside HTTP."""
_ANY = {DnsIs: dns_query, KafkaIs: kafka_request}


class Connections:
    """Legs as they are where policies are about names, or Kafka. Guards what was made of each, which is one object then."""

    def __init__(self) -> None:
        self._known: dict[
            tuple[int, About], tuple[object, object]
        ] = {}  # the key is kept, so that no other can take its id

    def legs(self, legs: tuple[Leg, ...], about: About) -> tuple[Leg, ...]:
        """The legs, of which those that do not speak of names are about connections over which none is looked at; nor are requests of Kafka."""
        return tuple(self._leg(leg, about) for leg in legs)

    def _leg(self, leg: Leg, about: About) -> Leg:
        known = self._known.get((id(leg), about))
        if known is None:
            dst = self._ends(leg.dst, about)
            known = self._known[id(leg), about] = leg, leg if dst is leg.dst else replace(leg, dst=dst)
        made = known[1]
        assert isinstance(made, Leg)
        return made

    def _ends(self, ends: EndSet, about: About) -> EndSet:
        known = self._known.get((id(ends), about))
        if known is None:
            settled = {cond: of_connections(cond, about) for cond in set(ends.values())}
            same = all(cond is made for cond, made in settled.items())
            made = ends if same else {end: settled[cond] for end, cond in ends.items()}
            known = self._known[id(ends), about] = ends, made
        found = known[1]
        assert isinstance(found, dict)
        return found


def of_connections(cond: Pred, about: About) -> Pred:
    """A condition on flows over which no name is asked for, and no request of Kafka sent, unless it speaks of such itself."""
    atoms = set(map(type, atoms_of(cond)))
    return and_(cond, *(not_(_ANY[kind]()) for kind in about if kind not in atoms))
