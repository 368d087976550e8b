"""Edge cases 91 and 96: names of domains, what patterns mean, and names that DNS may be asked for."""

from __future__ import annotations

from dialects.cilium.edge_case import DNS, A, Case, W, allowed, cnp, denied, depends, on_a
from dialects.edge_cases import joined

_DNS = "{toEntities: [cluster], toPorts: [{ports: [{port: '53', protocol: UDP}], rules: {dns: [{matchPattern: '*'}]}}]}"
_OTHERS = (
    "endpointSelector: {matchLabels: {app: nobody}}, egress: [{toFQDNs: "
    "[{matchName: a.example}, {matchName: x.a.example}, {matchName: x.y.a.example}, {matchName: xa.example}]}]"
)
_CLUSTER_WIDE = """
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {{name: names}}
spec:
  tier: Admin
  priority: 1
  subject: {{namespaces: {{matchLabels: {{team: nobody}}}}}}
  egress: [{{action: Accept, to: [{{domainNames: [{name}]}}]}}]
"""
_PROXY = "pkg/fqdn/dnsproxy/proxy.go GetSelectorRegexMap"


def _to_dns(entry: str) -> str:
    """An egress element for the DNS server with one entry of `dns`."""
    key, _, text = entry.partition(": ")
    shown = f"{key}: '{text}'" if key else ""
    return f"{{{_KUBE_DNS}, toPorts: [{{ports: [{{port: '53'}}], rules: {{dns: [{{{shown}}}]}}}}]}}"


_KUBE_DNS = "toEndpoints: [{matchLabels: {k8s-app: kube-dns, io.kubernetes.pod.namespace: z}}]"


def _resolves(name: str) -> str:
    return f"{name} resolves to the address of the destination=true"


def _pattern(pattern: str) -> str:
    return joined(
        on_a(
            f"egress: [{{toFQDNs: [{{matchPattern: '{pattern}'}}], toPorts: [{{ports: [{{port: '443'}}]}}]}}, {_DNS}]"
        ),
        cnp(_OTHERS, "others"),
    )


_SOURCE = "pkg/fqdn/matchpattern"

NAMES = (
    Case(
        91,
        "a star stands for one label",
        _SOURCE,
        _pattern("*.a.example"),
        (
            depends(
                A,
                W,
                {
                    "": "D",
                    _resolves("x.a.example"): "A",
                    _resolves("a.example"): "D",
                    _resolves("x.y.a.example"): "D",
                    _resolves("*.a.example"): "A",
                },
                443,
            ),
        ),
    ),
    Case(
        91,
        "it may stand for nothing, and never for a dot",
        _SOURCE,
        _pattern("*a.example"),
        (
            depends(
                A,
                W,
                {_resolves("a.example"): "A", _resolves("xa.example"): "A", _resolves("x.a.example"): "D"},
                443,
            ),
        ),
    ),
    Case(
        91,
        "two stars and a dot in front stand for one label or more since 1.19",
        _SOURCE,
        _pattern("**.a.example"),
        (
            depends(
                A,
                W,
                {_resolves("x.y.a.example"): "A", _resolves("x.a.example"): "A", _resolves("a.example"): "D"},
                443,
            ),
        ),
    ),
    Case(
        91,
        "before they were two stars of one label",
        f"{_SOURCE} of 1.18",
        _pattern("**.a.example"),
        (
            depends(
                A,
                W,
                {_resolves("x.y.a.example"): "D", _resolves("x.a.example"): "A", _resolves("a.example"): "D"},
                443,
            ),
        ),
        version="1.18",
    ),
    Case(
        91,
        "a star alone is every name",
        _SOURCE,
        _pattern("*"),
        (depends(A, W, {"": "D", _resolves("x.y.a.example"): "A", _resolves("a.example"): "A"}, 443),),
    ),
    Case(
        89,
        "a name that no rule lets a pod ask for is never known",
        "Documentation/security/dns.rst",
        on_a(
            "egress: [{toFQDNs: [{matchName: a.example}]}, "
            + _DNS.replace("matchPattern: '*'", "matchName: b.example")
            + "]"
        ),
        (denied(A, W, 443), allowed(A, DNS, 53, "UDP")),
        warned=("NPV549",),
    ),
    Case(
        91,
        "of a pattern the names alone are known that rules about DNS let through, whether a selector names them or not",
        f"{_SOURCE}, Documentation/security/dns.rst",
        joined(
            on_a(
                "egress: [{toFQDNs: [{matchPattern: '*.a.example'}]}, "
                + _DNS.replace("matchPattern: '*'", "matchName: x.a.example")
                + "]"
            ),
            cnp(_OTHERS, "others"),
        ),
        (depends(A, W, {_resolves("x.a.example"): "A", _resolves("a.example"): "D"}, 443),),
        warned=("NPV549",),
    ),
    Case(
        91,
        "a pattern that means none of the names that pods may ask for allows nothing",
        f"{_SOURCE}, Documentation/security/dns.rst",
        on_a(
            "egress: [{toFQDNs: [{matchPattern: '*.a.example'}]}, "
            + _DNS.replace("matchPattern: '*'", "matchName: b.example")
            + "]"
        ),
        (denied(A, W, 443),),
        warned=("NPV549",),
    ),
    Case(
        91,
        "names of ClusterNetworkPolicies bring a rule about DNS with them",
        "pkg/k8s/cluster_network_policy.go",
        joined(on_a("egress: [{toFQDNs: [{matchName: a.example}]}]"), _CLUSTER_WIDE.format(name="a.example")),
        (depends(A, W, {"": "D", _resolves("a.example"): "A"}, 443),),
        version="1.20",
        assume={"cluster_policies": "on"},
    ),
    Case(
        91,
        "how far patterns of theirs reach is not known, so that every name may be asked for",
        "pkg/k8s/cluster_network_policy.go",
        joined(on_a("egress: [{toFQDNs: [{matchName: a.example}]}]"), _CLUSTER_WIDE.format(name="'*.b.example'")),
        (depends(A, W, {"": "D", _resolves("a.example"): "A"}, 443),),
        version="1.20",
        assume={"cluster_policies": "on"},
    ),
    Case(
        91,
        "which other names do not",
        "pkg/k8s/cluster_network_policy.go",
        joined(on_a("egress: [{toFQDNs: [{matchName: a.example}]}]"), _CLUSTER_WIDE.format(name="b.example")),
        (denied(A, W, 443),),
        version="1.20",
        assume={"cluster_policies": "on"},
        warned=("NPV549",),
    ),
    Case(
        91,
        "a pattern has addresses where a rule about DNS has one that means a name of it",
        f"{_SOURCE}, Documentation/security/dns.rst",
        on_a("egress: [{toFQDNs: [{matchPattern: '*.a.example'}]}, " + _DNS.replace("'*'", "'b.a.*'") + "]"),
        (depends(A, W, {"": "D", _resolves("*.a.example"): "A"}, 443),),
    ),
    Case(
        91,
        "and none where the two mean no name both",
        f"{_SOURCE}, Documentation/security/dns.rst",
        on_a("egress: [{toFQDNs: [{matchPattern: '*.a.example'}]}, " + _DNS.replace("'*'", "'b.*'") + "]"),
        (denied(A, W, 443),),
        warned=("NPV549",),
    ),
    Case(
        96,
        "an element for the DNS server without names lets the same connections through",
        "pkg/policy/l4_filter_test.go; what the proxy says of other names is not known",
        on_a(
            f"egress: [{{{_KUBE_DNS}, toPorts: [{{ports: [{{port: '53'}}], rules: {{dns: [{{matchName: a.example}}]}}}}]}}, "
            f"{{{_KUBE_DNS}}}]"
        ),
        (allowed(A, DNS, 53, "UDP"), allowed(A, DNS, 53), allowed(A, DNS, 80), denied(A, W, 53, "UDP")),
    ),
    Case(
        96,
        "a query is refused for a name that no rule of its server lets through, whatever case it is written in",
        _PROXY,
        on_a(f"egress: [{_to_dns('matchName: A.Example.')}]"),
        (
            allowed(A, DNS, 53, "UDP", dns="a.example"),
            denied(A, DNS, 53, "UDP", dns="b.example"),
            denied(A, DNS, 53, "TCP", dns="x.a.example"),
            allowed(A, DNS, 53, "UDP"),
            denied(A, W, 53, "UDP", dns="a.example"),
        ),
    ),
    Case(
        91,
        "a pattern of a query stands for one label, and with two stars in front for several",
        "pkg/fqdn/matchpattern",
        on_a(f"egress: [{_to_dns('matchPattern: **.a.example')}, {_to_dns('matchPattern: www*.b.example')}]"),
        (
            allowed(A, DNS, 53, "UDP", dns="x.y.a.example"),
            denied(A, DNS, 53, "UDP", dns="a.example"),
            allowed(A, DNS, 53, "UDP", dns="www2.b.example"),
            denied(A, DNS, 53, "UDP", dns="www.x.b.example"),
        ),
    ),
    Case(
        91,
        "until 1.18 two stars are one",
        "pkg/fqdn/matchpattern",
        on_a(f"egress: [{_to_dns('matchPattern: **.a.example')}]"),
        (denied(A, DNS, 53, "UDP", dns="x.y.a.example"), allowed(A, DNS, 53, "UDP", dns="y.a.example")),
        version="1.18",
    ),
    Case(
        91,
        "a star alone lets a query for every name through",
        "pkg/fqdn/matchpattern",
        on_a(f"egress: [{_to_dns('matchPattern: *')}]"),
        (allowed(A, DNS, 53, "UDP", dns="x.y.a.example"),),
    ),
    Case(
        96,
        "names of several rules add up, and one without names for the same port opens all",
        _PROXY,
        on_a(
            f"egress: [{_to_dns('matchName: a.example')}, {_to_dns('matchName: b.example')}, "
            "{toEntities: [cluster], toPorts: [{ports: [{port: '53', protocol: TCP}]}]}]"
        ),
        (
            allowed(A, DNS, 53, "UDP", dns="b.example"),
            denied(A, DNS, 53, "UDP", dns="c.example"),
            allowed(A, DNS, 53, "TCP", dns="c.example"),
        ),
    ),
    Case(
        96,
        "beside an element for the server without ports it is nowhere said what the proxy answers for other names",
        _PROXY,
        on_a(f"egress: [{_to_dns('matchName: a.example')}, {{{_KUBE_DNS}}}]"),
        (
            depends(
                A,
                DNS,
                {"": "A", "of two rules for overlapping ports the stricter one judges the request=true": "D"},
                53,
                "UDP",
                dns="b.example",
            ),
            allowed(A, DNS, 53, "UDP", dns="a.example"),
            allowed(A, DNS, 53, "UDP"),
        ),
    ),
    Case(
        96,
        "what a rule without any name lets through is nowhere said",
        _PROXY,
        on_a(f"egress: [{_to_dns('')}]"),
        (
            depends(
                A,
                DNS,
                {"": "D", "a `dns` rule without names lets the query through=true": "A"},
                53,
                "UDP",
                dns="b.example",
            ),
            allowed(A, DNS, 53, "UDP"),
        ),
    ),
    Case(
        48,
        "an exception may be wider than its block, of which nothing is left then",
        "pkg/policy/api/rule_validation.go CIDRRule.sanitize",
        on_a("egress: [{toCIDRSet: [{cidr: 203.0.0.0/16, except: [203.0.0.0/8]}]}]"),
        (denied(A, W, 443), denied(A, "203.0.1.1", 443), denied(A, "198.51.100.1", 443)),
        warned=("NPV542",),
    ),
    Case(
        48,
        "its address, as it is written, must lie in the block",
        "pkg/policy/api/rule_validation.go CIDRRule.sanitize",
        on_a("egress: [{toCIDRSet: [{cidr: 203.1.0.0/16, except: [203.0.0.0/8]}]}]"),
        refused=("NPV541",),
    ),
    Case(
        17,
        "whether a Service without a selector has endpoints is not known unless an EndpointSlice tells",
        "pkg/policy/k8s/service.go processRule",
        joined(
            on_a(
                "egress: [{toServices: [{k8sService: {serviceName: ext, namespace: a}}], toPorts: [{ports: [{port: '443'}]}]}]"
            ),
            "apiVersion: v1\nkind: Service\nmetadata: {name: ext, namespace: a}\nspec: {ports: [{port: 443}]}\n",
        ),
        (
            depends(
                A,
                W,
                {
                    "": "D",
                    "the Service a/ext has no endpoints=true": "A",
                    "an endpoint of the Service a/ext has the address of the destination=true": "A",
                },
                443,
            ),
            denied(A, W, 80),
        ),
    ),
)
