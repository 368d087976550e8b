"""Predicates made smaller by what they say themselves: the same flows satisfy them."""

from __future__ import annotations

from random import Random
from traceback import walk_tb

import pytest
from random_preds import TARGETS, flows, packet_pred

from npverify.analyses.answers import Answers
from npverify.inventory.unknowns import Unknown, fact
from npverify.normal.policy import Direction
from npverify.normal.predicates import FALSE, Pred, and_, icmp_is, not_, or_, port_in, protocol_is, unknown_in
from npverify.oracle import Oracle
from npverify.reduction.given import simplified
from npverify.smt.solver import BUDGETS, Budget, UndecidedError, satisfiable
from smallworld import DST, SRC, block, on, world

WEB, DNS, TCP = on("TCP", 80), on("UDP", 53), protocol_is("TCP")
INSIDE, OUTSIDE, ELSEWHERE = block(DST, "10.1.0.0/16"), block(DST, "10.0.0.0/8"), block(DST, "192.0.2.0/24")
X, Y = unknown_in(fact("x"), "true"), unknown_in(fact("y"), "true")
COLOUR = Unknown("colour", ("red", "green", "blue"), "label", open=True)
ROWS = [
    ("the port of another rule", and_(WEB, or_(DNS, X)), and_(WEB, X)),
    ("a range with the port in it", and_(WEB, or_(port_in(79, 81), X)), WEB),
    ("a range without it", and_(WEB, or_(port_in(81, 90), X)), and_(WEB, X)),
    ("the port of the other end is another", and_(WEB, or_(port_in(80, 80, SRC), X)), None),
    ("a larger block", and_(INSIDE, or_(OUTSIDE, X)), INSIDE),
    ("a smaller block", and_(OUTSIDE, or_(INSIDE, X)), None),
    ("a block elsewhere", and_(INSIDE, or_(ELSEWHERE, X)), and_(INSIDE, X)),
    ("a block of the other end", and_(INSIDE, or_(block(SRC, "10.0.0.0/8"), X)), None),
    ("another family, at the other end", and_(INSIDE, or_(block(SRC, "fd00::/8"), X)), and_(INSIDE, X)),
    ("its family, at the other end", and_(INSIDE, or_(block(SRC, "0.0.0.0/0"), X)), INSIDE),
    ("inside of what is left out", and_(not_(OUTSIDE), or_(INSIDE, X)), and_(not_(OUTSIDE), X)),
    ("around what is left out", and_(not_(INSIDE), or_(OUTSIDE, X)), None),
    ("a port for a protocol without ports", and_(protocol_is("ICMP"), or_(port_in(1, 9), X)), and_(protocol_is("ICMP"), X)),
    ("a port is of no protocol without ports", and_(port_in(1, 9), or_(protocol_is("ICMP"), X)), and_(port_in(1, 9), X)),
    ("ICMP of TCP", and_(TCP, or_(icmp_is(8), X)), and_(TCP, X)),
    ("a value that it has", and_(unknown_in(COLOUR, "red"), or_(unknown_in(COLOUR, "red", "blue"), X)), unknown_in(COLOUR, "red")),
    ("a value that it has not", and_(unknown_in(COLOUR, "red"), or_(unknown_in(COLOUR, "blue"), X)), and_(unknown_in(COLOUR, "red"), X)),
    ("a value of another unknown", and_(X, or_(Y, WEB)), None),
    ("two facts that exclude each other", and_(on("TCP", 80), on("TCP", 81)), FALSE),
    ("what follows from what was left", and_(WEB, or_(and_(DNS, X), and_(port_in(1, 90), Y, or_(X, not_(Y))))), and_(WEB, Y, X)),
]  # fmt: skip


@pytest.mark.parametrize(("pred", "left"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_what_falls_away(pred: Pred, left: Pred | None) -> None:
    """What the other parts of a conjunction settle is gone; None: nothing is."""
    assert simplified(pred) is (pred if left is None else left)


@pytest.mark.parametrize("seed", range(200))
def test_the_same_flows_satisfy_it(seed: int) -> None:
    """The oracle finds both true, or both false, of every flow."""
    rng = Random(seed)
    it = world(*TARGETS, families=(4, 6))
    oracle = Oracle(it.policies, it.inventory)
    pred = and_(*(packet_pred(rng, depth) for depth in (0, 0, 1, 3)))
    smaller = simplified(pred)
    for flow in flows(rng, TARGETS[2], 60):
        seen = oracle.seen(flow, {}, Direction.INGRESS)
        assert seen.holds(smaller) is seen.holds(pred), (pred, smaller)


@pytest.mark.parametrize("seed", range(100))
def test_the_answer_is_that_of_the_whole_predicate(seed: int) -> None:
    """The solver says the same of the predicate as it is."""
    rng = Random(seed)
    pred = and_(*(packet_pred(rng, depth) for depth in (0, 0, 1, 2)))
    assert Answers(BUDGETS["normal"]).possible(pred) is satisfiable(pred)


def test_what_is_undecided_keeps_no_solver_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is remembered holds none of the frames in which the solver was asked: they have some megabytes each."""
    monkeypatch.setattr("npverify.analyses.answers.by_cases", lambda *_, **__: None)
    answers = Answers(Budget(1))
    pred = and_(protocol_is("TCP"), port_in(80, 90), not_(port_in(80, 80)), unknown_in(fact("f"), "true"))
    frames = []
    for _ in range(3):
        with pytest.raises(UndecidedError) as gave_up:
            answers.possible(pred)
        frames.append([frame.f_globals["__name__"] for frame, _ in walk_tb(gave_up.tb)])
    assert frames[1] == frames[2] == [__name__, "npverify.analyses.answers"]
