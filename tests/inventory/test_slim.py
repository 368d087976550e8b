"""Pods that were made smaller tell the inventory what they told before, and alike pods share what is equal."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifests import PathLocator

from npverify.ingest.document import Document
from npverify.ingest.source import Problems
from npverify.inventory.build import build
from npverify.inventory.fields_table import FIELDS
from npverify.inventory.slim import Slim

ODD = st.sampled_from(
    [
        None,
        True,
        1,
        1.0,
        0,
        "",
        "a",
        "A b",
        "Always",
        8080,
        70000,
        [],
        {},
        [None],
        {"a": "b"},
        {"a": 1},
        [{"name": "x"}],
    ]
)
ODD |= st.sampled_from(
    [{"a": True}, {"a": 1.0}, [{"containerPort": 80}], "10.0.0.1", [{"ip": "10.0.0.1"}], [{"kind": "Job", "name": "j"}]]
)
STRANGERS = ["contaners", "hostnetwork", "phaze", "new"]


def fields(type_: str) -> st.SearchStrategy[dict[str, Any]]:
    """Some fields of a type, known to it or not, with whatever values."""
    return st.dictionaries(st.sampled_from([*FIELDS[type_], *STRANGERS]), ODD, max_size=6)


containers = st.lists(fields("Container") | ODD, max_size=2)
metadata = st.builds(
    lambda more, name: {"namespace": "shop", **more, "name": name}, fields("ObjectMeta"), st.sampled_from("ab")
)
specs = st.builds(lambda more, own: {"containers": own, **more}, fields("PodSpec"), containers)
pods = st.builds(
    lambda meta, spec, status, more: {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": status, **more},
    metadata | ODD, specs | ODD, fields("PodStatus") | ODD, st.dictionaries(st.sampled_from(STRANGERS), ODD, max_size=1),
)  # fmt: skip


def told(values: list[dict[str, Any]]) -> tuple[object, ...]:
    """Everything that the inventory makes of these objects."""
    problems = Problems()
    found = []
    for number, value in enumerate(values, 1):
        meta = value.get("metadata") if isinstance(value.get("metadata"), dict) else {}
        namespace, name = meta.get("namespace"), meta.get("name")
        text = namespace if isinstance(namespace, str) else None
        found.append(
            Document("v1", value["kind"], text, name if isinstance(name, str) else "", value, PathLocator(number))
        )
    return repr(build(found, problems)), problems.errors, problems.warnings


@given(st.lists(pods, min_size=1, max_size=3))
def test_the_inventory_does_not_see_it(values: list[dict[str, Any]]) -> None:
    """Endpoints, messages and their positions are the same, whatever stands in the fields."""
    slim = Slim()
    smaller = copy.deepcopy(values)
    for value in smaller:
        slim(value)
    assert told(smaller) == told(values)


def pod(**spec: Any) -> dict[str, Any]:
    """A pod with a label and what `kubectl` adds."""
    meta = {"name": "a", "labels": {"app": "web"}, "managedFields": [{"manager": "kubelet"}], "uid": "1"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def test_what_nobody_reads_is_gone() -> None:
    """Irrelevant fields of the pod and of its containers; what no table knows stays, to be reported."""
    value = pod(volumes=[1], containers=[{"image": "x", "ports": [], "neww": 1}], neww=1)
    Slim()(value)
    assert value["metadata"] == {"name": "a", "labels": {"app": "web"}}
    assert value["spec"] == {"containers": [{"ports": [], "neww": 1}], "neww": 1}


def test_alike_pods_share_what_is_equal() -> None:
    """Labels and containers, once what differs between them in vain is gone."""
    one, other = pod(containers=[{"image": "x"}]), pod(containers=[{"image": "y"}])
    slim = Slim()
    slim(one)
    slim(other)
    assert one["metadata"]["labels"] is other["metadata"]["labels"]
    assert one["spec"]["containers"] is other["spec"]["containers"]


@pytest.mark.parametrize("values", [(1, True), (1, 1.0), (0.0, -0.0), ("1", 1), (None, "")])
def test_values_that_python_takes_for_equal_stay_apart(values: tuple[Any, Any]) -> None:
    """So that a mistake in one pod is not shown for another, nor forgotten."""
    slim = Slim()
    found = []
    for value in values:
        item = pod()
        item["metadata"]["labels"] = {"a": value}
        slim(item)
        found.append(repr(item["metadata"]["labels"]["a"]))
    assert found == [repr(value) for value in values]


@pytest.mark.parametrize(
    "item", [None, "a", [], {}, {"kind": "Pod"}, {"kind": "Pod", "apiVersion": "v2", "spec": {"volumes": 1}}]
)
def test_anything_else_is_left_alone(item: Any) -> None:
    """What is no pod of the core group may be read by somebody else."""
    before = copy.deepcopy(item)
    Slim()(item)
    assert item == before


def test_what_is_deeper_than_the_parts_is_not_changed() -> None:
    """A list of containers may be shared with an object that is not made smaller."""
    containers = [{"image": "x"}]
    item = pod(containers=containers)
    Slim()(item)
    assert containers == [{"image": "x"}]


def test_a_mistake_in_shared_containers_is_told_for_each_pod() -> None:
    """Two pods that share one list of containers each get a message of their own."""
    containers = [{"ports": [{"containerPort": 70000}]}]
    values = [pod(containers=containers), pod(containers=containers)]
    values[1]["metadata"]["name"] = "b"
    _, errors, _ = told(values)
    assert [(e.code, e.span.line) for e in errors] == [("NPV039", 1), ("NPV039", 2)]  # type: ignore[attr-defined]
