"""python -m benchmarks [--size S|M|L] [--seed N] [--format json|yaml] [--repeat N] [--output FILE]

Generates a cluster, runs the stages on it in fresh processes, checks every answer against what was planted, and prints
a table of the median times with the peak memory. Exit code 1 if an answer is wrong.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from benchmarks.generate import SIZES, Cluster, generate

ROOT = Path(__file__).parents[1]
Run = dict[str, Any]


def write(cluster: Cluster, folder: Path, form: str) -> Path:
    """The cluster as one file: a compact JSON List, or one YAML document per object; the spec beside it."""
    (folder / "facts.npv").write_text(cluster.spec, encoding="utf-8")
    path = folder / f"cluster.{form}"
    if form == "json":
        whole = {"apiVersion": "v1", "kind": "List", "items": cluster.objects}
        path.write_text(json.dumps(whole, separators=(",", ":")), encoding="utf-8")
    else:
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        with path.open("w", encoding="utf-8") as file:
            yaml.dump_all(cluster.objects, file, Dumper=dumper, sort_keys=False, explicit_start=True)
    return path


def run(path: Path, *, with_connectivity: bool) -> Run:
    """All stages in one fresh process."""
    extra = [] if with_connectivity else ["--no-connectivity"]
    command = [sys.executable, "-m", "benchmarks.stages", str(path), str(path.with_name("facts.npv")), *extra]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    result: Run = json.loads(done.stdout)
    return result


def whole(path: Path) -> float:
    """Seconds of `npverify prove` as a user starts it, from the start of the process to its end."""
    command = [
        sys.executable,
        "-m",
        "npverify",
        "prove",
        str(path),
        "--spec",
        str(path.with_name("facts.npv")),
        "--quiet",
    ]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 1:  # some of the planted assertions are refuted
        raise SystemExit(f"npverify prove left with {done.returncode}")
    return time.perf_counter() - start


def wrong(cluster: Cluster, answers: list[list[Any]]) -> list[str]:
    """The assertions whose answer is not the planted one."""
    pairs = zip(cluster.facts, answers, strict=True)
    return [f"{fact.assertion}: {got[1]}, planted {fact.status}" for fact, got in pairs if got[1] != fact.status]


COMPARED = ["equivalent", "different"]
"""What the set is to itself, and to itself with one rule less."""


def table(runs: list[Run]) -> list[dict[str, Any]]:
    """One row per stage: median seconds, and the highest peak so far in MB."""
    rows: list[dict[str, Any]] = []
    for index, (name, _, _) in enumerate(runs[0]["stages"]):
        seconds = statistics.median(r["stages"][index][1] for r in runs)
        peak = max(r["stages"][index][2] for r in runs)
        rows.append({"stage": name, "seconds": round(seconds, 3), "peak_mb": round(peak)})
    total = statistics.median(r["to_answers"] for r in runs)
    rows.append({"stage": "start to all answers", "seconds": round(total, 3), "peak_mb": None})
    return rows


def main() -> int:
    """Generate, run, check, print."""
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").split("\n\n")[1])
    options.add_argument("--size", choices=sorted(SIZES), default="S")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--format", choices=["json", "yaml"], default="json")
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--no-connectivity", action="store_true")
    options.add_argument("--keep", type=Path, help="folder in which the generated files are kept")
    options.add_argument("--output", type=Path, help="write the measurements to this file as JSON")
    chosen = options.parse_args()
    size = SIZES[chosen.size]
    cluster = generate(size, chosen.seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        path = write(cluster, folder, chosen.format)
        runs = [run(path, with_connectivity=not chosen.no_connectivity) for _ in range(chosen.repeat)]
        process = statistics.median(whole(path) for _ in range(chosen.repeat))
        content = path.read_bytes()
    rows = [*table(runs), {"stage": "npverify prove, whole process", "seconds": round(process, 3), "peak_mb": None}]
    megabytes = len(content) / 1e6
    print(
        f"{size.pods:,} pods × {size.policies:,} policies × {size.namespaces} namespaces, seed {chosen.seed},", end=" "
    )
    print(f"{megabytes:.1f} MB of {chosen.format.upper()}, {len(cluster.facts)} assertions, median of {chosen.repeat}")
    for row in rows:
        peak = "" if row["peak_mb"] is None else f"{row['peak_mb']:6} MB"
        print(f"  {row['stage']:32} {row['seconds']:9.3f} s  {peak}".rstrip())
    mistakes = wrong(cluster, runs[0]["answers"])
    mistakes += [f"equiv: {r['compared']}, not {COMPARED}" for r in runs if r["compared"] != COMPARED]
    for mistake in mistakes:
        print(f"WRONG {mistake}")
    if chosen.output:
        digest = hashlib.sha256(content).hexdigest()
        record = {"size": chosen.size, "seed": chosen.seed, "format": chosen.format, "sha256": digest, "rows": rows}
        chosen.output.write_text(
            json.dumps({**record, "answers": runs[0]["answers"]}, indent=2) + "\n", encoding="utf-8"
        )
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
