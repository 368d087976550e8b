"""Looks for flows that two worlds judge differently: block by block, each distinct formula once.

Two worlds are equivalent exactly if every formula of every block of every way is unsatisfiable; what could not be decided is
kept, so that nobody takes silence for equivalence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from npverify.analyses.answers import Answers, never, one_address
from npverify.analyses.equiv_formulas import Formula, Formulas
from npverify.analyses.equiv_ways import Through, Way, ways
from npverify.analyses.known_addresses import AddressBook
from npverify.analyses.world import World
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind
from npverify.normal.predicates import TRUE, Clause, Pred, Side, and_, not_, or_
from npverify.reduction.agreement import Agreement, Readers
from npverify.reduction.bitsets import bits
from npverify.reduction.classes import predicates
from npverify.reduction.compare import Block, Comparison
from npverify.reduction.pairs import on_one_node
from npverify.reduction.premises import looked_at
from npverify.reduction.readings import under
from npverify.reduction.requests import clauses_of
from npverify.reduction.residuals import Residuals
from npverify.reduction.shapes import Shapes
from npverify.reduction.twin_pairs import Pair, Pairs, by_name, may_be_near
from npverify.reduction.twins import Twin, Twins
from npverify.smt.solver import Budget, InterruptedByUserError, Taken, UndecidedError

Progress = Callable[[int, int, str], None]
"""Called before each step with its number, how many there are, and what it looks at."""

_ELSEWHERE = (EndpointKind.EXTERNAL, EndpointKind.REMOTE)
"""What is no part of the cluster: flows between two of these are nobody's business here."""

_MOST_ASKED = 200
"""Distinct formulas that are asked for a flow that needs nothing, once there is one to show."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Pairs of endpoints between which some flow differs.

    `formulas`  those that can be true; `pair` is the first by name, and speaks for all of them
    `reached`   the backends of the Service, of which not every member of a class need be one
    """

    block: Block
    way: Way
    through: Through | None
    formulas: tuple[Formula, ...]
    pair: Pair
    pairs: int
    reached: frozenset[Twin] | None = None

    @property
    def order(self) -> tuple[object, ...]:
        """Where it stands among others when one has to be shown: what both sides have before what one has, two ends before
        a pod and itself, then by name."""
        how = self.way.hows[0]
        lacking = any(end is None for twin in self.pair for end in twin.sides)
        return (lacking, how.same, by_name(self.pair), how.own_node, self.through is not None)

    def assumes(self, formula: Formula, pred: Pred) -> bool:
        """Whether a flow that satisfies `pred` needs an address or a node that nobody knows."""
        open_sides = {
            side
            for side, twin in ((Side.SRC, self.pair[0]), (Side.DST, self.pair[1]))
            if twin.left is not EXTERNAL and any(end is not None and not end.address_known for end in twin.sides)
        }
        if self.through is not None and not all(hop.service.vip_known for hop in self.through.hops):
            open_sides.add(Side.VIP)
        near = any(how.own_node and not how.same for how in self.way.hows)
        worlds = zip(self.pair[0].sides, self.pair[1].sides, strict=True)
        placed = all(on_one_node(a, b) is not None for a, b in worlds if a is not None and b is not None)
        return bool(open_sides & (looked_at(pred) | {side for _, side in formula.own})) or (near and not placed)


class Search:
    """The comparison of two worlds. Guards the reductions and the memo of answers."""

    def __init__(
        self,
        left: World,
        right: World,
        budget: Budget,
        stop: Callable[[], bool] = never,
        *,
        by_workload: bool = False,
        before: Search | None = None,
        agreed: Agreement | None = None,
    ) -> None:
        """`stop` is asked often; where it says True the run ends as on Ctrl-C. `by_workload` as in `Twins`. What an earlier
        search, `before`, found of the same left world is taken from it where it holds here. `agreed` as in `Comparison`."""
        known = before if before is not None and not by_workload and before._holds_for(left, right) else None
        self.worlds = (left, right)
        self._by_workload = by_workload
        self._stop = stop
        self.answers = Answers(budget, stop)
        both = (left.inventory, left.policies), (right.inventory, right.policies)
        self.twins: Twins = known.twins if known is not None else Twins(*both, by_workload=by_workload)
        classes = self.twins.classes
        # each is asked for the requests that the other tells apart, so that both speak of the same kinds
        self._asked: frozenset[Clause] = (
            known._asked if known is not None else clauses_of(left.policies) | clauses_of(right.policies)
        )
        sides = (left.asking(self._asked), right.asking(self._asked))
        first: Residuals = (
            known.residuals[0] if known is not None else Residuals(left.inventory, sides[0].policies, classes[0])
        )
        self.residuals: tuple[Residuals, Residuals] = (
            first,
            Residuals(right.inventory, sides[1].policies, classes[1], beside=first),
        )
        self.book: AddressBook = known.book if known is not None else AddressBook(left.inventory, right.inventory)
        self.gave_up: UndecidedError | None = None
        self._shapes: Shapes = known._shapes if known is not None else Shapes()
        # what it is given does not hold this search, so that both are freed once nobody needs them
        alike = partial(_alike, self._shapes, self.answers)
        asked_on = partial(go_on, stop)
        kept: Comparison | None = known._comparison if known is not None else None
        self._comparison: Comparison = Comparison(
            self.twins, self.residuals, self._shapes, alike, asked_on, kept, agreed
        )
        self._formulas = Formulas(self.worlds, self.residuals)

    def _holds_for(self, left: World, right: World) -> bool:
        """Whether the classes of this search are as fine as another one of the same left world needs: over one inventory,
        with nothing asked on the right that was not asked here."""
        here, there = self.worlds
        one = here.inventory is there.inventory is right.inventory and not self._by_workload
        if left is not here or not one or right.policies.asked != there.policies.asked:
            return False
        asked = {*predicates(here.policies), *predicates(there.policies)}
        return all(pred in asked for pred in predicates(right.policies))

    def found(self, progress: Progress | None = None) -> Iterator[Found]:
        """Every difference, in no order that a reader should see; `gave_up` tells whether something was not decided."""
        every = list(ways(self.twins, self.residuals, (self.worlds[0].inventory, self.worlds[1].inventory)))
        for number, way in enumerate(every):
            if progress is not None:
                progress(number, len(every), way.title)
            for block in self._blocks(way):
                go_on(self._stop)
                for sources, targets in self._by_aspect(block, way):
                    part = block._replace(sources=sources, targets=targets)
                    if not way.through:
                        yield from self._between(part, way, None, TRUE, None)
                    for through in way.through:
                        for arrives, backends in through.backends.items():
                            yield from self._between(part, way, through, arrives, backends)

    def possible(self, pred: Pred, pair: Pair, way: Way) -> bool:
        """Whether a flow between two twins satisfies a predicate. Raises as `Question.possible` does."""
        return self.answers.possible(pred, self.taken(pair), one=one(pair, way))

    def taken(self, pair: Pair) -> Taken:
        """The addresses that the ends of a flow do not have because they are somebody else's."""
        return self.book.taken(pair[0].either, pair[1].either)

    def families(self, w: int, src: Endpoint, dst: Endpoint) -> Pred:
        """The address families that both ends can use in one world."""
        return self._formulas.premises[w].families(src, dst)

    def _blocks(self, way: Way) -> Iterator[Block]:
        if way.hows[0].same:
            yield from self._comparison.diagonal(way.hows, way.sources)
        else:
            yield from self._comparison.blocks(way.hows, way.sources, way.targets)

    def _by_aspect(self, block: Block, way: Way) -> Iterator[tuple[int, int]]:
        """The sources and targets of a block, parted by all that premises look at."""
        sources, targets = (
            [(part, both) for part in self.twins.aspects if (both := part & ends)]
            for ends in (block.sources, block.targets)
        )
        if way.hows[0].same:
            yield from ((both, both) for _, both in sources)
            return
        for _, here in sources:
            for _, there in targets:
                src, dst = (self.twins.members[next(bits(ends))][0].either for ends in (here, there))
                if src.kind in _ELSEWHERE and dst.kind in _ELSEWHERE:
                    continue
                if any(each.by_node for each in self.residuals) and may_be_near(src, dst):
                    yield from ((1 << c, 1 << d) for c in bits(here) for d in bits(there))
                else:
                    yield here, there

    def domain(self, pair: Pair, way: Way, side: Side) -> Pred:
        """Which addresses an end of a flow, or the Service between, may have where that is one for both worlds."""
        return self._formulas.domain(pair, way, side)

    def _between(
        self, block: Block, way: Way, through: Through | None, arrives: Pred, reached: frozenset[Twin] | None
    ) -> Iterator[Found]:
        src, dst = (self.twins.members[next(bits(ends))][0] for ends in (block.sources, block.targets))
        possible = []
        for formula in self._formulas.of(block, (src, dst), way, through, arrives):
            try:
                if self.possible(formula.differs, (src, dst), way):
                    possible.append(formula)
            except UndecidedError as error:
                self.gave_up = error
        if not possible:
            return
        targets = [twin for twin in self.twins.twins(block.targets) if reached is None or twin in reached]
        sources = targets if way.hows[0].same else list(self.twins.twins(block.sources))
        if not targets:
            return
        pairs = Pairs(sources, targets, way.hows)
        first = pairs.first()
        if first is not None:
            yield Found(block, way, through, tuple(possible), first, pairs.count(), reached)


def go_on(stop: Callable[[], bool]) -> None:
    """Ends the run where somebody asked for it: InterruptedByUserError."""
    if stop():
        raise InterruptedByUserError


def agreement_of(readers: Readers, left: World, right: World, stop: Callable[[], bool]) -> Agreement | None:
    """Where both policy sets say the same whatever the cluster; None where they judge two, or see Services in two ways."""
    if left.inventory is not right.inventory or left.policies.vip_visible is not right.policies.vip_visible:
        return None
    return readers.agreement(left.policies, right.policies, partial(go_on, stop))


def _alike(shapes: Shapes, answers: Answers, one_: Pred, other: Pred) -> bool:
    if shapes.number(one_) == shapes.number(other):
        return True
    try:
        return not answers.possible(or_(and_(one_, not_(other)), and_(not_(one_), other)))
    except UndecidedError:
        return False  # the formulas of its block will tell


def one(pair: Pair, way: Way) -> bool | None:
    """Whether the two ends of a flow have one address."""
    return one_address(pair[0].either, pair[1].either, same=way.hows[0].same)


def preferred(search: Search, found: Iterable[Found]) -> tuple[Found, Formula, Pred]:
    """Of differences, in order, the first that needs nothing: no unknown away from its default, no address that nobody
    knows; else the first that needs no unknown, else the first. With its formula, and what of it is to be shown."""
    first: tuple[Found, Formula, Pred] | None = None
    default: tuple[Found, Formula, Pred] | None = None
    asked: set[Pred] = set()
    for each in found:
        for formula in each.formulas:
            first = first or (each, formula, formula.differs)
            pred = under(formula.differs, {})
            if default is not None and (each.assumes(formula, pred) or len(asked) > _MOST_ASKED):
                continue
            asked.add(pred)
            try:
                possible = search.possible(pred, each.pair, each.way)
            except UndecidedError:
                continue  # it is known to differ under some reading
            if possible and not each.assumes(formula, pred):
                return each, formula, pred
            if possible:
                default = default or (each, formula, pred)
    if first is None:
        raise ValueError("no difference to choose from")
    return default or first
