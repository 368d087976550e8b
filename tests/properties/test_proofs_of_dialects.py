"""Proofs in the worlds of every dialect against random flows, with assertions as they are written: what they leave out as well."""

from __future__ import annotations

import pytest

from proof_agreement import WORLDS, proof_disagreements

SEEDS = 60


@pytest.mark.parametrize("first", range(0, SEEDS, 20))
@pytest.mark.parametrize("dialect", WORLDS)
def test_no_flow_breaks_an_answer(dialect: str, first: int) -> None:
    """What is proved no flow breaks, what is vacuous has none, and where nothing passes no flow does."""
    assert [line for seed in range(first, first + 20) for line in proof_disagreements(dialect, seed)] == []
