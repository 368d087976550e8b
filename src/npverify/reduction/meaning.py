"""What a signature means, in a form that is equal for policies which say the same in another order or in other pieces.

Two worlds whose meanings for a subject are equal leave the same residual for every peer that both have. The reverse does not
hold: unequal meanings say nothing, and the residuals have to be compared. So most subjects of a copied or translated policy
set are done without a residual.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from typing import NamedTuple

from npverify.inventory.model import Endpoint
from npverify.normal.policy import Action, Direction, Rule, Stage
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    And,
    NamedPortIs,
    NodeIs,
    Or,
    OwnNode,
    PortIn,
    Pred,
    SelfTraffic,
    Side,
    and_,
    atoms_of,
)
from npverify.reduction.bitsets import Parts
from npverify.reduction.partial import DIRECT, Circumstance
from npverify.reduction.residuals import Entry, Residuals, Signature, ends
from npverify.reduction.shapes import Shapes
from npverify.reduction.twins import Twins

_MOST_PIECES = 256
"""A rule that falls into more pieces is compared as a whole."""

_ALLOWS: Hashable = ((), True)
"""A stage that lets everything through."""

Piece = tuple[int, int]
"""Numbers of what a rule asks of the peer and of the packet, in all peers that count."""

Run = tuple[Action, frozenset[tuple[int, frozenset[Piece]]]]
"""Rules of one action: by the number of what selects the subject, the pieces of which any is enough. None: always."""


class Pieces:
    """Numbers what predicates say of the peers that both worlds have. Guards the numbers, one table for both worlds."""

    def __init__(self, twins: Twins, shapes: Shapes) -> None:
        self._twins = twins
        self._shapes = shapes
        self._peers = twins.common & ~twins.unlike
        self._numbers: dict[Hashable, int] = {}
        self._of_parts: dict[tuple[int, int], int] = {}
        self.nothing = self._number(((self._peers, FALSE),), 0)
        self.everything = self._number(((self._peers, TRUE),), 0)

    def of(self, parts: Parts, side: int) -> int:
        """The number of a partition of one world, which must be kept by who made it."""
        key = (id(parts), side)
        found = self._of_parts.get(key)
        if found is None:
            found = self._of_parts[key] = self._number(parts, side)
        return found

    def shape(self, pred: Pred) -> int:
        """The number of a predicate that looks at no peer."""
        return self._shapes.number(pred)

    def _number(self, parts: Parts, side: int) -> int:
        said: dict[int, int] = {}
        for classes, left in parts:
            if both := self._twins.joint(side, classes) & self._peers:
                shape = self._shapes.number(left)
                said[shape] = said.get(shape, 0) | both
        return self._numbers.setdefault(frozenset(said.items()), len(self._numbers))


class _Looks(NamedTuple):
    """What a rule looks at of a subject: its named ports, more of it, and how the two ends stand to each other."""

    ports: bool
    more: bool
    circumstance: bool


class Meanings:
    """The meanings of one world's signatures. Guards the memo of what its rules say."""

    def __init__(self, residuals: Residuals, side: int, pieces: Pieces) -> None:
        self._residuals = residuals
        self._side = side
        self._pieces = pieces
        self._always = pieces.shape(TRUE)
        self._rules: dict[Hashable, frozenset[Piece]] = {}
        self._parts: dict[Hashable, frozenset[int]] = {}
        self._looks: dict[Rule, _Looks] = {}
        self._tiers: dict[Hashable, Hashable] = {}

    def of(self, direction: Direction, signature: Signature, subject: Endpoint, how: Circumstance) -> Hashable:
        """The meaning for a subject of the signature; equal to no other where the peers have to be asked one by one."""
        if how.own_node and self._residuals.by_node:
            return object()
        half = self._residuals.policies.half(direction)
        followed = {
            name for stage in half.stages for name in (stage.after, *((stage.name,) if stage.skips else ())) if name
        }
        kept: dict[str, int] = {"": 0}
        found: list[tuple[Stage, Hashable]] = []
        for number, stage in enumerate(half.stages):
            view = replace(how, before_translation=stage.before_translation and how.via is not None)
            applies = self._piece(stage.applies, direction, subject, view)
            if applies == self._pieces.nothing or stage.after not in kept:
                continue
            # of a stage that others look back to it matters whether a rule or nobody let a flow through
            asked = self._remembered(signature, number, stage, direction, subject, view, stage.name in followed)
            if asked == _ALLOWS and stage.name not in followed:
                continue
            kept[stage.name] = len(kept)
            exempt = frozenset(self._piece(e.match, direction, subject, view) for e in stage.exemptions)
            found.append((stage, (applies, exempt - {self._pieces.nothing}, asked)))
        return tuple((kept[s.after], frozenset(kept[n] for n in s.skips if n in kept), said) for s, said in found)

    def _remembered(
        self,
        signature: Signature,
        number: int,
        stage: Stage,
        direction: Direction,
        subject: Endpoint,
        view: Circumstance,
        whole: bool,
    ) -> Hashable:
        """`_asked`, once for all subjects and circumstances that the rules cannot tell apart."""
        entries = [entry for entry in signature if entry.stage == number]
        looks = [self._looks_of(rule, direction) for entry in entries for rule in entry.rules]
        ports = tuple(p for p in subject.ports if p.name) if any(each.ports for each in looks) else None
        more = self._residuals.classes.of[subject] if any(each.more for each in looks) else None
        alike = view.via is None and not any(each.circumstance for each in looks)
        # signatures are kept by the reduction
        key = (id(signature), number, direction, ports, more, subject.kind, DIRECT if alike else view)
        found = self._tiers.get(key)
        if found is None:
            found = self._tiers[key] = self._asked(stage, entries, direction, subject, view, whole=whole)
        return found

    def _asked(
        self,
        stage: Stage,
        entries: list[Entry],
        direction: Direction,
        subject: Endpoint,
        view: Circumstance,
        *,
        whole: bool,
    ) -> Hashable:
        """The tiers that have policies of the subject, and what is said behind them; unless all of it is wanted, only
        up to where no flow gets further."""
        final = stage.final is Action.ALLOW
        found: list[Hashable] = []
        for index, tier in enumerate(stage.tiers):
            asked = [entry for entry in entries if entry.tier == index]
            if not asked:
                continue
            runs, ended = self._runs(asked, direction, subject, view)
            selects = frozenset(self._pieces.shape(entry.selects) for entry in asked)
            denies = tier.no_match is Action.DENY
            last = not whole and all(action is not Action.PASS for action, _ in runs)
            if last and ended:
                action, _ = runs.pop()
                denies, final = False, action is Action.ALLOW
            elif last and denies and self._always in selects:
                denies, ended, final = False, True, False
            if last and ended:
                while runs and (runs[-1][0] is Action.ALLOW) is final:
                    runs.pop()
            if runs or denies:
                found.append((tuple(runs), selects if denies else None))
            if last and ended:
                break
        return (tuple(found), final)

    def _runs(
        self, asked: list[Entry], direction: Direction, subject: Endpoint, view: Circumstance
    ) -> tuple[list[Run], bool]:
        """The rules of a tier, neighbours of one action together, up to one that always matches; whether there is one."""
        runs: list[tuple[Action, dict[int, set[Piece]]]] = []
        always, everything = self._always, self._pieces.everything
        ended = False
        for entry, rule in ((e, r) for e in asked for r in e.rules if r.action is not Action.LOG):
            said = self._said(rule, direction, subject, view)
            if not said:
                continue
            selects = self._pieces.shape(entry.selects)
            ended = selects == always and (everything, everything) in said
            if not runs or runs[-1][0] is not rule.action:
                runs.append((rule.action, {}))
            if ended:
                runs[-1] = (rule.action, {})
                break
            runs[-1][1].setdefault(selects, set()).update(said)
        return [(action, frozenset((s, frozenset(said)) for s, said in by.items())) for action, by in runs], ended

    def _said(self, rule: Rule, direction: Direction, subject: Endpoint, view: Circumstance) -> frozenset[Piece]:
        """What a rule asks of peers and packets, as pieces of which any is enough."""
        looks = self._looks_of(rule, direction)
        of_subject = (
            tuple(p for p in subject.ports if p.name) if looks.ports else None,
            (subject.kind, self._residuals.classes.of[subject]) if looks.more else None,
        )
        key = (rule, view if looks.circumstance or view.via is not None else DIRECT, of_subject)
        found = self._rules.get(key)
        if found is None:
            found = self._rules[key] = frozenset(self._pieces_of(rule, direction, subject, view))
        return found

    def _looks_of(self, rule: Rule, direction: Direction) -> _Looks:
        found = self._looks.get(rule)
        if found is None:
            asked = [_looks_at(pred, direction.subject) for pred in (rule.peer, rule.traffic)]
            found = self._looks[rule] = _Looks(*(any(said) for said in zip(*asked, strict=True)))
        return found

    def _pieces_of(self, rule: Rule, direction: Direction, subject: Endpoint, view: Circumstance) -> Iterator[Piece]:
        peers, packets = (self._parted(pred, direction, subject, view) for pred in (rule.peer, rule.traffic))
        for peer in peers:
            for packet in packets:
                yield peer, packet

    def _parted(self, pred: Pred, direction: Direction, subject: Endpoint, view: Circumstance) -> frozenset[int]:
        """A predicate as numbers of pieces of which any is enough."""
        known = self._known(pred, direction, subject, view)
        key = (known, direction, view)
        found = self._parts.get(key)
        if found is None:
            numbers = {self._numbered(piece, direction, view) for piece in disjuncts(known)}
            whole = self._pieces.everything in numbers
            found = frozenset({self._pieces.everything} if whole else numbers - {self._pieces.nothing})
            self._parts[key] = found
        return found

    def _numbered(self, known: Pred, direction: Direction, view: Circumstance) -> int:
        return self._pieces.of(self._residuals.bitsets.parts(known, direction.peer, view), self._side)

    def _piece(self, pred: Pred, direction: Direction, subject: Endpoint, view: Circumstance) -> int:
        return self._numbered(self._known(pred, direction, subject, view), direction, view)

    def _known(self, pred: Pred, direction: Direction, subject: Endpoint, view: Circumstance) -> Pred:
        looks = _looks_at(pred, direction.subject)
        if not (looks.ports or looks.more):
            return pred
        return self._residuals.partial.residual(pred, direction, view, **ends(direction, subject))


@cache
def disjuncts(pred: Pred) -> tuple[Pred, ...]:
    """Predicates of which any is enough for `pred`, as small as they are without growing beyond bounds."""
    if isinstance(pred, Or):
        return tuple(dict.fromkeys(piece for part in pred.parts for piece in disjuncts(part)))
    if isinstance(pred, And):
        parts = [disjuncts(part) for part in pred.parts]
        count = 1
        for pieces in parts:
            count *= len(pieces)
        if 1 < count <= _MOST_PIECES:
            return tuple(dict.fromkeys(and_(*choice) for choice in product(*parts)))
    return (pred,)


@cache
def _looks_at(pred: Pred, side: Side) -> _Looks:
    """What a predicate asks of the subject; that it asks for a port of the packet is not about the subject."""
    ports = more = circumstance = False
    for atom in atoms_of(pred):
        of_subject = getattr(atom, "side", None) is side
        ports |= of_subject and isinstance(atom, NamedPortIs)
        more |= (of_subject and not isinstance(atom, PortIn | NamedPortIs)) or isinstance(atom, NodeIs)
        circumstance |= isinstance(atom, SelfTraffic | OwnNode | NodeIs)
    return _Looks(ports, more, circumstance)
