"""Other clusters: their pods and nodes as peers of this one.

Open-source Calico and NetworkPolicy see what is in another cluster as addresses alone, so its endpoints are what outside
addresses are, with names. No policy selects them, no selector of a policy matches them, and what the policies over there say
is not judged. Clusters are taken to share no addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from npverify.ingest.source import Problems
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL, Backend, Endpoint, EndpointKind, Inventory, Service
from npverify.inventory.unknowns import Unknown


def with_clusters(
    inventory: Inventory, others: Mapping[str, Inventory], problems: Problems, *, meshed: bool = False
) -> Inventory:
    """The inventory with the endpoints of other clusters, by name of the cluster; warns about addresses of two clusters.

    With `meshed` policies tell these endpoints apart: each has a node of its own, by which predicates can name it.
    """
    if not others:
        return inventory
    remote = [_remote(end, name, meshed=meshed) for name, other in others.items() for end in other.endpoints]
    remote.sort(key=lambda end: end.key)
    owners = _owners(remote)
    _warn_of_overlap(inventory, remote, problems)
    return replace(
        inventory,
        endpoints=(*inventory.endpoints, *remote),
        services={key: _behind(service, owners) for key, service in inventory.services.items()},
        notes=(
            *inventory.notes,
            *(f"cluster {name}: {note}" for name in sorted(others) for note in others[name].notes),
        ),
        clusters={name: others[name].namespaces for name in sorted(others)},
    )


def _remote(end: Endpoint, cluster: str, *, meshed: bool) -> Endpoint:
    """An endpoint as it is seen from another cluster. Its node has a name that none of this cluster has."""
    kind = end.workload.kind if end.workload else "Node"
    return replace(
        end,
        kind=EndpointKind.REMOTE,
        labels={key: _elsewhere(value, cluster) for key, value in end.labels.items()},
        node=f"{cluster}:{kind} {end.namespace}/{end.name}" if meshed else f"{cluster}:{end.node or ''}",
        on_every_node=False,
        replicated=end.replicated or end.on_every_node,
        cluster=cluster,
        on_host=end.kind is not EndpointKind.POD,
    )


def _elsewhere(label: str | Unknown, cluster: str) -> str | Unknown:
    """A label; one that is not known is no label of a workload of the same name here."""
    return replace(label, name=f"{label.name} in cluster {cluster}") if isinstance(label, Unknown) else label


def _owners(remote: Iterable[Endpoint]) -> dict[Address, Endpoint]:
    """Who has an address: a node before the pods on its host network, else the first."""
    owners: dict[Address, Endpoint] = {}
    for end in sorted(remote, key=lambda end: end.shares_address and not end.is_node):
        for address in end.addresses:
            owners.setdefault(address, end)
    return owners


def _behind(service: Service, owners: Mapping[Address, Endpoint]) -> Service:
    """The Service with the endpoints of other clusters that somebody wrote behind it, which were taken for outside addresses."""

    def known(backend: Backend) -> Backend:
        owner = owners.get(backend.address) if backend.address is not None else None
        return backend._replace(endpoint=owner) if backend.endpoint is EXTERNAL and owner is not None else backend

    return replace(service, backends={port: tuple(map(known, found)) for port, found in service.backends.items()})


def _warn_of_overlap(inventory: Inventory, remote: Iterable[Endpoint], problems: Problems) -> None:
    """One warning for each other cluster whose known addresses belong to another cluster as well."""
    owners: dict[Address, tuple[str, str]] = {}
    for end in inventory.endpoints:
        owners |= dict.fromkeys(end.addresses, ("", f"`{end}` has as well"))
    for service in inventory.services.values():
        owners |= dict.fromkeys(service.vips, ("", f"Service `{service}` has as well"))
    found: dict[str, list[tuple[Endpoint, Address, str]]] = {}
    for end in remote:
        for address in end.addresses:
            cluster, whose = owners.setdefault(address, (end.cluster, f"`{end}` has as well"))
            block = next((p for p in inventory.pod_space if p.contains(address)), None)
            if cluster != end.cluster:
                found.setdefault(end.cluster, []).append((end, address, whose))
            elif block is not None:
                found.setdefault(end.cluster, []).append(
                    (end, address, f"lies in {block}, where pods of this cluster live")
                )
    for cases in found.values():
        end, address, why = cases[0]
        more = f", and so it is with {len(cases) - 1} more" if len(cases) > 1 else ""
        problems.warn(
            "NPV295",
            f"`{end}` has the address {address}, which {why}{more}: addresses of two clusters do not tell who is meant",
            end.span,
            "check that the inventories are of different clusters, or give each cluster addresses of its own",
        )
