"""Deliberate faults in what plugins make of policies: each turns the row red that is about it."""

from __future__ import annotations

from typing import Any

import pytest

from dialects.faults import Fault, caught, instead, rows
from dialects.plugins.rows import ROWS
from dialects.plugins.test_plugin_rows import by_oracle as judge
from npverify.dialects.by_plugin import aws, kube_router, lower, policies, stages
from npverify.dialects.by_plugin.policies import _Rewriting
from npverify.normal.predicates import FALSE, TRUE

FAULTS = [
    Fault(
        "kube-router installs the block of everything as it is written",
        instead(policies, "_in_halves", lambda real: lambda peer: iter((peer,))),
        "kube-router: every IPv6 address, and one of the translation prefix",
    ),
    Fault(
        "exceptions of kube-router are those of their own block",
        instead(_Rewriting, "_sharing_excepts", lambda real: lambda self, rule, policy, peers: peers),
        "kube-router: an exception, and a narrower block of the same rule that holds it",
    ),
    Fault(
        "Weave reads names of ports",
        instead(_Rewriting, "_refused", lambda real: lambda self, policy: False),
        "weave: a policy with a name of a port isolates",
    ),
    Fault(
        "names of ports are looked up in each pod under Amazon's plugin",
        instead(_Rewriting, "_numbers", lambda real: lambda self, rule, policy: rule),
        "aws-vpc-cni: a name that another selected pod has under this number",
    ),
    Fault(
        "Amazon's plugin opens names of ports to blocks of egress rules",
        instead(policies, "_with_ports", lambda real: lambda rule, keep: iter((rule,))),
        "aws-vpc-cni: a name in an egress rule for everybody, in another namespace",
    ),
    Fault(
        "a name is one port of OVN-Kubernetes",
        instead(_Rewriting, "_ports", lambda real: lambda self, rule, policy, direction: iter((rule,))),
        "ovn-kubernetes: a port that has the name nowhere",
    ),
    Fault(
        "no exception counts for other blocks under Amazon's plugin",
        instead(lower, "aws", lambda real: _WithoutTables),
        "aws-vpc-cni: an exception of one rule, and a wider block of another",
    ),
    Fault(
        "a pod on the host network is no peer",
        instead(policies, "host_peer", lambda real: lambda *_: FALSE),
        "aws-vpc-cni: a namespaceSelector, and a pod on the host network",
    ),
    Fault(
        "all that a node sends to its own pods is from root",
        instead(stages, "_counts_as_node", lambda real: lambda *_: TRUE),
        "kube-network-policies: the own node, to a closed pod",
    ),
    Fault(
        "kube-router lets no message pass",
        instead(stages, "_ICMP", lambda real: {}),
        "kube-router: a default deny, and a ping",
    ),
    Fault(
        "every port of the own node is a node port",
        instead(stages, "_NODE_PORTS", lambda real: TRUE),
        "kube-router: no node port of the own node",
    ),
    Fault(
        "a node port that keeps the client's address is not policed",
        instead(stages, "_is_way_in", lambda real: lambda service: True),
        "azure-npm: a node port that keeps the client's address",
    ),
    Fault(
        "what comes through a node port reaches every port of the pod",
        instead(stages, "_behind", lambda real: lambda service: TRUE),
        "azure-npm: no node port leads there",
    ),
    Fault(
        "kube-router opens no number of a name to everybody",
        instead(kube_router, "_numbers", lambda real: lambda *_: ()),
        "kube-router: kube-router: a name in an egress rule for everybody opens its numbers to everybody",
    ),
    Fault(
        "kube-router finds every name",
        instead(kube_router, "_has_one", lambda real: lambda *_: True),
        "kube-router: kube-router: a name that no selected pod has opens every port to the pods of the rule",
    ),
    Fault(
        "the addresses of Services are not opened with their pods",
        instead(aws, "_seeing", lambda real: lambda rule, *_: rule),
        "aws-vpc-cni: a rule for pods, through a Service whose selector its peer matches",
    ),
]


class _WithoutTables:
    """Amazon's part of the lowering that leaves policies as they are."""

    @staticmethod
    def with_tables(found: Any, *_: Any) -> Any:
        return found


@pytest.mark.parametrize("fault", rows(FAULTS))
def test_a_fault_is_caught(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the fault the row does not hold any more."""
    plugin, _, fact = fault.fact.partition(": ")
    row = next(row for row in ROWS if row.fact == fact and plugin in row.verdicts)
    caught(lambda: judge(row, plugin), fault.plant, monkeypatch)
