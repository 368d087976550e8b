"""The ways in from outside that an inventory has: ports of Services and pods, and what Ingress objects and routes send to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from npverify.assertions.claims import Ways
from npverify.assertions.sets import Members, unite
from npverify.assertions.traffic import port
from npverify.inventory.addresses import FAMILIES, Family, Prefix
from npverify.inventory.model import Backend, Endpoint, EndpointKind, FrontClass, Inventory, PortOrigin, Service
from npverify.normal.flow import WayIn


class Door(NamedTuple):
    """A port of the cluster, and the pods behind it with the flows that arrive there.

    `local`   the client's address is kept, as traffic stays on the node where it came in
    `hop`     namespace and name of the Service and the index of its port; None: a hostPort
    `classes` of an Ingress or Gateway, the class that serves it; several: one of these
    `ranges`  the only clients that a load balancer takes, if it says so
    `to`      where it leads: pods with the port there
    `families`  those of the Service, of its external IPs or of the address that a hostPort is bound to
    `more`    of a Gateway, the other ports by which a client comes in alike
    """

    way: WayIn
    owner: str
    port: int
    local: bool
    hop: tuple[str, str, int] | None
    behind: Members
    protocol: str
    to: tuple[tuple[Endpoint, int], ...]
    classes: tuple[FrontClass, ...] = ()
    ranges: tuple[Prefix, ...] = ()
    families: frozenset[Family] = frozenset(FAMILIES)
    more: tuple[int, ...] = ()


def doors_of(inventory: Inventory) -> Iterator[Door]:
    """Every way in from outside, those of Services first."""
    yield from _of_services(inventory)
    yield from _of_pods(inventory)
    yield from _of_fronts(inventory)


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
            behind, to = _pods(service.backends.get(index, ()), of.protocol)
            for way in ways:
                number = of.node_port if way == "NodePort" else of.number
                ranges = service.source_ranges if way == "LoadBalancer" else ()
                hop = (namespace, name, index)
                families = service.families
                if way == "external IP":
                    families &= {address.family for address in service.external_ips}
                yield Door(
                    way, str(service), number, local, hop, behind, of.protocol, to, ranges=ranges, families=families
                )


def _of_pods(inventory: Inventory) -> Iterator[Door]:
    """Pods on the host network have no ports but those of their node."""
    for end in inventory.endpoints:
        if end.kind is EndpointKind.POD:
            for p in end.ports:
                if p.host_port and p.origin is not PortOrigin.INIT:
                    behind, to = {end: port(p.protocol, p.number)}, ((end, p.number),)
                    families = frozenset([p.host_family] if p.host_family else FAMILIES)
                    yield Door(
                        "hostPort", str(end), p.host_port, False, None, behind, p.protocol, to, families=families
                    )


def _of_fronts(inventory: Inventory) -> Iterator[Door]:
    """What controllers send to pods. They open connections of their own, so no block of clients is about these."""
    for front in inventory.fronts:
        hop = (front.namespace, front.service, front.at)
        service = inventory.services[hop[:2]]
        protocol = service.ports[front.at].protocol
        behind, to = _pods(front.behind, protocol)
        yield Door(
            front.way,
            front.owner,
            front.port,
            False,
            hop,
            behind,
            protocol,
            to,
            front.classes,
            families=service.families,
            more=front.more,
        )


def _pods(backends: Iterable[Backend], protocol: str) -> tuple[Members, tuple[tuple[Endpoint, int], ...]]:
    """The pods among what is behind a port, as members and as they are."""
    to = tuple((b.endpoint, b.port) for b in backends if b.endpoint.is_pod)
    return unite(*({end: port(protocol, number)} for end, number in to)), to
