"""Which two endpoints out of two groups can stand to each other in a given way, and the first such pair by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from npverify.inventory.model import Endpoint
from npverify.reduction.partial import Circumstance
from npverify.reduction.residuals import host_network

Groups = Sequence[Sequence[Endpoint]]
"""Endpoints of one side, by class; each class in the order of the inventory."""


def first_pair(sources: Groups, targets: Groups, how: Circumstance) -> tuple[Endpoint, Endpoint] | None:
    """The first pair by name that can stand to each other in this way; None if there is none."""
    if how.same:
        common = {end for ends in sources for end in ends if end.is_pod} & {end for ends in targets for end in ends}
        first = min(common, key=lambda e: e.key, default=None)
        return None if first is None else (first, first)
    src, dst = sources[0][0], targets[0][0]
    if (host_network(src) and dst.is_pod) or (host_network(dst) and src.is_pod):
        return _first_by_node(sources, targets, how.own_node)
    # Two of each side are enough: at worst the lowest of both sides is one and the same pod.
    low = [(s, t) for s in _lowest(sources, 2) for t in _lowest(targets, 2) if s is not t or s.replicated]
    return min(low, key=_by_name, default=None)


def count_pairs(sources: Groups, targets: Groups, how: Circumstance) -> int:
    """How many pairs of endpoints two groups make, a pod with itself left out; 1 where the pairs depend on the nodes."""
    if how.own_node or how.same:
        return 1
    to = {end for ends in targets for end in ends}
    alone = sum(end in to and not end.replicated for ends in sources for end in ends)
    return sum(map(len, sources)) * len(to) - alone


def on_one_node(a: Endpoint, b: Endpoint) -> bool | None:
    """Whether two endpoints share a node: True if they do or may be chosen so, None where it is not known."""
    if a.on_every_node or b.on_every_node:
        return True
    if a.node is None or b.node is None:
        return None
    return a.node == b.node


def _first_by_node(sources: Groups, targets: Groups, one_node: bool) -> tuple[Endpoint, Endpoint] | None:
    """The first pair on one node (certain ones before possible ones), or that may be on two."""
    best: tuple[bool, tuple[Endpoint, Endpoint]] | None = None
    low_targets = _lowest_by_node(targets)
    for src in _lowest_by_node(sources):
        for dst in low_targets:
            if src is dst and not src.replicated:
                continue
            known = on_one_node(src, dst)
            certain = known is not None
            possible = known is not False if one_node else known is not True or src.on_every_node or dst.on_every_node
            if possible and (best is None or (not certain, _by_name((src, dst))) < (best[0], _by_name(best[1]))):
                best = (not certain, (src, dst))
    return best[1] if best else None


def _lowest_by_node(groups: Groups) -> list[Endpoint]:
    """The two lowest endpoints of each node, and of those whose node is not known."""
    found: dict[tuple[str | None, bool], list[Endpoint]] = {}
    for end in sorted((e for ends in groups for e in ends), key=lambda e: e.key):
        some = found.setdefault((end.node, end.on_every_node), [])
        if len(some) < 2:
            some.append(end)
    return [end for some in found.values() for end in some]


def _lowest(groups: Groups, count: int) -> list[Endpoint]:
    return sorted((end for ends in groups for end in ends[:count]), key=lambda e: e.key)[:count]


def _by_name(pair: Iterable[Endpoint]) -> tuple[tuple[str, ...], ...]:
    return tuple(end.key for end in pair)
