"""Edge cases E52–E62 and E105: network sets, service accounts, address blocks, and that selectors test addresses."""

from __future__ import annotations

from dialects.calico.edge_case import (
    APPLE,
    OTHER_APPLE,
    OUTSIDE,
    OX,
    PEAR,
    PLAIN,
    Case,
    allowed,
    denied,
    depends,
    gnp,
    ingress,
    knp,
    named,
    net_set,
    np,
)
from dialects.edge_cases import joined, pod

_FAR = "198.51.100.7"


def _from(source: str) -> str:
    return ingress(f"action: Allow, source: {{{source}}}")


_THIEF = joined(
    named("thief", "role: bad", "10.0.0.5"),
    net_set("friends", "kind: trusted", "10.0.0.0/24", "orchard"),
)
_KIND = "kind: far"
_RESOLVES = "a.example resolves to the address of the destination"
_SET = net_set("far", _KIND, "198.51.100.0/24")
_ANY_POD = "podSelector: {matchLabels: {app: pear}}, ingress: [{from: [{podSelector: {}}]}]"

SETS = (
    Case(
        52,
        "a pod is matched by the labels of a set that its address lies in",
        "rule_scanner.go; FV netsets_test.go for the membership",
        joined(np(_from("selector: kind == 'trusted'")), _THIEF),
        (allowed("orchard/thief", PEAR), allowed("10.0.0.99", PEAR), denied(APPLE, PEAR), denied("10.0.1.5", PEAR)),
    ),
    Case(
        53,
        "a negative selector does not take away a pod that a set holds, for it is asked of each object",
        "felix/calc/rule_scanner.go combineMatchesIfPossible",
        joined(np(_from("selector: kind == 'trusted', notSelector: role == 'bad'")), _THIEF),
        (allowed("orchard/thief", PEAR), allowed("10.0.0.99", PEAR)),
    ),
    Case(
        54,
        "a negative selector alone in a global policy takes away every address of the pods that satisfy it",
        "felix/calc/rule_scanner.go",
        joined(gnp(_from("notSelector: role == 'bad'")), _THIEF),
        (denied("orchard/thief", PEAR), allowed("10.0.0.99", PEAR), allowed(APPLE, PEAR), allowed(OUTSIDE, PEAR)),
    ),
    Case(
        54,
        "a negative selector alone in a namespaced policy finds that pod through the set",
        "felix/calc/rule_scanner.go",
        joined(np(_from("notSelector: role == 'bad'")), _THIEF),
        (allowed("orchard/thief", PEAR), allowed("10.0.0.99", PEAR), denied(OUTSIDE, PEAR)),
    ),
    Case(
        55,
        "a namespaced policy does not find a global set by its labels",
        "updateprocessors/rules.go; FV netsets_test.go",
        joined(np(_from("selector: kind == 'far'")), _SET),
        (denied(_FAR, PEAR),),
    ),
    Case(
        55,
        "a namespaced policy finds a global set with global()",
        "updateprocessors/rules.go; FV netsets_test.go",
        joined(np(_from("selector: kind == 'far', namespaceSelector: global()")), _SET),
        (allowed(_FAR, PEAR), denied(OUTSIDE, PEAR)),
    ),
    Case(
        55,
        "a set of a namespace may hide the name of that namespace with a label of its own",
        "updateprocessors/networksetprocessor.go; felix/labelindex, own labels first",
        joined(
            gnp(_from("namespaceSelector: projectcalico.org/name == 'field'")),
            net_set("far", "pcns.projectcalico.org/name: field", "198.51.100.0/24", "orchard"),
        ),
        (allowed(_FAR, PEAR), allowed(OX, PEAR), denied(APPLE, PEAR)),
    ),
    Case(
        55,
        "a set with domains holds what they resolve to, as a destination",
        "docs of the commercial editions, allowedEgressDomains",
        joined(
            gnp(
                "selector: app == 'pear', types: [Ingress, Egress], "
                "ingress: [{action: Allow, source: {selector: kind == 'far'}}], "
                "egress: [{action: Allow, destination: {selector: kind == 'far'}}]"
            ),
            gnp("allowedEgressDomains: [a.example]", "far", kind="GlobalNetworkSet").replace(
                "name: far", "name: far, labels: {kind: far}"
            ),
        ),
        (
            depends(PEAR, OUTSIDE, 443, {f"{_RESOLVES}=false": "D", f"{_RESOLVES}=true": "A"}),
            depends(OUTSIDE, PEAR, 443, {f"{_RESOLVES}=true": "D"}),
        ),
        warned=("NPV236",),
    ),
    Case(
        56,
        "an empty podSelector of a native policy means pods, not the sets of the namespace",
        "conversion_test.go, should handle an empty pod selector",
        joined(knp(_ANY_POD), net_set("far", _KIND, "198.51.100.0/24", "orchard")),
        (denied(_FAR, PEAR), allowed(APPLE, PEAR), denied(OX, PEAR)),
    ),
    Case(
        57,
        "a finished pod is nobody's peer",
        "conversion_test.go, PodToDefaultWorkloadEndpoint reject/accept phase tests",
        joined(
            np(_from("selector: app == 'ghost'")),
            pod("ghost", "app: ghost", "nodeName: oak, containers: [{name: m, image: i}]", "10.65.1.66", "orchard", "Succeeded"),
        ),
        (denied("10.65.1.66", PEAR),),
    ),
    Case(
        58,
        "a pod on the network of its node is not found by its labels",
        "conversion, IsValidCalicoWorkloadEndpoint",
        joined(
            np(_from("selector: app == 'keeper'")),
            pod("keeper", "app: keeper", "nodeName: oak, hostNetwork: true, containers: [{name: m, image: i}]", namespace="orchard"),
        ),
        (denied("orchard/keeper", PEAR),),
    ),
    Case(
        59,
        "a global policy finds a service account of that name in every namespace",
        "rules_test.go, … with global namespace and no namespace selector",
        gnp(_from("serviceAccounts: {names: [grower]}")),
        (allowed(APPLE, PEAR), allowed(OTHER_APPLE, PEAR), denied(PLAIN, PEAR), denied(OUTSIDE, PEAR)),
    ),
    Case(
        59,
        "a namespaced policy finds a service account of its namespace",
        "rules_test.go, should parse a serviceaccount match",
        np(_from("serviceAccounts: {names: [grower]}")),
        (allowed(APPLE, PEAR), denied(OTHER_APPLE, PEAR), denied(PLAIN, PEAR)),
    ),
    Case(
        60,
        "an empty match of service accounts is none",
        "rules_test.go, should parse an empty serviceaccount match",
        np(_from("serviceAccounts: {}")),
        (allowed(OUTSIDE, PEAR), allowed(OX, PEAR), allowed(PLAIN, PEAR)),
    ),
    Case(
        61,
        "an address block means pods too",
        "FV named_ports_test.go, with … CIDRs; issue 6634",
        np(_from("nets: [10.0.0.0/8]")),
        (allowed(APPLE, PEAR), allowed(OX, PEAR), allowed("10.9.9.9", PEAR), denied(OUTSIDE, PEAR)),
    ),
    Case(
        62,
        "an address block and a selector of one side must both match",
        "felix/rules/policy.go; FV named_ports_test.go, with … CIDRs, allowing only w[0] and w[1]",
        joined(
            np(_from("nets: [10.0.0.0/8], selector: role == 'fruit'")),
            net_set("market", "role: fruit", "198.51.100.0/24", "orchard"),
        ),
        (allowed(APPLE, PEAR), denied(PLAIN, PEAR), denied(_FAR, PEAR), denied("10.9.9.9", PEAR)),
    ),
    Case(
        105,
        "a set of every address makes its label match every source",
        "FV netsets_test.go, after switching to zero-CIDR",
        joined(np(_from("selector: kind == 'far'")), net_set("far", _KIND, "0.0.0.0/0", "orchard")),
        (allowed(OUTSIDE, PEAR), allowed(OX, PEAR), allowed(APPLE, PEAR)),
    ),
)  # fmt: skip

CASES: tuple[Case, ...] = SETS
