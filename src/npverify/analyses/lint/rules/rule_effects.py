"""Rules that decide nothing, rules without which nothing would change, and those of which another one says as much.

A larger thing is told before a smaller: of a policy that is told to be redundant (NPL133) or whose rules decide nothing
(NPL134) the single rules are not looked at, nor those whose peers are nobody, which other rules of lint tell. What is told to
be superfluous is left out of the reasons for the rest, so that all of it may be removed at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from npverify.analyses.elements import Effect, Element, Kind
from npverify.analyses.lint.findings import Finding
from npverify.analyses.lint.rule import Context, Rule
from npverify.analyses.lint.rules.changes_nothing import in_force, listed, redundant, shadowed, tied
from npverify.analyses.lint.rules.rule_effects_examples import COVERED, REDUNDANT, SHADOWED, UNANSWERED
from npverify.analyses.open_world import implies
from npverify.analyses.rule_sweep import Asked
from npverify.dialects.lint import About, Reason
from npverify.normal.policy import Action, PolicyId
from npverify.normal.predicates import TRUE, Pred, and_


def effects(context: Context, about: About) -> tuple[Effect, ...]:
    """The rules of which something is told; each once."""
    if context.effects is None:
        with context.aside() as notes:
            found = tuple(_effects(context, about))
        context.effects = (found, tuple(notes))
    return context.effects[0]


def _effects(context: Context, about: About) -> Iterator[Effect]:
    rules = context.rules
    by_policy: dict[PolicyId, list[PolicyId]] = {}
    for name, element in rules.elements.items():
        if element.rule is not None and element.rule.action is not Action.LOG:
            by_policy.setdefault(element.owner, []).append(name)
    whole = redundant(context, about)
    gone = {name for name, element in rules.elements.items() if element.owner in whole}
    asked: list[PolicyId] = []
    for policy in (each.id for each in in_force(context)):
        if policy not in whole and policy in by_policy and rules.selects(policy):
            with context.aside():
                idle = shadowed(context, about, policy)
            if idle:
                gone.update(by_policy[policy])
            else:
                asked += reversed(by_policy[policy])  # of two that say the same the later one is told
    left_out = frozenset(gone)
    for looked_for in (_covered, _effect):  # what holds for any pods is told before what holds for those that there are
        for name in asked:
            context.go_on()
            if name not in gone:
                with context.deciding(about, f"what {name} changes"):
                    found = looked_for(context, name, left_out)
                    if found is not None:
                        gone.add(name)
                        left_out = frozenset(gone)
                        yield found


def _covered(context: Context, name: PolicyId, gone: frozenset[PolicyId]) -> Effect | None:
    rules = context.rules
    if not rules.only_allows(name) or not _holds(context, name, "removed") or rules.holds(name, "removed", ()):
        return None
    covering = _implied(context, name, rules.covering(name, gone))
    return Effect(name, "covered", (covering,)) if covering else None


def _effect(context: Context, name: PolicyId, gone: frozenset[PolicyId]) -> Effect | None:
    rules = context.rules
    rule = _element(context, name).rule
    if rule is None:
        return None
    if _holds(context, name, "removed"):
        found = _in_its_direction(context, name, rule.action, gone)
        if found is not None or rules.holds(name, "removed", ()):
            return found  # by itself it matches nothing, or says what is said anyway where no rule matches
    if rule.action is Action.ALLOW and _holds(context, name, "answered"):
        causes = rules.causes(name, "answered", gone)
        owner = (_element(context, name).owner,)  # its own policy isolates the other ends too
        return None if causes is None else Effect(name, "unanswered", causes or owner)
    return None


def _in_its_direction(context: Context, name: PolicyId, action: Action, gone: frozenset[PolicyId]) -> Effect | None:
    rules = context.rules
    asked: Asked = "removed" if rules.only_allows(name) or not rules.holds(name, "turned") else "turned"
    causes = rules.causes(name, asked, gone)
    if asked == "removed" and any(_opposes(context, cause, action) for cause in causes or ()):
        # a tier that only allows, behind one that denies: what is asked before it may decide all that the rule is about
        before = rules.causes(name, "turned", gone) if rules.holds(name, "turned") else None
        if before and all(_opposes(context, cause, action) for cause in before):
            asked, causes = "turned", before
    if not causes:
        return None
    if asked == "turned" and not all(_says(context, cause, action) for cause in causes):
        own = _element(context, name)
        by_name = any(_element(context, cause).policy.order == own.policy.order for cause in causes)
        return None if by_name and tied(context, own.owner) else Effect(name, "shadowed", causes)
    covering = _implied(context, name, causes) if asked == "turned" and len(causes) == 1 else None
    return Effect(name, "covered", (covering,)) if covering else Effect(name, "redundant", causes)


def _holds(context: Context, name: PolicyId, asked: Asked) -> bool:
    """Whether it is so among all; what the sweep says of the rule as of a policy is had for less."""
    said = context.rules.sweep.holds(name, "shadowed" if asked == "removed" else "redundant")
    return context.rules.holds(name, asked) if said is None else said


def _element(context: Context, name: PolicyId) -> Element:
    return context.rules.elements[name]


def _says(context: Context, name: PolicyId, action: Action) -> bool:
    """Whether an element is a rule with that action."""
    rule = _element(context, name).rule
    return rule is not None and rule.action is action


def _opposes(context: Context, name: PolicyId, action: Action) -> bool:
    """Whether an element is a rule with another action."""
    return _element(context, name).rule is not None and not _says(context, name, action)


def _implied(context: Context, name: PolicyId, some: Iterable[PolicyId]) -> PolicyId | None:
    """One of some rules that matches whatever the rule matches, for any endpoints; one of the same policy if there is."""
    own = _element(context, name)
    for other in sorted(some, key=lambda other: _element(context, other).owner != own.owner):
        if implies(_flows(own), _flows(_element(context, other)), context.budget):
            return other
    return None


def _flows(element: Element) -> Pred:
    """The flows that a rule is about, of anybody whom its policy selects."""
    return and_(element.policy.subject, element.rule.match if element.rule is not None else TRUE)


def find_shadowed(context: Context, about: About) -> Iterator[Finding]:
    """Each rule that decides about no flow because others, asked before it, decide otherwise."""
    for name, _, causes in _of_kind(context, about, "shadowed"):
        action = _action(context, name)
        first = _action(context, causes[0])
        does = {"Deny": "denies", "Allow": "allows", "Pass": "passes on"}.get(first, "denies")
        what = (
            f"never decides: {listed(causes)} {'is' if len(causes) == 1 else 'are'} asked before it, and {does} what it matches"
            if len(causes) == 1
            else f"never decides: {listed(causes)} are asked before it, and match all that it does"
        )
        # behind a tier, or in one where order means nothing, it has no place that is before
        instead = "narrow" if context.rules.only_allows(name) else "place it before"
        fix = f"remove the rule, or {instead} {listed(causes)} if its `{action}` is meant"
        yield _finding(context, about, name, f"{name}: `{action}` {what}", fix, causes)


def find_redundant(context: Context, about: About) -> Iterator[Finding]:
    """Each rule without which every flow of its direction is decided the same, because of others that say the same."""
    for name, _, causes in _of_kind(context, about, "redundant"):
        action = _action(context, name).lower()
        message = f"{name} changes nothing here: all flows of this input that it {_does(action)}, {listed(causes)} "
        rule = _element(context, name).rule
        if rule is not None and any(_opposes(context, cause, rule.action) for cause in causes):
            message += "allow or deny without it"
        else:
            message += f"{_does(action) if len(causes) == 1 else action} too"
        fix = "remove it, unless it is there for pods that are to come: for those it may matter"
        yield _finding(context, about, name, message, fix, causes)


def find_covered(context: Context, about: About) -> Iterator[Finding]:
    """Each rule that another one of equal effect covers for any pods whatever."""
    for name, _, causes in _of_kind(context, about, "covered"):
        action = _action(context, name).lower()
        message = (
            f"{name} is covered by {listed(causes)}, which {_does(action)} as much for any pods that could ever be"
        )
        fix = f"remove it; or narrow {listed(causes)} if that one is broader than it need be"
        yield _finding(context, about, name, message, fix, causes)


def find_unanswered(context: Context, about: About) -> Iterator[Finding]:
    """Each rule that allows what the other end of each flow denies."""
    for name, _, causes in _of_kind(context, about, "unanswered"):
        other = "receiver" if _element_label(context, name).startswith("egress") else "sender"
        message = f"{name} opens nothing: the {other} of each flow that it allows is isolated and does not allow it"
        fix = f"allow the flows at the {other} as well, or remove the rule"
        yield _finding(context, about, name, message, fix, causes)


def _of_kind(context: Context, about: About, kind: Kind) -> Iterator[Effect]:
    found = effects(context, about)
    if context.effects is not None:
        context.undecided += (note._replace(rule=about) for note in context.effects[1])
    yield from (effect for effect in found if effect.kind == kind)


def _finding(
    context: Context, about: About, name: PolicyId, message: str, fix: str, causes: tuple[PolicyId, ...]
) -> Finding:
    policy, rule = _element(context, name)
    because = tuple(_reason(context, cause) for cause in causes)
    others = dict.fromkeys(_element(context, cause).owner for cause in causes)
    others.pop(policy.id, None)
    span = (rule.span if rule is not None else None) or policy.span
    return Finding(about, policy.id, span, message, fix, because, tuple(others))


def _reason(context: Context, cause: PolicyId) -> Reason:
    policy, rule = _element(context, cause)
    if rule is None:
        # where it denies by a rule too, others of its rules may allow some of these flows, asked too late
        own = (_element(context, each).rule for each in context.elements_of[policy.id])
        denies = any(each is not None and each.action is Action.DENY for each in own)
        and_so = "lets none of these flows pass" if denies else "no rule allows these flows"
        return Reason(f"{policy.id} isolates what it selects, and {and_so}", policy.id, policy.span)
    return Reason(f"{cause} is a rule with `{_action(context, cause)}`", policy.id, rule.span or policy.span)


def _action(context: Context, name: PolicyId) -> str:
    rule = _element(context, name).rule
    return str(rule.action).capitalize() if rule is not None else ""


def _element_label(context: Context, name: PolicyId) -> str:
    rule = _element(context, name).rule
    return rule.label if rule is not None else ""


def _does(action: str) -> str:
    return {"allow": "allows", "deny": "denies", "pass": "passes on"}[action]


RULES = (
    Rule(SHADOWED, find_shadowed),
    Rule(REDUNDANT, find_redundant),
    Rule(COVERED, find_covered),
    Rule(UNANSWERED, find_unanswered),
)
