"""Reads everything that a question is asked about: manifests, policies and specs, with all their problems at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from npverify.analyses.remotes import Remotes, read_remotes, wanted
from npverify.analyses.specs import declared_pod_space, named_specs, resolve, without_unknown_names
from npverify.analyses.world import Origin, World
from npverify.assertions.claims import Assertion, PolicyClaim
from npverify.dialects import CALICO_VERSION, Lowered, Memo, is_policy, lower, silenced_elsewhere, usual_plugin
from npverify.dialects.profiles import Profile, profile
from npverify.ingest.document import Document
from npverify.ingest.files import File
from npverify.ingest.read import SpecText, read
from npverify.ingest.source import Diagnostic, InputError, Problems
from npverify.inventory.addresses import BITS, Family, Prefix
from npverify.inventory.build import build, is_inventory
from npverify.inventory.clusters import with_clusters
from npverify.inventory.model import Inventory
from npverify.inventory.slim import Slim
from npverify.normal.keep import keep
from npverify.normal.policy import PolicyId

NO_ASSUMPTIONS: Mapping[str, str] = {}
NO_REMOTES: Mapping[str, Sequence[str | File]] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """What `load` gives back: the world, and the assertions of the specs resolved against it.

    `specs` are the texts of the spec files, `assertions` what they say, in the order of files and lines.
    """

    world: World
    assertions: tuple[Assertion, ...]
    specs: tuple[SpecText, ...]


def load(
    paths: Sequence[str | File],
    *,
    specs: Sequence[str | File] = (),
    cni: str | None = None,
    calico_version: str = CALICO_VERSION,
    assume: Mapping[str, str] = NO_ASSUMPTIONS,
    only_tags: Collection[str] = (),
    ignore_kinds: Collection[str] = (),
    pod_cidrs: Sequence[str] = (),
    families: frozenset[Family] | None = None,
    remotes: Mapping[str, Sequence[str | File]] = NO_REMOTES,
    stdin: Callable[[], bytes] | None = None,
    with_assertions: bool = True,
    for_lint: bool = False,
    keep_documents: bool = False,
) -> Loaded:
    """Read manifests (`paths`: files, folders, `-`) and spec files (`specs`, and every .npv file in the folders).

    cni, assume    the profile of the network plugin, and switches that are fixed beyond it; None: Calico's if there are
                   objects that only Calico reads, else that of every plugin
    calico_version the release whose behaviour is meant, if the plugin is Calico
    only_tags      keep only assertions that carry one of these tags
    ignore_kinds   policy kinds to leave out though they may matter; `World.ignored` counts them
    pod_cidrs      where pods of unknown address live, in addition to `assume pod addresses in …` of the specs
    families       address families of the cluster; None: by evidence
    remotes        manifests of other clusters, by name: their pods and nodes are peers, their policies are not judged
    stdin          reads standard input, for the path `-`
    with_assertions   False: the specs are read only for where pods live
    for_lint       collect what `lint` asks for; an invalid object of Calico is then left out, for lint to find
    keep_documents keep what was read, so that edits of it can be judged (`World.origin`)

    Raises `InputError` with every error that was found in any of them.
    """
    problems = Problems()
    bundle = read(
        paths,
        problems,
        wanted=wanted,
        stdin=stdin,
        tidy=Slim(),
    )
    given = Given(
        bundle.documents,
        tuple(d for d in bundle.documents if is_policy(d.api_version, d.kind)),
        named_specs(bundle.specs, specs, problems),
        bundle.skipped,
        read_remotes(remotes, problems, stdin),
    )
    options = Options(
        cni,
        calico_version,
        assume,
        only_tags,
        ignore_kinds,
        pod_cidrs,
        families,
        with_assertions,
        for_lint,
        keep_documents,
    )
    return settle(given, options, problems).loaded


@dataclass(frozen=True, slots=True)
class Options:
    """How `load` was asked to read; the names are those of its parameters."""

    cni: str | None = None
    calico_version: str = CALICO_VERSION
    assume: Mapping[str, str] = field(default_factory=dict)
    only_tags: Collection[str] = ()
    ignore_kinds: Collection[str] = ()
    pod_cidrs: Sequence[str] = ()
    families: frozenset[Family] | None = None
    with_assertions: bool = True
    for_lint: bool = False
    keep_documents: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What was read: every document in order, those of them that are policies, the specs, the kinds that were skipped, and
    other clusters."""

    documents: Sequence[Document]
    policies: Sequence[Document]
    specs: tuple[SpecText, ...]
    skipped: Mapping[str, int]
    remotes: Remotes


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """What was read with its meaning. With `settle` of what is read after a change, the parts whose input is the same are
    taken from here; `told` is what was said of each part."""

    given: Given
    loaded: Loaded
    declared: tuple[Prefix, ...]
    pod_space: tuple[Prefix, ...]
    lowered: Lowered
    memo: Memo
    told: Mapping[str, tuple[Diagnostic, ...]]


def settle(
    given: Given,
    options: Options,
    problems: Problems,
    before: Settled | None = None,
    *,
    same_inventory: bool = False,
    same_plugin: bool = True,
) -> Settled:
    """Give what was read a meaning; raises `InputError` with every error, also those that `problems` holds already.

    `before` was settled under the same options, but for the plugin unless `same_plugin`. With `same_inventory` nothing that
    the inventory is built from differs.
    """
    told: dict[str, tuple[Diagnostic, ...]] = {}
    chosen = _profile(
        options.cni or usual_plugin(given.policies, options.ignore_kinds),
        options.assume,
        options.calico_version,
        problems,
        for_lint=options.for_lint,
    )
    if before is not None and given.specs == before.given.specs:
        declared, told["space"] = before.declared, before.told["space"]
    else:
        said = Problems()
        declared = declared_pod_space(given.specs, said)
        told["space"] = (*said.errors, *said.warnings)
    problems.extend(told["space"])
    pod_space = tuple(dict.fromkeys((*_prefixes(options.pod_cidrs, problems), *declared)))
    if before is not None and same_inventory and pod_space == before.pod_space:
        inventory, told["inventory"] = before.loaded.world.inventory, before.told["inventory"]
    else:
        said = Problems()
        inventory = build(given.documents, said, pod_space=pod_space, families=options.families)
        meshed = chosen is not None and chosen.cilium.cluster_mesh == "on"
        inventory = with_clusters(inventory, given.remotes.inventories, said, meshed=meshed)
        told["inventory"] = (*said.errors, *said.warnings)
    problems.extend(told["inventory"])
    if chosen is None:
        problems.raise_errors()
        raise AssertionError("a profile that cannot be had is an error")
    memo = before.memo if before is not None else Memo()
    one = before is not None and same_plugin and given.policies == before.given.policies
    if before is not None and one and inventory is before.loaded.world.inventory:
        lowered, told["policies"] = before.lowered, before.told["policies"]
    else:
        said = Problems()
        lowered = lower(
            given.policies,
            chosen,
            said,
            inventory,
            ignore_kinds=options.ignore_kinds,
            for_lint=options.for_lint,
            memo=memo,
        )
        if before is not None:
            lowered = replace(lowered, policies=keep(before.lowered.policies, lowered.policies))
        told["policies"] = (*said.errors, *said.warnings)
    problems.extend(told["policies"])
    assertions: tuple[Assertion, ...] = ()
    told["specs"] = ()
    if options.with_assertions and not problems.errors:  # names would be unknown only because of the errors above
        if before is not None and _mean_the_same(given, inventory, lowered, before):
            assertions, told["specs"] = before.loaded.assertions, before.told["specs"]
        else:
            said = Problems()
            found = resolve(given.specs, inventory, lowered.ids, said, options.only_tags)
            assertions = _as_before(found, inventory, given, before) if before is not None else found
            errors = said.errors if inventory.pods else tuple(without_unknown_names(said.errors))
            told["specs"] = (*said.warnings, *errors)
    problems.extend(told["specs"])
    problems.raise_errors()
    _warn(chosen, bool(lowered.ids) or lowered.policies.judges_hosts, problems)
    facts = lowered.lint
    if facts is not None:
        facts = replace(facts, ignores={**silenced_elsewhere(given.documents), **facts.ignores})
    world = World(
        inventory,
        lowered.policies,
        lowered.ids,
        lowered.mesh,
        dict(sorted((Counter(given.skipped) + Counter(given.remotes.skipped)).items())),
        lowered.ignored,
        problems.warnings,
        facts,
        over_of=lambda self, other: _over(other, self, given.policies, chosen, options.ignore_kinds),
        unjudged=lowered.unjudged,
        without_of=lambda self, policy: _without(policy, self, given.policies, chosen, options.ignore_kinds),
    )
    if options.keep_documents:
        world = replace(
            world,
            origin=Origin(given.documents, memo, lambda values: _edited(values, settled, options)),
        )
    world = world.asking(at for assertion in assertions for at in assertion.requests)
    settled = Settled(given, Loaded(world, assertions, given.specs), declared, pod_space, lowered, memo, told)
    return settled


def _edited(values: Mapping[Document, dict[str, Any]], before: Settled, options: Options) -> World:
    """The world with other values of some objects, and with new ones; InputError where those cannot be read."""
    given = before.given

    fresh = {doc: doc.holding(value) for doc, value in values.items()}
    held = set(given.documents)
    new = tuple(fresh[doc] for doc in values if doc not in held)
    policies = tuple(doc for doc in new if is_policy(doc.api_version, doc.kind))

    def swapped(documents: Sequence[Document]) -> tuple[Document, ...]:
        return tuple(fresh.get(doc, doc) for doc in documents)

    same = not any(is_inventory(doc.api_version, doc.kind) or doc.kind == "HostEndpoint" for doc in values)
    given = replace(given, documents=(*swapped(given.documents), *new), policies=(*swapped(given.policies), *policies))
    options = replace(options, with_assertions=False, keep_documents=False)
    return settle(given, options, Problems(), before, same_inventory=same).loaded.world


def _mean_the_same(given: Given, inventory: Inventory, lowered: Lowered, before: Settled) -> bool:
    """Whether every assertion is what it was: the same words about the same inventory, and where they name policies, the
    same policies."""
    if inventory is not before.loaded.world.inventory or given.specs != before.given.specs:
        return False
    name_policies = any(isinstance(a.claim, PolicyClaim) for a in before.loaded.assertions)
    return not name_policies or list(lowered.ids) == list(before.lowered.ids)


def _as_before(
    found: tuple[Assertion, ...], inventory: Inventory, given: Given, before: Settled
) -> tuple[Assertion, ...]:
    """The assertions, as the objects that they were where they are about flows and nothing they hang on is another."""
    if inventory is not before.loaded.world.inventory or given.specs != before.given.specs:
        return found
    known = {(a.span, a.text): a for a in before.loaded.assertions if not isinstance(a.claim, PolicyClaim)}
    return tuple(known.get((a.span, a.text), a) if not isinstance(a.claim, PolicyClaim) else a for a in found)


def _over(
    inventory: Inventory, world: World, documents: Sequence[Document], chosen: Profile, ignore_kinds: Collection[str]
) -> World:
    """The same policies over another inventory; InputError where they cannot be read over it."""
    problems = Problems()
    for_lint = world.lint is not None  # then an invalid object of Calico was left out, and is again
    lowered = lower(
        documents, chosen, problems, inventory, ignore_kinds=ignore_kinds, for_lint=for_lint, with_facts=False
    )
    problems.raise_errors()
    return replace(world, inventory=inventory, policies=lowered.policies).asking(world.policies.asked)


def _without(
    policy: PolicyId, world: World, documents: Sequence[Document], chosen: Profile, ignore_kinds: Collection[str]
) -> World:
    """The world without a policy; of the others InputError where they cannot be read without it."""
    others = [doc for doc in documents if not _is_named(doc, policy)]
    return _over(world.inventory, world, others, chosen, ignore_kinds)


def _is_named(doc: Document, policy: PolicyId) -> bool:
    namespaces = (doc.namespace or "default",) if policy.namespace else ("", doc.namespace)
    return (doc.kind, doc.name) == (policy.kind, policy.name) and policy.namespace in (*namespaces, "")


def _profile(
    cni: str, assume: Mapping[str, str], calico_version: str, problems: Problems, *, for_lint: bool
) -> Profile | None:
    try:
        return profile(cni, assume, calico_version, for_lint=for_lint)
    except InputError as error:
        problems.extend(error.diagnostics)
        return None


def _prefixes(texts: Sequence[str], problems: Problems) -> list[Prefix]:
    kept = []
    for text in texts:
        try:
            prefix = Prefix.parse(text)
            if prefix.length == BITS[prefix.family]:
                raise ValueError("one address is no range of pods")
            kept.append(prefix)
        except ValueError:
            problems.error(
                "NPV145",
                f"`{text}` is no range of addresses",
                fix="write it as a CIDR without host bits: 10.244.0.0/16",
            )
    return kept


def _warn(chosen: Profile, enforced: bool, problems: Problems) -> None:
    if not chosen.enforces:
        problems.warn(
            "NPV148",
            f"the network plugin of profile `{chosen.name}` enforces no network policy: every flow is allowed",
            fix="choose the plugin of the cluster with --cni",
        )
    elif not enforced:
        problems.warn(
            "NPV147",
            "no network policy was found: every flow is allowed",
            fix="give the folder that holds the NetworkPolicy manifests too",
        )
