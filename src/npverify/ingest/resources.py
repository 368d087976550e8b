"""Finds the data that travels with the program: `grammar`, `proofs`, and of `docs` the page of messages.

In a checkout (editable install) they stand at the root of the repository, in a wheel inside the package.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).resolve().parent.parent


def data_path(folder: Literal["docs", "grammar", "proofs"]) -> Path:
    """The folder of that name; FileNotFoundError if the installation lacks it."""
    for candidate in (_PACKAGE / "_data" / folder, _PACKAGE.parent.parent / folder):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"this installation of npverify lacks its folder {folder!r}; install it again")
