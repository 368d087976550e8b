"""What rules say, whatever the cluster: terms of which any is enough, each with conditions, addresses of the peer and packets.

In: the predicates of a rule. Out: terms that together mean the same on every flow. No endpoint is asked: a condition that is
about no address of the peer and no protocol or port of the destination is a number by its shape. So equal statements are equal
verdicts over any one inventory; unequal ones say nothing. Not trusted: tests hold them against the oracle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import NamedTuple

from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.policy import Direction, Rule
from npverify.normal.predicates import (
    AddressIn,
    And,
    Const,
    IcmpIs,
    NamedPortIs,
    Not,
    Or,
    PortIn,
    Pred,
    ProtocolIs,
    Side,
    address_in,
    and_,
    not_,
    or_,
    protocol_is,
)
from npverify.reduction.lines import Spans, complement, length, on_line, union
from npverify.reduction.shapes import Shapes

_MOST_TERMS = 256
"""A conjunction that falls into more terms keeps the parts that do as conditions."""


class Term(NamedTuple):
    """Flows that satisfy all conditions (numbers of their shapes), whose peer has one of the addresses, by one of the packets."""

    conditions: frozenset[int]
    peers: Spans
    packets: Spans


Statement = frozenset[Term]
"""Terms of which any is enough; none: nothing is said."""

_PEERS: Spans = (0, length(Side.SRC))
_PACKETS: Spans = (0, length(None))
_ALWAYS = Term(frozenset(), _PEERS, _PACKETS)


class Statements:
    """What predicates of one direction say. Guards the memo."""

    def __init__(self, direction: Direction, shapes: Shapes) -> None:
        self._direction = direction
        self._shapes = shapes
        self._terms: dict[Pred, tuple[Term, ...]] = {}
        self._on_line: dict[Pred, bool] = {}
        self._of: dict[tuple[Pred, Pred], Statement] = {}

    def of(self, rule: Rule) -> Statement:
        """The flows that a rule is about."""
        key = (rule.peer, rule.traffic)
        found = self._of.get(key)
        if found is None:
            found = self._of[key] = frozenset(self._all([self._said(rule.peer), self._said(rule.traffic)], key))
        return found

    def _said(self, pred: Pred) -> tuple[Term, ...]:
        found = self._terms.get(pred)
        if found is None:
            found = self._terms[pred] = tuple(self._evaluate(pred))
        return found

    def _part(self, pred: Pred) -> tuple[Term, ...]:
        """What a part of a conjunction says; it is not taken apart where nothing in it is on a line."""
        return self._said(pred) if self._is_on_line(pred) else (Term(self._condition(pred), _PEERS, _PACKETS),)

    def _is_on_line(self, pred: Pred) -> bool:
        """Whether some atom of a predicate is about addresses, protocols or ports."""
        found = self._on_line.get(pred)
        if found is None:
            if isinstance(pred, And | Or):
                found = any(map(self._is_on_line, pred.parts))
            elif isinstance(pred, Not):
                found = self._is_on_line(pred.body)
            else:
                found = isinstance(pred, AddressIn | ProtocolIs | PortIn | IcmpIs | NamedPortIs)
            self._on_line[pred] = found
        return found

    def _evaluate(self, pred: Pred) -> Sequence[Term]:
        if isinstance(pred, Const):
            return (_ALWAYS,) if pred.value else ()
        if isinstance(pred, And):
            return self._all([self._part(part) for part in pred.parts], pred.parts)
        if isinstance(pred, Or):
            return _merged([term for part in pred.parts for term in self._said(part)])
        if isinstance(pred, Not):
            return self._others(pred, pred.body)
        if isinstance(pred, AddressIn):
            return self._addresses(pred)
        if isinstance(pred, ProtocolIs | PortIn | IcmpIs) and (packets := on_line(pred, None)) is not None:
            conditions = self._condition(pred) if isinstance(pred, IcmpIs) else frozenset()
            return (Term(conditions, _PEERS, packets),) if packets else ()
        packets = _of_named(pred) if isinstance(pred, NamedPortIs) else _PACKETS
        return (Term(self._condition(pred), _PEERS, packets),)

    def _others(self, pred: Pred, body: Pred) -> Sequence[Term]:
        """The flows of which the body of a negation does not hold."""
        if isinstance(body, And):
            return self._evaluate(or_(*map(not_, body.parts)))
        if isinstance(body, Or):
            return self._evaluate(and_(*map(not_, body.parts)))
        said = self._said(body)
        if len(said) == 1 and not said[0].conditions:
            # an atom is about addresses or about packets, and on its line it means all of its places
            _, peers, packets = said[0]
            if peers == _PEERS:
                packets = complement(packets, length(None))
            elif packets == _PACKETS:
                peers = complement(peers, length(Side.SRC))
            return (Term(frozenset(), peers, packets),) if peers and packets else ()
        return (Term(self._condition(pred), _PEERS, _PACKETS),)

    def _addresses(self, atom: AddressIn) -> Sequence[Term]:
        peer = self._direction.peer
        if atom.side is not peer and atom.prefix.length == 0:
            atom_of_peer = address_in(peer, atom.prefix)  # both ends of a flow have one family
            return self._said(atom_of_peer)
        spans = on_line(atom, peer)
        if spans is None:
            return (Term(self._condition(atom), _PEERS, _PACKETS),)
        return (Term(frozenset(), spans, _PACKETS),)

    def _condition(self, pred: Pred) -> frozenset[int]:
        return frozenset((self._shapes.number(pred),))

    def _all(self, each: list[tuple[Term, ...]], parts: Sequence[Pred]) -> Sequence[Term]:
        """What some parts say together; `parts` are their predicates."""
        if prod(map(len, each)) > _MOST_TERMS:
            each = [
                terms if len(terms) < 2 else (Term(self._condition(part), _PEERS, _PACKETS),)
                for terms, part in zip(each, parts, strict=True)
            ]
        first = _common([terms[0] for terms in each if len(terms) == 1])
        if first is None or not all(each):
            return ()
        found = [first]
        for terms in each:
            if len(terms) > 1:
                found = [both for one in found for other in terms if (both := _common((one, other))) is not None]
        return _merged(found) if len(found) > 1 else found


def _of_named(atom: NamedPortIs) -> Spans:
    """The packets of the protocols that a named port is of."""
    return on_line(protocol_is(*(PORT_PROTOCOLS if atom.protocol is None else (atom.protocol,))), None) or _PACKETS


def _common(terms: Sequence[Term]) -> Term | None:
    """What terms have in common; None if it is nothing."""
    if len(terms) == 1:
        return terms[0]
    peers = _inside({term.peers for term in terms}, _PEERS)
    packets = _inside({term.packets for term in terms}, _PACKETS)
    if not peers or not packets:
        return None
    return Term(frozenset().union(*(term.conditions for term in terms)), peers, packets)


def _inside(sets: set[Spans], every: Spans) -> Spans:
    """The places that are in all of some sets."""
    sets.discard(every)
    if len(sets) < 2:
        return next(iter(sets), every)
    return complement(union(complement(spans, every[1]) for spans in sets), every[1])


def _merged(terms: Iterable[Term]) -> list[Term]:
    """The same terms, as one where nothing but the addresses is different, and then where nothing but the packets is."""
    by_peers: dict[tuple[frozenset[int], Spans], list[Spans]] = {}
    for conditions, peers, packets in terms:
        by_peers.setdefault((conditions, packets), []).append(peers)
    by_packets: dict[tuple[frozenset[int], Spans], list[Spans]] = {}
    for (conditions, packets), each in by_peers.items():
        by_packets.setdefault((conditions, each[0] if len(each) == 1 else union(each)), []).append(packets)
    return [
        Term(conditions, peers, each[0] if len(each) == 1 else union(each))
        for (conditions, peers), each in by_packets.items()
    ]


def without(terms: Statement, given: frozenset[int]) -> Statement:
    """A statement of flows of which some conditions are known to hold."""
    if all(given.isdisjoint(term.conditions) for term in terms):
        return terms
    return frozenset(term._replace(conditions=term.conditions - given) for term in terms)


def cut(terms: Iterable[Term]) -> frozenset[tuple[frozenset[int], tuple[tuple[int, Spans], ...]]]:
    """A statement in the one form that it has however addresses and packets are cut: by its conditions, from which place on
    the line of packets which addresses are meant."""
    by: dict[frozenset[int], dict[Spans, list[Spans]]] = {}
    for conditions, peers, packets in terms:
        by.setdefault(conditions, {}).setdefault(packets, []).append(peers)
    return frozenset((conditions, _swept(of)) for conditions, of in by.items())


def _swept(of: dict[Spans, list[Spans]]) -> tuple[tuple[int, Spans], ...]:
    peers = {packets: union(each) for packets, each in of.items()}
    edges: dict[int, set[Spans]] = {}
    for packets in peers:
        for at in packets:
            edges.setdefault(at, set()).add(packets)
    inside: set[Spans] = set()
    cuts: list[tuple[int, Spans]] = []
    for at in sorted(edges):
        inside ^= edges[at]
        here = union(peers[packets] for packets in inside)
        if not cuts or cuts[-1][1] != here:
            cuts.append((at, here))
    return tuple(cuts)
