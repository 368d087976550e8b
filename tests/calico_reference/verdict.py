"""The verdict of tiers and profiles at one endpoint.

Sources: felix/rules/endpoints.go (endpointIptablesChain) and felix/calc/active_rules_calculator.go (DummyDropRules).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from calico_reference.flow import Labels
from calico_reference.match import Packet, matches
from calico_reference.order import Policy, Tier
from calico_reference.selectors import selects
from reference import Manifest

Said = Literal["Allow", "Deny", "nothing"]


def ask(
    tiers: Sequence[Tier],
    labels: Labels,
    direction: str,
    packet: Packet,
    among: Callable[[Policy], bool],
    *,
    ends: bool = True,
) -> Said:
    """What tiers say of an endpoint with these labels, `among` these policies; `ends`: the end of a tier may deny."""
    for tier in tiers:
        asked = [p for p in tier.policies if among(p) and direction in p.types and selects(p.subject, labels)]
        if not asked:
            continue  # nothing in the tier is about this endpoint: its default action does not count either
        action = _first(((rule, p.namespace) for p in asked for rule in p.rules[direction]), packet)
        if action == "Allow":
            return "Allow"
        if action == "Deny" or (action == "" and ends and not tier.passes):
            return "Deny"
    return "nothing"


def of_profiles(names: Iterable[str], direction: str, packet: Packet) -> bool:
    """What the profiles of an endpoint say in their order, where no tier decided; one that is missing denies."""
    for name in names:
        profile = packet.objects.profile(name)
        if profile is None:
            return False
        action = _first(((rule, "") for rule in profile.get(direction.lower(), [])), packet)
        if action in ("Allow", "Deny"):
            return action == "Allow"
    return False


def _first(rules: Iterable[tuple[Manifest, str]], packet: Packet) -> str:
    """The action of the first rule that matches and that does more than write a line into the log; "" if there is none."""
    for rule, namespace in rules:
        if rule["action"] != "Log" and matches(rule, namespace, packet):
            return str(rule["action"])
    return ""
