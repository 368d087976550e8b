"""IP addresses and prefixes as plain integers with their family (4 or 6)."""

from __future__ import annotations

import ipaddress
from typing import Literal, NamedTuple

Family = Literal[4, 6]
FAMILIES: tuple[Family, ...] = (4, 6)
BITS: dict[Family, int] = {4: 32, 6: 128}

_new = tuple.__new__
_OCTETS = {str(number): number for number in range(256)}  # eight times faster than the standard library
_NETS: dict[str, int] = {}
"""The first three octets of addresses that were read, as written, to the first number behind them."""
_REMEMBERED = 4096


class Address(NamedTuple):
    """One IP address; the order is IPv4 before IPv6, then by number."""

    family: Family
    value: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `10.0.0.1` or `fd00::1`; ValueError if it is neither."""
        # many addresses of a cluster have all but their last octet in common
        head, _, last = text.rpartition(".")
        try:
            return _new(cls, (4, _NETS[head] | _OCTETS[last]))
        except KeyError:
            pass
        try:
            a, b, c = head.split(".")
            net, octet = _OCTETS[a] << 24 | _OCTETS[b] << 16 | _OCTETS[c] << 8, _OCTETS[last]
        except (KeyError, ValueError):
            pass  # it is none of IPv4, or none at all
        else:
            if len(_NETS) >= _REMEMBERED:
                _NETS.clear()
            _NETS[head] = net
            return _new(cls, (4, net | octet))
        ip = ipaddress.ip_address(text)
        return cls(4 if ip.version == 4 else 6, int(ip))

    def __str__(self) -> str:
        return str(ipaddress.IPv4Address(self.value) if self.family == 4 else ipaddress.IPv6Address(self.value))


class Prefix(NamedTuple):
    """A block of addresses; `value` is the first one, `length` the number of fixed leading bits."""

    family: Family
    value: int
    length: int

    @classmethod
    def parse(cls, text: str, *, strict: bool = True) -> Prefix:
        """Read `10.0.0.0/8` or `fd00::/8`; ValueError otherwise, and if `strict` also for bits behind the prefix."""
        net = ipaddress.ip_network(text, strict=strict)
        return cls(4 if net.version == 4 else 6, int(net.network_address), net.prefixlen)

    @classmethod
    def host(cls, address: Address) -> Prefix:
        """The block that holds one address."""
        return cls(address.family, address.value, BITS[address.family])

    @property
    def first(self) -> int:
        """The lowest address, as a number."""
        return self.value

    @property
    def last(self) -> int:
        """The highest address, as a number."""
        return self.value | ((1 << (BITS[self.family] - self.length)) - 1)

    def contains(self, address: Address) -> bool:
        """Whether the address is of this family and lies in this block."""
        return address.family == self.family and self.first <= address.value <= self.last

    def __contains__(self, address: object) -> bool:
        return isinstance(address, Address) and self.contains(address)

    def covers(self, other: Prefix) -> bool:
        """Whether every address of `other` lies in this block."""
        return self.family == other.family and self.first <= other.first and other.last <= self.last

    def overlaps(self, other: Prefix) -> bool:
        """Whether the two blocks share an address."""
        return self.family == other.family and self.first <= other.last and other.first <= self.last

    def __str__(self) -> str:
        return f"{Address(self.family, self.value)}/{self.length}"


EVERYTHING: dict[Family, Prefix] = {4: Prefix(4, 0, 0), 6: Prefix(6, 0, 0)}

NEVER_A_POD: tuple[Prefix, ...] = tuple(
    Prefix.parse(text)
    for text in (
        # IANA special-purpose registries (RFC 6890 and its updates): blocks that cannot be a pod's address
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4",
        "::/128", "::1/128", "fe80::/10", "ff00::/8",
    )
)  # fmt: skip
