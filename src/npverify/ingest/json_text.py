"""JSON text to values, and the positions of its values.

The standard library's C scanner reads and also skips values; a position is found by walking to it again.
Numbers stay as written (1.0 is no whole number, as for encoding/json in Go); NaN and Infinity are no JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from json.decoder import JSONDecodeError, JSONDecoder
from json.decoder import scanstring as read_string  # type: ignore[attr-defined]  # missing from typeshed
from typing import Any

from npverify.ingest.text import Part

_BLANK = re.compile(r"[ \t\n\r]*")
_LONE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class BadJson(Exception):
    """The text is no JSON; `message` is in the user's words."""

    def __init__(self, message: str, offset: int, fix: str, code: str = "NPV013") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.fix = fix
        self.code = code


class _Constant(ValueError):
    pass


def _refuse(name: str) -> Any:
    raise _Constant(name)


_skip = JSONDecoder(parse_constant=_refuse).scan_once  # type: ignore[attr-defined]  # missing from typeshed


def blank_end(content: str, offset: int) -> int:
    """Where the white space that starts at `offset` ends."""
    found = _BLANK.match(content, offset)
    return found.end() if found else offset


def parse(part: Part, offset: int) -> tuple[Any, int]:
    """The value that starts at `offset` of the part, and where it ends. Reports duplicate keys; raises BadJson."""
    content = part.content
    duplicates = False

    def checked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal duplicates
        found = dict(pairs)
        duplicates = duplicates or len(found) != len(pairs)
        return found

    try:
        value, end = JSONDecoder(object_pairs_hook=checked, parse_constant=_refuse).raw_decode(content, offset)
        if duplicates:
            _report_duplicates(part, content, offset)
        return (_mended(value) if _LONE_SURROGATE.search(content, offset, end) else value), end
    except JSONDecodeError as error:
        raise _explained(error, content) from None
    except _Constant as error:
        name = str(error)
        where = re.compile(rf"(?<![\w\"]){re.escape(name)}").search(content, offset)
        raise BadJson(f"`{name}` is no JSON number", where.start() if where else offset, "write a number") from None
    except ValueError:  # a whole number with more digits than Python converts
        where = re.compile(r"[0-9]{1000,}").search(content, offset)
        raise BadJson("a number with too many digits", where.start() if where else offset, "shorten it") from None
    except RecursionError:
        fix = "no Kubernetes object is that deep; check the brackets"
        raise BadJson("nested too deep to be read", offset, fix, "NPV011") from None


def children(content: str, offset: int) -> Iterator[tuple[str | int, int, int]]:
    """The members of the valid container at `offset`: key or index, where the key stands, where the value stands."""
    opener = content[offset : offset + 1]
    if opener not in ("{", "["):
        return
    at = _next(content, offset + 1)
    index = 0
    while content[at] not in "}]":
        key_at = at
        key: str | int = index
        if opener == "{":
            key, at = read_string(content, at + 1, True)
            at = _next(content, _next(content, at) + 1)
        yield key, key_at, at
        _, at = _skip(content, at)
        at = _next(content, at)
        if content[at] == ",":
            at = _next(content, at + 1)
        index += 1


def _next(content: str, at: int) -> int:
    """Where the white space that may stand at `at` ends; mostly there is none."""
    return at if content[at] > " " else blank_end(content, at)


def _report_duplicates(part: Part, content: str, offset: int) -> None:
    first: dict[str | int, int] = {}
    for key, key_at, value_at in children(content, offset):
        if key in first:
            line = part.span(first[key]).line
            message = (
                f"key `{key}` appears twice in one map (first at line {line}); Kubernetes would keep only the last"
            )
            part.error("NPV008", message, key_at, "join the two, or drop one")
        first[key] = key_at
        _report_duplicates(part, content, value_at)


def _mended(value: Any) -> Any:
    """Half of a surrogate pair becomes U+FFFD, as encoding/json in Go does."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return [_mended(item) for item in value] if isinstance(value, list) else value


_EXPLAINED = (
    (
        "Expecting property name",
        "a key in double quotes is expected",
        "JSON allows no comment, no single quotes, and no `,` before `}`",
    ),
    ("Expecting ':'", "`:` is expected behind the key", 'write `"key": value`'),
    ("Expecting ','", "`,` or the closing bracket is expected", "add `,` between the two values"),
    ("Illegal trailing comma", "a `,` before the closing bracket", "drop it"),
    ("Unterminated string", "a quote is opened and never closed", "add the closing quote"),
    ("Invalid control character", "a line break or tab inside quotes", "write `\\n` or `\\t`"),
    ("Invalid \\", "a backslash starts an escape that JSON does not know", "write the backslash twice"),
    (
        "Expecting value",
        "a value is expected",
        "text needs double quotes; JSON allows no comment and no `,` before `]`",
    ),
)


def _explained(error: JSONDecodeError, content: str) -> BadJson:
    offset = min(error.pos, max(len(content.rstrip()) - 1, 0))
    for says, message, fix in _EXPLAINED:
        if error.msg.startswith(says):
            return BadJson(message, offset, fix)
    return BadJson(
        f"this is not valid JSON: {error.msg}", offset, "check quotes, commas and brackets around this place"
    )
