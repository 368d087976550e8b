"""The laws of `rollout`, over small changes whose every state is judged by a few lines of Python."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, permutations
from random import Random

import npverify
from npverify.analyses.rollout.results import BadStates, Outcome
from npverify.report.json_values import dumps
from npverify.report.rollout_json import rollout_json
from small_rollouts import Small, State, small, states, tiered


def order_of(result: npverify.RolloutResult) -> list[int] | None:
    """The numbers of the policies, in the order of the answer."""
    return None if result.order is None else [int(edit.document.name[1:]) for step in result.order for edit in step]


def cube_of(bad: BadStates) -> tuple[State, State]:
    done, open_ = (frozenset(int(edit.document.name[1:]) for edit in edits) for edits in (bad.done, bad.open))
    return done, open_


def in_cube(state: State, cube: tuple[State, State]) -> bool:
    return cube[0] <= state and cube[1].isdisjoint(state)


def check_refutation(made: Small, result: npverify.RolloutResult) -> None:
    """Every state that is shown breaks what it is shown for, every order passes through one, and none can be left out."""
    claims = {claim.text: claim for claim in made.claims}
    cubes = [cube_of(bad) for bad in result.bad]
    for bad, cube in zip(result.bad, cubes, strict=True):
        assert bad.broken is not None
        claim = claims[bad.broken.answer.assertion.text]
        assert not any(claim.holds(made.policies(state)) for state in states(made.count) if in_cube(state, cube))
    passed = [
        {n for n, cube in enumerate(cubes) for k in range(1, made.count) if in_cube(frozenset(order[:k]), cube)}
        for order in permutations(range(made.count))
    ]
    assert all(passed)
    assert all({n} in passed for n in range(len(cubes)))


def test_an_order_is_found_exactly_if_there_is_one() -> None:
    """300 changes of up to six edits: the answer is the least order that a walk through all states finds, and a refutation
    holds for every permutation. A third of the changes need a second look, and more than twenty have no order."""
    seen: Counter[str] = Counter()
    for seed in range(300):
        made = small(Random(seed), 6 if seed % 2 else 4)
        result = made.rollout()
        assert {a.text for a in result.kept} == {claim.text for claim in made.claims}
        expected = made.first_order(made.numbers(result))
        assert order_of(result) == expected, f"seed {seed}"
        if expected is None:
            assert result.outcome is Outcome.NONE
            check_refutation(made, result)
        seen[str(result.outcome)] += 1
        seen["again"] += result.proposed > 1
        seen["packet"] += result.packet is not None
    assert seen["none"] > 20
    assert seen["again"] > 100
    assert seen["packet"] > 0


def test_every_state_of_a_found_order_is_proved_by_a_fresh_run() -> None:
    """What was read, reduced and asked for the state alone says the same as the states of the search."""
    for seed in range(40, 52):
        made = small(Random(seed))
        order = order_of(made.rollout())
        for k in range(1, made.count) if order is not None else ():
            done = frozenset(order[:k])
            pods_and_policies = Small(
                tuple((pair[n in done], None) for n, pair in enumerate(made.versions)), made.claims
            )
            spec = npverify_spec(made)
            loaded = npverify.load([pods_and_policies.file(0)], specs=[spec])
            answers = npverify.prove(loaded.world, loaded.assertions).results
            assert {answer.status for answer in answers} == {npverify.Status.PROVED}


def npverify_spec(made: Small):  # type: ignore[no-untyped-def]
    from npverify.ingest.files import File

    return File("facts.npv", "".join(f"assert {claim.text}\n" for claim in made.claims), True)


def test_tiers_and_orders_of_calico_are_searched_alike() -> None:
    """Allow, deny and pass in tiers that move: the answer is that of a walk through the fresh runs of all states."""
    seen: Counter[str] = Counter()
    for seed in range(8):
        made = tiered(Random(seed), 3)
        result = made.rollout()
        numbers = [made.number(edit) for edit in result.edits]
        everything = frozenset(numbers)
        proved = {state: made.proved(state) for state in subsets(numbers)}
        kept = proved[frozenset()] & proved[everything]
        assert {a.text for a in result.kept} == kept
        leads = {everything: True}
        for state in sorted(proved, key=len, reverse=True)[1:]:
            fine = not state or (kept <= proved[state] and not made.refused(state))
            leads[state] = fine and any(leads[state | {n}] for n in everything - state)
        found = None if result.order is None else [made.number(edit) for step in result.order for edit in step]
        assert (found is not None) == leads[frozenset()], f"seed {seed}"
        for k in range(len(found or ())):
            assert leads[frozenset((found or [])[:k])], f"seed {seed}"
        for bad in result.bad:
            done, open_ = (frozenset(map(made.number, edits)) for edits in (bad.done, bad.open))
            inside = [s for s in proved if in_cube(s, (done, open_)) and 0 < len(s) < len(everything)]
            wrong = "" if bad.broken is None else bad.broken.answer.assertion.text
            assert all(wrong not in proved[s] if wrong else made.refused(s) for s in inside)
        seen["entangled"] += any(edit.document.kind == "Tier" for edit in result.edits)
        seen["again"] += result.proposed > 1
    assert seen["entangled"] > 2
    assert seen["again"] > 0


def subsets(numbers: list[int]) -> list[State]:
    return [frozenset(some) for size in range(len(numbers) + 1) for some in combinations(numbers, size)]


def test_the_same_question_gives_the_same_bytes() -> None:
    """Whatever was asked before, and however the solver finds its models."""
    for seed in (3, 8, 21):
        once, twice = (dumps(rollout_json(small(Random(seed)).rollout())) for _ in range(2))
        assert once == twice


def test_more_to_keep_leaves_no_more_orders() -> None:
    """Without some of the assertions, an order stays an order; the least one comes no later."""
    for seed in range(60, 72):
        made = small(Random(seed))
        fewer = Small(made.versions, made.claims[::2])
        with_all, with_some = order_of(made.rollout()), order_of(fewer.rollout())
        if with_all is not None:
            assert with_some is not None
            place = fewer.numbers(fewer.rollout()).index
            assert list(map(place, with_some)) <= list(map(place, with_all))
