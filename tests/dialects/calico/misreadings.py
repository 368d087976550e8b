"""What an earlier verifier, np-guard/network-config-analyzer, reads otherwise than Calico does: one row or more for each item.

The items are counted as in section 8.1 of the semantics page; 17 is about wishes, not about verdicts.
"""

from __future__ import annotations

from dialects.calico.edge_case import (
    APPLE,
    HERE,
    OAK,
    OTHER_APPLE,
    OUTSIDE,
    OUTSIDE6,
    OX,
    PEAR,
    PLAIN,
    V1,
    Case,
    allowed,
    denied,
    egress,
    gnp,
    host,
    icmp,
    ingress,
    named,
    net_set,
    np,
)
from dialects.edge_cases import joined

_FAR = "198.51.100.7"
_DEFAULT_ALLOW = "projectcalico-default-allow"
_OPENS = np(ingress("action: Allow", order="7"), "a")
_CLOSES = np(ingress("action: Deny", order="7"), "b")
_ACCOUNT = (
    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: grower, namespace: orchard, labels: {team: red}}\n"
    "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: grower, namespace: field, labels: {team: blue}}\n"
)


def _from(source: str, action: str = "Allow") -> str:
    return ingress(f"action: {action}, source: {{{source}}}")


def _selector(text: str, *queries: tuple[str, bool]) -> Case:
    """A selector of a rule, and which pods it finds."""
    return Case(
        11,
        f"the selector {text} can be read",
        "libcalico-go/lib/selector/tokenizer, parser",
        joined(
            gnp(_from("selector: '{}'".format(text.replace("'", "''")))),
            named("odd", "in: x, has: deep, not: ''", "10.65.1.40"),
        ),
        tuple((allowed if found else denied)(src, PEAR) for src, found in queries),
    )


ORDER_AND_FIELDS = (
    *(
        Case(
            1,
            f"of policies of one order the name decides, in whichever file they stand: {name}",
            "policy_sorter.go PolKVLess",
            policies,
            (allowed(APPLE, PEAR), allowed(OUTSIDE, PEAR)),
        )
        for name, policies in (("a before b", joined(_OPENS, _CLOSES)), ("b before a", joined(_CLOSES, _OPENS)))
    ),
    Case(
        2,
        "subjects can be selected by their service accounts",
        "updateprocessors/globalnetworkpolicyprocessor.go",
        joined(gnp("serviceAccountSelector: team == 'red', types: [Ingress]"), _ACCOUNT),
        (denied(OUTSIDE, APPLE), allowed(OUTSIDE, OTHER_APPLE), allowed(OUTSIDE, PEAR)),
    ),
    Case(
        2,
        "a tier and performance hints can be named",
        "api/pkg/apis/projectcalico/v3",
        np(f"{ingress()}, performanceHints: [AssumeNeededOnEveryNode]"),
        (denied(APPLE, PEAR), allowed(APPLE, PLAIN)),
    ),
    Case(
        2,
        "stored objects are read like those of the API",
        "libcalico-go/lib/backend/k8s/resources",
        gnp(ingress(), "default.stored", api=V1),
        (denied(APPLE, PEAR), allowed(PEAR, APPLE)),
    ),
    Case(
        2,
        "staged policies are read and not enforced",
        "page 5.2",
        joined(
            np(ingress(), kind="StagedNetworkPolicy"),
            gnp("types: [Ingress, Egress]", kind="StagedGlobalNetworkPolicy"),
            np("podSelector: {}, policyTypes: [Ingress]", kind="StagedKubernetesNetworkPolicy"),
        ),
        (allowed(APPLE, PEAR), allowed(PEAR, APPLE)),
    ),
    Case(
        3,
        "an untracked policy is asked before the others",
        "page 2.7",
        joined(
            host("oak", "eth0", profiles=_DEFAULT_ALLOW),
            gnp(
                "doNotTrack: true, applyOnForward: true, selector: has(machine), types: [Ingress], ingress: [{action: Deny}]"
            ),
        ),
        (denied(OUTSIDE, OAK), allowed(OUTSIDE, OAK, 22)),
    ),
    Case(
        3,
        "a policy before translation is asked before the others",
        "page 2.7",
        joined(
            host("oak", "eth0"),
            gnp("order: 1, selector: has(machine), types: [Ingress], ingress: [{action: Allow}]", "normal"),
            gnp(
                "order: 9, preDNAT: true, applyOnForward: true, selector: has(machine), "
                "ingress: [{action: Deny, source: {nets: [198.51.100.0/24]}}]",
                "before",
            ),
        ),
        (denied(_FAR, OAK), allowed(OUTSIDE, OAK)),
    ),
)

PEERS = (
    Case(
        4,
        "blocks beside a selector match where both do",
        "felix/rules/policy.go",
        np(_from("nets: [10.65.1.1/32], selector: has(app)")),
        (allowed(APPLE, PEAR), denied(PLAIN, PEAR), denied(OTHER_APPLE, PEAR)),
    ),
    Case(
        5,
        "blocks mean pods as well as others",
        "felix/rules/policy.go; issue 6634",
        np(_from("nets: [10.65.2.0/24, 198.51.100.0/24]")),
        (allowed(OX, PEAR), allowed(_FAR, PEAR), denied(APPLE, PEAR)),
    ),
    Case(
        5,
        "excepted blocks mean pods as well as others",
        "felix/rules/policy.go",
        np(_from("notNets: [10.65.1.0/24]")),
        (allowed(OX, PEAR), allowed(OUTSIDE, PEAR), denied(APPLE, PEAR)),
    ),
    Case(
        6,
        "a negative selector of a namespaced policy stays in the namespace",
        "rules_test.go, should handle the conversion of rules",
        np(_from("notSelector: role == 'fruit'")),
        (allowed(PLAIN, PEAR), denied(APPLE, PEAR), denied(OX, PEAR), denied(OUTSIDE, PEAR)),
    ),
    Case(
        12,
        "the label of a host endpoint hides that of its profile for peers too",
        "felix/labelindex",
        joined(
            np(_from("namespaceSelector: global(), selector: env == 'b'")),
            np(
                ingress(
                    "action: Allow, source: {namespaceSelector: global(), selector: env == 'a'}",
                    subject="selector: '!has(app)'",
                ),
                "other",
            ),
            gnp(
                "labelsToApply: {env: b}, ingress: [{action: Allow}], egress: [{action: Allow}]",
                "flags",
                kind="Profile",
            ),
            host("oak", labels="env: a", profiles="flags"),
        ),
        (denied(OAK, PEAR), allowed(OAK, PLAIN)),
    ),
    Case(
        12,
        "a label that the host endpoint lacks comes from its profile",
        "felix/labelindex",
        joined(
            np(_from("namespaceSelector: global(), selector: env == 'b'")),
            gnp(
                "labelsToApply: {env: b}, ingress: [{action: Allow}], egress: [{action: Allow}]",
                "flags",
                kind="Profile",
            ),
            host("oak", profiles="flags"),
        ),
        (allowed(OAK, PEAR),),
    ),
    Case(
        13,
        "namespaces without the label satisfy its negation, and so do hosts and global sets",
        "updateprocessors/rules.go",
        joined(
            np(_from("namespaceSelector: \"env not in {'prod'}\"")),
            host("oak", profiles=_DEFAULT_ALLOW),
            net_set("far", "kind: far", "198.51.100.0/24"),
            named("drifter", "app: drifter", "10.65.3.1", namespace="heath"),
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: heath}\n",
        ),
        (
            allowed("heath/drifter", PEAR),
            allowed(OAK, PEAR),
            allowed(_FAR, PEAR),
            allowed(OX, PEAR),
            denied(APPLE, PEAR),
            denied(OUTSIDE, PEAR),
        ),
    ),
    Case(
        14,
        "an automatic host endpoint allows everything by its profile",
        "kube-controllers/pkg/controllers/node/hostendpoints.go; libcalico-go/lib/resources/static.go",
        host("oak", labels="projectcalico.org/created-by: calico-kube-controllers", profiles=_DEFAULT_ALLOW),
        (allowed(OUTSIDE, OAK), allowed(OAK, OUTSIDE, 443), allowed(APPLE, "node elm")),
    ),
    Case(
        14,
        "a host always reaches its own pods",
        "FV hostendpoints_test.go, should not deny host-to-own pod traffic even if an apply-on-forward deny policy is applied",
        joined(
            host("oak"),
            gnp("applyOnForward: true, selector: has(machine), types: [Ingress, Egress], egress: [{action: Deny}]"),
            np("selector: app == 'apple', types: [Ingress]", "closed"),
        ),
        (allowed(OAK, APPLE), denied(OAK, PEAR), denied("node elm", APPLE)),
    ),
)

TRAFFIC = (
    Case(
        7,
        "named ports need no protocol",
        "FV named_ports_test.go, with a policy with nil protocol and named ports only",
        np(ingress("action: Allow, destination: {ports: [http]}")),
        (allowed(APPLE, PEAR, 8080), denied(APPLE, PEAR, 80)),
    ),
    Case(
        8,
        "rules that types leaves out are accepted",
        "FV ingress_egress_test.go, types [ingress] (i.e. disabling the egress rule)",
        np(f"{HERE}, types: [Egress], ingress: [{{action: Deny}}], egress: [{{action: Allow}}]"),
        (allowed(APPLE, PEAR), allowed(PEAR, OUTSIDE)),
    ),
    Case(
        8,
        "an empty list does not name its direction",
        "api/pkg/defaults/networkpolicy.go",
        np(f"{HERE}, ingress: [], egress: [{{action: Deny}}]"),
        (allowed(APPLE, PEAR), denied(PEAR, APPLE)),
    ),
    Case(
        9,
        "type 0 and code 0 are set",
        "libcalico-go rules conversion",
        np(ingress("action: Allow, protocol: ICMP, icmp: {type: 0, code: 0}")),
        (icmp(APPLE, PEAR, 0, 0, "A"), icmp(APPLE, PEAR, 0, 1, "D"), icmp(APPLE, PEAR, 8, 0, "D")),
    ),
    Case(
        10,
        "a protocol beside another one that is excepted is that protocol",
        "page 3.6",
        np(ingress("action: Allow, protocol: TCP, notProtocol: UDP")),
        (allowed(APPLE, PEAR), denied(APPLE, PEAR, 80, "UDP"), denied(APPLE, PEAR, 80, "SCTP")),
    ),
    Case(
        10,
        "a protocol that is also excepted matches nothing",
        "page 3.6",
        np(ingress("action: Allow, protocol: TCP, notProtocol: TCP")),
        (denied(APPLE, PEAR), denied(APPLE, PEAR, 80, "UDP")),
    ),
    _selector('app == "apple"', (APPLE, True), (OX, False), (OUTSIDE, False)),
    _selector("app=='apple'&&role=='fruit'", (APPLE, True), (OTHER_APPLE, False)),
    _selector("app in{'apple','ox',}", (APPLE, True), (OX, True), (PLAIN, False)),
    _selector("!(app == 'apple' || !has(role))", (OX, True), (APPLE, False), (PLAIN, False)),
    _selector("app != 'a && b' && has(app)", (APPLE, True), (PLAIN, False)),
    _selector("has == 'deep'", ("orchard/odd", True), (APPLE, False)),
    _selector("in == 'x' && has(not) && not == ''", ("orchard/odd", True), (APPLE, False)),
    _selector("app starts with 'app' && app endswith 'le' && role contains 'rui'", (APPLE, True), (OTHER_APPLE, False)),
    _selector("all( )", (APPLE, True), (PLAIN, True), (OUTSIDE, False)),
    Case(
        15,
        "a rule may be about one address family",
        "felix/rules/policy.go FilterRuleToIPVersion",
        np(ingress("action: Allow, ipVersion: 6")),
        (allowed(OUTSIDE6, PEAR), denied(OUTSIDE, PEAR), allowed(APPLE, PEAR, family=6), denied(APPLE, PEAR)),
    ),
    Case(
        15,
        "ICMPv6 is ICMP of IPv6",
        "page 3.6",
        np(ingress("action: Allow, protocol: ICMPv6, icmp: {type: 128}")),
        (
            icmp(APPLE, PEAR, 128, 0, "A", family=6),
            icmp(APPLE, PEAR, 128, 0, "D"),
            icmp(APPLE, PEAR, 129, 0, "D", family=6),
        ),
    ),
    Case(
        15,
        "service accounts can be named by their labels, annotations of a rule say nothing",
        "rules_test.go, should parse a serviceaccount match",
        joined(
            gnp(
                ingress(
                    "action: Allow, metadata: {annotations: {why: harvest}}, "
                    "source: {serviceAccounts: {names: [grower], selector: team == 'red'}}"
                )
            ),
            _ACCOUNT,
        ),
        (allowed(APPLE, PEAR), denied(OTHER_APPLE, PEAR), denied(PLAIN, PEAR)),
    ),
    Case(
        15,
        "source ports can be named",
        "page 3.5",
        np(ingress("action: Allow, protocol: TCP, source: {ports: ['1024:2048']}")),
        (allowed(APPLE, PEAR, 80, src_port=1024), denied(APPLE, PEAR, 80, src_port=2049)),
    ),
)

LABELS = (
    Case(
        16,
        "a set of a namespace has the labels of its namespace",
        "updateprocessors, networkset processor",
        joined(
            gnp(_from("namespaceSelector: env == 'dev', selector: kind == 'far'")),
            net_set("far", "kind: far", "198.51.100.0/24", "field"),
        ),
        (allowed(_FAR, PEAR), denied(OX, PEAR)),
    ),
    Case(
        16,
        "pods have the label of their orchestrator, sets and hosts have not",
        "workload_endpoint_default.go",
        joined(
            gnp(_from("selector: projectcalico.org/orchestrator == 'k8s'")),
            net_set("far", "kind: far", "198.51.100.0/24", "field"),
            host("oak", profiles=_DEFAULT_ALLOW),
        ),
        (allowed(OX, PEAR), denied(_FAR, PEAR), denied(OAK, PEAR)),
    ),
    Case(
        16,
        "pods have the label of their service account",
        "workload_endpoint_default.go; issue 4529",
        np(egress("action: Allow, destination: {selector: projectcalico.org/serviceaccount == 'grower'}")),
        (allowed(PEAR, APPLE), denied(PEAR, PLAIN), denied(PEAR, OTHER_APPLE)),
    ),
    Case(
        16,
        "labels of namespaces and accounts can be used with their prefixes",
        "updateprocessors/rules.go",
        joined(
            gnp(_from("selector: pcns.env == 'dev' && pcsa.projectcalico.org/name == 'grower'")),
            _ACCOUNT,
        ),
        (allowed(OTHER_APPLE, PEAR), denied(APPLE, PEAR), denied(OX, PEAR)),
    ),
)

MISREADINGS: tuple[Case, ...] = tuple(
    case._replace(series="nca ") for case in (*ORDER_AND_FIELDS, *PEERS, *TRAFFIC, *LABELS)
)
