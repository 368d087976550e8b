"""G: clusters like those that are run. Sizes of namespaces by Zipf's law, replicas by Pareto's, a few pods on the host
network, pending, finished or dual stack, policies with every kind of selector, block and port; beside them what is planted.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from ipaddress import IPv4Network

from benchmarks.families.tiers import add_tiers
from benchmarks.objects import (
    HASH,
    Addresses,
    Cluster,
    Object,
    Size,
    namespace,
    node,
    node_address,
    pod,
    policy,
    selector,
)
from benchmarks.planted import ENVS, NAMESPACES, TIERS, ask, err, plant, planted_count
from benchmarks.rewrite import rewrite


@dataclass(slots=True)
class Workload:
    """A group of alike pods, as the random policies need to know it."""

    namespace: str
    app: str
    tier: str


def generate(
    size: Size, seed: int = 1, *, planted: bool = True, tiers: bool = False, labels_only: bool = False
) -> Cluster:
    """A cluster of this size: nodes, namespaces, pods, services and policies in that order, and the planted facts.

    planted       False: nothing but the load, for sizes that are too small for more
    tiers         admin and baseline policies and tiers of Calico too, one each per hundred policies; they are counted on top
    labels_only   policies without ports and blocks

    ValueError if the size has no room for what is planted.
    """
    rng = random.Random(seed)
    cluster = Cluster()
    addresses = Addresses()
    nodes = max(2, size.pods // 100)
    cluster.objects.extend(node(i) for i in range(nodes))
    count = plant(cluster, addresses, nodes, planted_count(size.policies)) if planted else 0
    names = [f"ns-{i:03}" for i in range(size.namespaces - (NAMESPACES if planted else 0))]
    teams = max(1, size.namespaces // 5)
    grower = _Grower(cluster, rng, addresses, nodes, labels_only)
    grower.pods(names, size.pods - count, teams)
    there = len(cluster.of_policies(policies=True))
    if size.policies < there:
        raise ValueError(f"{there} policies are planted, more than {size.policies}")
    grower.policies(size.policies - there)
    if tiers:
        add_tiers(cluster, rng, max(1, size.policies // 100))
    if planted:
        ask(cluster, rng, names, teams)
        cluster.equal = rewrite(cluster.of_policies(policies=True), rng)
        cluster.wrong = err(cluster, cluster.equal)
    return cluster


def _shares(count: int, names: int) -> list[int]:
    """So many pods by Zipf's law, at least one for each; and a namespace at least for each value of `env`."""
    if not len(ENVS) <= names <= count:
        raise ValueError(f"{count} pods cannot fill {names} namespaces")
    total = sum(1 / (i + 1) for i in range(names))
    shares = [max(1, int(count / (i + 1) / total)) for i in range(names)]
    spare = count - sum(shares)
    for i in range(names):
        moved = max(spare, 1 - shares[i])
        shares[i] += moved
        spare -= moved
        if not spare:
            break
    return shares


class _Grower:
    """Fills a cluster from one source of chance. Guards the workloads so far, which the policies are about."""

    def __init__(
        self, cluster: Cluster, rng: random.Random, addresses: Addresses, nodes: int, labels_only: bool
    ) -> None:
        self.cluster = cluster
        self.rng = rng
        self.addresses = addresses
        self.nodes = nodes
        self.labels_only = labels_only
        self.workloads: list[Workload] = []

    def pods(self, names: list[str], count: int, teams: int) -> None:
        """Namespaces of Zipf's sizes, filled with workloads of Pareto's."""
        for i, (name, share) in enumerate(zip(names, _shares(count, len(names)), strict=True)):
            self.cluster.objects.append(namespace(name, {"env": ENVS[i % 3], "team": f"team-{i % teams}"}))
            serial = 0
            while share > 0:
                replicas = min(share, max(1, int(3 * self.rng.paretovariate(1.2))))
                share -= replicas
                # the first ones have every tier, so that no assertion speaks of nobody
                tier = TIERS[len(self.workloads)] if len(self.workloads) < len(TIERS) else self.rng.choice(TIERS)
                workload = Workload(name, f"app-{serial}", tier)
                serial += 1
                self.workloads.append(workload)
                self._workload(workload, replicas)

    def _workload(self, workload: Workload, replicas: int) -> None:
        """Its pods; one in ten workloads is in the middle of a new version, which listens on another port."""
        rng = self.rng
        number = 8080 + rng.randrange(5)
        metrics = [{"name": "metrics", "containerPort": 9090}] if rng.random() < 0.5 else []
        version = "v1" if rng.random() < 0.8 else "v2"
        moving = replicas // 2 if rng.random() < 0.1 else 0
        for i in range(replicas):
            if i in (0, moving):
                template = "".join(rng.choices(HASH, k=10))
            new = i < moving
            labels = {"app": workload.app, "tier": workload.tier, "version": "v3" if new else version,
                      "pod-template-hash": template}  # fmt: skip
            ports = [{"name": "http", "containerPort": number + 1000 if new else number}, *metrics]
            place = rng.randrange(self.nodes)
            address = self.addresses.take()
            made = pod(f"{workload.app}-{i}", workload.namespace, labels, address, ports=ports, node=place,
                       owner=workload.app)  # fmt: skip
            self._fate(made, place)
            self.cluster.objects.append(made)

    def _fate(self, made: Object, place: int) -> None:
        fate = self.rng.random()
        if fate < 0.01:
            made["spec"]["hostNetwork"] = True
            made["status"].update(podIP=node_address(place), podIPs=[{"ip": node_address(place)}])
        elif fate < 0.02:
            made["status"] = {"phase": "Pending"}
        elif fate < 0.03:
            made["status"]["phase"] = "Succeeded"
        elif fate < 0.08:
            made["status"]["podIPs"].append({"ip": self.addresses.second()})

    def policies(self, count: int) -> None:
        """Default denies in 60 % of the namespaces (at most a quarter of all), the rest spread by the number of workloads."""
        rng = self.rng
        names = list(dict.fromkeys(w.namespace for w in self.workloads))
        denied = rng.sample(names, min(len(names) * 3 // 5, count // 4))
        for i, name in enumerate(sorted(denied)):
            types = ["Ingress"] if i % 3 else ["Ingress", "Egress"]
            self.cluster.objects.append(policy("default-deny", name, {"podSelector": {}, "policyTypes": types}))
        for i in range(count - len(denied)):
            workload = rng.choice(self.workloads)
            spec: Object = {"podSelector": self._selector(workload)}
            draw = rng.random()
            ingress, egress = draw < 0.75, draw < 0.05 or draw >= 0.75
            spec["policyTypes"] = [d for d, on in (("Ingress", ingress), ("Egress", egress)) if on]
            if ingress:
                spec["ingress"] = [self._rule(workload, "from") for _ in range(rng.randint(1, 3))]
            if egress:
                spec["egress"] = [self._rule(workload, "to") for _ in range(rng.randint(1, 3))]
            self.cluster.objects.append(policy(f"policy-{i}", workload.namespace, spec))

    def _selector(self, workload: Workload) -> Object:
        rng = self.rng
        draw = rng.random()
        if draw < 0.75:
            return selector(app=workload.app)
        if draw < 0.90:
            return selector(tier=workload.tier)
        key, value = rng.choice((("tier", workload.tier), ("version", "v2")))
        operator = rng.choice(("In", "NotIn", "Exists", "DoesNotExist"))
        expression: Object = {"key": key, "operator": operator}
        if operator in ("In", "NotIn"):
            expression["values"] = [value]
        return {"matchExpressions": [expression]}

    def _rule(self, own: Workload, side: str) -> Object:
        rule: Object = {side: [self._peer(own) for _ in range(self.rng.randint(1, 3))]}
        if ports := self._ports():
            rule["ports"] = ports
        return rule

    def _peer(self, own: Workload) -> Object:
        rng = self.rng
        draw = rng.random()
        other = rng.choice(self.workloads)
        if draw < 0.50 or (self.labels_only and draw >= 0.85):
            return {"podSelector": self._selector(own)}
        if draw < 0.75:
            return {
                "namespaceSelector": selector(**{"kubernetes.io/metadata.name": other.namespace}),
                "podSelector": self._selector(other),
            }
        if draw < 0.85:
            return {"namespaceSelector": selector(env=rng.choice(ENVS))}
        return {"ipBlock": self._block()}

    def _block(self) -> Object:
        """A block of /8, /16, /20, /24 outside the addresses of pods and nodes, with up to two excepts 8 bits longer."""
        rng = self.rng
        if rng.random() < 0.1:
            return {"cidr": f"fd{rng.randrange(1, 256):02x}::/16"}
        length = rng.choice((8, 16, 20, 24))
        first = 11 + rng.randrange(109)
        address = (first << 24 | rng.getrandbits(24)) & -1 << 32 - length
        made: Object = {"cidr": str(IPv4Network((address, length)))}
        holes = sorted({rng.randrange(256) for _ in range(rng.randrange(3))})
        if holes:
            made["except"] = [str(IPv4Network((address | hole << 24 - length, length + 8))) for hole in holes]
        return made

    def _ports(self) -> list[Object]:
        rng = self.rng
        draw = rng.random()
        if draw < 0.15 or self.labels_only:
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
