"""`npverify explain`: why a flow is allowed or denied."""

from __future__ import annotations

import sys

from npverify.cli import options as o
from npverify.cli.checks import check_format
from npverify.cli.flow_options import read_options
from npverify.cli.grouped import grouped
from npverify.cli.guard import OK
from npverify.cli.inputs import Inputs
from npverify.cli.notes import say_notes
from npverify.cli.output import emit, paint_for
from npverify.cli.programs import Programs
from npverify.cli.sources import Sources
from npverify.ingest.source import Problems
from npverify.report.json_values import dumps


@grouped
def explain(
    *,
    paths: o.Paths = None,
    programs: Programs,
    flow: o.Flow,
    reading: o.Reading,
    no_edits: o.NoEdits = False,
    format: o.Format = "text",  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
    showing: o.Showing,
) -> int:
    """Tell why a flow is allowed or denied, policy by policy and rule by rule, and which small edits would allow it."""
    # imported here so that --help does not wait for it
    from npverify.analyses.evaluate import evaluate_query
    from npverify.analyses.explain import explain_evaluation
    from npverify.analyses.explain_more import explain_range, others, siblings
    from npverify.analyses.mends.run import last_words, mends
    from npverify.report.explain_more_report import beside_json, beside_text, range_json, range_text
    from npverify.report.explain_report import explain_json, explain_text
    from npverify.report.mends_report import mends_json, mends_text

    problems = Problems()
    check_format(format, problems)
    inputs = Inputs.settle(
        paths,
        reading,
        programs=programs,
        problems=problems,
    )
    sources = Sources()
    world = inputs.load(sources, keep_documents=not no_edits).world
    asked = read_options(world, flow)
    paint = paint_for(sys.stdout, no_color=showing.no_color, to_file=output is not None)
    if asked.range is not None:
        parts = explain_range(world, asked.reader, asked.range, asked.query)
        if not showing.quiet:
            say_notes(world, inputs.config, verbose=showing.verbose, no_color=showing.no_color)
        if format == "json":
            emit(dumps(range_json(asked.range, parts, world.policies)), output)
        else:
            emit(range_text(asked.range, parts, world.policies, sources.lines, paint), output)
        return OK
    query = asked.query()
    evaluation = evaluate_query(world, query)
    found = explain_evaluation(world, evaluation)
    if not showing.quiet:
        say_notes(world, inputs.config, verbose=showing.verbose, no_color=showing.no_color)
    beside = (others(world, query, evaluation), siblings(world, evaluation))
    # an edit for one node at which traffic comes in is none for the others
    without = no_edits or flow.via is not None or evaluation.verdict.allowed
    edits = None if without else mends(world, evaluation)
    if format == "json":
        value = {**explain_json(found, world.policies), **beside_json(*beside)}
        emit(dumps(value if edits is None else {**value, "edits": mends_json(edits)}), output)
    else:
        text = explain_text(found, world.policies, sources.lines, paint)
        text += beside_text(*beside, world.policies, paint)
        emit(text if edits is None else text + mends_text(edits, paint, last_words(evaluation)), output)
    return OK
