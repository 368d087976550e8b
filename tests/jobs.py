"""Jobs for the tests of parallel work; a module of its own, because a process that is started anew imports them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from npverify.analyses.parallel import Piece, Stop, anchors_of
from npverify.analyses.world import World
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.normal.predicates import port_in
from npverify.smt.solver import InterruptedByUserError, Question

PARENT = os.getpid()


@dataclass(frozen=True)
class Job:
    """Pieces that do what `do` says with their number; `folder` is where they leave traces."""

    do: Callable[[Job, int], object]
    folder: Path = Path()
    first: int = PARENT
    """The process that hands the work out."""

    def anchors(self) -> Iterator[object]:
        return iter(())

    def start(self, stop: Stop) -> Piece[object]:
        return lambda index: (self.do(self, index), False)

    @property
    def elsewhere(self) -> bool:
        """Whether this is a worker."""
        return os.getpid() != self.first


def square(job: Job, index: int) -> object:
    """The square of the number."""
    return index * index


def late_first(job: Job, index: int) -> object:
    """The number; the first piece takes longest."""
    time.sleep(0.3 if index == 0 else 0)
    return index


def killed_once(job: Job, index: int) -> object:
    """The number; the first time that piece 5 is begun its process is killed."""
    trace = job.folder / "killed"
    if index == 5 and job.elsewhere and not trace.exists():
        trace.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return index


def killed_always(job: Job, index: int) -> object:
    """The number; a worker that begins piece 5 is killed."""
    if index == 5 and job.elsewhere:
        os.kill(os.getpid(), signal.SIGKILL)
    return index


def killed_late(job: Job, index: int) -> object:
    """The number, which is written down; in a worker the first piece takes until the others are done, and then kills it."""
    if index == 0 and job.elsewhere:
        while len((job.folder / "done").read_text().split()) < 11:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGKILL)
    with (job.folder / "done").open("a") as file:
        file.write(f"{index}\n")
    return index


def fails(job: Job, index: int) -> object:
    """An error from every piece but the first; the second is the last to fail."""
    if index == 1:
        time.sleep(0.3)
    if index:
        raise ValueError(f"piece {index}")
    return index


def says_who(job: Job, index: int) -> object:
    """The number of the process that did it; a worker waits until another one has begun as well."""
    (job.folder / str(os.getpid())).touch()
    _until(lambda: not job.elsewhere or len(list(job.folder.iterdir())) > 2)  # two workers, and who started them before
    return os.getpid()


def _until(there: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not there() and time.monotonic() < end:
        time.sleep(0.02)


def sleeps(job: Job, index: int) -> object:
    """Leaves the number of its process, and is not done for a minute."""
    (job.folder / str(os.getpid())).touch()
    time.sleep(60)
    return index


@dataclass(frozen=True)
class Hard:
    """Piece 0 is at once there; the others ask Z3 what takes it for ever."""

    def anchors(self) -> Iterator[object]:
        return iter(())

    def start(self, stop: Stop) -> Piece[str]:
        def piece(index: int) -> tuple[str, bool]:
            if index == 0:
                return "easy", False
            import z3

            question = Question(port_in(1, 80))
            x, y = (z3.BitVec(name, 64, question.encoding.context) for name in "xy")
            factors = [x * y == 0x7FFFFFFFFFFFFFE7, z3.ULT(1, x), z3.ULT(x, y), z3.ULT(y, 1 << 40), z3.ULT(x, 1 << 32)]
            try:
                question.possible(*factors)
            except InterruptedByUserError:
                return "given up", True
            return "answered", False

        return piece


@dataclass(frozen=True, eq=False)
class Ends:
    """Each piece gives an endpoint of the world, EXTERNAL last, with one that is in no inventory."""

    world: World

    def anchors(self) -> Iterator[object]:
        return anchors_of(self.world)

    def start(self, stop: Stop) -> Piece[tuple[Endpoint, Endpoint]]:
        ends = (*self.world.inventory.endpoints, EXTERNAL)
        return lambda index: ((ends[index], Endpoint(EXTERNAL.kind, name="another")), False)


def answers_late(name: str) -> str:
    """The name of a task, after half a second."""
    time.sleep(0.5)
    return name


def answers_after_a_death(task: tuple[str, Path]) -> tuple[str, int]:
    """The name of a task with the number of its process, which it leaves in a folder, once there is the file `killed`."""
    name, folder = task
    (folder / str(os.getpid())).touch()
    _until((folder / "killed").exists)
    return name, os.getpid()


def dies(task: str) -> str:
    """The name of a task; one of that name kills the process."""
    if task == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    return task


ASLEEP = 60.0


def tells_or_sleeps(task: tuple[str, Path]) -> bool:
    """Whether Ctrl-C cannot reach the process; `asleep` says that it is there, and sleeps for a minute."""
    name, folder = task
    if name == "asleep":
        (folder / name).touch()
        time.sleep(ASLEEP)
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
