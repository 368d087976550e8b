"""Edge case 80 and its like: rules that Cilium cannot join, or of which one alone judges a request."""

from __future__ import annotations

from dialects.cilium.edge_case import DNS, OAK, A, B, Case, W, X, Y, allowed, ccnp, denied, depends, on_a
from dialects.edge_cases import joined

_B = "fromEndpoints: [{matchLabels: {app: fe}}]"
_80 = "ports: [{port: '80', protocol: TCP}]"
_HTTP = f"toPorts: [{{{_80}, rules: {{http: [{{method: GET}}]}}}}]"
_OTHER = f"toPorts: [{{{_80}, rules: {{l7proto: other}}}}]"
_OWN = f"toPorts: [{{{_80}, rules: {{l7proto: own}}}}]"
_BEFORE = "what Cilium enforced before lets the connection through"
_ONE = "of two rules for overlapping ports the stricter one judges the request"
_ALLOWED = "the request is one that the parser other lets through by []"
_PARSED = "the request is one that the parser own lets through by []"
_OPEN = {"": "D", f"{_BEFORE}=true": "A"}
_RULES = "pkg/policy/rule.go mergePortProto"

JOINED = (
    Case(
        80,
        "two parsers for the same peers and port cannot be joined: what was enforced before stays",
        _RULES,
        joined(on_a(f"ingress: [{{{_B}, {_HTTP}}}]", "one"), on_a(f"ingress: [{{{_B}, {_OTHER}}}]", "two")),
        (depends(B, A, _OPEN), depends(X, A, _OPEN), depends(W, A, _OPEN, 443), depends(A, W, _OPEN), allowed(A, A)),
        warned=("NPV548",),
    ),
    Case(
        80,
        "nobody else is touched by it",
        _RULES,
        joined(
            on_a(f"ingress: [{{{_B}, {_HTTP}}}]", "one"),
            on_a(f"ingress: [{{{_B}, {_OTHER}}}]", "two"),
            ccnp("endpointSelector: {matchLabels: {app: fe}}, ingress: [{}]"),
        ),
        (denied(Y, B), denied(W, X), allowed(W, Y), allowed(X, DNS, 53, "UDP")),
        warned=("NPV548",),
    ),
    Case(
        80,
        "two items of one element are no better",
        _RULES,
        on_a(f"ingress: [{{{_B}, toPorts: [{_HTTP[10:-1]}, {_OTHER[10:-1]}]}}]"),
        (depends(B, A, _OPEN),),
        warned=("NPV548",),
    ),
    Case(
        80,
        "other policies of the endpoint say nothing of it either, also those that deny",
        _RULES,
        joined(
            on_a(f"ingress: [{{{_B}, {_HTTP}}}]", "one"),
            on_a(f"ingress: [{{{_B}, {_OTHER}}}]", "two"),
            on_a("ingressDeny: [{fromEntities: [world]}]", "three"),
        ),
        (depends(W, A, _OPEN),),
        warned=("NPV548",),
    ),
    Case(
        80,
        "until 1.18 it is the port alone that counts",
        f"{_RULES} of 1.18",
        joined(
            on_a(f"ingress: [{{{_B}, {_HTTP}}}]", "one"),
            on_a(f"ingress: [{{fromEntities: [world], {_OTHER}}}]", "two"),
        ),
        (depends(B, A, _OPEN), depends(X, A, _OPEN)),
        version="1.18",
        warned=("NPV548",),
    ),
    Case(
        80,
        "since 1.19 other peers may have another parser",
        _RULES,
        joined(
            on_a(f"ingress: [{{{_B}, {_OWN}}}]", "one"),
            on_a(f"ingress: [{{fromEntities: [world], {_OTHER}}}]", "two"),
        ),
        (
            denied(X, A),
            denied(B, A, 81),
            depends(B, A, {"": "D", f"{_PARSED}=true": "A", f"{_ALLOWED}=true": "D"}),
            depends(W, A, {"": "D", f"{_PARSED}=true": "D", f"{_ALLOWED}=true": "A"}),
        ),
    ),
    Case(
        80,
        "of overlapping peers with two parsers one alone judges the request, nobody says which",
        _RULES,
        joined(
            on_a(f"ingress: [{{{_B}, {_OWN}}}]", "one"),
            on_a(f"ingress: [{{fromEntities: [all], {_OTHER}}}]", "two"),
        ),
        (
            depends(
                B,
                A,
                {
                    "": "D",
                    f"{_ALLOWED}=true": "A",
                    f"{_ALLOWED}=true & {_ONE}=true": "D",
                    f"{_ALLOWED}=true & {_PARSED}=true & {_ONE}=true": "A",
                },
            ),
            depends(W, A, {"": "D", f"{_ALLOWED}=true & {_ONE}=true": "A"}),
        ),
    ),
    Case(
        80,
        "the same of a range of ports and one in it",
        "pkg/policy/mapstate.go Lookup, entries of their own",
        joined(
            on_a(
                f"ingress: [{{{_B}, toPorts: [{{ports: [{{port: '80', endPort: 90, protocol: TCP}}], rules: {{l7proto: own}}}}]}}]",
                "one",
            ),
            on_a(f"ingress: [{{{_B}, toPorts: [{{ports: [{{port: '85', protocol: TCP}}]}}]}}]", "two"),
        ),
        (
            depends(B, A, {"": "A", f"{_ONE}=true": "D", f"{_ONE}=true & {_PARSED}=true": "A"}, 85),
            depends(B, A, {"": "D", f"{_PARSED}=true": "A"}, 86),
            denied(X, A, 85),
        ),
    ),
    Case(
        80,
        "of one port a rule without parser opens what one with it asks",
        "pkg/policy/l4_filter_test.go cases 2A, 2B",
        joined(on_a(f"ingress: [{{{_B}, {_OWN}}}]", "one"), on_a(f"ingress: [{{{_B}, toPorts: [{{{_80}}}]}}]", "two")),
        (allowed(B, A), denied(X, A), allowed(OAK, A)),
    ),
    Case(
        80,
        "two modes of authentication of the same peers cannot be joined",
        _RULES,
        joined(
            on_a(f"ingress: [{{{_B}, authentication: {{mode: required}}}}]", "one"),
            on_a(f"ingress: [{{{_B}, authentication: {{mode: disabled}}}}]", "two"),
        ),
        (depends(B, A, _OPEN), depends(W, A, _OPEN)),
        warned=("NPV548",),
    ),
    Case(
        80,
        "nor server names and requests",
        _RULES,
        joined(
            on_a(f"egress: [{{toEntities: [world], toPorts: [{{{_80}, serverNames: [a.example]}}]}}]", "one"),
            on_a(f"egress: [{{toEntities: [world], toPorts: [{{{_80}, rules: {{http: [{{}}]}}}}]}}]", "two"),
        ),
        (depends(A, W, _OPEN), depends(B, A, _OPEN)),
        warned=("NPV548",),
    ),
    Case(
        80,
        "a node too has one mode of authentication, and what one rule asks binds it",
        "pkg/policy/rule.go, Documentation/security/host.rst",
        ccnp("nodeSelector: {}, ingress: [{fromEntities: [cluster], authentication: {mode: required}}]"),
        (depends(A, "node elm", {"": "D", "authentication `required` lets the connection through=true": "A"}, 22),),
        assume={"host_firewall": "on"},
    ),
    Case(
        104,
        "audit mode changes what is dropped, and not what the policies say (how it is told: test_cilium_audit.py)",
        "bpf/lib/policy.h POLICY_AUDIT_MODE",
        on_a("ingress: [{fromCIDR: [203.0.113.0/24]}], ingressDeny: [{fromCIDR: [203.0.113.9/32]}]"),
        (denied(W, A), denied(X, A), allowed("203.0.113.10", A)),
        assume={"audit_mode": "on"},
    ),
)
