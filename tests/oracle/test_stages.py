"""How the stages of a direction come together, in the oracle, the encoder and the reduction: one row per fact."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agreement import encoded
from npverify.analyses.world import World
from npverify.inventory.addresses import Address
from npverify.inventory.model import EndpointKind
from npverify.normal.flow import Flow, Via
from npverify.normal.policy import Action, Direction, Exemption, Half, Stage
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Side,
    address_owned_by,
    and_,
    kind_is,
    label_text,
    node_is,
    port_in,
)
from npverify.oracle import Oracle
from npverify.reduction.residuals import Residuals
from smallworld import DST, IN, SRC, allow, app, block, node, on, pod, rule, selecting, tier, world

WEB, DB = pod("web", ip="10.0.0.1", node="n1"), pod("db", ip="10.0.0.2", node="n2")
NODE = node("n2", ip="192.168.0.2")
FLOW = Flow(WEB, DB, "TCP", 5432, WEB.addresses[0], DB.addresses[0])
SAYS = {a: tier(selecting(DST, a, rule(a))) for a in (Action.ALLOW, Action.DENY, Action.PASS)}
YES, NO, PASSES = SAYS[Action.ALLOW], SAYS[Action.DENY], SAYS[Action.PASS]
SILENT = tier(selecting(DST, "silent", allow(app(SRC, "api"))))
EXEMPT = (Exemption("exempt", TRUE, False, "for the test"),)


def stage(name: str, *tiers, applies=TRUE, **more) -> Stage:
    """A stage that sees everything unless told otherwise."""
    return Stage(name, applies, tiers, **more)


ROWS: list[tuple[str, tuple[Stage, ...], bool, str, str]] = [
    # the fact, the stages of ingress, whether the flow passes, why, and at which stage
    ("without stages nothing judges", (), True, "not isolated", ""),
    ("a stage that does not apply says nothing", (stage("a", NO, applies=FALSE),), True, "not isolated", ""),
    ("every stage must allow", (stage("a", YES), stage("b", NO)), False, "rule", "b"),
    ("the first stage that denies is told", (stage("a", NO), stage("b", NO)), False, "rule", "a"),
    ("the last stage that has something to say is told", (stage("a", YES), stage("b")), True, "rule", "a"),
    ("a stage without tiers allows", (stage("a"),), True, "not isolated", "a"),
    ("unless it is to deny", (stage("a", final=Action.DENY),), False, "default", "a"),
    ("what passes every tier meets the last word", (stage("a", PASSES, final=Action.DENY),), False, "default", "a"),
    ("a tier that denies comes before the last word", (stage("a", SILENT),), False, "no rule", "a"),
    ("an exemption comes before the tiers", (stage("a", NO, exemptions=EXEMPT),), True, "exempt", "a"),
    ("an exemption is that of its stage alone", (stage("a", exemptions=EXEMPT), stage("b", NO)), False, "rule", "b"),
    ("an allow may skip a later stage", (stage("a", YES, skips=("b",)), stage("b", NO)), True, "rule", "a"),
    ("it skips that one alone", (stage("a", YES, skips=("b",)), stage("b", NO), stage("c", NO)), False, "rule", "c"),
    ("allowing by the last word skips nothing", (stage("a", skips=("b",)), stage("b", NO)), False, "rule", "b"),
    ("nor does passing", (stage("a", PASSES, skips=("b",)), stage("b", NO)), False, "rule", "b"),
    ("nor does an exemption", (stage("a", YES, exemptions=EXEMPT, skips=("b",)), stage("b", NO)), False, "rule", "b"),
    ("a stage that does not apply skips nothing", (stage("a", YES, applies=FALSE, skips=("b",)), stage("b", NO)), False, "rule", "b"),
    ("a stage may follow an allow of another", (stage("a", YES), stage("b", NO, after="a")), False, "rule", "b"),
    ("without that allow it sees nothing", (stage("a"), stage("b", NO, after="a")), True, "not isolated", "a"),
    ("nor behind an exemption", (stage("a", YES, exemptions=EXEMPT), stage("b", NO, after="a")), True, "exempt", "a"),
    ("a stage looks at both ends", (stage("a", NO, applies=and_(node_is(SRC, "n1"), node_is(DST, "n2"))),), False, "rule", "a"),
    ("and not at others", (stage("a", NO, applies=node_is(SRC, "n2")),), True, "not isolated", ""),
    ("it may look at the text of labels", (stage("a", NO, applies=label_text(SRC, "pod", "app", "starts with", "we")),), False, "rule", "a"),
    ("a stage sees the backend", (stage("a", tier(selecting(DST, "a", allow(block(DST, "10.0.0.2/32"), on("TCP", 5432)))),),), True, "rule", "a"),
    ("or the Service that was called", (stage("a", tier(selecting(DST, "a", allow(block(DST, "10.96.0.9/32"), on("TCP", 80)))), before_translation=TRUE),), True, "rule", "a"),
    ("and then not the backend", (stage("a", tier(selecting(DST, "a", allow(block(DST, "10.0.0.2/32"), on("TCP", 5432)))), before_translation=TRUE),), False, "no rule", "a"),
    ("it sees the Service of some sources", (stage("a", tier(selecting(DST, "a", allow(block(DST, "10.96.0.9/32"), on("TCP", 80)))), before_translation=kind_is(SRC, EndpointKind.POD)),), True, "rule", "a"),
    ("and of others the backend", (stage("a", tier(selecting(DST, "a", allow(block(DST, "10.0.0.2/32"), on("TCP", 5432)))), before_translation=kind_is(SRC, EndpointKind.NODE)),), True, "rule", "a"),
    ("where it applies may hang on that", (stage("a", NO, applies=address_owned_by(DST, "service"), before_translation=kind_is(SRC, EndpointKind.POD)),), False, "rule", "a"),
    ("and nowhere else", (stage("a", NO, applies=address_owned_by(DST, "service")),), True, "not isolated", ""),
    ("a source port is the usual one", (stage("a", tier(selecting(DST, "a", allow(TRUE, port_in(49152, 65535, Side.SRC))))),), True, "rule", "a"),
]  # fmt: skip
THROUGH = replace(FLOW, via=Via("shop", "db", Address.parse("10.96.0.9"), 80))


def judged(stages: tuple[Stage, ...]) -> World:
    """A small world with these stages of ingress."""
    it = world(WEB, DB, NODE)
    return replace(it, policies=replace(it.policies, ingress=Half(stages)))


@pytest.mark.parametrize(("stages", "allowed", "because", "where"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_stages(stages: tuple[Stage, ...], allowed: bool, because: str, where: str) -> None:
    """The stages of ingress give the flow this verdict, for this reason, at this stage."""
    it = judged(stages)
    said = Oracle(it.policies, it.inventory).side(IN, THROUGH)
    assert (said.allowed, said.because, said.stage) == (allowed, because, where)


@pytest.mark.parametrize(("stages", "allowed"), [r[1:3] for r in ROWS], ids=[r[0] for r in ROWS])
def test_stages_encoded(stages: tuple[Stage, ...], allowed: bool) -> None:
    """Encoder and reduction say the same."""
    it = judged(stages)
    said = encoded(THROUGH, [{}], it, Residuals(it.inventory, it.policies), [Direction.INGRESS])
    assert list(said) == [(allowed, allowed)]


def test_only_stages_for_hosts_judge_nodes() -> None:
    """A node is judged where some stage is for hosts, and by that stage alone."""
    flow = replace(FLOW, dst=NODE, dst_ip=NODE.addresses[0])
    for hosts, allowed in ((True, False), (False, True)):
        it = judged((stage("a", final=Action.DENY, hosts=hosts),))
        assert Oracle(it.policies, it.inventory).decide(flow).allowed is allowed
