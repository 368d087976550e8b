"""What EndpointSlices and Endpoints list for a Service, besides what the controllers of the cluster make of its selector.

That is passed over: the pods that a selector finds are in the inventory, or they stand for those that a workload would create.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from npverify.ingest.document import Path
from npverify.ingest.source import Problems
from npverify.inventory.addresses import Address
from npverify.inventory.model import Target
from npverify.inventory.nodes import read_address
from npverify.inventory.objects import Item, entries, part

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_CONTROLLERS = ("endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io")


def read_targets(
    items: Mapping[str, Sequence[Item]], problems: Problems, notes: list[str]
) -> dict[tuple[str, str], tuple[Target, ...]]:
    """The targets by namespace and name of the Service, in the order of the documents.

    A slice may be of a Service that is not there. Endpoints count for a Service without selector, as they are mirrored then.
    """
    services = {i.ref[1:]: bool(part(i.doc.value, "spec", "selector")) for i in items["Service"]}
    found: dict[tuple[str, str], list[Target]] = {}
    for item in items["EndpointSlice"]:
        service = (item.namespace, item.labels.get(SERVICE_NAME, ""))
        if not service[1] or (services.get(service) and item.labels.get(MANAGED_BY) in _CONTROLLERS):
            continue
        if item.doc.value.get("addressType") == "FQDN":
            if service in services:
                notes.append(
                    f"{item} names its targets by DNS: they are not counted behind Service {'/'.join(service)}"
                )
            continue
        found.setdefault(service, []).extend(_join(entries(item.doc.value, "ports"), _of_slice(item, problems)))
    for item in items["Endpoints"]:
        service = (item.namespace, item.name)
        if services.get(service, True):  # the controller owns the Endpoints of a Service with a selector
            continue
        for index, subset in enumerate(entries(item.doc.value, "subsets")):
            addresses = list(_of_subset(item, index, subset, problems))
            found.setdefault(service, []).extend(_join(entries(subset, "ports"), addresses))
    return {service: tuple(targets) for service, targets in found.items()}


_Listed = tuple[Address | None, bool]
"""An address, None if it cannot be read, and whether traffic is sent to it."""


def _of_slice(item: Item, problems: Problems) -> list[_Listed]:
    """Traffic is sent to addresses that are ready, and to those that still serve while they terminate."""
    addresses = []
    for index, endpoint in enumerate(entries(item.doc.value, "endpoints")):
        conditions = part(endpoint, "conditions")
        serves = conditions.get("ready") is not False or bool(conditions.get("serving"))
        for number, text in enumerate(endpoint.get("addresses") or ()):
            path: Path = ("endpoints", index, "addresses", number)
            addresses.append((read_address(item, text or "", problems, *path), serves))
    return addresses


def _of_subset(item: Item, index: int, subset: Mapping[str, object], problems: Problems) -> Iterator[_Listed]:
    for key, serves in (("addresses", True), ("notReadyAddresses", False)):
        for number, entry in enumerate(entries(subset, key)):
            yield read_address(item, entry.get("ip") or "", problems, "subsets", index, key, number, "ip"), serves


def _join(ports: Sequence[Mapping[str, object]], addresses: Sequence[_Listed]) -> Iterator[Target]:
    """Each address with each port that has a number, or alone if none has."""
    numbered = [
        (str(port.get("name") or ""), str(port.get("protocol") or "TCP"), number)
        for port in ports
        if isinstance(number := port.get("port"), int)
    ]
    for address, serves in addresses:
        if address is not None:
            for name, protocol, number in numbered:
                yield Target(address, serves, name, protocol, number)
            if not numbered:
                yield Target(address, serves)
