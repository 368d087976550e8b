"""Deliberate faults in how cluster-wide policies are lowered: each turns the row of the edge cases red that is about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dialects.cluster_edge_cases import CASES
from dialects.faults import Fault, caught, instead, rows
from dialects.test_cluster_edge_cases import test_a_flow_is_worth_what_the_table_says as judge
from npverify.dialects import cluster_lower
from npverify.dialects.cluster_lower import _Lowering
from npverify.inventory.model import EndpointKind
from npverify.normal.policy import Action
from npverify.normal.predicates import FALSE, and_, kind_is, or_, protocol_is


def _stages(change: Any) -> Any:
    """The stages of a direction, each changed."""
    return lambda real: (
        lambda self, direction: replace(real(self, direction), stages=tuple(map(change, real(self, direction).stages)))
    )


FAULTS = [
    Fault(
        "the greater priority is asked first",
        instead(
            _Lowering,
            "_tier",
            lambda real: lambda self, tier, direction: tuple(reversed(real(self, tier, direction))),
        ),
        "the lower priority is asked first",
    ),
    Fault(
        "of several rules the last one counts",
        instead(
            _Lowering,
            "_policy",
            lambda real: (
                lambda self, policy, direction: replace(
                    p := real(self, policy, direction), rules=tuple(reversed(p.rules))
                )
            ),
        ),
        "an accepted port before a denial of all",
    ),
    Fault(
        "NetworkPolicies hide no baseline",
        instead(_Lowering, "_shadowed", lambda real: lambda self, direction: FALSE),
        "after a pass a NetworkPolicy decides, and hides the baseline",
    ),
    Fault(
        "NetworkPolicies of one direction hide the baseline of both",
        instead(
            _Lowering,
            "_shadowed",
            lambda real: lambda self, d: or_(real(self, d), cluster_lower.mirrored(real(self, d.opposite))),
        ),
        "a NetworkPolicy of the other direction",
    ),
    Fault(
        "what the admin tier accepts is asked of the NetworkPolicies too",
        instead(_Lowering, "half", _stages(lambda stage: replace(stage, skips=()))),
        "an admin accept goes before isolation",
    ),
    Fault(
        "what the admin tier accepts is asked of the baseline too",
        instead(
            _Lowering,
            "half",
            _stages(lambda stage: replace(stage, skips=tuple(s for s in stage.skips if s != "baseline"))),
        ),
        "an admin accept goes before the baseline",
    ),
    Fault(
        "whom a policy selects is isolated",
        instead(
            _Lowering,
            "half",
            _stages(
                lambda stage: (
                    stage
                    if stage.name != "admin"
                    else replace(stage, tiers=tuple(replace(tier, no_match=Action.DENY) for tier in stage.tiers))
                )
            ),
        ),
        "a denial of some ports isolates from nothing else",
    ),
    Fault(
        "a pass goes on with the next policy of its tier",
        instead(
            _Lowering,
            "_policy",
            lambda real: (
                lambda self, policy, direction: replace(
                    p := real(self, policy, direction), rules=tuple(r for r in p.rules if r.action is not Action.PASS)
                )
            ),
        ),
        "a pass leaves the whole tier",
    ),
    Fault(
        "a denial is a pass",
        instead(
            _Lowering,
            "_rule",
            lambda real: (
                lambda self, rule, *rest: real(
                    self, rule._replace(action=Action.PASS) if rule.action is Action.DENY else rule, *rest
                )
            ),
        ),
        "an admin denial is final",
    ),
    Fault(
        "of one priority the name decides",
        instead(
            _Lowering,
            "_of_one_priority",
            lambda real: lambda self, run, direction: iter([self._policy(policy, direction) for policy in run]),
        ),
        "two of one priority that contradict each other",
    ),
    Fault(
        "a node is what runs on it",
        instead(cluster_lower, "_NODES", lambda real: (*real, EndpointKind.POD)),
        "a pod on such a node is no node",
    ),
    Fault(
        "pods on the host network are pods of a namespace",
        instead(
            cluster_lower,
            "kind_is",
            lambda real: (
                lambda side, *kinds: real(side, *kinds, *[EndpointKind.HOST_POD][: kinds == (EndpointKind.POD,)])
            ),
        ),
        "a pod on the host network is no peer by namespace",
    ),
    Fault(
        "networks are of what is outside",
        instead(
            cluster_lower,
            "address_in",
            lambda real: lambda side, prefix: and_(real(side, prefix), kind_is(side, EndpointKind.EXTERNAL)),
        ),
        "one address of a pod before a denial",
    ),
    Fault(
        "a rule without ports is about ports",
        instead(cluster_lower, "TRUE", lambda real: protocol_is("TCP", "UDP", "SCTP")),
        "a rule without ports is about every protocol",
    ),
    Fault(
        "a name of a port is one of TCP",
        instead(
            cluster_lower,
            "named_port",
            lambda real: lambda name, protocol, profile: real(name, "TCP", profile),
        ),
        "the name tells the protocol",
    ),
    Fault(
        "a selector of pods is not looked at",
        instead(
            _Lowering, "_pods", lambda real: lambda self, namespaces, pods, side: real(self, namespaces, None, side)
        ),
        "pods of every namespace",
    ),
    Fault(
        "a pod's traffic to itself is judged",
        instead(_Lowering, "_exemptions", lambda real: lambda self, direction: iter(())),
        "a pod to its own address",
    ),
    Fault(
        "what comes back through a Service is not judged",
        instead(
            _Lowering,
            "_exemptions",
            lambda real: (
                lambda self, direction: (
                    replace(e, match=cluster_lower.or_(e.match, cluster_lower.self_traffic(via_service=True)))
                    for e in real(self, direction)
                )
            ),
        ),
        "a pod to itself through a Service",
    ),
]


@pytest.mark.parametrize("fault", rows(FAULTS))
def test_a_fault_is_caught(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the fault the row does not hold any more."""
    case = next(case for case in CASES if case.fact == fault.fact and case.queries)
    caught(lambda: judge(case), fault.plant, monkeypatch)
