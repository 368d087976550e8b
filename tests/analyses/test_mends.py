"""Edits that let a denied flow through: which, in which order, how they are written, and what else they open."""

from __future__ import annotations

import pytest
import yaml

from npverify.analyses.ends import Directory
from npverify.analyses.evaluate import evaluate_query
from npverify.analyses.flows import FlowReader, make_traffic
from npverify.analyses.mends.labels import LabelKey, labels_for
from npverify.analyses.mends.run import Mend, fragments, mends
from npverify.inventory.model import WorkloadRef
from npverify.normal.flow import Flow
from npverify.normal.policy import Direction
from npverify.normal.predicates import Side, and_, label_in, namespace_is, not_, or_
from npverify.oracle import Oracle
from npverify.report.mends_report import mends_json, mends_text, opened_words
from recorded_samples import SHOP, world
from smallworld import pod
from smallworld import world as small

CALICO = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: ops, labels: {env: dev}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
---
apiVersion: v1
kind: Pod
metadata: {name: probe, namespace: ops, labels: {app: probe}}
---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: security}
spec: {order: 100}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: security.cross}
spec:
  tier: security
  selector: all()
  types: [Ingress]
  ingress:
  - {action: Allow, protocol: TCP, source: {selector: app == 'probe'}, destination: {ports: [8443]}}
  - {action: Pass, source: {namespaceSelector: env == 'prod'}}
  - {action: Deny}
"""


def _mends(manifests: str, src: str, dst: str, port: int, protocol: str = "TCP", **options: object) -> tuple[Mend, ...]:
    it = world(manifests, keep_documents=True, **options)
    reader = FlowReader(it.inventory)
    ends = (reader.directory.resolve(name) for name in (src, dst))
    return mends(it, evaluate_query(it, reader.query(*ends, make_traffic(protocol, port))))


def _told(found: tuple[Mend, ...]) -> list[tuple[str, str, str]]:
    """Kind, place and fragment of each part."""
    return [
        (mend.kind, where, yaml.safe_dump(put, default_flow_style=True, width=1000, sort_keys=False).strip())
        for mend in found
        for _, where, put in fragments(mend)
    ]


def test_a_port_a_rule_and_a_policy() -> None:
    """Web may reach db on 5432; for 5433 the smallest edit is the port, then a rule, then a policy of its own."""
    rule = "[{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{protocol: TCP, port: 5433}]}]"
    found = _mends(SHOP, "shop/web", "shop/db", 5433)
    assert _told(found[:2]) == [
        ("port", "spec.ingress[0].ports", "[{protocol: TCP, port: 5433}]"),
        ("rule", "spec.ingress", rule),
    ]
    assert [mend.kind for mend in found] == ["port", "rule", "policy"]
    new = found[2].edits[0].document.value
    assert new["metadata"] == {"name": "allow-web-to-db", "namespace": "shop"}
    assert new["spec"]["podSelector"] == {"matchLabels": {"app": "db"}}
    assert all(mend.opened is not None and mend.opened.count == 0 for mend in found)


def test_a_label_that_opens_more_is_told_with_its_number() -> None:
    """The label `app=web` would let the report in, but it is in the selector of its own workload or opens cache too."""
    found = _mends(SHOP, "shop/cache", "shop/db", 5432)
    label = next(mend for mend in found if mend.kind == "label")
    assert label.text == "change the label `app` of Pod shop/cache from `cache` to `web`"
    assert label.opened is not None
    cache = WorkloadRef("Pod", "shop", "cache")
    # without its label, no policy isolates cache any more
    assert {dst for _, dst in label.opened.opened} == {cache}
    assert cache in label.opened.outside[0]
    assert "also lets" in opened_words(label.opened)


def test_a_label_of_a_template_is_not_changed_against_its_selector() -> None:
    """The API refuses a workload whose template its selector does not match, so no such edit is told."""
    found = _mends(SHOP, "statefulset/shop/db", "shop/cache", 6379)
    assert not any("`app` of the pods of StatefulSet" in mend.text for mend in found)
    assert found


def test_both_directions_have_their_part() -> None:
    """Db may send to one block only, and cache lets in web only: each edit has a part for each direction."""
    found = _mends(SHOP, "statefulset/shop/db", "shop/cache", 6379)
    assert {len(mend.edits) for mend in found} == {2}
    sections = [{edit.path[1] for edit in mend.edits if len(edit.path) > 1} for mend in found]
    assert {"egress", "ingress"} in sections


def test_an_outside_address_is_named_by_its_block() -> None:
    """A rule for an outside address has an ipBlock of that address alone."""
    found = _mends(SHOP, "198.51.100.7", "shop/cache", 6379)
    assert ("peer", "spec.ingress[0].from", "[{ipBlock: {cidr: 198.51.100.7/32}}]") in _told(found)


def test_a_peer_in_another_namespace() -> None:
    """The namespace is named by the label that the server sets."""
    other = SHOP + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: probe, namespace: ops, labels: {app: web}}\n"
    peer = "[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ops}}, podSelector: {matchLabels: {app: web}}}]"
    assert ("peer", "spec.ingress[0].from", peer) in _told(_mends(other, "ops/probe", "shop/db", 5432))


def test_in_calico_a_rule_goes_before_the_one_that_denies() -> None:
    """The rule is for both ends alone, though the policy selects all pods; a label of the namespace would do as well."""
    found = _mends(CALICO, "ops/probe", "shop/web", 80)
    told = _told(found)
    assert ("port", "spec.ingress[0].destination.ports", "[80]") in told
    rule = next(mend for mend in found if mend.kind == "rule")
    assert rule.edits[0].index == 2
    assert rule.edits[0].item == {
        "action": "Allow",
        "protocol": "TCP",
        "source": {"selector": "app == 'probe'", "namespaceSelector": "projectcalico.org/name == 'ops'"},
        "destination": {
            "selector": "app == 'web'",
            "namespaceSelector": "projectcalico.org/name == 'shop'",
            "ports": [80],
        },
    }
    assert rule.opened is not None
    assert rule.opened.count == 0
    labels = [mend.text for mend in found if mend.kind == "label"]
    assert labels == ["change the label `env` of Namespace ops from `dev` to `prod`"]


def test_in_calico_icmp_is_named_by_its_family() -> None:
    """A rule for ICMP has no ports."""
    it = world(CALICO, keep_documents=True)
    reader = FlowReader(it.inventory)
    ends = (reader.directory.resolve(name) for name in ("ops/probe", "shop/web"))
    found = mends(it, evaluate_query(it, reader.query(*ends, make_traffic("ICMP"))))
    rule = next(mend for mend in found if mend.kind == "rule")
    assert isinstance(rule.edits[0].item, dict)
    assert rule.edits[0].item["protocol"] == "ICMP"
    assert "ports" not in rule.edits[0].item["destination"]


def test_there_is_nothing_to_mend() -> None:
    """An allowed flow needs no edit, and of a world whose objects were not kept nothing is known to edit."""
    assert _mends(SHOP, "shop/web", "shop/db", 5432) == ()
    it = world()
    directory = Directory(it.inventory)
    flow = FlowReader(it.inventory).query(
        directory.resolve("shop/web"), directory.resolve("shop/db"), make_traffic("TCP", 1)
    )
    assert mends(it, evaluate_query(it, flow)) == ()


def test_an_edit_leaves_the_input_as_it_is() -> None:
    """The same question gives the same answer twice."""
    it = world(keep_documents=True)
    reader = FlowReader(it.inventory)
    query = reader.query(
        reader.directory.resolve("shop/web"), reader.directory.resolve("shop/db"), make_traffic("TCP", 1)
    )
    before = [dict(doc.value) for doc in it.origin.documents] if it.origin else []
    first = [mend.text for mend in mends(it, evaluate_query(it, query))]
    assert first == [mend.text for mend in mends(it, evaluate_query(it, query))]
    assert it.origin is not None
    assert before == [doc.value for doc in it.origin.documents]


WEB, DB = pod("web", tier="front"), pod("db", ns="data")
APP, TIER = LabelKey(Side.SRC, "pod", "app"), LabelKey(Side.SRC, "pod", "tier")
WAYS = [
    ("already so", label_in(Side.SRC, "pod", "app", ["web"]), True, [{}]),
    ("one label", label_in(Side.SRC, "pod", "role", ["a"]), True, [{LabelKey(Side.SRC, "pod", "role"): "a"}]),
    ("one of two values", label_in(Side.SRC, "pod", "app", ["a", "b"]), True, [{APP: "a"}, {APP: "b"}]),
    ("a label that must be there", label_in(Side.SRC, "pod", "role", None), True, [{LabelKey(Side.SRC, "pod", "role"): "true"}]),
    ("a label that must not be there", not_(label_in(Side.SRC, "pod", "app", ["web"])), True, [{APP: None}]),
    ("two labels", and_(label_in(Side.SRC, "pod", "app", ["a"]), label_in(Side.SRC, "pod", "tier", ["b"])), True, [{APP: "a", TIER: "b"}]),
    ("a contradiction", and_(label_in(Side.SRC, "pod", "app", ["a"]), label_in(Side.SRC, "pod", "app", ["b"])), True, []),
    ("either", or_(label_in(Side.SRC, "pod", "app", ["a"]), namespace_is(Side.SRC, "x")), True, [{APP: "a"}]),
    ("what no label changes", namespace_is(Side.SRC, "x"), True, []),
    ("to be false", and_(label_in(Side.SRC, "pod", "app", ["web"]), label_in(Side.SRC, "pod", "tier", None)), False, [{APP: None}, {TIER: None}]),
    ("of the namespace", label_in(Side.DST, "namespace", "env", ["p"]), True, [{LabelKey(Side.DST, "namespace", "env"): "p"}]),
    ("the name of the namespace", label_in(Side.DST, "namespace", "kubernetes.io/metadata.name", ["x"]), True, []),
]  # fmt: skip


@pytest.mark.parametrize(("pred", "want", "expected"), [pytest.param(*row[1:], id=row[0]) for row in WAYS])
def test_which_labels_change_a_predicate(pred, want, expected) -> None:
    """The fewest labels first; what else the predicate looks at stays."""
    it = small(WEB, DB)
    seen = Oracle(it.policies, it.inventory).seen(Flow(WEB, DB, "TCP", 80), {}, Direction.INGRESS)
    assert labels_for(pred, seen, want=want) == expected


def test_of_two_rules_the_one_that_opens_less_is_told() -> None:
    """A rule in the policy of all pods would let web reach all of them; the one in the policy of db does not."""
    deny = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
    found = _mends(SHOP + deny, "shop/web", "shop/db", 5433)
    assert [mend.text for mend in found if mend.kind == "rule"] == [
        "add a rule to NetworkPolicy shop/db (ingress, one more)"
    ]


def test_edits_in_words_and_as_json() -> None:
    """The text has the YAML to paste with its place; the JSON has the same."""
    found = _mends(SHOP, "shop/web", "shop/db", 5433)
    text = mends_text(found)
    assert "1. add TCP 5433 to the ports of NetworkPolicy shop/db, ingress[0]; opens nothing else" in text
    assert "into spec.ingress[0].ports\n       - {protocol: TCP, port: 5433}\n" in text
    first, _, new = mends_json(found)
    assert first["parts"][0] | {"source": ""} == {
        "object": {"kind": "NetworkPolicy", "namespace": "shop", "name": "db"},
        "source": "",
        "action": "add",
        "path": "spec.ingress[0].ports",
        "index": None,
        "yaml": "- {protocol: TCP, port: 5433}\n",
    }
    assert new["parts"][0]["action"] == "create"
    assert yaml.safe_load(new["parts"][0]["yaml"])["kind"] == "NetworkPolicy"
    assert "no small edit was found" in mends_text(())
