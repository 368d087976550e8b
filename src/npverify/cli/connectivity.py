"""`npverify connectivity`: who may talk to whom."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated

import typer

from npverify.cli import options as o
from npverify.cli.formats import html_page, read_formats, to_terminal, write_all
from npverify.cli.guard import OK
from npverify.cli.notes import say_notes
from npverify.cli.output import paint_for
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
    ),
]


def connectivity(
    paths: o.Paths = None,
    cni: o.Cni = None,
    calico_version: o.CalicoVersion = None,
    cilium_version: o.CiliumVersion = None,
    assume: o.Assume = None,
    pod_cidr: o.PodCidrs = None,
    ip_family: o.IpFamily = None,
    ignore_kind: o.IgnoreKinds = None,
    remote: o.Remotes = None,
    format: Format = None,  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    no_color: o.NoColor = False,
    allow_empty: o.AllowEmpty = False,
) -> int:
    """List who may talk to whom: workloads, address ranges, protocols and ports."""
    from npverify.analyses.connectivity import connectivity as all_pairs

    wanted = read_formats(format, output, _FORMATS)
    inputs = o.Inputs.settle(
        paths,
        cni=cni,
        calico_version=calico_version,
        cilium_version=cilium_version,
        assume=assume,
        pod_cidrs=pod_cidr,
        ip_family=ip_family,
        ignore_kinds=ignore_kind,
        remotes=remote,
    )
    sources = Sources()
    loaded = inputs.load(sources)
    if not allow_empty:
        problems = Problems()
        o.refuse_no_pods(loaded.world, problems)
        problems.raise_errors()
    if not quiet:
        say_notes(loaded.world, inputs.config, verbose=verbose, no_color=no_color)
    found = all_pairs(loaded.world)
    paint = paint_for(sys.stdout, no_color=no_color, to_file=not to_terminal(wanted, output))

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
