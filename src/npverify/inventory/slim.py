"""Takes out of pods what nobody asks for, and lets alike pods share what is equal, while they are read.

A pod as `kubectl get -o json` prints it is thirty times larger in memory than what the inventory reads of it.
"""

from __future__ import annotations

from typing import Any

from npverify.ingest.fields import State
from npverify.inventory.fields_table import FIELDS

def _irrelevant(type_: str) -> frozenset[str]:
    return frozenset(name for name, state in FIELDS[type_].items() if state is State.IRRELEVANT)


_PARTS = (
    ("metadata", _irrelevant("ObjectMeta"), ("labels", "ownerReferences")),
    ("spec", _irrelevant("PodSpec"), ("containers", "initContainers")),
    ("status", _irrelevant("PodStatus"), ()),
)
_OF_CONTAINER = _irrelevant("Container")


class Slim:
    """Makes pods smaller. Guards the values that were seen, so that equal ones become one object."""

    def __init__(self) -> None:
        import msgspec  # costs 10 ms, which is wanted where input is large

        self._seen: dict[bytes, Any] = {}
        # the JSON text tells 1, 1.0 and true apart, which are equal in Python
        self._text = msgspec.json.Encoder().encode

    def __call__(self, item: Any) -> None:
        """Put null in the place of each field of a pod that is irrelevant, which says the same where it is not read.

        Changes `item` and the maps right below it, nothing deeper. Fields that no table knows stay to be reported.
        """
        if type(item) is not dict or item.get("kind") != "Pod" or item.get("apiVersion") != "v1":
            return
        for name, irrelevant, shared in _PARTS:
            part = item.get(name)
            if type(part) is dict:
                for key in part.keys() & irrelevant:
                    part[key] = None
                for key in shared:
                    if value := part.get(key):
                        if name == "spec" and type(value) is list:
                            value = [_without_details(container) for container in value]
                        part[key] = self._seen.setdefault(self._text(value), value)


def _without_details(container: Any) -> Any:
    if type(container) is not dict or container.keys().isdisjoint(_OF_CONTAINER):
        return container
    return {**container, **dict.fromkeys(container.keys() & _OF_CONTAINER)}
