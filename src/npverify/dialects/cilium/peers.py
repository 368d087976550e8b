"""The peers of an element as a predicate.

Source: cilium/cilium pkg/k8s/apis/cilium.io/utils/utils.go (getEndpointSelector: what namespaces and clusters a selector
means that names none), pkg/policy/api (GetAggregatedSelectors), pkg/policy/rule.go (mergeIngress, mergeEgress).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from npverify.dialects.cilium.domains import may_be_known
from npverify.dialects.cilium.identities import END, Identities, opaque
from npverify.dialects.cilium.values import (
    CLUSTER,
    NAMESPACE,
    NAMESPACE_LABELS,
    Block,
    CidrGroup,
    Domain,
    Element,
    Peers,
    Selector,
    ServiceRef,
    Term,
)
from npverify.ingest.source import Problems, Span
from npverify.inventory.addresses import EVERYTHING, Prefix
from npverify.inventory.model import Service
from npverify.inventory.unknowns import fact
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Pred,
    Side,
    address_in,
    and_,
    namespace_is,
    not_,
    or_,
    unknown_in,
)

__all__ = ["PeerLowering"]

_NAMESPACE_BESIDE = fact("an ipBlock of an ingress rule lets in the pods of the policy's namespace")


@dataclass(frozen=True)
class PeerLowering:
    """Lowers the peers of one cluster's policies; what deserves a warning is told to `problems`. `asked` are the names that
    rules about DNS let through."""

    identities: Identities
    groups: Mapping[str, CidrGroup]
    problems: Problems
    asked: tuple[Domain, ...] = ()

    def peer(self, element: Element, namespace: str, side: Side) -> Pred:
        """Whom an element of a policy of `namespace` ("": clusterwide) means."""
        peers = element.peers
        open_ports = bool(element.ports) or element.icmps is not None
        if peers.empty:
            return FALSE
        if not peers.given:
            return TRUE if open_ports else FALSE
        found = [self.endpoints(selector, namespace, side, scoped=peers.scoped) for selector in peers.endpoints]
        found += [self._nodes(selector, side) for selector in peers.nodes]
        found += [self.identities.entity(name, side) for name in peers.entities]
        found += [self._block(block, namespace, side, element.span) for block in peers.blocks]
        found += [self._known(domain, side, element.span) for domain in peers.domains]
        found += [
            and_(self.identities.outside(side), opaque(f"the group {group} has the address of the {END[side]}"))
            for group in peers.groups
        ]
        if peers.services:
            found.append(self._services(peers, side, open_ports=open_ports))
        return or_(*found)

    def _known(self, domain: Domain, side: Side, span: Span) -> Pred:
        """Who has an address that a name resolves to, if the agent may see the answer at all."""
        if may_be_known(domain, self.asked, self.identities.settings.version):
            return self.resolves(domain, side)
        message = f"no `dns` rule lets pods ask for `{domain.text}`, so that what it resolves to is never known"
        self.problems.warn("NPV553", message, span, f"add `rules: {{dns: [{{matchName: {domain.text}}}]}}` to port 53")
        return FALSE

    def endpoints(self, selector: Selector, namespace: str, side: Side, *, scoped: bool) -> Pred:
        """The identities that a selector means in a policy of a namespace; a `scoped` one says of which namespaces."""
        if any(term.source == "reserved" for term in selector):
            return self.identities.selected(selector, side)
        return self.identities.selected((*selector, *self._implied(selector, namespace, scoped=scoped)), side)

    def _implied(self, selector: Selector, namespace: str, *, scoped: bool) -> Iterator[Term]:
        """What a selector means that does not speak of namespaces or clusters."""
        settings = self.identities.settings
        keys = {term.key for term in selector if term.source in ("k8s", "any")}
        by_labels = settings.version >= (1, 16) and any(key.startswith(f"{NAMESPACE_LABELS}.") for key in keys)
        if NAMESPACE not in keys and not scoped:
            if not namespace:
                yield Term("k8s", NAMESPACE, "Exists")
            elif not by_labels:
                yield Term("k8s", NAMESPACE, "In", (namespace,))
        if settings.local_cluster and CLUSTER not in keys:
            yield Term("k8s", CLUSTER, "Exists")  # every pod of the inventory is of this cluster

    def _nodes(self, selector: Selector, side: Side) -> Pred:
        """Nodes other than the own one, by their labels, which are of the source `node`."""
        as_node = tuple(
            term._replace(source="node") if term.source in ("k8s", "any") and term.key != CLUSTER else term
            for term in selector
            if term.key != CLUSTER
        )
        return and_(self.identities.reserved("remote-node", side), self.identities.selected(as_node, side))

    def _block(self, block: Block, namespace: str, side: Side, span: Span) -> Pred:
        if block.prefix is not None:
            meant = self.prefix(block.prefix, block.excepts, side, in_set=block.in_set)
            if block.with_namespace:
                beside = and_(self.identities.pods(side), namespace_is(side, namespace))
                meant = or_(meant, and_(beside, unknown_in(_NAMESPACE_BESIDE, "true")))
            return meant
        groups = [group for group in self.groups.values() if _is_meant(group, block)]
        if not groups:
            named = f"`{block.group}`" if block.group else "with these labels"
            message = f"there is no CiliumCIDRGroup {named} in the input, so it matches nothing"
            self.problems.warn("NPV544", message, span, "add its manifest, or correct the name")
        return or_(*(self.prefix(p, block.excepts, side, in_set=True) for group in groups for p in group.blocks))

    def prefix(self, prefix: Prefix, excepts: tuple[Prefix, ...], side: Side, *, in_set: bool) -> Pred:
        """The addresses of a CIDR. Those of pods and nodes are not meant: they have an identity of their own, whatever
        address they have (pkg/ipcache/metadata.go resolveLabels)."""
        settings = self.identities.settings
        profile = self.identities.profile
        # a /0 became the label of the world in 1.19, which nodes do not have: cilium/cilium#47827
        nodes = settings.cidr_match_mode == "nodes" and (prefix.length > 0 or settings.version < (1, 19))
        pods = settings.cidr_match_mode == "pods" and settings.version >= (1, 20)
        whose = or_(
            self.identities.outside(side),
            and_(self.identities.hosts(side), TRUE if nodes else profile.pred("ipblock_matches_nodes", "literal")),
            and_(self.identities.pods(side), TRUE if pods else profile.pred("ipblock_matches_pods", "literal")),
        )
        where: Pred = address_in(side, prefix)
        families = self.identities.inventory.families
        if in_set and not prefix.length and (1, 16) <= settings.version < (1, 19) and prefix.family not in families:
            # the /0 of the family that the cluster does not have meant the whole world: pkg/policy/api/cidr.go of 1.17; 1.15
            # looked at the family (CIDRSlice.GetAsEndpointSelectors)
            where = or_(*(address_in(side, EVERYTHING[family]) for family in sorted(families)))
        return and_(whose, where, *(not_(address_in(side, hole)) for hole in excepts))

    def resolves(self, domain: Domain, side: Side) -> Pred:
        """The agent has seen a name that is meant resolve to the address, which is outside the cluster."""
        return and_(self.identities.outside(side), opaque(f"{domain.text} resolves to the address of the {END[side]}"))

    def _services(self, peers: Peers, side: Side, *, open_ports: bool) -> Pred:
        """What is behind the Services; a list that finds nothing behind any stands for everybody where ports are named
        (mergeEgress: the list is not empty, and its selectors are)."""
        known = self.identities.inventory.services
        found = []
        for ref in peers.services:
            chosen = [service for service in known.values() if _is_named(service, ref)]
            if not chosen:
                message = "`toServices` names no Service of the input" + (
                    ": Cilium then lets everything pass on these ports" if open_ports else ", so nothing matches"
                )
                self.problems.warn("NPV545", message, ref.span, "add the manifest of the Service, or correct the name")
            found += [pred for service in chosen if (pred := self._behind(service, side)) is not FALSE]
        if not found:
            return TRUE if open_ports else FALSE
        return or_(*found)

    def _behind(self, service: Service, side: Side) -> Pred:
        if service.selector and not service.problem:
            if self.identities.settings.version < (1, 16):
                return FALSE  # Services without a selector alone
            # the Service's selector becomes one of the rule, which sees the labels of identities alone
            labels = tuple(Term("k8s", key, "Equals", (value,)) for key, value in service.selector.items())
            return and_(namespace_is(side, service.namespace), self.identities.selected(labels, side))
        targets = self.identities.inventory.targets.get((service.namespace, service.name), ())
        return or_(*(self.prefix(Prefix.host(target.address), (), side, in_set=True) for target in targets))


def _is_meant(group: CidrGroup, block: Block) -> bool:
    if block.group_labels is None:
        return group.name == block.group
    return all(_holds(term, group.labels) for term in block.group_labels)


def _holds(term: Term, labels: Mapping[str, str]) -> bool:
    value = labels.get(term.key)
    there = value is not None and (term.wanted is None or value in term.wanted)
    return there is not term.negated


def _is_named(service: Service, ref: ServiceRef) -> bool:
    if ref.namespace and service.namespace != ref.namespace:
        return False
    if ref.labels is None:
        return service.name == ref.name
    return all(_holds(term, service.labels) for term in ref.labels)
