"""Flows as steps and arrows of an item."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.analyses.results import Counterexample
from npverify.analyses.world import World
from npverify.ingest.source import Span
from npverify.normal.flow import SideVerdict
from npverify.normal.predicates import Side
from npverify.report import words
from npverify.report.assumed import only_if
from npverify.report.items import Edge, Step


def flow_line(found: Counterexample) -> str:
    """`shop/web -> shop/db  TCP 5432, through service shop/db port 5432`."""
    flow = found.flow
    source, target = words.end_name(flow, Side.SRC), words.end_name(flow, Side.DST)
    return f"{source} -> {target}  {words.traffic(flow, found.any)}{words.via(flow)}"


def steps_of(found: Counterexample, world: World) -> tuple[Step, ...]:
    """The way of a flow: it sets out, both directions judge it, and what that needs."""
    return tuple(_steps(found, world))


def _steps(found: Counterexample, world: World) -> Iterator[Step]:
    yield Step(f"flow {flow_line(found)}")
    for side in (found.side,) if found.side else (found.verdict.egress, found.verdict.ingress):
        yield Step(f"{side.direction} {words.verdict(side, found.flow, world.policies)}", _decided_at(side))
    for needed in found.reading:
        yield Step(f"only if {only_if(needed)}")


def _decided_at(side: SideVerdict) -> Span | None:
    """The rule that decided, else the policy."""
    for by in side.by:
        span = by.rule.span if by.rule is not None and by.rule.span else by.policy.span
        if span is not None and span.line:
            return span
    return None


def edge_of(found: Counterexample) -> Edge:
    """The flow as an arrow."""
    flow = found.flow
    source, target = words.end_name(flow, Side.SRC), words.end_name(flow, Side.DST)
    return Edge(source, target, f"{words.traffic(flow, found.any)}{words.via(flow)}")
