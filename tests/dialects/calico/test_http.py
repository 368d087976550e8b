"""Clauses about HTTP requests from manifest to answer: what is said, asked and warned of."""

from __future__ import annotations

from itertools import product

import pytest

import npverify
from agreement import encoded
from dialects.calico.edge_case import APPLE, OAK, OUTSIDE, OX, PEAR, Case, allowed, gnp, host, ingress, np
from dialects.calico.edge_queries import flow_of, world_of
from dialects.edge_cases import joined
from npverify.analyses.evaluate import evaluate
from npverify.cli.app import run
from npverify.oracle import Oracle
from npverify.reduction.residuals import Residuals
from npverify.report.json_values import flow as flow_json
from npverify.report.words import traffic

PUB = "action: Allow, protocol: TCP, http: {methods: [GET], paths: [{prefix: /pub}]}"
ON = {"l7": "on"}


def case(policies: str, version: str = "3.32", *, on: bool = True) -> Case:
    """An input with policies about HTTP, enforced or not."""
    return Case(84, "", "", policies, version=version, assume=ON if on else {})


def test_one_warning_for_each_policy_that_nothing_enforces() -> None:
    """A policy of several clauses is one warning, of rules that are in force; where a proxy enforces them there is none."""
    several = ingress(PUB, "action: Allow, http: {methods: [PUT]}", subject="selector: all()")
    inert = "selector: all(), types: [Egress], ingress: [{action: Allow, http: {methods: [GET]}}]"
    found = joined(np(several), gnp(several, "everywhere"), np(ingress("action: Allow"), "plain"), np(inert, "inert"))
    warnings = [d for d in world_of(case(found, on=False)).warnings if d.code == "NPV287"]
    assert [d.message for d in warnings] == [
        "`http` of NetworkPolicy orchard/rules is not enforced without a proxy: ingress[0] allows every request",
        "`http` of GlobalNetworkPolicy everywhere is not enforced without a proxy: ingress[0] allows every request",
    ]
    assert all(d.span and d.fix for d in warnings)
    assert not [d for d in world_of(case(found)).warnings if d.code == "NPV287"]


def test_no_proxy_stands_before_a_node() -> None:
    """At a host endpoint the clause counts for nothing, and a warning says so; at pods it counts."""
    rules = gnp(ingress("action: Allow, protocol: TCP, http: {methods: [GET]}", subject="selector: all()"))
    world = world_of(case(joined(rules, host("oak", "'*'"))))
    assert [d.message for d in world.warnings if d.code == "NPV287"] == [
        "`http` of GlobalNetworkPolicy rules is not enforced at host endpoints: ingress[0] allows every request there"
    ]
    oracle = Oracle(world.policies, world.inventory)
    for dst, passes in ((OAK, True), (PEAR, False)):
        assert oracle.decide(flow_of(allowed(OUTSIDE, dst, http="PUT /"), world.inventory)).allowed is passes


@pytest.mark.parametrize(
    ("version", "fact"),
    [
        ("3.32", "the HTTP request is GET with a path under /pub"),
        ("3.31", "the HTTP request is GET with a path that begins with /pub"),
    ],
)
def test_a_verdict_that_hangs_on_the_request_names_it(version: str, fact: str) -> None:
    """Without a request the fact is what the verdict depends on; with one nothing is left open."""
    world = world_of(case(np(ingress(PUB)), version))
    assert evaluate(world, flow_of(allowed(APPLE, PEAR), world.inventory)).depends == (fact,)
    asked = evaluate(world, flow_of(allowed(APPLE, PEAR, http="GET /pub/x"), world.inventory))
    assert (asked.verdict.allowed, asked.depends) == (True, ())


def test_a_counterexample_says_which_request_it_needs(tmp_path, monkeypatch, capsys) -> None:
    """It is a part of the flow, which `eval` and `explain` can be asked about; the exit code is that of a refuted assertion."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "all.yaml").write_text(case(np(ingress(PUB))).manifests, encoding="utf-8")
    (tmp_path / "no.npv").write_text("assert no orchard/apple reaches orchard/pear:80\n", encoding="utf-8")
    options = ("--cni", "calico", "--assume", "l7=on")
    assert run(("prove", "all.yaml", "--spec", "no.npv", *options)) == 1
    out = capsys.readouterr().out
    assert "  flow      orchard/apple -> orchard/pear  TCP 80, HTTP GET /pub\n" in out
    ends = ("--from", APPLE, "--to", PEAR, "--port", "80")
    assert run(("eval", "all.yaml", *ends, "--http", "GET /pub/../x", *options)) == 0
    assert "denied" in capsys.readouterr().out
    assert run(("explain", "all.yaml", *ends, "--http", "GET /x", *options)) == 0
    assert "the HTTP request is GET /x, not GET with a path under /pub" in capsys.readouterr().out


def test_two_clauses_are_two_facts() -> None:
    """Without a request each clause is a fact of its own, and the facts are independent; with a request there is none."""
    rules = ingress(
        "action: Allow, protocol: TCP, http: {methods: [GET]}", "action: Allow, protocol: TCP, http: {methods: [PUT]}"
    )
    world = world_of(case(np(rules)))
    touched: dict = {}
    Oracle(world.policies, world.inventory).decide(flow_of(allowed(APPLE, PEAR), world.inventory), {}, touched)
    assert [name for name in touched if "HTTP" in name] == ["the HTTP request is GET", "the HTTP request is PUT"]


PATHS = ("/pub", "/pub/x", "/public", "/pub/../admin", "/admin/%2e%2e/pub", "/%00", "/admin")


@pytest.mark.parametrize("version", ["3.26", "3.31", "3.32"])
def test_the_encoding_of_requests_means_what_the_oracle_says(version: str) -> None:
    """Whatever is asked, encoder, reduction and oracle agree once the facts are those of the request."""
    policies = joined(
        np(ingress(PUB, "action: Deny, source: {selector: app == 'ox'}", "action: Allow, http: {methods: [PUT]}")),
        gnp(
            ingress("action: Allow, http: {paths: [{exact: /admin}, {prefix: /pub/x}]}", order="2000"),
            "later",
        ),
    )
    world = world_of(case(policies, version))
    oracle, residuals = Oracle(world.policies, world.inventory), Residuals(world.inventory, world.policies)
    verdicts = set()
    for src, method, path in product((APPLE, OX), ("GET", "PUT", "POST"), PATHS):
        flow = flow_of(allowed(src, PEAR, http=f"{method} {path}"), world.inventory)
        said = oracle.decide(flow).allowed
        verdicts.add(said)
        assert list(encoded(flow, [{}], world, residuals)) == [(said, said)], flow.http
    assert verdicts == {True, False}


def test_a_flow_shows_its_request() -> None:
    """In JSON, from which it reads back, and in words."""
    world = world_of(case(np(ingress(PUB))))
    flow = flow_of(allowed(APPLE, PEAR, http="GET /pub?x"), world.inventory)
    shown = flow_json(flow)
    assert shown["http"] == {"method": "GET", "path": "/pub?x"}
    given = {key: shown[key] for key in ("src", "dst", "protocol", "port", "http")}
    assert npverify.read_flow(given, world.inventory).flow == flow
    assert traffic(flow) == "TCP 80, HTTP GET /pub?x"
