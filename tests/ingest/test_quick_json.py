"""The quick reader of JSON gives what the ordinary one gives, or leaves the text to it: values, messages and positions."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quick_texts import agree, values

from npverify.ingest import json_quick

STRINGS = [
    '"a"',
    '"b"',
    '"kind"',
    '"items"',
    '":"',
    '"a:b"',
    r'"\u003a"',
    r'"\u003A"',
    r'"a\":"',
    r'"a\\"',
    r'"\\u003a"',
    '""',
]
STRINGS += [
    r'"\ud800"',
    r'"\ud83d\ude00"',
    '"é"',
    '"\U0001f600"',
    '"\t"',
    r'"\/"',
    r'"\x"',
    '"\x7f"',
    '"\u2028"',
    '"',
    "'a'",
]
NUMBERS = [
    "0",
    "-0",
    "1.0",
    "1e5",
    "1E400",
    "-1e-400",
    "0.1",
    "9" * 25,
    "18446744073709551615",
    "18446744073709551616",
    "01",
    "1.",
    "NaN",
]
NUMBERS += ["-Infinity", "9" * 5000, "null", "true", "nul"]
blanks = st.sampled_from(["", "", "", " ", "\n  ", "\t", "\r\n", "\x0b", "\xa0"])
strings = st.sampled_from(STRINGS)


@st.composite
def bracketed(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    """A container with white space anywhere, and now and then a comma too many."""
    members = draw(st.lists(inner, max_size=3))
    is_map = draw(st.booleans())
    if is_map:
        members = [f"{draw(strings)}{draw(blanks)}:{draw(blanks)}{member}" for member in members]
    comma = draw(st.sampled_from([",", ",", ",", ", ", ",\n", ",,"]))
    text = draw(blanks) + comma.join(members) + draw(blanks)
    return "{" + text + "}" if is_map else "[" + text + "]"


json_values = st.recursive(strings | st.sampled_from(NUMBERS), bracketed, max_leaves=6)


@st.composite
def json_texts(draw: st.DrawFn) -> str:
    """A Pod or a list, perhaps with a field that stands twice, and something behind it."""
    pod = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":%s},"spec":%s}'
    items = [pod % (draw(strings), draw(json_values)) for _ in range(draw(st.integers(0, 3)))]
    if not draw(st.booleans()):
        return (items or ["{}"])[0] + draw(st.sampled_from(["", "", "\n", "{}", " x"]))
    items += draw(st.lists(json_values, max_size=1))
    more = draw(
        st.sampled_from(["", "", ',"metadata":{}', ',"kind":"List"', ',"items":null', ',"metadata":{"a":1,"a":1}'])
    )
    gap = draw(st.sampled_from(["", "\n  ", " "]))
    return f'{gap}{{"apiVersion":"v1","items":{gap}[{gap}{f",{gap}".join(items)}{gap}],"kind":"List"{more}}}{gap}'


@given(json_texts())
def test_on_json(content: str) -> None:
    """Valid or not, with equal keys, half surrogates, and numbers of all sizes."""
    agree(content)


@given(values)
def test_on_printed_json(value: Any) -> None:
    """Whatever printers write; what has no duplicate key and no unusual number is read quickly."""
    for indent in (None, 2):
        shown = json.dumps({"apiVersion": "v1", "kind": "List", "items": [value]}, indent=indent)
        agree(shown)
        plain = "\\u003a" not in shown and not re.search(r"\\ud[89a-f]|[0-9]{19}", shown)
        assert not plain or json_quick.decode(shown, lambda _item: None) is not None


@pytest.mark.parametrize(
    "content",
    ['{"a":1,"a":2}', '{"items":[{"a":{"b":1,"b":1}}]}', '{"items":[],"items":[]}', r'{"a":1,"a":"\u003a"}', r'{"\u003a":1,"a":1,"a":1}'],
)  # fmt: skip
def test_equal_keys_are_left_to_the_ordinary_reader(content: str) -> None:
    """It keeps the last of equal keys too, but says so."""
    assert json_quick.decode(content, lambda _item: None) is None


def test_positions_count_characters() -> None:
    """Not the bytes of the items before."""
    items = ['{"apiVersion":"v1","kind":"Pod","spec":"é"}', '{"apiVersion":"v1","kind":"Pod"}']
    agree(f'{{"apiVersion":"v1","items":[{",".join(items)}],"kind":"List"}}')
