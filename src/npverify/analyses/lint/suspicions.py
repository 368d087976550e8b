"""Decides what a dialect's rules suspect: whether some flow satisfies a predicate about one end of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from npverify.analyses.engine import Engine
from npverify.analyses.lint.findings import Finding
from npverify.analyses.lint.rule import Context
from npverify.dialects.lint import About, Suspicion
from npverify.inventory.model import EXTERNAL
from npverify.normal.policy import Half, PolicySet, Stage
from npverify.normal.predicates import FALSE, TRUE, Pred, Side, UnknownIn, atoms_of
from npverify.reduction.bitsets import Bitsets, bits
from npverify.reduction.classes import Classes
from npverify.reduction.partial import DIRECT, Partial
from npverify.reduction.readings import under


def find(context: Context, about: About) -> Iterator[Finding]:
    """The suspicions of a rule that stand."""
    suspicions = context.facts.suspicions.get(about.code, ())
    yield from standing(context, about, Ends(context, suspicions), suspicions)


def standing(context: Context, about: About, ends: Ends, suspicions: Iterable[Suspicion]) -> Iterator[Finding]:
    """Those that stand of some suspicions, each of which `ends` was made for."""
    for suspicion in suspicions:
        with context.deciding(about, suspicion.message):
            if not ends.possible(suspicion.unless, suspicion.side) and ends.possible(suspicion.only_if, suspicion.side):
                yield Finding(
                    about, suspicion.policy, suspicion.span, suspicion.message, suspicion.fix, suspicion.because
                )


def _by_guess(pred: Pred) -> bool:
    """Whether a predicate about unknowns alone is true if each has the first value that it is compared with: so are most
    selectors, and the solver need not be asked."""
    atoms = atoms_of(pred)
    reading = {a.unknown.name: a.values[0] for a in reversed(atoms) if isinstance(a, UnknownIn)}
    return all(isinstance(a, UnknownIn) for a in atoms) and under(pred, reading) is TRUE


class Ends:
    """All ends of flows, parted by what the suspicions look at. Guards the partition, which is made when first asked."""

    def __init__(self, context: Context, suspicions: Iterable[Suspicion]) -> None:
        self._context = context
        self._asked = dict.fromkeys(pred for s in suspicions for pred in (s.only_if, s.unless))
        self._bitsets: Bitsets | None = None

    def possible(self, pred: Pred, side: Side) -> bool:
        """Whether the predicate is true of some end on a side, under some reading and for some packet."""
        if pred is TRUE or pred is FALSE:
            return pred is TRUE
        if _by_guess(pred):
            return True
        engine = self._context.engine
        if self._bitsets is None:
            inventory = self._context.world.inventory
            questions = PolicySet("", Half(tuple(Stage("", asked) for asked in self._asked)), Half())
            self._classes = Classes(inventory, questions)
            self._bitsets = Bitsets(self._classes, inventory, Partial(inventory))
        return any(
            self._possible(engine, left, side, classes)
            for classes, left in self._bitsets.parts(pred, side, DIRECT)
            if left is not FALSE
        )

    def _possible(self, engine: Engine, left: Pred, side: Side, classes: int) -> bool:
        for c in bits(classes):
            end = self._classes.representative(c)
            src, dst = (end, EXTERNAL) if side is Side.SRC else (EXTERNAL, end)
            if engine.possible(left, src, dst):
                return True
        return False
