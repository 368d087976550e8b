"""`npverify diff`: which flows a change of manifests opens and closes, and whether a promise is broken."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from npverify.analyses.results import Status
from npverify.cli import options as o
from npverify.cli.checks import check_choice
from npverify.cli.completion import words
from npverify.cli.flow_lines import check_flows, open_lines
from npverify.cli.formats import Formats, html_page, read_formats, to_terminal, write_all
from npverify.cli.grouped import grouped
from npverify.cli.guard import BAD_INPUT, INTERRUPTED, OK, REFUTED, UNDECIDED
from npverify.cli.interrupt import Interrupt
from npverify.cli.memory import keep_freed_memory, to_the_end
from npverify.cli.output import paint_for, say_all
from npverify.cli.programs import Programs
from npverify.cli.progress import Progress
from npverify.cli.sources import Sources
from npverify.cli.two_sides import ONE_PLUGIN, Shared, Side, TwoSides, named_sides, paths_of, refuse_no_paths
from npverify.ingest.source import Problems
from npverify.report.diff_items import diff_items, listed_changes
from npverify.report.diff_json import diff_json
from npverify.report.diff_markdown import render_markdown
from npverify.report.diff_text import render_diff
from npverify.report.json_values import dumps
from npverify.report.prove_text import View
from npverify.report.tally_report import tally_json, tally_markdown, tally_text

if TYPE_CHECKING:
    from npverify.analyses.diff.results import DiffResult
    from npverify.analyses.recorded.change import Tally
    from npverify.report.items import Report

FAIL_ON = ("any", "added", "removed", "assertions", "flows", "none")
_NO_PATH = "name both versions, `npverify diff OLD NEW`, such as `npverify diff git:main:k8s k8s`"


@grouped
def diff(
    *,
    old: Annotated[
        str | None,
        typer.Argument(
            metavar="OLD",
            help="A file, a folder, - or git:REF:path; left out with --cluster, which is then OLD.",
            show_default=False,
        ),
    ] = None,
    new: Annotated[
        str | None,
        typer.Argument(
            metavar="NEW",
            help="The new version, likewise; left out with -k or --helm, which are then NEW.",
            show_default=False,
        ),
    ] = None,
    programs: Programs,
    more_old: Annotated[
        list[str] | None, typer.Option("--old", metavar="PATH", help="One more path of OLD; may be repeated.")
    ] = None,
    more_new: Annotated[
        list[str] | None, typer.Option("--new", metavar="PATH", help="One more path of NEW; may be repeated.")
    ] = None,
    both: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="PATH", help="Read into both versions: the inventory; may be repeated."),
    ] = None,
    spec: o.Specs = None,
    only: o.Only = None,
    include_new: Annotated[
        bool, typer.Option("--include-new", help="List the flows of what one version alone has, too.")
    ] = False,
    readings: Annotated[
        bool, typer.Option("--readings", help="List what is different under other readings alone, too.")
    ] = False,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on", metavar="|".join(FAIL_ON), help="What leads to exit code 1.", autocompletion=words(*FAIL_ON)
        ),
    ] = "any",
    flows: Annotated[
        str | None,
        typer.Option(
            "--flows", metavar="FILE", help="Tell which recorded flows break: a log of Hubble or Calico, or -."
        ),
    ] = None,
    flows_format: o.FlowsFormat = "auto",
    reading: o.Reading,
    format: Formats = None,  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
    limits: o.Limits,
    showing: o.Showing,
    allow_empty: o.AllowEmpty = False,
) -> int:
    """Show which flows a change opens and closes, which edit did it, and which promises it breaks."""
    # imported here so that other commands and --help do not wait for the solver
    from npverify.analyses.diff.run import diff as compare

    problems = Problems()
    wanted = read_formats(format, output, problems)
    check_choice("--fail-on", fail_on, FAIL_ON, problems)
    sides = named_sides(old, new, programs, problems)
    paths = (paths_of(sides[0], more_old, both), paths_of(sides[1], more_new, both))
    check_flows(flows, flows_format, (), [*paths[0], *paths[1]], problems)
    if fail_on == "flows" and flows is None:
        problems.error("NPV455", "`--fail-on flows` needs recorded flows", fix="name their file with --flows")
    refuse_no_paths("NPV420", (("old version", paths[0]), ("new version", paths[1])), _NO_PATH, problems)
    sources = Sources()
    shared = Shared(reading, limits, problems, spec)
    two = TwoSides((Side(paths[0]), Side(paths[1])), shared, sources, specs_of_second=True, once=True)
    two.tell(verbose=showing.verbose, no_color=showing.no_color)
    keep_freed_memory()
    size = sum(len(one.world.defined) + len(one.world.inventory.endpoints) for one in two.loaded)
    progressing = Progress(wanted=not showing.quiet, verb="comparing")
    with to_the_end(size) as made, progressing as progress, Interrupt() as interrupt:
        made.append(two)
        result = compare(
            two.loaded[0].world,
            two.loaded[1].world,
            specs=two.loaded[1].specs,
            only_tags=only or (),
            budget=two.inputs[0].budget,
            timeout=two.inputs[0].timeout,
            allow_empty=allow_empty,
            progress=progress.step,
            stop=lambda: interrupt.asked,
        )
        made.append(result)
    tally = _tally(two, flows, flows_format) if flows is not None and not result.interrupted else None
    say_all(result.warnings, no_color=showing.no_color)
    if two.one_plugin:
        result = replace(result, notes=(*result.notes, ONE_PLUGIN.format(two.one_plugin)))
    policies = (result.old.policies, result.new.policies)
    paint = paint_for(sys.stdout, no_color=showing.no_color, to_file=not to_terminal(wanted, output))

    def as_json() -> str:
        value = diff_json(result, (paths[0], paths[1]))
        return dumps(value if tally is None else {**value, "recorded": tally_json(tally, *policies)})

    def as_text() -> str:
        view = View(paint, showing.verbose, showing.quiet, sources.lines)
        text = render_diff(result, view, include_new=include_new, readings=readings)
        return text if tally is None else f"{text}\n{tally_text(tally, *policies, paint)}"

    def as_markdown() -> str:
        return render_markdown(result, include_new=include_new) + (
            "" if tally is None else tally_markdown(tally, *policies)
        )

    def page(report: Report) -> Iterable[str]:
        from npverify.report.html.flow_map import diff_map

        return html_page(report, sources.lines, diff_map(listed_changes(result, include_new=include_new)))

    own = {"json": as_json, "text": as_text, "markdown": as_markdown}
    write_all(wanted, output, own, lambda: diff_items(result, sources.lines, include_new=include_new), page)
    if tally is not None and tally.unreadable:
        return BAD_INPUT
    if fail_on == "flows" and tally is not None and tally.count("broken"):
        return REFUTED
    return exit_code(result, fail_on)


def _tally(two: TwoSides, flows: str, flows_format: str) -> Tally:
    from npverify.analyses.recorded.change import recorded_change

    with open_lines(flows) as lines:
        return recorded_change(two.loaded[0].world, two.loaded[1].world, lines, flows_format)


def exit_code(result: DiffResult, fail_on: str) -> int:
    """0 nothing of what `fail_on` names, 1 something of it, 3 undecided, 130 interrupted."""
    if result.interrupted:
        return INTERRUPTED
    bad = (Status.REFUTED, Status.VACUOUS)
    forbidden = any(a.status in bad and a.assertion.severity == "error" for a in result.claims)
    broken = any(p.fails and p.after.assertion.severity == "error" for p in result.promises)
    ways = {way.status for way in result.ways}
    failed = {
        "any": bool(result.every or result.ways) or forbidden or broken,
        "added": forbidden or broken or any(change.added for change in result.every) or "opened" in ways,
        "removed": forbidden or broken or any(change.removed for change in result.every) or "closed" in ways,
        "assertions": forbidden or broken,
        "flows": False,
        "none": False,
    }[fail_on]
    if failed:
        return REFUTED
    undecided = any(a.status is Status.UNDECIDED for a in result.claims)
    undecided = undecided or any(p.after.status is Status.UNDECIDED for p in result.promises)
    return UNDECIDED if (result.undecided or undecided) and fail_on not in ("flows", "none") else OK
