"""Sets of texts by derivatives, held against Python's `re`, and what may be read of an expression: one row per fact."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npverify.normal.patterns import PatternError, is_literal, literal, parse
from npverify.reduction import languages
from npverify.reduction.languages import ALL, EMPTY, NONE, Languages, TooManyKindsError

TEXTS = ["".join(text) for length in range(5) for text in product("ab0/", repeat=length)]

LETTERS = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", r"\d", r"\W", "[a-]", "/", r"\x62", "(?:a)"])
EXPRESSIONS = st.recursive(
    LETTERS,
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("({}|{})".format, inner, inner),
        st.builds("({}){}".format, inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "{0,1}?", "+?"])),
    ),
    max_leaves=6,
)


@given(EXPRESSIONS)
def test_an_expression_means_what_python_says(text: str) -> None:
    """Every short text is in the set exactly if `re` matches the whole of it."""
    known, compiled = Languages(), re.compile(text, re.ASCII)
    number = known.of(parse(text))
    assert [known.holds(number, one) for one in TEXTS] == [compiled.fullmatch(one) is not None for one in TEXTS]


@given(st.lists(EXPRESSIONS, min_size=1, max_size=3))
def test_kinds_are_all_that_expressions_tell_apart(texts: list[str]) -> None:
    """Each kind is shown by a text that is of it, a shortest one, and no short text is of a kind that is not there."""
    known, compiled = Languages(), [re.compile(text, re.ASCII) for text in texts]

    def kind(text: str) -> int:
        return sum(1 << n for n, one in enumerate(compiled) if one.fullmatch(text))

    found = known.kinds(ALL, [known.of(parse(text)) for text in texts], "ab0/")
    assert all(kind(text) == number for number, text in found.items())
    shortest: dict[int, int] = {}
    for text in TEXTS:
        shortest.setdefault(kind(text), len(text))
    assert shortest.keys() <= found.keys()
    assert all(len(found[number]) <= length for number, length in shortest.items())


def test_sets_combine() -> None:
    """Union, intersection and complement, and how they fold."""
    known = Languages()
    a, any_ = known.of(literal("a")), known.of(parse("[ab]"))
    assert known.all_of((a, any_)) != a  # sets are compared as they are written
    assert [known.holds(known.without(a), text) for text in ("", "a", "aa")] == [True, False, True]
    assert known.without(known.without(a)) == a
    assert (known.without(NONE), known.without(ALL)) == (ALL, NONE)
    assert known.any_of((a, ALL)) == ALL
    assert known.all_of((a, NONE)) == NONE
    assert known.then(EMPTY, a) == known.then(a, EMPTY) == a
    assert known.repeated(NONE, 0, None) == EMPTY


def test_a_text_that_reads_well_goes_before_a_shorter_one() -> None:
    """Of the preferred texts the first of each kind; what no preferred text is, a shortest stands for."""
    known = Languages()
    sets = [known.of(parse(text)) for text in ("/a.*", ".*x")]
    within = known.of(parse("/.*"))
    assert known.kinds(within, sets, "ab", ["/abc", "/b"]) == {1: "/abc", 0: "/b", 2: "/x", 3: "/ax"}


def test_too_many_kinds_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is limited, so that nobody waits for ever."""
    monkeypatch.setattr(languages, "MOST_WORK", 100)
    known = Languages()
    with pytest.raises(TooManyKindsError):
        known.kinds(ALL, [known.of(parse(f".*{letter}.*")) for letter in "abcdefgh"], "ab")


READ = {
    "anchors at both ends say nothing": ("^/a$", "/a", "a"),
    "an escaped dollar is one": (r"a\$", "a$", "a"),
    "a dot is no line break": ("a.", "ab", "a\n"),
    "a class that is negated is": ("[^a]", "\n", "a"),
    "a bracket in front is one of the class": ("[]a]+", "]a", "b"),
    "letters in either case": ("(?i)Ab[c-d]", "aBD", "abe"),
    "a group with a name": ("(?P<id>[0-9])x", "1x", "x"),
    "a brace that counts nothing is one": ("a{x", "a{x", "a"),
    "an alternative of nothing": ("a(b|)", "a", "ac"),
    "not greedy, and the same": ("a+?b{1,2}?", "aabb", "b"),
    "a letter by its number": (r"\x41\t", "A\t", "a"),
}


@pytest.mark.parametrize(("text", "inside", "outside"), READ.values(), ids=READ)
def test_what_is_read(text: str, inside: str, outside: str) -> None:
    """A text of the set and one that is not, by Python too."""
    known = Languages()
    number = known.of(parse(text))
    assert (known.holds(number, inside), known.holds(number, outside)) == (True, False)
    assert re.compile(text, re.ASCII).fullmatch(inside)
    assert not re.compile(text, re.ASCII).fullmatch(outside)


NOT_RE2 = ("a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b", "(?>a)", r"(a)\1", "a++", "a**", "*a", "(a", "a)", "[a", "a{1001}",
           "a{3,2}", "[b-a]", r"[\d-a]x", "a\\", "(?#x)", "(?P<x>a)(?P<x>b)")  # fmt: skip
NOT_READ = (r"\ba", r"\Aa", r"a\z", r"\Qa\E", r"\pL", r"\C", r"\x{41}", "[[:alpha:]]", "a(?i)b", "(?s)a", "a{,3}", "a^b", "a$b",
            "^a|b", "[a&&b]", r"\07")  # fmt: skip


@pytest.mark.parametrize("text", NOT_RE2)
def test_what_is_no_expression_of_re2(text: str) -> None:
    """google/re2 doc/syntax.txt: it is refused there too."""
    with pytest.raises(PatternError) as raised:
        parse(text)
    assert raised.value.not_re2


@pytest.mark.parametrize("text", NOT_READ)
def test_what_is_not_read_here(text: str) -> None:
    """RE2 knows it, and Python reads it otherwise, or it is not needed."""
    with pytest.raises(PatternError) as raised:
        parse(text)
    assert not raised.value.not_re2


def test_an_expression_without_signs_is_a_text() -> None:
    """Everything else may mean more than one text."""
    assert [is_literal(text) for text in ("/orders", "GET", "a-b_c%2F", "", "a.b", "a|b", r"a\b", "a$")] == [
        True
    ] * 4 + [False] * 4
