"""Edge cases of networking.k8s.io/v1 NetworkPolicy, as data: what one concrete flow is worth, or why a policy is refused.

`CASES` holds every case that can be decided from files, numbered by subject (1–31 structure and defaults, 32–50 selectors,
51–62 ports, 63–72 named ports, 73–85 address blocks, 86–106 nodes, pods themselves, Services, pod state). A verdict is
"A" (allowed) or "D" (denied). A plain verdict holds under every reading of the switches; a map gives a verdict for each
reading that matters, written `switch=value`. Policies stand in namespace `harbor` unless they say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Query(NamedTuple):
    """One flow. Ends: `namespace/pod`, `node NAME`, or an outside address. `via` is `namespace/service:port`."""

    src: str
    dst: str
    port: int | None
    want: str | Mapping[str, str]
    protocol: str = "TCP"
    via: str = ""


class Case(NamedTuple):
    """One fact. `policies` and `more` (further objects) are YAML; `refused` and `warned` are codes of messages."""

    number: int
    fact: str
    policies: str
    queries: tuple[Query, ...] = ()
    refused: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    more: str = ""
    assume: Mapping[str, str] = {}

    @property
    def manifests(self) -> str:
        """The whole input of the case."""
        return "\n---\n".join(text for text in (WORLD, self.more, self.policies) if text)


WORLD = """
apiVersion: v1
kind: Namespace
metadata: {name: harbor, labels: {town: north}}
---
apiVersion: v1
kind: Namespace
metadata: {name: market, labels: {town: south}}
---
apiVersion: v1
kind: Namespace
metadata: {name: depot, labels: {town: west, team: masons}}
---
apiVersion: v1
kind: Node
metadata: {name: rock}
status: {addresses: [{type: InternalIP, address: 192.168.7.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: reef}
status: {addresses: [{type: InternalIP, address: 192.168.7.2}]}
---
apiVersion: v1
kind: Pod
metadata: {name: crane, namespace: harbor, labels: {name: crane}}
spec:
  nodeName: rock
  containers: [{name: main, image: i, ports: [{containerPort: 80}]}]
status: {phase: Running, podIP: 10.50.1.1, podIPs: [{ip: 10.50.1.1}, {ip: "fd50::1:1"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: ferry, namespace: harbor, labels: {name: ferry}}
spec: {nodeName: reef, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 10.50.1.2}
---
apiVersion: v1
kind: Pod
metadata: {name: pilot, namespace: harbor, labels: {name: pilot, role: cook}}
spec: {nodeName: reef, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 10.50.1.3}
---
apiVersion: v1
kind: Pod
metadata: {name: baker, namespace: market, labels: {name: baker, role: cook}}
spec: {nodeName: reef, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 10.50.2.1}
---
apiVersion: v1
kind: Pod
metadata: {name: fisher, namespace: market, labels: {name: fisher}}
spec: {nodeName: reef, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 10.50.2.2}
---
apiVersion: v1
kind: Pod
metadata: {name: mason, namespace: depot, labels: {name: mason, role: cook}}
spec: {nodeName: reef, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 10.50.3.1}
"""

CRANE, FERRY, PILOT = "harbor/crane", "harbor/ferry", "harbor/pilot"
BAKER, FISHER, MASON = "market/baker", "market/fisher", "depot/mason"
OUTSIDE = "203.0.113.5"
OWN_NODE, OTHER_NODE = "node rock", "node reef"  # as seen from harbor/crane

NOT_DECIDABLE: Mapping[int, str] = {
    104: "traffic between two containers of one pod uses the loopback device and is no flow",
    105: "what becomes of a connection that is open while a policy changes is not a property of the steady state",
}
"""The numbers that have no case, and why."""


def policy(spec: str, *, name: str = "rules", namespace: str = "harbor") -> str:
    """A NetworkPolicy as YAML; `spec` is the block of its fields, "" for none."""
    head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    head += f"metadata: {{name: {name}, namespace: {namespace}}}\n"
    return f"{head}spec: {{{spec}}}\n" if spec else head


def policies(*specs: str) -> str:
    """Several policies in one namespace."""
    return "---\n".join(policy(spec, name=f"rules-{number}") for number, spec in enumerate(specs))


def pod(
    name: str, labels: str = "", spec: str = "", ip: str = "", namespace: str = "harbor", phase: str = "Running"
) -> str:
    """A pod as YAML on node `reef`, with flow-style `labels` and further `spec` fields."""
    spec = spec or "containers: [{name: main, image: i}]"
    if "nodeName" not in spec:
        spec = f"nodeName: reef, {spec}"
    status = f"\nstatus: {{phase: {phase}, podIP: {ip}}}" if ip else ""
    return (
        "apiVersion: v1\nkind: Pod\n"
        f"metadata: {{name: {name}, namespace: {namespace}, labels: {{{labels}}}}}\nspec: {{{spec}}}{status}\n"
    )


def joined(*documents: str) -> str:
    """Several documents as one text."""
    return "---\n".join(documents)


def allowed(src: str, dst: str, port: int | None = 80, protocol: str = "TCP", via: str = "") -> Query:
    """A flow that passes under every reading."""
    return Query(src, dst, port, "A", protocol, via)


def denied(src: str, dst: str, port: int | None = 80, protocol: str = "TCP", via: str = "") -> Query:
    """A flow that is stopped under every reading."""
    return Query(src, dst, port, "D", protocol, via)


def depends(
    src: str, dst: str, port: int | None, want: Mapping[str, str], protocol: str = "TCP", via: str = ""
) -> Query:
    """A flow whose verdict hangs on the reading."""
    return Query(src, dst, port, want, protocol, via)


def refused(number: int, fact: str, spec: str, *codes: str) -> Case:
    """A policy that the API server does not accept."""
    return Case(number, fact, policy(spec), refused=codes)


LITERAL = {"ipblock_matches_pods=literal": "A", "ipblock_matches_pods=never": "D"}
AS_NODE = {"hostnetwork_pods=as_node": "A", "hostnetwork_pods=as_pod": "D"}
AS_POD = {"hostnetwork_pods=as_node": "D", "hostnetwork_pods=as_pod": "A"}
HERE = "podSelector: {matchLabels: {name: crane}}"  # the policies below are mostly about harbor/crane

STRUCTURE = (
    Case(
        1,
        "a policy without spec isolates every pod of its namespace for ingress, and not for egress",
        policy(""),
        (
            denied(BAKER, CRANE),
            denied(FERRY, CRANE),
            denied(OUTSIDE, CRANE),
            allowed(CRANE, BAKER),
            allowed(CRANE, OUTSIDE),
        ),
    ),
    Case(
        2,
        "a null podSelector selects every pod",
        policy("podSelector: null, policyTypes: [Ingress, Egress]"),
        (denied(BAKER, CRANE), denied(CRANE, BAKER), denied(CRANE, OUTSIDE), denied(FERRY, PILOT)),
    ),
    Case(
        3,
        "an empty ingress list admits nobody and leaves egress alone",
        policy("podSelector: {}, ingress: []"),
        (denied(BAKER, CRANE), denied(OUTSIDE, CRANE), allowed(CRANE, BAKER)),
    ),
    Case(
        4,
        "an empty egress list does not make the policy an egress policy",
        policy("podSelector: {}, egress: []"),
        (allowed(CRANE, BAKER), allowed(CRANE, OUTSIDE), denied(BAKER, CRANE)),
    ),
    Case(
        5,
        "a policy with egress rules alone still isolates for ingress",
        policy("podSelector: {}, egress: [{}]"),
        (allowed(CRANE, BAKER), allowed(CRANE, OUTSIDE, 53, "UDP"), denied(BAKER, CRANE)),
    ),
    Case(
        6,
        "empty policyTypes beside egress rules mean both directions",
        policy("podSelector: {}, policyTypes: [], egress: [{to: [{ipBlock: {cidr: 203.0.113.0/24}}]}]"),
        (allowed(CRANE, OUTSIDE), denied(CRANE, "198.51.100.1"), denied(CRANE, BAKER), denied(BAKER, CRANE)),
    ),
    Case(
        7,
        "an egress policy without rules stops all egress and no ingress",
        policy("podSelector: {}, policyTypes: [Egress]"),
        (denied(CRANE, BAKER), denied(CRANE, OUTSIDE), allowed(BAKER, CRANE)),
    ),
    Case(
        8,
        "ingress rules of an egress-only policy are inert",
        policy(
            "podSelector: {}, policyTypes: [Egress], ingress: [{from: [{namespaceSelector: {matchLabels: {town: west}}}]}]"
        ),
        (allowed(BAKER, CRANE), allowed(MASON, CRANE), denied(CRANE, BAKER)),
    ),
    Case(
        9,
        "egress rules of an ingress-only policy are inert",
        policy(
            "podSelector: {}, policyTypes: [Ingress], egress: [{to: [{podSelector: {matchLabels: {name: ferry}}}]}]"
        ),
        (allowed(CRANE, BAKER), allowed(CRANE, OUTSIDE), denied(BAKER, CRANE)),
    ),
    Case(
        10,
        "the order of policyTypes is free",
        policy("podSelector: {}, policyTypes: [Egress, Ingress]"),
        (denied(CRANE, BAKER), denied(BAKER, CRANE)),
    ),
    Case(
        11,
        "a policy type may be named twice",
        policy("podSelector: {}, policyTypes: [Ingress, Ingress]"),
        (denied(BAKER, CRANE), allowed(CRANE, BAKER)),
    ),
    refused(11, "three policy types are too many", "policyTypes: [Ingress, Egress, Ingress]", "NPV058"),
    refused(11, "policy types are case-sensitive", "policyTypes: [ingress]", "NPV057"),
    Case(
        12,
        "an empty rule admits everyone on every port",
        policy("podSelector: {}, ingress: [{}]"),
        (allowed(OUTSIDE, CRANE, 1), allowed(OUTSIDE, CRANE, 65535, "UDP"), allowed(BAKER, CRANE, 5000, "SCTP")),
    ),
    Case(
        13,
        "an empty from admits every source",
        policy("podSelector: {}, ingress: [{from: []}]"),
        (allowed(BAKER, CRANE), allowed(OUTSIDE, CRANE)),
    ),
    Case(
        13,
        "a null from admits every source",
        policy("podSelector: {}, ingress: [{from: null}]"),
        (allowed(BAKER, CRANE), allowed(OUTSIDE, CRANE), allowed(OTHER_NODE, CRANE)),
    ),
    Case(
        14,
        "empty ports admit every port of every protocol",
        policy("podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: []}]"),
        (allowed(FERRY, CRANE, 9, "UDP"), allowed(FERRY, CRANE, 443), denied(BAKER, CRANE, 9, "UDP")),
    ),
    refused(15, "a peer must name someone", "podSelector: {}, ingress: [{from: [{}]}]", "NPV060"),
    Case(
        16,
        "a null rule is an empty rule, and worth a warning",
        policy("podSelector: {}, ingress: [null]"),
        (allowed(BAKER, CRANE), allowed(OUTSIDE, CRANE)),
        warned=("NPV059",),
    ),
    Case(
        17,
        "a podSelector alone means pods of the policy's namespace",
        policy("podSelector: {}, ingress: [{from: [{podSelector: {}}]}]"),
        (allowed(FERRY, CRANE), denied(BAKER, CRANE), denied(OUTSIDE, CRANE)),
    ),
    Case(
        18,
        "an empty namespaceSelector means every pod, and neither nodes nor the outside",
        policy("podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]"),
        (allowed(BAKER, CRANE), allowed(FERRY, CRANE), denied(OUTSIDE, CRANE), denied(OTHER_NODE, CRANE)),
    ),
    Case(
        19,
        "two selectors in one peer must both match",
        policy(
            f"{HERE}, ingress: [{{from: [{{namespaceSelector: {{matchLabels: {{town: south}}}}, "
            "podSelector: {matchLabels: {role: cook}}}]}]"
        ),
        (allowed(BAKER, CRANE), denied(FISHER, CRANE), denied(MASON, CRANE), denied(PILOT, CRANE)),
    ),
    Case(
        20,
        "two selectors in two list items need only one match",
        policy(
            f"{HERE}, ingress: [{{from: [{{namespaceSelector: {{matchLabels: {{town: south}}}}}}, "
            "{podSelector: {matchLabels: {role: cook}}}]}]"
        ),
        (
            allowed(BAKER, CRANE),
            allowed(FISHER, CRANE),
            allowed(PILOT, CRANE),
            denied(MASON, CRANE),
            denied(FERRY, CRANE),
        ),
    ),
    Case(
        21,
        "a null namespaceSelector means the policy's own namespace",
        policy(
            f"{HERE}, ingress: [{{from: [{{namespaceSelector: null, podSelector: {{matchLabels: {{role: cook}}}}}}]}}]"
        ),
        (denied(BAKER, CRANE), allowed(PILOT, CRANE)),
    ),
    refused(
        22, "a null selector names nobody", "podSelector: {}, ingress: [{from: [{namespaceSelector: null}]}]", "NPV060"
    ),
    Case(
        23,
        "a policy selects pods of its own namespace alone",
        policy(HERE, namespace="market"),
        (allowed(FISHER, CRANE), allowed(OUTSIDE, CRANE)),
    ),
    Case(
        24,
        "policies add up",
        policies(
            "podSelector: {}", f"{HERE}, ingress: [{{from: [{{podSelector: {{matchLabels: {{name: ferry}}}}}}]}}]"
        ),
        (allowed(FERRY, CRANE), denied(PILOT, CRANE), denied(CRANE, FERRY)),
    ),
    Case(
        25,
        "an allow-all policy beside a narrow one opens everything",
        policies("podSelector: {}, ingress: [{ports: [{port: 80}]}]", "podSelector: {}, ingress: [{}]"),
        (allowed(BAKER, CRANE, 81), allowed(BAKER, CRANE, 53, "UDP")),
    ),
    Case(
        26,
        "rules of one policy add up",
        policy(
            f"{HERE}, ingress: [{{from: [{{podSelector: {{matchLabels: {{name: ferry}}}}}}]}}, {{ports: [{{port: 80}}]}}]"
        ),
        (allowed(PILOT, CRANE, 80), allowed(FERRY, CRANE, 81), denied(PILOT, CRANE, 81)),
    ),
    Case(
        27,
        "peers and ports of one rule must both match",
        policy(
            f"{HERE}, ingress: [{{from: [{{podSelector: {{matchLabels: {{name: ferry}}}}}}], ports: [{{port: 80}}]}}]"
        ),
        (denied(PILOT, CRANE, 80), denied(FERRY, CRANE, 81), allowed(FERRY, CRANE, 80)),
    ),
    Case(
        28,
        "what the destination admits the source must be allowed to send",
        policies(
            f"{HERE}, ingress: [{{from: [{{podSelector: {{matchLabels: {{name: ferry}}}}}}]}}]",
            "podSelector: {matchLabels: {name: ferry}}, policyTypes: [Egress]",
        ),
        (denied(FERRY, CRANE), denied(PILOT, CRANE)),
    ),
    Case(
        29,
        "what the source may send the destination must admit",
        policies(HERE, "podSelector: {matchLabels: {name: ferry}}, policyTypes: [Egress], egress: [{}]"),
        (denied(FERRY, CRANE), allowed(FERRY, PILOT)),
    ),
    Case(
        30,
        "open egress and closed ingress are independent",
        policy(f"{HERE}, policyTypes: [Ingress, Egress], egress: [{{}}]"),
        (allowed(CRANE, BAKER), denied(BAKER, CRANE)),
    ),
    Case(
        31,
        "a policy whose selector cannot be met isolates nobody",
        policy(
            "podSelector: {matchLabels: {name: crane}, matchExpressions: [{key: name, operator: NotIn, values: [crane]}]}, "
            "policyTypes: [Ingress, Egress]"
        ),
        (allowed(BAKER, CRANE), allowed(CRANE, BAKER), allowed(BAKER, FERRY)),
    ),
)


def _selected(expression: str) -> str:
    """A policy that isolates for ingress what a match expression selects."""
    return policy(f"podSelector: {{matchExpressions: [{expression}]}}")


_MUTE = pod("mute", 'role: ""', ip="10.50.1.20")
_TIERS = joined(*(pod(f"tier-{t}", f"tier: {t}", ip=f"10.50.1.3{n}") for n, t in enumerate("abc")))

SELECTORS = (
    Case(
        32,
        "NotIn matches a pod without the label",
        _selected("{key: role, operator: NotIn, values: [cook]}"),
        (denied(BAKER, CRANE), allowed(BAKER, PILOT)),
    ),
    Case(
        33,
        "NotIn with the empty text spares a pod whose label is empty, not one that lacks it",
        _selected('{key: role, operator: NotIn, values: [""]}'),
        (denied(BAKER, CRANE), allowed(BAKER, "harbor/mute")),
        more=_MUTE,
    ),
    Case(
        34,
        "In with the empty text wants the label to be there",
        _selected('{key: role, operator: In, values: [""]}'),
        (allowed(BAKER, CRANE), denied(BAKER, "harbor/mute")),
        more=_MUTE,
    ),
    Case(
        35,
        "an empty text in matchLabels wants the label to be there",
        policy('podSelector: {matchLabels: {role: ""}}'),
        (allowed(BAKER, CRANE), denied(BAKER, "harbor/mute")),
        more=_MUTE,
    ),
    Case(
        36,
        "Exists counts a label whose value is empty",
        _selected("{key: role, operator: Exists}"),
        (denied(BAKER, "harbor/mute"), denied(BAKER, PILOT), allowed(BAKER, CRANE)),
        more=_MUTE,
    ),
    Case(
        36,
        "DoesNotExist matches a pod without the label",
        _selected("{key: role, operator: DoesNotExist}"),
        (allowed(BAKER, "harbor/mute"), allowed(BAKER, PILOT), denied(BAKER, CRANE)),
        more=_MUTE,
    ),
    Case(
        37,
        "two requirements on one key must both hold",
        _selected("{key: tier, operator: In, values: [a, b]}, {key: tier, operator: In, values: [b, c]}"),
        (allowed(BAKER, "harbor/tier-a"), denied(BAKER, "harbor/tier-b"), allowed(BAKER, "harbor/tier-c")),
        more=_TIERS,
    ),
    Case(
        38,
        "a peer that contradicts itself admits nobody and the pod stays isolated",
        policy(
            f"{HERE}, ingress: [{{from: [{{podSelector: {{matchLabels: {{tier: a}}, "
            "matchExpressions: [{key: tier, operator: NotIn, values: [a]}]}}]}]"
        ),
        (denied("harbor/tier-a", CRANE), denied("harbor/tier-b", CRANE), denied(FERRY, CRANE), denied(OUTSIDE, CRANE)),
        more=_TIERS,
    ),
    Case(
        39,
        "NotIn on namespaces matches a namespace without the label",
        policy(
            "podSelector: {}, ingress: [{from: [{namespaceSelector: "
            "{matchExpressions: [{key: team, operator: NotIn, values: [masons]}]}}]}]"
        ),
        (allowed(BAKER, CRANE), denied(MASON, CRANE), denied(OUTSIDE, CRANE)),
    ),
    Case(
        40,
        "every namespace carries its name as a label",
        policy(
            "podSelector: {}, ingress: "
            "[{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: market}}}]}]"
        ),
        (allowed(BAKER, CRANE), denied(MASON, CRANE)),
    ),
    Case(
        41,
        "the label with the name of a namespace cannot be forged",
        policy(
            "podSelector: {}, ingress: "
            "[{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: market}}}]}]"
        ),
        (denied("fair/crier", CRANE), allowed(BAKER, CRANE)),
        more=joined(
            "apiVersion: v1\nkind: Namespace\n"
            "metadata: {name: fair, labels: {kubernetes.io/metadata.name: market}}\n",
            pod("crier", ip="10.50.4.1", namespace="fair"),
        ),
    ),
    Case(
        42,
        "a negative namespaceSelector still means pods alone",
        policy(
            "podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: "
            "{matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [market]}]}}]}]"
        ),
        (denied(CRANE, BAKER), allowed(CRANE, MASON), denied(CRANE, OUTSIDE), denied(CRANE, OTHER_NODE)),
    ),
    refused(43, "operators are case-sensitive", "podSelector: {matchExpressions: [{key: a, operator: in, values: [b]}]}", "NPV068"),
    refused(43, "In needs values", "podSelector: {matchExpressions: [{key: a, operator: In, values: []}]}", "NPV069"),
    refused(43, "Exists takes no values", "podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}", "NPV070"),
    refused(44, "a label key has at most one slash", "podSelector: {matchLabels: {a/b/c: d}}", "NPV066"),
    refused(44, "a label value has at most 63 characters", f"podSelector: {{matchLabels: {{a: {'v' * 64}}}}}", "NPV067"),
    refused(44, "a label value does not start with a dash", "podSelector: {matchLabels: {a: -x}}", "NPV067"),
    refused(45, "a number is no label value", "podSelector: {matchLabels: {v: 1}}", "NPV020"),
    Case(
        46,
        "label keys are case-sensitive",
        policy("podSelector: {matchLabels: {role: cook}}"),
        (allowed(BAKER, "harbor/shout"), denied(BAKER, PILOT)),
        more=pod("shout", "Role: cook", ip="10.50.1.21"),
    ),
    Case(
        47,
        "labels of a Deployment itself are not labels of its pods",
        policy("podSelector: {matchLabels: {app: tug}}"),
        (allowed(BAKER, "harbor/tug"),),
        more="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: tug, namespace: harbor, labels: {app: tug}}\n"
        "spec: {selector: {matchLabels: {kind: boat}}, template: {metadata: {labels: {kind: boat}}, "
        "spec: {containers: [{name: main, image: i}]}}}\n",
    ),
    Case(
        48,
        "a label that a controller chooses is not known before the pod runs",
        policy("podSelector: {matchLabels: {pod-template-hash: abc}}"),
        (
            depends(
                BAKER,
                "harbor/tug",
                80,
                {"": "A", "label pod-template-hash of Deployment harbor/tug (destination)=abc": "D"},
            ),
        ),
        more="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: tug, namespace: harbor}\n"
        "spec: {selector: {matchLabels: {kind: boat}}, template: {metadata: {labels: {kind: boat}}, "
        "spec: {containers: [{name: main, image: i}]}}}\n",
    ),
    Case(
        49,
        "each pod of a StatefulSet carries its own name as a label",
        policy("podSelector: {matchLabels: {statefulset.kubernetes.io/pod-name: vault-0}}"),
        (denied(BAKER, "harbor/vault-0"), allowed(BAKER, "harbor/vault-1")),
        more="apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: vault, namespace: harbor}\n"
        "spec: {replicas: 2, serviceName: vault, selector: {matchLabels: {app: vault}}, "
        "template: {metadata: {labels: {app: vault}}, spec: {containers: [{name: main, image: i}]}}}\n",
    ),
    Case(
        50,
        "pods of a Job carry its name as a label",
        policy("podSelector: {matchLabels: {job-name: dredge}}"),
        (denied(BAKER, "harbor/dredge"),),
        more="apiVersion: batch/v1\nkind: Job\nmetadata: {name: dredge, namespace: harbor}\n"
        "spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: i}]}}}\n",
    ),
)  # fmt: skip


def _ports(entries: str) -> str:
    """A policy that opens ports of harbor/crane to everyone."""
    return policy(f"{HERE}, ingress: [{{ports: [{entries}]}}]")


def _bad_port(number: int, fact: str, entry: str, code: str) -> Case:
    return Case(number, fact, _ports(f"{{{entry}}}"), refused=(code,))


PORTS = (
    Case(
        51,
        "an empty port entry means every TCP port",
        _ports("{}"),
        (allowed(BAKER, CRANE, 1234), denied(BAKER, CRANE, 53, "UDP")),
    ),
    Case(
        52,
        "a protocol without port means every port of it",
        _ports("{protocol: UDP}"),
        (allowed(BAKER, CRANE, 53, "UDP"), denied(BAKER, CRANE, 53)),
    ),
    Case(53, "a port without protocol is TCP", _ports("{port: 80}"), (denied(BAKER, CRANE, 80, "UDP"), allowed(BAKER, CRANE, 80))),
    Case(
        54,
        "an SCTP port opens no TCP port",
        _ports("{port: 80, protocol: SCTP}"),
        (denied(BAKER, CRANE, 80), denied(BAKER, CRANE, 81), allowed(BAKER, CRANE, 80, "SCTP")),
    ),
    Case(
        55,
        "a UDP port opens no TCP port",
        _ports("{port: 81, protocol: UDP}"),
        (denied(BAKER, CRANE, 81), allowed(BAKER, CRANE, 81, "UDP")),
    ),
    Case(
        56,
        "endPort is the last port of the range",
        _ports("{port: 32000, endPort: 32768}"),
        (
            denied(BAKER, CRANE, 31999),
            allowed(BAKER, CRANE, 32000),
            depends(BAKER, CRANE, 32768, {"endport_supported=true": "A"}),
            denied(BAKER, CRANE, 32769),
        ),
    ),
    Case(
        57,
        "a plugin that does not know endPort opens the first port alone",
        _ports("{port: 32000, endPort: 32768}"),
        (depends(BAKER, CRANE, 32001, {"endport_supported=true": "A", "endport_supported=false": "D"}),),
    ),
    Case(
        58,
        "a range of one port is legal",
        _ports("{port: 80, endPort: 80}"),
        (allowed(BAKER, CRANE, 80), denied(BAKER, CRANE, 81)),
    ),
    _bad_port(58, "a range does not end before it starts", "port: 80, endPort: 79", "NPV074"),
    _bad_port(58, "endPort needs port", "endPort: 80", "NPV074"),
    _bad_port(58, "endPort goes with numbers alone", "port: web, endPort: 90", "NPV074"),
    _bad_port(59, "a number in quotes is no port name", 'port: "80"', "NPV073"),
    _bad_port(59, "there is no port 0", "port: 0", "NPV072"),
    _bad_port(59, "there is no port 65536", "port: 65536", "NPV072"),
    _bad_port(59, "port names are lower case", "port: Web", "NPV073"),
    _bad_port(59, "port names have no two dashes in a row", "port: a--b", "NPV073"),
    _bad_port(60, "protocols are upper case", "protocol: tcp", "NPV071"),
    _bad_port(60, "an empty protocol is not a missing one", 'protocol: ""', "NPV071"),
    _bad_port(60, "ICMP cannot be named", "protocol: ICMP", "NPV071"),
    Case(61, "a port need not be declared to be reached", _ports("{port: 9999}"), (allowed(BAKER, CRANE, 9999),)),
    Case(
        62,
        "port entries add up",
        _ports("{port: 80}, {protocol: UDP}"),
        (
            allowed(BAKER, CRANE, 80, "UDP"),
            allowed(BAKER, CRANE, 9, "UDP"),
            allowed(BAKER, CRANE, 80),
            denied(BAKER, CRANE, 81),
        ),
    ),
)  # fmt: skip


def _serving(name: str, ports: str, ip: str, spec: str = "") -> str:
    """A pod whose main container declares `ports`."""
    return pod(
        name, f"name: {name}, kind: server", f"containers: [{{name: main, image: i, ports: [{ports}]}}]{spec}", ip
    )


_SERVERS = "podSelector: {matchLabels: {kind: server}}"

NAMED_PORTS = (
    Case(
        63,
        "a named port is looked up in each destination pod",
        policy(f"{_SERVERS}, ingress: [{{ports: [{{port: http}}]}}]"),
        (
            allowed(BAKER, "harbor/p", 8080),
            denied(BAKER, "harbor/p", 9090),
            allowed(BAKER, "harbor/q", 9090),
            denied(BAKER, "harbor/q", 8080),
        ),
        more=joined(
            _serving("p", "{name: http, containerPort: 8080}", "10.50.1.41"),
            _serving("q", "{name: http, containerPort: 9090}", "10.50.1.42"),
        ),
    ),
    Case(
        64,
        "a named port of an egress rule is looked up in the destination, and outside addresses have none",
        policy(f"{HERE}, policyTypes: [Egress], egress: [{{ports: [{{port: serve}}]}}]"),
        (
            allowed(CRANE, "harbor/p", 80),
            denied(CRANE, "harbor/p", 81),
            denied(CRANE, OUTSIDE, 80),
            denied(CRANE, BAKER, 80),
        ),
        more=_serving("p", "{name: serve, containerPort: 80}", "10.50.1.41"),
    ),
    Case(
        65,
        "a named port must agree in protocol",
        policy(f"{_SERVERS}, ingress: [{{ports: [{{port: newport, protocol: UDP}}]}}]"),
        (denied(BAKER, "harbor/p", 8956, "UDP"), denied(BAKER, "harbor/p", 8956, "SCTP")),
        more=_serving("p", "{name: newport, containerPort: 8956, protocol: SCTP}", "10.50.1.41"),
    ),
    Case(
        66,
        "a named port without protocol is TCP, also where the pod declares it for UDP",
        policy(f"{_SERVERS}, ingress: [{{ports: [{{port: dns}}]}}]"),
        (denied(BAKER, "harbor/p", 53, "UDP"), denied(BAKER, "harbor/p", 53)),
        more=_serving("p", "{name: dns, containerPort: 53, protocol: UDP}", "10.50.1.41"),
    ),
    Case(
        67,
        "a named port that a selected pod lacks matches nothing there and is no error",
        policy(f"{_SERVERS}, ingress: [{{ports: [{{port: http}}]}}]"),
        (denied(BAKER, "harbor/q", 80), denied(BAKER, "harbor/q", 8080), allowed(BAKER, "harbor/p", 8080)),
        more=joined(
            _serving("p", "{name: http, containerPort: 8080}", "10.50.1.41"),
            _serving("q", "{name: other, containerPort: 80}", "10.50.1.42"),
        ),
    ),
    Case(
        68,
        "ports of sidecars count, although some plugins forget them",
        policy(f"{_SERVERS}, ingress: [{{ports: [{{port: meter}}]}}]"),
        (
            depends(
                BAKER,
                "harbor/p",
                9100,
                {
                    "named_port_containers=regular+sidecar": "A",
                    "named_port_containers=regular": "D",
                    "named_port_containers=all": "A",
                },
            ),
        ),
        more=_serving(
            "p",
            "{name: http, containerPort: 80}",
            "10.50.1.41",
            ", initContainers: [{name: side, image: i, restartPolicy: Always, ports: [{name: meter, containerPort: 9100}]}]",
        ),
    ),
    Case(
        69,
        "ports of init containers do not count, although some plugins take them in",
        policy(f"{_SERVERS}, ingress: [{{ports: [{{port: meter}}]}}]"),
        (
            depends(
                BAKER,
                "harbor/p",
                9100,
                {
                    "named_port_containers=regular+sidecar": "D",
                    "named_port_containers=regular": "D",
                    "named_port_containers=all": "A",
                },
            ),
        ),
        more=_serving(
            "p",
            "{name: http, containerPort: 80}",
            "10.50.1.41",
            ", initContainers: [{name: first, image: i, ports: [{name: meter, containerPort: 9100}]}]",
        ),
    ),
    Case(
        70,
        "two containers may give one name to two ports",
        policy(f"{_SERVERS}, ingress: [{{ports: [{{port: web}}]}}]"),
        (
            allowed(BAKER, "harbor/p", 80),
            depends(BAKER, "harbor/p", 8090, {"named_port_duplicates=union": "A", "named_port_duplicates=first": "D"}),
        ),
        more=pod(
            "p",
            "kind: server",
            "containers: [{name: one, image: i, ports: [{name: web, containerPort: 80}]}, "
            "{name: two, image: i, ports: [{name: web, containerPort: 8090}]}]",
            "10.50.1.41",
        ),
    ),
    Case(
        71,
        "a named port towards an address block means the pods in it, if the block means pods at all",
        policy(
            f"{HERE}, policyTypes: [Egress], egress: [{{to: [{{ipBlock: {{cidr: 0.0.0.0/0}}}}], ports: [{{port: http}}]}}]"
        ),
        (denied(CRANE, OUTSIDE, 80), depends(CRANE, "harbor/p", 80, LITERAL), denied(CRANE, "harbor/p", 81)),
        more=_serving("p", "{name: http, containerPort: 80}", "10.50.1.41"),
    ),
    Case(
        72,
        "a container port without protocol is TCP",
        policy(f"{_SERVERS}, ingress: [{{ports: [{{port: http, protocol: TCP}}]}}]"),
        (allowed(BAKER, "harbor/p", 8080), denied(BAKER, "harbor/p", 8080, "UDP")),
        more=_serving("p", "{name: http, containerPort: 8080}", "10.50.1.41"),
    ),
)


def _to(*blocks: str) -> str:
    """The spec of an egress policy of harbor/crane with address blocks as peers."""
    peers = ", ".join(f"{{ipBlock: {{{block}}}}}" for block in blocks)
    return f"{HERE}, policyTypes: [Egress], egress: [{{to: [{peers}]}}]"


def _from(*peers: str) -> str:
    """The spec of an ingress policy of harbor/crane."""
    return f"{HERE}, ingress: [{{from: [{', '.join(peers)}]}}]"


def _loose(number: int, fact: str, cidr: str, inside: str, outside: str) -> tuple[Case, Case]:
    """A block that strict checks refuse, and what it means without them."""
    spec = _from(f'{{ipBlock: {{cidr: "{cidr}"}}}}')
    return (
        Case(number, f"{fact} is refused", policy(spec), refused=("NPV063",)),
        Case(
            number,
            f"{fact} has one meaning where strict checks are off",
            policy(spec),
            (allowed(inside, CRANE), denied(outside, CRANE)),
            warned=("NPV064",),
            assume={"strict_cidr": "false"},
        ),
    )


ADDRESSES = (
    Case(
        73,
        "a block may hold the address of a pod, and plugins differ in whether it means the pod",
        policy(_to("cidr: 10.50.2.1/32")),
        (depends(CRANE, BAKER, 80, LITERAL), denied(CRANE, FISHER)),
    ),
    Case(
        74,
        "an exception is cut out of its block",
        policy(_to("cidr: 10.50.2.0/24, except: [10.50.2.1/32]")),
        (denied(CRANE, BAKER), depends(CRANE, FISHER, 80, LITERAL), denied(CRANE, MASON)),
    ),
    Case(
        75,
        "an exception takes nothing from another policy",
        policies(_to("cidr: 10.50.2.0/24, except: [10.50.2.1/32]"), _to("cidr: 10.50.2.1/32")),
        (depends(CRANE, BAKER, 80, LITERAL), depends(CRANE, FISHER, 80, LITERAL)),
    ),
    Case(
        76,
        "an exception takes nothing from a sibling peer",
        policy(_from("{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}", "{podSelector: {}}")),
        (allowed(FERRY, CRANE), allowed(OUTSIDE, CRANE), denied(BAKER, CRANE), denied("10.99.0.1", CRANE)),
    ),
    Case(
        77,
        "an IPv4 block holds no IPv6 address",
        policy(_from("{ipBlock: {cidr: 0.0.0.0/0}}")),
        (denied("2001:db8::7", CRANE), allowed(OUTSIDE, CRANE)),
    ),
    Case(
        77,
        "an IPv6 block holds no IPv4 address",
        policy(_from('{ipBlock: {cidr: "::/0"}}')),
        (allowed("2001:db8::7", CRANE), denied(OUTSIDE, CRANE)),
    ),
    Case(
        78,
        "exceptions may take a whole block away",
        policy(_from("{ipBlock: {cidr: 0.0.0.0/0, except: [0.0.0.0/1, 128.0.0.0/1]}}")),
        (denied("9.9.9.9", CRANE), denied(OUTSIDE, CRANE), denied(BAKER, CRANE)),
    ),
    refused(79, "an exception is smaller than its block", _to("cidr: 10.0.0.0/8, except: [10.0.0.0/8]"), "NPV065"),
    refused(79, "an exception lies inside its block", _to("cidr: 10.0.0.0/8, except: [11.0.0.0/16]"), "NPV065"),
    refused(79, "an exception is of the family of its block", _to('cidr: 10.0.0.0/8, except: ["fd00::/64"]'), "NPV065"),
    *_loose(80, "a block with bits behind its prefix", "10.0.0.5/24", "10.0.0.200", "10.0.1.5"),
    *_loose(81, "a block with leading zeros in an octet", "010.0.0.0/8", "10.1.1.1", "8.1.1.1"),
    *_loose(81, "a block with leading zeros in its length", "10.0.0.0/08", "10.1.1.1", "11.1.1.1"),
    *_loose(81, "an IPv4 block in IPv6 notation", "::ffff:10.0.0.0/104", "10.1.1.1", "11.1.1.1"),
    refused(82, "a block needs a prefix length", _to("cidr: 10.0.0.1"), "NPV062"),
    refused(82, "a block is not empty", _to('cidr: ""'), "NPV062"),
    refused(
        83,
        "a block does not share a peer with a selector",
        _from("{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}"),
        "NPV061",
    ),
    Case(
        84,
        "a client whose address a node has replaced is judged as that node",
        policy(_from(f"{{ipBlock: {{cidr: {OUTSIDE}/32}}}}")),
        (denied(OTHER_NODE, CRANE), allowed(OWN_NODE, CRANE)),
    ),
    Case(
        85,
        "a client that keeps its address is judged by it",
        policy(_from(f"{{ipBlock: {{cidr: {OUTSIDE}/32}}}}")),
        (allowed(OUTSIDE, CRANE), denied("203.0.113.6", CRANE)),
    ),
)


def _host(name: str, node: str) -> str:
    return pod(
        name, f"name: {name}, kind: agent", f"nodeName: {node}, hostNetwork: true, containers: [{{name: m, image: i}}]"
    )


def _service(name: str, selector: str, ports: str, ip: str = "10.96.0.7") -> str:
    return (
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: harbor}}\n"
        f"spec: {{clusterIP: {ip}, selector: {{{selector}}}, ports: [{ports}]}}\n"
    )


_AGENTS = joined(_host("keeper", "rock"), _host("rover", "reef"))
_BOTH = "policyTypes: [Ingress, Egress]"
_QUAY = _service("quay", "name: crane", "{port: 80, targetPort: 8080}")
_LIGHT = joined(
    _serving("p", "{name: http, containerPort: 80}", "10.50.1.41"),
    _serving("q", "{name: http, containerPort: 8080}", "10.50.1.42"),
    _service("light", "kind: server", "{port: 80, targetPort: http}"),
)

NODES_AND_SERVICES = (
    Case(86, "a pod's own node always reaches it", policy(HERE), (allowed(OWN_NODE, CRANE), allowed(OWN_NODE, CRANE, 53, "UDP"))),
    Case(87, "another node does not", policy(HERE), (denied(OTHER_NODE, CRANE),)),
    Case(
        88,
        "a host-network pod counts as its node, or as a pod like any other",
        policy(HERE),
        (depends("harbor/keeper", CRANE, 80, AS_NODE), denied("harbor/rover", CRANE)),
        more=_AGENTS,
    ),
    Case(
        89,
        "a selector finds a host-network pod only where that counts as a pod",
        policy(_from("{podSelector: {matchLabels: {kind: agent}}}")),
        (depends("harbor/rover", CRANE, 80, AS_POD),),
        more=_AGENTS,
    ),
    Case(
        89,
        "a host-network pod has named ports only where it counts as a pod, for a node has none",
        policy(f"{HERE}, policyTypes: [Egress], egress: [{{ports: [{{port: http}}]}}]"),
        (depends(CRANE, "harbor/beacon", 8080, AS_POD), denied(CRANE, "harbor/beacon", 81)),
        more=pod(
            "beacon",
            "kind: agent",
            "nodeName: reef, hostNetwork: true, "
            "containers: [{name: m, image: i, ports: [{name: http, containerPort: 8080}]}]",
        ),
    ),
    Case(
        90,
        "a host-network pod has the address of its node",
        policy(_from("{ipBlock: {cidr: 192.168.7.2/32}}")),
        (
            depends(
                "harbor/rover",
                CRANE,
                80,
                {"hostnetwork_pods=as_node": "A", "ipblock_matches_nodes=never": "D"},
            ),
            depends(OTHER_NODE, CRANE, 80, {"ipblock_matches_nodes=literal": "A", "ipblock_matches_nodes=never": "D"}),
        ),
        more=_AGENTS,
    ),
    Case(
        91,
        "a policy isolates a host-network pod only where that counts as a pod",
        policy(f"podSelector: {{matchLabels: {{kind: agent}}}}, {_BOTH}"),
        (
            depends("harbor/rover", OUTSIDE, 443, AS_NODE),
            depends("harbor/rover", CRANE, 80, AS_NODE),
            depends(BAKER, "harbor/keeper", 80, AS_NODE),
            depends(OUTSIDE, "harbor/rover", 80, AS_NODE),
        ),
        more=_AGENTS,
    ),
    Case(
        92,
        "plugins differ in whether a pod may always reach its own node",
        policy(f"{HERE}, policyTypes: [Egress]"),
        (
            depends(CRANE, OWN_NODE, 80, {"pod_to_own_node=policed": "D", "pod_to_own_node=always_allow": "A"}),
            denied(CRANE, OTHER_NODE),
        ),
    ),
    Case(93, "a pod always reaches its own address", policy(f"podSelector: {{}}, {_BOTH}"), (allowed(CRANE, CRANE, 8080),)),
    Case(
        94,
        "another replica is another pod",
        policy(f"podSelector: {{}}, {_BOTH}"),
        (denied("harbor/tug", "harbor/tug"),),
        more="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: tug, namespace: harbor}\n"
        "spec: {replicas: 2, selector: {matchLabels: {kind: boat}}, template: {metadata: {labels: {kind: boat}}, "
        "spec: {containers: [{name: main, image: i}]}}}\n",
    ),
    Case(
        95,
        "plugins differ in how they judge a pod that reaches itself through a Service",
        policy(HERE),
        (
            depends(
                CRANE,
                CRANE,
                8080,
                {"self_via_service=policed": "D", "self_via_service=allowed": "A", "self_via_service=source_hidden": "D"},
                via="harbor/quay:80",
            ),
        ),
        more=_QUAY,
    ),
    Case(
        96,
        "a selector does not find a pod whose address the proxy has replaced",
        policy(_from("{podSelector: {}}")),
        (
            depends(
                CRANE,
                CRANE,
                8080,
                {"self_via_service=policed": "A", "self_via_service=allowed": "A", "self_via_service=source_hidden": "D"},
                via="harbor/quay:80",
            ),
            allowed(FERRY, CRANE, 8080, via="harbor/quay:80"),
        ),
        more=_QUAY,
    ),
    Case(
        97,
        "egress rules name the port of the pod, not that of the Service",
        policy("podSelector: {matchLabels: {name: ferry}}, policyTypes: [Egress], "
               "egress: [{to: [{podSelector: {}}], ports: [{port: 80}]}]"),
        (denied(FERRY, CRANE, 8080, via="harbor/quay:80"),),
        more=_QUAY,
    ),
    Case(
        97,
        "egress rules with the port of the pod let traffic to its Service pass",
        policy("podSelector: {matchLabels: {name: ferry}}, policyTypes: [Egress], "
               "egress: [{to: [{podSelector: {}}], ports: [{port: 8080}]}]"),
        (allowed(FERRY, CRANE, 8080, via="harbor/quay:80"),),
        more=_QUAY,
    ),
    Case(
        98,
        "ingress rules name the port of the pod, not that of the Service",
        policy(f"{HERE}, ingress: [{{ports: [{{port: 80}}]}}]"),
        (denied(BAKER, CRANE, 8080, via="harbor/quay:80"), allowed(BAKER, CRANE, 80)),
        more=_QUAY,
    ),
    Case(
        99,
        "the address of a Service is seen only by a plugin that judges before it is translated",
        policy("podSelector: {matchLabels: {name: ferry}}, policyTypes: [Egress], "
               "egress: [{to: [{ipBlock: {cidr: 10.96.0.7/32}}]}]"),
        (
            depends(
                FERRY,
                CRANE,
                8080,
                {"service_translation=before_policy": "D", "service_translation=after_policy": "A"},
                via="harbor/quay:80",
            ),
            denied(FERRY, CRANE, 8080),
        ),
        more=_QUAY,
    ),
    Case(
        100,
        "a Service with a named target port may be reached on one backend and not on another",
        policy("podSelector: {matchLabels: {name: ferry}}, policyTypes: [Egress], egress: [{ports: [{port: 80}]}]"),
        (allowed(FERRY, "harbor/p", 80, via="harbor/light:80"), denied(FERRY, "harbor/q", 8080, via="harbor/light:80")),
        more=_LIGHT,
    ),
    Case(
        101,
        "name resolution is not exempt",
        policy("podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 443}]}]"),
        (
            denied(CRANE, "kube-system/resolver", 53, "UDP", via="kube-system/kube-dns:53"),
            denied(CRANE, "kube-system/resolver", 53, "UDP"),
            allowed(CRANE, "kube-system/resolver", 443),
        ),
        more=joined(
            pod("resolver", "k8s-app: kube-dns", ip="10.50.5.1", namespace="kube-system"),
            "apiVersion: v1\nkind: Service\nmetadata: {name: kube-dns, namespace: kube-system}\n"
            "spec: {clusterIP: 10.96.0.10, selector: {k8s-app: kube-dns}, ports: [{port: 53, protocol: UDP}]}\n",
        ),
    ),
    Case(
        102,
        "a finished pod is nobody's peer, and its address may be another's",
        policy(_from("{podSelector: {matchLabels: {name: ghost}}}")),
        (denied("depot/heir", CRANE),),
        more=joined(
            pod("ghost", "name: ghost", ip="10.50.1.60", phase="Succeeded"),
            pod("heir", "name: heir", ip="10.50.1.60", namespace="depot"),
        ),
    ),
    Case(
        103,
        "policies bind init containers too",
        policy("podSelector: {matchLabels: {name: starter}}, policyTypes: [Egress]"),
        (denied("harbor/starter", OUTSIDE, 443),),
        more=pod(
            "starter",
            "name: starter",
            "initContainers: [{name: fetch, image: i}], containers: [{name: main, image: i}]",
            "10.50.1.61",
        ),
    ),
    Case(
        106,
        "what becomes of ICMP is the plugin's choice",
        policy(HERE),
        (
            depends(
                BAKER,
                CRANE,
                None,
                {"icmp=portless_rules_only": "D", "icmp=always_allow": "A", "icmp=always_deny": "D"},
                "ICMP",
            ),
            allowed(CRANE, BAKER, None, "ICMP"),
        ),
    ),
    Case(
        106,
        "a rule without ports may cover ICMP, one with ports never does",
        policies(
            f"{HERE}, ingress: [{{}}]",
            "podSelector: {matchLabels: {name: ferry}}, ingress: [{ports: [{}, {protocol: UDP}, {protocol: SCTP}]}]",
        ),
        (
            depends(
                BAKER,
                CRANE,
                None,
                {"icmp=portless_rules_only": "A", "icmp=always_allow": "A", "icmp=always_deny": "D"},
                "ICMP",
            ),
            depends(
                BAKER,
                FERRY,
                None,
                {"icmp=portless_rules_only": "D", "icmp=always_allow": "A", "icmp=always_deny": "D"},
                "ICMP",
            ),
        ),
    ),
)  # fmt: skip

CASES: tuple[Case, ...] = (*STRUCTURE, *SELECTORS, *PORTS, *NAMED_PORTS, *ADDRESSES, *NODES_AND_SERVICES)
