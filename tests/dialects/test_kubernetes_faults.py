"""Deliberate faults in how NetworkPolicies are read and lowered: each turns the row of the edge cases red that is about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dialects.edge_cases import CASES
from dialects.faults import Fault, caught, instead, rows
from dialects.test_edge_cases import test_a_flow_is_worth_what_the_table_says as judge
from npverify.dialects import kubernetes, kubernetes_read, selectors
from npverify.dialects.profiles import profile
from npverify.normal.policy import Action, Direction
from npverify.normal.predicates import FALSE, TRUE, and_


def _without(name: str) -> Any:
    """The exemptions of pods but one."""
    return lambda real: lambda direction, profile: tuple(e for e in real(direction, profile) if e.name != name)


def _everywhere(real: Any) -> Any:
    """A policy that selects pods of every namespace."""

    def lowered(lowering: Any, policy: Any, rules: Any, direction: Any) -> Any:
        side = direction.subject
        pods = kubernetes.policed(side, profile("kubernetes", {}))
        subject = and_(pods, selectors.lower(policy.subject, side, "pod"))
        return replace(real(lowering, policy, rules, direction), subject=subject)

    return lowered


FAULTS = [
    Fault(
        "an empty list of peers is nobody",
        instead(
            kubernetes.Lowering,
            "_rule",
            lambda real: (
                lambda lowering, rule, *rest: (
                    real(lowering, rule, *rest) if rule.peers else replace(real(lowering, rule, *rest), peer=FALSE)
                )
            ),
        ),
        "an empty from admits every source",
    ),
    Fault(
        "a podSelector alone means pods of every namespace",
        instead(
            kubernetes.Lowering,
            "_peer",
            lambda real: (
                lambda lowering, peer, *rest: real(
                    lowering, peer if peer.block else peer._replace(namespaces=peer.namespaces or ()), *rest
                )
            ),
        ),
        "a podSelector alone means pods of the policy's namespace",
    ),
    Fault(
        "of two selectors in a peer one is enough",
        instead(
            kubernetes,
            "peer_matches",
            lambda real: lambda peer, *rest: real(peer if peer.namespaces is None else peer._replace(pods=None), *rest),
        ),
        "two selectors in one peer must both match",
    ),
    Fault(
        "exceptions of a block are not cut out",
        instead(kubernetes, "peer_matches", lambda real: lambda peer, *rest: real(peer._replace(excepts=()), *rest)),
        "an exception is cut out of its block",
    ),
    Fault(
        "the end of a range of ports is not read",
        instead(kubernetes, "_port", lambda real: lambda entry, *rest: real(entry._replace(end=None), *rest)),
        "endPort is the last port of the range",
    ),
    Fault(
        "a named port is one of whatever protocol",
        instead(kubernetes, "named_port", lambda real: lambda name, protocol, profile: real(name, None, profile)),
        "a named port must agree in protocol",
    ),
    Fault(
        "ports of init containers have names too",
        instead(kubernetes, "_ORIGINS", lambda real: {**real, "regular+sidecar": real["all"]}),
        "ports of init containers do not count, although some plugins take them in",
    ),
    Fault(
        "a policy selects pods of every namespace",
        instead(kubernetes.Lowering, "policy", _everywhere),
        "a policy selects pods of its own namespace alone",
    ),
    Fault(
        "without policyTypes a policy is about what it has rules for",
        instead(
            kubernetes_read,
            "_directions",
            lambda real: (
                lambda spec: real(spec) if spec.has("policyTypes") or not spec.has("egress") else [Direction.EGRESS]
            ),
        ),
        "a policy with egress rules alone still isolates for ingress",
    ),
    Fault(
        "what no rule lets in passes",
        instead(
            kubernetes,
            "_tiers",
            lambda real: lambda *given: tuple(replace(tier, no_match=Action.PASS) for tier in real(*given)),
        ),
        "an empty ingress list admits nobody and leaves egress alone",
    ),
    Fault(
        "a negative requirement wants the label to be there",
        instead(
            selectors,
            "_requirement",
            lambda real: (
                lambda r, side, of: (
                    and_(real(r, side, of), selectors.label_in(side, of, r.key, None))
                    if r.operator == "NotIn"
                    else real(r, side, of)
                )
            ),
        ),
        "NotIn matches a pod without the label",
    ),
    Fault(
        "policies select every pod on the host network",
        instead(kubernetes, "policed", lambda real: lambda side, _: kubernetes.kind_is(side, "pod", "host pod")),
        "a policy isolates a host-network pod only where that counts as a pod",
    ),
    Fault(
        "a rule without ports is about every protocol",
        instead(kubernetes, "portless", lambda real: lambda profile: TRUE),
        "a rule without ports may cover ICMP, one with ports never does",
    ),
    Fault(
        "what a node sends to its own pods is judged",
        instead(kubernetes, "exemptions", _without("node_to_own_pod")),
        "a pod's own node always reaches it",
    ),
    Fault(
        "what a pod sends to its own address is judged",
        instead(kubernetes, "exemptions", _without("self_pod_ip")),
        "a pod always reaches its own address",
    ),
]


@pytest.mark.parametrize("fault", rows(FAULTS))
def test_a_fault_is_caught(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the fault the row does not hold any more."""
    case = next(case for case in CASES if case.fact == fault.fact)
    caught(lambda: judge(case), fault.plant, monkeypatch)
