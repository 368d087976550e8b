"""Colours for a terminal; a plain `Paint()` adds none, so that a text is the same with and without, escapes aside."""

from __future__ import annotations

from dataclasses import dataclass

from npverify.analyses.results import Status

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}

STATUS_STYLE: dict[Status, str] = {
    Status.PROVED: "green",
    Status.REFUTED: "red",
    Status.VACUOUS: "yellow",
    Status.UNDECIDED: "yellow",
}
STATUS_SIGN: dict[Status, str] = {
    Status.PROVED: "✓",
    Status.REFUTED: "✗",
    Status.VACUOUS: "∅",
    Status.UNDECIDED: "?",
}


@dataclass(frozen=True, slots=True)
class Paint:
    """Wraps text in ANSI escapes if `on` (ECMA-48 SGR), else gives it back as it is."""

    on: bool = False

    def __call__(self, style: str, text: str) -> str:
        """`text` in `style`: one or more of bold, dim, red, green, yellow, blue, cyan, separated by spaces."""
        if not self.on or not text:
            return text
        return f"\x1b[{';'.join(_CODES[s] for s in style.split())}m{text}\x1b[0m"


PLAIN = Paint()


def printable(text: str) -> str:
    """`text` with control characters spelled out, so that no input can steer the terminal."""
    return "".join(c if c == "\t" or c.isprintable() else repr(c)[1:-1] for c in text)


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 policy`, `2 policies`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {plural or noun + 's'}"
