"""What was read and lowered before is taken again where it is the same, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from calico_generate import calico
from dialects.calico.manifests_of_calico import manifest, read, resources
from helpers import documents
from npverify.dialects import Memo, is_policy, lower, profile
from npverify.ingest.document import Document
from npverify.ingest.source import Problems
from npverify.inventory.build import build
from npverify.inventory.model import Inventory
from npverify.normal.policy import Direction, PolicySet
from worlds import document

CALICO = profile("calico", {}, "3.32")
SEEDS = 25

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: api, namespace: shop, labels: {app: api}}\nspec: {containers: [{name: c, image: i}]}\n"
PEER = manifest("NetworkPolicy", "spec: {ingress: [{action: Allow, source: {selector: set == 'x'}}]}", namespace="shop")
SET = manifest("NetworkSet", "spec: {nets: [%s]}", name="x", namespace="shop").replace("name: x", "name: x, labels: {set: x}")  # fmt: skip


def told(policies: PolicySet) -> list[Any]:
    """A policy set as values: what each stage, tier, policy and rule says, and where it stands."""
    return [
        (
            direction,
            stage.name,
            stage.applies,
            [(e.name, e.match) for e in stage.exemptions],
            [
                (tier.name, tier.no_match, p.id, p.subject, str(p.span), p.order,
                 [(r.action, r.peer, r.traffic, r.label, str(r.span)) for r in p.rules])
                for tier in stage.tiers
                for p in tier.policies
            ],
        )
        for direction in Direction
        for stage in policies.half(direction).stages
    ]  # fmt: skip


def lowered(docs: Sequence[Document], inventory: Inventory, memo: Memo | None) -> tuple[list[Any], object, object]:
    """What documents come down to, with all that is said of them."""
    problems = Problems()
    found = lower([d for d in docs if is_policy(d.api_version, d.kind)], CALICO, problems, inventory, memo=memo)
    return told(found.policies), list(found.ids), (problems.errors, problems.warnings)


@pytest.mark.parametrize("hosts", [False, True])
def test_a_memo_changes_nothing(hosts: bool) -> None:
    """Of generated objects, of which some come and go, over an inventory that stays or is another."""
    for seed in range(SEEDS):
        rng = Random(seed)
        docs = [document(value) for value in calico(rng, hosts=hosts)]
        inventories = [build(docs, Problems()) for _ in range(2)]
        memo = Memo()
        for _ in range(4):
            some = [d for d in docs if rng.random() < 0.8]
            inventory = rng.choice(inventories)
            assert lowered(some, inventory, memo) == lowered(some, inventory, None), seed


def test_a_policy_means_what_the_sets_of_now_hold() -> None:
    """The policy is the same document, and the set that its rule names is another one."""
    policy, pod = documents(PEER), documents(POD)
    inventory = build(pod, Problems())
    memo = Memo()
    found = [
        lowered((*policy, *documents(SET % net)), inventory, memo)[0] for net in ("192.0.2.0/24", "198.51.100.0/24")
    ]
    assert found[0] != found[1]


def test_an_object_that_stands_twice_is_told_each_time() -> None:
    """Also where both were read before."""
    twice = documents(f"{PEER}---\n{PEER}")
    inventory = build(documents(POD), Problems())
    memo = Memo()
    for _ in range(2):
        _, _, (errors, _) = lowered(twice, inventory, memo)  # type: ignore[misc]
        assert [error.code for error in errors] == ["NPV202"]
    for each in reversed(twice):
        _, _, (errors, _) = lowered([each], inventory, memo)  # type: ignore[misc]
        assert errors == ()


SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: b}\nspec: {selector: {app: api}, ports: [{port: 80}]}\n"
TO_SERVICE = manifest(
    "NetworkPolicy", "spec: {types: [Egress], egress: [{action: Allow, destination: {services: {name: a, namespace: b}}}]}"
)  # fmt: skip


def test_a_policy_means_what_there_is_now() -> None:
    """The Service that a rule names is in the first inventory and not in the second."""
    docs, memo = documents(TO_SERVICE), Memo()
    told_of = []
    for around in (f"{POD}---\n{SERVICE}", POD):
        _, _, (_, warnings) = lowered(docs, build(documents(around), Problems()), memo)  # type: ignore[misc]
        told_of.append("NPV284" in [warning.code for warning in warnings])
    assert told_of == [False, True]


def test_a_warning_is_told_each_time() -> None:
    """A Service that is not there is told of wherever a rule names it."""
    docs, inventory, memo = documents(TO_SERVICE), build(documents(POD), Problems()), Memo()
    for _ in range(2):
        _, _, (_, warnings) = lowered(docs, inventory, memo)  # type: ignore[misc]
        assert "NPV284" in [warning.code for warning in warnings]


EQUAL = "{action: Allow, protocol: TCP, source: {selector: a == 'b'}, destination: {ports: [80]}}"


def test_equal_rules_have_places_of_their_own() -> None:
    """A rule that is like one of another policy, or of the same, is called by its number and stands on its line."""
    texts = [
        manifest("NetworkPolicy", f"spec:\n  ingress:\n  - {EQUAL}\n  - {EQUAL}", name=name) for name in ("one", "two")
    ]
    found = [rule for policy in resources(*texts).policies for rule in policy.rules[Direction.INGRESS]]
    assert [rule.label for rule in found] == ["ingress[0]", "ingress[1]"] * 2
    assert [rule.span.line for rule in found] == [6, 7, 14, 15]
    assert len({rule._replace(label="", span=found[0].span) for rule in found}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{action: Allow, protocol: TCP, destination: {ports: [1]}}", "{action: Allow, protocol: TCP, destination: {ports: [true]}}"),
        ("{action: Allow, ipVersion: 4}", "{action: Allow, ipVersion: 4.0}"),
        ("{action: Allow, protocol: 1}", "{action: Allow, protocol: true}"),
    ],
)  # fmt: skip
def test_what_python_takes_for_equal_is_read_as_it_stands(one: str, other: str) -> None:
    """1, 1.0 and true are different values in a manifest; a rule with one of them is no rule with another."""
    texts = [
        manifest("NetworkPolicy", f"spec: {{ingress: [{text}]}}", name=f"p{n}") for n, text in enumerate((one, other))
    ]
    assert resources(texts[0]).policies
    assert [error.span.line for error in read(*texts)[1].errors if error.span] == [
        error.span.line + 5 for error in read(texts[1])[1].errors if error.span
    ]
    assert read(*texts)[1].errors


def test_a_faulty_rule_is_told_wherever_it_stands() -> None:
    """Nothing that something is said of is remembered."""
    texts = [manifest("NetworkPolicy", "spec: {ingress: [{action: Alow}]}", name=name) for name in ("one", "two")]
    assert [error.code for error in read(*texts)[1].errors] == ["NPV210", "NPV210"]
