"""Whatever stands in a field: reading never fails, and what it gives out is whole or an error told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from dialects.calico.manifests_of_calico import STORED, V3, read
from inventory.manifests import PathLocator
from npverify.dialects.calico.read import Mode, read_all
from npverify.dialects.calico.resources import Resources
from npverify.ingest.document import Document, Path
from npverify.ingest.source import Problems

ENTITY = {
    "nets": ["10.0.0.0/8"], "notNets": ["10.1.0.0/16"], "selector": "a == 'b'", "notSelector": "has(c)",
    "namespaceSelector": "all()", "serviceAccounts": {"names": ["a"], "selector": "has(d)"}, "ports": [80, "http"],
    "notPorts": ["1:2"], "domains": ["a.example"],
}  # fmt: skip
RULES = [
    {
        "action": "Allow", "ipVersion": 4, "protocol": "TCP", "notProtocol": 17, "source": ENTITY, "destination": ENTITY,
        "http": {"methods": ["GET"], "paths": [{"exact": "/a"}, {"prefix": "/b"}]}, "metadata": {"annotations": {"a": "b"}},
    },
    {"action": "Deny", "protocol": "ICMP", "icmp": {"type": 8, "code": 0}, "notICMP": {"type": 0}},
    {"action": "Pass", "source": {"services": {"name": "s", "namespace": "ns"}}},
]  # fmt: skip
POLICY = {
    "tier": "t", "order": 1.5, "selector": "all()", "serviceAccountSelector": "has(a)", "types": ["Ingress"],
    "ingress": RULES, "egress": RULES[1:2], "performanceHints": ["AssumeNeededOnEveryNode"],
}  # fmt: skip
GLOBAL = {**POLICY, "namespaceSelector": "has(n)", "doNotTrack": False, "preDNAT": False, "applyOnForward": True}
PEER = {"podSelector": {"matchLabels": {"a": "b"}}}
SPECS: dict[str, dict[str, Any]] = {
    "NetworkPolicy": POLICY,
    "GlobalNetworkPolicy": {**GLOBAL, "ingress": RULES[2:], "egress": []},
    "StagedNetworkPolicy": {**POLICY, "ingress": RULES[1:2], "stagedAction": "Set"},
    "StagedGlobalNetworkPolicy": {**GLOBAL, "ingress": [], "stagedAction": "Learn"},
    "StagedKubernetesNetworkPolicy": {
        **PEER, "stagedAction": "Set", "policyTypes": ["Ingress"], "ingress": [{"from": [PEER], "ports": [{"port": 80}]}],
    },
    "Tier": {"order": 5, "defaultAction": "Pass"},
    "NetworkSet": {"nets": ["10.0.0.1"], "allowedEgressDomains": ["a.example"]},
    "GlobalNetworkSet": {"nets": ["10.0.0.1"]},
    "HostEndpoint": {
        "node": "n1", "interfaceName": "eth0", "expectedIPs": ["10.0.0.1"], "profiles": ["a"],
        "ports": [{"name": "http", "protocol": "TCP", "port": 80}],
    },
    "Profile": {"labelsToApply": {"a": "b"}, "ingress": RULES[2:], "egress": RULES[1:2]},
    "FelixConfiguration": {
        "failsafeInboundHostPorts": [{"protocol": "TCP", "port": 22, "net": "10.0.0.0/8"}], "failsafeOutboundHostPorts": [],
        "defaultEndpointToHostAction": "Accept", "vxlanPort": 1, "chainInsertMode": "Insert", "bpfEnabled": True,
        "allowVXLANPacketsFromWorkloads": True, "allowIPIPPacketsFromWorkloads": True, "externalNodesList": ["10.0.0.1"],
    },
}  # fmt: skip
HEADER = (("apiVersion",), ("kind",))
JUNK: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    1 << 70,
    "",
    " ",
    "x",
    "\n",
    "10.0.0.0/8",
    [],
    {},
    [None],
    [[]],
    {"a": 1},
    {"a": {"b": []}},
)


def manifest(kind: str, api: str = V3) -> dict[str, Any]:
    """An object with every field, and nothing wrong."""
    name = "default" if kind == "FelixConfiguration" else "p"
    labels = {"a": "b"}
    annotations = {"projectcalico.org/metadata": '{"labels": {"c": "d"}}'}
    return {
        "apiVersion": api, "kind": kind, "spec": json.loads(json.dumps(SPECS[kind])),
        "metadata": {"name": name, "labels": labels, "annotations": annotations},
    }  # fmt: skip


def places(value: Any, at: Path = ()) -> Iterator[Path]:
    """Every place inside a value."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*at, key)
        yield from places(value[key], (*at, key))


def spoiled(kind: str, api: str) -> Iterator[Document]:
    """The object with junk in one place, for each place and each junk."""
    whole = manifest(kind, api)
    for path in list(places(whole)):
        holder: Any = whole
        for step in path[:-1]:
            holder = holder[step]
        kept = holder[path[-1]]
        for junk in JUNK if path not in HEADER else ():
            holder[path[-1]] = junk
            yield document(whole)
        holder[path[-1]] = kept


def document(value: dict[str, Any]) -> Document:
    """A document of that kind, identified as the reader does."""
    meta = value["metadata"] if isinstance(value["metadata"], dict) else {}
    named = {key: text for key, text in meta.items() if isinstance(text, str)}
    return Document(value["apiVersion"], value["kind"], None, named.get("name", ""), value, PathLocator(1))


@pytest.mark.parametrize("kind", SPECS)
def test_a_whole_object_is_read(kind: str) -> None:
    """The objects that are spoiled below are good."""
    found, problems = read(json.dumps(manifest(kind)))
    assert problems.errors == ()
    assert found != Resources()


@pytest.mark.parametrize("mode", ["validated", "raw"])
@pytest.mark.parametrize("kind", SPECS)
def test_junk_is_read_or_told(kind: str, mode: Mode) -> None:
    """For each junk in each place there is an object, or an error, or an object that is not in force; never two of them."""
    for spoilt in spoiled(kind, STORED if mode == "raw" else V3):
        problems = Problems()
        found = read_all([spoilt], problems, mode=mode)
        given = found != Resources() and not found.refused
        other_nodes = any(problem.code == "NPV248" for problem in problems.warnings)
        assert [given, bool(problems.errors), bool(found.refused), other_nodes and not problems.errors].count(True) == 1
        assert all(problem.message and problem.span for problem in problems.errors + problems.warnings)
        assert str(found)
