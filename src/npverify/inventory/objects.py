"""The API objects that the inventory is made of: their kinds and their identity.

In come documents, out come `Item`s whose fields have the right types and whose name is valid; every other one is reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from npverify.ingest.document import BriefDocument, Document
from npverify.ingest.fields import Fields
from npverify.ingest.source import Problems, Span
from npverify.ingest.thin import thin
from npverify.inventory.schema import SHAPES
from npverify.inventory.shapes import Checked, checker, report
from npverify.inventory.syntax import is_dns_label, is_subdomain
from npverify.inventory.unknown_fields import UnknownFields

POSITIONED = 1_000
"""Objects carry positions up to this number of documents: finding one reads its text again."""

CLUSTER_SCOPED = frozenset(
    {"Namespace", "Node", "CiliumNode", "CiliumIdentity", "CiliumEndpointSlice", "IngressClass", "GatewayClass"}
)

_GROUPS: Mapping[str, tuple[str, ...]] = {
    "": ("Namespace", "Pod", "ReplicationController", "Service", "Endpoints", "Node", "ServiceAccount"),
    "apps": ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"),
    "extensions": ("Deployment", "DaemonSet", "ReplicaSet", "Ingress"),
    "batch": ("Job", "CronJob"),
    "discovery.k8s.io": ("EndpointSlice",),
    "projectcalico.org": ("WorkloadEndpoint",),
    "cilium.io": ("CiliumNode", "CiliumEndpoint", "CiliumEndpointSlice", "CiliumIdentity"),
    "networking.k8s.io": ("Ingress", "IngressClass"),
    "gateway.networking.k8s.io": (
        "Gateway",
        "GatewayClass",
        "HTTPRoute",
        "GRPCRoute",
        "TLSRoute",
        "TCPRoute",
        "UDPRoute",
        "ReferenceGrant",
    ),
}

INVENTORY_KINDS: frozenset[tuple[str, str]] = frozenset(
    (group, kind) for group, kinds in _GROUPS.items() for kind in kinds
)
"""Group and kind of every object that is read here."""


def is_inventory(api_version: str, kind: str) -> bool:
    """Whether the inventory is read from objects of this kind, in whatever version."""
    return (api_version.rpartition("/")[0], kind) in INVENTORY_KINDS


@thin(frozen=True, slots=True, eq=False)
class Item:
    """An object with its identity. `namespace` is "" for a cluster-scoped one; `generated` where the API makes the name."""

    doc: Document
    namespace: str
    name: str
    generated: bool = False
    positioned: bool = True

    @property
    def kind(self) -> str:
        """The kind of the object."""
        return self.doc.kind

    @property
    def ref(self) -> tuple[str, str, str]:
        """Kind, namespace, name."""
        return (self.doc.kind, self.namespace, self.name)

    @property
    def labels(self) -> dict[str, str]:
        """metadata.labels."""
        return part(self.doc.value, "metadata", "labels")

    @property
    def span(self) -> Span | None:
        """Where the object is named; None in large inputs."""
        return self.doc.span_later("metadata", "name") if self.positioned else None

    def __str__(self) -> str:
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.doc.kind} {where}"


def part(value: Mapping[str, Any], *path: str) -> dict[str, Any]:
    """The map at `path`; empty where it is missing or null."""
    found: Any = value
    for key in path:
        found = found.get(key)
        if found is None:
            return {}
    return found  # type: ignore[no-any-return]  # collect() has checked it


def annotation(item: Item, key: str, problems: Problems) -> str | None:
    """An annotation; None where it is missing, or is not text (which is reported)."""
    given = (item.doc.value.get("metadata") or {}).get("annotations")
    if not given or (isinstance(given, dict) and key not in given):
        return None
    meta = Fields.of(item.doc, problems).map("metadata")
    inner = meta and meta.map("annotations")
    return inner.text(key) if inner else None


def entries(value: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The list of maps at `key`; a null item is an empty map."""
    found = value.get(key)
    return [item or {} for item in found] if found else []


def collect(documents: Sequence[Document], problems: Problems) -> dict[str, list[Item]]:
    """The items of each kind in the order of the documents; whatever the API would refuse is reported and left out."""
    items: dict[str, list[Item]] = {kind: [] for kind in SHAPES}
    seen: dict[tuple[str, str, str], Document] = {}
    generated: dict[tuple[str, str, str], int] = {}
    positioned = len(documents) <= POSITIONED
    unknown = UnknownFields()
    check = cache(lambda kind: checker(SHAPES[kind]))  # made for the kinds that are there
    is_read = cache(is_inventory)
    for doc in documents:
        brief = isinstance(doc, BriefDocument)  # then its types were checked
        if not brief and not is_read(doc.api_version, doc.kind):
            continue
        if not brief and type(doc.value) is not Checked and not check(doc.kind)(doc.value):
            found = Problems()
            report(Fields.of(doc, found), SHAPES[doc.kind], unknown.look)
            problems.extend(found.errors)
            if found.errors:
                continue
        kind = doc.kind
        namespace = "" if kind in CLUSTER_SCOPED else doc.namespace or "default"
        name = doc.name
        if not brief or not is_subdomain(name) or not is_dns_label(namespace):  # of a pod there is no more to look at
            name = _name(doc, problems)
            if not name:
                continue
        ref = (kind, namespace, name)
        if not doc.name:
            generated[ref] = count = generated.get(ref, 0) + 1
            name += "?" if count == 1 else f"?{count}"
        elif (first := seen.setdefault(ref, doc)) is not doc:
            _duplicate(doc, first, ref, problems)
            continue
        items[kind].append(Item(doc, namespace, name, not doc.name, positioned))
    unknown.warn(problems)
    return items


def _name(doc: Document, problems: Problems) -> str:
    """The name, or the beginning of a generated one; "" if there is none that the API takes."""
    name = doc.name
    if not name:
        name = part(doc.value, "metadata").get("generateName") or ""
        if not name:
            fix = "add `name` under `metadata`"
            Fields.of(doc, problems).error("NPV030", f"`metadata.name` of {doc.kind} is missing", "metadata", fix=fix)
            return ""
    is_label = doc.kind in ("Namespace", "Service")
    valid = is_dns_label if is_label else is_subdomain
    if not valid(name if doc.name else name + "x"):
        more = "at most 63 of them" if is_label else "and `.`"
        fix = f"use lower-case letters, digits and `-`, {more}, with a letter or digit at both ends"
        field = "name" if doc.name else "generateName"
        Fields.of(doc, problems).error(
            "NPV031", f"`{name}` is not a name for objects of kind {doc.kind}", "metadata", field, fix=fix
        )
        return ""
    if doc.namespace and not is_dns_label(doc.namespace):
        fix = "use at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends"
        Fields.of(doc, problems).error(
            "NPV031", f"`{doc.namespace}` is not the name of a namespace", "metadata", "namespace", fix=fix
        )
        return ""
    return name


def _duplicate(doc: Document, first: Document, ref: tuple[str, str, str], problems: Problems) -> None:
    kind, namespace, name = ref
    where = f"{namespace}/{name}" if namespace else name
    at = first.span("metadata", "name")
    Fields.of(doc, problems).error(
        "NPV034",
        f"{kind} `{where}` is already defined at {at}",
        "metadata",
        "name",
        fix="remove one of the two, or check each on its own if they belong to different clusters",
    )
