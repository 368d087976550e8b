"""Draws the measurements, on logarithmic axes: seconds and memory by size, and the peers. Needs matplotlib (extra `bench`).

The same measurements give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt

from benchmarks.bars import BARS, row_of, taken
from benchmarks.families import REALISTIC

Record = dict[str, Any]
Points = list[tuple[float, float]]
SIZES = ("S", "M", "L", "XL")

# a fixed salt, no date, and text as text: equal numbers draw equal bytes
mpl.rcParams.update({"svg.hashsalt": "npverify", "svg.fonttype": "none", "font.size": 9, "axes.grid": True,
                     "grid.alpha": 0.3, "axes.spines.top": False, "axes.spines.right": False})  # fmt: skip


def draw(record: Record, folder: Path) -> list[Path]:
    """The pictures, as SVG files in a folder; those for which nothing was measured are left out."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [
        time(record, folder / "time.svg"),
        memory(record, folder / "memory.svg"),
        peers(record, folder / "peers.svg"),
    ]
    return [path for path in made if path is not None]


def time(record: Record, path: Path) -> Path | None:
    """Seconds by pods, one line a bar, with the bars as dots of the same colour."""
    lines: dict[str, Points] = {}
    bars: dict[str, Points] = {}
    for bar in BARS:
        found = [
            (float(REALISTIC[s].pods), taken(row, bar.stages))
            for s in SIZES
            if (row := row_of(record, bar.query, s, bar.form))
        ]
        points = [(x, y) for x, y in found if y is not None]
        if points:
            lines[bar.what] = points
            bars[bar.what] = [(float(REALISTIC[s].pods), limit) for s, limit in bar.limits.items() if s in REALISTIC]
    return (
        _chart(path, lines, "pods (policies are a tenth of them)", "seconds", dots=bars, note="○ the bar")
        if lines
        else None
    )


def memory(record: Record, path: Path) -> Path | None:
    """Peak memory by pods, one line a query and form."""
    lines: dict[str, Points] = {}
    for row in record["results"]:
        if row["size"] in SIZES and row["status"] == "ok":
            name = row["title"] + ("" if row["form"] == "json" else f", {row['form']}")
            lines.setdefault(name, []).append((REALISTIC[row["size"]].pods, row["peak_mb"]))
    return _chart(path, lines, "pods (policies are a tenth of them)", "MB", dots={}) if lines else None


def peers(record: Record, path: Path) -> Path | None:
    """Seconds of whole processes, theirs and ours, on the same files."""
    lines: dict[str, Points] = {}
    for row in record["peers"]:
        pods = row["kinds"]["Pod"]
        if row["status"] == "ok":
            lines.setdefault(f"{row['tool']} --{row['question']}", []).append((pods, row["seconds"]))
        for name, ours in row["ours"].items():
            if ours["status"] == "ok":
                lines.setdefault(f"npverify, {name}", []).append((pods, ours["seconds"]["median"]))
    lines = {name: sorted(points) for name, points in lines.items()}
    return (
        _chart(path, lines, "pods (policies are a tenth of them)", "seconds, whole process", dots={}) if lines else None
    )


def _chart(path: Path, lines: dict[str, Points], x: str, y: str, *, dots: dict[str, Points], note: str = "") -> Path:
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    for index, (name, points) in enumerate(lines.items()):
        colour = f"C{index % 10}"
        style = "--" if index >= 10 else "-"
        axes.plot(*_columns(points), marker="o", markersize=4, color=colour, linestyle=style, label=name)
        if dots.get(name):
            axes.plot(*_columns(dots[name]), marker="o", markerfacecolor="none", linestyle="none", color=colour)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(f"{x}   {note}".strip())
    axes.set_ylabel(y)
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    return path


def _columns(points: Iterable[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]
