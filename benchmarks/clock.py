"""Time and memory of the stages of one process."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Clock:
    """The stages so far, in order: name, seconds by the wall, seconds of the processor, peak memory in MB at its end."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, float, float, float]] = []
        self.held: list[Any] = []  # what a command has until it leaves, which gives nothing back piece by piece

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is inside."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.note(name, time.perf_counter() - wall, time.process_time() - cpu)

    def note(self, name: str, wall: float, cpu: float) -> None:
        """A stage that was timed elsewhere."""
        self.stages.append((name, wall, cpu, peak_mb()))

    @contextmanager
    def parts(self, name: str, module: Any, parts: dict[str, str]) -> Iterator[None]:
        """Time what is inside, part by part: each function that `module` calls by one of these names is a stage of its own, and
        what is left is the stage `name`. A function that is not there (any more) is left out."""
        wall, cpu = time.perf_counter(), time.process_time()
        spent: dict[str, list[float]] = {}
        there = {function: getattr(module, function) for function in parts if hasattr(module, function)}
        for function, original in there.items():
            setattr(module, function, _timed(original, spent.setdefault(parts[function], [0.0, 0.0])))
        try:
            yield
        finally:
            for function, original in there.items():
                setattr(module, function, original)
        for part, (seconds, busy) in spent.items():
            self.note(part, seconds, busy)
        rest = time.perf_counter() - wall - sum(s for s, _ in spent.values())
        self.note(name, rest, time.process_time() - cpu - sum(b for _, b in spent.values()))


def _timed(original: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    def timed(*given: Any, **named: Any) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            return original(*given, **named)
        finally:
            spent[0] += time.perf_counter() - wall
            spent[1] += time.process_time() - cpu

    return timed


def peak_mb() -> float:
    """The highest resident size of this process in MB.

    Linux keeps ru_maxrss over exec, so a child begins with the peak of its parent; VmHWM begins anew (proc(5)).
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text(encoding="ascii").splitlines() if x.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
