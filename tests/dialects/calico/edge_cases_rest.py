"""Edge cases E84 and E100–E106: HTTP requests, native and cluster policies as Calico reads them, tunnels from pods, names."""

from __future__ import annotations

from dialects.calico.edge_case import (
    APPLE,
    ELM,
    OAK,
    OUTSIDE,
    OX,
    PEAR,
    PLAIN,
    Case,
    allowed,
    cnp,
    denied,
    depends,
    felix,
    gnp,
    host,
    icmp,
    ingress,
    knp,
    named,
    net_set,
    np,
)
from dialects.edge_cases import joined

_DEFAULT_ALLOW = "projectcalico-default-allow"
_BOTH = "ports: [{name: http, protocol: TCP, port: 8000}, {name: http, protocol: UDP, port: 8000}]"
_PEAR = "podSelector: {matchLabels: {app: pear}}"
_SUBJECT = "subject: {pods: {namespaceSelector: {matchLabels: {env: prod}}, podSelector: {matchLabels: {app: pear}}}}"


def _admin(rules: str) -> str:
    return cnp(f"tier: Admin, priority: 10, {_SUBJECT}, {rules}")


NATIVE = (
    Case(
        100,
        "an empty port entry of a native policy is all of TCP",
        "conversion_test.go, … with blank ports",
        knp(f"{_PEAR}, ingress: [{{ports: [{{}}]}}]"),
        (allowed(APPLE, PEAR, 1234), denied(APPLE, PEAR, 1234, "UDP"), icmp(APPLE, PEAR, 8, 0, "D")),
    ),
    Case(
        100,
        "no ports in a native policy is every protocol",
        "conversion_test.go, … with no ports; issue 4373",
        knp(f"{_PEAR}, ingress: [{{}}]"),
        (allowed(APPLE, PEAR, 1234), allowed(APPLE, PEAR, 9, "SCTP"), icmp(APPLE, PEAR, 8, 0, "A"), allowed(APPLE, PEAR, None, "50")),
    ),
    Case(
        100,
        "a protocol alone in a native policy is all of that protocol",
        "conversion.go k8sPortToCalico",
        knp(f"{_PEAR}, ingress: [{{ports: [{{protocol: UDP}}]}}]"),
        (allowed(APPLE, PEAR, 1234, "UDP"), denied(APPLE, PEAR, 1234)),
    ),
    Case(
        100,
        "a name without peers in a native egress policy is also a port that a host endpoint names",
        "conversion.go k8sRuleToCalico; felix/calc/rule_scanner.go namedPortsToIPSets",
        joined(
            knp(f"{_PEAR}, policyTypes: [Egress], egress: [{{ports: [{{port: http}}]}}]"),
            host("oak", profiles=_DEFAULT_ALLOW, spec="ports: [{name: http, protocol: TCP, port: 8000}]"),
            host("elm", profiles=_DEFAULT_ALLOW),
        ),
        (
            allowed(PEAR, OAK, 8000),
            denied(PEAR, OAK, 8000, "UDP"),
            denied(PEAR, OAK, 80),
            denied(PEAR, ELM, 8000, of="egress"),
            allowed(PEAR, APPLE),
            denied(PEAR, OUTSIDE, 8000),
        ),
    ),
    Case(
        100,
        "so is it beside an ipBlock, and beside selectors it is not",
        "conversion.go k8sPeerToCalicoFields; felix/calc/rule_scanner.go namedPortsToIPSets",
        joined(
            knp(
                f"{_PEAR}, policyTypes: [Egress], egress: ["
                "{ports: [{port: http, protocol: UDP}], to: [{ipBlock: {cidr: 192.168.20.1/32}}]}, "
                "{ports: [{port: http}], to: [{namespaceSelector: {}}]}]"
            ),
            host("oak", profiles=_DEFAULT_ALLOW, spec=_BOTH),
            host("elm", profiles=_DEFAULT_ALLOW, spec=_BOTH),
        ),
        (
            allowed(PEAR, OAK, 8000, "UDP"),
            denied(PEAR, ELM, 8000, "UDP", of="egress"),
            denied(PEAR, OAK, 8000),
            allowed(PEAR, APPLE),
        ),
    ),
    Case(
        100,
        "a native policy finds pods by the labels that Calico adds to them",
        "conversion.go k8sSelectorToCalico; updateprocessors/workloadendpointprocessor.go",
        joined(
            knp(
                "podSelector: {matchLabels: {projectcalico.org/serviceaccount: grower}}, policyTypes: [Ingress], ingress: "
                "[{from: [{namespaceSelector: {matchLabels: {projectcalico.org/name: field}}}, "
                "{podSelector: {matchExpressions: [{key: projectcalico.org/namespace, operator: NotIn, values: [field]}, "
                "{key: pcns.env, operator: In, values: [prod]}, "
                "{key: projectcalico.org/serviceaccount, operator: NotIn, values: [grower]}]}}]}]"
            ),
            knp("podSelector: {matchLabels: {projectcalico.org/namespace: field}}, policyTypes: [Egress]", "other"),
        ),
        (allowed(OX, APPLE), allowed(PEAR, APPLE), denied(OUTSIDE, APPLE), allowed(OUTSIDE, PEAR), allowed(PEAR, OUTSIDE)),
    ),
)  # fmt: skip

CLUSTER = (
    Case(
        101,
        "a Deny of a cluster policy with a peer that Calico cannot convert is a Deny of everything",
        "clusternetworkpolicy_test.go, should replace an unsupported … Deny action with a deny-all one",
        _admin("egress: [{action: Deny, to: [{nodes: {matchLabels: {zone: a}}}]}]"),
        (denied(PEAR, OUTSIDE), denied(PEAR, APPLE), allowed(APPLE, PEAR)),
    ),
    Case(
        101,
        "rules before it stand, and it stands before the others",
        "clusternetworkpolicy_test.go, should replace an unsupported … Deny action with a deny-all one",
        _admin(
            "egress: [{action: Accept, to: [{networks: [203.0.113.0/24]}]}, "
            "{action: Deny, to: [{networks: [198.51.100.0/24]}, {nodes: {matchLabels: {zone: a}}}]}, "
            "{action: Accept, to: [{namespaces: {}}]}]"
        ),
        (allowed(PEAR, OUTSIDE), denied(PEAR, APPLE)),
    ),
    Case(
        101,
        "a Pass of a cluster policy with such a peer is a Deny of everything as well",
        "conversion/clusternetworkpolicy.go k8sClusterNetPolHandleFailedRules",
        _admin("egress: [{action: Pass, to: [{nodes: {matchLabels: {zone: a}}}]}]"),
        (denied(PEAR, OUTSIDE), denied(PEAR, APPLE)),
    ),
    Case(
        101,
        "an Accept of a cluster policy with such a peer is dropped",
        "conversion/clusternetworkpolicy.go k8sClusterNetPolHandleFailedRules",
        _admin(
            "egress: [{action: Accept, to: [{namespaces: {}}, {nodes: {matchLabels: {zone: a}}}]}, "
            "{action: Deny, to: [{networks: [10.0.0.0/8, 192.168.20.0/24]}]}]"
        ),
        (denied(PEAR, APPLE), denied(PEAR, ELM), allowed(PEAR, OUTSIDE)),
    ),
    Case(
        102,
        "a cluster policy that denies all namespaces but some also denies global sets, which have no namespace",
        "conversion/clusternetworkpolicy.go; updateprocessors/rules.go",
        joined(
            _admin(
                "ingress: [{action: Deny, from: [{namespaces: "
                "{matchExpressions: [{key: env, operator: NotIn, values: [prod]}]}}]}]"
            ),
            net_set("far", "kind: far", "198.51.100.0/24"),
        ),
        (denied("198.51.100.7", PEAR), allowed(OUTSIDE, PEAR), denied(OX, PEAR), allowed(APPLE, PEAR)),
    ),
    Case(
        102,
        "with pods as peers it denies pods alone",
        "conversion/clusternetworkpolicy.go; updateprocessors/rules.go",
        joined(
            _admin(
                "ingress: [{action: Deny, from: [{pods: {podSelector: {}, namespaceSelector: "
                "{matchExpressions: [{key: env, operator: NotIn, values: [prod]}]}}}]}]"
            ),
            net_set("far", "kind: far", "198.51.100.0/24"),
        ),
        (allowed("198.51.100.7", PEAR), denied(OX, PEAR)),
    ),
)

_OPEN = np("selector: app == 'pear', egress: [{action: Allow}]")

OTHERS = (
    Case(
        104,
        "a pod may not begin a tunnel, whatever its policies allow",
        "felix/rules/endpoints.go, workload egress chain",
        _OPEN,
        (
            denied(PEAR, OUTSIDE, 4789, "UDP"),
            denied(PEAR, OUTSIDE, None, "4"),
            allowed(PEAR, OUTSIDE, 4790, "UDP"),
            allowed(PEAR, OUTSIDE, 4789),
            denied(PLAIN, OUTSIDE, 4789, "UDP"),
            allowed(OUTSIDE, PEAR, 4789, "UDP"),
        ),
    ),
    Case(
        104,
        "a pod may begin a tunnel where Felix is told so",
        "felix/rules/endpoints.go, workload egress chain",
        joined(_OPEN, felix("allowVXLANPacketsFromWorkloads: true, allowIPIPPacketsFromWorkloads: true")),
        (allowed(PEAR, OUTSIDE, 4789, "UDP"), allowed(PEAR, OUTSIDE, None, "4")),
    ),
    *(
        Case(
            104,
            f"the BPF dataplane stops IP in IP of pods and no VXLAN, {what}",
            "felix/bpf-gpl/parsing.h; felix/dataplane/linux/endpoint_mgr.go has no chains of pods there",
            joined(_OPEN, *more),
            (denied(PEAR, OUTSIDE, None, "4"), allowed(PEAR, OUTSIDE, 4789, "UDP")),
            assume={"dataplane": "bpf"},
        )
        for what, more in (
            ("whatever Felix is told", (felix("allowIPIPPacketsFromWorkloads: true"),)),
            ("without its configuration", ()),
        )
    ),
    Case(
        104,
        "the port of tunnels is the one that Felix is told",
        "felix/rules/endpoints.go, workload egress chain",
        joined(_OPEN, felix("vxlanPort: 8472")),
        (denied(PEAR, OUTSIDE, 8472, "UDP"), allowed(PEAR, OUTSIDE, 4789, "UDP")),
    ),
    Case(
        106,
        "a policy of everything that opens egress to the name server closes the name server",
        "issue 3308",
        joined(
            gnp(
                "selector: all(), types: [Ingress, Egress], egress: "
                "[{action: Allow, protocol: UDP, destination: {selector: k8s-app == 'kube-dns', ports: [53]}}]"
            ),
            named("names", "k8s-app: kube-dns", "10.65.9.1", namespace="kube-system"),
        ),
        (
            denied(APPLE, "kube-system/names", 53, "UDP"),
            allowed(APPLE, "kube-system/names", 53, "UDP", of="egress"),
            denied(APPLE, "kube-system/names", 53, "UDP", of="ingress"),
        ),
    ),
)

_PUB = np(ingress("action: Allow, protocol: TCP, http: {methods: [GET], paths: [{prefix: /pub}]}"))
_ENVOY = {"l7": "on"}

HTTP = (
    Case(
        84,
        "a prefix ends where a segment of the path as servers read it ends",
        "match_test.go TestMatchHTTPPaths_Normalization",
        _PUB,
        (
            denied(APPLE, PEAR, http="GET /public-leak"),
            allowed(APPLE, PEAR, http="GET /pub/x"),
            denied(APPLE, PEAR, http="GET /pub/../admin"),
            allowed(APPLE, PEAR, http="GET /admin/%2e%2e/pub?x=/admin"),
            denied(APPLE, PEAR, http="POST /pub/x"),
            denied(APPLE, PEAR, 80, "UDP"),
        ),
        assume=_ENVOY,
    ),
    Case(
        84,
        "before 3.32 a prefix is one of the text that was sent",
        "v3.31.0 match.go matchHTTPPaths",
        _PUB,
        (
            allowed(APPLE, PEAR, http="GET /public-leak"),
            allowed(APPLE, PEAR, http="GET /pub/x"),
            allowed(APPLE, PEAR, http="GET /pub/../admin"),
            denied(APPLE, PEAR, http="GET /admin/%2e%2e/pub?x=/admin"),
            denied(APPLE, PEAR, http="POST /pub/x"),
        ),
        version="3.31",
        assume=_ENVOY,
    ),
    Case(
        84,
        "where the request is not known, the verdict hangs on it",
        "match.go matchHTTP",
        _PUB,
        (
            depends(
                APPLE,
                PEAR,
                80,
                {
                    "": "D",
                    "the HTTP request is GET with a path under /pub=true": "A",
                    "the HTTP request is GET with a path under /other=true": "D",
                },
            ),
        ),
        assume=_ENVOY,
    ),
    Case(
        84,
        "without a protocol the clause is about TCP; the proxy sees nothing else",
        "felix/rules/policy.go; adapter_checkrequest.go",
        np(ingress("action: Allow, http: {paths: [{exact: /pub}]}")),
        (
            allowed(APPLE, PEAR, http="PUT /pub/"),
            denied(APPLE, PEAR, http="PUT /pub/x"),
            denied(APPLE, PEAR),
            allowed(APPLE, PEAR, 80, "UDP"),
            icmp(APPLE, PEAR, 8, 0, "A"),
        ),
        assume=_ENVOY,
    ),
    Case(
        84,
        "every method or no clause at all is every request",
        "match_test.go TestMatchHTTPMethods",
        np(ingress("action: Allow, protocol: TCP, http: {methods: [GET, '*']}")),
        (allowed(APPLE, PEAR), allowed(APPLE, PEAR, http="PUT /pub"), denied(APPLE, PEAR, 80, "UDP")),
        assume=_ENVOY,
    ),
    Case(
        84,
        "where no proxy judges requests, any request passes",
        "felix/rules/policy.go",
        _PUB,
        (allowed(APPLE, PEAR, http="POST /admin"), allowed(APPLE, PEAR)),
        warned=("NPV287",),
    ),
)

CASES: tuple[Case, ...] = (*HTTP, *NATIVE, *CLUSTER, *OTHERS)
