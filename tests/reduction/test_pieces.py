"""What rules say in pieces: terms and covers mean what the predicates mean, and do not depend on how these are written."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from random_preds import BOTH, FOUR, SIX, TARGETS, UNKNOWN, flows, random_pred

from npverify.inventory.addresses import FAMILIES
from npverify.inventory.model import Endpoint
from npverify.inventory.unknowns import fact
from npverify.normal.flow import Flow
from npverify.normal.policy import Direction, Rule
from npverify.normal.predicates import TRUE, Pred, and_, icmp_is, not_, or_, port_in, protocol_is, unknown_in
from npverify.oracle import Oracle
from npverify.reduction.forms import Forms
from npverify.reduction.meaning import Meanings
from npverify.reduction.partial import DIRECT
from npverify.reduction.peer_sets import PeerSets
from npverify.reduction.pieces import Piece, Pieces, terms
from npverify.reduction.regions import Cuts, Region, region
from npverify.reduction.residuals import Residuals
from npverify.reduction.shapes import Shapes
from npverify.reduction.twins import Twins
from smallworld import DST, SRC, allow, app, block, on, world


class Cover:
    """Covers of rules for the ingress of one of the targets, in a world of four kinds of peers."""

    def __init__(self, target: Endpoint, *rules: Rule) -> None:
        it = world(FOUR, SIX, BOTH, UNKNOWN, *TARGETS, families=(4, 6))
        joint = Twins((it.inventory, it.policies), (it.inventory, it.policies))
        shapes = Shapes()
        self.pieces = Pieces(joint, shapes)
        self.residuals = Residuals(it.inventory, it.policies, joint.classes[0])
        self.meanings = Meanings(
            self.residuals, 0, self.pieces, PeerSets(0, joint, self.residuals, Forms(joint, shapes))
        )
        self.oracle = Oracle(it.policies, it.inventory)
        self.target = target
        said: set[Piece] = set()
        for rule in rules:
            said |= self.meanings._said.pieces(rule, Direction.INGRESS, target, DIRECT)
        families = frozenset(a.family for a in target.addresses)
        cover = self.pieces.cover(frozenset(said), families)
        self.regions = {(self.pieces.region(number), classes) for number, classes in cover}

    def holds(self, flow: Flow) -> bool:
        """Whether a flow to the target is in a region of its peer."""
        c = self.residuals.classes.of[flow.src]
        return any(self.within(region, flow) for region, classes in self.regions if classes >> c & 1)

    def within(self, region: Region, flow: Flow) -> bool:
        """Whether a flow is in a region."""
        fields = [flow.port or 0, flow.src_port or 0, flow.src_ip.value, flow.dst_ip.value]
        return any(
            family == flow.src_ip.family
            and protocol == flow.protocol
            and self.true(and_(*conditions), flow)
            and inside(cuts, fields)
            for conditions, family, protocol, cuts in region
        )

    def true(self, pred: Pred, flow: Flow) -> bool:
        """Whether a predicate is true of a flow, as the oracle sees it."""
        return self.oracle.seen(flow, {}, Direction.INGRESS).holds(pred)


def inside(cuts: Cuts, fields: list[int]) -> bool:
    """Whether values of the fields are in a range each."""
    value, *others = fields
    return any(first <= value <= last and (rest is None or inside(rest, others)) for first, last, rest in cuts)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(150))
def test_a_cover_means_what_the_rules_mean(seed: int) -> None:
    """A flow is in a region of its peer exactly if it matches one of the rules."""
    rng = Random(seed)
    target = rng.choice(TARGETS)
    rules = [allow(random_pred(rng), rng.choice((TRUE, random_pred(rng, 1)))) for _ in range(rng.randint(1, 4))]
    cover = Cover(target, *rules)
    for flow in flows(rng, target, 40):
        assert cover.holds(flow) is any(cover.true(and_(r.peer, r.traffic), flow) for r in rules), (flow, cover.regions)


@pytest.mark.parametrize("seed", range(60))
def test_a_term_of_a_predicate_is_enough_for_it(seed: int) -> None:
    """A flow satisfies one of the terms, and is in their region, exactly if it satisfies the predicate."""
    rng = Random(seed)
    pred = random_pred(rng)
    whole = region(terms(pred), FAMILIES)
    cover = Cover(TARGETS[2])
    for flow in flows(rng, TARGETS[2], 40):
        assert any(cover.true(and_(*term), flow) for term in terms(pred)) is cover.true(pred, flow)
        assert cover.within(whole, flow) is cover.true(pred, flow)


INSIDE, OUTSIDE, HOLE = block(SRC, "10.1.0.0/16"), block(SRC, "10.0.0.0/8"), block(SRC, "10.1.0.0/31")
V4, V4_DST = block(SRC, "0.0.0.0/0"), block(DST, "0.0.0.0/0")
WEB, HIGH = on("TCP", 80), on("TCP", 79, 81)
SOME = unknown_in(fact("some"), "true")
FROM_WEB = and_(protocol_is("TCP"), port_in(80, 80, SRC))
ALIKE = [
    ("a rule twice", [allow(INSIDE, WEB)], [allow(INSIDE, WEB), allow(INSIDE, WEB)]),
    ("a port inside of a range of another rule", [allow(INSIDE, HIGH)], [allow(INSIDE, WEB), allow(INSIDE, HIGH)]),
    ("a block inside of that of another rule", [allow(OUTSIDE)], [allow(INSIDE, WEB), allow(OUTSIDE)]),
    ("holes one by one", [allow(and_(OUTSIDE, not_(INSIDE), not_(block(SRC, "10.9.0.0/16"))))],
     [allow(and_(OUTSIDE, not_(or_(block(SRC, "10.9.0.0/16"), INSIDE))))]),
    ("a hole inside of a hole", [allow(and_(OUTSIDE, not_(INSIDE)))], [allow(and_(OUTSIDE, not_(INSIDE), not_(HOLE)))]),
    ("a hole that is not in the block", [allow(INSIDE)], [allow(and_(INSIDE, not_(block(SRC, "192.0.2.0/24"))))]),
    ("the family of a block, named again", [allow(INSIDE, WEB)], [allow(INSIDE, and_(V4_DST, WEB))]),
    ("a family, on the other side", [allow(TRUE, V4)], [allow(V4_DST)]),
    ("ports beside the peer", [allow(and_(INSIDE, WEB))], [allow(INSIDE, WEB)]),
    ("protocols one by one", [allow(TRUE, protocol_is("TCP", "UDP"))], [allow(TRUE, protocol_is("UDP")), allow(TRUE, protocol_is("TCP"))]),
    ("a block in halves", [allow(INSIDE, WEB)], [allow(block(SRC, "10.1.128.0/17"), WEB), allow(block(SRC, "10.1.0.0/17"), WEB)]),
    ("a range of ports in two", [allow(INSIDE, HIGH)], [allow(INSIDE, on("TCP", 81)), allow(INSIDE, on("TCP", 79, 80))]),
    ("a block in halves, with ports in two", [allow(INSIDE, HIGH), allow(OUTSIDE, WEB)],
     [allow(block(SRC, "10.1.128.0/17"), HIGH), allow(OUTSIDE, WEB), allow(block(SRC, "10.1.0.0/17"), on("TCP", 79)),
      allow(INSIDE, on("TCP", 80, 81))]),
    ("what is left of a block with a hole", [allow(and_(block(SRC, "10.1.0.0/30"), not_(HOLE)))],
     [allow(block(SRC, "10.1.0.2/31"))]),
    ("everything, as a block and what is around it", [allow(TRUE, WEB)], [allow(INSIDE, WEB), allow(not_(INSIDE), WEB)]),
    ("a condition beside what holds without it", [allow(INSIDE, WEB)], [allow(INSIDE, WEB), allow(HOLE, and_(WEB, SOME))]),
    ("nothing of a family that it lacks", [allow(INSIDE)], [allow(INSIDE), allow(block(SRC, "fd00::/64"), WEB)]),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), [r[1:] for r in ALIKE], ids=[r[0] for r in ALIKE])
def test_covers_of_what_is_written_in_another_way(one: list[Rule], other: list[Rule]) -> None:
    """Rules that allow a target of IPv4 the same have one cover."""
    both = Cover(TARGETS[0], *one), Cover(TARGETS[0], *other)
    assert both[0].regions
    assert both[0].regions == both[1].regions


DIFFERENT = [allow(INSIDE, WEB), allow(INSIDE, HIGH), allow(OUTSIDE, WEB), allow(HOLE, WEB), allow(and_(OUTSIDE, not_(INSIDE)), WEB),
             allow(and_(OUTSIDE, not_(HOLE)), WEB), allow(INSIDE, on("UDP", 80)), allow(INSIDE, FROM_WEB), allow(INSIDE, WEB), allow(app(SRC, "a"), WEB), allow(TRUE, icmp_is(8)), allow(TRUE, icmp_is(0)), allow(TRUE, protocol_is("50")),
             allow(TRUE, not_(protocol_is("50"))), allow(TRUE, not_(protocol_is("51"))), allow(TRUE, SOME), allow()]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"), [*pairwise(DIFFERENT), (DIFFERENT[0], DIFFERENT[2]), (DIFFERENT[4], DIFFERENT[2])]
)
def test_covers_of_what_differs(one: Rule, other: Rule) -> None:
    """Rules that do not allow the same have two covers."""
    assert Cover(TARGETS[2], one).regions != Cover(TARGETS[2], other).regions
