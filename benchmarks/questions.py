"""What is asked of the program, one function for each question: it gets a clock and the folder of a cluster, times the stages,
and gives back what was answered, for `checks` to hold against the manifest.

Each runs in a process of its own (`python -m benchmarks.worker`), without a profiler.
"""

from __future__ import annotations

import importlib
import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.clock import Clock
from benchmarks.forms import EQUAL, INVENTORY, MANIFEST, PATHS, POLICIES, SPEC, WRONG

Answer = dict[str, Any]
ASSUMED = {"endport_supported": "true"}
"""Under which the rewritten policies mean the same: where ranges of ports mean something."""


class Data(NamedTuple):
    """A cluster on disk, and the form in which it is to be read."""

    folder: Path
    form: str

    @property
    def path(self) -> str:
        """The file or folder to read."""
        return str(self.folder / PATHS[self.form])

    def file(self, name: str) -> str:
        """Another file that goes with it."""
        return str(self.folder / name)

    @property
    def manifest(self) -> Answer:
        """What is known about it."""
        found: Answer = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        return found


def _load(clock: Clock, paths: list[str], name: str = "load, the rest", **options: Any) -> Any:
    with clock.stage("import"):
        import npverify

        module = importlib.import_module("npverify.analyses.load")
    parts = {"read": "read", "build": "inventory", "lower": "lower", "resolve": "assertions"}
    with clock.parts(name, module, parts):
        loaded = npverify.load(paths, **options)
    clock.held.append(loaded)
    return loaded


def _imported(clock: Clock, name: str) -> None:
    """Names of the package are imported on first use, the solver with them: that is no time of the question."""
    import npverify

    with clock.stage("import"):
        getattr(npverify, name)


def load(clock: Clock, data: Data) -> Answer:
    """Reading, validation, lowering, and the reduction to classes and bitsets."""
    loaded = _load(clock, [data.path])
    with clock.stage("import"):
        from npverify.reduction.residuals import Residuals  # without the solver, which loading does not need
    with clock.stage("reduce"):
        reduced = Residuals(loaded.world.inventory, loaded.world.policies)
    clock.held.append(reduced)
    return {"policies": len(loaded.world.defined), "warnings": len(loaded.world.warnings)}


def assertions(clock: Clock, data: Data) -> Answer:
    """Every assertion of the spec, the first one apart, since it pays for what all of them share."""
    import npverify

    loaded = _load(clock, [data.path], specs=[data.file(SPEC)])
    _imported(clock, "prove")
    marks = [(time.perf_counter(), time.process_time())]

    def progress(index: int, *_: object) -> None:
        if index == 1:
            marks.append((time.perf_counter(), time.process_time()))

    result = npverify.prove(loaded.world, loaded.assertions, progress=progress)
    marks.append((time.perf_counter(), time.process_time()))
    names = ("first verdict", "other verdicts") if len(marks) == 3 else ("other verdicts",)
    for name, before, after in zip(names, marks, marks[1:], strict=False):
        clock.note(name, after[0] - before[0], after[1] - before[1])
    return {"verdicts": [[r.assertion.text, str(r.status)] for r in result.results]}


LISTED = 10_000
"""Ends of which every connection is listed; of more there are too many for anybody, and only those that are asked for are."""


def connectivity(clock: Clock, data: Data) -> Answer:
    """All pairs of workloads and blocks of outside addresses, with their ports."""
    return _connectivity(clock, data, again=False)


def connectivity_again(clock: Clock, data: Data) -> Answer:
    """The same twice in one process: the second time everything is warm."""
    return _connectivity(clock, data, again=True)


def _connectivity(clock: Clock, data: Data, *, again: bool) -> Answer:
    import npverify

    world = _load(clock, [data.path]).world
    _imported(clock, "connectivity")
    with clock.stage("connectivity"):
        found = npverify.connectivity(world)
    if again:
        with clock.stage("connectivity, again"):
            found = npverify.connectivity(world)
    wanted: dict[tuple[str, ...], set[tuple[str, int, int]]] = {
        (row["src"], row["dst"]): set() for row in data.manifest["connections"]
    }
    asking = {src for src, _ in wanted}
    every = getattr(found.connections, "ends", 0) <= LISTED
    with clock.stage("rows"):
        count = 0
        for src, to in found.rows(None if every else lambda src: _name(src) in asking):
            count += len(to)
            if _name(src) in asking:
                for dst, allowed in to:
                    if (ends := (_name(src), _name(dst))) in wanted:
                        wanted[ends].update((p.protocol, first, last) for p in allowed for first, last in p.ranges)
    asked = [
        [row, any(p == row["protocol"] and a <= row["port"] <= b for p, a, b in wanted[row["src"], row["dst"]])]
        for row in data.manifest["connections"]
    ]
    return {"connections": count if every else None, "asked": asked}


def _name(end: Any) -> str:
    return f"{getattr(end, 'namespace', '')}/{getattr(end, 'name', '')}"


def equiv(clock: Clock, data: Data) -> Answer:
    """The policies against a rewrite that means the same."""
    return _equiv(clock, data, EQUAL)


def equiv_wrong(clock: Clock, data: Data) -> Answer:
    """The policies against a rewrite with one bit flipped."""
    return _equiv(clock, data, WRONG)


def _equiv(clock: Clock, data: Data, right: str) -> Answer:
    import npverify

    with clock.stage("import"):
        from npverify.analyses import load as module
        from npverify.analyses.equiv_load import Sides
    pair, sides = Sides(), []
    with clock.parts("load, the rest", module, {"build": "inventory", "lower": "lower"}):
        for name in (POLICIES, right):
            options = module.Options(assume=ASSUMED, with_assertions=False)
            sides.append(pair.load([data.file(name), data.file(INVENTORY)], options).world)
    del pair
    _imported(clock, "equiv")
    with clock.stage("compare"):
        result = npverify.equiv(*sides)
    witness = None
    if result.witness is not None:
        flow = result.witness.flow
        witness = {"src": str(flow.src), "dst": str(flow.dst), "protocol": flow.protocol, "port": flow.port}
    return {"status": str(result.status), "witness": witness}


def redundant(clock: Clock, data: Data) -> Answer:
    """Whether there is a policy without which nothing changes, of all of them."""
    return _policies(clock, data, "redundant")


def shadowed(clock: Clock, data: Data) -> Answer:
    """Whether there is a policy whose rules add nothing, of all of them."""
    return _policies(clock, data, "shadowed")


def _policies(clock: Clock, data: Data, what: str) -> Answer:
    import npverify

    spec = data.folder / f"no-{what}.npv"
    spec.write_text(f"assert no policy is {what}\n", encoding="utf-8")
    loaded = _load(clock, [data.path], specs=[str(spec)])
    _imported(clock, "prove")
    with clock.stage("prove"):
        (result,) = npverify.prove(loaded.world, loaded.assertions).results
    named = [f"{p.namespace}/{p.name}" if p.namespace else p.name for p in result.depends_on]
    return {"property": what, "status": str(result.status), "policies": named}


def lint(clock: Clock, data: Data) -> Answer:
    """Every rule of lint."""
    import npverify

    world = _load(clock, [data.path], for_lint=True).world
    _imported(clock, "lint")
    with clock.stage("lint"):
        result = npverify.lint(world)
    found = [
        [f.rule.name, f"{f.policy.namespace}/{f.policy.name}" if f.policy.namespace else f.policy.name]
        for f in result.findings
    ]
    return {"rules": dict(Counter(rule for rule, _ in found)), "findings": found, "undecided": len(result.undecided)}


def session(clock: Clock, data: Data) -> Answer:
    """One policy after the other changed, the assertions that it touches asked again.

    `benchmarks.session` has `measure(cluster, spec)`, which gives a mapping with `seconds`, one number for each change, and
    `mistakes`, sentences about what was answered wrongly.
    """
    module = importlib.import_module("benchmarks.session")
    result: Answer = module.measure(data.path, data.file(SPEC))
    seconds = sorted(result["seconds"])
    rank = max(0, -(-99 * len(seconds) // 100) - 1)  # nearest rank, NIST/SEMATECH e-Handbook 7.2.6.2
    clock.note("change, median", seconds[len(seconds) // 2], 0.0)
    clock.note("change, p99", seconds[rank], 0.0)
    return {"changes": len(seconds), "mistakes": list(result.get("mistakes", []))}


QUESTIONS: dict[str, Callable[[Clock, Data], Answer]] = {
    f.__name__.replace("_", "-"): f
    for f in (
        load,
        assertions,
        connectivity,
        connectivity_again,
        equiv,
        equiv_wrong,
        redundant,
        shadowed,
        lint,
        session,
    )
}
