"""What is proved of a way in no packet that comes that way breaks, and what refutes it is one of them."""

from __future__ import annotations

import pytest

from entry_agreement import entry_disagreements


@pytest.mark.parametrize("seed", range(90))
def test_prover_and_arrivals_agree(seed: int) -> None:
    """Under random policies and readings, of each way by its name, and of all ways where none is named."""
    assert entry_disagreements(seed) == []
