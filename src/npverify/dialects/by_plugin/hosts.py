"""Pods on the host network as peers: a plugin that keeps addresses takes the address of their node, which the node and
everything else on its network have as well."""

from __future__ import annotations

from npverify.dialects import selectors
from npverify.dialects.by_plugin.known import both, in_namespace, matches
from npverify.dialects.kubernetes_read import Peer
from npverify.inventory.model import EndpointKind, Inventory
from npverify.inventory.unknowns import fact
from npverify.normal.predicates import Pred, Side, and_, kind_is, namespace_is, node_is, or_, unknown_in

__all__ = ["host_peer", "hosts"]

_END = {Side.SRC: "source", Side.DST: "destination"}


def hosts(side: Side) -> Pred:
    """Nodes, and what runs on their network."""
    return kind_is(side, EndpointKind.NODE, EndpointKind.HOST_POD)


def host_peer(peer: Peer, namespace: str, side: Side, inventory: Inventory) -> Pred:
    """Whom a peer with selectors means on the network of nodes: the pods that it selects, and what shares a node with one."""
    if peer.namespaces is None:
        where = namespace_is(side, namespace)
    else:
        where = selectors.lower(peer.namespaces, side, "namespace")
    pods = and_(kind_is(side, EndpointKind.HOST_POD), where, selectors.lower(peer.pods or (), side, "pod"))
    beside = []
    for pod in inventory.pods:
        if pod.kind is not EndpointKind.HOST_POD:
            continue
        selected = both(
            in_namespace(peer.namespaces, namespace, pod.namespace, inventory), matches(peer.pods or (), pod.labels)
        )
        if selected is False:
            continue
        if selected and pod.on_every_node:
            beside.append(hosts(side))
        elif selected and pod.node is not None:
            beside.append(and_(hosts(side), node_is(side, pod.node)))
        else:
            shares = fact(f"{pod} is meant and runs on the node of the {_END[side]}", of_flow=True)
            beside.append(and_(hosts(side), unknown_in(shares, "true")))
    return or_(pods, *beside)
