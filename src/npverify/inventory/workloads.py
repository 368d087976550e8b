"""Pods that controllers would create: every workload whose pods are not listed becomes endpoints made from its template.

Semantics: the pods live in the controller's namespace and carry the template's labels and the generated ones, never those
of the controller (GetPodFromTemplate in kubernetes/kubernetes pkg/controller/controller_utils.go).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from npverify.ingest.fields import Fields
from npverify.ingest.source import Problems
from npverify.inventory.model import Endpoint, EndpointKind, WorkloadRef
from npverify.inventory.objects import Item, entries, part
from npverify.inventory.owners import Owners
from npverify.inventory.pods import node_addresses
from npverify.inventory.podspec import read_pod_spec
from npverify.inventory.selectors import check_selects
from npverify.inventory.syntax import check_labels
from npverify.inventory.unknowns import Unknown, runtime_label

WORKLOAD_KINDS = (
    "CronJob",
    "DaemonSet",
    "Deployment",
    "Job",
    "ReplicaSet",
    "ReplicationController",
    "StatefulSet",
)
EXPANDED = 64
"""A StatefulSet of up to this many replicas becomes one endpoint for each; a larger one becomes one that stands for all."""

Labels = dict[str, str | Unknown]


def expand_workloads(
    items: Mapping[str, Iterable[Item]],
    live: frozenset[WorkloadRef],
    owners: Owners,
    nodes: Mapping[str, Endpoint],
    problems: Problems,
    notes: list[str],
) -> list[Endpoint]:
    """The endpoints of every workload that has no listed pod and that no other workload of the input makes."""
    present = {WorkloadRef(*item.ref) for kind in WORKLOAD_KINDS for item in items[kind]}
    endpoints: list[Endpoint] = []
    for kind in WORKLOAD_KINDS:
        for item in items[kind]:
            template = _template(item, problems)
            ref = WorkloadRef(*item.ref)
            above = owners.chain(item) if kind in ("ReplicaSet", "Job") else ()
            if ref in live or not present.isdisjoint(above):
                continue
            if why := _idle(item):
                notes.append(f"{item} {why}: no pods")
                continue
            if _lacks_template(item, problems):
                continue
            endpoints += _endpoints(item, above[-1] if above else ref, template, nodes, problems)
    return endpoints


def _path(kind: str) -> tuple[str, ...]:
    """Where the part of the object stands that holds the template and the counts."""
    return ("spec", "jobTemplate", "spec") if kind == "CronJob" else ("spec",)


def template_path(kind: str) -> tuple[str, ...]:
    """Where the pod template stands in a workload of this kind."""
    return (*_path(kind), "template")


def _spec(item: Item) -> dict[str, Any]:
    return part(item.doc.value, *_path(item.kind))


def _counts(kind: str) -> tuple[str, ...]:
    """The fields that say how many pods there are; a DaemonSet has none."""
    match kind:
        case "DaemonSet":
            return ()
        case "Job" | "CronJob":
            return ("parallelism", "completions")
    return ("replicas",)


def _template(item: Item, problems: Problems) -> dict[str, Any]:
    """The pod template, after checking its labels, the selector and the number of replicas."""
    path = _path(item.kind)
    spec = _spec(item)
    template = part(spec, "template")
    labels = part(template, "metadata", "labels")
    check_labels(item.doc, labels, problems, *path, "template", "metadata", "labels")
    check_selects(item, labels, problems)
    for key in _counts(item.kind):
        if (count := spec.get(key)) is not None and count < 0:
            fix = "write 0 or a larger number"
            Fields.of(item.doc, problems).error("NPV040", f"`{key}` is negative: {count}", *path, key, fix=fix)
    return template


def _lacks_template(item: Item, problems: Problems) -> bool:
    """Whether there is no template, so that nothing tells what the pods are; the API refuses that, and so it is reported."""
    path = template_path(item.kind)
    if part(item.doc.value, *path):
        return False
    fix = "write the template of its pods, or list the pods themselves"
    message = f"`{'.'.join(path)}` of {item.kind} `{item.name}` is missing"
    Fields.of(item.doc, problems).error("NPV045", message, *path, fix=fix)
    return True


def _idle(item: Item) -> str:
    """Why a workload has no pods; "" if it has."""
    if item.kind == "Job":
        for condition in entries(part(item.doc.value, "status"), "conditions"):
            if condition.get("type") in ("Complete", "Failed") and condition.get("status") == "True":
                return "has finished"
    spec = _spec(item)
    for key in _counts(item.kind):
        if spec.get(key) == 0:
            return f"has 0 {key}"
    return ""


def _endpoints(
    item: Item, workload: WorkloadRef, template: dict[str, Any], nodes: Mapping[str, Endpoint], problems: Problems
) -> list[Endpoint]:
    spec = read_pod_spec(item, (*_path(item.kind), "template", "spec"), part(template, "spec"), problems)
    labels: Labels = dict(part(template, "metadata", "labels"))
    addresses = node_addresses(spec.node, nodes) if spec.kind is EndpointKind.HOST_POD else ()

    def endpoint(name: str, labels: Labels, *, replicated: bool = True) -> Endpoint:
        return Endpoint(
            spec.kind,
            item.namespace,
            name,
            workload,
            labels,
            spec.service_account,
            spec.node,
            on_every_node=item.kind == "DaemonSet" and spec.node is None,
            ports=spec.ports,
            addresses=addresses,
            address_known=bool(addresses),
            replicated=replicated,
            span=item.span,
        )

    if item.kind == "StatefulSet":
        count, start = _ordinals(item)
        if count <= EXPANDED:
            return [
                endpoint(f"{item.name}-{i}", _replica_labels(item, labels, i), replicated=False)
                for i in range(start, start + count)
            ]
    return [endpoint(item.name, _runtime_labels(item, labels))]


def _ordinals(item: Item) -> tuple[int, int]:
    """How many replicas a StatefulSet has, and the number of the first."""
    spec = part(item.doc.value, "spec")
    replicas = spec.get("replicas")
    return 1 if replicas is None else replicas, part(spec, "ordinals").get("start") or 0


def _replica_labels(item: Item, labels: Labels, index: int) -> Labels:
    name = f"{item.name}-{index}"
    owner = f"Pod {item.namespace}/{name}"
    # kubernetes/kubernetes pkg/controller/statefulset/stateful_set_utils.go updateIdentity; the index since 1.28
    return labels | {
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": runtime_label(owner, "apps.kubernetes.io/pod-index", known=str(index)),
        "controller-revision-hash": runtime_label(owner, "controller-revision-hash"),
    }


def _runtime_labels(item: Item, labels: Labels) -> Labels:
    """The labels of a replicated endpoint: the template's, and on top of them those that the controller sets."""

    def unknown(*keys: str, may_be_absent: bool = False) -> Labels:
        return {key: runtime_label(str(item), key, may_be_absent=may_be_absent) for key in keys}

    match item.kind:
        case "Deployment":
            return labels | unknown("pod-template-hash")
        case "DaemonSet":
            generation = unknown("pod-template-generation", may_be_absent=True)
            return labels | unknown("controller-revision-hash") | generation
        case "StatefulSet":
            index = unknown("apps.kubernetes.io/pod-index", may_be_absent=True)
            return labels | unknown("statefulset.kubernetes.io/pod-name", "controller-revision-hash") | index
        case "Job" | "CronJob":
            return _job_labels(item, labels, unknown("job-name", "batch.kubernetes.io/job-name"))
    return labels


def _job_labels(item: Item, labels: Labels, unnamed: Labels) -> Labels:
    """Semantics: generateSelector in kubernetes/kubernetes pkg/registry/batch/job/strategy.go; not with manualSelector."""
    spec = _spec(item)
    index_key = "batch.kubernetes.io/job-completion-index"
    index: Labels = {}
    if spec.get("completionMode") == "Indexed":
        index = {index_key: runtime_label(str(item), index_key, may_be_absent=True)}
    if spec.get("manualSelector"):
        return labels | index
    names = unnamed if item.kind == "CronJob" or item.generated else dict.fromkeys(unnamed, item.name)
    keys = ("controller-uid", "batch.kubernetes.io/controller-uid")
    return {key: runtime_label(str(item), key) for key in keys} | labels | names | index
