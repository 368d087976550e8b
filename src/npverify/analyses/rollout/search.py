"""The search for an order, led by counterexamples.

The solver proposes the first order that passes through no state known to be bad; its states are proved one after the other; of
each that breaks an assertion all states that do so for the same reason are forbidden, and the solver proposes again. It ends
with an order whose every state is proved, or with forbidden states that no order avoids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from npverify.analyses.results import AssertionResult, Counterexample, Status
from npverify.analyses.rollout.cubes import breaking, cube_of, generalised, holds
from npverify.analyses.rollout.states import Key, State, States
from npverify.ingest.source import Diagnostic, InputError
from npverify.normal.predicates import Pred
from npverify.oracle import Oracle
from npverify.smt.orders import Cube, Orders
from npverify.smt.solver import Budget

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Bad:
    """A state that must not be, and the others that are bad for the same reason.

    `answer`   what is true of an assertion there; None where the policies cannot be used together, for what `refused` says,
               or where an object would be without what it needs
    `over`     the number of the inventory
    """

    cube: Cube
    state: State
    over: int = 0
    key: Key | None = None
    answer: AssertionResult | None = None
    refused: tuple[Diagnostic, ...] = ()

    @property
    def undecided(self) -> bool:
        """Nobody knows whether it is bad."""
        return self.answer is not None and self.answer.status is Status.UNDECIDED


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """What was found: an order, or the states of which every order passes through one (none of them can be left out).

    `packet`     every order breaks this flow: the states are all bad because of it
    `proposed`   how many orders were looked at
    """

    order: tuple[int, ...] | None
    bad: tuple[Bad, ...] = ()
    packet: Counterexample | None = None
    proposed: int = 0

    @property
    def undecided(self) -> bool:
        """There may be an order, if what was not decided is true."""
        return any(bad.undecided for bad in self.bad)


def search(
    inventories: Sequence[States],
    kept: Sequence[Key],
    refused: Sequence[Cube],
    budget: Budget,
    progress: Progress | None = None,
) -> Search:
    """An order in which every state between the first and the last keeps every assertion over every inventory.

    Raises UndecidedError where the search for an order is too much, and InterruptedByUserError on Ctrl-C.
    """
    count = len(inventories[0].everything)
    orders = Orders(count, budget)
    known = [Bad(cube, cube.done) for cube in refused]
    for bad in known:
        orders.forbid(bad.cube)
    proposed = 0
    while (order := orders.first()) is not None:
        proposed += 1
        learnt: list[Bad] = []
        for number in range(1, count):
            if progress is not None:
                progress(number, count, f"order {proposed}")
            state = frozenset(order[:number])
            if not any(bad.cube.holds(state) for bad in learnt):
                learnt += _wrong(inventories, kept, state, budget)
        if not learnt:
            return Search(order, proposed=proposed)
        for bad in learnt:
            orders.forbid(bad.cube)
        known += learnt
    return _why_none(inventories, known, orders, budget, proposed)


def _wrong(inventories: Sequence[States], kept: Sequence[Key], state: State, budget: Budget) -> Iterator[Bad]:
    """What is wrong with a state: each assertion that is not proved there."""
    for over, states in enumerate(inventories):
        try:
            states.world(state)
        except InputError as error:
            yield Bad(Cube(state, states.everything - state), state, over, refused=error.diagnostics)
            continue
        for key in kept:
            answer = states.answer(key, state)
            if answer.status is not Status.PROVED:
                yield Bad(cube_of(states, key, state, answer, budget), state, over, key, answer)


def _why_none(
    inventories: Sequence[States], known: Sequence[Bad], orders: Orders, budget: Budget, proposed: int
) -> Search:
    """States that no order avoids: those of one packet if there is one that every order breaks, else as few as can be."""
    decided = [bad for bad in known if not bad.undecided]
    if not orders.none_without(bad.cube for bad in decided):
        return Search(None, tuple(_needed(known, orders)), proposed=proposed)
    refused = [bad for bad in known if bad.answer is None]
    tried: set[object] = set()
    for bad in decided:
        shown = bad.answer.counterexample if bad.answer is not None else None
        if bad.key is None or shown is None or (bad.over, bad.key, shown.flow, shown.reading) in tried:
            continue
        tried.add((bad.over, bad.key, shown.flow, shown.reading))
        formula = breaking(inventories[bad.over], bad.key, shown)
        own = None if formula is None else _of_one_packet(inventories, bad, shown, formula, refused, budget)
        if own is not None:
            return Search(None, tuple(_needed(own, orders)), shown, proposed)
        if len(tried) == _PACKETS:
            break
    return Search(None, tuple(_needed(decided, orders)), proposed=proposed)


_PACKETS = 20
"""Flows of which it is asked whether every order breaks them."""


def _needed(bad: Sequence[Bad], orders: Orders) -> list[Bad]:
    """Those of the states that suffice: none of them can be left out."""
    kept = list(dict.fromkeys(bad))
    # what is hard to understand goes first: refused and undecided states, large cubes, late ones
    for each in sorted(bad, key=lambda b: (not b.undecided, -len(b.cube.done) - len(b.cube.open), -bad.index(b))):
        fewer = [other for other in kept if other is not each]
        if orders.none_without(other.cube for other in fewer):
            kept = fewer
    return kept


def _of_one_packet(
    inventories: Sequence[States],
    bad: Bad,
    shown: Counterexample,
    formula: Pred,
    refused: Sequence[Bad],
    budget: Budget,
) -> list[Bad] | None:
    """States that no order avoids and that are bad because of one flow; None if some order does not break it."""
    states = inventories[bad.over]
    count = len(states.everything)
    orders = Orders(count, budget)
    found = list(refused)
    for each in refused:
        orders.forbid(each.cube)
    while (order := orders.first()) is not None:
        prefixes = (frozenset(order[:number]) for number in range(1, count))
        state = next((state for state in prefixes if holds(formula, state)), None)
        if state is None:
            return None
        cube = generalised(formula, Cube(state, states.everything - state), budget)
        orders.forbid(cube)
        found.append(replace(bad, cube=cube, state=state, answer=_answer(states, bad, state, shown)))
    return found


def _answer(states: States, bad: Bad, state: State, shown: Counterexample) -> AssertionResult:
    """How the flow breaks the assertion in another state, as the oracle judges it there."""
    assert bad.key is not None
    assert bad.answer is not None
    found = states.answer(bad.key, state)
    if found.counterexample is not None and found.counterexample.flow == shown.flow:
        return found
    world = states.world(state)
    reading = {needed.name: needed.value for needed in shown.reading}
    verdict = Oracle(world.policies, world.inventory).decide(shown.flow, reading)
    # which fields do not matter was asked in the other state
    return replace(bad.answer, counterexample=replace(shown, verdict=verdict, any=()), refuting_pairs=0)
