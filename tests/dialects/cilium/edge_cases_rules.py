"""Edge cases 1–20: default deny, and what is empty."""

from __future__ import annotations

from dialects.cilium.edge_case import ELM, OAK, A, B, C, Case, W, X, allowed, ccnp, cnp, denied, knp, on_a
from dialects.edge_cases import joined

_OFF = "enableDefaultDeny: {ingress: false}"
_WEB = '[{ports: [{port: "80", protocol: TCP}]}]'

RULES = (
    Case(
        1,
        "an empty element closes ingress, but not for the pod's node, and not egress",
        "pkg/policy/distillery_test.go rule NoAllow",
        on_a("ingress: [{}]"),
        (denied(B, A), denied(X, A), denied(W, A), denied(ELM, A), allowed(OAK, A), allowed(A, B), allowed(A, W)),
    ),
    Case(
        2,
        "a rule with an empty list of elements is invalid",
        "pkg/policy/api/rule_validation.go Rule.Sanitize",
        on_a("ingress: []"),
        refused=("NPV510",),
    ),
    Case(
        2,
        "a misspelt section is one mistake, not also a rule without one",
        "a field that the definition of the resource does not have",
        on_a("ingres: [{fromEndpoints: [{}]}]"),
        refused=("NPV021",),
    ),
    Case(
        2,
        "before, it did nothing",
        "pkg/policy/api/rule_validation.go of 1.15",
        on_a("ingress: []"),
        (allowed(B, A), allowed(W, A)),
        version="1.15",
        warned=("NPV511",),
    ),
    Case(
        3,
        "a NetworkPolicy with an empty list closes",
        "pkg/k8s/network_policy.go ParseNetworkPolicy",
        knp("podSelector: {matchLabels: {app: be}}, policyTypes: [Ingress], ingress: []"),
        (denied(B, A), denied(W, A), allowed(OAK, A), allowed(A, B)),
    ),
    Case(
        4,
        "an empty egress element closes DNS, nodes and the own node too",
        "examples/policies/l3/egress-default-deny",
        cnp("endpointSelector: {}, egress: [{}]"),
        (
            denied(A, W),
            denied(A, X),
            denied(A, "z/dns", 53, "UDP"),
            denied(A, OAK, 6443),
            denied(A, ELM, 6443),
            allowed(X, A),
        ),
    ),
    Case(
        5,
        "a rule that only denies closes its subject for everybody",
        "Documentation/security/policy/deny.rst",
        on_a("ingressDeny: [{fromEntities: [world]}]"),
        (denied(W, A), denied(B, A), denied(X, A), allowed(OAK, A)),
    ),
    Case(
        6,
        "unless it says that it does not",
        "pkg/policy/rules.go computePolicyEnforcementAndRules",
        on_a(f"ingressDeny: [{{fromEntities: [world]}}], {_OFF}"),
        (denied(W, A), allowed(B, A), allowed(X, A), allowed(ELM, A)),
    ),
    Case(
        6,
        "a version that does not know the field closes all the same",
        "Documentation/security/policy/intro.rst",
        on_a(f"ingressDeny: [{{fromEntities: [world]}}], {_OFF}"),
        (denied(W, A), denied(B, A)),
        version="1.15",
        warned=("NPV512",),
    ),
    Case(
        7,
        "any rule that closes suffices, and what the others allow stays allowed",
        "computePolicyEnforcementAndRules",
        joined(
            on_a(f"ingress: [{{fromEndpoints: [{{matchLabels: {{app: fe}}}}], toPorts: {_WEB}}}], {_OFF}", "one"),
            on_a('ingress: [{fromEndpoints: [{matchLabels: {app: ""}}], toPorts: [{ports: [{port: "81"}]}]}]', "two"),
        ),
        (allowed(B, A), denied(B, A, 81), allowed(C, A, 81), denied(C, A), denied(W, A), denied(X, A)),
    ),
    Case(
        8,
        "where nobody is closed a request that no rule asks for passes as well",
        "pkg/policy/l4_filter_test.go TestDefaultAllowL7Rules",
        on_a(
            f"ingress: [{{toPorts: [{{ports: [{{port: '80', protocol: TCP}}], rules: {{http: [{{path: /ok}}]}}}}]}}], {_OFF}"
        ),
        (allowed(B, A), allowed(W, A), allowed(B, A, http="GET /bad")),
    ),
    Case(
        9,
        "to close egress without an element has no effect",
        "computePolicyEnforcementAndRules",
        on_a("ingress: [{}], enableDefaultDeny: {egress: true}"),
        (allowed(A, W), denied(B, A)),
        warned=("NPV513",),
    ),
    Case(
        10,
        "enable-policy=always closes everything without a policy",
        "pkg/policy/repository.go",
        "",
        (denied(A, B), denied(A, W), denied(W, A), allowed(OAK, A)),
        assume={"enable_policy": "always"},
    ),
    Case(
        10,
        "and a rule that closes nobody does not open it",
        "computePolicyEnforcementAndRules",
        on_a(f"ingress: [{{fromEntities: [world]}}], {_OFF}"),
        (allowed(W, A), denied(W, B), denied(B, A)),
        assume={"enable_policy": "always"},
    ),
    Case(
        11,
        "enable-policy=never looks at nothing",
        "pkg/policy/repository.go",
        joined(on_a("ingressDeny: [{fromEntities: [all]}]"), knp("podSelector: {}")),
        (allowed(B, A), allowed(W, A), allowed(X, B)),
        assume={"enable_policy": "never"},
    ),
    Case(
        13,
        "an empty list of peers is nobody, also with ports",
        "pkg/policy/l4_filter_test.go TestL3Wildcarding",
        on_a(f"ingress: [{{fromEndpoints: [], toPorts: {_WEB}}}]"),
        (denied(B, A), denied(W, A)),
        warned=("NPV536",),
    ),
    Case(
        13,
        "before, it was everybody",
        "pkg/policy/rule.go of 1.15",
        on_a(f"ingress: [{{fromEndpoints: [], toPorts: {_WEB}}}]"),
        (allowed(B, A), allowed(W, A), denied(B, A, 81)),
        version="1.15",
    ),
    Case(
        14,
        "null is no list at all: everybody on the port",
        "TestL3Wildcarding",
        on_a(f"ingress: [{{fromEndpoints: null, toPorts: {_WEB}}}]"),
        (allowed(B, A), allowed(W, A), allowed(ELM, A), denied(B, A, 81), denied(B, A, 80, "UDP")),
    ),
    Case(
        15,
        "an empty list of one kind makes nobody of the others",
        "pkg/policy/api/ingress.go GetSourceEndpointSelectorsWithRequirements",
        on_a("ingress: [{fromEntities: [], fromCIDR: [203.0.113.0/24]}]"),
        (denied(W, A), denied(B, A)),
        warned=("NPV536",),
    ),
    Case(
        16,
        "an empty list of names is not nobody: everybody on the port",
        "pkg/policy/api/egress.go GetDestinationEndpointSelectorsWithRequirements",
        on_a("egress: [{toFQDNs: [], toPorts: [{ports: [{port: '443'}]}]}]"),
        (allowed(A, W, 443), allowed(A, B, 443), denied(A, W, 80)),
    ),
    Case(
        17,
        "a Service that does not exist opens its ports for everybody",
        "pkg/policy/k8s/service.go; cilium/cilium#20067",
        on_a(
            "egress: [{toServices: [{k8sService: {serviceName: gone, namespace: a}}], toPorts: [{ports: [{port: '443'}]}]}]"
        ),
        (allowed(A, W, 443), allowed(A, B, 443), denied(A, B, 80)),
        warned=("NPV545",),
    ),
    Case(
        17,
        "and without ports it is nobody",
        "pkg/policy/k8s/service.go; cilium/cilium#20067",
        on_a("egress: [{toServices: [{k8sService: {serviceName: gone, namespace: a}}]}]"),
        (denied(A, W, 443), denied(A, B, 443)),
        warned=("NPV545",),
    ),
    Case(
        18,
        "an item of toPorts without ports allows no port",
        "pkg/policy/api/l4.go PortRules.Len",
        on_a("ingress: [{fromEndpoints: [{matchLabels: {app: fe}}], toPorts: [{}]}]"),
        (denied(B, A), denied(B, A, 1), denied(W, A)),
    ),
    Case(
        19,
        "an empty toPorts allows all ports and ICMP",
        "pkg/policy/rule.go mergeIngress",
        on_a("ingress: [{fromEndpoints: [{matchLabels: {app: fe}}], toPorts: []}]"),
        (allowed(B, A), allowed(B, A, 1, "UDP"), allowed(B, A, None, "ICMP"), denied(X, A), denied(W, A)),
    ),
    Case(
        19,
        "a clusterwide rule closes pods of every namespace, and no node",
        "pkg/policy/rule.go matchesSubject",
        ccnp("endpointSelector: {}, ingress: [{}]"),
        (denied(B, A), denied(W, X), denied(A, X), allowed(W, ELM, 22), allowed(B, "a/hn")),
    ),
)
