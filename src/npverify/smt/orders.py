"""Orders in which things may be done, where some sets of them must never be what is done so far.

A *cube* (`done`, `open`) is the set of states in which all of `done` is done and nothing of `open`; what is in neither does not
matter. An order passes through the sets of its first 1, 2, … things; the empty set and the whole are where it begins and ends,
and are left out. The solver has an integer for the position of each thing (difference logic), and a cube is a clause over
them: something of `open` comes before something of `done`. An order that the solver allows passes through no forbidden cube, and
where it allows none there is none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from npverify.smt.later import z3
from npverify.smt.solver import Budget, InterruptedByUserError, UndecidedError


class Cube(NamedTuple):
    """States by what is done and what is not done yet in each of them."""

    done: frozenset[int]
    open: frozenset[int]

    def holds(self, state: Collection[int]) -> bool:
        """Whether a state is among them. `state`: the things that are done."""
        return self.done.issubset(state) and self.open.isdisjoint(state)


class Orders:
    """The orders of `count` things that pass through no forbidden cube. Guards the solver's state."""

    def __init__(self, count: int, budget: Budget) -> None:
        self._count = count
        self._budget = budget
        self._cubes: list[Cube] = []
        self._context = z3.Context()
        self._at = [z3.Int(f"at{number}", self._context) for number in range(count)]
        self._solver = self._new_solver()

    def forbid(self, cube: Cube) -> None:
        """Leave out the orders that pass through a cube."""
        self._cubes.append(cube)
        self._solver.add(self._clause(cube))

    def first(self) -> tuple[int, ...] | None:
        """The order that is least by the numbers of its things; None if there is none. It hangs on the cubes alone, not on
        what model the solver finds.

        Raises UndecidedError when the budget is spent and InterruptedByUserError on Ctrl-C.
        """
        like = self._model(())
        if like is None:
            return None
        placed: list[int] = []
        while len(placed) < self._count:
            for thing in sorted(set(range(self._count)).difference(placed)):
                if thing == like[len(placed)]:
                    placed.append(thing)
                    break
                if self._forbidden((*placed, thing)):
                    continue
                found = self._model((*placed, thing))
                if found is not None:
                    placed.append(thing)
                    like = found
                    break
        return tuple(placed)

    def none_without(self, cubes: Iterable[Cube]) -> bool:
        """Whether these cubes alone leave no order. Raises as `first` does."""
        solver = self._new_solver()
        solver.add(*(self._clause(cube) for cube in cubes))
        return not self._possible(solver)

    def _forbidden(self, begin: Sequence[int]) -> bool:
        """Whether an order that begins so is in a cube right there."""
        return len(begin) < self._count and any(cube.holds(begin) for cube in self._cubes)

    def _model(self, begin: Sequence[int]) -> tuple[int, ...] | None:
        """Some order that is left and begins with these things."""
        self._solver.push()
        try:
            rest = [thing for thing in range(self._count) if thing not in set(begin)]
            for number, thing in enumerate(begin):
                later = begin[number + 1 : number + 2] or rest
                self._solver.add(*(self._at[thing] < self._at[other] for other in later))
            if not self._possible(self._solver):
                return None
            model = self._solver.model()
            at = [model.eval(place, model_completion=True).as_long() for place in self._at]
        finally:
            self._solver.pop()
        # what shares a place may stand in any order: every clause asks for `<`
        return tuple(sorted(range(self._count), key=lambda thing: (at[thing], thing)))

    def _clause(self, cube: Cube) -> z3.BoolRef:
        """Some of `open` before some of `done`; a state of the cube is passed through exactly if all of `done` comes first."""
        at, everything = self._at, range(self._count)
        if self._count < 2:  # nothing lies between the beginning and the end
            return z3.BoolVal(True, self._context)
        if cube.done and cube.open:
            parts = [at[one] < at[other] for one in cube.open for other in cube.done if one != other]
        elif cube.open:  # every state but those behind one of `open`: that one must come first of all
            parts = [
                z3.And(*(at[one] < at[other] for other in everything if other != one), self._context)
                for one in sorted(cube.open)
            ]
        else:  # and here one of `done` last of all
            parts = [
                z3.And(*(at[other] < at[one] for other in everything if other != one), self._context)
                for one in sorted(cube.done)
            ]
        return z3.Or(*parts, self._context) if parts else z3.BoolVal(False, self._context)

    def _new_solver(self) -> z3.Solver:
        solver = z3.SolverFor("QF_IDL", ctx=self._context)
        solver.set("rlimit", self._budget.rlimit)
        if self._budget.seconds is not None:
            solver.set("timeout", max(1, int(self._budget.seconds * 1000)))
        return solver

    def _possible(self, solver: z3.Solver) -> bool:
        answer = solver.check()
        if answer == z3.unknown:
            if "interrupt" in solver.reason_unknown():
                raise InterruptedByUserError
            raise UndecidedError(f"the search for an order gave up: {solver.reason_unknown()}")
        return bool(answer == z3.sat)
