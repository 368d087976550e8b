"""The reference gives the verdicts of Calico at host endpoints: one row for each edge case about one packet."""

from __future__ import annotations

from typing import Any

import pytest

from calico_facts import allow, cluster, deny, flow, gnp, hep, netset, np, pod, profile
from calico_reference import Cluster, End, Facts, Flow, passes
from reference import Manifest

IN: dict[str, Any] = {"types": ["Ingress"]}
OUT: dict[str, Any] = {"types": ["Egress"]}
HOSTS = {"selector": "host == 'yes'"}
PRE_DNAT = {"preDNAT": True, "applyOnForward": True, **IN, **HOSTS}
UNTRACKED = {"doNotTrack": True, "applyOnForward": True, **HOSTS}
DEFAULT_ALLOW = {"profiles": ["projectcalico-default-allow"]}


def hosts(interface: str = "*", **spec: Any) -> list[Manifest]:
    """A host endpoint of each node, which expects its address."""
    return [
        hep(f"h{n}", f"n{n}", interface, labels={"host": "yes"}, expectedIPs=[f"192.168.0.{n}"], **spec) for n in (1, 2)
    ]


def automatic() -> list[Manifest]:
    """Those that kube-controllers makes."""
    return hosts(**DEFAULT_ALLOW)


NODE_TO_NODE = flow("n1", "n2")
SSH = flow("out", "n1", 22)
REMOTE = flow("x/a", "y/c")
NODE_PORT = flow("out", "x/b", 8080, asked=("192.168.0.1", 32010))
ONE_WAY = {"forward": {"applyOnForward": True, **HOSTS, **IN}, "local": {**HOSTS, **IN}}
LISTS = [
    gnp("f", ingress=[allow(protocol="TCP", destination={"ports": [8055]}), deny()], **ONE_WAY["forward"]),
    gnp("l", ingress=[allow(protocol="TCP", destination={"ports": [8056]}), deny()], order=1, **ONE_WAY["local"]),
]

ROWS: dict[str, tuple[list[Manifest], Flow, bool]] = {
    "E2 no policy and no profile": (hosts(), flow("out", "n1"), False),
    "E36 a negative namespaceSelector finds host endpoints": (
        [*automatic(), np("x/p", ingress=[deny(source={"namespaceSelector": "env != 'prod'"}), allow()], **IN)],
        flow("n2", "x/b"), False),
    "E35 all() does not": (
        [*automatic(), np("x/p", ingress=[deny(source={"namespaceSelector": "all()"}), allow()], **IN)],
        flow("n2", "x/b"), True),
    "E44 all() with a namespaceSelector is pods": (
        [*automatic(), gnp("p", selector="all()", namespaceSelector="env != 'prod'", ingress=[deny()], **IN)],
        flow("out", "n1"), True),
    "E44 without it host endpoints too": (
        [*automatic(), gnp("p", namespaceSelector="env != 'prod'", ingress=[deny()], **IN)], flow("out", "n1"), False),
    "E45 a default deny denies host traffic": ([*hosts(), gnp("p", types=["Ingress", "Egress"])], NODE_TO_NODE, False),
    "E45 except failsafe": ([*hosts(), gnp("p", types=["Ingress", "Egress"])], flow("n1", "n2", 6443), True),
    "E49 an own label wins over that of a profile": (
        [profile("pr", labelsToApply={"env": "b"}, ingress=[allow()]),
         hep("h", "n1", labels={"env": "a"}, profiles=["pr"]), gnp("p", selector="env == 'b'", ingress=[deny()], **IN)],
        flow("out", "n1"), True),
    "E49 and where there is none it is inherited": (
        [profile("pr", labelsToApply={"env": "b"}, ingress=[allow()]), hep("h", "n1", profiles=["pr"]),
         gnp("p", selector="env == 'b'", ingress=[deny()], **IN)], flow("out", "n1"), False),
    "E85 host to host": (hosts(), NODE_TO_NODE, False),
    "E85 a raw protocol": (hosts(), flow("n1", "n2", None, "253"), False),
    "E85 pod to pod across nodes": (hosts(), REMOTE, True),
    "E85 host to its own pod": (hosts(), flow("n1", "x/a"), True),
    "E86 API server": (hosts(), flow("n1", "n2", 6443), True),
    "E87 policy that is not for forwarded traffic": (
        [*hosts(), gnp("p", **HOSTS, ingress=[deny()], egress=[deny()])], REMOTE, True),
    "E88 apply on forward": ([*hosts(), gnp("p", applyOnForward=True, **HOSTS, ingress=[deny()], **IN)], REMOTE, False),
    "E88 on pods of one node too": (
        [*hosts(), gnp("p", applyOnForward=True, **HOSTS, ingress=[deny()], **IN)], flow("x/a", "x/b"), False),
    "E89 a pod to its own host": (
        [*hosts("eth0"), gnp("p", **HOSTS, ingress=[deny()], **IN)], flow("x/a", "n1"), True),
    "E91 everything denied before DNAT": ([*hosts("eth0"), gnp("p", **PRE_DNAT, ingress=[deny()])], NODE_PORT, False),
    "E92 the NodePort allowed": (
        [*hosts("eth0"), gnp("p", **PRE_DNAT, ingress=[deny()]),
         gnp("a", **PRE_DNAT, ingress=[allow(protocol="TCP", destination={"ports": [32010]})])], NODE_PORT, True),
    "E92 the target port allowed": (
        [*hosts("eth0"), gnp("p", **PRE_DNAT, ingress=[deny()]),
         gnp("a", **PRE_DNAT, ingress=[allow(protocol="TCP", destination={"ports": [8080]})])], NODE_PORT, False),
    "E93 pod policy still applies": (
        [*hosts("eth0"), gnp("a", **PRE_DNAT, ingress=[allow()]), np("x/p", **IN)], NODE_PORT, False),
    "E94 forwarded A": (hosts("eth0") + LISTS, flow("out", "x/b", 8055), True),
    "E94 forwarded B": (hosts("eth0") + LISTS, flow("out", "x/b", 8056), False),
    "E94 local B": (hosts("eth0") + LISTS, flow("out", "n1", 8056), True),
    "E94 local A": (hosts("eth0") + LISTS, flow("out", "n1", 8055), False),
    "E95 only local policy": ([*hosts("eth0"), gnp("p", **HOSTS, ingress=[deny()], **IN)], flow("out", "x/b"), True),
    "E96 policy before DNAT does not isolate pods": (
        [gnp("p", preDNAT=True, applyOnForward=True, selector="all()", ingress=[allow(protocol="UDP")], **IN)],
        flow("x/a", "x/b"), True),
    "E97 SSH": ([*hosts(), gnp("p", **HOSTS, applyOnForward=True, ingress=[deny()], **IN)], SSH, True),
    "E97 SSH into a pod": (
        [*hosts(), gnp("p", **HOSTS, applyOnForward=True, ingress=[deny()], **IN)], flow("out", "x/b", 22), False),
    "E98 untracked policies allow": (
        [*hosts("eth0"), gnp("p", **UNTRACKED, ingress=[allow()], egress=[allow()])], NODE_TO_NODE, True),
    "E98 one direction is not enough": (
        [*hosts("eth0"), gnp("p", **UNTRACKED, ingress=[allow()], **IN)], NODE_TO_NODE, False),
    "what is accepted untracked is not translated": (  # felix/rules/static.go StaticRawPreroutingChain
        [*hosts("eth0", **DEFAULT_ALLOW), gnp("p", **UNTRACKED, ingress=[allow()], **IN)], NODE_PORT, False),
    "a host talks to itself through all interfaces": (  # felix/fv/ep_to_host_action_test.go, its remark on health checks
        [*hosts(), pod("x/a", host=True)], flow("x/a", "n1"), False),
    "and not through another": ([*hosts("eth0"), pod("x/a", host=True)], flow("x/a", "n1"), True),
    "the address of a Service is replaced at the source's node": (
        [*hosts("eth0", **DEFAULT_ALLOW), gnp("p", **PRE_DNAT, ingress=[deny(protocol="TCP", destination={"ports": [80]})])],
        flow("x/a", "y/c", 8080, asked=("10.96.0.1", 80)), True),
    "neighbour discovery reaches the host": (
        [np("x/p", types=["Egress"])], Flow(End("pod", "fd00::1", ("Pod", "x", "a"), node="n1"),
        End("node", "fd00:1::1", ("Node", "", "n1"), node="n1"), "ICMP", icmp=(135, 0), same_node=True), True),
    "untracked policy does nothing at all interfaces": (  # felix/dataplane/linux/endpoint_mgr.go updateHostEndpoints
        [*automatic(), gnp("p", **UNTRACKED, ingress=[deny()], **IN)], NODE_TO_NODE, True),
    "E99 a profile that is missing": ([hep("h", "n1", profiles=["ghost"])], flow("out", "n1"), False),
    "a peer is found by the addresses that it expects": (
        [*automatic(), gnp("p", selector="app == 'b'", ingress=[allow(source={"selector": "host == 'yes'"})], **IN)],
        flow("n2", "x/b"), True),
    "global() finds it": (
        [*automatic(), np("x/p", ingress=[allow(source={"namespaceSelector": "global()"})], **IN)], flow("n2", "x/b"), True),
    "and a global set": (
        [netset("s", "203.0.113.0/24"), np("x/p", ingress=[allow(source={"namespaceSelector": "global()"})], **IN)],
        flow("out", "x/b"), True),
    "a specific host endpoint wins over that of all interfaces": (
        [hep("a", "n1", profiles=["projectcalico-default-allow"]), hep("b", "n1", "eth0")], flow("out", "n1"), False),
}  # fmt: skip


@pytest.mark.parametrize("fact", ROWS)
def test_the_reference_knows_the_edge_case(fact: str) -> None:
    """Every row gives its flow the verdict that Calico gives."""
    policies, packet, expected = ROWS[fact]
    added = {(p["kind"], p["metadata"].get("namespace"), p["metadata"]["name"]) for p in policies}
    rest = [m for m in cluster() if (m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]) not in added]
    assert passes([*rest, *policies], packet) is expected


def test_what_a_pod_sends_to_its_own_host_is_decided_by_configuration() -> None:
    """E90: DefaultEndpointToHostAction Drop denies what the pod's own policy allows."""
    for action, expected in (("Accept", True), ("Drop", False)):
        facts = Facts(to_own_host=action)
        assert Cluster(cluster()).passes(flow("x/a", "n1"), facts) is expected


def test_nodes_may_send_each_other_what_wraps_the_packets_of_pods() -> None:
    """felix/rules/static.go filterInputChain: where the cluster uses IP in IP, no policy of hosts stops it between nodes."""
    wrapped = flow("n1", "n2", None, "4")
    for tunnels, expected in ((frozenset[str](), False), (frozenset({"IPIP"}), True)):
        assert Cluster([*cluster(), *hosts()]).passes(wrapped, Facts(tunnels=tunnels)) is expected
