"""All pairs by tables, rows and chunks are all pairs asked one by one; and the grouped form stands for the same pairs."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, islice
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_connectivity import ENDS, NEAR, OWN, halves

from calico_worlds import random_calico
from connectivity_agreement import SPOOKY, TO_SPLIT, connectivity_disagreements, many_neighbours, many_policies
from npverify.analyses import class_rows, class_sides, packet_ground
from npverify.analyses.class_rows import ClassRows
from npverify.analyses.connectivity import connectivity, members
from npverify.analyses.results import Connection, Connections, Connectivity, Ports
from npverify.analyses.world import World
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import WorkloadRef
from npverify.normal.policy import Action, Direction, Tier
from npverify.normal.predicates import TRUE, and_, label_in, or_, protocol_is, unknown_in
from plain_connectivity import plain_connectivity
from smallworld import DST, IN, OUT, SRC, allow, app, block, on, pod, policy, rule, selecting, tier, world
from two_worlds import random_pair
from worlds import random_world


def assert_plain(it: World) -> Connectivity:
    """The list, with its order and the workloads that are split, is the plain one."""
    found = connectivity(it)
    rows, split = plain_connectivity(it)
    assert tuple(found.connections) == rows
    assert [note for note in found.notes if note.startswith("pods of ")] == [TO_SPLIT.format(ref) for ref in split]
    return found


def unbundled(found: Connectivity) -> dict[tuple[object, object], tuple[Ports, ...]]:
    """The grouped form, taken apart again."""
    listing = found.connections
    assert isinstance(listing, Connections)
    refs = {end for c in listing for end in (c.src, c.dst) if isinstance(end, WorkloadRef)}
    talk = {c.src for c in listing if c.src == c.dst}
    pairs: dict[tuple[object, object], tuple[Ports, ...]] = {}
    for bundle in listing.bundles():
        count = 0
        for target in bundle.targets:
            whole = {name for name, _ in target.whole}
            ends = [*target.ends, *(ref for ref in refs if ref.namespace in whole)]
            assert len(set(ends)) == len(ends)
            for src in bundle.sources:
                for dst in ends:
                    if src != dst or src in talk:
                        assert pairs.setdefault((src, dst), target.allowed) == target.allowed
                        count += 1
        assert count == bundle.connections
    return pairs


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(halves(DST), halves(SRC), st.booleans(), st.sampled_from([(4,), (4, 6), (6,)]), st.sampled_from(["B", "Q"]))
def test_tables_are_the_formulas(
    ingress: list[Tier], egress: list[Tier], exempt: bool, families: tuple[int, ...], chunk: str
) -> None:
    """In every tiered world, with split workloads, two families, unknown addresses and facts, in chunks of any size."""
    exemptions = {IN: (OWN, NEAR), OUT: (OWN,)} if exempt else None
    it = world(*ENDS, ingress=ingress, egress=egress, families=families, exempt=exemptions)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(class_sides, "_FORMAT", chunk)
        patch.setattr(class_sides, "CHUNK", {"B": 8, "Q": 64}[chunk])
        patch.setattr(packet_ground, "_OFTEN", {"B": 1, "Q": 2}[chunk])
        found = assert_plain(it)
        assert unbundled(found) == {(c.src, c.dst): c.allowed for c in found.connections}


@pytest.mark.parametrize("seed", range(40))
def test_tables_are_the_formulas_of_native_manifests(seed: int) -> None:
    """In random clusters as the API has them, with AdminNetworkPolicies and other plugins among them."""
    assert_plain(random_world(Random(seed)))


@pytest.mark.parametrize("seed", range(40))
def test_tables_are_the_formulas_of_calico(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stages that skip or follow one another, tiers that pass, named ports of sources, host endpoints, service accounts."""
    monkeypatch.setattr(packet_ground, "_OFTEN", 1 + seed % 2)
    assert_plain(random_calico(Random(seed), hosts=seed % 2 == 0).world)


@pytest.mark.parametrize("seed", range(6))
def test_tables_are_the_formulas_of_pairs(seed: int) -> None:
    """And where Services and nodes are known."""
    for it in random_pair(Random(seed)):
        assert_plain(it)


SET = WorkloadRef("StatefulSet", "shop", "set")
S0, S1, S2 = (pod(f"set-{n}", of=SET, index=str(n)) for n in range(3))
DB = pod("db")
FIRST, SECOND = (label_in(side, "pod", "index", ["0"]) for side in (SRC, DST))
SQL = on("TCP", 5432)
TWO = pod("two", ip="10.0.0.1 10.9.0.1")  # the first of a family is the one that is used
LIVES = ("10.1.0.0/16",)
HALVES = [("10.1.0.0/17", True), ("10.1.128.0/17", False)]  # one of them holds every pod of unknown address

EDGES: list[tuple[str, World, list[str]]] = [
    ("pods of a workload differ in what they may send alone", world(
        S0, S1, S2, DB, ingress=[selecting(DST, "p", allow(FIRST, SQL), on_apps=["db"])],
    ), ["shop/set"]),
    ("pods of a workload differ in what they may get alone", world(
        S0, S1, S2, DB, egress=[selecting(SRC, "p", allow(SECOND, SQL), on_apps=["db"])],
    ), ["shop/set"]),
    ("pods of a workload differ in what outside addresses may send alone", world(
        *(pod(f"set-{n}", of=SET, index=str(n), ip=f"10.0.0.{n + 1}") for n in range(3)),
        ingress=[tier(policy("p", SECOND, allow(block(SRC, "203.0.113.0/24"), SQL)), policy("q", TRUE))],
    ), ["shop/set"]),
    ("what others tell pods of a workload apart by is not sent by any of them", world(
        S0, S1, S2, DB, pod("api"),
        ingress=[
            selecting(DST, "p", allow(label_in(SRC, "pod", "index", ["0", "1", "2"]), SQL), on_apps=["api"]),
            selecting(DST, "q", allow(FIRST, on("UDP", 53)), on_apps=["db"]),
        ],
        egress=[selecting(SRC, "r", allow(TRUE, SQL))],
    ), []),
    ("a pass leaves what later rules of its tier allow to the next tier", world(
        DB, pod("api"),
        ingress=[
            tier(policy("a", app(DST, "db"), rule(Action.PASS, TRUE, on("TCP", 1, 100)), allow(TRUE, on("TCP", 50, 200)))),
            tier(policy("b", app(DST, "db"), allow(TRUE, on("TCP", 90)), rule(Action.DENY))),
        ],
    ), []),
    ("the address of a subject is what it is used with", world(
        TWO, DB,
        egress=[policy("p", TRUE, allow(block(SRC, "10.0.0.0/16"), SQL), rule(Action.DENY))],
    ), []),
    ("the address of a subject selects it", world(
        TWO, DB, ingress=[policy("p", block(DST, "10.0.0.0/16"), allow(TRUE, SQL))],
    ), []),
    ("a policy that selects where an unknown is so isolates nobody while it is not", world(
        DB, pod("api"), ingress=[policy("p", and_(app(DST, "db"), unknown_in(SPOOKY, "true")), allow(TRUE, SQL))],
    ), []),
    ("a policy that selects where an unknown is not so isolates while it is not", world(
        DB, pod("api"), ingress=[policy("p", and_(app(DST, "db"), unknown_in(SPOOKY, "false")), allow(TRUE, SQL))],
    ), []),
    ("another pod may stand between those of a workload", world(
        S0, S1, pod("set-0a"), ingress=[selecting(DST, "p", on_apps=["set-0a"]), policy("q", label_in(DST, "pod", "index", ["1"]))],
    ), ["shop/set"]),
    ("a policy that selects for some protocol isolates for it", world(
        DB, pod("api"), ingress=[policy("p", and_(app(DST, "db"), protocol_is("TCP")), allow(TRUE, SQL))],
    ), []),
    ("what all are told and what one is told overlap", world(
        DB, pod("api"), pod("web"),
        ingress=[tier(policy("p", TRUE, allow(app(SRC, "api", "web"), SQL)), policy("q", app(DST, "db"), allow(app(SRC, "api"), on("UDP", 53))))],
    ), []),
    ("a policy that selects for some packets isolates for these", world(
        DB, pod("api"), ingress=[policy("p", and_(app(DST, "db"), on("TCP", 1, 100)), allow(TRUE, on("TCP", 90)))],
    ), []),
    *((f"an unknown address lies in {cidr}" if inside else f"no unknown address is thought to lie in {cidr}", world(
        DB, pod("api"), ingress=[
            policy("p", and_(app(DST, "db"), block(DST, cidr)), allow(TRUE, SQL)),
            policy("q", and_(app(DST, "none"), or_(*(block(DST, c) for c, _ in HALVES)))),
        ], pod_space=LIVES,
    ), []) for cidr, inside in HALVES),
]  # fmt: skip


@pytest.mark.parametrize(("it", "split"), [w[1:] for w in EDGES], ids=[w[0] for w in EDGES])
def test_tables_are_the_formulas_at_the_edges(it: World, split: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What random worlds seldom have."""
    monkeypatch.setattr(packet_ground, "_OFTEN", 2)
    notes = assert_plain(it).notes
    assert [note for note in notes if note.startswith("pods of ")] == [TO_SPLIT.format(ref) for ref in split]


@pytest.mark.parametrize("seed", range(40))
def test_tables_are_the_formulas_of_many_policies(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What many subjects are told together, what few are, and what the second family of addresses adds."""
    monkeypatch.setattr(packet_ground, "_OFTEN", 1 + seed % 4)
    assert_plain(many_policies(Random(seed)))


@pytest.mark.parametrize("seed", range(24))
def test_who_asks_again_is_told_the_same(seed: int) -> None:
    """By what was kept of the first answer, in a world of any dialect; and the first answer is what pairs say."""
    assert connectivity_disagreements(seed) == []


@pytest.mark.parametrize("seed", range(40))
def test_classes_are_alike_whose_rows_are_equal(seed: int) -> None:
    """Of neighbours and of others, however many peers are looked at one by one."""
    it = (many_neighbours, many_neighbours, many_policies, random_world)[seed % 4](Random(seed))
    for tried in (0, 1, 1_000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(class_rows, "_TRIED", tried)
            rows = ClassRows(it)
            count = len(rows.classes)
            pairs = list(combinations(range(count), 2))
            told = [
                (rows.row(c), rows.column(c), *(list(rows.outside(d, c).items()) for d in Direction))
                for c in range(count)
            ]
            assert ClassRows(it).alike(pairs) == [told[a] == told[b] for a, b in pairs]


def test_another_world_over_the_same_policies_keeps_its_own() -> None:
    """What is kept belongs to a world: with other policies, or another inventory, everything is asked anew."""
    first = many_policies(Random(5))
    before = assert_plain(first)
    half = first.policies.ingress
    tiers = [replace(each, policies=each.policies[1:]) for each in half.stages[0].tiers]
    edited = replace(half, stages=(replace(half.stages[0], tiers=tuple(tiers)), *half.stages[1:]))
    second = replace(first, policies=replace(first.policies, ingress=edited))
    third = replace(first, inventory=replace(first.inventory, endpoints=first.inventory.endpoints[1:]))
    answers = [tuple(assert_plain(it).connections) for it in (second, third)]
    assert len({tuple(before.connections), *answers}) == 3
    assert tuple(assert_plain(first).connections) == tuple(before.connections)


def ports_to(it: World, src: str, dst: str) -> list[Ports]:
    """What may pass between two pods by name."""
    found = [c.allowed for c in connectivity(it).connections if isinstance(c.src, WorkloadRef)
             and isinstance(c.dst, WorkloadRef) and (c.src.name, c.dst.name) == (src, dst)]  # fmt: skip
    return [ports for allowed in found for ports in allowed]


def test_the_edges_by_hand() -> None:
    """The same, with what is expected."""
    by = {name: it for name, it, *_ in EDGES}
    assert ports_to(by["a pass leaves what later rules of its tier allow to the next tier"], "api", "db") == [
        Ports("TCP", ((90, 90), (101, 200)))
    ]
    it = by["a policy that selects where an unknown is so isolates nobody while it is not"]
    assert len(ports_to(it, "api", "db")) == 3
    it = by["a policy that selects where an unknown is not so isolates while it is not"]
    assert ports_to(it, "api", "db") == [Ports("TCP", ((5432, 5432),))]
    it = by["a policy that selects for some protocol isolates for it"]
    assert ports_to(it, "api", "db")[0] == Ports("TCP", ((5432, 5432),))
    assert len(ports_to(it, "api", "db")) == 3
    it = by["what all are told and what one is told overlap"]
    assert ports_to(it, "api", "db") == [Ports("TCP", ((5432, 5432),)), Ports("UDP", ((53, 53),))]
    assert ports_to(it, "web", "db") == [Ports("TCP", ((5432, 5432),))]
    it = by["a policy that selects for some packets isolates for these"]
    assert ports_to(it, "api", "db")[0] == Ports("TCP", ((90, 90), (101, 65535)))
    it = by["the address of a subject is what it is used with"]
    assert ports_to(it, "two", "db") == [Ports("TCP", ((5432, 5432),))]
    it = by["the address of a subject selects it"]
    assert ports_to(it, "db", "two") == [Ports("TCP", ((5432, 5432),))]
    first, second = (it for name, it, *_ in EDGES if "unknown address" in name)
    assert len(ports_to(first, "api", "db")) == 1, "the lowest address of the space lies in the first half"
    assert len(ports_to(second, "api", "db")) == 3


def many(number: int) -> World:
    """So many pods that rows come in several chunks; every second namespace is isolated, and every fifth pod reaches it."""
    pods = [
        pod(f"p{n:03}", ns=f"ns{n // 10:02}", ip=f"10.0.{n // 200}.{n % 200}", g=str(n % 3), h=str(n % 5))
        for n in range(number)
    ]
    rules = [
        allow(label_in(SRC, "pod", "h", ["0"]), on("TCP", 80)),
        allow(block(SRC, "10.0.0.0/26"), on("TCP", 80, 90)),
    ]
    closed = [selecting(DST, "in", *rules, ns=f"ns{n:02}") for n in range(0, number // 10, 2)]
    return world(*pods, ingress=[tier(*closed)], egress=[selecting(SRC, "out", allow(TRUE, on("TCP", 85)), ns="ns01")])


def test_chunks_are_put_together_again() -> None:
    """Pods by the hundred, in groups that cross the borders of chunks, near and wide."""
    found = assert_plain(many(140))
    assert unbundled(found) == {(c.src, c.dst): c.allowed for c in found.connections}


def test_a_list_of_connections_is_a_sequence() -> None:
    """It can be counted, indexed and cut like the tuple that it stands for."""
    found = connectivity(many(30)).connections
    rows = tuple(found)
    assert len(found) == len(rows) == sum(1 for _ in found)
    for index in (0, 7, -1, -3, len(rows) - 1):
        assert found[index] == rows[index]
    for cut in (slice(3), slice(2, 9, 3), slice(-4, None), slice(None, None, -1), slice(5, -5)):
        assert found[cut] == rows[cut]
    with pytest.raises(IndexError):
        found[len(rows)]
    with pytest.raises(IndexError):
        found[-len(rows) - 1]


def test_whole_namespaces_are_bundled() -> None:
    """Sources that fare alike share a heading; destinations that are a whole namespace are named by it."""
    it = world(
        *(pod(f"w{n}", ns="web") for n in range(3)), pod("db", ns="data"), pod("log", ns="data"),
        ingress=[selecting(DST, "db", allow(app(SRC, "w0", "w1"), on("TCP", 5432)), ns="data", on_apps=["db"])],
    )  # fmt: skip
    listing = connectivity(it).connections
    assert isinstance(listing, Connections)
    first, second = (
        islice((b for b in listing.bundles() if b.sources[0] == WorkloadRef("Pod", "web", "w0")), 1),
        [b for b in listing.bundles() if b.sources == (WorkloadRef("Pod", "web", "w2"),)],
    )
    (alike,) = first
    assert [ref.name for ref in alike.sources] == ["w0", "w1"]
    everything = tuple(Ports(protocol, ((1, 65535),)) for protocol in ("TCP", "UDP", "SCTP"))
    assert [(t.allowed, t.whole, [str(e) for e in t.ends]) for t in alike.targets] == [
        ((Ports("TCP", ((5432, 5432),)),), (), ["data/db"]),
        (everything, (("web", 3),), ["data/log"]),
        (everything, (), ["0.0.0.0/0"]),
    ]
    # db, web and the block for both of them, and log; less what each pod would send to itself
    assert alike.connections == 2 * (1 + 3 + 1 + 1) - 2
    assert [[str(e) for e in t.ends] for b in second for t in b.targets] == [
        ["data/log", "web/w0", "web/w1"],
        ["0.0.0.0/0"],
    ]


@pytest.mark.parametrize("of", [[], [0], [7], [0, 1, 2], [3, 64, 65, 300], list(range(5, 200, 3))], ids=str)
def test_members(of: list[int]) -> None:
    """A set of classes gives back its members, ascending."""
    assert members(sum(1 << c for c in of)) == of


def test_rows_of_a_plain_tuple() -> None:
    """A `Connectivity` that somebody made by hand has rows too."""
    a, b = WorkloadRef("Pod", "x", "a"), WorkloadRef("Pod", "x", "b")
    some = (Connection(a, b, ()), Connection(a, Prefix.parse("10.0.0.0/8"), ()), Connection(b, a, ()))
    assert [(row.src, [dst for dst, _ in row.to]) for row in Connectivity(some).rows()] == [
        (a, [b, Prefix.parse("10.0.0.0/8")]), (b, [a])
    ]  # fmt: skip


def test_rows_of_chosen_sources_are_those_among_all() -> None:
    """Who asks for the rows of some sources gets these, as they are among all of them."""
    it = world(
        pod("a", ip="10.1.0.1"),
        pod("b", ip="10.1.0.2"),
        ingress=[selecting(DST, "p", allow(block(SRC, "10.1.0.1/32")))],
    )
    found = connectivity(it)
    every = list(found.rows())
    for row in every:
        assert list(found.rows(lambda src, of=row.src: src == of)) == [row]
    assert list(found.rows(lambda _: False)) == []
    assert len(every) > 2
