"""What the endpoints of an inventory tell together: the address families, and addresses that do not fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from npverify.ingest.source import Problems
from npverify.inventory.addresses import FAMILIES, Address, Family, Prefix
from npverify.inventory.model import Endpoint, EndpointKind, Service
from npverify.inventory.objects import Item, entries, part


def families_of(
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


_TOLD_AT = {"WorkloadEndpoint": ("spec", "ipNetworks"), "CiliumEndpointSlice": ("endpoints",)}


def check_addresses(
    pods: Sequence[Endpoint], pod_space: tuple[Prefix, ...], items: Sequence[Item], problems: Problems
) -> None:
    """Warn about known addresses that two pods share or that lie outside the pods' address space."""
    every = [address for pod in pods if pod.kind is EndpointKind.POD for address in pod.addresses]
    if not pod_space and len(set(every)) == len(every):
        return
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
            item = next(item for item in items if _tells_of(item, pod))
            span = item.doc.span(*_TOLD_AT.get(item.kind, ("status",)))
            problems.warn(code, f"the address {address} of pod `{pod}` {what}{more}", span, fix, item.doc.excerpt(span))


def _tells_of(item: Item, pod: Endpoint) -> bool:
    """Whether an object may have told the addresses of a pod."""
    if item.kind == "CiliumEndpointSlice":
        names = [each.get("name") for each in entries(item.doc.value, "endpoints")]
        return item.doc.value.get("namespace") == pod.namespace and pod.name in names
    if item.namespace != pod.namespace:
        return False
    spec = part(item.doc.value, "spec")
    name = pod.name.rstrip("?")  # two of one name are told apart by it
    return name == item.name or (item.kind != "Pod" and name in (spec.get("pod"), spec.get("workload")))
