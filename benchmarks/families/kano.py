"""K: the clusters on which the bit matrices of Kano and its re-implementations are measured: one namespace, labels from small
sets, policies of one rule in one direction that know neither ports nor blocks.
"""

from __future__ import annotations

import random

from benchmarks.families.passing import found_out
from benchmarks.objects import Addresses, Cluster, Object, namespace, pod, policy

KEYS = 5
VALUES = 10
USERS = 5
MOST_LABELS = 4


def kano(pods: int, policies: int, seed: int = 1) -> Cluster:
    """So many pods and policies; each policy copies up to four labels of one random pod as its selector, and of another as
    its peer."""
    rng = random.Random(seed)
    cluster = Cluster()
    addresses = Addresses()
    cluster.objects.append(namespace("default"))
    seen = []
    for i in range(pods):
        labels = {"User": f"user-{rng.randrange(USERS)}"}
        for _ in range(rng.randint(0, 4)):
            labels[f"key-{rng.randrange(KEYS)}"] = f"value-{rng.randrange(VALUES)}"
        seen.append(labels)
        cluster.objects.append(pod(f"pod-{i}", "default", labels, addresses.take()))

    def copied() -> Object:
        labels = rng.choice(seen)
        keys = rng.sample(sorted(labels), rng.randint(1, min(MOST_LABELS, len(labels))))
        return {"matchLabels": {key: labels[key] for key in sorted(keys)}}

    for i in range(policies):
        who, peer, ingress = copied(), copied(), rng.random() < 0.5
        spec: Object = {"podSelector": who, "policyTypes": ["Ingress" if ingress else "Egress"]}
        spec["ingress" if ingress else "egress"] = [{"from" if ingress else "to": [{"podSelector": peer}]}]
        cluster.objects.append(policy(f"policy-{i}", "default", spec))
    cluster.connections = found_out(cluster.objects, 80)
    return cluster
