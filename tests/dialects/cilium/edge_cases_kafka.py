"""Rules about requests of Kafka beside others, and what they do to connections."""

from __future__ import annotations

from dialects.cilium.edge_case import OAK, A, B, Case, X, allowed, denied, depends, on_a
from dialects.edge_cases import joined

_B = "fromEndpoints: [{matchLabels: {app: fe}}]"
_ONE = "of two rules for overlapping ports the stricter one judges the request"


def _topics(*entries: str, ports: str = "port: '80'") -> str:
    """A list of ports with entries of `kafka`."""
    asked = ", ".join(f"{{{entry}}}" for entry in entries)
    return f"toPorts: [{{ports: [{{{ports}, protocol: TCP}}], rules: {{kafka: [{asked}]}}}}]"


_ORDERS = _topics("role: produce, topic: orders")
_PRODUCE, _OTHER = {"kafka": "produce orders"}, {"kafka": "produce events"}

KAFKA = (
    Case(
        80,
        "a rule about Kafka opens the connection, and of the requests those that it names",
        "proxylib/kafka/parser.go OnData of cilium/proxy",
        on_a(f"ingress: [{{{_B}, {_ORDERS}}}]"),
        (
            allowed(B, A),
            allowed(B, A, **_PRODUCE),
            denied(B, A, **_OTHER),
            denied(B, A, kafka="deletetopics"),
            denied(X, A, **_PRODUCE),
            denied(B, A, 81, **_PRODUCE),
        ),
        version="1.19",
    ),
    Case(
        80,
        "what a node sends to its own pods nobody asks",
        "pkg/policy/mapstate.go determineAllowLocalhostIngress",
        on_a(f"ingress: [{{fromEntities: [host], {_ORDERS}}}]"),
        (allowed(OAK, A, **_OTHER), denied(B, A, **_PRODUCE)),
        version="1.19",
    ),
    Case(
        80,
        "a rule for the same port without requests opens all of them",
        "proxylib/proxylib/policymap.go of cilium/proxy, PortNetworkPolicyRules.Matches",
        joined(
            on_a(f"ingress: [{{{_B}, {_ORDERS}}}]", "one"),
            on_a(f"ingress: [{{{_B}, toPorts: [{{ports: [{{port: '80', protocol: TCP}}]}}]}}]", "two"),
        ),
        (allowed(B, A, **_OTHER),),
        version="1.19",
    ),
    Case(
        80,
        "so does an element without ports, which is the wildcard of the proxy",
        "proxylib/proxylib/policymap.go of cilium/proxy, PortNetworkPolicies.Matches",
        joined(on_a(f"ingress: [{{{_B}, {_ORDERS}}}]", "one"), on_a(f"ingress: [{{{_B}}}]", "two")),
        (allowed(B, A, **_OTHER),),
        version="1.19",
    ),
    Case(
        80,
        "an entry that asks for nothing lets every request through",
        "pkg/policy/api/kafka/kafka.go PortRule",
        on_a(f"ingress: [{{{_B}, {_topics('topic: orders', '')}}}]"),
        (allowed(B, A, **_OTHER), allowed(B, A, kafka="deletetopics")),
        version="1.19",
    ),
    Case(
        80,
        "what denies stops every request, and the connection",
        "pkg/policy/mapstate.go",
        joined(
            on_a(f"ingress: [{{{_B}, {_ORDERS}}}]", "one"),
            on_a(f"ingressDeny: [{{{_B}, toPorts: [{{ports: [{{port: '80'}}]}}]}}]", "two"),
        ),
        (denied(B, A), denied(B, A, **_PRODUCE)),
        version="1.19",
    ),
    Case(
        80,
        "of a range of ports and one in it nobody says which judges the request",
        "pkg/policy/mapstate.go Lookup, entries of their own",
        joined(
            on_a(f"ingress: [{{{_B}, {_topics('topic: orders')}}}]", "one"),
            on_a(f"ingress: [{{{_B}, toPorts: [{{ports: [{{port: '79', endPort: 90, protocol: TCP}}]}}]}}]", "two"),
        ),
        (
            depends(B, A, {"": "A", f"{_ONE}=true": "D"}, **_OTHER),
            allowed(B, A, **_PRODUCE),
            allowed(B, A),
            allowed(B, A, 81, **_OTHER),
        ),
        version="1.19",
    ),
    Case(
        80,
        "Cilium 1.20 knows no rules about Kafka",
        "Documentation/operations/upgrade.rst of 1.20",
        on_a(f"ingress: [{{{_B}, {_ORDERS}}}]"),
        refused=("NPV527",),
        version="1.20",
    ),
)
