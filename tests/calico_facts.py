"""Short ways to write a small Calico cluster and a packet in it, for tables of facts."""

from __future__ import annotations

from typing import Any

from calico_reference import End, Flow
from reference import Manifest

V3 = "projectcalico.org/v3"
STORED = "crd.projectcalico.org/v1"

ADDRESSES = {
    "x/a": "10.65.0.1", "x/b": "10.65.0.2", "y/c": "10.65.0.3", "y/d": "10.65.0.4", "n1": "192.168.0.1",
    "n2": "192.168.0.2", "out": "203.0.113.9",
}  # fmt: skip
NODES = {"x/a": "n1", "x/b": "n1", "y/c": "n2", "y/d": "n2", "n1": "n1", "n2": "n2"}
LABELS = {"x/a": {"app": "a", "role": "bad"}, "x/b": {"app": "b"}, "y/c": {"app": "a"}, "y/d": {"app": "d", "a": "b"}}
PORTS = {
    "x/a": [("http", "TCP", 80), ("dns", "TCP", 53), ("udp", "UDP", 90)],
    "x/b": [("http", "TCP", 8080)],
    "y/c": [("http", "TCP", 80)],
    "y/d": [("udp", "UDP", 53)],
}


def cluster() -> list[Manifest]:
    """Namespaces `x` (env dev) and `y` (env prod), two pods in each on nodes `n1` and `n2`."""
    made: list[Manifest] = [
        _object("v1", "Namespace", name, labels={"env": env}) for name, env in (("x", "dev"), ("y", "prod"))
    ]
    for node in ("n1", "n2"):
        address = {"type": "InternalIP", "address": ADDRESSES[node]}
        made.append({**_object("v1", "Node", node), "status": {"addresses": [address]}})
    return [*made, *(pod(name) for name in LABELS)]


def pod(name: str, *, host: bool = False, labels: dict[str, str] | None = None, account: str = "default") -> Manifest:
    """A pod at its known address."""
    ports = [{"name": n, "protocol": p, "containerPort": number} for n, p, number in PORTS.get(name, [])]
    spec: Manifest = {
        "nodeName": NODES[name],
        "serviceAccountName": account,
        "containers": [{"name": "c", "ports": ports}],
    }
    if host:
        spec["hostNetwork"] = True
    made = _object("v1", "Pod", name, labels=LABELS[name] if labels is None else labels)
    ip = ADDRESSES[NODES[name]] if host else ADDRESSES[name]
    return {**made, "spec": spec, "status": {"phase": "Running", "podIPs": [{"ip": ip}]}}


def np(name: str, /, *, api: str = V3, **spec: Any) -> Manifest:
    """A Calico NetworkPolicy."""
    return {**_object(api, "NetworkPolicy", name), "spec": spec}


def gnp(name: str, /, *, api: str = V3, **spec: Any) -> Manifest:
    """A GlobalNetworkPolicy."""
    return {**_object(api, "GlobalNetworkPolicy", name), "spec": spec}


def knp(name: str, /, **spec: Any) -> Manifest:
    """A Kubernetes NetworkPolicy; without a podSelector it selects the namespace."""
    return {**_object("networking.k8s.io/v1", "NetworkPolicy", name), "spec": {"podSelector": {}, **spec}}


def cnp(name: str, tier: str, priority: int, /, **spec: Any) -> Manifest:
    """A ClusterNetworkPolicy; without a subject it selects every pod."""
    spec = {"tier": tier, "priority": priority, "subject": {"namespaces": {}}, **spec}
    return {**_object("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", name), "spec": spec}


def staged(policy: Manifest) -> Manifest:
    """The same as a staged policy."""
    return {**policy, "kind": f"Staged{policy['kind']}"}


def tier(name: str, order: float | None, action: str | None = None) -> Manifest:
    """A tier."""
    spec = {"order": order, "defaultAction": action}
    return {**_object(V3, "Tier", name), "spec": {k: v for k, v in spec.items() if v is not None}}


def netset(name: str, /, *nets: str, **labels: str) -> Manifest:
    """A NetworkSet, or a GlobalNetworkSet if the name has no namespace."""
    kind = "NetworkSet" if "/" in name else "GlobalNetworkSet"
    return {**_object(V3, kind, name, labels=labels), "spec": {"nets": list(nets)}}


def hep(
    name: str, node: str, /, interface: str = "*", *, labels: dict[str, str] | None = None, **spec: Any
) -> Manifest:
    """A HostEndpoint."""
    spec = {"node": node, "interfaceName": interface, **spec}
    return {**_object(V3, "HostEndpoint", name, labels=labels or {}), "spec": spec}


def profile(name: str, /, **spec: Any) -> Manifest:
    """A Profile."""
    return {**_object(V3, "Profile", name), "spec": spec}


def _object(api: str, kind: str, name: str, *, labels: dict[str, str] | None = None) -> Manifest:
    namespace, _, own = name.rpartition("/")
    meta: Manifest = {"name": own, **({"namespace": namespace} if namespace else {}), "labels": labels or {}}
    return {"apiVersion": api, "kind": kind, "metadata": meta}


def allow(**rule: Any) -> Manifest:
    """A rule."""
    return {"action": "Allow", **rule}


def deny(**rule: Any) -> Manifest:
    """A rule."""
    return {"action": "Deny", **rule}


PASS: Manifest = {"action": "Pass"}
LOG: Manifest = {"action": "Log"}


def flow(src: str, dst: str, port: int | None = 80, protocol: str = "TCP", **more: Any) -> Flow:
    """A packet between two of `ADDRESSES`, or addresses outside."""
    if protocol not in ("TCP", "UDP", "SCTP"):
        port = None
    host = {"n1", "n2"}
    one_node = NODES.get(src) == NODES.get(dst) and src in NODES and bool(host & {src, dst})
    return Flow(_end(src), _end(dst), protocol, port, **{"same_node": one_node, **more})


def _end(name: str) -> End:
    if name not in NODES:
        return End("outside", ADDRESSES.get(name, name))
    namespace, _, own = name.rpartition("/")
    if not namespace:
        return End("node", ADDRESSES[name], ("Node", "", name), node=name)
    return End("pod", ADDRESSES[name], ("Pod", namespace, own), node=NODES[name])
