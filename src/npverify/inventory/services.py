"""Services, with the endpoints behind each of their ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from npverify.ingest.document import Path
from npverify.ingest.fields import Fields
from npverify.ingest.source import Problems
from npverify.inventory.addresses import FAMILIES, Address, Family, Prefix
from npverify.inventory.model import EXTERNAL, Backend, Endpoint, EndpointKind, PortOrigin, Service, ServicePort, Target
from npverify.inventory.nodes import read_address
from npverify.inventory.objects import Item, annotation, entries, part
from npverify.inventory.syntax import PROTOCOLS, is_port_name
from npverify.inventory.unknowns import Unknown

_TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
_POLICIES = ("Cluster", "Local")
RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
_Type = Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]
_TrafficPolicy = Literal["Cluster", "Local"]


_ByLabel = Mapping[tuple[str, str, str | None], Sequence[Endpoint]]
"""Pods by namespace, label key and label value; the pods whose value is unknown under None."""


@dataclass(frozen=True, slots=True, eq=False)
class _Index:
    """What Services look up: pods by their labels, and owners of addresses if some Service lists any."""

    pods: _ByLabel
    owners: Mapping[Address, Endpoint]


def _by_label(endpoints: Sequence[Endpoint], keys: frozenset[str]) -> _ByLabel:
    """Index the pods by those of their labels whose key is in `keys`."""
    alike: dict[tuple[str, int], list[Endpoint]] = {}  # pods of one workload share their labels
    for endpoint in endpoints:
        if endpoint.is_pod:
            alike.setdefault((endpoint.namespace, id(endpoint.labels)), []).append(endpoint)
    pods: dict[tuple[str, str, str | None], list[Endpoint]] = {}
    for (namespace, _), some in alike.items():
        labels = some[0].labels
        for key in labels.keys() & keys:
            value = labels[key]
            pods.setdefault((namespace, key, None if isinstance(value, Unknown) else value), []).extend(some)
    return pods


def _owners(endpoints: Sequence[Endpoint]) -> Mapping[Address, Endpoint]:
    """Who has an address. Host-network pods share that of their node: the node speaks for both."""
    owners: dict[Address, Endpoint] = {}
    ranks = {EndpointKind.POD: 0, EndpointKind.NODE: 1}
    for endpoint in sorted(endpoints, key=lambda e: ranks.get(e.kind, 2)):
        for address in endpoint.addresses:
            owners.setdefault(address, endpoint)
    return owners


def read_services(
    items: Sequence[Item],
    endpoints: Sequence[Endpoint],
    targets: Mapping[tuple[str, str], Sequence[Target]],
    gone: frozenset[Address],
    problems: Problems,
    notes: list[str],
) -> dict[tuple[str, str], Service]:
    """Every Service by namespace and name, in that order. `gone`: addresses that belong to nobody any more.

    `endpoints` are in the order of `Endpoint.key`.
    """
    if not items:
        return {}
    serving = {
        ref: [t for t in found if t.serves and t.number is not None and t.address not in gone]
        for ref, found in targets.items()
    }
    by_label = _by_label(endpoints, frozenset(key for item in items for key in _selector(item)))
    index = _Index(by_label, _owners(endpoints) if any(serving.values()) else {})
    found = [_service(item, index, serving.get(item.ref[1:], ()), problems, notes) for item in items]
    return {(s.namespace, s.name): s for s in sorted(found, key=lambda s: (s.namespace, s.name))}


def _selector(item: Item) -> dict[str, str]:
    return part(item.doc.value, "spec", "selector")


def _service(item: Item, index: _Index, targets: Sequence[Target], problems: Problems, notes: list[str]) -> Service:
    spec = part(item.doc.value, "spec")
    type_ = _choice(item, spec, "type", _TYPES, problems)
    policy = _choice(item, spec, "externalTrafficPolicy", _POLICIES, problems)
    inside = _choice(item, spec, "internalTrafficPolicy", _POLICIES, problems)
    texts = _cluster_ips(spec)
    headless = "None" in (text for _, text in texts)
    found = [] if headless else [read_address(item, text, problems, "spec", *path) for path, text in texts]
    vips = tuple(dict.fromkeys(address for address in found if address is not None))
    listed = enumerate(spec.get("externalIPs") or ())
    outside = [read_address(item, text or "", problems, "spec", "externalIPs", index) for index, text in listed]
    ports = tuple(_port(item, number, port, problems) for number, port in enumerate(entries(spec, "ports")))
    selector = _selector(item)
    backends: dict[int, tuple[Backend, ...]] = {}
    problem = ""
    if type_ == "ExternalName":
        problem = f"{item} is only another DNS name for `{spec.get('externalName') or ''}`: traffic goes where that name leads"
    elif selector:
        pods = _selected(item, selector, index, notes)
        if not pods:
            notes.append(f"{item} selects no pod")
        for number, port in enumerate(ports):
            selected = _pod_backends(port, pods, headless=headless)
            # kube-proxy reads every slice of the Service, whether the selector made it or somebody by hand
            others = _manual_backends(port, targets, index, headless=headless)
            known = {(b.endpoint, b.port) for b in selected}
            backends[number] = (*selected, *(b for b in others if (b.endpoint, b.port) not in known))
    else:
        for number, port in enumerate(ports):
            backends[number] = _manual_backends(port, targets, index, headless=headless)
    return Service(
        item.namespace,
        item.name,
        cast("_Type", type_),
        ports,
        backends,
        vips=() if problem else vips,
        vip_known=bool(vips) and not problem,
        headless=headless,
        external_traffic_policy=cast("_TrafficPolicy", policy),
        selector=selector,
        families=_families(spec, vips),
        problem=problem,
        span=item.span,
        labels=item.labels,
        node_ports=spec.get("allocateLoadBalancerNodePorts") is not False,
        external_ips=tuple(dict.fromkeys(address for address in outside if address is not None)),
        source_ranges=tuple(_source_ranges(item, spec, problems)),
        near_only=inside == "Local" and not headless,
    )


def _source_ranges(item: Item, spec: dict[str, Any], problems: Problems) -> Iterator[Prefix]:
    """The blocks of clients; blanks around them do not count (kubernetes/kubernetes pkg/apis/core/validation/validation.go). The
    annotation counts where the field says nothing (kubernetes/cloud-provider service/helpers/helper.go)."""
    listed: list[tuple[Path, str]] = [
        (("spec", "loadBalancerSourceRanges", index), text or "")
        for index, text in enumerate(spec.get("loadBalancerSourceRanges") or ())
    ]
    if not listed and spec.get("type") == "LoadBalancer":
        given = (annotation(item, RANGES, problems) or "").strip()
        listed = [(("metadata", "annotations", RANGES), text) for text in (given.split(",") if given else ())]
    for path, text in listed:
        try:
            yield Prefix.parse(text.strip(), strict=False)
        except ValueError:
            message, fix = f"`{text.strip()}` is not a block of addresses", "write one such as 203.0.113.0/24"
            Fields.of(item.doc, problems).error("NPV043", message, *path, fix=fix)


def _choice(item: Item, spec: dict[str, Any], key: str, values: tuple[str, ...], problems: Problems) -> str:
    """One of a few words, the first of them by default."""
    value: str = spec.get(key) or values[0]
    if value not in values:
        fix = f"write one of {', '.join(values)}"
        Fields.of(item.doc, problems).error("NPV043", f"`{value}` is not a value of `{key}`", "spec", key, fix=fix)
        return values[0]
    return value


def _cluster_ips(spec: dict[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    listed: list[tuple[tuple[str | int, ...], str]] = [
        (("clusterIPs", index), text) for index, text in enumerate(spec.get("clusterIPs") or ()) if text
    ]
    return listed or ([(("clusterIP",), spec["clusterIP"])] if spec.get("clusterIP") else [])


def _families(spec: dict[str, Any], vips: Iterable[Address]) -> frozenset[Family]:
    """spec.ipFamilies, else those of its addresses: a Service has one family unless it asks for two."""
    asked = {family for family in FAMILIES if f"IPv{family}" in (spec.get("ipFamilies") or ())}
    return frozenset(asked or {vip.family for vip in vips} or FAMILIES)


def _port(item: Item, index: int, port: dict[str, Any], problems: Problems) -> ServicePort:
    fields = Fields.of(item.doc, problems)
    path = ("spec", "ports", index)
    number = port.get("port") or 0
    protocol = port.get("protocol") or "TCP"
    target = port.get("targetPort") or number  # 0 and "" too: SetDefaults_Service in pkg/apis/core/v1/defaults.go
    if not 1 <= number <= 65535:
        message = f"`port` {number} is out of range" if number else "`port` is missing"
        fields.error("NPV043", message, *path, "port", fix="write a number between 1 and 65535")
    if protocol not in PROTOCOLS:
        message = f"`{protocol}` is not a protocol of a port"
        fields.error("NPV043", message, *path, "protocol", fix="write TCP, UDP or SCTP, in capitals")
    if isinstance(target, str) and not is_port_name(target):
        fix = "write a number without quotes, or the name of a container port"
        fields.error("NPV043", f"`{target}` is not the name of a port", *path, "targetPort", fix=fix)
    elif isinstance(target, int) and target != number and not 1 <= target <= 65535:
        fix = "write a number between 1 and 65535"
        fields.error("NPV043", f"`targetPort` {target} is out of range", *path, "targetPort", fix=fix)
    node_port = port.get("nodePort") or 0
    if not 0 <= node_port <= 65535:
        message, fix = f"`nodePort` {node_port} is out of range", "write a number between 1 and 65535"
        fields.error("NPV043", message, *path, "nodePort", fix=fix)
    return ServicePort(port.get("name") or "", protocol, number, target, node_port)


def _selected(item: Item, selector: Mapping[str, str], index: _Index, notes: list[str]) -> list[Endpoint]:
    """The pods of the Service's namespace that have every label, or may have it once they are created.

    A pod that may be behind the Service is counted: what is proved of all its backends then holds whether it is or not.
    """
    possible = (
        {*index.pods.get((item.namespace, key, value), ()), *_may_have(item.namespace, key, value, index)}
        for key, value in selector.items()
    )
    pods = sorted(set.intersection(*possible), key=lambda pod: pod.key)
    for pod in pods:
        for key in sorted(selector):
            if isinstance(pod.labels[key], Unknown):
                notes.append(f"{item} selects on the label {key}, set when a pod is created: {pod} may be behind it")
    return pods


def _may_have(namespace: str, key: str, value: str, index: _Index) -> Iterator[Endpoint]:
    for pod in index.pods.get((namespace, key, None), ()):
        unknown = pod.labels[key]
        if isinstance(unknown, Unknown) and (unknown.open or value in unknown.values):
            yield pod


def _pod_backends(port: ServicePort, pods: Sequence[Endpoint], *, headless: bool) -> tuple[Backend, ...]:
    """A headless Service only resolves to the pods' addresses: the port that a client dials is the one that it gets."""
    found = []
    for pod in pods:
        number = number_on(pod, port)
        if number is not None:
            found.append(Backend(pod, port.number if headless else number))
    return tuple(found)


def number_on(pod: Endpoint, port: ServicePort) -> int | None:
    """The number on this pod; None if it lacks the named port (FindPort in kubernetes/kubernetes pkg/api/v1/pod/util.go)."""
    if isinstance(port.target, int):
        return port.target
    for declared in pod.ports:
        if (
            declared.name == port.target
            and declared.protocol == port.protocol
            and declared.origin is not PortOrigin.INIT
        ):
            return declared.number
    return None


def _manual_backends(
    port: ServicePort, targets: Sequence[Target], index: _Index, *, headless: bool
) -> tuple[Backend, ...]:
    """The addresses that someone wrote into EndpointSlices or Endpoints, under the name and protocol of the port."""
    found: dict[Backend, None] = {}
    for target in targets:
        if (target.port_name, target.protocol) == (port.name, port.protocol) and target.number is not None:
            number = port.number if headless else target.number
            owner = index.owners.get(target.address, EXTERNAL)
            found[Backend(owner, number, target.address)] = None
    return tuple(sorted(found, key=lambda b: (b.endpoint.key, b.address, b.port)))
