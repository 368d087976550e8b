"""The reference gives the verdicts that Calico's tests and source give: one row for each edge case about one packet.

The ids are those of a table of edge cases, E1 to E107; upstream tests stand beside the rows that have one. Rows about input
that the API refuses, about replies and about application-layer rules are not here: the reference does not speak of them.
"""

from __future__ import annotations

from typing import Any

import pytest

from calico_facts import (
    LOG,
    PASS,
    STORED,
    V3,
    allow,
    cluster,
    cnp,
    deny,
    flow,
    gnp,
    knp,
    netset,
    np,
    pod,
    staged,
    tier,
)  # fmt: skip
from calico_reference import End, Flow, passes
from calico_reference.selectors import parse, selects
from reference import Manifest

IN: dict[str, Any] = {"types": ["Ingress"]}
OUT: dict[str, Any] = {"types": ["Egress"]}
BOTH: dict[str, Any] = {"types": ["Ingress", "Egress"]}
ANY_POD = [{"namespaces": {}}]

A_TO_B = flow("x/a", "x/b")
FROM_OUTSIDE = flow("out", "x/b")
FROM_OTHER = flow("y/c", "x/b")
SIX = Flow(End("pod", "fd00::1", ("Pod", "x", "a")), End("outside", "2001:db8::1"), "TCP", 80)
PING = flow("x/a", "x/b", None, "ICMP", icmp=(8, 0))


def isolate_with(*rules: Manifest, **spec: Any) -> Manifest:
    """A policy of namespace `x` whose only ingress rules are these."""
    return np("x/p", ingress=list(rules), **IN, **spec)


def everywhere_with(*rules: Manifest, **spec: Any) -> Manifest:
    """The same, global."""
    return gnp("p", selector="app == 'b'", ingress=list(rules), **IN, **spec)


def ordered(kind: str, name: str, *rules: Manifest, order: float | None = 1000) -> Manifest:
    """A policy on ingress into `x/b` at an order."""
    spec: Manifest = {"ingress": list(rules), **IN, **({} if order is None else {"order": order})}
    if kind == "np":
        return np(f"x/{name}", **spec)
    return gnp(name, selector="app == 'b'", **spec)


KNP_ALLOWS_80 = knp("x/a", ingress=[{"ports": [{"port": 80}]}])
ONLY_EXT = netset("ext", "203.0.113.0/24", kind="ext")
TRUSTED = netset("x/trusted", "10.65.0.0/24", kind="trusted")
SERVICE: list[Manifest] = [
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "x"}, "spec": {
        "selector": {"app": "b"}, "ports": [{"port": 8000, "targetPort": 80}]}},
]  # fmt: skip

# id -> policies, flow, allowed, and the version where it is not 3.32
ROWS: dict[str, tuple[list[Manifest], Flow, bool] | tuple[list[Manifest], Flow, bool, str]] = {
    "E1 no policy": ([], A_TO_B, True),
    "E3 a tier without policy for the endpoint is passed over": (
        [tier("t", 1), np("x/p", tier="t", selector="app == 'z'", **IN), gnp("q", ingress=[allow()], **IN)], A_TO_B, True),
    "E4 a second tier is not reached": (
        [tier("t", 1), gnp("p", tier="t", ingress=[allow()], **IN), gnp("q", ingress=[deny()], **IN)], A_TO_B, True),
    "E6 Pass with nothing behind it": ([gnp("p", tier="kube-admin", ingress=[PASS], **IN)], A_TO_B, True),
    "E7 Pass to Allow": (
        [tier("t", 1), gnp("p", tier="t", ingress=[PASS], **IN), gnp("q", ingress=[allow()], **IN)], A_TO_B, True),
    "E7 Pass to Deny": (
        [tier("t", 1), gnp("p", tier="t", ingress=[PASS], **IN), gnp("q", ingress=[deny()], **IN)], A_TO_B, False),
    "E8 the end of a tier denies": (
        [tier("t", 1), gnp("p", tier="t", ingress=[allow(source={"selector": "app == 'd'"})], **IN),
         gnp("q", ingress=[allow()], **IN)], A_TO_B, False),
    "E9 the end of a tier passes": (
        [tier("t", 1, "Pass"), gnp("p", tier="t", ingress=[allow(source={"selector": "app == 'd'"})], **IN)], A_TO_B, True),
    "E10 only staged policies": (
        [tier("t", 1), gnp("p", tier="t", ingress=[PASS], **IN), tier("u", 2),
         staged(gnp("q", tier="u", ingress=[deny()], **IN)), staged(np("x/r", ingress=[deny()], **IN))], A_TO_B, True),
    "E11 a staged policy beside one that does not match": (
        [tier("t", 1), staged(gnp("p", tier="t", ingress=[allow()], **IN)),
         gnp("q", tier="t", ingress=[allow(protocol="UDP")], **IN)], A_TO_B, False),
    "E12 kube-admin by order": (
        [gnp("p", tier="kube-admin", order=0.5, ingress=[deny()], **IN),
         cnp("q", "Admin", 100, ingress=[{"action": "Accept", "from": ANY_POD}])], A_TO_B, False),
    "E13 Admin before default": (
        [cnp("q", "Admin", 100, ingress=[{"action": "Accept", "from": ANY_POD}]), gnp("p", order=1, ingress=[deny()], **IN)],
        A_TO_B, True),
    "E14 Admin passes to isolation": (
        [cnp("q", "Admin", 100, ingress=[{"action": "Pass", "from": ANY_POD}]), knp("x/p", policyTypes=["Ingress"])],
        A_TO_B, False),
    "E15 Baseline alone": (
        [cnp("q", "Baseline", 1, egress=[{"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]}])], A_TO_B, False),
    "E15 Baseline behind an allowing policy": (
        [cnp("q", "Baseline", 1, egress=[{"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]}]),
         knp("x/p", policyTypes=["Egress"], egress=[{}])], A_TO_B, True),
    "E16 priorities": (
        [cnp("p", "Admin", 100, ingress=[{"action": "Deny", "from": ANY_POD}]),
         cnp("q", "Admin", 50, ingress=[{"action": "Accept", "from": ANY_POD}])], A_TO_B, True),
    "E17 a Log rule alone isolates": ([isolate_with(LOG)], A_TO_B, False),
    "E18 no rules at an earlier order": ([ordered("np", "a", order=10), ordered("np", "b", allow(), order=20)], A_TO_B, True),
    "E19 default-deny before an allow without order": (
        [knp("x/p", policyTypes=["Ingress"]), ordered("gnp", "q", allow(), order=None)], A_TO_B, True),
    "E20 Deny before 1000": ([KNP_ALLOWS_80, ordered("gnp", "q", deny(), order=999)], A_TO_B, False),
    "E20 Deny after 1000": ([KNP_ALLOWS_80, ordered("gnp", "q", deny(), order=1001)], A_TO_B, True),
    "E21 names decide at 1000": ([KNP_ALLOWS_80, ordered("np", "b", deny())], A_TO_B, True),
    "E21 before 3.32 a Calico policy came first": ([KNP_ALLOWS_80, ordered("np", "b", deny())], A_TO_B, False, "3.31"),
    "E22 allow-dns before allow": ([ordered("np", "allow", allow()), ordered("np", "allow-dns", deny())], A_TO_B, False),
    "E22 before 3.32 the other way": (
        [ordered("np", "allow", allow()), ordered("np", "allow-dns", deny())], A_TO_B, True, "3.31"),
    "E23 global before namespaced": ([ordered("np", "p", allow()), ordered("gnp", "p", deny())], A_TO_B, False),
    "E24 both without order": (
        [ordered("np", "b", deny(), order=None), ordered("np", "a", allow(), order=None)], A_TO_B, True),
    "E25 a tier that does not exist": ([np("x/p", tier="ghost", ingress=[allow(protocol="UDP")], **IN)], A_TO_B, False),
    "E25 it comes last": (
        [np("x/p", tier="ghost", ingress=[deny()], **IN), np("x/q", ingress=[allow()], **IN)], A_TO_B, True),
    "E26 a tier without order is behind the baseline": (
        [tier("t", None), gnp("p", tier="t", ingress=[allow()], **IN),
         cnp("q", "Baseline", 1, ingress=[{"action": "Deny", "from": ANY_POD}])], A_TO_B, False),
    "E27 a rule without its type": ([np("x/p", ingress=[allow()], egress=[deny()], **IN)], A_TO_B, True),
    "E28 a type without rules": ([np("x/p", ingress=[allow()], **BOTH)], A_TO_B, False),
    "E29 ingress rules alone": ([np("x/p", ingress=[allow()])], A_TO_B, True),
    "E30 egress rules alone leave ingress": ([np("x/p", egress=[allow()])], A_TO_B, True),
    "E30 unlike those of Kubernetes": ([knp("x/p", egress=[{}])], A_TO_B, False),
    "E31 no rules: ingress is isolated": ([np("x/p", egress=[])], FROM_OUTSIDE, False),
    "E31 and egress is not": ([np("x/p", egress=[])], flow("x/a", "out"), True),
    "E31 stored without types: both are": ([np("x/p", api=STORED, egress=[])], flow("x/a", "out"), False),
    "E32 notSelector alone in a global policy": (
        [everywhere_with(allow(source={"notSelector": "role == 'x'"}))], FROM_OUTSIDE, True),
    "E33 in a namespaced one: not from outside": (
        [isolate_with(allow(source={"notSelector": "role == 'x'"}))], FROM_OUTSIDE, False),
    "E33 nor from elsewhere": ([isolate_with(allow(source={"notSelector": "role == 'x'"}))], FROM_OTHER, False),
    "E34 but from the namespace": (
        [isolate_with(allow(protocol="TCP", source={"notSelector": "role == 'x'"}, destination={"ports": [80]}))], A_TO_B, True),
    "E35 all() and an address outside": ([isolate_with(allow(source={"namespaceSelector": "all()"}))], FROM_OUTSIDE, False),
    "E35 all() and a global set": (
        [ONLY_EXT, isolate_with(allow(source={"namespaceSelector": "all()"}))], FROM_OUTSIDE, False),
    "E35 all() and a pod elsewhere": ([isolate_with(allow(source={"namespaceSelector": "all()"}))], FROM_OTHER, True),
    "E37 a selector stays in the namespace": ([isolate_with(allow(source={"selector": "app == 'a'"}))], FROM_OTHER, False),
    "E38 the namespace of another": (
        [isolate_with(allow(source={"selector": "projectcalico.org/namespace == 'y'"}))], FROM_OTHER, False),
    "E38 in a global policy it works": (
        [everywhere_with(allow(source={"selector": "projectcalico.org/namespace == 'y'"}))], FROM_OTHER, True),
    "E39 as namespaceSelector it is another label": (
        [isolate_with(allow(source={"namespaceSelector": "projectcalico.org/namespace == 'y'"}))], FROM_OTHER, False),
    "E39 which is called name": (
        [isolate_with(allow(source={"namespaceSelector": "projectcalico.org/name == 'y'"}))], FROM_OTHER, True),
    "E48 a pod cannot forge its namespace's labels": (
        [pod("x/a", labels={"pcns.env": "prod"}), isolate_with(allow(source={"namespaceSelector": "env == 'prod'"}))],
        A_TO_B, False),
    "E50 a selector of nothing": ([everywhere_with(allow(source={"selector": "app == 'zz'"}))], FROM_OUTSIDE, False),
    "E51 a notSelector of nothing": ([everywhere_with(allow(source={"notSelector": "app == 'zz'"}))], FROM_OUTSIDE, True),
    "E52 a pod within a set": ([TRUSTED, isolate_with(allow(source={"selector": "kind == 'trusted'"}))], A_TO_B, True),
    "E53 the set has no role": (
        [TRUSTED, isolate_with(allow(source={"selector": "kind == 'trusted'", "notSelector": "role == 'bad'"}))], A_TO_B, True),
    "E54 alone it is about the address": (
        [TRUSTED, everywhere_with(allow(source={"notSelector": "role == 'bad'"}))], A_TO_B, False),
    "E55 a global set from a namespaced policy": (
        [ONLY_EXT, isolate_with(allow(source={"selector": "kind == 'ext'"}))], FROM_OUTSIDE, False),
    "E55 with global()": (
        [ONLY_EXT, isolate_with(allow(source={"selector": "kind == 'ext'", "namespaceSelector": "global()"}))],
        FROM_OUTSIDE, True),
    "E56 an empty podSelector means pods": (
        [netset("x/all", "0.0.0.0/0"), knp("x/p", ingress=[{"from": [{"podSelector": {}}]}])], FROM_OUTSIDE, False),
    "E57 a finished pod": (
        [{**pod("y/d"), "metadata": {"name": "old", "namespace": "x", "labels": {"app": "old"}},
          "status": {"phase": "Succeeded", "podIPs": [{"ip": "203.0.113.9"}]}},
         isolate_with(allow(source={"selector": "app == 'old'"}))], FROM_OUTSIDE, False),
    "E58 a pod on the host network": (
        [pod("y/c", host=True), everywhere_with(allow(source={"selector": "app == 'a'"}))], flow("n2", "x/b"), False),
    "E59 an account of that name anywhere": (
        [pod("y/c", account="sa1"), everywhere_with(allow(source={"serviceAccounts": {"names": ["sa1"]}}))], FROM_OTHER, True),
    "E59 in its namespace only": (
        [pod("y/c", account="sa1"), isolate_with(allow(source={"serviceAccounts": {"names": ["sa1"]}}))], FROM_OTHER, False),
    "E60 empty serviceAccounts": ([isolate_with(allow(source={"serviceAccounts": {}}))], FROM_OUTSIDE, True),
    "E61 nets match pods": ([isolate_with(allow(source={"nets": ["10.0.0.0/8"]}))], A_TO_B, True),
    "E62 nets and selector": (
        [isolate_with(allow(source={"nets": ["10.0.0.0/8"], "selector": "app == 'b'"}))], A_TO_B, False),
    "E63 notNets of the other family": (
        [gnp("p", selector="role == 'bad'", egress=[allow(destination={"notNets": ["10.0.0.0/8"]})], **OUT)],
        SIX, False),
    "E64 nets of one family against both": (
        [gnp("p", selector="role == 'bad'", **OUT, egress=[
            allow(source={"nets": ["10.65.0.1/32", "fd00::/64"]}, destination={"nets": ["10.0.0.2/32"]})])],
        SIX, False),
    "E65 a negated catch-all": ([isolate_with(allow(source={"notNets": ["0.0.0.0/0"]}))], FROM_OUTSIDE, False),
    "E67 a port with a dash is a name": (
        [isolate_with(allow(protocol="TCP", destination={"ports": ["8080-8090"]}))], flow("x/a", "x/b", 8085), False),
    "E67 with a colon a range": (
        [isolate_with(allow(protocol="TCP", destination={"ports": ["8080:8090"]}))], flow("x/a", "x/b", 8085), True),
    "E68 a name is a number of each pod": (
        [isolate_with(allow(protocol="TCP", destination={"ports": ["http"]}))], flow("x/a", "x/b", 80), False),
    "E68 that of this one": (
        [isolate_with(allow(protocol="TCP", destination={"ports": ["http"]}))], flow("x/a", "x/b", 8080), True),
    "E69 the protocol of a name": (
        [isolate_with(allow(protocol="UDP", destination={"ports": ["dns"]}))], flow("x/b", "x/a", 53, "UDP"), False),
    "E70 names, numbers and a selector": (
        [gnp("p", types=["Egress"], selector="app == 'b'", egress=[
            allow(protocol="TCP", destination={"selector": "app == 'd'", "ports": ["http", 4000]})])],
        flow("x/b", "x/a", 80), False),
    "E70 a set that covers a pod names no port": (
        [netset("x/here", "10.65.0.0/24", kind="here"), np("x/p", types=["Egress"], selector="app == 'a'", egress=[
            allow(protocol="TCP", destination={"selector": "kind == 'here'", "ports": ["http"]})])],
        flow("x/a", "x/b", 8080), False),
    "E70 but a number": (
        [netset("x/here", "10.65.0.0/24", kind="here"), np("x/p", types=["Egress"], selector="app == 'a'", egress=[
            allow(protocol="TCP", destination={"selector": "kind == 'here'", "ports": ["http", 8080]})])],
        flow("x/a", "x/b", 8080), True),
    "E71 notPorts wins": (
        [isolate_with(allow(protocol="TCP", destination={"ports": [80, 81], "notPorts": [80]}))], A_TO_B, False),
    "E72 names without protocol": (
        [isolate_with(allow(destination={"ports": ["udp", "http"]}))], flow("x/b", "x/a", 90, "UDP"), True),
    "E74 a name outside": (
        [np("x/p", types=["Egress"], egress=[allow(protocol="TCP", destination={"ports": ["http"]})])], flow("x/a", "out"), False),
    "E75 another code": (
        [isolate_with(allow(protocol="ICMP", notICMP={"type": 8, "code": 3}))], flow("x/a", "x/b", None, "ICMP", icmp=(8, 4)), True),
    "E75 that code": (
        [isolate_with(allow(protocol="ICMP", notICMP={"type": 8, "code": 3}))], flow("x/a", "x/b", None, "ICMP", icmp=(8, 3)), False),
    "E76 type 0 is a type": (
        [isolate_with(allow(protocol="ICMP", icmp={"type": 0}))], PING, False),
    "E77 TCP is not ICMP": ([isolate_with(allow(protocol="TCP"))], PING, False),
    "E77 no protocol is": ([isolate_with(allow())], PING, True),
    "E78 not TCP: UDP": ([isolate_with(allow(notProtocol="TCP"))], flow("x/a", "x/b", 53, "UDP"), True),
    "E78 not TCP: ICMP": ([isolate_with(allow(notProtocol="TCP"))], PING, True),
    "E78 not TCP: TCP": ([isolate_with(allow(notProtocol="TCP"))], A_TO_B, False),
    "E79 to a Service": (
        [*SERVICE, np("x/p", **OUT, egress=[allow(destination={"services": {"name": "s", "namespace": "x"}})])], A_TO_B, True),
    "E79 not to another port": (
        [*SERVICE, np("x/p", **OUT, egress=[allow(destination={"services": {"name": "s", "namespace": "x"}})])],
        flow("x/a", "x/b", 81), False),
    "E80 a Service in a tier": (
        [*SERVICE, tier("t", 1), np("x/p", tier="t", **OUT, egress=[
            allow(destination={"services": {"name": "s", "namespace": "x"}}), PASS]), np("x/q", **OUT)], A_TO_B, True),
    "E80 and everything else": (
        [*SERVICE, tier("t", 1), np("x/p", tier="t", **OUT, egress=[
            allow(destination={"services": {"name": "s", "namespace": "x"}}), PASS]), np("x/q", **OUT)],
        flow("x/a", "x/b", 81), False),
    "E81 a cluster address is gone": (
        [*SERVICE, np("x/p", **OUT, egress=[allow(destination={"nets": ["10.96.0.1/32"]})])],
        flow("x/a", "x/b", asked=("10.96.0.1", 8000)), False),
    "E82 a Service without namespace": (
        [*SERVICE, np("x/p", **OUT, egress=[allow(destination={"services": {"name": "s"}})])], A_TO_B, False),
    "E83 http without a proxy": ([isolate_with(allow(protocol="TCP", http={"methods": ["GET"]}))], A_TO_B, True),
    "E100 a blank port is TCP": ([knp("x/p", ingress=[{"ports": [{}]}])], flow("x/a", "x/b", 53, "UDP"), False),
    "E100 no ports is everything": ([knp("x/p", ingress=[{}])], flow("x/a", "x/b", 53, "UDP"), True),
    "E100 a protocol is all of it": (
        [knp("x/p", ingress=[{"ports": [{"protocol": "UDP"}, {"protocol": "UDP", "port": 1}]}])],
        flow("x/a", "x/b", 53, "UDP"), True),
    "E101 a Deny that cannot be converted": (
        [cnp("q", "Admin", 1, egress=[{"action": "Deny", "to": [{"nodes": {}}]}])], A_TO_B, False),
    "E101 an Accept that cannot": (
        [cnp("q", "Admin", 1, egress=[{"action": "Accept", "to": [{"nodes": {}}]}]), knp("x/p", policyTypes=["Egress"])],
        A_TO_B, False),
    "E102 NotIn matches what has no namespace": (
        [ONLY_EXT, cnp("q", "Admin", 1, ingress=[{"action": "Deny", "from": [
            {"namespaces": {"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["prod"]}]}}]}])],
        FROM_OUTSIDE, False),
    "E104 a pod sends VXLAN": ([gnp("p", egress=[allow()], **OUT)], flow("x/a", "out", 4789, "UDP"), False),
    "E105 a set of everything": (
        [netset("x/all", "0.0.0.0/0", kind="any"), isolate_with(allow(source={"selector": "kind == 'any'"}))],
        FROM_OUTSIDE, True),
    "E106 both directions everywhere": (
        [gnp("p", selector="all()", **BOTH, egress=[allow(protocol="UDP", destination={"ports": [53]})])],
        flow("x/a", "x/b", 53, "UDP"), False),
}  # fmt: skip


@pytest.mark.parametrize("fact", ROWS)
def test_the_reference_knows_the_edge_case(fact: str) -> None:
    """Every row gives its flow the verdict that Calico gives."""
    policies, packet, expected, *version = ROWS[fact]
    added = {(p["kind"], p["metadata"].get("namespace"), p["metadata"]["name"]) for p in policies}
    rest = [m for m in cluster() if (m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]) not in added]
    assert passes([*rest, *policies], packet, *version) is expected


SELECTED: list[tuple[str, dict[str, str], bool]] = [
    # libcalico-go/lib/selector/parser/parser_test.go selectorTests; E40 to E42
    ("a != 'b'", {}, True),
    ("a not in {'b'}", {}, True),
    ("!a == 'a1' && b == 'b1'", {"a": "a1", "b": "b1"}, False),
    ("a in {}", {"a": "b"}, False),
    ("a not in {}", {"a": "b"}, True),
    ("a notin{'b',}", {"a": "b"}, False),
    ("a startswith 'b' || a ends  with \"z\"", {"a": "xz"}, True),
    ("a contains ''", {}, False),
    ("!!has( a )", {"a": ""}, True),
    ("in in {'x'} && has(has) && all == 'y'", {"in": "x", "has": "", "all": "y"}, True),
    ("(a == 'b' || c == 'd') && !has(e)", {"c": "d", "e": ""}, False),
    (" ", {}, True),
]


@pytest.mark.parametrize(("text", "labels", "expected"), SELECTED)
def test_the_reference_reads_selectors(text: str, labels: dict[str, str], expected: bool) -> None:
    """A selector holds of labels where Calico says so."""
    assert selects(text, labels) is expected


@pytest.mark.parametrize(
    "text",
    ["a == 'b'\n", "a = 'b'", "has (a)", "a == b", "a", "(a == 'b'", "a & b", "a == 'b' c == 'd'", "!", "a inx {'b'}"],
)
def test_the_reference_refuses_what_is_no_selector(text: str) -> None:
    """E43: a text that Calico's parser refuses is refused."""
    with pytest.raises(ValueError, match=r"missing|cannot|operator"):
        parse(text)


def test_a_stored_policy_and_one_of_the_api_differ_only_in_their_types() -> None:
    """The group of a policy tells how missing types are filled in."""
    for api, expected in ((V3, True), (STORED, False)):
        assert passes([*cluster(), np("x/p", api=api, ingress=[allow()])], flow("x/a", "out")) is expected
