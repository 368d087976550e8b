"""Networks by their text: the same few are read for every packet."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=4096)
def ip_network(text: str, strict: bool = True) -> Network:
    """What `ipaddress.ip_network` says."""
    return ipaddress.ip_network(text, strict)
