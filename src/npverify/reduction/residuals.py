"""Signatures and residuals: what is left of one direction's tiers for one group of subjects and one group of peers.

A *signature* is the list of policies that select an endpoint in a direction. For one signature all classes of peers fall
into few groups that its rules cannot tell apart; each group has one residual, a predicate over the packet that is true
exactly where the direction allows the flow.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import replace

from npverify.ingest.collector import keep, without_gc
from npverify.inventory.model import Endpoint, EndpointKind, Inventory
from npverify.normal.policy import Direction, Policy, PolicyId, PolicySet
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    KindIs,
    NodeIs,
    OwnNode,
    Pred,
    SelfTraffic,
    UnknownIn,
    and_,
    atoms_among,
    or_,
)
from npverify.reduction.asking import Askers, Interned, named_ports, placed
from npverify.reduction.bitsets import Bitsets, as_set, bits
from npverify.reduction.classes import Classes, predicates
from npverify.reduction.judge import Entry, Signature
from npverify.reduction.meeting import Ground, Group, Meeting, Parts
from npverify.reduction.partial import DIRECT, Circumstance, Partial
from npverify.reduction.requests import clauses_among, of_clauses
from npverify.reduction.standing import Change, Moved
from npverify.reduction.subjects import Subjects

_REMEMBERED = 200_000  # groups kept over changes before the memory is given back


class Residuals:
    """The reduction of one policy set over one inventory. Guards the memos; every answer is a pure function of the two."""

    @without_gc()
    def __init__(
        self, inventory: Inventory, policies: PolicySet, classes: Classes | None = None, beside: Residuals | None = None
    ) -> None:
        """`classes` may be finer than what the policies tell apart. `beside`, over the same, shares partitions with this."""
        self.policies = policies
        self.families = inventory.families
        self._atoms: tuple[Pred, ...] | None = tuple(atoms_among(predicates(policies)))
        atoms = self._atoms
        self.classes = classes or Classes(inventory, policies, atoms=atoms)
        self._inventory = inventory
        self.by_node = any(isinstance(atom, NodeIs) for atom in atoms)
        self.requests = of_clauses(policies.asked | clauses_among(atoms))
        one = beside is not None and inventory is beside._inventory and self.classes is beside.classes
        if beside is not None and one and self._is_framed_as(beside):
            self.partial: Partial = beside.partial
            self.bitsets: Bitsets = beside.bitsets
        else:
            self.partial = Partial(inventory, policies.vip_visible, self.requests)
            self.bitsets = Bitsets(self.classes, inventory, self.partial)
        self.changed: Mapping[Direction, int] | None = None
        self._by_ports = self._partition(named_ports)
        self._by_kind = self._partition(lambda end: end.kind)
        self._start_over()
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
        made._atoms = None
        made.by_node = change.now.by_node
        made.requests = of_clauses(change.now.clauses)
        if not made._is_framed_as(before) or sum(map(len, before._meetings.values())) > _REMEMBERED:
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

    @property
    def atoms(self) -> tuple[Pred, ...]:
        """Every atom of the policies, each once."""
        if self._atoms is None:
            self._atoms = tuple(atoms_among(predicates(self.policies)))
        return self._atoms

    def _is_framed_as(self, other: Residuals) -> bool:
        """Whether ends are filled in as they are there."""
        return self.policies.vip_visible is other.policies.vip_visible and self.requests is other.requests

    def _start_over(self) -> None:
        """Forget everything that hangs on the policies."""
        self.changed = None
        self._interned = Interned()
        self._signatures = {d: self._select(d) for d in Direction}
        self._askers = {
            d: Askers(d, self.policies.half(d), self._interned, self.classes, self.by_node) for d in Direction
        }
        self._meetings: dict[tuple[Direction, Circumstance, int, Pred], Meeting] = {}
        self._judged: dict[Hashable, Pred] = {}
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
        return self.meeting(direction, how, among).groups(signature, subject)

    def parted(
        self, direction: Direction, signatures: Iterable[Signature], subject: Endpoint, how: Circumstance, among: int
    ) -> Parts:
        """Classes of peers, parted by what is left of the direction under each of several signatures of a subject."""
        return self.meeting(direction, how, among).parted(tuple(signatures), subject)

    def aspect(self, direction: Direction, signature: Signature, subject: Endpoint) -> Hashable:
        """Equal for subjects of a signature for which the direction leaves the same: kind and named ports, and the class
        where the direction looks at who the subject is beyond its selection."""
        askers = self._askers[direction]
        return askers.aspect_of(askers.ready(signature), subject)

    def aspect_of(self, direction: Direction, c: int) -> Hashable:
        """`aspect` of a class as a subject."""
        askers = self._askers[direction]
        return askers.aspect(askers.ready(self.signature(direction, c)), c)

    def meeting(self, direction: Direction, how: Circumstance, among: int | None, given: Pred = TRUE) -> Meeting:
        """Where subjects of a direction meet the peers `among` all (None: every class), as far as flows are `given`."""
        if how.via is not None and not how.same and self._is_translated(direction):
            how = replace(how, via=None)
        key = (direction, how, self.bitsets.all if among is None else among, given)
        found = self._meetings.get(key)
        if found is None:
            ground = Ground(
                self.classes, self.bitsets, self.partial, self._by_ports, self._by_kind, self.by_node, self._judged
            )
            half, askers = self.policies.half(direction), self._askers[direction]
            found = self._meetings[key] = Meeting(ground, half, askers, *key)
        return found

    def _is_translated(self, direction: Direction) -> bool:
        """Whether translation is over where a direction is judged."""
        stages = self.policies.half(direction).stages
        return direction is Direction.INGRESS and all(s.before_translation is FALSE for s in stages)

    @property
    def leaves_out_by_kind(self) -> bool:
        """Whether `left_out` is the same for all pairs of two kinds of endpoints that stand to each other in one way."""
        matches = [e.match for d in Direction for e in self.policies.half(d).exemptions if e.left_out]
        return all(isinstance(atom, KindIs | OwnNode | SelfTraffic | UnknownIn) for atom in atoms_among(matches))

    def left_out(self, src: Endpoint, dst: Endpoint, how: Circumstance) -> Pred:
        """The flows that an exemption allows which assertions leave out; a residual."""
        return or_(
            *(
                self.partial.residual(and_(stage.applies, exemption.match), direction, how, src=src, dst=dst)
                for direction in Direction
                for stage in self.policies.half(direction).stages
                for exemption in stage.exemptions
                if exemption.left_out
            )
        )

    def _select(self, direction: Direction) -> dict[int, Signature]:
        found: list[list[Entry]] = [[] for _ in self.classes.members]
        subjects = Subjects(self.classes, self.bitsets, self.partial, direction)
        for place, policy in placed(self.policies.half(direction)):
            for members, selects in subjects.selected(policy.subject):
                entry = Entry(*place, policy, selects, policy.rules)
                for c in members:
                    found[c].append(entry)
        # an entry takes long to hash, and each is one object here
        known: dict[tuple[int, ...], Signature] = {}
        signatures = {}
        for c, entries in enumerate(found):
            if entries:
                ids = tuple(map(id, entries))
                signature = known.get(ids)
                if signature is None:
                    signature = known[ids] = self._interned.one(entries)
                signatures[c] = signature
        return signatures

    def _moved(self, direction: Direction, moved: Moved) -> tuple[dict[int, Signature], int]:
        """The signatures after policies came and went, and the set of the classes that have another one now."""
        touched: dict[int, list[Entry]] = {}
        for policy in moved.gone:
            for c, _ in self._selected(policy, direction):
                touched.setdefault(c, [])
        for policy in moved.come:
            _, stage, tier = moved.places[policy]
            entries: dict[Pred, Entry] = {}
            for c, selects in self._selected(policy, direction):
                if selects not in entries:
                    entries[selects] = Entry(stage, tier, policy, selects, policy.rules)
                touched.setdefault(c, []).append(entries[selects])
        gone = frozenset(moved.gone)
        found = dict(self._signatures[direction])
        changed = []
        for c, more in touched.items():
            old = found.pop(c, ())
            every = [*(entry for entry in old if entry.policy not in gone), *more]
            every.sort(key=lambda entry: moved.places[entry.policy])
            new = self._interned.one(every)
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


def host_network(end: Endpoint) -> bool:
    """Whether the endpoint sends and receives with its node's addresses."""
    return end.kind in (EndpointKind.HOST_POD, EndpointKind.NODE)
