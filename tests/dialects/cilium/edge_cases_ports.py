"""Edge cases 64–75: ports and ICMP."""

from __future__ import annotations

from dialects.cilium.edge_case import ELM, OAK, A, B, Case, W, X, allowed, cnp, denied, knp, on_a, ping

_OFF_NODES = "node_selector_labels"


def _ports(ports: str) -> str:
    return on_a(f"ingress: [{{toPorts: [{{ports: [{ports}]}}]}}]")


def _icmp(fields: str, section: str = "ingress") -> str:
    return on_a(f"{section}: [{{icmps: [{{fields: [{fields}]}}]}}]")


_SCTP = {"cilium_sctp": "on"}

PORTS = (
    Case(
        64,
        "a port without protocol is one of TCP, UDP and SCTP, and ping is not meant",
        "pkg/policy/api/l4.go",
        _ports('{port: "53"}'),
        (allowed(B, A, 53), allowed(B, A, 53, "UDP"), allowed(B, A, 53, "SCTP"), denied(B, A, 54), ping(B, A, "D")),
        assume=_SCTP,
    ),
    Case(
        65,
        "port 0 is every port of the protocol",
        "pkg/policy/l4.go",
        _ports('{port: "0", protocol: TCP}'),
        (allowed(B, A, 1), allowed(B, A, 65535), denied(B, A, 1, "UDP"), ping(B, A, "D")),
    ),
    Case(
        65,
        "as is an item of a NetworkPolicy without port",
        "pkg/k8s/network_policy.go",
        knp("podSelector: {matchLabels: {app: be}}, ingress: [{ports: [{protocol: UDP}]}]"),
        (allowed(B, A, 9, "UDP"), denied(B, A, 9), allowed(W, A, 9, "UDP"), ping(B, A, "D")),
    ),
    Case(
        66,
        "a leading zero makes the number octal",
        "pkg/policy/l4.go",
        _ports('{port: "010"}'),
        (allowed(B, A, 8), denied(B, A, 10)),
        warned=("NPV525",),
    ),
    Case(
        66,
        "and one that is not octal is no number",
        "pkg/policy/api/l4.go",
        _ports('{port: "0080"}'),
        refused=("NPV522",),
    ),
    Case(66, "0x50 is a name", "pkg/iana/svcname.go", _ports('{port: "0x50"}'), (denied(B, A, 80), denied(B, A, 0x50))),
    Case(
        67,
        "an endPort below the port is not there",
        "pkg/policy/portrange.go",
        _ports('{port: "8080", endPort: 80}'),
        (allowed(B, A, 8080), denied(B, A, 80), denied(B, A, 8081)),
        warned=("NPV524",),
    ),
    Case(
        67,
        "a range holds both ends",
        "pkg/policy/portrange.go",
        _ports('{port: "80", endPort: 90}'),
        (allowed(B, A, 80), allowed(B, A, 90), denied(B, A, 79), denied(B, A, 91)),
    ),
    Case(
        68,
        "1.15 does not know the endPort of a NetworkPolicy",
        "Documentation/network/kubernetes/policy.rst",
        knp("podSelector: {matchLabels: {app: be}}, ingress: [{ports: [{port: 32000, endPort: 32768}]}]"),
        (allowed(B, A, 32000), denied(B, A, 32001)),
        version="1.15",
    ),
    Case(
        68,
        "later versions do",
        "Documentation/network/kubernetes/policy.rst",
        knp("podSelector: {matchLabels: {app: be}}, ingress: [{ports: [{port: 32000, endPort: 32768}]}]"),
        (allowed(B, A, 32000), allowed(B, A, 32768), denied(B, A, 32769)),
    ),
    Case(
        69,
        "a named port of ingress is the number of each pod itself",
        "pkg/policy/l4.go",
        cnp("endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: web, protocol: TCP}]}]}]"),
        (allowed(X, A, 80), denied(X, A, 8080), allowed(X, B, 8080), denied(X, B, 80), denied(X, "a/c", 80)),
    ),
    Case(
        69,
        "for egress a name with two numbers in the cluster is nothing until 1.19",
        "pkg/policy/l4.go ErrDuplicateNamedPorts",
        on_a("egress: [{toPorts: [{ports: [{port: web, protocol: TCP}]}]}]"),
        (denied(A, B, 8080), denied(A, B, 80)),
    ),
    Case(
        69,
        "and one with one number is that number at everybody",
        "pkg/policy/l4.go",
        on_a("egress: [{toPorts: [{ports: [{port: dns, protocol: UDP}]}]}]"),
        (allowed(A, B, 53, "UDP"), allowed(A, W, 53, "UDP"), denied(A, W, 53)),
    ),
    Case(
        69,
        "since 1.20 it is the number of the pod that is reached",
        "Documentation/operations/upgrade.rst",
        on_a("egress: [{toPorts: [{ports: [{port: web, protocol: TCP}]}]}]"),
        (allowed(A, B, 8080), denied(A, B, 80), denied(A, W, 80)),
        version="1.20",
    ),
    Case(
        70,
        "the protocol of a named port must be that of the container",
        "pkg/policy/l4.go",
        on_a("ingress: [{toPorts: [{ports: [{port: dns, protocol: TCP}]}]}]"),
        (denied(B, A, 53), denied(B, A, 53, "UDP")),
    ),
    Case(
        70,
        "of ingress it is looked up at the subject, whoever sends",
        "pkg/policy/distillery_test.go named_port_world_subnet",
        on_a("ingress: [{fromEntities: [world], toPorts: [{ports: [{port: web}]}]}]"),
        (allowed(W, A, 80), denied(W, A, 8080), denied(B, A, 80)),
    ),
    Case(
        71,
        "to allow type 0 of IPv4 is to allow every type",
        "cilium/cilium#41304",
        _icmp("{type: 0}"),
        (ping(B, A, "A"), ping(B, A, "A", 13), denied(B, A, 80)),
    ),
    Case(
        71,
        "to deny it is to deny every type",
        "cilium/cilium#41304",
        on_a("ingress: [{fromEntities: [all]}], ingressDeny: [{icmps: [{fields: [{type: EchoReply}]}]}]"),
        (ping(B, A, "D"), ping(B, A, "D", 13), allowed(B, A, 80), ping(OAK, A, "D")),
    ),
    Case(
        72,
        "to allow a request at its sender suffices where nobody closes the other end",
        "Documentation/security/policy/layer4.rst",
        on_a("egress: [{icmps: [{fields: [{type: 8}]}]}]"),
        (ping(A, B, "A"), ping(A, B, "D", 13), denied(A, B, 80)),
    ),
    Case(
        72,
        "types have names, and IPv6 has its own",
        "pkg/policy/api/icmp.go",
        _icmp("{type: EchoRequest}, {type: EchoRequest, family: IPv6}"),
        (ping(B, A, "A"), ping(B, A, "D", 128)),
    ),
    Case(
        73,
        "that a packet is too large may be told always",
        "bpf/lib/policy.h; allow-icmp-frag-needed",
        on_a("ingress: [{toPorts: [{ports: [{port: '80'}]}]}]"),
        (ping(W, A, "A", 3, 4), ping(W, A, "D", 3, 3), ping(ELM, A, "A", 3, 4)),
    ),
    Case(
        74,
        "icmps and toPorts in one element are invalid",
        "pkg/policy/api/rule_validation.go",
        on_a('ingress: [{icmps: [{fields: [{type: 8}]}], toPorts: [{ports: [{port: "80"}]}]}]'),
        refused=("NPV515",),
    ),
    Case(
        75,
        "SCTP does not pass unless the agent is told to know it",
        "Documentation/configuration/sctp.rst",
        _ports('{port: "9999", protocol: SCTP}'),
        (denied(B, A, 9999, "SCTP"), denied(X, B, 9999, "SCTP")),
    ),
    Case(
        75,
        "then its ports are like any others",
        "Documentation/configuration/sctp.rst",
        _ports('{port: "9999", protocol: SCTP}'),
        (allowed(B, A, 9999, "SCTP"), denied(B, A, 9998, "SCTP"), allowed(X, B, 9999, "SCTP")),
        assume=_SCTP,
    ),
)
