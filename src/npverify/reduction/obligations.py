"""Obligations: the closed formulas that an assertion comes down to, one for each distinct combination of residuals.

An obligation is satisfiable exactly when some flow between one of its sources and one of its targets breaks the assertion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from npverify.assertions.claims import EndSet, Leg
from npverify.inventory.addresses import EVERYTHING, NEVER_A_POD, Prefix
from npverify.inventory.model import Endpoint, EndpointKind, Inventory
from npverify.inventory.spaces import address_space
from npverify.normal.policy import Direction
from npverify.normal.predicates import (
    FALSE,
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
from npverify.reduction.pairs import count_pairs, first_pair
from npverify.reduction.partial import DIRECT, Circumstance, Virtual, of_one_pod, seen_on
from npverify.reduction.residuals import Residuals, Signature, host_network


@dataclass(frozen=True, slots=True, eq=False)
class Obligation:
    """A formula, and the pairs of endpoints that it is about.

    `premise`  the flows that the assertion speaks about; `broken` those of them that break it
    `pairs`    the first pair by name, and how many there are
    `egress`, `ingress`  the residuals of the two directions (TRUE: allows)
    """

    premise: Pred
    broken: Pred
    src: Endpoint
    dst: Endpoint
    how: Circumstance
    leg: Leg
    egress: tuple[Pred, ...]
    ingress: tuple[Pred, ...]
    pairs: int

    @property
    def order(self) -> tuple[tuple[str, ...], tuple[str, ...], bool, bool]:
        """Where it stands among others when one has to be chosen."""
        return (self.src.key, self.dst.key, self.how.same, self.how.own_node)


Breaks = Callable[[tuple[Pred, ...], tuple[Pred, ...]], Pred]
"""Of the residuals of egress and ingress, one for each variant of the policies, the flows that break an assertion."""

Variants = Callable[[Signature], tuple[Signature, ...]]
"""The signatures to judge by: the one that there is, and for comparisons those under a changed policy set."""


def as_it_is(signature: Signature) -> tuple[Signature, ...]:
    """No comparison: the policies as they are."""
    return (signature,)


def flows_allowed(egress: tuple[Pred, ...], ingress: tuple[Pred, ...]) -> Pred:
    """What breaks `no … reaches`: a flow that passes."""
    return and_(egress[0], ingress[0])


def flows_denied(egress: tuple[Pred, ...], ingress: tuple[Pred, ...]) -> Pred:
    """What breaks `every … reaches`: a flow that does not pass."""
    return not_(and_(egress[0], ingress[0]))


class _Members(NamedTuple):
    """Endpoints of one side that share everything that residuals and conditions look at, by class."""

    signature: Signature
    condition: Pred
    by_class: dict[int, list[Endpoint]]

    @property
    def classes(self) -> int:
        return sum(1 << c for c in self.by_class)

    @property
    def first(self) -> Endpoint:
        return next(iter(self.by_class.values()))[0]


class Obligations:
    """Turns legs into obligations over one reduction. Guards the memo of address domains."""

    def __init__(self, inventory: Inventory, residuals: Residuals) -> None:
        self._inventory = inventory
        self._residuals = residuals
        self._domains: dict[tuple[object, ...], Pred] = {}

    def of(self, leg: Leg, breaks: Breaks, variants: Variants = as_it_is) -> Iterator[Obligation]:
        """Every obligation of a leg; those that fold to FALSE too, since their premise tells that there was a flow."""
        via = None
        if leg.via is not None:
            service = leg.via.service
            # Without translation (headless) the client addresses the pod itself.
            via = (
                None
                if service.headless
                else Virtual(service.vips, service.vip_known, service.ports[leg.via.port].number)
            )
        direct = replace(DIRECT, via=via)
        sources = self._members(leg.src, Side.SRC, Direction.EGRESS)
        targets = self._members(leg.dst, Side.DST, Direction.INGRESS)
        for source in sources:
            for target in targets:
                if source.first.is_pod or target.first.is_pod or self._judges_hosts(source.first, target.first):
                    yield from self._between(source, target, direct, leg, breaks, variants)

    def _judges_hosts(self, src: Endpoint, dst: Endpoint) -> bool:
        return self._residuals.policies.judges_hosts and (host_network(src) or host_network(dst))

    def _members(self, chosen: EndSet, side: Side, direction: Direction) -> list[_Members]:
        found: dict[tuple[object, ...], _Members] = {}
        of = self._residuals.classes.of
        ends = {"src": None, "dst": None}
        for end, condition in chosen.items():
            if condition is not TRUE:
                condition = self._residuals.partial.residual(
                    seen_on(condition, end, side), direction, DIRECT, **{**ends, side.value: end}
                )
                if condition is FALSE:
                    continue
            c = of[end]
            signature = self._residuals.signature(direction, c)
            aspect = self._residuals.aspect(direction, signature, end)
            key = (id(signature) if signature else 0, condition, aspect, _domain_key(end))
            members = found.setdefault(key, _Members(signature, condition, {}))
            members.by_class.setdefault(c, []).append(end)
        return list(found.values())

    def _between(
        self,
        source: _Members,
        target: _Members,
        direct: Circumstance,
        leg: Leg,
        breaks: Breaks,
        variants: Variants,
    ) -> Iterator[Obligation]:
        for how in self._circumstances(source, target, direct, leg):
            egress = self._among(Direction.EGRESS, source, how, target.classes, variants)
            ingress = self._among(Direction.INGRESS, target, how, source.classes, variants)
            for to, egress_residual in egress:
                for come, ingress_residual in ingress:
                    pair = first_pair(_ends(source, come), _ends(target, to), how)
                    if pair is None:
                        continue
                    conditions = and_(source.condition, target.condition)
                    premise = and_(of_one_pod(conditions) if how.same else conditions, self._well_formed(*pair, how))
                    if how.own_node and leg.leave_out_own_node:
                        premise = and_(premise, not_(self._residuals.left_out(*pair, how)))
                    if premise is FALSE:
                        continue
                    broken = and_(premise, breaks(egress_residual, ingress_residual))
                    yield Obligation(
                        self._with_domains(premise, *pair, how),
                        self._with_domains(broken, *pair, how),
                        *pair,
                        how,
                        leg,
                        egress_residual,
                        ingress_residual,
                        count_pairs(_ends(source, come), _ends(target, to), how),
                    )

    def _circumstances(
        self, source: _Members, target: _Members, direct: Circumstance, leg: Leg
    ) -> Iterator[Circumstance]:
        yield direct
        if not leg.leave_out_self:
            yield replace(direct, same=True)
        src, dst = source.first, target.first
        if (host_network(src) and dst.is_pod) or (host_network(dst) and src.is_pod):
            yield replace(direct, own_node=True)

    def _among(
        self, direction: Direction, members: _Members, how: Circumstance, peers: int, variants: Variants
    ) -> list[tuple[int, tuple[Pred, ...]]]:
        """The peers, parted by the residuals of every variant."""
        parts: list[tuple[int, tuple[Pred, ...]]] = [(peers, ())]
        for signature in variants(members.signature):
            groups = self._residuals.groups(direction, signature, members.first, how, peers)
            parts = [
                (both, (*residuals, group.residual))
                for part, residuals in parts
                for group in groups
                if (both := part & group.peers)
            ]
        return parts

    def _well_formed(self, src: Endpoint, dst: Endpoint, how: Circumstance) -> Pred:
        families = [self._family(src, Side.SRC), self._family(dst, Side.DST)]
        if how.via is not None and how.via.known:
            families.append(_one_family({a.family for a in how.via.addresses}, Side.VIP))
        return and_(*families, self._apart(src, dst, how))

    def _apart(self, src: Endpoint, dst: Endpoint, how: Circumstance) -> Pred:
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

    def _family(self, end: Endpoint, side: Side) -> Pred:
        if end.kind is EndpointKind.EXTERNAL:
            return TRUE
        if end.address_known:
            return _one_family({a.family for a in end.addresses}, side)
        return _one_family(set(self._inventory.families), side)

    def _with_domains(self, pred: Pred, src: Endpoint, dst: Endpoint, how: Circumstance) -> Pred:
        """Adds which addresses the two ends and the Service between can have, where the formula looks at them."""
        looked_at = {a.side for a in atoms_of(pred) if isinstance(a, AddressIn) and a.prefix.length > 0}
        domains = [self.domain(end, side) for end, side in ((src, Side.SRC), (dst, Side.DST)) if side in looked_at]
        if Side.VIP in looked_at and how.via is not None:
            own = (address_in(Side.VIP, Prefix.host(a)) for a in how.via.addresses)
            no_vip = (address_in(Side.VIP, p) for p in (*NEVER_A_POD, *self._inventory.pod_space))
            domains.append(or_(*own) if how.via.known else not_(or_(*no_vip)))
        return and_(pred, *domains)

    def domain(self, end: Endpoint, side: Side) -> Pred:
        """Which addresses an endpoint may have on a side, those of other known endpoints aside."""
        key = (side, _domain_key(end))
        found = self._domains.get(key)
        if found is None:
            found = self._domains[key] = self._new_domain(end, side)
        return found

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


def _one_family(families: set[int], side: Side) -> Pred:
    if len(families) == 2:
        return TRUE
    return or_(*(address_in(side, EVERYTHING[4 if f == 4 else 6]) for f in families))


def _domain_key(end: Endpoint) -> tuple[object, ...]:
    """What tells the address domains of two endpoints of one kind apart, as far as residuals keep addresses open."""
    if end.kind is EndpointKind.EXTERNAL:
        return ("external",)
    if not end.address_known:
        return ("unknown", end.kind, end.on_host)
    families = sorted(a.family for a in end.addresses)
    # With one address of each family every address atom is a constant; with several, which one counts stays open.
    several = len(set(families)) < len(families)
    return ("known", tuple(sorted(end.addresses)) if several else tuple(families))


def _ends(members: _Members, classes: int) -> list[list[Endpoint]]:
    return [members.by_class[c] for c in bits(classes) if c in members.by_class]
