"""A policy set beside one that was changed in thought: the flows that the two decide differently.

The change is there twice, as changed signatures for the solver and as a changed set for the oracle, which confirms each flow
that is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from npverify.analyses.engine import Engine, members
from npverify.analyses.refute import prefer_default, violated
from npverify.analyses.results import Counterexample
from npverify.assertions.claims import Leg
from npverify.ingest.source import InternalError
from npverify.inventory.unknowns import Reading
from npverify.normal.flow import Verdict
from npverify.normal.policy import Direction, PolicySet
from npverify.normal.predicates import TRUE, Pred, and_, not_, or_
from npverify.oracle import Oracle
from npverify.reduction.obligations import Breaks, Obligation, Variants


@dataclass(frozen=True, slots=True)
class Change:
    """A changed policy set, symbolically (`variants`, `differs`) and concretely (`policies`, `passes`)."""

    variants: Variants
    differs: Breaks
    policies: PolicySet
    passes: Callable[[Verdict], bool]


class ChangedFlow(NamedTuple):
    """A flow as it is judged (`shown`, under `reading`), and as the changed set judges it (`after`)."""

    shown: Counterexample
    reading: Reading
    after: Verdict


def obligations_of(engine: Engine, leg: Leg, change: Change) -> list[Obligation]:
    """The flows of the leg that the change decides differently."""
    return sorted(engine.obligations.of(leg, change.differs, change.variants), key=lambda o: o.order)


def first_changed_flow(engine: Engine, obligations: Sequence[Obligation], change: Change) -> ChangedFlow | None:
    """The preferred flow that the change decides differently, confirmed by the oracle; None if there is none."""
    broken, gave_up = violated(engine, obligations)
    if not broken:
        if gave_up is not None:
            raise gave_up
        return None
    obligation, formula = prefer_default(engine, broken)
    shown, flow, reading = engine.counterexample(formula, obligation)
    after = Oracle(change.policies, engine.world.inventory, engine.oracle).decide(flow, reading)
    if change.passes(shown.verdict) is change.passes(after):
        raise InternalError(f"the oracle does not confirm a difference: {flow} under {dict(reading)}")
    return ChangedFlow(shown, reading, after)


def legs_of_subjects(engine: Engine, classes: int, direction: Direction, peers: int | None = None) -> Iterator[Leg]:
    """Every flow whose judged end is in these classes: direct ones, and those through a Service that differ from them.

    `peers` are the classes to which direct ones are limited; None: all.
    """
    residuals = engine.residuals
    subjects = dict.fromkeys(members(classes, residuals), TRUE)
    others = engine.everybody if peers is None else dict.fromkeys(members(peers, residuals), TRUE)
    src, dst = (subjects, others) if direction is Direction.EGRESS else (others, subjects)
    direct = Leg(src, dst, leave_out_self=True, leave_out_own_node=False)
    yield direct
    yield from engine.through.services((direct,))
    yield from engine.through.themselves(subjects)


def differ(one: Pred, other: Pred) -> Pred:
    """Where two predicates disagree."""
    return or_(and_(one, not_(other)), and_(not_(one), other))


def differing(direction: Direction | None) -> Breaks:
    """The flows that two variants decide otherwise in a direction; None: in both together."""

    def breaks(egress: tuple[Pred, ...], ingress: tuple[Pred, ...]) -> Pred:
        if direction is None:
            return differ(and_(egress[0], ingress[0]), and_(egress[1], ingress[1]))
        return differ(*(egress if direction is Direction.EGRESS else ingress))

    return breaks


def passes(verdict: Verdict) -> bool:
    """Whether the flow passes, by both directions."""
    return verdict.allowed
