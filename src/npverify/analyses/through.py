"""Flows that reach the same endpoints through a Service, for claims that speak about every way to an endpoint.

Where egress policies may see the virtual address of a Service instead of the backend's, a flow through the Service can be
allowed where the direct one is denied (kubernetes/website network-policies.md: which comes first is left to the plugin).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from npverify.assertions.claims import EndSet, Hop, Leg
from npverify.assertions.sets import Members, backend_condition, unite
from npverify.assertions.traffic import port
from npverify.inventory.model import Backend, Endpoint, Inventory
from npverify.normal.flow import FRONTS
from npverify.normal.policy import Direction
from npverify.normal.predicates import FALSE, AddressIn, Pred, Side, and_, atoms_of
from npverify.reduction.bitsets import bits
from npverify.reduction.residuals import Residuals


class _Way(NamedTuple):
    hop: Hop
    backend: Backend


class Through:
    """Finds the Services that lead to endpoints. Guards the index of their backends, made when first asked, and which classes
    look at addresses."""

    def __init__(self, inventory: Inventory, residuals: Residuals, before: Through | None = None) -> None:
        """`before` is of the same inventory, so that it knows the same backends."""
        self._inventory = inventory
        self._residuals = residuals
        self._looks: dict[int, bool] = {}
        self._legs: dict[tuple[int, str, str, int], tuple[Leg, Leg]] = {}
        self._sources: dict[int, tuple[EndSet, tuple[int, ...], frozenset[int], EndSet]] = {}
        if before is not None:
            self._legs = before._legs
            if residuals.classes is before._residuals.classes:
                self._sources = before._sources
            if residuals.changed is not None:
                changed = frozenset(bits(residuals.changed[Direction.EGRESS]))
                self._looks = {c: looks for c, looks in before._looks.items() if c not in changed}
            if "_ways" in vars(before):
                self._ways = before._ways

    def services(self, legs: Iterable[Leg]) -> Iterator[Leg]:
        """The flows of the direct legs through every Service, as far as its address may matter to a policy: one of egress
        where that sees it, or one of a stage before translation."""
        always = any(
            s.before_translation is not FALSE for d in Direction for s in self._residuals.policies.half(d).stages
        )
        if self._residuals.policies.vip_visible is FALSE and not always:
            return
        for leg in legs:
            if leg.via is not None or (leg.entry is not None and leg.entry.way in FRONTS):
                continue  # a controller sends to the pod itself
            if len(leg.dst) < len(leg.src) and self._ways.keys().isdisjoint(leg.dst):
                continue
            sources = leg.src if always else self._looking(leg.src)
            if sources:
                for hop, members in self._behind(leg.dst):
                    reached = {e: both for e, cond in members.items() if (both := and_(leg.dst[e], cond)) is not FALSE}
                    if reached:
                        yield self._leg(leg, sources, reached, hop)

    def _leg(self, direct: Leg, sources: EndSet, reached: Members, hop: Hop) -> Leg:
        """A leg through a Service, as the same object if it is as it was: what is known of it then still holds."""
        key = (id(direct), hop.service.namespace, hop.service.name, hop.port)
        known = self._legs.get(key)
        if known is None or (known[1].src, known[1].dst) != (sources, reached):
            made = Leg(sources, reached, hop, direct.leave_out_self, direct.leave_out_own_node)
            known = self._legs[key] = (direct, made)
        return known[1]

    def themselves(self, ends: Iterable[Endpoint]) -> Iterator[Leg]:
        """The flows of endpoints through a Service that they are behind, also those that come back to the sender."""
        for hop, members in self._behind(ends):
            yield Leg(members, members, hop, leave_out_self=False, leave_out_own_node=False)

    def _behind(self, ends: Iterable[Endpoint]) -> Iterator[tuple[Hop, Members]]:
        """Each port of a Service that leads to some of the endpoints, with these and the flows that arrive there."""
        found: dict[tuple[str, str, int], tuple[Hop, list[Backend]]] = {}
        for end in ends:
            for hop, backend in self._ways.get(end, ()):
                found.setdefault((hop.service.namespace, hop.service.name, hop.port), (hop, []))[1].append(backend)
        for _, (hop, backends) in sorted(found.items(), key=lambda item: item[0]):
            yield hop, unite(*({b.endpoint: _arrives(hop, b)} for b in backends))

    @cached_property
    def _ways(self) -> dict[Endpoint, list[_Way]]:
        found: dict[Endpoint, list[_Way]] = {}
        for service in self._inventory.services.values():
            if not service.headless:
                for index, backends in service.backends.items():
                    for backend in backends:
                        found.setdefault(backend.endpoint, []).append(_Way(Hop(service, index), backend))
        return found

    def _looking(self, ends: EndSet) -> EndSet:
        """The endpoints whose policies may see the address of a Service; the same object while they are the same."""
        of = self._residuals.classes.of
        known = self._sources.get(id(ends))
        classes = known[1] if known is not None else tuple(dict.fromkeys(of[end] for end in ends))
        looking = frozenset(c for c in classes if self._looks_at_addresses(c))
        if known is None or known[2] != looking:
            # the set is kept, so that no other can take its id
            chosen = {end: cond for end, cond in ends.items() if of[end] in looking} if looking else {}
            known = (ends, classes, looking, chosen)
            self._sources[id(ends)] = known
        return known[3]

    def _looks_at_addresses(self, c: int) -> bool:
        found = self._looks.get(c)
        if found is None:
            found = self._looks[c] = self._asks_for_addresses(c)
        return found

    def _asks_for_addresses(self, c: int) -> bool:
        signature = self._residuals.signature(Direction.EGRESS, c)
        return any(
            isinstance(atom, AddressIn) and atom.side is Side.DST
            for entry in signature
            for rule in entry.rules
            for atom in atoms_of(rule.peer)
        )


def _arrives(hop: Hop, backend: Backend) -> Pred:
    protocol = hop.service.ports[hop.port].protocol
    return and_(backend_condition(backend, Side.DST), port(protocol, backend.port))
