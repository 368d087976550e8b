"""Which names of domains a selector of `toFQDNs` or `dns` means.

Source: cilium/cilium pkg/fqdn/matchpattern: the whole name is compared, in lower case; `*` is any number of letters, digits,
`-` and `_` inside one label; `*` alone is every name. Since 1.19 a leading `**.` is one label or more.
"""

from __future__ import annotations

import re
from functools import cache

from npverify.dialects.cilium.values import Domain

__all__ = ["covers", "means"]

_LABEL = "[-a-z0-9_]"


def means(domain: Domain, name: str, version: tuple[int, int]) -> bool:
    """Whether the selector means a name, which is in lower case and has no dot at its end."""
    if not domain.pattern:
        return domain.text == name
    return _expression(domain.text, version).fullmatch(name) is not None


def covers(domain: Domain, other: Domain, version: tuple[int, int]) -> bool:
    """Whether the selector means all or some of what another means: of a pattern, one name that it means is tried."""
    if not other.pattern:
        return means(domain, other.text, version)
    sample = re.sub(r"\*+", "x", other.text)
    return domain == other or means(domain, sample, version) or means(other, domain.text, version)


@cache
def _expression(pattern: str, version: tuple[int, int]) -> re.Pattern[str]:
    if version < (1, 19):
        if pattern == "*":
            return re.compile(".*")
        return re.compile(re.escape(pattern).replace(r"\*", f"{_LABEL}*"))
    if not pattern.strip("*"):
        return re.compile(".*")
    head = re.match(r"\*{2,}\.", pattern)
    rest = re.sub(r"(\\\*)+", lambda _: f"{_LABEL}*", re.escape(pattern[head.end() if head else 0 :]))
    return re.compile((rf"({_LABEL}+\.)+" if head else "") + rest)
