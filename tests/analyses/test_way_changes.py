"""Ways in from outside that a change opens, closes or makes otherwise, with the line that does it; and how they are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import npverify
from analyses.test_controllers import EDGE, FRONT, ROUTED, edge, ingress
from analyses.test_entries import NODES, db, lets_in, service
from npverify.analyses.world import World
from npverify.cli.diff import exit_code
from npverify.report.diff_json import diff_json
from npverify.report.diff_markdown import render_markdown
from npverify.report.diff_text import render_diff
from npverify.report.equiv_json import equiv_json
from npverify.report.prove_text import View

BASE = [NODES, db(), edge()]
TWICE = [  # a route at Gateways of two classes
    ROUTED[0],
    ROUTED[0]
    .replace("name: g,", "name: h,")
    .replace("gatewayClassName: c", "gatewayClassName: d")
    .replace("443", "80"),
    ROUTED[1].replace("[{name: g}]", "[{name: g}, {name: h}]"),
]
TWO_LISTENERS = [ROUTED[0].replace("}]}}", "}, {name: m, port: 8443, protocol: TLS}]}}"), ROUTED[1]]
AT_H = ROUTED[1].replace("[{name: g}]", "[{name: h}]")
RANGES = ", loadBalancerSourceRanges: [203.0.113.0/24]"


def world(folder: Path, name: str, manifests: list[str]) -> World:
    """The world of a version, read from a folder of that name."""
    (folder / name).mkdir()
    (folder / name / "m.yaml").write_text("\n---\n".join(manifests))
    return npverify.load([str(folder / name)]).world


def told(folder: Path, old: list[str], new: list[str]) -> list[str]:
    """Each change: `opened NodePort 30080 of Service x/front -> x/db:5432`, and what it was before."""
    found = npverify.diff(world(folder, "old", [*BASE, *old]), world(folder, "new", [*BASE, *new])).ways
    return [
        f"{w.status} {w.way} {', '.join(map(str, w.numbers or (0,)))} of {w.owner}{w.service and ' ' + w.service} -> {', '.join(w.to)}"
        + "".join(f"; {what}" for what in w.what)
        for w in found
    ]


ROWS = [
    ("nothing is different", [service()], [service()], []),
    ("a Service becomes one with a node port", [service("ClusterIP")], [service()], ["opened NodePort 30080 of Service x/front -> x/db:5432"]),
    ("and is one inside again", [service()], [service("ClusterIP")], ["closed NodePort 30080 of Service x/front -> x/db:5432"]),
    ("a load balancer has node ports too", [service()], [service("LoadBalancer")], ["opened LoadBalancer 80 of Service x/front -> x/db:5432"]),
    ("unless it does without", [service("LoadBalancer")], [service("LoadBalancer", ", allocateLoadBalancerNodePorts: false")], ["closed NodePort 30080 of Service x/front -> x/db:5432"]),
    ("an external IP", [service("ClusterIP")], [service("ClusterIP", ", externalIPs: [198.51.100.7]")], ["opened external IP 80 of Service x/front -> x/db:5432"]),
    ("another node port", [service()], [service(port="port: 80, targetPort: pg, nodePort: 30081")], ["changed NodePort 30081 of Service x/front -> x/db:5432; its port was 30080"]),
    ("another target", [service()], [service(port="port: 80, targetPort: 22, nodePort: 30080")], ["changed NodePort 30080 of Service x/front -> x/db:22; it led to x/db:5432"]),
    ("the address of clients is kept", [service()], [service(more=", externalTrafficPolicy: Local")], ["changed NodePort 30080 of Service x/front -> x/db:5432; `externalTrafficPolicy` was Cluster"]),
    ("fewer clients", [service("LoadBalancer")], [service("LoadBalancer", RANGES)], ["changed LoadBalancer 80 of Service x/front -> x/db:5432; it took clients of everywhere"]),
    ("a Service that is gone", [service(), FRONT.replace("name: front", "name: other")], [FRONT.replace("name: front", "name: other")], ["closed NodePort 30080 of Service x/front -> x/db:5432"]),
    ("an Ingress", [FRONT], [FRONT, ingress()], ["opened Ingress 0 of Ingress x/i x/front -> x/db:5432"]),
    ("of another class", [FRONT, ingress("a")], [FRONT, ingress("b")], ["changed Ingress 0 of Ingress x/i x/front -> x/db:5432; its class was a"]),
    ("a route", [FRONT, *ROUTED], [FRONT, ROUTED[0]], ["closed Gateway 443 of TCPRoute x/r x/front -> x/db:5432"]),
    ("one of two Gateways that take it", [FRONT, *TWICE], [FRONT, *TWICE[:2], AT_H], ["closed Gateway 443 of TCPRoute x/r x/front -> x/db:5432"]),
    ("the other one", [FRONT, *TWICE], [FRONT, *TWICE[:2], ROUTED[1]], ["closed Gateway 80 of TCPRoute x/r x/front -> x/db:5432"]),
    ("a second one", [FRONT, *TWICE[:2], AT_H], [FRONT, *TWICE], ["opened Gateway 443 of TCPRoute x/r x/front -> x/db:5432"]),
    ("a second listener", [FRONT, *ROUTED], [FRONT, *TWO_LISTENERS], ["changed Gateway 443, 8443 of TCPRoute x/r x/front -> x/db:5432; its port was 443"]),
    ("one listener less", [FRONT, *TWO_LISTENERS], [FRONT, *ROUTED], ["changed Gateway 443 of TCPRoute x/r x/front -> x/db:5432; its ports were 443, 8443"]),
    ("a lower one more", [FRONT, *ROUTED], [FRONT, TWO_LISTENERS[0].replace("8443", "80"), ROUTED[1]], ["changed Gateway 80, 443 of TCPRoute x/r x/front -> x/db:5432; its port was 443"]),
    ("both stay", [FRONT, *TWICE], [FRONT, *TWICE], []),
    ("another external IP", [service("ClusterIP", ", externalIPs: [198.51.100.7]")], [service("ClusterIP", ", externalIPs: [198.51.100.7, 198.51.100.8]")], ["changed external IP 80 of Service x/front -> x/db:5432; its addresses were 198.51.100.7"]),
    ("the same ones in another order", [service("ClusterIP", ", externalIPs: [198.51.100.8, 198.51.100.7]")], [service("ClusterIP", ", externalIPs: [198.51.100.7, 198.51.100.8]")], []),
    ("a policy is no way in", [service()], [service(), lets_in()], []),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_what_a_change_opens_and_closes(old: list[str], new: list[str], expected: list[str], tmp_path: Path) -> None:
    """Whatever policies make of it: what a client dials, who owns it and where it leads."""
    assert told(tmp_path, old, new) == expected


def test_a_host_port_is_a_way_in(tmp_path: Path) -> None:
    """Of the pod that has it."""
    old, new = (world(tmp_path, name, [NODES, pod]) for name, pod in (("old", db()), ("new", db(", hostPort: 8443"))))
    (way,) = npverify.diff(old, new).ways
    assert (way.status, way.owner, way.number, way.to) == ("opened", "pod x/db", 8443, ("x/db:5432",))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("127.0.0.1", "192.168.0.1", ("opened", ())),
        ("192.168.0.1", "127.0.0.1", ("closed", ())),
        ("192.168.0.1", "'::'", ("changed", ("clients dialled it over IPv4",))),
    ],
)
def test_the_address_of_a_host_port_opens_and_closes_it(
    old: str, new: str, expected: tuple[str, tuple[str, ...]], tmp_path: Path
) -> None:
    """Nobody outside comes to the loopback of a node, and who dials another address does so in its family."""
    pods = [db(f", hostPort: 8443, hostIP: {ip}") for ip in (old, new)]
    worlds = [world(tmp_path, name, [NODES, pod]) for name, pod in zip(("old", "new"), pods, strict=True)]
    (way,) = npverify.diff(*worlds).ways
    assert (way.status, way.what) == expected


def test_a_version_of_policies_alone_opens_nothing(tmp_path: Path) -> None:
    """It is compared over the inventory of the other."""
    old, new = world(tmp_path, "old", [*BASE, service()]), world(tmp_path, "new", [lets_in()])
    assert npverify.diff(old, new).ways == ()


def test_each_report_tells_it_with_its_line(tmp_path: Path) -> None:
    """In text, JSON and Markdown, and it counts as a difference: one that adds."""
    old, new = world(tmp_path, "old", [*BASE, FRONT]), world(tmp_path, "new", [*BASE, FRONT, ingress()])
    result = npverify.diff(old, new)
    text = (tmp_path / "new" / "m.yaml").read_text()
    line = text[: text.index("kind: Ingress")].count("\n") + 1
    where = f"{tmp_path}/new/m.yaml:{line}:{text.splitlines()[line - 1].index('i, namespace') + 1}"
    words = "Ingress x/i, through Service x/front, to x/db:5432 (TCP)"
    assert f"Ways in from outside:\n  + {words}  {where}\n" in render_diff(result, View())
    assert "nothing is different · 1 way in opened" in render_diff(result, View())
    assert f"- opened: {words} `{where}`" in render_markdown(result)
    assert json.loads(json.dumps(diff_json(result)))["ways"] == [
        {
            "status": "opened", "way": "Ingress", "of": "Ingress x/i", "service": "x/front", "protocol": "TCP", "port": None, "ports": [],
            "to": ["x/db:5432"], "what": [], "source": where,
        }
    ]  # fmt: skip
    assert [exit_code(result, fail_on) for fail_on in ("any", "added", "removed", "assertions", "none")] == [
        1,
        1,
        0,
        0,
        0,
    ]


def test_equal_policies_stay_equivalent_and_the_way_is_told(tmp_path: Path) -> None:
    """Flows are compared as they arrive."""
    old, new = world(tmp_path, "old", [*BASE, FRONT, ingress()]), world(tmp_path, "new", [*BASE, FRONT])
    found = equiv_json(npverify.equiv(old, new))
    assert (found["equivalent"], [way["status"] for way in found["ways"]]) == (True, ["closed"])


@pytest.mark.parametrize(
    ("new", "equivalent"),
    [
        ([service()], True),
        ([service(), lets_in()], False),
        ([service(), NODES], False),
    ],
    ids=["a node port", "with a policy", "with nodes, which the other does not have"],
)
def test_a_port_of_nodes_is_no_new_node(new: list[str], equivalent: bool, tmp_path: Path) -> None:
    """Where no node is in the input, one stands for those that there are, on both sides."""
    pods = [db(node=""), edge()]
    sides = world(tmp_path, "old", [*pods, service("ClusterIP")]), world(tmp_path, "new", [*pods, *new])
    assert equiv_json(npverify.equiv(*sides))["equivalent"] is equivalent
    assert equiv_json(npverify.equiv(*reversed(sides)))["equivalent"] is equivalent


def test_a_template_leads_to_its_listed_pods(tmp_path: Path) -> None:
    """The pods of a workload that one version lists, and the other has the template of, are one place to lead to; what a
    controller sends to them is judged at these very pods."""
    template = (
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: x}, spec: {selector: {matchLabels: {app: db}},"
        " template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, ports: [{name: pg, containerPort: 5432}]}]}}}}"
    )
    owned = "name: %s, namespace: x, ownerReferences: [{apiVersion: apps/v1, kind: %s, name: %s, controller: true}]"
    listed = [
        template,
        f"{{apiVersion: apps/v1, kind: ReplicaSet, metadata: {{{owned % ('web-1', 'Deployment', 'web')}}},"
        " spec: {selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c}]}}}}",
        db(node="").replace("name: db, namespace: x", owned % ("web-1-a", "ReplicaSet", "web-1")),
    ]
    old, new = (
        world(tmp_path, name, [NODES, edge(), *pods, FRONT, ingress(), EDGE])
        for name, pods in (("old", [template]), ("new", listed))
    )
    said = {"ingress_controller": "e"}
    spec = tmp_path / "s.npv"
    spec.write_text("assert no internet reaches pods in namespace x through ingress\n")
    worlds = [npverify.load([str(tmp_path / name)], specs=[str(spec)], assume=said) for name in ("old", "new")]
    result = npverify.diff(worlds[0].world, worlds[1].world, specs=worlds[1].specs)
    assert (result.ways, result.changes, result.undecided) == ((), (), "")
    assert [(p.before and p.before.status, p.after.status) for p in result.promises] == [("refuted", "refuted")]
    assert npverify.diff(old, new).ways == ()
