"""`prove --cache DIR`: the answer of an earlier run on the same bytes, told again.

An answer is kept under all that it hangs on: the bytes of every file that is read and its name, the options and the config, and the
program with its libraries. So a changed byte is another question. Only answers that are whole are kept: what was interrupted, or is
undecided, may be decided by another run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from npverify import __version__
from npverify.cli.formats import summarize
from npverify.cli.output import Answer, Written, emit, paint_for, recorded, say
from npverify.ingest.files import digests
from npverify.ingest.rendered import is_rendered
from npverify.ingest.resources import data_path
from npverify.ingest.source import Diagnostic, Problems
from npverify.report.diagnostics import render_all

LIBRARIES = ("z3-solver", "msgspec", "pyyaml", "lark", "typer", "rich")
"""What an answer, or how it is shown, is made with."""
KEPT = 200
"""How many answers a folder holds; the oldest go first."""
_SCHEMA = "npverify-answer/1"
_NAME = re.compile(r"[0-9a-f]{64}\.answer")


class _Passing(Exception):
    """A file that can be read only once, such as a pipe; its text is the name."""


def remembered(
    folder: str,
    paths: Sequence[str],
    options: Sequence[object],
    stdin: Callable[[], bytes],
    *,
    quiet: bool,
    no_color: bool,
    ask: Callable[[], Answer],
) -> int:
    """The exit code of `ask`, or of the run before that was asked the same, whose texts are then written again.

    `paths` are all that is read, `options` all else that the answer hangs on, each with a `repr` that tells it apart.
    """
    if not folder:  # as of a variable that is not set: the working folder may be one where others write
        _warn("NPV772", "the answer cannot be kept: `--cache` names no folder", "name a folder", no_color=no_color)
        return ask().code
    made = next((path for path in paths if is_rendered(path)), None)
    try:
        key = None if made is not None else _key(paths, options, stdin, no_color=no_color)
    except _Passing as passing:
        made, key = str(passing), None
    if made is not None:
        _warn("NPV773", f"`{made}` is made anew by each run, so no answer is kept", "name files", no_color=no_color)
    if key is None:
        return ask().code
    place = Path(folder) / f"{key}.answer"
    known = _read(place)
    if known is not None:
        _write_again(known)
        if not quiet:
            say(f"note: the answer of an earlier run on the same input, kept in {folder}\n")
        return known.code
    with recorded() as written:
        answer = ask()
    # a file that was changed meanwhile may not be what was judged
    with suppress(_Passing):
        if not answer.whole or _key(paths, options, stdin, no_color=no_color) != key:
            return answer.code
        try:
            _keep(place, answer._replace(written=written))
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            _warn("NPV772", f"the answer cannot be kept in `{folder}`: {why}", "name another folder", no_color=no_color)
    return answer.code


def _warn(code: str, message: str, fix: str, *, no_color: bool) -> None:
    found = Diagnostic(code, message, fix=fix, severity="warning")
    say(render_all((found,), paint_for(sys.stderr, no_color=no_color)))


def _key(paths: Sequence[str], options: Sequence[object], stdin: Callable[[], bytes], *, no_color: bool) -> str | None:
    """None where something cannot be read, which whoever reads it will report; _Passing where it would be gone then."""
    problems = Problems()
    files = tuple(digests(paths, problems, stdin))
    for name, _, digest, _ in files:
        if digest is None:
            raise _Passing(name)
    if problems.errors:
        return None
    colours = tuple(repr(paint_for(stream, no_color=no_color)) for stream in (sys.stdout, sys.stderr))
    return hashlib.sha256(repr((_program(), os.getcwd(), colours, paths, files, options)).encode()).hexdigest()


@cache
def _program() -> str:
    """The program as it is: every file of it, and the releases of its libraries."""
    found = hashlib.sha256(repr((_SCHEMA, __version__, sys.version, *map(_release, LIBRARIES))).encode())
    for folder in (Path(__file__).parent.parent, data_path("grammar"), data_path("proofs")):
        for file in _files(str(folder)):
            found.update(repr((os.path.relpath(file, folder), Path(file).read_bytes())).encode())
    return found.hexdigest()


def _release(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def _files(folder: str) -> Iterator[str]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _files(entry.path)
        else:
            yield entry.path


def _read(place: Path) -> Answer | None:
    """An answer that was kept; None where there is none, or the file is not as it was written."""
    try:
        digest, _, text = place.read_text(encoding="utf-8").partition("\n")
        if digest != _digest(text):
            return None
        found = json.loads(text)
        return Answer(found["code"], tuple(Written(*one) for one in found["written"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _keep(place: Path, answer: Answer) -> None:
    text = json.dumps({"code": answer.code, "written": answer.written})
    place.parent.mkdir(parents=True, exist_ok=True)
    # in containers that share the folder all processes may have the same number
    fresh = place.with_name(f"{place.name}.{os.urandom(8).hex()}")
    try:
        fresh.write_text(f"{_digest(text)}\n{text}", encoding="utf-8", newline="\n")
        os.replace(fresh, place)
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
    with suppress(OSError):  # the answer is kept, whatever others do to theirs meanwhile
        _forget_oldest(place.parent)


def _forget_oldest(folder: Path) -> None:
    ages: list[tuple[int, str, Path]] = []
    for file in folder.iterdir():
        if _NAME.fullmatch(file.name):
            with suppress(OSError):  # another run has forgotten it
                ages.append((file.stat().st_mtime_ns, file.name, file))
    for _, _, old in sorted(ages)[:-KEPT]:
        with suppress(OSError):  # it may belong to somebody else
            old.unlink()


def _write_again(answer: Answer) -> None:
    for one in answer.written:
        if one.where == "answer":
            emit(one.text, one.file)
        elif one.where == "summary":
            summarize(one.text)
        else:
            say(one.text)
