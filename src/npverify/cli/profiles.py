"""`npverify profiles`: what each network plugin does where the API leaves room."""

from __future__ import annotations

from typing import Annotated

import typer

from npverify.cli import completion
from npverify.cli import options as o
from npverify.cli.checks import check_format
from npverify.cli.guard import OK
from npverify.cli.output import emit
from npverify.ingest.source import Problems
from npverify.report.json_values import dumps


def profiles(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME[@VERSION]]…",
            help="Plugins to show; without any, all are listed.",
            show_default=False,
            autocompletion=completion.plugins,
        ),
    ] = None,
    format: o.Format = "text",  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
) -> int:
    """List the network plugins that --cni knows, or show what one does and where that was read."""
    # imported here so that --help does not wait for the table
    from npverify.dialects.profiles import rows_of
    from npverify.report.profiles_page import chosen_of, listing, one, profiles_json

    problems = Problems()
    check_format(format, problems)
    problems.raise_errors()
    chosen = rows_of(names or ())
    if format == "json":
        text = dumps(profiles_json(chosen_of(chosen)))
    elif chosen:
        text = "\n".join(one(plugin, version) for plugin, version in chosen)
    else:
        text = listing()
    emit(text, output)
    return OK
