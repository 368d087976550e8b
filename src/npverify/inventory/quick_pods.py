"""Pods straight from JSON, into the maps that `Slim` leaves of them, in a third of the time; None where that is not certain.

A decoder that knows the types of a pod's fields checks them on the way and makes no objects of what nobody reads. Labels,
owners and containers are those of many pods: each text of theirs is decoded once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from npverify.ingest.fields import State
from npverify.inventory.brief_pods import AlikePods, BriefPod
from npverify.inventory.fields_table import FIELDS
from npverify.inventory.schema import SHAPES
from npverify.inventory.shapes import Leaf, ListOf, MapOf, Shape, checker

_LEAVES: dict[Leaf, Any] = {Leaf.TEXT: Annotated[str, Meta(min_length=1)], Leaf.INTEGER: int, Leaf.BOOLEAN: bool}
_FIRM: dict[str, Any] = {"apiVersion": Literal["v1"], "kind": Literal["Pod"]}
_NEEDED = {("Pod", "apiVersion"), ("Pod", "kind"), ("Pod", "metadata"), ("PodIP", "ip")}
_KIND, _HEAD = b'"Pod"', 128
"""Every printer writes the kind first; and what it is not found of is read all the same, by others."""
_OF_SPEC = ("containers", "initContainers", "hostNetwork", "serviceAccountName", "serviceAccount")


class QuickPods:
    """Reads pods. Guards what was read of the parts that they share (None where a part is not as the API has it), and whether
    what was read last was a pod."""

    def __init__(self, tidy: Callable[[str, Any], Any]) -> None:
        """`tidy` is told the name of a field that pods share and its value, and gives the value to keep."""
        self._tidy = tidy
        pod = SHAPES["Pod"]
        parts = dict(pod.fields)
        self._shared = {
            name: (shape, checker(shape))
            for part in ("metadata", "spec")
            for name, shape in _map(parts[part]).fields
            if isinstance(shape, ListOf) or shape is Leaf.LABELS
        }
        self._known: dict[str, dict[bytes, Any]] = {name: {} for name in self._shared}
        self._alike: dict[tuple[Any, ...], AlikePods | None] = {}
        self._nodes: dict[str, str] = {}
        self._behind_a_pod = False
        self._decode = msgspec.json.Decoder(self._struct(pod)).decode
        self._decode_any = msgspec.json.Decoder().decode

    def __call__(self, text: Raw) -> tuple[msgspec.Struct, BriefPod] | None:
        """What stands in the text, written again with as many colons, and what is kept of it; None if it may be no pod, or
        has null or nothing where it could be silent."""
        # pods stand side by side in a list: behind one it is quicker to try than to look
        if not self._behind_a_pod and _KIND not in bytes(memoryview(text)[:_HEAD]):
            return None
        try:
            read: Any = self._decode(text)
        except msgspec.DecodeError:
            self._behind_a_pod = False
            return None
        self._behind_a_pod = True
        metadata, spec, status = read.metadata, read.spec, read.status
        labels, owners = metadata.labels, metadata.ownerReferences
        if labels is not UNSET:
            labels = bytes(labels)
        if owners is not UNSET:
            owners = bytes(owners)
        node = None
        if spec is UNSET:
            key: tuple[Any, ...] = (metadata.namespace, labels, owners)
        else:
            containers, init = spec.containers, spec.initContainers
            if containers is not UNSET:
                containers = bytes(containers)
            if init is not UNSET:
                init = bytes(init)
            key = (
                *(metadata.namespace, labels, owners),
                *(containers, init, spec.hostNetwork, spec.serviceAccountName, spec.serviceAccount),
            )
            if (told := spec.nodeName) is not UNSET:
                node = self._nodes.setdefault(told, told)
        alike = self._alike.get(key, UNSET)
        if alike is UNSET:
            alike = self._alike[key] = self._in_common(*key)
        if alike is None:
            return None
        name, generated = metadata.name or "", metadata.generateName or ""
        if status is UNSET:
            return read, BriefPod(alike, name, generated, node)
        listed = status.podIPs
        ips = () if listed is UNSET else (listed[0].ip,) if len(listed) == 1 else tuple(each.ip for each in listed)
        return read, BriefPod(alike, name, generated, node, status.phase or "", status.podIP or "", ips)

    def _in_common(self, namespace: str | UnsetType, labels: Any, owners: Any, *of_spec: Any) -> AlikePods | None:
        """What pods have in common of which this is given; None where a part is not of the right type or has a key twice."""
        metadata, spec = {"labels": labels, "ownerReferences": owners}, dict(zip(_OF_SPEC, of_spec, strict=False))
        for of in (metadata, spec):
            for key, value in list(of.items()):
                if value is UNSET:
                    del of[key]
                elif isinstance(value, bytes):
                    known = self._known[key]
                    if value not in known:
                        known[value] = self._part(key, value)
                    of[key] = known[value]
                    if of[key] is None:
                        return None
        return AlikePods(namespace or None, metadata, spec if of_spec else None)

    def _part(self, key: str, written: bytes) -> Any:
        try:
            value = self._decode_any(written)
        except msgspec.DecodeError:
            return None
        if value is None or msgspec.json.encode(value).count(b":") != written.count(b":"):
            return None
        value = self._tidy(key, value)
        return value if self._shared[key][1](value) else None

    def _struct(self, shape: MapOf) -> type[msgspec.Struct]:
        """The type of a map: what is read of it, and as anything what is irrelevant."""
        shapes = dict(shape.fields)
        needed: list[tuple[str, Any]] = []
        others: list[tuple[str, Any, Any]] = []
        for name, state in FIELDS[shape.type].items():
            of = _FIRM.get(name) if shape.type == "Pod" else None
            if of is None and name in shapes and name not in self._shared:
                of = self._type(shapes[name])
            if (shape.type, name) in _NEEDED:
                needed.append((name, of))
            elif state is State.IRRELEVANT:
                others.append((name, Any, UNSET))
            elif name in self._shared:
                others.append((name, Raw | UnsetType, UNSET))
            elif of is not None:
                others.append((name, of | UnsetType, UNSET))
        return msgspec.defstruct(shape.type, [*needed, *others], forbid_unknown_fields=True, gc=False)

    def _type(self, shape: Shape) -> Any:
        if isinstance(shape, MapOf):
            return self._struct(shape)
        if isinstance(shape, ListOf):
            return Annotated[list[self._type(shape.item)], Meta(min_length=1)]  # type: ignore[misc]
        return _LEAVES[shape]


def _map(shape: Shape) -> MapOf:
    if not isinstance(shape, MapOf):
        raise TypeError(shape)
    return shape
