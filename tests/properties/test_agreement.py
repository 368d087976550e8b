"""The law that matters most: the oracle, the encoder and the reduction give every flow the same verdict."""

from __future__ import annotations

from random import Random

import pytest

from agreement import disagreements, obligation_disagreements

CASES = 10  # flows for each world


@pytest.mark.parametrize("seed", range(130))
def test_the_encoding_means_what_the_oracle_says(seed: int) -> None:
    """In each direction, of each flow and under each reading, encoder, reduction and oracle agree."""
    assert disagreements(Random(seed), CASES) == []


@pytest.mark.parametrize("seed", range(130, 230))
def test_an_obligation_is_true_of_the_flows_that_pass(seed: int) -> None:
    """The formula of `no A reaches B` holds of a flow between A and B exactly where the oracle lets the flow pass."""
    assert obligation_disagreements(Random(seed), CASES) == []
