"""Namespaces: those that are declared, and those that exist by being used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from npverify.ingest.document import Document
from npverify.ingest.fields import Fields
from npverify.ingest.rendered import HELM
from npverify.ingest.scopes import WITHOUT_NAMESPACE
from npverify.ingest.source import Problems
from npverify.inventory.model import METADATA_NAME, Namespace
from npverify.inventory.objects import Item
from npverify.inventory.syntax import check_labels

_OF_RELEASE = "name the namespace of the release with `namespace=` in the path, or with -n"


def namespace_of(doc: Document) -> str | None:
    """The namespace that an object says it lives in: "" if it does not say, None if it lives in none."""
    if doc.kind == "CiliumEndpointSlice":  # in none itself; it tells of pods of one
        told = doc.value.get("namespace")
        return told if told and isinstance(told, str) else None
    return None if doc.kind in WITHOUT_NAMESPACE else doc.namespace or ""


def used_namespaces(documents: Sequence[Document], problems: Problems) -> frozenset[str]:
    """The namespaces that objects of any kind live in; warns once if some do not say which."""
    used = {doc.namespace for doc in documents if doc.namespace and doc.kind not in WITHOUT_NAMESPACE}
    used |= {namespace_of(doc) or "" for doc in documents if doc.kind == "CiliumEndpointSlice"} - {""}
    silent = [doc for doc in documents if not doc.namespace and doc.kind not in WITHOUT_NAMESPACE]
    if silent:
        used.add("default")
        first = silent[0]
        if len(silent) == 1:
            message = f"{first.kind} `{first.name}` has no `metadata.namespace` and is taken to be in `default`"
        else:
            message = (
                f"{len(silent)} objects have no `metadata.namespace` and are taken to be in `default`; "
                f"the first is {first.kind} `{first.name}`"
            )
        Fields.of(first, problems).warn(
            "NPV035",
            message,
            "metadata",
            fix=_OF_RELEASE if first.span().file.startswith(HELM) else "add `namespace` under `metadata`",
            key=True,
        )
    return frozenset(used)


def read_namespaces(
    items: Iterable[Item], used: Iterable[str], problems: Problems, notes: list[str]
) -> dict[str, Namespace]:
    """Every namespace by name, in the order of names."""
    found: dict[str, Namespace] = {}
    for item in items:
        check_labels(item.doc, item.labels, problems, "metadata", "labels")
        claimed = item.labels.get(METADATA_NAME, item.name)
        if claimed != item.name:
            # SetDefaults_Namespace in kubernetes/kubernetes pkg/apis/core/v1/defaults.go overwrites the user's value
            Fields.of(item.doc, problems).warn(
                "NPV036",
                f"the API server replaces `{claimed}` in the label `{METADATA_NAME}` by `{item.name}`",
                *("metadata", "labels", METADATA_NAME),
                fix="remove the label, or select namespaces by another one",
            )
        found[item.name] = Namespace(item.name, {**item.labels, METADATA_NAME: item.name}, True, item.span)
    undeclared = sorted(set(used) - found.keys())
    for name in undeclared:
        found[name] = Namespace(name, {METADATA_NAME: name}, declared=False)
    if undeclared:
        shown = ", ".join(undeclared[:5]) + (f" and {len(undeclared) - 5} more" if len(undeclared) > 5 else "")
        notes.append(f"used but not declared, so that their labels are unknown: namespaces {shown}")
    return dict(sorted(found.items()))
