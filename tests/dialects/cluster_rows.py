"""How cluster-wide policies are read, as data: one row for each fact, with the place that says so.

Sources: `v1alpha1` is kubernetes-sigs/network-policy-api apis/v1alpha1 on branch release-0.1, `v1alpha2` is
apis/v1alpha2/clusternetworkpolicy_types.go on main, `schema` is config/crd of the same branch.
"""

from __future__ import annotations

from typing import NamedTuple

from npverify.dialects.cluster_values import ClusterPeer, ClusterPort
from npverify.dialects.selectors import Requirement
from npverify.inventory.addresses import Prefix
from npverify.normal.policy import Action, Direction

ANP, BANP, CNP = "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"
VERSIONS = {ANP: "v1alpha1", BANP: "v1alpha1", CNP: "v1alpha2"}
NAMES = {ANP: "guard", BANP: "default", CNP: "guard"}
FIRST = {ANP: "priority: 5", BANP: "", CNP: "tier: Admin, priority: 5"}
EVERY_POD = "subject: {namespaces: {}}"


def policy(kind: str, spec: str, name: str = "") -> str:
    """A policy with a whole spec, from the fields inside it."""
    return (
        f"apiVersion: policy.networking.k8s.io/{VERSIONS[kind]}\nkind: {kind}\nmetadata: {{name: {name or NAMES[kind]}}}\n"
        f"spec: {{{spec}}}\n"
    )


def rules(kind: str, text: str) -> str:
    """A policy about every pod, from its lists of rules."""
    return policy(kind, ", ".join(part for part in (FIRST[kind], EVERY_POD, text) if part))


def egress(kind: str, peer: str, action: str = "Deny", more: str = "") -> str:
    """A policy with one egress rule to one peer."""
    return rules(kind, f"egress: [{{action: {action}, to: [{peer}]{more}}}]")


def port(kind: str, entry: str) -> str:
    """A policy with one ingress rule from every pod on one port."""
    field = "protocols" if kind == CNP else "ports"
    return rules(kind, f"ingress: [{{action: Deny, from: [{{namespaces: {{}}}}], {field}: [{entry}]}}]")


class Fact(NamedTuple):
    """One fact: a policy, and the value that `read.VIEWS[view]` has of it."""

    fact: str
    source: str
    text: str
    view: str
    want: object


def label(key: str, *values: str) -> Requirement:
    """A requirement of one of these values."""
    return Requirement(key, "In", values, in_labels=True)


def block(text: str) -> Prefix:
    """An address block."""
    return Prefix.parse(text)


_PAIR = "egress: [{action: Deny, to: [{namespaces: {}}]}], ingress: [{action: Deny, from: [{namespaces: {}}]}]"
_SHOP = "{matchLabels: {env: shop}}"
_WEB = "{matchLabels: {app: web}}"
_NAMED = "namespaceSelector: {matchLabels: {env: shop}}, podSelector: {matchLabels: {app: web}}"

SUBJECTS = [
    Fact("AdminNetworkPolicies are in the admin tier", "v1alpha1 AdminNetworkPolicySpec.Priority", rules(ANP, _PAIR), "tier", "admin"),
    Fact("the BaselineAdminNetworkPolicy is in the baseline tier", "v1alpha1 BaselineAdminNetworkPolicySpec", rules(BANP, _PAIR), "tier", "baseline"),
    Fact("the tier of a ClusterNetworkPolicy is the one that it names", "v1alpha2 ClusterNetworkPolicySpec.Tier", policy(CNP, "tier: Baseline, priority: 0, subject: {namespaces: {}}"), "tier", "baseline"),
    Fact("tier Admin is the admin tier", "v1alpha2 ClusterNetworkPolicySpec.Tier", policy(CNP, "tier: Admin, priority: 0, subject: {namespaces: {}}"), "tier", "admin"),
    Fact("priority 0 is the first", "v1alpha2 ClusterNetworkPolicySpec.Priority", policy(CNP, "tier: Admin, priority: 0, subject: {namespaces: {}}"), "priority", 0),
    Fact("priority 1000 is the last", "v1alpha1 AdminNetworkPolicySpec.Priority", policy(ANP, "priority: 1000, subject: {namespaces: {}}"), "priority", 1000),
    Fact("the BaselineAdminNetworkPolicy has no priority, there is one only", "schema BaselineAdminNetworkPolicy", rules(BANP, _PAIR), "priority", 0),
    Fact("a subject of namespaces is every pod in them", "v1alpha2 ClusterNetworkPolicySubject.Namespaces", policy(CNP, f"tier: Admin, priority: 1, subject: {{namespaces: {_SHOP}}}"), "subject", ((label("env", "shop"),), None)),
    Fact("an empty selector of namespaces selects all of them", "v1alpha1 AdminNetworkPolicySubject", rules(ANP, _PAIR), "subject", ((), None)),
    Fact("a subject of pods has both selectors", "v1alpha1 NamespacedPod", policy(ANP, f"priority: 1, subject: {{pods: {{{_NAMED}}}}}"), "subject", ((label("env", "shop"),), (label("app", "web"),))),
    Fact("pods without namespaceSelector are in every namespace", "v1alpha2 NamespacedPod.NamespaceSelector", policy(CNP, f"tier: Admin, priority: 1, subject: {{pods: {{podSelector: {_WEB}}}}}"), "subject", ((), (label("app", "web"),))),
    Fact("a namespaceSelector of null is missing", "schema ClusterNetworkPolicy", policy(CNP, "tier: Admin, priority: 1, subject: {pods: {namespaceSelector: null, podSelector: {}}}"), "subject", ((), ())),
    Fact("a field of null beside the one that is set does not count", "schema ClusterNetworkPolicy", policy(CNP, "tier: Admin, priority: 1, subject: {pods: null, namespaces: {}}"), "subject", ((), None)),
    Fact("the name is cluster-wide", "v1alpha2 ClusterNetworkPolicy", rules(CNP, _PAIR), "id", ("kubernetes", CNP, "", "guard")),
]  # fmt: skip

RULES = [
    Fact("a policy without rules says nothing", "v1alpha2 ClusterNetworkPolicySpec.Ingress", rules(CNP, ""), "directions", set()),
    Fact("an empty list of rules is none", "v1alpha1 AdminNetworkPolicySpec.Egress", rules(ANP, "ingress: [], egress: null"), "directions", set()),
    Fact("rules of one direction leave the other alone", "v1alpha2 ClusterNetworkPolicySpec.Egress", egress(CNP, "{namespaces: {}}"), "directions", {Direction.EGRESS}),
    Fact("both directions can have rules", "v1alpha1 BaselineAdminNetworkPolicySpec", rules(BANP, _PAIR), "directions", {Direction.EGRESS, Direction.INGRESS}),
    Fact("Allow allows", "v1alpha1 AdminNetworkPolicyRuleAction", egress(ANP, "{namespaces: {}}", "Allow"), "actions", [Action.ALLOW]),
    Fact("Accept allows", "v1alpha2 ClusterNetworkPolicyRuleAction", egress(CNP, "{namespaces: {}}", "Accept"), "actions", [Action.ALLOW]),
    Fact("Deny denies", "v1alpha1 BaselineAdminNetworkPolicyRuleAction", egress(BANP, "{namespaces: {}}"), "actions", [Action.DENY]),
    Fact("Pass passes", "v1alpha2 ClusterNetworkPolicyRuleAction", egress(CNP, "{namespaces: {}}", "Pass"), "actions", [Action.PASS]),
    Fact("a ClusterNetworkPolicy of the baseline may pass too", "schema ClusterNetworkPolicy", policy(CNP, "tier: Baseline, priority: 1, subject: {namespaces: {}}, egress: [{action: Pass, to: [{namespaces: {}}]}]"), "actions", [Action.PASS]),
    Fact("the order of rules is kept", "v1alpha2 ClusterNetworkPolicySpec.Egress", rules(CNP, "egress: [{action: Pass, to: [{namespaces: {}}]}, {action: Deny, to: [{namespaces: {}}]}, {action: Accept, to: [{namespaces: {}}]}]"), "actions", [Action.PASS, Action.DENY, Action.ALLOW]),
    Fact("rules are called by section and place", "v1alpha2 ClusterNetworkPolicyEgressRule.Name", rules(CNP, "egress: [{action: Pass, to: [{namespaces: {}}]}, {name: the rest, action: Deny, to: [{namespaces: {}}]}]"), "names", [("egress[0]", ""), ("egress[1]", "the rest")]),
    Fact("a rule without ports has none", "v1alpha2 ClusterNetworkPolicyIngressRule.Protocols", egress(CNP, "{namespaces: {}}"), "ports", ()),
    Fact("ports of null are missing", "schema AdminNetworkPolicy", egress(ANP, "{namespaces: {}}", more=", ports: null"), "ports", ()),
    Fact("25 rules are not too many", "v1alpha2 ClusterNetworkPolicySpec.Egress", rules(CNP, f"egress: [{', '.join(['{action: Deny, to: [{namespaces: {}}]}'] * 25)}]"), "actions", [Action.DENY] * 25),
    Fact("100 rules are not too many", "v1alpha1 AdminNetworkPolicySpec.Egress", rules(ANP, f"egress: [{', '.join(['{action: Deny, to: [{namespaces: {}}]}'] * 100)}]"), "actions", [Action.DENY] * 100),
    Fact("a name may have 100 characters", "v1alpha2 ClusterNetworkPolicyEgressRule.Name", egress(CNP, "{namespaces: {}}", more=f", name: {'é' * 100}"), "names", [("egress[0]", "é" * 100)]),
]  # fmt: skip

PEERS = [
    Fact("namespaces are every pod in them", "v1alpha2 ClusterNetworkPolicyEgressPeer.Namespaces", egress(CNP, f"{{namespaces: {_SHOP}}}"), "peers", (ClusterPeer("namespaces", namespaces=(label("env", "shop"),)),)),
    Fact("pods have both selectors", "v1alpha1 NamespacedPod", egress(ANP, f"{{pods: {{{_NAMED}}}}}"), "peers", (ClusterPeer("pods", (label("env", "shop"),), (label("app", "web"),)),)),
    Fact("pods of every namespace", "v1alpha2 NamespacedPod.NamespaceSelector", egress(CNP, f"{{pods: {{podSelector: {_WEB}}}}}"), "peers", (ClusterPeer("pods", (), (label("app", "web"),)),)),
    Fact("expressions are kept", "v1alpha1 NamespacedPod", egress(BANP, "{namespaces: {matchExpressions: [{key: env, operator: NotIn, values: [a, b]}, {key: team, operator: Exists}]}}"), "peers", (ClusterPeer("namespaces", (Requirement("env", "NotIn", ("a", "b")), Requirement("team", "Exists", ()))),)),
    Fact("nodes by their labels", "v1alpha2 ClusterNetworkPolicyEgressPeer.Nodes", egress(CNP, "{nodes: {matchLabels: {zone: west}}}"), "peers", (ClusterPeer("nodes", nodes=(label("zone", "west"),)),)),
    Fact("an empty selector of nodes selects all of them", "v1alpha1 BaselineAdminNetworkPolicyEgressPeer.Nodes", egress(BANP, "{nodes: {}}"), "peers", (ClusterPeer("nodes", nodes=()),)),
    Fact("networks of both families", "v1alpha2 ClusterNetworkPolicyEgressPeer.Networks", egress(CNP, '{networks: [10.0.0.0/8, "fd00::/8"]}'), "peers", (ClusterPeer("networks", networks=(block("10.0.0.0/8"), block("fd00::/8"))),)),
    Fact("networks in the baseline", "v1alpha1 BaselineAdminNetworkPolicyEgressPeer.Networks", egress(BANP, "{networks: [0.0.0.0/0]}"), "peers", (ClusterPeer("networks", networks=(block("0.0.0.0/0"),)),)),
    Fact("domain names, exact or below a name", "v1alpha2 DomainName", egress(CNP, '{domainNames: [example.com, "*.example.com"]}', "Accept"), "peers", (ClusterPeer("domains", domains=("example.com", "*.example.com")),)),
    Fact("domain names are alike in any case and with a dot at the end", "RFC 4343, RFC 1034 3.1", egress(ANP, "{domainNames: [Example.COM., example.com]}", "Allow"), "peers", (ClusterPeer("domains", domains=("example.com",)),)),
    Fact("an underline may begin a label of a domain name", "schema AdminNetworkPolicy domainNames pattern", egress(ANP, "{domainNames: [_sip.example.com]}", "Allow"), "peers", (ClusterPeer("domains", domains=("_sip.example.com",)),)),
    Fact("several peers are alternatives in their order", "v1alpha2 ClusterNetworkPolicyEgressRule.To", egress(CNP, "{nodes: {}}, {namespaces: {}}"), "peers", (ClusterPeer("nodes", nodes=()), ClusterPeer("namespaces", ()))),
    Fact("25 networks are not too many", "v1alpha2 ClusterNetworkPolicyEgressPeer.Networks", egress(CNP, f"{{networks: [{', '.join(f'10.{n}.0.0/16' for n in range(25))}]}}"), "peers", (ClusterPeer("networks", networks=tuple(block(f"10.{n}.0.0/16") for n in range(25))),)),
]  # fmt: skip

PORTS = [
    Fact("a number is of TCP where no protocol is given", "v1alpha1 Port.Protocol", port(ANP, "{portNumber: {port: 53}}"), "ports", (ClusterPort("TCP", 53, 53),)),
    Fact("a protocol of null is TCP", "schema AdminNetworkPolicy", port(ANP, "{portNumber: {protocol: null, port: 53}}"), "ports", (ClusterPort("TCP", 53, 53),)),
    Fact("a number of UDP", "v1alpha1 Port.Protocol", port(BANP, "{portNumber: {protocol: UDP, port: 53}}"), "ports", (ClusterPort("UDP", 53, 53),)),
    Fact("a range has both its ends", "v1alpha1 PortRange", port(ANP, "{portRange: {protocol: SCTP, start: 1, end: 65535}}"), "ports", (ClusterPort("SCTP", 1, 65535),)),
    Fact("a range is of TCP where no protocol is given", "v1alpha1 PortRange.Protocol", port(ANP, "{portRange: {start: 8080, end: 8081}}"), "ports", (ClusterPort("TCP", 8080, 8081),)),
    Fact("a name is of any protocol", "v1alpha1 AdminNetworkPolicyPort.NamedPort", port(ANP, "{namedPort: dns}"), "ports", (ClusterPort("", name="dns"),)),
    Fact("tcp", "v1alpha2 ClusterNetworkPolicyProtocol.TCP", port(CNP, "{tcp: {destinationPort: {number: 80}}}"), "ports", (ClusterPort("TCP", 80, 80),)),
    Fact("udp", "v1alpha2 ClusterNetworkPolicyProtocol.UDP", port(CNP, "{udp: {destinationPort: {range: {start: 1, end: 2}}}}"), "ports", (ClusterPort("UDP", 1, 2),)),
    Fact("sctp", "v1alpha2 ClusterNetworkPolicyProtocol.SCTP", port(CNP, "{sctp: {destinationPort: {number: 65535}}}"), "ports", (ClusterPort("SCTP", 65535, 65535),)),
    Fact("a named destination port", "v1alpha2 ClusterNetworkPolicyProtocol.DestinationNamedPort", port(CNP, "{destinationNamedPort: dns}"), "ports", (ClusterPort("", name="dns"),)),
    Fact("several entries are alternatives in their order", "v1alpha2 ClusterNetworkPolicyIngressRule.Protocols", port(CNP, "{udp: {destinationPort: {number: 53}}}, {destinationNamedPort: web}"), "ports", (ClusterPort("UDP", 53, 53), ClusterPort("", name="web"))),
]  # fmt: skip

WARNED = [
    Fact("bits behind the prefix length pass isCIDR and are masked", "kubernetes/kubernetes apiserver/pkg/cel/library/cidr.go parseCIDR", egress(CNP, "{networks: [10.1.2.3/8]}"), "peers", ("NPV064", (ClusterPeer("networks", networks=(block("10.0.0.0/8"),)),))),
    Fact("the same in IPv6", "kubernetes/kubernetes apiserver/pkg/cel/library/cidr.go parseCIDR", egress(ANP, '{networks: ["fd00::1/8"]}'), "peers", ("NPV064", (ClusterPeer("networks", networks=(block("fd00::/8"),)),))),
    Fact("another spelling of an IPv6 block", "kubernetes/kubernetes apiserver/pkg/cel/library/cidr.go parseCIDR", egress(CNP, '{networks: ["FD00:0::/8"]}'), "peers", ("NPV064", (ClusterPeer("networks", networks=(block("fd00::/8"),)),))),
    Fact("a range of one port in v1alpha1", "v1alpha1 PortRange.Start", port(ANP, "{portRange: {start: 80, end: 80}}"), "ports", ("NPV274", (ClusterPort("TCP", 80, 80),))),
    Fact("the standard channel takes a named port beside networks", "schema ClusterNetworkPolicy, standard channel", egress(CNP, "{networks: [10.0.0.0/8]}", more=", protocols: [{destinationNamedPort: web}]"), "ports", ("NPV276", (ClusterPort("", name="web"),))),
    Fact("a namespace is cleared", "kubernetes/kubernetes apiserver/pkg/registry/rest/meta.go EnsureObjectNamespaceMatchesRequestNamespace", rules(CNP, _PAIR).replace("{name: guard", "{namespace: shop, name: guard"), "id", ("NPV278", ("kubernetes", CNP, "", "guard"))),
]  # fmt: skip
