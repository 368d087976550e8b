"""Policies on their way into tiers: each with the tier that it names and its place there."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from npverify.dialects.calico import resources as r
from npverify.dialects.calico.order import DEFAULT, NATIVE_ORDER, Place, place
from npverify.dialects.calico.rules import RuleLowering
from npverify.normal.policy import Action, Direction, Policy, Tier
from npverify.normal.predicates import FALSE, Pred


class Entry(NamedTuple):
    """A policy of one direction with its place."""

    tier: str
    place: Place
    policy: Policy


@dataclass(frozen=True, slots=True)
class Entries:
    """Makes entries of policies of one version of Calico."""

    rules: RuleLowering
    version: tuple[int, int]

    def of(self, policy: r.Policy, about: Direction, half: Direction, subject: Pred) -> Entry:
        """What a policy says about one direction, for a stage of a half; nothing where its `types` leave that out."""
        written = policy.rules.get(about, ())
        if about in policy.types:
            self.rules.warn_of_http(written, str(policy.id))
        rules = self.rules.lower(written, policy.id.namespace, half)
        subject = subject if about in policy.types else FALSE
        lowered = Policy(policy.id, subject, rules, policy.span, _number(policy.order))
        return Entry(policy.tier, place(policy.id, policy.order, policy.tier, self.version), lowered)

    def of_native(self, policy: Policy) -> Entry:
        """A NetworkPolicy of Kubernetes, which its own dialect has lowered."""
        placed = place(policy.id, NATIVE_ORDER, DEFAULT, self.version)
        rules = tuple(map(self.rules.as_read, policy.rules))
        return Entry(DEFAULT, placed, replace(policy, rules=rules, order=NATIVE_ORDER))


def in_tiers(tiers: Iterable[r.Tier], entries: Iterable[Entry]) -> tuple[Tier, ...]:
    """The tiers that have policies, with these in order."""
    by_tier: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.policy.subject is not FALSE:
            by_tier.setdefault(entry.tier, []).append(entry)
    found = []
    for tier in tiers:
        if own := sorted(by_tier.get(tier.name, ()), key=lambda e: e.place):
            found.append(Tier(tier.name, tuple(e.policy for e in own), tier.default_action, _number(tier.order)))
    return tuple(found)


def _number(order: float | None) -> float:
    """An order that is left out stands behind every number: felix/calc/policy_sorter.go."""
    return math.inf if order is None else order


def passing(tiers: Iterable[r.Tier]) -> tuple[r.Tier, ...]:
    """The tiers of policies that are asked beside the normal ones: what they do not match goes on."""
    return tuple(tier._replace(default_action=Action.PASS) for tier in tiers)


def normal(policy: r.Policy) -> bool:
    """Neither for untracked traffic nor before translation: such policies have no effect on pods and on local traffic."""
    return not (policy.do_not_track or policy.pre_dnat)
