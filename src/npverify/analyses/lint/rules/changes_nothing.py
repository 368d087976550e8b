"""Policies that select nobody, policies without which nothing would change, and policies whose rules never decide."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from npverify.analyses.lint.findings import Finding
from npverify.analyses.lint.rule import Context, Rule
from npverify.analyses.policy_sweep import Property
from npverify.analyses.prove_policies import decide_by_solver
from npverify.analyses.rule_sweep import Asked
from npverify.dialects.lint import About, Reason
from npverify.ingest.fields import nearest
from npverify.normal.policy import Policy, PolicyId

_NAMED = 3  # policies that a message names, before it counts the rest
_LOOKED_AT = 200  # policies among which the reasons of one finding are looked for


def find_selecting_nothing(context: Context, about: About) -> Iterator[Finding]:
    """Each policy that selects no endpoint of the input."""
    for policy in in_force(context):
        if not context.sweep.selects(policy.id):
            message = f"{policy.id} selects no endpoint of the input, so it has no effect"
            fix = _misspelt(context, policy.id) or "compare its selectors with the labels of the pods, or remove it"
            yield Finding(about, policy.id, policy.span, message, fix)


def _misspelt(context: Context, policy: PolicyId) -> str:
    """What to do where the namespace of a policy has no pods, and nearly the name of one that has; else ""."""
    if not policy.namespace or policy.namespace in context.with_pods:
        return ""
    guess = nearest(policy.namespace, context.with_pods)
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
        # the last one first: what it decides, none before it does, so step by step is as all at once
        decided += (
            context.rules.holds(name, "removed", left.difference(rules[n:]))
            for n, name in reversed([*enumerate(rules)])
        )
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
        causes = _few(context, about, policy, "redundant", told, others)
        causes = others if causes is None else causes
        if causes and causes == others:
            isolate, allow = ("isolates", "allows") if len(causes) == 1 else ("isolate", "allow")
            message = f"{policy} changes nothing: {listed(causes)} {isolate} the same endpoints and {allow} as much"
        else:
            message = f"{policy} changes nothing: without it every flow has the same verdict"
        rules = [] if causes is not None and causes == others else [*_of_its_rules(context, about, policy, told)]
        because = [_SOMEHOW, *rules] if causes is None else []
        for cause in causes or ():
            of_it = [rule for rule in rules if rule.policy == cause]
            because += of_it or [_reason(context, policy, policies[cause])]
        wide = f"; or narrow {listed(causes)}, if more is open than is meant" if causes and causes == others else ""
        fix = f"remove it, or change what it selects or allows if it is meant to do more{wide}"
        yield Finding(about, policy, policies[policy].span, message, fix, tuple(because) or (_ALONE,), causes or ())


_ALONE = Reason("it is so of the policy alone: it stops nothing, or what it stops cannot be")
_SOMEHOW = Reason("what it says other policies say as well, or the other end of the flow has policies that stop it")


_NO_FLOW = Reason("it is so of the policy alone: its rules match no flow, or say what is said where none matches")
_AS_WITHOUT = Reason("for each flow that a rule matches, the verdict is the same without the rules")


def _reason(context: Context, policy: PolicyId, cause: Policy) -> Reason:
    same = cause.id in context.sweep.beside(policy)
    what = "is in force for the same endpoints" if same else "decides at the other end of the flows"
    return Reason(f"{cause.id} {what}", cause.id, cause.span)


def _few(
    context: Context,
    about: About,
    policy: PolicyId,
    asked: Property,
    gone: frozenset[PolicyId],
    known: Sequence[PolicyId] | None = None,
) -> tuple[PolicyId, ...] | None:
    """As few policies, none of those that are gone, as make it so of one: beside them it is so, and not beside all of them
    but one. None: they were not found."""
    causes: list[tuple[PolicyId, ...] | None] = []
    with context.aside(), context.deciding(about, f"why {policy} is {asked}"):
        for found in _likely(context, policy, asked, gone) if known is None else (known,):
            if len(found) <= _LOOKED_AT and causes in ([], [None]):
                causes = [context.few.fewest(policy, asked, found)]
    return causes[0] if causes else None


def _likely(context: Context, policy: PolicyId, asked: Property, gone: frozenset[PolicyId]) -> Iterator[list[PolicyId]]:
    """Policies, none of those that are gone, among which the reasons are probably; the better ones last."""
    rules = context.rules
    gone_too = context.elements_of_all(gone)
    by_rules: Asked = "answered" if asked == "redundant" else "removed"
    names = [
        name for name in context.elements_of[policy] if rules.elements[name].rule is not None and rules.selects(name)
    ]
    causes = {rules.elements[c].owner for name in names for c in rules.causes(name, by_rules, gone_too) or ()}
    first = [*sorted(context.sweep.beside(policy).difference(gone, causes)), *sorted(causes - {policy})]
    yield first
    known = {policy, *gone, *first}
    yield [each.id for each in in_force(context) if each.id not in known] + first


def _of_its_rules(context: Context, about: About, policy: PolicyId, told: frozenset[PolicyId]) -> Iterator[Reason]:
    """Rules of others that decide what the rules of a policy are about, each once; few, if the sweep finds them."""
    elements, of = context.rules.elements, context.elements_of
    gone = context.elements_of_all(told).union(of.get(policy, ()))
    named: dict[PolicyId, None] = {}
    for name in (name for name in of.get(policy, ()) if elements[name].rule is not None):
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
    policies = {policy.id: policy for policy in in_force(context)}
    for policy in policies.values():
        if shadowed(context, about, policy.id):
            message = f"the rules of {policy.id} decide about no flow: all that it does is to isolate what it selects"
            causes = _few(context, about, policy.id, "shadowed", redundant(context, about))
            because = tuple(_reason(context, policy.id, policies[cause]) for cause in causes or ())
            known = because or (_NO_FLOW if causes == () else _AS_WITHOUT,)
            fix = "compare the peers and ports of its rules with the pods that there are and with the other policies"
            yield Finding(about, policy.id, policy.span, message, fix, known, causes or ())


def _for_pods_to_come(context: Context, policy: PolicyId, gone: Collection[PolicyId]) -> bool:
    """Whether a policy only isolates, and no other one has the same subject: it is there for endpoints that may come."""
    parts = context.parts_of.get(policy, ())
    return not any(part.rules for _, _, part in parts) and not all(
        any(
            tier is beside and each.id != policy and each.id not in gone
            for beside, each in context.of_subject.get((where, part.subject), ())
        )
        for where, tier, part in parts
    )


def tied(context: Context, policy: PolicyId) -> bool:
    """Whether the name of a policy decides when it is asked: NPL101 tells what comes of it."""
    own = [(tier, part) for _, tier, part in context.parts_of.get(policy, ()) if part.order is not None]
    return bool(own) and any(
        tier is beside and each.order == part.order and {r.action for r in each.rules} != {r.action for r in part.rules}
        for tier, part in own
        for places in context.parts_of.values()
        for _, beside, each in places
        if each.id != policy
    )


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
    return context.in_force


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
            "isolates is told only beside one with the same selector: else it is there for pods to come. The policies that are named "
            "are as few as can be: beside them alone it is so, and not once any of them is left out. Decided as `policy P is redundant`.",
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
            "or other policies are asked first; these are named, as few as make it so. Decided as `policy P is shadowed`; a policy "
            "that changes nothing at all is NPL133.",
            fires=_API % ("api", "wep"),
            silent=_API % ("api", "web"),
            needs_pods=True,
        ),
        find_shadowed,
    ),
)
