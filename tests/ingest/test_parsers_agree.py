"""libyaml and PyYAML's own parser give the same values, so that an installation without libyaml answers the same."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from npverify.ingest.compose import HAS_LIBYAML, Node, TooDeep, YAMLError, compose
from npverify.ingest.construct import Unusable, check_aliases, construct
from npverify.ingest.source import Problems
from npverify.ingest.text import Part, Text

pytestmark = pytest.mark.skipif(not HAS_LIBYAML, reason="PyYAML was built without libyaml")

PIECES = [
    "a",
    "b: ",
    "- ",
    "\n",
    "\n  ",
    " ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ": ",
    "'",
    '"',
    "#",
    "|",
    ">",
    "&x ",
    "*x",
    "!!str ",
    "! ",
    "?",
    "~",
]
PIECES += ["1", "y", "<<: ", "\\n", "---", "...", "\t", "é", "%", "@", "\r\n"]

scalars = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]))
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc-", max_size=3), inner, max_size=4)
)


def outcome(text: str, pure: bool) -> tuple[str, list[str], list[list[int]], tuple[str, ...]]:
    """What becomes of a text: `refused`, `unusable` or `read`; then its values, the offsets of its nodes, the codes."""
    problems = Problems()
    part = Part(Text("f", text), 0, len(text), problems)
    values: list[str] = []
    places: list[list[int]] = []
    try:
        for root in compose(text, pure=pure):
            check_aliases(root, part)
            values.append(repr(construct(root, part)))
            places.append(marks(root))
        end = "read"
    except (YAMLError, TooDeep):
        end = "refused"
    except Unusable:
        end = "unusable"
    return end, values, places, tuple(d.code for d in problems.errors)


def marks(node: Node) -> list[int]:
    """The offsets of all nodes."""
    inner = [x for pair in node.value for x in pair] if isinstance(node, yaml.MappingNode) else node.value
    below = [] if isinstance(node, yaml.ScalarNode) else [mark for child in inner for mark in marks(child)]
    return [node.start_mark.index, *below]


@given(documents, st.booleans())
def test_on_printed_documents(value: Any, flow: bool) -> None:
    """Whatever a printer writes is read alike, at the same positions."""
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow)
    assert outcome(text, pure=True) == outcome(text, pure=False)


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_on_fragments(text: str) -> None:
    """A text that both parsers accept has one value; they differ only in what they refuse."""
    (pure, pure_values, *_), (fast, fast_values, *_) = outcome(text, pure=True), outcome(text, pure=False)
    if "refused" not in (pure, fast):
        assert (pure, pure_values) == (fast, fast_values)


@pytest.mark.parametrize("pure", [False, True], ids=["libyaml", "pure Python"])
@pytest.mark.parametrize(("levels", "end"), [(200, ("read",)), (201, ("refused", "unusable")), (5000, ("refused",))])
def test_nesting_is_bounded(levels: int, end: tuple[str, ...], pure: bool) -> None:
    """200 levels are read, 201 are not."""
    assert outcome("[" * levels + "]" * levels, pure)[0] in end
