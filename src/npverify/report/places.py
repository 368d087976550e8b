"""Where a file is as seen from the root of the repository, for reports that are read elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from npverify.ingest.files import STDIN
from npverify.ingest.git import GIT, is_git


class Root:
    """The root folder of the repository (or the working folder, where there is none) and the paths below it."""

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        self._folder = folder
        self._root = (
            root
            if root is not None
            else next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), folder)
        )

    def path(self, file: str) -> str | None:
        """The path of an input file from the root, with `/`; None for standard input and what is not below the root.

        A file of a commit, `git:REF:path`, is at that path.
        """
        if file == STDIN:
            return None
        if is_git(file):
            inside = file.removeprefix(GIT).partition(":")[2]
            return self._below(inside) if inside.startswith(("./", "../")) else inside or None
        # a pack that comes with the program has a name like a path, and is no file of the repository
        return self._below(file) if (self._folder / file).exists() else None

    def uri(self, file: str) -> str | None:
        """The same as a relative URI reference (RFC 3986)."""
        path = self.path(file)
        return None if path is None else quote(path)

    def _below(self, file: str) -> str | None:
        path = os.path.relpath(self._folder / file, self._root).replace(os.sep, "/")
        return None if path.startswith("../") else path
