"""Under every plugin the oracle, the encoder and the reduction agree; cluster-wide policies mean what a second telling says."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from agreement import disagreements
from npverify.normal.policy import Direction
from npverify.oracle import Oracle
from plugin_worlds import random_cluster_world, random_plugin_world, said
from worlds import random_flow


@pytest.mark.parametrize("seed", range(25))
def test_the_encoding_means_what_the_oracle_says(seed: int) -> None:
    """In each direction, of each flow and under each reading, encoder, reduction and oracle agree."""
    assert disagreements(Random(seed), 8, random_plugin_world) == []


@pytest.mark.parametrize("seed", range(35))
def test_cluster_policies_mean_what_is_told_of_them(seed: int) -> None:
    """The verdict of each direction is that of a walk over the manifests: admin, NetworkPolicies, baseline."""
    rng = Random(seed)
    made = random_cluster_world(rng)
    oracle = Oracle(made.world.policies, made.world.inventory)
    asked = 0
    for _ in range(20):
        flow = random_flow(rng, made.world)
        if flow.via is not None:
            flow = replace(flow, via=None)
        told = said(made, flow)
        if told is not None:
            asked += 1
            assert {d: oracle.side(d, flow).allowed for d in Direction} == told, flow
    assert asked
