"""What is told besides the proof: where both sets mean the same, and perhaps not what their author had in mind."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import pytest
import yaml
from naive_row import SHOP, calico, documents, native
from translated import read_policy

from npverify.analyses.translate.cautions import Labels, caution, caution_about_neighbours, may_match
from npverify.dialects import lower, profile
from npverify.dialects.selectors import Requirement
from npverify.ingest.source import Diagnostic, Problems
from npverify.inventory.build import build
from npverify.inventory.model import EndpointKind
from npverify.inventory.unknowns import Unknown
from worlds import document

WINDOWS = "apiVersion: v1\nkind: Node\nmetadata: {name: w1, labels: {kubernetes.io/os: windows}}\n"
AGENT = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: agent, namespace: blog, labels: {app: agent}}\n"
    "spec: {nodeName: n2, hostNetwork: true, containers: [{name: c, image: i}]}\n"
)
FRONT = (
    "apiVersion: v1\nkind: Service\nmetadata: {name: front, namespace: shop}\n"
    "spec: {type: NodePort, selector: {app: db}, ports: [{port: 80}]}\n"
)

BLOCK = "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}]}]}"
EXCEPT = "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.0/28]}}]}]}"
NAMED = "{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: sql}]}]}"
FROM_AGENT = "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: {matchLabels: {env: dev}}, podSelector: {matchLabels: {app: agent}}}]}]}"
FROM_OTHER = "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: {matchLabels: {env: prod}}, podSelector: {matchLabels: {app: agent}}}]}]}"
OUT = "{podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 203.0.113.0/24}}], ports: [{port: sql}]}]}"
PEER = "{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {KEY: x}}}]}]}"
PLAIN = "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}], ports: [{port: 1}]}]}"


def cautions(around: str, *specs: str) -> tuple[Diagnostic, ...]:
    """The warnings about policies in the shop, with something else around."""
    objects = [document(value) for value in yaml.safe_load_all(documents(SHOP, around)) if value]
    policies = [read_policy(yaml.safe_load(native(f"p{n}", spec))) for n, spec in enumerate(specs)]
    problems = Problems()
    inventory = build(objects, problems)
    found = Problems()
    caution(policies, inventory, found)
    assert found.errors == ()
    return found.warnings


@pytest.mark.parametrize(
    ("fact", "around", "spec", "codes"),
    [
        ("selectors and numbers give no reason", documents(WINDOWS, AGENT, FRONT), PLAIN, []),
        ("a block", "", BLOCK, ["NPV315"]),
        ("a block, and a Service that hides the client", FRONT, BLOCK, ["NPV315", "NPV319"]),
        ("that Service keeps the client", FRONT.replace("NodePort", "NodePort, externalTrafficPolicy: Local"), BLOCK, ["NPV315"]),
        ("that Service is only for the inside", FRONT.replace("NodePort", "ClusterIP"), BLOCK, ["NPV315"]),
        ("that Service sends to other pods", FRONT.replace("app: db", "app: web"), BLOCK, ["NPV315"]),
        ("an exception, and a Windows node", WINDOWS, EXCEPT, ["NPV315", "NPV317"]),
        ("an exception without one", "", EXCEPT, ["NPV315"]),
        ("a named port, and a Windows node", WINDOWS, NAMED, ["NPV317"]),
        ("a named port without one", "", NAMED, []),
        ("a peer on the host network", AGENT, FROM_AGENT, ["NPV316"]),
        ("a peer on the host network in another namespace", AGENT, FROM_OTHER, []),
        ("a subject on the host network", AGENT.replace("namespace: blog", "namespace: shop"), EXCEPT, ["NPV315", "NPV316"]),
        ("a named port of the outside", "", OUT, ["NPV315", "NPV318"]),
        ("a label of Calico's at the subject", "", "{podSelector: {matchLabels: {pcns.env: prod}}}", ["NPV329"]),
        ("a label of Calico's at a peer", "", PEER.replace("KEY", "projectcalico.org/serviceaccount"), ["NPV329"]),
        ("a label like those", "", PEER.replace("KEY", "pcnsx"), []),
    ],
    ids=lambda value: value if isinstance(value, str) and "{" not in value and "\n" not in value else "",
)  # fmt: skip
def test_a_caution_is_told_where_there_is_reason(fact: str, around: str, spec: str, codes: list[str]) -> None:
    """Each caution by its reason, and none without."""
    assert [w.code for w in cautions(around, spec)] == codes, fact


STAGED = """\
apiVersion: projectcalico.org/v3
kind: StagedKubernetesNetworkPolicy
metadata: {name: p0, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""


@pytest.mark.parametrize(
    ("fact", "around", "codes"),
    [
        ("a staged policy of the same name", STAGED, ["NPV326"]),
        ("of another name", STAGED.replace("p0", "other"), []),
        ("of another namespace", STAGED.replace("shop", "blog"), []),
        ("a Calico policy of order 1000", calico("guard", "{order: 1000}"), ["NPV325"]),
        ("of another order", calico("guard", "{order: 999}"), []),
        ("without an order", calico("guard", "{}"), []),
        ("in another tier", documents(calico("t", "{order: 1}", "Tier", ""), calico("g", "{tier: t, order: 1000}")), []),
        ("a global one", calico("guard", "{order: 1000}", "GlobalNetworkPolicy", ""), ["NPV325"]),
    ],
    ids=lambda value: value if isinstance(value, str) and "{" not in value else "",
)  # fmt: skip
def test_neighbours_that_may_meet_the_translation_later_are_told(fact: str, around: str, codes: list[str]) -> None:
    """Equal orders and staged policies; they do not change the proof of today."""
    problems = Problems()
    found = [document(value) for value in yaml.safe_load_all(documents(around, native("p0", PLAIN))) if value]
    inventory = build([document(value) for value in yaml.safe_load_all(SHOP)], problems)
    lowered = lower(found, profile("calico", {}), problems, inventory)
    policies = [read_policy(yaml.safe_load(native("p0", PLAIN)))]
    told = Problems()
    caution_about_neighbours(policies, lowered.policies, found, told)
    assert problems.errors == told.errors == ()
    assert [w.code for w in told.warnings] == codes, fact


def test_host_pods_are_looked_for_where_each_policy_looks() -> None:
    """Equal selectors of policies in different namespaces are about different pods, in the subject and in a peer without
    `namespaceSelector`; so are equal ones beside another selector of namespaces."""
    objects = [
        document(value) for value in yaml.safe_load_all(documents(SHOP, AGENT)) if value
    ]  # the agent is in `blog`
    problems, found = Problems(), Problems()
    inventory = build(objects, problems)
    agent = "podSelector: {matchLabels: {app: agent}}"
    specs = [
        f"{{{agent}}}",
        f"{{podSelector: {{matchLabels: {{app: x}}}}, ingress: [{{from: [{{{agent}}}]}}]}}",
        f"{{podSelector: {{matchLabels: {{app: x}}}}, ingress: [{{from: [{{{agent}, namespaceSelector: {{}}}}]}}]}}",
    ]
    policies = [
        read_policy({**value, "metadata": {"name": f"{namespace}-{n}", "namespace": namespace}})
        for namespace in ("shop", "blog")
        for n, spec in enumerate(specs)
        if (value := yaml.safe_load(native("p", spec)))
    ]
    caution([*policies, *reversed(policies)], inventory, found)
    (warning,) = (w for w in found.warnings if w.code == "NPV316")
    named = [
        name for name in (f"{space}-{n}" for space in ("shop", "blog") for n in range(3)) if name in warning.message
    ]
    assert named == ["shop-2", "blog-0", "blog-1"]  # three are named, and the fourth is counted
    assert "and 1 more" in warning.message


def test_each_caution_is_told_once_for_all_policies() -> None:
    """With the first ones by name, and how many more."""
    (warning,) = cautions("", *[BLOCK] * 5)
    assert warning.message.startswith(
        "NetworkPolicy shop/p0, NetworkPolicy shop/p1, NetworkPolicy shop/p2 and 2 more have `ipBlock`s"
    )
    assert warning.span is not None
    assert warning.fix != ""


@pytest.mark.parametrize(
    ("operator", "values", "labels", "expected"),
    [
        ("In", ("x",), {"a": "x"}, True),
        ("In", ("x",), {"a": "y"}, False),
        ("In", ("x",), {}, False),
        ("NotIn", ("x",), {"a": "x"}, False),
        ("NotIn", ("x",), {"a": "y"}, True),
        ("NotIn", ("x",), {}, True),
        ("Exists", (), {"a": ""}, True),
        ("Exists", (), {}, False),
        ("DoesNotExist", (), {"a": ""}, False),
        ("DoesNotExist", (), {}, True),
        ("In", ("x",), {"a": Unknown("u", ("p", "q"), "label")}, True),
    ],
)
def test_labels_meet_a_requirement_as_the_kubernetes_api_has_it(
    operator: str, values: tuple[str, ...], labels: dict[str, str], expected: bool
) -> None:
    """A value that is not known may be any."""
    assert may_match((Requirement("a", operator, values),), labels) is expected


CLUSTER = build([document(value) for value in yaml.safe_load_all(SHOP) if value], Problems())
ANY = Unknown("what a controller writes", ())
ASKED = [Requirement(key, operator, values) for key in "ab" for operator, values in (
    ("In", ("1",)), ("In", ("1", "2")), ("NotIn", ("1",)), ("NotIn", ("1", "3")), ("Exists", ()), ("DoesNotExist", ())
)]  # fmt: skip
LABELS: list[Labels] = [dict(zip("ab", values, strict=True)) for values in product(("1", "2", ANY), repeat=2)]
LABELS += [{}, {"a": "1"}, {"b": ANY}]


@pytest.mark.parametrize("selector", [(), *((one,) for one in ASKED), *combinations(ASKED, 2)], ids=str)
def test_a_pod_on_the_host_network_is_named_as_labels_are_met(selector: tuple[Requirement, ...]) -> None:
    """By a subject, as one by one: what requirements say together, also of labels that nobody knows."""
    policy = read_policy(yaml.safe_load(native("p0", "{podSelector: {}}")))._replace(subject=selector)
    for labels in LABELS:
        agent = replace(CLUSTER.pods[0], kind=EndpointKind.HOST_POD, namespace=policy.id.namespace, labels=labels)
        told = Problems()
        caution([policy], replace(CLUSTER, endpoints=(agent,)), told)
        assert ("NPV316" in [w.code for w in told.warnings]) is may_match(selector, labels), labels
