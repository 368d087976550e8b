"""Answers about packets without the solver are the solver's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from npverify.analyses.concrete import every_port, preferred_packet
from npverify.inventory.addresses import EVERYTHING, Prefix
from npverify.inventory.unknowns import fact
from npverify.normal.predicates import (
    TRUE,
    Pred,
    Side,
    address_in,
    and_,
    icmp_is,
    not_,
    or_,
    port_in,
    protocol_is,
    unknown_in,
)
from npverify.smt.choose import any_port, choose
from npverify.smt.solver import Question, satisfiable

_ATOMS = [
    *(protocol_is(name) for name in ("TCP", "UDP", "SCTP", "ICMP")),
    port_in(80, 80),
    port_in(1, 1),
    port_in(65535, 65535),
    port_in(53, 443),
    port_in(1024, 49151, Side.SRC),
    port_in(49152, 49152, Side.SRC),
    icmp_is(8, None),
    address_in(Side.SRC, EVERYTHING[4]),
    address_in(Side.DST, EVERYTHING[6]),
    unknown_in(fact("it rains"), "true"),
]


def _over(atoms: list[Pred]) -> st.SearchStrategy[Pred]:
    return st.recursive(
        st.sampled_from(atoms),
        lambda inner: st.one_of(
            inner.map(not_),
            st.lists(inner, max_size=4).map(lambda parts: and_(*parts)),
            st.lists(inner, max_size=4).map(lambda parts: or_(*parts)),
        ),
        max_leaves=12,
    )


_DECLARED = st.lists(st.tuples(st.sampled_from(["TCP", "UDP"]), st.sampled_from([80, 100, 443, 65535])), max_size=3)


@given(_over(_ATOMS), _DECLARED)
def test_the_packet_is_the_one_that_the_solver_prefers(pred: Pred, declared: list[tuple[str, int]]) -> None:
    """Where a packet is named, it is the chosen one of all that satisfy the formula."""
    packet = preferred_packet(pred, declared)
    if packet is not None:
        assert packet == choose(Question(pred), declared)


@given(_over([a for a in _ATOMS if a not in (_ATOMS[3], icmp_is(8, None), _ATOMS[-1])]))
def test_a_packet_with_ports_is_named_wherever_there_is_one(pred: Pred) -> None:
    """What is left to the solver has no packet with ports."""
    ported = or_(*(protocol_is(name) for name in ("TCP", "UDP", "SCTP")))
    assert (preferred_packet(pred) is not None) == satisfiable(and_(pred, ported))


@given(_over(_ATOMS), _over(_ATOMS))
def test_whether_the_port_matters_is_what_the_solver_says(pred: Pred, statement: Pred) -> None:
    """All ports are tried by one of each cell."""
    packet = preferred_packet(pred)
    said = None if packet is None else every_port(statement, packet)
    if packet is not None and said is not None:
        assert said == any_port(statement, packet, same=None)


def test_addresses_are_left_to_the_solver() -> None:
    """Which addresses somebody may have, the solver knows."""
    inside = address_in(Side.DST, Prefix.parse("10.0.0.0/8"))
    packet = preferred_packet(TRUE)
    assert packet is not None
    assert preferred_packet(inside) is None
    assert every_port(inside, packet) is None


def test_long_formulas_are_left_to_the_solver() -> None:
    """One packet after the other would take longer."""
    assert preferred_packet(or_(*(port_in(n, n) for n in range(1, 200, 2)))) is None
