"""The tutorial for AKS under the three engines that Azure has, and where the three differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from scenarios import scenarios
from test_scenarios import answers, load

import npverify
from npverify.analyses.equiv import equiv
from npverify.analyses.equiv_results import Equivalence

ENGINES = ("azure-npm", "calico", "azure-cilium")
TUTORIAL = [s for s in scenarios() if s.file == "kubernetes/tutorial_three_steps.md"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("scenario", TUTORIAL, ids=lambda s: s.fact)
def test_the_tutorial_means_the_same(scenario, engine: str, tmp_path: Path) -> None:
    """Each step has the answers of the tutorial under each engine."""
    under = replace(scenario, blocks={**scenario.blocks, "options": [f"--cni {engine}\n"]})
    assert under.cni == engine
    loaded = load(under, tmp_path, under.documents)
    assert loaded.world.policies.profile == engine
    results = npverify.prove(loaded.world, loaded.assertions).results
    assert all(answers(results, expected) == expected.statuses for expected in under.expected)
    assert under.expected


def test_the_steps_are_read() -> None:
    """The tutorial has a step without a policy and three with one."""
    assert len(TUTORIAL) == 4


OUT = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: out, namespace: development}
spec: {podSelector: {matchLabels: {role: frontend}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}
"""
SHUT = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: development}
spec: {podSelector: {matchLabels: {role: backend}}, policyTypes: [Ingress]}
---
apiVersion: v1
kind: Service
metadata: {name: front-door, namespace: development}
spec: {type: LoadBalancer, selector: {role: backend}, ports: [{port: 80}]}
"""


def _world(engine: str, more: str) -> npverify.World:
    pods = [text for text in TUTORIAL[0].documents if "kind: Service" not in text]  # else the first is a pod to itself
    text = "---\n".join((*pods, more))
    return npverify.load(["-"], cni=engine, families=frozenset({4}), stdin=text.encode).world


@pytest.mark.parametrize(
    "left",
    [
        pytest.param("calico", id="a block of every address is about pods, or never"),
        pytest.param("azure-npm", id="so it is with the engine that Azure gives up"),
    ],
)
def test_where_the_engines_differ(left: str) -> None:
    """The same manifests mean different things, and a packet from pod to pod shows it."""
    found = equiv(_world(left, OUT), _world("azure-cilium", OUT))
    assert found.status is Equivalence.DIFFERENT
    assert found.witness is not None
    assert found.witness.allowed_by == "left"
    assert found.witness.flow.src.is_pod
    assert found.witness.flow.dst.is_pod


@pytest.mark.parametrize(
    ("engine", "want"), [("azure-npm", "refuted"), ("calico", "proved"), ("azure-cilium", "proved")]
)
def test_what_comes_through_a_load_balancer(engine: str, want: str, tmp_path: Path) -> None:
    """Azure NPM does not police what comes through a load balancer, so a closed backend is not closed to the outside."""
    result = through_a_load_balancer(engine, tmp_path, {"node_port_snat": "at_other_nodes"})
    assert str(result.status) == want
    if result.counterexample is not None:
        assert [needed.name for needed in result.counterexample.reading] == [
            "the connection comes through a node port or a load balancer"
        ]


@pytest.mark.parametrize("engine", ["calico", "azure-cilium"])
def test_whose_address_the_node_of_the_pod_gives_it_is_open(engine: str, tmp_path: Path) -> None:
    """CNI-06: if the pod's own node rewrites the source, its exemption may let everybody in; nothing fixes that for an engine."""
    result = through_a_load_balancer(engine, tmp_path, {})
    assert str(result.status) == "refuted"
    assert result.counterexample is not None
    assert "node_port_snat" in [needed.name for needed in result.counterexample.reading]


def through_a_load_balancer(engine: str, folder: Path, assume: Mapping[str, str]) -> npverify.AssertionResult:
    """Whether nobody outside reaches the closed backend."""
    spec = folder / "spec.npv"
    spec.write_text("assert no internet reaches pod development/backend\n", encoding="utf-8")
    text = "---\n".join((*TUTORIAL[0].documents, SHUT))
    loaded = npverify.load(
        ["-"], specs=[str(spec)], cni=engine, assume=assume, families=frozenset({4}), stdin=text.encode
    )
    (result,) = npverify.prove(loaded.world, loaded.assertions).results
    return result
