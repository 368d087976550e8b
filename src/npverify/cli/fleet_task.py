"""What a worker of a fleet does: answers for one cluster, from the content of its snapshot, the specs and the options alone.

It is what `npverify prove` and `npverify lint` do with the files; the answer holds texts and plain values, so that nothing of
the world has to travel back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from npverify import __version__
from npverify.analyses.fleet import Snapshot
from npverify.analyses.lint.findings import Idle
from npverify.analyses.lint.run import lint
from npverify.analyses.lint.silence import Ignore
from npverify.analyses.load import Loaded, load
from npverify.analyses.prove import prove
from npverify.cli.guard import BAD_INPUT, INTERNAL
from npverify.cli.lint import exit_code as lint_code
from npverify.cli.lint import warnings_of
from npverify.cli.memory import keep_freed_memory
from npverify.cli.prove import exit_code as prove_code
from npverify.cli.prove import refuse_empty
from npverify.ingest.files import File
from npverify.ingest.source import Diagnostic, InputError, InternalError, Problems
from npverify.inventory.addresses import Family
from npverify.report.json_values import Json
from npverify.report.lint_json import lint_json
from npverify.report.lint_text import render_lint
from npverify.report.paint import Paint
from npverify.report.prove_json import prove_json
from npverify.report.prove_text import View, render_prove
from npverify.smt.solver import Budget

_alone = threading.Lock()
"""A worker may have several threads. Predicates are interned without a lock, so only one of them works at a time."""


@dataclass(frozen=True, slots=True)
class Options:
    """What all clusters are asked, and how: the options of the command line and the config file, settled."""

    only: tuple[str, ...] = ()
    cni: str | None = None
    calico_version: str = ""
    assume: Mapping[str, str] = field(default_factory=dict)
    pod_cidrs: tuple[str, ...] = ()
    families: frozenset[Family] | None = None
    ignore_kinds: tuple[str, ...] = ()
    remotes: Mapping[str, tuple[File, ...]] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    allow_vacuous: bool = False
    allow_empty: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    suppress: tuple[Ignore, ...] = ()
    today: date | None = None
    strict: bool = False
    colours: bool = False
    verbose: bool = False
    ours: bool = False
    """The workers are processes of this program, which may tune them."""
    version: str = __version__


@dataclass(frozen=True, slots=True)
class Task:
    """One cluster, and what it is asked."""

    snapshot: Snapshot
    options: Options


@dataclass(frozen=True, slots=True)
class Answer:
    """What one cluster says: the exit code, the JSON and the text that the command for one cluster would give.

    `report`    {} where there is none because of `errors`
    `warnings`  what that command would say on standard error
    `idle`      what of the config file silences nothing in this cluster
    """

    code: int
    report: Json = field(default_factory=dict)
    text: str = ""
    errors: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    idle: tuple[Idle, ...] = ()


def prove_one(task: Task) -> Answer:
    """As `npverify prove`."""
    return _answered(task, _prove)


def lint_one(task: Task) -> Answer:
    """As `npverify lint`."""
    return _answered(task, _lint)


def _answered(task: Task, ask: Callable[[Task, Loaded], Answer]) -> Answer:
    if task.options.version != __version__:
        message = f"a worker has npverify {__version__}, and not {task.options.version}"
        return Answer(BAD_INPUT, errors=(Diagnostic("NPV344", message, fix="install the same version on all workers"),))
    if task.options.ours:
        keep_freed_memory()
    snapshot = task.snapshot
    wrong = tuple(d for d in snapshot.problems if d.severity == "error")
    with _alone:
        try:
            loaded = _load(task, for_lint=ask is _lint)
            if wrong:
                return Answer(BAD_INPUT, errors=wrong)
            return ask(task, loaded)
        except InputError as error:
            return Answer(BAD_INPUT, errors=_in_order((*wrong, *error.diagnostics)))
        except Exception as error:
            message = f"internal error: unexpected {type(error).__name__}: {error}"
            if isinstance(error, InternalError):
                message = f"internal error: npverify contradicted itself: {error}"
            fix = f"ask about this cluster alone for a bug report: npverify {'lint' if ask is _lint else 'prove'}"
            return Answer(INTERNAL, errors=(Diagnostic("NPV199", message, fix=fix),))


def _load(task: Task, *, for_lint: bool) -> Loaded:
    options = task.options
    files, specs = task.snapshot.content()
    return load(
        files,
        specs=specs,
        cni=options.cni,
        calico_version=options.calico_version,
        assume=options.assume,
        only_tags=options.only,
        ignore_kinds=options.ignore_kinds,
        pod_cidrs=options.pod_cidrs,
        families=options.families,
        remotes=options.remotes,
        with_assertions=not for_lint,
        for_lint=for_lint,
    )


def _prove(task: Task, loaded: Loaded) -> Answer:
    options = task.options
    if not options.allow_empty:
        refuse_empty(loaded, options.only)
    result = prove(loaded.world, loaded.assertions, budget=options.budget)
    code = prove_code(result, allow_vacuous=options.allow_vacuous)
    text = render_prove(result, loaded.world, _view(task))
    return Answer(code, prove_json(result, loaded.world), text, warnings=loaded.world.warnings)


def _lint(task: Task, loaded: Loaded) -> Answer:
    options, world = task.options, loaded.world
    view = _view(task)
    result = lint(
        world,
        select=options.select,
        ignore=options.ignore,
        budget=options.budget,
        suppress=options.suppress,
        lines=view.lines,
        today=options.today,
    )
    of_all = {ignore.span for ignore in options.suppress}
    own = replace(result, unused=tuple(idle for idle in result.unused if idle.span not in of_all))
    return Answer(
        lint_code(result, strict=options.strict),
        lint_json(result, world),
        render_lint(result, world, view, strict=options.strict),
        warnings=(*world.warnings, *warnings_of(own)),
        idle=tuple(idle for idle in result.unused if idle.span in of_all),
    )


def _view(task: Task) -> View:
    """Only what needs attention, unless everything is wanted; excerpts are from the content that was sent."""
    options = task.options
    content = {file.name: file.content for part in task.snapshot.content() for file in part}
    return View(
        Paint(options.colours), options.verbose, not options.verbose, lambda name: content.get(name, "").split("\n")
    )


def _in_order(found: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    problems = Problems()
    problems.extend(found)
    return problems.errors
