"""What one direction lets through between a class and everyone else: the same walk as `reduction.residuals`, over sets.

Under the default reading each predicate is settled but for the packet, so instead of a formula for each peer the walk keeps
*parts*: sets of packets, each with the peers that it is for. Peers are the classes of pods and the cells that mentioned blocks
cut the outside addresses into. In: the residuals of a world (its classes, bitsets and signatures). Out: tables. Not trusted:
a property test holds them against the formulas, and samples against the oracle.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Hashable, Iterable, Mapping, Sequence

from npverify.analyses.blocks import Cell
from npverify.analyses.packet_given import Asked, Looking, Numbered, Own, Ruled, Said, Subject, Table
from npverify.analyses.packet_looks import Looks, all_looks, asks_address, looks_at, looks_beyond
from npverify.analyses.packet_parts import ALL, NONE, PacketParts, Parts, gathered
from npverify.analyses.packets import PacketSets
from npverify.ingest.source import InternalError
from npverify.inventory.addresses import Address, Family, Prefix
from npverify.inventory.model import EXTERNAL
from npverify.normal.policy import Action, Direction, Half, Rule, Stage
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    AddressIn,
    And,
    Const,
    IcmpIs,
    Not,
    Or,
    PortIn,
    Pred,
    ProtocolIs,
    Side,
    UnknownIn,
)
from npverify.reduction.bitsets import as_set
from npverify.reduction.judge import Entry, Signature
from npverify.reduction.partial import DIRECT, ends
from npverify.reduction.residuals import Residuals


class Tables:
    """Tables by class and direction, for classes that have an address of one family. Guards the memos.

    Who has addresses of both families is asked about once for each: here each peer has one address.
    """

    def __init__(
        self,
        residuals: Residuals,
        packets: PacketSets,
        algebra: PacketParts,
        addresses: Sequence[Mapping[Family, Address | None]],
        cells: Mapping[Family, Sequence[Cell]],
        sets: Numbered,
        often: Container[int],
    ) -> None:
        """`addresses`: of each class, those that it may use, by family, IPv4 first. `cells`: what the outside addresses are
        parted into, for each family in which subjects may meet others. `sets` numbers those of the tables. `often`: the
        ids of the entries that many signatures have."""
        self._sets = sets
        self._often = often
        self._residuals = residuals
        self._algebra = algebra
        self._packets = packets
        self._addresses = addresses
        self._external = 1 << residuals.classes.of[EXTERNAL]
        size = len(residuals.classes)
        self._classes = (1 << size) - 1
        self._cells = cells
        self._about = [
            (end, (end.kind, tuple(p for p in end.ports if p.name)), tuple(own.items()))
            for end, own in zip(residuals.classes.representatives, addresses, strict=True)
        ]
        self._from: dict[Family, int] = {}
        self._starts: dict[Family, dict[int, int]] = {}
        self._by_value: dict[Family, list[tuple[int, int]]] = {}
        self._met: dict[Family, int] = {}
        self._all_known = True  # not so where no address is possible
        at = size
        for family, each in cells.items():
            self._from[family] = at
            self._starts[family] = {cell.first: at + n for n, cell in enumerate(each)}
            at += len(each)
            self._starts[family][each[-1].last + 1] = at
            using = {c: own[family] for c, own in enumerate(addresses) if family in own}
            self._by_value[family] = sorted((a.value, c) for c, a in using.items() if a is not None)
            self._all_known &= None not in using.values()
            self._met[family] = as_set(using) | (1 << at) - (1 << self._from[family])
        self._outside = (1 << at) - (1 << size)
        self._everyone: Parts = {ALL: sum(self._met.values())}
        self._inside: dict[Prefix, int] = {}
        self._tests: dict[tuple[Side, Own], dict[Pred, Parts]] = {(side, ()): {} for side in Side}
        self._unasked = {side: self._tests[side, ()] for side in Side}
        self._known: dict[tuple[Pred, Direction, Hashable], Pred] = {}
        self._ruled: dict[Direction, dict[int, Ruled]] = {direction: {} for direction in Direction}
        self._looks: dict[tuple[Direction, int], Looking] = {}
        self._asked: dict[Direction, dict[int, Asked]] = {direction: {} for direction in Direction}
        self._staged: dict[Direction, Looks] = {}
        self._gates: dict[Hashable, list[tuple[Parts, Parts]]] = {}
        self._judged: dict[Hashable, Parts] = {}
        self._tables: dict[tuple[int, tuple[Family, ...]], Table] = {}
        self._pods: dict[tuple[Family, ...], int] = {}

    def of(self, direction: Direction, c: int) -> Table:
        """What the direction that is judged at class `c` lets through to and from everyone else."""
        subject, ported, own = self._about[c]
        signature = self._residuals.signature(direction, c)
        looks, asked = self._looking(direction, signature)
        key = (direction, id(signature), looks.aspect(subject.kind, ported, c), own if looks.address else ())
        found = self._judged.get(key)
        if found is None:
            it = Subject(direction, direction.subject, asked, c, subject, ported, own)
            found = self._judged[key] = self._judge(it)
        families = tuple(self._addresses[c])
        table = self._tables.get((id(found), families))  # which `_judged` keeps
        if table is None:
            table = self._tables[id(found), families] = self._table(found, families)
        return table

    def _table(self, parts: Parts, families: tuple[Family, ...]) -> Table:
        """The parts that are for peers which are met in one of some families."""
        pods = self._pods.get(families)
        if pods is None:
            pods = self._pods[families] = sum(self._met[family] for family in families) & self._classes
        keep, sets, size = self._sets.keep, self._sets.sets, len(self._about)
        among = [(packets, keep(here)) for packets, who in parts.items() if (here := who & pods)]
        outside: list[tuple[Family, Parts]] = []
        behind = [(packets, who) for packets, who in parts.items() if who.bit_length() > size]
        for family in families:
            first, every = self._from[family], (1 << len(self._cells[family])) - 1
            cells = ((packets, who >> first & every) for packets, who in behind)
            if some := {packets: sets[keep(which)] for packets, which in cells if which}:
                outside.append((family, some))
        return Table({packets: sets[n] for packets, n in among}, tuple(outside), frozenset(among))

    def _looking(self, direction: Direction, signature: Signature) -> Looking:
        key = (direction, id(signature))  # which `Residuals` keeps
        found = self._looks.get(key)
        if found is None:
            known = self._asked[direction]
            asked = [known.get(id(entry)) or self._ask(entry, direction) for entry in signature]
            looks = all_looks({self._at_stages(direction), *[one.looks for one in asked]})
            found = self._looks[key] = Looking(looks, asked)
        return found

    def _ask(self, entry: Entry, direction: Direction) -> Asked:
        ruled = self._ruled_by(entry.rules, direction)
        looks = all_looks((ruled.looks, Looks(address=asks_address(entry.selects, direction.subject))))
        # signatures share their entries, and `Residuals` keeps them
        found = self._asked[direction][id(entry)] = Asked(entry, ruled, looks)
        return found

    def _at_stages(self, direction: Direction) -> Looks:
        """At what of the subject the stages of a direction look."""
        found = self._staged.get(direction)
        if found is None:
            stages = self._residuals.policies.half(direction).stages
            preds = (pred for stage in stages for pred in (stage.applies, *(e.match for e in stage.exemptions)))
            found = self._staged[direction] = all_looks(looks_beyond(pred, direction.subject) for pred in preds)
        return found

    def _ruled_by(self, rules: tuple[Rule, ...], direction: Direction) -> Ruled:
        found = self._ruled[direction].get(id(rules))  # which policies keep
        if found is None:
            looks = all_looks(
                looks_beyond(pred, direction.subject) for rule in rules for pred in (rule.peer, rule.traffic)
            )
            found = self._ruled[direction][id(rules)] = Ruled(rules, looks, {})
        return found

    # --- the walk of `reduction.residuals.judge` -----------------------------------------------------------------------

    def _judge(self, it: Subject) -> Parts:
        algebra = self._algebra
        half = self._residuals.policies.half(it.direction)
        said = self._said(it)
        word = self._everyone
        skipped: dict[str, Parts] = {}
        accepted: dict[str, Parts] = {"": self._everyone}
        followed = {stage.after for stage in half.stages}
        for number, (stage, (applies, exempt)) in enumerate(zip(half.stages, self._gated(half, it), strict=True)):
            applies = algebra.but(self._common(applies, accepted.get(stage.after, {})), skipped.get(stage.name, {}))
            if not applies:
                continue
            if stage.skips or stage.name in followed:
                accepts = algebra.but(self._common(applies, self._tiers(number, stage, said, {})), exempt)
                accepted[stage.name] = accepts
                for name in stage.skips:
                    skipped[name] = self._any((skipped.get(name, {}), accepts))
            final = self._everyone if stage.final is Action.ALLOW else {}
            passes = self._any((exempt, self._tiers(number, stage, said, final)))
            if applies == self._everyone:
                word = self._common(word, passes)
            else:
                word = algebra.but(word, algebra.but(applies, passes))
        return word

    def _gated(self, half: Half, it: Subject) -> list[tuple[Parts, Parts]]:
        """Of each stage, where it applies and what it lets through unasked."""
        key = (it.direction, self._at_stages(it.direction).aspect(it.subject.kind, it.ported, it.of_class))
        found = self._gates.get(key)
        if found is None:
            found = self._gates[key] = [
                (self._test(stage.applies, it), self._any(self._test(e.match, it) for e in stage.exemptions))
                for stage in half.stages
            ]
        return found

    def _common(self, left: Parts, right: Parts) -> Parts:
        if left == self._everyone:
            return right
        return left if right == self._everyone else self._algebra.both(left, right)

    def _all(self, some: Iterable[Parts]) -> Parts:
        """What is in all of these. Most are about peers alone, and these need no algebra."""
        whom = self._everyone[ALL]
        others: list[Parts] = []
        for parts in some:
            if len(parts) == 1 and ALL in parts:
                whom &= parts[ALL]
            elif parts:
                others.append(parts)
            else:
                return {}
            if not whom:
                return {}
        found: Parts = {ALL: whom}
        for parts in others:
            found = self._algebra.both(found, parts)
        return found

    def _any(self, some: Iterable[Parts]) -> Parts:
        there = [parts for parts in some if parts]
        if len(there) == 1:
            return there[0]
        return self._algebra.union(item for parts in there for item in parts.items())

    def _tiers(self, number: int, stage: Stage, said: Said, final: Parts) -> Parts:
        algebra = self._algebra
        word = final
        for index in range(len(stage.tiers) - 1, -1, -1):
            onward = word
            selected, rules = said.get((number, index), ({}, []))
            if stage.tiers[index].no_match is Action.DENY:
                word = algebra.but(onward, selected)
            allowed: list[Parts] = []
            for action, match in reversed(rules):
                if action is Action.ALLOW:
                    allowed.append(match)
                    continue
                word, allowed = self._any((word, *allowed)), []
                if action is Action.DENY:
                    word = algebra.but(word, match)
                else:
                    word = self._any((algebra.but(word, match), algebra.both(match, onward)))
            word = self._any((word, *allowed))
        return word

    def _said(self, it: Subject) -> Said:
        """By the numbers of stage and tier: whom its policies select, and its rules with what they match."""
        found: dict[tuple[int, int], tuple[Parts, list[tuple[Action, Parts]]]] = {}
        allowed: list[Parts] = []  # by neighbours, as yet together in no way
        shared: list[Parts] = []  # of these, what many subjects are told
        place: tuple[int, int] | None = None
        rules: list[tuple[Action, Parts]] = []
        often = self._often
        everyone = self._everyone
        for entry, ruled, _ in it.asked:
            if (entry.stage, entry.tier) != place:
                self._allow(rules, shared, allowed)
                place = (entry.stage, entry.tier)
                rules = []
                found[place] = ({}, rules)
            selects = everyone if entry.selects is TRUE else self._test(entry.selects, it)
            if (before := found[place][0]) is not everyone:
                found[place] = (self._any((before, selects)), rules)
            for action, match in self._rules(ruled, it):
                if selects is not everyone:
                    match = self._common(selects, match)
                if action is Action.ALLOW:
                    (shared if selects is everyone and id(entry) in often else allowed).append(match)
                else:
                    self._allow(rules, shared, allowed)
                    rules.append((action, match))
        self._allow(rules, shared, allowed)
        return found

    def _allow(self, rules: list[tuple[Action, Parts]], shared: list[Parts], others: list[Parts]) -> None:
        """Move what is allowed to the rules: what the policies of many subjects allow is put together once for all of them."""
        each = [self._algebra.union_once(shared), *others] if shared else others
        if match := each[0] if shared and not others else self._algebra.union(p for one in each for p in one.items()):
            rules.append((Action.ALLOW, match))
        shared.clear()
        others.clear()

    def _rules(self, ruled: Ruled, it: Subject) -> list[tuple[Action, Parts]]:
        """What the rules of a policy match, in order; neighbours of one action as one. Parts of what is allowed may overlap."""
        looks = ruled.looks
        aspect = it.of_class if looks.identity else it.ported if looks.ports else it.subject.kind
        found = ruled.matches.get(aspect)
        if found is None:
            found = ruled.matches[aspect] = []
            for rule in ruled.rules:
                if rule.action is not Action.LOG:
                    match = self._common(self._test(rule.peer, it), self._test(rule.traffic, it))
                    if found and found[-1][0] is rule.action:
                        before = found.pop()[1]
                        match = gathered((before, match)) if rule.action is Action.ALLOW else self._any((before, match))
                    found.append((rule.action, match))
        return found

    # --- predicates to parts -------------------------------------------------------------------------------------------

    def _test(self, test: Pred, it: Subject) -> Parts:
        """The packets of a predicate for each peer of a subject."""
        if test is TRUE:
            return self._everyone
        if test is FALSE:
            return {}
        side = it.side
        found = self._unasked[side].get(test)  # where nothing about the subject is left to be filled in
        if found is None:
            test = self._filled(test, it)
            found = self._meant(test, side, it.own if asks_address(test, side) else ())
        return found

    def _filled(self, pred: Pred, it: Subject) -> Pred:
        """A predicate with the subject filled in."""
        if it.side not in looks_at(pred):
            return pred
        key = (pred, it.direction, looks_beyond(pred, it.side).aspect(it.subject.kind, it.ported, it.of_class))
        found = self._known.get(key)
        if found is None:
            known = ends(it.direction, it.subject)
            found = self._known[key] = self._residuals.partial.residual(pred, it.direction, DIRECT, **known)
        return found

    def _meant(self, test: Pred, subject: Side, own: Own) -> Parts:
        """The packets of a predicate for each peer; what it asks of the subject's address, those in `own` tell."""
        memo = self._tests.setdefault((subject, own), {})
        found = memo.get(test)
        if found is None:
            found = memo[test] = self._mean(test, subject, own)
        return found

    def _mean(self, test: Pred, subject: Side, own: Own) -> Parts:
        match test:
            case Not(body):
                return self._algebra.but(self._everyone, self._meant(body, subject, own))
            case And(parts):
                return self._all(self._meant(part, subject, own) for part in parts)
            case Or(parts):
                return self._any(self._meant(part, subject, own) for part in parts)
            case Const() | ProtocolIs() | PortIn() | IcmpIs() | UnknownIn():
                packets = self._algebra.number(self._packets.of(test))
                return {} if packets == NONE else {packets: self._everyone[ALL]}
            case AddressIn(side, prefix) if side is subject:
                whom = sum(self._met[f] for f, a in own if a is not None and f in self._met and prefix.contains(a))
                return {ALL: whom} if whom else {}
            case AddressIn(_, prefix) if self._all_known:
                whom = self._peers_inside(prefix)
                return {ALL: whom} if whom else {}
            case _:
                return self._told(test, subject, own)

    def _told(self, atom: Pred, subject: Side, own: Own) -> Parts:
        """The packets of an atom about the peer, which its classes settle but for the address."""
        found: list[tuple[int, int]] = []
        for classes, left in self._residuals.bitsets.parts(atom, subject.other, DIRECT):
            if left is FALSE:
                continue
            who = classes & self._everyone[ALL] | (self._outside if classes & self._external else 0)
            if left is TRUE:
                found.append((ALL, who))
            elif isinstance(left, AddressIn) and left.side is not subject:
                found.append((ALL, who & self._peers_inside(left.prefix)))
            elif left is atom:
                raise InternalError(f"nothing is known about a peer that an atom asks about: {type(atom).__name__}")
            else:
                found += ((packets, who & whom) for packets, whom in self._meant(left, subject, own).items())
        return self._algebra.union((packets, who) for packets, who in found if who)

    def _peers_inside(self, prefix: Prefix) -> int:
        family = prefix.family
        if family not in self._met:
            return 0
        found = self._inside.get(prefix)
        if found is None:
            by_value = self._by_value[family]
            first = bisect_left(by_value, (prefix.first, -1))
            last = bisect_left(by_value, (prefix.last + 1, -1))
            classes = as_set([c for _, c in by_value[first:last]])
            starts = self._starts[family]
            found = self._inside[prefix] = classes | (1 << starts[prefix.last + 1]) - (1 << starts[prefix.first])
        return found
