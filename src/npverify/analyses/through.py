"""Flows that reach the same endpoints through a Service, for claims that speak about every way to an endpoint.

Where egress policies may see the virtual address of a Service instead of the backend's, a flow through the Service can be
allowed where the direct one is denied (kubernetes/website network-policies.md: which comes first is left to the plugin).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from npverify.assertions.claims import Hop, Leg
from npverify.assertions.sets import Members, backend_condition, unite
from npverify.assertions.traffic import port
from npverify.inventory.model import Backend, Endpoint, Inventory
from npverify.normal.policy import Direction
from npverify.normal.predicates import FALSE, AddressIn, Pred, Side, and_, atoms_of
from npverify.reduction.residuals import Residuals


class _Way(NamedTuple):
    hop: Hop
    backend: Backend


class Through:
    """Finds the Services that lead to endpoints. Guards the index of their backends, made when first asked, and which classes
    look at addresses."""

    def __init__(self, inventory: Inventory, residuals: Residuals) -> None:
        self._inventory = inventory
        self._residuals = residuals
        self._looks: dict[int, bool] = {}

    def services(self, legs: Iterable[Leg]) -> Iterator[Leg]:
        """The flows of the direct legs through every Service, as far as its address may matter to a policy: one of egress
        where that sees it, or one of a stage before translation."""
        always = any(
            s.before_translation is not FALSE for d in Direction for s in self._residuals.policies.half(d).stages
        )
        if self._residuals.policies.vip_visible is FALSE and not always:
            return
        for leg in legs:
            sources = {e: cond for e, cond in leg.src.items() if always or self._looks_at_addresses(e)}
            if leg.via is None and sources:
                for hop, members in self._behind(leg.dst):
                    reached = {e: both for e, cond in members.items() if (both := and_(leg.dst[e], cond)) is not FALSE}
                    if reached:
                        yield Leg(sources, reached, hop, leg.leave_out_self, leg.leave_out_own_node)

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

    def _looks_at_addresses(self, end: Endpoint) -> bool:
        c = self._residuals.classes.of[end]
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
