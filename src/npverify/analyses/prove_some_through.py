"""`every A reaches some B through …`: each client outside has one of B that takes all of its traffic, as it comes in.

One client's traffic may become several flows: with its own address, with that of a node or a balancer, or from a pod of a
controller, and which of them is nobody's choice. So a destination takes it exactly if it takes each of these flows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from npverify.analyses.engine import NO_FLOW, Engine
from npverify.analyses.prove_some import Addresses, Settled, Taken, certain, nearest, reached_by, sources
from npverify.analyses.results import AssertionResult, Status
from npverify.assertions.claims import Assertion, EachReachesSome, Leg
from npverify.inventory.addresses import FAMILIES, Address, Family
from npverify.inventory.model import EXTERNAL
from npverify.normal.predicates import FALSE, Pred, Side, and_, not_, or_
from npverify.reduction.obligations import Obligation, flows_denied
from npverify.reduction.readings import at_packet, of_every_flow, packets


def prove_each_comes_in_to_some(engine: Engine, assertion: Assertion, claim: EachReachesSome) -> AssertionResult:
    """Proved if for each source and under every reading there is one destination that takes every flow that its traffic may
    become. Each port of a Service needs a destination (`reached_by`); all other legs are alternatives.
    """
    spelled = engine.entries.spelled_out(claim.legs)
    untold, asked = spelled.untold, engine.asked(engine.entries.seen(claim.legs))
    speaks = False
    for end, condition in sources(engine, claim.legs):
        legs = [replace(leg, src={end: condition}) for leg in claim.legs]
        ways = [_taken_by_one(engine, leg) for leg in legs]
        spoken_of = or_(*(leg.spoken_of for leg in ways))
        if spoken_of is FALSE:
            continue
        speaks = True
        reached = reached_by(legs, ways)
        if engine.possible(and_(spoken_of, not_(reached)), end, EXTERNAL):
            if untold:
                return AssertionResult(assertion, Status.UNDECIDED, because=untold, fix=spelled.mend, depends_on=asked)
            because = f"{end} reaches none of them"
            shown = nearest(engine, engine.entries.spelled_out(legs).legs)
            return AssertionResult(assertion, Status.REFUTED, shown, because=because, depends_on=asked)
    if untold and not speaks:
        return AssertionResult(assertion, Status.UNDECIDED, because=untold, fix=spelled.mend, depends_on=asked)
    if not speaks:
        return AssertionResult(assertion, Status.VACUOUS, because=NO_FLOW)
    return AssertionResult(assertion, Status.PROVED, depends_on=asked)


def _taken_by_one(engine: Engine, leg: Leg) -> Taken:
    """When one destination takes all of the traffic of the one source of a leg. A destination of which nobody knows all who
    send to it takes nothing."""
    speaks: list[Pred] = []
    taken: list[Pred] = []
    for end, condition in leg.dst.items():
        spelled, untold = engine.entries.spelled_out((replace(leg, dst={end: condition}),))
        obligations = [o for each in spelled for o in engine.obligations.of(each, flows_denied) if certain(o)]
        for spoken_of, takes in _alternatives(engine, obligations):
            speaks.append(spoken_of)
            if not untold:
                taken.append(and_(spoken_of, takes))
    return Taken(or_(*speaks), or_(*taken))


def _alternatives(engine: Engine, obligations: Sequence[Obligation]) -> Iterator[tuple[Pred, Pred]]:
    """Of one destination, by family and address of it: when there is a flow, and when each that there is passes."""
    addresses = Addresses(engine, obligations)
    for family in FAMILIES:
        for at in _chosen(engine, obligations, Side.DST, family):
            flows = [
                (said, not_(settle(at_packet(o.broken, cell))))
                for o in obligations
                for settle in _settled(engine, addresses, o, family, at)
                for cell in packets([o.premise, o.broken])
                if cell.family == family and (said := settle(at_packet(o.premise, cell))) is not FALSE
            ]
            if flows:
                yield or_(*(said for said, _ in flows)), and_(*(of_every_flow(takes) for _, takes in flows))


def _settled(
    engine: Engine, addresses: Addresses, obligation: Obligation, family: Family, at: Address | None
) -> Iterator[Settled]:
    """The addresses of one obligation filled in. Who passes traffic on may have any of his: each has to pass. The client has
    the one that it has."""
    entry = obligation.leg.entry
    passed_on = entry is not None and entry.rewritten
    froms = _chosen(engine, (obligation,), Side.SRC, family) if passed_on else (None,)
    for src in froms:
        chosen = {side: address for side, address in ((Side.SRC, src), (Side.DST, at)) if address is not None}
        yield Settled(addresses, obligation, family, chosen)


def _chosen(
    engine: Engine, obligations: Sequence[Obligation], side: Side, family: Family
) -> tuple[Address | None, ...]:
    """The addresses of an end that may be chosen; None alone where it has one that is not known."""
    if not obligations:
        return ()
    end = obligations[0].src if side is Side.SRC else obligations[0].dst
    if end is not EXTERNAL and not end.address_known:
        return (None,)
    preds = [pred for o in obligations for pred in (o.broken, o.premise)]
    return tuple(engine.candidates(end, side, family, preds))
