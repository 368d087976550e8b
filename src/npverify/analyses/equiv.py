"""Do two policy sets allow exactly the same flows? Proved, or shown by a flow that both oracles have confirmed.

Equivalent means: for every two endpoints, every way for them to meet, every packet, every address that nobody knows and every
reading of what the specification leaves open, the two sides give one verdict. Endpoints are matched by kind, namespace, name
and kind of workload. One that a side lacks sends and receives nothing there. Each side judges an endpoint by the labels, ports,
account and node that it has there itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from npverify.analyses.answers import never
from npverify.analyses.equiv_notes import notes
from npverify.analyses.equiv_results import Equivalence, EquivResult
from npverify.analyses.equiv_search import Search, prefer_default
from npverify.analyses.equiv_witness import difference
from npverify.analyses.world import World
from npverify.ingest.source import InputError
from npverify.inventory.model import Inventory
from npverify.smt.solver import BUDGETS, Budget, InterruptedByUserError

EMPTY = "NPV301"
_FIX = "add the manifests of the workloads to both sides with --with, or accept this with --allow-empty"

Progress = Callable[[int, int, str], None]
"""Called with what is done, what there is to do, and what is done next."""


def equiv(
    left: World,
    right: World,
    *,
    budget: Budget = BUDGETS["normal"],
    timeout: float | None = None,
    every: bool = False,
    allow_empty: bool = False,
    stop: Callable[[], bool] = never,
    progress: Progress | None = None,
) -> EquivResult:
    """Compare two worlds. `timeout` is in seconds for one question to the solver, on top of the budget.

    Ctrl-C, or `stop` giving True, ends the run: different if a difference was found, else undecided. InternalError if the
    oracles do not confirm a witness; InputError if nobody is there on either side, unless `allow_empty`.
    """
    if not (allow_empty or left.inventory.pods or right.inventory.pods):
        raise InputError.one(
            EMPTY, "no pod or workload was found on either side, so any two sides would be equal", fix=_FIX
        )
    left, right, borrowed = _over_one_inventory(left, right)
    result = EquivResult(Equivalence.UNDECIDED, left, right)
    try:
        search = Search(left, right, Budget(budget.rlimit, budget.seconds if timeout is None else timeout), stop)
        found = sorted(search.found(), key=lambda f: f.order)
        result = replace(result, only_left=search.twins.only(0), only_right=search.twins.only(1))
        result = replace(result, notes=(*borrowed, *notes(result, search.twins)))
        if not found:
            if search.gave_up is not None:
                return replace(result, because=str(search.gave_up))
            return replace(result, status=Equivalence.EQUIVALENT)
        witness = difference(search, *prefer_default(search, found))
        pairs = sum(f.pairs for f in found)
        return replace(result, status=Equivalence.DIFFERENT, witness=witness, pairs=pairs)
    except (InterruptedByUserError, KeyboardInterrupt):
        return replace(result, because="the run was interrupted", interrupted=True)


def _over_one_inventory(left: World, right: World) -> tuple[World, World, tuple[str, ...]]:
    """Both worlds with pods: one that has policies alone is judged over the inventory of the other."""
    if bool(left.inventory.pods) is bool(right.inventory.pods):
        return left, right, ()
    if right.inventory.pods:
        return _over(left, right.inventory), right, ("the left side has no pods, so those of the right count",)
    return left, _over(right, left.inventory), ("the right side has no pods, so those of the left count",)


def _over(world: World, inventory: Inventory) -> World:
    return world.over(inventory) if world.over is not None else replace(world, inventory=inventory)
