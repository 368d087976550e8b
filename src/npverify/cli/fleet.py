"""`npverify fleet prove` and `npverify fleet lint`: one question to the snapshots of many clusters, one report."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from npverify import __version__
from npverify.cli import options as o
from npverify.cli.guard import BAD_INPUT, INTERNAL, INTERRUPTED, OK, REFUTED, UNDECIDED, guarded
from npverify.cli.interrupt import Interrupt
from npverify.cli.output import emit, paint_for, say, say_all
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
    list[str],
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
def fleet_prove(
    snapshots: Snapshots,
    spec: o.Specs = None,
    only: o.Only = None,
    cni: o.Cni = None,
    calico_version: o.CalicoVersion = None,
    cilium_version: o.CiliumVersion = None,
    assume: o.Assume = None,
    pod_cidr: o.PodCidrs = None,
    ip_family: o.IpFamily = None,
    ignore_kind: o.IgnoreKinds = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
    format: o.Format = "text",  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
    timeout: o.Timeout = None,
    budget: o.BudgetName = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    no_color: o.NoColor = False,
    allow_vacuous: Annotated[
        bool, typer.Option("--allow-vacuous", help="Do not fail where an assertion speaks about nothing.")
    ] = False,
    allow_empty: o.AllowEmpty = False,
) -> int:
    """Check the assertions against every snapshot: those of --spec, and those inside its folder."""
    o.check_format(format)
    inputs = o.Inputs.settle(
        snapshots,
        specs=spec,
        cni=cni,
        calico_version=calico_version,
        cilium_version=cilium_version,
        assume=assume,
        pod_cidrs=pod_cidr,
        ip_family=ip_family,
        ignore_kinds=ignore_kind,
    )
    from npverify.cli.fleet_task import prove_one

    colours = paint_for(sys.stdout, no_color=no_color, to_file=output is not None)
    options = settled(
        inputs,
        timeout,
        budget,
        only=tuple(only or ()),
        allow_vacuous=allow_vacuous or inputs.config.allow_vacuous,
        allow_empty=allow_empty,
        colours=colours.on,
        verbose=verbose,
        ours=scheduler is None,
    )
    answers = _ask(prove_one, snapshots, inputs, options, scheduler, workers, quiet=quiet, no_color=no_color)
    return _report("prove", answers, format, output, options, quiet=quiet)


@app.command("lint")
@guarded
def fleet_lint(
    snapshots: Snapshots,
    select: Annotated[
        list[str] | None, typer.Option("--select", metavar="CODE", help="Ask this rule alone; may be repeated.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="CODE", help="Do not ask this rule; may be repeated.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail for findings of severity info too.")] = False,
    cni: o.Cni = None,
    calico_version: o.CalicoVersion = None,
    cilium_version: o.CiliumVersion = None,
    assume: o.Assume = None,
    pod_cidr: o.PodCidrs = None,
    ip_family: o.IpFamily = None,
    ignore_kind: o.IgnoreKinds = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
    format: o.Format = "text",  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
    timeout: o.Timeout = None,
    budget: o.BudgetName = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    no_color: o.NoColor = False,
) -> int:
    """Tell what is probably wrong with the policies of every snapshot."""
    o.check_format(format)
    inputs = o.Inputs.settle(
        snapshots,
        cni=cni,
        calico_version=calico_version,
        cilium_version=cilium_version,
        assume=assume,
        pod_cidrs=pod_cidr,
        ip_family=ip_family,
        ignore_kinds=ignore_kind,
    )
    from npverify.cli.fleet_task import lint_one

    colours = paint_for(sys.stdout, no_color=no_color, to_file=output is not None)
    options = settled(
        inputs,
        timeout,
        budget,
        select=tuple(select or inputs.config.lint_select),
        ignore=(*inputs.config.lint_ignore, *(ignore or ())),
        strict=strict,
        colours=colours.on,
        verbose=verbose,
        ours=scheduler is None,
    )
    answers = _ask(lint_one, snapshots, inputs, options, scheduler, workers, quiet=quiet, no_color=no_color)
    return _report("lint", answers, format, output, options, quiet=quiet)


def settled(inputs: o.Inputs, timeout: float | None, budget: str | None, **more: object) -> Options:
    """What all clusters are asked; InputError for what cannot be meant or read."""
    from npverify.analyses.fleet import shared
    from npverify.cli.fleet_task import Options
    from npverify.smt.solver import BUDGETS, Budget

    o.check_positive("--timeout", timeout)
    chosen = BUDGETS[o.check_budget(budget or inputs.config.budget or "normal")]
    return Options(
        cni=inputs.cni,
        calico_version=inputs.calico_version,
        assume=dict(inputs.assume),
        pod_cidrs=inputs.pod_cidrs,
        families=inputs.families,
        ignore_kinds=inputs.ignore_kinds,
        remotes={name: shared(paths) for name, paths in inputs.remotes.items()},
        budget=Budget(chosen.rlimit, timeout or inputs.config.timeout or chosen.seconds),
        **more,  # type: ignore[arg-type]  # the fields of the two commands
    )


def _ask(
    answer: Callable[[Task], Answer],
    given: Sequence[str],
    inputs: o.Inputs,
    options: Options,
    scheduler: str | None,
    workers: int | None,
    *,
    quiet: bool,
    no_color: bool,
) -> list[tuple[str, Answer]]:
    """What each cluster says, by its name; its warnings are written."""
    from npverify.analyses.fleet import by_workers, named, shared, snapshot
    from npverify.cli.fleet_task import Task

    problems = Problems()
    clusters = named(given, problems)
    problems.raise_errors()
    specs = tuple(file for file in shared(inputs.specs) if file.named or file.name.endswith(SPEC))
    sources = Sources()

    def tasks() -> Iterator[Task]:
        for name, paths in clusters.items():
            yield Task(snapshot(name, paths, specs, sources.stdin), options)

    names = list(clusters)
    processes = min(workers or os.cpu_count() or 1, len(names))
    with Progress(wanted=not quiet, verb="asking clusters") as progress, Interrupt() as interrupt:
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
            say_all(said.warnings, no_color=no_color)
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
