"""Small worlds with policies of few orders, and every flow that their policies can tell apart: for rules of lint by brute force."""

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
from npverify.normal.flow import Flow

Manifest = dict[str, Any]

NAMES = ("allow", "allow-dns", "allow1", "b", "c")
ORDERS = (10, 10, 10, 10, 20, None)
OUTSIDE = ("203.0.113.5", "198.51.100.5", "192.0.2.5", "10.244.0.99")
NETS = ("203.0.113.0/24", "198.51.100.0/24", "10.244.0.0/16", "10.244.0.12/32")
TRAFFIC = (("TCP", 80), ("TCP", 443), ("TCP", 1), ("UDP", 53))
SELECTORS = ("all()", "all()", "app == 'web'", "app == 'api'", "app != 'web'")


def _object(api: str, kind: str, name: str, spec: Manifest, namespace: str = "", **labels: str) -> Manifest:
    meta: Manifest = {"name": name, "labels": labels}
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": meta | ({"namespace": namespace} if namespace else {}),
        "spec": spec,
    }


def _pod(name: str, ip: str) -> Manifest:
    made = _object("v1", "Pod", name, {"containers": [{"name": "c", "image": "i"}]}, "shop", app=name)
    return made | {"status": {"phase": "Running", "podIP": ip}}


PODS = [_pod("web", "10.244.0.11"), _pod("api", "10.244.0.12"), _pod("db", "10.244.0.13")]


def manifests(rng: Random) -> list[Manifest]:
    """Three pods, two tiers of one order or of two, and four or five policies with few names and orders."""
    tiers = [
        _object(
            "projectcalico.org/v3",
            "Tier",
            name,
            {"order": rng.choice((100, 100, 200)), "defaultAction": rng.choice(("Deny", "Pass"))},
        )
        for name in ("security", "platform")
    ]
    made = []
    for name in rng.sample(NAMES, rng.randint(4, len(NAMES))):
        made.append(_native(rng, name) if rng.random() < 0.1 else _policy(rng, name))
    return [*PODS, *tiers, *made]


def _policy(rng: Random, name: str) -> Manifest:
    kind = rng.choice(("GlobalNetworkPolicy", "GlobalNetworkPolicy", "NetworkPolicy"))
    types = rng.choice((["Egress"], ["Egress"], ["Egress"], ["Ingress", "Egress"]))
    spec: Manifest = {"selector": rng.choice(SELECTORS), "types": types}
    if (tier := rng.choice((*[None] * 6, "security", "platform"))) is not None:
        spec["tier"] = tier
    if (order := rng.choice(ORDERS)) is not None:
        spec["order"] = order
    for section in types:
        spec[section.lower()] = [_rule(rng, section) for _ in range(rng.choice((0, 1, 1, 2)))]
    return _object("projectcalico.org/v3", kind, name, spec, "" if kind.startswith("Global") else "shop")


def _rule(rng: Random, section: str) -> Manifest:
    rule: Manifest = {"action": rng.choice(("Allow", "Allow", "Deny", "Deny", "Pass", "Log"))}
    peer: Manifest = {}
    if rng.random() < 0.4:
        peer["nets"] = [rng.choice(NETS)]
    elif rng.random() < 0.4:
        peer["selector"] = rng.choice(SELECTORS)
    ports = rng.random() < 0.3
    if ports:
        rule["protocol"] = "TCP"
    source, destination = (peer, {}) if section == "Ingress" else ({}, peer)
    if ports:
        destination = {**destination, "ports": [rng.choice((80, 443))]}
    return rule | {"source": source, "destination": destination}


def _native(rng: Random, name: str) -> Manifest:
    peers = rng.choice(([], [{"podSelector": {"matchLabels": {"app": "web"}}}]))
    ingress = rng.choice(([], [{"from": peers}] if peers else [{}]))
    return _object("networking.k8s.io/v1", "NetworkPolicy", name, {"podSelector": {}, "ingress": ingress}, "shop")


def world_of(objects: list[Manifest], version: str = "3.32") -> World:
    """The world of manifests, read for lint. Input is raw: 3.31 wants the tier in the names of checked policies."""
    text = "\n---\n".join(json.dumps(each) for each in objects)
    raw = {"calico_input": "raw"}
    return npverify.load(["-"], calico_version=version, assume=raw, stdin=text.encode, for_lint=True).world


def every_flow(world: World) -> Iterator[Flow]:
    """One flow of each kind that the policies of these worlds can tell apart; between pods, and with the outside."""
    ends: list[tuple[Endpoint, Address]] = [(pod, pod.addresses[0]) for pod in world.inventory.pods]
    ends += [(EXTERNAL, Address.parse(text)) for text in OUTSIDE]
    for (src, src_ip), (dst, dst_ip), (protocol, port) in product(ends, ends, TRAFFIC):
        if src is not dst:
            yield Flow(src, dst, protocol, port, src_ip, dst_ip)
