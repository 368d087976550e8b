"""Steps of a session that a single edit, asked about at once, does not take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import npverify
from npverify.analyses.results import Status

Manifest = dict[str, Any]


def pod(name: str, **labels: str) -> Manifest:
    spec = {"containers": [{"name": "c", "image": "i"}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "red", "labels": {"app": name, **labels}},
        "spec": spec,
    }


def policy(name: str, selected: dict[str, str], *peers: Manifest) -> Manifest:
    """Who is selected receives from the peers alone."""
    spec = {"podSelector": {"matchLabels": selected}, "ingress": [{"from": list(peers)}] if peers else []}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "red"},
        "spec": spec,
    }


EVERYBODY: Manifest = {"namespaceSelector": {}}


def started(folder: Path, spec: str, *objects: Manifest, **assume: str) -> npverify.Session:
    (folder / "facts.npv").write_text(spec, encoding="utf-8")
    (folder / "cluster.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    return npverify.Session([str(folder)], assume=assume)


def statuses(of: npverify.Session) -> list[Status]:
    return [answer.status for answer in of.prove().results]


def test_an_assertion_that_was_not_asked_after_an_edit_still_sees_it_after_the_next(tmp_path: Path) -> None:
    """The run between the two edits is stopped before it; each edit opens or closes another pod."""
    spec = "".join(
        f'assert no pods where app == "x" reaches pods where {whom}\n' for whom in ('app == "y"', 'g == "1"')
    )
    pods = [pod("x"), pod("y"), pod("a", g="1"), pod("b", g="1")]
    closed = [policy(f"close-{name}", {"app": name}) for name in ("y", "a", "b")]
    made = started(tmp_path, spec, *pods, *closed)
    assert statuses(made) == [Status.PROVED, Status.PROVED]
    made.apply(policy("close-a", {"app": "a"}, EVERYBODY))
    asked = iter([False, True])
    assert made.prove(stop=lambda: next(asked, True)).interrupted
    made.apply(policy("close-b", {"app": "b"}, {"podSelector": {"matchLabels": {"app": "y"}}}))
    assert statuses(made) == [Status.PROVED, Status.REFUTED]
    made.apply(policy("close-a", {"app": "a"}))
    assert statuses(made) == [Status.PROVED, Status.PROVED]


def test_a_label_that_no_policy_asked_for_so_far_tells_pods_apart(tmp_path: Path) -> None:
    """Two pods that were alike, of which a policy closes one; and a policy that takes the place of one of another label."""
    spec = 'assert no pods where app == "x" reaches pods where g == "1"\n'
    alike = [pod("a", g="1", tier="t"), pod("b", g="1", tier="u")]
    for each in alike:
        each["metadata"]["labels"].pop("app")
    made = started(tmp_path, spec, pod("x"), *alike, policy("close", {"g": "1"}))
    assert statuses(made) == [Status.PROVED]
    made.apply(policy("close", {"tier": "t"}))
    (answer,) = made.prove().results
    assert answer.status is Status.REFUTED
    assert answer.counterexample is not None
    assert answer.counterexample.flow.dst.name == "b"
    made.apply(policy("close", {"tier": "u"}))
    (answer,) = made.prove().results
    assert answer.counterexample is not None
    assert answer.counterexample.flow.dst.name == "a"


@pytest.mark.parametrize(
    ("claim", "before", "after"),
    [
        ('no internet reaches pods where g == "1" through ingress', Status.REFUTED, Status.PROVED),
        ('every internet reaches pods where g == "1" through ingress', Status.PROVED, Status.REFUTED),
        ('every internet reaches some pods where g == "1" through ingress', Status.PROVED, Status.REFUTED),
        ('some internet reaches pods where g == "1" through ingress', Status.PROVED, Status.REFUTED),
    ],
)
def test_what_a_controller_may_send_counts_for_what_comes_in_by_it(
    claim: str, before: Status, after: Status, tmp_path: Path
) -> None:
    """The edit is about the controller's egress alone, of which the assertion does not speak."""
    port = {"port": 80}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "front", "namespace": "red"},
        "spec": {"selector": {"g": "1"}, "ports": [port]},
    }
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "i", "namespace": "red"},
        "spec": {"defaultBackend": {"service": {"name": "front", "port": {"number": 80}}}},
    }
    silent = policy("silent", {"app": "nobody"})
    silent["spec"] |= {"policyTypes": ["Egress"]}
    made = started(
        tmp_path,
        f"assert {claim}\n",
        pod("c"),
        pod("a", g="1"),
        service,
        ingress,
        silent,
        ingress_controller="red/app=c",
    )
    assert statuses(made) == [before]
    made.apply({**silent, "spec": {**silent["spec"], "podSelector": {"matchLabels": {"app": "c"}}}})
    assert statuses(made) == [after]
    made.apply(silent)
    assert statuses(made) == [before]
