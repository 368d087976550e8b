"""The form of the edge cases of Cilium: one small world, manifests as text, and flows with the verdict that they get.

A verdict is "A" (allowed) or "D" (denied); a map gives a verdict for each reading that matters, written `unknown=value`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from dialects.calico.edge_case import Query, Want
from dialects.edge_cases import joined, policy


class Case(NamedTuple):
    """One fact with its source. `refused` and `warned` are the codes of messages; a refused case has no queries."""

    number: int
    fact: str
    source: str
    policies: str
    queries: tuple[Query, ...] = ()
    version: str = "1.19"
    assume: Mapping[str, str] = {}
    refused: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    remote: str = ""  # manifests of the cluster c2

    @property
    def id(self) -> str:
        """How the case is called in the output of the tests."""
        return f"C{self.number} {self.fact} [{self.source}; {self.version}]"

    @property
    def manifests(self) -> str:
        """The whole input of the case."""
        return joined(WORLD, self.policies) if self.policies else WORLD


WORLD = """
apiVersion: v1
kind: Namespace
metadata: {name: a, labels: {team: red}}
---
apiVersion: v1
kind: Namespace
metadata: {name: x, labels: {team: blue}}
---
apiVersion: v1
kind: Namespace
metadata: {name: z}
---
apiVersion: v1
kind: Node
metadata: {name: oak, labels: {zone: west}}
status: {addresses: [{type: InternalIP, address: 192.168.20.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: elm, labels: {zone: east}}
status: {addresses: [{type: InternalIP, address: 192.168.20.2}]}
---
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: a, labels: {app: be, controller-revision-hash: h1}}
spec:
  nodeName: oak
  containers: [{name: main, image: i, ports: [{name: web, containerPort: 80}, {name: dns, containerPort: 53, protocol: UDP}]}]
status: {phase: Running, podIP: 10.1.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: b, namespace: a, labels: {app: fe, pod-template-hash: h2}}
spec: {nodeName: elm, serviceAccountName: web, containers: [{name: main, image: i, ports: [{name: web, containerPort: 8080}]}]}
status: {phase: Running, podIP: 10.1.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: c, namespace: a, labels: {app: ""}}
spec: {nodeName: elm, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 10.1.0.3}
---
apiVersion: v1
kind: Pod
metadata: {name: hn, namespace: a, labels: {app: be, side: host}}
spec: {nodeName: elm, hostNetwork: true, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 192.168.20.2}
---
apiVersion: v1
kind: Pod
metadata: {name: x, namespace: x, labels: {app: fe}}
spec: {nodeName: elm, serviceAccountName: web, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 10.1.1.1}
---
apiVersion: v1
kind: Pod
metadata: {name: q, namespace: x, labels: {app: other}}
spec: {nodeName: oak, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 10.1.1.2}
---
apiVersion: v1
kind: Pod
metadata: {name: dns, namespace: z, labels: {k8s-app: kube-dns}}
spec: {nodeName: elm, containers: [{name: main, image: i, ports: [{containerPort: 53, protocol: UDP}]}]}
status: {phase: Running, podIP: 10.1.2.1}
---
apiVersion: v1
kind: Service
metadata: {name: front, namespace: a, labels: {of: front}}
spec: {selector: {app: fe}, clusterIP: 10.96.0.7, ports: [{port: 80, targetPort: 8080}]}
"""


def joined_world(policies: str) -> str:
    """The world with policies."""
    return joined(WORLD, policies)


A, B, X, Y, DNS, HN = "a/a", "a/b", "x/x", "x/q", "z/dns", "a/hn"
C = "a/c"
OAK, ELM = "node oak", "node elm"
W = "203.0.113.9"
FOR_A = "endpointSelector: {matchLabels: {app: be}}"


def _object(kind: str, meta: str, spec: str) -> str:
    return f"apiVersion: cilium.io/v2\nkind: {kind}\nmetadata: {{{meta}}}\nspec: {{{spec}}}\n"


def cnp(spec: str, name: str = "rules", namespace: str = "a") -> str:
    """A CiliumNetworkPolicy."""
    return _object("CiliumNetworkPolicy", f"name: {name}, namespace: {namespace}", spec)


def on_a(rules: str, name: str = "rules") -> str:
    """A CiliumNetworkPolicy about pod a/a."""
    return cnp(f"{FOR_A}, {rules}", name)


def ccnp(spec: str, name: str = "wide") -> str:
    """A CiliumClusterwideNetworkPolicy."""
    return _object("CiliumClusterwideNetworkPolicy", f"name: {name}", spec)


def group(name: str, blocks: str, labels: str = "") -> str:
    """A CiliumCIDRGroup."""
    return _object("CiliumCIDRGroup", f"name: {name}, labels: {{{labels}}}", f"externalCIDRs: [{blocks}]")


def knp(spec: str, name: str = "native", namespace: str = "a") -> str:
    """A NetworkPolicy of networking.k8s.io/v1."""
    return policy(spec, name=name, namespace=namespace)


def allowed(src: str, dst: str, port: int | None = 80, protocol: str = "TCP", **more: object) -> Query:
    """A flow that passes."""
    return Query(src, dst, port, "A", protocol, **more)  # type: ignore[arg-type]


def denied(src: str, dst: str, port: int | None = 80, protocol: str = "TCP", **more: object) -> Query:
    """A flow that does not."""
    return Query(src, dst, port, "D", protocol, **more)  # type: ignore[arg-type]


def ping(src: str, dst: str, want: Want, type_: int = 8, code: int = 0) -> Query:
    """An ICMP message."""
    return Query(src, dst, None, want, "ICMP", icmp=(type_, code))


def depends(
    src: str, dst: str, want: Mapping[str, str], port: int | None = 80, protocol: str = "TCP", **more: object
) -> Query:
    """A flow whose verdict hangs on what nobody knows."""
    return Query(src, dst, port, want, protocol, **more)  # type: ignore[arg-type]
