"""Policies that select nobody, policies without which nothing would change, and policies whose rules never decide."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from npverify.analyses.lint.findings import Finding
from npverify.analyses.lint.rule import Context, Rule
from npverify.analyses.policy_sweep import Property
from npverify.analyses.prove_policies import decide_by_solver
from npverify.dialects.lint import About, Reason
from npverify.ingest.fields import nearest
from npverify.normal.policy import Direction, Policy, PolicyId, Tier

_NAMED = 3  # policies that a message names, before it counts the rest


def find_selecting_nothing(context: Context, about: About) -> Iterator[Finding]:
    """Each policy that selects no endpoint of the input."""
    for policy in in_force(context):
        if not context.sweep.selects(policy.id):
            message = f"{policy.id} selects no endpoint of the input, so it has no effect"
            fix = _misspelt(context, policy.id) or "compare its selectors with the labels of the pods, or remove it"
            yield Finding(about, policy.id, policy.span, message, fix)


def _misspelt(context: Context, policy: PolicyId) -> str:
    """What to do where the namespace of a policy has no pods, and nearly the name of one that has; else ""."""
    with_pods = {pod.namespace for pod in context.world.inventory.pods}
    if not policy.namespace or policy.namespace in with_pods:
        return ""
    guess = nearest(policy.namespace, with_pods)
    return f"namespace `{policy.namespace}` has no pods; {guess}" if guess else ""


def redundant(context: Context, about: About) -> frozenset[PolicyId]:
    """The policies that are told to be redundant."""
    if context.redundant is None:
        with context.aside() as notes:
            found = frozenset(_redundant(context, about))
        context.redundant = (found, tuple(notes))
    return context.redundant[0]


def shadowed(context: Context, about: About, policy: PolicyId) -> bool:
    """Whether the rules of a policy are told to decide about no flow."""
    return (
        context.sweep.selects(policy)
        and _has(context, about, policy, "shadowed")
        and not tied(context, policy)
        and not _has(context, about, policy, "redundant")
        and _shadowed_without(context, about, policy, redundant(context, about))
    )


def _shadowed_without(context: Context, about: About, policy: PolicyId, gone: Collection[PolicyId]) -> bool:
    """Whether its rules decide about no flow once the policies that are gone are removed."""
    if context.sweep.beside(policy).isdisjoint(gone):
        return True
    elements = context.rules.elements
    left = {name for name, element in elements.items() if element.owner not in gone}
    rules = [name for name, e in elements.items() if e.owner == policy and e.rule is not None]
    decided: list[bool] = []
    with context.deciding(about, f"whether {policy} is shadowed"):
        decided += (context.rules.holds(name, "removed", left.difference(rules[:n])) for n, name in enumerate(rules))
    return decided == [True] * len(rules)


def _redundant(context: Context, about: About) -> set[PolicyId]:
    sweep = context.sweep
    told: set[PolicyId] = set()
    for policy in (each.id for each in in_force(context)):
        if (
            sweep.selects(policy)
            and not _for_pods_to_come(context, policy, told)
            and _has(context, about, policy, "redundant")
            # it may be needed once those are removed that are told already
            and (told.isdisjoint(sweep.beside(policy)) or sweep.substitutes(policy, told) is not None)
        ):
            told.add(policy)
    return told


def find_redundant(context: Context, about: About) -> Iterator[Finding]:
    """Each policy without which every flow has the same verdict. Of those that make up for each other, all but one are told."""
    sweep = context.sweep
    policies = {policy.id: policy for policy in in_force(context)}
    told = redundant(context, about)
    if context.redundant is not None:
        context.undecided += (note._replace(rule=about) for note in context.redundant[1])
    for policy in sorted(told):
        others = sweep.substitutes(policy, told)
        if others:
            isolate, allow = ("isolates", "allows") if len(others) == 1 else ("isolate", "allow")
            message = f"{policy} changes nothing: {listed(others)} {isolate} the same endpoints and {allow} as much"
            because = [Reason(f"{o} is in force for the same endpoints", o, policies[o].span) for o in others]
        else:
            message = f"{policy} changes nothing: without it every flow has the same verdict"
            because = [
                Reason(
                    "what it says other policies say as well, or the other end of the flow has policies that stop it"
                ),
                *_of_its_rules(context, about, policy, told),
            ]
        fix = "remove it, or change what it selects or allows if it is meant to do more"
        yield Finding(about, policy, policies[policy].span, message, fix, tuple(because), others or ())


def _of_its_rules(context: Context, about: About, policy: PolicyId, told: Collection[PolicyId]) -> Iterator[Reason]:
    """Rules of others that decide what the rules of a policy are about, each once; few, if the sweep finds them."""
    elements = context.rules.elements
    gone = frozenset(name for name, element in elements.items() if element.owner in told or element.owner == policy)
    named: dict[PolicyId, None] = {}
    for name in (name for name, e in elements.items() if e.owner == policy and e.rule is not None):
        # it explains what is told already; where that takes too long it is left out
        with context.aside(), context.deciding(about, f"why {policy} is redundant"):
            if context.rules.selects(name):
                named.update(dict.fromkeys(context.rules.causes(name, "removed", gone - {name}) or ()))
    for cause in named:
        element = elements[cause]
        if element.rule is not None:
            what = f"{cause} is a rule with `{str(element.rule.action).capitalize()}`"
            yield Reason(what, element.owner, element.rule.span or element.policy.span)


def find_shadowed(context: Context, about: About) -> Iterator[Finding]:
    """Each policy with rules that decide about no flow, though the policy by itself changes something."""
    for policy in in_force(context):
        if shadowed(context, about, policy.id):
            message = f"the rules of {policy.id} decide about no flow: all that it does is to isolate what it selects"
            because = (Reason("for each flow that a rule matches, the verdict is the same without the rules"),)
            fix = "compare the peers and ports of its rules with the pods that there are and with the other policies"
            yield Finding(about, policy.id, policy.span, message, fix, because)


def _for_pods_to_come(context: Context, policy: PolicyId, gone: Collection[PolicyId]) -> bool:
    """Whether a policy only isolates, and no other one has the same subject: it is there for endpoints that may come."""
    parts = [place for place in parts_of(context) if place[2].id == policy]
    return not any(part.rules for _, _, part in parts) and not all(
        any(
            (where, tier) == (other, beside) and each.subject is part.subject and each.id not in (policy, *gone)
            for other, beside, each in parts_of(context)
        )
        for where, tier, part in parts
    )


def tied(context: Context, policy: PolicyId) -> bool:
    """Whether the name of a policy decides when it is asked: NPL101 tells what comes of it."""
    parts = parts_of(context)
    own = [(tier, part) for _, tier, part in parts if part.id == policy and part.order is not None]
    return any(
        tier is beside and each.order == part.order and {r.action for r in each.rules} != {r.action for r in part.rules}
        for tier, part in own
        for _, beside, each in parts
        if each.id != policy
    )


def parts_of(context: Context) -> list[tuple[Direction, Tier, Policy]]:
    policies = context.world.policies
    return [(d, tier, policy) for d in Direction for tier in policies.half(d).tiers for policy in tier.policies]


def _has(context: Context, about: About, policy: PolicyId, asked: Property) -> bool:
    """Whether a policy has the property under every reading; where sets do not tell, the solver does."""
    context.go_on()
    holds = context.sweep.holds(policy, asked)
    if holds is None and not (context.sweep.depends(policy, asked) or context.sweep.matters_by_default(policy, asked)):
        with context.deciding(about, f"whether {policy} is {asked}"):
            return decide_by_solver(context.engine, policy, asked, want=True).holds
    return bool(holds)


def in_force(context: Context) -> Sequence[Policy]:
    """One part of each policy that is in force, by its name."""
    parts = {policy.id: policy for _, _, policy in parts_of(context)}
    return [parts[id_] for id_ in sorted(parts)]


def listed(policies: Sequence[PolicyId]) -> str:
    names = [str(policy) for policy in policies[:_NAMED]]
    if more := len(policies) - len(names):
        names.append(f"{more} more")
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


_DENY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress]
"""

_API = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: %s}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: %s}}}]
    ports: [{port: 8080}]
"""

_WIDE = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: from-shop, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  ingress:
  - from: [{podSelector: {}}]
    ports: [{port: %s}]
"""

RULES = (
    Rule(
        About(
            "NPL132",
            "selects-nothing",
            "warning",
            "A policy selects no endpoint of the input.",
            "A label that is misspelled leaves the pods open that the policy is meant to protect. Labels that are not known count "
            "as any. Where the manifests of some workloads are not given, it says only that.",
            fires=_DENY + _API % ("apl", "web"),
            silent=_DENY + _API % ("api", "web"),
            needs_pods=True,
        ),
        find_selecting_nothing,
    ),
    Rule(
        About(
            "NPL133",
            "redundant-policy",
            "info",
            "A policy changes nothing: without it every flow has the same verdict.",
            "Others select the same endpoints and allow as much, or the other end of each flow that it allows stops it. It is so "
            "whatever the plugin leaves open. Of policies that make up for each other, one is not told, and a policy that only "
            "isolates is told only beside one with the same selector: else it is there for pods to come. Decided as `policy P is redundant`.",
            fires=_DENY + _API % ("api", "web") + _WIDE % 8080,
            silent=_DENY + _API % ("api", "web") + _WIDE % 8081,
            needs_pods=True,
        ),
        find_redundant,
    ),
    Rule(
        About(
            "NPL134",
            "shadowed-policy",
            "warning",
            "A policy has rules, and they decide about no flow.",
            "It isolates what it selects, but each flow that its rules match is decided the same without them: their peers are nobody, "
            "or other policies are asked first. Decided as `policy P is shadowed`; a policy that changes nothing at all is NPL133.",
            fires=_API % ("api", "wep"),
            silent=_API % ("api", "web"),
            needs_pods=True,
        ),
        find_shadowed,
    ),
)
