"""The messages about input and usage, by their codes: the rows of docs/errors.md, which travels with the program."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from npverify.ingest.resources import data_path
from npverify.report import json_values as j

_ROW = re.compile(r"^\| (NPV\d{3}) \| (.*?) \| (.*) \|$")
_BAR = "\x00"
_WIDTH = 110


class Message(NamedTuple):
    """A code with its severity, what it means and what to do about it; `about` are the headings that it stands under."""

    code: str
    severity: str
    meaning: str
    mend: str
    about: str


@cache
def messages() -> Mapping[str, Message]:
    """Code to message, in the order of the page."""
    found: dict[str, Message] = {}
    headings: list[str] = []
    for line in (data_path("docs") / "errors.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            marks, _, heading = line.partition(" ")
            headings = [*headings[: len(marks) - 2], heading] if len(marks) > 1 else []
        elif row := _ROW.match(line.replace("\\|", _BAR)):
            code, severity, rest = row.groups()
            meaning, _, mend = rest.partition(" | ")
            meaning, mend = (text.replace(_BAR, "|") for text in (meaning, mend))
            found[code] = Message(code, severity, meaning, mend, ", ".join(headings))
    return found


def message_text(message: Message) -> str:
    """What a message is about, for a terminal."""
    lines = [f"{message.code} ({message.severity}): {message.about}", "", *_wrapped(message.meaning)]
    return "\n".join([*lines, "", *_wrapped(f"What to do: {message.mend}")]) + "\n"


def _wrapped(text: str) -> list[str]:
    plain = re.sub(r"\[([^\]]*)\]\(([^)]*)\)", r"\1", text)
    return textwrap.wrap(plain, _WIDTH, break_long_words=False, break_on_hyphens=False)


def message_json(message: Message) -> j.Json:
    """The same as JSON."""
    return {
        "code": message.code,
        "severity": message.severity,
        "about": message.about,
        "meaning": message.meaning,
        "what_to_do": message.mend,
    }
