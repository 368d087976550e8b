"""Ctrl-C while assertions are decided: the first asks for the end, so that what is decided is still reported.

Python would raise KeyboardInterrupt anywhere, also while the solver's objects are half made or half gone; those then write
tracebacks of their own. Inside the solver the signal never gets here: Z3 takes it and gives up on the question.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class Interrupt:
    """Remembers that Ctrl-C was pressed; a second one is raised as usual. Guards the signal handler while it is entered."""

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._pressed)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _pressed(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
