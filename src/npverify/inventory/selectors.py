"""The selector of a workload against the labels of its own template: the API refuses one that does not match."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from npverify.ingest.document import Path
from npverify.ingest.fields import Fields
from npverify.ingest.source import Problems
from npverify.inventory.objects import Item, entries, part

_SELECTING = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController")
_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def check_selects(item: Item, labels: Mapping[str, str], problems: Problems) -> None:
    """Report a `spec.selector` that does not match the template labels.

    Jobs are left out: their selector is generated together with the labels. A missing selector is taken from the template.
    """
    selector = part(item.doc.value, "spec", "selector")
    if item.kind not in _SELECTING or not selector:
        return
    fields = Fields.of(item.doc, problems)
    fix = "give `spec.template.metadata.labels` every label that `spec.selector` asks for"
    simple = item.kind == "ReplicationController"
    wanted = selector if simple else part(selector, "matchLabels")
    for key, value in wanted.items():
        if labels.get(key) != value:
            path: Path = ("spec", "selector", key) if simple else ("spec", "selector", "matchLabels", key)
            has = f"`{key}: {labels[key]}`" if key in labels else f"no label `{key}`"
            message = f"`spec.selector` wants `{key}: {value}`, but the pod template has {has}"
            fields.error("NPV038", message, *path, fix=fix)
    for index, requirement in enumerate([] if simple else entries(selector, "matchExpressions")):
        operator = requirement.get("operator") or ""
        path = ("spec", "selector", "matchExpressions", index)
        if operator not in _OPERATORS:
            message = f"`{operator}` is not an operator of a selector"
            fields.error("NPV038", message, *path, "operator", fix=f"use one of {', '.join(_OPERATORS)}")
        elif not _holds(requirement, labels):
            message = f"`spec.selector` has a requirement on `{requirement.get('key') or ''}` that the pod template does not meet"
            fields.error("NPV038", message, *path, fix=fix)


def holds(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether labels meet a selector; an operator that there is none is met, as nobody can tell what it means."""
    return all(labels.get(key) == value for key, value in part(selector, "matchLabels").items()) and all(
        _holds(requirement, labels)
        for requirement in entries(selector, "matchExpressions")
        if requirement.get("operator") in _OPERATORS
    )


def _holds(requirement: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Semantics: kubernetes/apimachinery pkg/labels/selector.go Requirement.Matches."""
    key, values = requirement.get("key") or "", requirement.get("values") or ()
    match requirement["operator"]:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels
