"""How a row of bad input is written: the files with marks where the messages must point, and what they must say.

`▶` stands directly before the character that a message must point at; `▷` stands on the line that it must point at, where
the column is a matter of taste. Both are taken out before a file is written. The n-th message of `expect` belongs to the
n-th mark, in the order of the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

EXACT, LINE = "▶", "▷"

WORLD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
"""

SPEC = "assert no pod reaches 192.0.2.1 on tcp/80\n"


@dataclass(frozen=True)
class Bad:
    """One malformed input. `expect` has a code and a word of the message for each mark, then for each message without one."""

    id: str
    files: Mapping[str, str | bytes]
    expect: tuple[tuple[str, str], ...]
    args: tuple[str, ...] = ("prove", "in.yaml", "--spec", "ok.npv")
    unmarked: int = field(default=0)  # how many of `expect` have no position


def message(text: str) -> tuple[str, str]:
    """`NPV100 reaches` as a code and a word; there may be no word."""
    code, _, word = text.partition(" ")
    return code, word


@dataclass(frozen=True)
class Mark:
    """Where a message must point; column 0: anywhere on the line."""

    file: str
    line: int
    column: int


def strip(name: str, text: str) -> tuple[str, tuple[Mark, ...]]:
    """The text without its marks, and where they stood."""
    marks = []
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        while (at := min((i for i in (line.find(EXACT), line.find(LINE)) if i >= 0), default=-1)) >= 0:
            marks.append(Mark(name, number, at + 1 if line[at] == EXACT else 0))
            line = line[:at] + line[at + 1 :]
        lines.append(line)
    return "\n".join(lines), tuple(marks)
