"""The command that shows a counterexample in the cluster."""

import pytest
from report_worlds import DB, LONE, WEB

from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind
from npverify.normal.flow import Flow, Request, Via
from npverify.report.reproduce import reproduce

OUTSIDE = Address.parse("203.0.113.7")
INSIDE = Address.parse("10.1.0.7")
NODE = Endpoint(EndpointKind.NODE, name="n1")
WEB_POD = "$(kubectl -n shop get pod -l app=web,team=front -o name | head -n 1)"
DEBUG = "debug -it {} --image=busybox:1.36 --"


@pytest.mark.parametrize(
    ("flow", "command"),
    [
        pytest.param(
            Flow(LONE, DB, "TCP", 5432, None, INSIDE),
            "kubectl -n shop debug -it tool --image=busybox:1.36 -- nc -vz -w 3 10.1.0.7 5432",
            id="from a named pod to a known address",
        ),
        pytest.param(
            Flow(WEB, DB, "TCP", 5432, None, INSIDE),
            f"kubectl -n shop debug -it {WEB_POD} --image=busybox:1.36 -- nc -vz -w 3 10.1.0.7 5432",
            id="from a workload: its first pod",
        ),
        pytest.param(
            Flow(LONE, WEB, "TCP", 80),
            "kubectl -n shop debug -it tool --image=busybox:1.36 -- nc -vz -w 3 "
            "$(kubectl -n shop get pod -l app=web,team=front -o jsonpath='{.items[0].status.podIP}') 80",
            id="to a workload: the address is looked up",
        ),
        pytest.param(
            Flow(WEB, WEB, "TCP", 80),
            f"kubectl -n shop debug -it {WEB_POD} --image=busybox:1.36 -- nc -vz -w 3 "
            "$(kubectl -n shop get pod -l app=web,team=front -o jsonpath='{.items[1].status.podIP}') 80",
            id="between replicas: the second is the target",
        ),
        pytest.param(
            Flow(DB, LONE, "TCP", 80, None, Address.parse("fd00::9")),
            "kubectl -n shop debug -it db-0 --image=busybox:1.36 -- nc -vz -w 3 "
            "$(kubectl -n shop get pod tool -o jsonpath='{.status.podIPs[1].ip}') 80",
            id="an IPv6 flow to a pod of unknown address",
        ),
        pytest.param(
            Flow(DB, EXTERNAL, "UDP", 53, None, OUTSIDE),
            "kubectl -n shop debug -it db-0 --image=busybox:1.36 -- nc -u -w 3 203.0.113.7 53"
            "  # UDP: watch for the packet at the receiver",
            id="UDP to an outside address",
        ),
        pytest.param(
            Flow(EXTERNAL, DB, "TCP", 5432, OUTSIDE, INSIDE),
            "nc -vz -w 3 10.1.0.7 5432  # from 203.0.113.7",
            id="from outside",
        ),
        pytest.param(
            Flow(NODE, DB, "TCP", 5432, None, INSIDE),
            "kubectl debug node/n1 -it --image=busybox:1.36 -- nc -vz -w 3 10.1.0.7 5432",
            id="from a node",
        ),
        pytest.param(
            Flow(LONE, DB, "TCP", 5432, None, INSIDE, via=Via("shop", "db", None, 15432)),
            "kubectl -n shop debug -it tool --image=busybox:1.36 -- nc -vz -w 3 db.shop.svc 15432",
            id="through a Service: its name and port",
        ),
        pytest.param(
            Flow(LONE, DB, "ICMP", None, None, INSIDE, icmp=(8, 0)),
            "kubectl -n shop debug -it tool --image=busybox:1.36 -- ping -c 1 -W 3 10.1.0.7",
            id="an echo request is a ping",
        ),
        pytest.param(
            Flow(LONE, DB, "ICMP", None, None, INSIDE, icmp=(13, 0)),
            "kubectl -n shop debug -it tool --image=busybox:1.36 -- ping -c 1 -W 3 10.1.0.7"
            "  # ping sends an echo request, not this type",
            id="another ICMP type is said to differ",
        ),
        pytest.param(
            Flow(LONE, EXTERNAL, "SCTP", 36412, None, Address.parse("2001:db8::1")),
            "kubectl -n shop debug -it tool --image=AGNHOST -- "
            "/agnhost connect [2001:db8::1]:36412 --protocol=sctp --timeout=3s"
            "  # AGNHOST: the image of kubernetes/kubernetes test/images/agnhost",
            id="SCTP has a tool of its own",
        ),
        pytest.param(
            Flow(LONE, DB, "TCP", 5432, None, INSIDE, src_port=20),
            "kubectl -n shop debug -it tool --image=busybox:1.36 -- nc -vz -w 3 -p 20 10.1.0.7 5432",
            id="from a port",
        ),
        pytest.param(
            Flow(LONE, DB, "SCTP", 5432, None, INSIDE, src_port=20),
            "kubectl -n shop debug -it tool --image=AGNHOST -- "
            "/agnhost connect 10.1.0.7:5432 --protocol=sctp --timeout=3s"
            "  # it must come from port 20; AGNHOST: the image of kubernetes/kubernetes test/images/agnhost",
            id="SCTP from a port",
        ),
        pytest.param(
            Flow(LONE, DB, "253", None, None, INSIDE),
            "kubectl -n shop debug -it tool --image=busybox:1.36 -- SEND 10.1.0.7"
            "  # SEND: a program that sends IP protocol 253; watch for the packet at the receiver",
            id="a protocol that no usual tool sends",
        ),
        pytest.param(
            Flow(
                LONE,
                DB,
                "TCP",
                8080,
                None,
                INSIDE,
                http=Request("PUT", "/a/../b?c=1&d", "shop", (("X-A", "it's"), ("X-B", ""))),
            ),
            "kubectl -n shop debug -it tool --image=curlimages/curl:8.11.0 -- curl -i -m 3 --path-as-is -X PUT -H 'Host: shop' "
            """-H 'X-A: it'"'"'s' -H 'X-B;' "http://10.1.0.7:8080"'/a/../b?c=1&d'""",
            id="a request as it is, with its host and headers",
        ),
        pytest.param(
            Flow(LONE, EXTERNAL, "TCP", 80, None, Address.parse("2001:db8::1"), http=Request("HEAD", "/")),
            'kubectl -n shop debug -it tool --image=curlimages/curl:8.11.0 -- curl -i -m 3 --path-as-is -I "http://[2001:db8::1]:80"/',
            id="of an answer without a body nobody waits for one",
        ),
    ],
)
def test_the_command_sends_the_flow(flow, command):
    """The command names source, target, protocol and port of the flow."""
    assert reproduce(flow) == command
