"""Reads the user's files again for excerpts, and keeps what came from standard input."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

STDIN = "<stdin>"


class Sources:
    """The lines of input files by name; guards a memory of those that were read."""

    def __init__(self) -> None:
        self._lines: dict[str, Sequence[str]] = {}

    def stdin(self) -> bytes:
        """All of standard input, remembered for excerpts."""
        data = sys.stdin.buffer.read()
        self._lines[STDIN] = data.decode("utf-8", "replace").splitlines()
        return data

    def lines(self, file: str) -> Sequence[str]:
        """The lines of a file; none if it cannot be read again."""
        if file not in self._lines:
            try:
                self._lines[file] = Path(file).read_text("utf-8", "replace").splitlines()
            except OSError:
                self._lines[file] = ()
        return self._lines[file]
