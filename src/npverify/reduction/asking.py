"""What the policies of a signature ask, got ready once for all whom its subjects meet."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import NamedTuple

from npverify.inventory.model import ContainerPort, Endpoint
from npverify.normal.policy import Direction, Half, Policy
from npverify.normal.predicates import Pred
from npverify.reduction.classes import Classes
from npverify.reduction.glance import looks_at_identity
from npverify.reduction.judge import Entry, Signature
from npverify.reduction.partial import Circumstance


class Ready(NamedTuple):
    """What a signature asks: where its policies stand and when they select, each once, and whether it is asked who the subject
    is beyond that."""

    signature: Signature
    places: tuple[tuple[int, int, Pred], ...]
    own: bool


class AtStage(NamedTuple):
    """How a stage sees the flows that are asked about, what it asks itself, and what is `settled` for all peers."""

    view: Circumstance
    tests: tuple[Pred, ...]
    settled: dict[Pred, Pred | None]


class Interned:
    """Guards which signatures there are: equal ones are the same object, which is kept."""

    def __init__(self) -> None:
        self._known: dict[Signature, Signature] = {}

    def one(self, entries: Iterable[Entry]) -> Signature:
        """The signature of some entries."""
        return self._known.setdefault(signature := tuple(entries), signature)


class Askers:
    """The signatures of a direction. Guards what of them is got ready."""

    def __init__(self, direction: Direction, half: Half, interned: Interned, classes: Classes, by_node: bool) -> None:
        """`by_node`: some policy asks where an endpoint runs."""
        self._side = direction.subject
        self._interned = interned
        self._of = classes.of
        self._by_node = by_node
        looks: dict[Hashable, int] = {}
        # kind and named ports of each class, as a number
        self._looks = [looks.setdefault((end.kind, named_ports(end)), len(looks)) for end in classes.representatives]
        preds = (p for stage in half.stages for p in (stage.applies, *(e.match for e in stage.exemptions)))
        self._stages_ask = any(looks_at_identity(p, self._side) for p in preds)
        # what is kept in signatures has ids that no others can take
        self._asks: dict[int, bool] = {}
        self._ready: dict[int, Ready] = {}

    def ready(self, signature: Signature) -> Ready:
        """A signature got ready; the same object for equal ones."""
        found = self._ready.get(id(signature))
        if found is None or found.signature is not signature:
            signature = self._interned.one(signature)
            found = self._ready.get(id(signature))
            if found is None:
                made = Ready(signature, places_of(signature), self._asks_who(signature))
                found = self._ready[id(signature)] = made
        return found

    def aspect(self, ready: Ready, c: int) -> int:
        """Equal for subjects of a signature for which the direction leaves the same: kind and named ports of their class, and
        the class where it is asked who the subject is beyond its selection."""
        return ~c if ready.own or self._by_node else self._looks[c]

    def aspect_of(self, ready: Ready, subject: Endpoint) -> int:
        """`aspect` of the class of an endpoint."""
        return self.aspect(ready, self._of[subject])

    def _asks_who(self, signature: Signature) -> bool:
        """Whether a direction looks at who the subject of a signature is."""
        known = self._asks
        try:
            return self._stages_ask or any(known[id(entry)] for entry in signature)
        except KeyError:
            for entry in signature:
                if id(entry) not in known:
                    preds = (p for rule in entry.rules for p in (rule.peer, rule.traffic))
                    known[id(entry)] = any(looks_at_identity(p, self._side) for p in preds)
            return self._asks_who(signature)


def named_ports(end: Endpoint) -> tuple[ContainerPort, ...]:
    """The ports of an endpoint that have a name."""
    return tuple([p for p in end.ports if p.name])


def places_of(signature: Signature) -> tuple[tuple[int, int, Pred], ...]:
    """Where the policies of a signature stand and when they select, each once."""
    return tuple(dict.fromkeys([(stage, tier, selects) for stage, tier, _, selects, _ in signature]))


def placed(half: Half) -> Iterator[tuple[tuple[int, int], Policy]]:
    """The policies of a direction, in the order in which they are asked, each with the numbers of its stage and tier."""
    for number, stage in enumerate(half.stages):
        for index, tier in enumerate(stage.tiers):
            for policy in tier.policies:
                yield (number, index), policy
