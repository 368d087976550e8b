"""Takes out of pods what nobody asks for, and lets alike pods share what is equal, while they are read.

A pod as `kubectl get -o json` prints it is ten times larger in memory than what the inventory reads of it.
"""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any

from npverify.ingest.fields import State
from npverify.inventory.fields_table import FIELDS

if TYPE_CHECKING:
    from npverify.inventory.quick_pods import QuickPods

_WITHOUT_IDENTITY = 2  # the last version of the format in which equal values have equal bytes, whatever refers to them


def _irrelevant(type_: str) -> frozenset[str]:
    return frozenset(name for name, state in FIELDS[type_].items() if state is State.IRRELEVANT)


_CONTAINERS = ("containers", "initContainers")
_PARTS = (
    ("metadata", _irrelevant("ObjectMeta"), ("labels", "ownerReferences")),
    ("spec", _irrelevant("PodSpec"), _CONTAINERS),
    ("status", _irrelevant("PodStatus"), ()),
)
_OF_CONTAINER = _irrelevant("Container")


class Slim:
    """Makes pods smaller. Guards the values that were seen, so that equal ones become one object."""

    def __init__(self) -> None:
        self._seen: dict[bytes, Any] = {}

    def __call__(self, item: Any) -> None:
        """Leave away the fields of a pod that are irrelevant: missing or null or anything else, nobody reads them.

        Changes nothing deeper than `item`. Fields that no table knows stay, to be reported.
        """
        if type(item) is not dict or item.get("kind") != "Pod" or item.get("apiVersion") != "v1":
            return
        for name, irrelevant, shared in _PARTS:
            part = item.get(name)
            if type(part) is not dict:
                continue
            item[name] = kept = _without(part, irrelevant)
            for key in shared:
                if value := kept.get(key):
                    kept[key] = self.shared(key, value)

    def shared(self, key: str, value: Any) -> Any:
        """The value of a field that pods share, the same object for equal ones."""
        if key in _CONTAINERS and type(value) is list:
            value = [_without(each, _OF_CONTAINER) if type(each) is dict else each for each in value]
        # Python takes 1, 1.0 and True for equal; their bytes are not
        return self._seen.setdefault(marshal.dumps(value, _WITHOUT_IDENTITY), value)

    def shortcut(self) -> QuickPods:
        """A reader of JSON for pods that makes what is left of them here."""
        from npverify.inventory.quick_pods import QuickPods  # msgspec costs 10 ms, which small inputs need not pay

        return QuickPods(self.shared)


def _without(fields: dict[str, Any], irrelevant: frozenset[str]) -> dict[str, Any]:
    if fields.keys().isdisjoint(irrelevant):
        return fields
    return {key: value for key, value in fields.items() if key not in irrelevant}
