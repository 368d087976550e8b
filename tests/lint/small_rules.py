"""Small worlds with policies of several rules that overlap, every flow that they can tell apart, and what the oracle says of
rules that are taken away: for the rules of lint about rules, by brute force."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from itertools import product
from random import Random
from typing import Any

import npverify
from lint.small_ties import PODS
from npverify.analyses.elements import in_elements
from npverify.analyses.world import World
from npverify.dialects import profile
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.normal.flow import Flow
from npverify.normal.policy import Action, Direction, Half, Policy, PolicyId, PolicySet
from npverify.oracle import Oracle

Manifest = dict[str, Any]

OUTSIDE = ("203.0.113.5", "203.1.0.5", "198.51.100.5", "192.0.2.5")
TRAFFIC = (("TCP", 80), ("TCP", 443), ("TCP", 100), ("TCP", 1), ("UDP", 53))
BLOCKS = ("203.0.113.0/24", "203.0.0.0/8", "198.51.100.0/24", "0.0.0.0/0")
SUBJECTS = ({}, {}, {"app": "web"}, {"app": "api"})
LABELS = ({}, {"app": "web"}, {"app": "api"}, {"app": "db"}, {"app": "none"})
PORTS = ({"port": 80}, {"port": 443}, {"port": 80, "endPort": 443}, {"protocol": "UDP"}, {"protocol": "TCP"})
SELECTORS = ("all()", "all()", "app == 'web'", "app == 'api'", "app != 'web'", "app == 'none'")


def native(rng: Random) -> list[Manifest]:
    """Three pods and two to four policies of Kubernetes with up to three rules in each direction."""
    return [*PODS, *(_native(rng, name) for name in "abcd"[: rng.randint(2, 4)])]


def _native(rng: Random, name: str) -> Manifest:
    types = rng.choice((["Ingress"], ["Ingress"], ["Egress"], ["Ingress", "Egress"]))
    spec: Manifest = {"podSelector": {"matchLabels": rng.choice(SUBJECTS)}, "policyTypes": types}
    for section, side in (("Ingress", "from"), ("Egress", "to")):
        if section in types:
            spec[section.lower()] = [_native_rule(rng, side) for _ in range(rng.randint(0, 3))]
    meta = {"name": name, "namespace": "shop"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def _native_rule(rng: Random, side: str) -> Manifest:
    rule: Manifest = {}
    if rng.random() < 0.8:
        rule[side] = [_native_peer(rng) for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.6:
        rule["ports"] = [rng.choice(PORTS) for _ in range(rng.randint(1, 2))]
    return rule


def _native_peer(rng: Random) -> Manifest:
    if rng.random() < 0.25:
        return {"ipBlock": {"cidr": rng.choice(BLOCKS)}}
    if rng.random() < 0.15:
        return {"namespaceSelector": {}}
    return {"podSelector": {"matchLabels": rng.choice(LABELS)}}


def calico(rng: Random) -> list[Manifest]:
    """The same with two to four policies of Calico, in two tiers, with every action."""
    tier = {"order": 100, "defaultAction": rng.choice(("Deny", "Pass"))}
    first = {"apiVersion": "projectcalico.org/v3", "kind": "Tier", "metadata": {"name": "first"}, "spec": tier}
    made = [_calico(rng, name, n) for n, name in enumerate("abcd"[: rng.randint(2, 4)])]
    return [*PODS, first, *made, *([_native(rng, "k")] if rng.random() < 0.3 else [])]


def _calico(rng: Random, name: str, n: int) -> Manifest:
    types = rng.choice((["Ingress"], ["Egress"], ["Egress"], ["Ingress", "Egress"]))
    spec: Manifest = {"selector": rng.choice(SELECTORS), "types": types, "order": 10 * rng.randint(1, 2) + n}
    if rng.random() < 0.3:
        spec["tier"] = "first"
    for section in types:
        spec[section.lower()] = [_calico_rule(rng, section) for _ in range(rng.randint(0, 3))]
    meta = {"name": name, "namespace": "shop"}
    return {"apiVersion": "projectcalico.org/v3", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def _calico_rule(rng: Random, section: str) -> Manifest:
    rule: Manifest = {"action": rng.choice(("Allow", "Allow", "Allow", "Deny", "Deny", "Pass", "Log"))}
    peer: Manifest = {}
    if rng.random() < 0.4:
        peer["nets"] = [rng.choice(BLOCKS)]
    elif rng.random() < 0.6:
        peer["selector"] = rng.choice(SELECTORS)
    destination: Manifest = {} if section == "Ingress" else peer
    if rng.random() < 0.4:
        rule["protocol"] = "TCP"
        destination = {**destination, "ports": [rng.choice((80, 443, "80:443"))]}
    return rule | {"source": peer if section == "Ingress" else {}, "destination": destination}


def world_of(objects: list[Manifest], cni: str) -> World:
    """The world of manifests for a plugin that leaves nothing open; read for lint."""
    text = "\n---\n".join(json.dumps(each) for each in objects)
    assume = {"calico_input": "raw"} if cni == "calico" else {s.name: s.default for s in profile(cni, {}).free}
    return npverify.load(["-"], cni=cni, assume=assume, stdin=text.encode, for_lint=True).world


def every_flow(world: World) -> list[Flow]:
    """One flow of each kind that the policies of these worlds can tell apart."""
    ends: list[tuple[Endpoint, Address]] = [(pod, pod.addresses[0]) for pod in world.inventory.pods]
    ends += [(EXTERNAL, Address.parse(text)) for text in OUTSIDE]
    pairs = [(a, b) for a, b in product(ends, ends) if a[0] is not b[0]]
    ported = [Flow(s[0], d[0], protocol, port, s[1], d[1]) for s, d in pairs for protocol, port in TRAFFIC]
    return ported + [Flow(s[0], d[0], "ICMP", None, s[1], d[1], (8, 0)) for s, d in pairs]


class Judge:
    """What the oracle says of every flow of a world if only some elements of its policies are in force."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.whole, self.elements = in_elements(world.policies)
        self.flows = every_flow(world)
        halves = {d: self.whole.half(d) for d in Direction}
        self._names = {d: {p.id for t in half.tiers for p in t.policies} for d, half in halves.items()}
        self._known: dict[tuple[object, ...], list[bool]] = {}
        self.now = self.said(lambda name: True)

    def said(
        self, kept: Callable[[PolicyId], bool], turned: dict[PolicyId, Action] | None = None
    ) -> list[tuple[bool, bool]]:
        """Egress and ingress of each flow, among the elements that are kept; `turned` rules act otherwise."""
        turned = turned or {}
        egress, ingress = (self._side(direction, kept, turned) for direction in (Direction.EGRESS, Direction.INGRESS))
        return list(zip(egress, ingress, strict=True))

    def _side(
        self, direction: Direction, kept: Callable[[PolicyId], bool], turned: dict[PolicyId, Action]
    ) -> list[bool]:
        """One direction, which is judged again only where other elements of it are kept or turned."""
        names = self._names[direction]
        own = tuple((name, action) for name, action in turned.items() if name in names)
        key = (direction, frozenset(filter(kept, names)), own)
        found = self._known.get(key)
        if found is None:
            oracle = Oracle(self.among(kept, turned), self.world.inventory)
            found = self._known[key] = [oracle.side(direction, flow).allowed for flow in self.flows]
        return found

    def among(self, kept: Callable[[PolicyId], bool], turned: dict[PolicyId, Action]) -> PolicySet:
        """The set of some elements."""

        def of(listed: tuple[Policy, ...]) -> Iterator[Policy]:
            for policy in listed:
                if kept(policy.id):
                    action = turned.get(policy.id)
                    rules = tuple(replace(r, action=action) for r in policy.rules) if action else policy.rules
                    yield replace(policy, rules=rules)

        policies = self.whole
        for direction in Direction:
            stages = policies.half(direction).stages
            made = (
                replace(s, tiers=tuple(replace(t, policies=tuple(of(t.policies))) for t in s.tiers)) for s in stages
            )
            policies = policies.with_half(direction, Half(tuple(made)))
        return policies

    def holds(self, rule: PolicyId, asked: str, among: Collection[PolicyId] | None = None) -> bool:
        """What `RuleSweep.holds` decides."""
        own = (rule, self.elements[rule].owner)

        def kept(name: PolicyId) -> bool:
            return among is None or name in among or name in own

        if asked == "turned":
            return self.said(kept, {rule: Action.ALLOW}) == self.said(kept, {rule: Action.DENY})
        now = self.now if among is None else self.said(kept)
        then = self.said(lambda name: kept(name) and name != rule)
        if asked == "removed":
            return now == then
        return [e and i for e, i in now] == [e and i for e, i in then]

    @property
    def rules(self) -> list[PolicyId]:
        """The elements that are rules, those that only log aside."""
        return [name for name, e in self.elements.items() if e.rule is not None and e.rule.action is not Action.LOG]
