"""Calico's rules as predicates over a flow.

Source: projectcalico/calico libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go (selectors of a side),
felix/calc/rule_scanner.go (positive and negative selectors together), felix/rules/policy.go (the rest).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from npverify.dialects.calico import resources as r
from npverify.dialects.calico import services
from npverify.dialects.calico.selection import ACCOUNT, NAMESPACE, OF_ACCOUNT, OF_NAMESPACE, Objects, resolves
from npverify.dialects.calico.selector import All, And, Equals, Global, Has, In, Node, Not, Or, map_keys
from npverify.dialects.calico.settings import Settings
from npverify.ingest.source import Problems, Span
from npverify.inventory.addresses import EVERYTHING, FAMILIES, Family
from npverify.normal.policy import Direction, Rule
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    NamedPortIs,
    PortIn,
    Pred,
    Side,
    address_in,
    and_,
    exactly,
    http_is,
    icmp_is,
    not_,
    or_,
    port_in,
    protocol_is,
    substitute,
)


@dataclass(frozen=True)
class RuleLowering:
    """Lowers rules over the objects of one input, for pods or for host endpoints. Guards the memo of lowered sides."""

    objects: Objects
    settings: Settings
    problems: Problems
    for_hosts: bool = False

    @cached_property
    def _memo(self) -> dict[object, Pred]:
        return {}

    def lower(self, rules: Iterable[r.Rule], namespace: str, half: Direction) -> tuple[Rule, ...]:
        """The rules of a policy of `namespace` ("": none) for a stage of one half."""
        return tuple(self.as_read(self._rule(rule, namespace, half)) for rule in rules)

    def as_read(self, rule: Rule) -> Rule:
        """A rule as the dataplane reads packets: BPF reads the ports of TCP and UDP alone, those of SCTP are 0 to it
        (felix/bpf-gpl/parsing.h tc_state_fill_from_nexthdr)."""
        if self.settings.dataplane != "bpf":
            return rule
        return replace(rule, peer=_with_ports_read(rule.peer), traffic=_with_ports_read(rule.traffic))

    def warn_of_http(self, rules: Iterable[r.Rule], owner: str) -> None:
        """Say, once for the policy that `owner` names, that nothing enforces its clauses about HTTP."""
        found = next((rule for rule in rules if rule.http is not None), None)
        if found is None or self._proxied:
            return
        if self.settings.l7 == "off":
            message = f"`http` of {owner} is not enforced without a proxy: {found.label} allows every request"
            fix = "where Envoy asks Dikastes say so with --assume l7=on, or write a rule that needs no `http`"
        else:
            message = f"`http` of {owner} is not enforced at host endpoints: {found.label} allows every request there"
            fix = "select pods alone, and write rules without `http` for host endpoints"
        self.problems.warn("NPV287", message, found.span, fix)

    @property
    def _proxied(self) -> bool:
        """Whether Envoy stands before what is judged: it does so beside pods only."""
        return self.settings.l7 == "on" and not self.for_hosts

    def _rule(self, rule: r.Rule, namespace: str, half: Direction) -> Rule:
        sides = {Side.SRC: rule.source, Side.DST: rule.destination}
        about = half.subject
        peer, own = (self._side(sides[s], s, rule, namespace) for s in (half.peer, about))
        traffic = and_(self._families(rule, about), self._protocol(rule, about), self._http(rule), own)
        return Rule(rule.action, peer, traffic, rule.label, rule.span)

    def _families(self, rule: r.Rule, side: Side) -> Pred:
        """The rule is there for a family if none of its lists of nets lacks it: felix/rules/policy.go
        FilterRuleToIPVersion. The name of an ICMP implies one: updateprocessors/rules.go."""
        found: list[Family] = []
        implied = {"ICMP": 4, "ICMPv6": 6}.get(rule.protocol or "")
        for family in FAMILIES:
            lists = (e for s in (rule.source, rule.destination) for e in (s.nets, s.not_nets) if e)
            wanted = rule.ip_version == family or (rule.ip_version is None and implied in (None, family))
            if wanted and all(any(p.family == family for p in nets) for nets in lists):
                found.append(family)
        return TRUE if len(found) == 2 else or_(*(address_in(side, EVERYTHING[family]) for family in found))

    def _protocol(self, rule: r.Rule, side: Side) -> Pred:
        parts = []
        if rule.protocol is not None:
            parts.append(self._is_protocol(rule.protocol, side))
        if rule.not_protocol is not None:
            parts.append(not_(self._is_protocol(rule.not_protocol, side)))
        if rule.icmp is not None and rule.icmp.type is not None:
            parts.append(icmp_is(rule.icmp.type, rule.icmp.code))
        if rule.not_icmp is not None and rule.not_icmp.type is not None:
            parts.append(not_(icmp_is(rule.not_icmp.type, rule.not_icmp.code)))
        return and_(*parts)

    def _is_protocol(self, name: str, side: Side) -> Pred:
        if self.settings.dataplane == "bpf" and name in ("ICMPv6", "UDPLite"):
            return FALSE  # felix/bpf/polprog does not know these names
        family: Family | None = {"ICMP": 4, "1": 4, "ICMPv6": 6, "58": 6}.get(name)  # type: ignore[assignment]
        if family is not None:
            return and_(protocol_is("ICMP"), address_in(side, EVERYTHING[family]))
        return protocol_is(name)

    def _http(self, rule: r.Rule) -> Pred:
        """Only Envoy reads this clause, and it sees TCP alone: felix/rules/policy.go passes over it, app-policy/checker
        compares the request. Paths are normalised since v3.32.0."""
        if rule.http is None or not self._proxied:
            return TRUE
        methods = () if "*" in rule.http.methods else tuple(map(exactly, rule.http.methods))
        asked = http_is(methods, rule.http.paths, reads="served" if self.settings.version >= (3, 32) else "plain")
        return asked if rule.protocol == "TCP" else or_(not_(protocol_is("TCP")), asked)

    def _side(self, entity: r.Entity, side: Side, rule: r.Rule, namespace: str) -> Pred:
        key = (entity, side, rule.protocol, namespace)
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = self._new_side(entity, side, rule, namespace)
        return found

    def _new_side(self, entity: r.Entity, side: Side, rule: r.Rule, namespace: str) -> Pred:
        positive, negative = selector_of(entity, namespace), entity.not_selector
        parts = []
        if entity.nets:
            parts.append(or_(*(address_in(side, net) for net in entity.nets)))
        if entity.not_nets:
            parts.append(not_(or_(*(address_in(side, net) for net in entity.not_nets))))
        if positive is not None:
            positive = positive if negative is None else And((positive, Not(negative)))
            parts.append(self.objects.selects(positive, side))
        elif negative is not None:
            parts.append(not_(self.objects.selects(negative, side)))
        if entity.services is not None:
            parts.append(self._service(entity.services, side, rule.span))
        if entity.domains:
            parts.append(or_(*(resolves(domain, side) for domain in entity.domains)))
        named = positive or All()
        if entity.ports:
            parts.append(or_(*(self._port(p, rule.protocol, named, side) for p in entity.ports)))
        if entity.not_ports:
            parts.append(not_(or_(*(self._port(p, rule.protocol, named, side) for p in entity.not_ports))))
        return and_(*parts)

    def _port(self, port: r.PortMatch, protocol: str | None, node: Node, side: Side) -> Pred:
        if isinstance(port, str):
            return self.objects.named_port(port, protocol, node, side)
        return port_in(*port, side)

    def _service(self, named: r.Service, side: Side, span: Span) -> Pred:
        """What is listed for a Service: with its ports as a destination, addresses alone as a source."""
        if not named.namespace:
            message = (
                f"service `{named.name}` is named without its namespace; Calico then finds none, so nothing matches"
            )
            self.problems.warn("NPV283", message, span, "write `namespace` beside `name`")
            return FALSE
        found = services.listed(named.namespace, named.name, side, self.objects.inventory)
        if found is None:
            message = f"there is no service `{named.namespace}/{named.name}` in the input, so nothing matches"
            self.problems.warn("NPV284", message, span, "add the manifest of the Service, or correct the name")
            return FALSE
        return found


def _with_ports_read(pred: Pred) -> Pred:
    read = protocol_is("TCP", "UDP")
    return substitute(pred, lambda atom: and_(read, atom) if isinstance(atom, PortIn | NamedPortIs) else atom)


def selector_of(entity: r.Entity, namespace: str) -> Node | None:
    """The positive selector of a side of a rule, None if it has none: updateprocessors/rules.go getEndpointSelector."""
    accounts: list[Node] = []
    if entity.accounts is not None:
        if entity.accounts.names:
            accounts.append(In(ACCOUNT, tuple(sorted(set(entity.accounts.names)))))
        if entity.accounts.selector is not None:
            accounts.append(map_keys(entity.accounts.selector, lambda key: OF_ACCOUNT + key))
    own = [*accounts, *([entity.selector] if entity.selector is not None else [])]
    scope: Node | None = None
    if entity.namespace_selector is not None:
        scope = of_namespaces(entity.namespace_selector)
    elif namespace and (own or entity.not_selector is not None):
        scope = Equals(NAMESPACE, namespace)
    return _all_of([scope, *own])


def of_namespaces(node: Node) -> Node:
    """A namespaceSelector as a selector of endpoints: `all()` means those of namespaces, `global()` the others."""
    prefixed = map_keys(node, lambda key: OF_NAMESPACE + key)
    return replaced(prefixed, lambda leaf: Not(Has(NAMESPACE)) if isinstance(leaf, Global) else Has(NAMESPACE))


def replaced(node: Node, instead: Callable[[All | Global], Node]) -> Node:
    """The selector with something else for each `all()` and `global()`."""
    match node:
        case All() | Global():
            return instead(node)
        case Not(body):
            return Not(replaced(body, instead))
        case And(parts):
            return And(tuple(replaced(part, instead) for part in parts))
        case Or(parts):
            return Or(tuple(replaced(part, instead) for part in parts))
    return node


def _all_of(nodes: Iterable[Node | None]) -> Node | None:
    given = tuple(node for node in nodes if node is not None)
    return And(given) if len(given) > 1 else given[0] if given else None


def all_of(*nodes: Node) -> Node:
    """The conjunction of selectors; `all()` of none."""
    return _all_of(nodes) or All()
