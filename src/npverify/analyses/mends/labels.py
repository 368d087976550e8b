"""Which labels would make a predicate true of a flow, or false: what else it looks at stays as it is."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import NamedTuple

from npverify.inventory.labels import pod_label
from npverify.inventory.model import METADATA_NAME
from npverify.inventory.unknowns import Unknown
from npverify.normal.predicates import And, LabelIn, Not, Or, Pred, Side
from npverify.oracle import Seen, label_value

_MOST = 6  # ways that are followed at each step
_LARGEST = 3  # labels that one way may change


class LabelKey(NamedTuple):
    """A label of a pod on a side of the flow, or of its namespace."""

    side: Side
    of: str
    key: str


Labels = dict[LabelKey, str | None]
"""A value for each label; None: taken away."""


def labels_for(pred: Pred, seen: Seen, *, want: bool = True) -> list[Labels]:
    """The ways to make a predicate true (`want`) or false of what is seen by labels alone, fewest labels first; one way
    without labels where it is so already. Not complete: a few ways of each part are followed."""
    if seen.holds(pred) is want:
        return [{}]
    if isinstance(pred, Not):
        return labels_for(pred.body, seen, want=not want)
    if isinstance(pred, And | Or):
        if isinstance(pred, And) is want:  # every part is needed
            return _joined([labels_for(part, seen, want=want) for part in pred.parts])
        return _fewest(way for part in pred.parts for way in labels_for(part, seen, want=want))
    return _of_atom(pred, seen, want=want) if isinstance(pred, LabelIn) else []


def _of_atom(at: LabelIn, seen: Seen, *, want: bool) -> list[Labels]:
    end = seen.end(at.side)
    if not end.is_pod or at.of not in ("pod", "namespace") or (at.of == "namespace" and at.key == METADATA_NAME):
        return []
    if at.of == "pod" and isinstance(pod_label(end, at.key, at.side), Unknown):
        return []  # the cluster sets it
    key = LabelKey(at.side, at.of, at.key)
    if not want:
        return [{key: None}] if label_value(at, seen) is not None else []
    return [{key: value} for value in (at.values or ("true",))[:_MOST]]


def _joined(parts: list[list[Labels]]) -> list[Labels]:
    """One way of each part together, where they do not contradict each other."""
    ways: list[Labels] = [{}]
    for part in parts:
        ways = _fewest(
            {**one, **other}
            for one, other in product(ways, part)
            if all(one.get(key, value) == value for key, value in other.items())
        )
    return ways


def _fewest(ways: Iterable[Labels]) -> list[Labels]:
    kept: list[Labels] = []
    for way in ways:
        if way not in kept and len(way) <= _LARGEST:
            kept.append(way)
    return sorted(kept, key=len)[:_MOST]
