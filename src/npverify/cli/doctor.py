"""`npverify doctor`: what npverify finds of the programs that it uses, and the role that reading a cluster needs."""

from __future__ import annotations

import platform
import shutil
import sys
from importlib import metadata
from typing import Annotated

import typer

from npverify import __version__
from npverify.cli import options as o
from npverify.cli.guard import OK
from npverify.cli.output import emit, paint_for
from npverify.report.rbac import role

_PROGRAMS = {
    "git": "git:REF:path, such as `npverify diff git:main:k8s k8s`",
    "kubectl": "cluster:CONTEXT, `npverify snapshot`, and kustomize:DIR where kustomize is not there",
    "kustomize": "kustomize:DIR",
    "helm": "helm:DIR?values=FILE",
    "dot": "pictures of `--format dot`",
}


def doctor(
    rbac: Annotated[
        bool, typer.Option("--rbac", help="Print the ClusterRole that reading a cluster needs, as YAML.")
    ] = False,
    output: o.Output = None,
    no_color: o.NoColor = False,
) -> int:
    """Tell which versions run and which programs are there; or print the role that reading a cluster needs."""
    if rbac:
        emit(role(), output)
        return OK
    paint = paint_for(sys.stdout, no_color=no_color, to_file=output is not None)
    lines = [
        f"npverify   {__version__}",
        f"Python     {platform.python_version()} ({platform.system()} {platform.machine()})",
        f"Z3         {metadata.version('z3-solver')}",
        "",
    ]
    for name, used in _PROGRAMS.items():
        there = shutil.which(name) is not None
        mark = paint("green", "there") if there else paint("yellow", "not there")
        lines.append(f"{name:<10} {mark}{' ' * (0 if not there else 4)}  for {used}")
    emit("".join(f"{line}\n" for line in lines), output)
    return OK
