"""What the policies of a signature ask, got ready once for all whom its subjects meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from npverify.normal.policy import Half, Policy
from npverify.normal.predicates import Pred
from npverify.reduction.judge import Signature
from npverify.reduction.partial import Circumstance


class Ready(NamedTuple):
    """What a signature asks: where its policies stand and when they select, each once, and whether it is asked who the subject
    is beyond that."""

    signature: Signature
    places: tuple[tuple[int, int, Pred], ...]
    own: bool


class AtStage(NamedTuple):
    """How a stage sees the flows that are asked about, what it asks itself, and what is `settled` for all peers."""

    view: Circumstance
    tests: tuple[Pred, ...]
    settled: dict[Pred, Pred | None]


def places_of(signature: Signature) -> tuple[tuple[int, int, Pred], ...]:
    """Where the policies of a signature stand and when they select, each once."""
    return tuple(dict.fromkeys([(stage, tier, selects) for stage, tier, _, selects, _ in signature]))


def placed(half: Half) -> Iterator[tuple[tuple[int, int], Policy]]:
    """The policies of a direction, in the order in which they are asked, each with the numbers of its stage and tier."""
    for number, stage in enumerate(half.stages):
        for index, tier in enumerate(stage.tiers):
            for policy in tier.policies:
                yield (number, index), policy
