"""Where a Service sends traffic that its selector does not tell: EndpointSlices and Endpoints made by hand.

What the controllers of the cluster make of a selector is passed over: the pods that it selects are in the inventory, or they
stand for those that a workload would create.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from npverify.ingest.document import Path
from npverify.ingest.source import Problems
from npverify.inventory.addresses import Address
from npverify.inventory.nodes import read_address
from npverify.inventory.objects import Item, entries, part

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_CONTROLLERS = ("endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io")


class Target(NamedTuple):
    """One address behind the port of a Service that has this name and protocol."""

    port_name: str
    protocol: str
    number: int
    address: Address


def read_targets(
    items: Mapping[str, Sequence[Item]],
    services: Mapping[tuple[str, str], bool],
    gone: frozenset[Address],
    problems: Problems,
    notes: list[str],
) -> dict[tuple[str, str], list[Target]]:
    """The targets of these Services (namespace and name, with whether they have a selector), without addresses in `gone`."""
    found: dict[tuple[str, str], list[Target]] = {}
    for item in items["EndpointSlice"]:
        service = (item.namespace, item.labels.get(SERVICE_NAME, ""))
        if service not in services or (services[service] and item.labels.get(MANAGED_BY) in _CONTROLLERS):
            continue
        if item.doc.value.get("addressType") == "FQDN":
            notes.append(f"{item} names its targets by DNS: they are not counted behind Service {'/'.join(service)}")
            continue
        addresses = _slice_addresses(item, problems)
        found.setdefault(service, []).extend(_join(entries(item.doc.value, "ports"), addresses, gone))
    for item in items["Endpoints"]:
        service = (item.namespace, item.name)
        if services.get(service, True):  # the controller owns the Endpoints of a Service with a selector
            continue
        for index, subset in enumerate(entries(item.doc.value, "subsets")):
            addresses = [
                read_address(item, entry.get("ip") or "", problems, "subsets", index, "addresses", number, "ip")
                for number, entry in enumerate(entries(subset, "addresses"))
            ]
            found.setdefault(service, []).extend(_join(entries(subset, "ports"), addresses, gone))
    return found


def _slice_addresses(item: Item, problems: Problems) -> list[Address | None]:
    """Addresses that get traffic: ready ones, and those that still serve while they terminate."""
    addresses = []
    for index, endpoint in enumerate(entries(item.doc.value, "endpoints")):
        conditions = part(endpoint, "conditions")
        if conditions.get("ready") is False and not conditions.get("serving"):
            continue
        for number, text in enumerate(endpoint.get("addresses") or ()):
            path: Path = ("endpoints", index, "addresses", number)
            addresses.append(read_address(item, text or "", problems, *path))
    return addresses


def _join(
    ports: Sequence[Mapping[str, object]], addresses: Sequence[Address | None], gone: frozenset[Address]
) -> list[Target]:
    """Each address with each port; kube-proxy passes over ports without a number."""
    return [
        Target(str(port.get("name") or ""), str(port.get("protocol") or "TCP"), number, address)
        for port in ports
        if isinstance(number := port.get("port"), int)
        for address in addresses
        if address is not None and address not in gone
    ]
