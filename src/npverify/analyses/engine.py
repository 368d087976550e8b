"""The machinery that all proofs share: one reduction, one memo of solved formulas, and the way back to a concrete flow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from npverify.analyses.answers import Answers, never, one_address
from npverify.analyses.known_addresses import AddressBook
from npverify.analyses.results import Assumed, Counterexample
from npverify.analyses.through import Through
from npverify.analyses.world import World
from npverify.assertions.claims import Leg
from npverify.inventory.addresses import Address, Family
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.inventory.unknowns import FACT, OTHER, Reading, Unknown
from npverify.normal.flow import Flow, Via
from npverify.normal.policy import Direction, PolicyId
from npverify.normal.predicates import Pred, Side, not_
from npverify.oracle import Oracle
from npverify.reduction.bitsets import bits
from npverify.reduction.obligations import Obligation, Obligations
from npverify.reduction.pairs import on_one_node
from npverify.reduction.residuals import Residuals
from npverify.smt.choose import INSIDE, OUTSIDE, Chosen, any_port, choose
from npverify.smt.solver import Budget, Question

NO_FLOW = "there is no flow that it speaks about"


class Engine:
    """Decides obligations over one world. Guards the memo of answers, so that equal obligations are solved once."""

    def __init__(self, world: World, budget: Budget, stop: Callable[[], bool] = never) -> None:
        """`stop` is asked before each question; where it says True the run ends as on Ctrl-C."""
        self.world = world
        self.budget = budget
        self.residuals = Residuals(world.inventory, world.policies)
        self.obligations = Obligations(world.inventory, self.residuals)
        self.through = Through(world.inventory, self.residuals)
        self.oracle = Oracle(world.policies, world.inventory)
        self._book = AddressBook(world.inventory)
        self._answers = Answers(budget, stop)

    def possible(self, pred: Pred, src: Endpoint, dst: Endpoint, *, same: bool = False) -> bool:
        """Whether some flow between the two satisfies `pred`; `same` if they are one pod, not two replicas.

        Raises as `Question.possible` does.
        """
        return self._answers.possible(pred, self._book.taken(src, dst), one=one_address(src, dst, same=same))

    def counterexample(self, broken: Pred, obligation: Obligation) -> tuple[Counterexample, Flow, Reading]:
        """The preferred flow that satisfies `broken`, as the oracle judges it; the caller checks that verdict."""
        src, dst = obligation.src, obligation.dst
        question = Question(
            broken, self._book.taken(src, dst), self.budget, same=one_address(src, dst, same=obligation.how.same)
        )
        sides = ((Side.SRC, src), (Side.DST, dst))
        preferred = {side: INSIDE if end.is_pod or end.cluster else OUTSIDE for side, end in sides}
        chosen = choose(question, [(p.protocol, p.number) for p in dst.ports], preferred)
        flow = self.flow(obligation, chosen)
        verdict = self.oracle.decide(flow, chosen.reading)
        reading = tuple(self._assumed(obligation, chosen, question.encoding.unknowns))
        fields = tuple(_any_fields(obligation, chosen, any_port=self._any_port(broken, obligation, chosen)))
        shown = Counterexample(flow, verdict, reading, fields)
        return shown, flow, chosen.reading

    def asked(self, legs: Iterable[Leg]) -> tuple[PolicyId, ...]:
        """The policies that may select a source of the legs for egress or a destination for ingress."""
        found: set[PolicyId] = set()
        for leg in legs:
            for direction, ends in ((Direction.EGRESS, leg.src), (Direction.INGRESS, leg.dst)):
                for c in {self.residuals.classes.of[end] for end in ends}:
                    found |= {entry.policy.id for entry in self.residuals.signature(direction, c)}
        return tuple(sorted(found))

    def _any_port(self, broken: Pred, obligation: Obligation, chosen: Chosen) -> bool:
        """Whether the port does not matter: neither to the flow nor to what each of its two directions says."""
        if chosen.port is None:
            return False
        one = one_address(obligation.src, obligation.dst, same=obligation.how.same)
        sides = (obligation.egress[0], obligation.ingress[0])
        return any_port(broken, chosen, same=one) and all(
            any_port(side, chosen, same=one) or any_port(not_(side), chosen, same=one) for side in sides
        )

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
