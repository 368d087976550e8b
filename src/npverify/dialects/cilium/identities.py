"""Whom Cilium sees: the identity of each end of a flow, as predicates.

Source: cilium/cilium pkg/policy/api/entity.go (InitEntities), pkg/ipcache/metadata.go (resolveLabels), pkg/labels. A pod on
the network of its node has no identity of its own: it is its node. Pods and nodes of other clusters are addresses outside,
unless Cluster Mesh connects them: mesh.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from npverify.dialects.cilium.labels import is_seen
from npverify.dialects.cilium.mesh import Mesh
from npverify.dialects.cilium.settings import Settings
from npverify.dialects.cilium.values import ACCOUNT, CLUSTER, LOCAL, NAMESPACE, NAMESPACE_LABELS, Selector, Term
from npverify.dialects.kubernetes import policed
from npverify.dialects.profiles import Profile
from npverify.inventory.addresses import EVERYTHING, Prefix
from npverify.inventory.controllers import has_proxy
from npverify.inventory.model import Endpoint, EndpointKind, Inventory
from npverify.inventory.unknowns import fact
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Pred,
    Side,
    address_in,
    and_,
    kind_is,
    label_in,
    namespace_is,
    node_is,
    not_,
    or_,
    own_node,
    service_account_is,
    unknown_in,
)

__all__ = ["END", "Identities", "opaque"]

END = {Side.SRC: "source", Side.DST: "destination"}


def opaque(sentence: str) -> Pred:
    """What nobody can know: true or false of each flow; false in the default reading."""
    return unknown_in(fact(sentence, of_flow=True), "true")


@dataclass(frozen=True)
class Identities:
    """Identities in one cluster. Guards the memo of what is looked up once."""

    inventory: Inventory
    profile: Profile

    @property
    def settings(self) -> Settings:
        """How Cilium runs."""
        return self.profile.cilium

    @cached_property
    def mesh(self) -> Mesh:
        """The ends in other clusters that Cluster Mesh connects."""
        return Mesh(self.inventory, self.settings)

    def pods(self, side: Side) -> Pred:
        """Pods with an identity of their own: those on the network of their node have none."""
        return policed(side, self.profile)

    def proxies(self, side: Side) -> Pred:
        """The proxy of Cilium's own Ingress and Gateway, where the input has any."""
        return kind_is(side, EndpointKind.PROXY) if has_proxy(self.inventory) else FALSE

    def subjects(self, side: Side) -> Pred:
        """What rules that are not about nodes may select: Documentation/network/servicemesh/ingress-reference.rst."""
        return or_(self.pods(side), self.proxies(side))

    def hosts(self, side: Side) -> Pred:
        """Nodes, and what runs on their network."""
        as_node = self.profile.pred("hostnetwork_pods", "as_node")
        return or_(kind_is(side, EndpointKind.NODE), and_(kind_is(side, EndpointKind.HOST_POD), as_node))

    def outside(self, side: Side) -> Pred:
        """Addresses that are of nothing in the cluster."""
        return kind_is(side, EndpointKind.EXTERNAL, *(() if self.mesh.on else (EndpointKind.REMOTE,)))

    def reserved(self, name: str, side: Side) -> Pred:
        """The ends that carry a label of the source `reserved`."""
        match name:
            case "host":
                return self._own_host(side)
            case "remote-node":
                return or_(and_(self.hosts(side), not_(self._own_host(side))), self.mesh.hosts(side))
            case "world":
                return and_(self.outside(side), self._one_family)
            case "world-ipv4" | "world-ipv6":
                of_family = address_in(side, EVERYTHING[4 if name == "world-ipv4" else 6])
                return and_(self.outside(side), of_family, not_(self._one_family))
            case "kube-apiserver":
                return self.api_server(side)
            case "ingress":
                return self.proxies(side)
        return FALSE  # health, init, unmanaged: no end of a flow that is looked at here

    @property
    def _one_family(self) -> Pred:
        """Whether the agent knows one address family alone. What is outside is labelled by family where it knows both, and
        without where it does not: pkg/labels/cidr.go AddWorldLabel."""
        if len(self.inventory.families) == 1:
            return TRUE
        return unknown_in(fact("the agent knows one address family alone"), "true")

    def _own_host(self, side: Side) -> Pred:
        """The node of the pod at the other end, and what is on that node's network."""
        return and_(self.hosts(side), own_node(side), self.pods(side.other))

    def entity(self, name: str, side: Side) -> Pred:
        """The ends that an entity stands for."""
        match name:
            case "all":
                return TRUE
            case "world":  # by whatever label
                return self.outside(side)
            case "cluster":
                return or_(
                    self.pods(side), self.hosts(side), self.proxies(side), self.api_server(side), self.mesh.hosts(side)
                )
            case "cluster-mesh":
                return or_(self.entity("cluster", side), self.mesh.pods(side))
        return self.reserved(name, side)

    def api_server(self, side: Side) -> Pred:
        """The addresses behind the Service default/kubernetes, if they are given; else nobody knows which they are."""
        targets = self.inventory.targets.get(("default", "kubernetes"), ())
        if targets:
            at = or_(*(address_in(side, Prefix.host(target.address)) for target in targets))
        else:
            at = opaque(f"the API server has the address of the {END[side]}")
        return and_(or_(self.hosts(side), self.outside(side)), at)

    def selected(self, selector: Selector, side: Side) -> Pred:
        """The identities that a selector matches; NotIn and DoesNotExist hold of those that have no such label."""
        return and_(*(self._term(term, side) for term in selector))

    def _term(self, term: Term, side: Side) -> Pred:
        there = self._has(term.source, term.key, term.wanted, side)
        return not_(there) if term.negated else there

    def _has(self, source: str, key: str, values: tuple[str, ...] | None, side: Side) -> Pred:
        found = []
        if source in ("k8s", "any"):
            found.append(and_(self.pods(side), self._of_pod(key, values, side)))
            found.append(self.mesh.labelled(key, values, side))
        if source in ("reserved", "any") and (values is None or "" in values):
            found.append(self.reserved(key, side))
        if source == "node" or (source == "any" and self._node_labels):
            found.append(self._of_node(key, values, side))
        return or_(*found)

    def _of_pod(self, key: str, values: tuple[str, ...] | None, side: Side) -> Pred:
        if key == NAMESPACE:
            return TRUE if values is None else or_(*(namespace_is(side, name) for name in values))
        if key.startswith(f"{NAMESPACE_LABELS}."):
            return label_in(side, "namespace", key.removeprefix(f"{NAMESPACE_LABELS}."), values)
        if key == ACCOUNT:
            return TRUE if values is None else or_(*(service_account_is(side, name) for name in values))
        if key == LOCAL:
            return TRUE
        if key == CLUSTER:
            others = self.inventory.clusters if self.mesh.on else {}
            names = (name for name in values or () if name not in others)
            called = (unknown_in(fact(f"this cluster is called {name}"), "true") for name in names)
            return TRUE if values is None else or_(*called)
        return label_in(side, "pod", key, values) if is_seen(key, self.settings.version) else FALSE

    @property
    def _node_labels(self) -> bool:
        return self.settings.node_selector_labels == "on"

    def _of_node(self, key: str, values: tuple[str, ...] | None, side: Side) -> Pred:
        return self.on_nodes(lambda node: _labelled(node, key, values), side)

    def on_nodes(self, wanted: Callable[[Endpoint], bool], side: Side) -> Pred:
        """What is on the network of some nodes."""
        found = (node_is(side, node.name) for node in self.inventory.nodes if wanted(node))
        return and_(self.hosts(side), or_(*found))

    def node_selected(self, selector: Selector, side: Side) -> Pred:
        """What is on the network of the nodes whose own labels a `nodeSelector` matches."""

        def wanted(node: Endpoint) -> bool:
            return all(_labelled(node, term.key, term.wanted) is not term.negated for term in selector)

        return self.on_nodes(wanted, side) if selector else self.hosts(side)

    @cached_property
    def named_ports(self) -> dict[tuple[str, str], frozenset[int]]:
        """Name and protocol to the numbers that pods of the cluster have under it."""
        found: dict[tuple[str, str], set[int]] = {}
        for pod in self.inventory.pods:
            if pod.kind is EndpointKind.POD:
                for port in pod.ports:
                    if port.name:
                        found.setdefault((port.name, port.protocol), set()).add(port.number)
        return {key: frozenset(numbers) for key, numbers in found.items()}


def _labelled(node: Endpoint, key: str, values: tuple[str, ...] | None) -> bool:
    value = node.labels.get(key)
    return isinstance(value, str) and (values is None or value in values)
