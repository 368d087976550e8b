"""What tables of packets are made of: the tables, and what is remembered of policies and subjects while they are made."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from npverify.analyses.packet_looks import Looks
from npverify.analyses.packet_parts import Parts
from npverify.inventory.addresses import Address, Family
from npverify.inventory.model import Endpoint
from npverify.normal.policy import Action, Direction, Rule
from npverify.normal.predicates import Pred, Side
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

Own = tuple[Address | None, ...]
"""The address of a subject; () where it does not matter, or where it has none of the family."""


class Ruled(NamedTuple):
    """The rules of a policy, and what they match by the aspect of the subject."""

    rules: tuple[Rule, ...]
    looks: Looks
    matches: dict[Hashable, list[tuple[Action, Parts]]]


class Told(NamedTuple):
    """What a policy comes to for its subjects: where it is not `asked` for each of them, it selects all or none of them for any
    packet, and only allows (parts may overlap)."""

    asked: bool
    selected: bool
    allowed: Parts


TO_BE_ASKED = Told(asked=True, selected=False, allowed={})


class Asked(NamedTuple):
    """A policy that may select, and at what of the subject it looks beyond its selection.

    `often`  many signatures have it
    `told`   by the aspect of the subject that its rules look at
    """

    entry: Entry
    ruled: Ruled
    looks: Looks
    often: bool
    told: dict[Hashable, Told]


class Run(NamedTuple):
    """The policies of a signature that stand in one tier.

    Where the packet and the subject's address do not matter to who selects, and nobody does anything but allow: whether any
    policy selects, what those of many signatures allow together (nobody is in two of these parts, and everybody in them is
    `seen`), and what each of the others allows. Elsewhere the policies that are to be `asked` one by one.
    """

    place: tuple[int, int]
    asked: Sequence[Asked]
    selected: bool
    settled: Parts
    seen: int
    more: Sequence[Parts]


class Looking(NamedTuple):
    """At what of the subject a direction looks beyond what selects it, its signature's policies, and these by tiers for each
    aspect of the subject."""

    looks: Looks
    asked: Sequence[Asked]
    runs: dict[Hashable, Sequence[Run]]


class About(NamedTuple):
    """What of a class its policies may look at, `kind` and named ports (`ported`) by what tells them apart."""

    end: Endpoint
    kind: str
    ported: int


class Subject(NamedTuple):
    """At whom a direction is judged. `unasked`: what predicates that do not look at any subject were found to mean."""

    direction: Direction
    side: Side
    looking: Looking
    of_class: int
    about: About
    own: Own
    unasked: dict[Pred, Parts]
