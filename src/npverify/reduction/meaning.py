"""What a signature means, in a form that is equal for policies which say the same in another order or in other pieces.

Two worlds whose meanings for a subject are equal leave the same residual for every peer that both have. The reverse does not
hold: unequal meanings say nothing, and the residuals have to be compared. So most subjects of a copied or translated policy
set are done without a residual.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from npverify.inventory.addresses import FAMILIES, Family
from npverify.inventory.model import Endpoint, EndpointKind
from npverify.normal.policy import Action, Direction, Policy, Rule, Stage
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    AddressIn,
    AddressOwnedBy,
    And,
    HttpIs,
    IcmpIs,
    KindIs,
    NamedPortIs,
    NodeIs,
    OwnNode,
    PortIn,
    Pred,
    ProtocolIs,
    SelfTraffic,
    Side,
    UnknownIn,
    address_in,
    and_,
    atoms_of,
    substitute,
)
from npverify.reduction.bitsets import Parts
from npverify.reduction.forms import NEVER, Rectangle
from npverify.reduction.judge import Entry, Signature
from npverify.reduction.partial import DIRECT, Circumstance
from npverify.reduction.peer_sets import PeerSets
from npverify.reduction.pieces import Piece, Pieces, Run, Tiers, disjuncts
from npverify.reduction.residuals import Residuals, ends

_ALLOWS: Tiers = ((), True)
"""A stage that lets everything through."""

Meaning = tuple[tuple[int, frozenset[int], tuple[int, frozenset[int], int]], ...]
"""By stage: which others it looks back to, and numbers of where it applies, what it lets through unasked, and its tiers."""


class _Looks(NamedTuple):
    """What predicates look at of a subject: its named ports, its kind, who it is; and whether at a pod that talks to itself
    directly or through a Service, at two ends on one node, at which node, and at ports and addresses of the destination."""

    ports: bool = False
    kind: bool = False
    identity: bool = False
    itself: bool = False
    through: bool = False
    near: bool = False
    node: bool = False
    to_port: bool = False
    to_address: bool = False

    @classmethod
    def of_all(cls, looks: Iterable[_Looks]) -> _Looks:
        """What any of some looks at."""
        return cls(*(any(said) for said in zip(cls(), *looks, strict=True)))


_EVERYTHING = _Looks(*[True] * len(_Looks._fields))


class _Asked(NamedTuple):
    """The entries of a signature in one stage, and what their rules look at."""

    entries: list[Entry]
    looks: _Looks


class _Spoken(NamedTuple):
    """Rules of a policy that have one action: what they match, and whether that is everything."""

    action: Action
    said: frozenset[Piece]
    every: bool


class Meanings:
    """The meanings of one world's signatures. Guards the memos of what its stages and rules say."""

    def __init__(self, residuals: Residuals, side: int, pieces: Pieces, peer_sets: PeerSets) -> None:
        self._residuals = residuals
        self._side = side
        self._pieces = pieces
        self._forms = peer_sets.forms
        self._peer_sets = peer_sets
        self._packets_of: dict[Hashable, tuple[tuple[int, int], ...]] = {}
        self._formed: dict[Hashable, frozenset[Rectangle]] = {}
        self._subjects: dict[Policy, int] = {}
        self._settled: dict[bool, dict[int, tuple[tuple[int, int], tuple[_Spoken, ...]]]] = {True: {}, False: {}}
        self._whole_of: dict[tuple[int, ...], int] = {}
        self._spoke: dict[Hashable, tuple[_Spoken, ...]] = {}
        self._policy_looks: dict[tuple[Policy, bool], _Looks] = {}
        self._always = pieces.shape(TRUE)
        self._allows = pieces.whole(_ALLOWS)
        self._rules: dict[Hashable, frozenset[Piece]] = {}
        self._parts: dict[Hashable, frozenset[int]] = {}
        self._looks: dict[tuple[Rule, bool], _Looks] = {}
        self._by_stage: dict[tuple[Direction, int, bool], tuple[_Asked, ...]] = {}
        self._frames: dict[Hashable, tuple[int, frozenset[int]]] = {}
        self._tiers: dict[Hashable, int] = {}
        self._asks = {d: [_gate(stage, d) for stage in residuals.policies.half(d).stages] for d in Direction}
        self._followed = {d: _followed(residuals.policies.half(d).stages) for d in Direction}

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
                _Asked(own, _Looks.of_all({self._of_policy(e.policy, direction, in_pieces=in_pieces) for e in own}))
                for own in entries
            )
        return found

    def _frame(
        self, direction: Direction, number: int, subject: Endpoint, view: Circumstance
    ) -> tuple[int, frozenset[int]]:
        """Where a stage applies, and what it lets through unasked."""
        preds, looks = self._asks[direction][number]
        key = (direction, number, self._aspect(subject, looks), view)
        found = self._frames.get(key)
        if found is None:
            applies, *exempt = (self._piece(pred, direction, subject, view) for pred in preds)
            found = self._frames[key] = (applies, frozenset(exempt) - {self._pieces.nothing})
        return found

    def _aspect(self, subject: Endpoint, looks: _Looks) -> Hashable:
        """Equal for subjects of which nothing that is looked at can tell one from the other."""
        return (
            tuple(p for p in subject.ports if p.name) if looks.ports else None,
            subject.kind if looks.kind or looks.identity else None,
            self._residuals.classes.of[subject] if looks.identity else None,
        )

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
            self._aspect(subject, asked.looks),
            self._seen(view, asked.looks, direction),
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
        runs: list[tuple[Action, dict[tuple[int, int], list[_Spoken]]]] = []
        ended = False
        settled = self._settled[in_pieces] if self._plain(view, direction) else {}
        for entry in asked:
            found = settled.get(id(entry))  # entries are kept by the reduction
            if found is None:
                found = self._placed(entry, direction, subject, view, in_pieces=in_pieces)
                looks = self._of_policy(entry.policy, direction, in_pieces=in_pieces)
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
    ) -> tuple[tuple[int, int], tuple[_Spoken, ...]]:
        """What an entry says, by when it selects and whom its policy does."""
        chosen = 0 if in_pieces else self._chosen(entry.policy, direction)
        of = (self._pieces.shape(entry.selects), chosen)
        return of, self._spoken(entry.policy, direction, subject, view, in_pieces=in_pieces)

    def _plain(self, view: Circumstance, direction: Direction) -> bool:
        """Whether nothing hangs on how the two ends stand to each other."""
        return not any(seen) if isinstance(seen := self._seen(view, _EVERYTHING, direction), tuple) else False

    def _joined(
        self, by: Mapping[tuple[int, int], list[_Spoken]], *, in_pieces: bool
    ) -> frozenset[tuple[int, frozenset[Piece] | int]]:
        """What is said by when it selects."""
        if in_pieces:
            pieces: dict[int, set[Piece]] = {}
            for (selects, _), parts in by.items():
                pieces.setdefault(selects, set()).update(*(part.said for part in parts))
            return frozenset((selects, frozenset(said)) for selects, said in pieces.items())
        return frozenset((selects, self._whole(parts)) for (selects, _), parts in by.items())

    def _whole(self, parts: list[_Spoken]) -> int:
        """The number of what parts allow together."""
        key = tuple(map(id, parts))  # they are kept in the memo of what is spoken
        found = self._whole_of.get(key)
        if found is None:
            found = self._whole_of[key] = self._forms.whole(frozenset().union(*(part.said for part in parts)))
        return found

    def _spoken(
        self, policy: Policy, direction: Direction, subject: Endpoint, view: Circumstance, *, in_pieces: bool
    ) -> tuple[_Spoken, ...]:
        """The rules of a policy, neighbours of one action together, up to one that matches whoever and whatever is asked."""
        looks = self._of_policy(policy, direction, in_pieces=in_pieces)
        key = (policy, self._seen(view, looks, direction), self._aspect(subject, looks), in_pieces)
        found = self._spoke.get(key)
        if found is None:
            everything = (self._pieces.everything, self._pieces.everything) if in_pieces else self._forms.everything
            parts: list[tuple[Action, set[Piece]]] = []
            for rule in policy.rules:
                if rule.action is Action.LOG:
                    continue
                said = (self._said if in_pieces else self._rectangles)(rule, direction, subject, view)
                if not said:
                    continue
                if not parts or parts[-1][0] is not rule.action:
                    parts.append((rule.action, set()))
                parts[-1][1].update(said)
                if everything in said:
                    break
            found = self._spoke[key] = tuple(
                _Spoken(action, frozenset(said), everything in said) for action, said in parts
            )
        return found

    def _chosen(self, policy: Policy, direction: Direction) -> int:
        """The number of the subjects of a policy: what several policies of the same say, they say together."""
        found = self._subjects.get(policy)
        if found is None:
            parts = self._residuals.bitsets.parts(policy.subject, direction.subject, DIRECT)
            found = self._subjects[policy] = self._pieces.of(parts, self._side)
        return found

    def _rectangles(
        self, rule: Rule, direction: Direction, subject: Endpoint, view: Circumstance
    ) -> frozenset[Rectangle]:
        """What a rule asks of peers and packets, as rectangles."""
        looks = self._looks_of(rule, direction, in_pieces=False)
        who, packets = turned(rule.peer, rule.traffic, direction)
        key = (who, packets, self._seen(view, looks, direction), self._aspect(subject, looks))
        found = self._formed.get(key)
        if found is None:
            peers = self._peer_sets.number(self._known(who, direction, subject, view), direction.peer, view)
            each = self._packets(packets, direction, subject, view)
            pairs = ((peers if len(each) == 1 else self._forms.within(peers, some), n) for some, n in each)
            found = frozenset((some, n) for some, n in pairs if some != self._forms.nobody and n != NEVER)
            self._formed[key] = found
        return found

    def _packets(
        self, traffic: Pred, direction: Direction, subject: Endpoint, view: Circumstance
    ) -> tuple[tuple[int, int], ...]:
        """Sets of peers, everybody together, with the number of the packets that are meant of each."""
        looks = _looks_at(traffic, direction.subject)
        key = (traffic, direction, self._seen(view, looks, direction), self._aspect(subject, looks))
        found = self._packets_of.get(key)
        if found is None:
            known = self._known(traffic, direction, subject, view)
            parts: Parts = ((self._residuals.bitsets.all, known),)
            if not _about_packets(known) or not isinstance(key[2], tuple):
                parts = self._residuals.bitsets.parts(known, direction.peer, view)
            found = tuple((self._peer_sets.joint(classes), self._forms.line(left, None)) for classes, left in parts)
            self._packets_of[key] = found
        return found

    def _seen(self, view: Circumstance, looks: _Looks, direction: Direction) -> Hashable:
        """Equal for circumstances that what is looked at cannot tell apart."""
        if view.via is not None:
            translated = view.before_translation is not FALSE and (looks.to_port or looks.to_address)
            shows = direction is Direction.EGRESS and self._residuals.policies.vip_visible is not FALSE
            if translated or (shows and looks.to_address):
                return view
        alone = looks.itself if view.via is None else looks.through
        return (
            view.same and (looks.identity or looks.node),
            view.same and alone and (view.via is not None),
            view.same and alone and view.via is None,
            view.own_node and looks.near,
        )

    def _said(self, rule: Rule, direction: Direction, subject: Endpoint, view: Circumstance) -> frozenset[Piece]:
        """What a rule asks of peers and packets, as pieces of which any is enough."""
        looks = self._looks_of(rule, direction, in_pieces=True)
        key = (rule, self._seen(view, looks, direction), self._aspect(subject, looks))
        found = self._rules.get(key)
        if found is None:
            found = self._rules[key] = frozenset(self._pieces_of(rule, direction, subject, view))
        return found

    def _looks_of(self, rule: Rule, direction: Direction, *, in_pieces: bool) -> _Looks:
        found = self._looks.get((rule, in_pieces))
        if found is None:
            both = (rule.peer, rule.traffic) if in_pieces else turned(rule.peer, rule.traffic, direction)
            found = self._looks[rule, in_pieces] = _Looks.of_all(_looks_at(pred, direction.subject) for pred in both)
        return found

    def _of_policy(self, policy: Policy, direction: Direction, *, in_pieces: bool) -> _Looks:
        found = self._policy_looks.get((policy, in_pieces))
        if found is None:
            found = _Looks.of_all(self._looks_of(rule, direction, in_pieces=in_pieces) for rule in policy.rules)
            self._policy_looks[policy, in_pieces] = found
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
        if not (looks.ports or looks.kind or looks.identity):
            return pred
        return self._residuals.partial.residual(pred, direction, view, **ends(direction, subject))


@cache
def _looks_at(pred: Pred, side: Side) -> _Looks:
    """What a predicate asks of the subject; that it asks for a port of the packet is not about the subject."""
    ports = kind = identity = itself = through = near = node = to_port = to_address = False
    for atom in atoms_of(pred):
        of_subject = getattr(atom, "side", None) is side and not isinstance(atom, PortIn)
        ports |= of_subject and isinstance(atom, NamedPortIs)
        kind |= of_subject and isinstance(atom, KindIs | AddressOwnedBy | OwnNode)
        identity |= of_subject and not isinstance(atom, NamedPortIs | KindIs | AddressOwnedBy | OwnNode)
        identity |= isinstance(atom, NodeIs)
        itself |= isinstance(atom, SelfTraffic) and not atom.via_service
        through |= isinstance(atom, SelfTraffic) and atom.via_service
        near |= isinstance(atom, OwnNode | NodeIs)
        node |= isinstance(atom, NodeIs)
        to_port |= isinstance(atom, PortIn | NamedPortIs) and atom.side is Side.DST
        to_address |= isinstance(atom, AddressIn | AddressOwnedBy) and atom.side is Side.DST
    return _Looks(ports, kind, identity, itself, through, near, node, to_port, to_address)


@cache
def turned(peer: Pred, traffic: Pred, direction: Direction) -> tuple[Pred, Pred]:
    """A rule in the same two parts whatever dialect it comes from: what it asks of the packet alone is asked of the traffic,
    all else of the peer. Both ends of a flow have one address family, so that of the subject is asked of the peer."""

    def of_peer(atom: Pred) -> Pred:
        family = isinstance(atom, AddressIn) and atom.side is direction.subject and atom.prefix.length == 0
        return address_in(direction.peer, atom.prefix) if isinstance(atom, AddressIn) and family else atom

    parts: tuple[list[Pred], list[Pred]] = ([], [])
    for n, whole in enumerate((peer, traffic)):
        seen = substitute(whole, of_peer)
        for part in seen.parts if isinstance(seen, And) else (seen,):
            kinds = {isinstance(atom, _OF_PACKETS) for atom in atoms_of(part) if not isinstance(atom, UnknownIn)}
            parts[n if len(kinds) == 2 else kinds == {True}].append(part)
    return and_(*parts[0]), and_(*parts[1])


@cache
def _about_packets(pred: Pred) -> bool:
    """Whether a predicate looks at nothing but the packet and the reading."""
    return all(isinstance(atom, ProtocolIs | PortIn | IcmpIs | UnknownIn) for atom in atoms_of(pred))


_OF_PACKETS = (ProtocolIs, PortIn, NamedPortIs, IcmpIs, HttpIs)


def _gate(stage: Stage, direction: Direction) -> tuple[tuple[Pred, ...], _Looks]:
    """Where a stage applies and what it lets through unasked, and what these look at."""
    preds = (stage.applies, *(exemption.match for exemption in stage.exemptions))
    return preds, _Looks.of_all(_looks_at(pred, direction.subject) for pred in preds)


def _followed(stages: Sequence[Stage]) -> frozenset[str]:
    """The names of stages to which others look back."""
    return frozenset(
        name for stage in stages for name in (stage.after, *((stage.name,) if stage.skips else ())) if name
    )
