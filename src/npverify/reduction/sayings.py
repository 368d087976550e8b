"""What the rules of one world say to a subject: in pieces, of which any is enough, or as rectangles, of peers by packets.

Both are numbers that are the same for both worlds. Guards the memos: what a rule says hangs on nothing but what it looks at.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import NamedTuple

from npverify.inventory.model import Endpoint
from npverify.normal.policy import Action, Direction, Policy, Rule
from npverify.normal.predicates import FALSE, Pred
from npverify.reduction.bitsets import Parts
from npverify.reduction.forms import NEVER, Rectangle
from npverify.reduction.looks import Looks, about_packets, looks_at, turned
from npverify.reduction.partial import DIRECT, Circumstance, ends
from npverify.reduction.peer_sets import PeerSets
from npverify.reduction.pieces import Piece, Pieces, disjuncts
from npverify.reduction.residuals import Residuals


class Spoken(NamedTuple):
    """Rules of a policy that have one action: what they match, and whether that is everything."""

    action: Action
    said: frozenset[Piece]
    every: bool


class Sayings:
    """What the rules of one world's policies say."""

    def __init__(self, residuals: Residuals, side: int, pieces: Pieces, peer_sets: PeerSets) -> None:
        self._residuals = residuals
        self._side = side
        self._pieces = pieces
        self._forms = peer_sets.forms
        self._peer_sets = peer_sets
        self._packets_of: dict[Hashable, tuple[tuple[int, int], ...]] = {}
        self._formed: dict[Hashable, frozenset[Rectangle]] = {}
        self._subjects: dict[Policy, int] = {}
        self._spoke: dict[Hashable, tuple[Spoken, ...]] = {}
        self._policy_looks: dict[tuple[Policy, bool], Looks] = {}
        self._rules: dict[Hashable, frozenset[Piece]] = {}
        self._parts: dict[Hashable, frozenset[int]] = {}
        self._looks: dict[tuple[Rule, bool], Looks] = {}

    def of_policy(
        self, policy: Policy, direction: Direction, subject: Endpoint, view: Circumstance, *, in_pieces: bool
    ) -> tuple[Spoken, ...]:
        """The rules of a policy, neighbours of one action together, up to one that matches whoever and whatever is asked."""
        looks = self.policy_looks(policy, direction, in_pieces=in_pieces)
        key = (policy, self.seen(view, looks, direction), self.aspect(subject, looks), in_pieces)
        found = self._spoke.get(key)
        if found is None:
            everything = (self._pieces.everything, self._pieces.everything) if in_pieces else self._forms.everything
            parts: list[tuple[Action, set[Piece]]] = []
            for rule in policy.rules:
                if rule.action is Action.LOG:
                    continue
                said = (self.pieces if in_pieces else self.rectangles)(rule, direction, subject, view)
                if not said:
                    continue
                if not parts or parts[-1][0] is not rule.action:
                    parts.append((rule.action, set()))
                parts[-1][1].update(said)
                if everything in said:
                    break
            found = self._spoke[key] = tuple(
                Spoken(action, frozenset(said), everything in said) for action, said in parts
            )
        return found

    def chosen(self, policy: Policy, direction: Direction) -> int:
        """The number of the subjects of a policy: what several policies of the same say, they say together."""
        found = self._subjects.get(policy)
        if found is None:
            parts = self._residuals.bitsets.parts(policy.subject, direction.subject, DIRECT)
            found = self._subjects[policy] = self._pieces.of(parts, self._side)
        return found

    def aspect(self, subject: Endpoint, looks: Looks) -> Hashable:
        """Equal for subjects of which nothing that is looked at can tell one from the other."""
        return (
            tuple(p for p in subject.ports if p.name) if looks.ports else None,
            subject.kind if looks.kind or looks.identity else None,
            self._residuals.classes.of[subject] if looks.identity else None,
        )

    def rectangles(
        self, rule: Rule, direction: Direction, subject: Endpoint, view: Circumstance
    ) -> frozenset[Rectangle]:
        """What a rule asks of peers and packets, as rectangles."""
        looks = self._looks_of(rule, direction, in_pieces=False)
        who, packets = turned(rule.peer, rule.traffic, direction)
        key = (who, packets, self.seen(view, looks, direction), self.aspect(subject, looks))
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
        looks = looks_at(traffic, direction.subject)
        key = (traffic, direction, self.seen(view, looks, direction), self.aspect(subject, looks))
        found = self._packets_of.get(key)
        if found is None:
            known = self._known(traffic, direction, subject, view)
            parts: Parts = ((self._residuals.bitsets.all, known),)
            if not about_packets(known) or not isinstance(key[2], tuple):
                parts = self._residuals.bitsets.parts(known, direction.peer, view)
            found = tuple((self._peer_sets.joint(classes), self._forms.line(left, None)) for classes, left in parts)
            self._packets_of[key] = found
        return found

    def seen(self, view: Circumstance, looks: Looks, direction: Direction) -> Hashable:
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

    def pieces(self, rule: Rule, direction: Direction, subject: Endpoint, view: Circumstance) -> frozenset[Piece]:
        """What a rule asks of peers and packets, as pieces of which any is enough."""
        looks = self._looks_of(rule, direction, in_pieces=True)
        key = (rule, self.seen(view, looks, direction), self.aspect(subject, looks))
        found = self._rules.get(key)
        if found is None:
            found = self._rules[key] = frozenset(self._pieces_of(rule, direction, subject, view))
        return found

    def _looks_of(self, rule: Rule, direction: Direction, *, in_pieces: bool) -> Looks:
        found = self._looks.get((rule, in_pieces))
        if found is None:
            both = (rule.peer, rule.traffic) if in_pieces else turned(rule.peer, rule.traffic, direction)
            found = self._looks[rule, in_pieces] = Looks.of_all(looks_at(pred, direction.subject) for pred in both)
        return found

    def policy_looks(self, policy: Policy, direction: Direction, *, in_pieces: bool) -> Looks:
        found = self._policy_looks.get((policy, in_pieces))
        if found is None:
            found = Looks.of_all(self._looks_of(rule, direction, in_pieces=in_pieces) for rule in policy.rules)
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

    def piece(self, pred: Pred, direction: Direction, subject: Endpoint, view: Circumstance) -> int:
        return self._numbered(self._known(pred, direction, subject, view), direction, view)

    def _known(self, pred: Pred, direction: Direction, subject: Endpoint, view: Circumstance) -> Pred:
        looks = looks_at(pred, direction.subject)
        if not (looks.ports or looks.kind or looks.identity):
            return pred
        return self._residuals.partial.residual(pred, direction, view, **ends(direction, subject))
