"""Where readers of cluster-wide policies, and a second telling of what those say, do not agree."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from agreement import Readers
from npverify.normal.policy import Direction
from plugin_worlds import random_cluster_world, said
from worlds import random_case

FLOWS, ENCODED = 6, 2  # for the second telling; those of them that the solver's side is asked about


def cluster_disagreements(seed: int) -> list[str]:
    """What does not agree in the world of one seed: ClusterNetworkPolicies, or the two kinds that came before them."""
    rng = Random(seed)
    made = random_cluster_world(rng, admin=seed % 2 == 1)
    readers = Readers(made.world)
    cases = [random_case(rng, made.world) for _ in range(FLOWS)]
    found = readers.disagreements(cases[:ENCODED])
    for case in cases:
        flow = replace(case.flow, via=None)
        told = said(made, flow)
        by_oracle = {d: readers.oracle.side(d, flow).allowed for d in Direction}
        if told is not None and by_oracle != told:
            found.append(f"the oracle says {by_oracle}, the second telling {told}, of {flow}\n{made.cluster}")
    return found
