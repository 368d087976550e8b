"""Every value and key is found where it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from ingest_texts import read_text

from npverify.ingest.document import Path as ValuePath

YAML = """\
# the second document counts from here
---
apiVersion: v1
kind: Pod
metadata:
  name: é😀  # wide
  labels: {app: "web", tier: x}
base: &base
  k: v
spec:
  <<: *base
  list:
  - one
  - {two: 2}
  empty:
"""

JSON = """
{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a,\\"{"}},
\t{"apiVersion": "v1",
   "kind": "Pod", "x" : [1, {"y": null}, true], "e": {}}
]}
"""

YAML_ROWS: list[tuple[str, ValuePath, bool, tuple[int, int]]] = [
    ("the root", (), False, (3, 1)),
    ("a value", ("kind",), False, (4, 7)),
    ("a key", ("kind",), True, (4, 1)),
    ("characters, not bytes", ("metadata", "name"), False, (6, 9)),
    ("in a flow map", ("metadata", "labels", "tier"), False, (7, 30)),
    ("a key in a flow map", ("metadata", "labels", "tier"), True, (7, 24)),
    ("what a merge brought in", ("spec", "k"), False, (9, 6)),
    ("an item", ("spec", "list", 0), False, (13, 5)),
    ("below an item", ("spec", "list", 1, "two"), False, (14, 11)),
    ("an empty value", ("spec", "empty"), True, (15, 3)),
    ("a missing field", ("metadata", "none"), False, (6, 3)),
    ("far too long a path", ("kind", "x", 5), False, (4, 7)),
    ("an index behind the end", ("spec", "list", 7), False, (13, 3)),
]

JSON_ROWS: list[tuple[str, ValuePath, bool, tuple[int, int]]] = [
    ("an item of a list", (), False, (4, 2)),
    ("a value", ("kind",), False, (5, 12)),
    ("a key", ("kind",), True, (5, 4)),
    ("below an item", ("x", 1, "y"), False, (5, 35)),
    ("a key below an item", ("x", 1, "y"), True, (5, 30)),
    ("the last item", ("x", 2), False, (5, 42)),
    ("a missing field", ("none",), False, (4, 2)),
    ("below an empty map", ("e", "f"), False, (5, 54)),
    ("below a scalar", ("kind", "f"), False, (5, 12)),
]


@pytest.mark.parametrize(("path", "key", "place"), [row[1:] for row in YAML_ROWS], ids=[row[0] for row in YAML_ROWS])
@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_yaml_positions(path: ValuePath, key: bool, place: tuple[int, int], ending: str) -> None:
    """Line and column count from the start of the file, in characters."""
    (document,) = read_text(YAML.replace("\n", ending))[0].documents
    span = document.span(*path, key=key)
    assert (span.file, span.line, span.column) == ("<stdin>", *place)
    assert document.excerpt(span) == YAML.split("\n")[place[0] - 1]


@pytest.mark.parametrize(("path", "key", "place"), [row[1:] for row in JSON_ROWS], ids=[row[0] for row in JSON_ROWS])
def test_json_positions(path: ValuePath, key: bool, place: tuple[int, int], tmp_path: Path) -> None:
    """A value of JSON is found by walking to it again."""
    document = read_text(JSON, name="f.json", folder=tmp_path)[0].documents[1]
    span = document.span(*path, key=key)
    assert (span.line, span.column) == place
    assert document.excerpt(span) == JSON.split("\n")[place[0] - 1]


def test_positions_in_nested_lists() -> None:
    """The path of an object inside a list inside a list is its prefix."""
    text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n  - apiVersion: v1\n    kind: Pod\n"
    (document,) = read_text(text)[0].documents
    assert document.prefix == ("items", 0, "items", 0)
    assert str(document.span()) == "<stdin>:7:5"
    assert str(document.span("kind")) == "<stdin>:8:11"


def test_more_documents_than_kept_trees() -> None:
    """A document whose tree was dropped is parsed again."""
    text = "---\n".join(f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p{n}}}\n" for n in range(9))
    documents = read_text(text)[0].documents
    for n in (0, 8, 3, 0):
        assert documents[n].span("metadata", "name").line == 4 * n + 3
