"""What a flow may be by protocol and port, as conditions at a destination."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from npverify.assertions import syntax as s
from npverify.assertions.claims import EndSet
from npverify.assertions.sets import Members, restrict
from npverify.inventory.model import EXTERNAL, Endpoint, PortOrigin, ServicePort
from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.patterns import is_literal
from npverify.normal.predicates import (
    TRUE,
    Clause,
    Pred,
    RequestTest,
    and_,
    dns_is,
    dns_query,
    exactly,
    http_is,
    http_request,
    kafka_is,
    kafka_request,
    not_,
    or_,
    port_in,
    protocol_is,
)
from npverify.normal.requests import name_pattern

DEFAULT = protocol_is(*PORT_PROTOCOLS)
"""Without `on`: every protocol that policies can name, on all ports (K-doc: deny-all is guaranteed only for these)."""


@dataclass(frozen=True, slots=True)
class Filter:
    """The traffic behind `on`; nothing written stands for `DEFAULT`."""

    items: tuple[s.Traffic, ...] = ()

    def at(self, endpoint: Endpoint) -> Pred:
        """The condition on flows to this endpoint: a named port is the number that it declares under that name."""
        return or_(*(and_(_at(item, endpoint), self._beside(item)) for item in self.items)) if self.items else DEFAULT

    def _beside(self, item: s.Traffic) -> Pred:
        """Beside queries for names, and requests of Kafka, an item that is about connections means those of which no query is looked
        at, nor such a request."""
        return TRUE if isinstance(item, _CARRIED) else _bare(self.items)

    def restrict(self, members: EndSet) -> Members:
        """The members of a destination, for this traffic alone."""
        if self.named:
            return {e: and_(cond, self.at(e)) for e, cond in members.items()}
        return restrict(members, self.at(EXTERNAL))

    @property
    def named(self) -> tuple[s.NamedPort, ...]:
        """The ports that are given by name."""
        return tuple(item for item in self.items if isinstance(item, s.NamedPort))


_CARRIED = (s.Http, s.Dns, s.Kafka)


def _bare(items: Iterable[s.Traffic]) -> Pred:
    """That nothing is looked at of what some items are about."""
    kinds = set(map(type, items))
    dns, kafka = (not_(dns_query()) if s.Dns in kinds else TRUE), (not_(kafka_request()) if s.Kafka in kinds else TRUE)
    return and_(dns, kafka)


def port(protocol: str, first: int, last: int | None = None) -> Pred:
    """Flows of one protocol to a port or a range."""
    return and_(protocol_is(protocol), port_in(first, last or first))


def _at(item: s.Traffic, endpoint: Endpoint) -> Pred:
    match item:
        case s.Ports(protocol, None):
            return protocol_is(protocol)
        case s.Ports(protocol, (first, last)):
            return port(protocol, first, last)
        case s.NamedPort(name, protocol):
            declared = (
                # an init container that is not a sidecar has ended before the pod serves
                p
                for p in endpoint.ports
                if p.name == name and p.origin is not PortOrigin.INIT
            )
            return or_(*(port(p.protocol, p.number) for p in declared if protocol in ("", p.protocol)))
        case s.Dns(_, (first, last)):
            return and_(protocol_is("TCP", "UDP"), port_in(first, last), clause(item))
        case s.Http() | s.Kafka():
            whole = and_(protocol_is("TCP"), clause(item))
            return whole if item.ports is None else and_(whole, port("TCP", *item.ports))
    raise TypeError(item)


def clause(item: s.Http | s.Dns | s.Kafka) -> Pred:
    """The requests, or queries, that an item means. An expression without any sign of one is a text."""
    if isinstance(item, s.Kafka):
        return kafka_is((item.key,) if item.key else (), topic=item.topic)
    if isinstance(item, s.Dns):
        return (
            dns_is([("regex", name_pattern(item.name)) if "*" in item.name else exactly(item.name)])
            if item.name
            else dns_query()
        )
    methods, paths = ([_wanted(text)] if text else [] for text in (item.method, item.path))
    return http_is(methods, paths, reads="asked") if methods or paths else http_request()


def _wanted(text: str) -> tuple[RequestTest, str]:
    return ("exact", text) if is_literal(text) else ("regex", text)


def clauses(items: Iterable[s.Traffic]) -> frozenset[Clause]:
    """The clauses about requests that items behind `on` stand for."""
    found = (clause(item) for item in items if isinstance(item, _CARRIED))
    return frozenset(at for at in found if isinstance(at, Clause))


def selects(item: s.Traffic, of: ServicePort) -> bool:
    """Whether an item behind `on` means this port of a Service: by its own number or name, not by the pod's."""
    if isinstance(item, s.NamedPort):
        return item.name == of.name and item.protocol in ("", of.protocol)
    if isinstance(item, s.Dns):
        return of.protocol in ("TCP", "UDP") and item.ports[0] <= of.number <= item.ports[1]
    protocol = "TCP" if isinstance(item, s.Http | s.Kafka) else item.protocol
    return protocol == of.protocol and (item.ports is None or item.ports[0] <= of.number <= item.ports[1])


def over_service(asked: Iterable[s.Traffic], of: ServicePort) -> Pred:
    """What the items that mean a port of a Service ask for beyond it: requests; TRUE where nothing is."""
    asked = tuple(asked)
    meant = [clause(item) if isinstance(item, _CARRIED) else _bare(asked) for item in asked if selects(item, of)]
    return or_(*meant) if meant else TRUE


def describe(ports: tuple[ServicePort, ...]) -> str:
    """The ports of a Service as a user writes them."""
    return ", ".join(f"`{p.protocol.lower()}/{p.number}`" for p in ports) or "none"
