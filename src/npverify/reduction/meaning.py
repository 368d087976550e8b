"""What a signature means, in a form that is equal for policies which say the same in another order or in other pieces.

Two worlds whose meanings for a subject are equal leave the same residual for every peer that both have. The reverse does not
hold: unequal meanings say nothing, and the residuals have to be compared. So most subjects of a copied or translated policy
set are done without a residual.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from npverify.inventory.addresses import FAMILIES, Family
from npverify.inventory.model import Endpoint, EndpointKind
from npverify.normal.policy import Action, Direction, Stage
from npverify.normal.predicates import (
    TRUE,
    Pred,
)
from npverify.reduction.forms import Rectangle
from npverify.reduction.judge import Entry, Signature
from npverify.reduction.looks import EVERYTHING, Looks, family_of_peer, looks_at
from npverify.reduction.partial import Circumstance
from npverify.reduction.peer_sets import PeerSets
from npverify.reduction.pieces import Piece, Pieces, Run, Tiers
from npverify.reduction.residuals import Residuals
from npverify.reduction.sayings import Sayings, Spoken

_ALLOWS: Tiers = ((), True)
"""A stage that lets everything through."""

Meaning = tuple[tuple[int, frozenset[int], tuple[int, frozenset[int], int]], ...]
"""By stage: which others it looks back to, and numbers of where it applies, what it lets through unasked, and its tiers."""


class _Asked(NamedTuple):
    """The entries of a signature in one stage, and what their rules look at."""

    entries: list[Entry]
    looks: Looks


class Meanings:
    """The meanings of one world's signatures. Guards the memos of what its stages and rules say."""

    def __init__(
        self,
        residuals: Residuals,
        side: int,
        pieces: Pieces,
        peer_sets: PeerSets,
        said: Sayings | None = None,
    ) -> None:
        """`said` is what rules say in a world that shares its partitions with this one."""
        self._residuals = residuals
        self._pieces = pieces
        self._forms = peer_sets.forms
        self._said = said or Sayings(residuals, side, pieces, peer_sets)
        self._settled: dict[bool, dict[int, tuple[tuple[int, int], tuple[Spoken, ...]]]] = {True: {}, False: {}}
        self._whole_of: dict[tuple[int, ...], int] = {}
        self._always = pieces.shape(TRUE)
        self._allows = pieces.whole(_ALLOWS)
        self._by_stage: dict[tuple[Direction, int, bool], tuple[_Asked, ...]] = {}
        self._frames: dict[Hashable, tuple[int, frozenset[int]]] = {}
        self._tiers: dict[Hashable, int] = {}
        self._asks = {d: [_gate(stage, d) for stage in residuals.policies.half(d).stages] for d in Direction}
        self._followed = {d: _followed(residuals.policies.half(d).stages) for d in Direction}

    @property
    def said(self) -> Sayings:
        """What rules say in this world."""
        return self._said

    def of(
        self,
        direction: Direction,
        signature: Signature,
        subject: Endpoint,
        how: Circumstance,
        *,
        in_pieces: bool = True,
    ) -> Meaning | None:
        """The meaning for a subject of the signature; None where the peers have to be asked one by one. Of rules it knows
        either the pieces, for `covered`, or what those of one subject allow together: the two do not compare."""
        if how.own_node and self._residuals.by_node:
            return None
        followed = self._followed[direction]
        kept: dict[str, int] = {"": 0}
        found: list[tuple[Stage, tuple[int, frozenset[int], int]]] = []
        stages = self._residuals.policies.half(direction).stages
        for number, (stage, asked) in enumerate(
            zip(stages, self._by_stage_of(direction, signature, in_pieces=in_pieces), strict=True)
        ):
            view = how if how.via is None else replace(how, before_translation=stage.before_translation)
            applies, exempt = self._frame(direction, number, subject, view)
            if applies == self._pieces.nothing or stage.after not in kept:
                continue
            # of a stage that others look back to it matters whether a rule or nobody let a flow through
            said = self._remembered(
                (id(signature), number), stage, asked, direction, subject, view, in_pieces=in_pieces
            )
            if said == self._allows and stage.name not in followed:
                continue
            kept[stage.name] = len(kept)
            found.append((stage, (applies, exempt, said)))
        return tuple((kept[s.after], frozenset(kept[n] for n in s.skips if n in kept), said) for s, said in found)

    def covered(self, meaning: Meaning, families: frozenset[Family]) -> Meaning:
        """A meaning for a subject of these families in a form that does not depend on how its rules are cut; it costs more."""
        return tuple(
            (after, skips, (applies, exempt, self._pieces.covered(said, families)))
            for after, skips, (applies, exempt, said) in meaning
        )

    def families(self, subject: Endpoint) -> frozenset[Family]:
        """The address families that the flows of a subject may be of."""
        if subject.kind is EndpointKind.EXTERNAL:
            return frozenset(FAMILIES)
        return frozenset(a.family for a in subject.addresses) if subject.address_known else self._residuals.families

    def _by_stage_of(self, direction: Direction, signature: Signature, *, in_pieces: bool) -> tuple[_Asked, ...]:
        key = (direction, id(signature), in_pieces)  # signatures are kept by the reduction
        found = self._by_stage.get(key)
        if found is None:
            stages = self._residuals.policies.half(direction).stages
            entries = [[entry for entry in signature if entry.stage == number] for number in range(len(stages))]
            found = self._by_stage[key] = tuple(
                _Asked(
                    own, Looks.of_all({self._said.policy_looks(e.policy, direction, in_pieces=in_pieces) for e in own})
                )
                for own in entries
            )
        return found

    def _frame(
        self, direction: Direction, number: int, subject: Endpoint, view: Circumstance
    ) -> tuple[int, frozenset[int]]:
        """Where a stage applies, and what it lets through unasked."""
        preds, looks = self._asks[direction][number]
        key = (direction, number, self._said.aspect(subject, looks), view)
        found = self._frames.get(key)
        if found is None:
            applies, *exempt = (self._said.piece(pred, direction, subject, view) for pred in preds)
            found = self._frames[key] = (applies, frozenset(exempt) - {self._pieces.nothing})
        return found

    def _remembered(
        self,
        place: tuple[int, int],
        stage: Stage,
        asked: _Asked,
        direction: Direction,
        subject: Endpoint,
        view: Circumstance,
        *,
        in_pieces: bool,
    ) -> int:
        """The number of `_asked`, worked out once for all subjects and circumstances that the rules cannot tell apart."""
        key = (
            place,
            direction,
            self._said.aspect(subject, asked.looks),
            self._said.seen(view, asked.looks, direction),
            in_pieces,
        )
        found = self._tiers.get(key)
        if found is None:
            whole = stage.name in self._followed[direction]
            said = self._asked(stage, asked.entries, direction, subject, view, whole=whole, in_pieces=in_pieces)
            found = self._tiers[key] = self._pieces.whole(said)
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
        in_pieces: bool,
    ) -> Tiers:
        """The tiers that have policies of the subject, and what is said behind them; unless all of it is wanted, only
        up to where no flow gets further."""
        final = stage.final is Action.ALLOW
        found: list[tuple[tuple[Run, ...], frozenset[int] | None]] = []
        for index, tier in enumerate(stage.tiers):
            asked = [entry for entry in entries if entry.tier == index]
            if not asked:
                continue
            runs, ended = self._runs(asked, direction, subject, view, in_pieces=in_pieces)
            selects = frozenset(map(self._pieces.shape, {entry.selects for entry in asked}))
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
        self, asked: list[Entry], direction: Direction, subject: Endpoint, view: Circumstance, *, in_pieces: bool
    ) -> tuple[list[Run], bool]:
        """The rules of a tier, neighbours of one action together, up to one that always matches; whether there is one."""
        runs: list[tuple[Action, dict[tuple[int, int], list[Spoken]]]] = []
        ended = False
        settled = self._settled[in_pieces] if self._plain(view, direction) else {}
        for entry in asked:
            found = settled.get(id(entry))  # entries are kept by the reduction
            if found is None:
                found = self._placed(entry, direction, subject, view, in_pieces=in_pieces)
                looks = self._said.policy_looks(entry.policy, direction, in_pieces=in_pieces)
                if not (looks.ports or looks.kind or looks.identity):
                    settled[id(entry)] = found
            of, parts = found
            for part in parts:
                if not runs or runs[-1][0] is not part.action:
                    runs.append((part.action, {}))
                if part.every and of[0] == self._always:
                    ended = True
                    runs[-1] = (part.action, {})
                    break
                runs[-1][1].setdefault(of, []).append(part)
            if ended:
                break
        return [(action, self._joined(by, in_pieces=in_pieces)) for action, by in runs], ended

    def _placed(
        self, entry: Entry, direction: Direction, subject: Endpoint, view: Circumstance, *, in_pieces: bool
    ) -> tuple[tuple[int, int], tuple[Spoken, ...]]:
        """What an entry says, by when it selects and whom its policy does."""
        chosen = 0 if in_pieces else self._said.chosen(entry.policy, direction)
        of = (self._pieces.shape(entry.selects), chosen)
        return of, self._said.of_policy(entry.policy, direction, subject, view, in_pieces=in_pieces)

    def _plain(self, view: Circumstance, direction: Direction) -> bool:
        """Whether nothing hangs on how the two ends stand to each other."""
        return not any(seen) if isinstance(seen := self._said.seen(view, EVERYTHING, direction), tuple) else False

    def _joined(
        self, by: Mapping[tuple[int, int], list[Spoken]], *, in_pieces: bool
    ) -> frozenset[tuple[int, frozenset[Piece]]] | frozenset[tuple[int, int]]:
        """What is said by when it selects."""
        if in_pieces:
            pieces: dict[int, set[Piece]] = {}
            for (selects, _), parts in by.items():
                pieces.setdefault(selects, set()).update(*(part.said for part in parts))
            return frozenset((selects, frozenset(said)) for selects, said in pieces.items())
        return frozenset((selects, self._whole(parts)) for (selects, _), parts in by.items())

    def _whole(self, parts: list[Spoken]) -> int:
        """The number of what parts allow together."""
        key = tuple(map(id, parts))  # they are kept in the memo of what is spoken
        found = self._whole_of.get(key)
        if found is None:
            found = self._whole_of[key] = self._forms.whole(frozenset[Rectangle]().union(*(p.said for p in parts)))
        return found


def _gate(stage: Stage, direction: Direction) -> tuple[tuple[Pred, ...], Looks]:
    """Where a stage applies and what it lets through unasked, and what these look at."""
    preds = tuple(family_of_peer(p, direction) for p in (stage.applies, *(e.match for e in stage.exemptions)))
    return preds, Looks.of_all(looks_at(pred, direction.subject) for pred in preds)


def _followed(stages: Sequence[Stage]) -> frozenset[str]:
    """The names of stages to which others look back."""
    return frozenset(
        name for stage in stages for name in (stage.after, *((stage.name,) if stage.skips else ())) if name
    )
