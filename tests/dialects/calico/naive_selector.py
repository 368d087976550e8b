"""A second, plain reader of selectors, by which the grammar is judged: one function for each level of precedence.

It reads words the way projectcalico/calico libcalico-go/lib/selector/tokenizer does and gives out a function of labels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Meaning = Callable[[Mapping[str, str]], bool]

IDENTIFIER = re.compile(r"[A-Za-z0-9_./-]+")
TEXT = re.compile(r"\"([^\"]*)\"|'([^']*)'", re.DOTALL)
OPERATORS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern + r"(?![A-Za-z0-9_./-])"))
    for name, pattern in (
        ("contains", "contains"), ("starts", r"starts[ \t]*with"), ("ends", r"ends[ \t]*with"),
        ("not in", r"not[ \t]*in"), ("in", "in"),
    )
)  # fmt: skip
COMPARE: dict[str, Callable[[str, str], bool]] = {
    "==": lambda value, text: value == text,
    "contains": lambda value, text: text in value,
    "starts": str.startswith,
    "ends": str.endswith,
}


class Refused(Exception):
    """The text is no selector."""


class Reader:
    """The rest of a text that is being read."""

    def __init__(self, text: str) -> None:
        self.rest = text

    def take(self, pattern: str | re.Pattern[str]) -> re.Match[str] | None:
        """Cut off what the pattern matches behind blanks, if it does."""
        rest = self.rest.lstrip(" \t")
        found = re.compile(pattern).match(rest)
        if found:
            self.rest = rest[found.end() :]
        return found

    def need(self, pattern: str | re.Pattern[str]) -> re.Match[str]:
        """The same, or the text is refused."""
        found = self.take(pattern)
        if found is None:
            raise Refused
        return found


def meaning(text: str) -> Meaning:
    """What a selector says of labels; raises Refused."""
    if not text.strip(" \t"):
        return lambda labels: True
    reader = Reader(text)
    found = any_of(reader)
    if reader.rest.strip(" \t"):
        raise Refused
    return found


def any_of(reader: Reader) -> Meaning:
    """Conditions joined by `||`."""
    parts = [all_of(reader)]
    while reader.take(r"\|\|"):
        parts.append(all_of(reader))
    return lambda labels: any(part(labels) for part in parts)


def all_of(reader: Reader) -> Meaning:
    """Conditions joined by `&&`."""
    parts = [unary(reader)]
    while reader.take("&&"):
        parts.append(unary(reader))
    return lambda labels: all(part(labels) for part in parts)


def unary(reader: Reader) -> Meaning:
    """One condition, perhaps with `!` in front."""
    negated = False
    while reader.take("!(?!=)"):
        negated = not negated
    body = primary(reader)
    return (lambda labels: not body(labels)) if negated else body


def primary(reader: Reader) -> Meaning:
    """A group, a function or a comparison."""
    if reader.take(r"\("):
        inner = any_of(reader)
        reader.need(r"\)")
        return inner
    if reader.take(r"(all|global)\("):
        reader.need(r"\)")
        return lambda labels: True
    if reader.take(r"has\("):
        key = label(reader)
        reader.need(r"\)")
        return lambda labels: key in labels
    return comparison(reader, label(reader))


def label(reader: Reader) -> str:
    """A label of at most 512 characters."""
    found = reader.need(IDENTIFIER)[0]
    if len(found) > 512:
        raise Refused
    return found


def comparison(reader: Reader, key: str) -> Meaning:
    """What stands behind a label."""
    sign = reader.take("==|!=")
    name = sign[0] if sign else next((name for name, pattern in OPERATORS if reader.take(pattern)), "")
    if name in ("in", "not in"):
        values = value_set(reader)
        return lambda labels: (labels[key] in values if key in labels else False) == (name == "in")
    if name == "!=":
        unwanted = text(reader)
        return lambda labels: labels.get(key) != unwanted
    if name not in COMPARE:
        raise Refused
    wanted = text(reader)
    return lambda labels: key in labels and COMPARE[name](labels[key], wanted)


def text(reader: Reader) -> str:
    """A text in quotes."""
    found = reader.need(TEXT)
    return found[1] if found[1] is not None else found[2]


def value_set(reader: Reader) -> set[str]:
    """Texts in braces; a comma may follow the last one."""
    reader.need(r"\{")
    values: set[str] = set()
    while not reader.take(r"\}"):
        values.add(text(reader))
        if not reader.take(","):
            reader.need(r"\}")
            break
    return values
