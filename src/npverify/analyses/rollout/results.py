"""What `rollout` gives back: frozen values that the reports turn into text and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from npverify.analyses.results import AssertionResult, Counterexample
from npverify.analyses.rollout.edits import Edit, Step
from npverify.analyses.world import World
from npverify.assertions.claims import Assertion
from npverify.ingest.source import Diagnostic


class Outcome(StrEnum):
    """Whether there is an order that keeps what is to be kept."""

    FOUND = "found"
    NONE = "none"
    UNDECIDED = "undecided"  # a budget was spent, or the run was interrupted


@dataclass(frozen=True, slots=True)
class Broken:
    """An assertion that is not proved in some state, and the inventory with the policies of that state."""

    answer: AssertionResult
    world: World


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step at its place in the order, and the state behind it.

    `proved`   how many assertions were proved there, of those that are kept
    `reached`  those that hold from here on and did not before
    `warned`   those of severity `warning` that do not hold there
    """

    edits: Step
    commands: tuple[str, ...]
    proved: int
    reached: tuple[Assertion, ...] = ()
    warned: tuple[Broken, ...] = ()


@dataclass(frozen=True, slots=True)
class BadStates:
    """States that are bad for one reason: those in which `done` is done and nothing of `open` is.

    `broken`   what is wrong in one of them
    `needs`    without it: an object of `done` needs one of `open` (a policy its tier)
    `refused`  or the policies of such a state cannot be used together
    `over`     "old" or "new" where the versions have other workloads, else ""
    """

    done: tuple[Edit, ...]
    open: tuple[Edit, ...]
    broken: Broken | None = None
    refused: tuple[Diagnostic, ...] = ()
    over: str = ""


@dataclass(frozen=True, slots=True)
class RolloutResult:
    """The answer of `rollout`.

    `steps`      the order that was found
    `bad`        with NONE and UNDECIDED: every order passes through one of these states, and none of them can be left out
    `packet`     the one flow because of which they are all bad, if there is one that every order breaks
    `because`    with UNDECIDED: why
    `edits`      everything that is to be done, in the order of the files
    `kept`       assertions that hold before and after, so that no state may break them
    `reached`    those that hold only after; `why_not_kept` has what is true of each before (None: it speaks about nothing there)
    `broken`     those that do not hold after, which is no matter of order
    `left_out`   assertions about policies or changes, which no state can keep
    `proposed`   how many orders the solver proposed
    `old`, `new` both versions as they are, each over its own inventory
    """

    outcome: Outcome
    steps: tuple[StepResult, ...]
    bad: tuple[BadStates, ...]
    packet: Counterexample | None
    because: str
    edits: tuple[Edit, ...]
    kept: tuple[Assertion, ...]
    reached: tuple[Assertion, ...]
    why_not_kept: tuple[AssertionResult | None, ...]
    broken: tuple[Broken, ...]
    left_out: tuple[Assertion, ...]
    proposed: int
    old: World
    new: World
    notes: tuple[str, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    interrupted: bool = False

    @property
    def order(self) -> Sequence[Step] | None:
        """The steps in order; None if none was found."""
        return [step.edits for step in self.steps] if self.outcome is Outcome.FOUND else None
