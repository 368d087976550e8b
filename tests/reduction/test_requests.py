"""Kinds of requests: what is left of clauses is true of a request exactly where its tests by hand, and the oracle, are."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from npverify.inventory.unknowns import FACT
from npverify.normal.flow import Request
from npverify.normal.patterns import is_literal
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    DnsIs,
    HttpIs,
    UnknownIn,
    and_,
    atoms_of,
    dns_is,
    dns_query,
    http_is,
    http_request,
    protocol_is,
    substitute,
    unknown_in,
)
from npverify.normal.requests import as_served
from npverify.oracle.requests import asks_for, is_name
from npverify.reduction import languages
from npverify.reduction.readings import under
from npverify.reduction.requests import SENT as IS_SENT
from npverify.reduction.requests import Requests, kinds_of, of_clauses
from request_worlds import HEADERS, HOSTS, METHODS, PATHS, SENT, random_request


def _clause(method: str = "", path: str = "", host: str = "", header: str = "") -> HttpIs:
    texts = ([("exact" if is_literal(t) else "regex", t)] if t else [] for t in (method, path, host))
    name, _, value = header.partition(" ")
    found = http_is(*texts, [(name.rstrip(":"), value or None)] if header else [], reads="sent")
    assert isinstance(found, HttpIs)
    return found


def _holds(requests: Requests, at: HttpIs, request: Request) -> bool:
    left = substitute(requests.residual(at), lambda a: TRUE if a is protocol_is("TCP") else a)
    said = under(left, requests.reading(request))
    assert said in (TRUE, FALSE)
    return said is TRUE


def test_kinds_say_what_the_tests_by_hand_say() -> None:
    """Every test alone, on every text that meets one or just misses it; and the oracle says the same."""
    tables = (METHODS, PATHS, HOSTS)
    clauses = [_clause(*("",) * n, text) for n, table in enumerate(tables) for text in table]
    clauses += [_clause(header=header) for header in HEADERS]
    requests = Requests(clauses)
    for n, (table, texts) in enumerate(zip(tables, SENT.values(), strict=True)):
        for (text, meant), sent in product(table.items(), texts):
            request = Request("GET", "/", "shop", ())._replace(**{("method", "path", "host")[n]: sent})
            at = _clause(*("",) * n, text)
            assert (_holds(requests, at, request), asks_for(request, at)) == (meant(sent),) * 2, (text, sent)
    for (header, meant_of), given in product(
        HEADERS.items(), ({}, {"X-A": "1"}, {"x-A": "2"}, {"x-b": "3", "X-A": "3"})
    ):
        request, at = Request("GET", "/", "", tuple(given.items())), _clause(header=header)
        want = meant_of({name.lower(): value for name, value in given.items()})
        assert (_holds(requests, at, request), asks_for(request, at)) == (want, want), (header, given)


def _random_clause(rng: Random) -> HttpIs:
    while True:
        texts = [rng.choice((*table, "", "", "")) for table in (METHODS, PATHS, HOSTS, HEADERS)]
        if any(texts):
            return _clause(*texts)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_left_of_clauses_is_what_the_oracle_says(seed: int) -> None:
    """Of random clauses together, on random requests; and a request that is made of a reading is what the reading says."""
    rng = Random(seed)
    clauses = [_random_clause(rng) for _ in range(rng.randint(1, 6))]
    requests = of_clauses(frozenset(clauses))
    for _ in range(30):
        request = random_request(rng, clauses)
        reading = requests.reading(request)
        made = requests.of(reading)
        assert made is not None
        for at in clauses:
            assert _holds(requests, at, request) is asks_for(request, at) is asks_for(made, at)
    for _ in range(30):
        reading = {IS_SENT.name: "true", **{u.name: rng.choice(u.values) for u in requests.unknowns[1:]}}
        made = requests.of(reading)
        assert made is not None
        for at in clauses:
            left = under(requests.residual(at), reading)
            assert (left is not FALSE) is asks_for(made, at)


NAMES = ("example.com", "www.example.com", "a.b.c", "a_1.b", "x", "com", "example.com.x", "ab.c")
PATTERNS = (
    ("exact", "example.com"), ("exact", "a.b.c"), ("regex", ".*"), ("regex", r"[-a-z0-9_]*\.com"),
    ("regex", r"([-a-z0-9_]+\.)+c"), ("regex", r"[-a-z0-9_]*a[-a-z0-9_]*\.b"), ("regex", r"[-a-z0-9_]*"),
)  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_what_is_left_of_clauses_about_names_is_what_the_oracle_says(seed: int) -> None:
    """Of random clauses together, beside one about requests too; a flow carries a request or a query."""
    rng = Random(seed)
    clauses = [dns_is(rng.sample(PATTERNS, rng.randint(1, 2))) for _ in range(rng.randint(1, 4))]
    clauses += [dns_query(), *([_random_clause(rng)] if rng.random() < 0.5 else [])]
    requests = of_clauses(frozenset(at for at in clauses if isinstance(at, DnsIs | HttpIs)))
    for name in NAMES:
        reading = requests.reading_of_name(name)
        made = requests.name(reading)
        assert made is not None
        for at in clauses:
            holds = isinstance(at, DnsIs) and is_name(name, at)
            left = under(requests.residual(at), reading)
            assert (left is not FALSE, isinstance(at, DnsIs) and is_name(made, at)) == (holds, holds), (name, at)
    for at in clauses:
        assert under(requests.residual(at), {}) is FALSE
        if IS_SENT in requests.unknowns and isinstance(at, DnsIs):
            both = {**requests.reading_of_name("x"), IS_SENT.name: "true"}
            assert (under(requests.residual(at), both), requests.name(both)) == (FALSE, None)


def test_clauses_that_cannot_be_met_together_leave_nothing() -> None:
    """No request is both, and one that a wider clause asks for is one of the narrower: the kinds tell without a solver."""
    one, other, wide = _clause("GET", "/a"), _clause("GET", "/b"), _clause("GET", "/a.*")
    requests = Requests((one, other, wide))
    kinds = {u.name: u.values for u in requests.unknowns}
    assert kinds["the path of the HTTP request"] == ("/", "/a", "/b", "/aa")
    assert kinds["the method of the HTTP request"] == ("GET", "POST")
    readings = [
        {IS_SENT.name: "true", **dict(zip(list(kinds)[1:], values, strict=True))}
        for values in product(*list(kinds.values())[1:])
    ]
    said = [
        tuple(under(requests.residual(at), reading) is not FALSE for at in (one, other, wide)) for reading in readings
    ]
    assert not any(a and b for a, b, _ in said)
    assert all(c for a, _, c in said if a)


def test_without_a_request_nothing_is_asked_for() -> None:
    """The default reading sends none, so that every clause is false there, one about all requests too."""
    every = _clause(path="/.*")
    requests = Requests((every,))
    assert under(requests.residual(every), {}) is FALSE
    assert requests.residual(every) is and_(protocol_is("TCP"), unknown_in(IS_SENT, "true"))
    assert requests.residual(http_request()) is not FALSE  # of a clause that was not told it is a fact
    assert requests.of({}) is None


SERVED = (
    "/",
    "/pub",
    "/pub/",
    "/pub/x",
    "/public",
    "/pub/../admin",
    "/admin/%2e%2e/pub",
    "/%00",
    "/pub?x",
    "/%70ub/y",
    "/a/b",
    "/pub%2500",
)


@pytest.mark.parametrize("reads", ["plain", "served"])
def test_paths_as_calico_compares_them(reads: str) -> None:
    """Up to 3.31 letter by letter, and since 3.32 as servers read them: kinds and oracle agree."""
    tests = [
        ("exact", "/pub"),
        ("prefix", "/pub"),
        ("prefix", "/"),
        ("prefix", "/pub/"),
        ("exact", "/a/../pub/x"),
        ("prefix", "/%2"),
    ]
    clauses = [http_is(paths=[test], reads=reads) for test in tests]
    requests = Requests(at for at in clauses if isinstance(at, HttpIs))
    for at, path in product(clauses, SERVED):
        assert isinstance(at, HttpIs)
        request = Request("GET", path)
        assert _holds(requests, at, request) is asks_for(request, at), (at.paths, path)
        made = requests.of(requests.reading(request))
        assert made is not None
        assert asks_for(made, at) is asks_for(request, at), (path, made)


def test_a_question_compares_paths_as_the_policies_do() -> None:
    """Beside clauses about paths as they are served it is about those, without their query; else about what is sent."""
    asked = http_is(paths=[("regex", "/pub/[a-z]+")], reads="asked")
    served = http_is(paths=[("prefix", "/pub")], reads="served")
    assert isinstance(asked, HttpIs)
    assert isinstance(served, HttpIs)
    beside, alone = Requests((asked, served)), Requests((asked,))
    for path, by_served, by_sent in (("/pub/x", True, True), ("/a/../pub/x?y", True, False), ("/pub/x?y", True, False)):
        assert _holds(beside, asked, Request("GET", path)) is by_served, path
        assert _holds(alone, asked, Request("GET", path)) is by_sent, path


def test_a_path_is_of_its_kind_both_as_it_is_sent_and_as_it_is_served() -> None:
    """Policies of two plugins may ask for both; where no path is known that is, none is made."""
    sent = _clause(path="/pub/x")
    served = http_is(paths=[("exact", "/pub/x")], reads="served")
    assert isinstance(served, HttpIs)
    requests = Requests((sent, served))
    name, other = "the path of the HTTP request", "the served path of the HTTP request"
    found = {
        (a, b): requests.of({IS_SENT.name: "true", name: a, other: b})
        for a, b in product(("/", "/pub/x"), ("/", "/pub/x"))
    }
    assert {key: made and made.path for key, made in found.items()} == {
        ("/", "/"): "/", ("/", "/pub/x"): "/pub/x?a", ("/pub/x", "/"): None, ("/pub/x", "/pub/x"): "/pub/x",
    }  # fmt: skip
    assert as_served("/pub/x?a") == b"/pub/x"


def test_too_many_kinds_are_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then each clause is a fact of its own: more readings than can be, and never fewer."""
    monkeypatch.setattr(languages, "MOST_WORK", 50)
    kinds_of.cache_clear()
    clauses = [_clause(path=f"/.*{letter}.*") for letter in "abcdef"]
    requests = Requests(clauses)
    assert not requests.exact
    atoms = [a for at in clauses for a in atoms_of(requests.residual(at)) if isinstance(a, UnknownIn)]
    assert [a.unknown.values for a in atoms] == [FACT] * 6
    assert len({a.unknown.name for a in atoms}) == 6
