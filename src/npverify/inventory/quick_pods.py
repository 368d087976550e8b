"""Pods straight from JSON, into the maps that `Slim` leaves of them, in a third of the time; None where that is not certain.

A decoder that knows the types of a pod's fields checks them on the way and makes no objects of what nobody reads. Labels,
owners and containers are those of many pods: each text of theirs is decoded once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType

from npverify.ingest.fields import State
from npverify.inventory.fields_table import FIELDS
from npverify.inventory.schema import SHAPES
from npverify.inventory.shapes import Checked, Leaf, ListOf, MapOf, Shape, checker

_LEAVES: dict[Leaf, Any] = {Leaf.TEXT: str, Leaf.INTEGER: int, Leaf.BOOLEAN: bool}
_FIRM: dict[str, Any] = {"apiVersion": Literal["v1"], "kind": Literal["Pod"]}


class QuickPods:
    """Reads pods. Guards what was read of the parts that they share: None where a part is not as the API has it."""

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
        self._decode = msgspec.json.Decoder(self._struct(pod)).decode
        self._decode_any = msgspec.json.Decoder().decode

    def __call__(self, text: Raw) -> tuple[msgspec.Struct, Checked] | None:
        """What stands in the text, written again with as many colons, and what is kept of it; None if it may be no pod."""
        try:
            read: Any = self._decode(text)
        except msgspec.DecodeError:
            return None
        kept = Checked(apiVersion="v1", kind="Pod")
        if self._metadata(read, kept) and self._spec(read, kept) and self._status(read, kept):
            return read, kept
        return None

    def _metadata(self, pod: Any, kept: dict[str, Any]) -> bool:
        given = pod.metadata
        if not given:
            return _without(given, kept, "metadata")
        kept["metadata"] = found = {}
        # written out, since every pod of a cluster comes by
        if (name := given.name) is not UNSET:
            found["name"] = name
        if (name := given.generateName) is not UNSET:
            found["generateName"] = name
        if (name := given.namespace) is not UNSET:
            found["namespace"] = name
        if (part := given.labels) is not UNSET and not self._share(found, "labels", part):
            return False
        return (part := given.ownerReferences) is UNSET or self._share(found, "ownerReferences", part)

    def _spec(self, pod: Any, kept: dict[str, Any]) -> bool:
        given = pod.spec
        if not given:
            return _without(given, kept, "spec")
        kept["spec"] = found = {}
        if (told := given.nodeName) is not UNSET:
            found["nodeName"] = told
        if (told := given.hostNetwork) is not UNSET:
            found["hostNetwork"] = told
        if (told := given.serviceAccountName) is not UNSET:
            found["serviceAccountName"] = told
        if (told := given.serviceAccount) is not UNSET:
            found["serviceAccount"] = told
        if (part := given.containers) is not UNSET and not self._share(found, "containers", part):
            return False
        return (part := given.initContainers) is UNSET or self._share(found, "initContainers", part)

    def _status(self, pod: Any, kept: dict[str, Any]) -> bool:
        given = pod.status
        if not given:
            return _without(given, kept, "status")
        kept["status"] = found = {}
        if (told := given.phase) is not UNSET:
            found["phase"] = told
        if (told := given.podIP) is not UNSET:
            found["podIP"] = told
        if (told := given.podIPs) is not UNSET:
            found["podIPs"] = told and [each and ({} if each.ip is UNSET else {"ip": each.ip}) for each in told]
        return True

    def _share(self, into: dict[str, Any], key: str, text: Raw) -> bool:
        """Keep the value of a shared part; False if it is not of the right type or has a key twice."""
        known = self._known[key]
        written = bytes(text)
        value = known.get(written, UNSET)
        if value is UNSET:
            value = known[written] = self._part(key, written)
        into[key] = value
        return value is not None

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
        fields = []
        for name, state in FIELDS[shape.type].items():
            if name in _FIRM and shape.type == "Pod":
                fields.append((name, _FIRM[name]))
            elif state is State.IRRELEVANT:
                fields.append((name, Any, UNSET))  # type: ignore[arg-type]
            elif name in self._shared:
                fields.append((name, Raw | UnsetType, UNSET))  # type: ignore[arg-type]
            elif name in shapes:
                fields.append((name, self._type(shapes[name]) | UnsetType | None, UNSET))  # type: ignore[arg-type]
        return msgspec.defstruct(shape.type, fields, forbid_unknown_fields=True, gc=False)

    def _type(self, shape: Shape) -> Any:
        if isinstance(shape, MapOf):
            return self._struct(shape)
        if isinstance(shape, ListOf):
            return list[self._type(shape.item) | None]  # type: ignore[misc]
        return _LEAVES[shape]


def _without(given: Any, kept: dict[str, Any], key: str) -> bool:
    """A part that is missing or null."""
    if given is None:
        kept[key] = None
    return True


def _map(shape: Shape) -> MapOf:
    if not isinstance(shape, MapOf):
        raise TypeError(shape)
    return shape
