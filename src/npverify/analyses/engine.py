"""The machinery that all proofs share: one reduction, one memo of solved formulas, and the way back to a concrete flow."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

from npverify.analyses.results import Assumed, Counterexample
from npverify.analyses.through import Through
from npverify.analyses.world import World
from npverify.assertions.claims import Leg
from npverify.inventory.addresses import NEVER_A_POD, Address, Family, Prefix
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind, Inventory
from npverify.inventory.spaces import address_space, merge
from npverify.inventory.unknowns import OTHER, Reading, Unknown
from npverify.normal.flow import Flow, Via
from npverify.normal.policy import Direction, PolicyId
from npverify.normal.predicates import FALSE, TRUE, Pred, Side, not_
from npverify.oracle import Oracle
from npverify.reduction.bitsets import bits
from npverify.reduction.obligations import Obligation, Obligations
from npverify.reduction.pairs import on_one_node
from npverify.reduction.readings import Packet, at_address, at_packet, cells
from npverify.reduction.residuals import Residuals, host_network
from npverify.smt.choose import INSIDE, OUTSIDE, Chosen, any_port, choose
from npverify.smt.solver import Budget, InterruptedByUserError, Question, Taken, UndecidedError, satisfiable

NO_FLOW = "there is no flow that it speaks about"


def never() -> bool:
    """Nobody wants the run to stop."""
    return False


class Engine:
    """Decides obligations over one world. Guards the memo of answers, so that equal obligations are solved once."""

    def __init__(self, world: World, budget: Budget, stop: Callable[[], bool] = never) -> None:
        """`stop` is asked before each question; where it says True the run ends as on Ctrl-C."""
        self.world = world
        self.budget = budget
        self._stop = stop
        self.residuals = Residuals(world.inventory, world.policies)
        self.obligations = Obligations(world.inventory, self.residuals)
        self.through = Through(world.inventory, self.residuals)
        self.oracle = Oracle(world.policies, world.inventory)
        self._known: dict[str | None, KnownAddresses] = {}
        self._answers: dict[tuple[Pred, frozenset[object], bool | None], bool | UndecidedError] = {}

    def possible(self, pred: Pred, src: Endpoint, dst: Endpoint, *, same: bool = False) -> bool:
        """Whether some flow between the two satisfies `pred`; `same` if they are one pod, not two replicas.

        Raises as `Question.possible` does.
        """
        if pred is FALSE or pred is TRUE:
            return pred is TRUE
        if self._stop():
            raise InterruptedByUserError
        taken = self._taken(src, dst)
        one = _one_address(src, dst, same=same)
        key = (pred, frozenset(taken.items()), one)
        answer = self._answers.get(key)
        if answer is None:
            try:
                answer = satisfiable(pred, taken, self.budget, same=one)
            except UndecidedError as gave_up:
                answer = gave_up
            self._answers[key] = answer
        if isinstance(answer, UndecidedError):
            raise answer
        return answer

    def counterexample(self, broken: Pred, obligation: Obligation) -> tuple[Counterexample, Flow, Reading]:
        """The preferred flow that satisfies `broken`, as the oracle judges it; the caller checks that verdict."""
        src, dst = obligation.src, obligation.dst
        question = Question(
            broken, self._taken(src, dst), self.budget, same=_one_address(src, dst, same=obligation.how.same)
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
        one = _one_address(obligation.src, obligation.dst, same=obligation.how.same)
        sides = (obligation.egress[0], obligation.ingress[0])
        return any_port(broken, chosen, same=one) and all(
            any_port(side, chosen, same=one) or any_port(not_(side), chosen, same=one) for side in sides
        )

    def candidates(self, end: Endpoint, side: Side, family: Family, preds: Iterable[Pred]) -> tuple[Address, ...]:
        """One address of each cell that the predicates tell apart and that the endpoint could have."""
        if end.address_known:
            return tuple(a for a in end.addresses if a.family == family)
        domain = self.obligations.domain(end, side)
        found = []
        for first, last in cells((*preds, domain), side, family):
            start = Address(family, first)
            if at_address(at_packet(domain, Packet(family, "TCP", 1)), side, start) is not FALSE:
                at = start if end.kind is EndpointKind.HOST_POD else self._known_to(end).next_free(start)
                found += [at] if at.value <= last else []
        return tuple(found)

    def _taken(self, src: Endpoint, dst: Endpoint) -> Taken:
        """Sides whose address is open: it is none of the addresses that are known to be somebody else's.

        A pod on the host network shares the address of its node, so nothing is taken for it.
        """
        return {
            side: self._known_to(end).block
            for side, end in ((Side.SRC, src), (Side.DST, dst))
            if not end.address_known and end.kind is not EndpointKind.HOST_POD
        }

    def _known_to(self, end: Endpoint) -> KnownAddresses:
        """The addresses that are somebody else's; a node shares its own with the pods on its network."""
        hosts = end.cluster if end.kind is EndpointKind.NODE or end.on_host else None
        if hosts not in self._known:
            self._known[hosts] = KnownAddresses(self.world.inventory, hosts)
        return self._known[hosts]

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
        return self._known_to(end).free(end, chosen.family, other)

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


def _one_address(src: Endpoint, dst: Endpoint, *, same: bool) -> bool | None:
    """Whether two ends have one address; None where they may: all on the host network of a node have the node's."""
    return None if not same and host_network(src) and host_network(dst) else same


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
    return f"the {unknown.name} is `{value}`" if unknown.kind == "label" else f"{unknown.name} is {value}"


def _any_fields(obligation: Obligation, chosen: Chosen, *, any_port: bool) -> Iterator[str]:
    if chosen.src_port is None:
        yield "src_port"
    for name, side, end in (("src_ip", Side.SRC, obligation.src), ("dst_ip", Side.DST, obligation.dst)):
        if side not in chosen.addresses and not end.address_known:
            yield name
    if any_port:
        yield "port"


class KnownAddresses:
    """The addresses that belong to known endpoints and services, as merged blocks."""

    def __init__(self, inventory: Inventory, hosts: str | None = None) -> None:
        """`hosts` names a cluster whose nodes, and pods on their network, are left out ("": this one); None: none is."""
        self._spaces = {kind: address_space(inventory, kind) for kind in EndpointKind}
        known = (e for e in inventory.endpoints if e.address_known)
        owned = chain.from_iterable(e.addresses for e in known if e.cluster != hosts or not _on_host(e))
        virtual = chain.from_iterable(s.vips for s in inventory.services.values())
        self._blocks: Mapping[Family, list[Prefix]] = merge((*owned, *virtual))

    def block(self, address: Address) -> Prefix | None:
        """The block that an address falls into; None if it belongs to nobody."""
        blocks = self._blocks[address.family]
        index = bisect_right(blocks, (address.family, address.value, 129)) - 1
        return blocks[index] if index >= 0 and blocks[index].contains(address) else None

    def free(self, end: Endpoint, family: Family, other: Address | None) -> Address:
        """An address that an endpoint of unknown address could have, not `other`: one that reads well, else the lowest."""
        space = [p for p in self._spaces[end.kind] if p.family == family]
        outside = [p for p in self._spaces[EndpointKind.POD] if end is EXTERNAL]
        starts = [a for a in (OUTSIDE if end is EXTERNAL else INSIDE) if a.family == family]
        if space:
            starts = starts if end.cluster else []  # the space of another cluster is all that is not this one's
            starts += [Address(family, min(p.first + 10, p.last)) for p in space]
            starts += [Address(family, p.first) for p in space]
        for start in starts:
            # a pod on the host network has an address that is its node's as well
            at = start if end.kind is EndpointKind.HOST_POD else self.next_free(start, other)
            never = end is not EXTERNAL and any(p.contains(at) for p in NEVER_A_POD)
            fits = any(p.contains(at) for p in space) if space else not any(p.contains(at) for p in outside)
            if fits and not never:
                return at
        # Known addresses fill the whole space. Which address it is does not matter where this is asked.
        return starts[0]

    def next_free(self, start: Address, other: Address | None = None) -> Address:
        """The first address from `start` on that belongs to nobody and is not `other`."""
        at = start
        while True:
            block = self.block(at)
            if block is not None:
                at = Address(at.family, block.last + 1)
            elif at == other:
                at = Address(at.family, at.value + 1)
            else:
                return at


def _on_host(end: Endpoint) -> bool:
    """Whether the endpoint has a node's address: the node itself, or a pod on its network."""
    return end.kind is EndpointKind.NODE or end.shares_address


def members(classes: int, residuals: Residuals) -> Iterator[Endpoint]:
    """The endpoints of a set of classes."""
    for c in bits(classes):
        yield from residuals.classes.members[c]
