"""Of 2,000 generated sets for each dialect, of some about ways in, and of some that mix dialects, all who read them say the same.

`tests/fuzz.py` asks about as many more as there is time for.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import fuzz
import sets
from npverify.analyses.world import World
from worlds import read_world

BATCH = 100  # sets for each row: a test of its own for each would cost more than the set
SETS = dict.fromkeys(sets.DIALECTS, 2000) | {"entries": 200, "mixed": 600}
BATCHES = [(dialect, first) for dialect, count in SETS.items() for first in range(0, count, BATCH)]

_NATIVE = (
    "NetworkPolicy policyTypes=Egress",
    "NetworkPolicy podSelector.matchExpressions.operator=NotIn",
    "NetworkPolicy ingress.from.namespaceSelector",
    "NetworkPolicy egress.to.ipBlock.except",
    "NetworkPolicy ingress.ports.endPort",
    "NetworkPolicy ingress.ports.port=http",
    "NetworkPolicy egress.ports.protocol=SCTP",
)
_CLUSTER = (
    "ClusterNetworkPolicy tier=Admin",
    "ClusterNetworkPolicy tier=Baseline",
    "ClusterNetworkPolicy ingress.action=Pass",
    "ClusterNetworkPolicy egress.action=Deny",
    "ClusterNetworkPolicy egress.to.networks",
    "ClusterNetworkPolicy ingress.protocols.destinationNamedPort",
    "ClusterNetworkPolicy ingress.from.pods",
)
FEATURES: dict[str, tuple[str, ...]] = {
    "kubernetes": _NATIVE,
    "plugins": (*_NATIVE, *_CLUSTER),
    "entries": (
        *_NATIVE,
        "Service type=LoadBalancer",
        "Service type=NodePort",
        "Service externalTrafficPolicy=Local",
        "Service externalIPs",
        "Pod containers.ports.hostPort",
    ),
    "cluster": (
        *_CLUSTER,
        "ClusterNetworkPolicy egress.to.nodes",
        "AdminNetworkPolicy ingress.action=Pass",
        "AdminNetworkPolicy egress.to.networks",
        "AdminNetworkPolicy ingress.ports.namedPort",
        "AdminNetworkPolicy egress.ports.portRange",
        "BaselineAdminNetworkPolicy ingress.action=Deny",
        "BaselineAdminNetworkPolicy egress.action=Allow",
        "NetworkPolicy ingress.from",
    ),
    "calico": (
        "GlobalNetworkPolicy ingress.http.paths.prefix",
        "GlobalNetworkPolicy ingress.http.paths.exact",
        "NetworkPolicy ingress.http.methods=GET",
        "GlobalNetworkPolicy order",
        "GlobalNetworkPolicy tier=sec",
        "GlobalNetworkPolicy applyOnForward",
        "GlobalNetworkPolicy preDNAT",
        "GlobalNetworkPolicy doNotTrack",
        "GlobalNetworkPolicy namespaceSelector",
        "NetworkPolicy serviceAccountSelector",
        "NetworkPolicy ingress.action=Pass",
        "NetworkPolicy egress.action=Deny",
        "NetworkPolicy ingress.action=Log",
        "NetworkPolicy egress.destination.services",
        "NetworkPolicy egress.destination.notNets",
        "NetworkPolicy ingress.source.notSelector",
        "NetworkPolicy ingress.source.serviceAccounts",
        "NetworkPolicy ingress.destination.notPorts",
        "NetworkPolicy ingress.source.ports",
        "NetworkPolicy ingress.notProtocol",
        "NetworkPolicy ingress.icmp.code",
        "StagedNetworkPolicy ingress",
        "GlobalNetworkSet nets",
        "Tier defaultAction=Pass",
        "HostEndpoint expectedIPs",
        "Profile ingress",
        "FelixConfiguration failsafeInboundHostPorts",
        "ClusterNetworkPolicy tier=Baseline",
        "NetworkPolicy podSelector",
    ),
    "cilium": (
        "CiliumNetworkPolicy ingress.toPorts.rules.http.path",
        "CiliumNetworkPolicy ingress.toPorts.rules.http.method",
        "CiliumNetworkPolicy egress.toPorts.rules.http.host",
        "CiliumNetworkPolicy ingress.toPorts.rules.http.headers",
        "CiliumNetworkPolicy egress.toPorts.rules.dns.matchName",
        "CiliumNetworkPolicy egress.toPorts.rules.dns.matchPattern",
        "any policy ingress.toPorts.rules.kafka|any policy egress.toPorts.rules.kafka",
        "CiliumNetworkPolicy egress.toFQDNs.matchName",
        "CiliumClusterwideNetworkPolicy ingress.toPorts.rules.http",
        "CiliumClusterwideNetworkPolicy nodeSelector",
        "CiliumNetworkPolicy ingressDeny.fromEndpoints",
        "CiliumNetworkPolicy egressDeny.toCIDR",
        "CiliumNetworkPolicy egress.toCIDRSet.except",
        "any policy egress.toEntities",
        "CiliumNetworkPolicy ingress.fromEntities=host",
        "CiliumNetworkPolicy ingress.icmps.fields.type",
        "CiliumNetworkPolicy ingress.toPorts.ports.endPort",
        "CiliumNetworkPolicy egress.toPorts.ports.protocol=SCTP",
        "CiliumNetworkPolicy enableDefaultDeny.ingress",
        "any policy ingress.fromRequires|any policy egress.toRequires|any policy ingressDeny.fromRequires",
        "NetworkPolicy ingress.from.ipBlock",
    ),
    "mixed": (
        "NetworkPolicy podSelector",
        "GlobalNetworkPolicy ingress.action=Allow",
        "GlobalNetworkPolicy ingress.http",
        "CiliumNetworkPolicy ingress",
        "CiliumNetworkPolicy ingressDeny",
        "ClusterNetworkPolicy ingress.action=Pass",
        "ClusterNetworkPolicy egress.action=Deny",
        "ClusterNetworkPolicy tier=Baseline",
    ),
}
"""What every hundred sets of a dialect have, so that none of the agreement is about nothing: a kind, a field, a value; or one of several."""


@pytest.mark.parametrize(("dialect", "first"), BATCHES)
def test_everybody_says_the_same(dialect: str, first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From manifests to verdict: of each flow, in each direction, under each reading; the sets have all that the dialect has."""
    written: set[str] = set()
    for module in sets.READ_BY:
        monkeypatch.setattr(module, "read_world", lambda *args, **options: _recorded(written, *args, **options))
    wrong = {seed: lines for seed in range(first, first + BATCH) if (lines := sets.DIALECTS[dialect](seed))}
    assert not wrong
    assert [each for each in FEATURES[dialect] if written.isdisjoint(each.split("|"))] == []


def _recorded(written: set[str], rng: Any, objects: list[dict[str, Any]], **options: Any) -> World:
    for one in objects:
        spec = one.get("spec") or {}
        for body in (spec, (spec.get("template") or {}).get("spec") or {}, *one.get("specs", ())):
            kind = "Pod" if "containers" in body else one["kind"]
            written.update(f"{of} {path}" for path in _paths(body, "") for of in (kind, "any policy"))
    return read_world(rng, objects, **options)


def _paths(value: Any, path: str) -> Iterator[str]:
    """Where there is something, and what: `ingress.from.ipBlock`, `ingress.action=Deny`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            at = f"{path}.{key}".lstrip(".")
            yield at
            yield from _paths(inner, at)
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, path)
    elif isinstance(value, str) and re.fullmatch(r"\w+", value):
        yield f"{path}={value}"


@pytest.mark.parametrize("dialect", fuzz.DIALECTS)
def test_the_fuzz_command_knows_the_dialect(
    dialect: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It takes sets that the suite does not have, says how many, and fails where something is not agreed on."""
    assert not {*fuzz.seeds(1, 50_000)} & {*range(2000), *fuzz.seeds(2, 50_000)}
    monkeypatch.setattr(fuzz, "ProcessPoolExecutor", ThreadPoolExecutor)  # Z3 is in use in this process
    monkeypatch.setattr(sys, "argv", ["fuzz.py", "--dialect", dialect, "--cases", "2", "--jobs", "1"])
    assert fuzz.main() == 0
    monkeypatch.setitem(fuzz.DIALECTS, dialect, lambda seed: [f"of {seed}"])
    assert fuzz.main() == 1
    out = capsys.readouterr().out.splitlines()
    assert out == [
        "2 cases, 0 disagreements",
        *(f"seed {n}: of {n}" for n in fuzz.seeds(1, 2)),
        "2 cases, 2 disagreements",
    ]
