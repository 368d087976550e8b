"""What a Calico selector selects, as predicates: by labels where it is about a subject, by addresses where about a peer.

A rule's selector is a test on the packet's address: it must be an address of some known object (pod, host endpoint, network
set) whose labels match (projectcalico/calico felix/calc/rule_scanner.go, felix/labelindex). Pods are objects by who they
are; the addresses of sets and host endpoints are constants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from npverify.dialects.calico.resources import HostEndpoint, HostPort, NetworkSet, Profile
from npverify.dialects.calico.selector import (
    All,
    And,
    Contains,
    EndsWith,
    Equals,
    Global,
    Has,
    In,
    Node,
    Not,
    Or,
    StartsWith,
)
from npverify.dialects.calico.services import END
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import METADATA_NAME, EndpointKind, Inventory, PortOrigin
from npverify.inventory.unknowns import ABSENT, NO_TEXTS, Unknown, label_text, namespace_label, resolution
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    LabelIn,
    LabelOf,
    Pred,
    Side,
    TextTest,
    address_in,
    and_,
    const,
    kind_is,
    label_in,
    named_port_is,
    namespace_is,
    not_,
    or_,
    port_in,
    protocol_is,
    service_account_is,
    substitute,
    unknown_in,
)
from npverify.normal.predicates import (
    label_text as label_text_is,
)

NAMESPACE = "projectcalico.org/namespace"
ORCHESTRATOR = "projectcalico.org/orchestrator"
ACCOUNT = "projectcalico.org/serviceaccount"
NAME = "projectcalico.org/name"
OF_NAMESPACE, OF_ACCOUNT = "pcns.", "pcsa."

Value = str | Unknown | None
Test = Has | Equals | In | Contains | StartsWith | EndsWith


class Member(NamedTuple):
    """A set or a host endpoint as a possible peer: its addresses, the value of each label, the ports that it names.

    `domains` of a set are for destinations; which addresses they stand for is not known.
    """

    prefixes: tuple[Prefix, ...]
    label: Callable[[str], Value]
    ports: tuple[HostPort, ...] = ()
    domains: tuple[str, ...] = ()

    def has(self, side: Side) -> Pred:
        """The packets whose address on a side is one of its own."""
        domains = self.domains if side is Side.DST else ()
        return or_(*(address_in(side, p) for p in self.prefixes), *(resolves(domain, side) for domain in domains))


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """Everything that a selector can find, over one inventory."""

    inventory: Inventory
    members: tuple[Member, ...]

    @classmethod
    def of(
        cls,
        inventory: Inventory,
        sets: tuple[NetworkSet, ...],
        hosts: tuple[HostEndpoint, ...],
        profiles: Mapping[str, Profile],
    ) -> Objects:
        """The objects of an input."""
        found = [Member(s.nets, _label_of_set(s, inventory), domains=s.domains) for s in sets]
        for host in hosts:
            prefixes = tuple(Prefix.host(a) for a in host.expected_ips)
            found.append(Member(prefixes, label_of_host(host, profiles), host.ports))
        return cls(inventory, tuple(found))

    def selects(self, node: Node, side: Side) -> Pred:
        """The packets whose address on a side belongs to some object that the selector matches."""
        found = [and_(kind_is(side, EndpointKind.POD), self.pods(node, side))]
        for member in self.members:
            matches = of_labels(node, member.label)
            if matches is not FALSE:
                found.append(and_(matches, member.has(side)))
        return or_(*found)

    def named_port(self, name: str, protocol: str | None, node: Node, side: Side) -> Pred:
        """The packets to (or from) a port of that name of an object that the selector matches."""
        pods = and_(
            kind_is(side, EndpointKind.POD),
            self.pods(node, side),
            named_port_is(name, protocol, PortOrigin, first_only=False, side=side),
        )
        return or_(pods, self._of_members(name, protocol, node, side))

    def port_named_elsewhere(self, name: str, protocol: str) -> Pred:
        """The packets to a port of that name of something that is no pod."""
        return self._of_members(name, protocol, All(), Side.DST)

    def _of_members(self, name: str, protocol: str | None, node: Node, side: Side) -> Pred:
        return or_(
            *(
                and_(of_labels(node, m.label), m.has(side), protocol_is(of), port_in(number, number, side))
                for m in self.members
                for port, of, number in m.ports
                if port == name and protocol in (None, of)
            )
        )

    def implied(self, pred: Pred) -> Pred:
        """A predicate of a native policy with the labels in it that Calico gives to pods: its selectors find them too."""
        return substitute(pred, lambda atom: self._implied(atom) if isinstance(atom, LabelIn) else atom)

    def _implied(self, atom: LabelIn) -> Pred:
        key = (OF_NAMESPACE if atom.of == "namespace" else "") + atom.key
        return self._label_of_pod(Has(key) if atom.values is None else In(key, atom.values), atom.side)

    def pods(self, node: Node, side: Side) -> Pred:
        """The pods that the selector matches; meaningless for other endpoints."""
        match node:
            case All() | Global():
                return TRUE
            case Not(body):
                return not_(self.pods(body, side))
            case And(parts):
                return and_(*(self.pods(part, side) for part in parts))
            case Or(parts):
                return or_(*(self.pods(part, side) for part in parts))
            case Has() | Equals() | In() | Contains() | StartsWith() | EndsWith():
                return self._label_of_pod(node, side)
        raise TypeError(node)

    def _account(self, test: Test, side: Side) -> Pred:
        """A test on the name of a pod's service account."""
        match test:
            case Has():
                return not_(service_account_is(side, ""))
            case Equals():
                names: Iterable[str] = (test.value,)
            case In():
                names = test.values
            case _:
                names = sorted(n for n in {pod.service_account for pod in self.inventory.pods} if passes(test, n))
        return or_(*(service_account_is(side, name) for name in names if name))

    def _label_of_pod(self, test: Test, side: Side) -> Pred:
        key = test.key
        if key in (NAMESPACE, OF_NAMESPACE + NAME):
            return _namespace(test, side)
        if key in (ACCOUNT, OF_ACCOUNT + NAME):
            return self._account(test, side)
        if key == ORCHESTRATOR:
            return const(passes(test, "k8s"))
        of: LabelOf = "pod"
        if key.startswith(OF_NAMESPACE):
            of, key = "namespace", key.removeprefix(OF_NAMESPACE)
        elif key.startswith(OF_ACCOUNT):
            of, key = "service account", key.removeprefix(OF_ACCOUNT)
        match test:
            case Has():
                return label_in(side, of, key, None)
            case Equals():
                return label_in(side, of, key, (test.value,))
            case In():
                return label_in(side, of, key, test.values)
            case _:
                return label_text_is(side, of, key, _TEXT_TESTS[type(test)], test.text)


def resolves(domain: str, side: Side) -> Pred:
    """A domain stands for the address on a side: a fact that nobody knows."""
    return unknown_in(resolution(domain, END[side]), "true")


def _namespace(test: Test, side: Side) -> Pred:
    """A test on the name of a pod's namespace, which is a label of it too."""
    match test:
        case Has():
            return TRUE
        case Equals():
            return namespace_is(side, test.value)
        case In():
            return or_(*(namespace_is(side, name) for name in test.values))
        case _:
            return label_text_is(side, "namespace", METADATA_NAME, _TEXT_TESTS[type(test)], test.text)


_TEXT_TESTS: Mapping[type, TextTest] = {Contains: "contains", StartsWith: "starts with", EndsWith: "ends with"}


def of_labels(node: Node, label: Callable[[str], Value]) -> Pred:
    """Whether a selector matches an object with these labels: a constant unless a label is not known."""
    match node:
        case All() | Global():
            return TRUE
        case Not(body):
            return not_(of_labels(body, label))
        case And(parts):
            return and_(*(of_labels(part, label) for part in parts))
        case Or(parts):
            return or_(*(of_labels(part, label) for part in parts))
        case Has() | Equals() | In() | Contains() | StartsWith() | EndsWith():
            value = label(node.key)
            if isinstance(value, Unknown):
                return _of_unknown(node, value)
            return const(value is not None and passes(node, value))
    raise TypeError(node)


def _of_unknown(test: Test, value: Unknown) -> Pred:
    match test:
        case Equals():
            return unknown_in(value, *({test.value} - NO_TEXTS))
        case In():
            return unknown_in(value, *(set(test.values) - NO_TEXTS))
    there = not_(unknown_in(value, ABSENT)) if ABSENT in value.values else TRUE
    if isinstance(test, Has) or not test.text:
        return there
    return and_(there, unknown_in(label_text(value, _TEXT_TESTS[type(test)], test.text), "true"))


def passes(test: Test, value: str) -> bool:
    """Whether a label with that value passes a test."""
    match test:
        case Has():
            return True
        case Equals():
            return value == test.value
        case In():
            return value in test.values
        case Contains():
            return test.text in value
        case StartsWith():
            return value.startswith(test.text)
        case EndsWith():
            return value.endswith(test.text)


def label_of_host(host: HostEndpoint, profiles: Mapping[str, Profile]) -> Callable[[str], Value]:
    """The labels of a host endpoint: its own, then those that its profiles apply, in their order (felix/labelindex)."""
    found = [profiles[name] for name in host.profiles if name in profiles]

    def label(key: str) -> Value:
        if key in host.labels:
            return host.labels[key]
        values = (profile.labels[key] if key in profile.labels else profile.others(key) for profile in found)
        return next((value for value in values if value is not None), None)

    return label


def _label_of_set(found: NetworkSet, inventory: Inventory) -> Callable[[str], Value]:
    """A set's labels; a set of a namespace has those of the namespace too, as it inherits its profile, behind its own."""
    namespace = found.id.namespace
    if not namespace:
        return found.labels.get
    known = inventory.namespaces.get(namespace)

    def label(key: str) -> Value:
        if key == NAMESPACE:
            return namespace
        if key in found.labels:
            return found.labels[key]
        if not key.startswith(OF_NAMESPACE):
            return None
        key = key.removeprefix(OF_NAMESPACE)
        if key in (NAME, METADATA_NAME):
            return namespace
        if known is not None and (known.declared or key in known.labels):
            return known.labels.get(key)
        return namespace_label(namespace, key)

    return label
