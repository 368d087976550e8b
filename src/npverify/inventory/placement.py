"""Which node a pod runs on, where the manifests do not say."""

from __future__ import annotations

from npverify.inventory.labels import of_replica
from npverify.inventory.model import Endpoint, Inventory, Service
from npverify.inventory.unknowns import OTHER, Unknown


def node_of(end: Endpoint, side: str, inventory: Inventory) -> Unknown:
    """The name of the node of a pod on a side (`src` or `dst`) of a flow; two replicas may run on two nodes.

    Where Node objects are declared it is one of them, else it may also be one that nothing tells about.
    """
    names = tuple(node.name for node in inventory.nodes)
    values = names if names and inventory.nodes_declared else (OTHER, *names)
    return of_replica(Unknown(f"node of {end}", values, "label", phrase=f"{end} runs on {{value}}"), end, side)


def serves(service: Service, src: Endpoint, dst: Endpoint) -> bool:
    """Whether a Service may send the traffic of a source to a backend: `internalTrafficPolicy: Local` keeps that of pods and
    nodes on their node (kubernetes/api core/v1 types.go ServiceInternalTrafficPolicy)."""
    if not service.near_only or not _has_node(src) or not _has_node(dst):
        return True
    return src.node == dst.node


def _has_node(end: Endpoint) -> bool:
    """Whether it runs on one node that is known."""
    return (end.is_pod or end.is_node) and not end.cluster and end.node is not None
