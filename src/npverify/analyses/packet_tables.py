"""What one direction lets through between a class and everyone else: the same walk as `reduction.residuals`, over sets.

Instead of a formula for each peer the walk keeps *parts*: sets of packets, each with the peers that it is for. In: what
predicates and policies mean (`packet_meaning`). Out: tables. Not trusted: a property test holds them against the formulas, and
samples against the oracle.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from npverify.analyses.packet_given import About, Asked, Numbered, Own, Said, Subject, Table
from npverify.analyses.packet_ground import Ground
from npverify.analyses.packet_parts import Parts
from npverify.inventory.addresses import Family
from npverify.normal.policy import Action, Direction, Stage
from npverify.normal.predicates import TRUE


class Tables:
    """Tables by class of one direction, for classes that have an address of one family. Guards the memos.

    Who has addresses of both families is asked about once for each: here each peer has one address.
    """

    def __init__(self, ground: Ground, family: Family, direction: Direction, sets: Numbered) -> None:
        """`sets` numbers those of the tables."""
        self._meanings = meanings = ground.meanings(family)
        self._direction = direction
        self._side = direction.subject
        self._residuals = ground.residuals
        self._half = ground.residuals.policies.half(direction)
        self._algebra = meanings.algebra
        self._everyone = meanings.everyone
        self._unasked = meanings.unasked(direction.subject)
        self._sets = sets
        self._followed = {stage.after for stage in self._half.stages}
        self._cut: dict[int, tuple[int, int]] = {}  # of sets, the numbers of the pods and of the cells in them
        self._judged: dict[Hashable, Table] = {}
        self._tables: dict[int, tuple[Parts, Table]] = {}
        self._outside: dict[tuple[tuple[int, int], ...], tuple[tuple[Family, Parts], ...]] = {}

    def of(self, c: int, about: About, own: Own) -> Table:
        """What the direction that is judged at class `c` lets through to and from everyone else."""
        signature = self._residuals.signature(self._direction, c)
        looking = self._meanings.looking(self._direction, signature)
        looks = looking.looks
        key = (id(signature), looks.aspect(about.kind, about.ported, c), own if looks.address else ())
        found = self._judged.get(key)
        if found is None:
            parts = self._judge(Subject(self._direction, self._side, looking, c, about, own, self._unasked))
            # the same object where nothing is added to what is kept; it is kept here, so that no other can take its id
            known = self._tables.get(id(parts))
            if known is None:
                known = self._tables[id(parts)] = parts, self._table(parts)
            found = self._judged[key] = known[1]
        return found

    def _table(self, parts: Parts) -> Table:
        """The parts for pods, and for the cells of outside addresses."""
        pods, size = self._meanings.pods, self._meanings.size
        keep, sets = self._sets.keep, self._sets.sets
        among = []
        behind = []
        for packets, who in parts.items():
            known = self._cut.get(who)
            if known is None:
                here, which = who & pods, who >> size
                known = self._cut[who] = keep(here) if here else -1, keep(which) if which else -1
            number, cells = known
            if number >= 0:
                among.append((packets, number))
            if cells >= 0:
                behind.append((packets, cells))
        key = tuple(behind)
        outside = self._outside.get(key)
        if outside is None:
            where = {packets: sets[n] for packets, n in behind}
            outside = self._outside[key] = ((self._meanings.family, where),) if where else ()
        return Table({packets: sets[n] for packets, n in among}, outside, frozenset(among))

    # --- the walk of `reduction.residuals.judge` -----------------------------------------------------------------------

    def _judge(self, it: Subject) -> Parts:
        algebra = self._algebra
        said = self._said(it)
        word = self._everyone
        skipped: dict[str, Parts] = {}
        accepted: dict[str, Parts] = {"": self._everyone}
        for number, (stage, (applies, exempt)) in enumerate(
            zip(self._half.stages, self._meanings.gates(it), strict=True)
        ):
            applies = algebra.but(
                self._meanings.common(applies, accepted.get(stage.after, {})), skipped.get(stage.name, {})
            )
            if not applies:
                continue
            if stage.skips or stage.name in self._followed:
                accepts = algebra.but(self._meanings.common(applies, self._tiers(number, stage, said, {})), exempt)
                accepted[stage.name] = accepts
                for name in stage.skips:
                    skipped[name] = self._meanings.any((skipped.get(name, {}), accepts))
            final = self._everyone if stage.final is Action.ALLOW else {}
            passes = self._meanings.any((exempt, self._tiers(number, stage, said, final)))
            if applies == self._everyone:
                word = self._meanings.common(word, passes)
            else:
                word = algebra.but(word, algebra.but(applies, passes))
        return word

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
                word, allowed = self._meanings.any((word, *allowed)), []
                if action is Action.DENY:
                    word = algebra.but(word, match)
                else:
                    word = self._meanings.any((algebra.but(word, match), algebra.both(match, onward)))
            word = self._meanings.any((word, *allowed))
        return word

    def _said(self, it: Subject) -> Said:
        """By the numbers of stage and tier: whom its policies select, and its rules with what they match."""
        found: dict[tuple[int, int], tuple[Parts, list[tuple[Action, Parts]]]] = {}
        for run in self._meanings.runs(it):
            if run.asked:
                found[run.place] = self._asked(run.asked, it)
            else:
                match = self._algebra.union_with(run.settled, run.seen, run.more)
                found[run.place] = self._everyone if run.selected else {}, [(Action.ALLOW, match)] if match else []
        return found

    def _asked(self, each: Sequence[Asked], it: Subject) -> tuple[Parts, list[tuple[Action, Parts]]]:
        """Whom the policies of one tier select, and their rules with what they match."""
        selected: Parts = {}
        rules: list[tuple[Action, Parts]] = []
        allowed: list[Parts] = []  # by neighbours, as yet together in no way
        everyone = self._everyone
        for entry, ruled, *_ in each:
            selects = everyone if entry.selects is TRUE else self._meanings.test(entry.selects, it)
            if selected is not everyone:
                selected = self._meanings.any((selected, selects))
            for action, match in self._meanings.rules(ruled, it):
                if selects is not everyone:
                    match = self._meanings.common(selects, match)
                if action is Action.ALLOW:
                    allowed.append(match)
                else:
                    self._allow(rules, allowed)
                    rules.append((action, match))
        self._allow(rules, allowed)
        return selected, rules

    def _allow(self, rules: list[tuple[Action, Parts]], allowed: list[Parts]) -> None:
        """Move what is allowed to the rules."""
        if match := self._algebra.union_with({}, 0, allowed):
            rules.append((Action.ALLOW, match))
        allowed.clear()
