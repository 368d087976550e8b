"""Where what a name means is defined: the `let`, the policy, the manifest of the workload, the pack."""

from __future__ import annotations

from collections.abc import Iterable

from npverify.assertions import syntax as s
from npverify.assertions.packs import file_name, packs
from npverify.ingest.resources import data_path
from npverify.ingest.source import Span
from npverify.inventory.model import Endpoint
from npverify.lsp.names import Found, Names, lets_of, under

_MOST = 100
"""So many places are enough to choose from."""


def definitions(names: Names | None, name: str, text: str, line: int, character: int) -> list[Span]:
    """Where the name at a place of a spec is defined; without a world, only what the text itself defines."""
    found = under(name, text, line, character)
    if found is None:
        return []
    lets = lets_of(name, text)
    if found.pack:
        path = data_path("proofs") / f"{found.pack}.npv"
        return [Span(str(path), 1, 1)] if found.pack in packs() and file_name(found.pack) else []
    if isinstance(found.ends, s.Word) and found.ends.text in lets and found.let is None:
        return [lets[found.ends.text].span]
    return _in_world(names, found) if names is not None else []


def _in_world(names: Names, found: Found) -> list[Span]:
    if found.policy is not None:
        defined = names.world.defined
        return [defined[policy] for policy in names.policies(found.policy.name, found.policy.kind)]
    if found.namespace:
        namespace = names.world.inventory.namespaces.get(found.namespace)
        return [namespace.span] if namespace is not None and namespace.span is not None else []
    match found.ends:
        case s.Named("service", name):
            services = names.directory.of_kind("service", name)
            spans = [names.directory.service(full).span for full in services]
            return [span for span in spans if span is not None]
        case s.Named(kind, name):
            return _of(e for members in names.directory.of_kind(kind, name).values() for e in members)
        case s.Word(text):
            candidates = names.directory.candidates(text)
            own = [c for c in candidates if not (isinstance(c.ends, s.Named) and c.ends.kind == "service")]
            if not own and candidates:
                return _in_world(names, Found(found.word, candidates[0].ends))
            return _of(e for candidate in own for e in candidate.members)
    return []


def _of(ends: Iterable[Endpoint]) -> list[Span]:
    """The manifests of endpoints, each once."""
    return list(dict.fromkeys(e.span for e in ends if e.span is not None and e.span.line))[:_MOST]
