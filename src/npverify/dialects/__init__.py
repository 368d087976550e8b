"""Policy languages: documents in, the normal form out. Nothing downstream knows a dialect.

Every policy object is either lowered, or refused with an error that names it, or (where the user said so) counted as
ignored; objects of a service mesh are counted as a warning, because they can only restrict further.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from npverify.dialects import cluster_known, cluster_read, kubernetes
from npverify.dialects.calico.settings import VERSIONS
from npverify.dialects.cluster_values import ClusterPolicy
from npverify.dialects.kinds import Role, kinds_of, role
from npverify.dialects.kubernetes_read import NetworkPolicy, Parts, read
from npverify.dialects.lint import IGNORE, About, LintFacts, Suspicion
from npverify.dialects.plugins import ALIASES, unread
from npverify.dialects.plugins.ways import API
from npverify.dialects.profiles import PROFILES, SWITCHES, Profile, profile
from npverify.ingest.collector import keep, without_gc
from npverify.ingest.document import Document
from npverify.ingest.fields import Fields, nearest
from npverify.ingest.source import Diagnostic, Problems, Span
from npverify.inventory.model import Inventory
from npverify.normal.policy import Audit, Direction, PolicyId, PolicySet

__all__ = [
    "ALIASES",
    "CALICO_VERSION",
    "PROFILES",
    "SWITCHES",
    "Lowered",
    "Memo",
    "Profile",
    "is_policy",
    "lint_rules",
    "lower",
    "profile",
    "silenced_namespaces",
    "usual_plugin",
]


CALICO_VERSION = VERSIONS[-1]
"""The release of Calico that is meant where none is named."""


@dataclass(frozen=True, slots=True)
class Lowered:
    """All policies of the input.

    `ids`      every policy object that was understood, with its position, in the order of the input
    `ignored`  policy kinds that the user chose to ignore, counted, sorted
    `mesh`     there are objects of a service mesh that may restrict further
    `lint`     what lint is told, if it was asked for
    """

    policies: PolicySet
    ids: Mapping[PolicyId, Span]
    ignored: Mapping[str, int]
    mesh: bool
    lint: LintFacts | None = None


def lint_rules() -> tuple[About, ...]:
    """The rules of lint that a dialect has of its own; what they find is in `Lowered.lint`."""
    from npverify.dialects import kubernetes_lint, manifest_lint, plugin_lint
    from npverify.dialects.calico.lint import RULES

    manifests = (rule.about for rule in manifest_lint.RULES)
    return (*(rule.about for rule in RULES), *kubernetes_lint.ABOUTS, *manifests, *plugin_lint.ABOUTS)


def is_policy(api_version: str, kind: str) -> bool:
    """Whether `lower` has something to say about objects of this kind; the others may be skipped."""
    return role(api_version, kind) is not Role.NO_POLICY


def usual_plugin(documents: Sequence[Document], ignore_kinds: Collection[str] = ()) -> str:
    """The profile that is meant where none is named: Calico's or Cilium's if there are policies or settings that it alone reads."""
    roles = {role(doc.api_version, doc.kind) for doc in documents if not _ignored(doc, ignore_kinds)}
    return "calico" if Role.CALICO in roles else "cilium" if Role.CILIUM in roles else "kubernetes"


def _is_idle(doc: Document, profile: Profile) -> bool:
    """Whether the plugin does nothing with a cluster-wide policy, or nobody knows that it does."""
    ways = profile.ways
    known = ways.cluster_policies if doc.kind == "ClusterNetworkPolicy" else ways.admin_policies
    return profile.name != "calico" and (known != "enforced" or not profile.enforces)


def _ignored(doc: Document, kinds: Collection[str]) -> bool:
    return doc.kind in kinds or f"{doc.kind}.{doc.group}" in kinds


@without_gc()
def lower(
    documents: Sequence[Document],
    profile: Profile,
    problems: Problems,
    inventory: Inventory,
    *,
    ignore_kinds: Collection[str] = (),
    for_lint: bool = False,
    with_facts: bool = True,
    memo: Memo | None = None,
) -> Lowered:
    """The normal form of every policy among `documents`; what cannot be understood is reported in `problems`.

    `ignore_kinds` holds kinds (`CiliumNetworkPolicy`, or with the group `Tier.projectcalico.org`) that are not modelled
    for the plugin and that the user wants left out; a modelled kind is never left out. With `for_lint` an invalid object of
    Calico is something to find, and is left out of the normal form; without `with_facts` nothing is looked for. With a `memo` of an earlier call, documents that were
    read then are not read again.
    """
    memo = (memo or Memo()).under(profile)
    found = _Found(memo)
    not_ignored: dict[tuple[str, str], Document] = {}
    parts = Parts()

    def native(doc: Document, told: Problems) -> NetworkPolicy:
        return read(doc, told, strict_cidr=profile.strict_cidr, parts=parts)

    for doc in documents:
        what = role(doc.api_version, doc.kind)
        if what is Role.NO_POLICY:
            continue
        if what is Role.MODELLED:
            _add(found, found.native, doc, native, problems)
        elif what is Role.CALICO and profile.name == "calico":
            found.calico.append(doc)
        elif what is Role.CILIUM and profile.name == "cilium":
            found.cilium.append(doc)
        elif what is Role.CLUSTER and not (_ignored(doc, ignore_kinds) and _is_idle(doc, profile)):
            _add(found, found.cluster, doc, cluster_read.read, problems)
        elif _ignored(doc, ignore_kinds):
            found.ignored[doc.kind] += 1
            continue
        elif for_lint and what in _READ_BY and unread(profile.shown, _READ_BY[what]):
            found.unread.append((_id_of(doc, _READ_BY[what]), doc, _READ_BY[what]))
        elif what is Role.MESH:
            found.mesh.append(doc)
        else:
            _refuse(doc, what, profile, problems)
        if ignore_kinds and _ignored(doc, ignore_kinds):
            not_ignored.setdefault((doc.kind, doc.group), doc)
    for doc in not_ignored.values():
        message = f"{doc.kind} of {doc.group} is read all the same: `--ignore-kind` is for kinds that are not modelled"
        Fields.of(doc, problems).warn("NPV086", message, "kind", fix="leave their files out, or the option")
    if found.mesh:
        _warn_of_mesh(found.mesh, problems)
    keep(len(documents))
    facts = LintFacts(no_order=profile.ways.same_priority == "any" and bool(found.cluster)) if for_lint else None
    if profile.name == "calico":
        policies, ids, facts = _lower_for_calico(found, profile, problems, inventory, for_lint=for_lint)
    elif profile.name == "cilium":
        policies, ids = _lower_for_cilium(found, profile, problems, inventory, for_lint=for_lint)
    else:
        policies = _lower_native(found, profile, problems, inventory, for_lint=for_lint)
        ids = {policy_id: policy.span for policy_id, policy in found.native.items()}
        ids |= {policy_id: policy.span for policy_id, policy in found.cluster.items()}
    memo.read = found.read
    keep(len(documents))
    if facts is not None and with_facts:
        suspicions = _suspicions(found, facts, profile, inventory)
        facts = replace(
            facts,
            suspicions=suspicions,
            ignores=_ignores([*found.documents, *((policy, doc) for policy, doc, _ in found.unread)]),
        )
    return Lowered(policies, ids, dict(sorted(found.ignored.items())), bool(found.mesh), facts)


def _lower_native(
    found: _Found, profile: Profile, problems: Problems, inventory: Inventory, *, for_lint: bool
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


def _suspicions(
    found: _Found, facts: LintFacts, profile: Profile, inventory: Inventory
) -> dict[str, tuple[Suspicion, ...]]:
    """What the rules of the dialects find, by code: their own, those about lists and peers, and those about manifests."""
    from npverify.dialects import kubernetes_lint, manifest_lint, plugin_lint

    native = tuple(found.native.values())
    documents = dict(found.documents)
    case = manifest_lint.Case(native, documents, inventory, profile, profile.shown, tuple(found.unread))
    each = (
        facts.suspicions,
        kubernetes_lint.suspicions(native, documents, profile),
        manifest_lint.suspicions(case),
        _of_cilium(found, inventory) if profile.name == "cilium" else {},
        plugin_lint.suspicions(native, found.cluster.values(), profile, inventory),
    )
    codes = dict.fromkeys(code for told in each for code in told)
    return {code: tuple(s for told in each for s in told.get(code, ())) for code in codes}


_READ_BY = {Role.CALICO: "calico", Role.CILIUM: "cilium"}
"""What reads objects that are not for every plugin."""


def _id_of(doc: Document, dialect: str) -> PolicyId:
    return PolicyId(dialect, doc.kind, doc.namespace or "", doc.name)


def _of_cilium(found: _Found, inventory: Inventory) -> Mapping[str, tuple[Suspicion, ...]]:
    from npverify.dialects.cilium import typos

    return typos.suspicions(found.documents, inventory)


_Reading = tuple[NetworkPolicy | ClusterPolicy, tuple[Diagnostic, ...], bool]
"""A policy as it was read, what was said of it, and whether it can be used."""


@dataclass(slots=True)
class Memo:
    """What documents were read as and lowered to when `lower` was last called with it, under one profile. Guards both."""

    profile: Profile | None = None
    read: dict[Document, _Reading] = field(default_factory=dict)
    lowered: kubernetes.Remembered = field(default_factory=dict)

    def under(self, profile: Profile) -> Memo:
        """This memo; an empty one if it is about another profile."""
        if self.profile != profile:
            self.profile, self.read, self.lowered = profile, {}, {}
        return self


@dataclass(slots=True)
class _Found:
    """The policies of the input by what reads them; `memo` knows what documents say that were read before, `read` is what
    it is to know the next time."""

    memo: Memo
    read: dict[Document, _Reading] = field(default_factory=dict)
    native: dict[PolicyId, NetworkPolicy] = field(default_factory=dict)
    cluster: dict[PolicyId, ClusterPolicy] = field(default_factory=dict)
    calico: list[Document] = field(default_factory=list)
    cilium: list[Document] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    mesh: list[Document] = field(default_factory=list)
    documents: list[tuple[PolicyId, Document]] = field(default_factory=list)
    unread: list[tuple[PolicyId, Document, str]] = field(default_factory=list)


def _ignores(documents: Sequence[tuple[PolicyId, Document]]) -> dict[PolicyId, tuple[str, Span]]:
    """What the annotations of objects say that lint should pass over."""
    found = {}
    for policy_id, doc in documents:
        meta = doc.value.get("metadata")
        annotations = meta.get("annotations") if isinstance(meta, dict) else None
        text = annotations.get(IGNORE) if isinstance(annotations, dict) else None
        if isinstance(text, str):
            found[policy_id] = (text, doc.span("metadata", "annotations", IGNORE))
    return found


def silenced_namespaces(documents: Sequence[Document]) -> Mapping[PolicyId, tuple[str, Span]]:
    """What the annotations of Namespaces say that lint should pass over."""
    spaces = (doc for doc in documents if (doc.api_version, doc.kind) == ("v1", "Namespace"))
    return _ignores([(PolicyId("kubernetes", "Namespace", "", doc.name), doc) for doc in spaces])


def _lower_for_calico(
    found: _Found, profile: Profile, problems: Problems, inventory: Inventory, *, for_lint: bool
) -> tuple[PolicySet, dict[PolicyId, Span], LintFacts | None]:
    """All policies in Calico's tiers, where they stand, and what lint is told."""
    # imported here so that other input does not wait for the parser of selectors
    from npverify.dialects.calico import lint
    from npverify.dialects.calico.cluster import enforced
    from npverify.dialects.calico.lower import CalicoLowering, Native
    from npverify.dialects.calico.read import read_all, read_each, resources_of
    from npverify.dialects.calico.staged import pending
    from npverify.dialects.calico.way import Way

    settings = profile.calico
    told = Problems()
    reads = read_each(found.calico, Way(settings.input, settings.version)) if for_lint else []
    if for_lint:
        found.documents += ((read.id, read.document) for read in reads)
        told.extend(warning for read in reads for warning in read.said.warnings)
        resources = resources_of([read for read in reads if not read.said.errors])
    else:
        resources = read_all(found.calico, told, mode=settings.input, version=settings.version)
    native = list(found.native.values())
    policies = resources.policies
    if settings.staged == "pending":
        policies, native = pending(resources, native)
    ids = {p.id: p.span for p in native}
    ids |= {p.id: p.span for p in found.cluster.values()}
    ids |= {p.id: p.span for p in policies}
    cluster = tuple(enforced(found.cluster.values(), settings.version, told))
    resources = replace(resources, policies=(*policies, *cluster))
    lowering = CalicoLowering(resources, inventory, settings, told)
    lowered = [
        Native(d, p)
        for d in Direction
        for p in kubernetes.lowered(native, d, profile, lowering.objects.port_named_elsewhere)
    ]
    egress, ingress = lowering.halves(lowered, lambda d: kubernetes.exemptions(d, profile))
    of_all = replace(kubernetes.with_switches(egress, ingress, profile), settings=lowering.settings.shown)
    if not for_lint:
        problems.extend((*told.errors, *told.warnings))
        return of_all, ids, None
    in_force = {policy.id for policy in cluster}
    left_out = tuple((p.id, p.span) for p in found.cluster.values() if p.id not in in_force)
    case = lint.Case(tuple(reads), left_out, lowering, policies, told.warnings)
    problems.extend(problem for problem in (*told.errors, *told.warnings) if problem.code not in lint.REPLACED)
    return of_all, ids, lint.facts(case, [p.id for p in native])


def _enforced(found: _Found, profile: Profile, problems: Problems, *, for_lint: bool) -> tuple[ClusterPolicy, ...]:
    """The cluster-wide policies that the plugin enforces; that others have no effect is for lint to find."""
    said = Problems()
    kept = cluster_known.enforced(found.cluster.values(), profile, said)
    replaced = ("NPV575",) if for_lint else ()
    problems.extend(problem for problem in (*said.errors, *said.warnings) if problem.code not in replaced)
    return kept


def _lower_for_cilium(
    found: _Found, profile: Profile, problems: Problems, inventory: Inventory, *, for_lint: bool
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
        if beside is not None and profile.cilium.audit_mode != "on":  # no annotation of theirs is known
            connections, dropped = (kube_cluster.around(pair, cluster, profile, inventory) for pair in beside)
            beside = connections, dropped
    audit = Audit(*(kubernetes.with_switches(*pair, profile) for pair in beside)) if beside is not None else None
    of_all = kubernetes.with_switches(*halves, profile)
    policies = replace(of_all, settings=(*profile.cilium.shown, *profile.settings), audit=audit)
    return policies, ids


P = TypeVar("P", NetworkPolicy, ClusterPolicy)


def _add(
    found: _Found,
    policies: dict[PolicyId, P],
    doc: Document,
    reader: Callable[[Document, Problems], P],
    problems: Problems,
) -> None:
    known = found.memo.read.get(doc)
    if known is None:
        said = Problems()
        known = (reader(doc, said), said.errors + said.warnings, not said.errors)
    found.read[doc] = known
    policy = cast(P, known[0])
    problems.extend(known[1])
    if not known[2]:
        return
    if policy.id in policies:
        message = f"{policy.id} is defined twice; the first time at {policies[policy.id].span}"
        problems.error("NPV052", message, policy.span, "remove or rename one of the two", doc.excerpt(policy.span))
        return
    policies[policy.id] = policy
    found.documents.append((policy.id, doc))


def _refuse(doc: Document, what: Role, profile: Profile, problems: Problems) -> None:
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
        fix = f"choose the plugin with --cni {plugin}, or leave such objects out with `--ignore-kind {doc.kind}.{doc.group}`"
        problems.error("NPV085", message, span, fix, doc.excerpt(span))
        return
    message = f"policies of kind `{doc.kind}` ({doc.api_version}) are not modelled, so {named} cannot be judged"
    fix = f"to leave them out, and get answers about the other policies alone, pass `--ignore-kind {doc.kind}`"
    problems.error("NPV054", message, span, fix, doc.excerpt(span))


def _warn_of_mesh(mesh: Sequence[Document], problems: Problems) -> None:
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(doc.kind for doc in mesh).items()))
    message = f"service mesh policies are not judged ({kinds}): they may refuse what network policies allow"
    span = mesh[0].span("kind")
    problems.warn("NPV055", message, span, "read every `reaches` as far as network policies go", mesh[0].excerpt(span))
