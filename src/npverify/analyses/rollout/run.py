"""Reads both versions of a change, and finds an order for it or shows that there is none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from npverify.analyses.answers import never
from npverify.analyses.load import NO_ASSUMPTIONS, NO_REMOTES, Options
from npverify.analyses.remotes import read_remotes, wanted
from npverify.analyses.results import AssertionResult, Status
from npverify.analyses.rollout.commands import commands
from npverify.analyses.rollout.edits import ChangeSet, Step, change_set, parted
from npverify.analyses.rollout.inventories import has_pods, same_inventory
from npverify.analyses.rollout.results import BadStates, Broken, Outcome, RolloutResult, StepResult
from npverify.analyses.rollout.search import Bad, Progress, Search, search
from npverify.analyses.rollout.states import NOTHING, Key, Source, State, States
from npverify.analyses.specs import named_specs
from npverify.dialects import CALICO_VERSION, usual_plugin
from npverify.dialects.needs import identity
from npverify.ingest.document import Document
from npverify.ingest.files import File
from npverify.ingest.read import read
from npverify.ingest.source import Problems
from npverify.inventory.addresses import Family
from npverify.inventory.slim import Slim
from npverify.smt.solver import BUDGETS, Budget, InterruptedByUserError, UndecidedError


def rollout(
    old: Sequence[str | File],
    new: Sequence[str | File],
    *,
    specs: Sequence[str | File] = (),
    by_file: bool = False,
    cni: str | None = None,
    calico_version: str = CALICO_VERSION,
    assume: Mapping[str, str] = NO_ASSUMPTIONS,
    only_tags: Collection[str] = (),
    ignore_kinds: Collection[str] = (),
    pod_cidrs: Sequence[str] = (),
    families: frozenset[Family] | None = None,
    remotes: Mapping[str, Sequence[str | File]] = NO_REMOTES,
    stdin: Callable[[], bytes] | None = None,
    allow_empty: bool = False,
    budget: Budget = BUDGETS["normal"],
    timeout: float | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] = never,
) -> RolloutResult:
    """An order in which the policies of `new` can take the place of those of `old`, such that every assertion that holds
    before and after holds all the way; or states that no order avoids, with the flows that break the assertions there.

    old, new    the two versions: files, folders, `-`
    specs       the assertions, beside the .npv files of `new` (of `old`, if `new` has none)
    by_file     what one file makes or changes is applied at once
    The others are those of `load` and `prove`; `timeout` is in seconds for one obligation.

    Raises `InputError` with every problem of both versions. Ctrl-C, or `stop` giving True, ends the run undecided.
    """
    problems = Problems()
    bundles = [read(paths, problems, wanted=wanted, stdin=stdin, tidy=Slim()) for paths in (old, new)]
    (old_policies, old_inventory), (new_policies, new_inventory) = (parted(b.documents) for b in bundles)
    change = change_set(old_policies, new_policies, problems, by_file=by_file)
    texts = named_specs(bundles[1].specs or bundles[0].specs, specs, problems)
    clusters = read_remotes(remotes, problems, stdin)
    problems.raise_errors()
    notes = []
    if has_pods(new_inventory) and not has_pods(old_inventory):
        old_inventory = new_inventory
        notes.append("the old version has no workloads, so those of the new one are taken for both")
    elif has_pods(old_inventory) and not has_pods(new_inventory):
        new_inventory = old_inventory
        notes.append("the new version has no workloads, so those of the old one are taken for both")
    plugin = cni or usual_plugin([*old_policies, *new_policies], ignore_kinds)
    options = Options(plugin, calico_version, assume, only_tags, ignore_kinds, pod_cidrs, families, False)
    limit = Budget(budget.rlimit, timeout if timeout is not None else budget.seconds)
    states = [
        States(Source(inventory, change, texts, options, bundle.skipped, clusters, limit), stop)
        for inventory, bundle in zip(_different(old_inventory, new_inventory), reversed(bundles), strict=False)
    ][::-1]
    states[-1].problems.raise_errors()
    if len(states) == 2 and same_inventory(states[0].last.inventory, states[1].last.inventory):
        states = states[1:]
    elif len(states) == 2:
        notes.append(_INVENTORIES)
    if not allow_empty:
        _refuse_empty(states[-1])
    run = _Run(change, states, tuple(notes), limit, progress)
    try:
        run.ask()
        return run.result(run.search())
    except UndecidedError as error:
        return run.undecided(str(error))
    except (InterruptedByUserError, KeyboardInterrupt):
        return run.undecided("the run was interrupted", interrupted=True)


_NO_POLICY = "NPV147"
_INVENTORIES = (
    "the two versions have other workloads; when those change is not known, so every state between the first and the last "
    "is judged over the old ones and over the new ones"
)


def _different(old: Sequence[Document], new: Sequence[Document]) -> tuple[Sequence[Document], ...]:
    """The new inventory, and the old one if it says anything else."""
    said = [[(doc.api_version, identity(doc), doc.value) for doc in documents] for documents in (old, new)]
    return (new,) if said[0] == said[1] else (new, old)


def _refuse_empty(states: States) -> None:
    problems = Problems()
    if not states.assertions:
        fix = "name a spec with --spec FILE, or accept this with --allow-empty"
        problems.error("NPV431", "no assertion is about flows or isolation, so any order would do", fix=fix)
    if not states.last.inventory.pods:
        fix = "add the manifests of the workloads with --with PATH, or accept this with --allow-empty"
        problems.error("NPV433", "no pod or workload was found, so every assertion would hold in every state", fix=fix)
    problems.raise_errors()


@dataclass(slots=True)
class _Run:
    """One change with its states over one inventory or two. Guards what was asked of the first and the last state."""

    change: ChangeSet
    inventories: Sequence[States]
    notes: tuple[str, ...]
    budget: Budget
    progress: Progress | None
    before: dict[Key, AssertionResult | None] = field(default_factory=dict)
    after: dict[Key, AssertionResult] = field(default_factory=dict)

    @property
    def old(self) -> States:
        """The states over the old inventory."""
        return self.inventories[0]

    @property
    def new(self) -> States:
        """The states over the new inventory."""
        return self.inventories[-1]

    def ask(self) -> None:
        """What holds before, and what after."""
        for key in self.new.assertions:
            self.before[key] = self.old.answer(key, NOTHING) if key in self.old.assertions else None
            self.after[key] = self.new.answer(key, self.new.everything)

    def search(self) -> Search:
        """An order, or why there is none."""
        if not self.change.steps:
            return Search(())
        return search(self.inventories, self.kept, self.change.refused, self.budget, self.progress)

    @property
    def kept(self) -> list[Key]:
        """The assertions that no state may break."""
        return [key for key in self._strict() if _proved(self.before[key]) and _proved(self.after[key])]

    def result(self, found: Search) -> RolloutResult:
        """The answer, from what the search found."""
        if found.order is None:
            outcome = Outcome.UNDECIDED if found.undecided else Outcome.NONE
            because = "some states are undecided" if found.undecided else ""
            return self._result(outcome, because=because, found=found)
        return self._result(Outcome.FOUND, steps=tuple(self._steps(found.order)), found=found)

    def undecided(self, because: str, *, interrupted: bool = False) -> RolloutResult:
        """The answer where the search did not end."""
        return self._result(Outcome.UNDECIDED, because=because, interrupted=interrupted)

    def _result(
        self,
        outcome: Outcome,
        *,
        steps: tuple[StepResult, ...] = (),
        because: str = "",
        found: Search | None = None,
        interrupted: bool = False,
    ) -> RolloutResult:
        asked = [key for key in self._strict() if key in self.after]
        kept = [key for key in asked if _proved(self.before[key]) and _proved(self.after[key])]
        reached = [key for key in asked if _proved(self.after[key]) and key not in kept]
        assertions = self.new.assertions
        broken = [Broken(self.after[key], self.new.last) for key in asked if not _proved(self.after[key])]
        found = found or Search(None)
        worlds = (self.old.first, self.new.last)
        return RolloutResult(
            outcome,
            steps,
            tuple(self._bad(bad) for bad in found.bad),
            found.packet,
            because,
            tuple(edit for step in self.change.steps for edit in step),
            tuple(assertions[key] for key in kept),
            tuple(assertions[key] for key in reached),
            tuple(self.before[key] for key in reached),
            tuple(broken),
            self.new.others,
            found.proposed,
            *worlds,
            self.notes,
            tuple(
                dict.fromkeys(w for world in worlds for w in world.warnings if w.code != _NO_POLICY or not self._any)
            ),
            interrupted,
        )

    @property
    def _any(self) -> bool:
        """Whether some version has policies, so that a version without any is no mistake."""
        return bool(self.change.steps)

    def _strict(self) -> list[Key]:
        return [key for key, assertion in self.new.assertions.items() if assertion.severity == "error"]

    def _steps(self, order: tuple[int, ...]) -> Iterator[StepResult]:
        told = commands([self.change.steps[number] for number in order])
        states = [frozenset(order[: number + 1]) for number in range(len(order))]
        kept = self.kept
        waiting = {key for key in self._strict() if _proved(self.after[key]) and key not in kept}
        reached: list[list[Key]] = [[] for _ in order]
        for place in reversed(range(len(order))):
            lost = {key for key in waiting if not self._holds(key, states[place])}
            if place + 1 < len(order):
                reached[place + 1] = [key for key in self.new.assertions if key in lost]
            waiting -= lost
        if order:
            reached[0] = [key for key in self.new.assertions if key in waiting]
        for place, number in enumerate(order):
            yield StepResult(
                self.change.steps[number],
                told[place],
                sum(self._holds(key, states[place]) for key in kept),
                tuple(self.new.assertions[key] for key in reached[place]),
                tuple(self._warned(states[place])),
            )

    def _judges(self, state: State) -> Sequence[States]:
        """The inventories over which a state may be."""
        return (self.new,) if state == self.new.everything else self.inventories

    def _holds(self, key: Key, state: State) -> bool:
        judges = self._judges(state)
        return all(key in states.assertions and _proved(states.answer(key, state)) for states in judges)

    def _warned(self, state: State) -> Iterator[Broken]:
        for key, assertion in self.new.assertions.items():
            if assertion.severity != "warning":
                continue
            for states in self._judges(state):
                if key in states.assertions and not _proved(answer := states.answer(key, state)):
                    yield Broken(answer, states.world(state))
                    break

    def _bad(self, bad: Bad) -> BadStates:
        over = "" if len(self.inventories) == 1 else ("old", "new")[bad.over]
        broken = None if bad.answer is None else Broken(bad.answer, self.inventories[bad.over].world(bad.state))
        done, open_ = (self._edits(numbers) for numbers in bad.cube)
        return BadStates(done, open_, broken, bad.refused, over if broken or bad.refused else "")

    def _edits(self, numbers: State) -> Step:
        return tuple(edit for number in sorted(numbers) for edit in self.change.steps[number])


def _proved(answer: AssertionResult | None) -> bool:
    return answer is not None and answer.status is Status.PROVED
