"""The peers of an element as a predicate.

Source: cilium/cilium pkg/k8s/apis/cilium.io/utils/utils.go (getEndpointSelector: what namespaces and clusters a selector
means that names none), pkg/policy/api (GetAggregatedSelectors), pkg/policy/rule.go (mergeIngress, mergeEgress).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from npverify.dialects.cilium.domains import may_be_known, means
from npverify.dialects.cilium.identities import END, Identities, opaque
from npverify.dialects.cilium.values import (
    CLUSTER,
    LOCAL,
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

_MESHED_SERVICES = fact("`toServices` means pods of other clusters of the mesh as well")
_NAMESPACE_BESIDE = fact("an ipBlock of an ingress rule lets in the pods of the policy's namespace")


@dataclass(frozen=True)
class PeerLowering:
    """Lowers the peers of one cluster's policies; what deserves a warning is told to `problems`.

    asked  the names of domains that rules about DNS let pods ask for
    names  the names of domains that some rule speaks of and pods may ask for, sorted
    requirements  by the side of the peers and whether it is of deny elements: a subject, and what is required of its peers
    """

    identities: Identities
    groups: Mapping[str, CidrGroup]
    problems: Problems
    asked: tuple[Domain, ...] = ()
    names: tuple[str, ...] = ()
    requirements: dict[tuple[Side, bool], list[tuple[Pred, Pred]]] = field(default_factory=dict)

    def peer(self, element: Element, namespace: str, side: Side) -> Pred:
        """Whom an element of a policy of `namespace` ("": clusterwide) means."""
        return or_(*self.selectors(element, namespace, side))

    def selectors(self, element: Element, namespace: str, side: Side) -> tuple[Pred, ...]:
        """Whom an element means, one predicate for each of its peers."""
        peers = element.peers
        open_ports = bool(element.ports) or element.icmps is not None
        if peers.empty:
            return ()
        if not peers.given:
            return (TRUE,) if open_ports else ()
        asked = self.required(side, deny=element.deny) if peers.endpoints else TRUE
        meant = (self.endpoints(selector, namespace, side, scoped=peers.scoped) for selector in peers.endpoints)
        found = [and_(each, asked) for each in meant]
        found += [self._nodes(selector, side) for selector in peers.nodes]
        found += [self.identities.entity(name, side) for name in peers.entities]
        found += [self._block(block, namespace, side, element.span) for block in peers.blocks]
        found += [self.resolves(domain, side) for domain in peers.domains]
        found += [
            and_(self.identities.outside(side), opaque(f"the group {group} has the address of the {END[side]}"))
            for group in peers.groups
        ]
        if peers.services:
            asked = self.required(side, deny=element.deny)
            found.append(self._services(peers, side, asked, open_ports=open_ports))
        return tuple(found)

    def required(self, side: Side, *, deny: bool) -> Pred:
        """What the rules about the endpoint at the other end require of its peers: all that select it ask it of the
        selectors of each other (pkg/policy/rules.go resolveL4IngressPolicy of 1.18), and only of those."""
        found = self.requirements.get((side, deny), ())
        return and_(*(or_(not_(subject), peer) for subject, peer in found))

    def requirement(self, selector: Selector, namespace: str, side: Side) -> Pred:
        """What one selector requires; a reserved label does not free it from the namespace."""
        return self.identities.selected((*selector, *self._implied(selector, namespace, scoped=False)), side)

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
            yield Term("k8s", LOCAL, "Exists")

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
        """The agent has seen a name that is meant resolve to the address, which is outside the cluster; never, where no pod
        may ask for it. What a name of the input resolves to, a pattern that means it resolves to as well."""
        version = self.identities.settings.version
        if not may_be_known(domain, self.asked, version):
            return FALSE
        texts = (domain.text, *(name for name in self.names if domain.pattern and means(domain, name, version)))
        seen = (opaque(f"{text} resolves to the address of the {END[side]}") for text in texts)
        return and_(self.identities.outside(side), or_(*seen))

    def _services(self, peers: Peers, side: Side, asked: Pred, *, open_ports: bool) -> Pred:
        """What is behind the Services; a list that finds nothing behind any stands for everybody where ports are named
        (mergeEgress: the list is not empty, and its selectors are)."""
        known = self.identities.inventory.services
        found: list[Pred] = []
        unclear: list[Service] = []
        for ref in peers.services:
            chosen = [service for service in known.values() if _is_named(service, ref)]
            if not chosen:
                message = "`toServices` names no Service of the input" + (
                    ": Cilium then lets everything pass on these ports" if open_ports else ", so nothing matches"
                )
                self.problems.warn("NPV545", message, ref.span, "add the manifest of the Service, or correct the name")
            found += [pred for service in chosen if (pred := self._behind(service, side, asked)) is not FALSE]
            unclear += [service for service in chosen if self._is_unclear(service)]
        beside = [self._perhaps(service, side) for service in unclear]
        if found or not open_ports:
            return or_(*found, *beside)
        nobody = (unknown_in(fact(f"the Service {service} has no endpoints"), "true") for service in unclear)
        return or_(and_(*nobody), *beside)

    def _is_unclear(self, service: Service) -> bool:
        """Whether somebody gives the Service its endpoints, and no EndpointSlice of the input tells which."""
        known = self.identities.inventory.targets.get((service.namespace, service.name))
        return not (service.selector or service.problem or known)

    def _perhaps(self, service: Service, side: Side) -> Pred:
        address = opaque(f"an endpoint of the Service {service} has the address of the {END[side]}")
        return and_(self.identities.outside(side), address)

    def _behind(self, service: Service, side: Side, asked: Pred) -> Pred:
        if service.selector and not service.problem:
            if self.identities.settings.version < (1, 16):
                return FALSE  # Services without a selector alone
            # the Service's selector becomes one of the rule, which sees the labels of identities alone
            labels = tuple(Term("k8s", key, "Equals", (value,)) for key, value in service.selector.items())
            here = and_(namespace_is(side, service.namespace), self.identities.selected(labels, side))
            return and_(or_(here, self._elsewhere(service, side)), asked)
        targets = self.identities.inventory.targets.get((service.namespace, service.name), ())
        return or_(*(self.prefix(Prefix.host(target.address), (), side, in_set=True) for target in targets))

    def _elsewhere(self, service: Service, side: Side) -> Pred:
        """Pods of other clusters that the selector of a Service matches: whether they are meant is not told."""
        terms = (Term("k8s", key, "Equals", (value,)) for key, value in service.selector.items())
        mesh = self.identities.mesh
        found = [mesh.labelled(NAMESPACE, (service.namespace,), side)]
        found += [mesh.labelled(term.key, term.values, side) for term in terms]
        return and_(*found, unknown_in(_MESHED_SERVICES, "true"))


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
