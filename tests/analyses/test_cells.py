"""Cells of packets and of flows: everything is in one of them, and a set of them says what it holds."""

from __future__ import annotations

from random import Random

import pytest

from npverify.analyses.flow_cells import FlowCells, readings
from npverify.analyses.packet_cells import PacketCells, Traffic, covers
from npverify.ingest.source import InternalError
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL
from npverify.inventory.unknowns import OTHER, Unknown, fact
from npverify.normal.flow import PORT_PROTOCOLS, Flow
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Pred,
    Side,
    and_,
    icmp_is,
    kind_is,
    not_,
    or_,
    port_in,
    protocol_is,
    unknown_in,
)
from npverify.reduction.readings import Packet, at_address, at_packet, packets
from region_flows import in_traffic as is_in
from smallworld import DST, SRC, block, on

ATOMS = (
    on("TCP", 80), on("TCP", 80, 90), on("UDP", 53), port_in(1024, 65535, SRC), protocol_is("TCP", "ICMP"), icmp_is(8),
    icmp_is(3, 1), protocol_is("50"), protocol_is("UDPLite"), port_in(1, 65535), port_in(0, 0),
)  # fmt: skip
ADDRESSES = (
    block(SRC, "10.0.0.0/8"),
    block(SRC, "10.1.0.0/16"),
    block(DST, "10.0.0.0/9"),
    block(DST, "fd00::/8"),
    block(SRC, "::/0"),
)
SPOOKY, COLOUR = fact("spooky"), Unknown("colour", ("red", "blue"), open=True)
UNKNOWNS = (unknown_in(SPOOKY, "true"), unknown_in(COLOUR, "blue"), unknown_in(COLOUR, "green"))


def random_pred(rng: Random, atoms: tuple[Pred, ...], depth: int = 3) -> Pred:
    """Any predicate over some atoms."""
    if not depth or rng.random() < 0.2:
        return rng.choice(atoms)
    make = rng.choice((and_, or_))
    parts = [random_pred(rng, atoms, depth - 1) for _ in range(rng.randint(2, 3))]
    made = make(*parts)
    return not_(made) if rng.random() < 0.3 else made


def in_traffic(packet: Packet, traffic: tuple[Traffic, ...]) -> bool:
    """Whether a packet is in what is said."""
    flow = Flow(EXTERNAL, EXTERNAL, packet.protocol, packet.port, None, None, packet.icmp, packet.src_port)
    return any(is_in(flow, one) for one in traffic)


@pytest.mark.parametrize("seed", range(150))
def test_a_set_of_cells_says_what_it_holds(seed: int) -> None:
    """A packet is in the traffic of a predicate exactly where the predicate is true of it."""
    pred = random_pred(Random(seed), ATOMS)
    cells = FlowCells([pred], 4, one=False)
    traffic = cells.packets.traffic(cells.of(pred, {}))
    for packet in packets([pred, *ATOMS]):
        if packet.family == 4:
            assert in_traffic(packet, traffic) is (at_packet(pred, packet) is TRUE)


@pytest.mark.parametrize("seed", range(150))
def test_rectangles_are_the_set(seed: int) -> None:
    """Each flow of a set is in exactly one rectangle, with its addresses and its packet."""
    rng = Random(seed)
    pred = random_pred(rng, (*ATOMS, *ADDRESSES))
    for family, sources, targets in (
        (4, ("9.0.0.0", "10.0.0.1", "10.1.2.3"), ("10.0.0.1", "10.200.0.1")),
        (6, ("::1",), ("fd00::1", "fc00::1")),
    ):
        cells = FlowCells([pred], family, one=False)  # type: ignore[arg-type]
        found = list(cells.rectangles(cells.of(pred, {})))
        for src, dst in ((Address.parse(a), Address.parse(b)) for a in sources for b in targets):
            at = at_address(at_address(pred, SRC, src), DST, dst)
            for packet in packets([pred]):
                if packet.family == family:
                    holding = [
                        r for r in found
                        if in_traffic(packet, r.traffic) and all(
                            any(a <= address.value <= b for a, b in r.addresses[side])
                            for side, address in ((SRC, src), (DST, dst)) if side in r.addresses
                        )
                    ]  # fmt: skip
                    assert len(holding) == (at_packet(at, packet) is TRUE)


@pytest.mark.parametrize("seed", range(150))
def test_every_reading_is_tried_until_nothing_is_left(seed: int) -> None:
    """What may be true under some reading is what is true under one of them, or more."""
    pred = random_pred(Random(seed), (*ATOMS, *UNKNOWNS))
    cells = FlowCells([pred], 4, one=False)
    union = 0
    for reading in readings([pred]):
        union |= cells.of(pred, reading)
    assert union & ~cells.possible(pred) == 0


def test_readings_come_with_the_fewest_deviations_first() -> None:
    """The default first, then one unknown after the other, then both; an open unknown may be any other text."""
    found = list(readings([and_(UNKNOWNS[0], UNKNOWNS[2])]))
    assert found == [
        {}, {"colour": "blue"}, {"colour": "green"}, {"colour": OTHER}, {"spooky": "true"},
        {"colour": "blue", "spooky": "true"}, {"colour": "green", "spooky": "true"}, {"colour": OTHER, "spooky": "true"},
    ]  # fmt: skip


def test_one_address_on_both_sides() -> None:
    """Where source and destination are one pod its address is in a block on both sides or on none."""
    pred = and_(block(SRC, "10.0.0.0/8"), not_(block(DST, "10.0.0.0/8")))
    assert FlowCells([pred], 4, one=True).of(pred, {}) == 0
    assert FlowCells([pred], 4, one=False).of(pred, {}) != 0


def test_atoms_about_endpoints_are_no_packets() -> None:
    """A residual that still asks about an endpoint is a contradiction."""
    with pytest.raises(InternalError):
        FlowCells([], 4, one=False).of(kind_is(SRC, "pod"), {})  # type: ignore[arg-type]
    assert FlowCells([], 4, one=False).of(FALSE, {}) == 0


EVERY = (*(Traffic(p) for p in PORT_PROTOCOLS), Traffic("ICMP"), Traffic("other"))
COVERS = [
    ("everything covers all", EVERY, (Traffic("TCP", ((80, 80),)),), True),
    ("a port does not cover all", (Traffic("TCP", ((80, 80),)),), (Traffic("TCP"),), False),
    ("a range covers a part of it", (Traffic("TCP", ((80, 90),)),), (Traffic("TCP", ((81, 82), (90, 90)),),), True),
    ("but not more", (Traffic("TCP", ((80, 90),)),), (Traffic("TCP", ((81, 91),)),), False),
    ("nor another protocol", (Traffic("TCP"),), (Traffic("UDP", ((1, 1),)),), False),
    ("source ports count", (Traffic("TCP", (), ((1, 9),)),), (Traffic("TCP"),), False),
]  # fmt: skip


@pytest.mark.parametrize(("some", "others", "want"), [r[1:] for r in COVERS], ids=[r[0] for r in COVERS])
def test_what_traffic_covers(some: tuple[Traffic, ...], others: tuple[Traffic, ...], want: bool) -> None:
    """Every packet of the others is one of some."""
    assert covers(some, others) is want


def test_all_cells_are_everything() -> None:
    """Whatever is told apart, together it is all packets of each protocol."""
    cells = PacketCells(ATOMS)
    assert cells.traffic(cells.all) == EVERY
    assert cells.traffic(0) == ()
    assert cells.of(block(Side.SRC, "10.0.0.0/8")) is None
