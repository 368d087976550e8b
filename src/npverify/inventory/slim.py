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
                    if name == "spec" and type(value) is list:
                        value = [_without(each, _OF_CONTAINER) if type(each) is dict else each for each in value]
                    kept[key] = self._seen.setdefault(self._text(value), value)


def _without(fields: dict[str, Any], irrelevant: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key not in irrelevant}
