"""Who may talk to whom: small worlds with expectations by hand, and a law that holds the table against the oracle."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import plain_connectivity as plain
from npverify.analyses.class_sides import TableSide
from npverify.analyses.connectivity import connectivity
from npverify.analyses.evaluate import evaluate, evaluator
from npverify.analyses.packet_given import Table
from npverify.analyses.packets import PacketSets
from npverify.analyses.results import Ports
from npverify.analyses.world import World
from npverify.ingest.source import InternalError
from npverify.inventory.addresses import Address, Prefix
from npverify.inventory.model import EXTERNAL, ContainerPort, EndpointKind, PortOrigin, WorkloadRef
from npverify.inventory.unknowns import fact
from npverify.normal.flow import PORT_PROTOCOLS, Flow
from npverify.normal.policy import Action, Exemption, Tier
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    PortIn,
    Pred,
    Side,
    and_,
    atoms_of,
    kind_is,
    label_in,
    named_port_is,
    not_,
    or_,
    own_node,
    port_in,
    protocol_is,
    self_traffic,
    unknown_in,
)
from smallworld import DST, IN, SRC, allow, app, block, node, on, pod, policy, rule, selecting, tier, world

WEB, API, DB = pod("web", many=True), pod("api"), pod("db", ip="10.1.0.7")
ALL = "TCP 1-65535 UDP 1-65535 SCTP 1-65535"
SQL = on("TCP", 5432)


def text(ports: tuple[Ports, ...]) -> str:
    """`TCP 80 443-444 UDP 53`."""
    return " ".join(" ".join([p.protocol, *(f"{a}-{b}" if a != b else str(a) for a, b in p.ranges)]) for p in ports)


def listed(it: World) -> dict[str, str]:
    """`web -> db` to what may pass, in the order of the list."""
    rows = connectivity(it).connections
    return {
        " -> ".join(e.name if isinstance(e, WorkloadRef) else str(e) for e in row[:2]): text(row.allowed)
        for row in rows
    }


def to_db(*rules, **more) -> World:
    """An isolated database, and a client that may send nothing else."""
    only = {"egress": [selecting(SRC, "only", allow(app(DST, "db")), on_apps=["api"])]}
    return world(API, DB, ingress=[selecting(DST, "db", *rules, on_apps=["db"])], **{**only, **more})


OWN = Exemption("itself", self_traffic(via_service=False), True, "")
NEAR = Exemption("own node", own_node(SRC), True, "")
SPOOKY = fact("spooky")

WORLDS: list[tuple[str, World, dict[str, str]]] = [
    ("without policies everything passes", world(WEB, API), {
        "api -> web": ALL, "api -> 0.0.0.0/0": ALL, "web -> api": ALL, "web -> web": ALL, "web -> 0.0.0.0/0": ALL,
        "0.0.0.0/0 -> api": ALL, "0.0.0.0/0 -> web": ALL,
    }),
    ("both families where both are used", world(API, families=(4, 6)), {
        "api -> 0.0.0.0/0": ALL, "api -> ::/0": ALL, "0.0.0.0/0 -> api": ALL, "::/0 -> api": ALL,
    }),
    ("known addresses tell the families", world(DB, families=(4, 6)), {"db -> 0.0.0.0/0": ALL, "0.0.0.0/0 -> db": ALL}),
    ("pods without a common family", world(DB, pod("six", ip="fd00::6")), {
        "db -> 0.0.0.0/0": ALL, "six -> ::/0": ALL, "0.0.0.0/0 -> db": ALL, "::/0 -> six": ALL,
    }),
    ("what passes over one family of two passes", world(
        pod("a", ip="10.0.0.1 fd00::1"), pod("b", ip="10.0.0.2 fd00::2"), pod("four", ip="10.0.0.4"),
        ingress=[selecting(DST, "p", allow(block(SRC, "fd00::/64"), SQL), allow(block(SRC, "10.0.0.4/32"), on("UDP", 53)), allow(block(SRC, "10.0.0.0/30"), on("TCP", 80)), on_apps=["a", "b"]),
                 selecting(DST, "q", on_apps=["four"])],
        egress=[selecting(SRC, "r", allow(TRUE, or_(SQL, on("UDP", 53))), on_apps=["b"])],
    ), {
        "a -> b": "TCP 80 5432", "a -> 0.0.0.0/0": ALL, "a -> ::/0": ALL, "b -> a": "TCP 5432", "b -> 0.0.0.0/0": "TCP 5432 UDP 53", "b -> ::/0": "TCP 5432 UDP 53",
        "four -> a": "UDP 53", "four -> b": "UDP 53", "four -> 0.0.0.0/0": ALL,
        "10.0.0.0/30 -> a": "TCP 80", "10.0.0.0/30 -> b": "TCP 80", "10.0.0.4/32 -> a": "UDP 53", "10.0.0.4/32 -> b": "UDP 53", "fd00::/64 -> a": "TCP 5432", "fd00::/64 -> b": "TCP 5432",
    }),
    ("one port", to_db(allow(app(SRC, "api"), SQL)), {"api -> db": "TCP 5432", "db -> api": ALL, "db -> 0.0.0.0/0": ALL, "0.0.0.0/0 -> api": ALL}),
    ("rules add up to ranges", to_db(allow(app(SRC, "api"), or_(on("TCP", 80, 90), on("TCP", 91), on("UDP", 53), on("TCP", 100)))), {
        "api -> db": "TCP 80-91 100 UDP 53", "db -> api": ALL, "db -> 0.0.0.0/0": ALL, "0.0.0.0/0 -> api": ALL,
    }),
    ("both directions must allow", to_db(allow(app(SRC, "api"), on("TCP", 80, 90)), egress=[selecting(SRC, "p", allow(TRUE, on("TCP", 85, 95)), on_apps=["api"])]), {
        "api -> db": "TCP 85-90", "api -> 0.0.0.0/0": "TCP 85-95", "db -> api": ALL, "db -> 0.0.0.0/0": ALL, "0.0.0.0/0 -> api": ALL,
    }),
    ("what a policy allows comes before what the next one denies", world(API, DB, ingress=[tier(
        selecting(DST, "p", allow(app(SRC, "api")), on_apps=["db"]), selecting(DST, "q", rule(Action.DENY), on_apps=["db"]),
    )]), {
        "api -> db": ALL, "db -> api": ALL, "api -> 0.0.0.0/0": ALL, "db -> 0.0.0.0/0": ALL, "0.0.0.0/0 -> api": ALL,
    }),
    ("a deny before an allow takes ports away", to_db(rule(Action.DENY, TRUE, on("TCP", 1, 65535)), rule(Action.DENY, TRUE, on("UDP", 50, 60)), allow(app(SRC, "api"))), {
        "api -> db": "UDP 1-49 61-65535 SCTP 1-65535", "db -> api": ALL, "db -> 0.0.0.0/0": ALL, "0.0.0.0/0 -> api": ALL,
    }),
    ("a named port is that of the destination", world(
        pod("a", ports=(ContainerPort("m", "TCP", 9000),)), pod("b", ports=(ContainerPort("m", "TCP", 9100),)), API,
        egress=[selecting(SRC, "none", on_apps=["a", "b"])],
        ingress=[selecting(DST, "p", allow(app(SRC, "api"), named_port_is("m", "TCP", (PortOrigin.REGULAR,), first_only=False)), on_apps=["a", "b"])],
    ), {"api -> a": "TCP 9000", "api -> b": "TCP 9100", "api -> 0.0.0.0/0": ALL, "0.0.0.0/0 -> api": ALL}),
    ("outside blocks are cut where policies cut them", to_db(allow(block(SRC, "203.0.112.0/23"), SQL), allow(block(SRC, "203.0.112.0/24"), on("UDP", 53))), {
        "db -> api": ALL, "db -> 0.0.0.0/0": ALL, "0.0.0.0/0 -> api": ALL,
        "203.0.112.0/24 -> db": "TCP 5432 UDP 53", "203.0.113.0/24 -> db": "TCP 5432",
    }),
    ("equal blocks side by side are one", to_db(allow(block(SRC, "203.0.112.0/24"), SQL), allow(block(SRC, "203.0.113.0/24"), SQL)), {
        "db -> api": ALL, "db -> 0.0.0.0/0": ALL, "0.0.0.0/0 -> api": ALL, "203.0.112.0/23 -> db": "TCP 5432",
    }),
    ("a block with a hole", to_db(allow(and_(block(SRC, "8.0.0.0/6"), not_(block(SRC, "8.0.0.0/8"))), SQL)), {
        "db -> api": ALL, "db -> 0.0.0.0/0": ALL, "0.0.0.0/0 -> api": ALL,
        "9.0.0.0/8 -> db": "TCP 5432", "10.0.0.0/7 -> db": "TCP 5432",
    }),
    ("a known address lies in a block", world(API, DB, egress=[selecting(SRC, "p", allow(block(DST, "10.1.0.0/24"), SQL), on_apps=["api"]), selecting(SRC, "q", on_apps=["db"])]), {
        "api -> db": "TCP 5432", "api -> 10.1.0.0/24": "TCP 5432", "0.0.0.0/0 -> api": ALL, "0.0.0.0/0 -> db": ALL,
    }),
    ("an unknown fact is false", to_db(allow(and_(app(SRC, "api"), unknown_in(SPOOKY, "true")), SQL)), {"db -> api": ALL, "db -> 0.0.0.0/0": ALL, "0.0.0.0/0 -> api": ALL}),
    ("two replicas are not one pod", world(WEB, ingress=[selecting(DST, "p")], exempt={IN: (OWN,)}), {"web -> 0.0.0.0/0": ALL}),
    ("nodes are not listed", world(pod("a", node="n"), node("n"), ingress=[selecting(DST, "p")], exempt={IN: (NEAR,)}), {"a -> 0.0.0.0/0": ALL}),
    ("pods on the host network are listed", world(pod("host", kind=EndpointKind.HOST_POD), API, egress=[policy("p", kind_is(SRC, EndpointKind.POD))]), {
        "host -> api": ALL, "host -> 0.0.0.0/0": ALL, "0.0.0.0/0 -> api": ALL, "0.0.0.0/0 -> host": ALL,
    }),
]  # fmt: skip


@pytest.mark.parametrize(("it", "expected"), [w[1:] for w in WORLDS], ids=[w[0] for w in WORLDS])
def test_a_small_world(it: World, expected: dict[str, str]) -> None:
    """Exactly these pairs are listed, in this order, with exactly these ports."""
    found = listed(it)
    assert found == expected
    ends = [tuple(k.split(" -> ")) for k in found]
    outside = [src for src, _ in ends if "/" in src]
    assert [src for src, _ in ends if "/" not in src] == sorted(src for src, _ in ends if "/" not in src)
    assert [src for src, _ in ends][len(ends) - len(outside) :] == outside, "outside blocks come last"


SET = WorkloadRef("StatefulSet", "shop", "set")
S0, S1 = pod("set-0", of=SET, index="0"), pod("set-1", of=SET, index="1")


def test_pods_of_a_workload_that_fare_alike_are_one() -> None:
    """That policies mention what tells the pods apart is not enough: the verdicts must differ."""
    same = or_(label_in(DST, "pod", "index", ["0"]), label_in(DST, "pod", "index", ["1"]))
    it = world(S0, S1, ingress=[selecting(DST, "p", allow(TRUE, and_(same, SQL)))])
    assert listed(it) == {"set -> set": "TCP 5432", "set -> 0.0.0.0/0": ALL, "0.0.0.0/0 -> set": "TCP 5432"}


def test_pods_of_a_workload_that_differ_are_listed_one_by_one() -> None:
    """Neither what all of them may do nor what some may do would be true of each."""
    it = world(S0, S1, ingress=[policy("p", label_in(DST, "pod", "index", ["1"]))])
    found = connectivity(it)
    assert listed(it) == {
        "set-0 -> 0.0.0.0/0": ALL, "set-1 -> set-0": ALL, "set-1 -> 0.0.0.0/0": ALL, "0.0.0.0/0 -> set-0": ALL
    }  # fmt: skip
    assert {row.src.kind for row in found.connections if isinstance(row.src, WorkloadRef)} == {"Pod"}
    assert any("shop/set" in note for note in found.notes)


PACKETS = [
    ("everything", TRUE, ALL),
    ("nothing", FALSE, ""),
    ("the first and the last port", on("TCP", 1, 65535), "TCP 1-65535"),
    ("port 0 is none", and_(protocol_is("UDP"), port_in(0, 0)), ""),
    ("a port of every protocol", port_in(7, 8), "TCP 7-8 UDP 7-8 SCTP 7-8"),
    ("all but a port", and_(protocol_is("SCTP"), not_(port_in(2, 2))), "SCTP 1 3-65535"),
    ("ICMP is not listed", protocol_is("ICMP"), ""),
]


@pytest.mark.parametrize(("pred", "expected"), [p[1:] for p in PACKETS], ids=[p[0] for p in PACKETS])
def test_packets_of_a_residual(pred: Pred, expected: str) -> None:
    """A residual stands for these ports."""
    sets = PacketSets((atom.first, atom.last) for atom in atoms_of(pred) if isinstance(atom, PortIn))
    packets = sets.of(pred)
    assert text(sets.ports(packets)) == expected
    assert packets & ~sets.all == 0


def test_a_port_that_nobody_mentioned_is_no_answer() -> None:
    """Runs of ports that a predicate cuts apart would make a wrong set: that is an error of the program, never a result."""
    with pytest.raises(InternalError):
        PacketSets([(80, 90)]).of(port_in(80, 85))


RANGES = st.tuples(st.integers(0, 65535), st.integers(0, 65535)).map(lambda ab: (min(ab), max(ab)))


@settings(max_examples=30, deadline=None)
@given(st.lists(RANGES, min_size=1, max_size=4), st.sampled_from([and_, or_]), st.data())
def test_sets_of_packets_are_what_they_would_be_port_by_port(
    ranges: list[tuple[int, int]], join: Any, data: Any
) -> None:
    """Ports that no predicate tells apart may be one bit."""
    parts = [and_(protocol_is(*data.draw(st.sets(st.sampled_from(PORT_PROTOCOLS)))), port_in(*of)) for of in ranges]
    pred = join(*(part if data.draw(st.booleans()) else not_(part) for part in parts))
    sets = PacketSets(ranges)
    assert sets.ports(sets.of(pred)) == plain.ports(plain.packets(pred, None, None))


# --- the law -------------------------------------------------------------------------------------------------------

HOST = pod("host", kind=EndpointKind.HOST_POD, tier="a")
ENDS = (
    WEB, pod("api", tier="a"), DB, S0, S1, HOST, node("n1", ip="192.168.0.1"),
    pod("dual", ns="data", ip="10.2.0.1 fd00::1", tier="b", ports=(ContainerPort("m", "TCP", 80), ContainerPort("m", "UDP", 81))),
    pod("six", ns="data", ip="fd00::2", tier="a"),
)  # fmt: skip
CIDRS = (
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.1.0.0/16",
    "10.1.0.7/32",
    "203.0.113.0/24",
    "::/0",
    "fd00::/64",
    "2001:db8::/32",
)
PORTS = (1, 79, 80, 81, 90, 5432, 65535)


def atoms_on(side: Side) -> st.SearchStrategy[Pred]:
    """Predicates that look at the end on a side."""
    return st.one_of(
        st.sampled_from([app(side, "web"), app(side, "db", "api"), label_in(side, "pod", "index", ["1"])]),
        st.sampled_from([label_in(side, "pod", "tier", None), label_in(side, "pod", "tier", ["a"])]),
        st.sampled_from(CIDRS).map(lambda cidr: block(side, cidr)),
        st.sampled_from(
            [kind_is(side, EndpointKind.POD), unknown_in(SPOOKY, "true"), unknown_in(SPOOKY, "false"), TRUE]
        ),
    )


def combined(leaf: st.SearchStrategy[Pred]) -> st.SearchStrategy[Pred]:
    """A predicate, its negation, or two of them joined."""
    return st.one_of(leaf, leaf.map(not_), st.builds(and_, leaf, leaf), st.builds(or_, leaf, leaf.map(not_)))


TRAFFIC = combined(
    st.sampled_from([
        on("TCP", 80), on("UDP", 80, 90), port_in(79, 81), protocol_is("SCTP", "TCP"), TRUE, SQL,
        named_port_is("m", "TCP", (PortOrigin.REGULAR,), first_only=True),
    ])
)  # fmt: skip


def halves(subject: Side) -> st.SearchStrategy[list[Tier]]:
    """Up to two tiers of one direction."""
    rules = st.builds(rule, st.sampled_from(Action), combined(atoms_on(subject.other)), TRAFFIC)
    subjects = st.sampled_from(
        [app(subject, "web", "dual"), app(subject, "db"), label_in(subject, "pod", "index", ["0"]), TRUE]
    )
    policies = st.builds(lambda s, rs: policy("p", s, *rs), subjects, st.lists(rules, max_size=3))
    tiers = st.builds(
        lambda ps, end: tier(*ps, no_match=end),
        st.lists(policies, max_size=2),
        st.sampled_from([Action.DENY, Action.PASS]),
    )
    return st.lists(tiers, max_size=2)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(halves(DST), halves(SRC), st.data())
def test_the_list_is_what_the_oracle_says(ingress: list[Tier], egress: list[Tier], data: Any) -> None:
    """A flow between two listed ends is allowed exactly where its port is listed for the pair."""
    it = world(*ENDS, ingress=ingress, egress=egress, families=(4, 6))
    rows = {(row.src, row.dst): row.allowed for row in connectivity(it).connections}
    split = {ref for row in rows for ref in row if isinstance(ref, WorkloadRef) and ref.name.startswith("set-")}
    outside = st.sampled_from([str(Prefix.parse(c))[: str(Prefix.parse(c)).index("/")] for c in CIDRS]).map(
        Address.parse
    )
    for _ in range(12):
        src, dst = data.draw(st.sampled_from(ENDS)), data.draw(st.sampled_from(ENDS))
        if not (src.is_pod and dst.is_pod) or (src is dst and not src.replicated):
            continue
        protocol, port = data.draw(st.sampled_from(PORT_PROTOCOLS)), data.draw(st.sampled_from(PORTS))
        refs = tuple(_ref(end, bool(split)) for end in (src, dst))
        if _common(src, dst):
            flows = [Flow(src, dst, protocol, port, *_ips(it, family, src, dst)) for family in _common(src, dst)]
            allowed = [evaluate(it, flow).verdict.allowed for flow in flows]
            assert _listed(rows.get(refs, ()), flows[0]) == any(allowed)
        address = data.draw(outside)
        if address.family in {a.family for a in src.addresses} or not src.address_known:
            own = next((a for a in src.addresses if a.family == address.family), None)
            flow = Flow(src, EXTERNAL, protocol, port, own, address)
            assert _listed(_block(rows, refs[0], address, out=True), flow) == evaluate(it, flow).verdict.allowed
            back = Flow(EXTERNAL, src, protocol, port, address, own)
            assert _listed(_block(rows, refs[0], address, out=False), back) == evaluate(it, back).verdict.allowed


def _ref(end: Any, split: bool) -> WorkloadRef:
    return WorkloadRef("Pod", end.namespace, end.name) if split and end.workload == SET else end.workload


def _common(*ends: Any) -> list[int]:
    known = [{a.family for a in end.addresses} if end.address_known else {4, 6} for end in ends]
    return sorted(known[0] & known[1])


def _ips(it: World, family: Any, *ends: Any) -> list[Address | None]:
    known = [next((a for a in end.addresses if a.family == family), None) for end in ends]
    return [a or evaluator(it).representative(end, family) for a, end in zip(known, ends, strict=True)]


def _listed(allowed: tuple[Ports, ...], flow: Flow) -> bool:
    return any(p.protocol == flow.protocol and any(a <= (flow.port or 0) <= b for a, b in p.ranges) for p in allowed)


def _block(rows: Any, ref: WorkloadRef, address: Address, *, out: bool) -> tuple[Ports, ...]:
    found = [
        allowed
        for (src, dst), allowed in rows.items()
        if (src if out else dst) == ref and isinstance(b := dst if out else src, Prefix) and address in b
    ]
    assert len(found) <= 1, "blocks do not overlap"
    return found[0] if found else ()


def test_a_world_is_reduced_once() -> None:
    """What is asked again finds the reduction; a world with other policies or questions has its own."""
    it = world(pod("a"), ingress=[selecting(DST, "p")])
    other = replace(it, policies=replace(it.policies, ingress=world(pod("a")).policies.ingress))
    reduced = it.reduced()
    assert it.reduced() is reduced
    assert other.reduced() is not reduced
    assert other.reduced().policies is other.policies


def test_what_tables_say_of_any_chunk() -> None:
    """Sets that reach far are looked up by chunks, whichever is asked for first: each class finds the sets that it is in."""
    size = 2_000
    sets = [(1 << size) - 1 & int("1" + "0" * n + "1" * 40 * n, 2) * ((1 << size) // 3) for n in range(1, 9)]
    tables = [Table({1: those}, (), frozenset({(1, n)})) for n, those in enumerate(sets)]
    side = TableSide([*tables, *[Table({}, (), frozenset())] * (size - len(tables))], sets)
    for chunk in (17, 3, 30, 0, 16, 9):
        said = side.about(chunk, 64)
        for c in range(64):
            subjects = sum(1 << n for n, those in enumerate(sets) if those >> 64 * chunk + c & 1)
            assert said.parts(said.keys[c]).get(1, 0) == subjects


@pytest.mark.parametrize("near", [0b111111, 0b010010, 0], ids=bin)
def test_what_is_said_to_one_of_two_neighbours(near: int) -> None:
    """Of the classes that are asked about: what tables say to each of them and not to the one behind, and the other way."""
    sets = [0b0000110, 0b1111111, 0b0001000, 0b1010101]
    tables = [Table({n + 1: those}, (), frozenset({(n + 1, n)})) for n, those in enumerate(sets)]
    side = TableSide([*tables, *[Table({}, (), frozenset())] * 3], sets)
    expected = {}
    for c in range(6):
        says = [{n + 1: 1 << n} for n in range(4)]
        first, second = ([n for n, those in enumerate(sets) if those >> d & 1] for d in (c, c + 1))
        alone = [says[n] for n in first if n not in second], [says[n] for n in second if n not in first]
        if near >> c & 1 and any(alone):
            expected[c] = alone
    assert side.changes(near) == expected
