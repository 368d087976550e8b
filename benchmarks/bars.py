"""What the program has promised itself: for each question and size the seconds (or megabytes) that it may take, and by whom
the number was suggested. A bar is met by the median.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Record = dict[str, Any]
SIZES = ("S", "M", "L", "A1")
NCA = "network-config-analyzer"


@dataclass(frozen=True, slots=True)
class Bar:
    """One promise.

    `stages`   what counts of a run; () all of it, from the start of the process to its end
    `limits`   size to the most that it may take; "" is the size of what is about no cluster
    """

    what: str
    query: str
    limits: Mapping[str, float]
    against: str
    form: str = "json"
    stages: tuple[str, ...] = field(default=())


BARS = (
    Bar("load, validate, lower and reduce, trimmed JSON", "load", {"S": 0.3, "M": 0.6, "L": 2.5, "A1": 6},
        "Antrea's controller on A1, objects already in memory, Go: 5.8 to 6.4 s"),
    Bar("the same from what `kubectl get -o yaml` prints", "load", {"S": 0.7, "M": 6, "L": 50},
        "PyYAML's safe loader with libyaml, at its 1.2 MB/s: 440 s at L", form="fat-yaml"),
    Bar("start to first verdict", "first", {"S": 0.5, "M": 1, "L": 3.5}, "SecGuru: a fraction of a second"),
    Bar("99 more assertions after that", "assertions", {"S": 0.5, "M": 1, "L": 2}, "", stages=("other verdicts",)),
    Bar("all-pairs connectivity with ports, after loading", "connectivity", {"S": 0.1, "M": 0.3, "L": 3},
        f"{NCA} in the same run, below", stages=("connectivity", "rows")),
    Bar("the same on policies of labels alone, warm", "connectivity-again", {"L-labels": 0.3},
        "NPV: 0.07 s at more than 100,000 pods, as the ratios of its paper suggest", stages=("connectivity, again",)),
    Bar("equivalence with a rewritten set", "equiv", {"S": 0.5, "M": 2, "L": 15},
        "Z3 alone: 6.4 s at 2,000 rules, 64 s at 5,000"),
    Bar("translation to Calico, with its proof", "translate", {"S": 0.5, "M": 2, "L": 15}, ""),
    Bar("redundancy of every policy", "redundant", {"S": 0.5, "M": 2, "L": 15}, f"{NCA}, below"),
    Bar("shadowing of every policy", "shadowed", {"S": 0.5, "M": 2, "L": 15}, f"{NCA}, below"),
    Bar("start to first verdict, with what an earlier run left on disk", "cached", {"S": 0.3, "M": 0.5, "L": 1.5}, ""),
    Bar("one policy changed, its assertions again, warm, p99", "session", {"S": 0.02, "M": 0.03, "L": 0.1},
        "NPV's target: 0.1 s", stages=("change, p99",)),
    Bar("`npverify --version`, whole process", "version", {"": 0.2}, "ruff, click"),
    Bar("`npverify prove examples/shop`, whole process", "example", {"": 1}, "ruff, click"),
)  # fmt: skip

MEMORY_MB = 1000
MEMORY_OF = ("load", "first", "assertions", "connectivity", "equiv", "translate", "redundant", "diff", "session")
GROWTH = 12
STEPS = {
    ("M", "L"): "ten times the pods and policies, and five times as many policies for each pod",
    ("A1-10", "A1"): "ten times the pods and policies, and as many policies for each pod",
}
"""The sizes of which one is ten times the other."""
READING = ("import", "read")  # and what the interpreter does before, which is little


class Held(NamedTuple):
    """A bar with what was measured: None where nothing was, and then why."""

    what: str
    size: str
    limit: float
    unit: str
    measured: float | None
    why: str
    against: str
    row: Record

    @property
    def met(self) -> bool:
        """Whether the bar is met."""
        return self.measured is not None and self.measured <= self.limit


def row_of(record: Record, query: str, size: str, form: str) -> Record | None:
    """What was measured for a query; of what is about no cluster the form does not matter."""
    rows = record["results"]
    return next((r for r in rows if (r["query"], r["size"]) == (query, size) and r["form"] in (form, "")), None)


def taken(row: Record, stages: tuple[str, ...]) -> float | None:
    """Seconds of these stages together, () for the whole process; None where they were not measured."""
    if row["status"] != "ok":
        return None
    if not stages:
        return float(row["seconds"]["median"])
    if not set(stages) <= set(row["stages"]):
        return None
    return sum(float(row["stages"][name]["median"]) for name in stages)


def held(record: Record) -> list[Held]:
    """Every bar at every size that was measured or promised."""
    found = []
    for bar in BARS:
        for size, limit in bar.limits.items():
            row = row_of(record, bar.query, size, bar.form)
            measured = taken(row, bar.stages) if row else None
            why = "" if measured is not None else _why(row)
            found.append(Held(bar.what, size, limit, "s", measured, why, bar.against, row or {}))
    for question, size in ((q, s) for s in ("L", "A1") for q in MEMORY_OF):
        row = row_of(record, question, size, "json")
        if row and row["status"] == "ok" and (size == "L" or question == "load"):
            name = f"peak memory, {row['title']}"
            against = "Antrea: 1,522 to 1,708 MB on A1"
            found.append(Held(name, size, MEMORY_MB, "MB", row["peak_mb"], "", against, row))
    for (small, large), why in STEPS.items():
        for what, ratio in growth(record, small, large).items():
            found.append(Held(f"growth from {small} to {large}, {what}", large, GROWTH, "×", ratio, "", why, {}))
    return found


def _why(row: Record | None) -> str:
    if row is None:
        return "not measured"
    note = f" ({row['note']})" if row.get("note") else ""
    return f"{row['status']}{note}" if row["status"] != "ok" else "not told apart"


def growth(record: Record, smaller: str, larger: str) -> dict[str, float]:
    """By how much the time after reading grows from one size to another, for each question that was answered at both."""
    found = {}
    for query in ("load", "assertions", "connectivity", "equiv", "redundant"):
        rows = [row_of(record, query, size, "json") for size in (smaller, larger)]
        if all(row and row["status"] == "ok" for row in rows):
            small, large = (
                sum(s["median"] for name, s in row["stages"].items() if name not in READING) for row in rows if row
            )
            found[rows[0]["title"]] = round(large / small, 1)  # type: ignore[index]
    return found
