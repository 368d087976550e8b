"""What a native policy becomes, one row for each fact: the native spec, and the fields of the Calico spec that show it.

`P` stands for the term that confines a selector to Kubernetes pods.
"""

from __future__ import annotations

from typing import NamedTuple

P = "projectcalico.org/orchestrator == 'k8s'"


class Row(NamedTuple):
    """A fact in words, a native spec, and the part of the Calico spec that it is about; a field with `null` is absent."""

    fact: str
    native: str
    calico: str


ROWS = [
    Row("the tier is default", "{podSelector: {}}", "{tier: default}"),
    Row("the order is 1000, as a number", "{podSelector: {}}", "{order: 1000}"),
    Row("an empty podSelector is every Kubernetes pod", "{podSelector: {}}", f'{{selector: "{P}"}}'),
    Row("no spec at all selects every pod and isolates ingress", "{}", f'{{selector: "{P}", types: [Ingress]}}'),
    Row(
        "labels are sorted",
        "{podSelector: {matchLabels: {b: '2', a: '1'}}}",
        f"{{selector: \"{P} && a == '1' && b == '2'\"}}",
    ),
    Row(
        "an empty value is a value",
        "{podSelector: {matchLabels: {a: ''}}}",
        f"{{selector: \"{P} && a == ''\"}}",
    ),
    Row(
        "In has its values sorted, each once",
        "{podSelector: {matchExpressions: [{key: a, operator: In, values: [y, x, y]}]}}",
        f"{{selector: \"{P} && a in {{'x', 'y'}}\"}}",
    ),
    Row(
        "In with one value is an equation",
        "{podSelector: {matchExpressions: [{key: a, operator: In, values: [x]}]}}",
        f"{{selector: \"{P} && a == 'x'\"}}",
    ),
    Row(
        "NotIn",
        "{podSelector: {matchExpressions: [{key: a, operator: NotIn, values: [y, x]}]}}",
        f"{{selector: \"{P} && a not in {{'x', 'y'}}\"}}",
    ),
    Row(
        "NotIn with one value",
        "{podSelector: {matchExpressions: [{key: a, operator: NotIn, values: [x]}]}}",
        f"{{selector: \"{P} && a != 'x'\"}}",
    ),
    Row(
        "Exists and DoesNotExist",
        "{podSelector: {matchExpressions: [{key: b, operator: DoesNotExist}, {key: a, operator: Exists}]}}",
        f'{{selector: "{P} && has(a) && !has(b)"}}',
    ),
    Row(
        "a label key may have a prefix",
        "{podSelector: {matchLabels: {app.kubernetes.io/name: web}}}",
        f"{{selector: \"{P} && app.kubernetes.io/name == 'web'\"}}",
    ),
    Row("without policyTypes and egress rules it is about ingress", "{podSelector: {}}", "{types: [Ingress]}"),
    Row(
        "without policyTypes and with egress rules it is about both, and ingress stays isolated",
        "{podSelector: {}, egress: [{}]}",
        "{types: [Ingress, Egress], ingress: null, egress: [{action: Allow}]}",
    ),
    Row("egress alone", "{podSelector: {}, policyTypes: [Egress]}", "{types: [Egress], egress: null}"),
    Row(
        "isolated in both directions: both types and no rule, above all none that says Deny",
        "{podSelector: {}, policyTypes: [Egress, Ingress]}",
        "{types: [Ingress, Egress], ingress: null, egress: null}",
    ),
    Row(
        "rules of a direction that policyTypes leaves out are left out",
        "{podSelector: {}, policyTypes: [Egress], ingress: [{}]}",
        "{types: [Egress], ingress: null}",
    ),
    Row("an empty list of rules is no rule", "{podSelector: {}, ingress: []}", "{types: [Ingress], ingress: null}"),
    Row("an empty rule allows everything", "{podSelector: {}, ingress: [{}]}", "{ingress: [{action: Allow}]}"),
    Row("an empty `from` is everyone", "{podSelector: {}, ingress: [{from: []}]}", "{ingress: [{action: Allow}]}"),
    Row(
        "a podSelector means the policy's own namespace",
        "{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {a: x}}}]}]}",
        f"{{ingress: [{{action: Allow, source: {{selector: \"{P} && a == 'x'\"}}}}]}}",
    ),
    Row(
        "an empty podSelector is the pods of the namespace, not all that has its label",
        "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}",
        f'{{ingress: [{{action: Allow, source: {{selector: "{P}"}}}}]}}',
    ),
    Row(
        "an empty namespaceSelector is the pods of all namespaces",
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}",
        f'{{ingress: [{{action: Allow, source: {{namespaceSelector: all(), selector: "{P}"}}}}]}}',
    ),
    Row(
        "the name of a namespace stays a label",
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: x}}}]}]}",
        f"{{ingress: [{{action: Allow, source: {{namespaceSelector: kubernetes.io/metadata.name == 'x', selector: \"{P}\"}}}}]}}",
    ),
    Row(
        "both selectors in one peer",
        "{podSelector: {}, egress: [{to: [{namespaceSelector: {matchLabels: {n: x}}, podSelector: {matchLabels: {a: y}}}]}]}",
        f"{{egress: [{{action: Allow, destination: {{namespaceSelector: n == 'x', selector: \"{P} && a == 'y'\"}}}}]}}",
    ),
    Row(
        "negative namespace selectors are confined to pods",
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: n, operator: NotIn, values: [x]}]}}]}]}",
        f"{{ingress: [{{action: Allow, source: {{namespaceSelector: n != 'x', selector: \"{P}\"}}}}]}}",
    ),
    Row(
        "an address block",
        "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}",
        "{ingress: [{action: Allow, source: {nets: [10.0.0.0/8]}}]}",
    ),
    Row(
        "exceptions belong to their block",
        "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}, {ipBlock: {cidr: 10.1.0.0/24}}]}]}",
        "{ingress: [{action: Allow, source: {nets: [10.0.0.0/8], notNets: [10.1.0.0/16]}}, {action: Allow, source: {nets: [10.1.0.0/24]}}]}",
    ),
    Row(
        "exceptions inside exceptions are one",
        "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.2.0/24, 10.1.0.0/16, 10.1.2.0/24]}}]}]}",
        "{ingress: [{action: Allow, source: {nets: [10.0.0.0/8], notNets: [10.1.0.0/16]}}]}",
    ),
    Row(
        "the two families never share a rule",
        "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '::/0'}}]}]}",
        "{egress: [{action: Allow, destination: {nets: [0.0.0.0/0]}}, {action: Allow, destination: {nets: ['::/0']}}]}",
    ),
    Row(
        "a peer that stands there twice is one rule",
        "{podSelector: {}, ingress: [{from: [{podSelector: {}}, {podSelector: {}}]}]}",
        f'{{ingress: [{{action: Allow, source: {{selector: "{P}"}}}}]}}',
    ),
    Row(
        "a rule that stands there twice is one rule",
        "{podSelector: {}, ingress: [{ports: [{port: 80}]}, {ports: [{port: 80}]}]}",
        "{ingress: [{action: Allow, protocol: TCP, destination: {ports: [80]}}]}",
    ),
    Row(
        "a port without a protocol is TCP",
        "{podSelector: {}, ingress: [{ports: [{port: 80}]}]}",
        "{ingress: [{action: Allow, protocol: TCP, destination: {ports: [80]}}]}",
    ),
    Row(
        "an empty port entry is all of TCP",
        "{podSelector: {}, ingress: [{ports: [{}]}]}",
        "{ingress: [{action: Allow, protocol: TCP}]}",
    ),
    Row(
        "a protocol without a port is all of it",
        "{podSelector: {}, ingress: [{ports: [{protocol: UDP}]}]}",
        "{ingress: [{action: Allow, protocol: UDP}]}",
    ),
    Row(
        "an entry without a port makes the others of its protocol redundant",
        "{podSelector: {}, ingress: [{ports: [{port: 80}, {protocol: TCP}, {protocol: UDP, port: 53}]}]}",
        "{ingress: [{action: Allow, protocol: TCP}, {action: Allow, protocol: UDP, destination: {ports: [53]}}]}",
    ),
    Row(
        "no ports mean no protocol: ICMP stays allowed",
        "{podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: []}]}",
        f'{{ingress: [{{action: Allow, source: {{selector: "{P}"}}}}]}}',
    ),
    Row(
        "ports of one protocol are one rule, merged and sorted, names last",
        "{podSelector: {}, ingress: [{ports: [{port: web}, {port: 82}, {port: 80}, {port: 81}, {port: 443}, {port: api}, {port: web}]}]}",
        "{ingress: [{action: Allow, protocol: TCP, destination: {ports: ['80:82', 443, api, web]}}]}",
    ),
    Row(
        "a range is written with a colon",
        "{podSelector: {}, ingress: [{ports: [{port: 8080, endPort: 8090}]}]}",
        "{ingress: [{action: Allow, protocol: TCP, destination: {ports: ['8080:8090']}}]}",
    ),
    Row(
        "a range of one port is that port",
        "{podSelector: {}, ingress: [{ports: [{port: 80, endPort: 80}]}]}",
        "{ingress: [{action: Allow, protocol: TCP, destination: {ports: [80]}}]}",
    ),
    Row(
        "ranges that overlap or touch are merged",
        "{podSelector: {}, ingress: [{ports: [{port: 1, endPort: 10}, {port: 5}, {port: 11, endPort: 12}, {port: 14}]}]}",
        "{ingress: [{action: Allow, protocol: TCP, destination: {ports: ['1:12', 14]}}]}",
    ),
    Row(
        "protocols are sorted, each with its own ports",
        "{podSelector: {}, ingress: [{ports: [{port: 53, protocol: UDP}, {port: 53}, {port: 9, protocol: SCTP}]}]}",
        "{ingress: [{action: Allow, protocol: SCTP, destination: {ports: [9]}}, {action: Allow, protocol: TCP, destination: {ports: [53]}}, {action: Allow, protocol: UDP, destination: {ports: [53]}}]}",
    ),
    Row(
        "egress has peer and ports at the destination",
        "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: dns, protocol: UDP}]}]}",
        "{egress: [{action: Allow, protocol: UDP, destination: {nets: [10.0.0.0/8], ports: [dns]}}]}",
    ),
    Row(
        "one rule for each protocol and peer",
        "{podSelector: {}, ingress: [{from: [{podSelector: {}}, {ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 1}, {port: 2, protocol: UDP}]}]}",
        f'{{ingress: [{{action: Allow, protocol: TCP, source: {{selector: "{P}"}}, destination: {{ports: [1]}}}}, '
        f"{{action: Allow, protocol: TCP, source: {{nets: [10.0.0.0/8]}}, destination: {{ports: [1]}}}}, "
        f'{{action: Allow, protocol: UDP, source: {{selector: "{P}"}}, destination: {{ports: [2]}}}}, '
        f"{{action: Allow, protocol: UDP, source: {{nets: [10.0.0.0/8]}}, destination: {{ports: [2]}}}}]}}",
    ),
]
