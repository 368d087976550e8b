"""Ends of flows in another cluster: how they are named in JSON and on the command line, and their verdicts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from npverify.analyses.ends import resolve_end
from npverify.analyses.evaluate import evaluate
from npverify.analyses.flows import read_flow, same_node
from npverify.analyses.why import why_not
from npverify.analyses.world import World
from npverify.ingest.source import InputError, Problems
from npverify.inventory.addresses import Address, Prefix
from npverify.inventory.clusters import with_clusters
from npverify.inventory.model import Endpoint, EndpointKind, WorkloadRef
from npverify.normal.flow import Flow
from npverify.normal.predicates import Pred, Side, address_owned_by, kind_is, namespace_is, or_
from npverify.oracle import Oracle
from npverify.report.json_values import endpoint
from smallworld import allow, block, node, pod, selecting, world

WEB = pod("web", ip="10.1.0.5 fd00::1", node="n1")
AGENT = pod("agent", kind=EndpointKind.HOST_POD, node="n1", ip="192.0.2.1")
N1 = node("n1", ip="192.0.2.1")
ELSEWHERE = world(
    pod("db-0", ip="10.8.0.5 fd00::5", of=WorkloadRef("StatefulSet", "shop", "db"), node="n1"),
    pod("db-1", of=WorkloadRef("StatefulSet", "shop", "db")),
    pod("web", many=True),
    pod("agent", "mon", kind=EndpointKind.HOST_POD, node="n1", ip="198.51.100.1"),
    node("n1", ip="198.51.100.1"),
).inventory
IT = with_clusters(world(WEB, AGENT, N1).inventory, {"west": ELSEWHERE}, Problems())
DB, DB1, WEST_WEB, WEST_AGENT, WEST_N1 = (
    next(e for e in IT.endpoints if str(e) == f"west:{name}")
    for name in ("shop/db-0", "shop/db-1", "shop/web", "mon/agent", "node n1")
)

NAMED = {
    "a pod": ({"pod": "shop/db-0", "cluster": "west"}, "west:shop/db-0", (DB,)),
    "a workload": ({"workload": "shop/db", "cluster": "west"}, "west:shop/db", (DB, DB1)),
    "a workload by its kind": (
        {"workload": "shop/web", "kind": "deployment", "cluster": "west"}, "west:deployment/shop/web", (WEST_WEB,),
    ),
    "a pod on the host network": ({"pod": "mon/agent", "cluster": "west"}, "west:pod/mon/agent", (WEST_AGENT,)),
    "a node": ({"node": "n1", "cluster": "west"}, "west:node/n1", (WEST_N1,)),
    "an address": ({"ip": "10.8.0.5"}, "10.8.0.5", (DB,)),
    "an IPv6 address": ({"ip": "fd00::5"}, "[fd00::5]", (DB,)),
    "an address of a node and the pods on it": ({"ip": "198.51.100.1"}, "198.51.100.1", (WEST_N1,)),
    "an address of this cluster": ({"ip": "192.0.2.1"}, "192.0.2.1", (N1,)),
    "something of this cluster": ({"pod": "shop/web"}, "pod/shop/web", (WEB,)),
}  # fmt: skip


@pytest.mark.parametrize(("value", "text", "members"), NAMED.values(), ids=NAMED)
def test_an_end_is_named_with_its_cluster(value: dict[str, str], text: str, members: tuple[Endpoint, ...]) -> None:
    """JSON and text name the same endpoints, and JSON that is printed is read again."""
    query = read_flow({"src": {"pod": "shop/web"}, "dst": value, "port": 80}, IT)
    assert tuple(flow.dst for flow in query.flows[0]) == members
    assert resolve_end(text, IT).members == members
    for end in members:
        if end.replicated or end.on_every_node or "ip" not in value:
            shown = endpoint(end, None)
            assert end in tuple(
                f.dst for f in read_flow({"src": {"ip": "1.2.3.4"}, "dst": shown, "port": 80}, IT).flows[0]
            )


def test_a_bare_name_is_one_of_this_cluster() -> None:
    """What is elsewhere is not meant by a name without a cluster, nor a candidate for it."""
    assert resolve_end("web", IT).members == (WEB,)
    with pytest.raises(InputError):
        resolve_end("shop/db-0", IT)
    assert resolve_end("west:db-0", IT).members == (DB,)
    assert resolve_end("west:db-0", IT).text == "west:shop/db-0"


WRONG = {
    "a cluster that is not there": (
        {"pod": "shop/db-0", "cluster": "wst"},
        "wst:shop/db-0",
        "no other cluster `wst`",
        "`west`",
    ),
    "a pod that is not there": (
        {"pod": "shop/db-7", "cluster": "west"},
        "west:pod/shop/db-7",
        "`shop/db-7` in cluster west",
        "db-",
    ),
    "a node that is not there": (
        {"node": "n7", "cluster": "west"},
        "west:node/n7",
        "no node `n7` in cluster west",
        "n1",
    ),
    "a kind that it has not": (
        {"workload": "shop/db", "kind": "Deployment", "cluster": "west"},
        "west:deployment/shop/db",
        "in cluster west, but a StatefulSet",
        "",
    ),
    "an address with a cluster": ({"ip": "10.8.0.5", "cluster": "west"}, "west:10.8.0.5", "", ""),
    "a service elsewhere": ({"service": "shop/db", "cluster": "west"}, "west:service/shop/db", "", ""),
}


@pytest.mark.parametrize(("value", "text", "message", "fix"), WRONG.values(), ids=WRONG)
def test_what_is_not_there_is_an_error(value: dict[str, str], text: str, message: str, fix: str) -> None:
    """The message says where it was looked for, and what is near."""
    found = []
    with pytest.raises(InputError) as caught:
        read_flow({"src": {"pod": "shop/web"}, "dst": value, "port": 80}, IT)
    found += caught.value.diagnostics
    with pytest.raises(InputError) as caught:
        resolve_end(text, IT)
    found += caught.value.diagnostics
    for error in found:
        assert message in error.message
        assert fix in error.fix


def test_without_other_clusters_the_message_says_how_to_add_one() -> None:
    """The option is named."""
    with pytest.raises(InputError) as caught:
        resolve_end("west:shop/db-0", world(WEB).inventory)
    assert "--remote west=PATH" in caught.value.diagnostics[0].fix


@pytest.mark.parametrize("text", ["fd00::zz", "10.0.0.1:80", "http://x"])
def test_a_malformed_address_is_no_cluster(text: str) -> None:
    """Only what looks like a name is taken for one."""
    with pytest.raises(InputError) as caught:
        resolve_end(text, world(WEB).inventory)
    assert "cluster" not in caught.value.diagnostics[0].message or text == "http://x"


def judged(*space: str) -> World:
    """A world where web may send to 10.8.0.0/24 alone; `space` holds the blocks where pods of this cluster live."""
    base = world(WEB, egress=(selecting(Side.SRC, "p", allow(block(Side.DST, "10.8.0.0/24"))),))
    here = replace(base.inventory, pod_space=tuple(map(Prefix.parse, space)))
    return replace(base, inventory=with_clusters(here, {"west": ELSEWHERE}, Problems()))


@pytest.mark.parametrize(
    ("name", "space", "allowed", "depends"),
    [
        pytest.param("west:shop/db-0", (), True, (), id="a known address decides"),
        pytest.param("west:node n1", (), False, (), id="also that of a node"),
        pytest.param(
            "west:shop/db-1", (), False, ("address of west:shop/db-1",), id="an unknown one may lie in the block"
        ),
        pytest.param("west:shop/db-1", ("10.8.0.0/16",), False, (), id="unless pods of this cluster live there"),
    ],
)
def test_the_address_decides(name: str, space: tuple[str, ...], allowed: bool, depends: tuple[str, ...]) -> None:
    """The verdict on a flow to another cluster is that on its address, and depends on it where it is not known."""
    it = judged(*space)
    dst = next(e for e in it.inventory.endpoints if str(e) == name)
    found = evaluate(it, Flow(WEB, dst, "TCP", 80, WEB.addresses[0], dst.addresses[0] if dst.addresses else None))
    assert (found.verdict.allowed, found.depends) == (allowed, depends)


@pytest.mark.parametrize("end", [DB, WEST_WEB, WEST_AGENT, WEST_N1], ids=str)
def test_nothing_elsewhere_is_on_a_node_of_this_cluster(end: Endpoint) -> None:
    """Nodes of two clusters that have one name are two."""
    anywhere = pod("anywhere", kind=EndpointKind.HOST_POD)
    for here in (WEB, AGENT, N1, anywhere):
        assert same_node(here, end) is False
        assert same_node(end, here) is False


@pytest.mark.parametrize(
    ("pred", "words"),
    [
        pytest.param(
            namespace_is(Side.DST, "shop"), "the destination is an endpoint of another cluster", id="a namespace"
        ),
        pytest.param(
            kind_is(Side.DST, EndpointKind.POD), "the destination is an endpoint of another cluster", id="a kind"
        ),
        pytest.param(
            or_(address_owned_by(Side.DST, "pod"), address_owned_by(Side.DST, "node")),
            "10.8.0.5 is not the address of pod, 10.8.0.5 is not the address of node",
            id="an owner",
        ),
    ],
)
def test_why_a_rule_does_not_match(pred: Pred, words: str) -> None:
    """An explanation says that the end is in another cluster."""
    flow = Flow(WEB, DB, "TCP", 80, WEB.addresses[0], Address.parse("10.8.0.5"))
    it = world(WEB)
    assert why_not(pred, flow, Oracle(it.policies, IT)) == words
