"""What a rule of lint is, and what it may ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from functools import cached_property
from typing import NamedTuple

from npverify.analyses.answers import never
from npverify.analyses.elements import Effect
from npverify.analyses.engine import Engine
from npverify.analyses.few_policies import FewPolicies
from npverify.analyses.lint.findings import Finding, Undecided
from npverify.analyses.lint.name_server import NameServer
from npverify.analyses.policy_sweep import PolicySweep
from npverify.analyses.rule_sweep import RuleSweep
from npverify.analyses.world import World
from npverify.dialects.lint import About, LintFacts
from npverify.normal.policy import Direction, Policy, PolicyId, Tier
from npverify.normal.predicates import Pred
from npverify.smt.solver import Budget, InterruptedByUserError, UndecidedError


class Rule(NamedTuple):
    """A rule: what it tells of itself, and what it finds."""

    about: About
    find: Callable[[Context, About], Iterable[Finding]]


class Context:
    """What the rules look at. Guards the engine, which is made when first asked, and what could not be decided."""

    def __init__(self, world: World, facts: LintFacts, budget: Budget, stop: Callable[[], bool] = never) -> None:
        self.world = world
        self.facts = facts
        self.undecided: list[Undecided] = []
        # what several rules look at, found when first asked for, with what could not be decided of it
        self.redundant: tuple[frozenset[PolicyId], tuple[Undecided, ...]] | None = None
        self.effects: tuple[tuple[Effect, ...], tuple[Undecided, ...]] | None = None
        self._taken_apart: tuple[frozenset[PolicyId], frozenset[PolicyId]] = (frozenset(), frozenset())
        self.budget = budget
        self._stop = stop

    @cached_property
    def engine(self) -> Engine:
        """The machinery of proofs over the world."""
        return Engine(self.world, self.budget, self._stop)

    @cached_property
    def sweep(self) -> PolicySweep:
        """What each policy changes, for all policies at once."""
        engine = self.engine
        return PolicySweep(self.world.inventory, engine.residuals, engine.obligations.premises, engine.candidates)

    @cached_property
    def few(self) -> FewPolicies:
        """What each policy changes beside a few others alone."""
        return FewPolicies(self.engine, self.sweep)

    @cached_property
    def rules(self) -> RuleSweep:
        """What each rule changes."""
        return RuleSweep(self.world, self.budget, self._stop)

    @cached_property
    def elements_of(self) -> Mapping[PolicyId, Sequence[PolicyId]]:
        """Policy to the names of what it is taken apart into: what selects, and its rules."""
        found: dict[PolicyId, list[PolicyId]] = {}
        for name, element in self.rules.elements.items():
            found.setdefault(element.owner, []).append(name)
        return found

    def elements_of_all(self, policies: frozenset[PolicyId]) -> frozenset[PolicyId]:
        """The names of what these are taken apart into; the same set while the same policies are asked about."""
        if self._taken_apart[0] is not policies:
            names = (name for policy in policies for name in self.elements_of.get(policy, ()))
            self._taken_apart = policies, frozenset(names)
        return self._taken_apart[1]

    @cached_property
    def with_pods(self) -> Set[str]:
        """The namespaces that have pods."""
        return {pod.namespace for pod in self.world.inventory.pods}

    @cached_property
    def parts_of(self) -> Mapping[PolicyId, Sequence[tuple[Direction, Tier, Policy]]]:
        """Policy to what it says in each direction, and in which tier."""
        found: dict[PolicyId, list[tuple[Direction, Tier, Policy]]] = {}
        for direction in Direction:
            for tier in self.world.policies.half(direction).tiers:
                for policy in tier.policies:
                    found.setdefault(policy.id, []).append((direction, tier, policy))
        return found

    @cached_property
    def in_force(self) -> Sequence[Policy]:
        """One part of each policy that is in force, by its name."""
        return [self.parts_of[id_][-1][2] for id_ in sorted(self.parts_of)]

    @cached_property
    def of_subject(self) -> Mapping[tuple[Direction, Pred], Sequence[tuple[Tier, Policy]]]:
        """The policies of a direction that have a subject."""
        found: dict[tuple[Direction, Pred], list[tuple[Tier, Policy]]] = {}
        for direction, tier, policy in (place for places in self.parts_of.values() for place in places):
            found.setdefault((direction, policy.subject), []).append((tier, policy))
        return found

    @cached_property
    def name_server(self) -> NameServer:
        """Whether pods may ask for names."""
        return NameServer(self.world, self.budget, self.engine)

    def go_on(self) -> None:
        """Raises InterruptedByUserError where nobody waits for an answer any more."""
        if self._stop():
            raise InterruptedByUserError

    @contextmanager
    def deciding(self, about: About, what: str) -> Iterator[None]:
        """A question of a rule; if the budget is spent the rule goes on without an answer, and that is noted."""
        try:
            yield
        except UndecidedError as gave_up:
            self.undecided.append(Undecided(about, f"{what}: {gave_up}"))

    @contextmanager
    def aside(self) -> Iterator[list[Undecided]]:
        """What is not decided in here is noted in a list of its own: a rule that asks in passing does not tell it."""
        before, self.undecided = self.undecided, []
        try:
            yield self.undecided
        finally:
            self.undecided = before

    @cached_property
    def selecting(self) -> dict[Policy, int]:
        """The set of classes that each part of a policy may select."""
        found: dict[Policy, int] = {}
        residuals = self.engine.residuals
        for direction in Direction:
            for c in range(len(residuals.classes)):
                for entry in residuals.signature(direction, c):
                    found[entry.policy] = found.get(entry.policy, 0) | 1 << c
        return found

    def selected(self, *policies: Policy) -> int:
        """The set of classes that all of these may select."""
        found = self.engine.residuals.bitsets.all
        for policy in policies:
            found &= self.selecting.get(policy, 0)
        return found

    def any_of(self, policies: Iterable[Policy]) -> int:
        """The set of classes that some of these may select."""
        found = 0
        for policy in policies:
            found |= self.selecting.get(policy, 0)
        return found
