"""The `npverify` program: its commands, and what it says when it is called without one."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.main import get_command

from npverify import __version__
from npverify.cli.guard import guarded
from npverify.cli.output import emit, prepare_streams
from npverify.cli.quick_parameters import quicken

INTRO = f"""\
npverify {__version__} proves statements about Kubernetes network policies, and shows the packet that breaks them.

  npverify prove examples/shop                          check the assertions (.npv) of a folder
  npverify explain k8s --from web --to db --port 5432   why a flow is allowed or denied
  npverify diff git:main:k8s k8s                        which flows a change opens and closes
  npverify lint manifests/                              what is probably wrong with the policies
  npverify init manifests/                              write a starter config and spec

Give it your manifests (folders, files, or - for `kubectl get … -o json`); `npverify COMMAND --help` lists the options.
Exit codes: 0 proved or equal, 1 refuted, different or found, 2 bad input, 3 undecided, 4 internal error.
"""

_COMMANDS = {
    "prove": "prove:prove",
    "watch": "watch:watch",
    "eval": "evaluate:evaluate",
    "explain": "explain:explain",
    "connectivity": "connectivity:connectivity",
    "equiv": "equiv:equiv",
    "rollout": "rollout:rollout",
    "diff": "diff:diff",
    "translate": "translate:translate",
    "lint": "lint:lint",
    "rule": "rule:rule",
    "profiles": "profiles:profiles",
    "init": "init:init",
    "snapshot": "snapshot:snapshot",
    "doctor": "doctor:doctor",
    "fleet": "fleet:app",
    "lsp": "lsp:lsp",
}
"""The commands in the order in which help lists them, with the module and name of each."""


def program(only: str | None = None) -> typer.Typer:
    """The program with all its commands, or with one of them: the others are then not imported."""
    app = typer.Typer(
        name="npverify",
        add_completion=only is None,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    app.callback(invoke_without_command=True)(_start)
    for name, where in _COMMANDS.items():
        if only in (None, name):
            module, _, attribute = where.partition(":")
            command = getattr(importlib.import_module(f"npverify.cli.{module}"), attribute)
            if isinstance(command, typer.Typer):
                app.add_typer(command, name=name)
            else:
                app.command(name)(guarded(command))
    return app


def _start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    """Prove statements about Kubernetes network policies, and show the packet that breaks them."""
    if version:
        emit(f"npverify {__version__}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        emit(INTRO)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code; the program's own usage errors are 2."""
    prepare_streams()
    try:
        named = next(iter(arguments), None)
        command = get_command(program(named if named in _COMMANDS else None))
        quicken(command)
        command(args=list(arguments), prog_name="npverify")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 0 if left.code is None else 2
    return 0
