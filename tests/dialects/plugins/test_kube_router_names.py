"""The names of ports under kube-router, told a second time: pod by pod, in every order in which it may walk through them.

Source: cloudnativelabs/kube-router pkg/controllers/netpol/policy.go, grabNamedPortFromPod and processNetworkPolicyPorts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import permutations
from random import Random

import pytest

import npverify
from dialects.calico.edge_queries import flow_of
from dialects.edge_cases import joined, pod, policy
from dialects.plugins.rows import flow
from npverify.inventory.unknowns import Unknown
from npverify.normal.policy import Direction
from npverify.oracle import Oracle

Port = tuple[str, str, int]
PORTS: tuple[Port, ...] = (
    ("http", "TCP", 80),
    ("http", "TCP", 8080),
    ("metrics", "TCP", 9090),
    ("http", "UDP", 80),
    ("", "TCP", 7),
)
NAMED = (("http", "TCP"), ("metrics", "TCP"))


def opened(pods: Iterable[tuple[str, Sequence[Port]]]) -> frozenset[tuple[str, str, int]]:
    """Pod, protocol and number of what is opened under the names, for one order of the pods: all ports of the pod that has one
    first share its list of addresses."""
    lists: dict[Port, list[str]] = {}
    for name, ports in pods:
        own = [name]
        for port in ports:
            if port in lists:
                lists[port] += own
            else:
                lists[port] = own
    return frozenset((name, p[1], p[2]) for p, names in lists.items() if p[:2] in NAMED for name in names)


def _with(name: str, ports: Sequence[Port], address: str) -> str:
    """A pod whose every port is one of a container of its own, where names may come twice."""
    of = (
        f"{{{f'name: {name}, ' if name else ''}protocol: {protocol}, containerPort: {number}}}"
        for name, protocol, number in ports
    )
    containers = (f"{{name: c{n}, image: i, ports: [{port}]}}" for n, port in enumerate(of))
    return pod(name, f"app: {name}", f"containers: [{', '.join(containers)}]", address, "a")


RULES = {
    "pods as sources": ("Ingress", "from: [{podSelector: {}}], "),
    "everybody as a source": ("Ingress", ""),
    "a block as a source": ("Ingress", "from: [{ipBlock: {cidr: 10.0.0.0/8}}], "),
    "pods as destinations": ("Egress", "to: [{podSelector: {}}], "),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(12))
def test_what_may_be_open_is_what_some_order_opens(seed: int, rule: str) -> None:
    """By default that is open which every order opens; with the fact of the rule also that which any order does."""
    rng = Random(seed)
    ports = {f"p{n}": rng.sample(PORTS, rng.randint(1, 3)) for n in range(3)}
    ports["p0"] = [PORTS[0], *(p for p in ports["p0"] if p != PORTS[0])]  # a name that no pod has is another matter
    pods = (_with(name, own, f"10.0.0.{n}") for n, (name, own) in enumerate(ports.items(), 1))
    direction, peers = RULES[rule]
    rules = f"{direction.lower()}: [{{{peers}ports: [{{port: http}}, {{port: metrics}}]}}]"
    text = joined(*pods, policy(f"podSelector: {{}}, policyTypes: [{direction}], {rules}", namespace="a"))
    world = npverify.load(["-"], cni="kube-router", stdin=text.encode).world
    oracle = Oracle(world.policies, world.inventory)
    orders = [opened(order) for order in permutations(ports.items())]
    for name in ports:
        other = next(n for n in ports if n != name)
        for protocol, number in {p[1:] for p in PORTS}:
            asked = flow_of(flow(f"a/{other}", f"a/{name}", number, protocol), world.inventory)
            half = Direction(direction.lower())
            touched: dict[str, Unknown] = {}
            surely = oracle.side(half, asked, {}, touched).allowed
            perhaps = oracle.side(half, asked, dict.fromkeys(touched, "true")).allowed
            found = [(name, protocol, number) in order for order in orders]
            assert (surely, perhaps) == (all(found), any(found)), (name, protocol, number, ports)
