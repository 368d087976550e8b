"""The smallest edits that let a denied flow through: each is made on a copy of the input, read back, and judged.

What is suggested works, under the default reading at least; what else it opens is counted. The search is bounded, so there
may be more edits than those that are told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from npverify.analyses.answers import never
from npverify.analyses.evaluate import Evaluator, evaluator
from npverify.analyses.mends.candidates import Candidate, Documents, candidates
from npverify.analyses.mends.opens import MOST_WORKLOADS, Connected, Opened, opened
from npverify.analyses.results import Evaluation
from npverify.analyses.world import Origin, World
from npverify.dialects.rule_edits import ObjectEdit, edited
from npverify.ingest.document import Document
from npverify.ingest.source import InputError
from npverify.inventory.model import EndpointKind, Inventory
from npverify.normal.flow import Decider, Flow
from npverify.normal.policy import Action, Direction

SHOWN = 5
_TRIES, _FEWEST_TRIES = 60, 8
_WORK = 30_000  # policies that may be read anew for all tries together
_OF_A_KIND = 2  # rules to add, peers, ports that are told for one direction: one is as good as another


@dataclass(frozen=True, slots=True)
class Mend:
    """An edit that lets the flow through.

    `text`     what to do, one sentence without a full stop
    `edits`    what is put where
    `size`     how much it changes; smaller is better
    `opened`   what else it changes; None where that was not counted
    `depends`  what nobody knows that could make it deny the flow after all
    """

    kind: str
    text: str
    edits: tuple[ObjectEdit, ...]
    size: int
    opened: Opened | None = None
    depends: tuple[str, ...] = ()


def mends(
    world: World, evaluation: Evaluation, *, most: int = SHOWN, stop: Callable[[], bool] = never
) -> tuple[Mend, ...]:
    """Edits that let a denied flow through, smallest first; () if it passes, if none was found, or if it is not known what
    the world was read from (`load` with `keep_documents`)."""
    if world.origin is None or evaluation.verdict.allowed:
        return ()
    search = _Search(world, world.origin, evaluation, stop)
    return tuple(search.found(most))


def last_words(evaluation: Evaluation) -> tuple[Decider, ...]:
    """The rules that deny a flow and that no rule which allows goes before: they can only be narrowed. Cilium has such."""
    verdict = evaluation.verdict
    found = (by for side in (verdict.egress, verdict.ingress) if not side.allowed for by in side.by)
    denying = (by for by in found if by.rule is not None and by.rule.action is Action.DENY)
    return tuple(by for by in denying if by.policy.id.dialect == "cilium" and by.rule and "Deny[" in by.rule.label)


class _Search:
    """Tries edits of one input for one flow. Guards what was tried."""

    def __init__(self, world: World, origin: Origin, evaluation: Evaluation, stop: Callable[[], bool]) -> None:
        self._world = world
        self._origin = origin
        self._evaluation = evaluation
        self._stop = stop
        self._documents = Documents(origin.documents)
        policies = len(world.defined)
        self._tries = max(_FEWEST_TRIES, min(_TRIES, _WORK // (policies + 1)))
        self._counts = len({pod.workload for pod in world.inventory.pods}) <= MOST_WORKLOADS
        self._before: Connected | None = None
        self._warned = {(warning.code, warning.message) for warning in world.warnings}

    def found(self, most: int) -> list[Mend]:
        """The edits that work, in order."""
        verdict = self._evaluation.verdict
        denied = [side.direction for side in (verdict.egress, verdict.ingress) if not side.allowed]
        per_side = [self._one_side(direction, most) for direction in denied]
        whole = [(c, e) for side in per_side for c, e in side if e.verdict.allowed]
        if len(denied) == 2:
            alone = [[c for c, e in side if not e.verdict.allowed] for side in per_side]
            pairs = sorted((_both(a, b) for a, b in product(*alone)), key=lambda c: c.size)
            for candidate in pairs[: 2 * most]:
                found = self._after(candidate)
                if found is not None and found[1].verdict.allowed:
                    whole.append((candidate, found[1]))
        unlike = {c.text: (c, e) for c, e in whole}
        chosen = sorted(unlike.values(), key=lambda item: item[0].size)[: most * 2]
        told = [self._mend(c, e) for c, e in chosen]
        told.sort(key=lambda m: (m.size, m.opened.count + m.opened.losses if m.opened else 0))
        return [mend for mend in told if not any(_better(other, mend) for other in told)][:most]

    def _one_side(self, direction: Direction, most: int) -> list[tuple[Candidate, Evaluation]]:
        """The candidates after which a direction allows the flow."""
        it = evaluator(self._world)
        side = self._evaluation.verdict
        seen = it.oracle.seen(it.settled(self._evaluation.flow), {}, direction)
        verdict = side.egress if direction is Direction.EGRESS else side.ingress
        kept: list[tuple[Candidate, Evaluation]] = []
        of_kind: dict[str, int] = {}
        tried = 0
        for candidate in candidates(self._world.policies, self._world.inventory, self._documents, seen, verdict):
            if self._stop() or tried >= self._tries or len(kept) >= 2 * most:
                break
            if candidate.kind != "label" and of_kind.get(candidate.kind, 0) >= _OF_A_KIND:
                continue
            tried += 1
            found = self._after(candidate)
            if found is None:
                continue
            after = found[1].verdict
            if (after.egress if direction is Direction.EGRESS else after.ingress).allowed:
                kept.append((candidate, found[1]))
                of_kind[candidate.kind] = of_kind.get(candidate.kind, 0) + 1
        return kept

    def _after(self, candidate: Candidate) -> tuple[World, Evaluation] | None:
        """The world after an edit and what it says of the flow; None where the edit cannot be read or takes the flow away."""
        by: dict[Document, list[ObjectEdit]] = {}
        for edit in candidate.edits:
            by.setdefault(edit.document, []).append(edit)
        try:
            world = self._origin.edited({doc: edited(doc.value, edits) for doc, edits in by.items()})
            if not {(w.code, w.message) for w in world.warnings} <= self._warned:
                return None
        except (InputError, LookupError, TypeError, AttributeError):
            return None  # objects that were written in another way than the edit expects
        flow = _same_flow(self._evaluation.flow, world.inventory)
        if flow is None:
            return None
        return world, Evaluator(world).evaluate(flow)

    def _mend(self, candidate: Candidate, evaluation: Evaluation) -> Mend:
        changes = None
        if self._counts and not self._stop():
            found = self._after(candidate)
            if found is not None:
                self._before = self._before or Connected(self._world)
                changes = opened(self._before, Connected(found[0]), self._evaluation.flow)
        return Mend(candidate.kind, candidate.text, candidate.edits, candidate.size, changes, evaluation.depends)


def _better(one: Mend, other: Mend) -> bool:
    """Whether an edit does the same as another of its kind, and opens less."""
    if one.kind != other.kind or one.kind == "label" or one.opened is None or other.opened is None:
        return False
    costs = [found.count + found.losses for found in (one.opened, other.opened)]
    return one.size <= other.size and costs[0] < costs[1]


def _both(one: Candidate, other: Candidate) -> Candidate:
    """Two edits together."""
    kind = one.kind if one.kind == other.kind else "several"
    return Candidate(kind, f"{one.text}, and {other.text}", (*one.edits, *other.edits), one.size + other.size)


def _same_flow(flow: Flow, inventory: Inventory) -> Flow | None:
    """The same flow between the endpoints of another inventory; None if it is not there or its Service sends it elsewhere."""
    if not {flow.src.kind, flow.dst.kind} <= {EndpointKind.EXTERNAL}:
        ends = {end.key: end for end in inventory.endpoints}
        src, dst = (e if e.kind is EndpointKind.EXTERNAL else ends.get(e.key) for e in (flow.src, flow.dst))
        if src is None or dst is None:
            return None
        flow = replace(flow, src=src, dst=dst)
    if flow.via is not None:
        service = inventory.services.get((flow.via.namespace, flow.via.name))
        backends = (b for found in service.backends.values() for b in found) if service else iter(())
        if not any(b.endpoint is flow.dst for b in backends):
            return None
    return flow


def fragments(mend: Mend) -> Iterator[tuple[ObjectEdit, str, object]]:
    """Each part of an edit: the object, where in it, and what to put there, ready to be written as YAML."""
    for edit in mend.edits:
        if not edit.path:
            yield edit, "", edit.item
            continue
        path = edit.path if edit.into_list else edit.path[:-1]
        where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
        yield edit, where, [edit.item] if edit.into_list else {edit.path[-1]: edit.item}
