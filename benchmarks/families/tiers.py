"""What administrators and vendors put around the policies of G: admin policies of every action, a baseline that denies, and
tiers of Calico that pass on, with selectors of nodes and service accounts.

All of them are about namespaces with the label `env`, which the planted ones lack, so that what is planted stays true.
"""

from __future__ import annotations

import random

from benchmarks.objects import Cluster, Object, calico_policy, meta, tier
from benchmarks.planted import ENVS, TIERS

ADMIN = "policy.networking.k8s.io/v1alpha2"
PRIORITIES = 10
ACTIONS = ("Accept", "Deny", "Pass")
VENDOR_ACTIONS = ("Allow", "Deny", "Pass")


def add_tiers(cluster: Cluster, rng: random.Random, count: int) -> None:
    """So many admin policies and so many policies in tiers of Calico, one baseline; every pod gets a service account."""
    for thing in cluster.objects:
        if thing["kind"] == "Pod":
            thing["spec"]["serviceAccountName"] = thing["metadata"]["labels"]["tier"]
    for i in range(count):
        rules = [{"name": f"in-{j}", "action": rng.choice(ACTIONS), "from": [{"pods": _pods(rng)}], "protocols": _ports(rng)}
                 for j in range(rng.randint(1, 3))]  # fmt: skip
        out = [{"name": "net", "action": rng.choice(ACTIONS), "to": [{"networks": [f"{11 + rng.randrange(100)}.0.0.0/8"]}]},
               {"name": "nodes", "action": "Deny", "to": [{"nodes": {"matchLabels": {"role": "none"}}}]}]  # fmt: skip
        # ten priorities where there are few, and never the same twice: for equal ones the API leaves the order open
        spec = {"tier": "Admin", "priority": i * (1000 // max(count, PRIORITIES)), "subject": _namespaces(rng)}
        cluster.objects.append(_cluster_wide(f"admin-{i}", {**spec, "ingress": rules, "egress": out}))
    deny = [{"name": "deny", "action": "Deny", "from": [{"namespaces": {"matchLabels": {"env": "dev"}}}]}]
    spec = {"tier": "Baseline", "priority": 0, "subject": {"namespaces": {"matchLabels": {"env": "prod"}}}}
    cluster.objects.append(_cluster_wide("baseline", {**spec, "ingress": deny}))
    cluster.objects.extend(tier(name, order) for name, order in (("platform", 100), ("security", 200)))
    for i in range(count):
        steps: list[Object] = [
            {
                "action": rng.choice(VENDOR_ACTIONS),
                "protocol": "TCP",
                "source": _source(rng),
                "destination": {"ports": [1000 + i]},
            },
            {"action": "Pass"},
        ]
        spec = {"order": i, "namespaceSelector": f"env == '{rng.choice(ENVS)}'", "types": ["Ingress"], "ingress": steps}
        cluster.objects.append(calico_policy(f"vendor-{i}", spec, rng.choice(("platform", "security"))))


def _cluster_wide(name: str, spec: Object) -> Object:
    return {"apiVersion": ADMIN, "kind": "ClusterNetworkPolicy", "metadata": meta(name), "spec": spec}


def _namespaces(rng: random.Random) -> Object:
    return {"namespaces": {"matchLabels": {"env": rng.choice(ENVS)}}}


def _pods(rng: random.Random) -> Object:
    spaces = {"matchExpressions": [{"key": "env", "operator": "In", "values": sorted(rng.sample(ENVS, 2))}]}
    return {"namespaceSelector": spaces, "podSelector": {"matchLabels": {"tier": rng.choice(TIERS)}}}


def _ports(rng: random.Random) -> list[Object]:
    return [{"tcp": {"destinationPort": {"number": rng.choice((80, 443, 8080, 9090))}}}]


def _source(rng: random.Random) -> Object:
    if rng.random() < 0.5:
        return {"serviceAccounts": {"names": [rng.choice(TIERS)]}}
    return {"namespaceSelector": f"env == '{rng.choice(ENVS)}'", "selector": f"tier == '{rng.choice(TIERS)}'"}
