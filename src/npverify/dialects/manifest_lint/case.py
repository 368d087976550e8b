"""What the rules about manifests look at: NetworkPolicies as they were read, where they stand, and the pods that there are."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from npverify.dialects import kubernetes
from npverify.dialects.kubernetes_read import NetworkPolicy, Peer, PortEntry, RuleText
from npverify.dialects.lint import About, Suspicion
from npverify.dialects.profiles import Profile
from npverify.dialects.selectors import Selector
from npverify.ingest.document import Document
from npverify.ingest.source import Span
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import Endpoint, EndpointKind, Inventory, Namespace, Service
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
        each = [self.case.peers(self.policy, peer) for peer in self.rule.peers if peer.block is None]
        return each[0] if len(each) == 1 else self.case.together(each)


class Told(NamedTuple):
    """What some pods declare: every port that some of them do, and whether all declare one."""

    declared: frozenset[tuple[int, str]]
    all_declare: bool


@dataclass(frozen=True)
class Case:
    """One input: its NetworkPolicies that can be read, the document of each, what exists, and the plugin by its profile
    and by the name that the user gave; with the objects that the plugin does not read, and who does. Guards the memos of whom selectors match."""

    policies: tuple[NetworkPolicy, ...]
    documents: Mapping[PolicyId, Document]
    inventory: Inventory
    profile: Profile
    plugin: str = ""
    unread: tuple[tuple[PolicyId, Document, str], ...] = ()

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

    @cached_property
    def services_on(self) -> Mapping[tuple[int, str], list[tuple[Service, int]]]:
        """By number and protocol of a port, the Services that have it, and its place among their ports."""
        found: dict[tuple[int, str], list[tuple[Service, int]]] = {}
        for service in self.inventory.services.values():
            for index, port in enumerate(service.ports):
                found.setdefault((port.number, port.protocol), []).append((service, index))
        return found

    def selected(self, policy: NetworkPolicy) -> tuple[Endpoint, ...]:
        """The pods that a policy surely selects."""
        return self._matching(policy.id.namespace, policy.subject)

    def peers(self, policy: NetworkPolicy, peer: Peer) -> tuple[Endpoint, ...]:
        """The pods that a peer with selectors surely is."""
        if peer.namespaces is None:
            return self._matching(policy.id.namespace, peer.pods or ())
        return self.together([self._matching(name, peer.pods or ()) for name in self._spaces(peer.namespaces)])

    def together(self, each: Sequence[tuple[Endpoint, ...]]) -> tuple[Endpoint, ...]:
        """The pods of some sets that this has found, each once; the same for the same sets."""
        key = tuple(map(id, each))
        found = self._joined.get(key)
        if found is None:  # the sets are kept, so that no others can take their ids
            found = self._joined[key] = (tuple(each), tuple(dict.fromkeys(pod for some in each for pod in some)))
        return found[1]

    def told(self, pods: tuple[Endpoint, ...]) -> Told:
        """What pods that this has found declare; looked up once."""
        found = self._told.get(id(pods))
        if found is None:  # the pods are kept, so that no others can take their id
            each = {id(ports): ports for ports in map(_PORTS, pods)}.values()  # alike pods share them
            declared = frozenset((p.number, p.protocol) for ports in each for p in ports)
            told = Told(declared, all(each))
            found = self._told[id(pods)] = (pods, told)
        return found[1]

    def workloads(self, pods: tuple[Endpoint, ...]) -> str:
        """The workloads of pods that this has found, in words; put together once."""
        return listed(self.names_without(pods, ()))

    def members(self, pods: tuple[Endpoint, ...]) -> frozenset[Endpoint]:
        """Pods that this has found, as a set; made once."""
        found = self._sets.get(id(pods))
        if found is None:
            found = self._sets[id(pods)] = (pods, frozenset(pods))
        return found[1]

    def names_without(self, some: tuple[Endpoint, ...], others: tuple[Endpoint, ...]) -> Mapping[str, None]:
        """The workloads of some pods that are not among others, of sets that this has found; looked up once."""
        key = (id(some), id(others))
        found = self._names.get(key)
        if found is None:
            gone = self.members(others)
            left = [pod for pod in some if pod not in gone] if gone else some
            found = self._names[key] = (some, others, names_of(left))
        return found[2]

    def _spaces(self, selector: Selector) -> tuple[str, ...]:
        """The namespaces with pods that a selector surely matches."""
        found = self._known.get(selector)
        if found is None:
            namespaces = self.inventory.namespaces
            found = tuple(name for name in self.pods_of if in_namespace(selector, namespaces[name]))
            self._known[selector] = found
        return found

    def _matching(self, namespace: str, selector: Selector) -> tuple[Endpoint, ...]:
        """The pods of a namespace that a selector surely matches."""
        found = self._chosen.get((namespace, selector))
        if found is None:
            pods = self.pods_of.get(namespace, ())
            wanted = next((r for r in selector if r.operator == "In"), None)
            if wanted is not None:
                of_namespace = self._by_label.get(namespace, {})
                having = [p for v in dict.fromkeys(wanted.values) for p in of_namespace.get((wanted.key, v), ())]
                pods = tuple(sorted(having, key=lambda pod: pod.key))
            found = self._chosen[namespace, selector] = tuple(p for p in pods if matches(selector, p.labels))
        return found

    @cached_property
    def _by_label(self) -> Mapping[str, Mapping[tuple[str, str], list[Endpoint]]]:
        found: dict[str, dict[tuple[str, str], list[Endpoint]]] = {}
        for name, pods in self.pods_of.items():
            own = found.setdefault(name, {})
            for pod in pods:
                for key, value in pod.labels.items():
                    if not isinstance(value, Unknown):
                        own.setdefault((key, value), []).append(pod)
        return found

    @cached_property
    def _joined(self) -> dict[tuple[int, ...], tuple[tuple[tuple[Endpoint, ...], ...], tuple[Endpoint, ...]]]:
        return {}

    @cached_property
    def _told(self) -> dict[int, tuple[tuple[Endpoint, ...], Told]]:
        return {}

    @cached_property
    def _sets(self) -> dict[int, tuple[tuple[Endpoint, ...], frozenset[Endpoint]]]:
        return {}

    @cached_property
    def _names(self) -> dict[tuple[int, int], tuple[tuple[Endpoint, ...], tuple[Endpoint, ...], dict[str, None]]]:
        return {}

    @cached_property
    def _chosen(self) -> dict[tuple[str, Selector], tuple[Endpoint, ...]]:
        return {}

    @cached_property
    def _known(self) -> dict[Selector, tuple[str, ...]]:
        return {}

    @cached_property
    def _addresses(self) -> Mapping[tuple[EndpointKind, int], tuple[list[int], list[Endpoint]]]:
        """The known addresses of pods and nodes by kind and family, ascending, with whose they are."""
        found: dict[tuple[EndpointKind, int], list[tuple[int, int, Endpoint]]] = {}
        for n, end in enumerate(self.inventory.endpoints):
            if end.address_known and end.kind in (EndpointKind.POD, EndpointKind.NODE):
                for address in end.addresses:
                    found.setdefault((end.kind, address.family), []).append((address.value, n, end))
        return {key: ([v for v, _, _ in sorted(all_)], [e for _, _, e in sorted(all_)]) for key, all_ in found.items()}

    def owners(self, kind: EndpointKind, block: Prefix, holes: Sequence[Prefix]) -> tuple[Endpoint, ...]:
        """The pods or nodes that have an address in a block and in none of its exceptions."""
        values, ends = self._addresses.get((kind, block.family), ([], []))
        between = slice(bisect_left(values, block.first), bisect_right(values, block.last))
        outside = (
            end
            for value, end in zip(values[between], ends[between], strict=True)
            if not any(hole.first <= value <= hole.last for hole in holes)
        )
        return tuple(sorted(dict.fromkeys(outside), key=lambda end: end.key))


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


_OWNER = attrgetter("workload")
_PORTS = attrgetter("ports")


def workloads(pods: Sequence[Endpoint], most: int = 3) -> str:
    """`shop/web, shop/api and 3 more`, by workload."""
    return listed(names_of(pods), most)


def names_of(pods: Sequence[Endpoint]) -> dict[str, None]:
    """The workloads of pods as messages call them, each once; the pods of a workload share one."""
    owners = {id(owner): owner for owner in map(_OWNER, pods)}
    if None in owners.values():
        return dict.fromkeys(str(pod.workload or pod) for pod in pods)
    return dict.fromkeys(map(str, owners.values()))


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
