"""Translations of generated policies are proved equal, and a translation with a fault is not."""

from __future__ import annotations

import re
from random import Random

import pytest

from generate import cluster, policies
from npverify.analyses.equiv import equiv
from npverify.analyses.equiv_results import Equivalence
from npverify.analyses.translate.run import migrate
from npverify.analyses.translate.worlds import Input, read_written
from npverify.analyses.world import World
from npverify.dialects import lower, profile
from npverify.dialects.calico.settings import VERSIONS
from npverify.ingest.source import Problems
from npverify.inventory.addresses import Prefix
from npverify.inventory.build import build
from npverify.oracle import Oracle
from worlds import document, random_case

SETS = 500
BATCH = 25  # sets in one test

HARMLESS = [("order: 1000", "order: 900"), ("projectcalico.org/orchestrator == 'k8s' && ", "")]
"""What is replaced in the text, and by what, where no other policy and no set of addresses is there to show it."""

FAULTS = [
    *HARMLESS,
    (r"types: \[Ingress, Egress\]", "types: [Ingress]"),
    ("protocol: TCP", "protocol: UDP"),
    (r"\n *notNets: .*", ""),
    (r"!has\(", "has("),
    (" != ", " == "),
    (r"namespaceSelector: all\(\)", "namespaceSelector: env == 'prod'"),
    (r"ports: \[80\]", "ports: [81]"),
    ("action: Allow", "action: Deny"),
    ("namespace: red", "namespace: blue"),
]
"""Patterns and what takes their place."""


def generated(seed: int) -> Input | None:
    """A cluster under Calico with native policies; None where it has none."""
    rng = Random(seed)
    made = [document(value) for value in [*cluster(rng), *policies(rng)]]
    problems = Problems()
    space = rng.choice([(), (), ("10.1.0.0/16", "fd00::/64")])
    inventory = build(made, problems, pod_space=tuple(map(Prefix.parse, space)))
    native = [d for d in made if d.kind == "NetworkPolicy"]
    chosen = profile("calico", {}, rng.choice(VERSIONS))
    lowered = lower(native, chosen, problems, inventory)
    problems.raise_errors()
    return Input(World(inventory, lowered.policies, lowered.ids), native, chosen) if native else None


@pytest.mark.parametrize("start", range(0, SETS, BATCH))
def test_a_translation_is_proved(start: int) -> None:
    """Every set, under any version, at its end and while both sets are there; the oracle finds no flow either."""
    for seed in range(start, start + BATCH):
        given = generated(seed)
        if given is None:
            continue
        found = migrate(given, equiv)
        assert found.proved, seed
        rng = Random(seed)
        before, after = (Oracle(w.policies, w.inventory) for w in (found.equal.left, found.equal.right))
        for _ in range(5):
            case = random_case(rng, given.old)
            assert before.decide(case.flow, case.reading).allowed is after.decide(case.flow, case.reading).allowed


@pytest.mark.parametrize(("right", "wrong"), FAULTS, ids=lambda text: text)
def test_a_translation_with_a_fault_is_refuted_somewhere(right: str, wrong: str) -> None:
    """Among generated sets there is one that shows the fault, unless it is harmless."""
    refuted = 0
    for seed in range(40):
        given = generated(seed)
        if given is None:
            continue
        (file,) = migrate(given, equiv).files
        problems = Problems()
        documents = read_written(file.name, re.sub(right, wrong, file.text), problems)
        after = given.under(documents, problems)
        if not problems.errors:
            refuted += equiv(given.old, after).status is Equivalence.DIFFERENT
        if refuted:
            break
    assert bool(refuted) is ((right, wrong) not in HARMLESS)


def test_every_policy_is_told_with_all_that_it_became() -> None:
    """One whose selector is longer than Calico takes becomes several, and the others keep one name each."""
    long = {"matchExpressions": [{"key": "app", "operator": "In", "values": [f"{n:0>60}" for n in range(40)]}]}
    made = [
        document({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "red"},
                  "spec": {"containers": [{"name": "c", "image": "i"}]}}),
        *(document({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                    "metadata": {"name": name, "namespace": space}, "spec": {"podSelector": selector}})
          for name, space, selector in (("p", "red", {}), ("long", "red", long), ("long", "blue", long), ("q", "red", {}))),
    ]  # fmt: skip
    problems, chosen = Problems(), profile("calico", {})
    inventory = build(made, problems)
    lowered = lower(made[1:], chosen, problems, inventory)
    found = migrate(Input(World(inventory, lowered.policies, lowered.ids), made[1:], chosen), equiv)
    (file,) = found.files
    written = re.findall(r"metadata:\n  name: (\S+)\n  namespace: (\S+)", file.text)
    assert [(name, b.source.namespace) for b in found.became for name in b.names] == written
    assert {str(b.source): len(b.names) > 1 for b in found.became} == {
        "NetworkPolicy blue/long": True,
        "NetworkPolicy red/long": True,
        "NetworkPolicy red/p": False,
        "NetworkPolicy red/q": False,
    }
