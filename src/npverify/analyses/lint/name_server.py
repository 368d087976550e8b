"""Whether pods that are isolated for egress may ask for names.

The servers are the pods that carry the usual labels of one. Input without any is judged as if there were one in `kube-system`,
with an address of a private range: manifests of an application do not hold those of the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from npverify.analyses.engine import Engine
from npverify.analyses.world import World
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import (
    EXTERNAL,
    METADATA_NAME,
    ContainerPort,
    Endpoint,
    EndpointKind,
    Inventory,
    Namespace,
    WorkloadRef,
)
from npverify.inventory.unknowns import is_resolution
from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.policy import Action, Direction, PolicyId, Rule
from npverify.normal.predicates import (
    FALSE,
    AddressIn,
    Pred,
    Side,
    UnknownIn,
    address_in,
    and_,
    atoms_of,
    not_,
    or_,
    port_in,
    protocol_is,
    substitute,
)
from npverify.reduction.bitsets import bits
from npverify.reduction.judge import Signature
from npverify.reduction.partial import DIRECT
from npverify.smt.solver import Budget

_LABELS = (
    ("k8s-app", ("kube-dns", "coredns", "node-local-dns")),
    ("app.kubernetes.io/name", ("coredns",)),
    ("dns.operator.openshift.io/daemonset-dns", ("default",)),
)
"""What the pods of the name servers of usual clusters carry: CoreDNS, kube-dns, the cache of a node, OpenShift's."""

_OPENSHIFT = 5353
_PORTS = (53, 853, 5353)
"""Ports on which names are asked for."""

_PRIVATE = tuple(map(Prefix.parse, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))
_LINK_LOCAL = Prefix.parse("169.254.0.0/16")


class Answer(NamedTuple):
    """What pods may do: ask for names by either protocol, and reach anything at all by rules."""

    udp: bool
    tcp: bool
    anything: bool


class Asker(NamedTuple):
    """Pods that no policy tells apart, with the policies that isolate them."""

    pods: tuple[Endpoint, ...]
    policies: tuple[PolicyId, ...]
    rules: tuple[tuple[PolicyId, Rule], ...]
    answer: Answer

    @property
    def by_name(self) -> tuple[tuple[PolicyId, Rule], ...]:
        """The rules that allow a destination by its name."""
        return tuple((policy, rule) for policy, rule in self.rules if names_of(rule))


def names_of(rule: Rule) -> tuple[str, ...]:
    """The facts about names that a rule hangs on."""
    atoms = (a for a in atoms_of(rule.peer) if isinstance(a, UnknownIn))
    return tuple(a.unknown.name for a in atoms if is_resolution(a.unknown))


class NameServer:
    """The question, asked of each kind of pod. Guards the memo of answers."""

    def __init__(self, world: World, budget: Budget, engine: Engine) -> None:
        self.assumed = not any(map(is_server, world.inventory.pods))
        somebody_asks = any(tier.policies for tier in world.policies.egress.tiers)
        if self.assumed and somebody_asks and world.over is not None:
            world = world.over(_with_server(world.inventory))
            engine = Engine(world, budget)
        self._engine = engine
        self._known: dict[object, Answer] = {}

    @cached_property
    def servers(self) -> tuple[Endpoint, ...]:
        """One pod of each kind of server."""
        classes = self._engine.residuals.classes
        return tuple(end for end in classes.representatives if is_server(end))

    def askers(self) -> Iterator[Asker]:
        """Every kind of pod that some policy selects for egress; servers aside."""
        residuals = self._engine.residuals
        for c, end in enumerate(residuals.classes.representatives):
            signature = residuals.signature(Direction.EGRESS, c)
            if end.kind is not EndpointKind.POD or is_server(end) or not signature:
                continue
            rules = tuple((e.policy.id, rule) for e in signature for rule in e.rules if rule.action is Action.ALLOW)
            yield Asker(
                residuals.classes.members[c], tuple(sorted(residuals.ids(signature))), rules, self._answer(c, signature)
            )

    def _answer(self, c: int, signature: Signature) -> Answer:
        key = (signature, self._engine.residuals.aspect_of(Direction.EGRESS, c))
        if key not in self._known:
            udp, tcp = (self._may_ask(c, signature, protocol) for protocol in ("UDP", "TCP"))
            self._known[key] = Answer(udp, tcp, (udp and tcp) or self._reaches_anything(c, signature))
        return self._known[key]

    def _may_ask(self, c: int, signature: Signature, protocol: str) -> bool:
        engine = self._engine
        subject = engine.residuals.classes.representative(c)
        by = protocol_is(protocol)
        for server in self.servers:
            asked = and_(by, or_(*(port_in(n, n) for n in _numbers(server, protocol))))
            if not server.address_known:
                asked = and_(asked, or_(*(address_in(Side.DST, block) for block in _PRIVATE)))
            left = _by_no_name(self._left(c, signature, server))
            if engine.possible(and_(left, asked), subject, server):
                return True
        left = _by_no_name(self._left(c, signature, EXTERNAL))
        if left is FALSE:
            return False
        asked = and_(by, or_(*(port_in(n, n) for n in _PORTS)))
        return any(
            engine.possible(and_(left, asked, meant), subject, EXTERNAL)
            for entry in signature
            for rule in entry.rules
            if rule.action is Action.ALLOW and (meant := self._for_names(subject, rule)) is not FALSE
        )

    def _for_names(self, subject: Endpoint, rule: Rule) -> Pred:
        """The flows of a rule to outside addresses, if they are there for names alone: to no other ports, or to link-local
        addresses, where the cache of a node listens. FALSE for every other rule: `0.0.0.0/0` is about no name server."""
        engine = self._engine
        if not any(isinstance(atom, AddressIn) and atom.side is Side.DST for atom in atoms_of(rule.peer)):
            return FALSE
        match = engine.residuals.partial.residual(rule.match, Direction.EGRESS, DIRECT, src=subject, dst=EXTERNAL)
        for meant in (or_(*(port_in(n, n) for n in _PORTS)), address_in(Side.DST, _LINK_LOCAL)):
            if not engine.possible(and_(match, not_(meant)), subject, EXTERNAL):
                return match
        return FALSE

    def _reaches_anything(self, c: int, signature: Signature) -> bool:
        residuals = self._engine.residuals
        # most rules are about somebody: the first of them is asked before everybody is parted
        for rule in (rule for entry in signature for rule in entry.rules if rule.action is Action.ALLOW):
            for part, left in residuals.bitsets.parts(rule.peer, Side.DST, DIRECT):
                if left is not FALSE and self._reaches(c, signature, part & -part):
                    return True
        return self._reaches(c, signature, residuals.bitsets.all)

    def _reaches(self, c: int, signature: Signature, peers: int) -> bool:
        """Whether some packet to some of the peers passes egress."""
        engine = self._engine
        classes = engine.residuals.classes
        subject = classes.representative(c)
        if len(classes.members[c]) == 1 and not subject.replicated:
            peers &= ~(1 << c)  # what it sends to itself never leaves it
        for group in engine.residuals.groups(Direction.EGRESS, signature, subject, among=peers):
            for d in bits(group.peers) if group.residual is not FALSE else ():
                peer = classes.representative(d)
                if engine.possible(and_(group.residual, protocol_is(*PORT_PROTOCOLS)), subject, peer):
                    return True
        return False

    def _left(self, c: int, signature: Signature, peer: Endpoint) -> Pred:
        residuals = self._engine.residuals
        among = 1 << residuals.classes.of[peer]
        (group,) = residuals.groups(Direction.EGRESS, signature, residuals.classes.representative(c), among=among)
        return group.residual


def is_server(end: Endpoint) -> bool:
    """Whether a pod carries the labels of a name server."""
    return end.is_pod and any(end.labels.get(key) in values for key, values in _LABELS)


def _numbers(server: Endpoint, protocol: str) -> tuple[int, ...]:
    """Where a server listens: on the ports that it calls so, else on the usual one."""
    declared = tuple(p.number for p in server.ports if p.protocol == protocol and p.name.startswith("dns"))
    return declared or ((_OPENSHIFT,) if _LABELS[2][0] in server.labels else (53,))


def _by_no_name(left: Pred) -> Pred:
    """What is left where no name has led anywhere yet."""
    return substitute(left, lambda atom: FALSE if isinstance(atom, UnknownIn) and is_resolution(atom.unknown) else atom)


def _with_server(inventory: Inventory) -> Inventory:
    """The inventory with a name server, as most clusters have it."""
    name = "kube-system"
    ports = (ContainerPort("dns", "UDP", 53), ContainerPort("dns-tcp", "TCP", 53))
    server = Endpoint(
        EndpointKind.POD,
        name,
        "name-server",
        WorkloadRef("Deployment", name, "name-server"),
        {"k8s-app": "kube-dns"},
        service_account="coredns",
        ports=ports,
        replicated=True,
    )
    namespaces: Mapping[str, Namespace] = inventory.namespaces
    if name not in namespaces:
        namespaces = {**namespaces, name: Namespace(name, {METADATA_NAME: name}, declared=False)}
    endpoints = tuple(sorted((*inventory.endpoints, server), key=lambda end: end.key))
    return replace(inventory, namespaces=dict(sorted(namespaces.items())), endpoints=endpoints)
