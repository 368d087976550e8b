"""The table of edge cases, run through the dialect and the oracle."""

from __future__ import annotations

import pytest

from dialects.edge_cases import CASES, NOT_DECIDABLE, Case
from dialects.queries import flow_of, readings_of
from helpers import documents
from npverify.dialects import lower, profile
from npverify.ingest.source import Problems
from npverify.inventory.build import build
from npverify.oracle import Oracle

EVERY = [pytest.param(case, id=f"{case.number} {case.fact}") for case in CASES]


@pytest.mark.parametrize("case", EVERY)
def test_a_flow_is_worth_what_the_table_says(case: Case) -> None:
    """Each query of each legal case has the verdict of the table, under each reading that it speaks about."""
    problems = Problems()
    found = documents(case.manifests)
    inventory = build(found, problems)
    lowered = lower(found, profile("kubernetes", case.assume), problems, inventory)
    assert [d.code for d in problems.errors] == list(case.refused)
    assert set(case.warned) <= {d.code for d in problems.warnings}
    oracle = Oracle(lowered.policies, inventory)
    for query in case.queries:
        flow = flow_of(query, inventory)
        for reading, want in readings_of(query, lowered.policies.switches):
            assert oracle.decide(flow, reading).allowed is want, (query, reading)


def test_every_number_is_covered() -> None:
    """Each of the 106 numbers has a case or a reason why it has none, and no number has both."""
    assert sorted({c.number for c in CASES} | set(NOT_DECIDABLE)) == list(range(1, 107))
    assert not {c.number for c in CASES} & set(NOT_DECIDABLE)


def test_every_case_asks_something() -> None:
    """A case has a query, or says why it is refused, and its facts are told apart by their text."""
    assert all(bool(c.queries) != bool(c.refused) for c in CASES)
    assert len({(c.number, c.fact) for c in CASES}) == len(CASES)
