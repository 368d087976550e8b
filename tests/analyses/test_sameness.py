"""Whether two predicates mean the same, by trying every case at once: held against each case by itself, and the solver."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from npverify.analyses.packet_cells import PacketCells
from npverify.analyses.sameness import Sameness, possible, some_packet, values
from npverify.inventory.addresses import Address, Prefix
from npverify.inventory.unknowns import Unknown
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    And,
    Const,
    Not,
    Or,
    Pred,
    Side,
    UnknownIn,
    address_in,
    and_,
    icmp_is,
    not_,
    or_,
    port_in,
    protocol_is,
    unknown_in,
)
from npverify.smt.solver import BUDGETS, NOTHING_TAKEN, Taken, satisfiable

TWO, OPEN = Unknown("two", ("a", "b")), Unknown("open", ("x", "y"), open=True)
PACKETS = [
    protocol_is("TCP"), protocol_is("UDP", "SCTP"), protocol_is("ICMP"), protocol_is("47"), icmp_is(8), icmp_is(8, 0),
    port_in(80, 80), port_in(79, 90), port_in(1, 1000, Side.SRC),
]  # fmt: skip
UNKNOWNS = [unknown_in(TWO, "a"), unknown_in(TWO, "b"), unknown_in(OPEN, "x"), unknown_in(OPEN, "x", "y")]
ADDRESSES = [
    address_in(side, Prefix.parse(text))
    for side in (Side.SRC, Side.DST)
    for text in ("10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "fd00::/8")
]


def trees(atoms: list[Pred]) -> st.SearchStrategy[Pred]:
    """Predicates of some atoms."""
    return st.recursive(
        st.sampled_from([*atoms, TRUE, FALSE]),
        lambda smaller: st.one_of(
            smaller.map(not_), st.lists(smaller, max_size=3).flatmap(lambda p: st.sampled_from([and_(*p), or_(*p)]))
        ),
        max_leaves=8,
    )


def cells(pred: Pred, packets: PacketCells, reading: dict[Unknown, str | None]) -> set[int]:
    """The cells for which a predicate is true under one reading."""
    every = set(range(len(packets)))
    match pred:
        case Const(value):
            return every if value else set()
        case Not(body):
            return every - cells(body, packets, reading)
        case And(parts):
            return every.intersection(*(cells(part, packets, reading) for part in parts))
        case Or(parts):
            return set().union(*(cells(part, packets, reading) for part in parts))
        case UnknownIn(unknown, wanted):
            return every if reading[unknown] in wanted else set()
    found = packets.of(pred)
    assert found is not None
    return {n for n in every if found >> n & 1}


ONE, _, ANOTHER, _ = UNKNOWNS
ALIKE = or_(and_(ONE, ANOTHER), and_(not_(ONE), not_(ANOTHER)))
"""Two unknowns hang together: not so if each is tried with each."""


@given(trees(PACKETS + UNKNOWNS))
@example(ALIKE)
@example(or_(and_(ALIKE, PACKETS[0]), and_(not_(ALIKE), PACKETS[1])))
def test_the_values_of_a_predicate_are_those_under_each_reading(pred: Pred) -> None:
    """Every reading gives one of the values, and each value is that of a reading."""
    packets = PacketCells((pred,))
    readings = [{TWO: two, OPEN: some} for two in ("a", "b") for some in ("x", "y", None)]
    wanted = [cells(pred, packets, reading) for reading in readings]
    found = values(pred, packets)
    assert found is not None
    assert {frozenset(n for n in range(len(packets)) if each >> n & 1) for each in found} == set(map(frozenset, wanted))
    assert some_packet(pred) is bool(set.intersection(*wanted))


@given(trees(PACKETS + UNKNOWNS + ADDRESSES), trees(PACKETS + UNKNOWNS + ADDRESSES))
@example(ALIKE, TRUE)
@example(or_(and_(ADDRESSES[0], ANOTHER), and_(not_(ADDRESSES[0]), not_(ANOTHER))), TRUE)
@example(or_(and_(ADDRESSES[1], ADDRESSES[4]), and_(not_(ADDRESSES[1]), not_(ADDRESSES[4]))), TRUE)
def test_two_predicates_are_certainly_the_same_where_the_solver_finds_no_difference(one: Pred, other: Pred) -> None:
    """And only there: a predicate, and the two said in other words."""
    same = Sameness()
    differs = or_(and_(one, not_(other)), and_(not_(one), other))
    assert same.certain(one, other) is not satisfiable(differs, {}, BUDGETS["normal"])
    assert same.certain(and_(one, other), not_(or_(not_(one), not_(other))))


def of_others(*blocks: str) -> Taken:
    """The addresses of some blocks are somebody else's, whichever end asks."""
    known = [Prefix.parse(block) for block in blocks]

    def block_of(address: Address) -> Prefix | None:
        return next((block for block in known if block.contains(address)), None)

    return {Side.SRC: block_of, Side.DST: block_of}


TAKEN = [NOTHING_TAKEN, of_others("10.1.0.0/16", "fd00::/9", "10.0.0.0/16"), of_others("10.0.0.0/8"), of_others("::/0")]
STRANGE = [unknown_in(Unknown("never", ("p",)), "q"), unknown_in(OPEN, "<absent>")]
"""Of values that there are not."""


@given(trees(PACKETS + UNKNOWNS + ADDRESSES), st.sampled_from(TAKEN), st.sampled_from([None, True, False]))
@example(and_(ADDRESSES[0], not_(ADDRESSES[1])), TAKEN[2], None)
@example(and_(ADDRESSES[1], PACKETS[0]), TAKEN[1], None)
@example(and_(ADDRESSES[0], not_(ADDRESSES[4])), NOTHING_TAKEN, True)
@example(and_(ADDRESSES[1], ADDRESSES[5]), of_others("10.1.0.0/17"), False)
@example(not_(or_(*UNKNOWNS[:2])), NOTHING_TAKEN, None)
@example(STRANGE[0], NOTHING_TAKEN, None)
@example(STRANGE[1], NOTHING_TAKEN, None)
@example(and_(ADDRESSES[0], ADDRESSES[3]), NOTHING_TAKEN, None)
def test_what_is_tried_is_possible_where_the_solver_finds_a_flow(pred: Pred, taken: Taken, one: bool | None) -> None:
    """With addresses that are taken, and of one end or two; it tells wherever nothing is taken and the ends do not matter."""
    said = possible(pred, taken, one=one)
    assert said in (None, satisfiable(pred, taken, BUDGETS["normal"], same=one))
    assert said is not None or taken or one is not None or pred in STRANGE
