"""KB: the cluster of OpenShift's scale test of network policies.

Source: kube-burner/kube-burner-ocp cmd/config/network-policy/ingress-np.yml, the template of one policy; the published point
is 240 namespaces of 10 pods and 20 policies. Each policy is unique, since peers and blocks go round.
"""

from __future__ import annotations

from benchmarks.families.passing import found_out
from benchmarks.objects import Addresses, Cluster, Object, namespace, pod, policy

SPACE = "network-policy-perf-"


def openshift(namespaces: int, pods: int, policies: int, *, wide: int = 5, local: int | None = None) -> Cluster:
    """`wide` is how many remote namespaces, remote pods, blocks, ports and ranges of ports a policy has, `local` how many pods
    it selects (all)."""
    cluster = Cluster()
    addresses = Addresses()
    local = pods if local is None else min(local, pods)
    for i in range(namespaces):
        space = f"{SPACE}{i}"
        cluster.objects.append(namespace(space))
        for n in range(1, pods + 1):
            cluster.objects.append(pod(f"test-pod-{n}", space, {"num": str(n)}, addresses.take(), node=i))
        for n in range(1, policies + 1):
            first = (i * policies + n - 1) * wide + 1
            spaces = [f"{SPACE}{(first + j) % namespaces}" for j in range(min(wide, namespaces))]
            start = (n * wide - 1) // namespaces * wide
            numbers = [str((start + j) % pods + 1) for j in range(min(wide, pods))]
            rules: list[Object] = [
                {
                    "from": [
                        {
                            "namespaceSelector": _in("kubernetes.io/metadata.name", spaces),
                            "podSelector": _in("num", numbers),
                        }
                    ],
                    "ports": _ports(8080, wide),
                }
            ]
            blocks = (n * wide + 1 + j for j in range(wide))
            rules += [{"from": [{"ipBlock": {"cidr": f"{1 + b // 256}.{b % 256}.0.0/16"}}], "ports": _ports(1001, wide)}
                      for b in blocks]  # fmt: skip
            who = _in("num", [str(k) for k in range(1, local + 1)])
            spec = {"podSelector": who, "policyTypes": ["Ingress"], "ingress": rules}
            cluster.objects.append(policy(f"ingress-{i}-{n}", space, spec))
    cluster.connections = found_out(cluster.objects, 8080)  # the blocks are far from the pods' addresses
    return cluster


def _in(key: str, values: list[str]) -> Object:
    return {"matchExpressions": [{"key": key, "operator": "In", "values": values}]}


def _ports(first: int, wide: int) -> list[Object]:
    single = [{"protocol": "TCP", "port": first + i} for i in range(wide)]
    return single + [{"protocol": "TCP", "port": 5000 + 10 * i, "endPort": 5005 + 10 * i} for i in range(wide)]
