"""`npverify prove`: the assertions of the specs, checked."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated

import typer

from npverify.analyses.results import AssertionResult, ProveResult, Status
from npverify.cli import options as o
from npverify.cli.baseline import ACCEPTABLE, proof_baseline_text, read_baseline, without_known_answers
from npverify.cli.checks import refuse_no_pods
from npverify.cli.formats import Formats, Wanted, html_page, read_formats, to_terminal, write_all
from npverify.cli.grouped import grouped
from npverify.cli.guard import INTERRUPTED, OK, REFUTED, UNDECIDED
from npverify.cli.inputs import Inputs
from npverify.cli.interrupt import Interrupt
from npverify.cli.memory import keep_freed_memory
from npverify.cli.notes import say_notes
from npverify.cli.output import Answer, emit, paint_for, say
from npverify.cli.programs import Programs
from npverify.cli.progress import Progress
from npverify.cli.sources import Sources
from npverify.ingest.source import Problems
from npverify.report.json_values import dumps
from npverify.report.paint import count
from npverify.report.prove_items import prove_items
from npverify.report.prove_json import prove_json
from npverify.report.prove_text import View, render_prove

if TYPE_CHECKING:
    from npverify.analyses.load import Loaded
    from npverify.analyses.world import World
    from npverify.cli.baseline import Baseline as Known
    from npverify.report.items import Report

Cache = Annotated[
    str | None,
    typer.Option(
        "--cache",
        metavar="DIR",
        help="Keep the answer in this folder, and tell it again as long as every byte of the input is the same.",
    ),
]
_BAD: dict[Status, int] = {Status.REFUTED: REFUTED, Status.VACUOUS: REFUTED, Status.UNDECIDED: UNDECIDED}


@grouped
def prove(
    *,
    paths: o.Paths = None,
    programs: Programs,
    spec: o.Specs = None,
    only: o.Only = None,
    reading: o.Reading,
    baseline: o.Baseline = None,
    write_baseline: o.WriteBaseline = None,
    format: Formats = None,  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
    limits: o.Limits,
    jobs: o.Jobs = 1,
    showing: o.Showing,
    timings: Annotated[bool, typer.Option("--timings", help="Show how long each assertion took.")] = False,
    allow_vacuous: Annotated[
        bool, typer.Option("--allow-vacuous", help="Do not fail where an assertion speaks about nothing.")
    ] = False,
    allow_empty: o.AllowEmpty = False,
    cache: Cache = None,
) -> int:
    """Check the assertions of .npv files: proved, or refuted with a packet that breaks them."""
    problems = Problems()
    wanted = read_formats(format, output, problems)
    known = read_baseline(baseline, write_baseline, "assertions", problems, part=bool(only))
    inputs = Inputs.settle(
        paths,
        reading,
        specs=spec,
        programs=programs,
        limits=limits,
        problems=problems,
    )
    run = _Run(
        inputs, tuple(only or ()), known, wanted, output, showing, timings, allow_vacuous, allow_empty, Sources()
    )
    if write_baseline is not None or timings or cache is None:
        return run.ask(jobs, write_baseline).code
    # imported here so that a run without it does not wait for it
    from npverify.cli.remembered import remembered

    read = (*inputs.paths, *inputs.specs, *(path for paths in inputs.remotes.values() for path in paths))
    return remembered(
        cache,
        read,
        ("prove", *run.options()),
        run.sources.stdin,
        quiet=showing.quiet,
        no_color=showing.no_color,
        ask=lambda: run.ask(jobs, None),
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """One run with all that its answer hangs on, but for `sources`, which reads files again."""

    inputs: Inputs
    only: tuple[str, ...]
    known: Known | None
    wanted: tuple[Wanted, ...]
    output: str | None
    showing: o.Showing
    timings: bool
    allow_vacuous: bool
    allow_empty: bool
    sources: Sources

    def options(self) -> tuple[object, ...]:
        """All of it without `sources`."""
        return tuple(getattr(self, field.name) for field in fields(self) if field.name != "sources")

    def ask(self, jobs: int, write_baseline: str | None) -> Answer:
        """Prove, and write the answer in every form; or the baseline that it makes."""
        # imported here so that other commands and --help do not wait for the solver
        from npverify.analyses.prove import prove as prove_all

        inputs, showing = self.inputs, self.showing
        loaded = inputs.load(self.sources, only=self.only, with_assertions=True)
        if not self.allow_empty:
            refuse_empty(loaded, self.only)
        say_notes(loaded.world, inputs.config, verbose=showing.verbose, no_color=showing.no_color)
        keep_freed_memory()
        with Progress(wanted=not showing.quiet) as progress, Interrupt() as interrupt:
            result = prove_all(
                loaded.world,
                loaded.assertions,
                budget=inputs.budget,
                timeout=inputs.timeout,
                jobs=jobs,
                progress=progress.step,
                stop=lambda: interrupt.asked,
            )
        accepted = self.allow_vacuous or inputs.config.allow_vacuous
        if write_baseline is not None:
            return Answer(_write_baseline(result, write_baseline, allow_vacuous=accepted))
        if self.known is not None:
            result = without_known_answers(result, self.known, all_asked=not self.only)
        self._write(result, loaded.world, accepted)
        whole = not result.interrupted and not result.count(Status.UNDECIDED)
        return Answer(exit_code(result, allow_vacuous=accepted), whole=whole)

    def _write(self, result: ProveResult, world: World, accepted: bool) -> None:
        lines, showing, timings = self.sources.lines, self.showing, self.timings
        to_file = not to_terminal(self.wanted, self.output)
        paint = paint_for(sys.stdout, no_color=showing.no_color, to_file=to_file)
        own = {
            "json": lambda: dumps(prove_json(result, world, timings=timings)),
            "text": lambda: render_prove(result, world, View(paint, showing.verbose, showing.quiet, lines)),
        }

        def page(report: Report) -> Iterable[str]:
            from npverify.report.html.flow_map import world_map
            from npverify.report.html.marks import with_marks

            flows = None if result.interrupted else world_map(world)
            shown = enumerate((answer.counterexample for answer in result.results), 1)
            return html_page(report, lines, flows and with_marks(flows, shown))

        write_all(
            self.wanted,
            self.output,
            own,
            lambda: prove_items(result, world, lines, allow_vacuous=accepted, timings=timings),
            page,
        )
        if timings and any(one.name == "text" for one in self.wanted):
            say("".join(f"{r.seconds:8.3f} s  {r.assertion.title}\n" for r in result.results))


def refuse_empty(loaded: Loaded, only: Sequence[str] = ()) -> None:
    """InputError where a run could only look green because there is nothing to check."""
    problems = Problems()
    if not loaded.assertions:
        tags = " or ".join(f"`{tag}`" for tag in only)
        why = f"no assertion has the tag {tags}" if tags and loaded.specs else "no assertion was found"
        fix = "name a spec with --spec FILE, put a .npv file into the folder, or accept this with --allow-empty"
        if tags and loaded.specs:
            fix = "check the tags in the specs, or drop --only"
        problems.error("NPV143", f"{why}, so nothing can be proved", fix=fix)
    refuse_no_pods(loaded.world, problems)
    problems.raise_errors()


def _write_baseline(result: ProveResult, file: str, *, allow_vacuous: bool) -> int:
    """A run that did not get to its end has no baseline: what it did not decide would be accepted."""
    if result.interrupted:
        return INTERRUPTED
    emit(proof_baseline_text(result), file)
    number = sum(result.count(status) for status in ACCEPTABLE)
    say(f"wrote {file}: {count(number, 'assertion')}; from now on: npverify prove … --baseline {file}\n")
    left = result.count(Status.VACUOUS)
    if left and not allow_vacuous:
        say(f"{count(left, 'assertion')} about nothing will fail all the same: correct the names, or --allow-vacuous\n")
    return OK


def exit_code(result: ProveResult, *, allow_vacuous: bool) -> int:
    """0 all proved, 1 refuted (or vacuous, or a baseline has more than there is), 3 undecided, 130 interrupted; warnings and what a
    baseline accepts never count."""
    if result.interrupted:
        return INTERRUPTED
    codes = {_code(r, allow_vacuous) for r in result.results if not r.accepted}
    if result.stale:
        codes.add(REFUTED)
    return next((code for code in (REFUTED, UNDECIDED) if code in codes), OK)


def _code(answer: AssertionResult, allow_vacuous: bool) -> int:
    if answer.assertion.severity == "warning" or (allow_vacuous and answer.status is Status.VACUOUS):
        return OK
    return _BAD.get(answer.status, OK)
