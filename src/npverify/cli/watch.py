"""`npverify watch`: proves, waits until a file is saved, and tells which verdicts are other ones now.

Files are polled: their names, sizes and times are looked at a few times a second. Notifications of the operating system do not
reach into containers and network file systems, and would need a library; looking at 10,000 files takes some 20 ms.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from npverify.analyses.results import ProveResult
from npverify.cli import options as o
from npverify.cli.checks import check_format
from npverify.cli.grouped import grouped
from npverify.cli.guard import BAD_INPUT, OK
from npverify.cli.inputs import Inputs
from npverify.cli.interrupt import Interrupt
from npverify.cli.memory import keep_freed_memory
from npverify.cli.notes import say_notes
from npverify.cli.output import emit, paint_for, say, say_all
from npverify.cli.prove import exit_code, refuse_empty
from npverify.cli.sources import Sources
from npverify.ingest.files import MANIFESTS, SPEC
from npverify.ingest.rendered import is_rendered
from npverify.ingest.source import InputError, Problems
from npverify.report.json_values import dump_line
from npverify.report.prove_json import prove_json
from npverify.report.prove_text import View, render_prove
from npverify.report.watch_text import change_json, news, problems_json, render_change

if TYPE_CHECKING:
    from npverify.analyses.session import Session

EVERY = 0.2
"""Seconds between two looks at the files, unless looking takes long itself."""

Snapshot = dict[str, tuple[int, int, int]]
"""Time of change, size and number of every file."""


@grouped
def watch(
    *,
    paths: o.Paths = None,
    spec: o.Specs = None,
    only: o.Only = None,
    reading: o.Reading,
    format: o.Format = "text",  # noqa: A002  # the parameter's name is the option's
    limits: o.Limits,
    showing: o.Showing,
    allow_vacuous: Annotated[
        bool, typer.Option("--allow-vacuous", help="Do not fail where an assertion speaks about nothing.")
    ] = False,
    allow_empty: o.AllowEmpty = False,
    kustomize: Annotated[list[str] | None, typer.Option("-k", "--kustomize", hidden=True)] = None,
    helm: Annotated[list[str] | None, typer.Option("--helm", hidden=True)] = None,
    cluster: Annotated[bool, typer.Option("--cluster", hidden=True)] = False,
) -> int:
    """Check the assertions, and again whenever a file is saved, until Ctrl-C."""
    # imported here so that other commands and --help do not wait for the solver
    from npverify.analyses.session import Session

    # other commands have these options for what a program makes
    _refuse_made([*(f"-k {folder}" for folder in kustomize or ()), *(f"--helm {chart}" for chart in helm or ())])
    _refuse_made(["--cluster"] if cluster else [])
    problems = Problems()
    check_format(format, problems)
    inputs = Inputs.settle(
        paths,
        reading,
        specs=spec,
        limits=limits,
        problems=problems,
    )
    if "-" in inputs.paths:
        fix = "name files or folders; `npverify prove -` reads standard input once"
        raise InputError.one("NPV145", "standard input cannot be watched", fix=fix)
    _refuse_made([path for path in inputs.paths if is_rendered(path)])
    watched = (*inputs.paths, *inputs.specs)
    seen = snapshot(watched)
    session = Session(
        inputs.paths,
        specs=inputs.specs,
        cni=inputs.cni,
        calico_version=inputs.calico_version,
        assume=inputs.assume,
        only_tags=tuple(only or ()),
        ignore_kinds=inputs.ignore_kinds,
        pod_cidrs=inputs.pod_cidrs,
        families=inputs.families,
        remotes=inputs.remotes,
        budget=inputs.budget,
        timeout=inputs.timeout,
    )
    if not allow_empty:
        refuse_empty(session.loaded, only or ())
    say_notes(session.world, inputs.config, verbose=showing.verbose, no_color=showing.no_color)
    keep_freed_memory()
    vacuous = allow_vacuous or inputs.config.allow_vacuous
    show = _Show(
        session,
        lambda result: exit_code(result, allow_vacuous=vacuous),
        format == "json",
        verbose=showing.verbose,
        quiet=showing.quiet,
        no_color=showing.no_color,
    )
    return follow(show, changes(watched, seen))


def _refuse_made(made: Sequence[str]) -> None:
    if made:
        fix = "name the folder of the manifests; `npverify prove` reads what a program makes once"
        raise InputError.one("NPV145", f"`{made[0]}` cannot be watched", fix=fix)


def snapshot(paths: Sequence[str]) -> Snapshot:
    """The files that the paths lead to, as `ingest.files` finds them; what cannot be looked at is not there."""
    found: Snapshot = {}
    open_folders: list[str] = []
    for path in paths:
        if os.path.isdir(path):
            open_folders.append(path)
        else:
            _look(path, path, found)
    walked: set[str] = set()
    while open_folders:
        folder = open_folders.pop()
        identity = os.path.realpath(folder)
        if identity in walked:  # a link to a folder around it
            continue
        walked.add(identity)
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                open_folders.append(entry.path)
            elif entry.name.lower().endswith((*MANIFESTS, SPEC)):
                _look(entry.path, entry, found)
    return found


def _look(name: str, file: str | os.DirEntry[str], found: Snapshot) -> None:
    try:
        stat = os.stat(file) if isinstance(file, str) else file.stat()
    except OSError:
        return
    found[name] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)


def changes(paths: Sequence[str], seen: Snapshot, sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Yields whenever the files are other ones than before; never ends. A file that is being written shows once more when it
    is whole."""
    while True:
        start = time.perf_counter()
        now = snapshot(paths)
        if now != seen:
            seen = now
            yield
        sleep(max(EVERY, 5 * (time.perf_counter() - start)))


def follow(show: _Show, ticks: Iterator[None]) -> int:
    """Prove now and after each tick, until there are no more or Ctrl-C is pressed; gives the exit code of the last state."""
    show.first()
    gc.collect()
    gc.freeze()  # what was loaded is no garbage, and looking through all of it takes longer than an answer
    try:
        while not show.interrupted and next(ticks, _NO_MORE) is not _NO_MORE:
            show.next()
    except KeyboardInterrupt:
        say("stopped\n")
    return show.left


_NO_MORE = object()


@dataclass(slots=True)
class _Show:
    """Asks a session and tells what is new. Guards the last answers, the exit code that they mean, and the problems that were
    told last."""

    session: Session
    code: Callable[[ProveResult], int]
    json: bool = False
    verbose: bool = False
    quiet: bool = False
    no_color: bool = False
    clock: Callable[[], str] = lambda: time.strftime("%H:%M:%S")
    last: ProveResult = field(default_factory=lambda: ProveResult(()))
    left: int = OK
    told: str = ""

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C was pressed while something was proved."""
        return self.last.interrupted

    def first(self) -> None:
        """The whole report of the first run."""
        result = self._prove()
        world = self.session.world
        if self.json:
            emit(dump_line({"event": "start", **prove_json(result, world)}))
        else:
            emit(render_prove(result, world, self._view()))

    def next(self) -> None:
        """What a change makes of the answers; that the input cannot be used is told once."""
        start = time.perf_counter()
        try:
            files, objects = self.session.refresh()
        except InputError as error:
            self.left = BAD_INPUT
            if self.told != str(error):
                self.told = str(error)
                self._tell_problems(error)
            return
        if not files and not self.told:
            return
        self.told = ""
        before, result = self.last, self._prove()
        world, changed = self.session.world, news(before, result)
        if self.json:
            emit(dump_line(change_json(files, objects, changed, result, world)))
        else:
            head = f"{self.clock()}  {1000 * (time.perf_counter() - start):.0f} ms"
            emit("\n" + render_change(head, files, objects, changed, result, world, self._view()))

    def _prove(self) -> ProveResult:
        with Interrupt() as interrupt:
            result = self.session.prove(stop=lambda: interrupt.asked)
            # before anything is written: who reads it may press Ctrl-C
            self.last, self.left = result, self.code(result)
        return result

    def _tell_problems(self, error: InputError) -> None:
        if self.json:
            emit(dump_line(problems_json(error.diagnostics)))
            return
        say(f"\n{self.clock()}  the last answers stay, because the input cannot be used as it is now:\n")
        say_all(error.diagnostics, no_color=self.no_color)

    def _view(self) -> View:
        # the lines of files are read anew each time: they have changed
        return View(paint_for(sys.stdout, no_color=self.no_color), self.verbose, self.quiet, Sources().lines)
