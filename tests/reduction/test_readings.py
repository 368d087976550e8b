"""Filling in readings, packets and addresses: what is left, and that one packet and one address stand for each cell."""

from __future__ import annotations

import pytest

from npverify.inventory.addresses import Address, Family
from npverify.inventory.unknowns import OTHER, Unknown, fact, runtime_label
from npverify.normal.predicates import FALSE, TRUE, Pred, and_, icmp_is, not_, or_, port_in, protocol_is, unknown_in
from npverify.reduction.readings import Packet, at_address, at_packet, cells, packets, under
from smallworld import DST, SRC, block, on

COLOUR = Unknown("colour", ("red", "green"), "switch")
SPOOKY, HASH = fact("spooky"), runtime_label("shop/web", "hash")
WEB, WEB6, PING = Packet(4, "TCP", 80), Packet(6, "TCP", 80), Packet(4, "ICMP", icmp=(8, 1))

READINGS = [
    ("the default", unknown_in(COLOUR, "red"), {}, TRUE),
    ("the default of a fact", unknown_in(SPOOKY, "true"), {}, FALSE),
    ("a value that is given", unknown_in(COLOUR, "green"), {"colour": "green"}, TRUE),
    ("the packet stays", and_(unknown_in(COLOUR, "red"), port_in(1, 2)), {}, port_in(1, 2)),
    ("an open label has no mentioned value by default", unknown_in(HASH, "abc"), {}, FALSE),
    ("an open label with another text", unknown_in(HASH, "abc"), {HASH.name: OTHER}, FALSE),
]


@pytest.mark.parametrize(("pred", "reading", "left"), [r[1:] for r in READINGS], ids=[r[0] for r in READINGS])
def test_a_reading_settles_unknowns(pred: Pred, reading: dict[str, str], left: Pred) -> None:
    """Each unknown has the value of the reading, or its default."""
    assert under(pred, reading) is left


AT_PACKET = [
    ("its protocol", protocol_is("TCP"), WEB, TRUE),
    ("another protocol", protocol_is("UDP"), WEB, FALSE),
    ("the first port of a range", port_in(80, 90), WEB, TRUE),
    ("the last port of a range", port_in(70, 80), WEB, TRUE),
    ("a port outside", port_in(81, 90), WEB, FALSE),
    ("ICMP has no port", port_in(0, 65535), PING, FALSE),
    ("a type", icmp_is(8), PING, TRUE),
    ("a type and a code", icmp_is(8, 1), PING, TRUE),
    ("another code", icmp_is(8, 0), PING, FALSE),
    ("TCP has no type", icmp_is(8), WEB, FALSE),
    ("a block of its family stays", block(SRC, "10.0.0.0/8"), WEB, block(SRC, "10.0.0.0/8")),
    ("a block of the other family", block(SRC, "10.0.0.0/8"), WEB6, FALSE),
    ("all of its family", block(SRC, "::/0"), WEB6, TRUE),
    ("all of the other family", block(SRC, "::/0"), WEB, FALSE),
    ("an unknown stays", unknown_in(COLOUR, "red"), WEB, unknown_in(COLOUR, "red")),
    ("under connectives", or_(not_(on("TCP", 80)), block(DST, "fd00::/8")), WEB6, block(DST, "fd00::/8")),
]


@pytest.mark.parametrize(("pred", "packet", "left"), [r[1:] for r in AT_PACKET], ids=[r[0] for r in AT_PACKET])
def test_a_packet_settles_all_but_addresses_and_unknowns(pred: Pred, packet: Packet, left: Pred) -> None:
    """What is about protocol, port, ICMP and family becomes a constant."""
    assert at_packet(pred, packet) is left


def test_an_address_settles_the_blocks_of_its_side() -> None:
    """Blocks of the other side stay."""
    pred = and_(block(SRC, "10.0.0.0/8"), block(DST, "10.0.0.0/8"))
    assert at_address(pred, SRC, Address.parse("10.1.2.3")) is block(DST, "10.0.0.0/8")
    assert at_address(pred, SRC, Address.parse("11.1.2.3")) is FALSE
    assert at_address(pred, SRC, Address.parse("fd00::1")) is FALSE


def ports(*preds: Pred, also: tuple[int, ...] = ()) -> list[int]:
    """The TCP ports that stand for the cells of some predicates."""
    return [p.port for p in packets(preds, also) if (p.family, p.protocol) == (4, "TCP") and p.port]


def test_one_port_stands_for_each_cell() -> None:
    """A cell begins at port 1, with each range and behind it; there is none beyond the last port."""
    assert ports() == [1]
    assert ports(port_in(80, 90)) == [1, 80, 91]
    assert ports(port_in(1, 65535)) == [1]
    assert ports(port_in(65535, 65535)) == [1, 65535]
    assert ports(port_in(80, 80), not_(port_in(81, 90))) == [1, 80, 81, 91]
    assert ports(port_in(80, 80), also=(5432,)) == [1, 80, 81, 5432]


def test_icmp_has_cells_of_its_own() -> None:
    """Each type and code that is mentioned, a code that is not, and a type that is not."""
    found = [p.icmp for p in packets([icmp_is(0, 0), icmp_is(3)]) if p.family == 6 and p.protocol == "ICMP"]
    assert found == [(0, 0), (0, 1), (1, 0), (3, 0)]


@pytest.mark.parametrize(
    "pred",
    [on("TCP", 80, 90), not_(on("UDP", 53)), and_(icmp_is(3), not_(icmp_is(3, 4))), not_(icmp_is(0)), TRUE],
    ids=["a range", "all but one port", "all but one code", "all but one type", "everything"],
)
def test_every_packet_is_like_the_one_that_stands_for_its_cell(pred: Pred) -> None:
    """A predicate holds of some packet exactly if it holds of some representative, and likewise its negation."""
    some_ports = (1, 52, 53, 54, 79, 80, 85, 90, 91, 65535)
    every = [Packet(f, p, n) for f in (4, 6) for p in ("TCP", "UDP", "SCTP") for n in some_ports]
    every += [Packet(f, "ICMP", icmp=(t, c)) for f in (4, 6) for t in (0, 1, 3, 255) for c in (0, 1, 4, 255)]
    few = list(packets([pred]))
    for said in (pred, not_(pred)):
        for family in (4, 6):
            there = any(at_packet(said, p) is TRUE for p in every if p.family == family)
            assert there is any(at_packet(said, p) is TRUE for p in few if p.family == family)


CELLS: list[tuple[str, Pred, Family, list[tuple[str, str]]]] = [
    ("the whole", TRUE, 4, [("0.0.0.0", "255.255.255.255")]),
    ("a block", block(SRC, "10.0.0.0/8"), 4, [("0.0.0.0", "9.255.255.255"), ("10.0.0.0", "10.255.255.255"), ("11.0.0.0", "255.255.255.255")]),
    ("a block at the end", block(SRC, "128.0.0.0/1"), 4, [("0.0.0.0", "127.255.255.255"), ("128.0.0.0", "255.255.255.255")]),
    ("a block of the other side", block(DST, "10.0.0.0/8"), 4, [("0.0.0.0", "255.255.255.255")]),
    ("a block of the other family", block(SRC, "fd00::/8"), 4, [("0.0.0.0", "255.255.255.255")]),
    ("IPv6", block(SRC, "::/1"), 6, [("::", "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), ("8000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]),
]  # fmt: skip


@pytest.mark.parametrize(("pred", "family", "want"), [r[1:] for r in CELLS], ids=[r[0] for r in CELLS])
def test_cells_of_addresses(pred: Pred, family: Family, want: list[tuple[str, str]]) -> None:
    """The cells are disjoint, ascend and cover the family."""
    found = cells([pred], SRC, family)
    assert [(str(Address(family, a)), str(Address(family, b))) for a, b in found] == want
