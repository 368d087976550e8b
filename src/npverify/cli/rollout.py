"""`npverify rollout`: in which order a change of policies can be applied without breaking an assertion on the way."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from npverify.analyses.results import Status
from npverify.cli import options as o
from npverify.cli.checks import check_format
from npverify.cli.completion import words
from npverify.cli.grouped import grouped
from npverify.cli.guard import INTERRUPTED, OK, REFUTED, UNDECIDED
from npverify.cli.inputs import Inputs
from npverify.cli.interrupt import Interrupt
from npverify.cli.memory import keep_freed_memory
from npverify.cli.notes import say_notes
from npverify.cli.output import emit, paint_for, say_all
from npverify.cli.programs import Programs
from npverify.cli.progress import Progress
from npverify.cli.sources import Sources
from npverify.cli.two_sides import named_sides
from npverify.ingest.source import Problems
from npverify.report.json_values import dumps
from npverify.report.prove_text import View

if TYPE_CHECKING:
    from npverify.analyses.rollout.results import RolloutResult

_FORMATS = ("text", "json", "markdown")


@grouped
def rollout(
    *,
    old: Annotated[
        str | None,
        typer.Argument(
            metavar="OLD",
            help="What is in force: a file, a folder, or - for standard input; left out with --cluster, which is then OLD.",
            show_default=False,
        ),
    ] = None,
    new: Annotated[
        str | None,
        typer.Argument(
            metavar="NEW",
            help="What is to be in force, likewise; left out with -k or --helm, which are then NEW.",
            show_default=False,
        ),
    ] = None,
    programs: Programs,
    both: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="PATH", help="Read into both versions: the inventory; may be repeated."),
    ] = None,
    spec: o.Specs = None,
    only: o.Only = None,
    group: Annotated[
        bool, typer.Option("--group", help="What one file makes or changes is applied at once, as one step.")
    ] = False,
    reading: o.Reading,
    format: Annotated[  # noqa: A002  # the parameter's name is the option's
        str,
        typer.Option(
            "--format", metavar="|".join(_FORMATS), help="How to show the answer.", autocompletion=words(*_FORMATS)
        ),
    ] = "text",
    output: o.Output = None,
    limits: o.Limits,
    showing: o.Showing,
    allow_empty: o.AllowEmpty = False,
) -> int:
    """Find an order of applying and deleting in which every state keeps the assertions, or show why there is none."""
    # imported here so that other commands and --help do not wait for the solver
    from npverify.analyses.rollout.run import rollout as find_order
    from npverify.report.rollout_json import rollout_json
    from npverify.report.rollout_markdown import render_rollout_markdown
    from npverify.report.rollout_text import render_rollout

    problems = Problems()
    check_format(format, problems, _FORMATS)
    sides = named_sides(old, new, programs, problems)
    _refuse_no_paths(*sides, problems)
    paths = [[*side, *(both or [])] for side in sides]
    inputs = Inputs.settle([*paths[0], *paths[1]], reading, specs=spec, limits=limits, problems=problems)
    sources = Sources()
    keep_freed_memory()
    with Progress(wanted=not showing.quiet, verb="proving state") as progress, Interrupt() as interrupt:
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
            budget=inputs.budget,
            timeout=inputs.timeout,
            progress=progress.step,
            stop=lambda: interrupt.asked,
        )
    say_all(result.warnings, no_color=showing.no_color)
    if showing.verbose:
        for world in (result.old, result.new):
            say_notes(world, inputs.config, verbose=True, no_color=showing.no_color, warnings=False)
    if format == "json":
        text = dumps(rollout_json(result))
    elif format == "markdown":
        text = render_rollout_markdown(result, sources.lines)
    else:
        paint = paint_for(sys.stdout, no_color=showing.no_color, to_file=output is not None)
        text = render_rollout(result, View(paint, showing.verbose, showing.quiet, sources.lines))
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


def _refuse_no_paths(old: list[str], new: list[str], problems: Problems) -> None:
    for name, paths in (("old", old), ("new", new)):
        if not paths:
            fix = "name both versions: `npverify rollout OLD NEW --spec FILE`"
            problems.error("NPV430", f"the {name} version of the change has no path", fix=fix)
    if old == new == ["-"]:
        problems.error("NPV430", "both versions cannot come from standard input", fix="name a folder for one of them")
