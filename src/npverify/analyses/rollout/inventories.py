"""Whether two versions have the same workloads, as far as policies and assertions can see them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import fields

from npverify.ingest.document import Document
from npverify.inventory.model import Endpoint, Inventory, Service

_PODS = frozenset(
    {
        "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob",
        "WorkloadEndpoint", "CiliumEndpoint", "CiliumEndpointSlice",
    }
)  # fmt: skip


def has_pods(documents: Sequence[Document]) -> bool:
    """Whether documents tell of pods."""
    return any(doc.kind in _PODS for doc in documents)


def same_inventory(one: Inventory, other: Inventory) -> bool:
    """Whether nothing but positions in files tells two inventories apart."""
    return _seen(one) == _seen(other)


def _seen(inventory: Inventory) -> list[object]:
    return [
        {name: (space.labels, space.declared) for name, space in inventory.namespaces.items()},
        [_but(end, "span") for end in inventory.endpoints],
        {name: _service(service) for name, service in inventory.services.items()},
        inventory.families,
        inventory.pod_space,
        inventory.service_accounts,
        inventory.nodes_declared,
        {name: [*spaces] for name, spaces in inventory.clusters.items()},
        inventory.targets,
    ]


def _service(service: Service) -> list[object]:
    backends = {
        index: [(backend.endpoint.key, backend.port, backend.address) for backend in behind]
        for index, behind in service.backends.items()
    }
    return [*_but(service, "span", "backends"), backends]


def _but(value: Endpoint | Service, *names: str) -> list[Hashable]:
    return [getattr(value, field.name) for field in fields(value) if field.name not in names]
