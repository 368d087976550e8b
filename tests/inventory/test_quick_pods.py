"""Pods that are read straight from JSON are what the ordinary reader and `Slim` make of them, or are left to these."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifests import PathLocator
from test_slim import pods

from npverify.ingest import json_quick
from npverify.ingest.document import BriefDocument, Document
from npverify.ingest.json_quick import Quick
from npverify.ingest.source import Problems
from npverify.inventory.build import build
from npverify.inventory.model import Endpoint, Inventory
from npverify.inventory.schema import SHAPES
from npverify.inventory.shapes import conforms
from npverify.inventory.slim import Slim

OTHER = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}
GOOD = '{"name":"a","labels":{"app":"web"}}'


def read(items: list[str], *, quick: bool) -> Quick | None:
    """A list of these texts, each of which stands at a place where the shortcut is tried."""
    slim = Slim()
    text = '{"apiVersion":"v1","kind":"List","items":[' + ",".join(items) + "]}"
    return json_quick.decode(text, slim if quick else lambda item: slim(item))


def exactly(value: Any) -> Any:
    """A value with its types, whatever the order of its keys; of what was kept of an object, the value that is made of it."""
    if isinstance(value, BriefDocument):
        return exactly(value.value)
    if isinstance(value, dict):
        return {key: exactly(inner) for key, inner in value.items()}
    return [exactly(inner) for inner in value] if isinstance(value, list) else (type(value), value)


def taken(items: list[str]) -> list[bool]:
    """Which of the items the shortcut read."""
    found = read(items, quick=True)
    assert found is not None
    return [isinstance(item, BriefDocument) for item in found.value["items"]]


@given(st.lists(pods | st.just(OTHER), max_size=5))
def test_the_values_are_the_same(values: list[dict[str, Any]]) -> None:
    """With and without the shortcut; and what it read conforms, since nobody checks it again."""
    items = [json.dumps(value) for value in values]
    short, plain = read(items, quick=True), read(items, quick=False)
    assert short is not None
    assert plain is not None
    assert exactly(short.value) == exactly(plain.value)
    assert short.lengths == plain.lengths
    assert all(
        conforms(dict(item.value), SHAPES["Pod"]) for item in short.value["items"] if isinstance(item, BriefDocument)
    )


def pod(metadata: str = GOOD, spec: str = "{}", status: str = "{}", more: str = "") -> str:
    """The text of a pod."""
    return f'{{"apiVersion":"v1","kind":"Pod","metadata":{metadata},"spec":{spec},"status":{status}{more}}}'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(pod(), id="a small one"),
        pytest.param(pod('{"generateName":"a-","uid":"1","managedFields":[{"a":{"b":[1.5,null]}}]}'), id="with what is irrelevant"),
        pytest.param('{"kind":"Pod","apiVersion":"v1","metadata":{}}', id="without its parts"),
        pytest.param(pod(status='{"podIPs":[{"ip":"10.0.0.1"},{"ip":"fd00::1"}],"podIP":"10.0.0.1"}'), id="with two addresses"),
        pytest.param(pod(status='{"podIPs":[{"ip":"10.0.0.1"}],"phase":"Running"}'), id="with an address and a phase"),
        pytest.param(pod(spec='{"nodeName":"n","hostNetwork":false,"serviceAccount":"a"}'), id="with what it runs as"),
        pytest.param(pod(spec='{"containers":[{"image":"a:b","ports":[{"containerPort":80}]}]}'), id="with containers"),
    ],
)  # fmt: skip
def test_taken(text: str) -> None:
    """The shortcut reads these, as the ordinary reader does."""
    short, plain = read([text], quick=True), read([text], quick=False)
    assert taken([text]) == [True]
    assert short is not None
    assert plain is not None
    assert exactly(short.value) == exactly(plain.value)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(pod(more=',"new":1'), id="an unknown field"),
        pytest.param(pod('{"name":"a","lables":{}}'), id="an unknown field inside"),
        pytest.param(pod('{"name":1}'), id="a number for a name"),
        pytest.param(pod('{"name":"a","labels":{"app":1}}'), id="a number for a label"),
        pytest.param(pod('{"name":"a","labels":[]}'), id="a list for labels"),
        pytest.param(pod('{"name":"a","labels":null}'), id="null for labels"),
        pytest.param(pod('{"name":null}'), id="null for a name"),
        pytest.param(pod('{"name":"a","namespace":""}'), id="no text for a namespace"),
        pytest.param(pod(spec="null"), id="null for its spec"),
        pytest.param(pod(status="null"), id="null for its status"),
        pytest.param(pod(status='{"podIPs":[]}'), id="no addresses"),
        pytest.param(pod(status='{"podIPs":[null]}'), id="null for an address"),
        pytest.param(pod(status='{"podIPs":[{}]}'), id="an address without text"),
        pytest.param('{"apiVersion":"v1","kind":"Pod"}', id="without metadata"),
        pytest.param(pod(spec='{"hostNetwork":1}'), id="a number for a Boolean"),
        pytest.param(pod(spec='{"containers":[{"ports":[{"containerPort":80.0}]}]}'), id="a port with a point"),
        pytest.param(pod(spec='{"containers":[{"prots":[]}]}'), id="an unknown field of a container"),
        pytest.param(pod().replace('"v1"', '"v2"'), id="another version"),
        pytest.param("1", id="no map"),
    ],
)
def test_left(text: str) -> None:
    """These are left to the ordinary reader, and the pod behind them is not."""
    behind = [pod()] * 8
    assert taken([text, *behind])[0] is False
    assert taken([text, *behind])[-1] is True


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(pod('{"name":"a","name":"b"}'), id="in a part"),
        pytest.param(pod('{"name":"a","labels":{"app":"a","app":"a"}}'), id="in the labels"),
        pytest.param(pod('{"labels":{"app":"a"},"labels":{"app":"a"}}'), id="the labels themselves"),
        pytest.param(pod('{"annotations":{"a":1,"a":1}}'), id="in what is irrelevant"),
        pytest.param(pod(spec='{"containers":[{"name":"a","name":"a"}]}'), id="in a container"),
        pytest.param(pod(more=',"kind":"Pod"'), id="at the top"),
    ],
)
def test_a_key_that_stands_twice(text: str) -> None:
    """It is seen, also behind a pod with the same part, and the whole text is left to the reader that reports it."""
    assert read([pod(), text], quick=True) is None
    assert read([text, pod()], quick=True) is None


def inventory(*texts: str) -> tuple[Inventory, Problems]:
    """What exists according to a list of pods."""
    found, problems = read(list(texts), quick=True), Problems()
    assert found is not None
    documents: list[Document] = []
    for number, item in enumerate(found.value["items"]):
        assert isinstance(item, BriefDocument)
        documents.append(item.at(PathLocator(number), ()))
    return build(documents, problems), problems


def test_pods_of_one_owner_and_two_templates() -> None:
    """They share the reference to a ReplicaSet; whether a Deployment made it is told by each pod's own hash."""
    owner = '"ownerReferences":[{"kind":"ReplicaSet","name":"web-abc"}]'
    one, other = (
        pod(f'{{"name":"{name}","labels":{{"pod-template-hash":"{hash_}"}},{owner}}}', status='{"podIP":"10.0.0.1"}')
        for name, hash_ in (("a", "abc"), ("b", "xyz"))
    )
    found, _ = inventory(one, other)
    assert [str(e.workload) for e in found.pods] == ["default/web", "default/web-abc"]
    assert [e.workload and e.workload.kind for e in found.pods] == ["Deployment", "ReplicaSet"]


def test_labels_that_no_pod_may_have() -> None:
    """Each pod that has them is told of, though they are looked through together."""
    bad = [pod(f'{{"name":"{name}","labels":{{"app":"a b"}}}}', status='{"podIP":"10.0.0.1"}') for name in "ab"]
    _, problems = inventory(*bad)
    assert [(e.code, e.span and e.span.line) for e in problems.errors] == [("NPV033", 0), ("NPV033", 1)]


@pytest.mark.parametrize(
    "metadata", ['{"name":"A_b"}', '{"name":"a","namespace":"Shop_1"}', '{"generateName":"A_"}', "{}"]
)
def test_names_that_no_pod_may_have(metadata: str) -> None:
    """Each is told of, wherever it stands."""
    _, problems = inventory(pod(), pod(metadata))
    assert [(e.code, e.span and e.span.line) for e in problems.errors] == [
        ("NPV030" if metadata == "{}" else "NPV031", 1)
    ]


def test_alike_pods_share_their_parts() -> None:
    """Labels of one text are one object, whichever reader read them."""
    labels = '{"name":"a","labels":{"app":"web"}}'
    found = read([pod(labels), pod(labels), pod(labels, more=',"new":1'), pod(labels)], quick=True)
    assert found is not None
    values = [item.value if isinstance(item, BriefDocument) else item for item in found.value["items"]]
    assert len({id(value["metadata"]["labels"]) for value in values}) == 1


def test_a_brief_pod_is_what_its_value_is() -> None:
    """An inventory of what was kept is that of the values that are made of it, and making one changes nothing."""
    texts = [
        pod(f'{{"name":"{name}","labels":{{"app":"{name[0]}"}}}}', spec=spec, status=status)
        for name, spec, status in (
            ("a-1", '{"nodeName":"n","serviceAccountName":"web"}', '{"phase":"Running","podIP":"10.0.0.1"}'),
            ("a-2", '{"nodeName":"m","serviceAccountName":"web"}', '{"phase":"Running","podIPs":[{"ip":"10.0.0.2"}]}'),
            ("b-1", '{"hostNetwork":true,"nodeName":"n"}', '{"phase":"Pending"}'),
            ("b-2", "{}", '{"phase":"Pending"}'),
            ("b-3", "{}", '{"phase":"Failed","podIP":"10.0.0.9"}'),
            ("c-1", "{}", '{"podIPs":[{"ip":"10.0.0.3"},{"ip":"fd00::3"}]}'),
            ("d 1", "{}", "{}"),
            ("e-1", "{}", '{"podIP":"10.0.0"}'),
            ("e-2", "{}", '{"podIPs":[{"ip":"10.0.0"}]}'),
            ("e-3", "{}", '{"podIPs":[{"ip":"10.0.0.4"},{"ip":"x"}]}'),
        )
    ]
    kept, problems = inventory(*texts)
    told = Problems()
    values = [json.loads(text) for text in texts]
    documents = [Document("v1", "Pod", None, v["metadata"]["name"], v, PathLocator(n)) for n, v in enumerate(values)]
    whole = build(documents, told)
    assert [described(end) for end in kept.endpoints] == [described(end) for end in whole.endpoints]
    assert kept.notes == whole.notes
    assert (problems.errors, problems.warnings) == (told.errors, told.warnings)
    assert len(problems.errors) == 4


def described(end: Endpoint) -> tuple[object, ...]:
    """All that is known of an endpoint."""
    return tuple(getattr(end, field.name) for field in fields(end) if field.name != "span")
