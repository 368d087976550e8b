"""Calico's label selectors: their syntax tree, what it means on a map of labels, and its text.

Language and meaning: projectcalico/calico libcalico-go/lib/selector. A label that is missing passes no test; so what is
true of a missing label (`!=`, `not in`, `!has`) is a negated test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from npverify.dialects.calico.selector_errors import LONGEST_LABEL, WORD, SelectorError

if TYPE_CHECKING:
    from lark import Token, Tree

__all__ = [
    "All", "And", "Contains", "EndsWith", "Equals", "Global", "Has", "In", "Node", "Not", "Or", "SelectorError",
    "StartsWith", "holds", "keys", "map_keys", "parse", "replaced",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    """A selector. Its `str` is text that parses to an equal tree, if the tree came from `parse`."""

    def __str__(self) -> str:
        return _text(self)


@dataclass(frozen=True, slots=True)
class All(Node):
    """`all()`: true of everything."""


@dataclass(frozen=True, slots=True)
class Global(Node):
    """`global()`: true of everything; as the namespaceSelector of a rule it stands for what is in no namespace."""


@dataclass(frozen=True, slots=True)
class Has(Node):
    """The label is there."""

    key: str


@dataclass(frozen=True, slots=True)
class Equals(Node):
    """The label is there and has this value."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Contains(Node):
    """The label is there and its value contains the text."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class StartsWith(Node):
    """The label is there and its value starts with the text."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class EndsWith(Node):
    """The label is there and its value ends with the text."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class In(Node):
    """The label is there and has one of these values, which are sorted and differ; never with no values."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    """The other selector does not hold."""

    body: Node


@dataclass(frozen=True, slots=True)
class And(Node):
    """All of two or more selectors hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """One of two or more selectors holds."""

    parts: tuple[Node, ...]


Test = Has | Equals | Contains | StartsWith | EndsWith | In
"""What looks at one label."""


@lru_cache(maxsize=1 << 14)
def parse(text: str) -> Node:
    """The selector that the text stands for, `all()` for blank text; raises `SelectorError`."""
    usual = quick(text)
    if usual is not None:
        return usual
    # imported here so that input whose selectors are usual does not wait for the parser
    from npverify.dialects.calico.selector_parser import parse_tree

    tree = parse_tree(text)
    return All() if tree is None else _built(tree)


_TERM = re.compile(
    rf"has\((?P<there>{WORD})\)|!has\((?P<absent>{WORD})\)"
    rf"|(?P<key>{WORD}) (?:(?P<sign>==|!=) '(?P<value>[^']*)'|(?P<isin>in|not in) \{{(?P<values>'[^']*'(?:, '[^']*')*)\}})"
)
_BETWEEN = " && "


def quick(text: str) -> Node | None:
    """What `parse` gives for the form in which selectors are usually written, conditions that all hold; None for any other."""
    parts: list[Node] = []
    at = 0
    while found := _TERM.match(text, at):
        there, absent, key, sign, value, isin, values = found.groups()
        if len(key or there or absent) > LONGEST_LABEL:
            return None
        if there is not None:
            parts.append(Has(there))
        elif absent is not None:
            parts.append(Not(Has(absent)))
        elif sign is not None:
            test: Node = Equals(key, value)
            parts.append(test if sign == "==" else Not(test))
        else:
            test = In(key, tuple(sorted(set(values[1:-1].split("', '")))))
            parts.append(test if isin == "in" else Not(test))
        at = found.end()
        if at == len(text):
            return parts[0] if len(parts) == 1 else And(tuple(parts))
        if not text.startswith(_BETWEEN, at):
            return None
        at += len(_BETWEEN)
    return None


def holds(node: Node, labels: Mapping[str, str]) -> bool:
    """Whether the selector is true of something with these labels."""
    match node:
        case All() | Global():
            return True
        case Not(body):
            return not holds(body, labels)
        case And(parts):
            return all(holds(part, labels) for part in parts)
        case Or(parts):
            return any(holds(part, labels) for part in parts)
        case Has() | Equals() | Contains() | StartsWith() | EndsWith() | In():
            return node.key in labels and _passes(node, labels[node.key])
    raise TypeError(node)


def keys(node: Node) -> frozenset[str]:
    """The labels that the selector looks at."""
    match node:
        case Not(body):
            return keys(body)
        case And(parts) | Or(parts):
            return frozenset().union(*(keys(part) for part in parts))
        case Has() | Equals() | Contains() | StartsWith() | EndsWith() | In():
            return frozenset((node.key,))
    return frozenset()


def map_keys(node: Node, rename: Callable[[str], str]) -> Node:
    """The same selector about other labels: `map_keys(n, lambda key: "pcns." + key)`."""
    match node:
        case Not(body):
            return Not(map_keys(body, rename))
        case And(parts) | Or(parts):
            return replace(node, parts=tuple(map_keys(part, rename) for part in parts))
        case Has() | Equals() | Contains() | StartsWith() | EndsWith() | In():
            return replace(node, key=rename(node.key))
    return node


def replaced(node: Node, what: Node, by: Node) -> Node:
    """The same selector with `by` in every place of `what`: `replaced(n, All(), Has("projectcalico.org/namespace"))`."""
    if node == what:
        return by
    match node:
        case Not(body):
            return _negated(replaced(body, what, by))
        case And(parts) | Or(parts):
            return replace(node, parts=tuple(replaced(part, what, by) for part in parts))
    return node


def _passes(test: Test, value: str) -> bool:
    match test:
        case Has():
            return True
        case Equals():
            return value == test.value
        case Contains():
            return test.text in value
        case StartsWith():
            return value.startswith(test.text)
        case EndsWith():
            return value.endswith(test.text)
        case In():
            return value in test.values


def _text(node: Node) -> str:
    match node:
        case All():
            return "all()"
        case Global():
            return "global()"
        case Has(key):
            return f"has({key})"
        case Equals(key, value):
            return f"{key} == {_quoted(value)}"
        case Contains(key, text):
            return f"{key} contains {_quoted(text)}"
        case StartsWith(key, text):
            return f"{key} starts with {_quoted(text)}"
        case EndsWith(key, text):
            return f"{key} ends with {_quoted(text)}"
        case In(key, values):
            return f"{key} in {_set(values)}"
        case Not(Equals(key, value)):
            return f"{key} != {_quoted(value)}"
        case Not(In(key, values)):
            return f"{key} not in {_set(values)}"
        case Not(body):
            return f"!{_operand(body)}"
        case And(parts):
            return " && ".join(map(_operand, parts))
        case Or(parts):
            return " || ".join(map(_operand, parts))
    raise TypeError(node)


def _operand(node: Node) -> str:
    return f"({_text(node)})" if isinstance(node, And | Or) else _text(node)


def _quoted(text: str) -> str:
    # the language has no escapes, so a text that was parsed lacks one of the two quotes
    return f"'{text}'" if '"' in text else f'"{text}"'


def _set(values: tuple[str, ...]) -> str:
    return "{" + ", ".join(map(_quoted, values)) + "}"


def _built(tree: Tree[Token]) -> Node:
    parts = tree.children
    rule = tree.data
    if rule == "all_":
        return All()
    if rule == "global_":
        return Global()
    if rule == "group":
        return _built(_inner(parts[0]))
    if rule == "negation":
        body = _built(_inner(parts[-1]))
        return body if len(parts) % 2 else _negated(body)
    if rule in ("any_of", "all_of"):
        built = tuple(_built(_inner(part)) for part in parts)
        return Or(built) if rule == "any_of" else And(built)
    key = str(parts[0])
    if rule == "has":
        return Has(key)
    if rule in ("is_in", "is_not_in"):
        values = tuple(sorted({str(value)[1:-1] for value in _inner(parts[1]).children}))
        return In(key, values) if rule == "is_in" else Not(In(key, values))
    text = str(parts[1])[1:-1]
    if rule == "differs":
        return Not(Equals(key, text))
    return _COMPARISONS[rule](key, text)


def _inner(part: Tree[Token] | Token) -> Tree[Token]:
    """A child that the grammar makes a tree."""
    assert not isinstance(part, str)
    return part


_COMPARISONS: Mapping[str, Callable[[str, str], Node]] = {
    "equals": Equals,
    "contains": Contains,
    "starts_with": StartsWith,
    "ends_with": EndsWith,
}


def _negated(node: Node) -> Node:
    return node.body if isinstance(node, Not) else Not(node)
