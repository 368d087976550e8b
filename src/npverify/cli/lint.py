"""`npverify lint`: what is probably wrong with the policies."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from npverify.cli import options as o
from npverify.cli.completion import rules
from npverify.cli.formats import Formats, html_page, read_formats, to_terminal, write_all
from npverify.cli.grouped import grouped
from npverify.cli.guard import INTERRUPTED, OK, REFUTED, UNDECIDED
from npverify.cli.inputs import Inputs
from npverify.cli.interrupt import Interrupt
from npverify.cli.memory import keep_freed_memory
from npverify.cli.notes import say_notes
from npverify.cli.output import emit, paint_for, say, say_all
from npverify.cli.programs import Programs
from npverify.cli.progress import Progress
from npverify.cli.sources import Sources
from npverify.ingest.source import Diagnostic, Problems
from npverify.report.json_values import dumps
from npverify.report.paint import count
from npverify.report.prove_text import View

_MOST = 5  # rules that a message names

if TYPE_CHECKING:
    from npverify.analyses.lint.findings import LintResult
    from npverify.analyses.world import World
    from npverify.report.items import Report


@grouped
def lint(
    *,
    paths: o.Paths = None,
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
    explain: Annotated[
        str | None,
        typer.Option("--explain", metavar="CODE", help="Print what a rule is about, and leave.", autocompletion=rules),
    ] = None,
    reading: o.Reading,
    baseline: o.Baseline = None,
    write_baseline: o.WriteBaseline = None,
    format: Formats = None,  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
    limits: o.Limits,
    jobs: o.Jobs = 1,
    showing: o.Showing,
) -> int:
    """Tell what is probably wrong with the policies: at which line, why, and how to mend it."""
    # imported here so that other commands and --help do not wait for the solver
    from npverify.analyses.lint.run import lint as ask_rules
    from npverify.cli.baseline import read_baseline, without_known
    from npverify.report.lint_items import lint_items
    from npverify.report.lint_json import lint_json
    from npverify.report.lint_text import render_lint

    if explain is not None:
        emit(_explained(explain), output)
        return OK
    problems = Problems()
    wanted = read_formats(format, output, problems)
    known = read_baseline(baseline, write_baseline, "findings", problems)
    inputs = Inputs.settle(
        paths,
        reading,
        programs=programs,
        limits=limits,
        problems=problems,
    )
    config = inputs.config
    sources = Sources()
    world = inputs.load(sources, for_lint=True).world
    say_notes(world, config, verbose=showing.verbose, no_color=showing.no_color)
    keep_freed_memory()
    with Progress(wanted=not showing.quiet, verb="asking") as progress, Interrupt() as interrupt:
        result = ask_rules(
            world,
            select=select or config.lint_select,
            ignore=[*config.lint_ignore, *(ignore or [])],
            budget=inputs.budget,
            timeout=inputs.timeout,
            jobs=jobs,
            progress=progress.step,
            stop=lambda: interrupt.asked,
            suppress=config.suppress,
            lines=sources.lines,
            today=date.today(),
        )
    if write_baseline is not None:
        return _write_baseline(result, world, write_baseline)
    if known is not None:
        gone = Problems()
        result = without_known(result, world, known, gone)
        say_all(gone.warnings, no_color=showing.no_color)
    say_all(warnings_of(result), no_color=showing.no_color)
    paint = paint_for(sys.stdout, no_color=showing.no_color, to_file=not to_terminal(wanted, output))
    own = {
        "json": lambda: dumps(lint_json(result, world)),
        "text": lambda: render_lint(
            result, world, View(paint, showing.verbose, showing.quiet, sources.lines), strict=strict
        ),
    }

    def page(report: Report) -> Iterable[str]:
        from npverify.report.html.flow_map import NO_PODS, WHO, FlowMap, world_map
        from npverify.report.html.marks import with_marks

        flows = None if result.interrupted else world_map(world) or FlowMap("connectivity", WHO, left_out=NO_PODS)
        shown = enumerate((finding.shown for finding in result.findings), 1)
        return html_page(report, sources.lines, flows and with_marks(flows, shown))

    write_all(wanted, output, own, lambda: lint_items(result, world, sources.lines), page)
    return exit_code(result, strict=strict)


def _write_baseline(result: LintResult, world: World, file: str) -> int:
    """A run that did not get to its end has no baseline: what it did not find would be new the next time."""
    from npverify.cli.baseline import baseline_text

    if result.interrupted:
        return INTERRUPTED
    emit(baseline_text(result, world), file)
    say(f"wrote {file}: {count(len(result.findings), 'finding')}; from now on: npverify lint … --baseline {file}\n")
    return UNDECIDED if result.undecided else OK


def exit_code(result: LintResult, *, strict: bool = False) -> int:
    """0 nothing found, 1 findings (those of severity info count with `strict`), 3 undecided, 130 interrupted."""
    if result.interrupted:
        return INTERRUPTED
    if result.count("error") or result.count("warning") or (strict and result.findings):
        return REFUTED
    return UNDECIDED if result.undecided else OK


def _explained(text: str) -> str:
    from npverify.analyses.lint.registry import RULES, check_code
    from npverify.report.lint_page import explanation

    problems = Problems()
    code = check_code(text, "`--explain`", problems)
    problems.raise_errors()
    return explanation(RULES[code or ""].about)


def warnings_of(result: LintResult) -> tuple[Diagnostic, ...]:
    """Rules that could not be asked, and annotations without effect."""
    problems = Problems()
    if result.not_asked:
        codes = ", ".join(about.code for about in result.not_asked[:_MOST])
        if len(result.not_asked) > _MOST:
            codes += f" and {len(result.not_asked) - _MOST} more, which `--format json` lists"
        fix = "add the manifests of the workloads or the output of `kubectl get pods -A -o json`"
        problems.warn("NPV332", f"no pod or workload was found, so these rules were not asked: {codes}", fix=fix)
    for idle in result.unused:
        if idle.expired:
            message = f"{idle.title} has silenced {idle.code} until a day that is over"
            problems.warn("NPV335", message, idle.span, "mend what it is about, or name a later day")
        else:
            problems.warn(
                "NPV333", f"{idle.title} silences {idle.code}, which finds nothing there", idle.span, "remove it"
            )
    return problems.warnings
