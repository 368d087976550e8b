"""Calico's resources: documents in, plain values out.

An object that the API server would refuse is an error. Where input is raw, nobody asked the API server: an object that
Felix, or the schema of the resource, refuses is absent then (felix/calc/validation_filter.go) and only warned of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from npverify.dialects.calico.fields import is_calico
from npverify.dialects.calico.read_felix import felix
from npverify.dialects.calico.read_object import Object, read_object
from npverify.dialects.calico.read_policy import policy, profile
from npverify.dialects.calico.read_sets import host_endpoint, network_set, tier
from npverify.dialects.calico.read_staged import staged_kubernetes
from npverify.dialects.calico.remembered import Remembered
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
from npverify.dialects.kubernetes_read import Parts
from npverify.ingest.document import Document
from npverify.ingest.source import Problems, Span
from npverify.normal.policy import PolicyId

__all__ = ["Mode", "Read", "is_calico", "read_all", "read_each", "resources_of"]

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
    documents: Sequence[Document],
    problems: Problems,
    *,
    mode: Mode,
    version: tuple[int, int] = NEWEST,
    known: Remembered | None = None,
) -> Resources:
    """Every resource of Calico among `documents`; what is wrong with them is reported in `problems`.

    `mode` says how they got into the cluster, `version` is that of Calico. Objects of `crd.projectcalico.org/v1` have
    no defaults in any mode. What is `known` is not read again.
    """
    way = Way(mode, version)
    reads = read_each(documents, way, known)
    kept, refused = [], []
    for read in reads:
        found = read.said
        if found.errors and way.raw and way.absent(problem.code for problem in found.errors):
            refused.append((read.id, read.span))
            found = _told_as_absent(read)
        elif not found.errors:
            kept.append(read)
        problems.extend(found.errors + found.warnings)
    return resources_of(kept, tuple(refused))


class Read(NamedTuple):
    """What reading one document gave: the resource (None where it is too wrong for one), and all that was said of it."""

    id: PolicyId
    span: Span
    document: Document
    value: Value | None
    said: Problems


def read_each(documents: Sequence[Document], way: Way, known: Remembered | None = None) -> list[Read]:
    """What each document of Calico holds, in their order."""
    known = known or Remembered()
    found: list[Read] = []
    seen: dict[PolicyId, Span] = {}
    for doc in documents:
        if not is_calico(doc.api_version, doc.kind):
            continue
        read = known.read(doc, partial(_read, doc, way, known.parts))
        if read.id in seen and read.id.name:
            message = f"{read.id} is defined twice; the first time at {seen[read.id]}"
            said = Problems()
            said.extend((*read.said.errors, *read.said.warnings))
            said.error("NPV202", message, read.span, "remove or rename one of the two", doc.excerpt(read.span))
            read = read._replace(said=said)
        seen.setdefault(read.id, read.span)
        found.append(read)
    return found


def _read(doc: Document, way: Way, parts: Parts) -> Read:
    said = Problems()
    read = read_object(doc, said, way, parts)
    value = _READERS[doc.kind](read)
    return Read(read.id, read.span, doc, value, said)


def _told_as_absent(read: Read) -> Problems:
    """The errors of an object as warnings, and one more that says what follows from them."""
    told = Problems()
    told.extend(read.said.warnings)
    for wrong in read.said.errors:
        told.warn(wrong.code, wrong.message, wrong.span, wrong.fix, wrong.excerpt)
    message = f"{read.id} is not in force: Calico does not take it as it is, and goes on without it"
    told.warn("NPV204", message, read.span, "correct what is wrong in it", read.document.excerpt(read.span))
    return told


def resources_of(reads: Sequence[Read], refused: tuple[tuple[PolicyId, Span], ...] = ()) -> Resources:
    """The resources by kind."""
    values = [read.value for read in reads if read.value is not None]
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
