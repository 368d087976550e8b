"""The traffic of an element as a predicate.

Source: cilium/cilium pkg/policy/l4.go (createL4Filter), pkg/policy/portrange.go, pkg/policy/api/icmp.go; named ports:
pkg/policy/l4.go and pkg/endpoint (the table of the subject for ingress, of the cluster for egress until 1.19).
"""

from __future__ import annotations

from dataclasses import dataclass

from npverify.dialects.cilium.domains import is_every_name, wanted
from npverify.dialects.cilium.identities import Identities, opaque
from npverify.dialects.cilium.values import Element, HttpText, KafkaText, Port, PortRule
from npverify.dialects.kubernetes import named_port, portless
from npverify.inventory.addresses import EVERYTHING, Family
from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.patterns import is_literal
from npverify.normal.policy import Direction
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Pred,
    RequestTest,
    Side,
    address_in,
    and_,
    dns_is,
    dns_query,
    http_is,
    icmp_is,
    kafka_is,
    kafka_request,
    not_,
    or_,
    port_in,
    protocol_is,
)

__all__ = ["TrafficLowering"]


@dataclass(frozen=True)
class TrafficLowering:
    """Lowers ports, ICMP messages and requests."""

    identities: Identities

    def traffic(self, element: Element, direction: Direction) -> Pred:
        """What an element is about at the level of packets; without ports and messages it is everything."""
        if element.icmps is not None:
            return or_(*(self._icmp(family, kind, direction) for family, kind in element.icmps))
        if element.ports:
            return or_(*(self._rule(rule, direction) for rule in element.ports))
        return portless(self.identities.profile)

    def _rule(self, rule: PortRule, direction: Direction) -> Pred:
        ports = or_(*(self.port(port, direction) for port in rule.ports))
        return and_(
            ports, self._requests(rule, direction), self._names(rule), *(opaque(sentence) for sentence in rule.facts)
        )

    def asked(self, element: Element, direction: Direction) -> tuple[tuple[Pred, Pred], ...]:
        """The ports whose connections must satisfy something that nobody can know, with what it is: on the same ports it
        binds other elements too (mergePortProto of pkg/policy/rule.go: server names are merged, not added)."""
        found = []
        for rule in element.ports or ():
            if rule.facts:
                ports = or_(*(self.port(port, direction) for port in rule.ports))
                found.append((ports, and_(*(opaque(sentence) for sentence in rule.facts))))
        return tuple(found)

    def _requests(self, rule: PortRule, direction: Direction) -> Pred:
        """The connection is open whatever is asked over it; what is not asked for is refused: of Kafka requests alone, so that it
        can be told whether the connection is open, of other protocols all else. What a node sends to its own
        pods is not asked (pkg/policy/mapstate.go, determineAllowLocalhostIngress)."""
        if not rule.requests:
            return TRUE
        asked = or_(*map(_request, rule.requests))
        if any(isinstance(entry, KafkaText) for entry in rule.requests):
            asked = or_(asked, not_(kafka_request()))
        return or_(asked, self.identities.reserved("host", Side.SRC)) if direction is Direction.INGRESS else asked

    def _names(self, rule: PortRule) -> Pred:
        """The connection is open whatever name is asked for over it; of the queries those for other names are refused
        (pkg/fqdn/dnsproxy: a list without any name is an empty expression, and what that lets through is nowhere said)."""
        if rule.domains is None or any(is_every_name(d, self.identities.settings.version) for d in rule.domains):
            return TRUE
        if not rule.domains:
            return or_(not_(dns_query()), opaque("a `dns` rule without names lets the query through"))
        names = dns_is(wanted(domain, self.identities.settings.version) for domain in rule.domains)
        return or_(not_(dns_query()), names)

    def port(self, port: Port, direction: Direction) -> Pred:
        """A port with its protocol; SCTP passes only where the datapath knows it."""
        protocols = PORT_PROTOCOLS if port.protocol == "ANY" else (port.protocol,)
        if isinstance(port.first, int):
            whole = port.first == 0
            return and_(protocol_is(*protocols), TRUE if whole else port_in(port.first, port.last))
        return or_(*(self._named(port.first, protocol, direction) for protocol in protocols))

    def _named(self, name: str, protocol: str, direction: Direction) -> Pred:
        """A named port is a number of the pod that listens; for egress until 1.19 it is the one number that it has in the
        cluster, and nothing where there are several."""
        if direction is Direction.EGRESS and self.identities.settings.version < (1, 20):
            numbers = self.identities.named_ports.get((name, protocol), frozenset())
            number = next(iter(numbers), 0)
            return and_(protocol_is(protocol), port_in(number, number)) if len(numbers) == 1 else FALSE
        return and_(self.identities.pods(Side.DST), named_port(name, protocol, self.identities.profile))

    def _icmp(self, family: Family, kind: int, direction: Direction) -> Pred:
        """Type 0 is every type of its family, since 0 means any in the map of policies: cilium/cilium#41304."""
        message = icmp_is(kind) if kind else protocol_is("ICMP")
        return and_(message, address_in(direction.subject, EVERYTHING[family]))


def _request(entry: HttpText | KafkaText | str) -> Pred:
    """An entry of HTTP or Kafka, or a sentence about another protocol."""
    if isinstance(entry, str):
        return opaque(f"the request is {entry}")
    if isinstance(entry, KafkaText):
        return kafka_is(*entry)
    methods, paths, hosts = ([_wanted(text)] if text else [] for text in (entry.method, entry.path, entry.host))
    return and_(http_is(methods, paths, hosts, entry.headers, reads="sent"), *map(opaque, entry.facts))


def _wanted(text: str) -> tuple[RequestTest, str]:
    return ("exact", text) if is_literal(text) else ("regex", text)
