"""Ways in from outside by a port of the cluster: node ports, load balancers, external IPs, hostPorts.

kube-proxy passes such traffic on to a pod behind the Service, on whatever node that runs, and replaces its source by the
node's address unless the Service says `externalTrafficPolicy: Local` (kubernetes/website tutorials/services/source-ip.md).
Policies then see the node, so blocks of clients do not match; and if it is the pod's own node, no policy may judge it at all.
What of this a plugin does is told by `Rewriting`, so that each way becomes ordinary legs: from nodes, or from the client.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from npverify.assertions.claims import EndSet, Leg, Ways
from npverify.assertions.sets import Members, outside, restrict, unite
from npverify.assertions.traffic import port
from npverify.inventory.addresses import FAMILIES, Address, Family, Prefix
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind, Inventory, PortOrigin, Service
from npverify.normal.flow import Entry, WayIn
from npverify.normal.policy import PolicySet
from npverify.normal.predicates import FALSE, TRUE, AddressIn, Pred, Side, address_in, and_, atoms_of, not_, or_
from npverify.reduction.given import simplified
from npverify.reduction.readings import at_address
from npverify.smt.solver import UndecidedError

_WHOLE: Mapping[Family, Prefix] = {4: Prefix.parse("0.0.0.0/0"), 6: Prefix.parse("::/0")}


class Door(NamedTuple):
    """A port of the cluster, and the pods behind it with the flows that arrive there.

    `local`   the client's address is kept, as traffic stays on the node where it came in
    `hop`     namespace and name of the Service and the index of its port; None: a hostPort
    """

    way: WayIn
    owner: str
    port: int
    local: bool
    hop: tuple[str, str, int] | None
    behind: Members


class Entries:
    """Finds the doors that lead to endpoints. Guards their index and the legs that were made of it."""

    def __init__(self, inventory: Inventory, policies: PolicySet, before: Entries | None = None) -> None:
        """`before` is of the same inventory, so that it knows the same doors."""
        self._inventory = inventory
        self._policies = policies
        self._added: dict[int, tuple[Leg, tuple[Leg, ...]]] = {}
        if before is not None and before._policies.rewriting == policies.rewriting:
            self._added = before._added
            if "_doors" in vars(before):
                self._doors = before._doors

    def added(self, legs: Iterable[Leg]) -> Iterator[Leg]:
        """The flows by which sources outside come to the destinations of direct legs with another address than theirs."""
        if self._policies.judges_hosts:
            return
        for leg in legs:
            known = self._added.get(id(leg))
            if known is None:
                # the leg is kept, so that no other can take its id
                known = self._added[id(leg)] = (leg, tuple(self._rewritten(leg)))
            yield from known[1]

    def _rewritten(self, leg: Leg) -> Iterator[Leg]:
        sources = self._outside(leg)
        if sources and not leg.ways and leg.entry is None:
            for door in self._once(self._leading_to(leg)):
                if reached := _reached(leg.dst, door):
                    yield from self._passed_on(leg, sources, door, reached)

    def _outside(self, leg: Leg) -> Members:
        """The sources outside, if there is a door at all; quickly where they can only be outside addresses."""
        if not self._doors[0]:
            return {}
        if self._inventory.clusters:
            return outside(leg.src)
        return {EXTERNAL: leg.src[EXTERNAL]} if EXTERNAL in leg.src else {}

    def spelled_out(self, legs: Iterable[Leg]) -> tuple[Leg, ...]:
        """Legs that name their ways as those of each way, with the client's address and with others; the rest as they are.

        UndecidedError for such a leg where policies judge hosts: they see its traffic before it is passed on.
        """
        found: list[Leg] = []
        for leg in legs:
            if not leg.ways:
                found.append(leg)
                continue
            if self._policies.judges_hosts:
                raise UndecidedError(
                    "where policies are about hosts, what comes in by a port of a node is not followed"
                )
            key = -id(leg)
            if key not in self._added:
                self._added[key] = (leg, tuple(self._by_name(leg)))
            found += self._added[key][1]
        return tuple(found)

    def _by_name(self, leg: Leg) -> Iterator[Leg]:
        sources = self._outside(leg)
        for door in self._leading_to(leg):
            if door.way in leg.ways and (reached := _reached(leg.dst, door)):
                if members := _under(sources, self._kept(door)):
                    yield Leg(members, reached, entry=_entry(door, rewritten=False))
                yield from self._passed_on(leg, sources, door, reached)

    def _passed_on(self, leg: Leg, sources: EndSet, door: Door, reached: Members) -> Iterator[Leg]:
        """The flows whose source is not the client."""
        rewriting = self._policies.rewriting
        entry = _entry(door, rewritten=True)
        any_address = any(e is EXTERNAL and cond is TRUE for e, cond in sources.items())
        # flows from every outside address are asked about already where ways are not named
        if door.way == "LoadBalancer" and (leg.ways or not any_address):
            seen = rewriting.balancer if door.local else and_(rewriting.balancer, not_(rewriting.at_home))
            if seen is not FALSE:
                yield Leg({EXTERNAL: and_(seen, _of_families(sources))}, reached, entry=entry)
        if door.local:
            return
        if door.hop is None:
            yield from self._near(sources, reached, rewriting.host_port, entry)
            return
        alone = self._inventory.nodes_declared and len(self._inventory.nodes) == 1  # then there is no other node
        elsewhere = FALSE if alone else rewriting.elsewhere
        if away := _under(dict.fromkeys(self._inventory.nodes, _of_families(sources)), elsewhere):
            yield Leg(away, reached, leave_out_own_node=False, near=False, entry=entry)
        yield from self._near(sources, reached, rewriting.at_home, entry)

    def _near(self, sources: EndSet, reached: Members, under: Pred, entry: Entry) -> Iterator[Leg]:
        if home := _under(dict.fromkeys(self._inventory.nodes, _of_families(sources)), under):
            yield Leg(home, reached, leave_out_own_node=False, near=True, entry=entry)

    def _kept(self, door: Door) -> Pred:
        """The readings under which policies may see the client."""
        rewriting = self._policies.rewriting
        if door.hop is None:
            return not_(rewriting.host_port)
        kept = TRUE if door.local else not_(rewriting.at_home)
        return and_(kept, not_(rewriting.balancer)) if door.way == "LoadBalancer" else kept

    def _leading_to(self, leg: Leg) -> Iterator[Door]:
        """The doors that lead to destinations of a leg, in the order of their owners; of one through a Service, those of that
        port of it."""
        hop = leg.via and (leg.via.service.namespace, leg.via.service.name, leg.via.port)
        found = {number for end in leg.dst for number in self._doors[1].get(end, ())}
        for number in sorted(found):
            door = self._doors[0][number]
            if hop is None or door.hop == hop:
                yield door

    def _once(self, doors: Iterable[Door]) -> Iterator[Door]:
        """One door of each port of a Service: its others pass traffic on alike."""
        seen: set[tuple[str, str, int]] = set()
        for door in doors:
            if door.hop is None or door.hop not in seen:
                if door.hop is not None:
                    seen.add(door.hop)
                yield door

    @cached_property
    def _doors(self) -> tuple[tuple[Door, ...], dict[Endpoint, list[int]]]:
        """Every door, and by endpoint the numbers of those that lead to it."""
        doors = (*_of_services(self._inventory), *_of_pods(self._inventory))
        leading: dict[Endpoint, list[int]] = {}
        for number, door in enumerate(doors):
            for end in door.behind:
                leading.setdefault(end, []).append(number)
        return doors, leading


def ways_of(service: Service) -> Ways:
    """The ways in that a Service opens, the one that names it best first."""
    if service.headless or service.problem:
        return ()
    found: list[WayIn] = ["LoadBalancer"] if service.type == "LoadBalancer" else []
    if service.type == "NodePort" or (service.type == "LoadBalancer" and service.node_ports):
        found.append("NodePort")
    if service.external_ips:
        found.append("external IP")
    return tuple(found)


def _of_services(inventory: Inventory) -> Iterator[Door]:
    for (namespace, name), service in sorted(inventory.services.items()):
        local = service.external_traffic_policy == "Local"
        ways = ways_of(service)
        for index, of in enumerate(service.ports) if ways else ():
            pods = [b for b in service.backends.get(index, ()) if b.endpoint.is_pod]
            behind = unite(*({b.endpoint: port(of.protocol, b.port)} for b in pods))
            for way in ways:
                number = of.node_port if way == "NodePort" else of.number
                yield Door(way, f"{namespace}/{name}", number, local, (namespace, name, index), behind)


def _of_pods(inventory: Inventory) -> Iterator[Door]:
    """Pods on the host network have no ports but those of their node."""
    for end in inventory.endpoints:
        if end.kind is EndpointKind.POD:
            for p in end.ports:
                if p.host_port and p.origin is not PortOrigin.INIT:
                    yield Door("hostPort", str(end), p.host_port, False, None, {end: port(p.protocol, p.number)})


def _reached(dst: EndSet, door: Door) -> Members:
    found = {e: and_(dst[e], arrives) for e, arrives in door.behind.items() if e in dst}
    return {e: cond for e, cond in found.items() if simplified(cond) is not FALSE}


def _under(members: EndSet, cond: Pred) -> Members:
    return {} if cond is FALSE else restrict(dict(members), cond)


def _entry(door: Door, *, rewritten: bool) -> Entry:
    return Entry(door.way, door.owner, door.port, rewritten)


def _of_families(sources: EndSet) -> Pred:
    """Whoever passes traffic on does so in its family: that of the client's addresses."""
    families = [f for f in FAMILIES if any(_may_be(cond, f) for cond in sources.values())]
    return TRUE if len(families) == len(FAMILIES) else or_(*(address_in(Side.SRC, _WHOLE[f]) for f in families))


def _may_be(cond: Pred, family: Family) -> bool:
    """Whether some address of a family meets a condition on the source: one of those at which its blocks begin or end."""
    blocks = [a.prefix for a in atoms_of(cond) if isinstance(a, AddressIn) and a.prefix.family == family]
    edges = {0, *(b.first for b in blocks), *(b.last + 1 for b in blocks if b.last < _WHOLE[family].last)}
    return any(at_address(cond, Side.SRC, Address(family, at)) is not FALSE for at in sorted(edges))
