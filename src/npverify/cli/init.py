"""`npverify init`: a starter config and spec for given manifests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from npverify.cli import options as o
from npverify.cli.checks import refuse_no_pods
from npverify.cli.grouped import grouped, without
from npverify.cli.guard import OK
from npverify.cli.output import emit
from npverify.cli.programs import Programs
from npverify.ingest.source import Problems
from npverify.report.paint import count
from npverify.report.starter import CONFIG_NAME, SPEC_NAME, config_text, spec_text


@grouped
def init(
    *,
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Files or folders of manifests.", show_default=False)
    ] = None,
    programs: Programs,
    reading: Annotated[o.Reading, without("assume", "pod_cidr", "ip_family", "remote")],
    force: Annotated[bool, typer.Option("--force", help="Write over files that exist.")] = False,
    no_color: o.NoColor = False,
) -> int:
    """Write .npverify.yaml and npverify.npv into this folder, made from the manifests."""
    from npverify.analyses.load import load

    problems = Problems()
    named = [*(paths or ()), *programs.paths(problems)]
    if not named and not problems.errors:
        problems.error("NPV140", "no PATH given", fix="name the folder of the manifests: npverify init manifests/")
    if "-" in named:
        problems.error("NPV145", "`-` cannot stand in a config file", fix="name the files or folders of the manifests")
    if not force:
        _refuse_existing(problems)
    problems.raise_errors()
    loaded = load(named, cni=reading.cni or "kubernetes", ignore_kinds=reading.ignore_kind or (), with_assertions=False)
    if not loaded.world.inventory.pods:
        refuse_no_pods(loaded.world, problems)
        problems.raise_errors()
    for name, text in ((CONFIG_NAME, config_text(named)), (SPEC_NAME, spec_text(loaded.world.inventory))):
        emit(text, name)
    pods = count(len({e.workload or e for e in loaded.world.inventory.pods}), "workload")
    policies = count(len(loaded.world.defined), "policy", "policies")
    emit(f"wrote {CONFIG_NAME} and {SPEC_NAME} for {pods} and {policies}; now run: npverify prove\n")
    return OK


def _refuse_existing(problems: Problems) -> None:
    for name in (CONFIG_NAME, SPEC_NAME):
        if Path(name).exists():
            problems.error("NPV149", f"`{name}` exists already", fix="keep it, or write over it with --force")
