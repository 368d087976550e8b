"""Reads the items of `toPorts`: ports, and what else Cilium asks of traffic to them.

Source: cilium/cilium pkg/policy/api/l4.go, l7.go, http.go, fqdn.go and rule_validation.go (PortRule.sanitize,
PortProtocol.sanitize); numbers are read by Go's strconv.ParseUint with base 0.
"""

from __future__ import annotations

import json
import re

from npverify.dialects.cilium.fields import children
from npverify.dialects.cilium.read_http import read_http
from npverify.dialects.cilium.read_kafka import read_kafka
from npverify.dialects.cilium.read_redirect import read_redirect
from npverify.dialects.cilium.settings import Settings
from npverify.dialects.cilium.values import Domain, HttpText, KafkaText, Port, PortRule
from npverify.ingest.fields import Fields, nearest

__all__ = ["read_domain", "read_port_rule"]

_MOST = 40
_PROTOCOLS = ("TCP", "UDP", "SCTP", "ANY", "ICMP", "ICMPV6", "VRRP", "IGMP")
_KNOWN = ("TCP", "UDP", "SCTP", "ANY")
_SERVICE_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*", re.IGNORECASE)
_DOMAIN = re.compile(r"[-a-zA-Z0-9_.]+")
_PATTERN = re.compile(r"[-a-zA-Z0-9_.*]+")
_PARSERS = ("http", "kafka", "dns", "l7proto")
_NOT_IN_DENY = ("rules", "serverNames", "listener", "terminatingTLS", "originatingTLS")


def read_port_rule(
    fields: Fields, path: str, kind: str, settings: Settings, *, deny: bool, egress: bool, host: bool
) -> PortRule:
    """One item of `toPorts` of an element."""
    known = children(kind, path)
    if deny:
        for key in (key for key in _NOT_IN_DENY if fields.has(key)):
            message = f"`{key}` is no field of a deny element: the API server drops it, and the whole port is denied"
            fields.warn("NPV519", message, key, fix="leave it out", key=True)
        known = (*known, *_NOT_IN_DENY)
    fields.only(known, "toPorts")
    items = list(fields.maps("ports"))
    if len(items) > _MOST:
        message = f"`ports` has {len(items)} items; Cilium takes at most {_MOST}"
        fields.error("NPV262", message, "ports", _MOST, fix="make two items of `toPorts`")
    ports = tuple(port for _, item in items if (port := _port(item)) is not None)
    if deny:
        return PortRule(ports)
    requests, domains = _rules(fields, path, kind, ports, settings, egress=egress, host=host)
    return PortRule(ports, requests, domains, _facts(fields, path, kind, egress=egress), read_redirect(fields))


def _port(fields: Fields) -> Port | None:
    fields.only(("port", "endPort", "protocol"), "ports")
    protocol = fields.text("protocol") or "ANY"
    if protocol not in _PROTOCOLS:
        fix = nearest(protocol, _KNOWN) or f"use one of {', '.join(_KNOWN)}"
        fields.error("NPV520", f"unknown protocol `{protocol}`", "protocol", fix=fix)
        return None
    if protocol not in _KNOWN:
        fix = "write `icmps` for ICMP; other protocols pass by elements without `toPorts` alone"
        fields.error("NPV521", f"protocol `{protocol}` in `ports` is not modelled", "protocol", fix=fix)
        return None
    text = fields.text("port")
    if not text:
        if text is not None or not fields.has("port"):
            at = ("port",) if "port" in fields.value else ()
            fields.error(
                "NPV522", "`port` is missing", *at, fix='write a number or a name in quotes; "0" is every port'
            )
        return None
    first = _number(fields, text)
    if first is None:
        return None
    end = fields.integer("endPort")
    if end is not None and not 0 <= end <= 65535:
        fields.error("NPV072", f"port {end} is not between 0 and 65535", "endPort", fix="use a number up to 65535")
        return None
    if isinstance(first, str):
        if end:
            message = f"`endPort` beside the name `{first}`: what it means differs between versions of Cilium"
            fields.error("NPV523", message, "endPort", fix="write a number, or leave `endPort` out")
        return Port(first, 0, protocol)
    if first and end is not None and 0 < end < first:
        message = f"`endPort` {end} is smaller than `port` {first}: Cilium means {first} alone"
        fields.warn("NPV524", message, "endPort", fix="write the greater number there")
    return Port(first, max(first, end or first) if first else 65535, protocol)


def _number(fields: Fields, text: str) -> int | str | None:
    """The number of a port, or its name in lower case."""
    if _SERVICE_NAME.fullmatch(text) and len(text) <= 15:
        return text.lower()
    octal = re.fullmatch("0[0-7]+", text)
    if octal or (text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")):
        number = int(text, 8 if octal else 10)
        if number <= 65535:
            if octal:
                message = f"`{text}` is read as an octal number: port {number}"
                fields.warn("NPV525", message, "port", fix=f'write "{number}", or the decimal number that is meant')
            return number
        fields.error("NPV072", f"port {number} is not between 0 and 65535", "port", fix="use a number up to 65535")
        return None
    message = f"`{text}` is neither a port nor the name of one"
    fields.error("NPV522", message, "port", fix="write a number up to 65535, or a name of at most 15 characters")
    return None


def _rules(
    fields: Fields, path: str, kind: str, ports: tuple[Port, ...], settings: Settings, *, egress: bool, host: bool
) -> tuple[tuple[HttpText | KafkaText | str, ...], tuple[Domain, ...] | None]:
    """What requests must be, and the names that DNS may be asked for."""
    rules = fields.map("rules")
    if rules is None:
        return (), None
    rules.only(children(kind, f"{path}.rules"), "rules")
    given = [key for key in _PARSERS if rules.value.get(key)]
    if len(given) > 1:
        message = f"`rules` has both `{given[0]}` and `{given[1]}`; one item of `toPorts` takes one of them"
        rules.error("NPV526", message, given[1], fix="make two items of `toPorts`, for different ports", key=True)
    if rules.value.get("l7") and not rules.has("l7proto"):
        rules.error("NPV526", "`l7` without `l7proto`", "l7", fix="name the parser with `l7proto`", key=True)
    for parser in given:
        _check_parser(rules, parser, ports, settings, egress=egress, host=host)
    if "dns" in given:
        return (), tuple(d for _, item in rules.maps("dns") if (d := read_domain(item, "dns")) is not None)
    if "http" in given:
        return tuple(read_http(item, f"{path}.rules.http[]", kind) for _, item in rules.maps("http")), None
    if "kafka" in given:
        return tuple(read_kafka(item, f"{path}.rules.kafka[]", kind) for _, item in rules.maps("kafka")), None
    if "l7proto" in given:
        shown = json.dumps(rules.value.get("l7") or [], sort_keys=True, default=str)
        return (f"one that the parser {rules.value['l7proto']} lets through by {shown}",), None
    return (), None


def _check_parser(
    rules: Fields, parser: str, ports: tuple[Port, ...], settings: Settings, *, egress: bool, host: bool
) -> None:
    if parser == "kafka" and settings.version >= (1, 20):
        rules.error("NPV527", "`kafka` was removed in Cilium 1.20", "kafka", fix="leave it out", key=True)
    if host and (not egress or parser != "dns"):
        message = f"`{parser}` cannot stand in a rule about nodes"
        rules.error("NPV528", message, parser, fix="leave it out", key=True)
    if parser == "dns":
        if not egress:
            rules.error("NPV528", "`dns` cannot stand in ingress", "dns", fix="write it below `egress`", key=True)
        if not ports:
            rules.error("NPV529", "`dns` needs `ports`", "dns", fix='add `ports: [{port: "53"}]`', key=True)
        if any(isinstance(p.first, int) and p.last > p.first > 0 for p in ports):
            rules.error("NPV529", "`dns` cannot stand beside `endPort`", "dns", fix="list the ports", key=True)
        return
    if any(p.protocol != "TCP" for p in ports):
        message = f"`{parser}` needs `protocol: TCP` at every port"
        rules.error("NPV529", message, parser, fix="write `protocol: TCP`", key=True)
    if any(p.first == 0 for p in ports):
        rules.error("NPV529", f'`{parser}` cannot stand beside port "0"', parser, fix="name the ports", key=True)


def read_domain(fields: Fields, where: str) -> Domain | None:
    """An item with `matchName` or `matchPattern`; None for one that names nothing, or is wrong, which is reported."""
    fields.only(("matchName", "matchPattern"), where)
    given = [key for key in ("matchName", "matchPattern") if fields.has(key)]
    if len(given) > 1:
        message = "`matchName` and `matchPattern` cannot stand side by side"
        fields.error("NPV532", message, "matchPattern", fix="make two items of them", key=True)
        return None
    text = fields.text(given[0]) if given else None
    if text is None:
        return None
    pattern = given == ["matchPattern"]
    if not (_PATTERN if pattern else _DOMAIN).fullmatch(text) or len(text) > 255:
        message = f"`{text}` is no {'pattern of names' if pattern else 'name'} of domains"
        fields.error("NPV532", message, given[0], fix="use letters, digits, `-`, `_` and `.`, and `*` in patterns")
        return None
    return Domain(text.lower().rstrip("."), pattern)


def _facts(fields: Fields, path: str, kind: str, *, egress: bool) -> tuple[str, ...]:
    """What nobody can know of a connection, as sentences that must be true."""
    found = []
    names = fields.texts("serverNames")
    if names:
        if any(not name for name in names):
            fields.error("NPV533", "an empty name in `serverNames`", "serverNames", fix="remove it", key=True)
        if fields.value.get("rules") and not fields.has("terminatingTLS"):
            message = "`serverNames` beside `rules` needs `terminatingTLS`"
            fields.error("NPV533", message, "serverNames", fix="make two items of `toPorts`", key=True)
        found.append(f"the client asks TLS for {' or '.join(sorted(names))}")
    listener = fields.map("listener")
    if listener is not None:
        listener.only(children(kind, f"{path}.listener"), "listener")
        if not egress:
            fields.error("NPV534", "`listener` cannot stand in ingress", "listener", fix="leave it out", key=True)
        if fields.value.get("rules"):
            fields.error("NPV534", "`listener` cannot stand beside `rules`", "listener", fix="keep one", key=True)
        found.append(f"the listener {listener.text('name') or '?'} of Envoy lets the connection through")
    return tuple(found)
