"""What tables of packets are made of: the tables, and what is remembered of policies and subjects while they are made."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from npverify.analyses.packet_looks import Looks
from npverify.analyses.packet_parts import Parts
from npverify.inventory.addresses import Address, Family
from npverify.inventory.model import Endpoint
from npverify.normal.policy import Action, Direction, Rule
from npverify.normal.predicates import Side
from npverify.reduction.judge import Entry


class Table(NamedTuple):
    """What one direction lets through for one subject: parts of the other classes, and of the cells outside, by the
    families in which there are any. `numbers` are equal where `pods` are: those of sets of packets and of sets of classes."""

    pods: Parts
    outside: tuple[tuple[Family, Parts], ...]
    numbers: frozenset[tuple[int, int]]


class Numbered:
    """Sets by number, equal ones under one: most sets of peers are in several tables, and looking at one takes long."""

    def __init__(self) -> None:
        self.sets: list[int] = []
        self._numbers: dict[int, int] = {}

    def keep(self, those: int) -> int:
        """The number of a set."""
        found = self._numbers.setdefault(those, len(self.sets))
        if found == len(self.sets):
            self.sets.append(those)
        return found


Said = Mapping[tuple[int, int], tuple[Parts, list[tuple[Action, Parts]]]]

Own = tuple[tuple[Family, Address | None], ...]
"""The addresses of a subject by family; () where they do not matter."""


class Ruled(NamedTuple):
    """The rules of a policy, and what they match by the aspect of the subject."""

    rules: tuple[Rule, ...]
    looks: Looks
    matches: dict[Hashable, list[tuple[Action, Parts]]]


class Asked(NamedTuple):
    """A policy that may select, and at what of the subject it looks beyond its selection."""

    entry: Entry
    ruled: Ruled
    looks: Looks


class Looking(NamedTuple):
    """At what of the subject a direction looks beyond what selects it, and its signature's policies."""

    looks: Looks
    asked: Sequence[Asked]


class Subject(NamedTuple):
    """At whom a direction is judged."""

    direction: Direction
    side: Side
    asked: Sequence[Asked]
    of_class: int
    subject: Endpoint
    ported: Hashable
    own: Own
