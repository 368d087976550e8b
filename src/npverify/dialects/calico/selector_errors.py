"""The mistakes that people make in selectors: a table of where the parser stopped and what stands there.

The parser picks the first row that fits. In messages and mends, `{found}` is the word or sign at which it stopped and
`{label}` the label in front of it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from npverify.ingest.fields import nearest

WORD = r"[A-Za-z0-9_./-]+"
LONGEST_LABEL = 512
OPERATORS = ("==", "!=", "in", "not in", "contains", "starts with", "ends with")
FUNCTIONS = ("has", "all", "global")


class SelectorError(ValueError):
    """A text that is no selector: what is wrong, at which column of it, and how to mend it."""

    def __init__(self, message: str, column: int, fix: str) -> None:
        super().__init__(f"column {column}: {message}")
        self.message = message
        self.column = column
        self.fix = fix


class Row(NamedTuple):
    """A mistake: the places where it can be (see `_place`), how what stands there begins, message and mend."""

    places: str
    pattern: str
    message: str
    fix: str


_QUOTED = 'write `"{found}"`'
_COMPARE = 'write `has({label})` to ask whether the label is there, or compare it: `{label} == "…"`'
_JOIN = "conditions are joined by `&&` (all of them) or `||` (one of them)"

TABLE: tuple[Row, ...] = (
    Row(
        "*",
        r"[\r\n]",
        "a line break cannot stand between the words of a selector",
        "write the selector on one line; of the YAML blocks only `>-` leaves no line break behind",
    ),
    Row(
        "*",
        r"'[^']*$|\"[^\"]*$",
        "the quote {found} is not closed",
        "close it with {found}; a text with that quote inside stands in quotes of the other kind, there are no escapes",
    ),
    Row("operator", r"\(", "`{label}` is no function", "known functions: `has(label)`, `all()`, `global()`"),
    Row("operator", r"=~", "there are no regular expressions", "use `contains`, `starts with` or `ends with`"),
    Row("operator", r"[=:]", "a label is compared with `==`", "write `==` instead of `{found}`"),
    Row("operator", r"[<>]", "values are texts without an order", 'list them: `{label} in {{"…", "…"}}`'),
    Row("operator", WORD, "`{found}` is no operator", "operators: `" + "`, `".join(OPERATORS) + "`"),
    Row("operator", r"$|\)|&|\||,", "nothing is asked of the label `{label}`", _COMPARE),
    Row("value", WORD, "the value `{found}` stands without quotes", _QUOTED),
    Row("value", r"=", "a label is compared with `==`", "write `==`"),
    Row("value", r"\{", "this operator takes one value, not a set", "use `in` or `not in` for a set"),
    Row("value", r"", "a value in quotes is missing", 'write `"…"` behind the operator'),
    Row("set", r"", "a set of values stands in braces", 'write `{{"…", "…"}}`'),
    Row("item", WORD, "the value `{found}` stands without quotes", _QUOTED),
    Row("item, separator", r"$", "the set of values is not closed", "add `}}`"),
    Row("item", r"", "a value in quotes or `}}` is missing", "drop the comma, or write a value"),
    Row("separator", r"", "the values of a set are separated by commas", "write `,` between two values"),
    Row("condition", r"['\"]", "a label stands without quotes, on the left", 'write `app == "web"`'),
    Row("condition", r"=|!", "the label in front of the operator is missing", 'write `app == "web"`'),
    Row("condition", r"$", "a condition is missing at the end", 'write one, such as `app == "web"` or `has(app)`'),
    Row("condition", r"\)|&|\|", "a condition is missing in front of `{found}`", "write one, or `all()`"),
    Row("label", r"['\"]", "the label inside `has` stands without quotes", "write `has(app)`"),
    Row("label", r"", "the label inside `has` is missing", "write `has(app)`"),
    Row("closing", r"$", "the parenthesis is not closed", "add `)`"),
    Row("closing", r"", "`{found}` cannot stand inside these parentheses", "write `has(app)`, `all()` or `global()`"),
    Row("end", r"&", _JOIN, "write `&&`"),
    Row("end", r"\|", _JOIN, "write `||`"),
    Row("end", r"(?i:and)\b|,", _JOIN, "write `&&` instead of `{found}`"),
    Row("end", r"(?i:or)\b", _JOIN, "write `||` instead of `{found}`"),
    Row(
        "end", rf"{WORD}['\"]", "the text ended at the quote before `{found}`", "quote it with the other kind of quotes"
    ),
    Row("end", r"\)", "no parenthesis is open here", "drop it, or add `(` where the group begins"),
    Row("end", r"$", "a parenthesis is not closed", "add `)`"),
    Row("end", r"", "expected `&&`, `||` or the end, found `{found}`", "join the conditions with `&&` or `||`"),
    Row("*", r"", "`{found}` cannot stand here", 'write conditions such as `app == "web"`, joined by `&&` or `||`'),
)


def explain(text: str, at: int, accepted: frozenset[str]) -> tuple[str, int, str]:
    """Message, column and mend for a parser that stopped at the offset `at`, where only `accepted` could stand."""
    before, rest = text[:at], text[at:].rstrip(" \t")
    label = _last_label(before)
    if "_EQUALS" in accepted and rest.startswith("(") and label in FUNCTIONS:
        column = len(before.rstrip(" \t")) + 1
        return f"no blank may stand between `{label}` and `(`", column, f"write `{label}(`"
    word = re.match(WORD, rest)
    found = word[0] if word else rest[:1]
    place = _place(before, accepted)
    row = next(r for r in TABLE if r.places == "*" or place in r.places.split(", ") if re.match(r.pattern, rest))
    fix = row.fix.format(found=found, label=label)
    if place == "operator" and row.pattern == WORD:
        fix = nearest(found, (*OPERATORS, "startswith", "endswith", "notin")) or fix
    return row.message.format(found=found, label=label), at + 1, fix


def _place(before: str, accepted: frozenset[str]) -> str:
    """Where in the grammar the parser stopped."""
    if "NOT" in accepted:
        return "condition"
    if "_EQUALS" in accepted:
        return "operator"
    if "RBRACE" in accepted:
        return "item" if "STRING" in accepted else "separator"
    for terminal, place in (("STRING", "value"), ("LBRACE", "set"), ("LABEL", "label")):
        if terminal in accepted:
            return place
    opened = re.search(rf"(has\([ \t]*(?:{WORD})|all\(|global\()[ \t]*$", before)
    return "closing" if opened else "end"


def _last_label(before: str) -> str:
    labels = re.findall(WORD, before)
    return labels[-1] if labels else ""
