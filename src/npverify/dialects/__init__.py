"""Policy languages: documents in, the normal form out. Nothing downstream knows a dialect.

Every policy object is either lowered, or refused with an error that names it, or (where the user said so) counted as
ignored; objects of a service mesh are counted as a warning, because they can only restrict further.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from npverify.dialects import kubernetes
from npverify.dialects.kinds import NOT_POLICIES, Role, role
from npverify.dialects.kubernetes_read import NetworkPolicy, read
from npverify.dialects.profiles import ALIASES, PROFILES, SWITCHES, Profile, profile
from npverify.ingest.document import Document
from npverify.ingest.fields import nearest
from npverify.ingest.source import Problems, Span
from npverify.normal.policy import PolicyId, PolicySet

__all__ = ["ALIASES", "PROFILES", "SWITCHES", "Lowered", "Profile", "is_policy", "lower", "profile"]


@dataclass(frozen=True, slots=True)
class Lowered:
    """All policies of the input.

    `ids`      every policy object that was understood, with its position, in the order of the input
    `ignored`  policy kinds that the user chose to ignore, counted, sorted
    `mesh`     there are objects of a service mesh that may restrict further
    """

    policies: PolicySet
    ids: Mapping[PolicyId, Span]
    ignored: Mapping[str, int]
    mesh: bool


def is_policy(api_version: str, kind: str) -> bool:
    """Whether `lower` has something to say about objects of this kind; the others may be skipped."""
    return role(api_version, kind) is not Role.NO_POLICY


def lower(
    documents: Sequence[Document], profile: Profile, problems: Problems, *, ignore_kinds: Collection[str] = ()
) -> Lowered:
    """The normal form of every policy among `documents`; what cannot be understood is reported in `problems`.

    `ignore_kinds` holds kinds (`CiliumNetworkPolicy`, or with the group `Tier.projectcalico.org`) that are not modelled
    and that the user wants left out; a modelled kind is never left out.
    """
    policies: dict[PolicyId, NetworkPolicy] = {}
    ignored: Counter[str] = Counter()
    mesh: list[Document] = []
    for doc in documents:
        what = role(doc.api_version, doc.kind)
        if what is Role.NO_POLICY:
            continue
        if what is Role.MODELLED:
            _add(policies, doc, profile, problems)
        elif doc.kind in ignore_kinds or f"{doc.kind}.{doc.group}" in ignore_kinds:
            ignored[doc.kind] += 1
        elif what is Role.MESH:
            mesh.append(doc)
        else:
            _refuse(doc, what, problems)
    if mesh:
        _warn_of_mesh(mesh, problems)
    return Lowered(
        kubernetes.policy_set(list(policies.values()), profile),
        {policy_id: policy.span for policy_id, policy in policies.items()},
        dict(sorted(ignored.items())),
        bool(mesh),
    )


def _add(policies: dict[PolicyId, NetworkPolicy], doc: Document, profile: Profile, problems: Problems) -> None:
    found = Problems()
    policy = read(doc, found, strict_cidr=profile.strict_cidr)
    problems.extend(found.errors + found.warnings)
    if found.errors:
        return
    if policy.id in policies:
        message = f"{policy.id} is defined twice; the first time at {policies[policy.id].span}"
        problems.error("NPV052", message, policy.span, "remove or rename one of the two", doc.excerpt(policy.span))
        return
    policies[policy.id] = policy


def _refuse(doc: Document, what: Role, problems: Problems) -> None:
    named = f"{doc.kind} `{doc.name}`" if doc.name else doc.kind
    if what is Role.WRONG_VERSION:
        span = doc.span("apiVersion")
        message = f"`{doc.api_version}` of {named} is no API version of NetworkPolicy that current clusters serve"
        fix = "write `apiVersion: networking.k8s.io/v1`; `kubectl convert` rewrites old files"
        problems.error("NPV053", message, span, fix, doc.excerpt(span))
        return
    span = doc.span("kind")
    if what is Role.MISSPELT:
        kinds = ("NetworkPolicy", *sorted(NOT_POLICIES))
        fix = nearest(doc.kind, kinds) or f"known kinds: {', '.join(kinds)}"
        problems.error("NPV056", f"unknown kind `{doc.kind}` of `{doc.api_version}`", span, fix, doc.excerpt(span))
        return
    message = f"policies of kind `{doc.kind}` ({doc.api_version}) are not modelled, so {named} cannot be judged"
    fix = f"to leave them out, and get answers about the other policies alone, pass `--ignore-kind {doc.kind}`"
    problems.error("NPV054", message, span, fix, doc.excerpt(span))


def _warn_of_mesh(mesh: Sequence[Document], problems: Problems) -> None:
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(doc.kind for doc in mesh).items()))
    message = f"service mesh policies are not judged ({kinds}): they may refuse what network policies allow"
    span = mesh[0].span("kind")
    problems.warn("NPV055", message, span, "read every `reaches` as far as network policies go", mesh[0].excerpt(span))
