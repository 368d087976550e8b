"""How flows are read from JSON and from the command line: one row per fact."""

from __future__ import annotations

from dataclasses import replace

import pytest

from npverify.analyses.ends import resolve_end
from npverify.analyses.flows import Query, make_traffic, read_flow
from npverify.ingest.source import InputError
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL, Backend, EndpointKind, Service, ServicePort, WorkloadRef
from npverify.normal.flow import Flow, Request, Via
from smallworld import node, pod, world

WEB = pod("web", many=True)
DB = pod("db", ip="10.1.0.7 fd00::7", node="n1")
DB2 = pod("db", ns="data")
SIX = pod("six", ip="fd00::6")
FOUR = pod("four", ip="10.1.0.4")
S0, S1 = (pod(f"set-{n}", of=WorkloadRef("StatefulSet", "shop", "set")) for n in (0, 1))
TWICE, ALSO = (pod("twice", of=WorkloadRef(kind, "shop", "twice"), many=True) for kind in ("Deployment", "DaemonSet"))
AGENT = pod("agent", kind=EndpointKind.HOST_POD, ip="192.168.0.1", node="n1")
N1, N2 = node("n1", ip="192.168.0.1"), node("n2", ip="192.168.0.2")
VIP = Address.parse("10.96.0.9")
SQL = ServicePort("sql", "TCP", 80, 5432)
FRONT = Service("shop", "front", "ClusterIP", (SQL,), {0: (Backend(DB, 5432),)}, (VIP,), True)
HEADLESS = Service("shop", "less", "ClusterIP", (SQL,), {0: (Backend(DB, 5432),)}, headless=True)
NOBODY = Service("shop", "nobody", "ClusterIP", (SQL,), {})
NAME = Service("shop", "name", "ExternalName", (), {}, problem="it is a DNS name")
IT = world(
    WEB, DB, DB2, SIX, FOUR, S0, S1, TWICE, ALSO, AGENT, N1, N2, services=[FRONT, HEADLESS, NOBODY, NAME], families=(4, 6)
).inventory  # fmt: skip

IP4, IP6 = Address.parse("10.1.0.7"), Address.parse("fd00::7")
OUTSIDE = Address.parse("203.0.113.9")
W, D = {"workload": "shop/web"}, {"pod": "shop/db"}


def test_a_virtual_address_is_asked_about_by_its_service() -> None:
    """Policies judge what a Service translates to, so its address alone is refused with the way to ask."""
    with pytest.raises(InputError, match="virtual address of Service shop/front"):
        resolve_end("10.96.0.9", IT)


READ = [
    ("a workload and a pod", {"src": W, "dst": D, "port": 80}, Flow(WEB, DB, "TCP", 80, None, IP4)),
    ("a kind", {"src": {**W, "kind": "Deployment"}, "dst": D, "port": 80}, Flow(WEB, DB, "TCP", 80, None, IP4)),
    ("a kind in any case", {"src": {**W, "kind": "deployment"}, "dst": D, "port": 80}, Flow(WEB, DB, "TCP", 80, None, IP4)),
    ("another protocol", {"src": W, "dst": D, "protocol": "UDP", "port": 53}, Flow(WEB, DB, "UDP", 53, None, IP4)),
    ("a protocol in any case", {"src": W, "dst": D, "protocol": "sctp", "port": 1}, Flow(WEB, DB, "SCTP", 1, None, IP4)),
    ("a source port is kept", {"src": W, "dst": D, "port": 80, "src_port": 1024}, Flow(WEB, DB, "TCP", 80, None, IP4, src_port=1024)),
    ("a protocol by its number", {"src": W, "dst": D, "protocol": 50}, Flow(WEB, DB, "50", None, None, IP4)),
    ("the number of a protocol that has a name", {"src": W, "dst": D, "protocol": "17", "port": 53}, Flow(WEB, DB, "UDP", 53, None, IP4)),
    ("ICMPv6 is the ICMP of IPv6", {"src": {"pod": "shop/six"}, "dst": D, "protocol": "icmpv6"}, Flow(SIX, DB, "ICMP", None, SIX.addresses[0], IP6, (128, 0))),
    ("null is missing", {"src": W, "dst": D, "port": 80, "protocol": None, "icmp": None, "http": None}, Flow(WEB, DB, "TCP", 80, None, IP4)),
    ("a request", {"src": W, "dst": D, "port": 80, "http": {"method": "GET", "path": "/a?b"}}, Flow(WEB, DB, "TCP", 80, None, IP4, http=Request("GET", "/a?b"))),
    ("a request to a host", {"src": W, "dst": D, "port": 80, "http": {"method": "GET", "path": "/", "host": "a"}}, Flow(WEB, DB, "TCP", 80, None, IP4, http=Request("GET", "/", "a"))),
    ("a request with headers", {"src": W, "dst": D, "port": 80, "http": {"method": "GET", "path": "/", "headers": {"X-A": "b c", "X-B": ""}}}, Flow(WEB, DB, "TCP", 80, None, IP4, http=Request("GET", "/", "", (("X-A", "b c"), ("X-B", ""))))),
    ("a request without headers", {"src": W, "dst": D, "port": 80, "http": {"method": "GET", "path": "/", "headers": {}}}, Flow(WEB, DB, "TCP", 80, None, IP4, http=Request("GET", "/", "", ()))),
    ("a host that is null", {"src": W, "dst": D, "port": 80, "http": {"method": "GET", "path": "/", "host": None}}, Flow(WEB, DB, "TCP", 80, None, IP4, http=Request("GET", "/"))),
    ("an outside address", {"src": {"ip": "203.0.113.9"}, "dst": D, "port": 80}, Flow(EXTERNAL, DB, "TCP", 80, OUTSIDE, IP4)),
    ("an address of a pod is the pod", {"src": W, "dst": {"ip": "fd00::7"}, "port": 80}, Flow(WEB, DB, "TCP", 80, None, IP6)),
    ("an address of a node is the node", {"src": W, "dst": {"ip": "192.168.0.1"}, "port": 80}, Flow(WEB, N1, "TCP", 80, None, N1.addresses[0])),
    ("the family that both have", {"src": {"pod": "shop/six"}, "dst": D, "port": 80}, Flow(SIX, DB, "TCP", 80, SIX.addresses[0], IP6)),
    ("ICMP by its type", {"src": W, "dst": D, "icmp": {"type": 3, "code": 1}}, Flow(WEB, DB, "ICMP", None, None, IP4, (3, 1))),
    ("ICMP is a ping", {"src": W, "dst": D, "protocol": "ICMP"}, Flow(WEB, DB, "ICMP", None, None, IP4, (8, 0))),
    ("ICMP over IPv6 is a ping", {"src": {"pod": "shop/six"}, "dst": D, "protocol": "ICMP"}, Flow(SIX, DB, "ICMP", None, SIX.addresses[0], IP6, (128, 0))),
    ("a pod to itself", {"src": D, "dst": D, "port": 80}, Flow(DB, DB, "TCP", 80, IP4, IP4, same=True)),
    ("a workload to itself is two replicas", {"src": W, "dst": W, "port": 80}, Flow(WEB, WEB, "TCP", 80)),
    ("the pod's own node", {"src": {"node": "n1"}, "dst": D, "port": 80}, Flow(N1, DB, "TCP", 80, N1.addresses[0], IP4, own_node=True)),
    ("a pod on the host network of the own node", {"src": {"pod": "shop/agent"}, "dst": D, "port": 80}, Flow(AGENT, DB, "TCP", 80, N1.addresses[0], IP4, own_node=True)),
    ("another node", {"src": {"node": "n2"}, "dst": D, "port": 80}, Flow(N2, DB, "TCP", 80, N2.addresses[0], IP4)),
    ("a service leads to its backend", {"src": W, "dst": {"service": "shop/front"}, "port": 80}, Flow(WEB, DB, "TCP", 5432, None, IP4, via=Via("shop", "front", VIP, 80))),
    ("a service that leads back", {"src": D, "dst": {"service": "shop/front"}, "port": 80}, Flow(DB, DB, "TCP", 5432, IP4, IP4, same=True, via=Via("shop", "front", VIP, 80))),
    ("a headless service rewrites nothing", {"src": W, "dst": {"service": "shop/less"}, "port": 80}, Flow(WEB, DB, "TCP", 80, None, IP4)),
]  # fmt: skip


@pytest.mark.parametrize(("value", "flow"), [r[1:] for r in READ], ids=[r[0] for r in READ])
def test_a_flow_from_json(value: object, flow: Flow) -> None:
    """The line means this flow, and no other but over IPv6."""
    found = read_flow(value, IT)
    assert replace(found, otherwise=()) == Query(((flow,),), all_destinations="service" in value["dst"])


HEADERS_FORM = '`headers` of `http` must be a map of names to texts, such as {"X-Token": "abc"}'
HTTP_FORM = '`http` must be a map {"method": …, "path": …}, perhaps with "host" and "headers"'
BAD = [
    ("not a map", [1], "a flow is a map, this is a list"),
    ("an unknown field", {"src": W, "dst": D, "prot": "TCP", "port": 80}, "unknown field `prot`"),
    ("no source", {"dst": D, "port": 80}, "`src` is missing"),
    ("no port", {"src": W, "dst": D}, "`port` is missing"),
    ("port 0", {"src": W, "dst": D, "port": 0}, "`port` 0 is no port"),
    ("a port that is too large", {"src": W, "dst": D, "port": 65536}, "`port` 65536 is no port"),
    ("a port as text", {"src": W, "dst": D, "port": "80"}, "`port` is text, not a whole number"),
    ("a port that is true", {"src": W, "dst": D, "port": True}, "`port` is a boolean, not a whole number"),
    ("a bad source port", {"src": W, "dst": D, "port": 1, "src_port": -1}, "`src_port` -1 is no port"),
    ("an unknown protocol", {"src": W, "dst": D, "port": 1, "protocol": "QUIC"}, "`protocol` is `QUIC`"),
    ("a port with ICMP", {"src": W, "dst": D, "port": 1, "protocol": "ICMP"}, "ICMP has no `port`"),
    ("an ICMP type with TCP", {"src": W, "dst": D, "port": 1, "protocol": "TCP", "icmp": {"type": 8}}, "`icmp` does not go with TCP"),
    ("an ICMP type beyond a byte", {"src": W, "dst": D, "icmp": {"type": 256}}, "`type` of `icmp` is not a whole number from 0 to 255"),
    ("a request without path", {"src": W, "dst": D, "port": 80, "http": {"method": "GET"}}, HTTP_FORM),
    ("a request as text", {"src": W, "dst": D, "port": 80, "http": "GET /"}, HTTP_FORM),
    ("a request with more", {"src": W, "dst": D, "port": 80, "http": {"method": "GET", "path": "/", "body": "x"}}, HTTP_FORM),
    ("a path that is relative", {"src": W, "dst": D, "port": 80, "http": {"method": "GET", "path": "a"}}, "the path `a` of `http` does not begin with `/`"),
    ("a path with a blank", {"src": W, "dst": D, "port": 80, "http": {"method": "GET", "path": "/a b"}}, "`path` of `http` is not a text without blanks"),
    ("a method that is empty", {"src": W, "dst": D, "port": 80, "http": {"method": "", "path": "/"}}, "`method` of `http` is not a text without blanks"),
    ("a host that is a number", {"src": W, "dst": D, "port": 80, "http": {"method": "GET", "path": "/", "host": 1}}, "`host` of `http` is not a text without blanks"),
    ("headers that are a list", {"src": W, "dst": D, "port": 80, "http": {"method": "GET", "path": "/", "headers": ["X-A"]}}, HEADERS_FORM),
    ("a header that is a number", {"src": W, "dst": D, "port": 80, "http": {"method": "GET", "path": "/", "headers": {"X-A": 1}}}, HEADERS_FORM),
    ("a request over UDP", {"src": W, "dst": D, "protocol": "UDP", "port": 80, "http": {"method": "GET", "path": "/"}}, "`http` does not go with UDP"),
    ("two ends in one", {"src": {**W, **D}, "dst": D, "port": 80}, "`src` must name one thing, with one field"),
    ("no end at all", {"src": {}, "dst": D, "port": 80}, "`src` must name one thing, with one field"),
    ("a kind without a workload", {"src": {**D, "kind": "Pod"}, "dst": D, "port": 80}, "`src` must name one thing, with one field"),
    ("an end as text", {"src": "shop/web", "dst": D, "port": 80}, "`src` is text, not a map"),
    ("a name that is no text", {"src": {"pod": 7}, "dst": D, "port": 80}, "`pod` of `src` is a number, not text"),
    ("a service as the source", {"src": {"service": "shop/front"}, "dst": D, "port": 80}, "`src` has a field `service` that means nothing there"),
    ("no namespace", {"src": {"pod": "db"}, "dst": D, "port": 80}, "`db` is not the full name of a pod"),
    ("a pod that is not there", {"src": {"pod": "shop/bd"}, "dst": D, "port": 80}, "there is no pod `shop/bd`"),
    ("a pod that is a workload", {"src": {"pod": "shop/web"}, "dst": D, "port": 80}, "there is no pod `shop/web`, but a Deployment of that name"),
    ("a workload of another kind", {"src": {**W, "kind": "Job"}, "dst": D, "port": 80}, "there is no Job `shop/web`, but a Deployment of that name"),
    ("a name that two workloads have", {"src": {"workload": "shop/twice"}, "dst": D, "port": 80}, "`shop/twice` is the name of several workloads: DaemonSet, Deployment"),
    ("a node that is not there", {"src": {"node": "n3"}, "dst": D, "port": 80}, "there is no node `n3`"),
    ("an address that is none", {"src": {"ip": "10.0.0.0/8"}, "dst": D, "port": 80}, "`10.0.0.0/8` is not an IP address"),
    ("no common family", {"src": {"pod": "shop/six"}, "dst": {"pod": "shop/four"}, "port": 80}, "`shop/six` and `shop/four` have no addresses of one family"),
    ("no such port of a service", {"src": W, "dst": {"service": "shop/front"}, "port": 5432}, "`service shop/front` has no TCP port 5432"),
    ("a service without backends", {"src": W, "dst": {"service": "shop/nobody"}, "port": 80}, "`service shop/nobody` has no backend for port 80: no pod is behind it"),
    ("a service that is a name only", {"src": W, "dst": {"service": "shop/name"}, "port": 80}, "`service shop/name` cannot be a destination: it is a DNS name"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "message"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_a_flow_that_cannot_be_read(value: object, message: str) -> None:
    """There is one message for the one thing that is wrong."""
    with pytest.raises(InputError) as error:
        read_flow(value, IT)
    assert [d.message for d in error.value.diagnostics] == [message]


def test_everything_that_is_wrong_with_a_flow_is_told() -> None:
    """One run shows all problems of a line."""
    with pytest.raises(InputError) as error:
        read_flow({"src": {"pod": "shop/bd"}, "port": 0, "x": 1}, IT)
    assert len(error.value.diagnostics) == 4


def test_a_near_miss_is_suggested() -> None:
    """The fix names what the user probably meant."""
    with pytest.raises(InputError) as error:
        read_flow({"src": {"workload": "shop/wbe"}, "dst": D, "port": 80}, IT)
    assert error.value.diagnostics[0].fix == "did you mean `shop/web`?"


TEXTS = [
    ("a workload", "shop/web", (WEB,)),
    ("a pod", "shop/db", (DB,)),
    ("a kind in front", "deployment/shop/web", (WEB,)),
    ("a kind settles two of a name", "daemonset/shop/twice", (ALSO,)),
    ("a pod by kind", "pod/shop/set-1", (S1,)),
    ("a pod of a workload", "shop/set-1", (S1,)),
    ("every pod of a workload", "shop/set", (S0, S1)),
    ("a bare name", "web", (WEB,)),
    ("a node", "node/n2", (N2,)),
    ("an address of a pod", "10.1.0.7", (DB,)),
    ("an IPv6 address", "fd00::7", (DB,)),
    ("an IPv6 address in brackets", "[fd00::7]", (DB,)),
    ("an outside address", "203.0.113.9", (EXTERNAL,)),
]


@pytest.mark.parametrize(("text", "members"), [t[1:] for t in TEXTS], ids=[t[0] for t in TEXTS])
def test_an_end_from_the_command_line(text: str, members: tuple) -> None:
    """The words name these endpoints."""
    assert resolve_end(text, IT).members == members


@pytest.mark.parametrize("text", ["service/shop/front", "shop/front", "front"])
def test_a_service_from_the_command_line(text: str) -> None:
    """A Service is found by its kind, and by name where no workload has that name."""
    assert resolve_end(text, IT).service is FRONT


UNCLEAR = [
    ("a name in two namespaces", "db", "`db` may be several things: pod/data/db, pod/shop/db"),
    ("two workloads of a name", "shop/twice", "`shop/twice` may be several things: daemonset/shop/twice, deployment/shop/twice"),
    ("an unknown name", "shop/nothing", "no pod or workload has the name `shop/nothing`"),
    ("too many parts", "a/b/c/d", "`a/b/c/d` names no endpoint"),
    ("a block is no end of one flow", "10.0.0.0/8", "`10.0.0.0/8` is not an IP address"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), [u[1:] for u in UNCLEAR], ids=[u[0] for u in UNCLEAR])
def test_an_end_that_is_not_clear(text: str, message: str) -> None:
    """Where the words do not name one thing, the message lists what they may mean."""
    with pytest.raises(InputError) as error:
        resolve_end(text, IT)
    assert [d.message for d in error.value.diagnostics] == [message]


def test_traffic_from_the_command_line() -> None:
    """Options are checked as the fields of a line are."""
    assert make_traffic("udp", 53).protocol == "UDP"
    with pytest.raises(InputError):
        make_traffic("TCP", None)
