"""The profiles of host endpoints, which are asked behind the last tier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from npverify.dialects.calico import resources as r
from npverify.dialects.calico.hosts import Hosts
from npverify.dialects.calico.rules import RuleLowering
from npverify.dialects.calico.selection import NAME, OF_ACCOUNT, OF_NAMESPACE
from npverify.ingest.source import Problems, Span
from npverify.inventory.model import METADATA_NAME, Inventory, Namespace, ServiceAccount
from npverify.inventory.unknowns import account_label, fact, namespace_label
from npverify.normal.policy import Action, Direction, Policy, PolicyId, Rule, Tier
from npverify.normal.predicates import FALSE, TRUE, Pred, and_, not_, or_, unknown_in

ALLOW_ALL = "projectcalico-default-allow"
"""The profile of automatic host endpoints: libcalico-go/lib/resources."""


def known_profiles(
    given: Iterable[r.Profile], hosts: Iterable[r.HostEndpoint], inventory: Inventory
) -> Mapping[str, r.Profile]:
    """The profiles by name: those of the input, the one that every cluster has, and of those that Calico makes for
    namespaces and service accounts (libcalico-go/lib/backend/k8s/conversion) the ones that host endpoints name."""
    named = sorted({name for host in hosts for name in host.profiles})
    made = [profile for name in named if (profile := _made(name, inventory)) is not None]
    return {profile.name: profile for profile in (_profile(ALLOW_ALL, {}, _ALLOW), *made, *given)}


def _made(name: str, inventory: Inventory) -> r.Profile | None:
    """The profile of a namespace or a service account, which is there if they are; None: another's name."""
    kind, _, rest = name.partition(".")
    namespace, _, account = rest.partition(".")
    owner: Namespace | ServiceAccount
    if kind == "kns":
        owner = inventory.namespaces.get(rest) or Namespace(rest, {METADATA_NAME: rest}, declared=False)
        prefix, rules, unknown = OF_NAMESPACE, _ALLOW, partial(namespace_label, rest)
    elif kind == "ksa" and account:
        known = inventory.service_accounts.get((namespace, account))
        owner = known or ServiceAccount(namespace, account, {}, declared=False)
        prefix, rules, unknown = OF_ACCOUNT, (), partial(account_label, namespace, account)
    else:
        return None
    profile = _profile(name, _prefixed(prefix, owner.labels, owner.name), rules)
    if owner.declared:
        return profile
    return profile._replace(others=lambda key: unknown(key.removeprefix(prefix)) if key.startswith(prefix) else None)


def otherwise(profile: r.Profile, inventory: Inventory) -> bool:
    """Whether a profile has the name of one that Calico makes of a namespace or an account, and says something else; labels
    of one that is not declared may be any."""
    kind, _, rest = profile.name.partition(".")
    namespace, _, account = rest.partition(".")
    if kind not in ("kns", "ksa") or namespace not in inventory.namespaces:
        return False
    owner: Namespace | ServiceAccount | None = inventory.namespaces[namespace]
    prefix, rules = OF_NAMESPACE, _ALLOW
    if kind == "ksa":
        owner, prefix, rules = inventory.service_accounts.get((namespace, account)), OF_ACCOUNT, ()
    said = (tuple(rule._replace(label="", span=_BUILT_IN) for rule in own) for own in (profile.ingress, profile.egress))
    if any(own != rules for own in said):
        return True
    return owner is not None and owner.declared and profile.labels != _prefixed(prefix, owner.labels, owner.name)


_BUILT_IN = Span("built in")
_ALLOW: tuple[r.Rule, ...] = (
    r.Rule(Action.ALLOW, None, None, None, None, None, r.Entity(), r.Entity(), None, "", _BUILT_IN),
)


def _profile(name: str, labels: Mapping[str, str], rules: tuple[r.Rule, ...]) -> r.Profile:
    into, out = (tuple(rule._replace(label=f"{d}[0]") for rule in rules) for d in (Direction.INGRESS, Direction.EGRESS))
    return r.Profile(name, labels, into, out, _BUILT_IN)


def _prefixed(prefix: str, labels: Mapping[str, str], name: str) -> Mapping[str, str]:
    return {**{prefix + key: value for key, value in labels.items()}, prefix + NAME: name}


def profile_tier(hosts: Hosts, direction: Direction, rules: RuleLowering, problems: Problems) -> tuple[Tier, ...]:
    """The profiles of each host endpoint, in its order; one that is missing drops everything
    (felix/calc/active_rules_calculator.go)."""
    found = []
    for host in hosts.hosts:
        subject = host.is_at(direction.subject)
        for name in host.endpoint.profiles:
            profile = hosts.profiles.get(name)
            policy_id = PolicyId("calico", "Profile", "", name)
            missing = TRUE if profile is None else not_(_is_there(profile, rules.objects.inventory))
            if missing is not FALSE:
                message = f"host endpoint `{host.endpoint.name}` names profile `{name}`, which does not exist"
                fix = "add the Profile; a missing one drops everything"
                if profile is not None:
                    message = message.replace("does not exist", "exists only if that namespace does")
                    fix = "add the Namespace; a missing profile drops everything"
                problems.warn("NPV285", message, host.endpoint.span, fix)
                drop = Rule(Action.DENY, missing, TRUE, "missing", host.endpoint.span)
                found.append(Policy(policy_id, subject, (drop,), host.endpoint.span))
            if profile is None:
                break
            own = profile.egress if direction is Direction.EGRESS else profile.ingress
            rules.warn_of_http(own, str(policy_id))
            lowered = rules.lower(own, "", direction)
            bpf = rules.settings.dataplane == "bpf"
            found.append(Policy(policy_id, subject, _denied(lowered) if bpf else _until_passed(lowered), profile.span))
    return (Tier("profiles", tuple(found), Action.DENY),) if found else ()


def _is_there(profile: r.Profile, inventory: Inventory) -> Pred:
    """Whether there is a profile: that of a namespace that nothing uses and nobody declares need not be."""
    kind, _, rest = profile.name.partition(".")
    namespace = rest if kind == "kns" else rest.partition(".")[0]
    if profile.span != _BUILT_IN or kind not in ("kns", "ksa") or namespace in inventory.namespaces:
        return TRUE
    return unknown_in(fact(f"there is a namespace {namespace}"), "true")


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
