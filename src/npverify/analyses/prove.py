"""Proves assertions, or refutes them with a flow that the oracle has confirmed.

An assertion is proved exactly when each of its obligations is unsatisfiable and at least one has a satisfiable premise; a
spent budget makes it undecided, an unsatisfiable premise everywhere vacuous. Neither is ever called proved.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from npverify.analyses.answers import never
from npverify.analyses.engine import NO_FLOW, Engine
from npverify.analyses.parallel import Piece, anchors_of, best_method, run
from npverify.analyses.prove_isolation import prove_isolated
from npverify.analyses.prove_policies import hangs_together, prove_policy_claim
from npverify.analyses.prove_some import prove_each_reaches_some, prove_some_flow
from npverify.analyses.prove_some_through import prove_each_comes_in_to_some
from npverify.analyses.refute import first_counterexample, violated
from npverify.analyses.results import AssertionResult, ProveResult, Status
from npverify.analyses.vacuous import why_no_flow
from npverify.analyses.ways_in import ways_in
from npverify.analyses.world import World
from npverify.assertions.claims import AllFlows, Assertion, Claim, EachReachesSome, Isolated, PolicyClaim, SomeFlow
from npverify.ingest.collector import keep, without_gc
from npverify.smt.solver import BUDGETS, Budget, InterruptedByUserError, UndecidedError

Progress = Callable[[int, int, str], None]
"""Called with how many assertions are decided, how many there are, and the title of the first that is not."""

FEWEST = 4
"""Assertions for which a process of their own is worth its start."""


def prove(
    world: World,
    assertions: Sequence[Assertion],
    *,
    budget: Budget = BUDGETS["normal"],
    timeout: float | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
    stop: Callable[[], bool] = never,
) -> ProveResult:
    """Answer every assertion. `timeout` is in seconds for one obligation, on top of the budget; `jobs` is how many processes
    may work, which give the same answers as one.

    Ctrl-C, or `stop` giving True, ends the run with what is decided; the rest is undecided and `interrupted` is set. InternalError if the oracle
    does not confirm a counterexample.
    """
    budget = Budget(budget.rlimit, timeout if timeout is not None else budget.seconds)

    def tell(done: int, total: int, index: int) -> None:
        if progress is not None:
            progress(done, total, assertions[index].title)

    world = world.asking(at for assertion in assertions for at in assertion.requests)
    job = _Job(world, tuple(assertions), budget)
    with without_gc():  # next to nothing here refers to itself, and most is kept
        done = run(job, len(assertions), _processes(world, assertions, jobs), stop=stop, tell=tell)
        keep(len(world.inventory.endpoints))
    results = [
        result or AssertionResult(assertion, Status.UNDECIDED, because=_INTERRUPTED)
        for assertion, result in zip(assertions, done.results, strict=True)
    ]
    return ProveResult(tuple(results), tuple(ways_in(world, assertions)), world.warnings, done.interrupted)


_INTERRUPTED = "the run was interrupted"


def _processes(world: World, assertions: Sequence[Assertion], jobs: int) -> int:
    """How many processes work. One that is started anew knows no documents, from which sets are made that lack a policy."""
    processes = min(jobs, len(assertions) // FEWEST)
    if processes > 1 and hangs_together(world.policies):
        claims = (assertion.claim for assertion in assertions)
        asked = any(isinstance(claim, PolicyClaim) and claim.property == "redundant" for claim in claims)
        if asked and best_method() == "spawn":
            return 1
    return processes


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """The assertions of a run, each of which is a piece of work."""

    world: World
    assertions: tuple[Assertion, ...]
    budget: Budget

    def anchors(self) -> Iterator[object]:
        yield from anchors_of(self.world)
        yield from self.assertions

    def start(self, stop: Callable[[], bool]) -> Piece[AssertionResult]:
        engine = Engine(self.world, self.budget, stop)
        return lambda index: _answer(engine, self.assertions[index])


def _answer(engine: Engine, assertion: Assertion) -> tuple[AssertionResult, bool]:
    """The answer with its time, and whether it was interrupted."""
    start = time.perf_counter()
    interrupted = False
    try:
        with without_gc():  # also in a process of its own
            result = prove_one(engine, assertion)
    except (InterruptedByUserError, KeyboardInterrupt):
        interrupted = True
        result = AssertionResult(assertion, Status.UNDECIDED, because=_INTERRUPTED)
    if result.because == NO_FLOW:
        result = replace(result, because=why_no_flow(engine.world, assertion))
    return replace(result, seconds=time.perf_counter() - start), interrupted


def prove_one(engine: Engine, assertion: Assertion) -> AssertionResult:
    """Answer one assertion."""
    claim = assertion.claim
    about = engine.residuals.requests.beside_http
    if about and isinstance(claim, AllFlows | SomeFlow | EachReachesSome):
        claim = replace(claim, legs=engine.connections.legs(claim.legs, about))
    try:
        if isinstance(claim, EachReachesSome) and any(leg.ways for leg in claim.legs):
            return prove_each_comes_in_to_some(engine, assertion, claim)
        if not isinstance(claim, AllFlows | SomeFlow):
            return _prove_one(engine, assertion, claim)
        spelled = engine.entries.spelled_out(claim.legs)
        result = _prove_one(engine, assertion, replace(claim, legs=spelled.legs))
        if result.depends_on and engine.world.policies.proxied:  # an answer may be that of one of two ways
            result = replace(result, depends_on=engine.asked(engine.entries.seen(claim.legs)))
    except UndecidedError as gave_up:
        return AssertionResult(assertion, Status.UNDECIDED, because=str(gave_up))
    # with more flows it would be refuted or proved all the same
    settled = Status.REFUTED if isinstance(claim, AllFlows) else Status.PROVED
    if spelled.untold and result.status is not settled:
        because, fix = spelled.untold, spelled.mend
        return AssertionResult(assertion, Status.UNDECIDED, because=because, fix=fix, depends_on=result.depends_on)
    return result


def _prove_one(engine: Engine, assertion: Assertion, claim: Claim) -> AssertionResult:
    """Answer one assertion whose claim may be spelled out."""
    match claim:
        case AllFlows():
            return _all_flows(engine, assertion, claim)
        case SomeFlow():
            return prove_some_flow(engine, assertion, claim)
        case EachReachesSome():
            return prove_each_reaches_some(engine, assertion, claim)
        case Isolated():
            return prove_isolated(engine, assertion, claim)
        case PolicyClaim():
            return prove_policy_claim(engine, assertion, claim)


def _all_flows(engine: Engine, assertion: Assertion, claim: AllFlows) -> AssertionResult:
    # who may reach nobody may not do so by way of a Service either, nor by a port of a node
    legs = claim.legs
    if not claim.want:
        legs = (*legs, *engine.through.services(legs), *engine.entries.added(legs))
    obligations = [o for leg in legs for o in engine.obligations.alike(leg, want=claim.want)]
    obligations.sort(key=lambda o: (o.leg.entry is not None and o.leg.entry.rewritten, o.order))
    asked = engine.asked(claim.legs)
    broken, gave_up = violated(engine, obligations)
    if broken:
        shown = first_counterexample(engine, broken, expected=not claim.want)
        pairs = sum(o.pairs for o in broken)
        return AssertionResult(assertion, Status.REFUTED, shown, depends_on=asked, refuting_pairs=pairs)
    if gave_up is not None:
        return AssertionResult(assertion, Status.UNDECIDED, because=str(gave_up), depends_on=asked)
    apart = (o for leg in legs for o in engine.obligations.apart(leg, want=claim.want))
    if not any(engine.possible(o.premise, o.src, o.dst, same=o.how.same) for o in chain(obligations, apart)):
        return AssertionResult(assertion, Status.VACUOUS, because=NO_FLOW)
    return AssertionResult(assertion, Status.PROVED, depends_on=asked)
