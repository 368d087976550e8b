"""The profiles of host endpoints, which are asked behind the last tier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from npverify.dialects.calico import resources as r
from npverify.dialects.calico.hosts import Hosts
from npverify.dialects.calico.rules import RuleLowering
from npverify.ingest.source import Problems, Span
from npverify.normal.policy import Action, Direction, Policy, PolicyId, Rule, Tier
from npverify.normal.predicates import FALSE, TRUE, Pred, and_, not_, or_

ALLOW_ALL = "projectcalico-default-allow"
"""The profile of automatic host endpoints: libcalico-go/lib/resources."""


def known_profiles(given: tuple[r.Profile, ...]) -> Mapping[str, r.Profile]:
    """The profiles by name, with the one that every cluster has."""
    anything = r.Entity()
    rule = r.Rule(Action.ALLOW, None, None, None, None, None, anything, anything, None, "", Span("built in"))
    rules = {d: (rule._replace(label=f"{d}[0]"),) for d in Direction}
    built_in = r.Profile(ALLOW_ALL, {}, rules[Direction.INGRESS], rules[Direction.EGRESS], Span("built in"))
    return {ALLOW_ALL: built_in, **{profile.name: profile for profile in given}}


def profile_tier(hosts: Hosts, direction: Direction, rules: RuleLowering, problems: Problems) -> tuple[Tier, ...]:
    """The profiles of each host endpoint, in its order; one that is missing drops everything
    (felix/calc/active_rules_calculator.go)."""
    found = []
    for host in hosts.hosts:
        subject = host.is_at(direction.subject)
        for name in host.endpoint.profiles:
            profile = hosts.profiles.get(name)
            policy_id = PolicyId("calico", "Profile", "", name)
            if profile is None:
                message = f"host endpoint `{host.endpoint.name}` names profile `{name}`, which does not exist"
                fix = "add the Profile; a missing one drops everything"
                problems.warn("NPV285", message, host.endpoint.span, fix)
                drop = Rule(Action.DENY, TRUE, TRUE, "missing", host.endpoint.span)
                found.append(Policy(policy_id, subject, (drop,), host.endpoint.span))
                break
            own = profile.egress if direction is Direction.EGRESS else profile.ingress
            rules.warn_of_http(own, str(policy_id))
            lowered = rules.lower(own, "", direction)
            bpf = rules.settings.dataplane == "bpf"
            found.append(Policy(policy_id, subject, _denied(lowered) if bpf else _until_passed(lowered), profile.span))
    return (Tier("profiles", tuple(found), Action.DENY),) if found else ()


def _denied(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """With BPF a profile's `Pass` denies: felix/bpf/polprog/pol_prog_builder.go."""
    return tuple(replace(rule, action=Action.DENY) if rule.action is Action.PASS else rule for rule in rules)


def _until_passed(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """A profile's `Pass` goes on to the next profile, so the rules behind it do not see what it matches."""
    found: list[Rule] = []
    passed: Pred = FALSE
    for rule in rules:
        if rule.action is Action.PASS:
            passed = or_(passed, rule.match)
        else:
            found.append(replace(rule, peer=and_(rule.peer, not_(passed))))
    return tuple(found)
