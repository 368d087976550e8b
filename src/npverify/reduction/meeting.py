"""What is left of one direction where subjects meet certain classes of peers in one way.

Most policies of a signature say nothing of the peers that are asked about, so that what is left hangs on the few others, on
which tiers select, and on what is looked at of the subject. It is found once for each of these, not for each signature.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from npverify.inventory.model import Endpoint
from npverify.normal.policy import Direction, Half, Rule
from npverify.normal.predicates import FALSE, TRUE, Const, Pred, and_, or_
from npverify.reduction.asking import Askers, AtStage, Ready
from npverify.reduction.bitsets import Bitsets, bits
from npverify.reduction.classes import Classes
from npverify.reduction.given import simplified
from npverify.reduction.glance import asks_for_ports, looks_at, mentions_node
from npverify.reduction.judge import Entry, Gate, Signature, judge
from npverify.reduction.partial import DIRECT, Circumstance, Partial, ends, of_one_pod

_Split = dict[tuple[int, tuple[Pred, ...]], int]
"""Sets of classes, by the part of the start that they are in and what the tests so far left for them."""


FEW = 6
"""Classes that are asked in the time that sets of a large cluster take."""


class Group(NamedTuple):
    """Classes of peers (a set) that a signature cannot tell apart, and what is left of the direction for them."""

    peers: int
    residual: Pred


Residual = tuple[Pred, ...]
"""What is left of a direction under each variant of the policies."""

Parts = tuple[tuple[int, Residual], ...]
"""Disjoint sets of classes of peers, each with what is left for them."""


class Ground(NamedTuple):
    """What does not hang on who meets whom. `by_ports` and `by_kind` part the classes, `by_node`: some policy asks where an
    endpoint runs, `judged` are the residuals that are known."""

    classes: Classes
    bitsets: Bitsets
    partial: Partial
    by_ports: tuple[int, ...]
    by_kind: tuple[int, ...]
    by_node: bool
    judged: dict[Hashable, Pred]


class Meeting:
    """The peers `among` which subjects of a direction meet theirs. Guards what is known of entries and signatures for them."""

    def __init__(
        self,
        ground: Ground,
        half: Half,
        askers: Askers,
        direction: Direction,
        how: Circumstance,
        among: int,
        given: Pred,
    ) -> None:
        """Of `half` only the frame counts: everything but its policies. Of flows that are not `given`, anything may be said."""
        self.among = among
        self._ground = ground
        self._half = half
        self._askers = askers
        self._direction = direction
        self._subject, self._peer = direction.subject, direction.peer
        self._how = how
        self._given = given
        self._few: list[tuple[int, Endpoint]] = []  # those who are asked one by one, which takes less time than sets
        if among.bit_count() <= FEW:
            self._few = [(1 << c, ground.classes.representative(c)) for c in bits(among)]
        self._nodes = how.own_node and ground.by_node  # where the subject runs is told by each peer
        memos: dict[Circumstance, dict[Pred, Pred | None]] = {}
        self._stages: list[AtStage] = []
        for stage in half.stages:
            view = replace(how, before_translation=FALSE if how.via is None else stage.before_translation)
            tests = (stage.applies, *(exemption.match for exemption in stage.exemptions))
            self._stages.append(AtStage(DIRECT if view == DIRECT else view, tests, memos.setdefault(view, {})))
        self._rules: dict[int, tuple[Rule, ...]] = {}
        self._known: dict[tuple[int, int], tuple[Group, ...]] = {}
        self._found: dict[Hashable, tuple[Group, ...]] = {}
        self._parts: dict[tuple[int, int], Parts] = {}

    def __len__(self) -> int:
        """How many answers are kept."""
        return len(self._known)

    def groups(self, signature: Signature, subject: Endpoint) -> tuple[Group, ...]:
        """The peers, parted by what is left of the direction for a subject of that signature."""
        ready = self._askers.ready(signature)
        aspect = self._askers.aspect_of(ready, subject)
        # signatures that are got ready are kept, with their entries: no others can take their ids
        key = (id(ready), aspect)
        found = self._known.get(key)
        if found is None:
            entries = ready.signature if self._nodes else self._speaking(ready.signature)
            same = (*ready.places, TRUE, *map(id, entries), aspect)
            found = self._found.get(same)
            if found is None:
                found = self._found[same] = self._part(ready, entries, subject)
            self._known[key] = found
        return found

    def parted(self, signatures: Sequence[Signature], subject: Endpoint) -> Parts:
        """The peers, parted by what is left of the direction under each of several signatures of a subject."""
        first, *others = signatures
        groups = self.groups(first, subject)
        if all(signature is first for signature in others):
            return self.parts(groups, len(signatures))
        parts: list[tuple[int, Residual]] = [(group.peers, (group.residual,)) for group in groups]
        for signature in others:
            groups = self.groups(signature, subject)
            parts = [
                (both, (*residuals, group.residual))
                for part, residuals in parts
                for group in groups
                if (both := part & group.peers)
            ]
        return tuple(parts)

    def parts(self, groups: tuple[Group, ...], variants: int) -> Parts:
        """`groups` of a subject for which that many variants of the policies are the same; equal ones are one object."""
        key = (id(groups), variants)  # the groups are kept
        found = self._parts.get(key)
        if found is None:
            found = self._parts[key] = tuple((peers, (residual,) * variants) for peers, residual in groups)
        return found

    def _speaking(self, signature: Signature) -> Signature:
        """The entries of a signature that may say something of the peers and flows that are given."""
        known = self._rules
        try:
            return tuple([entry for entry in signature if known[id(entry)]])
        except KeyError:
            for entry in signature:
                if id(entry) not in known:
                    known[id(entry)] = tuple(rule for rule in entry.rules if self._may_match(rule, entry.stage))
            return self._speaking(signature)

    def _may_match(self, rule: Rule, stage: int) -> bool:
        test = rule.peer
        left: Pred = TRUE
        if not looks_at(test, self._subject):
            if not self._ground.bitsets.bound(test, self._peer) & self.among:
                return False
            left = self._for_all(test, self._stages[stage]) or TRUE
            if left is FALSE:
                return False
        if self._given is TRUE or asks_for_ports(rule.traffic, self._subject):
            return True
        return any(
            simplified(and_(self._given, left, said)) is not FALSE for said in self._traffic(rule.traffic, stage)
        )

    def _traffic(self, traffic: Pred, stage: int) -> Iterable[Pred]:
        """What is left of the traffic of a rule for the peers."""
        view, partial = self._stages[stage].view, self._ground.partial
        if not asks_for_ports(traffic, self._peer):
            return [partial.residual(traffic, self._direction, view)]
        if not self._few:
            return [TRUE]
        return [partial.residual(traffic, self._direction, view, **{self._peer.value: end}) for _, end in self._few]

    def _for_all(self, test: Pred, stage: AtStage) -> Pred | None:
        """What is left of a predicate for all of the peers; None where it is not the same."""
        found = stage.settled.get(test, TRUE)
        if found is not TRUE or test in stage.settled:
            return found
        parts = self._partition(test, stage.view)
        found = next((left for classes, left in parts if self.among & ~classes == 0), None)
        stage.settled[test] = found
        return found

    def _partition(self, test: Pred, view: Circumstance) -> Iterable[tuple[int, Pred]]:
        """Disjoint sets that hold the peers, each with what is left of a predicate about them."""
        if not self._few or not isinstance(view.before_translation, Const):
            return self._ground.bitsets.parts(test, self._peer, view)
        found: dict[Pred, int] = {}
        for peer, end in self._few:
            left = self._ground.partial.residual(test, self._direction, view, **{self._peer.value: end})
            found[left] = found.get(left, 0) | peer
        return [(classes, left) for left, classes in found.items()]

    def _part(self, ready: Ready, entries: Signature, subject: Endpoint) -> tuple[Group, ...]:
        if self._nodes:
            rules = [(entry, rule) for entry in entries for rule in entry.rules]
        else:
            rules = [(entry, rule) for entry in entries for rule in self._rules[id(entry)]]
        tests = [(test, n) for n, stage in enumerate(self._stages) for test in stage.tests]
        tests += [(rule.peer, entry.stage) for entry, rule in rules]
        known_subject = ends(self._direction, subject)
        for n, (test, stage) in enumerate(tests):
            if looks_at(test, self._subject):
                left = self._ground.partial.residual(test, self._direction, self._stages[stage].view, **known_subject)
                tests[n] = (left, stage)
        # many rules say the same of all of the peers; only the others part them
        whole = [self._for_all(test, self._stages[stage]) for test, stage in tests]
        open_ = [n for n, left in enumerate(whole) if left is None]
        parts: _Split = {}
        for n, part in enumerate(self._start(rules)):
            if chosen := part & self.among:
                parts[n, ()] = chosen
        for n in open_:
            test, stage = tests[n]
            parts = self._split(parts, test, self._stages[stage].view)
        asked = [(entry, rule, self._stages[entry.stage].view) for entry, rule in rules]
        groups: dict[Pred, int] = {}
        for (_, lefts), part in parts.items():
            peer = self._ground.classes.representative((part & -part).bit_length() - 1)
            said = dict(zip(open_, lefts, strict=True))
            every = [said[n] if left is None else left for n, left in enumerate(whole)]
            residual = self._residual(ready, every, asked, subject, peer)
            groups[residual] = groups.get(residual, 0) | part
        return tuple(Group(part, residual) for residual, part in groups.items())

    def _start(self, rules: Iterable[tuple[Entry, Rule]]) -> Iterable[int]:
        """A partition of the peers, as coarse as the traffic predicates of the rules allow."""
        ground = self._ground
        if self._nodes:
            return [1 << c for c in range(len(ground.classes))]
        if any(asks_for_ports(rule.traffic, self._peer) for _, rule in rules):
            return [both for ports in ground.by_ports for kind in ground.by_kind if (both := ports & kind)]
        return ground.by_kind

    def _residual(
        self,
        ready: Ready,
        said: list[Pred],
        asked: list[tuple[Entry, Rule, Circumstance]],
        subject: Endpoint,
        peer: Endpoint,
    ) -> Pred:
        """What is left of the direction for one peer, where its stages and rules have `said` what is left of them."""
        partial, direction, how = self._ground.partial, self._direction, self._how
        known = ends(direction, subject, peer)
        signature, places = ready.signature, ready.places
        if self._nodes:
            said = [partial.residual(s, direction, how, **known) if mentions_node(s) else s for s in said]
            signature = tuple(
                e._replace(selects=partial.residual(e.policy.subject, direction, how, **known)) for e in signature
            )
            places = tuple((entry.stage, entry.tier, entry.selects) for entry in signature)
            here = (entry for entry in signature for _ in entry.rules)
            asked = [(entry, rule, view) for entry, (_, rule, view) in zip(here, asked, strict=True)]
        queue = iter(said)
        gates = []
        for stage in self._half.stages:
            applies = next(queue)
            gates.append(Gate(applies, or_(*(next(queue) for _ in stage.exemptions))))
        matched = [
            (entry, rule, and_(m, partial.residual(rule.traffic, direction, view, **known)))
            for (entry, rule, view), m in zip(asked, queue, strict=True)
            if m is not FALSE
        ]
        # of a policy and its rules this is all that counts
        key = (
            direction,
            places,
            *gates,
            *((entry.stage, entry.tier, entry.selects, rule.action, match) for entry, rule, match in matched),
        )
        residual = self._ground.judged.get(key)
        if residual is None:
            residual = self._ground.judged[key] = judge(self._half, signature, gates, matched)
        return of_one_pod(residual) if how.same else residual

    def _split(self, parts: _Split, test: Pred, how: Circumstance) -> _Split:
        partition = self._partition(test, how)
        split: _Split = {}
        for (n, said), part in parts.items():
            for classes, left in partition:
                if both := part & classes:
                    split[n, (*said, left)] = both
        return split
