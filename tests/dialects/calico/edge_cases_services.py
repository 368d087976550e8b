"""Edge cases E79–E82: services in rules, which are what the EndpointSlices of a Service list."""

from __future__ import annotations

from dialects.calico.edge_case import (
    APPLE,
    ELM,
    OAK,
    OTHER_APPLE,
    OUTSIDE,
    PEAR,
    PLAIN,
    Case,
    allowed,
    denied,
    depends,
    egress,
    gnp,
    ingress,
    named,
    np,
    service,
    tier,
)
from dialects.edge_cases import joined

APPLES = "selector: app == 'apple'"
_BEHIND = "198.51.100.9"

_STALL = service(
    "stall", "clusterIP: 10.96.0.7, selector: {app: pear}, ports: [{port: 80, targetPort: 8080, protocol: TCP}]"
)
_FAR_SERVICE = service("far", "clusterIP: 10.96.0.8, ports: [{name: a, port: 443, protocol: TCP}]")
_SHARES = "a pod behind orchard/guard has the address of the destination"


def _slice(
    ports: str = "name: a, port: 8443, protocol: TCP", conditions: str = "", manager: str = "", of: str = "far"
) -> str:
    """An EndpointSlice of orchard/far with one outside address."""
    labels = f"kubernetes.io/service-name: {of}"
    labels += f", endpointslice.kubernetes.io/managed-by: {manager}" if manager else ""
    return (
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
        f"metadata: {{name: {of}-1, namespace: orchard, labels: {{{labels}}}}}\naddressType: IPv4\n"
        f"ports: [{'{' + ports + '}' if ports else ''}]\n"
        f"endpoints: [{{addresses: [198.51.100.9], conditions: {{{conditions}}}}}]\n"
    )


def _to_service(name: str) -> str:
    return np(egress(f"action: Allow, destination: {{services: {{name: {name}, namespace: orchard}}}}", subject=APPLES))


def _from_service(name: str) -> str:
    return np(ingress(f"action: Allow, source: {{services: {{name: {name}, namespace: orchard}}}}", subject=APPLES))


SERVICES = (
    Case(
        79,
        "a service as destination is its backends and their ports",
        "FV service_policy_test.go, should allow egress to a service",
        joined(_to_service("stall"), _STALL),
        (
            allowed(APPLE, PEAR, 8080),
            denied(APPLE, PEAR, 81),
            denied(APPLE, PEAR, 80),
            allowed(APPLE, PEAR, 8080, via="orchard/stall:80"),
            denied(APPLE, PLAIN, 8080),
            denied(APPLE, PEAR, 8080, "UDP"),
        ),
    ),
    *(
        Case(
            79,
            f"a service {what} has slices of that family alone",
            "kubernetes/endpointslice util, getAddressTypesForService",
            joined(_to_service("stall"), service("stall", f"selector: {{app: pear}}, ports: [{{port: 8080}}], {spec}")),
            tuple(query(APPLE, PEAR, 8080, family=family) for query, family in zip(queries, (4, 6), strict=True)),
        )
        for what, spec, queries in (
            ("with an IPv4 address", "clusterIP: 10.96.0.7", (allowed, denied)),
            ("that asks for IPv6", "ipFamilies: [IPv6]", (denied, allowed)),
        )
    ),
    Case(
        79,
        "a service as source is the addresses of its backends",
        "page 3.7",
        joined(_from_service("stall"), _STALL),
        (allowed(PEAR, APPLE, 12), allowed(PEAR, APPLE, 12, "UDP"), denied(PLAIN, APPLE, 12)),
    ),
    Case(
        79,
        "a service without selector is the addresses of its slices",
        "page 3.7",
        joined(_to_service("far"), _FAR_SERVICE, _slice()),
        (allowed(APPLE, _BEHIND, 8443), denied(APPLE, _BEHIND, 443), denied(APPLE, OUTSIDE, 8443)),
    ),
    *(
        Case(
            79,
            f"the addresses of {what} count",
            "felix/serviceindex/serviceindex.go membersFromEndpointSlice",
            joined(_to_service("far"), *documents),
            (allowed(APPLE, _BEHIND, 8443), denied(APPLE, _BEHIND, 443)),
        )
        for what, documents in (
            ("a slice that is not ready", (_FAR_SERVICE, _slice(conditions="ready: false"))),
            ("a slice with a port that the service has not", (_FAR_SERVICE, _slice("name: b, port: 8443"))),
            ("a slice of a service that does not exist", (_slice(),)),
            ("a slice of a controller for a service that is not there", (_slice(manager="endpointslice-controller.k8s.io"),)),
            (
                "endpoints that are not ready",
                (
                    _FAR_SERVICE,
                    "apiVersion: v1\nkind: Endpoints\nmetadata: {name: far, namespace: orchard}\n"
                    "subsets: [{notReadyAddresses: [{ip: 198.51.100.9}], ports: [{name: c, port: 8443}]}]\n",
                ),
            ),
        )
    ),
    *(
        Case(
            79,
            f"a slice {what} has no destinations, and its addresses are sources",
            "felix/serviceindex/serviceindex.go membersFromEndpointSlice",
            joined(_to_service("far"), _from_service("far").replace("name: rules", "name: into"), _FAR_SERVICE, _slice(ports)),
            (denied(APPLE, _BEHIND, 8443), allowed(_BEHIND, APPLE, 1), denied(OUTSIDE, APPLE, 1)),
        )
        for what, ports in (("without ports", ""), ("with a port that has no number", "name: a"))
    ),
    Case(
        79,
        "the ports of a service without virtual address are those of its backends too",
        "kubernetes/endpointslice reconciler.go, getEndpointPorts",
        joined(
            _to_service("shed"),
            service("shed", "clusterIP: None, selector: {app: pear}, ports: [{port: 80, targetPort: 8080}]"),
        ),
        (allowed(APPLE, PEAR, 8080), denied(APPLE, PEAR, 80), denied(APPLE, PLAIN, 8080)),
    ),
    Case(
        79,
        "a named port of a service has on each backend the number of that backend",
        "kubernetes/endpointslice reconciler.go, getEndpointPorts",
        joined(
            _to_service("crate"),
            service("crate", "selector: {app: crate}, ports: [{port: 80, targetPort: web}]"),
            named("crate-1", "app: crate", "", "{name: web, containerPort: 9001}"),
            named("crate-2", "app: crate", "", "{name: web, containerPort: 9002}"),
            named("crate-3", "app: crate", "", "{name: web, protocol: UDP, containerPort: 9001}"),
        ),
        (
            allowed(APPLE, "orchard/crate-1", 9001),
            denied(APPLE, "orchard/crate-1", 9002),
            allowed(APPLE, "orchard/crate-2", 9002),
            denied(APPLE, "orchard/crate-3", 9001),
            denied(APPLE, "orchard/crate-3", 9001, "UDP"),
        ),
    ),
    *(
        Case(
            79,
            f"the backends of a service {what} are sources all the same",
            "kubernetes/endpointslice reconciler.go, getEndpointPorts",
            joined(_from_service("bare"), service("bare", f"selector: {{app: pear}}, {spec}")),
            (allowed(PEAR, APPLE, 1), denied(PLAIN, APPLE, 1)),
        )
        for what, spec in (
            ("without ports", "clusterIP: None"),
            ("whose port none of them has", "ports: [{port: 80, targetPort: nothing}]"),
        )
    ),
    Case(
        79,
        "a backend on the network of a node has the address of that node",
        "kubernetes/endpointslice reconciler.go; page 1.3",
        joined(
            _to_service("guard"),
            service("guard", "selector: {app: guard}, ports: [{port: 80, targetPort: 9000}]"),
            named("guard", "app: guard", "", spec="hostNetwork: true", node="oak"),
        ),
        (allowed(APPLE, OAK, 9000), allowed(APPLE, "orchard/guard", 9000), denied(APPLE, ELM, 9000)),
    ),
    Case(
        79,
        "which node that is may not be known",
        "kubernetes/endpointslice reconciler.go; page 1.3",
        joined(
            _to_service("guard"),
            service("guard", "selector: {app: guard}, ports: [{port: 80, targetPort: 9000}]"),
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: guard, namespace: orchard}\n"
            "spec: {selector: {matchLabels: {app: guard}}, template: {metadata: {labels: {app: guard}}, "
            "spec: {hostNetwork: true, containers: [{name: main, image: i}]}}}\n",
        ),
        (
            allowed(APPLE, "orchard/guard", 9000),
            denied(APPLE, "orchard/guard", 80),
            depends(APPLE, ELM, 9000, {f"{_SHARES}=false": "D", f"{_SHARES}=true": "A"}),
            depends(APPLE, OUTSIDE, 9000, {f"{_SHARES}=true": "D"}),
        ),
    ),
    Case(
        80,
        "a tier may let one service through and pass on the rest",
        "FV service_policy_test.go, should work properly in the non-default tier",
        joined(
            tier("first", "order: 10"),
            gnp(
                egress(
                    "action: Allow, destination: {services: {name: stall, namespace: orchard}}",
                    "action: Pass",
                    tier="first",
                    subject=APPLES,
                )
            ),
            np(egress(subject=APPLES), "closed"),
            _STALL,
        ),
        (allowed(APPLE, PEAR, 8080), denied(APPLE, PEAR, 81), denied(APPLE, OUTSIDE, 443), allowed(OTHER_APPLE, OUTSIDE)),
    ),
    Case(
        81,
        "the address of a service is gone before the policy of a pod looks",
        "page 2.5; UT preNAT vectors",
        joined(np(egress("action: Allow, destination: {nets: [10.96.0.7/32]}", subject=APPLES)), _STALL),
        (denied(APPLE, PEAR, 8080, via="orchard/stall:80"), denied(APPLE, PEAR, 8080)),
    ),
    Case(
        82,
        "a service without namespace matches nothing, in spite of its documentation",
        "updateprocessors/rules.go",
        joined(np(egress("action: Allow, destination: {services: {name: stall}}", subject=APPLES)), _STALL),
        (denied(APPLE, PEAR, 8080), denied(APPLE, PEAR, 8080, via="orchard/stall:80")),
        warned=("NPV283",),
    ),
)  # fmt: skip

CASES: tuple[Case, ...] = SERVICES
