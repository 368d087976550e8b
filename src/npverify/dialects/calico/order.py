"""The order in which Calico asks its tiers and, in a tier, its policies.

Source: projectcalico/calico felix/calc/policy_sorter.go (TierLess, PolKVLess); built-in tiers: kube-controllers and
libcalico-go/lib/names. Until 3.31 the tie-break compared the keys of the backend instead of names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from npverify.dialects.calico.resources import Tier
from npverify.ingest.fields import nearest
from npverify.ingest.source import Problems, Span
from npverify.normal.policy import Action, PolicyId

DEFAULT = "default"
NATIVE_ORDER = 1000.0
"""The order of every NetworkPolicy of Kubernetes: libcalico-go/lib/backend/k8s/conversion."""

_BUILT_IN: tuple[tuple[tuple[int, int], tuple[tuple[str, float | None, Action], ...]], ...] = (
    ((3, 32), (("kube-admin", 1e3, Action.PASS), (DEFAULT, 1e6, Action.DENY), ("kube-baseline", 1e7, Action.PASS))),
    (
        (3, 30),
        (
            ("adminnetworkpolicy", 1e3, Action.PASS),
            (DEFAULT, 1e6, Action.DENY),
            ("baselineadminnetworkpolicy", 1e7, Action.PASS),
        ),
    ),
    ((3, 29), (("adminnetworkpolicy", 1e3, Action.PASS), (DEFAULT, 1e6, Action.DENY))),
    ((0, 0), ((DEFAULT, None, Action.DENY),)),
)

TIERS_SINCE = (3, 29)
PINNED_SINCE = (3, 32)


def built_in(version: tuple[int, int]) -> tuple[Tier, ...]:
    """The tiers that every cluster of that version has."""
    rows = next(rows for since, rows in _BUILT_IN if version >= since)
    return tuple(Tier(name, order, action, Span("")) for name, order, action in rows)


def tiers_in_order(
    given: Iterable[Tier], named: Iterable[tuple[str, Span]], version: tuple[int, int], problems: Problems
) -> tuple[Tier, ...]:
    """Every tier that exists or that a policy names (`named`, with the place), in the order in which they are asked."""
    known = {tier.name: tier for tier in built_in(version)}
    for tier in given:
        fixed = known.get(tier.name)
        if fixed and version >= PINNED_SINCE and (tier.order, tier.default_action) != fixed[1:3]:
            message = f"tier `{tier.name}` is built in, and its order and default action cannot be changed"
            problems.error("NPV280", message, tier.span, "remove the document, or give it the built-in values")
        elif version < TIERS_SINCE and tier.name != DEFAULT:
            message = f"tier `{tier.name}` needs Calico 3.29; before it there was only the tier `default`"
            problems.error("NPV281", message, tier.span, "choose the version of the cluster with --calico-version")
        else:
            known[tier.name] = tier
    existing = sorted(known.values(), key=lambda t: (*_rank(t.order), t.name.encode()))
    missing = [(name, span) for name, span in named if name not in known]
    ghosts = dict(missing)
    for name, span in missing:
        message = f"there is no tier `{name}`; Calico asks its policies after all others and then denies"
        fix = nearest(name, known) or f"define the tier, or move the policy to one of {', '.join(known)}"
        problems.warn("NPV282", message, span, fix)
    return (*existing, *(Tier(n, None, Action.DENY, s) for n, s in sorted(ghosts.items(), key=lambda g: g[0].encode())))


class Place(NamedTuple):
    """Where a policy stands in its tier; smaller is asked first."""

    rank: tuple[bool, float]
    tie: bytes


def place(policy: PolicyId, order: float | None, tier: str, version: tuple[int, int]) -> Place:
    """The place of a policy; `policy` is an object as the user wrote it."""
    tie = _tie(policy) if version >= (3, 32) else _old_tie(policy, tier)
    return Place(_rank(order), tie.encode())


def _rank(order: float | None) -> tuple[bool, float]:
    """An absent order comes after every number."""
    return (order is None, order or 0.0)


def _tie(policy: PolicyId) -> str:
    kind = policy.kind
    if policy.dialect == "kubernetes":
        kind = {"NetworkPolicy": "KubernetesNetworkPolicy"}.get(kind, f"Kubernetes{kind}")
    return f"{policy.name}/{policy.namespace}/{kind.removeprefix('Staged')}"


_OLD_PREFIX = {
    "NetworkPolicy": "knp.default.",
    "AdminNetworkPolicy": "kanp.adminnetworkpolicy.",
    "BaselineAdminNetworkPolicy": "kbanp.baselineadminnetworkpolicy.",
}


def _old_tie(policy: PolicyId, tier: str) -> str:
    """The key under which the backend kept the policy until 3.31."""
    if policy.dialect == "kubernetes":
        name = _OLD_PREFIX[policy.kind] + policy.name
    else:
        name = policy.name if policy.name.startswith(f"{tier}.") else f"{tier}.{policy.name}"
    return f"{policy.namespace}/{name}" if policy.namespace else name
