"""Reads protocols, ports and ICMP types of rules.

Forms: projectcalico/calico api/pkg/lib/numorstring/{protocol,port}.go; checks: libcalico-go/lib/validator/v3.
"""

from __future__ import annotations

import re

from npverify.dialects.calico.fields import children
from npverify.dialects.calico.resources import IcmpMatch, PortMatch
from npverify.dialects.calico.way import Way
from npverify.ingest.fields import Fields, nearest

PROTOCOLS = ("TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite")
WITH_PORTS = ("TCP", "UDP", "SCTP")
WITH_ICMP = ("ICMP", "ICMPv6", "1", "58")

# 1 and 58 stay numbers: unlike the names they say nothing of the IP version
_NAMED = {6: "TCP", 17: "UDP", 132: "SCTP", 136: "UDPLite"}
_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,128}")
_RANGE = re.compile(r"([0-9]+):([0-9]+)")
LOOKS_LIKE_RANGE = re.compile(r"([0-9]+)-([0-9]+)")
_HIGHEST = 65535


def protocol(fields: Fields, key: str, way: Way) -> str | None:
    """A protocol in canonical form: a name of `PROTOCOLS`, or another number in decimal text."""
    value = fields.value.get(key)
    if isinstance(value, str):
        if value.isascii() and value.isdigit() and len(value) < 9:
            number = int(value)
        else:
            return _by_name(fields, key, value, way)
    else:
        given = fields.integer(key)
        if given is None:
            return None
        number = given
    if number == 0:
        fields.error("NPV220", "0 is not a protocol that a rule can name", key, fix="use a number from 1 to 255")
    elif not 1 <= number <= 255:
        fields.error("NPV221", f"{number} is no number of a protocol", key, fix="use a number from 1 to 255")
    else:
        return _NAMED.get(number, str(number))
    return None


def _by_name(fields: Fields, key: str, value: str, way: Way) -> str | None:
    if value in PROTOCOLS:
        return value
    # Felix looks at the name in lower case: numorstring.Protocol.ToV1
    known = {name.lower(): name for name in PROTOCOLS}.get(value.lower())
    if known and way.raw:
        fields.warn("NPV220", f"protocol `{value}` is read as `{known}`", key, fix=f"write `{known}`")
        return known
    fix = nearest(value, PROTOCOLS) or f"use one of {', '.join(PROTOCOLS)}, or a number from 1 to 255"
    fields.error("NPV220", f"unknown protocol `{value}`", key, fix=fix)
    return None


def icmp(fields: Fields, key: str, path: str, kind: str) -> IcmpMatch | None:
    """ICMP type and code of `icmp` or `notICMP`."""
    inner = fields.map(key)
    if inner is None:
        return None
    inner.only(children(kind, f"{path}.{key}"), key)
    number, code = _icmp_number(inner, "type", 254), _icmp_number(inner, "code", 255)
    if inner.has("code") and not inner.has("type"):
        inner.error("NPV223", "an ICMP code needs the type that it belongs to", "code", fix="give `type` too")
    return IcmpMatch(number, code)


def _icmp_number(fields: Fields, key: str, highest: int) -> int | None:
    number = fields.integer(key)
    if number is not None and not 0 <= number <= highest:
        message = f"ICMP {key} {number} is not between 0 and {highest}"
        fields.error("NPV223", message, key, fix=f"use a number from 0 to {highest}")
    return number


def ports(fields: Fields, key: str) -> tuple[PortMatch, ...]:
    """The numbers, ranges and names in a list of ports."""
    found = (_port(fields, key, index, item) for index, item in enumerate(fields.items(key)))
    return tuple(port for port in found if port is not None)


def _port(fields: Fields, key: str, index: int, item: object) -> PortMatch | None:
    if isinstance(item, int) and not isinstance(item, bool):
        return _numbers(fields, key, index, item, item)
    if not isinstance(item, str):
        fields.error("NPV221", "a port is a number, a range or a name", key, index, fix='write 80, "8000:8080" or http')
        return None
    if item.isascii() and item.isdigit() and len(item) < 9:
        return _numbers(fields, key, index, int(item), int(item))
    if found := _RANGE.fullmatch(item):
        first, last = (int(number[:9]) for number in found.groups())
        if first > last:
            message = f"port range `{item}` ends before it starts"
            fields.error("NPV221", message, key, index, fix=f'write "{last}:{first}"')
            return None
        return _numbers(fields, key, index, first, last)
    if not _NAME.fullmatch(item) or item.isdigit():
        message = f"`{item}` is neither a port, a range nor the name of a port"
        fields.error("NPV221", message, key, index, fix='write 80, "8000:8080" or http')
        return None
    if found := LOOKS_LIKE_RANGE.fullmatch(item):
        message = f"`{item}` is the name of a port for Calico, not a range"
        fields.warn("NPV235", message, key, index, fix=f'write "{found[1]}:{found[2]}" for the range')
    return item


def _numbers(fields: Fields, key: str, index: int, first: int, last: int) -> tuple[int, int] | None:
    fix = f"use numbers from 1 to {_HIGHEST}"
    if not 0 <= first <= last <= _HIGHEST:
        fields.error(
            "NPV221", f"port {last if first >= 0 else first} is not between 1 and {_HIGHEST}", key, index, fix=fix
        )
        return None
    if first == 0:
        fields.error("NPV239", f"port 0 is not between 1 and {_HIGHEST}", key, index, fix=fix)
        return None
    return first, last
