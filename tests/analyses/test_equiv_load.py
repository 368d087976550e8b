"""The two sides of a comparison, read together: each is what it is alone, and what they have in common is one object."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import patch

import pytest
import yaml

from npverify.analyses.equiv import equiv
from npverify.analyses.equiv_load import Sides
from npverify.analyses.equiv_results import Equivalence
from npverify.analyses.load import Options, load
from npverify.analyses.world import World
from npverify.ingest import files
from npverify.ingest.source import InputError

PODS = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}
status: {phase: Running, podIP: 10.0.0.1}
"""
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: guard, namespace: NS}
spec: {podSelector: {}, ingress: [{ports: [{port: PORT}]}]}
"""
ALONE = Options(with_assertions=False)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with pods and a few policies."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pods.yaml").write_text(PODS, encoding="utf-8")
    for name, namespace, port in (("left", "shop", 80), ("right", "shop", 443), ("elsewhere", "other", 80)):
        text = POLICY.replace("NS", namespace).replace("PORT", str(port))
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def both(left: list[str], right: list[str], *options: Options) -> tuple[World, World]:
    """Two sides, read together."""
    sides = Sides()
    first, second = options or (ALONE, ALONE)
    return sides.load(left, first).world, sides.load(right, second).world


def same(world: World, paths: list[str], **options: object) -> None:
    """A side is what it is when it is read alone."""
    alone = load(paths, with_assertions=False, **options).world  # type: ignore[arg-type]
    assert [(e.key, e.labels, e.addresses) for e in world.inventory.endpoints] == [
        (e.key, e.labels, e.addresses) for e in alone.inventory.endpoints
    ]
    assert world.inventory.namespaces == alone.inventory.namespaces
    assert list(world.defined.items()) == list(alone.defined.items())
    assert world.warnings == alone.warnings
    assert world.policies.profile == alone.policies.profile
    assert [p.id for t in world.policies.ingress.tiers for p in t.policies] == [
        p.id for t in alone.policies.ingress.tiers for p in t.policies
    ]


def test_an_inventory_that_both_read_is_one(here: Path) -> None:
    """It is built once, and each side has its own policies."""
    left, right = both(["left.yaml", "pods.yaml"], ["right.yaml", "pods.yaml"])
    assert left.inventory is right.inventory
    same(left, ["left.yaml", "pods.yaml"])
    same(right, ["right.yaml", "pods.yaml"])
    assert equiv(left, right).status is Equivalence.DIFFERENT
    assert equiv(left, left).status is Equivalence.EQUIVALENT


@pytest.mark.parametrize("other", ["elsewhere.yaml", "more.yaml"])
def test_an_inventory_that_differs_is_built_anew(here: Path, other: str) -> None:
    """Where a side uses another namespace, or has a pod more."""
    pod = PODS.partition("---\n")[2].replace("name: web", "name: more").replace("0.0.1", "0.0.2")
    (here / "more.yaml").write_text(pod, encoding="utf-8")
    left, right = both(["left.yaml", "pods.yaml"], [other, "pods.yaml"])
    assert left.inventory is not right.inventory
    same(right, [other, "pods.yaml"])


def test_a_side_may_be_for_another_plugin(here: Path) -> None:
    """The inventory is one all the same, and the policies are read under the plugin of their side."""
    calico = Options(cni="calico", with_assertions=False)
    left, right = both(["left.yaml", "pods.yaml"], ["left.yaml", "pods.yaml"], ALONE, calico)
    assert left.inventory is right.inventory
    same(left, ["left.yaml", "pods.yaml"])
    same(right, ["left.yaml", "pods.yaml"], cni="calico")


def test_a_file_that_changed_is_read_again(here: Path) -> None:
    """What counts is its text."""
    sides = Sides()
    left = sides.load(["left.yaml", "pods.yaml"], ALONE).world
    (here / "pods.yaml").write_text(PODS.replace("app: web", "app: api"), encoding="utf-8")
    right = sides.load(["left.yaml", "pods.yaml"], ALONE).world
    assert [e.labels for e in (*left.inventory.pods, *right.inventory.pods)] == [{"app": "web"}, {"app": "api"}]


def test_a_large_file_that_both_read_stays_on_the_disk(here: Path) -> None:
    """It is one inventory as long as the file is the same, and each side is what it is alone."""
    pods = [doc for doc in yaml.safe_load_all(PODS) if doc]
    texts = [
        json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}).replace(": 80}", f": {n}}}") for n in (80, 8080)
    ]
    with patch.object(files, "LARGE", 0):
        (here / "pods.json").write_text(texts[0], encoding="utf-8")
        sides = Sides()
        left, right = (sides.load([f"{name}.yaml", "pods.json"], ALONE).world for name in ("left", "right"))
        assert left.inventory is right.inventory
        same(left, ["left.yaml", "pods.json"])
        same(right, ["right.yaml", "pods.json"])
        (here / "pods.json").write_text(texts[1], encoding="utf-8")
        changed = sides.load(["right.yaml", "pods.json"], ALONE).world
        assert changed.inventory is not right.inventory
        same(changed, ["right.yaml", "pods.json"])


def test_what_is_wrong_with_a_file_is_told_of_each_side(here: Path) -> None:
    """Also of a file that was read for the other."""
    (here / "pods.yaml").write_text(PODS.replace("10.0.0.1", "10.0.0.400"), encoding="utf-8")
    sides = Sides()
    told = []
    for name in ("left.yaml", "right.yaml"):
        with pytest.raises(InputError) as caught:
            sides.load([name, "pods.yaml"], ALONE)
        told.append(caught.value.diagnostics)
        with pytest.raises(InputError) as alone:
            load([name, "pods.yaml"], with_assertions=False)
        assert told[-1] == alone.value.diagnostics
