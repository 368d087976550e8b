"""What stands behind `http` in a spec: regular expressions of methods and paths, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.normal.patterns import PatternError, parse

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE")


def wrong_with(text: str, what: str) -> Iterator[tuple[str, str, str]]:
    """Code, message and mend of what is wrong with an expression for a `method` or a `path`."""
    if what == "method" and text not in _METHODS and text.upper() in _METHODS:
        yield "NPV551", f"methods are told apart by case, and `{text}` is none", f"write `{text.upper()}`"
    try:
        parse(text)
    except PatternError as error:
        fix = "write a part of RE2 that docs/language.md lists, or the text of one path"
        yield "NPV550", f"`{text}` is no regular expression for a {what}: {error}", fix
