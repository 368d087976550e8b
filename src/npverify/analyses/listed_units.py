"""What connectivity lists as one end: a workload where its pods fare alike, else each of its pods."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import islice, pairwise
from operator import itemgetter
from typing import NamedTuple

from npverify.analyses.class_rows import ClassRows
from npverify.analyses.world import World
from npverify.inventory.model import Endpoint, Inventory, WorkloadRef
from npverify.reduction.classes import Classes

Place = tuple[str, str, str]
"""Namespace, name and kind: what the list is sorted by."""


class Unit(NamedTuple):
    """A workload, or a pod of it. `several`: there are two or more pods in it."""

    place: Place
    ref: WorkloadRef
    of_class: int
    several: bool


def units(world: World, rows: ClassRows) -> tuple[list[Unit], list[WorkloadRef]]:
    """The ends to list, in order, and the workloads whose pods had to be listed one by one, sorted."""
    workloads = world.kept(_Workloads, lambda: _Workloads(world.inventory, rows.classes))
    alike = iter(rows.alike(workloads.pairs))
    found: list[Unit] = []
    split = []
    for one in workloads.each:
        if all(list(islice(alike, one.classes - 1))):  # a list, so that no pair's answer is left to the next workload
            found.append(one.unit)
        else:
            split.append(one.unit.ref)
            found += one.pods
    found.sort(key=itemgetter(0))
    return found, sorted(split)


class _Workloads:
    """The workloads of an inventory, each with its pods and their classes. It hangs on these alone, so it is made once.

    `each`   the workloads in their order in the list
    `pairs`  of the classes of each workload, ascending, those that follow one another: all are alike where these are
    """

    def __init__(self, inventory: Inventory, classes: Classes) -> None:
        found: dict[WorkloadRef, list[Endpoint]] = {}
        for end in inventory.pods:
            ref = end.workload or WorkloadRef("Pod", end.namespace, end.name)
            found.setdefault(ref, []).append(end)
        self.each: list[_Workload] = []
        self.pairs: list[tuple[int, int]] = []
        for ref, ends in sorted(found.items(), key=lambda item: _place(item[0])):
            of_class = [classes.of[end] for end in ends]
            unit = Unit(_place(ref), ref, of_class[0], len(ends) > 1 or ends[0].replicated)
            distinct = sorted(set(of_class))
            self.pairs += pairwise(distinct)
            self.each.append(_Workload(unit, len(distinct), ends, of_class))


class _Workload:
    """A workload as one unit, and how many classes its pods have. Guards the pods as units."""

    def __init__(self, unit: Unit, classes: int, ends: Sequence[Endpoint], of_class: Sequence[int]) -> None:
        """`of_class`: the class of each of the pods."""
        self.unit = unit
        self.classes = classes
        self._ends = ends
        self._of_class = of_class

    @cached_property
    def pods(self) -> list[Unit]:
        """Its pods, one by one."""
        refs = (WorkloadRef("Pod", end.namespace, end.name) for end in self._ends)
        each = zip(self._ends, refs, self._of_class, strict=True)
        return sorted((Unit(_place(ref), ref, c, end.replicated) for end, ref, c in each), key=itemgetter(0))


def _place(ref: WorkloadRef) -> Place:
    return ref.namespace, ref.name, ref.kind
