"""`npverify equiv`: do two policy sets allow exactly the same flows."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from npverify.analyses.equiv_results import Equivalence, EquivResult
from npverify.cli import completion
from npverify.cli import options as o
from npverify.cli.formats import Formats, html_page, read_formats, to_terminal, write_all
from npverify.cli.grouped import grouped
from npverify.cli.guard import INTERRUPTED, OK, REFUTED, UNDECIDED
from npverify.cli.interrupt import Interrupt
from npverify.cli.memory import keep_freed_memory
from npverify.cli.output import paint_for
from npverify.cli.programs import Programs
from npverify.cli.progress import Progress
from npverify.cli.sources import Sources
from npverify.cli.two_sides import ONE_PLUGIN, Shared, Side, TwoSides, named_sides, paths_of, refuse_no_paths
from npverify.ingest.source import Problems
from npverify.report.equiv_items import equiv_items
from npverify.report.equiv_json import equiv_json
from npverify.report.equiv_text import render_equiv
from npverify.report.json_values import dumps
from npverify.report.prove_text import View

if TYPE_CHECKING:
    from npverify.report.items import Report

_NO_PATH = "name both sides, `npverify equiv LEFT RIGHT`, or give paths with --{} PATH"

_CODES = {Equivalence.EQUIVALENT: OK, Equivalence.DIFFERENT: REFUTED, Equivalence.UNDECIDED: UNDECIDED}


@grouped
def equiv(
    *,
    left: Annotated[
        str | None,
        typer.Argument(
            metavar="LEFT",
            help="One set: a file, a folder, or - for standard input; left out with --cluster, which is then LEFT.",
            show_default=False,
        ),
    ] = None,
    right: Annotated[
        str | None,
        typer.Argument(
            metavar="RIGHT",
            help="The other set, likewise; left out with -k or --helm, which are then RIGHT.",
            show_default=False,
        ),
    ] = None,
    programs: Programs,
    more_left: Annotated[
        list[str] | None, typer.Option("--left", metavar="PATH", help="One more path of LEFT; may be repeated.")
    ] = None,
    more_right: Annotated[
        list[str] | None, typer.Option("--right", metavar="PATH", help="One more path of RIGHT; may be repeated.")
    ] = None,
    both: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="PATH", help="Read into both sides: the inventory; may be repeated."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="List every flow that differs, grouped, not just one.")] = False,
    reading: o.Reading,
    cni_left: Annotated[
        str | None,
        typer.Option("--cni-left", metavar="NAME", help="--cni for LEFT alone.", autocompletion=completion.plugins),
    ] = None,
    cni_right: Annotated[
        str | None,
        typer.Option("--cni-right", metavar="NAME", help="--cni for RIGHT alone.", autocompletion=completion.plugins),
    ] = None,
    calico_version_left: Annotated[
        str | None,
        typer.Option(
            "--calico-version-left",
            metavar="X.Y",
            help="--calico-version for LEFT alone.",
            autocompletion=completion.versions("calico"),
        ),
    ] = None,
    calico_version_right: Annotated[
        str | None,
        typer.Option(
            "--calico-version-right",
            metavar="X.Y",
            help="--calico-version for RIGHT alone.",
            autocompletion=completion.versions("calico"),
        ),
    ] = None,
    cilium_version_left: Annotated[
        str | None,
        typer.Option(
            "--cilium-version-left",
            metavar="X.Y",
            help="--cilium-version for LEFT alone.",
            autocompletion=completion.versions("cilium"),
        ),
    ] = None,
    cilium_version_right: Annotated[
        str | None,
        typer.Option(
            "--cilium-version-right",
            metavar="X.Y",
            help="--cilium-version for RIGHT alone.",
            autocompletion=completion.versions("cilium"),
        ),
    ] = None,
    assume_left: Annotated[
        list[str] | None,
        typer.Option(
            "--assume-left",
            metavar="SWITCH=VALUE",
            help="--assume for LEFT alone; may be repeated.",
            autocompletion=completion.switches,
        ),
    ] = None,
    assume_right: Annotated[
        list[str] | None,
        typer.Option(
            "--assume-right",
            metavar="SWITCH=VALUE",
            help="--assume for RIGHT alone; may be repeated.",
            autocompletion=completion.switches,
        ),
    ] = None,
    format: Formats = None,  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
    limits: o.Limits,
    showing: o.Showing,
    allow_empty: o.AllowEmpty = False,
) -> int:
    """Compare two policy sets: equivalent, or different with a flow that one of them alone lets pass."""
    # imported here so that other commands and --help do not wait for the solver
    from npverify.analyses.equiv import equiv as compare

    problems = Problems()
    wanted = read_formats(format, output, problems)
    named = named_sides(left, right, programs, problems)
    paths = (paths_of(named[0], more_left, both), paths_of(named[1], more_right, both))
    refuse_no_paths("NPV300", (("left side", paths[0]), ("right side", paths[1])), _NO_PATH, problems)
    sources = Sources()
    sides = (
        Side(paths[0], cni_left, calico_version_left, assume_left or (), cilium_version_left),
        Side(paths[1], cni_right, calico_version_right, assume_right or (), cilium_version_right),
    )
    two = TwoSides(sides, Shared(reading, limits, problems), sources, once=True)
    worlds = [loaded.world for loaded in two.loaded]
    two.tell(verbose=showing.verbose, no_color=showing.no_color)
    keep_freed_memory()
    with Progress(wanted=not showing.quiet, verb="comparing") as progress, Interrupt() as interrupt:
        result = compare(
            worlds[0],
            worlds[1],
            budget=two.inputs[0].budget,
            timeout=two.inputs[0].timeout,
            every=every,
            allow_empty=allow_empty,
            progress=progress.step,
            stop=lambda: interrupt.asked,
        )
    if two.one_plugin:
        result = replace(result, notes=(*result.notes, ONE_PLUGIN.format(two.one_plugin)))
    paint = paint_for(sys.stdout, no_color=showing.no_color, to_file=not to_terminal(wanted, output))
    names = (", ".join(named[0] or more_left or ()), ", ".join(named[1] or more_right or ()))
    own = {
        "json": lambda: dumps(equiv_json(result, (paths[0], paths[1]))),
        "text": lambda: render_equiv(result, View(paint, showing.verbose, showing.quiet, sources.lines), names),
    }

    def page(report: Report) -> Iterable[str]:
        from npverify.report.html.flow_map import equiv_map
        from npverify.report.html.marks import with_marks

        flows, shown = equiv_map(result), result.witness
        seen = None if shown is None else shown.left if shown.allowed_by == "left" else shown.right
        return html_page(report, sources.lines, flows and with_marks(flows, [(1, seen)]))

    write_all(wanted, output, own, lambda: equiv_items(result, names, sources.lines), page)
    return exit_code(result)


def exit_code(result: EquivResult) -> int:
    """0 equivalent, 1 different, 3 undecided, 130 interrupted."""
    return INTERRUPTED if result.interrupted else _CODES[result.status]
