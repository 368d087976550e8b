"""`npverify fleet prove` and `npverify fleet lint`: one question to the snapshots of many clusters, one report."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from npverify import __version__
from npverify.cli import options as o
from npverify.cli.checks import check_format
from npverify.cli.completion import rules
from npverify.cli.grouped import grouped, without
from npverify.cli.guard import BAD_INPUT, INTERNAL, INTERRUPTED, OK, REFUTED, UNDECIDED, guarded
from npverify.cli.inputs import Inputs
from npverify.cli.interrupt import Interrupt
from npverify.cli.output import emit, paint_for, say, say_all
from npverify.cli.programs import Programs
from npverify.cli.progress import Progress
from npverify.cli.sources import Sources
from npverify.ingest.files import SPEC
from npverify.ingest.source import Diagnostic, Problems
from npverify.report.fleet_report import ClusterReport, Command, Word, fleet_json, render_fleet
from npverify.report.json_values import dumps
from npverify.report.paint import Paint, printable

if TYPE_CHECKING:
    from npverify.analyses.fleet import Failed
    from npverify.cli.fleet_task import Answer, Options, Task

_WORDS: dict[int, Word] = {
    INTERRUPTED: "interrupted",
    INTERNAL: "internal error",
    BAD_INPUT: "bad input",
    REFUTED: "failed",
    UNDECIDED: "undecided",
    OK: "ok",
}
"""Exit codes from the worst to the best, each with what it says of a cluster."""

Snapshots = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SNAPSHOT...",
        help="Files or folders of one cluster each, called by the last part of the path; or NAME=PATH.",
        show_default=False,
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, tcp://…; by default one of this machine."),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", min=1, help="Processes of this machine; by default one for each core."),
]

app = typer.Typer(help="Put one question to snapshots of many clusters, with Dask distributed.", no_args_is_help=True)


@app.command("prove")
@guarded
@grouped
def fleet_prove(
    *,
    snapshots: Snapshots = None,
    programs: Programs,
    spec: o.Specs = None,
    only: o.Only = None,
    reading: Annotated[o.Reading, without("remote")],
    scheduler: Scheduler = None,
    workers: Workers = None,
    format: o.Format = "text",  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
    limits: o.Limits,
    showing: o.Showing,
    allow_vacuous: Annotated[
        bool, typer.Option("--allow-vacuous", help="Do not fail where an assertion speaks about nothing.")
    ] = False,
    allow_empty: o.AllowEmpty = False,
) -> int:
    """Check the assertions against every snapshot: those of --spec, and those inside its folder."""
    problems = Problems()
    check_format(format, problems)
    inputs = _settle(snapshots, programs, reading, limits, problems, spec)
    from npverify.cli.fleet_task import prove_one

    colours = paint_for(sys.stdout, no_color=showing.no_color, to_file=output is not None)
    options = settled(
        inputs,
        only=tuple(only or ()),
        allow_vacuous=allow_vacuous or inputs.config.allow_vacuous,
        allow_empty=allow_empty,
        colours=colours.on,
        verbose=showing.verbose,
        ours=scheduler is None,
    )
    answers = _ask(prove_one, inputs, options, scheduler, workers, showing)
    return _report("prove", answers, format, output, options, quiet=showing.quiet)


@app.command("lint")
@guarded
@grouped
def fleet_lint(
    *,
    snapshots: Snapshots = None,
    programs: Programs,
    select: Annotated[
        list[str] | None,
        typer.Option("--select", metavar="CODE", help="Ask this rule alone; may be repeated.", autocompletion=rules),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="CODE", help="Do not ask this rule; may be repeated.", autocompletion=rules),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail for findings of severity info too.")] = False,
    reading: Annotated[o.Reading, without("remote")],
    scheduler: Scheduler = None,
    workers: Workers = None,
    format: o.Format = "text",  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
    limits: o.Limits,
    showing: o.Showing,
) -> int:
    """Tell what is probably wrong with the policies of every snapshot."""
    problems = Problems()
    check_format(format, problems)
    inputs = _settle(snapshots, programs, reading, limits, problems)
    from npverify.cli.fleet_task import lint_one

    colours = paint_for(sys.stdout, no_color=showing.no_color, to_file=output is not None)
    options = settled(
        inputs,
        select=tuple(select or inputs.config.lint_select),
        ignore=(*inputs.config.lint_ignore, *(ignore or ())),
        suppress=inputs.config.suppress,
        today=date.today(),
        strict=strict,
        colours=colours.on,
        verbose=showing.verbose,
        ours=scheduler is None,
    )
    answers = _ask(lint_one, inputs, options, scheduler, workers, showing)
    say_all(_idle([said for _, said in answers]), no_color=showing.no_color)
    return _report("lint", answers, format, output, options, quiet=showing.quiet)


def _idle(answers: Sequence[Answer]) -> Sequence[Diagnostic]:
    """What of the config file silences nothing in any cluster; nothing is said of it where one of them has no answer."""
    from npverify.analyses.lint.findings import LintResult
    from npverify.cli.lint import warnings_of

    if not all(said.report for said in answers):
        return ()
    return warnings_of(LintResult((), unused=tuple(i for i in answers[0].idle if all(i in a.idle for a in answers))))


def _settle(
    snapshots: list[str] | None,
    programs: Programs,
    reading: o.Reading,
    limits: o.Limits,
    problems: Problems,
    specs: list[str] | None = None,
) -> Inputs:
    """The paths of the snapshots, and how they are read; those of the config file are one cluster's, and not meant."""
    paths = [*(snapshots or ()), *programs.paths(problems)]
    if not paths and not problems.errors:
        fix = "name a file or a folder of each cluster: npverify fleet prove west.json east.json"
        problems.error("NPV674", "no snapshot is named", fix=fix)
    return Inputs.settle(paths, reading, specs=specs, limits=limits, problems=problems)


def settled(inputs: Inputs, **more: object) -> Options:
    """What all clusters are asked; InputError for what cannot be read."""
    from npverify.analyses.fleet import shared
    from npverify.cli.fleet_task import Options
    from npverify.smt.solver import Budget

    return Options(
        cni=inputs.cni,
        calico_version=inputs.calico_version,
        assume=dict(inputs.assume),
        pod_cidrs=inputs.pod_cidrs,
        families=inputs.families,
        ignore_kinds=inputs.ignore_kinds,
        remotes={name: shared(paths) for name, paths in inputs.remotes.items()},
        budget=Budget(inputs.budget.rlimit, inputs.timeout or inputs.budget.seconds),
        **more,  # type: ignore[arg-type]  # the fields of the two commands
    )


def _ask(
    answer: Callable[[Task], Answer],
    inputs: Inputs,
    options: Options,
    scheduler: str | None,
    workers: int | None,
    showing: o.Showing,
) -> list[tuple[str, Answer]]:
    """What each cluster says, by its name; its warnings are written."""
    from npverify.analyses.fleet import by_workers, named, shared, snapshot
    from npverify.cli.fleet_task import Task

    problems = Problems()
    clusters = named(inputs.paths, problems)
    problems.raise_errors()
    specs = tuple(file for file in shared(inputs.specs) if file.named or file.name.endswith(SPEC))
    sources = Sources()

    def tasks() -> Iterator[Task]:
        for name, paths in clusters.items():
            yield Task(snapshot(name, paths, specs, sources.stdin), options)

    names = list(clusters)
    processes = min(workers or os.cpu_count() or 1, len(names))
    with Progress(wanted=not showing.quiet, verb="asking clusters") as progress, Interrupt() as interrupt:
        answers = by_workers(
            answer,
            tasks(),
            scheduler=scheduler,
            workers=processes,
            tell=lambda done, first: progress.step(done, len(names), names[first]),
            stop=lambda: interrupt.asked,
        )
    found = [(name, _answer(said)) for name, said in zip(names, answers, strict=True)]
    for name, said in found:
        if said.warnings:
            say(f"cluster {printable(name)}\n")
            say_all(said.warnings, no_color=showing.no_color)
    return found


def _answer(said: Answer | Failed | None) -> Answer:
    """The answer of a cluster, also where no worker gave one; then nothing is proved."""
    from npverify.analyses.fleet import Failed
    from npverify.cli.fleet_task import Answer

    match said:
        case None:
            return Answer(INTERRUPTED, errors=(Diagnostic("NPV345", "the run was interrupted before its answer"),))
        case Failed(because, died=True):
            fix = "give the workers more memory, or start fewer of them"
            return Answer(UNDECIDED, errors=(Diagnostic("NPV343", because, fix=fix),))
        case Failed(because):
            fix = f"install npverify {__version__} on all workers"
            return Answer(BAD_INPUT, errors=(Diagnostic("NPV344", f"a worker cannot answer: {because}", fix=fix),))
    return said


def _report(
    command: Command,
    answers: Sequence[tuple[str, Answer]],
    form: str,
    output: str | None,
    options: Options,
    *,
    quiet: bool,
) -> int:
    """Write the merged report; the exit code is the worst."""
    clusters = [ClusterReport(name, _WORDS[said.code], said.report, said.text, said.errors) for name, said in answers]
    if form == "json":
        text = dumps(fleet_json(command, clusters))
    else:
        text = render_fleet(command, clusters, Paint(options.colours), verbose=options.verbose, quiet=quiet)
    emit(text, output)
    codes = {said.code for _, said in answers}
    return next(code for code in _WORDS if code in codes)
