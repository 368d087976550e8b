"""Shares numbered pieces of work out among processes; the results are those of one process, in the same order.

Where it is safe the processes are forked: they inherit the world, and get numbers alone. Elsewhere they are started anew and
the world is pickled. Results come back pickled, but for what belongs to the world: endpoints, policies and rules are compared
by identity, so of these only the place is sent. What a process that was killed had not handed back is done again.
"""

from __future__ import annotations

import gc
import io
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, Protocol, TypeVar

from npverify.analyses.world import World
from npverify.inventory.model import EXTERNAL
from npverify.normal.policy import Direction

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing.connection import Connection

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
Piece = Callable[[int], tuple[R_co, bool]]
"""Does a piece of work; the flag says that it was interrupted, so that nothing more should be begun."""
Stop = Callable[[], bool]
Tell = Callable[[int, int, int], None]
"""Called with how many pieces are done, how many there are, and the number of the first that is not."""
Method = Literal["fork", "spawn"]

POLL = 0.1
"""Seconds between two looks at whether the run should stop."""
CHUNKS = 16
"""Chunks for each process: small enough that no process is long alone at work, large enough that answers are shared."""


class Job(Protocol[R_co]):
    """Work on a world. It can be pickled."""

    def anchors(self) -> Iterator[object]:
        """What results refer to by identity, in one order in every process."""

    def start(self, stop: Stop) -> Piece[R_co]:
        """What does the pieces of it, one after the other; `stop` is asked between questions."""


class Done(NamedTuple, Generic[R]):
    """The results in the order of the pieces, None for what was not begun because the run was interrupted."""

    results: Sequence[R | None]
    interrupted: bool


def anchors_of(world: World) -> Iterator[object]:
    """What an answer about a world may refer to by identity."""
    yield from world.inventory.endpoints
    for direction in Direction:
        for tier in world.policies.half(direction).tiers:
            for policy in tier.policies:
                yield policy
                yield from policy.rules


def run(
    job: Job[R], pieces: int, processes: int, *, stop: Stop, tell: Tell | None = None, method: Method | None = None
) -> Done[R]:
    """Do all pieces, in this process if `processes` is 1.

    Ctrl-C, or `stop` giving True, ends the run with what is done. What a piece raises is raised here; of several, what the
    first one raised. `method` is how processes are started, by default the best one.
    """
    return _Run(job, pieces, stop, tell).finish(processes, method)


def best_method() -> Method:
    """`fork` where this process has one thread, as Linux tells: another one might hold a lock for ever in the copy."""
    threads = "/proc/self/task"
    for _ in range(5 if os.path.isdir(threads) else 0):
        if len(os.listdir(threads)) == 1:
            return "fork"
        time.sleep(0.01)  # one that Python has ended may be there for a moment still
    return "spawn"


class _Run(Generic[R]):
    """Guards the results so far, and whether the run is to end."""

    def __init__(self, job: Job[R], pieces: int, stop: Stop, tell: Tell | None) -> None:
        self._job = job
        self._pieces = pieces
        self._stop = stop
        self._tell = tell
        self._asked = threading.Event()
        self._started: Piece[R] | None = None
        self._done: dict[int, R] = {}

    def finish(self, processes: int, method: Method | None) -> Done[R]:
        try:
            while processes > 1 and self._left() and not self._over():
                self._by_workers(processes, method or best_method())
                # what is left now was lost with a process, killed most likely for want of memory: half as many need half
                processes //= 2
            for index in self._left():
                if self._over():
                    break
                self._say(len(self._done), index)
                self._keep(index, *self._piece()(index))
        except KeyboardInterrupt:
            self._asked.set()
        left = self._left()
        return Done([self._done.get(index) for index in range(self._pieces)], bool(left) or self._asked.is_set())

    def _left(self) -> list[int]:
        return [index for index in range(self._pieces) if index not in self._done]

    def _over(self) -> bool:
        if not self._asked.is_set() and self._stop():
            self._asked.set()
        return self._asked.is_set()

    def _say(self, done: int, index: int) -> None:
        if self._tell is not None:
            self._tell(done, self._pieces, index)

    def _keep(self, index: int, result: R, interrupted: bool) -> None:
        self._done[index] = result
        if interrupted:
            self._asked.set()

    def _piece(self) -> Piece[R]:
        if self._started is None:
            self._started = self._job.start(self._over)
        return self._started

    def _by_workers(self, processes: int, method: Method) -> None:
        """Have other processes do what is left. What is left behind that was lost with one of them, or the run is to end."""
        # imported here because one process does most runs, and these take as long to import as a small run
        import multiprocessing
        import tempfile
        from concurrent.futures import ProcessPoolExecutor
        from concurrent.futures.process import BrokenProcessPool

        context = multiprocessing.get_context(method)
        anchors = (EXTERNAL, *self._job.anchors())
        lines = _Lines(*context.Pipe(duplex=False), *context.Pipe(duplex=False))
        with tempfile.TemporaryDirectory(prefix="npverify-") as folder:
            start = self._inherited(anchors) if method == "fork" else self._written(Path(folder, "job"))
            pool = ProcessPoolExecutor(processes, context, _begin, (start, lines))
            # the garbage collector of a forked process would go through all that it inherits, and copy it by that
            freeze = method == "fork" and not gc.get_freeze_count()
            if freeze:
                gc.freeze()
            try:
                self._hand_out(pool, _chunks(self._left(), processes), lines, anchors)
            except BrokenProcessPool:  # killed while work was handed out
                return
            finally:
                lines.hang_up()
                pool.shutdown(cancel_futures=True)
                lines.close()
                if freeze:
                    gc.unfreeze()

    def _inherited(self, anchors: Sequence[object]) -> _Inherited:
        return _Inherited(self._piece(), places(anchors), self._asked)

    def _written(self, file: Path) -> Path:
        """The job in a file: what is passed as an argument blocks this process if the other one dies before it reads."""
        file.write_bytes(dumps(self._job, places((EXTERNAL,))))
        return file

    def _hand_out(
        self, pool: ProcessPoolExecutor, chunks: list[list[int]], lines: _Lines, anchors: Sequence[object]
    ) -> None:
        from concurrent.futures import wait
        from concurrent.futures.process import BrokenProcessPool

        futures = [(chunk, pool.submit(_work, chunk)) for chunk in chunks]
        lost = False
        for chunk, future in futures:
            while not future.done():
                done = len(self._done) + sum(len(other) for other, f in futures if f.done() and other > chunk)
                self._say(done, chunk[0])
                try:
                    wait((future,), POLL)
                except KeyboardInterrupt:
                    if self._asked.is_set():  # pressed again: what is still at work is given up
                        raise
                    self._asked.set()
                if self._over():
                    lines.ask_to_stop()
                    for _, waiting in futures:
                        waiting.cancel()
            error = None if future.cancelled() else future.exception()
            if isinstance(error, BrokenProcessPool):
                lost = True
            elif error is not None and not lost:  # else a piece before it may have an error of its own
                raise error
            elif error is None and not future.cancelled():
                # shorter than the chunk if the process was asked to stop
                for index, (result, interrupted) in zip(chunk, loads(future.result(), anchors), strict=False):
                    self._keep(index, result, interrupted)


def _chunks(indices: list[int], processes: int) -> list[list[int]]:
    size = max(1, len(indices) // (processes * CHUNKS))
    return [indices[at : at + size] for at in range(0, len(indices), size)]


class _Lines(NamedTuple):
    """Two pipes from this process to its workers, on which nothing is ever written: a closed end is the message."""

    stopped: Connection
    stop: Connection
    left: Connection
    live: Connection

    def ask_to_stop(self) -> None:
        """The workers give up what they are at, and hand back what they have."""
        self.stop.close()

    def hang_up(self) -> None:
        """The workers leave at once; the same happens when this process is killed."""
        self.live.close()

    def close(self) -> None:
        for end in self:
            end.close()

    def watch(self, asked: threading.Event) -> None:
        """In a worker: act on what is said."""
        from multiprocessing.connection import wait as wait_for

        while True:
            said = wait_for(
                (self.left,) if asked.is_set() else (self.left, self.stopped), POLL if asked.is_set() else None
            )
            if self.left in said:
                os._exit(1)
            asked.set()
            signal.raise_signal(signal.SIGINT)  # Z3, if it is at work, gives up; everybody else ignores it


class _Inherited(NamedTuple):
    """What a forked worker finds in its memory."""

    piece: Piece[Any]
    places: Mapping[int, int]
    asked: threading.Event


_here: _Inherited
"""In a worker: what it works with."""


def _begin(start: _Inherited | Path, lines: _Lines) -> None:
    """Make this process a worker."""
    global _here
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes of a terminal; the first one decides
    lines.stop.close()
    lines.live.close()
    asked = start.asked if isinstance(start, _Inherited) else threading.Event()
    threading.Thread(target=lines.watch, args=(asked,), daemon=True).start()
    if isinstance(start, Path):
        job = loads(start.read_bytes(), (EXTERNAL,))
        start = _Inherited(job.start(asked.is_set), places((EXTERNAL, *job.anchors())), asked)
    _here = start


def _work(chunk: list[int]) -> bytes:
    """In a worker: the results of a chunk, or of its begin if this process is asked to stop."""
    found = []
    for index in chunk:
        if _here.asked.is_set():
            break
        found.append(_here.piece(index))
    return dumps(found, _here.places)


def places(anchors: Sequence[object]) -> Mapping[int, int]:
    """The place of each object by its identity, good as long as the objects live."""
    return {id(anchor): place for place, anchor in enumerate(anchors)}


def dumps(value: object, known: Mapping[int, int]) -> bytes:
    """A value pickled; of what is known only the places."""
    text = io.BytesIO()
    _Pickler(text, known).dump(value)
    return text.getvalue()


def loads(text: bytes, anchors: Sequence[object]) -> Any:
    """The value that `dumps` made the text of, with these objects in their places."""
    return _Unpickler(io.BytesIO(text), anchors).load()


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, places: Mapping[int, int]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._places = places

    def persistent_id(self, value: object) -> int | None:
        return self._places.get(id(value))

    def reducer_override(self, value: object) -> Any:
        if isinstance(value, World) and value.over is not None:  # a closure, which no question to one world needs
            return _copied, (replace(value, over_of=None, without_of=None, origin=None),)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, anchors: Sequence[object]) -> None:
        super().__init__(file)
        self._anchors = anchors

    def persistent_load(self, place: int) -> object:
        return self._anchors[place]


def _copied(world: World) -> World:
    return world
