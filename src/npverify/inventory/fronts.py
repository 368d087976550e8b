"""What Ingress objects and routes of Gateways lead to: the ports of Services, with the pods that their controller sends to.

A controller ends the connection of its client, and opens one of its own to the pods (to their addresses, or to the Service,
which is translated). Which request goes where is not looked at: each backend may get any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from npverify.ingest.document import Path
from npverify.ingest.fields import Fields
from npverify.ingest.source import Problems
from npverify.inventory.front_checks import check_fronts
from npverify.inventory.front_classes import FrontClasses
from npverify.inventory.gateways import Grants, Listeners
from npverify.inventory.model import Backend, Front, FrontClass, FrontWay, Namespace, Service, ServicePort, Target
from npverify.inventory.objects import Item, entries, part
from npverify.inventory.services import number_on

ROUTES = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
_FILTERS = ("requestMirror", "externalAuth")


class _Sent(NamedTuple):
    """A reference to a port of a Service (number or name; None: missing), and where it stands."""

    namespace: str
    name: str
    port: int | str | None
    path: Path


def read_fronts(
    items: Mapping[str, Sequence[Item]],
    services: Mapping[tuple[str, str], Service],
    targets: Mapping[tuple[str, str], Sequence[Target]],
    namespaces: Mapping[str, Namespace],
    problems: Problems,
    notes: list[str],
) -> tuple[Front, ...]:
    """Every port of a Service that some Ingress or route sends to, in the order of their owners; what leads nowhere is told."""
    found: dict[tuple[str, tuple[FrontClass, ...], str, str, int], Front] = {}
    check_fronts(items, ROUTES, problems)
    classes = FrontClasses(items["IngressClass"], items["GatewayClass"], problems, notes)

    def add(
        way: FrontWay,
        item: Item,
        sent: _Sent,
        protocol: str,
        at: Iterable[tuple[tuple[FrontClass, ...], tuple[int, ...]]],
    ) -> None:
        for service, index in _ports(item, sent, protocol, services, problems):
            behind = _behind(service, index, targets)
            for of, (port, *more) in at:
                front = Front(
                    way, str(item), of, port, service.namespace, service.name, index, behind, item.span, tuple(more)
                )
                found.setdefault((front.owner, of, front.namespace, front.service, index), front)

    for item in items["Ingress"]:
        of = classes.of_ingress(item)
        for sent in _of_ingress(item):
            add("Ingress", item, sent, "TCP", [(of, (0,))])
    for item in items["Gateway"]:
        classes.check_gateway(item)
    listeners = Listeners(items["Gateway"], namespaces, problems, notes)
    grants = Grants(items["ReferenceGrant"])
    for item in (item for kind in ROUTES for item in items[kind]):
        at = [(classes.of_gateway(name), ports) for name, ports in listeners.of(item)]
        for sent in _of_route(item, grants, problems) if at else ():
            add("Gateway", item, sent, "UDP" if item.kind == "UDPRoute" else "TCP", at)
    return tuple(found[key] for key in sorted(found))


def _of_ingress(item: Item) -> Iterator[_Sent]:
    spec = part(item.doc.value, "spec")
    for key in ("defaultBackend", "backend"):
        yield from _backend(item, part(spec, key), ("spec", key))
    for number, rule in enumerate(entries(spec, "rules")):
        for index, path in enumerate(entries(part(rule, "http"), "paths")):
            at: Path = ("spec", "rules", number, "http", "paths", index, "backend")
            yield from _backend(item, part(path, "backend"), at)


def _backend(item: Item, backend: Mapping[str, Any], path: Path) -> Iterator[_Sent]:
    service = part(backend, "service")
    name = service.get("name") or backend.get("serviceName")
    if name:
        port = part(service, "port")
        asked = port.get("number") or port.get("name") or backend.get("servicePort") or None
        yield _Sent(item.namespace, name, asked, path)


def _of_route(item: Item, grants: Grants, problems: Problems) -> Iterator[_Sent]:
    """Where a route sends to, and what its filters mirror or ask; a Service of another namespace must be granted."""
    for number, rule in enumerate(entries(part(item.doc.value, "spec"), "rules")):
        at: Path = ("spec", "rules", number)
        refs = [*_of_filters(rule, at)]
        for index, backend in enumerate(entries(rule, "backendRefs")):
            if backend.get("weight") != 0:
                refs += [(backend, (*at, "backendRefs", index)), *_of_filters(backend, (*at, "backendRefs", index))]
        for ref, path in refs:
            name, namespace = ref.get("name") or "", ref.get("namespace") or item.namespace
            if not name or ref.get("group") or (ref.get("kind") or "Service") != "Service":
                continue
            if namespace != item.namespace and not grants.allow(item, namespace, name):
                message = f"{item} may not send to Service `{namespace}/{name}`: no ReferenceGrant there allows it"
                fix = f"add a ReferenceGrant in `{namespace}` from {item.kind} of `{item.namespace}` to Service"
                Fields.of(item.doc, problems).warn("NPV652", message, *path, fix=fix)
                continue
            yield _Sent(namespace, name, ref.get("port"), path)


def _of_filters(value: Mapping[str, Any], at: Path) -> list[tuple[Mapping[str, Any], Path]]:
    return [
        (part(each, name, "backendRef"), (*at, "filters", index, name, "backendRef"))
        for index, each in enumerate(entries(value, "filters"))
        for name in _FILTERS
        if part(each, name, "backendRef")
    ]


def _ports(
    item: Item, sent: _Sent, protocol: str, services: Mapping[tuple[str, str], Service], problems: Problems
) -> list[tuple[Service, int]]:
    """The Service with the index of the port that is meant; none, with a warning, where there is none."""
    service = services.get((sent.namespace, sent.name))
    fields = Fields.of(item.doc, problems)
    if service is None:
        message = f"{item} sends to Service `{sent.namespace}/{sent.name}`, which is not in the input"
        fields.warn("NPV650", message, *sent.path, fix="add its manifest: what it leads to is not known otherwise")
        return []
    if service.problem:
        return []
    for index, port in enumerate(service.ports):
        if port.protocol == protocol and sent.port in (port.number, port.name or None):
            return [(service, index)]
    if sent.port is None or (isinstance(sent.port, int) and not 1 <= sent.port <= 65535):
        return []  # the API server refuses it
    fields.warn(
        "NPV651",
        f"{item} sends to Service `{service}`, which has no {protocol} port `{sent.port}`",
        *sent.path,
        fix=f"its ports are {', '.join(map(_shown, service.ports)) or 'none'}",
    )
    return []


def _shown(port: ServicePort) -> str:
    return f"{port.number}/{port.protocol}{f' ({port.name})' if port.name else ''}"


def _behind(service: Service, index: int, targets: Mapping[tuple[str, str], Sequence[Target]]) -> tuple[Backend, ...]:
    """The backends with the ports that their slices list: of a headless Service too, which a client dials otherwise."""
    backends = service.backends.get(index, ())
    if not service.headless:
        return backends
    port, found = service.ports[index], []
    for backend in backends:
        if backend.address is None:
            number = number_on(backend.endpoint, port)
            found += [] if number is None else [backend._replace(port=number)]
            continue
        for target in targets.get((service.namespace, service.name), ()):
            same = (target.address, target.port_name, target.protocol) == (backend.address, port.name, port.protocol)
            if same and target.serves and target.number is not None:
                found.append(backend._replace(port=target.number))
    return tuple(dict.fromkeys(found))
