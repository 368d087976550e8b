"""Small worlds of native policies alone, and every flow that their policies can tell apart: for brute force."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

import npverify
from npverify.analyses.world import World
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.inventory.unknowns import Reading
from npverify.normal.flow import Flow

Manifest = dict[str, Any]

OUTSIDE = ("203.0.113.5", "203.0.113.200", "203.0.9.9", "198.51.100.1", "10.244.0.99")
BLOCKS = ("203.0.113.0/24", "203.0.113.0/25", "203.0.0.0/16", "0.0.0.0/0", "10.244.0.0/16", "10.244.0.12/32")
TRAFFIC = (("TCP", 80), ("TCP", 81), ("UDP", 53), ("SCTP", 9))
PORTS = ({"port": 80}, {"port": 80, "endPort": 81}, {"port": 81}, {"port": "http"}, {"protocol": "UDP", "port": 53})
SELECTORS: tuple[Manifest, ...] = (
    {},
    {},
    {"matchLabels": {"app": "web"}},
    {"matchLabels": {"app": "api"}},
    {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]},
)
READINGS = {"ipBlock": {"ipblock_matches_pods": "never"}, "endPort": {"endport_supported": "false"}}
"""What has two readings between pods and the outside, of the flows below: a field, and the reading beside the usual one."""


def _pod(name: str, address: str, port: int) -> Manifest:
    ports = [{"name": "http", "containerPort": port}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "i", "ports": ports}]},
        "status": {"phase": "Running", "podIP": address},
    }


PODS = [_pod("web", "10.244.0.11", 80), _pod("api", "10.244.0.12", 81), _pod("db", "10.244.0.13", 80)]


def manifests(rng: Random) -> list[Manifest]:
    """Three pods, and three to five policies that often say the same."""
    return [*PODS, *(_policy(rng, f"p{n}") for n in range(rng.randint(3, 5)))]


def _policy(rng: Random, name: str) -> Manifest:
    types = rng.choice((["Ingress"], ["Ingress"], ["Egress"], ["Ingress", "Egress"]))
    spec: Manifest = {"podSelector": rng.choice(SELECTORS), "policyTypes": types}
    for kind, peers in (("Ingress", "from"), ("Egress", "to")):
        if kind in types:
            spec[kind.lower()] = [_rule(rng, peers) for _ in range(rng.choice((0, 1, 1, 2)))]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": spec,
    }


def _rule(rng: Random, peers: str) -> Manifest:
    rule: Manifest = {}
    if rng.random() < 0.8:
        rule[peers] = [_peer(rng) for _ in range(rng.choice((1, 1, 2)))]
    if rng.random() < 0.6:
        rule["ports"] = rng.sample(PORTS, rng.choice((1, 1, 2)))
    return rule


def _peer(rng: Random) -> Manifest:
    if rng.random() < 0.6:
        return {"podSelector": rng.choice(SELECTORS)}
    block: Manifest = {"cidr": rng.choice(BLOCKS)}
    if block["cidr"] == "203.0.113.0/24" and rng.random() < 0.5:
        block["except"] = ["203.0.113.128/25"]
    return {"ipBlock": block}


def readings_of(objects: list[Manifest]) -> list[Reading]:
    """The readings that these policies can tell apart: of a field that none of them has there is one."""
    text = json.dumps(objects)
    found: list[Reading] = [{}]
    for field, other in READINGS.items():
        if field in text:
            found += [{**reading, **other} for reading in found]
    return found


def world_of(objects: list[Manifest]) -> World:
    """The world of manifests."""
    text = "\n---\n".join(json.dumps(each) for each in objects)
    return npverify.load(["-"], stdin=text.encode).world


def every_flow(world: World) -> Iterator[Flow]:
    """One flow of each kind that the policies of these worlds can tell apart; between pods, and with the outside."""
    ends: list[tuple[Endpoint, Address]] = [(pod, pod.addresses[0]) for pod in world.inventory.pods]
    ends += [(EXTERNAL, Address.parse(text)) for text in OUTSIDE]
    for (src, src_ip), (dst, dst_ip), (protocol, port) in product(ends, ends, TRAFFIC):
        if src is not dst:
            yield Flow(src, dst, protocol, port, src_ip, dst_ip)
