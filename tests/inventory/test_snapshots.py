"""Snapshots of a cluster: listed pods and the controllers that made them."""

from __future__ import annotations

import pytest

from inventory.manifests import inventory, names
from npverify.inventory.model import WorkloadRef


def owned(kind: str, name: str, owner: str = "", labels: str = "", group: str = "v1", more: str = "") -> str:
    """An object in namespace x whose controller is `owner`, written `Kind/name`."""
    references = ""
    if owner:
        owner_kind, _, owner_name = owner.partition("/")
        references = f", ownerReferences: [{{kind: {owner_kind}, name: {owner_name}, controller: true}}]"
    meta = f"{{name: {name}, namespace: x, labels: {{{labels}}}{references}}}"
    return f"{{apiVersion: {group}, kind: {kind}, metadata: {meta}{more}}}"


def pod(owner: str, labels: str = "", name: str = "p", status: str = "{phase: Running, podIP: 10.0.0.1}") -> str:
    """A listed pod of a controller."""
    return owned("Pod", name, owner, labels, more=f", status: {status}")


DEPLOYMENT = owned("Deployment", "web", group="apps/v1")
REPLICA_SET = owned("ReplicaSet", "web-abc", "Deployment/web", group="apps/v1")
OLD_REPLICA_SET = owned("ReplicaSet", "web-old", "Deployment/web", group="apps/v1", more=", spec: {replicas: 0}")
LONE_REPLICA_SET = owned("ReplicaSet", "web-abc", group="apps/v1")
JOB = owned("Job", "nightly-28000001", "CronJob/nightly", group="batch/v1")
CRON_JOB = owned("CronJob", "nightly", group="batch/v1")


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
            [owned("Deployment", "other", group="apps/v1"), pod("ReplicaSet/web-abc", "pod-template-hash: abc")],
            ["x/other", "x/p"],
            id="each workload by itself",
        ),
        pytest.param(
            [owned("Deployment", "p", group="apps/v1"), pod("Deployment/web")],
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
