"""Calico's resources: documents in, plain values out.

An object that the API server would refuse is an error. Where input is raw, nobody asked the API server: an object that
Felix, or the schema of the resource, refuses is absent then (felix/calc/validation_filter.go) and only warned of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from npverify.dialects.calico.fields import is_calico
from npverify.dialects.calico.read_felix import felix
from npverify.dialects.calico.read_object import Object, read_object
from npverify.dialects.calico.read_policy import policy, profile
from npverify.dialects.calico.read_sets import host_endpoint, network_set, tier
from npverify.dialects.calico.read_staged import staged_kubernetes
from npverify.dialects.calico.resources import (
    Felix,
    HostEndpoint,
    NetworkSet,
    Policy,
    Profile,
    Resources,
    StagedKubernetes,
    Tier,
)
from npverify.dialects.calico.way import NEWEST, Mode, Way
from npverify.ingest.document import Document
from npverify.ingest.source import Problems, Span
from npverify.normal.policy import PolicyId

__all__ = ["Mode", "is_calico", "read_all"]

Value = Policy | StagedKubernetes | Tier | NetworkSet | HostEndpoint | Profile | Felix

_READERS: Mapping[str, Callable[[Object], Value | None]] = {
    "NetworkPolicy": policy,
    "GlobalNetworkPolicy": policy,
    "StagedNetworkPolicy": policy,
    "StagedGlobalNetworkPolicy": policy,
    "StagedKubernetesNetworkPolicy": staged_kubernetes,
    "Tier": tier,
    "NetworkSet": network_set,
    "GlobalNetworkSet": network_set,
    "HostEndpoint": host_endpoint,
    "Profile": profile,
    "FelixConfiguration": felix,
}


def read_all(
    documents: Sequence[Document], problems: Problems, *, mode: Mode, version: tuple[int, int] = NEWEST
) -> Resources:
    """Every resource of Calico among `documents`; what is wrong with them is reported in `problems`.

    `mode` says how they got into the cluster, `version` is that of Calico. Objects of `crd.projectcalico.org/v1` have
    no defaults in any mode.
    """
    way = Way(mode, version)
    values: dict[PolicyId, Value] = {}
    seen: dict[PolicyId, Span] = {}
    refused: list[tuple[PolicyId, Span]] = []
    for doc in documents:
        if not is_calico(doc.api_version, doc.kind):
            continue
        found = Problems()
        read = read_object(doc, found, way)
        value = _READERS[doc.kind](read)
        if read.id in seen and read.id.name:
            message = f"{read.id} is defined twice; the first time at {seen[read.id]}"
            found.error("NPV202", message, read.span, "remove or rename one of the two", doc.excerpt(read.span))
        seen.setdefault(read.id, read.span)
        if found.errors and way.raw and way.absent(problem.code for problem in found.errors):
            refused.append((read.id, read.span))
            found = _told_as_absent(found, read, doc)
        elif value is not None and not found.errors:
            values[read.id] = value
        problems.extend(found.errors + found.warnings)
    return _sorted(list(values.values()), tuple(refused))


def _told_as_absent(found: Problems, read: Object, doc: Document) -> Problems:
    """The errors of an object as warnings, and one more that says what follows from them."""
    told = Problems()
    told.extend(found.warnings)
    for wrong in found.errors:
        told.warn(wrong.code, wrong.message, wrong.span, wrong.fix, wrong.excerpt)
    message = f"{read.id} is not in force: Calico does not take it as it is, and goes on without it"
    told.warn("NPV204", message, read.span, "correct what is wrong in it", doc.excerpt(read.span))
    return told


def _sorted(values: Sequence[Value], refused: tuple[tuple[PolicyId, Span], ...]) -> Resources:
    policies = [value for value in values if isinstance(value, Policy)]
    return Resources(
        tuple(value for value in policies if not value.staged),
        tuple(value for value in policies if value.staged),
        tuple(value for value in values if isinstance(value, StagedKubernetes)),
        tuple(value for value in values if isinstance(value, Tier)),
        tuple(value for value in values if isinstance(value, NetworkSet)),
        tuple(value for value in values if isinstance(value, HostEndpoint)),
        tuple(value for value in values if isinstance(value, Profile)),
        next((value for value in values if isinstance(value, Felix)), None),
        refused,
    )
