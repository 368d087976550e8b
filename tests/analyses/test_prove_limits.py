"""Where a proof must not be given: spent budgets, ports of a Service one by one, traffic of a pod's own node."""

from __future__ import annotations

from dataclasses import replace

import pytest

from npverify.analyses import refute
from npverify.analyses.engine import Engine, assumed
from npverify.analyses.prove import prove, prove_one
from npverify.analyses.results import AssertionResult, Status
from npverify.analyses.world import World
from npverify.assertions.claims import (
    AllFlows,
    Assertion,
    Claim,
    EachReachesSome,
    Hop,
    Isolated,
    Leg,
    PolicyClaim,
    SomeFlow,
)
from npverify.ingest.source import InternalError, Span
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL, Backend, EndpointKind, Service, ServicePort
from npverify.inventory.unknowns import Unknown, fact, runtime_label
from npverify.normal.policy import Exemption, PolicyId
from npverify.normal.predicates import TRUE, and_, kind_is, label_in, namespace_is, own_node, self_traffic, unknown_in
from npverify.oracle import Oracle
from npverify.reduction.obligations import Obligation
from npverify.reduction.partial import seen_on
from npverify.smt.solver import BUDGETS, Budget, UndecidedError
from smallworld import DST, IN, SRC, allow, app, block, node, on, pod, policy, selecting, world

WEB, DB = pod("web", ip="10.1.0.1"), pod("db", ip="10.1.0.2")
PG = on("TCP", 5432)


def assertion(claim: Claim) -> Assertion:
    """A claim with the least around it."""
    return Assertion("title", "text", claim, "test", Span("t.npv", 1, 1))


def ask(it: World, claim: Claim, budget: Budget = BUDGETS["normal"]) -> AssertionResult:
    """The answer to one claim."""
    return prove(it, [assertion(claim)], budget=budget).results[0]


UNKNOWN = pod("unknown")
SOME_BLOCK = world(
    DB, UNKNOWN, ingress=(selecting(DST, "in", allow(block(SRC, "10.7.0.0/16"), on("TCP", 80, 90)), on_apps=("db",)),)
)
TO_DB = Leg({UNKNOWN: TRUE}, {DB: on("TCP", 85, 95)})
LIMITED: list[tuple[str, Claim]] = [
    ("no A reaches B", AllFlows(False, (TO_DB,))),
    ("every A reaches B", AllFlows(True, (TO_DB,))),
    ("some A reaches B", SomeFlow((Leg({UNKNOWN: block(SRC, "10.7.0.0/16")}, TO_DB.dst),))),
    ("a policy is redundant", PolicyClaim("redundant", (PolicyId("kubernetes", "NetworkPolicy", "shop", "in"),), True)),
    ("a policy is shadowed", PolicyClaim("shadowed", (PolicyId("kubernetes", "NetworkPolicy", "shop", "in"),), True)),
    ("no policy is redundant", PolicyClaim("redundant", (PolicyId("kubernetes", "NetworkPolicy", "shop", "in"),), False)),
]  # fmt: skip


@pytest.mark.parametrize("claim", [row[1] for row in LIMITED], ids=[row[0] for row in LIMITED])
def test_a_spent_budget_is_undecided(claim: Claim) -> None:
    """Whatever the claim, where the solver has to work there is no answer without, and the reason says so."""
    answer = ask(SOME_BLOCK, claim, Budget(rlimit=1))
    assert answer.status is Status.UNDECIDED
    assert "budget" in answer.because


def test_one_obligation_that_is_undecided_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the premises are decided and nothing is found broken, one obligation without an answer keeps it undecided."""
    engine = Engine(world(WEB, DB, ingress=(selecting(DST, "in"),)), BUDGETS["normal"])
    claim = AllFlows(False, (Leg({WEB: TRUE}, {DB: PG}),))
    assert prove_one(engine, assertion(claim)).status is Status.PROVED

    def gives_up(engine: Engine, obligations: list[Obligation]) -> tuple[list[Obligation], UndecidedError]:
        return [], UndecidedError("the budget was spent")

    monkeypatch.setattr("npverify.analyses.prove.violated", gives_up)
    assert prove_one(engine, assertion(claim)).status is Status.UNDECIDED


def test_what_is_broken_is_refuted_though_another_obligation_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flow that breaks the claim is an answer, whatever else could not be decided."""
    it = world(WEB, DB, UNKNOWN, ingress=SOME_BLOCK.policies.ingress.tiers)
    engine = Engine(it, BUDGETS["normal"])
    possible = engine.possible

    def sometimes(pred: object, src: object, dst: object, **more: object) -> bool:
        if src is UNKNOWN:
            raise UndecidedError("the budget was spent")
        return possible(pred, src, dst, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "possible", sometimes)
    claim = AllFlows(True, (Leg({UNKNOWN: TRUE, WEB: TRUE}, {DB: PG}),))
    broken, gave_up = refute.violated(engine, engine.obligations.of(claim.legs[0], lambda e, i: TRUE))
    assert broken
    assert gave_up is not None
    assert prove_one(engine, assertion(claim)).status is Status.REFUTED


def service(*ports: int) -> Service:
    """A Service with these ports in front of the database, on the same numbers there."""
    listed = tuple(ServicePort(f"p{n}", "TCP", n, n) for n in ports)
    behind = {index: (Backend(DB, n),) for index, n in enumerate(ports)}
    vips = (Address.parse("10.96.0.1"),)
    return Service("shop", "db", "ClusterIP", listed, behind, vips=vips, vip_known=True)


@pytest.mark.parametrize(
    ("allowed", "status"),
    [((80, 81), "proved"), ((80,), "refuted"), ((81,), "refuted"), ((), "refuted")],
    ids=["both", "the first", "the second", "none"],
)
def test_every_port_of_a_service_needs_a_destination(allowed: tuple[int, ...], status: str) -> None:
    """`every … reaches some service` asks for each of its ports, not for one of them."""
    db = service(80, 81)
    rules = [allow(TRUE, on("TCP", n)) for n in allowed]
    it = world(WEB, DB, ingress=(selecting(DST, "in", *rules, on_apps=("db",)),), services=(db,))
    legs = tuple(Leg({WEB: TRUE}, {DB: on("TCP", n)}, Hop(db, i)) for i, n in enumerate((80, 81)))
    assert str(ask(it, EachReachesSome(legs)).status) == status


def test_isolation_is_asked_where_the_condition_holds() -> None:
    """A replica that is meant only with some label value need not be isolated with another one."""
    many = pod("many", many=True, hash=runtime_label("shop/many", "hash"))
    blue = unknown_in(runtime_label("shop/many", "hash"), "blue")
    selects = and_(kind_is(DST, EndpointKind.POD), namespace_is(DST, "shop"), label_in(DST, "pod", "hash", ["blue"]))
    it = world(many, ingress=(policy("blue", selects),))
    assert ask(it, Isolated({many: blue}, (IN,))).status is Status.PROVED
    assert ask(it, Isolated({many: TRUE}, (IN,))).status is Status.REFUTED


def test_a_policy_about_the_own_node_alone_is_not_redundant() -> None:
    """Traffic of a pod's own node that one direction exempts is still judged by the other."""
    agent, local = pod("agent", kind=EndpointKind.HOST_POD, node="n1"), pod("local", node="n1")
    exempt = Exemption("node_to_own_pod", own_node(SRC), True, "it is the own node")
    subject = and_(kind_is(SRC, EndpointKind.HOST_POD), app(SRC, "agent"))
    closed = policy("closed", subject, allow(kind_is(DST, EndpointKind.EXTERNAL, EndpointKind.NODE)))
    it = world(agent, local, node("n1"), egress=(closed,), exempt={IN: (exempt,)})
    assert ask(it, PolicyClaim("redundant", (closed.id,), True)).status is Status.REFUTED


def test_an_answer_is_remembered_for_ends_of_the_same_kind_only() -> None:
    """The address of a pod is none of an outside sender, but the pod itself has it, in whatever order is asked."""
    at_web = block(SRC, "10.1.0.1/32")
    for ends in ((EXTERNAL, WEB), (WEB, EXTERNAL)):
        engine = Engine(world(WEB, DB), BUDGETS["normal"])
        assert {end: engine.possible(at_web, end, DB) for end in ends} == {EXTERNAL: False, WEB: True}


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(AllFlows(True, (Leg({WEB: TRUE}, {DB: PG}),)), id="a counterexample that passes"),
        pytest.param(PolicyClaim("redundant", (PolicyId("kubernetes", "NetworkPolicy", "shop", "in"),), True), id="a change"),
    ],
)  # fmt: skip
def test_what_the_oracle_does_not_confirm_is_no_answer(claim: Claim) -> None:
    """A flow on which solver and oracle differ is a fault of the program, never a result."""
    engine = Engine(world(WEB, DB, ingress=(selecting(DST, "in"),)), BUDGETS["normal"])
    assert prove_one(engine, assertion(claim)).status is Status.REFUTED
    open_world = world(WEB, DB)
    engine.oracle = Oracle(open_world.policies, open_world.inventory)
    with pytest.raises(InternalError, match="does not confirm"):
        prove_one(engine, assertion(claim))


def test_a_run_that_is_stopped_keeps_what_is_decided() -> None:
    """`stop` is asked between questions: what came before is answered, the rest is undecided and said to be interrupted."""
    calls = iter([False] * 3 + [True] * 100)
    web, db = pod("web", ip="10.1.0.1"), pod("db", ip="10.1.0.3")
    it = world(web, db, ingress=[selecting(DST, "p", allow(TRUE, on("TCP", 80)), on_apps=["db"])])
    claims = [AllFlows(False, (Leg({web: TRUE}, {db: on("TCP", port)}),)) for port in (81, 82, 83)]
    spec = [Assertion("t", "t", claim, "test", Span("t.npv", 1, 1)) for claim in claims]
    result = prove(it, spec, stop=lambda: next(calls))
    assert [r.status for r in result.results] == [Status.PROVED, Status.UNDECIDED, Status.UNDECIDED]
    assert result.interrupted


@pytest.mark.parametrize(
    ("unknown", "value", "phrase"),
    [
        (fact("nodes use VXLAN"), "true", "nodes use VXLAN"),
        (fact("nodes use VXLAN"), "false", "it is not so that nodes use VXLAN"),
        (runtime_label("shop/web", "hash"), "abc", "the label hash of shop/web is `abc`"),
    ],
)
def test_what_a_flow_needs_completes_only_if(unknown: Unknown, value: str, phrase: str) -> None:
    """A fact is named by its own sentence."""
    assert assumed(unknown, value).phrase == phrase


def test_a_source_that_is_the_destination_stands_for_no_other() -> None:
    """Two pods that policies cannot tell apart differ where one of them is the destination, which sends nothing to itself."""
    first, second = pod("a", ip="10.1.0.3", app="twin"), pod("b", ip="10.1.0.4", app="twin")
    it = world(first, second, ingress=(selecting(DST, "in", on_apps=("twin",)),))
    answer = ask(it, EachReachesSome((Leg({first: TRUE, second: TRUE}, {first: PG}),)))
    assert (answer.status, answer.because) == (Status.REFUTED, f"{second} reaches none of them")


HASH = runtime_label("shop/many", "hash")
MANY = pod("many", many=True, hash=HASH)


@pytest.mark.parametrize(("to", "status"), [("a", "refuted"), ("b", "proved")], ids=["its own hash", "another one"])
def test_one_pod_has_one_value_of_a_label_on_both_sides(to: str, status: str) -> None:
    """Replicas are denied and a pod's traffic to itself passes: that is from a hash to the same one, never to another."""
    exempt = Exemption("self_pod_ip", self_traffic(via_service=False), True, "it is the same pod")
    it = world(MANY, ingress=(selecting(DST, "in", on_apps=("many",)),), exempt={IN: (exempt,)})
    leg = Leg({MANY: unknown_in(HASH, "a")}, {MANY: and_(unknown_in(HASH, to), on("TCP", 80))}, leave_out_self=False)
    assert str(ask(it, AllFlows(False, (seen(leg),))).status) == status


def seen(leg: Leg) -> Leg:
    """The leg with the conditions of a replicated end as they are on its side of a flow."""
    src, dst = (
        {end: seen_on(cond, end, side) for end, cond in ends.items()} for ends, side in ((leg.src, SRC), (leg.dst, DST))
    )
    return replace(leg, src=src, dst=dst)
