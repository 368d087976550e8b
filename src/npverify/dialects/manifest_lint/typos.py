"""Labels in selectors that nothing has, but for one slip of the hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from npverify.dialects.lint import About, Reason, Suspicion
from npverify.dialects.manifest_lint.case import Case, LintRule, listed, selectors
from npverify.dialects.manifest_lint.names import slipped
from npverify.dialects.selectors import Requirement
from npverify.inventory.model import METADATA_NAME
from npverify.inventory.unknowns import Unknown

_NEGATIVE = ("NotIn", "DoesNotExist")


def find(case: Case) -> Iterator[Suspicion]:
    """Each key and each value of a selector that nothing has, where one that something has differs by one slip."""
    known = {"pod": _of_pods(case), "namespace": _of_namespaces(case)}
    for policy, place, span, selector, of in selectors(case):
        for requirement in selector:
            slip = _slip(requirement, known[of])
            if slip is not None:
                what = "pod" if of == "pod" else "namespace"
                negative = requirement.operator in _NEGATIVE
                effect = "so it excludes nothing" if negative else f"so it matches no {what}"
                message = f"{place}: no {what} has `{slip.written}`, {effect}; probably `{slip.meant}` is meant"
                because = (Reason(f"`{slip.meant}` is a label of {listed(slip.holders)}"),)
                yield Suspicion(policy.id, span, message, f"write `{slip.meant}`, or correct the labels", because)


class _Slip(NamedTuple):
    """What is written, what is probably meant, and who has that."""

    written: str
    meant: str
    holders: tuple[str, ...]


_Known = Mapping[str, Mapping[str | None, tuple[str, ...]]]
"""Key to value (None: one that is not known) to those that have the label."""


def _slip(requirement: Requirement, known: _Known) -> _Slip | None:
    key, values = requirement.key, requirement.values
    having = known.get(key)
    if having is None:
        near = slipped(key, known)
        fits = near is not None and (not values or any(value in known[near] for value in values))
        if near is None or not fits:
            return None
        holders = tuple(dict.fromkeys(h for some in known[near].values() for h in some))
        written, meant = ((f"{k}: {values[0]}" if len(values) == 1 else k) for k in (key, near))
        return _Slip(written, meant, holders)
    if None in having:
        return None  # somebody's value is not known, and it may be this one
    for value in values:
        near = slipped(value, (v for v in having if v is not None))
        if near is not None:
            return _Slip(f"{key}: {value}", f"{key}: {near}", having[near])
    return None


def _of_pods(case: Case) -> _Known:
    return _known((str(pod.workload or pod), pod.labels.items()) for pods in case.pods_of.values() for pod in pods)


def _of_namespaces(case: Case) -> _Known:
    """The labels of namespaces. Of one that is not declared the name alone is known; whether others differ by a slip from
    labels that it may have cannot be told, so then the name is all that is compared."""
    namespaces = case.inventory.namespaces.values()
    declared = all(n.declared for n in namespaces)
    found = _known((f"namespace {n.name}", n.labels.items()) for n in namespaces)
    return found if declared else {METADATA_NAME: found.get(METADATA_NAME, {})}


def _known(holders: Iterable[tuple[str, Iterable[tuple[str, str | Unknown]]]]) -> _Known:
    found: dict[str, dict[str | None, dict[str, None]]] = {}
    for holder, labels in holders:
        for key, value in labels:
            text = None if isinstance(value, Unknown) else value
            found.setdefault(key, {}).setdefault(text, {})[holder] = None
    return {key: {value: tuple(some) for value, some in values.items()} for key, values in found.items()}


_POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: %s}}, namespaceSelector: {matchLabels: {env: dev}}}]
    ports: [{port: 8080}]
"""

RULE = LintRule(
    About(
        "NPL172",
        "probable-typo",
        "warning",
        "A selector asks for a label that nothing has, but for one letter.",
        "A key or value that no pod (for `namespaceSelector`: no namespace) of the input has, where something has one that "
        "differs by a letter that is left out, added or another one, by two neighbours that changed places, or by case and "
        "separators alone. Digits tell names apart, names of one or two letters are not compared, and labels that are not known "
        "count as any. It is told of `NotIn` too, which excludes nothing then.",
        fires=_POLICY % "moniter",
        silent=_POLICY % "grafana",
        needs_pods=True,
    ),
    find,
)
