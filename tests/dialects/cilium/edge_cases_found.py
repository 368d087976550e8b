"""Edge cases behind the table: what a reading of the sources found beside the 108."""

from __future__ import annotations

from dialects.calico.edge_case import Query
from dialects.cilium.edge_case import (
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
    denied,
    depends,
    group,
    knp,
    on_a,
    ping,
)
from dialects.edge_cases import joined

_FIREWALL = {"host_firewall": "on"}
_MERGE = "pkg/policy/rule.go mergeIngress: the length of `icmps`, not of its fields"
_FILTER = "pkg/labelsfilter/filter.go"
_NATIVE = "pkg/k8s/network_policy.go"
_BLUE = "namespaceSelector: {matchLabels: {team: blue}}"
_ONE_FAMILY = "the agent knows one address family alone"
_LABELS = "pkg/labels/cidr.go AddWorldLabel"
_AUTH = "authentication `required` lets the connection through"
_V6 = "2001:db8::9"

_BY_HASH = """
apiVersion: v1
kind: Service
metadata: {name: one, namespace: a}
spec: {selector: {pod-template-hash: h2}, clusterIP: 10.96.0.8, ports: [{port: 80}]}
"""
_LABELLED = """
apiVersion: v1
kind: Pod
metadata: {name: k, namespace: a, labels: {k8s-iox: v}}
spec: {nodeName: elm, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 10.1.0.9}
"""
_IPV6_POD = """
apiVersion: v1
kind: Pod
metadata: {name: six, namespace: a, labels: {app: six}}
spec: {nodeName: elm, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 10.1.0.6, podIPs: [{ip: 10.1.0.6}, {ip: "fd00::6"}]}
"""


def _native(peer: str) -> str:
    return knp(f"podSelector: {{matchLabels: {{app: be}}}}, ingress: [{{from: [{{{peer}}}]}}]")


def _from_world(name: str) -> str:
    return on_a(f'ingress: [{{fromEndpoints: [{{matchLabels: {{"reserved:{name}": ""}}}}]}}]')


FOUND = (
    *(
        Case(
            22,
            "a namespaceSelector of a NetworkPolicy means other namespaces, in every version",
            f"{_NATIVE} parseNetworkPolicyPeer",
            _native(_BLUE),
            (allowed(X, A), allowed(Y, A), denied(B, A), denied(W, A)),
            version=version,
        )
        for version in ("1.15", "1.16", "1.20")
    ),
    Case(
        23,
        "what matchLabels of a podSelector alone say of namespaces is overwritten",
        f"{_NATIVE} parsePodSelector",
        _native("podSelector: {matchLabels: {app: fe, io.kubernetes.pod.namespace: x}}"),
        (allowed(B, A), denied(X, A)),
    ),
    Case(
        24,
        "what its matchExpressions say is not",
        f"{_NATIVE} parsePodSelector",
        _native("podSelector: {matchExpressions: [{key: io.kubernetes.pod.namespace, operator: In, values: [x]}]}"),
        (denied(B, A), denied(X, A)),
    ),
    Case(
        23,
        "the same of whom a NetworkPolicy selects",
        f"{_NATIVE} ParseNetworkPolicy",
        knp("podSelector: {matchLabels: {app: be, io.kubernetes.pod.namespace: x}}, ingress: []"),
        (denied(B, A), denied(X, A), allowed(A, X)),
    ),
    Case(
        23,
        "beside a namespaceSelector it is a label like others",
        f"{_NATIVE} parseNetworkPolicyPeer",
        _native("namespaceSelector: {}, podSelector: {matchLabels: {io.kubernetes.pod.namespace: x}}"),
        (allowed(X, A), denied(B, A)),
    ),
    *(
        Case(
            75,
            f"messages without a field are none, and do not make the element one about everything: {text}",
            _MERGE,
            on_a(f"ingress: [{{fromEndpoints: [{{}}], icmps: {text}}}]"),
            (denied(B, A), ping(B, A, "D"), denied(W, A)),
        )
        for text in ("[{}]", "[{fields: []}]")
    ),
    Case(
        75,
        "no item at all is no `icmps`",
        _MERGE,
        on_a("ingress: [{fromEndpoints: [{}], icmps: []}]"),
        (allowed(B, A), ping(B, A, "A"), denied(W, A)),
    ),
    Case(
        71,
        "to allow type 0 of IPv6 is to allow every type of IPv6, and none of IPv4",
        "cilium/cilium#41304: port 0 of the map, of each protocol",
        joined(
            _IPV6_POD, on_a("egress: [{icmps: [{fields: [{family: IPv6, type: 0}]}]}]").replace("app: be", "app: six")
        ),
        (
            Query("a/six", _V6, None, "A", "ICMP", icmp=(128, 0)),
            Query("a/six", W, None, "D", "ICMP", icmp=(8, 0)),
        ),
    ),
    Case(
        30,
        "a Service selects by labels that identities leave out, so that toServices means nobody",
        f"pkg/policy/k8s/service.go, {_FILTER}",
        joined(_BY_HASH, on_a("egress: [{toServices: [{k8sService: {serviceName: one, namespace: a}}]}]")),
        (denied(A, B), denied(A, C), denied(A, W)),
    ),
    Case(
        30,
        "the dots of what identities leave out are dots",
        f"{_FILTER} defaultLabelPrefixCfg",
        joined(_LABELLED, on_a("ingress: [{fromEndpoints: [{matchLabels: {k8s-iox: v}}]}]")),
        (allowed("a/k", A), denied(B, A)),
    ),
    Case(
        10,
        "enable-policy=always closes nodes too, where the host firewall runs",
        "pkg/policy/repository.go computePolicyEnforcementAndRules",
        "",
        (denied(W, OAK, 22), denied(OAK, W), denied(HN, W)),
        assume={"enable_policy": "always", **_FIREWALL},
    ),
    Case(
        10,
        "and not where it does not",
        "pkg/policy/repository.go computePolicyEnforcementAndRules",
        "",
        (allowed(W, OAK, 22), allowed(OAK, W)),
        assume={"enable_policy": "always"},
    ),
    Case(
        95,
        "authentication binds what reaches a node too",
        "pkg/policy/distillery_test.go Test_MergeL3",
        ccnp("nodeSelector: {}, ingress: [{fromEntities: [all], authentication: {mode: required}}]"),
        (depends(W, OAK, {"": "D", f"{_AUTH}=true": "A"}, 22),),
        assume=_FIREWALL,
    ),
    Case(
        51,
        "in the mode of pods alone blocks do not mean nodes",
        "cilium/cilium#48046: `nodes` is a value of its own",
        on_a("egress: [{toCIDR: [192.168.20.0/24, 10.1.0.0/16]}]"),
        (denied(A, ELM), denied(A, HN), allowed(A, B)),
        version="1.20",
        assume={"cidr_match_mode": "pods"},
    ),
    Case(
        49,
        "nor did it in 1.15, which looked at the family",
        "pkg/policy/api/cidr.go of 1.15",
        knp(
            'podSelector: {matchLabels: {app: be}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: "::/0"}}]}]'
        ),
        (denied(A, W),),
        version="1.15",
    ),
    Case(
        27,
        "with one address family the outside has the label `world`, and not that of a family",
        _LABELS,
        joined(_from_world("world"), _from_world("world-ipv4").replace("app: be", "app: fe").replace("rules", "more")),
        (allowed(W, A), denied(B, A), denied(W, B)),
    ),
    Case(
        27,
        "with both it has that of the family, which is not `world`",
        _LABELS,
        joined(
            _IPV6_POD,
            _from_world("world"),
            _from_world("world-ipv4").replace("app: be", "app: fe").replace("rules", "more"),
        ),
        (
            depends(W, A, {"": "D", f"{_ONE_FAMILY}=true": "A"}),
            depends(W, B, {"": "A", f"{_ONE_FAMILY}=true": "D"}),
            denied(OAK, B),
        ),
    ),
    Case(
        27,
        "and the entity is both",
        "pkg/policy/api/entity.go EntitySelectorMapping",
        joined(_IPV6_POD, on_a("ingress: [{fromEntities: [world]}]")),
        (allowed(W, A), denied(ELM, A), denied(B, A)),
    ),
    *(
        Case(
            14,
            f"no item of a list is null: {text}",
            "apiextensions: structural schemas, items that are not nullable",
            on_a(text),
            refused=("NPV207",),
        )
        for text in ("ingress: [null]", "ingress: [{fromEndpoints: [null]}]", "egress: [{toPorts: [null]}]")
    ),
    Case(
        17,
        "toServices beside ports was refused in 1.15",
        "pkg/policy/api/rule_validation.go of 1.15, cilium/cilium#20067",
        on_a(
            "egress: [{toServices: [{k8sService: {serviceName: front, namespace: a}}], toPorts: [{ports: [{port: '80'}]}]}]"
        ),
        version="1.15",
        refused=("NPV535",),
    ),
    *(
        Case(
            64,
            f"the API server takes protocols in capitals alone: {name}",
            "pkg/policy/api/l4.go: kubebuilder:validation:Enum",
            on_a(f"ingress: [{{toPorts: [{{ports: [{{port: '80', protocol: {name}}}]}}]}}]"),
            refused=("NPV520",),
        )
        for name in ("tcp", "Udp", "any")
    ),
    *(
        Case(
            63,
            f"a group of CIDRs has a list of them: {spec}",
            "pkg/k8s/apis/cilium.io/v2/cidrgroups_types.go: kubebuilder:validation:Required",
            f"apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {{name: g}}\n{spec}\n",
            refused=("NPV720",),
        )
        for spec in ("", "spec: {}", "spec: {externalCIDRs: null}")
    ),
    Case(
        63,
        "which may be empty",
        "pkg/k8s/apis/cilium.io/v2/cidrgroups_types.go: kubebuilder:validation:MinItems=0",
        joined(group("g", ""), on_a("egress: [{toCIDRSet: [{cidrGroupRef: g}]}]")),
        (denied(A, W), denied(A, B)),
    ),
    *(
        Case(
            105,
            f"what is written to flows is short and printable: {text}",
            "pkg/policy/api/rule.go LogConfig",
            on_a(f"log: {{value: {text}}}, ingress: [{{}}]"),
            refused=("NPV721",),
        )
        for text in ("a" * 33, r'"a\tb"')
    ),
    Case(
        105,
        "and 32 signs are enough",
        "pkg/policy/api/rule.go LogConfig",
        on_a(f"log: {{value: {'é' * 32}}}, ingress: [{{}}]"),
        (denied(B, A),),
        version="1.20",
    ),
    *(
        Case(
            105,
            f"a group of Amazon's has these fields alone: {text}",
            "pkg/policy/api/groups.go Groups, AWSGroup",
            on_a(f"egress: [{{toGroups: [{{{text}}}]}}]"),
            refused=(code,),
        )
        for text, code in (
            ("awss: {}", "NPV021"),
            ("aws: {securityGroupIds: [sg-1]}", "NPV021"),
            ("aws: {region: 5}", "NPV020"),
        )
    ),
    Case(
        2,
        "an empty list of rules is valid, and does nothing",
        "pkg/k8s/apis/cilium.io/v2/cnp_types.go Parse: only nil is ErrEmptyCNP",
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: none, namespace: a}\nspecs: []\n",
        (allowed(X, A),),
        warned=("NPV723",),
    ),
)
