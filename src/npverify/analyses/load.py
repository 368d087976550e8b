"""Reads everything that a question is asked about: manifests, policies and specs, with all their problems at once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from npverify.analyses.remotes import read_remotes, wanted
from npverify.analyses.world import World
from npverify.assertions.claims import Assertion
from npverify.assertions.resolve import declared_pod_space, resolve
from npverify.dialects import CALICO_VERSION, is_policy, lower, usual_plugin
from npverify.dialects.profiles import Profile, profile
from npverify.ingest.document import Document
from npverify.ingest.files import SPEC, files
from npverify.ingest.read import SpecText, read
from npverify.ingest.source import Diagnostic, InputError, Problems
from npverify.inventory.addresses import BITS, Family, Prefix
from npverify.inventory.build import build
from npverify.inventory.clusters import with_clusters
from npverify.inventory.model import Inventory
from npverify.inventory.slim import Slim

NO_ASSUMPTIONS: Mapping[str, str] = {}
NO_REMOTES: Mapping[str, Sequence[str]] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """What `load` gives back: the world, and the assertions of the specs resolved against it.

    `specs` are the texts of the spec files, `assertions` what they say, in the order of files and lines.
    """

    world: World
    assertions: tuple[Assertion, ...]
    specs: tuple[SpecText, ...]


def load(
    paths: Sequence[str],
    *,
    specs: Sequence[str] = (),
    cni: str | None = None,
    calico_version: str = CALICO_VERSION,
    assume: Mapping[str, str] = NO_ASSUMPTIONS,
    only_tags: Collection[str] = (),
    ignore_kinds: Collection[str] = (),
    pod_cidrs: Sequence[str] = (),
    families: frozenset[Family] | None = None,
    remotes: Mapping[str, Sequence[str]] = NO_REMOTES,
    stdin: Callable[[], bytes] | None = None,
    with_assertions: bool = True,
    for_lint: bool = False,
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
    policy_documents = [d for d in bundle.documents if is_policy(d.api_version, d.kind)]
    chosen = _profile(cni or usual_plugin(policy_documents, ignore_kinds), assume, calico_version, problems)
    texts = _specs(bundle.specs, specs, problems)
    pod_space = (*_prefixes(pod_cidrs, problems), *declared_pod_space(texts, problems))
    inventory = build(bundle.documents, problems, pod_space=tuple(dict.fromkeys(pod_space)), families=families)
    others = read_remotes(remotes, problems, stdin)
    inventory = with_clusters(inventory, others.inventories, problems)
    if chosen is None:
        problems.raise_errors()
        raise AssertionError("a profile that cannot be had is an error")
    lowered = lower(policy_documents, chosen, problems, inventory, ignore_kinds=ignore_kinds, for_lint=for_lint)
    assertions: tuple[Assertion, ...] = ()
    if with_assertions and not problems.errors:  # names would be unknown only because of the errors above
        found = Problems()
        assertions = resolve(texts, inventory, lowered.ids, found, only_tags=only_tags).assertions
        problems.extend(found.warnings)
        problems.extend(found.errors if inventory.pods else _without_unknown_names(found.errors))
    problems.raise_errors()
    _warn(chosen, bool(lowered.ids) or lowered.policies.judges_hosts, problems)
    world = World(
        inventory,
        lowered.policies,
        lowered.ids,
        lowered.mesh,
        dict(sorted((Counter(bundle.skipped) + Counter(others.skipped)).items())),
        lowered.ignored,
        problems.warnings,
        lowered.lint,
        over=lambda other: _over(other, world, policy_documents, chosen, ignore_kinds),
    )
    return Loaded(world, assertions, texts)


def _over(
    inventory: Inventory, world: World, documents: Sequence[Document], chosen: Profile, ignore_kinds: Collection[str]
) -> World:
    """The same policies over another inventory; InputError where they cannot be read over it."""
    problems = Problems()
    lowered = lower(documents, chosen, problems, inventory, ignore_kinds=ignore_kinds)
    problems.raise_errors()
    return replace(world, inventory=inventory, policies=lowered.policies)


def _profile(cni: str, assume: Mapping[str, str], calico_version: str, problems: Problems) -> Profile | None:
    try:
        return profile(cni, assume, calico_version)
    except InputError as error:
        problems.extend(error.diagnostics)
        return None


def _specs(found: Sequence[SpecText], named: Sequence[str], problems: Problems) -> tuple[SpecText, ...]:
    """The specs that were found among the paths and those that were named, each file once; of a folder its .npv files."""
    kept = {os.path.realpath(spec.name): spec for spec in found}
    for path in named:
        for file in files([path], problems, None):
            if file.named or file.name.endswith(SPEC):
                kept.setdefault(os.path.realpath(file.name), SpecText(file.name, file.content))
    return tuple(kept.values())


def _without_unknown_names(errors: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """The errors of specs about input without pods: one for all the names that are unknown only because of that."""
    unknown = [error for error in errors if error.code == "NPV104"]
    if unknown:
        yield Diagnostic(
            "NPV144",
            "no pod or workload was found, so the names in the specs mean nothing",
            fix="add the manifests of the workloads or the output of `kubectl get pods -A -o json`",
        )
    yield from (error for error in errors if error not in unknown)


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
