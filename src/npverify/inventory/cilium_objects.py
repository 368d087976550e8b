"""What CiliumNodes, CiliumEndpoints, CiliumEndpointSlices and CiliumIdentities add to nodes and pods, and where they do not agree
with them.

Semantics: cilium/cilium pkg/k8s/apis/cilium.io/v2/types.go and v2alpha1/types.go (slices, which the operator writes from endpoints;
while it moves an endpoint to another slice, both have it). The agent writes them from Nodes and Pods: a node with the address of
its router besides (which policies see as the node), an endpoint with the addresses and the labels by which a pod is judged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from npverify.ingest.document import Path
from npverify.ingest.fields import Fields
from npverify.ingest.source import Problems, Span
from npverify.inventory.addresses import Address
from npverify.inventory.model import ContainerPort, Endpoint, EndpointKind, WorkloadRef
from npverify.inventory.objects import Item, entries, part
from npverify.inventory.unknowns import Unknown

__all__ = ["attach_cilium_endpoints", "with_cilium_nodes"]

_NODE_TYPES = ("InternalIP", "ExternalIP", "CiliumInternalIP", "CiliumExternalIP")
_OTHERS = {"health": "health checks", "ingress": "Cilium's Ingress"}
_ACCOUNT = "io.cilium.k8s.policy.serviceaccount"
_NO_LABELS = ("io.cilium.k8s.", "io.kubernetes.pod.namespace")
_AGAIN = "take the snapshot again: the agent writes the object anew when the pod changes"
_MOST = 5  # objects that a note names


def with_cilium_nodes(
    nodes: Mapping[str, Endpoint], items: Iterable[Item], problems: Problems, notes: list[str]
) -> dict[str, Endpoint]:
    """The nodes, and those that CiliumNodes alone tell of, with the addresses of both: those of the Node first."""
    found = dict(nodes)
    silent = []
    for item in items:
        node = found.get(item.name) or Endpoint(EndpointKind.NODE, name=item.name, labels=item.labels, node=item.name)
        told = [
            address
            for index, entry in enumerate(entries(part(item.doc.value, "spec"), "addresses"))
            if entry.get("type") in _NODE_TYPES
            and (address := _address(item, entry.get("ip"), problems, "spec", "addresses", index, "ip")) is not None
        ]
        merged = tuple(dict.fromkeys((*node.addresses, *told)))
        if item.name in nodes and merged == node.addresses:
            silent.append(str(item))
        found[item.name] = replace(node, addresses=merged, address_known=bool(merged))
        for key, what in _OTHERS.items():
            given = part(item.doc.value, "spec", key)
            own = [text for family in ("ipv4", "ipv6") if (text := given.get(family))]
            if own:
                message = (
                    f"the address of {what} on node {item.name}, {' and '.join(own)}, counts as one outside the cluster"
                )
                Fields.of(item.doc, problems).warn(
                    "NPV661", message, "spec", key, fix="leave it out of questions", key=True
                )
    _tell(silent, "the Nodes say all that they say", notes)
    return found


def attach_cilium_endpoints(
    pods: Sequence[Endpoint],
    items: Iterable[Item],
    slices: Iterable[Item],
    identities: Iterable[Item],
    left_out: Collection[tuple[str, str]],
    nodes: Mapping[str, Endpoint],
    problems: Problems,
    notes: list[str],
) -> tuple[list[Endpoint], list[Endpoint]]:
    """The pods with what their CiliumEndpoints tell, and the pods that these alone tell of. A pod that is there is judged by
    what it says itself; where the two do not agree there is a warning. What belongs to a pod that is left out is left out too.
    An entry of a slice counts where no CiliumEndpoint tells of the same pod."""
    of_id = {item.name: item for item in identities}
    by_ref = {(pod.namespace, pod.name): number for number, pod in enumerate(pods) if not pod.replicated}
    by_address = {address: node.name for node in nodes.values() for address in node.addresses}
    completed, alone, silent, used = list(pods), [], [], set()
    seen: set[tuple[str, str]] = set()
    twice = []
    for one in (*map(_of_endpoint, items), *(one for item in slices for one in _of_slice(item, problems))):
        if one.ref in seen:
            twice.append(str(one))
            continue
        seen.add(one.ref)
        labels = dict(_labels(one.labels))
        if not labels and one.identity in of_id:
            used.add(one.identity)
            given = of_id[one.identity].doc.value.get("security-labels") or {}
            labels = dict(_labels(f"{key}={value}" for key, value in given.items()))
        told = _Told(one, labels, tuple(_addresses(one, problems)), tuple(_ports(one.value)))
        at = _parsed(part(one.value, "networking").get("node"))
        node = by_address.get(at) if at is not None else None
        place = by_ref.get(one.ref)
        if place is not None:
            before, told_before = completed[place], problems.count
            completed[place] = told.completing(before, node, problems)
            if completed[place] is before and problems.count == told_before:
                silent.append(str(one))
        elif one.ref in left_out:
            notes.append(f"left out, because its pod is: {one}")
        else:
            if not one.labels and one.identity not in of_id:
                _refuse_nameless(one, problems)
            alone.append(told.pod(node))
    _tell(silent, "the Pods say all that they say", notes)
    _tell(twice, "others tell of the same pods", notes)
    _tell([str(item) for name, item in of_id.items() if name not in used], "the endpoints have these labels", notes)
    return completed, alone


class _One(NamedTuple):
    """What a CiliumEndpoint, or an entry of a slice, says of one pod.

    `at`   the path of the map that says it, `value`
    `name` the path of its name, `identity` the number of its identity ("" without one), at `identified`
    """

    item: Item
    ref: tuple[str, str]
    at: Path
    value: Mapping[str, Any]
    name: Path
    identity: str
    identified: Path
    labels: Sequence[str | None] = ()

    def __str__(self) -> str:
        return str(self.item) if len(self.at) == 1 else f"{'/'.join(self.ref)} of {self.item}"

    @property
    def span(self) -> Span | None:
        """Where it is named; None in large inputs."""
        return self.item.doc.span_later(*self.name) if self.item.positioned else None


def _of_endpoint(item: Item) -> _One:
    status = part(item.doc.value, "status")
    identity = part(status, "identity")
    number = str(identity.get("id") or "")
    where: Path = ("status", "identity")
    labels = identity.get("labels") or ()
    return _One(item, item.ref[1:], ("status",), status, ("metadata", "name"), number, where, labels)


def _of_slice(item: Item, problems: Problems) -> Iterator[_One]:
    """The entries of a slice, all of one namespace; nothing, after an error, of one that has no name."""
    namespace = item.doc.value.get("namespace") or ""
    if not namespace:
        message, fix = f"`namespace` is missing in {item}", "write the namespace of the pods, beside `endpoints`"
        Fields.of(item.doc, problems).error("NPV695", message, "kind", fix=fix)
        return
    for index, entry in enumerate(entries(item.doc.value, "endpoints")):
        at: Path = ("endpoints", index)
        if not entry.get("name"):
            message, fix = f"an endpoint of {item} has no `name`", "write the name of the pod"
            Fields.of(item.doc, problems).error("NPV695", message, *at, fix=fix)
            continue
        number = str(entry.get("id") or "")
        yield _One(item, (namespace, entry["name"]), at, entry, (*at, "name"), number, (*at, "id"))


def _refuse_nameless(one: _One, problems: Problems) -> None:
    """Of a pod without labels it would be proved that no rule means it."""
    of = f"CiliumIdentity {one.identity} is not in the input" if one.identity else "it has no identity"
    message = f"nobody tells the labels of {one}: its Pod is not in the input, and {of}"
    what = "CiliumEndpoint" if len(one.at) == 1 else "entry"
    fix = f"add the Pod, or the CiliumIdentity; if the pod is gone, leave the {what} out"
    Fields.of(one.item.doc, problems).error("NPV664", message, *one.name, fix=fix)


class _Told:
    """What a CiliumEndpoint tells: the labels of its identity, of whatever source they are, addresses and named ports."""

    def __init__(
        self, one: _One, labels: dict[str, str], addresses: tuple[Address, ...], ports: tuple[ContainerPort, ...]
    ) -> None:
        self.one = one
        self.account = labels.get(_ACCOUNT, "")
        self.labels = {key: value for key, value in labels.items() if not key.startswith(_NO_LABELS)}
        self.addresses = addresses
        self.ports = ports

    def completing(self, pod: Endpoint, node: str | None, problems: Problems) -> Endpoint:
        """The pod with the addresses, and the labels that a controller chose, which it does not tell itself."""
        fields = Fields.of(self.one.item.doc, problems)
        if pod.kind is EndpointKind.HOST_POD:
            message = f"{self.one} is passed over: pod `{pod}` is on the host network, where Cilium has no endpoint"
            fields.warn("NPV662", message, *self.one.name, fix=_AGAIN)
            return pod
        if pod.addresses and not set(self.addresses) <= set(pod.addresses):
            message = f"the addresses of {self.one} are not those that pod `{pod}` has, which are taken"
            fields.warn("NPV662", message, *self.one.at, "networking", fix=_AGAIN, key=True)
        elif not pod.addresses and self.addresses:
            pod = replace(pod, addresses=self.addresses, address_known=True)
        wrong = [
            f"`{key}={value}`"
            for key, value in sorted(self.labels.items())
            if not isinstance(pod.labels.get(key), Unknown) and pod.labels.get(key) != value
        ]
        if wrong:
            message = (
                f"the identity of {self.one} has {', '.join(wrong[:_MOST])}, and pod `{pod}` has not: Cilium judges by the "
                "identity until the agent has seen the pod's labels, which are taken here"
            )
            fields.warn("NPV663", message, *self.one.identified, fix=_AGAIN, key=True)
        known = {key: value for key, value in self.labels.items() if isinstance(pod.labels.get(key), Unknown)}
        if known or (node and not pod.node):
            pod = replace(pod, labels={**pod.labels, **known}, node=pod.node or node)
        return pod

    def pod(self, node: str | None) -> Endpoint:
        """A pod that nothing else tells of."""
        namespace, name = self.one.ref
        return Endpoint(
            EndpointKind.POD,
            namespace,
            name,
            WorkloadRef("Pod", namespace, name),
            self.labels,
            self.account or "default",
            node,
            ports=self.ports,
            addresses=self.addresses,
            address_known=bool(self.addresses),
            span=self.one.span,
        )


def _labels(texts: Iterable[str | None]) -> Iterator[tuple[str, str]]:
    """Key and value of the labels that come from Kubernetes, `k8s:KEY=VALUE`."""
    for text in texts:
        key, _, value = (text or "").partition("=")
        if key.startswith("k8s:"):
            yield key.removeprefix("k8s:"), value


def _addresses(one: _One, problems: Problems) -> Iterator[Address]:
    for index, pair in enumerate(entries(part(one.value, "networking"), "addressing")):
        for family in ("ipv4", "ipv6"):
            at = (*one.at, "networking", "addressing", index, family)
            if (address := _address(one.item, pair.get(family), problems, *at)) is not None:
                yield address


def _ports(status: Mapping[str, Any]) -> Iterator[ContainerPort]:
    for entry in entries(status, "named-ports"):
        if entry.get("name") and entry.get("port"):
            yield ContainerPort(entry["name"], entry.get("protocol") or "TCP", entry["port"])


def _address(item: Item, text: str | None, problems: Problems, *path: str | int) -> Address | None:
    if not text:
        return None
    found = _parsed(text)
    if found is None:
        fix = "write an IPv4 or IPv6 address such as `10.0.0.1` or `fd00::1`"
        Fields.of(item.doc, problems).error("NPV037", f"`{text}` is not an IP address", *path, fix=fix)
    return found


def _parsed(text: str | None) -> Address | None:
    try:
        return Address.parse(text) if text else None
    except ValueError:
        return None


def _tell(items: Sequence[str], why: str, notes: list[str]) -> None:
    if items:
        more = f" and {len(items) - _MOST} more" if len(items) > _MOST else ""
        notes.append(f"not used, as {why}: {', '.join(sorted(items)[:_MOST])}{more}")
