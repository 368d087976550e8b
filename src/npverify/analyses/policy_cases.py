"""The cases in which a policy is looked at: who is judged by which policies, and how two ends can stand to each other."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from npverify.analyses.contributions import Case
from npverify.inventory.model import Endpoint, Inventory
from npverify.normal.policy import Direction
from npverify.normal.predicates import FALSE, And, OwnNode, Pred
from npverify.reduction.bitsets import bits
from npverify.reduction.judge import Signature
from npverify.reduction.partial import DIRECT, Circumstance, Virtual
from npverify.reduction.residuals import Residuals, host_network

_SOME_SERVICE = Virtual()
"""A Service of which nothing is known stands for all."""


class Cases:
    """Finds the cases of one reduction. Guards what it looks up once."""

    def __init__(self, inventory: Inventory, residuals: Residuals) -> None:
        self._inventory = inventory
        self._residuals = residuals
        self._alike: dict[Circumstance, bool] = {}
        self.not_judged = {d: self._not_judged(d) for d in Direction}

    def every(self) -> Iterator[Case]:
        """All cases of both directions."""
        found: dict[tuple[Direction, int, object], Case] = {}
        for direction in Direction:
            for c, end in enumerate(self._residuals.classes.representatives):
                if signature := self._residuals.signature(direction, c):
                    one = self.case(direction, signature, end, 1 << c)
                    key = (direction, id(signature), one.aspect)
                    before = found.get(key)
                    found[key] = before._replace(subjects=before.subjects | 1 << c) if before else one
        yield from found.values()

    def case(self, direction: Direction, signature: Signature, subject: Endpoint, subjects: int = 0) -> Case:
        """The case of these subjects (a set of classes), one of whom is given."""
        return Case(direction, signature, subject, self._residuals.aspect(direction, signature, subject), subjects)

    def _not_judged(self, direction: Direction) -> int:
        """The classes that no policy of a direction may select."""
        classes = range(len(self._residuals.classes))
        return sum(1 << c for c in classes if not self._residuals.signature(direction, c))

    def concerned(self, case: Case, how: Circumstance) -> tuple[int, int]:
        """The subjects and the peers who can stand to each other in a way."""
        subjects, peers = case.subjects, self._residuals.bitsets.all
        if how.own_node and not subjects & self.on_hosts:
            peers &= self.on_hosts
        if how.via is not None:
            if case.direction is Direction.EGRESS:
                peers &= self.behind_services
            else:
                subjects &= self.behind_services
        return subjects, peers

    def hows(self, direction: Direction) -> Iterator[Circumstance]:
        """Every way in which two ends can stand to each other, as far as a direction can tell."""
        yield DIRECT
        yield Circumstance(own_node=True)
        yield Circumstance(same=True, via=_SOME_SERVICE)
        if self._residuals.policies.vip_visible is not FALSE:
            yield Circumstance(via=_SOME_SERVICE)
            yield Circumstance(own_node=True, via=_SOME_SERVICE)

    def by_signature(self, direction: Direction, classes: int) -> Iterator[tuple[Signature, int]]:
        """A set of classes, parted by their signatures."""
        found: dict[int, tuple[Signature, int]] = {}
        for c in bits(classes):
            signature = self._residuals.signature(direction, c)
            _, before = found.get(id(signature), (signature, 0))
            found[id(signature)] = signature, before | 1 << c
        yield from found.values()

    def aspects(self, direction: Direction, signature: Signature, classes: int) -> Iterator[Endpoint]:
        """One endpoint of each group of subjects that a signature can tell apart."""
        ends = (self._residuals.classes.representative(c) for c in bits(classes))
        yield from {self._residuals.aspect(direction, signature, end): end for end in ends}.values()

    def exempt_alike(self, how: Circumstance) -> bool:
        """Whether both directions exempt the same flows between two ends that stand to each other like this."""
        found = self._alike.get(how)
        if found is None:
            partial, policies = self._residuals.partial, self._residuals.policies
            egress, ingress = (
                {
                    partial.residual(e.match, d, how)
                    for e in policies.half(d).exemptions
                    if how.own_node or not _own(e.match)
                }
                for d in Direction
            )
            found = self._alike[how] = egress - {FALSE} == ingress - {FALSE}
        return found

    @cached_property
    def on_hosts(self) -> int:
        """The classes of endpoints with the addresses of nodes."""
        return sum(1 << c for c, end in enumerate(self._residuals.classes.representatives) if host_network(end))

    @cached_property
    def behind_services(self) -> int:
        """The classes of which some member is reached through a Service that has an address of its own."""
        services = (s for s in self._inventory.services.values() if not s.headless)
        ends = {b.endpoint for s in services for backends in s.backends.values() for b in backends}
        return sum(1 << c for c in {self._residuals.classes.of[end] for end in ends})


def _own(match: Pred) -> bool:
    """Whether a predicate is false unless one end is on the host network of the other's node."""
    parts = match.parts if isinstance(match, And) else (match,)
    return any(isinstance(part, OwnNode) for part in parts)
