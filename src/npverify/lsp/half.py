"""Specs that are half written: without the statements that cannot be used, so that the others are still judged.

Sound, because an assertion stands for itself: what is taken out is not answered, and says so. Only `let` and `assert` are taken
out; without a `use` or an `assume` the rest would be about something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from npverify.assertions.parser import statement_lines
from npverify.ingest.files import SPEC
from npverify.ingest.source import Diagnostic

_NAME = re.compile(r"\s*let\s+([\w.-]+)")
_KEPT = re.compile(r"\s*(?:use|assume)(?![\w./-])")
_ASSUMES = re.compile(r"(?<![\w./-])addresses(?![\w./-])")
"""An `assume` whose first word is misspelt belongs to the statement before it."""


def without_broken(texts: Mapping[str, str], errors: Iterable[Diagnostic]) -> tuple[dict[str, str], set[str]] | None:
    """The texts of specs, by name, without the statements that have errors; and the names that are then not defined.

    None where that is not to be done: an error stands elsewhere, or in a statement that the others need.
    """
    wrong: dict[str, set[int]] = {}
    for error in errors:
        if error.span is None or not error.span.line or error.span.file not in texts:
            return None
        wrong.setdefault(error.span.file, set()).add(error.span.line)
    left: dict[str, str] = {}
    gone: set[str] = set()
    for name, lines_with_errors in wrong.items():
        if not name.lower().endswith(SPEC):
            return None
        lines = texts[name].removeprefix("\ufeff").splitlines()
        for first, last in statement_lines(texts[name]):
            if any(first <= line <= last for line in lines_with_errors):
                piece = lines[first - 1 : last]
                if _KEPT.match(piece[0]) or any(map(_ASSUMES.search, piece)):
                    return None
                if named := _NAME.match(lines[first - 1]):
                    gone.add(named[1])
                lines[first - 1 : last] = [""] * (last - first + 1)
        left[name] = "\n".join(lines) + "\n"
        if left[name] == texts[name]:  # an error that is in no statement would come back for ever
            return None
    return left, gone


def follows_from(error: Diagnostic, gone: Iterable[str]) -> bool:
    """Whether an error is only there because a name was taken out with its statement."""
    return any(f"`{name}`" in error.message for name in gone)
