"""The program and an independent reading of the specification give every flow the same verdict."""

from __future__ import annotations

from random import Random

import pytest

from against_reference import reference_disagreements

CASES = 30  # flows for each world


@pytest.mark.parametrize("seed", range(300))
def test_the_oracle_says_what_the_reference_says(seed: int) -> None:
    """From manifests to verdict, the program decides each flow under each reading as the reference does."""
    assert reference_disagreements(Random(seed), CASES) == []
