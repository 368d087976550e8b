"""How endpoints of other clusters are shown, and what is said about them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from npverify.analyses.connectivity import connectivity
from npverify.analyses.results import Assumed, ProveResult
from npverify.analyses.ways_in import ways_in
from npverify.analyses.world import World
from npverify.assertions.claims import AllFlows, Assertion, Leg
from npverify.ingest.source import Problems, Span
from npverify.inventory.addresses import Address
from npverify.inventory.clusters import with_clusters
from npverify.inventory.model import Backend, Endpoint, EndpointKind, Service, ServicePort
from npverify.normal.flow import Flow, SideVerdict
from npverify.normal.policy import Action, Direction
from npverify.normal.predicates import TRUE, Side
from npverify.report.assumed import assumptions, mend
from npverify.report.json_values import endpoint, flow
from npverify.report.reproduce import reproduce
from npverify.report.words import end_line, end_name, verdict
from smallworld import node, pod, world

WEB = pod("web", ip="10.1.0.5")
DOOR = Service("shop", "door", "NodePort", (ServicePort("", "TCP", 80, 80),), {0: (Backend(WEB, 80),)})
BASE = world(WEB, services=[DOOR])
ELSEWHERE = world(
    pod("db", ip="10.8.0.5"),
    pod("api", many=True),
    pod("agent", kind=EndpointKind.HOST_POD, ip="198.51.100.1"),
    node("n1"),
).inventory
IT = replace(BASE, inventory=with_clusters(BASE.inventory, {"west": ELSEWHERE}, Problems()))
DB, API, AGENT, N1 = (
    next(e for e in IT.inventory.endpoints if str(e) == f"west:{name}")
    for name in ("shop/db", "shop/api", "shop/agent", "node n1")
)
DB_IP = Address.parse("10.8.0.5")

SHOWN = [
    pytest.param(DB, "west:shop/db  Pod  app=db", {"pod": "shop/db", "cluster": "west"}, id="a pod"),
    pytest.param(
        API,
        "west:shop/api  Deployment  app=api",
        {"workload": "shop/api", "kind": "Deployment", "cluster": "west"},
        id="replicas",
    ),
    pytest.param(
        AGENT,
        "west:shop/agent  Pod, hostNetwork  app=agent",
        {"pod": "shop/agent", "cluster": "west"},
        id="host network",
    ),
    pytest.param(N1, "west:node n1", {"node": "n1", "cluster": "west"}, id="a node"),
]


@pytest.mark.parametrize(("end", "line", "json"), SHOWN)
def test_an_end_is_shown_with_its_cluster(end: Endpoint, line: str, json: dict[str, str]) -> None:
    """Text puts the cluster in front, JSON has a key for it."""
    there = Flow(WEB, end, "TCP", 80)
    assert end_line(there, Side.DST, ()) == line
    assert end_name(there, Side.DST) == line.split("  ")[0]
    assert endpoint(end, None) == json


def test_a_flow_shows_the_address_elsewhere() -> None:
    """It is what policies see, so that it is in JSON as a pod's is."""
    assert flow(Flow(WEB, DB, "TCP", 80, WEB.addresses[0], DB_IP))["dst_ip"] == "10.8.0.5"


@pytest.mark.parametrize("direction", list(Direction))
def test_the_other_direction_is_not_judged(direction: Direction) -> None:
    """The line says why nothing is said of the end that is elsewhere."""
    it = Flow(DB, WEB, "TCP", 80) if direction is Direction.EGRESS else Flow(WEB, DB, "TCP", 80)
    said = SideVerdict(direction, Action.ALLOW, "no pod")
    assert (
        verdict(said, it, IT.policies) == "allowed: west:shop/db is in another cluster, whose policies are not judged"
    )
    assert verdict(said, Flow(N1, N1, "TCP", 80), IT.policies).startswith("allowed: west:node n1 is in another cluster")


DEBUG = "--image=busybox:1.36 -- nc -vz -w 3"


@pytest.mark.parametrize(
    ("it", "command"),
    [
        pytest.param(
            Flow(DB, WEB, "TCP", 80, DB_IP, WEB.addresses[0]),
            f"kubectl --context west -n shop debug -it db {DEBUG} 10.1.0.5 80",
            id="from a pod",
        ),
        pytest.param(
            Flow(API, WEB, "TCP", 80, None, WEB.addresses[0]),
            "kubectl --context west -n shop debug -it"
            f" $(kubectl --context west -n shop get pod -l app=api -o name | head -n 1) {DEBUG} 10.1.0.5 80",
            id="from a workload",
        ),
        pytest.param(
            Flow(N1, WEB, "TCP", 80, None, WEB.addresses[0]),
            f"kubectl --context west debug node/n1 -it {DEBUG} 10.1.0.5 80",
            id="from a node",
        ),
        pytest.param(
            Flow(WEB, DB, "TCP", 80, None, DB_IP),
            f"kubectl -n shop debug -it web {DEBUG} 10.8.0.5 80",
            id="to a known address",
        ),
        pytest.param(
            Flow(WEB, API, "TCP", 80),
            f"kubectl -n shop debug -it web {DEBUG}"
            " $(kubectl --context west -n shop get pod -l app=api -o jsonpath='{.items[0].status.podIP}') 80",
            id="to a workload",
        ),
        pytest.param(
            Flow(WEB, N1, "TCP", 80),
            f"kubectl -n shop debug -it web {DEBUG}"
            """ $(kubectl --context west get node n1 -o jsonpath='{.status.addresses[?(@.type=="InternalIP")].address}') 80""",
            id="to a node",
        ),
    ],
)
def test_the_command_asks_the_cluster_that_is_meant(it: Flow, command: str) -> None:
    """The name of the cluster stands for the context of kubectl."""
    assert reproduce(it) == command


def test_the_line_of_assumptions_says_what_is_taken_for_granted() -> None:
    """Wherever there are other clusters, no address belongs to two of them."""
    assert "no address belongs to two clusters" in assumptions(ProveResult(()), IT)
    assert assumptions(ProveResult(()), BASE) == ()


def test_an_unknown_address_elsewhere_is_settled_by_the_pods_there() -> None:
    """A range of pods of this cluster would not help."""
    needed = Assumed("address of west:shop/api", "10.9.0.1", "")
    assert mend(needed, IT) == "give the actual pods and nodes of cluster west (`kubectl get pods,nodes -A -o json`)"
    assert "--pod-cidr" in mend(Assumed("address of shop/web", "10.9.0.1", ""), IT)


def test_traffic_from_elsewhere_may_come_by_way_of_a_node() -> None:
    """It comes through a NodePort as outside traffic does."""
    claim = AllFlows(False, (Leg({DB: TRUE}, {WEB: TRUE}),))
    (phrase,) = ways_in(IT, [Assertion("t", "t", claim, "test", Span("t.npv", 1, 1))])
    assert "Service shop/door" in phrase


def test_connectivity_lists_what_is_elsewhere_among_blocks() -> None:
    """Endpoints of other clusters are no workloads of this one, and a note says where they are."""

    def notes(of: World) -> bool:
        return any("other clusters" in note for note in connectivity(of).notes)

    found = connectivity(IT)
    assert {c.dst for c in found.connections} == {c.dst for c in connectivity(BASE).connections}
    assert (notes(IT), notes(BASE)) == (True, False)
