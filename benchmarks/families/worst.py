"""W: one difficulty at a time, driven to where it hurts.

`scale` divides every number, for tests.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.objects import (
    Addresses,
    Cluster,
    Fact,
    Object,
    calico_policy,
    connection,
    namespace,
    pod,
    policy,
    selector,
    tier,
)

SPACE = "worst"


def _cluster(pods: int, label: Callable[[int], str]) -> Cluster:
    cluster = Cluster()
    addresses = Addresses()
    cluster.objects.append(namespace(SPACE))
    cluster.objects += [pod(f"pod-{i}", SPACE, {"app": label(i)}, addresses.take()) for i in range(pods)]
    return cluster


def _ingress(cluster: Cluster, name: str, who: Object, rules: list[Object]) -> None:
    cluster.objects.append(policy(name, SPACE, {"podSelector": who, "policyTypes": ["Ingress"], "ingress": rules}))


def all_to_all(scale: int) -> Cluster:
    """10,000 pods of one namespace, all of which may talk to all."""
    cluster = _cluster(10_000 // scale, lambda i: "one")
    _ingress(cluster, "all", {}, [{"from": [{"podSelector": {}}]}])
    cluster.connections = [connection("worst/pod-0", "worst/pod-1", 80, True)]
    cluster.facts = [Fact("every pods in namespace worst reaches pods in namespace worst on tcp/80", "proved"),
                     Fact("no internet reaches pods in namespace worst", "proved")]  # fmt: skip
    return cluster


def single_pods(scale: int) -> Cluster:
    """10,000 pods that policies can all tell apart: each lets in the next one alone."""
    count = 10_000 // scale
    cluster = _cluster(count, lambda i: f"app-{i}")
    for i in range(count):
        peer = selector(app=f"app-{(i + 1) % count}")
        _ingress(cluster, f"policy-{i}", selector(app=f"app-{i}"), [{"from": [{"podSelector": peer}]}])
    cluster.connections = [
        connection("worst/pod-1", "worst/pod-0", 80, True),
        connection("worst/pod-2", "worst/pod-0", 80, False),
    ]
    cluster.facts = [Fact('only pods where app == "app-1" reaches pods where app == "app-0"', "proved"),
                     Fact('no pods where app == "app-2" reaches pods where app == "app-1"', "refuted")]  # fmt: skip
    return cluster


def many_peers(scale: int) -> Cluster:
    """One policy with 1,000 peers."""
    count = 1_000 // scale
    cluster = _cluster(2 * count, lambda i: f"app-{i}")
    peers = [{"podSelector": selector(app=f"app-{i}")} for i in range(1, count + 1)]
    cluster.connections = [
        connection(f"worst/pod-{count}", "worst/pod-0", 80, True),
        connection(f"worst/pod-{count}", "worst/pod-0", 81, False),
        connection(f"worst/pod-{count + 1}", "worst/pod-0", 80, False),
    ]
    _ingress(cluster, "many", selector(app="app-0"), [{"from": peers, "ports": [{"port": 80}]}])
    cluster.facts = [Fact(f'no pods where app == "app-{count + 1}" reaches pods where app == "app-0"', "proved"),
                     Fact(f'every pods where app == "app-{count}" reaches pods where app == "app-0" on tcp/80', "proved")]  # fmt: skip
    return cluster


def nested_blocks(scale: int) -> Cluster:
    """1,000 blocks with ten excepts, each inside the one before, so that nine of them are redundant."""
    cluster = _cluster(10, lambda i: "one")
    blocks = []
    for i in range(1_000 // scale):
        base = f"{20 + i // 256}.{i % 256}"
        nested = [f"{base}.128.0/{length}" for length in range(17, 27)]
        blocks.append({"ipBlock": {"cidr": f"{base}.0.0/16", "except": nested}})
    _ingress(cluster, "blocks", {}, [{"from": blocks}])
    cluster.facts = [Fact("no 20.0.128.0/17 reaches pods in namespace worst", "proved"),
                     Fact("every 20.0.0.0/17 reaches pods in namespace worst on tcp/80", "proved"),
                     Fact("no 20.0.0.0/16 reaches pods in namespace worst", "refuted")]  # fmt: skip
    return cluster


def many_ranges(scale: int) -> Cluster:
    """1,000 ranges of ports with a gap behind each."""
    cluster = _cluster(10, lambda i: "one")
    ranges = [{"protocol": "TCP", "port": 1000 + 50 * i, "endPort": 1030 + 50 * i} for i in range(1_000 // scale)]
    _ingress(cluster, "ranges", {}, [{"ports": ranges}])
    cluster.facts = [Fact("no internet reaches pods in namespace worst on tcp/1031-1049", "proved"),
                     Fact("no internet reaches pods in namespace worst on tcp/1000-1040", "refuted")]  # fmt: skip
    return cluster


def many_tiers(scale: int) -> Cluster:
    """500 rules in ten tiers of Calico that allow, deny and pass by turns, all about the same pods."""
    cluster = _cluster(100, lambda i: f"app-{i}")
    tiers = 10
    for t in range(tiers):
        cluster.objects.append(tier(f"tier-{t}", 100 + t))
        rules: list[Object] = []
        for i in range(max(1, 50 // scale)):
            action = ("Allow", "Deny", "Pass")[(i + t) % 3]
            ports = {"ports": [f"{1000 * (t + 1) + 10 * i}:{1000 * (t + 1) + 10 * i + 14}"]}
            rules.append({"action": action, "protocol": "TCP", "destination": ports})
        spec = {"order": 10, "selector": "all()", "types": ["Ingress"], "ingress": [*rules, {"action": "Pass"}]}
        cluster.objects.append(calico_policy("rules", spec, f"tier-{t}"))
    cluster.facts = [Fact("no internet reaches pods in namespace worst on tcp/1000-1009", "refuted"),
                     Fact("no internet reaches pods in namespace worst on tcp/2000-2009", "proved")]  # fmt: skip
    return cluster


FAMILIES: dict[str, Callable[[int], Cluster]] = {
    "W-all": all_to_all,
    "W-single": single_pods,
    "W-peers": many_peers,
    "W-blocks": nested_blocks,
    "W-ranges": many_ranges,
    "W-tiers": many_tiers,
}


def worst(name: str, *, scale: int = 1) -> Cluster:
    """One of the worst cases."""
    return FAMILIES[name](scale)
