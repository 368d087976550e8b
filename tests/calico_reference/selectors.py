"""Calico's selector language: text to tree, tree to text, and the meaning of a tree over labels.

Sources: libcalico-go/lib/selector/tokenizer and libcalico-go/lib/selector/parser. A tree is a tuple whose first item says
what it is: ("all",), ("global",), ("has", key), ("==", key, value), ("contains", key, text), ("starts with", key, text),
("ends with", key, text), ("in", key, values), ("not", tree), ("and", trees), ("or", trees).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

Tree = tuple[Any, ...]

_LABEL = re.compile(r"[A-Za-z0-9_./-]{1,512}")
_STRING = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_WORDS = {  # each must end at a word boundary
    "contains": re.compile(r"contains(?![A-Za-z0-9_./-])"),
    "starts with": re.compile(r"starts[ \t]*with[ \t]*(?![A-Za-z0-9_./-])"),
    "ends with": re.compile(r"ends[ \t]*with[ \t]*(?![A-Za-z0-9_./-])"),
    "not in": re.compile(r"not[ \t]*in[ \t]*(?![A-Za-z0-9_./-])"),
    "in": re.compile(r"in(?![A-Za-z0-9_./-])"),
}


@cache
def parse(text: str) -> Tree:
    """The tree of a selector; ValueError if it is none. A blank one selects everything."""
    reader = _Reader(text)
    if reader.at_end():
        return ("all",)
    tree = reader.alternatives()
    if not reader.at_end():
        raise ValueError(f"cannot read {text[reader.at :]!r}")
    return tree


def holds(tree: Tree, labels: Mapping[str, str]) -> bool:
    """Whether something with these labels is selected."""
    match tree:
        case ("all",) | ("global",):
            return True
        case ("has", key):
            return key in labels
        case ("==", key, value):
            return labels.get(key) == value
        case ("contains", key, value):
            return key in labels and value in labels[key]
        case ("starts with", key, value):
            return key in labels and labels[key].startswith(value)
        case ("ends with", key, value):
            return key in labels and labels[key].endswith(value)
        case ("in", key, values):
            return key in labels and labels[key] in values
        case ("not", body):
            return not holds(body, labels)
        case ("and", parts):
            return all(holds(part, labels) for part in parts)
        case ("or", parts):
            return any(holds(part, labels) for part in parts)
    raise AssertionError(tree)


def selects(text: str, labels: Mapping[str, str]) -> bool:
    """The same for the text of a selector."""
    return holds(parse(text), labels)


def with_prefix(text: str, prefix: str) -> str:
    """The text of a selector whose labels all have a prefix: parser.PrefixVisitor, and String of the result."""
    return _text(_prefixed(parse(text), prefix))


def _prefixed(tree: Tree, prefix: str) -> Tree:
    match tree:
        case ("all",) | ("global",):
            return tree
        case ("not", body):
            return ("not", _prefixed(body, prefix))
        case ("and" | "or" as word, parts):
            return (word, tuple(_prefixed(part, prefix) for part in parts))
        case (word, key, *rest):
            return (word, prefix + key, *rest)
    raise AssertionError(tree)


def _text(tree: Tree) -> str:
    match tree:
        case ("all" | "global" as word,):
            return f"{word}()"
        case ("has", key):
            return f"has({key})"
        case ("not", body):
            return f"!({_text(body)})"
        case ("and", parts):
            return "(" + " && ".join(map(_text, parts)) + ")"
        case ("or", parts):
            return "(" + " || ".join(map(_text, parts)) + ")"
        case ("in", key, values):
            return f"{key} in {{{', '.join(map(_quoted, values))}}}"
        case (word, key, value):
            return f"{key} {word} {_quoted(value)}"
    raise AssertionError(tree)


def _quoted(value: str) -> str:
    return f"'{value}'" if '"' in value else f'"{value}"'


class _Reader:
    """Reads a selector from left to right; `at` is how far it came."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def at_end(self) -> bool:
        self._blanks()
        return self.at == len(self.text)

    def alternatives(self) -> Tree:
        parts = [self._conjunction()]
        while self._take("||"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else ("or", tuple(parts))

    def _conjunction(self) -> Tree:
        parts = [self._negated()]
        while self._take("&&"):
            parts.append(self._negated())
        return parts[0] if len(parts) == 1 else ("and", tuple(parts))

    def _negated(self) -> Tree:
        self._blanks()
        negations = 0
        while not self.text.startswith("!=", self.at) and self._take("!"):
            negations += 1
            self._blanks()
        found = self._primary()
        return ("not", found) if negations % 2 else found

    def _primary(self) -> Tree:
        if self._take("("):
            found = self.alternatives()
            self._need(")")
            return found
        for word in ("all", "global"):
            if self._take(f"{word}("):
                self._need(")")
                return (word,)
        if self._take("has("):
            self._blanks()
            key = self._match(_LABEL, "a label").group()
            self._need(")")
            return ("has", key)
        return self._comparison()

    def _comparison(self) -> Tree:
        key = self._match(_LABEL, "a label").group()
        if self._take("=="):
            return ("==", key, self._string())
        if self._take("!="):
            return ("not", ("==", key, self._string()))
        self._blanks()
        for word, pattern in _WORDS.items():
            found = pattern.match(self.text, self.at)
            if found:
                self.at = found.end()
                if word == "in":
                    return ("in", key, self._set())
                if word == "not in":
                    return ("not", ("in", key, self._set()))
                return (word, key, self._string())
        raise ValueError(f"no operator behind the label {key!r}")

    def _set(self) -> tuple[str, ...]:
        self._need("{")
        values: list[str] = []
        while not self._take("}"):
            values.append(self._string())
            if not self._take(","):
                self._need("}")
                break
        return tuple(values)

    def _string(self) -> str:
        self._blanks()
        found = self._match(_STRING, "a quoted text")
        return found.group(1) if found.group(1) is not None else found.group(2)

    def _match(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        found = pattern.match(self.text, self.at)
        if not found:
            raise ValueError(f"{what} is missing at {self.at} of {self.text!r}")
        self.at = found.end()
        return found

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise ValueError(f"{sign!r} is missing at {self.at} of {self.text!r}")

    def _take(self, sign: str) -> bool:
        self._blanks()
        if not self.text.startswith(sign, self.at):
            return False
        self.at += len(sign)
        return True

    def _blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1
