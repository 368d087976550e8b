"""Pods that controllers would create, and the labels that they would carry."""

from __future__ import annotations

import pytest

from inventory.manifests import endpoint, inventory, names
from npverify.inventory.model import ContainerPort, EndpointKind, WorkloadRef
from npverify.inventory.unknowns import ABSENT, OTHER, Unknown

UNCERTAIN = object()
"""Stands for a label whose value is set when the pod is created and can be anything."""


def workload(
    kind: str, spec: str = "", group: str = "apps/v1", template: str = "metadata: {labels: {app: web}}"
) -> str:
    """A workload x/w that the controller itself labels `app: controller`."""
    body = f"template: {{{template}}}"
    if kind == "CronJob":
        body = f"jobTemplate: {{spec: {{{body}{', ' + spec if spec else ''}}}}}"
    elif spec:
        body += f", {spec}"
    meta = "{name: w, namespace: x, labels: {app: controller}}"
    return f"{{apiVersion: {group}, kind: {kind}, metadata: {meta}, spec: {{{body}}}}}"


def plain(labels):
    """Labels with every open unknown replaced by UNCERTAIN and every closed one by its values."""
    return {
        key: (UNCERTAIN if value.open else value.values) if isinstance(value, Unknown) else value
        for key, value in labels.items()
    }


JOB_NAMES = ("job-name", "batch.kubernetes.io/job-name")
JOB_UIDS = {"controller-uid": UNCERTAIN, "batch.kubernetes.io/controller-uid": UNCERTAIN}
INDEX = "apps.kubernetes.io/pod-index"
REVISION = "controller-revision-hash"
POD_NAME = "statefulset.kubernetes.io/pod-name"


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        pytest.param(workload("ReplicaSet"), {}, id="row 47: those of the template, never the controller's"),
        pytest.param(workload("ReplicationController", group="v1"), {}, id="1.15: a ReplicationController adds none"),
        pytest.param(workload("Deployment"), {"pod-template-hash": UNCERTAIN}, id="row 48: a Deployment adds a hash"),
        pytest.param(
            workload("Deployment", group="extensions/v1beta1"), {"pod-template-hash": UNCERTAIN}, id="a legacy group"
        ),
        pytest.param(
            workload("DaemonSet"),
            {REVISION: UNCERTAIN, "pod-template-generation": UNCERTAIN},
            id="1.15: a DaemonSet adds its revision",
        ),
        pytest.param(
            workload("StatefulSet", "replicas: 65"),
            {POD_NAME: UNCERTAIN, INDEX: UNCERTAIN, REVISION: UNCERTAIN},
            id="a large StatefulSet is one endpoint",
        ),
        pytest.param(
            workload("Job", group="batch/v1"),
            {**dict.fromkeys(JOB_NAMES, "w"), **JOB_UIDS},
            id="row 50: a Job's pods know its name",
        ),
        pytest.param(
            workload("Job", "completionMode: Indexed", group="batch/v1"),
            {**dict.fromkeys(JOB_NAMES, "w"), **JOB_UIDS, "batch.kubernetes.io/job-completion-index": UNCERTAIN},
            id="1.15: an indexed Job",
        ),
        pytest.param(
            workload("Job", "manualSelector: true", group="batch/v1"), {}, id="a Job that generates no labels"
        ),
        pytest.param(
            workload("CronJob", group="batch/v1"),
            {**dict.fromkeys(JOB_NAMES, UNCERTAIN), **JOB_UIDS},
            id="1.15: each run of a CronJob has a name of its own",
        ),
        pytest.param(
            workload("CronJob", group="batch/v1beta1"),
            {**dict.fromkeys(JOB_NAMES, UNCERTAIN), **JOB_UIDS},
            id="a legacy version",
        ),
    ],
)
def test_pods_of_a_workload_are_one_replicated_endpoint_with_these_labels(text, labels):
    """1.15: the template's labels and the generated ones; even one replica is two pods during a rollout."""
    pod = endpoint(inventory(text), "x/w")
    assert plain(pod.labels) == {"app": "web", **labels}
    assert pod.replicated
    assert not pod.address_known
    assert pod.workload == WorkloadRef(text.split("kind: ")[1].split(",")[0], "x", "w")


@pytest.mark.parametrize(
    ("spec", "pods"),
    [
        pytest.param("", ["x/w-0"], id="one replica by default"),
        pytest.param("replicas: null", ["x/w-0"], id="0.4: null is missing"),
        pytest.param("replicas: 2", ["x/w-0", "x/w-1"], id="row 49: two replicas"),
        pytest.param("replicas: 2, ordinals: {start: 3}", ["x/w-3", "x/w-4"], id="numbers that start elsewhere"),
        pytest.param("replicas: 0", [], id="none"),
    ],
)
def test_a_stateful_set_makes_pods_with_names(spec, pods):
    """Row 49: each pod of a StatefulSet is known by its name and is one pod."""
    found = inventory(workload("StatefulSet", spec))
    assert names(found) == pods
    assert not any(pod.replicated for pod in found.endpoints)


def test_a_pod_of_a_stateful_set_carries_its_name():
    """Row 49: the name is certain, its number is there in newer clusters only, its revision is unknown."""
    pod = endpoint(inventory(workload("StatefulSet", "replicas: 2")), "x/w-1")
    assert plain(pod.labels) == {"app": "web", POD_NAME: "w-1", INDEX: ("1", ABSENT), REVISION: UNCERTAIN}
    assert pod.workload == WorkloadRef("StatefulSet", "x", "w")


@pytest.mark.parametrize(
    ("text", "label", "value"),
    [
        pytest.param(
            workload("Job", group="batch/v1", template="metadata: {labels: {job-name: other}}"),
            "job-name",
            "w",
            id="job-name is overwritten",
        ),
        pytest.param(
            workload("Job", group="batch/v1", template="metadata: {labels: {controller-uid: abc}}"),
            "controller-uid",
            "abc",
            id="the uid of a live Job stands in its template",
        ),
        pytest.param(
            workload("StatefulSet", template="metadata: {labels: {statefulset.kubernetes.io/pod-name: other}}"),
            POD_NAME,
            "w-0",
            id="the pod's name is overwritten",
        ),
    ],
)
def test_a_label_that_template_and_controller_set(text, label, value):
    """What the controller sets wins, unless it takes the value from the template."""
    (pod,) = inventory(text).endpoints
    assert pod.labels[label] == value


def test_a_hash_in_a_template_is_overwritten():
    """A Deployment's pods have the hash of their ReplicaSet, not that of the template."""
    text = workload("Deployment", template="metadata: {labels: {pod-template-hash: abc}}")
    hash_ = endpoint(inventory(text), "x/w").labels["pod-template-hash"]
    assert hash_ == Unknown("label pod-template-hash of Deployment x/w", (OTHER,), "label", open=True)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        pytest.param(workload("Deployment", "replicas: 0"), "Deployment x/w has 0 replicas: no pods", id="replicas"),
        pytest.param(workload("Job", "parallelism: 0"), "Job x/w has 0 parallelism: no pods", id="parallelism"),
        pytest.param(workload("CronJob", "completions: 0"), "CronJob x/w has 0 completions: no pods", id="completions"),
    ],
)
def test_a_workload_of_nobody_is_noted(text, note):
    """1.15: replicas 0 means no pods now, and the reader learns it."""
    found = inventory(text.replace("apps/v1", "batch/v1") if "Job" in text else text)
    assert found.endpoints == ()
    assert note in found.notes


def test_a_finished_job_has_no_pods():
    """1.10: its pods have finished."""
    job = workload("Job", group="batch/v1")[:-1] + ", status: {conditions: [{type: Complete, status: 'True'}]}}"
    found = inventory(job)
    assert found.endpoints == ()
    assert "Job x/w has finished: no pods" in found.notes


@pytest.mark.parametrize(
    ("kind", "spec", "on_every_node"),
    [
        pytest.param("DaemonSet", "spec: {}", True, id="one on each node"),
        pytest.param("DaemonSet", "spec: {nodeName: n}", False, id="bound to one node"),
        pytest.param("Deployment", "spec: {}", False, id="anywhere"),
    ],
)
def test_a_daemon_set_runs_on_every_node(kind, spec, on_every_node):
    """1.15: one pod for each eligible node."""
    assert endpoint(inventory(workload(kind, template=spec)), "x/w").on_every_node is on_every_node


def test_the_pod_spec_of_a_template_counts():
    """1.15: ports, service account and host network come from the template."""
    spec = "spec: {hostNetwork: true, serviceAccountName: s, containers: [{ports: [{name: web, containerPort: 80}]}]}"
    for kind, group in (("Deployment", "apps/v1"), ("CronJob", "batch/v1")):
        pod = endpoint(inventory(workload(kind, group=group, template=spec)), "x/w")
        assert pod.kind is EndpointKind.HOST_POD
        assert pod.service_account == "s"
        assert pod.ports == (ContainerPort("web", "TCP", 80),)


def test_a_workload_without_template_labels_is_an_endpoint():
    """A template may leave out its metadata."""
    assert names(inventory(workload("ReplicaSet", template="spec: {containers: [{name: c}]}"))) == ["x/w"]


def test_workloads_of_one_name_are_told_apart():
    """A Deployment and a Job may share a name; their kind orders them."""
    found = inventory(workload("Job", group="batch/v1") + "\n---\n" + workload("Deployment"))
    assert [pod.workload.kind for pod in found.endpoints] == ["Deployment", "Job"]


def test_a_daemon_set_has_no_replicas():
    """A field that a DaemonSet does not have takes no pods away."""
    assert names(inventory(workload("DaemonSet", "replicas: 0"))) == ["x/w"]


@pytest.mark.parametrize(("replicas", "count"), [(0, 0), (1, 1), (64, 64), (65, 1)])
def test_the_pods_of_a_stateful_set_are_told_apart_up_to_64(replicas: int, count: int) -> None:
    """Each pod of a StatefulSet has a name of its own; only beyond 64 of them one endpoint stands for all."""
    pods = inventory(workload("StatefulSet", f"replicas: {replicas}")).pods
    assert {p.name for p in pods} == ({"w"} if replicas == 65 else {f"w-{n}" for n in range(count)})
    assert all(p.replicated is (replicas == 65) for p in pods)
