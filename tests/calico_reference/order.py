"""Tiers and policies in the order in which Calico asks them.

Sources: felix/calc/policy_sorter.go (TierLess, PolKVLess), felix/calc/policy_resolver.go (tiers that do not exist), and
networkpolicyprocessor.go, globalnetworkpolicyprocessor.go of libcalico-go/lib/backend/syncersv1/updateprocessors (subjects).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

from calico_reference.convert import cluster_policy, network_policy
from calico_reference.objects import NAMESPACE
from calico_reference.selectors import with_prefix
from reference import Manifest


class Policy(NamedTuple):
    """A policy as Felix has it. `kind`: untracked, pre-DNAT or normal; `forward`: a normal one that looks at forwarded traffic too."""

    place: tuple[Any, ...]
    tier: str
    namespace: str
    subject: str
    types: frozenset[str]
    rules: dict[str, list[Manifest]]
    kind: str
    forward: bool


@dataclass(frozen=True)
class Tier:
    """Policies in order; `passes`: what it says at its end."""

    name: str
    passes: bool
    policies: tuple[Policy, ...]


def tiers(manifests: list[Manifest], version: str) -> list[Tier]:
    """Every tier that has policies. One that does not exist comes last and denies at its end."""
    release = tuple(map(int, version.split(".")))
    policies = sorted(_policies(manifests, release), key=lambda p: p.place)
    declared = _built_in(release)
    for manifest in manifests:
        if manifest["kind"] == "Tier":
            spec = manifest.get("spec", {})
            declared[manifest["metadata"]["name"]] = (spec.get("order", inf), spec.get("defaultAction") == "Pass")
    named = {policy.tier for policy in policies}
    missing = named - declared.keys()
    places = {name: (False, order, name) for name, (order, _) in declared.items()} | {
        n: (True, inf, n) for n in missing
    }
    return [
        Tier(name, name in declared and declared[name][1], tuple(p for p in policies if p.tier == name))
        for name in sorted(named, key=lambda name: places[name])
    ]


def _built_in(release: tuple[int, ...]) -> dict[str, tuple[float, bool]]:
    """Name to order, and whether its end passes."""
    if release >= (3, 32):
        return {"kube-admin": (1000, True), "default": (1_000_000, False), "kube-baseline": (10_000_000, True)}
    if release < (3, 29):
        return {"default": (inf, False)}
    found = {"adminnetworkpolicy": (1000.0, True), "default": (1_000_000.0, False)}
    if release >= (3, 30):
        found["baselineadminnetworkpolicy"] = (10_000_000.0, True)
    return found


def _policies(manifests: list[Manifest], release: tuple[int, ...]) -> Iterator[Policy]:
    """Everything that is enforced: staged policies are not."""
    for manifest in manifests:
        kind, meta = manifest["kind"], manifest["metadata"]
        namespace = meta.get("namespace", "default")
        native = not manifest["apiVersion"].startswith("networking.k8s.io/")
        if kind == "NetworkPolicy":
            spec = manifest.get("spec", {}) if native else network_policy(manifest)
            name = "NetworkPolicy" if native else "KubernetesNetworkPolicy"
            yield _policy(manifest, spec, name, namespace, _namespaced(spec, namespace), release)
        elif kind == "GlobalNetworkPolicy":
            spec = manifest.get("spec", {})
            yield _policy(manifest, spec, kind, "", _global(spec), release)
        elif kind == "ClusterNetworkPolicy" and release >= (3, 32):
            spec = cluster_policy(manifest)
            yield _policy(manifest, spec, "KubernetesClusterNetworkPolicy", "", _global(spec), release)


def _policy(
    manifest: Manifest, spec: Manifest, kind: str, namespace: str, subject: str, release: tuple[int, ...]
) -> Policy:
    name, tier = manifest["metadata"]["name"], spec.get("tier") or "default"
    tie = f"{name}/{namespace}/{kind}" if release >= (3, 32) else _old_key(name, tier, namespace, kind)
    return Policy(
        (spec.get("order", inf), tie.encode()),
        tier,
        namespace,
        subject,
        _types(manifest, spec),
        {"Ingress": spec.get("ingress", []), "Egress": spec.get("egress", [])},
        "untracked" if spec.get("doNotTrack") else "pre-DNAT" if spec.get("preDNAT") else "normal",
        bool(spec.get("applyOnForward")),
    )


def _old_key(name: str, tier: str, namespace: str, kind: str) -> str:
    """The name of a policy in the backend up to 3.31: it held the tier, and a namespaced one began with its namespace."""
    if kind == "KubernetesNetworkPolicy":
        return f"{namespace}/knp.default.{name}"
    stored = name if name.startswith(f"{tier}.") else f"{tier}.{name}"
    return f"{namespace}/{stored}" if namespace else stored


def _types(manifest: Manifest, spec: Manifest) -> frozenset[str]:
    """The directions that the policy is about: api/pkg/defaults/networkpolicy.go; both for a stored object without types."""
    if spec.get("types"):
        return frozenset(spec["types"])
    if manifest["apiVersion"] == "crd.projectcalico.org/v1":
        return frozenset(("Ingress", "Egress"))
    if manifest["kind"] == "ClusterNetworkPolicy":
        return frozenset()  # the conversion gave no type: it made no rule
    if not spec.get("egress"):
        return frozenset(("Ingress",))
    return frozenset(("Ingress", "Egress") if spec.get("ingress") else ("Egress",))


def _namespaced(spec: Manifest, namespace: str) -> str:
    within = f"{NAMESPACE} == '{namespace}'"
    selector = f"({spec['selector']}) && {within}" if spec.get("selector") else within
    return _and(selector, spec.get("serviceAccountSelector", ""), "pcsa.")


def _global(spec: Manifest) -> str:
    """Once another selector is added, `all()` anywhere in the text stands for what has a namespace or an account."""
    selector = spec.get("selector", "")
    if spec.get("namespaceSelector"):
        selector = _and(selector, spec["namespaceSelector"], "pcns.").replace("all()", f"has({NAMESPACE})")
    if spec.get("serviceAccountSelector"):
        selector = _and(selector, spec["serviceAccountSelector"], "pcsa.")
        selector = selector.replace("all()", "has(projectcalico.org/serviceaccount)")
    return selector


def _and(selector: str, added: str, prefix: str) -> str:
    if not added:
        return selector
    return f"({selector}) && {with_prefix(added, prefix)}" if selector else with_prefix(added, prefix)
