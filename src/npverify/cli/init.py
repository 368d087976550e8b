"""`npverify init`: a starter config and spec for given manifests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from npverify.cli import options as o
from npverify.cli.guard import OK
from npverify.cli.output import emit
from npverify.ingest.source import Problems
from npverify.report.paint import count
from npverify.report.starter import CONFIG_NAME, SPEC_NAME, config_text, spec_text


def init(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Files or folders of manifests.")],
    cni: o.Cni = None,
    calico_version: o.CalicoVersion = None,
    cilium_version: o.CiliumVersion = None,
    ignore_kind: o.IgnoreKinds = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that exist.")] = False,
    no_color: o.NoColor = False,
) -> int:
    """Write .npverify.yaml and npverify.npv into this folder, made from the manifests."""
    from npverify.analyses.load import load

    problems = Problems()
    if "-" in paths:
        problems.error("NPV145", "`-` cannot stand in a config file", fix="name the files or folders of the manifests")
    if not force:
        _refuse_existing(problems)
    problems.raise_errors()
    loaded = load(paths, cni=cni or "kubernetes", ignore_kinds=ignore_kind or (), with_assertions=False)
    if not loaded.world.inventory.pods:
        o.refuse_no_pods(loaded.world, problems)
        problems.raise_errors()
    for name, text in ((CONFIG_NAME, config_text(paths)), (SPEC_NAME, spec_text(loaded.world.inventory))):
        emit(text, name)
    pods = count(len({e.workload or e for e in loaded.world.inventory.pods}), "workload")
    policies = count(len(loaded.world.defined), "policy", "policies")
    emit(f"wrote {CONFIG_NAME} and {SPEC_NAME} for {pods} and {policies}; now run: npverify prove\n")
    return OK


def _refuse_existing(problems: Problems) -> None:
    for name in (CONFIG_NAME, SPEC_NAME):
        if Path(name).exists():
            problems.error("NPV149", f"`{name}` exists already", fix="keep it, or write over it with --force")
