"""What the rules about manifests look at: NetworkPolicies as they were read, where they stand, and the pods that there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from npverify.dialects import kubernetes
from npverify.dialects.kubernetes_read import NetworkPolicy, Peer, PortEntry, RuleText
from npverify.dialects.lint import About, Suspicion
from npverify.dialects.profiles import Profile
from npverify.dialects.selectors import Selector
from npverify.ingest.document import Document
from npverify.ingest.source import Span
from npverify.inventory.model import Endpoint, EndpointKind, Inventory, Namespace
from npverify.inventory.unknowns import Unknown
from npverify.normal.policy import Direction, PolicyId
from npverify.normal.predicates import Pred


class LintRule(NamedTuple):
    """A rule of lint: what it tells of itself, and what it finds."""

    about: About
    find: Callable[[Case], Iterable[Suspicion]]


class At(NamedTuple):
    """A rule of a policy, and its place in the document."""

    case: Case
    policy: NetworkPolicy
    direction: Direction
    number: int
    rule: RuleText

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{self.policy.id}, {self.rule.label}"

    @property
    def peers_key(self) -> str:
        """The field that lists its peers."""
        return "to" if self.direction is Direction.EGRESS else "from"

    def span(self, *path: str | int) -> Span:
        """Where a field of the rule stands; the rule itself, if it is not known better."""
        document = self.case.documents.get(self.policy.id)
        if document is None:
            return self.rule.span
        return document.span(
            "spec", str(self.direction), self.number, *path, key=bool(path) and isinstance(path[-1], str)
        )

    def of_ports(self, *entries: PortEntry) -> tuple[Pred, Pred, Pred]:
        """Subject, peer and traffic of the rule in the normal form, as if it listed these ports alone."""
        alone = self.policy._replace(rules={self.direction: (self.rule._replace(ports=entries),)})
        (lowered,) = kubernetes.lowered([alone], self.direction, self.case.profile)
        (rule,) = lowered.rules
        return lowered.subject, rule.peer, rule.traffic

    def receivers(self) -> tuple[Endpoint, ...]:
        """The pods whose ports the rule is about: those that the policy selects, or those that its peers are."""
        if self.direction is Direction.INGRESS:
            return self.case.selected(self.policy)
        found = dict.fromkeys(
            pod for peer in self.rule.peers if peer.block is None for pod in self.case.peers(self.policy, peer)
        )
        return tuple(found)


@dataclass(frozen=True)
class Case:
    """One input: its NetworkPolicies that can be read, the document of each, what exists, and the plugin by its profile
    and by the name that the user gave."""

    policies: tuple[NetworkPolicy, ...]
    documents: Mapping[PolicyId, Document]
    inventory: Inventory
    profile: Profile
    plugin: str = ""

    @cached_property
    def rules(self) -> tuple[At, ...]:
        """Every rule of a direction that its policy is about."""
        return tuple(
            At(self, policy, direction, number, rule)
            for policy in self.policies
            for direction in Direction
            for number, rule in enumerate(policy.rules.get(direction, ()))
        )

    @cached_property
    def pods_of(self) -> Mapping[str, tuple[Endpoint, ...]]:
        """The pods of each namespace on the pod network: on the host network no selector finds them as a rule."""
        found: dict[str, list[Endpoint]] = {}
        for pod in self.inventory.pods:
            if pod.kind is EndpointKind.POD:
                found.setdefault(pod.namespace, []).append(pod)
        return {name: tuple(pods) for name, pods in found.items()}

    def span(self, policy: NetworkPolicy, *path: str | int, key: bool = True) -> Span:
        """Where a field of a policy stands; the policy itself, if it is not known better."""
        document = self.documents.get(policy.id)
        return policy.span if document is None else document.span(*path, key=key)

    def selected(self, policy: NetworkPolicy) -> tuple[Endpoint, ...]:
        """The pods that a policy surely selects."""
        return tuple(p for p in self.pods_of.get(policy.id.namespace, ()) if matches(policy.subject, p.labels))

    def peers(self, policy: NetworkPolicy, peer: Peer) -> tuple[Endpoint, ...]:
        """The pods that a peer with selectors surely is."""
        found: list[Endpoint] = []
        for name, pods in self.pods_of.items():
            if peer.namespaces is None:
                wanted = name == policy.id.namespace
            else:
                wanted = bool(in_namespace(peer.namespaces, self.inventory.namespaces[name]))
            if wanted:
                found += (pod for pod in pods if matches(peer.pods or (), pod.labels))
        return tuple(found)


def matches(selector: Selector, labels: Mapping[str, str | Unknown]) -> bool | None:
    """Whether a selector matches these labels; None where that hangs on a label that is not known."""
    found: bool | None = True
    for requirement in selector:
        value = labels.get(requirement.key)
        if isinstance(value, Unknown):
            found = None
            continue
        present = value is not None and (not requirement.values or value in requirement.values)
        if present is (requirement.operator in ("NotIn", "DoesNotExist")):
            return False
    return found


def in_namespace(selector: Selector, namespace: Namespace) -> bool | None:
    """`matches` for the labels of a namespace, of which only the name is known where it is not declared."""
    if namespace.declared:
        return matches(selector, namespace.labels)
    known = tuple(r for r in selector if r.key in namespace.labels)
    found = matches(known, namespace.labels)
    return None if found and len(known) < len(selector) else found


def workloads(pods: Iterable[Endpoint], most: int = 3) -> str:
    """`shop/web, shop/api and 3 more`, by workload."""
    return listed(dict.fromkeys(str(pod.workload or pod) for pod in pods), most)


def listed(names: Iterable[str], most: int = 3) -> str:
    """`a, b and 3 more`."""
    found = list(names)
    if len(found) > most:
        return f"{', '.join(found[:most])} and {len(found) - most} more"
    return " and ".join(filter(None, (", ".join(found[:-1]), *found[-1:])))


def selectors(case: Case) -> Iterator[tuple[NetworkPolicy, str, Span, Selector, str]]:
    """Every selector of every policy: the policy, how messages call the place, its position, the selector, and whether it
    is about labels of a `pod` or of a `namespace`."""
    for policy in case.policies:
        if policy.subject:
            yield policy, f"{policy.id}, podSelector", case.span(policy, "spec", "podSelector"), policy.subject, "pod"
    for at in case.rules:
        for n, peer in enumerate(at.rule.peers):
            for key, selector, of in (
                ("podSelector", peer.pods, "pod"),
                ("namespaceSelector", peer.namespaces, "namespace"),
            ):
                if selector:
                    yield at.policy, at.name, at.span(at.peers_key, n, key), selector, of
