"""Decides `on change` assertions: whether a flow that they forbid is new, or lost, under some reading.

Proved exactly when no formula of the comparison can be true of a flow of its legs that the version in question allows; a
refutation is shown by a flow that the oracles of both versions have confirmed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from npverify.analyses.connections import of_connections
from npverify.analyses.diff.results import ChangeClaimResult
from npverify.analyses.equiv_formulas import Formula
from npverify.analyses.equiv_search import Found, Search, preferred
from npverify.analyses.equiv_witness import difference
from npverify.analyses.results import Status
from npverify.assertions.claims import ChangeAssertion, EndSet, Leg
from npverify.normal.predicates import FALSE, Pred, Side, UnknownIn, and_, atoms_of, not_, substitute, unknown_in
from npverify.reduction.readings import at_address
from npverify.reduction.twin_pairs import Pairs
from npverify.reduction.twins import Twin
from npverify.smt.solver import UndecidedError

_MARKS = (" on the left", " on the right")


class Wanted(NamedTuple):
    """An assertion as the version that it is about resolved it, and whether the other version has flows of it."""

    assertion: ChangeAssertion
    elsewhere: bool


class Claims:
    """Decides assertions about one comparison."""

    def __init__(self, search: Search, found: Sequence[Found]) -> None:
        self._search = search
        self._found = found

    def decide(self, wanted: Wanted) -> ChangeClaimResult:
        """The answer to one assertion."""
        assertion = wanted.assertion
        w = 1 if assertion.which == "new" else 0
        if not assertion.legs:
            version = "new" if w else "old"
            if wanted.elsewhere:
                because = f"the {version} version has no such ends"
                return ChangeClaimResult(assertion, Status.PROVED, because=because)
            return ChangeClaimResult(assertion, Status.VACUOUS, because="neither version has such ends")
        gave_up = self._search.gave_up
        broken: list[Found] = []
        for found, formula in self._candidates(assertion, w):
            try:
                if self._search.possible(formula.differs, found.pair, found.way):
                    broken.append(replace(found, formulas=(formula,)))
            except UndecidedError as error:
                gave_up = error
        if broken:
            shown = difference(self._search, *preferred(self._search, sorted(broken, key=lambda f: f.order)))
            return ChangeClaimResult(assertion, Status.REFUTED, shown)
        if gave_up is not None:
            return ChangeClaimResult(assertion, Status.UNDECIDED, because=str(gave_up))
        return ChangeClaimResult(assertion, Status.PROVED)

    def _candidates(self, assertion: ChangeAssertion, w: int) -> Iterator[tuple[Found, Formula]]:
        """What is different and forbidden: each with the first pair by name, and the formula of such flows."""
        for found in self._found:
            for leg in assertion.legs:
                if (leg.leave_out_self and found.way.hows[0].same) or not _is_of(found, leg, w):
                    continue
                for sources, targets, cond in self._members(found, leg, w):
                    pair = Pairs(sources, targets, found.way.hows).first()
                    if pair is None:
                        continue
                    at = replace(found, pair=pair)
                    for formula in found.formulas:
                        differs = and_(
                            *self._allowed(formula, w),
                            _as_formula(formula, self._settled(cond, w), w),
                            self._kept(at, leg, w),
                        )
                        if differs is not FALSE:
                            yield at, replace(formula, differs=differs)

    def _settled(self, cond: Pred, w: int) -> Pred:
        """A condition with what is left of its clauses about requests."""
        requests = self._search.residuals[w].requests
        return requests.settled(of_connections(cond, requests.beside_http))

    def _allowed(self, formula: Formula, w: int) -> tuple[Pred, ...]:
        """The flows that differ and that one version allows."""
        passes = and_(*formula.parts[0])
        return formula.differs, passes if w == 0 else not_(passes)

    def _members(self, found: Found, leg: Leg, w: int) -> Iterator[tuple[list[Twin], list[Twin], Pred]]:
        """Sources and destinations of a block that are in a leg, by the condition under which they are."""
        twins = self._search.twins
        targets = (t for t in twins.twins(found.block.targets) if found.reached is None or t in found.reached)
        of_target = _by_condition(targets, leg.dst, w)
        if found.way.hows[0].same:
            for cond, ends in of_target.items():
                for also, same in _by_condition(ends, leg.src, w).items():
                    yield same, same, and_(cond, also)
            return
        of_source = _by_condition(twins.twins(found.block.sources), leg.src, w)
        for here, sources in of_source.items():
            for there, ends in of_target.items():
                yield sources, ends, and_(here, there)

    def _kept(self, found: Found, leg: Leg, w: int) -> Pred:
        """That the flow is none that the leg leaves out because of where its ends run."""
        how = found.way.hows[w]
        src, dst = (twin.sides[w] for twin in found.pair)
        if not leg.leave_out_own_node or not how.own_node or how.same or src is None or dst is None:
            return not_(FALSE)
        return not_(self._search.residuals[w].left_out(src, dst, how))


def _is_of(found: Found, leg: Leg, w: int) -> bool:
    """Whether flows of a block may be flows of a leg: those of another Service are none of a leg through one."""
    if leg.via is None or found.through is None:
        return True
    here = found.through.hops[w]
    return str(here.service) == str(leg.via.service) and (
        here.service.ports[here.port].number == leg.via.service.ports[leg.via.port].number
    )


def _by_condition(twins: Iterable[Twin], members: EndSet, w: int) -> dict[Pred, list[Twin]]:
    found: dict[Pred, list[Twin]] = {}
    for twin in twins:
        end = twin.sides[w]
        cond = FALSE if end is None else members.get(end, FALSE)
        if cond is not FALSE:
            found.setdefault(cond, []).append(twin)
    return found


def _as_formula(formula: Formula, cond: Pred, w: int) -> Pred:
    """A condition of one version as its formula speaks: with its own addresses, and its own names of unknowns."""
    for (version, side), address in formula.own.items():
        if version == w and side is not Side.VIP:
            cond = at_address(cond, side, address)
    marked = {a.unknown.name for a in atoms_of(formula.differs) if isinstance(a, UnknownIn)}

    def settle(atom: Pred) -> Pred:
        if isinstance(atom, UnknownIn) and atom.unknown.name + _MARKS[w] in marked:
            return unknown_in(replace(atom.unknown, name=atom.unknown.name + _MARKS[w]), *atom.values)
        return atom

    return substitute(cond, settle)
