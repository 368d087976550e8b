"""Has the oracles of both versions confirm what a comparison says: a flow of each group, and flows right beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from npverify.analyses.diff.groups import Group
from npverify.analyses.diff.samples import Seen, packet_of
from npverify.analyses.equiv_results import Difference
from npverify.analyses.equiv_search import Search
from npverify.analyses.results import Assumed, Counterexample
from npverify.ingest.source import InternalError
from npverify.normal.flow import PORT_PROTOCOLS, Flow
from npverify.normal.predicates import FALSE, TRUE, Pred, Side
from npverify.oracle import Oracle
from npverify.reduction.readings import at_address, at_packet, under

_MOST = 24  # neighbours of one flow


class Replay:
    """Replays flows of two worlds. Guards the oracles."""

    def __init__(self, search: Search) -> None:
        self.oracles = tuple(Oracle(world.policies, world.inventory) for world in search.worlds)

    def passes(self, seen: Seen) -> tuple[bool, bool]:
        """Whether each version lets the flow pass; one that it does not have does not."""
        verdicts = [self._passes(w, seen.flows[w], seen) for w in (0, 1)]
        return verdicts[0], verdicts[1]

    def confirmed(self, group: Group, seen: Seen, reading: tuple[Assumed, ...]) -> Difference:
        """The flow with both verdicts; InternalError where the oracles do not say what the group says."""
        expected = (not group.added, group.added)
        if self.passes(seen) != expected:
            raise InternalError(f"the oracles do not confirm a change: {seen.flow} under {dict(seen.readings[0])}")
        self._neighbours(seen)
        old, new = (self._counterexample(w, seen, reading) for w in (0, 1))
        return Difference(old, new, reading, _any_fields(seen))

    def _counterexample(self, w: int, seen: Seen, reading: tuple[Assumed, ...]) -> Counterexample | None:
        flow = seen.flows[w]
        if flow is None:
            return None
        return Counterexample(flow, self.oracles[w].decide(flow, seen.readings[w]), reading, _any_fields(seen))

    def _passes(self, w: int, flow: Flow | None, seen: Seen) -> bool:
        return flow is not None and self.oracles[w].decide(flow, seen.readings[w]).allowed

    def _neighbours(self, seen: Seen) -> None:
        """Flows beside this one are different exactly where the formula of the two ends says so."""
        if not all(twin.one_address for twin in seen.pair):
            return  # the formula is about one address, and each version has its own
        for flows in _beside(seen):
            passes = [self._passes(w, flow, seen) for w, flow in enumerate(flows)]
            said = _said(seen, flows)
            if said in (TRUE, FALSE) and (said is TRUE) is not (passes[0] is not passes[1]):
                raise InternalError(f"beside a change the oracles say otherwise: {flows[0] or flows[1]}")


def _any_fields(seen: Seen) -> tuple[str, ...]:
    """Fields of the flow whose value does not matter."""
    found = [] if seen.flow.src_port is not None else ["src_port"]
    for name, n in (("src_ip", 0), ("dst_ip", 1)):
        side = Side.SRC if n == 0 else Side.DST
        own = any(at is side for _, at in seen.origin.formula.own)
        known = any(end is not None and end.address_known for end in seen.pair[n].sides)
        if not own and not known and not seen.origin.row.where[n]:
            found.append(name)
    return tuple(found)


def _said(seen: Seen, flows: tuple[Flow | None, Flow | None]) -> Pred:
    """What the formula says of a flow, at its addresses and under its reading; neither TRUE nor FALSE where it is open."""
    flow = flows[0] or flows[1]
    if flow is None or flow.src_ip is None or flow.dst_ip is None:
        return FALSE
    said = at_packet(seen.origin.formula.differs, packet_of(flow))
    said = at_address(at_address(said, Side.SRC, flow.src_ip), Side.DST, flow.dst_ip)
    if flow.via is not None and flow.via.vip is not None:
        said = at_address(said, Side.VIP, flow.via.vip)
    return under(said, dict(seen.origin.row.reading))


def _beside(seen: Seen) -> Iterator[tuple[Flow | None, Flow | None]]:
    """The same two ends, with the packets at the edges of the traffic, and other protocols."""
    flow = seen.flow
    if seen.origin.found.through is not None:
        return  # what goes through a Service is of its protocol and port
    ports: dict[int, None] = {}
    for one in seen.origin.row.traffic:
        for first, last in one.ports:
            ports.update(dict.fromkeys((first - 1, first, last, last + 1)))
    count = 0
    for protocol in PORT_PROTOCOLS:
        for port in sorted(p for p in {*ports, flow.port or 80} if 1 <= p <= 65535):
            count += 1
            if count > _MOST:
                return
            old, new = (
                None if f is None else replace(f, protocol=protocol, port=port, icmp=None, src_port=None)
                for f in seen.flows
            )
            yield old, new
    old, new = (
        None if f is None else replace(f, protocol="ICMP", port=None, icmp=(8, 0), src_port=None) for f in seen.flows
    )
    yield old, new
