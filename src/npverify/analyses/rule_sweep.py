"""What each rule of a policy set changes, and which other rules are why it changes nothing.

The set is taken apart into elements (`elements.py`): a rule is then a policy by itself, beside one that only selects. Three
things are asked of a rule, of everything that there is or of some elements alone:

removed    without it every flow is decided the same in the direction of the rule
turned     so it is with the opposite action in its place: it decides about nothing
answered   without it every flow passes or not as it did, both directions together

The sets of `contributions` and residuals that are the same say so for most; a packet of one pair of ends says the contrary; the
solver is asked about the rest. What is said holds under every reading, or does not under some.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator, Set
from dataclasses import replace
from functools import reduce
from itertools import chain, islice
from operator import or_ as or_of
from typing import Literal

from npverify.analyses.answers import never
from npverify.analyses.changes import Change, differ, differing, legs_of_subjects, obligations_of, passes
from npverify.analyses.contributions import Case, Contributions
from npverify.analyses.elements import in_elements
from npverify.analyses.engine import Engine, members
from npverify.analyses.fewest import fewest
from npverify.analyses.policy_cases import Cases
from npverify.analyses.policy_sweep import PolicySweep
from npverify.analyses.refute import violated
from npverify.analyses.rules_beside import RulesBeside, one_of_each
from npverify.analyses.sameness import Sameness
from npverify.analyses.some_packet import some_packet_meets
from npverify.analyses.world import World
from npverify.assertions.claims import Leg
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind
from npverify.normal.policy import Action, Direction, PolicyId
from npverify.normal.predicates import FALSE, TRUE, Pred, and_
from npverify.reduction.bitsets import bits
from npverify.reduction.judge import Entry, Signature
from npverify.reduction.partial import DIRECT, Circumstance
from npverify.reduction.readings import under
from npverify.smt.solver import Budget

Asked = Literal["removed", "turned", "answered"]

_TRIED = 64  # peers of a group for which a packet is looked for, one of each signature where that matters


class RuleSweep:
    """Decides properties of rules over one world. Guards the reduction of its elements."""

    def __init__(self, world: World, budget: Budget, stop: Callable[[], bool] = never) -> None:
        policies, self.elements = in_elements(world.policies)
        self._engine = engine = Engine(replace(world, policies=policies), budget, stop)
        self._residuals = residuals = engine.residuals
        self._premises = engine.obligations.premises
        self.sweep = PolicySweep(world.inventory, residuals, self._premises, engine.candidates)
        self._each = Cases(world.inventory, residuals)
        self._sets = Contributions(residuals)
        self._sameness = Sameness()
        self._turned: dict[tuple[Entry, Action], Entry] = {}
        self._about_of: dict[tuple[int, object, int, Circumstance], Signature] = {}
        self._by_signature: dict[tuple[Direction, int], tuple[tuple[Signature, int], ...]] = {}
        self._beside = RulesBeside(self._sets)
        self._cases: dict[PolicyId, list[Case]] = {}
        for case in self._each.every():
            for name in residuals.ids(case.signature):
                self._cases.setdefault(name, []).append(case)
        halves = [policies.half(d) for d in Direction]
        self._only_allow = {
            policy
            for half in halves
            for tier in half.tiers
            if tier.no_match is Action.DENY and all(r.action is Action.ALLOW for p in tier.policies for r in p.rules)
            for policy in tier.policies
        }
        self._translated = any(s.before_translation is not FALSE for half in halves for s in half.stages)

    def selects(self, rule: PolicyId) -> bool:
        """Whether the policy of a rule may select any endpoint."""
        return rule in self._cases

    def only_allows(self, rule: PolicyId) -> bool:
        """Whether the rule is of a tier that allows what any of its rules matches, and denies the rest."""
        entries = chain.from_iterable(case.signature for case in self._cases[rule])
        return all(entry.policy in self._only_allow for entry in entries if entry.policy.id == rule)

    def beside(self, rule: PolicyId) -> tuple[PolicyId, ...]:
        """The other elements that may select an endpoint which the policy of the rule selects, in the order of the tiers."""
        return self._beside.others((case.signature for case in self._cases[rule]), self._own(rule))

    def covering(self, rule: PolicyId, gone: Container[PolicyId] = ()) -> list[PolicyId]:
        """The other rules, none of those that are `gone`, of a tier that only allows which by themselves, and by sets alone,
        match all that the rule does, wherever that is; in the order of the tiers."""
        found: list[PolicyId] | None = None
        for case, how in self._ways(rule):
            entry, *more = (e for e in case.signature if e.policy.id == rule)
            if more:
                return []
            others: dict[PolicyId, list[Entry]] = {}
            for other in self._beside.about_peers(case, entry, how, all_of_them=True):
                others.setdefault(other.policy.id, []).append(other)
            some = found if found is not None else [n for n in others if n not in gone and self.elements[n].rule]
            found = [n for n in some if n in others and not self._sets.cover(case, entry.policy, others[n], how)[1]]
            if not found:
                return []
        about_nobody = (n for n in self.beside(rule) if n not in gone and self.elements[n].rule)
        return list(about_nobody) if found is None else found

    def holds(self, rule: PolicyId, asked: Asked, among: Collection[PolicyId] | None = None) -> bool:
        """Whether it is so, `among` these elements, the rule and the selection of its policy alone; None: among all.

        Raises as `Question.possible` does.
        """
        among = among if among is None else frozenset(among)
        if among is not None and (said := self._by_sets(rule, asked, among.union(self._own(rule)))) is not None:
            return said
        open_: list[tuple[Case, Circumstance]] = []
        for case, how in self._ways(rule):
            same = self._same(case, how, rule, asked, among)
            if same is False:
                return False
            if same is None or self._translated:
                open_.append((case, how))
        return not open_ or self._by_solver(rule, asked, among, open_)

    def causes(self, rule: PolicyId, asked: Asked, gone: Set[PolicyId] = frozenset()) -> tuple[PolicyId, ...] | None:
        """Elements, none of those that are `gone`, among which it is so, and not among them all but one; () if it is so of
        the rule by itself. None: among all that are not gone it is not so."""
        monotone = asked == "removed" and self.only_allows(rule)  # what is enough stays so beside more
        if gone and not monotone:
            said = self._by_sets(rule, asked, None, gone)
            if not (self.holds(rule, asked, self.elements.keys() - gone) if said is None else said):
                return None
        found = [name for name in self._candidates(rule, asked, gone) if name not in gone]
        if not self.holds(rule, asked, found):
            found = [name for name in self._all_candidates(rule, asked) if name not in gone]
            if not self.holds(rule, asked, found):
                return None
        return tuple(fewest(found, lambda fewer: self.holds(rule, asked, fewer)))

    def _by_sets(
        self, rule: PolicyId, asked: Asked, among: Set[PolicyId] | None, gone: Set[PolicyId] = frozenset()
    ) -> bool | None:
        """`holds`, among some elements or all that are not gone, as far as sets of flows tell; None: they do not."""
        if asked == "turned":
            return None
        return self.sweep.holds_beside(rule, "shadowed" if asked == "removed" else "redundant", among, gone)

    def _own(self, rule: PolicyId) -> tuple[PolicyId, PolicyId]:
        """The rule, and the selection of its policy."""
        return rule, self.elements[rule].owner

    def _ways(self, rule: PolicyId) -> Iterator[tuple[Case, Circumstance]]:
        """The cases of a rule with the ways in which two ends of one can stand to each other."""
        for case in self._cases[rule]:
            for how in self._each.hows(case.direction):
                if all(self._each.concerned(case, how)):
                    yield case, how

    # --- why --------------------------------------------------------------------------------------------------------

    def _candidates(self, rule: PolicyId, asked: Asked, gone: Collection[PolicyId]) -> list[PolicyId]:
        """Elements that are probably enough, those last that had better be named."""
        found: dict[PolicyId, None] = {}
        if asked == "turned" or not self.only_allows(rule):
            return self._all_candidates(rule, asked)
        owner = self._own(rule)[1]
        for case, how in self._ways(rule):
            entry = next(e for e in case.signature if e.policy.id == rule)
            rest = [e for e in self._beside.about_peers(case, entry, how) if e.policy.id not in gone]
            rest.sort(key=lambda e: (e.policy.id not in found, self.elements[e.policy.id].owner != owner))
            used, left = self._sets.cover(case, entry.policy, rest, how)
            found.update(dict.fromkeys(e.policy.id for e in used))
            if left and asked == "answered":
                peers = 0
                for _, who in left:
                    peers |= who
                found.update(dict.fromkeys(self._denying(case.direction.opposite, peers, found)))
        return self._preferred(rule, found)

    def _denying(self, direction: Direction, peers: int, found: Collection[PolicyId]) -> Iterator[PolicyId]:
        """Of the elements that judge the peers, a few that deny: selections, where nothing but those denies."""
        left: list[list[PolicyId]] = []
        for signature, _ in self._each.by_signature(direction, peers):
            if all(e.policy in self._only_allow for e in signature):
                bare = [e for e in signature if not e.rules]
                left.append([e.policy.id for e in bare if e.selects is TRUE])
                yield from (e.policy.id for e in bare if not left[-1])
            else:
                yield from (e.policy.id for e in signature)
        yield from one_of_each([names for names in left if names and not any(name in found for name in names)])

    def _all_candidates(self, rule: PolicyId, asked: Asked) -> list[PolicyId]:
        """Every element that can have to do with it."""
        found = dict.fromkeys(self.beside(rule))
        if asked == "answered":
            for case, how in self._ways(rule):
                peers = self._peers(case, how, rule)
                for signature, _ in self._each.by_signature(case.direction.opposite, peers):
                    found.update(dict.fromkeys(e.policy.id for e in signature if e.policy.id not in self._own(rule)))
        return self._preferred(rule, found)

    def _preferred(self, rule: PolicyId, found: Collection[PolicyId]) -> list[PolicyId]:
        """The better reasons last, since those before them are left out first: a rule of the same policy, and that a policy
        isolates where its rules do not matter."""
        owner = self.elements[rule].owner
        return sorted(found, key=lambda name: (self.elements[name].rule is None, self.elements[name].owner == owner))

    # --- by sets and residuals --------------------------------------------------------------------------------------

    def _peers(self, case: Case, how: Circumstance, rule: PolicyId) -> int:
        """Every peer that the rule may be about."""
        own = [entry for entry in case.signature if entry.policy.id == rule]
        peers = self._each.concerned(case, how)[1] & self._sets.peers(case, own, how)
        return peers & case.subjects if how.same else peers

    def _same(
        self, case: Case, how: Circumstance, rule: PolicyId, asked: Asked, among: Collection[PolicyId] | None
    ) -> bool | None:
        """Whether it is so in one case; None: it may be or not."""
        own = [entry for entry in case.signature if entry.policy.id == rule]
        if asked != "turned" and len(own) == 1 and own[0].policy in self._only_allow:
            others = [e for e in self._sets.beside(case, own[0].policy) if among is None or e.policy.id in among]
            if not self._sets.cover(case, own[0].policy, others, how)[1]:
                return True
        peers = self._peers(case, how, rule)
        if not peers:
            return True
        signatures = self._changed(self._about(case, peers, how), rule, asked, among)
        found: bool | None = True
        for group, (now, then) in self._residuals.parted(case.direction, signatures, case.subject, how, peers):
            family = self._premises.families_outside(case.direction, case.subjects)
            with_it, without = and_(now, family), and_(then, family)
            if self._sameness.certain(with_it, without):
                continue
            if asked == "answered" and self._stopped(case, group, (with_it, without), rule, how, among):
                continue
            if how is DIRECT and self._shown(case, group, (now, then), rule, asked, among):
                return False
            found = None
        return found

    def _about(self, case: Case, peers: int, how: Circumstance) -> Signature:
        """What a signature says of some peers, for whom the same is left of it as of all that it says."""
        key = (id(case.signature), case.aspect, peers, how)  # signatures are kept by the reduction
        found = self._about_of.get(key)
        if found is None:
            found = self._about_of[key] = self._sets.about(case, peers, how)
        return found

    def _judging(self, direction: Direction, classes: int) -> tuple[tuple[Signature, int], ...]:
        """A set of classes, parted by their signatures."""
        found = self._by_signature.get((direction, classes))
        if found is None:
            found = self._by_signature[direction, classes] = tuple(self._each.by_signature(direction, classes))
        return found

    def _changed(
        self, signature: Signature, rule: PolicyId, asked: Asked, among: Collection[PolicyId] | None
    ) -> tuple[Signature, Signature]:
        """What is left of a signature among some elements, as it is and with the rule changed."""
        now = signature
        if among is not None:
            own = self._own(rule)
            now = tuple(entry for entry in signature if entry.policy.id in among or entry.policy.id in own)
        if asked != "turned":
            return now, tuple(entry for entry in now if entry.policy.id != rule)
        allow, deny = (
            tuple(self._acting(e, action) if e.policy.id == rule else e for e in now) for action in _OPPOSITE
        )
        return allow, deny

    def _acting(self, entry: Entry, action: Action) -> Entry:
        """The entry with another action in its rules; the same for the same."""
        found = self._turned.get((entry, action))
        if found is None:
            rules = tuple(replace(rule, action=action) for rule in entry.rules)
            found = self._turned[entry, action] = entry._replace(rules=rules)
        return found

    def _stopped(
        self,
        case: Case,
        peers: int,
        own: tuple[Pred, Pred],
        rule: PolicyId,
        how: Circumstance,
        among: Collection[PolicyId] | None,
    ) -> bool:
        """Whether the other direction stops all flows that this one decides otherwise."""
        opposite = case.direction.opposite
        for signature, classes in self._judging(opposite, peers):
            if any(entry.policy.id == rule for entry in signature):
                return False  # both directions change at once
            for some in (1 << c for c in bits(classes)) if how.same else (classes,):
                for end in self._each.aspects(opposite, signature, some):
                    subjects = some if how.same else case.subjects
                    theirs = self._each.case(opposite, signature, end)
                    now, _ = self._changed(self._about(theirs, subjects, how), rule, "removed", among)
                    for _, (back,) in self._residuals.parted(opposite, (now,), end, how, subjects):
                        if not self._sameness.certain(and_(own[0], back), and_(own[1], back)):
                            return False
        return True

    def _shown(
        self,
        case: Case,
        group: int,
        own: tuple[Pred, Pred],
        rule: PolicyId,
        asked: Asked,
        among: Collection[PolicyId] | None,
    ) -> bool:
        """Whether some packet between a subject and a peer is decided otherwise in the default reading. False: none was
        found."""
        if case.subject.kind is not EndpointKind.POD:
            return False
        one_each = bits(group)
        if asked == "answered":
            judged = self._judging(case.direction.opposite, group)
            one_each = (next(bits(classes)) for _, classes in judged)
        for c in islice(one_each, _TRIED):
            members = self._residuals.classes.members[c]
            end = next((e for e in members if e is not case.subject or e.replicated), None)
            if end is None or end.kind not in (EndpointKind.POD, EndpointKind.EXTERNAL):
                continue
            back: Pred = TRUE
            if asked == "answered" and end is not EXTERNAL:
                opposite = case.direction.opposite
                signature, _ = self._changed(self._residuals.signature(opposite, c), rule, "removed", among)
                subject = 1 << self._residuals.classes.of[case.subject]
                ((_, (back,)),) = self._residuals.parted(opposite, (signature,), end, DIRECT, subject)
            src, dst = _pair(case.direction, case.subject, end)
            broken = and_(differ(*own), back, self._premises.well_formed(src, dst, DIRECT))
            broken = self._premises.with_domains(under(broken, {}), src, dst, DIRECT)
            if some_packet_meets(broken, case.direction.peer if end is EXTERNAL else None, self._engine.candidates):
                return True
        return False

    # --- by the solver ------------------------------------------------------------------------------------------------

    def _by_solver(
        self,
        rule: PolicyId,
        asked: Asked,
        among: Collection[PolicyId] | None,
        open_: Collection[tuple[Case, Circumstance]],
    ) -> bool:
        """The same of the flows of some cases, flow by flow."""

        def variants(signature: Signature) -> tuple[Signature, ...]:
            return self._changed(signature, rule, asked, among)

        for direction in Direction:
            change = Change(
                variants, differing(None if asked == "answered" else direction), self._engine.world.policies, passes
            )
            for leg in self._legs(direction, [way for way in open_ if way[0].direction is direction], rule):
                broken, gave_up = violated(self._engine, obligations_of(self._engine, leg, change))
                if broken:
                    return False
                if gave_up is not None:
                    raise gave_up
        return True

    def _legs(self, direction: Direction, ways: Collection[tuple[Case, Circumstance]], rule: PolicyId) -> Iterator[Leg]:
        """The flows of some cases of one direction."""
        if self._translated and ways:
            classes = reduce(or_of, (case.subjects for case, _ in ways))
            yield from legs_of_subjects(self._engine, classes, direction)
            return
        subjects, peers, themselves = 0, 0, 0
        for case, how in ways:
            if how.same:
                themselves |= case.subjects
            else:
                subjects |= case.subjects
                peers |= self._peers(case, how, rule)
        through = self._engine.through
        if subjects:
            ends = [dict.fromkeys(members(classes, self._residuals), TRUE) for classes in (subjects, peers)]
            src, dst = ends if direction is Direction.EGRESS else reversed(ends)
            direct = Leg(src, dst, leave_out_self=True, leave_out_own_node=False)
            yield direct
            if any(how.via is not None and not how.same for _, how in ways):
                yield from through.services((direct,))
        if themselves:
            yield from through.themselves(dict.fromkeys(members(themselves, self._residuals), TRUE))


_OPPOSITE = (Action.ALLOW, Action.DENY)


def _pair(direction: Direction, subject: Endpoint, peer: Endpoint) -> tuple[Endpoint, Endpoint]:
    """Source and destination."""
    return (subject, peer) if direction is Direction.EGRESS else (peer, subject)
