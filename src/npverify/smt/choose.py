"""Picks one flow out of all that satisfy a question, by fixed preferences and never by what the solver happens to say.

Preferences, first to last: no unknown away from its default; TCP before UDP, SCTP, ICMP and the others; IPv4; a port that
the destination declares, then the lowest one; of ICMP the echo request; a source port that clients get, then the lowest;
addresses that read well, then the lowest. So the same input gives the same flow with every version of the solver.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from npverify.inventory.addresses import BITS, Address, Family
from npverify.inventory.unknowns import OTHER
from npverify.normal.flow import EPHEMERAL, PORT_PROTOCOLS, PROTOCOLS, protocol_name
from npverify.normal.predicates import Pred, Side
from npverify.smt.encode import Formula
from npverify.smt.later import z3
from npverify.smt.solver import Question

OUTSIDE: tuple[Address, ...] = tuple(
    # documentation ranges (RFC 5737, RFC 3849), then well-known public addresses
    Address.parse(text)
    for text in ("203.0.113.10", "198.51.100.10", "8.8.8.8", "2001:db8::10", "2606:4700::10")
)
INSIDE: tuple[Address, ...] = tuple(
    Address.parse(text) for text in ("10.244.0.10", "10.0.0.10", "172.16.0.10", "192.168.0.10", "fd00::10")
)


ECHO_REQUEST: Mapping[Family, tuple[int, int]] = {4: (8, 0), 6: (128, 0)}
"""Type and code of what ping sends: RFC 792, RFC 4443."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The packet part of a flow, and the reading it needs.

    `addresses`   those that matter, by side
    `reading`     every unknown of the question that is not at its default
    `src_port`    None where no policy looks at it
    """

    protocol: str
    port: int | None
    icmp: tuple[int, int] | None
    family: Family
    addresses: Mapping[Side, Address] = field(default_factory=dict)
    reading: Mapping[str, str] = field(default_factory=dict)
    src_port: int | None = None


def choose(
    question: Question,
    declared: Sequence[tuple[str, int]] = (),
    preferred: Mapping[Side, Sequence[Address]] = MappingProxyType({}),
) -> Chosen:
    """The preferred flow of a question that is possible.

    `declared` are the destination's ports and `preferred` addresses that read well for a side, in order of preference.
    """
    encoding = question.encoding
    reading = choose_reading(question)
    protocol = next((name for name in PROTOCOLS if question.fix(encoding.protocol_is(name))), None)
    if protocol is None:
        protocol = protocol_name(_lowest(question, encoding.protocol, 8))
    family: Family = 4 if question.fix(z3.Not(encoding.six, encoding.context)) else 6
    if family == 6:
        question.fix(encoding.six)
    port = src_port = icmp = None
    if protocol == "ICMP":
        echo = ECHO_REQUEST[family]
        if question.fix(z3.And(encoding.icmp_type == echo[0], encoding.icmp_code == echo[1], encoding.context)):
            icmp = echo
        else:
            icmp = (_lowest(question, encoding.icmp_type, 8), _lowest(question, encoding.icmp_code, 8))
    elif protocol in PORT_PROTOCOLS:
        port = _choose_port(question, [number for name, number in declared if name == protocol])
        if encoding.mentions_src_port:
            free = question.fix(encoding.src_port == EPHEMERAL)
            src_port = EPHEMERAL if free else _lowest(question, encoding.src_port, 16)
    addresses = {
        side: _choose_address(question, side, family, preferred.get(side, OUTSIDE))
        for side in Side
        if encoding.mentions(side, family)
    }
    return Chosen(protocol, port, icmp, family, addresses, reading, src_port)


def choose_reading(question: Question) -> dict[str, str]:
    """The values of unknowns away from their default that a question needs, as few as one by one allows; fixes them."""
    encoding = question.encoding
    defaults = [encoding.value_is(u, u.default) for u in encoding.unknowns]
    if not defaults or question.fix(z3.And(*defaults, encoding.context)):
        return {}
    reading = {}
    for unknown in encoding.unknowns:
        for value in encoding.known_values(unknown):
            if question.fix(encoding.value_is(unknown, value)):
                break
        else:
            value = OTHER
        if value != unknown.default:
            reading[unknown.name] = value
    return reading


def _choose_port(question: Question, declared: Sequence[int]) -> int:
    for number in declared:
        if question.fix(question.encoding.port == number):
            return number
    return _lowest(question, question.encoding.port, 16)


def _choose_address(question: Question, side: Side, family: Family, preferred: Sequence[Address]) -> Address:
    variable = question.encoding.address(side, family)
    for candidate in preferred:
        if candidate.family == family and question.fix(variable == candidate.value):
            return candidate
    return Address(family, _lowest(question, variable, BITS[family]))


def _lowest(question: Question, variable: Formula, width: int) -> int:
    """The lowest value of a bitvector, bit by bit from the highest; fixes the variable to it."""
    value = 0
    for bit in range(width - 1, -1, -1):
        if not question.fix(z3.Extract(bit, bit, variable) == 0):
            value |= 1 << bit
            question.fix(z3.Extract(bit, bit, variable) == 1)
    return value


def any_port(statement: Pred, chosen: Chosen, *, same: bool | None) -> bool:
    """Whether a predicate is true of every port of the chosen protocol, with everything else as it was chosen."""
    question = Question(statement, same=same)
    encoding = question.encoding
    six = encoding.six if chosen.family == 6 else z3.Not(encoding.six, encoding.context)
    given = [encoding.protocol_is(chosen.protocol), six]
    if encoding.mentions_src_port and chosen.src_port is not None:
        given.append(encoding.src_port == chosen.src_port)
    given += [
        encoding.address(side, chosen.family) == address.value
        for side, address in chosen.addresses.items()
        if encoding.mentions(side, chosen.family)
    ]
    given += [encoding.value_is(u, chosen.reading.get(u.name, u.default)) for u in encoding.unknowns]
    return question.always(*given)
