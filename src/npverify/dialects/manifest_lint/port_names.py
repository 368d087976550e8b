"""The names of ports: that nobody declares, in rules about blocks, and of several numbers."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.lint import About, Reason, Suspicion
from npverify.dialects.manifest_lint.case import At, Case, LintRule, workloads
from npverify.inventory.model import Endpoint
from npverify.normal.policy import Direction
from npverify.normal.predicates import Side, and_

UNDECLARED = "NPL121"
"""The rule of Calico's policies that says the same of theirs."""


def undeclared(case: Case) -> Iterator[Suspicion]:
    """Each name of a port, unless a pod that the rule can be about declares it."""
    for at in case.rules:
        of_pods = [peer for peer in at.rule.peers if peer.block is None]
        if at.direction is Direction.EGRESS and at.rule.peers and not of_pods:
            continue  # a rule about blocks alone has no pods to declare anything
        for n, entry in enumerate(at.rule.ports):
            if isinstance(entry.port, str):
                subject, peer, traffic = at.of_ports(entry)
                ends = subject if at.direction is Direction.INGRESS else peer
                whose = (
                    "pod that the policy selects" if at.direction is Direction.INGRESS else "pod that the peers match"
                )
                message = f"{at.name}: no {whose} declares a port `{entry.port}` for {entry.protocol}, so it matches no packet"
                fix = "name the port in `ports` of the container, or write its number"
                yield Suspicion(
                    at.policy.id,
                    at.span("ports", n, "port"),
                    message,
                    fix,
                    only_if=ends,
                    unless=and_(ends, traffic),
                    side=Side.DST,
                )


def for_blocks(case: Case) -> Iterator[Suspicion]:
    """Each egress rule that names a port and lists address blocks."""
    for at in case.rules:
        blocks = [str(peer.block) for peer in at.rule.peers if peer.block is not None]
        named = [(n, entry.port) for n, entry in enumerate(at.rule.ports) if isinstance(entry.port, str)]
        if at.direction is Direction.EGRESS and blocks and named:
            n, name = named[0]
            nothing = len(named) == len(at.rule.ports) and len(blocks) == len(at.rule.peers)
            effect = (
                "so the rule matches nothing outside the cluster"
                if nothing
                else "so for the block the name says nothing"
            )
            message = f"{at.name}: addresses in `{blocks[0]}` declare no ports, `{name}` among them, {effect}"
            because = (
                Reason(
                    "a name of a port is looked up in the containers of the receiving pod; AWS VPC CNI leaves such an entry out "
                    "(aws/amazon-network-policy-controller-k8s pkg/resolvers/endpoints.go)"
                ),
            )
            yield Suspicion(at.policy.id, at.span("ports", n, "port"), message, "write the number of the port", because)


def several_numbers(case: Case) -> Iterator[Suspicion]:
    """Each name of a port that pods of one rule have on different numbers."""
    for at in case.rules:
        for n, entry in enumerate(at.rule.ports):
            if not isinstance(entry.port, str):
                continue
            numbers = _numbers(at, entry.port, entry.protocol)
            if len(numbers) > 1:
                shown = " and ".join(map(str, sorted(numbers)))
                message = f"{at.name}: the port `{entry.port}` is {shown} in different pods; plugins differ in what they open then"
                because = (
                    *(Reason(f"{number} in {workloads(numbers[number])}") for number in sorted(numbers)),
                    Reason(
                        "the API means the number of each pod; AWS VPC CNI opens each of the numbers on all of the pods, and up "
                        "to Cilium 1.19 an egress rule opens none"
                    ),
                )
                fix = "give the pods one number for the name, or write the numbers in policies of their own"
                yield Suspicion(at.policy.id, at.span("ports", n, "port"), message, fix, because)


def _numbers(at: At, name: str, protocol: str) -> dict[int, list[Endpoint]]:
    found: dict[int, list[Endpoint]] = {}
    for pod in at.receivers():
        for port in pod.ports:
            if (port.name, port.protocol) == (name, protocol):
                found.setdefault(port.number, []).append(pod)
    return found


_EGRESS = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{ipBlock: {cidr: 203.0.113.0/24}}]
    ports: [{port: %s}]
"""

_INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all, namespace: shop}
spec:
  podSelector: {matchExpressions: [{key: app, operator: In, values: [web, %s]}]}
  ingress:
  - ports: [{port: http}]
---
apiVersion: v1
kind: Pod
metadata: {name: old, namespace: shop, labels: {app: old}}
spec: {containers: [{name: c, image: old, ports: [{name: http, containerPort: 80}]}]}
"""

RULES = (
    LintRule(
        About(
            "NPL168",
            "port-name-for-blocks",
            "warning",
            "An egress rule to address blocks names a port, and only pods have names for ports.",
            "The name is looked up in the containers of the pod that receives the packet. An address outside the cluster has none, "
            "so the entry matches nothing there, and the packets that the rule is meant to allow are dropped.",
            fires=_EGRESS % "https",
            silent=_EGRESS % "443",
        ),
        for_blocks,
    ),
    LintRule(
        About(
            "NPL169",
            "port-name-of-several-numbers",
            "info",
            "A name of a port means different numbers in the pods of one rule.",
            "The API resolves the name for each pod by itself, which is often what is meant. Some plugins do otherwise: AWS VPC CNI "
            "opens all of the numbers on each of the pods (aws/amazon-network-policy-controller-k8s pkg/resolvers/endpoints.go), "
            "and up to Cilium 1.19 a name with two numbers opens nothing in an egress rule (cilium/cilium#30003).",
            fires=_INGRESS % "old",
            silent=_INGRESS % "api",
            needs_pods=True,
        ),
        several_numbers,
    ),
)
