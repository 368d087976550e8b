"""The kind that is seen without parsing is the kind that the parser finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from npverify.ingest.compose import MappingNode, YAMLError, compose
from npverify.ingest.construct import Unusable, construct
from npverify.ingest.source import Problems
from npverify.ingest.split import Chunk, chunks, header
from npverify.ingest.text import Part, Text

LINES = [
    "kind: A",
    "kind: B",
    "'kind': B",
    "? kind",
    ": B",
    "apiVersion: v1",
    "t: '",
    't: "',
    "'",
    '"',
    "{kind: B,",
    "}",
    "t: {",
    "t:",
    "- a",
]
LINES += [
    " kind: B",
    " apiVersion: v1",
    "<<: {kind: B}",
    "--- {kind: B}",
    "---",
    "...",
    "%YAML 1.1",
    "# kind: B",
    "",
    "t: |",
    "--- |",
    "kind : B",
]
LINES += [
    "kind: A # c",
    "kind: yes",
    "kind:\tA",
    "kind: &x A",
    "kind: *x",
    "kind: !!str A",
    "kind:",
    " A",
    "x: 1\u2028kind: B",
    "x: 1\rkind: B",
]
BASE = st.sampled_from([[], ["kind: A", "apiVersion: v1"], ["apiVersion: v1", "kind: A", "t: '"]])


def kinds(content: str, chunk: Chunk) -> set[object]:
    """The kinds of the documents of a chunk, None for those without."""
    part = Part(Text("f", content), chunk.start, chunk.end, Problems())
    roots = compose(part.content)
    return {construct(root, part).get("kind") if isinstance(root, MappingNode) else None for root in roots}


@given(BASE, st.lists(st.sampled_from(LINES), max_size=7), st.lists(st.sampled_from(LINES), max_size=3))
def test_the_shortcut_sees_what_the_parser_sees(base: list[str], after: list[str], before: list[str]) -> None:
    """Where the shortcut answers, no document of the chunk has another kind."""
    content = "\n".join([*before, *base, *after])
    for chunk in chunks(content):
        seen = header(content, chunk)
        if seen is None:
            continue
        try:
            found = kinds(content, chunk)
        except (YAMLError, Unusable):
            continue
        assert found <= {seen[1], None, f"{seen[1]} A"}  # a plain scalar may go on in the next line


def test_the_shortcut_is_taken() -> None:
    """The usual manifest is recognised, also behind a marker and comments."""
    content = "--- # c\n# c\n\napiVersion: apps/v1 # c\nkind: 'Deployment'\r\nspec:\n- a\n"
    assert header(content, Chunk(0, len(content))) == ("apps/v1", "Deployment")
