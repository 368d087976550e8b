"""The algebra of NetworkPolicies, on random manifests: what must hold of every input, whatever the policies say."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from npverify.analyses.prove import prove
from npverify.analyses.world import World
from npverify.assertions.claims import AllFlows, Assertion, Leg
from npverify.dialects import lower, profile
from npverify.ingest.source import Problems, Span
from npverify.inventory.build import build
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.normal.policy import Direction
from npverify.normal.predicates import TRUE, and_, not_, or_
from npverify.oracle import Oracle
from npverify.smt.solver import satisfiable
from npverify.smt.walk import allowed
from worlds import Case, Made, document, random_case, random_manifests

seeds = st.integers(0, 1 << 32)
law = settings(max_examples=60, deadline=None, derandomize=True)
FLOWS = 30


def remade(made: Made, objects: list[dict[str, Any]]) -> World:
    """The world of the same cluster with other objects, under the same profile."""
    problems = Problems()
    documents = [document(value) for value in objects]
    inventory = build(documents, problems, pod_space=made.world.inventory.pod_space)
    lowered = lower([d for d in documents if d.kind == "NetworkPolicy"], profile(made.profile, {}), problems, inventory)
    problems.raise_errors()
    return World(inventory, lowered.policies, lowered.ids)


def twin(world: World, end: Endpoint) -> Endpoint:
    """The endpoint of the same name in another world."""
    return end if end is EXTERNAL else next(e for e in world.inventory.endpoints if e.key == end.key)


def verdicts(rng: Random, before: World, after: World) -> list[tuple[bool, bool, Case]]:
    """Whether random flows pass before and after a change of policies."""
    old, new = Oracle(before.policies, before.inventory), Oracle(after.policies, after.inventory)
    found = []
    for _ in range(FLOWS):
        case = random_case(rng, before)
        moved = replace(case.flow, src=twin(after, case.flow.src), dst=twin(after, case.flow.dst))
        passed = old.decide(case.flow, case.reading).allowed
        found.append((passed, new.decide(moved, case.reading).allowed, case))
    return found


def policies(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The policies among manifests."""
    return [value for value in objects if value["kind"] == "NetworkPolicy"]


@law
@given(seeds)
def test_an_added_allow_rule_removes_no_flow(seed: int) -> None:
    """A rule more in a direction that a policy judges already only ever admits more (the API has no deny)."""
    rng = Random(seed)
    made = random_manifests(rng)
    objects = deepcopy(made.objects)
    for policy in policies(objects):
        spec = policy["spec"] = policy.get("spec") or {}
        if "Ingress" in (spec.get("policyTypes") or ["Ingress"]):
            spec["ingress"] = [*(spec.get("ingress") or []), {"ports": [{"port": rng.choice((53, 80, 443))}]}]
    assert all(after for before, after, _ in verdicts(rng, made.world, remade(made, objects)) if before)


@law
@given(seeds)
def test_a_policy_without_rules_adds_no_flow(seed: int) -> None:
    """A default deny more in every namespace only ever isolates more."""
    rng = Random(seed)
    made = random_manifests(rng)
    deny = [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "deny", "namespace": namespace},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        }
        for namespace in made.world.inventory.namespaces
    ]
    after = remade(made, [*made.objects, *deny])
    assert all(before for before, passes, _ in verdicts(rng, made.world, after) if passes)


@law
@given(seeds)
def test_the_same_policy_under_two_names_is_the_policy(seed: int) -> None:
    """Policies are a union: saying one of them twice changes no verdict."""
    rng = Random(seed)
    made = random_manifests(rng)
    copies = deepcopy(policies(made.objects))
    for policy in copies:
        policy["metadata"]["name"] += "-again"
    after = remade(made, [*made.objects, *copies])
    assert all(before is passes for before, passes, _ in verdicts(rng, made.world, after))


@law
@given(seeds)
def test_the_order_of_rules_peers_and_ports_changes_nothing(seed: int) -> None:
    """Lists of a NetworkPolicy are unions, whatever their order."""
    rng = Random(seed)
    made = random_manifests(rng)
    objects = deepcopy(made.objects)
    for policy in policies(objects):
        for field, peers in (("ingress", "from"), ("egress", "to")):
            rules = (policy.get("spec") or {}).get(field) or []
            rules.reverse()
            for rule in rules:
                for part in (peers, "ports"):
                    ((rule or {}).get(part) or []).reverse()
    after = remade(made, objects)
    assert all(before is passes for before, passes, _ in verdicts(rng, made.world, after))


def answer(world: World) -> tuple[object, ...]:
    """What a report says of `no pod reaches anything`, with endpoints by name."""
    everything = dict.fromkeys((*world.inventory.endpoints, EXTERNAL), TRUE)
    leg = Leg(dict.fromkeys(world.inventory.pods, TRUE), everything)
    claim = Assertion("t", "t", AllFlows(False, (leg,)), "test", Span("t.npv", 1, 1))
    result = prove(world, [claim]).results[0]
    shown = result.counterexample
    if shown is None:
        return (result.status, result.depends_on)
    ends = (shown.flow.src.key, shown.flow.dst.key)
    packet = (shown.flow.protocol, shown.flow.port, shown.flow.src_ip, shown.flow.dst_ip)
    return (result.status, result.depends_on, result.refuting_pairs, ends, packet, shown.reading, shown.any)


@law
@given(seeds)
def test_the_order_of_documents_changes_no_answer(seed: int) -> None:
    """Shuffled manifests give the same status, the same counterexample, the same reading."""
    rng = Random(seed)
    made = random_manifests(rng)
    shuffled = rng.sample(made.objects, len(made.objects))
    assert answer(remade(made, shuffled)) == answer(remade(made, made.objects))


@law
@given(seeds)
def test_every_policy_set_is_equivalent_to_itself(seed: int) -> None:
    """Read twice, the policies allow the same flows between any two endpoints, by the solver."""
    rng = Random(seed)
    made = random_manifests(rng)
    again = remade(made, made.objects)
    src, dst = (rng.choice(made.world.inventory.endpoints) for _ in range(2))
    for direction in Direction:
        one = allowed(made.world.policies, made.world.inventory, direction, src, dst)
        other = allowed(again.policies, again.inventory, direction, twin(again, src), twin(again, dst))
        assert not satisfiable(or_(and_(one, not_(other)), and_(other, not_(one))))
