"""Turns what a YAML parser says into a message in the user's words.

libyaml and PyYAML's own parser word the same problem differently; a row of `MESSAGES` covers both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from yaml import YAMLError
from yaml.error import MarkedYAMLError
from yaml.reader import ReaderError

from npverify.ingest.text import Part

_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_QUOTED_SCALAR = "quoted scalar"


@dataclass(frozen=True, slots=True)
class Row:
    """What the parser says (a pattern over `context: problem`), what the user reads, how to mend it, and an example."""

    says: str
    message: str
    fix: str
    example: str


MESSAGES = (
    Row(
        "mapping values are not allowed",
        "a `:` that does not fit here",
        "check the indentation of this line and the one above; text that contains `: ` needs quotes",
        "a: b: c\n",
    ),
    Row(
        "quoted scalar: found unexpected (end of stream|document indicator|document separator)",
        "a quote is opened and never closed",
        "add the closing quote",
        "a: 'x\nb: 1\n",
    ),
    Row(
        "could not find expected ':'",
        "this line has no `:` behind its key",
        "write `key: value`; if the line goes on with the text above, indent it",
        "a: 1\nb\nc: 2\n",
    ),
    Row(
        r"flow sequence: .*expected ',' or '\]'",
        "a list in brackets is not closed",
        "add `]` at its end, or `,` between its items",
        "a: [1, 2\nb: 3\n",
    ),
    Row(
        r"flow mapping: .*expected ',' or '\}'",
        "a map in braces is not closed",
        "add `}` at its end, or `,` between its fields",
        "a: {b: 1\nc: 3\n",
    ),
    Row(
        "block collection: ",
        "a line that is no item of the list above it",
        "start it with `- `, or give it the indentation of the key that it belongs to",
        "- a\nb: c\n",
    ),
    Row(
        "block mapping: ",
        "the indentation of this line does not fit the lines above it",
        "give every key of a map the same indentation",
        "a:\n    b: 1\n  c: 2\n",
    ),
    Row(
        "block sequence entries are not allowed|sequence entries are not allowed",
        "a list item that does not fit here",
        "put the `-` into a line of its own, indented below its key",
        "a: - b\n",
    ),
    Row(
        "undefined alias",
        "an alias (`*name`) without an anchor (`&name`) above it in the same document",
        "define the anchor first, or put the text in quotes if the `*` is part of it",
        "a: *x\n",
    ),
    Row(
        "duplicate anchor",
        "the same anchor (`&name`) is defined twice in one document",
        "give the second one another name",
        "a: &x 1\nb: &x 2\n",
    ),
    Row(
        "undefined tag handle",
        "a tag (`!name!…`) that nothing defines",
        "put the text in quotes if the `!` is part of it",
        "a: !x!y 1\n",
    ),
    Row(
        "unknown escape|escape sequence|escape code|hexadecimal|invalid Unicode",
        "a backslash in double quotes starts an escape that YAML does not know",
        "write the backslash twice, or use single quotes",
        'a: "\\q"\n',
    ),
    Row(
        "expected (the )?node content|did not find expected node content",
        "a value is missing, or a bracket too many",
        "check the brackets; text that starts with one needs quotes",
        "a: }\n",
    ),
    Row(
        "document start",
        "something stands behind the end of the document",
        "separate documents with a line `---`",
        "[a]\nb: 1\n",
    ),
)


def report(part: Part, error: YAMLError) -> None:
    """Report a syntax error that a YAML parser raised on `part`."""
    content = part.content
    if isinstance(error, ReaderError):
        found = _CONTROL.search(content)
        offset = found.start() if found else 0
        shown = f" (U+{ord(content[offset]):04X})" if found else ""
        part.error(
            "NPV005", f"a control character{shown}, which YAML forbids", offset, "delete it; is this a text file?"
        )
        return
    offset, says = _offset(error), _says(error)
    if tab := _tab_at(content, offset):
        part.error("NPV006", "tab used for indentation", tab[0], "YAML needs spaces; replace each tab by two spaces")
    elif "cannot start any token" in says:
        message = f"`{content[offset : offset + 1]}` cannot start a value"
        part.error("NPV005", message, offset, "put the text in quotes")
    else:
        row = next((row for row in MESSAGES if re.search(row.says, says)), None)
        message = row.message if row else f"this is not valid YAML: {says.rpartition(': ')[2]}"
        if row and _QUOTED_SCALAR in row.says:
            offset = _context_offset(error, offset)
        fix = row.fix if row else "check the indentation, quotes and brackets around this place"
        part.error("NPV005", message, _last_character(content, offset), fix)


def _says(error: YAMLError) -> str:
    if not isinstance(error, MarkedYAMLError):
        return str(error)
    return f"{error.context or ''}: {error.problem or ''}"


def _offset(error: YAMLError) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return int(mark.index) if mark else 0


def _context_offset(error: YAMLError, otherwise: int) -> int:
    mark = getattr(error, "context_mark", None)
    return int(mark.index) if mark else otherwise


def _tab_at(content: str, offset: int) -> tuple[int] | None:
    """The first tab in the white space that begins the line of `offset` or surrounds `offset`."""
    begin = content.rfind("\n", 0, offset) + 1
    # a parser may stop at the line break before the line with the tab
    for start in (begin, content.find("\n", offset) + 1):
        lead = re.compile(r"[ -]*(\t)").match(content, start)
        if lead and (start == begin or content[offset : offset + 1] in "\n"):
            return (lead.start(1),)
    return None


def _last_character(content: str, offset: int) -> int:
    """`offset`, or the last visible character where it lies behind the end of the text."""
    return offset if content[offset:].strip() else max(len(content.rstrip()) - 1, 0)
