"""Native policies written another way with the same meaning, by steps that keep it one by one:

- split: a policy becomes one policy for each of its rules; a direction without rules keeps a policy of its own
- blocks: an `ipBlock` becomes the blocks that are left when its excepts are cut out, or else its two halves
- intervals: a range of ports becomes two that meet, a number becomes a range
- reorder: policies, peers and ports in another order

Intervals mean the same only where the plugin knows `endPort`, so the sets are compared with that assumption. What selects what
is left alone, so each pod stays isolated in the same directions.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from benchmarks.objects import Object, policy

Network = IPv4Network | IPv6Network
SIDES = (("Ingress", "ingress", "from"), ("Egress", "egress", "to"))


def rewrite(policies: list[Object], rng: random.Random) -> list[Object]:
    """The same policies in other words; those that are no native ones are left as they are."""
    kept = [p for p in policies if not p["apiVersion"].startswith("networking.k8s.io/")]
    native = [p for p in policies if p["apiVersion"].startswith("networking.k8s.io/")]
    split = [part for thing in native for part in _split(thing, rng)]
    rng.shuffle(split)
    return kept + split


def _split(thing: Object, rng: random.Random) -> Iterator[Object]:
    data, spec = thing["metadata"], thing["spec"]
    for kind, key, side in SIDES:
        if kind not in spec["policyTypes"]:
            continue
        rules: list[Object | None] = list(spec.get(key, [])) or [None]
        for i, rule in enumerate(rules):
            part: Object = {"podSelector": spec["podSelector"], "policyTypes": [kind]}
            if rule is not None:
                part[key] = [_rule(rule, side, rng)]
            yield policy(f"{data['name']}-{key}-{i}", data["namespace"], part)


def _rule(rule: Object, side: str, rng: random.Random) -> Object:
    made: Object = {}
    if side in rule:
        made[side] = [part for peer in rule[side] for part in _peer(peer)]
        rng.shuffle(made[side])
    if "ports" in rule:
        made["ports"] = [part for port in rule["ports"] for part in _interval(port)]
        rng.shuffle(made["ports"])
    return made


def _peer(peer: Object) -> Iterator[Object]:
    if "ipBlock" not in peer:
        yield peer
        return
    for block in without(peer["ipBlock"]["cidr"], peer["ipBlock"].get("except", [])):
        yield {"ipBlock": {"cidr": block}}


def without(cidr: str, excepts: list[str]) -> list[str]:
    """Disjoint blocks that together are `cidr` without the excepts; its halves if there are none. Nothing left: the block
    with all its excepts cannot be said in blocks, ValueError."""
    whole = ip_network(cidr)
    if not excepts:
        left = list(whole.subnets()) if whole.prefixlen < whole.max_prefixlen else [whole]
        return [str(block) for block in left]
    blocks = [whole]
    for hole in map(ip_network, excepts):
        blocks = [part for block in blocks for part in _cut(block, hole)]
    if not blocks:
        raise ValueError(f"nothing is left of {cidr}")
    return [str(block) for block in sorted(blocks)]


def _cut(block: Network, hole: Network) -> Iterable[Network]:
    """What is left of a block; both are of one family."""
    if block.subnet_of(hole):  # type: ignore[arg-type]
        return ()
    return block.address_exclude(hole) if hole.subnet_of(block) else (block,)  # type: ignore[arg-type]


def _interval(port: Object) -> Iterator[Object]:
    number = port.get("port")
    if not isinstance(number, int):
        yield port
        return
    last = port.get("endPort", number)
    middle = (number + last) // 2
    yield {**port, "endPort": middle}
    if middle < last:
        yield {**port, "port": middle + 1, "endPort": last}
