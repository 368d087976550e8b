"""Random manifests: small clusters with NetworkPolicies, legal but written in every way that the API reads alike.

They are dense on purpose: few names, labels, ports and addresses, so that policies meet pods and each other. Missing fields,
nulls, empty lists and null list items stand for one another at random, because each of them has its own way to be misread.
"""

from __future__ import annotations

from random import Random
from typing import Any

from npverify.inventory.addresses import Prefix

NAMESPACES = ("red", "blue", "green")
APPS = ("web", "api", "db")
PORTS = (53, 80, 81, 443, 8080)
NAMES = ("http", "dns", "alt")
CIDRS = (
    "0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/30", "10.1.0.1/32", "203.0.113.0/24", "::/0", "fd00::/8",
    "fd00::/126", "fd00::1/128", "192.168.0.0/24", "192.168.0.1/32",
)  # fmt: skip
POD_LABELS = {"app": APPS, "tier": ("a", "b", ""), "pod-template-hash": ("abc",), "job-name": ("api-1", "web-2")}
NAMESPACE_LABELS = {"env": ("prod", "dev", ""), "kubernetes.io/metadata.name": NAMESPACES}
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob")

Manifest = dict[str, Any]


def cluster(rng: Random) -> list[Manifest]:
    """Perhaps namespaces and nodes, and two to five workloads and pods."""
    made: list[Manifest] = []
    for name in NAMESPACES:
        if rng.random() < 0.6:
            meta: Manifest = {"name": name}
            _maybe(rng, meta, "labels", _labels(rng, {"env": NAMESPACE_LABELS["env"]}, 0.7))
            if rng.random() < 0.05:
                meta["labels"] = {"kubernetes.io/metadata.name": "red"}  # the API server writes the true name over it
            made.append({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    for node in rng.sample(("n1", "n2"), rng.randint(0, 2)):
        ips = rng.choice(([], [f"192.168.0.{node[1]}"], [f"192.168.0.{node[1]}", f"fd00:{node[1]}::1"]))
        status = {"addresses": [{"type": "InternalIP", "address": ip} for ip in ips]}
        made.append({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}, "status": status})
    for number in range(rng.randint(2, 5)):
        made.append(_pod(rng, number) if number and rng.random() < 0.5 else _workload(rng, number))
    return made


def policies(rng: Random) -> list[Manifest]:
    """Up to six NetworkPolicies."""
    return [_policy(rng, number) for number in range(rng.choice((0, 1, 3, 4, 5, 6)))]


def fronts(rng: Random) -> list[Manifest]:
    """Up to three Services of every type before pods of an application."""
    made = []
    for number in range(rng.randint(0, 3)):
        port: Manifest = {"port": rng.choice(PORTS), "targetPort": rng.choice((*PORTS, *NAMES))}
        _maybe(rng, port, "nodePort", rng.choice((None, 30080)))
        _maybe(rng, port, "protocol", rng.choice((None, "TCP", "UDP")))
        spec: Manifest = {"selector": {"app": rng.choice(APPS)}, "ports": [port]}
        _maybe(
            rng, spec, "type", rng.choice((None, "ClusterIP", "NodePort", "NodePort", "LoadBalancer", "LoadBalancer"))
        )
        _maybe(rng, spec, "externalTrafficPolicy", rng.choice((None, "Cluster", "Local")))
        _maybe(rng, spec, "externalIPs", rng.choice((None, None, ["198.51.100.77"], ["2001:db8::77"])))
        _maybe(rng, spec, "ipFamilies", rng.choice((None, None, ["IPv4"], ["IPv6"], ["IPv4", "IPv6"])))
        _maybe(rng, spec, "loadBalancerSourceRanges", rng.choice((None, None, ["203.0.113.0/24", "2001:db8::/48"])))
        meta = {"name": f"s{number}", "namespace": rng.choice(NAMESPACES)}
        made.append({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})
    return made


def senders(rng: Random, services: list[Manifest]) -> list[Manifest]:
    """Up to two Ingress objects and a route of a Gateway, most of which send to a port that there is."""
    made: list[Manifest] = []
    for number in range(3 if services else 0):
        to = rng.choice(services)
        home, name, (port, *_) = to["metadata"]["namespace"], to["metadata"]["name"], to["spec"]["ports"]
        asked = port["port"] if rng.random() < 0.9 else rng.choice(PORTS)
        meta = {"name": f"i{number}", "namespace": home if rng.random() < 0.9 else rng.choice(NAMESPACES)}
        if number < 2 and rng.random() < 0.6:
            backend = {"service": {"name": name, "port": {"number": asked}}}
            spec: Manifest = {"defaultBackend": backend}
            made.append({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta, "spec": spec})
        elif number == 2:
            ref = {"name": name, "port": asked, "namespace": rng.choice((None, home))}
            spec = {"parentRefs": [{"name": "elsewhere"}], "rules": [{"backendRefs": [ref]}]}
            kind = "UDPRoute" if port.get("protocol") == "UDP" else "TCPRoute"
            made.append({"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "metadata": meta, "spec": spec})
    return made


def _maybe(rng: Random, into: Manifest, key: str, value: Any) -> None:
    """Set a field; if its value is empty or None, any spelling of "missing" may take its place."""
    if value is None or value in ([], {}):
        spelling = rng.random()
        if spelling < 0.4:
            return
        value = None if spelling < 0.6 else value
    into[key] = value


def _meta(rng: Random, name: str) -> Manifest:
    meta: Manifest = {"name": name}
    if rng.random() < 0.95:
        meta["namespace"] = rng.choices(NAMESPACES, (3, 2, 1))[0]  # else `default`
    return meta


def _labels(rng: Random, values: dict[str, tuple[str, ...]], chance: float) -> dict[str, str]:
    return {key: rng.choice(of) for key, of in values.items() if rng.random() < chance}


def _pod_labels(rng: Random) -> dict[str, str]:
    return _labels(rng, {"app": APPS}, 0.9) | _labels(rng, {"tier": POD_LABELS["tier"]}, 0.3)


def _pod(rng: Random, number: int) -> Manifest:
    meta = _meta(rng, f"{rng.choice(APPS)}-{number}")
    _maybe(rng, meta, "labels", _pod_labels(rng))
    spec = _pod_spec(rng)
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
    if spec.get("hostNetwork"):
        return made
    four, six = f"10.1.0.{number}", f"fd00::{number}"
    ips = rng.choice(([], [four], [six], [four, six]))
    status: Manifest = {}
    _maybe(rng, status, "podIPs", [{"ip": ip} for ip in ips])
    if ips or rng.random() < 0.1:  # a phase without an address: the pod still waits for one
        status["phase"] = "Running" if rng.random() < 0.9 else "Succeeded"
    _maybe(rng, made, "status", status)
    return made


def _workload(rng: Random, number: int) -> Manifest:
    kind, app = rng.choice(WORKLOADS), rng.choice(APPS)
    template = {"metadata": {"labels": _pod_labels(rng) | {"app": app}}, "spec": _pod_spec(rng)}
    if kind == "DaemonSet" and rng.random() < 0.4:
        template["spec"]["hostNetwork"] = True
    spec: Manifest = {"template": template}
    if kind == "ReplicationController":
        spec["selector"] = {"app": app}
    elif kind not in ("Job", "CronJob"):
        spec["selector"] = {"matchLabels": {"app": app}}
    if kind == "StatefulSet" and rng.random() < 0.5:
        spec["replicas"] = 2
    if kind in ("Job", "CronJob"):
        template["spec"]["restartPolicy"] = "Never"
    if kind == "CronJob":
        spec = {"schedule": "* * * * *", "jobTemplate": {"spec": spec}}
    group = {"ReplicationController": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}.get(kind, "apps/v1")
    return {"apiVersion": group, "kind": kind, "metadata": _meta(rng, f"{app}-{number}"), "spec": spec}


def _pod_spec(rng: Random) -> Manifest:
    containers = [_container(rng, f"c{n}") for n in range(rng.choice((1, 1, 2)))]
    spec: Manifest = {"containers": containers}
    inits = [_container(rng, f"i{n}") for n in range(rng.choice((0, 1, 2)))]
    for container in inits:
        _maybe(rng, container, "restartPolicy", rng.choice((None, "Always")))
    _maybe(rng, spec, "initContainers", inits)
    _maybe(rng, spec, "hostNetwork", rng.choices((True, False, None), (3, 1, 14))[0])
    _maybe(rng, spec, "nodeName", rng.choice(("n1", "n2", None, None, None, None)))
    return spec


def _container(rng: Random, name: str) -> Manifest:
    ports: list[Manifest] = []
    for port_name in rng.sample(NAMES, rng.randint(0, 3)):
        port: Manifest = {"containerPort": rng.choice(PORTS)}
        _maybe(rng, port, "protocol", rng.choice((None, "TCP", "UDP", "SCTP")))
        _maybe(rng, port, "name", port_name if rng.random() < 0.8 else None)
        ports.append(port)
    made: Manifest = {"name": name}
    _maybe(rng, made, "ports", ports)
    return made


def _policy(rng: Random, number: int) -> Manifest:
    made = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": _meta(rng, f"p{number}")}
    _maybe(rng, made, "spec", {} if rng.random() < 0.03 else _spec(rng))
    return made


def _spec(rng: Random) -> Manifest:
    spec: Manifest = {}
    _maybe(rng, spec, "podSelector", {} if rng.random() < 0.3 else _selector(rng, POD_LABELS))
    types = rng.choices(("Ingress", "Egress"), k=2) if rng.random() < 0.6 else []
    _maybe(rng, spec, "policyTypes", types if rng.random() < 0.6 else types[:1])
    for field, peers in (("ingress", "from"), ("egress", "to")):
        _maybe(rng, spec, field, [_rule(rng, peers) for _ in range(rng.randint(0, 2))])
    return spec


def _rule(rng: Random, peers: str) -> Manifest | None:
    if rng.random() < 0.04:
        return None  # a null item is the empty struct: a rule that matches everything
    rule: Manifest = {}
    _maybe(rng, rule, peers, [_peer(rng) for _ in range(rng.choice((0, 1, 1, 2, 3)))])
    _maybe(rng, rule, "ports", [_port(rng) for _ in range(rng.choice((0, 0, 1, 2, 3)))])
    return rule


def _peer(rng: Random) -> Manifest:
    peer: Manifest = {}
    kind = rng.random()
    if kind < 0.3:
        cidr = Prefix.parse(rng.choice(CIDRS))
        inside = [c for c in CIDRS if cidr.covers(Prefix.parse(c)) and Prefix.parse(c) != cidr]
        block: Manifest = {"cidr": str(cidr)}
        _maybe(rng, block, "except", rng.sample(inside, min(len(inside), rng.randint(0, 2))))
        peer["ipBlock"] = block
        _maybe(rng, peer, "podSelector", None)
        return peer
    if kind < 0.8:
        peer["podSelector"] = _selector(rng, POD_LABELS)
    if kind >= 0.55:
        peer["namespaceSelector"] = _selector(rng, NAMESPACE_LABELS)
    for field in ("podSelector", "namespaceSelector", "ipBlock"):
        if field not in peer:
            _maybe(rng, peer, field, None)
    return peer


def _selector(rng: Random, known: dict[str, tuple[str, ...]]) -> Manifest:
    """Any number of requirements; a key may stand in several of them, also so that nothing can meet them all."""
    selector: Manifest = {}
    keys = list(known)[:2] * 3 + list(known)
    labels: dict[str, str] = {}
    expressions: list[Manifest] = []
    for key in rng.choices(keys, k=rng.choice((0, 0, 1, 1, 1, 1, 2, 3))):
        operator = rng.choice(("is", "is", "In", "NotIn", "Exists", "DoesNotExist"))
        if operator == "is":
            labels[key] = rng.choice(known[key])
            continue
        expression: Manifest = {"key": key, "operator": operator}
        chosen = rng.sample(known[key], rng.randint(1, len(known[key]))) if operator in ("In", "NotIn") else []
        _maybe(rng, expression, "values", chosen)
        expressions.append(expression)
    _maybe(rng, selector, "matchLabels", labels)
    _maybe(rng, selector, "matchExpressions", expressions)
    return selector


def _port(rng: Random) -> Manifest | None:
    if rng.random() < 0.04:
        return None  # every port of TCP
    entry: Manifest = {}
    _maybe(rng, entry, "protocol", rng.choice((None, None, "TCP", "UDP", "SCTP")))
    kind = rng.random()
    if kind < 0.15:
        _maybe(rng, entry, "port", None)
    elif kind < 0.5:
        entry["port"] = rng.choice(NAMES)
    elif kind < 0.7:
        entry |= {"port": 80, "endPort": rng.choice((80, 81, 443, 65535))}
    else:
        entry["port"] = rng.choice(PORTS)
        _maybe(rng, entry, "endPort", None)
    return entry
