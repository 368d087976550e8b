"""Calico's WorkloadEndpoints beside pods, and without them."""

from __future__ import annotations

import pytest

from inventory.manifests import endpoint, inventory, names, problems_of
from npverify.inventory.addresses import Address
from npverify.inventory.model import ContainerPort, EndpointKind, Inventory, WorkloadRef

SPEC = {
    "orchestrator": "k8s",
    "node": "n1",
    "pod": "web-0",
    "endpoint": "eth0",
    "serviceAccountName": "web",
    "ipNetworks": "[10.1.0.5/32]",
    "profiles": "[kns.shop, ksa.shop.web]",
}
POD = """
{kind: Pod, metadata: {name: web-0, namespace: shop, labels: {app: web}}, spec: {serviceAccountName: web,
  containers: [{ports: [{name: http, containerPort: 8080}]}]}}
"""


def workload(name: str = "n1-k8s-web--0-eth0", labels: str = "{}", **changed: str | None) -> str:
    """A WorkloadEndpoint of pod shop/web-0 with some fields of its spec changed, or left out where they are None."""
    spec = {key: value for key, value in (SPEC | changed).items() if value is not None}
    fields = ", ".join(f"{key}: {value}" for key, value in spec.items())
    head = "apiVersion: projectcalico.org/v3, kind: WorkloadEndpoint"
    return f"{{{head}, metadata: {{name: {name}, namespace: shop, labels: {labels}}}, spec: {{{fields}}}}}"


def vm(name: str = "n1-openstack-vm1-tap0", **changed: str | None) -> str:
    """A WorkloadEndpoint that is no pod."""
    fields = {
        "orchestrator": "openstack",
        "pod": None,
        "workload": "vm1",
        "endpoint": "tap0",
        "serviceAccountName": None,
    }
    return workload(name, **(fields | {"profiles": None} | changed))


def both(*texts: str) -> Inventory:
    """The inventory of several documents."""
    return inventory("\n---\n".join(texts))


def addresses(*texts: str) -> tuple[Address, ...]:
    """These addresses."""
    return tuple(map(Address.parse, texts))


@pytest.mark.parametrize(
    ("pod", "found", "expected"),
    [
        pytest.param(POD, workload(), ["10.1.0.5"], id="a pod of a manifest gets its addresses"),
        pytest.param(
            POD,
            workload(ipNetworks="[10.1.0.5, 'fd00::5/128']"),
            ["10.1.0.5", "fd00::5"],
            id="in either form, both families",
        ),
        pytest.param(
            POD[:-2] + ", status: {phase: Pending}}",
            workload(),
            ["10.1.0.5"],
            id="a pod that was waiting for its address",
        ),
        pytest.param(
            POD[:-2] + ", status: {podIP: 10.1.0.7}}",
            workload(ipNetworks="[10.1.0.7/32]"),
            ["10.1.0.7"],
            id="the same address",
        ),
        pytest.param(POD, workload(ipNetworks=None), [], id="no address"),
    ],
)
def test_a_pod_gets_the_addresses_that_it_does_not_say(pod, found, expected):
    """A pod with its own addresses keeps them, another one has those of spec.ipNetworks."""
    web = endpoint(both(pod, found), "shop/web-0")
    assert web.addresses == addresses(*expected)
    assert web.address_known == bool(expected)
    assert problems_of(f"{pod}\n---\n{found}").warnings == ()


def test_a_pod_keeps_what_it_says_itself():
    """Labels and service account are those of the Pod object; the node is added, the profiles are the usual ones."""
    (web,) = both(
        POD, workload(labels="{app: other}", serviceAccountName="other", profiles="[kns.shop, ksa.shop.other]")
    ).pods
    assert (web.labels, web.service_account, web.node) == ({"app": "web"}, "web", "n1")
    assert (web.orchestrator, web.profiles, web.workload) == ("k8s", None, WorkloadRef("Pod", "shop", "web-0"))


def test_ports_are_added_once():
    """A port that the containers declare already is not declared twice; one without a name means nothing."""
    ports = "[{name: http, protocol: TCP, port: 8080}, {name: dns, protocol: 17, port: 53}, {protocol: TCP, port: 1, hostPort: 2}]"
    (web,) = both(POD, workload(ports=ports)).pods
    assert web.ports == (ContainerPort("http", "TCP", 8080), ContainerPort("dns", "UDP", 53))


def test_a_replica_of_a_template_gets_its_address():
    """The pods of a StatefulSet have names, so that their WorkloadEndpoints belong to them."""
    template = "{metadata: {labels: {app: web}}, spec: {containers: [{}]}}"
    spec = f"{{replicas: 2, selector: {{matchLabels: {{app: web}}}}, template: {template}}}"
    sets = f"{{apiVersion: apps/v1, kind: StatefulSet, metadata: {{name: web, namespace: shop}}, spec: {spec}}}"
    found = both(sets, workload(serviceAccountName="default", profiles="[kns.shop, ksa.shop.default]"))
    assert names(found) == ["shop/web-0", "shop/web-1", "node n1"]
    assert endpoint(found, "shop/web-0").addresses == addresses("10.1.0.5")
    assert endpoint(found, "shop/web-0").labels["app"] == "web"
    assert not endpoint(found, "shop/web-1").address_known


def test_two_interfaces_of_a_pod_are_both_its_own():
    """A pod has the addresses of all of its WorkloadEndpoints."""
    second = workload("n1-k8s-web--0-eth1", endpoint="eth1", ipNetworks="[10.2.0.5]")
    assert endpoint(both(POD, workload(), second), "shop/web-0").addresses == addresses("10.1.0.5", "10.2.0.5")


def test_a_pod_that_nothing_else_tells_of():
    """It has the labels, addresses, ports, node and account of the WorkloadEndpoint, and lives in its namespace."""
    found = inventory(workload(labels="{app: web}", ports="[{name: http, protocol: TCP, port: 80}]"))
    web = endpoint(found, "shop/web-0")
    assert web.kind is EndpointKind.POD
    assert (web.labels, web.service_account, web.node) == ({"app": "web"}, "web", "n1")
    assert (web.addresses, web.address_known) == (addresses("10.1.0.5"), True)
    assert web.ports == (ContainerPort("http", "TCP", 80),)
    assert (web.orchestrator, web.profiles, web.workload) == ("k8s", None, WorkloadRef("Pod", "shop", "web-0"))
    assert names(found) == ["shop/web-0", "node n1"]
    assert found.families == {4}
    assert not found.namespaces["shop"].declared


def test_a_workload_of_another_orchestrator():
    """It is an endpoint too, without a service account and without the profiles of a pod."""
    found = endpoint(inventory(vm(profiles="[openstack-sg]")), "shop/vm1")
    assert (found.kind, found.is_pod, found.orchestrator) == (EndpointKind.POD, True, "openstack")
    assert (found.service_account, found.profiles) == ("", ("openstack-sg",))
    assert found.workload == WorkloadRef("WorkloadEndpoint", "shop", "vm1")


@pytest.mark.parametrize(
    ("profiles", "expected"),
    [
        pytest.param("[kns.shop, ksa.shop.web]", None, id="1.3: those that every pod has"),
        pytest.param("[ksa.shop.web, kns.shop]", ("ksa.shop.web", "kns.shop"), id="in another order"),
        pytest.param("[kns.shop]", ("kns.shop",), id="one of them"),
        pytest.param("[kns.shop, ksa.shop.api]", ("kns.shop", "ksa.shop.api"), id="of another account"),
        pytest.param("[kns.shop, ksa.shop.web, more]", ("kns.shop", "ksa.shop.web", "more"), id="and another one"),
        pytest.param("[]", (), id="none"),
        pytest.param(None, (), id="not given"),
    ],
)
def test_unusual_profiles_are_kept(profiles, expected):
    """Whatever is not the list that every pod has is kept as it stands."""
    (web,) = inventory(workload(profiles=profiles)).pods
    assert web.profiles == expected
    (web,) = both(POD, workload(profiles=profiles)).pods
    assert web.profiles == expected


def test_workloads_of_one_name_are_called_as_their_objects():
    """Names of endpoints tell them apart."""
    second = vm("n2-openstack-vm1-tap0", node="n2", ipNetworks="[10.1.0.6]")
    assert names(both(vm(), second))[:2] == ["shop/n1-openstack-vm1-tap0", "shop/n2-openstack-vm1-tap0"]


def test_a_finished_pod_has_no_endpoint():
    """1.3: it owns no address."""
    found = both(POD[:-2] + ", status: {phase: Succeeded, podIP: 10.1.0.5}}", workload())
    assert found.pods == ()
    assert "left out, because its pod is: WorkloadEndpoint shop/n1-k8s-web--0-eth0" in found.notes


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        pytest.param("n1-k8s-web--0-eth0", {}, id="k8s: the pod"),
        pytest.param("n1-cni-c1-eth0", {"orchestrator": "cni", "containerID": "c1"}, id="cni: the container"),
        pytest.param("n1-libnetwork-libnetwork-eth0", {"orchestrator": "libnetwork"}, id="libnetwork: itself"),
        pytest.param("n1-lsf-job--7-eth0", {"orchestrator": "lsf", "workload": "job-7"}, id="others: the workload"),
        pytest.param("a.b-k8s-web--0-eth0", {"node": "a.b"}, id="a dotted node"),
    ],
)
def test_the_name_follows_from_the_fields(name, changed):
    """The API takes no other name, and this one without a word."""
    assert problems_of(workload(name, **changed)).errors == ()
    (error,) = problems_of(workload(name + "x", **changed)).errors
    assert (error.code, error.span.file) == ("NPV292", "metadata.name")
    assert f"name it `{name}`" in error.fix


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(workload(node=None), [("NPV292", "spec", "`spec.node` of")], id="no node"),
        pytest.param(workload(endpoint=None), [("NPV292", "spec", "`spec.endpoint` of")], id="no endpoint"),
        pytest.param(workload(pod=None), [("NPV292", "spec", "`spec.pod` of")], id="no pod"),
        pytest.param(vm(workload=None), [("NPV292", "spec", "`spec.workload` of")], id="no workload"),
        pytest.param(
            workload(orchestrator=None, pod=None),
            [("NPV292", "spec", "`spec.orchestrator` of"), ("NPV292", "spec", "`spec.workload` of")],
            id="no orchestrator",
        ),
        pytest.param(
            workload("n1-k8s-Web-eth0", pod="Web"),
            [("NPV031", "metadata.name", "`n1-k8s-Web-eth0`")],
            id="a name that no object has",
        ),
        pytest.param(
            workload(ipNetworks="[10.1.0.0/24]"), [("NPV290", "spec.ipNetworks.0", "more than one")], id="a block"
        ),
        pytest.param(
            workload(ipNetworks="[10.1.0.5, x, '']"),
            [("NPV290", "spec.ipNetworks.1", "`x`"), ("NPV290", "spec.ipNetworks.2", "``")],
            id="no addresses",
        ),
        pytest.param(
            workload(ports="[{name: http, protocol: tcp, port: 80}]"),
            [("NPV291", "spec.ports.0.protocol", "`tcp`")],
            id="a protocol in small letters",
        ),
        pytest.param(
            workload(ports="[{name: http, protocol: 1, port: 80}]"),
            [("NPV291", "spec.ports.0.protocol", "`1`")],
            id="a protocol without ports",
        ),
        pytest.param(
            workload(ports="[{name: http}]"),
            [("NPV291", "spec.ports.0.port", "missing"), ("NPV291", "spec.ports.0.protocol", "missing")],
            id="a port with nothing but a name",
        ),
        pytest.param(
            workload(ports="[{name: http, protocol: TCP, port: 65536}]"),
            [("NPV291", "spec.ports.0.port", "65536")],
            id="a number that is too large",
        ),
        pytest.param(
            workload(ports="[{protocol: TCP, port: 80}]"),
            [("NPV291", "spec.ports.0", "neither")],
            id="a port without a name",
        ),
        pytest.param(
            workload(ports="[{name: HTTP, protocol: TCP, port: 80}]"),
            [("NPV291", "spec.ports.0.name", "`HTTP`")],
            id="a malformed name of a port",
        ),
        pytest.param(
            workload(ipNetworks="10.1.0.5"), [("NPV020", "spec.ipNetworks", "list")], id="a value of another type"
        ),
        pytest.param(
            workload(ipNetwork="[10.1.0.5]"), [("NPV021", "spec.ipNetwork", "unknown field")], id="a misspelt field"
        ),
        pytest.param(workload(labels="{'-': a}"), [("NPV032", "metadata.labels.-", "`-`")], id="a malformed label"),
    ],
)
def test_what_the_api_refuses_is_an_error(text, found):
    """Every mistake is reported at its field, and the object is left out."""
    errors = sorted((e.code, e.span.file, e.message) for e in problems_of(text).errors)
    assert [e[:2] for e in errors] == sorted(f[:2] for f in found)
    assert all(part in message for (*_, message), (*_, part) in zip(errors, sorted(found), strict=True))


@pytest.mark.parametrize(
    ("pod", "changed", "code", "where"),
    [
        pytest.param(
            POD[:-2] + ", status: {podIP: 10.1.0.7}}",
            {},
            "NPV293",
            "spec.ipNetworks",
            id="an address that the pod has not",
        ),
        pytest.param(
            POD.replace("spec: {", "spec: {hostNetwork: true, nodeName: n1, "),
            {},
            "NPV293",
            "spec.pod",
            id="a pod on the host network",
        ),
        pytest.param(
            POD, {"ipNATs": "[{internalIP: 10.1.0.5, externalIP: 192.0.2.1}]"}, "NPV294", "spec.ipNATs", id="NAT"
        ),
        pytest.param(
            POD,
            {"allowSpoofedSourcePrefixes": "[192.0.2.0/24]"},
            "NPV294",
            "spec.allowSpoofedSourcePrefixes",
            id="addresses of others",
        ),
    ],
)
def test_what_is_passed_over_is_a_warning(pod, changed, code, where):
    """Nothing is left out in silence."""
    (warning,) = problems_of(f"{pod}\n---\n{workload(**changed)}").warnings
    assert (warning.code, warning.span.file) == (code, where)


def test_a_pod_on_the_host_network_gets_no_address_from_one():
    """1.3: Calico has no WorkloadEndpoint for it, whatever phase it is in."""
    hosted = POD.replace("spec: {", "spec: {hostNetwork: true, nodeName: n1, ")
    (pod,) = both(hosted, workload()).pods
    assert (pod.kind, pod.addresses, pod.address_known) == (EndpointKind.HOST_POD, (), False)
    assert both(hosted[:-2] + ", status: {phase: Pending}}", workload()).pods == ()


def test_addresses_that_two_share_are_one_warning():
    """A WorkloadEndpoint with the address of another pod is found out, at its own field."""
    (warning,) = problems_of(f"{POD}\n---\n{workload()}\n---\n{vm()}").warnings
    assert (warning.code, warning.span.file, warning.span.line) == ("NPV042", "spec.ipNetworks", 3)


def test_only_the_form_that_exists_is_read():
    """There is no such custom resource: crd.projectcalico.org has no WorkloadEndpoint."""
    assert inventory(workload().replace("projectcalico.org/v3", "crd.projectcalico.org/v1")).pods == ()
