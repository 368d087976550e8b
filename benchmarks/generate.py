"""A seeded generator of clusters: pods as `kubectl get -o json` lists them, NetworkPolicies, and assertions with answers.

The same seed and size give the same bytes. Two kinds of namespaces:

- random ones (`ns-000` …) carry the load: sizes by Zipf's law, replicas by Pareto's, policies of every shape;
- planted ones (`vault`, `leak`, `cell-0` …) have policies whose effect is known by construction, since the random policies
  stay out of them. The assertions speak of these, so that every answer of a run can be checked.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Object = dict[str, Any]


class Size(NamedTuple):
    """How much: pods, policies, namespaces."""

    pods: int
    policies: int
    namespaces: int


SIZES = {"S": Size(1_000, 100, 10), "M": Size(10_000, 1_000, 50), "L": Size(100_000, 10_000, 200)}
CELLS = 3
TIERS = ("frontend", "backend", "data", "batch")
ENVS = ("prod", "staging", "dev")
HASH = "bcdfghjklmnpqrstvwxz2456789"  # kubernetes apimachinery pkg/util/rand SafeEncodeString: never reads as a number


@dataclass(frozen=True, slots=True)
class Fact:
    """An assertion and the answer that holds by construction."""

    assertion: str
    status: str


@dataclass(slots=True)
class Cluster:
    """What was generated; grows while it is built."""

    objects: list[Object] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    @property
    def spec(self) -> str:
        """The assertion file, with the expected answer behind each assertion."""
        return "".join(f"assert {fact.assertion}   # {fact.status}\n" for fact in self.facts)


@dataclass(slots=True)
class Workload:
    """A group of alike pods, as the random policies need to know it."""

    namespace: str
    app: str
    tier: str


def generate(size: Size, seed: int = 1) -> Cluster:
    """A cluster of this size: namespaces, nodes, pods, services and policies in that order, and the planted facts."""
    rng = random.Random(seed)
    cluster = Cluster()
    addresses = _Addresses()
    nodes = max(2, size.pods // 100)
    for i in range(nodes):
        cluster.objects.append(_node(i))
    planted = _planted(cluster, addresses, nodes)
    workloads = _random_pods(cluster, rng, size, size.pods - planted, addresses, nodes)
    count = sum(o["kind"] == "NetworkPolicy" for o in cluster.objects)
    _random_policies(cluster, rng, workloads, size.policies - count)
    return cluster


# --- objects ----------------------------------------------------------------------------------------------------------


class _Addresses:
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


def _meta(name: str, namespace: str | None = None, labels: dict[str, str] | None = None) -> Object:
    meta: Object = {"name": name}
    if namespace is not None:
        meta["namespace"] = namespace
    if labels:
        meta["labels"] = labels
    return meta


def _node(i: int) -> Object:
    address = f"192.168.{i >> 8}.{i & 255}"
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": _meta(f"node-{i}"),
        "status": {"addresses": [{"type": "InternalIP", "address": address}]},
    }  # fmt: skip


def _namespace(name: str, labels: dict[str, str]) -> Object:
    return {
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": _meta(name, labels={"kubernetes.io/metadata.name": name, **labels}),
    }  # fmt: skip


def _pod(
    name: str, workload: Workload, labels: dict[str, str], ports: list[Object], addresses: _Addresses, node: int
) -> Object:
    v4 = addresses.take()
    meta = _meta(name, workload.namespace, {"app": workload.app, "tier": workload.tier, **labels})
    meta["ownerReferences"] = [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": workload.app, "controller": True, "uid": workload.app}
    ]
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": meta,
        "spec": {"nodeName": f"node-{node}", "containers": [{"name": "main", "image": "app", "ports": ports}]},
        "status": {"phase": "Running", "podIP": v4, "podIPs": [{"ip": v4}]},
    }  # fmt: skip


def _policy(name: str, namespace: str, spec: Object) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": _meta(name, namespace), "spec": spec,
    }  # fmt: skip


def _selector(**labels: str) -> Object:
    return {"matchLabels": labels}


# --- what is known by construction -------------------------------------------------------------------------------------


def _planted(cluster: Cluster, addresses: _Addresses, nodes: int) -> int:
    """The planted namespaces with their facts; gives back how many pods they have."""
    pods = 0

    def workload(namespace: str, app: str, tier: str, port: int, protocols: tuple[str, ...] = ("TCP",)) -> None:
        nonlocal pods
        ports = [{"name": f"p-{p.lower()}", "containerPort": port, "protocol": p} for p in protocols]
        for i in range(2):
            w = Workload(namespace, app, tier)
            cluster.objects.append(_pod(f"{app}-{i}", w, {}, ports, addresses, (pods * 7) % nodes))
            pods += 1

    def policy(name: str, namespace: str, spec: Object) -> None:
        cluster.objects.append(_policy(name, namespace, spec))

    deny_in: Object = {"podSelector": {}, "policyTypes": ["Ingress"]}
    for store in ("vault", "leak"):
        cluster.objects.append(_namespace(store, {"planted": store}))
        workload(store, f"{store}-api", "planted-backend", 8080)
        workload(store, f"{store}-db", "planted-data", 5432)
        policy("deny-in", store, deny_in)
        peers = {"from": [{"podSelector": _selector(app=f"{store}-api")}], "ports": [{"port": 5432}]}
        policy("db", store, {"podSelector": _selector(app=f"{store}-db"), "ingress": [peers]})
    everyone = {"from": [{"namespaceSelector": {}}], "ports": [{"port": 5432}]}
    policy("metrics", "leak", {"podSelector": _selector(app="leak-db"), "ingress": [everyone]})
    policy("nobody", "vault", {"podSelector": _selector(app="gone"), "policyTypes": ["Ingress"]})
    policy("deny-in-again", "vault", deny_in)
    for i in range(CELLS):
        cell = f"cell-{i}"
        cluster.objects.append(_namespace(cell, {"planted": "cell"}))
        workload(cell, "one", "planted-cell", 8080)
        workload(cell, "two", "planted-cell", 8080)
        inside = [{"podSelector": {}}]
        spec = {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": inside}],
            "egress": [{"to": inside}],
        }
        policy("inside", cell, spec)
    cluster.objects.append(_namespace("kube-system", {}))
    workload("kube-system", "coredns", "planted-dns", 53, ("UDP", "TCP"))
    ports = [{"name": f"dns-{p.lower()}", "port": 53, "protocol": p} for p in ("UDP", "TCP")]
    cluster.objects.append(
        {"apiVersion": "v1", "kind": "Service", "metadata": _meta("kube-dns", "kube-system"),
         "spec": {"clusterIP": "10.96.0.10", "selector": {"app": "coredns"}, "ports": ports}}
    )  # fmt: skip
    cluster.facts.extend(Fact(assertion, status) for assertion, status in FACTS)
    return pods


FACTS = (
    ('only pods where app == "vault-api" in namespace vault reaches pods where app == "vault-db"', "proved"),
    ('every pods where app == "vault-api" reaches pods where app == "vault-db" on tcp/5432', "proved"),
    ('no pods where tier == "frontend" reaches pods where app == "vault-db" on tcp/5432', "proved"),
    ("no internet reaches pods in namespace vault", "proved"),
    ('no pod in namespace where env == "dev" reaches pods in namespace vault', "proved"),
    ("no pods except pods in namespace vault reaches pods in namespace vault", "proved"),
    ('only pods where app == "leak-api" in namespace leak reaches pods where app == "leak-db" on tcp/5432', "refuted"),
    ('no pods where tier == "frontend" reaches pods where app == "leak-db" on tcp/5432', "refuted"),
    ("no internet reaches pods in namespace leak", "proved"),
    ('no pods reaches pods where app == "leak-db" on tcp/5433', "proved"),
    ("every pod in namespace cell-0 is isolated for ingress and egress", "proved"),
    ("no pods in namespace cell-0 reaches pods except pods in namespace cell-0", "proved"),
    ("pods in namespace cell-0 isolated from pods in namespace cell-1", "proved"),
    ("no pods in namespace cell-1 reaches internet", "proved"),
    ("every pods in namespace cell-2 reaches pods in namespace cell-2 on tcp/8080", "proved"),
    ("every pod reaches service kube-system/kube-dns on udp/53", "refuted"),
    ("no pod reaches 169.254.169.254:80", "refuted"),
    ("every pod in namespace kube-system is isolated for ingress", "refuted"),
    ("policy vault/nobody is vacuous", "proved"),
    ("policy vault/db is vacuous", "refuted"),
)
"""Twenty assertions whose answer follows from `_planted`: random policies select no pod of a planted namespace, so the
ingress of those pods is exactly what is written there, and so is the egress of the pods of the cells. Metadata addresses
and cluster DNS are decided by one pod each: `vault-db-0` has open egress, and `cell-0/one-0` may send to nobody outside."""


# --- the load ----------------------------------------------------------------------------------------------------------


def _random_pods(
    cluster: Cluster, rng: random.Random, size: Size, count: int, addresses: _Addresses, nodes: int
) -> list[Workload]:
    """Namespaces of Zipf's sizes, filled with workloads of Pareto's."""
    names = [f"ns-{i:03}" for i in range(size.namespaces - CELLS - 3)]
    weights = [1 / (i + 1) for i in range(len(names))]
    shares = [max(1, int(count * w / sum(weights))) for w in weights]
    shares[0] += count - sum(shares)
    workloads: list[Workload] = []
    for i, (name, share) in enumerate(zip(names, shares, strict=True)):
        labels = {"env": ENVS[i % 3], "team": f"team-{i % max(1, size.namespaces // 5)}"}
        cluster.objects.append(_namespace(name, labels))
        serial = 0
        while share > 0:
            replicas = min(share, max(1, int(3 * rng.paretovariate(1.2))))
            share -= replicas
            workload = Workload(name, f"app-{serial}", rng.choice(TIERS))
            serial += 1
            workloads.append(workload)
            _random_workload(cluster, rng, workload, replicas, addresses, nodes)
    return workloads


def _random_workload(
    cluster: Cluster, rng: random.Random, workload: Workload, replicas: int, addresses: _Addresses, nodes: int
) -> None:
    ports: list[Object] = [{"name": "http", "containerPort": 8080 + rng.randrange(5)}]
    if rng.random() < 0.5:
        ports.append({"name": "metrics", "containerPort": 9090})
    labels = {"version": "v1" if rng.random() < 0.8 else "v2", "pod-template-hash": "".join(rng.choices(HASH, k=10))}
    for i in range(replicas):
        pod = _pod(f"{workload.app}-{i}", workload, labels, ports, addresses, rng.randrange(nodes))
        fate = rng.random()
        if fate < 0.01:
            pod["spec"]["hostNetwork"] = True
            number = int(pod["spec"]["nodeName"].removeprefix("node-"))
            address = f"192.168.{number >> 8}.{number & 255}"
            pod["status"].update(podIP=address, podIPs=[{"ip": address}])
        elif fate < 0.02:
            pod["status"] = {"phase": "Pending"}
        elif fate < 0.03:
            pod["status"]["phase"] = "Succeeded"
        elif fate < 0.08:
            pod["status"]["podIPs"].append({"ip": addresses.second()})
        cluster.objects.append(pod)


def _random_policies(cluster: Cluster, rng: random.Random, workloads: list[Workload], count: int) -> None:
    """Default denies in 60 % of the namespaces (at most a quarter of all), the rest spread by the number of workloads."""
    names = list(dict.fromkeys(w.namespace for w in workloads))
    denied = rng.sample(names, min(len(names) * 3 // 5, count // 4))
    for i, name in enumerate(sorted(denied)):
        types = ["Ingress"] if i % 3 else ["Ingress", "Egress"]
        cluster.objects.append(_policy("default-deny", name, {"podSelector": {}, "policyTypes": types}))
    for i in range(count - len(denied)):
        workload = rng.choice(workloads)
        spec: Object = {"podSelector": _random_selector(rng, workload)}
        draw = rng.random()
        ingress, egress = draw < 0.75, draw < 0.05 or draw >= 0.75
        spec["policyTypes"] = [d for d, on in (("Ingress", ingress), ("Egress", egress)) if on]
        if ingress:
            spec["ingress"] = [_random_rule(rng, workloads, workload, "from") for _ in range(rng.randint(1, 3))]
        if egress:
            spec["egress"] = [_random_rule(rng, workloads, workload, "to") for _ in range(rng.randint(1, 3))]
        cluster.objects.append(_policy(f"policy-{i}", workload.namespace, spec))


def _random_selector(rng: random.Random, workload: Workload) -> Object:
    draw = rng.random()
    if draw < 0.75:
        return _selector(app=workload.app)
    if draw < 0.90:
        return _selector(tier=workload.tier)
    key, value = rng.choice((("tier", workload.tier), ("version", "v2")))
    operator = rng.choice(("In", "NotIn", "Exists", "DoesNotExist"))
    expression: Object = {"key": key, "operator": operator}
    if operator in ("In", "NotIn"):
        expression["values"] = [value]
    return {"matchExpressions": [expression]}


def _random_rule(rng: random.Random, workloads: list[Workload], own: Workload, side: str) -> Object:
    rule: Object = {side: [_random_peer(rng, workloads, own) for _ in range(rng.randint(1, 3))]}
    if ports := _random_ports(rng):
        rule["ports"] = ports
    return rule


def _random_peer(rng: random.Random, workloads: list[Workload], own: Workload) -> Object:
    draw = rng.random()
    other = rng.choice(workloads)
    if draw < 0.50:
        return {"podSelector": _random_selector(rng, own)}
    if draw < 0.75:
        return {
            "namespaceSelector": _selector(**{"kubernetes.io/metadata.name": other.namespace}),
            "podSelector": _random_selector(rng, other),
        }
    if draw < 0.85:
        return {"namespaceSelector": _selector(env=rng.choice(ENVS))}
    return {"ipBlock": _random_block(rng)}


def _random_block(rng: random.Random) -> Object:
    if rng.random() < 0.1:
        return {"cidr": f"fd{rng.randrange(1, 256):02x}::/16"}
    length = rng.choice((8, 16, 24))
    parts = [rng.randrange(1, 120), *(rng.randrange(256) for _ in range(length // 8 - 1))]

    def block(numbers: list[int]) -> str:
        return ".".join(map(str, [*numbers, *[0] * (4 - len(numbers))])) + f"/{8 * len(numbers)}"

    holes = sorted({rng.randrange(256) for _ in range(rng.randrange(3))})
    cidr: Object = {"cidr": block(parts)}
    if holes:
        cidr["except"] = [block([*parts, hole]) for hole in holes]
    return cidr


def _random_ports(rng: random.Random) -> list[Object]:
    draw = rng.random()
    if draw < 0.15:
        return []
    if draw < 0.30:
        return [{"port": rng.choice(("http", "metrics"))}]
    if draw < 0.35:
        first = rng.randrange(1024, 60000)
        return [{"port": first, "endPort": first + rng.randrange(1, 1000)}]
    if draw < 0.40:
        return [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    protocol = "SCTP" if rng.random() < 0.03 else "TCP"
    return [{"protocol": protocol, "port": rng.choice((80, 443, 5432, 6379, 8080, 8081, 9090, 3306))}]
