"""The states of a change over one inventory: what the assertions say after any of the steps.

An answer hangs on the steps alone whose policies can have a say in it, so states that have these in common are asked once.
What those are is found out by making each step on its own and looking at what it does to the normal form: nothing here knows
a dialect. A step that does something else than bring and take policies of its own (a tier that moves, a set of addresses that
others name too) is *entangled*: it may have a say in everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from npverify.analyses.engine import NO_FLOW, Engine
from npverify.analyses.load import Given, Options, Settled, settle
from npverify.analyses.prove import prove_one
from npverify.analyses.remotes import Remotes
from npverify.analyses.results import AssertionResult, Status
from npverify.analyses.rollout.edits import ChangeSet
from npverify.analyses.rollout.merge import Merged, merged
from npverify.analyses.vacuous import why_no_flow
from npverify.analyses.world import World
from npverify.assertions.claims import AllFlows, Assertion, EachReachesSome, Isolated, SomeFlow
from npverify.assertions.resolve import resolve
from npverify.ingest.document import Document
from npverify.ingest.read import SpecText
from npverify.ingest.source import InputError, Problems
from npverify.inventory.model import Inventory
from npverify.normal.policy import Direction
from npverify.normal.predicates import Clause
from npverify.reduction.standing import Standing
from npverify.smt.solver import Budget

State = frozenset[int]
"""The numbers of the steps that are done."""

NOTHING: State = frozenset()

Key = tuple[str, int, int, str]
"""An assertion by its place and text, which both inventories have in common."""


def key_of(assertion: Assertion) -> Key:
    """Which statement of a spec an assertion is."""
    span = assertion.span
    return (span.file, span.line, span.column, assertion.text)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What the states of one inventory are made of."""

    inventory: Sequence[Document]
    change: ChangeSet
    specs: tuple[SpecText, ...]
    options: Options
    skipped: Mapping[str, int]
    remotes: Remotes
    budget: Budget


class States:
    """Answers assertions in any state. Guards what is known of the states that were asked about, and the engine of the last."""

    def __init__(self, source: Source, stop: Callable[[], bool]) -> None:
        """Raises InputError with every problem of the policies of both versions over this inventory."""
        self._source = source
        self._stop = stop
        self._settled: Settled | None = None
        self._hosts: tuple[Document, ...] = ()
        self._engine: Engine | None = None
        self._standing: Standing | None = None
        self._worlds: dict[State, World] = {}
        self._requests: frozenset[Clause] = frozenset()  # what the assertions ask of requests
        self._resolved: tuple[Inventory, dict[Key, Assertion]] | None = None
        self._answers: dict[tuple[Key, State], AssertionResult] = {}
        self.everything: State = frozenset(range(len(source.change.steps)))
        self.first = self.world(NOTHING)
        self.last = self.world(self.everything)
        self.problems = Problems()
        self._resolve(self.last.inventory, self.problems)
        self._requests = frozenset(at for assertion in self.assertions.values() for at in assertion.requests)
        self._worlds = {state: world.asking(self._requests) for state, world in self._worlds.items()}
        self.first, self.last = self._worlds[NOTHING], self._worlds[self.everything]
        self.merged = self._merged()
        self._involved: dict[Key, State] = {}

    @property
    def assertions(self) -> Mapping[Key, Assertion]:
        """What the specs say about this inventory, as far as it is about flows or isolation; `problems` tells of the rest."""
        return self._of(self.last.inventory)

    def world(self, state: State) -> World:
        """The inventory with the policies of a state; InputError where they cannot be used together."""
        found = self._worlds.get(state)
        if found is None:
            self._settled = self._settle(state, self._settled)
            found = self._worlds[state] = self._settled.loaded.world.asking(self._requests)
            if len(self._worlds) > _REMEMBERED:
                for old in [s for s in self._worlds if s not in (NOTHING, self.everything, state)]:
                    del self._worlds[old]
        return found

    def answer(self, key: Key, state: State) -> AssertionResult:
        """What is true of an assertion in a state. Raises InterruptedByUserError."""
        asked = (key, state & self.involved(key))
        found = self._answers.get(asked)
        if found is None:
            world = self.world(state)
            assertion = self._of(world.inventory)[key]
            found = prove_one(self._at(world), assertion)
            if found.because == NO_FLOW:
                because = why_no_flow(world, assertion)
                found = AssertionResult(assertion, Status.VACUOUS, because=because)
            self._answers[asked] = found
        return found

    def involved(self, key: Key) -> State:
        """The steps that may have a say in an assertion: those whose policies select an endpoint of it, before or after."""
        if not self._involved:
            asked = [{k: self._asked(k, state) for k in self._of(self.world(state).inventory)} for state in self._ends]
            for each in {**asked[0], **asked[1]}:
                selecting = asked[0].get(each, frozenset()) | asked[1].get(each, frozenset())
                touching = {n for n, ids in self.merged.touched.items() if not ids.isdisjoint(selecting)}
                self._involved[each] = frozenset(touching | self.merged.entangled)
        return self._involved[key]

    @property
    def _ends(self) -> tuple[State, State]:
        return (NOTHING, self.everything)

    def _asked(self, key: Key, state: State) -> frozenset[object]:
        """The policies that select an endpoint of an assertion in a state."""
        world = self.world(state)
        engine, claim = self._at(world), self._of(world.inventory)[key].claim
        if isinstance(claim, AllFlows | SomeFlow | EachReachesSome):
            legs = (*engine.entries.seen(claim.legs), *engine.through.services(claim.legs))
            return frozenset(engine.asked(legs))
        if isinstance(claim, Isolated):
            ends = dict.fromkeys(claim.ends)
            residuals = engine.residuals
            return frozenset(
                entry.policy.id
                for end in ends
                for direction in Direction
                for entry in residuals.signature(direction, residuals.classes.of[end])
            )
        raise AssertionError(f"{type(claim).__name__} is about no state")

    def _at(self, world: World) -> Engine:
        """The engine of a world; what the step from the last one does not touch is shared."""
        engine, standing = self._engine, self._standing
        if engine is not None and engine.world is world:
            return engine
        if engine is None or standing is None or engine.world.inventory is not world.inventory:
            fresh = Engine(world, self._source.budget, self._stop)
            self._standing = Standing.of(world.policies)
            if engine is not None:
                fresh.know(engine)
        else:
            change = standing.after(world.policies)
            fresh = Engine.after(engine, world, change)
            self._standing = change.now
        self._engine = fresh
        return fresh

    def _settle(self, state: State, before: Settled | None) -> Settled:
        source = self._source
        policies = source.change.policies(state)
        hosts = tuple(doc for doc in policies if doc.kind == _HOST)
        # names of namespaces that only policies use must not come and go with them
        idle = [doc for doc in source.change.idle if doc.kind != _HOST]
        documents = [
            *source.inventory,
            *source.change.fixed,
            *idle,
            *(doc for doc in hosts if doc not in source.change.fixed),
        ]
        given = Given(documents, policies, source.specs, Counter(source.skipped), source.remotes)
        settled = settle(
            given, source.options, Problems(), before, same_inventory=before is not None and hosts == self._hosts
        )
        self._hosts = hosts
        return settled

    def _of(self, inventory: Inventory) -> dict[Key, Assertion]:
        if self._resolved is None or self._resolved[0] is not inventory:
            self._resolve(inventory, Problems())
        assert self._resolved is not None
        return self._resolved[1]

    def _resolve(self, inventory: Inventory, problems: Problems) -> None:
        ids = {**self.first.defined, **self.last.defined}
        found = resolve(self._source.specs, inventory, ids, problems, only_tags=self._source.options.only_tags)
        known = {key_of(a): a for a in found.assertions if isinstance(a.claim, _ABOUT_STATES)}
        self.others = tuple(a for a in found.assertions if not isinstance(a.claim, _ABOUT_STATES))
        self._resolved = (inventory, known)

    def _merged(self) -> Merged:
        """What each step does to the normal form, made on its own behind what it needs."""
        change = self._source.change
        alone: dict[int, tuple[World, World] | None] = {}
        for number in sorted(self.everything):
            needs = change.closure(number)
            try:
                alone[number] = (self.world(needs), self.world(needs | {number}))
            except InputError:
                alone[number] = None
        return merged(self.first, self.last, alone)


_ABOUT_STATES = (AllFlows, SomeFlow, EachReachesSome, Isolated)
_HOST = "HostEndpoint"
_REMEMBERED = 200
