"""What plugins make of the same policies, as data: for each flow, which plugin lets it pass.

The numbers are those of the findings about network plugins (CNI-01 …); a row without one has the column of the table of
plugins that it is about. A verdict is "A" or "D"; a map gives one for each reading that matters, written `unknown=value`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from dialects.calico.edge_case import Query, Want
from dialects.edge_cases import joined, policy

EVERY = "kubernetes calico cilium antrea kube-router weave azure-npm aws-vpc-cni ovn-kubernetes kube-network-policies"
"""Plugins that enforce something; those that are made of another are asked here and there."""


class Row(NamedTuple):
    """One finding: policies, a flow, and the plugins by what they make of it.

    `warned` and `refused` are codes of messages, by the plugins that have them.
    """

    about: str
    fact: str
    policies: str
    query: Query | None
    verdicts: Mapping[str, Want] = {}
    refused: Mapping[str, str] = {}
    warned: Mapping[str, str] = {}

    @property
    def manifests(self) -> str:
        """The whole input of the row."""
        return joined(WORLD, self.policies) if self.policies else WORLD


WORLD = """
apiVersion: v1
kind: Namespace
metadata: {name: a, labels: {team: red}}
---
apiVersion: v1
kind: Namespace
metadata: {name: b, labels: {team: blue}}
---
apiVersion: v1
kind: Node
metadata: {name: oak}
status: {addresses: [{type: InternalIP, address: 192.168.20.1}, {type: ExternalIP, address: 198.51.100.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: elm}
status: {addresses: [{type: InternalIP, address: 192.168.20.2}]}
---
apiVersion: v1
kind: Pod
metadata: {name: p1, namespace: a, labels: {app: web}}
spec: {nodeName: oak, containers: [{name: main, image: i, ports: [{name: http, containerPort: 80}]}]}
status: {phase: Running, podIP: 10.1.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: p2, namespace: a, labels: {app: web}}
spec: {nodeName: elm, containers: [{name: main, image: i, ports: [{name: http, containerPort: 8080}]}]}
status: {phase: Running, podIP: 10.1.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: a, labels: {app: db, tier: x}}
spec: {nodeName: elm, containers: [{name: main, image: i, ports: [{name: sql, containerPort: 5432}]}]}
status: {phase: Running, podIP: 10.1.0.3}
---
apiVersion: v1
kind: Pod
metadata: {name: hn, namespace: a, labels: {app: hn}}
spec: {nodeName: elm, hostNetwork: true, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 192.168.20.2}
---
apiVersion: v1
kind: Pod
metadata: {name: q, namespace: b, labels: {app: q}}
spec: {nodeName: elm, containers: [{name: main, image: i, ports: [{name: http, containerPort: 8080}]}]}
status: {phase: Running, podIP: 10.2.0.1}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: a}
spec:
  selector: {app: db, tier: x}
  clusterIP: 10.96.0.5
  ports: [{name: sql, port: 15432, targetPort: 5432}, {name: metrics, port: 9999, targetPort: 9090}]
---
apiVersion: v1
kind: Service
metadata: {name: tier, namespace: a}
spec: {selector: {tier: x}, clusterIP: 10.96.0.6, ports: [{port: 15432, targetPort: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: p1, namespace: a}
spec: {type: NodePort, selector: {app: web}, clusterIP: 10.96.0.7, ports: [{port: 80, targetPort: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: local, namespace: a}
spec: {type: NodePort, externalTrafficPolicy: Local, selector: {app: db}, clusterIP: 10.96.0.8, ports: [{port: 5432}]}
"""

P1, P2, DB, HN, Q = "a/p1", "a/p2", "a/db", "a/hn", "b/q"
OAK, ELM = "node oak", "node elm"
WORLDWIDE, METADATA = "203.0.113.9", "198.51.100.9"


def knp(spec: str, name: str = "rules", namespace: str = "a") -> str:
    """A NetworkPolicy."""
    return policy(spec, name=name, namespace=namespace)


def into(rules: str, subject: str = "matchLabels: {app: web}", name: str = "rules") -> str:
    """A NetworkPolicy with ingress rules, about the web pods if not said otherwise."""
    return knp(f"podSelector: {{{subject}}}, policyTypes: [Ingress], ingress: [{rules}]", name)


def out(rules: str, subject: str = "matchLabels: {app: web}", name: str = "rules") -> str:
    """A NetworkPolicy with egress rules."""
    return knp(f"podSelector: {{{subject}}}, policyTypes: [Egress], egress: [{rules}]", name)


def to_block(cidr: str, *excepts: str) -> str:
    """A peer that is a block."""
    holes = f", except: [{', '.join(excepts)}]" if excepts else ""
    return f"{{ipBlock: {{cidr: {cidr}{holes}}}}}"


def flow(src: str, dst: str, port: int | None = 80, protocol: str = "TCP", **more: object) -> Query:
    """A flow; what it is worth stands in the row."""
    return Query(src, dst, port, "A", protocol, **more)  # type: ignore[arg-type]


def ping(src: str, dst: str, kind: int = 8, **more: object) -> Query:
    """An ICMP message."""
    return Query(src, dst, None, "A", "ICMP", icmp=(kind, 0), **more)  # type: ignore[arg-type]


def but(**others: Want) -> dict[str, Want]:
    """Every plugin that is not named otherwise lets the flow pass, or (`rest`) does not. `_` stands for `-`."""
    rest = others.pop("rest", "A")
    named = {name.replace("_", "-"): want for name, want in others.items()}
    return {**dict.fromkeys(EVERY.split(), rest), **named}


def only(**named: Want) -> dict[str, Want]:
    """These plugins and no others. `_` stands for `-`."""
    return {name.replace("_", "-"): want for name, want in named.items()}


_CROSSING = "the table of NetworkPolicy a/rules lets nothing through where blocks and exceptions cross=true"
_NAMELESS = (
    "apiVersion: v1\nkind: Service\nmetadata: {name: nameless, namespace: %s}\n"
    "spec: {selector: {%s}, ports: [{port: 81, targetPort: 8080}]}\n---\n"
)
_ANOTHER = "another Service is called, whose address NetworkPolicy a/rules, egress[0] does not hold=true"
_DOOR = "the connection comes through a node port or a load balancer=true"
_LITERAL = {"": "A", "ipblock_matches_pods=never": "D"}
_NODES = {"": "A", "ipblock_matches_nodes=never": "D"}
_EVERYWHERE = f"{{to: [{to_block('0.0.0.0/0')}]}}"
_DENY = knp("podSelector: {}, policyTypes: [Ingress, Egress]")
_OWN = {"": "D", "pod_to_own_node=always_allow": "A"}
_WEAVE_NODE = "the plugin polices what a node sends to its own pods=true"
_ROOTLESS = "a process without root rights sends it from the node=true"
_NAMED = "{ports: [{port: http}]}"
_PEER = "{from: [{namespaceSelector: {}}], ports: [{port: http}]}"

_HOST_NAMED = """apiVersion: v1
kind: Pod
metadata: {name: hn2, namespace: a, labels: {app: web}}
spec: {nodeName: elm, hostNetwork: true, containers: [{name: main, image: i, ports: [{name: http, containerPort: 9443}]}]}
status: {phase: Running, podIP: 192.168.20.2}
---
""" + into(_PEER)

BLOCKS = (
    Row("CNI-02", "a block of every address, from pod to pod", out(_EVERYWHERE), flow(P1, Q),
        but(cilium="D", azure_cilium="D", kubernetes=_LITERAL, gke_dpv2=_LITERAL)),
    Row("CNI-03", "a block of every address, from a pod to its own node", out(_EVERYWHERE), flow(P1, OAK),
        but(cilium="D", azure_cilium="D", kubernetes={**_NODES, "pod_to_own_node=always_allow": "A"})),
    Row("CNI-03", "a block of every address, from a pod to another node", out(_EVERYWHERE), flow(P1, ELM),
        but(cilium="D", azure_cilium="D", kubernetes=_NODES)),
    Row("CNI-04", "egress to one block, from a pod to its own node", out(f"{{to: [{to_block('10.20.30.0/24')}]}}"), flow(P1, OAK),
        but(rest="D", azure_npm="A", weave="A", aws_vpc_cni="A", kubernetes=_OWN)),
    Row("pod_to_own_node", "egress to one block, from a pod to another node", out(f"{{to: [{to_block('10.20.30.0/24')}]}}"), flow(P1, ELM),
        only(azure_npm="D", aws_vpc_cni="D", weave="D")),
    Row("pod_to_own_node", "a node port of the own node", out(f"{{to: [{to_block('10.20.30.0/24')}]}}"), flow(P1, OAK, 30080, "UDP"),
        but(rest="D", azure_npm="A", weave="A", aws_vpc_cni="A", kube_router="A", kubernetes=_OWN)),
    Row("pod_to_own_node", "a node port of another node, and one more than there are", out(f"{{to: [{to_block('10.20.30.0/24')}]}}"),
        flow(P1, ELM, 30080), only(kube_router="D")),
    Row("pod_to_own_node", "no node port of the own node", out(f"{{to: [{to_block('10.20.30.0/24')}]}}"), flow(P1, OAK, 32768),
        only(kube_router="D")),
    Row("CNI-11", "an exception of one rule, and a wider block of another",
        out(f"{{to: [{to_block('198.51.0.0/16', '198.51.100.0/24')}]}}, {_EVERYWHERE}"), flow(P1, METADATA), but(aws_vpc_cni="D")),
    Row("CNI-11", "and a wider block of another policy",
        out(f"{{to: [{to_block('198.51.0.0/16', '198.51.100.0/24')}]}}") + "\n---\n" + out(_EVERYWHERE, name="other"),
        flow(P1, METADATA), but(aws_vpc_cni="D")),
    Row("except_scope", "the other policy is about another pod",
        out(f"{{to: [{to_block('198.51.0.0/16', '198.51.100.0/24')}]}}", "matchLabels: {app: db}") + "\n---\n" + out(_EVERYWHERE, name="other"),
        flow(P1, METADATA), only(aws_vpc_cni="A", calico="A")),
    Row("except_scope", "the exception is listed as a block itself",
        out(f"{{to: [{to_block('198.51.0.0/16', '198.51.100.0/24')}]}}, {{to: [{to_block('198.51.100.0/24')}]}}"), flow(P1, METADATA),
        only(calico="A", aws_vpc_cni={"": "A", _CROSSING: "D"})),
    Row("except_scope", "a block that begins as the exception of a wider one does",
        out(f"{{to: [{to_block('198.0.0.0/8', '198.51.0.0/24')}]}}, {{to: [{to_block('198.51.0.0/16')}], ports: [{{port: 22}}]}}"), flow(P1, METADATA),
        only(calico="A", aws_vpc_cni={"": "A", _CROSSING: "D"})),
    Row("except_scope", "a block that begins elsewhere",
        out(f"{{to: [{to_block('198.0.0.0/8', '198.51.99.0/24')}]}}, {{to: [{to_block('198.51.0.0/16')}], ports: [{{port: 22}}]}}"), flow(P1, METADATA),
        only(calico="A", aws_vpc_cni="A")),
    Row("except_scope", "a pod that a rule means, in an exception",
        out(f"{{to: [{to_block('10.0.0.0/8', '10.1.0.0/16')}]}}, {{to: [{{podSelector: {{matchLabels: {{app: db}}}}}}]}}"), flow(P1, DB, 5432),
        only(calico="A", aws_vpc_cni={"": "A", _CROSSING: "D"})),
    Row("except_scope", "and one that no rule means",
        out(f"{{to: [{to_block('10.0.0.0/8', '10.1.0.0/16')}]}}, {{to: [{{podSelector: {{matchLabels: {{app: db}}}}}}]}}"), flow(P1, P2),
        only(calico="D", aws_vpc_cni="D")),
    Row("except_scope", "what is in the exception and in nothing else",
        out(f"{{to: [{to_block('198.51.0.0/16', '198.51.100.0/24')}]}}"), flow(P1, METADATA), but(rest="D")),
    Row("except_scope", "what is in the block and not in the exception",
        out(f"{{to: [{to_block('198.51.0.0/16', '198.51.99.0/24')}]}}"), flow(P1, METADATA), but()),
    Row("CNI-12", "an exception, and a narrower block of the same rule that holds it",
        out(f"{{to: [{to_block('198.51.0.0/16', '198.51.100.0/24')}, {to_block('198.51.0.0/17')}]}}"), flow(P1, METADATA),
        only(kubernetes="A", calico="A", cilium="A", antrea="A", kube_network_policies="A", kube_router="D", weave="A")),
    Row("CNI-12", "a block inside the exception counts again",
        out(f"{{to: [{to_block('198.51.0.0/16', '198.51.100.0/24')}, {to_block('198.51.100.8/29')}]}}"), flow(P1, METADATA),
        only(kubernetes="A", kube_router="A")),
    Row("CNI-12", "in two rules there are two sets",
        out(f"{{to: [{to_block('198.51.0.0/16', '198.51.100.0/24')}]}}, {{to: [{to_block('198.51.0.0/17')}]}}"), flow(P1, METADATA),
        only(kubernetes="A", kube_router="A")),
    Row("CNI-12", "a block that is the exception of another",
        out(f"{{to: [{to_block('198.51.0.0/16', '198.51.100.0/24')}, {to_block('198.51.100.0/24')}]}}"), None,
        refused={"kube-router": "NPV572"}),
    Row("CNI-13", "every IPv6 address, and one of the translation prefix", out(f"{{to: [{to_block('::/0')}]}}".replace("::/0", '"::/0"')),
        flow(P1, "64:ff9b::1"), only(calico="A", antrea="A", kube_router="D", ovn_kubernetes="A", kube_network_policies="A", aws_vpc_cni="A")),
    Row("CNI-13", "every IPv6 address, and an ordinary one", out("{to: [{ipBlock: {cidr: '::/0'}}]}"), flow(P1, "2001:db8::1"),
        only(kube_router="A")),
    Row("ipv6_everything", "every IPv4 address but a half", out(f"{{to: [{to_block('0.0.0.0/0', '203.0.0.0/8')}]}}"),
        flow(P1, WORLDWIDE), only(kube_router="D", calico="D")),
    Row("ipv6", "a block of IPv6", out("{to: [{ipBlock: {cidr: '2001:db8::/32'}}]}"), None, refused={"azure-npm": "NPV572", "weave": "NPV572"}),
)  # fmt: skip

PORTS = (
    Row("CNI-07", "a range of ports, and a port inside it",
        into("{from: [{namespaceSelector: {}}], ports: [{port: 32000, endPort: 32768}]}"), flow(Q, P1, 32500),
        {**but(weave="D", kubernetes={"": "A", "endport_supported=false": "D"}), "cilium@1.15": "D", "cilium@1.16": "A"}),
    Row("endport", "the first port of the range",
        into("{from: [{namespaceSelector: {}}], ports: [{port: 32000, endPort: 32768}]}"), flow(Q, P1, 32000), {**but(), "cilium@1.15": "A"}),
    Row("CNI-08", "a name that another selected pod has under this number", into(_PEER), flow(Q, P1, 8080),
        but(rest="D", aws_vpc_cni="A", ovn_kubernetes="A", weave="A"), warned={"weave": "NPV573"}),
    Row("CNI-08", "the number that the pod itself has", into(_PEER), flow(Q, P1, 80), but()),
    Row("CNI-09", "a port that has the name nowhere", into(_PEER), flow(Q, P1, 443),
        but(rest="D", ovn_kubernetes="A", weave="A")),
    Row("CNI-09", "another protocol", into(_PEER), flow(Q, P1, 80, "UDP"), but(rest="D", weave="A")),
    Row("CNI-10", "a policy with a name of a port isolates", into(_PEER), flow(WORLDWIDE, P1, 80),
        but(rest="D", weave="A", azure_npm={"": "D", _DOOR: "A"})),
    Row("CNI-10", "and other rules of it fall with it", into("{from: [{podSelector: {}}], ports: [{port: http}]}, {ports: [{port: 22}]}"),
        flow(Q, P1, 80), only(weave="A", calico="D")),
    Row("named_ports", "a name in a rule for blocks", into(f"{{from: [{to_block('203.0.113.0/24')}], ports: [{{port: http}}]}}"),
        flow(WORLDWIDE, P1, 80), only(kubernetes="A", calico="A", aws_vpc_cni="A", kube_router="A")),
    Row("named_ports", "and under a number of another selected pod", into(f"{{from: [{to_block('203.0.113.0/24')}], ports: [{{port: http}}]}}"),
        flow(WORLDWIDE, P1, 8080), only(kubernetes="D", aws_vpc_cni="A")),
    Row("named_ports", "a name in a rule for everybody", into("{ports: [{port: http}]}"),
        flow(Q, P1, 8080), only(kubernetes="D", aws_vpc_cni="A")),
    Row("named_ports", "a name in an egress rule for blocks and pods", out(f"{{to: [{to_block('10.2.0.0/16')}, {{podSelector: {{}}}}], ports: [{{port: http}}]}}"),
        flow(P1, Q, 8080), only(kubernetes={"": "A", "ipblock_matches_pods=never": "D"}, aws_vpc_cni="D")),
    Row("named_ports", "Amazon's: a number that a pod on the network of its node has", _HOST_NAMED, flow(Q, P1, 9443),
        only(kubernetes="D", aws_vpc_cni="A")),
    Row("named_ports", "a name and a number in a rule for blocks",
        into(f"{{from: [{to_block('203.0.113.0/24')}], ports: [{{port: http}}, {{port: 443}}]}}"), flow(WORLDWIDE, P1, 443),
        only(calico="A", aws_vpc_cni="A")),
    Row("named_ports", "a name that no selected pod has", into("{from: [{namespaceSelector: {}}], ports: [{port: nowhere}]}"), None,
        refused={"aws-vpc-cni": "NPV572"}),
    Row("named_ports", "the table of the cluster: the name has two numbers", out("{to: [{namespaceSelector: {}}], ports: [{port: http}]}"),
        flow(P1, Q, 8080), {"cilium@1.19": "D", "cilium@1.20": "A", "azure-cilium": "D", "calico": "A", "aws-vpc-cni": "A"}),
    Row("CNI-24", "a name in an egress rule for everybody, in another namespace", out(_NAMED), flow(P1, Q, 8080),
        # 8080 is also what it is in the policy's own namespace
        only(calico="A", kubernetes="A", antrea="A", kube_router="A", aws_vpc_cni="D", kube_network_policies="A")),
    Row("CNI-24", "under a number that it has only there",
        knp(f"podSelector: {{}}, policyTypes: [Egress], egress: [{_NAMED}]", namespace="b"), flow(Q, P1, 80),
        only(calico="A", kubernetes="A", antrea="A", kube_router="D")),
    Row("CNI-24", "in the policy's own namespace", out(_NAMED), flow(P1, P2, 8080),
        only(calico="A", kube_router="A", aws_vpc_cni="D")),
    Row("named_ports", "kube-router: a name in an egress rule for everybody opens its numbers to everybody", out(_NAMED),
        flow(P1, WORLDWIDE, 8080), only(kubernetes="D", calico="D", antrea="D", kube_router="A")),
    Row("named_ports", "and no number that only another namespace has", out("{ports: [{port: sql}]}"), flow(P1, WORLDWIDE, 8080),
        only(kubernetes="D", kube_router="D")),
    Row("named_ports", "and of another protocol none", out("{ports: [{port: http, protocol: UDP}]}"), flow(P1, Q, 8080, "UDP"),
        only(kubernetes="D", kube_router="D")),
    Row("named_ports", "kube-router: a name that no selected pod has opens every port to the pods of the rule",
        into("{from: [{podSelector: {}}], ports: [{port: nowhere}]}"), flow(DB, P1, 443),
        only(kubernetes="D", calico="D", antrea="D", kube_router="A")),
    Row("named_ports", "and every protocol", into("{from: [{podSelector: {}}], ports: [{port: http, protocol: UDP}]}"),
        flow(DB, P1, 53, "UDP"), only(kubernetes="D", kube_router="A")),
    Row("named_ports", "but to no other pods", into("{from: [{podSelector: {}}], ports: [{port: nowhere}]}"), flow(Q, P1, 443),
        only(kubernetes="D", kube_router="D")),
    Row("named_ports", "and not to blocks beside them", into(f"{{from: [{{podSelector: {{}}}}, {to_block('203.0.113.0/24')}], ports: [{{port: nowhere}}]}}"),
        flow(WORLDWIDE, P1, 443), only(kubernetes="D", kube_router="D")),
    Row("named_ports", "nor where a number stands beside it", into("{from: [{podSelector: {}}], ports: [{port: nowhere}, {port: 22}]}"),
        flow(DB, P1, 443), only(kubernetes="D", kube_router="D")),
    Row("named_ports", "nor for everybody", into("{ports: [{port: nowhere}]}"), flow(DB, P1, 443), only(kubernetes="D", kube_router="D")),
    Row("named_ports", "kube-router: in egress it is looked up in the pods of the rule",
        out("{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: http}]}"), flow(P1, DB, 443),
        only(kubernetes="D", calico="D", kube_router="A")),
    Row("named_ports", "of which one has it", out("{to: [{podSelector: {}}], ports: [{port: sql}]}"), flow(P1, P2, 443),
        only(kubernetes="D", kube_router="D")),
    Row("named_ports", "kube-router: a name in an egress rule for blocks opens nothing",
        out(f"{{to: [{to_block('10.0.0.0/8')}], ports: [{{port: http}}]}}"), flow(P1, P2, 8080),
        only(calico="A", antrea="A", kube_router="D")),
    Row("CNI-24", "with a number beside it", out("{ports: [{port: http}, {port: 443}]}"), flow(P1, Q, 443),
        only(calico="A", kube_router="A", aws_vpc_cni="A")),
    Row("named_port_containers", "a name that an init container alone has",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: i, namespace: a, labels: {app: i}}\n"
        "spec: {containers: [{name: main, image: i}], initContainers: [{name: pre, image: i, ports: [{name: pre, containerPort: 9}]}]}\n"
        "status: {phase: Running, podIP: 10.1.0.9}\n---\n" + into("{ports: [{port: pre}]}", "matchLabels: {app: i}"), flow(Q, "a/i", 9),
        only(calico="A", kube_router="D", kube_network_policies="D", antrea="D")),
    Row("named_port_containers", "a name that a sidecar alone has",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: i, namespace: a, labels: {app: i}}\n"
        "spec: {containers: [{name: main, image: i, ports: [{name: pre, containerPort: 8}]}]}\n"
        "status: {phase: Running, podIP: 10.1.0.9}\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: j, namespace: a, labels: {app: i}}\n"
        "spec: {containers: [{name: main, image: i}], initContainers: [{name: s, image: i, restartPolicy: Always, ports: [{name: pre, containerPort: 9}]}]}\n"
        "status: {phase: Running, podIP: 10.1.0.10}\n---\n" + into("{ports: [{port: pre}]}", "matchLabels: {app: i}"), flow(Q, "a/j", 9),
        only(calico="A", kube_router="D", kube_network_policies="D", antrea="D", aws_vpc_cni="D")),
    Row("named_port_duplicates", "the second port of one name",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: i, namespace: a, labels: {app: i}}\n"
        "spec: {containers: [{name: main, image: i, ports: [{name: two, containerPort: 8}]}, {name: more, image: i, ports: [{name: two, containerPort: 9}]}]}\n"
        "status: {phase: Running, podIP: 10.1.0.9}\n---\n" + into("{ports: [{port: two}]}", "matchLabels: {app: i}"), flow(Q, "a/i", 9),
        only(calico="A", kube_router="A", kube_network_policies="A", aws_vpc_cni="D", antrea={"": "A", "named_port_duplicates=first": "D"})),
    Row("CNI-21", "25 ports for a block",
        out(f"{{to: [{to_block('203.0.113.0/24')}], ports: [{', '.join(f'{{port: {n}}}' for n in range(1, 26))}]}}"), None,
        refused={"aws-vpc-cni": "NPV572"}),
    Row("port_entries", "24 ports for a block",
        out(f"{{to: [{to_block('203.0.113.0/24')}], ports: [{', '.join(f'{{port: {n}}}' for n in range(1, 25))}]}}"), flow(P1, WORLDWIDE, 24),
        only(aws_vpc_cni="A")),
    Row("port_entries", "13 ports for each of two blocks that share addresses",
        out(f"{{to: [{to_block('203.0.113.0/24')}], ports: [{', '.join(f'{{port: {n}}}' for n in range(1, 14))}]}}")
        + "\n---\n" + out(f"{{to: [{to_block('203.0.0.0/16')}], ports: [{', '.join(f'{{port: {n}}}' for n in range(21, 34))}]}}", name="other"), None,
        refused={"aws-vpc-cni": "NPV572"}),
    Row("port_entries", "13 ports for each of two blocks that share none",
        out(f"{{to: [{to_block('203.0.113.0/24')}], ports: [{', '.join(f'{{port: {n}}}' for n in range(1, 14))}]}}")
        + "\n---\n" + out(f"{{to: [{to_block('203.0.112.0/24')}], ports: [{', '.join(f'{{port: {n}}}' for n in range(21, 34))}]}}", name="other"),
        flow(P1, WORLDWIDE, 13), only(aws_vpc_cni="A")),
    Row("sctp", "SCTP to an isolated pod with a rule for it",
        into("{ports: [{port: 80, protocol: SCTP}]}"), flow(Q, P1, 80, "SCTP"),
        only(kubernetes="A", calico="A", cilium="D", azure_cilium="D", antrea="A", aws_vpc_cni="A", azure_npm="A")),
    Row("sctp", "where it is not known", into("{ports: [{port: 80, protocol: SCTP}]}"), None, refused={"weave": "NPV572"}),
)  # fmt: skip

ENDS = (
    Row("CNI-01", "a default deny", _DENY, flow(P1, Q), {**but(rest="D"), "canal": "D", "azure-cilium": "D", "gke-dpv2": "D", "flannel": "A", "none": "A"}),
    Row("CNI-14", "a default deny, and a ping", _DENY, ping(Q, P1),
        but(rest="D", kube_router="A", kubernetes={"": "D", "icmp=always_allow": "A"}, antrea={"": "D", "icmp=always_allow": "A"})),
    Row("icmp", "a default deny, and a redirect", _DENY, ping(Q, P1, 5), only(kube_router="D")),
    Row("icmp", "a default deny, and an unreachable destination", _DENY, ping(Q, P1, 3), only(kube_router="A")),
    Row("icmp", "a default deny, and a search for a neighbour by ICMPv6",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: six, namespace: a}\nspec: {containers: [{name: main, image: i}]}\n"
        "status: {phase: Running, podIP: 'fd00::9'}\n---\n" + _DENY, ping("a/six", "2001:db8::1", 135),
        only(kube_router="A", kube_network_policies="A", ovn_kubernetes="D", calico="D", cilium="D", aws_vpc_cni="D",
             antrea={"": "D", "icmp=always_allow": "A"})),
    Row("CNI-15", "a rule with ports, and a ping", into("{from: [{namespaceSelector: {}}], ports: [{port: 80}]}"), ping(Q, P1),
        but(rest="D", kube_router="A", kubernetes={"": "D", "icmp=always_allow": "A"}, antrea={"": "D", "icmp=always_allow": "A"})),
    Row("CNI-16", "a rule without ports, and a ping", into("{from: [{namespaceSelector: {}}]}"), ping(Q, P1),
        but(kubernetes={"": "A", "icmp=always_deny": "D"}, antrea={"": "A", "icmp=always_deny": "D"})),
    Row("CNI-17", "a pod to itself through a Service, ingress closed",
        knp("podSelector: {}, policyTypes: [Ingress]"), flow(P1, P1, 80, via="a/p1:80"),
        only(cilium="A", ovn_kubernetes="A", antrea="A", calico="D", kube_network_policies="D",
             kubernetes={"": "D", "self_via_service=allowed": "A"}, kube_router={"": "D", "self_via_service=allowed": "A"})),
    Row("CNI-17", "a pod to itself through a Service, both closed", _DENY, flow(P1, P1, 80, via="a/p1:80"),
        only(cilium="A", ovn_kubernetes="A", antrea="D", calico="D", kube_network_policies="D")),
    Row("CNI-17", "a pod to itself through a Service, where its own pods are let in", into("{from: [{podSelector: {}}]}"),
        flow(P1, P1, 80, via="a/p1:80"),
        only(cilium="A", ovn_kubernetes="A", antrea="A", calico="A", kube_network_policies="A",
             kubernetes={"": "A", "self_via_service=source_hidden": "D"})),
    Row("CNI-18", "a namespaceSelector, and a pod on the host network", into("{from: [{namespaceSelector: {}}]}"), flow(HN, P1),
        but(rest="D", aws_vpc_cni="A", kubernetes={"": "D", "hostnetwork_pods=as_pod": "A"})),
    Row("CNI-18", "with a podSelector beside it", into("{from: [{namespaceSelector: {}, podSelector: {}}]}"), flow(HN, P1),
        but(rest="D", aws_vpc_cni="A", ovn_kubernetes="A", kubernetes={"": "D", "hostnetwork_pods=as_pod": "A"})),
    Row("CNI-18", "a podSelector that finds it, and its node, which has its address",
        into("{from: [{podSelector: {matchLabels: {app: hn}}}]}"), flow(ELM, P1), but(rest="D", aws_vpc_cni="A", ovn_kubernetes="A")),
    Row("CNI-18", "a podSelector that finds it, and another node",
        into("{from: [{podSelector: {matchLabels: {app: hn}}}]}", "matchLabels: {app: db}"), flow(OAK, DB), but(rest="D")),
    Row("hostnetwork_pods", "it is no subject", knp("podSelector: {}, policyTypes: [Egress]"), flow(HN, WORLDWIDE),
        but(kubernetes={"": "A", "hostnetwork_pods=as_pod": "D"})),
    Row("CNI-23", "the own node, to a closed pod", _DENY, flow(OAK, P1),
        but(kube_network_policies={"": "A", _ROOTLESS: "D"}, weave={"": "A", _WEAVE_NODE: "D"}, aws_vpc_cni="A")),
    Row("node_to_own_pod", "another node", _DENY, flow(ELM, P1), but(rest="D")),
    Row("CNI-19", "a rule for pods, through a Service whose selector its peer matches",
        out("{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}"), flow(P1, DB, 5432, via="a/db:15432"), but()),
    Row("CNI-20", "through a Service whose selector it does not match",
        out("{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}"), flow(P1, DB, 5432, via="a/tier:15432"),
        but(aws_vpc_cni="D")),
    Row("service_translation", "a Service of unknown address before pods that a peer means",
        _NAMELESS % ("a", "app: web") + out("{to: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 8080}]}", "matchLabels: {app: db}"),
        flow(DB, P2, 8080, via="a/nameless:81"), only(calico="A", aws_vpc_cni={"": "A", _ANOTHER: "D"})),
    Row("service_translation", "a Service of unknown address before pods that no other one stands before",
        _NAMELESS % ("b", "app: q") + out("{to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: q}}}], ports: [{port: 8080}]}"),
        flow(P1, Q, 8080, via="b/nameless:81"), only(calico="A", aws_vpc_cni="A")),
    Row("service_translation", "a Service whose target is a name",
        (_NAMELESS % ("b", "app: q")).replace("8080", "http") + out("{to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: q}}}], ports: [{port: 8080}]}"),
        flow(P1, Q, 8080, via="b/nameless:81"), only(calico="A", aws_vpc_cni="A")),
    Row("service_translation", "and on another port of theirs",
        _NAMELESS % ("b", "app: q") + out("{to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: q}}}], ports: [{port: 81}]}"),
        flow(P1, Q, 8080, via="b/nameless:81"), only(calico="D", aws_vpc_cni="D")),
    Row("service_translation", "another port of the Service",
        out("{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}"), flow(P1, DB, 9090, via="a/db:9999"), but(rest="D")),
    Row("service_translation", "the same pod at its own address",
        out("{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}"), flow(P1, DB, 5432), but()),
    Row("service_translation", "a rule for everybody on the pod's port, through a Service on another",
        out("{ports: [{port: 5432}]}"), flow(P1, DB, 5432, via="a/db:15432"), but(aws_vpc_cni="D")),
    Row("service_translation", "a rule for everybody on the port of the Service",
        out("{ports: [{port: 15432}]}"), flow(P1, DB, 5432, via="a/db:15432"), but(rest="D", aws_vpc_cni="A")),
    Row("service_translation", "a block of the Service's address",
        out(f"{{to: [{to_block('10.96.0.5/32')}]}}"), flow(P1, DB, 5432, via="a/db:15432"),
        but(rest="D", aws_vpc_cni="A", kubernetes={"": "D", "service_translation=after_policy": "A"},
            weave={"": "D", "service_translation=after_policy": "A"})),
    Row("CNI-05", "a default deny, and outside traffic that may come through a node port", _DENY, flow(WORLDWIDE, P1, 80),
        but(rest="D", azure_npm={"": "D", _DOOR: "A"})),
    Row("CNI-05", "a node port that keeps the client's address", _DENY, flow(WORLDWIDE, DB, 5432), but(rest="D")),
    Row("CNI-05", "no node port leads there", _DENY, flow(WORLDWIDE, P1, 443), but(rest="D")),
    Row("CNI-05", "it is not from outside", _DENY, flow(Q, P1, 80), but(rest="D")),
)  # fmt: skip

ROWS = (*BLOCKS, *PORTS, *ENDS)

ELSEWHERE = {
    "CNI-06": "whether the proxy's rewriting makes traffic that of the own node is not known of any plugin",
    "CNI-22": "cluster-wide policies: edge_cases of policy.networking.k8s.io",
    "CNI-25": "cluster-wide policies: edge_cases of policy.networking.k8s.io",
    "CNI-26": "cluster-wide policies: edge_cases of policy.networking.k8s.io",
    "CNI-27": "what happens before the first reconciliation is no steady state",
}
"""Findings without a row here, with the reason."""
