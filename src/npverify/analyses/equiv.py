"""Do two policy sets allow exactly the same flows? Proved, or shown by a flow that both oracles have confirmed.

Equivalent means: for every two endpoints, every way for them to meet, every packet, every address that nobody knows and every
reading of what the specification leaves open, the two sides give one verdict. Endpoints are matched by kind, namespace, name
and kind of workload. One that a side lacks sends and receives nothing there. Each side judges an endpoint by the labels, ports,
account and node that it has there itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from npverify.analyses.answers import never
from npverify.analyses.equiv_notes import SIDES, Names, notes
from npverify.analyses.equiv_regions import regions
from npverify.analyses.equiv_results import Equivalence, EquivResult
from npverify.analyses.equiv_search import Found, Progress, Search, agreement_of, preferred
from npverify.analyses.equiv_switches import told_apart
from npverify.analyses.equiv_witness import difference
from npverify.analyses.way_changes import way_changes
from npverify.analyses.world import World
from npverify.ingest.collector import without_gc
from npverify.ingest.source import InputError
from npverify.inventory.addresses import FAMILIES, Family
from npverify.inventory.model import Inventory
from npverify.inventory.nodes import ANY_NODE
from npverify.normal.predicates import and_, protocol_is
from npverify.reduction.agreement import Readers
from npverify.reduction.proxied import said_of_proxy
from npverify.reduction.residuals import Residuals
from npverify.smt.solver import BUDGETS, Budget, InterruptedByUserError, UndecidedError

EMPTY = "NPV301"
_PROXY = (
    "what policies let Cilium's own Ingress and Gateway pass on is not compared, and they do not say the same of it"
)
_FIX = "add the manifests of the workloads to both sides with --with, or accept this with --allow-empty"


class Kept:
    """What one comparison leaves for the next of the same left world. Guards its search, and what policies say."""

    def __init__(self) -> None:
        self.search: Search | None = None
        self.readers = Readers()


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
    """Compare two worlds; with `every`, list all that differs.

    `timeout` is in seconds for one question to the solver, on top of the budget. Ctrl-C, or `stop` giving True, ends the
    run undecided. InternalError if the oracles do not confirm a witness; InputError if nobody is there on either side,
    unless `allow_empty`.
    """
    return equiv_after(
        Kept(),
        left,
        right,
        budget=budget,
        timeout=timeout,
        every=every,
        allow_empty=allow_empty,
        stop=stop,
        progress=progress,
    )


def equiv_after(
    kept: Kept,
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
    """`equiv` that uses what earlier comparisons of the same left world found out, and leaves in `kept` what it found."""
    if not (allow_empty or left.inventory.pods or right.inventory.pods):
        raise InputError.one(
            EMPTY, "no pod or workload was found on either side, so any two sides would be equal", fix=_FIX
        )
    left, right, borrowed = comparable(left, right)
    right = told_apart(left, right)  # last, since policies are read anew over the other side's inventory
    limits = Budget(budget.rlimit, budget.seconds if timeout is None else timeout)
    with without_gc():  # a search is many small values and no cycles, and it is gone at the end
        return _searched(left, right, borrowed, limits, stop, progress, kept, every=every)


def _searched(
    left: World,
    right: World,
    borrowed: tuple[str, ...],
    limits: Budget,
    stop: Callable[[], bool],
    progress: Progress | None,
    kept: Kept,
    *,
    every: bool,
) -> EquivResult:
    result = EquivResult(Equivalence.UNDECIDED, left, right, ways=way_changes(left, right))
    try:
        agreed = agreement_of(kept.readers, left, right, stop)
        if agreed is not None and agreed.whole and not left.policies.proxied and not right.policies.proxied:
            told = notes(left, right, (), (), None)
            return replace(result, status=Equivalence.EQUIVALENT, notes=(*borrowed, *told))
        search = kept.search = Search(left, right, limits, stop, before=kept.search, agreed=agreed)
        found = sorted(search.found(progress), key=lambda f: f.order)
        result = replace(result, only_left=search.twins.only(0), only_right=search.twins.only(1))
        told = notes(left, right, result.only_left, result.only_right, search.twins)
        result = replace(result, notes=(*borrowed, *told))
        if not found:
            if search.gave_up is not None:
                return replace(result, because=str(search.gave_up))
            if not _alike_to_proxy(left, right):
                return replace(result, because=_PROXY)
            return replace(result, status=Equivalence.EQUIVALENT)
        witness = difference(search, *preferred(search, _telling(search, found, left, right)))
        pairs = _count(found)
        result = replace(result, status=Equivalence.DIFFERENT, witness=witness, pairs=pairs)
        if search.gave_up is not None:
            return _partly(result, search.gave_up)
        return replace(result, regions=regions(search, found)) if every else result
    except UndecidedError as gave_up:
        if result.witness is None:
            return replace(result, because=str(gave_up))
        return _partly(result, gave_up)
    except (InterruptedByUserError, KeyboardInterrupt):
        return replace(result, because="the run was interrupted", interrupted=True)


def _alike_to_proxy(left: World, right: World) -> bool:
    """Whether policies say the same, in the same order, of the proxy of Cilium's own Ingress, which is in no list."""
    if not (left.policies.proxied or right.policies.proxied):
        return True
    one, other = (said_of_proxy(Residuals(world.inventory, world.policies)) for world in (left, right))
    return one == other


def _telling(search: Search, found: Sequence[Found], left: World, right: World) -> Sequence[Found]:
    """The differences that a witness is chosen from. Two plugins differ about SCTP and about tunnels between all pods; what
    they make of the policies is in a flow of TCP, if there is one."""
    if left.policies.profile == right.policies.profile:
        return found
    tcp = protocol_is("TCP")
    told = []
    for each in found:
        formulas = []
        for formula in each.formulas:
            narrow = replace(formula, differs=and_(formula.differs, tcp))
            try:
                if search.possible(narrow.differs, each.pair, each.way):
                    formulas.append(narrow)
            except UndecidedError:
                continue  # the whole of it is known to be possible
        if formulas:
            told.append(replace(each, formulas=tuple(formulas)))
    return told or found


def _count(found: Sequence[Found]) -> int:
    """How many pairs of endpoints differ: those between which direct flows do; only if there are none, the others."""
    direct = sum(f.pairs for f in found if f.through is None and not f.way.hows[0].same)
    return direct or sum(f.pairs for f in found)


def _partly(result: EquivResult, gave_up: UndecidedError) -> EquivResult:
    """A difference was found, and not all could be decided."""
    return replace(result, notes=(*result.notes, f"there may be more that differs: {gave_up}"))


def comparable(left: World, right: World, names: Names = SIDES) -> tuple[World, World, tuple[str, ...]]:
    """Both worlds with what only one of them tells of the cluster: its pods, if the other has policies alone, the address
    families that it uses, and that it has nodes. With a sentence for each; `names` is what they call the two."""
    told: list[str] = []
    if bool(left.inventory.pods) is not bool(right.inventory.pods):
        alone = names if right.inventory.pods else names[::-1]
        told.append(f"{alone[0].it} has no pods, so those of {alone[1].it} count")
        if _tells_more((left if right.inventory.pods else right).inventory):
            told.append(f"what {alone[0].it} says of namespaces, nodes, Services and accounts does not count")
        if right.inventory.pods:
            left = _over(left, right.inventory)
        else:
            right = _over(right, left.inventory)
    shown = [_families_shown(world.inventory) for world in (left, right)]
    if left.inventory.families != right.inventory.families and shown[0] is not shown[1]:
        lacking, telling = names[::-1] if shown[0] else names
        told.append(f"{lacking.it} does not tell which address families it uses, so those of {telling.it} count")
        if shown[0]:
            right = _of_families(right, left.inventory.families)
        else:
            left = _of_families(left, right.inventory.families)
    return _with_any_node(left, right), _with_any_node(right, left), tuple(told)


def _with_any_node(world: World, other: World) -> World:
    """The world with the node that stands for those that there are, if the other has it and this one has no node: that a
    Service opens a port of nodes is no other node."""
    implied = [node for node in other.inventory.nodes if node.name == ANY_NODE and not other.inventory.nodes_declared]
    if not implied or world.inventory.nodes:
        return world
    ends = sorted((*world.inventory.endpoints, *implied), key=lambda end: end.key)
    return _over(world, replace(world.inventory, endpoints=tuple(ends)))


def _tells_more(inventory: Inventory) -> bool:
    """Whether an inventory without pods tells of other things."""
    declared = any(namespace.declared for namespace in inventory.namespaces.values())
    return declared or bool(inventory.nodes or inventory.services or inventory.service_accounts)


def _families_shown(inventory: Inventory) -> bool:
    """Whether the inventory tells which address families its cluster uses, or only none that it does not use."""
    known = any(end.address_known for end in inventory.endpoints if end.is_pod)
    return known or bool(inventory.pod_space) or inventory.families != frozenset(FAMILIES)


def _of_families(world: World, families: frozenset[Family]) -> World:
    return replace(world, inventory=replace(world.inventory, families=families))


def _over(world: World, inventory: Inventory) -> World:
    return world.over(inventory) if world.over is not None else replace(world, inventory=inventory)
