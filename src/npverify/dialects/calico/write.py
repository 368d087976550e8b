"""Translated policies as YAML for people: block style, short lists in one line, comments that name what each part is from.

Not trusted: the text is read back by the program's own reader before anything is said about it. Text is left without quotes
only where no reader of YAML 1.1 or 1.2 could take it for something else: `on`, `1e3` and `22:22` are quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from npverify.dialects.calico.translate import Written
from npverify.ingest.document import Path

_WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z]([A-Za-z0-9 ._/=&|!(){}',-]*[A-Za-z0-9)}'])?")
_PLAIN_IN_LIST = re.compile(r"[A-Za-z][A-Za-z0-9./-]*|[0-9]+(\.[0-9]+){3}/[0-9]+")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def write(policies: Sequence[Written]) -> str:
    """The documents in the order given, each behind a comment that names its source."""
    return "---\n".join("".join(f"{line}\n" for line in _document(policy)) for policy in policies)


def _document(policy: Written) -> Iterator[str]:
    yield _comment(f"from {policy.source}, {policy.span}")
    remarks: dict[Path, str] = {("spec", *at): f"{rule.label}, {rule.span}" for at, rule in policy.rules.items()}
    yield from _map(policy.value, (), remarks)


def _comment(text: str) -> str:
    """A comment of one line, whatever the names in it hold."""
    return "# " + "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _map(value: Mapping[str, Any], path: Path, remarks: Mapping[Path, str]) -> Iterator[str]:
    for key, item in value.items():
        at = (*path, key)
        if isinstance(item, dict):
            yield f"{key}:"
            yield from (f"  {line}" for line in _map(item, at, remarks))
        elif isinstance(item, list) and item and isinstance(item[0], dict):
            yield f"{key}:"
            yield from _items(item, at, remarks)
        elif isinstance(item, list):
            yield from _list(key, item)
        else:
            yield f"{key}: {_scalar(item, _PLAIN)}"


def _items(items: Sequence[Mapping[str, Any]], path: Path, remarks: Mapping[Path, str]) -> Iterator[str]:
    said = ""
    for index, item in enumerate(items):
        remark = remarks.get((*path, index), "")
        if remark != said:
            yield _comment(remark)
            said = remark
        for number, line in enumerate(_map(item, (*path, index), remarks)):
            yield f"{'  ' if number else '- '}{line}"


def _list(key: str, items: Sequence[Any]) -> Iterator[str]:
    texts = [_scalar(item, _PLAIN_IN_LIST) for item in items]
    line = f"{key}: [{', '.join(texts)}]"
    if len(line) <= _WIDTH:
        yield line
        return
    yield f"{key}:"
    yield from (f"- {text}" for text in texts)


def _scalar(value: str | int, plain: re.Pattern[str]) -> str:
    if isinstance(value, int):
        return str(value)
    return value if plain.fullmatch(value) and value.lower() not in _WORDS else json.dumps(value)
