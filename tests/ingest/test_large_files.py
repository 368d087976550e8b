"""A large file of JSON is read from its bytes: what it holds, where that stands and what is wrong with it is what its text tells."""

from __future__ import annotations

import json
import os
from pathlib import Path as File
from tempfile import NamedTemporaryFile
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npverify.ingest import files, json_quick
from npverify.ingest.document import Document, Path
from npverify.ingest.read import read
from npverify.ingest.source import Diagnostic, InputError, Problems
from npverify.ingest.stored import Stored, StoredText
from npverify.ingest.text import AsciiText, Text
from npverify.inventory.slim import Slim

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop"}, "spec": {"nodeName": "n"}}
POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "b", "annotations": {"text": 'a "quoted" {brace} [\t'}},
    "spec": {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]},
}
PATHS: tuple[Path, ...] = (
    (),
    ("kind",),
    ("metadata", "name"),
    ("metadata", "annotations", "text"),
    ("spec", "ingress", 0, "from", 0, "podSelector"),
    ("spec", "missing"),
)


def told(path: File, *, large: bool, window: int = 1 << 20) -> tuple[list[object], tuple[Diagnostic, ...]]:
    """What is read of a file, with the places of what stands in it and the lines there; and what is said."""
    problems = Problems()
    with patch.object(files, "LARGE", 0 if large else 1 << 60), patch.object(json_quick, "_WINDOW", window):
        bundle = read([str(path)], problems, wanted=lambda _version, _kind: True, tidy=Slim())
    return [described(doc) for doc in bundle.documents], (*problems.errors, *problems.warnings)


def described(doc: Document) -> object:
    """A document with places."""
    spans = [(doc.span(*path), doc.span(*path, key=True)) for path in PATHS]
    return doc.kind, doc.namespace, doc.name, dict(doc.value), spans, [doc.excerpt(a) for a, _ in spans]


def listed(*items: object, indent: int | None = 2, **more: object) -> str:
    """The text of a list."""
    return json.dumps({"apiVersion": "v1", "items": list(items), "kind": "List", **more}, indent=indent)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(listed(POD, POLICY, POD), id="a list"),
        pytest.param(listed(POD, POLICY, indent=None), id="a list on one line"),
        pytest.param("\n \n" + listed(POLICY) + "\n\n", id="between blank lines"),
        pytest.param(listed(), id="an empty list"),
        pytest.param(json.dumps({"kind": "List", "metadata": {"items": [1]}, "apiVersion": "v1", "items": [POLICY]}), id="another head"),
        pytest.param(json.dumps(POLICY, indent=1), id="one object"),
        pytest.param(json.dumps(POLICY) + json.dumps(POD), id="two documents"),
        pytest.param(listed(POD, {"kind": "Pod"}, 1), id="items that are no objects"),
        pytest.param(listed(POD, POLICY).replace('"name": "b"', '"name": "b", "name": "c"'), id="a key twice"),
        pytest.param(listed(POD, POLICY).replace('"name": "b"', '"name": "caf\u00e9"'), id="not ASCII"),
        pytest.param(listed(POD)[:-9], id="an end that is missing"),
        pytest.param(listed(POLICY).replace('"b"', '"\\u003a"'), id="a colon that is spelled"),
        pytest.param(" \n ", id="nothing"),
        pytest.param("[1]", id="no map"),
        pytest.param(listed(POD).replace('"n"', '"\0"'), id="a NUL byte"),
        pytest.param(listed(*(POD | {"metadata": {"name": f"p{n}"}} for n in range(9))), id="more than a window"),
        pytest.param(listed(POD, POLICY, POD).replace(" ", ""), id="no indentation, so that items end as what is in them does"),
        pytest.param(listed(POD, POLICY).replace("}, {", "},{"), id="items without blanks"),
        pytest.param(listed(POD, POD).replace("},\n    {", "}\n    {"), id="no comma between items"),
        pytest.param(listed(POD, POD).replace("},\n    {", "},,\n    {"), id="two commas between items"),
        pytest.param(listed(POD, POLICY).replace('"Pod"', '"Pod", "note": "},\n    {"'), id="a line break in a text"),
        pytest.param(listed(POD, metadata={"items": [{}]}), id="a list behind the items"),
        pytest.param(listed(POD, POLICY)[:-1] + ', "items": []}', id="the items twice"),
        pytest.param(listed(POD, metadata={"a": "caf\u00e9"}).replace("\\u00e9", "\u00e9"), id="not ASCII behind the items"),
        pytest.param(listed(POD, metadata={"a": ":"}).replace('":"', '"\\u003a"'), id="a colon that is spelled behind the items"),
        pytest.param(listed(POD, metadata={"a": ":"}).replace('"a": ":"', '"a": 1, "a": "\\u003a"'), id="a key twice beside a colon that is spelled"),
        pytest.param(listed(POD).replace('"v1"', '"v\u00e9"', 1), id="not ASCII before the items"),
        pytest.param(listed(POD) + listed(POLICY), id="two lists"),
        pytest.param(listed(POD, POLICY) + "]", id="more behind the end"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("window", [40, 300, 1 << 20])
def test_a_large_file_is_read_as_any_other(text: str, window: int, tmp_path: File) -> None:
    """Values, places, lines and messages are the same, wherever it is cut."""
    path = tmp_path / "list.json"
    path.write_text(text, encoding="utf-8")
    assert told(path, large=True, window=window) == told(path, large=False)


def test_a_list_on_lines_of_its_own_stays_on_the_disk(tmp_path: File) -> None:
    """It is decoded without being in memory as a whole, and only where that was not certain is it read again."""
    path = tmp_path / "list.json"
    path.write_text(listed(*[POD | {"metadata": {"name": f"p{n}", "namespace": "shop"}} for n in range(50)]))
    with patch.object(files, "_bytes", side_effect=AssertionError("read as a whole")):
        found, _ = told(path, large=True, window=400)
    assert len(found) == 50


@pytest.mark.parametrize(
    "now", [listed(POLICY), listed(POD, POLICY).replace("shop", "ship")], ids=["shorter", "as long"]
)
def test_a_file_that_is_changed_in_the_meantime_is_told_of(now: str, tmp_path: File) -> None:
    """What stands in it now is not what was read."""
    path = tmp_path / "list.json"
    path.write_text(listed(POD, POLICY))
    with patch.object(files, "LARGE", 0), patch("npverify.ingest.stored._WINDOW", 16):
        (doc, _) = read([str(path)], Problems(), wanted=lambda _version, _kind: True).documents
        path.write_text(now)
        os.utime(path, (1, 1))
        with pytest.raises(InputError, match="it changed while it was read"):
            doc.span("kind")


@given(st.text('a"{ \t\r\n', max_size=60), st.integers(0, 70), st.integers(0, 70))
def test_bytes_tell_what_the_text_tells(content: str, one: int, other: int) -> None:
    """Positions, lines, parts and white space."""
    with patch("npverify.ingest.text._BLOCK", 8), patch("npverify.ingest.text._LONGEST_EXCERPT", 9):
        plain = Text("x", content)
        with NamedTemporaryFile() as file, patch("npverify.ingest.stored._WINDOW", 16):
            file.write(content.encode())
            file.flush()
            stored = StoredText(Stored(file.name))
            stored.name = "x"
            for other_text in (AsciiText("x", content.encode()), stored):
                for line in range(8):
                    assert other_text.excerpt(line) == plain.excerpt(line) == shown(content, line)
                assert other_text.span(one) == plain.span(one)
                assert other_text.part(one, other) == plain.part(one, other) == content[one:other]
                at = min(one, len(content))
                assert other_text.blank_end(at) == plain.blank_end(at)
                assert other_text.content == content


def shown(content: str, line: int) -> str:
    """The line as it is shown, if it is not too long."""
    lines = content.split("\n")
    if not 0 < line <= len(lines):
        return ""
    last = line == len(lines)
    too_long = len(lines[line - 1]) > 9 if last else len(lines[line - 1]) >= 9 and len("\n".join(lines[line - 1 :])) > 9
    return "" if too_long else lines[line - 1].rstrip("\r\n")
