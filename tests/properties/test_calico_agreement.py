"""On generated Calico sets the program, its encoder and an independent reading of Calico give every flow the same verdict."""

from __future__ import annotations

import pytest

from against_calico_reference import calico_disagreements

BATCH = 100  # sets for each row: a test of its own for each would cost more than the set


@pytest.mark.parametrize("batch", range(20))
def test_everybody_says_the_same_of_calico(batch: int) -> None:
    """From manifests to verdict, the oracle decides flows as the reference does, and encoder and reduction as the oracle."""
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        assert calico_disagreements(seed) == [], f"seed {seed}"
