"""The flow that is chosen out of many, by fixed preferences: one row per preference."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from npverify.inventory.addresses import Address, Prefix
from npverify.inventory.unknowns import ABSENT, OTHER, Unknown, fact, runtime_label
from npverify.normal.predicates import (
    TRUE,
    Pred,
    Side,
    and_,
    icmp_is,
    not_,
    or_,
    port_in,
    protocol_is,
    unknown_in,
)
from npverify.smt.choose import INSIDE, OUTSIDE, Chosen, any_port, choose
from npverify.smt.solver import Question
from smallworld import DST, SRC, block, on

COLOUR, SHAPE = Unknown("colour", ("red", "green", "blue"), "switch"), Unknown("shape", ("round", "flat"), "switch")
SPOOKY = fact("spooky")
HASH = runtime_label("shop/web", "hash")
MAYBE = runtime_label("shop/web", "maybe", may_be_absent=True)
GREEN, FLAT = unknown_in(COLOUR, "green"), unknown_in(SHAPE, "flat")
PG, HTTP = ("TCP", 5432), ("TCP", 80)

PACKETS: list[tuple[str, Pred, list[tuple[str, int]], tuple[str, int | None, tuple[int, int] | None]]] = [
    ("TCP and the lowest port", TRUE, [], ("TCP", 1, None)),
    ("TCP before UDP", protocol_is("UDP", "TCP"), [], ("TCP", 1, None)),
    ("UDP before SCTP", protocol_is("SCTP", "UDP"), [], ("UDP", 1, None)),
    ("SCTP before ICMP", protocol_is("ICMP", "SCTP"), [], ("SCTP", 1, None)),
    ("ICMP where there is nothing else, an echo request", protocol_is("ICMP"), [], ("ICMP", None, (8, 0))),
    ("else the lowest type and code", and_(protocol_is("ICMP"), not_(or_(icmp_is(0), icmp_is(8), icmp_is(1, 0)))), [], ("ICMP", None, (1, 1))),
    ("the highest type and code", icmp_is(255, 255), [], ("ICMP", None, (255, 255))),
    ("a declared port before the lowest one", TRUE, [PG], ("TCP", 5432, None)),
    ("the first declared one", TRUE, [PG, HTTP], ("TCP", 5432, None)),
    ("one that is declared for another protocol does not count", on("UDP", 1, 99), [HTTP], ("UDP", 1, None)),
    ("the protocol comes before a declared port", TRUE, [("UDP", 53)], ("TCP", 1, None)),
    ("the next declared one where the first cannot be", port_in(1, 99), [PG, HTTP], ("TCP", 80, None)),
    ("the lowest port of a range", on("TCP", 6000, 7000), [PG], ("TCP", 6000, None)),
    ("the lowest port outside of ranges", not_(or_(port_in(1, 1023), port_in(1025, 2000))), [], ("TCP", 1024, None)),
    ("the highest port", on("TCP", 65535), [], ("TCP", 65535, None)),
    ("a protocol that nothing but one port allows", or_(on("UDP", 53), on("SCTP", 1)), [], ("UDP", 53, None)),
]  # fmt: skip


@pytest.mark.parametrize(("pred", "declared", "want"), [r[1:] for r in PACKETS], ids=[r[0] for r in PACKETS])
def test_the_packet_that_is_chosen(
    pred: Pred, declared: list[tuple[str, int]], want: tuple[str, int | None, tuple[int, int] | None]
) -> None:
    """Protocol, port and ICMP fields follow the order of preferences."""
    chosen = choose(Question(pred), declared)
    assert (chosen.protocol, chosen.port, chosen.icmp) == want


ADDRESSES: list[tuple[str, Pred, dict[Side, tuple[Address, ...]], dict[Side, str]]] = [
    ("an address that does not matter is not chosen", port_in(1, 9), {}, {}),
    ("nor if only its family does", block(SRC, "::/0"), {}, {}),
    ("an outside one that reads well", not_(block(SRC, "10.0.0.0/8")), {}, {SRC: "203.0.113.10"}),
    ("the next one where that cannot be", not_(block(SRC, "203.0.113.0/24")), {}, {SRC: "198.51.100.10"}),
    ("the lowest where none can be", block(SRC, "10.1.0.0/16"), {}, {SRC: "10.1.0.0"}),
    ("the lowest that is left", and_(block(SRC, "10.1.0.0/16"), not_(block(SRC, "10.1.0.0/24"))), {}, {SRC: "10.1.1.0"}),
    ("an inside one for a pod", not_(block(SRC, "192.0.2.0/24")), {SRC: INSIDE}, {SRC: "10.244.0.10"}),
    ("each side has its own", and_(not_(block(SRC, "1.0.0.0/8")), not_(block(DST, "1.0.0.0/8"))), {SRC: INSIDE, DST: OUTSIDE}, {SRC: "10.244.0.10", DST: "203.0.113.10"}),
    ("IPv6 where it must be", not_(or_(block(SRC, "0.0.0.0/0"), block(SRC, "fd00::/8"))), {}, {SRC: "2001:db8::10"}),
    ("the lowest of IPv6", block(SRC, "fd00::/8"), {}, {SRC: "fd00::"}),
    ("the highest of IPv4", block(SRC, "255.255.255.255/32"), {}, {SRC: "255.255.255.255"}),
]  # fmt: skip


@pytest.mark.parametrize(("pred", "preferred", "want"), [r[1:] for r in ADDRESSES], ids=[r[0] for r in ADDRESSES])
def test_the_addresses_that_are_chosen(
    pred: Pred, preferred: dict[Side, tuple[Address, ...]], want: dict[Side, str]
) -> None:
    """Addresses that matter read well if they can, and are the lowest otherwise."""
    chosen = choose(Question(pred), (), preferred)
    assert {side: str(address) for side, address in chosen.addresses.items()} == want


def test_ipv4_comes_before_ipv6() -> None:
    """IPv6 is chosen only where IPv4 is not possible."""
    assert choose(Question(TRUE)).family == 4
    assert choose(Question(or_(block(SRC, "fd00::/8"), block(SRC, "10.0.0.0/8")))).family == 4
    assert choose(Question(block(SRC, "::/0"))).family == 6


def test_an_address_that_is_taken_is_not_chosen() -> None:
    """What reads well but belongs to a known endpoint is passed over."""
    ours = Prefix.parse("203.0.113.0/24")
    question = Question(not_(block(SRC, "10.0.0.0/8")), {SRC: lambda a: ours if ours.contains(a) else None})
    assert str(choose(question).addresses[SRC]) == "198.51.100.10"


READINGS: list[tuple[str, Pred, dict[str, str]]] = [
    ("the default reading where it can be", or_(GREEN, port_in(1, 9)), {}),
    ("though another protocol must do", or_(and_(GREEN, protocol_is("TCP")), protocol_is("UDP")), {}),
    ("only what must differ differs", and_(GREEN, or_(FLAT, unknown_in(SHAPE, "round"))), {"colour": "green"}),
    ("the first other value", not_(unknown_in(COLOUR, "red")), {"colour": "green"}),
    ("the last one if it must be", unknown_in(COLOUR, "blue"), {"colour": "blue"}),
    ("unknowns by name: the first one keeps its default", or_(GREEN, FLAT), {"shape": "flat"}),
    ("both if both must", and_(GREEN, FLAT), {"colour": "green", "shape": "flat"}),
    ("a fact that must be true", unknown_in(SPOOKY, "true"), {"spooky": "true"}),
    ("a label that has a mentioned value", unknown_in(HASH, "abc"), {HASH.name: "abc"}),
    ("a label that has none of the mentioned values", not_(unknown_in(HASH, "abc")), {}),
    ("a label that is absent", unknown_in(MAYBE, ABSENT), {MAYBE.name: ABSENT}),
    ("a text that nobody mentions", not_(or_(unknown_in(MAYBE, "abc"), unknown_in(MAYBE, ABSENT))), {}),
]


@pytest.mark.parametrize(("pred", "want"), [r[1:] for r in READINGS], ids=[r[0] for r in READINGS])
def test_the_reading_that_is_chosen(pred: Pred, want: dict[str, str]) -> None:
    """No unknown is away from its default unless it must be."""
    assert dict(choose(Question(pred)).reading) == want


def test_the_text_of_an_open_unknown_may_be_other() -> None:
    """Where the default and every mentioned value are ruled out, some other text is what is left."""
    label = Unknown("label", (ABSENT, OTHER), "label", open=True)
    pred = not_(or_(unknown_in(label, ABSENT), unknown_in(label, "abc")))
    assert dict(choose(Question(pred)).reading) == {"label": OTHER}


ANY_PORT = [
    ("nothing looks at the port", protocol_is("TCP"), True),
    ("every port is named", or_(port_in(1, 99), port_in(100, 65535)), True),
    ("one port is left out", and_(protocol_is("TCP"), not_(port_in(70, 70))), False),
    ("a range", on("TCP", 1, 1000), False),
    ("every port from that address", or_(block(SRC, "203.0.113.0/24"), port_in(1, 9)), True),
    ("every port, but of another protocol", or_(protocol_is("UDP"), on("TCP", 80)), False),
    ("every port, but under another reading", or_(GREEN, on("TCP", 80)), False),
    ("every port under the reading that it needs", and_(GREEN, protocol_is("TCP")), True),
]


@pytest.mark.parametrize(("pred", "want"), [r[1:] for r in ANY_PORT], ids=[r[0] for r in ANY_PORT])
def test_whether_any_port_would_do(pred: Pred, want: bool) -> None:
    """`any_port` says that the flow that was chosen satisfies the predicate on each other port of its protocol too."""
    assert any_port(pred, choose(Question(pred)), same=None) is want


PROGRAM = """
import npverify
loaded = npverify.load(["examples/shop"])
for result in npverify.prove(loaded.world, loaded.assertions).results:
    shown = result.counterexample or result.witness
    flow = shown and shown.flow
    print(result.assertion.title, result.status, result.depends_on, result.because)
    if flow:
        print(flow.src, flow.dst, flow.protocol, flow.port, flow.src_ip, flow.dst_ip, shown.reading, shown.any)
"""


def test_the_order_of_hashes_changes_nothing(pytestconfig: pytest.Config) -> None:
    """Every answer and every counterexample is the same whatever seed Python hashes with."""
    told = set()
    for seed in ("0", "1", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", PROGRAM]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=pytestconfig.rootpath, env=environment, check=True
        )
        told.add(done.stdout)
    (only,) = told
    assert "refuted" in only


def test_the_choice_is_a_value() -> None:
    """Equal questions give equal choices."""
    pred = and_(on("TCP", 80, 90), not_(block(SRC, "10.0.0.0/8")), GREEN)
    first, second = choose(Question(pred)), choose(Question(pred))
    assert first == second == Chosen("TCP", 80, None, 4, {SRC: OUTSIDE[0]}, {"colour": "green"})
