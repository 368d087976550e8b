"""Reads the port entries of cluster-wide policies.

Source: kubernetes-sigs/network-policy-api apis/v1alpha1/shared_types.go (AdminNetworkPolicyPort, Port, PortRange) and
apis/v1alpha2/clusternetworkpolicy_types.go (ClusterNetworkPolicyProtocol, Port, PortRange), with their schemas.
"""

from __future__ import annotations

from npverify.dialects.cluster_checks import one_of, require, without
from npverify.dialects.cluster_fields import Kind, children
from npverify.dialects.cluster_values import ClusterPort
from npverify.ingest.fields import Fields, nearest
from npverify.inventory.syntax import is_port_name
from npverify.normal.flow import PORT_PROTOCOLS

__all__ = ["NAMED", "read_port"]

NAMED = ("namedPort", "destinationNamedPort")
"""The fields that hold the name of a port."""

_MANY = "make two list items of them"


def read_port(fields: Fields, kind: Kind, path: str) -> ClusterPort:
    """One item of `ports` or `protocols`; `path` is where its fields stand in the table of fields."""
    known = children(kind.name, path)
    outside = [key for key in ("destinationPort",) if key in fields.value and not kind.first_version]
    for key in outside:
        message = f"`{key}` stands beside the protocol that it belongs to"
        fields.error("NPV021", message, key, fix="indent it, so that it stands inside `tcp`, `udp` or `sctp`", key=True)
    without(fields, outside).only(known, "port entry")
    found = [_of(fields, key, kind, path) for key in one_of(fields, known, "a port entry", _MANY)]
    return found[0] if found else ClusterPort("")


def _of(fields: Fields, key: str, kind: Kind, path: str) -> ClusterPort:
    """The ports that one of the fields of a port entry describes."""
    if key in NAMED:
        return ClusterPort("", name=_name(fields, key))
    inner = fields.map(key)
    if not inner:
        return ClusterPort("")
    inner.only(children(kind.name, f"{path}.{key}"), key)
    if not kind.first_version:
        return ClusterPort(key.upper(), *_destination(inner, key, kind, f"{path}.{key}.destinationPort"))
    protocol = _protocol(inner)
    if key == "portRange":
        return ClusterPort(protocol, *_range(inner, kind))
    number = _number(inner, "port", f"`{key}`")
    return ClusterPort(protocol, number, number)


def _name(fields: Fields, key: str) -> str:
    """No container port can have another name, and plugins disagree about one that is empty or a number."""
    name = fields.text(key)
    if name is not None and not is_port_name(name):
        fix = "use at most 15 of `a-z`, `0-9` and single `-` inside, with at least one letter"
        if name.isascii() and name.isdigit():
            fix = "write it as a number: `portNumber`, or `destinationPort` of a protocol"
        fields.error("NPV073", f"`{name}` is not a name of a port", key, fix=fix)
    return name or ""


def _protocol(fields: Fields) -> str:
    protocol = fields.text("protocol")
    if protocol is None:
        return "TCP"  # the default in the schema
    if protocol not in PORT_PROTOCOLS:
        # the schema takes any text; the types say that it is one of these
        fix = nearest(protocol, PORT_PROTOCOLS) or "use TCP, UDP or SCTP"
        fields.error("NPV071", f"unknown protocol `{protocol}`", "protocol", fix=fix)
    return protocol


def _destination(fields: Fields, key: str, kind: Kind, path: str) -> tuple[int | None, int | None]:
    """`destinationPort`, without which the schema has a protocol of nothing: MinProperties of its type."""
    inner = fields.map("destinationPort")
    if not inner:
        if not fields.value.keys() - {"destinationPort"}:
            fix = "for every port of the protocol write `destinationPort: {range: {start: 1, end: 65535}}`"
            require(fields, "destinationPort", f"`{key}`", fix)
        return None, None
    known = children(kind.name, path)
    inner.only(known, "destinationPort")
    given = one_of(inner, known, "`destinationPort`", "make two port entries of them")
    found = []
    if "number" in given:
        number = _number(inner, "number", "`destinationPort`")
        found.append((number, number))
    span = inner.map("range")
    if span:
        span.only(children(kind.name, f"{path}.range"), "range")
        found.append(_range(span, kind))
    return found[0] if found else (None, None)


def _range(fields: Fields, kind: Kind) -> tuple[int | None, int | None]:
    first, last = _number(fields, "start", "a port range"), _number(fields, "end", "a port range")
    if first is None or last is None:
        return None, None
    if first > last:
        message = f"port range ends before it starts: `start` {first}, `end` {last}"
        fields.error("NPV273", message, "end", fix="swap the two values")
    elif first == last and kind.first_version:
        # the types want start below end, and no schema of v1alpha1 checks it
        message = f"port range from {first} to {last} is one port"
        fields.warn("NPV274", message, "end", fix=f"write `portNumber: {{port: {first}}}`, with the same protocol")
    elif first == last:
        message = f"port range from {first} to {last} is one port, which the API refuses"
        fields.error("NPV273", message, "end", fix=f"write `number: {first}` instead of `range`")
    return first, last


def _number(fields: Fields, key: str, where: str) -> int | None:
    fix = "use a number from 1 to 65535"
    require(fields, key, where, fix)
    number = fields.integer(key)
    if number is not None and not 1 <= number <= 65535:
        fields.error("NPV072", f"port {number} is not between 1 and 65535", key, fix=fix)
    return number
