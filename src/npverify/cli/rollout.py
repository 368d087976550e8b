"""`npverify rollout`: in which order a change of policies can be applied without breaking an assertion on the way."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from npverify.analyses.results import Status
from npverify.cli import options as o
from npverify.cli.guard import INTERRUPTED, OK, REFUTED, UNDECIDED
from npverify.cli.interrupt import Interrupt
from npverify.cli.memory import keep_freed_memory
from npverify.cli.notes import say_notes
from npverify.cli.output import emit, paint_for, say_all
from npverify.cli.progress import Progress
from npverify.cli.sources import Sources
from npverify.ingest.source import Problems
from npverify.report.json_values import dumps
from npverify.report.prove_text import View

if TYPE_CHECKING:
    from npverify.analyses.rollout.results import RolloutResult

_FORMATS = ("text", "json", "markdown")


def rollout(
    old: Annotated[
        str | None,
        typer.Argument(
            metavar="OLD", help="What is in force: a file, a folder, or - for standard input.", show_default=False
        ),
    ] = None,
    new: Annotated[
        str | None, typer.Argument(metavar="NEW", help="What is to be in force, likewise.", show_default=False)
    ] = None,
    both: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="PATH", help="Read into both versions: the inventory; may be repeated."),
    ] = None,
    spec: o.Specs = None,
    only: o.Only = None,
    group: Annotated[
        bool, typer.Option("--group", help="What one file makes or changes is applied at once, as one step.")
    ] = False,
    cni: o.Cni = None,
    calico_version: o.CalicoVersion = None,
    assume: o.Assume = None,
    pod_cidr: o.PodCidrs = None,
    ip_family: o.IpFamily = None,
    ignore_kind: o.IgnoreKinds = None,
    remote: o.Remotes = None,
    format: Annotated[  # noqa: A002  # the parameter's name is the option's
        str, typer.Option("--format", metavar="|".join(_FORMATS), help="How to show the answer.")
    ] = "text",
    output: o.Output = None,
    timeout: o.Timeout = None,
    budget: o.BudgetName = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    no_color: o.NoColor = False,
    allow_empty: o.AllowEmpty = False,
) -> int:
    """Find an order of applying and deleting in which every state keeps the assertions, or show why there is none."""
    # imported here so that other commands and --help do not wait for the solver
    from npverify.analyses.rollout.run import rollout as find_order
    from npverify.report.rollout_json import rollout_json
    from npverify.report.rollout_markdown import render_rollout_markdown
    from npverify.report.rollout_text import render_rollout
    from npverify.smt.solver import BUDGETS

    o.check_format(format, _FORMATS)
    o.check_positive("--timeout", timeout)
    _refuse_no_paths(old, new)
    paths = [[*([side] if side else []), *(both or [])] for side in (old, new)]
    inputs = o.Inputs.settle(
        [*paths[0], *paths[1]],
        specs=spec,
        cni=cni,
        calico_version=calico_version,
        assume=assume,
        pod_cidrs=pod_cidr,
        ip_family=ip_family,
        ignore_kinds=ignore_kind,
        remotes=remote,
    )
    chosen = BUDGETS[o.check_budget(budget or inputs.config.budget or "normal")]
    sources = Sources()
    keep_freed_memory()
    with Progress(wanted=not quiet, verb="proving state") as progress, Interrupt() as interrupt:
        result = find_order(
            paths[0],
            paths[1],
            specs=inputs.specs,
            by_file=group,
            cni=inputs.cni,
            calico_version=inputs.calico_version,
            assume=inputs.assume,
            only_tags=tuple(only or ()),
            ignore_kinds=inputs.ignore_kinds,
            pod_cidrs=inputs.pod_cidrs,
            families=inputs.families,
            remotes=inputs.remotes,
            stdin=sources.stdin,
            allow_empty=allow_empty,
            budget=chosen,
            timeout=timeout or inputs.config.timeout,
            progress=progress.step,
            stop=lambda: interrupt.asked,
        )
    say_all(result.warnings, no_color=no_color)
    if verbose:
        for world in (result.old, result.new):
            say_notes(world, inputs.config, verbose=True, no_color=no_color, warnings=False)
    if format == "json":
        text = dumps(rollout_json(result))
    elif format == "markdown":
        text = render_rollout_markdown(result, sources.lines)
    else:
        paint = paint_for(sys.stdout, no_color=no_color, to_file=output is not None)
        text = render_rollout(result, View(paint, verbose, quiet, sources.lines))
    emit(text, output)
    return exit_code(result)


def exit_code(result: RolloutResult) -> int:
    """0 an order was found and every assertion holds after it, 1 none or not, 3 undecided, 130 interrupted."""
    from npverify.analyses.rollout.results import Outcome

    if result.interrupted:
        return INTERRUPTED
    broken = {each.answer.status for each in result.broken}
    if result.outcome is Outcome.NONE or broken - {Status.UNDECIDED}:
        return REFUTED
    return UNDECIDED if result.outcome is Outcome.UNDECIDED or broken else OK


def _refuse_no_paths(old: str | None, new: str | None) -> None:
    problems = Problems()
    for name, path in (("old", old), ("new", new)):
        if path is None:
            fix = "name both versions: `npverify rollout OLD NEW --spec FILE`"
            problems.error("NPV430", f"the {name} version of the change has no path", fix=fix)
    if old == new == "-":
        problems.error("NPV430", "both versions cannot come from standard input", fix="name a folder for one of them")
    problems.raise_errors()
