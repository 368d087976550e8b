"""Edge cases 32–35: pods and nodes of another cluster that Cluster Mesh connects."""

from __future__ import annotations

from dialects.cilium.edge_case import ELM, A, B, Case, W, X, allowed, ccnp, cnp, denied, depends, knp, on_a
from dialects.edge_cases import joined

_C2 = """
apiVersion: v1
kind: Namespace
metadata: {name: a, labels: {team: green}}
---
apiVersion: v1
kind: Node
metadata: {name: ash}
status: {addresses: [{type: InternalIP, address: 192.168.30.1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: fe, namespace: a, labels: {app: fe}}
spec: {nodeName: ash, serviceAccountName: web, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 10.2.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: bad, namespace: a, labels: {app: bad}}
spec: {nodeName: ash, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 10.2.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: hn, namespace: a, labels: {app: fe}}
spec: {nodeName: ash, hostNetwork: true, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 192.168.30.1}
"""
FE2, BAD2, HN2, ASH = "c2:a/fe", "c2:a/bad", "c2:a/hn", "c2:node ash"
_ON = {"cluster_mesh": "on"}
_DOC = "Documentation/network/clustermesh/policy.rst"
_ENTITY = "pkg/policy/api/entity.go InitEntities"
_FE = "{matchLabels: {app: fe}}"


def _mesh(number: int, fact: str, source: str, policies: str, *queries: object, version: str = "1.19") -> Case:
    return Case(number, fact, source, policies, queries, version=version, assume=_ON, remote=_C2)  # type: ignore[arg-type]


MESH = (
    _mesh(
        32,
        "until 1.18 a selector means the pods of every cluster",
        _DOC,
        knp(f"podSelector: {{matchLabels: {{app: be}}}}, ingress: [{{from: [{{podSelector: {_FE}}}]}}]"),
        allowed(B, A),
        allowed(FE2, A),
        denied(BAD2, A),
        denied(HN2, A),
        version="1.18",
    ),
    _mesh(
        32,
        "since 1.19 those of the own cluster",
        _DOC,
        joined(
            knp(f"podSelector: {{matchLabels: {{app: be}}}}, ingress: [{{from: [{{podSelector: {_FE}}}]}}]"),
            on_a(f"ingress: [{{fromEndpoints: [{_FE}]}}]"),
        ),
        allowed(B, A),
        denied(FE2, A),
    ),
    _mesh(
        32,
        "a requirement of the cluster takes the place of that",
        _DOC,
        on_a(
            "ingress: [{fromEndpoints: [{matchLabels: {app: fe}, "
            "matchExpressions: [{key: io.cilium.k8s.policy.cluster, operator: Exists}]}]}]"
        ),
        allowed(B, A),
        allowed(FE2, A),
        denied(X, A),
        denied(BAD2, A),
        denied(W, A),
    ),
    _mesh(
        32,
        "another cluster is named by the label that its pods have",
        _DOC,
        on_a("ingress: [{fromEndpoints: [{matchLabels: {app: fe, io.cilium.k8s.policy.cluster: c2}}]}]"),
        denied(B, A),
        allowed(FE2, A),
        denied(BAD2, A),
    ),
    _mesh(
        32,
        "what this cluster is called, and one that is not given, is not known",
        _DOC,
        on_a("ingress: [{fromEndpoints: [{matchLabels: {app: fe, io.cilium.k8s.policy.cluster: east}}]}]"),
        depends(B, A, {"": "D", "this cluster is called east=true": "A"}),
        denied(FE2, A),
    ),
    _mesh(
        32,
        "labels of namespaces and service accounts are those over there",
        "pkg/k8s/apis/cilium.io/utils/utils.go",
        on_a(
            "ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.namespace.labels.team: green, "
            "io.cilium.k8s.policy.serviceaccount: web}, "
            "matchExpressions: [{key: io.cilium.k8s.policy.cluster, operator: Exists}]}]}]"
        ),
        allowed(FE2, A),
        denied(BAD2, A),
        denied(B, A),
    ),
    _mesh(
        33,
        "pods of another cluster are not of the entities cluster and world, and are of all",
        _ENTITY,
        joined(
            on_a("ingress: [{fromEntities: [cluster]}]"),
            cnp(
                "endpointSelector: {matchLabels: {app: fe}}, ingress: [{fromEntities: [all]}], ingressDeny: [{fromEntities: [world]}]",
                "fe",
            ),
        ),
        denied(FE2, A),
        allowed(X, A),
        allowed(FE2, B),
        denied(W, B),
    ),
    _mesh(
        33,
        "no CIDR means them, as none means pods of the own cluster",
        "pkg/ipcache/metadata.go resolveLabels",
        on_a("egress: [{toCIDR: [0.0.0.0/0]}], egressDeny: [{toCIDR: [10.2.0.0/16]}]"),
        denied(A, FE2),
        allowed(A, W),
        denied(A, "10.2.9.9"),
        denied(A, ASH),
    ),
    _mesh(
        33,
        "since 1.20 there is an entity for all clusters of the mesh",
        "cilium/cilium#46813",
        on_a("ingress: [{fromEntities: [cluster-mesh]}]"),
        allowed(FE2, A),
        allowed(B, A),
        denied(W, A),
        version="1.20",
    ),
    _mesh(
        34,
        "the nodes of another cluster are remote nodes, and what runs on their network is",
        _ENTITY,
        on_a("ingress: [{fromEntities: [remote-node]}]"),
        allowed(ASH, A),
        allowed(HN2, A),
        allowed(ELM, A),
        denied(FE2, A),
        denied(W, A),
    ),
    _mesh(
        35,
        "a deny too meant every cluster until 1.18",
        _DOC,
        ccnp(
            "endpointSelector: {matchLabels: {app: be}}, ingress: [{fromEntities: [all]}], ingressDeny: [{fromEndpoints: [{matchLabels: {app: bad}}]}]"
        ),
        denied(BAD2, A),
        allowed(FE2, A),
        version="1.18",
    ),
    _mesh(
        35,
        "and since 1.19 lets through what it denied before",
        _DOC,
        ccnp(
            "endpointSelector: {matchLabels: {app: be}}, ingress: [{fromEntities: [all]}], ingressDeny: [{fromEndpoints: [{matchLabels: {app: bad}}]}]"
        ),
        allowed(BAD2, A),
        allowed(FE2, A),
    ),
    Case(
        33,
        "without a mesh they are addresses outside, which is told",
        _DOC,
        on_a("ingress: [{fromEntities: [world]}]"),
        (allowed(FE2, A), allowed(ASH, A), denied(B, A)),
        remote=_C2,
        warned=("NPV591",),
    ),
)
