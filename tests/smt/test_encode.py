"""What each atom means as a formula, asked of one literal packet: one row per fact. The oracle has a table of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
import z3

from helpers import http_clause
from npverify.inventory.addresses import Address
from npverify.inventory.model import EndpointKind, PortOrigin
from npverify.inventory.unknowns import ABSENT, OTHER, Unknown, fact, runtime_label
from npverify.normal.flow import PROTOCOLS
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Pred,
    Side,
    and_,
    icmp_is,
    kind_is,
    named_port_is,
    namespace_is,
    not_,
    or_,
    own_node,
    port_in,
    protocol_is,
    self_traffic,
    unknown_in,
)
from npverify.smt.solver import Question, satisfiable
from smallworld import DST, SRC, app, block


@dataclass(frozen=True)
class Packet:
    """A literal packet; addresses by side, IPv6 if one of them is."""

    protocol: str = "TCP"
    port: int = 0
    icmp: tuple[int, int] = (0, 0)
    at: Mapping[Side, str] = field(default_factory=dict)
    six: bool = False


def holds_of(pred: Pred, packet: Packet, reading: Mapping[Unknown, str] = {}) -> bool:
    """Whether the solver finds the predicate true of the packet."""
    question = Question(pred)
    at = question.encoding
    literal = [
        at.protocol_is(packet.protocol),
        at.port == packet.port,
        at.icmp_type == packet.icmp[0],
        at.icmp_code == packet.icmp[1],
        at.six == z3.BoolVal(packet.six, at.context),
    ]
    for side, text in packet.at.items():
        address = Address.parse(text)
        literal.append(at.address(side, address.family) == address.value)
    literal += [at.value_is(unknown, value) for unknown, value in reading.items()]
    return question.possible(*literal)


def to(port: int, protocol: str = "TCP") -> Packet:
    """A packet to a port."""
    return Packet(protocol, port)


def from_(address: str) -> Packet:
    """A packet from an address."""
    return Packet(port=80, at={SRC: address}, six=":" in address)


def ping(type_: int, code: int = 0) -> Packet:
    """An ICMP packet."""
    return Packet("ICMP", icmp=(type_, code))


PACKETS = [
    ("true is true", TRUE, to(1), True),
    ("false is false", FALSE, to(1), False),
    ("not turns around", not_(protocol_is("UDP")), to(1), True),
    ("and needs both", and_(protocol_is("TCP"), port_in(2, 3)), to(1), False),
    ("or needs one", or_(protocol_is("UDP"), port_in(1, 1)), to(1), True),
    ("the protocol is one of several", protocol_is("UDP", "SCTP"), to(1, "SCTP"), True),
    ("the protocol is none of several", protocol_is("UDP", "SCTP"), to(1), False),
    ("a protocol of its own is ICMP", protocol_is("ICMP"), ping(8), True),
    ("a port is the first of its range", port_in(80, 90), to(80), True),
    ("a port is the last of its range", port_in(80, 90), to(90), True),
    ("a port lies before the range", port_in(80, 90), to(79), False),
    ("a port lies behind the range", port_in(80, 90), to(91), False),
    ("the lowest port is a port", port_in(1, 1), to(1), True),
    ("the highest port is a port", port_in(65535, 65535), to(65535), True),
    ("a range goes up to the highest port", port_in(2, 65535), to(65535), True),
    ("a range that ends with the highest port has a start", port_in(2, 65535), to(1), False),
    ("every port of UDP is in the whole range", port_in(0, 65535), to(7, "UDP"), True),
    ("no port range holds of ICMP", port_in(0, 65535), ping(8), False),
    ("ICMP has no port 0", port_in(0, 0), ping(0), False),
    ("port 0 is no port", TRUE, to(0), False),
    ("ICMP with a port does not exist", TRUE, Packet("ICMP", 80), False),
    ("TCP with an ICMP type does not exist", TRUE, Packet("TCP", 80, (8, 0)), False),
    ("TCP with an ICMP code does not exist", TRUE, Packet("TCP", 80, (0, 1)), False),
    ("an ICMP type is met by every code", icmp_is(3), ping(3, 4), True),
    ("another ICMP type is another", icmp_is(3), ping(4, 3), False),
    ("an ICMP code is met", icmp_is(3, 4), ping(3, 4), True),
    ("another ICMP code is another", icmp_is(3, 4), ping(3, 5), False),
    ("the highest ICMP type and code", icmp_is(255, 255), ping(255, 255), True),
    ("type 0 is not met by TCP", icmp_is(0, 0), to(80), False),
    ("the first address of a block", block(SRC, "10.1.0.0/16"), from_("10.1.0.0"), True),
    ("the last address of a block", block(SRC, "10.1.0.0/16"), from_("10.1.255.255"), True),
    ("the address before a block", block(SRC, "10.1.0.0/16"), from_("10.0.255.255"), False),
    ("the address behind a block", block(SRC, "10.1.0.0/16"), from_("10.2.0.0"), False),
    ("one address", block(SRC, "10.1.0.1/32"), from_("10.1.0.1"), True),
    ("the neighbour of one address", block(SRC, "10.1.0.1/32"), from_("10.1.0.0"), False),
    ("all of IPv4", block(SRC, "0.0.0.0/0"), from_("255.255.255.255"), True),
    ("all of IPv4 holds no IPv6", block(SRC, "0.0.0.0/0"), from_("::1"), False),
    ("all of IPv6 holds no IPv4", block(SRC, "::/0"), from_("10.1.0.1"), False),
    ("all of IPv6", block(SRC, "::/0"), from_("fd00::1"), True),
    ("an IPv6 block", block(SRC, "fd00::/8"), from_("fdff::1"), True),
    ("outside an IPv6 block", block(SRC, "fd00::/8"), from_("fe00::1"), False),
    ("one IPv6 address", block(SRC, "fd00::1/128"), from_("fd00::1"), True),
    ("the zero block of the other family", block(SRC, "::/96"), from_("0.0.0.1"), False),
    (
        "sides are told apart",
        block(DST, "10.1.0.0/16"),
        Packet(port=80, at={SRC: "10.1.0.1", DST: "10.2.0.1"}),
        False,
    ),
    (
        "the virtual address is a side of its own",
        block(Side.VIP, "10.96.0.0/16"),
        Packet(port=80, at={DST: "10.1.0.1", Side.VIP: "10.96.0.1"}),
        True,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("pred", "packet", "want"), [row[1:] for row in PACKETS], ids=[row[0] for row in PACKETS])
def test_the_formula_of_a_literal_packet_is_true_or_false(pred: Pred, packet: Packet, want: bool) -> None:
    """A predicate holds of a literal packet, and its negation does not, exactly as the row says."""
    assert holds_of(pred, packet) is want
    if holds_of(TRUE, packet):
        assert holds_of(not_(pred), packet) is not want


COLOUR = Unknown("colour", ("red", "green", "blue"), "switch")
SPOOKY = fact("spooky")
HASH = runtime_label("Deployment shop/web", "hash")
MAYBE = runtime_label("Deployment shop/web", "maybe", may_be_absent=True)
INDEX = runtime_label("Pod shop/web-0", "index", known="0")

READINGS = [
    ("a switch has the value that it is given", unknown_in(COLOUR, "green"), {COLOUR: "green"}, True),
    ("a switch has one value at a time", unknown_in(COLOUR, "green"), {COLOUR: "blue"}, False),
    ("one of several values is enough", unknown_in(COLOUR, "green", "blue"), {COLOUR: "blue"}, True),
    ("a closed unknown has none but its values", not_(unknown_in(COLOUR, "red", "green")), {COLOUR: "blue"}, True),
    ("a fact can be true", unknown_in(SPOOKY, "true"), {SPOOKY: "true"}, True),
    ("a fact that is false is not true", unknown_in(SPOOKY, "true"), {SPOOKY: "false"}, False),
    ("an open label has a mentioned value", unknown_in(HASH, "abc"), {HASH: "abc"}, True),
    ("an open label has two values in turn", unknown_in(HASH, "abc", "def"), {HASH: "def"}, True),
    ("a mentioned value is not the other text", unknown_in(HASH, "abc"), {HASH: OTHER}, False),
    ("a label may be absent", unknown_in(MAYBE, ABSENT), {MAYBE: ABSENT}, True),
    ("an absent label has no value", unknown_in(MAYBE, "abc"), {MAYBE: ABSENT}, False),
    ("a known label that may be absent", unknown_in(INDEX, "0"), {INDEX: ABSENT}, False),
]


@pytest.mark.parametrize(("pred", "reading", "want"), [row[1:] for row in READINGS], ids=[r[0] for r in READINGS])
def test_unknowns_have_the_value_of_the_reading(pred: Pred, reading: Mapping[Unknown, str], want: bool) -> None:
    """A predicate about unknowns holds, and its negation does not, under a reading as the row says."""
    assert holds_of(pred, to(80), reading) is want
    assert holds_of(not_(pred), to(80), reading) is not want


POSSIBLE = [
    ("one of all values of a switch it has", not_(or_(*(unknown_in(COLOUR, v) for v in COLOUR.values))), False),
    ("a fact is true or false", and_(not_(unknown_in(SPOOKY, "true")), not_(unknown_in(SPOOKY, "false"))), False),
    ("a switch has not two values", and_(unknown_in(COLOUR, "red"), unknown_in(COLOUR, "blue")), False),
    ("an open label may have a text that nobody mentions", not_(unknown_in(HASH, "abc", OTHER)), True),
    ("a label that is always there is not absent", unknown_in(HASH, ABSENT), False),
    ("a label that is there if known has no other text", not_(unknown_in(INDEX, "0", ABSENT)), False),
    ("two unknowns do not depend on each other", and_(unknown_in(HASH, "a"), unknown_in(MAYBE, "b")), True),
    ("an address is in one of two blocks apart", and_(block(SRC, "10.0.0.0/8"), block(SRC, "11.0.0.0/8")), False),
    ("an address is not of both families", and_(block(SRC, "10.0.0.0/8"), block(SRC, "fd00::/8")), False),
    ("both ends are of one family", and_(block(SRC, "10.0.0.0/8"), block(DST, "fd00::/8")), False),
    ("a virtual address is of the family of the flow", and_(block(Side.VIP, "::/0"), block(DST, "10.0.0.0/8")), False),
    ("both halves cover all", not_(or_(block(SRC, "0.0.0.0/1"), block(SRC, "128.0.0.0/1"), block(SRC, "::/0"))), False),
    ("a protocol need not have a name", not_(protocol_is(*PROTOCOLS)), True),
    ("ICMP of IPv6 is ICMP and no protocol of its own", protocol_is("58"), False),
    ("a protocol without ports has no source port either", and_(protocol_is("50"), port_in(0, 65535, SRC)), False),
    ("a source port is not 0", port_in(0, 0, SRC), False),
    ("two ports at once", and_(port_in(80, 80), port_in(81, 81)), False),
]  # fmt: skip


@pytest.mark.parametrize(("pred", "want"), [row[1:] for row in POSSIBLE], ids=[row[0] for row in POSSIBLE])
def test_what_no_flow_can_be_is_not_possible(pred: Pred, want: bool) -> None:
    """The variables have no more freedom than flows and readings have."""
    assert satisfiable(pred) is want


def test_atoms_about_endpoints_are_refused() -> None:
    """The encoder speaks about packets only: an endpoint that was not filled in is a mistake of the caller."""
    atoms = (
        kind_is(SRC, EndpointKind.POD),
        namespace_is(DST, "shop"),
        app(SRC, "web"),
        own_node(SRC),
        self_traffic(via_service=False),
        named_port_is("http", "TCP", tuple(PortOrigin), first_only=False),
        http_clause(["GET"], [], normalised=True),
    )
    for atom in atoms:
        with pytest.raises(TypeError, match="reduce it first"):
            Question(and_(port_in(1, 2), atom))
