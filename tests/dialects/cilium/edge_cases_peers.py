"""Edge cases 21–63: selectors, namespaces, CIDRs and entities."""

from __future__ import annotations

from dialects.cilium.edge_case import (
    DNS,
    ELM,
    HN,
    OAK,
    A,
    B,
    C,
    Case,
    W,
    X,
    Y,
    allowed,
    ccnp,
    cnp,
    denied,
    depends,
    group,
    knp,
    on_a,
    ping,
)
from dialects.edge_cases import joined

_UTILS = "pkg/k8s/apis/cilium.io/utils/utils.go getEndpointSelector"
_IDENTITY = "pkg/ipcache/metadata.go resolveLabels"
_NODES = {"cidr_match_mode": "nodes"}
_PODS = {"cidr_match_mode": "pods"}
_API = "the API server has the address of the destination"


def _from(selector: str) -> str:
    return on_a(f"ingress: [{{fromEndpoints: [{selector}]}}]")


def _to(peers: str, deny: str = "") -> str:
    tail = f", egressDeny: [{{{deny}}}]" if deny else ""
    return on_a(f"egress: [{{{peers}}}]{tail}")


PEERS = (
    Case(
        21,
        "a selector means pods of the policy's own namespace",
        _UTILS,
        _from("{matchLabels: {app: fe}}"),
        (allowed(B, A), denied(X, A), denied(C, A), denied(W, A), denied(ELM, A)),
    ),
    Case(
        21,
        "the empty selector means every pod of the namespace, and no node",
        _UTILS,
        _from("{}"),
        (allowed(B, A), allowed(C, A), denied(X, A), denied(W, A), denied(ELM, A), denied(HN, A)),
    ),
    Case(
        22,
        "a label of namespaces frees the selector from its own namespace",
        _UTILS,
        _from("{matchLabels: {io.cilium.k8s.namespace.labels.team: blue}}"),
        (allowed(X, A), allowed(Y, A), denied(B, A), denied(W, A)),
    ),
    Case(
        22,
        "before 1.16 it did not",
        f"{_UTILS} of 1.15",
        _from("{matchLabels: {io.cilium.k8s.namespace.labels.team: blue}}"),
        (denied(X, A), denied(B, A)),
        version="1.15",
    ),
    Case(
        23,
        "what matchLabels of the subject say of its namespace is overwritten",
        _UTILS,
        cnp("endpointSelector: {matchLabels: {app: be, io.kubernetes.pod.namespace: x}}, ingress: [{}]"),
        (denied(B, A), allowed(A, X)),
    ),
    Case(
        24,
        "what matchExpressions say of it is not",
        _UTILS,
        cnp(
            "endpointSelector: {matchExpressions: [{key: io.kubernetes.pod.namespace, operator: In, values: [x]}]}, ingress: [{}]"
        ),
        (allowed(B, A), allowed(A, X), allowed(A, Y)),
    ),
    Case(
        25,
        "in a clusterwide policy a selector means pods of every namespace, and none on the network of its node",
        _UTILS,
        ccnp("endpointSelector: {matchLabels: {app: be}}, ingress: [{fromEndpoints: [{matchLabels: {app: fe}}]}]"),
        (allowed(B, A), allowed(X, A), denied(Y, A), denied(HN, A)),
    ),
    Case(
        26,
        "there the empty selector means every pod, and no node and nothing outside",
        _UTILS,
        ccnp("endpointSelector: {matchLabels: {app: be}}, ingress: [{fromEndpoints: [{}]}]"),
        (allowed(B, A), allowed(X, A), denied(ELM, A), denied(W, A), allowed(OAK, A)),
    ),
    Case(
        26,
        "the entity `all` is everything",
        "pkg/policy/api/entity.go",
        ccnp("endpointSelector: {matchLabels: {app: be}}, ingress: [{fromEntities: [all]}]"),
        (allowed(B, A), allowed(ELM, A), allowed(W, A)),
    ),
    Case(
        27,
        "a reserved label is taken as it is",
        _UTILS,
        _to('toEndpoints: [{matchLabels: {"reserved:host": ""}}]'),
        (allowed(A, OAK), denied(A, ELM), denied(A, B), denied(A, W)),
    ),
    Case(
        28,
        "a negative test of namespaces holds of what has no namespace, until peers are of the own cluster",
        f"{_UTILS} of 1.18",
        _from("{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [x]}]}"),
        (allowed(B, A), allowed(DNS, A), denied(X, A), allowed(W, A), allowed(ELM, A)),
        version="1.18",
    ),
    Case(
        28,
        "since 1.19 only pods are left",
        _UTILS,
        _from("{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [x]}]}"),
        (allowed(B, A), allowed(DNS, A), denied(X, A), denied(W, A), denied(ELM, A)),
    ),
    Case(
        29,
        "the same of a namespaceSelector of a NetworkPolicy",
        "pkg/k8s/network_policy.go of 1.17",
        knp(
            "podSelector: {matchLabels: {app: be}}, ingress: [{from: [{namespaceSelector: "
            "{matchExpressions: [{key: team, operator: NotIn, values: [red]}]}}]}]"
        ),
        (denied(B, A), allowed(X, A), allowed(DNS, A), allowed(W, A), allowed(ELM, A)),
        version="1.17",
    ),
    Case(
        29,
        "since 1.19 only pods are left",
        "pkg/k8s/network_policy.go",
        knp(
            "podSelector: {matchLabels: {app: be}}, ingress: [{from: [{namespaceSelector: "
            "{matchExpressions: [{key: team, operator: NotIn, values: [red]}]}}]}]"
        ),
        (denied(B, A), allowed(X, A), allowed(DNS, A), denied(W, A), denied(ELM, A)),
    ),
    Case(
        30,
        "a label that identities leave out is never there",
        "pkg/labelsfilter/filter.go",
        _from("{matchLabels: {pod-template-hash: h2}}"),
        (denied(B, A), denied(C, A)),
    ),
    Case(
        30,
        "so that it does not exist is true",
        "pkg/labelsfilter/filter.go",
        _from("{matchExpressions: [{key: pod-template-hash, operator: DoesNotExist}]}"),
        (allowed(B, A), allowed(C, A), denied(X, A)),
    ),
    Case(
        30,
        "the same of a NetworkPolicy",
        "pkg/labelsfilter/filter.go",
        knp("podSelector: {matchLabels: {controller-revision-hash: h1}}, ingress: []"),
        (allowed(B, A),),
    ),
    Case(
        31,
        "an empty value is a value",
        "pkg/policy/types/requirements.go",
        _from('{matchLabels: {app: ""}}'),
        (allowed(C, A), denied(B, A), denied(DNS, A)),
    ),
    Case(
        36,
        "a pod on the network of its node is closed by nothing, and let in by no selector",
        "Documentation/network/kubernetes/policy.rst",
        knp("podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: be}}}]}]"),
        (allowed(W, HN, 22), denied(HN, A), allowed(HN, B), allowed(A, B)),
    ),
    Case(
        38,
        "a service account means the one of the own namespace",
        _UTILS,
        _from("{matchLabels: {io.cilium.k8s.policy.serviceaccount: web}}"),
        (allowed(B, A), denied(X, A), denied(C, A)),
    ),
    Case(
        39,
        "a CIDR is about what is outside, whatever addresses pods and nodes have",
        "cilium/cilium#9209, #14497, #19601",
        _to("toCIDR: [0.0.0.0/0]"),
        (allowed(A, W), denied(A, B), denied(A, OAK), denied(A, ELM)),
    ),
    Case(40, "not even their own", "cilium/cilium#9998", _to("toCIDR: [10.1.0.2/32]"), (denied(A, B), denied(A, W))),
    Case(
        41,
        "the same of a CIDR that denies",
        _IDENTITY,
        _to("toEntities: [all]", "toCIDR: [10.0.0.0/8]"),
        (allowed(A, B), allowed(A, X), denied(A, "10.9.9.9"), allowed(A, W)),
    ),
    Case(
        42,
        "a wide deny beats a narrow allow",
        "pkg/policy/distillery_test.go Test_EnsureDeniesPrecedeAllows",
        _to("toCIDR: [203.0.113.9/32]", "toCIDR: [203.0.113.0/24]"),
        (denied(A, W), denied(A, "203.0.113.8"), denied(A, "203.0.114.1")),
    ),
    Case(
        43,
        "a narrow deny takes its part out",
        "Test_EnsureDeniesPrecedeAllows",
        _to("toCIDR: [203.0.113.0/24]", "toCIDR: [203.0.113.9/32]"),
        (denied(A, W), allowed(A, "203.0.113.8")),
    ),
    Case(
        44,
        "the entity `world` denies every CIDR",
        "Test_EnsureDeniesPrecedeAllows",
        _to("toCIDR: [203.0.113.9/32]", "toEntities: [world]"),
        (denied(A, W),),
    ),
    Case(
        45,
        "a deny of a port leaves the other ports",
        "Test_EnsureDeniesPrecedeAllows",
        _to("toCIDR: [203.0.113.9/32]", "toEntities: [world], toPorts: [{ports: [{port: '8080'}]}]"),
        (denied(A, W, 8080), denied(A, W, 8080, "UDP"), allowed(A, W, 80), ping(A, W, "A")),
    ),
    Case(
        46,
        "a deny of everything leaves nothing of a port",
        "Test_EnsureDeniesPrecedeAllows",
        _to("toCIDR: [203.0.113.0/24], toPorts: [{ports: [{port: '8080'}]}]", "toCIDR: [203.0.113.9/32]"),
        (denied(A, W, 8080), allowed(A, "203.0.113.8", 8080), denied(A, "203.0.113.8", 80)),
    ),
    Case(
        47,
        "`except` is a hole in its own block alone",
        "pkg/policy/api/cidr.go",
        _to("toCIDRSet: [{cidr: 172.16.0.0/12, except: [172.17.0.0/16]}, {cidr: 172.17.2.0/24}]"),
        (allowed(A, "172.17.2.5"), denied(A, "172.17.3.5"), allowed(A, "172.18.0.1")),
    ),
    Case(
        49,
        "the /0 of the other family meant the world until 1.18",
        "pkg/policy/api/cidr.go of 1.17",
        knp(
            'podSelector: {matchLabels: {app: be}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: "::/0"}}]}]'
        ),
        (allowed(A, W), denied(A, B)),
        version="1.18",
    ),
    Case(
        49,
        "and means nothing since",
        "pkg/labels/cidr.go",
        knp(
            'podSelector: {matchLabels: {app: be}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: "::/0"}}]}]'
        ),
        (denied(A, W), denied(A, B)),
    ),
    Case(
        50,
        "in the mode of nodes /0 means them too until 1.18",
        "cilium/cilium#47827",
        _to("toCIDR: [0.0.0.0/0]"),
        (allowed(A, OAK), allowed(A, ELM), denied(A, B)),
        version="1.18",
        assume=_NODES,
    ),
    Case(
        50,
        "later it does not",
        "cilium/cilium#47827",
        _to("toCIDR: [0.0.0.0/0]"),
        (denied(A, OAK), denied(A, ELM), allowed(A, W)),
        assume=_NODES,
    ),
    Case(
        50,
        "and a narrower block does",
        "Documentation/security/policy/layer3.rst",
        _to("toCIDR: [192.168.20.0/24]"),
        (allowed(A, OAK), allowed(A, ELM), allowed(A, HN), denied(A, B)),
        assume=_NODES,
    ),
    Case(
        51,
        "in the mode of pods of 1.20 blocks mean pods",
        "cilium/cilium#45194",
        _to("toCIDR: [0.0.0.0/0]"),
        (allowed(A, B), allowed(A, W)),
        version="1.20",
        assume=_PODS,
    ),
    Case(
        51,
        "which no version before has, so that its agent does not start",
        "cilium/cilium#45194; pkg/option/config.go validatePolicyCIDRMatchMode",
        _to("toCIDR: [0.0.0.0/0]"),
        assume=_PODS,
        refused=("NPV722",),
    ),
    Case(
        52,
        "where the API server is outside, to deny the world denies it",
        "pkg/policy/api/entity.go",
        _to("toEntities: [kube-apiserver]", "toEntities: [world]"),
        (depends(A, W, {"": "D", f"{_API}=true": "D"}),),
    ),
    Case(
        53,
        "the cluster holds the API server, wherever that is",
        "InitEntities",
        _to("toEntities: [cluster]"),
        (depends(A, W, {"": "D", f"{_API}=true": "A"}), allowed(A, B), allowed(A, ELM), allowed(A, OAK)),
    ),
    Case(
        54,
        "`host` is the pod's own node and no other",
        "InitEntities",
        on_a("ingress: [{fromEntities: [host]}]"),
        (denied(ELM, A), denied(HN, A), allowed(OAK, A)),
    ),
    Case(
        55,
        "`remote-node` is every other node, and what runs on its network",
        "InitEntities",
        on_a("ingress: [{fromEntities: [remote-node]}]"),
        (allowed(ELM, A), allowed(HN, A), allowed(OAK, A), denied(B, A)),
    ),
    Case(
        55,
        "and for egress not the own one",
        "InitEntities",
        _to("toEntities: [remote-node]"),
        (allowed(A, ELM), denied(A, OAK)),
    ),
    Case(
        56,
        "a deny of `host` stops what the node sends to its pods",
        "pkg/policy/mapstate.go determineAllowLocalhostIngress",
        on_a("ingress: [{fromEntities: [all]}], ingressDeny: [{fromEntities: [host]}]"),
        (denied(OAK, A), allowed(ELM, A), allowed(B, A)),
    ),
    Case(
        56,
        "so does a deny of a port for everybody",
        "pkg/policy/mapstate.go determineAllowLocalhostIngress",
        on_a("ingress: [{fromEntities: [all]}], ingressDeny: [{toPorts: [{ports: [{port: '8080'}]}]}]"),
        (denied(OAK, A, 8080), allowed(OAK, A, 80), denied(B, A, 8080)),
    ),
    Case(
        57,
        "the address of a Service is never seen: its backends decide",
        "Documentation/network/kubernetes/policy.rst",
        _to("toCIDR: [10.96.0.7/32]"),
        (denied(A, B, 8080, via="a/front:80"),),
    ),
    Case(
        57,
        "toServices means the pods behind the Service, at their own ports",
        "pkg/policy/k8s/service.go",
        _to(
            "toServices: [{k8sService: {serviceName: front, namespace: a}}], toPorts: [{ports: [{port: '8080', protocol: TCP}]}]"
        ),
        (allowed(A, B, 8080, via="a/front:80"), allowed(A, B, 8080), denied(A, B, 80), denied(A, X, 8080)),
    ),
    Case(
        57,
        "Services are also meant by their own labels",
        "pkg/policy/k8s/service.go",
        _to("toServices: [{k8sServiceSelector: {selector: {matchLabels: {of: front}}, namespace: a}}]"),
        (allowed(A, B, 8080), denied(A, C, 8080)),
    ),
    Case(
        57,
        "until 1.15 only Services without a selector",
        "pkg/policy/k8s/service.go of 1.15",
        _to("toServices: [{k8sService: {serviceName: front, namespace: a}}]"),
        (denied(A, B, 8080),),
        version="1.15",
    ),
    Case(
        58,
        "a policy names the port of the pod, not that of the Service",
        "pkg/k8s/network_policy.go",
        knp(
            "podSelector: {matchLabels: {app: be}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}], ports: [{port: 80}]}]"
        ),
        (denied(A, B, 8080, via="a/front:80"), allowed(A, B, 80)),
    ),
    Case(
        62,
        "the API server does not know `world-ipv4`",
        "client/crds/v2/ciliumnetworkpolicies.yaml of 1.19",
        on_a("ingress: [{fromEntities: [world-ipv4]}]"),
        refused=("NPV539",),
    ),
    Case(
        63,
        "a group of CIDRs that is not there matches nothing, and the rule still closes",
        "pkg/policy/api/cidr.go",
        _to("toCIDRSet: [{cidrGroupRef: gone}]"),
        (denied(A, W), denied(A, B)),
        warned=("NPV544",),
    ),
    Case(
        63,
        "one that is there stands for its blocks, by name or by labels",
        "pkg/policy/api/cidr.go",
        joined(
            _to("toCIDRSet: [{cidrGroupRef: partners}]"),
            cnp(
                "endpointSelector: {matchLabels: {app: fe}}, "
                "egress: [{toCIDRSet: [{cidrGroupSelector: {matchLabels: {of: partners}}, except: [203.0.113.9/32]}]}]",
                "other",
            ),
            group("partners", "203.0.113.0/24, 198.51.100.0/24", "of: partners"),
        ),
        (allowed(A, W), allowed(A, "198.51.100.1"), denied(A, "192.0.2.1"), denied(B, W), allowed(B, "203.0.113.8")),
    ),
)
