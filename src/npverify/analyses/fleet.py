"""One question put to many clusters: snapshots of them, and workers of Dask distributed that answer for one each.

A task is a pure function of a snapshot's content, the specs and the options. The content travels with the task: a worker
needs no disk that others see, a file that changes meanwhile changes no answer, and a task whose worker died can be given to
any other one. It travels compressed, and is read cluster by cluster, so that a large fleet fits into the memory of the start.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import Any, TypeVar

from npverify.analyses.answers import never
from npverify.ingest.files import File, files
from npverify.ingest.rendered import is_rendered, rendered_parts
from npverify.ingest.source import Diagnostic, InputError, Problems

POLL = 0.1
"""Seconds between two looks at whether the run should stop."""
CONNECT = "10s"
"""How long a scheduler may take to answer."""

T = TypeVar("T")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read of a cluster: `packed` are its files and specs, `problems` what is wrong with those that cannot be read."""

    name: str
    packed: bytes
    problems: tuple[Diagnostic, ...] = ()

    def content(self) -> tuple[tuple[File, ...], tuple[File, ...]]:
        """The files of the cluster and the specs that it shares with others, in the order in which they were read."""
        found: tuple[tuple[File, ...], tuple[File, ...]] = pickle.loads(zlib.decompress(self.packed))
        return found


@dataclass(frozen=True, slots=True)
class Failed:
    """There is no answer, for the worker that was asked could not give one. `died`: so did those that were asked after it."""

    because: str
    died: bool


def named(given: Sequence[str], problems: Problems) -> Mapping[str, tuple[str, ...]]:
    """The paths of each cluster, in the order in which they are first named: by `NAME=PATH`, or by the last part of a path."""
    found: dict[str, list[str]] = {}
    said: set[str] = set()
    for text in given:
        before, sign, after = text.partition("=")
        if sign and not is_rendered(text) and not os.path.exists(text):
            name, path = before.strip(), after.strip()
            if not (name and path):
                problems.error("NPV341", f"`{text}` is not NAME=PATH", fix="for example west=clusters/west")
                continue
            said.add(name)
        else:
            name, path = _name(text), text
            if name in found:
                fix = f"name them: {name}-a={found[name][0]} {name}-b={path}"
                problems.error(
                    "NPV341", f"two snapshots would be called `{name}`: {found[name][0]} and {path}", fix=fix
                )
        found.setdefault(name, []).append(path)
    return {name: tuple(paths) for name, paths in found.items()}


def _name(path: str) -> str:
    if path == "-":
        return "stdin"
    scheme, place, _ = rendered_parts(path)
    if scheme:
        return os.path.basename(os.path.abspath(place)) if place else scheme.removesuffix(":")
    last = os.path.basename(os.path.abspath(path))
    return last if os.path.isdir(path) else os.path.splitext(last)[0]


def snapshot(name: str, paths: Sequence[str], specs: Sequence[File], stdin: Callable[[], bytes] | None) -> Snapshot:
    """What the paths of a cluster lead to, with those of the specs that are not among them."""
    problems = Problems()
    found = tuple(files(paths, problems, stdin))
    here = {os.path.realpath(file.name) for file in found}
    others = tuple(spec for spec in specs if os.path.realpath(spec.name) not in here)
    packed = zlib.compress(pickle.dumps((found, others)), 1)
    return Snapshot(name, packed, (*problems.errors, *problems.warnings))


def shared(paths: Sequence[str]) -> tuple[File, ...]:
    """The files that all clusters share; InputError if one cannot be read."""
    problems = Problems()
    found = tuple(file for path in paths for file in files([path], problems, None))
    problems.raise_errors()
    return found


def by_workers(
    answer: Callable[[T], A],
    tasks: Iterable[T],
    *,
    scheduler: str | None = None,
    workers: int = 1,
    tell: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] = never,
) -> list[A | Failed | None]:
    """The answers in the order of the tasks; None where the run was stopped before.

    answer      a function that the workers can import
    scheduler   the address of a scheduler, whose workers have the same npverify; None: `workers` processes of this machine
    tell        called with how many tasks are done, and the number of the first that is not

    A task whose worker dies is given to another one, as often as the scheduler allows. Then it is tried once more, alone: the
    deaths may be the fault of a neighbour. If that does not help either it has `Failed`. InputError if Dask distributed is
    not installed, or no scheduler answers.
    """
    given = []
    answers: dict[int, A | Failed] = {}

    def ask(numbers: Sequence[int], futures: Sequence[Any]) -> None:
        open_ = dict(zip(numbers, futures, strict=True))
        while open_ and not stop():
            _wait(list(open_.values()))
            for n in [n for n, future in open_.items() if future.done()]:
                answers[n] = _answer(open_.pop(n))
            if tell is not None and open_:
                tell(len(answers), min(open_))
        for future in open_.values():
            future.cancel()

    with _client(scheduler, workers) as client:
        futures = []
        for task in tasks:
            given.append(task)
            futures.append(client.submit(answer, task, pure=False))
        with suppress(KeyboardInterrupt):
            ask(range(len(given)), futures)
            died = [n for n, said in answers.items() if isinstance(said, Failed) and said.died]
            for n in sorted(died):
                ask([n], [client.submit(answer, given[n], pure=False)])
        if len(answers) < len(given):
            _end(client)
    return [answers.get(n) for n in range(len(given))]


def _end(client: Any) -> None:
    """End the worker processes of this machine at once: they would be waited for, and what they are at is not wanted any more."""
    for nanny in client.cluster.workers.values() if client.cluster is not None else ():
        nanny.auto_restart = False
        if nanny.pid:
            with suppress(ProcessLookupError):
                os.kill(nanny.pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Threads and processes that are started here never get Ctrl-C, which is for the main thread alone; it gets it afterwards. A
    process that is interrupted while it starts would fill the terminal with tracebacks."""
    if sys.platform == "win32":
        yield
        return
    # multiprocessing would start it with the first process, and then unblock the signal (Lib/multiprocessing/resource_tracker.py)
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait(left: Sequence[Any]) -> None:
    """Until one of these is done, but not for long."""
    from distributed import wait

    with suppress(TimeoutError):
        wait(left, timeout=POLL, return_when="FIRST_COMPLETED")  # type: ignore[no-untyped-call]


def _answer(future: Any) -> Any:
    from distributed.scheduler import KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        deaths = error.allowed_failures + 1
        return Failed(f"the worker that was asked died, and so did the next ones, {deaths} in all", died=True)
    except Exception as error:
        return Failed(f"{type(error).__name__}: {error}", died=False)


@contextmanager
def _client(scheduler: str | None, workers: int) -> Iterator[Any]:
    """A connection to a scheduler; where none is given, to one of this process, with worker processes of this machine."""
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError:
        fix = "pip install 'npverify[fleet]'"
        raise InputError.one("NPV340", "a fleet needs Dask distributed, which is not installed", fix=fix) from None
    settings = {
        "distributed.admin.large-graph-warning-threshold": "1TB"
    }  # the content travels with the task on purpose
    with dask.config.set(settings):
        if scheduler is not None:
            try:
                client = Client(scheduler, timeout=CONNECT)  # type: ignore[no-untyped-call]
            except (OSError, ValueError, TimeoutError) as error:
                message = f"no scheduler answers at `{scheduler}`: {error}"
                fix = "give the address that `dask scheduler` prints, such as tcp://10.0.0.5:8786"
                raise InputError.one("NPV342", message, fix=fix) from None
            with client:
                yield client
            return
        with _uninterrupted():
            started = LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",  # any port that is free; without it one would be open to the network
                silence_logs=50,  # CRITICAL of logging: a worker that dies is replaced, and the report tells if it mattered
            )
        with started as cluster, Client(cluster) as client:  # type: ignore[no-untyped-call]
            yield client
