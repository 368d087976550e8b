"""Numbers of ports that nobody listens on, as far as the containers say; among them those of Services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from npverify.dialects.lint import About, Reason, Suspicion
from npverify.dialects.manifest_lint.case import At, Case, LintRule
from npverify.inventory.model import Endpoint, Service
from npverify.normal.policy import Direction


class _Stray(NamedTuple):
    """A number that no receiver declares, and the Service that has it as its own port, if there is one."""

    at: At
    entry: int
    number: int
    protocol: str
    pods: tuple[Endpoint, ...]
    service: Service | None
    targets: tuple[int, ...]


def service_port(case: Case) -> Iterator[Suspicion]:
    """Each number that is the port of a Service before the pods that the rule is about."""
    for stray in _strays(case):
        if stray.service is not None:
            targets = " and ".join(map(str, stray.targets))
            message = (
                f"{stray.at.name}: {stray.number} is the port of Service {stray.service}, and its pods listen on {targets}: "
                "policies are judged with the port of the pod"
            )
            because = (
                Reason(f"{stray.service} sends port {stray.number} to port {targets}", None, stray.service.span),
                Reason(f"{case.workloads(stray.pods)} declare no port {stray.number} for {stray.protocol}"),
            )
            fix = f"write {targets}, the `targetPort` of the Service"
            yield Suspicion(stray.at.policy.id, stray.at.span("ports", stray.entry, "port"), message, fix, because)


def undeclared(case: Case) -> Iterator[Suspicion]:
    """Each other number that no container of the pods declares, though each of them declares some port."""
    for stray in _strays(case):
        if stray.service is None and (told := case.told(stray.pods)).all_declare:
            message = f"{stray.at.name}: no container of {case.workloads(stray.pods)} declares port {stray.number} for {stray.protocol}"
            declared = sorted(told.declared)
            shown = ", ".join(f"{protocol.lower()}/{number}" for number, protocol in declared[:5])
            because = (Reason(f"they declare {shown}"),)
            fix = "correct the number, or declare the port in the container if something listens there"
            yield Suspicion(stray.at.policy.id, stray.at.span("ports", stray.entry, "port"), message, fix, because)


def _strays(case: Case) -> Iterator[_Stray]:
    for at in case.rules:
        # a rule without peers, or with blocks, is about more than the pods that are known
        everybody = at.direction is Direction.EGRESS and (not at.rule.peers or any(p.block for p in at.rule.peers))
        pods = () if everybody else at.receivers()
        for n, entry in enumerate(at.rule.ports):
            number = entry.port
            if (
                pods
                and isinstance(number, int)
                and entry.end is None
                and (number, entry.protocol) not in case.told(pods).declared
            ):
                service, targets = _service(case, pods, number, entry.protocol)
                yield _Stray(at, n, number, entry.protocol, pods, service, targets)


def _service(
    case: Case, pods: tuple[Endpoint, ...], number: int, protocol: str
) -> tuple[Service | None, tuple[int, ...]]:
    """The first Service with that port that sends it to another port of some of the pods, and those ports; none if there is
    one that sends it to the same."""
    meant, found = set(pods), []
    for service, index in case.services_on.get((number, protocol), ()):
        targets = {b.port for b in service.backends.get(index, ()) if b.endpoint in meant}
        if number in targets:
            return None, ()
        if targets:
            found.append((service, tuple(sorted(targets))))
    return found[0] if found else (None, ())


_API = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: %s}]
"""

_SERVICE = """\
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{port: 80, targetPort: 8080}]}
"""

RULES = (
    LintRule(
        About(
            "NPL170",
            "undeclared-port-number",
            "info",
            "A rule allows a port that no container of the pods declares.",
            "Containers may listen on ports that they do not declare, so it may be right. It is told only where each of the pods "
            "declares some port. Ranges are not looked at; the port of a Service is NPL171.",
            fires=_API % 8081,
            silent=_API % 8080,
            needs_pods=True,
        ),
        undeclared,
    ),
    LintRule(
        About(
            "NPL171",
            "service-port",
            "warning",
            "A rule allows the port of a Service, and the pods behind it listen on another one.",
            "A packet to a Service has the address and port of a pod when policies judge it, so `port` is the `targetPort` "
            "(projectcalico/calico#8049). It is told where a Service sends that port to another one of the pods, and none of "
            "them declares it.",
            fires=_API % 80 + _SERVICE,
            silent=_API % 8080 + _SERVICE,
            needs_pods=True,
        ),
        service_port,
    ),
)
