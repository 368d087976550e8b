"""A1 to A5: the clusters of the scale tests of Antrea's controller, for which its sources give reference times.

Source: antrea-io/antrea pkg/controller/networkpolicy/networkpolicy_controller_perf_test.go, the functions `getXLargeScale…`.
Addresses are handed out in order, where the original draws them and lets two pods have the same. A5 is the generator that
the original has and does not call. `scale` divides the number of repetitions, for tests.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import islice

from benchmarks.objects import HASH, Addresses, Cluster, Object, connection, named, namespace, pod, policy, selector

Labels = dict[str, str]


class _Grower:
    """Adds the objects of one repetition after the other. Guards the addresses and the source of chance."""

    def __init__(self, seed: int) -> None:
        self.cluster = Cluster()
        self.rng = random.Random(seed)
        self.addresses = Addresses()

    def text(self) -> str:
        """Eight characters, as apimachinery's rand.String."""
        return "".join(self.rng.choices(HASH, k=8))

    def namespace(self, name: str, labels: Labels) -> None:
        self.cluster.objects.append(namespace(name, labels))

    def pod(self, space: str, name: str, labels: Labels) -> None:
        place = self.rng.randrange(1000)
        self.cluster.objects.append(pod(name, space, labels, self.addresses.take(), node=place))

    def policy(self, space: str, name: str, who: Labels, peer: Labels | None, spaces: Labels | None = None) -> None:
        """Isolates in both directions; lets in one peer, if any."""
        spec: Object = {"podSelector": selector(**who) if who else {}, "policyTypes": ["Ingress", "Egress"]}
        if peer is not None:
            one: Object = {"podSelector": selector(**peer)}
            if spaces is not None:
                one["namespaceSelector"] = selector(**spaces)
            spec["ingress"] = [{"from": [one]}]
        self.cluster.objects.append(policy(name, space, spec))


def small_namespaces(grower: _Grower, repeat: int) -> None:
    """A1: namespaces of four pods and three policies."""
    for _ in range(repeat):
        space = grower.text()
        grower.namespace(space, {"app": space})
        grower.policy(space, "default-deny-all", {}, None)
        for n in (1, 2):
            labels = {f"app-{n}": f"scale-{n}"}
            grower.policy(space, f"np-{n}", labels, labels)
            for i in (1, 2):
                grower.pod(space, f"pod{2 * n - 2 + i}", labels)


def large_namespaces(grower: _Grower, repeat: int) -> None:
    """A2: namespaces of a hundred apps with ten pods and a policy each."""
    for _ in range(repeat):
        space = grower.text()
        grower.namespace(space, {"app": space})
        grower.policy(space, "default-deny-all", {}, None)
        for i in range(100):
            labels = {f"app-{i}": f"scale-{i}"}
            grower.policy(space, f"np-{i}", labels, labels)
            for j in range(10):
                grower.pod(space, f"pod-{i}-{j}", labels)


def one_namespace(grower: _Grower, repeat: int) -> None:
    """A3: every policy selects every pod and lets every pod in."""
    space = grower.text()
    grower.namespace(space, {"app": space})
    labels = {"app-1": "scale-1"}
    for i in range(repeat):
        grower.policy(space, f"np-{i}-{grower.text()}", labels, labels)
        grower.pod(space, f"pod-{i}-{grower.text()}", labels)


def policy_per_pod(grower: _Grower, repeat: int) -> None:
    """A4: pairs of pods that let each other in, each pod with a label of its own."""
    space = grower.text()
    grower.namespace(space, {"app": space})
    for i in range(repeat):
        two = [{"app": f"scale-{i}-{grower.text()}"} for _ in range(2)]
        for n, labels in enumerate(two):
            grower.policy(space, f"np-{i}-{n}", labels, two[1 - n])
            grower.pod(space, f"pod-{i}-{n}", labels)


def cluster_scoped(grower: _Grower, repeat: int) -> None:
    """A5: peers are a hundred pods in ten namespaces."""
    for i in range(repeat):
        company = {"company": f"company-{i % max(1, repeat // 10)}"}
        space = f"{company['company']}-{grower.text()}"
        grower.namespace(space, company)
        for j in range(10):
            labels = {"app": f"scale-{j}"}
            grower.policy(space, f"np-{j}", labels, labels, company)
            for k in range(10):
                grower.pod(space, f"pod-{j}-{k}", labels)


FAMILIES: dict[str, tuple[Callable[[_Grower, int], None], int]] = {
    "A1": (small_namespaces, 25_000),
    "A2": (large_namespaces, 100),
    "A3": (one_namespace, 10_000),
    "A4": (policy_per_pod, 5_000),
    "A5": (cluster_scoped, 1_000),
}


def antrea(name: str, seed: int = 1, *, scale: int = 1) -> Cluster:
    """One of A1 to A5."""
    grow, repeat = FAMILIES[name]
    grower = _Grower(seed)
    grow(grower, max(1, repeat // scale))
    # every pod is isolated in both directions and no policy has an egress rule, so nothing passes
    one, two = islice((named(o) for o in grower.cluster.objects if o["kind"] == "Pod"), 2)
    grower.cluster.connections = [connection(one, two, 80, False), connection(two, one, 80, False)]
    if name == "A1":  # two of the three policies select each pod, so any one may go
        each = (o["metadata"] for o in grower.cluster.of_policies(policies=True))
        grower.cluster.policies = {"redundant": [f"{meta['namespace']}/{meta['name']}" for meta in each]}
    return grower.cluster
