"""Objects that the API would refuse: each mistake has its code, its position, and a way to mend it."""

from __future__ import annotations

import pytest

from inventory.manifests import problems_of
from npverify.inventory.build import INVENTORY_KINDS, is_inventory


def deployment(selector: str, kind: str = "Deployment", group: str = "apps/v1") -> str:
    """A workload whose template has app=web."""
    spec = f"{{selector: {selector}, template: {{metadata: {{labels: {{app: web}}}}}}}}"
    return f"{{apiVersion: {group}, kind: {kind}, metadata: {{name: w, namespace: x}}, spec: {spec}}}"


def pod(more: str) -> str:
    """A pod x/a with these fields."""
    return f"{{kind: Pod, metadata: {{name: a, namespace: x}}, {more}}}"


def labelled(labels: str, kind: str = "Pod") -> str:
    """A Pod or Namespace with these labels."""
    return f"{{kind: {kind}, metadata: {{name: a, namespace: x, labels: {{{labels}}}}}}}"


def service(spec: str) -> str:
    """A Service x/s."""
    return f"{{kind: Service, metadata: {{name: s, namespace: x}}, spec: {{{spec}}}}}"


PORT = "spec.containers.0.ports.0"
CONTAINER = "spec: {{containers: [{{ports: [{{{}}}]}}]}}"


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        pytest.param(labelled("v: 1"), "NPV020", "metadata.labels.v", id="row 45: a label that is a number"),
        pytest.param(labelled("v: true", "Namespace"), "NPV020", "metadata.labels.v", id="row 45: a Boolean"),
        pytest.param(pod("spec: {hostNetwork: 'true'}"), "NPV020", "spec.hostNetwork", id="text for a Boolean"),
        pytest.param(pod("spec: []"), "NPV020", "spec", id="a list for a map"),
        pytest.param(pod("spec: {containers: [7]}"), "NPV020", "spec.containers.0", id="a number for a container"),
        pytest.param(
            pod(CONTAINER.format("containerPort: '80'")), "NPV020", f"{PORT}.containerPort", id="text for a number"
        ),
        pytest.param(
            service("ports: [{port: 80, targetPort: 8.5}]"), "NPV020", "spec.ports.0.targetPort", id="half a port"
        ),
        pytest.param("{kind: Pod, metadata: {namespace: x}}", "NPV030", "metadata", id="no name"),
        pytest.param("{kind: Pod}", "NPV030", "metadata", id="no metadata"),
        pytest.param("{kind: Pod, metadata: {name: A_b, namespace: x}}", "NPV031", "metadata.name", id="not DNS"),
        pytest.param("{kind: Namespace, metadata: {name: a.b}}", "NPV031", "metadata.name", id="a dotted namespace"),
        pytest.param(
            "{kind: Pod, metadata: {name: a, namespace: X}}", "NPV031", "metadata.namespace", id="namespace in capitals"
        ),
        pytest.param(
            "{kind: Pod, metadata: {generateName: A-, namespace: x}}",
            "NPV031",
            "metadata.generateName",
            id="a generated name that is not DNS",
        ),
        pytest.param(labelled("a/b/c: v"), "NPV032", "metadata.labels.a/b/c", id="row 44: two slashes in a key"),
        pytest.param(labelled("/a: v", "Namespace"), "NPV032", "metadata.labels./a", id="1.13: an empty prefix"),
        pytest.param(labelled("a: -x"), "NPV033", "metadata.labels.a", id="row 44: a value that starts with a dash"),
        pytest.param(labelled(f"a: {'x' * 64}"), "NPV033", "metadata.labels.a", id="row 44: a value of 64 characters"),
        pytest.param(pod("status: {podIP: 10.0.0.300}"), "NPV037", "status.podIP", id="no IP address"),
        pytest.param(pod("status: {podIPs: [{ip: x}]}"), "NPV037", "status.podIPs.0.ip", id="no IP address in a list"),
        pytest.param(
            "{kind: Node, metadata: {name: n}, spec: {podCIDRs: [x]}}", "NPV037", "spec.podCIDRs.0", id="no block"
        ),
        pytest.param(service("clusterIP: x"), "NPV037", "spec.clusterIP", id="no cluster IP"),
        pytest.param(
            deployment("{matchLabels: {app: api}}"),
            "NPV038",
            "spec.selector.matchLabels.app",
            id="1.15: a selector of another value than the template's",
        ),
        pytest.param(
            deployment("{matchLabels: {tier: t}}"),
            "NPV038",
            "spec.selector.matchLabels.tier",
            id="1.15: a selector of a label that the template lacks",
        ),
        pytest.param(
            deployment("{app: api}", "ReplicationController", "v1"),
            "NPV038",
            "spec.selector.app",
            id="1.15: an old one",
        ),
        pytest.param(
            deployment("{matchExpressions: [{key: app, operator: NotIn, values: [web]}]}", "DaemonSet"),
            "NPV038",
            "spec.selector.matchExpressions.0",
            id="1.15: an expression that excludes the template",
        ),
        pytest.param(
            deployment("{matchExpressions: [{key: app, operator: in, values: [web]}]}"),
            "NPV038",
            "spec.selector.matchExpressions.0.operator",
            id="row 43: an operator in small letters",
        ),
        pytest.param(
            pod(CONTAINER.format("containerPort: 1, hostPort: 70000")), "NPV039", f"{PORT}.hostPort", id="no host port"
        ),
        pytest.param(
            pod(CONTAINER.format("containerPort: 0")), "NPV039", f"{PORT}.containerPort", id="a port without a number"
        ),
        pytest.param(
            pod(CONTAINER.format("containerPort: 65536")), "NPV039", f"{PORT}.containerPort", id="a port too large"
        ),
        pytest.param(
            pod(CONTAINER.format("containerPort: 1, protocol: tcp")), "NPV039", f"{PORT}.protocol", id="small letters"
        ),
        pytest.param(
            pod(CONTAINER.format("containerPort: 1, name: a--b")), "NPV039", f"{PORT}.name", id="no name of a port"
        ),
        pytest.param(
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: w, namespace: x},"
            " spec: {replicas: -1, template: {spec: {containers: [{}]}}}}",
            "NPV040",
            "spec.replicas",
            id="fewer than no pods",
        ),
        pytest.param(
            "{apiVersion: batch/v1, kind: CronJob, metadata: {name: w, namespace: x},"
            " spec: {jobTemplate: {spec: {parallelism: -1, template: {spec: {containers: [{}]}}}}}}",
            "NPV040",
            "spec.jobTemplate.spec.parallelism",
            id="fewer than no pods of a run",
        ),
        pytest.param(service("type: Fancy"), "NPV043", "spec.type", id="no type of a Service"),
        pytest.param(
            service("externalTrafficPolicy: local"), "NPV043", "spec.externalTrafficPolicy", id="no traffic policy"
        ),
        pytest.param(
            service("ports: [{port: 80, nodePort: 70000}]"), "NPV043", "spec.ports.0.nodePort", id="no node port"
        ),
        pytest.param(service("externalIPs: [any]"), "NPV037", "spec.externalIPs.0", id="no external IP"),
        pytest.param(service("ports: [{}]"), "NPV043", "spec.ports.0.port", id="a Service port without a number"),
        pytest.param(
            service("ports: [{port: 80, protocol: HTTP}]"), "NPV043", "spec.ports.0.protocol", id="no protocol"
        ),
        pytest.param(
            service("ports: [{port: 80, targetPort: '8080'}]"),
            "NPV043",
            "spec.ports.0.targetPort",
            id="1.7: a number in quotes is a name",
        ),
        pytest.param(
            service("ports: [{port: 80, targetPort: 70000}]"),
            "NPV043",
            "spec.ports.0.targetPort",
            id="a target too large",
        ),
    ],
)
def test_what_the_api_refuses_is_an_error(text, code, where):
    """One mistake gives one error that points at the field."""
    (error,) = problems_of(text).errors
    assert (error.code, error.span.file) == (code, where)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(deployment("{matchLabels: {app: web}}"), id="a selector that matches"),
        pytest.param(deployment("{matchExpressions: [{key: app, operator: Exists}]}"), id="an expression that matches"),
        pytest.param(deployment("null"), id="no selector: extensions/v1beta1 takes the template's labels"),
        pytest.param(labelled("example.com/a_b.c: ''"), id="1.13: a prefix, and an empty value"),
        pytest.param(labelled(f"a: {'x' * 63}"), id="1.13: a value of 63 characters"),
        pytest.param("{kind: Pod, metadata: {name: a.b, namespace: x}}", id="1.13: a dotted name"),
        pytest.param(pod("spec: {unknownToday: 1}"), id="fields that are not read"),
    ],
)
def test_what_the_api_takes_is_no_error(text):
    """Valid objects give no message."""
    assert problems_of(text).errors == ()


def test_all_mistakes_of_an_object_are_reported():
    """One run shows every mistake."""
    errors = problems_of(labelled("a: 1, b: 2") + "\n---\n" + labelled("'-': x, ok: '-'", "Namespace")).errors
    assert [error.code for error in errors] == ["NPV032", "NPV020", "NPV020", "NPV033"]


@pytest.mark.parametrize(
    ("first", "second", "duplicate"),
    [
        pytest.param("v1 Pod x/a", "v1 Pod x/a", True, id="0.4: the same object twice"),
        pytest.param("v1 Pod x/a", "v1 Pod y/a", False, id="another namespace"),
        pytest.param("v1 Pod default/a", "v1 Pod -/a", True, id="0.4: default is where an object is without namespace"),
        pytest.param("apps/v1 Deployment x/a", "extensions/v1beta1 Deployment x/a", True, id="a legacy group"),
        pytest.param("apps/v1 Deployment x/a", "batch/v1 Job x/a", False, id="another kind"),
        pytest.param("v1 Node x/a", "v1 Node y/a", True, id="a cluster-scoped kind has no namespace"),
    ],
)
def test_one_object_is_defined_once(first, second, duplicate):
    """0.4: the later document would replace the earlier one; the message names both positions."""

    def document(text: str) -> str:
        version, kind, where = text.split()
        namespace, name = where.split("/")
        namespace = "" if namespace == "-" else f", namespace: {namespace}"
        return f"{{apiVersion: {version}, kind: {kind}, metadata: {{name: {name}{namespace}}}}}"

    errors = problems_of(f"{document(first)}\n---\n{document(second)}").errors
    errors = tuple(error for error in errors if error.code != "NPV045")  # the workloads have no template
    assert [error.code for error in errors] == ["NPV034"] * duplicate
    for error in errors:
        assert error.span.line == 2
        assert "metadata.name:1:1" in error.message


@pytest.mark.parametrize(
    ("api_version", "kind", "expected"),
    [
        pytest.param("v1", "Pod", True, id="core"),
        pytest.param("apps/v1beta2", "Deployment", True, id="any version"),
        pytest.param("discovery.k8s.io/v1beta1", "EndpointSlice", True, id="an old slice"),
        pytest.param("serving.knative.dev/v1", "Service", False, id="another group's Service"),
        pytest.param("v1", "Deployment", False, id="a kind in the wrong group"),
        pytest.param("networking.k8s.io/v1", "NetworkPolicy", False, id="a policy"),
        pytest.param("extensions/v1beta1", "Ingress", True, id="an old Ingress"),
        pytest.param("gateway.networking.k8s.io/v1beta1", "HTTPRoute", True, id="a route"),
        pytest.param("networking.istio.io/v1", "Gateway", False, id="another group's Gateway"),
    ],
)
def test_the_inventory_is_read_from_these_kinds(api_version, kind, expected):
    """Group and kind decide, the version does not."""
    assert is_inventory(api_version, kind) is expected
    assert ((api_version.rpartition("/")[0], kind) in INVENTORY_KINDS) is expected
