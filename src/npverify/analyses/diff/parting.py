"""The flows of a formula, those under the default reading first, with what would make a difference to them.

Exact for the default reading. Beyond it each flow is given with the first reading under which it differs; where there are more
readings than can be looked at, that is remembered and told, and what is known stays.
"""

from __future__ import annotations

from collections.abc import Iterator

from npverify.analyses.equiv_rows import Part
from npverify.analyses.flow_cells import FlowCells, readings
from npverify.normal.predicates import Pred

MOST_READINGS = 2_000


class Parting:
    """Parts cells by readings. Guards whether something had to be left out.

    `more`  for some formula not every reading was looked at
    """

    def __init__(self) -> None:
        self.more = False

    def __call__(self, cells: FlowCells, pred: Pred, real: int) -> Iterator[Part]:
        """The flows for which a predicate is true under some reading, each with the first such reading."""
        left = cells.possible(pred) & real
        usual = cells.of(pred, {}) & left
        if usual:
            yield Part({}, usual, tuple(_changing(cells, pred, usual)))
            left &= ~usual
        for number, reading in enumerate(readings((pred,))):
            if not left:
                return
            if number == MOST_READINGS:
                self.more = True
                return
            if flows := cells.of(pred, reading) & left:
                yield Part(reading, flows)
                left &= ~flows


def _changing(cells: FlowCells, pred: Pred, usual: int) -> Iterator[str]:
    """The unknowns of which another value alone makes some of the flows no difference any more."""
    found: set[str] = set()
    for reading in readings((pred,)):
        if len(reading) > 1:
            return
        for name in reading:
            if name not in found and usual & ~cells.of(pred, reading):
                found.add(name)
                yield name
