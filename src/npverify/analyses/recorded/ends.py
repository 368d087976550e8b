"""Finds what the inventory has of an end that a log names.

A log is older than the manifests: a pod may be gone. Then its workload stands for it, which a log of Hubble names and which
the name of the pod tells otherwise: `web-7c9f8d-x2k4p` was made by Deployment `web` (kubernetes pkg/controller
controller_utils.go: the name of a pod begins with its owner's name and a dash; deployment_util.go: the owner is a ReplicaSet
of the Deployment's name, a dash and a hash).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from npverify.analyses.ends import Directory, Ends
from npverify.analyses.recorded.record import RecordedEnd
from npverify.ingest.source import InputError
from npverify.inventory.addresses import Address
from npverify.inventory.model import Endpoint

_HASH = re.compile(r"(?=[a-z]*[0-9])[a-z0-9]{3,10}|[bcdfghjklmnpqrstvwxz2456789]{5,10}")
"""What a ReplicaSet's name ends with: apimachinery util/rand SafeEncodeString; older ones have more letters."""
_SCHEDULE = re.compile(r"[0-9]{6,10}")
"""What the name of a CronJob's Job ends with: minutes or seconds since 1970."""
_MADE_BY_NAME = {"Deployment": _HASH, "CronJob": _SCHEDULE}
"""Workloads whose pods belong to something in between, by what its name ends with."""


class UnknownEndError(Exception):
    """The inventory does not have an end; the message says which and why."""


class Untold(str):
    """Why there is no one verdict: the log leaves out an address, and policies tell such addresses apart."""

    __slots__ = ()


class UntoldAddressError(UnknownEndError):
    """What the message of `Untold` is raised with."""


def find_end(directory: Directory, end: RecordedEnd) -> Ends:
    """The endpoints that an end of a record may be. UnknownEndError where there is none."""
    if end.elsewhere and end.cluster not in directory.clusters:
        raise UnknownEndError(f"cluster {end.cluster} is not given with --remote")
    directory = directory.clusters.get(end.cluster, directory)
    if end.nobody:
        raise UnknownEndError(end.nobody)
    if end.pod or end.prefix:
        return _pod(directory, end)
    if end.host:
        return _node(directory, end)
    return _address(directory, end)


def _pod(directory: Directory, end: RecordedEnd) -> Ends:
    key = (end.namespace, end.pod)
    if end.pod and key in directory.pods:
        return _at(Ends("/".join(key), (directory.pods[key],)), end)
    named, kind = end.workload
    found = directory.workloads.get((end.namespace, named), {}) if named else {}
    by_kind = {k: ends for k, ends in found.items() if not kind or k == kind}
    prefix = end.prefix or f"{end.pod.rpartition('-')[0]}-"
    candidates = by_kind or dict(_owners(directory, end.namespace, prefix))
    if len(candidates) == 1:
        ((_, members),) = candidates.items()
        ref = members[0].workload
        return _at(Ends(str(ref or members[0]), tuple(members)), end)
    what = f"pod {end.namespace}/{end.pod}" if end.pod else f"pods {end.namespace}/{end.prefix}*"
    if candidates:
        kinds = ", ".join(sorted(candidates))
        raise UnknownEndError(f"{what} may belong to several workloads: {kinds}")
    if end.namespace not in directory.inventory.namespaces:
        raise UnknownEndError(f"{what}: there is no namespace {end.namespace}")
    raise UnknownEndError(f"{what} is not in the inventory, nor a workload that makes pods of that name")


def _owners(directory: Directory, namespace: str, prefix: str) -> Iterator[tuple[str, list[Endpoint]]]:
    """The workloads whose pods' names begin with a text that ends with a dash, by kind and name."""
    name = prefix.removesuffix("-")
    found = directory.workloads.get((namespace, name), {})
    yield from ((f"{kind} {name}", ends) for kind, ends in found.items())
    if found:
        return
    owner, _, ending = name.rpartition("-")
    for kind, ends in directory.workloads.get((namespace, owner), {}).items():
        if kind in _MADE_BY_NAME and _MADE_BY_NAME[kind].fullmatch(ending):
            yield f"{kind} {owner}", ends


def _at(found: Ends, end: RecordedEnd) -> Ends:
    """The same with the recorded address where the inventory knows none, or knows several."""
    try:
        address = Address.parse(end.address)
    except ValueError:
        return found
    first = found.members[0]
    if first.address_known and address not in first.addresses:
        return found  # the name was another pod's then
    return Ends(found.text, found.members, address)


def _node(directory: Directory, end: RecordedEnd) -> Ends:
    if end.node in directory.nodes:
        return Ends(f"node {end.node}", (directory.nodes[end.node],))
    if end.address:
        found = directory.by_address.get(_parsed(end.address))
        if found is not None:
            return Ends(str(found), (found,), _parsed(end.address))
    shown = end.node or end.address or "without a name"
    raise UnknownEndError(f"node {shown} is not in the inventory")


def _address(directory: Directory, end: RecordedEnd) -> Ends:
    address = _parsed(end.address)
    if address in directory.virtual:
        return directory.service(directory.virtual[address])
    try:
        return directory.ip(end.address)
    except InputError as error:
        raise UnknownEndError(error.diagnostics[0].message) from None


def _parsed(text: str) -> Address:
    try:
        return Address.parse(text)
    except ValueError:
        raise UnknownEndError(f"`{text}` is not an IP address") from None
