"""From a reading to the flow that it is about: what it says of the HTTP request becomes a request, of the DNS query a
name, of a request of Kafka one of those."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from npverify.inventory.unknowns import Reading, Unknown
from npverify.normal.flow import Flow, KafkaRequest, Request
from npverify.normal.predicates import Pred, UnknownIn, atoms_of
from npverify.normal.requests import DNS_FACT, FACT, KAFKA_FACT
from npverify.oracle import Oracle
from npverify.reduction.kafka import STREAMED
from npverify.reduction.requests import ASKED, SENT, Requests
from npverify.smt.solver import UndecidedError

__all__ = ["carrying", "of_requests", "trimmed"]


def carrying(flow: Flow, reading: Reading, requests: Requests) -> tuple[Flow, dict[str, str]]:
    """The flow with the request that a reading makes of it, and what is left of the reading.

    Raises UndecidedError where no request is known that is what the reading says: then there may be none.
    """
    if not requests.clauses:
        return flow, dict(reading)
    facts = (FACT, DNS_FACT)
    if any(name.startswith(facts) and value == "true" for name, value in reading.items()) and not requests.exact:
        raise UndecidedError("the clauses about requests tell more kinds of them apart than can be looked at")
    found = requests.of(reading)
    if found is None and SENT.value_in(reading) == "true":
        raise UndecidedError("no HTTP request was found that is what every clause asks for, and there may be none")
    own = of_requests(requests)
    return replace(flow, http=found, dns=requests.name(reading), kafka=requests.kafka(reading)), {
        name: value for name, value in reading.items() if name not in own
    }


def trimmed(flow: Flow, reading: Reading, oracles: Sequence[Oracle], premise: Pred) -> Flow:
    """The flow with as little of its request as the verdicts hang on: without its headers, its host, or all of it unless the
    premise asks for one, where the oracles say the same all the same and ask for nothing that is missing."""
    if flow.dns is not None and not any(isinstance(a, UnknownIn) and a.unknown == ASKED for a in atoms_of(premise)):
        bare = replace(flow, dns=None)
        if [o.decide(bare, reading) for o in oracles] == [o.decide(flow, reading) for o in oracles]:
            return bare
    if flow.kafka is not None:
        return _less_of_kafka(flow, flow.kafka, reading, oracles, premise)
    if flow.http is None:
        return flow
    verdicts = [oracle.decide(flow, reading) for oracle in oracles]
    asked = any(isinstance(atom, UnknownIn) and atom.unknown == SENT for atom in atoms_of(premise))
    for less in (*(() if asked else (None,)), *_less(flow.http)):
        touched: dict[str, Unknown] = {}
        shorter = replace(flow, http=less)
        found = [oracle.decide(shorter, reading, touched) for oracle in oracles]
        if found == verdicts and not any(name.startswith(FACT) for name in touched):
            return shorter
    return flow


def _less_of_kafka(
    flow: Flow, request: KafkaRequest, reading: Reading, oracles: Sequence[Oracle], premise: Pred
) -> Flow:
    verdicts = [oracle.decide(flow, reading) for oracle in oracles]
    asked = any(isinstance(atom, UnknownIn) and atom.unknown == STREAMED for atom in atoms_of(premise))
    of = request._replace
    less = (of(client=None, version=None), of(client=None), of(version=None))
    for kafka in (*(() if asked else (None,)), *less):
        touched: dict[str, Unknown] = {}
        shorter = replace(flow, kafka=kafka)
        found = [oracle.decide(shorter, reading, touched) for oracle in oracles]
        if found == verdicts and not any(name.startswith(KAFKA_FACT) for name in touched):
            return shorter
    return flow


def _less(request: Request) -> Iterator[Request]:
    yield request._replace(host="", headers=None)
    yield request._replace(headers=None)
    yield request._replace(host="")


def of_requests(requests: Requests) -> frozenset[str]:
    """The names of unknowns that a request gives a value."""
    return frozenset(unknown.name for unknown in requests.unknowns) if requests.clauses else frozenset()
