"""How a set of endpoints falls apart into groups of which all that residuals and conditions look at is the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from npverify.inventory.model import Endpoint
from npverify.normal.predicates import Pred
from npverify.reduction.judge import Signature


class Kind(NamedTuple):
    """Endpoints of a set that are of one class, under one condition, and of whose address the same is known."""

    c: int
    condition: Pred
    domain: tuple[object, ...]
    ends: list[Endpoint]


@dataclass(slots=True, eq=False)
class Members:
    """Endpoints of one side that share everything that residuals and conditions look at, by class."""

    key: tuple[object, ...]
    signature: Signature
    condition: Pred
    domain: tuple[object, ...]
    by_class: dict[int, list[Endpoint]]
    classes: int = 0  # set when all are known

    @property
    def first(self) -> Endpoint:
        """One of them."""
        return next(iter(self.by_class.values()))[0]
