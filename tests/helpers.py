"""What tests of several packages need: documents from YAML text, and answers about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import npverify
from npverify.analyses.results import AssertionResult
from npverify.ingest.document import Document
from npverify.ingest.files import File
from npverify.ingest.read import read
from npverify.ingest.source import Problems
from npverify.normal.predicates import Pred, RequestTest, exactly, http_is


def documents(yaml_text: str) -> tuple[Document, ...]:
    """The Kubernetes objects in a YAML text, with positions in the file `<stdin>`; InputError if it cannot be read."""
    problems = Problems()
    bundle = read(["-"], problems, wanted=lambda api_version, kind: True, stdin=yaml_text.encode)
    problems.raise_errors()
    return bundle.documents


def http_clause(methods: Iterable[str], paths: Iterable[tuple[RequestTest, str]], *, normalised: bool) -> Pred:
    """A clause about requests as Calico has it: some methods, `*` for all, and paths that servers read or that are sent."""
    given = list(methods)
    wanted = () if "*" in given else tuple(map(exactly, given))
    return http_is(wanted, paths, reads="served" if normalised else "plain")


def answer(manifests: str, claim: str, **options: Any) -> AssertionResult:
    """The answer to one assertion about manifests; `options` are those of `npverify.load`."""
    files = [File("m.yaml", manifests, True), File("s.npv", f"assert {claim}\n", True)]
    loaded = npverify.load(files, **options)
    (result,) = npverify.prove(loaded.world, loaded.assertions).results
    return result
