"""Orders that avoid forbidden states, against all permutations."""

from __future__ import annotations

from itertools import permutations
from random import Random

import pytest

from npverify.smt.orders import Cube, Orders
from npverify.smt.solver import BUDGETS, Budget, UndecidedError


def cubes_of(rng: Random, count: int) -> list[Cube]:
    made = []
    for _ in range(rng.randint(0, 6)):
        done = frozenset(n for n in range(count) if rng.random() < 0.3)
        made.append(Cube(done, frozenset(n for n in range(count) if n not in done and rng.random() < 0.4)))
    return made


def passes(order: tuple[int, ...], cubes: list[Cube]) -> bool:
    """Whether a set of the first things, neither none nor all, is in a cube."""
    return any(cube.holds(order[:k]) for k in range(1, len(order)) for cube in cubes)


@pytest.mark.parametrize("seed", range(120))
def test_the_first_order_is_the_least_permutation_that_avoids_every_cube(seed: int) -> None:
    """Or there is none, and then the cubes alone say so; also where a cube asks for nothing done or nothing open."""
    rng = Random(seed)
    count = rng.randint(1, 5)
    cubes = cubes_of(rng, count)
    orders = Orders(count, BUDGETS["normal"])
    for cube in cubes:
        orders.forbid(cube)
    expected = next((p for p in permutations(range(count)) if not passes(p, cubes)), None)
    assert orders.first() == expected
    assert orders.none_without(cubes) is (expected is None)


def test_a_spent_budget_is_no_answer() -> None:
    """Neither an order nor that there is none."""
    count = 14
    orders = Orders(count, Budget(rlimit=1))
    rng = Random(3)
    for _ in range(60):
        three = rng.sample(range(count), 4)
        orders.forbid(Cube(frozenset(three[:2]), frozenset(three[2:])))
    with pytest.raises(UndecidedError, match="gave up"):
        orders.first()
