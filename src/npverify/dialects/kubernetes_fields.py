"""Every field of the NetworkPolicy API object, and what npverify does with it.

Source: kubernetes/api networking/v1/types.go and kubernetes/apimachinery pkg/apis/meta/v1/types.go. A field that has no
row here is refused with an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from npverify.ingest.fields import State

__all__ = ["FIELDS", "State", "children"]

_OBJECT_META = (
    "generateName", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
    "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers", "managedFields",
)  # fmt: skip
_SELECTOR = (
    "", ".matchLabels", ".matchExpressions", ".matchExpressions[].key", ".matchExpressions[].operator",
    ".matchExpressions[].values",
)  # fmt: skip
_PORT = ("", "[].protocol", "[].port", "[].endPort")
_PEER = (
    "",
    *(f"[].podSelector{path}" for path in _SELECTOR),
    *(f"[].namespaceSelector{path}" for path in _SELECTOR),
    "[].ipBlock", "[].ipBlock.cidr", "[].ipBlock.except",
)  # fmt: skip

FIELDS: Mapping[str, State] = {
    "apiVersion": State.MODELLED,
    "kind": State.MODELLED,
    "metadata": State.MODELLED,
    "metadata.name": State.MODELLED,
    "metadata.namespace": State.MODELLED,
    **{f"metadata.{name}": State.IRRELEVANT for name in _OBJECT_META},
    "spec": State.MODELLED,
    **{f"spec.podSelector{path}": State.MODELLED for path in _SELECTOR},
    "spec.policyTypes": State.MODELLED,
    "spec.ingress": State.MODELLED,
    **{f"spec.ingress[].ports{path}": State.MODELLED for path in _PORT},
    **{f"spec.ingress[].from{path}": State.MODELLED for path in _PEER},
    "spec.egress": State.MODELLED,
    **{f"spec.egress[].ports{path}": State.MODELLED for path in _PORT},
    **{f"spec.egress[].to{path}": State.MODELLED for path in _PEER},
    # alpha in 1.24, removed in 1.28; only ever reported how far the plugin had got
    "status": State.IRRELEVANT,
}


@cache
def children(path: str) -> tuple[str, ...]:
    """The names of the fields of the map at `path` ("" is the object, `spec.ingress[]` an item of a list)."""
    start = f"{path}." if path else ""
    below = (p[len(start) :] for p in FIELDS if p.startswith(start))
    return tuple(name for name in below if name and "." not in name and "[" not in name)
