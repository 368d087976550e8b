"""From one state that breaks an assertion to all states that do so for the same reason.

A reason is a flow: it breaks the assertion wherever it is decided as it is here. Which steps that hangs on is read off the
formula of `merge`; where there is none, off which steps may have a say at all. Every state of a cube breaks the assertion, or
is undecided where the first one was.
"""

from __future__ import annotations

from itertools import chain, combinations

from npverify.analyses.results import AssertionResult, Counterexample, Status
from npverify.analyses.rollout.merge import is_done
from npverify.analyses.rollout.states import Key, State, States
from npverify.assertions.claims import AllFlows
from npverify.ingest.source import InputError, InternalError
from npverify.normal.predicates import FALSE, TRUE, Pred, atoms_of, const, not_, substitute
from npverify.oracle import Oracle
from npverify.smt.orders import Cube
from npverify.smt.solver import Budget, UndecidedError, satisfiable


def cube_of(states: States, key: Key, state: State, answer: AssertionResult, budget: Budget) -> Cube:
    """States that break an assertion as this one does, this one among them."""
    involved = states.involved(key)
    exact = Cube(state & involved, involved - state)
    if answer.status is not Status.REFUTED or answer.counterexample is None or answer.counterexample.side is not None:
        return exact
    claim = states.assertions[key].claim
    if not isinstance(claim, AllFlows):
        return exact
    formula = breaking(states, key, answer.counterexample)
    if formula is None:
        return _by_trying(states, answer.counterexample, exact, want=claim.want)
    if not holds(formula, state):
        raise InternalError(f"the formula of a state denies what was proved of it: {sorted(state)}")
    return generalised(formula, exact, budget)


def breaking(states: States, key: Key, shown: Counterexample) -> Pred | None:
    """The states in which a flow breaks an assertion about all flows, as a formula over steps; None where none tells."""
    claim = states.assertions[key].claim
    if not isinstance(claim, AllFlows):
        return None
    reading = {needed.name: needed.value for needed in shown.reading}
    allowed = states.merged.allows(shown.flow, reading, states.first)
    if allowed is None:
        return None
    return not_(allowed) if claim.want else allowed


def holds(formula: Pred, state: State) -> bool:
    """Whether a formula over steps is true of a state."""
    done = {is_done(step) for step in state}
    return substitute(formula, lambda atom: const(atom in done)) is TRUE


def generalised(formula: Pred, cube: Cube, budget: Budget) -> Cube:
    """The cube without the steps that the formula does not need to be true; none of those left can go."""
    done, open_ = set(cube.done), set(cube.open)
    for step in sorted(cube.done | cube.open, reverse=True):
        fewer = done - {step}, open_ - {step}
        if _implies(formula, *fewer, budget):
            done, open_ = fewer
    return Cube(frozenset(done), frozenset(open_))


def _implies(formula: Pred, done: set[int], open_: set[int], budget: Budget) -> bool:
    value = {is_done(step): TRUE for step in done} | {is_done(step): FALSE for step in open_}
    left = substitute(formula, lambda atom: value.get(atom, atom))
    if len(atoms_of(left)) <= _SPLIT:
        return _always(left)
    try:
        return not satisfiable(not_(left), budget=budget)
    except UndecidedError:
        return False


_SPLIT = 8
"""Steps that a formula may hang on to be looked at case by case: up to here that is quicker than to ask the solver."""


def _always(formula: Pred) -> bool:
    if formula is TRUE or formula is FALSE:
        return formula is TRUE
    first = atoms_of(formula)[0]
    without = substitute(formula, lambda atom: FALSE if atom is first else atom)
    with_it = substitute(formula, lambda atom: TRUE if atom is first else atom)
    return _always(without) and _always(with_it)


_TRIED = 4
"""Steps that are taken out of a cube by looking at every state that they make."""


def _by_trying(states: States, shown: Counterexample, cube: Cube, *, want: bool) -> Cube:
    """The same where no formula tells: the flow is judged in each state of the larger cube."""
    reading = {needed.name: needed.value for needed in shown.reading}
    out: list[int] = []

    def breaks(state: State) -> bool:
        try:
            world = states.world(state)
        except InputError:
            return True  # nobody gets into that state
        return Oracle(world.policies, world.inventory).decide(shown.flow, reading).allowed is not want

    for step in sorted(cube.done | cube.open, reverse=True):
        if len(out) == _TRIED:
            break
        more = [*out, step]
        chosen = chain.from_iterable(combinations(more, size) for size in range(len(more) + 1))
        if all(breaks((cube.done - set(more)) | set(some)) for some in chosen):
            out = more
    return Cube(cube.done - set(out), cube.open - set(out))
