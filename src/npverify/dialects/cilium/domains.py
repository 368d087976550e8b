"""Which names a rule about DNS lets through, so that the agent learns what they resolve to.

Source: cilium/cilium pkg/fqdn/matchpattern (`*` within one label; alone it is every name; in front of 1.19 and later `**.` is
one label or more), Documentation/security/dns.rst (a name is known once some pod of the node has asked for it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from npverify.dialects.cilium.values import Domain

__all__ = ["may_be_known"]

_IN_A_LABEL, _LABELS = "[-a-z0-9_]*", r"([-a-z0-9_]+\.)+"


def may_be_known(domain: Domain, asked: Iterable[Domain], version: tuple[int, int]) -> bool:
    """Whether what a name or a pattern of `toFQDNs` means may be asked for under rules about DNS; of two patterns True as
    soon as there is a rule."""
    return any(domain.pattern or _lets_through(rule, domain.text, version) for rule in asked)


def _lets_through(rule: Domain, name: str, version: tuple[int, int]) -> bool:
    if not rule.pattern:
        return rule.text == name
    if not rule.text.strip("*"):
        return True
    front, rest = "", rule.text
    if version >= (1, 18) and rest.startswith("**."):  # of 1.18 it is not known; more names are safe
        front, rest = _LABELS, rest.removeprefix("**.")
    return re.fullmatch(front + _IN_A_LABEL.join(map(re.escape, rest.split("*"))), name) is not None
