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

_Letters = str
"""What a step of an automaton reads: a letter, or one of these."""
_IN_LABEL, _ANY = "label", "any"
_LABEL_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
_Automaton = list[list[tuple[_Letters, int]]]
"""The steps of each state; the first one begins, the last one ends."""

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
    """Whether some name that a selector of `toFQDNs` means may be asked for under rules about DNS."""
    return any(_may_meet(domain, rule, version) for rule in asked)


def _may_meet(one: Domain, two: Domain, version: tuple[int, int]) -> bool:
    if one.pattern and two.pattern:
        return _meet(_automaton(one.text, version), _automaton(two.text, version))
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


@cache
def _automaton(pattern: str, version: tuple[int, int]) -> _Automaton:
    """Reads the texts that `_expression` matches. A star is a step from a state to itself."""
    if _expression(pattern, version).pattern == _ANYTHING:
        return [[(_ANY, 0)]]
    steps: _Automaton = [[]]
    head = re.match(r"\*{2,}\.", pattern) if version >= (1, 19) else None
    if head:  # labels with a dot behind each
        steps = [[(_IN_LABEL, 1)], [(_IN_LABEL, 1), (".", 2)], [(_IN_LABEL, 1)]]
    for letter in pattern[head.end() if head else 0 :]:
        if letter == "*":
            steps[-1].append((_IN_LABEL, len(steps) - 1))
        else:
            steps[-1].append((letter, len(steps)))
            steps.append([])
    return steps


def _meet(one: _Automaton, two: _Automaton) -> bool:
    """Whether some text is read by both."""
    ends = (len(one) - 1, len(two) - 1)
    seen, left = {(0, 0)}, [(0, 0)]
    while left:
        at = left.pop()
        if at == ends:
            return True
        for letters, first in one[at[0]]:
            for others, second in two[at[1]]:
                if (first, second) not in seen and _share(letters, others):
                    seen.add((first, second))
                    left.append((first, second))
    return False


def _share(one: _Letters, two: _Letters) -> bool:
    """Whether two steps may read the same letter."""
    if _ANY in (one, two) or one == two:
        return True
    return (one == _IN_LABEL and two in _LABEL_LETTERS) or (two == _IN_LABEL and one in _LABEL_LETTERS)
