"""A workload's template in one version against its listed pods in the other: what is told, and what is no difference."""

from __future__ import annotations

import json
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_diff import told

import npverify
from generate import APPS, NAMESPACES, policies
from npverify.analyses.diff.results import DiffResult
from npverify.analyses.diff.run import diff
from npverify.ingest.read import SpecText

Manifest = dict[str, Any]
SPACE = "- {apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n"
DB = (
    "- {apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}},"
    " spec: {containers: [{name: c, image: i}]}, status: {podIP: 10.1.0.9, phase: Running}}\n"
)
WEB = "{podSelector: {matchLabels: {app: web}}}"


def deployment(labels: str = "app: web", port: int = 8080, kind: str = "Deployment") -> str:
    """Its template."""
    return (
        f"- {{apiVersion: apps/v1, kind: {kind}, metadata: {{name: web, namespace: shop}},"
        f" spec: {{{'replicas: 2, ' if kind == 'Deployment' else ''}selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{{labels}}}}},"
        f" spec: {{containers: [{{name: c, image: i, ports: [{{name: http, containerPort: {port}}}]}}]}}}}}}}}\n"
    )


def listed(name: str, ip: str, labels: str = "app: web", node: str = "", kind: str = "Deployment") -> str:
    """One pod of it, with what is between the two."""
    own = (
        "apiVersion: apps/v1, kind: ReplicaSet, name: web-5f"
        if kind == "Deployment"
        else "apiVersion: apps/v1, kind: DaemonSet, name: web"
    )
    where = f"nodeName: {node}, " if node else ""
    status = f", status: {{podIP: {ip}, phase: Running}}" if ip else ""
    return (
        f"- {{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: shop, labels: {{{labels}, pod-template-hash: 5f}},"
        f" ownerReferences: [{{{own}, controller: true, uid: u}}]}},"
        f" spec: {{{where}containers: [{{name: c, image: i, ports: [{{name: http, containerPort: 8080}}]}}]}}{status}}}\n"
    )


REPLICAS = (
    "- {apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-5f, namespace: shop, ownerReferences:"
    " [{apiVersion: apps/v1, kind: Deployment, name: web, controller: true, uid: u}]},"
    " spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}},"
    " spec: {containers: [{name: c, image: i}]}}}}\n"
)
PODS = REPLICAS + listed("web-5f-a", "10.1.0.1") + listed("web-5f-b", "10.1.0.2")


def policy(subject: str, peer: str = "", port: object = 5432, egress: str = "") -> str:
    """Lets a peer reach the subject, or the subject reach an egress peer; nobody where there is none."""
    rules = f"ingress: [{{from: [{peer}], ports: [{{port: {port}}}]}}]" if peer else ""
    rules = f"policyTypes: [Egress], egress: [{{to: [{egress}]}}]" if egress else rules or "policyTypes: [Ingress]"
    return (
        "- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  metadata: {name: p, namespace: shop}\n"
        f"  spec: {{podSelector: {{matchLabels: {{{subject}}}}}, {rules}}}\n"
    )


TO_DB = policy("app: db", WEB)
HASH = policy("app: db", "{podSelector: {matchLabels: {pod-template-hash: 5f}}}")
BLOCK = policy("app: db", "{ipBlock: {cidr: 10.1.0.0/30}}")
AMONG = policy("app: web", WEB, 8080)
SERVICE = (
    "- {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop},"
    " spec: {clusterIP: 10.2.0.1, selector: {app: web}, ports: [{port: 80, targetPort: http}]}}\n"
)


def world(*parts: str) -> npverify.World:
    """The usual namespace and database with what the parts say."""
    text = "apiVersion: v1\nkind: List\nitems:\n" + SPACE + DB + "".join(parts)
    return npverify.load(["-"], stdin=text.encode, with_assertions=False).world


def compare(old: tuple[str, ...], new: tuple[str, ...], spec: str = "") -> DiffResult:
    """Two versions."""
    return diff(world(*old), world(*new), specs=[SpecText("t.npv", spec)] if spec else [])


class Row(NamedTuple):
    """Two versions and what is told, in this direction."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    changes: tuple[str, ...] = ()


ONE = listed("web-5f-a", "10.1.0.1")
ROWS = {
    "the same labels": Row((deployment(), TO_DB), (PODS, TO_DB)),
    "a single pod": Row((deployment(), TO_DB), (REPLICAS, ONE, TO_DB)),
    "without any policy": Row((deployment(),), (PODS,)),
    "a policy about the pods themselves": Row((deployment(), AMONG), (PODS, AMONG)),
    "by the name of a port": Row((deployment(), policy("app: web", WEB, "http")), (PODS, policy("app: web", WEB, "http"))),
    "addresses that the template leaves open": Row((deployment(), BLOCK), (PODS, BLOCK)),
    "addresses that nobody knows": Row(
        (deployment(), TO_DB), (REPLICAS + listed("web-5f-a", "") + listed("web-5f-b", ""), TO_DB)
    ),
    "nodes that the template leaves open": Row(
        (deployment(), "- {apiVersion: v1, kind: Node, metadata: {name: n1}}\n", AMONG),
        (REPLICAS + listed("web-5f-a", "10.1.0.1", node="n1"), "- {apiVersion: v1, kind: Node, metadata: {name: n1}}\n", AMONG),
    ),
    "nodes that the version of the template does not tell of": Row(
        (deployment(), AMONG), (REPLICAS + listed("web-5f-a", "10.1.0.1", node="n1"), AMONG)
    ),
    "behind a Service": Row((deployment(), SERVICE, AMONG), (PODS, SERVICE, AMONG)),
    "a DaemonSet": Row(
        (deployment(kind="DaemonSet"), TO_DB), (listed("web-x", "10.1.0.1", kind="DaemonSet"), TO_DB)
    ),
    "a policy that came": Row(
        (deployment(),), (PODS, policy("app: db")),
        (
            "- shop/web (Deployment) -> shop/db (Pod): everything [NetworkPolicy shop/p (new)]",
            "- any IPv4 address -> shop/db (Pod): everything [NetworkPolicy shop/p (new)]",
        ),
    ),
    "a policy that goes between the pods": Row(
        (deployment(), AMONG), (PODS, policy("app: web", "{podSelector: {matchLabels: {app: db}}}", 8080)),
        (
            "+ shop/db (Pod) -> shop/web (Deployment): TCP 8080 [NetworkPolicy shop/p (changed)]",
            "- shop/web (Deployment) -> shop/web (Deployment): TCP 8080 [NetworkPolicy shop/p (changed)]",
        ),
    ),
    "a listed pod with another label": Row(
        (deployment(), TO_DB), (REPLICAS + ONE + listed("web-5f-b", "10.1.0.2", labels="app: other"), TO_DB),
        ("- shop/web-5f-b (Pod) -> shop/db (Pod): TCP 5432 [Deployment shop/web-5f-b (relabelled: app=web → other)]",),
    ),
    "another port of the same name": Row(
        (deployment(port=8081), policy("app: web", WEB, "http")), (PODS, policy("app: web", WEB, "http")),
        (
            "~ shop/web (Deployment) -> shop/web (Deployment): + TCP 8080 - TCP 8081"
            " [Deployment shop/web-5f-a (other container ports), Deployment shop/web-5f-b (other container ports)]",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_a_template_is_compared_at_the_listed_pods(name: str) -> None:
    """In this direction, and in the other with the signs turned; nothing is in one version alone."""
    row = ROWS[name]
    result = compare(row.old, row.new)
    assert (result.only_old, result.only_new, result.conditional) == ((), (), ())
    assert tuple(told(result.changes)) == row.changes
    back = compare(row.new, row.old)
    assert (back.only_old, back.only_new) == ((), ())
    assert len(back.changes) == len(row.changes)


def test_it_is_said_once_what_is_assumed() -> None:
    """Names, addresses and nodes are those of the listed pods."""
    result = compare((deployment(), TO_DB), (PODS, TO_DB))
    assert result.notes[0] == (
        "the template of Deployment shop/web in the old version is compared at the pods that are listed in the new version, with"
        " their addresses and nodes"
    )
    assert not any("alone" in note or "another address" in note or "one pod" in note for note in result.notes)
    single = compare((deployment(), TO_DB), (REPLICAS, ONE, TO_DB)).notes
    assert "of Deployment shop/web one pod is listed, so no flow between two of its pods is compared" in single


def test_a_node_that_a_version_with_nodes_lacks_is_told() -> None:
    """Where the version of the template has nodes, those that the other has beyond them are in that version alone."""
    node = "- {apiVersion: v1, kind: Node, metadata: {name: n2}}\n"
    result = compare((deployment(), node), (REPLICAS + listed("web-5f-a", "10.1.0.1", node="n1"), node))
    assert [str(end) for end in result.only_new] == ["node n1"]


def test_a_label_of_run_time_that_a_policy_looks_at_is_told() -> None:
    """What the controller will set is not known of the template, so it is no proof that the listed pod has it."""
    lines = told(compare((deployment(), HASH), (PODS, HASH)).changes)
    assert lines == [
        "+ shop/web (Deployment) -> shop/db (Pod): TCP 5432 [Deployment shop/web-5f-a (relabelled: pod-template-hash, which is set at"
        " run time), Deployment shop/web-5f-b (relabelled: pod-template-hash, which is set at run time)]"
    ]


def test_replicas_may_have_two_labels_of_run_time() -> None:
    """Of two copies each has a label of its own, as two replicas have: one is not known to be what the other is."""
    same = policy("pod-template-hash: 5f", WEB, 8080)
    result = compare(
        (deployment(), same), (REPLICAS + listed("web-5f-a", "10.1.0.1") + listed("web-5f-b", "10.1.0.2"), same)
    )
    ends = [end for end in result.old.inventory.pods if end.workload and end.workload.name == "web"]
    assert len({str(end.labels["pod-template-hash"]) for end in ends}) == 2
    assert result.changes


def test_an_address_that_another_pod_has_is_left_open() -> None:
    """The database of the old version has the address of a listed pod, so the copy has none that is known."""
    result = compare((deployment(), BLOCK), (REPLICAS + listed("web-5f-a", "10.1.0.9"), BLOCK))
    (copy,) = [end for end in result.old.inventory.pods if end.name == "web-5f-a"]
    assert not copy.address_known


def test_a_service_leads_to_every_copy() -> None:
    """So it is the same on both sides, and nothing is said of it."""
    result = compare((deployment(), SERVICE), (PODS, SERVICE))
    assert not any("Service" in note for note in result.notes)
    backends = [b.endpoint.name for b in result.old.inventory.services["shop", "web"].backends[0]]
    assert backends == ["web-5f-a", "web-5f-b"]


def test_of_two_templates_of_a_workload_none_is_chosen() -> None:
    """Two sets of replicas of one Deployment: whose a listed pod is nobody knows, so all are told to be in one version alone."""
    result = compare((REPLICAS, REPLICAS.replace("web-5f", "web-6f")), (PODS,))
    assert [str(end) for end in result.only_old] == ["shop/web-5f", "shop/web-6f"]
    assert [str(end) for end in result.only_new] == ["shop/web-5f-a", "shop/web-5f-b"]


def test_pods_of_another_workload_are_no_counterpart() -> None:
    """A Deployment of the one version and the DaemonSet of that name in the other are two workloads."""
    result = compare((deployment(), TO_DB), (listed("web-x", "10.1.0.1", kind="DaemonSet"), TO_DB))
    assert [str(end) for end in (*result.only_old, *result.only_new)] == ["shop/web", "shop/web-x"]


def test_assertions_on_change_see_the_listed_pods() -> None:
    """No new flow from a workload that is a template before and pods now; and one that there is."""
    spec = "assert on change: no new flow from shop/web to shop/db\n"
    kept = compare((deployment(), TO_DB), (PODS, TO_DB), spec)
    assert [claim.status.value for claim in kept.claims] == ["proved"]
    broken = compare((deployment(), policy("app: db")), (PODS, TO_DB), spec)
    assert [claim.status.value for claim in broken.claims] == ["refuted"]


def test_plain_assertions_are_about_the_template_itself() -> None:
    """They are decided in each version as it is given, for any number of pods."""
    (kept,) = compare(
        (deployment(), TO_DB), (PODS, TO_DB), "assert every shop/web reaches shop/db on tcp/5432\n"
    ).promises
    assert kept.before is not None
    assert [r.status.value for r in (kept.before, kept.after)] == ["proved", "proved"]


def _versions(rng: Random) -> tuple[list[Manifest], list[Manifest], list[Manifest], list[Manifest]]:
    """Templates, the pods that they make, and two sets of policies."""
    templates: list[Manifest] = []
    pods: list[Manifest] = []
    for number in range(rng.randint(1, 3)):
        name, space = f"w{number}", rng.choice(NAMESPACES)
        labels = {"app": rng.choice(APPS), **({"tier": rng.choice("ab")} if rng.random() < 0.5 else {})}
        ports = [{"name": "http", "containerPort": rng.choice((80, 8080))}] if rng.random() < 0.6 else []
        spec = {"containers": [{"name": "c", "image": "i", "ports": ports}]}
        meta = {"name": name, "namespace": space}
        template = {"metadata": {"labels": labels}, "spec": spec}
        body = {"selector": {"matchLabels": labels}, "template": template}
        templates.append(
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {"replicas": 2, **body}}
        )
        owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "controller": True, "uid": "u"}
        for n in range(rng.randint(1, 3)):
            own = {"name": f"{name}-{n}", "namespace": space, "labels": labels, "ownerReferences": [owner]}
            pod: Manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": own, "spec": spec}
            if rng.random() < 0.7:
                pod["status"] = {"podIP": f"10.1.{number}.{n + 1}", "phase": "Running"}
            pods.append(pod)
    return templates, pods, _by_known_labels(rng), _by_known_labels(rng)


def _by_known_labels(rng: Random) -> list[Manifest]:
    """Policies that look at no label which is set at run time: of the listed pods alone it is known."""
    return [policy for policy in policies(rng) if "pod-template-hash" not in json.dumps(policy)]


def _read(*objects: Manifest) -> npverify.World:
    spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in NAMESPACES]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [*spaces, *objects]})
    return npverify.load(["-"], stdin=text.encode, with_assertions=False).world


def _lines(result: DiffResult) -> list[str]:
    assert result.undecided == ""
    return sorted(
        f"{c.sources.ends} {c.destinations.ends} {c.added} {c.removed} {c.meeting} {c.only}" for c in result.every
    )


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_template_fares_as_the_pods_that_it_makes(seed: int) -> None:
    """Against the listed pods under other policies, the template has the changes that these pods have under its policies."""
    templates, pods, before, after = _versions(Random(seed))
    new = _read(*pods, *after)
    as_template, as_pods = diff(_read(*templates, *before), new), diff(_read(*pods, *before), new)
    assert (as_template.only_old, as_template.only_new) == ((), ())
    assert _lines(as_template) == _lines(as_pods)
