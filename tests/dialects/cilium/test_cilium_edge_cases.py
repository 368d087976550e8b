"""The table of edge cases of Cilium, run through the dialect, the oracle, the encoder and the reduction."""

from __future__ import annotations

import pytest

import npverify
from agreement import encoded
from dialects.calico.edge_queries import directions_of, flow_of
from dialects.cilium.edge_case import Case
from dialects.cilium.edge_cases import CASES, ELSEWHERE, NOT_DECIDABLE
from dialects.queries import readings_of
from npverify.analyses.world import World
from npverify.ingest.files import File
from npverify.oracle import Oracle
from npverify.reduction.residuals import Residuals

LEGAL = [pytest.param(case, id=case.id) for case in CASES if case.queries]
REFUSED = [pytest.param(case, id=case.id) for case in CASES if case.refused]


def world_of(case: Case) -> World:
    """The world of a case; InputError where its manifests are refused."""
    assume = {"cilium_version": case.version, **case.assume}
    remotes = {"c2": [File("c2.yaml", case.remote, True)]} if case.remote else {}
    return npverify.load(["-"], cni="cilium", assume=assume, remotes=remotes, stdin=case.manifests.encode).world


@pytest.mark.parametrize("case", LEGAL)
def test_a_flow_is_worth_what_the_table_says(case: Case) -> None:
    """Each query of each legal case has the verdict of the table, in the oracle, the encoder and the reduction."""
    world = world_of(case)
    assert set(case.warned) <= {d.code for d in world.warnings}
    oracle = Oracle(world.policies, world.inventory)
    residuals = Residuals(world.inventory, world.policies)
    for query in case.queries:
        flow = flow_of(query, world.inventory)
        readings = list(readings_of(query, world.policies.switches))  # type: ignore[arg-type]  # it has `want`
        said = encoded(flow, (reading for reading, _ in readings), world, residuals, directions_of(query))
        for (reading, want), (by_encoder, by_reduction) in zip(readings, said, strict=True):
            by_oracle = all(oracle.side(d, flow, reading).allowed for d in directions_of(query))
            assert by_oracle is want, (query, reading, oracle.decide(flow, reading))
            assert (by_encoder, by_reduction) == (want, want), (query, reading)


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_invalid_is_an_error(case: Case) -> None:
    """Each refused case ends in exactly the errors of the table."""
    with pytest.raises(npverify.InputError) as raised:
        world_of(case)
    assert [d.code for d in raised.value.diagnostics if d.severity == "error"] == list(case.refused)


def test_every_number_has_a_place() -> None:
    """Each of the 108 numbers has a case, or a reason why files do not decide it."""
    covered = {case.number for case in CASES}
    assert sorted(covered | set(ELSEWHERE) | set(NOT_DECIDABLE)) == list(range(1, 109))
    assert not covered & (set(ELSEWHERE) | set(NOT_DECIDABLE))


def test_every_case_asks_something() -> None:
    """A case has a query, or says why it is refused, names its source, and is told apart by its text."""
    assert all(bool(case.queries) != bool(case.refused) and case.source for case in CASES)
    assert len({case.id for case in CASES}) == len(CASES)
