"""Two policies of one order whose places decide flows.

Of policies with one order the plugin asks that first whose name comes first, or whose key does: nobody meant to say that.
Two are in conflict if the verdict on some flow changes when the later one is asked directly before the earlier one instead
of directly behind it; the others of the tier keep their places.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, combinations, combinations_with_replacement, groupby, product

from npverify.analyses.changes import ChangedFlow, differ
from npverify.analyses.lint.edits import Edit, changed_flow
from npverify.analyses.lint.findings import Finding
from npverify.analyses.lint.places import Place, number, places, ties
from npverify.analyses.lint.rule import Context, Rule
from npverify.dialects.lint import About, Reason, TieBreak
from npverify.normal.policy import Action, Direction, Half, Policy, PolicyId, PolicySet, Tier
from npverify.oracle import Oracle


def find(context: Context, about: About) -> Iterator[Finding]:
    """Each pair of policies of one order that is in conflict, with the first flow that shows it."""
    told: set[tuple[PolicyId, PolicyId]] = set()
    for place in places(context.world.policies):
        for first, second in chain.from_iterable(map(_that_may_disagree, ties(place.tier.policies))):
            pair = (first.id, second.id)
            if pair in told:
                continue
            with context.deciding(about, f"{first.id} and {second.id}"):
                found = conflict(context, place, first, second)
                if found is not None:
                    told.add(pair)
                    yield _finding(context, about, place, (first, second), found)


def conflict(context: Context, place: Place, first: Policy, second: Policy) -> ChangedFlow | None:
    """A flow whose verdict changes with the order of the two."""
    classes = context.selected(first, second)
    if not classes:
        return None
    behind, before = _moved(place.tier, first, second)
    return changed_flow(
        context.engine, place.direction, classes, (behind, before), lambda said: differ(said[1], said[2]), before
    )


def _moved(tier: Tier, first: Policy, second: Policy) -> tuple[Edit, Edit]:
    """The second policy directly behind the first one, and directly before it."""
    rest = [policy for policy in tier.policies if policy is not second]
    at = rest.index(first)
    orders = ([*rest[: at + n], second, *rest[at + n :]] for n in (1, 0))
    behind, before = (Edit(order={policy: n for n, policy in enumerate(order)}) for order in orders)
    return behind, before


def _that_may_disagree(run: tuple[Policy, ...]) -> list[tuple[Policy, Policy]]:
    """The pairs of a run whose rules have different actions, in order. Of the thousands of policies that only allow, as those
    of Kubernetes do, no pair is made."""
    by_actions: dict[frozenset[Action], list[int]] = {}
    for n, policy in enumerate(run):
        if actions := frozenset(rule.action for rule in policy.rules) - {Action.LOG}:
            by_actions.setdefault(actions, []).append(n)
    pairs: list[tuple[int, int]] = []
    for one, other in combinations_with_replacement(by_actions, 2):
        if one is other and len(one) > 1:
            pairs += combinations(by_actions[one], 2)
        elif one is not other:
            pairs += ((min(p), max(p)) for p in product(by_actions[one], by_actions[other]))
    return [(run[first], run[second]) for first, second in sorted(pairs)]


def _finding(context: Context, about: About, place: Place, pair: tuple[Policy, Policy], found: ChangedFlow) -> Finding:
    first, second = pair
    now, then = ("allowed", "denied") if found.shown.verdict.allowed else ("denied", "allowed")
    order = number(first.order)
    one = "have no order" if order == "none" else f"have the same order, {order},"
    message = f"{first.id} and {second.id} {one} in the tier `{place.tier.name}`, and which of the two is asked first decides flows"
    version = context.facts.version
    asks = f"{version} asks {first.id} first" if version else f"{first.id} is asked first"
    told = f"{asks}, so the flow below is {now}; if {second.id} were first it would be {then}"
    if context.facts.no_order:
        told = f"either may be asked first: with {first.id} the flow below is {now}, with {second.id} it is {then}"
    because = [
        Reason(told, first.id, first.span),
        *(_under(context, other, pair, found) for other in context.facts.others if _ranked(other, pair)),
    ]
    lower = "an order" if order == "none" else f"an order below {order}"
    fix = f"give {second.id} {lower} if the flow is meant to be {then}, else give {first.id} one"
    return Finding(about, second.id, second.span, message, fix, tuple(because), (first.id,), found.shown)


def _ranked(other: TieBreak, pair: tuple[Policy, Policy]) -> bool:
    return all(policy.id in other.rank for policy in pair)


def _under(context: Context, other: TieBreak, pair: tuple[Policy, Policy], found: ChangedFlow) -> Reason:
    """What another version makes of it."""
    first, second = pair
    if other.rank[first.id] < other.rank[second.id]:
        return Reason(f"{other.version} asks them in the same order")
    oracle = Oracle(as_under(context.world.policies, other), context.world.inventory)
    allowed = oracle.decide(found.shown.flow, found.reading).allowed
    verdict = "allowed" if allowed else "denied"
    same = allowed is found.shown.verdict.allowed
    tail = "all the same" if same else "so a change of version changes the verdict"
    return Reason(
        f"{other.version} asks {second.id} first, and the flow is {verdict} there: {tail}", second.id, second.span
    )


def as_under(policies: PolicySet, other: TieBreak) -> PolicySet:
    """The policies in the order that another version has them in; those that it does not know keep their places."""

    def tier(old: Tier) -> Tier:
        found: list[Policy] = []
        for order, run in groupby(old.policies, key=lambda policy: policy.order):
            listed = list(run)
            known = order is not None and all(policy.id in other.rank for policy in listed)
            found += sorted(listed, key=lambda policy: other.rank[policy.id]) if known else listed
        return replace(old, policies=tuple(found))

    def half(direction: Direction) -> Half:
        stages = policies.half(direction).stages
        return Half(tuple(replace(stage, tiers=tuple(map(tier, stage.tiers))) for stage in stages))

    return replace(policies, egress=half(Direction.EGRESS), ingress=half(Direction.INGRESS))


RULE = Rule(
    About(
        "NPL101",
        "equal-order",
        "error",
        "Two policies of one tier have the same order and disagree, so their names decide which of them wins.",
        "Calico 3.32 asks that policy first whose name sorts first (`allow-dns` before `allow`); up to 3.31 the key of the "
        "backend decided (`allow` before `allow-dns`), so an upgrade can change a verdict. Policies without `order` are equal "
        "too, behind all others. The solver compares both orders of the two for every flow of every endpoint that both "
        "select; the flow that is shown is confirmed by a second reading of the policies.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: partner-access}
spec:
  order: 100
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Allow
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: security-block-external}
spec:
  order: 100
  selector: all()
  types: [Egress]
  egress:
  - action: Deny
    destination: {nets: [203.0.113.0/24]}
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: partner-access}
spec:
  order: 100
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Allow
    destination: {nets: [198.51.100.0/24]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: security-block-external}
spec:
  order: 100
  selector: all()
  types: [Egress]
  egress:
  - action: Deny
    destination: {nets: [203.0.113.0/24]}
""",
        needs_pods=True,
    ),
    find,
)
