"""The table of edge cases, run through the encoder and the reduction."""

from __future__ import annotations

import pytest

from agreement import encoded
from dialects.edge_cases import CASES, Case
from dialects.queries import flow_of, readings_of
from helpers import documents
from npverify.analyses.world import World
from npverify.dialects import lower, profile
from npverify.ingest.source import Problems
from npverify.inventory.build import build
from npverify.reduction.residuals import Residuals

LEGAL = [pytest.param(case, id=f"{case.number} {case.fact}") for case in CASES if case.queries]


@pytest.mark.parametrize("case", LEGAL)
def test_the_formula_of_a_flow_is_worth_what_the_table_says(case: Case) -> None:
    """Each query has the verdict of the table in the encoder and in the reduction, under each reading it speaks about."""
    found = documents(case.manifests)
    inventory = build(found, Problems())
    world = World(inventory, lower(found, profile("kubernetes", case.assume), Problems(), inventory).policies)
    residuals = Residuals(inventory, world.policies)
    for query in case.queries:
        flow = flow_of(query, inventory)
        readings = list(readings_of(query, world.policies.switches))
        said = encoded(flow, (reading for reading, _ in readings), world, residuals)
        for (reading, want), (by_encoder, by_reduction) in zip(readings, said, strict=True):
            assert (by_encoder, by_reduction) == (want, want), (query, reading)
