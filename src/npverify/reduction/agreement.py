"""Which policies of two sets say the same, whatever the cluster: compared by whom they select, and no endpoint is asked.

In: two policy sets. Out: the policies of either that may say something else than the other set does. What a set says of an
endpoint that none of these selects is what the other says, as long as both judge the same inventory and see Services alike.
The reverse does not hold. Not trusted: tests hold it against the comparison of all endpoints and against the oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from npverify.normal.policy import Action, Direction, Half, Policy, PolicySet, Stage, Tier
from npverify.normal.predicates import And, Pred
from npverify.reduction.judge import Signature
from npverify.reduction.shapes import Shapes
from npverify.reduction.statements import Statements, Term, cut, without

Differing = tuple[frozenset[Policy], frozenset[Policy]]
"""Policies of the left and of the right set."""


class Agreement(NamedTuple):
    """For each direction the policies that may say something else; None where all of it may be judged otherwise."""

    differing: dict[Direction, Differing | None]

    @property
    def whole(self) -> bool:
        """Whether both sets say the same of everybody."""
        return all(found is not None and not any(found) for found in self.differing.values())

    def on(self, direction: Direction, left: Signature, right: Signature) -> bool:
        """Whether both sets say the same of those whom these policies select."""
        found = self.differing[direction]
        if found is None:
            return False
        return not any(
            entry.policy in some for some, signature in zip(found, (left, right), strict=True) for entry in signature
        )


class Readers:
    """Reads policies of several sets. Guards what their rules say, so that what sets share is read once."""

    def __init__(self) -> None:
        self._shapes = Shapes()
        self._statements = {d: Statements(d, self._shapes) for d in Direction}

    def agreement(self, left: PolicySet, right: PolicySet, go_on: Callable[[], None]) -> Agreement:
        """Where two sets say the same; `go_on` is called now and then, and may raise to end the run."""
        return Agreement({d: self._of_halves(d, left.half(d), right.half(d), go_on) for d in Direction})

    def _of_halves(self, direction: Direction, left: Half, right: Half, go_on: Callable[[], None]) -> Differing | None:
        if list(map(self._frame, left.stages)) != list(map(self._frame, right.stages)):
            return None
        found: tuple[set[Policy], set[Policy]] = (set(), set())
        for stages in zip(left.stages, right.stages, strict=True):
            here, there = ([tier for tier in stage.tiers if tier.policies] for stage in stages)
            go_on()
            if len(here) != len(there):
                pairs: Iterable[tuple[Iterable[Policy], Iterable[Policy]]] = [(_policies(here), _policies(there))]
            else:
                pairs = (self._of_tiers(direction, *tiers) for tiers in zip(here, there, strict=True))
            for one, other in pairs:
                found[0].update(one)
                found[1].update(other)
        return frozenset(found[0]), frozenset(found[1])

    def _frame(self, stage: Stage) -> Hashable:
        """All of a stage that matters for a verdict but its tiers."""
        preds = (stage.applies, stage.before_translation, *(e.match for e in stage.exemptions))
        applies, before, *exempt = map(self._shapes.number, preds)
        return stage.name, applies, before, frozenset(exempt), stage.final, stage.skips, stage.after, stage.hosts

    def _of_tiers(self, direction: Direction, left: Tier, right: Tier) -> tuple[Iterable[Policy], Iterable[Policy]]:
        """The policies of two tiers that may not say the same."""
        here, there = self._read(direction, left), self._read(direction, right)
        if left.no_match is not right.no_match or here.actions != there.actions:
            return left.policies, right.policies
        # of somebody whom policies of the same subjects select, the rules are asked in the same runs
        differ = {
            subject
            for subject in here.by_subject.keys() | there.by_subject.keys()
            if not _alike(here.by_subject.get(subject), there.by_subject.get(subject))
        }
        if not differ:
            return (), ()
        return here.about(differ), there.about(differ)

    def _read(self, direction: Direction, tier: Tier) -> _Read:
        """A tier by whom its policies select."""
        number, statement = self._shapes.number, self._statements[direction].of
        actions: list[Action] = []
        by_subject: dict[int, _Said] = {}
        for policy in tier.policies:
            subject = number(policy.subject)
            said = by_subject.get(subject)
            if said is None:
                given = frozenset(map(number, _conjuncts(policy.subject)))
                said = by_subject[subject] = _Said(given, [], {})
            said.policies.append(policy)
            for rule in policy.rules:
                if rule.action is Action.LOG or not (terms := statement(rule)):
                    continue
                if not actions or actions[-1] is not rule.action:
                    actions.append(rule.action)
                said.runs.setdefault(len(actions), set()).update(without(terms, said.given))
        return _Read(actions, by_subject)


class _Said(NamedTuple):
    """The policies of a tier that select the same, and what they say together in each of its runs of rules, without the
    conditions that are given of whom they select."""

    given: frozenset[int]
    policies: list[Policy]
    runs: dict[int, set[Term]]


class _Read(NamedTuple):
    """A tier: the actions of its rules, neighbours of one action as one run, and what its policies say by subject."""

    actions: list[Action]
    by_subject: dict[int, _Said]

    def about(self, subjects: Iterable[int]) -> Iterator[Policy]:
        """The policies that select so."""
        return chain.from_iterable(self.by_subject[n].policies for n in subjects if n in self.by_subject)


def _alike(one: _Said | None, other: _Said | None) -> bool:
    """Whether policies of one subject certainly say the same. That there are any isolates whom they select, so both sets must
    have some."""
    if one is None or other is None or one.runs.keys() != other.runs.keys():
        return False
    return one.runs == other.runs or all(cut(terms) == cut(other.runs[run]) for run, terms in one.runs.items())


def _conjuncts(pred: Pred) -> tuple[Pred, ...]:
    return pred.parts if isinstance(pred, And) else (pred,)


def _policies(tiers: Sequence[Tier]) -> Iterator[Policy]:
    return chain.from_iterable(tier.policies for tier in tiers)
