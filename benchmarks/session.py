"""python -m benchmarks.session CLUSTER SPEC [--edits N] [--output FILE]

Times a warm session: one policy changed, and 20 assertions asked again, wall clock. The policies that are changed are drawn from
all of the cluster; each then says what another one says. `python -m benchmarks generate S --output DIR --forms json` makes the
input; `measure` is what the harness calls.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from npverify import Session, load, prove
from npverify.report.prove_json import prove_json

Object = dict[str, Any]
ASKED = 20
CHECKED = 20_000_000  # bytes of a cluster for which a fresh run is worth its time


def changed_policies(objects: list[Object], count: int, rng: random.Random) -> list[Object]:
    """Policies that have the identity of one, the rules of another, and in one of three cases its selector too."""
    policies = [made for made in objects if made["kind"] == "NetworkPolicy"]
    found = []
    for _ in range(count):
        policy, like = rng.choice(policies), rng.choice(policies)["spec"]
        kept = like if rng.random() < 1 / 3 else {key: like[key] for key in like if key != "podSelector"}
        selector = {"podSelector": policy["spec"]["podSelector"]}
        found.append({**policy, "spec": {**selector, **kept}})
    return found


def asked(spec: str) -> str:
    """Lines of a spec with 20 of its assertions, drawn evenly."""
    lines = spec.splitlines(keepends=True)
    asserted = [line for line in lines if line.startswith("assert ")]
    step = max(1, len(asserted) // ASKED)
    chosen = set(asserted[::step][:ASKED])
    return "".join(line for line in lines if not line.startswith("assert ") or line in chosen)


def measure(cluster: str | Path, spec: str | Path, edits: int = 100, seed: int = 1) -> dict[str, Any]:
    """`seconds` and `cpu` of each change with all answers, how many of these were `asked_again`, and `mistakes`: what a fresh
    run says otherwise after the last change."""
    content = Path(cluster).read_text(encoding="utf-8")
    objects: list[Object] = json.loads(content)["items"]
    changes = changed_policies(objects, edits, random.Random(seed))
    checked = len(content) < CHECKED
    if not checked:  # what is not needed any more is not to count as the session's memory
        objects, content = [], ""
    seconds, cpu, again, now = [], [], [], {}
    mistakes: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        facts = Path(scratch) / "facts.npv"
        facts.write_text(asked(Path(spec).read_text(encoding="utf-8")), encoding="utf-8")
        session = Session([str(cluster)], specs=[str(facts)])
        session.prove()
        gc.collect()
        gc.freeze()  # as `npverify watch` does: what was loaded is no garbage
        for policy in changes:
            wall, busy = time.perf_counter(), time.process_time()
            session.apply(policy)
            result = session.prove()
            seconds.append(time.perf_counter() - wall)
            cpu.append(time.process_time() - busy)
            again.append(sum(answer.seconds > 0 for answer in result.results))
            now[_key(policy)] = policy
        if checked:
            path = Path(scratch) / "fresh.json"
            path.write_text(
                json.dumps({"apiVersion": "v1", "kind": "List", "items": [now.get(_key(o), o) for o in objects]})
            )
            fresh = load([str(path)], specs=[str(facts)])
            expected = prove_json(prove(fresh.world, fresh.assertions), fresh.world)
            if _bare(expected) != _bare(prove_json(session.prove(), session.world)):
                mistakes.append("a session says something else than a fresh run")
    return {"seconds": seconds, "cpu": cpu, "asked_again": statistics.mean(again), "mistakes": mistakes}


def _key(made: Object) -> tuple[str, str, str]:
    return made["kind"], made["metadata"].get("namespace", ""), made["metadata"]["name"]


def _bare(report: Any) -> Any:
    """A report without positions, which differ: the fresh input is another text."""
    if isinstance(report, dict):
        return {key: _bare(value) for key, value in report.items() if key != "source"}
    return [_bare(value) for value in report] if isinstance(report, list) else report


def main() -> int:
    """Measure and print; 1 if an answer is wrong."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.session")
    options.add_argument("cluster", type=Path)
    options.add_argument("spec", type=Path)
    options.add_argument("--edits", type=int, default=100)
    options.add_argument("--output", type=Path)
    chosen = options.parse_args()
    found = measure(chosen.cluster, chosen.spec, chosen.edits)
    for name in ("seconds", "cpu"):
        times = sorted(found[name])
        p99 = times[max(0, -(-99 * len(times) // 100) - 1)]
        print(
            f"  {name:8} median {1000 * statistics.median(times):8.1f} ms   p99 {1000 * p99:8.1f} ms   worst {1000 * times[-1]:8.1f} ms"
        )
    print(f"  asked again {found['asked_again']:.1f} of {ASKED}; mistakes: {found['mistakes'] or 'none'}")
    if chosen.output:
        chosen.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 1 if found["mistakes"] else 0


if __name__ == "__main__":
    sys.exit(main())
