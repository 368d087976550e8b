"""Decides `every … is isolated for …`: each endpoint is selected, in each direction, by some policy of a tier that denies
what no rule of it matches."""

from __future__ import annotations

from npverify.analyses.engine import Engine, assumed
from npverify.analyses.results import AssertionResult, Status
from npverify.assertions.claims import Assertion, Isolated
from npverify.inventory.model import Endpoint
from npverify.normal.policy import Action, Direction, PolicyId
from npverify.normal.predicates import FALSE, TRUE, Pred, and_, not_, or_
from npverify.reduction.judge import Entry
from npverify.reduction.partial import seen_on
from npverify.reduction.readings import under
from npverify.reduction.residuals import Residuals
from npverify.smt.choose import choose_reading
from npverify.smt.solver import Question


def prove_isolated(engine: Engine, assertion: Assertion, claim: Isolated) -> AssertionResult:
    """Proved if no endpoint of the claim can be without a policy that selects it."""
    residuals = engine.residuals
    of = residuals.classes.of
    asked: dict[PolicyId, None] = {}
    open_ends: list[tuple[Endpoint, Direction, Pred]] = []
    unselected: dict[tuple[int, Direction], Pred] = {}
    some = False
    for end, condition in claim.ends.items():
        for direction in claim.directions:
            key = (of[end], direction)
            none = unselected.get(key)
            if none is None:
                signature = _isolating(residuals, direction, end)
                asked |= dict.fromkeys(entry.policy.id for entry in signature)
                none = unselected[key] = not_(or_(*(entry.selects for entry in signature)))
            if condition is TRUE:
                some = True
                if none is FALSE:
                    continue
            here = condition if condition is TRUE else _on_subject(engine, condition, end, direction)
            some = some or engine.possible(here, end, end)
            bare = and_(here, none)
            if engine.possible(bare, end, end):
                open_ends.append((end, direction, bare))
    depends = tuple(sorted(asked))
    if not some:
        return AssertionResult(assertion, Status.VACUOUS, because="there is no endpoint that it speaks about")
    if open_ends:
        because = _because(engine, open_ends)
        return AssertionResult(assertion, Status.REFUTED, because=because, depends_on=depends)
    return AssertionResult(assertion, Status.PROVED, depends_on=depends)


def _isolating(residuals: Residuals, direction: Direction, end: Endpoint) -> list[Entry]:
    """The policies that may select an endpoint and whose tier denies what it does not match."""
    stages = residuals.policies.half(direction).stages
    signature = residuals.signature(direction, residuals.classes.of[end])
    return [entry for entry in signature if stages[entry.stage].tiers[entry.tier].no_match is Action.DENY]


def _on_subject(engine: Engine, condition: Pred, end: Endpoint, direction: Direction) -> Pred:
    """The condition of a member, which looks at the source side, as one on the subject of a direction."""
    known = engine.residuals.partial.residual(condition, Direction.EGRESS, src=end)
    return seen_on(known, end, direction.subject)


def _because(engine: Engine, open_ends: list[tuple[Endpoint, Direction, Pred]]) -> str:
    by_default = [(e, d, p) for e, d, p in open_ends if under(p, {}) is TRUE]
    end, direction, bare = (by_default or open_ends)[0]
    others = len({e.key for e, _, _ in open_ends} - {end.key})
    more = f", nor {others} other endpoint{'s' if others > 1 else ''}" if others else ""
    only_if = ""
    if not by_default:
        question = Question(bare, budget=engine.budget)
        reading = choose_reading(question)
        needs = [assumed(u, reading[u.name]).phrase for u in question.encoding.unknowns if u.name in reading]
        only_if = f" (only if {' and '.join(needs)})" if needs else ""
    return f"no policy selects {end} for {direction}{more}{only_if}"
