"""Which names of domains a selector of `toFQDNs` or `dns` means, and of which of them the agent may learn the addresses.

Source: cilium/cilium pkg/fqdn/matchpattern: the whole name is compared, in lower case; `*` is any number of letters, digits,
`-` and `_` inside one label; `*` alone is every name. Since 1.19 a leading `**.` is one label or more, before it is two stars.
Documentation/security/dns.rst: a name is known once some pod of the node has asked for it, which a `dns` rule must let it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from npverify.dialects.cilium.values import Domain
from npverify.normal.predicates import RequestTest, exactly

__all__ = ["is_every_name", "may_be_known", "means", "wanted"]

_LABEL = "[-a-z0-9_]"
_ANYTHING = ".*"


def means(domain: Domain, name: str, version: tuple[int, int]) -> bool:
    """Whether the selector means a name, which is in lower case and has no dot at its end."""
    if not domain.pattern:
        return domain.text == name
    return _expression(domain.text, version).fullmatch(name) is not None


def wanted(domain: Domain, version: tuple[int, int]) -> tuple[RequestTest, str]:
    """The names that a selector means, as a test of the name that a query asks for."""
    return ("regex", _expression(domain.text, version).pattern) if domain.pattern else exactly(domain.text)


def is_every_name(domain: Domain, version: tuple[int, int]) -> bool:
    """Whether the selector means every name there is."""
    return domain.pattern and _expression(domain.text, version).pattern == _ANYTHING


def may_be_known(domain: Domain, asked: Iterable[Domain], version: tuple[int, int]) -> bool:
    """Whether some name that a selector of `toFQDNs` means may be asked for under rules about DNS. Two patterns are not
    compared: they may mean one name."""
    return any(_may_meet(domain, rule, version) for rule in asked)


def _may_meet(one: Domain, two: Domain, version: tuple[int, int]) -> bool:
    if one.pattern and two.pattern:
        return True
    return means(two, one.text, version) if two.pattern else means(one, two.text, version)


@cache
def _expression(pattern: str, version: tuple[int, int]) -> re.Pattern[str]:
    if version < (1, 19):
        if pattern == "*":
            return re.compile(_ANYTHING)
        return re.compile(re.escape(pattern).replace(r"\*", f"{_LABEL}*"))
    if not pattern.strip("*"):
        return re.compile(_ANYTHING)
    head = re.match(r"\*{2,}\.", pattern)
    rest = re.sub(r"(\\\*)+", lambda _: f"{_LABEL}*", re.escape(pattern[head.end() if head else 0 :]))
    return re.compile((rf"({_LABEL}+\.)+" if head else "") + rest)
