"""From documents to an `Inventory`.

Workloads without listed pods are expanded from their templates (`workloads`); listed pods keep what they have (`pods`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from npverify.ingest.document import Document
from npverify.ingest.source import Problems
from npverify.inventory.accounts import read_accounts
from npverify.inventory.addresses import FAMILIES, Address, Family, Prefix
from npverify.inventory.containers import warn_without_containers
from npverify.inventory.model import Endpoint, EndpointKind, Inventory, Service
from npverify.inventory.namespaces import read_namespaces, used_namespaces
from npverify.inventory.nodes import implied_nodes, pod_block_families, read_nodes
from npverify.inventory.objects import INVENTORY_KINDS, Item, collect, is_inventory
from npverify.inventory.owners import Owners
from npverify.inventory.pods import read_pods
from npverify.inventory.services import read_services
from npverify.inventory.workloads import expand_workloads

__all__ = ["INVENTORY_KINDS", "build", "is_inventory"]


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
    declared = read_nodes(items["Node"], problems)
    owners = Owners(items)
    listed = read_pods(items["Pod"], owners, declared, problems, notes)
    warn_without_containers(items, problems)
    expanded = expand_workloads(items, listed.live, owners, declared, problems, notes)
    pods = _unique([*listed.endpoints, *expanded])
    nodes = [*declared.values(), *implied_nodes(pods, declared)]
    endpoints = tuple(sorted([*pods, *nodes], key=lambda endpoint: endpoint.key))
    services = read_services(items, endpoints, listed.gone, problems, notes)
    _check_addresses(listed.endpoints, pod_space, items["Pod"], problems)
    evidence = _families(endpoints, pod_block_families(items["Node"], problems), services, pod_space)
    return Inventory(
        namespaces,
        endpoints,
        services,
        evidence if families is None else families,
        pod_space,
        tuple(sorted(set(notes))),
        read_accounts(items["ServiceAccount"], problems),
        nodes_declared=bool(items["Node"]),
    )


def _unique(pods: Iterable[Endpoint]) -> list[Endpoint]:
    """Give every pod a key of its own: a listed pod may be called as a workload of its controller's kind is."""
    seen: set[tuple[str, str, str, str]] = set()
    found = []
    for pod in pods:
        while pod.key in seen:
            pod = replace(pod, name=f"{pod.name}?")
        seen.add(pod.key)
        found.append(pod)
    return found


def _families(
    endpoints: Iterable[Endpoint],
    blocks: set[Family],
    services: Mapping[tuple[str, str], Service],
    pod_space: tuple[Prefix, ...],
) -> frozenset[Family]:
    """The families that pods or their address blocks show, and those of Services beside them; both if nothing tells.

    A Service alone does not tell: in a dual-stack cluster it has one family unless it asks for two
    (spec.ipFamilyPolicy is SingleStack by default: kubernetes/api core/v1 ServiceSpec).
    """
    shown = {address.family for endpoint in endpoints if endpoint.is_pod for address in endpoint.addresses} | blocks
    shown = shown or {prefix.family for prefix in pod_space}
    if not shown:
        return frozenset(FAMILIES)
    return frozenset(shown | {vip.family for service in services.values() for vip in service.vips})


def _check_addresses(
    pods: Sequence[Endpoint], pod_space: tuple[Prefix, ...], items: Sequence[Item], problems: Problems
) -> None:
    """Warn about known addresses that two pods share or that lie outside the pods' address space."""
    owner: dict[Address, Endpoint] = {}
    outside: list[tuple[Endpoint, Address]] = []
    shared: list[tuple[Endpoint, Address]] = []
    for pod in pods:
        if pod.kind is not EndpointKind.POD:
            continue
        for address in pod.addresses:
            if owner.setdefault(address, pod) is not pod:
                shared.append((pod, address))
            if pod_space and not any(prefix.covers(Prefix.host(address)) for prefix in pod_space):
                outside.append((pod, address))
    for code, found, what, fix in (
        ("NPV041", outside, "lies outside the pods' address space", "correct the address space of the pods"),
        ("NPV042", shared, "belongs to another pod as well", "take the snapshot again, or check clusters one by one"),
    ):
        if found:
            pod, address = found[0]
            more = f", and so it is with {len(found) - 1} more" if len(found) > 1 else ""
            where = next(i for i in items if (i.namespace, i.name) == (pod.namespace, pod.name)).doc
            span = where.span("status")
            problems.warn(code, f"the address {address} of pod `{pod}` {what}{more}", span, fix, where.excerpt(span))
