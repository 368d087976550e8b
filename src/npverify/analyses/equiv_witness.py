"""From a difference to the one flow that is shown, as each side sees it, confirmed by the oracles of both."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.analyses.engine import assumed
from npverify.analyses.equiv_formulas import SIDES, Formula, reading_of
from npverify.analyses.equiv_results import Difference
from npverify.analyses.equiv_search import Found, Search, one
from npverify.analyses.results import Assumed, Counterexample
from npverify.analyses.sent import carrying, of_requests
from npverify.ingest.source import InternalError
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.normal.flow import Flow, Via
from npverify.normal.predicates import TRUE, Pred, Side, not_
from npverify.oracle import Oracle
from npverify.reduction.pairs import on_one_node
from npverify.reduction.readings import Packet, at_packet
from npverify.reduction.twins import Twin
from npverify.smt.choose import INSIDE, OUTSIDE, Chosen, any_port, choose
from npverify.smt.solver import Question

_ENDS = (Side.SRC, Side.DST)


def difference(search: Search, found: Found, formula: Formula, pred: Pred) -> Difference:
    """The preferred flow that satisfies `pred`; InternalError if the oracles do not disagree about it."""
    dst = found.pair[1]
    question = Question(pred, search.taken(found.pair), search.answers.budget, same=one(found.pair, found.way))
    preferred = {
        side: INSIDE if twin.either.is_pod or twin.either.cluster else OUTSIDE
        for side, twin in zip(_ENDS, found.pair, strict=True)
    }
    chosen = choose(question, _declared(dst), preferred)
    reading = tuple(_assumed(search, found, formula, chosen, question))
    any_ = tuple(_any_fields(found, formula, pred, chosen))
    seen = [_seen(search, found, formula, chosen, w, reading, any_) for w in (0, 1)]
    shown = Difference(seen[0], seen[1], reading, any_)
    passes = [each is not None and each.verdict.allowed for each in seen]
    if passes[0] is passes[1]:
        raise InternalError(f"the oracles do not confirm a difference: {shown.flow} under {dict(chosen.reading)}")
    return shown


def _declared(twin: Twin) -> list[tuple[str, int]]:
    """The ports that a destination declares, in its order where both worlds have the same."""
    of_side = [[(p.protocol, p.number) for p in end.ports] for end in twin.sides if end is not None]
    if all(ports == of_side[0] for ports in of_side):
        return of_side[0]
    return sorted({port for ports in of_side for port in ports})


def _seen(
    search: Search,
    found: Found,
    formula: Formula,
    chosen: Chosen,
    w: int,
    reading: tuple[Assumed, ...],
    any_: tuple[str, ...],
) -> Counterexample | None:
    """The flow and its verdict in one world; None if it has no such flow."""
    src, dst = (twin.sides[w] for twin in found.pair)
    if src is None or dst is None:
        return None
    how = found.way.hows[w]
    families = search.families(w, src, dst)
    if at_packet(families, Packet(chosen.family, "TCP", 1)) is not TRUE:
        return None
    addresses = _addresses(search, found, formula, chosen, w)
    via = None
    if found.through is not None:
        service, index = found.through.hops[w]
        known = (a for a in service.vips if a.family == chosen.family)
        vip = formula.own.get((w, Side.VIP)) or chosen.addresses.get(Side.VIP) or next(known, None)
        via = Via(service.namespace, service.name, vip, service.ports[index].number)
    flow = Flow(
        src,
        dst,
        chosen.protocol,
        chosen.port,
        addresses[Side.SRC],
        addresses[Side.DST],
        chosen.icmp,
        chosen.src_port,
        same=how.same,
        own_node=how.own_node,
        via=via,
    )
    flow, own = carrying(flow, reading_of(w, chosen.reading), search.residuals[w].requests)
    verdict = Oracle(search.worlds[w].policies, search.worlds[w].inventory).decide(flow, own)
    mine = tuple(
        a._replace(name=next(iter(reading_of(w, {a.name: ""})))) for a in reading if reading_of(w, {a.name: ""})
    )
    return Counterexample(flow, verdict, mine, any_)


def _addresses(search: Search, found: Found, formula: Formula, chosen: Chosen, w: int) -> dict[Side, Address]:
    """The addresses of both ends as one world has them."""
    at: dict[Side, Address] = {}
    for side, twin in zip(_ENDS, found.pair, strict=True):
        end = twin.sides[w] or EXTERNAL
        if (w, side) in formula.own:
            at[side] = formula.own[w, side]
        elif side in chosen.addresses and twin.one_address:
            at[side] = chosen.addresses[side]
        elif found.way.hows[w].same and at:
            at[side] = at[Side.SRC]
        elif end.address_known:
            at[side] = min(a for a in end.addresses if a.family == chosen.family)
        else:
            at[side] = search.book.free(end, chosen.family, at.get(Side.SRC))
    return at


def _assumed(search: Search, found: Found, formula: Formula, chosen: Chosen, question: Question) -> Iterator[Assumed]:
    shown_as_request = of_requests(search.residuals[0].requests)
    for unknown in question.encoding.unknowns:
        if unknown.name in chosen.reading and unknown.name not in shown_as_request:
            yield assumed(unknown, chosen.reading[unknown.name])
    addresses = {(side, ""): address for side, address in chosen.addresses.items()}
    addresses |= {(side, f" on the {SIDES[w]}"): address for (w, side), address in formula.own.items()}
    for (side, where), address in addresses.items():
        if side is not Side.VIP:
            ends = found.pair[0 if side is Side.SRC else 1].sides
            open_ = [e for e in ends if e is not None and e is not EXTERNAL and not e.address_known]
            if open_:
                yield Assumed(f"address of {open_[0]}", str(address), f"{open_[0]} has the address {address}{where}")
        elif found.through is not None and not all(hop.service.vip_known for hop in found.through.hops):
            name = found.through.hops[0].service
            phrase = f"Service {name} has the virtual address {address}{where}"
            yield Assumed(f"virtual address of Service {name}", str(address), phrase)
    yield from _nodes(found)


def _nodes(found: Found) -> Iterator[Assumed]:
    src, dst = found.pair
    near = [how.own_node for how in found.way.hows]
    for w, (a, b) in enumerate(zip(src.sides, dst.sides, strict=True)):
        if near[w] and a is not None and b is not None and on_one_node(a, b) is None and not found.way.hows[w].same:
            where = "" if near[0] is near[1] else f" on the {SIDES[w]}"
            yield Assumed("node", "one", f"{a} and {b} run on one node{where}")
            return


def _any_fields(found: Found, formula: Formula, pred: Pred, chosen: Chosen) -> Iterator[str]:
    if chosen.src_port is None:
        yield "src_port"
    for name, side, twin in zip(("src_ip", "dst_ip"), _ENDS, found.pair, strict=True):
        own = any(s is side for _, s in formula.own)
        if side not in chosen.addresses and not own and not _known(twin.sides):
            yield name
    if chosen.port is None:
        return
    same = one(found.pair, found.way)
    if any_port(pred, chosen, same=same) and all(
        any_port(part, chosen, same=same) or any_port(not_(part), chosen, same=same)
        for parts in formula.parts
        for part in parts
    ):
        yield "port"


def _known(sides: tuple[Endpoint | None, Endpoint | None]) -> bool:
    return any(end is not None and end.address_known for end in sides)
