"""What a change does: every flow that one of two versions alone allows, as few groups, each confirmed by both oracles.

Complete by construction: `equiv` finds every pair of classes, and every formula of them, that some flow can tell apart; the groups
are cut from exactly these. Endpoints are matched as `equiv` matches them; pods of one workload whose names only one version
has are matched with each other, because a pod has another name whenever it is started; a template is compared at the pods that
the other version lists of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from npverify.analyses.answers import never
from npverify.analyses.diff.build import Builder
from npverify.analyses.diff.claims import Claims
from npverify.analyses.diff.edits import Edits
from npverify.analyses.diff.groups import Groups
from npverify.analyses.diff.promises import promises, wanted
from npverify.analyses.diff.results import DiffResult
from npverify.analyses.diff.templates import told_apart
from npverify.analyses.equiv import comparable
from npverify.analyses.equiv_notes import Called, notes
from npverify.analyses.equiv_search import Progress, Search, agreement_of
from npverify.analyses.way_changes import way_changes
from npverify.analyses.world import World
from npverify.assertions.resolve import resolve
from npverify.ingest.collector import without_gc
from npverify.ingest.read import SpecText
from npverify.ingest.source import InputError, Problems
from npverify.reduction.agreement import Readers
from npverify.smt.solver import BUDGETS, Budget, InterruptedByUserError, UndecidedError

EMPTY = "NPV421"
_FIX = "add the manifests of the workloads to both versions with --with, or accept this with --allow-empty"


@without_gc()  # a comparison is many small values and no cycles
def diff(
    old: World,
    new: World,
    *,
    specs: Sequence[SpecText] = (),
    only_tags: Collection[str] = (),
    budget: Budget = BUDGETS["normal"],
    timeout: float | None = None,
    allow_empty: bool = False,
    stop: Callable[[], bool] = never,
    progress: Progress | None = None,
) -> DiffResult:
    """Compare two versions.

    `timeout` is in seconds for one question to the solver, on top of the budget. Ctrl-C, or `stop` giving True, ends the
    run undecided. InternalError if the oracles do not confirm a change; InputError if nobody is there in either version,
    unless `allow_empty`.
    """
    if not (allow_empty or old.inventory.pods or new.inventory.pods):
        raise InputError.one(EMPTY, "no pod or workload was found in either version, so nothing could change", fix=_FIX)
    old, new, borrowed = comparable(old, new, NAMES)
    as_given = (old, new)
    old, new, apart = told_apart(old, new, NAMES)
    problems = Problems()
    asked = wanted(old, new, specs, only_tags, problems)
    resolve(specs, new.inventory, new.defined, problems, only_tags=only_tags, of_change=True)
    problems.raise_errors()
    result = DiffResult(old, new, ways=way_changes(old, new), warnings=problems.warnings)
    try:
        limit = Budget(budget.rlimit, budget.seconds if timeout is None else timeout)
        clauses = frozenset(at for one in asked for at in one.assertion.requests)
        old_asked, new_asked = old.asking(clauses), new.asking(clauses)
        agreed = agreement_of(Readers(), old_asked, new_asked, stop)
        search = Search(old_asked, new_asked, limit, stop, by_workload=True, agreed=agreed)
        found = sorted(search.found(progress), key=lambda f: f.order)
        groups = Groups(search)
        made = groups.of(found)
        builder = Builder.of(search, groups, Edits(old, new))
        result = replace(
            result,
            changes=builder.changes(g for g in made if not g.said.reading and not g.only),
            one_sided=builder.changes(g for g in made if not g.said.reading and g.only),
            conditional=builder.changes(g for g in made if g.said.reading),
            only_old=search.twins.only(0),
            only_new=search.twins.only(1),
        )
        told = [*borrowed, *apart, *notes(old, new, result.only_old, result.only_new, search.twins, NAMES)]
        if groups.more:
            told.append("under other readings than the default one there may be more that is different")
        result = replace(result, notes=tuple(told), undecided=str(search.gave_up) if search.gave_up is not None else "")
        claims = Claims(search, found)
        result = replace(result, claims=tuple(claims.decide(one) for one in asked))
        kept = promises(*as_given, specs, only_tags, Problems(), budget=budget, timeout=timeout, stop=stop)
        return replace(result, promises=kept)
    except UndecidedError as gave_up:
        return replace(result, undecided=str(gave_up))
    except (InterruptedByUserError, KeyboardInterrupt):
        return replace(result, undecided="the run was interrupted", interrupted=True)


NAMES = (Called("the old version", "in the old version"), Called("the new version", "in the new version"))
"""What notes call the two."""
