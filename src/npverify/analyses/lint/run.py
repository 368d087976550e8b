"""Asks every rule of lint about a world."""

from __future__ import annotations

from collections.abc import Callable, Collection

from npverify.analyses.answers import never
from npverify.analyses.lint.findings import Finding, LintResult, in_order
from npverify.analyses.lint.registry import RULES, check_code
from npverify.analyses.lint.rule import Context, Rule
from npverify.analyses.lint.silence import parted, read_ignores
from npverify.analyses.prove import Progress
from npverify.analyses.world import World
from npverify.ingest.source import Problems
from npverify.smt.solver import BUDGETS, Budget, InterruptedByUserError


def lint(
    world: World,
    *,
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    budget: Budget = BUDGETS["normal"],
    timeout: float | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] = never,
) -> LintResult:
    """What the rules find in a world that was read with `load(…, for_lint=True)`; ValueError for another one.

    select, ignore    rules by code or name: only these, if any; all but these
    timeout           seconds for one question to the solver, on top of the budget
    progress          called before each rule with its index, how many there are, and its name
    stop              asked between questions: True ends the run with what is found

    InputError for a rule that there is not, and for annotations that cannot be read. InternalError if the oracle does not
    confirm a flow.
    """
    if world.lint is None:
        raise ValueError("the world was not read for lint: load(…, for_lint=True)")
    problems = Problems()
    chosen = _chosen(select, ignore, problems)
    ignores = read_ignores(world.lint.ignores, problems)
    problems.raise_errors()
    asked = [rule for rule in chosen if world.inventory.pods or not rule.about.needs_pods]
    budget = Budget(budget.rlimit, timeout if timeout is not None else budget.seconds)
    context = Context(world, world.lint, budget, stop)
    found: list[Finding] = []
    interrupted = False
    try:
        for index, rule in enumerate(asked):
            if progress is not None:
                progress(index, len(asked), rule.about.name)
            found += rule.find(context, rule.about)
    except (InterruptedByUserError, KeyboardInterrupt):
        interrupted = True
    kept, silenced, unused = parted(in_order(found), ignores)
    codes = {rule.about.code for rule in asked}
    return LintResult(
        tuple(kept),
        tuple(silenced),
        tuple(context.undecided),
        tuple(rule.about for rule in asked),
        tuple(rule.about for rule in chosen if rule not in asked),
        () if interrupted else tuple((i.policy, i.code, i.span) for i in unused if i.code in codes),
        interrupted,
    )


def _chosen(select: Collection[str], ignore: Collection[str], problems: Problems) -> list[Rule]:
    """The rules to ask, by code."""
    wanted = {check_code(text, "`--select`", problems) for text in select}
    unwanted = {check_code(text, "`--ignore`", problems) for text in ignore}
    return [rule for code, rule in RULES.items() if code not in unwanted and (not select or code in wanted)]
