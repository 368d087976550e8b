"""The text of assertions: what parses, what is refused with which words, and that printing and parsing are inverse."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npverify.assertions import printer
from npverify.assertions import syntax as s
from npverify.assertions.parser import parse
from npverify.assertions.syntax_errors import TABLE
from npverify.assertions.vocabulary import RESERVED
from npverify.ingest.source import Problems
from npverify.inventory.addresses import BITS, Prefix
from npverify.normal.policy import Direction

ROOT = Path(__file__).resolve().parents[2]


def read(text: str) -> tuple[tuple[s.Statement, ...], Problems]:
    """The statements of a text, and what was noted about it."""
    problems = Problems()
    return parse("t.npv", text, problems), problems


def only(text: str) -> s.Statement:
    """The one statement of a text that has no mistake."""
    statements, problems = read(text)
    assert not problems.errors
    (statement,) = statements
    return statement


WEB, DB = s.Word("web"), s.Word("db")

MEANT = {
    "a use names a pack": ("use kubernetes/dns # a pack", s.Use("kubernetes/dns")),
    "where binds `and` before `or`": (
        'let a = pods where x == "1" or y == "2" and has z',
        s.Let(
            "a",
            s.Pods(
                s.AnyOf(
                    (s.LabelTest("x", "in", ("1",)), s.AllOf((s.LabelTest("y", "in", ("2",)), s.LabelTest("z", "has"))))
                )
            ),
        ),
    ),
    "a where ends before in namespace": (
        'let a = pods where app == "web" in namespace shop',
        s.Let("a", s.Pods(s.LabelTest("app", "in", ("web",)), s.Namespaces(("shop",)))),
    ),
    "the namespace may come first": (
        'let a = pods in namespace shop where app == "web"',
        s.Let("a", s.Pods(s.LabelTest("app", "in", ("web",)), s.Namespaces(("shop",)))),
    ),
    "a key may have dots and a slash, or be quoted": (
        'let a = pods where app.kubernetes.io/name != "x" and "has" not in ("y", "z")',
        s.Let(
            "a",
            s.Pods(
                s.AllOf(
                    (s.LabelTest("app.kubernetes.io/name", "not in", ("x",)), s.LabelTest("has", "not in", ("y", "z")))
                )
            ),
        ),
    ),
    "and binds before or": (
        "let a = web or db and not nodes",
        s.Let("a", s.OrEnds((WEB, s.AndEnds((DB, s.NotEnds(s.Everyone("nodes"))))))),
    ),
    "a suffix is a port by TCP": (
        "assert no web reaches db:5432",
        s.Assert(s.Reaches("no", WEB, s.WithPort(DB, 5432))),
    ),
    "an IPv6 address with a port takes brackets": (
        "let a = [fd00::1]:443",
        s.Let("a", s.WithPort(s.Block(Prefix.parse("fd00::1/128")), 443)),
    ),
    "a block may stand without brackets": ("let a = fd00::/8", s.Let("a", s.Block(Prefix.parse("fd00::/8")))),
    "traffic is a list": (
        "assert every web reaches db on tcp/8000-9000, udp, icmp, port metrics, port dns/udp",
        s.Assert(
            s.Reaches(
                "every",
                WEB,
                DB,
                (
                    s.Ports("TCP", (8000, 9000)),
                    s.Ports("UDP"),
                    s.Ports("ICMP"),
                    s.NamedPort("metrics"),
                    s.NamedPort("dns", "UDP"),
                ),
            )
        ),
    ),
    "consume is the request of Kafka that reads, a topic stands in quotes or not": (
        'assert every web reaches db on kafka/9092 Consume orders, kafka produce "a.b", kafka/1-2',
        s.Assert(
            s.Reaches(
                "every",
                WEB,
                DB,
                (s.Kafka("fetch", "orders", (9092, 9092)), s.Kafka("produce", "a.b"), s.Kafka(ports=(1, 2))),
            )
        ),
    ),
    "ways in are a list, in capitals or not": (
        "assert no web reaches db on udp through NodePort, hostport, nodeport",
        s.Assert(s.Reaches("no", WEB, DB, (s.Ports("UDP"),), ways=(s.Through("NodePort"), s.Through("hostPort")))),
    ),
    "options come in either order": (
        'assert tag pci, edge severity warning "t": some web reaches db',
        s.Assert(s.Reaches("some", WEB, DB), "t", "warning", ("pci", "edge")),
    ),
    "plural verbs read as singular ones": (
        "assert no pods reach hostnetwork pods",
        s.Assert(s.Reaches("no", s.Pods(), s.Pods(flavour="hostnetwork"))),
    ),
    "a claim may span lines": (
        "assert web\n  # with a comment\n  reaches only db",
        s.Assert(s.Reaches("reaches only", WEB, DB)),
    ),
    "every … is isolated": (
        "assert every web is isolated for egress",
        s.Assert(s.IsolatedFor(WEB, (Direction.EGRESS,))),
    ),
    "isolated from, without `is`": ("assert web isolated from db", s.Assert(s.IsolatedFrom(WEB, DB))),
    "isolated from, with `is`": ("assert web is isolated from db", s.Assert(s.IsolatedFrom(WEB, DB))),
    "a policy with its kind": (
        "assert policy NetworkPolicy shop/p is not redundant",
        s.Assert(s.PolicyIs("shop/p", "redundant", False, "NetworkPolicy")),
    ),
    "no policy, in some namespaces": (
        "assert no policy is vacuous in namespaces a, b",
        s.Assert(s.NoPolicyIs("vacuous", s.Namespaces(("a", "b")))),
    ),
    "other namespaces": (
        "assert no pod reaches pods in other namespaces",
        s.Assert(s.Reaches("no", s.Pods(), s.Pods(scope=s.OtherNamespaces()))),
    ),
    "where pods live": (
        "assume pod addresses in 10.244.0.0/16, fd00:10::/56",
        s.AssumeAddresses((Prefix.parse("10.244.0.0/16"), Prefix.parse("fd00:10::/56"))),
    ),
    "a keyword inside a longer word is none": (
        "assert no pod-reader reaches nodes.example",
        s.Assert(s.Reaches("no", s.Word("pod-reader"), s.Word("nodes.example"))),
    ),
}


@pytest.mark.parametrize(("text", "meant"), MEANT.values(), ids=MEANT)
def test_a_text_means_its_tree(text: str, meant: s.Statement) -> None:
    """Each form of the language parses to the tree that says the same."""
    assert only(text) == meant


def test_the_text_of_a_claim_is_kept_on_one_line() -> None:
    """`text` is the claim as written, without title, options, comments and line breaks; `span` is the statement's."""
    statement = only('\n  assert severity warning "a # b": no web  # not\n    reaches pods where x == "#1"   # this')
    assert isinstance(statement, s.Assert)
    assert statement.text == 'no web reaches pods where x == "#1"'
    assert (statement.title, statement.span.line, statement.span.column) == ("a # b", 2, 3)


MISTAKES = [(row.message, row.fix, example) for row in TABLE for example in row.examples]


@pytest.mark.parametrize(("message", "fix", "example"), MISTAKES, ids=[m[2] for m in MISTAKES])
def test_a_mistake_gets_its_message(message: str, fix: str, example: str) -> None:
    """Every example of the table is refused with the message of its row."""
    statements, problems = read(example)
    (error,) = problems.errors
    assert not statements
    assert error.message.startswith(message)
    assert (error.code, error.fix, error.excerpt) == ("NPV100", fix, example)


REFUSED = {
    "a misspelt verb": ("assert no web reeches db", 15, "NPV100", "expected `reaches`", "did you mean `reaches`?"),
    "two destinations": ("assert no web reaches api db", 27, "NPV100", "expected `and`, `except`, `on`", ""),
    "Korean letters in a name": ("assert no 웹 reaches db", 11, "NPV100", "expected endpoints", "names have the letters"),
    "Korean letters in a let": ("let 웹 = web", 5, "NPV100", "expected a name", "names have the letters"),
    "a misspelt statement": ("asert no web reaches db", 1, "NPV100", "expected `assert`", "did you mean `assert`?"),
    "a misspelt direction": (
        "assert every web is isolated for ingres", 34, "NPV100", "expected `egress` or `ingress`", "did you mean `ingress`?",
    ),
    "an open quote": ('assert "no end: no web reaches db', 8, "NPV100", "no closing quote", ""),
    "an open parenthesis": ("assert no (web or db reaches db", 22, "NPV100", "expected `)`", ""),
    "a character of no language": ("assert no web reaches db §", 26, "NPV100", "found `§`", ""),
    "a port above 65535": ("assert no web reaches db:70000", 25, "NPV110", "`70000` is out of the range of ports", "65535"),
    "a range in reverse": ("assert no web reaches db on tcp/9-3", 29, "NPV110", "ends before it starts", "swap"),
    "a port without protocol": ("assert no web reaches db on 80", 29, "NPV110", "`80` is no protocol", "`tcp/80`"),
    "ICMP with a port": ("assert no web reaches db on icmp/8", 29, "NPV110", "ICMP has no ports", "`icmp`"),
    "a number as a name": ("assert no web reaches db on port 80", 34, "NPV110", "is a number", "`tcp/80`"),
    "a name as a number": ("assert no web reaches db on tcp/http", 29, "NPV110", "no port number", "`port http`"),
    "bits behind the prefix": ("assert no web reaches 10.0.0.5/24", 23, "NPV109", "bits behind", "`10.0.0.0/24`"),
    "an address that is none": ("assert no web reaches 10.0.0.256", 23, "NPV109", "no IP address", ""),
    "a let that is a keyword": ("let pods = web", 5, "NPV107", "word of the language", ""),
    "two severities": ("assert severity error severity warning no web reaches db", 23, "NPV112", "twice", "keep one"),
    "a statement that stops": ("assert every web is", 20, "NPV100", "found the end of the statement", ""),
}  # fmt: skip


@pytest.mark.parametrize(("text", "column", "code", "words", "fix"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_points_at_the_place(text: str, column: int, code: str, words: str, fix: str) -> None:
    """A message has the position of the mistake, the user's text, and a way to mend it."""
    _, problems = read(text)
    (error,) = problems.errors
    assert error.span is not None
    assert (error.code, error.span.line, error.span.column) == (code, 1, column)
    assert words in error.message
    assert fix in error.fix


def test_one_mistake_hides_no_other() -> None:
    """All mistakes of a file are reported, with lines, and the good statements between them are read."""
    statements, problems = read(
        "stray\nassert no web reeches db\nlet a = web\nassert no a\n  reaches 10.0.0.1/8,\n\nlet = b\n"
    )
    assert [e.span.line for e in problems.errors if e.span] == [1, 2, 5, 7]
    assert statements == (s.Let("a", WEB),)


def test_every_keyword_that_can_begin_an_endpoint_is_reserved() -> None:
    """A word that the grammar reads otherwise where a name can stand is refused as the name of a `let`."""
    for word in ("pods", "nodes", "service", "cronjobs", "internet", "policy", "every", "not"):
        assert word in RESERVED
        _, problems = read(f"assert {word} reaches only db")
        assert problems.errors or word in ("pods", "nodes", "internet"), word


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.npv")), ids=lambda p: p.name)
def test_examples_parse(path: Path) -> None:
    """Every assertion file of the examples is read without a message."""
    _, problems = read(path.read_text(encoding="utf-8"))
    assert problems.errors == ()


# Trees that the parser can give back: operands in twos or more, no repeated names.

names = st.sampled_from(("web", "db", "shop/web", "a-b.c", "x_1"))
plain = st.sampled_from(("web", "db", "shop", "x-1"))
keys = st.sampled_from(("app", "tier", "a.b/c", "not", "has", "no", "in", "weird key", "where", "and"))
values = st.lists(st.sampled_from(("", "web", "a b", "#", "x:y", "or")), min_size=1, max_size=3, unique=True).map(tuple)
tests = st.one_of(
    st.builds(s.LabelTest, keys, st.sampled_from(("in", "not in")), values),
    st.builds(s.LabelTest, keys, st.sampled_from(("has", "has no"))),
)


def several(inner: st.SearchStrategy[s.Ends]) -> st.SearchStrategy[tuple[s.Ends, ...]]:
    """Two or three operands."""
    return st.lists(inner, min_size=2, max_size=3).map(tuple)


conditions: st.SearchStrategy[s.Condition] = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.builds(s.NotCondition, inner), st.builds(s.AllOf, several(inner)), st.builds(s.AnyOf, several(inner))
    ),
    max_leaves=4,
)
unique_names = st.lists(plain, min_size=1, max_size=3, unique=True).map(tuple)
scopes = st.one_of(
    st.builds(s.Namespaces, unique_names), st.builds(s.NamespacesWhere, conditions), st.just(s.OtherNamespaces())
)
prefixes = st.builds(
    lambda family, value, length: Prefix(
        family, value % (1 << length) << (BITS[family] - length), length
    ),
    st.sampled_from((4, 6)), st.integers(0, (1 << 32) - 1), st.integers(0, 32),
)  # fmt: skip
kinds = st.sampled_from(("deployment", "job", "cronjob", "service", "serviceaccount", "pod", "node"))
atoms = st.one_of(
    st.builds(s.Word, names),
    st.builds(s.Named, kinds, names),
    st.builds(s.Pods, st.none() | conditions, st.none() | scopes, st.sampled_from(("", "hostnetwork", "possible"))),
    st.builds(s.Block, prefixes),
    st.builds(s.Everyone, st.sampled_from(("nodes", "internet", "anything"))),
)
ends: st.SearchStrategy[s.Ends] = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(s.NotEnds, inner),
        st.builds(s.AndEnds, several(inner)),
        st.builds(s.OrEnds, several(inner)),
        st.builds(s.ExceptEnds, inner, inner),
        st.builds(s.WithPort, inner, st.integers(1, 65535)),
    ),
    max_leaves=5,
)
ranges = st.tuples(st.integers(1, 65535), st.integers(1, 65535)).map(lambda r: (min(r), max(r)))
traffic = st.lists(
    st.one_of(
        st.builds(s.Ports, st.sampled_from(("TCP", "UDP", "SCTP")), st.none() | ranges),
        st.just(s.Ports("ICMP")),
        st.builds(s.NamedPort, plain, st.sampled_from(("", "TCP", "UDP"))),
        st.builds(
            s.Http,
            st.sampled_from(("", "GET", "GET|PUT")),
            st.sampled_from(("", "/api/.*", "/a{1,2} b", ".*")),
            st.none() | ranges,
        ),
        st.builds(s.Dns, st.sampled_from(("", "api.example.com", "*.a-b.c", "**.x", "*")), st.just((53, 53)) | ranges),
        st.builds(s.Kafka, st.sampled_from(("", "fetch", "heartbeat")), st.just(""), st.none() | ranges),
        st.builds(s.Kafka, st.just("produce"), st.sampled_from(("orders", "a.b_c-d", "http")), st.none() | ranges),
    ),
    max_size=3,
).map(tuple)
ways = st.lists(
    st.sampled_from(("NodePort", "LoadBalancer", "external IP", "hostPort")).map(s.Through), max_size=3, unique=True
).map(tuple)
properties = st.sampled_from(("shadowed", "redundant", "vacuous"))
directions = st.lists(st.sampled_from(tuple(Direction)), min_size=1, max_size=2, unique=True).map(tuple)
claims = st.one_of(
    st.builds(s.Reaches, st.sampled_from(("every", "every some", "some", "only", "reaches only")), ends, ends, traffic),
    st.builds(s.Reaches, st.just("no"), ends, ends, traffic, st.booleans()),
    st.builds(s.Reaches, st.sampled_from(("no", "every", "some", "only")), ends, ends, traffic, st.just(False), ways),
    st.builds(s.IsolatedFrom, ends, ends),
    st.builds(s.IsolatedFor, ends, directions),
    st.builds(s.PolicyIs, names, properties, st.booleans(), st.sampled_from(("", "NetworkPolicy"))),
    st.builds(s.NoPolicyIs, properties, st.none() | st.builds(s.Namespaces, unique_names)),
    st.builds(s.OnChange, st.sampled_from(("new", "lost")), st.none() | ends, ends, traffic),
)
statements = st.one_of(
    st.builds(s.Use, st.just("kubernetes/dns")),
    st.builds(s.Let, st.sampled_from(("web", "x_1", "a-b.c")), ends),
    st.builds(s.AssumeAddresses, st.lists(prefixes.filter(lambda p: p.length < 32), min_size=1, max_size=3).map(tuple)),
    st.builds(s.AssumeLabel, keys),
    st.builds(
        s.Assert,
        claims,
        st.sampled_from(("", "a title: # with signs")),
        st.sampled_from(("error", "warning")),
        unique_names,
    ),
)


@settings(max_examples=300, deadline=None)
@given(statements)
def test_parsing_undoes_printing(tree: s.Statement) -> None:
    """`parse(print(t)) == t` for every syntax tree."""
    assert only(printer.statement(tree)) == tree
