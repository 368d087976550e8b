"""What the API refuses of cluster-wide policies: each rule with its code, its position and its mend."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from dialects.cluster_rows import ANP, BANP, CNP, EVERY_POD, egress, policy, port, rules
from helpers import documents
from npverify.dialects.cluster_read import read
from npverify.ingest.source import Diagnostic, Problems


class Bad(NamedTuple):
    """A document, the code, the text that the position points at, and words of message and fix."""

    fact: str
    text: str
    code: str
    at: str
    says: str
    fix: str = ""


DENY = "{action: Deny, to: [{namespaces: {}}]}"
ALL = "{namespaces: {}}"


def subject(kind: str, text: str) -> str:
    """A policy with this subject."""
    first = {ANP: "priority: 1, ", BANP: "", CNP: "tier: Admin, priority: 1, "}[kind]
    return policy(kind, f"{first}subject: {text}")


def many(item: str, count: int) -> str:
    """A flow list with so many items, each on a line of its own."""
    return "[\n  " + ",\n  ".join(item.replace("%", str(n)) for n in range(count)) + "]"


OBJECTS = [
    Bad("a field of the object is misspelt", rules(CNP, "").replace("\nspec:", "\nSpec:"), "NPV021", "Spec", "`Spec`", "`spec`"),
    Bad("there is no spec", rules(CNP, "").partition("spec:")[0], "NPV261", "apiVersion", "`spec` of ClusterNetworkPolicy", "`subject`"),
    Bad("the spec is null", f"{rules(CNP, '').partition('spec:')[0]}spec:\n", "NPV261", "", "`spec`"),
    Bad("the spec is a list", f"{rules(CNP, '').partition('spec:')[0]}spec: []\n", "NPV020", "[]", "a map"),
    Bad("there is no metadata", rules(ANP, "").replace("metadata: {name: guard}\n", ""), "NPV050", "apiVersion", "`metadata`", "a name"),
    Bad("metadata is misspelt", rules(ANP, "").replace("metadata:", "metdata:"), "NPV021", "metdata", "`metdata`", "`metadata`"),
    Bad("there is no name", rules(ANP, "").replace("name: guard", "labels: {}"), "NPV050", "{labels", "`name` of `metadata`"),
    Bad("the name is left to the server", rules(CNP, "").replace("name: guard", "generateName: guard-"), "NPV050", "{generateName", "`name`", "generateName"),
    Bad("the name is empty", policy(CNP, f"tier: Admin, priority: 1, {EVERY_POD}", '""'), "NPV050", '""', "``"),
    Bad("the name is in upper case", policy(ANP, f"priority: 1, {EVERY_POD}", "Guard"), "NPV050", "Guard", "`Guard`"),
    Bad("the name is too long", policy(ANP, f"priority: 1, {EVERY_POD}", "n" * 254), "NPV050", "nnn", "nnn"),
    Bad("an annotation is a boolean", rules(CNP, "").replace("name: guard", "name: guard, annotations: {a: true}"), "NPV020", "true", "text"),
    Bad("the baseline is not called default", policy(BANP, EVERY_POD, "base"), "NPV266", "base", "`base`", "`name: default`"),
    Bad("an older kind in the newer version", rules(ANP, "").replace("v1alpha1", "v1alpha2"), "NPV267", "policy.networking.k8s.io/v1alpha2", "AdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1"),
    Bad("the newer kind in the older version", rules(CNP, "").replace("v1alpha2", "v1alpha1"), "NPV267", "policy.networking.k8s.io/v1alpha1", "ClusterNetworkPolicy", "policy.networking.k8s.io/v1alpha2"),
    Bad("a version that does not exist", rules(CNP, "").replace("v1alpha2", "v1"), "NPV267", "policy.networking.k8s.io/v1", "ClusterNetworkPolicy", "v1alpha2"),
]  # fmt: skip

SPECS = [
    Bad("a field of the spec is misspelt", policy(ANP, f"priorty: 1, {EVERY_POD}"), "NPV021", "priorty", "`priorty`", "`priority`"),
    Bad("an AdminNetworkPolicy with a tier", policy(ANP, f"tier: Admin, priority: 1, {EVERY_POD}"), "NPV021", "tier", "`tier`", "priority"),
    Bad("a baseline with a priority", policy(BANP, f"priority: 1, {EVERY_POD}"), "NPV021", "priority", "`priority`", "subject"),
    Bad("there is no priority", policy(ANP, EVERY_POD), "NPV261", "{subject", "`priority`", "0 to 1000"),
    Bad("the priority is null", policy(CNP, f"tier: Admin, priority: null, {EVERY_POD}"), "NPV261", "null", "`priority`"),
    Bad("the priority is negative", policy(CNP, f"tier: Admin, priority: -1, {EVERY_POD}"), "NPV265", "-1", "priority -1", "0 to 1000"),
    Bad("the priority is above 1000", policy(ANP, f"priority: 1001, {EVERY_POD}"), "NPV265", "1001", "priority 1001"),
    Bad("the priority is text", policy(ANP, f"priority: '5', {EVERY_POD}"), "NPV020", "'5'", "a whole number"),
    Bad("there is no tier", policy(CNP, f"priority: 1, {EVERY_POD}"), "NPV261", "{priority", "`tier`", "`tier: Admin`"),
    Bad("the tier is in lower case", policy(CNP, f"tier: admin, priority: 1, {EVERY_POD}"), "NPV264", "admin", "`admin`", "`Admin`"),
    Bad("the tier does not exist", policy(CNP, f"tier: NetworkPolicy, priority: 1, {EVERY_POD}"), "NPV264", "NetworkPolicy", "`NetworkPolicy`", "`Baseline`"),
    Bad("there is no subject", policy(BANP, "ingress: []"), "NPV261", "{ingress", "`subject`", "`subject: {namespaces: {}}`"),
    Bad("the subject is text", subject(CNP, "all"), "NPV020", "all", "a map"),
    Bad("the subject is empty", subject(ANP, "{}"), "NPV260", "{}", "a subject must have `namespaces` or `pods`"),
    Bad("the subject is null inside", subject(CNP, "{namespaces: null}"), "NPV260", "{namespaces", "a subject must have"),
    Bad("the subject is two things", subject(CNP, "{namespaces: {}, pods: {podSelector: {}}}"), "NPV260", "pods", "both `namespaces` and `pods`", "keep one"),
    Bad("a field of the subject is misspelt", subject(ANP, "{namespace: {}}"), "NPV021", "namespace", "`namespace`", "`namespaces`"),
    Bad("nodes are the subject", subject(CNP, "{nodes: {}}"), "NPV269", "nodes", "cannot be a subject", "`pods`"),
    Bad("pods without namespaceSelector in v1alpha1", subject(ANP, "{pods: {podSelector: {}}}"), "NPV261", "{podSelector", "`namespaceSelector` of `pods`", "`namespaceSelector: {}`"),
    Bad("pods without podSelector", subject(CNP, "{pods: {namespaceSelector: {}}}"), "NPV261", "{namespaceSelector", "`podSelector` of `pods`", "`podSelector: {}`"),
    Bad("a selector of pods is misspelt", subject(BANP, "{pods: {namespaceSelector: {}, podSelectr: {}}}"), "NPV021", "podSelectr", "`podSelectr`", "`podSelector`"),
    Bad("pods are a list", subject(CNP, "{pods: []}"), "NPV020", "[]", "a map"),
    Bad("a label value is a number", subject(CNP, "{namespaces: {matchLabels: {v: 1}}}"), "NPV020", "1", "text"),
    Bad("a label key is malformed", subject(CNP, "{namespaces: {matchLabels: {a/b/c: d}}}"), "NPV066", "a/b/c", "`a/b/c`"),
    Bad("a label value is malformed", subject(ANP, "{namespaces: {matchLabels: {a: -x}}}"), "NPV067", "-x", "`-x`"),
    Bad("an operator in lower case, which schemas let pass", subject(CNP, "{namespaces: {matchExpressions: [{key: a, operator: notIn, values: [b]}]}}"), "NPV068", "notIn", "`notIn`", "`NotIn`"),
    Bad("In without values, which schemas let pass", subject(CNP, "{pods: {podSelector: {matchExpressions: [{key: a, operator: In, values: []}]}}}"), "NPV069", "[]", "`In`"),
    Bad("a null expression", subject(CNP, "{namespaces: {matchExpressions: [{key: a}]}}"), "NPV068", "{key", "`operator`"),
    Bad("the shape of v0.1.2 in a subject", subject(ANP, "{namespaces: {namespaceSelector: {}}}"), "NPV268", "namespaceSelector", "every namespace is meant", "up into `namespaces`"),
]  # fmt: skip

RULES = [
    Bad("rules are a map", rules(CNP, "egress: {action: Deny}"), "NPV020", "{action", "a list"),
    Bad("a rule is text", rules(CNP, "egress: [all]"), "NPV020", "all", "a map"),
    Bad("26 rules", rules(CNP, f"egress: {many(DENY, 26)}"), "NPV262", DENY, "26 items; the API takes at most 25", "higher `priority`"),
    Bad("101 rules of v1alpha1", rules(ANP, f"egress: {many(DENY, 101)}"), "NPV262", DENY, "101 items; the API takes at most 100", "higher `priority`"),
    Bad("101 rules of the baseline", rules(BANP, f"egress: {many(DENY, 101)}"), "NPV262", DENY, "at most 100", "merge rules of one action"),
    Bad("a field of a rule is misspelt", rules(CNP, "egress: [{acton: Deny, to: [{namespaces: {}}]}]"), "NPV021", "acton", "`acton`", "`action`"),
    Bad("from stands in an egress rule", rules(CNP, "egress: [{action: Deny, to: [{namespaces: {}}], from: [{namespaces: {}}]}]"), "NPV021", "from", "`from`", "to"),
    Bad("ports in a ClusterNetworkPolicy", egress(CNP, ALL, more=", ports: [{portNumber: {port: 80}}]"), "NPV021", "ports", "`ports`", "protocols"),
    Bad("protocols in an AdminNetworkPolicy", egress(ANP, ALL, more=", protocols: [{tcp: {}}]"), "NPV021", "protocols", "`protocols`", "ports"),
    Bad("there is no action", rules(BANP, "egress: [{to: [{namespaces: {}}]}]"), "NPV261", "{to", "`action` of a rule", "Allow or Deny"),
    Bad("Allow in a ClusterNetworkPolicy", egress(CNP, ALL, "Allow"), "NPV264", "Allow", "no action `Allow`", "write `Accept`"),
    Bad("Accept in an AdminNetworkPolicy", egress(ANP, ALL, "Accept"), "NPV264", "Accept", "no action `Accept`", "write `Allow`"),
    Bad("Pass in the baseline of v1alpha1", egress(BANP, ALL, "Pass"), "NPV264", "Pass", "no action `Pass`", "write `Allow`: nothing"),
    Bad("an action in lower case", egress(CNP, ALL, "deny"), "NPV264", "deny", "`deny`", "write `Deny`"),
    Bad("an action that is misspelt", egress(CNP, ALL, "Acept"), "NPV264", "Acept", "`Acept`", "`Accept`"),
    Bad("an action of another API", egress(CNP, ALL, "Log"), "NPV264", "Log", "`Log`", "Accept, Deny or Pass"),
    Bad("an empty action", egress(CNP, ALL, '""'), "NPV264", '""', "``", "Accept, Deny or Pass"),
    Bad("the name is too long", egress(CNP, ALL, more=f", name: {'é' * 101}"), "NPV277", "é", "101 characters; the API takes at most 100", "shorten"),
    Bad("there is no from", rules(CNP, "ingress: [{action: Deny}]"), "NPV261", "{action", "`from` of an ingress rule", "`from: [{namespaces: {}}]`"),
    Bad("there is no to", rules(ANP, "egress: [{action: Deny}]"), "NPV261", "{action", "`to` of an egress rule", "::/0"),
    Bad("from is empty", rules(CNP, "ingress: [{action: Deny, from: []}]"), "NPV263", "[]", "`from` of an ingress rule is empty", "`from: [{namespaces: {}}]`"),
    Bad("to is empty", rules(BANP, "egress: [{action: Deny, to: []}]"), "NPV263", "[]", "`to` of an egress rule is empty"),
    Bad("26 peers", rules(CNP, f"ingress: [{{action: Deny, from: {many(ALL, 26)}}}]"), "NPV262", ALL, "26 items", "two rules"),
    Bad("101 peers of v1alpha1", rules(ANP, f"ingress: [{{action: Deny, from: {many(ALL, 101)}}}]"), "NPV262", ALL, "101 items", "two rules"),
    Bad("ports are empty", egress(ANP, ALL, more=", ports: []"), "NPV263", "[]", "`ports` of an egress rule is empty", "leave `ports` away"),
    Bad("protocols are empty", egress(CNP, ALL, more=", protocols: []"), "NPV263", "[]", "`protocols`", "leave `protocols` away"),
    Bad("26 protocols", port(CNP, many("{tcp: {destinationPort: {number: %1}}}", 26)[1:-1]), "NPV262", "{tcp", "26 items", "two rules"),
    Bad("101 ports", port(BANP, many("{portNumber: {port: %1}}", 101)[1:-1]), "NPV262", "{portNumber", "101 items", "two rules"),
]  # fmt: skip

PEERS = [
    Bad("an empty peer", egress(CNP, "{}"), "NPV260", "{}", "a peer must have", "`domainNames`"),
    Bad("a null peer", egress(CNP, "null"), "NPV260", "null", "a peer must have"),
    Bad("a peer of nulls", egress(ANP, "{pods: null}"), "NPV260", "{pods", "a peer must have"),
    Bad("a peer of namespaces and pods", egress(CNP, "{namespaces: {}, pods: {podSelector: {}}}"), "NPV260", "pods", "both `namespaces` and `pods`", "two list items"),
    Bad("a peer of networks and nodes", egress(BANP, "{nodes: {}, networks: [10.0.0.0/8]}"), "NPV260", "networks", "both `nodes` and `networks`", "two list items"),
    Bad("a field of a peer is misspelt", egress(CNP, "{netwrks: [10.0.0.0/8]}"), "NPV021", "netwrks", "`netwrks`", "`networks`"),
    Bad("the ipBlock of a NetworkPolicy", egress(CNP, "{ipBlock: {cidr: 10.0.0.0/8}}"), "NPV021", "ipBlock", "`ipBlock`", "networks"),
    Bad("networks of an ingress rule", rules(CNP, "ingress: [{action: Deny, from: [{networks: [10.0.0.0/8]}]}]"), "NPV269", "networks", "egress rules", "`ipBlock`"),
    Bad("nodes of an ingress rule", rules(ANP, "ingress: [{action: Deny, from: [{nodes: {}}]}]"), "NPV269", "nodes", "egress rules"),
    Bad("domain names of an ingress rule", rules(ANP, "ingress: [{action: Allow, from: [{domainNames: [a.b]}]}]"), "NPV269", "domainNames", "egress rules"),
    Bad("domain names in the baseline", egress(BANP, "{domainNames: [a.b]}", "Allow"), "NPV269", "domainNames", "no `domainNames`", "`networks`"),
    Bad("the shape of v0.1.2", egress(ANP, "{namespaces: {namespaceSelector: {matchLabels: {a: b}}}}"), "NPV268", "namespaceSelector", "v0.1.2", "up into `namespaces`"),
    Bad("the same labels, as v0.1.2 had them", egress(ANP, "{namespaces: {sameLabels: [a]}}"), "NPV268", "sameLabels", "v0.1.2", "matchLabels"),
    Bad("other labels, as v0.1.2 had them", egress(CNP, "{namespaces: {notSameLabels: [a]}}"), "NPV268", "notSameLabels", "v0.1.2", "matchLabels"),
    Bad("namespaces inside pods, as v0.1.2 had them", egress(ANP, "{pods: {namespaces: {}, podSelector: {}}}"), "NPV268", "namespaces", "v0.1.2", "`namespaceSelector`"),
    Bad("pods of a peer without namespaceSelector in v1alpha1", egress(BANP, "{pods: {podSelector: {}}}"), "NPV261", "{podSelector", "`namespaceSelector`"),
    Bad("pods of a peer that are empty", egress(CNP, "{pods: {}}"), "NPV261", "{}", "`podSelector`"),
    Bad("networks are empty", egress(CNP, "{networks: []}"), "NPV263", "[]", "`networks` of a peer is empty"),
    Bad("26 networks", egress(CNP, f"{{networks: {many('10.%.0.0/16', 26)}}}"), "NPV262", "10.25.0.0/16", "26 items; the API takes at most 25", "two list items"),
    Bad("26 networks of v1alpha1", egress(ANP, f"{{networks: {many('10.%.0.0/16', 26)}}}"), "NPV262", "10.25.0.0/16", "at most 25"),
    Bad("a network twice", egress(ANP, "{networks: [10.0.0.0/8, 10.0.0.0/8]}"), "NPV270", "10.0.0.0/8]", "`10.0.0.0/8` stands twice", "remove"),
    Bad("a network is a number", egress(CNP, "{networks: [7]}"), "NPV020", "7", "text"),
    Bad("an address instead of a block", egress(CNP, "{networks: [10.0.0.1]}"), "NPV062", "10.0.0.1", "no prefix length", "`10.0.0.1/32`"),
    Bad("an IPv6 address instead of a block", egress(CNP, '{networks: ["fd00::1"]}'), "NPV062", '"fd00::1"', "no prefix length", "`fd00::1/128`"),
    Bad("a large prefix length", egress(CNP, "{networks: [10.0.0.0/33]}"), "NPV062", "10.0.0.0/33", "0 to 32"),
    Bad("leading zeros", egress(CNP, "{networks: [010.0.0.0/8]}"), "NPV062", "010.0.0.0/8", "octal", "`10.0.0.0/8`"),
    Bad("a prefix length with leading zeros", egress(ANP, "{networks: [10.0.0.0/08]}"), "NPV062", "10.0.0.0/08", "octal", "`10.0.0.0/8`"),
    Bad("an IPv4 block written as IPv6", egress(CNP, '{networks: ["::ffff:10.0.0.0/104"]}'), "NPV062", '"::ffff', "IPv4", "`10.0.0.0/8`"),
    Bad("a block that is a name", egress(CNP, "{networks: [example.com]}"), "NPV062", "example.com", "no prefix length"),
    Bad("a zone", egress(CNP, '{networks: ["fe80::1%eth0/64"]}'), "NPV062", '"fe80', "zone"),
    Bad("a block of 46 characters", egress(CNP, '{networks: ["0000:0000:0000:0000:0000:0000:10.128.128.0/128"]}'), "NPV277", '"0000', "46 characters; the API takes at most 43", "shorten"),
    Bad("domain names are empty", egress(CNP, "{domainNames: []}", "Accept"), "NPV263", "[]", "`domainNames` of a peer is empty"),
    Bad("26 domain names", egress(ANP, f"{{domainNames: {many('a%.example.com', 26)}}}", "Allow"), "NPV262", "a25.example.com", "26 items"),
    Bad("a domain name twice", egress(CNP, "{domainNames: [a.b, a.b]}", "Accept"), "NPV270", "a.b]", "`a.b` stands twice"),
    Bad("a domain name is a number", egress(CNP, "{domainNames: [7]}", "Accept"), "NPV020", "7", "text"),
    Bad("a domain name of one label", egress(CNP, "{domainNames: [localhost]}", "Accept"), "NPV271", "localhost", "`localhost`", "at least one dot"),
    Bad("a wildcard inside", egress(CNP, '{domainNames: ["a.*.com"]}', "Accept"), "NPV271", '"a.*', "`a.*.com`"),
    Bad("a part of a label with a wildcard", egress(ANP, '{domainNames: ["*a.com"]}', "Allow"), "NPV271", '"*a', "`*a.com`"),
    Bad("a wildcard alone", egress(ANP, '{domainNames: ["*"]}', "Allow"), "NPV271", '"*"', "`*`"),
    Bad("a label that ends in a dash", egress(ANP, "{domainNames: [a-.com]}", "Allow"), "NPV271", "a-.com", "`a-.com`"),
    Bad("domain names that are denied", egress(CNP, "{domainNames: [a.b]}"), "NPV272", "domainNames", "the action Accept", "`networks`"),
    Bad("domain names that are passed", egress(ANP, "{domainNames: [a.b]}", "Pass"), "NPV272", "domainNames", "the action Allow", "`networks`"),
]  # fmt: skip

BESIDE_NETWORKS = "{networks: [10.0.0.0/8]}"

PORTS = [
    Bad("an empty port entry", port(ANP, "{}"), "NPV260", "{}", "a port entry must have `portNumber`, `namedPort` or `portRange`"),
    Bad("a null port entry", port(CNP, "null"), "NPV260", "null", "a port entry must have `tcp`, `udp`, `sctp` or `destinationNamedPort`"),
    Bad("two things in a port entry", port(ANP, "{portNumber: {port: 80}, namedPort: web}"), "NPV260", "namedPort", "both", "two list items"),
    Bad("two protocols in an entry", port(CNP, "{tcp: {destinationPort: {number: 1}}, udp: {destinationPort: {number: 1}}}"), "NPV260", "udp", "both `tcp` and `udp`", "two list items"),
    Bad("the port of a NetworkPolicy", port(ANP, "{port: 80}"), "NPV021", "port", "`port`", "portNumber"),
    Bad("a protocol that has no ports", port(CNP, "{icmp: {}}"), "NPV021", "icmp", "`icmp`", "tcp"),
    Bad("a number without port", port(ANP, "{portNumber: {protocol: TCP}}"), "NPV261", "{protocol", "`port` of `portNumber`", "1 to 65535"),
    Bad("port 0", port(BANP, "{portNumber: {port: 0}}"), "NPV072", "0", "port 0"),
    Bad("port 65536", port(CNP, "{tcp: {destinationPort: {number: 65536}}}"), "NPV072", "65536", "65535"),
    Bad("a port as text", port(CNP, "{tcp: {destinationPort: {number: '80'}}}"), "NPV020", "'80'", "a whole number"),
    Bad("a protocol in lower case", port(ANP, "{portNumber: {protocol: tcp, port: 80}}"), "NPV071", "tcp", "`tcp`", "`TCP`"),
    Bad("a protocol of a number that has no ports, which schemas let pass", port(ANP, "{portNumber: {protocol: ICMP, port: 8}}"), "NPV071", "ICMP", "`ICMP`", "TCP, UDP or SCTP"),
    Bad("an empty protocol, which schemas let pass", port(ANP, '{portRange: {protocol: "", start: 1, end: 2}}'), "NPV071", '""', "``"),
    Bad("a range without end", port(ANP, "{portRange: {start: 80}}"), "NPV261", "{start", "`end` of a port range"),
    Bad("a range without start", port(CNP, "{tcp: {destinationPort: {range: {end: 80}}}}"), "NPV261", "{end", "`start` of a port range"),
    Bad("a range that ends too high", port(CNP, "{tcp: {destinationPort: {range: {start: 1, end: 65536}}}}"), "NPV072", "65536", "65535"),
    Bad("a range that ends before it starts", port(CNP, "{tcp: {destinationPort: {range: {start: 2, end: 1}}}}"), "NPV273", "1", "`start` 2, `end` 1", "swap"),
    Bad("a range of v1alpha1 that ends before it starts, which schemas let pass", port(ANP, "{portRange: {start: 2, end: 1}}"), "NPV273", "1", "`start` 2, `end` 1", "swap"),
    Bad("a range of one port in a ClusterNetworkPolicy", port(CNP, "{tcp: {destinationPort: {range: {start: 80, end: 80}}}}"), "NPV273", "80", "one port", "`number: 80`"),
    Bad("a field of a range is misspelt", port(ANP, "{portRange: {start: 1, ends: 2}}"), "NPV021", "ends", "`ends`", "`end`"),
    Bad("a protocol of nothing", port(CNP, "{tcp: {}}"), "NPV261", "{}", "`destinationPort` of `tcp`", "{start: 1, end: 65535}"),
    Bad("a destination port of nothing", port(CNP, "{udp: {destinationPort: {}}}"), "NPV260", "{}", "`destinationPort` must have `number` or `range`"),
    Bad("a destination port of two things", port(CNP, "{udp: {destinationPort: {number: 1, range: {start: 1, end: 2}}}}"), "NPV260", "range", "both `number` and `range`", "two port entries"),
    Bad("a destination port beside its protocol", port(CNP, "{tcp: null, destinationPort: {number: 80}}"), "NPV021", "destinationPort", "beside the protocol", "indent it"),
    Bad("a source port", port(CNP, "{tcp: {sourcePort: {number: 80}}}"), "NPV021", "sourcePort", "`sourcePort`", "destinationPort"),
    Bad("an empty name, about which plugins disagree", port(CNP, '{destinationNamedPort: ""}'), "NPV073", '""', "name of a port"),
    Bad("a number as a name", port(ANP, '{namedPort: "80"}'), "NPV073", '"80"', "`80`", "as a number"),
    Bad("a name in upper case", port(ANP, "{namedPort: Web}"), "NPV073", "Web", "`Web`"),
    Bad("a name of v1alpha1 beside networks", egress(ANP, BESIDE_NETWORKS, more=", ports: [{namedPort: web}]"), "NPV275", "namedPort", "`networks`", "a rule of its own"),
    Bad("a name in the baseline beside nodes", egress(BANP, "{namespaces: {}}, {nodes: {}}", more=", ports: [{portNumber: {port: 80}}, {namedPort: web}]"), "NPV275", "namedPort", "`nodes`"),
    Bad("a name of v1alpha2 beside nodes", egress(CNP, "{nodes: {}}", more=", protocols: [{destinationNamedPort: web}]"), "NPV275", "destinationNamedPort", "`nodes`"),
    Bad("a name beside domain names", egress(CNP, "{domainNames: [a.b]}", "Accept", ", protocols: [{destinationNamedPort: web}]"), "NPV275", "destinationNamedPort", "`domainNames`"),
    Bad("a name beside networks and nodes", egress(CNP, f"{BESIDE_NETWORKS}, {{nodes: {{}}}}", more=", protocols: [{destinationNamedPort: web}]"), "NPV275", "destinationNamedPort", "`nodes`"),
]  # fmt: skip


def told(text: str) -> Problems:
    """The problems of one policy."""
    problems = Problems()
    (doc,) = documents(text)
    read(doc, problems)
    return problems


def pointed(found: Diagnostic, text: str) -> str:
    """The text from the position on."""
    assert found.span is not None
    assert found.excerpt == text.splitlines()[found.span.line - 1]
    return found.excerpt[found.span.column - 1 :]


@pytest.mark.parametrize("bad", [pytest.param(b, id=b.fact) for b in (*OBJECTS, *SPECS, *RULES, *PEERS, *PORTS)])
def test_a_wrong_policy_is_refused_where_it_is_wrong(bad: Bad) -> None:
    """Each wrong policy gives one error with its code, at the text that is wrong, with a way to mend it."""
    (found,) = told(bad.text).errors
    assert (found.code, bad.says in found.message, bad.fix in found.fix) == (bad.code, True, True), found
    assert pointed(found, bad.text).startswith(bad.at)
    assert found.message[0] in "`a" or found.message[0].islower() or found.message.startswith(("Admin", "Base", "Clus"))
    assert found.fix


def test_everything_wrong_is_told_at_once() -> None:
    """A policy with many defects gets an error for each, in the order of the text."""
    text = (
        "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: Guard}\n"
        "spec:\n  tier: admin\n  priority: 2000\n  subject: {}\n  ingress:\n  - action: Allow\n    from: [{networks: []}]\n"
        "    protocols:\n    - tcp: {}\n    - udp: {destinationPort: {number: 0}}\n  egress:\n  - action: Deny\n"
        "    to:\n    - domainNames: [a]\n    - pods: {}\n    - {nodes: {}, namespaces: {}}\n"
        "    protocols: [{destinationNamedPort: WEB}]\n"
    )
    codes = [(d.span.line, d.code) for d in told(text).errors if d.span]
    assert codes == [
        (3, "NPV050"), (5, "NPV264"), (6, "NPV265"), (7, "NPV260"), (9, "NPV264"), (10, "NPV269"), (12, "NPV261"),
        (13, "NPV072"), (17, "NPV272"), (17, "NPV271"), (18, "NPV261"), (19, "NPV260"), (20, "NPV275"), (20, "NPV073"),
    ]  # fmt: skip


def test_the_page_lists_every_code_with_its_severity() -> None:
    """The codes NPV260 to NPV279 in the source are those of docs/errors.md, as errors or warnings alike."""
    root = Path(__file__).parents[2]
    source = "".join(
        p.read_text(encoding="utf-8") for p in sorted((root / "src/npverify/dialects").glob("cluster_*.py"))
    )
    page = (root / "docs/errors.md").read_text(encoding="utf-8")
    used = set(re.findall(r"NPV2[67]\d", source))
    warned = set(re.findall(r'\.warn\("(NPV2[67]\d)"', source))
    listed = dict(re.findall(r"^\| (NPV2[67]\d) \| (\w+) \|", page, re.M))
    assert listed == {code: "warning" if code in warned else "error" for code in used}


def test_every_code_is_tested() -> None:
    """Each code of the page has a row that provokes it."""
    page = (Path(__file__).parents[2] / "docs/errors.md").read_text(encoding="utf-8")
    rows = {bad.code for bad in (*OBJECTS, *SPECS, *RULES, *PEERS, *PORTS)}
    errors = set(re.findall(r"^\| (NPV2[67]\d) \| error \|", page, re.M))
    assert errors <= rows
