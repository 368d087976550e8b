"""The `npverify` program: its commands, and what it says when it is called without one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from npverify import __version__
from npverify.cli.connectivity import connectivity
from npverify.cli.equiv import equiv
from npverify.cli.evaluate import evaluate
from npverify.cli.explain import explain
from npverify.cli.fleet import app as fleet
from npverify.cli.guard import guarded
from npverify.cli.init import init
from npverify.cli.lint import lint
from npverify.cli.output import emit, prepare_streams
from npverify.cli.prove import prove
from npverify.cli.translate import translate

INTRO = f"""\
npverify {__version__} proves statements about Kubernetes network policies, and shows the packet that breaks them.

  npverify prove examples/shop                                   check the assertions (.npv) of a folder
  npverify explain manifests/ --from shop/web --to shop/db --port 5432     why a flow is allowed or denied
  npverify equiv old/ new/                                       do two policy sets allow the same flows
  npverify lint manifests/                                       what is probably wrong with the policies
  npverify init manifests/                                       write a starter config and spec

Give it your manifests (folders, files, or - for `kubectl get … -o json`); `npverify COMMAND --help` lists the options.
Exit codes: 0 proved or equal, 1 refuted, different or found, 2 bad input, 3 undecided, 4 internal error.
"""

app = typer.Typer(
    name="npverify",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


@app.callback(invoke_without_command=True)
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


app.command("prove")(guarded(prove))
app.command("eval")(guarded(evaluate))
app.command("explain")(guarded(explain))
app.command("connectivity")(guarded(connectivity))
app.command("equiv")(guarded(equiv))
app.command("translate")(guarded(translate))
app.command("lint")(guarded(lint))
app.command("init")(guarded(init))
app.add_typer(fleet, name="fleet")


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code; the program's own usage errors are 2."""
    prepare_streams()
    try:
        app(args=list(arguments), prog_name="npverify")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 0 if left.code is None else 2
    return 0
