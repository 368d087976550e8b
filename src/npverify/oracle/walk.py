"""The walk over tiers, policies and rules that gives a flow its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

from npverify.inventory.model import Endpoint, EndpointKind, Inventory
from npverify.inventory.unknowns import Reading
from npverify.normal.flow import Decider, Flow, SideVerdict, Verdict
from npverify.normal.policy import Action, Direction, Policy, PolicySet, Rule, Stage, Tier
from npverify.normal.predicates import (
    FALSE,
    And,
    KindIs,
    LabelIn,
    LabelText,
    NamespaceIs,
    NodeIs,
    Pred,
    ServiceAccountIs,
    Side,
    UnknownIn,
    atoms_of,
)
from npverify.oracle.atoms import Seen, Touched

DEFAULT_READING: Reading = {}
_ABOUT_THE_SUBJECT = (KindIs, NamespaceIs, LabelIn, LabelText, ServiceAccountIs, NodeIs, UnknownIn)
_REMEMBERED = 500_000  # selections kept before the memory is given back

Asked = tuple[tuple[Policy, ...], ...]
"""Per tier, the policies that select the judged endpoint, in their order."""


class Oracle:
    """Decides concrete flows. Its only state is a memory of which policies select which endpoint."""

    def __init__(self, policies: PolicySet, inventory: Inventory, before: Oracle | None = None) -> None:
        """`before` has other policies, of which the index may be much the same."""
        self.policies = policies
        self._inventory = inventory
        self._halves: dict[Direction, tuple[_Index, ...]] = {}
        for direction in Direction:
            tiers = policies.half(direction).tiers
            old = before._halves[direction] if before is not None else ()
            known = old if len(old) == len(tiers) else [None] * len(tiers)
            self._halves[direction] = tuple(
                _Index.after(index, tier, direction.subject) for tier, index in zip(tiers, known, strict=True)
            )
        every = [index for half in self._halves.values() for index in half]
        self._only_allows = frozenset(index.tier for index in every if index.only_allows)
        self._by_node = any(index.by_node for index in every)
        self._by_packet = {d: any(index.by_packet for index in half) for d, half in self._halves.items()}
        self._selected: dict[tuple[object, ...], tuple[Asked, Touched]] = {}
        self._alikes: dict[Endpoint, int] = {}
        self._kinds: dict[tuple[object, ...], int] = {}

    def decide(self, flow: Flow, reading: Reading = DEFAULT_READING, touched: Touched | None = None) -> Verdict:
        """The verdict of both directions; `touched` collects the unknowns that were looked at."""
        return Verdict(
            self.side(Direction.EGRESS, flow, reading, touched), self.side(Direction.INGRESS, flow, reading, touched)
        )

    def side(
        self, direction: Direction, flow: Flow, reading: Reading = DEFAULT_READING, touched: Touched | None = None
    ) -> SideVerdict:
        """Ask stage by stage; the first that denies decides, else the last that has something to say."""
        verdict = self._side(direction, flow, reading, touched)
        if verdict.allowed or self.policies.audit is None:
            return verdict
        connections, dropped = self._beside
        let_in = connections.side(direction, flow, reading).allowed  # so that a proxy refuses the request
        return replace(verdict, audited=not let_in and dropped.side(direction, flow, reading).allowed)

    @cached_property
    def _beside(self) -> tuple[Oracle, Oracle]:
        """The two sets that tell what audit stops."""
        audit = self.policies.audit
        assert audit is not None
        return Oracle(audit.connections, self._inventory), Oracle(audit.dropped, self._inventory)

    def _side(self, direction: Direction, flow: Flow, reading: Reading, touched: Touched | None) -> SideVerdict:
        if not self._judged(direction, flow):
            return SideVerdict(direction, Action.ALLOW, "no pod")
        seen = self.seen(flow, reading, direction)
        said: list[SideVerdict] = []
        skipped: set[str] = set()
        accepted = {""}
        try:
            asked = iter(self._asked(direction, seen))
            for stage in self.policies.half(direction).stages:
                theirs = [next(asked) for _ in stage.tiers]
                here = self.seen_by(stage, seen)
                if stage.name in skipped or stage.after not in accepted or not here.holds(stage.applies):
                    continue
                verdict = self._stage(direction, stage, theirs, here)
                said.append(verdict)
                if not verdict.allowed:
                    return verdict
                if verdict.because == "rule":
                    skipped |= set(stage.skips)
                    accepted.add(stage.name)
        finally:
            if touched is not None:
                touched.update(seen.touched)
        if not said:
            pod = seen.end(direction.subject).is_pod
            return SideVerdict(direction, Action.ALLOW, "not isolated" if pod else "no pod")
        return next((v for v in reversed(said) if v.because != "not isolated"), said[-1])

    def _judged(self, direction: Direction, flow: Flow) -> bool:
        end = flow.src if direction is Direction.EGRESS else flow.dst
        proxy = end.kind is EndpointKind.PROXY
        return end.is_pod or proxy or (end.kind is EndpointKind.NODE and self.policies.judges_hosts)

    def _stage(
        self, direction: Direction, stage: Stage, asked: Sequence[tuple[Policy, ...]], seen: Seen
    ) -> SideVerdict:
        """Ask tier by tier; the first that does not pass decides."""
        for exemption in stage.exemptions:
            if seen.holds(exemption.match):
                return SideVerdict(direction, Action.ALLOW, "exempt", exemption=exemption.name, stage=stage.name)
        for tier, policies in zip(stage.tiers, asked, strict=True):
            matching = matching_rules(policies, seen)
            first = next(matching, None)
            if first is None:
                if policies and tier.no_match is Action.DENY:
                    by = tuple(Decider(p, None) for p in policies)
                    return SideVerdict(direction, Action.DENY, "no rule", by, stage=stage.name)
            elif (action := first[1].action) is not Action.PASS:
                # where no rule of the tier could say otherwise, every rule that matches is a reason
                found = (first, *matching) if tier in self._only_allows else (first,)
                return SideVerdict(direction, action, "rule", tuple(Decider(*f) for f in found), stage=stage.name)
        because = "not isolated" if stage.final is Action.ALLOW else "default"
        passed = tuple(Decider(policy, None) for policies in asked for policy in policies)
        return SideVerdict(direction, stage.final, because, passed, stage=stage.name)

    def holds(
        self, pred: Pred, flow: Flow, reading: Reading = DEFAULT_READING, direction: Direction = Direction.INGRESS
    ) -> bool:
        """Whether a predicate is true of a flow; egress policies may see the virtual address of a Service instead."""
        return self.seen(flow, reading, direction).holds(pred)

    def seen(self, flow: Flow, reading: Reading, direction: Direction) -> Seen:
        """The flow as the policies of one direction see it."""
        seen = Seen(flow, reading, self._inventory)
        if direction is Direction.EGRESS and flow.via is not None:
            seen.vip = seen.holds(self.policies.vip_visible)
        return seen

    def seen_by(self, stage: Stage, seen: Seen) -> Seen:
        """The flow as one stage sees it; what it looks at is recorded in the same place."""
        if stage.before_translation is FALSE or not seen.holds(stage.before_translation):
            return seen
        return Seen(seen.flow, seen.reading, seen.inventory, True, True, seen.touched)

    def asked(self, direction: Direction, flow: Flow, reading: Reading = DEFAULT_READING) -> Asked:
        """The policies that select the judged endpoint, per tier of `Half.tiers`; none where nothing judges it."""
        if not self._judged(direction, flow):
            return tuple(() for _ in self._halves[direction])
        return self._asked(direction, self.seen(flow, reading, direction))

    def _alike(self, end: Endpoint) -> int:
        """Equal for endpoints of which a subject cannot tell one from the other: the replicas of a workload, listed singly."""
        found = self._alikes.get(end)
        if found is None:
            labels = tuple(sorted(end.labels.items(), key=lambda label: label[0]))
            own = end if self._by_node or not end.is_pod else None
            kind = (end.kind, end.namespace, end.service_account, end.replicated, own, labels)
            found = self._alikes[end] = self._kinds.setdefault(kind, len(self._kinds))
        return found

    def _asked(self, direction: Direction, seen: Seen) -> Asked:
        end = seen.end(direction.subject)
        # where a pod runs is taken from the other end if the two share their node
        beside = seen.end(direction.peer) if self._by_node and seen.flow.own_node else None
        key = (direction, self._alike(end), beside, seen.flow.same, tuple(sorted(seen.reading.items())))
        found = self._selected.get(key)
        if found is None:
            fresh = Seen(seen.flow, seen.reading, seen.inventory, seen.vip)
            asked = tuple(
                tuple(p for p in index.candidates(end) if p in index.by_packet or fresh.holds(p.subject))
                for index in self._halves[direction]
            )
            if len(self._selected) >= _REMEMBERED:
                self._selected.clear()
            found = self._selected[key] = (asked, fresh.touched)
        asked, touched = found
        seen.touched.update(touched)
        if self._by_packet[direction]:
            return tuple(
                tuple(p for p in policies if p not in index.by_packet or seen.holds(p.subject))
                for policies, index in zip(asked, self._halves[direction], strict=True)
            )
        return asked


def matching_rules(asked: tuple[Policy, ...], seen: Seen) -> Iterator[tuple[Policy, Rule]]:
    """The rules that match, with their policies, in the order in which they are asked; LOG rules never speak."""
    for policy in asked:
        for rule in policy.rules:
            if rule.action is not Action.LOG and seen.holds(rule.peer) and seen.holds(rule.traffic):
                yield policy, rule


@dataclass(frozen=True, slots=True)
class _Index:
    """The policies of a tier by the namespace that their subject fixes (None: any).

    `by_packet` are those whose subject looks at more than the endpoint; they are asked anew for each flow.
    """

    tier: Tier
    by_namespace: dict[str | None, tuple[tuple[int, Policy], ...]]
    by_packet: frozenset[Policy]
    only_allows: bool
    by_node: bool

    @classmethod
    def of(cls, tier: Tier, side: Side, before: _Index | None = None) -> _Index:
        """The index of a tier whose policies select on `side`; of those of `before` it may be known that they are plain."""
        by_namespace: dict[str | None, list[tuple[int, Policy]]] = {}
        for number, policy in enumerate(tier.policies):
            by_namespace.setdefault(_namespace_of(policy.subject, side), []).append((number, policy))
        plain: frozenset[Policy] = frozenset()
        if before is not None and before.only_allows and not before.by_packet and not before.by_node:
            plain = frozenset(before.tier.policies)
        others = [policy for policy in tier.policies if policy not in plain]
        return cls(
            tier,
            {name: tuple(found) for name, found in by_namespace.items()},
            frozenset(p for p in others if not _about_the_subject(p.subject)),
            all(map(_only_allows, others)),
            any(_mentions_node(p.subject) for p in others),
        )

    @classmethod
    def after(cls, before: _Index | None, tier: Tier, side: Side) -> _Index:
        """The same, from that of a tier in which other policies stand in some places."""
        if before is None or len(before.tier.policies) != len(tier.policies):
            return cls.of(tier, side, before)
        places = zip(before.tier.policies, tier.policies, strict=True)
        other = [(number, old, new) for number, (old, new) in enumerate(places) if old is not new]
        by_namespace = before.by_namespace.copy()
        for number, old, new in other:
            name = _namespace_of(old.subject, side)
            subjects = (old.subject, new.subject)
            if name != _namespace_of(new.subject, side) or not all(map(_about_the_subject, subjects)):
                return cls.of(tier, side, before)
            if not (before.only_allows and _only_allows(new)) or any(map(_mentions_node, subjects)):
                return cls.of(tier, side, before)
            by_namespace[name] = tuple((n, new if n == number else p) for n, p in by_namespace[name])
        return cls(tier, by_namespace, before.by_packet, before.only_allows, before.by_node)

    def candidates(self, end: Endpoint) -> tuple[Policy, ...]:
        """The policies that may select an endpoint, in their order."""
        found = [*self.by_namespace.get(None, ()), *self.by_namespace.get(end.namespace, ())]
        return tuple(policy for _, policy in sorted(found, key=lambda numbered: numbered[0]))


def _only_allows(policy: Policy) -> bool:
    return all(rule.action in (Action.ALLOW, Action.LOG) for rule in policy.rules)


@cache
def _mentions_node(subject: Pred) -> bool:
    return any(isinstance(atom, NodeIs) for atom in atoms_of(subject))


@cache
def _about_the_subject(subject: Pred) -> bool:
    return all(isinstance(a, _ABOUT_THE_SUBJECT) for a in atoms_of(subject))


@cache
def _namespace_of(subject: Pred, side: Side) -> str | None:
    parts = subject.parts if isinstance(subject, And) else (subject,)
    return next((p.name for p in parts if isinstance(p, NamespaceIs) and p.side is side), None)
