"""Questions about HTTP requests from manifest to answer: proved for every request, or refuted by one that the oracle reads."""

from __future__ import annotations

import json

import pytest

import npverify
from npverify.analyses.results import Status
from npverify.cli.app import run
from npverify.ingest.files import File
from npverify.normal.flow import Request
from npverify.reduction import languages
from npverify.reduction.requests import Requests, kinds_of, of_clauses

WORLD = """
apiVersion: v1
kind: Namespace
metadata: {name: ecommerce}
---
apiVersion: v1
kind: Pod
metadata: {name: gateway, namespace: ecommerce, labels: {app: api-gateway}}
spec: {containers: [{name: c, image: x}]}
---
apiVersion: v1
kind: Pod
metadata: {name: orders, namespace: ecommerce, labels: {app: order-service}}
spec: {containers: [{name: c, image: x, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: other, namespace: ecommerce, labels: {app: other}}
spec: {containers: [{name: c, image: x}]}
---
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: ecommerce}
spec: {clusterIP: 10.96.0.9, selector: {app: order-service}, ports: [{port: 80, targetPort: 8080}]}
"""


def policy(http: str, name: str = "orders", port: int = 8080) -> str:
    """Who may ask the orders, and for what."""
    return f"""
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: {name}, namespace: ecommerce}}
spec:
  endpointSelector: {{matchLabels: {{app: order-service}}}}
  ingress:
  - fromEndpoints: [{{matchLabels: {{app: api-gateway}}}}]
    toPorts:
    - ports: [{{port: '{port}', protocol: TCP}}]
      rules: {{http: [{http}]}}
"""


MICROSERVICE = policy("{method: POST, path: /orders}, {method: GET, path: '/orders/[0-9]+'}")
HOSTS = policy(r"{method: PUT, path: '/admin/.*', host: 'adm\.shop(:\d+)?', headers: ['X-Token: abc', X-Id]}")

# each with the claim, what comes of it, and the request of the flow that is shown
CLAIMS = {
    "an expression that is narrower": (MICROSERVICE, "every gateway reaches orders on http/8080 GET /orders/[1-9][0-9]*", "proved", None),
    "one that is wider": (MICROSERVICE, "every gateway reaches orders on http/8080 GET /orders/.*", "refuted", "GET /orders/"),
    "one that overlaps": (MICROSERVICE, "no gateway reaches orders on http GET /orders/7?.*", "refuted", "GET /orders/0"),
    "another method": (MICROSERVICE, "no gateway reaches orders on http PUT|DELETE", "proved", None),
    "a method for another path": (MICROSERVICE, "no gateway reaches orders on http POST /orders/.*", "proved", None),
    "a path of each method": (MICROSERVICE, 'no gateway reaches orders on http "/orders.*"', "refuted", "GET /orders/0"),
    "a query is a part of the path": (MICROSERVICE, "every gateway reaches orders on http/8080 POST /orders([?].*)?", "refuted", "POST /orders?"),
    "several items": (
        MICROSERVICE, "every gateway reaches orders on http/8080 POST /orders, http/8080 GET /orders/7", "proved", None,
    ),
    "another port": (MICROSERVICE, "no gateway reaches orders on http/80-8079", "proved", None),
    "any request": (MICROSERVICE, "no gateway reaches orders on http", "refuted", "GET /orders/0"),
    "somebody else": (MICROSERVICE, "no other reaches orders on http", "proved", None),
    "the connection for some requests": (MICROSERVICE, "no gateway reaches orders on tcp/8080", "refuted", "GET /orders/0"),
    "the connection for every request": (MICROSERVICE, "every gateway reaches orders on tcp/8080", "refuted", "GET /"),
    "there is a request": (MICROSERVICE, "some gateway reaches orders on http POST", "proved", None),
    "there is none": (MICROSERVICE, "some gateway reaches orders on http PUT", "refuted", "PUT /"),
    "a destination for all of them": (MICROSERVICE, "every gateway reaches some orders on http/8080 GET /orders/1", "proved", None),
    "no destination for all of them": (MICROSERVICE, "every gateway reaches some orders on http/8080 GET", "refuted", "GET /"),
    "through a Service": (MICROSERVICE, "every gateway reaches service ecommerce/orders on http/80 POST /orders", "proved", None),
    "through a Service, for too much": (
        MICROSERVICE, "every gateway reaches service ecommerce/orders on http POST", "refuted", "POST /",
    ),
    "only this source": (MICROSERVICE, "only gateway reaches orders on http", "proved", None),
    "only these requests": (MICROSERVICE, "gateway reaches only orders on http/8080 GET", "refuted", "GET /"),
    "a request that none can be": (MICROSERVICE, 'no gateway reaches orders on http GET "orders"', "vacuous", None),
    "a host and headers that matter": (
        HOSTS, "no gateway reaches orders on http PUT", "refuted",
        'PUT /admin/ of adm.shop with x-id: x and x-token: abc',
    ),
    "a host and headers that are not asked for": (
        HOSTS, "every gateway reaches orders on http/8080 PUT /admin/x", "refuted", "PUT /admin/x of example.com",
    ),
    "two policies add up": (
        MICROSERVICE + policy("{path: '/orders/[^0-9].*'}", "more"),
        "every gateway reaches orders on http/8080 GET /orders/.+", "refuted", "GET /orders/0a",
    ),
    "two policies leave no gap": (
        MICROSERVICE + policy("{path: '/orders/([^0-9].*|[0-9]+[^0-9].*)'}", "more"),
        "every gateway reaches orders on http/8080 GET /orders/.+", "proved", None,
    ),
    "every request is asked for": (policy("{path: '/.*'}"), "every gateway reaches orders on http/8080", "proved", None),
    "what is none is not": (policy("{path: '/.*'}"), "every gateway reaches orders on tcp/8080", "refuted", None),
}  # fmt: skip


def answer(manifests: str, claim: str) -> npverify.AssertionResult:
    """The one answer."""
    names = "".join(f"let {name} = pod ecommerce/{name}\n" for name in ("gateway", "orders", "other"))
    files = [File("all.yaml", manifests, named=True), File("a.npv", f"{names}assert {claim}\n", named=True)]
    loaded = npverify.load(files, cni="cilium")
    return npverify.prove(loaded.world, loaded.assertions).results[0]


@pytest.mark.parametrize(("policies", "claim", "status", "request_"), CLAIMS.values(), ids=CLAIMS)
def test_a_claim_about_requests(policies: str, claim: str, status: str, request_: str | None) -> None:
    """Its status, and of the flow that refutes it as much of the request as matters."""
    found = answer(WORLD + policies, claim)
    assert found.status.value == status
    shown = found.counterexample
    sent = shown.flow.http if shown is not None else None
    assert (None if sent is None else str(sent)) == request_
    if shown is not None:
        assert not [needed for needed in shown.reading if "HTTP" in needed.name]


def test_a_plugin_that_reads_paths_as_servers_do_is_asked_about_those() -> None:
    """Calico compares what a server looks up: a way out of a prefix is none, and a query says nothing."""
    rules = """
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: p, namespace: ecommerce}
spec:
  selector: app == 'order-service'
  ingress: [{action: Allow, protocol: TCP, http: {methods: [GET], paths: [{prefix: /pub}]}}]
"""
    names = "let gateway = pod ecommerce/gateway\nlet orders = pod ecommerce/orders\n"
    claims = {
        "every gateway reaches orders on http GET /pub(/.*)?": ("proved", None),
        "no gateway reaches orders on http GET /admin.*": ("proved", None),
        "no gateway reaches orders on http /public.*": ("proved", None),
        "no gateway reaches orders on http /pub/x": ("refuted", Request("GET", "/pub/x")),
    }
    text = names + "".join(f"assert {claim}\n" for claim in claims)
    files = [File("all.yaml", WORLD + rules, named=True), File("a.npv", text, named=True)]
    loaded = npverify.load(files, cni="calico", assume={"l7": "on"})
    results = npverify.prove(loaded.world, loaded.assertions).results
    found = {r.assertion.text: (r.status.value, r.counterexample and r.counterexample.flow.http) for r in results}
    assert found == claims


def loaded(policies: str, cni: str = "cilium") -> npverify.World:
    """A world with these policies."""
    return npverify.load([File("all.yaml", WORLD + policies, named=True)], cni=cni).world


SAME = {
    "alternatives in one expression or two entries": ("{path: '/a|/b'}", "{path: /a}, {path: /b}"),
    "an entry that another covers": ("{path: '/a.*'}, {path: /ab}", "{path: '/a.*'}"),
    "a repetition written out": ("{path: '/x{1,2}'}", "{path: /x}, {path: /xx}"),
    "anchors": ("{method: ^GET$}", "{method: GET}"),
    "every request by its path": ("{path: '/(a.*)?'}, {path: '/[^a].*'}", "{path: '/.*'}"),
}


@pytest.mark.parametrize(("left", "right"), SAME.values(), ids=SAME)
def test_what_asks_for_the_same_is_equivalent(left: str, right: str) -> None:
    """However it is written."""
    assert npverify.equiv(loaded(policy(left)), loaded(policy(right))).status.value == "equivalent"


DIFFERENT = {
    "a path more": ("{path: '/a|/b'}", "{path: /a}", "/b"),
    "a query": ("{path: /a}", r"{path: '/a(\?.*)?'}", "/a?"),
    "case": ("{path: '(?i)/a'}", "{path: /a}", "/A"),
}


@pytest.mark.parametrize(("left", "right", "path"), DIFFERENT.values(), ids=DIFFERENT)
def test_a_difference_is_shown_by_a_request(left: str, right: str, path: str) -> None:
    """Which both sides are asked about, and which only one of them lets pass."""
    found = npverify.equiv(loaded(policy(left)), loaded(policy(right)))
    assert found.witness is not None
    assert found.witness.flow.http is not None
    assert found.witness.flow.http.path == path


def test_a_change_is_shown_by_a_request(tmp_path, capsys) -> None:
    """`diff` tells what is new, and decides what no change may bring about."""
    old, new, spec = (tmp_path / name for name in ("old.yaml", "new.yaml", "a.npv"))
    old.write_text(WORLD + MICROSERVICE, encoding="utf-8")
    new.write_text(WORLD + MICROSERVICE + policy("{method: GET, path: '/orders/.*'}", "more"), encoding="utf-8")
    spec.write_text(
        "let gateway = pod ecommerce/gateway\nlet orders = pod ecommerce/orders\n"
        "assert on change: no new flow reaches orders on http POST\n"
        "assert on change: no new flow reaches orders on http GET /orders/[a-z]+\n",
        encoding="utf-8",
    )
    code = run(("diff", str(old), str(new), "--spec", str(spec), "--cni", "cilium", "--format", "json"))
    told = json.loads(capsys.readouterr().out)
    assert code == 1
    assert [claim["status"] for claim in told["assertions"]["on_change"]] == ["proved", "refuted"]
    assert '"path": "/orders/a"' in json.dumps(told["assertions"]["on_change"][1])


def test_a_session_gives_what_a_fresh_run_gives() -> None:
    """Also where an edit brings an expression that cuts requests into other kinds."""
    claim = "assert no pod ecommerce/gateway reaches pod ecommerce/orders on http GET /orders/.*\n"
    files = [File("all.yaml", WORLD + MICROSERVICE, named=True), File("a.npv", claim, named=True)]
    session = npverify.Session(files, cni="cilium")
    before = session.prove().results[0].counterexample
    more = policy("{method: GET, path: '/orders/0?'}", "more")
    session.apply(more)
    after = session.prove().results[0].counterexample
    fresh = answer(WORLD + MICROSERVICE + more, claim.removeprefix("assert ").strip()).counterexample
    assert before is not None
    assert after is not None
    assert fresh is not None
    assert (before.flow.http, after.flow.http, fresh.flow.http) == (
        Request("GET", "/orders/0"), Request("GET", "/orders/"), Request("GET", "/orders/"),
    )  # fmt: skip


def test_too_many_kinds_of_requests_leave_a_claim_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """What may need a request that does not exist is not shown; what holds whatever is sent is proved all the same."""
    monkeypatch.setattr(languages, "MOST_WORK", 30)
    kinds_of.cache_clear()
    of_clauses.cache_clear()
    assert answer(WORLD + MICROSERVICE, "no gateway reaches orders on http GET").status is Status.UNDECIDED
    assert answer(WORLD + MICROSERVICE, "no other reaches orders on http GET").status is Status.PROVED
    of_clauses.cache_clear()
    assert Requests(()).exact


def test_a_request_on_the_command_line(tmp_path, capsys) -> None:
    """`eval` takes a host from a URL, and headers; what is not known of the request is what the verdict depends on."""
    path = tmp_path / "all.yaml"
    path.write_text(WORLD + HOSTS, encoding="utf-8")
    ends = ("--from", "ecommerce/gateway", "--to", "ecommerce/orders", "--port", "8080", "--cni", "cilium")
    headers = ("--header", "X-Token: abc", "--header", "X-Id:7")

    def said(*options: str) -> list[str]:
        assert run(("eval", str(path), *ends, *options)) == 0
        lines = capsys.readouterr().out.splitlines()
        return [line.split()[0] for line in lines if line.startswith(("allowed", "denied", "  depends"))]

    assert said("--http", "PUT http://adm.shop:80/admin/x", *headers) == ["allowed"]
    assert said("--http", "PUT https://adm.shop/admin/", *headers) == ["allowed"]
    assert said("--http", "PUT http://adm.shop/admin/x", *headers[:2]) == ["denied"]
    assert said("--http", "PUT http://shop/admin/x", *headers) == ["denied"]
    assert said("--http", "PUT /admin/x", *headers) == ["denied", "depends"]
    assert said("--http", "PUT http://adm.shop/admin/x") == ["denied", "depends"]
    assert said("--http", "GET http://adm.shop") == ["denied"]
    assert run(("connectivity", str(path), "--cni", "cilium")) == 0
    assert "Note: what passes for some HTTP requests alone is not listed" in capsys.readouterr().out


def test_an_edit_for_one_request_is_told_to_open_more(tmp_path, capsys) -> None:
    """A policy of ports that lets a request through lets every other through too."""
    path = tmp_path / "all.yaml"
    path.write_text(WORLD + MICROSERVICE, encoding="utf-8")
    flow = ("--from", "ecommerce/gateway", "--to", "ecommerce/orders", "--port", "8080", "--http", "PUT /x")
    assert run(("explain", str(path), *flow, "--cni", "cilium")) == 0
    said = capsys.readouterr().out
    assert "also allows other traffic between the two" in said
    assert "the HTTP request is PUT /x, not POST with the path /orders, nor GET with a path like /orders/[0-9]+" in said
