"""What every family builds with: Kubernetes objects as the API server would give them, and what is known about them.

A `Cluster` is filled by one family from one seed and is the same, byte for byte, whenever that is repeated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

Object = dict[str, Any]

HASH = "bcdfghjklmnpqrstvwxz2456789"  # kubernetes apimachinery pkg/util/rand SafeEncodeString: never reads as a number
CALICO = "projectcalico.org/v3"


class Size(NamedTuple):
    """How much: pods, policies, namespaces."""

    pods: int
    policies: int
    namespaces: int


@dataclass(frozen=True, slots=True)
class Fact:
    """An assertion and the answer that holds by construction."""

    assertion: str
    status: str


@dataclass(frozen=True, slots=True)
class Change:
    """A small, known difference of a rewritten policy set: one flow that it alone allows."""

    policy: str
    field: str
    was: object
    now: object
    flow: Object


@dataclass(slots=True)
class Cluster:
    """What was generated, and what is known about it by construction; grows while it is built.

    `assume`       lines of the spec that are no assertions
    `policies`     planted properties: names of policies ("namespace/name") that are `vacuous`, `redundant`, `shadowed`, `needed`
    `rules`        shadowed rules: without one of them everything stays the same
    `excepts`      redundant excepts, likewise
    `connections`  (source, destination, protocol, port, allowed): what must be, and must not be, in the connectivity
    `leak`         the policy that opens a database to everybody
    `change`       how the wrong rewrite differs, where there is one
    """

    objects: list[Object] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    assume: list[str] = field(default_factory=list)
    policies: dict[str, list[str]] = field(default_factory=dict)
    rules: list[Object] = field(default_factory=list)
    excepts: list[Object] = field(default_factory=list)
    connections: list[Object] = field(default_factory=list)
    leak: str | None = None
    equal: list[Object] | None = None  # the policies, rewritten with the same meaning
    wrong: list[Object] | None = None  # … and with one small error
    change: Change | None = None

    @property
    def spec(self) -> str:
        """The assertion file, with the expected answer behind each assertion."""
        lines = [f"{line}\n" for line in self.assume]
        return "".join(lines + [f"assert {fact.assertion}   # {fact.status}\n" for fact in self.facts])

    def of_policies(self, *, policies: bool) -> list[Object]:
        """The policies, or all the rest."""
        return [o for o in self.objects if is_policy(o) is policies]


def is_policy(thing: Object) -> bool:
    """Whether an object says what may pass, and not what exists."""
    return str(thing["kind"]).endswith("NetworkPolicy") or thing["kind"] == "Tier"


class Addresses:
    """Hands out pod addresses in 10.128.0.0/9 and fd00::/64, in order."""

    def __init__(self) -> None:
        self.next = 0

    def take(self) -> str:
        """The next IPv4 address."""
        self.next += 1
        return f"10.{128 + (self.next >> 16)}.{(self.next >> 8) & 255}.{self.next & 255}"

    def second(self) -> str:
        """The IPv6 address that goes with the last IPv4 one."""
        return f"fd00::{self.next >> 16:x}:{self.next & 0xFFFF:x}"


def meta(name: str, namespace: str | None = None, labels: dict[str, str] | None = None) -> Object:
    """Metadata with what is given."""
    found: Object = {"name": name}
    if namespace is not None:
        found["namespace"] = namespace
    if labels:
        found["labels"] = labels
    return found


def node_address(number: int) -> str:
    """The address of a node, outside those of pods."""
    return f"192.168.{number >> 8}.{number & 255}"


def node(number: int) -> Object:
    """A node with its address."""
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": meta(f"node-{number}"),
        "status": {"addresses": [{"type": "InternalIP", "address": node_address(number)}]},
    }  # fmt: skip


def namespace(name: str, labels: dict[str, str] | None = None) -> Object:
    """A namespace with the label that Kubernetes gives it."""
    labels = {"kubernetes.io/metadata.name": name, **(labels or {})}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta(name, labels=labels)}


def pod(
    name: str,
    namespace: str,
    labels: dict[str, str],
    address: str | None,
    *,
    ports: list[Object] | None = None,
    node: int = 0,
    owner: str | None = None,
) -> Object:
    """A running pod; a pending one without an address."""
    data = meta(name, namespace, labels)
    if owner is not None:
        data["ownerReferences"] = [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "controller": True, "uid": owner}
        ]
    container: Object = {"name": "main", "image": "app"}
    if ports:
        container["ports"] = ports
    status: Object = {"phase": "Pending"}
    if address is not None:
        status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": data,
        "spec": {"nodeName": f"node-{node}", "containers": [container]}, "status": status,
    }  # fmt: skip


def policy(name: str, namespace: str, spec: Object) -> Object:
    """A NetworkPolicy."""
    return {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": meta(name, namespace), "spec": spec,
    }  # fmt: skip


def calico_policy(name: str, spec: Object, tier: str = "default") -> Object:
    """A GlobalNetworkPolicy; in a tier of its own its name begins with that of the tier."""
    named = name if tier == "default" else f"{tier}.{name}"
    return {
        "apiVersion": CALICO, "kind": "GlobalNetworkPolicy",
        "metadata": meta(named), "spec": {"tier": tier, **spec},
    }  # fmt: skip


def tier(name: str, order: int) -> Object:
    """A tier of Calico."""
    return {"apiVersion": CALICO, "kind": "Tier", "metadata": meta(name), "spec": {"order": order}}


def selector(**labels: str) -> Object:
    """A label selector that wants all of these."""
    return {"matchLabels": labels}


def connection(src: str, dst: str, port: int, allowed: bool) -> Object:
    """What must be in the connectivity, or must not: names of workloads (`namespace/name`), a port of TCP."""
    return {"src": src, "dst": dst, "protocol": "TCP", "port": port, "allowed": allowed}


def named(thing: Object) -> str:
    """What the manifest calls a policy: `namespace/name`, or the name alone."""
    data = thing["metadata"]
    return f"{data['namespace']}/{data['name']}" if "namespace" in data else str(data["name"])
