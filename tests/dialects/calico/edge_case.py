"""The form of the edge cases of Calico: one small world, manifests as text, and flows with the verdict that they get.

A verdict is "A" (allowed) or "D" (denied), of both directions or of the one that `of` names. A plain verdict holds under
every reading of the free switches; a map gives a verdict for each reading that matters, written `switch=value`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from dialects.edge_cases import joined, pod, policy

NEWEST = "3.32"
Want = str | Mapping[str, str]


class Query(NamedTuple):
    """One flow. Ends: `namespace/pod`, `node NAME`, or an outside address.

    via     the Service that was called, `namespace/name:port`
    called  what the client addressed where that is not the Service's own address: `node address:node port`
    of      whose verdict is meant: `egress`, `ingress` or `both`
    family  of the addresses, where both ends have known ones
    http    the request: `GET /pub`, with its host and headers behind where these are known, `GET /pub shop.example X-A=b`;
            "": not known
    dns     the name that a query of DNS asks for; "": none is looked at
    kafka   a request of Kafka, perhaps with its topic behind; "": none is looked at
    """

    src: str
    dst: str
    port: int | None
    want: Want
    protocol: str = "TCP"
    via: str = ""
    called: str = ""
    of: str = "both"
    src_port: int | None = None
    icmp: tuple[int, int] | None = None
    family: int = 4
    http: str = ""
    dns: str = ""
    kafka: str = ""


class Case(NamedTuple):
    """One fact with its source. `refused` and `warned` are the codes of messages; a refused case has no queries."""

    number: int
    fact: str
    source: str
    policies: str
    queries: tuple[Query, ...] = ()
    version: str = NEWEST
    assume: Mapping[str, str] = {}
    refused: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    series: str = "E"

    @property
    def id(self) -> str:
        """How the case is called in the output of the tests."""
        return f"{self.series}{self.number} {self.fact} [{self.source}; {self.version}]"

    @property
    def manifests(self) -> str:
        """The whole input of the case."""
        return joined(WORLD, self.policies) if self.policies else WORLD


WORLD = """
apiVersion: v1
kind: Namespace
metadata: {name: orchard, labels: {env: prod}}
---
apiVersion: v1
kind: Namespace
metadata: {name: field, labels: {env: dev}}
---
apiVersion: v1
kind: Node
metadata: {name: oak}
status: {addresses: [{type: InternalIP, address: 192.168.20.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: elm}
status: {addresses: [{type: InternalIP, address: 192.168.20.2}]}
---
apiVersion: v1
kind: Pod
metadata: {name: apple, namespace: orchard, labels: {app: apple, role: fruit}}
spec:
  nodeName: oak
  serviceAccountName: grower
  containers: [{name: main, image: i, ports: [{name: http, containerPort: 80}]}]
status: {phase: Running, podIP: 10.65.1.1, podIPs: [{ip: 10.65.1.1}, {ip: "fd65::1:1"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: pear, namespace: orchard, labels: {app: pear}}
spec:
  nodeName: elm
  containers: [{name: main, image: i, ports: [{name: http, containerPort: 8080}]}]
status: {phase: Running, podIP: 10.65.1.2, podIPs: [{ip: 10.65.1.2}, {ip: "fd65::1:2"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: plain, namespace: orchard}
spec: {nodeName: elm, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 10.65.1.3}
---
apiVersion: v1
kind: Pod
metadata: {name: apple, namespace: field, labels: {app: apple}}
spec: {nodeName: elm, serviceAccountName: grower, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 10.65.2.1}
---
apiVersion: v1
kind: Pod
metadata: {name: ox, namespace: field, labels: {app: ox, role: beast}}
spec: {nodeName: oak, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 10.65.2.2}
"""

APPLE, PEAR, PLAIN = "orchard/apple", "orchard/pear", "orchard/plain"
OTHER_APPLE, OX = "field/apple", "field/ox"
OAK, ELM = "node oak", "node elm"  # apple and ox run on oak, the others on elm
OAK_IP, ELM_IP = "192.168.20.1", "192.168.20.2"
OUTSIDE, OUTSIDE6 = "203.0.113.9", "2001:db8::9"
V3, V1 = "projectcalico.org/v3", "crd.projectcalico.org/v1"
HERE = "selector: app == 'pear'"  # most policies below are about orchard/pear

RAW = {"calico_input": "raw"}
NATIVE = {"calico_input": "native"}
PENDING = {"staged": "pending"}


def _object(kind: str, meta: str, spec: str, api: str) -> str:
    return f"apiVersion: {api}\nkind: {kind}\nmetadata: {{{meta}}}\nspec: {{{spec}}}\n"


def np(
    spec: str, name: str = "rules", namespace: str = "orchard", *, kind: str = "NetworkPolicy", api: str = V3
) -> str:
    """A Calico NetworkPolicy, or a namespaced policy of another kind; `spec` is the block of its fields."""
    return _object(kind, f"name: {name}, namespace: {namespace}", spec, api)


def gnp(spec: str, name: str = "rules", *, kind: str = "GlobalNetworkPolicy", api: str = V3) -> str:
    """A GlobalNetworkPolicy, or another object of the cluster."""
    return _object(kind, f"name: {name}", spec, api)


def knp(spec: str, name: str = "native", namespace: str = "orchard") -> str:
    """A NetworkPolicy of networking.k8s.io/v1."""
    return policy(spec, name=name, namespace=namespace)


def cnp(spec: str, name: str = "cluster") -> str:
    """A ClusterNetworkPolicy of policy.networking.k8s.io/v1alpha2."""
    return _object("ClusterNetworkPolicy", f"name: {name}", spec, "policy.networking.k8s.io/v1alpha2")


def tier(name: str, spec: str) -> str:
    """A Tier."""
    return gnp(spec, name, kind="Tier")


def net_set(name: str, labels: str, nets: str, namespace: str = "") -> str:
    """A NetworkSet, or without namespace a GlobalNetworkSet."""
    where = f", namespace: {namespace}" if namespace else ""
    kind = "NetworkSet" if namespace else "GlobalNetworkSet"
    return _object(kind, f"name: {name}{where}, labels: {{{labels}}}", f"nets: [{nets}]", V3)


def host(
    node: str,
    interface: str = "'*'",
    *,
    labels: str = "machine: host",
    profiles: str = "",
    spec: str = "",
    name: str = "",
) -> str:
    """A HostEndpoint of one of the two nodes, at its address; without `interface` it is bound by the address."""
    address = {"oak": OAK_IP, "elm": ELM_IP}[node]
    bound = f"interfaceName: {interface}, " if interface else ""
    fields = f"node: {node}, {bound}expectedIPs: [{address}], profiles: [{profiles}]"
    meta = f"name: {name or f'{node}-host'}, labels: {{{labels}}}"
    return _object("HostEndpoint", meta, f"{fields}, {spec}" if spec else fields, V3)


def felix(spec: str) -> str:
    """The configuration of Felix on every node."""
    return gnp(spec, "default", kind="FelixConfiguration")


def service(name: str, spec: str, namespace: str = "orchard") -> str:
    """A Service."""
    return _object("Service", f"name: {name}, namespace: {namespace}", spec, "v1")


def named(
    name: str, labels: str, ip: str, ports: str = "", *, namespace: str = "orchard", node: str = "elm", spec: str = ""
) -> str:
    """A running pod whose container declares `ports`."""
    containers = f"containers: [{{name: main, image: i, ports: [{ports}]}}]"
    return pod(name, labels, f"nodeName: {node}, {spec + ', ' if spec else ''}{containers}", ip, namespace)


def ingress(*rules: str, tier: str = "default", order: str = "", subject: str = HERE) -> str:
    """The spec of an ingress policy with these rules, about orchard/pear if no other subject is given."""
    return _spec("ingress", rules, tier, order, subject)


def egress(*rules: str, tier: str = "default", order: str = "", subject: str = HERE) -> str:
    """The spec of an egress policy with these rules."""
    return _spec("egress", rules, tier, order, subject)


def _spec(direction: str, rules: tuple[str, ...], tier: str, order: str, subject: str) -> str:
    head = f"tier: {tier}, order: {order}" if order else f"tier: {tier}"
    listed = ", ".join(f"{{{rule}}}" for rule in rules)
    return f"{head}, {subject}, types: [{direction.capitalize()}], {direction}: [{listed}]"


def allowed(
    src: str,
    dst: str,
    port: int | None = 80,
    protocol: str = "TCP",
    *,
    of: str = "both",
    via: str = "",
    called: str = "",
    src_port: int | None = None,
    family: int = 4,
    http: str = "",
) -> Query:
    """A flow that passes under every reading."""
    return Query(src, dst, port, "A", protocol, via, called, of, src_port, family=family, http=http)


def denied(
    src: str,
    dst: str,
    port: int | None = 80,
    protocol: str = "TCP",
    *,
    of: str = "both",
    via: str = "",
    called: str = "",
    src_port: int | None = None,
    family: int = 4,
    http: str = "",
) -> Query:
    """A flow that is stopped under every reading."""
    return Query(src, dst, port, "D", protocol, via, called, of, src_port, family=family, http=http)


def depends(src: str, dst: str, port: int | None, want: Mapping[str, str], protocol: str = "TCP") -> Query:
    """A flow whose verdict hangs on the reading."""
    return Query(src, dst, port, want, protocol)


def icmp(src: str, dst: str, type_: int, code: int, want: str, *, family: int = 4) -> Query:
    """An ICMP message: ICMPv6 between IPv6 addresses."""
    return Query(src, dst, None, want, "ICMP", icmp=(type_, code), family=family)
