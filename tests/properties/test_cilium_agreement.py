"""Cilium's policies mean the same to the oracle, the encoder, the reduction, and to a second telling of the rules."""

from __future__ import annotations

import pytest

from cilium_agreement import cilium_disagreements


@pytest.mark.parametrize("seed", range(250))
def test_all_readers_of_ciliums_policies_agree(seed: int) -> None:
    """In one random world, each flow has one verdict in each direction under each reading, whoever tells it."""
    assert cilium_disagreements(seed) == []
