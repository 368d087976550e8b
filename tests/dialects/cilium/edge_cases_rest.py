"""Edge cases 76–107: requests, names, authentication, native policies, nodes."""

from __future__ import annotations

from dialects.cilium.edge_case import (
    ELM,
    HN,
    OAK,
    A,
    B,
    Case,
    W,
    X,
    allowed,
    ccnp,
    cnp,
    denied,
    depends,
    knp,
    on_a,
)
from dialects.edge_cases import joined

_GET_A = "rules: {http: [{method: GET, path: /a}]}"
_ASKED = "the HTTP request is GET with the path /a"
_B = "fromEndpoints: [{matchLabels: {app: fe}}]"
_80 = "ports: [{port: '80', protocol: TCP}]"
_FQDN = "toFQDNs: [{matchName: a.example}]"
_NAME = "a.example resolves to the address of the destination"
_DNS = "{toEntities: [cluster], toPorts: [{ports: [{port: '53', protocol: UDP}], rules: {dns: [{matchPattern: '*'}]}}]}"
_TWO_STARS = (
    "egress: [{toFQDNs: [{matchName: a.com}, {matchName: y.a.com}, {matchName: x.y.a.com}]}, {toEntities: [cluster], "
    "toPorts: [{ports: [{port: '53', protocol: UDP}], rules: {dns: [{matchPattern: '**.a.com'}]}}]}]"
)
_AUTH = "authentication `required` lets the connection through"
_TLS = "the client asks TLS for a.example"
_BLOCK = "an ipBlock of an ingress rule lets in the pods of the policy's namespace"
_FIREWALL = {"host_firewall": "on"}


def _resolves(name: str) -> str:
    return f"{name} resolves to the address of the destination=true"


REST = (
    Case(
        76,
        "a rule with requests lets a connection through for them alone",
        "pkg/policy/l4_filter_test.go case 2",
        on_a(f"ingress: [{{{_B}, toPorts: [{{{_80}, {_GET_A}}}]}}]"),
        (
            depends(B, A, {"": "D", f"{_ASKED}=true": "A"}),
            allowed(B, A, http="GET /a"),
            denied(B, A, http="GET /b"),
            denied(X, A, http="GET /a"),
            denied(X, A),
            denied(B, A, 81),
        ),
    ),
    Case(
        76,
        "alternatives are added up, over rules and policies",
        "pkg/policy/l4_filter_test.go case 2",
        joined(
            on_a(f"ingress: [{{{_B}, toPorts: [{{{_80}, {_GET_A}}}]}}]", "one"),
            on_a(f"ingress: [{{{_B}, toPorts: [{{{_80}, rules: {{http: [{{path: /b}}]}}}}]}}]", "two"),
        ),
        (
            allowed(B, A, http="GET /a"),
            allowed(B, A, http="GET /b"),
            allowed(B, A, http="PUT /b"),
            denied(B, A, http="PUT /a"),
        ),
    ),
    Case(
        76,
        "beside a rule for the same peer and port without them everything passes",
        "pkg/policy/l4_filter_test.go cases 2A, 2B",
        joined(
            on_a(f"ingress: [{{{_B}, toPorts: [{{{_80}, {_GET_A}}}]}}]", "one"),
            on_a(f"ingress: [{{{_B}, toPorts: [{{{_80}}}]}}]", "two"),
        ),
        (allowed(B, A), allowed(B, A, http="GET /b"), denied(X, A)),
    ),
    Case(
        78,
        "as beside one for the same peer without ports",
        "pkg/envoy/xds_server.go getWildcardNetworkPolicyRule, cilium/cilium#3634",
        joined(
            on_a(f"ingress: [{{{_B}, toPorts: [{{{_80}, {_GET_A}}}]}}]", "one"),
            on_a(f"ingress: [{{{_B}}}]", "two"),
        ),
        (allowed(B, A, http="GET /b"), denied(X, A, http="GET /a")),
    ),
    Case(
        77,
        "as beside one for every peer",
        "pkg/policy/distillery_test.go Test_MergeRules",
        joined(
            on_a(f"ingress: [{{{_B}, toPorts: [{{{_80}, {_GET_A}}}]}}]", "one"),
            on_a(f"ingress: [{{toPorts: [{{{_80}}}]}}]", "two"),
        ),
        (allowed(B, A), allowed(X, A), allowed(W, A)),
    ),
    Case(
        79,
        "requests for everybody bind whom no other rule lets in",
        "Test_MergeRules rows 12, 13",
        joined(
            on_a(f"ingress: [{{toPorts: [{{{_80}, {_GET_A}}}]}}]", "one"),
            on_a(f"ingress: [{{{_B}, toPorts: [{{{_80}}}]}}]", "two"),
        ),
        (allowed(B, A), depends(X, A, {"": "D", f"{_ASKED}=true": "A"}), allowed(OAK, A)),
    ),
    Case(
        81,
        "a deny of the port leaves no request",
        "Test_EnsureDeniesPrecedeAllows",
        on_a(f"ingress: [{{{_B}, toPorts: [{{{_80}, {_GET_A}}}]}}], ingressDeny: [{{{_B}, toPorts: [{{{_80}}}]}}]"),
        (depends(B, A, {"": "D", f"{_ASKED}=true": "D"}),),
    ),
    Case(
        82,
        "all of what is sent as the path must match, its query too",
        "pkg/envoy/xds_server.go getHTTPRule",
        on_a(f"ingress: [{{{_B}, toPorts: [{{{_80}, rules: {{http: [{{path: /public}}]}}}}]}}]"),
        (
            allowed(B, A, http="GET /public"),
            denied(B, A, http="GET /public?x=1"),
            denied(B, A, http="GET /public/"),
            denied(B, A, http="GET /public/x"),
            denied(B, A, http="GET /a/../public"),
        ),
    ),
    Case(
        82,
        "an expression that leaves room for more lets more pass",
        "pkg/envoy/xds_server.go getHTTPRule",
        on_a(f"ingress: [{{{_B}, toPorts: [{{{_80}, rules: {{http: [{{path: '/public(/.*)?(\\?.*)?'}}]}}}}]}}]"),
        (
            allowed(B, A, http="GET /public"),
            allowed(B, A, http="GET /public?x=1"),
            allowed(B, A, http="GET /public/x"),
            denied(B, A, http="GET /publicity"),
        ),
    ),
    Case(
        83,
        "the host is compared as it is sent, with its port, and a dot is any letter",
        "pkg/envoy/xds_server.go getHTTPRule",
        on_a(f"ingress: [{{{_B}, toPorts: [{{{_80}, rules: {{http: [{{host: api.example.com}}]}}}}]}}]"),
        (
            allowed(B, A, http="GET / api.example.com"),
            denied(B, A, http="GET / api.example.com:8080"),
            allowed(B, A, http="GET / apiXexample.com"),
            denied(B, A, http="GET / API.example.com"),
            depends(B, A, {"": "D", "the HTTP request is one with a host like api.example.com=true": "A"}),
        ),
    ),
    Case(
        84,
        "a header with a blank in its text has a value, one without is only there",
        "pkg/envoy/xds_server.go getHTTPRule",
        on_a(
            f"ingress: [{{{_B}, toPorts: [{{{_80}, rules: {{http: ["
            f"{{path: /value, headers: ['X-My-Header: true']}}, {{path: /name, headers: ['X-My-Header:true']}}, "
            f"{{path: /there, headers: [X-My-Header]}}, {{path: /both, headers: [X-A, 'X-B 1']}}]}}}}]}}]"
        ),
        (
            allowed(B, A, http="GET /value h X-My-Header=true"),
            allowed(B, A, http="GET /value h x-my-header=true"),
            denied(B, A, http="GET /value h X-My-Header=false"),
            denied(B, A, http="GET /value h"),
            denied(B, A, http="GET /name h X-My-Header=true"),
            allowed(B, A, http="GET /there h X-My-Header=no"),
            denied(B, A, http="GET /there h"),
            allowed(B, A, http="GET /both h X-A=x X-B=1"),
            denied(B, A, http="GET /both h X-A=x"),
            denied(B, A, http="GET /both h X-B=1"),
        ),
    ),
    Case(
        84,
        "a header that does not match counts only where that fails",
        "pkg/envoy/xds_server.go getHTTPRule",
        on_a(
            f"ingress: [{{{_B}, toPorts: [{{{_80}, rules: {{http: ["
            "{path: /fails, headerMatches: [{name: X-A, value: '1'}]}, {path: /there, headerMatches: [{name: X-A}]}, "
            "{path: /logs, headerMatches: [{name: X-A, value: '1', mismatch: LOG}]}]}}]}]"
        ),
        (
            allowed(B, A, http="GET /fails h X-A=1"),
            denied(B, A, http="GET /fails h X-A=2"),
            allowed(B, A, http="GET /there h X-A=2"),
            denied(B, A, http="GET /there h"),
            allowed(B, A, http="GET /logs h X-A=2"),
            allowed(B, A, http="GET /logs h"),
        ),
    ),
    Case(
        85,
        "methods are told apart by case, and are whole",
        "pkg/envoy/xds_server.go getHTTPRule",
        on_a(f"ingress: [{{{_B}, toPorts: [{{{_80}, rules: {{http: [{{method: GET|PUT}}]}}}}]}}]"),
        (
            allowed(B, A, http="GET /"),
            allowed(B, A, http="PUT /"),
            denied(B, A, http="get /"),
            denied(B, A, http="GETX /"),
        ),
    ),
    Case(
        85,
        "an expression that is not read here may match or not",
        "re2 doc/syntax.txt",
        on_a(f"ingress: [{{{_B}, toPorts: [{{{_80}, rules: {{http: [{{path: '/[[:alpha:]]'}}]}}}}]}}]"),
        (
            depends(B, A, {"": "D", "the path of the request matches /[[:alpha:]]=true": "A"}),
            denied(X, A, http="GET /a"),
        ),
        warned=("NPV552",),
    ),
    Case(
        85,
        "RE2 has no look-around, and the whole object is refused",
        "pkg/policy/api/http.go Sanitize",
        on_a(f"ingress: [{{{_B}, toPorts: [{{{_80}, rules: {{http: [{{path: '/(?!admin).*'}}]}}}}]}}]"),
        refused=("NPV531",),
    ),
    Case(
        86,
        "requests need the protocol TCP",
        "pkg/policy/api/rule_validation.go",
        on_a(f"ingress: [{{toPorts: [{{ports: [{{port: '80'}}], {_GET_A}}}]}}]"),
        refused=("NPV529",),
    ),
    Case(
        87,
        "an empty list of requests asks nothing",
        "pkg/policy/api/l7.go IsEmpty",
        on_a(f"ingress: [{{toPorts: [{{{_80}, rules: {{http: []}}}}]}}]"),
        (allowed(B, A), denied(B, A, 81)),
    ),
    Case(
        87,
        "an entry without fields is every request",
        "pkg/policy/api/http.go",
        on_a(f"ingress: [{{toPorts: [{{{_80}, rules: {{http: [{{}}]}}}}]}}]"),
        (allowed(B, A), denied(B, A, 81)),
    ),
    Case(
        88,
        "a deny drops its requests, and so the whole port",
        "client/crds/v2/ciliumnetworkpolicies.yaml",
        on_a(f"ingress: [{{fromEntities: [all]}}], ingressDeny: [{{toPorts: [{{{_80}, {_GET_A}}}]}}]"),
        (denied(B, A), allowed(B, A, 81)),
        warned=("NPV519",),
    ),
    Case(
        89,
        "a name without a rule for DNS is never known",
        "Documentation/security/policy/layer3.rst, cilium/cilium#26180",
        on_a(f"egress: [{{{_FQDN}}}]"),
        (denied(A, W, 443), denied(A, B, 443)),
    ),
    Case(
        89,
        "with one it hangs on what the name resolves to, which is nothing in the cluster",
        "Documentation/security/policy/layer3.rst",
        on_a(f"egress: [{{{_FQDN}, toPorts: [{{ports: [{{port: '443'}}]}}]}}, {_DNS}]"),
        (
            depends(A, W, {"": "D", f"{_NAME}=true": "A"}, 443),
            denied(A, W, 80),
            denied(A, B, 443),
            allowed(A, "z/dns", 53, "UDP"),
        ),
    ),
    Case(
        91,
        "what a name resolves to is known only if a rule about DNS lets it through: a star is a piece of one label",
        "pkg/fqdn/matchpattern",
        on_a(
            "egress: [{toFQDNs: [{matchName: a.com}, {matchName: www.a.com}, {matchName: x.y.a.com}, {matchName: b.net}]}, "
            "{toEntities: [cluster], toPorts: [{ports: [{port: '53', protocol: UDP}], "
            "rules: {dns: [{matchPattern: '*.a.com'}, {matchName: b.NET.}]}}]}]"
        ),
        (
            depends(A, W, {"": "D", _resolves("www.a.com"): "A"}, 443),
            depends(A, W, {_resolves("a.com"): "D", _resolves("x.y.a.com"): "D", _resolves("b.net"): "A"}, 443),
        ),
        warned=("NPV549",),
    ),
    Case(
        91,
        "two stars in front are labels, one or more",
        "pkg/fqdn/matchpattern",
        on_a(_TWO_STARS),
        (depends(A, W, {_resolves("x.y.a.com"): "A", _resolves("y.a.com"): "A", _resolves("a.com"): "D"}, 443),),
    ),
    Case(
        91,
        "which they were not before",
        "pkg/fqdn/matchpattern",
        on_a(_TWO_STARS),
        (depends(A, W, {_resolves("x.y.a.com"): "D", _resolves("y.a.com"): "A", _resolves("a.com"): "D"}, 443),),
        version="1.18",
    ),
    Case(
        94,
        "what one rule asks of TLS binds another for the same peers and port",
        "pkg/policy/rule.go mergePortProto",
        joined(
            on_a(
                "egress: [{toCIDR: [203.0.113.0/24], toPorts: [{ports: [{port: '443', protocol: TCP}], serverNames: [a.example]}]}]",
                "one",
            ),
            on_a("egress: [{toCIDR: [203.0.113.0/24], toPorts: [{ports: [{port: '443', protocol: TCP}]}]}]", "two"),
        ),
        (depends(A, W, {"": "D", f"{_TLS}=true": "A"}, 443), denied(A, W, 80)),
    ),
    Case(
        95,
        "an allow without authentication takes it over from a wider one",
        "pkg/policy/distillery_test.go Test_MergeL3 case 5",
        joined(
            on_a("ingress: [{fromEntities: [all], authentication: {mode: required}}]", "one"),
            on_a(f"ingress: [{{{_B}}}]", "two"),
        ),
        (
            depends(B, A, {"": "D", f"{_AUTH}=true": "A"}),
            depends(X, A, {"": "D", f"{_AUTH}=true": "A"}),
            allowed(OAK, A),
        ),
    ),
    Case(
        97,
        "rules of a NetworkPolicy count in a direction that policyTypes leaves out, and close it",
        "cilium/cilium#48703",
        knp(
            "podSelector: {matchLabels: {app: be}}, policyTypes: [Egress], "
            "ingress: [{from: [{podSelector: {matchLabels: {app: fe}}}]}]"
        ),
        (allowed(B, A), denied(X, A), denied(W, A), denied(A, B)),
    ),
    Case(
        98,
        "whether a block of an ingress rule lets in the pods of the namespace too is not known since 1.19",
        "pkg/k8s/network_policy.go parseNetworkPolicyPeer",
        knp("podSelector: {matchLabels: {app: be}}, ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}]}]"),
        (depends(B, A, {"": "D", f"{_BLOCK}=true": "A"}), allowed(W, A), denied(X, A), denied(ELM, A)),
    ),
    Case(
        98,
        "before it did not, and for egress it does not",
        "pkg/k8s/network_policy.go of 1.18",
        knp("podSelector: {matchLabels: {app: be}}, ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}]}]"),
        (denied(B, A), allowed(W, A)),
        version="1.18",
    ),
    Case(
        99,
        "an empty ingress rule of a NetworkPolicy is everybody",
        "pkg/k8s/network_policy.go",
        knp("podSelector: {matchLabels: {app: be}}, ingress: [{}]"),
        (allowed(B, A), allowed(W, A), allowed(ELM, A), allowed(X, A, 1, "UDP")),
    ),
    Case(
        100,
        "what a NetworkPolicy allows a clusterwide deny takes back",
        "pkg/policy/repository.go",
        joined(
            knp("podSelector: {matchLabels: {app: be}}, ingress: [{}]"),
            ccnp(f"endpointSelector: {{matchLabels: {{app: be}}}}, ingressDeny: [{{{_B}}}]"),
        ),
        (denied(B, A), denied(X, A), allowed("x/q", A), allowed(W, A)),
    ),
    Case(
        102,
        "a policy about nodes does nothing without the host firewall",
        "Documentation/security/host.rst",
        ccnp("nodeSelector: {}, ingress: [{fromEntities: [cluster]}]"),
        (allowed(W, ELM, 22), allowed(W, OAK, 6443), allowed(W, A)),
        warned=("NPV546",),
    ),
    Case(
        102,
        "with it the outside is cut from every node, and pods are not",
        "Documentation/security/host.rst",
        ccnp("nodeSelector: {}, ingress: [{fromEntities: [cluster]}]"),
        (denied(W, ELM, 22), denied(W, HN, 22), allowed(A, ELM, 22), allowed(OAK, ELM, 22), allowed(W, A)),
        assume=_FIREWALL,
    ),
    Case(
        102,
        "nodes are chosen by their labels",
        "Documentation/security/host.rst",
        ccnp(
            "nodeSelector: {matchLabels: {zone: east}}, ingress: [{fromEntities: [cluster]}], ingressDeny: [{fromEndpoints: [{matchLabels: {app: fe}}]}]"
        ),
        (denied(W, ELM, 22), allowed(W, OAK, 22), denied(X, ELM, 22), allowed(A, ELM, 22)),
        assume=_FIREWALL,
    ),
    Case(
        103,
        "rules about pods never restrict what runs on the network of its node",
        "Documentation/network/kubernetes/policy.rst",
        cnp("endpointSelector: {}, ingress: [{}], egress: [{}]"),
        (allowed(W, HN), allowed(HN, W), denied(W, A), denied(A, HN)),
        assume=_FIREWALL,
    ),
    Case(
        105,
        "one bad port spoils the whole object",
        "pkg/policy/k8s/cilium_network_policy.go",
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: two, namespace: a}\nspecs:\n"
        "- {endpointSelector: {}, ingress: [{}]}\n"
        "- {endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '99999'}]}]}]}\n",
        refused=("NPV072",),
    ),
    Case(
        105,
        "spec and specs are alternatives of each other",
        "pkg/k8s/apis/cilium.io/v2/cnp_types.go Parse",
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: two, namespace: a}\n"
        "spec: {endpointSelector: {matchLabels: {app: be}}, ingress: [{toPorts: [{ports: [{port: '80'}]}]}]}\n"
        "specs:\n- {endpointSelector: {matchLabels: {app: be}}, ingress: [{toPorts: [{ports: [{port: '81'}]}]}]}\n",
        (allowed(B, A, 80), allowed(B, A, 81), denied(B, A, 82)),
    ),
    Case(
        107,
        "the sender's consent does not open the receiver",
        "Documentation/security/policy/intro.rst",
        joined(
            on_a("egress: [{toEndpoints: [{matchLabels: {app: fe}}]}]", "out"),
            cnp("endpointSelector: {matchLabels: {app: fe}}, ingress: [{fromEntities: [world]}]", "in"),
        ),
        (denied(A, B), allowed(W, B)),
    ),
)
