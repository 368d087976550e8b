"""`npverify explain`: why a flow is allowed or denied."""

from __future__ import annotations

import sys

from npverify.cli import options as o
from npverify.cli.flow_options import flow_query
from npverify.cli.guard import OK
from npverify.cli.notes import say_notes
from npverify.cli.output import emit, paint_for
from npverify.cli.sources import Sources
from npverify.report.json_values import dumps


def explain(
    paths: o.Paths = None,
    from_: o.From = None,
    to: o.To = None,
    port: o.Port = None,
    protocol: o.Protocol = None,
    icmp: o.Icmp = None,
    http: o.Http = None,
    cni: o.Cni = None,
    calico_version: o.CalicoVersion = None,
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
    """Tell why a flow is allowed or denied: every policy that took part, rule by rule."""
    # imported here so that --help does not wait for it
    from npverify.analyses.evaluate import evaluate_query
    from npverify.analyses.explain import explain_evaluation
    from npverify.report.explain_report import explain_json, explain_text

    o.check_format(format)
    inputs = o.Inputs.settle(
        paths,
        cni=cni,
        calico_version=calico_version,
        assume=assume,
        pod_cidrs=pod_cidr,
        ip_family=ip_family,
        ignore_kinds=ignore_kind,
        remotes=remote,
    )
    sources = Sources()
    world = inputs.load(sources).world
    query = flow_query(world, from_, to, port, protocol, icmp, http)
    found = explain_evaluation(world, evaluate_query(world, query))
    if not quiet:
        say_notes(world, inputs.config, verbose=verbose, no_color=no_color)
    if format == "json":
        emit(dumps(explain_json(found, world.policies)), output)
    else:
        paint = paint_for(sys.stdout, no_color=no_color, to_file=output is not None)
        emit(explain_text(found, world.policies, sources.lines, paint), output)
    return OK
