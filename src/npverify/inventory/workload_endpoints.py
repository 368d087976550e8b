"""Calico's WorkloadEndpoints: what they add to pods that are listed, and endpoints that nothing else tells of.

Semantics: projectcalico/calico libcalico-go/lib/apis/internalapi/workloadendpoint.go, lib/validator/v3/validator.go
(validateWorkloadEndpointSpec, validateWorkloadEndpointPort) and lib/names/workloadendpoint.go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from npverify.ingest.fields import Fields
from npverify.ingest.source import Problems
from npverify.inventory.addresses import BITS, Address, Prefix
from npverify.inventory.model import ContainerPort, Endpoint, EndpointKind, WorkloadRef
from npverify.inventory.objects import Item, entries, part
from npverify.inventory.syntax import PROTOCOLS, check_labels, is_port_name, is_subdomain

K8S = "k8s"
_NUMBERS = {6: "TCP", 17: "UDP", 132: "SCTP"}
_LAST = {"cni": "containerID", "libnetwork": "orchestrator"}
"""The field that names the workload in the name of a WorkloadEndpoint, where it is not `workload`."""
_UNFOLLOWED = {
    "ipNATs": ("externalIP", "addresses that are translated to its own are not followed", "name the endpoint itself"),
    "allowSpoofedSourcePrefixes": ("", "packets that it sends from addresses of others are not judged", "drop them"),
}


@dataclass(frozen=True, slots=True, eq=False)
class WorkloadEndpoint:
    """One valid object. `pod` is the name of its pod, "" under another orchestrator; `workload` what runs there."""

    item: Item
    orchestrator: str
    pod: str
    workload: str
    node: str
    account: str
    addresses: tuple[Address, ...]
    ports: tuple[ContainerPort, ...]
    profiles: tuple[str, ...]

    @property
    def ref(self) -> tuple[str, str]:
        """Namespace and name of the pod."""
        return (self.item.namespace, self.pod)

    def unusual(self, account: str) -> tuple[str, ...] | None:
        """Its profiles; None if they are those that every pod under that account has, in their order."""
        namespace = self.item.namespace
        usual = (f"kns.{namespace}", f"ksa.{namespace}.{account}")
        return None if self.profiles == usual else self.profiles


def read_workload_endpoints(items: Iterable[Item], problems: Problems) -> list[WorkloadEndpoint]:
    """The objects that the API takes, in the order of the documents; what is wrong with the others is reported."""
    found = []
    for item in items:
        own = Problems()
        read = _read(item, own)
        problems.extend(own.errors + own.warnings)
        if not own.errors:
            found.append(read)
    return found


def _read(item: Item, problems: Problems) -> WorkloadEndpoint:
    spec = part(item.doc.value, "spec")
    fields = Fields.of(item.doc, problems)
    check_labels(item.doc, item.labels, problems, "metadata", "labels")
    orchestrator = spec.get("orchestrator") or ""
    _check_name(item, spec, fields)
    ports = [_port(fields, index, port) for index, port in enumerate(entries(spec, "ports"))]
    for key, (inner, what, fix) in _UNFOLLOWED.items():
        given = [entry.get(inner) for entry in entries(spec, key)] if inner else spec.get(key)
        if given:
            message = f"`{key}` of {item} is passed over: {what}"
            fields.warn("NPV294", message, "spec", key, fix=fix)
    return WorkloadEndpoint(
        item,
        orchestrator,
        (spec.get("pod") or "") if orchestrator == K8S else "",
        spec.get("workload") or item.name,
        spec.get("node") or "",
        spec.get("serviceAccountName") or "",
        _addresses(spec, fields),
        tuple(port for port in ports if port.name),
        tuple(profile or "" for profile in spec.get("profiles") or ()),
    )


def _check_name(item: Item, spec: dict[str, Any], fields: Fields) -> None:
    """Report the fields that identify the endpoint and are missing, else a name that does not follow from them."""
    orchestrator = spec.get("orchestrator") or ""
    named = "pod" if orchestrator == K8S else _LAST.get(orchestrator, "workload")
    keys = ("node", "orchestrator", named, "endpoint")
    missing = [key for key in dict.fromkeys(keys) if not spec.get(key)]
    for key in missing:
        fields.error("NPV292", f"`spec.{key}` of {item} is missing", "spec", fix=f"add `{key}` under `spec`", key=True)
    if missing:
        return
    name = "-".join(spec[key].replace("-", "--") for key in keys)
    if name != item.doc.name and not item.generated:
        fields.error(
            "NPV292",
            f"{item} has another name than its fields demand",
            *("metadata", "name"),
            fix=f"name it `{name}`: node, orchestrator, {named} and endpoint, with each `-` in them doubled",
        )
    elif not is_subdomain(spec[named]):
        fix = "use lower-case letters, digits, `-` and `.`, with a letter or digit at both ends"
        fields.error("NPV292", f"`{spec[named]}` is not the name of a {named}", "spec", named, fix=fix)


def _addresses(spec: dict[str, Any], fields: Fields) -> tuple[Address, ...]:
    """The addresses of ipNetworks, each written alone or as a block of one."""
    found: dict[Address, None] = {}
    for index, text in enumerate(spec.get("ipNetworks") or ()):
        at = ("spec", "ipNetworks", index)
        try:
            prefix = Prefix.parse(text or "", strict=False)
        except ValueError:
            fix = "write an address such as `10.0.0.1/32` or `fd00::1/128`"
            fields.error("NPV290", f"`{text or ''}` is not an IP address", *at, fix=fix)
            continue
        if prefix.length != BITS[prefix.family]:
            fix = "write the endpoint's own address, with `/32` or `/128` or nothing behind it"
            fields.error("NPV290", f"`{text}` holds more than one address", *at, fix=fix)
        found[Address(prefix.family, prefix.value)] = None
    return tuple(found)


def _port(fields: Fields, index: int, port: dict[str, Any]) -> ContainerPort:
    at = ("spec", "ports", index)
    name, written, number = port.get("name") or "", port.get("protocol"), port.get("port") or 0
    protocol = _NUMBERS.get(written, "") if isinstance(written, int) else written or ""
    if protocol not in PROTOCOLS:
        message = f"`{written}` is not a protocol of a port" if protocol or written else "`protocol` is missing"
        fields.error("NPV291", message, *at, "protocol", fix="write TCP, UDP or SCTP, in capitals")
    if not 1 <= number <= 65535:
        message = f"`port` {number} is out of range" if number else "`port` is missing"
        fields.error("NPV291", message, *at, "port", fix="write a number between 1 and 65535")
    if not name and not port.get("hostPort"):
        fields.error("NPV291", "a port has neither `name` nor `hostPort`", *at, fix="name the port, or leave it out")
    if name and not is_port_name(name):
        fix = "use at most 15 lower-case letters, digits and single `-`, with at least one letter"
        fields.error("NPV291", f"`{name}` is not the name of a port", *at, "name", fix=fix)
    return ContainerPort(name, protocol, number)


def addresses_of(found: Iterable[WorkloadEndpoint]) -> dict[tuple[str, str], tuple[Address, ...]]:
    """The addresses of each pod, by namespace and name."""
    addresses: dict[tuple[str, str], tuple[Address, ...]] = {}
    for one in found:
        addresses[one.ref] = tuple(dict.fromkeys((*addresses.get(one.ref, ()), *one.addresses)))
    return addresses


def attach(
    pods: Sequence[Endpoint],
    found: Sequence[WorkloadEndpoint],
    left_out: Collection[tuple[str, str]],
    problems: Problems,
    notes: list[str],
) -> tuple[list[Endpoint], list[Endpoint]]:
    """The pods with what their WorkloadEndpoints tell, and the endpoints of those that belong to none of the pods.

    A pod that says its own addresses keeps them. What belongs to a pod that is left out is left out with it.
    """
    if not found:
        return list(pods), []
    by_ref = {(pod.namespace, pod.name): number for number, pod in enumerate(pods) if not pod.replicated}
    completed = list(pods)
    rest = []
    for one in found:
        number = by_ref.get(one.ref)
        if number is not None:
            completed[number] = _completed(completed[number], pods[number], one, problems)
        elif one.ref in left_out:
            notes.append(f"left out, because its pod is: {one.item}")
        else:
            rest.append(one)
    return completed, _alone(rest)


def _completed(pod: Endpoint, listed: Endpoint, one: WorkloadEndpoint, problems: Problems) -> Endpoint:
    fields = Fields.of(one.item.doc, problems)
    if pod.kind is EndpointKind.HOST_POD:
        message = f"{one.item} is passed over: pod `{pod}` is on the host network, where Calico has no such endpoint"
        fields.warn("NPV293", message, "spec", "pod", fix="take the snapshot again, or correct `hostNetwork`")
        return pod
    if listed.addresses and not set(one.addresses) <= set(listed.addresses):
        message = f"the addresses of {one.item} are not those that pod `{pod}` has, which are taken"
        fields.warn("NPV293", message, "spec", "ipNetworks", fix="take the snapshot again")
    elif not listed.addresses:
        addresses = tuple(dict.fromkeys((*pod.addresses, *one.addresses)))
        pod = replace(pod, addresses=addresses, address_known=bool(addresses))
    profiles = one.unusual(one.account or pod.service_account)
    return replace(
        pod,
        ports=(*pod.ports, *(port for port in one.ports if all(port[:3] != known[:3] for known in pod.ports))),
        node=pod.node or one.node,
        profiles=pod.profiles if profiles is None else profiles,
    )


def _alone(found: Sequence[WorkloadEndpoint]) -> list[Endpoint]:
    """An endpoint for each, called as its pod or workload is where that name stands for one of them alone."""
    wanted = Counter((one.item.namespace, one.pod or one.workload) for one in found)
    endpoints = []
    for one in found:
        namespace = one.item.namespace
        name = one.pod or one.workload
        if wanted[namespace, name] > 1:
            name = one.item.name
        endpoints.append(
            Endpoint(
                EndpointKind.POD,
                namespace,
                name,
                WorkloadRef("Pod" if one.pod else "WorkloadEndpoint", namespace, name),
                one.item.labels,
                one.account,
                one.node,
                ports=one.ports,
                addresses=one.addresses,
                address_known=bool(one.addresses),
                span=one.item.span,
                orchestrator=one.orchestrator,
                profiles=one.unusual(one.account),
            )
        )
    return endpoints
