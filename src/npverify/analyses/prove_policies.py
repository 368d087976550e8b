"""Decides `policy … is shadowed | redundant | vacuous` by comparing the policy set with a changed one.

redundant: the set without the policy gives every flow the same verdict. shadowed: the set with the policy's rules taken
away (it still selects what it selects) gives every flow the same verdict in each direction, and the policy has rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from npverify.analyses.changes import Change, differ, first_changed_flow, legs_of_subjects, obligations_of, passes
from npverify.analyses.engine import Engine, members
from npverify.analyses.policy_sweep import PolicySweep
from npverify.analyses.prove_some import exists_always
from npverify.analyses.results import AssertionResult, Counterexample, Status
from npverify.assertions.claims import Assertion, Leg, PolicyClaim, PolicyProperty
from npverify.ingest.source import InputError
from npverify.inventory.model import EXTERNAL
from npverify.normal.flow import Verdict
from npverify.normal.policy import Direction, Half, Policy, PolicyId, PolicySet, Tier
from npverify.normal.predicates import Pred, and_, not_, or_
from npverify.reduction.bitsets import bits
from npverify.reduction.judge import Signature
from npverify.reduction.obligations import Breaks, Obligation
from npverify.reduction.proxied import policies_of_proxy
from npverify.smt.solver import InterruptedByUserError, UndecidedError

_MANY = 100
"""Policies beyond which sets are not compared for each of them, where the answer may be of no use all the same."""


class _NotComparedError(UndecidedError):
    """Nothing is said of one policy, since others hang on it; of the next something may be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a policy has a property; `because` and the flow tell why not.

    `never`  it has not, under any reading
    """

    holds: bool
    because: str = ""
    shown: Counterexample | None = None
    vacuous: bool = False
    never: bool = False


def prove_policy_claim(engine: Engine, assertion: Assertion, claim: PolicyClaim) -> AssertionResult:
    """Proved if every policy of the claim has the property (`want`), or none has."""
    if not claim.policies:
        return AssertionResult(assertion, Status.VACUOUS, because="there is no policy that it speaks about")
    sweep = None
    if not claim.want and len(claim.policies) > 1 and claim.property != "vacuous":
        sweep = PolicySweep(engine.world.inventory, engine.residuals, engine.obligations.premises, engine.candidates)
    vacuous: list[PolicyId] = []
    gave_up: _NotComparedError | None = None
    proxied = policies_of_proxy(engine.residuals)
    failing: list[tuple[PolicyId, Answer]] = []
    for policy in sorted(claim.policies):
        answer = _swept(sweep, policy, claim) if sweep else None
        try:
            if answer is None and claim.property == "redundant" and policy in _shifting(engine.world.policies):
                answer = _compared(engine, policy, claim.want)
            answer = answer or decide_by_solver(engine, policy, claim.property, want=claim.want)
            if answer.holds and policy in proxied:
                raise _NotComparedError(
                    f"what {policy} means to the proxy of Cilium's own Ingress and Gateway is not compared"
                )
        except _NotComparedError as error:
            gave_up = gave_up or error
            continue
        if answer.vacuous and claim.want:
            vacuous.append(policy)
        elif not (answer.holds if claim.want else answer.never):
            failing.append((policy, answer))
    if failing:
        policy, answer = failing[0]
        because = answer.because if claim.want else _which(claim.property, failing)
        shown = answer.shown if claim.want else None
        return AssertionResult(
            assertion, Status.REFUTED, shown, because=because, depends_on=tuple(p for p, _ in failing)
        )
    if gave_up is not None:
        raise gave_up
    if vacuous:
        return AssertionResult(assertion, Status.VACUOUS, because=f"{vacuous[0]} has no rules that could be shadowed")
    return AssertionResult(assertion, Status.PROVED, depends_on=tuple(sorted(claim.policies)))


def _swept(sweep: PolicySweep, policy: PolicyId, claim: PolicyClaim) -> Answer | None:
    """What can be said of a policy without the solver, where no flow need be shown."""
    if claim.property == "vacuous":
        return None
    holds = sweep.holds(policy, claim.property)
    if holds is None:
        return Answer(False) if sweep.depends(policy, claim.property) else None
    return Answer(holds, never=not holds)


def decide_by_solver(engine: Engine, policy: PolicyId, asked: PolicyProperty, *, want: bool) -> Answer:
    """Whether a policy has a property, asked flow by flow. `want` False: also whether it has it under no reading."""
    return _DECIDE[asked](engine, policy, want)


def _which(kind: str, failing: Sequence[tuple[PolicyId, Answer]]) -> str:
    """Names every policy that has the property though none should, those first that have it under every reading."""
    groups = {
        "": [str(policy) for policy, answer in failing if answer.holds],
        " under some reading": [str(policy) for policy, answer in failing if not answer.holds],
    }
    parts = [
        f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} {kind}{when}"
        for when, names in groups.items()
        if names
    ]
    return "; ".join(parts) + (" (each by itself)" if len(failing) > 1 else "")


def _vacuous(engine: Engine, policy: PolicyId, want: bool) -> Answer:
    residuals = engine.residuals
    selects = [
        entry.selects
        for direction in Direction
        for c in bits(residuals.selecting(direction, policy))
        for entry in residuals.signature(direction, c)
        if entry.policy.id == policy
    ]
    never = not engine.possible(not_(or_(*selects)), EXTERNAL, EXTERNAL)
    for direction in Direction:
        for end in members(residuals.selecting(direction, policy), residuals):
            return Answer(False, f"it selects {end} for {direction}", never=never)
    return Answer(True)


def _redundant(engine: Engine, policy: PolicyId, want: bool) -> Answer:
    if policy in _shifting(engine.world.policies):
        raise _not_compared(policy)

    def without(signature: Signature) -> tuple[Signature, ...]:
        if policy not in engine.residuals.ids(signature):
            return signature, signature
        return signature, tuple(entry for entry in signature if entry.policy.id != policy)

    def changes(egress: tuple[Pred, ...], ingress: tuple[Pred, ...]) -> Pred:
        return differ(and_(egress[0], ingress[0]), and_(egress[1], ingress[1]))

    change = Change(without, changes, _changed_set(engine.world.policies, policy, lambda p: None), passes)
    found = [o for d in Direction for leg in _legs(engine, policy, d) for o in _asked(engine, leg, change, d, want)]
    changed = first_changed_flow(engine, found, change)
    if changed is None:
        return Answer(True)
    shown = changed.shown
    now, then = ("allowed", "denied") if shown.verdict.allowed else ("denied", "allowed")
    because = f"{policy} matters: this flow is {now}, and {then} without it"
    return Answer(False, because, shown, never=not want and exists_always(engine, found))


def _shifting(policies: PolicySet) -> frozenset[PolicyId]:
    """The policies on which hangs whom others are asked about."""
    stages = (s for d in Direction for s in policies.half(d).stages if s.shifts)
    return frozenset(p.id for s in stages for tier in s.tiers for p in tier.policies)


def hangs_together(policies: PolicySet) -> bool:
    """Whether there are such policies."""
    return bool(_shifting(policies))


def _not_compared(policy: PolicyId) -> _NotComparedError:
    return _NotComparedError(
        f"without {policy} others would judge; compare the sets with and without it by `npverify equiv`"
    )


def _compared(engine: Engine, policy: PolicyId, want: bool) -> Answer:
    """The same for a policy on which hangs whom others are asked about: the sets with and without it are compared as a whole."""
    from npverify.analyses.equiv import equiv  # which is not needed otherwise

    gave_up = _not_compared(policy)
    world = engine.world
    if world.without is None or (not want and len(world.defined) > _MANY):
        raise gave_up
    try:
        others = world.without(policy)
    except InputError:
        raise gave_up from None
    if policy in {p.id for d in Direction for tier in others.policies.half(d).tiers for p in tier.policies}:
        raise gave_up
    found = equiv(world, others, budget=engine.budget, allow_empty=True)
    if found.interrupted:
        raise InterruptedByUserError
    if found.status == "equivalent":
        return Answer(True)
    if found.status != "different" or found.witness is None or found.witness.left is None or not want:
        raise gave_up
    shown = replace(found.witness.left, reading=found.witness.reading, any=found.witness.any)
    now, then = ("allowed", "denied") if shown.verdict.allowed else ("denied", "allowed")
    return Answer(False, f"{policy} matters: this flow is {now}, and {then} without it", shown)


def _shadowed(engine: Engine, policy: PolicyId, want: bool) -> Answer:
    if not any(part.rules for part in _parts(engine.world.policies, policy)):
        return Answer(False, f"{policy} has no rules", vacuous=True, never=True)

    def ruleless(signature: Signature) -> tuple[Signature, ...]:
        if policy not in engine.residuals.ids(signature):
            return signature, signature
        return signature, tuple(e._replace(rules=()) if e.policy.id == policy else e for e in signature)

    bare = _changed_set(engine.world.policies, policy, lambda p: replace(p, rules=()))
    answer = Answer(True)
    every: list[Obligation] = []
    for direction in Direction:
        change = Change(ruleless, _side_differs(direction), bare, _side_passes(direction))
        legs = _legs(engine, policy, direction)
        found = [o for leg in legs for o in _asked(engine, leg, change, direction, want, alone=True)]
        every += found
        changed = first_changed_flow(engine, found, change) if answer.holds else None
        if changed is not None:
            answer = Answer(False, f"{policy} decides the {direction} of this flow", changed.shown)
    return answer if answer.holds or want else replace(answer, never=exists_always(engine, every))


def _legs(engine: Engine, policy: PolicyId, direction: Direction) -> Iterator[Leg]:
    """Every flow whose judged end the policy may select."""
    return legs_of_subjects(engine, engine.residuals.selecting(direction, policy), direction)


def _asked(
    engine: Engine, leg: Leg, change: Change, direction: Direction, want: bool, *, alone: bool = False
) -> list[Obligation]:
    """The obligations to ask. Whether a policy has the property under no reading hangs on all of them; a flow that shows that
    it has not under some is found by the first of each kind."""
    if not want:
        return obligations_of(engine, leg, change)
    found = engine.obligations.changed(leg, change.differs, change.variants, direction, alone=alone)
    return sorted(found, key=lambda o: o.order)


def _side_differs(direction: Direction) -> Breaks:
    def differs(egress: tuple[Pred, ...], ingress: tuple[Pred, ...]) -> Pred:
        return differ(*(egress if direction is Direction.EGRESS else ingress))

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

    def tier(old: Tier) -> Tier:
        kept = (change(p) if p.id == policy else p for p in old.policies)
        return replace(old, policies=tuple(p for p in kept if p is not None))

    def of(direction: Direction) -> Half:
        return Half(tuple(replace(s, tiers=tuple(map(tier, s.tiers))) for s in policies.half(direction).stages))

    return replace(policies, egress=of(Direction.EGRESS), ingress=of(Direction.INGRESS))


_DECIDE = {"vacuous": _vacuous, "redundant": _redundant, "shadowed": _shadowed}
