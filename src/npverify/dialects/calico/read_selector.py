"""Reads the selectors of resources, and points into them where they are wrong.

Calico puts the texts of several selectors together before it parses them, so some texts mean something else there than
alone: projectcalico/calico libcalico-go/lib/backend/syncersv1/updateprocessors/{rules,globalnetworkpolicyprocessor}.go.
"""

from __future__ import annotations

import re
from typing import Any

from npverify.dialects.calico.selector import Global, Node, SelectorError, parse
from npverify.dialects.calico.way import Way
from npverify.ingest.fields import Fields
from npverify.ingest.source import Span

LONGEST = 1024

_WRITE_ALL = "write `all()`, or leave the field out"


def selector(fields: Fields, key: str, way: Way, *, droppable: bool = False) -> Node | None:
    """The selector in a field; None where it is absent or empty, and where it is wrong (which is reported).

    `droppable`: Calico leaves this one out of raw input if it is wrong, and the policy selects more.
    """
    value = fields.value.get(key)
    if isinstance(value, dict):
        fix = f"write the selector as text: `{_as_text(value)}`"
        fields.error("NPV020", f"`{key}` must be text, not a map", key, fix=fix)
        return None
    text = fields.text(key)
    if not text:
        return None
    if not text.strip(" \t"):
        message = f"`{key}` holds nothing but blanks, which Calico reads in different ways"
        fields.error("NPV251", message, key, fix=_WRITE_ALL)
        return None
    if len(text) > LONGEST and fields.path[-1] != "serviceAccounts":
        message = f"`{key}` has {len(text)} characters; versions after 3.32 take at most {LONGEST}"
        fields.warn("NPV255", message, key, fix="split the rule or the policy")
    try:
        return parse(text)
    except SelectorError as wrong:
        _report(fields, key, text, wrong, way, droppable=droppable)
        return None


def without_global(fields: Fields, key: str, way: Way, *, droppable: bool = False) -> Node | None:
    """A selector in a place where `global()` has no meaning."""
    text = fields.value.get(key)
    if isinstance(text, str) and "global(" in text:
        message = f"`global()` has no meaning in `{key}`"
        fields.error("NPV252", message, key, fix="it is for the `namespaceSelector` of a rule")
        return None
    return selector(fields, key, way, droppable=droppable)


def of_namespaces(fields: Fields, key: str, way: Way) -> Node | None:
    """The `namespaceSelector` of a rule, which may be `global()` and nothing else with it."""
    node = selector(fields, key, way)
    if node is not None and node != Global() and "global(" in str(fields.value[key]):
        fix = "make two rules: one with `namespaceSelector: global()`, one with the rest"
        fields.error("NPV257", "`global()` cannot be combined with other selectors", key, fix=fix)
    return node


def check_rewritten(fields: Fields, key: str) -> None:
    """Report an `all()` that Calico misses when it makes it "all in a namespace" beside another selector."""
    text = fields.value.get(key)
    if isinstance(text, str) and (found := re.search(r"all\([ \t]+\)", text)):
        message = f"`{found[0]}` means another thing here than `all()`, because of the blank"
        fields.error("NPV253", message, key, fix="write `all()`")


def place(fields: Fields, key: str, text: str, column: int) -> Span:
    """Where the character at `column` of the text of a field stands in the file; where the value begins, if unsure."""
    span = fields.span(key)
    line = fields.doc.excerpt(span)[max(span.column - 1, 0) :]
    before = text[: column - 1]
    written = before
    if line[:1] == "'":
        written = "'" + before.replace("'", "''")
    elif line[:1] == '"':
        written = '"' + before.replace("\\", "\\\\").replace('"', '\\"')
    if not span.column or not line.startswith(written):
        return span
    return Span(span.file, span.line, span.column + len(written))


def _report(fields: Fields, key: str, text: str, wrong: SelectorError, way: Way, *, droppable: bool) -> None:
    span = place(fields, key, text, wrong.column)
    line = fields.doc.excerpt(span)
    message = f"`{key}`, column {wrong.column}: {wrong.message}"
    # the text of a subject is only parsed together with others, those of rules also alone: backend/model/{policy,rule}.go
    if way.raw and (fields.path, key) == (("spec",), "selector") and _fits_in_parentheses(text):
        fix = f"balance the parentheses; Calico would put the text into others: {wrong.fix}"
        fields.problems.error("NPV256", message, span, fix, line)
    elif way.raw and droppable:
        message += f"; Calico leaves `{key}` out, and the policy selects more"
        fields.problems.warn("NPV254", message, span, wrong.fix, line)
    else:
        fields.problems.error("NPV250", message, span, wrong.fix, line)


def _as_text(labels: dict[str, Any]) -> str:
    """A selector of the Kubernetes API as text, as far as it is about equality."""
    labels = labels.get("matchLabels") or labels
    pairs = labels.items() if isinstance(labels, dict) else ()
    return " && ".join(f'{name} == "{value}"' for name, value in pairs if isinstance(value, str)) or 'app == "web"'


def _fits_in_parentheses(text: str) -> bool:
    try:
        parse(f"({text}) && all()")
    except SelectorError:
        return False
    return True
