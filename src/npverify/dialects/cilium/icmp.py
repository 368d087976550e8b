"""ICMP messages by type: numbers, or names.

Source: cilium/cilium pkg/policy/api/icmp.go and the schema of ICMPField; numbers from the IANA registries "ICMP Type Numbers"
and "ICMPv6 Type Numbers".
"""

from __future__ import annotations

from npverify.ingest.fields import Fields, nearest
from npverify.inventory.addresses import Family

__all__ = ["read_icmps"]

_MOST = 40

_V4 = {
    "EchoReply": 0, "DestinationUnreachable": 3, "Redirect": 5, "Echo": 8, "EchoRequest": 8, "RouterAdvertisement": 9,
    "RouterSelection": 10, "TimeExceeded": 11, "ParameterProblem": 12, "Timestamp": 13, "TimestampReply": 14,
    "Photuris": 40, "ExtendedEchoRequest": 42, "ExtendedEcho Reply": 43, "ExtendedEchoReply": 43,
}  # fmt: skip
_V6 = {
    "DestinationUnreachable": 1, "PacketTooBig": 2, "TimeExceeded": 3, "ParameterProblem": 4, "EchoRequest": 128,
    "EchoReply": 129, "MulticastListenerQuery": 130, "MulticastListenerReport": 131, "MulticastListenerDone": 132,
    "RouterSolicitation": 133, "RouterAdvertisement": 134, "NeighborSolicitation": 135, "NeighborAdvertisement": 136,
    "RedirectMessage": 137, "RouterRenumbering": 138, "ICMPNodeInformationQuery": 139, "ICMPNodeInformationResponse": 140,
    "InverseNeighborDiscoverySolicitation": 141, "InverseNeighborDiscoveryAdvertisement": 142,
    "HomeAgentAddressDiscoveryRequest": 144, "HomeAgentAddressDiscoveryReply": 145, "MobilePrefixSolicitation": 146,
    "MobilePrefixAdvertisement": 147, "DuplicateAddressRequestCodeSuffix": 157,
    "DuplicateAddressConfirmationCodeSuffix": 158, "ExtendedEchoRequest": 160, "ExtendedEchoReply": 161,
}  # fmt: skip
_FAMILIES: dict[str, tuple[Family, dict[str, int]]] = {"IPv4": (4, _V4), "IPv6": (6, _V6)}


def read_icmps(fields: Fields) -> tuple[tuple[Family, int], ...]:
    """Family and type of each message of `icmps`."""
    found: list[tuple[Family, int]] = []
    for _, rule in fields.maps("icmps"):
        rule.only(("fields",), "icmps")
        items = list(rule.maps("fields"))
        if len(items) > _MOST:
            message = f"`fields` has {len(items)} items; Cilium takes at most {_MOST}"
            rule.error("NPV262", message, "fields", _MOST, fix="make two items of `icmps`")
        found += (read for _, item in items if (read := _field(item)) is not None)
    return tuple(found)


def _field(fields: Fields) -> tuple[Family, int] | None:
    fields.only(("family", "type"), "fields")
    family = fields.text("family") or "IPv4"
    if family not in _FAMILIES:
        fix = nearest(family, _FAMILIES) or "write IPv4 or IPv6"
        fields.error("NPV517", f"unknown address family `{family}`", "family", fix=fix)
        return None
    number, names = _FAMILIES[family]
    value = fields.value.get("type")
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, str):
        if value not in names:
            fix = nearest(value, names) or "write the number of the type"
            fields.error("NPV518", f"{family} has no ICMP message `{value}`", "type", fix=fix)
        return (number, names[value]) if value in names else None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 255:
        at = ("type",) if value is not None else ()
        message = "`type` of an ICMP message is missing" if value is None else "an ICMP type is a number from 0 to 255"
        fields.error("NPV518", message, *at, fix="write a number or a name, such as EchoRequest")
        return None
    return number, value
