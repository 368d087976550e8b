"""Every field of the cluster-wide policies, and what npverify does with it; and what else tells their kinds apart.

Source: kubernetes-sigs/network-policy-api apis/v1alpha1 (branch release-0.1) and apis/v1alpha2, with the schemas under
config/crd/experimental, which hold every field of the standard channel. A field that has no row here is refused with an
error; a row that is IRRELEVANT covers what stands below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from npverify.dialects.cluster_values import Tier
from npverify.ingest.fields import State
from npverify.normal.policy import Action

__all__ = ["ACTIONS", "FIELDS", "KINDS", "TIERS", "Kind", "State", "children"]

ACTIONS = {"Accept": Action.ALLOW, "Allow": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS}
TIERS: dict[str, Tier] = {"Admin": "admin", "Baseline": "baseline"}


class Kind(NamedTuple):
    """How one kind spells what all of them say.

    `tier`     where its policies stand, None where `spec.tier` says so
    `actions`  the words for the actions
    `limit`    the greatest number of rules, and of the peers and ports of each
    `ports`    the field of a rule that lists ports, and `entries` the fields of its items
    """

    name: str
    version: str
    tier: Tier | None
    actions: tuple[str, ...]
    limit: int
    ports: str
    entries: Mapping[str, tuple[str, ...]]

    @property
    def first_version(self) -> bool:
        """Whether the kind is of v1alpha1."""
        return self.version == _V1ALPHA1


_V1ALPHA1 = "policy.networking.k8s.io/v1alpha1"
_V1ALPHA2 = "policy.networking.k8s.io/v1alpha2"
_V1ALPHA1_PORT = {"portNumber": ("protocol", "port"), "namedPort": (), "portRange": ("protocol", "start", "end")}
_NUMBERS = ("destinationPort", *(f"destinationPort.{name}" for name in ("number", "range", "range.start", "range.end")))
_V1ALPHA2_PORT = {"tcp": _NUMBERS, "udp": _NUMBERS, "sctp": _NUMBERS, "destinationNamedPort": ()}

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("AdminNetworkPolicy", _V1ALPHA1, "admin", ("Allow", "Deny", "Pass"), 100, "ports", _V1ALPHA1_PORT),
        Kind("BaselineAdminNetworkPolicy", _V1ALPHA1, "baseline", ("Allow", "Deny"), 100, "ports", _V1ALPHA1_PORT),
        Kind("ClusterNetworkPolicy", _V1ALPHA2, None, ("Accept", "Deny", "Pass"), 25, "protocols", _V1ALPHA2_PORT),
    )
}

_OBJECT_META = (
    "generateName", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
    "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers", "managedFields",
    # the kinds are cluster-wide, so the server clears it
    "namespace",
)  # fmt: skip
_SELECTOR = (
    "", ".matchLabels", ".matchExpressions", ".matchExpressions[].key", ".matchExpressions[].operator",
    ".matchExpressions[].values",
)  # fmt: skip
_PODS = ("", *(f".{key}{path}" for key in ("namespaceSelector", "podSelector") for path in _SELECTOR))
_BOTH_WAYS = (*(f"namespaces{path}" for path in _SELECTOR), *(f"pods{path}" for path in _PODS))
_EGRESS_ONLY = (*(f"nodes{path}" for path in _SELECTOR), "networks")


def _rows(kind: Kind) -> Iterator[tuple[str, State]]:
    for path in (
        "apiVersion",
        "kind",
        "metadata",
        "metadata.name",
        "spec",
        "spec.subject",
        "spec.ingress",
        "spec.egress",
    ):
        yield path, State.MODELLED
    for name in _OBJECT_META:
        yield f"metadata.{name}", State.IRRELEVANT
    if kind.tier is None:
        yield "spec.tier", State.MODELLED
    if kind.tier != "baseline":
        yield "spec.priority", State.MODELLED
    for path in _BOTH_WAYS:
        yield f"spec.subject.{path}", State.MODELLED
    yield from _rule_rows("spec.ingress[]", "from", _BOTH_WAYS, kind)
    yield from _rule_rows("spec.egress[]", "to", (*_BOTH_WAYS, *_EGRESS_ONLY), kind)
    if kind.tier != "baseline":
        # which addresses a name stands for is known at run time only
        yield "spec.egress[].to[].domainNames", State.OPAQUE
    # conditions that the plugin reports
    yield "status", State.IRRELEVANT


def _rule_rows(rule: str, side: str, peers: tuple[str, ...], kind: Kind) -> Iterator[tuple[str, State]]:
    yield f"{rule}.name", State.IRRELEVANT  # it only goes into reports
    yield f"{rule}.action", State.MODELLED
    yield f"{rule}.{side}", State.MODELLED
    for path in peers:
        yield f"{rule}.{side}[].{path}", State.MODELLED
    yield f"{rule}.{kind.ports}", State.MODELLED
    for entry, below in kind.entries.items():
        yield f"{rule}.{kind.ports}[].{entry}", State.MODELLED
        for path in below:
            yield f"{rule}.{kind.ports}[].{entry}.{path}", State.MODELLED


FIELDS: Mapping[str, Mapping[str, State]] = {name: dict(_rows(kind)) for name, kind in KINDS.items()}
"""Kind to path of a field to its state."""


def _grouped(paths: Mapping[str, State]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for path in paths:
        parent, _, name = path.rpartition(".")
        found[parent] = (*found.get(parent, ()), name)
    return found


_CHILDREN = {kind: _grouped(paths) for kind, paths in FIELDS.items()}


def children(kind: str, path: str) -> tuple[str, ...]:
    """The names of the fields of the map at `path` ("" is the object, `spec.ingress[]` an item of a list)."""
    return _CHILDREN[kind][path]
