"""Whether a policy is redundant or shadowed beside a few others alone, and as few of them as make it so.

A finding about a policy holds beside everything that there is; the policies that are why are those beside which it holds, and
does not once any one of them is left out. Each question is asked of the classes and residuals of the whole set, with the
signatures cut down to the policies in question.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice

from npverify.analyses.changes import differ, differing, legs_of_subjects
from npverify.analyses.contributions import Case
from npverify.analyses.engine import Engine
from npverify.analyses.fewest import fewest
from npverify.analyses.policy_cases import Cases
from npverify.analyses.policy_sweep import PolicySweep, Property
from npverify.analyses.sameness import Sameness, of_family, some_packet
from npverify.inventory.addresses import FAMILIES
from npverify.inventory.model import EndpointKind
from npverify.normal.policy import Direction, PolicyId
from npverify.normal.predicates import FALSE, Pred, and_
from npverify.reduction.bitsets import bits
from npverify.reduction.given import simplified
from npverify.reduction.judge import Signature
from npverify.reduction.obligations import Variants
from npverify.reduction.partial import DIRECT
from npverify.reduction.readings import under
from npverify.smt.solver import UndecidedError

_TRIED = 16  # peers among which a packet is looked for
_PAIRS = 40_000  # pairs of classes that are asked one by one for all findings of a run: some seconds


class FewPolicies:
    """Decides properties of policies beside some others. Guards the cases, the residuals that are known to be the same, and how
    many pairs may still be asked: of large inputs not every reason is worth its time, and UndecidedError says so."""

    def __init__(self, engine: Engine, sweep: PolicySweep) -> None:
        self._engine = engine
        self._sweep = sweep
        self._each = Cases(engine.world.inventory, engine.residuals)
        self._premises = engine.obligations.premises
        self._sameness = Sameness()
        # for each property apart, so that one process finds what several find
        self._pairs: dict[Property, int] = {"redundant": _PAIRS, "shadowed": _PAIRS}
        self._cases: dict[PolicyId, list[Case]] = {}
        for case in self._each.every():
            for policy in engine.residuals.ids(case.signature):
                self._cases.setdefault(policy, []).append(case)
        stages = [s for d in Direction for s in engine.world.policies.half(d).stages]
        self._shifting = any(s.shifts and any(t.policies for t in s.tiers) for s in stages)
        self._translated = any(s.before_translation is not FALSE for s in stages)

    def fewest(self, policy: PolicyId, asked: Property, found: Sequence[PolicyId]) -> tuple[PolicyId, ...] | None:
        """As few of some others as make it so, the last ones being kept where there is a choice; None: they do not.

        Raises as `Question.possible` does.
        """
        if self._shifting or not self.holds(policy, asked, found):
            return None
        return tuple(sorted(fewest(found, lambda fewer: self.holds(policy, asked, fewer))))

    def holds(self, policy: PolicyId, asked: Property, others: Collection[PolicyId]) -> bool:
        """Whether the policy has the property, under every reading, if these others are all that there is beside it."""
        known = self._sweep.holds_beside(policy, asked, others)
        if known is not None:
            return known
        kept = {policy, *others}
        memo: dict[Signature, tuple[Signature, ...]] = {}

        def variants(signature: Signature) -> tuple[Signature, ...]:
            if signature not in memo:
                now = tuple(entry for entry in signature if entry.policy.id in kept)
                memo[signature] = now, _changed(now, policy, asked)
            return memo[signature]

        said = self._by_residuals(policy, asked, variants)
        return not self._differs(policy, asked, variants) if said is None else said

    def _by_residuals(self, policy: PolicyId, asked: Property, variants: Variants) -> bool | None:
        """What is told without the solver: True where what is left of each direction is the same by itself, False where a
        packet of two pods shows that it is not; None: neither."""
        residuals = self._engine.residuals
        same = not self._translated
        for case in self._cases.get(policy, ()):
            for how in self._each.hows(case.direction):
                if all(concerned := self._each.concerned(case, how)):
                    both = variants(case.signature)
                    parts = residuals.parted(case.direction, both, case.subject, how, concerned[1])
                    for peers, own in parts:
                        if not self._sameness.certain(*own):
                            if how is DIRECT and self._some_pair(case, peers, own, asked, variants):
                                return False
                            same = False
        return same or None

    def _some_pair(self, case: Case, peers: int, own: tuple[Pred, ...], asked: Property, variants: Variants) -> bool:
        """Whether some packet between the subject and a pod of the peers is judged otherwise in the default reading. False: none
        was found."""
        residuals, subject, opposite = self._engine.residuals, case.subject, case.direction.opposite
        for c in islice(bits(peers), _TRIED if subject.kind is EndpointKind.POD else 0):
            others = (e for e in residuals.classes.members[c] if e.kind is EndpointKind.POD)
            end = next((e for e in others if e is not subject or e.replicated), None)
            if end is None:
                continue
            broken = differ(*own)
            if asked == "redundant":
                theirs = variants(residuals.signature(opposite, c))
                ((_, back),) = residuals.parted(opposite, theirs, end, DIRECT, 1 << residuals.classes.of[subject])
                broken = differ(and_(own[0], back[0]), and_(own[1], back[1]))
            src, dst = (subject, end) if case.direction is Direction.EGRESS else (end, subject)
            broken = under(and_(broken, self._premises.well_formed(src, dst, DIRECT)), {})
            broken = self._premises.with_domains(broken, src, dst, DIRECT)
            if any(some_packet(of_family(broken, family)) for family in FAMILIES):
                return True
        return False

    def _differs(self, policy: PolicyId, asked: Property, variants: Variants) -> bool:
        """Whether some flow of an endpoint that the policy may select is judged otherwise; the solver tells."""
        engine = self._engine
        gave_up: UndecidedError | None = None
        for direction in Direction:
            alone = asked == "shadowed"
            differs = differing(direction if alone else None)
            subjects = engine.residuals.selecting(direction, policy)
            self._pairs[asked] -= subjects.bit_count() * len(engine.residuals.classes.members)
            if self._pairs[asked] < 0:
                raise UndecidedError("the reasons were not looked for any further")
            for leg in legs_of_subjects(engine, subjects, direction):
                for obligation in engine.obligations.changed(leg, differs, variants, direction, alone=alone):
                    if self._sameness.certain(simplified(obligation.broken), FALSE):
                        continue  # it asks about few cases, and trying them is quicker than the solver
                    try:
                        if engine.broken(obligation):
                            return True
                    except UndecidedError as error:
                        gave_up = error
        if gave_up is not None:
            raise gave_up
        return False


def _changed(signature: Signature, policy: PolicyId, asked: Property) -> Signature:
    """The signature without a policy, or with its rules taken away."""
    if asked == "redundant":
        return tuple(entry for entry in signature if entry.policy.id != policy)
    return tuple(entry._replace(rules=()) if entry.policy.id == policy else entry for entry in signature)
