"""What rules match together, in numbers: they mean what the rules mean, and do not depend on how these are written."""

from __future__ import annotations

from collections.abc import Hashable
from random import Random

import pytest
from random_preds import BOTH, FOUR, SIX, TARGETS, UNKNOWN, flows, random_pred
from test_pieces import ALIKE

from npverify.inventory.model import Endpoint
from npverify.normal.flow import Flow
from npverify.normal.policy import Direction, Rule
from npverify.normal.predicates import TRUE, Pred, Side, and_, not_, port_in, protocol_is
from npverify.oracle import Oracle
from npverify.reduction.bitsets import as_set
from npverify.reduction.forms import Forms
from npverify.reduction.lines import START, Form, on_line, places_in
from npverify.reduction.looks import turned
from npverify.reduction.meaning import Meanings
from npverify.reduction.partial import DIRECT
from npverify.reduction.peer_sets import CHUNK, PeerSets, Places
from npverify.reduction.pieces import Pieces
from npverify.reduction.residuals import Residuals
from npverify.reduction.shapes import Shapes
from npverify.reduction.twins import Twins
from smallworld import SRC, allow, app, block, on, world


class Whole:
    """What rules for the ingress of a target match together, in a world of four kinds of peers."""

    def __init__(self, target: Endpoint) -> None:
        self.it = world(FOUR, SIX, BOTH, UNKNOWN, *TARGETS, families=(4, 6))
        joint = Twins((self.it.inventory, self.it.policies), (self.it.inventory, self.it.policies))
        self.shapes = Shapes()
        self.forms = Forms(joint, self.shapes)
        self.residuals = Residuals(self.it.inventory, self.it.policies, joint.classes[0])
        peer_sets = PeerSets(0, joint, self.residuals, self.forms)
        self.meanings = Meanings(self.residuals, 0, Pieces(joint, self.shapes), peer_sets)
        self.oracle = Oracle(self.it.policies, self.it.inventory)
        self.target = target

    def number(self, *rules: Rule) -> int:
        """The number of what they match."""
        sayings = self.meanings._said
        said = [sayings.rectangles(rule, Direction.INGRESS, self.target, DIRECT) for rule in rules]
        return self.forms.whole(frozenset().union(*said))

    def holds(self, number: int, flow: Flow) -> bool:
        """Whether a flow to the target is among what a number means."""
        ((cuts, beside),) = (form for form, known in self.forms._wholes.items() if known == number)  # type: ignore[misc]
        place = self.place(flow, None)
        here = [peers for at, peers in cuts if at <= place][-1:]
        here += [peers for packet, peers in beside if self.within(packet, flow)]
        return any(self.sent_by(peers, flow) for peers in here)

    def sent_by(self, peers: int, flow: Flow) -> bool:
        """Whether the source of a flow is one of some peers."""
        c = self.residuals.classes.of[flow.src]
        return any(classes >> c & 1 and self.within(line, flow) for line, classes in self.forms.said(peers))

    def within(self, line: int, flow: Flow) -> bool:
        """Whether a flow is at one of the places of a line that a number means."""
        side, form = self.forms._of[line]
        return self.inside(form, side, flow)

    def inside(self, form: Form, side: Side | None, flow: Flow) -> bool:
        """The same of a form."""
        spans = places_in(form, {case.about: self.case(case.about, side, flow) for case in form.cases})
        place = self.place(flow, side)
        return any(start <= place < end for start, end in zip(spans[::2], spans[1::2], strict=True))

    def case(self, about: Hashable, side: Side | None, flow: Flow) -> str:
        """How it is with what a form hangs on."""
        if isinstance(about, tuple):
            every, *forms = about
            return str((all if every else any)(self.inside(form, side, flow) for form in forms)).lower()
        assert isinstance(about, int)
        return str(self.true(self.shapes.pred(about), flow)).lower()

    def place(self, flow: Flow, side: Side | None) -> int:
        """Where a flow is on a line."""
        if side is not None:
            address = flow.src_ip if side is Side.SRC else flow.dst_ip
            return START[address.family] + address.value
        spans = on_line(protocol_is(flow.protocol), None)
        assert spans is not None
        return spans[0] + (flow.port - 1 if flow.port is not None else 0)

    def true(self, pred: Pred, flow: Flow) -> bool:
        """Whether a predicate is true of a flow, as the oracle sees it."""
        return self.oracle.seen(flow, {}, Direction.INGRESS).holds(pred)


@pytest.mark.parametrize("seed", range(200))
def test_what_rules_match_together_is_what_one_of_them_matches(seed: int) -> None:
    """A flow is among what a number means exactly if it matches one of the rules."""
    rng = Random(seed)
    target = rng.choice(TARGETS)
    rules = [allow(random_pred(rng), rng.choice((TRUE, random_pred(rng, 1)))) for _ in range(rng.randint(1, 4))]
    whole = Whole(target)
    number = whole.number(*rules)
    for flow in flows(rng, target, 40):
        assert whole.holds(number, flow) is any(whole.true(and_(r.peer, r.traffic), flow) for r in rules), flow


@pytest.mark.parametrize("seed", range(60))
def test_a_turned_rule_means_the_same(seed: int) -> None:
    """What is asked of the peer and what of the traffic may be asked of either."""
    rng = Random(seed)
    peer, traffic = random_pred(rng), random_pred(rng)
    whole = Whole(TARGETS[2])
    for flow in flows(rng, TARGETS[2], 40):
        found = whole.true(and_(*turned(peer, traffic, Direction.INGRESS)), flow)
        assert found is whole.true(and_(peer, traffic), flow)


ONLY_BY_REGIONS = {"a condition beside what holds without it", "nothing of a family that it lacks"}


@pytest.mark.parametrize(
    ("rules", "others"), [pytest.param(*row[1:], id=row[0]) for row in ALIKE if row[0] not in ONLY_BY_REGIONS]
)
def test_rules_that_match_the_same_have_one_number(rules: list[Rule], others: list[Rule]) -> None:
    """However they are cut and ordered."""
    whole = Whole(TARGETS[0])
    assert whole.number(*rules) == whole.number(*others)


WEB = on("TCP", 80)
NEAR, FAR = block(SRC, "10.1.0.0/16"), block(SRC, "10.0.0.0/8")
OTHER = [
    ("a port more", [allow(NEAR, WEB)], [allow(NEAR, on("TCP", 80, 81))]),
    ("another protocol", [allow(NEAR, WEB)], [allow(NEAR, on("UDP", 80))]),
    ("a protocol without a name more", [allow(NEAR, protocol_is("TCP"))], [allow(NEAR, protocol_is("TCP", "50"))]),
    ("a wider block", [allow(NEAR, WEB)], [allow(FAR, WEB)]),
    ("a block of another family", [allow(block(SRC, "0.0.0.0/0"))], [allow(block(SRC, "::/0"))]),
    ("another pod", [allow(app(SRC, "a"))], [allow(app(SRC, "b"))]),
    ("all but a pod", [allow(TRUE)], [allow(not_(app(SRC, "a")))]),
    ("peers and ports crossed", [allow(NEAR, WEB), allow(app(SRC, "a"), on("TCP", 81))],
     [allow(NEAR, on("TCP", 81)), allow(app(SRC, "a"), WEB)]),
    ("the port of the other end", [allow(NEAR, and_(protocol_is("TCP"), port_in(80, 80, SRC)))], [allow(NEAR, WEB)]),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "others"), [pytest.param(*row[1:], id=row[0]) for row in OTHER])
def test_rules_that_match_something_else_have_another_number(rules: list[Rule], others: list[Rule]) -> None:
    """Where one flow tells them apart."""
    whole = Whole(TARGETS[2])
    assert whole.number(*rules) != whole.number(*others)


def test_classes_are_found_by_their_address_among_many() -> None:
    """Those inside of some spans, whether these begin and end at the edge of a chunk or within one."""
    rng = Random(1)
    places = sorted(rng.sample(range(1000), 300))
    classes = rng.sample(range(300), 300)
    chunks = [as_set(classes[n : n + CHUNK]) for n in range(0, 300, CHUNK)]
    index = Places(places, classes, chunks)
    for _ in range(300):
        spans = tuple(sorted(rng.sample([*places, 0, 1001], 4)))
        inside = {
            c for p, c in zip(places, classes, strict=True) if spans[0] <= p < spans[1] or spans[2] <= p < spans[3]
        }
        assert index.inside(spans) == as_set(inside)
