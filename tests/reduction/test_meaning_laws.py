"""Whatever two sets are made of: where meanings are found equal, no flow is judged differently."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from npverify.analyses.world import World
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.normal.flow import Flow
from npverify.normal.policy import Action, Direction, Rule
from npverify.normal.predicates import TRUE, and_, not_, or_, protocol_is
from npverify.oracle import Oracle
from npverify.reduction.forms import Forms
from npverify.reduction.meaning import Meanings
from npverify.reduction.partial import DIRECT
from npverify.reduction.peer_sets import PeerSets
from npverify.reduction.pieces import Pieces
from npverify.reduction.residuals import Residuals
from npverify.reduction.shapes import Shapes
from npverify.reduction.twins import Twins
from smallworld import DST, SRC, app, block, on, pod, policy, rule, tier, world

PODS = (pod("a", ip="10.1.0.1"), pod("b", ip="fd00::1"), pod("c", ip="10.1.0.3 fd00::3"))
SUBJECTS = (pod("s", ip="10.2.0.1"), pod("t", ip="fd00:2::1"), pod("u", ip="10.2.0.3 fd00:2::3"))
ACTIONS = (Action.ALLOW, Action.DENY, Action.PASS, Action.LOG)
BLOCKS = ("0.0.0.0/0", "10.1.0.0/31", "10.1.0.0/30", "fd00::/64", "203.0.113.0/24")
OUTSIDE = ("203.0.113.1", "198.51.100.1", "2001:db8::1")
PORTS = (1, 2, 3, 4)


def random_rule(rng: Random) -> Rule:
    """A rule of any action over few peers and ports."""
    peer = rng.choice((TRUE, app(SRC, "a"), app(SRC, "b", "c"), not_(app(SRC, "a")), *(block(SRC, b) for b in BLOCKS)))
    first, last = sorted(rng.choices(PORTS, k=2))
    return rule(rng.choice(ACTIONS), peer, rng.choice((TRUE, TRUE, on("TCP", first, last), protocol_is("TCP", "UDP"))))


def cut(rng: Random, rules: list[Rule]) -> list[Rule]:
    """The same rules, with one of them in halves, twice, gone or of another action, or with another at the end."""
    rules = list(rules)
    at = rng.randrange(len(rules))
    one = rules[at]
    match rng.choice(("halves", "twice", "gone", "more", "more", "action", "action", "swapped")):
        case "halves":
            low, high = on("TCP", 1, 2), on("TCP", 3, 65535)
            rest = not_(or_(low, high))
            rules[at : at + 1] = [rule(one.action, one.peer, and_(one.traffic, part)) for part in (low, high, rest)]
        case "twice":
            rules.insert(rng.randrange(at, len(rules)) + 1, one)
        case "gone":
            del rules[at]
        case "action":
            rules[at] = rule(rng.choice(ACTIONS), one.peer, one.traffic)
        case "more":
            rules.append(rule(rng.choice(ACTIONS)))
        case _:
            rules[at:] = reversed(rules[at:])
    return rules


def made(first: list[Rule], no_match: Action, behind: list[Rule]) -> World:
    """The three peers and three subjects, which two tiers judge."""
    tiers = [tier(policy("p", app(DST, "s", "t", "u"), *first), no_match=no_match, name="first"),
             tier(policy("q", app(DST, "s", "t", "u"), *behind), name="behind")]  # fmt: skip
    return world(*PODS, *SUBJECTS, families=(4, 6), ingress=tiers)


def flows() -> list[Flow]:
    """From each peer, and from outside, to each subject, by TCP to few ports, by UDP and ICMP."""
    sources = [(end, address) for end in PODS for address in end.addresses]
    sources += [(EXTERNAL, Address.parse(text)) for text in OUTSIDE]
    found = []
    for (src, here), dst in product(sources, SUBJECTS):
        for there in (a for a in dst.addresses if a.family == here.family):
            packets = [*(("TCP", port, None) for port in (*PORTS, 5)), ("UDP", 1, None), ("ICMP", None, (8, 0))]
            found += [Flow(src, dst, protocol, port, here, there, icmp) for protocol, port, icmp in packets]
    return found


FLOWS = flows()


@pytest.mark.parametrize("seed", range(250))
def test_equal_meanings_are_equal_verdicts(seed: int) -> None:
    """Of each subject whose meanings are equal on both sides, covered or by what rules match together, every flow is judged
    alike."""
    rng = Random(seed)
    rules, no_match = [random_rule(rng) for _ in range(rng.randint(1, 4))], rng.choice((Action.DENY, Action.PASS))
    behind = [random_rule(rng) for _ in range(rng.randint(0, 2))]
    left, right = (
        made(rules, no_match, behind),
        made(cut(rng, rules), rng.choice((no_match, no_match, Action.DENY)), behind),
    )
    joint = Twins((left.inventory, left.policies), (right.inventory, right.policies))
    shapes = Shapes()
    pieces, forms = Pieces(joint, shapes), Forms(joint, shapes)
    found: list[dict[Endpoint, tuple[object, object]]] = []
    for side, it in enumerate((left, right)):
        residuals = Residuals(it.inventory, it.policies, joint.classes[side])
        every = Meanings(residuals, side, pieces, PeerSets(side, joint, residuals, forms))
        found.append({})
        for end in SUBJECTS:
            signature = residuals.signature(Direction.INGRESS, residuals.classes.of[end])
            meaning = every.of(Direction.INGRESS, signature, end, DIRECT)
            assert meaning is not None
            together = every.of(Direction.INGRESS, signature, end, DIRECT, in_pieces=False)
            found[-1][end] = (every.covered(meaning, every.families(end)), together)
    here, there = Oracle(left.policies, left.inventory), Oracle(right.policies, right.inventory)
    for flow in FLOWS:
        one, other = found[0][flow.dst], found[1][flow.dst]
        if one[0] == other[0] or one[1] == other[1]:
            assert here.decide(flow).allowed is there.decide(flow).allowed, flow
