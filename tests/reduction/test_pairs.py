"""Which pair of endpoints is shown for two groups, and which pairs there are at all: one row per fact."""

from __future__ import annotations

import pytest

from npverify.inventory.model import Endpoint, EndpointKind
from npverify.reduction.pairs import count_pairs, first_pair, on_one_node
from npverify.reduction.partial import DIRECT, Circumstance
from smallworld import node, pod

A, B, C = pod("a"), pod("b"), pod("c")
MANY, OTHERS = pod("many", many=True), pod("others", many=True)
NODE1, NODE2 = node("n1"), node("n2")
ON1, ON2, SOMEWHERE = pod("on1", node="n1"), pod("on2", node="n2"), pod("zoo")
HOST1, HOST2 = (pod(f"host{n}", kind=EndpointKind.HOST_POD, node=f"n{n}") for n in (1, 2))
HOST = pod("host", kind=EndpointKind.HOST_POD)
HOSTS = pod("hosts", kind=EndpointKind.HOST_POD, many=True, node="n1")
AGENT = Endpoint(EndpointKind.POD, "shop", "agent", on_every_node=True, replicated=True)
HOST_AGENT = Endpoint(EndpointKind.HOST_POD, "shop", "host-agent", on_every_node=True, replicated=True)
SAME, NEAR = Circumstance(same=True), Circumstance(own_node=True)

Groups = list[list[Endpoint]]

PAIRS: list[tuple[str, Groups, Groups, Circumstance, tuple[Endpoint, Endpoint] | None]] = [
    ("the first of each side", [[A, B]], [[C]], DIRECT, (A, C)),
    ("the first over all classes", [[B], [A]], [[C]], DIRECT, (A, C)),
    ("never one pod and itself", [[A]], [[A]], DIRECT, None),
    ("the next one where both begin with one pod", [[A, B]], [[A, B]], DIRECT, (A, B)),
    ("the next one may be the source", [[A, B]], [[A]], DIRECT, (B, A)),
    ("the next one may be of another class", [[A]], [[A], [C]], DIRECT, (A, C)),
    ("two replicas of one workload", [[MANY]], [[MANY]], DIRECT, (MANY, MANY)),
    ("one pod and itself", [[A, B]], [[B, C]], SAME, (B, B)),
    ("the first that is on both sides", [[B], [A]], [[A], [B]], SAME, (A, A)),
    ("nobody is on both sides", [[A]], [[B]], SAME, None),
    ("a node does not count as a pod that talks to itself", [[NODE1]], [[NODE1]], SAME, None),
    ("a replica talks to itself", [[MANY]], [[MANY]], SAME, (MANY, MANY)),
    ("a node and its pod", [[NODE1, NODE2]], [[ON2]], NEAR, (NODE2, ON2)),
    ("a pod and its node", [[ON2]], [[NODE1, NODE2]], NEAR, (ON2, NODE2)),
    ("a node and no pod of its own", [[NODE1]], [[ON2]], NEAR, None),
    ("a node and a pod elsewhere", [[NODE1]], [[ON2]], DIRECT, (NODE1, ON2)),
    ("a node and its pod are never elsewhere", [[NODE1]], [[ON1]], DIRECT, None),
    ("a pod that is not placed may be on a node", [[NODE1]], [[SOMEWHERE]], NEAR, (NODE1, SOMEWHERE)),
    ("or not on it", [[NODE1]], [[SOMEWHERE]], DIRECT, (NODE1, SOMEWHERE)),
    ("who is there for certain comes before who may be", [[NODE2]], [[SOMEWHERE, ON2]], NEAR, (NODE2, ON2)),
    ("also where the name would come first", [[NODE1, NODE2]], [[A, ON2]], NEAR, (NODE2, ON2)),
    ("a pod of every node is on this one", [[NODE1]], [[AGENT]], NEAR, (NODE1, AGENT)),
    ("and there is one on another", [[NODE1]], [[AGENT]], DIRECT, (NODE1, AGENT)),
    ("a host-network pod of every node meets each pod", [[HOST_AGENT]], [[ON2]], NEAR, (HOST_AGENT, ON2)),
    ("a host-network pod is on its node", [[HOST1, HOST2]], [[ON2]], NEAR, (HOST2, ON2)),
    ("a host-network pod that is not placed", [[HOST]], [[ON2]], NEAR, (HOST, ON2)),
    ("the second pod of a node where the first is the peer itself", [[HOST1]], [[HOST1]], DIRECT, None),
    ("two host-network pods of two nodes", [[HOST1, HOST2]], [[HOST1, HOST2]], DIRECT, (HOST1, HOST2)),
    ("two host-network replicas of one node share it", [[HOSTS]], [[HOSTS]], NEAR, (HOSTS, HOSTS)),
    ("and are never on two", [[HOSTS]], [[HOSTS]], DIRECT, None),
]  # fmt: skip


@pytest.mark.parametrize(("sources", "targets", "how", "want"), [r[1:] for r in PAIRS], ids=[r[0] for r in PAIRS])
def test_the_first_pair(
    sources: Groups, targets: Groups, how: Circumstance, want: tuple[Endpoint, Endpoint] | None
) -> None:
    """The first pair by name that can stand to each other as is said, or none."""
    assert first_pair(sources, targets, how) == want


def test_pairs_are_counted() -> None:
    """Every source with every target but itself, unless it has replicas; one where it depends on nodes."""
    assert count_pairs([[A, B], [C]], [[A], [B]], DIRECT) == 4
    assert count_pairs([[MANY]], [[MANY], [A]], DIRECT) == 2
    assert count_pairs([[A, B]], [[A, B]], SAME) == 1


NODES = [
    ("two pods of one node", ON1, NODE1, True),
    ("two of two nodes", ON1, NODE2, False),
    ("a pod that is not placed", A, NODE1, None),
    ("two that are not placed", A, B, None),
    ("a pod of every node", AGENT, A, True),
    ("beside a pod of every node", ON1, AGENT, True),
]


@pytest.mark.parametrize(("one", "other", "want"), [r[1:] for r in NODES], ids=[r[0] for r in NODES])
def test_who_shares_a_node(one: Endpoint, other: Endpoint, want: bool | None) -> None:
    """Two endpoints share a node, do not, or nobody knows."""
    assert on_one_node(one, other) is want
