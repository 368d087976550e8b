"""Concrete flows of a group, as both versions see them: the first by name, by a declared port where there is one.

Nothing here is trusted: whoever asks for a flow has it confirmed by the oracles of both versions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from npverify.analyses.diff.groups import Group, Groups, Origin
from npverify.analyses.equiv_formulas import reading_of
from npverify.analyses.equiv_rows import Blocks
from npverify.analyses.equiv_search import Search, one
from npverify.analyses.packet_cells import Traffic
from npverify.analyses.sent import carrying
from npverify.inventory.addresses import BITS, FAMILIES, NEVER_A_POD, Address, Family, Prefix
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind
from npverify.inventory.unknowns import Reading
from npverify.normal.flow import EPHEMERAL, ICMPV6, NUMBERS, Flow, Via, protocol_name
from npverify.normal.predicates import TRUE, Side
from npverify.reduction.bitsets import bits
from npverify.reduction.readings import Packet, at_packet
from npverify.reduction.twin_pairs import Pair, Pairs, may_be_near

_ENDS = (Side.SRC, Side.DST)
_USUAL_NUMBERS = {*NUMBERS.values(), ICMPV6}


class Seen(NamedTuple):
    """One flow as each version has it (None: not at all), with the reading of each."""

    origin: Origin
    pair: Pair
    flows: tuple[Flow | None, Flow | None]
    readings: tuple[Reading, Reading]

    @property
    def flow(self) -> Flow:
        """The flow as the old version has it, or the new one where that has it not."""
        found = self.flows[0] or self.flows[1]
        if found is None:
            raise ValueError("a flow that nobody has")
        return found


class Samples:
    """Makes flows of groups."""

    def __init__(self, search: Search, groups: Groups) -> None:
        self._search = search
        self._groups = groups

    def of(self, group: Group, most: int) -> Iterator[Seen]:
        """A flow for pairs of classes in the group, at most so many, every class among them as long as that allows."""
        count = 0
        for origin in group.origins:
            for pair in self._pairs(group, origin, most):
                yield from self._seen(origin, pair)
                count += 1
                if count >= most:
                    return

    def impossible(self, group: Group, most: int) -> bool:
        """Whether none of its pairs has addresses for such a flow, which a row, made for many pairs, does not tell; False
        where more than `most` pairs would have to be looked at."""
        looked = 0
        for origin in group.origins:
            for number, pair in enumerate(self._pairs(group, origin, most), 1):
                if number >= most or any(self._seen(origin, pair)):
                    return False
                looked += 1
        return looked > 0

    def _pairs(self, group: Group, origin: Origin, most: int) -> Iterator[Pair]:
        """One pair of twins for pairs of classes of one origin."""
        ends, found = self._groups.ends, origin.found
        sources = [ends.among(1 << c, group.sources) for c in bits(found.block.sources)]
        targets = [ends.among(1 << c, group.targets, found.reached) for c in bits(found.block.targets)]
        sources, targets = [s for s in sources if s], [t for t in targets if t]
        if found.way.hows[0].same:
            yield from ((twins[0], twins[0]) for twins in targets)
            return
        if not sources or not targets:
            return
        # the first row and the first column hold every class; what is left of the allowance goes to the rest
        order = [(s, targets[0]) for s in sources] + [(sources[0], t) for t in targets[1:]]
        rest = ((s, t) for s in sources[1:] for t in targets[1:])
        for number, (some, others) in enumerate([*order, *(pair for pair, _ in zip(rest, range(most), strict=False))]):
            if number >= most:
                return
            near = may_be_near(some[0].either, others[0].either)
            pair = Pairs(some if near else some[:2], others if near else others[:2], found.way.hows).first()
            if pair is not None:
                yield pair

    def _seen(self, origin: Origin, pair: Pair) -> Iterator[Seen]:
        """The flow of an origin between two twins; none where they have no family in common."""
        row = origin.row
        for family in (row.family,) if row.family else FAMILIES:
            packet = _packet(row.traffic[0], pair)
            at = self._addresses(origin, pair, 4 if family == 4 else 6)
            if at is None:
                continue
            flows = [self._flow(origin, pair, w, 4 if family == 4 else 6, packet, at[w]) for w in (0, 1)]
            if flows[0] is not None or flows[1] is not None:
                sent = [self._sent(flow, reading_of(w, dict(row.reading))) for w, flow in enumerate(flows)]
                yield Seen(origin, pair, (sent[0][0], sent[1][0]), (sent[0][1], sent[1][1]))
                return

    def _sent(self, flow: Flow | None, reading: Reading) -> tuple[Flow | None, Reading]:
        """The flow with the request that its reading makes of it."""
        return (None, reading) if flow is None else carrying(flow, reading, self._search.residuals[0].requests)

    def _flow(
        self, origin: Origin, pair: Pair, w: int, family: Family, packet: Packet, at: dict[Side, Address]
    ) -> Flow | None:
        found = origin.found
        src, dst = (twin.sides[w] for twin in pair)
        if src is None or dst is None:
            return None
        if at_packet(self._search.families(w, src, dst), Packet(family, "TCP", 1)) is not TRUE:
            return None
        how, via = found.way.hows[w], None
        if found.through is not None:
            service, index = found.through.hops[w]
            known = next((a for a in service.vips if a.family == family), None)
            via = Via(service.namespace, service.name, at.get(Side.VIP, known), service.ports[index].number)
        return Flow(
            src,
            dst,
            packet.protocol,
            packet.port,
            at[Side.SRC],
            at[Side.DST],
            packet.icmp,
            None if packet.src_port == EPHEMERAL else packet.src_port,
            same=how.same,
            own_node=how.own_node,
            via=via,
        )

    def _addresses(self, origin: Origin, pair: Pair, family: Family) -> list[dict[Side, Address]] | None:
        """The addresses of the ends, and of an unknown Service, in each version; None where there are none of the family."""
        found: list[dict[Side, Address]] = [{}, {}]
        shared: dict[Side, Address] = {}
        for n, side in enumerate((Side.SRC, Side.DST, Side.VIP)):
            blocks = tuple(b for b in origin.row.where[n] if b.family == family)
            if origin.row.where[n] and not blocks:
                return None
            for w in (0, 1):
                own = origin.formula.own.get((w, side))
                if own is not None:
                    if own.family != family:
                        return None
                    found[w][side] = own
                elif side is Side.VIP:
                    if blocks:
                        found[w][side] = Address(family, blocks[0].first)
                else:
                    address = self._address(pair, side, w, family, blocks, shared, found[w], origin)
                    if address is None:
                        return None
                    found[w][side] = address
        return found

    def _address(
        self,
        pair: Pair,
        side: Side,
        w: int,
        family: Family,
        blocks: Blocks,
        shared: dict[Side, Address],
        here: dict[Side, Address],
        origin: Origin,
    ) -> Address | None:
        twin = pair[0 if side is Side.SRC else 1]
        end = twin.sides[w] or twin.either
        if origin.found.way.hows[w].same and Side.SRC in here:
            return here[Side.SRC]
        if end.address_known:
            of_family = [a for a in end.addresses if a.family == family]
            fitting = [a for a in of_family if not blocks or any(b.contains(a) for b in blocks)]
            return min(fitting or of_family, default=Address(family, 0))
        if side in shared and twin.one_address:
            return shared[side]
        if not twin.one_address:
            own = self._groups.usual.address(w, end.kind, family)
            if own is not None and (not blocks or any(block.contains(own) for block in blocks)):
                is_host = end.kind is EndpointKind.HOST_POD
                return own if is_host else self._search.book.known_to(end).next_free(own, here.get(Side.SRC))
        other = here.get(Side.SRC)
        if other is not None and blocks and all(b == Prefix(family, other.value, BITS[family]) for b in blocks):
            if _two_addresses(pair, origin):
                return None
            other = None
        shared[side] = self._open(end, family, blocks, other)
        return shared[side]

    def _open(self, end: Endpoint, family: Family, blocks: Blocks, other: Address | None) -> Address:
        """An address for an end of which none is known, the usual one if it may be."""
        book = self._search.book
        usual = None if end is EXTERNAL else self._groups.usual.address(0, end.kind, family)
        for block in blocks:
            if usual is not None and block.contains(usual):
                at = book.known_to(end).next_free(usual, other)
                if block.contains(at):
                    return at
        for block in blocks:
            start = Address(family, block.first)
            at = start if end.kind is EndpointKind.HOST_POD else book.known_to(end).next_free(start, other)
            if block.contains(at) and (end is EXTERNAL or not any(p.contains(at) for p in NEVER_A_POD)):
                return at
        return book.free(end, family, other)


def _two_addresses(pair: Pair, origin: Origin) -> bool:
    """Whether the ends certainly have no address in common: in neither version may they share that of a node."""
    if one(pair, origin.found.way) is False:
        return True
    met = [(a, b) for a, b in zip(pair[0].sides, pair[1].sides, strict=True) if a is not None and b is not None]
    return all(a.node and b.node and a.node != b.node for a, b in met)


def _packet(traffic: Traffic, pair: Pair) -> Packet:
    """The packet of some traffic that reads best: a port that the destination declares, else the lowest."""
    if traffic.protocol == "ICMP":
        kind = traffic.types[0][0] if traffic.types else 8
        return Packet(4, "ICMP", icmp=(kind, traffic.codes[0][0] if traffic.codes else 0))
    if traffic.protocol == "other":
        numbers = (n for first, last in traffic.numbers or ((50, 50),) for n in range(first, last + 1))
        return Packet(4, protocol_name(next(n for n in numbers if n == 136 or n not in _USUAL_NUMBERS)))
    ranges = traffic.ports or ((1, 65535),)
    declared = [p for end in pair[1].sides if end is not None for p in end.ports if p.protocol == traffic.protocol]
    numbers = (p.number for p in declared if any(first <= p.number <= last for first, last in ranges))
    port = next(numbers, 80 if not traffic.ports else ranges[0][0])
    sources = traffic.src_ports
    usual = not sources or any(first <= EPHEMERAL <= last for first, last in sources)
    return Packet(4, traffic.protocol, port, src_port=EPHEMERAL if usual else sources[0][0])


def packet_of(flow: Flow) -> Packet:
    """The packet of a flow."""
    given = flow.src_ip or flow.dst_ip
    return Packet(
        given.family if given else 4,
        flow.protocol,
        flow.port,
        flow.icmp,
        EPHEMERAL if flow.src_port is None else flow.src_port,
    )
