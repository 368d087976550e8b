"""Random predicates over the packet and its source, and flows to test them on."""

from __future__ import annotations

from random import Random

from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.normal.flow import Flow
from npverify.normal.predicates import LabelIn, Pred, and_, atoms, icmp_is, not_, or_, port_in, protocol_is
from smallworld import DST, SRC, app, block, pod

FOUR, SIX, BOTH, UNKNOWN = pod("a", ip="10.1.0.1"), pod("b", ip="fd00::1"), pod("c", ip="10.1.0.3 fd00::3"), pod("d")
TARGETS = (pod("t4", ip="10.2.0.1"), pod("t6", ip="fd00:2::1"), pod("t", ip="10.2.0.2 fd00:2::2"))
BLOCKS = ("0.0.0.0/0", "::/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/31", "10.1.0.3/32", "192.0.2.0/24", "fd00::/64")
AT_TARGETS = ("0.0.0.0/0", "10.2.0.0/30", "10.2.0.2/32", "10.0.0.0/15", "fd00:2::/64")
ADDRESSES = (
    "10.1.0.0",
    "10.1.0.1",
    "10.1.0.3",
    "10.9.0.1",
    "192.0.2.7",
    "203.0.113.1",
    "fd00::1",
    "fd00::3",
    "2001:db8::1",
)


def random_pred(rng: Random, depth: int = 3) -> Pred:
    """A predicate over labels and addresses of the source, and over ports of both ends."""
    match rng.choice("abcdef" if depth else "abcd"):
        case "a":
            return block(DST, rng.choice(AT_TARGETS)) if rng.random() < 0.2 else block(SRC, rng.choice(BLOCKS))
        case "b":
            return app(SRC, *rng.sample("abcd", rng.randint(1, 2)))
        case "c":
            return port_in(*sorted(rng.choices((0, 79, 80, 81, 443, 65535), k=2)), side=rng.choice((SRC, DST, DST)))
        case "d" if rng.random() < 0.2:
            return icmp_is(rng.choice((0, 8)))
        case "d":
            return protocol_is(*rng.sample(("TCP", "UDP", "SCTP", "ICMP"), rng.randint(1, 2)))
        case "e":
            return not_(random_pred(rng, depth - 1))
        case _:
            join = rng.choice((and_, or_))
            return join(*(random_pred(rng, depth - 1) for _ in range(rng.randint(2, 3))))


def packet_pred(rng: Random, depth: int = 3) -> Pred:
    """A predicate that looks at the packet alone."""
    found = random_pred(rng, depth)
    while any(isinstance(atom, LabelIn) for atom in atoms(found)):
        found = random_pred(rng, depth)
    return found


def flows(rng: Random, target: Endpoint, count: int) -> list[Flow]:
    """Flows to a target from every kind of peer."""
    found: list[Flow] = []
    while len(found) < count:
        src = rng.choice((FOUR, SIX, BOTH, UNKNOWN, EXTERNAL))
        src_ip = (
            rng.choice(src.addresses) if src.address_known and src.addresses else Address.parse(rng.choice(ADDRESSES))
        )
        there = [a for a in target.addresses if a.family == src_ip.family]
        protocol = rng.choice(("TCP", "UDP", "SCTP", "ICMP"))
        port = None if protocol == "ICMP" else rng.choice((1, 79, 80, 81, 82, 443, 65535))
        if there:
            icmp, src_port = ((8, 0), None) if port is None else (None, rng.choice((79, 80, 443, 50000)))
            found.append(Flow(src, target, protocol, port, src_ip, there[0], icmp, src_port))
    return found
