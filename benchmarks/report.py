"""The tables of docs/performance.md and of the README, out of docs/performance.json.

A table stands between `<!-- table: NAME -->` and `<!-- end of table -->`; whatever is outside is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from benchmarks.bars import BARS, SIZES, Held, held, row_of, taken
from benchmarks.families import REALISTIC

Record = dict[str, Any]
MARKED = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def fill(text: str, record: Record) -> str:
    """The page with every table made anew. KeyError for a table that there is not."""
    return MARKED.sub(lambda m: f"{m[1]}{TABLES[m[2]](record)}\n{m[3]}", text)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def seconds(value: float) -> str:
    """Two digits that matter, at least."""
    if value < 0.01:
        return f"{1000 * value:.1f} ms"
    return f"{value:.2f} s" if value < 10 else f"{value:,.0f} s"


def _amount(value: float, unit: str) -> str:
    return seconds(value) if unit == "s" else f"{value:,.4g} {unit}" if unit == "×" else f"{value:,.0f} {unit}"


def _limit(bar: Held) -> str:
    return f"{bar.limit:g} {bar.unit}" if bar.unit != "MB" else f"{bar.limit:,.0f} MB"


def bars(record: Record) -> str:
    """Every promise about a cluster, one row a question, one column a size: measured (the bar, whether it is met)."""
    cells: dict[str, dict[str, str]] = {}
    against = {}
    for bar in (b for b in held(record) if b.size):
        cells.setdefault(bar.what, {})[bar.size.removesuffix("-labels")] = _cell(bar)
        against[bar.what] = bar.against or "–"
    sizes = [s for s in SIZES if any(s in row for row in cells.values())]
    rows = [(what, *(row.get(s, "") for s in sizes), against[what]) for what, row in cells.items()]
    return _table(("what", *sizes, "held against"), rows)


def start(record: Record) -> str:
    """Promises about no cluster."""
    return _table(("what", "measured (bar)"), [(bar.what, _cell(bar)) for bar in held(record) if not bar.size])


def _cell(bar: Held) -> str:
    if bar.measured is None and bar.why.startswith("not "):
        return f"{bar.why} ({_limit(bar)})"
    shown = bar.why if bar.measured is None else _amount(bar.measured, bar.unit)
    return f"{shown} ({_limit(bar)}, {'met' if bar.met else '**missed**'})"


def missed(record: Record) -> str:
    """Bars that are missed, with the stages that most of the time goes to."""
    rows = []
    for bar in held(record):
        if bar.met or (bar.measured is None and bar.why.startswith("not ")):
            continue
        over = "–" if bar.measured is None else f"{bar.measured / bar.limit:.1f} ×"
        rows.append((bar.what, bar.size or "–", over, _largest(bar)))
    return (
        _table(("what", "size", "over the bar", "where the time goes"), rows)
        if rows
        else "No bar that was measured is missed."
    )


def _largest(bar: Held) -> str:
    stages = {} if bar.unit != "s" else bar.row.get("stages") or {}
    total = bar.row["seconds"]["median"] if stages else 0
    parts = sorted(((s["median"], name) for name, s in stages.items()), reverse=True)[:3]
    return ", ".join(f"{name} {100 * took / total:.0f} %" for took, name in parts) or "–"


def details(record: Record) -> str:
    """Each query on the realistic clusters: whole processes, with their stages."""
    return _details(record, [*REALISTIC, *(f"{n}-{x}" for x in ("tiers", "labels") for n in REALISTIC)])


def families(record: Record) -> str:
    """Each query on the other clusters."""
    others = [s for s in record["inputs"] if s.partition("-")[0] not in REALISTIC]
    return _details(record, others)


def _details(record: Record, sizes: Sequence[str]) -> str:
    rows = []
    for row in sorted((r for r in record["results"] if r["size"] in sizes), key=lambda r: sizes.index(r["size"])):
        if row["status"] == "not there":
            continue
        if "seconds" not in row:
            rows.append((row["size"], row["title"], row["form"], row["note"], "", "", ""))
            continue
        took = row["seconds"]
        shown = seconds(took["median"]) if row["status"] == "ok" else f"**{row['status']}**"
        span = f"{seconds(took['min'])} – {seconds(took['max'])}, {row['runs']}"
        stages = ", ".join(
            f"{name} {seconds(s['median'])}" for name, s in row["stages"].items() if s["median"] >= took["median"] / 50
        )
        rows.append(
            (
                row["size"],
                row["title"],
                row["form"],
                shown,
                span,
                f"{row['peak_mb']:,} MB",
                stages or row.get("note", ""),
            )
        )
    head = ("size", "query", "input", "median", "least – most, runs", "peak memory", "stages")
    return _table(head, rows)


def peers(record: Record) -> str:
    """The same files, the same run, another tool."""
    rows = []
    for row in record["peers"]:
        kinds = row["kinds"]
        size = f"{kinds['Pod']:,} × {kinds['NetworkPolicy']:,} × {kinds['Namespace']:,}"
        theirs = seconds(row["seconds"]) if row["status"] == "ok" else f"{row['status']}, {seconds(row['seconds'])}"
        alone = seconds(row["query_seconds"]) if "query_seconds" in row else "–"
        for name, ours in row["ours"].items():
            shown = seconds(ours["seconds"]["median"]) if ours["status"] == "ok" else f"**{ours['status']}**"
            ratio = f"{'> ' * (row['status'] != 'ok')}{ours['ratio']:,.3g}" if ours["status"] == "ok" else "–"
            memory = f"{row['peak_mb']:,} / {ours['peak_mb']:,} MB"
            agreed = (
                f"{row['agrees']['agreed']} of {row['agrees']['planted']}"
                if row.get("agrees", {}).get("planted")
                else "–"
            )
            rows.append((size, f"`--{row['question']}`", theirs, alone, _OURS[name], shown, ratio, memory, agreed))
    head = ("pods × policies × namespaces", "its question", "whole process", "query alone", "ours", "whole process",
            "ratio", "peak memory", "agrees with what is planted")  # fmt: skip
    return _table(head, rows) if rows else "Not measured."


_OURS = {"connectivity": "`connectivity`", "lint": "`lint`", "redundant": "`no policy is redundant`"}


def inputs(record: Record) -> str:
    """What the clusters are made of, and the hash of their JSON."""
    rows = []
    for name, given in record["inputs"].items():
        kinds, file = given["kinds"], given["files"]["cluster.json"]
        policies = sum(n for kind, n in kinds.items() if kind.endswith("NetworkPolicy"))
        rows.append((name, f"{kinds.get('Pod', 0):,}", f"{policies:,}", f"{kinds.get('Namespace', 0):,}",
                     f"{file['bytes'] / 1e6:.1f} MB", f"`{file['sha256'][:16]}`"))  # fmt: skip
    return _table(("name", "pods", "policies", "namespaces", "trimmed JSON", "SHA-256"), rows)


def machine(record: Record) -> str:
    """On what, and what was measured."""
    m, p, plan = record["machine"], record["program"], record["plan"]
    others = sorted({row["commit"] or "" for row in record["results"]} - {p["commit"] or ""})
    at = f"{p['commit']}" + (f" (some rows at {', '.join(others)})" if others else "")
    runs = f"up to {plan['repeat']} runs" if plan["repeat"] > 1 else "one run"
    return (
        f"{m['cores']} cores ({m['architecture']}, {m['system']}), Python {m['python']}, Z3 {m['z3']}, npverify {p['version']}"
        f" at {at}, seed {record['seed']}, generator {record['generator']}, {runs} of each query (no more once"
        f" {plan['enough']:g} s were spent on it), ended after {plan['limit']:g} s."
    )


README_BARS = ("load", "first", "assertions", "connectivity", "equiv", "redundant")


def readme(record: Record) -> str:
    """The short table: one row a question, one column a size."""
    sizes = [s for s in ("S", "M", "L") if s in record["inputs"]]
    rows = []
    for bar in (b for b in BARS if b.query in README_BARS):
        cells = []
        for size in sizes:
            row = row_of(record, bar.query, size, bar.form)
            took = taken(row, bar.stages) if row else None
            cells.append(seconds(took) if took is not None else row["status"] if row else "–")
        rows.append((bar.what, *cells))
    peaks = []
    for size in sizes:
        found = [
            r["peak_mb"]
            for q in ("load", "assertions")
            if (r := row_of(record, q, size, "json")) and r["status"] == "ok"
        ]
        peaks.append(f"{max(found):,} MB" if found else "–")
    rows.append(("peak memory of loading and proving", *peaks))
    names = {s: "{:,} × {:,} × {:,}".format(*REALISTIC[s]) for s in sizes}
    return _table(("pods × policies × namespaces", *(names[s] for s in sizes)), rows)


TABLES: dict[str, Callable[[Record], str]] = {
    f.__name__: f for f in (machine, bars, start, missed, details, families, peers, inputs, readme)
}
