"""A large list in YAML is read window by window: what it holds, where that stands and what is wrong with it is what its text tells."""

from __future__ import annotations

from pathlib import Path as File
from tempfile import NamedTemporaryFile
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from quick_texts import places, values, words

from npverify.ingest import files, yaml_quick
from npverify.ingest.read import read
from npverify.ingest.source import InputError, Problems
from npverify.inventory.slim import Slim

POD = """\
apiVersion: v1
kind: Pod
metadata:
  labels:
    app: a
  name: a
  namespace: shop
spec:
  nodeName: n
"""
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  annotations:
    text: |
      items:
      - apiVersion: v1
      --- no marker
  name: b
spec:
  ingress:
  - from:
    - podSelector: {}
  podSelector: {}
"""


def item(text: str, column: int = 0) -> str:
    """An object as an item of a list."""
    return " " * column + "- " + text.replace("\n", "\n  " + " " * column).rstrip(" ")


def listed(*items: str, column: int = 0, head: str = "apiVersion: v1\n", tail: str = "kind: List\n") -> str:
    """The text of a list, as kubectl prints it."""
    return f"{head}items:\n" + "".join(item(each, column) for each in items) + tail


def told(path: str, *, large: bool, window: int = 1 << 20) -> list[Any]:
    """What is read of a file, with the places of everything in it and the lines there; and what is said."""
    problems = Problems()
    with patch.object(files, "LARGE", 0 if large else 1 << 60), patch.object(yaml_quick, "_WINDOW", window):
        bundle = read([path], problems, wanted=lambda _version, kind: kind != "Secret", tidy=Slim())
        found: list[Any] = [problems.errors, problems.warnings, bundle.skipped]
        for doc in bundle.documents:
            spans = [(doc.span(*at), doc.span(*at, key=True)) for at in places(doc.value)]
            around = [doc.locator.locate(at) for at in ((), ("kind",), ("items",), *(("items", n) for n in range(4)))]
            found.append((doc.kind, doc.namespace, doc.name, repr(doc.value), doc.prefix, spans, around))
            found.append([doc.excerpt(span) for span, _ in spans])
    return found


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(listed(POD, POLICY, POD), id="as kubectl prints it"),
        pytest.param(listed(POD, POLICY, POD, column=2), id="indented"),
        pytest.param(listed(POD, POLICY, head="apiVersion: v1\nkind: List\n", tail=""), id="nothing behind the items"),
        pytest.param(listed(POD, POLICY, column=2, head="kind: List\napiVersion: v1\n", tail=""), id="nothing behind what is indented"),
        pytest.param(listed(POD, POLICY)[:-1], id="no line break at the end"),
        pytest.param(listed(POD, POLICY, head="", tail="kind: List\napiVersion: v1\n"), id="the items first"),
        pytest.param("---\n# c\n" + listed(POD, POLICY), id="a marker and a comment"),
        pytest.param("# c\n---\n" + listed(POD, POLICY), id="a comment and a marker"),
        pytest.param("%YAML 1.1\n---\n" + listed(POD, POLICY), id="a directive"),
        pytest.param(listed(POD, POLICY) + "---\n" + listed(POD), id="two lists"),
        pytest.param(listed(POD, POLICY, column=2) + "---\n" + POLICY, id="a list and an object"),
        pytest.param(listed(POD, POLICY, tail="---\n") + POLICY, id="a marker behind the items"),
        pytest.param(listed(POD, POLICY) + "...\n", id="the end of a document"),
        pytest.param(listed(POD, POLICY, tail="kind: List\n%x: 1\n"), id="a percent sign"),
        pytest.param(listed(POD, POLICY).replace("\n", "\r\n"), id="other line breaks"),
        pytest.param("\ufeff" + listed(POD, POLICY), id="a byte order mark"),
        pytest.param(listed(POD, POLICY).replace("app: a", "app: caf\u00e9"), id="not ASCII"),
        pytest.param(listed(POD, POLICY).replace("app: a", "app: \u2028"), id="a line separator"),
        pytest.param(listed(POD, POLICY).replace("app: a", "app: \0"), id="a NUL byte"),
        pytest.param(listed(POD, POLICY).replace("app: a", "app:\ta"), id="a tab"),
        pytest.param(listed(POD, POLICY).replace("    app: a", "\tapp: a"), id="a tab before a key"),
        pytest.param(listed(POD, POLICY).replace("app: a", "app: a # c"), id="a comment behind a value"),
        pytest.param(listed(POD + "# c\n", POLICY), id="a comment in an item"),
        pytest.param(listed(POD, POLICY, tail="# c\nkind: List\n"), id="a comment behind the items"),
        pytest.param(listed(POD, tail="# c\n") + item(POLICY) + "kind: List\n", id="a comment between items"),
        pytest.param(listed(POD, tail=" # c\n") + item(POLICY) + "kind: List\n", id="a comment that is indented between items"),
        pytest.param(listed(POD, tail="\n") + item(POLICY) + "\nkind: List\n", id="blank lines"),
        pytest.param(listed(POD) + item(POLICY), id="an item behind the list"),
        pytest.param(listed(POD, column=2, tail="") + item(POLICY, 1) + "kind: List\n", id="an item that is less deep"),
        pytest.param(listed(POD, tail="") + item(POLICY, 1) + "kind: List\n", id="an item that is deeper"),
        pytest.param(listed(POD, tail="-x\nkind: List\n"), id="a line that begins like an item"),
        pytest.param(listed(POD, "- a\n", "1\n"), id="items that are no objects"),
        pytest.param(listed(POD, POLICY).replace("name: a\n", "name: &a a\n").replace("name: b\n", "name: *a\n"), id="an alias across items"),
        pytest.param(listed(POD, POLICY).replace("name: a\n", "name: &a a\n    uid: *a\n"), id="an alias in an item"),
        pytest.param(listed("&a\na: [" + "x, " * 9 + "x]\n", *["*a\n"] * 9), id="aliases"),
        pytest.param(listed(POD, POLICY).replace("name: b\n", "name: b\n    name: c\n"), id="a key twice"),
        pytest.param(listed(POD, POLICY, tail="kind: List\nkind: List\n"), id="the kind twice"),
        pytest.param(listed(POD, tail="items:\n") + item(POLICY) + "kind: List\n", id="the items twice"),
        pytest.param(listed(POD, POLICY).replace("name: b\n", "name: 'b\n"), id="a quote that is not closed"),
        pytest.param(listed(POD, POLICY).replace("name: b\n", "name: 'b\n      c'\n"), id="a text of two lines"),
        pytest.param(listed(POD, POLICY).replace("name: b\n", "name: 'b\n- c'\n"), id="a text that is cut like an item"),
        pytest.param(listed(POD, POLICY, column=2).replace("name: b\n", "name: \"b\n  - c\"\n"), id="a text that is cut like an indented item"),
        pytest.param(listed(POD, POLICY).replace("name: b\n", "name: !!str b\n"), id="a tag"),
        pytest.param(listed(POD, POLICY).replace("text: |", "text: |2"), id="a block with a number"),
        pytest.param(listed(POD, POLICY).replace("text: |", "text: >-"), id="a folded block"),
        pytest.param(listed(POD, POLICY).replace("name: a", "name: {{ .Values.name }}"), id="a template"),
        pytest.param(listed(POD, POLICY, tail="kind: Secret\n"), id="of a kind that nobody wants"),
        pytest.param(listed(POD.replace("Pod", "Secret"), POLICY), id="with an object that nobody wants"),
        pytest.param(listed(POD, POLICY, tail="kind: PodList\n"), id="a typed list"),
        pytest.param(listed(POD, POLICY, tail=""), id="no kind"),
        pytest.param("apiVersion: v1\nitems:\nkind: List\n", id="no items"),
        pytest.param("apiVersion: v1\nitems: []\nkind: List\n", id="an empty list"),
        pytest.param(POLICY, id="one object"),
        pytest.param('{"apiVersion": "v1", "kind": "List",\nitems:\n- a: 1\n}\n', id="something like JSON"),
        pytest.param("# c\n\n", id="a comment"),
        pytest.param("", id="nothing"),
        pytest.param(listed(*(POD.replace("name: a", f"name: p{n}") for n in range(9))), id="more than a window"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("window", [64, 150, 1 << 20])
def test_a_large_list_is_read_as_any_other(text: str, window: int, tmp_path: File) -> None:
    """Values, places, lines and messages are the same, wherever it is cut."""
    path = tmp_path / "list.yaml"
    path.write_bytes(text.encode())
    assert told(str(path), large=True, window=window) == told(str(path), large=False)


class Indented(yaml.SafeDumper):
    """Writes lists deeper than their keys."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)


objects = st.builds(
    lambda value, name: {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": value}, values, words
)
SLIPS = ["- ", "\n", "---\n", "%", "# c\n", "'", "&x ", "items:\n", "kind: ", "\t", "\r", "  ", "|", "é", "...\n"]


@given(st.lists(objects | values, max_size=4), st.sampled_from([yaml.SafeDumper, Indented]), st.booleans(), st.data())
def test_on_what_printers_write(items: list[Any], dumper: type, sort: bool, data: st.DataObject) -> None:
    """Lists of any objects, also with a slip in them, cut wherever it may be."""
    whole = {"kind": "List", "apiVersion": "v1", "items": items}
    text = yaml.dump(whole, Dumper=dumper, sort_keys=sort, width=10_000)
    at = data.draw(st.integers(0, len(text)))
    text = text[:at] + data.draw(st.just("") | st.sampled_from(SLIPS)) + text[at:]
    with NamedTemporaryFile(suffix=".yaml") as file:
        file.write(text.encode())
        file.flush()
        window = data.draw(st.sampled_from([48, 90, 200, 1000]))
        assert told(file.name, large=True, window=window) == told(file.name, large=False)


@pytest.mark.parametrize("column", [0, 2])
@pytest.mark.parametrize("head", ["apiVersion: v1\n", "---\napiVersion: v1\n"])
def test_a_list_stays_on_the_disk(column: int, head: str, tmp_path: File) -> None:
    """It is decoded without being in memory as a whole, and the place of an item is found in its own lines."""
    path = tmp_path / "list.yaml"
    items = [POLICY.replace("name: b", f"name: p{n}") for n in range(50)]
    tail = "metadata:\n" + "".join(f"  x{n}: 1\n" for n in range(300)) + "kind: List\n"
    path.write_text(listed(*items, column=column, head=head, tail=tail))
    shown: list[Any] = []
    with (
        patch.object(files, "_bytes", side_effect=AssertionError("read as a whole")),
        patch.object(files, "LARGE", 0),
        patch.object(yaml_quick, "_WINDOW", 700),
    ):
        found = read([str(path)], Problems(), wanted=lambda _version, _kind: True, tidy=shown.append).documents
    assert shown == [doc.value for doc in found]
    lines = path.read_text().split("\n")
    assert [doc.name for doc in found] == [f"p{n}" for n in range(50)]
    assert [doc.span("metadata", "name").line for doc in found] == [n for n, x in enumerate(lines, 1) if "name: p" in x]


@pytest.mark.parametrize(
    ("tail", "count"), [("kind: List # é\n", 50), ("kind: List\n---\n{}\n", 50), ("kind: \0\n", 0)]
)
def test_what_is_no_list_in_ascii_is_not_read_twice(tail: str, count: int, tmp_path: File) -> None:
    """Something far behind is known of before the items are read."""
    path = tmp_path / "list.yaml"
    path.write_text(listed(*[POD] * 50, tail=tail))
    shown: list[Any] = []
    with patch.object(files, "LARGE", 0), patch.object(yaml_quick, "_WINDOW", 700):
        read([str(path)], Problems(), wanted=lambda _version, _kind: True, tidy=shown.append)
    assert len(shown) == count


def test_a_kustomization_is_told_of(tmp_path: File) -> None:
    """Whatever its size."""
    path = tmp_path / "kustomization.yaml"
    path.write_text(listed(POD))
    assert told(str(path), large=True) == told(str(path), large=False)
    assert [each.code for each in told(str(path), large=True)[1]] == ["NPV017"]


def test_a_file_that_is_changed_in_the_meantime_is_told_of(tmp_path: File) -> None:
    """What stands in it now is not what was read."""
    path = tmp_path / "list.yaml"
    path.write_text(listed(POD, POLICY))
    with patch.object(files, "LARGE", 0), patch("npverify.ingest.stored._WINDOW", 16):
        (doc, _) = read([str(path)], Problems(), wanted=lambda _version, _kind: True).documents
        path.write_text(listed(POD))
        with pytest.raises(InputError, match="it changed while it was read"):
            doc.span("kind")
