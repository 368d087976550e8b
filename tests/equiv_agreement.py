"""What `equiv` says with and without the comparison by subjects, and what the oracle says of whom both sets say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from unittest.mock import patch

import calico_worlds
import cilium_worlds
import plugin_worlds
import worlds
from npverify.analyses import equiv as comparing
from npverify.analyses.equiv import Kept, equiv_after
from npverify.analyses.equiv_results import Equivalence, EquivResult
from npverify.analyses.world import World
from npverify.normal.policy import Direction, Policy
from npverify.oracle import Oracle
from npverify.reduction.agreement import Agreement, Readers
from npverify.report.equiv_json import equiv_json
from other_words import changed, in_other_words
from worlds import Case

FLOWS = 40

Draw = Callable[[Random, World], Case]
WORLDS: tuple[tuple[Callable[[Random], World], Draw], ...] = (
    (worlds.random_world, worlds.random_case),
    (lambda rng: calico_worlds.random_calico(rng, hosts=rng.random() < 0.3).world, calico_worlds.random_calico_case),
    (lambda rng: calico_worlds.random_calico(rng, mixed=True).world, calico_worlds.random_calico_case),
    (lambda rng: cilium_worlds.random_cilium(rng).world, calico_worlds.random_calico_case),
    (lambda rng: cilium_worlds.random_mixed(rng).world, calico_worlds.random_calico_case),
    (plugin_worlds.random_plugin_world, worlds.random_case),
    (lambda rng: plugin_worlds.random_cluster_world(rng).world, worlds.random_case),
)


def equiv_disagreements(seed: int) -> list[str]:
    """About a set of one dialect after the other, the same in other words, and that with one place changed."""
    rng = Random(seed)
    world, draw = WORLDS[seed % len(WORLDS)]
    left = world(rng)
    alike = in_other_words(rng, left)
    cases = [draw(rng, left) for _ in range(FLOWS)]
    found = [*subject_disagreements(left, alike, cases)]
    quick = equiv_after(Kept(), left, alike, every=True, allow_empty=True)
    if quick.status is not Equivalence.EQUIVALENT:
        found.append(f"the same in other words is {quick.status.value}: {quick.because}")
    found += path_disagreements(left, alike, quick)
    wrong = changed(rng, alike)
    found += subject_disagreements(left, wrong, cases)
    found += path_disagreements(left, wrong, equiv_after(Kept(), left, wrong, every=True, allow_empty=True))
    return found


def path_disagreements(left: World, right: World, quick: EquivResult) -> Iterator[str]:
    """Where the answer is another one if every endpoint is looked at. Both replay their witness, as every answer does."""
    with patch.object(comparing, "agreement_of", lambda *_: None):
        plain = equiv_after(Kept(), left, right, every=True, allow_empty=True)
    if equiv_json(quick) != equiv_json(plain) or (quick.regions, quick.pairs) != (plain.regions, plain.pairs):
        yield f"by subjects {equiv_json(quick)}, by endpoints {equiv_json(plain)}"


def subject_disagreements(left: World, right: World, cases: Sequence[Case]) -> Iterator[str]:
    """Flows that the oracles of two sets judge differently though no policy that may say something else selects their subject."""
    agreed = Readers().agreement(left.policies, right.policies, lambda: None)
    here, there = (Oracle(world.policies, left.inventory) for world in (left, right))
    for case in cases:
        for direction in Direction:
            if not _settled(agreed, direction, (here, there), case):
                continue
            one, other = (oracle.side(direction, case.flow, case.reading) for oracle in (here, there))
            if one.allowed is not other.allowed:
                yield f"{direction} of {case.flow} under {case.reading}: {one} and {other}"


def _settled(agreed: Agreement, direction: Direction, oracles: tuple[Oracle, Oracle], case: Case) -> bool:
    """Whether both sets are said to say the same of the subject of a flow."""
    differing = agreed.differing[direction]
    if differing is None:
        return False
    return not any(
        _selects(oracle, policy, direction, case)
        for oracle, policies in zip(oracles, differing, strict=True)
        for policy in policies
    )


def _selects(oracle: Oracle, policy: Policy, direction: Direction, case: Case) -> bool:
    return oracle.seen(case.flow, case.reading, direction).holds(policy.subject)
