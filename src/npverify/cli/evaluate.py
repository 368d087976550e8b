"""`npverify eval`: the verdict of concrete flows."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from npverify.cli import options as o
from npverify.cli.checks import check_format
from npverify.cli.flow_options import flow_query
from npverify.cli.grouped import grouped
from npverify.cli.guard import BAD_INPUT, OK
from npverify.cli.inputs import Inputs
from npverify.cli.notes import say_notes
from npverify.cli.output import emit, paint_for, say
from npverify.cli.programs import Programs
from npverify.cli.sources import Sources
from npverify.ingest.source import Problems
from npverify.report import eval_report as report
from npverify.report.json_values import dumps


@grouped
def evaluate(
    *,
    paths: o.Paths = None,
    programs: Programs,
    flow: o.Flow,
    flows: Annotated[
        str | None,
        typer.Option(
            "--flows",
            metavar="FILE",
            help="Flows as JSON, one on each line, or the log of Hubble or Calico; - for standard input.",
        ),
    ] = None,
    flows_format: o.FlowsFormat = "auto",
    reading: o.Reading,
    format: o.Format = "text",  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
    showing: o.Showing,
) -> int:
    """Tell whether concrete flows pass, and which rules decide."""
    # imported here so that --help does not wait for it
    from npverify.analyses.evaluate import evaluate_query
    from npverify.cli.flow_lines import Answers, check_flows, open_lines

    problems = Problems()
    check_format(format, problems)
    check_flows(flows, flows_format, flow.given, [*(paths or ())], problems)
    inputs = Inputs.settle(
        paths,
        reading,
        programs=programs,
        problems=problems,
    )
    sources = Sources()
    loaded = inputs.load(sources)
    world = loaded.world
    paint = paint_for(sys.stdout, no_color=showing.no_color, to_file=output is not None)
    if flows is not None:
        with open_lines(flows) as lines:
            if not showing.quiet:
                say_notes(world, inputs.config, verbose=showing.verbose, no_color=showing.no_color)
            answers = Answers(world, flows_format, as_json=format == "json", paint=paint)
            emit(answers.of(lines), output)
        if format == "json" and answers.recorded and not showing.quiet:
            say(f"{answers.summary.line}\n")
        return BAD_INPUT if answers.unreadable else OK
    found = evaluate_query(world, flow_query(world, flow))
    if not showing.quiet:
        say_notes(world, inputs.config, verbose=showing.verbose, no_color=showing.no_color)
    if format == "json":
        emit(dumps(report.single_json(found, world.policies)), output)
    else:
        emit(report.evaluation_text(found, world.policies, paint), output)
    return OK
