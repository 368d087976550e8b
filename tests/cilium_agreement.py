"""Where the oracle, the encoder and the reduction, and the second telling of Cilium's rules, do not agree."""

from __future__ import annotations

from random import Random

from agreement import disagreements
from calico_worlds import random_calico_case
from cilium_worlds import random_cilium, said
from npverify.normal.policy import Direction
from npverify.oracle import Oracle


def cilium_disagreements(seed: int, cases: int = 6) -> list[str]:
    """What does not agree in the world of one seed; empty if all do."""
    made = random_cilium(Random(seed))
    oracle = Oracle(made.world.policies, made.world.inventory)
    rng = Random(seed + 1)
    found = disagreements(rng, cases, lambda _: made.world, random_calico_case)
    for _ in range(4 * cases):
        case = random_calico_case(rng, made.world)
        for direction in Direction:
            verdict = oracle.side(direction, case.flow, case.reading)
            if verdict.allowed is not said(made, case, direction.value):
                found.append(f"{direction.value} of {case}: {verdict}\n{made.policies}")
    return found
