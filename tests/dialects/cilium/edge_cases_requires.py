"""What `fromRequires` and `toRequires` ask of the selectors of every rule about an endpoint, until 1.18."""

from __future__ import annotations

from dialects.cilium.edge_case import DNS, ELM, OAK, A, B, C, Case, W, X, Y, allowed, ccnp, cnp, denied, knp, on_a
from dialects.edge_cases import joined

_RULES = "pkg/policy/rules.go resolveL4IngressPolicy of 1.18"
_SELECTOR = "pkg/k8s/apis/cilium.io/utils/utils.go getEndpointSelector of 1.18"
_REQUIRES = "fromRequires: [{matchLabels: {app: fe}}]"
_PEERS = "fromEndpoints: [{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: Exists}]}]"
_80 = "toPorts: [{ports: [{port: '80', protocol: TCP}]}]"

REQUIRES = (
    Case(
        21,
        "a requirement is asked of every selector of a rule about the endpoint, and lets nobody in",
        _RULES,
        joined(on_a(f"ingress: [{{{_REQUIRES}}}]", "one"), on_a("ingress: [{fromEndpoints: [{}]}]", "two")),
        (allowed(B, A), denied(C, A), denied(X, A), denied(W, A), allowed(OAK, A)),
        version="1.18",
    ),
    Case(
        21,
        "alone it only closes",
        _RULES,
        on_a(f"ingress: [{{{_REQUIRES}}}]"),
        (denied(B, A), denied(C, A), allowed(A, B)),
        version="1.18",
    ),
    Case(
        21,
        "beside ports it is no peer, so that everybody may use them",
        "pkg/policy/rule.go mergeIngress of 1.18",
        on_a(f"ingress: [{{{_REQUIRES}, {_80}}}]"),
        (allowed(B, A), allowed(C, A), allowed(W, A), denied(C, A, 81)),
        version="1.18",
    ),
    Case(
        21,
        "it means pods of its own namespace, as a selector does",
        _SELECTOR,
        joined(on_a(f"ingress: [{{{_REQUIRES}}}]", "one"), on_a(f"ingress: [{{{_PEERS}}}]", "two")),
        (allowed(B, A), denied(X, A), denied(DNS, A), denied(C, A)),
        version="1.18",
    ),
    Case(
        21,
        "in a clusterwide policy it means pods of every namespace",
        _SELECTOR,
        joined(
            ccnp(f"endpointSelector: {{matchLabels: {{app: be}}}}, ingress: [{{{_REQUIRES}}}]", "one"),
            on_a(f"ingress: [{{{_PEERS}}}]", "two"),
        ),
        (allowed(B, A), allowed(X, A), denied(Y, A), denied(C, A)),
        version="1.18",
    ),
    Case(
        21,
        "it is asked of selectors of NetworkPolicies too, and not of entities and CIDRs",
        _RULES,
        joined(
            on_a(f"ingress: [{{{_REQUIRES}}}, {{fromEntities: [world]}}, {{fromCIDR: [203.0.113.0/24]}}]", "one"),
            knp("podSelector: {matchLabels: {app: be}}, ingress: [{from: [{podSelector: {}}]}]"),
        ),
        (allowed(B, A), denied(C, A), allowed(W, A), denied(ELM, A)),
        version="1.18",
    ),
    Case(
        21,
        "that of a rule about another endpoint is not asked",
        _RULES,
        joined(
            cnp(f"endpointSelector: {{matchLabels: {{app: fe}}}}, ingress: [{{{_REQUIRES}}}]", "one"),
            on_a("ingress: [{fromEndpoints: [{}]}]", "two"),
        ),
        (allowed(B, A), allowed(C, A)),
        version="1.18",
    ),
    Case(
        21,
        "what allows and what denies ask apart, and so do the directions",
        _RULES,
        joined(
            on_a(
                f"ingress: [{{fromEndpoints: [{{}}]}}], ingressDeny: [{{{_REQUIRES}}}, {{fromEndpoints: [{{}}]}}]",
                "one",
            ),
            on_a("egress: [{toEndpoints: [{}]}]", "two"),
        ),
        (denied(B, A), allowed(C, A), denied(X, A), allowed(A, B), allowed(A, C)),
        version="1.18",
    ),
    Case(
        21,
        "egress has it too, for what is behind Services as well",
        "pkg/policy/rules.go resolveL4EgressPolicy of 1.18",
        on_a(
            "egress: [{toRequires: [{matchLabels: {app: be}}]}, {toEndpoints: [{}]}, "
            "{toServices: [{k8sService: {serviceName: front, namespace: a}}]}]"
        ),
        (denied(A, B, 8080), denied(A, C), denied(A, W)),
        version="1.18",
    ),
    Case(
        21,
        "1.19 does not have it any more",
        "client/crds/v2/ciliumnetworkpolicies.yaml (maxItems 0)",
        on_a(f"ingress: [{{{_REQUIRES}}}]"),
        refused=("NPV537",),
    ),
)
