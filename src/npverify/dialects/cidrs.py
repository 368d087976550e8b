"""Address blocks as the API server reads them, strictly or as it did before StrictIPCIDRValidation.

Source: kubernetes/enhancements keps/sig-network/4858-ip-cidr-validation; the older reading is that of ParseCIDRSloppy in
kubernetes/utils net/parse.go (leading zeros are decimal).
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from npverify.inventory.addresses import BITS, Address, Family, Prefix

_IPV4 = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){3}")
_LENGTH = re.compile(r"[0-9]{1,9}")
_OCTETS = {str(number): number for number in range(256)}
_LENGTHS = {str(number): number for number in range(33)}
_MAPPED = Prefix.parse("::ffff:0:0/96")


class Block(NamedTuple):
    """An address block; `ambiguous` says why programs may read its text differently, `unusual` how it is better written."""

    prefix: Prefix
    ambiguous: str = ""
    unusual: str = ""


def parse(text: str) -> Block:
    """Read `10.0.0.0/8` or `fd00::/8`; ValueError says in one clause why it is no block at all."""
    if (usual := _usual(text)) is not None:
        return Block(usual)
    head, slash, tail = text.partition("/")
    if not slash:
        raise ValueError("has no prefix length")
    address, zeros = _address(head)
    bits = BITS[address.family]
    if not _LENGTH.fullmatch(tail) or int(tail) > bits:
        raise ValueError(f"has a prefix length that is no number from 0 to {bits}")
    length = int(tail)
    if zeros or (len(tail) > 1 and tail[0] == "0"):
        return Block(_masked(address, length), ambiguous="has leading zeros, which some programs read as octal")
    if _MAPPED.covers(Prefix.host(address)):
        if length < _MAPPED.length:
            raise ValueError("mixes IPv4 and IPv6 addresses")
        v4 = Address(4, address.value & 0xFFFFFFFF)
        return Block(_masked(v4, length - _MAPPED.length), ambiguous="is an IPv4 block written as IPv6")
    prefix = _masked(address, length)
    if prefix.value != address.value:
        return Block(prefix, ambiguous="has bits behind its prefix length")
    return Block(prefix, unusual=str(prefix) if str(prefix) != text else "")


def _usual(text: str) -> Prefix | None:
    """The block of a text that everybody reads alike and nobody would write in another way, as nearly all are."""
    try:
        a, b, c, rest = text.split(".")
        d, tail = rest.split("/")
        value = _OCTETS[a] << 24 | _OCTETS[b] << 16 | _OCTETS[c] << 8 | _OCTETS[d]
        length = _LENGTHS[tail]
    except (KeyError, ValueError):
        return None
    return Prefix(4, value, length) if not value & (0xFFFFFFFF >> length) else None


def _address(text: str) -> tuple[Address, bool]:
    """The address, and whether it has leading zeros that make it ambiguous."""
    if _IPV4.fullmatch(text):
        octets = text.split(".")
        numbers = [int(octet) for octet in octets]
        if max(numbers) > 255:
            raise ValueError("has a number above 255")
        return Address(4, int.from_bytes(numbers)), any(len(o) > 1 and o[0] == "0" for o in octets)
    if "%" in text:
        raise ValueError("has an IPv6 zone")
    try:
        return Address(6, int(ipaddress.IPv6Address(text))), False
    except ValueError:
        raise ValueError("does not start with an IPv4 or IPv6 address") from None


def _masked(address: Address, length: int) -> Prefix:
    family: Family = address.family
    spare = BITS[family] - length
    return Prefix(family, address.value >> spare << spare, length)
