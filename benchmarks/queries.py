"""Every query that is timed: what it needs, how it is started, and what tells whether its answer is right."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks import checks
from benchmarks.forms import FIRST, INVENTORY, PATHS, POLICIES, WRONG

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "shop"
Manifest = dict[str, Any]
PROGRAM = (sys.executable, "-m", "npverify")


@dataclass(frozen=True, slots=True)
class Query:
    """One query.

    `forms`    of the input in which it is asked
    `on`       whether it can be asked about a cluster, by its manifest; None: it is about no cluster
    `needs`    what the program must have: a public name of the package, a command, or `command --option`
    `command`  what is started for a folder; None: the worker is, with the function of `questions` of this name
    `warm`     a run finds what the one before left on disk, and the first one does not count
    `check`    for a command: mistakes, by its exit code, what it printed, and the manifest
    """

    name: str
    title: str
    forms: tuple[str, ...] = ("json",)
    on: Callable[[Manifest], bool] | None = lambda manifest: True
    needs: tuple[str, ...] = ()
    command: Callable[[Path, str], list[str]] | None = None
    check: Callable[[int, str, Manifest], list[str]] | None = None
    warm: bool = False

    def missing(self) -> str | None:
        """What it needs that the program has not; None if it can be asked."""
        return next((need for need in self.needs if not _there(need)), None)

    def start(self, folder: Path, form: str, kept: Path) -> list[str]:
        """The command line; `kept` is where a run leaves what a later one finds."""
        if self.command is not None:
            return [*PROGRAM, *self.command(folder, form), *(("--cache", str(kept)) if self.warm else ())]
        return [sys.executable, "-m", "benchmarks.worker", self.name, str(folder), form]

    def read(self, code: int, out: str, err: str, manifest: Manifest) -> tuple[dict[str, Any], list[str]]:
        """What a run that ended printed: stages and answer, and the mistakes in it. RuntimeError if it failed."""
        if self.command is None:
            if code != 0:
                raise RuntimeError(_last(err) or f"exit code {code}")
            said = json.loads(out)
            return said, checks.mistakes(self.name, said["answer"], manifest)
        if code not in (0, 1):
            raise RuntimeError(_last(err) or f"exit code {code}")
        return {"stages": [], "answer": {}}, self.check(code, out, manifest) if self.check else []


def _last(err: str) -> str:
    lines = [line for line in err.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


@cache
def _there(need: str) -> bool:
    command, _, option = need.partition(" ")
    if need[0].isupper():
        import npverify

        return need in dir(npverify)
    asked = [*PROGRAM, command, "--help"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=ROOT)
    return done.returncode == 0 and option in done.stdout


def _facts(manifest: Manifest) -> bool:
    return bool(manifest["assertions"])


def _rewritten(manifest: Manifest) -> bool:
    return bool(manifest["rewritten"])


def _native(manifest: Manifest) -> bool:
    return bool(manifest["policies"]) and "Tier" not in manifest["kinds"]


def _asks_policies(manifest: Manifest) -> bool:
    return bool(manifest["policies"])


def _ends_with(wanted: int) -> Callable[[int, str, Manifest], list[str]]:
    return lambda code, out, manifest: [] if code == wanted else [f"exit code {code}, not {wanted}"]


def _prove_first(folder: Path, form: str) -> list[str]:
    return ["prove", str(folder / PATHS[form]), "--spec", str(folder / FIRST), "--format", "json"]


def _first(code: int, out: str, manifest: Manifest) -> list[str]:
    return checks.first(json.loads(out), manifest)


def _translated(code: int, out: str, manifest: Manifest) -> list[str]:
    wanted, got = manifest["kinds"]["NetworkPolicy"], len(re.findall("^kind: NetworkPolicy$", out, re.MULTILINE))
    return [] if (code, got) == (0, wanted) else [f"exit code {code} with {got} policies, 0 with {wanted} planned"]


def _differ(code: int, out: str, manifest: Manifest) -> list[str]:
    return (
        [] if code == 1 and json.loads(out)["changes"] else [f"exit code {code}, and a flow is added by construction"]
    )


QUERIES = (
    Query("version", "`npverify --version`", on=None, command=lambda f, _: ["--version"], check=_ends_with(0)),
    Query("example", "`npverify prove examples/shop`", on=None, command=lambda f, _: ["prove", str(EXAMPLE)],
          check=_ends_with(1)),
    Query("load", "load, validate, lower, reduce", forms=("json", "fat-json", "fat-yaml")),
    Query("first", "start to the first verdict", on=_facts,
          command=_prove_first, check=_first),
    Query("assertions", "all assertions of the spec", on=_facts),
    Query("connectivity", "all-pairs connectivity"),
    Query("connectivity-again", "all-pairs connectivity, a second time in one process"),
    Query("equiv", "equivalence with a rewrite", on=_rewritten),
    Query("equiv-wrong", "equivalence with a rewrite that is wrong in one place", on=_rewritten),
    Query("translate", "translation to Calico, with the proof that it means the same", on=_native,
          command=lambda f, form: ["translate", str(f / PATHS[form]), "--to", "calico", "--quiet"], check=_translated),
    Query("cached", "start to the first verdict, with what an earlier run left on disk", on=_facts, needs=("prove --cache",),
          command=_prove_first, check=_first, warm=True),
    Query("redundant", "`no policy is redundant`", on=_asks_policies),
    Query("shadowed", "`no policy is shadowed`", on=_asks_policies),
    Query("lint", "lint", on=_asks_policies),
    Query("diff", "every flow that a change adds or takes away", on=_rewritten, needs=("diff",),
          command=lambda f, _: ["diff", str(f / POLICIES), str(f / WRONG), "--with", str(f / INVENTORY),
                                "--assume", "endport_supported=true", "--format", "json"], check=_differ),
    Query("session", "one policy changed, its assertions again, warm", on=_facts, needs=("Session",)),
    Query("certificate", "one proof with its certificate", on=_facts, needs=("prove --certificate",),
          command=lambda f, form: ["prove", str(f / PATHS[form]), "--spec", str(f / FIRST), "--certificate",
                                   str(f / "certificate")], check=_ends_with(0)),
)  # fmt: skip
"""In the order in which they are asked."""

BY_NAME = {query.name: query for query in QUERIES}

ABOUT_POLICIES_AND_PAIRS = ("load", "connectivity")
AT_ODD_SIZES = ("load", "first", "assertions", "connectivity")
ASKED = {
    "labels": ("connectivity-again",),
    "tiers": ("load", "first", "assertions", "equiv", "equiv-wrong"),
    **dict.fromkeys(("XL", "X1", "X2", "X3"), AT_ODD_SIZES),
    "P": ("connectivity",),
    "A": (*ABOUT_POLICIES_AND_PAIRS, "redundant"),
    "K": ABOUT_POLICIES_AND_PAIRS,
    "Z": ("load", "assertions", "equiv", "equiv-wrong"),
    "W": ("load", "assertions", "connectivity"),
}
"""Which queries are asked about a family or a size; of the other realistic ones all, but for `connectivity-again`."""


def asked(size: str) -> tuple[Query, ...]:
    """The queries that are asked about the cluster of that name."""
    name, _, kind = size.partition("-")
    names = ASKED.get(
        kind if name in ("S", "M", "L") else size if size in ASKED else size[0],
        tuple(q.name for q in QUERIES if q.name != "connectivity-again"),
    )
    return tuple(q for q in QUERIES if q.name in names and q.on is not None)
