"""The machinery that all proofs share: one reduction, one memo of solved formulas, and the way back to a concrete flow."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from heapq import merge

from npverify.analyses.answers import Answers, never, one_address
from npverify.analyses.concrete import every_port, preferred_packet
from npverify.analyses.connections import Connections
from npverify.analyses.entries import Entries
from npverify.analyses.known_addresses import AddressBook
from npverify.analyses.results import Assumed, Counterexample
from npverify.analyses.sent import carrying, trimmed
from npverify.analyses.through import Through
from npverify.analyses.world import World
from npverify.assertions.claims import EndSet, Leg
from npverify.inventory.addresses import Address, Family
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.inventory.unknowns import FACT, OTHER, Reading, Unknown
from npverify.normal.flow import Flow, Via
from npverify.normal.policy import Direction, Policy, PolicyId
from npverify.normal.predicates import FALSE, TRUE, Pred, Side, not_
from npverify.oracle import Oracle
from npverify.reduction.bitsets import bits
from npverify.reduction.obligations import Obligation, Obligations
from npverify.reduction.pairs import on_one_node
from npverify.reduction.partial import DIRECT
from npverify.reduction.residuals import Residuals
from npverify.reduction.standing import Change, Moved
from npverify.smt.choose import INSIDE, OUTSIDE, Chosen, any_port, choose
from npverify.smt.solver import Budget, Question

_Choice = tuple[Chosen, tuple[Unknown, ...]]

_REMEMBERED = 500_000  # obligations whose answer is kept over changes before the memory is given back

NO_FLOW = "there is no flow that it speaks about"


class Engine:
    """Decides obligations over one world. Guards the memo of answers, so that equal obligations are solved once."""

    def __init__(
        self, world: World, budget: Budget, stop: Callable[[], bool] = never, *, lasting: bool = False
    ) -> None:
        """`stop` is asked before each question; where it says True the run ends as on Ctrl-C. `lasting`: there will be others
        `after` this, for which it is worth to keep more."""
        self.world = world
        self.budget = budget
        self.residuals = Residuals(world.inventory, world.policies)
        self.obligations = Obligations(world.inventory, self.residuals, lasting=lasting)
        self.through = Through(world.inventory, self.residuals)
        self.entries = Entries(world.inventory, world.policies, let_in=_let_in(self))
        self.connections = Connections()
        self._book = AddressBook(world.inventory)
        self._answers = Answers(budget, stop)
        self._former: Oracle | None = None
        self._broken: dict[Obligation, bool] = {}
        self._choices: dict[Hashable, _Choice] = {}
        self._any_ports: dict[tuple[Pred, int, bool | None], tuple[Chosen, bool]] = {}
        self._asking: dict[tuple[Direction, int], tuple[EndSet, frozenset[Policy]]] = {}
        self._asked: dict[Hashable, tuple[list[frozenset[Policy]], tuple[PolicyId, ...]]] = {}

    @classmethod
    def after(cls, before: Engine, world: World, change: Change) -> Engine:
        """The engine of a world that differs from another in its policies alone; what that does not touch is shared."""
        made = cls.__new__(cls)
        made.world = world
        made.budget = before.budget
        if before.residuals.classes.tell_apart(change.mentioned):
            made.residuals = Residuals.after(before.residuals, change)
        else:
            made.residuals = Residuals(world.inventory, world.policies)
        made.obligations = Obligations(world.inventory, made.residuals, before.obligations, lasting=True)
        made.through = Through(world.inventory, made.residuals, before.through)
        made.entries = Entries(world.inventory, world.policies, before.entries, _let_in(made))
        made.connections = before.connections
        made._book = before._book
        made._former = vars(before).get("oracle", before._former)
        made._answers = before._answers.forgetting_undecided()
        made._broken = before._broken if len(before._broken) < _REMEMBERED else {}
        made._choices, made._any_ports = before._choices, before._any_ports
        made._asked, made._asking = before._asked, {}
        if made.residuals.changed is not None:
            for (direction, key), (chosen, asking) in before._asking.items():
                made._asking[direction, key] = chosen, made._moved(asking, chosen, direction, change.moved[direction])
        return made

    def know(self, before: Engine) -> None:
        """Take over what the solver told another engine of the same budget."""
        self._answers = before._answers.about_no_addresses()

    def broken(self, obligation: Obligation) -> bool:
        """Whether some flow breaks an obligation. Raises as `Question.possible` does."""
        known = self._broken.get(obligation)
        if known is None:
            same = obligation.how.same
            known = self.possible(obligation.broken, obligation.src, obligation.dst, same=same)
            self._broken[obligation] = known
        return known

    @cached_property
    def oracle(self) -> Oracle:
        """Judges concrete flows; made when the first one is to be judged."""
        return Oracle(self.world.policies, self.world.inventory, self._former)

    @cached_property
    def everybody(self) -> EndSet:
        """Every endpoint that there is."""
        return dict.fromkeys(members(self.residuals.bitsets.all, self.residuals), TRUE)

    def touched(self, legs: Iterable[Leg]) -> bool:
        """Whether the change that made this world may have changed what is said of the legs: which policies select a source
        for egress, or a destination for ingress."""
        touched = self.obligations.touched
        return any(touched(leg.src, Direction.EGRESS) or touched(leg.dst, Direction.INGRESS) for leg in legs)

    def possible(self, pred: Pred, src: Endpoint, dst: Endpoint, *, same: bool = False) -> bool:
        """Whether some flow between the two satisfies `pred`; `same` if they are one pod, not two replicas.

        Raises as `Question.possible` does.
        """
        return self._answers.possible(pred, self._book.taken(src, dst), one=one_address(src, dst, same=same))

    def counterexample(self, broken: Pred, obligation: Obligation) -> tuple[Counterexample, Flow, Reading]:
        """The preferred flow that satisfies `broken`, as the oracle judges it; the caller checks that verdict."""
        src, dst = obligation.src, obligation.dst
        chosen, unknowns = self._choose(broken, src, dst, one=one_address(src, dst, same=obligation.how.same))
        flow, left = carrying(self.flow(obligation, chosen), chosen.reading, self.residuals.requests)
        flow = trimmed(flow, left, [self.oracle], obligation.premise)
        verdict = self.oracle.decide(flow, left)
        reading = tuple(self._assumed(obligation, replace(chosen, reading=left), unknowns))
        fields = tuple(_any_fields(obligation, chosen, any_port=self._any_port(broken, obligation, chosen)))
        shown = Counterexample(flow, verdict, reading, fields)
        return shown, flow, left

    def _choose(self, broken: Pred, src: Endpoint, dst: Endpoint, *, one: bool | None) -> _Choice:
        """The preferred packet that satisfies a formula, and the unknowns of that; found once for each formula."""
        taken = self._book.taken(src, dst)
        declared = tuple((p.protocol, p.number) for p in dst.ports)
        preferred = {
            side: INSIDE if end.is_pod or end.cluster else OUTSIDE for side, end in ((Side.SRC, src), (Side.DST, dst))
        }
        key = (broken, frozenset(taken.items()), one, declared, *preferred.values())
        found = self._choices.get(key)
        if found is None:
            packet = preferred_packet(broken, declared)
            if packet is not None:
                found = (packet, ())
            else:
                question = Question(broken, taken, self.budget, same=one)
                found = (choose(question, declared, preferred), tuple(question.encoding.unknowns))
            self._choices[key] = found
        return found

    def asked(self, legs: Iterable[Leg]) -> tuple[PolicyId, ...]:
        """The policies that may select a source of the legs for egress or a destination for ingress."""
        ends = tuple((d, e) for leg in legs for d, e in ((Direction.EGRESS, leg.src), (Direction.INGRESS, leg.dst)))
        now = [self._asking_of(direction, chosen) for direction, chosen in ends]
        key = tuple((direction, id(chosen)) for direction, chosen in ends)  # `_asking` keeps the sets
        before, ordered = self._asked.get(key, ([], ()))
        if len(before) != len(now) or any(old is not new for old, new in zip(before, now, strict=True)):
            gone = {p.id for old, new in zip(before, now, strict=False) for p in old - new}
            come = {p.id for old, new in zip(before, now, strict=False) for p in new - old}
            if not before or gone - come:
                ordered = tuple(sorted({p.id for each in now for p in each}))
            elif come - gone:
                ordered = tuple(merge(ordered, sorted(come.difference(ordered))))
            self._asked[key] = now, ordered
        return ordered

    def _asking_of(self, direction: Direction, chosen: EndSet) -> frozenset[Policy]:
        """The policies that may select an endpoint of a set."""
        known = self._asking.get((direction, id(chosen)))
        if known is None:
            classes = bits(self.obligations.classes_of(chosen))
            signatures = {id(each): each for c in classes for each in (self.residuals.signature(direction, c),)}
            policies = frozenset(entry.policy for signature in signatures.values() for entry in signature)
            # the set is kept, so that no other can take its id
            known = self._asking[direction, id(chosen)] = chosen, policies
        return known[1]

    def _moved(
        self, asking: frozenset[Policy], chosen: EndSet, direction: Direction, moved: Moved
    ) -> frozenset[Policy]:
        """The policies that may select an endpoint of a set, after some came and went."""
        classes = self.obligations.classes_of(chosen)
        parts = self.residuals.bitsets.parts
        come = [
            policy
            for policy in moved.come
            if any(
                part & classes and selects is not FALSE
                for part, selects in parts(policy.subject, direction.subject, DIRECT)
            )
        ]
        return (
            (asking - frozenset(moved.gone)) | frozenset(come) if come or not asking.isdisjoint(moved.gone) else asking
        )

    def _any_port(self, broken: Pred, obligation: Obligation, chosen: Chosen) -> bool:
        """Whether the port does not matter: neither to the flow nor to what each of its two directions says."""
        if chosen.port is None:
            return False
        one = one_address(obligation.src, obligation.dst, same=obligation.how.same)

        def any_port_of(statement: Pred) -> bool:
            key = (statement, id(chosen), one)
            known = self._any_ports.get(key)
            if known is None:
                # the packet is kept, so that no other can take its id
                said = every_port(statement, chosen)
                said = any_port(statement, chosen, same=one) if said is None else said
                known = self._any_ports[key] = (chosen, said)
            return known[1]

        sides = (obligation.egress[0], obligation.ingress[0])
        return any_port_of(broken) and all(any_port_of(side) or any_port_of(not_(side)) for side in sides)

    def candidates(self, end: Endpoint, side: Side, family: Family, preds: Iterable[Pred]) -> tuple[Address, ...]:
        """One address of each cell that the predicates tell apart and that the endpoint could have."""
        return self._book.candidates(end, self.obligations.domain(end, side), side, family, preds)

    def flow(self, obligation: Obligation, chosen: Chosen) -> Flow:
        """The concrete flow of an obligation with the packet that was chosen for it."""
        src_ip = self._address(obligation.src, Side.SRC, chosen, None)
        dst_ip = src_ip if obligation.how.same else self._address(obligation.dst, Side.DST, chosen, src_ip)
        via = None
        if obligation.leg.via is not None and obligation.how.via is not None:
            service, index = obligation.leg.via
            known = [a for a in service.vips if a.family == chosen.family]
            vip = chosen.addresses.get(Side.VIP, known[0] if known else None)
            via = Via(service.namespace, service.name, vip, service.ports[index].number)
        return Flow(
            obligation.src,
            obligation.dst,
            chosen.protocol,
            chosen.port,
            src_ip,
            dst_ip,
            chosen.icmp,
            chosen.src_port,
            same=obligation.how.same,
            own_node=obligation.how.own_node,
            via=via,
            entry=obligation.leg.entry,
        )

    def _address(self, end: Endpoint, side: Side, chosen: Chosen, other: Address | None) -> Address:
        if side in chosen.addresses:
            return chosen.addresses[side]
        if end.address_known:
            return min(a for a in end.addresses if a.family == chosen.family)
        return self._book.free(end, chosen.family, other)

    def _assumed(self, obligation: Obligation, chosen: Chosen, unknowns: Iterable[Unknown]) -> Iterator[Assumed]:
        for unknown in unknowns:
            if unknown.name in chosen.reading:
                yield assumed(unknown, chosen.reading[unknown.name])
        for side, end in ((Side.SRC, obligation.src), (Side.DST, obligation.dst)):
            if side in chosen.addresses and end is not EXTERNAL and not end.address_known:
                address = str(chosen.addresses[side])
                yield Assumed(f"address of {end}", address, f"{end} has the address {address}")
        via = obligation.leg.via
        if via is not None and not via.service.vip_known and Side.VIP in chosen.addresses:
            address = str(chosen.addresses[Side.VIP])
            phrase = f"Service {via.service} has the virtual address {address}"
            yield Assumed(f"virtual address of Service {via.service}", address, phrase)
        if obligation.how.own_node and on_one_node(obligation.src, obligation.dst) is None:
            phrase = f"{obligation.src} and {obligation.dst} run on one node"
            yield Assumed("node", "one", phrase)


def assumed(unknown: Unknown, value: str) -> Assumed:
    """An unknown with the value that a flow needs, in words."""
    shown = "something that is not listed" if value == OTHER else value
    phrase = unknown.phrase.format(value=shown) if unknown.phrase else _in_words(unknown, value)
    return Assumed(unknown.name, value, phrase)


def _in_words(unknown: Unknown, value: str) -> str:
    if value == "<absent>":
        return f"there is no {unknown.name}"
    if value == "<other>":
        return f"the {unknown.name} has a value that no policy mentions"
    if unknown.kind == "fact" and unknown.values == FACT:
        return unknown.name if value == "true" else f"it is not so that {unknown.name}"
    return f"the {unknown.name} is `{value}`" if unknown.kind == "label" else f"{unknown.name} is {value}"


def _any_fields(obligation: Obligation, chosen: Chosen, *, any_port: bool) -> Iterator[str]:
    if chosen.src_port is None:
        yield "src_port"
    for name, side, end in (("src_ip", Side.SRC, obligation.src), ("dst_ip", Side.DST, obligation.dst)):
        if side not in chosen.addresses and not end.address_known:
            yield name
    if any_port:
        yield "port"


def members(classes: int, residuals: Residuals) -> Iterator[Endpoint]:
    """The endpoints of a set of classes."""
    for c in bits(classes):
        yield from residuals.classes.members[c]


def _let_in(engine: Engine) -> Callable[[Leg], tuple[bool, bool]]:
    """Tells whether some flow of a leg may pass, and whether some may not. The engine holds who asks this, so it is not held by it:
    a cycle would keep the engine of each edit of a session until the collector runs."""
    found = weakref.ref(engine)

    def let_in(leg: Leg) -> tuple[bool, bool]:
        alive = found()
        assert alive is not None, "who asks is held by the engine"
        passes, stopped = (any(map(alive.broken, alive.obligations.alike(leg, want=want))) for want in (False, True))
        return passes, stopped

    return let_in
