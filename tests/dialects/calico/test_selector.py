"""The selector language: what each form means, where each mistake is told, and that texts survive a round trip."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dialects.calico.naive_selector import Refused, meaning
from npverify.dialects.calico.selector import (
    All,
    And,
    Contains,
    EndsWith,
    Equals,
    Global,
    Has,
    In,
    Node,
    Not,
    Or,
    SelectorError,
    StartsWith,
    holds,
    keys,
    map_keys,
    parse,
    quick,
    replaced,
)
from npverify.dialects.calico.selector_errors import TABLE, Row
from npverify.dialects.calico.translate_selectors import of_namespaces, of_pods
from npverify.dialects.selectors import Requirement

A, B, C = Equals("a", "1"), Equals("b", "2"), Equals("c", "3")


class Form(NamedTuple):
    """A text, and the tree that it stands for."""

    fact: str
    text: str
    tree: Node


FORMS = [
    Form("no text is all()", "", All()),
    Form("blanks are all()", " \t ", All()),
    Form("all()", "all()", All()),
    Form("blanks inside the parentheses of all", "all( \t)", All()),
    Form("global()", " global() ", Global()),
    Form("has", "has(role)", Has("role")),
    Form("blanks inside the parentheses of has", "has( role\t)", Has("role")),
    Form("equality in double quotes", 'a == "1"', A),
    Form("equality in single quotes", "a == '1'", A),
    Form("equality without blanks", "a=='1'", A),
    Form("the other quote inside a text", "a == '\"'", Equals("a", '"')),
    Form("a backslash is no escape", r"a == '\'", Equals("a", "\\")),
    Form("an empty text", "a == ''", Equals("a", "")),
    Form("a text with any characters", "a == '(&&) {x} ü'", Equals("a", "(&&) {x} ü")),
    Form("a line break inside a text", "a == 'x\ny'", Equals("a", "x\ny")),
    Form("inequality negates equality", "a != '1'", Not(A)),
    Form("contains", "a contains '1'", Contains("a", "1")),
    Form("contains without blanks around the text", "a contains'1'", Contains("a", "1")),
    Form("starts with", "a starts with '1'", StartsWith("a", "1")),
    Form("startswith", "a startswith '1'", StartsWith("a", "1")),
    Form("starts with, with many blanks", "a starts \t with '1'", StartsWith("a", "1")),
    Form("ends with", "a ends with '1'", EndsWith("a", "1")),
    Form("endswith", "a endswith'1'", EndsWith("a", "1")),
    Form("in sorts its values", "a in {'2', '1'}", In("a", ("1", "2"))),
    Form("in takes a value once", "a in {'1', \"1\"}", In("a", ("1",))),
    Form("in without a blank before the set", "a in{'1'}", In("a", ("1",))),
    Form("a comma at the end of a set", "a in {'1',}", In("a", ("1",))),
    Form("an empty set", "a in {}", In("a", ())),
    Form("not in negates in", "a not in {'1'}", Not(In("a", ("1",)))),
    Form("notin", "a notin {'1'}", Not(In("a", ("1",)))),
    Form("! negates", "!has(a)", Not(Has("a"))),
    Form("! with a blank", "! has(a)", Not(Has("a"))),
    Form("two ! cancel each other", "!!has(a)", Has("a")),
    Form("three ! are one", "!! ! has(a)", Not(Has("a"))),
    Form("! in front of an inequality", "!a != '1'", A),
    Form("! binds a comparison", "!a == '1'", Not(A)),
    Form("! in front of a group", "!(a == '1' && b == '2')", Not(And((A, B)))),
    Form("! binds closer than &&", "!a == '1' && b == '2'", And((Not(A), B))),
    Form("&& joins all its neighbours", "a == '1' && b == '2' && c == '3'", And((A, B, C))),
    Form("|| joins all its neighbours", "a == '1' || b == '2' || c == '3'", Or((A, B, C))),
    Form("&& binds closer on the left", "a == '1' && b == '2' || c == '3'", Or((And((A, B)), C))),
    Form("&& binds closer on the right", "a == '1' || b == '2' && c == '3'", Or((A, And((B, C))))),
    Form("parentheses bind closest", "(a == '1' || b == '2') && c == '3'", And((Or((A, B)), C))),
    Form("parentheses around everything", "(((a == '1')))", A),
    Form("no blanks at all", "a=='1'&&!(b=='2'||has(c))", And((A, Not(Or((B, Has("c"))))))),
    Form("a label with every kind of character", "has(a.b/C-d_9)", Has("a.b/C-d_9")),
    Form("a label with a dash in front", "-a == '1'", Equals("-a", "1")),
    Form("a label of 512 characters", f"has({'x' * 512})", Has("x" * 512)),
    Form("a label named in", "in in {'in'}", In("in", ("in",))),
    Form("a label named not", "not not in {}", Not(In("not", ()))),
    Form("a label named not, negated", "!not == '1'", Not(Equals("not", "1"))),
    Form("a label named has", "has == '1'", Equals("has", "1")),
    Form("a label named has, inside has", "has(has)", Has("has")),
    Form("a label named all", "all contains '1'", Contains("all", "1")),
    Form("a label named global", "global != '1'", Not(Equals("global", "1"))),
    Form("a label named contains", "contains contains '1'", Contains("contains", "1")),
    Form("a label named starts", "starts starts with '1'", StartsWith("starts", "1")),
    Form("a label that begins like has", "hass == '1' && allow == '2'", And((Equals("hass", "1"), Equals("allow", "2")))),
    Form("a label that is a number", "1 == '1'", Equals("1", "1")),
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=[form.fact for form in FORMS])
def test_a_text_stands_for_its_tree(form: Form) -> None:
    """Each form of the language has its tree, whose text is read as the same tree."""
    assert parse(form.text) == form.tree
    assert parse(str(form.tree)) == form.tree


class Truth(NamedTuple):
    """A selector and a label `k` (None: absent), and whether it holds."""

    text: str
    value: str | None
    holds: bool


TRUTHS = [
    Truth("k == 'x'", None, False), Truth("k == 'x'", "x", True), Truth("k == 'x'", "X", False),
    Truth("k == ''", None, False), Truth("k == ''", "", True),
    Truth("k != 'x'", None, True), Truth("k != 'x'", "x", False), Truth("k != 'x'", "y", True),
    Truth("k in {'x'}", None, False), Truth("k in {'x', 'y'}", "y", True), Truth("k in {'x'}", "y", False),
    Truth("k in {}", "x", False), Truth("k in {}", None, False),
    Truth("k not in {'x'}", None, True), Truth("k not in {'x'}", "x", False), Truth("k not in {}", "x", True),
    Truth("k contains 'b'", "abc", True), Truth("k contains 'd'", "abc", False), Truth("k contains ''", None, False),
    Truth("k contains ''", "", True),
    Truth("k starts with 'ab'", "abc", True), Truth("k starts with 'bc'", "abc", False),
    Truth("k starts with ''", None, False), Truth("k starts with ''", "", True),
    Truth("k ends with 'bc'", "abc", True), Truth("k ends with 'ab'", "abc", False), Truth("k ends with ''", None, False),
    Truth("has(k)", None, False), Truth("has(k)", "", True), Truth("!has(k)", None, True), Truth("!has(k)", "x", False),
    Truth("!(k == 'x')", None, True), Truth("!(k == 'x')", "y", True), Truth("!k contains 'x'", None, True),
    Truth("all()", None, True), Truth("", "x", True), Truth("!all()", None, False), Truth("global()", "x", True),
    Truth("k == 'x' || !has(k)", None, True), Truth("k == 'x' && !has(k)", "x", False),
    Truth("k == '10' && k != '9'", "10", True),
]  # fmt: skip


@pytest.mark.parametrize("truth", TRUTHS, ids=[f"{t.text or 'blank'} on {t.value}" for t in TRUTHS])
def test_a_selector_is_true_of_labels(truth: Truth) -> None:
    """Each operator on a label that is absent, and on one that is there."""
    labels = {} if truth.value is None else {"k": truth.value}
    assert holds(parse(truth.text), labels) is truth.holds


def test_not_binds_only_what_follows() -> None:
    """Edge case E41: `!a == 'a1' && b == 'b1'` is false of a=a1, b=b1."""
    assert not holds(parse("!a == 'a1' && b == 'b1'"), {"a": "a1", "b": "b1"})


class Mistake(NamedTuple):
    """A text, the column at which it goes wrong, and words of message and mend."""

    text: str
    column: int
    says: str
    fix: str = ""


MISTAKES = [
    Mistake("a = 'b'", 3, "compared with `==`", "write `==` instead of `=`"),
    Mistake("a: 'b'", 2, "compared with `==`", "write `==` instead of `:`"),
    Mistake("a === 'b'", 5, "compared with `==`", "write `==`"),
    Mistake("a =~ 'b.*'", 3, "no regular expressions", "`contains`"),
    Mistake("a > '5'", 3, "without an order", 'a in {"…", "…"}'),
    Mistake("a == b", 6, "`b` stands without quotes", 'write `"b"`'),
    Mistake("a != 5", 6, "`5` stands without quotes", 'write `"5"`'),
    Mistake("a contains b", 12, "`b` stands without quotes"),
    Mistake("a starts with b", 15, "`b` stands without quotes"),
    Mistake("a starts withb", 3, "`starts` is no operator", "`startswith`"),
    Mistake("a starts 'b'", 3, "`starts` is no operator", "`startswith`"),
    Mistake("a == {'b'}", 6, "takes one value", "use `in`"),
    Mistake("a ==", 5, "a value in quotes is missing"),
    Mistake("a == && has(b)", 6, "a value in quotes is missing"),
    Mistake('a == "b', 6, 'the quote " is not closed', 'close it with "'),
    Mistake("a == 'b\"", 6, "the quote ' is not closed"),
    Mistake("a == 'it's'", 10, "ended at the quote before `s`", "the other kind"),
    Mistake("a", 2, "nothing is asked of the label `a`", "has(a)"),
    Mistake("a && b == '1'", 3, "nothing is asked of the label `a`", "has(a)"),
    Mistake("(a)", 3, "nothing is asked of the label `a`"),
    Mistake("a is 'b'", 3, "`is` is no operator", "`in`"),
    Mistake("a exists", 3, "`exists` is no operator", "`contains`"),
    Mistake("a IN {'b'}", 3, "`IN` is no operator", "did you mean `in`?"),
    Mistake("a startsWith 'b'", 3, "`startsWith` is no operator", "`startswith`"),
    Mistake("a inn {'b'}", 3, "`inn` is no operator", "`in`"),
    Mistake("exists(a)", 7, "`exists` is no function", "`has(label)`"),
    Mistake("has (a)", 4, "no blank may stand between `has` and `(`", "write `has(`"),
    Mistake("all ()", 4, "no blank may stand between `all` and `(`", "write `all(`"),
    Mistake("!global\t()", 8, "no blank may stand between `global` and `(`", "write `global(`"),
    Mistake("has()", 5, "the label inside `has` is missing"),
    Mistake("has('a')", 5, "stands without quotes", "has(app)"),
    Mistake("has(a", 6, "the parenthesis is not closed", "add `)`"),
    Mistake("has(a b)", 7, "`b` cannot stand inside"),
    Mistake("all(a)", 5, "`a` cannot stand inside"),
    Mistake("all(", 5, "the parenthesis is not closed"),
    Mistake("a in 'b'", 6, "stands in braces", '{"…", "…"}'),
    Mistake("a in ('b')", 6, "stands in braces"),
    Mistake("a not in b", 10, "stands in braces"),
    Mistake("a in {b}", 7, "`b` stands without quotes", 'write `"b"`'),
    Mistake("a in {'b' 'c'}", 11, "separated by commas"),
    Mistake("a in {'b'; 'c'}", 10, "separated by commas"),
    Mistake("a in {'b',,}", 11, "a value in quotes or `}` is missing"),
    Mistake("a in {,}", 7, "a value in quotes or `}` is missing"),
    Mistake("a in {'b'", 10, "not closed", "add `}`"),
    Mistake("a in {", 7, "not closed", "add `}`"),
    Mistake("'a' == 'b'", 1, "without quotes, on the left"),
    Mistake("== 'b'", 1, "label in front of the operator is missing"),
    Mistake("!= 'b'", 2, "label in front of the operator is missing"),
    Mistake("has(a) &&", 10, "a condition is missing at the end"),
    Mistake("has(a) || ", 10, "a condition is missing at the end"),
    Mistake("!", 2, "a condition is missing at the end"),
    Mistake("()", 2, "a condition is missing in front of `)`", "all()"),
    Mistake("&& has(a)", 1, "a condition is missing in front of `&`"),
    Mistake("has(a) &&& has(b)", 10, "a condition is missing in front of `&`"),
    Mistake("has(a) & has(b)", 8, "joined by `&&`", "write `&&`"),
    Mistake("has(a) | has(b)", 8, "joined by `&&`", "write `||`"),
    Mistake("has(a) and has(b)", 8, "joined by `&&`", "`&&` instead of `and`"),
    Mistake("has(a), has(b)", 7, "joined by `&&`", "`&&` instead of `,`"),
    Mistake("has(a) OR has(b)", 8, "joined by `&&`", "`||` instead of `OR`"),
    Mistake("a == 'b' c == 'd'", 10, "expected `&&`, `||` or the end, found `c`", "`||`"),
    Mistake("all()all()", 6, "found `all`"),
    Mistake("a == 'b' != 'c'", 10, "found `!`"),
    Mistake("has(a))", 7, "no parenthesis is open here", "drop it"),
    Mistake("(has(a)", 8, "a parenthesis is not closed", "add `)`"),
    Mistake("a == 'b'\n", 9, "a line break cannot stand", "`>-`"),
    Mistake("a == 'b' &&\nhas(c)", 12, "a line break cannot stand", "one line"),
    Mistake("\nhas(a)", 1, "a line break cannot stand"),
    Mistake("a*b == 'c'", 2, "`*` cannot stand here"),
    Mistake("größe == 'c'", 3, "`ö` cannot stand here"),
    Mistake(f"has(a) && {'x' * 513} == '1'", 11, "513 characters", "shorten"),
    Mistake(f"has({'x' * 513})", 5, "513 characters", "shorten"),
    Mistake("(" * 101 + "has(a)" + ")" * 101, 101, "deeper than 100", "flatten"),
]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=[m.text[:40] for m in MISTAKES])
def test_a_mistake_is_told_at_its_column(mistake: Mistake) -> None:
    """A text that is no selector is refused where it goes wrong, with a mend; the plain reader refuses it as well."""
    with pytest.raises(SelectorError) as found:
        parse(mistake.text)
    assert mistake.says in found.value.message
    assert mistake.fix in found.value.fix
    assert found.value.fix
    assert found.value.column == mistake.column
    if "deeper" not in mistake.says:
        with pytest.raises(Refused):
            meaning(mistake.text)


@pytest.mark.parametrize("row", TABLE, ids=[f"{row.places}: {row.message}" for row in TABLE])
def test_every_message_has_an_example(row: Row) -> None:
    """No row of the table of mistakes is without an example above."""
    message = re.escape(row.message).replace(r"\{found\}", ".+").replace(r"\{label\}", ".*").replace(r"\}\}", r"\}")
    assert any(re.search(message, told(mistake.text)) for mistake in MISTAKES)


def told(text: str) -> str:
    """The message about a text that is no selector."""
    with pytest.raises(SelectorError) as found:
        parse(text)
    return found.value.message


def test_selectors_nest_up_to_a_limit() -> None:
    """A hundred levels of groups and negations are read, printed and judged."""
    text = "".join("!(a == '1' && " for _ in range(99)) + "has(a)" + ")" * 99
    tree = parse(text)
    assert parse(str(tree)) == tree
    assert holds(tree, {"a": "1"}) is meaning(text)({"a": "1"})


def test_keys_are_the_labels_looked_at() -> None:
    """Every label of a selector is told, however deep."""
    assert keys(parse("a == '1' || !(has(b) && c not in {'x'}) || all()")) == {"a", "b", "c"}
    assert keys(parse("all() && global()")) == frozenset()


def test_keys_can_be_renamed() -> None:
    """`map_keys` changes labels and nothing else."""
    tree = parse("a == 'a' || !(has(b) && c in {'c'}) && d contains 'd' && global()")
    wanted = parse("n.a == 'a' || !(has(n.b) && n.c in {'c'}) && n.d contains 'd' && global()")
    assert map_keys(tree, lambda key: f"n.{key}") == wanted


def test_parts_can_be_replaced() -> None:
    """`replaced` puts a selector in the place of another, also under a negation."""
    tree = parse("has(a) && (all() || !all() && !(!has(b) || all()))")
    wanted = parse("has(a) && (has(n) || !has(n) && !(!has(b) || has(n)))")
    assert replaced(tree, All(), Has("n")) == wanted
    assert replaced(parse("!all()"), All(), Not(Has("n"))) == Has("n")


LABELS = st.sampled_from(["a", "in", "not", "has", "all", "k8s.io/x", "contains", "-"])
TEXTS = st.one_of(
    st.sampled_from(["", "a", "ab", "b", "in", "all()", "&&", "}"]),
    st.text(max_size=4).map(lambda text: text.replace("'", "")),
)
TESTS = st.one_of(
    LABELS.map(Has),
    st.builds(Equals, LABELS, TEXTS),
    st.builds(Contains, LABELS, TEXTS),
    st.builds(StartsWith, LABELS, TEXTS),
    st.builds(EndsWith, LABELS, TEXTS),
    st.builds(In, LABELS, st.sets(TEXTS, max_size=3).map(lambda values: tuple(sorted(values)))),
    st.sampled_from([All(), Global()]),
)


def bigger(smaller: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    """Trees over trees, in the form that the parser gives: no negated negation, no join of one."""
    parts = st.lists(smaller, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        smaller.filter(lambda node: not isinstance(node, Not)).map(Not), st.builds(And, parts), st.builds(Or, parts)
    )


TREES = st.recursive(TESTS, bigger, max_leaves=12)
LABEL_MAPS = st.dictionaries(LABELS, TEXTS, max_size=4)


@given(TREES, LABEL_MAPS)
def test_printing_and_parsing_is_the_identity(tree: Node, labels: Mapping[str, str]) -> None:
    """The text of a tree is read as that tree, and the plain reader gives it the same meaning."""
    assert parse(str(tree)) == tree
    assert meaning(str(tree))(labels) is holds(tree, labels)


USUAL = st.lists(
    st.sampled_from(
        [
            "a == '1'", "a.b/c-d != ''", "in in {'2', '1', '2'}", "not not in {'ü'}", "has(a)", "!has(has)", "a in {' , '}",
            'a == "1"', "a  == '1'", "!!has(a)", "has( a)", "a in {}", "a in {'1',}", "all()", "(has(a))", "a contains '1'",
            "a == '1' ", "a == '" + "x" * 600 + "'", "x" * 513 + " == '1'", "has(" + "x" * 512 + ")", "a == '&& b'",
        ]
    ),
    min_size=1,
    max_size=4,
)  # fmt: skip


def parsed(text: str) -> Node | str:
    """What a text is parsed to, or what is wrong with it."""
    try:
        return parse(text)
    except SelectorError as wrong:
        return wrong.message


@given(USUAL, st.sampled_from([" && ", "&&", " || ", " &&  "]))
def test_usual_text_is_read_as_any_other(terms: list[str], between: str) -> None:
    """A blank in front means nothing, and keeps a text from being read without the grammar."""
    text = between.join(terms)
    assert quick(f" {text}") is None
    assert parsed(text) == parsed(f" {text}")


def test_what_a_translation_writes_is_usual() -> None:
    """Conditions on pods and on namespaces, in every form that a translation gives them."""
    wanted = [
        Requirement("a", "In", ("1",)), Requirement("b", "In", ("1", "2")), Requirement("c", "NotIn", ("1",)),
        Requirement("d.e/f", "NotIn", ("1", "")), Requirement("g", "Exists", ()), Requirement("h", "DoesNotExist", ()),
    ]  # fmt: skip
    for count in range(1, len(wanted) + 1):
        for text in (*of_pods(tuple(wanted[:count])), *of_namespaces(tuple(wanted[:count]))):
            assert quick(text) == parsed(f" {text}")


WORDS = st.lists(
    st.sampled_from(
        [
            "a", "in", "not", "not in", "notin", "has(", "all(", "global(", ")", "(", "!", "&&", "||", "==", "!=", "=", "&",
            "'x'", '"x"', "'", "{", "}", "{}", ",", "{'x'}", "contains", "starts", "starts with", "with", "endswith", " ",
            "\t", "  ", "\n", "a == 'x'", "has(a)", "all()", "é", "has", "all",
        ]
    ),
    max_size=9,
)  # fmt: skip


@given(WORDS, st.booleans(), LABEL_MAPS)
@example(["a", "starts", "with", "'x'"], True, {"a": "x"})
@example(["a", "not in", "{}"], False, {})
@example(["!", "!=", "a"], False, {})
def test_the_grammar_and_the_plain_reader_agree(words: list[str], spaced: bool, labels: Mapping[str, str]) -> None:
    """A text is a selector for both or for none, and means the same; a refused one has a column inside the text."""
    text = (" " if spaced else "").join(words)
    try:
        wanted = meaning(text)
    except Refused:
        with pytest.raises(SelectorError) as found:
            parse(text)
        assert 1 <= found.value.column <= len(text) + 1
        assert found.value.fix
    else:
        assert holds(parse(text), labels) is wanted(labels)
