"""What lint says of policies around which the plugin has a way of its own: cluster-wide policies and node ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from npverify.dialects import kubernetes, selectors
from npverify.dialects.cluster_known import knows, without_effect
from npverify.dialects.cluster_values import ClusterPolicy
from npverify.dialects.kubernetes_read import NetworkPolicy
from npverify.dialects.lint import About, Reason, Suspicion
from npverify.dialects.profiles import Profile
from npverify.inventory.model import EndpointKind, Inventory
from npverify.normal.policy import Direction
from npverify.normal.predicates import Pred, Side, and_, kind_is, label_in, namespace_is, not_, or_

__all__ = ["ABOUTS", "suspicions"]

_ADMIN = """\
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: guard}
spec:
  tier: %s
  priority: 10
  subject: {namespaces: {}}
  ingress:
  - {action: Deny, from: [{namespaces: {}}]}
"""
_NATIVE = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [%s]}
"""
_DOOR = """\
apiVersion: v1
kind: Service
metadata: {name: front-door, namespace: shop}
spec: {type: LoadBalancer, externalTrafficPolicy: %s, selector: {app: db}, ports: [{port: 5432}]}
"""

IDLE = About(
    "NPL180",
    "cluster-policy-without-effect",
    "error",
    "A cluster-wide policy has no effect on the chosen plugin.",
    "The API server stores every object whose definition is installed; what it does is a matter of the plugin. Which plugins "
    "and versions know the kind is in docs/profiles.md.",
    fires=_ADMIN % "Admin",
    silent=_NATIVE % "Ingress",
    replaces=("NPV575",),
    options=("--cni", "weave"),
)
SHADOW = About(
    "NPL181",
    "baseline-in-doubt",
    "warning",
    "Whether a baseline policy counts for a pod hangs on how the plugin reads a NetworkPolicy of the other direction.",
    "A NetworkPolicy hides the baseline of the pods that it selects. The texts of the API do not say whether one for egress "
    "also hides the baseline for ingress; plugins do either (the switch `np_shadows_baseline`).",
    fires=_ADMIN % "Baseline" + _NATIVE % "Egress",
    silent=_ADMIN % "Baseline" + _NATIVE % "Ingress",
    options=("--cni", "kubernetes"),
)
DOOR = About(
    "NPL182",
    "way-past-ingress",
    "error",
    "What comes through a node port or a load balancer passes the ingress policies of a pod.",
    "With `externalTrafficPolicy: Cluster` the node that a client reaches may send its packets on from its own address; a plugin "
    "that does not police such traffic leaves the pods behind the Service open, whatever their policies say.",
    fires=_DOOR % "Cluster" + _NATIVE % "Ingress",
    silent=_DOOR % "Local" + _NATIVE % "Ingress",
    options=("--cni", "azure-npm"),
)
ABOUTS = (IDLE, SHADOW, DOOR)


def suspicions(
    native: Sequence[NetworkPolicy], cluster: Iterable[ClusterPolicy], profile: Profile, inventory: Inventory
) -> Mapping[str, tuple[Suspicion, ...]]:
    """What the rules of this module find, by their codes. Calico tells of its versions itself."""
    given = tuple(cluster)
    idle = () if profile.name == "calico" else _idle(given, profile)
    return {
        IDLE.code: tuple(idle),
        SHADOW.code: tuple(_in_doubt(native, given, profile)),
        DOOR.code: tuple(_doors(native, profile, inventory)),
    }


def _idle(cluster: Iterable[ClusterPolicy], profile: Profile) -> Iterator[Suspicion]:
    for policy in cluster:
        if knows(policy.id, profile) in ("no_effect", "gate"):
            message, fix = without_effect(policy.id, profile)
            yield Suspicion(policy.id, policy.span, message, fix)


def _in_doubt(
    native: Sequence[NetworkPolicy], cluster: Iterable[ClusterPolicy], profile: Profile
) -> Iterator[Suspicion]:
    """The directions of baseline policies for which there may be a pod that NetworkPolicies of the other direction alone
    select."""
    if profile.name != "kubernetes" or profile.fixed.get("np_shadows_baseline") == "per_direction":
        return
    for policy in cluster:
        if policy.tier != "baseline" or knows(policy.id, profile) != "enforced":
            continue
        for direction in policy.rules:
            side = direction.subject
            own, other = (
                or_(*(_subject(each, side) for each in native if d in each.rules))
                for d in (direction, direction.opposite)
            )
            meant = and_(
                kind_is(side, EndpointKind.POD),
                selectors.lower(policy.namespaces, side, "namespace"),
                selectors.lower(policy.pods or (), side, "pod"),
            )
            leaves = (
                "the plugin leaves it out"
                if profile.fixed.get("np_shadows_baseline")
                else "plugins leave it out or not"
            )
            message = f"{policy.id} has {direction} rules for pods that NetworkPolicies for {direction.opposite} alone select: {leaves}"
            fix = f"give these pods a NetworkPolicy for {direction}, or say what the plugin does with --assume np_shadows_baseline=…"
            yield Suspicion(policy.id, policy.span, message, fix, only_if=and_(meant, other, not_(own)), side=side)


def _subject(policy: NetworkPolicy, side: Side) -> Pred:
    return and_(
        kind_is(side, EndpointKind.POD),
        namespace_is(side, policy.id.namespace),
        selectors.lower(policy.subject, side, "pod"),
    )


def _doors(native: Sequence[NetworkPolicy], profile: Profile, inventory: Inventory) -> Iterator[Suspicion]:
    if profile.ways.node_ports != "escapes":
        return
    for policy in native:
        if Direction.INGRESS not in policy.rules:
            continue
        for service in inventory.services.values():
            open_ = service.type in ("NodePort", "LoadBalancer") and service.external_traffic_policy == "Cluster"
            if not open_ or service.namespace != policy.id.namespace or not service.selector:
                continue
            behind = and_(*(label_in(Side.DST, "pod", key, (value,)) for key, value in service.selector.items()))
            message = (
                f"{policy.id} does not stop what comes through Service {service}: `{profile.shown}` does not police it"
            )
            yield Suspicion(
                policy.id,
                policy.span,
                message,
                "set `externalTrafficPolicy: Local`, or put what the Service is for behind an ingress",
                (Reason("the table of plugins: node_ports, escapes"),),
                only_if=and_(kubernetes.policed(Side.DST, profile), _subject(policy, Side.DST), behind),
            )
