"""Expressions for endpoints of other clusters: how they are written, what they mean, and what is said of wrong names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from npverify.assertions import printer
from npverify.assertions import syntax as s
from npverify.assertions.claims import AllFlows
from npverify.assertions.legs import NO_POD, OTHER_CLUSTERS, OWN_NODE, SELF
from npverify.assertions.parser import parse
from npverify.assertions.resolve import SpecText, resolve
from npverify.ingest.read import SpecText as Text
from npverify.ingest.source import Problems
from npverify.inventory.addresses import Prefix
from npverify.inventory.clusters import with_clusters
from npverify.inventory.model import EXTERNAL, ContainerPort, Endpoint, EndpointKind, Inventory, Namespace
from npverify.inventory.unknowns import ABSENT, namespace_label, runtime_label
from npverify.normal.predicates import TRUE, Side, address_in, and_, not_, port_in, protocol_is, unknown_in
from smallworld import node, pod, world

WEST, BOTH = s.Clusters(("west",)), s.Clusters(("west", "east"))
APP = s.LabelTest("app", "in", ("web",))
SHOP = s.Namespaces(("shop",))

WRITTEN = {
    "pods of a cluster": ("pods in cluster west", s.Pods(clusters=WEST)),
    "by label": ('pods where app == "web" in cluster west', s.Pods(APP, clusters=WEST)),
    "by namespace": ("pods in namespace shop in cluster west", s.Pods(scope=SHOP, clusters=WEST)),
    "by both": ('pods where app == "web" in namespace shop in cluster west', s.Pods(APP, SHOP, clusters=WEST)),
    "by both, the namespace first": (
        'pods in namespace shop where app == "web" in clusters west, east',
        s.Pods(APP, SHOP, clusters=BOTH),
    ),
    "without the word pods": ("in namespace shop in cluster west", s.Pods(scope=SHOP, clusters=WEST)),
    "by the labels of the namespace": (
        'pods in namespace where app == "web" in cluster west',
        s.Pods(scope=s.NamespacesWhere(APP), clusters=WEST),
    ),
    "on the host network": ("hostnetwork pods in cluster west", s.Pods(flavour="hostnetwork", clusters=WEST)),
    "nodes": ("nodes in cluster west", s.Everyone("nodes", clusters=WEST)),
    "one node": ("node n1 in cluster west", s.Named("node", "n1", clusters=WEST)),
    "one pod": ("pod shop/db-0 in cluster west", s.Named("pod", "shop/db-0", clusters=WEST)),
    "a workload": ("deployment shop/web in cluster west", s.Named("deployment", "shop/web", clusters=WEST)),
    "a word of the language as a label": (
        'pods where cluster == "a" in cluster west',
        s.Pods(s.LabelTest("cluster", "in", ("a",)), clusters=WEST),
    ),
    "in a set": (
        "pods in cluster west except node n1 in cluster east",
        s.ExceptEnds(s.Pods(clusters=WEST), s.Named("node", "n1", clusters=s.Clusters(("east",)))),
    ),
    "with a port": ("pod shop/db-0 in cluster west:5432", s.WithPort(s.Named("pod", "shop/db-0", clusters=WEST), 5432)),
}


@pytest.mark.parametrize(("text", "meant"), WRITTEN.values(), ids=WRITTEN)
def test_a_cluster_stands_behind_what_it_is_about(text: str, meant: s.Ends) -> None:
    """The text reads as this, and is printed so that it reads as the same again."""
    for again in (text, printer.ends(meant)):
        problems = Problems()
        (statement,) = parse("t.npv", f"let a = {again}", problems)
        assert problems.errors == ()
        assert statement == s.Let("a", meant)


def elsewhere(**clusters: Inventory) -> Inventory:
    """A small cluster with others beside it."""
    return with_clusters(HERE, clusters, Problems())


HASH = runtime_label("Deployment shop/web", "hash")
web, n1 = pod("web", ip="10.1.0.5", role="front", hash=HASH), node("n1", ip="192.0.2.1")
HERE = world(web, n1).inventory
SQL = (ContainerPort("sql", "TCP", 5432),)
ENDS = (
    pod("db-0", ip="10.8.0.5", role="data", ports=SQL),
    pod("web", ns="edge", many=True, role="front", account="robot"),
    pod("agent", ns="mon", kind=EndpointKind.HOST_POD, ip="198.51.100.1"),
    node("n1", ip="198.51.100.1"),
)
LABELS = {
    "shop": Namespace("shop", {"env": "prod"}),
    "edge": Namespace("edge", {}, declared=False),
    "mon": Namespace("mon", {}),
}
OTHER = replace(world(*ENDS).inventory, namespaces=LABELS, notes=("Deployment shop/old has 0 replicas: no pods",))
WORLD = elsewhere(west=OTHER, east=world(pod("db-0", ip="10.9.0.5", hash=HASH)).inventory)


def end(name: str, inventory: Inventory = WORLD) -> Endpoint:
    """The endpoint that is shown as `name`."""
    return next(e for e in inventory.endpoints if str(e) == name)


DB, API, AGENT, N1 = (end(f"west:{name}") for name in ("shop/db-0", "edge/web", "mon/agent", "node n1"))
EAST = end("east:shop/db-0")
EDGE = namespace_label("west:edge", "env")
PORT = and_(protocol_is("TCP"), port_in(5432, 5432))


def legs(text: str, inventory: Inventory = WORLD) -> tuple[AllFlows, tuple[str, ...], Problems]:
    """The claim of an assertion, what it leaves out, and what was noted."""
    problems = Problems()
    spec: SpecText = Text("t.npv", text)
    (assertion,) = resolve([spec], inventory, {}, problems).assertions
    assert problems.errors == ()
    assert isinstance(assertion.claim, AllFlows)
    return assertion.claim, assertion.assumed, problems


SETS = {
    "pods are those of this cluster": ("pods", {web: TRUE}),
    "nodes are those of this cluster": ("nodes", {n1: TRUE}),
    "a label is one of this cluster": ('pods where role == "front"', {web: TRUE}),
    "a word is something of this cluster": ("web", {web: TRUE}),
    "internet is nobody who is known": ("internet", {EXTERNAL: TRUE}),
    "anything is everybody": ("anything", dict.fromkeys((web, n1, EAST, API, AGENT, DB, N1, EXTERNAL), TRUE)),
    "not pods are also those of other clusters": ("not pods", dict.fromkeys((n1, EAST, API, AGENT, DB, N1, EXTERNAL), TRUE)),
    "pods of another cluster": ("pods in cluster west", dict.fromkeys((API, AGENT, DB), TRUE)),
    "of two": ("pods in clusters west, east", dict.fromkeys((EAST, API, AGENT, DB), TRUE)),
    "by label": ('pods where role == "front" in cluster west', {API: TRUE}),
    "by a label that they lack": ('pods where role != "front" in cluster west', {AGENT: TRUE, DB: TRUE}),
    "by a label that nobody knows": (
        'pods where hash == "x" in cluster east',
        {EAST: unknown_in(replace(HASH, name=f"{HASH.name} in cluster east"), "x")},
    ),
    "by namespace": ("pods in namespace shop in cluster west", {DB: TRUE}),
    "by namespace and label": ('pods where app == "web" in namespaces shop, edge in cluster west', {API: TRUE}),
    "by the label of a namespace there": (
        'pods in namespace where env == "prod" in cluster west',
        {API: unknown_in(EDGE, "prod"), DB: TRUE},
    ),
    "by a label that a namespace there lacks": (
        "pods in namespace where has no env in cluster west",
        {API: unknown_in(EDGE, ABSENT), AGENT: TRUE},
    ),
    "on the host network": ("hostnetwork pods in cluster west", {AGENT: TRUE}),
    "nodes there": ("nodes in cluster west", {N1: TRUE}),
    "a node there": ("node n1 in cluster west", {N1: TRUE}),
    "a pod there": ("pod shop/db-0 in cluster west", {DB: TRUE}),
    "a pod by its bare name": ("pod db-0 in cluster east", {EAST: TRUE}),
    "a name in two clusters": ("pod db-0 in clusters west, east", {EAST: TRUE, DB: TRUE}),
    "a workload there": ("deployment edge/web in cluster west", {API: TRUE}),
    "a service account there": ("serviceaccount edge/robot in cluster west", {API: TRUE}),
    "everybody else": ("anything except pods in cluster west", dict.fromkeys((web, n1, EAST, N1, EXTERNAL), TRUE)),
}  # fmt: skip


@pytest.mark.parametrize(("ends", "meant"), SETS.values(), ids=SETS)
def test_an_expression_is_a_set(ends: str, meant: dict[Endpoint, object]) -> None:
    """Each expression selects these endpoints under these conditions, in the order of the inventory."""
    claim, _, _ = legs(f"assert no {ends} reaches 203.0.113.0/24")
    (leg,) = claim.legs
    assert leg.src == meant
    order = [*WORLD.endpoints, EXTERNAL]
    assert list(leg.src) == sorted(leg.src, key=order.index)


BLOCKS = {
    "a known address there decides": ("10.8.0.0/16", {API, DB, EXTERNAL}),
    "an unknown one may lie anywhere": ("172.16.0.0/12", {API, EXTERNAL}),
    "a node there and the pods on its network": ("198.51.100.0/24", {API, AGENT, N1, EXTERNAL}),
}


@pytest.mark.parametrize(("block", "members"), BLOCKS.values(), ids=BLOCKS)
def test_a_block_holds_who_may_have_its_addresses(block: str, members: set[Endpoint]) -> None:
    """Endpoints of other clusters are in a block by their addresses, as all others are."""
    claim, _, _ = legs(f"assert no web reaches {block}")
    (leg,) = claim.legs
    inside = and_(protocol_is("TCP", "UDP", "SCTP"), address_in(Side.DST, Prefix.parse(block)))
    assert leg.dst == {e: and_(cond, inside) for e, cond in leg.dst.items()}
    assert set(leg.dst) == members


def test_an_unknown_address_there_is_none_where_pods_of_this_cluster_live() -> None:
    """Two clusters share no addresses, so the range of the pods here is not the others'."""
    here = replace(HERE, pod_space=(Prefix.parse("10.1.0.0/16"),))
    inventory = with_clusters(here, {"west": OTHER}, Problems())
    for block, there in (("10.1.7.0/24", False), ("10.2.0.0/16", True), ("10.0.0.0/8", True)):
        claim, _, _ = legs(f"assert no web reaches {block}", inventory)
        assert (end("west:edge/web", inventory) in claim.legs[0].dst) is there


def test_a_named_port_is_what_the_pod_there_declares() -> None:
    """`port sql` means the number in the manifest of the other cluster."""
    claim, _, _ = legs("assert no web reaches pods in cluster west on port sql")
    assert claim.legs[0].dst == {DB: PORT}


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        pytest.param("assert no web reaches pods in cluster west on tcp/1", (OTHER_CLUSTERS,), id="as destinations"),
        pytest.param("assert no pods in cluster west reach web on tcp/1", (OTHER_CLUSTERS,), id="as sources"),
        pytest.param("assert no web reaches anything on tcp/1", (OTHER_CLUSTERS,), id="among others"),
        pytest.param("assert no web reaches internet on tcp/1", (), id="not at all"),
        pytest.param(
            "assert no nodes reach nodes in cluster west on tcp/1",
            (NO_POD, OTHER_CLUSTERS),
            id="with no pod at either end",
        ),
        pytest.param(
            "assert no web reaches nodes in cluster west or pods on tcp/1", (SELF, OTHER_CLUSTERS), id="beside pods"
        ),
    ],
)
def test_the_report_says_whose_policies_are_not_judged(text: str, phrases: tuple[str, ...]) -> None:
    """Where an end may be of another cluster, its own policies may still deny what is allowed here."""
    assert legs(text)[1] == phrases


def test_nodes_elsewhere_are_no_pods_own_node() -> None:
    """Naming them does not bring in traffic between a pod and its own node, which is left out unless nodes are named."""
    claim, phrases, _ = legs("assert no pods reach nodes or nodes in cluster west on tcp/1")
    assert not claim.legs[0].leave_out_own_node
    assert OWN_NODE not in phrases
    claim, _, _ = legs("assert no pods reach node n1 in cluster west on tcp/1")
    assert claim.legs[0].leave_out_own_node


MISTAKES = {
    "a cluster that is not there": ("pods in cluster wst", "NPV104", "no other cluster `wst`", "did you mean `west`?"),
    "one of two that is not there": ("pods in clusters west, south", "NPV104", "no other cluster `south`", "`east`, `west`"),
    "a namespace that is not there": (
        "pods in namespace edg in cluster west", "NPV104", "no namespace `edg` in cluster `west`", "`edge`",
    ),
    "a namespace of this cluster alone": (
        "pods in namespace shop in cluster east or pods in namespace mon in cluster east",
        "NPV104", "no namespace `mon` in cluster `east`", "`shop`",
    ),
    "a pod that is not there": ("pod shop/db-1 in cluster west", "NPV104", "no pod `shop/db-1` in cluster `west`", "db-0"),
    "a node that is not there": ("node n11 in cluster west", "NPV104", "no node `n11` in cluster `west`", "node n1"),
    "a workload without pods": (
        "deployment shop/old in cluster west", "NPV104", "no deployment `shop/old` in cluster `west`", "has 0 replicas",
    ),
    "a service": ("service shop/db in cluster west", "NPV102", "services of other clusters", "pods behind it"),
    "other namespaces": ("pods in other namespaces in cluster west", "NPV114", "none of another cluster", "drop"),
    "the open world": ("possible pods in cluster west", "NPV102", "`possible` pods", "`pods`"),
}  # fmt: skip


@pytest.mark.parametrize(("ends", "code", "message", "fix"), MISTAKES.values(), ids=MISTAKES)
def test_what_means_nothing_is_an_error(ends: str, code: str, message: str, fix: str) -> None:
    """The message points at the name, says where it was looked for, and what to do."""
    problems = Problems()
    resolve([Text("t.npv", f"assert no web reaches {ends}")], WORLD, {}, problems)
    (error,) = problems.errors
    assert error.code == code
    assert message in error.message
    assert fix in error.fix
    assert error.span is not None
    assert error.span.line == 1


def test_without_other_clusters_the_message_says_how_to_name_them() -> None:
    """The manifests of a cluster come with an option."""
    problems = Problems()
    resolve([Text("t.npv", "assert no web reaches pods in cluster west")], HERE, {}, problems)
    assert [error.fix for error in problems.errors] == ["add its manifests with `--remote west=PATH`"]


def test_an_empty_set_is_a_warning() -> None:
    """A label that nobody over there has selects nothing."""
    _, _, problems = legs('assert no web reaches pods where app == "none" in cluster west')
    assert [(w.code, w.message) for w in problems.warnings] == [
        ("NPV130", '`pods where app == "none" in cluster west` selects nothing')
    ]


def test_a_known_address_is_no_condition() -> None:
    """A source outside a block is left out of its complement, one of unknown address stays under the opposite condition."""
    claim, _, _ = legs("assert no pods in cluster west and not 10.8.0.0/16 reach web")
    block = address_in(Side.SRC, Prefix.parse("10.8.0.0/16"))
    assert claim.legs[0].src == {API: not_(block), AGENT: TRUE, DB: not_(block)}
