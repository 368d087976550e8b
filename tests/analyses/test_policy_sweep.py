"""The sweep over all policies answers as the question to the solver about each of them does, and as brute force does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from random import Random

import pytest
import small_natives

import npverify
from calico_worlds import random_calico
from lint.small_ties import every_flow, manifests, world_of
from npverify.analyses.engine import Engine
from npverify.analyses.policy_sweep import PolicySweep, Property
from npverify.analyses.prove_policies import decide_by_solver
from npverify.analyses.world import World
from npverify.inventory.unknowns import Reading
from npverify.normal.flow import Flow
from npverify.normal.policy import Direction, Half, Policy, PolicyId, PolicySet
from npverify.oracle import Oracle
from npverify.smt.solver import BUDGETS, UndecidedError
from worlds import random_world

ASKED: tuple[Property, ...] = ("redundant", "shadowed")


def swept(world: World) -> tuple[Engine, PolicySweep]:
    """The machinery of both ways."""
    engine = Engine(world, BUDGETS["normal"])
    return engine, PolicySweep(world.inventory, engine.residuals, engine.obligations.premises, engine.candidates)


def disagreements(world: World) -> list[str]:
    """The policies of which the sweep says something that the solver does not."""
    engine, sweep = swept(world)
    found = []
    for policy in sorted(world.defined):
        for asked in ASKED:
            said = sweep.holds(policy, asked)
            by_default = sweep.matters_by_default(policy, asked)
            by_reading = sweep.depends(policy, asked)
            if said is None and not by_default and not by_reading:
                continue
            try:
                answer = decide_by_solver(engine, policy, asked, want=False)
            except UndecidedError as gave_up:
                found.append(f"{policy} is {asked}: {said}, but the solver gives up: {gave_up}")
                continue
            if said is not None and (said, not said) != (answer.holds, answer.never):
                found.append(f"{policy} is {asked}: {said}, but the solver says {answer}")
            if by_reading and (answer.holds or answer.never):
                found.append(f"{policy} is {asked} under some reading only, but the solver says {answer}")
            if by_default and answer.holds:
                found.append(f"{policy} is not {asked} under the default reading, but the solver says that it is")
    return found


@pytest.mark.parametrize("seed", range(40))
def test_the_sweep_agrees_with_the_solver_on_native_policies(seed: int):
    """What it says of a policy is so under every reading, and it says nothing that hangs on a reading."""
    assert disagreements(random_world(Random(seed))) == []


@pytest.mark.parametrize("seed", [*range(25), 137])
def test_the_sweep_agrees_with_the_solver_on_tiers(seed: int):
    """The same of Calico's policies and those of the cluster, with rules that deny and pass."""
    assert disagreements(random_calico(Random(seed)).world) == []


@pytest.mark.parametrize("seed", range(8))
def test_the_sweep_agrees_with_the_solver_on_hosts(seed: int):
    """The same with host endpoints, where several stages judge."""
    assert disagreements(random_calico(Random(seed), hosts=True).world) == []


def changed(policies: PolicySet, policy: PolicyId, asked: Property) -> PolicySet:
    """The set without a policy, or with its rules taken away."""

    def of(listed: tuple[Policy, ...]) -> tuple[Policy, ...]:
        if asked == "redundant":
            return tuple(p for p in listed if p.id != policy)
        return tuple(replace(p, rules=()) if p.id == policy else p for p in listed)

    for direction in Direction:
        stages = policies.half(direction).stages
        edited = (replace(s, tiers=tuple(replace(t, policies=of(t.policies)) for t in s.tiers)) for s in stages)
        policies = policies.with_half(direction, Half(tuple(edited)))
    return policies


Judged = list[tuple[Flow, dict[Direction, bool]]]


def judged(world: World, flows: Iterable[Flow], reading: Reading) -> Judged:
    """The flows, as each direction judges them under a reading."""
    oracle = Oracle(world.policies, world.inventory)
    return [(flow, {d: oracle.side(d, flow, reading).allowed for d in Direction}) for flow in flows]


def by_brute_force(world: World, policy: PolicyId, asked: Property, flows: Judged, reading: Reading) -> bool:
    """Whether no flow at all is judged otherwise: both directions together, or for the rules alone each by itself.

    Only a direction in which the policy stands is judged again: the policies of the other are the same.
    """
    then = Oracle(changed(world.policies, policy, asked), world.inventory)
    halves = {d: world.policies.half(d) for d in Direction}
    touched = [d for d, half in halves.items() if any(p.id == policy for t in half.tiers for p in t.policies)]
    for flow, before in flows:
        after = before | {d: then.side(d, flow, reading).allowed for d in touched}
        if before != after and (asked == "shadowed" or all(before.values()) is not all(after.values())):
            return False
    return True


def with_rules(world: World) -> set[PolicyId]:
    """The policies that have any rules."""
    parts = (p for d in Direction for t in world.policies.half(d).tiers for p in t.policies)
    return {p.id for p in parts if p.rules}


@pytest.mark.parametrize("seed", range(60))
def test_the_sweep_agrees_with_brute_force_on_small_worlds(seed: int):
    """In a world with few flows, all of them are tried."""
    world = world_of(manifests(Random(seed)))
    _, sweep = swept(world)
    flows = judged(world, every_flow(world), {})
    for policy in sorted(world.defined):
        for asked in ASKED:
            said = sweep.holds(policy, asked)
            if said is not None and (asked == "redundant" or policy in with_rules(world)):
                assert said is by_brute_force(world, policy, asked, flows, {}), (policy, asked)


@pytest.mark.parametrize("block", range(10))
def test_the_sweep_agrees_with_brute_force_on_native_policies(block: int):
    """Of 500 sets: what is said is so under every reading that they tell apart, or under some of them and not under others.

    Of what is left open the solver is asked, in one set of ten.
    """
    for seed in range(50 * block, 50 * block + 50):
        objects = small_natives.manifests(Random(seed))
        world = small_natives.world_of(objects)
        engine, sweep = swept(world)
        flows = list(small_natives.every_flow(world))
        before = [(judged(world, flows, reading), reading) for reading in small_natives.readings_of(objects)]
        for policy in sorted(with_rules(world)):
            for asked in ASKED:
                said, depends = sweep.holds(policy, asked), sweep.depends(policy, asked)
                if said is None and not depends and seed % 10:
                    continue  # the solver takes its time
                tried = {by_brute_force(world, policy, asked, *each) for each in before}
                if said is not None or depends:
                    assert tried == ({True, False} if depends else {said}), (seed, policy, asked)
                else:
                    answer = decide_by_solver(engine, policy, asked, want=False)
                    assert tried <= {answer.holds, not answer.never}, (seed, policy, asked)


def test_the_generated_sets_have_all_answers():
    """Else the test above would compare less than it says: few are left open, and some hang on a reading."""
    said: Counter[object] = Counter()
    for seed in range(100):
        world = small_natives.world_of(small_natives.manifests(Random(seed)))
        _, sweep = swept(world)
        for policy in with_rules(world):
            for asked in ASKED:
                said["by reading" if sweep.depends(policy, asked) else sweep.holds(policy, asked)] += 1
    assert min(said[True], said[False], said["by reading"]) > 15
    assert said[None] < 0.06 * said.total()


def test_most_policies_are_settled_without_the_solver():
    """Else the tests above would compare nothing."""
    said: Counter[tuple[Property, bool | None]] = Counter()
    for seed in range(40):
        world = random_world(Random(seed))
        _, sweep = swept(world)
        said.update((asked, sweep.holds(policy, asked)) for policy in world.defined for asked in ASKED)
    for asked in ASKED:
        settled = said[asked, True], said[asked, False]
        assert min(settled) > 10
        assert sum(settled) > 5 * said[asked, None]


HANGS_ON_A_LABEL = """\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: c, image: api}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: every, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  ingress: [{ports: [{port: 80}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: some, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api, pod-template-generation: "2"}}
  ingress: [{ports: [{port: 80}, {port: 81}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""


def test_a_policy_that_may_select_makes_up_for_none_that_does():
    """Whether the label has that value is not known, so the policy without it may be needed."""
    world = npverify.load(["-"], stdin=HANGS_ON_A_LABEL.encode).world
    _, sweep = swept(world)
    answers = {p.name: [sweep.holds(p, asked) for asked in ASKED] for p in world.defined}
    assert answers["every"] == [None, None]
    assert disagreements(world) == []


ALL_BUT_ICMP = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
status: {phase: Running, podIP: 10.244.0.11}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
status: {phase: Running, podIP: 10.244.0.12}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: ports, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{ports: [{protocol: TCP}, {protocol: UDP}, {protocol: SCTP}]}]
"""


def test_a_policy_that_stops_only_what_may_be_exempt_is_left_to_the_reading():
    """It stops ICMP alone, and that the plugin may always allow."""
    world = npverify.load(["-"], stdin=ALL_BUT_ICMP.encode).world
    _, sweep = swept(world)
    assert [sweep.holds(p, "redundant") for p in world.defined] == [None]
    assert disagreements(world) == []


SILENT_BY_A_LABEL = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
status: {phase: Running, podIP: 10.244.0.11}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: c, image: api}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: heard, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: api}}}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: silent, namespace: shop}
spec: {podSelector: {matchLabels: {app: api, pod-template-generation: "2"}}, policyTypes: [Egress]}
"""


def test_what_a_policy_may_isolate_is_not_taken_for_silent():
    """Whether the pods have that label is not known, so they may send what the other policy allows."""
    world = npverify.load(["-"], stdin=SILENT_BY_A_LABEL.encode).world
    _, sweep = swept(world)
    assert {p.name: sweep.holds(p, "redundant") for p in world.defined}["heard"] is None
    assert disagreements(world) == []


def test_nothing_is_said_of_a_policy_on_which_it_hangs_who_judges():
    """Without it other host endpoints would judge, which a signature does not tell."""
    shifting = 0
    for seed in range(40):
        world = random_calico(Random(seed), hosts=True).world
        stages = [s for d in Direction for s in world.policies.half(d).stages if s.shifts]
        policies = {p.id for s in stages for t in s.tiers for p in t.policies}
        _, sweep = swept(world)
        assert {sweep.holds(p, "redundant") for p in policies} <= {None}
        shifting += len(policies)
    assert shifting


def _pod(name: str, number: int) -> str:
    return f"""\
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: shop, labels: {{app: {name}}}}}
status: {{phase: Running, podIP: 10.244.0.{number}}}
"""


def _native(name: str, spec: str) -> str:
    header = f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: shop}}"
    return f"{header}\nspec: {{{spec}}}\n"


CLIENTS = [f"client-{n}" for n in range(20)]
MANY_SEND = "---\n".join(
    (
        _pod("db", 100),
        *(_pod(name, 101 + n) for n, name in enumerate(CLIENTS)),
        _native("lets-in", "podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}]}]"),
        _native("closed", "podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]"),
        _native("silent", "podSelector: {}, policyTypes: [Egress]"),
        _native(
            "sends",
            f"podSelector: {{matchExpressions: [{{key: app, operator: In, values: [{', '.join(CLIENTS)}]}}]}}, "
            "policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]",
        ),
    )
)


@pytest.mark.parametrize(("gone", "redundant"), [((), False), (("sends",), True), (("silent",), False)])
def test_a_policy_that_is_gone_lets_nothing_pass(gone: tuple[str, ...], redundant: bool):
    """What one policy lets in from many senders counts only while another lets them send; of few peers of many pods, policies
    are found by whom they name."""
    world = npverify.load(["-"], stdin=MANY_SEND.encode).world
    _, sweep = swept(world)
    ids = {policy.name: policy for policy in world.defined}
    found = sweep.holds_beside(ids["lets-in"], "redundant", None, frozenset(ids[name] for name in gone))
    assert found is redundant
