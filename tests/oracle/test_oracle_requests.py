"""Which HTTP requests a clause asks for: one row per fact."""

from __future__ import annotations

import pytest

from helpers import http_clause
from npverify.normal.flow import Request
from npverify.normal.predicates import TRUE, HttpIs
from npverify.normal.requests import as_served, in_words, request_fact
from npverify.oracle.requests import asks_for

SERVED = [
    ("the root", "/", "/"),
    ("a path as it is", "/pub/x", "/pub/x"),
    ("a slash at the end goes", "/pub/", "/pub"),
    ("slashes are one", "//pub///x", "/pub/x"),
    ("a dot is nothing", "/pub/./x/.", "/pub/x"),
    ("two dots go up", "/pub/a/../../admin", "/admin"),
    ("nothing is above the root", "/../..", "/"),
    ("the query goes", "/pub?x=/../admin", "/pub"),
    ("the fragment goes", "/pub#/../admin", "/pub"),
    ("escapes are read", "/%70ub", "/pub"),
    ("an escaped question mark is a letter", "/pub%3Fx", "/pub?x"),
    ("escaped dots and slashes count", "/pub%2F%2e%2E%2Fadmin", "/admin"),
    ("a backslash is a slash", "/pub\\..\\admin", "/admin"),
    ("an escaped backslash is one too", "/pub%5C..%5Cadmin", "/admin"),
    ("a path may begin with a backslash", "\\pub", "/pub"),
    ("parameters of a segment go", "/a;p=1/b;q=2/c", "/a/b/c"),
    ("a parameter does not hide two dots", "/pub/..;x/admin", "/admin"),
    ("an escaped semicolon is one too", "/pub/..%3Bx/admin", "/admin"),
    ("letters are those of UTF-8", "/%c3%a9", "/é"),
    ("an escaped percent sign is one", "/100%25", "/100%"),
    ("two dots that are escaped twice", "/pub/%252e%252E/admin", None),
    ("a slash that is escaped twice", "/pub%252fadmin", None),
    ("a backslash that is escaped twice", "/pub%255cadmin", None),
    ("an escape of an escape, piece by piece", "/pub/%25%32%65", None),
    ("an escaped NUL", "/pub%00/admin", None),
    ("a NUL as it is", "/pub\0", None),
    ("an escape that is none", "/%XY", None),
    ("half an escape", "/pub%2", None),
    ("no slash in front", "pub", None),
    ("a whole URL", "http://shop/pub", None),
    ("nothing", "", None),
]


@pytest.mark.parametrize(("path", "served"), [r[1:] for r in SERVED], ids=[r[0] for r in SERVED])
def test_a_path_as_servers_read_it(path: str, served: str | None) -> None:
    """Source: projectcalico/calico v3.32.0 app-policy/checker/match_test.go TestNormalizeHTTPPath."""
    assert as_served(path) == (None if served is None else served.encode())


ASKED = [
    ("a prefix is a path itself", "/pub", "/pub", "yes", "yes"),
    ("a prefix with a slash behind it", "/pub", "/pub/", "yes", "yes"),
    ("something under a prefix", "/pub", "/pub/x", "yes", "yes"),
    ("a prefix is no piece of a word", "/pub", "/public-leak", "no", "yes"),
    ("a way out of a prefix", "/pub", "/pub/../admin", "no", "yes"),
    ("a way out that is escaped", "/pub", "/pub/%2e%2e/admin", "no", "yes"),
    ("a way out that is escaped twice", "/pub", "/pub/%252e%252e/admin", "no", "yes"),
    ("a way into a prefix", "/pub", "/admin/../pub", "yes", "no"),
    ("a prefix with two slashes", "/pub", "//pub/x", "yes", "no"),
    ("a NUL under a prefix", "/pub", "/pub/%00", "no", "yes"),
    ("a parameter under a prefix", "/pub", "/pub;x/y", "yes", "yes"),
    ("a backslash out of a prefix", "/pub", "/pub\\..\\admin", "no", "yes"),
    ("a query that looks like a prefix", "/pub", "/admin?/pub", "no", "no"),
    ("a query behind a prefix", "/pub/x", "/pub?/x", "no", "no"),
    ("a prefix that ends with a slash", "/pub/", "/pub", "yes", "no"),
    ("a prefix that ends with a slash, and more", "/pub/", "/pub/x", "yes", "yes"),
    ("the root is everything", "/", "/x", "yes", "yes"),
    ("the root is not what no server reads alike", "/", "/%00", "no", "yes"),
    ("a prefix is read as servers do too", "/a/../pub", "/pub/x", "yes", "no"),
    ("a prefix that no server reads alike", "/%2", "/%2", "no", "yes"),
    ("case counts", "/pub", "/PUB", "no", "no"),
    ("a path", "=/pub", "/pub", "yes", "yes"),
    ("a path is not what is under it", "=/pub", "/pub/x", "no", "no"),
    ("a path is no prefix", "=/pub", "/public", "no", "no"),
    ("a path with a slash behind it", "=/pub", "/pub/", "yes", "no"),
    ("a path with a query", "=/pub", "/pub?x", "yes", "yes"),
    ("a path with a fragment and a query", "=/pub", "/pub#a?b", "yes", "yes"),
    ("a path with a parameter", "=/pub", "/pub;x", "yes", "no"),
    ("a path that is escaped", "=/pub", "/%70ub", "yes", "no"),
    ("a path on a way around", "=/pub", "/pub/../pub", "yes", "no"),
]


@pytest.mark.parametrize(("clause", "path", "normalised", "literal"), [r[1:] for r in ASKED], ids=[r[0] for r in ASKED])
def test_a_path_is_one_that_a_clause_asks_for(clause: str, path: str, normalised: str, literal: str) -> None:
    """A prefix, or with `=` an exact path, against a request; source: match_test.go TestMatchHTTPPaths of both versions."""
    paths = [("exact", clause[1:]) if clause.startswith("=") else ("prefix", clause)]
    for as_read, want in ((True, normalised), (False, literal)):
        at = http_clause((), paths, normalised=as_read)
        assert isinstance(at, HttpIs)
        assert asks_for(Request("GET", path), at) is (want == "yes"), as_read


CLAUSES = [
    ("a method", ["GET"], [], "GET", True),
    ("one of the methods", ["GET", "PUT"], [], "GET or PUT", True),
    ("another method", ["PUT"], [], "PUT", False),
    ("case of methods counts", ["get"], [], '"get"', False),
    ("method and path", ["GET"], [("prefix", "/pub")], "GET with a path under /pub", True),
    ("another method for the path", ["PUT"], [("prefix", "/pub")], "PUT with a path under /pub", False),
    ("another path for the method", ["GET"], [("exact", "/x")], "GET with the path /x", False),
    ("one of the paths", [], [("prefix", "/pub"), ("exact", "/x")], "one with the path /x or a path under /pub", True),
    ("every method by a star", ["PUT", "*"], [("exact", "/pub/a")], "one with the path /pub/a", True),
    ("words that look like a clause", ["one"], [], '"one"', False),
]


@pytest.mark.parametrize(("methods", "paths", "words", "want"), [c[1:] for c in CLAUSES], ids=[c[0] for c in CLAUSES])
def test_a_clause_about_get_of_pub_a(methods: list, paths: list, words: str, want: bool) -> None:
    """Methods and paths must both be met, and the words say so."""
    at = http_clause(methods, paths, normalised=True)
    assert isinstance(at, HttpIs)
    assert in_words(at) == words
    assert asks_for(Request("GET", "/pub/a", "shop"), at) is want


def test_a_clause_that_asks_for_nothing_is_true() -> None:
    """No method or every method, and no path: any request, and what is none."""
    assert http_clause((), (), normalised=True) is TRUE
    assert http_clause(("GET", "*"), (), normalised=False) is TRUE


def test_clauses_that_differ_are_different_facts() -> None:
    """Equal clauses in another order are one fact; any difference in meaning makes two."""
    pub = [("prefix", "/pub")]
    clauses = [
        http_clause(methods, paths, normalised=normalised)
        for methods in ((), ("GET",), ("GET", "PUT"), ("GET or PUT",), ("one",))
        for paths in (pub, [("exact", "/pub")], [*pub, ("exact", "/x")], [("prefix", "/pub or the path /x")])
        for normalised in (True, False)
    ]
    assert len({request_fact(at).name for at in clauses if isinstance(at, HttpIs)}) == len(set(clauses)) == 40
    assert http_clause(("PUT", "GET", "GET"), pub, normalised=True) is http_clause(
        ("GET", "PUT"), pub * 2, normalised=True
    )
    assert http_clause(("GET",), (), normalised=True) is http_clause(("GET",), (), normalised=False)
