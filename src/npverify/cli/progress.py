"""One line on standard error that tells how far a long run is; only on a terminal, and only after a second."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.status import Status

AFTER = 1.0
"""Seconds before anything is shown."""


class Progress:
    """A context in which `step` may be called; guards the line on the terminal."""

    def __init__(self, *, wanted: bool = True, verb: str = "proving") -> None:
        self._wanted = wanted and sys.stderr.isatty()
        self._verb = verb
        self._start = time.monotonic()
        self._status: Status | None = None

    def step(self, done: int, total: int, title: str) -> None:
        """Tell that `done` of `total` steps are done and `title` is next."""
        if not self._wanted or time.monotonic() - self._start < AFTER:
            return
        text = f"{self._verb} {done}/{total} · {title}"
        if self._status is None:
            from rich.console import Console
            from rich.markup import escape

            self._status = Console(stderr=True).status(escape(text))
            self._status.start()
        else:
            from rich.markup import escape

            self._status.update(escape(text))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()
