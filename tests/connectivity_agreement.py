"""Who may talk to whom by tables and sets against all pairs asked one by one, in a world of any dialect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from unittest.mock import patch

from npverify.analyses import class_rows, class_sides, packet_ground
from npverify.analyses.connectivity import connectivity
from npverify.analyses.world import World
from npverify.inventory.model import WorkloadRef
from npverify.inventory.unknowns import fact
from npverify.normal.policy import Action, Rule, Tier
from npverify.normal.predicates import TRUE, Pred, Side, and_, label_in, unknown_in
from plain_connectivity import plain_connectivity
from proof_agreement import WORLDS
from smallworld import DST, IN, OUT, SRC, allow, app, block, on, pod, policy, rule, tier, world
from two_worlds import random_pair

SPOOKY = fact("spooky")
TO_SPLIT = "pods of {} are listed one by one, because policies tell them apart"


def many_policies(random: Random) -> World:
    """Two tiers of policies that select whom others select too, and some only where an unknown is so; rules that
    overlap, pods with addresses of both families."""
    sides = {IN: (DST, SRC), OUT: (SRC, DST)}
    addresses = ["", "10.0.0.{}", "10.0.1.{}", "10.0.0.{} fd00::{}", "10.0.1.{} fd00::1:{}", "fd00::{}"]
    names = ["set", "set", "set", "set", "db", "api", "web"]
    ends = [
        pod(f"{name}-{n}", of=WorkloadRef("StatefulSet", "shop", name), app=name, ip=random.choice(addresses).format(n, n),
            index=str(random.randrange(3)))
        for n, name in enumerate(names, 1)
    ]  # fmt: skip

    def whom(side: Side) -> list[Pred]:
        blocks = [block(side, cidr) for cidr in ("10.0.0.0/24", "fd00::/112", "10.0.0.0/8", "fd00::1:0/112")]
        indices = [label_in(side, "pod", "index", [str(n)]) for n in range(3)]
        unknown = [unknown_in(SPOOKY, "true"), and_(app(side, "set", "db"), unknown_in(SPOOKY, "false"))]
        return [*blocks, *indices, *unknown, app(side, "set"), app(side, "db", "api"), TRUE, TRUE]

    traffic = [on("TCP", 5432), on("TCP", 80), on("TCP", 50, 6000), on("UDP", 53), TRUE]

    actions = [Action.ALLOW] * 5 + random.choice([[], [Action.DENY]])

    def rules(peer: Side) -> list[Rule]:
        every = range(random.randint(0, 3))
        return [rule(random.choice(actions), random.choice(whom(peer)), random.choice(traffic)) for _ in every]

    def tiers(own: Side, peer: Side) -> list[Tier]:
        each = [policy(f"p{n}", random.choice(whom(own)), *rules(peer)) for n in range(8)]
        return [tier(*each[:3], no_match=Action.PASS), tier(*each[3:])]

    return world(*ends, ingress=tiers(*sides[IN]), egress=tiers(*sides[OUT]), families=random.choice([(4,), (4, 6)]))


def many_neighbours(random: Random) -> World:
    """Pods of one workload that policies tell apart, and which may send and get little: many of them fare alike all the same."""
    indices = [str(n) for n in range(6)]
    ends = [pod(f"set-{n}", of=WorkloadRef("StatefulSet", "shop", "set"), app="set", index=n) for n in indices]

    def some(side: Side) -> Pred:
        return label_in(side, "pod", "index", random.sample(indices, random.randint(1, 4)))

    def tiers(own: Side) -> list[Tier]:
        rules = [[allow(some(own.other), on("TCP", random.choice([80, 90])))] for _ in range(random.randint(1, 4))]
        return [tier(policy("none", TRUE), *(policy(f"p{n}", some(own), *each) for n, each in enumerate(rules)))]

    return world(*ends, ingress=tiers(DST), egress=tiers(SRC))


@contextmanager
def ways(rng: Random) -> Iterator[None]:
    """Thresholds so low that small worlds go every way: they are about time alone."""
    with (
        patch.object(class_rows, "_TRIED", rng.choice([0, 1, 3, class_rows._TRIED])),
        patch.object(packet_ground, "_OFTEN", rng.choice([1, 2, 3, packet_ground._OFTEN])),
        patch.multiple(class_sides, **rng.choice([{"CHUNK": 8, "_FORMAT": "B"}, {"CHUNK": 64, "_FORMAT": "Q"}])),
    ):
        yield


def connectivity_disagreements(seed: int) -> list[str]:
    """Whether the list, the workloads that are split, or the same asked again, is not what pairs say."""
    rng = Random(seed)
    made = WORLDS | {"many policies": many_policies, "many neighbours": many_neighbours}
    names = [*made, "a pair"]
    name = names[seed % len(names)]
    worlds = random_pair(rng) if name == "a pair" else [made[name](rng)]
    found = []
    for n, it in enumerate(worlds):
        rows, split = plain_connectivity(it)
        with ways(rng):
            for time in ("first", "second"):
                answer = connectivity(it)
                if tuple(answer.connections) != rows:
                    found.append(f"{name} {n}: the {time} answer has other connections")
                if [note for note in answer.notes if note.startswith("pods of ")] != [
                    TO_SPLIT.format(ref) for ref in split
                ]:
                    found.append(f"{name} {n}: the {time} answer splits other workloads")
    return found
