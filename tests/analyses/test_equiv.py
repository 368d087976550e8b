"""Do two policy sets allow the same flows: rows of small worlds, each a fact in words, with the flow that tells them apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

import npverify
from npverify.analyses.equiv import equiv
from npverify.analyses.equiv_results import Equivalence, EquivResult
from npverify.analyses.equiv_search import Search
from npverify.analyses.world import World
from npverify.ingest.source import InputError, InternalError
from npverify.inventory.addresses import Address
from npverify.inventory.model import Backend, ContainerPort, Endpoint, EndpointKind, PortOrigin, Service, ServicePort
from npverify.inventory.unknowns import fact, runtime_label
from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.policy import Action, Exemption, Policy, Tier
from npverify.normal.predicates import (
    TRUE,
    Pred,
    Side,
    and_,
    icmp_is,
    label_in,
    named_port_is,
    node_is,
    not_,
    or_,
    own_node,
    port_in,
    protocol_is,
    self_traffic,
    unknown_in,
)
from npverify.oracle import Oracle
from npverify.report.equiv_regions import traffic_text
from npverify.smt.solver import Budget, UndecidedError
from smallworld import DST, IN, OUT, SRC, allow, app, block, node, on, pod, policy, rule, selecting, tier, world

WEB, API, DB = pod("web", many=True), pod("api"), pod("db", ip="10.1.0.7")
PG = on("TCP", 5432)
EVERY = protocol_is(*PORT_PROTOCOLS)
SPOOKY = fact("spooky")


def guard(*rules: object, name: str = "db", on_apps: Iterable[str] = ("db",)) -> Policy:
    """A policy on the ingress of the database."""
    return selecting(DST, name, *rules, on_apps=on_apps)  # type: ignore[arg-type]


def into(*parts: Policy | Tier, **more: object) -> World:
    """Three pods, and what judges who gets in."""
    return world(WEB, API, DB, ingress=parts, **more)  # type: ignore[arg-type]


def out(*parts: Policy | Tier, **more: object) -> World:
    """Three pods, and what judges who gets out."""
    return world(WEB, API, DB, egress=parts, **more)  # type: ignore[arg-type]


FROM_WEB = allow(app(SRC, "web"), PG)

SAME: list[tuple[str, World, World]] = [
    ("a world and itself", into(guard(FROM_WEB)), into(guard(FROM_WEB))),
    ("no policy and one that allows everything", into(), into(guard(allow()))),
    ("a policy that selects nobody", into(guard(FROM_WEB)), into(guard(FROM_WEB), guard(on_apps=["nobody"]))),
    ("a policy that says nothing more", into(guard(FROM_WEB)), into(guard(FROM_WEB), guard(name="deny"))),
    ("a policy in two pieces",
     into(guard(allow(or_(app(SRC, "web"), app(SRC, "api")), PG))),
     into(guard(allow(app(SRC, "api"), PG)), guard(FROM_WEB, name="more"))),
    ("rules in another order", into(guard(FROM_WEB, allow(TRUE, on("UDP", 53)))),
     into(guard(allow(TRUE, on("UDP", 53)), FROM_WEB))),
    ("neighbouring ports and their range", into(guard(allow(TRUE, or_(on("TCP", 80), on("TCP", 81))))),
     into(guard(allow(TRUE, on("TCP", 80, 81))))),
    ("a block and its halves", into(guard(allow(block(SRC, "0.0.0.0/0")))),
     into(guard(allow(or_(block(SRC, "0.0.0.0/1"), block(SRC, "128.0.0.0/1")))))),
    ("selecting by another label that is on the same pods", into(guard(FROM_WEB)),
     into(guard(allow(and_(label_in(SRC, "pod", "app", None), not_(app(SRC, "api")), not_(app(SRC, "db"))), PG)))),
    ("deny by a rule and by no rule", into(tier(guard(FROM_WEB, rule(Action.DENY)))), into(guard(FROM_WEB))),
    ("a tier that only passes on", into(tier(guard(rule(Action.PASS), name="first"), no_match=Action.PASS), guard(FROM_WEB)),
     into(guard(FROM_WEB))),
    ("a rule that logs", into(guard(rule(Action.LOG), FROM_WEB)), into(guard(FROM_WEB))),
    ("ingress shut is as good as egress shut, for whoever asks for both ends",
     world(API, DB, ingress=[guard()], egress=[]), world(API, DB, ingress=[guard()], egress=[
         selecting(SRC, "out", allow(not_(app(DST, "db"))), on_apps=["api"])])),
    ("a pod more that nothing passes to or from",
     world(API, DB, ingress=[selecting(DST, "in")], egress=[selecting(SRC, "out")]),
     world(API, DB, pod("new", node="n1"), ingress=[selecting(DST, "in")], egress=[selecting(SRC, "out")])),
    ("a named port and its number",
     world(pod("p", ports=(ContainerPort("http", "TCP", 80),)), API,
           ingress=[guard(allow(TRUE, on("TCP", 80)), on_apps=["p"])]),
     world(pod("p", ports=(ContainerPort("http", "TCP", 80),)), API,
           ingress=[guard(allow(TRUE, named_port_is("http", "TCP", PortOrigin, first_only=False)), on_apps=["p"])])),
    ("another address of the same block", world(API, DB, egress=[selecting(SRC, "out", allow(block(DST, "10.1.0.0/16")))]),
     world(API, pod("db", ip="10.1.0.8"), egress=[selecting(SRC, "out", allow(block(DST, "10.1.0.0/16")))])),
    ("a label that a policy does not look at", into(guard(FROM_WEB)),
     world(WEB, pod("api", color="red"), DB, ingress=[guard(FROM_WEB)])),
    ("a free switch on both sides", into(guard(allow(unknown_in(SPOOKY, "true"), PG))),
     into(guard(allow(and_(unknown_in(SPOOKY, "true"), PG))))),
    ("a node more, where it may not matter", world(API, ingress=[selecting(DST, "in")], egress=[selecting(SRC, "out")]),
     world(API, ingress=[selecting(DST, "in")], egress=[selecting(SRC, "out")], families=(4, 6))),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right"), [r[1:] for r in SAME], ids=[r[0] for r in SAME])
def test_sets_that_allow_the_same(left: World, right: World) -> None:
    """The two are equivalent, either way round, and nothing is shown."""
    for one, other in ((left, right), (right, left)):
        result = equiv(one, other, every=True)
        assert result.status is Equivalence.EQUIVALENT
        assert (result.witness, result.regions, result.pairs) == (None, None, 0)


def shown(result: EquivResult) -> str:
    """`api -> db TCP 5432 left`, with what it needs."""
    assert result.witness is not None
    flow = result.witness.flow
    src, dst = (
        str(address) if end.kind is EndpointKind.EXTERNAL else end.name
        for end, address in ((flow.src, flow.src_ip), (flow.dst, flow.dst_ip))
    )
    what = [flow.protocol]
    what += [f"{flow.icmp[0]}/{flow.icmp[1]}"] if flow.icmp else []
    what += ["any" if "port" in result.witness.any else str(flow.port)] if flow.port else []
    what += [f"from {flow.src_port}"] if flow.src_port is not None else []
    what += ["itself"] if flow.same else []
    what += ["near"] if flow.own_node else []
    what += [f"via {flow.via.name}"] if flow.via else []
    needs = [f"if {needed.phrase}" for needed in result.witness.reading]
    return " ".join([src, "->", dst, *what, result.witness.allowed_by, *needs])


OWN = Exemption("own node", own_node(SRC), True, "")
ITSELF = Exemption("itself", self_traffic(via_service=False), True, "")
ITSELF_VIA = Exemption("itself through a Service", self_traffic(via_service=True), True, "")
HOST = pod("agent", kind=EndpointKind.HOST_POD, node="n1", ip="192.168.0.1")
N1, N2 = node("n1", ip="192.168.0.1"), node("n2", ip="192.168.0.2")


def service(*vips: str, backend: Endpoint = DB, name: str = "db", known: bool = True) -> Service:
    """A Service on port 80 in front of a pod's 5432."""
    ports = (ServicePort("", "TCP", 80, 5432),)
    behind = {0: (Backend(backend, 5432),)}
    addresses = tuple(map(Address.parse, vips))
    return Service("shop", name, "ClusterIP", ports, behind, vips=addresses, vip_known=known)


BY_VIP = unknown_in(fact("vip"), "true")


def through(*vips: str, to: str = "0.0.0.0/0", known: bool = True, name: str = "db", seen: Pred = TRUE) -> World:
    """A pod that may send to a block alone, and a Service in front of another, whose virtual address egress policy sees."""
    return world(
        API, DB, egress=[selecting(SRC, "out", allow(block(DST, to)), on_apps=["api"])],
        services=[service(*vips, known=known, name=name)], vip_visible=seen,
    )  # fmt: skip


DIFFERENT: list[tuple[str, World, World, str]] = [
    ("a policy less", into(guard(FROM_WEB)), into(), "api -> db TCP any right"),
    ("another port", into(guard(FROM_WEB)), into(guard(allow(app(SRC, "web"), on("TCP", 5433)))), "web -> db TCP 5432 left"),
    ("another source", into(guard(FROM_WEB)), into(guard(allow(app(SRC, "api"), PG))), "api -> db TCP 5432 right"),
    ("a port of a range", into(guard(allow(TRUE, on("TCP", 80, 90)))), into(guard(allow(TRUE, on("TCP", 80, 89)))),
     "api -> db TCP 90 left"),
    ("all that has ports is not all", into(guard(allow())), into(guard(allow(TRUE, EVERY))), "api -> db ICMP 8/0 left"),
    ("one type of ICMP", into(guard(allow(TRUE, EVERY), allow(TRUE, icmp_is(8)))),
     into(guard(allow(TRUE, EVERY), allow(TRUE, icmp_is(8, 0)))), "api -> db ICMP 8/1 left"),
    ("a protocol without a name", into(guard(allow(TRUE, protocol_is("50")))), into(guard(allow(TRUE, protocol_is("51")))),
     "api -> db 50 left"),
    ("a source port", into(guard(allow(TRUE, and_(PG, port_in(1024, 65535, Side.SRC))))), into(guard(allow(TRUE, PG))),
     "api -> db TCP 5432 from 1 right"),
    ("the other family", world(API, pod("db"), ingress=[guard(allow())], families=(4, 6)),
     world(API, pod("db"), ingress=[guard(allow(block(SRC, "0.0.0.0/0")))], families=(4, 6)), "api -> db TCP any left"),
    ("a block outside", out(selecting(SRC, "o", allow(block(DST, "203.0.113.0/24")))),
     out(selecting(SRC, "o", allow(block(DST, "203.0.113.0/25")))),
     "api -> 203.0.113.128 TCP any left"),
    ("a reading", into(guard(allow(unknown_in(SPOOKY, "true")))), into(guard()),
     "api -> db TCP any left if spooky"),
    ("a switch that is fixed on one side", into(guard(allow(unknown_in(SPOOKY, "true")))), into(guard(allow())),
     "api -> db TCP any right"),
    ("a pod and itself", into(guard(), exempt={IN: (ITSELF,)}), into(guard()), "db -> db TCP any itself left"),
    ("a rule about a pod and itself", into(guard(allow(self_traffic(via_service=False)))), into(guard()),
     "db -> db TCP any itself left"),
    ("a rule about a pod and itself through a Service",
     into(guard(allow(self_traffic(via_service=True))), services=[service("10.96.0.1")]),
     into(guard(), services=[service("10.96.0.1")]), "db -> db TCP 5432 itself via db left"),
    ("a rule about a node and its own pod", world(N1, N2, pod("db", node="n1"), ingress=[guard(allow(own_node(SRC)))]),
     world(N1, N2, pod("db", node="n1"), ingress=[guard()]), "n1 -> db TCP any near left"),
    ("a pod and itself through a Service", into(guard(), exempt={IN: (ITSELF_VIA,)}, services=[service("10.96.0.1")]),
     into(guard(), services=[service("10.96.0.1")]), "db -> db TCP 5432 itself via db left"),
    ("a node and its own pod", world(N1, N2, pod("db", node="n1"), ingress=[guard()], exempt={IN: (OWN,)}),
     world(N1, N2, pod("db", node="n1"), ingress=[guard()]), "n1 -> db TCP any near left"),
    ("a pod on the host network and its own node",
     world(HOST, N1, egress=[policy("h", TRUE, rule(Action.DENY))], exempt={OUT: (Exemption("near", own_node(DST), True, ""),)}),
     world(HOST, N1, egress=[policy("h", TRUE, rule(Action.DENY))]), "agent -> n1 TCP any near left"),
    ("a pod on one node alone", world(pod("db", node="n1"), N1, N2, ingress=[guard(allow(node_is(SRC, "n1")))]),
     world(pod("db", node="n1"), N1, N2, ingress=[guard(allow(node_is(SRC, "n2")))]), "n1 -> db TCP any near left"),
    ("the virtual address of a Service", through("10.96.0.1", to="10.96.0.0/16"), through("10.96.0.1", to="10.97.0.0/16"),
     "api -> db TCP 5432 via db left"),
    ("the virtual address that one reading sees",
     through("10.96.0.1", to="10.96.0.0/16", seen=BY_VIP), through("10.96.0.1", to="10.97.0.0/16", seen=BY_VIP),
     "api -> 10.96.0.0 TCP any left"),
    ("a label", world(WEB, API, DB, ingress=[guard(FROM_WEB)]), world(WEB, pod("api", app="web"), DB, ingress=[guard(FROM_WEB)]),
     "api -> db TCP 5432 right"),
    ("an address", world(API, DB, egress=[selecting(SRC, "o", allow(block(DST, "10.1.0.0/16")), on_apps=["api"])]),
     world(API, pod("db", ip="10.2.0.7"), egress=[selecting(SRC, "o", allow(block(DST, "10.1.0.0/16")), on_apps=["api"])]),
     "api -> db TCP any left"),
    ("an address that one side does not know",
     world(API, DB, egress=[selecting(SRC, "o", allow(block(DST, "10.1.0.0/16")), on_apps=["api"])]),
     world(API, pod("db"), egress=[selecting(SRC, "o", allow(block(DST, "10.1.0.0/16")), on_apps=["api"])]),
     "api -> db TCP any left if shop/db has the address 1.0.0.0 on the right"),
    ("a named port", world(API, pod("db", ports=(ContainerPort("pg", "TCP", 1),)), ingress=[
        guard(allow(TRUE, named_port_is("pg", "TCP", PortOrigin, first_only=False)))]),
     world(API, pod("db", ports=(ContainerPort("pg", "TCP", 2),)), ingress=[
        guard(allow(TRUE, named_port_is("pg", "TCP", PortOrigin, first_only=False)))]),
     "api -> db TCP 1 left"),
    ("a pod that only one side has", world(API, DB), world(DB), "api -> db TCP any left"),
    ("a pod that only one side has, behind what both have", world(API, DB, pod("a")), world(API, DB, ingress=[guard()]),
     "api -> db TCP any left"),
    ("two replicas of one workload", world(WEB), world(WEB, ingress=[guard(on_apps=["web"])]), "web -> web TCP any left"),
]  # fmt: skip


SWAPPED = {ord("«"): "right", ord("»"): "left"}


@pytest.mark.parametrize(("left", "right", "want"), [r[1:] for r in DIFFERENT], ids=[r[0] for r in DIFFERENT])
def test_sets_that_do_not(left: World, right: World, want: str) -> None:
    """The flow that is shown is the preferred one, and one side alone allows it; the other way round it is the same."""
    assert shown(equiv(left, right)) == want
    assert shown(equiv(right, left)) == want.replace("left", "«").replace("right", "»").translate(SWAPPED)


@pytest.mark.parametrize("row", DIFFERENT, ids=[r[0] for r in DIFFERENT])
def test_a_witness_is_what_both_oracles_say(row: tuple[str, World, World, str]) -> None:
    """Each side's verdict in the witness is its oracle's, under the reading that the witness names."""
    result = equiv(row[1], row[2])
    assert result.witness is not None
    said = []
    for seen, it in ((result.witness.left, result.left), (result.witness.right, result.right)):
        if seen is None:
            said.append(False)
            continue
        reading = {needed.name: needed.value for needed in seen.reading}
        assert Oracle(it.policies, it.inventory).decide(seen.flow, reading) == seen.verdict
        said.append(seen.verdict.allowed)
    assert said == [result.witness.allowed_by == "left", result.witness.allowed_by == "right"]


def test_pairs_are_counted() -> None:
    """Pairs of endpoints whose direct flows differ: two replicas count as one pair, the outside as one endpoint."""
    assert equiv(into(guard(FROM_WEB)), into(guard())).pairs == 1
    assert equiv(into(guard()), into()).pairs == 3  # web, api and the outside, to db
    assert equiv(into(guard(), exempt={IN: (ITSELF,)}), into(guard())).pairs == 1
    assert equiv(world(WEB), world(WEB, ingress=[guard(on_apps=["web"])])).pairs == 2  # web to web, the outside to web


def test_endpoints_of_one_side_are_named() -> None:
    """What only one side has is listed, and that it counts as silent there is said."""
    result = equiv(world(API, DB), world(WEB, DB))
    assert ([e.name for e in result.only_left], [e.name for e in result.only_right]) == (["api"], ["web"])
    assert any("shop/api is on the left alone" in note for note in result.notes)
    assert any("shop/web is on the right alone" in note for note in result.notes)


def test_the_side_that_lacks_an_endpoint_shows_nothing() -> None:
    """Of a flow that a side does not have there is no verdict, and the other side allows it."""
    witness = equiv(world(API, DB), world(DB)).witness
    assert witness is not None
    assert witness.right is None
    assert witness.left is not None
    assert witness.left.verdict.allowed


def test_policies_alone_are_judged_over_the_pods_of_the_other_side() -> None:
    """A side without pods borrows the inventory, and the notes say so."""
    alone = world(ingress=[guard(FROM_WEB)])
    full = into(guard(FROM_WEB))
    for left, right, side in ((alone, full, "left"), (full, alone, "right")):
        result = equiv(left, right)
        assert result.status is Equivalence.EQUIVALENT
        assert result.left.inventory is result.right.inventory
        assert any(note.startswith(f"the {side} side has no pods") for note in result.notes)
    assert equiv(alone, into(guard())).status is Equivalence.DIFFERENT


def test_what_a_side_without_pods_says_besides_is_not_left_out_in_silence() -> None:
    """Its namespaces and nodes do not count either, and a note says so."""
    told = "what the left side says of namespaces, nodes, Services and accounts does not count"
    assert told in equiv(world(N1, ingress=[guard(FROM_WEB)]), into(guard(FROM_WEB))).notes
    assert told not in equiv(world(ingress=[guard(FROM_WEB)]), into(guard(FROM_WEB))).notes


def test_policies_alone_are_read_again_over_the_pods_of_the_other_side() -> None:
    """Where it is known what policies were lowered from, that is asked, and not what they came to over no pods."""
    asked = []

    def over(_: World, inventory: object) -> World:
        asked.append(inventory)
        return into(guard())

    alone = World(world().inventory, world().policies, over_of=over)
    assert equiv(alone, into(guard())).status is Equivalence.EQUIVALENT
    assert len(asked) == 1


def test_nobody_on_either_side_is_an_error() -> None:
    """About nobody everything would be equal; that is accepted only if it is asked for."""
    with pytest.raises(InputError, match="no pod or workload was found on either side"):
        equiv(world(), world(ingress=[guard()]))
    assert equiv(world(), world(ingress=[guard()]), allow_empty=True).status is Equivalence.EQUIVALENT


def guard_where(reading: Pred, name: str) -> Policy:
    """A policy on the ingress of the database, where the reading is such."""
    guarded = guard(allow(TRUE, PG), name=name)
    return replace(guarded, subject=and_(guarded.subject, reading))


SPOOKY_OR_NOT = unknown_in(SPOOKY, "true")
HARD = (
    into(guard(allow(TRUE, PG))),
    into(guard_where(SPOOKY_OR_NOT, "spooky"), guard_where(not_(SPOOKY_OR_NOT), "plain")),
)  # only the solver knows that it is either or the other


def test_a_policy_that_selects_under_one_reading_allows_under_that_alone() -> None:
    """Also if its rule matches everything: where it does not select, what another policy denies is denied."""
    closed = guard(name="closed")
    sometimes = replace(guard(allow(TRUE), name="open"), subject=guard_where(SPOOKY_OR_NOT, "open").subject)
    result = equiv(into(closed, guard(allow(TRUE), name="open")), into(closed, sometimes))
    assert result.status is Equivalence.DIFFERENT
    assert equiv(into(closed, sometimes), into(sometimes, closed)).status is Equivalence.EQUIVALENT


def test_what_differs_for_one_address_family_of_those_that_a_policy_selects() -> None:
    """Alike but for their addresses, two pods are judged by the same rules; a block of IPv6 matters to one of them alone."""
    both = world(pod("a", ip="10.1.0.1"), pod("b", ip="fd00::1"), families=(4, 6))
    four, six = allow(block(SRC, "203.0.113.0/24")), allow(block(SRC, "2001:db8::/64"))

    def with_rules(*rules: object) -> World:
        guarded = selecting(DST, "p", *rules)  # type: ignore[arg-type]
        return world(*both.inventory.pods, families=(4, 6), ingress=[guarded])

    assert equiv(with_rules(four, six), with_rules(six, four)).status is Equivalence.EQUIVALENT
    for less in (four, six):
        assert equiv(with_rules(four, six), with_rules(less)).status is Equivalence.DIFFERENT


def test_a_spent_budget_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the solver, if it has to be asked, did not decide is never called equivalent, even where it is."""
    monkeypatch.setattr("npverify.analyses.answers.by_cases", lambda *_, **__: None)
    assert equiv(*HARD).status is Equivalence.EQUIVALENT
    result = equiv(*HARD, budget=Budget(rlimit=1))
    assert result.status is Equivalence.UNDECIDED
    assert "budget" in result.because
    assert result.witness is None


def test_a_difference_stands_beside_what_was_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flow that differs is an answer, also where another question was given up; regions are then not complete."""
    possible = Search.possible

    def sometimes(self: Search, pred: object, pair: object, way: object) -> bool:
        if pair[0].either.name == "web":  # type: ignore[index]
            raise UndecidedError("the budget was spent")
        return possible(self, pred, pair, way)  # type: ignore[arg-type]

    monkeypatch.setattr(Search, "possible", sometimes)
    left, right = into(guard(FROM_WEB, allow(app(SRC, "api"), on("TCP", 1)))), into(guard())
    result = equiv(left, right, every=True)
    assert result.status is Equivalence.DIFFERENT
    assert shown(result) == "api -> db TCP 1 left"
    assert result.regions is None
    assert any("the budget was spent" in note for note in result.notes)


def test_a_flow_that_cannot_be_chosen_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the budget is spent while the flow to show is looked for, there is no answer."""

    def spent(*_: object) -> object:
        raise UndecidedError("the budget was spent")

    monkeypatch.setattr("npverify.analyses.equiv.difference", spent)
    result = equiv(into(guard(FROM_WEB)), into(guard()))
    assert (result.status, result.because) == (Equivalence.UNDECIDED, "the budget was spent")


def test_a_run_can_be_stopped() -> None:
    """Where the caller wants to stop nothing is claimed."""
    result = equiv(*HARD, stop=lambda: True)
    assert (result.status, result.interrupted) == (Equivalence.UNDECIDED, True)


def test_progress_is_told() -> None:
    """Each step is announced with its number and what it looks at."""
    steps: list[tuple[int, int, str]] = []
    equiv(*HARD, progress=lambda *step: steps.append(step))
    assert [n for n, _, _ in steps] == list(range(steps[0][1]))
    assert steps[0][2] == "every two ends"
    assert any("themselves" in title for _, _, title in steps)


def test_oracles_that_agree_on_a_witness_are_a_contradiction(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flow that the two oracles judge alike is never shown."""
    decide = Oracle.decide
    left = into(guard(FROM_WEB))

    def lying(self: Oracle, flow: object, reading: object = (), touched: object = None) -> object:
        other = self if self.policies is left.policies else Oracle(left.policies, left.inventory)
        return decide(other, flow, reading)  # type: ignore[arg-type]

    monkeypatch.setattr(Oracle, "decide", lying)
    with pytest.raises(InternalError, match="do not confirm"):
        equiv(left, into(guard()))


def test_an_unknown_that_the_sides_define_differently_is_two() -> None:
    """Each side has its own value where the label may have other values there; a witness names the side."""
    here, there = (runtime_label("shop/web", "v", known=value) for value in ("1", "2"))
    ingress = [guard(allow(label_in(SRC, "pod", "v", ["1", "2"]), PG))]
    left, right = (world(pod("web", v=label), DB, ingress=ingress) for label in (here, there))
    result = equiv(left, right)
    assert result.status is Equivalence.DIFFERENT
    assert result.witness is not None
    assert [needed.name for needed in result.witness.reading] in (
        ["label v of shop/web on the left"],
        ["label v of shop/web on the right"],
    )


def test_a_switch_that_is_free_on_both_sides_has_one_value() -> None:
    """Rules that hold in opposite readings are not the same; rules that hold in one are."""
    either = into(guard(allow(unknown_in(SPOOKY, "true"))))
    other = into(guard(allow(not_(unknown_in(SPOOKY, "true")))))
    assert equiv(either, either).status is Equivalence.EQUIVALENT
    assert shown(equiv(either, other)) == "api -> db TCP any right"


def test_an_unknown_address_is_one_for_both_sides() -> None:
    """A pod whose address nobody knows has the same one on both sides: a policy that looks at it is equal to itself."""
    it = world(API, pod("db"), egress=[selecting(SRC, "o", allow(block(DST, "10.1.0.0/16")))])
    assert equiv(it, it).status is Equivalence.EQUIVALENT
    moved = world(
        API, pod("db"), egress=[selecting(SRC, "o", allow(block(DST, "10.1.0.0/16")))], pod_space=("10.2.0.0/16",)
    )
    assert equiv(it, moved).status is Equivalence.DIFFERENT


def test_an_address_is_outside_if_it_is_nobody_s_on_both_sides() -> None:
    """The address of a pod that one side knows is no outside address of the other."""
    only = block(DST, "10.1.0.7/32")
    left = world(API, DB, egress=[selecting(SRC, "o", allow(not_(only)), on_apps=["api"])])
    right = world(
        API, pod("db"), egress=[selecting(SRC, "o", allow(not_(only)), on_apps=["api"])], pod_space=("10.1.0.6/31",)
    )
    result = equiv(left, right, every=True)
    assert result.regions is not None
    assert {end.workload for region in result.regions for end in region.destinations} == {DB.workload}


def test_an_address_is_outside_if_no_pod_may_have_it_on_either_side() -> None:
    """Where pods live on one side nothing is outside, also for the other side."""
    shut = [selecting(DST, "in")]
    left = world(API, ingress=shut, egress=[selecting(SRC, "o", allow(not_(block(DST, "10.1.0.0/16"))))],
                 pod_space=("10.1.0.0/16",))  # fmt: skip
    right = world(API, ingress=shut, egress=[selecting(SRC, "o", allow())], pod_space=("10.2.0.0/16",))
    assert equiv(left, right).status is Equivalence.EQUIVALENT
    wide = world(API, ingress=shut, egress=[selecting(SRC, "o", allow(not_(block(DST, "10.0.0.0/14"))))],
                 pod_space=("10.1.0.0/16",))  # fmt: skip
    assert equiv(wide, right).status is Equivalence.DIFFERENT


def test_known_addresses_are_not_listed_as_outside() -> None:
    """Of a block that differs only what is nobody's is in a region of outside addresses."""
    some = [allow(not_(block(DST, "10.1.0.6/31"))), allow(block(DST, "10.1.0.7/32"), PG)]
    left, right = (out(selecting(SRC, "o", *rules, on_apps=["api"])) for rules in (some, [allow()]))
    regions = equiv(left, right, every=True).regions or ()
    outside = [str(b) for r in regions for end in r.destinations if end.workload is None for b in end.blocks]
    assert outside == ["10.1.0.6/32"]


def listed(result: EquivResult) -> list[tuple[str, str, tuple[str, str, int] | None]]:
    """Destination, traffic, and Service of each region, of pods alone."""
    return [
        (end.workload.name, traffic_text(region.traffic), region.service)
        for region in result.regions or ()
        for end in region.destinations
        if end.workload is not None
    ]


def test_what_a_service_only_repeats_is_not_listed() -> None:
    """Flows through a Service are listed where direct ones to the same end do not differ alike."""
    svc = ("shop", "db", 80)

    def only(*rules: object) -> World:
        return world(
            API, DB, egress=[selecting(SRC, "out", *rules, on_apps=["api"])],  # type: ignore[arg-type]
            ingress=[guard(on_apps=["api"])], services=[service("10.96.0.1")], vip_visible=TRUE,
        )  # fmt: skip

    by_label, by_vip = allow(app(DST, "db")), allow(block(DST, "10.96.0.0/16"), PG)
    assert listed(equiv(only(by_label), only(), every=True)) == [("db", "everything", None)]
    assert listed(equiv(only(by_vip), only(), every=True)) == [("db", "TCP 5432", svc)]
    both = only(allow(app(DST, "db"), on("TCP", 1)), by_vip)
    assert sorted(listed(equiv(both, only(), every=True)), key=str) == [("db", "TCP 1", None), ("db", "TCP 5432", svc)]


def test_what_one_side_tells_of_address_families_counts_for_both() -> None:
    """A side of which nothing is known is not taken to use a family that the other does not."""
    left = world(API, pod("db", ip="10.1.0.7"), families=(4,))
    right = world(API, pod("db"), families=(4, 6))
    result = equiv(left, right)
    assert result.status is Equivalence.EQUIVALENT
    assert any("address families" in note for note in result.notes)


def test_a_family_that_one_side_uses_alone_is_a_difference() -> None:
    """Flows of that family exist on one side."""
    left = world(pod("a", ip="10.1.0.1"), pod("b", ip="10.1.0.2"))
    right = world(pod("a", ip="10.1.0.1 fd00::1"), pod("b", ip="10.1.0.2 fd00::2"), families=(4, 6))
    witness = equiv(left, right).witness
    assert witness is not None
    assert witness.flow.src_ip == Address.parse("fd00::1")
    assert (witness.left, witness.allowed_by) == (None, "right")


def test_an_unknown_address_may_be_of_a_family_that_one_side_uses_alone() -> None:
    """Flows of that family exist on one side, also where a policy looks at the address that nobody knows."""
    out = [selecting(SRC, "o", allow(block(DST, "fd00::/8")), on_apps=["api"])]
    left = world(API, pod("db"), pod("known", ip="10.9.0.1"), egress=out)
    right = world(API, pod("db"), pod("known", ip="10.9.0.1 fd00::9"), egress=out, families=(4, 6))
    regions = equiv(left, right, every=True).regions or ()
    to_db = [r for r in regions if DB.workload in {end.workload for end in r.destinations}]
    assert any(API.workload in {end.workload for end in r.sources} for r in to_db)
    assert {r.allowed_by for r in to_db} == {"right"}


def test_a_service_is_a_way_and_no_end() -> None:
    """A Service more makes no difference by itself, and a flow through it is judged on both sides."""
    plain = world(API, DB, vip_visible=TRUE)
    assert equiv(plain, world(API, DB, services=[service("10.96.0.1")], vip_visible=TRUE)).status == "equivalent"
    left = through("10.96.0.1", to="10.96.0.0/16")
    right = World(plain.inventory, through("10.96.0.1", to="10.97.0.0/16").policies)
    result = equiv(left, right)
    assert shown(result) == "api -> db TCP 5432 via db left"
    assert any("Service shop/db" in note for note in result.notes)
    assert shown(equiv(right, left)) == "api -> db TCP 5432 via db right"


def test_each_side_knows_a_service_by_its_own_address() -> None:
    """Where both have it, each judges by the virtual address that it has there."""
    left, right = through("10.96.0.1", to="10.96.0.0/16"), through("10.97.0.1", to="10.96.0.0/16")
    assert shown(equiv(left, right)) == "api -> db TCP 5432 via db left"
    unknown = through(to="10.96.0.0/16", known=False)
    assert equiv(unknown, unknown).status is Equivalence.EQUIVALENT
    result = equiv(left, unknown)
    assert result.witness is not None
    assert [needed.phrase for needed in result.witness.reading] == [
        "Service shop/db has the virtual address 1.0.0.0 on the right"
    ]


def test_replicas_do_not_match_a_single_pod() -> None:
    """A workload that stands for several pods is not the pod of that name."""
    many = pod("web", many=True)
    one = pod("web", of=many.workload)
    result = equiv(world(many), world(one))
    assert result.status is Equivalence.DIFFERENT
    assert (result.only_left, result.only_right) == ((many,), (one,))


def test_the_public_name() -> None:
    """The function is part of the interface."""
    assert npverify.equiv is equiv
