"""`npverify connectivity`: who may talk to whom."""

from __future__ import annotations

import sys

from npverify.cli import options as o
from npverify.cli.guard import OK
from npverify.cli.notes import say_notes
from npverify.cli.output import emit, paint_for
from npverify.cli.sources import Sources
from npverify.ingest.source import Problems
from npverify.report.connectivity_report import connectivity_json, connectivity_text


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
    format: o.Format = "text",  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    no_color: o.NoColor = False,
    allow_empty: o.AllowEmpty = False,
) -> int:
    """List who may talk to whom: workloads, address ranges, protocols and ports."""
    from npverify.analyses.connectivity import connectivity as all_pairs

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
    loaded = inputs.load(Sources())
    if not allow_empty:
        problems = Problems()
        o.refuse_no_pods(loaded.world, problems)
        problems.raise_errors()
    if not quiet:
        say_notes(loaded.world, inputs.config, verbose=verbose, no_color=no_color)
    found = all_pairs(loaded.world)
    if format == "json":
        emit(connectivity_json(found), output)
    else:
        paint = paint_for(sys.stdout, no_color=no_color, to_file=output is not None)
        emit(connectivity_text(found, paint), output)
    return OK
