"""Lowers again what differs from before in some NetworkPolicies alone, without a look at the others."""

from __future__ import annotations

from collections.abc import Sequence

from npverify.dialects import kubernetes
from npverify.dialects.found import Memo, Plain
from npverify.dialects.kinds import Role, role
from npverify.dialects.kubernetes_read import NetworkPolicy, read
from npverify.dialects.profiles import Profile
from npverify.ingest.document import Document
from npverify.ingest.source import Problems, Span
from npverify.normal.policy import PolicyId, PolicySet


def lower_again(
    documents: Sequence[Document], profile: Profile, memo: Memo
) -> tuple[PolicySet, dict[PolicyId, Span]] | None:
    """The normal form where nothing but NetworkPolicies is there, some in the places of those of the same names that `memo`
    knows, and there is nothing to say; None where that is not so."""
    if memo.plain is None or len(memo.plain.documents) != len(documents):
        return None
    known = memo.plain
    instead: dict[Document, tuple[Document, NetworkPolicy]] = {}
    for old, doc in zip(known.documents, documents, strict=True):
        if doc is old:
            continue
        if role(doc.api_version, doc.kind) is not Role.MODELLED or old not in memo.read:
            return None
        said = Problems()
        policy = read(doc, said, strict_cidr=profile.strict_cidr)
        if said.errors or said.warnings or policy.id != memo.read[old][0].id:
            return None
        instead[old] = doc, policy
    memo.plain = None  # until all of it is in step again
    native, ids = known.native.copy(), known.ids.copy()
    for old, (doc, policy) in instead.items():
        del memo.read[old]
        memo.read[doc] = policy, (), True
        native[policy.id], ids[policy.id] = policy, policy.span
    swapped = [(known.native[policy.id], policy) for _, policy in instead.values()]
    policies = kubernetes.policy_set_again(known.policies, swapped, profile, memo.lowered)
    memo.plain = Plain(tuple(documents), native, ids, policies)
    return policies, ids
