"""The sweep over all policies answers as the question to the solver about each of them does."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calico_worlds import random_calico
from npverify.analyses.engine import Engine
from npverify.analyses.policy_sweep import PolicySweep, Property
from npverify.analyses.prove_policies import decide_by_solver
from npverify.analyses.world import World
from npverify.smt.solver import BUDGETS, UndecidedError
from worlds import random_world

ASKED: tuple[Property, ...] = ("redundant", "shadowed")


def disagreements(world: World) -> list[str]:
    """The policies of which the sweep says something that the solver does not."""
    engine = Engine(world, BUDGETS["normal"])
    sweep = PolicySweep(world.inventory, engine.residuals, engine.obligations.premises, engine.candidates)
    found = []
    for policy in sorted(world.defined):
        for asked in ASKED:
            said = sweep.holds(policy, asked)
            if said is None:
                continue
            try:
                answer = decide_by_solver(engine, policy, asked, want=False)
            except UndecidedError as gave_up:
                found.append(f"{policy} is {asked}: {said}, but the solver gives up: {gave_up}")
                continue
            if (said, not said) != (answer.holds, answer.never):
                found.append(f"{policy} is {asked}: {said}, but the solver says {answer}")
    return found


@given(st.randoms(use_true_random=False))
def test_the_sweep_agrees_with_the_solver_on_native_policies(rng: Random):
    """What it says of a policy under every reading is so, and it says nothing that hangs on a reading."""
    assert disagreements(random_world(rng)) == []


@pytest.mark.parametrize("hosts", [False, True])
@given(rng=st.randoms(use_true_random=False))
def test_the_sweep_agrees_with_the_solver_on_tiers(hosts: bool, rng: Random):
    """The same of Calico's policies and those of the cluster, with rules that deny and pass, and with host endpoints."""
    assert disagreements(random_calico(rng, hosts=hosts).world) == []
