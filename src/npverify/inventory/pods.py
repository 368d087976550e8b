"""Pods that are listed one by one, in a manifest or in a snapshot of a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from npverify.ingest.source import Problems
from npverify.inventory.addresses import Address
from npverify.inventory.brief_pods import BriefPod
from npverify.inventory.model import Endpoint, EndpointKind, WorkloadRef
from npverify.inventory.nodes import read_address
from npverify.inventory.objects import Item
from npverify.inventory.owners import Owners
from npverify.inventory.podspec import KnownPorts, PodSpec, read_pod_spec
from npverify.inventory.syntax import check_labels

_SHOWN = 3
_FINISHED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True, eq=False)
class ListedPods:
    """What the listed pods are, and what they tell.

    live        every controller of a listed pod
    gone        addresses of pods that are left out and that nobody else has
    left_out    namespace and name of the pods that are left out
    """

    endpoints: tuple[Endpoint, ...]
    live: frozenset[WorkloadRef]
    gone: frozenset[Address]
    left_out: frozenset[tuple[str, str]]


def read_pods(
    items: Iterable[Item],
    owners: Owners,
    nodes: Mapping[str, Endpoint],
    assigned: Mapping[tuple[str, str], tuple[Address, ...]],
    problems: Problems,
    notes: list[str],
) -> ListedPods:
    """Read the pods. Finished ones and those without an address yet send and receive nothing: they are left out.

    `assigned` holds addresses that other objects give pods, by namespace and name: for those that do not say their own.
    """
    endpoints: list[Endpoint] = []
    live: set[WorkloadRef] = set()
    gone: set[Address] = set()
    finished: list[tuple[str, str]] = []
    waiting: list[tuple[str, str]] = []
    known: dict[int, _Shared] = {}
    ports: KnownPorts = {}
    fine: set[int] = set()  # labels that alike pods share are looked at once
    for item in items:
        brief = item.doc if type(item.doc) is BriefPod else None
        shared = known.get(id(brief.alike)) if brief is not None else None
        if shared is None:
            metadata = brief.alike.metadata if brief is not None else item.doc.value.get("metadata") or {}
            labels = metadata.get("labels") or {}
            if id(labels) not in fine:
                before = problems.count
                check_labels(item.doc, labels, problems, "metadata", "labels")
                if problems.count == before:
                    fine.add(id(labels))
        if brief is not None:
            phase = brief.phase
            addresses = _brief_addresses(item, brief, problems) if brief.ips or brief.ip else ()
        else:
            status = item.doc.value.get("status") or {}
            phase = status.get("phase")
            addresses = _addresses(item, status, problems)
        if phase in _FINISHED:
            finished.append((item.namespace, item.name))
            gone.update(addresses)
            continue
        given = item.doc.value.get("spec") if brief is None else brief.alike.spec
        if not addresses and not (given and given.get("hostNetwork")):
            addresses = assigned.get((item.namespace, item.name), ())
        if phase and not addresses:
            waiting.append((item.namespace, item.name))
            continue
        if shared is None:
            before = problems.count
            spec = read_pod_spec(item, ("spec",), given or {}, problems, ports)
            chain = owners.chain_of(item.namespace, metadata)
            shared = _Shared(spec, chain, chain[-1] if chain else None, labels)
            live.update(chain)
            if brief is not None and problems.count == before and id(labels) in fine:
                known[id(brief.alike)] = shared
        spec = shared.spec
        node = spec.node if brief is None else brief.node
        if not addresses and spec.kind is EndpointKind.HOST_POD:
            addresses = node_addresses(node, nodes)
        span = item.span if item.positioned else None
        workload = shared.workload or WorkloadRef("Pod", item.namespace, item.name)
        who = (spec.kind, item.namespace, item.name, workload, shared.labels, spec.service_account, node)
        on_every_node, replicated = False, False  # by their places, which takes half the time
        endpoints.append(
            Endpoint(*who, on_every_node, spec.ports, addresses, bool(addresses), replicated, span),
        )
    _note(finished, "has finished", "have finished", notes)
    _note(waiting, "has no address yet", "have no address yet", notes)
    used = {address for endpoint in endpoints for address in endpoint.addresses if address in gone} if gone else set()
    return ListedPods(tuple(endpoints), frozenset(live), frozenset(gone - used), frozenset((*finished, *waiting)))


class _Shared(NamedTuple):
    """What alike pods share; of the spec all but the node."""

    spec: PodSpec
    chain: tuple[WorkloadRef, ...]
    workload: WorkloadRef | None
    labels: dict[str, str]


def node_addresses(node: str | None, nodes: Mapping[str, Endpoint]) -> tuple[Address, ...]:
    """The addresses of a pod on the host network of a node; () where they are not known."""
    found = nodes.get(node) if node is not None else None
    return found.addresses if found is not None else ()


def _addresses(item: Item, status: dict[str, Any], problems: Problems) -> tuple[Address, ...]:
    """status.podIPs, or podIP where that is missing."""
    listed: list[dict[str, Any]] = status.get("podIPs") or []
    if len(listed) == 1 and listed[0]:
        address = read_address(item, listed[0].get("ip") or "", problems, "status", "podIPs", 0, "ip")
        return () if address is None else (address,)
    found: list[Address | None] = []
    for index, entry in enumerate(listed):
        found.append(read_address(item, (entry or {}).get("ip") or "", problems, "status", "podIPs", index, "ip"))
    if not found and status.get("podIP"):
        found.append(read_address(item, status["podIP"], problems, "status", "podIP"))
    return tuple(address for address in found if address is not None)


def _brief_addresses(item: Item, brief: BriefPod, problems: Problems) -> tuple[Address, ...]:
    """The same of a pod of which this was kept."""
    ips = brief.ips
    if len(ips) == 1:
        try:
            return (Address.parse(ips[0]),)
        except ValueError:
            read_address(item, ips[0], problems, "status", "podIPs", 0, "ip")  # which reports it
            return ()
    if not ips and brief.ip:
        address = read_address(item, brief.ip, problems, "status", "podIP")
        return () if address is None else (address,)
    found = [read_address(item, ip, problems, "status", "podIPs", index, "ip") for index, ip in enumerate(ips)]
    return tuple(address for address in found if address is not None)


def _note(pods: list[tuple[str, str]], one: str, many: str, notes: list[str]) -> None:
    if pods:
        names = sorted(map("/".join, pods))
        shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        if len(names) == 1:
            notes.append(f"left out, because it {one}: pod {shown}")
        else:
            notes.append(f"left out, because they {many}: {len(names)} pods ({shown})")
