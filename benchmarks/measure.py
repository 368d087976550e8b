"""Asks every query about every cluster, each time in a fresh process, and keeps what it took."""

from __future__ import annotations

import compileall
import functools
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import GENERATOR_VERSION
from benchmarks.forms import MANIFEST
from benchmarks.process import Finished, run
from benchmarks.queries import QUERIES, ROOT, Query, asked

Row = dict[str, Any]
NOT_THERE, OK, WRONG, LATE, FAILED, SKIPPED = "not there", "ok", "wrong", "over the limit", "failed", "not tried"
ENDS = "start and end"
"""Of a process, outside of its stages: the interpreter, and giving back what was held."""
ORDER = ("S", "M", "L", "XL")
"""Sizes that grow: what is over the limit at one of them is not tried at the next."""


@dataclass(slots=True)
class Plan:
    """What is to be measured, and within which limits.

    `repeat`   runs of each query, of which the median counts
    `enough`   no further run once so many seconds were spent on a query
    `limit`    seconds after which a run is ended
    `memory`   GB of address space that a run may have
    `data`     folder in which clusters are kept; None: a temporary one
    `forms`    forms of the input; () all
    """

    sizes: tuple[str, ...]
    queries: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    seed: int = 1
    repeat: int = 5
    enough: float = 120.0
    limit: float = 600.0
    memory: float | None = None
    data: Path | None = None
    say: Callable[[str], None] = field(default=lambda text: None)


def environment(cache: Path | None = None) -> dict[str, str]:
    """That of the processes that are started: they find the program where this one does, and `benchmarks`; what they keep from run
    to run goes to `cache`. Their modules are compiled, as those of a program that pip installed are."""
    home = _compiled()
    kept = {"XDG_CACHE_HOME": str(cache)} if cache else {}
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, "PYTHONPATH": os.pathsep.join((str(ROOT), home)), **kept}


@functools.cache
def _compiled() -> str:
    """The folder of the package, once its modules are compiled."""
    import npverify

    package = Path(npverify.__file__).parent
    for folder in (package, ROOT / "benchmarks"):
        compileall.compile_dir(folder, quiet=2)
    return str(package.parent)


def machine() -> Row:
    """What the numbers depend on, without names of places."""
    from importlib.metadata import version

    return {
        "cores": os.cpu_count(),
        "architecture": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "z3": version("z3-solver"),
    }


def program() -> Row:
    """Which program was measured."""
    import npverify

    asked = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(asked, cwd=Path(npverify.__file__).parent, capture_output=True, text=True, check=False)
    return {"version": npverify.__version__, "commit": done.stdout.strip() or None}


def prepared(plan: Plan, size: str, forms: Iterable[str], folder: Path) -> Row:
    """Generate a cluster in a process of its own, unless it is there, and give back its manifest."""
    path = folder / MANIFEST
    wanted = sorted(set(forms) | {"json"})
    if path.exists():
        found: Row = json.loads(path.read_text(encoding="utf-8"))
        same = (found["generator"], found.get("seed"), found.get("name")) == (GENERATOR_VERSION, plan.seed, size)
        if same and set(wanted) <= set(found["forms"]):
            return found
    command = [sys.executable, "-m", "benchmarks", "generate", size, "--seed", str(plan.seed), "--output", str(folder),
               "--forms", ",".join(wanted)]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{size} could not be generated: {done.stderr.strip()[-300:]}")
    made: Row = json.loads(path.read_text(encoding="utf-8"))
    return made


def measure(plan: Plan, keep: Callable[[Row], None]) -> None:
    """Measure everything that is planned. `keep` gets the record so far after each query."""
    record: Row = {
        "schema": "npverify-benchmarks/1",
        "machine": machine(),
        "program": program(),
        "generator": GENERATOR_VERSION,
        "seed": plan.seed,
        "plan": {"repeat": plan.repeat, "enough": plan.enough, "limit": plan.limit},
        "inputs": {},
        "results": [],
        "peers": [],
    }

    def add(row: Row) -> None:
        # with --add, rows of several versions of the program stand side by side
        record["results"].append({**row, "commit": record["program"]["commit"]})
        keep(record)

    for query in QUERIES:
        if query.on is None and _wanted(plan, query):
            add(ask(plan, query, "", "", Path(), {}))
    for size in plan.sizes:
        queries = [q for q in asked(size) if _wanted(plan, q)]
        forms = [f for q in queries for f in _forms(plan, q, size)]
        with folder_of(plan, size) as folder:
            plan.say(f"{size}: generating")
            manifest = prepared(plan, size, forms, folder)
            record["inputs"][size] = {"kinds": manifest["kinds"], "files": manifest["files"]}
            for query in queries:
                if query.on is None or not query.on(manifest):
                    continue
                for form in _forms(plan, query, size):
                    before = _late_before(record, query, size, form)
                    if before is None:
                        row = ask(plan, query, size, form, folder, manifest)
                    else:
                        row = _row(query, size, form, SKIPPED, note=f"over the limit at {before}")
                    add(row)


@contextmanager
def folder_of(plan: Plan, size: str) -> Iterator[Path]:
    """The folder of a cluster, which is removed again unless clusters are kept."""
    if plan.data is not None:
        yield (plan.data / size).absolute()
        return
    with tempfile.TemporaryDirectory() as scratch:
        yield Path(scratch)


def _wanted(plan: Plan, query: Query) -> bool:
    return not plan.queries or query.name in plan.queries


def _forms(plan: Plan, query: Query, size: str) -> Iterator[str]:
    """The forms in which it is asked about a cluster: about others than S, M and L in the first one, unless told."""
    usual = query.forms if size in ("S", "M", "L") else query.forms[:1]
    return (form for form in (query.forms if plan.forms else usual) if not plan.forms or form in plan.forms)


def _late_before(record: Row, query: Query, size: str, form: str) -> str | None:
    """The smaller size at which the same took too long."""
    smaller = ORDER[: ORDER.index(size)] if size in ORDER else ()
    return next(
        (
            row["size"]
            for row in record["results"]
            if (row["query"], row["form"]) == (query.name, form) and row["size"] in smaller and row["status"] == LATE
        ),
        None,
    )


def _row(query: Query, size: str, form: str, status: str, **more: Any) -> Row:
    return {"query": query.name, "title": query.title, "size": size, "form": form, "status": status, **more}


def ask(plan: Plan, query: Query, size: str, form: str, folder: Path, manifest: Row) -> Row:
    """Ask one query as often as planned: what it took, or why there is nothing to tell. `manifest` says what is right."""
    missing = query.missing()
    if missing is not None:
        plan.say(f"{size} {query.name}: not there ({missing})")
        return _row(query, size, form, NOT_THERE, note=missing)
    runs: list[Finished] = []
    said: list[Row] = []
    mistakes: list[str] = []
    status, note = OK, None
    for done in _runs(plan, query, folder, form):
        runs.append(done)
        if done.timed_out or done.code == -signal.SIGKILL:
            status, note = LATE, f"{plan.limit:g} s" if done.timed_out else "no memory left"
            break
        try:
            answer, mistakes = query.read(done.code, done.out, done.err, manifest)
        except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as problem:
            status, note = FAILED, str(problem)
            if "memory" in note.lower():
                status, note = LATE, f"{plan.memory:.3g} GB" if plan.memory else "no memory left"
            break
        if answer["stages"]:
            inside = sum(seconds for _, seconds, _, _ in answer["stages"])
            answer["stages"].append((ENDS, done.seconds - inside, 0.0, 0.0))
        said.append(answer)
        if mistakes:
            status = WRONG
            break
    row = _row(query, size, form, status, **_summary(runs, said))
    if note:
        row["note"] = note
    if mistakes:
        row["mistakes"] = mistakes[:20]
    plan.say(
        f"{size} {form} {query.name}: {status} {row['seconds']['median']:.3f} s, {row['peak_mb']} MB"
        + (f" ({note})" if note else "")
    )
    for mistake in mistakes[:20]:
        plan.say(f"  WRONG {mistake}")
    return row


def _runs(plan: Plan, query: Query, folder: Path, form: str) -> Iterator[Finished]:
    """One run after the other. Each has an empty folder for what the program keeps on disk, unless it is to be found warm."""
    with tempfile.TemporaryDirectory() as kept:
        spent: list[float] = []
        while len(spent) < plan.repeat and sum(spent) < plan.enough:
            cache = Path(kept) / ("warm" if query.warm else str(len(spent)))
            command, env = query.start(folder, form, cache), environment(cache)
            if query.warm and not spent:
                run(command, seconds=plan.limit, memory_gb=plan.memory, cwd=ROOT, env=env)
            done = run(command, seconds=plan.limit, memory_gb=plan.memory, cwd=ROOT, env=env)
            spent.append(done.seconds)
            yield done


def _summary(runs: list[Finished], said: list[Row]) -> Row:
    stages: dict[str, list[float]] = {}
    peaks: dict[str, float] = {}
    for one in said:
        for name, total in _totals(one["stages"]).items():
            stages.setdefault(name, []).append(total)
        for name, _, _, peak in one["stages"]:
            peaks[name] = max(peak, peaks.get(name, 0))
    inside = max(peaks.values(), default=0)
    return {
        "runs": len(runs),
        "seconds": spread([r.seconds for r in runs]),
        "cpu": round(statistics.median(r.cpu for r in runs), 3),
        # of the worker its own word counts, since what the system says of it may be the peak of who started it
        "peak_mb": round(inside or max(r.peak_mb for r in runs)),
        "stages": {name: {**spread(took), "peak_mb": round(peaks[name])} for name, took in stages.items()},
        "answer": _small(said[0]["answer"]) if said else {},
    }


def _totals(stages: list[list[Any]]) -> dict[str, float]:
    """Seconds by name: what happens twice, such as reading two sides, counts together."""
    totals: dict[str, float] = {}
    for name, seconds, _, _ in stages:
        totals[name] = totals.get(name, 0.0) + seconds
    return totals


def _small(answer: Row) -> Row:
    """An answer without its long lists."""
    return {key: len(value) if isinstance(value, list) else value for key, value in answer.items()}


def spread(seconds: list[float]) -> dict[str, float]:
    """Least, median and greatest."""
    return {
        "min": round(min(seconds), 4),
        "median": round(statistics.median(seconds), 4),
        "max": round(max(seconds), 4),
    }
