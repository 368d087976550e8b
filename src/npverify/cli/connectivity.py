"""`npverify connectivity`: who may talk to whom."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated

import typer

from npverify.cli import options as o
from npverify.cli.checks import refuse_no_pods
from npverify.cli.completion import words
from npverify.cli.formats import html_page, read_formats, to_terminal, write_all
from npverify.cli.grouped import grouped
from npverify.cli.guard import OK
from npverify.cli.inputs import Inputs
from npverify.cli.notes import say_notes
from npverify.cli.output import paint_for
from npverify.cli.programs import Programs
from npverify.cli.sources import Sources
from npverify.ingest.source import Problems
from npverify.report.connectivity_report import connectivity_json, connectivity_text
from npverify.report.graph import dot, mermaid
from npverify.report.items import Edge, Report
from npverify.report.paint import count

_FORMATS = ("text", "json", "markdown", "dot", "mermaid", "html")

Format = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        metavar="NAME[=FILE]",
        help=f"How to show the answer: {', '.join(_FORMATS)}. With =FILE into a file; may be repeated.",
        autocompletion=words(*_FORMATS),
    ),
]


@grouped
def connectivity(
    *,
    paths: o.Paths = None,
    programs: Programs,
    reading: o.Reading,
    format: Format = None,  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
    showing: o.Showing,
    allow_empty: o.AllowEmpty = False,
) -> int:
    """List who may talk to whom: workloads, address ranges, protocols and ports."""
    from npverify.analyses.connectivity import connectivity as all_pairs

    problems = Problems()
    wanted = read_formats(format, output, problems, _FORMATS)
    inputs = Inputs.settle(
        paths,
        reading,
        programs=programs,
        problems=problems,
    )
    sources = Sources()
    loaded = inputs.load(sources)
    if not allow_empty:
        refuse_no_pods(loaded.world, problems)
        problems.raise_errors()
    if not showing.quiet:
        say_notes(loaded.world, inputs.config, verbose=showing.verbose, no_color=showing.no_color)
    found = all_pairs(loaded.world)
    paint = paint_for(sys.stdout, no_color=showing.no_color, to_file=not to_terminal(wanted, output))

    headline = f"{count(len(loaded.world.defined), 'policy', 'policies')}, profile {loaded.world.policies.profile}"

    def page() -> Iterable[str]:
        from npverify.report.html.flow_map import connectivity_map

        flows = connectivity_map(found)
        return html_page(Report("connectivity", headline, (), ()), sources.lines, flows)

    def drawn(draw: Callable[[Sequence[Edge], str, Sequence[str]], str]) -> str:
        from npverify.report.connectivity_graph import picture

        drawing = picture(found)
        return draw(drawing.edges, f"npverify connectivity: {drawing.said}; {headline}", drawing.ends)

    def comment() -> str:
        from npverify.report.connectivity_graph import connectivity_markdown

        return connectivity_markdown(found, headline)

    own = {
        "markdown": comment,
        "dot": lambda: drawn(dot),
        "mermaid": lambda: drawn(mermaid),
        "json": lambda: connectivity_json(found),
        "text": lambda: connectivity_text(found, paint),
        "html": page,
    }
    write_all(wanted, output, own)
    return OK
