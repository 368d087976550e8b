"""Laws of answers about HTTP requests, on random entries: what is proved holds of every request that the tests by hand know."""

from __future__ import annotations

import json
from itertools import product
from random import Random

import pytest

import npverify
from npverify.ingest.files import File
from npverify.normal.flow import Request
from request_worlds import HEADERS, HOSTS, METHODS, PATHS, SENT, random_entry

REQUESTS = [
    Request(method, path, host, headers)
    for (method, path, host), headers in product(
        product(*SENT.values()), ((), (("X-A", "1"),), (("x-a", "2"), ("X-B", "3")))
    )
]
_PODS = [
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    for name in ("web", "api")
]
Entry = dict[str, object]


def _load(entries: list[Entry], spec: str = "") -> npverify.Loaded:
    rules = {"http": entries} if entries else {}
    ports = [{"ports": [{"port": "80", "protocol": "TCP"}], "rules": rules}]
    policy = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"endpointSelector": {"matchLabels": {"app": "api"}}, "ingress": [{"toPorts": ports}]},
    }
    text = "\n---\n".join(json.dumps(manifest) for manifest in (*_PODS, policy))
    files = [File("all.yaml", text, named=True), *([File("a.npv", spec, named=True)] if spec else [])]
    return npverify.load(files, cni="cilium")


def _allowed(entries: list[Entry], request: Request) -> bool:
    """Whether one of the entries asks for a request, told by hand."""
    headers = {name.lower(): value for name, value in request.headers or ()}
    tables = (("method", METHODS, request.method), ("path", PATHS, request.path), ("host", HOSTS, request.host))
    return any(
        all(table[str(entry[key])](sent) for key, table, sent in tables if key in entry)
        and all(HEADERS[header](headers) for header in entry.get("headers", []))  # type: ignore[attr-defined]  # a list
        for entry in entries
    )


@pytest.mark.parametrize("seed", range(40))
def test_a_claim_is_proved_only_if_it_holds_of_every_request(seed: int) -> None:
    """Of `no` and `every`, about a random method and path; and it is refuted only if the request that is shown is one of them."""
    rng = Random(seed)
    entries: list[Entry] = [random_entry(rng) for _ in range(rng.choice((1, 2, 3)))]
    method, path = rng.choice(list(METHODS)), rng.choice(list(PATHS))
    asked = [r for r in REQUESTS if METHODS[method](r.method) and PATHS[path](r.path)]
    claims = [
        f'assert {word} pod shop/web reaches pod shop/api on http/80 {method} "{path}"\n' for word in ("no", "every")
    ]
    loaded = _load(entries, "".join(claims))
    for result, want in zip(npverify.prove(loaded.world, loaded.assertions).results, (False, True), strict=True):
        assert result.status.value in ("proved", "refuted")
        if result.status.value == "proved":
            assert all(_allowed(entries, request) is want for request in asked)
        else:
            assert result.counterexample is not None
            shown = result.counterexample.flow.http
            assert shown is not None
            assert METHODS[method](shown.method)
            assert PATHS[path](shown.path)
            whole = shown._replace(host=shown.host or "none", headers=shown.headers or ())
            assert _allowed(entries, whole) is not want


@pytest.mark.parametrize("seed", range(40))
def test_what_is_equivalent_lets_the_same_requests_pass(seed: int) -> None:
    """And what differs is shown by a request that one side alone lets pass."""
    rng = Random(seed)
    left: list[Entry] = [random_entry(rng) for _ in range(rng.choice((1, 2)))]
    right: list[Entry] = [*left, random_entry(rng)] if rng.random() < 0.6 else [random_entry(rng) for _ in range(2)]
    found = npverify.equiv(_load(left).world, _load(right).world)
    if found.status.value == "equivalent":
        assert all(_allowed(left, request) is _allowed(right, request) for request in REQUESTS)
    else:
        assert found.witness is not None
        shown = found.witness.flow.http
        assert shown is not None
        whole = shown._replace(host=shown.host or "none", headers=shown.headers or ())
        assert _allowed(left, whole) is not _allowed(right, whole)
