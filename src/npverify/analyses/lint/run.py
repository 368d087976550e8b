"""Asks every rule of lint about a world, with several processes if that is wished.

A rule is one piece of work. Several processes part the suspicions of a dialect's rule further: each stands by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import NamedTuple

from npverify.analyses.answers import never
from npverify.analyses.lint.findings import Finding, Idle, LintResult, Undecided, in_order
from npverify.analyses.lint.registry import RULES, check_code
from npverify.analyses.lint.rule import Context, Rule
from npverify.analyses.lint.silence import Ignore, parted, read_comments, read_ignores
from npverify.analyses.lint.suspicions import Ends, find, standing
from npverify.analyses.parallel import Piece, anchors_of, run
from npverify.analyses.prove import Progress
from npverify.analyses.world import World
from npverify.dialects.lint import LintFacts
from npverify.ingest.source import Problems
from npverify.smt.solver import BUDGETS, Budget, InterruptedByUserError

FEWEST = 50
"""Policies for which a process of their own is worth its start."""
PART = 100
"""Suspicions of one piece of work, where there are several processes."""


def lint(
    world: World,
    *,
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    budget: Budget = BUDGETS["normal"],
    timeout: float | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
    stop: Callable[[], bool] = never,
    suppress: Sequence[Ignore] = (),
    lines: Callable[[str], Sequence[str]] | None = None,
    today: date | None = None,
) -> LintResult:
    """What the rules find in a world that was read with `load(…, for_lint=True)`; ValueError for another one.

    select, ignore    rules by code or name: only these, if any; all but these
    timeout           seconds for one question to the solver, on top of the budget
    jobs              how many processes may work; they find what one finds
    progress          called with how many rules (or parts of them) were asked, how many there are, and the name of the next
    stop              asked between questions: True ends the run with what is found
    suppress          findings that are accepted, beside what annotations say
    lines             the lines of a file, in which comments may accept findings; None: comments do not count
    today             the day after which `until` has run out; None: it never does

    InputError for a rule that there is not, and for annotations that cannot be read. InternalError if the oracle does not
    confirm a flow.
    """
    if world.lint is None:
        raise ValueError("the world was not read for lint: load(…, for_lint=True)")
    problems = Problems()
    chosen = _chosen(select, ignore, problems)
    ignores = [*read_ignores(world.lint.ignores, problems), *suppress]
    if lines is not None:
        ignores += read_comments(_files(world), lines, problems)
    problems.raise_errors()
    asked = [rule for rule in chosen if world.inventory.pods or not rule.about.needs_pods]
    budget = Budget(budget.rlimit, timeout if timeout is not None else budget.seconds)
    processes = min(jobs, len(world.defined) // FEWEST)
    parts = tuple(part for rule in asked for part in _parts(rule, world.lint, parted=processes > 1))

    def tell(done: int, total: int, index: int) -> None:
        if progress is not None:
            progress(done, total, RULES[parts[index].code].about.name)

    done = run(_Job(world, world.lint, budget, parts), len(parts), processes, stop=stop, tell=tell)
    answers = [answer for answer in done.results if answer is not None]
    found = parted(in_order([f for answer in answers for f in answer.found]), ignores, today)
    codes = {rule.about.code for rule in asked}
    idle = [*(Idle(i.title, i.code, i.span) for i in found.unused if i.code in codes)]
    idle += [Idle(i.title, i.code, i.span, expired=True) for i in found.expired]
    return LintResult(
        tuple(found.kept),
        tuple(found.silenced),
        tuple(u for answer in answers for u in answer.undecided),
        tuple(rule.about for rule in asked),
        tuple(rule.about for rule in chosen if rule not in asked),
        () if done.interrupted else tuple(idle),
        done.interrupted,
    )


def _files(world: World) -> tuple[str, ...]:
    """The files in which policies stand."""
    return tuple(dict.fromkeys(span.file for span in world.defined.values()))


class _Part(NamedTuple):
    """A rule, or some of the suspicions of a dialect's rule (from one number to another)."""

    code: str
    suspicions: tuple[int, int] | None = None


class _Answer(NamedTuple):
    """What a part of a rule found."""

    found: list[Finding]
    undecided: list[Undecided]


def _parts(rule: Rule, facts: LintFacts, *, parted: bool) -> Iterator[_Part]:
    if not parted or rule.find is not find:
        yield _Part(rule.about.code)
        return
    count = len(facts.suspicions.get(rule.about.code, ()))
    yield from (_Part(rule.about.code, (at, at + PART)) for at in range(0, count, PART))


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """The rules to ask about a world."""

    world: World
    facts: LintFacts
    budget: Budget
    parts: tuple[_Part, ...]

    def anchors(self) -> Iterator[object]:
        yield from anchors_of(self.world)
        yield from (rule.about for rule in RULES.values())

    def start(self, stop: Callable[[], bool]) -> Piece[_Answer]:
        context = Context(self.world, self.facts, self.budget, stop)

        @cache
        def ends(code: str) -> Ends:
            return Ends(context, self.facts.suspicions[code])

        return lambda index: _answer(context, self.parts[index], ends)


def _answer(context: Context, part: _Part, ends: Callable[[str], Ends]) -> tuple[_Answer, bool]:
    """What a part finds, and whether it was interrupted."""
    rule = RULES[part.code]
    before = len(context.undecided)
    found: list[Finding] = []
    interrupted = False
    try:
        if part.suspicions is None:
            found += rule.find(context, rule.about)
        else:
            some = context.facts.suspicions[part.code][slice(*part.suspicions)]
            found += standing(context, rule.about, ends(part.code), some)
    except (InterruptedByUserError, KeyboardInterrupt):
        interrupted = True
    return _Answer(found, context.undecided[before:]), interrupted


def _chosen(select: Collection[str], ignore: Collection[str], problems: Problems) -> list[Rule]:
    """The rules to ask, by code."""
    wanted = {check_code(text, "`--select`", problems) for text in select}
    unwanted = {check_code(text, "`--ignore`", problems) for text in ignore}
    return [rule for code, rule in RULES.items() if code not in unwanted and (not select or code in wanted)]
