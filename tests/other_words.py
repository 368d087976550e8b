"""Policies in other words: the same normal form cut, moved and shuffled, which no flow can tell; or with one place changed.

What is done keeps the meaning step by step, whatever dialect a set was read from: a policy is cut into neighbours of the same
subject, a rule into rules of which any is enough, a block or a range of ports into two; what stands between two rules of another
action stays there. What `changed` does to one place may or may not be seen by some flow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from random import Random

from npverify.analyses.world import World
from npverify.inventory.addresses import BITS, Prefix
from npverify.normal.policy import Action, Direction, Policy, Rule, Stage, Tier
from npverify.normal.predicates import (
    TRUE,
    AddressIn,
    And,
    Not,
    Or,
    PortIn,
    Pred,
    address_in,
    and_,
    or_,
    port_in,
    substitute,
)

OTHER = {Action.ALLOW: Action.DENY, Action.DENY: Action.ALLOW, Action.PASS: Action.ALLOW, Action.LOG: Action.ALLOW}


def in_other_words(rng: Random, world: World) -> World:
    """The same policies, written another way."""
    return with_tiers(world, lambda tier, _: replace(tier, policies=tuple(_rewritten(rng, tier))))


def changed(rng: Random, world: World) -> World:
    """The same policies with something else in one place; the very same world if there is no place."""
    places = [(d, s, t) for d in Direction for s, stage in enumerate(world.policies.half(d).stages)
              for t, tier in enumerate(stage.tiers) if tier.policies]  # fmt: skip
    if not places:
        return world
    chosen = rng.choice(places)
    change = rng.choice(CHANGES)
    return with_tiers(world, lambda tier, place: change(rng, tier) if place == chosen else tier)


def with_tiers(world: World, made: Callable[[Tier, tuple[Direction, int, int]], Tier]) -> World:
    """The world with another tier in the place of each."""
    policies = world.policies
    for d in Direction:
        stages: list[Stage] = []
        for s, stage in enumerate(policies.half(d).stages):
            tiers = tuple(made(tier, (d, s, t)) for t, tier in enumerate(stage.tiers))
            stages.append(replace(stage, tiers=tiers))
        policies = policies.with_half(d, replace(policies.half(d), stages=tuple(stages)))
    return replace(world, policies=policies)


def _rewritten(rng: Random, tier: Tier) -> Iterator[Policy]:
    cut = [part for policy in tier.policies for part in _split(rng, policy)]
    # of rules that all have one action the order does not matter
    for _, neighbours in groupby(cut, lambda policy: {rule.action for rule in policy.rules}):
        those = list(neighbours)
        if len({rule.action for policy in those for rule in policy.rules}) < 2:
            rng.shuffle(those)
        yield from those


def _split(rng: Random, policy: Policy) -> Iterator[Policy]:
    rules = [part for rule in policy.rules for part in _parts(rng, rule)]
    subject = _reordered(rng, policy.subject)
    while len(rules) > 1 and rng.random() < 0.5:
        at = rng.randrange(1, len(rules))
        yield replace(policy, subject=subject, rules=tuple(rules[:at]))
        rules = rules[at:]
    yield replace(policy, subject=subject, rules=tuple(rules))


def _parts(rng: Random, rule: Rule) -> list[Rule]:
    """A rule as rules of which any is enough."""
    peer, traffic = (_cut(rng, pred) for pred in (rule.peer, rule.traffic))
    if rng.random() < 0.3 and traffic is not TRUE:
        peer, traffic = and_(peer, traffic), TRUE
    if isinstance(peer, Or) and rng.random() < 0.5:
        made = [replace(rule, peer=part, traffic=traffic) for part in peer.parts]
    elif isinstance(traffic, Or) and rng.random() < 0.5:
        made = [replace(rule, peer=peer, traffic=part) for part in traffic.parts]
    else:
        made = [replace(rule, peer=peer, traffic=traffic)]
    if rng.random() < 0.1:
        made.append(rng.choice(made))
    rng.shuffle(made)
    return made


def _cut(rng: Random, pred: Pred) -> Pred:
    """The same predicate with its parts in another order, and blocks and ranges in two."""

    def settle(atom: Pred) -> Pred:
        if isinstance(atom, AddressIn) and 0 < atom.prefix.length < BITS[atom.prefix.family] and rng.random() < 0.4:
            return or_(*(address_in(atom.side, half) for half in _halves(atom.prefix)))
        if isinstance(atom, PortIn) and atom.first < atom.last and rng.random() < 0.4:
            at = rng.randrange(atom.first, atom.last)
            return or_(port_in(atom.first, at, atom.side), port_in(at + 1, atom.last, atom.side))
        return atom

    return _reordered(rng, substitute(pred, settle))


def _halves(prefix: Prefix) -> Iterable[Prefix]:
    length = prefix.length + 1
    upper = prefix.value | 1 << (BITS[prefix.family] - length)
    return (prefix._replace(length=length), prefix._replace(value=upper, length=length))


def _reordered(rng: Random, pred: Pred) -> Pred:
    if isinstance(pred, And | Or):
        parts = [_reordered(rng, part) for part in pred.parts]
        rng.shuffle(parts)
        return (and_ if isinstance(pred, And) else or_)(*parts)
    return pred


def _another_policy(rng: Random, tier: Tier, make: Callable[[Policy], Iterable[Policy]]) -> Tier:
    at = rng.randrange(len(tier.policies))
    found = [*tier.policies[:at], *make(tier.policies[at]), *tier.policies[at + 1 :]]
    return replace(tier, policies=tuple(found))


def _another_rule(rng: Random, tier: Tier, make: Callable[[Rule], Iterable[Rule]]) -> Tier:
    def of_policy(policy: Policy) -> Iterator[Policy]:
        at = rng.randrange(len(policy.rules)) if policy.rules else 0
        rules = (
            *policy.rules[:at],
            *(r for rule in policy.rules[at : at + 1] for r in make(rule)),
            *policy.rules[at + 1 :],
        )
        yield replace(policy, rules=rules)

    return _another_policy(rng, tier, of_policy)


def _elsewhere(rng: Random, pred: Pred) -> Pred:
    """A predicate without one of its parts, with a block or port that is another one, or with an except that is gone."""

    def settle(atom: Pred) -> Pred:
        if isinstance(atom, AddressIn) and atom.prefix.length and rng.random() < 0.5:
            return address_in(
                atom.side, rng.choice(list(_halves(atom.prefix))) if atom.prefix.length < 32 else atom.prefix
            )
        if isinstance(atom, PortIn) and rng.random() < 0.5:
            return port_in(max(atom.first, 1), min(atom.last ^ 1 or 1, 65535)) if atom.last ^ 1 >= atom.first else atom
        return atom

    if isinstance(pred, And | Or):
        parts = list(pred.parts)
        at = next((n for n, part in enumerate(parts) if isinstance(part, Not)), rng.randrange(len(parts)))
        if rng.random() < 0.5:
            del parts[at]
        else:
            parts[at] = _elsewhere(rng, parts[at])
        return (and_ if isinstance(pred, And) else or_)(*parts)
    return substitute(pred, settle)


CHANGES: tuple[Callable[[Random, Tier], Tier], ...] = (
    lambda rng, tier: _another_policy(rng, tier, lambda _: ()),
    lambda rng, tier: _another_policy(rng, tier, lambda p: (replace(p, rules=()),)),
    lambda rng, tier: _another_policy(rng, tier, lambda p: (replace(p, subject=_elsewhere(rng, p.subject)),)),
    lambda rng, tier: _another_rule(rng, tier, lambda _: ()),
    lambda rng, tier: _another_rule(rng, tier, lambda r: (replace(r, action=OTHER[r.action]),)),
    lambda rng, tier: _another_rule(rng, tier, lambda r: (replace(r, peer=_elsewhere(rng, r.peer)),)),
    lambda rng, tier: _another_rule(rng, tier, lambda r: (replace(r, traffic=_elsewhere(rng, r.traffic)),)),
    lambda rng, tier: replace(tier, policies=tier.policies[::-1]),
    lambda _, tier: replace(tier, no_match=Action.PASS if tier.no_match is Action.DENY else Action.DENY),
)  # fmt: skip
