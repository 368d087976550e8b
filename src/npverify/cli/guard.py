"""Turns what a command gives back or raises into an exit code and, where something went wrong, into one clear message."""

from __future__ import annotations

import functools
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import ParamSpec

import typer

from npverify import __version__
from npverify.cli.output import say, say_all
from npverify.ingest.source import InputError, InternalError

OK, REFUTED, BAD_INPUT, UNDECIDED, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 4, 130

P = ParamSpec("P")


def guarded(command: Callable[P, int]) -> Callable[P, None]:
    """A command that leaves with the exit code of design.md, section 6, whatever happens; never with a traceback."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        raise typer.Exit(_code(lambda: command(*args, **kwargs), no_color=bool(kwargs.get("no_color"))))

    return run


def _code(command: Callable[[], int], *, no_color: bool) -> int:
    try:
        return command()
    except InputError as error:
        say_all(error.diagnostics, no_color=no_color)
        return BAD_INPUT
    except KeyboardInterrupt:
        say("interrupted\n")
        return INTERRUPTED
    except typer.Exit as left:
        return left.exit_code
    except InternalError as error:
        return _crashed(f"npverify contradicted itself: {error}")
    except Exception as error:
        return _crashed(f"unexpected {type(error).__name__}: {error}")


def _crashed(what: str) -> int:
    """Write a bug report next to the user's temporary files, and say so in one line."""
    first_line = what.splitlines()[0][:300]
    try:
        handle, name = tempfile.mkstemp(prefix="npverify-bug-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(_bundle())
        where = f"; details for a bug report are in {name}"
    except OSError:
        where = ""
    say(f"error[NPV199]: internal error: {first_line}{where}\n")
    return INTERNAL


def _bundle() -> str:
    """What a developer needs: versions, the command, and the traceback without any content of manifests."""
    lines = [
        f"npverify {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"arguments: {sys.argv[1:]!r}",
        f"folder: {os.getcwd()}",
        "",
        traceback.format_exc(),
    ]
    return "\n".join(lines)
