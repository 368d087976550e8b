"""The quick reader of YAML gives what the ordinary one gives, or leaves the text to it: values, messages and positions."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from quick_texts import agree, values, words

from npverify.ingest import json_quick, yaml_quick
from npverify.ingest.split import chunks

objects = st.builds(
    lambda value, name: {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": value}, values, words
)


@st.composite
def manifests(draw: st.DrawFn) -> Any:
    """An object, or a list of objects, with its fields in any order."""
    if draw(st.booleans()):
        return draw(objects)
    items = draw(st.lists(objects | values, max_size=3))
    whole = {"apiVersion": "v1", "items": items, "kind": "List", "metadata": draw(values)}
    return {key: whole[key] for key in draw(st.permutations(sorted(whole)))}


class Indented(yaml.SafeDumper):
    """Writes lists deeper than their keys."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Documents as one printer or another writes them."""
    dumper = draw(st.sampled_from([yaml.SafeDumper, Indented]))
    pieces = []
    for manifest in draw(st.lists(manifests(), min_size=1, max_size=2)):
        style = draw(st.sampled_from([None, None, None, '"', "'", "|"]))
        shown = yaml.dump(manifest, Dumper=dumper, default_style=style, default_flow_style=False, sort_keys=False,
                          allow_unicode=draw(st.booleans()), width=draw(st.sampled_from([20, 80, 10_000])))  # fmt: skip
        pieces.append(draw(st.sampled_from(["", "# c\n", "---\n", "--- # c\n", "---\n# c\n# d\n"])) + shown)
    return draw(st.sampled_from(["---\n", "...\n---\n", "\n---\n"])).join(pieces)


SLIPS = [
    "\n",
    " ",
    "  ",
    "\t",
    "\r",
    "\r\n",
    "#",
    " #",
    ":",
    ": ",
    "- ",
    "'",
    '"',
    "{",
    "}",
    "[",
    "]",
    ",",
    "&x ",
    "*x",
    "!",
    "!!str ",
]
SLIPS += [
    "|",
    ">",
    "?",
    "? ",
    "%",
    "\ufeff",
    "é",
    "\x85",
    "\u2028",
    "\x00",
    "\x07",
    "{{",
    "---",
    "...",
    "\\",
    "a",
    "<<: ",
    "items:\n",
    " null # x:",
    "null",
]


@st.composite
def slipped(draw: st.DrawFn, good: st.SearchStrategy[str]) -> str:
    """A text with a few characters or lines put in, taken out, or written twice."""
    text = draw(good)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        match draw(st.integers(0, 3)):
            case 0:
                text = text[:at] + draw(st.sampled_from(SLIPS)) + text[at:]
            case 1:
                text = text[:at] + text[at + draw(st.integers(1, 4)) :]
            case _:
                lines = text.splitlines(keepends=True)
                if lines:
                    line = lines.pop(draw(st.integers(0, len(lines) - 1)))
                    lines.insert(draw(st.integers(0, len(lines))), line)
                    if draw(st.booleans()):
                        lines.insert(draw(st.integers(0, len(lines))), " " * draw(st.integers(0, 4)) + line)
                text = "".join(lines)
    return text


@given(texts())
def test_on_printed_yaml(content: str) -> None:
    """Whatever printers write."""
    agree(content)


@given(slipped(texts()))
def test_on_yaml_with_slips(content: str) -> None:
    """Whatever becomes of that when somebody edits it: broken, doubled, oddly indented, with anchors and tags."""
    agree(content)


@pytest.mark.parametrize(
    "content",
    [
        "apiVersion: v1\nkind: Pod\nmetadata:\n# c\n  name: a\n",
        "apiVersion: v1\nkind: Pod\nmetadata:\n #  name: a\nspec: null\n",
        "#\r c\napiVersion: v1\nkind: Pod\n",
        "apiVersion: v1\nkind: Pod\nspec:\n  - a:\n      b: 1\n    \x85c: []\n",
        "apiVersion: v1\nkind: List\nitems:\n  - []\n- - a\n",
        "apiVersion: v1\nkind: List\nitems:\n- {}\n# c\n- {}\n",
        "apiVersion: v1\nkind: Pod\nspec:\n      x: 1\n  b: 2\n",
        "apiVersion: v1\nkind: Pod\nspec:\n      x:\n  b: 2\n",
        "apiVersion: v1\nkind: Pod\nspec:\n      x: |\n  y\n",
        "apiVersion: v1\nkind: Pod\na: [&x 1]\nb: [&x 2, *x]\n",
        "apiVersion: v1\nkind: Pod\nspec: {<<: {a: 1}, b: 2}\n<<: {c: 1, d: 2}\n",
        "apiVersion: v1\nkind: Pod\nspec: !!str 1\n",
        "apiVersion: v1\nkind: Pod\na:\n  x: 1\n   y\nb:\n      x: 1\n   y\n",
        "apiVersion: v1\nkind: Pod\nspec: 'a\nitems:\n- b'\n",
        "apiVersion: v1\nkind: Pod\nspec: |\n  a\n\n\n",
        "apiVersion: v1\nkind: Pod\nspec: |+\n  a\n\n\nmetadata: {}\n",
        "apiVersion: v1\nkind: Pod\nspec: |\n    a\n  b\n",
        "apiVersion: v1\nkind: Pod\na: &x 1\nb: *x\n",
        "apiVersion: v1\nkind: Pod\n<<: {a: 1}\na: 2\n",
        "apiVersion: v1\nkind: Pod\nspec:\n  a: 1\n  a: 2\n",
        "apiVersion: v1\nkind: Pod\nspec:\n  a: null # b:\n  - c: 1\n",
        "apiVersion: v1\nkind: Pod\nspec: null # b:\n- c: 1\n",
        "apiVersion: v1\nkind: Pod\nspec: ~ # b:\n- c: 1\n",
        "apiVersion: v1\nkind: Pod\nspec: # b:\n- c: 1\n",
        "apiVersion: v1\nkind: Pod\nspec:\n# b:\n- c: 1\n",
        "apiVersion: v1\nkind: Pod\nspec:\n  y: 2\n",
        "apiVersion: v1\nkind: Pod\nspec:\n  {a: 1}\n",
        "apiVersion: v1\nkind: Pod\nspec:\n  {a: 1}\n  b: 2\n",
        "apiVersion: v1\nkind: Pod\nspec:\n  b: 2\n  {a: 1}\n",
        "apiVersion: v1\nkind: Pod\nspec:\n- {a: 1}\n  b: 2\n",
        "{a: 1}\nkind: Pod\napiVersion: v1\n",
        "apiVersion: v1\nkind: List\nitems:\n- {a: 1}\n  b: 2\n",
        "apiVersion: v1\nkind: Pod\nspec:\n- a\n[1]\n",
        "apiVersion: v1\nkind: Pod\n? a\n: b\n",
        f"apiVersion: v1\nkind: Pod\n{'k' * 1030}: 2\n",
        "apiVersion: v1\nkind: Pod\nspec: " + "[" * 150 + "]" * 150 + "\n",
        "apiVersion: v1\nkind: Pod\nspec:\n" + "".join(f"{' ' * n}- a:\n" for n in range(2, 200, 2)),
        "apiVersion: v1\nkind: Pod\nspec:\n" + "".join(f"{' ' * n}a:\n" for n in range(1, 199)),
        "apiVersion: v1\nkind: Pod\nspec:\n" + "".join(f"{' ' * n}a:\n" for n in range(1, 202)),
    ],
)
def test_on_traps(content: str) -> None:
    """Texts on which one step of a quick reader would go wrong by itself."""
    agree(content)


PRINTED = """\
apiVersion: v1
items:
- apiVersion: v1
  kind: Pod
  metadata:
    annotations:
      note: 'it''s: "so"'
      script: |
        a: b
          c
    managedFields:
    - fieldsV1:
        f:metadata:
          .: {}
          k:{"uid":"1"}: {}
    name: a
  spec:
    containers:
    - args:
      - --listen=:8080
      - "a # b"
      image: registry:5000/app@sha256:ab
      ports:
      - containerPort: 8080
kind: List
metadata:
  resourceVersion: ""
"""


def test_what_kubectl_prints_is_read_quickly() -> None:
    """Lists as `kubectl get -o yaml` prints them, of whatever indentation, and single objects."""
    deeper = PRINTED.replace("\n", "\n  ").replace("\n  items", "\nitems").replace("\n  kind", "\nkind")
    deeper = deeper.replace("\n  metadata:\n    resource", "\nmetadata:\n  resource").rstrip(" ")
    pod = "---\n# c\n" + PRINTED[PRINTED.index("- apiVersion") + 2 : PRINTED.index("kind: List")].replace("\n  ", "\n")
    for content in (PRINTED, deeper, pod):
        (chunk,) = chunks(content)
        quick = yaml_quick.Reader().document(content, chunk, lambda _item: None)
        assert quick is not None
        assert quick.value == yaml.safe_load(content)
        agree(content)


def test_objects_share_nothing_that_may_be_changed() -> None:
    """Of two equal items, the map itself and the maps right below it are two; what is deeper may be one."""
    item = "- metadata:\n    labels:\n      a: b\n  spec:\n    c: d\n"
    content = f"items:\n{item}{item}"
    quick = yaml_quick.Reader().document(content, chunks(content)[0], lambda _item: None)
    assert quick is not None
    first, second = quick.value["items"]
    assert first == second == {"metadata": {"labels": {"a": "b"}}, "spec": {"c": "d"}}
    for one, other in ((first, second), (first["metadata"], second["metadata"]), (first["spec"], second["spec"])):
        assert one is not other


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_each_item_is_shown_once_it_is_read(form: str) -> None:
    """`tidy` sees every item of a list, and what it takes out is gone."""
    whole = {"apiVersion": "v1", "items": [{"a": 1, "b": [{"c": 2}]}, {"a": 3}], "kind": "List"}
    content = json.dumps(whole) if form == "json" else yaml.safe_dump(whole)
    if form == "json":
        read = json_quick.decode(content, lambda item: item.pop("a"))
    else:
        read = yaml_quick.Reader().document(content, chunks(content)[0], lambda item: item.pop("a"))
    assert read is not None
    assert read.value["items"] == [{"b": [{"c": 2}]}, {}]
