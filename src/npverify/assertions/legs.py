"""From source, destination and traffic to the legs of a claim, and the phrases for what they leave out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from npverify.assertions import syntax as s
from npverify.assertions.claims import EndSet, Hop, Leg, Ways
from npverify.assertions.select import Selector
from npverify.assertions.sets import Members, backend_condition, restrict, unite
from npverify.assertions.sets import outside as outside_of_cluster
from npverify.assertions.traffic import Filter, describe, over_service, port, selects
from npverify.inventory.model import Endpoint, EndpointKind, Service
from npverify.inventory.placement import serves
from npverify.normal.predicates import FALSE, Side, and_

SELF = "a pod's traffic to itself is left out"
OWN_NODE = "traffic between a pod and its own node that no policy judges is left out"
OTHER_CLUSTERS = "policies of other clusters are not judged"
NO_POD = "traffic between nodes and outside addresses, which no policy judges, is left out"
USUAL = "only TCP, UDP and SCTP are covered"

POD = EndpointKind.POD


class Part(NamedTuple):
    """A destination with its traffic; `via` the Service that leads to it."""

    members: Members
    via: Hop | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What the two ends of a claim leave out because neither names it."""

    leave_out_self: bool
    leave_out_own_node: bool

    def leg(self, src: EndSet, dst: EndSet, via: Hop | None = None, ways: Ways = ()) -> Leg:
        """A leg that leaves the same out."""
        return Leg(src, dst, via, self.leave_out_self, self.leave_out_own_node, ways)


def scope(select: Selector, *ends: s.Ends) -> Scope:
    """`anything` names all traffic; `nodes`, of this cluster, that of a pod's own node."""
    said = [node for one in ends for node in select.nodes(one)]
    everything = any(node == s.Everyone("anything") for node in said)
    hosts = any(
        node == s.Everyone("nodes") or (isinstance(node, s.Named) and node.kind == "node" and node.clusters is None)
        for node in said
    )
    return Scope(not everything, not (everything or hosts))


def assumed(select: Selector, legs: Iterable[Leg], *, usual: bool) -> tuple[str, ...]:
    """The phrases for what the legs leave out of what their words could cover; `usual`: no traffic was named."""
    found: set[str] = set()
    hosts = select.universe.hosts
    for leg in legs:
        if leg.leave_out_self and any(e.is_pod for e in leg.src.keys() & leg.dst.keys()):
            found.add(SELF)
        for one, other in ((leg.src, leg.dst), (leg.dst, leg.src)):
            if leg.leave_out_own_node and any(e in one for e in hosts) and any(e.kind is POD for e in other):
                found.add(OWN_NODE)
        if not all(e.is_pod for e in leg.src) and not all(e.is_pod for e in leg.dst):
            found.add(NO_POD)
        if any(e.cluster for ends in (leg.src, leg.dst) for e in ends):
            found.add(OTHER_CLUSTERS)
    phrases = [p for p in (SELF, OWN_NODE, NO_POD, OTHER_CLUSTERS) if p in found]
    return (*phrases, USUAL) if usual else tuple(phrases)


def covers_default(select: Selector, claim: s.Reaches) -> bool:
    """Whether some destination has neither a port of its own nor an `on`: then the default traffic is meant."""
    if claim.traffic:
        return False
    return claim.verb == "reaches only" or any(not isinstance(p, s.WithPort) for p in select.parts(claim.dst))


def checked(select: Selector, claim: s.Reaches) -> Filter:
    """The traffic of a claim, after messages about what does not fit together."""
    for node in select.nodes(claim.dst):
        if claim.traffic and isinstance(node, s.WithPort):
            select.error(
                "NPV111",
                f"`:{node.port}` together with `on`",
                node.span,
                f"write `tcp/{node.port}` behind `on`, or drop `on`",
            )
    return Filter(claim.traffic)


def reaching(select: Selector, claim: s.Reaches, src: Members, traffic: Filter) -> tuple[Leg, ...]:
    """The legs from these sources to the destination of the claim."""
    leaves = scope(select, claim.src, claim.dst)
    ways = tuple(through.way for through in claim.ways)
    legs = []
    for home, members in _homes(select, claim, _coming_in(select, claim, src) if ways else src):
        for part in destination(select, claim.dst, traffic, home):
            for sources, reached in _placed(members, part):
                legs.append(leaves.leg(sources, reached, part.via, ways))
    return tuple(leg for leg in legs if leg.src and leg.dst)


def _placed(src: Members, part: Part) -> Iterator[tuple[Members, Members]]:
    """The sources with what they reach of a destination: one of a Service that keeps traffic on its node only what may be
    there."""
    service = part.via and part.via.service
    if service is None or not service.near_only:
        yield src, part.members
        return
    groups: dict[tuple[Endpoint, ...], Members] = {}
    for end, condition in src.items():
        reached = tuple(other for other in part.members if serves(service, end, other))
        groups.setdefault(reached, {})[end] = condition
    for reached, members in groups.items():
        yield members, {end: part.members[end] for end in reached}


def _coming_in(select: Selector, claim: s.Reaches, src: Members) -> Members:
    """The sources outside the cluster: of these alone a claim with `through` speaks."""
    found = outside_of_cluster(src)
    if src and not found and claim.verb != "only":
        select.error(
            "NPV611",
            "`through` is about traffic that comes in from outside, and no source is outside",
            claim.ways[0].span,
            "name outside sources, such as `internet` or a block of addresses, or drop `through`",
        )
    return found


def outside(select: Selector, claim: s.Reaches, src: Members, traffic: Filter) -> tuple[Leg, ...]:
    """The legs from these sources to every flow of the traffic that the destination does not hold."""
    leaves = scope(select, claim.src, claim.dst)
    legs = []
    for home, members in _homes(select, claim, src):
        rest = traffic.restrict(select.universe.complement(select.members(claim.dst, Side.DST, home)))
        legs.append(leaves.leg(members, select.universe.ordered(rest)))
    return tuple(leg for leg in legs if leg.src and leg.dst)


def _homes(select: Selector, claim: s.Reaches, src: Members) -> list[tuple[frozenset[str] | None, Members]]:
    """The sources, apart by namespace if the destination says `in other namespaces`: each with the namespaces that these
    words leave out for them."""
    other = next((n for n in select.nodes(claim.dst) if _is_other(n)), None)
    if other is None:
        return [(None, src)]
    if any(not e.is_pod for e in src):
        select.error(
            "NPV114",
            "`in other namespaces` needs pods as sources, and these are not all pods",
            other.span,
            "write `no pods reach pods in other namespaces`",
        )
        return []
    homes: dict[str, Members] = {}
    for e in sorted(src, key=lambda e: e.namespace):
        homes.setdefault(e.namespace, {})[e] = src[e]
    if claim.verb in ("no", "every", "some") and _is_plain(select, claim.dst):
        return _halves(select, homes)
    return [(frozenset((name,)), members) for name, members in homes.items()]


def _is_plain(select: Selector, dst: s.Ends) -> bool:
    """Whether more `other namespaces` can only mean more destinations: these words are not behind `not` or `except`."""
    turned = (
        n.body if isinstance(n, s.NotEnds) else n.minus
        for n in select.nodes(dst)
        if isinstance(n, s.NotEnds | s.ExceptEnds)
    )
    return not any(_is_other(node) for ends in turned for node in select.nodes(ends))


def _is_other(ends: s.Ends) -> bool:
    return isinstance(ends, s.Pods) and ends.scope == s.OtherNamespaces()


def _halves(select: Selector, homes: dict[str, Members]) -> list[tuple[frozenset[str] | None, Members]]:
    """Two legs for each bit of a namespace's number instead of one leg for each namespace. Two namespaces differ in some
    bit, and one namespace differs from itself in none: so together the legs are the pairs of different namespaces."""
    names = select.universe.namespace_names
    legs: list[tuple[frozenset[str] | None, Members]] = []
    for bit in range(max(1, (len(names) - 1).bit_length())):
        for value in (0, 1):
            half = frozenset(name for n, name in enumerate(names) if n >> bit & 1 == value)
            members = {e: cond for name, inside in homes.items() if name in half for e, cond in inside.items()}
            legs.append((half, members))
    return legs


def destination(select: Selector, dst: s.Ends, traffic: Filter, home: frozenset[str] | None = None) -> tuple[Part, ...]:
    """The destination with its traffic: what is reached directly as one part, and a part for each port of a Service and
    each number behind it."""
    direct: list[Members] = []
    parts: list[Part] = []
    for one in select.parts(dst):
        body = select.meaning(one.body) if isinstance(one, s.WithPort) else one
        if isinstance(body, s.Named) and body.kind == "service":
            asked = (s.Ports("TCP", (one.port, one.port), one.span),) if isinstance(one, s.WithPort) else traffic.items
            if service := select.service(body):
                parts += _through(select, service, asked, body)
        elif isinstance(one, s.WithPort):
            direct.append(select.members(one, Side.DST, home))
        else:
            found = select.members(one, Side.DST, home)
            direct.append(traffic.restrict(found))
            _check_named(select, traffic, found)
    reached = select.universe.ordered(unite(*direct))
    return (Part(reached), *parts) if reached else tuple(parts)


def _check_named(select: Selector, traffic: Filter, found: EndSet) -> None:
    for item in traffic.named:
        if found and all(Filter((item,)).at(e) is FALSE for e in found):
            select.warn(
                "NPV133",
                f"no destination declares a port named `{item.name}`",
                item.span,
                "check `ports[].name` of its containers, or write the number",
            )


def _through(select: Selector, service: Service, asked: tuple[s.Traffic, ...], at: s.Named) -> list[Part]:
    """One part for each port of the Service that is asked for, and each distinct number at its backends."""
    for item in asked:
        if not any(selects(item, p) for p in service.ports):
            select.error(
                "NPV113",
                f"service `{service}` has no such port; its ports are {describe(service.ports)}",
                item.span,
                "write one of the ports of the Service, not of its pods",
            )
    parts = []
    for index, p in enumerate(service.ports):
        if asked and not any(selects(item, p) for item in asked):
            continue
        backends = service.backends.get(index, ())
        if not backends and any(service.backends.values()):
            select.warn(
                "NPV131",
                f"no pod stands behind {describe((p,))} of service `{service}`",
                at.span,
                "check `targetPort` against the ports that the pods declare",
            )
        for number in sorted({b.port for b in backends}):
            behind = unite(*({b.endpoint: backend_condition(b, Side.DST)} for b in backends if b.port == number))
            meant = and_(port(p.protocol, number), over_service(asked, p))
            members = select.universe.ordered(restrict(behind, meant))
            parts.append(Part(members, Hop(service, index)))
    return parts
