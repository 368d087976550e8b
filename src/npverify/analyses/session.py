"""A session: loaded once, edited and asked again, where only what an edit touches is computed again.

What is kept over an edit, and while what stays the same:

- what a document was read as and lowered to: the document;
- the inventory: every object that it is built from;
- classes: what tells endpoints apart (`Classes.tell_apart`);
- signatures: the policies that select a class; what is left for a signature: the frame of the policies (`Standing`);
- an answer about flows or isolation: the signatures of all endpoints that it is about, the frame and the inventory;
- what the solver said: the formula.

Answers about policies (redundant, shadowed) are given anew, since any other policy may matter; whether one is vacuous is a matter
of that policy. An answer is a function
of the input alone, so a session gives the same as a fresh run; a test holds the two together over random edits.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from npverify.analyses.answers import never
from npverify.analyses.engine import NO_FLOW, Engine
from npverify.analyses.forget import forget
from npverify.analyses.load import (
    NO_ASSUMPTIONS,
    NO_REMOTES,
    Loaded,
    Options,
    Settled,
    settle,
)
from npverify.analyses.prove import Progress, prove_one
from npverify.analyses.remotes import Remotes, read_remotes
from npverify.analyses.results import AssertionResult, ProveResult, Status
from npverify.analyses.session_input import (
    Edit,
    Input,
    Places,
    changed_objects,
    difference,
    same_inventory,
    used_after,
)
from npverify.analyses.vacuous import why_no_flow
from npverify.analyses.ways_in import legs_of, ways_in
from npverify.analyses.world import World
from npverify.assertions.claims import Assertion, Isolated, PolicyClaim
from npverify.dialects import CALICO_VERSION
from npverify.ingest.collector import keep, look_through, without_gc
from npverify.ingest.files import NOTHING_UNSAVED, SPEC, File
from npverify.ingest.read import SpecText
from npverify.ingest.source import InputError, Problems
from npverify.inventory.addresses import Family
from npverify.inventory.model import Inventory
from npverify.normal.policy import PolicyId
from npverify.reduction.standing import Standing
from npverify.smt.solver import BUDGETS, Budget, InterruptedByUserError

_STEPS = 1_000  # changes of policies after which what was kept over them is given back

APPLIED = "<applied>"
"""The name that messages give to an object that was applied without one."""


class Refreshed(NamedTuple):
    """The files that are other ones than before, by name, and the objects in them that say something else."""

    files: tuple[str, ...]
    objects: tuple[str, ...]


class Session:
    """An input that may be edited, with the answers to its assertions. Guards what is known of it; not to be shared between
    threads. An edit that raises leaves it as it was."""

    def __init__(
        self,
        paths: Sequence[str] = (),
        *,
        specs: Sequence[str] = (),
        cni: str | None = None,
        calico_version: str = CALICO_VERSION,
        assume: Mapping[str, str] = NO_ASSUMPTIONS,
        only_tags: Collection[str] = (),
        ignore_kinds: Collection[str] = (),
        pod_cidrs: Sequence[str] = (),
        families: frozenset[Family] | None = None,
        remotes: Mapping[str, Sequence[str | File]] = NO_REMOTES,
        stdin: Callable[[], bytes] | None = None,
        budget: Budget = BUDGETS["normal"],
        timeout: float | None = None,
        unsaved: Mapping[str, str] = NOTHING_UNSAVED,
    ) -> None:
        """The parameters are those of `load` and `prove`, and the `unsaved` of `refresh`. Raises `InputError` as `load` does."""
        self._paths, self._spec_paths, self._stdin = tuple(paths), tuple(specs), stdin
        self._budget = Budget(budget.rlimit, timeout if timeout is not None else budget.seconds)
        self._options = Options(cni, calico_version, dict(assume), only_tags, ignore_kinds, tuple(pod_cidrs), families)
        problems = Problems()
        self._remotes: Remotes = read_remotes(remotes, problems, stdin)
        self._said_of_remotes = (*problems.errors, *problems.warnings)
        self._input = Input()
        self._used: Counter[str] = Counter()
        self._where: Places | None = None
        self._settled: Settled | None = None
        self._engine: Engine | None = None
        self._steps = 0
        self._standing: Standing | None = None
        self._answers: dict[Assertion, AssertionResult] = {}
        self._assumed: tuple[Inventory, tuple[Assertion, ...], tuple[str, ...]] | None = None
        self._stop: Callable[[], bool] = never
        with without_gc():
            self._take(difference(self._input, Input.read(self._paths, self._spec_paths, stdin, unsaved=unsaved)))

    @property
    def loaded(self) -> Loaded:
        """What `load` would give for the input as it is now."""
        if self._settled is None:
            raise AssertionError("a session that was made is settled")
        return self._settled.loaded

    @property
    def world(self) -> World:
        """The inventory and the policies as they are now."""
        return self.loaded.world

    @property
    def assertions(self) -> tuple[Assertion, ...]:
        """The assertions of the specs, about the inventory as it is now."""
        return self.loaded.assertions

    def apply(self, manifest: str | Mapping[str, Any], *, source: str = APPLIED) -> None:
        """Put objects in force: each replaces the object of its group, kind, namespace and name, or is new.

        `manifest` is an object, or YAML or JSON text with any number of them; messages call it `source`. With a source that
        ends in `.npv` it is the text of a spec, which replaces the spec of that name. Raises `InputError` with every problem
        that the whole input then has.
        """
        text = manifest if isinstance(manifest, str) else json.dumps(manifest, indent=2) + "\n"
        if source.lower().endswith(SPEC):
            self._take(Edit(self._input.with_spec(SpecText(source, text))))
        else:
            self._take(self._input.applied(source, text, self._places()))

    def delete(self, kind: str, name: str, namespace: str = "default", *, group: str | None = None) -> None:
        """Take an object away; `group` is its API group where several have the kind. What is in no namespace needs none.

        Raises `InputError` if there is none, or what is left cannot be used.
        """
        found = [
            place
            for (of, its_kind, space, _), place in self._places().named(name).items()
            if its_kind == kind and space in (namespace, "default") and group in (None, of)
        ]
        exact = [place for place in found if (place[1].namespace or "default") == namespace]
        chosen = exact or [place for place in found if place[1].namespace is None]
        if len(chosen) != 1:
            where = f"{namespace}/{name}" if namespace != "default" else name
            message = (
                f"there is no {kind} `{where}`" if not chosen else f"{kind} `{where}` may be of several API groups"
            )
            fix = "name its `group`" if chosen else "see the names in `Session.world`"
            raise InputError.one("NPV154", f"{message}, so nothing is deleted", fix=fix)
        self._take(self._input.without(*chosen[0]))

    def delete_spec(self, name: str) -> None:
        """Take the assertions of a spec away; `name` is that of its file. Raises `InputError` if there is none."""
        if all(spec.name != name for spec in self._input.specs):
            raise InputError.one("NPV154", f"there is no spec `{name}`, so nothing is deleted")
        self._take(Edit(self._input.without_spec(name)))

    def refresh(self, unsaved: Mapping[str, str] = NOTHING_UNSAVED) -> Refreshed:
        """Read the paths again, and tell which files and objects are other ones now. Of a file with a new text the edits are
        gone. `unsaved` holds texts that count in the place of those on the disk, by the real path of the file. Raises `InputError` with every problem that there is now."""
        with without_gc():
            return self._refresh(unsaved)

    def _refresh(self, unsaved: Mapping[str, str]) -> Refreshed:
        old = self._input
        now = Input.read(self._paths, self._spec_paths, self._stdin, old, unsaved)
        names = [name for name, held in now.manifests.items() if old.manifests.get(name) is not held]
        names += [name for name in old.manifests if name not in now.manifests]
        texts = [{spec.name: spec.text for spec in each.specs} for each in (old, now)]
        names += [name for name in {**texts[0], **texts[1]} if texts[0].get(name) != texts[1].get(name)]
        edit = difference(old, now)
        if names or now.said != old.said:
            self._take(edit)
        return Refreshed(tuple(sorted(names)), changed_objects(edit))

    def prove(self, *, progress: Progress | None = None, stop: Callable[[], bool] = never) -> ProveResult:
        """Answer every assertion, as `npverify.prove` does; of an answer that nothing touched, `seconds` is 0."""
        with without_gc():
            try:
                return self._prove(progress, stop)
            finally:
                keep(len(self.world.inventory.endpoints))  # or what is made here is walked after each edit

    def _prove(self, progress: Progress | None, stop: Callable[[], bool]) -> ProveResult:
        self._stop = stop
        results: list[AssertionResult] = []
        interrupted = False
        for index, assertion in enumerate(self.assertions):
            interrupted = interrupted or stop()
            if not interrupted:
                if progress is not None:
                    progress(index, len(self.assertions), assertion.title)
                try:
                    results.append(self._answer(assertion))
                    continue
                except (InterruptedByUserError, KeyboardInterrupt):
                    interrupted = True
            results.append(AssertionResult(assertion, Status.UNDECIDED, because="the run was interrupted"))
        return ProveResult(tuple(results), self._ways_in(), self.world.warnings, interrupted)

    def _answer(self, assertion: Assertion) -> AssertionResult:
        engine = self._current()
        known = self._answers.get(assertion)
        if known is not None:
            return replace(known, seconds=0.0)
        start = time.perf_counter()
        result = prove_one(engine, assertion)
        if result.because == NO_FLOW:
            result = replace(result, because=why_no_flow(self.world, assertion))
        if result.status is not Status.UNDECIDED:
            self._answers[assertion] = result
        return replace(result, seconds=time.perf_counter() - start)

    def _ways_in(self) -> tuple[str, ...]:
        inventory, assertions = self.world.inventory, self.assertions
        if self._assumed is None or self._assumed[0] is not inventory or self._assumed[1] is not assertions:
            self._assumed = (inventory, assertions, tuple(ways_in(self.world, assertions)))
        return self._assumed[2]

    def _current(self) -> Engine:
        """The engine of the world as it is now; of the answers there are those left that still hold."""
        world, engine, standing = self.world, self._engine, self._standing
        if engine is not None and engine.world is world:
            return engine
        if engine is None or standing is None or engine.world.inventory is not world.inventory:
            fresh = self._new_engine(world)
            self._standing = Standing.of(world.policies)
            self._answers = {}
            if engine is not None:
                fresh.know(engine)
        else:
            change = standing.after(world.policies)
            fresh = Engine.after(engine, world, change)
            self._standing = change.now
            asked = frozenset(self.assertions)
            moved = frozenset(p.id for each in change.moved.values() for p in (*each.gone, *each.come))
            self._answers = {a: r for a, r in self._answers.items() if a in asked and _holds(fresh, a, moved)}
            self._steps += 1
            if self._steps >= _STEPS:  # what is kept for policies that are gone is more and more
                self._steps = 0
                forget()
                look_through()
                fresh = self._new_engine(world)
        self._engine = fresh
        return fresh

    def _new_engine(self, world: World) -> Engine:
        return Engine(world, self._budget, lambda: self._stop(), lasting=True)

    def _places(self) -> Places:
        if self._where is None:
            self._where = Places(self._input)
        return self._where

    def _take(self, edit: Edit) -> None:
        """Make an edit, or raise InputError and change nothing."""
        with without_gc():
            self._make(edit)
            keep(len(self.world.inventory.endpoints))

    def _make(self, edit: Edit) -> None:
        problems = Problems()
        problems.extend(self._said_of_remotes)
        given = edit.input.given(self._remotes, problems)
        used = used_after(self._used, edit)
        same = self._settled is not None and same_inventory(self._input, edit, self._used, used)
        settled = settle(given, self._options, problems, self._settled, same_inventory=same)
        self._input, self._used, self._settled = edit.input, used, settled
        if self._where is not None:
            self._where.follow(edit)


def _holds(engine: Engine, assertion: Assertion, moved: frozenset[PolicyId]) -> bool:
    """Whether the change that made the world of an engine, in which these policies came or went, cannot have touched an
    answer."""
    claim = assertion.claim
    if isinstance(claim, PolicyClaim):
        # whom a policy selects is a matter of the policy alone
        return claim.property == "vacuous" and engine.residuals.changed is not None and moved.isdisjoint(claim.policies)
    if isinstance(claim, Isolated):
        return not any(engine.obligations.touched(claim.ends, direction) for direction in claim.directions)
    return not engine.touched(engine.entries.seen(legs_of(assertion)))
