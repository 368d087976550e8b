"""Which policies are redundant or shadowed, for all policies of a world, without the solver where that can be done exactly.

A policy is looked at for each group of subjects that the same policies select (a case). It *matters* if there is a pair of
pods, or a pod and an outside address, for which some packet is judged otherwise once the policy is changed, whatever the
readings: such a pair is looked for among those that no other policy speaks of. It *does not matter* if for every case and every
way in which two ends can stand to each other the residuals with and without it are the same. What is neither stays open, and
the caller asks the solver about it flow by flow.
"""

from __future__ import annotations

import gc
from collections.abc import Collection, Container, Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import Literal

from npverify.analyses.box_sweep import BoxSweep, Effect
from npverify.analyses.changes import differ
from npverify.analyses.contributions import Case, Contributions, Part, peers_of
from npverify.analyses.policy_cases import Cases
from npverify.analyses.sameness import Sameness
from npverify.analyses.some_packet import Candidates, some_packet_meets
from npverify.inventory.model import EXTERNAL, EndpointKind, Inventory
from npverify.normal.policy import Direction, Policy, PolicyId
from npverify.normal.predicates import (
    FALSE,
    Pred,
    and_,
)
from npverify.reduction.bitsets import bits
from npverify.reduction.judge import Entry, Signature
from npverify.reduction.partial import DIRECT, Circumstance
from npverify.reduction.premises import Premises
from npverify.reduction.proxied import policies_of_proxy
from npverify.reduction.readings import under
from npverify.reduction.residuals import Residuals

Property = Literal["redundant", "shadowed"]

_TRIED = 4  # peers for each case, beyond which the solver is asked


class PolicySweep:
    """Decides properties of policies over one reduction. Guards the index of cases and the memos of comparisons."""

    def __init__(self, inventory: Inventory, residuals: Residuals, premises: Premises, candidates: Candidates) -> None:
        self._each = Cases(inventory, residuals)
        self._residuals = residuals
        self._premises = premises
        self._candidates = candidates
        self._contributions = Contributions(residuals)
        self._sameness = Sameness()
        self._covers: dict[tuple[Property, int, object, Circumstance], list[tuple[frozenset[int], list[Part]]]] = {}
        self._answers: dict[tuple[PolicyId, Property], bool | None] = {}
        self._ids: dict[int, frozenset[int]] = {}
        halves = [residuals.policies.half(d) for d in Direction]
        self._translated = any(s.before_translation is not FALSE for half in halves for s in half.stages)
        parts = [p for h in halves for t in h.tiers for p in t.policies]
        self._sets: BoxSweep | None = None
        if BoxSweep.can_tell(residuals):
            self._sets = BoxSweep(residuals, self._each, self._contributions, candidates)
        self._without: tuple[Container[PolicyId], BoxSweep | None] = (), self._sets
        self._effects: dict[tuple[PolicyId, Property], Effect | None] = {}
        self._with_rules = {p.id for p in parts if p.rules}
        self._proxied = policies_of_proxy(residuals)
        self._shifting = {p.id for h in halves for s in h.stages if s.shifts for t in s.tiers for p in t.policies}

    @cached_property
    def _cases(self) -> dict[PolicyId, list[tuple[Case, Policy]]]:
        """The cases in which each policy is looked at."""
        found: dict[PolicyId, list[tuple[Case, Policy]]] = {}
        for case in self._each.every():
            for entry in case.signature:
                found.setdefault(entry.policy.id, []).append((case, entry.policy))
        return found

    def holds(self, policy: PolicyId, asked: Property) -> bool | None:
        """Whether a policy has the property under every reading (True), under none (False); None: it is left open.

        One without rules is not shadowed.
        """
        key = (policy, asked)
        if key not in self._answers:
            enabled = gc.isenabled()
            gc.disable()  # what is made here is kept, and looking it through again and again costs half of the time
            try:
                self._answers[key] = self._decide(policy, asked)
            finally:
                if enabled:
                    gc.enable()
        return self._answers[key]

    def holds_beside(
        self, policy: PolicyId, asked: Property, others: Iterable[PolicyId] | None, gone: Container[PolicyId] = ()
    ) -> bool | None:
        """Whether a policy with rules has the property under every reading if these others, or (None) all that are not gone,
        are all that there is beside it, as far as sets of flows tell; None: they do not."""
        if self._sets is None or policy in self._proxied or policy in self._shifting:
            return None
        if others is None and self._without[0] is not gone:
            self._without = gone, self._sets.but(gone)
        sets = self._without[1] if others is None else self._sets.beside(others)
        said = sets.effect(policy, of_rules=asked == "shadowed") if sets is not None else None
        return None if said is None else said == "none"

    def _decide(self, policy: PolicyId, asked: Property) -> bool | None:
        if (asked == "redundant" and policy in self._shifting) or policy in self._proxied:
            return None
        if asked == "shadowed" and policy not in self._with_rules:
            return False
        if (said := self._effect(policy, asked)) is not None:
            return None if said == "by reading" else said == "none"
        if any(self._matters(case, part, asked) for case, part in self._cases.get(policy, ())):
            return False
        if not self._translated and self._without_effect(policy, asked):
            return True
        return None

    def depends(self, policy: PolicyId, asked: Property) -> bool:
        """Whether a policy that `holds` leaves open certainly has the property under some reading, and not under another."""
        return self.holds(policy, asked) is None and self._effect(policy, asked) == "by reading"

    def _effect(self, policy: PolicyId, asked: Property) -> Effect | None:
        """What a policy changes, as far as sets of flows tell; of those that decide who judges, nothing is said."""
        if self._sets is None or policy in self._shifting:
            return None
        key = (policy, asked)
        if key not in self._effects:
            self._effects[key] = self._sets.effect(policy, of_rules=asked == "shadowed")
        return self._effects[key]

    def matters_by_default(self, policy: PolicyId, asked: Property) -> bool:
        """Whether some flow is certainly judged otherwise under the default reading. False: none was found."""
        cases = self._cases.get(policy, ())
        return any(self._matters(case, part, asked, by_default=True) for case, part in cases)

    def selects(self, policy: PolicyId) -> bool:
        """Whether a policy may select any endpoint."""
        return policy in self._cases

    def beside(self, policy: PolicyId) -> frozenset[PolicyId]:
        """The policies that may select an endpoint which the policy selects too, in the same direction."""
        return frozenset(e.policy.id for case, _ in self._cases.get(policy, ()) for e in case.signature) - {policy}

    def substitutes(self, policy: PolicyId, gone: Collection[PolicyId]) -> tuple[PolicyId, ...] | None:
        """As few others as isolate and allow as much wherever a policy selects, none of those that are `gone`; None if those of
        its tier do not, or not for certain."""
        found: dict[PolicyId, None] = {}
        sets, cases = self._contributions, self._cases.get(policy, ())
        for case, part in cases:
            if not sets.allows_alone(case, part):
                return None
            rest = [e for e in sets.beside(case, part) if e.policy.id not in gone]
            chosen = [e for e in rest if e.policy.id in found] + [e for e in rest if e.policy.id not in found]
            if not self._makes_up(case, part, chosen):
                return None
            chosen = self._of_use(case, part, chosen)
            for entry in reversed(chosen):
                if self._makes_up(case, part, fewer := [e for e in chosen if e is not entry]):
                    chosen = fewer
            found.update(dict.fromkeys(entry.policy.id for entry in chosen))
        for name in tuple(found) if len(cases) > 1 else ():  # what one case needs may do for another too
            left = found.keys() - {name}
            if all(self._makes_up(c, p, [e for e in sets.beside(c, p) if e.policy.id in left]) for c, p in cases):
                del found[name]
        return tuple(sorted(found))

    def _of_use(self, case: Case, policy: Policy, others: list[Entry]) -> list[Entry]:
        """Those of some others that make up for something for which those before them do not; the rest can be left out,
        from the last one on, whatever else is."""
        used = {id(next((e for e in others if self._contributions.selects_too(case, policy, e)), None))}
        for how in self._each.hows(case.direction):
            if all(self._each.concerned(case, how)):
                used.update(map(id, self._contributions.cover(case, policy, others, how)[0]))
        return [entry for entry in others if id(entry) in used]

    def _makes_up(self, case: Case, policy: Policy, others: list[Entry]) -> bool:
        sets = self._contributions
        return any(sets.selects_too(case, policy, entry) for entry in others) and not any(
            sets.cover(case, policy, others, how)[1]
            for how in self._each.hows(case.direction)
            if all(self._each.concerned(case, how))
        )

    # --- a flow that is judged otherwise ------------------------------------------------------------------------------

    def _matters(self, case: Case, policy: Policy, asked: Property, *, by_default: bool = False) -> bool:
        """Whether some flow of the case is certainly judged otherwise. False: none was found."""
        if case.subject.kind is not EndpointKind.POD:
            return False
        return any(
            self._differs(case, policy, peer, asked, by_default)
            for peer in self._peers(case, policy, asked, by_default)
        )

    def _peers(self, case: Case, policy: Policy, asked: Property, by_default: bool) -> Iterator[int]:
        """Classes of peers to try, the likeliest first."""
        every = self._residuals.bitsets.all
        outside = 1 << self._residuals.classes.of[EXTERNAL]
        sets = self._contributions
        named = sets.peers(case, (e for e in case.signature if e.policy is policy))
        free = every if asked == "shadowed" else self._each.not_judged[case.direction.opposite]
        if not sets.allows_alone(case, policy):
            parts = [(sets.all_packets, every)]
        elif asked == "shadowed" or sets.beside(case, policy):
            contributes = sets.possible if by_default else sets.certain
            parts = contributes(case, policy, sets.beside(case, policy))
        else:  # it isolates, so what it does not name may be what it decides
            parts = [(sets.all_packets, every & ~named or every)]
        found = peers_of(parts)
        yield from islice(bits(found & free & ~outside), _TRIED)
        for cells, peers in parts:
            if cells:
                yield from islice(self._hearing(case, bits(peers & ~free & ~outside), cells), _TRIED)
        if (found | named) & outside:
            yield self._residuals.classes.of[EXTERNAL]

    def _hearing(self, case: Case, peers: Iterator[int], cells: int) -> Iterator[int]:
        """Of some classes those whose own policies may allow some of the packets, one of each signature."""
        opposite = case.direction.opposite
        subject = 1 << self._residuals.classes.of[case.subject]
        told: set[int] = set()
        for peer in peers:
            signature = self._residuals.signature(opposite, peer)
            if id(signature) not in told:
                told.add(id(signature))
                theirs = self._each.case(opposite, signature, self._residuals.classes.representative(peer))
                if self._contributions.cells(theirs, subject) & cells:
                    yield peer

    def _differs(self, case: Case, policy: Policy, peer: int, asked: Property, by_default: bool) -> bool:
        """Whether some packet between the subject and a peer of the class is judged otherwise, under every reading."""
        subject, direction = case.subject, case.direction
        end = next((e for e in self._residuals.classes.members[peer] if e is not subject or e.replicated), None)
        if end is None or end.kind not in (EndpointKind.POD, EndpointKind.EXTERNAL):
            return False
        own = self._residual(case, peer, policy.id, asked)
        if own[0] is own[1]:
            return False
        formula = differ(*own)
        if asked == "redundant" and end.is_pod:
            theirs = self._each.case(direction.opposite, self._residuals.signature(direction.opposite, peer), end)
            back = self._residual(theirs, self._residuals.classes.of[subject], policy.id, asked)
            formula = differ(and_(own[0], back[0]), and_(own[1], back[1]))
        src, dst = (subject, end) if direction is Direction.EGRESS else (end, subject)
        broken = and_(formula, self._premises.well_formed(src, dst, DIRECT))
        broken = self._premises.with_domains(under(broken, {}) if by_default else broken, src, dst, DIRECT)
        return some_packet_meets(broken, direction.peer if end is EXTERNAL else None, self._candidates)

    def _residual(self, case: Case, peer: int, policy: PolicyId, asked: Property) -> tuple[Pred, Pred]:
        """What is left of the direction for one class of peers, as it is and with the policy changed."""
        signature = self._contributions.about(case, 1 << peer)
        changed = _changed(signature, policy, asked)
        found = self._residuals.parted(case.direction, (signature, changed), case.subject, DIRECT, 1 << peer)
        (_, (now, then)) = found[0]
        return now, then

    # --- residuals that are the same ----------------------------------------------------------------------------------

    def _without_effect(self, policy: PolicyId, asked: Property) -> bool:
        """Whether no flow is judged otherwise. False: it may be."""
        questions: dict[tuple[Circumstance, Signature, object], tuple[Case, int]] = {}
        for case, part in self._cases.get(policy, ()):
            for how in self._each.hows(case.direction):
                subjects, peers = self._each.concerned(case, how)
                enough = self._enough(case, part, asked, how) if subjects and peers else None
                if enough is not None:
                    signature, about = enough
                    aspect = self._residuals.aspect(case.direction, signature, case.subject)
                    key = (how, signature, aspect)
                    before, _ = questions.get(key, (None, 0))
                    subjects |= before.subjects if before else 0
                    questions[key] = Case(case.direction, signature, case.subject, aspect, subjects), peers & about
        return all(
            self._same(case, peers & case.subjects if how.same else peers, policy, asked, how)
            for (how, _, _), (case, peers) in questions.items()
        )

    def _same(self, case: Case, peers: int, policy: PolicyId, asked: Property, how: Circumstance) -> bool:
        """Whether the policy changes nothing between the subjects of a case and some peers."""
        signatures = (case.signature, _changed(case.signature, policy, asked))
        parts = self._residuals.parted(case.direction, signatures, case.subject, how, peers)
        for group, (now, then) in parts:
            if not self._sameness.certain(now, then):
                family = self._premises.families_outside(case.direction, case.subjects)
                own = and_(now, family), and_(then, family)
                if not self._sameness.certain(*own) and (
                    asked == "shadowed" or not self._stopped(case, group, own, policy, how)
                ):
                    return False
        return True

    def _stopped(self, case: Case, peers: int, own: tuple[Pred, Pred], policy: PolicyId, how: Circumstance) -> bool:
        """Whether the other direction stops, with and without the policy, all flows that this one judges otherwise."""
        opposite = case.direction.opposite
        for signature, classes in self._each.by_signature(opposite, peers & case.subjects if how.same else peers):
            if any(entry.policy.id == policy for entry in signature):
                return False  # both directions change at once
            for c in bits(classes) if how.same else (classes.bit_length() - 1,):
                if not self._stopped_at(case, signature, 1 << c if how.same else classes, own, how):
                    return False
        return True

    def _stopped_at(
        self, case: Case, signature: Signature, peers: int, own: tuple[Pred, Pred], how: Circumstance
    ) -> bool:
        opposite = case.direction.opposite
        subjects = peers if how.same else case.subjects
        for end in self._each.aspects(opposite, signature, peers):
            theirs = self._each.case(opposite, signature, end)
            heard = subjects & self._contributions.peers(theirs, signature, how)
            for some in (heard, subjects & ~heard):
                if some:
                    left = self._contributions.about(theirs, some, how)
                    for _, (back,) in self._residuals.parted(opposite, (left,), end, how, some):
                        if not self._sameness.certain(and_(own[0], back), and_(own[1], back)):
                            return False
        return True

    def _enough(self, case: Case, policy: Policy, asked: Property, how: Circumstance) -> tuple[Signature, int] | None:
        """A signature and the peers for which it is enough to compare; None: there is nothing to compare.

        In a tier that allows what any rule of its policies matches, others that match as much make the policy superfluous
        beside whatever else there is. Without the policy's selection, one of them has to isolate.
        """
        sets = self._contributions
        if not sets.allows_alone(case, policy):
            return case.signature, self._residuals.bitsets.all
        ids = self._ids.get(id(case.signature))
        if ids is None:
            ids = self._ids[id(case.signature)] = frozenset(map(id, case.signature))
        own = tuple(e for e in case.signature if e.policy is policy)
        known = self._covers.setdefault((asked, id(own[0]), case.aspect, how), [])
        for entries, left in known:  # noqa: B007  # both are used behind the loop
            if entries <= ids:
                break
        else:
            beside = sets.beside(case, policy)
            cover, left = sets.cover(case, policy, beside, how)
            if asked == "redundant" and not any(sets.selects_too(case, policy, e) for e in cover):
                isolating = next((e for e in beside if sets.selects_too(case, policy, e)), None)
                if isolating is None:
                    return case.signature, self._residuals.bitsets.all
                cover.append(isolating)
            entries = frozenset(map(id, cover))
            known.append((entries, left))
        if not left or (asked == "redundant" and self._denied(case, left, policy.id, how)):
            return None
        return (
            tuple(e for e in case.signature if e.policy is policy or id(e) in entries),
            sets.peers(case, own, how),
        )

    def _denied(self, case: Case, parts: list[Part], policy: PolicyId, how: Circumstance) -> bool:
        """Whether the other direction certainly denies these packets of these peers, exempt ones aside. False: perhaps not."""
        opposite = case.direction.opposite
        if not self._each.exempt_alike(how):
            return False
        subjects, peers = self._each.concerned(case, how)
        theirs: dict[tuple[int, object], tuple[Case, int]] = {}
        for c in bits(peers_of(parts) & peers):
            their = self._each.case(
                opposite, self._residuals.signature(opposite, c), self._residuals.classes.representative(c)
            )
            key = (id(their.signature), their.aspect)
            _, before = theirs.get(key, (their, 0))
            theirs[key] = their, before | 1 << c
        for their, classes in theirs.values():
            if not self._allows_less(their, policy):
                return False
            cells = 0
            for part, who in parts:
                cells |= part if who & classes else 0
            if (
                not self._contributions.denies_the_rest(their)
                or self._contributions.cells(their, subjects, how) & cells
            ):
                return False
        return True

    def _allows_less(self, case: Case, policy: PolicyId) -> bool:
        """Whether a direction allows no more without the policy: it is not the only one that isolates. Where that is so of
        both directions, each may be compared with what the other allows as it is."""
        sets = self._contributions
        return all(
            any(sets.selects_too(case, entry.policy, other) for other in sets.beside(case, entry.policy))
            for entry in case.signature
            if entry.policy.id == policy
        )


def _changed(signature: Signature, policy: PolicyId, asked: Property) -> Signature:
    """The signature without a policy, or with its rules taken away."""
    if asked == "redundant":
        return tuple(entry for entry in signature if entry.policy.id != policy)
    return tuple(entry._replace(rules=()) if entry.policy.id == policy else entry for entry in signature)
