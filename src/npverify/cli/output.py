"""Where text goes: results to standard output or a file, everything else to standard error."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple, TextIO

from npverify.ingest.source import Diagnostic, InputError
from npverify.report.diagnostics import render_all
from npverify.report.paint import Paint


class Written(NamedTuple):
    """A text that was written: the answer to standard output or a `file`, a message to standard error, or the summary of a step."""

    where: Literal["answer", "message", "summary"]
    text: str
    file: str | None = None


class Answer(NamedTuple):
    """What a command wrote, in order, and its exit code; `whole` if no other run could decide more."""

    code: int
    written: Sequence[Written] = ()
    whole: bool = True


_recorders: list[list[Written]] = []


@contextmanager
def recorded() -> Iterator[list[Written]]:
    """All that is written meanwhile, in order; it is written all the same."""
    found: list[Written] = []
    _recorders.append(found)
    try:
        yield found
    finally:
        _recorders.remove(found)


def record(written: Written) -> None:
    """Tell those who record of a text."""
    for recorder in _recorders:
        recorder.append(written)


def prepare_streams() -> None:
    """Write UTF-8 whatever the locale says, so that equal runs give equal bytes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def paint_for(stream: TextIO, *, no_color: bool = False, to_file: bool = False) -> Paint:
    """Colours only on a terminal that has them, and never against the user's wish (no-color.org)."""
    wanted = not no_color and not to_file and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Paint(wanted and stream.isatty())


def emit(text: str | Iterable[str], output: str | None = None) -> None:
    """Write a result, whole or in pieces; a reader that has gone away is no error, a file that cannot be written is one."""
    if _recorders and not isinstance(text, str):
        text = "".join(text)
    pieces = (text,) if isinstance(text, str) else text
    if isinstance(text, str):
        record(Written("answer", text, output))
    if output is not None:
        try:
            with open(output, "w", encoding="utf-8", newline="\n") as file:
                file.writelines(pieces)
        except OSError as error:
            raise InputError.one("NPV142", f"cannot write `{output}`: {_reason(error)}") from None
        return
    try:
        sys.stdout.writelines(pieces)
        sys.stdout.flush()
    except BrokenPipeError:
        # what is still buffered must not fail again when the interpreter shuts down (Python docs, signal, SIGPIPE)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str) -> None:
    """Write a message to standard error."""
    record(Written("message", text))
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def say_all(found: Sequence[Diagnostic], *, no_color: bool = False) -> None:
    """Write diagnostics to standard error."""
    say(render_all(found, paint_for(sys.stderr, no_color=no_color)))


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
