"""Which label is probably meant by one that nothing has: what every dialect's selectors are held against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from npverify.dialects.lint import Reason, Suspicion
from npverify.dialects.manifest_lint.case import listed
from npverify.dialects.manifest_lint.names import slipped
from npverify.dialects.selectors import Requirement
from npverify.ingest.source import Span
from npverify.inventory.model import METADATA_NAME, Endpoint, Namespace
from npverify.inventory.unknowns import Unknown
from npverify.normal.policy import PolicyId

CODE = "NPL172"
_NEGATIVE = ("NotIn", "DoesNotExist")


class Slip(NamedTuple):
    """What is written, what is probably meant, and who has that."""

    written: str
    meant: str
    holders: tuple[str, ...]


Known = Mapping[str, Mapping[str | None, tuple[str, ...]]]
"""Key to value (None: one that is not known) to those that have the label."""


def suspicion(
    policy: PolicyId, place: str, span: Span, requirement: Requirement, known: Known, what: str
) -> Suspicion | None:
    """What is said of a requirement of a selector, if it is probably a typo; `what` has the labels (`pod`)."""
    slip = slip_of(requirement, known)
    if slip is None:
        return None
    effect = "so it excludes nothing" if requirement.operator in _NEGATIVE else f"so it matches no {what}"
    message = f"{place}: no {what} has `{slip.written}`, {effect}; probably `{slip.meant}` is meant"
    because = (Reason(f"`{slip.meant}` is a label of {listed(slip.holders)}"),)
    return Suspicion(policy, span, message, f"write `{slip.meant}`, or correct the labels", because)


def slip_of(requirement: Requirement, known: Known) -> Slip | None:
    """The slip of a requirement: of its key, or of the first of its values that has one; None: there is none."""
    key, values = requirement.key, requirement.values
    having = known.get(key)
    if having is None:
        near = slipped(key, known)
        fits = near is not None and (not values or any(value in known[near] for value in values))
        if near is None or not fits:
            return None
        holders = tuple(dict.fromkeys(h for some in known[near].values() for h in some))
        written, meant = ((f"{k}: {values[0]}" if len(values) == 1 else k) for k in (key, near))
        return Slip(written, meant, holders)
    if None in having:
        return None  # somebody's value is not known, and it may be this one
    for value in values:
        near = slipped(value, (v for v in having if v is not None))
        if near is not None:
            return Slip(f"{key}: {value}", f"{key}: {near}", having[near])
    return None


def of_pods(pods: Iterable[Endpoint]) -> Known:
    """The labels of pods."""
    return of((str(pod.workload or pod), pod.labels.items()) for pod in pods)


def of_namespaces(namespaces: Iterable[Namespace]) -> Known:
    """The labels of namespaces. Of one that is not declared the name alone is known; whether others differ by a slip from
    labels that it may have cannot be told, so then the name is all that is compared."""
    some = tuple(namespaces)
    found = of((f"namespace {n.name}", n.labels.items()) for n in some)
    return found if all(n.declared for n in some) else {METADATA_NAME: found.get(METADATA_NAME, {})}


def of(holders: Iterable[tuple[str, Iterable[tuple[str, str | Unknown]]]]) -> Known:
    """The labels of anything."""
    found: dict[str, dict[str | None, dict[str, None]]] = {}
    for holder, labels in holders:
        for key, value in labels:
            text = None if isinstance(value, Unknown) else value
            found.setdefault(key, {}).setdefault(text, {})[holder] = None
    return {key: {value: tuple(some) for value, some in values.items()} for key, values in found.items()}
