"""Snapshots of a cluster: listed pods and the controllers that made them."""

from __future__ import annotations

import pytest

from inventory.manifests import inventory, names, problems_of
from npverify.inventory.model import WorkloadRef


def owned(kind: str, name: str, owner: str = "", labels: str = "", group: str = "v1", more: str = "") -> str:
    """An object in namespace x whose controller is `owner`, written `Kind/name`."""
    references = ""
    if owner:
        owner_kind, _, owner_name = owner.partition("/")
        references = f", ownerReferences: [{{kind: {owner_kind}, name: {owner_name}, controller: true}}]"
    meta = f"{{name: {name}, namespace: x, labels: {{{labels}}}{references}}}"
    return f"{{apiVersion: {group}, kind: {kind}, metadata: {meta}{more}}}"


def whole(kind: str, name: str, owner: str = "", group: str = "apps/v1", more: str = "") -> str:
    """A workload with a pod template."""
    spec = "template: {spec: {containers: [{name: c}]}}"
    spec = f"jobTemplate: {{spec: {{{spec}}}}}" if kind == "CronJob" else spec
    return owned(kind, name, owner, group=group, more=f", spec: {{{spec}{more}}}")


def pod(owner: str, labels: str = "", name: str = "p", status: str = "{phase: Running, podIP: 10.0.0.1}") -> str:
    """A listed pod of a controller."""
    return owned("Pod", name, owner, labels, more=f", status: {status}")


DEPLOYMENT = whole("Deployment", "web")
REPLICA_SET = whole("ReplicaSet", "web-abc", "Deployment/web")
OLD_REPLICA_SET = whole("ReplicaSet", "web-old", "Deployment/web", more=", replicas: 0")
LONE_REPLICA_SET = whole("ReplicaSet", "web-abc")
JOB = whole("Job", "nightly-28000001", "CronJob/nightly", "batch/v1")
CRON_JOB = whole("CronJob", "nightly", group="batch/v1")


@pytest.mark.parametrize(
    ("documents", "workload"),
    [
        pytest.param([pod("")], ("Pod", "p"), id="a bare pod"),
        pytest.param([pod("Node/n")], ("Pod", "p"), id="a static pod, which its node owns"),
        pytest.param([pod("ReplicaSet/web-abc"), REPLICA_SET], ("Deployment", "web"), id="pod, ReplicaSet, Deployment"),
        pytest.param([pod("ReplicaSet/web-abc"), LONE_REPLICA_SET], ("ReplicaSet", "web-abc"), id="a lone ReplicaSet"),
        pytest.param(
            [pod("ReplicaSet/web-abc", "pod-template-hash: abc")],
            ("Deployment", "web"),
            id="without the ReplicaSet, its name and the hash tell",
        ),
        pytest.param(
            [pod("ReplicaSet/web-abc", "pod-template-hash: other")],
            ("ReplicaSet", "web-abc"),
            id="a name that is not made with the hash tells nothing",
        ),
        pytest.param([pod("Job/nightly-28000001"), JOB], ("CronJob", "nightly"), id="pod, Job, CronJob"),
        pytest.param(
            [pod("Job/nightly-28000001"), CRON_JOB],
            ("CronJob", "nightly"),
            id="without the Job, its name and the CronJob tell",
        ),
        pytest.param([pod("Job/once")], ("Job", "once"), id="a lone Job"),
        pytest.param([pod("StatefulSet/db")], ("StatefulSet", "db"), id="a StatefulSet"),
        pytest.param([pod("Cluster/pg")], ("Cluster", "pg"), id="a controller of another kind"),
    ],
)
def test_a_listed_pod_belongs_to_its_top_controller(documents, workload):
    """The workload of a pod is what a user wrote, not what a controller made of it."""
    (found,) = inventory("\n---\n".join(documents)).pods
    assert found.workload == WorkloadRef(workload[0], "x", workload[1])


@pytest.mark.parametrize(
    ("documents", "endpoints"),
    [
        pytest.param(
            [DEPLOYMENT, REPLICA_SET, pod("ReplicaSet/web-abc")], ["x/p"], id="a Deployment with a listed pod"
        ),
        pytest.param([DEPLOYMENT, REPLICA_SET, OLD_REPLICA_SET], ["x/web"], id="a Deployment without listed pods"),
        pytest.param([REPLICA_SET], ["x/web-abc"], id="a ReplicaSet whose Deployment is absent"),
        pytest.param([CRON_JOB, JOB], ["x/nightly"], id="a CronJob with a run"),
        pytest.param([JOB], ["x/nightly-28000001"], id="a Job whose CronJob is absent"),
        pytest.param([CRON_JOB, JOB, pod("Job/nightly-28000001")], ["x/p"], id="a CronJob with a listed pod"),
        pytest.param(
            [owned("StatefulSet", "db", group="apps/v1", more=", spec: {replicas: 2}"), pod("StatefulSet/db")],
            ["x/p"],
            id="a StatefulSet with a listed pod",
        ),
        pytest.param(
            [CRON_JOB, pod("Job/nightly-28000001", status="{phase: Succeeded}")],
            ["x/nightly"],
            id="finished pods are not what the next run will be",
        ),
        pytest.param(
            [whole("Deployment", "other"), pod("ReplicaSet/web-abc", "pod-template-hash: abc")],
            ["x/other", "x/p"],
            id="each workload by itself",
        ),
        pytest.param(
            [whole("Deployment", "p"), pod("Deployment/web")],
            ["x/p", "x/p?"],
            id="a pod and a workload of one name and kind are told apart",
        ),
    ],
)
def test_a_workload_is_expanded_only_where_no_pod_of_it_is_listed(documents, endpoints):
    """Either the listed pods stand for a workload or its template does, never both."""
    for order in (documents, documents[::-1]):
        assert names(inventory("\n---\n".join(order))) == endpoints


def test_a_listed_pod_keeps_the_labels_that_it_has():
    """Run-time labels of a live pod are known."""
    (found,) = inventory(pod("StatefulSet/db", "statefulset.kubernetes.io/pod-name: db-0, app: db")).pods
    assert found.labels == {"statefulset.kubernetes.io/pod-name": "db-0", "app": "db"}


def test_owners_that_own_each_other_do_not_hang():
    """A cycle of owner references, which only a hand-made file has, ends."""
    documents = [
        owned("ReplicaSet", "a", "ReplicaSet/b", group="apps/v1"),
        owned("ReplicaSet", "b", "ReplicaSet/a", group="apps/v1"),
        pod("ReplicaSet/a"),
    ]
    (found,) = inventory("\n---\n".join(documents)).pods
    assert found.workload == WorkloadRef("ReplicaSet", "x", "b")


def test_many_left_out_pods_are_one_note():
    """A report does not list every finished pod."""
    pods = "\n---\n".join(pod("", name=f"p{i}", status="{phase: Failed}") for i in range(5))
    assert "left out, because they have finished: 5 pods (x/p0, x/p1, x/p2 and 2 more)" in inventory(pods).notes


@pytest.mark.parametrize(
    ("documents", "where"),
    [
        pytest.param([owned("Deployment", "w", group="apps/v1")], "spec.template", id="no spec"),
        pytest.param(
            [owned("DaemonSet", "w", group="apps/v1", more=", spec: {}")], "spec.template", id="an empty spec"
        ),
        pytest.param(
            [owned("ReplicationController", "w", more=", spec: {template: {}}")],
            "spec.template",
            id="an empty template",
        ),
        pytest.param(
            [owned("CronJob", "w", group="batch/v1", more=", spec: {schedule: x}")],
            "spec.jobTemplate.spec.template",
            id="a CronJob",
        ),
        pytest.param(
            [owned("Deployment", "w", group="apps/v1"), pod("Deployment/w")], "", id="its pods are listed instead"
        ),
        pytest.param(
            [owned("StatefulSet", "w", group="apps/v1", more=", spec: {replicas: 0}")], "", id="it has no pods at all"
        ),
        pytest.param(
            [whole("Deployment", "web"), owned("ReplicaSet", "web-1", "Deployment/web", group="apps/v1")],
            "",
            id="another workload makes it",
        ),
    ],
)
def test_a_workload_whose_pods_nothing_tells_is_an_error(documents, where):
    """The template is missed where the pods are to be made from it."""
    errors = problems_of("\n---\n".join(documents)).errors
    assert [(e.code, e.span.file) for e in errors] == ([("NPV045", where)] if where else [])


@pytest.mark.parametrize(
    ("documents", "told"),
    [
        pytest.param([whole("Deployment", "w")], [], id="a template with a container"),
        pytest.param([pod("", name="w")], ["Pod `x/w` lists no container"], id="a pod without spec"),
        pytest.param([owned("Pod", "w", more=", spec: {containers: []}")], ["Pod `x/w` lists no container"], id="none"),
        pytest.param(
            [owned("Job", "w", group="batch/v1", more=", spec: {template: {metadata: {labels: {a: b}}}}")],
            ["Job `x/w` lists no container"],
            id="a template of labels alone",
        ),
        pytest.param(
            [pod("", name=f"p{i}", status=f"{{phase: Running, podIP: 10.0.0.{i}}}") for i in range(3)],
            ["Pod `x/p0` lists no container, and so it is with 2 more"],
            id="one warning for all",
        ),
    ],
)
def test_pods_without_containers_are_told_once(documents, told):
    """Trimmed objects are read as pods that declare no port, and that is said."""
    found = problems_of("\n---\n".join(documents))
    assert found.errors == ()
    warned = [w.message for w in found.warnings if w.code == "NPV046"]
    assert warned == [f"{text}: taken to declare no port" for text in told]
