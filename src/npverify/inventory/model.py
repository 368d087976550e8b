"""What exists: namespaces, endpoints, services, as frozen values.

An `Endpoint` is a pod, a node, a pod or node of another cluster, or the one `EXTERNAL` endpoint that stands for every other
address outside. A workload whose pods
are not listed (a Deployment in a manifest) is one *replicated* endpoint: it stands for any number of alike pods, at least
two, so that traffic between two replicas is judged too (semantics: Kubernetes pkg/controller/controller_utils.go
GetPodFromTemplate; even one replica is two pods during a rollout).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

from npverify.ingest.source import Span
from npverify.ingest.thin import thin
from npverify.inventory.addresses import Address, Family, Prefix
from npverify.inventory.unknowns import Unknown

METADATA_NAME = "kubernetes.io/metadata.name"


class EndpointKind(StrEnum):
    """Who sends or receives."""

    POD = "pod"  # on the pod network
    HOST_POD = "host pod"  # hostNetwork: true
    NODE = "node"
    REMOTE = "remote"  # a pod or node of another cluster, which policies here see as its address alone
    PROXY = "proxy"  # that of Cilium's own Ingress and Gateway, which is no pod
    EXTERNAL = "external"


class PortOrigin(StrEnum):
    """Which container a port was declared on; plugins differ in what they count for named ports."""

    REGULAR = "regular"
    SIDECAR = "sidecar"  # init container with restartPolicy Always
    INIT = "init"


class ContainerPort(NamedTuple):
    """A declared container port, in the order containers, sidecars, other init containers; `name` may be "".

    `host_port` is the port of the node that leads to it, 0 where there is none or only the node itself can dial it;
    `host_family` the one family in which it does, None for both.
    """

    name: str
    protocol: str  # TCP, UDP or SCTP
    number: int
    origin: PortOrigin = PortOrigin.REGULAR
    host_port: int = 0
    host_family: Family | None = None


class WorkloadRef(NamedTuple):
    """The controller that a pod belongs to; for a bare pod, the pod itself with kind `Pod`."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace; `labels` always holds kubernetes.io/metadata.name.

    `declared` is False where it exists only by being used: what other labels it has is unknown.
    """

    name: str
    labels: Mapping[str, str]
    declared: bool = True
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A service account. Only a declared one tells its labels; of another, `account_label` stands for each."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    declared: bool = True


@thin(frozen=True, slots=True, eq=False)
class Endpoint:
    """Who sends or receives. Identity is the object itself; `key` orders endpoints and is unique in an inventory.

    labels      pod labels; an `Unknown` where the value is only known at run time (pod-template-hash)
    addresses   the known addresses; meaningless where `address_known` is False
    replicated  stands for two or more alike pods
    node        name of the node it runs on (a node: its own name); None where unknown
    on_every_node   pods of a DaemonSet: on each node there may be one
    span        None where the input is large: finding a position reads its text again
    orchestrator    what runs it; only Calico's WorkloadEndpoints tell of others than Kubernetes
    profiles    the Calico profiles that it names, in their order; None: those of its namespace and service account
    cluster     the other cluster that it belongs to; "" in this one. Of another cluster, no policy selects it and no
                selector names it: labels and namespace are there to be named in questions and shown in answers
    on_host     of another cluster: a node (without a namespace), or a pod on the host network
    """

    kind: EndpointKind
    namespace: str = ""
    name: str = ""
    workload: WorkloadRef | None = None
    labels: Mapping[str, str | Unknown] = field(default_factory=dict)
    service_account: str = "default"
    node: str | None = None
    on_every_node: bool = False
    ports: tuple[ContainerPort, ...] = ()
    addresses: tuple[Address, ...] = ()
    address_known: bool = False
    replicated: bool = False
    span: Span | None = None
    orchestrator: str = "k8s"
    profiles: tuple[str, ...] | None = None
    cluster: str = ""
    on_host: bool = False

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Kind, namespace, name, kind of workload: the order in which endpoints are listed and preferred."""
        workload = self.workload.kind if self.workload else ""
        if self.kind is _POD and not self.cluster:
            return ("0", self.namespace, self.name, workload)
        if self.cluster:
            rank = _RANK[self.kind] + ("" if self.namespace else "n")
            return (rank, f"{self.cluster}:{self.namespace}", self.name, workload)
        return (_RANK[self.kind], self.namespace, self.name, workload)

    @property
    def is_pod(self) -> bool:
        """A pod, also one on the host network."""
        return self.kind in _PODS

    @property
    def is_node(self) -> bool:
        """A node, also one of another cluster."""
        return self.kind is EndpointKind.NODE or (self.kind is EndpointKind.REMOTE and not self.namespace)

    @property
    def shares_address(self) -> bool:
        """Whether its address may be that of another known endpoint: on the host network it is the node's."""
        return self.kind is EndpointKind.HOST_POD or self.on_host

    def __str__(self) -> str:
        if self.kind is EndpointKind.EXTERNAL:
            return "external address"
        if self.kind is EndpointKind.PROXY:
            return "Cilium's Ingress"
        cluster = f"{self.cluster}:" if self.cluster else ""
        if self.is_node:
            return f"{cluster}node {self.name}"
        return f"{cluster}{self.namespace}/{self.name}"


_POD = EndpointKind.POD  # a member of an enumeration is found slowly, and so is what a map has for it
_PODS = (EndpointKind.POD, EndpointKind.HOST_POD)
_RANK = {
    EndpointKind.POD: "0",
    EndpointKind.HOST_POD: "1",
    EndpointKind.NODE: "2",
    EndpointKind.REMOTE: "3",
    EndpointKind.EXTERNAL: "4",
    EndpointKind.PROXY: "5",
}

EXTERNAL = Endpoint(EndpointKind.EXTERNAL)
"""Every address that is no known endpoint, here or in another cluster; which address it is stands in the flow."""


PROXY = Endpoint(EndpointKind.PROXY, name="ingress")
"""The proxy of Cilium's own Ingress and Gateway, on whatever node. It is no member of an inventory, as no statement names it."""


class ServicePort(NamedTuple):
    """A port of a Service. `target` is the pod's port: a number, or the name of a container port.

    `node_port` is the port that every node has for it, 0 where the manifest does not say.
    """

    name: str
    protocol: str
    number: int
    target: int | str
    node_port: int = 0


class Backend(NamedTuple):
    """Where a Service sends traffic for one of its ports: an endpoint (EXTERNAL with `address`), and the number there."""

    endpoint: Endpoint
    port: int
    address: Address | None = None


class Target(NamedTuple):
    """An address that EndpointSlices list for a Service, with a port of theirs (number None: without one).

    `serves`  traffic is sent to it: it is ready, or it still serves while it terminates
    """

    address: Address
    serves: bool = True
    port_name: str = ""
    protocol: str = "TCP"
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A Service with its backends resolved per port (index into `ports`).

    `vips` are its cluster IPs; () with `vip_known` False where the manifest does not say. `headless`: no translation.
    `families` are those in which it has backends; both where the manifest does not say.
    `problem` says why it cannot be a destination (ExternalName), else "".
    `node_ports` tells of a load balancer whether every node has a port for it, as for those of type NodePort;
    `external_ips` are further addresses that nodes take for it; `source_ranges` the only clients that its load balancer takes,
    if it says so; `near_only`: inside the cluster, traffic stays on the node where it starts.
    """

    namespace: str
    name: str
    type: Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]
    ports: tuple[ServicePort, ...]
    backends: Mapping[int, tuple[Backend, ...]]
    vips: tuple[Address, ...] = ()
    vip_known: bool = False
    headless: bool = False
    external_traffic_policy: Literal["Cluster", "Local"] = "Cluster"
    selector: Mapping[str, str] = field(default_factory=dict)
    families: frozenset[Family] = frozenset({4, 6})
    problem: str = ""
    span: Span | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    node_ports: bool = True
    external_ips: tuple[Address, ...] = ()
    source_ranges: tuple[Prefix, ...] = ()
    near_only: bool = False

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


FrontWay = Literal["Ingress", "Gateway"]


class FrontClass(NamedTuple):
    """The class of an Ingress or a Gateway, and the name of the controller that serves it; "" where it is not told."""

    name: str = ""
    controller: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.controller})" if self.controller else self.name


class Front(NamedTuple):
    """A port of a Service (`namespace`, `service`, and the number `at` of the port) that an Ingress or a route of a Gateway sends to.

    `owner` is the Ingress or route with its kind, `classes` the class that serves it (several: one of these),
    `port` what a client dials (0: not told), `more` other ports of the same class, `behind` where the controller sends to.
    """

    way: FrontWay
    owner: str
    classes: tuple[FrontClass, ...]
    port: int
    namespace: str
    service: str
    at: int
    behind: tuple[Backend, ...]
    span: Span | None = None
    more: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything that exists. `endpoints` are pods and nodes, and then those of other clusters, in the order of
    `Endpoint.key`; EXTERNAL is not among them.

    `families`  address families that the cluster uses, by evidence; both where nothing tells
    `pod_space` where pods of unknown address live; () where nothing tells
    `notes`     what a reader of a report should know ("shop/old has 0 replicas: no pods"), sorted
    `nodes_declared`    Node objects are given, so the nodes are all that there are
    `service_accounts`  those that are declared, by namespace and name; pods may use others, whose labels are unknown
    `clusters`  the other clusters by name, each with its namespaces
    `targets`   what EndpointSlices list by namespace and name of the Service, besides what its selector finds
    `fronts`    what Ingress objects and routes of Gateways send to
    """

    namespaces: Mapping[str, Namespace]
    endpoints: tuple[Endpoint, ...]
    services: Mapping[tuple[str, str], Service] = field(default_factory=dict)
    families: frozenset[Family] = frozenset({4, 6})
    pod_space: tuple[Prefix, ...] = ()
    notes: tuple[str, ...] = ()
    service_accounts: Mapping[tuple[str, str], ServiceAccount] = field(default_factory=dict)
    nodes_declared: bool = False
    clusters: Mapping[str, Mapping[str, Namespace]] = field(default_factory=dict)
    targets: Mapping[tuple[str, str], tuple[Target, ...]] = field(default_factory=dict)
    fronts: tuple[Front, ...] = ()

    @property
    def pods(self) -> tuple[Endpoint, ...]:
        """Pods, also those on the host network."""
        return tuple([e for e in self.endpoints if e.kind in _PODS])

    @property
    def nodes(self) -> tuple[Endpoint, ...]:
        """Nodes, declared or implied by spec.nodeName."""
        node = EndpointKind.NODE
        return tuple([e for e in self.endpoints if e.kind is node])
