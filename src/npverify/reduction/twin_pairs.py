"""Which two twins out of two sets can stand to each other in a given way in both worlds, the first such pair, and how many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from npverify.inventory.model import Endpoint
from npverify.reduction.compare import Hows
from npverify.reduction.pairs import on_one_node
from npverify.reduction.residuals import host_network
from npverify.reduction.twins import Twin

Pair = tuple[Twin, Twin]


def by_name(pair: Pair) -> tuple[tuple[str, ...], ...]:
    """Where a pair stands among others: by the names of its ends."""
    return tuple(twin.either.key for twin in pair)


def may_be_near(src: Endpoint, dst: Endpoint) -> bool:
    """Whether it matters if the two are on one node: one is a pod, the other on the network of a node."""
    return (host_network(src) and dst.is_pod) or (host_network(dst) and src.is_pod)


def nodes_differ(twin: Twin) -> bool:
    """Whether the two worlds know different things about where an endpoint runs."""
    left, right = twin.sides
    return left is not None and right is not None and _place(left) != _place(right)


class Pairs:
    """The pairs of a set of sources and a set of targets that can stand to each other in a given way."""

    def __init__(self, sources: Iterable[Twin], targets: Iterable[Twin], hows: Hows) -> None:
        self._sources, self._targets = list(sources), list(targets)
        self._hows = hows

    def first(self) -> Pair | None:
        """The first pair by name; None if there is none."""
        return min(self._lowest(), key=by_name, default=None)

    def count(self) -> int:
        """How many there are."""
        if self._hows[0].same:
            return len(self._sources)
        to = set(self._targets)
        alone = sum(twin in to and not twin.either.replicated and self._fits(twin, twin) for twin in self._sources)
        if not self._near:
            return len(self._sources) * len(to) - alone
        sources, targets = (Counter(map(_places, ends)) for ends in (self._sources, to))
        here, there = ({_places(twin): twin for twin in ends} for ends in (self._sources, to))
        together = sum(
            n * m
            for place, n in sources.items()
            for other, m in targets.items()
            if self._fits(here[place], there[other])
        )
        return together - alone

    def _lowest(self) -> Iterator[Pair]:
        """Pairs of which the first by name is the first of all."""
        if self._hows[0].same:
            first = min(self._sources, key=lambda t: t.either.key)
            yield first, first
            return
        # two of each are enough: at worst the lowest of both sides is one and the same pod
        low_targets = _two_of_each(self._targets, by_place=self._near)
        for src in _two_of_each(self._sources, by_place=self._near):
            for dst in low_targets:
                if (src is not dst or src.either.replicated) and self._fits(src, dst):
                    yield src, dst

    @property
    def _near(self) -> bool:
        return may_be_near(self._sources[0].either, self._targets[0].either)

    def _fits(self, src: Twin, dst: Twin) -> bool:
        """Whether the two may be on one node, or not be, in each world as the circumstances say."""
        if not self._near:
            return True
        possible = [
            _on_one_node(a, b) for a, b in zip(src.sides, dst.sides, strict=True) if a is not None and b is not None
        ]
        wanted = [
            how.own_node
            for how, a, b in zip(self._hows, src.sides, dst.sides, strict=True)
            if a is not None and b is not None
        ]
        linked = len(possible) < 2 or possible[0] == possible[1]
        if linked and self._hows[0].own_node is not self._hows[1].own_node:
            return False
        return all(want in may for want, may in zip(wanted, possible, strict=True))


def _on_one_node(a: Endpoint, b: Endpoint) -> frozenset[bool]:
    """What may be true of two endpoints being on one node."""
    known = on_one_node(a, b)
    if known is None or a.on_every_node or b.on_every_node:
        return frozenset({True, False})
    return frozenset({known})


def _place(end: Endpoint) -> tuple[str | None, bool]:
    return end.node, end.on_every_node


def _places(twin: Twin) -> tuple[tuple[str | None, bool] | None, ...]:
    return tuple(None if end is None else _place(end) for end in twin.sides)


def _two_of_each(twins: Iterable[Twin], *, by_place: bool) -> list[Twin]:
    """The two lowest twins by name, of every place if that matters."""
    found: dict[object, list[Twin]] = {}
    for twin in sorted(twins, key=lambda t: t.either.key):
        some = found.setdefault(_places(twin) if by_place else None, [])
        if len(some) < 2:
            some.append(twin)
    return [twin for some in found.values() for twin in some]
