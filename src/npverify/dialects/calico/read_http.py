"""Reads the HTTP clause of rules. Checks: projectcalico/calico libcalico-go/lib/validator/v3 (validateHTTPRule)."""

from __future__ import annotations

from typing import Literal

from npverify.dialects.calico.fields import children
from npverify.dialects.calico.resources import Http
from npverify.dialects.calico.way import Way, Where
from npverify.ingest.fields import Fields
from npverify.normal.policy import Action, Direction

_MOST, _LONGEST, _LIMITED = 20, 1024, (3, 32)
_KINDS: tuple[Literal["exact", "prefix"], ...] = ("exact", "prefix")


def http(rule: Fields, where: Where, action: Action, protocol: str | None) -> Http | None:
    """The methods and paths of a rule that looks into HTTP requests."""
    fields = rule.map("http")
    if fields is None:
        return None
    fields.only(children(where.kind, f"{where.path}.http"), "http")
    if where.direction is Direction.EGRESS:
        rule.error(
            "NPV227", "`http` cannot stand in an egress rule", "http", key=True, fix="move it to an ingress rule"
        )
    if action is not Action.ALLOW and rule.value.get("action") in ("Deny", "Log", "Pass"):
        message = f"`http` cannot stand in a rule with the action {rule.value['action']}"
        rule.error("NPV227", message, "http", key=True, fix="only Allow rules can look at requests")
    if protocol not in (None, "TCP"):
        message = f"`http` needs protocol TCP, not {protocol}"
        rule.error("NPV227", message, "protocol", fix="write `protocol: TCP`")
    for key in ("methods", "paths"):
        _check_count(fields, key, where.way)
    return Http(_methods(fields), _paths(fields, where))


def _methods(fields: Fields) -> tuple[str, ...]:
    found = tuple(fields.texts("methods"))
    if len(set(found)) < len(found):
        fields.error("NPV228", "a method stands twice in `methods`", "methods", fix="list each method once")
    return found


def _paths(fields: Fields, where: Where) -> tuple[tuple[Literal["exact", "prefix"], str], ...]:
    found = []
    for _, item in fields.maps("paths"):
        item.only(children(where.kind, f"{where.path}.http.paths[]"), "http path")
        given = [(how, text) for how in _KINDS if (text := item.text(how))]
        if len(given) != 1:
            what = "both `exact` and `prefix`" if given else "neither `exact` nor `prefix`"
            item.error("NPV228", f"a path of `http` has {what}", fix="write one of the two, such as `prefix: /api`")
            continue
        how, text = given[0]
        if not text.startswith("/") or any(sign in text for sign in "? #"):
            message = f"`{text}` is not a path: it starts with `/` and has no `?`, `#` or blank"
            item.error("NPV228", message, how, fix="write `/api`")
        if len(text) > _LONGEST and where.way.version >= _LIMITED:
            item.error("NPV228", f"a path has {len(text)} characters; it can have {_LONGEST}", how, fix="shorten it")
        found.append(given[0])
    return tuple(found)


def _check_count(fields: Fields, key: str, way: Way) -> None:
    if (count := len(fields.items(key))) > _MOST and way.version >= _LIMITED:
        fields.error("NPV228", f"`{key}` has {count} items; it can have {_MOST}", key, fix="make several rules")
