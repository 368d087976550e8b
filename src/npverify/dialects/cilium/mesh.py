"""Whom Cilium sees in the clusters that Cluster Mesh connects with this one.

Source: Documentation/network/clustermesh/policy.rst, pkg/policy/api/entity.go: their pods have identities with labels, of
which one names their cluster, and are neither `world` nor `cluster` nor what a CIDR means; their nodes, and what runs on the
network of those, are `remote-node`. Each end is named by the node that `inventory.clusters` gave it for itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from npverify.dialects.cilium.labels import is_seen
from npverify.dialects.cilium.settings import Settings
from npverify.dialects.cilium.values import ACCOUNT, CLUSTER, LOCAL, NAMESPACE, NAMESPACE_LABELS
from npverify.inventory.model import METADATA_NAME, Endpoint, EndpointKind, Inventory
from npverify.inventory.unknowns import ABSENT, Unknown, namespace_label
from npverify.normal.predicates import FALSE, TRUE, Pred, Side, and_, const, kind_is, node_is, not_, or_, unknown_in

__all__ = ["Mesh"]


@dataclass(frozen=True)
class Mesh:
    """The ends in other clusters, as peers of this one."""

    inventory: Inventory
    settings: Settings

    @property
    def on(self) -> bool:
        """Whether Cluster Mesh connects them."""
        return self.settings.cluster_mesh == "on"

    def pods(self, side: Side) -> Pred:
        """Their pods, but for those on the network of their node."""
        return or_(*(_is(end, side) for end in self._ends if not end.on_host))

    def hosts(self, side: Side) -> Pred:
        """Their nodes, and what runs on the network of those."""
        return or_(*(_is(end, side) for end in self._ends if end.on_host))

    def labelled(self, key: str, values: tuple[str, ...] | None, side: Side) -> Pred:
        """Their pods with a label that has one of these values (None: any)."""
        if key == LOCAL:
            return FALSE
        return or_(*(and_(_is(end, side), self._has(end, key, values)) for end in self._ends if not end.on_host))

    @property
    def _ends(self) -> tuple[Endpoint, ...]:
        return tuple(e for e in self.inventory.endpoints if e.kind is EndpointKind.REMOTE) if self.on else ()

    def _has(self, end: Endpoint, key: str, values: tuple[str, ...] | None) -> Pred:
        value = self._label(end, key)
        if isinstance(value, Unknown):
            present = not_(unknown_in(value, ABSENT)) if ABSENT in value.values else TRUE
            return present if values is None else unknown_in(value, *values)
        return const(value is not None and (values is None or value in values))

    def _label(self, end: Endpoint, key: str) -> str | Unknown | None:
        if key in (NAMESPACE, ACCOUNT, CLUSTER):
            return {NAMESPACE: end.namespace, ACCOUNT: end.service_account, CLUSTER: end.cluster}[key]
        if key.startswith(f"{NAMESPACE_LABELS}."):
            key = key.removeprefix(f"{NAMESPACE_LABELS}.")
            space = self.inventory.clusters[end.cluster].get(end.namespace)
            value = space.labels.get(key) if space is not None else None
            if value is None and not (space is not None and space.declared):
                if key == METADATA_NAME:
                    return end.namespace
                unknown = namespace_label(end.namespace, key)
                return replace(unknown, name=f"{unknown.name} in cluster {end.cluster}")
            return value
        return end.labels.get(key) if is_seen(key, self.settings.version) else None


def _is(end: Endpoint, side: Side) -> Pred:
    return and_(kind_is(side, EndpointKind.REMOTE), node_is(side, end.node or ""))
