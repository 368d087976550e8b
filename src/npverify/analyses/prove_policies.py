"""Decides `policy … is shadowed | redundant | vacuous` by comparing the policy set with a changed one.

redundant: the set without the policy gives every flow the same verdict. shadowed: the set with the policy's rules taken
away (it still selects what it selects) gives every flow the same verdict in each direction, and the policy has rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from npverify.analyses.engine import Engine, members
from npverify.analyses.refute import prefer_default, violated
from npverify.analyses.results import AssertionResult, Counterexample, Status
from npverify.assertions.claims import Assertion, Leg, PolicyClaim
from npverify.ingest.source import InternalError
from npverify.inventory.model import EXTERNAL
from npverify.normal.flow import Verdict
from npverify.normal.policy import Direction, Half, Policy, PolicyId, PolicySet
from npverify.normal.predicates import TRUE, Pred, and_, not_, or_
from npverify.oracle import Oracle
from npverify.reduction.obligations import Breaks, Variants
from npverify.reduction.residuals import Signature


@dataclass(frozen=True, slots=True)
class _Answer:
    """Whether a policy has a property; `because` and the flow tell why not."""

    holds: bool
    because: str = ""
    shown: Counterexample | None = None
    vacuous: bool = False


def prove_policy_claim(engine: Engine, assertion: Assertion, claim: PolicyClaim) -> AssertionResult:
    """Proved if every policy of the claim has the property (`want`), or none has."""
    decide = {"vacuous": _vacuous, "redundant": _redundant, "shadowed": _shadowed}[claim.property]
    if not claim.policies:
        return AssertionResult(assertion, Status.VACUOUS, because="there is no policy that it speaks about")
    vacuous: list[PolicyId] = []
    for policy in sorted(claim.policies):
        answer = decide(engine, policy)
        if answer.vacuous and claim.want:
            vacuous.append(policy)
        elif answer.holds is not claim.want:
            because = answer.because if claim.want else f"{policy} is {claim.property}"
            depends = tuple(sorted(claim.policies)) if len(claim.policies) == 1 else (policy,)
            return AssertionResult(assertion, Status.REFUTED, answer.shown, because=because, depends_on=depends)
    if vacuous:
        return AssertionResult(assertion, Status.VACUOUS, because=f"{vacuous[0]} has no rules that could be shadowed")
    return AssertionResult(assertion, Status.PROVED, depends_on=tuple(sorted(claim.policies)))


def _vacuous(engine: Engine, policy: PolicyId) -> _Answer:
    for direction in Direction:
        for end in members(engine.residuals.selecting(direction, policy), engine.residuals):
            return _Answer(False, f"it selects {end} for {direction}")
    return _Answer(True)


def _redundant(engine: Engine, policy: PolicyId) -> _Answer:
    def without(signature: Signature) -> tuple[Signature, ...]:
        return signature, tuple(entry for entry in signature if entry.policy.id != policy)

    def changes(egress: tuple[Pred, ...], ingress: tuple[Pred, ...]) -> Pred:
        return _differ(and_(egress[0], ingress[0]), and_(egress[1], ingress[1]))

    change = _Change(without, changes, _changed_set(engine.world.policies, policy, lambda p: None), _passes)
    for direction in Direction:
        shown = _first_change(engine, _leg(engine, policy, direction), change)
        if shown is not None:
            now, then = ("allowed", "denied") if shown.verdict.allowed else ("denied", "allowed")
            return _Answer(False, f"{policy} matters: this flow is {now}, and {then} without it", shown)
    return _Answer(True)


def _shadowed(engine: Engine, policy: PolicyId) -> _Answer:
    if not any(part.rules for part in _parts(engine.world.policies, policy)):
        return _Answer(False, f"{policy} has no rules", vacuous=True)

    def ruleless(signature: Signature) -> tuple[Signature, ...]:
        return signature, tuple(e._replace(rules=()) if e.policy.id == policy else e for e in signature)

    changed = _changed_set(engine.world.policies, policy, lambda p: replace(p, rules=()))
    for direction in Direction:
        change = _Change(ruleless, _side_differs(direction), changed, _side_passes(direction))
        shown = _first_change(engine, _leg(engine, policy, direction), change)
        if shown is not None:
            return _Answer(False, f"{policy} decides the {direction} of this flow", shown)
    return _Answer(True)


@dataclass(frozen=True, slots=True)
class _Change:
    """A changed policy set, symbolically (`variants`, `differs`) and concretely (`policies`, `passes`)."""

    variants: Variants
    differs: Breaks
    policies: PolicySet
    passes: Callable[[Verdict], bool]


def _first_change(engine: Engine, leg: Leg, change: _Change) -> Counterexample | None:
    """The preferred flow of the leg that the change decides differently, confirmed by the oracle; None if there is none."""
    obligations = sorted(engine.obligations.of(leg, change.differs, change.variants), key=lambda o: o.order)
    broken, gave_up = violated(engine, obligations)
    if not broken:
        if gave_up is not None:
            raise gave_up
        return None
    obligation, formula = prefer_default(engine, broken)
    shown, flow, reading = engine.counterexample(formula, obligation)
    after = Oracle(change.policies, engine.world.inventory).decide(flow, reading)
    if change.passes(shown.verdict) is change.passes(after):
        raise InternalError(f"the oracle does not confirm a difference: {flow} under {dict(reading)}")
    return shown


def _leg(engine: Engine, policy: PolicyId, direction: Direction) -> Leg:
    """Every flow whose judged end the policy may select."""
    subjects = dict.fromkeys(members(engine.residuals.selecting(direction, policy), engine.residuals), TRUE)
    everything = dict.fromkeys((*engine.world.inventory.endpoints, EXTERNAL), TRUE)
    src, dst = (subjects, everything) if direction is Direction.EGRESS else (everything, subjects)
    return Leg(src, dst, leave_out_self=True, leave_out_own_node=False)


def _differ(one: Pred, other: Pred) -> Pred:
    return or_(and_(one, not_(other)), and_(not_(one), other))


def _passes(verdict: Verdict) -> bool:
    return verdict.allowed


def _side_differs(direction: Direction) -> Breaks:
    def differs(egress: tuple[Pred, ...], ingress: tuple[Pred, ...]) -> Pred:
        return _differ(*(egress if direction is Direction.EGRESS else ingress))

    return differs


def _side_passes(direction: Direction) -> Callable[[Verdict], bool]:
    def passes(verdict: Verdict) -> bool:
        return (verdict.egress if direction is Direction.EGRESS else verdict.ingress).allowed

    return passes


def _parts(policies: PolicySet, policy: PolicyId) -> Iterator[Policy]:
    """What one API object says, in both directions."""
    for direction in Direction:
        for tier in policies.half(direction).tiers:
            yield from (p for p in tier.policies if p.id == policy)


def _changed_set(policies: PolicySet, policy: PolicyId, change: Callable[[Policy], Policy | None]) -> PolicySet:
    """The set with every part of one policy changed, or dropped where `change` gives None."""

    def of(direction: Direction) -> Half:
        half = policies.half(direction)
        tiers = []
        for tier in half.tiers:
            kept = (change(p) if p.id == policy else p for p in tier.policies)
            tiers.append(replace(tier, policies=tuple(p for p in kept if p is not None)))
        return replace(half, tiers=tuple(tiers))

    return replace(policies, egress=of(Direction.EGRESS), ingress=of(Direction.INGRESS))
