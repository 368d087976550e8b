"""The quick readers give what the ordinary ones give, or leave the text to them: values, messages and positions.

Each text is read twice through the whole stage, once with the quick reader kept out of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ingest_texts import read_text

from npverify.ingest import json_quick, yaml_quick
from npverify.ingest.document import Path
from npverify.ingest.split import chunks


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all values inside a value, and one that leads nowhere."""
    yield path
    for step, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(inner, (*path, step))
    yield (*path, "nowhere")


def outcome(content: str, *, quick: bool) -> list[Any]:
    """Everything that reading a text tells: the objects, where each of their values and keys stands, messages, counts."""
    refuse = patch.object(yaml_quick.Reader, "document", lambda *_: None)
    worthwhile = patch.object(json_quick, "WORTHWHILE", 0 if quick else 10**9)
    with worthwhile:
        if quick:
            bundle, problems = read_text(content)
        else:
            with refuse:
                bundle, problems = read_text(content)
    told: list[Any] = [problems.errors, problems.warnings, bundle.skipped]
    for doc in bundle.documents:
        spans = [(doc.span(*path), doc.span(*path, key=True)) for path in places(doc.value)]
        around = [doc.locator.locate(path) for path in ((), ("kind",), ("items",), *(("items", i) for i in range(5)))]
        told.append((doc.api_version, doc.kind, doc.namespace, doc.name, repr(doc.value), doc.prefix, spans, around))
    return told


def agree(content: str) -> None:
    """Reading quickly changes nothing."""
    assert outcome(content, quick=True) == outcome(content, quick=False)


WORDS = [
    "a",
    "b",
    "kind",
    "Pod",
    "v1",
    "1",
    "1.0",
    "0x1F",
    "yes",
    "~",
    "null",
    "2001-01-01",
    "-x",
    "a b",
    "a  b",
    "a: b",
    "a #b",
]
WORDS += [
    "a#b",
    "a:b",
    ":a",
    "a:",
    "",
    " a",
    "a ",
    "'",
    '"',
    "it's",
    "{a}",
    "[a]",
    'k:{"a":1}',
    ".",
    "...",
    "---",
    "- a",
    "<<",
]
WORDS += [
    "&a",
    "*a",
    "!a",
    "x && y",
    "|",
    ">",
    "%",
    "@",
    "`",
    "a\nb",
    "a\n\nb\n",
    "\ta",
    "a\tb",
    "é",
    "\u2028",
    "\x85",
    "x" * 200,
]
WORDS += [
    "a\\b",
    "é " * 60,
    "word " * 40,
    "\ufeff",
    "=",
    "\U0001f600",
    "// :8080",
    "\x7f",
    "{{ .Values.a }}",
    "a: |",
    "-",
    "--- a",
]
words = st.sampled_from(WORDS)
leaves = words | st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([1.0, -0.0, 1e30, 2**63, 2**70])
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=8
)
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
        '{"apiVersion":"v1","items":[{"apiVersion":"v1","kind":"Pod","spec":"é"},{"apiVersion":"v1","kind":"Pod"}],"kind":"List"}',
        "apiVersion: v1\nkind: Pod\na:\n  x: 1\n   y\nb:\n      x: 1\n   y\n",
        "apiVersion: v1\nkind: Pod\nspec: 'a\nitems:\n- b'\n",
        "apiVersion: v1\nkind: Pod\nspec: |\n  a\n\n\n",
        "apiVersion: v1\nkind: Pod\nspec: |+\n  a\n\n\nmetadata: {}\n",
        "apiVersion: v1\nkind: Pod\nspec: |\n    a\n  b\n",
        "apiVersion: v1\nkind: Pod\na: &x 1\nb: *x\n",
        "apiVersion: v1\nkind: Pod\n<<: {a: 1}\na: 2\n",
        "apiVersion: v1\nkind: Pod\nspec:\n  a: 1\n  a: 2\n",
        "apiVersion: v1\nkind: Pod\nspec:\n  y: 2\n",
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
