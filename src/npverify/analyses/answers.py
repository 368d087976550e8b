"""Asks the solver each question once."""

from __future__ import annotations

from collections.abc import Callable

from npverify.analyses.concrete import preferred_packet
from npverify.analyses.sameness import possible as by_cases
from npverify.inventory.model import Endpoint
from npverify.normal.predicates import FALSE, TRUE, Pred
from npverify.reduction.given import simplified
from npverify.reduction.residuals import host_network
from npverify.smt.solver import (
    NOTHING_TAKEN,
    Budget,
    InterruptedByUserError,
    Taken,
    UndecidedError,
    satisfiable,
)


def never() -> bool:
    """Nobody wants the run to stop."""
    return False


class Answers:
    """Guards the memo of answers, so that equal questions are solved once."""

    def __init__(self, budget: Budget, stop: Callable[[], bool] = never) -> None:
        """`stop` is asked before each question; where it says True the run ends as on Ctrl-C."""
        self.budget = budget
        self._stop = stop
        self._answers: dict[tuple[Pred, frozenset[object], bool | None], bool | UndecidedError] = {}

    def forgetting_undecided(self) -> Answers:
        """The same memo without what could not be decided: with more time it may be."""
        made = Answers(self.budget, self._stop)
        made._answers = self._answers
        for key in [key for key, answer in self._answers.items() if isinstance(answer, UndecidedError)]:
            del self._answers[key]
        return made

    def about_no_addresses(self) -> Answers:
        """What is known of questions in which no address is somebody's: it holds whatever there is."""
        made = Answers(self.budget, self._stop)
        made._answers = {key: answer for key, answer in self._answers.items() if not key[1]}
        return made.forgetting_undecided()

    def possible(self, pred: Pred, taken: Taken = NOTHING_TAKEN, *, one: bool | None = None) -> bool:
        """Whether some flow satisfies `pred`; `one` is whether both ends have one address (None: no matter).

        Raises as `Question.possible` does.
        """
        pred = simplified(pred)
        if pred is FALSE or pred is TRUE:
            return pred is TRUE
        if self._stop():
            raise InterruptedByUserError
        key = (pred, frozenset(taken.items()), one)
        answer = self._answers.get(key)
        if answer is None:
            try:
                known = True if preferred_packet(pred) is not None else by_cases(pred, taken, one=one)
                answer = satisfiable(pred, taken, self.budget, same=one) if known is None else known
            except UndecidedError as gave_up:
                answer = gave_up.with_traceback(None)  # which would keep the solver, and all that it holds
            self._answers[key] = answer
        if isinstance(answer, UndecidedError):
            raise answer.with_traceback(None)  # not longer each time
        return answer


def one_address(src: Endpoint, dst: Endpoint, *, same: bool) -> bool | None:
    """Whether two ends have one address; None where they may: all on the host network of a node have the node's."""
    return None if not same and host_network(src) and host_network(dst) else same
