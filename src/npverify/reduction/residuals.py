"""Signatures and residuals: what is left of one direction's tiers for one group of subjects and one group of peers.

A *signature* is the list of policies that select an endpoint in a direction. For one signature all classes of peers fall
into few groups that its rules cannot tell apart; each group has one residual, a predicate over the packet that is true
exactly where the direction allows the flow.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from typing import NamedTuple

from npverify.ingest.collector import keep, without_gc
from npverify.inventory.model import Endpoint, EndpointKind, Inventory
from npverify.normal.policy import Direction, Policy, PolicyId, PolicySet, Rule
from npverify.normal.predicates import FALSE, TRUE, NodeIs, Pred, Side, and_, atoms_among, or_
from npverify.reduction.asking import AtStage, Ready, looks_at, looks_at_identity, mentions_node, placed, ready
from npverify.reduction.bitsets import Bitsets, as_set, bits
from npverify.reduction.classes import Classes, predicates
from npverify.reduction.judge import Entry, Gate, Signature, judge
from npverify.reduction.partial import DIRECT, Circumstance, Partial, of_one_pod
from npverify.reduction.requests import of_clauses, requests_of
from npverify.reduction.standing import Change, Moved
from npverify.reduction.subjects import Subjects

_REMEMBERED = 200_000  # groups kept over changes before the memory is given back


class Group(NamedTuple):
    """Classes of peers (a set) that a signature cannot tell apart, and what is left of the direction for them."""

    peers: int
    residual: Pred


class Residuals:
    """The reduction of one policy set over one inventory. Guards the memos; every answer is a pure function of the two."""

    @without_gc()
    def __init__(
        self, inventory: Inventory, policies: PolicySet, classes: Classes | None = None, beside: Residuals | None = None
    ) -> None:
        """`classes` may be finer than what the policies tell apart. `beside`, over the same, shares partitions with this."""
        self.policies = policies
        self.families = inventory.families
        self.classes = classes or Classes(inventory, policies)
        self._inventory = inventory
        by_node = (isinstance(a, NodeIs) for a in atoms_among(predicates(policies)))
        self.by_node = self.classes.mentioned.nodes if classes is None else any(by_node)
        self.requests = requests_of(policies)
        one = beside is not None and inventory is beside._inventory and self.classes is beside.classes
        if beside is not None and one and self._is_framed_as(beside):
            self.partial: Partial = beside.partial
            self.bitsets: Bitsets = beside.bitsets
        else:
            self.partial = Partial(inventory, policies.vip_visible, self.requests)
            self.bitsets = Bitsets(self.classes, inventory, self.partial)
        self.changed: Mapping[Direction, int] | None = None
        self._start_over()
        self._by_ports = self._partition(lambda end: tuple(p for p in end.ports if p.name))
        self._by_kind = self._partition(lambda end: end.kind)
        keep(len(inventory.endpoints))

    @classmethod
    def after(cls, before: Residuals, change: Change) -> Residuals:
        """The reduction after a change of policies whose mentions `before.classes` tells apart, over the same inventory.

        What the change does not touch is shared, and `changed` holds the classes whose signature is another one than
        before; None: any may be, and so may all that is left of a direction.
        """
        # the memos are shared: they are keyed by signatures, and by what else their answers hang on
        made = copy(before)
        made.policies = change.now.policies
        made.by_node = change.now.by_node
        made.requests = of_clauses(change.now.clauses)
        if not made._is_framed_as(before) or len(before._groups) > _REMEMBERED:
            made.partial = Partial(before._inventory, change.now.policies.vip_visible, made.requests)
            made.bitsets = Bitsets(before.classes, before._inventory, made.partial)
            made._start_over()
        elif change.frame_kept and made.by_node == before.by_node:
            parts = {d: before._moved(d, moved) for d, moved in change.moved.items()}
            made._signatures = {d: signatures for d, (signatures, _) in parts.items()}
            made.changed = {d: changed for d, (_, changed) in parts.items()}
        else:
            made._start_over()
        return made

    def _is_framed_as(self, other: Residuals) -> bool:
        """Whether ends are filled in as they are there."""
        return self.policies.vip_visible is other.policies.vip_visible and self.requests is other.requests

    def _start_over(self) -> None:
        """Forget everything that hangs on the policies."""
        self.changed = None
        self._interned: dict[Signature, Signature] = {}
        self._signatures = {d: self._select(d) for d in Direction}
        self._groups: dict[Hashable, tuple[Group, ...]] = {}
        self._settled: dict[tuple[Direction, Circumstance, int], list[AtStage]] = {}
        self._ready: dict[tuple[Direction, Signature], Ready] = {}
        self._judged: dict[Hashable, Pred] = {}
        self._own: dict[tuple[Direction, Signature], bool] = {}
        self._own_by_id: dict[tuple[Direction, int], bool] = {}
        self._aspects: dict[tuple[Direction, int], tuple[Signature, Hashable]] = {}
        self._ids: dict[int, tuple[Signature, frozenset[PolicyId]]] = {}

    def signature(self, direction: Direction, c: int) -> Signature:
        """The policies that may select class `c`, in the order in which they are asked."""
        return self._signatures[direction].get(c, ())

    def selecting(self, direction: Direction, policy: PolicyId) -> int:
        """The set of classes that a policy may select."""
        found = 0
        for _, each in placed(self.policies.half(direction)):
            if each.id == policy:
                for part, selects in self.bitsets.parts(each.subject, direction.subject, DIRECT):
                    found |= part if selects is not FALSE else 0
        return found

    def ids(self, signature: Signature) -> frozenset[PolicyId]:
        """The policies of a signature."""
        known = self._ids.get(id(signature))
        if known is None:
            # the signature is kept, so that no other can take its id
            known = self._ids[id(signature)] = (signature, frozenset(entry.policy.id for entry in signature))
        return known[1]

    def groups(
        self,
        direction: Direction,
        signature: Signature,
        subject: Endpoint,
        how: Circumstance = DIRECT,
        among: int | None = None,
    ) -> tuple[Group, ...]:
        """Classes of peers, parted by what is left of the direction when `subject`, whose signature this is, meets them.

        `among` is the set of classes to part; None: all.
        """
        stages = self.policies.half(direction).stages
        if direction is Direction.INGRESS and not how.same and all(s.before_translation is FALSE for s in stages):
            how = replace(how, via=None)  # translation is over where ingress is judged
        if among is None:
            among = self.bitsets.all
        key = (direction, signature, self.aspect(direction, signature, subject), how, among)
        found = self._groups.get(key)
        if found is None:
            found = self._groups[key] = self._part(direction, signature, subject, how, among)
        return found

    def parted(
        self, direction: Direction, signatures: Iterable[Signature], subject: Endpoint, how: Circumstance, among: int
    ) -> list[tuple[int, tuple[Pred, ...]]]:
        """Classes of peers, parted by what is left of the direction under each of several signatures of a subject."""
        first, *others = signatures
        parts: list[tuple[int, tuple[Pred, ...]]] = [
            (group.peers, (group.residual,)) for group in self.groups(direction, first, subject, how, among)
        ]
        for signature in others:
            groups = self.groups(direction, signature, subject, how, among)
            parts = [
                (both, (*residuals, group.residual))
                for part, residuals in parts
                for group in groups
                if (both := part & group.peers)
            ]
        return parts

    def aspect(self, direction: Direction, signature: Signature, subject: Endpoint) -> Hashable:
        """Equal for subjects of a signature for which the direction leaves the same: kind and named ports, and the class
        where the direction looks at who the subject is beyond its selection."""
        own = self._own.get((direction, signature))
        if own is None:
            own = self._own[direction, signature] = self._asks_who(direction, signature)
        return self._aspect(subject, own=own)

    def _aspect(self, subject: Endpoint, *, own: bool) -> Hashable:
        named = tuple(p for p in subject.ports if p.name)
        return (subject.kind, named, self.classes.of[subject] if own or self.by_node else None)

    def _asks_who(self, direction: Direction, signature: Signature) -> bool:
        """Whether a direction looks at who the subject of a signature is."""
        stages = self.policies.half(direction).stages
        preds = [p for stage in stages for p in (stage.applies, *(e.match for e in stage.exemptions))]
        preds += [p for entry in signature for rule in entry.rules for p in (rule.peer, rule.traffic)]
        return any(looks_at_identity(p, direction.subject) for p in preds)

    def aspect_of(self, direction: Direction, c: int) -> Hashable:
        """`aspect` of a class as a subject."""
        signature = self.signature(direction, c)
        known = self._aspects.get((direction, c))
        if known is None or known[0] is not signature:
            key = (direction, id(signature))  # a signature of a class is kept
            own = self._own_by_id.get(key)
            if own is None:
                own = self._own_by_id[key] = self._asks_who(direction, signature)
            known = self._aspects[direction, c] = (signature, self._aspect(self.classes.representative(c), own=own))
        return known[1]

    def left_out(self, src: Endpoint, dst: Endpoint, how: Circumstance) -> Pred:
        """The flows that an exemption allows which assertions leave out; a residual."""
        return or_(
            *(
                self.partial.residual(exemption.match, direction, how, src=src, dst=dst)
                for direction in Direction
                for exemption in self.policies.half(direction).exemptions
                if exemption.left_out
            )
        )

    def _select(self, direction: Direction) -> dict[int, Signature]:
        found: dict[int, list[Entry]] = {}
        subjects = Subjects(self.classes, self.bitsets, self.partial, direction)
        for place, policy in placed(self.policies.half(direction)):
            for members, selects in subjects.selected(policy.subject):
                entry = Entry(*place, policy, selects, policy.rules)
                for c in members:
                    found.setdefault(c, []).append(entry)
        return {c: self._as_one(entries) for c, entries in found.items()}

    def _as_one(self, entries: Iterable[Entry]) -> Signature:
        """A signature; equal ones are the same object."""
        return self._interned.setdefault(signature := tuple(entries), signature)

    def _moved(self, direction: Direction, moved: Moved) -> tuple[dict[int, Signature], int]:
        """The signatures after policies came and went, and the set of the classes that have another one now."""
        touched: dict[int, list[Entry]] = {}
        for policy in moved.gone:
            for c, _ in self._selected(policy, direction):
                touched.setdefault(c, [])
        for policy in moved.come:
            _, stage, tier = moved.places[policy]
            for c, selects in self._selected(policy, direction):
                touched.setdefault(c, []).append(Entry(stage, tier, policy, selects, policy.rules))
        gone = frozenset(moved.gone)
        found = dict(self._signatures[direction])
        changed = []
        for c, more in touched.items():
            old = found.pop(c, ())
            entries = [*(entry for entry in old if entry.policy not in gone), *more]
            entries.sort(key=lambda entry: moved.places[entry.policy])
            new = self._as_one(entries)
            if new:
                found[c] = new
            if new is not old:
                changed.append(c)
        return found, as_set(changed)

    def _selected(self, policy: Policy, direction: Direction) -> Iterator[tuple[int, Pred]]:
        """The classes that a policy may select, each with when it does."""
        for part, selects in self.bitsets.parts(policy.subject, direction.subject, DIRECT):
            if selects is not FALSE:
                yield from ((c, selects) for c in bits(part))

    def _partition(self, key: Callable[[Endpoint], Hashable]) -> tuple[int, ...]:
        parts: dict[Hashable, list[int]] = {}
        for c, end in enumerate(self.classes.representatives):
            parts.setdefault(key(end), []).append(c)
        return tuple(map(as_set, parts.values()))

    def _part(
        self, direction: Direction, signature: Signature, subject: Endpoint, how: Circumstance, among: int
    ) -> tuple[Group, ...]:
        ready = self._ready_for(direction, signature)
        stages = self._at_stages(direction, how, among)
        tests = [(test, n) for n, stage in enumerate(stages) for test in stage.tests]
        tests += ready.tests
        known_subject = ends(direction, subject)
        for n, (test, stage) in enumerate(tests):
            if looks_at(test, direction.subject):
                tests[n] = (self.partial.residual(test, direction, stages[stage].view, **known_subject), stage)
        # most rules are about none of the peers: what they leave for all of them is looked up, and only the others part them
        whole = [self._one_for_all(test, direction, stages[stage], among) for test, stage in tests]
        open_ = [n for n, left in enumerate(whole) if left is None]
        parts: dict[tuple[int, tuple[Pred, ...]], int] = {}
        for n, part in enumerate(self._start(ready, how)):
            if chosen := part & among:
                parts[n, ()] = chosen
        for n in open_:
            test, stage = tests[n]
            parts = self._split(parts, test, direction, stages[stage].view)
        asked = [(entry, rule, stages[entry.stage].view) for entry, rule in ready.rules]
        groups: dict[Pred, int] = {}
        for (_, lefts), part in parts.items():
            peer = self.classes.representative((part & -part).bit_length() - 1)
            said = dict(zip(open_, lefts, strict=True))
            every = [said[n] if left is None else left for n, left in enumerate(whole)]
            residual = self._residual(direction, ready, every, asked, how, subject, peer)
            groups[residual] = groups.get(residual, 0) | part
        return tuple(Group(part, residual) for residual, part in groups.items())

    def _ready_for(self, direction: Direction, signature: Signature) -> Ready:
        found = self._ready.get((direction, signature))
        if found is None:
            found = self._ready[direction, signature] = ready(direction, signature)
        return found

    def _at_stages(self, direction: Direction, how: Circumstance, among: int) -> list[AtStage]:
        """How each stage of a direction sees what it is asked about, and what is left of predicates for all of the peers."""
        found = self._settled.get((direction, how, among))
        if found is None:
            memos: dict[Circumstance, dict[Pred, Pred | None]] = {}
            found = self._settled[direction, how, among] = []
            for stage in self.policies.half(direction).stages:
                view = replace(how, before_translation=FALSE if how.via is None else stage.before_translation)
                tests = (stage.applies, *(exemption.match for exemption in stage.exemptions))
                found.append(AtStage(DIRECT if view == DIRECT else view, tests, memos.setdefault(view, {})))
        return found

    def _one_for_all(self, test: Pred, direction: Direction, stage: AtStage, among: int) -> Pred | None:
        """What is left of a predicate for all of the peers; None where it is not the same."""
        found = stage.settled.get(test, TRUE)
        if found is not TRUE:
            return found
        if test not in stage.settled:
            parts = self.bitsets.parts(test, direction.peer, stage.view)
            stage.settled[test] = next((left for classes, left in parts if among & ~classes == 0), None)
        return stage.settled[test]

    def _start(self, ready: Ready, how: Circumstance) -> Iterable[int]:
        """A partition of the peers, as coarse as the traffic predicates of the rules allow."""
        if how.own_node and self.by_node:
            return [1 << c for c in range(len(self.classes))]  # where the subject runs is told by each peer
        if ready.names:
            return [both for ports in self._by_ports for kind in self._by_kind if (both := ports & kind)]
        return self._by_kind

    def _residual(
        self,
        direction: Direction,
        ready: Ready,
        said: list[Pred],
        asked: list[tuple[Entry, Rule, Circumstance]],
        how: Circumstance,
        subject: Endpoint,
        peer: Endpoint,
    ) -> Pred:
        """What is left of the direction for one peer, where its stages and rules have `said` what is left of them."""
        known = ends(direction, subject, peer)
        signature, places = ready.signature, ready.places
        if how.own_node and self.by_node:
            said = [self.partial.residual(s, direction, how, **known) if mentions_node(s) else s for s in said]
            signature = tuple(
                e._replace(selects=self.partial.residual(e.policy.subject, direction, how, **known)) for e in signature
            )
            places = tuple((entry.stage, entry.tier, entry.selects) for entry in signature)
            here = (entry for entry in signature for _ in entry.rules)
            asked = [(entry, rule, view) for entry, (_, rule, view) in zip(here, asked, strict=True)]
        half = self.policies.half(direction)
        queue = iter(said)
        gates = []
        for stage in half.stages:
            applies = next(queue)
            gates.append(Gate(applies, or_(*(next(queue) for _ in stage.exemptions))))
        matched = [
            (entry, rule, and_(m, self.partial.residual(rule.traffic, direction, view, **known)))
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
        residual = self._judged.get(key)
        if residual is None:
            residual = self._judged[key] = judge(half, signature, gates, matched)
        return of_one_pod(residual) if how.same else residual

    def _split(
        self, parts: dict[tuple[int, tuple[Pred, ...]], int], test: Pred, direction: Direction, how: Circumstance
    ) -> dict[tuple[int, tuple[Pred, ...]], int]:
        partition = self.bitsets.parts(test, direction.peer, how)
        split: dict[tuple[int, tuple[Pred, ...]], int] = {}
        for (n, said), part in parts.items():
            for classes, left in partition:
                if both := part & classes:
                    split[n, (*said, left)] = both
        return split


def ends(direction: Direction, subject: Endpoint, peer: Endpoint | None = None) -> dict[str, Endpoint | None]:
    """The two ends by their side, for `Partial.residual`."""
    return {"src": subject, "dst": peer} if direction.subject is Side.SRC else {"src": peer, "dst": subject}


def host_network(end: Endpoint) -> bool:
    """Whether the endpoint sends and receives with its node's addresses."""
    return end.kind in (EndpointKind.HOST_POD, EndpointKind.NODE)
