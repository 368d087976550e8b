"""Decides the claims that say that something exists: `some A reaches B`, `every A reaches some B`.

What exists must exist under every reading, so the flow is chosen after the unknowns and after the addresses that nobody
knows. "There is a flow" is a disjunction over one packet of each cell that the residuals tell apart; what is left is about
unknowns alone, and the solver shows that it holds for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, product
from typing import NamedTuple

from npverify.analyses.engine import NO_FLOW, Engine
from npverify.analyses.refute import first_counterexample, violated
from npverify.analyses.results import AssertionResult, Counterexample, Status
from npverify.analyses.sent import carrying
from npverify.assertions.claims import Assertion, EachReachesSome, Leg, SomeFlow
from npverify.ingest.source import InternalError
from npverify.inventory.addresses import FAMILIES, Address, Family
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.inventory.unknowns import Reading, Unknown, fact
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    AddressIn,
    PortIn,
    Pred,
    Side,
    UnknownIn,
    and_,
    atoms_of,
    not_,
    or_,
    substitute,
    unknown_in,
)
from npverify.reduction.obligations import Obligation, flows_allowed, flows_denied
from npverify.reduction.readings import Packet, at_address, at_packet, filled_in, of_every_flow, packets, under
from npverify.reduction.residuals import host_network
from npverify.smt.choose import Chosen
from npverify.smt.solver import UndecidedError

_SIDES = (Side.SRC, Side.DST)


@dataclass(frozen=True, slots=True)
class _Option:
    """One way in which a flow may exist, and the unknowns that it needs (TRUE: it exists under every reading).

    `sent` is what the flow carries, as a reading: who sends it chooses the request.
    """

    obligation: Obligation
    packet: Packet
    needs: Pred
    addresses: Mapping[Side, Address] = field(default_factory=dict)
    sent: Reading = field(default_factory=dict)


def prove_some_flow(engine: Engine, assertion: Assertion, claim: SomeFlow) -> AssertionResult:
    """Proved if under every reading some flow of some leg is allowed."""
    asked = engine.asked(claim.legs)
    obligations = [o for leg in claim.legs for o in engine.obligations.of(leg, flows_allowed)]
    obligations.sort(key=lambda o: o.order)
    if not any(engine.possible(o.premise, o.src, o.dst, same=o.how.same) for o in obligations):
        return AssertionResult(assertion, Status.VACUOUS, because=NO_FLOW)
    options = _ways_to_exist(engine, obligations)
    if not _exhaustive(engine, options):
        passes = bool(options) or _may_pass(engine, obligations)
        because = "under some reading no flow is allowed" if passes else "no flow is allowed"
        shown = nearest(engine, claim.legs)
        return AssertionResult(assertion, Status.REFUTED, shown, because=because, depends_on=asked)
    return AssertionResult(assertion, Status.PROVED, witness=_witness(engine, options), depends_on=asked)


def _may_pass(engine: Engine, obligations: Iterable[Obligation]) -> bool:
    """Whether some flow passes under some reading, for all that is known."""
    try:
        return any(engine.possible(o.broken, o.src, o.dst, same=o.how.same) for o in obligations)
    except UndecidedError:
        return True


def exists_always(engine: Engine, obligations: Sequence[Obligation]) -> bool:
    """Whether under every reading some flow breaks one of the obligations."""
    return _exhaustive(engine, _ways_to_exist(engine, obligations))


def _ways_to_exist(engine: Engine, obligations: Sequence[Obligation]) -> list[_Option]:
    """The ways in which a flow may break one of the obligations, up to the first that needs nothing."""
    options: list[_Option] = []
    addresses = Addresses(engine, obligations)
    for obligation in filter(certain, obligations):
        for option in _options(engine, obligation, addresses):
            options.append(option)
            if option.needs is TRUE:
                return options
    return options


def _exhaustive(engine: Engine, options: Iterable[_Option]) -> bool:
    """Whether under every reading there is what one of the options needs."""
    return not engine.possible(not_(or_(*(option.needs for option in options))), EXTERNAL, EXTERNAL)


def prove_each_reaches_some(engine: Engine, assertion: Assertion, claim: EachReachesSome) -> AssertionResult:
    """Proved if for each source and under every reading there is one destination that takes every flow of the leg.

    Each port of a Service needs a destination (`reached_by`); all other legs are alternatives.
    """
    asked = engine.asked(claim.legs)
    speaks = False
    for end, condition in sources(engine, claim.legs):
        legs = [replace(leg, src={end: condition}) for leg in claim.legs if end in leg.src]
        own = [list(engine.obligations.of(leg, flows_denied)) for leg in legs]
        addresses = Addresses(engine, chain.from_iterable(own))
        ways = [_taken_by_one(engine, obligations, addresses) for obligations in own]
        spoken_of = or_(*(leg.spoken_of for leg in ways))
        if spoken_of is FALSE:
            continue
        speaks = True
        reached = reached_by(legs, ways)
        if engine.possible(and_(spoken_of, not_(reached)), end, EXTERNAL):
            because = f"{end} reaches none of them"
            shown = nearest(engine, legs)
            return AssertionResult(assertion, Status.REFUTED, shown, because=because, depends_on=asked)
    if not speaks:
        return AssertionResult(assertion, Status.VACUOUS, because=NO_FLOW)
    return AssertionResult(assertion, Status.PROVED, depends_on=asked)


def sources(engine: Engine, legs: Sequence[Leg]) -> Iterator[tuple[Endpoint, Pred]]:
    """One of all sources that may be swapped for each other without changing policies, destinations or nodes."""
    seen: set[tuple[object, ...]] = set()
    hosts = any(host_network(end) for leg in legs for end in leg.dst)
    hosts = hosts or any(leg.via is not None and leg.via.service.near_only for leg in legs)
    for leg in legs:
        for end, condition in leg.src.items():
            key = (
                engine.residuals.classes.of[end],
                condition,
                end.addresses if condition is not TRUE else (),
                end.replicated,
                (end.node, end.on_every_node) if hosts or host_network(end) else None,
                tuple(other.dst.get(end) for other in legs),  # a destination is left out where it is the source
            )
            if key not in seen:
                seen.add(key)
                yield end, condition


class Taken(NamedTuple):
    """Of one source and one leg: when there are flows at all, and when one destination takes every one of them."""

    spoken_of: Pred
    taken: Pred


def reached_by(legs: Iterable[Leg], ways: Iterable[Taken]) -> Pred:
    """When some destination takes what is sent to it. Of a Service each port needs one: the legs of a port are the numbers
    that it has at its backends, of which any is enough."""
    found: dict[object, dict[int, list[Pred]]] = {}
    for index, (leg, way) in enumerate(zip(legs, ways, strict=True)):
        key = ("service", leg.via.service.namespace, leg.via.service.name) if leg.via else ("leg", index)
        found.setdefault(key, {}).setdefault(leg.via.port if leg.via else 0, []).append(way.taken)
    return or_(*(and_(*(or_(*numbers) for numbers in ports.values())) for ports in found.values()))


def _taken_by_one(engine: Engine, obligations: Iterable[Obligation], addresses: Addresses) -> Taken:
    """When one destination takes every flow, if these are the obligations of its leg."""
    ways: list[Pred] = []
    speaks: list[Pred] = []
    for obligation in obligations:
        if not certain(obligation):
            continue
        for family in FAMILIES:
            cells = [p for p in packets([obligation.premise, obligation.broken]) if p.family == family]
            for chosen in _choices(engine, obligation, family, [Side.DST]):
                settle = Settled(addresses, obligation, family, chosen)
                spoken_of = [
                    (cell, said) for cell in cells if (said := settle(at_packet(obligation.premise, cell))) is not FALSE
                ]
                # who is no destination under a reading takes nothing there
                member = or_(*(said for _, said in spoken_of))
                takes = (not_(settle(at_packet(obligation.broken, cell))) for cell, _ in spoken_of)
                ways.append(and_(member, *map(of_every_flow, takes)))
                speaks.append(member)
    return Taken(or_(*speaks), or_(*ways))


def certain(obligation: Obligation) -> bool:
    """Whether the ends do stand to each other like this. Where it is not known whether they share a node, and where a
    DaemonSet has pods on other nodes too, they need not: one node only allows more than two."""
    here = obligation.src.node
    return not obligation.how.own_node or (here is not None and here == obligation.dst.node)


def _options(engine: Engine, obligation: Obligation, addresses: Addresses) -> Iterator[_Option]:
    """Every way in which a flow of the obligation may be allowed, the preferred ones first."""
    if obligation.broken is FALSE:
        return
    declared = {(p.protocol, p.number) for p in obligation.dst.ports}
    cells = list(packets([obligation.broken], (number for _, number in declared)))
    cells.sort(key=lambda p: (p.protocol, p.port) not in declared)  # stable: lowest port first among equals
    for packet in cells:
        left = at_packet(obligation.broken, packet)
        if left is FALSE:
            continue
        for chosen in _choices(engine, obligation, packet.family, _SIDES):
            settled = Settled(addresses, obligation, packet.family, chosen)
            for sent, carried in _requests(engine, left):
                needs = of_every_flow(settled(carried))
                if needs is not FALSE:
                    yield _Option(obligation, packet, needs, {**settled.defaults, **chosen}, sent)


def _requests(engine: Engine, pred: Pred) -> Iterator[tuple[Reading, Pred]]:
    """What a flow may carry as far as a predicate tells it apart, each with what that leaves; what is usual first."""
    own = engine.residuals.requests.unknowns
    looked_at = {a.unknown for a in atoms_of(pred) if isinstance(a, UnknownIn)}
    asked = [unknown for unknown in own if unknown in looked_at]
    for values in product(*(unknown.values for unknown in asked)):
        reading = {unknown.name: value for unknown, value in zip(asked, values, strict=True)}
        left = filled_in(pred, reading)
        if left is not FALSE and engine.residuals.requests.can_be(reading):
            yield reading, left


def _choices(
    engine: Engine, obligation: Obligation, family: Family, sides: Sequence[Side]
) -> Iterator[dict[Side, Address]]:
    """The addresses that may be chosen: of outside endpoints, and of endpoints with several known ones."""
    chosen: list[dict[Side, Address]] = [{}]
    for side in sides:
        end = obligation.src if side is Side.SRC else obligation.dst
        if end is EXTERNAL or end.address_known:
            candidates = engine.candidates(end, side, family, (obligation.broken, obligation.premise))
            chosen = [{**before, side: address} for before in chosen for address in candidates]
    yield from chosen


class Addresses:
    """The values of addresses that are not chosen: one of each cell that any of the obligations tells apart, so that what
    they say of one endpoint's address can be compared. Guards the memo."""

    def __init__(self, engine: Engine, obligations: Iterable[Obligation]) -> None:
        self._engine = engine
        self._preds: dict[tuple[Endpoint, Side], dict[Pred, None]] = {}
        self._values: dict[tuple[Endpoint, Side, Family], dict[str, Address]] = {}
        for o in obligations:
            for end, side in ((o.src, Side.SRC), (o.dst, Side.DST)):
                self._preds.setdefault((end, side), {}).update(dict.fromkeys((o.broken, o.premise)))

    def of(self, end: Endpoint, side: Side, family: Family) -> dict[str, Address]:
        """The addresses by their text, the default first."""
        key = (end, side, family)
        if key not in self._values:
            found = self._engine.candidates(end, side, family, self._preds[end, side])
            self._values[key] = {str(address): address for address in found}
        return self._values[key]


class Settled:
    """Fills chosen addresses into a predicate and turns the others into unknowns; remembers their default values."""

    def __init__(
        self, addresses: Addresses, obligation: Obligation, family: Family, chosen: Mapping[Side, Address]
    ) -> None:
        self._chosen = dict(chosen)
        self._open: dict[Side, tuple[Unknown, dict[str, Address]]] = {}
        self.defaults: dict[Side, Address] = {}
        for side, end in ((Side.SRC, obligation.src), (Side.DST, obligation.dst)):
            if side in chosen:
                continue
            values = addresses.of(end, side, family)
            if values:
                name = f"IPv{family} address of {end} ({side})"
                self._open[side] = (Unknown(name, tuple(values)), values)
                self.defaults[side] = next(iter(values.values()))
        via = obligation.leg.via
        self._service = str(via.service) if via is not None else ""
        for vip in via.service.vips if via is not None else ():
            if vip.family == family:
                self._chosen.setdefault(Side.VIP, vip)

    def __call__(self, pred: Pred) -> Pred:
        for side, address in self._chosen.items():
            pred = at_address(pred, side, address)
        return substitute(pred, self._as_unknown)

    def _as_unknown(self, atom: Pred) -> Pred:
        if not isinstance(atom, AddressIn):
            return atom
        if atom.side is Side.VIP:
            return unknown_in(fact(f"virtual address of {self._service} lies in {atom.prefix}"), "true")
        if atom.side not in self._open:
            return FALSE
        unknown, values = self._open[atom.side]
        return unknown_in(unknown, *(text for text, address in values.items() if atom.prefix.contains(address)))


def _witness(engine: Engine, options: Sequence[_Option]) -> Counterexample | None:
    """The preferred flow that is allowed under the default reading; None if each reading needs a flow of its own."""
    for option in options:
        if under(option.needs, {}) is TRUE:
            packet = option.packet
            looks = any(isinstance(a, PortIn) and a.side is Side.SRC for a in atoms_of(option.obligation.broken))
            src_port = packet.src_port if looks and packet.port is not None else None
            chosen = Chosen(
                packet.protocol, packet.port, packet.icmp, packet.family, option.addresses, src_port=src_port
            )
            flow, _ = carrying(engine.flow(option.obligation, chosen), option.sent, engine.residuals.requests)
            verdict = engine.oracle.decide(flow, {})
            if not verdict.allowed:
                raise InternalError(f"the oracle does not confirm a witness: {flow}")
            return Counterexample(flow, verdict, any=("src_port",) if src_port is None else ())
    return None


def nearest(engine: Engine, legs: Iterable[Leg]) -> Counterexample | None:
    """A flow that is denied, as the example of what is missing."""
    obligations = [o for leg in legs for o in engine.obligations.of(leg, flows_denied)]
    obligations.sort(key=lambda o: o.order)
    broken, _ = violated(engine, obligations)
    return first_counterexample(engine, broken, expected=False) if broken else None
