"""How a set of endpoints falls apart into groups of which all that residuals and conditions look at is the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from npverify.assertions.claims import EndSet
from npverify.inventory.model import Endpoint
from npverify.normal.policy import Direction
from npverify.normal.predicates import FALSE, Pred, Side
from npverify.reduction.bitsets import as_set
from npverify.reduction.classes import Classes
from npverify.reduction.glance import about_packets
from npverify.reduction.judge import Signature
from npverify.reduction.partial import DIRECT, seen_on
from npverify.reduction.premises import domain_key
from npverify.reduction.residuals import Residuals


class Alike(NamedTuple):
    """Endpoints of one class of whose address the same is known."""

    c: int
    domain: tuple[object, ...]
    ends: list[Endpoint]


class Kind(NamedTuple):
    """Endpoints of a set that are of one class, under one condition, and of whose address the same is known."""

    c: int
    condition: Pred
    domain: tuple[object, ...]
    ends: list[Endpoint]


@dataclass(slots=True, eq=False)
class Members:
    """Endpoints of one side that share everything that residuals and conditions look at, by class."""

    key: tuple[object, ...]
    signature: Signature
    condition: Pred
    domain: tuple[object, ...]
    by_class: dict[int, list[Endpoint]]
    first: Endpoint
    classes: int = 0  # set when all are known

    def of(self, by_class: dict[int, list[Endpoint]]) -> Members:
        """A group of others that share the same."""
        first = next(iter(by_class.values()))[0]
        return Members(self.key, self.signature, self.condition, self.domain, by_class, first, as_set(by_class))


def alike(chosen: Iterable[Endpoint], classes: Classes, domains: dict[int, tuple[object, ...]]) -> list[Alike]:
    """Endpoints by class and domain, in their order. `domains` are those of classes that have one, as far as they are known."""
    by_class: dict[int, list[Endpoint]] = {}
    for c, run in groupby(chosen, classes.of.__getitem__):
        by_class.setdefault(c, []).extend(run)
    found = []
    for c, ends in by_class.items():
        if c not in classes.with_several_addresses:
            known = domains.get(c)
            if known is None:
                known = domains[c] = domain_key(ends[0])  # all that matters of the others, their class tells
            found.append(Alike(c, known, ends))
            continue
        by_domain: dict[tuple[object, ...], list[Endpoint]] = {}
        settled: list[Endpoint] | None = None
        for end in ends:
            several = len(end.addresses) > 1 and end.address_known  # which counts stays open, so they may matter
            alike_ends = settled if not several and settled is not None else by_domain.setdefault(domain_key(end), [])
            if not several:
                settled = alike_ends
            alike_ends.append(end)
        found += [Alike(c, domain, those) for domain, those in by_domain.items()]
    return found


def kinds_of_each(chosen: EndSet, side: Side, direction: Direction, residuals: Residuals) -> tuple[Kind, ...]:
    """What a set falls into whose members have conditions of their own."""
    found: dict[tuple[object, ...], Kind] = {}
    of = residuals.classes.of
    ends = {"src": None, "dst": None}
    settled: dict[tuple[int, Pred], list[Endpoint]] = {}
    for end, condition in chosen.items():
        condition = seen_on(condition, end, side)
        if not about_packets(condition):
            condition = residuals.partial.residual(condition, direction, DIRECT, **{**ends, side.value: end})
            if condition is FALSE:
                continue
        c = of[end]
        several = end.address_known and len(end.addresses) > 1  # as in `alike`
        known = None if several else settled.get((c, condition))
        if known is not None:
            known.append(end)
            continue
        domain = domain_key(end)
        kind = found.setdefault((c, condition, domain), Kind(c, condition, domain, []))
        kind.ends.append(end)
        if not several:
            settled[c, condition] = kind.ends
    return tuple(found.values())
