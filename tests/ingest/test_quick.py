"""The quick readers give what the ordinary ones give, or leave the text to them: values, messages and positions.

Each text is read twice through the whole stage, once with the quick reader kept out of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ingest_texts import read_text

from npverify.ingest import json_quick, yaml_quick
from npverify.ingest.document import Path
from npverify.ingest.source import Problems
from npverify.ingest.split import chunks


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all values inside a value, and one that leads nowhere."""
    yield path
    for step, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
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
        told.append((doc.api_version, doc.kind, doc.namespace, doc.name, repr(doc.value), doc.prefix, spans))
    return told


def agree(content: str) -> None:
    """Reading quickly changes nothing."""
    assert outcome(content, quick=True) == outcome(content, quick=False)


WORDS = ["a", "b", "kind", "Pod", "v1", "1", "1.0", "0x1F", "yes", "~", "null", "2001-01-01", "-x", "a b", "a  b", "a: b", "a #b"]
WORDS += ["a#b", "a:b", ":a", "a:", "", " a", "a ", "'", '"', "it's", "{a}", "[a]", "k:{\"a\":1}", ".", "...", "---", "- a", "<<"]
WORDS += ["&a", "*a", "!a", "x && y", "|", ">", "%", "@", "`", "a\nb", "a\n\nb\n", "\ta", "a\tb", "é", "\u2028", "\x85", "x" * 200]
WORDS += ["a\\b", "é " * 60, "word " * 40, "\ufeff", "=", "\U0001f600", "// :8080", "\x7f", "{{ .Values.a }}", "a: |", "-", "--- a"]
words = st.sampled_from(WORDS)
leaves = words | st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([1.0, -0.0, 1e30, 2**63, 2**70])
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=8
)
objects = st.builds(lambda value, name: {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": value}, values, words)


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


SLIPS = ["\n", " ", "  ", "\t", "\r", "\r\n", "#", " #", ":", ": ", "- ", "'", '"', "{", "}", "[", "]", ",", "&x ", "*x", "!", "!!str "]
SLIPS += ["|", ">", "?", "? ", "%", "\ufeff", "é", "\x85", "\u2028", "\x00", "\x07", "{{", "---", "...", "\\", "a", "<<: ", "items:\n"]


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
