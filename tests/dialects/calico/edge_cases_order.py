"""Edge cases E1–E11 and E17–E25: tiers, Pass, end of tier, and the order of policies in a tier."""

from __future__ import annotations

from dialects.calico.edge_case import (
    APPLE,
    HERE,
    OAK,
    OUTSIDE,
    OX,
    PEAR,
    PENDING,
    PLAIN,
    Case,
    allowed,
    denied,
    gnp,
    host,
    ingress,
    knp,
    np,
    tier,
)
from dialects.edge_cases import joined

_PEAR = "podSelector: {matchLabels: {app: pear}}"
_ALL = "action: Allow"


TIERS = (
    Case(
        1,
        "a pod that no policy selects may send and receive",
        "e2e policy.go, should provide a default allow",
        "",
        (allowed(APPLE, PEAR), allowed(PEAR, OUTSIDE, 443), allowed(OUTSIDE, PEAR, 53, "UDP"), allowed(APPLE, PEAR, None, "253")),
    ),
    Case(
        2,
        "an endpoint without tier and profile is closed both ways",
        "UT no tiers; checker TestEvaluateEndpointNoTiersNoProfiles",
        host("oak"),
        (denied(OUTSIDE, OAK, of="ingress"), denied(OAK, OUTSIDE, 443, of="egress")),
    ),
    Case(
        3,
        "a tier whose policies leave an endpoint or direction alone has no say in it",
        "UT empty tier has no impact; checker TestCheckNoIngressPolicyRulesInTier",
        joined(
            tier("first", "order: 10, defaultAction: Deny"),
            gnp("tier: first, selector: app == 'ox', types: [Ingress, Egress]", "others"),
            gnp(f"tier: first, {HERE}, types: [Egress]", "outward"),
            np(ingress(_ALL)),
        ),
        (allowed(APPLE, PEAR), allowed(APPLE, PEAR, of="ingress"), denied(PEAR, APPLE, of="egress")),
    ),
    Case(
        4,
        "a Deny behind a tier that allows is never reached",
        "UT unreachable tier",
        joined(
            tier("first", "order: 10"),
            tier("second", "order: 20"),
            gnp(ingress(_ALL, tier="first"), "opens"),
            gnp(ingress("action: Deny", tier="second"), "closes"),
        ),
        (allowed(APPLE, PEAR), allowed(OUTSIDE, PEAR)),
    ),
    Case(
        5,
        "Pass to nowhere is a Deny where no profile allows",
        "UT pass to nowhere",
        joined(
            tier("first", "order: 10"),
            gnp("tier: first, selector: machine == 'host', types: [Ingress], ingress: [{action: Pass}]"),
            host("oak"),
        ),
        (denied(OUTSIDE, OAK, of="ingress"),),
    ),
    Case(
        6,
        "Pass to nowhere reaches the profile of a pod, which allows",
        "FV cluster_network_policy_test.go phase 4",
        gnp("tier: kube-admin, order: 1, selector: app == 'pear', types: [Ingress], ingress: [{action: Pass}]"),
        (allowed(APPLE, PEAR), allowed(OUTSIDE, PEAR)),
    ),
    *(
        Case(
            7,
            f"what a tier passes on is {verdict} by the next",
            f"UT pass to {verdict}",
            joined(
                tier("first", "order: 10"),
                tier("second", "order: 20"),
                gnp(ingress("action: Pass", tier="first"), "passes"),
                gnp(ingress(f"action: {action}", tier="second"), "decides"),
            ),
            (query(APPLE, PEAR),),
        )
        for action, verdict, query in (("Allow", "allow", allowed), ("Deny", "deny", denied))
    ),
    *(
        Case(
            number,
            fact,
            "FV tiered_policy_test.go, connectivity should be correct between workloads",
            joined(
                tier("first", f"order: 1, defaultAction: {action}"),
                np(ingress("action: Allow, source: {selector: app == 'plum'}", tier="first"), "narrow"),
                *more,
            ),
            queries,
        )
        for number, fact, action, more, queries in (
            (
                8,
                "the end of a tier denies what its policies did not mention, whatever later tiers say",
                "Deny",
                (np(ingress(_ALL), "wide"),),
                (denied(APPLE, PEAR), allowed(APPLE, PLAIN)),
            ),
            (
                9,
                "the end of a tier that passes leaves it to the profile",
                "Pass",
                (),
                (allowed(APPLE, PEAR), allowed(OUTSIDE, PEAR)),
            ),
            (
                9,
                "the end of a tier that passes leaves it to the next tier",
                "Pass",
                (np(ingress("action: Allow, source: {selector: app == 'apple'}"), "wide"),),
                (allowed(APPLE, PEAR), denied(PLAIN, PEAR)),
            ),
        )
    ),
)  # fmt: skip

_STAGED_ONLY = joined(
    tier("first", "order: 1"),
    tier("second", "order: 2"),
    np(ingress("action: Pass", tier="first"), "passes"),
    np(ingress("action: Deny", tier="second"), "draft", kind="StagedNetworkPolicy"),
    np(ingress("action: Deny"), "draft-too", kind="StagedNetworkPolicy"),
)

STAGED = (
    Case(
        10,
        "a tier in which only staged policies apply passes on",
        "FV tiered_policy_test.go, ep2-1 to ep1-1",
        _STAGED_ONLY,
        (allowed(APPLE, PEAR), allowed(OUTSIDE, PEAR)),
    ),
    Case(
        10,
        "a preview enforces what is staged",
        "page 5.2",
        _STAGED_ONLY,
        (denied(APPLE, PEAR), denied(OUTSIDE, PEAR)),
        assume=PENDING,
    ),
    *(
        Case(
            11,
            f"a staged policy {place} an enforced one does not save from the end of the tier",
            "checker TestCheckTiersPolicyScope, end-of-tier action survives",
            joined(
                tier("first", "order: 1"),
                np(ingress(_ALL, tier="first", order=order), "draft", kind="StagedNetworkPolicy"),
                np(ingress("action: Allow, source: {selector: app == 'plum'}", tier="first", order="5"), "narrow"),
            ),
            (denied(APPLE, PEAR), denied(OUTSIDE, PEAR)),
        )
        for place, order in (("before", "1"), ("behind", "9"))
    ),
    Case(
        17,
        "a policy that only logs isolates",
        "e2e tiers.go, should enforce a default deny",
        np(ingress("action: Log")),
        (denied(APPLE, PEAR), allowed(PEAR, APPLE)),
    ),
    Case(
        18,
        "a policy without rules does not stop later ones of its tier",
        "felix/rules/endpoints.go; checker TestCheckPolicyNoRules",
        joined(
            np(ingress(order="10"), "a"),
            np(ingress("action: Allow, protocol: TCP, destination: {ports: [80]}", order="20"), "b"),
        ),
        (allowed(APPLE, PEAR, 80), denied(APPLE, PEAR, 81), denied(APPLE, PEAR, 80, "UDP")),
    ),
)

_OPENS_80 = f"{_PEAR}, ingress: [{{ports: [{{port: 80}}]}}]"
_CLOSES_80 = "action: Deny, protocol: TCP, destination: {ports: [80]}"

ORDER = (
    Case(
        19,
        "a native default deny is overridden by a global policy without order that allows",
        "page 2.8; issue 5940",
        joined(knp("podSelector: {}, policyTypes: [Ingress]"), gnp("types: [Ingress], ingress: [{action: Allow}]")),
        (allowed(APPLE, PEAR), allowed(OUTSIDE, PLAIN), allowed(OX, APPLE)),
    ),
    *(
        Case(
            20,
            f"a global Deny of order {order} comes {place} native policies, which have order 1000",
            "issue 9292",
            joined(knp(_OPENS_80), gnp(ingress("action: Deny", order=order))),
            (query(APPLE, PEAR), query(OUTSIDE, PEAR), denied(APPLE, PEAR, 81)),
        )
        for order, place, query in (("999", "before", denied), ("1001", "behind", allowed))
    ),
    *(
        Case(
            21,
            f"at order 1000 the native policy a and the Calico policy b are asked in this order: {first} first",
            "policy_sorter.go PolKVLess; PR 11232",
            joined(knp(_OPENS_80, "a"), np(ingress(_CLOSES_80, order="1000"), "b")),
            (query(APPLE, PEAR),),
            version,
        )
        for version, first, query in (("3.32", "a", allowed), ("3.31", "b", denied), ("3.26", "b", denied))
    ),
    *(
        Case(
            22,
            f"of two policies of one order, allow and allow-dns, {first} comes first",
            "policy_sorter.go PolKVLess; policy_sorter_test.go TestPolicySorter_Sorting",
            joined(np(ingress(_ALL, order="7"), "allow"), np(ingress(_CLOSES_80, order="7"), "allow-dns")),
            (query(APPLE, PEAR), allowed(APPLE, PEAR, 81)),
            version,
        )
        for version, first, query in (("3.32", "allow-dns", denied), ("3.31", "allow", allowed))
    ),
    *(
        Case(
            22,
            "of two policies of one order, allow and allow1, allow comes first",
            "policy_sorter.go PolKVLess",
            joined(np(ingress(_ALL, order="7"), "allow1"), np(ingress(_CLOSES_80, order="7"), "allow")),
            (denied(APPLE, PEAR), allowed(APPLE, PEAR, 81)),
            version,
        )
        for version in ("3.32", "3.31")
    ),
    Case(
        23,
        "of one order and name, the global policy comes before the namespaced one",
        "policy_sorter.go PolKVLess",
        joined(gnp(ingress("action: Deny", order="7"), "p"), np(ingress(_ALL, order="7"), "p")),
        (denied(APPLE, PEAR), denied(OUTSIDE, PEAR)),
    ),
    *(
        Case(
            23,
            f"of one order and name, the {first} policy comes first in a namespace whose name sorts before `default`",
            "policy_sorter.go PolKVLess of 3.31 and of 3.32",
            joined(
                gnp("order: 7, selector: app == 'acorn', types: [Ingress], ingress: [{action: Deny}]", "p"),
                np("order: 7, types: [Ingress], ingress: [{action: Allow}]", "p", "acre"),
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: acre}\n",
                "apiVersion: v1\nkind: Pod\nmetadata: {name: acorn, namespace: acre, labels: {app: acorn}}\n"
                "spec: {nodeName: elm, containers: [{name: main, image: i}]}\n"
                "status: {phase: Running, podIP: 10.65.3.1}\n",
            ),
            (query(APPLE, "acre/acorn"),),
            version,
        )
        for version, first, query in (("3.32", "global", denied), ("3.31", "namespaced", allowed))
    ),
    Case(
        24,
        "policies without order come in the order of their names",
        "policy_sorter.go PolKVLess",
        joined(np(ingress("action: Deny"), "b"), np(ingress(_ALL), "a")),
        (allowed(APPLE, PEAR),),
    ),
    Case(
        24,
        "a policy with an order comes before those without",
        "policy_sorter.go PolKVLess",
        joined(np(ingress("action: Deny", order="99999999"), "b"), np(ingress(_ALL), "a")),
        (denied(APPLE, PEAR),),
    ),
    Case(
        24,
        "an order may be negative, or a fraction",
        "page 5.4",
        joined(
            np(ingress("action: Deny, protocol: TCP", order="-2.5"), "c"),
            np(ingress(_ALL, order="-2"), "b"),
            np(ingress("action: Deny", order="0"), "a"),
        ),
        (denied(APPLE, PEAR), allowed(APPLE, PEAR, 80, "UDP")),
    ),
    Case(
        25,
        "a policy in a tier that does not exist is enforced, and that tier denies",
        "policy_resolver.go sendEndpointUpdate",
        np(ingress("action: Allow, source: {selector: app == 'plum'}", tier="ghost")),
        (denied(APPLE, PEAR), denied(OUTSIDE, PEAR), allowed(PEAR, APPLE)),
        warned=("NPV282",),
    ),
    Case(
        25,
        "a tier that does not exist comes behind all that do",
        "policy_sorter.go TierLess",
        joined(
            tier("zz", ""),
            np(ingress("action: Deny", tier="ghost"), "haunts"),
            np(ingress("action: Allow, source: {selector: app == 'apple'}", tier="zz"), "opens"),
        ),
        (allowed(APPLE, PEAR), denied(PLAIN, PEAR)),
        warned=("NPV282",),
    ),
)  # fmt: skip

CASES: tuple[Case, ...] = (*TIERS, *STAGED, *ORDER)
