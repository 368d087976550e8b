"""All policies of an input as one program joins them: Calico, Cilium, or a plugin that reads NetworkPolicies alone."""

from __future__ import annotations

from dataclasses import replace

from npverify.dialects import cluster_known, kubernetes
from npverify.dialects.cluster_values import ClusterPolicy
from npverify.dialects.found import Found
from npverify.dialects.lint import LintFacts
from npverify.dialects.plugins.ways import API
from npverify.dialects.profiles import Profile
from npverify.ingest.source import Problems, Span
from npverify.inventory.controllers import has_proxy
from npverify.inventory.model import Inventory
from npverify.normal.policy import Audit, PolicyId, PolicySet


def lower_native(
    found: Found, profile: Profile, problems: Problems, inventory: Inventory, *, for_lint: bool
) -> PolicySet:
    """NetworkPolicies alone, as the API means them or as the plugin does. What the plugin cannot do is for lint to find, which
    judges them as the API does then."""
    native = list(found.native.values())
    made: PolicySet | None = None
    if profile.ways != API:
        from npverify.dialects import by_plugin

        said = Problems()
        made = by_plugin.policy_set(native, profile, inventory, said)
        if not for_lint:
            problems.extend((*said.errors, *said.warnings))
        elif said.errors:
            made = None
    if made is None:
        made = kubernetes.policy_set(native, profile, found.memo.lowered)
    if not found.cluster:
        return made
    from npverify.dialects import cluster_lower

    cluster = _enforced(found, profile, problems, for_lint=for_lint)
    return cluster_lower.around(made, cluster, profile, inventory) if cluster else made


def lower_for_calico(
    found: Found, profile: Profile, problems: Problems, inventory: Inventory, *, for_lint: bool
) -> tuple[PolicySet, dict[PolicyId, Span], LintFacts | None]:
    """All policies in Calico's tiers, where they stand, and what lint is told."""
    # imported here so that other input does not wait for the parser of selectors
    from npverify.dialects.calico.cluster import enforced
    from npverify.dialects.calico.lower import CalicoLowering
    from npverify.dialects.calico.read import read_all, read_each, resources_of
    from npverify.dialects.calico.remembered import Remembered
    from npverify.dialects.calico.staged import pending
    from npverify.dialects.calico.way import Way

    settings = profile.calico
    told = Problems()
    known = Remembered(found.memo.calico)
    reads = read_each(found.calico, Way(settings.input, settings.version), known) if for_lint else []
    if for_lint:
        found.documents += ((read.id, read.document) for read in reads)
        told.extend(warning for read in reads for warning in read.said.warnings)
        resources = resources_of([read for read in reads if not read.said.errors])
    else:
        resources = read_all(found.calico, told, mode=settings.input, version=settings.version, known=known)
    native = list(found.native.values())
    policies = resources.policies
    if settings.staged == "pending":
        policies, native = pending(resources, native)
    ids = {p.id: p.span for p in native}
    ids |= {p.id: p.span for p in found.cluster.values()}
    ids |= {p.id: p.span for p in policies}
    cluster = tuple(enforced(found.cluster.values(), settings.version, told))
    resources = replace(resources, policies=(*policies, *cluster))
    lowering = CalicoLowering(resources, inventory, settings, told, known)
    pods = kubernetes.Lowering(profile, lowering.objects.port_named_elsewhere)
    egress, ingress = lowering.halves(
        native,
        lambda policy, d: pods.policy(policy, policy.rules[d], d),
        lambda d: kubernetes.exemptions(d, profile),
    )
    found.memo.calico = known.closed()
    of_all = replace(
        kubernetes.with_switches(egress, ingress, profile), settings=(*lowering.settings.shown, *profile.settings)
    )
    if not for_lint:
        problems.extend((*told.errors, *told.warnings))
        return of_all, ids, None
    from npverify.dialects.calico import lint

    in_force = {policy.id for policy in cluster}
    left_out = tuple((p.id, p.span) for p in found.cluster.values() if p.id not in in_force)
    case = lint.Case(tuple(reads), left_out, lowering, policies, told.warnings)
    problems.extend(problem for problem in (*told.errors, *told.warnings) if problem.code not in lint.REPLACED)
    return of_all, ids, lint.facts(case, [p.id for p in native])


def _enforced(found: Found, profile: Profile, problems: Problems, *, for_lint: bool) -> tuple[ClusterPolicy, ...]:
    """The cluster-wide policies that the plugin enforces; that others have no effect is for lint to find."""
    said = Problems()
    kept = cluster_known.enforced(found.cluster.values(), profile, said)
    replaced = ("NPV575",) if for_lint else ()
    problems.extend(problem for problem in (*said.errors, *said.warnings) if problem.code not in replaced)
    return kept


def lower_for_cilium(
    found: Found, profile: Profile, problems: Problems, inventory: Inventory, *, for_lint: bool
) -> tuple[PolicySet, dict[PolicyId, Span]]:
    """All policies as Cilium joins them, and where they stand."""
    from npverify.dialects.cilium import kube_cluster
    from npverify.dialects.cilium.cluster import lower_all

    native = list(found.native.values())
    cluster = _enforced(found, profile, problems, for_lint=for_lint)
    own = lower_all(found.cilium, native, profile, problems, inventory, kube_cluster.names_asked(cluster))
    found.documents += own.documents
    halves, ids = own.halves, own.ids | {p.id: p.span for p in found.cluster.values()}
    beside = own.audit
    if cluster:
        kube_cluster.check_values(found.documents, problems)
        halves = kube_cluster.around(halves, cluster, profile, inventory)
        if beside is not None:
            connections, dropped = beside
            connections = kube_cluster.around(connections, cluster, profile, inventory)
            if profile.cilium.audit_mode != "on":  # no annotation of theirs is known
                dropped = kube_cluster.around(dropped, cluster, profile, inventory)
            beside = connections, dropped
    audit = Audit(*(kubernetes.with_switches(*pair, profile) for pair in beside)) if beside is not None else None
    of_all = replace(kubernetes.with_switches(*halves, profile), proxied=has_proxy(inventory))
    policies = replace(of_all, settings=(*profile.cilium.shown, *profile.settings), audit=audit)
    return policies, ids
