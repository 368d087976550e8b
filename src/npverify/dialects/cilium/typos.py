"""Labels in Cilium's selectors of endpoints that nothing has, but for one slip of the hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from npverify.dialects.cilium.read_selector import read_selector
from npverify.dialects.cilium.values import Term
from npverify.dialects.lint import Suspicion
from npverify.dialects.manifest_lint import slips
from npverify.dialects.selectors import Requirement
from npverify.ingest.document import Document
from npverify.ingest.fields import Fields
from npverify.ingest.source import Problems
from npverify.inventory.model import METADATA_NAME, Inventory
from npverify.normal.policy import PolicyId

_PEERS = {
    "ingress": "fromEndpoints",
    "ingressDeny": "fromEndpoints",
    "egress": "toEndpoints",
    "egressDeny": "toEndpoints",
}
_SOURCES = ("any", "k8s")
_NAMESPACE = "io.kubernetes.pod.namespace"
_OF_NAMESPACE = "io.cilium.k8s.namespace.labels."
_OPERATORS = {"Equals": "In"}

_Path = tuple[str | int, ...]


class _At(NamedTuple):
    """A selector as it is written, and where."""

    path: _Path
    value: dict[str, Any]


def suspicions(
    documents: Iterable[tuple[PolicyId, Document]], inventory: Inventory
) -> Mapping[str, tuple[Suspicion, ...]]:
    """Each key and each value that nothing has, where one that something has differs by one slip; by the code of the rule."""
    found = tuple(s for policy, doc in documents for s in _of(policy, doc, inventory)) if inventory.pods else ()
    return {slips.CODE: found}


def _of(policy: PolicyId, doc: Document, inventory: Inventory) -> Iterator[Suspicion]:
    spaces = slips.of_namespaces(inventory.namespaces.values())
    names = {_NAMESPACE: spaces.get(METADATA_NAME, {})}
    known = {"pod": slips.of_pods(inventory.pods), "namespace": {**spaces, **names}}
    for at in _selectors(doc):
        place = f"{policy}, {_words(at.path)}"
        for term in read_selector(Fields(doc, at.path, at.value, Problems()), "selector"):
            of, requirement = _requirement(term)
            if requirement is not None:
                told = slips.suspicion(policy, place, doc.span(*at.path), requirement, known[of], of)
                if told is not None:
                    yield told


def _selectors(doc: Document) -> Iterator[_At]:
    """The selectors of endpoints of a policy."""
    several = doc.value.get("specs")
    specs: list[tuple[_Path, object]] = [(("spec",), doc.value.get("spec"))]
    specs += [(("specs", n), spec) for n, spec in enumerate(several if isinstance(several, list) else ())]
    for path, spec in specs:
        if not isinstance(spec, dict):
            continue
        if isinstance(subject := spec.get("endpointSelector"), dict):
            yield _At((*path, "endpointSelector"), subject)
        for section, key in _PEERS.items():
            for n, rule in enumerate(_list(spec.get(section))):
                for m, peer in enumerate(_list(rule.get(key) if isinstance(rule, dict) else None)):
                    if isinstance(peer, dict):
                        yield _At((*path, section, n, key, m), peer)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _words(path: _Path) -> str:
    """How messages call a place: `ingress[0].fromEndpoints[1]`."""
    text = ""
    for step in path[1:] if path[0] == "spec" else path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".")


def _requirement(term: Term) -> tuple[str, Requirement | None]:
    """What a term asks of a label, and whose label that is; None where it is of a source that pods do not have."""
    key, of = term.key, "pod"
    if key.startswith(_OF_NAMESPACE):
        key, of = key.removeprefix(_OF_NAMESPACE), "namespace"
    elif key == _NAMESPACE:
        of = "namespace"
    if term.source not in _SOURCES:
        return of, None
    return of, Requirement(key, _OPERATORS.get(term.operator, term.operator), term.values)
