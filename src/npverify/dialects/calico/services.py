"""Services in rules: what their EndpointSlices list, as predicates.

Source: projectcalico/calico felix/serviceindex/serviceindex.go (membersFromEndpointSlice: every address, ready or not, with
every port that has a number; whether there is such a Service does not matter). What slices list of a Service with a
selector: kubernetes/endpointslice reconciler.go.
"""

from __future__ import annotations

from npverify.inventory.addresses import EVERYTHING, FAMILIES, Address, Prefix
from npverify.inventory.model import Endpoint, EndpointKind, Inventory, PortOrigin, Service, Target
from npverify.inventory.services import number_on
from npverify.inventory.unknowns import Unknown, fact
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Pred,
    Side,
    address_in,
    and_,
    kind_is,
    label_in,
    named_port_is,
    namespace_is,
    node_is,
    or_,
    port_in,
    protocol_is,
    unknown_in,
)

END = {Side.SRC: "source", Side.DST: "destination"}


def listed(namespace: str, name: str, side: Side, inventory: Inventory) -> Pred | None:
    """The packets whose end on a side is listed for a Service, a destination with its port; None if nothing tells of it."""
    service = inventory.services.get((namespace, name))
    targets = inventory.targets.get((namespace, name), ())
    if service is None and not targets:
        return None
    found = [_target(target, side) for target in targets]
    if service is not None and service.selector and not service.problem:
        found.append(and_(_of_families(service, side), or_(*_selected(service, side, inventory))))
    return or_(*found)


def _target(target: Target, side: Side) -> Pred:
    return and_(_at((target.address,), side), _number(target.protocol, target.number, side))


def _of_families(service: Service, side: Side) -> Pred:
    """A Service has slices of its families alone."""
    if service.families == set(FAMILIES):
        return TRUE
    return or_(*(address_in(side, EVERYTHING[family]) for family in sorted(service.families)))


def _selected(service: Service, side: Side, inventory: Inventory) -> list[Pred]:
    """The pods that the selector finds, and who shares the address of one that is on the network of its node."""
    kinds = kind_is(side, EndpointKind.POD, EndpointKind.HOST_POD)
    labels = (label_in(side, "pod", key, (value,)) for key, value in service.selector.items())
    pods = and_(kinds, namespace_is(side, service.namespace), *labels, _ports(service, side))
    hosts = (e for e in inventory.endpoints if e.kind is EndpointKind.HOST_POD and e.namespace == service.namespace)
    return [pods, *(and_(_with(end, service, side), _ports_on(end, service, side)) for end in hosts)]


def _with(end: Endpoint, service: Service, side: Side) -> Pred:
    """Who has the address of a pod on the network of a node, if the pod is behind the Service."""
    values = [(end.labels.get(key), wanted) for key, wanted in service.selector.items()]
    if any(value != wanted and not isinstance(value, Unknown) for value, wanted in values):
        return FALSE
    certain = all(value == wanted for value, wanted in values)
    if certain and end.address_known:
        return _at(end.addresses, side)
    on_hosts = kind_is(side, EndpointKind.NODE, EndpointKind.HOST_POD)
    if certain and end.node is not None:
        return and_(on_hosts, node_is(side, end.node))
    shares = fact(f"a pod behind {service} has the address of the {END[side]}")
    return and_(on_hosts, unknown_in(shares, "true"))


def _ports(service: Service, side: Side) -> Pred:
    """The ports of the Service on a pod; its addresses alone are asked of a source."""
    if side is Side.SRC:
        return TRUE
    origins = (PortOrigin.REGULAR, PortOrigin.SIDECAR)
    return or_(
        *(
            _number(port.protocol, port.target, side)
            if isinstance(port.target, int)
            else named_port_is(port.target, port.protocol, origins, first_only=True, side=side)
            for port in service.ports
        )
    )


def _ports_on(end: Endpoint, service: Service, side: Side) -> Pred:
    """The ports of the Service on one pod, for others who have its address."""
    if side is Side.SRC:
        return TRUE
    return or_(*(_number(port.protocol, number_on(end, port), side) for port in service.ports))


def _number(protocol: str, number: int | None, side: Side) -> Pred:
    if side is Side.SRC:
        return TRUE
    if number is None or not 1 <= number <= 65535:
        return FALSE
    return and_(protocol_is(protocol), port_in(number, number, side))


def _at(addresses: tuple[Address, ...], side: Side) -> Pred:
    return or_(*(address_in(side, Prefix.host(address)) for address in addresses))
