"""What lint says of selectors and ports is what the oracle says of every end of a flow."""

from __future__ import annotations

from random import Random

import pytest

from lint.lint_worlds import world
from npverify.analyses.lint.run import lint
from npverify.analyses.world import World
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL
from npverify.normal.flow import Flow
from npverify.normal.policy import Direction
from npverify.oracle import Oracle

WORLDS = 150
SETS = """\
apiVersion: projectcalico.org/v3
kind: NetworkSet
metadata: {name: s, namespace: shop, labels: {app: cache, kind: own}}
spec: {nets: [192.0.2.0/24]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {name: g, labels: {kind: ext, app: web}}
spec: {nets: [198.51.100.0/24]}
---
"""
LEAVES = (
    "all()", "app == 'web'", "app != 'web'", "app == 'monitor'", "app in {'db', 'cache'}", "app == 'nobody'", "has(kind)",
    "!has(app)", "kind == 'ext'", "app contains 'e'", "app starts with 'z'", "projectcalico.org/namespace == 'shop'",
    "projectcalico.org/namespace == 'ops'", "projectcalico.org/orchestrator == 'k8s'", "!has(projectcalico.org/orchestrator)",
    "pcns.env == 'dev'",
)  # fmt: skip
NAMESPACES = (
    "all()", "global()", "env == 'prod'", "env != 'prod'", "env == 'staging'", "projectcalico.org/name == 'ops'",
    "projectcalico.org/namespace == 'ops'", "!has(env)",
)  # fmt: skip
PORTS = ("http", "sql", "nobody")
OUTSIDE = ("192.0.2.1", "198.51.100.1", "203.0.113.1")


def selector(rng: Random, depth: int = 2) -> str:
    """A random selector over a few labels."""
    if depth and rng.random() < 0.5:
        sign = rng.choice(("&&", "||", "&&"))
        return f"({selector(rng, depth - 1)} {sign} {selector(rng, depth - 1)})"
    return ("!" if rng.random() < 0.15 else "") + rng.choice(LEAVES)


def peer(rng: Random) -> dict[str, str]:
    """A destination that is given by selectors."""
    found = {"selector": selector(rng)}
    if rng.random() < 0.3:
        found["namespaceSelector"] = rng.choice(NAMESPACES)
    if rng.random() < 0.3:
        found["notSelector"] = selector(rng, 1)
    if rng.random() < 0.3:
        del found["selector"]
        found.setdefault("namespaceSelector", rng.choice(NAMESPACES))
    return found


def policy(seed: int, port: str = "") -> str:
    """A policy with one rule for TCP to such a destination, and to a named port of it if one is given."""
    rng = Random(seed)
    kind = rng.choice(("NetworkPolicy", "GlobalNetworkPolicy"))
    where = ", namespace: shop" if kind == "NetworkPolicy" else ""
    fields = [f'{key}: "{value}"' for key, value in peer(rng).items()]
    fields += [f"ports: [{port}]"] if port else []
    rule = f"action: Allow, protocol: TCP, destination: {{{', '.join(fields)}}}"
    return (
        f"apiVersion: projectcalico.org/v3\nkind: {kind}\nmetadata: {{name: p{where}}}\n"
        f"spec: {{types: [Egress], egress: [{{{rule}}}]}}\n"
    )


@pytest.mark.parametrize("seed", range(WORLDS))
def test_a_rule_has_no_effect_exactly_where_no_destination_matches(seed):
    """NPL122 or NPL123 is there exactly where the selectors match no pod, no node and no address; NPL121 exactly where they
    match nobody on the port that is named."""
    plain = world(SETS + policy(seed))
    codes = _codes(plain)
    assert ({"NPL122", "NPL123"} & codes != set()) is not _matches(plain)
    assert not {"NPL122", "NPL123"} <= codes
    named = world(SETS + policy(seed, PORTS[seed % len(PORTS)]))
    assert ("NPL121" in _codes(named)) is not _matches(named)


def _codes(loaded: World) -> set[str]:
    return {f.rule.code for f in lint(loaded, select=["NPL121", "NPL122", "NPL123"]).findings}


def _matches(loaded: World) -> bool:
    """Whether some destination satisfies the rule, on a port that somebody names or another one."""
    (rule,) = (rule for tier in loaded.policies.egress.tiers for found in tier.policies for rule in found.rules)
    oracle = Oracle(loaded.policies, loaded.inventory)
    source = next(pod for pod in loaded.inventory.pods if pod.name == "web")
    ends = [(end, end.addresses[0]) for end in loaded.inventory.endpoints if end is not source]
    ends += [(EXTERNAL, Address.parse(text)) for text in OUTSIDE]
    ends.append((source, source.addresses[0]))
    return any(
        oracle.holds(rule.match, Flow(source, end, "TCP", port, source.addresses[0], ip), {}, Direction.EGRESS)
        for end, ip in ends
        for port in (8080, 5432, 7)
    )


def test_the_generated_policies_are_of_both_kinds():
    """Some rules have an effect and some have none, by contradiction and for want of anybody."""
    codes = [_codes(world(SETS + policy(seed, PORTS[seed % len(PORTS)]))) for seed in range(WORLDS)]
    for code in ("NPL121", "NPL122", "NPL123"):
        assert 5 < sum(code in found for found in codes) < WORLDS - 5
