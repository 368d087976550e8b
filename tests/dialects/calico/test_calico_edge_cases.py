"""The table of edge cases of Calico, run through the dialect and the oracle."""

from __future__ import annotations

import pytest

import npverify
from dialects.calico.edge_case import Case
from dialects.calico.edge_cases import CASES, NOT_DECIDABLE
from dialects.calico.edge_queries import directions_of, flow_of, world_of
from dialects.calico.misreadings import MISREADINGS
from dialects.queries import readings_of
from npverify.oracle import Oracle

LEGAL = [pytest.param(case, id=case.id) for case in (*CASES, *MISREADINGS) if case.queries]
REFUSED = [pytest.param(case, id=case.id) for case in CASES if case.refused]


@pytest.mark.parametrize("case", LEGAL)
def test_a_flow_is_worth_what_the_table_says(case: Case) -> None:
    """Each query of each legal case has the verdict of the table, under each reading that it speaks about."""
    world = world_of(case)
    assert set(case.warned) <= {d.code for d in world.warnings}
    oracle = Oracle(world.policies, world.inventory)
    for query in case.queries:
        flow = flow_of(query, world.inventory)
        for reading, want in readings_of(query, world.policies.switches):  # type: ignore[arg-type]  # it has `want`
            said = all(oracle.side(d, flow, reading).allowed for d in directions_of(query))
            assert said is want, (query, reading, oracle.decide(flow, reading))


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_api_refuses_is_an_error(case: Case) -> None:
    """Each refused case ends in exactly the errors of the table."""
    with pytest.raises(npverify.InputError) as raised:
        world_of(case)
    assert [d.code for d in raised.value.diagnostics if d.severity == "error"] == list(case.refused)


def test_every_number_is_covered() -> None:
    """Each of the 107 numbers has a case or a reason why it has none, and no number has both."""
    assert sorted({c.number for c in CASES} | set(NOT_DECIDABLE)) == list(range(1, 108))
    assert not {c.number for c in CASES} & set(NOT_DECIDABLE)


def test_every_misreading_is_covered() -> None:
    """Each item of the list of misreadings has a row."""
    assert {c.number for c in MISREADINGS} == set(range(1, 17))


def test_every_case_asks_something() -> None:
    """A case has a query, or says why it is refused, names its source, and is told apart by its text."""
    assert all(bool(c.queries) != bool(c.refused) for c in CASES)
    assert all(c.source for c in CASES)
    assert len({c.id for c in (*CASES, *MISREADINGS)}) == len(CASES) + len(MISREADINGS)
