"""Obligations: which flows the formulas of a leg speak about, and which addresses the two ends and a Service can have."""

from __future__ import annotations

import pytest

from npverify.analyses.prove import prove
from npverify.analyses.world import World
from npverify.assertions.claims import AllFlows, Assertion, Hop, Leg
from npverify.ingest.source import Span
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL, Backend, ContainerPort, Endpoint, EndpointKind, Service, ServicePort
from npverify.normal.policy import Direction
from npverify.normal.predicates import TRUE, Pred, Side, and_, named_port_is, not_
from npverify.reduction.obligations import Obligation, Obligations, flows_allowed, flows_denied
from npverify.reduction.partial import DIRECT
from npverify.reduction.residuals import Residuals
from npverify.smt.solver import satisfiable
from smallworld import DST, SRC, allow, block, node, on, pod, selecting, world

PG = on("TCP", 5432)
WEB, DB = pod("web", ip="10.1.0.1 fd00::1"), pod("db", ip="10.1.0.2 fd00::2")
MANY, ONE = pod("many", many=True), pod("one")
FOUR, SIX, SEVERAL = pod("four", ip="10.1.0.4"), pod("six", ip="fd00::6"), pod("several", ip="10.1.0.7 10.2.0.7")
HOST, N1, N2 = pod("agent", kind=EndpointKind.HOST_POD, node="n1"), node("n1"), node("n2")
ON_N1 = pod("local", node="n1")


def reduced(it: World) -> Obligations:
    """The obligations of a world."""
    return Obligations(it.inventory, Residuals(it.inventory, it.policies))


def leg(src: Endpoint | list[Endpoint], dst: Endpoint | list[Endpoint], traffic: Pred = PG, **more: object) -> Leg:
    """Flows from one endpoint or several to one or several."""
    sources, targets = ([ends] if isinstance(ends, Endpoint) else ends for ends in (src, dst))
    return Leg(dict.fromkeys(sources, TRUE), dict.fromkeys(targets, traffic), **more)  # type: ignore[arg-type]


def service(*vips: str, headless: bool = False, backend: Endpoint = DB) -> Service:
    """A Service with one port in front of one pod."""
    addresses = tuple(map(Address.parse, vips))
    ports = (ServicePort("", "TCP", 80, 5432),)
    behind = {0: (Backend(backend, 5432),)}
    return Service("shop", "db", "ClusterIP", ports, behind, vips=addresses, vip_known=bool(vips), headless=headless)


def speaks_of(obligations: list[Obligation], *also: Pred) -> bool:
    """Whether some obligation speaks about a flow with these properties."""
    return any(satisfiable(and_(o.premise, *also), same=o.how.same) for o in obligations)


ABOUT: list[tuple[str, tuple[Endpoint, ...], Leg, Pred, bool]] = [
    ("two pods", (WEB, DB), leg(WEB, DB), PG, True),
    ("other traffic is not asked for", (WEB, DB), leg(WEB, DB), on("UDP", 5432), False),
    ("a pod and itself are left out", (WEB,), leg(WEB, WEB), TRUE, False),
    ("a pod and itself where they are named", (WEB,), leg(WEB, WEB, leave_out_self=False), TRUE, True),
    ("two replicas are two pods", (MANY,), leg(MANY, MANY), TRUE, True),
    ("no policy judges two nodes", (N1, N2), leg(N1, N2), TRUE, False),
    ("nor a node and the outside", (N1,), leg(N1, EXTERNAL), TRUE, False),
    ("a pod and the outside", (WEB,), leg(WEB, EXTERNAL), TRUE, True),
    ("pods of one family each have none in common", (FOUR, SIX), leg(FOUR, SIX), TRUE, False),
    ("a pod of both families talks IPv6 with one of IPv6", (WEB, SIX), leg(WEB, SIX), block(SRC, "::/0"), True),
    ("but not IPv4", (WEB, SIX), leg(WEB, SIX), block(SRC, "0.0.0.0/0"), False),
    ("a pod and its own node, where policies judge it", (ON_N1, N1), leg(ON_N1, N1), TRUE, True),
    ("a node and its own pod, where policies judge it", (ON_N1, N1), leg(N1, ON_N1), TRUE, True),
    ("in a cluster of IPv4 pods have no IPv6", (ONE, MANY), leg(ONE, MANY), block(SRC, "::/0"), False),
]  # fmt: skip


@pytest.mark.parametrize(("ends", "asked", "also", "want"), [r[1:] for r in ABOUT], ids=[r[0] for r in ABOUT])
def test_what_a_leg_speaks_about(ends: tuple[Endpoint, ...], asked: Leg, also: Pred, want: bool) -> None:
    """The premises of a leg hold of a flow with the property or of none."""
    assert speaks_of(list(reduced(world(*ends)).of(asked, flows_allowed)), also) is want


DOMAINS = [
    ("an unknown pod in the space", ONE, ("10.1.0.0/16",), "10.1.7.0/24", True),
    ("an unknown pod is not outside the space", ONE, ("10.1.0.0/16",), "10.2.0.0/16", False),
    ("an unknown pod is in one of two spaces", ONE, ("10.1.0.0/16", "10.2.0.0/16"), "10.2.0.0/16", True),
    ("a space of IPv6 does not bind IPv4", ONE, ("fd00::/64",), "10.2.0.0/16", True),
    ("a host is not bound by the space of pods", HOST, ("10.1.0.0/16",), "192.168.0.0/24", True),
    ("no pod is at the loopback address", ONE, (), "127.0.0.1/32", False),
    ("no node is link-local", N1, (), "169.254.0.0/16", False),
    ("the outside may be link-local: metadata servers are", EXTERNAL, (), "169.254.169.254/32", True),
    ("the outside is not in the space of pods", EXTERNAL, ("10.1.0.0/16",), "10.1.7.0/24", False),
    ("the outside is beside the space of pods", EXTERNAL, ("10.1.0.0/16",), "10.2.0.0/16", True),
    ("one of several addresses", SEVERAL, (), "10.2.0.0/16", True),
    ("none but the several addresses", SEVERAL, (), "10.3.0.0/16", False),
]


@pytest.mark.parametrize(("end", "space", "cidr", "want"), [r[1:] for r in DOMAINS], ids=[r[0] for r in DOMAINS])
def test_which_addresses_an_end_can_have(end: Endpoint, space: tuple[str, ...], cidr: str, want: bool) -> None:
    """The domain of an end holds some address of a block or none."""
    known = [end] if end is not EXTERNAL else []
    obligations = reduced(world(*known, WEB, pod_space=space, families=(4, 6)))
    assert satisfiable(and_(obligations.domain(end, SRC), block(SRC, cidr))) is want


def ask(it: World, claim: AllFlows) -> str:
    """The answer to one claim."""
    return str(prove(it, [Assertion("t", "t", claim, "test", Span("t.npv", 1, 1))]).results[0].status)


OTHER = pod("other", ip="10.1.0.8 10.2.0.8")
V4, V6 = block(DST, "10.96.0.0/12"), block(DST, "fd96::/16")
VIPS = [
    ("a known address inside", ("10.96.0.1",), V4, "proved"),
    ("a known address outside", ("10.97.0.1",), block(DST, "10.96.0.0/16"), "refuted"),
    ("of two families both are inside", ("10.96.0.1", "fd96::1"), block(DST, "10.96.0.0/12"), "refuted"),
    ("of two families each is inside a block", ("10.96.0.1", "fd96::1"), not_(and_(not_(V4), not_(V6))), "proved"),
    ("an unknown one may lie anywhere", (), not_(and_(not_(V4), not_(V6))), "refuted"),
    ("an unknown one lies in the whole", (), block(DST, "0.0.0.0/0"), "proved"),
]


@pytest.mark.parametrize(("vips", "peer", "status"), [r[1:] for r in VIPS], ids=[r[0] for r in VIPS])
def test_egress_to_the_virtual_address_of_a_service(vips: tuple[str, ...], peer: Pred, status: str) -> None:
    """Where egress sees the virtual address, every flow to the Service passes exactly if its own addresses are allowed."""
    db = service(*vips)
    policy = selecting(SRC, "to the service", allow(peer), on_apps=("web",))
    families = (4, 6) if len(vips) == 2 else (4,)
    ends = (WEB, DB) if len(vips) == 2 else (pod("web", ip="10.1.0.1"), pod("db", ip="10.1.0.2"))
    it = world(*ends, egress=(policy,), services=(db,), families=families, vip_visible=TRUE)
    assert ask(it, AllFlows(True, (leg(ends[0], ends[1], via=Hop(db, 0)),))) == status


def test_one_of_several_virtual_addresses_of_a_family_is_used() -> None:
    """No flow to a Service goes to an address that is none of its own."""
    db = service("10.96.0.1", "10.97.0.1")
    both = selecting(
        SRC, "both", allow(block(DST, "10.96.0.1/32")), allow(block(DST, "10.97.0.1/32")), on_apps=("web",)
    )
    first = selecting(SRC, "first", allow(block(DST, "10.96.0.1/32")), on_apps=("web",))
    four = (pod("web", ip="10.1.0.1"), pod("db", ip="10.1.0.2"))
    for policy, status in ((both, "proved"), (first, "refuted")):
        it = world(*four, egress=(policy,), services=(db,), vip_visible=TRUE)
        assert ask(it, AllFlows(True, (leg(*four, via=Hop(db, 0)),))) == status


@pytest.mark.parametrize(("headless", "status"), [(True, "proved"), (False, "refuted")], ids=["headless", "translated"])
def test_a_headless_service_is_not_translated(headless: bool, status: str) -> None:
    """Whoever follows a headless Service addresses the pod, so that egress sees the address of the pod."""
    ends = (pod("web", ip="10.1.0.1"), pod("db", ip="10.1.0.2"))
    db = service("10.96.0.1", headless=headless)
    policy = selecting(SRC, "to the pod", allow(block(DST, "10.1.0.2/32")), on_apps=("web",))
    it = world(*ends, egress=(policy,), services=(db,), vip_visible=TRUE)
    assert ask(it, AllFlows(True, (leg(*ends, via=Hop(db, 0)),))) == status


@pytest.mark.parametrize(
    ("vips", "status"),
    [(("10.96.0.1",), "proved"), (("fd96::1",), "refuted"), (("10.96.0.1", "fd96::1"), "refuted"), ((), "refuted")],
    ids=["IPv4", "IPv6", "both", "unknown"],
)
def test_a_flow_through_a_service_is_of_the_family_of_its_address(vips: tuple[str, ...], status: str) -> None:
    """Pods of both families talk IPv4 through a Service that has an IPv4 address only."""
    db = service(*vips)
    only_four = selecting(DST, "only IPv4", allow(block(SRC, "0.0.0.0/0")), on_apps=("db",))
    it = world(WEB, DB, ingress=(only_four,), services=(db,), families=(4, 6))
    assert ask(it, AllFlows(True, (leg(WEB, DB, via=Hop(db, 0)),))) == status


def test_members_that_declare_other_ports_are_judged_apart() -> None:
    """A named port of one destination is not that of another, though no policy selects either of them."""
    http = named_port_is("http", "TCP", ("regular",), first_only=False)  # type: ignore[arg-type]
    one, two = (pod(f"db{n}", app="db", ip=f"10.1.0.{n}", ports=(ContainerPort("http", "TCP", n),)) for n in (80, 81))
    web = pod("web", ip="10.1.0.1")
    policy = selecting(SRC, "out", allow(TRUE, http), on_apps=("web",))
    it = world(web, one, two, egress=(policy,))
    assert ask(it, AllFlows(True, (leg(web, one, on("TCP", 80)), leg(web, two, on("TCP", 81))))) == "proved"
    assert ask(it, AllFlows(True, (leg(web, [one, two], on("TCP", 80)),))) == "refuted"
    assert ask(it, AllFlows(True, (leg(web, [one, two], on("TCP", 81)),))) == "refuted"


def test_several_addresses_of_one_family_are_tried_one_by_one() -> None:
    """A pod with two IPv4 addresses is not reached at both where only one of them is allowed, and never at a third."""
    web = pod("web", ip="10.1.0.1")
    half = selecting(SRC, "half", allow(block(DST, "10.2.0.0/16")), on_apps=("web",))
    both = selecting(SRC, "both", allow(block(DST, "10.2.0.0/16")), allow(block(DST, "10.1.0.0/24")), on_apps=("web",))
    for policy, reached in ((half, "refuted"), (both, "proved")):
        it = world(web, SEVERAL, OTHER, egress=(policy,))
        assert ask(it, AllFlows(True, (leg(web, [SEVERAL, OTHER]),))) == reached
        assert ask(it, AllFlows(True, (leg(web, OTHER),))) == reached
    elsewhere = selecting(SRC, "elsewhere", allow(block(DST, "10.1.0.7/32")), on_apps=("web",))
    it = world(web, SEVERAL, OTHER, egress=(elsewhere,))
    assert ask(it, AllFlows(False, (leg(web, OTHER),))) == "proved"
    assert ask(it, AllFlows(False, (leg(web, [OTHER, SEVERAL]),))) == "refuted"


def test_several_addresses_are_those_of_each_pod() -> None:
    """Two pods whose addresses lie partly in the same blocks are not judged by each other's addresses."""
    web = pod("web", ip="10.9.0.1")
    inside = pod("inside", app="db", ip="10.1.0.1 10.1.0.2 10.2.0.1")
    outside = pod("outside", app="db", ip="10.1.0.3 10.2.0.3 10.3.0.3")
    both = (allow(block(DST, "10.1.0.0/16")), allow(block(DST, "10.2.0.0/16")))
    it = world(web, inside, outside, egress=(selecting(SRC, "both", *both, on_apps=("web",)),))
    assert ask(it, AllFlows(True, (leg(web, inside),))) == "proved"
    assert ask(it, AllFlows(True, (leg(web, [inside, outside]),))) == "refuted"


def test_equal_pairs_make_one_obligation() -> None:
    """A hundred pods that nothing tells apart are one obligation that counts their pairs."""
    pods = [pod(f"p{n:03}", app="web", ip=f"10.1.0.{n}") for n in range(100)]
    it = world(*pods, DB, ingress=(selecting(DST, "db", allow(), on_apps=("db",)),))
    (only,) = [o for o in reduced(it).of(leg(pods, DB), flows_allowed) if o.how == DIRECT]
    assert only.pairs == 100
    assert (only.src, only.dst) == (pods[0], DB)


def test_what_breaks_no_keeps_every() -> None:
    """Of each pair and packet, exactly one of `no … reaches` and `every … reaches` is broken."""
    policy = selecting(Side.DST, "db", allow(block(SRC, "10.1.0.0/16"), on("TCP", 5432)), on_apps=("db",))
    for asked in (leg(EXTERNAL, DB, TRUE), leg(WEB, DB, TRUE), leg(ONE, DB, TRUE)):
        it = world(WEB, DB, ONE, ingress=(policy,), families=(4, 6))
        obligations = reduced(it)
        passes = list(obligations.of(asked, flows_allowed))
        fails = list(obligations.of(asked, flows_denied))
        assert len(passes) == len(fails) > 0
        for one, other in zip(passes, fails, strict=True):
            assert not satisfiable(and_(one.broken, other.broken))
            spoken_of = and_(one.premise, obligations.domain(one.src, SRC), obligations.domain(one.dst, DST))
            assert not satisfiable(and_(spoken_of, not_(one.broken), not_(other.broken)))
            assert satisfiable(one.premise)


@pytest.mark.parametrize(
    ("ends", "families"), [((FOUR,), {4}), ((SIX,), {6}), ((FOUR, SIX), {4, 6}), ((WEB,), {4, 6}), ((MANY, SIX), {4, 6})]
)  # fmt: skip
@pytest.mark.parametrize("direction", list(Direction))
def test_the_families_of_several_are_those_of_any(
    direction: Direction, ends: tuple[Endpoint, ...], families: set[int]
) -> None:
    """What some of them can use with the outside: a policy that matters in one family alone matters."""
    it = world(*ends)
    residuals = Residuals(it.inventory, it.policies)
    subjects = sum({1 << residuals.classes.of[end] for end in ends})
    said = Obligations(it.inventory, residuals).premises.families_outside(direction, subjects)
    wholes = {4: block(SRC, "0.0.0.0/0"), 6: block(SRC, "::/0")}
    assert {family for family, whole in wholes.items() if satisfiable(and_(said, whole))} == families
