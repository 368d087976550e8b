"""Reads the entries of `http`: a method, a path, a host and headers that a request must have.

Source: cilium/cilium pkg/policy/api/http.go (PortRuleHTTP.Sanitize), pkg/envoy/xds_server.go (getHTTPRule).
"""

from __future__ import annotations

import json

from npverify.dialects.cilium.fields import children
from npverify.dialects.cilium.values import HttpText
from npverify.ingest.fields import Fields
from npverify.normal.patterns import PatternError, parse

__all__ = ["read_http"]


def read_http(fields: Fields, path: str, kind: str) -> HttpText:
    """One entry. What is asked of it that cannot be read here is a fact that nobody knows."""
    fields.only(children(kind, path), "http")
    facts: list[str] = []
    texts = {key: _expression(fields, key, facts) for key in ("method", "path", "host")}
    headers = [_header(text) for text in fields.texts("headers")]
    for _, match in fields.maps("headerMatches"):
        match.only(children(kind, f"{path}.headerMatches[]"), "headerMatches")
        name = match.text("name")
        value, mismatch = match.text("value"), match.text("mismatch")
        if not name:
            match.error("NPV530", "`name` of a header is missing", fix="name the header")
            name = ""
        if mismatch not in (None, "LOG", "ADD", "DELETE", "REPLACE"):
            fix = "use LOG, ADD, DELETE or REPLACE, or leave it out"
            match.error("NPV530", f"unknown `mismatch` `{mismatch}`", "mismatch", fix=fix)
        if mismatch is None and match.value.get("secret"):
            shown = json.dumps(match.value["secret"], sort_keys=True, default=str)
            facts.append(f"the header {name} of the request is what the secret {shown} holds")
        elif mismatch is None:
            headers.append((name, value or None))
    facts += (f"the request has the header {name}" for name, _ in headers if _is_no_header(name))
    asked = tuple(header for header in headers if not _is_no_header(header[0]))
    return HttpText(texts["method"], texts["path"], texts["host"], asked, tuple(facts))


def _header(text: str) -> tuple[str, str | None]:
    """`Name: value` is a value; without a blank it is all a name. Envoy takes an empty value for any."""
    name, blank, value = text.partition(" ")
    return (name.rstrip(":"), value or None) if blank else (name, None)


def _is_no_header(name: str) -> bool:
    """Whether Envoy knows this under another name, so that what it compares is not what the client sends."""
    return name.startswith(":") or name.lower() == "host"


def _expression(fields: Fields, key: str, facts: list[str]) -> str:
    """A regular expression that is read here; "" where there is none, or after a fact or an error."""
    text = fields.text(key)
    if not text:
        return ""
    try:
        parse(text)
    except PatternError as error:
        if (
            error.not_re2 and key != "host"
        ):  # the agent does not look at that of a host, and what Envoy does is not known
            fields.error("NPV531", f"`{text}` is no regular expression: {error}", key, fix="correct the expression")
        else:
            message = f"`{text}` is a regular expression that is not read here, so that it may match or not: {error}"
            fields.warn("NPV552", message, key, fix="write it with what docs/cilium.md lists")
            facts.append(f"the {key} of the request matches {text}")
        return ""
    return text
