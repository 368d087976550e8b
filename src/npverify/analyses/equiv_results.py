"""What `equiv` gives back: frozen values that the reports turn into text and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from npverify.analyses.results import Assumed, Counterexample
from npverify.analyses.world import World
from npverify.inventory.model import Endpoint
from npverify.normal.flow import Flow


class Equivalence(StrEnum):
    """The answer to whether two policy sets allow the same flows; only EQUIVALENT is good."""

    EQUIVALENT = "equivalent"
    DIFFERENT = "different"
    UNDECIDED = "undecided"  # the budget was spent, or the run was interrupted, before a difference was found


@dataclass(frozen=True, slots=True)
class Difference:
    """A flow that one side allows and the other does not, confirmed by the oracles of both.

    `left`, `right`  the flow and its verdict as that side sees it; None where the side has no such endpoint
    `reading`        the values of unknowns that it needs, () if it holds under every default
    `any`            fields of the flow whose value does not matter
    """

    left: Counterexample | None
    right: Counterexample | None
    reading: tuple[Assumed, ...] = ()
    any: tuple[str, ...] = ()

    @property
    def flow(self) -> Flow:
        """The flow as the left side sees it, or the right one where the left has no such endpoint."""
        seen = self.left or self.right
        if seen is None:
            raise ValueError("a difference that nobody sees")
        return seen.flow

    @property
    def allowed_by(self) -> str:
        """The side that lets the flow pass."""
        return "left" if self.left is not None and self.left.verdict.allowed else "right"


@dataclass(frozen=True, slots=True)
class EquivResult:
    """The answer to one comparison.

    `left`, `right`  the two worlds as they were compared: one without pods was given the inventory of the other
    `pairs`     pairs of endpoints between which some flow differs, counted for each way to meet
    `only_left`, `only_right`  endpoints that one side lacks
    `notes`     what the answer rests on, one sentence each
    `because`   why it is undecided
    """

    status: Equivalence
    left: World
    right: World
    witness: Difference | None = None
    pairs: int = 0
    only_left: tuple[Endpoint, ...] = ()
    only_right: tuple[Endpoint, ...] = ()
    notes: tuple[str, ...] = ()
    because: str = ""
    interrupted: bool = False
