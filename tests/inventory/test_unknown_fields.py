"""Fields that the API does not have: misspelt and misplaced ones are errors, others are told once."""

from __future__ import annotations

import pytest

from inventory.manifests import inventory as inventory_of
from inventory.manifests import names, problems_of
from npverify.inventory.unknown_fields import near_miss


def thing(kind: str, more: str, group: str = "v1", meta: str = "name: w, namespace: x") -> str:
    """An object of some kind with these fields."""
    return f"{{apiVersion: {group}, kind: {kind}, metadata: {{{meta}}}, {more}}}"


def pod(spec: str) -> str:
    """A pod x/w with these fields in its spec, beside one container."""
    return thing("Pod", f"spec: {{containers: [{{name: c}}], {spec}}}")


def container(fields: str) -> str:
    """A pod whose container has these fields."""
    return thing("Pod", f"spec: {{containers: [{{name: c, {fields}}}]}}")


def workload(kind: str, spec: str, group: str = "apps/v1") -> str:
    """A controller with these fields in its spec, beside a template."""
    return thing(kind, f"spec: {{template: {{spec: {{containers: [{{name: c}}]}}}}, {spec}}}", group)


def template(fields: str) -> str:
    """A Deployment whose template has these fields."""
    return thing("Deployment", f"spec: {{template: {{{fields}}}}}", "apps/v1")


def job(fields: str, kind: str = "Job") -> str:
    """A Job, or a CronJob with such a Job, with these fields in its spec."""
    spec = f"{{template: {{spec: {{containers: [{{name: c}}]}}}}, {fields}}}"
    return thing(kind, f"spec: {spec if kind == 'Job' else f'{{jobTemplate: {{spec: {spec}}}}}'}", "batch/v1")


@pytest.mark.parametrize(
    ("text", "where", "meant"),
    [
        pytest.param(thing("Pod", "spce: {}"), "spce", "spec", id="letters swapped, at the top"),
        pytest.param(
            "{kind: Namespace, metdata: {name: a}, metadata: {name: a}}", "metdata", "metadata", id="metadata"
        ),
        pytest.param(
            thing("Pod", "spec: {containers: [{}]}", meta="name: w, namespace: x, lables: {a: b}"),
            "metadata.lables",
            "labels",
            id="labels of a pod",
        ),
        pytest.param(
            "{kind: Namespace, metadata: {name: a, label: {env: dev}}}", "metadata.label", "labels", id="of a namespace"
        ),
        pytest.param(
            thing("Pod", "spec: {containers: [{}]}", meta="name: w, namespace: x, ownerReferences: [{Kind: Job}]"),
            "metadata.ownerReferences.0.Kind",
            "kind",
            id="an owner",
        ),
        pytest.param(pod("hostNetwrok: true"), "spec.hostNetwrok", "hostNetwork", id="the host network"),
        pytest.param(pod("host_network: true"), "spec.host_network", "hostNetwork", id="another way to join words"),
        pytest.param(pod("intContainers: []"), "spec.intContainers", "initContainers", id="a letter left out"),
        pytest.param(pod("nodename: n"), "spec.nodename", "nodeName", id="a node in small letters"),
        pytest.param(
            pod("serviceAcountName: s"), "spec.serviceAcountName", "serviceAccountName", id="a service account"
        ),
        pytest.param(container("port: [{containerPort: 80}]"), "spec.containers.0.port", "ports", id="of a container"),
        pytest.param(
            pod("initContainers: [{restartpolicy: Always}]"),
            "spec.initContainers.0.restartpolicy",
            "restartPolicy",
            id="of a sidecar",
        ),
        pytest.param(
            container("ports: [{containerport: 80}]"),
            "spec.containers.0.ports.0.containerport",
            "containerPort",
            id="of a container port",
        ),
        pytest.param(thing("Pod", "status: {podip: 10.0.0.1}"), "status.podip", "podIP", id="the address of a pod"),
        pytest.param(
            thing("Pod", "status: {podIps: [{ip: 10.0.0.1}]}"), "status.podIps", "podIPs", id="the addresses of a pod"
        ),
        pytest.param(
            thing("Pod", "status: {podIPs: [{IP: 10.0.0.1}]}"), "status.podIPs.0.IP", "ip", id="one of the addresses"
        ),
        pytest.param(workload("Deployment", "replica: 3"), "spec.replica", "replicas", id="replicas of a Deployment"),
        pytest.param(
            workload("Deployment", "selecter: {}"), "spec.selecter", "selector", id="a selector of a Deployment"
        ),
        pytest.param(
            workload("ReplicaSet", "selector: {matchLabel: {a: b}}"),
            "spec.selector.matchLabel",
            "matchLabels",
            id="of a label selector",
        ),
        pytest.param(
            workload("DaemonSet", "selector: {matchExpressions: [{key: a, operater: Exists}]}"),
            "spec.selector.matchExpressions.0.operater",
            "operator",
            id="of a requirement",
        ),
        pytest.param(
            workload("StatefulSet", "ordinals: {strat: 1}"), "spec.ordinals.strat", "start", id="of a StatefulSet"
        ),
        pytest.param(
            workload("ReplicationController", "replcas: 1", "v1"), "spec.replcas", "replicas", id="of an old controller"
        ),
        pytest.param(template("metadta: {}, spec: {}"), "spec.template.metadta", "metadata", id="of a template"),
        pytest.param(
            template("metadata: {lables: {a: b}}"), "spec.template.metadata.lables", "labels", id="labels of a template"
        ),
        pytest.param(
            template("spec: {hostNetwrok: true}"), "spec.template.spec.hostNetwrok", "hostNetwork", id="deep down"
        ),
        pytest.param(job("paralelism: 1"), "spec.paralelism", "parallelism", id="of a Job"),
        pytest.param(
            job("completion: 1", "CronJob"), "spec.jobTemplate.spec.completion", "completions", id="of a CronJob's Job"
        ),
        pytest.param(
            thing("CronJob", "spec: {jobtemplate: {}}", "batch/v1"),
            "spec.jobtemplate",
            "jobTemplate",
            id="of a CronJob",
        ),
        pytest.param(
            thing("Job", "status: {condition: []}", "batch/v1"),
            "status.condition",
            "conditions",
            id="of a Job's status",
        ),
        pytest.param(thing("Node", "spec: {podCidr: 10.0.0.0/24}"), "spec.podCidr", "podCIDR", id="of a node"),
        pytest.param(thing("Node", "status: {adresses: []}"), "status.adresses", "addresses", id="of a node's status"),
        pytest.param(thing("Service", "spec: {selectors: {}}"), "spec.selectors", "selector", id="of a Service"),
        pytest.param(
            thing("Service", "spec: {ports: [{port: 80, targetport: 8080}]}"),
            "spec.ports.0.targetport",
            "targetPort",
            id="of a Service port",
        ),
        pytest.param(
            thing("EndpointSlice", "endpoints: [{address: []}]", "discovery.k8s.io/v1"),
            "endpoints.0.address",
            "addresses",
            id="of an EndpointSlice",
        ),
        pytest.param(
            thing("EndpointSlice", "endpoints: [{conditions: {redy: true}}]", "discovery.k8s.io/v1"),
            "endpoints.0.conditions.redy",
            "ready",
            id="of a condition",
        ),
        pytest.param(
            thing("Endpoints", "subsets: [{port: []}]"), "subsets.0.port", "ports", id="of a subset of Endpoints"
        ),
        pytest.param(
            thing("Endpoints", "subsets: [{addresses: [{IP: 10.0.0.1}]}]"),
            "subsets.0.addresses.0.IP",
            "ip",
            id="of an address of Endpoints",
        ),
    ],
)
def test_a_misspelt_field_is_an_error(text: str, where: str, meant: str) -> None:
    """One slip gives one error at the key, which names the field that was meant."""
    (error,) = problems_of(text).errors
    assert (error.code, error.span.file, error.fix) == ("NPV021", where, f"did you mean `{meant}`?")


@pytest.mark.parametrize(
    ("text", "where", "place"),
    [
        pytest.param(
            workload("Deployment", "hostNetwork: true"),
            "spec.hostNetwork",
            "in `spec.template.spec`",
            id="two levels up",
        ),
        pytest.param(pod("ports: []"), "spec.ports", "in `spec.containers[]`", id="one level up"),
        pytest.param(thing("Pod", "labels: {a: b}"), "labels", "in `metadata`", id="labels beside metadata"),
        pytest.param(
            template("labels: {a: b}"), "spec.template.labels", "in `spec.template.metadata`", id="labels in a template"
        ),
        pytest.param(
            thing("Pod", "spec: {status: {}}"), "spec.status", "at the top of the object", id="a level too deep"
        ),
    ],
)
def test_a_misplaced_field_is_an_error(text: str, where: str, place: str) -> None:
    """A field that is read elsewhere in the object was indented wrongly."""
    (error,) = problems_of(text).errors
    key = where.rpartition(".")[2]
    assert (error.code, error.span.file) == ("NPV021", where)
    assert error.fix == f"`{key}` belongs {place}: check the indentation"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(pod("hostPID: true, serviceAccount: s, workloadRef: {}"), id="irrelevant and deprecated fields"),
        pytest.param(container("ports: [{containerPort: 80, hostPort: 80, hostIP: 10.0.0.1}]"), id="the host's port"),
        pytest.param(thing("Pod", "status: {hostIP: 10.0.0.1, tomorrow: 1}"), id="what the cluster will report"),
        pytest.param(thing("Pod", "status: {resources: {}}, spec: {containers: [{}]}"), id="the status of a pod"),
        pytest.param(thing("Deployment", "status: {replica: 1}", "apps/v1"), id="a status that is not read"),
        pytest.param(thing("Service", "spec: {internalTrafficPolicy: Local}"), id="near to another known field"),
        pytest.param(container("env: [{nmae: x}]"), id="inside a field that is irrelevant"),
        pytest.param("{kind: Pod, metadata: {name: w, namespace: x, annotations: {lables: a}}}", id="free keys"),
    ],
)
def test_what_does_not_matter_is_not_told(text: str) -> None:
    """Known fields and the reports of a newer cluster give no message."""
    found = problems_of(text)
    assert [d for d in (*found.errors, *found.warnings) if d.code in ("NPV021", "NPV044")] == []


@pytest.mark.parametrize(
    ("text", "where", "fix"),
    [
        pytest.param(pod("tomorrow: 1"), "spec.tomorrow", "correct it, unless the cluster is newer", id="a new field"),
        pytest.param(pod("toleration: []"), "spec.toleration", "did you mean `tolerations`?", id="a harmless slip"),
        pytest.param(thing("Pod", "sops: {}"), "sops", "correct it, unless the cluster is newer", id="at the top"),
        pytest.param(
            workload("DaemonSet", "replicas: 3"), "spec.replicas", "correct it, unless", id="a field of another kind"
        ),
    ],
)
def test_another_unknown_field_is_a_warning(text: str, where: str, fix: str) -> None:
    """What resembles nothing that decides is told, and the object is read all the same."""
    found = problems_of(text)
    assert found.errors == ()
    (warning,) = [w for w in found.warnings if w.code == "NPV044"]
    assert (warning.span.file, warning.fix.startswith(fix)) == (where, True)
    assert names(inventory_of(text)) == ["x/w"]


def test_one_warning_for_each_name() -> None:
    """A field that every pod of a newer cluster has is told once, with their number."""
    pods = [f"{{kind: Pod, metadata: {{name: p{i}, namespace: x}}, spec: {{tomorrow: 1, later: 2}}}}" for i in range(3)]
    told = [
        (w.span.file, w.span.line, w.message) for w in problems_of("\n---\n".join(pods)).warnings if w.code == "NPV044"
    ]
    passed = "in `spec` of Pod `p0` and 2 more of its kind is passed over"
    assert told == [
        ("spec.later", 1, f"unknown field `later` {passed}"),
        ("spec.tomorrow", 1, f"unknown field `tomorrow` {passed}"),
    ]


def test_several_slips_of_an_object_are_all_told() -> None:
    """Types and names are checked in one go."""
    errors = problems_of(pod("hostNetwrok: true, nodename: n, hostNetwork: 'yes'")).errors
    assert [(e.code, e.span.file) for e in errors] == [
        ("NPV020", "spec.hostNetwork"),
        ("NPV021", "spec.hostNetwrok"),
        ("NPV021", "spec.nodename"),
    ]


@pytest.mark.parametrize(
    ("word", "type_", "meant"),
    [
        ("conatiners", "PodSpec", "containers"),
        ("Containers", "PodSpec", "containers"),
        ("hostnetworking", "PodSpec", ""),
        ("hostPid", "PodSpec", "hostPID"),
        ("internalTraficPolicy", "ServiceSpec", "internalTrafficPolicy"),
        ("externalTraficPolicy", "ServiceSpec", "externalTrafficPolicy"),
        ("pi", "PodIP", ""),
        ("prot", "ServicePort", "port"),
        ("appProtocols", "ServicePort", "appProtocol"),
        ("specification", "Pod", ""),
    ],
)
def test_what_is_near(word: str, type_: str, meant: str) -> None:
    """A slip or two of the pen, case and `_` aside; of two fields the nearer one."""
    assert near_miss(word, type_) == meant
