"""Edge cases 107 to 150 of cluster-wide policies, as data: what a flow is worth, or why a policy is refused.

The numbers are those of the page on the semantics of the Kubernetes APIs. Policies are about pod a/a of the world of Cilium's
edge cases where they do not say otherwise. A plain verdict holds under every reading; a map gives one for each that matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from dialects.calico.edge_case import Query
from dialects.cilium.edge_case import (
    DNS,
    ELM,
    HN,
    OAK,
    WORLD,
    A,
    B,
    C,
    W,
    X,
    Y,
    allowed,
    cnp,
    denied,
    depends,
    knp,
    ping,
)
from dialects.cluster_rows import ANP, BANP, CNP, VERSIONS
from dialects.edge_cases import joined


class Case(NamedTuple):
    """One fact with its source. `refused` and `warned` are the codes of messages; a refused case has no queries."""

    number: int
    fact: str
    source: str
    policies: str
    queries: tuple[Query, ...] = ()
    cni: str = "kubernetes"
    assume: Mapping[str, str] = {}
    refused: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """How the case is called in the output of the tests."""
        return f"{self.number} {self.fact} [{self.source}; {self.cni}]"

    @property
    def manifests(self) -> str:
        """The whole input of the case."""
        return joined(WORLD, self.policies)


_BE = "subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: be}}}}"
_RED, _BLUE = "{namespaces: {matchLabels: {team: red}}}", "{namespaces: {matchLabels: {team: blue}}}"
_ALL = "{namespaces: {}}"
_V4, _V6 = '{networks: ["0.0.0.0/0"]}', '{networks: ["::/0"]}'
_SHUT = knp("podSelector: {}, policyTypes: [Ingress]")
_OPEN = knp("podSelector: {}, policyTypes: [Ingress], ingress: [{}]")
_TCP80 = "protocols: [{tcp: {destinationPort: {number: 80}}}]"


def policy(kind: str, spec: str, name: str) -> str:
    """A cluster-wide policy."""
    head = f"apiVersion: policy.networking.k8s.io/{VERSIONS[kind]}\nkind: {kind}\n"
    return f"{head}metadata: {{name: {name}}}\nspec: {{{spec}}}\n"


def admin(rules: str, priority: int = 10, name: str = "admin", subject: str = _BE) -> str:
    """A ClusterNetworkPolicy of the admin tier."""
    return policy(CNP, f"tier: Admin, priority: {priority}, {subject}, {rules}", name)


def base(rules: str, priority: int = 10, name: str = "base", subject: str = _BE) -> str:
    """A ClusterNetworkPolicy of the baseline."""
    return policy(CNP, f"tier: Baseline, priority: {priority}, {subject}, {rules}", name)


def into(*rules: tuple[str, str] | tuple[str, str, str]) -> str:
    """Ingress rules, each an action, a peer and perhaps ports."""
    return f"ingress: [{', '.join(map(_rule, [('from', *rule) for rule in rules]))}]"


def out(*rules: tuple[str, str] | tuple[str, str, str]) -> str:
    """Egress rules."""
    return f"egress: [{', '.join(map(_rule, [('to', *rule) for rule in rules]))}]"


def _rule(parts: tuple[str, ...]) -> str:
    side, action, peer, *ports = parts
    return f"{{{', '.join((f'action: {action}', f'{side}: [{peer}]', *ports))}}}"


def tcp(number: int) -> str:
    """The ports of a rule: one of TCP."""
    return f"protocols: [{{tcp: {{destinationPort: {{number: {number}}}}}}}]"


def order_of(one: str, other: str) -> str:
    """The reading in which of two policies of one priority the one is asked before the other."""
    return f"ClusterNetworkPolicy {other} is asked before ClusterNetworkPolicy {one}, which has the same priority=true"


_AFTER = order_of("first", "second")
_PER_POD = "np_shadows_baseline=per_pod"
_OUT_ONLY = knp("podSelector: {}, policyTypes: [Egress], egress: [{}]")

ORDER = (
    Case(107, "of three rules for one peer the first counts", "CONF standard-gress-rules-combined.yaml",
        admin(into(("Accept", _BLUE), ("Deny", _BLUE), ("Pass", _BLUE))), (allowed(X, A),)),
    Case(108, "a denial of some ports isolates from nothing else", "CONF standard-gress-rules-combined.yaml",
        admin(into(("Deny", _BLUE, "protocols: [{tcp: {destinationPort: {number: 80}}}, {udp: {destinationPort: {number: 53}}}, {sctp: {destinationPort: {number: 9003}}}]"))),
        (allowed(X, A, 8080), denied(X, A, 80), denied(X, A, 53, "UDP"), denied(X, A, 9003, "SCTP"), allowed(X, A, 53))),
    Case(109, "an accepted port before a denial of all", "CONF standard-gress-rules-combined.yaml",
        admin(into(("Accept", _BLUE, tcp(8080)), ("Deny", _BLUE))), (allowed(X, A, 8080), denied(X, A, 80))),
    Case(110, "the lower priority is asked first", "CONF admin-network-policy-standard-priority.go",
        joined(admin(into(("Deny", _BLUE)), 50, "first"), admin(into(("Pass", _BLUE)), 60, "second"), base(into(("Accept", _BLUE)))),
        (denied(X, A),)),
    Case(110, "and the other way round", "CONF admin-network-policy-standard-priority.go",
        joined(admin(into(("Deny", _BLUE)), 50, "first"), admin(into(("Pass", _BLUE)), 40, "second"), base(into(("Accept", _BLUE)))),
        (allowed(X, A),)),
    Case(111, "an admin denial is final", "CONF admin-network-policy-standard-integration.go",
        joined(admin(into(("Deny", _BLUE))), _OPEN), (denied(X, A),)),
    Case(112, "after a pass a NetworkPolicy decides, and hides the baseline", "CONF admin-network-policy-standard-integration.go",
        joined(admin(into(("Pass", _BLUE))), _OPEN, base(into(("Deny", _BLUE)))), (allowed(X, A),)),
    Case(113, "after a pass without NetworkPolicies the baseline decides", "CONF admin-network-policy-standard-integration.go",
        joined(admin(into(("Pass", _BLUE))), base(into(("Deny", _BLUE)))), (denied(X, A),)),
    Case(114, "an admin accept goes before isolation", "A2; KNP engine_test.go", joined(admin(into(("Accept", _BLUE))), _SHUT), (allowed(X, A), denied(DNS, A))),
    Case(114, "an admin accept goes before the baseline", "A2", joined(admin(into(("Accept", _BLUE))), base(into(("Deny", _ALL)))), (allowed(X, A), denied(DNS, A))),
    Case(115, "the baseline does not open what a NetworkPolicy closes", "KNP engine_test.go", joined(_SHUT, base(into(("Accept", _BLUE)))), (denied(X, A),)),
    Case(116, "a NetworkPolicy of the other direction", "page 2.4", joined(_OUT_ONLY, base(into(("Deny", _ALL)))),
        (depends(X, A, {"": "D", _PER_POD: "A"}),)),
    Case(116, "CNI-22: on kube-network-policies it hides the baseline", "KNP networkpolicy.go", joined(_OUT_ONLY, base(into(("Deny", _ALL)))),
        (allowed(X, A),), "kube-network-policies@npa-v1alpha2"),
    Case(116, "on Calico it does not", "CAL endpoints.go", joined(_OUT_ONLY, base(into(("Deny", _ALL)))), (denied(X, A),), "calico"),
    Case(117, "egress that is accepted is not ingress", "A2", joined(admin(out(("Accept", _BLUE))), knp("podSelector: {}, policyTypes: [Ingress]", namespace="x")), (denied(A, X),)),
    Case(118, "an admin denial at the other end", "page 2.4",
        joined(admin(out(("Accept", _BLUE))), admin(into(("Deny", _RED)), name="there", subject="subject: {namespaces: {matchLabels: {team: blue}}}")), (denied(A, X),)),
    Case(119, "a pass leaves the whole tier", "A2", joined(admin(into(("Pass", _BLUE)), 1, "first"), admin(into(("Deny", _BLUE)), 2, "second")), (allowed(X, A),)),
    Case(131, "two of one priority about different pods", "network-policy-api#385",
        joined(admin(into(("Deny", _BLUE)), 15, "first"), admin(into(("Deny", _BLUE)), 15, "second", "subject: {namespaces: {matchLabels: {team: blue}}}")),
        (denied(X, A), denied(X, Y))),
    Case(131, "two of one priority about different peers", "network-policy-api#396",
        joined(admin(into(("Deny", _BLUE)), 15, "first"), admin(into(("Accept", _RED)), 15, "second")), (denied(X, A), allowed(B, A))),
    Case(132, "two of one priority that contradict each other", "A2",
        joined(admin(into(("Accept", _ALL)), 15, "first"), admin(into(("Deny", _BLUE)), 15, "second")),
        (depends(X, A, {"": "A", _AFTER: "D"}), allowed(B, A))),
    Case(132, "where ties are broken by name", "KNP", joined(admin(into(("Accept", _ALL)), 15, "first"), admin(into(("Deny", _BLUE)), 15, "second")),
        (allowed(X, A),), assume={"same_priority": "by_name"}),
    Case(132, "on kube-network-policies they are", "KNP", joined(admin(into(("Accept", _ALL)), 15, "first"), admin(into(("Deny", _BLUE)), 15, "second")),
        (allowed(X, A),), "kube-network-policies@npa-v1alpha2"),
    Case(132, "on Cilium a denial is stronger on the same level", "CIL 4.3", joined(admin(into(("Accept", _ALL)), 15, "first"), admin(into(("Deny", _BLUE)), 15, "second")),
        (denied(X, A), allowed(B, A)), "cilium", {"cluster_policies": "on"}),
    Case(132, "on Cilium the first rule of one is before the second of the other", "CIL 4.3",
        joined(admin(into(("Accept", _BLUE)), 15, "second"), admin(into(("Accept", _RED), ("Deny", _BLUE)), 15, "first")),
        (allowed(X, A),), "cilium", {"cluster_policies": "on"}),
    Case(132, "of one priority in two tiers there is no tie", "A2", joined(admin(into(("Pass", _BLUE)), 15, "first"), base(into(("Deny", _BLUE)), 15, "second")), (denied(X, A),)),
    Case(132, "three of one priority: any of those that match may decide", "A2",
        joined(admin(into(("Accept", _ALL)), 15, "first"), admin(into(("Deny", _RED)), 15, "second"), admin(into(("Deny", _BLUE)), 15, "third")),
        (depends(X, A, {"": "A", _AFTER: "A", order_of("first", "third"): "D"}),)),
    Case(133, "a pass in the baseline leaves the tier", "A2", joined(base(into(("Pass", _BLUE)), 1, "first"), base(into(("Deny", _BLUE)), 2, "second")), (allowed(X, A),)),
    Case(149, "egress rules alone leave ingress", "A1", policy(ANP, f"priority: 1, {_BE}, egress: [{{action: Deny, to: [{_ALL}]}}]", "a"), (allowed(X, A), denied(A, X))),
    Case(150, "a rule without ports is about every protocol", "A2", admin(into(("Deny", _ALL))), (denied(X, A, 9, "SCTP"), denied(X, A, 9, "UDP"), ping(X, A, "D"))),
    Case(150, "of v1alpha1 it may not be about ICMP", "page 2.6", policy(ANP, f"priority: 1, {_BE}, ingress: [{{action: Deny, from: [{_ALL}]}}]", "a"),
        (denied(X, A, 9, "SCTP"), ping(X, A, {"": "D", "icmp=always_deny": "A"}))),
)  # fmt: skip

_NODES_PORT = out(("Accept", "{nodes: {matchLabels: {zone: east}}}", tcp(9100)), ("Deny", "{nodes: {}}"))
_NAMED = "protocols: [{destinationNamedPort: web}]"
_DNS_NAMED = "protocols: [{destinationNamedPort: dns}]"
_NAME = out(("Accept", '{domainNames: ["*.k.io"]}'), ("Deny", _V4))

PEERS = (
    Case(120, "a network of every IPv4 address", "CONF inline-cidr", admin(out(("Deny", _V4))), (denied(A, X), denied(A, W), allowed(A, "2001:db8::9"))),
    Case(121, "pods before a denial of every address", "CONF standard-egress-inline-cidr-rules.yaml",
        admin(out(("Accept", _BLUE), ("Deny", f"{_V4}, {_V6}"))), (allowed(A, X), denied(A, DNS), denied(A, W))),
    Case(122, "one address of a pod before a denial", "CONF inline-cidr", admin(out(("Accept", '{networks: ["10.1.1.1/32"]}'), ("Deny", _V4))), (allowed(A, X), denied(A, Y))),
    Case(123, "a namespace with another label", "CONF inline-cidr",
        admin(out(("Accept", "{namespaces: {matchLabels: {team: green}}}"), ("Deny", f"{_V4}, {_V6}"))), (denied(A, X),)),
    Case(124, "what is no pod is no peer of ingress", "A2", admin(into(("Deny", _ALL))), (allowed(W, A), allowed(ELM, A), allowed(OAK, A), allowed(HN, A))),
    Case(125, "a pod on the host network is no peer by namespace", "A2", admin(out(("Deny", _ALL))), (allowed(A, HN), denied(A, B))),
    Case(126, "nodes, on a port and on all others", "CONF CNPAdminTierEgressNodePeers", admin(_NODES_PORT),
        (allowed(A, HN, 9100), denied(A, HN, 80), allowed(A, ELM, 9100), denied(A, ELM, 80), denied(A, OAK, 9100))),
    Case(127, "a pod on such a node is no node", "A2", admin(out(("Deny", "{nodes: {matchLabels: {zone: east}}}"))), (allowed(A, B), denied(A, ELM))),
    Case(128, "a pod on the host network is no subject", "A2", admin(out(("Deny", _V4)), subject="subject: {namespaces: {}}"), (allowed(HN, W), allowed(HN, X))),
    Case(129, "a named port of the destination", "CONF CNPAdminTierEgressNamedPort",
        admin(out(("Accept", _RED, _NAMED), ("Deny", _RED))), (allowed(A, B, 8080), denied(A, B, 80), denied(A, B, 8080, "UDP"), denied(A, C, 80))),
    Case(129, "of v1alpha1", "CONF admin-network-policy-experimental-egress-rules.go",
        policy(ANP, f"priority: 1, {_BE}, egress: [{{action: Allow, to: [{_RED}], ports: [{{namedPort: web}}]}}, {{action: Deny, to: [{_RED}]}}]", "a"),
        (allowed(A, B, 8080), denied(A, B, 80))),
    Case(130, "the name tells the protocol", "CONF CNPAdminTierIngressNamedPort", joined(admin(into(("Accept", _ALL, _DNS_NAMED))), _SHUT),
        (allowed(X, A, 53, "UDP"), denied(X, A, 53))),
    Case(145, "a name of domains stands for addresses that nobody knows", "A2", admin(_NAME),
        (depends(A, W, {"": "D", "*.k.io resolves to the address of the destination=true": "A"}),)),
    Case(148, "a pod to its own address", "SITE", admin(out(("Deny", f"{_V4}, {_ALL}"))), (allowed(A, A),)),
    Case(148, "a pod to itself through a Service", "SITE; network-policy-api#390",
        admin(out(("Deny", _V4)), subject="subject: {namespaces: {}}"), (denied(B, B, 8080, via="a/front:80"),)),
    Case(148, "of v1alpha1 no text says it", "page 2.9",
        policy(ANP, f"priority: 1, subject: {{namespaces: {{}}}}, egress: [{{action: Deny, to: [{_V4}]}}]", "a"),
        (depends(B, B, {"": "D", "self_via_service=allowed": "A"}, 8080)._replace(via="a/front:80"),)),
    Case(148, "the own node is nobody's exemption", "CONF CNPAdminTierEgressNodePeers", admin(out(("Deny", "{nodes: {}}"))),
        (denied(A, OAK),), assume={"pod_to_own_node": "always_allow"}),
    Case(148, "not in the baseline either", "page 2.9", base(out(("Deny", "{nodes: {}}"))), (denied(A, OAK),), assume={"pod_to_own_node": "always_allow"}),
    Case(146, "a port without a protocol is one of TCP", "CRD1 default",
        policy(ANP, f"priority: 1, {_BE}, ingress: [{{action: Deny, from: [{_ALL}], ports: [{{portNumber: {{port: 53}}}}]}}]", "a"), (allowed(X, A, 53, "UDP"), denied(X, A, 53))),
    Case(137, "pods of every namespace", "CRD2", admin(into(("Deny", "{pods: {podSelector: {matchLabels: {app: fe}}}}"))), (denied(X, A), denied(B, A), allowed(Y, A))),
    Case(126, "nodes that nobody declares may have any label", "CONF CNPAdminTierEgressNodePeers",
        joined("apiVersion: v1\nkind: Pod\nmetadata: {name: far, namespace: z}\nspec: {nodeName: fir, hostNetwork: true, containers: [{name: main, image: i}]}\n",
            admin(out(("Deny", "{nodes: {matchLabels: {zone: east}}}")))),
        (depends(A, "node fir", {"": "A", "node fir has labels that a peer of nodes selects=true": "D"}),)),
)  # fmt: skip

_CILIUM = {"cluster_policies": "on"}
_GATE = {"cluster_policies": "on"}
_SIX = """apiVersion: v1
kind: Pod
metadata: {name: six, namespace: a, labels: {app: be}}
spec: {nodeName: elm, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: "fd00::6", podIPs: [{ip: "fd00::6"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: seven, namespace: a, labels: {app: fe}}
spec: {nodeName: elm, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: "fd00::7", podIPs: [{ip: "fd00::7"}]}
"""


def _icmp6(kind: int, want: str) -> Query:
    return Query("a/seven", "a/six", None, want, "ICMP", icmp=(kind, 0), family=6)


_CNP_DENY = cnp(
    "endpointSelector: {matchLabels: {app: be}}, ingressDeny: [{fromEndpoints: [{matchLabels: {app: fe}}]}]"
)

PLUGINS = (
    Case(110, "Cilium: the lower priority first", "CIL 4.3",
        joined(admin(into(("Deny", _BLUE)), 50, "first"), admin(into(("Pass", _BLUE)), 40, "second"), base(into(("Accept", _BLUE)))), (allowed(X, A),), "cilium", _CILIUM),
    Case(111, "Cilium: an admin accept goes before a denial of Cilium's own", "CIL 7, 101", joined(admin(into(("Accept", _RED, _TCP80))), _CNP_DENY),
        (allowed(B, A, 80), denied(B, A, 81)), "cilium", _CILIUM),
    Case(111, "Cilium: after a pass its own policies decide", "CIL 7, 101", joined(admin(into(("Pass", _RED))), _CNP_DENY), (denied(B, A),), "cilium", _CILIUM),
    Case(114, "Cilium: it closes nobody", "CIL 4.3", admin(into(("Accept", _BLUE))), (allowed(X, A), allowed(DNS, A)), "cilium", _CILIUM),
    Case(115, "Cilium: the baseline does not open what is closed", "CIL 4.3", joined(_SHUT, base(into(("Accept", _BLUE)))), (denied(X, A),), "cilium", _CILIUM),
    Case(113, "Cilium: the baseline decides where nothing else does", "CIL 4.3", base(into(("Deny", _BLUE))), (denied(X, A), allowed(B, A)), "cilium", _CILIUM),
    Case(113, "Cilium: what is allowed without closing anybody hides the baseline there", "CIL 4.3",
        joined(cnp("endpointSelector: {matchLabels: {app: be}}, enableDefaultDeny: {ingress: false}, ingress: [{fromEntities: [all], toPorts: [{ports: [{port: '80'}]}]}]"), base(into(("Deny", _BLUE)))),
        (allowed(X, A, 80), denied(X, A, 81)), "cilium", _CILIUM),
    Case(120, "Cilium: networks are neither pods nor nodes", "CIL 4.3", admin(out(("Deny", _V4))), (allowed(A, X), denied(A, W), allowed(A, ELM)), "cilium", _CILIUM),
    Case(126, "Cilium: without the option for nodes a denial fails closed", "CIL 4.3", admin(out(("Deny", "{nodes: {matchLabels: {zone: east}}}"))), (denied(A, ELM), denied(A, X)), "cilium", _CILIUM),
    Case(126, "Cilium: and an accept matches nothing", "CIL 4.3", admin(out(("Accept", "{nodes: {}}"), ("Deny", _BLUE))), (allowed(A, ELM), denied(A, X)), "cilium", _CILIUM),
    Case(126, "Cilium: nodes with it", "CIL 4.3", admin(out(("Deny", "{nodes: {matchLabels: {zone: east}}}"))), (denied(A, ELM), allowed(A, OAK), allowed(A, X)), "cilium",
        {**_CILIUM, "node_selector_labels": "on"}),
    Case(124, "Cilium: what is no pod is no peer of ingress", "CIL 4.3", admin(into(("Deny", _ALL))), (allowed(W, A), allowed(OAK, A), denied(X, A)), "cilium", _CILIUM),
    Case(129, "Cilium: a named port", "CIL 2.2", admin(out(("Accept", _RED, _NAMED), ("Deny", _RED))), (allowed(A, B, 8080), denied(A, B, 80)), "cilium", _CILIUM),
    Case(143, "Cilium: values of expressions may get lost", "CIL 4.3", admin(into(("Deny", "{namespaces: {matchExpressions: [{key: team, operator: In, values: [blue]}]}}"))),
        cni="cilium", assume=_CILIUM, refused=("NPV579",)),
    Case(126, "Calico: a denial with nodes is one of everything", "CAL clusternetworkpolicy.go", admin(out(("Deny", "{nodes: {matchLabels: {zone: east}}}"))), (denied(A, X),), "calico"),
    Case(111, "CNI-25: AdminNetworkPolicy has no effect on Cilium 1.19", "cilium/cilium#23380",
        policy(ANP, f"priority: 1, {_BE}, ingress: [{{action: Deny, from: [{_ALL}]}}]", "a"), (allowed(X, A),), "cilium@1.19", warned=("NPV575",)),
    Case(111, "CNI-26: ClusterNetworkPolicy has no effect on Amazon's plugin", "AWC groupversion_info.go", admin(into(("Deny", _ALL))), (allowed(X, A),), "aws-vpc-cni", warned=("NPV575",)),
    Case(111, "a gate is shut unless it is said to be open", "ANT docs/cluster-network-policy.md", admin(into(("Deny", _ALL))), (allowed(X, A),), "antrea", warned=("NPV575",)),
    Case(111, "an open gate", "ANT docs/cluster-network-policy.md", admin(into(("Deny", _ALL))), (denied(X, A),), "antrea", {"cluster_policies": "on"}),
    Case(111, "where nobody knows there is no answer", "page 2.4", admin(into(("Deny", _ALL))), cni="gke-dpv2", refused=("NPV577",)),
    Case(126, "nor where nobody knows the peers", "page 2.4", admin(out(("Deny", "{nodes: {}}"))), cni="antrea", assume={"cluster_policies": "on"}, refused=("NPV577",)),
    Case(111, "OVN-Kubernetes takes priorities up to 99", "OVN docs",
        joined(policy(ANP, f"priority: 100, {_BE}, ingress: [{{action: Deny, from: [{_ALL}]}}]", "late"), policy(ANP, f"priority: 99, {_BE}, ingress: [{{action: Deny, from: [{_RED}]}}]", "early")),
        (allowed(X, A), denied(B, A)), "ovn-kubernetes", warned=("NPV578",)),
    Case(111, "both versions side by side have no order", "page 2.1",
        joined(admin(into(("Deny", _ALL))), policy(ANP, f"priority: 1, {_BE}, ingress: [{{action: Allow, from: [{_ALL}]}}]", "old")), refused=("NPV576",)),
    Case(148, "Antrea: a pod to itself through a Service passes ingress of every tier", "ANT docs/antrea-network-policy.md",
        joined(admin(into(("Deny", _ALL)), subject="subject: {namespaces: {}}"), base(into(("Deny", _ALL)), subject="subject: {namespaces: {}}")),
        (allowed(B, B, 8080, via="a/front:80"), denied(X, B, 8080)), "antrea", _GATE),
    Case(148, "Antrea: and is judged for egress", "ANT docs/antrea-network-policy.md",
        admin(out(("Deny", _V4)), subject="subject: {namespaces: {}}"), (denied(B, B, 8080, via="a/front:80"),), "antrea", _GATE),
    Case(150, "kube-network-policies: neighbours before the admin tier", "KNP pkg/dataplane/controller.go",
        joined(_SIX, admin(f"{into(('Deny', _ALL))}, {out(('Deny', _ALL))}")), (_icmp6(135, "A"), _icmp6(137, "A"), _icmp6(128, "D")), "kube-network-policies@npa-v1alpha2"),
    Case(150, "where the API stops all of it", "A2", joined(_SIX, admin(into(("Deny", _ALL)))), (_icmp6(135, "D"),)),
    Case(129, "kube-network-policies: a name was every port of v1alpha1", "KNP plugins/npa-v1alpha1",
        policy(ANP, f"priority: 1, {_BE}, egress: [{{action: Allow, to: [{_RED}], ports: [{{namedPort: web}}]}}]", "a"), cni="kube-network-policies@npa-v1alpha1", refused=("NPV577",)),
    Case(126, "kube-network-policies: a node was what runs on it", "KNP plugins/npa-v1alpha1",
        policy(ANP, f"priority: 1, {_BE}, egress: [{{action: Deny, to: [{{nodes: {{}}}}]}}]", "a"), cni="kube-network-policies@npa-v1alpha1", refused=("NPV577",)),
    Case(111, "CNI-01: a plugin that enforces nothing", "FLN", admin(into(("Deny", _ALL))), (allowed(X, A),), "flannel", warned=("NPV575",)),
)  # fmt: skip

_OLD = policy(ANP, f"priority: 1, {_BE}, ingress: [{{action: Deny, from: [%s]%s}}]", "a")


def _old(peer: str = _ALL, more: str = "") -> str:
    return _OLD % (peer, more)


REFUSED = (
    Case(134, "a protocol without ports", "CRD2", admin(into(("Deny", _ALL, "protocols: [{tcp: {}}]"))), refused=("NPV261",)),
    Case(134, "an empty list of protocols", "CRD2", admin(into(("Deny", _ALL, "protocols: []"))), refused=("NPV263",)),
    Case(134, "the port beside its protocol", "NPEP-126", admin(into(("Deny", _ALL, "protocols: [{tcp: null, destinationPort: {number: 80}}]"))), refused=("NPV021",)),
    Case(135, "a range of one port", "CRD2", admin(into(("Deny", _ALL, "protocols: [{tcp: {destinationPort: {range: {start: 80, end: 80}}}}]"))), refused=("NPV273",)),
    Case(135, "a range that ends before it starts", "CRD2", admin(into(("Deny", _ALL, "protocols: [{tcp: {destinationPort: {range: {start: 81, end: 80}}}}]"))), refused=("NPV273",)),
    Case(135, "of v1alpha1, one port", "CRD1", _old(more=", ports: [{portRange: {start: 80, end: 80}}]"), (denied(X, A, 80), allowed(X, A, 81)), warned=("NPV274",)),
    Case(135, "of v1alpha1, reversed", "CRD1", _old(more=", ports: [{portRange: {start: 81, end: 80}}]"), refused=("NPV273",)),
    Case(136, "an empty name of a port", "page 2.3", admin(into(("Deny", _ALL, 'protocols: [{destinationNamedPort: ""}]'))), refused=("NPV073",)),
    Case(137, "pods without namespaceSelector in v1alpha1", "CRD1", _old("{pods: {podSelector: {}}}"), refused=("NPV261",)),
    Case(138, "a peer without anything", "CRD2", admin(into(("Deny", "{}"))), refused=("NPV260",)),
    Case(138, "a peer with two kinds", "CRD2", admin(into(("Deny", "{namespaces: {}, pods: {podSelector: {}}}"))), refused=("NPV260",)),
    Case(139, "an empty list of peers", "CRD2", admin("ingress: [{action: Deny, from: []}]"), refused=("NPV263",)),
    Case(139, "no list of peers", "CRD2", admin("egress: [{action: Deny}]"), refused=("NPV261",)),
    Case(139, "no priority", "CRD1", policy(ANP, _BE, "a"), refused=("NPV261",)),
    Case(139, "priority 1001", "CRD2", admin(into(("Deny", _ALL)), 1001), refused=("NPV265",)),
    Case(139, "no tier", "CRD2", policy(CNP, f"priority: 1, {_BE}", "a"), refused=("NPV261",)),
    Case(140, "the shape of v0.1.2", "page 2.1", _old("{namespaces: {namespaceSelector: {}}}"), refused=("NPV268",)),
    Case(141, "a baseline of another name", "CRD1", policy(BANP, f"{_BE}, ingress: [{{action: Deny, from: [{_ALL}]}}]", "base"), refused=("NPV266",)),
    Case(142, "26 rules", "CRD2", admin(into(*[("Deny", _ALL)] * 26)), refused=("NPV262",)),
    Case(142, "26 peers", "CRD2", admin(into(("Deny", ", ".join([_ALL] * 26)))), refused=("NPV262",)),
    Case(142, "101 rules in v1alpha1", "CRD1", policy(ANP, f"priority: 1, {_BE}, ingress: [{', '.join([f'{{action: Deny, from: [{_ALL}]}}'] * 101)}]", "a"), refused=("NPV262",)),
    Case(143, "an operator that does not exist", "page 2.3", admin(into(("Deny", "{namespaces: {matchExpressions: [{key: team, operator: notIn, values: [x]}]}}"))), refused=("NPV068",)),
    Case(144, "names of domains in a denial", "A2", admin(out(("Deny", "{domainNames: [k.io]}"))), refused=("NPV272",)),
    Case(147, "a protocol that is none", "CRD1", _old(more=", ports: [{portNumber: {protocol: ICMP, port: 1}}]"), refused=("NPV071",)),
)  # fmt: skip

CASES = (*ORDER, *PEERS, *PLUGINS, *REFUSED)

NOT_DECIDABLE: Mapping[int, str] = {}
"""The numbers that have no case, and why: each has one. What 145 asks of addresses is a fact that nobody knows."""
