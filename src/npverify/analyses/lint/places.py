"""The tiers of a policy set with where they stand, for rules that compare policies of one tier."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple, Protocol, TypeVar

from npverify.normal.policy import Direction, Policy, PolicySet, Stage, Tier


class Place(NamedTuple):
    """A tier of a stage of a direction, by its number in the stage."""

    direction: Direction
    stage: Stage
    number: int

    @property
    def tier(self) -> Tier:
        """The tier."""
        return self.stage.tiers[self.number]

    @property
    def judged(self) -> str:
        """Which end of a flow the policies select, in words."""
        return "the sender" if self.direction is Direction.EGRESS else "the receiver"

    @property
    def later(self) -> tuple[Policy, ...]:
        """The policies of the tiers behind it."""
        return tuple(policy for tier in self.stage.tiers[self.number + 1 :] for policy in tier.policies)


def places(policies: PolicySet) -> Iterator[Place]:
    """Every tier of both directions."""
    for direction in Direction:
        for stage in policies.half(direction).stages:
            yield from (Place(direction, stage, n) for n in range(len(stage.tiers)))


class Ordered(Protocol):
    """What has an order, or None where its dialect has none."""

    @property
    def order(self) -> float | None:
        """The number."""
        ...


T = TypeVar("T", bound=Ordered)


def ties(listed: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    """Every run of two or more with equal orders."""
    for order, run in groupby(listed, key=lambda each: each.order):
        found = tuple(run)
        if order is not None and len(found) > 1:
            yield found


def number(order: float | None) -> str:
    """An order as the user writes it; behind all numbers are those that do without."""
    return "none" if order is None or order == float("inf") else f"{order:g}"
