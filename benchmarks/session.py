"""python -m benchmarks.session [--size S|M|L] [--edits N] [--seed N] [--check] [--output FILE]

Times a warm session: one policy changed, and all 20 planted assertions asked again. The policies that are changed are drawn
from all of the cluster, the new ones from the shapes that the generator has. Prints a table, and with `--output` writes JSON.
With `--check` every answer is held against a fresh run over the same objects.
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

from benchmarks.__main__ import write
from benchmarks.generate import SIZES, Object, generate
from npverify import Session, load, prove
from npverify.report.prove_json import prove_json

BARS = {"S": 20, "M": 30, "L": 100}
"""Milliseconds in which 99 of 100 edits are to be answered."""


def edits(objects: list[Object], count: int, rng: random.Random) -> list[Object]:
    """Changed policies: each has the identity of one, and of another one what it says."""
    policies = [made for made in objects if made["kind"] == "NetworkPolicy"]
    found = []
    for _ in range(count):
        policy, like = rng.choice(policies), rng.choice(policies)
        found.append({**policy, "spec": {**policy["spec"], **_said(like["spec"], rng)}})
    return found


def _said(spec: Object, rng: random.Random) -> Object:
    """The rules of a policy, and its selector in one of three cases."""
    kept = {key: value for key, value in spec.items() if key in ("ingress", "egress", "policyTypes")}
    return spec if rng.random() < 1 / 3 else kept


def measure(size: str, count: int, seed: int, *, check: bool) -> dict[str, Any]:
    """Seconds of each edit with all answers, and of the steps before."""
    cluster = generate(SIZES[size], seed)
    with tempfile.TemporaryDirectory() as scratch:
        path = write(cluster, Path(scratch), "json")
        start = time.perf_counter()
        session = Session([str(path)], specs=[str(path.with_name("facts.npv"))])
        loaded = time.perf_counter()
        session.prove()
        gc.collect()
        gc.freeze()  # as `npverify watch` does: what was loaded is no garbage
        warm = time.perf_counter()
        applied: dict[tuple[str, str], Object] = {}
        times, busy, touched = [], [], []
        for changed in edits(cluster.objects, count, random.Random(seed)):
            begin, cpu = time.perf_counter(), time.process_time()
            session.apply(changed)
            result = session.prove()
            times.append(time.perf_counter() - begin)
            busy.append(time.process_time() - cpu)
            touched.append(sum(answer.seconds > 0 for answer in result.results))
            applied[changed["metadata"]["namespace"], changed["metadata"]["name"]] = changed
            if check:
                _agree(session, cluster.objects, applied, Path(scratch))
    return {
        "size": size,
        "seed": seed,
        "edits": count,
        "load": loaded - start,
        "first answers": warm - loaded,
        "median": statistics.median(times),
        "p99": sorted(times)[min(count - 1, int(count * 0.99))],
        "cpu median": statistics.median(busy),
        "cpu p99": sorted(busy)[min(count - 1, int(count * 0.99))],
        "worst": max(times),
        "asked again": statistics.mean(touched),
        "bar": BARS[size] / 1000,
    }


def _agree(session: Session, objects: list[Object], applied: dict[tuple[str, str], Object], folder: Path) -> None:
    """SystemExit where a fresh run says something else; positions differ, since the fresh input is another text."""
    place = {(made["metadata"].get("namespace", ""), made["metadata"]["name"]): made for made in objects}
    now = [applied.get(key, made) if made["kind"] == "NetworkPolicy" else made for key, made in _keyed(objects)]
    assert len(place) <= len(now)
    path = folder / "fresh.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": now}), encoding="utf-8")
    fresh = load([str(path)], specs=[str(folder / "facts.npv")])
    expected = prove_json(prove(fresh.world, fresh.assertions), fresh.world)
    if _bare(expected) != _bare(prove_json(session.prove(), session.world)):
        raise SystemExit("WRONG: a session says something else than a fresh run")


def _keyed(objects: list[Object]) -> list[tuple[tuple[str, str], Object]]:
    return [((made["metadata"].get("namespace", ""), made["metadata"]["name"]), made) for made in objects]


def _bare(report: Any) -> Any:
    """A report without positions."""
    if isinstance(report, dict):
        return {key: _bare(value) for key, value in report.items() if key != "source"}
    return [_bare(value) for value in report] if isinstance(report, list) else report


def main() -> int:
    """Measure, print; 1 if the bar is missed."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.session", description=(__doc__ or "").split("\n\n")[1])
    options.add_argument("--size", choices=sorted(SIZES), default="S")
    options.add_argument("--edits", type=int, default=100)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--check", action="store_true")
    options.add_argument("--output", type=Path)
    chosen = options.parse_args()
    found = measure(chosen.size, chosen.edits, chosen.seed, check=chosen.check)
    for name, value in found.items():
        print(
            f"  {name:16} {value * 1000:10.1f} ms"
            if isinstance(value, float) and name != "asked again"
            else f"  {name:16} {value}"
        )
    if chosen.output:
        chosen.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0 if found["p99"] <= found["bar"] else 1


if __name__ == "__main__":
    sys.exit(main())
