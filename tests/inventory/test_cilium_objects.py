"""CiliumNodes, CiliumEndpoints and CiliumIdentities: what they add, and where they do not agree with Nodes and Pods."""

from __future__ import annotations

from pathlib import Path

import pytest

import npverify
from dialects.edge_cases import joined, pod
from npverify.inventory.model import Endpoint

NODE = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {addresses: [{type: InternalIP, address: 192.168.0.1}]}\n"
ROUTER = """apiVersion: cilium.io/v2
kind: CiliumNode
metadata: {name: n1, labels: {zone: a}}
spec:
  addresses: [{type: InternalIP, ip: 192.168.0.1}, {type: CiliumInternalIP, ip: 10.0.1.7}, {type: Hostname, ip: n1}]
  health: {ipv4: 10.0.1.9}
"""


def endpoint(labels: str = "k8s:app=web", ip: str = "10.0.1.1", name: str = "web", identity: str = "77") -> str:
    """A CiliumEndpoint of namespace a; without `labels` its identity has a number alone."""
    listed = (
        f", labels: [{labels}, 'k8s:io.kubernetes.pod.namespace=a', 'k8s:io.cilium.k8s.policy.serviceaccount=robot']"
    )
    return f"""apiVersion: cilium.io/v2
kind: CiliumEndpoint
metadata: {{name: {name}, namespace: a}}
status:
  identity: {{id: {identity}{listed if labels else ""}}}
  networking: {{addressing: [{{ipv4: {ip}}}], node: 192.168.0.1}}
  named-ports: [{{name: http, protocol: TCP, port: 8080}}]
"""


def identity(labels: str, number: str = "77") -> str:
    """A CiliumIdentity."""
    head = f"apiVersion: cilium.io/v2\nkind: CiliumIdentity\nmetadata: {{name: '{number}'}}\n"
    return head + f"security-labels: {{{labels}}}\n"


def piece(*names: str, ip: str = "10.0.1.1", number: str = "77", namespace: str = "a", slice_: str = "ces-1") -> str:
    """A CiliumEndpointSlice with an endpoint of each name, with one address after the other."""
    first, _, last = ip.rpartition(".")
    entries = "".join(
        f"- {{name: {name}, id: {number}, networking: {{addressing: [{{ipv4: {first}.{int(last) + n}}}], node: 192.168.0.1}},"
        " named-ports: [{name: http, protocol: TCP, port: 8080}]}\n"
        for n, name in enumerate(names)
    )
    head = f"apiVersion: cilium.io/v2alpha1\nkind: CiliumEndpointSlice\nmetadata: {{name: {slice_}}}\n"
    return f"{head}namespace: {namespace}\nendpoints:\n{entries}"


def world(*texts: str) -> npverify.World:
    """What is read of some manifests under Cilium."""
    return npverify.load(["-"], cni="cilium", stdin=joined(*texts).encode).world


def codes(*texts: str) -> list[str]:
    """The codes of warnings about Cilium's objects."""
    return [d.code for d in world(*texts).warnings if d.code.startswith("NPV66")]


def found(name: str, *texts: str) -> Endpoint:
    """The endpoint of that name."""
    (end,) = [end for end in world(*texts).inventory.endpoints if end.name == name]
    return end


def _addresses(end: Endpoint) -> list[str]:
    return [str(address) for address in end.addresses]


WEB = pod("web", "app: web", ip="10.0.1.1", namespace="a")


def test_a_node_has_the_address_of_the_agents_router() -> None:
    """Those of the Node come first; other types than addresses are left out, and labels are those of the Node."""
    end = found("n1", NODE, ROUTER)
    assert (_addresses(end), dict(end.labels)) == (["192.168.0.1", "10.0.1.7"], {})


def test_a_node_without_a_node_is_one() -> None:
    """It has the addresses and labels of the CiliumNode."""
    end = found("n1", ROUTER)
    assert (_addresses(end), end.address_known, end.labels) == (["192.168.0.1", "10.0.1.7"], True, {"zone": "a"})


@pytest.mark.parametrize(("more", "status"), [([ROUTER], "refuted"), ([], "proved")])
def test_what_comes_from_the_router_is_a_node_to_policies(more: list[str], status: str, tmp_path: Path) -> None:
    """Who lets `remote-node` in lets it in; without the object it is an address outside."""
    lets_in = (
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: a}\n"
        "spec: {endpointSelector: {}, ingress: [{fromEntities: [remote-node]}]}\n"
    )
    (tmp_path / "s.npv").write_text("assert no 10.0.1.7 reaches pod a/web\n")
    text = joined(NODE, WEB, lets_in, *more)
    loaded = npverify.load(["-"], specs=[str(tmp_path / "s.npv")], cni="cilium", stdin=text.encode)
    assert npverify.prove(loaded.world, loaded.assertions).results[0].status == status


def test_addresses_of_health_checks_count_as_outside() -> None:
    """And a warning says so."""
    assert codes(NODE, ROUTER) == ["NPV661"]
    assert codes(NODE, ROUTER.replace("  health: {ipv4: 10.0.1.9}\n", "")) == []


def test_a_pod_without_an_address_has_that_of_its_endpoint() -> None:
    """The node is that whose address the endpoint names."""
    bare = pod("web", "app: web", "nodeName: n1, containers: [{name: c, image: i}]", namespace="a")
    end = found("web", NODE, bare, endpoint())
    assert (_addresses(end), end.address_known, end.node) == (["10.0.1.1"], True, "n1")


@pytest.mark.parametrize(
    ("told", "want"),
    [
        pytest.param(endpoint(), [], id="they agree"),
        pytest.param(endpoint(ip="10.0.1.2"), ["NPV662"], id="another address"),
        pytest.param(endpoint("k8s:app=api"), ["NPV663"], id="another label"),
        pytest.param(endpoint("k8s:app=web, k8s:tier=x"), ["NPV663"], id="one label more"),
        pytest.param(endpoint("k8s:app=web, cidr:10.0.0.0/8"), [], id="a label of another source"),
        pytest.param(endpoint("", identity="77"), [], id="an identity that nobody tells of"),
    ],
)
def test_where_a_pod_and_its_endpoint_do_not_agree_there_is_a_warning(told: str, want: list[str]) -> None:
    """The pod counts."""
    assert codes(NODE, WEB, told) == want
    end = found("web", NODE, WEB, told)
    assert (_addresses(end), end.labels["app"]) == (["10.0.1.1"], "web")


def test_the_labels_of_an_identity_are_those_of_its_object() -> None:
    """Where the endpoint has a number alone."""
    assert codes(NODE, WEB, endpoint(""), identity("'k8s:app': api")) == ["NPV663"]
    assert codes(NODE, WEB, endpoint(""), identity("'k8s:app': web")) == []


def test_an_endpoint_without_its_pod_is_one() -> None:
    """With the labels, the account, the addresses and the ports that it tells."""
    end = found("web", NODE, endpoint())
    assert (end.namespace, dict(end.labels), end.service_account, end.node) == ("a", {"app": "web"}, "robot", "n1")
    assert [(p.name, p.protocol, p.number) for p in end.ports] == [("http", "TCP", 8080)]


def test_an_endpoint_of_a_pod_on_the_host_network_is_passed_over() -> None:
    """Cilium has none there."""
    host = pod("web", "app: web", "hostNetwork: true, containers: [{name: c, image: i}]", "192.168.0.1", "a")
    assert codes(NODE, host, endpoint()) == ["NPV662"]


def test_what_is_not_used_is_named() -> None:
    """Objects that say nothing new, each kind in a note."""
    same = ROUTER.replace("{type: CiliumInternalIP, ip: 10.0.1.7}, ", "")
    on_node = pod("web", "app: web", "nodeName: n1, containers: [{name: c, image: i}]", "10.0.1.1", "a")
    notes = world(NODE, same, on_node, endpoint(), identity("'k8s:app': web")).inventory.notes
    assert [note for note in notes if note.startswith("not used")] == [
        "not used, as the Nodes say all that they say: CiliumNode n1",
        "not used, as the Pods say all that they say: CiliumEndpoint a/web",
        "not used, as the endpoints have these labels: CiliumIdentity 77",
    ]


def test_nodes_and_identities_are_in_no_namespace() -> None:
    """So none is missed."""
    assert "NPV035" not in {d.code for d in world(NODE, ROUTER, WEB, identity("'k8s:app': web")).warnings}


@pytest.mark.parametrize(
    ("texts", "refused"),
    [
        pytest.param([endpoint("", name="api")], True, id="no identity in the input"),
        pytest.param([endpoint("", name="api"), identity("'k8s:app': api", "78")], True, id="another one"),
        pytest.param([endpoint("", name="api", identity="0")], True, id="none yet"),
        pytest.param([endpoint("", name="api"), identity("'k8s:app': api")], False, id="its own"),
        pytest.param([endpoint("reserved:init", name="api")], False, id="one without labels of Kubernetes"),
        pytest.param([WEB, endpoint("")], False, id="its pod"),
    ],
)
def test_of_labels_that_nobody_tells_nothing_is_proved(texts: list[str], refused: bool) -> None:
    """A pod without its labels would be one that no rule means."""
    if not refused:
        assert world(NODE, *texts).inventory.pods
        return
    with pytest.raises(npverify.InputError) as raised:
        world(NODE, *texts)
    assert [d.code for d in raised.value.diagnostics if d.severity == "error"] == ["NPV664"]


def test_an_address_that_is_none_is_an_error() -> None:
    """With its place."""
    with pytest.raises(npverify.InputError) as raised:
        world(NODE, endpoint(ip="10.0.1"))
    assert [d.code for d in raised.value.diagnostics if d.severity == "error"] == ["NPV037"]


ROBOT = "'k8s:app': web, 'k8s:io.cilium.k8s.policy.serviceaccount': robot"


def test_the_entries_of_a_slice_are_pods_with_the_labels_of_their_identity() -> None:
    """As a CiliumEndpoint is that has no Pod beside it."""
    texts = (NODE, piece("web", "w2"), identity(ROBOT))
    one, two = found("web", *texts), found("w2", *texts)
    assert (one.namespace, one.labels, one.service_account, one.node) == ("a", {"app": "web"}, "robot", "n1")
    assert [_addresses(end) for end in (one, two)] == [["10.0.1.1"], ["10.0.1.2"]]
    assert [(p.name, p.number) for p in two.ports] == [("http", 8080)]
    assert "a" in world(*texts).inventory.namespaces
    assert codes(*texts) == []


def test_a_slice_gives_a_pod_its_address() -> None:
    """Where the Pod does not tell it; its labels stay those of the Pod."""
    end = found("web", NODE, pod("web", "app: web", namespace="a"), piece("web"), identity(ROBOT))
    assert (_addresses(end), end.node) == (["10.0.1.1"], "reef")


def test_an_endpoint_goes_before_the_entry_of_a_slice() -> None:
    """One pod comes of both, and of two slices between which the operator moves it."""
    texts = (NODE, endpoint(ip="10.0.1.9"), piece("web"), piece("web", slice_="ces-2"), identity(ROBOT))
    assert _addresses(found("web", *texts)) == ["10.0.1.9"]
    (note,) = [note for note in world(*texts).inventory.notes if "others tell of the same pods" in note]
    assert "a/web of CiliumEndpointSlice ces-1, a/web of CiliumEndpointSlice ces-2" in note


@pytest.mark.parametrize(
    ("texts", "code", "words", "line"),
    [
        ((piece("w", "web"),), "NPV664", "nobody tells the labels of a/w of CiliumEndpointSlice ces-1", 6),
        ((piece("''"), identity(ROBOT)), "NPV695", "an endpoint of CiliumEndpointSlice ces-1 has no `name`", 6),
        ((piece("w", namespace="''"), identity(ROBOT)), "NPV695", "`namespace` is missing", 2),
    ],
    ids=["no identity", "no name", "no namespace"],
)
def test_an_entry_that_says_too_little_is_an_error(texts: tuple[str, ...], code: str, words: str, line: int) -> None:
    """At the entry, with what helps."""
    with pytest.raises(npverify.InputError) as refused:
        world(*texts)
    first = refused.value.diagnostics[0]
    assert (first.code, first.span and first.span.line) == (code, line)
    assert words in first.message


def test_an_entry_that_does_not_agree_with_its_pod_is_told() -> None:
    """At the entry; the Pod counts."""
    here = pod("web", "app: other", ip="10.0.1.5", namespace="a")
    assert sorted(codes(NODE, here, piece("web"), identity(ROBOT))) == ["NPV662", "NPV663"]
