"""Connections of a generated cluster that are, and that are not, found out pod by pod: for families in which nothing is planted.

This is the plain meaning of NetworkPolicies, for what the generators write (labels, namespaces by name, numbers of TCP, and
blocks in which no pod is), and knows nothing of npverify.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks.objects import Object, connection, named

EACH = 4
PAIRS = 20_000
"""Pairs of pods that are asked at most."""


def found_out(objects: Iterable[Object], port: int) -> list[Object]:
    """A few connections to a port of TCP that are, and as many that are not, of different sources."""
    things = list(objects)
    policies = [thing for thing in things if thing["kind"] == "NetworkPolicy"]
    pods = [thing for thing in things if thing["kind"] == "Pod"]
    chosen: dict[bool, dict[str, Object]] = {True: {}, False: {}}
    for src, dst in _some(pods):
        allowed = _allowed(policies, src, dst, port)
        known = chosen[allowed]
        if len(known) < EACH:
            known.setdefault(named(src), connection(named(src), named(dst), port, allowed))
        if all(len(each) == EACH for each in chosen.values()):
            break
    return [*chosen[True].values(), *chosen[False].values()]


def _some(pods: list[Object]) -> Iterator[tuple[Object, Object]]:
    """Pairs of different pods, from all over the cluster."""
    count = len(pods)
    for n in range(min(PAIRS, count * (count - 1))):
        a, b = n * 7 % count, (n * 13 + 1 + n // count) % count
        if a != b:
            yield pods[a], pods[b]


def _allowed(policies: list[Object], src: Object, dst: Object, port: int) -> bool:
    return _passes(policies, src, dst, port, "Egress", "egress", "to") and _passes(
        policies, dst, src, port, "Ingress", "ingress", "from"
    )


def _passes(
    policies: list[Object], subject: Object, peer: Object, port: int, direction: str, rules: str, peers: str
) -> bool:
    """Whether policies let the subject talk in a direction: none selects it, or a rule of one that does is about it."""
    asked = [p for p in policies if direction in p["spec"]["policyTypes"] and _selects(p, subject)]
    return not asked or any(
        any(_means(each, peer, policy) for each in rule[peers])
        and any(
            entry["port"] <= port <= entry.get("endPort", entry["port"])
            for entry in rule.get("ports", [{"port": port}])
        )
        for policy in asked
        for rule in policy["spec"].get(rules, [])
    )


def _selects(policy: Object, pod: Object) -> bool:
    same = pod["metadata"]["namespace"] == policy["metadata"]["namespace"]
    return same and _matches(policy["spec"]["podSelector"], pod["metadata"]["labels"])


def _means(peer: Object, pod: Object, policy: Object) -> bool:
    space = pod["metadata"]["namespace"]
    if "ipBlock" in peer:
        return False
    if "namespaceSelector" in peer:
        inside = _matches(peer["namespaceSelector"], {"kubernetes.io/metadata.name": space})
    else:
        inside = space == policy["metadata"]["namespace"]
    return inside and _matches(peer.get("podSelector", {}), pod["metadata"]["labels"])


def _matches(selector: Object, labels: dict[str, str]) -> bool:
    same = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return same and all(labels.get(e["key"]) in e["values"] for e in selector.get("matchExpressions", []))
