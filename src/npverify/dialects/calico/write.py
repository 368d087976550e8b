"""Translated policies as YAML for people: block style, short lists in one line, comments that name what each part is from.

Not trusted: the text is read back by the program's own reader before anything is said about it. Text is left without quotes
only where no reader of YAML 1.1 or 1.2 could take it for something else: `on`, `1e3` and `22:22` are quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from npverify.dialects.calico.translate import Written
from npverify.ingest.document import Path

_WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z]([A-Za-z0-9 ._/=&|!(){}',-]*[A-Za-z0-9)}'])?")
_PLAIN_IN_LIST = re.compile(r"[A-Za-z][A-Za-z0-9./-]*|[0-9]+(\.[0-9]+){3}/[0-9]+")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def write(policies: Sequence[Written]) -> str:
    """The documents in the order given, each behind a comment that names its source."""
    return "---\n".join(map(_document, policies))


def _document(policy: Written) -> str:
    remarks: dict[Path, str] = {("spec", *at): f"{rule.label}, {rule.span}" for at, rule in policy.rules.items()}
    lines = [_comment(f"from {policy.source}, {policy.span}")]
    _map(policy.value, (), remarks, lines, "", "")
    lines.append("")
    return "\n".join(lines)


def _comment(text: str) -> str:
    """A comment of one line, whatever the names in it hold."""
    if text.isprintable():
        return f"# {text}"
    return "# " + "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _map(
    value: Mapping[str, Any], path: Path, remarks: Mapping[Path, str], lines: list[str], first: str, rest: str
) -> None:
    """Adds the lines of a map; what stands before the first one is `first`, and `rest` before the others."""
    lead = first
    for key, item in value.items():
        if isinstance(item, dict):
            lines.append(f"{lead}{key}:")
            _map(item, (*path, key), remarks, lines, f"{rest}  ", f"{rest}  ")
        elif isinstance(item, list) and item and isinstance(item[0], dict):
            lines.append(f"{lead}{key}:")
            _items(item, (*path, key), remarks, lines, rest)
        elif isinstance(item, list):
            _list(key, item, lines, lead, rest)
        else:
            lines.append(f"{lead}{key}: {_scalar(item, _PLAIN)}")
        lead = rest


def _items(
    items: Sequence[Mapping[str, Any]], path: Path, remarks: Mapping[Path, str], lines: list[str], lead: str
) -> None:
    said = ""
    for index, item in enumerate(items):
        remark = remarks.get((*path, index), "")
        if remark != said:
            lines.append(f"{lead}{_comment(remark)}")
            said = remark
        _map(item, (*path, index), remarks, lines, f"{lead}- ", f"{lead}  ")


def _list(key: str, items: Sequence[Any], lines: list[str], first: str, rest: str) -> None:
    texts = [_scalar(item, _PLAIN_IN_LIST) for item in items]
    line = f"{key}: [{', '.join(texts)}]"
    if len(line) <= _WIDTH:
        lines.append(f"{first}{line}")
        return
    lines.append(f"{first}{key}:")
    lines.extend(f"{rest}- {text}" for text in texts)


def _scalar(value: str | int, plain: re.Pattern[str]) -> str:
    if isinstance(value, int):
        return str(value)
    return value if plain.fullmatch(value) and value.lower() not in _WORDS else json.dumps(value)
