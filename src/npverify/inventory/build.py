"""From documents to an `Inventory`.

Workloads without listed pods are expanded from their templates (`workloads`); listed pods keep what they have (`pods`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from npverify.ingest.collector import keep, without_gc
from npverify.ingest.document import Document
from npverify.ingest.source import Problems
from npverify.inventory.accounts import read_accounts
from npverify.inventory.addresses import Family, Prefix
from npverify.inventory.checks import check_addresses, families_of
from npverify.inventory.cilium_objects import attach_cilium_endpoints, with_cilium_nodes
from npverify.inventory.containers import warn_without_containers
from npverify.inventory.fronts import read_fronts
from npverify.inventory.hosts import with_host_endpoints
from npverify.inventory.model import Endpoint, Inventory
from npverify.inventory.namespaces import read_namespaces, used_namespaces
from npverify.inventory.nodes import implied_nodes, pod_block_families, read_nodes
from npverify.inventory.objects import INVENTORY_KINDS, collect, is_inventory
from npverify.inventory.owners import Owners
from npverify.inventory.pods import read_pods
from npverify.inventory.services import read_services
from npverify.inventory.slices import read_targets
from npverify.inventory.workload_endpoints import addresses_of, attach, read_workload_endpoints
from npverify.inventory.workloads import expand_workloads

__all__ = ["INVENTORY_KINDS", "build", "is_inventory"]


@without_gc()
def build(
    documents: Sequence[Document],
    problems: Problems,
    *,
    pod_space: tuple[Prefix, ...] = (),
    families: frozenset[Family] | None = None,
) -> Inventory:
    """What exists according to `documents`, of which those that are no inventory only tell which namespaces are used.

    `pod_space`  where pods of unknown address live, if the user says so
    `families`   the address families of the cluster; None: by evidence
    Whatever cannot be used is reported to `problems` and left out.
    """
    notes: list[str] = []
    items = collect(documents, problems)
    namespaces = read_namespaces(items["Namespace"], used_namespaces(documents, problems), problems, notes)
    declared = with_host_endpoints(read_nodes(items["Node"], problems), documents, notes)
    declared = with_cilium_nodes(declared, items["CiliumNode"], problems, notes)
    owners = Owners(items)
    attached = read_workload_endpoints(items["WorkloadEndpoint"], problems)
    listed = read_pods(items["Pod"], owners, declared, addresses_of(attached), problems, notes)
    warn_without_containers(items, problems)
    expanded = expand_workloads(items, listed.live, owners, declared, problems, notes)
    known, others = attach([*listed.endpoints, *expanded], attached, listed.left_out, problems, notes)
    of_cilium = (items["CiliumEndpoint"], items["CiliumEndpointSlice"], items["CiliumIdentity"])
    if any(of_cilium):
        cilium = (*of_cilium, listed.left_out, declared)
        known, more = attach_cilium_endpoints(known, *cilium, problems, notes)
        others += more
    pods, keys = _unique([*known, *others])
    nodes = [*declared.values(), *implied_nodes(pods, declared, items["Service"])]
    every, keys = [*pods, *nodes], [*keys, *(node.key for node in nodes)]
    endpoints = tuple(every[n] for n in sorted(range(len(every)), key=keys.__getitem__))
    keep(len(endpoints))
    targets = read_targets(items, problems, notes)
    services = read_services(items["Service"], endpoints, targets, listed.gone, problems, notes)
    fronts = read_fronts(items, services, targets, namespaces, problems, notes)
    check_addresses(
        pods, pod_space, (*items["Pod"], *items["WorkloadEndpoint"], *of_cilium[0], *of_cilium[1]), problems
    )
    evidence = families_of(endpoints, pod_block_families(items["Node"], problems), services, pod_space)
    return Inventory(
        namespaces,
        endpoints,
        services,
        evidence if families is None else families,
        pod_space,
        tuple(sorted(set(notes))),
        read_accounts(items["ServiceAccount"], problems),
        nodes_declared=bool(items["Node"]),
        targets=targets,
        fronts=fronts,
    )


def _unique(pods: list[Endpoint]) -> tuple[list[Endpoint], list[tuple[str, str, str, str]]]:
    """Every pod with a key of its own, and the keys: a listed pod may be called as a workload of its controller's kind is."""
    keys = [pod.key for pod in pods]
    if len(set(keys)) == len(pods):
        return pods, keys
    found: dict[tuple[str, str, str, str], Endpoint] = {}
    for pod in pods:
        key = pod.key
        while key in found:
            pod = replace(pod, name=f"{pod.name}?")
            key = pod.key
        found[key] = pod
    return list(found.values()), list(found)
