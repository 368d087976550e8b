"""Parts are sets of flows: their algebra is that of plain sets of pairs of a packet and a peer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from npverify.analyses.packet_parts import ALL, NONE, PacketParts, Parts, gathered
from npverify.analyses.packets import PacketSets
from npverify.reduction.bitsets import bits

PACKETS = PacketSets([(80, 80)])  # the runs below, at and above port 80, of three protocols
PEERS = 5

some_packets = st.integers(1, PACKETS.all)
overlapping = st.lists(st.tuples(some_packets, st.integers(1, (1 << PEERS) - 1)), max_size=5)

Flows = set[tuple[int, int]]


def flows(parts: list[tuple[int, int]]) -> Flows:
    """Pairs of a packet and a peer."""
    return {(p, who) for packets, peers in parts for p in bits(packets) for who in bits(peers)}


def told(algebra: PacketParts, parts: Parts) -> Flows:
    """What parts stand for; nobody is in two of them, and none is empty."""
    each = [(algebra.packets(number), peers) for number, peers in parts.items()]
    assert NONE not in parts
    assert all(peers for _, peers in each)
    assert sum(peers.bit_count() for _, peers in each) == len({who for _, peers in each for who in bits(peers)})
    return flows(each)


@given(overlapping, overlapping)
def test_the_algebra_is_that_of_sets(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    """Union, intersection and difference, also where the same peers are given several times."""
    algebra = PacketParts(PACKETS)
    one, other = (algebra.union((algebra.number(p), who) for p, who in parts) for parts in (left, right))
    assert told(algebra, one) == flows(left)
    assert told(algebra, algebra.union([*one.items(), *other.items()])) == flows(left) | flows(right)
    assert told(algebra, algebra.both(one, other)) == flows(left) & flows(right)
    assert told(algebra, algebra.but(one, other)) == flows(left) - flows(right)
    assert algebra.inside(one, other) == (flows(left) <= flows(right))
    assert algebra.inside(one, algebra.union([*one.items(), *other.items()]))


@given(overlapping, overlapping)
def test_what_is_given_in_several_pieces_is_their_union(
    left: list[tuple[int, int]], right: list[tuple[int, int]]
) -> None:
    """The first time and the second; pieces may overlap, and gathered ones still do."""
    algebra = PacketParts(PACKETS)
    pieces = [gathered({algebra.number(p): who} for p, who in parts) for parts in (left, right)]
    for each in (pieces, pieces, pieces[:1], pieces[::-1]):
        wanted = {flow for parts in each for flow in flows([(algebra.packets(n), who) for n, who in parts.items()])}
        union, seen = algebra.union_once(each)
        assert told(algebra, union) == wanted
        assert set(bits(seen)) == {who for _, who in wanted}
    assert wanted == flows(left) | flows(right)


@given(overlapping, overlapping)
def test_more_is_added_to_what_is_together_already(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    """It is the union of both, and what was there stays as it was."""
    algebra = PacketParts(PACKETS)
    settled = algebra.union((algebra.number(p), who) for p, who in left)
    before = dict(settled)
    more = [{algebra.number(p): who} for p, who in right]
    assert told(algebra, algebra.union_with(settled, sum(settled.values()), more)) == flows(left) | flows(right)
    assert settled == before


@given(some_packets, some_packets)
def test_equal_sets_of_packets_have_one_number(a: int, b: int) -> None:
    """So that parts can be compared by their numbers."""
    algebra = PacketParts(PACKETS)
    assert (algebra.number(a) == algebra.number(b)) == (a == b)
    assert algebra.packets(algebra.meet(algebra.number(a), algebra.number(b))) == a & b
    assert (algebra.number(PACKETS.all), algebra.number(0)) == (ALL, NONE)
