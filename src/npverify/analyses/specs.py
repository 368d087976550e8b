"""The specs of a question: which files they are, and what they say over an input."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence

from npverify.assertions.claims import Assertion
from npverify.ingest.files import NOTHING_UNSAVED, SPEC, File, files
from npverify.ingest.read import SpecText
from npverify.ingest.source import Diagnostic, Problems, Span
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import Inventory
from npverify.normal.policy import PolicyId


def named_specs(
    found: Sequence[SpecText],
    named: Sequence[str | File],
    problems: Problems,
    unsaved: Mapping[str, str] = NOTHING_UNSAVED,
) -> tuple[SpecText, ...]:
    """The specs that were found among the paths and those that were named, each file once; of a folder its .npv files."""
    kept = {os.path.realpath(spec.name): spec for spec in found}
    for path in named:
        for file in files([path], problems, None, unsaved):
            if file.named or file.name.endswith(SPEC):
                kept.setdefault(os.path.realpath(file.name), SpecText(file.name, file.content))
    return tuple(kept.values())


def without_unknown_names(errors: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """The errors of specs about input without pods: one for all the names that are unknown only because of that."""
    unknown = [error for error in errors if error.code == "NPV104"]
    if unknown:
        yield Diagnostic(
            "NPV144",
            "no pod or workload was found, so the names in the specs mean nothing",
            fix="add the manifests of the workloads or the output of `kubectl get pods -A -o json`",
        )
    yield from (error for error in errors if error not in unknown)


def resolve(
    specs: Sequence[SpecText],
    inventory: Inventory,
    ids: Mapping[PolicyId, Span],
    problems: Problems,
    only_tags: Collection[str],
) -> tuple[Assertion, ...]:
    """The assertions of the specs. Without specs nothing waits for the parser of their language, or for indexes over all
    endpoints."""
    if not specs and not only_tags:
        return ()
    from npverify.assertions import resolve as language

    return language.resolve(specs, inventory, ids, problems, only_tags=only_tags).assertions


def declared_pod_space(specs: Sequence[SpecText], problems: Problems) -> tuple[Prefix, ...]:
    """Where the specs say that pods of unknown address live."""
    if not specs:
        return ()
    from npverify.assertions import resolve as language

    return language.declared_pod_space(specs, problems)
