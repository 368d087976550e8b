"""`npverify eval`: the verdict of concrete flows."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from npverify.cli import options as o
from npverify.cli.flow_options import FlowOptions, flow_query
from npverify.cli.guard import BAD_INPUT, OK
from npverify.cli.notes import say_notes
from npverify.cli.output import emit, paint_for, say
from npverify.cli.sources import Sources
from npverify.report import eval_report as report
from npverify.report.json_values import dumps


def evaluate(
    paths: o.Paths = None,
    from_: o.From = None,
    to: o.To = None,
    port: o.Port = None,
    protocol: o.Protocol = None,
    icmp: o.Icmp = None,
    http: o.Http = None,
    header: o.Headers = None,
    via: o.Via = None,
    flows: Annotated[
        str | None,
        typer.Option(
            "--flows",
            metavar="FILE",
            help="Flows as JSON, one on each line, or the log of Hubble or Calico; - for standard input.",
        ),
    ] = None,
    flows_format: o.FlowsFormat = "auto",
    cni: o.Cni = None,
    calico_version: o.CalicoVersion = None,
    cilium_version: o.CiliumVersion = None,
    assume: o.Assume = None,
    pod_cidr: o.PodCidrs = None,
    ip_family: o.IpFamily = None,
    ignore_kind: o.IgnoreKinds = None,
    remote: o.Remotes = None,
    format: o.Format = "text",  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    no_color: o.NoColor = False,
) -> int:
    """Tell whether concrete flows pass, and which rules decide."""
    # imported here so that --help does not wait for it
    from npverify.analyses.evaluate import evaluate_query
    from npverify.cli.flow_lines import Answers, check_flows, open_lines

    o.check_format(format)
    options = FlowOptions(from_, to, port, protocol, icmp, http, tuple(header or ()), via)
    check_flows(flows, flows_format, options.given, paths)
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
    world = loaded.world
    paint = paint_for(sys.stdout, no_color=no_color, to_file=output is not None)
    if flows is not None:
        with open_lines(flows) as lines:
            if not quiet:
                say_notes(world, inputs.config, verbose=verbose, no_color=no_color)
            answers = Answers(world, flows_format, as_json=format == "json", paint=paint)
            emit(answers.of(lines), output)
        if format == "json" and answers.recorded and not quiet:
            say(f"{answers.summary.line}\n")
        return BAD_INPUT if answers.unreadable else OK
    found = evaluate_query(world, flow_query(world, options))
    if not quiet:
        say_notes(world, inputs.config, verbose=verbose, no_color=no_color)
    if format == "json":
        emit(dumps(report.single_json(found, world.policies)), output)
    else:
        emit(report.evaluation_text(found, world.policies, paint), output)
    return OK
