"""Two tiers of one order whose places decide flows.

As with policies: two tiers are in conflict if the verdict on some flow changes when the later one is asked directly before
the earlier one instead of directly behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, groupby

from npverify.analyses.changes import ChangedFlow, differ
from npverify.analyses.lint.edits import changed_flow
from npverify.analyses.lint.findings import Finding
from npverify.analyses.lint.places import number, ties
from npverify.analyses.lint.rule import Context, Rule
from npverify.dialects.lint import About, Reason
from npverify.normal import policy as p
from npverify.normal.predicates import TRUE
from npverify.reduction.judge import Entry, Signature


def find(context: Context, about: About) -> Iterator[Finding]:
    """Each pair of tiers of one order that is in conflict, with the first flow that shows it."""
    told: set[tuple[str, str]] = set()
    for direction in p.Direction:
        for stage in context.world.policies.half(direction).stages:
            for first, second in chain.from_iterable(combinations(run, 2) for run in ties(stage.tiers)):
                pair = (first.name, second.name)
                if pair not in told and any(name in context.facts.tiers for name in pair):
                    with context.deciding(about, f"tiers {first.name} and {second.name}"):
                        found = _conflict(context, direction, stage, first, second)
                        if found is not None:
                            told.add(pair)
                            yield _finding(context, about, first, second, found)


def _conflict(
    context: Context, direction: p.Direction, stage: p.Stage, first: p.Tier, second: p.Tier
) -> ChangedFlow | None:
    classes = [context.any_of(tier.policies) for tier in (first, second)]
    if not classes[0] & classes[1]:
        return None
    rest = [tier for tier in stage.tiers if tier is not second]
    at = rest.index(first)
    behind, before = (_Sequence(stage, (*rest[: at + n], second, *rest[at + n :])) for n in (1, 0))
    return changed_flow(
        context.engine,
        direction,
        classes[0] & classes[1],
        (behind, before),
        lambda said: differ(said[1], said[2]),
        before,
    )


@dataclass(frozen=True)
class _Sequence:
    """The tiers of a stage in another sequence: an edit."""

    stage: p.Stage
    tiers: tuple[p.Tier, ...]

    def of_set(self, policies: p.PolicySet, direction: p.Direction) -> p.PolicySet:
        """The set with the tiers in that sequence."""
        stages = (
            replace(stage, tiers=self.tiers) if stage is self.stage else stage
            for stage in policies.half(direction).stages
        )
        return policies.with_half(direction, p.Half(tuple(stages)))

    def of_signature(self, signature: Signature) -> Signature:
        """The signature as it is in that set. What a tier does with flows that no rule matches becomes a rule of its own,
        since a signature has only the number of the tier."""
        places = {policy: n for n, tier in enumerate(self.tiers) for policy in tier.policies}
        found: list[Entry] = []
        for _, stage in groupby(signature, key=lambda entry: entry.stage):
            entries = list(stage)
            if entries[0].policy in places:
                moved = [entry._replace(tier=places[entry.policy]) for entry in entries]
                entries = list(self._closed(sorted(moved, key=lambda entry: entry.tier)))
            found += entries
        return tuple(found)

    def _closed(self, entries: Sequence[Entry]) -> Iterator[Entry]:
        for number_of_tier, group in groupby(entries, key=lambda entry: entry.tier):
            own = list(group)
            yield from own
            last = p.Rule(self.tiers[number_of_tier].no_match, TRUE, TRUE, "")
            yield from (entry._replace(rules=(last,)) for entry in own)


def _finding(context: Context, about: About, first: p.Tier, second: p.Tier, found: ChangedFlow) -> Finding:
    now, then = ("allowed", "denied") if found.shown.verdict.allowed else ("denied", "allowed")
    order = number(first.order)
    one = "have no order" if order == "none" else f"have the same order, {order},"
    message = f"the tiers `{first.name}` and `{second.name}` {one} and which of the two is asked first decides flows"
    known = [context.facts.tiers[tier.name] for tier in (second, first) if tier.name in context.facts.tiers]
    because = Reason(
        f"`{first.name}` is asked first, by its name, so the flow below is {now}; behind `{second.name}` it would be {then}",
        *known[-1],
    )
    fix = "give the tiers different orders; the one that is meant to be asked first, the lower one"
    policy, span = known[0]
    return Finding(about, policy, span, message, fix, (because,), tuple(id_ for id_, _ in known[1:]), found.shown)


RULE = Rule(
    About(
        "NPL102",
        "equal-tier-order",
        "error",
        "Two tiers have the same order and disagree, so their names decide which is asked first.",
        "Tiers without `order` are equal too, behind all others, and so behind the tier `default`. Decided as for policies.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: platform}
spec: {order: 100}
---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: security}
spec: {order: 100}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: platform.web}
spec:
  tier: platform
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Allow
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: security.no-partner}
spec:
  tier: security
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Deny
    destination: {nets: [203.0.113.0/24]}
  - action: Pass
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: platform}
spec: {order: 100}
---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: security}
spec: {order: 100}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: platform.api}
spec:
  tier: platform
  selector: app == 'api'
  types: [Egress]
  egress:
  - action: Allow
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: security.no-partner}
spec:
  tier: security
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Deny
    destination: {nets: [203.0.113.0/24]}
  - action: Pass
""",
        needs_pods=True,
    ),
    find,
)
