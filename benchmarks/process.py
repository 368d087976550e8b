"""Runs one command to its end or to a limit, and tells what it took."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TAIL = 2000


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended. Seconds by the wall from before its start to its end, of all processors, and the highest resident
    size of it or of one of its children in MB (not less than what the caller had when it started it)."""

    code: int
    seconds: float
    cpu: float
    peak_mb: float
    timed_out: bool
    out: str
    err: str


def run(
    command: Sequence[str],
    *,
    seconds: float,
    memory_gb: float | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Finished:
    """Run it; after so many seconds it is killed with all that it started. `memory_gb` limits its address space."""

    def limit() -> None:
        if memory_gb is not None:
            size = int(memory_gb * 2**30)
            resource.setrlimit(resource.RLIMIT_AS, (size, size))

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=cwd, env=env, start_new_session=True, preexec_fn=limit
        )  # fmt: skip
        late = threading.Event()

        def kill() -> None:
            late.set()
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(seconds, kill)
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            took = time.perf_counter() - start
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0, os.SEEK_END)
        err.seek(max(0, err.tell() - TAIL))
        texts = [file.read().decode(errors="replace") for file in (out, err)]
        cpu = usage.ru_utime + usage.ru_stime
        return Finished(process.returncode, took, cpu, usage.ru_maxrss / 1024, late.is_set(), texts[0], texts[1])
