"""What stands beside an explanation: other replicas or backends that fare otherwise, the parts of a range, siblings of a flow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from npverify.analyses.evaluate import evaluator
from npverify.analyses.explain import Explanation, explain_evaluation
from npverify.analyses.flows import FlowReader, Query
from npverify.analyses.ranges import Ask, Part, Ranges
from npverify.analyses.results import Evaluation
from npverify.analyses.world import World
from npverify.inventory.addresses import Prefix
from npverify.normal.flow import PORT_PROTOCOLS, Flow


class Other(NamedTuple):
    """Flows of a query that fare otherwise than the one that is explained: the first of them, and how many there are."""

    evaluation: Evaluation
    number: int


class Siblings(NamedTuple):
    """Flows between the same ends that fare otherwise: the same port by another protocol, another port that the
    destination declares."""

    allowed: bool
    traffic: tuple[tuple[str, int], ...]


class ExplainedPart(NamedTuple):
    """A part of a range, with why it fares as it does."""

    part: Part
    explanation: Explanation


def others(world: World, query: Query, told: Evaluation) -> tuple[Other, ...]:
    """The flows of a query that fare otherwise than `told`, by how they fare."""
    it = evaluator(world)
    found: dict[tuple[object, ...], Other] = {}
    for row in query.flows:
        for flow in row:
            each = it.evaluate(flow)
            key = (each.verdict.egress.allowed, each.verdict.ingress.allowed)
            if each.verdict.allowed != told.verdict.allowed:
                known = found.get(key, Other(each, 0))
                found[key] = known._replace(number=known.number + 1)
    return tuple(found.values())


def siblings(world: World, told: Evaluation) -> Siblings:
    """The siblings of a flow that fare otherwise; none for protocols without ports and for flows through a Service or another way in."""
    flow = told.flow
    if (
        flow.port is None
        or (flow.http, flow.dns, flow.kafka) != (None, None, None)
        or (flow.via, flow.entry) != (None, None)
    ):
        return Siblings(not told.verdict.allowed, ())
    it = evaluator(world)
    differ = (
        (other.protocol, other.port)
        for other in _siblings(flow)
        if other.port is not None and it.evaluate(other).verdict.allowed != told.verdict.allowed
    )
    return Siblings(not told.verdict.allowed, tuple(dict.fromkeys(differ)))


def _siblings(flow: Flow) -> Iterator[Flow]:
    for protocol in PORT_PROTOCOLS:
        if protocol != flow.protocol:
            yield replace(flow, protocol=protocol)
    for port in flow.dst.ports:
        yield replace(flow, protocol=port.protocol, port=port.number)


def explain_range(world: World, reader: FlowReader, prefix: Prefix, ask: Ask) -> tuple[ExplainedPart, ...]:
    """The parts of a range that fare differently, each with its why. InputError where nothing in it can be an end."""
    parts = Ranges(world, reader).split(prefix, ask)
    return tuple(ExplainedPart(part, explain_evaluation(world, part.evaluation)) for part in parts)
