"""Which edits did it: told from what decided a flow in both versions.

A flow that passes now is there because a rule lets it through that was written, or because what denied it is gone; one that is
lost, the other way round. Where no policy that decided was edited, it is the endpoints or the plugin that became others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from npverify.analyses.diff.edits import Edits
from npverify.analyses.diff.results import Cause
from npverify.analyses.diff.samples import Seen
from npverify.normal.flow import SideVerdict, Verdict
from npverify.normal.policy import Direction
from npverify.oracle import Oracle


class Causes:
    """Tells causes. Guards the edits and the oracles of both versions."""

    def __init__(self, edits: Edits, oracles: tuple[Oracle, ...]) -> None:
        self._edits = edits
        self._oracles = oracles

    def of(self, flows: Iterable[Seen]) -> tuple[Cause, ...]:
        """The edits behind some flows, those behind most of them first."""
        found = Counter(cause for seen in flows for cause in each_policy_once(self._of_flow(seen)))
        order = {cause: n for n, cause in enumerate(found)}
        return tuple(sorted(found, key=lambda cause: (-found[cause], order[cause])))

    def _of_flow(self, seen: Seen) -> Iterator[Cause]:
        old, new = (self._verdict(seen, w) for w in (0, 1))
        if old is None or new is None:
            for twin in seen.pair:
                if None in twin.sides:
                    yield from self._edits.of_twin(twin)
            return
        told = False
        for direction in Direction:
            sides = [v.egress if direction is Direction.EGRESS else v.ingress for v in (old, new)]
            if sides[0].allowed is not sides[1].allowed:
                for cause in self._of_side(sides[0], sides[1]):
                    told = True
                    yield cause
        if not told:
            yield from self._of_ends(seen)

    def _verdict(self, seen: Seen, w: int) -> Verdict | None:
        flow = seen.flows[w]
        return None if flow is None else self._oracles[w].decide(flow, seen.readings[w])

    def _of_side(self, old: SideVerdict, new: SideVerdict) -> list[Cause]:
        """The edits of policies behind one direction: those that speak now; where none of them was edited, and where a
        selection denies what a rule let through before, those that spoke before."""
        now, before = self._edited(new, 1), self._edited(old, 0)
        if new.because == "rule":
            return now or before
        if old.because == "rule" and new.because == "no rule":
            return [*before, *now] if len(now) == len(new.by) else before or now
        return now or before

    def _edited(self, side: SideVerdict, w: int) -> list[Cause]:
        found = (self._edits.of_policy(by.policy, by.rule, w) for by in side.by)
        return [cause for cause in found if cause is not None]

    def _of_ends(self, seen: Seen) -> Iterator[Cause]:
        told = False
        for twin in seen.pair:
            for cause in self._edits.of_twin(twin):
                told = True
                yield cause
        if not told:
            yield from self._edits.of_settings()


def each_policy_once(causes: Iterable[Cause]) -> list[Cause]:
    """Causes with what is said of one policy in both versions together."""
    found: dict[object, Cause] = {}
    for cause in causes:
        key = (cause.policy or cause.name, cause.status)
        known = found.get(key)
        if known is None:
            found[key] = cause
        elif cause.before is not None:
            found[key] = known._replace(before=cause.before)
        elif known.before is not None:
            found[key] = cause._replace(before=known.before)
    return list(found.values())
