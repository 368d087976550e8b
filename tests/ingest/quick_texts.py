"""Reads a text twice through the whole ingest stage, once with the quick readers kept out of it, and draws odd values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from hypothesis import strategies as st
from ingest_texts import read_text

from npverify.ingest import json_quick, yaml_quick
from npverify.ingest.document import Path


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
