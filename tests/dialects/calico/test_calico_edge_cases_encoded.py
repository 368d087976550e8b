"""The table of edge cases of Calico, run through the encoder and the reduction."""

from __future__ import annotations

import pytest

from agreement import encoded
from dialects.calico.edge_case import Case
from dialects.calico.edge_cases import CASES
from dialects.calico.edge_queries import directions_of, flow_of, world_of
from dialects.calico.misreadings import MISREADINGS
from dialects.queries import readings_of
from npverify.reduction.residuals import Residuals

LEGAL = [pytest.param(case, id=case.id) for case in (*CASES, *MISREADINGS) if case.queries]


@pytest.mark.parametrize("case", LEGAL)
def test_the_formula_of_a_flow_is_worth_what_the_table_says(case: Case) -> None:
    """Each query has the verdict of the table in the encoder and in the reduction, under each reading it speaks about."""
    world = world_of(case)
    residuals = Residuals(world.inventory, world.policies)
    for query in case.queries:
        flow = flow_of(query, world.inventory)
        readings = list(readings_of(query, world.policies.switches))  # type: ignore[arg-type]  # it has `want`
        said = encoded(flow, (reading for reading, _ in readings), world, residuals, directions_of(query))
        for (reading, want), (by_encoder, by_reduction) in zip(readings, said, strict=True):
            assert (by_encoder, by_reduction) == (want, want), (query, reading)
