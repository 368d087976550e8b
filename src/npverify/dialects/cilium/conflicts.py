"""Rules that Cilium cannot join, and rules of which it joins only one.

Source: cilium/cilium pkg/policy/rule.go mergePortProto and L7ParserType.Merge (pkg/policy/l4.go): a port of a pod has one
parser, one listener of Envoy, one context of TLS and one mode of authentication. Where two rules disagree, the policy of the
pod is not worked out, and what was enforced before stays (pkg/policy/repository.go GetSelectorPolicy). Until 1.18 that holds
of all rules for a port, since 1.19 of those for the same peers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

from npverify.dialects.cilium.domains import is_every_name
from npverify.dialects.cilium.values import CiliumPolicy, Element, Port, PortRule, Redirect, RuleText
from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.policy import Direction
from npverify.normal.predicates import Pred

__all__ = ["Clash", "Item", "clashes", "items_of", "mixtures"]

_PLAIN = ("", "tls", "listener")
_WHOLE = PortRule((Port(0, 65535, "ANY"),))


class Item(NamedTuple):
    """One item of `toPorts` of an element that allows, with where it stands; of an element without ports, all of it."""

    policy: CiliumPolicy
    rule: RuleText
    element: Element
    ports: PortRule

    @property
    def keys(self) -> frozenset[tuple[object, ...]]:
        """The ports under which Cilium files it: rules meet where these are the same, and not where ports overlap."""
        if self.element.icmps is not None:
            return frozenset(("ICMP", *message) for message in self.element.icmps)
        if self.ports is _WHOLE:
            return frozenset({("every port",)})
        return frozenset(
            (p.first, p.last, protocol)
            for p in self.ports.ports
            for protocol in (PORT_PROTOCOLS if p.protocol == "ANY" else (p.protocol,))
        )

    @property
    def shown(self) -> str:
        """The policy and the element in it."""
        return f"{self.element.label} of {self.policy.id}"


class Clash(NamedTuple):
    """Two items that cannot be joined, and what they disagree about."""

    one: Item
    two: Item
    about: str


def items_of(policies: Iterable[CiliumPolicy], direction: Direction) -> list[Item]:
    """Everything that allows something in a direction."""
    return [
        Item(policy, rule, element, ports)
        for policy in policies
        for rule in policy.rules
        for element in rule.elements[direction]
        if not element.deny
        for ports in (element.ports or (_WHOLE,))
    ]


def clashes(
    items: Iterable[Item], version: tuple[int, int], peers: Callable[[Item], frozenset[Pred]]
) -> Iterator[Clash]:
    """The items that cannot be joined; `peers` are the selectors of an item. Each pair of rules comes once."""
    by_key: dict[tuple[object, ...], list[Item]] = {}
    for item in items:
        if item.ports.redirect.parser or item.ports.redirect.tls != ("", "") or item.element.authentication:
            for key in item.keys:
                by_key.setdefault(key, []).append(item)
    told = set()
    for group in by_key.values():
        for one, two in combinations(group, 2):
            pair = (id(one.rule), id(two.rule))
            if pair in told or not may_meet(one, two):
                continue
            about = _parsers(one, two) if version < (1, 19) else ""
            if not about and peers(one) & peers(two):
                about = _parsers(one, two) or _rest(one, two)
            if about:
                told.add(pair)
                yield Clash(one, two, about)


def mixtures(items: list[Item], version: tuple[int, int]) -> Iterator[tuple[Item, Item]]:
    """Pairs of an item with requests, or names, and another about some of its ports that is filed under others, or has another
    parser for other peers: which of them judges a request is nowhere said. An item without ports opens all requests, as Envoy
    is told of it; of the DNS proxy that is nowhere said (cilium/cilium#8106)."""
    by_namespace: dict[str, list[Item]] = {}
    for item in items:
        by_namespace.setdefault(item.policy.id.namespace, []).append(item)
    for one in items:
        names = bool(one.ports.domains) and not any(is_every_name(d, version) for d in one.ports.domains or ())
        if not one.ports.requests and not names:
            continue
        own = one.policy.id.namespace
        others = [*by_namespace.get("", ()), *by_namespace[own]] if own else items
        for two in others:
            whole = two.ports is _WHOLE and not names
            if two is one or whole or two.element.icmps is not None or not may_meet(one, two):
                continue
            parser = two.ports.redirect.parser
            same = parser in (*_PLAIN, one.ports.redirect.parser)
            pairs = [(p, q) for p in one.ports.ports for q in two.ports.ports if _overlap(p, q)]
            if any(not same or (p.first, p.last) != (q.first, q.last) for p, q in pairs):
                yield one, two


def _overlap(one: Port, two: Port) -> bool:
    """Whether two ports may be one; a named port may be any."""
    if one.protocol != two.protocol and "ANY" not in (one.protocol, two.protocol):
        return False
    if isinstance(one.first, str) or isinstance(two.first, str):
        return True
    return one.first <= two.last and two.first <= one.last


def may_meet(one: Item, two: Item) -> bool:
    """Whether one endpoint may be selected by both; False only where their texts exclude that."""
    if one.rule.host is not two.rule.host:
        return False
    spaces = {item.policy.id.namespace for item in (one, two)} - {""}
    if len(spaces) > 1:
        return False
    first, second = ({t.key: t.values for t in item.rule.subject if t.operator == "Equals"} for item in (one, two))
    return all(second.get(key, values) == values for key, values in first.items())


def _parsers(one: Item, two: Item) -> str:
    first, second = one.ports.redirect, two.ports.redirect
    if not first.parser or not second.parser or first.parser == second.parser:
        return ""
    if _promotes(first, second) or _promotes(second, first):
        return ""
    return f"the parsers `{first.parser}` and `{second.parser}`"


def _promotes(one: Redirect, two: Redirect) -> bool:
    return one.parser == "tls" and two.parser not in ("", "dns", "listener")


def _rest(one: Item, two: Item) -> str:
    first, second = one.ports.redirect, two.ports.redirect
    modes = {item.element.authentication for item in (one, two)} - {""}
    if len(modes) > 1:
        return "the modes of authentication"
    if len({first.listener, second.listener} - {""}) > 1:
        return "the listeners of Envoy"
    if any(len({a, b} - {""}) > 1 for a, b in zip(first.tls, second.tls, strict=True)):
        return "the contexts of TLS"
    named, asked = (first.names or second.names), {first.parser, second.parser} - set(_PLAIN)
    if named and asked and not (first.tls[0] or second.tls[0]):
        return "server names and requests without `terminatingTLS`"
    return ""
