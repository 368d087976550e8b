"""Other clusters as part of an inventory: what becomes of their pods and nodes, and addresses that two clusters have."""

from __future__ import annotations

from random import Random

import pytest

from inventory.manifests import documents, endpoint
from npverify.ingest.source import Problems
from npverify.inventory.addresses import BITS, Address, Prefix
from npverify.inventory.build import build
from npverify.inventory.clusters import with_clusters
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind, Inventory
from npverify.inventory.spaces import address_space
from npverify.inventory.unknowns import Unknown

HERE = """
{kind: Pod, metadata: {name: web, namespace: shop}, spec: {containers: [{}]}, status: {podIP: 10.1.0.5}}
---
{kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}}
"""
WEST = """
{kind: Namespace, metadata: {name: shop, labels: {env: prod}}}
---
{kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 198.51.100.1}]}}
---
{kind: Pod, metadata: {name: db-0, namespace: shop, labels: {app: db}}, status: {podIP: 10.8.0.5},
  spec: {serviceAccountName: db, nodeName: n1, containers: [{ports: [{name: sql, containerPort: 5432}]}]}}
---
{kind: Pod, metadata: {name: agent, namespace: mon}, spec: {hostNetwork: true, nodeName: n1, containers: [{}]}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: api, namespace: shop}, spec: {template:
  {metadata: {labels: {app: api}}, spec: {containers: [{}]}}}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: log, namespace: mon}, spec: {template: {spec: {containers: [{}]}}}}
"""


def read(here: str = HERE, pod_space: tuple[str, ...] = (), **others: str) -> tuple[Inventory, Problems]:
    """The inventory of one cluster with others beside it."""
    problems = Problems()
    inventory = build(documents(here), problems, pod_space=tuple(map(Prefix.parse, pod_space)))
    clusters = {name: build(documents(text), problems) for name, text in others.items()}
    found = with_clusters(inventory, clusters, problems)
    assert problems.errors == ()
    return found, problems


def remote(name: str) -> Endpoint:
    """An endpoint of cluster west."""
    return endpoint(read(west=WEST)[0], name)


def test_what_is_elsewhere_comes_last_and_is_no_pod_here():
    """Pods of other clusters stand behind everything here, nodes of other clusters behind those."""
    found, _ = read(west=WEST, east=WEST)
    here = ["shop/web", "node n1"]
    pods = [
        f"{cluster}:{name}"
        for cluster in ("east", "west")
        for name in ("mon/agent", "mon/log", "shop/api", "shop/db-0")
    ]
    assert [str(e) for e in found.endpoints] == [*here, *pods, "east:node n1", "west:node n1"]
    assert [e.key for e in found.endpoints] == sorted({e.key for e in found.endpoints})
    assert all(e.key < EXTERNAL.key for e in found.endpoints)
    assert ([str(p) for p in found.pods], [str(n) for n in found.nodes]) == (here[:1], here[1:])
    assert {e.kind for e in found.endpoints if e.cluster} == {EndpointKind.REMOTE}


@pytest.mark.parametrize(
    ("name", "on_host", "is_node", "replicated", "address"),
    [
        pytest.param("west:shop/db-0", False, False, False, "10.8.0.5", id="a pod"),
        pytest.param("west:mon/agent", True, False, False, "198.51.100.1", id="a pod on the host network"),
        pytest.param("west:node n1", True, True, False, "198.51.100.1", id="a node"),
        pytest.param("west:shop/api", False, False, True, None, id="a workload"),
        pytest.param("west:mon/log", False, False, True, None, id="a workload on every node"),
    ],
)
def test_what_is_known_of_it(name, on_host, is_node, replicated, address):
    """Kind, replicas and address are those that it has there."""
    end = remote(name)
    assert (end.cluster, end.on_host, end.is_node, end.replicated) == ("west", on_host, is_node, replicated)
    assert (end.shares_address, end.on_every_node, end.is_pod) == (on_host, False, False)
    assert end.addresses == (() if address is None else (Address.parse(address),))
    assert end.address_known is (address is not None)


def test_names_are_kept_to_be_asked_for():
    """Labels, account and ports are those of its manifest; its node is none of the nodes here, though one has that name."""
    found, _ = read(west=WEST)
    db = endpoint(found, "west:shop/db-0")
    assert (db.labels, db.service_account, [p.name for p in db.ports]) == ({"app": "db"}, "db", ["sql"])
    assert all(end.node not in {node.node for node in found.nodes} for end in found.endpoints if end.cluster)
    assert found.clusters["west"]["shop"].labels["env"] == "prod"
    assert not found.clusters["west"]["mon"].declared
    assert list(found.namespaces) == ["shop"]


def test_a_label_that_nobody_knows_is_not_that_of_the_workload_of_the_same_name_here():
    """Two Deployments of one name in two clusters are two."""
    deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: api, namespace: shop}, spec: {template: {spec: {containers: [{}]}}}}"
    found, _ = read(deployment, west=deployment, east=deployment)
    hashes = [end.labels["pod-template-hash"] for end in found.endpoints]
    assert all(isinstance(label, Unknown) for label in hashes)
    assert len({label.name for label in hashes if isinstance(label, Unknown)}) == 3


def test_notes_say_which_cluster_they_are_about():
    """What is noteworthy elsewhere is told with the name of the cluster."""
    notes = read(west=WEST)[0].notes
    assert "used but not declared, so that their labels are unknown: namespaces shop" in notes
    assert "cluster west: used but not declared, so that their labels are unknown: namespaces mon" in notes


def test_without_other_clusters_nothing_changes():
    """The same inventory comes back."""
    problems = Problems()
    inventory = build(documents(HERE), problems)
    assert with_clusters(inventory, {}, problems) is inventory


SERVICE = """
{kind: Service, metadata: {name: db, namespace: shop}, spec: {clusterIP: 10.96.0.9, ports: [{port: 5432}]}}
---
{kind: Endpoints, metadata: {name: db, namespace: shop},
  subsets: [{addresses: [{ip: 10.8.0.5}, {ip: 198.51.100.1}, {ip: 203.0.113.9}], ports: [{port: 5432}]}]}
"""


def test_a_service_leads_to_another_cluster():
    """An address that somebody wrote behind a Service is whoever has it: a node before the pods on its network."""
    found, problems = read(SERVICE, west=WEST)
    backends = found.services["shop", "db"].backends[0]
    assert {(str(b.endpoint), str(b.address)) for b in backends} == {
        ("west:shop/db-0", "10.8.0.5"),
        ("west:node n1", "198.51.100.1"),
        ("external address", "203.0.113.9"),
    }
    assert problems.warnings == ()


def pods(*addresses: str) -> str:
    """A pod for each address."""
    return "\n---\n".join(
        f"{{kind: Pod, metadata: {{name: p{n}, namespace: x}}, spec: {{containers: [{{}}]}}, status: {{podIP: {ip}}}}}"
        for n, ip in enumerate(addresses)
    )


@pytest.mark.parametrize(
    ("here", "others", "space", "parts"),
    [
        pytest.param(pods("10.1.0.5"), {"west": pods("10.8.0.5")}, (), (), id="addresses of their own"),
        pytest.param(
            pods("10.1.0.5"), {"west": pods("10.1.0.5")}, (), ("`west:x/p0`", "10.1.0.5", "`x/p0`"), id="of a pod here"
        ),
        pytest.param(
            HERE, {"west": pods("192.0.2.1")}, (), ("`west:x/p0`", "192.0.2.1", "`node n1`"), id="of a node here"
        ),
        pytest.param(
            SERVICE,
            {"west": pods("10.96.0.9")},
            (),
            ("`west:x/p0`", "10.96.0.9", "Service `shop/db`"),
            id="of a Service here",
        ),
        pytest.param(
            pods("10.1.0.5"),
            {"east": pods("10.8.0.5"), "west": pods("10.8.0.5")},
            (),
            ("`west:x/p0`", "10.8.0.5", "`east:x/p0`"),
            id="of a third cluster",
        ),
        pytest.param(
            pods("10.1.0.5"),
            {"west": pods("10.1.0.6")},
            ("10.1.0.0/16",),
            ("`west:x/p0`", "10.1.0.6", "10.1.0.0/16, where pods of this cluster live"),
            id="where pods here live",
        ),
        pytest.param(
            pods("10.1.0.5", "10.1.0.6"),
            {"west": pods("10.1.0.5", "10.1.0.6")},
            (),
            ("`west:x/p0`", "and so it is with 1 more"),
            id="one warning for all of a cluster",
        ),
        pytest.param(pods("10.1.0.5"), {"west": WEST}, (), (), id="a node and the pods on its network share theirs"),
    ],
)
def test_addresses_of_two_clusters_are_a_warning(here, others, space, parts):
    """Policies know what is elsewhere by its address alone, so an address that two clusters have is worth a word."""
    _, problems = read(here, space, **others)
    found = [w for w in problems.warnings if w.code == "NPV295"]
    assert len(found) == bool(parts)
    for warning in found:
        assert all(part in warning.message for part in parts)
        assert warning.fix


def test_endpoints_of_other_clusters_live_where_no_pod_here_does():
    """Every address of a family that pods have blocks of is in exactly one of the two; of other families nothing is said."""
    rng = Random(7)
    for _ in range(200):
        blocks = tuple(
            Prefix(family, rng.getrandbits(length) << BITS[family] - length, length)
            for family in rng.choice(((4,), (6,), (4, 6)))
            for length in rng.choices((1, 2, 3, 8, 31, 32), k=rng.randint(1, 3))
        )
        space = address_space(Inventory({}, (), pod_space=blocks), EndpointKind.REMOTE)
        assert {p.family for p in space} <= {p.family for p in blocks}
        edges = [
            Address(p.family, value) for p in (*blocks, *space) for value in (p.first, p.last, p.first - 1, p.last + 1)
        ]
        for address in edges:
            if 0 <= address.value < 1 << BITS[address.family]:
                here = any(p.contains(address) for p in blocks)
                assert sum(p.contains(address) for p in space) == (not here)
