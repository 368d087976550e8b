"""Asks Z3 whether a predicate can be true, within a budget that gives the same answer on every machine.

Each question has a context of its own: the `rlimit` count of one problem in a fresh context is the same in every run and
process, in a shared one it depends on what came before. Wall time is only a backstop. Z3 is trusted for `unsat`; every
`sat` is turned into a flow and replayed by the oracle.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

from npverify.inventory.addresses import Address, Family, Prefix
from npverify.normal.predicates import Pred, Side
from npverify.smt.encode import Encoding, Formula, read_address
from npverify.smt.later import z3

Taken = Mapping[Side, Callable[[Address], Prefix | None]]
"""For a side with an outside address: the block of known endpoints that an address falls into, None if it is free."""

NOTHING_TAKEN: Taken = MappingProxyType({})


class UndecidedError(Exception):
    """The solver gave up; the message says why, in the user's words."""


class InterruptedByUserError(Exception):
    """Ctrl-C arrived while the solver was running (Z3 swallows the signal and answers unknown)."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much work one question may cost: Z3's resource units, and seconds of wall time as a backstop (None: no limit)."""

    rlimit: int = 50_000_000
    seconds: float | None = None


BUDGETS: Mapping[str, Budget] = MappingProxyType(
    {"small": Budget(2_000_000), "normal": Budget(50_000_000), "large": Budget(1_000_000_000)}
)


class Question:
    """One predicate in one solver. Guards the solver's state; not to be shared between threads."""

    def __init__(
        self,
        pred: Pred,
        taken: Taken = NOTHING_TAKEN,
        budget: Budget = BUDGETS["normal"],
        *,
        same: bool | None = None,
    ) -> None:
        """`same`: both ends are one endpoint, so their addresses are equal; False: two, so they differ; None: no matter."""
        self.encoding = Encoding()
        self.statement: Formula = self.encoding.formula(pred)
        self._taken = taken
        self._same = same
        self._budget = budget
        self._excluded: list[Formula] = []
        self._solver = self._new_solver()
        self._solver.add(self.encoding.well_formed(same), self.statement)

    def possible(self, *also: Formula) -> bool:
        """Whether the predicate can be true together with these formulas.

        Raises UndecidedError when the budget is spent and InterruptedByUserError on Ctrl-C.
        """
        with self._scope():
            self._solver.add(*also)
            while True:
                model = self._check()
                if model is None:
                    return False
                block = self._collision(model)
                if block is None:
                    return True
                # Blocks are excluded one at a time, when a model runs into them: there can be 100,000 known addresses,
                # and nearly every question is answered without one of them.
                self._solver.add(block)
                self._excluded.append(block)

    def fix(self, formula: Formula) -> bool:
        """Add a formula for good if it is possible; whether it was."""
        if not self.possible(formula):
            return False
        self._solver.add(formula)
        return True

    def always(self, *given: Formula) -> bool:
        """Whether the predicate holds wherever these formulas (and well-formedness) do; False where it cannot be decided.

        Raises InterruptedByUserError on Ctrl-C.
        """
        solver = self._new_solver()
        solver.add(self.encoding.well_formed(self._same), *given, z3.Not(self.statement, self.encoding.context))
        answer = solver.check()
        if answer == z3.unknown and "interrupt" in solver.reason_unknown():
            raise InterruptedByUserError
        return bool(answer == z3.unsat)

    def _new_solver(self) -> z3.Solver:
        # QF_FD answers wide disjunctions in linear time, where the default solver is quadratic (measured: ux notes on Z3),
        # and it keeps its state between checks.
        solver = z3.SolverFor("QF_FD", ctx=self.encoding.context)
        solver.set("rlimit", self._budget.rlimit)
        if self._budget.seconds is not None:
            solver.set("timeout", max(1, int(self._budget.seconds * 1000)))
        return solver

    @contextmanager
    def _scope(self) -> Iterator[None]:
        self._solver.push()
        already = len(self._excluded)
        try:
            yield
        finally:
            self._solver.pop()
            self._solver.add(*self._excluded[already:])

    def _check(self) -> z3.ModelRef | None:
        start = time.monotonic()
        answer = self._solver.check()
        if answer == z3.sat:
            return self._solver.model()
        if answer == z3.unsat:
            return None
        reason = self._solver.reason_unknown()
        if "interrupt" in reason:
            raise InterruptedByUserError
        raise UndecidedError(_in_words(reason, self._budget, time.monotonic() - start))

    def _collision(self, model: z3.ModelRef) -> Formula | None:
        six = z3.is_true(model.eval(self.encoding.six, model_completion=True))
        family: Family = 6 if six else 4
        for side, block_of in self._taken.items():
            if not self.encoding.mentions(side, family):
                continue
            block = block_of(read_address(model, self.encoding, side, family))
            if block is not None:
                return z3.Not(self.encoding.in_prefix(side, block), self.encoding.context)
        return None


def _in_words(reason: str, budget: Budget, elapsed: float) -> str:
    # Z3 says "canceled", or nothing, for either limit, depending on the phase in which it was reached.
    if "timeout" in reason or (budget.seconds is not None and elapsed > budget.seconds - 0.001):
        return f"the time limit of {budget.seconds:g} s was reached"
    if any(word in reason for word in ("resource", "cancel", "no reason")):
        return f"the budget was spent (rlimit {budget.rlimit})"
    return f"the solver gave up: {reason}"


def satisfiable(
    pred: Pred, taken: Taken = NOTHING_TAKEN, budget: Budget = BUDGETS["normal"], *, same: bool | None = None
) -> bool:
    """Whether a residual predicate can be true; arguments and errors are those of `Question` and `Question.possible`."""
    return Question(pred, taken, budget, same=same).possible()
