"""Obligations: the closed formulas that an assertion comes down to, one for each distinct combination of residuals.

An obligation is satisfiable exactly when some flow between one of its sources and one of its targets breaks the assertion.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NamedTuple

from npverify.assertions.claims import EndSet, Leg
from npverify.inventory.model import Endpoint, Inventory
from npverify.normal.policy import Direction
from npverify.normal.predicates import FALSE, TRUE, IcmpIs, PortIn, Pred, ProtocolIs, Side, and_, atoms_of, not_
from npverify.reduction.bitsets import as_set, bits
from npverify.reduction.given import simplified
from npverify.reduction.judge import Signature
from npverify.reduction.pairs import count_pairs, first_pair
from npverify.reduction.partial import DIRECT, Circumstance, Virtual, of_one_pod, seen_on
from npverify.reduction.premises import Premises, domain_key
from npverify.reduction.residuals import Residuals, host_network


@dataclass(frozen=True, slots=True, eq=False)
class Obligation:
    """A formula, and the pairs of endpoints that it is about.

    `premise`  the flows that the assertion speaks about; `broken` those of them that break it
    `pairs`    the first pair by name, and how many there are
    `egress`, `ingress`  the residuals of the two directions (TRUE: allows)
    `order`    where it stands among others when one has to be chosen
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
    order: tuple[tuple[str, ...], tuple[str, ...], bool, bool] = field(init=False)

    def __post_init__(self) -> None:
        order = (self.src.key, self.dst.key, self.how.same, self.how.own_node)
        object.__setattr__(self, "order", order)  # frozen for all others


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


_REMEMBERED = 500_000  # pairs of groups whose obligations are kept over changes before the memory is given back


class _Kind(NamedTuple):
    """Endpoints of a set that are of one class, under one condition, and of whose address the same is known."""

    c: int
    condition: Pred
    domain: tuple[object, ...]
    ends: list[Endpoint]


@dataclass(slots=True, eq=False)
class _Members:
    """Endpoints of one side that share everything that residuals and conditions look at, by class."""

    key: tuple[object, ...]
    signature: Signature
    condition: Pred
    by_class: dict[int, list[Endpoint]]
    place: int  # of the first of them among the kinds
    classes: int = 0  # set when all are known

    @property
    def first(self) -> Endpoint:
        return next(iter(self.by_class.values()))[0]


class Obligations:
    """Turns legs into obligations over one reduction. Guards the memo of how sets of endpoints fall apart."""

    def __init__(self, inventory: Inventory, residuals: Residuals, before: Obligations | None = None) -> None:
        """`before` has the same inventory, and other policies over the same classes: what they do not touch is kept."""
        self.premises = Premises(inventory, residuals)
        self._residuals = residuals
        self._kinds_of: dict[tuple[int, Side], tuple[EndSet, tuple[_Kind, ...]]] = {}
        self._members_of: dict[tuple[int, Side], tuple[EndSet, list[_Members]]] = {}
        self._classes_of: dict[int, tuple[EndSet, int]] = {}
        self._stale: dict[tuple[int, Side], tuple[EndSet, list[_Members], int]] = {}
        self._places_of: dict[tuple[int, Side], dict[int, list[int]]] = {}
        self._between_of: dict[Hashable, tuple[Leg, _Members, _Members, tuple[Obligation, ...]]] = {}
        if before is not None and residuals.partial is before._residuals.partial:
            self.premises = Premises(inventory, residuals, before.premises)
            self._kinds_of, self._classes_of = before._kinds_of, before._classes_of
            self._places_of = before._places_of
        if before is not None and residuals.changed is not None:
            old = {**before._stale, **{key: (*known, 0) for key, known in before._members_of.items()}}
            for (name, side), (chosen, members, classes) in old.items():
                changed = residuals.changed[Direction.EGRESS if side is Side.SRC else Direction.INGRESS]
                if classes := classes | changed & self.classes_of(chosen):
                    self._stale[name, side] = chosen, members, classes
                else:
                    self._members_of[name, side] = chosen, members
            self._between_of = before._between_of
            if len(self._between_of) > _REMEMBERED:
                self._between_of = {}

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
        sources = self._remembered(leg.src, Side.SRC, Direction.EGRESS)
        targets = self._remembered(leg.dst, Side.DST, Direction.INGRESS)
        first = Direction.EGRESS if len(sources) <= len(targets) else Direction.INGRESS
        peers = {Direction.EGRESS: _classes(targets), Direction.INGRESS: _classes(sources)}
        for source in sources:
            for target in targets:
                key = (id(leg), id(source), id(target), breaks, first)
                known = self._between_of.get(key) if variants is as_it_is else None
                if known is not None:
                    yield from known[3]
                elif source.first.is_pod or target.first.is_pod or self._judges_hosts(source.first, target.first):
                    if variants is not as_it_is:
                        yield from self._between(source, target, direct, leg, peers, breaks, variants, first)
                        continue
                    found = tuple(self._between(source, target, direct, leg, peers, breaks, variants, first))
                    # all three are kept, so that no other can take their ids
                    self._between_of[key] = (leg, source, target, found)
                    yield from found

    def _judges_hosts(self, src: Endpoint, dst: Endpoint) -> bool:
        return self._residuals.policies.judges_hosts and (host_network(src) or host_network(dst))

    def classes_of(self, chosen: EndSet) -> int:
        """The set of classes that the endpoints of a set are in."""
        found = self._classes_of.get(id(chosen))
        if found is None:
            of = self._residuals.classes.of
            # the set is kept, so that no other can take its id
            found = self._classes_of[id(chosen)] = (chosen, as_set({of[end] for end in chosen}))
        return found[1]

    def touched(self, chosen: EndSet, direction: Direction) -> bool:
        """Whether the change that made these policies may have changed which of them select an endpoint of a set."""
        changed = self._residuals.changed
        return changed is None or bool(changed[direction] & self.classes_of(chosen))

    def _remembered(self, chosen: EndSet, side: Side, direction: Direction) -> list[_Members]:
        """`_members` of a set that other legs may have too."""
        key = (id(chosen), side)
        found = self._members_of.get(key)
        if found is None:
            kinds = self._kinds(chosen, side, direction)
            if stale := self._stale.pop(key, None):
                members = self._members_again(kinds, direction, stale[1], stale[2], self._places(key, kinds))
            else:
                members = self._members(kinds, direction)
            found = self._members_of[key] = (chosen, members)
        return found[1]

    def _kinds(self, chosen: EndSet, side: Side, direction: Direction) -> tuple[_Kind, ...]:
        """What a set falls into whatever the policies are."""
        key = (id(chosen), side)
        remembered = self._kinds_of.get(key)
        if remembered is not None:
            return remembered[1]
        found: dict[tuple[object, ...], _Kind] = {}
        of = self._residuals.classes.of
        ends = {"src": None, "dst": None}
        alike: dict[tuple[int, Pred], list[Endpoint]] = {}
        for end, condition in chosen.items():
            condition = seen_on(condition, end, side)
            if not _about_packets(condition):
                condition = self._residuals.partial.residual(condition, direction, DIRECT, **{**ends, side.value: end})
                if condition is FALSE:
                    continue
            c = of[end]
            several = end.address_known and len(end.addresses) > 1  # which counts stays open, so they may matter
            known = None if several else alike.get((c, condition))
            if known is not None:
                known.append(end)  # all that matters of it, its class tells
                continue
            domain = domain_key(end)
            kind = found.setdefault((c, condition, domain), _Kind(c, condition, domain, []))
            kind.ends.append(end)
            if not several:
                alike[c, condition] = kind.ends
        kinds = tuple(found.values())
        self._kinds_of[key] = (chosen, kinds)
        return kinds

    def _key(self, kind: _Kind, direction: Direction) -> tuple[object, ...]:
        """Equal for kinds that residuals cannot tell apart."""
        signature = self._residuals.signature(direction, kind.c)
        aspect = self._residuals.aspect_of(direction, kind.c)
        return (id(signature) if signature else 0, kind.condition, aspect, kind.domain)

    def _members(self, kinds: Iterable[_Kind], direction: Direction) -> list[_Members]:
        """The kinds, joined where residuals cannot tell them apart."""
        found: dict[tuple[object, ...], _Members] = {}
        for place, kind in enumerate(kinds):
            key = self._key(kind, direction)
            members = found.get(key)
            if members is None:
                signature = self._residuals.signature(direction, kind.c)
                members = found[key] = _Members(key, signature, kind.condition, {}, place)
            members.by_class[kind.c] = kind.ends
        for members in found.values():
            members.classes = as_set(members.by_class)
        return list(found.values())

    def _places(self, key: tuple[int, Side], kinds: tuple[_Kind, ...]) -> dict[int, list[int]]:
        """The places of the kinds of each class."""
        found = self._places_of.get(key)
        if found is None:
            found = self._places_of[key] = {}
            for place, kind in enumerate(kinds):
                found.setdefault(kind.c, []).append(place)
        return found

    def _members_again(
        self,
        kinds: tuple[_Kind, ...],
        direction: Direction,
        old: Iterable[_Members],
        changed: int,
        places: Mapping[int, list[int]],
    ) -> list[_Members]:
        """What `_members` gives, from what it gave before the signatures of some classes changed; equal ones are the same."""
        known = {members.key: members for members in old}
        again = {
            members.key: {place for c in members.by_class for place in places[c] if self._is_of(kinds[place], members)}
            for members in known.values()
            if members.classes & changed
        }
        moved = {place for c in bits(changed) for place in places.get(c, ())}
        for those in again.values():
            those -= moved
        for place in moved:
            key = self._key(kinds[place], direction)
            if key not in again:
                mates = known.get(key)
                again[key] = (
                    {n for c in mates.by_class for n in places[c] if self._is_of(kinds[n], mates)} if mates else set()
                )
            again[key].add(place)
        for key, those in again.items():
            before = known.pop(key, None)
            if those:
                ordered = sorted(those)
                by_class = {kinds[place].c: kinds[place].ends for place in ordered}
                if before is None or before.by_class != by_class:
                    first = kinds[ordered[0]]
                    signature = self._residuals.signature(direction, first.c)
                    before = _Members(key, signature, first.condition, by_class, ordered[0], as_set(by_class))
                known[key] = before
        return sorted(known.values(), key=lambda members: members.place)

    @staticmethod
    def _is_of(kind: _Kind, members: _Members) -> bool:
        return kind.condition is members.condition and kind.domain == members.key[3]

    def _between(
        self,
        source: _Members,
        target: _Members,
        direct: Circumstance,
        leg: Leg,
        peers: Mapping[Direction, int],
        breaks: Breaks,
        variants: Variants,
        first: Direction,
    ) -> Iterator[Obligation]:
        for how in self._circumstances(source, target, direct, leg):
            conditions = and_(source.condition, target.condition)
            if how.same:
                conditions = of_one_pod(conditions)
            sides = {Direction.EGRESS: (source, target.classes), Direction.INGRESS: (target, source.classes)}
            subject, chosen = sides.pop(first)
            groups = {first: self._among(first, subject, how, chosen, peers, variants)}
            ((second, (other, rest)),) = sides.items()
            if breaks is flows_allowed and all(
                simplified(and_(conditions, residuals[0])) is FALSE for _, residuals in groups[first]
            ):
                groups[second] = [(rest, (TRUE,))]  # no flow passes, whatever the other direction says
            else:
                groups[second] = self._among(second, other, how, rest, peers, variants)
            egress, ingress = groups[Direction.EGRESS], groups[Direction.INGRESS]
            for to, egress_residual in egress:
                for come, ingress_residual in ingress:
                    pair = first_pair(_ends(source, come), _ends(target, to), how)
                    if pair is None:
                        continue
                    premise = and_(conditions, self.premises.well_formed(*pair, how))
                    if how.own_node and leg.leave_out_own_node:
                        premise = and_(premise, not_(self._residuals.left_out(*pair, how)))
                    if premise is FALSE:
                        continue
                    broken = and_(premise, breaks(egress_residual, ingress_residual))
                    yield Obligation(
                        self.premises.with_domains(premise, *pair, how),
                        self.premises.with_domains(broken, *pair, how),
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
        self,
        direction: Direction,
        members: _Members,
        how: Circumstance,
        chosen: int,
        peers: Mapping[Direction, int],
        variants: Variants,
    ) -> list[tuple[int, tuple[Pred, ...]]]:
        """The chosen ones of the peers, parted by the residuals of every variant. All peers of a leg are parted at once,
        so that it is done once for those who meet many groups of them."""
        found = self._residuals.parted(direction, variants(members.signature), members.first, how, peers[direction])
        return [(both, residuals) for part, residuals in found if (both := part & chosen)]

    def domain(self, end: Endpoint, side: Side) -> Pred:
        """Which addresses an endpoint may have on a side, those of other known endpoints aside."""
        return self.premises.domain(end, side)


@cache
def _about_packets(pred: Pred) -> bool:
    """Whether a predicate is about the packet alone, so that no endpoint makes it smaller."""
    return all(isinstance(atom, PortIn | ProtocolIs | IcmpIs) for atom in atoms_of(pred))


def _classes(groups: Iterable[_Members]) -> int:
    found = 0
    for members in groups:
        found |= members.classes
    return found


def _ends(members: _Members, classes: int) -> list[list[Endpoint]]:
    return [members.by_class[c] for c in bits(classes) if c in members.by_class]
