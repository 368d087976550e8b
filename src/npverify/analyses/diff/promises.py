"""The assertions of a spec over two versions: which `on change` ones to decide, and which plain ones are kept or broken."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal

from npverify.analyses.diff.claims import Wanted
from npverify.analyses.diff.results import Promise
from npverify.analyses.prove import prove
from npverify.analyses.world import World
from npverify.assertions.resolve import resolve, resolve_changes
from npverify.ingest.read import SpecText
from npverify.ingest.source import Problems
from npverify.smt.solver import Budget


def wanted(
    old: World, new: World, specs: Sequence[SpecText], only_tags: Collection[str], problems: Problems
) -> tuple[Wanted, ...]:
    """The `on change` assertions, each resolved in the version that it is about; names that neither has are errors."""
    found: list[Wanted] = []
    kinds: tuple[tuple[Literal["new", "lost"], World, World], ...] = (("new", new, old), ("lost", old, new))
    for which, here, there in kinds:
        mine, others = (
            list(resolve_changes(specs, which, world.inventory, world.defined, only_tags=only_tags))
            for world in (here, there)
        )
        for (assertion, errors), (other, more) in zip(mine, others, strict=True):
            if errors and more:
                problems.extend(errors)
            found.append(Wanted(assertion, bool(other.legs)))
    return tuple(sorted(found, key=lambda one: one.assertion.span))


def promises(
    old: World,
    new: World,
    specs: Sequence[SpecText],
    only_tags: Collection[str],
    problems: Problems,
    *,
    budget: Budget,
    timeout: float | None,
    stop: Callable[[], bool],
) -> tuple[Promise, ...]:
    """Every plain assertion in both versions. Of the old one only those whose names it has; errors about the new one's
    names go to `problems`, and then nothing is decided."""
    after = resolve(specs, new.inventory, new.defined, problems, only_tags=only_tags, of_change=True).assertions
    if problems.errors:
        return ()
    before = resolve(specs, old.inventory, old.defined, Problems(), only_tags=only_tags, of_change=True).assertions
    now = prove(new, after, budget=budget, timeout=timeout, stop=stop).results
    then = prove(old, before, budget=budget, timeout=timeout, stop=stop).results
    known = {(result.assertion.span, result.assertion.text): result for result in then}
    return tuple(Promise(known.get((result.assertion.span, result.assertion.text)), result) for result in now)
