"""Objects of a cluster without what npverify does not read: a snapshot is small, and holds no environment of a container.

What is left away is what `fields_table` calls irrelevant, of the objects of the inventory; other kinds, which are policies, keep
all but what the API server keeps its books with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from npverify.ingest.fields import State
from npverify.inventory.fields_table import FIELDS
from npverify.inventory.objects import is_inventory

_BOOKS = frozenset(
    {"managedFields", "resourceVersion", "uid", "generation", "selfLink", "creationTimestamp", "finalizers"}
)
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_TYPES: Mapping[tuple[str, str], str] = {
    ("Pod", "spec"): "PodSpec",
    ("Pod", "status"): "PodStatus",
    ("Node", "spec"): "NodeSpec",
    ("Node", "status"): "NodeStatus",
    ("Job", "spec"): "JobSpec",
    ("Job", "status"): "JobStatus",
    ("ReplicaSet", "spec"): "ReplicaSetSpec",
    ("ReplicationController", "spec"): "ReplicationControllerSpec",
    ("CronJob", "spec"): "CronJobSpec",
}
_INNER: Mapping[str, Mapping[str, str]] = {
    "ReplicaSetSpec": {"template": "PodTemplateSpec"},
    "ReplicationControllerSpec": {"template": "PodTemplateSpec"},
    "JobSpec": {"template": "PodTemplateSpec"},
    "CronJobSpec": {"jobTemplate": "JobTemplateSpec"},
    "JobTemplateSpec": {"spec": "JobSpec"},
    "PodTemplateSpec": {"metadata": "ObjectMeta", "spec": "PodSpec"},
    "PodSpec": {"containers": "Container", "initContainers": "Container"},
}


def trimmed(item: Mapping[str, Any]) -> dict[str, Any]:
    """The object with what is read of it; a new value that shares parts with `item`."""
    api_version, kind = str(item.get("apiVersion", "")), str(item.get("kind", ""))
    out = {key: value for key, value in item.items() if key != "metadata"}
    if isinstance(metadata := item.get("metadata"), dict):
        out["metadata"] = _metadata(metadata)
    if not is_inventory(api_version, kind):
        out.pop("status", None)
        return out
    irrelevant = {key for key, state in FIELDS.get(kind, {}).items() if state is State.IRRELEVANT}
    out = {key: value for key, value in out.items() if key not in irrelevant}
    for part in ("spec", "status"):
        if part in out and (type_ := _TYPES.get((kind, part))):
            out[part] = _of_type(out[part], type_)
    return out


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    out = {key: value for key, value in metadata.items() if key not in _BOOKS}
    if isinstance(annotations := out.get("annotations"), dict):
        out["annotations"] = {key: value for key, value in annotations.items() if key != _APPLIED}
    return out


def _of_type(value: Any, type_: str) -> Any:
    """A part without its irrelevant fields, and the parts inside of it likewise."""
    if isinstance(value, list):
        return [_of_type(each, type_) for each in value]
    if not isinstance(value, dict):
        return value
    table, inner = FIELDS.get(type_, {}), _INNER.get(type_, {})
    kept = {key: each for key, each in value.items() if table.get(key) is not State.IRRELEVANT}
    return {key: _of_type(each, inner[key]) if key in inner else each for key, each in kept.items()}
