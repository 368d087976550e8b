"""Edits of cluster-wide policies, of Calico's tiers and of Cilium's policies: which are told, and how they are written."""

from __future__ import annotations

import pytest
import yaml

from npverify.analyses.evaluate import evaluate_query
from npverify.analyses.flows import FlowReader, make_traffic
from npverify.analyses.mends.run import Mend, fragments, last_words, mends
from npverify.report.mends_report import mends_text
from recorded_samples import world

PODS = """\
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: ops}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: c, image: i}]}
status: {podIP: 10.1.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {nodeName: n2, containers: [{name: c, image: i}]}
status: {podIP: 10.1.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: probe, namespace: ops, labels: {app: probe}}
spec: {nodeName: n2, containers: [{name: c, image: i}]}
status: {podIP: 10.1.0.3}
---
"""
ADMIN = """
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: fence}
spec:
  priority: 10
  subject: {namespaces: {}}
  ingress:
  - {action: Allow, from: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: probe}}}}], ports: [{portNumber: {protocol: TCP, port: 9}}]}
  - {action: Deny, from: [{pods: {namespaceSelector: {}, podSelector: {}}}]}
"""
BASELINE = """
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec:
  subject: {namespaces: {}}
  ingress:
  - {action: Deny, from: [{namespaces: {}}]}
"""
WIDE = """
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: fence}
spec:
  tier: Admin
  priority: 0
  subject: {namespaces: {}}
  egress:
  - {action: Deny, to: [{networks: [0.0.0.0/0]}]}
"""
TIER = """
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: security}
spec: {order: 100}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: security.db}
spec:
  tier: security
  order: 20
  selector: app == 'db'
  types: [Ingress]
  ingress:
  - {action: Allow, protocol: TCP, source: {nets: [203.0.113.0/24]}, destination: {ports: [80]}}
"""
DENY = """
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: fence}
spec:
  selector: all()
  types: [Ingress]
  ingress:
  - {action: Deny, source: {selector: has(app)}}
  - {action: Allow}
"""
CILIUM = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: db}}
  ingress:
  - fromEndpoints: [{matchLabels: {app: web}}]
    toPorts: [{ports: [{port: "80", protocol: TCP}]}]
  - fromCIDR: [203.0.113.0/24]
    toPorts: [{ports: [{port: "80", protocol: TCP}]}]
  - fromEntities: [kube-apiserver]
    toPorts: [{ports: [{port: "80", protocol: TCP}]}]
"""
CILIUM_DENY = """
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: fence}
spec:
  endpointSelector: {matchLabels: {app: db}}
  ingress: [{fromEntities: [all]}]
  ingressDeny:
  - {fromEndpoints: [{matchLabels: {k8s:io.kubernetes.pod.namespace: shop}}]}
  - {fromCIDR: [203.0.113.0/24]}
  - {fromEntities: [remote-node]}
"""
EGRESS = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: web}}
  egress: [{toEndpoints: [{matchLabels: {app: nobody}}]}]
"""


def _asked(
    manifests: str, cni: str, src: str, dst: str, port: int = 80, protocol: str = "TCP"
) -> tuple[tuple[Mend, ...], str]:
    it = world(PODS + manifests, keep_documents=True, cni=cni)
    reader = FlowReader(it.inventory)
    ends = (reader.directory.resolve(name) for name in (src, dst))
    traffic = make_traffic(protocol, None if protocol == "ICMP" else port)
    evaluation = evaluate_query(it, reader.query(*ends, traffic))
    assert not evaluation.verdict.allowed
    found = mends(it, evaluation)
    return found, mends_text(found, last=last_words(evaluation))


def _written(put: object) -> str:
    return yaml.safe_dump(put, default_flow_style=True, width=1000, sort_keys=False).strip()


PROBE = "pods: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ops}}, podSelector: {matchLabels: {app: probe}}}"
WEB = "pods: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}, podSelector: {matchLabels: {app: web}}}"
TO_DB = "from: [{podSelector: {matchLabels: {app: web}}}], ports: [{protocol: TCP, port: 80}]"
TCP80 = "toPorts: [{ports: [{port: '80', protocol: TCP}]}]"

ROWS = [
    ("an admin rule that lacks the port", ADMIN, "kubernetes", "ops/probe", "shop/db",
     "port", "spec.ingress[0].ports", "[{portNumber: {protocol: TCP, port: 80}}]"),
    ("an admin rule before the one that denies", ADMIN, "kubernetes", "shop/web", "shop/db",
     "rule", "spec.ingress", f"[{{action: Allow, from: [{{{WEB}}}], ports: [{{portNumber: {{protocol: TCP, port: 80}}}}]}}]"),
    ("an admin rule that leaves it to NetworkPolicies", ADMIN, "kubernetes", "shop/web", "shop/db",
     "rule", "spec.ingress", f"[{{action: Pass, from: [{{{WEB}}}], ports: [{{portNumber: {{protocol: TCP, port: 80}}}}]}}]"),
    ("an admin peer without the pods", ADMIN, "kubernetes", "shop/web", "shop/db",
     "narrow", "spec.ingress[1].from[0].pods.podSelector.matchExpressions", "[{key: app, operator: NotIn, values: [web]}]"),
    ("a baseline rule before the one that denies", BASELINE, "kubernetes", "shop/web", "shop/db",
     "rule", "spec.ingress", f"[{{action: Allow, from: [{{{WEB}}}], ports: [{{portNumber: {{protocol: TCP, port: 80}}}}]}}]"),
    ("a wide rule for an outside address", WIDE, "kubernetes", "shop/web", "198.51.100.7",
     "rule", "spec.egress", "[{action: Accept, to: [{networks: [198.51.100.7/32]}], protocols: [{tcp: {destinationPort: {number: 80}}}]}]"),
    ("a tier in which nothing matches", TIER, "calico", "198.51.100.7", "shop/db",
     "peer", "spec.ingress[0].source.nets", "[198.51.100.7/32]"),
    ("a rule in the policy of a tier", TIER, "calico", "shop/web", "shop/db",
     "rule", "spec.ingress", "[{action: Allow, protocol: TCP, source: {selector: app == 'web', namespaceSelector: projectcalico.org/name == 'shop'}, destination: {ports: [80]}}]"),
    ("a tier that passes on", TIER, "calico", "shop/web", "shop/db", "tier", "spec", "{defaultAction: Pass}"),
    ("a denying rule of Calico without the pods", DENY, "calico", "shop/web", "shop/db",
     "narrow", "spec.ingress[0].source", "{notSelector: app == 'web' && projectcalico.org/namespace == 'shop'}"),
    ("a port of Cilium", CILIUM, "cilium", "shop/web", "shop/db:81", "port", "spec.ingress[0].toPorts[0].ports", "[{port: '81', protocol: TCP}]"),
    ("an endpoint of another namespace", CILIUM, "cilium", "ops/probe", "shop/db",
     "peer", "spec.ingress[0].fromEndpoints", "[{matchLabels: {'k8s:io.kubernetes.pod.namespace': ops, app: probe}}]"),
    ("an address", CILIUM, "cilium", "198.51.100.7", "shop/db", "peer", "spec.ingress[1].fromCIDR", "[198.51.100.7/32]"),
    ("the entity of a node in a list of entities", CILIUM, "cilium", "node/n1", "shop/db",
     "peer", "spec.ingress[2].fromEntities", "[remote-node]"),
    ("an element for nodes", CILIUM, "cilium", "node/n1", "shop/db",
     "entity", "spec.ingress", f"[{{fromEntities: [remote-node], {TCP80}}}]"),
    ("an element for the own node", EGRESS, "cilium", "shop/web", "node/n1", "entity", "spec.egress", f"[{{toEntities: [host], {TCP80}}}]"),
    ("an element for the world", EGRESS, "cilium", "shop/web", "198.51.100.7", "entity", "spec.egress", f"[{{toEntities: [world], {TCP80}}}]"),
    ("a denying selector of Cilium without the pods", CILIUM_DENY, "cilium", "shop/web", "shop/db",
     "narrow", "spec.ingressDeny[0].fromEndpoints[0].matchExpressions", "[{key: app, operator: NotIn, values: [web]}]"),
    ("a denying block of Cilium without the address", CILIUM_DENY, "cilium", "203.0.113.7", "shop/db",
     "narrow", "spec.ingressDeny[1]", "{fromCIDRSet: [{cidr: 203.0.113.0/24, except: [203.0.113.7/32]}]}"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("manifests", "cni", "src", "dst", "kind", "where", "put"), [pytest.param(*row[1:], id=row[0]) for row in ROWS]
)
def test_an_edit_is_told(manifests, cni, src, dst, kind, where, put) -> None:
    """Its kind, its place and what is put there."""
    dst, _, port = dst.partition(":") if "shop/db:" in dst else (dst, "", "80")
    found, _ = _asked(manifests, cni, src, dst, int(port))
    told = [(mend.kind, at, _written(what)) for mend in found for _, at, what in fragments(mend)]
    assert (kind, where, put) in told


NEW = [
    ("in front of an admin policy", ADMIN, "kubernetes", "AdminNetworkPolicy", {"priority": 9}),
    ("in a tier of Calico", TIER, "calico", "NetworkPolicy", {"tier": "security", "order": 19, "selector": "app == 'db'"}),
    ("beside one of Cilium", CILIUM, "cilium", "CiliumNetworkPolicy", {"endpointSelector": {"matchLabels": {"app": "db"}}}),
    ("in front of a baseline", BASELINE, "kubernetes", "NetworkPolicy", {"podSelector": {"matchLabels": {"app": "db"}}}),
]  # fmt: skip


@pytest.mark.parametrize(("manifests", "cni", "kind", "within"), [pytest.param(*row[1:], id=row[0]) for row in NEW])
def test_a_policy_of_its_own_is_in_the_language_of_those_that_deny(manifests, cni, kind, within) -> None:
    """It is about the pod alone, and asked before them where their kind has an order."""
    found, _ = _asked(manifests, cni, "shop/web", "shop/db", 82)
    specs = [
        m.edits[0].document.value["spec"] for m in found if m.kind == "policy" and m.edits[0].document.kind == kind
    ]
    assert any(within.items() <= spec.items() for spec in specs)


def test_no_priority_is_left_before_zero() -> None:
    """A policy of priority 0 is asked first, so none of its own goes before it."""
    found, _ = _asked(WIDE, "kubernetes", "shop/web", "198.51.100.7")
    assert found
    assert not any(mend.kind == "policy" for mend in found)


def test_what_passes_on_is_not_told_where_what_follows_denies() -> None:
    """Behind the admin policy a NetworkPolicy lets nobody in, so leaving the flow to it does not help."""
    closed = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: closed, namespace: shop}\nspec: {podSelector: {}}\n"
    found, _ = _asked(ADMIN + closed, "kubernetes", "shop/web", "shop/db")
    actions = [m.edits[0].item["action"] for m in found if m.kind == "rule" and isinstance(m.edits[0].item, dict)]
    assert actions == ["Allow"]


def test_the_world_is_more_than_an_address() -> None:
    """The element for the address alone comes first, and the entity is told to open more."""
    found, _ = _asked(EGRESS, "cilium", "shop/web", "198.51.100.7")
    rules = [mend for mend in found if mend.kind in ("rule", "entity")]
    assert [list(mend.edits[0].item) for mend in rules] == [["toCIDR", "toPorts"], ["toEntities", "toPorts"]]
    assert [mend.opened is not None and mend.opened.count > 0 for mend in rules] == [False, True]


def test_icmp_in_the_words_of_cilium() -> None:
    """By type, in an element of its own."""
    found, _ = _asked(CILIUM, "cilium", "shop/web", "shop/db", protocol="ICMP")
    element = {
        "fromEndpoints": [{"matchLabels": {"app": "web"}}],
        "icmps": [{"fields": [{"family": "IPv4", "type": 8}]}],
    }
    assert element in [mend.edits[0].item for mend in found]


@pytest.mark.parametrize(("src", "label"), [("shop/web", "ingressDeny[0]"), ("node/n1", "ingressDeny[2]")])
def test_a_rule_of_cilium_that_denies_is_named(src, label) -> None:
    """No rule that allows helps against it: none is told, and which one has to be narrowed is."""
    found, text = _asked(CILIUM_DENY, "cilium", src, "shop/db")
    assert {mend.kind for mend in found} <= {"narrow", "label"}
    assert f"CiliumClusterwideNetworkPolicy fence, {label}, denies it" in text
    assert "narrow that rule" in text


def test_an_element_of_several_rules_goes_into_the_fitting_one() -> None:
    """The second rule of the object is about the pod, and the first is not."""
    several = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: two, namespace: shop}
specs:
- {endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEntities: [world]}]}
- {endpointSelector: {matchLabels: {app: db}}, ingress: [{fromEntities: [world]}]}
"""
    found, _ = _asked(several, "cilium", "shop/web", "shop/db")
    rules = [mend for mend in found if mend.kind == "rule"]
    assert [mend.edits[0].path for mend in rules] == [("specs", 1, "ingress")]


def test_what_other_nodes_may_do_is_said_not_to_be_counted() -> None:
    """An entity means every node, and the comparison of connections is about workloads and outside addresses."""
    found, text = _asked(CILIUM, "cilium", "node/n1", "shop/db")
    assert all(mend.opened is not None and mend.opened.nodes for mend in found)
    assert "opens nothing else, what other nodes may do is not counted" in text
    assert "not counted" not in _asked(CILIUM, "cilium", "ops/probe", "shop/db")[1]
