"""What kube-router makes of the names of ports.

Source: cloudnativelabs/kube-router pkg/controllers/netpol/policy.go, at 7c2c2779: buildNetworkPoliciesInfo finds the pods in
which names are looked up, processIngressRules and processEgressRules say what is opened. Their branch "no ports at all" is
also taken where every port of a rule is a name that was found nowhere.

grabNamedPortFromPod files pods by name, protocol and number of their ports. The first pod with such a port gives its list of
addresses to all of its own ports, and each later pod that shares one of them is added to the one list: so it may be open on
the others too. Which pod is first is not fixed, since the lister walks through a map.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from npverify.dialects.by_plugin.known import both, in_namespace, matches
from npverify.dialects.kubernetes_read import NetworkPolicy, Peer, PortEntry, RuleText
from npverify.dialects.profiles import Profile
from npverify.ingest.source import Problems
from npverify.inventory.model import Endpoint, EndpointKind, Inventory, PortOrigin
from npverify.inventory.unknowns import fact
from npverify.normal.policy import Direction
from npverify.normal.predicates import Pred, Side, and_, label_in, namespace_is, or_, unknown_in

__all__ = ["with_names"]


def with_names(
    rule: RuleText,
    policy: NetworkPolicy,
    direction: Direction,
    profile: Profile,
    inventory: Inventory,
    problems: Problems,
) -> Iterator[RuleText]:
    """A rule that names ports, in parts that mean as the API has it what kube-router opens; nothing where it opens nothing."""
    numbers = tuple(entry for entry in rule.ports if not isinstance(entry.port, str))
    if not rule.peers:
        if direction is Direction.EGRESS:
            numbers += _numbers(rule, policy, profile, inventory, problems)
            yield from _opening(rule, numbers)
        else:
            yield rule
            yield from _shared(rule, policy, _selected(policy, inventory))
        return
    blocks = tuple(peer for peer in rule.peers if peer.block)
    pods = tuple(peer for peer in rule.peers if not peer.block)
    if blocks and direction is Direction.INGRESS:
        yield rule._replace(peers=blocks)
        yield from _shared(rule._replace(peers=blocks), policy, _selected(policy, inventory))
    elif blocks:
        yield from _opening(rule._replace(peers=blocks), numbers)
    if pods:
        part = rule._replace(peers=pods)
        asked = [
            (pod, _meant(pod, pods, policy, direction, inventory))
            for pod in inventory.pods
            if pod.kind is EndpointKind.POD
        ]
        known = [(pod, meant) for pod, meant in asked if meant is not False]
        if numbers or not known or any(meant and _has_one(pod, rule, profile) for pod, meant in known):
            yield part
            yield from _shared(part, policy, (pod for pod, _ in known))
        elif any(_has_one(pod, rule, profile) is not False for pod, _ in known):
            _report(rule, policy, profile, problems)
        else:
            # no name is found, and a rule without anything in its two lists of ports opens all of them
            yield part._replace(ports=())


def _opening(rule: RuleText, ports: tuple[PortEntry, ...]) -> Iterator[RuleText]:
    """The rule with these ports; none of them is none at all."""
    if ports:
        yield rule._replace(ports=tuple(dict.fromkeys(ports)))


def _meant(
    pod: Endpoint, peers: tuple[Peer, ...], policy: NetworkPolicy, direction: Direction, inventory: Inventory
) -> bool | None:
    """Whether the names of a rule are looked up in a pod: one that the policy selects, or that a peer of egress means."""
    own = policy.id.namespace
    if direction is Direction.INGRESS:
        return matches(policy.subject, pod.labels) if pod.namespace == own else False
    found = [
        both(in_namespace(peer.namespaces, own, pod.namespace, inventory), matches(peer.pods or (), pod.labels))
        for peer in peers
    ]
    if True in found:
        return True
    return None if None in found else False


def _selected(policy: NetworkPolicy, inventory: Inventory) -> Iterator[Endpoint]:
    """The pods that the policy selects, or may select."""
    for pod in inventory.pods:
        if pod.kind is EndpointKind.POD and _meant(pod, (), policy, Direction.INGRESS, inventory) is not False:
            yield pod


_Port = tuple[str, str, int]
"""What a port is filed under: its name, which may be "", protocol and number."""


def _shared(rule: RuleText, policy: NetworkPolicy, pods: Iterable[Endpoint]) -> Iterator[RuleText]:
    """The numbers of names that may also be open on pods that do not have them: on those that share a port with one that has."""
    by_ports: dict[frozenset[_Port], list[Endpoint]] = {}
    for pod in pods:
        ports = frozenset((p.name, p.protocol, p.number) for p in pod.ports if p.origin is PortOrigin.REGULAR)
        by_ports.setdefault(ports, []).append(pod)
    wanted = {(entry.port, entry.protocol) for entry in rule.ports if isinstance(entry.port, str)}
    named = sorted({port for ports in by_ports for port in ports if port[:2] in wanted})
    for port in named:
        owners = [ports for ports in by_ports if port in ports]
        found = [
            pod
            for ports, own in by_ports.items()
            if port not in ports and any(ports & owner for owner in owners)
            for pod in own
        ]
        if found:
            opened = fact(
                f"kube-router opens the names of ports of {policy.id}, {rule.label} on pods that share another port"
            )
            who = or_(*dict.fromkeys(map(_like, found)))
            entry = PortEntry(port[1], port[2], None)
            yield rule._replace(ports=(entry,), only=and_(rule.only, who, unknown_in(opened, "true")))


def _like(pod: Endpoint) -> Pred:
    """A destination in the namespace of a pod, with the labels of it that are known."""
    known = ((key, value) for key, value in sorted(pod.labels.items()) if isinstance(value, str))
    labels = (label_in(Side.DST, "pod", key, (value,)) for key, value in known)
    return and_(namespace_is(Side.DST, pod.namespace), *labels)


def _has_one(pod: Endpoint, rule: RuleText, profile: Profile) -> bool | None:
    """Whether a pod has a port under one of the names of a rule; None where that hangs on the containers that count."""
    wanted = {(entry.port, entry.protocol) for entry in rule.ports}
    origins = {port.origin for port in pod.ports if (port.name, port.protocol) in wanted}
    if PortOrigin.REGULAR in origins:
        return True
    return None if origins and profile.fixed.get("named_port_containers") != "regular" else False


def _numbers(
    rule: RuleText, policy: NetworkPolicy, profile: Profile, inventory: Inventory, problems: Problems
) -> tuple[PortEntry, ...]:
    """The numbers that names have in any pod of the policy's namespace: an egress rule without `to` opens them to everybody."""
    found = []
    for entry in rule.ports:
        for pod in inventory.pods:
            if pod.kind is not EndpointKind.POD or pod.namespace != policy.id.namespace:
                continue
            for port in pod.ports:
                if (port.name, port.protocol) != (entry.port, entry.protocol):
                    continue
                if port.origin is PortOrigin.REGULAR:
                    found.append(PortEntry(entry.protocol, port.number, None))
                elif profile.fixed.get("named_port_containers") != "regular":
                    _report(rule, policy, profile, problems)
    return tuple(sorted(set(found)))


def _report(rule: RuleText, policy: NetworkPolicy, profile: Profile, problems: Problems) -> None:
    message = (
        f"{policy.id}, {rule.label}: what `{profile.shown}` opens for names of ports is not known: it hangs on which "
        "pods have them"
    )
    problems.error("NPV572", message, rule.span, "write the numbers of the ports")
