"""Reads the user's files again for excerpts, and keeps what came from standard input."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from npverify.ingest.cluster import CLUSTER
from npverify.ingest.files import STDIN
from npverify.ingest.git import git_files, is_git
from npverify.ingest.rendered import is_rendered, rendered_files
from npverify.ingest.source import Problems


class Sources:
    """The lines of input files by name; guards a memory of those that were read."""

    def __init__(self) -> None:
        self._stdin: bytes | None = None
        self._lines: dict[str, Sequence[str]] = {}

    def stdin(self) -> bytes:
        """All of standard input, remembered for excerpts and for whoever reads it again."""
        if self._stdin is None:
            self._stdin = sys.stdin.buffer.read()
        return self._stdin

    def lines(self, file: str) -> Sequence[str]:
        """The lines of a file; none if it cannot be read again."""
        if file not in self._lines:
            self._lines[file] = self._bytes(file).decode("utf-8-sig", "replace").split("\n")
        return self._lines[file]

    def _bytes(self, file: str) -> bytes:
        if file == STDIN:
            return self._stdin or b""
        if is_git(file):
            found = next(git_files(file, (), Problems()), None)
            return b"" if found is None else found.data
        if is_rendered(file):
            # a cluster may have other objects a moment later, so nothing is quoted from it
            made = None if file.startswith(CLUSTER) else next(rendered_files(file, Problems()), None)
            return b"" if made is None else made.data
        try:
            return Path(file).read_bytes()
        except OSError:
            return b""
