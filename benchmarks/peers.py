"""Other tools on the same files in the same run. The only one so far is IBM's network-config-analyzer, from PyPI in an
environment of its own, which is made when it is first asked for.

Ratios are between whole processes with their own parsers; what each tool means by its answer stands beside them.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.forms import PATHS
from benchmarks.measure import FAILED, LATE, OK, Plan, Row, environment, folder_of, prepared, spread
from benchmarks.process import Finished, run
from benchmarks.queries import PROGRAM, ROOT

NAME, VERSION = "network-config-analyzer", "2.1.0"
COVERAGE = (
    "Both: pods, namespaces, blocks, ports, protocols, named ports, exactly. network-config-analyzer: one reading of the"
    " specification, IPv4 and IPv6. npverify: `prove` under every reading, `connectivity` under the default one."
)
PAIRED = {"connectivity": ("connectivity",), "sanity": ("lint", "redundant")}
"""Its questions, and the nearest ones of ours."""


class Peer(NamedTuple):
    """A question that a peer is asked about a cluster."""

    question: str
    size: str


PLAN = (
    *(Peer("connectivity", size) for size in ("P1", "P2", "P3", "S", "P4", "P5", "M")),
    *(Peer("sanity", size) for size in ("P1", "P2", "P3", "S")),
)
"""By size: what takes the peer too long at one is not asked at the next."""


def installed(folder: Path, say: Callable[[str], None]) -> Path:
    """The Python of an environment that has the tool; makes it if need be. RuntimeError if that fails."""
    python = folder / "bin" / "python"
    if not (folder / "bin" / "nca").exists():
        say(f"installing {NAME} {VERSION}")
        for command in (
            [sys.executable, "-m", "venv", str(folder)],
            [str(python), "-m", "pip", "install", "--quiet", f"{NAME}=={VERSION}"],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise RuntimeError(f"{NAME} could not be installed: {done.stderr.strip()[-300:]}")
    return python


def peers(plan: Plan, folder: Path, questions: tuple[Peer, ...]) -> list[Row]:
    """Ask the peer and us, one after the other on the same file, once the peer and as often as planned us."""
    python = installed(folder.absolute(), plan.say)
    rows = []
    for question, size in questions:
        with folder_of(plan, size) as home:
            manifest = prepared(plan, size, ["json"], home)
            path = str(home / PATHS["json"])
            options = ["-o", "txt_no_fw_rules"] if question == "connectivity" else []
            command = [
                str(python),
                str(ROOT / "benchmarks" / "nca_driver.py"),
                f"--{question}",
                path,
                "-r",
                path,
                *options,
            ]
            if question == "sanity":
                command = [str(python), str(ROOT / "benchmarks" / "nca_driver.py"), "-r", path, "--sanity"]
            done = run(command, seconds=plan.limit, memory_gb=plan.memory)
            row = {"tool": NAME, "version": VERSION, "question": question, "size": size, "kinds": manifest["kinds"],
                   "sha256": manifest["files"][PATHS["json"]]["sha256"], **_theirs(done, question, manifest), "ours": {}}  # fmt: skip
            plan.say(
                f"{size} {NAME} {question}: {row['status']} {row['seconds']} s, query alone {row.get('query_seconds')} s"
            )
            for name in PAIRED[question]:
                row["ours"][name] = _ours(plan, name, home, path)
                took = row["ours"][name]["seconds"]["median"]
                row["ours"][name]["ratio"] = round(done.seconds / took, 1)
                plan.say(f"{size} {name}: {took} s, {row['ours'][name]['ratio']} times as fast")
            rows.append(row)
    return rows


def _theirs(done: Finished, question: str, manifest: Row) -> Row:
    found = re.search(r"query seconds: ([\d.]+)", done.err)
    status = LATE if done.timed_out else OK if found else FAILED
    row: Row = {
        "status": status,
        "seconds": round(done.seconds, 2),
        "cpu": round(done.cpu, 2),
        "peak_mb": round(done.peak_mb),
    }
    if found:
        row["query_seconds"] = float(found[1])
    if status == FAILED:
        row["note"] = done.err.strip().splitlines()[-1][:300] if done.err.strip() else f"exit code {done.code}"
    elif status == OK and question == "connectivity":
        row["agrees"] = _agreement(done.out, manifest)
    return row


def _agreement(out: str, manifest: Row) -> dict[str, int]:
    """On how many of the planted connections the peer says what is planted."""
    said = dict(re.findall(r"^(\S+ => \S+) : (.*)$", re.sub(r"\[\w+\]", "", out), re.MULTILINE))
    right = 0
    for row in manifest["connections"]:
        right += _covers(said.get(f"{row['src']} => {row['dst']}", "No connections"), row) is row["allowed"]
    return {"planted": len(manifest["connections"]), "agreed": right}


def _covers(text: str, row: Row) -> bool:
    if text.startswith("All connections"):
        return True
    for protocols, ports in re.findall(r"\{protocols:([\w,-]+)(?:,dst_ports:([\d,-]+))?\}", text):
        if row["protocol"] in protocols.split(","):
            ranges = [part.partition("-") for part in (ports or "1-65535").split(",")]
            if any(int(a) <= row["port"] <= int(b or a) for a, _, b in ranges):
                return True
    return False


def _ours(plan: Plan, name: str, home: Path, path: str) -> Row:
    spec = home / "no-policy-is-redundant.npv"
    spec.write_text("assert no policy is redundant\n", encoding="utf-8")
    commands: dict[str, list[Any]] = {
        "connectivity": ["connectivity", path, "--format", "json"],
        "lint": ["lint", path, "--format", "json"],
        "redundant": ["prove", path, "--spec", str(spec), "--format", "json"],
    }
    runs: list[Finished] = []
    while len(runs) < plan.repeat and sum(r.seconds for r in runs) < plan.enough:
        runs.append(
            run([*PROGRAM, *commands[name]], seconds=plan.limit, memory_gb=plan.memory, cwd=ROOT, env=environment())
        )
        if runs[-1].timed_out or runs[-1].code not in (0, 1):
            break
    status = LATE if runs[-1].timed_out else OK if runs[-1].code in (0, 1) else FAILED
    return {
        "status": status,
        "runs": len(runs),
        "seconds": spread([r.seconds for r in runs]),
        "peak_mb": round(max(r.peak_mb for r in runs)),
    }
