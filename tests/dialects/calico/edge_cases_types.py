"""Edge cases E27–E31: which directions a policy speaks about."""

from __future__ import annotations

from dialects.calico.edge_case import (
    APPLE,
    HERE,
    NATIVE,
    OUTSIDE,
    PEAR,
    RAW,
    V1,
    Case,
    allowed,
    denied,
    knp,
    np,
)
from dialects.edge_cases import joined

_EMPTY_EGRESS = np(f"{HERE}, egress: []")

CASES: tuple[Case, ...] = (
    Case(
        27,
        "rules of a direction that types leaves out are inert",
        "FV ingress_egress_test.go, types [ingress] (i.e. disabling the egress rule)",
        np(f"{HERE}, types: [Ingress], ingress: [{{action: Allow}}], egress: [{{action: Deny}}]"),
        (allowed(PEAR, APPLE), allowed(PEAR, OUTSIDE), allowed(APPLE, PEAR)),
    ),
    Case(
        28,
        "a direction in types without rules is closed",
        "FV ingress_egress_test.go, with ingress rules and types [ingress,egress]",
        np(f"{HERE}, types: [Ingress, Egress], ingress: [{{action: Allow}}]"),
        (denied(PEAR, APPLE), denied(PEAR, OUTSIDE), allowed(APPLE, PEAR)),
    ),
    Case(
        29,
        "ingress rules alone make an ingress policy",
        "FV ingress_egress_test.go, with ingress-only restriction for workload 0",
        np(f"{HERE}, ingress: [{{action: Allow, source: {{selector: app == 'apple'}}}}]"),
        (allowed(PEAR, OUTSIDE), allowed(APPLE, PEAR), denied(OUTSIDE, PEAR)),
    ),
    Case(
        30,
        "egress rules alone make a Calico policy an egress policy and nothing else",
        "FV ingress_egress_test.go, with egress-only restriction",
        np(f"{HERE}, egress: [{{action: Allow, destination: {{selector: app == 'apple'}}}}]"),
        (allowed(OUTSIDE, PEAR), allowed(PEAR, APPLE), denied(PEAR, OUTSIDE)),
    ),
    Case(
        30,
        "egress rules alone leave a native policy an ingress policy as well",
        "kubernetes/api networking/v1 PolicyTypes; issue 1360",
        knp("podSelector: {matchLabels: {app: pear}}, egress: [{to: [{podSelector: {matchLabels: {app: apple}}}]}]"),
        (denied(OUTSIDE, PEAR), allowed(PEAR, APPLE), denied(PEAR, OUTSIDE)),
    ),
    Case(
        30,
        "egress rules alone leave a staged native policy an ingress policy as well, in a preview",
        "page 1.4",
        np(
            "podSelector: {matchLabels: {app: pear}}, egress: [{to: [{podSelector: {matchLabels: {app: apple}}}]}]",
            kind="StagedKubernetesNetworkPolicy",
        ),
        (denied(OUTSIDE, PEAR), allowed(PEAR, APPLE), denied(PEAR, OUTSIDE)),
        assume={"staged": "pending"},
    ),
    Case(
        31,
        "an empty egress list without types isolates for ingress where a client fills in the types",
        "api/pkg/defaults/networkpolicy.go",
        _EMPTY_EGRESS,
        (denied(APPLE, PEAR), allowed(PEAR, APPLE)),
    ),
    Case(
        31,
        "an empty egress list without types isolates for egress where the API server fills in the types of a native object",
        "api/admission/networkpolicy.mutatingadmissionpolicy.yaml",
        _EMPTY_EGRESS,
        (allowed(APPLE, PEAR), denied(PEAR, APPLE)),
        assume=NATIVE,
    ),
    Case(
        31,
        "an empty egress list without types isolates both ways where nobody fills in the types",
        "felix/calc/policy_sorter.go ExtractPolicyMetadata",
        _EMPTY_EGRESS,
        (denied(APPLE, PEAR), denied(PEAR, APPLE)),
        assume=RAW,
    ),
    Case(
        31,
        "nobody fills in the types of a stored object",
        "felix/calc/policy_sorter.go ExtractPolicyMetadata",
        joined(np(f"{HERE}, egress: []", "default.rules", api=V1)),
        (denied(APPLE, PEAR), denied(PEAR, APPLE)),
    ),
    Case(
        31,
        "a list of both directions without types, one of them empty, is both where presence counts",
        "api/admission/networkpolicy.mutatingadmissionpolicy.yaml",
        np(f"{HERE}, ingress: [{{action: Allow}}], egress: []"),
        (allowed(APPLE, PEAR), denied(PEAR, APPLE)),
        assume=NATIVE,
    ),
    Case(
        31,
        "a list of both directions without types, one of them empty, is ingress where length counts",
        "api/pkg/defaults/networkpolicy.go",
        np(f"{HERE}, ingress: [{{action: Allow}}], egress: []"),
        (allowed(APPLE, PEAR), allowed(PEAR, APPLE)),
    ),
)
