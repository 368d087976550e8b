"""The policies of an input by what reads them, and what is said of objects that nothing reads."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from npverify.dialects import kubernetes
from npverify.dialects.cluster_values import ClusterPolicy
from npverify.dialects.kinds import Role, kinds_of
from npverify.dialects.kubernetes_read import NetworkPolicy
from npverify.dialects.lint import IGNORE
from npverify.dialects.profiles import Profile
from npverify.ingest.document import Document
from npverify.ingest.fields import nearest
from npverify.ingest.source import Diagnostic, Problems, Span
from npverify.normal.policy import PolicyId, PolicySet

if TYPE_CHECKING:
    from npverify.dialects.calico.remembered import Remembered

_Reading = tuple[NetworkPolicy | ClusterPolicy, tuple[Diagnostic, ...], bool]
"""A policy as it was read, what was said of it, and whether it can be used."""


class Plain(NamedTuple):
    """Documents that are NetworkPolicies alone, of which there is nothing to say, with what they were read as and lowered to."""

    documents: Sequence[Document]
    native: dict[PolicyId, NetworkPolicy]
    ids: dict[PolicyId, Span]
    policies: PolicySet


@dataclass(slots=True)
class Memo:
    """What documents were read as and lowered to when `lower` was last called with it, under one profile; and where they
    were NetworkPolicies alone, of which nothing was said, these. Guards them."""

    profile: Profile | None = None
    read: dict[Document, _Reading] = field(default_factory=dict)
    lowered: kubernetes.Remembered = field(default_factory=dict)
    plain: Plain | None = None
    calico: Remembered | None = None

    def under(self, profile: Profile) -> Memo:
        """This memo; an empty one if it is about another profile."""
        if self.profile != profile:
            self.profile, self.read, self.lowered, self.plain, self.calico = profile, {}, {}, None, None
        return self


@dataclass(slots=True)
class Found:
    """The policies of the input by what reads them; `memo` knows what documents say that were read before, `read` is what
    it is to know the next time."""

    memo: Memo
    read: dict[Document, _Reading] = field(default_factory=dict)
    native: dict[PolicyId, NetworkPolicy] = field(default_factory=dict)
    cluster: dict[PolicyId, ClusterPolicy] = field(default_factory=dict)
    calico: list[Document] = field(default_factory=list)
    cilium: list[Document] = field(default_factory=list)
    ignored: list[Document] = field(default_factory=list)
    mesh: list[Document] = field(default_factory=list)
    documents: list[tuple[PolicyId, Document]] = field(default_factory=list)
    unread: list[tuple[PolicyId, Document, str]] = field(default_factory=list)


def ignores(documents: Sequence[tuple[PolicyId, Document]]) -> dict[PolicyId, tuple[str, Span]]:
    """What the annotations of objects say that lint should pass over."""
    found = {}
    for policy_id, doc in documents:
        meta = doc.value.get("metadata")
        annotations = meta.get("annotations") if isinstance(meta, dict) else None
        text = annotations.get(IGNORE) if isinstance(annotations, dict) else None
        if isinstance(text, str):
            found[policy_id] = (text, doc.span("metadata", "annotations", IGNORE))
    return found


def digests(documents: Iterable[Document]) -> dict[PolicyId, str]:
    """What objects say, as a hash each: enough to tell whether another version says the same."""
    return {
        PolicyId("", doc.kind, doc.namespace or "", doc.name): hashlib.sha256(
            json.dumps(
                {key: value for key, value in doc.value.items() if key not in ("metadata", "status")},
                sort_keys=True,
                default=str,
            ).encode()
        ).hexdigest()
        for doc in documents
    }


P = TypeVar("P", NetworkPolicy, ClusterPolicy)


def add(
    found: Found,
    policies: dict[PolicyId, P],
    doc: Document,
    reader: Callable[[Document, Problems], P],
    problems: Problems,
) -> None:
    """Read an object into `policies`, or remember how it was read before; one that is defined twice is reported."""
    known = found.memo.read.get(doc)
    if known is None:
        said = Problems()
        read = reader(doc, said)
        known = (read, said.errors + said.warnings, not said.errors) if said.count else (read, (), True)
    found.read[doc] = known
    policy = cast(P, known[0])
    if known[1]:
        problems.extend(known[1])
    if not known[2]:
        return
    if policy.id in policies:
        message = f"{policy.id} is defined twice; the first time at {policies[policy.id].span}"
        problems.error("NPV052", message, policy.span, "remove or rename one of the two", doc.excerpt(policy.span))
        return
    policies[policy.id] = policy
    found.documents.append((policy.id, doc))


def refuse(doc: Document, what: Role, profile: Profile, problems: Problems) -> None:
    """Report an object that cannot be judged, and may matter."""
    named = f"{doc.kind} `{doc.name}`" if doc.name else doc.kind
    if what is Role.WRONG_VERSION:
        span = doc.span("apiVersion")
        message = f"`{doc.api_version}` of {named} is no API version of NetworkPolicy that current clusters serve"
        fix = "write `apiVersion: networking.k8s.io/v1`; `kubectl convert` rewrites old files"
        problems.error("NPV053", message, span, fix, doc.excerpt(span))
        return
    span = doc.span("kind")
    if what is Role.MISSPELT:
        kinds = kinds_of(doc.group)
        fix = nearest(doc.kind, kinds) or f"known kinds: {', '.join(kinds)}"
        problems.error("NPV056", f"unknown kind `{doc.kind}` of `{doc.api_version}`", span, fix, doc.excerpt(span))
        return
    if what in (Role.CALICO, Role.CILIUM):
        plugin = "calico" if what is Role.CALICO else "cilium"
        message = f"`{doc.kind}` {doc.name} is for {plugin.capitalize()}, and the plugin `{profile.shown}` does not enforce it"
        fix = f"choose the plugin with --cni {plugin} (`cni` in the config), or leave such objects out with `--ignore-kind {doc.kind}.{doc.group}`"
        problems.error("NPV085", message, span, fix, doc.excerpt(span))
        return
    message = f"policies of kind `{doc.kind}` ({doc.api_version}) are not modelled, so {named} cannot be judged"
    fix = f"to leave them out, and get answers about the other policies alone, pass `--ignore-kind {doc.kind}`"
    problems.error("NPV054", message, span, fix, doc.excerpt(span))


def warn_of_mesh(mesh: Sequence[Document], problems: Problems) -> None:
    """Tell that there are policies of a service mesh."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(doc.kind for doc in mesh).items()))
    message = f"service mesh policies are not judged ({kinds}): they may refuse what network policies allow"
    span = mesh[0].span("kind")
    problems.warn("NPV055", message, span, "read every `reaches` as far as network policies go", mesh[0].excerpt(span))
