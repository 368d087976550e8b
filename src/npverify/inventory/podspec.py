"""What a pod's `spec`, its own or in a template, tells about its network: ports, node, host network, service account."""

from __future__ import annotations

from typing import Any, NamedTuple

from npverify.ingest.document import Path
from npverify.ingest.fields import Fields
from npverify.ingest.source import Problems
from npverify.inventory.addresses import Address, Prefix
from npverify.inventory.model import ContainerPort, EndpointKind, PortOrigin
from npverify.inventory.objects import Item
from npverify.inventory.syntax import PROTOCOLS, is_port_name


class PodSpec(NamedTuple):
    """The facts of one pod spec; `node` is None where the scheduler is to choose."""

    kind: EndpointKind
    service_account: str
    node: str | None
    ports: tuple[ContainerPort, ...]


_POD, _HOST_POD = EndpointKind.POD, EndpointKind.HOST_POD  # a member of an enumeration is found slowly

KnownPorts = dict[tuple[int, int], tuple[ContainerPort, ...]]
"""The ports of lists of containers, by the identities of the two lists: alike pods may share them."""


def read_pod_spec(
    item: Item, path: Path, spec: dict[str, Any], problems: Problems, known: KnownPorts | None = None
) -> PodSpec:
    """Read the pod spec that stands at `path` of the object; ports that the API would refuse are reported.

    `known` is what was found before, of objects that still live; it grows.
    """
    at = (id(spec.get("containers")), id(spec.get("initContainers")))
    ports = known.get(at) if known is not None else None
    if ports is None:
        before = problems.count
        ports = _ports(item, path, spec, problems)
        if known is not None and problems.count == before:
            known[at] = ports
    return PodSpec(
        _HOST_POD if spec.get("hostNetwork") else _POD,
        spec.get("serviceAccountName") or spec.get("serviceAccount") or "default",
        spec.get("nodeName") or None,
        ports,
    )


def _ports(item: Item, path: Path, spec: dict[str, Any], problems: Problems) -> tuple[ContainerPort, ...]:
    regular: list[ContainerPort] = []
    sidecar: list[ContainerPort] = []
    init: list[ContainerPort] = []
    for key in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(key) or ()):
            if not container or not container.get("ports"):
                continue
            if key == "containers":
                origin, into = PortOrigin.REGULAR, regular
            elif container.get("restartPolicy") == "Always":
                origin, into = PortOrigin.SIDECAR, sidecar
            else:
                origin, into = PortOrigin.INIT, init
            for number, port in enumerate(container["ports"]):
                where = (*path, key, index, "ports", number)
                into.append(_port(item, where, port or {}, origin, problems))
    return (*regular, *sidecar, *init)


def _port(item: Item, path: Path, port: dict[str, Any], origin: PortOrigin, problems: Problems) -> ContainerPort:
    name = port.get("name") or ""
    protocol = port.get("protocol") or "TCP"  # kubernetes/kubernetes pkg/apis/core/v1/defaults.go SetDefaults_Container
    number = port.get("containerPort") or 0
    if not 1 <= number <= 65535:
        fix = "write a number between 1 and 65535"
        message = f"`containerPort` {number} is out of range" if number else "`containerPort` is missing"
        Fields.of(item.doc, problems).error("NPV039", message, *path, "containerPort", fix=fix)
    if protocol not in PROTOCOLS:
        _refuse_protocol(item, path, protocol, problems)
    if name and not is_port_name(name):
        fix = "use at most 15 lower-case letters, digits and single `-`, with at least one letter"
        Fields.of(item.doc, problems).error("NPV039", f"`{name}` is not the name of a port", *path, "name", fix=fix)
    host_port = port.get("hostPort") or 0
    if not 0 <= host_port <= 65535:
        fix = "write a number between 1 and 65535"
        message = f"`hostPort` {host_port} is out of range"
        Fields.of(item.doc, problems).error("NPV039", message, *path, "hostPort", fix=fix)
    at = _address(port.get("hostIP") or "") if host_port else None
    if at is not None and any(block.contains(at) for block in _LOOPBACK):
        return ContainerPort(name, protocol, number, origin)  # nothing from outside comes to it
    return ContainerPort(name, protocol, number, origin, host_port, at and at.family)


_LOOPBACK = (Prefix.parse("127.0.0.0/8"), Prefix.parse("::1/128"))


def _address(text: str) -> Address | None:
    """A `hostIP`; None of one that says nothing, which the API server takes too."""
    try:
        return Address.parse(text)
    except ValueError:
        return None


def _refuse_protocol(item: Item, path: Path, protocol: str, problems: Problems) -> None:
    fix = "write TCP, UDP or SCTP, in capitals"
    message = f"`{protocol}` is not a protocol of a port"
    Fields.of(item.doc, problems).error("NPV039", message, *path, "protocol", fix=fix)
