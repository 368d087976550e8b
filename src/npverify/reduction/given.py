"""Predicates made smaller by what they say themselves: of a conjunction, each part where the others hold.

An assertion names a port or an address, and most of what residuals say of others then falls away: so the formulas of many
endpoints become one, which is asked once. Not trusted: a test holds the result against the oracle, and answers with it
against answers without.
"""

from __future__ import annotations

from functools import cache

from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.predicates import (
    FALSE,
    AddressIn,
    And,
    IcmpIs,
    Not,
    Or,
    PortIn,
    Pred,
    ProtocolIs,
    UnknownIn,
    and_,
    const,
    substitute,
)


@cache
def simplified(pred: Pred) -> Pred:
    """A predicate that the same flows satisfy: every flow has one family, on all sides, and ports only where its protocol
    has them."""
    while isinstance(pred, And):
        smaller = _once(pred)
        if smaller is pred:
            break
        pred = smaller
    return pred


def _once(pred: And) -> Pred:
    facts = [part for part in pred.parts if not isinstance(part, And | Or)]
    if any(says(one, other) is False for one in facts for other in facts):
        return FALSE
    rest = (part for part in pred.parts if isinstance(part, And | Or))
    return and_(*facts, *(substitute(part, lambda atom: _settled(atom, facts)) for part in rest))


def _settled(atom: Pred, facts: list[Pred]) -> Pred:
    """TRUE or FALSE where one of the facts says so; else the atom."""
    for fact in facts:
        if (said := says(fact, atom)) is not None:
            return const(said)
    return atom


def says(fact: Pred, atom: Pred) -> bool | None:
    """Whether an atom is true, or false, wherever a fact holds; None where it may be either."""
    if fact is atom:
        return True
    if isinstance(fact, Not):
        return False if says(atom, fact.body) is True or atom is fact.body else None
    match fact, atom:
        case AddressIn(), AddressIn():
            if fact.prefix.family != atom.prefix.family:
                return False
            if atom.prefix.length == 0:
                return True
            if fact.side is not atom.side:
                return None
            return _within(atom.prefix.covers(fact.prefix), apart=not fact.prefix.overlaps(atom.prefix))
        case PortIn(), PortIn() if fact.side is atom.side:
            inside = atom.first <= fact.first and fact.last <= atom.last
            return _within(inside, apart=fact.last < atom.first or atom.last < fact.first)
        case ProtocolIs(), ProtocolIs():
            inside = set(fact.names) <= set(atom.names)
            return _within(inside, apart=set(fact.names).isdisjoint(atom.names))
        case ProtocolIs(), PortIn():
            return _within(False, apart=set(fact.names).isdisjoint(PORT_PROTOCOLS))
        case PortIn(), ProtocolIs():
            return _within(set(PORT_PROTOCOLS) <= set(atom.names), apart=set(atom.names).isdisjoint(PORT_PROTOCOLS))
        case ProtocolIs(), IcmpIs():
            return _within(False, apart="ICMP" not in fact.names)
        case UnknownIn(), UnknownIn() if fact.unknown == atom.unknown:
            inside = set(fact.values) <= set(atom.values)
            return _within(inside, apart=set(fact.values).isdisjoint(atom.values))
    return None


def _within(inside: bool, *, apart: bool) -> bool | None:
    return True if inside else False if apart else None
