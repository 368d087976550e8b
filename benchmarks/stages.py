"""Times the stages of one run in a fresh process: reading, inventory, lowering, assertions, reduction, proving, connectivity,
comparing.

    python -m benchmarks.stages CLUSTER SPEC [--no-connectivity]

Prints one JSON object. Seconds are wall clock, memory is the highest resident size of the process so far.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START = time.perf_counter()


class Clock:
    """The stages so far, in order: name, seconds, peak memory in MB at its end."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, float, float]] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is inside."""
        start = time.perf_counter()
        yield
        self.stages.append((name, time.perf_counter() - start, peak_mb()))


def peak_mb() -> float:
    """The highest resident size of this process in MB.

    Linux keeps ru_maxrss over exec, so a child begins with the peak of its parent; VmHWM begins anew (proc(5)).
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text(encoding="ascii").splitlines() if x.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(cluster: str, spec: str, *, with_connectivity: bool) -> None:
    """Run every stage once and print what it took, with the answers."""
    clock = Clock()
    with clock.stage("import"):
        from benchmarks.changes import without_a_rule
        from npverify.analyses.connectivity import connectivity
        from npverify.analyses.engine import Engine
        from npverify.analyses.equiv import equiv
        from npverify.analyses.prove import prove_one
        from npverify.analyses.world import World
        from npverify.assertions.resolve import resolve
        from npverify.dialects import is_policy, lower
        from npverify.dialects.profiles import profile
        from npverify.ingest.read import SpecText, read
        from npverify.ingest.source import Problems
        from npverify.inventory.build import build, is_inventory
        from npverify.smt.solver import BUDGETS

    problems = Problems()
    with clock.stage("read"):
        bundle = read([cluster], problems, wanted=lambda v, k: is_inventory(v, k) or is_policy(v, k))
    with clock.stage("inventory"):
        inventory = build(bundle.documents, problems)
    with clock.stage("lower"):
        policies = [d for d in bundle.documents if is_policy(d.api_version, d.kind)]
        lowered = lower(policies, profile("kubernetes", {}), problems, inventory)
    with clock.stage("assertions"):
        texts = [SpecText(spec, Path(spec).read_text(encoding="utf-8"))]
        assertions = resolve(texts, inventory, lowered.ids, problems).assertions
    problems.raise_errors()
    world = World(inventory, lowered.policies, lowered.ids)
    with clock.stage("reduce"):
        engine = Engine(world, BUDGETS["normal"])
    answers = []
    with clock.stage("prove"):
        for assertion in assertions:
            start = time.perf_counter()
            result = prove_one(engine, assertion)
            answers.append((assertion.text, str(result.status), round(time.perf_counter() - start, 4)))
    total = time.perf_counter() - START
    connections = None
    if with_connectivity:
        with clock.stage("connectivity"):
            connections = len(connectivity(world).connections)
    changed = World(inventory, without_a_rule(lowered.policies)[0], lowered.ids)
    with clock.stage("equiv, itself"):
        compared = [str(equiv(world, World(inventory, lowered.policies, lowered.ids)).status)]
    with clock.stage("equiv, one rule less"):
        compared.append(str(equiv(world, changed).status))
    print(
        json.dumps(
            {
                "stages": clock.stages,
                "answers": answers,
                "to_answers": total,
                "connections": connections,
                "compared": compared,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], with_connectivity="--no-connectivity" not in sys.argv)
