"""`npverify explain`: why a flow is allowed or denied."""

from __future__ import annotations

import sys

from npverify.cli import options as o
from npverify.cli.flow_options import FlowOptions, read_options
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
    header: o.Headers = None,
    via: o.Via = None,
    cni: o.Cni = None,
    calico_version: o.CalicoVersion = None,
    cilium_version: o.CiliumVersion = None,
    assume: o.Assume = None,
    pod_cidr: o.PodCidrs = None,
    ip_family: o.IpFamily = None,
    ignore_kind: o.IgnoreKinds = None,
    remote: o.Remotes = None,
    no_edits: o.NoEdits = False,
    format: o.Format = "text",  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    no_color: o.NoColor = False,
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

    o.check_format(format)
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
    world = inputs.load(sources, keep_documents=not no_edits).world
    options = FlowOptions(from_, to, port, protocol, icmp, http, tuple(header or ()), via)
    asked = read_options(world, options)
    paint = paint_for(sys.stdout, no_color=no_color, to_file=output is not None)
    if asked.range is not None:
        parts = explain_range(world, asked.reader, asked.range, asked.query)
        if not quiet:
            say_notes(world, inputs.config, verbose=verbose, no_color=no_color)
        if format == "json":
            emit(dumps(range_json(asked.range, parts, world.policies)), output)
        else:
            emit(range_text(asked.range, parts, world.policies, sources.lines, paint), output)
        return OK
    query = asked.query()
    evaluation = evaluate_query(world, query)
    found = explain_evaluation(world, evaluation)
    if not quiet:
        say_notes(world, inputs.config, verbose=verbose, no_color=no_color)
    beside = (others(world, query, evaluation), siblings(world, evaluation))
    # an edit for one node at which traffic comes in is none for the others
    without = no_edits or via is not None or evaluation.verdict.allowed
    edits = None if without else mends(world, evaluation)
    if format == "json":
        value = {**explain_json(found, world.policies), **beside_json(*beside)}
        emit(dumps(value if edits is None else {**value, "edits": mends_json(edits)}), output)
    else:
        text = explain_text(found, world.policies, sources.lines, paint)
        text += beside_text(*beside, world.policies, paint)
        emit(text if edits is None else text + mends_text(edits, paint, last_words(evaluation)), output)
    return OK
