"""All objects of Cilium of one input, read and lowered together with the NetworkPolicies beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from npverify.dialects import kubernetes
from npverify.dialects.cilium.audit import connections, enforced, is_on
from npverify.dialects.cilium.lower import CiliumLowering
from npverify.dialects.cilium.native import as_cilium
from npverify.dialects.cilium.read import read_group, read_policy
from npverify.dialects.cilium.values import CidrGroup, CiliumPolicy, Domain
from npverify.dialects.kubernetes_read import NetworkPolicy
from npverify.dialects.profiles import Profile
from npverify.ingest.document import Document
from npverify.ingest.source import Problems, Span
from npverify.inventory.model import Inventory
from npverify.normal.policy import Direction, Half, PolicyId

__all__ = ["Lowered", "lower_all"]


class Lowered(NamedTuple):
    """Egress and ingress; the same of connections, and of what is dropped all the same, where denials are only reported;
    where every policy stands; and the documents of Cilium's own."""

    halves: tuple[Half, Half]
    audit: tuple[tuple[Half, Half], tuple[Half, Half]] | None
    ids: dict[PolicyId, Span]
    documents: list[tuple[PolicyId, Document]]


def lower_all(
    documents: Sequence[Document],
    native: Sequence[NetworkPolicy],
    profile: Profile,
    problems: Problems,
    inventory: Inventory,
    asked: tuple[Domain, ...] = (),
) -> Lowered:
    """The normal form of everything; what cannot be understood is reported in `problems`, and left out. `asked` are names that
    policies of other kinds may let pods ask for."""
    groups: dict[str, CidrGroup] = {}
    own: dict[PolicyId, CiliumPolicy] = {}
    kept: list[tuple[PolicyId, Document]] = []
    for doc in documents:
        said = Problems()
        if doc.kind == "CiliumCIDRGroup":
            group = read_group(doc, said)
            if doc.name in groups:
                _report_twice(doc, f"CiliumCIDRGroup {doc.name}", groups[doc.name].span, said)
            groups.setdefault(doc.name, group)
        else:
            policy = read_policy(doc, said, profile.cilium)
            if policy.id in own:
                _report_twice(doc, str(policy.id), own[policy.id].span, said)
            elif not said.errors:
                own[policy.id] = policy
                kept.append((policy.id, doc))
        problems.extend((*said.errors, *said.warnings))
    policies = [*own.values(), *(as_cilium(policy, profile.cilium) for policy in native)]
    policies.sort(key=lambda policy: policy.id)
    if inventory.clusters and profile.cilium.cluster_mesh == "off":
        names = ", ".join(sorted(inventory.clusters))
        message = f"the pods of other clusters ({names}) count as outside addresses: Cilium knows them only where a mesh connects them"
        problems.warn("NPV591", message, fix="where Cluster Mesh connects them, say so with --assume cluster_mesh=on")
    if profile.cilium.host_firewall == "off":
        _warn_of_nodes(own.values(), problems)
    lowering = CiliumLowering(policies, groups, inventory, profile, problems, asked)
    audit = None
    if is_on(policies, profile.cilium):
        # what is to be said of the policies was said of the whole set
        beside = (connections(policies), enforced(policies, profile.cilium))
        told = (CiliumLowering(some, groups, inventory, profile, Problems(), asked) for some in beside)
        audit = (_halves(next(told), profile), _halves(next(told), profile))
    ids = {policy.id: policy.span for policy in native}
    ids |= {policy.id: policy.span for policy in own.values()}
    return Lowered(_halves(lowering, profile), audit, ids, kept)


def _halves(lowering: CiliumLowering, profile: Profile) -> tuple[Half, Half]:
    egress, ingress = (
        lowering.half(d, kubernetes.exemptions(d, profile)) for d in (Direction.EGRESS, Direction.INGRESS)
    )
    return egress, ingress


def _warn_of_nodes(policies: Iterable[CiliumPolicy], problems: Problems) -> None:
    for policy in policies:
        found = next((rule for rule in policy.rules if rule.host), None)
        if found is not None:
            message = f"{policy.id} is about nodes, which nothing enforces without the host firewall"
            fix = "where the agent has enable-host-firewall, say so with --assume host_firewall=on"
            problems.warn("NPV546", message, found.span, fix)


def _report_twice(doc: Document, what: str, first: Span, problems: Problems) -> None:
    span = doc.span("metadata", "name")
    message = f"{what} is defined twice; the first time at {first}"
    problems.error("NPV052", message, span, "remove or rename one of the two", doc.excerpt(span))
