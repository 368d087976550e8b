"""What a flow may be by protocol and port, as conditions at a destination."""

from __future__ import annotations

from dataclasses import dataclass

from npverify.assertions import syntax as s
from npverify.assertions.claims import EndSet
from npverify.assertions.sets import Members, restrict
from npverify.inventory.model import EXTERNAL, Endpoint, PortOrigin, ServicePort
from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.predicates import Pred, and_, or_, port_in, protocol_is

DEFAULT = protocol_is(*PORT_PROTOCOLS)
"""Without `on`: every protocol that policies can name, on all ports (K-doc: deny-all is guaranteed only for these)."""


@dataclass(frozen=True, slots=True)
class Filter:
    """The traffic behind `on`; nothing written stands for `DEFAULT`."""

    items: tuple[s.Traffic, ...] = ()

    def at(self, endpoint: Endpoint) -> Pred:
        """The condition on flows to this endpoint: a named port is the number that it declares under that name."""
        return or_(*(_at(item, endpoint) for item in self.items)) if self.items else DEFAULT

    def restrict(self, members: EndSet) -> Members:
        """The members of a destination, for this traffic alone."""
        if self.named:
            return {e: and_(cond, self.at(e)) for e, cond in members.items()}
        return restrict(members, self.at(EXTERNAL))

    @property
    def named(self) -> tuple[s.NamedPort, ...]:
        """The ports that are given by name."""
        return tuple(item for item in self.items if isinstance(item, s.NamedPort))


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
    raise TypeError(item)


def selects(item: s.Traffic, of: ServicePort) -> bool:
    """Whether an item behind `on` means this port of a Service: by its own number or name, not by the pod's."""
    match item:
        case s.Ports(protocol, ports):
            return protocol == of.protocol and (ports is None or ports[0] <= of.number <= ports[1])
        case s.NamedPort(name, protocol):
            return name == of.name and protocol in ("", of.protocol)
    return False


def describe(ports: tuple[ServicePort, ...]) -> str:
    """The ports of a Service as a user writes them."""
    return ", ".join(f"`{p.protocol.lower()}/{p.number}`" for p in ports) or "none"
