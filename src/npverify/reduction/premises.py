"""What every flow between two endpoints satisfies: families that both have, addresses that each can have, who is where.

A formula about two classes of endpoints speaks of flows that exist only together with these premises.
"""

from __future__ import annotations

from collections.abc import Collection

from npverify.inventory.addresses import EVERYTHING, NEVER_A_POD, Prefix
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind, Inventory
from npverify.inventory.spaces import address_space
from npverify.normal.policy import Direction
from npverify.normal.predicates import (
    TRUE,
    AddressIn,
    Pred,
    Side,
    address_in,
    and_,
    atoms_of,
    node_is,
    not_,
    or_,
)
from npverify.reduction.bitsets import bits
from npverify.reduction.partial import Circumstance
from npverify.reduction.residuals import Residuals, host_network


class Premises:
    """The premises of one world. Guards the memo of address domains."""

    def __init__(self, inventory: Inventory, residuals: Residuals, before: Premises | None = None) -> None:
        """`before` is of the same inventory, so that it knows the same domains."""
        self._inventory = inventory
        self._residuals = residuals
        self._domains: dict[tuple[object, ...], Pred] = before._domains if before else {}

    def well_formed(self, src: Endpoint, dst: Endpoint, how: Circumstance) -> Pred:
        """That the two ends, and the Service between them, have a family in common and are not where they cannot be."""
        return and_(self.families(src, dst), families_between(how), self.apart(src, dst, how))

    def families(self, src: Endpoint, dst: Endpoint) -> Pred:
        """The address families that both ends can use."""
        return and_(self._family(src, Side.SRC), self._family(dst, Side.DST))

    def families_outside(self, direction: Direction, subjects: int) -> Pred:
        """The address families that some of these subjects (a set of classes) can use with the outside."""
        ends = (self._residuals.classes.representative(c) for c in bits(subjects))
        pairs = ((end, EXTERNAL) if direction is Direction.EGRESS else (EXTERNAL, end) for end in ends)
        return or_(*dict.fromkeys(self.families(*pair) for pair in pairs))

    def apart(self, src: Endpoint, dst: Endpoint, how: Circumstance) -> Pred:
        """That a pod does not run on the node at the other end, where it is policies that look at nodes."""
        if how.own_node or not self._residuals.by_node:
            return TRUE
        partial = self._residuals.partial
        return and_(
            *(
                not_(partial.residual(node_is(side, host.node), Direction.EGRESS, how, src=src, dst=dst))
                for host, end, side in ((src, dst, Side.DST), (dst, src, Side.SRC))
                if host_network(host) and host.node is not None and end.kind is EndpointKind.POD and end.node is None
            )
        )

    def with_domains(self, pred: Pred, src: Endpoint, dst: Endpoint, how: Circumstance) -> Pred:
        """Adds which addresses the two ends and the Service between can have, where the formula looks at them."""
        return and_(pred, self.domains(looked_at(pred), src, dst, how))

    def domains(self, sides: Collection[Side], src: Endpoint, dst: Endpoint, how: Circumstance) -> Pred:
        """Which addresses the two ends and the Service between can have on these sides."""
        domains = [self.domain(end, side) for end, side in ((src, Side.SRC), (dst, Side.DST)) if side in sides]
        if Side.VIP in sides and how.via is not None:
            own = (address_in(Side.VIP, Prefix.host(a)) for a in how.via.addresses)
            no_vip = (address_in(Side.VIP, p) for p in (*NEVER_A_POD, *self._inventory.pod_space))
            domains.append(or_(*own) if how.via.known else not_(or_(*no_vip)))
        return and_(*domains)

    def domain(self, end: Endpoint, side: Side) -> Pred:
        """Which addresses an endpoint may have on a side, those of other known endpoints aside."""
        key = (side, domain_key(end))
        found = self._domains.get(key)
        if found is None:
            found = self._domains[key] = self._new_domain(end, side)
        return found

    def _family(self, end: Endpoint, side: Side) -> Pred:
        if end.kind is EndpointKind.EXTERNAL:
            return TRUE
        if end.address_known:
            return _one_family({a.family for a in end.addresses}, side)
        return _one_family(set(self._inventory.families), side)

    def _new_domain(self, end: Endpoint, side: Side) -> Pred:
        space = self._inventory.pod_space
        if end.kind is EndpointKind.EXTERNAL:
            # Addresses of known endpoints are no outside addresses either; the solver excludes them when it meets one.
            return not_(or_(*(address_in(side, p) for p in space)))
        if end.address_known:
            return or_(*(address_in(side, Prefix.host(a)) for a in end.addresses))
        return self._unknown_domain(side, address_space(self._inventory, end.kind))

    def _unknown_domain(self, side: Side, space: tuple[Prefix, ...]) -> Pred:
        allowed = []
        never = [p for p in NEVER_A_POD if p.family in self._inventory.families]
        for family in sorted(self._inventory.families):
            inside = [p for p in space if p.family == family] or [EVERYTHING[family]]
            allowed.append(or_(*(address_in(side, p) for p in inside)))
        return and_(or_(*allowed), not_(or_(*(address_in(side, p) for p in never))))


def families_between(how: Circumstance) -> Pred:
    """The address families of the Service between two ends."""
    if how.via is None or not how.via.known:
        return TRUE
    return _one_family({a.family for a in how.via.addresses}, Side.VIP)


def looked_at(pred: Pred) -> frozenset[Side]:
    """The sides whose address a formula looks at beyond its family."""
    return frozenset(a.side for a in atoms_of(pred) if isinstance(a, AddressIn) and a.prefix.length > 0)


def _one_family(families: set[int], side: Side) -> Pred:
    if len(families) == 2:
        return TRUE
    return or_(*(address_in(side, EVERYTHING[4 if f == 4 else 6]) for f in families))


def domain_key(end: Endpoint) -> tuple[object, ...]:
    """What tells the address domains of two endpoints of one kind apart, as far as residuals keep addresses open."""
    if end.kind is EndpointKind.EXTERNAL:
        return ("external",)
    if not end.address_known:
        return ("unknown", end.kind, end.on_host)
    families = sorted(a.family for a in end.addresses)
    # With one address of each family every address atom is a constant; with several, which one counts stays open.
    several = len(set(families)) < len(families)
    return ("known", tuple(sorted(end.addresses)) if several else tuple(families))
