"""Policy languages: documents in, the normal form out. Nothing downstream knows a dialect.

Every policy object is either lowered, or refused with an error that names it, or (where the user said so) counted as
ignored; objects of a service mesh are counted as a warning, because they can only restrict further.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from npverify.dialects import cluster_read
from npverify.dialects.again import lower_again
from npverify.dialects.calico.settings import VERSIONS
from npverify.dialects.found import Found, Memo, Plain, add, digests, ignores, refuse, warn_of_mesh
from npverify.dialects.joined import lower_for_calico, lower_for_cilium, lower_native
from npverify.dialects.kinds import Role, role
from npverify.dialects.kubernetes_read import NetworkPolicy, Parts, read
from npverify.dialects.lint import About, LintFacts, Suspicion
from npverify.dialects.plugins import ALIASES, unread
from npverify.dialects.plugins.ways import API
from npverify.dialects.profiles import PROFILES, SWITCHES, Profile, profile
from npverify.ingest.collector import keep, without_gc
from npverify.ingest.document import Document
from npverify.ingest.fields import Fields
from npverify.ingest.source import Problems, Span
from npverify.inventory.fronts import ROUTES
from npverify.inventory.model import Inventory
from npverify.inventory.objects import is_inventory
from npverify.normal.policy import PolicyId, PolicySet

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
    "silenced_elsewhere",
    "usual_plugin",
]

_SILENCING = frozenset({"Namespace", "Service", "Ingress", *ROUTES})


CALICO_VERSION = VERSIONS[-1]
"""The release of Calico that is meant where none is named."""


@dataclass(frozen=True, slots=True)
class Lowered:
    """All policies of the input.

    `ids`      every policy object that was understood, with its position, in the order of the input
    `ignored`  policy kinds that the user chose to ignore, counted, sorted
    `mesh`     there are objects of a service mesh that may restrict further
    `lint`     what lint is told, if it was asked for
    `unjudged` what the ignored objects and those of a mesh say, as a hash each
    """

    policies: PolicySet
    ids: Mapping[PolicyId, Span]
    ignored: Mapping[str, int]
    mesh: bool
    lint: LintFacts | None = None
    unjudged: Mapping[PolicyId, str] = field(default_factory=dict)


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
    kinds = {(doc.api_version, doc.kind): doc for doc in documents}
    roles = {role(*kind) for kind, doc in kinds.items() if not _ignored(doc, ignore_kinds)}
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
    again = None if ignore_kinds or for_lint else lower_again(documents, profile, memo)
    if again is not None:
        return Lowered(*again, {}, mesh=False)
    before = len(problems.errors) + len(problems.warnings)
    found = Found(memo)
    not_ignored: dict[tuple[str, str], Document] = {}
    parts = Parts()

    def native(doc: Document, told: Problems) -> NetworkPolicy:
        return read(doc, told, strict_cidr=profile.strict_cidr, parts=parts)

    for doc in documents:
        what = role(doc.api_version, doc.kind)
        if what is Role.NO_POLICY:
            continue
        if what is Role.MODELLED:
            add(found, found.native, doc, native, problems)
        elif what is Role.CALICO and profile.name == "calico":
            found.calico.append(doc)
        elif what is Role.CILIUM and profile.name == "cilium":
            found.cilium.append(doc)
        elif what is Role.CLUSTER and not (_ignored(doc, ignore_kinds) and _is_idle(doc, profile)):
            add(found, found.cluster, doc, cluster_read.read, problems)
        elif _ignored(doc, ignore_kinds):
            found.ignored.append(doc)
            continue
        elif for_lint and what in _READ_BY and unread(profile.shown, _READ_BY[what]):
            found.unread.append((_id_of(doc, _READ_BY[what]), doc, _READ_BY[what]))
        elif what is Role.MESH:
            found.mesh.append(doc)
        else:
            refuse(doc, what, profile, problems)
        if ignore_kinds and _ignored(doc, ignore_kinds):
            not_ignored.setdefault((doc.kind, doc.group), doc)
    for doc in not_ignored.values():
        message = f"{doc.kind} of {doc.group} is read all the same: `--ignore-kind` is for kinds that are not modelled"
        Fields.of(doc, problems).warn("NPV086", message, "kind", fix="leave their files out, or the option")
    if found.mesh:
        warn_of_mesh(found.mesh, problems)
    keep(len(documents))
    facts = LintFacts(no_order=profile.ways.same_priority == "any" and bool(found.cluster)) if for_lint else None
    if profile.name == "calico":
        policies, ids, facts = lower_for_calico(found, profile, problems, inventory, for_lint=for_lint)
    elif profile.name == "cilium":
        policies, ids = lower_for_cilium(found, profile, problems, inventory, for_lint=for_lint)
    else:
        policies = lower_native(found, profile, problems, inventory, for_lint=for_lint)
        ids = {policy_id: policy.span for policy_id, policy in found.native.items()}
        ids |= {policy_id: policy.span for policy_id, policy in found.cluster.items()}
    memo.read = found.read
    said = len(problems.errors) + len(problems.warnings) > before
    plain = profile.name not in ("calico", "cilium") and profile.ways == API and len(found.native) == len(documents)
    memo.plain = Plain(tuple(documents), found.native, ids, policies) if plain and not said else None
    keep(len(documents))
    if facts is not None and with_facts:
        suspicions = _suspicions(found, facts, profile, inventory)
        facts = replace(
            facts,
            suspicions=suspicions,
            ignores=ignores([*found.documents, *((policy, doc) for policy, doc, _ in found.unread)]),
        )
    ignored = dict(sorted(Counter(doc.kind for doc in found.ignored).items()))
    return Lowered(policies, ids, ignored, bool(found.mesh), facts, digests([*found.ignored, *found.mesh]))


def _suspicions(
    found: Found, facts: LintFacts, profile: Profile, inventory: Inventory
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


def _of_cilium(found: Found, inventory: Inventory) -> Mapping[str, tuple[Suspicion, ...]]:
    from npverify.dialects.cilium import typos

    return typos.suspicions(found.documents, inventory)


def silenced_elsewhere(documents: Sequence[Document]) -> Mapping[PolicyId, tuple[str, Span]]:
    """What the annotations of Namespaces, and of what opens ways in, say that lint should pass over."""
    found = [
        (PolicyId("kubernetes", doc.kind, "" if doc.kind == "Namespace" else doc.namespace or "default", doc.name), doc)
        for doc in documents
        if doc.kind in _SILENCING and is_inventory(doc.api_version, doc.kind)
    ]
    return ignores(found)
