"""Deliberate faults in the dialect: each turns the row of the edge cases red that is about it."""

from __future__ import annotations

from typing import Any

import pytest

from dialects.cilium.edge_cases import CASES
from dialects.cilium.test_cilium_edge_cases import test_a_flow_is_worth_what_the_table_says as judge
from dialects.faults import Fault, caught, instead, rows
from npverify.dialects.cilium import cluster, domains, lower, native, read, traffic
from npverify.dialects.cilium.identities import Identities
from npverify.dialects.cilium.mesh import Mesh
from npverify.dialects.cilium.peers import PeerLowering
from npverify.dialects.cilium.traffic import TrafficLowering
from npverify.normal.predicates import TRUE, kafka_request

FAULTS = [
    Fault(
        "an empty list of peers is everybody",
        instead(
            PeerLowering,
            "selectors",
            lambda real: lambda s, e, n, side: (TRUE,) if e.peers.empty else real(s, e, n, side),
        ),
        "an empty list of peers is nobody, also with ports",
    ),
    Fault(
        "a CIDR means pods as well",
        instead(Identities, "outside", lambda real: lambda s, side: TRUE),
        "a CIDR is about what is outside, whatever addresses pods and nodes have",
    ),
    Fault(
        "a selector means every namespace and cluster",
        instead(PeerLowering, "_implied", lambda real: lambda *_, **__: iter(())),
        "a selector means pods of the policy's own namespace",
    ),
    Fault(
        "a rule closes what it has something to allow in",
        instead(
            read, "_default_deny", lambda real: lambda f, p, k, s, e: {d: any(not x.deny for x in e[d]) for d in e}
        ),
        "a rule that only denies closes its subject for everybody",
    ),
    Fault(
        "what denies is not asked of what a node sends to its pods",
        instead(lower, "_of_itself", lambda real: tuple),
        "a deny of `host` stops what the node sends to its pods",
    ),
    Fault(
        "all parsers can be joined",
        instead(lower, "clashes", lambda real: lambda *_, **__: iter(())),
        "two parsers for the same peers and port cannot be joined: what was enforced before stays",
    ),
    Fault(
        "of overlapping ports every rule opens all requests",
        instead(lower, "mixtures", lambda real: lambda items, version: iter(())),
        "the same of a range of ports and one in it",
    ),
    Fault(
        "nothing is required",
        instead(PeerLowering, "required", lambda real: lambda s, side, *, deny: TRUE),
        "a requirement is asked of every selector of a rule about the endpoint, and lets nobody in",
    ),
    Fault(
        "a star of a name stands for dots",
        instead(domains, "_LABEL", lambda real: "[-a-z0-9_.]"),
        "it may stand for nothing, and never for a dot",
    ),
    Fault(
        "a rule about DNS lets every query through",
        instead(TrafficLowering, "_names", lambda real: lambda self, rule: TRUE),
        "a query is refused for a name that no rule of its server lets through, whatever case it is written in",
    ),
    Fault(
        "a rule about Kafka lets every request through",
        instead(traffic, "kafka_is", lambda real: lambda *entry: kafka_request()),
        "a rule about Kafka opens the connection, and of the requests those that it names",
    ),
    Fault(
        "a rule about Kafka opens no connection",
        instead(traffic, "kafka_request", lambda real: lambda: TRUE),
        "a rule about Kafka opens the connection, and of the requests those that it names",
    ),
    Fault(
        "an element without ports opens every name",
        instead(
            lower,
            "mixtures",
            lambda real: lambda items, version: (pair for pair in real(items, version) if pair[0].ports.requests),
        ),
        "beside an element for the server without ports it is nowhere said what the proxy answers for other names",
    ),
    Fault(
        "policyTypes of a NetworkPolicy is obeyed",
        instead(cluster, "as_cilium", lambda real: _obedient),
        "rules of a NetworkPolicy count in a direction that policyTypes leaves out, and close it",
    ),
    Fault(
        "type 0 of ICMP is one type",
        instead(
            TrafficLowering,
            "_icmp",
            lambda real: lambda s, family, kind, d: real(s, 6, kind, d) if kind == 0 else real(s, family, kind, d),
        ),
        "to allow type 0 of IPv4 is to allow every type",
    ),
    Fault(
        "nodes of another cluster are its pods",
        instead(Mesh, "hosts", lambda real: Mesh.pods),
        "the nodes of another cluster are remote nodes, and what runs on their network is",
    ),
    Fault(
        "ANY is TCP and UDP",
        instead(traffic, "PORT_PROTOCOLS", lambda real: ("TCP", "UDP")),
        "a port without protocol is one of TCP, UDP and SCTP, and ping is not meant",
    ),
]


def _obedient(policy: Any, settings: Any) -> Any:
    made = native.as_cilium(policy, settings)
    rule = made.rules[0]
    listed = {d: rule.elements[d] if d in policy.rules else () for d in rule.elements}
    return made._replace(rules=(rule._replace(elements=listed, default_deny={d: d in policy.rules for d in listed}),))


@pytest.mark.parametrize("fault", rows(FAULTS))
def test_a_fault_is_caught(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the fault the row does not hold any more."""
    case = next(case for case in CASES if case.fact == fault.fact)
    caught(lambda: judge(case), fault.plant, monkeypatch)
