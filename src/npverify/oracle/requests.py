"""Whether an HTTP request is one that a clause asks for.

Source: projectcalico/calico app-policy/checker/match.go, matchHTTPMethods and matchHTTPPaths: v3.32.0 with paths as servers
read them, v3.31.0 letter by letter.
"""

from __future__ import annotations

import re

from npverify.normal.flow import Request
from npverify.normal.predicates import HttpIs, PathTest

_BEHIND_THE_PATH = re.compile("[?#]")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})?")
_STILL_ENCODED = re.compile(rb"%(2e|2f|5c)", re.IGNORECASE)


def asks_for(request: Request, at: HttpIs) -> bool:
    """Whether a request has one of the methods and one of the paths; methods are told apart by case."""
    if at.methods and request.method not in at.methods:
        return False
    return not at.paths or any(_is_at(request.path, kind, path, at.normalised) for kind, path in at.paths)


def _is_at(asked: str, kind: PathTest, path: str, normalised: bool) -> bool:
    if not normalised:
        literal = _BEHIND_THE_PATH.split(asked, maxsplit=1)[0]
        return literal == path if kind == "exact" else literal.startswith(path)
    here, there = as_served(asked), as_served(path)
    if here is None or there is None:
        return False
    return here == there or (kind == "prefix" and here.startswith(there.rstrip(b"/") + b"/"))


def as_served(path: str) -> bytes | None:
    """The path that a server looks up, without slash at its end; None where servers do not agree, so that nothing matches."""
    escaped = _BEHIND_THE_PATH.split(path, maxsplit=1)[0].encode("utf-8", "surrogatepass")
    if any(code is None for code in (found[1] for found in _ESCAPE.finditer(escaped))):
        return None
    decoded = _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), escaped)
    if _STILL_ENCODED.search(decoded) or b"\0" in decoded:
        return None
    # backslashes are slashes to some servers, and what follows a semicolon is no part of its segment
    segments = decoded.replace(b"\\", b"/").split(b"/")
    if segments[0] or len(segments) == 1:
        return None
    walked: list[bytes] = []
    for segment in (s.partition(b";")[0] for s in segments[1:]):
        if segment == b"..":
            del walked[-1:]
        elif segment not in (b"", b"."):
            walked.append(segment)
    return b"/" + b"/".join(walked)
