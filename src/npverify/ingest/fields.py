"""Reads typed fields out of a `Document`, the way the Kubernetes API decodes them, and reports every mismatch.

Missing and null are the same (semantics: encoding/json into the API's Go structs); a value of another type is an error
with its position, never coerced. After an error the reader goes on with the field as missing, so that one run shows all.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

from npverify.ingest.document import Document, Path
from npverify.ingest.source import Problems, Span


class State(StrEnum):
    """What becomes of a field of an API object."""

    MODELLED = "modelled"
    IRRELEVANT = "irrelevant"  # cannot change the verdict on a packet
    OPAQUE = "opaque"  # becomes a free Boolean
    REFUSED = "refused"  # an error where it is set


def type_name(value: object) -> str:
    """What a user calls a decoded value: map, list, text, number, boolean, null."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    names: dict[type, str] = {dict: "a map", list: "a list", str: "text"}
    return names.get(type(value), "an unknown value")


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean …?` for a near miss among `known`, else ""; of very many names only those around it in the alphabet."""
    lowered = {k.lower(): k for k in sorted(known, reverse=True)}
    candidates = list(lowered)
    if len(candidates) > _COMPARED:
        # comparing all of 10,000 pod names takes a second, and a file of flows can have an error on every line
        candidates.sort()
        at = bisect_left(candidates, word.lower())
        candidates = candidates[max(0, at - _COMPARED // 2) : at + _COMPARED // 2]
    match = difflib.get_close_matches(word.lower(), candidates, n=1, cutoff=0.7)
    return f"did you mean `{lowered[match[0]]}`?" if match else ""


_COMPARED = 100

_MENDS = {
    "a list": "write its items on lines of their own that begin with `- `",
    "a map": "write its fields as `name: value`, each on a line of its own",
    "a whole number": "write digits without quotes",
    "true or false": "write true or false without quotes",
}


class Fields:
    """A map inside a document (`path`), with typed access to its fields. Guards nothing but the list of problems."""

    def __init__(self, doc: Document, path: Path, value: dict[str, Any], problems: Problems) -> None:
        self.doc = doc
        self.path = path
        self.value = value
        self.problems = problems

    @classmethod
    def of(cls, doc: Document, problems: Problems) -> Fields:
        """The whole object."""
        return cls(doc, (), doc.value, problems)

    def span(self, *path: str | int, key: bool = False) -> Span:
        """The position of a field of this map."""
        return self.doc.span(*self.path, *path, key=key)

    def span_later(self) -> Span:
        """The position of this map, found when somebody looks at it."""
        return self.doc.span_later(*self.path)

    def has(self, key: str) -> bool:
        """Whether the field is there and not null."""
        return self.value.get(key) is not None

    def error(self, code: str, message: str, *path: str | int, fix: str = "", key: bool = False) -> None:
        """Report an error at a field of this map."""
        span = self.span(*path, key=key)
        self.problems.error(code, message, span, fix, self.doc.excerpt(span))

    def warn(self, code: str, message: str, *path: str | int, fix: str = "", key: bool = False) -> None:
        """Report a warning at a field of this map."""
        span = self.span(*path, key=key)
        self.problems.warn(code, message, span, fix, self.doc.excerpt(span))

    def text(self, key: str) -> str | None:
        """A text field; None where it is missing or not text (which is reported)."""
        value = self.value.get(key)
        if value is None or isinstance(value, str):
            return value
        self._mismatch("text", value, key)
        return None

    def integer(self, key: str) -> int | None:
        """A whole number; None where it is missing or something else (which is reported)."""
        value = self.value.get(key)
        if isinstance(value, bool) or not isinstance(value, int | None):
            self._mismatch("a whole number", value, key)
            return None
        return value

    def boolean(self, key: str) -> bool | None:
        """A Boolean; None where it is missing or something else (which is reported)."""
        value = self.value.get(key)
        if value is None or isinstance(value, bool):
            return value
        self._mismatch("true or false", value, key)
        return None

    def map(self, key: str) -> Fields | None:
        """A map; None where it is missing, null or something else (which is reported)."""
        value = self.value.get(key)
        if value is None:
            return None
        if isinstance(value, dict):
            return Fields(self.doc, (*self.path, key), value, self.problems)
        self._mismatch("a map", value, key)
        return None

    def items(self, key: str) -> list[Any]:
        """A list; empty where it is missing, null or something else (which is reported)."""
        value = self.value.get(key)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        self._mismatch("a list", value, key)
        return []

    def maps(self, key: str) -> Iterator[tuple[int, Fields]]:
        """The items of a list of maps with their indices; a null item is an empty map, others are reported and left out."""
        for index, item in enumerate(self.items(key)):
            if item is None:
                item = {}
            if isinstance(item, dict):
                yield index, Fields(self.doc, (*self.path, key, index), item, self.problems)
            else:
                self._mismatch("a map", item, key, index)

    def texts(self, key: str) -> list[str]:
        """The items of a list of text; others are reported and left out."""
        kept = []
        for index, item in enumerate(self.items(key)):
            if isinstance(item, str):
                kept.append(item)
            else:
                self._mismatch("text", item, key, index)
        return kept

    def text_map(self, key: str) -> dict[str, str]:
        """A map of text to text (labels); values of other types are reported and left out."""
        inner = self.map(key)
        if inner is None:
            return {}
        kept = {}
        for name, value in inner.value.items():
            if isinstance(value, str):
                kept[name] = value
            else:
                inner._mismatch("text", value, name)
        return kept

    def only(self, known: Iterable[str], where: str) -> None:
        """Report every key that is not `known`; `where` names the map: `spec of NetworkPolicy`."""
        known = tuple(known)
        for key in self.value:
            if key not in known:
                fix = nearest(str(key), known) or f"known fields: {', '.join(known)}"
                self.error("NPV021", f"unknown field `{key}` in {where}", key, fix=fix, key=True)

    def _mismatch(self, wanted: str, value: object, *path: str | int) -> None:
        name = ".".join(str(p) for p in (*self.path, *path))
        written = self._written(value, *path)
        shown = f" (`{written}`)" if written else ""
        fix = _MENDS.get(wanted, "")
        if wanted == "text" and written:
            fix = f'put it in quotes: "{written}"'
        self.error("NPV020", f"`{name}` must be {wanted}, not {type_name(value)}{shown}", *path, fix=fix)

    def _written(self, value: object, *path: str | int) -> str:
        """A number or a Boolean as the user wrote it (`yes`, `0o17`), where the source line shows it; else "" or its value."""
        if not isinstance(value, bool | int | float):
            return ""
        span = self.span(*path)
        word = re.match(r"[^\s,{}\[\]\"']+", self.doc.excerpt(span)[span.column - 1 :]) if span.column else None
        return word[0] if word else str(value).lower()
