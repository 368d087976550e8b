"""The generated clusters are what the benchmarks say: the same from the same seed, of the size asked for, with true facts."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

from benchmarks.__main__ import write
from benchmarks.changes import without_a_rule
from benchmarks.generate import FACTS, Size, generate

import npverify

SMALL = Size(pods=300, policies=60, namespaces=12)


def test_the_same_seed_gives_the_same_cluster() -> None:
    """Two runs agree byte for byte, another seed gives another cluster."""
    one, same, other = (json.dumps(generate(SMALL, seed).objects) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_a_cluster_has_the_size_asked_for() -> None:
    """Pods, policies and namespaces are counted with the planted ones."""
    kinds = Counter(o["kind"] for o in generate(SMALL).objects)
    assert (kinds["Pod"], kinds["NetworkPolicy"], kinds["Namespace"]) == SMALL


def test_the_planted_facts_are_found(tmp_path: Path) -> None:
    """Each of the twenty assertions gets the answer that was planted, from JSON and from YAML."""
    cluster = generate(SMALL)
    assert len(FACTS) == 20
    for form in ("json", "yaml"):
        path = write(cluster, tmp_path, form)
        loaded = npverify.load([str(path)], specs=[str(tmp_path / "facts.npv")])
        found = npverify.prove(loaded.world, loaded.assertions).results
        assert [(r.assertion.text, str(r.status)) for r in found] == [(f.assertion, f.status) for f in cluster.facts]


def test_a_rule_less_is_a_difference(tmp_path: Path) -> None:
    """The changed set lacks one rule of one policy, and is not equivalent to the whole one."""
    world = npverify.load([str(write(generate(SMALL), tmp_path, "json"))], with_assertions=False).world
    changed, policy = without_a_rule(world.policies)
    assert changed.egress is world.policies.egress
    assert npverify.equiv(world, replace(world, policies=changed)).status is npverify.Equivalence.DIFFERENT
    assert policy in world.defined
