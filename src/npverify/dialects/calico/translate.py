"""Writes NetworkPolicies (networking.k8s.io/v1) as Calico NetworkPolicies that allow the same flows.

Each becomes a policy of the tier `default` at order 1000 whose rules all say Allow: where Calico itself puts the native ones
(K8sNetworkPolicyToCalico of projectcalico/calico libcalico-go/lib/backend/k8s/conversion/conversion.go). Among policies that
only allow, the first match is the union, and the end of the tier denies whatever none allows; so nothing but Allow is ever
written. Pure and not trusted: what it gives is proved to be equal, as text, by `analyses.translate`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NamedTuple

from npverify.dialects.calico import translate_selectors
from npverify.dialects.calico.translate_names import Names
from npverify.dialects.calico.translate_rules import rules
from npverify.dialects.kubernetes_read import NetworkPolicy, RuleText
from npverify.ingest.source import Problems, Span
from npverify.normal.policy import Direction, PolicyId

MOST_RULES = 1024
"""Rules of one direction that the newest API takes: api/pkg/apis/projectcalico/v3/networkpolicy.go, MaxItems."""

_ORDER = 1000  # of every native policy: conversion.go
_TIERS = (3, 29)  # the version that brought `spec.tier`: api/pkg/apis/projectcalico/v3/networkpolicy.go
_TYPES = {Direction.INGRESS: "Ingress", Direction.EGRESS: "Egress"}

Rule = tuple[dict[str, Any], RuleText]
"""A Calico rule and the native one that it comes from."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a translation depends on besides the policies: the version of Calico, and the names (namespace, name) of the
    Calico policies that are there already."""

    version: tuple[int, int] = (3, 32)
    existing: Collection[tuple[str, str]] = ()


class Written(NamedTuple):
    """A Calico policy (`value`, as projectcalico.org/v3 has it), what it comes from, and which native rule each of its
    rules comes from: the key is the direction's name and the index."""

    source: PolicyId
    span: Span
    value: dict[str, Any]
    rules: Mapping[tuple[str, int], RuleText]

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.value["metadata"]["namespace"], self.value["metadata"]["name"]


def translate(policies: Sequence[NetworkPolicy], facts: Facts, problems: Problems) -> tuple[Written, ...]:
    """The Calico policies that together allow what `policies` allow, in the order of the sources' names."""
    ordered = sorted(policies, key=lambda p: p.id)
    names = Names(facts.existing, (p.id for p in ordered), facts.version)
    return tuple(written for policy in ordered for written in _policy(policy, names, facts, problems))


def _policy(policy: NetworkPolicy, names: Names, facts: Facts, problems: Problems) -> list[Written]:
    parts = list(_parts(policy, problems))
    made = []
    for number, (subject, sections) in enumerate(parts):
        name = names.give(policy.id, number)
        value = _value(policy.id.namespace, name, subject, sections, facts)
        made.append(Written(policy.id, policy.span, value, _sources(sections)))
    _warn_of_names(policy, names, made, problems)
    _warn_of_size(policy, made, problems)
    return made


def _parts(policy: NetworkPolicy, problems: Problems) -> Iterator[tuple[str, dict[Direction, list[Rule]]]]:
    """Subject and rules of each policy that is written: one, or several where one would be larger than the API takes.

    That is safe because all of them say Allow: every part isolates its subject, and what any part allows is allowed."""
    sections = {direction: _rules(policy, direction, problems) for direction in policy.rules}
    slices = [
        [found[start : start + MOST_RULES] for start in range(0, max(len(found), 1), MOST_RULES)]
        for found in sections.values()
    ]
    for subject in translate_selectors.of_pods(policy.subject):
        for row in zip_longest(*slices):
            yield subject, {d: part for d, part in zip(sections, row, strict=True) if part is not None}


def _rules(policy: NetworkPolicy, direction: Direction, problems: Problems) -> list[Rule]:
    """The Calico rules of a direction, each once, with the native rule that each comes from."""
    found: list[Rule] = []
    seen: set[str] = set()
    for rule in policy.rules[direction]:
        made = list(rules(rule, direction))
        if not made:
            message = (
                f"{rule.label} of {policy.id} matches nothing and is left out: what it excepts is all of its block"
            )
            problems.warn("NPV314", message, rule.span, "remove the rule, or correct `except`")
        for value in made:
            if repr(value) not in seen:
                seen.add(repr(value))
                found.append((value, rule))
    return found


def _value(
    namespace: str, name: str, subject: str, sections: Mapping[Direction, Sequence[Rule]], facts: Facts
) -> dict[str, Any]:
    spec: dict[str, Any] = {"tier": "default"} if facts.version >= _TIERS else {}
    spec |= {"order": _ORDER, "selector": subject}
    # always written: Calico would conclude less from the rules than Kubernetes does (api/pkg/defaults/networkpolicy.go)
    spec["types"] = [word for direction, word in _TYPES.items() if direction in sections]
    spec |= {str(d): [value for value, _ in sections[d]] for d in _TYPES if sections.get(d)}
    return {
        "apiVersion": "projectcalico.org/v3",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def _sources(sections: Mapping[Direction, Sequence[Rule]]) -> dict[tuple[str, int], RuleText]:
    return {(str(d), index): rule for d, found in sections.items() for index, (_, rule) in enumerate(found)}


def _warn_of_names(policy: NetworkPolicy, names: Names, made: Sequence[Written], problems: Problems) -> None:
    new = made[0].key[1]
    if new == policy.id.name:
        return
    recheck = "look again at Calico policies of order 1000 when you change them: names decide between equal orders"
    if names.exists(policy.id):
        message = f"{policy.id} becomes `{new}`, because a Calico policy of its name is there already"
        problems.warn("NPV311", message, policy.span, recheck)
    else:
        message = f"{policy.id} becomes `{new}`, because this version of Calico takes no policy of its name"
        problems.warn("NPV310", message, policy.span, recheck)


def _warn_of_size(policy: NetworkPolicy, made: Sequence[Written], problems: Problems) -> None:
    if len(made) > 1:
        message = f"{policy.id} becomes {len(made)} policies, because the API of Calico limits the size of one"
        problems.warn("NPV312", message, policy.span, "apply and delete them together")
    texts = {text for written in made for text in _selectors(written.value["spec"])}
    if longest := max((len(text) for text in texts if len(text) > translate_selectors.LONGEST), default=0):
        message = f"a selector of {policy.id} has {longest} characters as Calico writes it, and cannot be parted"
        fix = f"shorten its `NotIn` lists; Calico after 3.32 takes at most {translate_selectors.LONGEST} characters"
        problems.warn("NPV313", message, policy.span, fix)


def _selectors(spec: Mapping[str, Any]) -> Iterator[str]:
    yield spec["selector"]
    for direction in _TYPES:
        for rule in spec.get(str(direction), ()):
            for side in ("source", "destination"):
                entity = rule.get(side, {})
                yield from (entity[key] for key in ("selector", "namespaceSelector") if key in entity)
