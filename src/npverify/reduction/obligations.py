"""Obligations: the closed formulas that an assertion comes down to, one for each distinct combination of residuals.

An obligation is satisfiable exactly when some flow between one of its sources and one of its targets breaks the assertion.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from typing import NamedTuple

from npverify.assertions.claims import EndSet, Leg
from npverify.inventory.model import Endpoint, EndpointKind, Inventory
from npverify.normal.policy import Direction
from npverify.normal.predicates import FALSE, TRUE, Pred, Side, and_, not_
from npverify.reduction.bitsets import bits
from npverify.reduction.end_sets import EndSets
from npverify.reduction.ends import Crowd, Ends, Parted
from npverify.reduction.given import simplified
from npverify.reduction.joins import Blocks, Differing, DifferingFirst, Kept, Row, Said, Sought, Stopped, union
from npverify.reduction.judge import Signature
from npverify.reduction.meeting import Parts, Residual
from npverify.reduction.members import Members
from npverify.reduction.pairs import count_pairs, first_pair
from npverify.reduction.partial import DIRECT, Circumstance, Virtual, of_one_pod
from npverify.reduction.premises import Premises
from npverify.reduction.residuals import Residuals, host_network


@dataclass(frozen=True, slots=True, eq=False)
class Obligation:
    """A formula, and the pairs of endpoints that it is about.

    `premise`  the flows that the assertion speaks about; `broken` those of them that break it
    `src`, `dst`  the first pair by name; `number` tells how many there are
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
    number: Callable[[], int]
    order: tuple[tuple[str, ...], tuple[str, ...], bool, bool] = field(init=False)

    def __post_init__(self) -> None:
        order = (self.src.key, self.dst.key, self.how.same, self.how.own_node)
        object.__setattr__(self, "order", order)  # frozen for all others

    @property
    def pairs(self) -> int:
        """How many pairs of endpoints it is about."""
        return self.number()


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


class _Asked(NamedTuple):
    """A leg with the groups of its two sides. `conditions`: those that all sources share, and all targets; `first`: the
    direction to look at first; `peers`: by direction, the classes of all who are peers in it."""

    leg: Leg
    conditions: tuple[Pred, Pred]
    sources: Parted
    targets: Parted
    direct: Circumstance
    first: Direction
    peers: Mapping[Direction, int]

    def given(self, source: Members | Ends, target: Members | Ends) -> Pred:
        """When flows between two groups count."""
        of_sources, of_targets = self.conditions
        return and_(of_sources, source.condition, of_targets, target.condition)


_REMEMBERED = 500_000  # pairs of groups whose obligations are kept over changes before the memory is given back


class Obligations:
    """Turns legs into obligations over one reduction. Guards the memo of how sets of endpoints fall apart."""

    def __init__(
        self, inventory: Inventory, residuals: Residuals, before: Obligations | None = None, *, lasting: bool = False
    ) -> None:
        """`before` has the same inventory, and other policies over the same classes: what they do not touch is kept.
        `lasting`: there will be such ones after this, for which it is worth to keep more."""
        self.premises = Premises(inventory, residuals)
        self._residuals = residuals
        self._by_kind = residuals.leaves_out_by_kind
        self._lasting = lasting
        self._kept: dict[Hashable, tuple[Leg, Kept]] = {}
        self._between_of: dict[Hashable, tuple[Leg, Members, Members, tuple[Obligation, ...]]] = {}
        self._sets: EndSets = EndSets(residuals, before._sets if before else None)
        if before is not None and residuals.partial is before._residuals.partial:
            self.premises = Premises(inventory, residuals, before.premises)
        if before is not None and residuals.changed is not None:
            self._kept = before._kept
            self._between_of = before._between_of
            if len(self._between_of) > _REMEMBERED:
                self._between_of = {}

    def of(self, leg: Leg, breaks: Breaks, variants: Variants = as_it_is) -> Iterator[Obligation]:
        """Every obligation of a leg; those that fold to FALSE too, since their premise tells that there was a flow."""
        asked = self._asked(leg)
        for source in asked.sources.groups:
            for target in asked.targets.groups:
                yield from self._of_two(source, target, asked, breaks, variants)

    def alike(self, leg: Leg, *, want: bool) -> Iterator[Obligation]:
        """The obligations of a leg whose flows all must pass (`want`), or must not: those that are broken alike are one,
        that of the first pair. What is not given is not broken; that there is a flow, one of them tells, or one `apart`."""
        asked = self._asked(leg)
        breaks = flows_denied if want else flows_allowed
        yield from self._apart_or_joined(asked, breaks, as_it_is, Stopped() if want else Sought())

    def apart(self, leg: Leg, *, want: bool) -> Iterator[Obligation]:
        """The obligations of a leg that stand for themselves, as it hangs on the nodes of two endpoints whether they meet."""
        asked = self._asked(leg)
        breaks = flows_denied if want else flows_allowed
        for source, target in product(asked.sources.groups, asked.targets.groups):
            if _by_node(source.first, target.first):
                yield from self._of_two(source, target, asked, breaks, as_it_is)

    def changed(
        self, leg: Leg, breaks: Breaks, variants: Variants, direction: Direction, *, alone: bool
    ) -> Iterator[Obligation]:
        """The obligations of a leg that two variants may decide differently, those that do so alike as one. `direction` is
        where to look first; `alone`: it counts whether that direction differs, not whether the flow passes."""
        asked = self._asked(leg)._replace(first=direction)
        sought = DifferingFirst() if alone else Differing(variants)
        yield from self._apart_or_joined(asked, breaks, variants, sought)

    def _apart_or_joined(
        self, asked: _Asked, breaks: Breaks, variants: Variants, sought: Sought
    ) -> Iterator[Obligation]:
        sources, targets = asked.sources, asked.targets
        for source, target in self._met_on_nodes(asked, variants, sought):
            yield from self._of_two(source, target, asked, breaks, variants)
        if not asked.leg.leave_out_self:
            for source, target in product(sources.plain, targets.plain):
                if source.classes & target.classes and source.first.is_pod:
                    found = self._between(source, target, asked, breaks, variants)
                    yield from (o for o in found if o.how.same)
        if asked.leg.near:
            return
        for src, dst in product(sources.looks, targets.looks):
            if self._speaks_of(src.groups[0], dst.groups[0]) and not _by_node(src.first, dst.first):
                yield from self._joined(src, dst, asked, breaks, variants, sought)

    def _met_on_nodes(self, asked: _Asked, variants: Variants, sought: Sought) -> Iterator[tuple[Members, Members]]:
        """The pairs of groups of which it hangs on the nodes whether two meet, all that may have a flow that is sought among
        them: those of which the first direction tells that there is none are left out."""
        egress_first = asked.first is Direction.EGRESS
        subjects, others = (asked.sources, asked.targets) if egress_first else (asked.targets, asked.sources)
        changed: int | None = None
        for subject in subjects.groups:
            met = others.groups if host_network(subject.first) else others.hosts
            live: dict[tuple[Pred, EndpointKind], int] = {}
            for other in met:
                source, target = (subject, other) if egress_first else (other, subject)
                if not _by_node(source.first, target.first):
                    continue
                given = asked.given(source, target)
                key = (given, other.first.kind)
                if key not in live:
                    pair = (source.first, target.first)
                    live[key], unless = self._live(subject, pair, given, asked, variants, sought)
                    if unless and changed is None:
                        changed = union(group.classes for group in others.groups if sought.changed(group))
                    live[key] |= unless & (changed or 0)
                if other.classes & live[key]:
                    yield source, target

    def _live(
        self,
        subject: Members,
        pair: tuple[Endpoint, Endpoint],
        given: Pred,
        asked: _Asked,
        variants: Variants,
        sought: Sought,
    ) -> tuple[int, int]:
        """Where the first direction leaves open whether there is a flow that is sought: the classes of those met for which it
        does, and for which it does if the other has changed. They are of the kind of the one in `pair`."""
        found = if_changed = 0
        for how in self._ways(asked.direct, asked.leg, by_node=True):
            here = of_one_pod(given) if how.same else given
            if how.own_node and asked.leg.leave_out_own_node and self._by_kind:
                here = and_(here, not_(self._residuals.left_out(*pair, how)))
            for peers, residuals in self._among(asked.first, subject, how, asked.peers, variants):
                match sought.of_one(tuple(simplified(and_(here, left)) for left in residuals)):
                    case Said.OPEN | Said.ALREADY:
                        found |= peers
                    case Said.IF_CHANGED:
                        if_changed |= peers
        return found, if_changed

    def _joined(
        self, src: Ends, dst: Ends, asked: _Asked, breaks: Breaks, variants: Variants, sought: Sought
    ) -> Iterator[Obligation]:
        how = asked.direct
        given = and_(asked.given(src, dst), self.premises.well_formed(src.first, dst.first, how))
        blocks = Blocks(src, dst, self._kept_of(asked.leg, given, src.crowd, dst.crowd, variants))
        every = blocks.all()
        if every is None or given is FALSE:
            return
        premise = self.premises.with_domains(given, *every.pair, how)
        yield Obligation(premise, FALSE, *every.pair, how, asked.leg, (FALSE,), (FALSE,), every.number)
        of = self._residuals.classes.of

        def row(direction: Direction) -> Row:
            meeting = self._residuals.meeting(direction, how, asked.peers[direction], given)
            return lambda group: meeting.parted(variants(group.signature), group.first)

        def residual(direction: Direction, group: Members, peer: Endpoint) -> tuple[Pred, ...]:
            c = of[peer]
            among = self._among(direction, group, how, asked.peers, variants)
            return next(residuals for part, residuals in among if part >> c & 1)

        for block in blocks.alike(asked.first, row, sought):
            source, target = block.pair
            egress = residual(Direction.EGRESS, src.of_class[of[source]], target)
            ingress = residual(Direction.INGRESS, dst.of_class[of[target]], source)
            broken = self.premises.with_domains(and_(given, breaks(egress, ingress)), source, target, how)
            yield Obligation(premise, broken, source, target, how, asked.leg, egress, ingress, block.number)

    def _kept_of(self, leg: Leg, given: Pred, src: Crowd, dst: Crowd, variants: Variants) -> Kept:
        if not self._lasting or variants is not as_it_is:
            return Kept(given, src, dst)
        key = (id(leg), given, src, dst)
        found = self._kept.get(key)
        if found is None:
            # the leg is kept, so that no other can take its id
            found = self._kept[key] = leg, Kept(given, src, dst)
        return found[1]

    def _asked(self, leg: Leg) -> _Asked:
        via = None
        if leg.via is not None:
            service = leg.via.service
            # Without translation (headless) the client addresses the pod itself.
            via = (
                None
                if service.headless
                else Virtual(service.vips, service.vip_known, service.ports[leg.via.port].number)
            )
        of_sources, sources = self._sets.parted(leg.src, Direction.EGRESS)
        of_targets, targets = self._sets.parted(leg.dst, Direction.INGRESS)
        first = Direction.EGRESS if len(sources.groups) <= len(targets.groups) else Direction.INGRESS
        peers = {Direction.EGRESS: targets.classes, Direction.INGRESS: sources.classes}
        return _Asked(leg, (of_sources, of_targets), sources, targets, replace(DIRECT, via=via), first, peers)

    def _of_two(
        self, source: Members, target: Members, asked: _Asked, breaks: Breaks, variants: Variants
    ) -> Iterable[Obligation]:
        """The obligations of two groups; remembered if they are about the policies as they are."""
        if not self._speaks_of(source, target):
            return ()
        if variants is not as_it_is:
            return self._between(source, target, asked, breaks, variants)
        key = (id(asked.leg), id(source), id(target), breaks, asked.first)
        known = self._between_of.get(key)
        if known is None:
            found = tuple(self._between(source, target, asked, breaks, as_it_is))
            # all three are kept, so that no other can take their ids
            known = self._between_of[key] = (asked.leg, source, target, found)
        return known[3]

    def _speaks_of(self, source: Members, target: Members) -> bool:
        src, dst = source.first, target.first
        return src.is_pod or dst.is_pod or dst.kind is EndpointKind.PROXY or self._judges_hosts(src, dst)

    def _judges_hosts(self, src: Endpoint, dst: Endpoint) -> bool:
        return self._residuals.policies.judges_hosts and (host_network(src) or host_network(dst))

    def classes_of(self, chosen: EndSet) -> int:
        """The set of classes that the endpoints of a set are in."""
        return self._sets.classes_of(chosen)

    def touched(self, chosen: EndSet, direction: Direction) -> bool:
        """Whether the change that made these policies may have changed which of them select an endpoint of a set."""
        changed = self._residuals.changed
        return changed is None or bool(changed[direction] & self.classes_of(chosen))

    def _between(
        self,
        source: Members,
        target: Members,
        asked: _Asked,
        breaks: Breaks,
        variants: Variants,
    ) -> Iterator[Obligation]:
        leg, first, peers = asked.leg, asked.first, asked.peers
        for how in self._circumstances(source, target, asked.direct, leg):
            conditions = asked.given(source, target)
            if how.same:
                conditions = of_one_pod(conditions)
            sides = {Direction.EGRESS: (source, target.classes), Direction.INGRESS: (target, source.classes)}
            subject, chosen = sides.pop(first)
            groups = {first: _chosen(self._among(first, subject, how, peers, variants), chosen)}
            ((second, (other, rest)),) = sides.items()
            if breaks is flows_allowed and all(
                simplified(and_(conditions, residuals[0])) is FALSE for _, residuals in groups[first]
            ):
                groups[second] = [(rest, (TRUE,))]  # no flow passes, whatever the other direction says
            else:
                groups[second] = _chosen(self._among(second, other, how, peers, variants), rest)
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
                        partial(count_pairs, _ends(source, come), _ends(target, to), how),
                    )

    def _circumstances(
        self, source: Members, target: Members, direct: Circumstance, leg: Leg
    ) -> Iterator[Circumstance]:
        return self._ways(direct, leg, by_node=_by_node(source.first, target.first))

    def _ways(self, direct: Circumstance, leg: Leg, *, by_node: bool) -> Iterator[Circumstance]:
        """How two ends of a leg may stand to each other. `by_node`: it hangs on their nodes whether they meet."""
        if not leg.near:
            yield direct
            if not leg.leave_out_self:
                yield replace(direct, same=True)
        if leg.near is not False and by_node:
            yield replace(direct, own_node=True)

    def _among(
        self,
        direction: Direction,
        members: Members,
        how: Circumstance,
        peers: Mapping[Direction, int],
        variants: Variants,
    ) -> Parts:
        """The peers of a group, parted by the residuals of every variant. All peers of a leg are parted at once, so that it is
        done once for those who meet many groups of them."""
        return self._residuals.parted(direction, variants(members.signature), members.first, how, peers[direction])

    def domain(self, end: Endpoint, side: Side) -> Pred:
        """Which addresses an endpoint may have on a side, those of other known endpoints aside."""
        return self.premises.domain(end, side)


def _ends(members: Members, classes: int) -> list[list[Endpoint]]:
    return [members.by_class[c] for c in bits(classes) if c in members.by_class]


def _chosen(parts: Parts, chosen: int) -> list[tuple[int, Residual]]:
    return [(both, residuals) for part, residuals in parts if (both := part & chosen)]


def _by_node(src: Endpoint, dst: Endpoint) -> bool:
    """Whether it hangs on their nodes whether two endpoints meet."""
    return (host_network(src) and dst.is_pod) or (host_network(dst) and src.is_pod)
