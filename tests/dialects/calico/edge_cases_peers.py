"""Edge cases E32–E51: selectors of peers and subjects, and what they mean for hosts, sets and unknown addresses."""

from __future__ import annotations

from dialects.calico.edge_case import (
    APPLE,
    ELM,
    OAK,
    OTHER_APPLE,
    OUTSIDE,
    OX,
    PEAR,
    PLAIN,
    RAW,
    Case,
    allowed,
    denied,
    depends,
    egress,
    gnp,
    host,
    ingress,
    named,
    net_set,
    np,
)
from dialects.edge_cases import joined

_DEFAULT_ALLOW = "projectcalico-default-allow"
_FAR = "198.51.100.7"  # inside the sets below
_BOTH_WAYS = "ingress: [{action: Allow}], egress: [{action: Allow}]"
_OF_ORCHARD = (
    "labelsToApply: {pcns.env: prod, pcns.kubernetes.io/metadata.name: orchard, pcns.projectcalico.org/name: orchard}, "
)


def _from(source: str, action: str = "Allow") -> str:
    return ingress(f"action: {action}, source: {{{source}}}")


NAMESPACES = (
    Case(
        32,
        "a negative selector alone in a global policy is about addresses, so unknown ones match",
        "felix/calc/rule_scanner_test.go, only negative selectors",
        gnp(_from("notSelector: role == 'beast'")),
        (allowed(OUTSIDE, PEAR), allowed(OTHER_APPLE, PEAR), denied(OX, PEAR)),
    ),
    Case(
        33,
        "a negative selector alone in a namespaced policy is about objects of its namespace",
        "updateprocessors/rules_test.go, should handle the conversion of rules",
        np(_from("notSelector: role == 'beast'")),
        (denied(OUTSIDE, PEAR), denied(OTHER_APPLE, PEAR), allowed(PLAIN, PEAR), denied(OX, PEAR)),
    ),
    Case(
        34,
        "a negative selector beside ports finds unlabelled pods of the namespace",
        "FV named_ports_test.go, with only a negative … selector",
        np(
            egress(
                "action: Allow, protocol: TCP, destination: {notSelector: role == 'fruit', ports: [80]}"
            )
        ),
        (
            allowed(PEAR, PLAIN),
            denied(PEAR, APPLE),
            denied(PEAR, PLAIN, 81),
            denied(PEAR, OTHER_APPLE),
            denied(PEAR, OUTSIDE),
        ),
    ),
    Case(
        35,
        "every namespace means pods, not hosts, global sets or unknown addresses",
        "updateprocessors/rules_test.go, … label and all()",
        joined(
            np(_from("namespaceSelector: all()")),
            host("oak", profiles=_DEFAULT_ALLOW),
            net_set("far", "kind: far", "198.51.100.0/24"),
        ),
        (denied(OUTSIDE, PEAR), denied(OAK, PEAR, of="ingress"), denied(_FAR, PEAR), allowed(OX, PEAR), allowed(APPLE, PEAR)),
    ),
    Case(
        35,
        "every namespace means the sets of namespaces too",
        "updateprocessors/rules.go getEndpointSelector",
        joined(np(_from("namespaceSelector: all()")), net_set("far", "kind: far", "198.51.100.0/24", "field")),
        (allowed(_FAR, PEAR), denied(OUTSIDE, PEAR)),
    ),
    Case(
        36,
        "a negative namespaceSelector matches what has no namespace: hosts and global sets",
        "updateprocessors/rules.go getEndpointSelector",
        joined(
            np(ingress("action: Deny, source: {namespaceSelector: env != 'prod'}", "action: Allow")),
            host("oak", profiles=_DEFAULT_ALLOW),
            net_set("far", "kind: far", "198.51.100.0/24"),
        ),
        (denied(OAK, PEAR, of="ingress"), denied(_FAR, PEAR), allowed(OUTSIDE, PEAR), denied(OX, PEAR), allowed(APPLE, PEAR)),
    ),
    Case(
        36,
        "a node without host endpoint is an unknown address to selectors",
        "updateprocessors/rules.go getEndpointSelector",
        np(ingress("action: Deny, source: {namespaceSelector: env != 'prod'}", "action: Allow")),
        (allowed(OAK, PEAR),),
    ),
    Case(
        36,
        "a host endpoint without expected addresses is no object to selectors",
        "page 1.3",
        joined(
            np(ingress("action: Deny, source: {namespaceSelector: env != 'prod'}", "action: Allow")),
            gnp(f"node: oak, interfaceName: '*', profiles: [{_DEFAULT_ALLOW}]", "oak-host", kind="HostEndpoint"),
        ),
        (allowed(OAK, PEAR),),
    ),
    Case(
        37,
        "a selector of a namespaced policy finds pods of its namespace alone",
        "networkpolicyprocessor_test.go, should not match pods in other namespaces; rules_test.go",
        np(_from("selector: app == 'apple'")),
        (denied(OTHER_APPLE, PEAR), allowed(APPLE, PEAR), denied(PLAIN, PEAR)),
    ),
    Case(
        38,
        "another namespace cannot be named by a label in the selector of a namespaced policy",
        "issue 1338",
        np(_from("selector: projectcalico.org/namespace == 'field'")),
        (denied(OX, PEAR), denied(OTHER_APPLE, PEAR), denied(APPLE, PEAR)),
    ),
    Case(
        38,
        "its own namespace can be, and in a global policy any",
        "page 3.3",
        joined(
            np(_from("selector: projectcalico.org/namespace == 'orchard'")),
            gnp(
                "selector: app == 'ox', types: [Ingress], "
                "ingress: [{action: Allow, source: {selector: projectcalico.org/namespace == 'field'}}]"
            ),
        ),
        (allowed(APPLE, PEAR), denied(OX, PEAR), allowed(OTHER_APPLE, OX), denied(APPLE, OX)),
    ),
    Case(
        39,
        "projectcalico.org/namespace is no label of a namespace",
        "libcalico-go/lib/selector/parser, prefix visitor",
        np(_from("namespaceSelector: projectcalico.org/namespace == 'field'")),
        (denied(OX, PEAR), denied(APPLE, PEAR)),
    ),
    Case(
        39,
        "the names of namespaces that can be selected are projectcalico.org/name and kubernetes.io/metadata.name",
        "page 4, implicit labels",
        np(
            ingress(
                "action: Allow, protocol: TCP, source: {namespaceSelector: projectcalico.org/name == 'field'}",
                "action: Allow, protocol: UDP, source: {namespaceSelector: kubernetes.io/metadata.name == 'field'}",
            )
        ),
        (allowed(OX, PEAR), allowed(OX, PEAR, 80, "UDP"), denied(APPLE, PEAR), denied(APPLE, PEAR, 80, "UDP")),
    ),
    Case(
        48,
        "a pod cannot claim a label of its namespace",
        "updateprocessors/workloadendpointprocessor.go",
        joined(
            np(_from("namespaceSelector: env == 'prod'")),
            named("forger", "pcns.env: prod", "10.65.2.9", namespace="field"),
        ),
        (denied("field/forger", PEAR), allowed(APPLE, PEAR)),
    ),
)  # fmt: skip

OPERATORS = (
    *(
        Case(
            40,
            f"a label that is absent satisfies {text}",
            "parser_test.go selectorTests",
            gnp(_from(f"selector: \"{text}\", namespaceSelector: env == 'prod'")),
            (allowed(PLAIN, PEAR), denied(APPLE, PEAR), denied(OTHER_APPLE, PEAR)),
        )
        for text in ("app != 'apple'", "app not in {'apple', 'plum'}", "app notin {'apple'}", "!app == 'apple'")
    ),
    *(
        Case(
            40,
            f"no label has the value {text}, whatever its value is that nobody knows",
            "apimachinery labels, IsValidLabelValue",
            joined(
                np(_from(f"namespaceSelector: \"env != 'prod' && env != 'dev' && env != '{text}' && {rest}\"")),
                named("deer", "app: deer", "10.65.3.1", namespace="wild"),
                net_set("herd", "kind: herd", "198.51.100.0/24", "wild"),
            ),
            tuple(depends(src, PEAR, 80, {f"label env of namespace wild={text}": "A"}) for src in ("wild/deer", _FAR)),
        )
        for text, rest in (("<absent>", "!has(env)"), ("<other>", "has(env)"))
    ),
    Case(
        41,
        "a negation binds closer than a conjunction",
        "parser_test.go selectorTests",
        joined(
            np(_from("selector: \"!app == 'apple' && role == 'fruit'\"")),
            named("fig", "app: fig, role: fruit", "10.65.1.20"),
        ),
        (denied(APPLE, PEAR), denied(PLAIN, PEAR), allowed("orchard/fig", PEAR)),
    ),
    Case(
        42,
        "nothing is in an empty set",
        "libcalico-go/lib/selector/parser",
        np(_from('selector: "app in {}"')),
        (denied(APPLE, PEAR), denied(PLAIN, PEAR)),
    ),
    Case(
        42,
        "everything is outside of an empty set, and so is what lacks the label",
        "libcalico-go/lib/selector/parser",
        np(_from('selector: "app not in {}"')),
        (allowed(APPLE, PEAR), allowed(PLAIN, PEAR), denied(OTHER_APPLE, PEAR), denied(OUTSIDE, PEAR)),
    ),
    *(
        Case(
            43,
            f"{what} is no selector",
            "libcalico-go/lib/selector/tokenizer; parser_test.go badSelectors",
            np(_from(f'selector: "{text}"')),
            refused=("NPV250",),
        )
        for what, text in (
            ("a selector of two lines", "app == 'a' &&\\n role == 'b'"),
            ("a comparison with a single equals sign", "app = 'b'"),
            ("has with a blank before its parenthesis", "has (app)"),
            ("a comparison with a bare word", "app == b"),
        )
    ),
)

SUBJECTS = (
    Case(
        44,
        "all() beside a namespaceSelector means pods alone, even where the namespaceSelector is negative",
        "globalnetworkpolicyprocessor_test.go, … without a Selector but with a NamespaceSelector",
        joined(
            gnp("selector: all(), namespaceSelector: env != 'prod', types: [Ingress]"),
            host("oak", profiles=_DEFAULT_ALLOW),
        ),
        (allowed(OUTSIDE, OAK, of="ingress"), denied(OUTSIDE, OX), allowed(OUTSIDE, PEAR)),
    ),
    Case(
        44,
        "no selector beside a negative namespaceSelector means hosts as well",
        "globalnetworkpolicyprocessor_test.go, … without a Selector but with a NamespaceSelector",
        joined(gnp("namespaceSelector: env != 'prod', types: [Ingress]"), host("oak", profiles=_DEFAULT_ALLOW)),
        (denied(OUTSIDE, OAK, of="ingress"), denied(OUTSIDE, OX), allowed(OUTSIDE, PEAR)),
    ),
    *(
        Case(
            44,
            f"{what} beside a negative serviceAccountSelector means {whom}",
            "updateprocessors/globalnetworkpolicyprocessor.go",
            joined(
                gnp(f"{selector}serviceAccountSelector: projectcalico.org/name != 'grower', types: [Ingress]"),
                host("oak", profiles=_DEFAULT_ALLOW),
            ),
            (query(OUTSIDE, OAK, of="ingress"), denied(OUTSIDE, PEAR), allowed(OUTSIDE, APPLE)),
        )
        for what, selector, whom, query in (
            ("all()", "selector: all(), ", "pods alone", allowed),
            ("no selector", "", "hosts as well", denied),
        )
    ),
    Case(
        45,
        "a global default deny without selector closes the hosts, but for the failsafe ports",
        "page 2.7; issue 5161",
        joined(gnp("types: [Ingress, Egress]"), host("oak"), host("elm")),
        (
            denied(OUTSIDE, OAK, of="ingress"),
            denied(OAK, OUTSIDE, 443, of="egress"),
            allowed(OUTSIDE, OAK, 22),
            allowed(OAK, OUTSIDE, 53, "UDP"),
            denied(OUTSIDE, PEAR),
        ),
    ),
    Case(
        45,
        "hosts alone are selected by their want of a namespace",
        "issue 7488",
        joined(
            gnp("selector: '!has(projectcalico.org/namespace)', types: [Ingress]"),
            host("oak", profiles=_DEFAULT_ALLOW),
        ),
        (denied(OUTSIDE, OAK), allowed(OAK, OUTSIDE, 443), allowed(OUTSIDE, PEAR)),
    ),
    Case(
        45,
        "a host endpoint that says that it is in a namespace is selected by the policies of that namespace",
        "updateprocessors/hostendpointprocessor.go takes labels as they are",
        joined(
            np("selector: machine == 'host', types: [Ingress]"),
            host("oak", labels="machine: host, projectcalico.org/namespace: orchard", profiles=_DEFAULT_ALLOW),
            host("elm", labels="machine: host, projectcalico.org/namespace: field", profiles=_DEFAULT_ALLOW),
        ),
        (denied(OUTSIDE, OAK), allowed(OUTSIDE, ELM)),
    ),
    Case(
        46,
        "a namespaceSelector that cannot be read is left out of a stored policy, which then selects more",
        "globalnetworkpolicyprocessor_test.go, should NOT add an invalid NamespaceSelector …",
        gnp("selector: app == 'apple', namespaceSelector: env = 'prod', types: [Ingress]"),
        (denied(OUTSIDE, APPLE), denied(OUTSIDE, OTHER_APPLE), allowed(OUTSIDE, PEAR)),
        assume=RAW,
        warned=("NPV254",),
    ),
    Case(
        46,
        "a namespaceSelector that cannot be read is refused",
        "page 5.4",
        gnp("selector: app == 'apple', namespaceSelector: env = 'prod', types: [Ingress]"),
        refused=("NPV250",),
    ),
    Case(
        47,
        "a stored policy with a rule that cannot be read is absent, and what it denied is allowed",
        "issue 8008; felix/calc/validation_filter.go",
        np(ingress("action: Deny, source: {selector: app = 'apple'}")),
        (allowed(APPLE, PEAR), allowed(OUTSIDE, PEAR)),
        assume=RAW,
        warned=("NPV204", "NPV250"),
    ),
    *(
        Case(
            48,
            f"a profile with the name that Calico gives that of {whose}, and with other {what}, is refused",
            "libcalico-go/lib/backend/k8s/conversion/conversion.go NamespaceToProfile, ServiceAccountToProfile",
            gnp(f"{labels}{rules}", name, kind="Profile"),
            refused=("NPV288",),
        )
        for whose, what, name, labels, rules in (
            ("a namespace", "rules", "kns.orchard", _OF_ORCHARD, "ingress: [{action: Deny}], egress: [{action: Allow}]"),
            ("a namespace", "labels", "kns.orchard", "labelsToApply: {pcns.env: dev}, ", _BOTH_WAYS),
            ("a service account", "rules", "ksa.orchard.grower", "", "ingress: [{action: Allow}]"),
        )
    ),
    Case(
        48,
        "a profile that is as Calico makes it from a namespace or a service account says nothing new",
        "libcalico-go/lib/backend/k8s/conversion/conversion.go NamespaceToProfile, ServiceAccountToProfile",
        joined(
            gnp(f"{_OF_ORCHARD}{_BOTH_WAYS}", "kns.orchard", kind="Profile"),
            gnp("labelsToApply: {pcsa.projectcalico.org/name: grower}", "ksa.orchard.grower", kind="Profile"),
        ),
        (allowed(OUTSIDE, PEAR), allowed(PEAR, OUTSIDE)),
    ),
    Case(
        49,
        "a label of a host endpoint hides that of its profile",
        "felix/labelindex",
        joined(
            gnp("selector: env == 'b', types: [Ingress]"),
            gnp("labelsToApply: {env: b}, ingress: [{action: Allow}], egress: [{action: Allow}]", "flags", kind="Profile"),
            host("oak", labels="env: a", profiles="flags"),
            host("elm", labels="machine: host", profiles="flags"),
        ),
        (allowed(OUTSIDE, OAK, of="ingress"), denied(OUTSIDE, "node elm", of="ingress")),
    ),
    Case(
        50,
        "a selector matches no unknown address",
        "UT allow from empty IP set",
        gnp(_from("selector: all()")),
        (denied(OUTSIDE, PEAR), allowed(OX, PEAR)),
    ),
    Case(
        50,
        "a selector that nothing satisfies matches nothing",
        "UT allow from empty IP set",
        gnp(_from("selector: app == 'nothing'")),
        (denied(OUTSIDE, PEAR), denied(OX, PEAR)),
    ),
    Case(
        51,
        "a negative selector alone that nothing satisfies matches everything",
        "UT allow from !empty IP set",
        gnp(_from("notSelector: app == 'nothing'")),
        (allowed(OUTSIDE, PEAR), allowed(OX, PEAR), allowed(APPLE, PEAR)),
    ),
)  # fmt: skip

CASES: tuple[Case, ...] = (*NAMESPACES, *OPERATORS, *SUBJECTS)
