"""Reads texts through the whole ingest stage; shared by the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from npverify.ingest.read import Bundle, read
from npverify.ingest.source import Diagnostic, Problems

POD = "apiVersion: v1\nkind: Pod\n"
KINDS = ("Pod", "NetworkPolicy")


def read_text(content: str | bytes, *, name: str = "-", folder: Path | None = None) -> tuple[Bundle, Problems]:
    """Read one text from standard input, or from the file `name` in `folder`; Pods and NetworkPolicies are wanted."""
    data = content if isinstance(content, bytes) else content.encode()
    problems = Problems()
    path = name
    if folder is not None:
        (folder / name).write_bytes(data)
        path = f"{folder}/{name}"
    stdin: Callable[[], bytes] = lambda: data  # noqa: E731  a one-line reader
    return read([path], problems, wanted=lambda _version, kind: kind in KINDS, stdin=stdin), problems


def values(bundle: Bundle) -> list[object]:
    """The values of the documents."""
    return [document.value for document in bundle.documents]


def told(diagnostics: tuple[Diagnostic, ...]) -> list[tuple[str, int, int]]:
    """Code, line and column of each message."""
    return [(d.code, d.span.line, d.span.column) if d.span else (d.code, 0, 0) for d in diagnostics]
