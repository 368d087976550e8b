"""What was edited between two versions: policies in what they say, and endpoints in what policies can see of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from npverify.analyses.diff.results import Cause
from npverify.analyses.world import World
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.inventory.unknowns import Unknown
from npverify.normal.policy import Direction, Policy, PolicyId, PolicySet, Rule
from npverify.normal.predicates import Pred
from npverify.reduction.twins import Twin

NEW, CHANGED, REMOVED = "new", "changed", "removed"


class Edits:
    """The edits between two worlds. Guards what each policy says in both."""

    def __init__(self, old: World, new: World) -> None:
        self.worlds = (old, new)
        self._said = tuple(_said(world.policies) for world in self.worlds)
        self._rules = tuple(_rules(world.policies) for world in self.worlds)
        self._subjects = tuple(_subjects(world.policies) for world in self.worlds)
        self._places = tuple(_places(world.policies) for world in self.worlds)
        self._defined = (set(old.defined), set(new.defined))

    def status(self, policy: PolicyId) -> str:
        """`new`, `changed` or `removed`; "" where the policy says the same in both versions."""
        there = [policy in defined or policy in said for defined, said in zip(self._defined, self._said, strict=True)]
        if there == [False, True]:
            return NEW
        if there == [True, False]:
            return REMOVED
        return "" if self._said[0].get(policy) == self._said[1].get(policy) else CHANGED

    def policies(self, status: str) -> tuple[PolicyId, ...]:
        """The policies of that status, sorted."""
        every = {*self._said[0], *self._said[1], *self._defined[0], *self._defined[1]}
        return tuple(sorted(policy for policy in every if self.status(policy) == status))

    def of_policy(self, policy: Policy, rule: Rule | None, w: int) -> Cause | None:
        """The edit of a policy that one version asked; None if it was not edited."""
        status = self.status(policy.id)
        if not status:
            return None
        if status == CHANGED and rule is not None and self._has_rule(1 - w, policy.id, rule):
            return None  # what was changed is another part of it
        if status == CHANGED and rule is None and policy.subject in self._subjects[1 - w].get(policy.id, ()):
            return None  # it selects as it did
        span = (rule.span if rule is not None and rule.span else policy.span) or self.worlds[w].defined.get(policy.id)
        if status == CHANGED and w == 0:
            return Cause(policy.id, str(policy.id), status, self.worlds[1].defined.get(policy.id), span)
        return Cause(policy.id, str(policy.id), status, span)

    def of_twin(self, twin: Twin) -> Iterator[Cause]:
        """What is different about an endpoint, as far as policies can see it."""
        old, new = twin.sides
        if twin.either is EXTERNAL:
            return
        if old is None or new is None:
            here = new or old
            status = REMOVED if new is None else NEW
            yield Cause(None, _named(here), status, here.span if here is not None else None)
            return
        name, span = _named(new), new.span or old.span
        labels, at_run_time = _labels(old.labels, new.labels)
        if labels:
            yield Cause(None, name, f"relabelled: {labels}", span)
        if old.service_account != new.service_account:
            yield Cause(None, name, f"service account {old.service_account} → {new.service_account}", span)
        if _named_ports(old) != _named_ports(new):
            yield Cause(None, name, "other container ports", span)
        if (old.address_known, set(old.addresses)) != (new.address_known, set(new.addresses)):
            yield Cause(None, name, "another address", span)
        if old.kind is not new.kind:
            yield Cause(None, name, f"{old.kind} → {new.kind}", span)
        if old.node != new.node:
            yield Cause(None, name, "another node", span)
        yield from self._of_namespace(new.namespace)
        if at_run_time and _without(old, at_run_time) == _without(new, at_run_time):
            yield Cause(None, name, f"relabelled: {', '.join(at_run_time)}, which is set at run time", span)

    def of_settings(self) -> Iterator[Cause]:
        """That the versions are judged under other settings, or have other tiers or host endpoints; else the policies that
        are asked before or behind others now."""
        old, new = (world.policies for world in self.worlds)
        if (old.profile, old.settings, old.fixed) != (new.profile, new.settings, new.fixed):
            yield Cause(None, "the network plugin or its settings", CHANGED)
        elif any(_tiers(old, d) != _tiers(new, d) for d in Direction):
            yield Cause(None, "the order or settings of tiers", CHANGED)
        elif any(_stages(old, d) != _stages(new, d) for d in Direction):
            yield Cause(None, "the host endpoints", CHANGED)
        else:
            yield from self._moved()

    def _moved(self) -> Iterator[Cause]:
        """The policies with another order or tier."""
        old, new = self._places
        for policy in sorted(old.keys() & new.keys()):
            if old[policy] != new[policy]:
                span, before = (world.defined.get(policy) for world in reversed(self.worlds))
                yield Cause(policy, str(policy), CHANGED, span, before)

    def _of_namespace(self, name: str) -> Iterator[Cause]:
        old, new = (world.inventory.namespaces.get(name) for world in self.worlds)
        if old is None or new is None or old.labels == new.labels:
            return
        yield Cause(
            None, f"namespace {name}", f"relabelled: {_labels(old.labels, new.labels)[0]}", new.span or old.span
        )

    def _has_rule(self, w: int, policy: PolicyId, rule: Rule) -> bool:
        return (rule.action, rule.peer, rule.traffic) in self._rules[w].get(policy, ())


def _said(policies: PolicySet) -> dict[PolicyId, list[object]]:
    """What each policy says, wherever it is asked."""
    found: dict[PolicyId, list[object]] = {}
    for direction in Direction:
        for stage in policies.half(direction).stages:
            for tier in stage.tiers:
                for policy in tier.policies:
                    rules = tuple((rule.action, rule.peer, rule.traffic) for rule in policy.rules)
                    found.setdefault(policy.id, []).append(
                        (direction, stage.name, tier.name, policy.order, policy.subject, rules)
                    )
    return found


def _rules(policies: PolicySet) -> dict[PolicyId, set[object]]:
    found: dict[PolicyId, set[object]] = {}
    for direction in Direction:
        for tier in policies.half(direction).tiers:
            for policy in tier.policies:
                found.setdefault(policy.id, set()).update((r.action, r.peer, r.traffic) for r in policy.rules)
    return found


def _subjects(policies: PolicySet) -> dict[PolicyId, set[Pred]]:
    found: dict[PolicyId, set[Pred]] = {}
    for direction in Direction:
        for tier in policies.half(direction).tiers:
            for policy in tier.policies:
                found.setdefault(policy.id, set()).add(policy.subject)
    return found


def _places(policies: PolicySet) -> dict[PolicyId, set[object]]:
    """Where each policy is asked."""
    found: dict[PolicyId, set[object]] = {}
    for direction in Direction:
        for stage in policies.half(direction).stages:
            for tier in stage.tiers:
                for policy in tier.policies:
                    found.setdefault(policy.id, set()).add((direction, stage.name, tier.name, policy.order))
    return found


def _tiers(policies: PolicySet, direction: Direction) -> set[object]:
    stages = policies.half(direction).stages
    return {(tier.name, tier.order, tier.no_match) for stage in stages for tier in stage.tiers}


def _stages(policies: PolicySet, direction: Direction) -> list[object]:
    """The stages that judge, and whom; beside the one for pods they are those of host endpoints."""
    return [(stage.name, stage.final, stage.applies) for stage in policies.half(direction).stages]


def _named(end: Endpoint | None) -> str:
    if end is None:
        return ""
    kind = "" if end.is_node else f"{(end.workload.kind if end.workload else 'Pod')} "
    return f"{kind}{end}"


def _named_ports(end: Endpoint) -> list[tuple[str, str, int]]:
    return sorted((p.name, p.protocol, p.number) for p in end.ports if p.name)


def _without(end: Endpoint, keys: Sequence[str]) -> object:
    """What policies see of an endpoint beside some labels."""
    labels = sorted((key, value) for key, value in end.labels.items() if isinstance(value, str) and key not in keys)
    return labels, end.service_account, _named_ports(end), end.address_known, set(end.addresses), end.kind, end.node


def _labels(old: Mapping[str, str | Unknown], new: Mapping[str, str | Unknown]) -> tuple[str, list[str]]:
    """Which labels are different: `app=web → app=api, +tier=x`; and those that one side only knows at run time."""
    told: list[str] = []
    at_run_time: list[str] = []
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if isinstance(before, Unknown) or isinstance(after, Unknown):
            at_run_time.append(key)
        elif before is None:
            told.append(f"+{key}={after}")
        elif after is None:
            told.append(f"-{key}={before}")
        else:
            told.append(f"{key}={before} → {after}")
    return ", ".join(told), at_run_time
