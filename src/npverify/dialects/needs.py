"""Objects that another one cannot be without: what is applied before it, and deleted after it."""

from __future__ import annotations

from functools import cache

from npverify.dialects.calico.fields import VERSIONS
from npverify.dialects.calico.order import built_in
from npverify.dialects.calico.read_object import NAMESPACED, POLICIES
from npverify.dialects.calico.settings import VERSIONS as RELEASES
from npverify.dialects.kinds import CALICO_GROUPS, NETWORKING
from npverify.ingest.document import Document

Identity = tuple[str, str, str, str]
"""Which API object a document describes: group, kind, namespace (`default` where it does not say), name."""


def identity(doc: Document) -> Identity:
    """Which object a document describes; Calico's two groups are two ways to see the same objects."""
    group = CALICO_GROUPS[0] if doc.group in CALICO_GROUPS else doc.group
    return (group, doc.kind, doc.namespace or "default", doc.name)


def namespace_of_policy(doc: Document) -> str:
    """The namespace that a policy object is in; "" if its kind is in none."""
    native = doc.group == NETWORKING or (doc.group in CALICO_GROUPS and doc.kind in NAMESPACED)
    return doc.namespace or ("default" if native else "")


def kind_in_full(doc: Document) -> str:
    """The kind of an object, with its group where the kind alone means the native one."""
    return f"{doc.kind}.{doc.group}" if doc.kind == "NetworkPolicy" and doc.group != NETWORKING else doc.kind


def needed(doc: Document) -> Identity | None:
    """The tier that a policy of Calico stands in, unless every cluster has it; None for everything else.

    Source: projectcalico/calico libcalico-go/lib/clientv3/tier.go (a tier that has policies cannot be deleted). What stands in
    a tier that there is not yet is asked behind all tiers, and then denies, as if it were another policy.
    """
    if doc.api_version not in VERSIONS or doc.kind not in POLICIES:
        return None
    spec = doc.value.get("spec")
    tier = spec.get("tier") if isinstance(spec, dict) else None
    if not isinstance(tier, str) or tier in ("", *_built_in()):
        return None
    return (CALICO_GROUPS[0], "Tier", "default", tier)


@cache
def _built_in() -> tuple[str, ...]:
    """The tiers that a cluster of some release has by itself."""
    releases = (tuple(map(int, release.split("."))) for release in RELEASES)
    return tuple(sorted({tier.name for major, minor in releases for tier in built_in((major, minor))}))


def only_denies(doc: Document) -> bool:
    """Whether a policy lets nothing pass that it selects: a default deny, or rules that deny. For putting things in an order
    that people expect; nothing is proved with it."""
    spec = doc.value.get("spec")
    if not doc.kind.lower().endswith("policy") or not isinstance(spec, dict):
        return False
    rules = [rule for way in ("ingress", "egress") if isinstance(spec.get(way), list) for rule in spec[way]]
    return all(isinstance(rule, dict) and rule.get("action") == "Deny" for rule in rules)
