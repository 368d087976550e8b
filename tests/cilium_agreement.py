"""Where the oracle, the encoder and the reduction, and the second telling of Cilium's rules, do not agree."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from random import Random
from typing import Literal

from agreement import Readers
from calico_worlds import random_calico_case
from cilium_said import said, said_in_full
from cilium_worlds import MadeCilium, random_cilium, random_mixed
from npverify.inventory.model import EndpointKind
from npverify.normal.flow import Flow
from npverify.normal.policy import Direction
from plugin_worlds import on_port, selected
from worlds import Case

FLOWS, ENCODED = 7, 2  # for the second telling; those of them that the solver's side is asked about
_LEVEL = {"Deny": 0, "Accept": 1, "Pass": 2}


def cilium_disagreements(seed: int) -> list[str]:
    """What does not agree in the world of one seed; empty if all do."""
    rng = Random(seed)
    return _disagreements(rng, random_cilium(rng))


def mixed_cilium_disagreements(seed: int) -> list[str]:
    """The same where there are cluster-wide policies around all others."""
    rng = Random(seed)
    return _disagreements(rng, random_mixed(rng))


def _disagreements(rng: Random, made: MadeCilium) -> list[str]:
    readers = Readers(made.world)
    cases = [random_calico_case(rng, made.world) for _ in range(FLOWS)]
    found = readers.disagreements(cases[:ENCODED])
    for case in cases:
        for direction in Direction:
            verdict = readers.oracle.side(direction, case.flow, case.reading)
            if verdict.allowed is not _said(made, case, direction):
                found.append(f"{direction} of {case}: {verdict}\n{made.policies}\n{made.wide}")
    return found


def _said(made: MadeCilium, case: Case, direction: Direction) -> bool:
    """Admin, then all others, then baseline (cilium/cilium pkg/policy/types/policyentry.go of 1.20)."""
    flow = case.flow
    own = flow.src if direction is Direction.EGRESS else flow.dst
    frag_needed = flow.icmp == (3, 4) and flow.src_ip is not None and flow.src_ip.family == 4
    if not made.wide or own.kind is not EndpointKind.POD or flow.same or frag_needed:
        return said(made, case, direction.value)
    admin = _tier(made, case, direction, "Admin")
    if admin in ("Accept", "Deny"):
        return admin == "Accept"
    others = said_in_full(made, case, direction.value)
    if others != "silent":
        return others == "allowed"
    return _tier(made, case, direction, "Baseline") != "Deny"


def _tier(made: MadeCilium, case: Case, direction: Direction, tier: str) -> Literal["Accept", "Deny", "Pass", ""]:
    """What the first level of a tier says on which a rule matches: of one priority all first rules are a level, all second
    ones the next, and on a level a denial goes before what allows, and that before what passes."""
    flow, side = case.flow, "to" if direction is Direction.EGRESS else "from"
    own, other = (flow.src, flow.dst) if direction is Direction.EGRESS else (flow.dst, flow.src)
    matching = []
    for spec in (m["spec"] for m in made.wide if m["spec"]["tier"] == tier):
        for number, rule in enumerate(spec.get(direction.value, []) if selected(spec["subject"], own) else []):
            meant = any(
                _in_networks(flow, peer["networks"]) if "networks" in peer else selected(peer, other)
                for peer in rule[side]
            )
            ports = rule.get("protocols")
            if meant and (ports is None or any(on_port(port, flow) for port in ports)):
                matching.append((spec["priority"], number, _LEVEL[rule["action"]], rule["action"]))
    return min(matching)[-1] if matching else ""


def _in_networks(flow: Flow, networks: list[str]) -> bool:
    """Blocks mean addresses outside alone; there are none in rules for ingress."""
    outside = flow.dst.kind is EndpointKind.EXTERNAL and flow.dst_ip is not None
    return outside and any(ip_address(str(flow.dst_ip)) in ip_network(block) for block in networks)
