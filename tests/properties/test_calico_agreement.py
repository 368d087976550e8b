"""On generated Calico sets the program, its encoder and an independent reading of Calico give every flow the same verdict."""

from __future__ import annotations

from random import Random

import pytest

from against_calico_reference import calico_disagreements
from agreement import disagreements, obligation_disagreements
from calico_worlds import calico_world, random_calico_case

WORLDS = 100  # sets for each row: a test of its own for each would cost more than the set
BATCHES = range(10)
FLOWS = 8  # for each set
ENCODED = 1  # the solver takes its time


@pytest.mark.parametrize("batch", BATCHES)
def test_the_oracle_says_what_the_calico_reference_says(batch: int) -> None:
    """From manifests to verdict, the program decides each flow of each direction as the reference does."""
    for seed in range(batch * WORLDS, (batch + 1) * WORLDS):
        assert calico_disagreements(Random(seed), FLOWS) == [], f"seed {seed}"


@pytest.mark.parametrize("batch", BATCHES)
def test_so_it_is_with_host_endpoints(batch: int) -> None:
    """The same where nodes have host endpoints, of both directions together."""
    for seed in range(batch * WORLDS, (batch + 1) * WORLDS):
        assert calico_disagreements(Random(seed), FLOWS, hosts=True) == [], f"seed {seed}"


@pytest.mark.parametrize("batch", BATCHES)
def test_the_encoding_of_calico_means_what_the_oracle_says(batch: int) -> None:
    """In each direction, of each flow and under each reading, encoder, reduction and oracle agree."""
    for seed in range(batch * WORLDS, (batch + 1) * WORLDS):
        assert disagreements(Random(seed), ENCODED, calico_world, random_calico_case) == [], f"seed {seed}"


@pytest.mark.parametrize("batch", BATCHES)
def test_an_obligation_of_calico_is_true_of_the_flows_that_pass(batch: int) -> None:
    """The formula of `no A reaches B` holds of a flow between A and B exactly where the oracle lets the flow pass."""
    for seed in range((10 + batch) * WORLDS, (11 + batch) * WORLDS):
        assert obligation_disagreements(Random(seed), ENCODED, calico_world, random_calico_case) == [], f"seed {seed}"
